"""Conditions to stop at, and how long trajectories take to get there.

A process that stops where T(n) becomes true has the propensities

    a_r(n) [not T(n)],

so that nothing moves once T holds. The moment when it came true is assigned by an event that watches T.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import sympy as sp

from ...errors import RxnError
from ...expressions import TIME, text
from ...system import State, Step, System, Trigger, as_expr
from ..arrays import Values
from ..jumps.ssa import MAX_EVENTS, Progress, sample
from ..master.long_run import condition_of

_EVER = 1e300  # a time that no trajectory lasts to


@dataclass(frozen=True, eq=False)
class PassageTimes:
    """First-passage times of a sample: `times` (runs,), infinite where the target was not reached by `until`."""

    name: str
    times: Values
    until: float
    seed: int | None = None

    @property
    def runs(self) -> int:
        """The number of trajectories."""
        return len(self.times)

    @property
    def reached(self) -> float:
        """The part of the trajectories that reached the target by `until`."""
        return float(np.isfinite(self.times).mean())

    @property
    def mean(self) -> float:
        """The mean time of those that reached it; not a number for none."""
        found = self.times[np.isfinite(self.times)]
        return float(found.mean()) if len(found) else float("nan")

    @property
    def sd(self) -> float:
        """The standard deviation of their times (one less in the denominator); not a number for fewer than two."""
        found = self.times[np.isfinite(self.times)]
        return float(found.std(ddof=1)) if len(found) > 1 else float("nan")

    def by(self, time: float) -> float:
        """The part of the trajectories that reached the target by `time`, at most `until`."""
        if time > self.until:
            raise RxnError("R704", f"{time:g} is after {self.until:g}, the end of these trajectories")
        return float((self.times <= time).mean())

    def quantile(self, q: float) -> float:
        """The time by which at least the part q had reached the target; infinite where that was not by `until`."""
        if not 0.0 <= q <= 1.0:
            raise RxnError("R604", f"quantile {q!r} is not between 0 and 1")
        return float(np.quantile(self.times, q, method="inverted_cdf"))

    def __repr__(self) -> str:
        return f"<PassageTimes {self.name}: runs {self.runs}, reached {self.reached:.4g}, mean time {self.mean:.6g}>"


def stop_at(system: System, target: sp.Basic) -> System:
    """The jump process that stays where it is from the moment on that `target` is true, a condition of its states.

    Raises R507 for symbols that are none of the System's, R610 for a target that depends on time, or a System that
    moves continuously.
    """
    _check(system, target)
    going = sp.Not(target)
    jumps = tuple(replace(jump, propensity=_only(going, jump.propensity, sp.S.Zero)) for jump in system.jumps)
    events = tuple(
        replace(e, assignments=tuple((name, _only(going, value, name)) for name, value in e.assignments))
        for e in system.events
    )
    step = Step("stopped", (("when", text(target)),))
    return replace(system, jumps=jumps, events=events, steps=(*system.steps, step))


def sample_passage(
    system: System,
    target: sp.Basic,
    runs: int,
    until: float | None = None,
    seed: int | None = None,
    params: Mapping[str, object] | None = None,
    initial: Mapping[str, object] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    max_events: int = MAX_EVENTS,
) -> PassageTimes:
    """When trajectories first reach states in which `target` holds, from time 0; 0 where they begin in one.

    A trajectory ends there, or at `until` (None: it goes on until it is there, or nothing can happen any more).
    Other arguments and errors as for `sample`, R603 for `until`, R610 as `stop_at`. See `first_passage` for the chance
    and the mean time without sampling.
    """
    last = _EVER if until is None else float(until)
    if not 0.0 < last < np.inf:
        raise RxnError("R603", f"until = {until!r} is no time after 0")
    stopped = stop_at(system, target)
    when = sp.Dummy("passage time", real=True)
    clock = State(when, when.name, sp.Integer(-1))
    timed = replace(
        stopped, states=(*stopped.states, clock), drift=(*stopped.drift, sp.S.Zero), outputs=(),
        events=(*stopped.events, Trigger(False, target, ((when, TIME),))),
    )  # fmt: skip
    paths = sample(timed, [0.0, last], runs, seed, params, initial, threads, progress, max_events)
    found = paths.values[:, -1, -1]
    states = np.ascontiguousarray(paths.values[:, -1, :-1])
    there = condition_of(replace(system, outputs=()), target, params)(states)
    times = np.where(found >= 0.0, found, np.where(there, 0.0, np.inf))
    return PassageTimes(system.name, times, np.inf if until is None else last, paths.seed)


def _only(going: sp.Basic, value: sp.Expr, otherwise: sp.Expr) -> sp.Expr:
    return sp.Piecewise((value, going), (otherwise, True))


def _check(system: System, target: sp.Basic) -> None:
    moved = [s.label for s, drift in zip(system.states, system.drift, strict=True) if as_expr(drift) != 0]
    if moved:
        raise RxnError("R610", f"{system.name} moves {', '.join(moved)} continuously: only jumps can be stopped")
    on_time = {TIME}
    for name, formula in system.definitions:
        if formula.free_symbols & on_time:
            on_time.add(name)
    if target.free_symbols & on_time:
        hint = "a time to stop at is the last of the output times"
        raise RxnError("R610", f"'{text(target)}' depends on time", hint=hint)


