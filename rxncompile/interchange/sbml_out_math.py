"""Expressions as content MathML, in the part of it that SBML allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

import sympy as sp

from ..errors import RxnError
from ..expressions import TIME, exact, text, to_float

MATHML = "http://www.w3.org/1998/Math/MathML"
_PURE = ' sbml:units="dimensionless"'
_INTEGER = 2**31  # SBML readers hold no larger integer
_TIME = '<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/time"> time </csymbol>'
_FUNCTIONS: dict[type, str] = {
    sp.exp: "exp", sp.log: "ln", sp.Abs: "abs", sp.floor: "floor", sp.ceiling: "ceiling", sp.sin: "sin",
    sp.cos: "cos", sp.tan: "tan", sp.tanh: "tanh", sp.Min: "min", sp.Max: "max", sp.And: "and", sp.Or: "or",
    sp.Not: "not", sp.Eq: "eq", sp.Ne: "neq", sp.Lt: "lt", sp.Le: "leq", sp.Gt: "gt", sp.Ge: "geq",
}  # fmt: skip


def math_element(expr: sp.Basic, ids: Mapping[sp.Symbol, str], units: bool = False, factor: str = "") -> str:
    """`<math>` with one formula, `ids` giving the identifiers of symbols. Raises R283 for what MathML cannot say.

    With `units`, numbers that multiply are said to be dimensionless; the prefix `sbml` has to be known then.
    `factor`: the unit of the number in front of the whole formula.
    """
    content = _content(expr, ids)
    if factor:
        content = _apply("times", [f'<cn sbml:units="{factor}" type="integer"> 1 </cn>', content])
    return f'<math xmlns="{MATHML}">{content if units else content.replace(_PURE, "")}</math>'


def is_double(value: sp.Expr) -> bool:
    """Whether a number is exactly what the shortest text of its double says."""
    return bool(value.is_Rational and abs(value) < sp.Integer(10) ** 300 and exact(to_float(value)) == value)


def decimal(value: sp.Expr) -> str:
    """A number as the shortest text of its double."""
    number = to_float(value)
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def _content(expr: Any, ids: Mapping[sp.Symbol, str]) -> str:
    if expr.is_Symbol:
        return _TIME if expr == TIME else f"<ci> {escape(ids[expr])} </ci>"
    if expr.is_Rational:
        return _number(expr)
    if expr.is_Add:
        return _apply("plus", [_content(x, ids) for x in expr.args])
    if expr.is_Mul:
        return _product(expr, ids)
    if expr is sp.E:
        return "<exponentiale/>"
    if expr.is_Pow and not isinstance(expr, sp.exp):
        return _power(expr, ids)
    if isinstance(expr, sp.Piecewise):
        return _piecewise(expr, ids)
    if expr == sp.true or expr == sp.false:
        return "<true/>" if expr == sp.true else "<false/>"
    name = next((name for kind, name in _FUNCTIONS.items() if isinstance(expr, kind)), None)
    if name is not None:
        return _apply(name, [_content(x, ids) for x in expr.args])
    raise RxnError("R283", f"SBML has no formula for {text(expr)}")


def _apply(name: str, parts: list[str]) -> str:
    return f"<apply><{name}/>{''.join(parts)}</apply>"


def _number(value: sp.Rational) -> str:
    if value.is_Integer and abs(value) < _INTEGER:
        return f'<cn type="integer"> {value} </cn>'
    if is_double(value):
        mantissa, _, exponent = repr(to_float(value)).partition("e")
        written = f' type="e-notation"> {mantissa} <sep/> {int(exponent)} ' if exponent else f"> {mantissa} "
        return f"<cn{written}</cn>"
    p, q = value.p, value.q
    if abs(p) < _INTEGER and q < _INTEGER:
        return f'<cn type="rational"> {p} <sep/> {q} </cn>'
    if q != 1 and is_double(sp.Integer(p)) and is_double(sp.Integer(q)):
        return _apply("divide", [_number(sp.Integer(p)), _number(sp.Integer(q))])
    return _number(exact(to_float(value)))


def _pure(value: sp.Rational) -> str:
    """A number that multiplies."""
    return _number(value).replace("<cn", f"<cn{_PURE}")


def _product(expr: sp.Expr, ids: Mapping[sp.Symbol, str]) -> str:
    above: list[str] = []
    below: list[str] = []
    minus = False
    for factor in expr.args:
        if factor.is_Rational:
            minus = factor < 0
            if factor.q < 10**6 and abs(factor.p) < _INTEGER:
                above += [_pure(sp.Integer(abs(factor.p)))] if abs(factor.p) != 1 else []
                below += [_pure(sp.Integer(factor.q))] if factor.q != 1 else []
            else:
                above.append(_pure(abs(factor)))
        elif factor.is_Pow and factor.exp.is_Rational and factor.exp < 0 and not isinstance(factor, sp.exp):
            below.append(_content(factor.base ** (-factor.exp), ids))
        else:
            above.append(_content(factor, ids))
    body = above[0] if len(above) == 1 else _apply("times", above) if above else _pure(sp.S.One)
    if below:
        body = _apply("divide", [body, below[0] if len(below) == 1 else _apply("times", below)])
    return _apply("minus", [body]) if minus else body


def _power(expr: sp.Expr, ids: Mapping[sp.Symbol, str]) -> str:
    if expr.exp == sp.Rational(1, 2):
        return _apply("root", [_content(expr.base, ids)])
    if expr.exp == -1:
        return _apply("divide", [_pure(sp.S.One), _content(expr.base, ids)])
    exponent = _pure(expr.exp) if expr.exp.is_Rational else _content(expr.exp, ids)
    return _apply("power", [_content(expr.base, ids), exponent])


def _piecewise(expr: sp.Expr, ids: Mapping[sp.Symbol, str]) -> str:
    pieces = []
    for value, condition in expr.args:
        if condition == sp.true:
            pieces.append(f"<otherwise>{_content(value, ids)}</otherwise>")
        else:
            pieces.append(f"<piece>{_content(value, ids)}{_content(condition, ids)}</piece>")
    return f"<piecewise>{''.join(pieces)}</piecewise>"
