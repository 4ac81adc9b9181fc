"""Profile likelihoods as a figure: one panel an unknown, with the threshold, the best value and the interval."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from scipy.interpolate import PchipInterpolator

from ..learners.fits.problem import Scale
from ..learners.fits.profiles import Profile, Profiles
from .plots import short
from .style import INK, MUTED, SERIES, WIDTH, blank, look

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_ACROSS = 2  # panels
_ABOVE = 1.3  # of the threshold's height that is shown
_DASHED = (0, (4, 2.5))
_DENSE = 200  # points of a curve
_MARGIN = 0.12  # of the interval's width, on either side


def profiles_figure(found: Profiles) -> Figure:
    """Twice the rise of every profile above the best point; the interval lies below the dashed threshold.

    Profiles that leave an end open are drawn in another colour, and run to where they were followed.
    """
    count = len(found.profiles)
    rows = -(-count // _ACROSS)
    across = min(count, _ACROSS)
    with look():
        figure = blank(0.5 + 1.55 * rows, WIDTH if across > 1 else 0.6 * WIDTH)
        panels = figure.subplots(rows, across, sharey=True, squeeze=False).ravel()
        for ax, profile in zip(panels, found.profiles, strict=False):
            _panel(ax, found, profile)
        for ax in panels[count:]:
            ax.set_visible(False)
        for ax in panels[: count : across]:
            ax.set_ylabel("2 (profile \u2212 best)")
        key = [
            Line2D([], [], color=SERIES[0], label="bounded"),
            Line2D([], [], color=MUTED, linestyle=_DASHED, linewidth=1.0, label=f"{100 * found.level:g} % threshold"),
        ]
        if any(p.lower.open or p.upper.open for p in found.profiles):
            key.insert(1, Line2D([], [], color=SERIES[1], label="open"))
        figure.legend(handles=key, loc="outside upper left", ncols=len(key))
    return figure


def _panel(ax: Axes, found: Profiles, profile: Profile) -> None:
    unknown = found.objective.problem.unknowns[profile.k]
    base = {Scale.LINEAR: 0.0, Scale.LOG: math.e, Scale.LOG10: 10.0}[unknown.scale]
    at = profile.points[:, profile.k]
    x = base**at if base else at
    height = 2.0 * (found.threshold - found.value)
    is_open = profile.lower.open or profile.upper.open
    colour, rise = SERIES[1 if is_open else 0], 2.0 * (profile.values - found.value)
    dense = np.linspace(at[0], at[-1], _DENSE)
    apart = len(at) > 1 and bool((np.diff(at) > 0.0).all())
    curve = PchipInterpolator(at, rise)(dense) if apart else np.interp(dense, at, rise)
    ax.plot(base**dense if base else dense, curve, color=colour)
    ax.plot(x, rise, color=colour, marker=".", markersize=3.5, linestyle="none")
    ax.axhline(height, color=MUTED, linestyle=_DASHED, linewidth=1.0)
    best = found.objective.natural(found.x)[profile.k]
    ax.plot([best], [0.0], marker="o", markersize=4.0, color=INK, linestyle="none")
    if base:
        ax.set_xscale("log")
    lower, upper = (end.value for end in (profile.lower, profile.upper))
    a, b = (math.log(v) if base else v for v in (lower, upper))
    margin = _MARGIN * (b - a) if b > a else 1.0
    ax.set_xlim(*(math.exp(v) if base else v for v in (a - margin, b + margin)))
    ax.set_ylim(-0.06 * height, _ABOVE * height)
    _ticks(ax, bool(base), (b - a) / math.log(10.0) if base else 0.0)
    ax.set_xlabel(short(profile.name))


def _ticks(ax: Axes, logarithmic: bool, decades: float) -> None:
    """A few readable numbers: powers of ten over more than two decades, plain numbers else."""
    if not logarithmic:
        ax.xaxis.set_major_locator(MaxNLocator(4))
        return
    ax.xaxis.set_minor_formatter(NullFormatter())
    if decades > 2.0:
        ax.xaxis.set_major_locator(LogLocator(10.0, numticks=5))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"10{str(round(math.log10(v))).translate(_RAISED)}"))
        return
    low, high = ax.get_xlim()
    narrow = high / low < 4.0
    ax.xaxis.set_major_locator(MaxNLocator(4) if narrow else LogLocator(10.0, subs=(1.0, 2.0, 5.0), numticks=6))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:.4g}"))
    ax.minorticks_off()
