"""Conditions that are driven by series of their own."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from driven import driven, series

from rxncompile import RxnError, integrate
from rxncompile.expressions import symbol
from rxncompile.learners.fits.information import scores
from rxncompile.learners.fits.objective import Objective
from rxncompile.learners.fits.problem import Condition, Data, Observable, Problem, Unknown


def problem(inputs: tuple[tuple[str, object], ...] | None = None) -> Problem:
    """Two conditions of one model under different stimuli; what is seen depends on the stimulus itself."""
    times = np.tile(np.linspace(0.5, 4.0, 6), 2)
    stimuli = [(("u", series(11)),), (("u", series(12)),)] if inputs is None else [inputs, inputs]
    seen = Observable("seen", symbol("B") + symbol("u") * symbol("d") / 10, sp.Rational(1, 10))
    unknowns = (Unknown("k", 0.01, 10.0), Unknown("d", 0.01, 10.0))
    data = Data(np.repeat([0, 1], 6), np.zeros(12, dtype=np.int64), times, np.full(12, 0.8))
    conditions = tuple(Condition(f"c{i}", (), given) for i, given in enumerate(stimuli))  # type: ignore[arg-type]
    return Problem.of(driven("linear"), unknowns, (seen,), data, conditions)


def test_value_and_derivatives() -> None:
    objective = Objective(problem(), rtol=1e-10, atol=1e-12)
    x = np.array([0.6, 1.1])
    value, gradient = objective.gradient(x)
    distances = []
    for condition in objective.problem.conditions:
        times = np.r_[0.0, np.linspace(0.5, 4.0, 6)]
        solved = integrate(
            driven("linear"), times, {"k": 0.6, "d": 1.1}, rtol=1e-11, atol=1e-13, inputs=dict(condition.inputs)
        )
        u = np.interp(times, *condition.inputs[0][1])  # type: ignore[arg-type]
        distances.append((solved.values[0, :, 1] + u * 0.11 - 0.8)[1:] / 0.1)
    half_squares = 0.5 * (np.concatenate(distances) ** 2).sum()
    assert value == pytest.approx(half_squares + 12 * np.log(np.sqrt(2 * np.pi) * 0.1), rel=1e-7)
    assert np.allclose(scores(objective, x).gradient, gradient, rtol=1e-9)
    for i in range(2):
        e = np.eye(2)[i] * 1e-4
        difference = (objective.value(x + e) - objective.value(x - e)) / 2e-4
        assert gradient[i] == pytest.approx(difference, rel=1e-5)


def test_a_condition_without_its_series() -> None:
    with pytest.raises(RxnError, match="needs a series of u"):
        Objective(problem(())).value(np.array([0.6, 1.1]))
