"""Distributions as figures: snapshots in time, exact lines on sampled histograms; means and bands over time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from ..simulators.arrays import Values
from ..simulators.results.comparison import whole_values
from ..simulators.results.distribution import Distribution
from ..simulators.results.trajectory import Ensemble, Trajectory, column
from .choice import movers
from .plots import ensemble_band, selection
from .style import INK, MUTED, SERIES, blank, legend, look, over_time

_ROWS, _SNAPSHOTS = 3, 3
_BARS = 60  # in a panel: more cannot be told apart
_DWARFS = 5.0  # times as probable as any other value
_SHOWN = 1e-4  # part of the probability at either end that is not shown

_BAND = Patch(color=MUTED, alpha=0.3, linewidth=0, label="mean ± sd")

Sampled = Trajectory | Ensemble


def distribution_snapshots(
    exact: Distribution | None, drawn: Sampled | None = None, labels: Sequence[str] | None = None, time_unit: str = ""
) -> Figure:
    """Each quantity at up to three times: the master equation's distribution as a line, a sample's as bars behind it.

    By default the three quantities that move most. Where an ensemble has kept no histograms there are no bars.
    """
    known: Distribution | Sampled | None = exact if exact is not None else drawn
    assert known is not None
    mean = np.stack([known.mean_of(label) for label in known.labels], axis=1)
    names = list(labels) if labels is not None else [known.labels[k] for k in movers(mean, _ROWS)]
    names = names or list(known.labels[:1])
    moments = _moments(known.t)
    with look():
        first = 1 if len(known.t) > 2 else 0  # a column for the course over time
        figure = blank(0.45 + 1.75 * len(names), width=1.8 + 1.7 * (len(moments) + first))
        grid = figure.subplots(len(names), len(moments) + first, squeeze=False)
        unit = time_unit if time_unit != "1" else ""
        for k, (label, colour) in enumerate(zip(names, SERIES, strict=False)):
            short = label if len(label) <= 20 else label[:19] + "…"
            row = grid[k]
            if first:
                _course(row[0], exact, drawn, label, colour)
                row[0].set_ylabel(short)
                row[0].set_xlabel((f"time ({unit})" if unit else "time") if k == len(names) - 1 else "")
            for ax, at in zip(row[first:], moments, strict=True):
                time = float(known.t[at])
                if drawn is not None:
                    _bars(ax, drawn, label, time, colour)
                if exact is not None:
                    _line(ax, exact, label, time, colour if drawn is None else INK)
                ax.set_ylim(bottom=0.0)
                if exact is not None:
                    _cut(ax, exact, label, time)
                ax.locator_params(nbins=4, integer=True, axis="x")
                ax.locator_params(nbins=4, axis="y")
                if k == 0:
                    ax.set_title(f"t = {time:.4g} {unit}".strip(), fontsize=8.5, color=MUTED, loc="right")
                ax.set_xlabel(short)
            row[first].set_ylabel("probability")
        handles = [h for h in grid[0, -1].get_legend_handles_labels()[0] if drawn is not None]
        figure.legend(handles=[*([_BAND] if first else []), *handles], loc="outside lower center", ncols=3)
    return figure


def _course(ax: Axes, exact: Distribution | None, drawn: Sampled | None, label: str, colour: str) -> None:
    """Mean and mean ± standard deviation; the sample's where there is one, the exact ones as lines on it."""
    band = drawn if drawn is not None else exact
    assert band is not None
    mean, sd = band.mean_of(label), band.sd_of(label)
    ax.fill_between(band.t, mean - sd, mean + sd, color=colour, alpha=0.2, linewidth=0)
    ax.plot(band.t, mean, color=colour)
    if exact is not None and drawn is not None:
        mean, sd = exact.mean_of(label), exact.sd_of(label)
        ax.plot(exact.t, mean, color=INK, linewidth=0.9)
        for edge in (mean - sd, mean + sd):
            ax.plot(exact.t, edge, color=INK, linewidth=0.6, linestyle=":")
    if (band.mean_of(label) >= 0.0).all():
        ax.set_ylim(bottom=max(ax.get_ylim()[0], 0.0))
    ax.locator_params(nbins=4)
    over_time(ax, band.t)


def against_exact(
    exact: Distribution, drawn: Sampled, labels: Sequence[str] | None = None, time_unit: str = ""
) -> Figure:
    """Mean and mean ± standard deviation of a sample as bands, the master equation's as lines and dots on them."""
    bands = drawn.statistics()
    figure = ensemble_band(bands, None, labels, time_unit)
    with look():
        for ax, group in zip(figure.axes, selection(bands, labels).groups, strict=True):
            handles = list(ax.get_legend_handles_labels()[0])
            for k in group:
                label = bands.labels[k]
                if label in exact.labels:
                    mean, sd = exact.mean_of(label), exact.sd_of(label)
                    name = "master equation" if k == group[0] else ""
                    handles += ax.plot(exact.t, mean, ".", color=INK, markersize=2.5, label=name)
                    for edge in (mean - sd, mean + sd):
                        ax.plot(exact.t, edge, color=INK, linewidth=0.6, linestyle=":")
            handles.append(_BAND)
            legend(ax, [h for h in handles if h.get_label() and not str(h.get_label()).startswith("_")])
    return figure


def _moments(t: Values) -> list[int]:
    """An early time, a middle one and the last; not the start, which is known."""
    last = len(t) - 1
    if last <= 0:
        return [0]
    return sorted({max(1, round(last * part)) for part in (0.1, 0.4, 1.0)})[-_SNAPSHOTS:]


def _line(ax: Axes, exact: Distribution, label: str, time: float, colour: str) -> None:
    """Steps of one value each where values are whole and dense, a stem for each value where they are few."""
    at = int(np.argmin(np.abs(exact.t - time)))
    n, p = exact.marginal(label, at)
    ends = np.cumsum(p) / p.sum()
    kept = (ends > _SHOWN) & (ends - p < 1.0 - _SHOWN)
    n, p = n[kept], p[kept]
    if len(n) > 3:
        ax.plot(n, p, color=colour, linewidth=1.2, label="master equation", zorder=3)
        if colour != INK:
            ax.fill_between(n, 0.0, p, color=colour, alpha=0.2, linewidth=0)
    else:
        ax.vlines(n, 0.0, p, color=colour, linewidth=1.2, zorder=3)
        ax.plot(n, p, color=colour, marker="o", markersize=4, linestyle="none", label="master equation", zorder=3)
        ax.set_xlim(n[0] - 0.9, n[-1] + 0.9)


def _cut(ax: Axes, exact: Distribution, label: str, time: float) -> None:
    """One value that dwarfs all others is told in words, so that these can be seen."""
    n, p = exact.marginal(label, int(np.argmin(np.abs(exact.t - time))))
    order = np.sort(p)
    if len(p) > _DWARFS and order[-1] > _DWARFS * order[-2] > 0.0:
        ax.set_ylim(0.0, 1.4 * float(order[-2]))
        at = int(np.argmax(p))
        where = "right" if n[at] > (n[0] + n[-1]) / 2 else "left"
        ax.text(
            0.98 if where == "right" else 0.06, 0.97, f"P({n[at]:.4g}) = {p[at]:.3g}", transform=ax.transAxes,
            ha=where, va="top", fontsize=7.5, color=MUTED,
        )  # fmt: skip


def _bars(ax: Axes, drawn: Sampled, label: str, time: float, colour: str) -> None:
    """Bars of a whole number of values each; their height is the probability of one value."""
    column(drawn, label)
    at = int(np.argmin(np.abs(drawn.t - time)))
    found = whole_values(drawn, label, at)
    if found is None:
        return
    values, counts = found
    total = counts.sum()
    width = max(1.0, np.ceil((values[-1] - values[0] + 1.0) / _BARS))
    place = np.floor((values - values[0]) / width).astype(int)
    height = np.bincount(place, counts) / total / width
    left = values[0] - 0.5 + width * np.arange(len(height))
    ax.bar(left, height, width, align="edge", color=colour, alpha=0.35, linewidth=0, label=f"{int(total):,} runs")
