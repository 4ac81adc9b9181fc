"""Expressions: what sympy alone does not give in the form that is needed."""

import sympy as sp

from rxncompile.expressions import derivative, symbol


def test_the_derivative_of_a_named_power_has_a_value_at_zero() -> None:
    p, n = symbol("p"), symbol("n")
    found = derivative(1 / (1 + p**n), p)
    assert found.xreplace({p: sp.S.Zero, n: sp.Integer(2)}) == 0
    assert found.xreplace({p: sp.Integer(3), n: sp.Integer(2)}) == sp.Rational(-6, 100)
