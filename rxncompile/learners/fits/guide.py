"""A first way down: the data seen by their logarithms, whatever their noise.

    sum_k  (w_k (asinh(y_k/c) - asinh(m_k/c)))^2/2        w_k = min(sqrt(m_k^2 + c^2)/sigma_k, 5)

c a thousandth of the largest measurement of the observable. Where a model is wrong by orders of magnitude, as it is
where most starts begin, its likelihood is flat (everything has died out) or a wall (everything has grown); here both
have slopes that lead towards the data. Near the data this is the likelihood of normal noise again.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...simulators.arrays import Values
from .objective import Failed, Objective, Solved
from .problem import Scale
from .scales import slope
from .sizes import gathered
from .trust_region import Local

_PART = 1e-3
_MOST = 5.0


class Guide:
    """The function above, for one objective."""

    def __init__(self, objective: Objective) -> None:
        self.objective = objective
        data = objective.problem.data
        labels = np.array([o.label for o in objective.problem.observables])[data.observable]
        size, spread = np.abs(data.value), np.ones(len(data.value))
        self.small = np.ones(len(size))
        for label in set(labels.tolist()):
            mine = labels == label
            self.small[mine] = _PART * max(float(size[mine].max()), 1e-300)
            spread[mine] = max(float(np.std(data.value[mine])), _PART * float(size[mine].max()), 1e-300)
        self.spread, self.open = spread, _open(objective)
        self.measured = np.arcsinh(data.value / self.small)

    def value(self, x: Values, solved: Sequence[Solved]) -> float:
        """Of conditions that are solved at x. Raises Failed."""
        y, sigma = gathered(self.objective, solved)
        r = self.weights(sigma) * self.away(y)
        return _finite(0.5 * float(r @ r) + self.objective.prior(x)[0])

    def local(self, x: Values, solved: Sequence[Solved]) -> Local[None]:
        """With derivatives; those of the weights are left out. Raises Failed."""
        y, sigma, dy, _ = self.objective.predictions(x, solved)
        w = self.weights(sigma)
        r = w * self.away(y)
        rows = (w / np.hypot(y, self.small))[:, np.newaxis] * dy
        prior, gradient, bend = self.objective.prior(x)
        value = _finite(0.5 * float(r @ r) + prior)
        if not np.isfinite(rows).all():
            raise Failed
        return Local(x, value, rows.T @ r + gradient, rows.T @ rows + np.diag(bend), None)

    def away(self, y: Values) -> Values:
        """asinh(y/c) - asinh(m/c) (N,)."""
        with np.errstate(over="ignore"):
            return np.asarray(np.arcsinh(y / self.small)) - self.measured

    def weights(self, sigma: Values) -> Values:
        """w (N,): by the sizes of noise where they are known, by the spread of the data where they are not."""
        problem = self.objective.problem
        sizes = np.where(self.open, self.spread, sigma)
        for o, observable in enumerate(problem.observables):
            if observable.scale is not Scale.LINEAR:
                mine = problem.data.observable == o
                by = sizes[mine] / slope(observable.scale, problem.data.value[mine])
                sizes[mine] = np.where(self.open[mine], sizes[mine], by)
        found: Values = np.minimum(np.hypot(problem.data.value, self.small) / sizes, _MOST)
        return found


def _finite(value: float) -> float:
    if not np.isfinite(value):
        raise Failed
    return value


def _open(objective: Objective) -> Values:
    """Of every row of the data whether its noise's size depends on states or unknowns."""
    count, n = len(objective.problem.observables), len(objective.problem.system.states)
    moved = {int(j) + n for setting in objective.settings for j in setting.p_to}
    observed = objective.observed
    by_place = dict.fromkeys(range(count), False)
    for row, column in zip(observed.rows.tolist(), observed.columns.tolist(), strict=True):
        if row >= count and (column < n or column in moved):
            by_place[row - count] = True
    return np.array([by_place[int(o)] for o in objective.problem.data.observable])
