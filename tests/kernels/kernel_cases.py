"""What the kernel tests share: systems written by hand, random expressions, and an evaluator with an error bound."""

from collections.abc import Mapping, Sequence
from typing import Any

import mpmath as mp
import numpy as np
import sympy as sp
from hypothesis import assume
from hypothesis import strategies as st

from rxncompile.expressions import TIME, symbol
from rxncompile.kernels.program import Program, formula_program
from rxncompile.system import Constant, Jump, State, System

A, B, C = STATES = tuple(symbol(name) for name in ("A", "B", "C"))
K, G = PARAMETERS = tuple(symbol(name) for name in ("k", "g"))
TRANSCENDENTAL = (sp.exp, sp.log, sp.sin, sp.cos, sp.tan, sp.tanh)


def bare_system(states: Sequence[sp.Symbol] = STATES, parameters: Sequence[sp.Symbol] = PARAMETERS) -> System:
    """States and parameters without equations, to lower formulas over."""
    return System(
        "bare",
        tuple(State(s, s.name) for s in states),
        tuple(Constant(s, s.name, sp.Integer(1)) for s in parameters),
    )


def program_of(*formulas: sp.Expr) -> Program:
    return formula_program(bare_system(), formulas)


def reaction_network(names: Sequence[str] = ("A", "B", "C", "k", "g", "act")) -> System:
    """Three species, mass action, a Hill law and a definition; every name can be chosen."""
    a, b, c, k, g, act = (symbol(name) for name in names)
    hill = Jump("make", ((c, 1),), act)
    return System(
        "network",
        tuple(State(s, s.name, sp.Integer(n)) for s, n in ((a, 30), (b, 20), (c, 0))),
        (Constant(k, k.name, sp.Rational(1, 100)), Constant(g, g.name, sp.Rational(1, 2))),
        jumps=(
            Jump("bind", ((a, -1), (b, -1), (c, 1)), k * a * b),
            Jump("pair", ((a, -2), (b, 1)), g * a * (a - 1) / 2),
            Jump("lose", ((c, -1),), g * c, ((c, 1),)),
            hill,
        ),
        definitions=((act, g * b**4 / (k**4 + b**4)),),
        outputs=((f"{a.name} total", a + c), ("ratio", a / (a + b + c))),
    )


def evaluate_nodes(program: Program, t: float, y: Sequence[float], p: Sequence[float]) -> list[float]:
    """The program's outputs by plain additions, products and quotients, one operation after the other."""
    values: list[float] = []
    for op, args, value in program.nodes:
        operands = [values[a] for a in args]
        match op.name:
            case "CONST":
                result = value
            case "PARAM":
                result = p[int(value)]
            case "STATE":
                result = y[int(value)]
            case "TIME":
                result = t
            case "ADD":
                result = operands[0]
                for x in operands[1:]:
                    result = result + x
            case "MUL":
                result = operands[0]
                for x in operands[1:]:
                    result = result * x
            case "DIV":
                result = operands[0] / operands[1]
            case "NEG":
                result = -operands[0]
            case _:
                raise AssertionError(op)
        values.append(result)
    return [values[o] for o in program.outputs]


# ------------------------------------------------------------------------------------- random expressions

_LEAVES = st.one_of(
    st.sampled_from((*STATES, *PARAMETERS, TIME)),
    st.fractions(min_value=-4, max_value=4, max_denominator=12).map(lambda f: sp.Rational(f.numerator, f.denominator)),
)


def _grow(inner: st.SearchStrategy[sp.Expr]) -> st.SearchStrategy[sp.Expr]:
    pair = st.tuples(inner, inner)
    return st.one_of(
        st.lists(inner, min_size=2, max_size=4).map(lambda terms: sp.Add(*terms)),
        st.lists(inner, min_size=2, max_size=3).map(lambda factors: sp.Mul(*factors)),
        pair.map(lambda ab: ab[0] / (1 + ab[1] ** 2)),
        pair.map(lambda ab: ab[0] / ab[1] if ab[1] != 0 else ab[0]),
        st.tuples(inner, st.integers(-3, 5)).map(lambda ae: ae[0] ** ae[1] if ae[0] != 0 else ae[0]),
        inner.map(lambda a: sp.sqrt(1 + sp.Abs(a))),
        pair.map(lambda ab: (1 + sp.Abs(ab[0])) ** (ab[1] / 3)),
        inner.map(lambda a: sp.exp(-(a**2))),
        inner.map(lambda a: sp.log(1 + a**2)),
        *(inner.map(f) for f in (sp.sin, sp.cos, sp.tan, sp.tanh, sp.Abs, sp.floor, sp.ceiling, sp.sign)),
        st.lists(inner, min_size=2, max_size=3).map(lambda args: sp.Min(*args)),
        st.lists(inner, min_size=2, max_size=3).map(lambda args: sp.Max(*args)),
        st.tuples(inner, inner, inner, _conditions(inner)).map(
            lambda case: sp.Piecewise((case[0], case[3]), (case[1], case[1] < case[2]), (case[2], True))
        ),
    )


def _conditions(inner: st.SearchStrategy[sp.Expr]) -> st.SearchStrategy[sp.Basic]:
    compare = st.tuples(st.sampled_from((sp.Lt, sp.Le, sp.Gt, sp.Ge, sp.Ne)), inner, inner)
    plain = compare.map(lambda case: case[0](case[1], case[2]))
    return st.one_of(
        plain,
        st.tuples(plain, plain).map(lambda ab: sp.And(*ab)),
        st.tuples(plain, plain).map(lambda ab: sp.Or(*ab)),
        plain.map(sp.Not),
    )


def _usable(expr: Any) -> bool:
    strange = (sp.zoo, sp.nan, sp.oo, -sp.oo, sp.I, sp.arg, sp.re, sp.im)
    return expr.is_extended_real is not False and not expr.has(*strange)


EXPRESSIONS = st.recursive(_LEAVES, _grow, max_leaves=10).filter(_usable)
NUMBERS = st.floats(-4.0, 4.0).map(lambda x: round(x, 6))
POINTS = st.tuples(NUMBERS, st.tuples(NUMBERS, NUMBERS, NUMBERS), st.tuples(NUMBERS, NUMBERS))


def values_at(t: float, y: Sequence[float], p: Sequence[float]) -> dict[sp.Symbol, mp.mpf]:
    return {s: mp.mpf(v) for s, v in zip((TIME, *STATES, *PARAMETERS), (t, *y, *p), strict=True)}


_SIMPLE: dict[type, tuple[Any, Any]] = {
    sp.exp: (mp.exp, mp.exp),
    sp.log: (mp.log, lambda x: 1 / x),
    sp.sin: (mp.sin, mp.cos),
    sp.cos: (mp.cos, mp.sin),
    sp.tan: (mp.tan, lambda x: 1 + mp.tan(x) ** 2),
    sp.tanh: (mp.tanh, lambda x: 1 - mp.tanh(x) ** 2),
    sp.Abs: (abs, lambda x: mp.mpf(1)),
}
_CLOSE = mp.mpf(10) ** -9


def bounded(expr: Any, at: Mapping[sp.Symbol, mp.mpf]) -> tuple[Any, Any]:
    """A value to 50 digits, and E such that arithmetic in doubles errs by at most about 2^-52 E (to first order).

    Rejects points that are not in a formula's domain, lie at a jump of it, or leave the range of doubles.
    """
    with mp.workdps(50):
        value, error = _bounded(expr, at)
        return value, error


def _bounded(expr: Any, at: Mapping[sp.Symbol, mp.mpf]) -> tuple[Any, Any]:
    if expr.is_Symbol:
        return at[expr], mp.mpf(0)
    if expr.is_Rational:
        value = mp.mpf(int(expr.p)) / int(expr.q)
        return value, abs(value)
    if expr.func in _SIMPLE:
        x, e = _bounded(expr.args[0], at)
        assume(expr.func is not sp.log or x > 0)
        f, slope = _SIMPLE[expr.func]
        return _in_range(f(x), abs(slope(x)) * e + 4 * abs(f(x)))
    if isinstance(expr, sp.Piecewise):
        for branch, condition in expr.args:
            if _holds(condition, at):
                return _bounded(branch, at)
        assume(False)
    if isinstance(expr, (sp.floor, sp.ceiling)):
        x, _ = _bounded(expr.args[0], at)
        assume(abs(x - mp.nint(x)) > _CLOSE)
        return (mp.floor(x) if isinstance(expr, sp.floor) else mp.ceil(x)), mp.mpf(0)
    if isinstance(expr, sp.sign):
        x, _ = _bounded(expr.args[0], at)
        assume(abs(x) > _CLOSE)
        return mp.sign(x), mp.mpf(0)
    parts = [_bounded(a, at) for a in expr.args]
    if expr.is_Pow:
        return _power(expr, *parts)
    if isinstance(expr, (sp.Min, sp.Max)):
        best = (min if isinstance(expr, sp.Min) else max)(v for v, _ in parts)
        return best, max(e for _, e in parts)
    n = len(parts) + 1
    if expr.is_Add:
        return _in_range(sum(v for v, _ in parts), sum(e + n * abs(v) for v, e in parts))
    assert expr.is_Mul, expr
    value = mp.mpf(1)
    for v, _ in parts:
        value *= v
    error = 2 * n * abs(value)
    for i, (_, e) in enumerate(parts):
        rest = e
        for j, (v, _) in enumerate(parts):
            rest *= abs(v) if i != j else 1
        error += rest
    return _in_range(value, error)


def _power(expr: Any, base: tuple[Any, Any], exponent: tuple[Any, Any]) -> tuple[Any, Any]:
    (x, e), (n, d) = base, exponent
    assume(abs(x) > _CLOSE)
    assume(expr.exp.is_Integer or x > 0)
    value = x ** int(n) if expr.exp.is_Integer else mp.exp(n * mp.log(x))
    error = abs(n) * e / abs(x) + 16
    if not expr.exp.is_Integer:
        error += d * abs(mp.log(x))
    return _in_range(value, abs(value) * error)


def _in_range(value: Any, error: Any) -> tuple[Any, Any]:
    assume(abs(value) < mp.mpf(10) ** 100)
    assume(value == 0 or abs(value) > mp.mpf(10) ** -100)
    assume(error < mp.mpf(10) ** 8 * (1 + abs(value)))
    return value, error


def _holds(condition: Any, at: Mapping[sp.Symbol, mp.mpf]) -> bool:
    if condition in (sp.true, sp.false):
        return bool(condition)
    if isinstance(condition, sp.ITE):
        return _holds(condition.args[1 if _holds(condition.args[0], at) else 2], at)
    if isinstance(condition, sp.Not):
        return not _holds(condition.args[0], at)
    if isinstance(condition, (sp.And, sp.Or)):
        return (all if isinstance(condition, sp.And) else any)([_holds(c, at) for c in condition.args])
    (left, _), (right, _) = (_bounded(a, at) for a in condition.args)
    assume(abs(left - right) > _CLOSE)
    return bool(
        left < right if isinstance(condition, (sp.Lt, sp.Le)) else
        left > right if isinstance(condition, (sp.Gt, sp.Ge)) else isinstance(condition, sp.Ne)
    )  # fmt: skip


def bits(values: Any) -> list[int]:
    """The bits of doubles, every NaN alike: its sign and payload mean nothing."""
    numbers = np.asarray(values, dtype=np.float64)
    return np.where(np.isnan(numbers), np.nan, numbers).view(np.int64).tolist()
