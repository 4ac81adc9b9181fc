"""Down to the minimum next to a point: the trust region on an objective with its Fisher information for a curvature."""

from __future__ import annotations

import math
from threading import Event

import numpy as np

from ...simulators.arrays import Values
from ...simulators.pool import StoppedError
from .information import Scores, constraint_rows, scores
from .objective import Failed, Objective
from .trust_region import Local, minimise_within

_ENOUGH = 1e-4  # of the objective: a minimum is taken for found
_DULL = 1e-3  # of the objective, in 50 evaluations: a valley without end
_HUGE = 1e100  # beyond, squares overflow


def local(objective: Objective, x: Values) -> Local[Scores] | None:
    """The objective about x, with the Fisher information for a curvature; None where the model cannot be solved."""
    try:
        found = scores(objective, x)
    except Failed:
        return None
    if not found.value < _HUGE or not np.abs(found.rows).max(initial=0.0) < _HUGE:
        return None
    return Local(x, found.value, found.gradient, found.curvature, found)


def descend(
    objective: Objective,
    x: Values,
    low: Values,
    high: Values,
    plane: Values,
    evaluations: int = 150,
    stop: Event | None = None,
) -> Local[Scores] | None:
    """Down from x by the trust region, so many evaluations at most; None where the model cannot be solved at x.

    Raises StoppedError soon after `stop` is set.
    """
    last: list[Local[Scores] | None] = [None]

    def at(x: Values) -> Local[Scores] | None:
        if last[0] is not None and np.array_equal(last[0].x, x):
            return last[0]
        if stop is not None and stop.is_set():
            raise StoppedError
        return local(objective, x)

    def value(x: Values) -> tuple[Values, float]:
        last[0] = at(x)
        return x, math.inf if last[0] is None else last[0].value

    found = minimise_within(at, value, np.clip(x, low, high), low, high, evaluations, _ENOUGH, plane=plane, dull=_DULL)
    return None if found is None else found.at


def settle(objective: Objective, x: Values) -> Local[Scores] | None:
    """The minimum next to x, by the trust region alone; None where the model cannot be solved at x."""
    return descend(objective, np.array(x, dtype=float), *objective.bounds, constraint_rows(objective.problem))
