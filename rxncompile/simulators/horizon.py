"""How long to watch a model that does not say: until it has settled, or has swung often enough to see."""

from __future__ import annotations

import numpy as np

from ..errors import RxnError
from ..system import System
from .ode import integrate

_SWINGS = 8.0  # periods of an oscillation worth showing
_POINTS = 401
_SETTLED = 0.02  # a state has settled where the rest of its way is below this part of its range


def horizon(system: System) -> float:
    """A round time (1, 2 or 5 times a power of ten) by which the deterministic solution has shown itself.

    Horizons from 1e-3 upwards are tried. A state has settled when what it does in the second half of the window
    is within 2 % of its range over the window. The first window in which every moving state has settled is halved
    and rounded up; one in which the states still swing is taken where it holds about eight periods. Explicit
    event times lie inside the window. Falls back to the longest window that could be integrated.
    """
    latest_event = max((_time(e.condition) for e in system.events if e.timed), default=0.0)
    best, found_motion = 1.0, False
    for exponent in np.arange(-3.0, 9.01, np.log10(2.0)):
        window = float(10.0**exponent)
        try:
            values = integrate(system, np.linspace(0.0, window, _POINTS)).values[0]
        except RxnError:
            break
        best = window
        scale = np.abs(values).max(axis=0)
        span = np.ptp(values, axis=0)
        moving = span > 1e-6 * np.maximum(scale, 1e-300)
        if not moving.any() or window <= latest_event:
            continue
        later = values[_POINTS // 2 :]
        left = np.ptp(later, axis=0)
        found_motion = found_motion or bool((span > 0.01 * scale).any())
        if found_motion and (left[moving] <= _SETTLED * span[moving]).all():
            return max(_round_up(window / 2), _round_up(1.2 * latest_event))
        swings = _crossings(later[:, moving] - later[:, moving].mean(axis=0)) / 2.0
        sustained = left[moving] > 0.2 * span[moving]
        if (swings[sustained] >= _SWINGS / 2).any() and np.median(swings[sustained]) >= _SWINGS / 2:
            return _round_up(window)
    return _round_up(best) if found_motion else max(1.0, _round_up(1.2 * latest_event))


def _time(condition: object) -> float:
    try:
        return float(condition)  # type: ignore[arg-type]
    except TypeError:
        return 0.0


def _crossings(values: np.ndarray) -> np.ndarray:
    """How often each column changes sign."""
    return np.count_nonzero(np.diff(np.signbit(values), axis=0), axis=0).astype(float)


def _round_up(value: float) -> float:
    if value <= 0.0:
        return 0.0
    power = 10.0 ** np.floor(np.log10(value) + 1e-9)
    for step in (1.0, 2.0, 5.0, 10.0):
        if value <= step * power * (1 + 1e-9):
            return float(f"{step * power:.6g}")
    return value
