"""Results as figures: time courses, ensemble bands, sample paths, the phase plane; each function returns a Figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter

from ..errors import RxnError
from ..simulators.results.trajectory import Ensemble, Result, Trajectory, column
from .choice import LINES, Choice, chosen, movers, pair
from .drawing import network_drawing
from .readings import in_full
from .style import INK, MUTED, RAISED, SERIES, blank, legend, look, over_time, panels, save

__all__ = [
    "ensemble_band", "network_drawing", "of_result", "phase_pair", "phase_plane", "sample_paths", "save", "selection",
    "thumbnail", "time_course",
]  # fmt: skip

_DENSE = 20_000  # points of a panel beyond which lines are drawn as pixels
_PATH_PANELS = 4
_BANDS = 3  # that may overlap in one panel
_SMALL_LINES, _SMALL_POINTS = 3, 200  # of a thumbnail
_ORDER = 4  # of magnitude within which numbers on an axis stand as they are
_DASHED = (0, (4, 2.5))


def of_result(result: Result, time_unit: str = "") -> Figure:
    """The figure that suits a result: bands of an ensemble, paths of several runs, lines of one."""
    if isinstance(result, Ensemble):
        return ensemble_band(result, time_unit=time_unit)
    drawn = sample_paths if result.runs > 1 else time_course
    return drawn(result, time_unit=time_unit)


def selection(result: Result, labels: Sequence[str] | None = None) -> Choice:
    """The panels in which `time_course` and `ensemble_band` show a result, and what they leave out."""
    columns = range(len(result.labels)) if labels is None else [column(result, label) for label in labels]
    most = _BANDS if isinstance(result, Ensemble) else LINES
    found = chosen(result.mean[:, columns], tuple(result.units[k] for k in columns), most)
    return Choice(tuple(tuple(columns[k] for k in g) for g in found.groups), found.note)


def time_course(result: Trajectory, labels: Sequence[str] | None = None, time_unit: str = "") -> Figure:
    """One run over time, in panels by unit and magnitude; steps where the run is a jump process."""
    steps = "default" if result.seed is None else "steps-post"
    with look():
        figure, axes = panels(len(selection(result, labels).groups))
        for ax, group in zip(axes, selection(result, labels).groups, strict=True):
            for k, colour in zip(group, SERIES, strict=False):
                ax.plot(result.t, result.values[0, :, k], color=colour, label=short(result.labels[k]), drawstyle=steps)
            _finish(ax, result, group)
            legend(ax)
        _time_axis(axes, result, time_unit)
    return figure


def ensemble_band(
    ensemble: Ensemble, ode: Trajectory | None = None, labels: Sequence[str] | None = None, time_unit: str = ""
) -> Figure:
    """Mean and mean ± standard deviation over time; `ode` is laid over it, dashed, where it has the same labels.

    Raises R701 where both have a label in different units.
    """
    for label in set(ensemble.labels) & set(ode.labels if ode is not None else ()):
        first, second = (r.units[column(r, label)] for r in (ensemble, ode) if r is not None)
        if first and second and first != second:
            hint = "integrate the jump process for numbers of molecules"
            raise RxnError("R701", f"{label!r} is in {first} in one result and in {second} in the other", hint=hint)
    with look():
        choice = selection(ensemble, labels)
        figure, axes = panels(len(choice.groups))
        for ax, group in zip(axes, choice.groups, strict=True):
            handles: list[Any] = []
            for k, colour in zip(group, SERIES, strict=False):
                mean, sd = ensemble.mean[:, k], ensemble.sd[:, k]
                ax.fill_between(ensemble.t, mean - sd, mean + sd, color=colour, alpha=0.2, linewidth=0)
                handles += ax.plot(ensemble.t, mean, color=colour, label=short(ensemble.labels[k]))
                if ode is not None and ensemble.labels[k] in ode.labels:
                    ax.plot(ode.t, ode.mean_of(ensemble.labels[k]), color=colour, linestyle=_DASHED, linewidth=1.2)
            if (ensemble.mean[:, list(group)] >= 0.0).all():
                ax.set_ylim(bottom=max(ax.get_ylim()[0], 0.0))
            _finish(ax, ensemble, group)
            legend(ax, handles + (_key(ode is not None) if ax is axes[0] else []))
        _time_axis(axes, ensemble, time_unit)
    return figure


def _key(with_ode: bool) -> list[Any]:
    """What band and dashes mean."""
    key: list[Any] = [Patch(color=MUTED, alpha=0.3, linewidth=0, label="mean ± sd")]
    if with_ode:
        key.append(Line2D([], [], color=MUTED, linestyle=_DASHED, linewidth=1.2, label="rate equations"))
    return key


def sample_paths(paths: Trajectory, labels: Sequence[str] | None = None, time_unit: str = "") -> Figure:
    """Single runs as thin steps with their mean, one panel a quantity; by default the four that move most."""
    columns = [column(paths, label) for label in labels] if labels else movers(paths.mean, _PATH_PANELS)
    with look():
        figure, axes = panels(len(columns))
        for ax, k, colour in zip(axes, columns, _cycled(len(columns)), strict=True):
            dense = paths.runs * len(paths.t) > _DENSE
            for run in paths.values[:, :, k]:
                ax.plot(paths.t, run, color=colour, alpha=0.45, linewidth=0.6, drawstyle="steps-post", rasterized=dense)
            if paths.runs > 1:
                ax.plot(paths.t, paths.mean[:, k], color=INK, linewidth=1.3)
            _finish(ax, paths, (k,))
            key = [Line2D([], [], color=colour, linewidth=0.8, label=f"{short(paths.labels[k])}, {paths.runs} runs")]
            legend(ax, [*key, Line2D([], [], color=INK, linewidth=1.3, label="their mean")])
        _time_axis(axes, paths, time_unit)
    return figure


def _cycled(count: int) -> list[str]:
    return [SERIES[k % len(SERIES)] for k in range(count)]


def phase_pair(result: Result, among: Sequence[str] | None = None) -> tuple[str, str] | None:
    """The two labels (of those in `among`) that fill a phase plane best; None where fewer than two move."""
    columns = [column(result, label) for label in among] if among is not None else list(range(len(result.labels)))
    found = pair(result.mean[:, columns])
    return (result.labels[columns[found[0]]], result.labels[columns[found[1]]]) if found else None


def phase_plane(ode: Trajectory, x: str, y: str, paths: Trajectory | None = None) -> Figure:
    """One quantity against another, a dot where it begins; `paths` are drawn thin behind it."""
    with look():
        figure = blank(3.6)
        ax = figure.subplots()
        handles: list[Any] = []
        if paths is not None and x in paths.labels and y in paths.labels:
            dense = paths.runs * len(paths.t) > _DENSE
            for run in paths.values:
                ax.plot(
                    run[:, column(paths, x)], run[:, column(paths, y)],
                    color=SERIES[1], alpha=0.4, linewidth=0.5, rasterized=dense,
                )  # fmt: skip
            runs = "one run" if paths.runs == 1 else f"{paths.runs} runs"
            handles.append(Line2D([], [], color=SERIES[1], linewidth=0.8, label=runs))
        along, up = ode.mean_of(x), ode.mean_of(y)
        handles = ax.plot(along, up, color=SERIES[0], label="rate equations") + handles
        ax.plot(along[:1], up[:1], color=SERIES[0], marker="o", markersize=5, linestyle="none")
        ax.set_xlabel(_with_unit(x, _power(ax.xaxis) + in_full(ode.units[column(ode, x)])))
        ax.set_ylabel(_with_unit(y, _power(ax.yaxis) + in_full(ode.units[column(ode, y)])))
        legend(ax, handles)
    return figure


def thumbnail(ode: Trajectory, paths: Trajectory | None = None, time_unit: str = "") -> Figure:
    """A small picture of a model: the first panel of its rate equations, one stochastic run thin behind it."""
    every = max(1, len(ode.t) // _SMALL_POINTS)
    groups = selection(ode).groups
    with look():
        figure = blank(1.9, width=3.3)
        ax = figure.subplots()
        for k, colour in zip(groups[0][:_SMALL_LINES] if groups else (), SERIES, strict=False):
            label = ode.labels[k]
            if paths is not None and label in paths.labels:
                run = paths.values[0, :, column(paths, label)]
                ax.plot(paths.t, run, color=colour, alpha=0.5, linewidth=0.6, drawstyle="steps-post")
            ax.plot(ode.t[::every], ode.values[0, ::every, k], color=colour, label=short(label, 12))
        if groups:
            _finish(ax, ode, groups[0])
            legend(ax, ax.get_legend_handles_labels()[0])
        ax.locator_params(nbins=4)
        _time_axis([ax], ode, time_unit)
    return figure


# ---------------------------------------------------------------------------------------------- axes


def _finish(ax: Axes, result: Result, group: Sequence[int]) -> None:
    """The vertical axis: what is measured, and room where nothing moves."""
    unit = result.units[group[0]]
    alone = result.labels[group[0]] if len(group) == 1 else ""
    drawn = ax.dataLim
    if np.isfinite(drawn.y0) and drawn.height == 0.0:
        middle = float(drawn.y0)
        ax.set_ylim(middle - max(abs(middle), 1.0) * 0.1, middle + max(abs(middle), 1.0) * 0.1)
    power = _power(ax.yaxis)
    if unit not in ("", "1"):
        ax.set_ylabel(power + short(in_full(unit)))
    else:
        ax.set_ylabel(_with_unit(alone, power).strip())


def _time_axis(axes: Sequence[Axes], result: Result, unit: str) -> None:
    over_time(axes[-1], result.t)
    power = "" if axes[-1].get_xscale() == "log" else _power(axes[-1].xaxis)
    axes[-1].set_xlabel(_with_unit("time", power + unit))


def _power(axis: Axis) -> str:
    """`10⁵ ` where an axis counts in such a power: its ticks then show the rest, and no number stands in a corner."""
    largest = max(map(abs, axis.get_view_interval()))
    order = math.floor(math.log10(largest)) if largest > 0.0 and math.isfinite(largest) else 0
    if -_ORDER < order < _ORDER + 1:
        return ""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / 10.0**order:.10g}".replace("-", "\u2212")))
    return f"10{str(order).translate(RAISED)} "


def _with_unit(name: str, unit: str) -> str:
    return f"{short(name)} ({short(unit.strip(), 22)})" if unit and unit != "1" else short(name)


def short(name: str, most: int = 20) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"
