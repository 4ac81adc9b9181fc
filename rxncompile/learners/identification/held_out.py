"""The number of terms by prediction: every fifth measurement is left out in turn and predicted from the others.

The smallest set is taken whose mean error is within one standard error of the least (Hastie, Tibshirani, Friedman 2009,
Sec. 7.10).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...simulators.arrays import Values
from ..fits.objective import Failed
from ..fits.problem import Noise
from .search import Fitted, Search
from .shooting import Shooting

_FOLDS = 5


def held_out(search: Search[Shooting], best: Fitted) -> Fitted:
    """Of the best sets of each size that were fitted, the one that predicts."""
    sizes: dict[int, Fitted] = {}
    for found in search.fitted.values():
        if found is not None and (found.size not in sizes or found.criterion < sizes[found.size].criterion):
            sizes[found.size] = found
    errors = {size: prediction_errors(search, found, best.noise) for size, found in sizes.items()}
    whole = {size: e for size, e in errors.items() if e is not None}
    if not whole:
        return best
    least = min(whole.values(), key=lambda e: float(e.mean()))
    unseen = float(((search.floor / best.noise) ** 2).max())  # differences that are not looked at
    bound = float(least.mean() + least.std(ddof=1) / np.sqrt(len(least))) + unseen
    return sizes[min(size for size, e in whole.items() if e.mean() <= bound)]


def prediction_errors(search: Search[Shooting], found: Fitted, noise: Values) -> Values | None:
    """Mean squared (or absolute) error over noise of each fold, predicted from the others; None where one fails."""
    errors = []
    for fold in range(_FOLDS):
        kept, left = [], []
        for series in search.shooting.series:
            hidden = (np.arange(len(series.times)) % _FOLDS == fold)[:, np.newaxis] & series.seen
            kept.append(replace(series, values=np.where(hidden, np.nan, series.values), covariance=None))
            left.append(np.where(hidden, series.values, np.nan))
        part = replace(search, shooting=replace(search.shooting, series=tuple(kept)), fitted={})
        fitted = part.fit(found.support, found.x, found.noise)
        if fitted is None:
            return None
        try:
            values = [part.shooting.states(k, fitted.x) for k in range(len(kept))]
        except Failed:
            return None
        away = np.concatenate([((v - m) / noise)[np.isfinite(m)] for v, m in zip(values, left, strict=True)])
        errors.append(float(np.mean(away**2 if search.law is Noise.NORMAL else np.abs(away))))
    return np.array(errors)
