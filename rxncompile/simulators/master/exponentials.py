"""The exponential of a generator times a vector, p(t) = exp(A t) p(0), A sparse with columns that sum to at most 0.

Uniformisation (Jensen 1953): exp(A t) p = sum_k Poisson(k; q t) (I + A/q)^k p, every term positive, cut where the
Poisson weights that are left out are below rounding. Arnoldi (Saad 1992; Sidje 1998): exp(A t) p ~ |p| V exp(H t) e_1
in the Krylov space of p, with the error estimated from one further vector. Squaring: the dense matrix exp(A t) of few
states from a short series, squared; all its numbers are positive, so that no digit cancels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
_TAIL = 1e-16
_DIMENSION = 30
_DENSE = 400  # states, half a second


def uniformised(matrix: Any, rate: float, p: Vector, t: float) -> Vector:
    """exp(A t) p by uniformisation at `rate`, at least the largest exit rate; rate * t should be below 500."""
    from .sparse_loops import poisson_sum

    rows = matrix.tocsr()
    starts, columns = rows.indptr.astype(np.int32), rows.indices.astype(np.int32)
    found: Vector = poisson_sum(starts, columns, rows.data / rate, p, rate * t, _TAIL)
    return found


def worth_uniformising(states: int, entries: int, jumps: float, reach: float) -> bool:
    """Whether `jumps` = rate * t cost less by uniformisation than by Arnoldi steps of `reach` jumps each.

    By the speeds of a slow core: 3 us and 1.5 ns an entry for a compiled product, 20 us and 2 ns for one of scipy's,
    0.5 us a state for 30 vectors made orthogonal twice, 3 ms for the small exponentials.
    """
    product = 3e-6 + 1.5e-9 * entries
    direct = (jumps + 6.0 * jumps**0.5 + 10.0) * product
    steps = max(1.0, jumps / reach)
    return direct < steps * (3e-3 + _DIMENSION * (2e-5 + 2e-9 * entries) + 5e-7 * states)


def worth_squaring(states: int, jumps: float) -> bool:
    """Whether a dense exp(A t) costs less than one product with A for each of `jumps` = rate * t.

    By the speeds of a slow core: 1e10 operations a second in dense products, 5 us and 10 ns a state for a sparse one.
    Never for many states: the set may have to grow right after.
    """
    return states <= _DENSE and 4e-9 * states**3 < jumps * (5e-6 + 1e-8 * states)


def squared(matrix: Any, rate: float, t: float) -> Vector:
    """The dense matrix exp(A t), (S, S)."""
    halvings = max(0, int(np.ceil(np.log2(max(rate * t, 1.0)))))
    mean = rate * t / 2.0**halvings
    size = matrix.shape[0]
    single = matrix.toarray() / rate
    single[np.diag_indices(size)] += 1.0
    term, weight = np.eye(size), float(np.exp(-mean))
    total = weight * term
    for k in range(1, 25):  # 1/25! is below rounding
        term = term @ single
        weight *= mean / k
        total += weight * term
    for _ in range(halvings):
        total = total @ total
    return total


def exponential(matrix: Any, p: Vector, t: float, tolerance: float) -> tuple[Vector, float, float]:
    """exp(A s) p for the largest s <= t whose estimated error stays below `tolerance` * s: (p(s), error, s).

    Errors are sums of absolute values. Negative entries, which only errors make, are set to 0 and counted.
    """
    from scipy.linalg import expm

    size = min(_DIMENSION, len(p))
    basis = np.empty((size + 1, len(p)))
    heights = np.zeros((size + 2, size + 2))
    norm = float(np.linalg.norm(p))
    basis[0] = p / norm
    used, closed = size, False
    for j in range(size):
        w = matrix @ basis[j]
        for _ in range(2):  # Gram-Schmidt twice is enough
            along = basis[: j + 1] @ w
            heights[: j + 1, j] += along
            w -= along @ basis[: j + 1]
        length = float(np.linalg.norm(w))
        if length <= 1e-14 * float(np.abs(heights[: j + 1, j]).max(initial=1e-300)):
            used, closed = j + 1, True
            break
        heights[j + 1, j] = length
        basis[j + 1] = w / length
    if closed:
        after = norm * (expm(heights[:used, :used] * t)[:, 0] @ basis[:used])
        return _positive(after, 0.0, t)
    heights[used + 1, used] = 1.0
    spread = float(np.abs(basis[used]).sum())
    follow = float(np.abs(matrix @ basis[used]).sum())
    step = t
    while True:
        powers = expm(heights[: used + 2, : used + 2] * step)
        first, second = norm * abs(powers[used, 0]) * spread, norm * abs(powers[used + 1, 0]) * follow
        error = second if first > 10.0 * second else first if first <= second else first * second / (first - second)
        if error <= tolerance * step:
            break
        step *= max(0.2, min(0.8, 0.9 * (tolerance * step / error) ** (1.0 / used)))
    after = norm * (powers[: used + 1, 0] @ basis)
    return _positive(after, error, step)


def _positive(after: Vector, error: float, step: float) -> tuple[Vector, float, float]:
    negative = float(-after[after < 0.0].sum())
    return np.maximum(after, 0.0), error + negative, step
