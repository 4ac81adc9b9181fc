"""The objective of a fit: closed forms, its gradient two ways and by differences, conditions, scales and noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

from rxncompile import parse, rate_equations
from rxncompile.errors import RxnError
from rxncompile.expressions import symbol
from rxncompile.learners.fits.fit import fit
from rxncompile.learners.fits.objective import Objective
from rxncompile.learners.fits.problem import Condition, Data, Noise, Observable, Problem, Scale, Unknown

DECAY = "model Decay\nparam k = 0.7, A0 = 3\nspecies A = A0, B = 0\nA -> B @ k\n"


def decay(scale: Scale = Scale.LINEAR, noise: Noise = Noise.NORMAL, seed: int = 1) -> Problem:
    """First-order decay seen under two conditions, the second from another amount at another rate."""
    system = rate_equations(parse(DECAY))
    rng = np.random.default_rng(seed)
    times = np.tile(np.linspace(0.0, 4.0, 9), 2)
    condition = np.repeat([0, 1], 9)
    truth = np.where(condition == 0, 3.0 * np.exp(-0.7 * times), 5.0 * np.exp(-0.2 * times))
    value = truth * np.exp(0.05 * rng.normal(size=18))
    unknowns = (
        Unknown("k", 1e-3, 1e2, Scale.LOG10), Unknown("A0", 0.1, 100.0, Scale.LOG),
        Unknown("slow", 1e-3, 10.0, Scale.LOG10), Unknown("sd", 1e-3, 10.0, Scale.LOG10),
    )  # fmt: skip
    seen = Observable("A", symbol("A"), symbol("sd"), scale, noise)
    conditions = (Condition("fast"), Condition("slow", (("k", symbol("slow")), ("A", sp.Integer(5)))))
    data = Data(condition, np.zeros(18, dtype=np.int64), times, value)
    return Problem.of(system, unknowns, (seen,), data, conditions)


def closed_form(problem: Problem, x: np.ndarray) -> float:
    """The objective from A0 exp(-k t), written out."""
    k, a0, slow, sd = Objective(problem).natural(x)
    data, seen = problem.data, problem.observables[0]
    y = np.where(data.condition == 0, a0 * np.exp(-k * data.time), 5.0 * np.exp(-slow * data.time))
    m, jacobian = data.value, np.zeros(18)
    if seen.scale is not Scale.LINEAR:
        base = np.log(10.0) if seen.scale is Scale.LOG10 else 1.0
        y, jacobian, m = np.log(y) / base, np.log(m * base), np.log(m) / base
    if seen.noise is Noise.NORMAL:
        return float((0.5 * np.log(2 * np.pi) + np.log(sd) + 0.5 * ((m - y) / sd) ** 2 + jacobian).sum())
    return float((np.log(2 * sd) + np.abs(m - y) / sd + jacobian).sum())


@pytest.mark.parametrize("noise", Noise)
@pytest.mark.parametrize("scale", Scale)
def test_value_and_gradient(scale: Scale, noise: Noise) -> None:
    problem = decay(scale, noise)
    objective = Objective(problem)
    x = objective.scaled(np.array([0.9, 2.5, 0.3, 0.4]))
    value, gradient = objective.gradient(x)
    assert value == pytest.approx(closed_form(problem, x), rel=1e-8)
    assert objective.value(x) == value
    for i in range(4):
        e = np.eye(4)[i] * 1e-6
        difference = (closed_form(problem, x + e) - closed_form(problem, x - e)) / 2e-6
        assert gradient[i] == pytest.approx(difference, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("noise", Noise)
def test_fit_finds_the_minimum(noise: Noise) -> None:
    """Where the objective is least, as the closed form's own minimiser says; near the truth, with 5 % noise."""
    from scipy.optimize import minimize

    problem = decay(Scale.LOG, noise)
    found = fit(problem, starts=4, seed=3, threads=2)
    small = {"xatol": 1e-9, "fatol": 1e-12}
    nearby = minimize(lambda x: closed_form(problem, x), found.x, method="Nelder-Mead", options=small)
    # the kinks of least absolutes are rounded off within 1e-4 of 18 distances
    assert found.best.value <= nearby.fun + (1e-6 if noise is Noise.NORMAL else 18e-4)
    values = found.values
    assert values["k"] == pytest.approx(0.7, rel=0.1) and values["slow"] == pytest.approx(0.2, rel=0.1)
    assert values["sd"] == pytest.approx(10.0 ** nearby.x[3], rel=0.01)


def test_starts_do_not_depend_on_threads_or_number() -> None:
    problem = decay()
    few, many = fit(problem, starts=2, seed=9, threads=1), fit(problem, starts=5, seed=9, threads=3)
    of = {s.number: s for s in many.starts}
    assert all(of[s.number] == s for s in few.starts)


def test_resumed_as_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "fit.json"
    problem = decay()
    fit(problem, starts=2, seed=9, checkpoint=path)
    seen = []
    resumed = fit(problem, starts=4, seed=9, checkpoint=path, progress=lambda done, total, best: seen.append(done))
    assert seen == [3, 4]  # the first two were taken from the file
    assert resumed.starts == fit(problem, starts=4, seed=9).starts
    with pytest.raises(RxnError) as error:
        fit(problem, starts=2, seed=8, checkpoint=path)
    assert error.value.code == "R713"


def test_a_start_that_fails_is_named() -> None:
    """Half of the bounds lead to a blow-up before the last measurement."""
    system = rate_equations(parse("model Blow\nparam k = 0.1\nspecies A = 1\n0 -> A rate k*A^2\n"))
    unknowns = (Unknown("k", 0.9, 1.5, Scale.LOG),)
    data = Data(*(np.zeros(1, dtype=np.int64) for _ in range(2)), np.array([2.0]), np.array([3.0]))
    problem = Problem.of(system, unknowns, (Observable("A", symbol("A"), sp.S.One),), data)
    found = fit(problem, starts=2, seed=1)
    assert all(s.failed for s in found.starts) and "2 of 2 starts failed" in found.notes[0]
    with pytest.raises(RxnError) as error:
        _ = found.best
    assert error.value.code == "R712"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda p: replace(p, unknowns=(p.unknowns[0], *p.unknowns)), "given twice"),
        (lambda p: replace(p, unknowns=(Unknown("k", 2.0, 1.0), *p.unknowns[1:])), "has the bounds"),
        (lambda p: replace(p, unknowns=(Unknown("k", 0.0, 1.0, Scale.LOG), *p.unknowns[1:])), "by its logarithm"),
        (lambda p: replace(p, conditions=(Condition("c", (("kk", sp.S.One),)), *p.conditions[1:])), "has not"),
        (lambda p: replace(p, data=replace(p.data, time=p.data.time - 1.0)), "expected a time from"),
        (lambda p: replace(p, data=replace(p.data, time=p.data.time[:-1])), "different lengths"),
    ],
)
def test_wrong_problems_are_named(change: Callable[[Problem], Problem], said: str) -> None:
    with pytest.raises(RxnError, match=said) as error:
        change(decay())
    assert error.value.code == "R710"
