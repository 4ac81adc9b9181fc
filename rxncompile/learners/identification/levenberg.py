"""Levenberg-Marquardt for sums of rho(r_i(x)), least squares or least absolutes, above lower bounds.

    rho(r) = r^2/2    or    sqrt(r^2 + d^2) - d,    the step (J^T W J + mu D) s = -J^T W r,    W = rho'(r)/r

D the diagonal of J^T W J. With the second rho, which rounds off the kink of |r| within d, this is iteratively
reweighted least squares.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...simulators.arrays import Values
from ..fits.objective import Failed

_DAMPING = 1e-3
_LARGEST = 1e140  # of a row or a slope, so that sums of squares are numbers


@dataclass(frozen=True, eq=False)
class Law:
    """rho: least squares for `rounding` None, else |r| rounded off within it; rows count by their `share`."""

    rounding: float | Values | None = None
    share: float | Values = 1.0

    def value(self, r: Values) -> float:
        if not (np.abs(r) < _LARGEST).all():
            return np.inf
        if self.rounding is None:
            return float((0.5 * self.share * r**2).sum())
        return float((self.share * (np.sqrt(r**2 + np.square(self.rounding)) - self.rounding)).sum())

    def weights(self, r: Values) -> Values:
        """rho'(r)/r."""
        if self.rounding is None:
            return np.full(len(r), 1.0) * self.share
        return np.asarray(self.share / np.sqrt(r**2 + np.square(self.rounding)))


@dataclass(frozen=True, eq=False)
class Minimum:
    """Where it ended, the rows and their derivatives there, and the sum of rho."""

    x: Values
    r: Values
    J: Values
    value: float


def levenberg(
    rows: Callable[[Values], Values],
    slopes: Callable[[Values], tuple[Values, Values]],
    x: Values,
    law: Law,
    lower: Values,
    iterations: int = 40,
    tolerance: float = 1e-5,
) -> Minimum:
    """From x downhill, until a step gains less than `tolerance`. Raises Failed where `slopes` does at x."""
    x = np.maximum(x, lower)
    r, J = _bounded(slopes, x)
    value, damping = law.value(r), _DAMPING
    for _ in range(iterations):
        w = law.weights(r)
        g = J.T @ (w * r)
        H = (J * w[:, np.newaxis]).T @ J
        free = ~((x <= lower) & (g > 0.0))
        moved = False
        for _attempt in range(12):
            step = _step(H, g, free, damping)
            trial = np.maximum(x + step, lower)
            try:
                found = law.value(rows(trial))
            except Failed:
                found = np.inf
            if found < value:
                moved = True
                break
            if -(g @ step) < 0.1 * tolerance:
                break
            damping = max(4.0 * damping, 1e-6)
        if not moved:
            break
        try:
            r, J = _bounded(slopes, trial)
        except Failed:
            break
        gain = value - found
        x, damping = trial, damping / 5.0
        value = law.value(r)
        if gain < tolerance * max(1.0, 1e-3 * value):
            break
    return Minimum(x, r, J, value)


def _bounded(slopes: Callable[[Values], tuple[Values, Values]], x: Values) -> tuple[Values, Values]:
    """`slopes`; Failed where a solution all but left its bounds: rows or slopes whose squares are no numbers."""
    r, J = slopes(x)
    if not ((np.abs(J) < _LARGEST).all() and (np.abs(r) < _LARGEST).all()):
        raise Failed
    return r, J


def _step(H: Values, g: Values, free: NDArray[np.bool_], damping: float) -> Values:
    """Of the free components; directions that nothing depends on stay."""
    step = np.zeros(len(g))
    size = np.sqrt(np.diag(H)[free])
    size = np.where(size > 0.0, size, 1.0)
    matrix = H[np.ix_(free, free)] / np.outer(size, size)
    matrix[np.diag_indices_from(matrix)] += damping + 1e-14
    step[free] = -np.linalg.solve(matrix, g[free] / size) / size
    return step
