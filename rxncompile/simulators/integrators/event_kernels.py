"""The events of a System made ready for compiled solves: their kernels, known times, and derivatives."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import sympy as sp

from ...errors import RxnError
from ...expressions import text
from ...kernels.derivatives import (
    assignment_gradient_program,
    gradient_program,
    hurry_program,
    slope_program,
    trigger_gradient_program,
)
from ...kernels.program import SparseProgram, formula_program
from ...kernels.source import Kernel, compile_program
from ...system import System
from ..rate_equations.equations import Compiled, compiled
from ..rate_equations.events import event_targets
from ..rate_equations.instants import with_instants
from .moving import Moves
from .watching import _CHATTER, BAD_TIME, BAD_VALUE, ENDLESS, Watch


@dataclass(frozen=True)
class EventKernels:
    """Of a System that has events. Raises R610 for a condition `t == ...` of what states decide."""

    system: System

    @cached_property
    def _extended(self) -> Compiled:
        return compiled(with_instants(self.system).system)

    @cached_property
    def known(self) -> tuple[tuple[int, sp.Expr], ...]:
        """(event, time as a formula of parameters) of events at known times; then (-1, formula) of moments."""
        settled = {c.symbol for c in self.system.parameters}
        found = []
        for e, event in enumerate(self.system.events):
            if event.timed and (formula := _expanded(self.system, event.condition)).free_symbols <= settled:
                found.append((e, formula))
        return (*found, *((-1, _expanded(self.system, f)) for f in with_instants(self.system).formulas))

    @cached_property
    def _clock(self) -> Kernel:
        return compile_program(formula_program(self.system, [formula for _, formula in self.known]))

    @cached_property
    def _clock_slopes(self) -> tuple[Kernel, SparseProgram]:
        found = gradient_program(self.system, [formula for _, formula in self.known])
        return compile_program(found.program), found

    @cached_property
    def _margin_slopes(self) -> tuple[Kernel, SparseProgram]:
        found = trigger_gradient_program(self._extended.system)
        return compile_program(found.program), found

    @cached_property
    def _assignment_slopes(self) -> tuple[tuple[Kernel, SparseProgram], ...]:
        found = [assignment_gradient_program(self.system, event) for event in self.system.events]
        return tuple((compile_program(f.program), f) for f in found)

    @cached_property
    def _slope(self) -> Kernel | None:
        program = slope_program(self.system)
        return compile_program(program) if program else None

    @cached_property
    def _hurry(self) -> tuple[Kernel, SparseProgram]:
        found = hurry_program(self.system)
        return compile_program(found.program), found

    def watch(self) -> Watch:
        """Addresses, and room for one thread."""
        system, model = self.system, self._extended
        events, known = system.events, self.known
        owner = np.array([e for e, _ in known], dtype=np.int64)
        watched = np.ones(len(events), dtype=bool)
        watched[owner[owner >= 0]] = False
        index = {s.symbol: i for i, s in enumerate(system.states)}
        targets = [event_targets(system, event, index) for event in events]
        first = np.concatenate([[0], np.cumsum([len(t) for t in targets])]).astype(np.int64)
        some, size, line = bool(watched.any()), len(events), np.zeros
        return Watch(
            self._clock.address,
            model.truths.address if some else 0,
            model.margins.address if some else 0,
            np.array([kernel.address for kernel in model.assignments], dtype=np.int64),
            first,
            np.concatenate(targets).astype(np.int64),
            owner,
            watched,
            int((owner < 0).sum()),
            line(len(known)),
            line(len(model.system.parameters)),
            np.zeros(size, dtype=bool),
            np.zeros(size, dtype=bool),
            line(size),
            line(size),
            line(int(np.diff(first).max(initial=1))),
            line(len(system.states)),
            line((size, _CHATTER)),
            np.zeros(size, dtype=np.int64),
            np.zeros(1, dtype=np.int64),
        )

    def moves(self, stages: int) -> Moves:
        """Addresses of derivatives, and room for one thread, of a method of so many stages."""
        n, p = len(self.system.states), len(self.system.parameters)
        clock, clock_program = self._clock_slopes
        margin, margin_program = self._margin_slopes
        last = n + len(self._extended.system.parameters)
        columns = np.array(margin_program.columns, dtype=np.int64)
        columns[columns == last] = n + p  # of moments nothing is left: a condition compares them with t alone
        assign = self._assignment_slopes
        sizes = [len(program.rows) for _, program in assign]
        hurry, hurry_rows = (self._hurry[0].address, self._hurry[1].rows) if self._slope else (0, ())
        whole, line = np.int64, np.zeros
        most = max([1, len(clock_program.rows), len(margin_program.rows), len(hurry_rows), *sizes])
        return Moves(
            self._slope.address if self._slope else 0,
            hurry,
            np.array(hurry_rows, dtype=whole),
            clock.address,
            np.array(clock_program.rows, dtype=whole),
            np.array(clock_program.columns, dtype=whole) - n,
            margin.address,
            np.array(margin_program.rows, dtype=whole),
            columns,
            np.array([kernel.address for kernel, _ in assign], dtype=whole),
            np.concatenate([[0], np.cumsum(sizes)]).astype(whole),
            np.concatenate([np.array(f.rows, dtype=whole) for _, f in assign]),
            np.concatenate([np.array(f.columns, dtype=whole) for _, f in assign]),
            line(most),
            line(n),
            line(n),
            line(n),
            line((2, stages, n)),
            line(n),
            line(n + p + 1),
        )

    def not_smooth(self, code: int) -> RxnError:
        """What a replay that ended with a code of `event_replay` says."""
        grazes = code % 2 == 1
        event = self.system.events[(-code - (1 if grazes else 2)) // 2]
        name = f"{'at' if event.timed else 'when'} {text(event.condition)}"
        if grazes:
            message = f"the event '{name}' grazes: its condition is reached at no speed, so its time has no derivative"
            return RxnError("R618", message, event.origin, "other parameters may cross it")
        message = f"the event '{name}' is at the very start, and its time depends on parameters"
        return RxnError("R618", message, event.origin, "begin a little earlier")

    def fault(self, code: int, event: int, t: float) -> RxnError:
        """What a solve that ended with a code of `watching` says."""
        found = self.system.events[event]
        if code == BAD_TIME:
            return RxnError("R601", f"the time of an event of {self.system.name} is not a number", found.origin)
        if code == ENDLESS:
            message = f"the event 'when {text(found.condition)}' fires without end at t = {t:.9g}"
            return RxnError("R607", message, found.origin, "let its assignment lead well away from its condition")
        assert code == BAD_VALUE
        labels = ", ".join(name.name for name, _ in found.assignments)
        return RxnError("R601", f"an event gives {labels} a value that is not finite at t = {t:.9g}", found.origin)


def _expanded(system: System, formula: sp.Basic) -> sp.Expr:
    for name, definition in reversed(tuple(system.definitions)):
        formula = formula.xreplace({name: definition})
    return formula
