"""Projection onto families: the papers' numbers, exactness on the family, linearity over reactions."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import mass_action_networks

import rxncompile as rx
from rxncompile.derivations.closures import close, gaussian
from rxncompile.derivations.families import gaussian_counts, gaussian_family, geometric
from rxncompile.derivations.moments import moments
from rxncompile.derivations.pca import First, Standard, principal_components
from rxncompile.derivations.projection import project
from rxncompile.errors import RxnError
from rxncompile.monomials import Kind
from rxncompile.network import Network
from rxncompile.system import System

FOLDER = Path(os.environ.get("RXNCOMPILE_REFERENCE", Path(__file__).parent.parent / "reference"))
BRANCHING = "species A = 1\nparam kb = 1, kd = 1.5\nA -> 2 A @ kb\nA -> 0 @ kd\n"


def reference(name: str) -> Any:
    if not FOLDER.is_dir():
        pytest.skip(f"no reference numbers at {FOLDER}")
    return json.loads((FOLDER / f"{name}.json").read_text())


@pytest.mark.reference
def test_galton_watson_in_one_parameter() -> None:
    system = project(rx.parse(BRANCHING), geometric())
    for point in reference("galton_watson_dbd")["K1"]:
        found = system.evaluate({"nu[1]": point["nu"]}, {"kb": point["kb"], "kd": point["kd"]})
        assert float(found["nu[1]"]) == pytest.approx(point["F"], rel=1e-10)


@pytest.mark.reference
def test_galton_watson_in_two_parameters_read_as_gaussian() -> None:
    system = project(rx.parse(BRANCHING), gaussian_counts((sp.S.One, sp.S.One)))
    for point in reference("galton_watson_dbd")["K2"]:
        state = {"nu[1]": point["nu1"], "nu[2]": point["nu2"]}
        found = system.evaluate(state, {"kb": point["kb"], "kd": point["kd"]})
        for k in ("1", "2"):
            assert float(found[f"nu[{k}]"]) == pytest.approx(point[f"F{k}_gaussian"], rel=1e-10)


def test_the_geometric_family_is_kept_by_branching() -> None:
    """A geometric distribution stays one under A -> 2A, A -> 0 (all but its mass at 0): nu follows the mean exactly."""
    system = project(rx.parse(BRANCHING), geometric(sp.Rational(1, 2)))
    path = rx.integrate(system, [0, 1, 3], rtol=1e-10)
    first = 1 / (sp.exp(sp.Rational(1, 2)) - 1)
    assert path["<A>"] == pytest.approx([float(first * sp.exp(-t / 2)) for t in (0, 1, 3)], rel=1e-8)


def reaction(text: str, species: list[str]) -> Network:
    """`Ca+IP3->2Ca` with k = 1 and the propensity of the paper, without factorials."""
    left, right = (" + ".join(re.sub(r"^(\d+)", r"\1 ", s) for s in side.split("+")) for side in text.split("->"))
    return rx.parse(f"model M {{powers}}\nspecies {', '.join(species)}\nr: {left} -> {right} @ 1\n")


def flat(point: Any, visible: list[str], hidden: list[str], prefix: str = "") -> dict[str, float]:
    """The parameters (or with F_ their rates) of a point of the file by label."""
    found = dict(zip((f"b[{x}]" for x in visible), point[f"{prefix}b"], strict=True))
    for i, x in enumerate(visible):
        found |= {f"W[{x},{h}]": point[f"{prefix}W"][i][j] for j, h in enumerate(hidden)}
    found["sigma2"] = point[f"{prefix}sigma2"]
    found |= {f"mu[{h}]": point[f"{prefix}mu_h"][j] for j, h in enumerate(hidden)}
    for j, h in enumerate(hidden):
        found |= {f"S[{h},{g}]": point[f"{prefix}Sigma_h"][j][k] for k, g in enumerate(hidden) if k >= j}
    return found


@pytest.mark.reference
@pytest.mark.parametrize("name", ["ca_ip3_x", "two_hidden", "with_receptor"])
def test_principal_components_of_every_candidate_reaction(name: str) -> None:
    case = reference("pca_dbd")[name]
    species = case["species"]
    visible, hidden = species[: case["Nv"]], species[case["Nv"] :]
    family = principal_components(species, hidden)
    checked = 0
    for text in case["points"][0]["reactions"]:
        system = project(reaction(text, species), family)
        for point in case["points"]:
            found = system.evaluate(flat(point, visible, hidden))
            for label, want in flat(point["reactions"][text], visible, hidden, "F_").items():
                assert float(found[label]) == pytest.approx(want, rel=1e-10, abs=1e-10), (text, label)
                checked += 1
    assert checked >= 100


def test_standard_units_change_nothing_but_the_units() -> None:
    """theta of y, n = m + s y, follows the same means and covariances as theta of n."""
    net = rx.parse("species A = 1, B, X\nA + B -> 2 A @ 1\nA + X -> A + 2 X @ 2\nX -> 0 @ 1\nB -> 2 B @ 3\n")
    shift, scale = (sp.Integer(2), sp.Integer(-1), sp.Integer(5)), (sp.Integer(3),) * 2 + (sp.Rational(1, 2),)
    first = First(b=(sp.S.One, sp.S.Zero), W=((sp.S.One,), (sp.Integer(2),)), mu=(sp.S.One,), S=((sp.Integer(2),),))
    plain = project(net, principal_components(("A", "B", "X"), ("X",), first))
    scaled = project(net, principal_components(("A", "B", "X"), ("X",), first, Standard(shift, scale)))
    state = {"b[A]": 1, "b[B]": 0, "W[A,X]": 1, "W[B,X]": 2, "sigma2": 1, "mu[X]": 1, "S[X,X]": 2}
    y = scaled.evaluate(state)
    # the same point in counts: mu = m + s mu_y, W = s_v W_y/s_h, b = m_v + s_v b_y - W m_h; visible species have one s,
    # so that sigma2 is one number
    W = {"A": sp.Integer(6), "B": sp.Integer(12)}
    n = plain.evaluate({
        "b[A]": 2 + 3 - W["A"] * 5, "b[B]": -1 - W["B"] * 5, "W[A,X]": W["A"], "W[B,X]": W["B"], "sigma2": 9,
        "mu[X]": 5 + sp.Rational(1, 2), "S[X,X]": sp.Rational(1, 2),
    })  # fmt: skip
    assert n["mu[X]"] == y["mu[X]"] / 2 and n["S[X,X]"] == y["S[X,X]"] / 4 and n["sigma2"] == 9 * y["sigma2"]
    assert n["W[A,X]"] == 6 * y["W[A,X]"] and n["b[A]"] == 3 * y["b[A]"] - 5 * n["W[A,X]"]


@settings(max_examples=20, deadline=None)
@given(mass_action_networks(most_species=2, most_reactions=3))
def test_projecting_onto_gaussians_is_the_gaussian_closure(net: Network) -> None:
    species = [s.name for s in net.species]
    identity = [[sp.Integer(int(i == j)) for j in species] for i in species]
    found = project(net, gaussian_family(species, [sp.S.One] * len(species), identity))
    open_one = moments(net, 2, Kind.CENTRAL)
    closed = close(open_one, gaussian) if open_one.frontier else open_one
    state = {s.label: sp.Rational(3 + 7 * k, 5) for k, s in enumerate(found.states)}
    assert found.evaluate(state) == closed.evaluate(state)


@settings(max_examples=15, deadline=None)
@given(mass_action_networks(most_species=2, most_reactions=4), st.data())
def test_projection_is_linear_over_reactions(net: Network, data: st.DataObject) -> None:
    """Ernst et al. 2018, Proposition 1."""
    cut = data.draw(st.integers(0, len(net.reactions)))
    species = [s.name for s in net.species]
    if len(species) == 1:
        family = gaussian_counts((sp.S.One, sp.S.One))
    else:
        family = principal_components(species, species[1:])

    def field(part: Network) -> dict[str, sp.Expr]:
        system: System = project(part, family)
        return system.evaluate({s.label: sp.Rational(2 + 3 * k, 4) for k, s in enumerate(system.states)})

    parts = [field(replace(net, reactions=some)) for some in (net.reactions[:cut], net.reactions[cut:])]
    whole = field(net)
    assert all(sp.expand(whole[k] - parts[0][k] - parts[1][k]) == 0 for k in whole)


def test_a_family_without_hidden_species_is_refused() -> None:
    with pytest.raises(RxnError, match="some must be, and some not"):
        principal_components(("A", "B"), ())
