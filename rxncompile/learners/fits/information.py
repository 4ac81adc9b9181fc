"""Fisher information of a fit's data about its unknowns, and what follows: standard errors and correlations.

On the scales x of the unknowns, with z_k = g(y_k), measurements independent or in blocks of covariance C:

    F = sum_k (dz_k/dx)(dz_k/dx)'/sigma_k^2 + c (d log sigma_k/dx)(d log sigma_k/dx)'      c = 2 normal, 1 Laplace
    F = (dz/dx)' (S C S)^-1 (dz/dx) + (d log sigma/dx)' (1 + C^-1 * C) (d log sigma/dx)    a block, S = diag(sigma)

`*` entry by entry. A prior adds the curvature of its -log density. F^-1 bounds
the covariance of unbiased estimates (Cramer and Rao) and is that of the likeliest values where data are many.
Constraints A x = b leave N (N' F N)^-1 N', the columns of N spanning the null space of A.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...errors import RxnError
from ...simulators.arrays import Values
from .likelihood import judged
from .objective import Failed, Objective, Solved
from .problem import Noise, Problem, Scale

_NOTHING = 1e-9  # part of the largest eigenvalue, F scaled to a diagonal of 1, below which it is rounding
_PART = 1e-3  # component of a direction without information from which on an unknown takes part in it
_CLOSE = 0.9  # correlation that is named
_ROUND = 0.05  # distance in units of sigma within which the kink of |r| is taken to be rounded off


@dataclass(frozen=True, eq=False)
class Scores:
    """The objective at a point, its gradient (K,), and rows J (R, K) with the Fisher information F = J' J.

    J' diag(weights) J is a curvature to minimise by: F for normal noise, that of least squares reweighted to least
    absolutes for Laplace's.
    """

    value: float
    gradient: Values
    rows: Values
    weights: Values

    @cached_property
    def fisher(self) -> Values:
        """(K, K)."""
        return self.rows.T @ self.rows

    @cached_property
    def curvature(self) -> Values:
        """(K, K)."""
        return self.rows.T @ (self.weights[:, np.newaxis] * self.rows)


def scores(objective: Objective, x: Values, rounding: float = 0.0, solved: Sequence[Solved] | None = None) -> Scores:
    """The objective, its gradient and its Fisher information from one solve of each condition. Raises Failed.

    `rounding`: see `likelihood`. `solved`: the conditions at x, where they have been solved already.
    """
    y, sigma, dy, dsigma = objective.predictions(x, solved)
    found = judged(objective, y, sigma, rounding, _ROUND)
    by_z, by_s = found.steep[:, np.newaxis] * dy, dsigma / sigma[:, np.newaxis]
    seen = objective.problem.data.observable
    normal = np.array([o.noise is Noise.NORMAL for o in objective.problem.observables])[seen]
    of_sigma = np.where(normal, math.sqrt(2.0), 1.0)[:, np.newaxis] * by_s
    rows_z = by_z.copy()
    for mine, factor in objective.blocks:
        rows_z[mine] = np.linalg.solve(factor, by_z[mine])
        if by_s[mine].any():
            covariance = factor @ factor.T
            of_scale = np.eye(len(mine)) + np.linalg.inv(covariance) * covariance
            of_sigma[mine] = np.linalg.cholesky(of_scale).T @ by_s[mine]
    prior, slope, bend = objective.prior(x)
    gradient = by_z.T @ found.pull + by_s.T @ found.push + slope
    rows = np.concatenate([rows_z, of_sigma, np.diag(np.sqrt(bend))[bend > 0.0]])
    weights = np.concatenate([found.weights, np.ones(len(rows) - len(found.weights))])
    return Scores(found.value + prior, gradient, rows, weights)


def fisher_information(objective: Objective, x: Values) -> Values:
    """F (K, K) at x, on the scales of the unknowns. Raises R712 where the model cannot be solved there."""
    return solvable(objective, x).fisher


def solvable(objective: Objective, x: Values) -> Scores:
    """`scores`, at a point given by the user. Raises R712."""
    try:
        return scores(objective, x)
    except Failed:
        raise RxnError("R712", f"{objective.problem.name} cannot be solved at the point that was given") from None


@dataclass(frozen=True, eq=False)
class Information:
    """What the data tell at a point x (K,), by the Fisher information (K, K), all on the scales of the unknowns.

    `covariance` is its inverse, under the constraints of the problem: infinite variances where there is no information.
    """

    problem: Problem
    x: Values
    fisher: Values
    covariance: Values

    @property
    def errors(self) -> Values:
        """Standard errors (K,)."""
        return np.sqrt(np.diagonal(self.covariance))

    @property
    def correlation(self) -> Values:
        """(K, K); not a number where a standard error is zero or infinite."""
        sd = self.errors
        with np.errstate(all="ignore"):
            return self.covariance / np.outer(sd, sd)

    @property
    def close(self) -> tuple[tuple[str, str, float], ...]:
        """Pairs of unknowns with a correlation beyond 0.9 either way, the strongest first."""
        names, found, count = self.problem.names, self.correlation, len(self.x)
        pairs = [(names[i], names[j], float(found[i, j])) for i in range(count) for j in range(i)]
        return tuple(sorted((p for p in pairs if abs(p[2]) > _CLOSE), key=lambda p: -abs(p[2])))

    def __str__(self) -> str:
        width = max(map(len, self.problem.names))
        lines = []
        for unknown, x, error in zip(self.problem.unknowns, self.x, self.errors, strict=True):
            if not math.isfinite(error):
                told = "no information"
            elif unknown.scale is Scale.LINEAR:
                told = f"{x:.6g}, standard error {error:.3g}"
            else:
                base = math.e if unknown.scale is Scale.LOG else 10.0
                told = f"{base**x:.6g}, standard error a factor of {base**error:.4g}"
            lines.append(f"{unknown.name:{width}}  {told}")
        lines += [f"{a} and {b} go together: correlation {c:.4f}" for a, b, c in self.close]
        return "\n".join(lines)


def information(objective: Objective, x: Values) -> Information:
    """Fisher information, covariance, standard errors and correlations at x. Raises R712 for a point without value."""
    fisher = fisher_information(objective, x)
    problem = objective.problem
    return Information(problem, np.array(x), fisher, covariance_of(fisher, constraint_rows(problem)))


def covariance_of(fisher: Values, rows: Values | None = None) -> Values:
    """The inverse of F, kept on A N = 0 for `rows` A; variances of what it says nothing about are infinite."""
    count = len(fisher)
    basis = np.eye(count) if rows is None or not len(rows) else null_space(rows)
    inner = basis.T @ fisher @ basis
    size = np.sqrt(np.maximum(np.diagonal(inner), 0.0))
    size[size <= 1e-300] = 1.0
    values, vectors = np.linalg.eigh(inner / np.outer(size, size))
    vectors = basis @ (vectors / size[:, np.newaxis])
    told = values > _NOTHING * max(float(values[-1]), 1e-300) if len(values) else np.zeros(0, dtype=bool)
    covariance = (vectors[:, told] / values[told]) @ vectors[:, told].T
    dark = np.abs(vectors[:, ~told])
    lost = (dark > _PART * dark.max(axis=0, initial=0.0)).any(axis=1) if dark.size else np.zeros(count, dtype=bool)
    covariance[lost] = covariance[:, lost] = 0.0
    covariance[lost, lost] = math.inf
    return np.asarray(covariance)


def null_space(rows: Values) -> Values:
    """An orthonormal basis (K, D) of the vectors z with A z = 0, by the singular values of A (R, K)."""
    _, sizes, right = np.linalg.svd(rows)
    rank = int((sizes > 1e-12 * max(float(sizes[0]), 1e-300)).sum()) if len(sizes) else 0
    return np.asarray(right[rank:].T)


def constraint_rows(problem: Problem) -> Values:
    """A (R, K) of the constraints A x = b."""
    place = {name: k for k, name in enumerate(problem.names)}
    rows = np.zeros((len(problem.constraints), len(place)))
    for row, constraint in zip(rows, problem.constraints, strict=True):
        for name, weight in constraint.weights:
            row[place[name]] = weight
    return rows
