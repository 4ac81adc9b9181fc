"""Profile likelihoods: how far one unknown can be moved while the others make up for it.

    PL(u) = min { objective(x) : x_k = u },    interval = { u : 2 (PL(u) - PL(best)) <= q }

with q the quantile of chi-square with one degree of freedom (Raue et al. 2009). A profile is followed from the best
point outwards: by the tangent of the path of minima, dx_rest/du = -F_rr^-1 F_rk, and a few steps of the trust region;
the step is chosen by the curvature that the Fisher information F leaves, so that sqrt(2 (PL - best)) grows evenly.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from statistics import NormalDist
from threading import Event

import numpy as np

from ...errors import RxnError
from ...name_lists import names_given
from ...simulators.arrays import Values
from ...simulators.pool import each_block, how_many
from .descent import descend
from .fit import Fit
from .information import Scores, constraint_rows, null_space
from .objective import Objective
from .scales import from_scale
from .trust_region import Local

_ROOT = 1e-3  # of the objective: an interval's end is
_LOWER = 1e-2  # of the objective: a point of a profile is lower than the best one
_TRIES = 4  # best points, each lower than the one before
_LONGEST = 1.0 / 6.0  # step, as part of the bounds
_SHORTEST = 1e-6
_STEPS = 60


class EndKind(Enum):
    """Why an interval ends: the threshold is crossed, the bound was reached first, or there is no solution beyond."""

    CROSSED = "crossed"
    BOUND = "bound"
    UNSOLVED = "unsolved"


@dataclass(frozen=True, slots=True)
class End:
    """One end of an interval, in the unknown's own units; `open` where the data do not set it."""

    value: float
    kind: EndKind

    @property
    def open(self) -> bool:
        """Whether the data leave this end open."""
        return self.kind is not EndKind.CROSSED


@dataclass(frozen=True, eq=False)
class Profile:
    """The profile of one unknown: points x (n, K) on the scales of the unknowns, their objective, the interval."""

    name: str
    k: int
    points: Values
    values: Values
    lower: End
    upper: End

    def covers(self, value: float) -> bool:
        """Whether a value of the unknown lies in the interval."""
        return (self.lower.open or value >= self.lower.value) and (self.upper.open or value <= self.upper.value)


@dataclass(frozen=True, eq=False)
class Profiles:
    """Profiles of unknowns about the best point x (K,), whose objective is `value`, at a confidence `level`."""

    objective: Objective
    x: Values
    value: float
    level: float
    profiles: tuple[Profile, ...]
    notes: tuple[str, ...] = ()

    @property
    def threshold(self) -> float:
        """Of the objective: half the quantile above the best value."""
        return self.value + 0.5 * quantile(self.level)

    def __getitem__(self, name: str) -> Profile:
        """The profile of an unknown. Raises R710."""
        for profile in self.profiles:
            if profile.name == name:
                return profile
        raise RxnError("R710", f"there is no profile of {name!r}", hint=", ".join(p.name for p in self.profiles))

    def __str__(self) -> str:
        width = max(len(p.name) for p in self.profiles)
        natural = self.objective.natural(self.x)
        lines = [f"{'':{width}}  {'best':>12}  {100 * self.level:g} % interval"]
        for p in self.profiles:
            ends = [f"{e.value:.6g}" + (" (open)" if e.open else "") for e in (p.lower, p.upper)]
            lines.append(f"{p.name:{width}}  {natural[p.k]:12.6g}  {ends[0]} .. {ends[1]}")
        return "\n".join((*lines, *self.notes))


def quantile(level: float) -> float:
    """Of chi-square with one degree of freedom."""
    return NormalDist().inv_cdf(0.5 + 0.5 * level) ** 2


def profiles(
    fitted: Fit | Objective,
    names: Sequence[str] | None = None,
    level: float = 0.95,
    at: Values | None = None,
    threads: int | None = None,
    points: int = 5,
    progress: Callable[[int, int], object] | None = None,
) -> Profiles:
    """Follow the profile of every unknown (or of `names`) both ways until it crosses the threshold or meets a bound.

    Of a fit about its best point, of an objective about the minimum next to `at` (K,). About `points` steps lead to
    each end. Where a lower minimum is met on the way, everything begins again from there, and a note says so.

    Raises R710 for names, R604 for `level` and `points`, R712 where the model cannot be solved at the point.
    """
    objective = fitted.objective if isinstance(fitted, Fit) else fitted
    known = objective.problem.names
    wanted = list(known if names is None else names_given(names, "names", "R710"))
    for name in wanted:
        if name not in known:
            raise RxnError("R710", f"{name!r} is no unknown of {objective.problem.name}", hint=", ".join(known))
    if not 0.0 < level < 1.0:
        raise RxnError("R604", f"level = {level!r} is not between 0 and 1")
    if isinstance(points, bool) or points < 1:
        raise RxnError("R604", f"points = {points!r} is not a whole number of at least 1")
    if at is None:
        if not isinstance(fitted, Fit):
            raise RxnError("R710", "the profiles of an objective need a point to begin at")
        at = fitted.x
    walk = _Walk(objective, quantile(level), points)
    best = walk.settle(np.array(at, dtype=float))
    if best is None:
        raise RxnError("R712", f"{objective.problem.name} cannot be solved at the point that was given")
    notes: tuple[str, ...] = ()
    for _ in range(_TRIES):
        sides, lower = _sides(walk, best, wanted, how_many(threads), progress)
        if lower is None:
            break
        found = walk.settle(lower)
        assert found is not None  # it has been solved
        notes = (f"a profile led to a better point: {found.value:.6g} instead of {best.value:.6g}",)
        best = found
    made = tuple(_joined(objective, name, best, sides[2 * i], sides[2 * i + 1]) for i, name in enumerate(wanted))
    return Profiles(objective, best.x, best.value, level, made, notes)


Point = tuple[Values, float]
Side = tuple[list[Point], End]


def _sides(
    walk: _Walk, best: Local[Scores], wanted: Sequence[str], threads: int, progress: Callable[[int, int], object] | None
) -> tuple[dict[int, Side], Values | None]:
    """Both sides of every profile, or a point lower than the best."""
    known = walk.objective.problem.names
    sides: dict[int, Side] = {}

    def task(block: int, stop: Event) -> Side:
        return walk.side(best, known.index(wanted[block // 2]), -1.0 if block % 2 == 0 else 1.0, stop)

    for block, side in each_block(task, 2 * len(wanted), threads, int):
        sides[block] = side
        x, value = min(side[0], key=lambda p: p[1], default=(best.x, best.value))
        if value < best.value - _LOWER:
            return sides, x
        if progress:
            progress(len(sides), 2 * len(wanted))
    return sides, None


def _joined(objective: Objective, name: str, best: Local[Scores], below: Side, above: Side) -> Profile:
    k = objective.problem.names.index(name)
    every = sorted([*below[0], (best.x, best.value), *above[0]], key=lambda p: float(p[0][k]))
    return Profile(name, k, np.array([p[0] for p in every]), np.array([p[1] for p in every]), below[1], above[1])


class _Walk:
    """Minimisation of all unknowns but one, and the way along such minima."""

    def __init__(self, objective: Objective, crossing: float, points: int) -> None:
        self.objective = objective
        self.crossing = math.sqrt(crossing)
        self.pace = self.crossing / points
        self.low, self.high = objective.bounds
        self.plane = constraint_rows(objective.problem)
        _ = objective.settings, objective.observed, objective.begins, objective.machine.derivatives  # once, here

    def settle(self, x: Values, k: int | None = None, stop: Event | None = None) -> Local[Scores] | None:
        """The minimum next to x, of all unknowns but k."""
        low, high = self.low.copy(), self.high.copy()
        if k is not None:
            low[k] = high[k] = min(max(float(x[k]), float(low[k])), float(high[k]))
        return descend(self.objective, x, low, high, self.plane, stop=stop)

    def tangent(self, here: Local[Scores], k: int) -> Values | None:
        """dx/dx_k (K,) along the minima of the others; those on a bound stay there. None where k is not free."""
        held = [here.x == self.low, here.x == self.high]
        fixed = np.flatnonzero((held[0] & (here.gradient > 0.0)) | (held[1] & (here.gradient < 0.0)))
        rows = np.vstack([self.plane, np.eye(len(here.x))[[j for j in fixed if j != k]]])
        free = null_space(rows) if len(rows) else np.eye(len(here.x))
        along = free @ free[k]
        if along[k] < 1e-9:
            return None
        along = along / along[k]
        rest = free @ null_space(free[k : k + 1])
        if rest.shape[1]:
            inner = rest.T @ here.curvature @ rest
            size = max(float(np.trace(inner)), 1e-300)
            along = along - rest @ np.linalg.solve(
                inner + 1e-12 * size * np.eye(len(inner)), rest.T @ here.curvature @ along
            )
        return np.asarray(along)

    def root(self, best: Local[Scores], here: Local[Scores]) -> float:
        return math.sqrt(2.0 * max(here.value - best.value, 0.0))

    def side(self, best: Local[Scores], k: int, sign: float, stop: Event) -> Side:
        """From the best point along unknown k, up (sign 1) or down (-1)."""
        here, points = best, list[Point]()
        bound = float(self.high[k] if sign > 0.0 else self.low[k])
        longest = _LONGEST * float(self.high[k] - self.low[k])
        shrink = 1.0
        for _ in range(_STEPS):
            left = sign * (bound - here.x[k])
            along = self.tangent(here, k)
            if left <= 0.0 or along is None:
                return points, self.end(k, float(here.x[k]), EndKind.BOUND)
            r = self.root(best, here)
            whole = self.length(here, along * sign, 0.5 * (min(r + self.pace, self.crossing + 1e-2) ** 2 - r**2))
            length = min(whole * shrink, longest * shrink, left)
            x = here.x + sign * length * along
            x[k] = bound if length == left else here.x[k] + sign * length
            there = self.settle(x, k, stop)
            if there is None or self.root(best, there) > r + 3.0 * self.pace:
                if length > _SHORTEST * longest:
                    shrink *= 0.25
                    continue
                if there is None:
                    return points, self.end(k, float(here.x[k]), EndKind.UNSOLVED)
            shrink = min(1.0, 2.0 * shrink)
            if self.root(best, there) >= self.crossing:
                last, more = self.cross(best, here, there, k, stop)
                return [*points, *more], self.end(k, last, EndKind.CROSSED)
            points.append((there.x, there.value))
            if there.value < best.value - _LOWER:
                break
            here = there
        return points, self.end(k, float(here.x[k]), EndKind.UNSOLVED)

    def length(self, here: Local[Scores], along: Values, rise: float) -> float:
        """The way along a direction on which the model of the objective rises so much."""
        slope, bend = float(here.gradient @ along), float(along @ here.curvature @ along)
        root = math.sqrt(max(slope**2 + 2.0 * bend * rise, 0.0))
        below = slope + root  # of rise/length, without cancellation
        return 2.0 * rise / below if below > 0.0 else math.inf

    def cross(
        self, best: Local[Scores], inner: Local[Scores], outer: Local[Scores], k: int, stop: Event
    ) -> tuple[float, list[Point]]:
        """Where the threshold is crossed between two points; its value of x_k, and the points that were seen."""
        seen = [(outer.x, outer.value)]
        for step in range(_STEPS):
            a, b = self.root(best, inner), self.root(best, outer)
            for found, r in ((inner, a), (outer, b)):
                if abs(r - self.crossing) * self.crossing <= _ROOT:
                    return float(found.x[k]), seen
            part = (self.crossing - a) / (b - a) if step % 3 < 2 else 0.5  # nearly straight; halved where it is not
            middle = self.settle(inner.x + part * (outer.x - inner.x), k, stop)
            if middle is None:
                break
            seen.append((middle.x, middle.value))
            if self.root(best, middle) < self.crossing:
                inner = middle
            else:
                outer = middle
        return float(inner.x[k]), seen

    def end(self, k: int, x: float, kind: EndKind) -> End:
        scale = self.objective.problem.unknowns[k].scale
        return End(float(from_scale(scale, np.array(x))), kind)
