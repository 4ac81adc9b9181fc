"""Propensities by orders in the size of the system, and their derivatives: what van Kampen's expansion is made of.

    a_r(n) = a0_r + a1_r + a2_r + ...     a0 grows as the size, each further one by a power less

Falling factorials give the lower orders: n (n - 1) = n^2 - n. A law given in full is a function of concentrations, all
of it a0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import factorial, prod

import sympy as sp

from ..expressions import derivative, symbol
from ..monomials import Monomial, falling_from_powers
from ..network import Network, Reaction, change, propensity
from ..operators import Generator, rules_of_species

MOST = 3  # orders that are kept


@dataclass(frozen=True)
class Speed:
    """A reaction's change by species index and its propensity by orders, functions of the macroscopic counts."""

    name: str
    change: dict[int, int]
    orders: tuple[sp.Expr, ...]
    species: tuple[sp.Symbol, ...]

    @cached_property
    def used(self) -> tuple[int, ...]:
        """The species that the propensity depends on."""
        free = set().union(*(part.free_symbols for part in self.orders))
        return tuple(i for i, s in enumerate(self.species) if s in free)

    @property
    def leading(self) -> sp.Expr:
        return self.orders[0]

    @cached_property
    def _slopes(self) -> dict[tuple[int, Monomial], sp.Expr]:
        return {(k, ()): part for k, part in enumerate(self.orders)}

    def slope(self, order: int, at: Monomial) -> sp.Expr:
        """A partial derivative of one order, by the species of a monomial."""
        key = (order, at)
        if key not in self._slopes:
            self._slopes[key] = derivative(self.slope(order, at[:-1]), self.species[at[-1]])
        return self._slopes[key]

    def slopes(self, order: int, degree: int) -> Iterator[tuple[Monomial, sp.Expr]]:
        """Derivatives that are not zero, over m!: times a symmetric tensor they sum to a term of Taylor's series."""
        grown: list[Monomial] = [()]
        for _ in range(degree):
            grown = [
                (*m, i) for m in grown for i in self.used
                if (not m or i >= m[-1]) and self.slope(order, (*m, i)) != 0
            ]  # fmt: skip
        for m in grown:
            if self.slope(order, m) != 0:
                yield m, self.slope(order, m) / prod(factorial(q) for q in Counter(m).values())


def speeds(net: Network, gen: Generator) -> tuple[Speed, ...]:
    """Those of all reactions that change something."""
    rules = rules_of_species(net, frozenset(gen.species))
    found = []
    for reaction in net.reactions:
        moved = {gen.positions[symbol(name)]: n for name, n in change(net, reaction)}
        if moved:
            full = propensity(net, reaction).xreplace(rules)
            found.append(Speed(reaction.name, moved, _orders(reaction, full, gen), gen.species))
    return tuple(found)


def _orders(reaction: Reaction, full: sp.Expr, gen: Generator) -> tuple[sp.Expr, ...]:
    none = (sp.S.Zero,) * (MOST - 1)
    if not reaction.mass_action:
        return (full, *none)
    before = [(symbol(name), n) for name, n in reaction.reactants if symbol(name) in gen.positions]
    falling = sp.Mul(*(sp.Add(s, -j) for s, n in before for j in range(n)))
    rate = full / falling
    monomial = tuple(i for i in sorted(gen.positions[s] for s, n in before for _ in range(n)))
    parts: list[list[sp.Expr]] = [[] for _ in range(MOST)]
    for m, c in falling_from_powers(monomial):
        if len(monomial) - len(m) < MOST:
            parts[len(monomial) - len(m)].append(sp.Mul(c, rate, *(gen.species[i] for i in m)))
    return tuple(sp.Add(*part) for part in parts)
