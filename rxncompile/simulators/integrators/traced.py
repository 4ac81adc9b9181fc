"""One compiled solve with the trace of its steps, or an error that says why there is none."""

from __future__ import annotations

import numpy as np

from ...errors import RxnError
from ..arrays import Values
from ..inputs import NO_TABLES, Tables
from .drive import DONE, NOT_FINITE, SPENT, UNDERFLOW, Control, Trace
from .machine import Codes, Machine

MAX_STEPS = 200_000
_ROOM = 512  # steps that a trace holds at first


def traced(
    made: Machine, control: Control, times: Values, p: Values, start: Values, tables: Tables = NO_TABLES
) -> tuple[Values, Trace]:
    """(states (T, n), trace) of a solve that lands on its times.

    Raises R601 for values that are not finite, R605 where no step is small enough, R606 where the steps are spent,
    R607 for an event that fires without end.
    """
    room = _ROOM
    while True:
        trace = made.trace(room)
        code, states, count = made.solve(control, times, p, start, trace, tables)
        if code != DONE or not np.isfinite(states).all():
            raise fault(made, code, times, count)
        used = max(int(count[0]), int(trace.firings.used[0]) if trace.firings else 0)
        if used <= room:
            return states, trace
        room = used


def fault(made: Machine, code: int, times: Values, count: Codes) -> RxnError:
    """Why a solve has ended before its time."""
    row = min(int(count[2]), len(times) - 1)
    name, where = made.system.name, f"before t = {times[row]:.9g}"
    if code == SPENT:
        return RxnError("R606", f"{count[0] + count[1]} steps of {name} have not come to t = {times[row]:.9g}")
    if code == UNDERFLOW:
        hint = "its solution may end, or a law jump"
        return RxnError("R605", f"the steps of {name} have become too small to go on, {where}", hint=hint)
    if code in (DONE, NOT_FINITE) or made.events is None:
        return RxnError("R601", f"a state or a derivative of {name} is not finite {where}")
    return made.events.fault(code, int(count[3]), float(times[row]))
