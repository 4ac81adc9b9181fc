"""Blocks of trajectories of a jump process: the event loop in lanes bound to a System, and its faults as errors."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from threading import Event

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from ...errors import RxnError
from ...expressions import TIME
from ...kernels.graph import Op
from ...kernels.lanes import lanes_text
from ...kernels.lanes_block import FIELDS, field
from ...kernels.lanes_rows import SINCE, SPECIES, TRAJECTORY
from ...kernels.lanes_rows import TIME as TIME_ROW
from ...kernels.program import Program, formula_program, propensity_program
from ...kernels.store import Compiled as Code
from ...kernels.store import compile_text, vector_width
from ...system import System, as_expr
from ..arrays import Values
from ..pool import StoppedError
from ..rate_equations.equations import Function, compiled
from .counts import Counts
from .jump_events import jump_events, uncounted
from .jump_faults import EXACT, SUSPICIOUS, Place, beyond, impossible, spent, stalled, wrong_event
from .method import Method
from .streams import Streams

_SLICE = 1 << 22  # operations of a lane between two looks at the outside, about a twentieth of a second
_LARGEST_MOVE = 1 << 40

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Lanes:
    """Machine code of a System's event loop: its entry, its table's size, and how many steps one call may make.

    No count can leave the range of exact whole numbers within a call that begins with all counts below `limit`.
    `fault` is the row of faults in events, if there are any; `counted[i]` whether state i is a count.
    """

    advance: Callable[[int, int, int, int], int]
    width: int
    rows: int
    steps: int
    limit: float
    fault: int | None
    counted: NDArray[np.bool_]
    code: Code


def lanes(system: System) -> Lanes | None:
    """The event loop of a System, with as many lanes as this host's registers; None where nothing can happen.

    Raises R506 and R508 for systems that cannot be compiled, R501 for an event that assigns no state, R610 for what
    this sampler does not simulate: continuous terms, propensities that depend on time, events that come true at
    times that cannot be told beforehand.
    """
    return _lanes(system, vector_width())


@lru_cache(maxsize=32)
def _lanes(system: System, width: int) -> Lanes | None:
    refuse_continuous(system)
    events = jump_events(system)
    if not system.jumps and events is None:
        return None
    program = propensity_program(system) if system.jumps else formula_program(system, [sp.S.Zero])
    _refuse_time(system, program)
    place = {state.symbol: i for i, state in enumerate(system.states)}
    moves = [[(place[moved], amount) for moved, amount in jump.change] for jump in system.jumps] or [[]]
    largest = max((abs(amount) for pairs in moves for _, amount in pairs), default=1) or 1
    if largest > _LARGEST_MOVE:
        jump = next(j for j in system.jumps if any(abs(a) == largest for _, a in j.change))
        raise RxnError("R608", f"reaction {jump.name!r} changes a count by {largest}", jump.origin)
    steps = max(1, min(_SLICE // (1 + len(program.nodes) // 4), int(EXACT / 2) // largest))
    limit = EXACT - steps * largest
    made = lanes_text(program, moves, width, len(system.outputs), events.plan(limit) if events else None)
    code = compile_text(made.text)
    real = uncounted(system)
    counted = np.array([s.symbol not in real for s in system.states], dtype=bool)
    call = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * 4)(code.address("advance"))
    return Lanes(call, width, made.rows, steps, limit, made.fault, counted, code)


def refuse_continuous(system: System) -> None:
    """Raise R610 where something moves between jumps."""
    moved = [s.label for s, drift in zip(system.states, system.drift, strict=True) if as_expr(drift) != 0]
    if moved:
        raise RxnError(
            "R610", f"{system.name} moves {', '.join(moved)} continuously, which jumps alone cannot simulate",
            hint="integrate solves the whole system; reactions with rate laws instead of ODE terms can be sampled",
        )  # fmt: skip


def _refuse_time(system: System, program: Program) -> None:
    timed: list[bool] = []
    for node in program.nodes:
        timed.append(node.op is Op.TIME or any(timed[a] for a in node.args))
    for jump, output in zip(system.jumps, program.outputs, strict=False):
        if timed[output]:
            raise RxnError(
                "R610", f"the propensity of {jump.name!r} depends on {TIME.name}, unknown to the direct sampler",
                jump.origin, "rejection knows it",
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Batch:
    """What all blocks of a call share: system, machine code, parameters, times, starts, streams, event budget.

    The known times of events stand after the parameters, see `jump_events`.
    """

    system: System
    lanes: Lanes | None
    parameters: Values
    times: Values
    counts: Counts
    streams: Streams
    max_events: int

    @property
    def method(self) -> str:
        """What a result records."""
        return Method.DIRECT.value

    @property
    def columns(self) -> int:
        """The length of a row: states, then outputs."""
        return len(self.system.states) + len(self.system.outputs)

    def run(self, first: int, rows: Values, stop: Event, report: Callable[[int], object] = int) -> Integers:
        """Trajectories first, first + 1, ... into `rows` (count, T, columns), contiguous; gives their event counts.

        Calls `report(done)` from time to time. Raises R601, R602, R606 to R609 as `sample`, and StoppedError once
        `stop` is set, with rows unfinished.
        """
        count = len(rows)
        if self.lanes is None or (len(self.times) == 1 and not self.system.events):
            self._stay(first, rows)
            return np.zeros(count, dtype=np.int64)
        return _Block(self, self.lanes, first, rows).run(stop, report)

    def _stay(self, first: int, rows: Values) -> None:
        """Nothing happens: the initial counts at all times, with their outputs."""
        n = len(self.system.states)
        rows[:, :, :n] = self.counts.of(self.streams, first, len(rows))[:, np.newaxis]
        if self.system.outputs:
            outputs = Function(compiled(self.system).outputs, self.parameters)
            for row in rows:
                for time, line in zip(self.times, row, strict=True):
                    line[n:] = outputs(float(time), line[:n])


class _Block:
    """One block at work: its header, its table of lanes, and the arrays that machine code writes to."""

    def __init__(self, batch: Batch, code: Lanes, first: int, rows: Values) -> None:
        self.batch, self.code, self.first, self.rows, self.count = batch, code, first, rows, len(rows)
        whole = np.zeros(code.rows * code.width + 8)
        begin = -whole.ctypes.data % 64 // 8
        self.table = whole[begin : begin + code.rows * code.width].reshape(code.rows, code.width)
        self.header = np.zeros(len(FIELDS), dtype=np.int64)
        self.events = np.zeros(self.count + 1, dtype=np.int64)
        # one trajectory more than there are, for lanes that would stand idle
        words = batch.streams.words(first, self.count + 1)
        initial = batch.counts.of(batch.streams, first, self.count + 1)
        spare = np.empty(rows.shape[1:])
        times = np.append(batch.times, np.inf)  # the time after the last is looked at, and never reached
        self._alive = (whole, words, initial, spare, times)
        outputs = compiled(batch.system).outputs.address if batch.system.outputs else 0
        values = {
            "p": batch.parameters.ctypes.data, "times": times.ctypes.data, "rows": rows.ctypes.data,
            "spare": spare.ctypes.data, "words": words.ctypes.data, "initial": initial.ctypes.data,
            "counts": self.events.ctypes.data, "outputs": outputs,
            "stride": initial.shape[1] if len(initial) > 1 else 0, "n_times": len(batch.times), "n": self.count,
        }  # fmt: skip
        for name, value in values.items():
            self.header[field(name)] = value
        if np.abs(initial[:, code.counted]).max(initial=0.0) > code.limit:
            raise RxnError("R608", f"an initial count of {batch.system.name} is beyond the exact whole numbers")

    def run(self, stop: Event, report: Callable[[int], object]) -> Integers:
        code, done = self.code, field("done")
        fresh = (1 << code.width) - 1
        while self.header[done] < self.count:
            if stop.is_set():
                raise StoppedError
            bad = code.advance(self.header.ctypes.data, self.table.ctypes.data, code.steps, fresh)
            fresh = 0
            for lane in range(code.width):
                if bad >> lane & 1:
                    if self._is_spare(lane):
                        fresh |= 1 << lane
                    else:
                        self._impossible(lane)
            self._check()
            report(int(self.header[done]))
        return self.events[: self.count]

    # -- what can go wrong ---------------------------------------------------------------------------

    def _is_spare(self, lane: int) -> bool:
        return bool(self._integers(TRAJECTORY)[lane] >= self.count)

    def _integers(self, row: int) -> Integers:
        return self.table[row].view(np.int64)

    def _check(self) -> None:
        """Counts and event budgets of all lanes, and of the trajectories that have ended."""
        batch, n = self.batch, len(self.batch.system.states)
        large = (np.abs(self.table[SPECIES : SPECIES + n]) > self.code.limit) & self.code.counted[:, np.newaxis]
        for state, lane in np.argwhere(large).tolist():
            if not self._is_spare(lane):
                k, (t, counts) = int(self._integers(TRAJECTORY)[lane]), self._where(lane)
                raise beyond(self._place(k, t, counts), state)
        made = int(self.header[field("clock")]) - self._integers(SINCE)
        for lane in np.flatnonzero(made > min(batch.max_events, SUSPICIOUS)).tolist():
            if not self._is_spare(lane):
                k, (t, counts) = int(self._integers(TRAJECTORY)[lane]), self._where(lane)
                if made[lane] > batch.max_events:
                    raise spent(self._place(k, t, counts), batch.max_events)
                if (error := stalled(self._place(k, t, counts))) is not None:
                    raise error
        if (over := self.events[: self.count] > batch.max_events).any():
            k = int(np.argmax(over))
            raise spent(self._place(k, float(batch.times[-1]), self.rows[k, -1, :n]), batch.max_events)

    def _where(self, lane: int) -> tuple[float, Values]:
        n = len(self.batch.system.states)
        return float(self.table[TIME_ROW, lane]), self.table[SPECIES : SPECIES + n, lane].copy()

    def _place(self, k: int, t: float, state: Values) -> Place:
        return Place(self.batch.system, self.batch.parameters, self.first + k, t, state)

    def _impossible(self, lane: int) -> None:
        k, (t, state), code = int(self._integers(TRAJECTORY)[lane]), self._where(lane), self.code
        if code.fault is not None and (fault := int(self._integers(code.fault)[lane])):
            raise wrong_event(self._place(k, t, state), fault, code.counted.tolist(), code.limit)
        raise impossible(self._place(k, t, state))
