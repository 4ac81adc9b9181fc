"""Projection onto families: exactness on the family, linearity over reactions, frames against differences."""

import math
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import mass_action_networks

import rxncompile as rx
from rxncompile.derivations.closures import close, gaussian
from rxncompile.derivations.discrete import count_exponentials
from rxncompile.derivations.families import gaussian_counts, gaussian_family, geometric
from rxncompile.derivations.latents import fourier_latent
from rxncompile.derivations.library import lotka_volterra
from rxncompile.derivations.moments import moments
from rxncompile.derivations.pca import First, Standard, principal_components, standard_components
from rxncompile.derivations.projection import project
from rxncompile.errors import RxnError
from rxncompile.family import Family
from rxncompile.learners.principal_components import symmetric_root
from rxncompile.monomials import Kind, Monomial
from rxncompile.network import Network, Reaction
from rxncompile.system import System

BRANCHING = "species A = 1\nparam kb = 1, kd = 1.5\nA -> 2 A @ kb\nA -> 0 @ kd\n"


def test_the_geometric_family_is_kept_by_branching() -> None:
    """A geometric distribution stays one under A -> 2A, A -> 0 (all but its mass at 0): nu follows the mean exactly."""
    system = project(rx.parse(BRANCHING), geometric(sp.Rational(1, 2)))
    path = rx.integrate(system, [0, 1, 3], rtol=1e-10)
    first = 1 / (sp.exp(sp.Rational(1, 2)) - 1)
    assert path["<A>"] == pytest.approx([float(first * sp.exp(-t / 2)) for t in (0, 1, 3)], rel=1e-8)


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


def families_of(species: list[str]) -> list[Family[Monomial]]:
    """Every family that a network of these species can be projected onto."""
    count = len(species)
    one = [sp.S.One] * count
    found = [gaussian_family(species, one, [one] * count)]
    found.append(count_exponentials([4, 3, 2][:count], [(i,) for i in range(count)] + [(0, count - 1)]))
    if count == 1:
        found += [geometric(), gaussian_counts((sp.S.One, sp.S.One))]
    for cut in range(1, count):
        found.append(principal_components(species, species[cut:]))
        found.append(standard_components(species, species[cut:]))
    return found


@settings(max_examples=20, deadline=None)
@given(mass_action_networks(most_species=3, most_reactions=4), st.data())
def test_projection_is_linear_over_reactions(net: Network, data: st.DataObject) -> None:
    """Ernst et al. 2018, Proposition 1, on every family; numbers to 1e-9 of their largest term, in double precision."""
    cut = data.draw(st.integers(0, len(net.reactions)))
    family = data.draw(st.sampled_from(families_of([s.name for s in net.species])))

    def velocity(reactions: tuple[Reaction, ...]) -> np.ndarray:
        system = project(replace(net, reactions=reactions), family)
        # diagonally dominant covariances, and energies that rise
        heavy = [re.fullmatch(r"S\[(\w+),\1\]|<(\w+)\^2>_c", s.label) for s in system.states]
        return values_of(system, [0.7 + k / 10 + 5 * bool(x) for k, x in enumerate(heavy)])

    first, second, whole = (velocity(r) for r in (net.reactions[:cut], net.reactions[cut:], net.reactions))
    scale = np.abs(first) + np.abs(second) + 1
    assert (np.abs(first + second - whole) <= 1e-9 * scale).all()


# ---------------------------------------------------------------------------------------------- principal components


def extracted(mean: np.ndarray, C: np.ndarray, v: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """theta = (b, W, sigma2, mu, S) and theta^ = (b^, W^, sigma2) with the statistics of this mean and covariance."""
    mu, S = mean[v:], C[v:, v:]
    W = C[:v, v:] @ np.linalg.inv(S)
    sigma2 = np.array([np.trace(C[:v, :v] - W @ S @ W.T) / v])
    theta = [mean[:v] - W @ mu, W, sigma2, mu, S[np.triu_indices(len(mu))]]
    return theta, [mean[:v], W @ symmetric_root(S), sigma2]


@settings(max_examples=12, deadline=None)
@given(st.integers(1, 3), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_parameters_follow_their_statistics(v: int, h: int, seed: int) -> None:
    """Any number of visible and hidden species, any covariance, standard units: both frames against differences.

    The gaussian closure gives the rates of mean and covariance; theta is extracted from them a little before and after.
    The step moves the largest statistic by 1e-4, of the order of 1: central differences are good to 1e-8 of the rates.
    """
    random = np.random.default_rng(seed)
    species = [f"V{i}" for i in range(v)] + [f"H{i}" for i in range(h)]
    pairs = [(i, j) for i in range(v + h) for j in range(i, v + h)]
    net = lotka_volterra(species)
    picked = sorted(random.choice(len(net.reactions), 4, replace=False))
    net = replace(net, reactions=tuple(net.reactions[k] for k in picked))
    shift = random.integers(-5, 6, v + h)
    scale = random.integers(1, 4, v + h)
    standard = Standard(tuple(map(sp.Integer, map(int, shift))), tuple(map(sp.Integer, map(int, scale))))
    # a point of the family: theta first, then its mean and covariance in counts
    W, mu, b = random.normal(size=(v, h)), random.normal(size=h), random.normal(size=v)
    A = random.normal(size=(h, h))
    S, sigma2 = A @ A.T + np.eye(h), 0.5 + random.random()
    C = np.block([[W @ S @ W.T + sigma2 * np.eye(v), W @ S], [S @ W.T, S]])
    mean = np.concatenate([b + W @ mu, mu])
    counts, spread = shift + scale * mean, C * np.outer(scale, scale)
    zero = [sp.S.Zero] * (v + h)
    closed = project(net, gaussian_family(species, zero, [zero] * (v + h)))
    rates = values_of(closed, [*counts, *(spread[i, j] for i, j in pairs)])
    d_mean, d_C = rates[: v + h] / scale, np.zeros((v + h, v + h))
    for (i, j), rate in zip(pairs, rates[v + h :], strict=True):
        d_C[i, j] = d_C[j, i] = rate / (scale[i] * scale[j])
    largest = max(np.abs(d_mean).max(), np.abs(d_C).max(), 1.0)
    step = 1e-4 / largest
    after, before = (extracted(mean + x * d_mean, C + x * d_C, v) for x in (step, -step))
    here = extracted(mean, C, v)
    root = symmetric_root(S)
    systems = (
        project(net, principal_components(species, species[v:], None, standard)),
        project(net, standard_components(species, species[v:], None, standard)),
    )
    for k, system in enumerate(systems):
        want = (flat(after[k]) - flat(before[k])) / (2 * step)
        latent = {f"mu[{x}]": mu[i] for i, x in enumerate(species[v:])}
        latent |= {f"R[{x},{y}]": root[i, j] for i, x in enumerate(species[v:]) for j, y in enumerate(species[v:])}
        own = {c.label for c in system.parameters}
        found = values_of(system, flat(here[k]), {x: value for x, value in latent.items() if x in own})
        np.testing.assert_allclose(found, want, rtol=1e-5, atol=1e-6 * largest)


def flat(parts: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.ravel(part) for part in parts])


def values_of(system: System, state: Sequence[float], values: dict[str, float] | None = None) -> np.ndarray:
    point = {s.label: sp.Float(float(x), 17) for s, x in zip(system.states, state, strict=True)}
    given = {x: sp.Float(float(value), 17) for x, value in (values or {}).items()}
    return np.array([float(x) for x in system.evaluate(point, given).values()])


def test_latents_as_fourier_series_move_the_standard_frame() -> None:
    """Eq. 13: the equations are those of the mean and root that the series have at that time."""
    net = rx.parse("species Ca = 1, X\nCa + X -> 2 Ca @ 1\nX -> 2 X @ 1\n")
    latent = fourier_latent(["X"], [sp.S.One, sp.Integer(2)], sp.Rational(1, 10))
    moving = project(net, standard_components(["Ca", "X"], ["X"], latent=latent))
    fixed = project(net, standard_components(["Ca", "X"], ["X"]))
    waves = {"mu_cos[X,1]": 0.3, "mu_sin[X,2]": -0.2, "S_sin[X,1]": 0.5}
    state = {"b[Ca]": 1, "W[Ca,X]": 2, "sigma2": 1}
    t = 0.7
    mean = (0.3 * math.cos(t) - 0.2 * math.sin(2 * t)) / 1.1
    root = math.sqrt(1.1 + 0.5 * math.sin(t) / 1.1)
    found = moving.evaluate(state, waves, t)
    wanted = fixed.evaluate(state, {"mu[X]": mean, "R[X,X]": root})
    for label in wanted:
        assert float(found[label]) == pytest.approx(float(wanted[label]), rel=1e-12), label


def test_a_name_of_the_family_is_not_the_networks() -> None:
    net = rx.parse("species A = 1, B\nparam sigma2 = 1\nA -> B @ sigma2\n")
    with pytest.raises(RxnError, match="has a name that its projection gives"):
        project(net, principal_components(["A", "B"], ["B"]))
    net = rx.parse("species A = 1\nparam Z = 1\nA -> 0 @ Z\n")
    with pytest.raises(RxnError, match="'Z' of"):
        project(net, count_exponentials([3], [(0,)]))


def test_a_family_without_hidden_species_is_refused() -> None:
    with pytest.raises(RxnError, match="some must be, and some not"):
        principal_components(("A", "B"), ())
