"""Best subsets of the columns of a linear model, size by size: steps up and down, and exchanges of up to two columns.

    minimise |z - J c|^2 over c with k non-zero components,   A = J^T J (P, P),   b = J^T z,   |z|^2

Only A, b and |z|^2 are needed. The extended Bayesian criterion of a subset of k among P columns and N rows,

    N log(misfit) + k (log N + 2 log P)           Chen and Chen 2008, Biometrika 95, 759: the bound of their gamma = 1
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from math import log

import numpy as np
from numpy.typing import NDArray

from ...simulators.arrays import Values

_NULL = 1e-9  # what is left of a column's square, relative to the whole, below which it is a sum of those chosen
_LOOKED_AT = 120  # columns of which pairs are tried

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Subset:
    """Chosen columns (rising), their coefficients, and |z - J c|^2."""

    columns: tuple[int, ...]
    coefficients: Values
    misfit: float


def price(size: int, among: int, rows: int) -> float:
    """k (log N + 2 log P): a term is worth having from sqrt(log N + 2 log P) standard deviations on."""
    return size * (log(max(rows, 2)) + 2.0 * log(among))


def project_out(A: Values, b: Values, square: float, nuisance: int) -> tuple[Values, Values, float]:
    """(A, b, |z|^2) of the first columns where the last `nuisance` ones always are in the model, with any values."""
    if not nuisance:
        return A, b, square
    kept = len(b) - nuisance
    inside = A[kept:, kept:]
    scale = 1.0 / np.sqrt(np.maximum(np.diag(inside), 1e-300))
    inverse = np.linalg.pinv(inside * np.outer(scale, scale), rcond=1e-12, hermitian=True) * np.outer(scale, scale)
    pull = A[:kept, kept:] @ inverse
    left = float(square - b[kept:] @ inverse @ b[kept:])
    return A[:kept, :kept] - pull @ A[kept:, :kept], b[:kept] - pull @ b[kept:], left


def best_subsets(
    A: Values,
    b: Values,
    square: float,
    most: int,
    positive: Flags,
    begin: Iterable[int] = (),
    low: int = 0,
    pairs: tuple[int, int] | None = None,
) -> list[Subset]:
    """Subsets of sizes up to `most`, by steps from `begin`; coefficients of `positive` columns are not negative.

    Found greedily: every size is improved by exchanges of one column until none helps; sizes from `pairs[0]` to
    `pairs[1]` by exchanges of one or two columns for one or two others as well. Sizes that cannot be reached, since no
    column is left that is not a sum of those chosen, are left out.
    """
    search = _Search(A, b, square, positive)
    found: dict[int, Subset] = {}
    chosen = search.polish(search.at(tuple(sorted(begin))))
    while True:
        size = len(chosen.columns)
        if size not in found or chosen.misfit < found[size].misfit:
            found[size] = chosen
        if size >= most:
            break
        longer = search.add(chosen)
        if longer is None:
            break
        chosen = search.polish(longer)
        if len(chosen.columns) <= size:
            break
    chosen = found[max(found)]
    while len(chosen.columns) > low:
        chosen = search.polish(search.drop(chosen))
        size = len(chosen.columns)
        if size not in found or chosen.misfit < found[size].misfit:
            found[size] = chosen
    if pairs is not None:
        search.exchange(found, max(low, pairs[0]), min(most, pairs[1]))
    return [found[size] for size in sorted(found)]


class _Search:
    def __init__(self, A: Values, b: Values, square: float, positive: Flags) -> None:
        scale = np.sqrt(np.maximum(np.diag(A), 0.0))
        self.dead = scale <= 1e-150
        self.scale = np.where(self.dead, 1.0, scale)
        self.A = A / np.outer(self.scale, self.scale)
        self.b = b / self.scale
        self.square, self.positive = square, positive
        self.seen: dict[tuple[int, ...], Subset] = {}

    def at(self, columns: tuple[int, ...]) -> Subset:
        """The best coefficients of these columns; those that would be negative and may not are dropped."""
        if columns in self.seen:
            return self.seen[columns]
        kept = list(columns)
        while True:
            c = _solved(self.A[np.ix_(kept, kept)], self.b[kept]) if kept else np.zeros(0)
            wrong = [k for k, j in enumerate(kept) if self.positive[j] and c[k] < 0.0]
            if not wrong:
                break
            kept.pop(min(wrong, key=lambda k: c[k]))
        misfit = float(self.square - c @ self.b[kept]) if kept else self.square
        found = Subset(tuple(kept), c / self.scale[kept], max(misfit, 0.0))
        self.seen[columns] = found
        return found

    def gains(self, columns: tuple[int, ...]) -> Values:
        """By how much each other column would lower the misfit."""
        S = list(columns)
        rest = self.b.copy()
        room = np.ones(len(self.b))
        if S:
            solved = _solved(self.A[np.ix_(S, S)], self.A[S])
            rest = self.b - solved.T @ self.b[S]
            room = 1.0 - np.einsum("kj,kj->j", self.A[S], solved)
        usable = (room > _NULL) & ~self.dead
        usable[S] = False
        usable &= ~(self.positive & (rest <= 0.0))
        return np.where(usable, rest**2 / np.where(usable, room, 1.0), -1.0)

    def add(self, chosen: Subset) -> Subset | None:
        gains = self.gains(chosen.columns)
        best = int(gains.argmax())
        return self.at(tuple(sorted((*chosen.columns, best)))) if gains[best] > 0.0 else None

    def drop(self, chosen: Subset) -> Subset:
        S = chosen.columns
        return min((self.at(S[:k] + S[k + 1 :]) for k in range(len(S))), key=lambda s: s.misfit)

    def polish(self, chosen: Subset) -> Subset:
        """Exchange one column for another while that lowers the misfit."""
        better = True
        while better and chosen.columns:
            better = False
            for k in range(len(chosen.columns)):
                fewer = self.at(chosen.columns[:k] + chosen.columns[k + 1 :])
                other = self.add(fewer)
                if (
                    other is not None
                    and len(other.columns) == len(chosen.columns)
                    and other.misfit < chosen.misfit * (1.0 - 1e-9) - 1e-12
                ):
                    chosen, better = other, True
                    break
        return chosen

    def exchange(self, found: dict[int, Subset], low: int, most: int) -> None:
        """Sizes from `low` to `most` by exchanges in each and its neighbours, until none gets better."""
        waiting = sorted(k for k in found if low <= k <= most)
        while waiting:
            size = waiting.pop(0)
            for other in self.pairs(found[size]):
                k = len(other.columns)
                if low <= k <= most and (k not in found or other.misfit < found[k].misfit * (1.0 - 1e-9) - 1e-12):
                    found[k] = other
                    if k not in waiting:
                        waiting.append(k)

    def pairs(self, chosen: Subset) -> Iterator[Subset]:
        """The best ways to have one or two other columns in place of one or two: one to one is for `polish`."""
        S = chosen.columns
        ways: dict[tuple[int, int], tuple[float, tuple[int, ...]]] = {}
        for many in (1, 2):
            for lost in combinations(S, many):
                kept = [j for j in S if j not in lost]
                for new, misfit in self.entering(kept, set(lost)):
                    way = (many, len(new))
                    if way != (1, 1) and (way not in ways or misfit < ways[way][0]):
                        ways[way] = (misfit, tuple(sorted((*kept, *new))))
        for _, columns in ways.values():
            yield self.at(columns)

    def entering(self, kept: list[int], lost: set[int]) -> Iterator[tuple[tuple[int, ...], float]]:
        """The best column and the best pair beside those kept, each with its misfit.

        Of what is left of A and b without the kept ones: gain of a pair (b_i^2 A_jj - 2 b_i b_j A_ij + b_j^2 A_ii)/det.
        """
        R, r, misfit = self.A, self.b, self.square
        if kept:
            solved = _solved(self.A[np.ix_(kept, kept)], self.A[kept])
            R, r = self.A - self.A[:, kept] @ solved, self.b - solved.T @ self.b[kept]
            misfit -= float(self.b[kept] @ _solved(self.A[np.ix_(kept, kept)], self.b[kept]))
        room = np.diag(R)
        usable = (room > _NULL) & ~self.dead
        usable[[*kept, *lost]] = False
        gains = np.where(usable, r**2 / np.where(usable, room, 1.0), 0.0)
        one = int(np.where(self.positive & (r <= 0.0), 0.0, gains).argmax())
        if gains[one] > 0.0:
            yield (one,), misfit - float(gains[one])
        looked = np.flatnonzero(usable)
        looked = looked[np.argsort(-gains[looked], kind="stable")[:_LOOKED_AT]]
        if len(looked) < 2:
            return
        R, r, room = R[np.ix_(looked, looked)], r[looked], room[looked]
        det = np.outer(room, room) - R**2
        good = np.triu(det > _NULL * np.outer(room, room), 1)
        det = np.where(good, det, 1.0)
        first, second = (np.outer(r, room) - R * r) / det, (np.outer(room, r) - R * r[:, np.newaxis]) / det
        positive = self.positive[looked]
        good &= ~((positive[:, np.newaxis] & (first <= 0.0)) | (positive & (second <= 0.0)))
        both = np.where(good, first * r[:, np.newaxis] + second * r, -1.0)
        i, j = np.unravel_index(int(both.argmax()), both.shape)
        if both[i, j] > 0.0:
            yield (int(looked[i]), int(looked[j])), misfit - float(both[i, j])


def _solved(A: Values, b: Values) -> Values:
    """A^-1 b, of the least length where there are many."""
    try:
        found = np.linalg.solve(A, b)
        if np.abs(found).max() < 1e7:  # else close to singular: columns are of length 1
            return np.asarray(found)
    except np.linalg.LinAlgError:
        pass
    return np.asarray(np.linalg.lstsq(A, b, rcond=1e-13)[0])
