"""Sensitivities over a whole solve, from the trace of its steps."""

from __future__ import annotations

import math
from typing import Any

from ...kernels.jit import bare_jit
from .directions import explicit_forward, rosenbrock_forward
from .forcing import enter
from .sensitivity import explicit_adjoint, rosenbrock_adjoint


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
def back(
    tab: Any, eq: Any, der: Any, work: Any, tan: Any, trace: Any, times: Any, sources: Any, p: Any, costate: Any,
    gradient: Any,
) -> None:  # fmt: skip
    """d L/d y(t_0) in `costate`, d L/d p added to `gradient`, for L with d L/d y(times[r]) = sources[r].

    The trace's solve landed on every time.
    """
    row = times.size - 1
    for m in range(costate.size):
        costate[m] = sources[row, m]
    back_over(tab, eq, der, work, tan, trace, times, sources, p, costate, gradient, row)


@bare_jit
def back_over(
    tab: Any, eq: Any, der: Any, work: Any, tan: Any, trace: Any, times: Any, sources: Any, p: Any, costate: Any,
    gradient: Any, row: int,
) -> int:  # fmt: skip
    """The part of `back` over a trace of some of the steps; the row of times before which the last of these ended.

    Returns that of its first.
    """
    for i in range(trace.used[0] - 1, -1, -1):
        _place(trace, i, work.y)
        enter(eq.forcing, trace.t[i])
        if tab.gamma > 0.0:
            rosenbrock_adjoint(tab, eq, der, work, tan, trace.t[i], trace.h[i], p, costate, gradient)
        else:
            explicit_adjoint(tab, eq, der, work, tan, trace.t[i], trace.h[i], p, costate, gradient)
        if row > 0 and trace.t[i] <= times[row - 1]:
            row -= 1
            for m in range(costate.size):
                costate[m] += sources[row, m]
    return row


@bare_jit
def along(
    tab: Any, eq: Any, der: Any, work: Any, tan: Any, trace: Any, times: Any, p: Any, s: Any, q: Any, ways: Any,
    out: Any,
) -> None:  # fmt: skip
    """The directions s (n, m), given at times[0], at every time: out (T, n, m)."""
    _write(s, out, 0)
    along_over(tab, eq, der, work, tan, trace, times, p, s, q, ways, out, 1, math.inf)


@bare_jit
def along_over(
    tab: Any, eq: Any, der: Any, work: Any, tan: Any, trace: Any, times: Any, p: Any, s: Any, q: Any, ways: Any,
    out: Any, row: int, after: float,
) -> int:  # fmt: skip
    """The part of `along` over a trace of some of the steps, with the row of times under way, which it returns.

    `after`: when the step that follows the trace begins.
    """
    used = trace.used[0]
    for i in range(used):
        _place(trace, i, work.y)
        enter(eq.forcing, trace.t[i])
        if tab.gamma > 0.0:
            rosenbrock_forward(tab, eq, der, work, tan, trace.t[i], trace.h[i], p, s, q, ways)
        else:
            explicit_forward(tab, eq, der, work, tan, trace.t[i], trace.h[i], p, s, q, ways)
        if (after if i + 1 == used else trace.t[i + 1]) >= times[row]:
            _write(s, out, row)
            row += 1
    return row
