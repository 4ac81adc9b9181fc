"""The editor grammar: up to date, and giving the words of every model the scopes they should have."""

import json
import re
import sys
from pathlib import Path

import pytest

from rxncompile.expressions import KEYWORDS

ROOT = Path(__file__).parents[2]
FILE = ROOT / "grammars" / "rxn.tmLanguage.json"


def rules() -> list[tuple[str, re.Pattern[str]]]:
    return [(p["name"], re.compile(p["match"])) for p in json.loads(FILE.read_text())["patterns"]]


def scopes(line: str) -> list[tuple[str, str]]:
    """(text, scope) along a line, as an editor goes: the first match, by the earlier rule where two begin alike."""
    found, place, every = [], 0, rules()
    while place < len(line):
        hits = [(m.start(), k) for k, (_, rule) in enumerate(every) if (m := rule.search(line, place)) and m[0]]
        if not hits:
            break
        name, rule = every[min(hits)[1]]
        match = rule.search(line, place)
        assert match is not None
        found.append((match[0].strip(), name.removesuffix(".rxn")))
        place = match.end()
    return found


def test_the_file_is_what_its_writer_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "grammars"))
    sys.modules.pop("textmate", None)
    import textmate

    assert FILE.read_text() == textmate.text(), "run: python grammars/textmate.py"


def test_a_line_of_each_kind() -> None:
    assert scopes("bind: 2 A + B' <-> C @ 1.5e-3*k, exp(x)  # fast")[:4] == [
        ("bind", "entity.name.function.label"), (":", "keyword.operator"), ("2", "constant.numeric"),
        ("A", "variable.other"),
    ]  # fmt: skip
    assert ("<->", "keyword.operator.arrow") in scopes("A <-> B @ k, q")
    assert ("# 'quoted' species", "comment.line.number-sign") in scopes("A -> B @ 1 # 'quoted' species")
    assert scopes("for i in 0..3 {")[:5] == [
        ("for", "keyword.control"), ("i", "variable.other"), ("in", "keyword.control"), ("0", "constant.numeric"),
        ("..", "keyword.operator"),
    ]  # fmt: skip
    assert ("fast", "storage.modifier") in scopes("species A = 1 {fast}")
    assert ("hill", "support.function") in scopes("A -> B rate hill(A, 2, 3)")
    assert ("'a name'", "variable.other.quoted") in scopes("species 'a name' = 3")
    assert ('"other.rxn"', "string.quoted.double") in scopes('import "other.rxn"')


@pytest.mark.parametrize("path", sorted((ROOT / "models").glob("*.rxn")), ids=lambda p: p.stem)
def test_every_word_of_every_model(path: Path) -> None:
    """Keywords are keywords, comments comments and numbers numbers, by a reading of the text of our own."""
    for line in path.read_text().splitlines():
        found = scopes(line)
        body, mark, _ = line.partition("#")
        if mark and "'" not in body and '"' not in body:
            assert found[-1] == (line[len(body) :].strip(), "comment.line.number-sign")
        for word, scope in found:
            if scope.startswith(("comment", "string", "variable.other.quoted", "entity")):
                continue
            assert (word in KEYWORDS) == (scope == "keyword.control"), (line, word, scope)
            if re.fullmatch(r"[0-9.]+([eE][+-]?[0-9]+)?", word) and word != "..":
                assert scope == "constant.numeric", (line, word, scope)
