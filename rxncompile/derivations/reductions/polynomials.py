"""Exact polynomials in the names of a model: built without `simplify`, solved without fractions, written to be read.

Everything that is no sum, product or whole power (an exponential, x^n with a named n) counts as a name of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from heapq import heapify, heappop, heappush
from typing import Any

import sympy as sp
from sympy.polys.domains import QQ
from sympy.polys.orderings import lex
from sympy.polys.rings import PolyRing

from ...errors import RxnError
from ...expressions import ordered_factors
from .divisors import common_divisor

Poly = Any  # an element of a sparse ring of sympy
MOST_TERMS = 3_000  # of one polynomial on the way
MOST_WORK = 150_000  # products of terms in one elimination
_MOST_FACTORED = 60  # terms of a polynomial that is factored though no name stands in it in first power alone
_MOST_GCD = 600  # terms of all polynomials whose common divisor is looked for
_MOST_POWER = 24


class Ring:
    """Polynomials with rational coefficients in `first`, then in every other name of some expressions."""

    def __init__(self, expressions: Iterable[sp.Expr], first: Sequence[sp.Symbol] = ()) -> None:
        found: set[sp.Expr] = set()
        for e in expressions:
            _names(e, found)
        others = sorted(found - set(first), key=lambda e: (not e.is_Symbol, str(sp.srepr(e))))
        self.first = tuple(first)
        self.names: tuple[sp.Expr, ...] = (*first, *others)
        self.ring = PolyRing(self.names or (sp.Dummy(),), QQ, lex)
        self._place = dict(zip(self.names, self.ring.gens, strict=False))

    @property
    def one(self) -> Poly:
        return self.ring.one

    @property
    def zero(self) -> Poly:
        return self.ring.zero

    def gen(self, name: sp.Expr) -> Poly:
        return self._place[name]

    def polynomial(self, expr: sp.Expr) -> Poly:
        """The polynomial of an expression that divides by numbers alone."""
        above, below = self.quotient(expr)
        if not below.is_ground:
            raise ValueError(f"{expr} is not a polynomial")
        return above.quo_ground(below.coeff(1))

    def quotient(self, expr: Any) -> tuple[Poly, Poly]:
        """Numerator and denominator of an expression. Raises R413 where it has too many terms written out."""
        if expr.is_Rational:
            return self.ring(QQ(int(expr.p), int(expr.q))), self.ring.one
        if expr in self._place:
            return self._place[expr], self.ring.one
        if expr.is_Pow and expr.exp.is_Integer and abs(expr.exp) <= _MOST_POWER:
            above, below = self.quotient(expr.base)
            n = int(expr.exp)
            if len(above) ** abs(n) > MOST_TERMS * 10:
                raise too_large()
            return (above**n, below**n) if n >= 0 else (below**-n, above**-n)
        if expr.is_Mul:
            above, below = self.ring.one, self.ring.one
            for factor in expr.args:
                a, b = self.quotient(factor)
                above, below = times(above, a), times(below, b)
            return above, below
        if expr.is_Add:
            parts = [self.quotient(a) for a in expr.args]
            below = self.ring.one
            for b in dict.fromkeys(b for _, b in parts):
                if not b.is_ground and below.rem(b):
                    below = times(below, b.quo(common_divisor(b, below)) if len(b) == 1 or len(below) == 1 else b)
            whole = self.ring.zero
            for a, b in parts:
                whole += times(a, below.exquo(b))
            return whole, below
        raise ValueError(f"{expr} is not in this ring")

    def by_powers(self, p: Poly, count: int | None = None) -> dict[tuple[int, ...], Poly]:
        """A polynomial in the first names: exponents -> coefficient in the others."""
        n = len(self.first) if count is None else count
        found: dict[tuple[int, ...], dict[tuple[int, ...], Any]] = {}
        for powers, coefficient in p.terms():
            rest = (0,) * n + tuple(powers[n:])
            found.setdefault(tuple(powers[:n]), {})[rest] = coefficient
        return {powers: self.ring.from_dict(rest) for powers, rest in found.items()}


def times(a: Poly, b: Poly) -> Poly:
    """The product. Raises R413 where it is too long."""
    if len(a) * len(b) > MOST_TERMS * 20:
        raise too_large()
    product = a * b
    if len(product) > MOST_TERMS:
        raise too_large()
    return product


def too_large() -> RxnError:
    """R413: formulas too long."""
    message = f"the fast subsystem has formulas of more than {MOST_TERMS:,} terms, or too many to write"
    return RxnError("R413", message, hint="name fewer fast species, or its fast reactions for a rapid equilibrium")


def _names(expr: Any, found: set[sp.Expr]) -> None:
    if expr.is_Rational:
        return
    if expr.is_Add or expr.is_Mul:
        for a in expr.args:
            _names(a, found)
    elif expr.is_Pow and expr.exp.is_Integer and abs(expr.exp) <= _MOST_POWER:
        _names(expr.base, found)
    else:
        found.add(expr)


# ---------------------------------------------------------------------------------------------- linear equations


def fraction_free(matrix: Sequence[Sequence[Poly]], right: Sequence[Poly]) -> tuple[list[Poly], Poly] | None:
    """Numerators and the common denominator of the solution of A x = b; None where det A = 0.

    Gauss-Jordan elimination without fractions (Bareiss 1968): every division is exact, the entries are minors.
    """
    n, work = len(matrix), 0
    rows = [[*row, b] for row, b in zip(matrix, right, strict=True)]
    before: Poly = None
    for k in range(n):
        candidates = [i for i in range(k, n) if rows[i][k]]
        if not candidates:
            return None
        best = min(candidates, key=lambda i: (len(rows[i][k]), sum(len(x) for x in rows[i]), i))
        rows[k], rows[best] = rows[best], rows[k]
        pivot = rows[k][k]
        for i in range(n):
            if i != k:
                factor = rows[i][k]
                for j in range(n + 1):
                    if j == k or (j < k and j != i):
                        continue
                    work += len(pivot) * len(rows[i][j]) + len(factor) * len(rows[k][j])
                    if work > MOST_WORK:
                        raise too_large()
                    entry = times(pivot, rows[i][j]) if rows[i][j] else rows[i][j]
                    if factor and rows[k][j]:
                        entry = entry - times(factor, rows[k][j])
                    rows[i][j] = entry if before is None else divided(entry, before)
                rows[i][k] = factor.ring.zero
        before = pivot
    return [row[n] for row in rows], before


def divided(f: Poly, g: Poly) -> Poly:
    """f/g where that is a polynomial: term by term from a heap of monomials, in time of the terms made."""
    if len(g) == 1 or not f:
        return f.exquo(g)
    (lead, first), *others = g.terms()
    left = dict(f)
    heap = [tuple(-n for n in powers) for powers in left]
    heapify(heap)
    found = {}
    while heap:
        at = tuple(-n for n in heappop(heap))
        c = left.pop(at, None)
        if c is None:
            continue
        place = tuple(a - b for a, b in zip(at, lead, strict=True))
        found[place] = c = c / first
        for powers, coefficient in others:
            to = tuple(a + b for a, b in zip(place, powers, strict=True))
            if to in left:
                rest = left[to] - c * coefficient
                if rest:
                    left[to] = rest
                else:
                    del left[to]
            else:
                left[to] = -c * coefficient
                heappush(heap, tuple(-n for n in to))
    return f.ring.from_dict(found)


def lowest(numerators: Sequence[Poly], denominator: Poly) -> tuple[list[Poly], Poly]:
    """The same quotients without common divisor, whole coefficients, the denominator's first one positive."""
    every = [denominator, *(p for p in numerators if p)]
    common = every[0]
    if sum(len(p) for p in every) <= _MOST_GCD:
        for p in sorted(every[1:], key=len):
            if common.is_ground:
                break
            common = common_divisor(common, p)
    else:  # names that divide everything
        least = [min(m[i] for p in every for m in p.monoms()) for i in range(len(common.ring.gens))]
        common = common.ring.from_dict({tuple(least): QQ(1)})
    numerators, denominator = [p.exquo(common) for p in numerators], denominator.exquo(common)
    whole = QQ(1)
    factor = denominator.ring.domain.get_ring()
    bottom, top = factor.one, factor.zero
    for p in [denominator, *numerators]:
        for c in p.coeffs():
            bottom, top = factor.lcm(bottom, c.denominator), factor.gcd(top, c.numerator)
    whole = QQ(bottom, top)
    if sum(1 if c > 0 else -1 for c in denominator.coeffs()) < 0 or (
        sum(1 if c > 0 else -1 for c in denominator.coeffs()) == 0 and denominator.LC < 0
    ):
        whole = -whole
    return [p.mul_ground(whole) for p in numerators], denominator.mul_ground(whole)


# ---------------------------------------------------------------------------------------------- writing


def one_sign(p: Poly) -> int:
    """1 or -1 where all coefficients of a polynomial have this sign, so that it has it wherever names are positive."""
    signs = {1 if c > 0 else -1 for c in p.coeffs()}
    return signs.pop() if len(signs) == 1 else 0


def written(p: Poly, variables: Iterable[sp.Symbol]) -> sp.Expr:
    """A polynomial as a product of factors, each collected over `variables` with factored coefficients."""
    return _written(p, tuple(variables)) if p else sp.S.Zero


@lru_cache(maxsize=256)
def _written(p: Poly, variables: tuple[sp.Symbol, ...]) -> sp.Expr:
    constant, factors = _factors(p)
    parts = [_collected(f, variables) ** n for f, n in factors]
    return _scaled(sp.Rational(int(constant.numerator), int(constant.denominator)), parts)


def over(above: Poly, below: Poly, variables: Iterable[sp.Symbol]) -> sp.Expr:
    """A quotient written."""
    chosen = tuple(variables)
    return written(above, chosen) / written(below, chosen) if above else sp.S.Zero


def factors_of(p: Poly) -> tuple[tuple[Poly, int], ...]:
    """The factors of a polynomial and how often they stand in it, numbers left out."""
    return _factors(p)[1]


@lru_cache(maxsize=1024)
def _factors(p: Poly) -> tuple[Any, tuple[tuple[Poly, int], ...]]:
    """Constant and factors: exactly where some name stands in first power, else where there are few terms."""
    content, body = p.primitive()
    powers = [min(m[i] for m in body.monoms()) for i in range(len(body.ring.gens))]
    factors = [(g, n) for g, n in zip(body.ring.gens, powers, strict=True) if n]
    body = body.ring.from_dict({tuple(a - b for a, b in zip(m, powers, strict=True)): c for m, c in body.terms()})
    if body.is_ground:
        return content * body.coeff(1), tuple(factors)
    found: dict[Poly, int] = {}
    sign = _split(body, found)
    return content * sign, (*factors, *sorted(found.items(), key=lambda pair: (len(pair[0]), str(pair[0]))))


def _split(p: Poly, found: dict[Poly, int]) -> int:
    """Irreducible factors of a primitive polynomial without monomial ones, counted, each turned positive; the sign."""
    for i in _linear_in(p):
        top = p.ring.from_dict({_without(m, i): c for m, c in p.terms() if m[i]})
        rest = p.ring.from_dict({m: c for m, c in p.terms() if not m[i]})
        common = common_divisor(top, rest)
        # a polynomial of first degree in a name is irreducible where its coefficients have nothing in common
        inner = p if common.is_ground else p.exquo(common)
        sign = _take(inner, 1, found)
        return sign if common.is_ground else sign * _split(common, found)
    if len(p) > _MOST_FACTORED:
        return _take(p, 1, found)
    constant, parts = p.factor_list()
    sign = 1 if constant > 0 else -1
    for f, n in parts:
        sign *= _take(f, n, found)
    return sign


def _linear_in(p: Poly) -> list[int]:
    """The name in which a polynomial is of first degree and has fewest terms with it, if there is one."""
    best = [
        (sum(m[i] for m in p.monoms()), i) for i in range(len(p.ring.gens)) if max(m[i] for m in p.monoms()) == 1
    ]
    return [min(best)[1]] if best else []


def _without(powers: tuple[int, ...], i: int) -> tuple[int, ...]:
    return (*powers[:i], powers[i] - 1, *powers[i + 1 :])


def _take(p: Poly, n: int, found: dict[Poly, int]) -> int:
    positive = one_sign(p) > 0 or (one_sign(p) == 0 and p.LC > 0)
    f = p if positive else -p
    found[f] = found.get(f, 0) + n
    return 1 if positive or n % 2 == 0 else -1


def _collected(p: Poly, variables: Sequence[sp.Symbol]) -> sp.Expr:
    """A sum over monomials of `variables`, the coefficients factored."""
    names = p.ring.symbols
    places = [i for i, s in enumerate(names) if s in variables]
    parts: dict[tuple[int, ...], dict[tuple[int, ...], Any]] = {}
    for powers, c in p.terms():
        outside = tuple(0 if i in places else n for i, n in enumerate(powers))
        parts.setdefault(tuple(powers[i] for i in places), {})[outside] = c
    terms = []
    for kept, rest in parts.items():
        coefficient = p.ring.from_dict(rest)
        monomial = sp.Mul(*(names[i] ** n for i, n in zip(places, kept, strict=True)))
        if len(coefficient) == 1 or (len(parts) == 1 and not places):
            terms.append(coefficient.as_expr() * monomial)
            continue
        constant, factors = _factors(coefficient)
        number = sp.Rational(int(constant.numerator), int(constant.denominator))
        terms.append(_scaled(number, [*(f.as_expr() ** n for f, n in factors), monomial]))
    return sp.Add(*terms)


def _scaled(number: sp.Rational, factors: Sequence[sp.Expr]) -> sp.Expr:
    return sp.Mul(number, *ordered_factors(sp.Mul(*factors)))
