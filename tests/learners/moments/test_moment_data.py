"""Empirical moments and their errors: against numpy on the runs themselves, and against enumeration."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from reference_numbers import reference
from scipy.stats import binom

from rxncompile import RxnError, jump_process, parse, sample_statistics
from rxncompile.expressions import symbol
from rxncompile.learners.moments import MomentData, measured_moments, moments_of_ensemble
from rxncompile.learners.moments.model import MomentModel, model_of
from rxncompile.learners.moments.powers import about, about_slope, powers
from rxncompile.simulators.results.trajectory import Trajectory

SPCM = (
    "param lambda = 1.1, r1 = 0.0836, r2 = 0.0764, Gamma = 0.31, k1 = 0, k2 = 0\nspecies A = 10, B = 0\n"
    "A -> 2 A @ r1*lambda\nA -> 2 B @ r2*lambda\nA -> A + B @ (1 - r1 - r2)*lambda\nB -> 0 @ Gamma\n"
    "A -> 0 @ k1\nA -> B @ k2\n"
)


def runs(values: np.ndarray, t: np.ndarray | None = None) -> Trajectory:
    times = np.arange(1.0, 1.0 + values.shape[1]) if t is None else t
    labels = tuple("ABC"[: values.shape[2]])
    return Trajectory("handmade", times, labels, ("",) * len(labels), values, "handmade")


def direct(values: np.ndarray, order: int) -> tuple[np.ndarray, np.ndarray]:
    """Means and central moments, written out."""
    mean = values.mean(axis=0)
    away = values - mean
    every = [m for m in powers(values.shape[2], order) if len(m) > 1]
    return mean, np.stack([away[:, :, list(m)].prod(axis=2).mean(axis=0) for m in every], axis=1)


counts = arrays(np.int64, st.tuples(st.integers(2, 9), st.just(2), st.just(2)), elements=st.integers(0, 50))


@settings(max_examples=50, deadline=None)
@given(counts, st.integers(2, 3), arrays(np.float64, (2, 2), elements=st.integers(-20, 60).map(float)))
def test_moments_and_powers_about_any_centre(whole: np.ndarray, order: int, centre: np.ndarray) -> None:
    values = whole.astype(float)
    data = measured_moments(runs(values), order, spread=True)
    mean, central = direct(values, order)
    size = 50.0**order * 100  # rounding of sums of such powers
    np.testing.assert_allclose(data.mean, mean, atol=1e-12)
    np.testing.assert_allclose(data.central, central, atol=1e-15 * size)
    away = values - centre
    expected = np.stack([away[:, :, list(m)].prod(axis=2) for m in powers(2, order)], axis=2)
    np.testing.assert_allclose(data.powers_about(centre), expected.mean(axis=0), atol=1e-14 * size)
    flat = expected.reshape(len(values), -1)
    np.testing.assert_allclose(data.spread_about(centre), np.cov(flat.T), rtol=1e-9, atol=1e-11 * size**2 / 100)


def test_lots_are_one() -> None:
    rng = np.random.default_rng(1)
    values = rng.poisson(20.0, (60, 3, 2)).astype(float)
    whole = measured_moments(runs(values), 3, spread=True)
    parts = measured_moments((runs(values[k : k + 20]) for k in (0, 20, 40)), 3, spread=True)
    assert (whole.runs, parts.runs) == (60, 60)
    np.testing.assert_allclose(parts.central, whole.central, rtol=1e-12, atol=1e-10)
    assert whole.spread is not None and parts.spread is not None
    np.testing.assert_allclose(parts.spread, whole.spread, rtol=1e-10, atol=1e-8)


def test_the_start_is_left_out_and_species_change_places() -> None:
    rng = np.random.default_rng(2)
    values = rng.poisson(9.0, (40, 3, 3)).astype(float)
    data = measured_moments(runs(values, np.array([0.0, 1.0, 2.0])), 2, spread=True)
    np.testing.assert_array_equal(data.t, [1.0, 2.0])
    turned = data.of_species(["C", "A"])
    again = measured_moments(runs(values[:, :, [2, 0]], np.array([0.0, 1.0, 2.0])), 2, spread=True)
    np.testing.assert_allclose(turned.central, again.central, rtol=1e-12)
    assert turned.spread is not None and again.spread is not None
    np.testing.assert_allclose(turned.spread, again.spread, rtol=1e-9, atol=1e-9)
    with pytest.raises(RxnError) as refused:
        data.of_species(["D"])
    assert refused.value.code == "R704"


def test_an_ensemble_gives_the_same_moments() -> None:
    from rxncompile import sample

    system, t = jump_process(parse(SPCM)), np.array([0.0, 1.0, 3.0])
    of_runs = measured_moments(sample(system, t, runs=500, seed=3))
    of_sums = moments_of_ensemble(sample_statistics(system, t, runs=500, seed=3))
    np.testing.assert_allclose(of_sums.mean, of_runs.mean, rtol=1e-13)
    np.testing.assert_allclose(of_sums.central, of_runs.central, rtol=1e-11)
    with pytest.raises(RxnError) as refused:
        of_sums.spread_about(of_sums.mean)
    assert refused.value.code == "R706"


def test_refused() -> None:
    t, mean, central = np.array([1.0]), np.ones((1, 1)), np.ones((1, 1))
    for wrong in (
        {"mean": np.ones((1, 2))}, {"central": np.ones((1, 2))}, {"runs": 1}, {"spread": np.ones((1, 1))},
        {"start": 2.0}, {"central": np.array([[np.nan]])},
    ):  # fmt: skip
        with pytest.raises(RxnError) as refused:
            MomentData(**{"t": t, "species": ("A",), "order": 2, "mean": mean, "central": central, "runs": 9, **wrong})
        assert refused.value.code == "R714"


# ---------------------------------------------------------------------------------------------- what a model says


def model(text: str, names: tuple[str, ...], order: int = 2) -> MomentModel:
    return model_of(parse(text), order, tuple(symbol(n) for n in names))


@pytest.mark.reference
def test_moments_of_the_paper() -> None:
    for system in reference("spcm")["systems"]:
        names = ("lambda", "r1", "r2", "Gamma", "k1", "k2")
        t = np.array(system["times_weeks"])[1:]
        theta = np.array([system["parameters_per_week"][n] for n in names])
        found = model(SPCM, names).predict(theta, t).moments[:, [0, 1, 2, 4, 3]]
        np.testing.assert_allclose(found, system["exact_meanA_meanB_VA_VB_Cov"][1:], rtol=1e-8)  # integrator: 1e-10


def test_slopes_are_differences() -> None:
    names = ("lambda", "r1", "Gamma", "k2")
    theta, t, h = np.array([1.1, 0.0836, 0.31, 0.02]), np.array([0.5, 4.0, 9.0]), 1e-4
    made = model(SPCM, names, order=3)
    found = made.predict(theta, t).by
    for k in range(4):
        up, down = theta.copy(), theta.copy()
        up[k] += h
        down[k] -= h
        expected = (made.predict(up, t).moments - made.predict(down, t).moments) / (2 * h)
        np.testing.assert_allclose(found[:, :, k], expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


def test_slopes_of_powers_are_differences() -> None:
    rng = np.random.default_rng(4)
    shift, central = rng.normal(size=(1, 2)), rng.normal(size=(1, 7))
    by, h = rng.normal(size=(1, 9, 1)), 1e-6
    up = about(3, shift + h * by[:, :2, 0], central + h * by[:, 2:, 0])
    down = about(3, shift - h * by[:, :2, 0], central - h * by[:, 2:, 0])
    np.testing.assert_allclose(about_slope(3, shift, central, by)[:, :, 0], (up - down) / (2 * h), atol=1e-8)


def test_start_depends_on_parameters() -> None:
    """n(t) = (n0 + 2 m) exp(-k t), n0 drawn from a Poisson law of mean m: by m and k."""
    made = model("param m = 4, k = 0.3, d = 2*k\nspecies A ~ Poisson(m)\nA -> 0 @ d\n", ("m", "k"))
    found = made.predict(np.array([4.0, 0.3]), np.array([2.0]))
    mean = 4.0 * np.exp(-1.2)
    np.testing.assert_allclose(found.moments, [[mean, mean]], rtol=1e-9)
    np.testing.assert_allclose(found.by[0, 0], [mean / 4.0, -4.0 * mean], rtol=1e-8)


@pytest.mark.parametrize("order", [1, 2])
def test_covariance_of_powers_by_enumeration(order: int) -> None:
    """A -> 0 from n0 = 6: n(s) given n(t) is binomial, so the joint law of two times is a finite sum."""
    made = model("param k = 0.4\nspecies A = 6\nA -> 0 @ k\n", ("k",), order)
    t = np.array([0.5, 2.0])
    p = np.exp(-0.4 * t)
    n = np.arange(7)
    first = binom.pmf(n, 6, p[0])
    later = np.array([[comb(i, j) * (p[1] / p[0]) ** j * (1 - p[1] / p[0]) ** (i - j) for j in n] for i in n])
    joint = first[:, np.newaxis] * later
    powers_of = [np.stack([(n - 6 * q) ** k for k in range(1, order + 1)], axis=1) for q in p]
    stacked = np.concatenate(
        [np.repeat(powers_of[0][:, np.newaxis], 7, axis=1), np.repeat(powers_of[1][np.newaxis], 7, axis=0)], axis=2
    )
    mean = np.einsum("ij,ija->a", joint, stacked)
    expected = np.einsum("ij,ija,ijb->ab", joint, stacked, stacked) - np.outer(mean, mean)
    np.testing.assert_allclose(made.covariance(np.array([0.4]), t, True), expected, rtol=1e-8, atol=1e-9)
    apart = expected.copy()
    apart[:order, order:] = apart[order:, :order] = 0.0
    np.testing.assert_allclose(made.covariance(np.array([0.4]), t, False), apart, rtol=1e-8, atol=1e-9)


def test_covariance_of_two_species_by_runs() -> None:
    """Orders 2 and 3 of SPCM at two times, against the spread of 20,000 runs: 5 standard errors of a covariance."""
    from rxncompile import sample

    net, t = parse(SPCM), np.array([0.0, 1.0, 3.0])
    data = measured_moments(sample(jump_process(net), t, runs=20_000, seed=5), 2, ("A", "B"), spread=True)
    made = model(SPCM, ("lambda",))
    theta = np.array([1.1])
    centre = made.predict(theta, data.t).moments[:, :2]
    expected = made.covariance(theta, data.t, True)
    sd = np.sqrt(np.diagonal(expected))
    found = data.spread_about(centre) / np.outer(sd, sd)
    # products of powers have heavier tails than normal ones: the error of a correlation near 0 is 1/sqrt(N), times 3
    np.testing.assert_allclose(found, expected / np.outer(sd, sd), atol=5 * 3 / np.sqrt(20_000))
