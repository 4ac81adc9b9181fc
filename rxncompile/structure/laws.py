"""Conservation laws: what the stoichiometry keeps, exactly."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import sympy as sp

from ..expressions import symbol
from ..network import Flag, Network, change
from .linear import Row, extreme_rays, independent, lifted, null_space


@dataclass(frozen=True, slots=True)
class ConservationLaw:
    """`sum_s coefficient_s n_s` is constant: integer coefficients over species counts, without common divisor."""

    coefficients: tuple[tuple[str, int], ...]

    @property
    def formula(self) -> sp.Expr:
        """The conserved sum of counts as an expression."""
        return sp.Add(*(c * symbol(name) for name, c in self.coefficients))

    @property
    def non_negative(self) -> bool:
        """Whether it counts a moiety: no coefficient is negative."""
        return all(c > 0 for _, c in self.coefficients)


def conservation_laws(net: Network) -> tuple[ConservationLaw, ...]:
    """A basis of the integer row vectors w with `w S = 0`, S the stoichiometric matrix.

    Non-negative laws (of moieties) of least support are taken first, the shortest first; a law with mixed signs is
    given only where those do not span the space. Fixed species and species that ODE terms or events move take part
    in none. Exact integer arithmetic on sparse rows.
    """
    return laws_and_moieties(net)[0]


def moieties(net: Network) -> tuple[ConservationLaw, ...] | None:
    """Every non-negative conservation law of least support; None where there are more than a few hundred.

    Each non-negative law is a non-negative combination of these (the extreme semi-positive laws, or minimal
    P-semiflows; Schuster and Hoefer 1991), and they depend on the stoichiometry alone.
    """
    return laws_and_moieties(net)[1]


@lru_cache(maxsize=8)
def laws_and_moieties(
    net: Network,
) -> tuple[tuple[ConservationLaw, ...], tuple[ConservationLaw, ...] | None]:
    """`conservation_laws` and `moieties` by one elimination."""
    basis = _null_space(net)
    rays = extreme_rays(basis)
    candidates = [*(rays if rays is not None else lifted(basis)), *basis]
    chosen = independent(sorted(candidates, key=_shortest), len(basis))
    laws = _named(net, [row if row[min(row)] > 0 else {c: -x for c, x in row.items()} for row in chosen])
    return laws, None if rays is None else _named(net, sorted(rays, key=_shortest))


def moved_otherwise(net: Network) -> frozenset[str]:
    """Species that ODE terms or events change besides the reactions."""
    return frozenset({t.species for t in net.ode_terms} | {n for e in net.events for n, _ in e.assignments})


def _null_space(net: Network) -> list[Row]:
    positions = net.positions
    rows: list[Row] = []
    seen: set[tuple[tuple[str, int], ...]] = set()
    for reaction in net.reactions:
        moves = change(net, reaction)
        if moves not in seen and tuple((n, -c) for n, c in moves) not in seen:
            seen.add(moves)
            rows.append({positions[name]: count for name, count in moves})
    # what something else moves no law may weigh
    rows += [{positions[name]: 1} for name in moved_otherwise(net) if name in positions]
    return null_space(rows, [i for i, s in enumerate(net.species) if Flag.FIXED not in s.flags])


def _shortest(row: Row) -> tuple[bool, int, int, list[int]]:
    return min(row.values()) < 0, len(row), sum(abs(x) for x in row.values()), sorted(row)


def _named(net: Network, rows: list[Row]) -> tuple[ConservationLaw, ...]:
    return tuple(ConservationLaw(tuple((net.species[i].name, row[i]) for i in sorted(row))) for row in rows)
