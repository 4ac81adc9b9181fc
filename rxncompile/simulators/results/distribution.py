"""The distribution of a jump process at several times, as the master equation gives it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import RxnError
from ..arrays import Values
from .trajectory import Ensemble, column


@dataclass(frozen=True, eq=False)
class Snapshot:
    """One time: `values` (S, L) the states and outputs, `p` (S,) their probabilities, `lost` a bound of the error."""

    values: Values
    p: Values
    lost: float


@dataclass(frozen=True, eq=False)
class Distribution:
    """P(n, t): at each time the states that matter, with their probabilities.

    The probabilities of a time differ from the true ones by at most `lost` in sum: they are too small by what has left
    the set of states, and off by the integrator's estimated error, which is in `lost` too. The first `states` of the
    labels are states, the others outputs.
    """

    name: str
    t: Values
    labels: tuple[str, ...]
    units: tuple[str, ...]
    snapshots: tuple[Snapshot, ...]
    states: int
    method: str

    @property
    def lost(self) -> Values:
        """The bound of the error at each time, (T,)."""
        return np.array([s.lost for s in self.snapshots])

    def mean_of(self, label: str) -> Values:
        """The mean of a state or output, (T,)."""
        k = column(self, label)
        return np.array([s.p @ s.values[:, k] / s.p.sum() for s in self.snapshots])

    def sd_of(self, label: str) -> Values:
        """Its standard deviation, (T,)."""
        return np.sqrt(self.covariance_of(label, label))

    def covariance_of(self, first: str, second: str) -> Values:
        """The covariance of two, (T,)."""
        i, j = column(self, first), column(self, second)
        found = []
        for s in self.snapshots:
            p = s.p / s.p.sum()
            x, y = s.values[:, i], s.values[:, j]
            found.append(p @ ((x - p @ x) * (y - p @ y)))
        return np.array(found)

    def marginal(self, label: str, at: int = -1) -> tuple[Values, Values]:
        """The values of a state or output at time t[at], in order, and their probabilities."""
        s = self.snapshots[at]
        values, place = _distinct(s.values[:, column(self, label)])
        return values, np.bincount(place, s.p, len(values)).astype(float)

    def joint(self, first: str, second: str, at: int = -1) -> tuple[Values, Values, Values]:
        """Two together at time t[at]: the values of each and the matrix of probabilities, (V1, V2)."""
        s = self.snapshots[at]
        a, i = _distinct(s.values[:, column(self, first)])
        b, j = _distinct(s.values[:, column(self, second)])
        return a, b, np.bincount(i * len(b) + j, s.p, len(a) * len(b)).astype(float).reshape(len(a), len(b))

    def probability(self, label: str, low: float, high: float) -> Values:
        """P(low <= label <= high) at each time, (T,)."""
        k = column(self, label)
        return np.array([s.p[(s.values[:, k] >= low) & (s.values[:, k] <= high)].sum() for s in self.snapshots])

    def total_variation(self, other: Distribution) -> Values:
        """(1/2) sum over states of |p - q| at each time, (T,). Raises R701 where states or times are others."""
        a, b = self.labels[: self.states], other.labels[: other.states]
        if a != b or not np.array_equal(self.t, other.t):
            raise RxnError("R701", f"{self.name} and {other.name} have different states or times")
        found = []
        for one, two in zip(self.snapshots, other.snapshots, strict=True):
            both = np.concatenate([one.values, two.values])[:, : self.states]
            _, place = np.unique(both, axis=0, return_inverse=True)
            found.append(0.5 * np.abs(np.bincount(place.ravel(), np.concatenate([one.p, -two.p]))).sum())
        return np.array(found)

    def statistics(self) -> Ensemble:
        """Means and standard deviations as an Ensemble of no runs, for tables, files and plots."""
        mean = np.stack([self.mean_of(label) for label in self.labels], axis=1)
        sd = np.stack([self.sd_of(label) for label in self.labels], axis=1)
        note = f"probability lost: at most {self.lost.max():.2g}"
        return Ensemble(self.name, self.t, self.labels, self.units, 0, mean, sd, self.method, None, (note,))

    def __repr__(self) -> str:
        most = max(len(s.p) for s in self.snapshots)
        return f"<Distribution {self.name}: {len(self.t)} times, up to {most:,} states, lost {self.lost.max():.2g}>"


def _distinct(column: Values) -> tuple[Values, Any]:
    """The different numbers in order, and which of them each is."""
    values, place = np.unique(column, return_inverse=True)
    return values, place
