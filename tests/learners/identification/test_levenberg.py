"""Downhill to known minima, above bounds, past places where nothing can be computed."""

import numpy as np
import pytest

from rxncompile.learners.fits.objective import Failed
from rxncompile.learners.identification.levenberg import Law, levenberg

FREE = np.full(2, -np.inf)


def rosenbrock(x: np.ndarray) -> np.ndarray:
    return np.array([10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]])


def slopes(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return rosenbrock(x), np.array([[-20.0 * x[0], 10.0], [-1.0, 0.0]])


def test_a_valley() -> None:
    found = levenberg(rosenbrock, slopes, np.array([-1.2, 1.0]), Law(), FREE, 200, 1e-14)
    np.testing.assert_allclose(found.x, 1.0, atol=1e-6)


def test_a_bound() -> None:
    """x0 <= -0.5 from below: of -x0 >= 0.5, with the other as good as it can be there."""

    def mirrored(x: np.ndarray) -> np.ndarray:
        return rosenbrock(np.array([-x[0], x[1]]))

    def steep(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        r, J = slopes(np.array([-x[0], x[1]]))
        return r, J * np.array([-1.0, 1.0])

    found = levenberg(mirrored, steep, np.array([1.0, 0.0]), Law(), np.array([-0.5, -np.inf]), 200, 1e-14)
    np.testing.assert_allclose(found.x, [-0.5, 0.25], atol=1e-6)


def test_absolute_deviations_end_at_the_median() -> None:
    data = np.array([0.0, 0.1, 0.2, 0.3, 50.0])
    found = levenberg(
        lambda x: x[0] - data, lambda x: (x[0] - data, np.ones((5, 1))), np.zeros(1), Law(1e-4), FREE[:1], 200, 1e-12
    )
    assert found.x[0] == pytest.approx(0.2, abs=1e-3)


@pytest.mark.parametrize("wall", [np.inf, 1e200, None])
def test_steps_into_nothing_are_taken_back(wall: float | None) -> None:
    """Beyond x = 2 the rows are no numbers, or cannot be squared, or there are none: the minimum before is found."""

    def rows(x: np.ndarray) -> np.ndarray:
        if x[0] > 2.0:
            if wall is None:
                raise Failed
            return np.full(1, wall)
        return np.array([1e-3 * x[0] ** 3 + 1.0 - 0.004 * x[0]])  # least at sqrt(4/3), first step far beyond

    def steep(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return rows(x), np.array([[3e-3 * x[0] ** 2 - 0.004]])

    found = levenberg(rows, steep, np.array([0.5]), Law(), np.zeros(1), 200, 1e-16)
    assert found.x[0] == pytest.approx(np.sqrt(4.0 / 3.0), abs=1e-3)


def test_nothing_at_the_start() -> None:
    with pytest.raises(Failed):
        levenberg(
            lambda x: np.full(1, 1e200), lambda x: (np.full(1, 1e200), np.ones((1, 1))), np.zeros(1), Law(), FREE[:1]
        )
