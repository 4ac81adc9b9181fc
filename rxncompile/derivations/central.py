"""Central moment equations: the propensities expanded about the mean, `y = n - mu`, D_ra = (d^a a_r)(mu)/a!.

    d mu_i/dt  = sum_r c_ri sum_a D_ra <y^a>
    d <y^m>/dt = sum_r sum_a D_ra sum_(j < m) C(m, j) c_r^(m - j) <y^(a + j)>  -  sum_i m_i d mu_i/dt <y^(m - e_i)>

Exact for polynomials; of other laws the terms up to a stated order of central moments are kept. Ale, Kirk and Stumpf
2013, Eqs. 3-9.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cache
from math import comb, factorial, inf

import sympy as sp

from ..expressions import derivative
from ..monomials import Monomial, monomials
from ..operators import Generator

Equation = dict[tuple[Monomial, ...], sp.Expr]  # a product of central moments -> its coefficient


class Expansion:
    """The propensities of a generator expanded about the mean; `order` for those that are no polynomial."""

    def __init__(
        self, gen: Generator, order: int, means: Callable[[int], sp.Symbol], derivatives: int | None = None
    ) -> None:
        place = gen.positions
        self.change = [{place[s]: n for s, n in t.change} for t in gen.terms]
        self.derivatives = derivatives  # where the Taylor series of a moment in the jump is cut, if it is
        self.slopes: list[list[tuple[Monomial, sp.Expr]]] = []
        self.truncated: list[str] = []
        self.highest: list[int | float] = []  # order of the central moments that a reaction's terms go up to
        at_mean = {s: means(i) for s, i in place.items()}
        for term in gen.terms:
            law = term.propensity
            used = sorted(place[s] for s in law.free_symbols if s in place)
            symbols = [gen.species[i] for i in used]
            exact = not used or law.is_polynomial(*symbols)
            depth = sp.Poly(law, *symbols).total_degree() if used and exact else 0 if not used else order
            if not exact:
                self.truncated.append(term.name)
            self.highest.append(inf if exact else order)
            self.slopes.append(_slopes(law, tuple(used), gen.species, depth, at_mean))
        self.touching: dict[int, list[int]] = {}
        for r, moved in enumerate(self.change):
            for i in moved:
                self.touching.setdefault(i, []).append(r)

        @cache
        def mean(i: int) -> tuple[tuple[Monomial, sp.Expr], ...]:
            total: dict[Monomial, list[sp.Expr]] = {}
            for r in self.touching.get(i, ()):
                for a, slope in self.slopes[r]:
                    if len(a) != 1:
                        total.setdefault(a, []).append(self.change[r][i] * slope)
            return tuple((a, sp.Add(*parts)) for a, parts in total.items())

        self.mean = mean

    def equation(self, m: Monomial) -> Equation:
        """The derivative of a mean (order 1) or of a central moment, by products of central moments."""
        found: dict[tuple[Monomial, ...], list[sp.Expr]] = {}
        if len(m) == 1:
            return {(a,) if a else (): slope for a, slope in self.mean(m[0])}
        powers = Counter(m)
        least = 0 if self.derivatives is None else len(m) - self.derivatives
        for r in sorted({r for i in powers for r in self.touching.get(i, ())}):
            parts: list[tuple[Monomial, int]] = [((), 1)]
            for i, q in powers.items():
                c = self.change[r].get(i, 0)
                row = [((i,) * j, comb(q, j) * c ** (q - j)) for j in range(q + 1)] if c else [((i,) * q, 1)]
                parts = [(p + s, x * y) for p, x in parts for s, y in row]
            for part, x in parts:
                if least <= len(part) < len(m):
                    for a, slope in self.slopes[r]:
                        whole = tuple(sorted(part + a))
                        if len(whole) != 1 and len(whole) <= self.highest[r]:
                            found.setdefault((whole,) if whole else (), []).append(x * slope)
        for i, q in powers.items():
            rest = list(m)
            rest.remove(i)
            if len(rest) > 1:  # the central moment of order 1 is 0
                for a, slope in self.mean(i):
                    both = sorted((tuple(rest), a)) if a else [tuple(rest)]
                    found.setdefault(tuple(both), []).append(-q * slope)
        return {moments: total for moments, each in found.items() if (total := sp.Add(*each)) != 0}


def _slopes(
    law: sp.Expr, used: tuple[int, ...], species: tuple[sp.Symbol, ...], depth: int, at_mean: dict[sp.Symbol, sp.Symbol]
) -> list[tuple[Monomial, sp.Expr]]:
    """(a, (d^a law)(mu)/a!) for all a of up to `depth` derivatives."""
    derivatives: dict[Monomial, sp.Expr] = {(): law}
    found: list[tuple[Monomial, sp.Expr]] = [((), law.xreplace(at_mean))]
    for a in monomials(used, depth):
        slope = derivative(derivatives[a[:-1]], species[a[-1]])
        derivatives[a] = slope
        if slope != 0:
            share = 1
            for q in Counter(a).values():
                share *= factorial(q)
            found.append((a, slope.xreplace(at_mean) / share))
    return found
