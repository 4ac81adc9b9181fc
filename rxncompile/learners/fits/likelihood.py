"""The negative log likelihood of predictions y_k with noise of the sizes sigma_k, and its slopes.

With r_k = (g(y_k) - g(m_k))/sigma_k, on the scale g of the observable, the terms of `problem`; the kink of |r| may be
rounded off,

    |r|  ->  sqrt(r^2 + rounding^2)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...simulators.arrays import Values
from .objective import Failed, Objective
from .problem import Noise, Scale
from .scales import slope

_LEAST = 0.01  # curvature of a rounded |r| far from its kink, where it has next to none
_HALF_LOG = 0.5 * math.log(2.0 * math.pi)


@dataclass(frozen=True)
class Judged:
    """Of N rows: r, g'(y)/sigma, and the slopes of the value by r (`pull`) and by log sigma (`push`); (N,) each.

    `weights`: the curvature by r that a minimiser should take. Of Laplace's noise that of the rounded kink, and a
    little more for what lies beyond; without rounding that of least squares reweighted.
    """

    value: float
    r: Values
    steep: Values
    pull: Values
    push: Values
    weights: Values


def judged(objective: Objective, y: Values, sigma: Values, rounding: float = 0.0, least: float = 1e-3) -> Judged:
    """The likelihood of predictions (N,), no priors; `least`: |r| below which weights grow no more. Raises Failed."""
    if not (sigma > 0.0).all() or not np.isfinite(sigma).all():
        raise Failed
    problem, data = objective.problem, objective.problem.data
    away, steep = objective.distances(y)
    r = away / sigma
    normal = np.array([o.noise is Noise.NORMAL for o in problem.observables])[data.observable]
    size = np.sqrt(r**2 + rounding**2) if rounding else np.abs(r)
    pull = np.where(normal, r, r / np.where(size > 0.0, size, 1.0))
    push = 1.0 - r * pull
    value = float(np.where(normal, _HALF_LOG + 0.5 * r**2, math.log(2.0) + size).sum() + np.log(sigma).sum())
    for o, observable in enumerate(problem.observables):
        if observable.scale is not Scale.LINEAR:
            value -= float(np.log(slope(observable.scale, data.value[data.observable == o])).sum())
    for mine, factor in objective.blocks:
        white = np.linalg.solve(factor, r[mine])
        value += float(0.5 * (white @ white - r[mine] @ r[mine]) + np.log(np.diagonal(factor)).sum())
        pull[mine] = np.linalg.solve(factor.T, white)
        push[mine] = 1.0 - r[mine] * pull[mine]
    bend = rounding**2 / np.where(size > 0.0, size, 1.0) ** 3 + _LEAST if rounding else 1.0 / np.maximum(size, least)
    weights = np.where(normal, 1.0, bend)
    return Judged(value, r, steep / sigma, pull, push, weights)
