"""Reduced models beside the full one: a figure over time, a table of the largest errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullLocator
from rich.table import Table
from rich.text import Text

from ..judging.reductions import Followed, Reduced
from ..judging.verdict import in_percent
from .plots import short
from .style import INK, SERIES, WIDTH, blank, look
from .tables import empty

_ROWS = 6
_DASHES = ("solid", (0, (5, 1.5)), (0, (2, 1.5)), (0, (6, 1.5, 1, 1.5)))
_LEAST = 1e-6  # errors that are drawn


def reduced_figure(judged: Reduced, time_unit: str = "") -> Figure:
    """Each species of the full model with what the reductions say of it, and the relative errors on the right."""
    chosen = _shown(judged)
    with look():
        figure = blank(0.9 + 1.45 * len(chosen), width=7.6)
        grid = figure.subplots(len(chosen), 2, squeeze=False, sharex=True)
        for (left, right), k in zip(grid, chosen, strict=True):
            _values(left, judged, k)
            _errors(right, judged, k)
        for ax in grid[-1]:
            ax.set_xlabel(f"time ({time_unit})" if time_unit not in ("", "1") else "time")
            ax.set_xlim(judged.t[0], judged.t[-1])
        figure.legend(handles=_key(judged), loc="outside upper left", ncols=3)
    return figure


def reduced_values(judged: Reduced, time_unit: str = "") -> Figure:
    """The values alone, in a column."""
    return _column(judged, _values, time_unit)


def reduced_errors(judged: Reduced, time_unit: str = "") -> Figure:
    """The errors alone, in a column."""
    return _column(judged, _errors, time_unit)


def _column(judged: Reduced, drawn: Callable[[Axes, Reduced, int], None], time_unit: str) -> Figure:
    chosen = _shown(judged)
    with look():
        figure = blank(0.9 + 1.3 * len(chosen), width=WIDTH)
        axes = figure.subplots(len(chosen), 1, squeeze=False, sharex=True)[:, 0]
        for ax, k in zip(axes, chosen, strict=True):
            drawn(ax, judged, k)
            if drawn is _errors:
                ax.set_ylabel(f"error of {short(judged.labels[k], 16)}")
        axes[-1].set_xlim(judged.t[0], judged.t[-1])
        axes[-1].set_xlabel(f"time ({time_unit})" if time_unit not in ("", "1") else "time")
        figure.legend(handles=_key(judged)[drawn is _errors :], loc="outside upper left", ncols=2)
    return figure


def reduced_table(judged: Reduced) -> Table:
    """The largest relative error of each species after the initial layer, and when."""
    known = [f for f in judged.followed if not f.why]
    title = f"Largest error after t = {judged.layer:.4g}, relative to the largest value, and when"
    table = empty(title, ("species", *(f.name for f in known)))
    after = judged.t >= judged.t[0] + judged.layer
    for k, label in enumerate(judged.labels):
        table.add_row(Text(label), *(Text(_largest(f, judged, k, after)) for f in known))
    return table


def _largest(f: Followed, judged: Reduced, k: int, after: Any) -> str:
    errors = np.where(np.isfinite(f.errors[:, k]) & after, f.errors[:, k], -1.0)
    worst = int(np.argmax(errors))
    return f"{in_percent(float(errors[worst]))} (t = {judged.t[worst]:.4g})" if errors[worst] >= 0.0 else ""


def _shown(judged: Reduced) -> list[int]:
    """The species that some reduction eliminates or changes most, in declared order."""
    worst = np.full(len(judged.labels), 0.0)
    for f in judged.followed:
        if not f.why:
            worst = np.fmax(worst, np.nan_to_num(f.worst(judged.t)))
    order = sorted(range(len(judged.labels)), key=lambda k: (-worst[k], k))[:_ROWS]
    return sorted(order)


def _values(ax: Axes, judged: Reduced, k: int) -> None:
    ax.plot(judged.t, judged.full[:, k], color=INK, linewidth=2.4, alpha=0.45)
    for f, colour, dashes in _drawn(judged):
        ax.plot(judged.t, f.values[:, k], color=colour, linestyle=dashes, linewidth=1.3)
    ax.set_ylabel(short(judged.labels[k], 24))
    ax.locator_params(axis="y", nbins=5)


def _errors(ax: Axes, judged: Reduced, k: int) -> None:
    for f, colour, dashes in _drawn(judged):
        if np.isfinite(f.errors[:, k]).any():
            shown = np.maximum(f.errors[:, k], _LEAST)
            ax.plot(judged.t, shown, color=colour, linestyle=dashes, linewidth=1.2)
    ax.set_yscale("log")
    low, high = ax.get_ylim()
    ax.set_ylim(max(low, _LEAST), max(high, 10.0 * _LEAST))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:.6g} %"))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.set_ylabel("error")


def _drawn(judged: Reduced) -> list[tuple[Followed, str, Any]]:
    return list(zip([f for f in judged.followed if not f.why], SERIES, _DASHES, strict=False))


def _key(judged: Reduced) -> list[Any]:
    handles: list[Any] = [Line2D([], [], color=INK, linewidth=2.4, alpha=0.45, label="full equations")]
    for f, colour, dashes in _drawn(judged):
        handles.append(Line2D([], [], color=colour, linestyle=dashes, linewidth=1.3, label=short(f.name, 34)))
    return handles
