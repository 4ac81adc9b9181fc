"""Mean and standard deviation in one pass: exact integers for counts, a stable merge for everything else.

Counts: S1 = sum n and S2 = sum n^2 as integers; mean = S1/N, variance = (N S2 - S1^2) / (N (N - 1)).
Outputs: mean and M2 = sum (x - mean)^2, merged as in Chan, Golub and LeVeque 1983.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .trajectory import Values

Whole = NDArray[Any]  # Python integers, so that nothing overflows

_DIGIT = 21  # bits of a digit: the sum of 1,024 products of two digits is exact in a double
_MOST = 1024  # trajectories of one block, for the same reason


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums over `runs` trajectories: `first`, `second` (T, S) of counts, `mean`, `spread` (T, L - S) of outputs."""

    runs: int
    first: Whole
    second: Whole
    mean: Values
    spread: Values

    @classmethod
    def of(cls, rows: Values, n_states: int) -> Sums:
        """The sums over a block of rows (at most 1,024, T, L), whose first `n_states` columns are whole numbers."""
        assert len(rows) <= _MOST
        first, second = _whole_sums(rows[:, :, :n_states])
        outputs = rows[:, :, n_states:]
        with np.errstate(all="ignore"):
            mean = outputs.sum(axis=0) / len(rows)
            spread = np.square(outputs - mean).sum(axis=0)
        return cls(len(rows), first, second, mean, spread)

    def merge(self, later: Sums) -> Sums:
        """The sums over both. Exact for counts; for outputs, blocks in one order give one result."""
        runs = self.runs + later.runs
        with np.errstate(all="ignore"):
            step = later.mean - self.mean
            mean = self.mean + step * (later.runs / runs)
            spread = self.spread + later.spread + step * step * (self.runs * later.runs / runs)
        return Sums(runs, self.first + later.first, self.second + later.second, mean, spread)

    def statistics(self) -> tuple[Values, Values]:
        """Mean and standard deviation (runs - 1 in the denominator), each (T, L); no deviation for one run."""
        n = self.runs
        mean = np.concatenate([(self.first / n).astype(np.float64), self.mean], axis=1)
        if n == 1:
            return mean, np.full(mean.shape, np.nan)
        variance = ((n * self.second - self.first * self.first) / (n * (n - 1))).astype(np.float64)
        with np.errstate(all="ignore"):
            sd = np.sqrt(np.concatenate([variance, self.spread / (n - 1)], axis=1))
        return mean, sd


def _whole_sums(counts: Values) -> tuple[Whole, Whole]:
    """Exact sums and sums of squares over the first axis of whole numbers below 2^53."""
    digits = [counts]
    while np.abs(digits[-1]).max(initial=0.0) >= 2.0**_DIGIT:
        high = np.floor(digits[-1] * 2.0**-_DIGIT)
        digits[-1] = digits[-1] - high * 2.0**_DIGIT
        digits.append(high)
    first = sum(_integers(d.sum(axis=0)) << (_DIGIT * i) for i, d in enumerate(digits))
    second = sum(
        _integers(np.einsum("ntl,ntl->tl", a, b)) << (_DIGIT * (i + j))
        for i, a in enumerate(digits)
        for j, b in enumerate(digits)
    )
    return np.asarray(first, dtype=object), np.asarray(second, dtype=object)


def _integers(exact: Values) -> Whole:
    return exact.astype(np.int64).astype(object)
