"""The innermost loop of uniformisation, compiled: sums of powers of a sparse matrix times a vector."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...kernels.jit import jit


@jit
def poisson_sum(starts: Any, columns: Any, entries: Any, p: Any, mean: float, tail: float) -> Any:
    """sum_k Poisson(k; mean) P^k p, where P - I has these compressed rows; weights that sum to `tail` are left out.

    Where the powers have come to rest the sum is cut early: d_k = |P^(k+1) p - P^k p|_1 does not grow with k, so that
    setting all later powers equal errs by at most d_k times the number of terms left.
    """
    size = len(p)
    weight = np.exp(-mean)
    total, term, after = (weight if weight > 1e-4 * tail else 0.0) * p, p.copy(), np.empty(size)
    left, last, k = 1.0 - weight, mean + 10.0 * np.sqrt(mean) + 40.0, 0
    while left > tail and (k < mean or weight > 1e-300):
        k += 1
        weight *= mean / k
        moved = 0.0
        for i in range(size):
            flow = 0.0
            for j in range(starts[i], starts[i + 1]):
                flow += entries[j] * term[columns[j]]
            moved += abs(flow)
            after[i] = term[i] + flow
        term, after = after, term
        if weight > 1e-4 * tail / mean:  # smaller ones would only make numbers below 1e-308, which are slow
            total += weight * term
        left -= weight
        if moved * max(last - k, 0.0) < tail:
            total += max(left, 0.0) * term
            break
        if k > mean and weight * mean / (k + 1.0 - mean) < tail:
            break
    return total
