"""ODENet: absolute misfit of the integrated equations plus an absolute penalty of all coefficients.

    L(c) = sum_k |y_k - y^_k|/s_q(k) + eps sum_j |c_j| w_j            Yang et al. 2021, Eq. 2

s_q the noise of each quantity and w_j = sum_k |d y^_k/d c_j|/s_q(k)/N at the start, which makes eps free of units: at
eps = N no coefficient is worth having. Kinks are rounded off; steps are those of iteratively reweighted least squares
(`levenberg`) with forward sensitivities, or of L-BFGS-B with the adjoint gradient for many coefficients.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...simulators.arrays import Values
from ..fits.objective import Failed
from .levenberg import Law, levenberg
from .search import Fitted, Search
from .shooting import Shooting

_ROUND = 0.05  # of a kink, in units of the noise
_SMALL = 1e-3  # of a coefficient, in units of the noise that it makes
_LADDER = tuple(0.3 * 10.0 ** (-0.5 * k) for k in range(8))
_FORWARD = 150  # coefficients up to which forward sensitivities are cheaper than the adjoint
_LOST = 30.0  # of the criterion, beyond which no further term is dropped
_THRESHOLDS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)  # units of the noise that a coefficient makes


@dataclass(frozen=True, eq=False)
class Loss:
    """Eq. 2 at a penalty `eps` (as above, over N), for coefficients of `weights` and quantities of `noise`."""

    search: Search[Shooting]
    noise: Values
    weights: Values
    eps: float

    @property
    def _rounding(self) -> Values:
        return np.concatenate([np.full(len(self.search.shooting.data), _ROUND), np.full(len(self.weights), _SMALL)])

    def rows(self, x: Values) -> Values:
        """Misfits over noise, then coefficients times weights."""
        shot = self.search.shooting
        away = shot.over_noise(shot.predictions(x) - shot.data, self.noise, self.search.floor)
        return np.concatenate([away, x[: shot.count] * self.weights])

    def slopes(self, x: Values) -> tuple[Values, Values]:
        shot = self.search.shooting
        y, J = shot.sensitivities(x, range(shot.count))
        penalty = np.zeros((shot.count, J.shape[1]))
        penalty[np.arange(shot.count), np.arange(shot.count)] = self.weights
        away = shot.over_noise(y - shot.data, self.noise, self.search.floor)
        rows = np.concatenate([away, x[: shot.count] * self.weights])
        return rows, np.vstack([shot.over_noise(J, self.noise, self.search.floor), penalty])

    def share(self) -> Values:
        """What a row counts: 1 for misfits, eps N for coefficients."""
        shot = self.search.shooting
        N = len(shot.data)
        return np.concatenate([np.ones(N), np.full(shot.count, self.eps * N)])

    def value(self, x: Values) -> float:
        """L. Raises Failed."""
        return float(self.share() @ (np.sqrt(self.rows(x) ** 2 + self._rounding**2) - self._rounding))

    def gradient(self, x: Values) -> tuple[float, Values]:
        """L and its gradient by the adjoint. Raises Failed."""
        shot = self.search.shooting
        rows, share = self.rows(x), self.share()
        root = np.sqrt(rows**2 + self._rounding**2)
        steep = share * rows / root
        N = len(shot.data)
        by_rows = shot.over_noise(steep[:N], self.noise, self.search.floor, transposed=True)
        found = shot.pulled_back(x, by_rows)
        found[: shot.count] += steep[N:] * self.weights
        return float(share @ (root - self._rounding)), found

    def minimise(self, x: Values, iterations: int = 60) -> Values:
        """From x. Raises Failed where the equations cannot be solved there."""
        lower = np.full(len(x), -np.inf)
        lower[: self.search.count][self.search.positive] = 0.0
        shot = self.search.shooting
        lower[shot.count :][np.tile(shot.unsigned, len(shot.series))] = 0.0
        if self.search.count <= _FORWARD:
            law = Law(self._rounding, self.share())
            return levenberg(self.rows, self.slopes, x, law, lower, iterations, 1e-3).x
        return self._by_adjoint(x, lower, 20 * iterations)

    def _by_adjoint(self, x: Values, lower: Values, evaluations: int) -> Values:
        from scipy.optimize import minimize

        size = np.maximum(np.abs(x), 1.0)
        size[: self.search.count] = 1.0 / self.weights

        def value(u: Values) -> tuple[float, Values]:
            try:
                found, slope = self.gradient(u * size)
            except Failed:
                return 1e300, np.zeros(len(u))
            return found, slope * size

        bounds = [(None if low == -np.inf else 0.0, None) for low in lower]
        found = minimize(value, x / size, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxfun": evaluations})
        return np.asarray(found.x * size)


def loss(search: Search[Shooting], at: Fitted, eps: float) -> Loss:
    """Eq. 2 with the noise of a fit and the weights that its sensitivities give."""
    shot = search.shooting
    _, J = shot.sensitivities(at.x, range(shot.count))
    weights = np.abs(J[:, : shot.count] / at.noise[shot.quantity][:, np.newaxis]).mean(axis=0)
    return Loss(search, at.noise, np.maximum(weights, 1e-300), eps)


def ladder(search: Search[Shooting], best: Fitted, most: int, penalties: Sequence[float] = _LADDER) -> Fitted:
    """Eq. 2 for falling penalties, each begun where the last ended; what is above a threshold is fitted and pruned."""
    x = best.x
    for eps in penalties:
        one = loss(search, best, eps)
        try:
            x = one.minimise(x)
        except Failed:
            x = best.x
            continue
        large = np.abs(x[: search.count]) * one.weights
        for threshold in _THRESHOLDS:
            support = tuple(np.flatnonzero(large > threshold).tolist())
            if 0 < len(support) <= most and support not in search.fitted:
                found = search.fit(support, x, best.noise)
                if found is not None:
                    found = prune(search, found)
                if found is not None and found.criterion < best.criterion:
                    best = found
    return best


def prune(search: Search[Shooting], found: Fitted) -> Fitted:
    """Without the term of the least |value|/sd, again and again; the best on the way by the criterion."""
    best = found
    while found.size > 1 and found.criterion < best.criterion + _LOST:
        A, _ = search.information(found)
        S = list(found.support)
        size = np.sqrt(np.maximum(np.diag(A)[S], 1e-300))
        covariance = np.linalg.pinv(A[np.ix_(S, S)] / np.outer(size, size), hermitian=True) / np.outer(size, size)
        z = np.abs(found.x[S]) / np.sqrt(np.maximum(np.diag(covariance), 1e-300))
        fewer = tuple(j for j in S if j != S[int(z.argmin())])
        other = search.fit(fewer, found.x, found.noise)
        if other is None:
            break
        found = other
        best = min(best, found, key=lambda f: f.criterion)
    return best
