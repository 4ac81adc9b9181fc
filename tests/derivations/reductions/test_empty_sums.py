"""Sums that are 0: formulas of a reduction divide by nothing that is 0 there, and reduced networks go on from there."""

import numpy as np
import pytest
from mechanisms import agree, names

import rxncompile as rx
from rxncompile.derivations import reductions
from rxncompile.derivations.reductions.one_unknown import one_unknown

# product and inhibitor bind the free enzyme as the substrate does; no product is there at the start
COMPETITION = """
param ka = 10, kd = 1, kcat = 2, ji = 3, jd = 0.4, qa = 5, qd = 0.7
species A = 1, Q = 0, J = 0.5, E = 0.01, EA = 0, EJ = 0, EQ = 0
A + E <-> EA @ ka, kd
EA -> E + Q @ kcat
J + E <-> EJ @ ji, jd
Q + E <-> EQ @ qa, qd
"""
BOUND = ["EA", "EJ", "EQ"]
# a dimer that binds its gene
DIMER = """
param k = 10, r = 5, kon = 3, kof = 2, s = 0.1
species P = 0, D = 0, G = 1, GD = 0
2 P <-> D @ k, r {fast}
G + D <-> GD @ kon, kof {fast}
0 -> P @ s
P -> 0 @ s
"""


def test_substrates_by_the_free_enzyme() -> None:
    """Each is its sum over 1 + E/K: symbolically, for three that compete."""
    E, ka, kd, kcat, ji, jd, qa, qd = names("E ka kd kcat ji jd qa qd")
    A_total, J_total, Q_total = names("A_total J_total Q_total")
    found = reductions.total(rx.parse(COMPETITION), BOUND)
    formulas = dict(found.formulas)
    for s, whole, K in (("A", A_total, (kd + kcat) / ka), ("J", J_total, jd / ji), ("Q", Q_total, qd / qa)):
        assert agree(formulas[names(s)[0]], whole / (1 + E / K)), s
    assert found.network is not None and not found.system.fields


@pytest.mark.parametrize("empty", ["A", "J", "Q", "E", "A Q", "A J Q", "A J Q E"])
def test_without_some(empty: str) -> None:
    """At rest and without what is empty: no complex of it, and the others as they balance in the full model."""
    net = rx.with_values(rx.parse(COMPETITION), {"kcat": 1e-9, "Q": 0.3, "E": 0.2, **dict.fromkeys(empty.split(), 0.0)})
    t = np.array([0.0, 200.0])
    full = rx.integrate(rx.rate_equations(net), t, rtol=1e-10, atol=1e-14)
    path = rx.integrate(rx.total_qssa(net, BOUND), t, rtol=1e-10, atol=1e-14)
    for label in ("A", "J", "Q", "E", *BOUND):
        assert path[label][-1] == pytest.approx(full[label][-1], rel=1e-4, abs=1e-7), label


def test_a_gene_by_its_dimer() -> None:
    """G = G_total/(1 + (k/(2 r)) (kon/kof) P^2) whatever there is of P: not by what is left of P over P^2."""
    net = rx.parse(DIMER)
    system = rx.rapid_equilibrium(net)
    path = rx.integrate(system, np.linspace(0.0, 20.0, 41))
    P = path["P"]
    assert path["G"][0] == 1.0 and P[0] == 0.0
    np.testing.assert_allclose(path["G"], 1.0 / (1.0 + 10.0 / (2.0 * 5.0) * 3.0 / 2.0 * P**2), rtol=1e-6)


def test_what_divides_by_nothing_that_may_be_zero() -> None:
    """The formula that is chosen to bring a species back, of two that say the same."""
    P, G, T, N, K = names("P G T N K")
    found = one_unknown([P + 2 * K * P**2 * G - T, G + K * P**2 * G - N], [P, G])
    assert found is not None and found.unknown == P and found.regular
    assert agree(dict(found.others)[G], N / (1 + K * P**2))
    other = one_unknown([P + K * P**2 * G - T, P * G**2 - P + G - N], [P, G])
    assert other is not None and not other.regular


def test_what_divides_by_an_empty_sum_says_so() -> None:
    """A second substrate that binds the complex of the first: what closed formulas there are divide by its sum."""
    text = """
    species A = 1, E = 0.1, B = 0.5, EA = 0, EAB = 0, P = 0
    A + E <-> EA @ 10, 1 {fast}
    EA + B <-> EAB @ 3, 2 {fast}
    EAB -> E + P @ 1
    """
    found = reductions.total(rx.parse(text), ["EA", "EAB"])
    assert "where E_total or B_total is 0 the formulas have no value" in found.notes[-1]
    system = rx.total_qssa(rx.with_values(rx.parse(text), {"B": 0.0}), ["EA", "EAB"])  # by unknowns of a field
    path = rx.integrate(system, [0.0, 1.0])
    assert path["EAB"][-1] == 0.0 and 10.0 * path["A"][-1] * path["E"][-1] == pytest.approx(path["EA"][-1], rel=1e-6)
