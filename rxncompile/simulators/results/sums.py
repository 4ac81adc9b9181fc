"""Means, deviations and covariances in one pass: exact integers for whole numbers, a stable merge for all others.

Whole numbers: S1 = sum x and S2 = sum x y as integers; covariance = (N S2 - S1 S1') / (N (N - 1)), rounded once.
Others: the means and C = sum (x - <x>)(y - <y>), merged as in Chan, Golub and LeVeque 1983.

An integer is a row of limbs, sum_s limb_s 2^(21 s), of which all but the last are below 2^21: so sums of products
of numbers below 2^63 over 2^30 trajectories fit, in any order, and are arrays that a file can hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import Values

Whole = NDArray[Any]  # Python integers, so that nothing overflows
Limbs = NDArray[np.int64]
Pairs = NDArray[np.int64]  # (P, 2) columns

_DIGIT = 21  # bits of a digit: the sum of 1,024 products of two digits is exact in a double
_DIGITS = 3  # of a number
_WIDE = 32  # columns from which on copies cost less than they save: measured
_MOST = 1024  # trajectories of one block, for the same reason


@dataclass(frozen=True, slots=True)
class Moments:
    """Which columns are whole numbers, and the pairs of columns (i <= j, all i = j among them) to multiply."""

    whole: NDArray[np.bool_]
    pairs: Pairs

    @classmethod
    def of(cls, whole: Sequence[bool], pairs: Sequence[tuple[int, int]] | None = None) -> Moments:
        """All pairs, or the squares and these."""
        n = len(whole)
        if pairs is None:
            chosen = [(i, j) for i in range(n) for j in range(i, n)]
        else:
            chosen = sorted({(min(pair), max(pair)) for pair in (*pairs, *((i, i) for i in range(n)))})
        return cls(np.array(whole, dtype=bool), np.array(chosen, dtype=np.int64).reshape(-1, 2))

    @property
    def exact(self) -> NDArray[np.bool_]:
        """Of each pair: whether both are whole numbers."""
        return np.asarray(self.whole[self.pairs].all(axis=1))


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums over `runs` trajectories.

    `first` (3, T, W) and `second` (5, T, pairs of W) limbs for the W whole columns; `mean` (T, L) and `spread`
    (T, other pairs) are empty where every column is whole.
    """

    moments: Moments
    runs: int
    first: Limbs
    second: Limbs
    mean: Values
    spread: Values

    @classmethod
    def of(cls, rows: Values, moments: Moments) -> Sums:
        """The sums over a block of rows (at most 1,024, T, L)."""
        assert len(rows) <= _MOST
        whole, exact = moments.whole, moments.exact
        place = np.cumsum(whole) - 1
        counts = rows if whole.all() else rows[:, :, whole]
        first, second = _whole_sums(counts, place[moments.pairs[exact]])
        if whole.all():
            nothing = np.zeros((rows.shape[1], 0))
            return cls(moments, len(rows), first, second, nothing, nothing)
        with np.errstate(all="ignore"):
            mean = rows.sum(axis=0) / len(rows)
            centred = rows - mean
            # row after row, so that the order of the additions is that of the trajectories on every machine
            spread = [(centred[:, :, i] * centred[:, :, j]).sum(axis=0) for i, j in moments.pairs[~exact]]
        return cls(moments, len(rows), first, second, mean, np.stack(spread, axis=1))

    def merge(self, later: Sums) -> Sums:
        """The sums over both. Exact for whole numbers; for others, blocks in one order give one result."""
        runs, i_j = self.runs + later.runs, self.moments.pairs[~self.moments.exact]
        mean, spread = self.mean, self.spread
        if len(i_j):
            with np.errstate(all="ignore"):
                step = later.mean - self.mean
                mean = self.mean + step * (later.runs / runs)
                between = step[:, i_j[:, 0]] * step[:, i_j[:, 1]]
                spread = self.spread + later.spread + between * (self.runs * later.runs / runs)
        first, second = _carried(self.first + later.first), _carried(self.second + later.second)
        return Sums(self.moments, runs, first, second, mean, spread)

    def means(self) -> Values:
        """The mean of every column, (T, L)."""
        whole = self.moments.whole
        found = np.empty((self.first.shape[1], len(whole)))
        found[:, whole] = integers(self.first) / self.runs
        if not whole.all():
            found[:, ~whole] = self.mean[:, ~whole]
        return found

    def covariances(self, which: Sequence[int] | NDArray[np.int64] | None = None) -> Values:
        """The covariance (runs - 1 in the denominator) of pairs by place, (T, P); not a number for one run."""
        n, exact = self.runs, self.moments.exact
        chosen = np.arange(len(exact)) if which is None else np.asarray(which)
        found = np.full((self.first.shape[1], len(chosen)), np.nan)
        if n == 1:
            return found
        place, among = np.cumsum(self.moments.whole) - 1, np.cumsum(exact) - 1
        here = exact[chosen]
        i_j = place[self.moments.pairs[chosen[here]]]
        first, second = integers(self.first), integers(self.second[:, :, among[chosen[here]]])
        found[:, here] = (n * second - first[:, i_j[:, 0]] * first[:, i_j[:, 1]]) / (n * (n - 1))
        found[:, ~here] = self.spread[:, (np.cumsum(~exact) - 1)[chosen[~here]]] / (n - 1)
        return found

    def statistics(self) -> tuple[Values, Values]:
        """Mean and standard deviation (runs - 1 in the denominator), each (T, L); no deviation for one run."""
        squares = np.flatnonzero(self.moments.pairs[:, 0] == self.moments.pairs[:, 1])
        with np.errstate(all="ignore"):
            return self.means(), np.sqrt(self.covariances(squares))


def integers(limbs: Limbs) -> Whole:
    """Python integers of limbs along the first axis."""
    total = limbs[0].astype(object)
    for s in range(1, len(limbs)):
        if limbs[s].any():
            total = total + (limbs[s].astype(object) << (_DIGIT * s))
    return np.asarray(total, dtype=object)


def _carried(limbs: Limbs) -> Limbs:
    """Limbs of the same numbers, all but the last in [0, 2^21), in place."""
    for s in range(len(limbs) - 1):
        limbs[s + 1] += limbs[s] >> _DIGIT
        limbs[s] &= (1 << _DIGIT) - 1
    return limbs


def _whole_sums(counts: Values, pairs: Pairs) -> tuple[Limbs, Limbs]:
    """Exact sums, and sums of products of pairs of columns, over the first axis of whole numbers below 2^63."""
    digits = [counts]
    while len(digits) < _DIGITS and counts.size and max(digits[-1].max(), -digits[-1].min()) >= 2.0**_DIGIT:
        high = np.floor(digits[-1] * 2.0**-_DIGIT)
        digits[-1] = digits[-1] - high * 2.0**_DIGIT
        digits.append(high)
    _, times, columns = counts.shape
    first = np.zeros((_DIGITS, times, columns), dtype=np.int64)
    second = np.zeros((2 * _DIGITS - 1, times, len(pairs)), dtype=np.int64)
    for i, a in enumerate(digits):
        first[i] += a.sum(axis=0).astype(np.int64)
        for j, b in enumerate(digits):
            second[i + j] += _products(a, b, pairs).astype(np.int64)
    return _carried(first), _carried(second)


def _products(a: Values, b: Values, pairs: Pairs) -> Values:
    """sum_n a[n, t, i] b[n, t, j], (T, P); exact, so that the order of the additions does not matter."""
    columns = a.shape[2]
    if len(pairs) == columns:
        return np.asarray(np.einsum("ntl,ntl->tl", a, b))
    if len(pairs) == columns * (columns + 1) // 2:
        left, right = a.transpose(1, 2, 0), b.transpose(1, 0, 2)
        if columns > _WIDE:  # contiguous, for the library's matrix product: ten times faster for a hundred columns
            left, right = np.ascontiguousarray(left), np.ascontiguousarray(right)
        full = np.matmul(left, right)
        return np.asarray(full[:, pairs[:, 0], pairs[:, 1]])
    return np.stack([np.einsum("nt,nt->t", a[:, :, i], b[:, :, j]) for i, j in pairs], axis=1)
