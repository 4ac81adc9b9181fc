"""What `structure_of` says on random networks, against the definitions worked out slowly and another way."""

from __future__ import annotations

from itertools import combinations

import networkx as nx
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from written import SIDES, mass_action, network, receptors

from rxncompile.network import Network
from rxncompile.structure import conservation_laws, moieties, structure_of

NETWORKS = st.lists(st.tuples(SIDES, SIDES, st.just(1)), max_size=7).map(lambda steps: mass_action(steps, [1] * 5))


def complexes_of(net: Network) -> nx.DiGraph:
    g = nx.DiGraph()
    for r in net.reactions:
        if frozenset(r.reactants) != frozenset(r.products):
            g.add_edge(frozenset(r.reactants), frozenset(r.products))
    return g


def change_matrix(net: Network) -> sp.Matrix:
    """Species by reactions."""
    names = [s.name for s in net.species]
    columns = [[dict(r.products).get(n, 0) - dict(r.reactants).get(n, 0) for n in names] for r in net.reactions]
    return sp.Matrix(columns).T if columns else sp.zeros(len(names), 1)


@settings(deadline=None)
@given(NETWORKS)
def test_classes_are_components_of_the_graph_of_complexes(net: Network) -> None:
    found, g = structure_of(net), complexes_of(net)
    seen = {frozenset(frozenset(c) for c in part.complexes) for part in found.linkage_classes}
    assert seen == {frozenset(part) for part in nx.weakly_connected_components(g)}
    strong = {frozenset(frozenset(c) for c in s) for part in found.linkage_classes for s in part.strong_classes}
    assert strong == {frozenset(part) for part in nx.strongly_connected_components(g)}
    terminal = {frozenset(frozenset(c) for c in t) for t in found.terminal_classes}
    assert terminal == {frozenset(p) for p in nx.attracting_components(g)}
    assert found.reversible == all(g.has_edge(b, a) for a, b in g.edges)


@settings(max_examples=60, deadline=None)
@given(NETWORKS)
def test_moieties_are_the_laws_of_least_support(net: Network) -> None:
    """Every subset of species is tried: it carries one where its null space is a line, of one sign, of full support."""
    columns = change_matrix(net).T
    wanted = set()
    for size in range(1, 6):
        for chosen in combinations(range(5), size):
            space = columns[:, list(chosen)].nullspace()
            if len(space) == 1:
                entries = space[0] / sp.gcd(tuple(space[0]))
                entries = entries if entries[0] > 0 else -entries
                if all(x > 0 for x in entries):
                    wanted.add(tuple((net.species[i].name, int(x)) for i, x in zip(chosen, entries, strict=True)))
    found = moieties(net)
    assert found is not None
    assert {law.coefficients for law in found} == wanted
    # the basis takes as many of them as are independent
    rank = sp.Matrix([[dict(w).get(s.name, 0) for s in net.species] for w in wanted]).rank() if wanted else 0
    assert sum(law.non_negative for law in conservation_laws(net)) == rank


@settings(deadline=None)
@given(NETWORKS)
def test_the_theorems_conclude_where_their_conditions_hold(net: Network) -> None:
    found, g = structure_of(net), complexes_of(net)
    parts = [g.subgraph(p) for p in nx.weakly_connected_components(g)]
    names = [s.name for s in net.species]

    def deficiency(h: nx.DiGraph, classes: int) -> int:
        rows = [[dict(b).get(n, 0) - dict(a).get(n, 0) for n in names] for a, b in h.edges]
        return h.number_of_nodes() - classes - (sp.Matrix(rows).rank() if rows else 0)

    whole, each = deficiency(g, len(parts)), [deficiency(p, 1) for p in parts]
    weakly = all(nx.is_strongly_connected(p) for p in parts)
    ends = [sum(1 for _ in nx.attracting_components(p)) for p in parts]
    one = whole > 0 and max(each) <= 1 and sum(each) == whole and set(ends) == {1}
    text = found.verdict
    assert ("zero theorem" in text) == (whole == 0 and bool(parts))
    assert ("one theorem" in text) == one
    assert ("exactly one positive" in text) == (weakly and bool(parts) and (whole == 0 or one))
    terminal = {c for p in nx.attracting_components(g) for c in p}
    outside = [dict(c) for c in g.nodes if c not in terminal]
    alone = set()
    for a, b in combinations(outside, 2):
        differing = [n for n in names if a.get(n, 0) != b.get(n, 0)]
        if len(differing) == 1:
            alone.add(differing[0])
    assert set(found.robust_species) == (alone if whole == 1 else set())


def test_networks_of_thousands_of_reactions_by_formula() -> None:
    """A ring of reversible steps; receptors with six sites, whose states are the corners of a cube."""
    ring = structure_of(network("; ".join(f"X{i} <> X{(i + 1) % 1500}" for i in range(1500))))
    assert (len(ring.complexes), len(ring.linkage_classes), ring.rank, ring.deficiency) == (1500, 1, 1499, 0)
    assert [len(law.coefficients) for law in ring.laws] == [1500]
    # for each receptor 63 states with something bound: each has one class with what it may come of, and one direction
    found = structure_of(receptors(6, 8))
    assert (len(found.complexes), len(found.linkage_classes), found.rank) == (8 * (63 + 6 * 32), 8 * 63, 8 * 63)
    assert len(found.laws) == 8 + 6
    assert all(law.non_negative for law in found.laws)
    assert found.reversible
