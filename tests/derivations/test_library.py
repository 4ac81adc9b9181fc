"""Candidate reactions as one System: coefficients, and expressions smaller than the paper's."""

import pytest
import sympy as sp

from rxncompile.derivations.families import gaussian_family
from rxncompile.derivations.formulas import inlined, nodes, shortest, size
from rxncompile.derivations.library import library, lotka_volterra, mass_action, weighted
from rxncompile.derivations.pca import principal_components, standard_components
from rxncompile.derivations.projection import project
from rxncompile.expressions import symbol

SPECIES = ["Ca", "IP3", "X"]
PAPER = 1442  # nodes of twelve reactions, simplified by Mathematica: Ernst et al. 2021, Appendix C.4


def test_lotka_volterra_candidates_have_fewer_nodes_than_the_papers() -> None:
    """Counted in full for each reaction: every formula, and one node more for every name that is defined."""
    found = library(lotka_volterra(SPECIES), principal_components(SPECIES, ["X"]))
    assert len(found.alone) == 12
    assert all(nodes > 0 for _, nodes in found.alone)
    assert found.total < PAPER * 0.7  # 952 when this was written
    assert found.together < PAPER / 2  # 609, the coefficients counted
    standard = library(lotka_volterra(SPECIES), standard_components(SPECIES, ["X"]))
    assert standard.total < PAPER / 2 and standard.together < PAPER / 2  # 640 and 528
    assert "12 candidate reactions" in str(found) and f"{found.total} nodes, {found.total / 12:.0f} a" in str(found)


def test_nodes_are_counted_as_leafcount_does() -> None:
    """LeafCount[a + b x^2] = 7; LeafCount[-a/2] = 5, Times[Rational[-1, 2], a]; LeafCount[1/s] = 3."""
    a, b, x = (symbol(s) for s in "abx")
    assert nodes(a + b * x**2) == 7
    assert nodes(-a / 2) == 5
    assert nodes(1 / x) == 3
    assert size([(a, b + x)], [a * x]) == 1 + 3 + 3


def test_the_short_form_of_every_candidate_is_its_own_projection() -> None:
    """Exactly, at a rational point."""
    net = lotka_volterra(SPECIES)
    family = principal_components(SPECIES, ["X"])
    point = {s.symbol: sp.Rational(2 + 3 * k, 4) for k, s in enumerate(family.parameters)}
    for reaction in net.reactions:
        system = project(type(net)(net.name, species=net.species, reactions=(reaction,)), family)
        definitions, formulas = shortest(dict(system.definitions), system.rhs)
        values = dict(point)
        for name, formula in definitions:
            values[name] = formula.xreplace(values)
        found = [f.xreplace(values) for f in formulas]
        assert found == list(system.evaluate({s.label: point[s.symbol] for s in system.states}).values())


def test_coefficients_are_rates() -> None:
    """c = 0 leaves a reaction out; the sum is linear in the coefficients."""
    net = lotka_volterra(["A", "B"], ["C"])
    species = ["A", "B", "C"]
    system = weighted(net, principal_components(species, ["B"]))
    labels = [f"c[{r.name}]" for r in net.reactions]
    assert [c.label for c in system.parameters if c.label.startswith("c[")] == labels
    state = {s.label: sp.Rational(3 + 2 * k, 5) for k, s in enumerate(system.states)}
    single = [system.evaluate(state, {x: int(x == label) for x in labels}) for label in labels]
    mixed = system.evaluate(state, {label: k + 1 for k, label in enumerate(labels)})
    for parameter, rate in mixed.items():
        assert rate == sum((k + 1) * one[parameter] for k, one in enumerate(single))
    assert any(rate != 0 for rate in mixed.values())


def test_mass_action_candidates_are_all_pairs_of_sides() -> None:
    net = mass_action(["A", "B"], 2)
    assert len(net.reactions) == 6 * 5  # sides: 0, A, B, 2 A, A + B, 2 B
    assert len({(r.reactants, r.products) for r in net.reactions}) == 30
    zero = [sp.S.Zero] * 2
    assert len(weighted(net, gaussian_family(["A", "B"], zero, [zero] * 2)).states) == 5


@pytest.mark.parametrize("often", [1, 2, 3])
def test_a_definition_stays_where_it_saves_nodes(often: int) -> None:
    a, b, c = (symbol(s) for s in "abc")
    kept, formulas, _ = inlined({c: a + b}, [sp.sin(c * k) for k in range(2, 2 + often)])
    assert (c in kept) == (often == 3)
    assert all((c in f.free_symbols) == (often == 3) for f in formulas)
