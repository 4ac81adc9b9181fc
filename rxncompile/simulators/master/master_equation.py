"""The master equation itself: d P(n)/dt = sum_r a_r(n - change_r) P(n - change_r) - a_r(n) P(n).

Finite state projection (Munsky and Khammash 2006): a finite set of states is kept, what leaves it is lost, so that
with the integrator exact

    0 <= P_true(n) - P(n) for every state n    and    sum_n |P_true(n) - P(n)| = lost,

and `lost` is a bound that is computed, not estimated. The set grows where probability leaks from it and is pruned
where there is none; a step that has leaked more than its share is taken again on a larger set. Time steps are by
uniformisation (positive, error known) where few jumps fall in them, by an Arnoldi method (Saad 1992) where many do,
whose estimated error is added to `lost`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import RxnError
from ...expressions import TIME
from ...system import System
from ..arrays import Values
from ..jumps.counts import Counts, initial_counts
from ..jumps.jump_events import JumpEvents, jump_events
from ..jumps.ssa import columns, time_axis
from ..rate_equations.initial import parameter_vector
from ..results.distribution import Distribution, Snapshot
from .exponentials import exponential, squared, uniformised, worth_squaring, worth_uniformising
from .state_space import Condition, Rules, StateSpace, evaluated

METHOD = "master equation, finite state projection"
MOST_STATES = 5_000_000
_FEW = 60.0  # jumps of the fastest state in a step that is always uniformised
_MANY = 150.0  # and in one that may be: the set of states has to follow
_GROWTHS, _MOMENT = 50, 1e-4  # growths within this part of the time asked for: each by up to 256 jumps
_ROUNDING = 1e-15  # of a sum of probabilities: no leak
_TAIL = 0.01  # share of the error that an initial distribution may lose

Progress = Callable[[float, int], object]


def master_equation(
    system: System,
    t: ArrayLike,
    params: Mapping[str, object] | None = None,
    initial: Mapping[str, object] | None = None,
    error: float = 1e-8,
    most_states: int = MOST_STATES,
    progress: Progress | None = None,
    target: Condition | None = None,
) -> Distribution:
    """The distribution of a jump process at the times `t`, its total error at most `error`.

    `params` and `initial` override by label; an initial distribution is taken as such. Events at known times, and
    events whose conditions depend on the state, act on the distribution. In the states of `target` everything stops.
    `progress(t, states)` is called at every step. Raises R501, R504, R505, R609 for overrides and initial values,
    R603 for times, R604 for another number, R610 for rates that depend on time, R612 where more than `most_states`
    are needed, R601, R602 and R607 as `sample` does.
    """
    times = time_axis(t)
    if not 0.0 < error < 1.0:
        raise RxnError("R604", f"error = {error!r} is not between 0 and 1")
    refuse(system)
    counts = initial_counts(system, float(times[0]), params, initial)
    parameters, moments = _known_times(system, params, float(times[0]), float(times[-1]))
    rules = Rules.of(system, parameters, float(times[0]), target)
    walk = _Walk(error, float(times[-1] - times[0]) or 1.0, int(most_states), progress)
    space, p = starting_point(rules, counts, error * _TAIL)
    lost = 1.0 - float(p.sum())
    snapshots: list[Snapshot] = []
    marks = sorted({*times.tolist(), *moments})
    now, output = marks[0], set(times.tolist())
    for k, mark in enumerate(marks):
        if mark > now:
            space, p, more = walk.advance(space, p, now, mark)
            lost, now = lost + more, mark
        later = 0.5 * (mark + marks[k + 1]) if k + 1 < len(marks) else mark + 1.0
        if mark in moments:  # what becomes true at this time, then what does right after it
            earlier = 0.5 * (marks[k - 1] + mark) if k else None
            space, p = _fire(space, p, earlier, mark, error)
        if mark in output:
            snapshots.append(snapshot(system, space, p, lost, _TAIL * error))
        if mark in moments:
            space, p = _fire(space, p, mark, later, error)
            lost = max(lost, 1.0 - float(p.sum()))
    labels, units = columns(system)
    return Distribution(system.name, times, labels, units, tuple(snapshots), len(system.states), METHOD)


# ---------------------------------------------------------------------------------------------- steps in time


@dataclass
class _Walk:
    """Advances a distribution; the set of states follows it."""

    error: float
    span: float
    most: int
    progress: Progress | None
    step: float = math.inf
    layers: int = 2
    quiet: int = 0  # steps since the set grew
    grown: list[float] = field(default_factory=list)  # when the set has grown lately
    reach: float = 150.0  # jumps of the fastest state that the Arnoldi method passes in a step
    dense: tuple[float, Any, Values] | None = None  # a step, its generator and the dense exponential of both

    def advance(self, space: StateSpace, p: Values, start: float, end: float) -> tuple[StateSpace, Values, float]:
        """From `start` to `end`; what was lost on the way."""
        rules = space.rules.at(0.5 * (start + end))
        space = StateSpace(rules, space.states, space.keys)
        space, p = space.grown(p, np.ones(len(space), dtype=bool), self.layers, self.most)
        generator = space.generator()
        now, lost, failures = start, 0.0, 0
        while now < end:
            fastest = max(generator.fastest, 1e-300)
            if worth_squaring(len(space), fastest * (end - now)):
                step, estimated = end - now, 0.0
                after = self._squared(generator.matrix, fastest, step, end) @ p
            else:
                longest = _FEW / fastest if failures >= 3 else max(_FEW / fastest, 0.25 * (end - start))
                step = min(self.step, end - now, longest)
                part = min(step, _MANY / fastest)
                cheap = worth_uniformising(len(space), generator.matrix.nnz, fastest * part, self.reach)
                if cheap or fastest * step <= _FEW:
                    step = part
                    after, estimated = uniformised(generator.matrix, fastest, p, step), 0.0
                    self.reach *= 1.02  # it may have become smoother
                else:
                    allowed, wanted = 0.1 * self.error / self.span, step
                    after, estimated, step = exponential(generator.matrix, p, step, allowed)
                    self.reach = fastest * step if step < wanted else max(self.reach, fastest * step)
            share = self.error * step / self.span
            leaked = float(p.sum() - after.sum())
            if leaked + estimated > max(share, _ROUNDING) and generator.lost.any():
                failures += 1
                self.grown = [t for t in self.grown if now - t <= _MOMENT * self.span] + [now]
                if len(self.grown) > _GROWTHS:
                    raise _running_away(space.rules.system, now, len(space))
                self.layers = min(2 * self.layers, 256)
                self.quiet = 0
                if failures > 3:
                    self.step = step / 2
                seeds = _seeds(generator.lost, p, after)
                kept = _worth_keeping(np.maximum(p, after), 0.01 * share)
                if failures == 1 and 2 * kept.sum() < len(kept):  # what moves far leaves the states behind it
                    lost += float(p[~kept].sum())
                    space, p, seeds = space.kept(kept), p[kept], np.ones(int(kept.sum()), dtype=bool)
                size = len(space)
                space, p = space.grown(p, seeds, self.layers, self.most)
                if len(space) == size:
                    raise _impossible(space.rules.system, leaked)
                generator = space.generator()
                continue
            lost += max(leaked, 0.0) + estimated
            now, p, failures = (end if end - (now + step) <= 4.0 * math.ulp(end) else now + step), after, 0
            self.step, self.quiet = 2.0 * step, self.quiet + 1
            if self.progress:
                self.progress(now, len(space))
            if self.quiet >= 8:
                self.layers = max(2, self.layers // 2)
                kept = _worth_keeping(p, 0.1 * share)
                if 2 * kept.sum() < len(kept):
                    lost += float(p[~kept].sum())
                    space, p = space.kept(kept), p[kept]
                    space, p = space.grown(p, np.ones(len(p), dtype=bool), self.layers, self.most)
                    generator = space.generator()
                self.quiet = 0
        return space, p, lost

    def _squared(self, matrix: Any, fastest: float, step: float, end: float) -> Values:
        """The dense exponential; the one before where generator and step are the same, to the rounding of time."""
        if self.dense is not None:
            length, other, found = self.dense
            if abs(length - step) <= 4.0 * math.ulp(end) and _same(other, matrix):
                return found
        found = squared(matrix, fastest, step)
        self.dense = step, matrix, found
        return found


def _same(a: Any, b: Any) -> bool:
    """Whether two sparse matrices are equal to the last bit."""
    return (
        a.shape == b.shape
        and np.array_equal(a.indptr, b.indptr)
        and np.array_equal(a.indices, b.indices)
        and np.array_equal(a.data, b.data)
    )


def _running_away(system: System, now: float, states: int) -> RxnError:
    message = f"the state space of {system.name} grows without end at t = {now:g}: it has {states:,} states"
    return RxnError("R612", message, hint="counts may explode in finite time; end before that, or look for a law that "
                    "makes more than it takes")  # fmt: skip


def _seeds(rates: Values, before: Values, after: Values) -> NDArray[np.bool_]:
    """The states through which all but a millionth of the loss goes."""
    flow = rates * np.maximum(before, after)
    return flow > 1e-6 * flow.sum() if flow.any() else rates > 0.0


def _worth_keeping(p: Values, budget: float) -> NDArray[np.bool_]:
    """All but the least likely states, which together hold at most `budget`."""
    order = np.argsort(p)
    kept = np.ones(len(p), dtype=bool)
    kept[order[: int(np.searchsorted(np.cumsum(p[order]), budget, side="right"))]] = False
    return kept


# ---------------------------------------------------------------------------------------------- start and events


def starting_point(rules: Rules, counts: Counts, error: float) -> tuple[StateSpace, Values]:
    """The initial distribution, but for tails that hold at most `error`."""
    states, p = counts.start[np.newaxis], np.ones(1)
    for i, weights in counts.weights(error):
        n = np.flatnonzero(weights)
        states = np.repeat(states, len(n), axis=0)
        states[:, i] = np.tile(n.astype(float), len(p))
        p = np.outer(p, weights[n]).ravel()
    return StateSpace.of(rules, states, p)


def _fire(space: StateSpace, p: Values, earlier: float | None, now: float, error: float) -> tuple[StateSpace, Values]:
    """The distribution after the events whose conditions the time makes true from `earlier` to `now`.

    Without an earlier time (at the start) conditions that hold do not fire, events at this very time do.
    """
    system = space.rules.system
    if earlier is None:
        watched = np.array([not e.timed for e in system.events])
        before = watched & space.rules.conditions(space.states, now)
    else:
        before = space.rules.conditions(space.states, earlier)
    rules = space.rules.at(now)
    states = rules.settled(before, space.states)
    possible = rules.possible(states)
    if (wrong := float(p[~possible].sum())) > error:
        raise _impossible(system, wrong)
    return StateSpace.of(rules, states[possible], p[possible])


def _impossible(system: System, probability: float) -> RxnError:
    message = f"an event gives a count of {system.name} a value that is negative or not whole"
    return RxnError("R609", f"{message}, with probability {probability:.2g}", system.events[0].origin)


def _known_times(
    system: System, params: Mapping[str, object] | None, start: float, end: float
) -> tuple[Values, frozenset[float]]:
    """The parameters, and the times between which no condition depends on time."""
    parameters = np.array(parameter_vector(system, params))
    events: JumpEvents | None = jump_events(system) if system.events else None
    if events is None:
        return parameters, frozenset()
    names = {c.symbol for c in events.system.parameters}
    for threshold in events.thresholds:
        if not threshold.free_symbols <= names:
            raise RxnError("R610", f"the time {threshold} of an event depends on the state; the master equation "
                           "needs times that the parameters decide", hint="sample it")  # fmt: skip
    return parameters, frozenset(float(x) for x in events.times(params) if start <= x <= end)


def refuse(system: System) -> None:
    """Raise R610 for what the master equation of a jump process does not hold."""
    if not system.jumps:
        raise RxnError("R610", f"{system.name} has no jumps", hint="the master equation is of a jump process")
    if any(rate != 0 for rate in system.drift):
        raise RxnError("R610", f"{system.name} has states that move continuously", hint="use integrate")
    if system.fields or system.inputs or system.frontier:
        raise RxnError("R610", f"{system.name} has inputs, fields or undefined states")
    on_time = {TIME}
    for name, formula in system.definitions:
        if formula.free_symbols & on_time:
            on_time.add(name)
    for jump in system.jumps:
        if jump.propensity.free_symbols & on_time:
            raise RxnError("R610", f"the rate of {jump.name!r} depends on time", jump.origin, "sample it")


def snapshot(system: System, space: StateSpace, p: Values, lost: float, budget: float) -> Snapshot:
    """What is kept of one time: the likely states by size, their probabilities, their outputs."""
    likely = np.flatnonzero(_worth_keeping(p, budget))
    lost += float(p.sum() - p[likely].sum())
    order = likely[np.lexsort(space.states[likely].T[::-1])]
    states, p = space.states[order], p[order]
    if system.outputs:
        outputs = evaluated(space.rules.model.outputs, space.rules.time, states, space.rules.parameters)
        states = np.concatenate([states, outputs], axis=1)
    return Snapshot(states, p, min(max(lost, 0.0), 1.0))
