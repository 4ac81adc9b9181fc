"""A fit of a model with events: a dose whose time and size are to be found, and a limit that is crossed."""

from __future__ import annotations

import numpy as np
import pytest

from rxncompile import parse, rate_equations
from rxncompile.expressions import symbol
from rxncompile.learners.fits.fit import fit
from rxncompile.learners.fits.objective import Objective
from rxncompile.learners.fits.problem import Data, Observable, Problem, Scale, Unknown

DOSED = "model Dosed\nparam k = 0.7, late = 1.3, dose = 3\nspecies A = 2\nA -> 0 @ k\nat late: A = A + dose\n"
LIMIT = """model Limit
param k = 0.7, top = 1.5, low = 0.4
species A = 0.1
0 -> A @ 1
A -> 0 @ 0.3
when A > top: A = low*k
"""


def problem(text: str, exact: np.ndarray, times: np.ndarray, known: str = "") -> Problem:
    system = rate_equations(parse(text))
    unknowns = tuple(Unknown(c.label, 0.2, 5.0, Scale.LOG) for c in system.parameters if c.label != known)
    seen = Observable("A", symbol("A"), 0 * symbol("k") + 1)
    places = np.zeros(len(times), dtype=np.int64)
    return Problem.of(system, unknowns, (seen,), Data(places, places, times, exact))


@pytest.mark.parametrize("text", [DOSED, LIMIT])
def test_gradient(text: str) -> None:
    """The adjoint, the forward sensitivities, and differences of the objective, of data that nothing fits."""
    times = np.linspace(0.0, 4.0, 9)
    objective = Objective(problem(text, np.ones(9), times), rtol=1e-10, atol=1e-13)
    x = objective.scaled(np.array([0.8, 1.2, 2.5] if text == DOSED else [0.8, 1.2, 0.5]))
    _, gradient = objective.gradient(x)
    y, _, dy, _ = objective.predictions(x)
    np.testing.assert_allclose(gradient, (y - 1.0) @ dy, rtol=1e-9)
    for i in range(3):
        e = 1e-6 * np.eye(3)[i]
        difference = (objective.value(x + e) - objective.value(x - e)) / 2e-6
        assert gradient[i] == pytest.approx(difference, rel=1e-5, abs=1e-6)


def test_the_time_of_a_dose_is_found() -> None:
    """Of a dose of known size: another size at another time would leave the same behind."""
    times = np.linspace(0.0, 4.0, 17) + 0.01
    exact = 2 * np.exp(-0.7 * times) + np.where(times >= 1.3, 3 * np.exp(-0.7 * (times - 1.3)), 0.0)
    found = fit(problem(DOSED, exact, times, known="dose"), starts=4, seed=3)
    assert found.best.value < 17 * 0.5 * np.log(2 * np.pi) + 1e-8
    assert found.values["late"] == pytest.approx(1.3, rel=1e-4)
    assert found.values["k"] == pytest.approx(0.7, rel=1e-4)
