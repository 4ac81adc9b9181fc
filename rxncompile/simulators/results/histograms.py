"""How often each value occurs, for many columns and times at once, in memory that has a bound.

A cell (a column at a time, or two columns at a time) has bins [b 2^k, (b + 1) 2^k) along each axis; k is the least
with which the bins between the smallest and the largest value seen are at most `most`, and for whole numbers k >= 0.
Both ends, and so k, depend on the set of values alone, and a bin of width 2^(k + 1) is two of width 2^k: blocks
merged in any order give the same bins and the same integers. As long as k = 0 nothing about whole numbers is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ..arrays import Values

Integers = NDArray[np.int64]

_BITS = 53  # of a bin's number, so that it is exact as a double
_BLOCK = 1 << 15  # values looked at together


@dataclass(frozen=True, slots=True)
class Histogram:
    """Values of one axis, of one column at one time: `counts[i]` values in [left[i], left[i] + width)."""

    left: Values
    width: float
    counts: Integers

    @property
    def probability(self) -> Values:
        """The part of the values in each bin."""
        return self.counts / max(1, int(self.counts.sum()))


@dataclass(frozen=True, slots=True)
class JointHistogram:
    """Two columns at one time: `counts[i, j]` values in the bins that begin at `left[0][i]` and `left[1][j]`."""

    left: tuple[Values, Values]
    width: tuple[float, float]
    counts: Integers

    @property
    def probability(self) -> Values:
        """The part of the values in each bin."""
        return self.counts / max(1, int(self.counts.sum()))

    def turned(self) -> JointHistogram:
        """The same with the axes exchanged."""
        return JointHistogram(self.left[::-1], self.width[::-1], self.counts.T)


@dataclass(frozen=True, slots=True)
class Cells:
    """The histograms of C cells of d axes: `whole`, `low`, `high` (C, d), and the counts of all bins in one row.

    `exponent`, `base`, `size` (C, d) are k, the number of the first bin and how many there are.
    """

    whole: NDArray[np.bool_]
    most: int
    low: Values
    high: Values
    counts: Integers
    exponent: Integers
    base: Integers
    size: Integers
    offset: Integers = field(init=False)  # where the bins of each cell begin, (C,)

    def __post_init__(self) -> None:
        sizes = self.size.prod(axis=1)
        object.__setattr__(self, "offset", np.cumsum(sizes) - sizes)

    @classmethod
    def of(cls, values: Values, whole: NDArray[np.bool_], most: int) -> Cells:
        """The histograms of values (N, C, d); a value that is not finite is left out."""
        seen: NDArray[np.bool_] | None = None
        if whole.all():
            low, high = values.min(axis=0), values.max(axis=0)
        else:
            seen = np.asarray(np.isfinite(values).all(axis=2))
            low = values.min(axis=0, initial=np.inf, where=seen[:, :, np.newaxis])
            high = values.max(axis=0, initial=-np.inf, where=seen[:, :, np.newaxis])
        exponent, base, size = _grid(low, high, whole, most)
        counts = np.zeros(int(size.prod(axis=1).sum()), dtype=np.int64)
        found = cls(whole, most, low, high, counts, exponent, base, size)
        stride = found._strides()
        shift = found.offset - (base * stride).sum(axis=1)
        together = max(1, max(_BLOCK, len(counts)) // max(1, len(whole)))
        scaled = bool(exponent.any())
        plain = seen is None and not scaled and whole.shape[1] == 1
        for first in range(0, len(values), together):
            part = values[first : first + together]
            if plain:
                index = (part[:, :, 0] + shift).astype(np.int64)
            else:
                kept = part if seen is None else np.where(seen[first : first + together, :, np.newaxis], part, 0.0)
                bins = kept if seen is None and not scaled else _bin(kept, exponent)
                index = (bins.astype(np.int64) * stride).sum(axis=2) + shift
            if seen is not None:
                index = index[seen[first : first + together]]
            counts += np.bincount(index.ravel(), minlength=len(counts))
        return found

    def merge(self, other: Cells) -> Cells:
        """The histograms of the values of both."""
        low, high = np.minimum(self.low, other.low), np.maximum(self.high, other.high)
        if np.array_equal(low, self.low) and np.array_equal(high, self.high):
            found = replace(self, counts=self.counts.copy())
        else:
            grid = _grid(low, high, self.whole, self.most)
            counts = np.zeros(int(grid[2].prod(axis=1).sum()), dtype=np.int64)
            found = Cells(self.whole, self.most, low, high, counts, *grid)
            found._count(self)
        found._count(other)
        return found

    def _count(self, other: Cells) -> None:
        """Add counts of bins that are as wide as these, or parts of these, in place."""
        filled = np.flatnonzero(other.counts)
        cell = np.repeat(np.arange(len(other.offset)), other.size.prod(axis=1))[filled]
        if self.whole.shape[1] == 1 and np.array_equal(self.exponent, other.exponent):
            moved = self.offset - other.offset + (other.base - self.base)[:, 0]
            self.counts[filled + moved[cell]] += other.counts[filled]
            return
        stride, strides = other._strides(), self._strides()
        rest, place = filled - other.offset[cell], self.offset[cell]
        for axis in range(self.whole.shape[1]):
            along, rest = np.divmod(rest, stride[cell, axis])
            coarser = np.minimum(self.exponent - other.exponent, 63)[cell, axis]
            bins = (along + other.base[cell, axis]) >> coarser
            place = place + (bins - self.base[cell, axis]) * strides[cell, axis]
        np.add.at(self.counts, place, other.counts[filled])

    def _strides(self) -> Integers:
        """How far neighbouring bins along each axis are apart, (C, d)."""
        stride = np.ones_like(self.size)
        stride[:, :-1] = np.maximum(self.size[:, 1:], 1)  # at most two axes
        return stride

    def histogram(self, cell: int) -> Histogram:
        """The histogram of a cell of one axis."""
        counts = self._of(cell)
        return Histogram(self._left(cell, 0), float(np.ldexp(1.0, self.exponent[cell, 0])), counts)

    def joint(self, cell: int) -> JointHistogram:
        """The histogram of a cell of two axes."""
        width = np.ldexp(1.0, self.exponent[cell])
        counts = self._of(cell).reshape(self.size[cell])
        return JointHistogram((self._left(cell, 0), self._left(cell, 1)), (float(width[0]), float(width[1])), counts)

    def quantile(self, cell: int, q: float, missing: bool = False) -> float:
        """The least value that at least the part q of the values do not exceed; exact where k = 0.

        In bins of more than one value the line between the bin's ends is followed. Not a number for no values.
        """
        counts = self._of(cell)
        total = int(counts.sum())
        if not total or missing:
            return float("nan")
        rank = max(1, -int(-Fraction(repr(float(q))) * total // 1))
        if rank == total:
            return float(self.high[cell, 0])
        running = np.cumsum(counts)
        b = int(np.searchsorted(running, rank))
        k = int(self.exponent[cell, 0])
        left = np.ldexp(float(self.base[cell, 0] + b), k)
        if self.whole[cell, 0] and k == 0:
            return float(left)
        inside = (rank - (int(running[b]) - int(counts[b]))) / int(counts[b])
        return float(np.clip(left + inside * np.ldexp(1.0, k), self.low[cell, 0], self.high[cell, 0]))

    def _of(self, cell: int) -> Integers:
        begin = int(self.offset[cell])
        return self.counts[begin : begin + int(self.size[cell].prod())]

    def _left(self, cell: int, axis: int) -> Values:
        numbers = self.base[cell, axis] + np.arange(self.size[cell, axis], dtype=np.int64)
        return np.asarray(np.ldexp(numbers.astype(np.float64), self.exponent[cell, axis]))

    @classmethod
    def rebuilt(cls, whole: NDArray[np.bool_], most: int, low: Values, high: Values, counts: Integers) -> Cells:
        """The histograms that a file has kept. Raises ValueError where the parts do not fit."""
        exponent, base, size = _grid(low, high, whole, most)
        if low.shape != whole.shape or high.shape != whole.shape or len(counts) != size.prod(axis=1).sum():
            raise ValueError("its histograms do not fit together")
        return cls(whole, most, low, high, counts, exponent, base, size)


def _bin(x: Values, k: Integers) -> Values:
    """floor(x 2^-k), also where x 2^-k is too small for a double."""
    scaled = np.floor(np.ldexp(x, -k))
    return np.asarray(scaled - ((scaled == 0.0) & (x < 0.0)))


def _grid(low: Values, high: Values, whole: NDArray[np.bool_], most: int) -> tuple[Integers, Integers, Integers]:
    """k, the first bin and the number of bins, each (C, d), of cells with these ends."""
    seen = low <= high
    low, high = np.where(seen, low, 0.0), np.where(seen, high, 0.0)
    least = np.where(whole, 0, np.frexp(np.maximum(np.abs(low), np.abs(high)))[1] - _BITS)
    half = 0.5 * high - 0.5 * low  # no overflow
    k = np.maximum(least, np.frexp(half / most)[1] - 1).astype(np.int64)
    k = np.where(half > 0.0, k, least).astype(np.int64)
    while True:
        base = _bin(low, k)
        size = _bin(high, k) - base + 1.0
        if not (wide := size > most).any():
            return k, base.astype(np.int64), np.where(seen, size, 0.0).astype(np.int64)
        k = k + wide
