"""Conservation laws against hand-computed ones and, on random networks, against the definition."""

import numpy as np
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from rxncompile.expressions import symbol
from rxncompile.network import Flag, Network, OdeTerm, Reaction, Species, stoichiometry
from rxncompile.structure import conservation_laws, graph, modifiers

k = symbol("k")


def network(text: str, names: str, **flags: frozenset[Flag]) -> Network:
    """`A + 2 B > C; C > 0` over the species in `names`."""

    def side(words: str) -> tuple[tuple[str, int], ...]:
        counts: dict[str, int] = {}
        for term in words.split("+"):
            parts = term.split()
            if parts and parts != ["0"]:
                counts[parts[-1]] = counts.get(parts[-1], 0) + (int(parts[0]) if len(parts) > 1 else 1)
        return tuple(counts.items())

    reactions = []
    for i, line in enumerate(text.split(";")):
        left, right = line.split(">")
        reactions.append(Reaction(f"r{i}", side(left), side(right), k))
    species = tuple(Species(n, flags=flags.get(n, frozenset())) for n in names.split())
    return Network("test", species=species, reactions=tuple(reactions))


def laws(net: Network) -> set[tuple[tuple[str, int], ...]]:
    return {law.coefficients for law in conservation_laws(net)}


def test_enzyme_mechanism_keeps_enzyme_and_substrate() -> None:
    net = network("S + E > ES; ES > S + E; ES > P + E", "S E ES P")
    assert laws(net) == {(("E", 1), ("ES", 1)), (("S", 1), ("ES", 1), ("P", 1))}


def test_dimers_count_twice() -> None:
    assert laws(network("2 A > D; D > 2 A", "A D")) == {(("A", 1), ("D", 2))}


def test_open_networks_and_fixed_species() -> None:
    assert laws(network("0 > A; A > 0", "A")) == set()
    assert laws(network("A > B", "A B", B=frozenset({Flag.FIXED}))) == set()
    driven = Network(
        "t", species=(Species("A"), Species("B")),
        reactions=(Reaction("r", (("A", 1),), (("B", 1),), k),), ode_terms=(OdeTerm("A", k),),
    )  # fmt: skip
    assert laws(driven) == set()


def test_mixed_signs_only_where_nothing_else_spans() -> None:
    # A and B are made and lost together: A - B is kept, no non-negative law exists
    assert laws(network("0 > A + B; A + B > 0", "A B")) == {(("A", 1), ("B", -1))}


def test_modifiers_and_graph() -> None:
    E, S = symbol("E"), symbol("S")
    catalysed = Reaction("r", (("S", 1),), (("P", 1),), k * E * S, mass_action=False)
    net = Network("t", species=(Species("S"), Species("E"), Species("P")), reactions=(catalysed,))
    assert modifiers(net, catalysed) == ("E",)
    g = graph(net)
    assert g[("species", "E")][("reaction", "r")]["role"] == "modifier"
    assert g[("reaction", "r")][("species", "P")] == {"count": 1, "role": "product"}


@st.composite
def random_networks(draw: st.DrawFn) -> Network:
    n = draw(st.integers(1, 6))
    names = [f"X{i}" for i in range(n)]
    side = st.dictionaries(st.sampled_from(names), st.integers(1, 3), max_size=3)
    count = draw(st.integers(0, 6))
    reactions = tuple(
        Reaction(f"r{i}", tuple(draw(side).items()), tuple(draw(side).items()), k) for i in range(count)
    )
    return Network("random", species=tuple(Species(x) for x in names), reactions=reactions)


@given(random_networks())
def test_laws_are_a_basis_of_the_left_null_space(net: Network) -> None:
    matrix = np.zeros((len(net.species), len(net.reactions)), dtype=int)
    for i, r, value in stoichiometry(net):
        matrix[i, r] = value
    found = conservation_laws(net)
    rows = sp.zeros(len(found), len(net.species))
    for a, law in enumerate(found):
        for name, c in law.coefficients:
            rows[a, net.positions[name]] = c
    assert not any(rows * sp.Matrix(matrix)) if len(net.reactions) else True
    assert len(found) == len(net.species) - sp.Matrix(matrix).rank()
    assert len(found) == 0 or rows.rank() == len(found)
