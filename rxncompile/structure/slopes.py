"""Formulas as numbers together with their slopes, by the chain rule (forward mode); no derivative is written out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import sympy as sp

Slopes = dict[sp.Symbol, float]
Value = tuple[float, Slopes]


class Slope:
    """Evaluates formulas at one point: `values` maps symbols to formulas, `states` to numbers that may vary."""

    def __init__(self, values: Mapping[sp.Symbol, sp.Expr], states: Mapping[sp.Symbol, float]) -> None:
        self._values = values
        self._known: dict[sp.Basic, Value] = {s: (x, {s: 1.0}) for s, x in states.items()}

    def __call__(self, expr: sp.Expr) -> Value:
        """The value of a formula and its slope in each state it depends on.

        Raises ValueError, ZeroDivisionError or OverflowError where it has none, KeyError for an unknown name.
        """
        found = self._known.get(expr)
        if found is None:
            found = self._known[expr] = self._computed(expr)
        return found

    def _computed(self, expr: Any) -> Value:
        if expr.is_Symbol:
            return self(self._values[expr])
        if expr.is_number:
            return float(expr), {}
        if expr.is_Add:
            parts = [self(a) for a in expr.args]
            return sum(v for v, _ in parts), _combined([(1.0, d) for _, d in parts])
        if expr.is_Mul:
            value, slopes = 1.0, Slopes()
            for factor, d in map(self, expr.args):
                value, slopes = value * factor, _combined([(factor, slopes), (value, d)])
            return value, slopes
        if expr.is_Pow:
            return self._power(expr.base, expr.exp)
        if isinstance(expr, sp.Piecewise):
            return next(self(branch) for branch, condition in expr.args if self._holds(condition))
        if isinstance(expr, sp.Min | sp.Max):
            choose = min if isinstance(expr, sp.Min) else max
            return choose((self(a) for a in expr.args), key=lambda pair: pair[0])
        if isinstance(expr, sp.floor | sp.ceiling | sp.sign):
            value, _ = self(expr.args[0])
            return float(expr.func(sp.Rational(value))), {}
        value, slopes = self(expr.args[0])
        if isinstance(expr, sp.Abs):
            return abs(value), _combined([(math.copysign(1.0, value), slopes)])
        function, derivative = _elementary(expr.func)
        return float(function(value)), _combined([(float(derivative(value)), slopes)]) if slopes else {}

    def _power(self, base: sp.Expr, exponent: sp.Expr) -> Value:
        (b, db), (e, de) = self(base), self(exponent)
        value = math.pow(b, e)
        parts = [(e * math.pow(b, e - 1.0) if e else 0.0, db)] if db else []
        if de:
            parts.append((value * math.log(b) if b else 0.0, de))
        return value, _combined(parts)

    def _holds(self, condition: sp.Basic) -> bool:
        if condition in (sp.true, sp.false):
            return bool(condition)
        point = {s: sp.Rational(self(s)[0]) for s in condition.free_symbols}
        return bool(condition.xreplace(point))


def _combined(parts: list[tuple[float, Slopes]]) -> Slopes:
    total: Slopes = {}
    for factor, slopes in parts:
        for name, slope in slopes.items():
            total[name] = total.get(name, 0.0) + factor * slope
    return total


@cache
def _elementary(function: Callable[[sp.Expr], sp.Expr]) -> tuple[Callable[[float], float], Callable[[float], float]]:
    """A function of one argument and its derivative, as functions of a float."""
    x = sp.Dummy(real=True)
    derivative = function(x).diff(x)
    known = {sp.exp: math.exp, sp.log: math.log, sp.sin: math.sin, sp.cos: math.cos, sp.tan: math.tan,
             sp.tanh: math.tanh}  # fmt: skip

    def value_of(formula: sp.Expr) -> Callable[[float], float]:
        return lambda at: float(formula.xreplace({x: sp.Rational(at)}).evalf(17))

    return known.get(function) or value_of(function(x)), value_of(derivative)
