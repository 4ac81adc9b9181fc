"""Dense linear systems inside compiled code: LU with partial pivoting, in place, row by row."""

from __future__ import annotations

from typing import Any

from ...kernels.jit import bare_jit


@bare_jit
def factorise(a: Any, pivots: Any) -> bool:
    """P A = L U over `a` (n, n), the unit diagonal of L left out, 1/U_ii on the diagonal; False where singular."""
    n = a.shape[0]
    for k in range(n):
        best, row = abs(a[k, k]), k
        for i in range(k + 1, n):
            if abs(a[i, k]) > best:
                best, row = abs(a[i, k]), i
        pivots[k] = row
        if not best > 0.0:  # not a number, too
            return False
        if row != k:
            for j in range(n):
                a[k, j], a[row, j] = a[row, j], a[k, j]
        inverse = 1.0 / a[k, k]
        a[k, k] = inverse
        for i in range(k + 1, n):
            factor = a[i, k]
            if factor != 0.0:
                factor *= inverse
                a[i, k] = factor
                for j in range(k + 1, n):
                    a[i, j] -= factor * a[k, j]
    return True


@bare_jit
def solve(a: Any, pivots: Any, b: Any) -> None:
    """x of A x = b in place of b, with what `factorise` left."""
    n = a.shape[0]
    for k in range(n):
        row = pivots[k]
        if row != k:
            b[k], b[row] = b[row], b[k]
    for i in range(1, n):
        total = b[i]
        for j in range(i):
            total -= a[i, j] * b[j]
        b[i] = total
    for i in range(n - 1, -1, -1):
        total = b[i]
        for j in range(i + 1, n):
            total -= a[i, j] * b[j]
        b[i] = total * a[i, i]


@bare_jit
def solve_many(a: Any, pivots: Any, b: Any) -> None:
    """X of A X = B in place of B (n, m), the columns of B side by side in the innermost loop."""
    n, m = b.shape
    for k in range(n):
        row = pivots[k]
        if row != k:
            x, other = b[k], b[row]
            for d in range(m):
                x[d], other[d] = other[d], x[d]
    for i in range(1, n):
        x = b[i]
        for j in range(i):
            factor, other = a[i, j], b[j]
            for d in range(m):
                x[d] -= factor * other[d]
    for i in range(n - 1, -1, -1):
        x = b[i]
        for j in range(i + 1, n):
            factor, other = a[i, j], b[j]
            for d in range(m):
                x[d] -= factor * other[d]
        for d in range(m):
            x[d] *= a[i, i]


@bare_jit
def solve_transposed(a: Any, pivots: Any, b: Any) -> None:
    """x of A' x = b in place of b."""
    n = a.shape[0]
    for i in range(n):
        value = b[i] * a[i, i]
        b[i] = value
        for j in range(i + 1, n):
            b[j] -= a[i, j] * value
    for i in range(n - 1, 0, -1):
        value = b[i]
        for j in range(i):
            b[j] -= a[i, j] * value
    for k in range(n - 1, -1, -1):
        row = pivots[k]
        if row != k:
            b[k], b[row] = b[row], b[k]
