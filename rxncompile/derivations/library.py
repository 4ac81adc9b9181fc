"""A library of candidate reactions, projected onto one family: one System with one coefficient for each of them.

    d theta/dt = sum_r c_r F_r(theta)

F_r is the projection of reaction r alone (Proposition 1 of Ernst et al. 2018), so that learning the coefficients is
learning rates: Ernst et al. 2021, Appendix C.3. What the reactions share, the moments above all, is defined once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement, permutations

import sympy as sp

from ..expressions import quoted, symbol
from ..family import Family
from ..monomials import Monomial
from ..name_lists import names_given
from ..network import Network, Parameter, Reaction, Species
from ..system import System
from .formulas import shortest, size
from .projection import project


@dataclass(frozen=True)
class Library:
    """`system`: the sum over reactions; `alone`: the nodes of each reaction's own equations; `together`: of the sum's.

    Nodes are those of syntax trees (`formulas.nodes`): of every right-hand side and every definition that it uses, one
    more for each name that is defined. In `alone` nothing is shared between reactions; `together` holds one more
    product for each coefficient.
    """

    system: System
    alone: tuple[tuple[str, int], ...]
    together: int

    @property
    def total(self) -> int:
        """Nodes of all reactions, each by itself."""
        return sum(nodes for _, nodes in self.alone)

    def __str__(self) -> str:
        width = max((len(name) for name, _ in self.alone), default=0)
        lines = [f"{self.system.name}: {len(self.alone)} candidate reactions, {len(self.system.states)} parameters"]
        lines += [f"  {name.ljust(width)} {nodes:6}" for name, nodes in self.alone]
        mean = self.total / max(1, len(self.alone))
        lines.append(f"  {self.total} nodes, {mean:.0f} a reaction; {self.together} as one")
        return "\n".join(lines)


def weighted(candidates: Network, family: Family[Monomial]) -> System:
    """The projection of a network with a coefficient `c[name]` (1) before the rate of every reaction.

    Raises as `project`.
    """
    coefficients = tuple(Parameter(f"c[{quoted(r.name)}]", sp.S.One) for r in candidates.reactions)
    each = zip(coefficients, candidates.reactions, strict=True)
    reactions = tuple(replace(r, rate=symbol(c.name) * r.rate) for c, r in each)
    return project(replace(candidates, parameters=(*candidates.parameters, *coefficients), reactions=reactions), family)


def library(candidates: Network, family: Family[Monomial]) -> Library:
    """The `weighted` projection of the candidates, and the size of each one's own. Raises as `project`."""
    system = weighted(candidates, family)
    alone = []
    for reaction in candidates.reactions:
        one = project(replace(candidates, reactions=(reaction,)), family)
        alone.append((reaction.name, size(*shortest(dict(one.definitions), one.rhs))))
    return Library(system, tuple(alone), size(system.definitions, system.rhs))


def lotka_volterra(species: Sequence[str], catalysts: Sequence[str] = ()) -> Network:
    """The candidates of Ernst et al. 2021, Fig. 11: H + P -> 2 H for every ordered pair, A -> 2 A, A -> 0.

    `catalysts` are conserved: A + C -> C for every other species A.
    """
    species, catalysts = names_given(species, "species", "R540"), names_given(catalysts, "catalysts", "R540")
    pairs = [Reaction(f"{h}_eats_{p}", ((h, 1), (p, 1)), ((h, 2),), sp.S.One) for h, p in permutations(species, 2)]
    births = [Reaction(f"birth_{a}", ((a, 1),), ((a, 2),), sp.S.One) for a in species]
    deaths = [Reaction(f"death_{a}", ((a, 1),), (), sp.S.One) for a in species]
    lost = [Reaction(f"{a}_lost_by_{c}", ((a, 1), (c, 1)), ((c, 1),), sp.S.One) for c in catalysts for a in species]
    named = tuple(Species(name, initial=sp.S.One) for name in (*species, *catalysts))
    return Network("Lotka-Volterra candidates", species=named, reactions=(*pairs, *births, *deaths, *lost))


def mass_action(species: Sequence[str], order: int) -> Network:
    """All reactions of up to `order` molecules on either side, with the propensity prod C(n, m)."""
    species = names_given(species, "species", "R540")
    sides = [side for k in range(order + 1) for side in combinations_with_replacement(species, k)]
    found: list[Reaction] = []
    for before in sides:
        for after in sides:
            if before != after:
                counted = [tuple((s, side.count(s)) for s in dict.fromkeys(side)) for side in (before, after)]
                found.append(Reaction(f"r{len(found) + 1}", counted[0], counted[1], sp.S.One))
    named = tuple(Species(name, initial=sp.S.One) for name in species)
    return Network(f"mass action of order {order}", species=named, reactions=tuple(found))
