"""A judgement of closures as figures and as a table: what each gives, and how far that is from the process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, NullLocator
from rich.table import Table
from rich.text import Text

from ..judging import Judgement, Verdict
from ..judging.verdict import in_percent
from ..simulators.arrays import Values
from .choice import movers
from .plots import short
from .style import INK, MUTED, SERIES, WIDTH, blank, look, over_time
from .tables import empty

_ROWS = 3
_ABOVE, _BELOW = 0.6, 0.25  # of the range of the truth: what leaves that goes on outside the panel
_DASHES = ("solid", (0, (5, 1.5)), (0, (2.5, 1.5)), (0, (1, 1)), (0, (6, 1.5, 1, 1.5)), (0, (3, 1, 1, 1, 1, 1)))
_LEAST, _MOST = 1e-5, 1e3  # errors that are drawn
_TOLD = 40  # moments in a table


def judged_figure(judgement: Judgement, time_unit: str = "") -> Figure:
    """Means on the left, standard deviations on the right, of up to three species; below, the largest errors."""
    rows = _rows(judgement)
    with look():
        figure = blank(0.9 + 1.75 * (len(rows) + 1), width=7.6)
        grid = figure.subplots(len(rows) + 1, 2, squeeze=False, sharex=True)
        for (left, right), i in zip(grid, rows, strict=False):
            _mean(left, judgement, i)
            _deviation(right, judgement, i)
        for ax, what in zip(grid[-1], ("means", "covariances"), strict=True):
            _errors(ax, judgement, what)
            ax.set_xlabel(f"time ({time_unit})" if time_unit not in ("", "1") else "time")
            over_time(ax, judgement.truth.t)
        figure.legend(handles=_key(judgement), loc="outside upper left", ncols=3)
    return figure


def judged_means(judgement: Judgement, time_unit: str = "") -> Figure:
    """The means alone, in a column."""
    return _column(judgement, _mean, time_unit)


def judged_deviations(judgement: Judgement, time_unit: str = "") -> Figure:
    """The standard deviations alone, in a column."""
    return _column(judgement, _deviation, time_unit)


def _column(judgement: Judgement, drawn: Any, time_unit: str) -> Figure:
    rows = _rows(judgement)[:2]
    with look():
        figure = blank(0.95 + 1.75 * len(rows), width=WIDTH)
        axes = figure.subplots(len(rows), 1, squeeze=False, sharex=True)[:, 0]
        for ax, i in zip(axes, rows, strict=True):
            drawn(ax, judgement, i)
        over_time(axes[-1], judgement.truth.t)
        axes[-1].set_xlabel(f"time ({time_unit})" if time_unit not in ("", "1") else "time")
        figure.legend(handles=_key(judgement, drawn is _mean), loc="outside upper left", ncols=2)
    return figure


def _rows(judgement: Judgement) -> tuple[int, ...]:
    """The species that fluctuate, those that move most; of all where none does."""
    spread = np.sqrt(np.maximum(np.diagonal(judgement.truth.covariance, axis1=1, axis2=2), 0.0)).max(axis=0)
    moving = [i for i in range(len(judgement.species)) if spread[i] > 0.0] or [0]
    return tuple(moving[k] for k in movers(judgement.truth.mean[:, moving], _ROWS))


def _mean(ax: Axes, judgement: Judgement, i: int) -> None:
    truth = judgement.truth
    mean, spread = truth.mean[:, i], np.sqrt(np.maximum(truth.covariance[:, i, i], 0.0))
    below = np.maximum(mean - spread, 0.0) if (mean >= 0.0).all() else mean - spread
    ax.fill_between(truth.t, below, mean + spread, color=MUTED, alpha=0.18, linewidth=0)
    lowest, highest = float(below.min()), float((mean + spread).max())
    _truth(ax, truth.t, mean, 2.0 * truth.mean_error[:, i])
    _limits(ax, lowest, highest)
    for verdict, colour, dashes in _drawn(judgement):
        _line(ax, verdict, verdict.mean[:, i], colour, dashes)
    ax.set_ylabel(short(f"mean of {judgement.species[i]}", 24))


def _deviation(ax: Axes, judgement: Judgement, i: int) -> None:
    truth = judgement.truth
    spread = np.sqrt(np.maximum(truth.covariance[:, i, i], 0.0))
    doubt = np.divide(truth.covariance_error[:, i, i], 2.0 * spread, out=np.zeros_like(spread), where=spread > 0.0)
    _truth(ax, truth.t, spread, 2.0 * doubt)
    _limits(ax, 0.0, float(spread.max()))
    for verdict, colour, dashes in _drawn(judgement):
        variance = verdict.covariance[:, i, i]
        _line(ax, verdict, np.sqrt(np.where(variance >= 0.0, variance, np.nan)), colour, dashes)
    ax.set_ylim(bottom=0.0)
    ax.set_ylabel(short(f"deviation of {judgement.species[i]}", 24))


def _errors(ax: Axes, judgement: Judgement, what: str) -> None:
    """The largest relative error of a group of moments over time; grey, what a sampled truth does not know."""
    group = judgement.groups[0 if what == "means" else 1]
    t = judgement.truth.t
    if not judgement.truth.exact:
        doubt = np.maximum(2.0 * judgement.resolution[:, group].max(axis=1), _LEAST)
        ax.fill_between(t, _LEAST, doubt, color=MUTED, alpha=0.18, linewidth=0)
    for verdict, colour, dashes in _drawn(judgement):
        errors = verdict.errors[:, group]
        known = np.isfinite(errors).any(axis=1)
        largest = np.full(len(t), np.nan)
        largest[known] = np.nanmax(errors[known], axis=1)
        ax.plot(t, np.maximum(largest, _LEAST), color=colour, linestyle=dashes, linewidth=1.2)
    ax.set_yscale("log")
    low, high = ax.get_ylim()
    ax.set_ylim(max(low, _LEAST), min(max(high, 1.0), _MOST))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:.6g} %" if x < 5.0 else f"{x:.6g} \u00d7"))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.set_ylabel(f"error of {what}")


def _truth(ax: Axes, t: Values, values: Values, doubt: Values) -> None:
    ax.plot(t, values, color=INK, linewidth=2.4, alpha=0.45)
    if doubt.any():
        ax.fill_between(t, values - doubt, values + doubt, color=INK, alpha=0.25, linewidth=0)


def _limits(ax: Axes, low: float, high: float) -> None:
    room = high - low or 0.2 * max(abs(high), 1.0)
    ax.set_ylim(low - _BELOW * room, high + _ABOVE * room)
    ax.locator_params(axis="y", nbins=5)


def _line(ax: Axes, verdict: Verdict, values: Values, colour: str, dashes: Any) -> None:
    """A line that is cut at the panel's edge with an arrow there, and ends with a cross where the equations do."""
    low, high = ax.get_ylim()
    ax.plot(verdict.t, np.clip(values, 2 * low - high, 2 * high - low), color=colour, linestyle=dashes, linewidth=1.4)
    known = np.flatnonzero(np.isfinite(values))
    if not known.size:
        return
    for beyond, edge, marker in ((values > high, high, "^"), (values < low, low, "v")):
        if (leaves := np.flatnonzero(beyond & np.isfinite(values))).size:
            ax.plot(verdict.t[leaves[0]], edge, color=colour, marker=marker, markersize=5, clip_on=False)
    last = int(known[-1])
    if verdict.ended is not None and low <= values[last] <= high:
        ax.plot(verdict.t[last], values[last], color=colour, marker="x", markersize=6, markeredgewidth=1.6)


def _drawn(judgement: Judgement) -> list[tuple[Verdict, str, Any]]:
    shown = [v for v in judgement.verdicts if v.means is not None and not v.same]
    return list(zip(shown, SERIES, _DASHES, strict=False))


def _key(judgement: Judgement, with_means: bool = True) -> list[Any]:
    exact = judgement.truth.exact
    truth = "master equation" if exact else "trajectories, ± 2 standard errors"
    handles: list[Any] = [Line2D([], [], color=INK, linewidth=2.4, alpha=0.45, label=truth)]
    if with_means:
        handles.append(Patch(color=MUTED, alpha=0.25, linewidth=0, label="its mean ± sd" if exact else "mean ± sd"))
    for verdict, colour, dashes in _drawn(judgement):
        twins = [v.name for v in judgement.verdicts if v.same == verdict.name]
        name = ", ".join((verdict.name, *twins))
        handles.append(Line2D([], [], color=colour, linestyle=dashes, linewidth=1.4, label=short(name, 34)))
    return handles


# ---------------------------------------------------------------------------------------------- tables


def judged_table(judgement: Judgement) -> Table:
    """The largest relative error of each moment, and when, for each approximation."""
    shown = [v for v in judgement.verdicts if v.means is not None]
    table = empty("Largest relative error, and when", ("moment", *(v.name for v in shown)))
    for k, label in enumerate(judgement.labels[:_TOLD]):
        table.add_row(Text(label), *(Text(_largest(v.errors[:, k], judgement.truth.t)) for v in shown))
    if len(judgement.labels) > _TOLD:
        table.add_row(Text(f"{len(judgement.labels) - _TOLD:,} more", "dim"))
    return table


def _largest(errors: Values, t: Sequence[float] | Values) -> str:
    known = np.where(np.isfinite(errors), errors, -1.0)
    worst = int(np.argmax(known))
    if known[worst] < 0.0:
        return ""
    return "< 0.01 %" if known[worst] < 1e-4 else f"{in_percent(float(known[worst]))} (t = {t[worst]:.4g})"
