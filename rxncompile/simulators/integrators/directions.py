"""Directions carried along one step, all of them side by side in the innermost loops: (states, directions).

As in `sensitivity`, with Y_i the argument of stage i, and ' the derivative in a direction:

    M u_i' = J(Y_i) Y_i' + f_p(Y_i) p' + J' u_i + sum (e_ij/h) u_j' + d_i h (f_t)'
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...kernels.jit import bare_jit
from ..arrays import Values
from .forcing import evaluate, steer
from .matrix import solve_many
from .sensitivity import argument
from .steps import explicit_stages, linearise, rosenbrock_step


class Directions(NamedTuple):
    """Room for m directions over a step; n states, s stages, E entries of the Jacobian."""

    k: Values  # (s, n, m)
    stage: Values  # (n, m)
    mixed: Values  # (E + n, m), of the Jacobian's entries and of d f/dt

    @classmethod
    def of(cls, m: int, n: int, stages: int, entries: int) -> Directions:
        """Room for m directions."""
        return cls(np.zeros((stages, n, m)), np.zeros((n, m)), np.zeros((entries + n, m)))


@bare_jit
def _add(x: Any, factor: float, u: Any) -> None:
    """x += factor u."""
    for d in range(x.size):
        x[d] += factor * u[d]


@bare_jit
def _arguments(tab: Any, s: Any, ways: Any, i: int, h: float) -> None:
    """`ways.stage` = s + h sum_{j<i} a_ij k_j."""
    for m in range(s.shape[0]):
        line, start = ways.stage[m], s[m]
        for d in range(line.size):
            line[d] = start[d]
        for j in range(i):
            if tab.a[i, j] != 0.0:
                _add(line, h * tab.a[i, j], ways.k[j, m])


@bare_jit
def _push(eq: Any, der: Any, tan: Any, ways: Any, t: float, p: Any, q: Any, out: Any) -> None:
    """out = J Y' + f_p p' at (t, tan.stage), Y' in `ways.stage`."""
    evaluate(eq, eq.jacobian, t, tan.stage, p, tan.entries)
    evaluate(eq, der.parameters, t, tan.stage, p, tan.p_entries)
    steer(eq.forcing, t, q)
    out[:, :] = 0.0
    for e in range(eq.rows.size):
        _add(out[eq.rows[e]], tan.entries[e], ways.stage[eq.columns[e]])
    for e in range(der.p_rows.size):
        _add(out[der.p_rows[e]], tan.p_entries[e], q[der.p_columns[e]])


@bare_jit
def explicit_forward(
    tab: Any, eq: Any, der: Any, work: Any, tan: Any, t: float, h: float, p: Any, s: Any, q: Any, ways: Any
) -> None:
    """Directions s (n, m) of the state, with directions q (P, m) of the parameters, over one step from `work.y`."""
    y, k, stages = work.y, work.k, tab.c.size
    evaluate(eq, eq.rhs, t, y, p, k[0])
    explicit_stages(tab, eq, work, t, h, p, stages - 2 if tab.b[stages - 1] == 0.0 else stages - 1)
    for i in range(stages):
        if i == stages - 1 and tab.b[i] == 0.0:  # the last stage is the next step's first
            continue
        argument(tab, y, k, i, h, tan.stage)
        _arguments(tab, s, ways, i, h)
        _push(eq, der, tan, ways, t + tab.c[i] * h, p, q, ways.k[i])
    for m in range(y.size):
        for i in range(stages):
            if tab.b[i] != 0.0:
                _add(s[m], h * tab.b[i], ways.k[i, m])


@bare_jit
def rosenbrock_forward(
    tab: Any, eq: Any, der: Any, work: Any, tan: Any, t: float, h: float, p: Any, s: Any, q: Any, ways: Any
) -> None:
    """As `explicit_forward`, over one Rosenbrock step."""
    y, k, n, mixed = work.y, work.k, work.y.size, ways.mixed
    stages, entries = tab.c.size, eq.rows.size
    linearise(eq, work, t, p)
    rosenbrock_step(tab, eq, work, t, h, p)
    evaluate(eq, der.curvature, t, y, p, tan.c_entries)
    steer(eq.forcing, t, q)
    mixed[:, :] = 0.0
    for c in range(der.c_rows.size):
        z = der.c_columns[c]
        _add(mixed[der.c_rows[c]], tan.c_entries[c], s[z] if z < n else q[z - n])
    for i in range(stages):
        argument(tab, y, k, i, 1.0, tan.stage)
        _arguments(tab, s, ways, i, 1.0)
        _push(eq, der, tan, ways, t + tab.c[i] * h, p, q, ways.k[i])
        for e in range(entries):
            _add(ways.k[i, eq.rows[e]], k[i, eq.columns[e]], mixed[e])
        for m in range(n):
            line = ways.k[i, m]
            for j in range(i):
                if tab.e[i, j] != 0.0:
                    _add(line, tab.e[i, j] / h, ways.k[j, m])
            if eq.slope and tab.d[i] != 0.0:
                _add(line, tab.d[i] * h, mixed[entries + m])
        solve_many(eq, work, ways.k[i])
    _arguments(tab, s, ways, stages - 1, 1.0)
    for m in range(n):
        line, stage, last = s[m], ways.stage[m], ways.k[stages - 1, m]
        for d in range(line.size):
            line[d] = stage[d] + last[d]


@bare_jit
def forward(
    gamma: Any, tab: Any, eq: Any, der: Any, work: Any, tan: Any, t: float, h: float, p: Any, s: Any, q: Any, ways: Any,
) -> None:  # fmt: skip
    """The directions over one step of either kind."""
    if gamma is None:  # each is compiled without the other
        explicit_forward(tab, eq, der, work, tan, t, h, p, s, q, ways)
    else:
        rosenbrock_forward(tab, eq, der, work, tan, t, h, p, s, q, ways)
