"""Whether two results can be of one law: tests of means, variances and whole distributions at every output time.

    means          Z = (m1 - m2) / sqrt(s1^2/n1 + s2^2/n2)
    variances      Y = (v1 - v2) / sqrt(w1/n1 + w2/n2),  w = fourth central moment - variance^2
    distributions  chi-square over bins that expect at least five runs each
                   sum (seen - expected)^2 / expected;  of two ensembles (n2 a - n1 b)^2 / (n1 n2 (a + b)), a, b counts

An exact side has n infinite, and its moments stand for the other side's too. Z and Y are skewed where few runs decide
them: their p is that of a gamma law of the same skewness. All tests together raise a false alarm with chance `alarm`
at most, by Bonferroni's inequality in Holm's order (Holm 1979). A deterministic solution follows means only in the
limit of many molecules: its distance is told, and nothing is tested.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import RxnError
from ...name_lists import names_given
from ..arrays import Values
from .distribution import Distribution
from .trajectory import Ensemble, Trajectory, column

_EXPECTED = 5.0  # runs in a bin
_MANY = 30  # runs from which on means are taken to be normal
_SKEWED = 1e-3  # skewness below which a law is normal
_ROUNDING = 1e-9  # relative, of means and deviations that should be equal


@dataclass(frozen=True, slots=True)
class Test:
    """One test: what was compared (`mean`, `variance`, `distribution`) of a label at a time, and how it came out."""

    what: str
    label: str
    time: float
    statistic: float
    p: float

    __test__ = False  # no test of pytest's

    def __str__(self) -> str:
        sign = "chi-square" if self.what == "distribution" else "z"
        return f"{self.what} of {self.label} at t = {self.time:g}: {sign} = {self.statistic:.3g}, p = {self.p:.2g}"


@dataclass(frozen=True)
class Comparison:
    """What comparing two results has given.

    `tests` are all tests, the least likely first; `agree` holds where none is beyond its level of Holm's at a chance
    `alarm` of a false alarm over all; `distance` is the largest difference of means, in standard deviations where
    there are some, relative to the largest mean else. With a deterministic result there are no tests, and `agree` is
    None.
    """

    first: str
    second: str
    alarm: float
    tests: tuple[Test, ...]
    distance: float

    @property
    def agree(self) -> bool | None:
        """Whether nothing tells the two apart; None where nothing was tested."""
        return self.tests[0].p * len(self.tests) > self.alarm if self.tests else None

    @property
    def worst(self) -> Test | None:
        """The least likely of the tests."""
        return self.tests[0] if self.tests else None

    @property
    def rejected(self) -> tuple[Test, ...]:
        """The tests that tell the two apart, by Holm's procedure."""
        count = 0
        while count < len(self.tests) and self.tests[count].p * (len(self.tests) - count) <= self.alarm:
            count += 1
        return self.tests[:count]

    def __str__(self) -> str:
        between = f"{self.first} against {self.second}"
        if self.worst is None:
            return f"{between}: the means differ by at most {self.distance:.3g} (distance, not tested)"
        kinds = [k for k in ("mean", "variance", "distribution") if any(t.what == k for t in self.tests)]
        verdict = "agree" if self.agree else f"differ in {len(self.rejected)} of them"
        return (f"{between}: {verdict}\n  {len(self.tests)} tests of {', '.join(kinds)}; "
                f"one false alarm in {1 / self.alarm:g} such comparisons\n  least likely: {self.worst}")  # fmt: skip


@dataclass(frozen=True)
class _Side:
    """One label at one time: n runs (infinite where exact), moments, and the values with their weights."""

    runs: float
    mean: float
    variance: float
    higher: tuple[float, float, float] | None  # third, fourth and sixth central moment, where values are known
    values: Values | None
    weights: Values | None  # probabilities where exact, else numbers of runs

    def of_mean(self) -> tuple[float, float]:
        """Second and third central moment of what is averaged into the mean."""
        return self.variance, self.higher[0] if self.higher else 0.0

    def of_variance(self) -> tuple[float, float]:
        """The same of the squared distance from the mean."""
        assert self.higher is not None
        v, (_, fourth, sixth) = self.variance, self.higher
        return max(fourth - v**2, 0.0), sixth - 3.0 * fourth * v + 2.0 * v**3


def compare(
    first: Trajectory | Ensemble | Distribution,
    second: Trajectory | Ensemble | Distribution,
    alarm: float = 1e-3,
    labels: Sequence[str] | None = None,
) -> Comparison:
    """Compare two results of one model, label by label at the times that they share.

    Ensembles (trajectories or their statistics) against an exact `Distribution` or each other, means, variances and,
    where both sides know them, distributions; a single deterministic trajectory against anything by distance alone.
    Raises R604 for `alarm`, R704 where they have no label or no time in common, or one of `labels` is not in both.
    """
    if not 0.0 < alarm < 1.0:
        raise RxnError("R604", f"alarm = {alarm!r} is not between 0 and 1")
    times = _shared_times(first.t, second.t)
    names = [x for x in first.labels if x in second.labels]
    if labels is not None:
        names = list(names_given(labels, "labels", "R704"))
    if not names or not len(times):
        what = "label" if not names else "time"
        raise RxnError("R704", f"{first.name} and {second.name} have no {what} in common")
    for label in names:
        column(first, label), column(second, label)
    tests: list[Test] = []
    distance = 0.0
    single = any(_runs(x) == 1 for x in (first, second))
    for label in names:
        size = float(max(np.abs(first.mean_of(label)).max(), np.abs(second.mean_of(label)).max(), 1e-300))
        for i, j in times:
            a, b = _side(first, label, i), _side(second, label, j)
            spread = float(np.sqrt(np.nanmax([a.variance, b.variance, 0.0])))
            distance = max(distance, abs(a.mean - b.mean) / (spread if spread > 0.0 else size))
            if not single and not (np.isinf(a.runs) and np.isinf(b.runs)):
                tests += [Test(what, label, float(first.t[i]), s, p) for what, s, p in _tests(a, b, size)]
    return Comparison(_named(first), _named(second), alarm, tuple(sorted(tests, key=lambda t: t.p)), distance)


def _tests(a: _Side, b: _Side, size: float) -> list[tuple[str, float, float]]:
    """What, statistic and p of each test that can be made."""
    found: list[tuple[str, float, float]] = []
    if min(a.runs, b.runs) >= _MANY:
        first, second = (a, a) if np.isinf(a.runs) else (b, b) if np.isinf(b.runs) else (a, b)
        found.append(("mean", *_z(a.mean - b.mean, a.runs, b.runs, first.of_mean(), second.of_mean(), size)))
        if a.higher is not None and b.higher is not None:
            fewest = min(a.runs, b.runs)
            rare = any(x.higher[1] > 0.01 * fewest * x.variance**2 for x in (a, b) if x.higher is not None)
            if not rare:  # else a few runs decide the variance, which no law of two or three moments then has
                parts = first.of_variance(), second.of_variance()
                found.append(("variance", *_z(a.variance - b.variance, a.runs, b.runs, *parts, size**2)))
    if a.values is not None and b.values is not None and (binned := _chi_square(a, b)) is not None:
        found.append(("distribution", *binned))
    return found


def _z(
    difference: float, n1: float, n2: float, one: tuple[float, float], two: tuple[float, float], size: float
) -> tuple[float, float]:
    """z of the difference of two averages, and its two-sided p; each has a variance and a third central moment.

    p by a gamma law of the difference's skewness, which for averages of Poisson numbers is right to their last tail.
    Without a variance both have to be equal to rounding.
    """
    from scipy.special import gammainc, gammaincc, ndtr

    variance = one[0] / n1 + two[0] / n2
    if variance <= (_ROUNDING * size) ** 2:
        same = abs(difference) <= 1e-6 * size
        return (0.0, 1.0) if same else (float("inf"), 0.0)
    z = difference / float(np.sqrt(variance))
    skewness = (one[1] / n1**2 - two[1] / n2**2) / variance**1.5
    if abs(skewness) < _SKEWED:
        return z, 2.0 * float(ndtr(-abs(z)))
    shape = 4.0 / skewness**2
    at = shape + (z if skewness > 0.0 else -z) * float(np.sqrt(shape))
    tail = min(float(gammainc(shape, at)), float(gammaincc(shape, at))) if at > 0.0 else 0.0
    return z, min(2.0 * tail, 1.0)


def _chi_square(a: _Side, b: _Side) -> tuple[float, float] | None:
    """Chi-square over merged neighbouring values, and its p; None where one bin holds all."""
    from scipy.special import chdtrc

    assert a.values is not None and b.values is not None and a.weights is not None and b.weights is not None
    values = np.union1d(a.values, b.values)
    left, right = np.zeros(len(values)), np.zeros(len(values))
    np.add.at(left, np.searchsorted(values, a.values), a.weights)
    np.add.at(right, np.searchsorted(values, b.values), b.weights)
    if np.isinf(a.runs):
        left, right, a, b = right, left, b, a
    exact = bool(np.isinf(b.runs))
    if exact:
        right = right / right.sum() * a.runs
    weight = right if exact else (left + right) * min(a.runs, b.runs) / (a.runs + b.runs)
    bins = _bins(weight)
    if bins[-1] == 0:
        return None
    x, y = np.bincount(bins, left), np.bincount(bins, right)
    terms = (x - y) ** 2 / y if exact else (b.runs * x - a.runs * y) ** 2 / (a.runs * b.runs * (x + y))
    statistic = float(terms.sum())
    return statistic, float(chdtrc(bins[-1], statistic))


def _bins(weight: Values) -> NDArray[np.int64]:
    """Neighbours put together until each bin expects enough runs; what is left joins the last."""
    bins, k, held = np.zeros(len(weight), dtype=np.int64), 0, 0.0
    for i, w in enumerate(weight):
        bins[i] = k
        held += w
        if held >= _EXPECTED:
            k, held = k + 1, 0.0
    return np.minimum(bins, max(k - 1, 0))


def _side(result: Trajectory | Ensemble | Distribution, label: str, at: int) -> _Side:
    k = column(result, label)
    if isinstance(result, Distribution):
        values, p = result.marginal(label, at)
        return _known(values, p / p.sum(), np.inf)
    found = whole_values(result, label, at)
    if isinstance(result, Trajectory) and found is None:
        found = np.unique(result.values[:, at, k], return_counts=True)
    if found is not None:
        return _known(found[0], found[1].astype(float), float(found[1].sum()))
    assert isinstance(result, Ensemble)
    mean, variance, n = float(result.mean[at, k]), float(result.sd[at, k]) ** 2, float(result.runs or np.inf)
    return _Side(n, mean, variance, None, None, None)


def whole_values(result: Trajectory | Ensemble, label: str, at: int) -> tuple[Values, NDArray[np.int64]] | None:
    """The different values at time t[at], in order, and how many runs have each; None where that is not known.

    An ensemble knows it where its histogram has a bin for each whole number, and only for those.
    """
    k = column(result, label)
    if isinstance(result, Trajectory):
        values, counts = np.unique(result.values[:, at, k], return_counts=True)
        return (values, counts) if np.array_equal(values, np.floor(values)) else None
    if result.tally is None or not result.tally.layout.whole[k]:
        return None
    seen = result.histogram(label, float(result.t[at]))
    if seen.width != 1.0:
        return None
    kept = seen.counts > 0
    return seen.left[kept], seen.counts[kept]


def _known(values: Values, weights: Values, n: float) -> _Side:
    """Moments of values with their probabilities, or with the runs that have them: then n - 1 in the variance."""
    share = weights / weights.sum()
    mean = float(share @ values)
    centred = values - mean
    variance = float(share @ centred**2) * (1.0 if np.isinf(n) else n / max(n - 1.0, 1.0))
    return _Side(n, mean, variance, _higher(share, centred), values, weights)


def _higher(share: Values, centred: Values) -> tuple[float, float, float]:
    return float(share @ centred**3), float(share @ centred**4), float(share @ centred**6)


def _shared_times(a: Values, b: Values) -> list[tuple[int, int]]:
    found = []
    for i, t in enumerate(a):
        near = np.flatnonzero(np.isclose(b, t, rtol=1e-9, atol=0.0))
        if near.size:
            found.append((i, int(near[0])))
    return found


def _runs(result: Trajectory | Ensemble | Distribution) -> int:
    return 0 if isinstance(result, Distribution) else result.runs


def _named(result: Trajectory | Ensemble | Distribution) -> str:
    runs = _runs(result)
    return f"{runs:,} runs ({result.method})" if runs > 1 else result.method
