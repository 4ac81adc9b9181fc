"""The matrix of a Rosenbrock step, 1/(gamma h) - J, full or sparse as the System's pattern is."""

from __future__ import annotations

from typing import Any

from ...kernels.jit import bare_jit
from . import linear, sparse


@bare_jit
def eliminate(eq: Any, work: Any, diagonal: float) -> bool:
    """L U of diagonal - J, with the entries of J in `work`; False where it is singular or digits are lost."""
    if eq.table.order.size:
        sparse.fill(eq.table, work.entries, diagonal, work.lu)
        return sparse.factorise(eq.table, work.lu, work.room)
    matrix = work.matrix
    matrix[:, :] = 0.0
    for e in range(eq.rows.size):
        matrix[eq.rows[e], eq.columns[e]] = -work.entries[e]
    for i in range(matrix.shape[0]):
        matrix[i, i] += diagonal
    return linear.factorise(matrix, work.pivots)


@bare_jit
def solve(eq: Any, work: Any, b: Any) -> None:
    """x of A x = b in place of b (n,)."""
    if eq.table.order.size:
        sparse.solve(eq.table, work.lu, b, work.room)
    else:
        linear.solve(work.matrix, work.pivots, b)


@bare_jit
def solve_transposed(eq: Any, work: Any, b: Any) -> None:
    """x of A' x = b in place of b (n,)."""
    if eq.table.order.size:
        sparse.solve_transposed(eq.table, work.lu, b, work.room)
    else:
        linear.solve_transposed(work.matrix, work.pivots, b)


@bare_jit
def solve_many(eq: Any, work: Any, b: Any) -> None:
    """X of A X = B in place of B (n, m)."""
    if eq.table.order.size:
        sparse.solve_many(eq.table, work.lu, b)
    else:
        linear.solve_many(work.matrix, work.pivots, b)
