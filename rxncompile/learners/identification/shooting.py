"""Predictions of measured series by a System, from initial values of each series' own, and their derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...simulators.arrays import Values
from ...simulators.integrators.drive import DONE, Control, Trace
from ...simulators.integrators.machine import Machine, Scheme, machine
from ...system import System
from ..fits.objective import Failed
from ..fits.problem import Places
from .series import Series

_STEPS = 20_000
_ROOM = 512  # steps that a trace holds at first


@dataclass(frozen=True, eq=False)
class Shooting:
    """A System whose first `count` parameters are looked for, and the series (of its states, in order) to be met.

    A point is x = (coefficients (count,), initial values of series 0 (n,), of series 1, ...). Rows are the values that
    there are, series by series, time by time. The System may not depend on time. `unsigned` (n,): states whose initial
    values are not negative.
    """

    system: System
    series: tuple[Series, ...]
    count: int
    unsigned: NDArray[np.bool_]
    scheme: Scheme = Scheme.EXPLICIT
    rtol: float = 1e-8

    @cached_property
    def machine(self) -> Machine:
        return machine(self.system, self.scheme)

    @cached_property
    def data(self) -> Values:
        """(N,)."""
        return np.concatenate([s.values[s.seen] for s in self.series])

    @cached_property
    def quantity(self) -> Places:
        """Which state each row is of, (N,)."""
        return np.concatenate([np.nonzero(s.seen)[1] for s in self.series])

    @cached_property
    def experiment(self) -> Places:
        """Which series each row is of, (N,)."""
        return np.concatenate([np.full(int(s.seen.sum()), k) for k, s in enumerate(self.series)])

    def over_noise(self, rows: Values, noise: Values, floor: Values, transposed: bool = False) -> Values:
        """Rows (N,) or (N, m) over the noise of their quantities, L^-1 rows of series with C + floor^2 = L L^T.

        `transposed` gives L^-T rows.
        """
        if not self.correlated:
            return np.asarray((rows.T / noise[self.quantity]).T)
        parts = []
        for k in range(len(self.series)):
            mine = self.experiment == k
            root = self._root(k, floor.tobytes())
            if root is None:
                parts.append((rows[mine].T / noise[self.quantity[mine]]).T)
            else:
                parts.append(np.linalg.solve(root.T if transposed else root, rows[mine]))
        return np.concatenate(parts)

    @cached_property
    def correlated(self) -> bool:
        """Whether some series has a covariance."""
        return any(s.covariance is not None for s in self.series)

    @cached_property
    def known_errors(self) -> bool:
        """Whether all series have one, so that no noise is to be found."""
        return all(s.covariance is not None for s in self.series)

    def _root(self, k: int, floor: bytes) -> Values | None:
        """The Cholesky factor of C + floor^2 of series k."""
        C = self.series[k].covariance
        if C is None:
            return None
        if (k, floor) not in self._roots:
            more = np.frombuffer(floor)[self.quantity[self.experiment == k]]
            self._roots[k, floor] = np.asarray(np.linalg.cholesky(C + np.diag(more**2)), dtype=np.float64)
        return self._roots[k, floor]

    @cached_property
    def _roots(self) -> dict[tuple[int, bytes], Values]:
        return {}

    @cached_property
    def size(self) -> Values:
        """The largest absolute value of each state, (n,)."""
        whole = np.vstack([s.values for s in self.series])
        return np.maximum(np.nanmax(np.abs(whole), axis=0), 1e-12)

    @cached_property
    def spread(self) -> Values:
        """The standard deviation of each state over all its values, (n,)."""
        whole = np.vstack([s.values for s in self.series])
        return np.maximum(np.nanstd(whole, axis=0), 1e-9 * self.size)

    @property
    def n(self) -> int:
        return len(self.system.states)

    @cached_property
    def _p(self) -> Values:
        return np.array(self.system.parameter_vector())

    def _solve(self, k: int, x: Values, times: Values | None = None) -> tuple[Values, Trace, Values]:
        p = self._p.copy()
        p[: self.count] = x[: self.count]
        begin = np.ascontiguousarray(x[self.count + k * self.n :][: self.n])
        control = Control(self.rtol, 1e-2 * self.rtol * self.size, _STEPS, 0.0, True)
        times = self.series[k].times if times is None else times
        room = _ROOM + len(times)
        while True:
            trace = Trace.of(room, self.n)
            code, states, count = self.machine.solve(control, times, p, begin, trace)
            if code != DONE or not np.isfinite(states).all():
                raise Failed
            if count[0] <= room:
                return p, trace, states
            room = int(count[0])

    def states(self, k: int, x: Values) -> Values:
        """Of series k at its times, (T, n). Raises Failed."""
        return self._solve(k, x)[2]

    def states_at(self, k: int, x: Values, times: Values) -> Values:
        """Of series k at other times, the first of which is its own, (T, n). Raises Failed."""
        return self._solve(k, x, times)[2]

    def predictions(self, x: Values) -> Values:
        """(N,). Raises Failed."""
        return np.concatenate([self._solve(k, x)[2][s.seen] for k, s in enumerate(self.series)])

    def sensitivities(self, x: Values, chosen: Sequence[int]) -> tuple[Values, Values]:
        """(predictions (N,), derivatives (N, C + K n) by the chosen coefficients and by all initial values)."""
        n, many = self.n, len(chosen)
        rows, blocks = [], []
        for k, series in enumerate(self.series):
            p, trace, states = self._solve(k, x)
            s, q = np.zeros((many + n, n)), np.zeros((many + n, len(p)))
            q[np.arange(many), list(chosen)] = 1.0
            s[many:] = np.eye(n)
            along = self.machine.along(series.times, p, trace, s, q)
            if not np.isfinite(along).all():
                raise Failed
            seen = series.seen
            block = np.zeros((int(seen.sum()), many + n * len(self.series)))
            block[:, :many] = along[:, :many].transpose(0, 2, 1)[seen]
            block[:, many + k * n : many + (k + 1) * n] = along[:, many:].transpose(0, 2, 1)[seen]
            rows.append(states[seen])
            blocks.append(block)
        return np.concatenate(rows), np.vstack(blocks)

    def pulled_back(self, x: Values, by_rows: Values) -> Values:
        """d L/d x (count + K n,) of a function with d L/d prediction = by_rows (N,), by the adjoint."""
        found = np.zeros(len(x))
        for k, series in enumerate(self.series):
            p, trace, _ = self._solve(k, x)
            sources = np.zeros(series.values.shape)
            sources[series.seen] = by_rows[self.experiment == k]
            costate, gradient = self.machine.back(series.times, p, trace, sources)
            found[: self.count] += gradient[: self.count]
            found[self.count + k * self.n : self.count + (k + 1) * self.n] = costate
        return found
