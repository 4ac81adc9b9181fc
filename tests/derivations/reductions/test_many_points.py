"""Formulas and Newton's method on arrays: the numbers that sympy and numpy's own linear algebra give."""

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from rxncompile.derivations.reductions.many_points import Equations, Turns, Values
from rxncompile.expressions import symbol

x, y, a = (symbol(s) for s in "xya")
FORMULAS = (
    x**2 - 3 * y / x, sp.exp(-x) * sp.log(1 + y), sp.sqrt(x) + y ** sp.Rational(-3, 2),
    sp.Min(x, y, 1) + sp.Max(x, 2 * y),
    sp.Piecewise((x, x < y), (sp.tanh(y), (x > 2) & (y > 0)), (sp.sin(x), True)), sp.Abs(x - y) + sp.floor(3 * x),
)  # fmt: skip
positive = st.floats(0.1, 5.0)


@given(positive, positive)
def test_values_are_sympys(one: float, other: float) -> None:
    at = Values({x: np.array([one, 1.0]), y: np.array([other, 2.0])})
    for formula in FORMULAS:
        exact = formula.xreplace({x: sp.Rational(one), y: sp.Rational(other)})
        assert float(np.asarray(at(formula))[0]) == pytest.approx(float(exact.evalf(17)), rel=1e-12, abs=1e-12)


def test_what_has_no_value() -> None:
    with pytest.raises(KeyError):
        Values({})(x)
    with pytest.raises(ValueError, match="has no value"):
        Values({x: np.ones(2)})(sp.gamma(x))
    assert np.isnan(Values({x: np.array([-1.0])})(sp.log(x))).all()


@given(st.lists(st.floats(-3.0, 3.0), min_size=12, max_size=12))
def test_a_move_solves_the_linear_equations(numbers: list[float]) -> None:
    """Newton's move of linear equations, with pivots, at two points at once: to the residual that it should leave."""
    matrix, right = np.reshape(numbers[:9], (3, 3)) + 4.0 * np.fliplr(np.eye(3)), np.array(numbers[9:])
    u = sp.symbols("u:3", real=True)
    residuals = [sp.Add(*(sp.Rational(c) * s for c, s in zip(row, u, strict=True))) - sp.Rational(r) * a
                 for row, r in zip(matrix, right, strict=True)]  # fmt: skip
    start = np.array([[0.0, 0.0, 0.0], [1.0, -2.0, 3.0]])
    if np.linalg.cond(matrix) < 1e6:
        moved = start + Equations.of(u, residuals).move({a: np.array([1.0, 2.0])}, start, pivots=True)
        np.testing.assert_allclose(moved @ matrix.T, np.outer([1.0, 2.0], right), atol=1e-8)


def test_turns_leave_positive_what_is_positive() -> None:
    at, move = np.array([[1.0, 2.0], [1.0, 2.0], [1.0, 0.0]]), np.array([[-5.0, 1.0], [0.5, 1.0], [3.0, 0.0]])
    after = Turns().after(at, move, Equations.of((x, y), (x, y)), {})
    np.testing.assert_allclose(after, [[0.1, 2.18], [1.5, 3.0], [2.0, 0.0]])
