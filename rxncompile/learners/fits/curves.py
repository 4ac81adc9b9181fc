"""What a fit predicts between the measurements, beside these: for pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import RxnError
from ...simulators.arrays import Values
from .fitted import Fit
from .objective import Failed
from .problem import Places

_POINTS = 201


@dataclass(frozen=True, eq=False)
class Curve:
    """One observable under one condition: the fitted curve (T,), and the measurements (N,) that it was fitted to."""

    condition: str
    observable: str
    t: Values
    values: Values
    measured_t: Values
    measured: Values


def curves(found: Fit, points: int = _POINTS) -> tuple[Curve, ...]:
    """All curves of a fit's best values, by condition and observable, from its start to the last time measured there.

    Raises R712 where no start has ended.
    """
    problem, objective, x = found.problem, found.objective, found.x
    data, made = problem.data, []
    for c, condition in enumerate(problem.conditions):
        here = np.flatnonzero(data.condition == c)
        if not len(here):
            continue
        last = float(data.time[here].max())
        times = np.linspace(problem.start, last, points) if last > problem.start else np.array([problem.start])
        try:
            values = objective.over_time(x, c, times)
        except Failed:  # at the edge of what can be solved: as the fit has solved it
            times = np.unique(data.time[here])
            try:
                values = objective.over_time(x, c, times)
            except Failed:
                raise RxnError("R712", f"{problem.name} cannot be solved at the best values") from None
        for group in _alike(found, here):
            mine = here[np.isin(data.observable[here], group)]
            label = problem.observables[group[0]].label
            made.append(Curve(condition.label, label, times, values[:, group[0]], data.time[mine], data.value[mine]))
    return tuple(made)


def _alike(found: Fit, rows: Places) -> list[list[int]]:
    """Observables among these rows, those of one label and formula together: they differ in their noise alone."""
    groups: dict[tuple[str, object], list[int]] = {}
    for o in np.unique(found.problem.data.observable[rows]).tolist():
        seen = found.problem.observables[o]
        groups.setdefault((seen.label, seen.formula), []).append(o)
    return list(groups.values())
