"""The table of mistakes: what is said about each, and where. A row is text, code, line, column, a part of the words."""

import pytest

from rxncompile.language import check
from rxncompile.language.mistakes import MISTAKES

GOOD = "species A = 1, B, C\nparam k = 1, x = 2\n"

SYNTAX = [
    ("A => B @ k", "R002", 3, "'=>' is not an arrow"),
    ("A --> B @ k", "R002", 3, "'-->' is not an arrow"),
    ("A → B @ k", "R002", 3, "'→' is not an arrow"),
    ("k, A --> B", "R003", 2, "stands behind the reaction"),
    ("(k, x), A <--> B", "R003", 1, "stands behind the reaction"),
    ("A -> B; k*A", "R004", 7, "not ';'"),
    ("A -> B", "R005", 7, "no rate"),
    ("r: A + 2 B -> C {fast}", "R005", 17, "no rate"),
    ("A -> B k", "R005", 8, "a rate follows '@' or 'rate'"),
    ("A -> B : k", "R005", 8, "not ':'"),
    ("A -> B @", "R006", 9, "the rate is missing"),
    ("-2 A -> B @ k", "R007", 1, "cannot be negative"),
    ("A -> -B @ k", "R007", 6, "cannot be negative"),
    ("2*A -> B @ k", "R007", 2, "without '*'"),
    ("A, B -> C @ k", "R007", 2, "joined by '+'"),
    ("// a remark", "R008", 1, "begins with '#'"),
    ("% a remark", "R008", 1, "begins with '#'"),
    ("x := 2*A", "R009", 3, "':='"),
    ("when A > 1 && B > 1 : A = 0", "R009", 12, "'&&'"),
    ("y = 3", "R010", 3, "does not say what y is"),
    ("param y", "R011", 8, "a value is missing"),
    ("param y : 1/s, z = 2", "R011", 14, "a value is missing"),
    ("species D E", "R012", 11, "a comma is missing between 'D' and 'E'"),
    ("when A = 3 : A = 0", "R013", 8, "'=='"),
    ("when 0 < A < 3 : A = 0", "R014", 12, "cannot be chained"),
    ("for i = 0..3 { }", "R015", 7, "'for i in ...'"),
    ("for i in 0:3 { }", "R015", 11, "'first..last'"),
    ("import other.rxn", "R016", 8, "double quotes"),
    ("A(b) + B(a) -> A(b!1).B(a!1) @ k", "R017", 3, "patterns"),
    ("param y = \"a\"", "R018", 11, "double quotes"),
    ("'D -> B @ k", "R019", 1, "never closed"),
    ("species D {\"a remark}", "R019", 12, "never closed"),
    ("species $D = 3", "R027", 9, "'$'"),
    ("when !A : A = 0", "R027", 6, "'!'"),
    ("param µ = 3", "R027", 7, "'µ'"),
    ("}", "R020", 1, "no block is open"),
    ("for i in 0..3 {\n  A -> B @ k", "R020", 15, "never closed"),
    ("species rate", "R021", 9, "a word of the language"),
    ("A -> B rate k A", "R022", 15, "an operator is missing between 'k' and 'A'"),
    ("param y = 2 (x + 1)", "R022", 13, "an operator is missing"),
    ("let y = (x + 1", "R001", 9, "'(' is never closed"),
    ("let y = x + 1)", "R001", 14, "closes nothing"),
    ("let y = x +", "R001", 12, "ends too early"),
    ("nonsense", "R033", 9, "'nonsense' alone is no statement"),
]  # fmt: skip

MEANING = [
    ("2E1 -> B @ k", "R210", 1, "read as one number, 20"),
    ("2 -> B @ k", "R210", 1, "a species is missing"),
    ("0 + A -> B @ k", "R210", 1, "stands alone"),
    ("1.5 A -> B @ k", "R211", 1, "no whole number"),
    ("A -> 0 B @ k", "R211", 6, "no whole number"),
    ("A -> B @ k, k", "R212", 8, "two rates for one direction"),
    ("A <-> B @ k", "R212", 9, "needs two rate constants"),
    ("A -> B @ kk", "R101", 10, "unknown name 'kk'"),
    ("A -> D @ k", "R101", 6, "unknown species 'D'"),
    ("A -> k @ k", "R104", 6, "'k' is a param; a species is needed"),
    ("let y = foo(x)", "R101", 9, "unknown function 'foo'"),
    ("let y = x(3)", "R202", 9, "'x' is no function"),
    ("let y = exp + 1", "R202", 9, "its arguments are missing"),
    ("species A", "R102", 9, "declared twice"),
    ("species t", "R103", 9, "is the time"),
    ("param exp = 3", "R103", 7, "a function known to every model"),
    ("for x in 0..1 { A -> B @ k }", "R105", 5, "'x' is declared already"),
    ("species D[0..x]", "R106", 14, "no whole number"),
    ("let y = A[*]", "R107", 11, "not one index"),
    ("let y = z\nlet z = y", "R110", 5, "lead back to themselves"),
    ("param y = z, z = y", "R110", 7, "y -> z -> y"),
    ("func f(u) = g(u)\nfunc g(u) = f(u)", "R111", 13, "in a circle"),
    ("A -> B @ k*A", "R214", 1, "depends on its reactant 'A'"),
    ("let y = 2*A\nA -> B @ y", "R214", 1, "(through 'y')"),
    ("let y = A > 2", "R201", 9, "a condition stands where a number is needed"),
    ("when A : A = 2", "R205", 6, "a number stands where a condition is needed"),
    ("const c = k", "R203", 11, "cannot depend on 'k', which is a param"),
    ("param y = A", "R203", 11, "cannot depend on 'A', which is a species"),
    ("species D = B", "R203", 13, "cannot depend on 'B'"),
    ("species D = t", "R203", 13, "cannot depend on the time"),
    ("let y = hill(A, 2)", "R204", 9, "hill takes 3 arguments, here are 2"),
    ("let y = piecewise(1, A > 2)", "R204", 9, "a value for all other cases"),
    ("let y = 1/(2 - 2)", "R206", 12, "division by zero"),
    ("let y = sqrt(-2)", "R206", 9, "root of a negative number"),
    ("let y = log(0)", "R206", 9, "no real value"),
    ("species D {fsat}", "R207", 12, "unknown attribute 'fsat'"),
    ("species D {molecular}", "R208", 12, "belongs to a reaction"),
    ("param y = 3 ~ Norml(0, 1)", "R209", 13, "unknown distribution 'Norml'"),
    ("param y = 3 in [4, 2]", "R213", 7, "the wrong order"),
    ("param y = 3 in [4, 5]", "R213", 7, "outside its bounds"),
    ("A -> B @ k\nconserve both: A + 2*B", "R217", 1, "reaction 'r1' changes it by 1 (3:1)"),
    ("A' = 3\nconserve both: A + B", "R217", 1, "the term of A'"),
    ("at 3 : A = 0\nconserve both: A + B", "R217", 1, "an event assigns 'A'"),
    ("conserve both: A*B", "R217", 1, "no linear sum"),
    ("param y : 1/z = 3", "R302", 13, "unknown unit 'z'"),
    ("species D : kg", "R304", 9, "neither an amount nor a concentration"),
    ("species D : uM", "R305", 9, "lies in no compartment"),
    ("compartment c = 1\nspecies D : uM in c", "R305", 9, "compartment 'c' has no unit"),
    ("compartment c : um^2 = 1\nspecies D : uM in c", "R306", 9, "is not a concentration in 'c'"),
    ("compartment c = 1, d = 1\nspecies D in c, E in d\nD + E -> 0 @ k", "R301", 1, "several compartments"),
    ("units time = m", "R307", 14, "no unit of time"),
    ("let y = 9^9^9", "R403", 9, "4,000 digits"),
    ("let y = 1e9999999", "R403", 9, "the exponent"),
    ("for i in 0..9999999 { A -> B @ k }", "R404", 5, "10,000,000 rounds"),
    ("let y = " + 60 * "(" + "x" + 60 * ")", "R402", 59, "nested more than 50 deep"),
    ("diffuse A @ k", "R216", 1, "on which lattice?"),
    ("lattice l { shape = cube(3) }", "R216", 21, "a shape is"),
    ("A(0) + B -> C(0) + 0(1) @ k", "R215", 1, "a position is missing"),
    ("import \"x.rxn\"", "R409", 1, "cannot import"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "column", "words"), SYNTAX + MEANING, ids=repr)
def test_every_mistake_is_named_in_its_place(text: str, code: str, column: int, words: str) -> None:
    found = check(GOOD + text + "\n")
    assert [d.code for d in found] == [code], "\n".join(map(str, found))
    first = found[0]
    assert words in first.message
    assert first.span is not None
    assert first.span.column == column
    broken = next(i for i, line in enumerate((GOOD + text).split("\n")) if i + 1 == first.span.line)
    assert broken >= 2


@pytest.mark.parametrize("row", MISTAKES, ids=lambda m: m.example)
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
