"""Output times: evenly spaced, or evenly in their logarithm."""

from __future__ import annotations

import numpy as np

from ..arrays import Values


def finer(t: Values, times: int) -> Values:
    """Every interval of output times cut into so many, evenly, or evenly in the logarithm where the times are."""
    if logarithmic(t):
        zero, rest = (t[:1], t[1:]) if t[0] == 0.0 else (t[:0], t)
        return np.concatenate([zero, np.geomspace(rest[0], rest[-1], times * (len(rest) - 1) + 1)])
    return np.linspace(t[0], t[-1], times * (len(t) - 1) + 1)


def logarithmic(t: Values) -> bool:
    """Whether output times, but for a first 0, are evenly spaced in their logarithm, over decades."""
    rest = t[1:] if len(t) and t[0] == 0.0 else t
    if len(rest) < 3 or not rest[-1] > 100.0 * rest[0] > 0.0:
        return False
    ratios = rest[1:] / rest[:-1]
    return bool(np.allclose(ratios, ratios[0], rtol=1e-6))
