"""The shifting window: its gradient against differences and against Eq. 41 integrated, and what it is good for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

from rxncompile import parse, rate_equations
from rxncompile.errors import RxnError
from rxncompile.expressions import symbol
from rxncompile.learners.fits.descent import settle
from rxncompile.learners.fits.fit import fit
from rxncompile.learners.fits.objective import Objective
from rxncompile.learners.fits.problem import Condition, Correlated, Data, Observable, Problem, Scale, Unknown
from rxncompile.learners.fits.window import Window, through_windows, windowed

PREY = """model LotkaVolterra
param birth = 1, eat = 0.5, die = 0.6
species X = 2, Y = 1
X -> 2 X @ birth
X + Y -> 2 Y @ eat
Y -> 0 @ die
"""
TRUTH = np.array([1.0, 0.5, 0.6])


def prey(count: int = 40, end: float = 40.0) -> Problem:
    """Prey and predators over five turns under two conditions, with noise of 0.05."""
    times = np.linspace(0.0, end, count + 1)[1:]
    c, o, t = (part.ravel() for part in np.meshgrid(np.arange(2), np.arange(2), times, indexing="ij"))
    named = zip(("birth", "eat", "die"), TRUTH.tolist(), strict=True)
    unknowns = tuple(Unknown(n, v / 3, v * 3, Scale.LOG, v) for n, v in named)
    seen = tuple(Observable(s, symbol(s), sp.Rational(1, 20)) for s in "XY")
    conditions = (Condition("few"), Condition("many", (("X", sp.Integer(4)),)))
    blank = Problem.of(rate_equations(parse(PREY)), unknowns, seen, Data(c, o, t, np.ones(len(t))), conditions)
    y = Objective(blank).predictions(Objective(blank).nominal())[0]
    return replace(blank, data=Data(c, o, t, y + 0.05 * np.random.default_rng(2).normal(size=len(y))))


def solved(start: np.ndarray, times: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Prey and predators by scipy, (T, 2)."""
    from scipy.integrate import solve_ivp

    def f(t: float, y: np.ndarray) -> list[float]:
        return [p[0] * y[0] - p[1] * y[0] * y[1], p[1] * y[0] * y[1] - p[2] * y[1]]

    found = solve_ivp(f, (times[0], times[-1]), start, "DOP853", times, rtol=1e-11, atol=1e-12)
    return np.asarray(found.y.T)


def test_value_and_gradient_in_a_window() -> None:
    """From the state that is reached at its beginning, which does not move: by scipy and its differences."""
    problem = prey()
    objective = Objective(problem)
    p = TRUTH * np.array([1.1, 0.9, 1.05])
    x = np.log(p)
    begin, end = 10.0, 16.0
    inside = windowed(objective, begin, end)
    assert inside is not None and len(inside.problem.data.time) == 4 * 6
    starts = [solved(np.array([x0, 1.0]), np.array([0.0, begin]), p)[-1] for x0 in (2.0, 4.0)]

    def value(p: np.ndarray) -> float:
        total = 0.0
        data = problem.data
        for c, start in enumerate(starts):
            times = np.arange(11.0, 17.0)
            y = solved(start, np.append(begin, times), p)[1:]
            for o in range(2):
                mine = (data.condition == c) & (data.observable == o) & (data.time > begin) & (data.time <= end + 1e-9)
                r = (y[:, o] - data.value[mine]) / 0.05
                total += float(0.5 * r @ r) + len(r) * (0.5 * np.log(2 * np.pi) + np.log(0.05))
        return total

    got, gradient = inside.gradient(x)
    assert got == pytest.approx(value(p), rel=1e-6)
    for k in range(3):
        e = np.eye(3)[k] * 1e-5
        difference = (value(p * np.exp(e)) - value(p * np.exp(-e))) / 2e-5
        assert gradient[k] == pytest.approx(difference, rel=1e-5, abs=1e-5)


def test_the_gradient_is_that_of_equation_41() -> None:
    """- int_tau^{tau + T} (dF/du) phi dt with phi jumping back by -dS/dy at the data, phi = 0 behind the window."""
    problem = prey()
    p = TRUTH * np.array([1.1, 0.9, 1.05])
    x, begin, end = np.log(p), 10.0, 16.0
    inside = windowed(Objective(problem), begin, end)
    assert inside is not None
    expected = np.zeros(3)
    data = problem.data
    for c, x0 in enumerate((2.0, 4.0)):
        fine = np.linspace(begin, end, 6001)  # a hundredth, 1,000 a unit
        y = solved(solved(np.array([x0, 1.0]), np.array([0.0, begin]), p)[-1], fine, p)
        phi, h = np.zeros(2), fine[1] - fine[0]
        total = np.zeros(3)
        for i in range(6000, -1, -1):
            if i % 1000 == 0 and i:
                mine = (data.condition == c) & (np.abs(data.time - fine[i]) < 1e-9)
                back = -(y[i] - data.value[mine]) / 0.05**2
                total += 0.5 * h * by(y[i], p).T @ phi
                phi = phi + back
                total += 0.5 * h * by(y[i], p).T @ phi
            else:
                total += h * (0.5 if i == 0 else 1.0) * by(y[i], p).T @ phi
            if i:  # back by the midpoint rule: d phi/dt = - J' phi between the data
                middle = phi + 0.5 * h * jacobian(y[i], p).T @ phi
                phi = phi + h * jacobian(0.5 * (y[i] + y[i - 1]), p).T @ middle
        expected -= total
    _, gradient = inside.gradient(x)
    assert gradient == pytest.approx(expected * p, rel=1e-4)  # the midpoint rule at a thousandth


def jacobian(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.array([[p[0] - p[1] * y[1], -p[1] * y[0]], [p[1] * y[1], p[1] * y[0] - p[2]]])


def by(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    """dF/du."""
    return np.array([[y[0], -y[0] * y[1], 0.0], [0.0, y[0] * y[1], -y[1]]])


def test_the_window_leads_where_the_whole_objective_does_not() -> None:
    """Five turns: from 6 random points, the whole objective alone has other minima. Counts are of a fixed seed."""
    objective = Objective(prey())
    best = settle(objective, objective.nominal())
    assert best is not None
    low, high = objective.bounds
    rng = np.random.default_rng(6)
    alone = led = 0
    for _ in range(6):
        x = low + (high - low) * rng.random(3)
        found = settle(objective, x)
        alone += found is not None and found.value < best.value + 1e-3
        x, spent = through_windows(objective, Window(5.0, 2.0, steps=6), x)
        assert spent > 0
        found = settle(objective, x)
        led += found is not None and found.value < best.value + 1e-3
    print(f"from 6 points: {alone} by the whole objective alone, {led} through the window")
    assert led >= 5 > 2 * alone


def test_a_fit_through_the_window(tmp_path: Path) -> None:
    """The same minimum, from more starts; a checkpoint of another window is refused."""
    problem = prey()
    path = tmp_path / "fit.json"
    plain = fit(problem, starts=4, seed=3)
    led = fit(problem, starts=4, seed=3, window=Window(5.0, 2.0, 6), checkpoint=path)
    print(f"of 4 starts {plain.reached} without a window, {led.reached} with one")
    assert led.best.value <= plain.best.value + 1e-3 and led.reached >= 3
    resumed = fit(problem, starts=4, seed=3, window=Window(5.0, 2.0, 6), checkpoint=path)
    assert resumed.starts == led.starts
    with pytest.raises(RxnError, match="holds a fit of other"):
        fit(problem, starts=4, seed=3, window=Window(6.0, 2.0, 6), checkpoint=path)


def test_blocks_are_cut_and_the_first_window_begins_where_the_problem_does() -> None:
    problem = prey()
    rows = np.flatnonzero((problem.data.condition == 1) & (problem.data.observable == 0))[:6]
    mixed = np.random.default_rng(4).normal(size=(6, 9))
    with_block = replace(problem, correlated=(Correlated(rows, mixed @ mixed.T),))
    objective = Objective(with_block)
    x = objective.nominal()
    inside = windowed(objective, 0.0, 4.0)
    assert inside is not None and inside.since is None
    (block,) = inside.problem.correlated
    assert np.allclose(block.covariance, (mixed @ mixed.T)[:4, :4])
    assert inside.problem.data.value[block.rows].tolist() == problem.data.value[rows[:4]].tolist()
    whole = windowed(objective, 0.0, 40.0)
    assert whole is not None and whole.value(x) == pytest.approx(objective.value(x), rel=1e-12)
    assert windowed(objective, 40.0, 45.0) is None


def test_where_windows_begin() -> None:
    assert Window(5.0, 2.0).begins(0.0, 10.0) == [0.0, 2.0, 4.0, 5.0]
    assert Window(5.0, 5.0).begins(0.0, 10.0) == [0.0, 5.0]
    assert Window(50.0, 5.0).begins(0.0, 10.0) == [0.0]
    for wrong in ((0.0, 1.0), (1.0, -1.0), (float("inf"), 1.0), (1.0, 2.0)):
        with pytest.raises(RxnError):
            Window(*wrong)
