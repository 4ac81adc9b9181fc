"""From step to step: error control, output times, and why a solve ends. Compiled once for all models."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ...kernels.jit import bare_jit
from ..arrays import Values
from .forcing import enter, evaluate, next_knot
from .steps import advance, between, first_step, implicit, size_of
from .watching import LOCATED, Firings, begin, crossing, fire, next_due, shorten

# how a solve ends
DONE, NOT_FINITE, UNDERFLOW, SPENT = range(4)

_SAFE, _LEAST, _MOST = 0.9, 0.2, 6.0
_STRICT = 2.0  # of the estimated error: half the tolerance makes solutions as good as LSODA's, for an eighth more steps
_BETA = 0.04  # of the explicit methods' proportional-integral control
_ULPS = 16.0 * 2.0**-52  # of the time, below which a step is no step


class Control(NamedTuple):
    """Tolerances and limits. `fixed` > 0: steps of that length without control; `landing`: a step ends at each time."""

    rtol: float
    atol: Values
    max_steps: int
    fixed: float
    landing: bool


class Trace(NamedTuple):
    """Where the steps of a solve began, if there is room: t, h, and states (steps, n); `used[0]` how many.

    `firings`: what fired between them, in a System with events.
    """

    t: Values
    h: Values
    y: Values
    used: Any
    firings: Firings | None = None

    @classmethod
    def of(cls, steps: int, n: int) -> Trace:
        """Room for so many steps; 0 keeps none."""
        return cls(np.zeros(steps), np.zeros(steps), np.zeros((steps, n if steps else 0)), np.zeros(1, dtype=np.int64))

    def watched(self) -> Trace:
        """With room for as many firings as steps."""
        steps, n = self.y.shape
        return self if self.firings is not None else self._replace(firings=Firings.of(steps, n))


class Marks(NamedTuple):
    """Everything that the rest of a solve follows from, at every so many steps; `every[0]` grows so that room lasts.

    Of n states: y, the stage that an explicit step begins with, (t, h, size and length of the step before), the row of
    times under way. `most[0]`: a solve ends after so many steps; `resumed`: it begins at mark 0, and not anew.
    """

    y: Values
    k: Values
    at: Values
    row: Any
    every: Any
    most: Any
    resumed: bool

    @classmethod
    def of(cls, room: int, n: int, every: int = 1) -> Marks:
        """Room for so many."""
        whole = np.int64
        lines = np.zeros((room, n)), np.zeros((room, n)), np.zeros((room, 4)), np.zeros(room, dtype=whole)
        return cls(*lines, np.full(1, every, dtype=whole), np.full(1, 2**62, dtype=whole), False)

    def resume(self, i: int, steps: int, room: int) -> Marks:
        """To go on from mark i for so many steps, with room for finer marks."""
        found = Marks.of(room, self.y.shape[1])
        for mine, theirs in ((found.y, self.y), (found.k, self.k), (found.at, self.at), (found.row, self.row)):
            mine[0] = theirs[i]
        found.most[0] = steps
        return found._replace(resumed=True)


@bare_jit
def _mark(marks: Any, step: int, t: float, h: float, size: float, length: float, row: int, y: Any, k: Any) -> None:
    if step % marks.every[0]:
        return
    i, room = step // marks.every[0], marks.row.size
    if i == room:  # every other one goes
        marks.every[0] *= 2
        for j in range(1, (room + 1) // 2):
            for m in range(y.size):
                marks.y[j, m], marks.k[j, m] = marks.y[2 * j, m], marks.k[2 * j, m]
            for m in range(4):
                marks.at[j, m] = marks.at[2 * j, m]
            marks.row[j] = marks.row[2 * j]
        if step % marks.every[0]:
            return
        i = step // marks.every[0]
    marks.row[i] = row
    marks.at[i, 0], marks.at[i, 1], marks.at[i, 2], marks.at[i, 3] = t, h, size, length
    for m in range(y.size):
        marks.y[i, m], marks.k[i, m] = y[m], k[m]


@bare_jit
def _keep(trace: Any, t: float, h: float, y: Any) -> None:
    i = trace.used[0]
    if i < trace.t.size:
        trace.t[i], trace.h[i] = t, h
        for m in range(y.size):
            trace.y[i, m] = y[m]
    trace.used[0] = i + 1


@bare_jit
def solve(
    tab: Any, eq: Any, work: Any, control: Any, times: Any, p: Any, out: Any, count: Any, trace: Any, ev: Any = None,
    marks: Any = None,
) -> int:  # fmt: skip
    """y at `times` from y = out[0] at times[0], into `out` (T, n); DONE or why not.

    `count` (4,) gives the steps taken, the steps refused, the row that was under way, and the event at fault. `ev`: a
    Watch, or None for a System without events, for which this is compiled without them. `marks`: kept if given.
    """
    y, new, k = work.y, work.new, work.k
    n, stages, last, stiff = y.size, tab.c.size, times.size - 1, implicit(tab.gamma)
    t, end, order = times[0], times[last], 1.0 / tab.order
    count[0] = count[1] = trace.used[0] = 0
    count[2] = 1
    for m in range(n):
        y[m] = out[0, m]
    code, stop = DONE, end
    if ev is not None:
        code = begin(ev, trace.firings, t, end, y, p)
        count[3] = ev.fault[0]
        for m in range(n):
            out[0, m] = y[m]
        stop = next_due(ev, t, end)
    if last == 0 or code:
        return code
    anew, h, last_size, length, refused, fresh, row = True, control.fixed, 1.0, 0.0, False, False, 1
    if marks is not None:
        anew = not marks.resumed
        if not anew:
            t, h, last_size, length = marks.at[0, 0], marks.at[0, 1], marks.at[0, 2], marks.at[0, 3]
            row = marks.row[0]
            for m in range(n):
                y[m], k[0, m] = marks.y[0, m], marks.k[0, m]
    enter(eq.forcing, t)
    if anew:
        evaluate(eq, eq.rhs, t, y, p, k[0])
        if control.fixed == 0.0:
            h = first_step(eq, work, t, end, p, control.rtol, control.atol, tab.order)
    while row <= last:
        if count[0] + count[1] >= control.max_steps:
            return SPENT
        if marks is not None:
            if count[0] == marks.most[0]:
                return DONE
            if not refused:
                _mark(marks, count[0], t, h, last_size, length, row, y, k[0])
        goal = times[row] if control.landing else end
        if ev is not None:
            goal = min(goal, stop)
        goal = next_knot(eq.forcing, goal)
        step = goal - t if t + 1.0001 * h >= goal else h
        if not step > (_ULPS * abs(t) if step == h else 0.0):
            return UNDERFLOW
        good, fresh = advance(tab.gamma, tab, eq, work, t, step, p, fresh), True
        size = math.inf
        if good:
            size = 0.0 if control.fixed > 0.0 else _STRICT * size_of(work.error, y, new, control.rtol, control.atol)
        if not size <= 1.0:
            count[1] += 1
            h = step * (max(_LEAST, _SAFE * size**-order) if size < math.inf else 0.1)
            refused = True
            if not h > _ULPS * abs(t):
                return UNDERFLOW if size < math.inf else NOT_FINITE
            continue
        count[0] += 1
        now = goal if step != h or t + step >= goal else t + step
        which, fires = -1, False
        if ev is not None:
            if ev.truths:
                at, before, after, which, signs = crossing(tab, work, ev, t, now, step)
                if which >= 0 and at < now:
                    step, fires = shorten(tab, eq, work, ev, which, t, at, before, after, signs, p)
                    now = min(now, t + step)
                fires = fires or (which >= 0 and at == now)
            fires = fires or now == stop
        _keep(trace, t, step, y)
        while row <= last and times[row] < now:
            between(tab, work, step, (times[row] - t) / step, out[row])
            row += 1
        for m in range(n):
            y[m] = new[m]
            if not stiff:
                k[0, m] = k[stages - 1, m]
        t, fresh = now, False
        if enter(eq.forcing, t) and not stiff:  # the inputs may have jumped
            evaluate(eq, eq.rhs, t, y, p, k[0])
        if ev is not None and fires:
            code = fire(ev, trace.firings, t, y, end - times[0], count[0], LOCATED, which)
            count[3] = ev.fault[0]
            stop = next_due(ev, t, end)
        if row <= last and times[row] == t:
            for m in range(n):
                out[row, m] = y[m]
            row += 1
        count[2] = row
        if code:
            return code
        if ev is not None and fires and t < end:  # begin anew
            evaluate(eq, eq.rhs, t, y, p, k[0])
            if control.fixed == 0.0:
                h = first_step(eq, work, t, end, p, control.rtol, control.atol, tab.order)
                last_size, length, refused = 1.0, 0.0, False
                continue
        if control.fixed > 0.0:
            continue
        size = max(size, 1e-10)
        if stiff:
            grown = _SAFE * size**-order
            if length > 0.0:  # the predictive control of Gustafsson 1994
                grown = min(grown, grown * (step / length) * (last_size / size) ** order)
        else:
            grown = _SAFE * size ** -(order - 0.75 * _BETA) * max(last_size, 1e-4) ** _BETA
        grown = min(_MOST, max(_LEAST, grown))
        grown = min(1.0, grown) if refused else grown
        length, last_size = step, max(size, 1e-2) if stiff else size
        h = max(step * grown, h) if step < h and not refused and grown > 1.0 else step * grown
        refused = False
    return DONE


@bare_jit
def solve_many(
    tab: Any, eq: Any, work: Any, control: Any, times: Any, p: Any, out: Any, codes: Any, counts: Any, trace: Any,
    first: int, last: int, ev: Any = None,
) -> None:  # fmt: skip
    """The solves first, ..., last - 1 of parameters p (R, P), each from out[r, 0], into `out` (R, T, n)."""
    for r in range(first, last):
        codes[r] = solve(tab, eq, work, control, times, p[r], out[r], counts[r], trace, ev)
