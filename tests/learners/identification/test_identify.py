"""Equations found from data of known ones, and what the data cannot tell. Truth by scipy's integrators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from rxncompile import load, moments, parse, rate_equations
from rxncompile.derivations.candidates import polynomial_candidates, reaction_candidates
from rxncompile.errors import RxnError
from rxncompile.learners.fits.problem import Noise
from rxncompile.learners.identification.identify import Choice, Road, identify
from rxncompile.learners.identification.series import Series
from rxncompile.simulators.rate_equations.ode import integrate

Rhs = Callable[[float, np.ndarray], Sequence[float]]


def measured(
    rhs: Rhs, begins: Sequence[Sequence[float]], end: float, samples: int, level: float, labels: str, seed: int = 1
) -> list[Series]:
    """Series at irregular times, with noise of a fraction of each quantity's sd over all of them."""
    rng = np.random.default_rng(seed)
    times = np.concatenate([[0.0], np.sort(rng.uniform(0.0, end, samples - 1))])
    each = [solve_ivp(rhs, (0.0, end), b, "LSODA", times, rtol=1e-10, atol=1e-12).y.T for b in begins]
    sd = np.vstack(each).std(axis=0)
    return [Series(tuple(labels.split()), times, x + level * sd * rng.normal(size=x.shape)) for x in each]


def lotka_volterra(t: float, y: np.ndarray) -> Sequence[float]:
    return [y[0] - 0.5 * y[0] * y[1], 0.5 * y[0] * y[1] - y[1]]


def sir(t: float, y: np.ndarray) -> Sequence[float]:
    return [-0.8 * y[0] * y[1], 0.8 * y[0] * y[1] - 0.25 * y[1], 0.25 * y[1]]


LV = {"c[X,X]": 1.0, "c[X,X*Y]": -0.5, "c[Y,Y]": -1.0, "c[Y,X*Y]": 0.5}


WAYS = [(Road.SUBSETS, Noise.NORMAL), (Road.SUBSETS, Noise.LAPLACE), (Road.ODENET, Noise.LAPLACE)]


@pytest.mark.parametrize(("road", "noise"), WAYS)
def test_lotka_volterra(road: Road, noise: Noise) -> None:
    """10 % noise on 120 samples, a tenth of them missing: the true terms, within 5 sd, and said to be decided."""
    (series,) = measured(lotka_volterra, [(1.0, 1.0)], 15.0, 120, 0.1, "X Y")
    series.values[np.random.default_rng(2).random(series.values.shape) < 0.1] = np.nan
    found = identify(polynomial_candidates(["X", "Y"], 2), [series], noise, road)
    assert set(found.values) == set(LV)
    for term in found.terms:
        assert abs(term.value - LV[term.label]) < 5.0 * term.sd < 0.2
    assert found.decided and "tell the terms above" in str(found)
    assert all(abs(t.value) < 5.0 * t.sd for t in found.absent)
    again = integrate(found.system, np.linspace(0, 15, 5), initial={"X": 1, "Y": 1})
    truth = solve_ivp(lotka_volterra, (0, 15), [1.0, 1.0], t_eval=np.linspace(0, 15, 5), rtol=1e-9, atol=1e-9).y.T
    assert np.abs(np.asarray(again.values) - truth).max() < 0.3


def test_without_noise_the_coefficients_are_exact() -> None:
    series = measured(lotka_volterra, [(1.0, 1.0)], 15.0, 80, 0.0, "X Y")
    for choice in Choice:
        found = identify(polynomial_candidates(["X", "Y"], 2), series, choice=choice)
        assert found.values == pytest.approx(LV, rel=1e-6)


def test_reactions_of_an_epidemic_as_text() -> None:
    """All reactions among people who are neither born nor die: the two true ones, and a .rxn text that says so."""
    series = measured(sir, [(0.99, 0.01, 0.0), (0.6, 0.05, 0.1)], 30.0, 50, 0.05, "S I R")
    candidates = reaction_candidates(["S", "I", "R"], 2, 2, ({"S": 1, "I": 1, "R": 1},))
    found = identify(candidates, series)
    assert {t.what for t in found.terms} == {"S + I -> 2 I", "I -> R"}
    rates = {t.what: t.value for t in found.terms}
    assert rates["S + I -> 2 I"] == pytest.approx(0.8, rel=0.05) and rates["I -> R"] == pytest.approx(0.25, rel=0.05)
    net = parse(found.text)
    state = {"S": 0.5, "I": 0.2, "R": 0.1}
    truth = dict(zip("SIR", sir(0.0, np.array([0.5, 0.2, 0.1])), strict=True))
    assert {k: float(v) for k, v in rate_equations(net).evaluate(state).items()} == pytest.approx(truth, rel=0.05)


def test_terms_that_a_conserved_sum_makes_the_same_are_named() -> None:
    """One epidemic among people whose number is always 1: I R in d I/dt is I - I^2 - I S, and so on."""
    series = measured(sir, [(0.99, 0.01, 0.0)], 30.0, 100, 0.0, "S I R")
    found = identify(polynomial_candidates(["S", "I", "R"], 2), series)
    same = {a.label: dict(a.same_as) for a in found.alike}
    assert found.alike and not found.decided and "the same as" in str(found)
    # whatever was chosen, the relations hold along S + I + R = 1
    rng = np.random.default_rng(0)
    for label, sums in same.items():
        state, monomial = label[2:-1].split(",")
        if any(not other.startswith(f"c[{state},") for other in sums):
            continue  # equations mix where terms are equal along this one trajectory only
        for _ in range(3):
            s, i = rng.uniform(0.1, 0.5, 2)
            at = {"S": s, "I": i, "R": 1.0 - s - i}
            value = sum(w * _monomial(k[2:-1].split(",")[1], at) for k, w in sums.items())
            assert value == pytest.approx(_monomial(monomial, at), abs=2e-2)


def _monomial(text: str, at: dict[str, float]) -> float:
    found = 1.0
    for factor in text.split("*"):
        name, _, power = factor.partition("^")
        found *= 1.0 if name == "1" else at[name] ** int(power or 1)
    return found


def test_the_mean_equations_of_skin_renewal() -> None:
    """Yang et al. 2021, Eq. 11: ten quadratic candidates become three, as its ODENet found 0.0079, 1.0903, -0.3094.

    Means of a million runs, drawn with the covariance that they have: Cov(n(t), n(s)) = exp(M (t - s)) Cov(n(s)).
    """
    from scipy.linalg import expm

    net = load("models/spcm.rxn")
    t = np.arange(0.0, 21.0)
    exact = integrate(moments(net, 2), t)
    labels = list(exact.labels)
    columns = {x: np.asarray(exact.values)[..., labels.index(x)].ravel() for x in labels}
    mean = np.column_stack([columns["<A>"], columns["<B>"]])
    M = np.array([[0.00792, 0.0], [1.09208, -0.31]])
    C = np.zeros((42, 42))
    for i in range(21):
        second = np.array([[columns["<A^2>"][i], columns["<A*B>"][i]], [columns["<A*B>"][i], columns["<B^2>"][i]]])
        V = second - np.outer(mean[i], mean[i])
        for j in range(i, 21):
            C[2 * j : 2 * j + 2, 2 * i : 2 * i + 2] = expm(M * (j - i)) @ V
            C[2 * i : 2 * i + 2, 2 * j : 2 * j + 2] = (expm(M * (j - i)) @ V).T
    C /= 1e6
    values, vectors = np.linalg.eigh(C)
    noise = vectors @ (np.sqrt(np.maximum(values, 0.0)) * np.random.default_rng(8).normal(size=42))
    series = Series(("A", "B"), t, mean + noise.reshape(21, 2), covariance=C)
    for law, road in ((Noise.NORMAL, Road.SUBSETS), (Noise.LAPLACE, Road.SUBSETS), (Noise.LAPLACE, Road.ODENET)):
        found = identify(polynomial_candidates(["A", "B"], 2, constant=False), [series], law, road)
        truth = {"c[A,A]": 0.00792, "c[B,A]": 1.09208, "c[B,B]": -0.31}
        assert set(found.values) == set(truth)
        for term in found.terms:
            assert abs(term.value - truth[term.label]) < 4.0 * term.sd  # once in 5,000 sets
        errors = [abs(found.values[k] - v) for k, v in truth.items()]
        assert all(e < p for e, p in zip(errors, (2e-4, 2e-3, 6e-4), strict=True))  # the paper's: 2e-5, 2e-3, 6e-4


def michaelis_menten(t: float, y: np.ndarray) -> Sequence[float]:
    bound, free = 2.0 * y[0] * y[1], y[2]
    return [-bound + 0.5 * free, -bound + 1.5 * free, bound - 1.5 * free, free]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_one_run_of_an_enzyme(seed: int) -> None:
    """S + ES + P and E + ES are conserved: many sets of seven terms are close, and exchanges of one term get stuck.

    As many terms as the true ones, as good as these or better.
    """
    (series,) = measured(michaelis_menten, [(1.0, 0.5, 0.0, 0.0)], 8.0, 50, 0.03, "S E ES P", seed)
    candidates = polynomial_candidates(["S", "E", "ES", "P"], 2)
    found = identify(candidates, [series])
    true = {"c[S,E*S]", "c[S,ES]", "c[E,E*S]", "c[E,ES]", "c[ES,E*S]", "c[ES,ES]", "c[P,ES]"}
    assert len(found.terms) <= 7
    only = replace(candidates, terms=tuple(t for t in candidates.terms if t.label in true))
    alone = identify(only, [series])
    free = 2.0 * (np.log(60) - np.log(7))  # each term is one of 60 candidates, not of 7
    assert found.criterion <= alone.criterion + 7 * free + 0.01
    assert found.criterion <= min(criterion for _, criterion in found.path)


def test_what_few_noisy_data_leave_room_for_is_said() -> None:
    """14 samples with 40 % noise: whatever was found, terms that might be there are named, with how much they do."""
    (series,) = measured(lotka_volterra, [(1.0, 1.0)], 8.0, 14, 0.4, "X Y", 4)
    found = identify(polynomial_candidates(["X", "Y"], 2), [series])
    roomy = [label for label, part in found.room if part > 0.2]
    assert roomy and set(roomy) <= set(found.doubtful) and not found.decided
    assert "might make up" in str(found)
    absent = {t.label: t for t in found.absent}
    assert {label for label, _ in found.room} == set(absent)
    assert found.criterion <= min(criterion for _, criterion in found.path)
    assert found.rivals and all(r.without and r.worse <= 6.0 for r in found.rivals)
    assert {label for r in found.rivals for label in (*r.without, *r.instead)} <= set(found.doubtful)


@pytest.mark.parametrize("rate", [0.7, 0.0])
def test_a_single_candidate(rate: float) -> None:
    """Decay, or none: noise about a constant."""
    (series,) = measured(lambda t, y: [-rate * y[0]], [(2.0,)], 4.0, 30, 0.0, "X")
    noisy = series.values + 0.05 * np.random.default_rng(6).normal(size=series.values.shape)
    only = polynomial_candidates(["X"], 1, constant=False)
    found = identify(only, [Series(series.labels, series.times, noisy)])
    assert set(found.values) == ({"c[X,X]"} if rate else set())
    assert not rate or abs(found.values["c[X,X]"] + rate) < 5.0 * found.terms[0].sd


def test_nothing_is_learned_of_what_never_changes_or_is_hardly_measured() -> None:
    (series,) = measured(lotka_volterra, [(1.0, 1.0)], 5.0, 20, 0.0, "X Y")
    still = Series(series.labels, series.times, series.values * [1.0, 0.0])
    with pytest.raises(RxnError, match="'Y' is 0 throughout"):
        identify(polynomial_candidates(["X", "Y"], 2), [still])
    few = Series(series.labels, series.times[:3], series.values[:3])
    with pytest.raises(RxnError, match="measured 3 times in 1 series"):
        identify(polynomial_candidates(["X", "Y"], 2), [few])


def test_data_that_do_not_fit_are_named() -> None:
    candidates = polynomial_candidates(["X", "Y"], 2)
    (series,) = measured(lotka_volterra, [(1.0, 1.0)], 5.0, 20, 0.0, "X Y")
    for data in ([], [Series(("X",), series.times, series.values[:, :1])]):
        with pytest.raises(RxnError) as error:
            identify(candidates, data)
        assert error.value.code == "R720"
    together = Series(series.labels, series.times, series.values, covariance=np.eye(40))
    with pytest.raises(RxnError, match="held out"):
        identify(candidates, [together], choice=Choice.HELD_OUT)
