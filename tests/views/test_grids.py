"""Sweeps as figures: what is drawn where, in words of the axes; what has no picture is refused."""

import numpy as np
import pytest

import rxncompile as rx
from rxncompile.errors import RxnError
from rxncompile.simulators.results.axes import Sweep
from rxncompile.views.grids import sweep_figure

NET = rx.parse("model M\nparam k = 4, g = 1\nspecies A = 3\n0 -> A @ k\nA -> 0 @ g\nobservable twice = 2*A\n")
T = np.linspace(0.0, 3.0, 7)


def swept(runs: int | None, **over: list[float]) -> Sweep:
    return rx.sweep(rx.rate_equations(NET) if runs is None else rx.jump_process(NET), T, runs, over, seed=1)


@pytest.mark.parametrize("runs", [None, 30])
def test_one_axis_shows_courses_and_ends(runs: int | None) -> None:
    found = swept(runs, k=[9.0, 1.0, 3.0])
    left, right = sweep_figure(found, ["A"]).axes
    assert [line.get_label() for line in left.lines] == ["9", "1", "3"]
    for line, point in zip(left.lines, found.points, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), point.mean_of("A"))
    [ends] = right.lines
    assert list(ends.get_xdata()) == [1.0, 3.0, 9.0]
    np.testing.assert_array_equal(ends.get_ydata(), found.mean_of("A")[[1, 2, 0], -1])
    assert right.get_xscale() == "log"
    assert len(right.collections) == (runs is not None)  # the band
    assert right.get_xlabel() == "k"


def test_two_axes_are_maps() -> None:
    found = swept(30, k=[1.0, 2.0, 3.0, 4.0], g=[1.0, 2.0])
    axes = [ax for ax in sweep_figure(found, ["A"]).axes if ax.get_title()]
    assert [ax.get_title() for ax in axes] == ["mean of A at t = 3", "sd of A at t = 3"]
    mesh = axes[0].collections[0].get_array()
    np.testing.assert_array_equal(np.asarray(mesh), found.mean_of("A")[:, :, -1].T)
    assert axes[0].get_xscale() == "linear"
    assert axes[0].get_xlim() == (0.5, 4.5)


def test_points_that_are_missing_are_left_out() -> None:
    found = swept(30, k=[1.0, 2.0, 3.0])
    part = Sweep(found.name, found.axes, (*found.points[:2], None), found.seed)
    left, _ = sweep_figure(part).axes[:2]
    assert [line.get_label() for line in left.lines] == ["1", "2"]


def test_three_axes_are_refused() -> None:
    with pytest.raises(RxnError, match="3 axes") as caught:
        sweep_figure(swept(2, k=[1.0], g=[1.0], A=[1.0]))
    assert caught.value.code == "R702"
    assert len(sweep_figure(swept(2, k=[1.0])).axes) == 4
