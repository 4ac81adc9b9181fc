"""Whether formulas of roots do what they were made for: at the start, and at many points at which a state exists.

Steps of Laguerre's from an upper bound can come to another root than the chemical one where they were not tried.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ...errors import RxnError
from ...expressions import TIME, to_float
from ...structure.slopes import Slope
from .fast_subsystem import Law
from .implicit import start_point
from .many_points import Values
from .mechanism import Mechanism
from .roots import SAMPLES, NoClosedFormError, Point, Roots, sampled_states, with_sums

_POINTS = 2_000
_NEGATIVE = 1e-6  # of the largest amount
_QUADRATIC = 2


def no_closed_form(error: RxnError) -> bool:
    """Whether a balance was given up because no short formula solves it, and a field still can."""
    return isinstance(error, NoClosedFormError) or error.code == "R413"


def trusted(mech: Mechanism, found: Roots, laws: Sequence[Law]) -> bool:
    """Whether closed formulas have values at the start, and negative ones nowhere.

    The points are those where roots were chosen and more of them, half with the model's own rate constants.
    """
    return not found.fields and _valued_at_start(mech, found, laws) and _never_negative(mech, found, laws)


def without_value(mech: Mechanism, found: Roots, laws: Sequence[Law]) -> tuple[str, ...]:
    """The sums without which, at 0 exactly, formulas of species divide by zero."""
    names = []
    for weights, total in laws:
        if min(weights.values()) > 0:
            empty = dict.fromkeys(weights, 0.0)
            points = [with_sums(mech, laws, {**p, **empty}) for p in sampled_states(mech, laws, SAMPLES)]
            value = _at(found, points)
            if not all(bool(np.isfinite(value(s)).all()) for s, _ in found.ordered if s in mech.states):
                names.append(total.name)
    return tuple(names)


def _at(found: Roots, points: Sequence[Point]) -> Values:
    """The formulas at points whose species they give."""
    given = {s: np.array([p[s] for p in points]) for s in points[0]}
    value = Values({s: v for s, v in given.items() if s not in dict(found.ordered)})
    for s, formula in found.ordered:
        value.put(s, np.broadcast_to(value(formula), (len(points),)))
    return value


def _valued_at_start(mech: Mechanism, found: Roots, laws: Sequence[Law]) -> bool:
    start = start_point(mech, laws)
    if start is None:
        return True
    at = Slope(dict(found.ordered), {s: v for s, v in start.items() if s not in dict(found.ordered)})
    try:
        return all(math.isfinite(at(s)[0]) for s, _ in found.ordered)
    except (ArithmeticError, ValueError):
        return False


def _never_negative(mech: Mechanism, found: Roots, laws: Sequence[Law]) -> bool:
    if found.degree <= _QUADRATIC or not found.everywhere:
        return True
    own = {s: to_float(v) for s, v in mech.system.environment().items()}
    points = sampled_states(mech, laws, _POINTS)
    for k, point in enumerate(points):
        if k % 2:
            states = {s: v for s, v in point.items() if s in mech.states}
            points[k] = with_sums(mech, laws, {**own, TIME: 0.0, **states})
    size = np.max([[p[s] for p in points] for s in mech.states], axis=0)
    value = _at(found, points)
    return all(bool((value(s) >= -_NEGATIVE * size).all()) for s, _ in found.ordered if s in mech.states)
