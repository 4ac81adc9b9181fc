"""One solve and the derivatives of what it returned, in memory that does not grow with the number of its steps.

A short solve is traced as a whole. Of a long one everything that the rest follows from is kept at a fixed number of
steps; between two of them it is solved again, to the last bit, and traced. Where that is still long, the same again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..arrays import Values
from ..inputs import NO_TABLES, Tables
from . import drive
from .directions import Directions
from .drive import DONE, Control, Marks, Trace
from .machine import Codes, Machine
from .replay import along_over, back_over

_ROOM = 512  # steps of a trace
_MARKS, _EVERY = 128, 8


@dataclass(frozen=True, eq=False)
class Course:
    """What `follow` found: why it ended, `states` (T, n) at `times` (T,), and what derivatives need."""

    made: Machine
    control: Control
    times: Values
    p: Values
    tables: Tables
    code: int
    states: Values
    count: Codes
    trace: Trace
    marks: Marks

    @property
    def ended(self) -> bool:
        """Whether it reached the last time with finite numbers."""
        return self.code == DONE and bool(np.isfinite(self.states).all())

    def back(self, sources: Values, first: int = 0) -> tuple[Values, Values]:
        """(d L/d y(times[first]), d L/d p) for L with d L/d y(times[r]) = sources[r], of what follows times[first].

        As `Machine.back`; the solve landed on every time.
        """
        made, times, sources = self.made, self.times[first:], np.ascontiguousarray(sources[first:])
        if made.events:
            return made.back(times, self.p, _since(self.trace, times[0]), sources, self.tables)
        equations, p = made.forced(self.tables), made.wide(self.p)
        costate, gradient, row = sources[-1].copy(), np.zeros(len(p)), len(times) - 1
        room = (made.tableau, equations, made.derivatives, made.work(), made.tangents())
        for trace, _ in self._pieces(True):
            recent = _since(trace, times[0])
            if not recent.used[0]:
                break
            row = back_over(*room, recent, times, sources, p, costate, gradient, row)
        if equations.forcing is None:
            return costate, gradient
        return costate, np.append(gradient[: len(self.p)], self.tables.pull(equations.forcing.gradient))

    def along(self, s: Values, q: Values, first: int = 0) -> Values:
        """Directions s (m, n) of y(times[first]) and q (m, P) of the parameters at these times, (T - first, m, n).

        As `Machine.along`; the solve landed on every time.
        """
        made, times = self.made, self.times[first:]
        if made.events:
            return made.along(times, self.p, _since(self.trace, times[0]), s, q, self.tables)
        m, n = s.shape
        found = np.zeros((len(times), n, m))
        equations = made.forced(self.tables, q[:, len(self.p) :])
        room = (made.tableau, equations, made.derivatives, made.work(), made.tangents())
        ways = Directions.of(m, n, len(made.tableau.c), len(equations.rows))
        p, now, moved = made.wide(self.p), s.T.copy(), made.wide(q[:, : len(self.p)]).T.copy()
        found[0], row = now, 1
        for trace, after in self._pieces(False):
            recent = _since(trace, times[0])
            if recent.used[0]:
                row = along_over(*room, recent, times, p, now, moved, ways, found, row, after)
        return found.swapaxes(1, 2)

    def _pieces(self, backwards: bool) -> Iterator[tuple[Trace, float]]:
        """Traces of all steps, one after another, and when the step after each begins."""
        steps = int(self.count[0])
        if steps <= len(self.trace.t):
            yield self.trace, math.inf
        else:
            yield from self._between(self.marks, steps, math.inf, backwards)

    def _between(self, marks: Marks, steps: int, after: float, backwards: bool) -> Iterator[tuple[Trace, float]]:
        every = int(marks.every[0])
        stride = max(1, _ROOM // every)  # marks of one piece
        places = range(0, -(-steps // every), stride)
        for i in reversed(places) if backwards else places:
            size = min(stride * every, steps - i * every)
            then = float(marks.at[i + stride, 0]) if i * every + size < steps else after
            if size <= _ROOM:
                trace = self.made.trace(_ROOM)
                self._again(trace, marks.resume(i, size, 1))
                yield trace, then
            else:
                finer = marks.resume(i, size, _MARKS)
                self._again(self.made.trace(0), finer)
                yield from self._between(finer, size, then, backwards)

    def _again(self, trace: Trace, marks: Marks) -> None:
        made, count = self.made, np.zeros(4, dtype=np.int64)
        room = (made.tableau, made.forced(self.tables), made.work())
        again = np.zeros_like(self.states)
        drive.solve(*room, self.control, self.times, made.wide(self.p), again, count, trace, None, marks)


def follow(
    made: Machine, control: Control, times: Values, p: Values, start: Values, tables: Tables = NO_TABLES
) -> Course:
    """One solve from `start` at times[0], with what its derivatives need.

    With events everything is traced, and memory grows with the steps.
    """
    n = len(start)
    if made.events:
        room = _ROOM
        while True:
            trace = made.trace(room)
            code, states, count = made.solve(control, times, p, start, trace, tables)
            if count[0] <= room and (trace.firings is None or trace.firings.used[0] <= room):
                return Course(made, control, times, p, tables, code, states, count, trace, Marks.of(0, n))
            room = 2 * max(int(count[0]), room)
    trace, marks = made.trace(_ROOM), Marks.of(_MARKS, n, _EVERY)
    states, count = np.zeros((len(times), n)), np.zeros(4, dtype=np.int64)
    states[0] = start
    run = (made.tableau, made.forced(tables), made.work(), control, times, made.wide(p), states, count, trace)
    code = int(drive.solve(*run, None, marks))
    return Course(made, control, times, p, tables, code, states, count, trace, marks)


def _since(trace: Trace, begin: float) -> Trace:
    """The steps that begin at a time or later."""
    used = int(trace.used[0])
    first = int(np.searchsorted(trace.t[:used], begin))
    if not first:
        return trace
    steps, kept = slice(first, used), np.array([used - first], dtype=np.int64)
    return trace._replace(t=trace.t[steps], h=trace.h[steps], y=trace.y[steps], used=kept)
