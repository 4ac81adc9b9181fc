"""Formulas of other tools, made one operation at a time, so that no foreign text can keep sympy busy.

Every function takes finished expressions and returns one. Numbers stay exact where that is small work (sums,
products, short powers, `log(2)`) and become the nearest double where it is not. What has no value, or none that a
double holds, raises `Refused`, which the reader turns into an error at a place of its text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import sympy as sp
from sympy.logic.boolalg import Boolean

from ..expressions import exact, to_float

BITS = 4096  # of a numerator or denominator
EXPONENT = 1000
_PLAIN_LOG = 1 << 64
TWO = sp.Integer(2)


class Refused(Exception):  # noqa: N818  (the reader makes the error, which has a place)
    """An operation that has no value here: what is wrong with it, in words."""


def number(value: float) -> sp.Expr:
    """A double as an exact number."""
    if not math.isfinite(value):
        raise Refused(f"{value} is not a finite number")
    return exact(value)


def _folded(expr: sp.Expr) -> sp.Rational:
    """A number as a rational one, by its nearest double if need be."""
    return expr if expr.is_Rational else number(to_float(expr))


def _held(expr: sp.Expr) -> sp.Expr:
    """The expression, if it is one and its numbers are short."""
    if expr.is_Symbol:
        return expr
    factor = expr if expr.is_Number else expr.args[0] if expr.is_Mul and expr.args[0].is_Number else None
    if factor is not None:
        if not factor.is_Rational:
            raise Refused("it divides by zero" if factor is sp.zoo or factor is sp.nan else "it is not finite")
        if factor.p.bit_length() > BITS or factor.q.bit_length() > BITS:
            short = _folded(number(to_float(factor)))
            expr = short if factor is expr else sp.Mul(short, *expr.args[1:])
    if expr.is_number and expr.is_real is False:
        raise Refused("it is not a real number")
    return expr


def is_truth(expr: sp.Basic) -> bool:
    """Whether an expression is true or false (symbols, which sympy takes for either, are numbers here)."""
    return isinstance(expr, Boolean) and not expr.is_Symbol


def as_number(expr: sp.Basic) -> sp.Expr:
    """A truth value read as 1 or 0, anything else as it is."""
    if expr == sp.true:
        return sp.S.One
    if expr == sp.false:
        return sp.S.Zero
    return sp.Piecewise((1, expr), (0, True)) if is_truth(expr) else expr


def as_truth(expr: sp.Basic) -> Boolean:
    """A number read as true where it is not zero, a truth value as it is."""
    return expr if is_truth(expr) else compare("!=", expr, sp.S.Zero)


# ---------------------------------------------------------------------------------------------- the four operations


def add(terms: Sequence[sp.Basic]) -> sp.Expr:
    """The sum of the terms."""
    return _held(sp.Add(*map(as_number, terms)))


def multiply(factors: Sequence[sp.Basic]) -> sp.Expr:
    """The product of the factors."""
    return _held(sp.Mul(*map(as_number, factors)))


def negative(expr: sp.Basic) -> sp.Expr:
    """`-x`."""
    return sp.Mul(sp.S.NegativeOne, as_number(expr))


def subtract(left: sp.Basic, right: sp.Basic) -> sp.Expr:
    """`left - right`."""
    return add([left, negative(right)])


def divide(above: sp.Basic, below: sp.Basic) -> sp.Expr:
    """`above / below`."""
    return multiply([above, power(below, sp.S.NegativeOne)])


def power(base: sp.Basic, exponent: sp.Basic) -> sp.Expr:
    """`base ^ exponent`. An exponent that is a number may not exceed EXPONENT in size."""
    b, e = as_number(base), as_number(exponent)
    if e.is_Rational and abs(e) > EXPONENT:
        raise Refused(f"the exponent {to_float(e):.6g} is out of range")
    if b == 0 and e.is_number and (not e.is_Rational or e < 0):
        raise Refused("it divides by zero")
    if e == -1 and b.is_number and not b.is_Rational:
        _folded(b)
        if to_float(b) == 0:
            raise Refused("it divides by zero")
    elif b.is_number and e.is_number:
        if not (b.is_Rational and e.is_Integer) or (b.p.bit_length() + b.q.bit_length()) * abs(int(e)) > 4 * BITS:
            b, e = _folded(b), _folded(e)
            if e.is_Integer or not _nice_root(b, e):
                try:
                    return number(math.pow(to_float(b), to_float(e)))
                except (ValueError, OverflowError):
                    raise Refused(f"{to_float(b):.6g} ^ {to_float(e):.6g} has no finite real value") from None
    elif b.is_number and b.is_Rational is False:
        b = _folded(b)
    return _held(sp.Pow(b, e))


def _nice_root(base: sp.Rational, exponent: sp.Rational) -> bool:
    """Whether a root is worth keeping as one: `sqrt(2)`."""
    return bool(base > 0 and base.p < _PLAIN_LOG and base.q < _PLAIN_LOG and exponent.q in (2, 3) and abs(exponent) < 4)


# ---------------------------------------------------------------------------------------------- truth


def compare(relation: str, left: sp.Basic, right: sp.Basic) -> Boolean:
    """`left relation right`, the relation one of == != < <= > >=."""
    kinds: dict[str, Callable[..., Boolean]] = {
        "==": sp.Eq, "!=": sp.Ne, "<": sp.Lt, "<=": sp.Le, ">": sp.Gt, ">=": sp.Ge,
    }  # fmt: skip
    if is_truth(left) and is_truth(right) and relation in ("==", "!="):
        unequal = sp.Xor(left, right)
        return unequal if relation == "!=" else sp.Not(unequal)
    a, b = as_number(left), as_number(right)
    if a.is_number and b.is_number:
        a, b = _folded(a), _folded(b)
    return kinds[relation](a, b)


def both(parts: Sequence[sp.Basic]) -> Boolean:
    """True where every part is."""
    return sp.And(*map(as_truth, parts))


def either(parts: Sequence[sp.Basic]) -> Boolean:
    """True where some part is."""
    return sp.Or(*map(as_truth, parts))


def opposite(part: sp.Basic) -> Boolean:
    """True where the part is not."""
    return sp.Not(as_truth(part))


def odd(parts: Sequence[sp.Basic]) -> Boolean:
    """True where an odd number of the parts is."""
    found: Boolean = sp.false
    for part in map(as_truth, parts):
        found = sp.Or(sp.And(found, sp.Not(part)), sp.And(sp.Not(found), part))
    return found


def choose(pieces: Sequence[tuple[sp.Basic, sp.Basic]], otherwise: sp.Basic | None) -> sp.Basic:
    """The value of the first piece whose condition holds.

    Without `otherwise` a formula has no value where no condition holds, so the last condition need not be asked.
    """
    every = [(value, as_truth(condition)) for value, condition in pieces]
    every = [*every[:-1], (every[-1][0], sp.true)] if otherwise is None else [*every, (otherwise, sp.true)]
    if all(is_truth(value) for value, _ in every):
        result: Boolean = sp.false
        for value, condition in reversed(every):
            result = sp.Or(sp.And(condition, value), sp.And(sp.Not(condition), result))
        return result
    return sp.Piecewise(*((as_number(value), condition) for value, condition in every))


# ---------------------------------------------------------------------------------------------- functions


def _float_of(name: str, x: sp.Rational) -> sp.Expr:
    try:
        return number(float(getattr(math, name)(to_float(x))))
    except (ValueError, OverflowError):
        raise Refused(f"{name}({to_float(x):.6g}) has no finite real value") from None


def exponential(x: sp.Basic) -> sp.Expr:
    """`exp(x)`."""
    x = as_number(x)
    if x.is_number and not (x.is_Rational and abs(x) <= 700):
        return _float_of("exp", _folded(x))
    return sp.exp(x)


def logarithm(x: sp.Basic) -> sp.Expr:
    """The natural logarithm."""
    x = as_number(x)
    if x.is_number:
        x = _folded(x)
        if x <= 0:
            raise Refused(f"log({to_float(x):.6g}) has no finite real value")
        if x.p > _PLAIN_LOG or x.q > _PLAIN_LOG or (x.q > 1 and x.p > 1):
            return _float_of("log", x)
    return sp.log(x)


def root(x: sp.Basic, degree: sp.Basic = TWO) -> sp.Expr:
    """The root of a degree, 2 if none is given."""
    return power(x, divide(sp.S.One, degree))


def _rounded(kind: Callable[[sp.Expr], sp.Expr]) -> Callable[[sp.Basic], sp.Expr]:
    def rounded(x: sp.Basic) -> sp.Expr:
        x = as_number(x)
        return kind(_folded(x) if x.is_number else x)

    return rounded


def _circular(name: str, kind: Callable[[sp.Expr], sp.Expr]) -> Callable[[sp.Basic], sp.Expr]:
    def circular(x: sp.Basic) -> sp.Expr:
        x = as_number(x)
        return _float_of(name, _folded(x)) if x.is_number and x != 0 else kind(x)

    return circular


floor = _rounded(sp.floor)
ceiling = _rounded(sp.ceiling)
absolute = _rounded(sp.Abs)
sine = _circular("sin", sp.sin)
cosine = _circular("cos", sp.cos)
tangent = _circular("tan", sp.tan)
hyperbolic_tangent = _circular("tanh", sp.tanh)


def _only_of_numbers(name: str, shown: str) -> Callable[[sp.Basic], sp.Expr]:
    """A function that the model language does not have: its value for a number, else refused."""

    def known(x: sp.Basic) -> sp.Expr:
        x = as_number(x)
        if not x.is_number:
            raise Refused(f"{shown} of something that varies is not a function of the model language")
        return _float_of(name, _folded(x))

    return known


arcsine = _only_of_numbers("asin", "arcsin")
arccosine = _only_of_numbers("acos", "arccos")
arctangent = _only_of_numbers("atan", "arctan")


def factorial(x: sp.Basic) -> sp.Expr:
    """`n!` of a whole number up to 170."""
    x = as_number(x)
    if not (x.is_Integer and 0 <= x <= 170):
        raise Refused("a factorial needs a whole number from 0 to 170")
    return sp.factorial(x)


def smallest(parts: Sequence[sp.Basic]) -> sp.Expr:
    """The least of the parts."""
    return _extreme(sp.Min, parts)


def largest(parts: Sequence[sp.Basic]) -> sp.Expr:
    """The greatest of the parts."""
    return _extreme(sp.Max, parts)


def _extreme(kind: Callable[..., sp.Expr], parts: Sequence[sp.Basic]) -> sp.Expr:
    values = [as_number(p) for p in parts]
    if not values:
        raise Refused("min and max need an argument")
    return kind(*(_folded(v) if v.is_number else v for v in values))


def hyperbolic_sine(x: sp.Basic) -> sp.Expr:
    """`(exp(x) - exp(-x))/2`."""
    return divide(subtract(exponential(x), exponential(negative(x))), TWO)


def hyperbolic_cosine(x: sp.Basic) -> sp.Expr:
    """`(exp(x) + exp(-x))/2`."""
    return divide(add([exponential(x), exponential(negative(x))]), TWO)


def arc_hyperbolic_sine(x: sp.Basic) -> sp.Expr:
    """`log(x + sqrt(x^2 + 1))`."""
    return logarithm(add([x, root(add([power(x, TWO), sp.S.One]))]))


def arc_hyperbolic_cosine(x: sp.Basic) -> sp.Expr:
    """`log(x + sqrt(x^2 - 1))`."""
    return logarithm(add([x, root(subtract(power(x, TWO), sp.S.One))]))


def arc_hyperbolic_tangent(x: sp.Basic) -> sp.Expr:
    """`log((1 + x)/(1 - x))/2`."""
    return divide(logarithm(divide(add([sp.S.One, x]), subtract(sp.S.One, x))), TWO)


def quotient(above: sp.Basic, below: sp.Basic) -> sp.Expr:
    """The whole part of a quotient, towards zero."""
    q = divide(above, below)
    return as_number(choose([(floor(q), compare(">=", q, sp.S.Zero))], ceiling(q)))


def remainder(above: sp.Basic, below: sp.Basic) -> sp.Expr:
    """What the whole quotient leaves."""
    return subtract(above, multiply([below, quotient(above, below)]))


# ---------------------------------------------------------------------------------------------- values put in

_AGAIN: dict[type, Callable[[Sequence[sp.Basic]], sp.Basic]] = {
    sp.Add: add, sp.Mul: multiply, sp.Pow: lambda x: power(x[0], x[1]), sp.exp: lambda x: exponential(x[0]),
    sp.log: lambda x: logarithm(x[0]), sp.Abs: lambda x: absolute(x[0]), sp.floor: lambda x: floor(x[0]),
    sp.ceiling: lambda x: ceiling(x[0]), sp.sin: lambda x: sine(x[0]), sp.cos: lambda x: cosine(x[0]),
    sp.tan: lambda x: tangent(x[0]), sp.tanh: lambda x: hyperbolic_tangent(x[0]), sp.Min: smallest, sp.Max: largest,
    sp.And: both, sp.Or: either, sp.Not: lambda x: opposite(x[0]),
    sp.Eq: lambda x: compare("==", x[0], x[1]), sp.Ne: lambda x: compare("!=", x[0], x[1]),
    sp.Lt: lambda x: compare("<", x[0], x[1]), sp.Le: lambda x: compare("<=", x[0], x[1]),
    sp.Gt: lambda x: compare(">", x[0], x[1]), sp.Ge: lambda x: compare(">=", x[0], x[1]),
}  # fmt: skip


def put_in(expr: sp.Basic, values: Mapping[sp.Symbol, sp.Expr]) -> sp.Basic:
    """The expression with values for symbols, made again by the operations above. Raises `Refused`.

    Of a piecewise formula only the pieces that can hold are looked at.
    """
    done: dict[sp.Basic, sp.Basic] = {}
    try:
        return _again(expr, values, done)
    except RecursionError:
        raise Refused("it is nested too deep") from None


def _again(expr: sp.Basic, values: Mapping[sp.Symbol, sp.Expr], done: dict[sp.Basic, sp.Basic]) -> sp.Basic:
    if expr.is_Symbol:
        return values.get(expr, expr)
    if not expr.args:
        return expr
    found = done.get(expr)
    if found is None:
        if isinstance(expr, sp.Piecewise):
            found = _pieces(expr, values, done)
        else:
            made = next((again for kind, again in _AGAIN.items() if isinstance(expr, kind)), None)
            if made is None:
                raise Refused(f"{type(expr).__name__} has no value")
            found = made([_again(x, values, done) for x in expr.args])
        done[expr] = found
    return found


def _pieces(expr: sp.Basic, values: Mapping[sp.Symbol, sp.Expr], done: dict[sp.Basic, sp.Basic]) -> sp.Basic:
    kept = []
    for value, condition in expr.args:
        truth = _again(condition, values, done)
        if truth != sp.false:
            kept.append((_again(value, values, done), truth))
        if truth == sp.true:
            break
    if not kept:
        raise Refused("none of its cases holds")
    return choose(kept, None)
