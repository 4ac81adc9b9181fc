"""A window of time that shifts while unknowns are learned (Ernst et al. 2019, Eq. 41, with the sign corrected).

An objective over a long time has minima that are none at most times, above all of oscillations: half of a period
late is as wrong as anything. So the unknowns u descend on the data of a window alone, by the gradient that takes the
state at the window's beginning as given,

    dS/du = - int_tau^{tau + T} (dF/du) phi dt,    phi(tau + T) = 0,

and tau grows from the start to the end of the data. The state itself is solved from the start with every u; a step is
measured by the curvature of the whole dependence on u, without which it would be too long by (tau + T/2)/(T/2).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ...errors import RxnError
from ...simulators.arrays import Values
from .descent import local
from .information import Scores, constraint_rows
from .objective import Failed, Objective
from .problem import Correlated, Data
from .trust_region import Local, minimise_within


@dataclass(frozen=True, slots=True)
class Window:
    """A window of this `length` that shifts by `shift` after so many `steps` of the minimiser.

    Raises R604 for numbers that are not positive, R710 for a shift beyond the length, which would leave data out.
    """

    length: float
    shift: float
    steps: int = 2

    def __post_init__(self) -> None:
        for name in ("length", "shift", "steps"):
            value = getattr(self, name)
            if not (value > 0 and math.isfinite(value)):
                raise RxnError("R604", f"{name} = {value!r} of a window is not positive")
        if self.shift > self.length:
            raise RxnError("R710", f"a window of {self.length:g} that shifts by {self.shift:g} leaves data out")

    def begins(self, start: float, end: float) -> list[float]:
        """The times at which the window begins: the last one ends with the data."""
        last = max(start, end - self.length)
        count = max(0, math.ceil((last - start) / self.shift - 1e-9))
        return [start + k * self.shift for k in range(count)] + [last]


def through_windows(
    objective: Objective, window: Window, x: Values, look: Callable[[], object] = int
) -> tuple[Values, int]:
    """(where the unknowns x (K,) are led by the shifting window, evaluations of the model on the way).

    Windows in which the model cannot be solved, or nothing was measured, are passed by. `look` is called at each.
    Raises R710 for a System with events.
    """
    plane, spent = constraint_rows(objective.problem), 0
    for tau in window.begins(objective.problem.start, float(objective.problem.data.time.max())):
        inside = windowed(objective, tau, tau + window.length)
        if inside is not None:
            look()
            found = _Inside(inside).down(x, plane, window.steps)
            x, spent = (x, spent + 1) if found is None else (found, spent + 1 + window.steps)
    return x, spent


class _Inside:
    """The objective of one window as the trust region sees it."""

    def __init__(self, objective: Objective) -> None:
        self.objective, self.whole = objective, replace(objective, since=None)

    def down(self, x: Values, plane: Values, steps: int) -> Values | None:
        """So many steps from x; None where the model cannot be solved there."""
        found = minimise_within(self.at, self.value, x, *self.whole.bounds, evaluations=1 + steps, plane=plane)
        return None if found is None else found.at.x

    def at(self, x: Values) -> Local[Scores] | None:
        here = local(self.whole, x)
        if here is None or self.objective.since is None:
            return here
        try:
            return replace(here, gradient=self.objective.gradient(x)[1])
        except Failed:
            return None

    def value(self, x: Values) -> tuple[Values, float]:
        try:
            return x, self.whole.value(x)
        except Failed:
            return x, math.inf


def windowed(objective: Objective, begin: float, end: float) -> Objective | None:
    """The objective of the data at begin < t <= end, whose gradient takes the states at `begin` as given.

    None where there are no such data. Raises R710 for a System with events: what fired before is not followed.
    """
    problem, data = objective.problem, objective.problem.data
    if problem.system.events:
        raise RxnError("R710", f"{problem.system.name} has events, which a shifting window does not follow")
    kept = np.flatnonzero((data.time > begin) & (data.time <= end + 1e-9 * (end - begin)))
    if not len(kept):
        return None
    factor = None if data.factor is None else data.factor[kept]
    rows = Data(data.condition[kept], data.observable[kept], data.time[kept], data.value[kept], factor)
    place = {int(row): k for k, row in enumerate(kept)}
    blocks = []
    for block in problem.correlated:
        mine = [k for k, row in enumerate(block.rows) if int(row) in place]
        if mine:
            at = np.array([place[int(block.rows[k])] for k in mine], dtype=np.int64)
            blocks.append(Correlated(at, block.covariance[np.ix_(mine, mine)]))
    inside = replace(problem, data=rows, correlated=tuple(blocks))
    return replace(objective, problem=inside, since=begin if begin > problem.start else None)
