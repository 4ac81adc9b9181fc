"""What the graph of a network says: its bipartite graph and its conservation laws."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import TYPE_CHECKING

import sympy as sp

from .expressions import symbol
from .network import Flag, Network, Reaction, stoichiometry

if TYPE_CHECKING:
    import networkx as nx

_SEMIFLOW_CAP = 2_000


@dataclass(frozen=True, slots=True)
class ConservationLaw:
    """`sum_s coefficient_s n_s` is constant: integer coefficients over species counts, without common divisor."""

    coefficients: tuple[tuple[str, int], ...]

    @property
    def formula(self) -> sp.Expr:
        """The conserved sum of counts as an expression."""
        return sp.Add(*(c * symbol(name) for name, c in self.coefficients))


def conservation_laws(net: Network) -> tuple[ConservationLaw, ...]:
    """A basis of the integer row vectors w with `w S = 0`, S the stoichiometric matrix.

    Laws with non-negative coefficients (of moieties) are preferred, short ones first; a law with mixed signs is
    given only where those do not span the space. Fixed species and species that ODE terms or events move take
    part in none. Exact integer arithmetic on sparse rows.
    """
    moved_otherwise = {t.species for t in net.ode_terms} | {n for e in net.events for n, _ in e.assignments}
    free = [
        i for i, s in enumerate(net.species) if Flag.FIXED not in s.flags and s.name not in moved_otherwise
    ]
    rows: dict[int, dict[int, int]] = {i: {} for i in free}
    for i, r, value in stoichiometry(net):
        if i in rows:
            rows[i][r] = value
    basis = _left_null_space(rows)
    if any(min(law.values()) < 0 for law in basis):
        basis = _independent([*_semiflows(rows), *basis], len(basis))
    basis.sort(key=lambda law: (len(law), sorted(law)))
    return tuple(ConservationLaw(tuple((net.species[i].name, law[i]) for i in sorted(law))) for law in basis)


def modifiers(net: Network, reaction: Reaction) -> tuple[str, ...]:
    """Species that a reaction's speed depends on without being consumed: catalysts, and names in its rate."""
    rules = {symbol(r.name): r.formula for r in net.rules}
    waiting, seen = set(reaction.rate.free_symbols), set()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting |= rules[name].free_symbols if name in rules else set()
    consumed = dict(reaction.reactants)
    produced = dict(reaction.products)
    catalysts = {name for name in consumed if produced.get(name) == consumed[name]}
    return tuple(s.name for s in net.species if s.name in catalysts or (s.symbol in seen and s.name not in consumed))


def graph(net: Network) -> nx.DiGraph:
    """The directed bipartite graph: nodes ("species", name) and ("reaction", name).

    Edges carry `count` (stoichiometry) and `role`: "reactant", "product" or "modifier".
    """
    import networkx as nx  # heavy, and only drawings and reports need it

    result = nx.DiGraph(name=net.name)
    for species in net.species:
        result.add_node(("species", species.name))
    for reaction in net.reactions:
        node = ("reaction", reaction.name)
        result.add_node(node)
        for name, count in reaction.reactants:
            result.add_edge(("species", name), node, count=count, role="reactant")
        for name, count in reaction.products:
            result.add_edge(node, ("species", name), count=count, role="product")
        consumed = {name for name, _ in reaction.reactants}
        for name in modifiers(net, reaction):
            if name not in consumed:
                result.add_edge(("species", name), node, count=0, role="modifier")
    return result


# ---------------------------------------------------------------------------------------------- linear algebra


def _reduced(row: dict[int, int]) -> dict[int, int]:
    """A row without zeros, divided by its greatest common divisor, its first entry positive."""
    kept = {k: v for k, v in row.items() if v}
    divisor = gcd(*kept.values()) if kept else 1
    if kept and kept[min(kept)] < 0:
        divisor = -divisor
    return {k: v // divisor for k, v in kept.items()}


def _combined(a: dict[int, int], x: int, b: dict[int, int], y: int) -> dict[int, int]:
    """x a + y b."""
    result = {k: x * v for k, v in a.items()}
    for k, v in b.items():
        result[k] = result.get(k, 0) + y * v
    return {k: v for k, v in result.items() if v}


def _left_null_space(rows: dict[int, dict[int, int]]) -> list[dict[int, int]]:
    """Integer basis of {w : sum_i w_i rows_i = 0} by elimination that carries the combination along."""
    pivots: dict[int, tuple[dict[int, int], dict[int, int]]] = {}
    null: list[dict[int, int]] = []
    for i, row in sorted(rows.items(), key=lambda item: len(item[1])):
        left, weights = dict(row), {i: 1}
        while left:
            column = min(left)
            if column not in pivots:
                pivots[column] = (left, weights)
                break
            other, other_weights = pivots[column]
            x, y = other[column], -left[column]
            divisor = gcd(x, y)
            x, y = x // divisor, y // divisor
            left = _combined(left, x, other, y)
            weights = _combined(weights, x, other_weights, y)
            shared = gcd(*left.values(), *weights.values())
            if shared > 1:
                left = {k: v // shared for k, v in left.items()}
                weights = {k: v // shared for k, v in weights.items()}
        if not left:
            null.append(_reduced(weights))
    return null


def _semiflows(rows: dict[int, dict[int, int]]) -> list[dict[int, int]]:
    """Non-negative laws of least support (Farkas' algorithm); none where they are too many to list."""
    table = [(dict(row), {i: 1}) for i, row in rows.items()]
    columns = sorted({c for row, _ in table for c in row})
    while columns:
        column = min(
            columns,
            key=lambda c: sum(r.get(c, 0) > 0 for r, _ in table) * sum(r.get(c, 0) < 0 for r, _ in table),
        )
        columns.remove(column)
        kept = [entry for entry in table if column not in entry[0]]
        plus = [entry for entry in table if entry[0].get(column, 0) > 0]
        minus = [entry for entry in table if entry[0].get(column, 0) < 0]
        if len(kept) + len(plus) * len(minus) > _SEMIFLOW_CAP:
            return []
        for up, up_law in plus:
            for down, down_law in minus:
                x, y = -down[column], up[column]
                law = _combined(up_law, x, down_law, y)
                divisor = gcd(*law.values())
                row = _combined(up, x, down, y)
                kept.append(({k: v // divisor for k, v in row.items()}, {k: v // divisor for k, v in law.items()}))
        table = _minimal(kept)
    return [law for _, law in table]


def _minimal(
    table: list[tuple[dict[int, int], dict[int, int]]],
) -> list[tuple[dict[int, int], dict[int, int]]]:
    """The entries whose support holds no other entry's support."""
    table = sorted(table, key=lambda entry: len(entry[1]))
    kept: list[tuple[dict[int, int], dict[int, int]]] = []
    for entry in table:
        if not any(other[1].keys() <= entry[1].keys() for other in kept):
            kept.append(entry)
    return kept


def _independent(laws: list[dict[int, int]], rank: int) -> list[dict[int, int]]:
    """The first `rank` linearly independent rows, non-negative and short ones first."""
    laws = sorted(laws, key=lambda law: (min(law.values()) < 0, len(law), sorted(law)))
    pivots: dict[int, dict[int, int]] = {}
    chosen: list[dict[int, int]] = []
    for law in laws:
        left = dict(law)
        while left:
            column = min(left)
            if column not in pivots:
                pivots[column] = left
                chosen.append(law)
                break
            left = _reduced(_combined(left, pivots[column][column], pivots[column], -left[column]))
        if len(chosen) == rank:
            break
    return chosen
