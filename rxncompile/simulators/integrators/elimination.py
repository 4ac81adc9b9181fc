"""How a sparse matrix is eliminated: the order of pivots and the pattern of L U, found once for a System.

    P A P' = L U,    A = 1/(gamma h) - J

Pivots are taken on the diagonal, in the order of Markowitz: next the one with the least product of the entries to its
right and below it.                                          Duff, Erisman and Reid 2017, Direct Methods, chapter 7
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]

_COST = 3.0  # of an operation by table, against one in a dense loop
_WIDE = 32  # rows of a full end that are worth a loop of their own
_SOLVES = 8  # with one matrix, the stages of Rodas5P


class Elimination(NamedTuple):
    """Rows of L and U in the order of elimination, columns ascending; row k is `starts[k]` ... `starts[k + 1]`.

    `order[k]` is the state that is k-th, `diagonal[k]` where U_kk is, `tail[k]` where those columns begin that go on
    one after another to the last; `places[e]` takes entry e of the Jacobian. From row `core` on all is full. Without
    states: eliminate densely.
    """

    order: Places
    starts: Places
    columns: Places
    diagonal: Places
    tail: Places
    places: Places
    core: int

    @property
    def size(self) -> int:
        """How many numbers L and U have."""
        return len(self.columns)

    def work(self) -> float:
        """Multiplications of a factorisation and of the solves with it."""
        upper = self.starts[1:] - self.diagonal
        lower = np.concatenate([self.columns[a:b] for a, b in zip(self.starts[:-1], self.diagonal, strict=True)])
        return float(upper[lower].sum() + _SOLVES * self.size)


def dense() -> Elimination:
    """No table: matrices are full."""
    none = np.zeros(0, dtype=np.int64)
    return Elimination(none, none, none, none, none, none, 0)


def elimination(n: int, rows: Places, columns: Places) -> Elimination:
    """The cheaper of the two for a Jacobian with these entries."""
    if n < 4 or _cheapest(n, rows, columns) >= _dense_work(n):
        return dense()
    found = sparse(n, rows, columns)
    return found if _COST * found.work() < _dense_work(n) else dense()


def _dense_work(n: int) -> float:
    return n**3 / 3.0 + _SOLVES * n**2


def _cheapest(n: int, rows: Places, columns: Places) -> float:
    """What no order can go below: the entries themselves."""
    return _COST * _SOLVES * len(np.unique(np.append(rows * n + columns, np.arange(n) * (n + 1))))


def sparse(n: int, rows: Places, columns: Places) -> Elimination:
    """The tables for n states and a Jacobian with entries (rows, columns)."""
    order, lower, upper, core = _markowitz(n, rows, columns)
    rank = np.empty(n, dtype=np.int64)
    rank[order] = np.arange(n)
    left: list[list[int]] = [[] for _ in range(n)]
    for k, column in enumerate(lower):  # ascending, since k is
        for i in column:
            left[rank[i]].append(k)
    lines = [[*left[k], k, *sorted(rank[list(upper[k])].tolist())] for k in range(n)]
    starts = np.concatenate([[0], np.cumsum([len(line) for line in lines])]).astype(np.int64)
    diagonal = starts[:-1] + np.array([len(x) for x in left], dtype=np.int64)
    tail = np.array([b - _run(line[len(x) :], n) for line, x, b in zip(lines, left, starts[1:], strict=True)])
    found = np.array([j for line in lines for j in line], dtype=np.int64)
    keys = np.repeat(np.arange(n), np.diff(starts)) * n + found
    places = np.searchsorted(keys, rank[rows] * n + rank[columns])
    core = core if n - core >= _WIDE else n
    return Elimination(order, starts, found, diagonal, tail.astype(np.int64), places.astype(np.int64), core)


def _run(columns: list[int], n: int) -> int:
    """How many of the last columns are n - 1, n - 2, ..."""
    count = 0
    while count < len(columns) and columns[-1 - count] == n - 1 - count:
        count += 1
    return count


def _markowitz(n: int, rows: Places, columns: Places) -> tuple[Places, list[Iterable[int]], list[Iterable[int]], int]:
    """(the order, of each pivot the states of its column below and of its row to the right, from where all is full)."""
    right: list[set[int]] = [set() for _ in range(n)]
    below: list[set[int]] = [set() for _ in range(n)]
    for i, j in zip(rows.tolist(), columns.tolist(), strict=True):
        if i != j:
            right[i].add(j)
            below[j].add(i)
    left = set(range(n))
    price = {i: len(right[i]) * len(below[i]) for i in range(n)}
    order: list[int] = []
    lower: list[Iterable[int]] = []
    upper: list[Iterable[int]] = []
    core, full = n, False
    while left:
        pivot = min(left) if full else min(left, key=lambda i: (price[i], i))
        row, column = right[pivot], below[pivot]
        order.append(pivot)
        lower.append(column)
        upper.append(row)
        left.remove(pivot)
        if not full and price[pivot] == len(left) ** 2:  # the cheapest is full: so is the rest
            core, full = len(order) - 1, True
        for i in column:
            right[i].discard(pivot)
            if not full:
                right[i] |= row
                right[i].discard(i)
        for j in row:
            below[j].discard(pivot)
            if not full:
                below[j] |= column
                below[j].discard(j)
        if not full:
            for i in row | column:
                price[i] = len(right[i]) * len(below[i])
    return np.array(order, dtype=np.int64), lower, upper, core
