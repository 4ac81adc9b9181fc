"""Operations on foreign formulas: right where they have a value, refused (and quickly) where they have none."""

import math
import time

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from rxncompile.expressions import symbol, to_float
from rxncompile.interchange import arithmetic as a

x, y = symbol("x"), symbol("y")
numbers = st.integers(-30, 30).map(lambda n: sp.Rational(n, 4))

BINARY = {
    "add": (lambda p, q: a.add([p, q]), lambda p, q: p + q),
    "multiply": (lambda p, q: a.multiply([p, q]), lambda p, q: p * q),
    "subtract": (a.subtract, lambda p, q: p - q),
    "divide": (a.divide, lambda p, q: p / q),
    "power": (a.power, math.pow),
    "quotient": (a.quotient, lambda p, q: math.trunc(p / q)),
    "remainder": (a.remainder, math.fmod),
    "smallest": (lambda p, q: a.smallest([p, q]), min),
    "largest": (lambda p, q: a.largest([p, q]), max),
}
UNARY = {
    "exponential": math.exp, "logarithm": math.log, "root": math.sqrt, "floor": math.floor, "ceiling": math.ceil,
    "absolute": abs, "sine": math.sin, "cosine": math.cos, "tangent": math.tan, "hyperbolic_tangent": math.tanh,
    "arcsine": math.asin, "arccosine": math.acos, "arctangent": math.atan, "hyperbolic_sine": math.sinh,
    "hyperbolic_cosine": math.cosh, "arc_hyperbolic_sine": math.asinh, "arc_hyperbolic_cosine": math.acosh,
    "arc_hyperbolic_tangent": math.atanh,
}  # fmt: skip


def same(found: sp.Expr, expected: float) -> bool:
    return math.isclose(to_float(found), expected, rel_tol=1e-12, abs_tol=1e-12)


@given(st.sampled_from(sorted(BINARY)), numbers, numbers)
def test_operations_of_numbers(name: str, p: sp.Rational, q: sp.Rational) -> None:
    ours, theirs = BINARY[name]
    try:
        expected = float(theirs(float(p), float(q)))
    except (ZeroDivisionError, ValueError, OverflowError):
        with pytest.raises(a.Refused):
            ours(p, q)
    else:
        assert same(ours(p, q), expected)
        assert same(a.put_in(ours(x, y), {x: p, y: q}), expected)  # first the formula, then its values


@given(st.sampled_from(sorted(UNARY)), numbers)
def test_functions_of_numbers(name: str, p: sp.Rational) -> None:
    ours = getattr(a, name)
    try:
        expected = float(UNARY[name](float(p)))
    except ValueError:
        with pytest.raises(a.Refused):
            ours(p)
    else:
        assert same(ours(p), expected)


def test_sums_stay_exact() -> None:
    assert a.add([sp.Rational(1, 3), sp.Rational(1, 6)]) == sp.Rational(1, 2)
    assert a.divide(a.logarithm(sp.Integer(2)), sp.Integer(120)) == sp.log(2) / 120
    assert a.power(sp.Integer(2), sp.Rational(1, 2)) == sp.sqrt(2)


@pytest.mark.parametrize(
    ("base", "exponent"),
    [
        (sp.Integer(9), sp.Integer(10**9)), (sp.Rational(1, 3), sp.Integer(10**6)), (sp.S.Zero, sp.S.NegativeOne),
        (sp.Integer(2), sp.Rational(10**12, 3)), (2 * x, sp.Integer(10**9)),
    ],
)  # fmt: skip
def test_powers_that_would_take_forever(base: sp.Expr, exponent: sp.Expr) -> None:
    began = time.perf_counter()
    with pytest.raises(a.Refused):
        a.power(base, exponent)
    assert time.perf_counter() - began < 1.0


def test_long_numbers_become_doubles() -> None:
    """Squaring 40 times would double the digits 40 times."""
    found: sp.Expr = sp.Rational(10**9 + 1, 10**9)
    for _ in range(40):
        found = a.multiply([found, found])
        if to_float(found) > 1e300:
            break
    assert found.p.bit_length() <= 2 * a.BITS


def test_truth_and_numbers() -> None:
    assert a.as_truth(x) == sp.Ne(x, 0)
    assert a.as_number(sp.Gt(x, 1)) == sp.Piecewise((1, x > 1), (0, True))
    assert a.compare("==", sp.Gt(x, 1), sp.true) == (x > 1)
    for p in (sp.true, sp.false):
        for q in (sp.true, sp.false):
            for r in (sp.true, sp.false):
                assert bool(a.odd([p, q, r])) == ((bool(p) + bool(q) + bool(r)) % 2 == 1)


def test_only_the_piece_that_holds_needs_a_value() -> None:
    formula = a.choose([(a.divide(sp.S.One, x), a.compare(">", x, sp.S.Zero))], sp.S.Zero)
    assert a.put_in(formula, {x: sp.S.Zero}) == 0
    assert a.put_in(formula, {x: sp.Integer(4)}) == sp.Rational(1, 4)


def test_choice_between_truths() -> None:
    formula = a.choose([(x > 1, y > 0)], x > 5)
    for p, q in ((2, 1), (0, 1), (6, -1), (2, -1)):
        expected = p > 1 if q > 0 else p > 5
        assert bool(a.put_in(formula, {x: sp.Integer(p), y: sp.Integer(q)})) == expected
