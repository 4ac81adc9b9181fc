"""Judging closures: every approximation followed in time, and compared with the process moment by moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from math import comb

import numpy as np
from numpy.typing import ArrayLike

from ..derivations.approximations import Approximation
from ..derivations.closures import Closure, close, gaussian, lognormal, zero
from ..derivations.linear_noise import linear_noise
from ..derivations.moments import moments
from ..derivations.rates import jump_process
from ..errors import RxnError
from ..monomials import Kind, Monomial, label, label_names, monomials
from ..network import Network
from ..operators import generator
from ..simulators.arrays import Values
from ..simulators.jumps.ssa import time_axis
from ..simulators.results.distribution import Distribution
from ..simulators.results.trajectory import Ensemble
from ..system import System
from .follow import Path, follow
from .truth import MOST_STATES, MOST_WORK, Truth, distribution, sampled, truth_of
from .verdict import Fault, Judgement, Off, Verdict

USUAL: tuple[Closure, ...] = (gaussian, lognormal, zero)
EVALUATIONS = 100_000
NOISE, CORRECTED, CLOSED = "linear noise", "linear noise with EMRE", "moment hierarchy"
_TIMES, _FINER = 2_000, 4  # at which an approximation is looked at: so many, or this often between two of the truth
_SMALL = 0.05  # of the largest value of a moment: below, errors are relative to that
_SURE = 5.0  # standard errors by which a sampled moment has to be missed
_NEGATIVE = 1e-6  # of the largest mean: less is the integrator's error
_INDEFINITE = 1e-4  # of the largest variance
_SAME = 1e-6
_MOMENTS = 200  # that are compared, else means and covariances alone


def judge(
    net: Network,
    closures: Sequence[Closure],
    t: ArrayLike,
    order: int = 2,
    kind: Kind = Kind.CENTRAL,
    expansion: int | None = None,
    noise: bool = True,
    correction: bool = False,
    others: Mapping[str, System | Approximation] | None = None,
    against: Distribution | Ensemble | None = None,
    runs: int | None = None,
    seed: int | None = None,
    allowed: float = 0.1,
    most_states: int = MOST_STATES,
    most_work: float = MOST_WORK,
    evaluations: int = EVALUATIONS,
) -> Judgement:
    """Closures of the moment hierarchy up to `order`, and linear noise, against the process at the times `t`.

    The truth is the master equation where it needs at most `most_states` states and `most_work` states times steps,
    else `runs` exact trajectories (by default as many as some seconds allow) with their standard errors; or it is
    `against`, a result of this network's jump process at the times `t`. Each approximation is said to be within a
    relative error `allowed` until a time, of a sampled truth only where five standard errors could not explain it.
    Beside errors it is asked whether means stay positive and covariances positive semidefinite, between the times `t`
    as well. Equations that break down, or cannot be integrated with `evaluations` of them, are told with the time.

    `others` are further approximations by name: Systems with moments, or counts, by their labels, or functions that
    make one, as in `derivations.approximations`. A hierarchy that is closed by itself has one verdict. Raises as
    `moments`, `jump_process` and `sample_statistics` do.
    """
    times = time_axis(t)
    if len(times) < 2:
        raise RxnError("R603", "a judgement needs at least two times")
    jumps = jump_process(net)
    gen = generator(net)
    names = label_names(gen.species)
    by_symbol = {s.symbol: s.label for s in jumps.states}
    species = tuple(by_symbol[s] for s in gen.species)
    made: dict[str, Callable[[], System]] = {}
    hierarchy = moments(net, order, kind, expansion=expansion)
    if not hierarchy.frontier:
        made[CLOSED] = lambda: hierarchy
    for closure in closures if hierarchy.frontier else ():
        made[_said(closure)] = partial(close, hierarchy, closure)
    if noise:
        made[NOISE] = lambda: linear_noise(net)
    if correction:
        made[CORRECTED] = lambda: linear_noise(net, correction=True)
    for name, other in (others or {}).items():
        made[name] = _maker(other, net, order, kind, expansion)
    found = against or distribution(jumps, times, most_states, most_work) or sampled(jumps, times, runs, seed)
    exact = isinstance(found, Distribution) and comb(len(names) + order, order) <= _MOMENTS
    higher = [m for m in monomials(range(len(names)), order) if len(m) > 2] if exact else []
    truth = truth_of(found, species, higher)
    pairs = [(i, j) for i in range(len(names)) for j in range(i, len(names))]
    compared = [*((i,) for i in range(len(names))), *pairs, *higher]
    labels = tuple(label(m, names, Kind.CENTRAL) for m in compared)
    scale, resolution = _scales(truth, compared)
    fine = _between(truth.t)
    verdicts: list[Verdict] = []
    for name, make in made.items():
        try:
            system = make()
        except RxnError as error:
            nothing = np.full((len(fine), len(names)), np.nan)
            rest = np.full((len(fine), len(higher)), np.nan)
            whole = np.full((*nothing.shape, len(names)), np.nan)
            path = Path(fine, nothing, whole, rest, float(fine[0]), error.message)
            verdicts.append(_verdict(name, None, path, truth, scale, resolution, labels, allowed))
            continue
        path = follow(system, names, species, fine, evaluations, higher)
        verdict = _verdict(name, system, path, truth, scale, resolution, labels, allowed)
        same = next((v.name for v in verdicts if not v.same and _equal(v, verdict, truth)), "")
        verdicts.append(replace(verdict, same=same))
    return Judgement(net.name, order, names, labels, truth, resolution, tuple(verdicts))


def _maker(
    other: System | Approximation, net: Network, order: int, kind: Kind, expansion: int | None
) -> Callable[[], System]:
    return (lambda: other) if isinstance(other, System) else (lambda: other(net, order, kind, expansion))


def _said(closure: Closure) -> str:
    return str(closure.__name__).replace("_", " ")


def _between(t: Values) -> Values:
    """The times, and equally many more in each interval."""
    finer = max(_FINER, -(-_TIMES // (len(t) - 1)))
    parts = [np.linspace(a, b, finer, endpoint=False) for a, b in pairwise(t)]
    return np.concatenate([*parts, t[-1:]])


def _scales(truth: Truth, compared: Sequence[Monomial]) -> tuple[Values, Values]:
    """What errors are relative to, and the truth's own standard errors in that measure, (T, L)."""
    deviation = np.sqrt(np.maximum(np.diagonal(truth.covariance, axis1=1, axis2=2), 0.0))
    size = [np.abs(truth.mean), *(deviation[:, list(m)].prod(axis=1)[:, np.newaxis] for m in compared if len(m) > 1)]
    scale = np.concatenate(size, axis=1)
    scale = np.maximum(scale, _SMALL * scale.max(axis=0))
    error = _flat(truth.mean_error, truth.covariance_error, np.zeros_like(truth.higher))
    return scale, np.divide(error, scale, out=np.zeros_like(error), where=scale > 0.0)


def _flat(mean: Values, covariance: Values, higher: Values) -> Values:
    """By label: means, each covariance once, higher moments."""
    i, j = np.triu_indices(mean.shape[1])
    return np.concatenate([mean, covariance[:, i, j], higher], axis=1)


def _verdict(
    name: str,
    system: System | None,
    path: Path,
    truth: Truth,
    scale: Values,
    resolution: Values,
    labels: Sequence[str],
    allowed: float,
) -> Verdict:
    count = path.mean.shape[1]
    second = count + count * (count + 1) // 2
    at = slice(None, None, (len(path.t) - 1) // (len(truth.t) - 1))
    given = _flat(path.mean[at], path.covariance[at], path.higher[at])
    known = _flat(truth.mean, truth.covariance, truth.higher)
    # a moment that is always 0, as the variance of what does not fluctuate, has to be 0 to the integrator's error
    floor = np.where(scale > 0.0, scale, _NEGATIVE * np.maximum(np.abs(truth.mean).max(), 1.0) ** 2)
    errors = np.abs(given - known) / floor
    groups = [
        _off(errors[:, k], resolution[:, k], truth.t, labels[k], allowed)
        for k in (slice(0, count), slice(count, second), slice(second, len(labels)))
    ]
    faults = _faults(path, truth, labels) if np.isfinite(given[0]).any() else ()
    return Verdict(
        name, system, path.t, path.mean, path.covariance, errors, groups[0], groups[1], faults, path.ended, path.why,
        allowed=allowed, higher=groups[2],
    )  # fmt: skip


def _off(errors: Values, resolution: Values, t: Values, labels: Sequence[str], allowed: float) -> Off | None:
    """The largest error, and since when what is sure of it is more than allowed; None where nothing is known."""
    if not np.isfinite(errors).any():
        return None
    shown = np.where(np.isfinite(errors), errors, 0.0)
    row, column = divmod(int(np.argmax(shown)), shown.shape[1])
    sure = shown - _SURE * resolution
    late = np.flatnonzero((sure > allowed).any(axis=1))
    since = float(t[max(int(late[0]) - 1, 0)]) if late.size else None  # the last time at which all was well
    unsure = bool(resolution.any()) and not (sure > _SAME).any()
    return Off(float(shown[row, column]), labels[column], float(t[row]), since, unsure)


def _faults(path: Path, truth: Truth, labels: Sequence[str]) -> tuple[Fault, ...]:
    """Means below zero, each with its own fault; then variances below zero, or else a covariance that is none."""
    found = []
    for i, largest in enumerate(np.abs(truth.mean).max(axis=0)):
        found += _below(f"{labels[i]} is negative", path.t, path.mean[:, i], -_NEGATIVE * max(largest, 1.0))
    deviation = np.sqrt(np.maximum(np.diagonal(truth.covariance, axis1=1, axis2=2).max(axis=0), 0.0))
    deviation = np.where(deviation > 0.0, deviation, np.maximum(np.abs(truth.mean).max(axis=0), 1.0))
    variances = np.diagonal(path.covariance, axis1=1, axis2=2)
    negative = []
    for i, size in enumerate(deviation**2):
        negative += _below(f"the variance of {labels[i]} is negative", path.t, variances[:, i], -_INDEFINITE * size)
    if not negative and path.mean.shape[1] > 1:
        scaled = path.covariance / np.outer(deviation, deviation)
        whole = np.isfinite(scaled).all(axis=(1, 2))
        least = np.full(len(path.t), np.nan)
        least[whole] = np.linalg.eigvalsh(scaled[whole])[:, 0]
        what, allowed = "its covariance matrix is not positive semidefinite", -_INDEFINITE * path.mean.shape[1]
        negative = [replace(fault, worst=float("nan")) for fault in _below(what, path.t, least, allowed)]
    return (*found, *negative)


def _below(what: str, t: Values, values: Values, allowed: float) -> list[Fault]:
    """The fault of values that are too low, if they are, anywhere."""
    known = np.where(np.isfinite(values), values, 0.0)
    below = np.flatnonzero(known < allowed)
    if not below.size:
        return []
    worst, last = int(np.argmin(known)), int(below[-1])
    at_end = last + 1 == len(t) or not np.isfinite(values[last + 1])
    until, whole = None if at_end else float(t[last]), len(below) == last + 1 - int(below[0])
    return [Fault(what, float(t[below[0]]), until, float(known[worst]), float(t[worst]), whole)]


def _equal(a: Verdict, b: Verdict, truth: Truth) -> bool:
    """Whether two approximations give the same numbers at all times, one or the other broken down or not."""
    if a.means is None or b.means is None or a.ended != b.ended:
        return False
    size = np.abs(truth.mean).max() if truth.mean.size else 1.0
    close_means = np.allclose(a.mean, b.mean, rtol=_SAME, atol=_SAME * size, equal_nan=True)
    largest = np.abs(truth.covariance).max() if truth.covariance.size else 1.0
    return close_means and np.allclose(a.covariance, b.covariance, rtol=_SAME, atol=_SAME * largest, equal_nan=True)
