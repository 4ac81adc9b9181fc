"""Expression -> box, with the factors and terms in the order of `expressions.text`."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.logic.boolalg import Boolean, BooleanFalse, BooleanTrue

from ..expressions import number, ordered_factors, ordered_terms, to_float
from .boxes import (
    MINUS,
    Box,
    Cases,
    Digits,
    Fence,
    Fraction,
    Function,
    Letter,
    Product,
    Root,
    Row,
    Script,
    Sign,
    Verbatim,
    Words,
    row,
    tall,
)
from .names import Letters

_LOGIC, _COMPARE, _SUM, _SIGN, _PRODUCT, _POWER, _ATOM = range(7)
_FUNCTIONS: dict[type[Any], str] = {
    sp.log: "ln", sp.Min: "min", sp.Max: "max", sp.sin: "sin", sp.cos: "cos", sp.tan: "tan", sp.tanh: "tanh",
    sp.exp: "exp",
}  # fmt: skip
_BRACKETS: dict[type[Any], tuple[str, str]] = {sp.Abs: ("|", "|"), sp.floor: ("⌊", "⌋"), sp.ceiling: ("⌈", "⌉")}
_RELATIONS = {"==": "=", "!=": "≠", "<=": "≤", ">=": "≥", "<": "<", ">": ">"}
_BELOW_THE_LINE = (2, 3, 4, 6)  # denominators that read better there than as decimals, as in `text`
_LONGEST = 20  # characters of a number


def layout(expr: sp.Basic, letters: Letters) -> Box:
    """The box of an expression; numbers of more than 20 characters are rounded."""
    return _layout(expr, letters)[0]


def layout_terms(expr: sp.Expr, letters: Letters) -> list[tuple[bool, Box]]:
    """The terms of a sum as (negative, box without its sign) pairs."""
    if not (expr.is_Add or expr.is_Mul or expr.is_Rational):
        return [(False, layout(expr, letters))]  # alone, a case distinction needs no parentheses
    return [_term(term, letters) for term in ordered_terms(expr, letters.states)]


def signed(terms: list[tuple[bool, Box]], first: bool = True) -> Box:
    """Terms joined by their signs; a plus before the first one only where it is not the `first` of its sum."""
    parts: list[Box] = []
    for negative, box in terms:
        if negative:
            parts.append(Sign(MINUS))
        elif parts or not first:
            parts.append(Sign("+"))
        parts.append(box)
    return row(*parts)


def power_of_ten(text: str) -> Box:
    """Decimal text such as `1.5e-07` as a box."""
    return _number(text)[0]


def _rational(value: sp.Rational) -> tuple[Box, int]:
    size = abs(value)
    over, under = (size, sp.S.One) if "/" not in number(size) and len(number(size)) <= _LONGEST else _split(size)
    box, level = _number(number(over))
    if under != 1:
        box, level = Fraction(box, _number(number(under))[0]), _PRODUCT
    return (Row((Sign(MINUS), box)), _SIGN) if value < 0 else (box, level)


def _number(digits: str) -> tuple[Box, int]:
    """A decimal number without sign."""
    mantissa, _, exponent = digits.partition("e")
    if not exponent:
        return Digits(digits), _ATOM
    power = int(exponent)
    small: Box = Row((Sign(MINUS), Digits(str(-power)))) if power < 0 else Digits(str(power))
    ten = Script(Digits("10"), None, small)
    return (ten, _POWER) if mantissa == "1" else (Row((Digits(mantissa), Sign("·"), ten)), _PRODUCT)


def _wrapped(expr: sp.Basic, level: int, letters: Letters) -> Box:
    box, own = _layout(expr, letters)
    return box if own >= level else Fence("(", box, ")")


def _layout(expr: Any, letters: Letters) -> tuple[Box, int]:
    """Box and binding level of an expression."""
    if expr.is_Symbol:
        return letters[expr.name], _ATOM
    if expr.is_Rational:
        return _rational(expr)
    if expr.is_Add:
        return signed(layout_terms(expr, letters)), _SUM
    if expr.is_Mul:
        negative, box = _product(expr, letters)
        return (signed([(True, box)]), _SIGN) if negative else (box, _PRODUCT)
    if isinstance(expr, sp.exp):
        return _exponential(expr, letters)
    if expr.is_Pow:
        return _power(expr, letters)
    if expr.is_Relational:
        left, right = (_wrapped(a, _SUM, letters) for a in expr.args)
        return Row((left, Sign(_RELATIONS[expr.rel_op]), right)), _COMPARE
    if isinstance(expr, (Boolean, sp.Piecewise)):
        return _logic(expr, letters)
    for kind, (left_side, right_side) in _BRACKETS.items():
        if isinstance(expr, kind):
            return Fence(left_side, layout(expr.args[0], letters), right_side), _ATOM
    if isinstance(expr, sp.sign):
        return _layout(sp.Piecewise((1, expr.args[0] > 0), (-1, expr.args[0] < 0), (0, True)), letters)
    for kind, name in _FUNCTIONS.items():
        if isinstance(expr, kind):
            return _applied(Function(name), _arguments(expr), letters), _POWER
    if isinstance(expr, AppliedUndef):
        return _applied(letters[expr.func.__name__], list(expr.args), letters), _POWER
    if expr is sp.E:
        return Letter("e", upright=True), _ATOM
    if expr is sp.pi:
        return Letter("π"), _ATOM
    if expr is sp.oo:
        return Sign("∞"), _ATOM
    return Verbatim(str(expr)), _ATOM


def _arguments(expr: Any) -> list[Any]:
    """Arguments in a fixed order, those of min and max too, which sympy keeps as a set."""
    given: list[Any] = list(expr.args)
    return sorted(given, key=lambda a: str(sp.srepr(a))) if isinstance(expr, (sp.Min, sp.Max)) else given


def _applied(head: Box, arguments: list[Any], letters: Letters) -> Box:
    inside: list[Box] = []
    for argument in arguments:
        inside += [Sign(",")] if inside else []
        inside.append(layout(argument, letters))
    return Row((head, Fence("(", row(*inside), ")")))


def _term(term: sp.Expr, letters: Letters) -> tuple[bool, Box]:
    if term.is_Mul:
        return _product(term, letters)
    if term.is_Rational and term < 0:
        return True, _wrapped(-term, _SUM, letters)
    return False, _wrapped(term, _SIGN, letters)


def _product(expr: sp.Expr, letters: Letters) -> tuple[bool, Box]:
    """Whether a product is negative, and its box: k/V A B where only constants are below, else one fraction."""
    above: list[sp.Expr] = []
    below: list[sp.Expr] = []
    negative = False
    for factor in ordered_factors(expr, letters.states):
        if factor.is_Rational:
            negative = bool(factor < 0)
            over, under = _split(abs(factor))
            above += [over] if over != 1 else []
            below += [under] if under != 1 else []
        elif factor.is_Pow and factor.exp.is_Rational and factor.exp < 0:
            below.append(factor.base ** (-factor.exp))
        else:
            above.append(factor)
    behind: list[sp.Expr] = []
    if letters.states and all(letters.states.isdisjoint(f.free_symbols) for f in below):
        behind = [f for f in above if not letters.states.isdisjoint(f.free_symbols)]
        above = [f for f in above if letters.states.isdisjoint(f.free_symbols)]
    if not above or not below:
        above, behind = above + behind, []
    if not below:
        return negative, _side_by_side(above, letters)
    fraction = Fraction(_side_by_side(above, letters), _side_by_side(below, letters))
    if not behind:
        return negative, fraction
    return negative, Product((fraction, *_factors(behind, letters)))


def _split(size: sp.Rational) -> tuple[sp.Rational, sp.Rational]:
    """A positive number as what stands above and below a fraction's line.

    A number of more than `_LONGEST` characters is for reading, not for computing: it is rounded.
    """
    if size.q in _BELOW_THE_LINE:
        return sp.Integer(size.p), sp.Integer(size.q)
    if len(number(size)) > _LONGEST and 0.0 < to_float(size) < float("inf"):
        size = sp.Rational(f"{to_float(size):.10g}")
    if "/" not in number(size):
        return size, sp.S.One
    if "/" not in number(1 / size):  # a molecule's share of a micromole, say
        return sp.S.One, 1 / size
    return sp.Integer(size.p), sp.Integer(size.q)


def _side_by_side(factors: list[sp.Expr], letters: Letters) -> Box:
    """The box of a product without denominators; a single factor needs no parentheses."""
    if not factors:
        return Digits("1")
    if len(factors) == 1:
        return layout(factors[0], letters)
    return Product(tuple(_factors(factors, letters)))


def _factors(factors: list[sp.Expr], letters: Letters) -> list[Box]:
    return [_wrapped(f, _PRODUCT, letters) for f in factors]


def _exponential(expr: sp.Expr, letters: Letters) -> tuple[Box, int]:
    argument = layout(expr.args[0], letters)
    if tall(argument):
        return _applied(Function("exp"), [expr.args[0]], letters), _POWER
    return Script(Letter("e", upright=True), None, argument), _POWER


def _power(expr: sp.Expr, letters: Letters) -> tuple[Box, int]:
    base, exponent = expr.base, expr.exp
    if exponent == sp.Rational(1, 2):
        return Root(layout(base, letters)), _ATOM
    if exponent.is_Rational and exponent < 0:
        return Fraction(Digits("1"), layout(base ** (-exponent), letters)), _PRODUCT
    box = _wrapped(base, _ATOM, letters)
    if exponent.is_Rational and not exponent.is_Integer:
        raised: Box = Row((Digits(str(exponent.p)), Sign("/"), Digits(str(exponent.q))))
    else:
        raised = layout(exponent, letters)
    if isinstance(box, Script) and box.sup is None:
        return Script(box.base, box.sub, raised), _POWER
    return Script(box, None, raised), _POWER


def _logic(expr: Any, letters: Letters) -> tuple[Box, int]:
    if isinstance(expr, (BooleanTrue, BooleanFalse)):
        return Words("true" if expr == sp.true else "false"), _ATOM
    if isinstance(expr, sp.Piecewise):
        rows = tuple((layout(value, letters), _condition(condition, letters)) for value, condition in expr.args)
        return Cases(rows), _SUM
    if isinstance(expr, sp.Not):
        return Row((Sign("¬"), _wrapped(expr.args[0], _ATOM, letters))), _LOGIC
    word = Words(" and " if isinstance(expr, sp.And) else " or ")
    parts: list[Box] = []
    for argument in sorted(expr.args, key=lambda a: str(sp.srepr(a))):
        parts += [word] if parts else []
        parts.append(_wrapped(argument, _COMPARE, letters))
    return Row(tuple(parts)), _LOGIC


def _condition(condition: sp.Basic, letters: Letters) -> Box:
    return Words("otherwise") if condition == sp.true else Row((Words("if "), layout(condition, letters)))
