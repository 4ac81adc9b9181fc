"""Output times: what counts as evenly spaced in the logarithm, and intervals that are cut finer."""

import numpy as np
import pytest

from rxncompile.simulators.results.times import finer, logarithmic


@pytest.mark.parametrize("t", [np.geomspace(1e-3, 1e3, 50), np.concatenate([[0.0], np.geomspace(1e-5, 10.0, 7)])])
def test_logarithmic_times_stay_so_when_cut(t: np.ndarray) -> None:
    more = finer(t, 4)
    assert logarithmic(t) and logarithmic(more)
    assert len(more) == (4 * (len(t) - 2) + 2 if t[0] == 0.0 else 4 * (len(t) - 1) + 1)
    assert all(np.isclose(more, time, rtol=1e-12).any() for time in t)


@pytest.mark.parametrize(
    "t",
    [np.linspace(0, 5, 11), np.array([0.0]), np.array([]), np.array([0.0, 1.0, 1000.0]), np.geomspace(1, 50, 9)],
)
def test_other_times_are_not_logarithmic(t: np.ndarray) -> None:
    assert not logarithmic(t)


def test_even_times_are_cut_evenly() -> None:
    assert np.allclose(finer(np.linspace(0.0, 2.0, 3), 2), [0.0, 0.5, 1.0, 1.5, 2.0])
