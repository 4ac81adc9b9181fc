"""Sentences and numbers in them."""

import numpy as np
import pytest

from rxncompile.judging.verdict import Fault, Off, Verdict, in_percent


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (0.0, "0.01 %"), (2e-5, "0.01 %"), (0.00123, "0.13 %"), (0.0871, "8.8 %"), (0.1, "10 %"), (0.101, "11 %"),
        (1.0, "100 %"), (8.66, "870 %"), (12.0, "12 times"), (4321.0, "4,300 times"),
        (1e9, "more than a million times"),
    ],
)  # fmt: skip
def test_percent(error: float, said: str) -> None:
    """Rounded up, so that `within` is true."""
    assert in_percent(error) == said


def verdict(**more: object) -> Verdict:
    t = np.linspace(0.0, 10.0, 11)
    given = {"means": Off(0.02, "<A>", 3.0, None), "covariances": Off(0.5, "<A^2>_c", 9.0, 4.0)} | more
    return Verdict("gaussian", None, t, np.zeros((11, 1)), np.zeros((11, 1, 1)), np.zeros((11, 2)), **given)


def test_sentences() -> None:
    assert verdict(covariances=Off(0.08, "<A^2>_c", 9.0, None)).sentence == (
        "gaussian is within 2 % for means and 8 % for covariances.")  # fmt: skip
    assert verdict().sentence == (
        "gaussian is within 2 % for means throughout; within 10 % for covariances until t = 4, then off by up to 50 % "
        "(<A^2>_c at t = 9).")  # fmt: skip
    assert verdict(covariances=Off(0.5, "<A^2>_c", 9.0, 0.0)).sentence.endswith(
        "; off from the start for covariances, by up to 50 % (<A^2>_c at t = 9).")  # fmt: skip
    assert verdict(ended=5.0, why="too steep").sentence.startswith("gaussian is within 2 % for means until t = 5; ")
    assert verdict(ended=5.0, why="too steep").sentence.endswith("; it breaks down at t = 5 (too steep).")
    assert verdict(means=None, covariances=None, ended=0.0, why="no").sentence == "gaussian cannot begin: no."
    assert verdict(same="zero").sentence == "gaussian gives the same numbers as zero."


def test_faults() -> None:
    assert str(Fault("<A> is negative", 1.0, 2.0, -3.0, 1.5)) == (
        "<A> is negative from t = 1 to 2, at worst -3 at t = 1.5")  # fmt: skip
    assert str(Fault("<A> is negative", 1.0, None, -3.0, 1.5, whole=False)) == (
        "<A> is negative from t = 1 on, on and off, at worst -3 at t = 1.5")  # fmt: skip
    assert str(Fault("x", 1.0, None, float("nan"), 1.5)) == "x from t = 1 on"
