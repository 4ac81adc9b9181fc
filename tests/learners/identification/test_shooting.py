"""Predictions of series and their derivatives, against closed forms, differences and each other."""

import numpy as np
import pytest

from rxncompile.derivations.candidates import polynomial_candidates
from rxncompile.errors import RxnError
from rxncompile.learners.identification.levenberg import Law, levenberg
from rxncompile.learners.identification.odenet import loss
from rxncompile.learners.identification.search import Search
from rxncompile.learners.identification.series import Series
from rxncompile.learners.identification.shooting import Shooting

NONE = np.zeros(1, bool)


def logistic(missing: bool = False) -> tuple[Shooting, np.ndarray]:
    """x' = a x + b x^2 from two places, and the point a = 1, b = -1/2."""
    rng = np.random.default_rng(5)
    series = []
    for k, begin in enumerate((0.2, 3.0)):
        t = np.sort(rng.uniform(0.0, 4.0, 12))
        e = begin * np.exp(t - t[0])
        x = (e / (1.0 + 0.5 * (e - begin)))[:, None]
        if missing:
            x[3 + k] = np.nan
        series.append(Series(("x",), t, x, k))
    shooting = Shooting(polynomial_candidates(["x"], 2).system, tuple(series), 3, NONE)
    return shooting, np.array([0.0, 1.0, -0.5, 0.2, 3.0])


@pytest.mark.parametrize("missing", [False, True])
def test_predictions_and_derivatives(missing: bool) -> None:
    shooting, x = logistic(missing)
    assert np.allclose(shooting.predictions(x), shooting.data, rtol=1e-7)
    y, J = shooting.sensitivities(x, [1, 2])
    assert len(y) == len(shooting.data) == 24 - 2 * missing
    for column, place in enumerate([1, 2, 3, 4]):
        e = np.eye(5)[place] * 1e-5
        difference = (shooting.predictions(x + e) - shooting.predictions(x - e)) / 2e-5
        assert np.allclose(J[:, column], difference, atol=1e-6)
    weights = np.random.default_rng(0).normal(size=len(y))
    _, whole = shooting.sensitivities(x, [0, 1, 2])
    assert np.allclose(shooting.pulled_back(x, weights), whole.T @ weights, rtol=1e-8)


@pytest.mark.parametrize("correlated", [False, True])
def test_the_loss_of_odenet_has_the_gradient_of_its_adjoint(correlated: bool) -> None:
    """Eq. 2 of Yang et al. 2021: by differences, and from the rows that least squares are made of."""
    shooting, x = logistic()
    rng = np.random.default_rng(1)
    series = []
    for s in shooting.series:
        root = 0.1 * np.eye(12) + 0.03 * rng.normal(size=(12, 12))
        values = s.values + 0.1 * rng.normal(size=s.values.shape)
        series.append(Series(s.labels, s.times, values, s.number, root @ root.T if correlated else None))
    shooting = Shooting(shooting.system, tuple(series), 3, NONE)
    search = Search(shooting, np.zeros(3, bool), 1e-3 * shooting.spread)
    at = search.fit((1, 2), x, np.array([0.1]))
    assert at is not None
    one = loss(search, at, 0.05)
    x = at.x + np.array([0.01, 0.1, -0.1, 0.02, 0.1])
    value, gradient = one.gradient(x)
    rows, J = one.slopes(x)
    law = Law(one._rounding, one.share())
    assert value == pytest.approx(law.value(rows)) == pytest.approx(one.value(x))
    assert np.allclose(gradient, J.T @ (law.weights(rows) * rows), rtol=1e-6)
    for i in range(5):
        e = np.eye(5)[i] * 1e-5
        # kinks are rounded off within 0.05 of the noise, so that differences of 1e-5 are small beside them
        assert gradient[i] == pytest.approx((one.value(x + e) - one.value(x - e)) / 2e-5, rel=1e-3, abs=1e-3)


def test_absolutes_give_a_median_and_squares_a_mean() -> None:
    data = np.array([1.0, 2.0, 3.0, 4.0, 100.0])

    def rows(x: np.ndarray) -> np.ndarray:
        return x[0] - data

    def slopes(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return rows(x), np.ones((5, 1))

    low = np.array([-np.inf])
    assert levenberg(rows, slopes, np.zeros(1), Law(), low, 100, 1e-9).x[0] == pytest.approx(22.0)
    assert levenberg(rows, slopes, np.zeros(1), Law(1e-3), low, 300, 1e-9).x[0] == pytest.approx(3.0, abs=0.01)
    assert levenberg(rows, slopes, np.zeros(1), Law(), np.array([30.0]), 100).x[0] == 30.0


def test_a_covariance_follows_its_values() -> None:
    C = np.arange(36.0).reshape(6, 6)
    series = Series(("A", "B"), np.arange(3.0), np.ones((3, 2)), covariance=C)
    assert np.array_equal(series.of(["B"]).covariance, C[1::2, 1::2])  # type: ignore[arg-type]
    kept = np.array([[True, True], [True, False], [True, True]])
    assert series.part(kept).covariance.shape == (5, 5)  # type: ignore[union-attr]
    with pytest.raises(RxnError, match="covariance"):
        Series(("A",), np.arange(3.0), np.ones((3, 1)), covariance=C)
