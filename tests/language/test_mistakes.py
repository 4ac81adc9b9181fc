"""What is said about each mistake, and where; that one mistake gives one message, and all of a text's are told."""

import pytest
from mistakes_table import HEAD, MISTAKES

from rxncompile.errors import RxnError
from rxncompile.language import check, parse
from rxncompile.language.mistakes import MISTAKES as ROWS

WARNINGS = {"R219", "R220", "R221", "R222", "R223"}


@pytest.mark.parametrize("row", MISTAKES, ids=lambda row: repr(row[0])[:60])
def test_every_mistake_is_named_in_its_place(row: tuple[str, str, int, int, str, str, str]) -> None:
    text, code, line, column, covered, message, hint = row
    found = check(HEAD + text + "\n")
    assert len(found) == 1, "\n".join(map(str, found))
    (one,) = found
    assert one.span is not None
    assert (one.code, one.span.line, one.span.column, one.span.text) == (code, line, column, covered)
    assert (one.message, one.hint) == (message, hint)
    assert one.severity == ("warning" if code in WARNINGS else "error")


def test_the_table_is_long_and_its_texts_differ() -> None:
    assert len({row[0] for row in MISTAKES}) == len(MISTAKES) >= 450
    assert len({row[1] for row in MISTAKES}) >= 55


def test_mistakes_do_not_hide_or_breed_others() -> None:
    """All unreadable lines of the table in one text: each is told as it is alone, and nothing else is."""
    alone = [row for row in MISTAKES if row[1].startswith("R0") and row[1] != "R020" and "\n" not in row[0]]
    text = HEAD + "\n".join(row[0] for row in alone[:90]) + "\n"
    told = [(d.code, d.span.line - 2) for d in check(text) if d.span]
    assert told == [(row[1], i + 1) for i, row in enumerate(alone[:90])]


@pytest.mark.parametrize("row", ROWS, ids=lambda m: m.example)
def test_the_table_explains_its_own_examples(row: object) -> None:
    (found,) = check("species A, B, C\nparam k2 = 1\n" + row.example)  # type: ignore[attr-defined]
    assert found.code == row.code  # type: ignore[attr-defined]


def test_all_mistakes_are_reported_together() -> None:
    text = (
        "model Bad\nspecies A, B\nparam k = (1\nA => B @ k\nA -> B @ birth\n"
        "for i in 0..2 {\n  A -> B\n  A -> C @ 2\n}\nspecies A\nA -> B @ 2*A\n"
    )
    found = check(text)
    assert [(d.code, d.span.line) for d in found if d.span] == [
        ("R001", 3), ("R002", 4), ("R101", 5), ("R005", 7), ("R101", 8), ("R102", 10),
    ]  # fmt: skip


def test_names_in_unreadable_lines_are_not_called_unknown() -> None:
    found = check("species A\nparam k = = 3\nA -> 0 @ k\n")
    assert [d.code for d in found] == ["R001"]


def test_an_unknown_name_gets_the_nearest_one_with_its_place() -> None:
    (found,) = check("param birth = 1\nspecies X\nX -> 2 X @ brith\n")
    assert found.hint == "did you mean 'birth'? (declared at 1:7)"
    assert str(found) == (
        "<text>:3:12: error R101: unknown name 'brith'\n"
        "  3 | X -> 2 X @ brith\n"
        "    |            ^^^^^\n"
        "  hint: did you mean 'birth'? (declared at 1:7)"
    )


def test_many_mistakes_end() -> None:
    assert 50 < len(check("species A\n" + "A => A @ 1\n" * 5000)) < 300
    many = "".join(f"A -> B{i} @ 1\n" for i in range(5000))
    assert 50 < len(check("species A\n" + many)) < 300


def test_a_warning_does_not_refuse_the_model() -> None:
    text = "species A = 1, B\nparam k = 1\nA -> B rate k - A\n"
    assert len(parse(text).reactions) == 1
    assert [d.code for d in check(text)] == ["R219"]
    with pytest.raises(RxnError) as refused:
        parse(text + "A -> B @ kk\n")
    assert [d.code for d in refused.value.diagnostics] == ["R101"]


@pytest.mark.parametrize(
    "law",
    ["k*A", "max(0, k - A)", "k*(A - 2)^2", "exp(-A)", "abs(k - A)", "hill(A, k, 2)", "k/(1 + A)", "y", "k*(3 - 2)"],
)
def test_laws_that_cannot_be_negative_are_not_suspected(law: str) -> None:
    assert check(f"species A = 1, B\nparam k = 1\nlet y = 2*k*A\nA -> B rate {law}\n") == ()


@pytest.mark.parametrize(
    "species",
    ["D : count = 3", "D = 2.5", "D : count = 2.5 {round}", "D : count = 2.5 {continuous}", "D : conc = 2.5",
     "D ~ Poisson(0)", "D ~ Normal(0, 0)", "D ~ Binomial(3, x)"],
)  # fmt: skip
def test_starts_that_can_be_counted_or_need_not_are_not_suspected(species: str) -> None:
    assert check(f"const x = 1/2\nspecies {species}\n") == ()
    assert check("species D : count = 2.5\nD' = -D\n") == ()


def test_net_rates_and_integrated_reactions_may_be_negative() -> None:
    assert check("species A = 1, B\nA <-> B rate A - B\nA -> B rate A - B {continuous}\n") == ()


def test_the_state_that_shows_a_negative_law_has_its_reactants() -> None:
    """At A = 0 the law is negative, but the reaction cannot fire there."""
    assert check("species A = 4, B\n2 A -> B rate A - 2\n") == ()
    (found,) = check("species A = 4, B\n2 A -> B rate A - 3\n")
    assert found.message == "the law A - 3 of 'r1' can be negative: -1 at A = 2"
