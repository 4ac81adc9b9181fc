"""How one step depends on its own length h and start t: of steps that begin or end at an event.

Rosenbrock, with M = 1/(gamma h) - J as in `sensitivity`, ' by h or by t:

    M u_i' = J(Y_i) Y_i' + c_i f_t(Y_i) + u_i/(gamma h^2) + sum (e_ij/h) (u_j' - u_j/h) + d_i f_t          by h
    M u_i' = J(Y_i) Y_i' + f_t(Y_i) + J_t u_i + sum (e_ij/h) u_j' + d_i h f_tt                             by t
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ...kernels.jit import bare_jit, call_kernel
from ..arrays import Values
from .matrix import solve
from .sensitivity import Places, argument
from .steps import explicit_step, linearise, rosenbrock_step


class Moves(NamedTuple):
    """Addresses and entries of the derivatives that events need, and room; n states, P parameters, s stages.

    `slope`: d f/dt; `hurry`: of the Jacobian's entries and of d f/dt by time; `clock`: of known times by parameters;
    `margin` and `assign`: of conditions and assignments by states, parameters and (column n + P) time.
    """

    slope: int
    hurry: int
    hurry_rows: Places
    clock: int
    clock_rows: Places
    clock_columns: Places
    margin: int
    margin_rows: Places
    margin_columns: Places
    assign: Places
    assign_first: Places
    assign_rows: Places
    assign_columns: Places
    entries: Values
    by_length: Values
    by_start: Values
    f_t: Values
    k: Values  # (2, s, n)
    after: Values  # the state after the events
    row: Values  # (n + P + 1,)


@bare_jit
def _jacobian_times(eq: Any, tan: Any, v: Any, out: Any) -> None:
    out[:] = 0.0
    for e in range(eq.rows.size):
        out[eq.rows[e]] += tan.entries[e] * v[eq.columns[e]]


@bare_jit
def explicit_moving(tab: Any, eq: Any, work: Any, tan: Any, mov: Any, t: float, h: float, p: Any) -> None:
    """`mov.by_length`, `mov.by_start`: the derivatives of the end of a step from `work.y` by h and by t."""
    y, k, n, stages = work.y, work.k, work.y.size, tab.c.size
    by_h, by_t = mov.k[0], mov.k[1]
    call_kernel(eq.rhs, t, y, p, k[0])
    explicit_step(tab, eq, work, t, h, p)
    mov.by_length[:] = 0.0
    mov.by_start[:] = 0.0
    mov.f_t[:] = 0.0
    for i in range(stages):
        if i == stages - 1 and tab.b[i] == 0.0:
            continue
        argument(tab, y, k, i, h, tan.stage)
        call_kernel(eq.jacobian, t + tab.c[i] * h, tan.stage, p, tan.entries)
        if mov.slope:
            call_kernel(mov.slope, t + tab.c[i] * h, tan.stage, p, mov.f_t)
        for m in range(n):
            total = 0.0
            for j in range(i):
                total += tab.a[i, j] * (k[j, m] + h * by_h[j, m])
            tan.total[m] = total
        _jacobian_times(eq, tan, tan.total, by_h[i])
        for m in range(n):
            total = 0.0
            for j in range(i):
                total += tab.a[i, j] * by_t[j, m]
            tan.total[m] = h * total
        _jacobian_times(eq, tan, tan.total, by_t[i])
        for m in range(n):
            by_h[i, m] += tab.c[i] * mov.f_t[m]
            by_t[i, m] += mov.f_t[m]
            mov.by_length[m] += tab.b[i] * (k[i, m] + h * by_h[i, m])
            mov.by_start[m] += tab.b[i] * h * by_t[i, m]


@bare_jit
def rosenbrock_moving(tab: Any, eq: Any, work: Any, tan: Any, mov: Any, t: float, h: float, p: Any) -> None:
    """As `explicit_moving`, of a Rosenbrock step."""
    y, k, n, stages = work.y, work.k, work.y.size, tab.c.size
    entries, inverse, diagonal = eq.rows.size, 1.0 / h, 1.0 / (tab.gamma * h * h)
    by_h, by_t = mov.k[0], mov.k[1]
    linearise(eq, work, t, p)
    rosenbrock_step(tab, eq, work, t, h, p)
    mov.f_t[:] = 0.0
    tan.mixed[:] = 0.0
    if mov.slope:
        call_kernel(mov.hurry, t, y, p, mov.entries)
        for q in range(mov.hurry_rows.size):
            tan.mixed[mov.hurry_rows[q]] = mov.entries[q]
    for i in range(stages):
        argument(tab, y, k, i, 1.0, tan.stage)
        call_kernel(eq.jacobian, t + tab.c[i] * h, tan.stage, p, tan.entries)
        if mov.slope:
            call_kernel(mov.slope, t + tab.c[i] * h, tan.stage, p, mov.f_t)
        for d in range(2):
            row = mov.k[d, i]
            for m in range(n):
                total = 0.0
                for j in range(i):
                    total += tab.a[i, j] * mov.k[d, j, m]
                tan.total[m] = total
            _jacobian_times(eq, tan, tan.total, row)
            for m in range(n):
                for j in range(i):
                    row[m] += tab.e[i, j] * inverse * mov.k[d, j, m]
        for m in range(n):
            by_h[i, m] += tab.c[i] * mov.f_t[m] + diagonal * k[i, m]
            by_t[i, m] += mov.f_t[m]
            for j in range(i):
                by_h[i, m] -= tab.e[i, j] * inverse * inverse * k[j, m]
        if mov.slope:
            for m in range(n):
                by_h[i, m] += tab.d[i] * work.slope[m]
                by_t[i, m] += tab.d[i] * h * tan.mixed[entries + m]
            for e in range(entries):
                by_t[i, eq.rows[e]] += tan.mixed[e] * k[i, eq.columns[e]]
        solve(eq, work, by_h[i])
        solve(eq, work, by_t[i])
    for m in range(n):
        by_length, by_start = by_h[stages - 1, m], by_t[stages - 1, m]
        for j in range(stages - 1):
            by_length += tab.a[stages - 1, j] * by_h[j, m]
            by_start += tab.a[stages - 1, j] * by_t[j, m]
        mov.by_length[m], mov.by_start[m] = by_length, by_start


@bare_jit
def moving(
    gamma: Any, tab: Any, eq: Any, work: Any, tan: Any, mov: Any, t: float, h: float, p: Any,
) -> None:  # fmt: skip
    """What a step of either kind gains by its length and its start."""
    if gamma is None:  # each is compiled without the other
        explicit_moving(tab, eq, work, tan, mov, t, h, p)
    else:
        rosenbrock_moving(tab, eq, work, tan, mov, t, h, p)
