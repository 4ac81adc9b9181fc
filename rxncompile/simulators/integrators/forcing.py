"""Inputs inside compiled code: refreshed among the parameters before a kernel is called, and differentiated.

A step begins in one piece of every input and ends in it, so that every stage sees one cubic. `evaluate` is how the
integrators call kernels. Where there are no inputs their place is None, for which all this is compiled to nothing.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...kernels.jit import bare_jit, call_kernel
from ..arrays import Values
from ..inputs import DEGREES, Tables


class Forcing(NamedTuple):
    """The inputs of one run: `number` of them, from place `slot` of the parameters on, their rates behind them.

    Pieces as in `Tables`. `piece` (number,) are those under way; `gradient` (N, 4) grows by derivatives by the
    coefficients; `directions` (m, N, 4) are those of m directions.
    """

    number: int
    slot: int
    knots: Values
    first: NDArray[np.int64]
    coefficients: Values
    piece: NDArray[np.int64]
    gradient: Values
    directions: Values

    @classmethod
    def of(cls, tables: Tables, slot: int, directions: Values | None = None) -> Forcing:
        """The inputs of one run on one thread."""
        if directions is None:
            directions = np.zeros((0, len(tables.knots), DEGREES))
        piece = tables.first[:-1].copy()
        room = np.zeros((len(tables.knots), DEGREES))
        return cls(len(tables), slot, tables.knots, tables.first, tables.coefficients, piece, room, directions)


@bare_jit
def enter(forcing: Any, t: float) -> bool:
    """The step that begins at t lies in the pieces that begin there; True where one is another than before."""
    changed = False
    if forcing is not None:
        for j in range(forcing.number):
            low, above = forcing.first[j], forcing.first[j + 1]
            now = forcing.piece[j]
            if forcing.knots[now] <= t and (now + 1 == above or t < forcing.knots[now + 1]):
                continue
            while above - low > 1:
                middle = (low + above) // 2
                if forcing.knots[middle] <= t:
                    low = middle
                else:
                    above = middle
            changed = changed or low != now
            forcing.piece[j] = low
    return changed


@bare_jit
def next_knot(forcing: Any, goal: float) -> float:
    """The first end of a piece that is under way, if it comes before `goal`."""
    if forcing is not None:
        for j in range(forcing.number):
            after = forcing.piece[j] + 1
            if after < forcing.first[j + 1] and forcing.knots[after] < goal:
                goal = forcing.knots[after]
    return goal


@bare_jit
def _refresh(forcing: Any, t: float, p: Any) -> None:
    if forcing is not None:
        for j in range(forcing.number):
            i = forcing.piece[j]
            x, c = t - forcing.knots[i], forcing.coefficients[i]
            p[forcing.slot + j] = c[0] + x * (c[1] + x * (c[2] + x * c[3]))
            p[forcing.slot + forcing.number + j] = c[1] + x * (2.0 * c[2] + 3.0 * x * c[3])


@bare_jit
def evaluate(eq: Any, address: int, t: float, y: Any, p: Any, out: Any) -> None:
    """A kernel at time t, with the inputs of that time."""
    _refresh(eq.forcing, t, p)
    call_kernel(address, t, y, p, out)


@bare_jit
def steer(forcing: Any, t: float, q: Any) -> None:
    """Directions q (P, m) of the parameters, with those of the inputs at time t."""
    if forcing is not None:
        for j in range(forcing.number):
            i = forcing.piece[j]
            x = t - forcing.knots[i]
            for d in range(q.shape[1]):
                c = forcing.directions[d, i]
                q[forcing.slot + j, d] = c[0] + x * (c[1] + x * (c[2] + x * c[3]))
                q[forcing.slot + forcing.number + j, d] = c[1] + x * (2.0 * c[2] + 3.0 * x * c[3])


@bare_jit
def collect(forcing: Any, t: float, gradient: Any) -> None:
    """What a gradient by the parameters holds for the inputs at time t goes to their coefficients."""
    if forcing is not None:
        for j in range(forcing.number):
            i = forcing.piece[j]
            x = t - forcing.knots[i]
            value, rate = gradient[forcing.slot + j], gradient[forcing.slot + forcing.number + j]
            power, below = 1.0, 0.0
            for k in range(DEGREES):
                forcing.gradient[i, k] += value * power + rate * k * below
                power, below = power * x, power
            gradient[forcing.slot + j] = gradient[forcing.slot + forcing.number + j] = 0.0
