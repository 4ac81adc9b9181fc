"""Fisher information: closed forms, the curvature of a Kullback-Leibler divergence, correlated measurements."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from rxncompile import parse, rate_equations
from rxncompile.errors import RxnError
from rxncompile.expressions import symbol
from rxncompile.learners.fits.information import covariance_of, information, null_space, scores
from rxncompile.learners.fits.objective import Objective
from rxncompile.learners.fits.problem import Constraint, Correlated, Data, Noise, Observable, Problem, Scale, Unknown

DECAY = "model Decay\nparam A0 = 3, k1 = 1, k2 = 1\nspecies A = A0\nA -> 0 @ k1*k2\n"
COUNT = 8
TIMES = np.linspace(0.25, 2.0, COUNT)


def decay(scale: Scale, noise: Noise = Noise.NORMAL, blocks: bool = False) -> Problem:
    """A0 exp(-k1 t) with the noise sd (1 + y); the last five measurements correlated where `blocks`."""
    zero = np.zeros(COUNT, dtype=np.int64)
    value = 3.0 * np.exp(-0.7 * TIMES) * np.exp(0.1 * np.random.default_rng(3).normal(size=COUNT))
    unknowns = (
        Unknown("A0", 0.1, 100.0, Scale.LOG10), Unknown("k1", 1e-2, 10.0), Unknown("sd", 1e-3, 1.0, Scale.LOG),
    )  # fmt: skip
    seen = Observable("A", symbol("A"), symbol("sd") * (1 + symbol("A")), scale, noise)
    mixed = np.random.default_rng(4).normal(size=(5, 9))
    correlated = (Correlated(np.array([7, 3, 4, 5, 6]), mixed @ mixed.T),) if blocks else ()
    system = rate_equations(parse(DECAY))
    return Problem.of(system, unknowns, (seen,), Data(zero, zero, TIMES, value), correlated=correlated)


def law(problem: Problem, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of the measurements on their scale, from the closed form."""
    a0, k, sd = Objective(problem).natural(x)
    y = a0 * np.exp(-k * TIMES)
    covariance = np.eye(COUNT)
    for block in problem.correlated:
        covariance[np.ix_(block.rows, block.rows)] = block.covariance
    sigma = sd * (1.0 + y)
    z = y if problem.observables[0].scale is Scale.LINEAR else np.log(y)
    return z, covariance * np.outer(sigma, sigma)


@pytest.mark.parametrize("blocks", [False, True])
@pytest.mark.parametrize("scale", [Scale.LINEAR, Scale.LOG])
def test_value_and_gradient_are_the_objectives(scale: Scale, blocks: bool) -> None:
    from scipy.stats import multivariate_normal

    problem = decay(scale, blocks=blocks)
    objective = Objective(problem)
    x = objective.scaled(np.array([2.5, 0.9, 0.2]))
    found = scores(objective, x)
    value, gradient = objective.gradient(x)
    z, covariance = law(problem, x)
    m = problem.data.value
    measured, jacobian = (m, 0.0) if scale is Scale.LINEAR else (np.log(m), np.log(m).sum())
    expected = -multivariate_normal(z, covariance).logpdf(measured) + jacobian
    assert found.value == pytest.approx(expected, rel=1e-7)  # the integrator's tolerance is 1e-8
    assert value == pytest.approx(found.value, rel=1e-12)
    assert np.allclose(gradient, found.gradient, rtol=1e-8, atol=1e-10)
    for k in range(3):
        e = np.eye(3)[k] * 1e-5
        difference = (objective.value(x + e) - objective.value(x - e)) / 2e-5
        assert gradient[k] == pytest.approx(difference, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("blocks", [False, True])
@pytest.mark.parametrize("scale", [Scale.LINEAR, Scale.LOG])
def test_fisher_information_is_the_curvature_of_the_divergence(scale: Scale, blocks: bool) -> None:
    """KL(x0 || x) of two normal laws has the second derivatives F at x0."""
    problem = decay(scale, blocks=blocks)
    objective = Objective(problem)
    x0 = objective.scaled(np.array([2.5, 0.9, 0.2]))
    mean0, covariance0 = law(problem, x0)

    def divergence(x: np.ndarray) -> float:
        mean, covariance = law(problem, x)
        inverse, d = np.linalg.inv(covariance), mean - mean0
        logs = np.linalg.slogdet(covariance)[1] - np.linalg.slogdet(covariance0)[1]
        return float(0.5 * (np.trace(inverse @ covariance0) + d @ inverse @ d - COUNT + logs))

    fisher, h = scores(objective, x0).fisher, 1e-3
    for i in range(3):
        for j in range(3):
            a, b = np.eye(3)[i] * h, np.eye(3)[j] * h
            mixed = divergence(x0 + a + b) - divergence(x0 + a - b) - divergence(x0 - a + b) + divergence(x0 - a - b)
            # differences of second order: relative error of h^2 times fourth derivatives
            assert fisher[i, j] == pytest.approx(mixed / (4.0 * h**2), rel=1e-3, abs=1e-3)


def test_laplace_noise_is_told_from_its_scores() -> None:
    """E[score score'] over 4000 draws; the largest of 6 deviations stays below 4.5 standard errors, alarm 4e-5."""
    problem = decay(Scale.LINEAR, Noise.LAPLACE)
    objective = Objective(problem)
    x = objective.scaled(np.array([2.5, 0.9, 0.2]))
    _, sigma, dy, dsigma = objective.predictions(x)
    fisher = scores(objective, x).fisher
    r = np.random.default_rng(8).laplace(size=(4000, COUNT))
    drawn = np.sign(r) @ (dy / sigma[:, np.newaxis]) + (np.abs(r) - 1.0) @ (dsigma / sigma[:, np.newaxis])
    outer = drawn[:, :, np.newaxis] * drawn[:, np.newaxis, :]
    error = outer.std(axis=0) / math.sqrt(4000)
    assert (np.abs(outer.mean(axis=0) - fisher) < 4.5 * error).all()


def test_what_is_not_told_has_no_standard_error() -> None:
    problem = decay(Scale.LINEAR)
    both = (*problem.unknowns[:2], Unknown("k2", 0.1, 10.0, Scale.LOG), problem.unknowns[2])
    whole = replace(problem, unknowns=both)
    x = Objective(whole).scaled(np.array([3.0, 0.7, 1.0, 0.1]))
    found = information(Objective(whole), x)
    assert np.isinf(found.errors).tolist() == [False, True, True, False]
    assert str(found).count("no information") == 2
    alone = information(Objective(problem), x[[0, 1, 3]])
    assert found.errors[[0, 3]] == pytest.approx(alone.errors[[0, 2]], rel=1e-6)
    assert alone.covariance == pytest.approx(np.linalg.inv(alone.fisher), rel=1e-8)
    assert np.allclose(np.diagonal(alone.correlation), 1.0)
    # with k2 held by a constraint the rest is as if k2 were known
    held = replace(whole, constraints=(Constraint((("k2", 1.0),), 0.0),))
    bound = information(Objective(held), x)
    assert bound.errors[2] == pytest.approx(0.0, abs=1e-12)
    assert bound.errors[[0, 1, 3]] == pytest.approx(alone.errors, rel=1e-8)


def test_covariance_under_constraints_is_that_of_the_remaining_coordinates() -> None:
    rng = np.random.default_rng(5)
    root, rows = rng.normal(size=(9, 4)), rng.normal(size=(1, 4))
    fisher, basis = root.T @ root, null_space(rows)
    expected = basis @ np.linalg.inv(basis.T @ fisher @ basis) @ basis.T
    assert np.allclose(covariance_of(fisher, rows), expected, rtol=1e-10)
    assert np.allclose(rows @ covariance_of(fisher, rows), 0.0, atol=1e-12)


@pytest.mark.parametrize(
    ("blocks", "said"),
    [
        ((Correlated(np.array([0, 0]), np.eye(2)),), "twice"),
        ((Correlated(np.array([0, 1]), np.eye(3)),), "a covariance"),
        ((Correlated(np.array([0, 1]), np.array([[1.0, 0.5], [0.4, 1.0]])),), "not symmetric"),
        ((Correlated(np.array([0, 1]), np.ones((2, 2))),), "not positive definite"),
        ((Correlated(np.array([0, 8]), np.eye(2)),), "there is not"),
    ],
)
def test_wrong_blocks_are_named(blocks: tuple[Correlated, ...], said: str) -> None:
    with pytest.raises(RxnError, match=said) as error:
        replace(decay(Scale.LINEAR), correlated=blocks)
    assert error.value.code == "R710"


def test_wrong_constraints_are_named() -> None:
    problem = decay(Scale.LINEAR)
    mixed = (("A0", 1.0), ("k1", 1.0))
    for weights, said in (((("a0", 1.0),), "no unknown"), (mixed, "different scales"), ((), "no unknown")):
        with pytest.raises(RxnError, match=said):
            replace(problem, constraints=(Constraint(weights, 1.0),))
    with pytest.raises(RxnError, match="Laplace"):
        replace(decay(Scale.LINEAR, Noise.LAPLACE), correlated=(Correlated(np.array([0, 1]), np.eye(2)),))
