"""One step of each method, and what a step size is judged by. Kernels are called by address."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...kernels.jit import bare_jit
from ..arrays import Values
from .elimination import Elimination
from .forcing import Forcing, evaluate
from .matrix import eliminate, solve


class Equations(NamedTuple):
    """d y/dt by address: f, the entries (rows, columns) of its Jacobian, d f/dt (0 where f does not depend on t).

    `forcing`: the inputs, if any, which kernels find among the parameters; `table`: how matrices are eliminated.
    """

    rhs: int
    jacobian: int
    slope: int
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    forcing: Forcing | None
    table: Elimination


class Work(NamedTuple):
    """What the solves of one thread write, one after the other; n states, s stages."""

    y: Values  # where the step starts
    new: Values  # where it ends
    stage: Values
    k: Values  # (s, n)
    slope: Values
    entries: Values  # the Jacobian's entries
    matrix: Values  # (n, n), L U where it is full
    pivots: NDArray[np.int64]
    lu: Values  # L U where it is sparse
    room: Values
    error: Values

    @classmethod
    def of(cls, n: int, stages: int, entries: int, implicit: bool, table: Elimination) -> Work:
        """Room for n states; matrices only where the method needs them."""
        m = n if implicit and not len(table.order) else 0
        line = np.zeros
        return cls(
            line(n), line(n), line(n), line((stages, n)), line(n), line(max(1, entries)), line((m, m)),
            np.zeros(m, dtype=np.int64), line(table.size), line(2 * n), line(n),
        )  # fmt: skip


@bare_jit
def explicit_stages(tab: Any, eq: Any, work: Any, t: float, h: float, p: Any, count: int) -> None:
    """The first `count` of `work.k`, k[0] = f(t, y) given; `work.stage` is the argument of the last."""
    y, stage, k, n = work.y, work.stage, work.k, work.y.size
    for i in range(1, count):
        for m in range(n):
            total = 0.0
            for j in range(i):
                total += tab.a[i, j] * k[j, m]
            stage[m] = y[m] + h * total
        evaluate(eq, eq.rhs, t + tab.c[i] * h, stage, p, k[i])


@bare_jit
def explicit_step(tab: Any, eq: Any, work: Any, t: float, h: float, p: Any) -> None:
    """From `work.y` to `work.new`, k[0] = f(t, y) given; the last k is f at the end."""
    y, stage, k, error = work.y, work.stage, work.k, work.error
    n, stages = y.size, tab.c.size
    explicit_stages(tab, eq, work, t, h, p, stages)
    for m in range(n):
        total = 0.0
        for j in range(stages):
            total += tab.error[j] * k[j, m]
        work.new[m] = stage[m]
        error[m] = h * total


@bare_jit
def linearise(eq: Any, work: Any, t: float, p: Any) -> None:
    """The Jacobian, and d f/dt, at (t, work.y)."""
    evaluate(eq, eq.jacobian, t, work.y, p, work.entries)
    if eq.slope:
        evaluate(eq, eq.slope, t, work.y, p, work.slope)


@bare_jit
def rosenbrock_step(tab: Any, eq: Any, work: Any, t: float, h: float, p: Any) -> bool:
    """From `work.y` to `work.new` with the Jacobian given; False where its matrix cannot be eliminated."""
    y, stage, k = work.y, work.stage, work.k
    n, stages, inverse = y.size, tab.c.size, 1.0 / h
    if not eliminate(eq, work, 1.0 / (tab.gamma * h)):
        return False
    for i in range(stages):
        for m in range(n):
            total = y[m]
            for j in range(i):
                total += tab.a[i, j] * k[j, m]
            stage[m] = total
        evaluate(eq, eq.rhs, t + tab.c[i] * h, stage, p, k[i])
        for m in range(n):
            total = 0.0
            for j in range(i):
                total += tab.e[i, j] * k[j, m]
            k[i, m] += total * inverse
        if eq.slope and tab.d[i] != 0.0:
            for m in range(n):
                k[i, m] += tab.d[i] * h * work.slope[m]
        solve(eq, work, k[i])
    for m in range(n):
        work.new[m] = stage[m] + k[stages - 1, m]
        work.error[m] = k[stages - 1, m]
    return True


@bare_jit
def implicit(gamma: Any) -> bool:
    """Whether a method is: known when this is compiled, as in all that `gamma` decides."""
    return gamma is not None


@bare_jit
def advance(gamma: Any, tab: Any, eq: Any, work: Any, t: float, h: float, p: Any, fresh: bool) -> bool:
    """A step of either kind from `work.y` to `work.new`; `fresh`: the Jacobian of a Rosenbrock method is known there.

    False where there is none.
    """
    if gamma is None:  # each method is compiled without the other
        explicit_step(tab, eq, work, t, h, p)
        return True
    else:
        if not fresh:
            linearise(eq, work, t, p)
        return bool(rosenbrock_step(tab, eq, work, t, h, p))


@bare_jit
def size_of(error: Any, y: Any, new: Any, rtol: float, atol: Any) -> float:
    """sqrt(mean((error/(atol + rtol max(|y|, |new|)))^2)): a step is good below 1."""
    total = 0.0
    for m in range(error.size):
        scaled = error[m] / (atol[m] + rtol * max(abs(y[m]), abs(new[m])))
        total += scaled * scaled
    return math.sqrt(total / max(1, error.size))


@bare_jit
def first_step(eq: Any, work: Any, t: float, end: float, p: Any, rtol: float, atol: Any, order: int) -> float:
    """A step to begin with, k[0] = f(t, y) given.                                  Hairer, Norsett, Wanner I, II.4"""
    y, k, stage = work.y, work.k, work.stage
    n = y.size
    d0 = size_of(y, y, y, rtol, atol)
    d1 = size_of(k[0], y, y, rtol, atol)
    h = 1e-6 if d0 < 1e-5 or d1 < 1e-5 else 0.01 * d0 / d1
    h = min(h, end - t)
    for m in range(n):
        stage[m] = y[m] + h * k[0, m]
    evaluate(eq, eq.rhs, t + h, stage, p, work.new)
    for m in range(n):
        work.error[m] = work.new[m] - k[0, m]
    d2 = size_of(work.error, y, y, rtol, atol) / h
    most = max(d1, d2)
    if not most < math.inf:
        return h
    longer = max(1e-6, h * 1e-3) if most <= 1e-15 else (0.01 / most) ** (1.0 / (order + 1))
    return float(min(100.0 * h, longer, end - t))


@bare_jit
def between(tab: Any, work: Any, h: float, x: float, out: Any) -> None:
    """y(t + x h) of the last step."""
    y, new, k, dense = work.y, work.new, work.k, tab.dense
    between_ends = implicit(tab.gamma)
    for m in range(y.size):
        out[m] = (1.0 - x) * y[m] + x * new[m] if between_ends else y[m]
    for j in range(tab.c.size):
        if between_ends:
            weight = x * (1.0 - x) * (dense[0, j] + x * (dense[1, j] + x * dense[2, j]))
        else:
            weight = h * x * (dense[j, 0] + x * (dense[j, 1] + x * (dense[j, 2] + x * dense[j, 3])))
        for m in range(y.size):
            out[m] += weight * k[j, m]
