"""Which terms: supports are fitted by integration through the data, and improved by what the fit's derivatives say.

Near a fit the predictions are linear in all coefficients, the absent ones (0) too, so that the best subsets of that
linear model (`subsets`) are the next supports to be fitted; the best fitted one stays when none of them is better. The
first supports come from the weak form. Judged by the extended Bayesian criterion with every quantity's noise fitted,

    sum_q N_q log(mean r_q^2 + floor_q^2) + price(k)                    normal noise
    sum_q 2 N_q log(mean |r_q| + floor_q) + price(k)                  Laplace noise
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise, zip_longest
from math import log
from typing import Generic, Protocol, TypeVar

import numpy as np

from ...simulators.arrays import Values
from ..fits.objective import Failed
from ..fits.problem import Noise, Places
from .levenberg import Law, Minimum, levenberg
from .series import Series
from .shooting import Shooting
from .subsets import Flags, Subset, best_subsets, price, project_out

_ROUNDS = 15
_NOISE = 4  # fits of one support, each with the noise that the last one left
_TRIED, _THOROUGH = 4, 12  # supports fitted in one round
ROUNDING = 0.05  # of the kink of |r|, in units of the noise
WIDER = 4  # terms more or fewer that are looked at near a fit

Support = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Fitted:
    """A support with its best point x (as of `Shooting`), the noise of each quantity there, and the criterion."""

    support: Support
    x: Values
    noise: Values
    criterion: float

    @property
    def size(self) -> int:
        return len(self.support)


class Model(Protocol):
    """What is fitted: predictions of rows of data and their derivatives by coefficients and what comes behind them."""

    @property
    def count(self) -> int: ...
    @property
    def n(self) -> int: ...
    @property
    def series(self) -> tuple[Series, ...]: ...
    @property
    def data(self) -> Values: ...
    @property
    def quantity(self) -> Places: ...
    @property
    def unsigned(self) -> Flags: ...
    @property
    def known_errors(self) -> bool: ...
    def predictions(self, x: Values, /) -> Values: ...
    def sensitivities(self, x: Values, chosen: Sequence[int], /) -> tuple[Values, Values]: ...
    def over_noise(self, rows: Values, noise: Values, floor: Values, /) -> Values: ...


M = TypeVar("M", bound=Model)


@dataclass(eq=False)
class Search(Generic[M]):
    """Fits of supports, each made once. `floor`: what is not counted as misfit of each quantity (n,).

    `matching`: a linear model (J, z) that holds for all sets of terms near a fit, however large the terms. `share`: of
    the rows, those that would say as much if their misfits were independent.
    """

    shooting: M
    positive: Flags
    floor: Values
    law: Noise = Noise.NORMAL
    matching: Callable[[M, Values], tuple[Values, Values]] | None = None
    share: float = 1.0
    fitted: dict[Support, Fitted | None] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return self.shooting.count

    # -- one support ----------------------------------------------------------------------------------

    def fit(self, support: Support, x: Values, noise: Values, once: bool = False) -> Fitted | None:
        """From x, whose other coefficients are taken to be 0; None where the System cannot be solved.

        `once`: with this noise, else with the one that the fit leaves.
        """
        if support in self.fitted:
            return self.fitted[support]
        found = None
        with suppress(Failed):
            found = self._fit(support, x, np.maximum(noise, self.floor), 1 if once else _NOISE)
        self.fitted[support] = found
        if found is not None and found.support != support:  # rates that ended at nothing are left out
            other = self.fitted.get(found.support)
            if other is None or found.criterion < other.criterion:
                self.fitted[found.support] = found
        return found

    def _fit(self, support: Support, x: Values, noise: Values, often: int) -> Fitted:
        for _ in range(often):
            ended, x = self._minimised(support, x, noise)
            away = self.shooting.predictions(x) - self.shooting.data
            before, noise = noise, self.noise_of(away)
            gone = {j for k, j in enumerate(support) if self.positive[j] and ended.x[k] <= 0.0}
            support = tuple(j for j in support if j not in gone)
            if not gone and np.abs(np.log(noise / before)).max() < 0.02:
                break
        return Fitted(support, x, noise, self.criterion(away, len(support)))

    def _minimised(self, support: Support, x: Values, noise: Values) -> tuple[Minimum, Values]:
        """Over the support's coefficients and all initial values; and the whole point."""
        shot = self.shooting
        places = np.concatenate([np.array(support, dtype=np.int64), np.arange(self.count, len(x))])

        def whole(part: Values) -> Values:
            found = np.zeros(len(x))
            found[places] = part
            return found

        def rows(part: Values) -> Values:
            return shot.over_noise(shot.predictions(whole(part)) - shot.data, noise, self.floor)

        def slopes(part: Values) -> tuple[Values, Values]:
            y, J = shot.sensitivities(whole(part), support)
            return shot.over_noise(y - shot.data, noise, self.floor), shot.over_noise(J, noise, self.floor)

        lower = np.full(len(places), -np.inf)
        lower[: len(support)][self.positive[list(support)]] = 0.0
        lower[len(support) :][np.tile(shot.unsigned, len(shot.series))] = 0.0
        law = Law(None if self.law is Noise.NORMAL else ROUNDING)
        ended = levenberg(rows, slopes, x[places], law, lower)
        return ended, whole(ended.x)

    def noise_of(self, away: Values) -> Values:
        """The sd (or mean distance) of each quantity, the floor included, (n,)."""
        q, n = self.shooting.quantity, self.shooting.n
        counts = np.maximum(np.bincount(q, minlength=n), 1)
        if self.law is Noise.NORMAL:
            return np.asarray(np.sqrt(np.bincount(q, away**2, n) / counts + self.floor**2))
        return np.asarray(np.bincount(q, np.abs(away), n) / counts + self.floor)

    def level(self, away: Values) -> float:
        """The first part of the criterion: -2 log likelihood up to a constant."""
        if self.shooting.known_errors:
            r = self.shooting.over_noise(away, self.noise_of(away), self.floor)
            return self.share * float(r @ r if self.law is Noise.NORMAL else 2.0 * np.abs(r).sum())
        counts = np.bincount(self.shooting.quantity, minlength=self.shooting.n)
        return self.share * float(2.0 * counts @ np.log(self.noise_of(away)))

    def criterion(self, away: Values, size: int) -> float:
        return self.level(away) + self.price(size)

    def price(self, size: int) -> float:
        """Of so many terms among all."""
        return price(size, self.count, max(2, round(self.share * len(self.shooting.data))))

    # -- which one ------------------------------------------------------------------------------------

    def linear(self, at: Fitted) -> tuple[Values, Values, float]:
        """(A, b, |z|^2) of all coefficients near a fit, initial values projected out, rows over their noise."""
        shot = self.shooting
        y, J = shot.sensitivities(at.x, range(self.count))
        return self._normal(at, J, shot.data - y + J[:, : self.count] @ at.x[: self.count], shot.data - y)

    def matched(self, at: Fitted) -> tuple[Values, Values, float] | None:
        """The same from `matching`; None where there is none or the fit cannot be solved."""
        if self.matching is None:
            return None
        with suppress(Failed):
            J, z = self.matching(self.shooting, at.x)
            return self._normal(at, J, z, z - J @ at.x)
        return None

    def _normal(self, at: Fitted, J: Values, z: Values, r: Values) -> tuple[Values, Values, float]:
        """J^T J, J^T z, z^T z over the noise; with the weights of the last step where |r| counts."""
        J, z, r = (self.shooting.over_noise(rows, at.noise, self.floor) for rows in (J, z, r))
        if self.law is Noise.LAPLACE:  # so that the quadratic model is that of |r|
            weight = 1.0 / np.sqrt(np.sqrt(r**2 + ROUNDING**2))
            z, J = z * weight, J * weight[:, np.newaxis]
        return project_out(J.T @ J, J.T @ z, float(z @ z), J.shape[1] - self.count)

    def information(self, at: Fitted) -> tuple[Values, Values]:
        """The Fisher information of all coefficients at a fit, initial values projected out, and the score b."""
        shot = self.shooting
        y, J = shot.sensitivities(at.x, range(self.count))
        r, J = shot.over_noise(shot.data - y, at.noise, self.floor), shot.over_noise(J, at.noise, self.floor)
        A, b, _ = project_out(J.T @ J, J.T @ r, float(r @ r), J.shape[1] - self.count)
        return A, b

    def path(self) -> tuple[tuple[int, float], ...]:
        """(number of terms, criterion) of the best fit of each size."""
        best: dict[int, float] = {}
        for found in self.fitted.values():
            if found is not None:
                best[found.size] = min(found.criterion, best.get(found.size, np.inf))
        return tuple(sorted(best.items()))

    def proposals(self, at: Fitted, most: int, fresh: bool, thorough: bool = False) -> list[Subset]:
        """Subsets that the linear models near a fit prefer, the best first; `fresh`: not only by way of this one.

        `thorough`: by exchanges of two terms at once, and from `matching` as well, which takes longer.
        """
        more, less = min(most, at.size + WIDER), max(1, at.size - WIDER)
        pairs = (less, more) if thorough else None

        def rank(s: Subset) -> float:  # the noise is known here
            return self.share * s.misfit + self.price(len(s.columns))

        ranked = []
        for model in (self.linear(at), self.matched(at) if thorough else None):
            if model is None:
                continue
            found = best_subsets(*model, more, self.positive, at.support, less, pairs)
            if fresh:
                found += best_subsets(*model, more, self.positive, (), more, pairs)
            ranked.append(sorted({s.columns: s for s in found}.values(), key=rank))
        return [s for row in zip_longest(*ranked) for s in row if s is not None]

    def improve(self, best: Fitted, most: int, progress: Callable[[Fitted], object] | None = None) -> Fitted:
        """Supports near the best one, until none of them is better, also after a thorough search."""
        thorough = False
        for attempt in range(_ROUNDS):
            tried, before = 0, best.criterion
            for subset in self.proposals(best, most, attempt == 0 or thorough, thorough):
                if subset.columns in self.fitted:
                    continue
                found = self._from(best, subset)
                tried += 1
                if found is not None and found.criterion < best.criterion - 1e-6:
                    best = found
                    if progress:
                        progress(best)
                    break
                if tried >= (_THOROUGH if thorough else _TRIED):
                    break
            if best.criterion >= before - 1e-6:
                if thorough:
                    break
                thorough = True
        return best

    def bayesian(self, found: Fitted) -> float:
        """The Bayesian criterion: a term costs log N, however many candidates there were."""
        return found.criterion - self.price(found.size) + self._cheap(found.size)

    def _cheap(self, size: int) -> float:
        return size * log(max(2.0, self.share * len(self.shooting.data)))

    def without_each(self, best: Fitted, near: float) -> None:
        """For every term of a fit, the best set without it and of up to one term more is fitted.

        Where a linear model says that by the Bayesian criterion it is worse by less than `near`.
        """
        S = list(best.support)
        for model in (self.linear(best), self.matched(best)):
            if model is None or not S or self.count == 1:
                continue
            A, b, square = model
            own = self.share * (square - float(b[S] @ np.linalg.lstsq(A[np.ix_(S, S)], b[S])[0])) + self._cheap(len(S))
            for j in S:
                rest = np.array([k for k in range(self.count) if k != j])
                begin = [int(k) for k in np.searchsorted(rest, [k for k in S if k != j])]
                low, more = max(1, len(S) - 1), len(S) + 1
                part = A[np.ix_(rest, rest)], b[rest], square
                found = best_subsets(*part, more, self.positive[rest], begin, low)
                other = min(found, key=lambda s: self.share * s.misfit + self._cheap(len(s.columns)))
                if self.share * other.misfit + self._cheap(len(other.columns)) < own + near and other.columns:
                    self._from(best, Subset(tuple(int(k) for k in rest[list(other.columns)]), other.coefficients, 0.0))

    def _from(self, at: Fitted, subset: Subset) -> Fitted | None:
        """A fit of a subset that begins where the linear model sends it, or, if that fails, from the fit itself."""
        if subset.columns in self.fitted:
            return self.fitted[subset.columns]
        x = at.x.copy()
        x[: self.count] = 0.0
        x[list(subset.columns)] = subset.coefficients
        found = self.fit(subset.columns, x, at.noise)
        if found is None:
            del self.fitted[subset.columns]
            found = self.fit(subset.columns, at.x, at.noise)
        return found


def in_pieces(shooting: Shooting, pieces: int) -> Shooting:
    """The same measurements as more and shorter series, each with initial values of its own: easier to begin with."""
    shorter = []
    for series in shooting.series:
        edges = np.linspace(0, len(series.times), pieces + 1).round().astype(int)
        for a, b in pairwise(edges):
            kept = np.zeros_like(series.seen)
            kept[a:b] = True
            if b - a >= 4 and (series.seen[a:b].sum(axis=0) >= 2).all():
                shorter.append(series.part(kept))
    return replace(shooting, series=tuple(shorter))
