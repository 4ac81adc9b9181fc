"""Events between the jumps of trajectories in lanes: conditions watched in lock step, assignments lane by lane.

Between two jumps nothing moves, so a condition changes only at a jump, at another event, or at a time that it
compares the clock with: its threshold. Every step looks at all conditions at the counts the last jump has left. A
lane where one has become true stops there and drops the waiting time it has drawn, as does one that comes to a
threshold, which is right because waiting times are memoryless; then `@settle` works on it alone:

    repeat: fire the events that are due or have become true, in declared order, until there are none

Each event sees what the one before has left, and what they make true fires next, at the same time.
"""

from __future__ import annotations

from dataclasses import dataclass

from .emit import Emitter, hexadecimal
from .graph import Op
from .lanes_rows import SPECIES, TIME, Carried, LaneEmitter, varying
from .program import Program

ENDLESS = 20  # times that one event may fire at one time

_WORD = 63  # conditions of one row of bits
_INFINITE = hexadecimal(float("inf"))


@dataclass(frozen=True, slots=True)
class EventPlan:
    """The events of a jump process as its sampler needs them, each by its place e.

    `watched` are the events with conditions, `conditions` says which hold. `due[e]` is the place among the parameters
    of the time of an event with a known time. `thresholds` are the times at which anything may happen by itself,
    `after[j]` where it happens at the next number after the threshold, as t > c does. `assignments[e]` gives new
    values to the states `targets[e]`, which in the states `counted` must be whole, from 0 to `limit`.
    """

    watched: tuple[int, ...]
    conditions: Program
    due: tuple[int | None, ...]
    thresholds: Program
    after: tuple[bool, ...]
    assignments: tuple[Program, ...]
    targets: tuple[tuple[int, ...], ...]
    counted: frozenset[int]
    limit: float

    @property
    def words(self) -> int:
        """How many rows the bits of the conditions take."""
        return -(-len(self.watched) // _WORD)


@dataclass(frozen=True, slots=True)
class EventRows:
    """Where a lane keeps its events: a row for a fault, and from the next one on which conditions held last.

    A fault is 0, or 2 e + 1 where event e assigns what cannot be, 2 e + 2 where it fires without end.
    """

    fault: int
    words: int

    @property
    def rows(self) -> range:
        return range(self.fault + 1, self.fault + 1 + self.words)


@dataclass(frozen=True, slots=True)
class Watch:
    """Lines that look at the conditions: on entry, and in a step, which name `%rising`; where lanes stop; the bits."""

    entry: list[str]
    step: list[str]
    stop: list[str]
    carried: list[Carried]


def watch(plan: EventPlan, rows: EventRows, width: int, held: frozenset[int] = frozenset()) -> Watch:
    """The look at all conditions in a step; the counts in `held` are in registers, the others in their rows."""
    program = plan.conditions
    emit = LaneEmitter(program.nodes, width, "w")
    varies = varying(program)
    for n, node in enumerate(program.nodes):
        if node.op is Op.PARAM:
            at = emit.line(f"getelementptr double, ptr %p, i64 {int(node.value)}")
            emit.names[n] = emit.spread("double", emit.line(f"load double, ptr {at}"))
        if not varies[n]:
            emit.emit([n])
    entry = emit.take()
    for n, node in enumerate(program.nodes):
        if node.op is Op.STATE:
            state = int(node.value)
            emit.names[n] = f"%x{state}" if state in held else emit.load(SPECIES + state, emit.real)
        elif node.op is Op.TIME:
            emit.names[n] = "%t"
        emit.emit([n])
    whole, nothing = emit.whole, "zeroinitializer"
    now, rising = [], nothing
    for k in range(plan.words):
        word = nothing
        for bit, output in enumerate(program.outputs[k * _WORD : (k + 1) * _WORD]):
            one = emit.splat("i64", str(1 << bit))
            truth = f"{emit.truth} {emit.names[output]}, {whole} {one}, {whole} {nothing}"
            chosen = emit.line(f"select {truth}")
            word = emit.line(f"or {whole} {word}, {chosen}") if bit else chosen
        was_not = emit.line(f"xor {whole} %was{k}, {emit.splat('i64', '-1')}")
        new = emit.line(f"and {whole} {word}, {was_not}")
        rising = emit.line(f"or {whole} {rising}, {new}") if k else new
        now.append(word)
    emit.lines.append(f"  %rising = icmp ne {whole} {rising}, {nothing}")
    step = emit.take()
    carried = []
    for k, (row, word) in enumerate(zip(rows.rows, now, strict=True)):
        kept = emit.line(f"select {emit.truth} %rising, {whole} %was{k}, {whole} {word}")
        carried.append(Carried(f"was{k}", row, whole, word, kept))
    return Watch(entry, step, emit.take(), carried)


def settle_text(plan: EventPlan, rows: EventRows, width: int) -> list[str]:
    """Text of `double @settle(column, p, by_time)`: all events of one lane, at its time.

    `by_time` where the lane came to this time by itself, so that events may be due. Returns the lane's next threshold,
    and leaves a fault in its row.
    """
    return _Settle(plan, rows, width).text()


class _Settle:
    """The lines of `@settle`; every block reads states from the lane's column, as events change them."""

    def __init__(self, plan: EventPlan, rows: EventRows, width: int) -> None:
        self.plan, self.rows, self.width = plan, rows, width
        self.n = len(plan.assignments)
        self.due = [e for e in range(self.n) if plan.due[e] is not None]
        self.lines: list[str] = []

    def text(self) -> list[str]:
        self._begin()
        firing = self._round()
        for e in range(self.n):
            self._try(e, firing[e])
        self._end()
        return self.lines

    def _begin(self) -> None:
        emit = self._emitter("b")
        emit.lines += ["define internal double @settle(ptr %column, ptr %p, i1 %by.time) #0 {", "entry:"]
        emit.lines.append(f"  %t = load double, ptr {self._at(emit, TIME)}")
        emit.lines.append("  %last = alloca i64")
        for k, row in enumerate(self.rows.rows):
            emit.lines.append(f"  %was{k}.in = load i64, ptr {self._at(emit, row)}")
        for e in self.due:
            time = self._parameter(emit, self.plan.due[e] or 0)
            here = emit.line(f"fcmp oeq double %t, {time}")
            emit.lines.append(f"  %due{e}.in = and i1 %by.time, {here}")
        emit.lines.append("  br label %round")

    def _round(self) -> list[str]:
        """What fires now: one name an event."""
        plan, emit = self.plan, self._emitter("r")
        emit.lines += ["round:", "  %n = phi i64 [ 0, %entry ], [ %n.next, %again ]"]
        for k in range(plan.words):
            emit.lines.append(f"  %was{k} = phi i64 [ %was{k}.in, %entry ], [ %now{k}, %again ]")
        emit.lines += [f"  %due{e} = phi i1 [ %due{e}.in, %entry ], [ false, %again ]" for e in self.due]
        emit.lines.append("  %n.next = add i64 %n, 1")
        truths = self._evaluate(emit, plan.conditions)
        firing = [f"%due{e}" for e in range(self.n)]
        for k in range(plan.words):
            word = "0"
            for bit, truth in enumerate(truths[k * _WORD : (k + 1) * _WORD]):
                wide = emit.line(f"zext i1 {truth} to i64")
                word = emit.line(f"or i64 {word}, {emit.line(f'shl i64 {wide}, {bit}')}")
            emit.lines.append(f"  %now{k} = add i64 {word}, 0")
            new = emit.line(f"and i64 {word}, {emit.line(f'xor i64 %was{k}, -1')}")
            for bit, e in enumerate(plan.watched[k * _WORD : (k + 1) * _WORD]):
                firing[e] = emit.line(f"icmp ne i64 {emit.line(f'and i64 {new}, {1 << bit}')}, 0")
        some = "false"
        for name in firing:
            some = emit.line(f"or i1 {some}, {name}")
        emit.lines.append(f"  br i1 {some}, label %try0, label %settled")
        return firing

    def _try(self, e: int, firing: str) -> None:
        """One event: its values, checked before any is assigned."""
        plan, emit = self.plan, self._emitter(f"e{e}.")
        onward = f"%try{e + 1}" if e + 1 < self.n else "%again"
        emit.lines += [f"try{e}:", f"  br i1 {firing}, label %fire{e}, label {onward}", f"fire{e}:"]
        values = self._evaluate(emit, plan.assignments[e])
        good = "true"
        for i, (state, value) in enumerate(zip(plan.targets[e], values, strict=True)):
            if state in plan.counted:
                whole = emit.line(f"call double @llvm.floor.f64(double {value})")
                tests = [f"oeq double {value}, {whole}", f"oge double {value}, 0.0"]
                tests.append(f"ole double {value}, {hexadecimal(plan.limit)}")
                values[i] = emit.line(f"fadd double {value}, 0.0")  # no zero below zero
            else:
                tests = [f"olt double {emit.line(f'call double @llvm.fabs.f64(double {value})')}, {_INFINITE}"]
            for test in tests:
                good = emit.line(f"and i1 {good}, {emit.line(f'fcmp {test}')}")
        emit.lines += [f"  br i1 {good}, label %set{e}, label %wrong{e}", f"wrong{e}:"]
        self._fail(emit, str(2 * e + 1))
        emit.lines.append(f"set{e}:")
        for state, value in zip(plan.targets[e], values, strict=True):
            emit.lines.append(f"  store double {value}, ptr {self._at(emit, SPECIES + state)}")
        emit.lines += [f"  store i64 {e}, ptr %last", f"  br label {onward}"]

    def _end(self) -> None:
        """Once more, without end, or done: then the next threshold."""
        plan, emit = self.plan, self._emitter("s")
        emit.lines.append("again:")
        emit.lines.append(f"  %endless = icmp uge i64 %n.next, {ENDLESS * self.n}")
        emit.lines += ["  br i1 %endless, label %stuck, label %round", "stuck:"]
        twice = emit.line(f"shl i64 {emit.line('load i64, ptr %last')}, 1")
        self._fail(emit, emit.line(f"add i64 {twice}, 2"))
        emit.lines.append("settled:")
        for k, row in enumerate(self.rows.rows):
            emit.lines.append(f"  store i64 %now{k}, ptr {self._at(emit, row)}")
        nearest = _INFINITE
        for time, after in zip(self._evaluate(emit, plan.thresholds), plan.after, strict=True):
            at = _next_number(emit, time) if after else time
            ahead = emit.line(f"fcmp ogt double {at}, %t")
            nearer = emit.line(f"fcmp olt double {at}, {nearest}")
            both = emit.line(f"and i1 {ahead}, {nearer}")
            nearest = emit.line(f"select i1 {both}, double {at}, double {nearest}")
        emit.lines += [f"  ret double {nearest}", "}"]

    # -- pieces --------------------------------------------------------------------------------------

    def _emitter(self, prefix: str) -> Emitter:
        emit = Emitter((), 1, prefix)
        emit.lines = self.lines
        return emit

    def _evaluate(self, emit: Emitter, program: Program) -> list[str]:
        """The outputs of a program at the lane's states, as they are now."""
        emit.nodes, emit.names = program.nodes, {}
        for n, node in enumerate(program.nodes):
            if node.op is Op.PARAM:
                emit.names[n] = self._parameter(emit, int(node.value))
            elif node.op is Op.STATE:
                emit.names[n] = emit.line(f"load double, ptr {self._at(emit, SPECIES + int(node.value))}")
            elif node.op is Op.TIME:
                emit.names[n] = "%t"
        emit.emit(range(len(program.nodes)))
        return [emit.names[n] for n in program.outputs]

    def _at(self, emit: Emitter, row: int) -> str:
        return emit.line(f"getelementptr i64, ptr %column, i64 {row * self.width}")

    def _parameter(self, emit: Emitter, index: int) -> str:
        return emit.line(f"load double, ptr {emit.line(f'getelementptr double, ptr %p, i64 {index}')}")

    def _fail(self, emit: Emitter, fault: str) -> None:
        emit.lines += [f"  store i64 {fault}, ptr {self._at(emit, self.rows.fault)}", f"  ret double {_INFINITE}"]


def _next_number(emit: Emitter, x: str) -> str:
    """The least double above a number."""
    plain = emit.line(f"fadd double {x}, 0.0")  # no zero below zero
    bits = emit.line(f"bitcast double {plain} to i64")
    upward = emit.line(f"fcmp oge double {plain}, 0.0")
    step = emit.line(f"select i1 {upward}, i64 1, i64 -1")
    return emit.line(f"bitcast i64 {emit.line(f'add i64 {bits}, {step}')} to double")
