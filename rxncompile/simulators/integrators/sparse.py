"""Sparse linear systems inside compiled code: L U by loops over the tables of `elimination`, nothing allocated.

With h to zero every matrix 1/(gamma h) - J can be eliminated on its diagonal; a pivot that elimination has made far
larger than it was says that digits are lost, and the step has to be shorter.
"""

from __future__ import annotations

from typing import Any

from ...kernels.jit import bare_jit

_GROWTH = 1e6  # of a pivot: ten digits are left
_BLOCK = 32  # rows that a full end is eliminated by at once


@bare_jit
def fill(table: Any, entries: Any, diagonal: float, lu: Any) -> None:
    """`lu` = diagonal - J of the entries of J."""
    lu[:] = 0.0
    for e in range(table.places.size):
        lu[table.places[e]] -= entries[e]
    for k in range(table.diagonal.size):
        lu[table.diagonal[k]] += diagonal


@bare_jit
def _reduce(x: Any, factor: float, u: Any) -> None:
    """x -= factor u. Loops from zero over slices are what becomes vector code: no index can be negative."""
    for j in range(x.size):
        x[j] -= factor * u[j]


@bare_jit
def _reduce_by_four(x: Any, f: Any, a: Any, b: Any, c: Any, d: Any) -> None:
    for j in range(x.size):
        x[j] -= f[0] * a[j] + f[1] * b[j] + f[2] * c[j] + f[3] * d[j]


@bare_jit
def factorise(table: Any, lu: Any, w: Any) -> bool:
    """L U in place, 1/U_kk on the diagonal; `w` (2 n,) is room. False where a pivot is lost."""
    starts, columns, diagonal, tail = table.starts, table.columns, table.diagonal, table.tail
    n, core = diagonal.size, table.core
    for i in range(n):
        first, middle, last = starts[i], diagonal[i], starts[i + 1]
        for q in range(first, last):
            w[columns[q]] = lu[q]
        before = abs(lu[middle])
        for q in range(first, middle):
            k = columns[q]
            if k >= core:
                break
            begin, run, end = diagonal[k] + 1, tail[k], starts[k + 1]
            factor = w[k] * lu[begin - 1]
            lu[q] = factor
            if factor == 0.0:
                continue
            if run < begin:
                run = begin
            for r in range(begin, run):
                w[columns[r]] -= factor * lu[r]
            if run < end:
                _reduce(w[n - end + run : n], factor, lu[run:end])
        if i >= core:
            w[n + i] = before
            x = lu[last - n + core : last]
            for j in range(x.size):
                x[j] = w[core + j]
            continue
        for q in range(middle, last):
            lu[q] = w[columns[q]]
        pivot = abs(lu[middle])
        if not 0.0 < pivot <= _GROWTH * before:  # not a number, too
            return False
        lu[middle] = 1.0 / lu[middle]
    return core == n or _factorise_core(starts, lu, w[n + core :])


@bare_jit
def _factorise_core(starts: Any, lu: Any, before: Any) -> bool:
    """The full end, by blocks of rows that stay near while the others are reduced by them; its pivots `before`."""
    size = before.size
    rows = starts.size - size  # row i ends at starts[rows + i]
    for low in range(0, size, _BLOCK):
        high = min(size, low + _BLOCK)
        for i in range(low, size):
            x = lu[starts[rows + i] - size : starts[rows + i]]
            near = min(i, high)
            for k in range(low, near):  # the block's own columns
                u = lu[starts[rows + k] - size : starts[rows + k]]
                x[k] *= u[k]
                _reduce(x[k + 1 : high], x[k], u[k + 1 : high])
            if i < high:
                pivot = abs(x[i])
                if not 0.0 < pivot <= _GROWTH * before[i]:
                    return False
                x[i] = 1.0 / x[i]
            far, k = x[high:], low
            while k + 3 < near:
                a, b, c, d = starts[rows + k], starts[rows + k + 1], starts[rows + k + 2], starts[rows + k + 3]
                shift = size - high
                _reduce_by_four(
                    far, x[k : k + 4], lu[a - shift : a], lu[b - shift : b], lu[c - shift : c], lu[d - shift : d]
                )
                k += 4
            while k < near:
                _reduce(far, x[k], lu[starts[rows + k] - size + high : starts[rows + k]])
                k += 1
    return True


@bare_jit
def solve(table: Any, lu: Any, b: Any, w: Any) -> None:
    """x of A x = b in place of b, with what `factorise` left; `w` (2 n,) is room."""
    starts, columns, diagonal, order = table.starts, table.columns, table.diagonal, table.order
    n = order.size
    for i in range(n):
        total = b[order[i]]
        for q in range(starts[i], diagonal[i]):
            total -= lu[q] * w[columns[q]]
        w[i] = total
    for i in range(n - 1, -1, -1):
        total = w[i]
        for q in range(diagonal[i] + 1, starts[i + 1]):
            total -= lu[q] * w[columns[q]]
        w[i] = total * lu[diagonal[i]]
        b[order[i]] = w[i]


@bare_jit
def solve_transposed(table: Any, lu: Any, b: Any, w: Any) -> None:
    """x of A' x = b in place of b."""
    starts, columns, diagonal, order = table.starts, table.columns, table.diagonal, table.order
    n = order.size
    for i in range(n):
        w[i] = b[order[i]]
    for i in range(n):
        value = w[i] * lu[diagonal[i]]
        w[i] = value
        for q in range(diagonal[i] + 1, starts[i + 1]):
            w[columns[q]] -= lu[q] * value
    for i in range(n - 1, -1, -1):
        value = w[i]
        for q in range(starts[i], diagonal[i]):
            w[columns[q]] -= lu[q] * value
        b[order[i]] = value


@bare_jit
def solve_many(table: Any, lu: Any, b: Any) -> None:
    """X of A X = B in place of B (n, m)."""
    starts, columns, diagonal, order = table.starts, table.columns, table.diagonal, table.order
    n, m = b.shape
    for i in range(n):
        x = b[order[i]]
        for q in range(starts[i], diagonal[i]):
            factor, other = lu[q], b[order[columns[q]]]
            for d in range(m):
                x[d] -= factor * other[d]
    for i in range(n - 1, -1, -1):
        x = b[order[i]]
        for q in range(diagonal[i] + 1, starts[i + 1]):
            factor, other = lu[q], b[order[columns[q]]]
            for d in range(m):
                x[d] -= factor * other[d]
        for d in range(m):
            x[d] *= lu[diagonal[i]]
