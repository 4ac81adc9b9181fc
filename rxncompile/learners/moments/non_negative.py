"""The nearest rates that are not negative: the likeliest of a process that can run.

    minimise (theta - found)^T C^-1 (theta - found)    with every reaction's rate r(theta) >= 0

C the covariance of the unconstrained estimate. Rates that end at zero are as good as absent; the other parameters move
by what they have in common with these, and are known better if they are: C - C A^T (A C A^T)^-1 A C, A the slopes of
what ended at zero.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...errors import RxnError
from ...expressions import symbol
from ...simulators.arrays import Values
from .estimate import RateEstimate, named
from .model import Dependence
from .reactions import rate_formulas, reaction_rates

_ROUNDS, _STILL = 50, 1e-10


def non_negative_rates(found: RateEstimate) -> RateEstimate:
    """An estimate moved to where no reaction's rate is negative; itself where none is.

    Raises R532 where some parameters are not told by the moments, R712 where no such point was found.
    """
    if all(r.rate >= 0.0 for r in found.reactions):
        return found
    if found.lost:
        hint = "select_reactions leaves out what is not told"
        raise RxnError("R532", f"the moments of {found.network.name} do not tell {named(found.lost)}", hint=hint)
    unknown = tuple(symbol(n) for n in found.names)
    rates = Dependence(unknown, tuple(rate_formulas(found.network, unknown)))
    scale = np.array([max(r.sd, 1e-300) for r in found.reactions])
    values, vectors = np.linalg.eigh(found.covariance)
    turn = vectors * np.sqrt(np.maximum(values, 0.0))  # theta = found + turn u, u of length the distance in sd

    def at(u: Values) -> tuple[Values, Values]:
        rate, slope = rates.at(found.values + turn @ u)
        return rate / scale, (slope @ turn) / scale[:, np.newaxis]

    u, held_at = np.zeros(len(values)), np.zeros(len(scale), dtype=bool)
    for _ in range(_ROUNDS):  # rates are products of parameters: straightened out around the last point
        rate, slope = at(u)
        before, (u, held_at) = u, _nearest(slope, slope @ u - rate)
        if np.linalg.norm(u - before) <= _STILL * (1.0 + np.linalg.norm(u)):
            break
    else:
        raise RxnError("R712", f"no rates of {found.network.name} near the estimate are all positive")
    rate, slope = at(u)
    ended = held_at
    theta = found.values + turn @ u
    held = slope[ended] * scale[ended, np.newaxis] @ np.linalg.pinv(turn)
    common = found.covariance @ held.T
    covariance = found.covariance - common @ np.linalg.pinv(held @ common, hermitian=True) @ common.T
    zero = [r.reaction for r, here in zip(found.reactions, ended, strict=True) if here]
    again = reaction_rates(found.network, unknown, theta, covariance, np.zeros((0, len(theta))))
    again = tuple(replace(r, rate=max(r.rate, 0.0)) for r in again)
    note = f"{named(zero)} ended at zero"
    return replace(
        found, values=theta, covariance=covariance, distance=found.distance + float(u @ u),
        freedom=found.freedom + len(zero), reactions=again, notes=(*found.notes, note),
        method=f"{found.method}, no rate below zero",
    )  # fmt: skip


def _nearest(g: Values, h: Values) -> tuple[Values, Values]:
    """The shortest x with g x >= h, and which of these are equations there: Lawson and Hanson 1974, ch. 23."""
    from scipy.optimize import nnls

    size = float(np.abs(h).max()) or 1.0
    weights, _ = nnls(np.vstack([g.T, h / size]), np.append(np.zeros(g.shape[1]), 1.0))
    left = np.append(g.T @ weights, h @ weights / size - 1.0)
    if left[-1] == 0.0:
        raise RxnError("R712", "no rates are all positive")
    return -left[:-1] / left[-1] * size, weights > 0.0
