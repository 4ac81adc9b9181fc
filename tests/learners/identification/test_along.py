"""Formulas along an exact solution, by scipy."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from rxncompile.derivations.candidates import polynomial_candidates
from rxncompile.learners.identification.along import Along, shares
from rxncompile.learners.identification.series import Series
from rxncompile.learners.identification.shooting import Shooting

LV = {"c[X,X]": 1.0, "c[X,X*Y]": -0.5, "c[Y,Y]": -1.0, "c[Y,X*Y]": 0.5}


def test_shares_of_the_rates_of_change() -> None:
    """Of each formula beside the rate of change of its state, along the exact solution."""
    candidates = polynomial_candidates(["X", "Y"], 2)
    count, begin = len(candidates.terms), [1.0, 1.0]
    x = np.zeros(count + 2)
    for label, value in LV.items():
        x[candidates.labels.index(label)] = value
    x[count:] = begin
    times = np.linspace(0.0, 8.0, 200)

    def rhs(t: float, y: np.ndarray) -> list[float]:
        return [y[0] - 0.5 * y[0] * y[1], 0.5 * y[0] * y[1] - y[1]]

    solved = solve_ivp(rhs, (0.0, 8.0), begin, "LSODA", times, rtol=1e-11, atol=1e-12)
    X, Y = solved.y
    series = Series(("X", "Y"), times, solved.y.T)
    shooting = Shooting(candidates.system, (series,), count, np.zeros(2, bool), rtol=1e-10)
    found = dict(zip(candidates.labels, shares(Along.of(candidates), shooting, x), strict=True))

    def rms(values: np.ndarray) -> float:
        return float(np.sqrt((values**2).mean()))

    assert found["c[X,Y^2]"] == pytest.approx(rms(Y**2) / rms(X - 0.5 * X * Y), rel=1e-6)
    assert found["c[Y,1]"] == pytest.approx(1.0 / rms(0.5 * X * Y - Y), rel=1e-6)
