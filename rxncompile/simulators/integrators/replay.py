"""Sensitivities over a whole solve, from the trace of its steps."""

from __future__ import annotations

from typing import Any

from ...kernels.jit import bare_jit
from .directions import forward
from .forcing import enter
from .sensitivity import adjoint


@bare_jit
def _place(trace: Any, i: int, y: Any) -> None:
    for m in range(y.size):
        y[m] = trace.y[i, m]


@bare_jit
def _write(s: Any, out: Any, row: int) -> None:
    for m in range(s.shape[0]):
        for d in range(s.shape[1]):
            out[row, m, d] = s[m, d]


@bare_jit
def back_over(
    tab: Any, eq: Any, der: Any, work: Any, tan: Any, trace: Any, times: Any, sources: Any, p: Any, costate: Any,
    gradient: Any, row: int,
) -> int:  # fmt: skip
    """d L/d y(t_0) in `costate`, d L/d p added to `gradient`, for L with d L/d y(times[r]) = sources[r].

    Over a trace of all steps or of some, of a solve that landed on every time. `costate`: d L/d y where these end, at
    times[row] or between that and the time before it. Returns the row where they begin.
    """
    for i in range(trace.used[0] - 1, -1, -1):
        _place(trace, i, work.y)
        enter(eq.forcing, trace.t[i])
        adjoint(tab.gamma, tab, eq, der, work, tan, trace.t[i], trace.h[i], p, costate, gradient)
        if row > 0 and trace.t[i] <= times[row - 1]:
            row -= 1
            for m in range(costate.size):
                costate[m] += sources[row, m]
    return row


@bare_jit
def along_over(
    tab: Any, eq: Any, der: Any, work: Any, tan: Any, trace: Any, times: Any, p: Any, s: Any, q: Any, ways: Any,
    out: Any, row: int, after: float,
) -> int:  # fmt: skip
    """The directions s (n, m), given where a trace of all steps or of some begins, at the times: into out (T, n, m).

    `row`: the first of the times that comes after; returns the one under way in the end. `after`: when the step that
    follows the trace begins.
    """
    used = trace.used[0]
    for i in range(used):
        _place(trace, i, work.y)
        enter(eq.forcing, trace.t[i])
        forward(tab.gamma, tab, eq, der, work, tan, trace.t[i], trace.h[i], p, s, q, ways)
        if (after if i + 1 == used else trace.t[i + 1]) >= times[row]:
            _write(s, out, row)
            row += 1
    return row
