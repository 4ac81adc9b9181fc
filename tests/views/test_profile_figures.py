"""Figures of profile likelihoods, from profiles that are written down."""

from __future__ import annotations

import numpy as np
import sympy as sp
from matplotlib.colors import to_hex

from rxncompile import parse, rate_equations
from rxncompile.expressions import symbol
from rxncompile.learners.fits.objective import Objective
from rxncompile.learners.fits.problem import Data, Observable, Problem, Scale, Unknown
from rxncompile.learners.fits.profiles import End, EndKind, Profile, Profiles
from rxncompile.views.profiles import profiles_figure
from rxncompile.views.style import SERIES


def written(open_end: bool) -> Profiles:
    """A parabola on a logarithmic scale, and one on a linear scale that may have an open end."""
    system = rate_equations(parse("model Decay\nparam A0 = 3, k = 1\nspecies A = A0\nA -> 0 @ k\n"))
    unknowns = (Unknown("k", 1e-3, 1e3, Scale.LOG10), Unknown("A0", 0.0, 10.0))
    zero = np.zeros(2, dtype=np.int64)
    data = Data(zero, zero, np.array([1.0, 2.0]), np.ones(2))
    problem = Problem.of(system, unknowns, (Observable("A", symbol("A"), sp.S.One),), data)
    r = np.linspace(-1.96, 1.96, 9)
    x = np.array([0.0, 3.0])
    first = Profile("k", 0, x + np.stack([1.5 * r, 0.1 * r], axis=1), 5.0 + 0.5 * r**2,
                    End(10.0**-2.94, EndKind.CROSSED), End(10.0**2.94, EndKind.CROSSED))  # fmt: skip
    flat = np.where(r > 0.0, 0.0, r)
    upper = End(4.96, EndKind.BOUND if open_end else EndKind.CROSSED)
    second = Profile("A0", 1, x + np.stack([0.1 * r, r], axis=1), 5.0 + 0.5 * (flat if open_end else r) ** 2,
                     End(1.04, EndKind.CROSSED), upper)  # fmt: skip
    return Profiles(Objective(problem), x, 5.0, 0.95, (first, second))


def test_a_panel_an_unknown_with_threshold_and_interval() -> None:
    figure = profiles_figure(written(open_end=True))
    k, a0 = figure.axes
    assert [ax.get_xlabel() for ax in (k, a0)] == ["k", "A0"]
    assert k.get_xscale() == "log" and a0.get_xscale() == "linear"
    for ax, ends in ((k, (10.0**-2.94, 10.0**2.94)), (a0, (1.04, 4.96))):
        assert ax.get_xlim()[0] < ends[0] and ends[1] < ax.get_xlim()[1]
        curve, dots, threshold, best = ax.get_lines()
        assert len(dots.get_xdata()) == 9 and np.allclose(threshold.get_ydata(), 3.8415, atol=1e-3)
        at_dots = np.interp(dots.get_xdata(), curve.get_xdata(), curve.get_ydata())
        assert np.allclose(at_dots, dots.get_ydata(), atol=0.05)
        assert ax.get_ylim()[1] > 3.9
    assert best.get_xdata() == [3.0]
    colours = [to_hex(ax.get_lines()[0].get_color()) for ax in (k, a0)]
    assert colours == [SERIES[0], SERIES[1]]
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["bounded", "open", "95 % threshold"]


def test_ticks_are_words_and_nothing_lies_over_the_data() -> None:
    figure = profiles_figure(written(open_end=False))
    figure.canvas.draw()
    assert len(figure.legends[0].get_texts()) == 2
    labels = [t.get_text() for ax in figure.axes for t in ax.get_xticklabels() if t.get_text()]
    assert labels and not any("$" in label for label in labels)
    assert "10⁻¹" in labels and "10¹" in labels
    box = figure.legends[0].get_window_extent()
    assert all(box.y0 >= ax.get_window_extent().y1 - 1.0 for ax in figure.axes)
    assert not any(line.get_label() == "open" for line in figure.legends[0].get_lines())
