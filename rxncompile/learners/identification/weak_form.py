"""The weak form of equations that are linear in their coefficients, on smoothed data: a linear regression.

    -int phi'(t) x_i(t) dt  =  sum_j c_j int phi(t) F_ji(x(t)) dt,    phi(t) = (1 - s^2)^3 on a window, s in (-1, 1)

No derivative of the data is taken. x is a smoothing spline through each measured quantity, its penalty by generalised
cross-validation; phi runs over windows of several widths, over all series. Bortz, Messenger, Dukic 2023 (weak SINDy).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...derivations.candidates import Candidates
from ...simulators.arrays import Values
from ..fits.problem import Places
from .along import Along
from .series import Series

_GRID = 400  # points of a series on which integrals are sums
_WIDTHS = (0.08, 0.16, 0.32)  # of the windows, of a series' length
SEPARATE = 12  # windows of the narrowest kind beside each other


@dataclass(frozen=True, eq=False)
class Smooth:
    """A series smoothed: its states on a regular grid, at its own first time, and the noise left beside it, (n,)."""

    grid: Values
    states: Values
    start: Values
    noise: Values


def smoothed(series: Series) -> Smooth:
    """Smoothing splines; a quantity seen fewer than 5 times is joined by straight lines, its noise unknown (0)."""
    from scipy.interpolate import make_smoothing_spline  # a third of a second, which only learning needs

    grid = np.linspace(series.times[0], series.times[-1], _GRID)
    states, noise = np.zeros((_GRID, len(series.labels))), np.zeros(len(series.labels))
    for i in range(len(series.labels)):
        there = series.seen[:, i]
        t, x = series.times[there], series.values[there, i]
        if len(t) < 5:
            states[:, i] = np.interp(grid, t, x)
            continue
        size = max(float(np.abs(x).max()), 1e-300)
        spread = (grid[-1] - grid[0]) / len(t)  # so that the spline's penalty is of order one
        spline = make_smoothing_spline(t / spread, x / size)
        inside = np.clip(grid, t[0], t[-1]) / spread
        states[:, i] = spline(inside) * size
        away = x - spline(t / spread) * size
        noise[i] = float(np.sqrt((away**2).mean()))
    return Smooth(grid, states, states[0].copy(), noise)


@dataclass(frozen=True, eq=False)
class WeakForm:
    """z = J c over all windows and equations: `J` (R, P), `z` (R,), `equation` (R,) the state of each row."""

    J: Values
    z: Values
    equation: Places


def weak_form(candidates: Candidates, along: Along, smooth: Sequence[Smooth]) -> WeakForm:
    """The regression for these candidates on smoothed series."""
    n = len(candidates.states)
    columns, targets = [], []
    for one in smooth:
        phi, slope = _windows(one.grid)
        columns.append(phi @ along.values(one.grid, one.states))
        targets.append(-slope @ one.states)
    whole, target = np.vstack(columns), np.vstack(targets)
    windows = len(whole)
    J, z = np.zeros((n * windows, len(candidates.terms))), np.zeros(n * windows)
    for i in range(n):
        z[i * windows : (i + 1) * windows] = target[:, i] - whole[:, along.known + i]
    for j, i, k in along.places:
        J[i * windows : (i + 1) * windows, j] = whole[:, k]
    return WeakForm(J, z, np.repeat(np.arange(n), windows))


def _windows(grid: Values) -> tuple[Values, Values]:
    """phi and phi' of every window times the grid's step, (W, G); each row of phi' has length one."""
    length, step = grid[-1] - grid[0], grid[1] - grid[0]
    phi, slope = [], []
    for width in _WIDTHS:
        radius = 0.5 * width * length
        for middle in np.arange(grid[0] + radius, grid[-1] - radius + 1e-9 * length, 0.5 * radius):
            s = (grid - middle) / radius
            inside = np.abs(s) < 1.0
            bump = np.where(inside, (1.0 - s**2) ** 3, 0.0)
            steep = np.where(inside, -6.0 * s * (1.0 - s**2) ** 2 / radius, 0.0)
            size = float(np.linalg.norm(steep))
            phi.append(bump * step / size)
            slope.append(steep * step / size)
    return np.array(phi), np.array(slope)
