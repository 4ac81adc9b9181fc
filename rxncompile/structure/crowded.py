"""The null space of many integer rows that elimination would fill with long fractions: found in floating point, proved
in whole numbers.

The eigenvectors of `M' M` for eigenvalues that are zero to rounding are brought to echelon form, rounded to fractions
of small denominator and multiplied out. Each vector is then checked exactly, `M v = 0`; and no other is missing, as
the remaining eigenvalues are far above the error of computing them (Weyl's inequality).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import gcd, lcm

import numpy as np
from numpy.typing import NDArray

MOST_COLUMNS = 4_000  # a dense matrix of so many rows and columns: 128 MB, and half a minute
_ZERO = 1e-11  # of the largest eigenvalue; rounding leaves less than columns * 1e-16
_GAP = 1e-8
_DENOMINATOR = 10_000


def null_space(rows: Sequence[Mapping[int, int]], columns: Sequence[int]) -> list[dict[int, int]] | None:
    """An integer basis of what every row annihilates, vector k alone in its column of a set of free ones.

    Rows may name columns outside `columns`: these entries are held at zero. None where the eigenvalues leave no gap, or
    a vector is no short fraction: then only elimination tells.
    """
    place = {c: k for k, c in enumerate(columns)}
    gram = np.zeros((len(columns), len(columns)))
    inside = [[(place[c], x) for c, x in row.items() if c in place] for row in rows]
    for row in inside:
        for i, x in row:
            for j, y in row:
                gram[i, j] += x * y
    values, vectors = np.linalg.eigh(gram)
    largest = max(float(values[-1]), 1.0) if len(values) else 1.0
    count = int((values < _ZERO * largest).sum())
    if count < len(values) and values[count] < _GAP * largest:
        return None
    basis = _echelon(vectors[:, :count].T.copy())
    if basis is None:
        return None
    found = []
    for vector in basis:
        held = [int(k) for k in np.flatnonzero(np.abs(vector) > 1e-9)]
        entries = {k: Fraction(float(vector[k])).limit_denominator(_DENOMINATOR) for k in held}
        factor = lcm(*(x.denominator for x in entries.values()))
        integers = {k: int(x * factor) for k, x in entries.items()}
        divisor = gcd(*integers.values())
        exact = {k: x // divisor for k, x in integers.items() if x}
        if any(sum(x * exact.get(k, 0) for k, x in row) for row in inside):
            return None
        found.append({columns[k]: x for k, x in exact.items()})
    return found


def _echelon(rows: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Reduced echelon form with complete pivoting; None where a pivot is lost."""
    left = set(range(len(rows)))
    for _ in range(len(rows)):
        waiting = sorted(left)
        part = np.abs(rows[waiting])
        at, column = np.unravel_index(int(part.argmax()), part.shape)
        pivot = waiting[int(at)]
        if part[at, column] < 1e-6:
            return None
        rows[pivot] /= rows[pivot, column]
        others = np.arange(len(rows)) != pivot
        rows[others] -= np.outer(rows[others, column], rows[pivot])
        left.discard(pivot)
    return rows
