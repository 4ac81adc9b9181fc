"""Events of a deterministic solution: when they happen, and what they assign.

An event at a time that the parameters decide splits the integration exactly there. Any other fires when its
condition becomes true: false at one point of a step and true at a later one, and the time between is found on the
step's own interpolation. A condition that is true at the start has first to become false.
Events that come at the same time fire in declared order, each with the values that the one before has left; what
they make true fires after them, at the same time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from ...errors import RxnError
from ...expressions import text, to_float
from ...system import System, Trigger
from ..arrays import Values
from ..inputs import Slots
from .equations import Compiled, Function

_SAMPLES = 4  # looks at the conditions in a step
_CHATTER = 20  # firings of one event within ...
_WINDOW = 1e-9  # ... this part of the whole time are without end

Interpolant: TypeAlias = Callable[[float], Values]


class Events:
    """The events of one integration from `start` to `end`, and which conditions hold at the moment.

    `instants` are times at which conditions are looked at by themselves.
    """

    def __init__(
        self, model: Compiled, parameters: Values, known: Mapping[sp.Symbol, sp.Expr], start: float, end: float,
        instants: Sequence[float] = (), slots: Slots | None = None,
    ) -> None:  # fmt: skip
        system = model.system
        self._system, self._start, self._window = system, start, _WINDOW * (end - start)
        self._times = [event_time(system, event, known) for event in system.events]
        self._due = sorted({t for t in (*self._times, *instants) if t is not None and not math.isnan(t)})
        self._fired: list[list[float]] = [[] for _ in system.events]
        index = {s.symbol: i for i, s in enumerate(system.states)}
        self._targets = [event_targets(system, event, index) for event in system.events]
        self._values = [Function(kernel, parameters, slots) for kernel in model.assignments] if system.events else []
        self._watched = np.array([t is None for t in self._times], dtype=bool)
        self._was = ~self._watched
        self.watching = bool(self._watched.any())
        if self.watching:
            self._truths = Function(model.truths, parameters, slots)
            self._margins = Function(model.margins, parameters, slots)

    def begin(self, y: Values) -> Values:
        """The state at the start: conditions that hold already do not fire, events at this very time do."""
        self._was = self._holds(self._start, y)
        return self.fire(self._start, y)

    def next_time(self, t: float) -> float:
        """The next time after `t` that was known from the start; infinite if there is none."""
        return next((due for due in self._due if due > t), math.inf)

    def crossing(self, solution: Interpolant, begin: float, end: float) -> float | None:
        """The first time in (begin, end] at which a condition has become true, if there is one."""
        before = begin
        for k in range(1, _SAMPLES + 1):
            after = end if k == _SAMPLES else begin + (end - begin) * k / _SAMPLES
            now = self._holds(after, solution(after))
            rising = np.flatnonzero(now & ~self._was)
            if rising.size:
                return min(self._becomes_true(int(e), solution, before, after) for e in rising)
            self._was, before = now, after
        return None

    def fire(self, t: float, y: Values) -> Values:
        """The state after all events at time `t`, `y` being the state before. Raises R601 and R607."""
        y = y.copy()
        due = np.array([time == t for time in self._times], dtype=bool)
        while True:
            now = self._holds(t, y)
            firing = np.flatnonzero(due | (now & ~self._was))
            self._was = now
            if not firing.size:
                return y
            for e in firing:
                self._count(int(e), t)
                y[self._targets[e]] = self._assigned(int(e), t, y)
            due[:] = False

    def _holds(self, t: float, y: Values) -> NDArray[np.bool_]:
        """Which watched conditions hold; True for the events that are not watched."""
        if not self.watching:
            return self._was
        return (self._truths(t, y) > 0.5) | ~self._watched

    def _becomes_true(self, e: int, solution: Interpolant, begin: float, end: float) -> float:
        """The time in (begin, end], to rounding, from which on condition `e` holds; it does not at `begin`."""
        from scipy.optimize import brentq

        def margin(t: float) -> float:
            return float(self._margins(t, solution(t))[e])

        if margin(begin) < 0.0 < margin(end):
            found = brentq(margin, begin, end, xtol=4 * np.spacing(max(abs(begin), abs(end))), rtol=1e-15)
        else:  # a side of it begins, ends or stays on an edge, where x >= c and x > c differ: the truth has to tell
            found = self._halved(e, solution, begin, end)
        step = np.spacing(found)
        while not self._holds(found, solution(found))[e]:
            found = min(found + step, end)
            step *= 2.0
        return float(found)

    def _halved(self, e: int, solution: Interpolant, begin: float, end: float) -> float:
        """The time that `_becomes_true` looks for, by halving: it does not hold before, and it holds there."""
        width = 4 * np.spacing(max(abs(begin), abs(end)))
        while end - begin > width:
            middle = begin + (end - begin) / 2
            begin, end = (begin, middle) if self._holds(middle, solution(middle))[e] else (middle, end)
        return end

    def _assigned(self, e: int, t: float, y: Values) -> Values:
        values = self._values[e](t, y).copy()
        for target, value in zip(self._targets[e], values, strict=True):
            if not math.isfinite(value):
                label = self._system.states[target].label
                message = f"an event gives {label!r} the value {value} at t = {t:.9g}"
                raise RxnError("R601", message, self._system.events[e].origin)
        return values

    def _count(self, e: int, t: float) -> None:
        fired = self._fired[e]
        fired.append(t)
        if len(fired) >= _CHATTER and t - fired[-_CHATTER] <= self._window:
            event = self._system.events[e]
            raise RxnError(
                "R607",
                f"the event 'when {text(event.condition)}' fires without end at t = {t:.9g}",
                event.origin,
                "let its assignment lead well away from its condition",
            )


def event_time(system: System, event: Trigger, known: Mapping[sp.Symbol, sp.Expr]) -> float | None:
    """The time of an event where parameters decide it; None for one that has to be watched. Raises R601."""
    if not event.timed:
        return None
    value = event.condition.xreplace(known)
    if not value.is_number:
        return None
    time = to_float(value) if value.is_real else math.nan
    if math.isnan(time):
        raise RxnError("R601", f"the time of an event of {system.name} is {value}", event.origin)
    return time


def event_targets(system: System, event: Trigger, index: Mapping[sp.Symbol, int]) -> NDArray[np.intp]:
    """The places of the states that an event assigns. Raises R501 for what is no state."""
    for name, _ in event.assignments:
        if name not in index:
            raise RxnError("R501", f"an event assigns {name.name!r}, which is no state of {system.name}", event.origin)
    return np.array([index[name] for name, _ in event.assignments], dtype=np.intp)
