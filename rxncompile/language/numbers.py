"""Numbers of the text as exact rationals, refused before they grow too large to compute with."""

from __future__ import annotations

import math
import re

import sympy as sp

from ..errors import RxnError, Span

DIGITS_CAP = 4_000  # Python itself refuses to write longer numbers
_BITS_CAP = 13_000
_MAGNITUDE_CAP = 1_000  # of what exp is taken of, and of powers of ten of irrational numbers
_TERMS_CAP = 10_000
_SUM_POWER_CAP = 100
_DEPTH_CAP = 120
_SIZE_CAP = 20_000
_PARTS = re.compile(r"(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?")


def exact_number(text: str, span: Span | None) -> sp.Rational:
    """A decimal number exactly: 0.1 is 1/10. Raises R403 beyond the caps."""
    parts = _PARTS.fullmatch(text)
    assert parts is not None
    whole, fraction, exponent = parts[1], parts[2], parts[3] or "0"
    if len(whole) + len(fraction) > DIGITS_CAP:
        raise RxnError("R403", f"a number has at most {DIGITS_CAP:,} digits", span)
    if len(exponent) > 6 or abs(int(exponent)) > DIGITS_CAP:
        raise RxnError("R403", f"the exponent of a number is at most {DIGITS_CAP:,}", span)
    scale = int(exponent) - len(fraction)
    digits = int((whole + fraction) or "0")
    if scale >= 0:
        return sp.Integer(digits * 10**scale)
    return sp.Rational(digits, 10**-scale)


def bits(value: sp.Expr) -> int:
    """The size of a rational number, or of the numeric factor of a product, in bits."""
    rational = value.args[0] if value.is_Mul else value
    if not rational.is_Rational:
        return 0
    return int(rational.p).bit_length() + int(rational.q).bit_length()


def check_bits(parts: list[sp.Expr], span: Span | None) -> None:
    """Raises R403 where the numbers among the parts of a sum or product could make one that is too long."""
    if len(parts) > 40 or any(bits(p) > 300 for p in parts):
        total = sum(size for p in parts if (size := bits(p)) > 64)
        if total > _BITS_CAP:
            raise RxnError("R403", "the numbers of this formula make one with too many digits", span)


def check_power(base: sp.Expr, exponent: sp.Expr, span: Span | None) -> None:
    """Raises R403 where a power would be a number, or have a factor, with too many digits."""
    if not exponent.is_Rational:
        return
    if bits(exponent) > 200:
        raise RxnError("R403", "this exponent has too many digits", span)
    if base.is_Rational and abs(base) in (0, 1):
        return
    if bits(base) * abs(exponent) > _BITS_CAP:
        raise RxnError("R403", f"this power is a number with more than {DIGITS_CAP:,} digits", span)


def check_constant(value: sp.Expr, span: Span | None, cap: int = _MAGNITUDE_CAP) -> None:
    """Raises R403 where a number that is no plain fraction is larger than a computation can use."""
    if value.is_number and not value.is_Rational:
        rough = value.evalf(5, maxn=50)
        if not rough.is_Float or abs(rough) > sp.Integer(10) ** cap:
            raise RxnError("R403", f"a number of this model is larger than 1e{cap}", span)


def check_terms(argument: sp.Expr, span: Span | None) -> None:
    """Raises R403 for a function of a power of a sum that would fill the memory if it were multiplied out.

    Asked whether tanh((x + y)^5000) is finite, sympy multiplies out.
    """
    if _terms(argument) > _TERMS_CAP:
        message = f"a function of a power of a sum with more than {_TERMS_CAP:,} terms when multiplied out"
        raise RxnError("R403", message, span, "name the sum with 'let'")


def _terms(expr: sp.Basic) -> int:
    """The number of terms of the largest part of an expression, multiplied out; not exact beyond the cap."""
    if not expr.args:
        return 1
    sizes = [_terms(part) for part in expr.args]
    if expr.is_Add:
        return sum(sizes)
    if expr.is_Mul:
        total = 1
        for size in sizes:
            total = min(total * size, _TERMS_CAP + 1)
        return total
    if expr.is_Pow and expr.exp.is_Integer and sizes[0] > 1:
        power = abs(int(expr.exp))
        if power > _SUM_POWER_CAP:
            return _TERMS_CAP + 1
        return min(math.comb(min(sizes[0], _TERMS_CAP) + power - 1, power), _TERMS_CAP + 1)
    return max(sizes)


class Sizes:
    """How large and how deep formulas are once functions are written out: x/(1 + x) doubles its argument each time."""

    def __init__(self) -> None:
        self.known: dict[sp.Basic, tuple[int, int]] = {}

    def check(self, expr: sp.Basic, span: Span | None) -> None:
        """Raises R402, R405 where functions within functions write out to more than can be worked with."""
        size, depth = self._size(expr)
        if size > _SIZE_CAP:
            message = f"written out, this has more than {_SIZE_CAP:,} terms"
            raise RxnError("R405", message, span, "name parts with 'let'")
        if depth > _DEPTH_CAP:
            raise RxnError("R402", "written out, this is nested too deep", span, "name parts with 'let'")

    def _size(self, expr: sp.Basic) -> tuple[int, int]:
        if not expr.args:
            return 1, 1
        if expr not in self.known:
            parts = [self._size(part) for part in expr.args]
            self.known[expr] = 1 + sum(size for size, _ in parts), 1 + max(depth for _, depth in parts)
        return self.known[expr]


def check_exp(argument: sp.Expr, span: Span | None) -> None:
    """Raises R403 for exp of a number beyond the range of doubles."""
    if argument.is_number and abs(argument.evalf(5, maxn=50)) > _MAGNITUDE_CAP:
        raise RxnError("R403", f"exp of a number beyond {_MAGNITUDE_CAP:,} is out of range", span)
