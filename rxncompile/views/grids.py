"""Sweeps as figures: how quantities change over time from value to value, and where they end."""

from __future__ import annotations

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.axis import Axis, XAxis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from ..errors import RxnError
from ..simulators.arrays import Values
from ..simulators.results.axes import Sweep
from ..simulators.results.trajectory import Ensemble, column
from .choice import movers
from .plots import short
from .style import MUTED, SERIES, blank, look, over_time

_ROWS = 3
_LINES = 9  # courses in a panel: more cannot be told apart
_ACROSS = 5  # words of the legend in a row
_TICKS = 4
_MAP = "viridis"


def sweep_figure(sweep: Sweep, labels: list[str] | None = None, time_unit: str = "") -> Figure:
    """A sweep over one or two axes, a row for each quantity (by default the three that differ most).

    One axis: the means over time at up to nine of its values, and mean ± standard deviation at the last time over
    all of them. Two axes: a map of the mean, and one of the standard deviation where runs were sampled, at the last
    time. Raises R702 for more axes, R704 for unknown labels.
    """
    if len(sweep.axes) > 2:
        hint = "-o FILE.csv holds all of it; a picture is of one or two --sweep"
        raise RxnError("R702", f"a sweep over {len(sweep.axes)} axes has no picture", hint=hint)
    last = sweep.mean[..., -1, :].reshape(-1, len(sweep.labels))
    known = [column(sweep.first, label) for label in labels or ()]
    rows = known or list(movers(last[np.isfinite(last).all(axis=1)], _ROWS)) or [0]
    with look():
        if len(sweep.axes) == 1:
            return _along(sweep, rows, time_unit)
        return _maps(sweep, rows, time_unit)


def _along(sweep: Sweep, rows: list[int], time_unit: str) -> Figure:
    """Courses on the left, ends on the right."""
    (name, values), sampled = sweep.axes[0], _sampled(sweep)
    there = [k for k, point in enumerate(sweep.points) if point is not None]
    shown = [there[round(k)] for k in np.linspace(0, len(there) - 1, min(_LINES, len(there)))]
    figure = blank(0.7 + 1.75 * len(rows), width=6.4)
    grid = figure.subplots(len(rows), 2, squeeze=False)
    colours = colormaps[_MAP](np.linspace(0.0, 0.88, len(shown)))
    order = np.argsort(values)
    for (left, right), k, colour in zip(grid, rows, SERIES, strict=False):
        label = short(sweep.labels[k])
        for place, line in zip(shown, colours, strict=True):
            left.plot(sweep.t, sweep.mean[place, :, k], color=line, linewidth=1.1, label=f"{values[place]:.4g}")
        left.set_ylabel(label)
        over_time(left, sweep.t)
        mean, sd = sweep.mean[order, -1, k], sweep.sd[order, -1, k]
        if sampled:
            right.fill_between(values[order], mean - sd, mean + sd, color=colour, alpha=0.2, linewidth=0)
        right.plot(values[order], mean, color=colour, marker="o", markersize=3)
        _scaled(right.xaxis, values)
        for ax in (left, right):
            if (sweep.mean[there][..., k] >= 0.0).all():
                ax.set_ylim(bottom=max(ax.get_ylim()[0], 0.0))
    unit = f" ({time_unit})" if time_unit not in ("", "1") else ""
    grid[-1, 0].set_xlabel(f"time{unit}")
    grid[-1, 1].set_xlabel(short(name))
    what = "mean ± sd" if sampled else "value"
    grid[0, 1].set_title(f"{what} at t = {sweep.t[-1]:.4g}{unit and ' ' + time_unit}", fontsize=8.5, color=MUTED)
    grid[0, 0].set_title(f"means at {short(name)} =" if sampled else f"at {short(name)} =", fontsize=8.5, color=MUTED)
    handles = grid[0, 0].get_legend_handles_labels()[0]
    figure.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), _ACROSS))
    return figure


def _maps(sweep: Sweep, rows: list[int], time_unit: str) -> Figure:
    """A map of each quantity's mean, and of its standard deviation."""
    kinds = [("mean", sweep.mean)] + ([("sd", sweep.sd)] if _sampled(sweep) else [])
    (across, x), (up, y) = sweep.axes
    figure = blank(0.5 + 2.1 * len(rows), width=0.4 + 3.1 * len(kinds))
    grid = figure.subplots(len(rows), len(kinds), squeeze=False)
    for line, k in zip(grid, rows, strict=True):
        for ax, (kind, values) in zip(line, kinds, strict=True):
            _map(figure, ax, x, y, values[..., -1, k])
            time = f"{sweep.t[-1]:.4g} {time_unit if time_unit != '1' else ''}".strip()
            ax.set_title(f"{kind} of {short(sweep.labels[k])} at t = {time}", fontsize=8.5, color=MUTED)
            ax.set_xlabel(short(across) if ax in grid[-1] else "")
            ax.set_ylabel(short(up) if ax is line[0] else "")
    return figure


def _map(figure: Figure, ax: Axes, x: Values, y: Values, values: Values) -> None:
    """Cells around the values of both axes, at equal steps where they are in proportion."""
    first, second = np.argsort(x), np.argsort(y)
    mesh = ax.pcolormesh(
        _edges(x[first]), _edges(y[second]), values[first][:, second].T, cmap=_MAP, rasterized=values.size > 2000
    )
    _scaled(ax.xaxis, x)
    _scaled(ax.yaxis, y)
    ax.grid(visible=False)
    bar = figure.colorbar(mesh, ax=ax)
    bar.outline.set_visible(False)


def _edges(values: Values) -> Values:
    """Where the cells around increasing values begin and end."""
    at = np.log(values) if _geometric(values) else values
    if len(at) == 1:
        edges = np.array([at[0] - 0.5, at[0] + 0.5])
    else:
        inner = (at[1:] + at[:-1]) / 2
        edges = np.concatenate([[2 * at[0] - inner[0]], inner, [2 * at[-1] - inner[-1]]])
    return np.exp(edges) if _geometric(values) else edges


def _scaled(axis: Axis, values: Values) -> None:
    """Logarithmic where the values are in proportion, with some of them as ticks."""
    if not _geometric(values):
        return
    (axis.axes.set_xscale if isinstance(axis, XAxis) else axis.axes.set_yscale)("log")
    ordered = np.sort(values)
    ticks = ordered[np.unique(np.linspace(0, len(values) - 1, _TICKS).round().astype(int))]
    axis.set_major_locator(FixedLocator(ticks.tolist()))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
    axis.set_minor_locator(NullLocator())


def _geometric(values: Values) -> bool:
    """Whether positive values stand closer to equal ratios than to equal steps."""
    at = np.sort(values)
    if len(at) < 3 or at[0] <= 0.0:
        return False
    return bool(np.ptp(np.diff(np.log(at))) / np.log(at[-1] / at[0]) < np.ptp(np.diff(at)) / np.ptp(at))


def _sampled(sweep: Sweep) -> bool:
    first = sweep.first
    return isinstance(first, Ensemble) and first.runs > 1
