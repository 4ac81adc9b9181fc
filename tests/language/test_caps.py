"""Every cap of the language is met before anything is expanded: within a second, named, and with its place."""

import time

import pytest

from rxncompile.language import check

DOUBLING = "".join(f"func f{i}(x) = f{i - 1}(x) + f{i - 1}(x)\n" for i in range(1, 16))
CAPS = (
    ("species A\n" + "A = = 1\n" * 150, "R401", "100 mistakes", 101),
    ("let y = " + "(" * 200 + "1" + ")" * 200, "R402", "more than 50 deep", 1),
    ("let y = 10^10^10", "R403", "4,000 digits", 1),
    ("species A[0..99999, 0..99999]", "R404", "200,000 statements and names", 1),
    ("for i in 0..99999 { for j in 0..99999 { 0 -> 0 @ 1 } }", "R404", "200,000", 1),
    ("func f0(x) = x\n" + DOUBLING + "let y = f15(2)", "R405", "10,000 calls", 17),
    ("species A\n1e9 A -> 0 @ 1", "R406", "at most 1,000", 2),
    ("lattice l { shape = box(2000, 2000, 2000) }", "R407", "1,000,000,000", 1),
)


@pytest.mark.parametrize(("text", "code", "said", "line"), CAPS, ids=[f"{c[1]}-{i}" for i, c in enumerate(CAPS)])
def test_a_cap_is_met_before_expansion(text: str, code: str, said: str, line: int) -> None:
    begin = time.process_time()
    found = [d for d in check(text + "\n") if d.code == code]
    assert time.process_time() - begin < 5.0  # expanded, the smallest of these takes minutes
    assert found and said in found[0].message
    assert found[0].span is not None
    if code != "R405":
        assert found[0].span.line == line
