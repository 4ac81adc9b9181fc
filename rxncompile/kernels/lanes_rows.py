"""What the event loops in lanes are written with: rows, running sums, the next event and the draws after it.

A lane's numbers are column `lane` of a table of rows, each `width` 8-byte entries. A loop draws the numbers of the
event after next before it decides whether to leave, so that leaving, which happens at every output time of every
lane, costs little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from .emit import Emitter
from .graph import Op
from .program import Program
from .random_lanes import RandomLanes

# Rows: generator words, the next event's unit waiting time and uniform, time, output time; then a lane's trajectory,
# its next output, where its next row is written, the step from which its events count; then the states.
WORDS, WAIT, PICK, TIME, UNTIL, TRAJECTORY, OUTPUT, CURSOR, SINCE, SPECIES = 0, 4, 5, 6, 7, 8, 9, 10, 11, 12

GROUP = 8  # propensities summed in one group, see `RunningSums`

# One reaction's (state, amount) pairs, for every reaction.
Moves: TypeAlias = Sequence[Sequence[tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class Carried:
    """A row that the loop carries: its name, place and type, its value after an event, and where a lane stops."""

    name: str
    place: int
    kind: str
    fired: str
    kept: str


@dataclass(frozen=True, slots=True)
class LoopText:
    """One kind of event loop: its lines on entry, when rows are loaded, for one event, and where lanes stop.

    `step` ends in the block `latch` with `%stop` known; `functions` stand beside; `rows` is the number of rows.
    A loop with events names `%rising`, and `fault` and `bits` are their rows, see `lanes_events`.
    """

    entry: list[str]
    load: list[str]
    step: list[str]
    stop: list[str]
    carried: list[Carried]
    rows: int
    latch: str = "step"
    functions: tuple[str, ...] = ()
    fault: int | None = None
    bits: tuple[int, ...] = ()


class LaneEmitter(Emitter):
    """An emitter of lanes that knows rows."""

    @property
    def whole(self) -> str:
        """The type of an integer here."""
        return f"<{self.width} x i64>"

    def take(self) -> list[str]:
        """The lines so far, leaving none."""
        lines, self.lines = self.lines, []
        return lines

    def spread(self, kind: str, name: str) -> str:
        """One number in every lane."""
        lanes = f"<{self.width} x {kind}>"
        first = self.line(f"insertelement {lanes} poison, {kind} {name}, i32 0")
        return self.line(f"shufflevector {lanes} {first}, {lanes} poison, <{self.width} x i32> zeroinitializer")

    def at(self, row: int, base: str = "%state") -> str:
        """The address of a row."""
        return self.line(f"getelementptr double, ptr {base}, i64 {row * self.width}") if row else base

    def load(self, row: int, kind: str, base: str = "%state") -> str:
        return self.line(f"load {kind}, ptr {self.at(row, base)}, align 32")

    def store(self, row: int, kind: str, value: str, base: str = "%state") -> None:
        self.lines.append(f"  store {kind} {value}, ptr {self.at(row, base)}, align 32")

    def less(self, a: str, b: str) -> str:
        """The smaller of two numbers."""
        below = self.line(f"fcmp olt {self.real} {a}, {b}")
        return self.line(f"select {self.truth} {below}, {self.real} {a}, {self.real} {b}")


def varying(program: Program) -> list[bool]:
    """Whether each node depends on the states or time."""
    result: list[bool] = []
    for node in program.nodes:
        result.append(node.op in (Op.STATE, Op.TIME) or any(result[a] for a in node.args))
    return result


class RunningSums:
    """c_r = a_1 + ... + a_r in groups of GROUP: (sum up to the group) + (sum within it), for a short chain of adds.

    As good as the plain order: rounding is monotone, so c never falls, and a propensity of 0 adds nothing.
    """

    def __init__(self, emit: LaneEmitter, begun: int = 0, base: str = "") -> None:
        self._emit, self._count = emit, begun
        self._base, self._local, self.last = base, "", base

    def add(self, rate: str) -> str:
        """The sum with one more propensity. A group must be begun where `begun` is a multiple of GROUP."""
        real = self._emit.real
        if self._count % GROUP == 0:
            self._base, self._local = self.last, rate
        else:
            self._local = self._emit.line(f"fadd {real} {self._local}, {rate}")
        self.last = self._emit.line(f"fadd {real} {self._base}, {self._local}") if self._base else self._local
        self._count += 1
        return self.last


def next_event(emit: LaneEmitter, total: str, least: str, watching: bool = False) -> str:
    """Name `%after`, `%impossible` and `%stop` from the total propensity and the least one; gives u A.

    Where conditions are watched, the lanes `%rising` stop before anything else is looked at.
    """
    real, truth, lines = emit.real, emit.truth, emit.lines
    interval = emit.line(f"fdiv {real} %wait, {total}")
    lines.append(f"  %after = fadd {real} %t, {interval}")
    aim = emit.line(f"fmul {real} %pick, {total}")
    negative = emit.line(f"fcmp olt {real} {least}, {emit.constant(0.0)}")
    infinite = emit.line(f"fcmp oeq {real} {total}, {emit.constant(float('inf'))}")
    passed = emit.line(f"fcmp ugt {real} %after, %until")  # also where it is not a number
    lines.append(f"  %impossible = or {truth} {negative}, {infinite}")
    if watching:
        passed = emit.line(f"or {truth} {passed}, %rising")
    lines.append(f"  %stop = or {truth} {passed}, %impossible")
    return aim


def next_draws(emit: LaneEmitter) -> list[Carried]:
    """Draw the waiting time and the uniform of the event after the next."""
    random = RandomLanes(emit, [f"%s{i}" for i in range(4)])
    wait = random.waiting_time(random.draw())
    pick = random.uniform(random.draw())
    carried = [Carried(f"s{i}", WORDS + i, emit.whole, w, w) for i, w in enumerate(random.words)]
    return [*carried, Carried("wait", WAIT, emit.real, wait, wait), Carried("pick", PICK, emit.real, pick, pick)]


def halted_time(emit: LaneEmitter, watching: bool = False) -> Carried:
    """The time row: a stopped lane is at its output time, or where it was if it cannot go on (`%bad`).

    It is where it was, too, where a condition has become true.
    """
    real, truth = emit.real, emit.truth
    lost = emit.line(f"fcmp uno {real} %after, %after")
    here = "%bad"
    if watching:
        here = emit.line(f"or {truth} %impossible, {lost}")
        here = emit.line(f"or {truth} {here}, %rising")
        emit.lines.append(f"  %bad = xor {truth} {here}, %rising")
    else:
        emit.lines.append(f"  %bad = or {truth} %impossible, {lost}")
    halt = emit.line(f"select {truth} {here}, {real} %t, {real} %until")
    kept = emit.line(f"select {truth} %stop, {real} {halt}, {real} %after")
    return Carried("t", TIME, real, "%after", kept)
