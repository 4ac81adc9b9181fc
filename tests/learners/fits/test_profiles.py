"""Profile likelihoods against closed forms: straight lines with known and estimated noise, open ends, lower minima."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy as sp

from rxncompile import parse, rate_equations
from rxncompile.errors import RxnError
from rxncompile.expressions import symbol
from rxncompile.learners.fits.fit import fit
from rxncompile.learners.fits.objective import Objective
from rxncompile.learners.fits.problem import Data, Observable, Problem, Scale, Unknown
from rxncompile.learners.fits.profiles import EndKind, profiles, quantile

LINE = "model Line\nparam a = 1, b = 2\nspecies A = a\nA' = b\n"
SHIFTED = "model Decay\nparam A0 = 3, k1 = 1, k2 = 1\nspecies A = A0\nA -> 0 @ k1*k2\n"


def line(sigma: sp.Expr, seed: int = 4) -> tuple[Problem, np.ndarray, np.ndarray]:
    """y = a + b t with 12 measurements; the problem, the times and the measurements."""
    times = np.linspace(0.0, 3.0, 12)
    value = 1.0 + 2.0 * times + 0.3 * np.random.default_rng(seed).normal(size=12)
    unknowns = (Unknown("a", -50.0, 50.0), Unknown("b", -50.0, 50.0))
    if sigma.free_symbols:
        unknowns += (Unknown("sd", 1e-3, 1e2, Scale.LOG10),)
    zero = np.zeros(12, dtype=np.int64)
    system = rate_equations(parse(LINE))
    seen = Observable("A", symbol("A"), sigma)
    return Problem.of(system, unknowns, (seen,), Data(zero, zero, times, value)), times, value


def test_a_line_with_known_noise_has_the_intervals_of_linear_regression() -> None:
    problem, times, value = line(sp.Rational(3, 10))
    found = profiles(Objective(problem), at=np.array([0.0, 0.0]))
    X = np.stack([np.ones(12), times], axis=1)
    best, covariance = np.linalg.lstsq(X, value, rcond=None)[0], 0.09 * np.linalg.inv(X.T @ X)
    for k, profile in enumerate(found.profiles):
        half = math.sqrt(quantile(0.95) * covariance[k, k])
        # ends are found to 1e-3 of the objective, whose slope there is 1.96 per standard error
        assert profile.lower.value == pytest.approx(best[k] - half, abs=1e-3 * half)
        assert profile.upper.value == pytest.approx(best[k] + half, abs=1e-3 * half)
        parabola = found.value + 0.5 * (profile.points[:, k] - best[k]) ** 2 / covariance[k, k]
        assert np.allclose(profile.values, parabola, atol=1e-5)
        assert len(profile.values) >= 9


def test_a_line_with_estimated_noise_has_the_intervals_in_closed_form() -> None:
    """n log(1 + t^2/(n - 2)) = q bounds a and b; n (2 log(s/s0) + (s0/s)^2 - 1) = q bounds the deviation s."""
    from scipy.optimize import brentq

    problem, times, value = line(symbol("sd"))
    found = profiles(fit(problem, starts=3, seed=2))
    X = np.stack([np.ones(12), times], axis=1)
    best, rest = np.linalg.lstsq(X, value, rcond=None)[:2]
    n, q, square = 12, quantile(0.95), float(rest[0])
    half = np.sqrt((math.exp(q / n) - 1.0) * square * np.diagonal(np.linalg.inv(X.T @ X)))
    for k, profile in enumerate(found.profiles[:2]):
        assert profile.lower.value == pytest.approx(best[k] - half[k], abs=1e-3 * half[k])
        assert profile.upper.value == pytest.approx(best[k] + half[k], abs=1e-3 * half[k])
    s0 = math.sqrt(square / n)

    def away(s: float) -> float:
        return n * (2.0 * math.log(s / s0) + (s0 / s) ** 2 - 1.0) - q

    assert found["sd"].lower.value == pytest.approx(brentq(away, 0.3 * s0, s0), rel=5e-4)
    assert found["sd"].upper.value == pytest.approx(brentq(away, s0, 5.0 * s0), rel=5e-4)


def test_only_the_product_is_known() -> None:
    """A0 exp(-k1 k2 t): the profile of k1 is flat to both bounds, that of A0 as if the product were one unknown."""
    system = rate_equations(parse(SHIFTED))
    times = np.linspace(0.0, 3.0, 10)
    value = 3.0 * np.exp(-0.8 * times) + 0.05 * np.random.default_rng(1).normal(size=10)
    unknowns = (
        Unknown("A0", 0.1, 100.0, Scale.LOG10), Unknown("k1", 0.05, 20.0, Scale.LOG10),
        Unknown("k2", 0.01, 100.0, Scale.LOG10),
    )  # fmt: skip
    zero = np.zeros(10, dtype=np.int64)
    seen = (Observable("A", symbol("A"), sp.Rational(1, 20)),)
    problem = Problem.of(system, unknowns, seen, Data(zero, zero, times, value))
    found = profiles(fit(problem, starts=3, seed=2))
    k1, k2 = found["k1"], found["k2"]
    assert k1.lower.kind is k1.upper.kind is EndKind.BOUND
    assert (k1.lower.value, k1.upper.value) == pytest.approx((0.05, 20.0), rel=1e-12)
    assert np.ptp(k1.values) < 1e-4
    # k2 ends where k1 meets its bounds, and the interval of the product begins
    product = 10.0 ** (k1.points[:, 1] + k1.points[:, 2])
    assert np.ptp(product) < 1e-3
    assert not k2.lower.open and 0.01 < k2.lower.value < product[0] / 20.0
    assert not k2.upper.open and product[0] / 0.05 < k2.upper.value < 100.0
    alone = Problem.of(system, (unknowns[0], unknowns[1]), seen, problem.data)
    other = profiles(fit(alone, starts=3, seed=2))
    assert found["A0"].lower.value == pytest.approx(other["A0"].lower.value, rel=1e-4)
    assert found["A0"].upper.value == pytest.approx(other["A0"].upper.value, rel=1e-4)


def test_threads_change_nothing_and_wrong_questions_are_refused() -> None:
    problem, _, _ = line(symbol("sd"))
    begin = np.array([0.5, 1.0, 0.0])
    one, two = (profiles(Objective(problem), at=begin, threads=k) for k in (1, 2))
    assert all(a.lower == b.lower and a.upper == b.upper for a, b in zip(one.profiles, two.profiles, strict=True))
    for wrong in ({"names": ["c"]}, {"level": 1.0}, {"points": 0}):
        with pytest.raises(RxnError):
            profiles(Objective(problem), at=begin, **wrong)  # type: ignore[arg-type]
