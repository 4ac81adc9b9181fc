"""Symbols, exact numbers and the text of an expression in the model language.

Every symbol is real and known by its name alone, every number rational, so an expression is the same object
however it came about, and `text` followed by the parser gives it back.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Set
from functools import lru_cache
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.logic.boolalg import Boolean, BooleanFalse, BooleanTrue

from .errors import RxnError

_INDEX = r"(?:0|[1-9][0-9]*|[A-Za-z_][A-Za-z_0-9]*)"
_PLAIN = re.compile(rf"([A-Za-z_][A-Za-z_0-9]*)(?:\[({_INDEX}(?:,{_INDEX})*)\])?")

# The words that the grammar keeps for itself, and the functions known to every model: as names both need quotes.
KEYWORDS = frozenset(
    """model import as units const param compartment inside species init let func observable conserve rate per on in at
    when for lattice diffuse and or not""".split()
)
BUILT_IN = frozenset(
    """exp log log10 sqrt abs min max floor ceil sin cos tan tanh hill hillr mm piecewise sum count t time""".split()
)
NO_STATES: frozenset[sp.Symbol] = frozenset()


@lru_cache(maxsize=4096)
def symbol(name: str) -> sp.Symbol:
    """The real symbol of a name."""
    return sp.Symbol(name, real=True)


TIME = symbol("t")


def exact(value: object) -> sp.Expr:
    """A Python, numpy or sympy number as an exact sympy number; decimal floats by their shortest text (0.1 is 1/10).

    Raises R505 for anything else. Text is never interpreted beyond a plain number.
    """
    if isinstance(value, sp.Expr) and value.is_number:
        return value
    if isinstance(value, (bool, str)) or value is None:
        raise RxnError("R505", f"{value!r} is not a number")
    try:
        if int(value) == value:  # type: ignore[call-overload]
            return sp.Integer(int(value))  # type: ignore[call-overload]
        return sp.Rational(repr(float(value)))  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise RxnError("R505", f"{value!r} is not a finite number") from None


def to_float(value: sp.Expr) -> float:
    """The double nearest to an exact number, inf beyond their range."""
    if value.is_Rational:
        try:
            return int(value.p) / int(value.q)  # Python's quotient of integers is correctly rounded
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    return float(value.evalf(20))


def derivative(expr: sp.Expr, by: sp.Symbol) -> sp.Expr:
    """d expr / d by. Where the power of a base is a name, as in p^n, it is n p^(n - 1), which has a value at p = 0."""
    found = expr.diff(by)
    if any(p.base.has(by) and not p.exp.is_number for p in found.atoms(sp.Pow)):
        return sp.powsimp(found, combine="exp", deep=True)
    return found


def quoted(name: str) -> str:
    """A name as the language writes it: plain, indexed, or in single quotes."""
    if name == "t":  # the time, which nothing else may be called
        return name
    parts = _PLAIN.fullmatch(name)
    if parts is None or parts[1] in KEYWORDS | BUILT_IN:
        return f"'{name}'"
    words = parts[2].split(",") if parts[2] else ()
    return f"'{name}'" if KEYWORDS.intersection(words) else name


MOMENT = re.compile(r"<.+>(_[cfk][0-9]?|_[0-9])?")  # the label of a moment, which is written as it is among states


def plain_index(word: str) -> bool:
    """Whether a word can stand as an index of a name without quotes."""
    return re.fullmatch(_INDEX, word) is not None and word not in KEYWORDS


# ---------------------------------------------------------------------------------------------- order


def ordered_factors(expr: sp.Expr, states: Set[sp.Symbol] = NO_STATES) -> list[sp.Expr]:
    """Factors of a product as people write them: number, parameters, sums and functions, states."""
    return sorted(sp.Mul.make_args(expr), key=lambda f: (_rank(f, states), _key(f)))


def ordered_terms(expr: sp.Expr, states: Set[sp.Symbol] = NO_STATES) -> list[sp.Expr]:
    """Terms of a sum: the positive ones first, each kind by its structure."""
    return sorted(sp.Add.make_args(expr), key=lambda t: (_negative(t), _key(t)))


def _negative(term: sp.Expr) -> bool:
    return bool(term.could_extract_minus_sign()) if term.is_Mul or term.is_Number else False


def _rank(factor: sp.Expr, states: Set[sp.Symbol]) -> int:
    if factor.is_Number:
        return 0
    base = factor.base if factor.is_Pow else factor
    if base.is_Symbol:
        return 3 if base in states else 1
    return 2 if not states or states.isdisjoint(factor.free_symbols) else 4


def _key(expr: sp.Basic) -> str:
    """A total order on expressions that does not depend on construction: names first, powers beside their base."""
    if expr.is_Symbol:
        return f"Symbol({expr.name})"
    if expr.is_Pow and expr.base.is_Symbol:
        return f"Symbol({expr.base.name})^{sp.srepr(expr.exp)}"
    return str(sp.srepr(expr))


# ---------------------------------------------------------------------------------------------- text

_OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(9)
_SMALL = (2, 3, 4, 6)  # denominators that read better below the line than as decimals
_FUNCTIONS: dict[type, str] = {
    sp.exp: "exp", sp.log: "log", sp.Abs: "abs", sp.Min: "min", sp.Max: "max", sp.floor: "floor",
    sp.ceiling: "ceil", sp.sin: "sin", sp.cos: "cos", sp.tan: "tan", sp.tanh: "tanh",
}  # fmt: skip


def text(expr: sp.Basic, states: Set[sp.Symbol] = NO_STATES) -> str:
    """An expression in the model language; parameters stand before `states` in products."""
    return _text(expr, states)[0]


def number(value: sp.Rational) -> str:
    """A rational number: a decimal where that is exact and short, else a quotient."""
    return _number(value)[0]


def _number(value: sp.Rational) -> tuple[str, int]:
    sign = "-" if value < 0 else ""
    p, q = abs(value.p), value.q
    level = _SIGN if sign else _ATOM
    if q == 1:
        digits = str(p)
        zeros = len(digits) - len(digits.rstrip("0"))
        short = f"{digits[:-zeros]}e{zeros}" if zeros >= 6 and p else digits
        return sign + short, level
    twos = fives = 0
    rest = q
    while rest % 2 == 0:
        rest //= 2
        twos += 1
    while rest % 5 == 0:
        rest //= 5
        fives += 1
    places = max(twos, fives)
    if rest != 1 or len(str(p * 10**places // q)) > 17:
        return f"{sign}{p}/{q}", _PRODUCT
    digits = str(p * 10**places // q)
    if places <= len(digits) + 3:
        digits = digits.rjust(places + 1, "0")
        return f"{sign}{digits[:-places]}.{digits[-places:]}", level
    point = f"{digits[0]}.{digits[1:]}" if len(digits) > 1 else digits
    return f"{sign}{point}e-{places - len(digits) + 1}", level


def _wrap(expr: sp.Basic, level: int, states: Set[sp.Symbol]) -> str:
    body, own = _text(expr, states)
    return body if own >= level else f"({body})"


def _text(expr: Any, states: Set[sp.Symbol]) -> tuple[str, int]:
    """Text and binding level of an expression."""
    if expr.is_Symbol:
        return (expr.name if expr in states and MOMENT.fullmatch(expr.name) else quoted(expr.name)), _ATOM
    if expr.is_Rational:
        return _number(expr)
    if expr.is_Add:
        return _sum(expr, states), _SUM
    if expr.is_Mul:
        return _product(expr, states)
    if expr.is_Pow:
        return _power(expr, states)
    if expr.is_Relational:
        left, right = (_wrap(a, _SUM, states) for a in expr.args)
        return f"{left} {expr.rel_op} {right}", _COMPARE
    if isinstance(expr, (Boolean, sp.Piecewise)):
        return _logic(expr, states)
    for function, name in _FUNCTIONS.items():
        if expr.func is function:
            parts = [_text(a, states)[0] for a in expr.args]
            return f"{name}({', '.join(sorted(parts) if name in ('min', 'max') else parts)})", _ATOM
    if isinstance(expr, AppliedUndef):
        parts = [_text(a, states)[0] for a in expr.args]
        if expr.func.__name__ == "count":
            parts[-1] = f"distance = {parts[-1]}"
        return f"{expr.func.__name__}({', '.join(parts)})", _ATOM
    if expr is sp.E:
        return "exp(1)", _ATOM
    if isinstance(expr, sp.sign):
        return _text(sp.Piecewise((1, expr.args[0] > 0), (-1, expr.args[0] < 0), (0, True)), states)
    return str(expr), _SUM


def _sum(expr: sp.Expr, states: Set[sp.Symbol]) -> str:
    parts: list[str] = []
    for term in ordered_terms(expr, states):
        body, own = _text(term, states)
        if parts and body.startswith("-"):
            parts.append(f" - {body[1:]}")
        elif parts:
            parts.append(f" + {body if own >= _SUM else f'({body})'}")
        else:
            parts.append(body if own >= _SUM else f"({body})")
    return "".join(parts)


def _product(expr: sp.Expr, states: Set[sp.Symbol]) -> tuple[str, int]:
    above: list[str] = []
    below: list[str] = []
    sign = ""
    for factor in ordered_factors(expr, states):
        if factor.is_Rational:
            if factor < 0:
                sign = "-"
            body, level = _number(abs(factor))
            if level == _ATOM and factor.q not in _SMALL:
                above += [] if abs(factor) == 1 else [body]
            else:
                above += [str(abs(factor.p))] if abs(factor.p) != 1 else []
                below.append(str(factor.q))
        elif factor.is_Pow and factor.exp.is_Rational and factor.exp < 0:
            below.append(_wrap(factor.base ** (-factor.exp), _POWER, states))
        else:
            above.append(_wrap(factor, _POWER, states))
    body = "*".join(above) if above else "1"
    if len(below) == 1:
        body += "/" + below[0]
    elif below:
        body += "/(" + "*".join(below) + ")"
    return sign + body, _SIGN if sign else _PRODUCT


def _power(expr: sp.Expr, states: Set[sp.Symbol]) -> tuple[str, int]:
    if isinstance(expr, sp.exp):
        return f"exp({_text(expr.args[0], states)[0]})", _ATOM
    base, exponent = expr.base, expr.exp
    if exponent == sp.Rational(1, 2):
        return f"sqrt({_text(base, states)[0]})", _ATOM
    if exponent.is_Rational and exponent < 0:
        return f"1/{_wrap(base ** (-exponent), _POWER, states)}", _PRODUCT
    return f"{_wrap(base, _ATOM, states)}^{_wrap(exponent, _ATOM, states)}", _POWER


def _logic(expr: Any, states: Set[sp.Symbol]) -> tuple[str, int]:
    if isinstance(expr, BooleanTrue):
        return "1 == 1", _COMPARE
    if isinstance(expr, BooleanFalse):
        return "1 == 0", _COMPARE
    if isinstance(expr, sp.Piecewise):
        parts = [
            _text(value, states)[0] + ("" if condition == sp.true else ", " + _text(condition, states)[0])
            for value, condition in expr.args
        ]
        return f"piecewise({', '.join(parts)})", _ATOM
    if isinstance(expr, sp.ITE):
        test, yes, no = expr.args
        return _text(sp.Or(sp.And(test, yes), sp.And(sp.Not(test), no)), states)
    word, level = {sp.Or: (" or ", _OR), sp.And: (" and ", _AND)}.get(type(expr), ("not ", _NOT))
    if level == _NOT:
        return f"not {_wrap(expr.args[0], _COMPARE, states)}", _NOT
    return word.join(sorted(_wrap(a, level + 1, states) for a in expr.args)), level


# The functions of the language that are sympy's own, by name; the rest (hill, mm ...) are spelled out by the resolver.
FUNCTIONS: dict[str, Callable[..., sp.Expr]] = {
    "exp": sp.exp, "log": sp.log, "sqrt": sp.sqrt, "abs": sp.Abs, "min": sp.Min, "max": sp.Max,
    "floor": sp.floor, "ceil": sp.ceiling, "sin": sp.sin, "cos": sp.cos, "tan": sp.tan, "tanh": sp.tanh,
}  # fmt: skip
