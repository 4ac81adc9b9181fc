"""How the numbers that a solve returned depend on where it started and on its parameters: step by step, exactly.

The step sizes are taken as given. One Rosenbrock step with M = 1/(gamma h) - J, Y_i the argument of stage i:

    mu_i = M^-T ubar_i,  Ybar_i += J(Y_i)^T mu_i,  Jbar += mu_i u_i^T,  gradient += f_p(Y_i)^T mu_i

an explicit one is the same without M. The action of Jbar takes the derivatives of the Jacobian's entries. `directions`
has the same the other way round.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...kernels.jit import bare_jit
from ..arrays import Values
from .forcing import collect, evaluate
from .matrix import solve_transposed
from .steps import explicit_stages, linearise, rosenbrock_step

Places = NDArray[np.int64]

_UNSIGNED = np.uintp  # an index that numba need not count from the end where it is negative


class Derivatives(NamedTuple):
    """Addresses and entries: d f/d p as (state, parameter), and of `kernels.derivatives.curvature_program`."""

    parameters: int
    p_rows: Places
    p_columns: Places
    curvature: int
    c_rows: Places
    c_columns: Places


class Tangents(NamedTuple):
    """Room for the derivatives of one step; n states, s stages."""

    entries: Values
    p_entries: Values
    c_entries: Values
    mixed: Values  # the adjoint of each entry of the Jacobian, and of d f/dt
    k: Values  # (s, n), the adjoint of each stage
    stage: Values
    total: Values

    @classmethod
    def of(cls, n: int, stages: int, entries: int, p_entries: int, c_entries: int) -> Tangents:
        """Room for the derivatives of a step."""
        line = np.zeros
        return cls(
            line(max(1, entries)), line(max(1, p_entries)), line(max(1, c_entries)), line(entries + n),
            line((stages, n)), line(n), line(n),
        )  # fmt: skip


@bare_jit
def argument(tab: Any, y: Any, k: Any, i: int, h: float, out: Any) -> None:
    """y + h sum_{j<i} a_ij k_j."""
    for m in range(y.size):
        total = 0.0
        for j in range(i):
            total += tab.a[i, j] * k[j, m]
        out[m] = y[m] + h * total


@bare_jit
def explicit_adjoint(
    tab: Any, eq: Any, der: Any, work: Any, tan: Any, t: float, h: float, p: Any, costate: Any, gradient: Any
) -> None:
    """The costate at the end of a step from `work.y` becomes that at its start; the gradient grows by f_p' mu."""
    y, k, bar = work.y, work.k, tan.k
    n, stages = y.size, tab.c.size
    evaluate(eq, eq.rhs, t, y, p, k[0])
    explicit_stages(tab, eq, work, t, h, p, stages - 2 if tab.b[stages - 1] == 0.0 else stages - 1)
    for i in range(stages):
        for m in range(n):
            bar[i, m] = h * tab.b[i] * costate[m]
    for i in range(stages - 1, -1, -1):
        if i == stages - 1 and tab.b[i] == 0.0:  # the last stage is the next step's first
            continue
        argument(tab, y, k, i, h, tan.stage)
        _pull(eq, der, tan, t + tab.c[i] * h, p, bar[i], gradient)
        for m in range(n):
            costate[m] += tan.total[m]
        for j in range(i):
            weight = h * tab.a[i, j]
            for m in range(n):
                bar[j, m] += weight * tan.total[m]


@bare_jit
def _pull(eq: Any, der: Any, tan: Any, t: float, p: Any, mu: Any, gradient: Any) -> None:
    """`tan.total` = J' mu at (t, tan.stage), gradient += f_p' mu."""
    evaluate(eq, eq.jacobian, t, tan.stage, p, tan.entries)
    tan.total[:] = 0.0
    for e in range(eq.rows.size):
        tan.total[_UNSIGNED(eq.columns[e])] += tan.entries[e] * mu[_UNSIGNED(eq.rows[e])]
    evaluate(eq, der.parameters, t, tan.stage, p, tan.p_entries)
    for e in range(der.p_rows.size):
        gradient[_UNSIGNED(der.p_columns[e])] += tan.p_entries[e] * mu[_UNSIGNED(der.p_rows[e])]
    collect(eq.forcing, t, gradient)


@bare_jit
def rosenbrock_adjoint(
    tab: Any, eq: Any, der: Any, work: Any, tan: Any, t: float, h: float, p: Any, costate: Any, gradient: Any
) -> None:
    """As `explicit_adjoint`, of a Rosenbrock step."""
    y, k, bar, n = work.y, work.k, tan.k, work.y.size
    stages, entries = tab.c.size, eq.rows.size
    linearise(eq, work, t, p)
    rosenbrock_step(tab, eq, work, t, h, p)
    tan.mixed[:] = 0.0
    for i in range(stages):
        for m in range(n):
            bar[i, m] = tab.a[stages - 1, i] * costate[m]
    for m in range(n):
        bar[stages - 1, m] = costate[m]
    for i in range(stages - 1, -1, -1):
        mu = bar[i]
        solve_transposed(eq, work, mu)
        for e in range(entries):
            tan.mixed[e] += mu[_UNSIGNED(eq.rows[e])] * k[i, _UNSIGNED(eq.columns[e])]
        if eq.slope and tab.d[i] != 0.0:
            for m in range(n):
                tan.mixed[entries + m] += tab.d[i] * h * mu[m]
        argument(tab, y, k, i, 1.0, tan.stage)
        _pull(eq, der, tan, t + tab.c[i] * h, p, mu, gradient)
        for m in range(n):
            costate[m] += tan.total[m]
        for j in range(i):
            inside, outside = tab.a[i, j], tab.e[i, j] / h
            for m in range(n):
                bar[j, m] += inside * tan.total[m] + outside * mu[m]
    evaluate(eq, der.curvature, t, y, p, tan.c_entries)
    for q in range(der.c_rows.size):
        z, value = der.c_columns[q], tan.c_entries[q] * tan.mixed[der.c_rows[q]]
        if z < n:
            costate[z] += value
        else:
            gradient[z - n] += value
    collect(eq.forcing, t, gradient)


@bare_jit
def adjoint(
    gamma: Any, tab: Any, eq: Any, der: Any, work: Any, tan: Any, t: float, h: float, p: Any, costate: Any,
    gradient: Any,
) -> None:  # fmt: skip
    """Back over one step of either kind."""
    if gamma is None:  # each is compiled without the other
        explicit_adjoint(tab, eq, der, work, tan, t, h, p, costate, gradient)
    else:
        rosenbrock_adjoint(tab, eq, der, work, tan, t, h, p, costate, gradient)
