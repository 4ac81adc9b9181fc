"""The events of a jump process as its sampler needs them: what to watch, when to look, what to assign.

Between jumps only the clock moves. So a condition that compares the clock with what reactions do not change,

    a t + b > 0   with   a, b  of parameters and of what events alone assign,

changes at the threshold -b/a, which is known beforehand, and is watched as t > -b/a. All others are refused.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from sympy.core.relational import Relational

from ...errors import RxnError
from ...expressions import TIME, text, to_float
from ...kernels.lanes_events import EventPlan
from ...kernels.program import assignment_program, formula_program
from ...system import Constant, System, Trigger
from ..arrays import Values
from ..rate_equations.events import event_targets, event_time

_FLIPPED = {sp.Gt: sp.Lt, sp.Ge: sp.Le, sp.Lt: sp.Gt, sp.Le: sp.Ge, sp.Eq: sp.Eq, sp.Ne: sp.Ne}


def uncounted(system: System) -> frozenset[sp.Symbol]:
    """The states that events assign and no jump moves: real numbers, not counts."""
    moved = _moved(system) if system.events else frozenset()
    return frozenset(name for event in system.events for name, _ in event.assignments if name not in moved)


@dataclass(frozen=True)
class JumpEvents:
    """The events of a System. `system` has the times that parameters decide, `known`, as further parameters.

    `timed[j]` is the event whose time `known[j]` is, None for a threshold of a condition.
    """

    system: System
    known: tuple[sp.Expr, ...]
    timed: tuple[Trigger | None, ...]
    conditions: Mapping[int, sp.Basic]
    due: tuple[int | None, ...]
    thresholds: tuple[sp.Expr, ...]
    after: tuple[bool, ...]

    def plan(self, limit: float) -> EventPlan:
        """The programs; assigned counts may be whole numbers up to `limit`."""
        system = self.system
        index = {s.symbol: i for i, s in enumerate(system.states)}
        real = uncounted(system)
        return EventPlan(
            watched=tuple(self.conditions),
            conditions=formula_program(system, tuple(self.conditions.values())),
            due=self.due,
            thresholds=formula_program(system, self.thresholds),
            after=self.after,
            assignments=tuple(assignment_program(system, event) for event in system.events),
            targets=tuple(tuple(int(i) for i in event_targets(system, event, index)) for event in system.events),
            counted=frozenset(i for s, i in index.items() if s not in real),
            limit=limit,
        )

    def times(self, params: Mapping[str, object] | None) -> Values:
        """The known times as numbers. Raises R601 for the time of an event that is none."""
        if not self.known:
            return np.zeros(0)
        values = self.system.environment(params)
        found = []
        for time, event in zip(self.known, self.timed, strict=True):
            if event is not None:
                found.append(event_time(self.system, event, values) or 0.0)
            else:
                value = time.xreplace(values)
                found.append(to_float(value) if value.is_real else math.nan)
        return np.array(found)


@lru_cache(maxsize=32)
def jump_events(system: System) -> JumpEvents | None:
    """The events of a jump process, None where there are none.

    Raises R501 where an event assigns what is no state, R610 for a condition that depends on time in another way
    than comparing it with what no reaction changes.
    """
    if not system.events:
        return None
    clock = _Clock(system)
    conditions: dict[int, sp.Basic] = {}
    due: list[int | None] = []
    for e, event in enumerate(system.events):
        place = None
        if event.timed and clock.known(event.condition):
            name = clock.parameter(event.condition, event)
            clock.threshold(name, after=False)
            place = clock.place(name)
        else:
            condition = sp.Ge(TIME, event.condition, evaluate=False) if event.timed else event.condition
            conditions[e] = clock.watched(condition, event)
        due.append(place)
    return JumpEvents(
        clock.extended(), tuple(clock.formulas), tuple(clock.timed), conditions, tuple(due),
        tuple(time for time, _ in clock.thresholds), tuple(after for _, after in clock.thresholds),
    )  # fmt: skip


def _moved(system: System) -> frozenset[sp.Symbol]:
    return frozenset(name for jump in system.jumps for name, amount in jump.change if amount)


@dataclass
class _Clock:
    """Collects thresholds: those that parameters decide become parameters themselves."""

    system: System
    names: list[sp.Symbol] = field(default_factory=list)
    formulas: list[sp.Expr] = field(default_factory=list)
    timed: list[Trigger | None] = field(default_factory=list)
    thresholds: list[tuple[sp.Expr, bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._definitions = dict(self.system.definitions)
        self._moved = _moved(self.system)
        self._held = {s.symbol for s in self.system.states}
        self._on_time = {TIME}
        for name, formula in self.system.definitions:
            if formula.free_symbols & self._on_time:
                self._on_time.add(name)

    def extended(self) -> System:
        more = (Constant(name, name.name, sp.S.Zero) for name in self.names)
        return replace(self.system, parameters=(*self.system.parameters, *more))

    def known(self, formula: sp.Basic) -> bool:
        """Whether parameters alone decide it."""
        return not self._leaves(formula) & (self._held | {TIME})

    def place(self, name: sp.Symbol) -> int:
        """Where a collected threshold is among the parameters."""
        return len(self.system.parameters) + self.names.index(name)

    def parameter(self, formula: sp.Expr, event: Trigger | None = None) -> sp.Symbol:
        self.names.append(sp.Dummy(f"time {len(self.names)}", real=True))
        self.formulas.append(formula)
        self.timed.append(event)
        return self.names[-1]

    def threshold(self, time: sp.Expr, after: bool) -> None:
        if (time, after) not in self.thresholds:
            self.thresholds.append((time, after))

    def watched(self, condition: Any, event: Trigger) -> Any:
        """The condition with every look at the clock as a comparison of t with its threshold. Raises R610."""
        if not condition.free_symbols & self._on_time:
            return condition
        if isinstance(condition, (sp.And, sp.Or, sp.Not)):
            return condition.func(*(self.watched(part, event) for part in condition.args))
        if isinstance(condition, (sp.ITE, sp.Xor)):
            return self.watched(condition.to_nnf(simplify=False), event)
        if not isinstance(condition, Relational):
            raise _other_way(event)
        difference = sp.expand(self._expanded(condition.lhs - condition.rhs))
        if not difference.is_polynomial(TIME):
            raise _other_way(event)
        slope = difference.diff(TIME)
        if TIME in slope.free_symbols:
            raise _other_way(event)
        return self._compared(condition.func, slope, difference.xreplace({TIME: sp.S.Zero}), event)

    def _compared(self, relation: Any, slope: Any, offset: Any, event: Trigger) -> Any:
        """slope t + offset `relation` 0, as comparisons of t."""
        if slope == 0:
            return relation(offset, 0)
        moved = sorted(s.name for s in self._leaves(slope + offset) & self._moved)
        if moved:
            raise RxnError(
                "R610", f"'{_written(event)}' compares t with {', '.join(moved)}, which reactions change: the "
                "sampler cannot tell when that comes true", event.origin,
                "compare t with parameters, or with what events alone assign",
            )  # fmt: skip
        time = -offset / slope
        if self.known(time):
            time = self.parameter(time)
        self.threshold(time, after=False)
        if relation not in (sp.Ge, sp.Lt) or not slope.is_positive:  # t > c and t <= c change at the next number
            self.threshold(time, after=True)
        rising, falling = relation(TIME, time), _FLIPPED[relation](TIME, time)
        if slope.is_positive:
            return rising
        if slope.is_negative:
            return falling
        still = sp.And(sp.Eq(slope, 0), relation(offset, 0))
        return sp.Or(sp.And(slope > 0, rising), sp.And(slope < 0, falling), still)

    def _expanded(self, formula: Any) -> Any:
        """With the definitions that depend on time written out."""
        for name, definition in reversed(self.system.definitions):
            if name in self._on_time:
                formula = formula.xreplace({name: definition})
        return formula

    def _leaves(self, formula: sp.Basic) -> set[sp.Symbol]:
        """The symbols it depends on in the end."""
        found: set[sp.Symbol] = set()
        waiting = set(formula.free_symbols)
        while waiting:
            name = waiting.pop()
            if name in self._definitions:
                waiting |= self._definitions[name].free_symbols
            else:
                found.add(name)
        return found


def _written(event: Trigger) -> str:
    return f"{'at' if event.timed else 'when'} {text(event.condition)}"


def _other_way(event: Trigger) -> RxnError:
    message = f"'{_written(event)}' depends on t in another way than t > ..., which this sampler does not know"
    return RxnError("R610", message, event.origin, "compare t itself with a time")
