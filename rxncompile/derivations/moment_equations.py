"""The equation of one moment at a time, as tables of terms: raw, factorial, central moments and cumulants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from math import comb, perm

import sympy as sp

from ..errors import RxnError
from ..monomials import Kind, Monomial, falling_from_powers, moment_symbol
from ..operators import Generator, Term
from ..system import Polynomial
from .central import Expansion
from .cumulants import Product, weighted


def table_of(
    gen: Generator, names: Sequence[str], kind: Kind, expansion: int, derivatives: int | None = None
) -> Table:
    """The equations of moments of one kind, made one by one. Raises R516 for a law that is no polynomial, R517."""
    if kind is Kind.FACTORIAL and derivatives is not None:
        raise RxnError("R517", "a diffusion has no factorial moments", hint="raw, central and cumulant it has")
    if kind is Kind.CENTRAL:
        return _Central(gen, names, expansion, derivatives)
    return (_Cumulant if kind is Kind.CUMULANT else Table)(gen, names, kind, derivatives)


class Table:
    """The reactions of a generator as whole numbers, and the equations that follow."""

    def __init__(self, gen: Generator, names: Sequence[str], kind: Kind, derivatives: int | None = None) -> None:
        self.gen, self.names, self.kind, self.derivatives = gen, names, kind, derivatives
        place = gen.positions
        self.rates = [t.rate for t in gen.terms]
        self.change = [{place[s]: n for s, n in t.change} for t in gen.terms]
        self.before = [_monomial(t.before, place) for t in gen.terms]
        self.touching: dict[int, list[int]] = {}
        for r, moved in enumerate(self.change):
            for i in moved:
                self.touching.setdefault(i, []).append(r)
        self.law = [((m, 1),) if kind is Kind.FACTORIAL else falling_from_powers(m) for m in self.before]
        self.after = [_counts(t.after, place) for t in gen.terms]
        self.taken = [_counts(t.before, place) for t in gen.terms]
        self.symbols: dict[Monomial, sp.Symbol] = {}
        self.numbers: dict[int, sp.Integer] = {}
        for term in gen.terms:
            if term.law is not None:
                raise _no_polynomial(term)

    def symbol(self, m: Monomial) -> sp.Symbol:
        found = self.symbols.get(m)
        if found is None:
            found = self.symbols[m] = moment_symbol(m, self.names, self.kind)
        return found

    def terms(self, m: Monomial) -> dict[tuple[int, Monomial], int]:
        """{(reaction, monomial): coefficient}: the derivative of one moment."""
        found: dict[tuple[int, Monomial], int] = {}
        powers = _powers(m)
        reactions = sorted({r for i in powers for r in self.touching.get(i, ())})
        increment = self._raw if self.kind is Kind.RAW else self._factorial
        for r in reactions:
            law = self.law[r]
            for part, x in increment(r, powers):
                for base, c in law:
                    key = (r, tuple(sorted(part + base)))
                    found[key] = found.get(key, 0) + c * x
        return found

    def _raw(self, r: int, powers: dict[int, int]) -> list[tuple[Monomial, int]]:
        """(n + c)^m - n^m."""
        moved = self.change[r]
        parts: list[tuple[Monomial, int]] = [((), 1)]
        for i, q in powers.items():
            c = moved.get(i, 0)
            if c == 0:
                parts = [(p + (i,) * q, x) for p, x in parts]
            else:
                row = [((i,) * j, comb(q, j) * c ** (q - j)) for j in range(q + 1)]
                parts = [(p + s, x * y) for p, x in parts for s, y in row]
        whole = sum(powers.values())
        least = 0 if self.derivatives is None else whole - self.derivatives
        return [(p, x) for p, x in parts if least <= len(p) < whole]  # the highest term is n^m itself

    def _factorial(self, r: int, powers: dict[int, int]) -> list[tuple[Monomial, int]]:
        """sum_j C(m, j) [(after)_j - (before)_j] (n)_(m - j), to be multiplied by (n)_before index by index."""
        after, before = self.after[r], self.taken[r]
        parts: list[tuple[Monomial, int, int]] = [((), 1, 1)]
        for i, q in powers.items():
            made, taken = after.get(i, 0), before.get(i, 0)
            row = [((i,) * (q - j), comb(q, j), perm(made, j), perm(taken, j)) for j in range(q + 1)]
            parts = [(p + s, x * w * a, y * w * b) for p, x, y in parts for s, w, a, b in row if a or b]
        return [(p, x - y) for p, x, y in parts if x != y]

    def equation(self, m: Monomial) -> Polynomial:
        rates, symbol, numbers = self.rates, self.symbol, self.numbers
        rows = []
        for (r, key), x in self.terms(m).items():
            if x:
                number = numbers.get(x)
                if number is None:
                    number = numbers[x] = sp.Integer(x)
                rows.append((number, ((rates[r], 1), (symbol(key), 1)) if key else ((rates[r], 1),)))
        return Polynomial(rows)

    def uses(self, m: Monomial) -> Iterable[Monomial]:
        """The moments that an equation names."""
        return (key for (_, key), x in self.terms(m).items() if x)

    def needed(self, wanted: Iterable[Monomial], order: int) -> tuple[Monomial, ...]:
        """The wanted moments and those up to `order` that their equations lead to."""
        found = dict.fromkeys(wanted)
        waiting = list(found)
        while waiting:
            for key in self.uses(waiting.pop()):
                if key and len(key) <= order and key not in found:
                    found[key] = None
                    waiting.append(key)
        return tuple(sorted(found, key=lambda m: (len(m), m)))


class _Central(Table):
    """The same for central moments."""

    def __init__(self, gen: Generator, names: Sequence[str], order: int, derivatives: int | None = None) -> None:
        self.gen, self.names, self.kind = gen, names, Kind.CENTRAL
        self.symbols = {}
        self.expansion = Expansion(gen, order, lambda i: self.symbol((i,)), derivatives)

    def equation(self, m: Monomial) -> Polynomial:
        means = {self.symbol((i,)) for i in range(len(self.names))}
        rows = []
        for product, coefficient in self.expansion.equation(m).items():
            behind = tuple((self.symbol(factor), 1) for factor in product)
            for term in sp.Add.make_args(coefficient):
                powers = [f.as_base_exp() for f in sp.Mul.make_args(term)]
                known = [(b, int(e)) for b, e in powers if b in means and e.is_Integer and e > 0]
                front = sp.Mul(*(b**e for b, e in powers if b not in means or not (e.is_Integer and e > 0)))
                rows.append((sp.S.One, ((front, 1), *known, *behind)))
        return Polynomial(rows)

    def uses(self, m: Monomial) -> Iterable[Monomial]:
        place = {self.symbol((i,)): i for i in range(len(self.names))}
        for product, coefficient in self.expansion.equation(m).items():
            yield from product
            yield from ((place[s],) for s in coefficient.free_symbols if s in place)


class _Cumulant(Table):
    """The same for cumulants."""

    def products(self, m: Monomial) -> dict[tuple[int, Product], int]:
        """{(reaction, product of cumulants): coefficient}: the derivative of one cumulant."""
        powers = _powers(m)
        found: dict[tuple[int, Product], int] = {}
        for r in sorted({r for i in powers for r in self.touching.get(i, ())}):
            for part, x in self._raw(r, powers):
                for base, c in self.law[r]:
                    for product, ways in weighted(base, part):
                        found[r, product] = found.get((r, product), 0) + c * x * ways
        return found

    def equation(self, m: Monomial) -> Polynomial:
        rows = []
        for (r, product), x in self.products(m).items():
            if x:
                factors = Counter(self.symbol(k) for k in product)
                rows.append((sp.Integer(x), ((self.rates[r], 1), *factors.items())))
        return Polynomial(rows)

    def uses(self, m: Monomial) -> Iterable[Monomial]:
        return (k for (_, product), x in self.products(m).items() if x for k in product)


def _no_polynomial(term: Term) -> RxnError:
    message = f"the rate law of {term.name!r} is no polynomial of counts that vanishes where it cannot fire"
    return RxnError("R516", message, term.origin, "central moments expand such laws about the mean: use those")


def _monomial(powers: Iterable[tuple[sp.Symbol, int]], place: dict[sp.Symbol, int]) -> Monomial:
    return tuple(sorted(place[s] for s, n in powers for _ in range(n)))


def _counts(powers: Iterable[tuple[sp.Symbol, int]], place: dict[sp.Symbol, int]) -> dict[int, int]:
    return {place[s]: n for s, n in powers}


def _powers(m: Monomial) -> dict[int, int]:
    found: dict[int, int] = {}
    for i in m:
        found[i] = found.get(i, 0) + 1
    return found
