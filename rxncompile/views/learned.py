"""What was learned from runs beside the runs: moments over time, joint distributions as maps, numbers in a table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator
from rich.table import Table
from rich.text import Text

from ..learners.moments import MomentData
from ..learners.moments.powers import powers
from ..simulators.arrays import Values
from ..simulators.results.distribution import Distribution
from ..simulators.results.trajectory import Trajectory
from .plots import short
from .style import INK, MUTED, RAISED, SERIES, blank, look
from .tables import empty

_MAP = "viridis"
_PATHS = 10
_MARKS = ("x", "o", "+")
_LEAST = 1e-6  # probabilities that are told apart in a map


def learned_moments(
    data: MomentData, t: Values, learned: Values, paths: Trajectory | None = None, time_unit: str = ""
) -> Figure:
    """Single runs of the first two species, means, variances and covariances of all: dots measured, lines learned.

    `learned`: means and central moments (len(t), M) as in the data, up to the second order.
    """
    species, every = data.species, powers(len(data.species), data.order)
    second = [k for k, m in enumerate(every) if len(m) == 2]
    shown = paths.select(slice(0, _PATHS)) if paths is not None else None
    with look():
        figure = blank(5.0 if shown is not None else 2.8, width=7.6)
        grid = figure.subplots(2 if shown is not None else 1, 2, squeeze=False, sharex=True)
        if shown is not None:
            for ax, name, colour in zip(grid[0], species, SERIES, strict=False):
                _paths(ax, shown, name, colour)
        measured = np.concatenate([data.mean, data.central], axis=1)
        labels = [short(n) for n in species]
        _course(grid[-1, 0], data.t, measured, t, learned, list(range(len(species))), labels, "mean")
        pairs = [every[k] for k in second]
        names = [f"var {labels[a]}" if a == b else f"cov {labels[a]}, {labels[b]}" for a, b in pairs]
        _course(grid[-1, 1], data.t, measured, t, learned, second, names, "variance and covariance")
        for ax in grid[-1]:
            ax.set_xlabel(f"time ({time_unit})" if time_unit not in ("", "1") else "time")
            ax.set_xlim(min(0.0, t[0]), t[-1])
            ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        key = [
            Line2D([], [], color=MUTED, marker="o", ls="none", ms=4, label=f"{data.runs:,} runs"),
            Line2D([], [], color=MUTED, label="learned"),
        ]
        figure.legend(handles=key, loc="outside upper right", ncols=2)
    return figure


def _paths(ax: Axes, paths: Trajectory, name: str, colour: str) -> None:
    for row in np.atleast_2d(paths[name]):
        ax.step(paths.t, row, where="post", color=colour, lw=0.7, alpha=0.6)
    ax.set_ylabel(f"{short(name)}, {paths.runs} runs")
    ax.set_ylim(bottom=0.0)


def _course(
    ax: Axes, at: Values, measured: Values, t: Values, learned: Values, which: list[int], names: list[str], what: str
) -> None:
    for k, name, colour in zip(which, names, SERIES, strict=False):
        ax.plot(t, learned[:, k], color=colour, label=name)
        ax.plot(at, measured[:, k], "o", color=colour, ms=3.2, mew=0)
    ax.set_ylabel(what)
    ax.legend(loc="upper left", bbox_to_anchor=(0.0, 1.02))


def joint_maps(
    times: Sequence[float], rows: Sequence[tuple[str, Sequence[Values]]], names: tuple[str, str], time_unit: str = ""
) -> Figure:
    """Joint probabilities p(n_x, n_y), arrays (X, Y) from 0 on, a row for each source and a column for each time.

    All maps have one logarithmic scale of colours; each column is cut where the last of the probability ends.
    """
    most = max(float(p.max()) for _, maps in rows for p in maps)
    with look():
        figure = blank(0.7 + 1.85 * len(rows), width=1.0 + 1.9 * len(times))
        grid = figure.subplots(len(rows), len(times), squeeze=False, sharex="col", sharey="col")
        for line, (source, maps) in zip(grid, rows, strict=True):
            for ax, time, p, k in zip(line, times, maps, range(len(times)), strict=True):
                across, up = (max(_end(row[1][k], axis) for row in rows) for axis in (0, 1))
                drawn = np.where(p > _LEAST, p, np.nan)[: across + 1, : up + 1].T
                box = (-0.5, drawn.shape[1] - 0.5, -0.5, drawn.shape[0] - 0.5)
                scale = LogNorm(_LEAST, most)
                mesh = ax.imshow(drawn, _MAP, scale, aspect="auto", interpolation="nearest", extent=box, origin="lower")
                ax.set_xlim(-0.5, across + 0.5)
                ax.set_ylim(-0.5, up + 0.5)
                ax.grid(visible=False)
                for axis in (ax.xaxis, ax.yaxis):
                    axis.set_major_locator(MaxNLocator(4, integer=True))
                if ax in grid[0]:
                    ax.set_title(_at(time, time_unit), fontsize=8.5, color=MUTED)
                if ax in grid[-1]:
                    ax.set_xlabel(short(names[0]))
                if ax is line[0]:
                    ax.set_ylabel(f"{source}\n{short(names[1])}")
        bar = figure.colorbar(mesh, ax=grid, fraction=0.03, pad=0.01)
        bar.set_label("probability", color=INK)
        bar.ax.yaxis.set_major_formatter(FuncFormatter(_power))
        bar.ax.yaxis.set_minor_locator(NullLocator())
        bar.outline.set_visible(False)
    return figure


def _at(time: float, unit: str) -> str:
    """A time with its unit, in the singular where it is one."""
    unit = unit.removesuffix("s") if time == 1.0 and len(unit) > 1 else unit
    return f"t = {time:g} {unit}".strip()


def _power(x: float, _: object) -> str:
    return f"10{str(round(math.log10(x))).translate(RAISED)}"


def _end(p: Values, axis: int) -> int:
    """The last index along an axis with probability."""
    kept = np.flatnonzero((p > _LEAST).any(axis=1 - axis))
    return int(kept[-1]) if len(kept) else 0


def joint_array(law: Distribution, first: str, second: str, at: int) -> Values:
    """p(n_first, n_second) of a distribution as an array from 0 on."""
    a, b, p = law.joint(first, second, at)
    found = np.zeros((int(a.max()) + 1, int(b.max()) + 1))
    found[np.ix_(a.astype(int), b.astype(int))] = p
    return found


def beside(title: str, rows: Sequence[str], columns: Mapping[str, Sequence[str]]) -> Table:
    """Numbers of several origins, a column each, beside each other."""
    table = empty(title, ("", *columns))
    for k, name in enumerate(rows):
        table.add_row(Text(name), *(Text(column[k]) for column in columns.values()))
    return table


def reduced_species(
    full: Trajectory, reduced: Mapping[str, Trajectory], panels: Sequence[tuple[Sequence[str], float]], unit: str = ""
) -> Figure:
    """Species of a full model as lines, those of reduced ones as crosses and other marks, a panel for each group.

    `panels`: the species of each, and from which time on it is drawn, on a logarithmic axis; 0: a linear one from 0.
    """
    with look():
        figure = blank(0.6 + 2.1 * (-(-len(panels) // 2)), width=7.6)
        grid = figure.subplots(-(-len(panels) // 2), 2, squeeze=False).ravel()
        for ax in grid[len(panels) :]:
            ax.set_visible(False)
        for ax, (names, since) in zip(grid, panels, strict=False):
            end = float(full.t[-1])
            marks = np.linspace(0.0, end, 26)[1:] if since == 0.0 else np.geomspace(since, end, 21)
            for name, colour in zip(names, SERIES, strict=False):
                ax.plot(full.t, full[name], color=colour, label=short(name))
                for result, mark in zip(reduced.values(), _MARKS, strict=False):
                    if name in result.labels:
                        at = np.interp(marks, result.t, result[name])
                        ax.plot(marks, at, mark, color=INK, ms=4.5, mew=0.9, mfc="none", zorder=3)
            if since:
                ax.set_xscale("log")
                ax.xaxis.set_major_formatter(FuncFormatter(_power))
                ax.xaxis.set_minor_locator(NullLocator())
            ax.set_xlim(since, end * (1.0 if since == 0.0 else 1.1))
            ax.set_xlabel(f"time ({unit})" if unit not in ("", "1") else "time")
            ax.set_ylabel(", ".join(map(short, names)))
            if len(names) > 1:
                ax.legend(loc="center right")
        key = [Line2D([], [], color=SERIES[0], label=full.name)]
        for name, mark in zip(reduced, _MARKS, strict=False):
            key.append(Line2D([], [], color=INK, marker=mark, ls="none", ms=5, mew=0.9, mfc="none", label=name))
        figure.legend(handles=key, loc="outside upper left", ncols=4)
    return figure
