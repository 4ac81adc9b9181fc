"""Fits as figures: what was measured and the fitted curves, a panel for each observable."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from ..learners.fits.curves import Curve, curves
from ..learners.fits.fitted import Fit
from .plots import short
from .style import INK, MUTED, RAISED, SERIES, legend, look, panels

_PANELS = 8
_ORDERS = 2.5  # of magnitude beyond which positive data are drawn on a logarithmic axis


def fit_figure(found: Fit, time_unit: str = "") -> Figure:
    """Measurements as points, the fitted curves as lines, one colour for each condition; the first eight observables.

    Raises R712 where no start has ended.
    """
    made = curves(found)
    every = list(dict.fromkeys(c.observable for c in made))
    shown = every[:_PANELS]
    conditions = list(dict.fromkeys(c.condition for c in made))
    colours = {name: SERIES[k % len(SERIES)] for k, name in enumerate(conditions)}
    with look():
        figure, axes = panels(len(shown))
        for ax, label in zip(axes, shown, strict=True):
            mine = [c for c in made if c.observable == label]
            named: set[str] = set()
            for curve in mine:
                colour = colours[curve.condition]
                name = short(curve.condition) if len(conditions) > 1 and curve.condition not in named else None
                named.add(curve.condition)
                ax.plot(curve.t, curve.values, color=colour, label=name)
                ax.plot(
                    curve.measured_t, curve.measured, "o", color=colour, markersize=3.5, alpha=0.8,
                    markeredgewidth=0.0, clip_on=False, zorder=3,
                )  # fmt: skip
            _axis(ax, label, mine)
            if len(conditions) > 1 and ax is axes[0]:
                legend(ax)
        axes[-1].set_xlabel(f"time ({time_unit})" if time_unit else "time")
        if len(every) > len(shown):
            note = f"{len(every) - len(shown)} more observables are not shown"
            axes[-1].annotate(note, (1.0, -0.35), xycoords="axes fraction", ha="right", color=MUTED, fontsize=8)
    return figure


def _axis(ax: Axes, label: str, mine: Sequence[Curve]) -> None:
    ax.set_ylabel(short(label), color=INK)
    times = np.concatenate([c.t for c in mine])
    if times.max() > times.min():
        margin = 0.01 * float(times.max() - times.min())
        ax.set_xlim(float(times.min()) - margin, float(times.max()) + margin)
    values = np.concatenate([c.measured for c in mine])
    if (values > 0.0).all() and math.log10(float(values.max() / values.min())) > _ORDERS:
        ax.set_yscale("log")
        ax.set_ylim(float(values.min()) / 3.0, float(values.max()) * 3.0)
        ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"10{str(round(math.log10(y))).translate(RAISED)}"))
        ax.yaxis.set_minor_locator(NullLocator())
