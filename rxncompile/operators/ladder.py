"""The algebra of ladder operators as tables of normal-ordered terms, exact.

    a_i â_j - â_j a_i = delta_ij        a^m â^n = sum_k C(m, k) C(n, k) k! â^(n-k) a^(m-k)

A term is (constants, created, destroyed): number. `created` and `destroyed` are monomials, sorted species indices with
repetition, so that a term of a large network is as small as its reaction; numbers are Python's. The closed form is a
look-up, so that products and commutators make no expression. Sources: Doi 1976; Ernst et al. 2018, Eqs. 2-4.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property, lru_cache
from math import comb, factorial, perm

import sympy as sp

from ..errors import RxnError
from ..monomials import Kind, Monomial, falling_from_powers, powers_from_falling
from .generator import Generator

Number = int | Fraction
Constants = tuple[tuple[sp.Expr, int], ...]  # a product of powers of parameters, sorted
Key = tuple[Constants, Monomial, Monomial]
Counts = tuple[int, ...]
_NONE: Constants = ()


@dataclass(frozen=True)
class Operator:
    """A sum of `number * constants * â^created a^destroyed` over the counts of `species`."""

    species: tuple[sp.Symbol, ...]
    table: Mapping[Key, Number]

    @cached_property
    def rows(self) -> tuple[tuple[Key, Number], ...]:
        """The terms in a fixed order."""
        return tuple(self.table.items())

    @cached_property
    def places(self) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
        """The rows that create each species, and those that annihilate it."""
        found: tuple[dict[int, list[int]], dict[int, list[int]]] = ({}, {})
        for row, (key, _) in enumerate(self.rows):
            for side, where in zip(key[1:], found, strict=True):
                for i in set(side):
                    where.setdefault(i, []).append(row)
        return found

    def __add__(self, other: Operator) -> Operator:
        total = dict(self.table)
        for key, x in _like(self, other).table.items():
            total[key] = total.get(key, 0) + x
        return _made(self.species, total)

    def __neg__(self) -> Operator:
        return Operator(self.species, {key: -x for key, x in self.table.items()})

    def __sub__(self, other: Operator) -> Operator:
        return self + -other

    def __rmul__(self, number: sp.Expr | int | Fraction) -> Operator:
        """A number or an expression of parameters times the operator."""
        return Operator(self.species, {(c, (), ()): x for c, x in constants(number)}) * self

    def __mul__(self, other: Operator) -> Operator:
        """The product, normal ordered."""
        total: dict[Key, Number] = {}
        for right, y in _like(self, other).table.items():
            for left, x in self.table.items():
                _join(total, left, right, x * y)
        return _made(self.species, total)

    def __pow__(self, exponent: int) -> Operator:
        found = identity(self.species)
        for _ in range(exponent):
            found = found * self
        return found

    def terms(self) -> Iterator[tuple[sp.Expr, Monomial, Monomial]]:
        """(coefficient, created, destroyed) of every normal-ordered product, once each."""
        found: dict[tuple[Monomial, Monomial], list[sp.Expr]] = {}
        for (c, made, taken), x in self.table.items():
            found.setdefault((made, taken), []).append(_expr(c, x))
        for (made, taken), parts in sorted(found.items()):
            yield sp.Add(*parts), made, taken

    def act(self, counts: Counts) -> dict[Counts, sp.Expr]:
        """`O |n>` as {counts: coefficient}: `â^p a^q |n> = n!/(n - q)! |n - q + p>`."""
        found: dict[Counts, list[sp.Expr]] = {}
        for (c, made, taken), x in self.table.items():
            weight, moved = x, list(counts)
            for i, q in Counter(taken).items():
                weight *= perm(counts[i], q)
                moved[i] -= q
            if weight:
                for i in made:
                    moved[i] += 1
                found.setdefault(tuple(moved), []).append(_expr(c, weight))
        totals = {n: sp.Add(*parts) for n, parts in found.items()}
        return {n: x for n, x in totals.items() if x != 0}

    def act_on(self, function: sp.Expr, z: Mapping[sp.Symbol, sp.Symbol]) -> sp.Expr:
        """`O` in the representation â -> z, a -> d/dz, on a function of z (Ernst et al. 2018, Eq. 4)."""
        total = []
        for coefficient, made, taken in self.terms():
            changed = function
            for i in taken:
                changed = changed.diff(z[self.species[i]])
            total.append(sp.Mul(coefficient, *(z[self.species[i]] for i in made), changed))
        return sp.Add(*total)

    def on_coherent(self, phi: Mapping[sp.Symbol, sp.Expr], z: Mapping[sp.Symbol, sp.Expr] | None = None) -> sp.Expr:
        """`O(z, phi)` with `O |phi> = O(â, phi) |phi>` for a coherent state, `a_i |phi> = phi_i |phi>`.

        Without `z`, at z = 1: the average over independent Poisson counts of means phi.
        """
        total = []
        for coefficient, made, taken in self.terms():
            factors = [phi[self.species[i]] for i in taken]
            total.append(sp.Mul(coefficient, *factors, *(z[self.species[i]] for i in made if z)))
        return sp.Add(*total)

    def adjoint(self) -> Operator:
        """Creation and annihilation exchanged: the transpose under `<m|n> = n! delta_mn`."""
        return _made(self.species, {(c, taken, made): x for (c, made, taken), x in self.table.items()})

    def average(self, kind: Kind = Kind.FACTORIAL) -> dict[Monomial, sp.Expr]:
        """`<1| O |P>` as {monomial: coefficient} in factorial or raw moments, since `<1| â = <1|`."""
        found: dict[Monomial, list[sp.Expr]] = {}
        for (c, _, taken), x in self.table.items():
            for m, y in ((taken, 1),) if kind is Kind.FACTORIAL else falling_from_powers(taken):
                found.setdefault(m, []).append(_expr(c, x * y))
        totals = {m: sp.Add(*parts) for m, parts in found.items()}
        return {m: x for m, x in sorted(totals.items(), key=lambda pair: (len(pair[0]), pair[0])) if x != 0}


def commutator(left: Operator, right: Operator) -> Operator:
    """`left right - right left`: only pairs that contract are looked at, and their uncontracted parts cancel."""
    _like(left, right)
    small, large, sign = (left, right, 1) if len(left.table) <= len(right.table) else (right, left, -1)
    making, taking = large.places
    total: dict[Key, Number] = {}
    for one, x in small.table.items():
        for row in {row for i in set(one[2]) for row in making.get(i, ())}:
            other, y = large.rows[row]
            _join(total, one, other, sign * x * y, contracted=True)
        for row in {row for i in set(one[1]) for row in taking.get(i, ())}:
            other, y = large.rows[row]
            _join(total, other, one, -sign * x * y, contracted=True)
    return _made(left.species, total)


def evolution(observable: Operator, gen: Generator) -> Operator:
    """`[O, W]`, whose average is d<O>/dt: `<1| W = 0`. Raises R516 as `ladder`."""
    return commutator(observable, ladder(gen))


# ---------------------------------------------------------------------------------------------- making


def identity(species: Iterable[sp.Symbol]) -> Operator:
    """1."""
    return Operator(tuple(species), {(_NONE, (), ()): 1})


def creator(species: tuple[sp.Symbol, ...], which: sp.Symbol) -> Operator:
    """â of one species."""
    return Operator(species, {(_NONE, (species.index(which),), ()): 1})


def annihilator(species: tuple[sp.Symbol, ...], which: sp.Symbol) -> Operator:
    """a of one species."""
    return Operator(species, {(_NONE, (), (species.index(which),)): 1})


def counted(species: tuple[sp.Symbol, ...], monomial: Monomial) -> Operator:
    """`prod N_i^m_i` of the number operators N = â a, normal ordered: `N^m = sum_j S(m, j) â^j a^j`."""
    return Operator(species, {(_NONE, m, m): x for m, x in powers_from_falling(monomial)})


@lru_cache(maxsize=16)
def ladder(gen: Generator) -> Operator:
    """W as a table of normal-ordered terms. Raises R516 for a law that is no finite sum of them."""
    place = gen.positions
    total: dict[Key, Number] = {}
    for term in gen.terms:
        if term.law is not None:
            message = f"the rate law of {term.name!r} is no polynomial of counts: no finite sum of ladder operators"
            raise RxnError("R516", message, term.origin)
        made, taken = (tuple(sorted(place[s] for s, n in side for _ in range(n))) for side in (term.after, term.before))
        for c, x in constants(term.rate):
            total[c, made, taken] = total.get((c, made, taken), 0) + x
            total[c, taken, taken] = total.get((c, taken, taken), 0) - x
    return _made(gen.species, total)


def constants(value: sp.Expr | int | Fraction) -> tuple[tuple[Constants, Number], ...]:
    """An expression of parameters as a sum of numbers times products of powers, the same for equal polynomials."""
    if isinstance(value, (int, Fraction)):
        return ((_NONE, value),)
    total: dict[Constants, Number] = {}
    for term in sp.Add.make_args(sp.expand(value)):
        number, rest = term.as_coeff_Mul(rational=True)
        powers: dict[sp.Expr, int] = {}
        for factor in sp.Mul.make_args(rest):
            if factor != 1:
                base, exponent = factor.as_base_exp() if not isinstance(factor, sp.exp) else (factor, sp.S.One)
                base, exponent = (base, exponent) if exponent.is_Integer else (factor, sp.S.One)
                powers[base] = powers.get(base, 0) + int(exponent)
        key = tuple(sorted(powers.items(), key=_place))
        total[key] = total.get(key, 0) + (int(number) if number.is_Integer else Fraction(number.p, number.q))
    return tuple(total.items())


# ---------------------------------------------------------------------------------------------- closed forms


def _like(one: Operator, other: Operator) -> Operator:
    if one.species != other.species:
        raise ValueError("operators over different species")
    return other


def _made(species: tuple[sp.Symbol, ...], table: Mapping[Key, Number]) -> Operator:
    return Operator(species, {key: x for key, x in table.items() if x})


def _join(total: dict[Key, Number], left: Key, right: Key, x: Number, contracted: bool = False) -> None:
    """Adds the normal-ordered product of two terms; `contracted`: without its part of no contraction."""
    c, made, taken = left
    d, other_made, other_taken = right
    both = _merged(c, d)
    for kept_made, kept_taken, ways in contractions(taken, other_made)[contracted:]:
        key = (both, tuple(sorted(made + kept_made)), tuple(sorted(kept_taken + other_taken)))
        total[key] = total.get(key, 0) + x * ways


@cache
def contractions(taken: Monomial, made: Monomial) -> tuple[tuple[Monomial, Monomial, int], ...]:
    """`a^taken â^made` in normal order: (created, destroyed, number), the part without contraction first."""
    found = [(made, taken, 1)]
    for i in dict.fromkeys(taken):
        m, n = taken.count(i), made.count(i)
        if n:
            ways = [comb(m, k) * comb(n, k) * factorial(k) for k in range(min(m, n) + 1)]
            found = [(_less(up, i, k), _less(down, i, k), x * y) for up, down, x in found for k, y in enumerate(ways)]
    return tuple(found)


def _less(monomial: Monomial, i: int, k: int) -> Monomial:
    """A sorted monomial without `k` of its factors i."""
    at = monomial.index(i)
    return monomial[:at] + monomial[at + k :]


@cache
def _merged(one: Constants, other: Constants) -> Constants:
    if not one or not other:
        return one or other
    powers = dict(one)
    for base, exponent in other:
        powers[base] = powers.get(base, 0) + exponent
    return tuple(sorted(((b, e) for b, e in powers.items() if e), key=_place))


def _place(factor: tuple[sp.Expr, int]) -> str:
    return _name(factor[0])


@cache
def _name(base: sp.Expr) -> str:
    return str(sp.srepr(base))


def _expr(c: Constants, x: Number) -> sp.Expr:
    number = sp.Integer(x) if isinstance(x, int) else sp.Rational(x.numerator, x.denominator)
    return sp.Mul(number, *(base**exponent for base, exponent in c))
