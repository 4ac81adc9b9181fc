"""Means and covariances of the process itself: of the master equation where it is small enough, else of a sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import RxnError
from ..monomials import Monomial
from ..simulators.arrays import Values
from ..simulators.master.master_equation import master_equation
from ..simulators.rate_equations.horizon import expected_events
from ..simulators.results.comparison import whole_values
from ..simulators.results.distribution import Distribution
from ..simulators.results.trajectory import Ensemble, column
from ..simulators.runs.ensembles import sample_statistics
from ..system import System

ERROR = 1e-6  # probability that the master equation may lose: its means are then exact for all that is judged here
MOST_STATES = 20_000
MOST_WORK = 2e6  # states times steps: some seconds, of few states that do not grow
_EVENTS = 2e8  # of a sample whose size is not asked for: some seconds
_RUNS = (100, 10_000)


@dataclass(frozen=True, eq=False)
class Truth:
    """What approximations are measured by.

    `mean` (T, n) and `covariance` (T, n, n) with their standard errors, which are 0 where they come from the master
    equation, of which there may be central moments of `higher` order as well, (T, H); `source` says in words which of
    the two it is.
    """

    t: Values
    mean: Values
    covariance: Values
    mean_error: Values
    covariance_error: Values
    higher: Values
    source: str
    exact: bool


class _TooMuchError(Exception):
    """The master equation costs more than was allowed."""


def distribution(
    jumps: System, t: Values, most_states: int = MOST_STATES, most_work: float = MOST_WORK
) -> Distribution | None:
    """The master equation's solution; None where it needs more states, or more work, than it may, or cannot be."""
    done = 0.0

    def watch(_: float, states: int) -> None:
        nonlocal done
        done += states
        if done > most_work:
            raise _TooMuchError

    try:
        return master_equation(jumps, t, error=ERROR, most_states=most_states, progress=watch)
    except (RxnError, _TooMuchError):
        return None


def sampled(jumps: System, t: Values, runs: int | None, seed: int | None) -> Ensemble:
    """Statistics of exact trajectories, as many as are asked for or as some seconds allow."""
    if runs is None:
        events = expected_events(jumps, t)
        runs = int(min(max(_EVENTS / max(events, 1.0), _RUNS[0]), _RUNS[1]))
    return sample_statistics(jumps, t, runs=runs, seed=seed)


def truth_of(result: Distribution | Ensemble, labels: Sequence[str], higher: Sequence[Monomial] = ()) -> Truth:
    """Means and covariances of `labels`, with standard errors where they were sampled.

    `higher`: central moments by places in `labels`, of a distribution.

    Of a mean it is s/sqrt(n); of a covariance sqrt((C_ii C_jj + C_ij^2)/(n - 1)), which holds for normal variables; of
    a variance sqrt((m4 - s^4)/n) with the sampled fourth central moment m4, where the histogram has every value. What
    all runs have in common is known to no better than if one of them had another count: s^2 and m4 are at least 1/n.
    Raises R704, R706 where a label or a covariance is not there.
    """
    count, times = len(labels), len(result.t)
    mean = np.stack([result.mean_of(x) for x in labels], axis=1)
    covariance = np.empty((times, count, count))
    for i, first in enumerate(labels):
        for j, second in enumerate(labels[i:], i):
            both = _covariance(result, first, second)
            covariance[:, i, j] = covariance[:, j, i] = both
    if isinstance(result, Distribution):
        most = max(len(s.p) for s in result.snapshots)
        source = f"the master equation ({most:,} states, probability lost at most {result.lost.max():.1g})"
        rest = _central(result, labels, mean, higher)
        return Truth(result.t, mean, covariance, np.zeros_like(mean), np.zeros_like(covariance), rest, source, True)
    n = max(result.runs, 2)
    variance = np.maximum(np.diagonal(covariance, axis1=1, axis2=2), 1.0 / n)
    product = variance[:, :, np.newaxis] * variance[:, np.newaxis, :]
    error = np.sqrt((product + covariance**2) / (n - 1))
    for i, x in enumerate(labels):
        for k in range(times):
            if (found := whole_values(result, x, k)) is not None:
                fourth = float(found[1] @ (found[0] - mean[k, i]) ** 4) / n
                error[k, i, i] = np.sqrt(max(fourth - covariance[k, i, i] ** 2, 1.0 / n) / n)
    source = f"{result.runs:,} exact trajectories"
    return Truth(result.t, mean, covariance, np.sqrt(variance / n), error, np.empty((times, 0)), source, False)


def _central(result: Distribution, labels: Sequence[str], mean: Values, wanted: Sequence[Monomial]) -> Values:
    """Central moments at each time, (T, H)."""
    places = [column(result, x) for x in labels]
    found = np.empty((len(result.t), len(wanted)))
    for k, s in enumerate(result.snapshots):
        centred, p = s.values[:, places] - mean[k], s.p / s.p.sum()
        for i, m in enumerate(wanted):
            found[k, i] = p @ centred[:, list(m)].prod(axis=1)
    return found


def _covariance(result: Distribution | Ensemble, first: str, second: str) -> Values:
    if isinstance(result, Distribution):
        return result.covariance_of(first, second)
    return result.sd_of(first) ** 2 if first == second else result.covariance(first, second)
