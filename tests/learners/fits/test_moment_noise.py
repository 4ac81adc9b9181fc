"""Moments of ensembles as data: their covariance against theory and bootstrap, and fits whose errors are as stated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rxncompile import Kind, jump_process, linear_noise, moments, parse, sample
from rxncompile.errors import RxnError
from rxncompile.learners.fits.descent import settle
from rxncompile.learners.fits.information import information
from rxncompile.learners.fits.moment_noise import covariance_of_moments, moment_formula, moment_problem, unbiased
from rxncompile.learners.fits.objective import Objective
from rxncompile.learners.fits.problem import Scale, Unknown
from rxncompile.learners.moments.data import measured_moments
from rxncompile.learners.moments.powers import powers
from rxncompile.simulators.results.trajectory import Trajectory

BIRTH = "model Birth\nparam make = 12, lose = 1\nspecies A = 3\n0 -> A @ make\nA -> 0 @ lose\n"
TELEGRAPH = """model Telegraph
param start = 0.8, stop = 1.2, write = 15, lose = 1
species G = 0, M = 0
0 -> G rate start*(1 - G)
G -> 0 @ stop
G -> G + M @ write
M -> 0 @ lose
"""


def runs_of(text: str, times: list[float], runs: int, seed: int) -> Trajectory:
    return sample(jump_process(parse(text)), [0.0, *times], runs, seed=seed)


def test_covariance_of_a_normal_sample() -> None:
    """Of a normal law: Var(mean) = V/N, Var(variance) = 2 V^2/N, third moment 6 V^3/N and free of the mean."""
    N, V = 400_000, 4.0
    values = np.random.default_rng(1).normal(7.0, 2.0, size=(N, 1, 1))
    paths = Trajectory("normal", np.array([1.0]), ("A",), ("",), values, "drawn")
    data = measured_moments(paths, order=3, spread=True)
    found = covariance_of_moments(data) * N
    expected = np.diag([V, 2.0 * V**2, 6.0 * V**3])
    size = np.sqrt(np.outer(np.diagonal(expected), np.diagonal(expected)))
    assert np.abs((found - expected) / size).max() < 0.05  # sixth moments of 400,000: 1 % error


def test_moments_are_unbiased_and_their_covariance_is_that_of_repeated_ensembles() -> None:
    """1,000 ensembles of 200 runs: each mean within 4.5 of its errors (alarm 1e-4 over all), their covariance."""
    text = "model Cascade\nspecies M = 0, P = 0\n0 -> M @ 6\nM -> 0 @ 1\nM -> M + P @ 2\nP -> 0 @ 1\n"
    paths = runs_of(text, [0.5, 2.0], 200_000, 7)
    whole = measured_moments(paths, order=3, spread=True)
    each = [
        unbiased(measured_moments(replace(paths, values=paths.values[200 * k : 200 * (k + 1)]), order=3))
        for k in range(1000)
    ]
    drawn = np.array(each)
    error = drawn.std(axis=0) / np.sqrt(len(drawn))
    assert (np.abs(drawn.mean(axis=0) - unbiased(whole)) < 4.5 * error).all()
    seen, told = np.cov(drawn.T), covariance_of_moments(whole) * whole.runs / 200
    size = np.sqrt(np.outer(np.diagonal(told), np.diagonal(told)))
    # terms of 1/200 that are left out, and 1/sqrt(1000) of the draws, more for the third moments
    assert np.abs((seen - told) / size).max() < 0.2


@pytest.mark.parametrize("kind", list(Kind))
def test_formulas_are_those_of_central_moments(kind: Kind) -> None:
    """By every kind of moment equations the same numbers as by central ones, at states that belong together."""
    net = parse(TELEGRAPH)
    central, other = moments(net, 3, kind=Kind.CENTRAL), moments(net, 3, kind=kind)
    from rxncompile import integrate

    times = [0.0, 0.7, 1.5]
    a, b = integrate(central, times), integrate(other, times)
    for m in powers(2, 3):
        at = {s.symbol: b.mean_of(s.label)[2] for s in other.states}
        expected = {s.symbol: a.mean_of(s.label)[2] for s in central.states}
        told = moment_formula(other, m, ("G", "M")).subs(at)
        assert float(told) == pytest.approx(float(moment_formula(central, m, ("G", "M")).subs(expected)), rel=1e-5)


def test_linear_noise_has_means_without_brackets() -> None:
    system = linear_noise(parse(BIRTH))
    assert moment_formula(system, (0,), ("A",)) == system.states[0].symbol
    assert moment_formula(system, (0, 0), ("A",)) == system.states[1].symbol


CASES = {
    "birth": (BIRTH, ("A",), {"make": 12.0, "lose": 1.0}, [0.4, 1.0, 2.5]),
    "telegraph": (TELEGRAPH, ("G", "M"), {"start": 0.8, "stop": 1.2, "write": 15.0, "lose": 1.0}, [0.5, 1.5, 4.0]),
}


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("case", CASES)
def test_fits_err_by_as_much_as_they_say(case: str, together: bool) -> None:
    """100 ensembles of 500 runs. The squared distances of estimates from the truth in units of their covariance are
    chi-square with K freedoms each, the misfit with rows - K; alarm 1e-4 each, the estimated covariance allowed for.
    """
    from scipy.stats import chi2

    text, species, truth, times = CASES[case]
    system = moments(parse(text), 2)
    unknowns = tuple(Unknown(n, v / 20, v * 20, Scale.LOG, v) for n, v in truth.items())
    sets, N = 100, 500
    paths = runs_of(text, times, sets * N * (1 if together else len(times) + 1), 11)
    away, misfit = 0.0, 0.0
    for k in range(sets):
        if together:
            lot = paths.select(slice(k * N, (k + 1) * N))
        else:  # other runs at every time
            T = len(times) + 1
            parts = [paths.values[(k * T + i) * N : (k * T + i + 1) * N, i] for i in range(T)]
            lot = replace(paths, values=np.stack(parts, axis=1))
        data = measured_moments(lot, 2, species, spread=True, together=together)
        objective = Objective(moment_problem(system, data, unknowns))
        x = objective.nominal()
        found = settle(objective, x)
        assert found is not None
        d = found.x - x
        away += float(d @ information(objective, found.x).fisher @ d)
        rows = len(objective.problem.data.value)
        constant = 0.5 * rows * np.log(2.0 * np.pi) + sum(np.log(np.diagonal(f)).sum() for _, f in objective.blocks)
        misfit += 2.0 * (found.value - constant)
    K = len(truth)
    inflated = 1.0 + (rows + 2.0) / N  # of distances measured with a covariance estimated from N runs
    low, high = chi2(sets * K).ppf([5e-5, 1 - 5e-5])
    assert low < away < inflated * high
    low, high = chi2(sets * (rows - K)).ppf([5e-5, 1 - 5e-5])
    assert low < misfit < inflated * high


def test_moments_that_follow_from_others_are_left_out() -> None:
    """G is 0 or 1, so that its variance is a function of its mean; G + H is conserved."""
    text = "model Switch\nparam up = 1, down = 2\nspecies G = 1, H = 0\nG <-> H @ up, down\n"
    data = measured_moments(runs_of(text, [0.5, 1.0], 400, 5), 2, spread=True)
    rows = moment_problem(moments(parse(text), 2), data, (Unknown("up", 0.1, 10.0),)).data
    assert rows.observable.tolist() == [0, 0] and rows.time.tolist() == [0.5, 1.0]


def test_what_cannot_be_is_refused() -> None:
    system = moments(parse(BIRTH), 2)
    paths = runs_of(BIRTH, [1.0, 2.0], 50, 3)
    unknowns = (Unknown("make", 1.0, 100.0, Scale.LOG),)
    bare = measured_moments(paths, 2)
    with pytest.raises(RxnError, match="spread") as error:
        moment_problem(system, bare, unknowns)
    assert error.value.code == "R706"
    with pytest.raises(RxnError, match="no equation for <A\\^3>"):
        moment_problem(system, measured_moments(paths, 3, spread=True), unknowns)
    with pytest.raises(RxnError, match="order 4"):
        moment_problem(system, measured_moments(paths, 4, spread=True), unknowns)
    with pytest.raises(RxnError, match="3 runs do not tell the covariance"):
        moment_problem(system, measured_moments(paths.select(slice(0, 3)), 2, spread=True), unknowns)
    with pytest.raises(RxnError, match="conditions"):
        moment_problem(system, [bare, bare], unknowns)
