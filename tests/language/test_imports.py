"""Files: imports and their limits, the kept tables of the grammar, what a stranger's file can do."""

import re
from pathlib import Path

import pytest

from rxncompile.errors import RxnError
from rxncompile.expressions import KEYWORDS
from rxncompile.language import check, grammar, load, parse


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / f"{name}.rxn"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / "main.rxn"


def test_imports(tmp_path: Path) -> None:
    main = write(
        tmp_path,
        main='model M\nimport "sub/part.rxn"\nimport "sub/part.rxn" as left\nimport "sub/part.rxn"\nA -> left_A @ k',
        **{
            "sub/part": 'model Part {powers}\nimport "deep.rxn"\nspecies A = n\nA -> 0 @ k',
            "sub/deep": "const n = 4\nparam k = 2",
        },
    )
    net = load(main)
    assert net.name == "M"
    assert [s.name for s in net.species] == ["A", "left_A"]
    assert [p.name for p in net.parameters] == ["k", "left_k"]
    assert [r.name for r in net.reactions] == ["r1", "r2", "r3"]
    assert [bool(r.flags) for r in net.reactions] == [True, True, False]


@pytest.mark.parametrize("path", ["../secret.rxn", "/etc/hostname", "sub/../../secret.rxn", "link.rxn", "a\\\\b.rxn"])
def test_no_import_from_above(tmp_path: Path, path: str) -> None:
    (tmp_path / "secret.rxn").write_text("param secret = 3")
    main = write(tmp_path / "model", main=f'import "{path}"')
    (tmp_path / "model" / "link.rxn").symlink_to(tmp_path / "secret.rxn")
    with pytest.raises(RxnError) as caught:
        load(main)
    assert caught.value.code == "R409"


def test_import_circles_and_gaps_are_named(tmp_path: Path) -> None:
    main = write(tmp_path, main='import "a.rxn"\nimport "none.rxn"', a='import "b.rxn"', b='import "a.rxn"')
    with pytest.raises(RxnError) as caught:
        load(main)
    told = [(d.code, d.message) for d in caught.value.diagnostics]
    assert ("R410", "files that import each other in a circle: a.rxn -> b.rxn -> a.rxn") in told
    assert ("R408", "'none.rxn' does not exist") in told


def test_mistakes_in_imports_are_shown_there(tmp_path: Path) -> None:
    main = write(tmp_path, main='import "a.rxn"\nA -> 0 @ k', a="species A\nA => 0 @ 1")
    with pytest.raises(RxnError) as caught:
        load(main)
    assert {(d.code, Path(d.span.source.name).name) for d in caught.value.diagnostics if d.span} == {
        ("R002", "a.rxn"),
        ("R101", "main.rxn"),
    }


def test_files_that_are_no_models(tmp_path: Path) -> None:
    (tmp_path / "x.rxn").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "x.rxn", tmp_path / "none.rxn", tmp_path):
        with pytest.raises(RxnError) as caught:
            load(path)
        assert caught.value.code == "R408"


def test_the_first_byte_that_is_not_text_is_shown(tmp_path: Path) -> None:
    (tmp_path / "x.rxn").write_bytes("species Å\nspecies B\xff".encode("latin-1").replace(b"\xc5", "Å".encode()))
    with pytest.raises(RxnError) as caught:
        load(tmp_path / "x.rxn")
    assert caught.value.span is not None
    assert (caught.value.span.line, caught.value.span.column) == (2, 10)


def test_a_model_is_named_by_its_line_or_its_file(tmp_path: Path) -> None:
    assert load(write(tmp_path, main="species A")).name == "main"
    assert parse("species A").name == "untitled"
    assert parse("model 'two words'\nspecies A").name == "two words"


def test_tables_are_kept_and_survive_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for damage in (None, "", "[1, 2]", '[{"parser": {}}, {}]'):
        grammar.machine.cache_clear()
        try:
            if damage is not None:
                (kept,) = (tmp_path / "rxncompile").iterdir()
                kept.write_text(damage)
            assert len(parse("species A\nA -> 0 @ 1").reactions) == 1
            grammar.machine.cache_clear()
            assert len(parse("species A\nA -> 0 @ 1").reactions) == 1
        finally:
            grammar.machine.cache_clear()
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")
    assert len(parse("species A\nA -> 0 @ 1").reactions) == 1
    grammar.machine.cache_clear()


def test_the_words_of_the_grammar_are_the_reserved_ones() -> None:
    assert set(re.findall(r'^[A-Z]+: "([a-z]+)"$', grammar.grammar_text(), re.MULTILINE)) == KEYWORDS


HOSTILE = {
    "deep": "let z = " + "(" * 100_000,
    "unary": "let z = " + "-" * 100_000 + "1",
    "tower": "let z = " + "9^" * 49 + "9",
    "digits": "let z = " + "9" * 100_000,
    "product": "let z = " + "*".join(["1e300"] * 10_000),
    "sum": "let z = " + " + ".join(["x"] * 20_000),
    "fractions": "let z = " + " + ".join(f"1/{n}" for n in range(1, 5000)),
    "exponentials": "let z = floor(exp(exp(exp(exp(100)))))",
    "blocks": "for i in 0..1 {\n" * 100_000,
    "loops": "for i in 0..9 {\n" * 40 + "x -> 0 @ 1\n" + "}\n" * 40,
    "long loops": "for " + ", ".join(f"i{n} in 0..0" for n in range(5000)) + " { x -> 0 @ 1 }",
    "ranges": "species S[" + ",".join(["0..99"] * 50) + "]",
    "functions": "func f0(u) = u + u^2\n" + "".join(f"func f{n + 1}(u) = f{n}(f{n}(u))\n" for n in range(60)),
    "twice": "func f0(u) = 1\n" + "".join(f"func f{n + 1}(u) = f{n}(u) - f{n}(u)\n" for n in range(30)),
    "lets": "".join(f"let y{n} = y{n + 1}^2\n" for n in range(3000)) + "let y3000 = x",
    "circle": "".join(f"let y{n} = y{(n + 1) % 3000}^2\n" for n in range(3000)),
    "powers of sums": "let z = tanh((x + time)^9999) + abs((x + 1)^1000000)\nconserve q: (x + 1)^10000",
    "quotes": "'" * 100_000,
    "semicolons": ";" * 300_000,
    "mistakes": "x => => 1\n" * 20_000,
    "zero": "\0" * 1000,
    "unknown": "".join(f"x -> name{n} @ 1\n" for n in range(3000)),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_end_soon(name: str) -> None:
    """Either a Network or RxnError, within seconds; the test run's own limit stops anything else."""
    for found in check("species x\n" + HOSTILE[name]):
        assert found.span is not None
        assert found.code.startswith(("R0", "R1", "R2", "R4"))
