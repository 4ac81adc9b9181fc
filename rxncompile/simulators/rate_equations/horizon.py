"""How long to watch a model that does not say, until it has settled or swung; and what runs of it cost."""

from __future__ import annotations

import numpy as np

from ...errors import RxnError
from ...kernels.program import propensity_program
from ...kernels.source import compile_program
from ...system import System
from ..arrays import Values
from .ode import integrate

_SWINGS = 5.0  # periods of an oscillation worth showing
_POINTS = 401
_SETTLED = 0.04  # a state has settled where the rest of its way is below this part of its range
_SLOWING = 50  # points at both ends of the second half, to see whether growth slows down
_LONGEST = 1e3  # of models that neither settle, swing nor take off
_FIRST = 1e-9  # of a solution's length, where its logarithmic times begin to be looked at
_DECADES = 2.5  # between a tenth and nine tenths of a motion: an exponential takes 1.3, a fast rise and slow decay 2


def horizon(system: System) -> float:
    """A round time (one of few digits) by which the deterministic solution has shown itself.

    Windows from 1e-3 upwards are tried until one holds the story. Every moving state has settled (moves in the
    second half by less than 4 % of its range) or grows without bound beside others that settled: half the window.
    Some states swing, about five times: the window. All take off exponentially, tenfold: the window. Times of
    explicit events lie inside. Models that do none of this are shown until 1000.
    """
    latest_event = max((_time(e.condition) for e in system.events if e.timed), default=0.0)
    found_motion, best = False, 1.0
    for exponent in np.arange(-3.0, 9.01, np.log10(2.0)):
        window = float(10.0**exponent)
        try:
            values = integrate(system, np.linspace(0.0, window, _POINTS)).values[0]
        except RxnError:
            break
        best = window
        size, span = np.abs(values).max(axis=0), np.ptp(values, axis=0)
        moving = span > 1e-6 * np.maximum(size, 1e-300)
        found_motion = found_motion or bool((span > 0.01 * size).any())
        if found_motion and moving.any() and window > latest_event:
            shown = _shown(values[:, moving], span[moving])
            if shown and not (shown < 1.0 and _moves_on(system, window, values)):
                return max(_round_up(shown * window), _round_up(1.2 * latest_event))
    return max(_round_up(min(best, _LONGEST)) if found_motion else 1.0, _round_up(1.2 * latest_event))


def output_times(system: System, until: float, points: int) -> Values:
    """So many times from 0 to `until`: even, or even in their logarithm where the story is told over decades.

    That is where no state swings, and half of those that move take more than 2.5 decades over the middle 80 % of it.
    """
    even = np.linspace(0.0, until, points)
    if points < 3 or system.events:
        return even
    spread = np.concatenate([[0.0], np.geomspace(_FIRST * until, until, _POINTS)])
    values = integrate(system, spread).values[0]
    span = np.ptp(values, axis=0)
    moving = span > 1e-3 * np.abs(values).max(axis=0)
    way = np.cumsum(np.abs(np.diff(values[:, moving], axis=0)), axis=0)
    if not moving.any() or (way[-1] > 4.0 * span[moving]).any():
        return even
    begun, ended = (spread[1:][np.argmax(way >= part * way[-1], axis=0)] for part in (0.1, 0.9))
    if np.median(np.log10(ended / begun)) < _DECADES:
        return even
    return np.concatenate([[0.0], np.geomspace(10.0 ** np.floor(np.log10(begun.min()) - 1.0), until, points - 1)])


def expected_events(jumps: System, t: Values) -> float:
    """The integral of all propensities along the deterministic solution: events of a run, roughly."""
    path = integrate(jumps, t)
    propensities = compile_program(propensity_program(jumps))
    parameters = np.array(jumps.parameter_vector())
    out = np.empty(len(jumps.jumps))
    speeds = np.empty(len(t))
    for k, now in enumerate(t):
        propensities(now, np.ascontiguousarray(path.values[0, k, : len(jumps.states)]), parameters, out)
        speeds[k] = max(out.sum(), 0.0)
    return float(np.trapezoid(speeds, t))


def _moves_on(system: System, window: float, values: np.ndarray) -> bool:
    """Whether what looks settled leaves its place later: a slow stretch of an oscillation, a delayed switch."""
    try:
        longer = integrate(system, np.linspace(0.0, 5.0 * window, _POINTS)).values[0]
    except RxnError:
        return False
    settled = np.ptp(values[_POINTS // 2 :], axis=0) <= _SETTLED * np.ptp(values, axis=0)
    return bool((np.ptp(longer, axis=0) > 1.3 * np.ptp(values, axis=0))[settled].any())


def _shown(values: np.ndarray, span: np.ndarray) -> float:
    """The part of the window that is worth showing, 0 where it is too short."""
    first, middle, last = values[0], values[_POINTS // 2], values[-1]
    later = values[_POINTS // 2 :]
    left = np.ptp(later, axis=0)
    settled = left <= _SETTLED * span
    steps = np.diff(later, axis=0)
    growing = ~settled & (steps * np.sign(last) >= 0.0).all(axis=0) & (np.abs(last) > 1.1 * np.abs(middle))
    growing &= np.abs(steps[-_SLOWING:]).sum(axis=0) > 0.8 * np.abs(steps[:_SLOWING]).sum(axis=0)  # not levelling off
    if settled.any() and (settled | growing).all():
        return 0.5
    swings = _crossings(later - later.mean(axis=0)) / 2.0
    sustained = left > 0.2 * span
    if sustained.any() and (seen := float(np.median(swings[sustained]))) >= _SWINGS / 2:
        return min(1.0, 1.4 * _SWINGS / (2.0 * seen))  # about seven periods at most, before rounding
    takes_off = (
        (np.abs(last) > 3.0 * np.abs(middle)) & (np.abs(last) > 10.0 * np.abs(first)) & (steps[-1] > 1.5 * steps[0])
    )
    return 1.0 if growing.all() and takes_off.all() else 0.0


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
    for step in (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0):
        if value <= step * power * (1 + 1e-9):
            return float(f"{step * power:.6g}")
    return value
