"""The event loop in lanes for large networks: propensities into rows, then a search in every lane.

    c_r = a_1 + ... + a_r in a row each, by internal functions of bounded size; the reaction is the number of
    c_r <= u A, found by bisection; its changes are read from a table.

The same operations in the same order as the straight loop, so the same trajectories to the last bit. The cost of an
event grows linearly with the number of reactions, as every propensity is computed anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .emit import Emitter, hexadecimal
from .graph import Op
from .lanes_rows import (
    GROUP,
    SPECIES,
    LaneEmitter,
    LoopText,
    Moves,
    RunningSums,
    halted_time,
    next_draws,
    next_event,
    varying,
)
from .program import Program

PART = 150  # operations of one internal function: compilers take more than linear time for one long function
FIXED = 200  # values that parameters alone decide, of one internal function

_ATTRIBUTES = "attributes #2 = { nounwind noinline }"


def search_loop(program: Program, moves: Moves, width: int, watching: bool = False) -> LoopText:
    """One event of every lane; states, propensities and what parameters decide lie in rows."""
    plan = _Plan(program, width)
    emit = LaneEmitter(program.nodes, width)
    emit.lines += [f"  call void @rates{i}(ptr %state)" for i in range(len(plan.parts))]
    total = emit.load(plan.sums + len(moves) - 1, emit.real)
    least = emit.load(plan.least, emit.real)
    aim = next_event(emit, total, least, watching)
    emit.store(plan.aim, emit.real, aim)
    emit.lines += _fire(len(moves), plan, width)
    carried = next_draws(emit)  # after the moves, which need a while before whole rows can be read again
    step = emit.take()
    carried.append(halted_time(emit, watching))
    entry = [f"  call void @fixed{i}(ptr %state, ptr %p)" for i in range(0, len(plan.fixed), FIXED)]
    functions = [*plan.functions(), *_tables(moves, width), _ATTRIBUTES]
    return LoopText(entry, [], step, emit.take(), carried, plan.rows, "fired", tuple(functions))


@dataclass
class _Part:
    """The outputs of one internal function, the nodes it computes, and those it must keep for later ones."""

    outputs: range
    nodes: list[int]
    kept: list[int]


class _Plan:
    """Which function computes what, and where everything lies."""

    def __init__(self, program: Program, width: int) -> None:
        self.program, self.width = program, width
        self.nodes, self.varies = program.nodes, varying(program)
        self.slots: dict[int, int] = {}
        self.parts = self._divide()
        read = {a for n, v in enumerate(self.varies) if v for a in self.nodes[n].args} | set(program.outputs)
        fixed = [n for n in sorted(read) if not self.varies[n] and self.nodes[n].op is not Op.CONST]
        self.fixed = {n: i for i, n in enumerate(fixed)}
        self.sums = SPECIES + program.n_states
        self.least = self.sums + len(program.outputs)
        self.aim = self.least + 1
        self.slot = self.aim + 1
        self.constants = self.slot + len(self.slots)
        self.rows = self.constants + -(-len(fixed) // width)

    def _divide(self) -> list[_Part]:
        """Outputs in order, each part of about PART operations; a value needed later is kept if it costs anything."""
        outputs = self.program.outputs
        home: dict[int, _Part] = {}
        parts: list[_Part] = []
        size = PART
        for r, output in enumerate(outputs):
            if size >= PART and r % GROUP == 0:
                parts.append(_Part(range(r, r), [], []))
                size = 0
            part = parts[-1]
            part.outputs = range(part.outputs.start, r + 1)
            found, stack = set(part.nodes), [output]
            while stack:
                n = stack.pop()
                if n in found or not self.varies[n] or self.nodes[n].op is Op.STATE or n in self.slots:
                    continue
                if n in home and home[n] is not part and not self._cheap(n):
                    self.slots[n] = len(self.slots)
                    home[n].kept.append(n)
                    continue
                found.add(n)
                home.setdefault(n, part)
                size += max(1, len(self.nodes[n].args) - 1)
                stack += self.nodes[n].args
            size += 3
            part.nodes = sorted(found)
        return parts

    def _cheap(self, n: int) -> bool:
        """Whether a value is computed again rather than kept: truth values, and one operation on what lies ready."""
        op, args, _ = self.nodes[n]
        if Op.LT <= op <= Op.NOT:
            return True
        ready = all(self.nodes[a].op is Op.STATE or not self.varies[a] for a in args)
        return op in (Op.ADD, Op.MUL, Op.NEG) and len(args) <= 2 and ready

    # -- text ----------------------------------------------------------------------------------------

    def functions(self) -> list[str]:
        lines: list[str] = []
        for i, part in enumerate(self.parts):
            lines += [f"define internal void @rates{i}(ptr %state) #2 {{", *self._rates(part), "  ret void", "}"]
        roots = list(self.fixed)
        for first in range(0, len(roots), FIXED):
            head = f"define internal void @fixed{first}(ptr %state, ptr %p) #2 {{"
            lines += [head, *self._fixed(roots[first : first + FIXED]), "  ret void", "}"]
        return lines

    def _rates(self, part: _Part) -> list[str]:
        emit = LaneEmitter(self.nodes, self.width)
        computed = set(part.nodes)
        for n in part.nodes:
            self._name(emit, [a for a in self.nodes[n].args if a not in computed])
            emit.emit([n])
            if n in part.kept:
                emit.store(self.slot + self.slots[n], emit.real, emit.names[n])
        outputs = self.program.outputs
        first = part.outputs.start
        sums = RunningSums(emit, first, emit.load(self.sums + first - 1, emit.real) if first else "")
        least = emit.load(self.least, emit.real) if first else ""
        for r in part.outputs:
            self._name(emit, [outputs[r]])
            rate = emit.names[outputs[r]]
            emit.store(self.sums + r, emit.real, sums.add(rate))
            least = emit.less(rate, least) if r else rate
        emit.store(self.least, emit.real, least)
        return emit.lines

    def _name(self, emit: LaneEmitter, numbers: Iterable[int]) -> None:
        """Load values that the part does not compute."""
        for n in numbers:
            if n in emit.names:
                continue
            op, _, value = self.nodes[n]
            if n in self.slots:
                emit.names[n] = emit.load(self.slot + self.slots[n], emit.real)
            elif op is Op.STATE:
                emit.names[n] = emit.load(SPECIES + int(value), emit.real)
            elif op is Op.CONST:
                emit.names[n] = emit.constant(value)
            else:
                at = emit.line(f"getelementptr double, ptr {emit.at(self.constants)}, i64 {self.fixed[n]}")
                number = emit.spread("double", emit.line(f"load double, ptr {at}"))
                truth = Op.LT <= op <= Op.NOT
                emit.names[n] = emit.line(f"fcmp une {emit.real} {number}, zeroinitializer") if truth else number

    def _fixed(self, roots: list[int]) -> list[str]:
        """What parameters alone decide, as plain numbers; a truth value as 1 or 0."""
        emit = Emitter(self.nodes, 1)
        needed, stack = set(), list(roots)
        while stack:
            n = stack.pop()
            if n not in needed:
                needed.add(n)
                stack += self.nodes[n].args
        for n in sorted(needed):
            if self.nodes[n].op is Op.PARAM:
                at = emit.line(f"getelementptr double, ptr %p, i64 {int(self.nodes[n].value)}")
                emit.names[n] = emit.line(f"load double, ptr {at}")
            emit.emit([n])
        for n in roots:
            name = emit.names[n]
            if Op.LT <= self.nodes[n].op <= Op.NOT:
                name = emit.line(f"uitofp i1 {name} to double")
            at = emit.line(f"getelementptr double, ptr %state, i64 {self.constants * self.width + self.fixed[n]}")
            emit.lines.append(f"  store double {name}, ptr {at}")
        return emit.lines


def _fire(n_reactions: int, plan: _Plan, width: int) -> list[str]:
    """Every lane that did not stop finds its reaction and makes its moves; ends in the block `fired`."""
    emit = Emitter((), prefix="fire.")
    position, left = "0", n_reactions - 1
    while left:  # position counts the sums known to be <= aim; `left` more may follow
        half = max(left // 2, 1)
        middle = emit.line(f"add i64 {position}, {half - 1}")
        row = emit.line(f"mul i64 {middle}, {width}")
        at = emit.line(f"getelementptr double, ptr %fire.sums, i64 {row}")
        reached = emit.line(f"fcmp ole double {emit.line(f'load double, ptr {at}')}, %fire.aim")
        further = emit.line(f"add i64 {position}, {half}")
        position = emit.line(f"select i1 {reached}, i64 {further}, i64 {position}")
        left = left - half if left > 1 else 0
    return f"""\
  %halted = bitcast <{width} x i1> %stop to i{width}
  %firing = xor i{width} %halted, -1
  %firing.lanes = zext i{width} %firing to i64
  %none.fire = icmp eq i{width} %firing, 0
  br i1 %none.fire, label %fired, label %fire
fire:
  %fire.lanes = phi i64 [ %firing.lanes, %step ], [ %fire.rest, %made ]
  %fire.lane = call i64 @llvm.cttz.i64(i64 %fire.lanes, i1 true)
  %fire.less = sub i64 %fire.lanes, 1
  %fire.rest = and i64 %fire.lanes, %fire.less
  %fire.column = getelementptr double, ptr %state, i64 %fire.lane
  %fire.aim.at = getelementptr double, ptr %fire.column, i64 {plan.aim * width}
  %fire.aim = load double, ptr %fire.aim.at
  %fire.sums = getelementptr double, ptr %fire.column, i64 {plan.sums * width}
{chr(10).join(emit.lines)}
  %fire.from.at = getelementptr i32, ptr @moves.from, i64 {position}
  %fire.from = load i32, ptr %fire.from.at
  %fire.to.at = getelementptr i32, ptr %fire.from.at, i64 1
  %fire.to = load i32, ptr %fire.to.at
  %fire.still = icmp eq i32 %fire.from, %fire.to
  br i1 %fire.still, label %made, label %make
make:
  %move = phi i32 [ %fire.from, %fire ], [ %move.next, %make ]
  %move.row.at = getelementptr i32, ptr @moves.row, i32 %move
  %move.row = load i32, ptr %move.row.at
  %move.by.at = getelementptr double, ptr @moves.by, i32 %move
  %move.by = load double, ptr %move.by.at
  %move.at = getelementptr double, ptr %fire.column, i32 %move.row
  %move.old = load double, ptr %move.at
  %move.new = fadd double %move.old, %move.by
  store double %move.new, ptr %move.at
  %move.next = add i32 %move, 1
  %move.last = icmp eq i32 %move.next, %fire.to
  br i1 %move.last, label %made, label %make
made:
  %fire.done = icmp eq i64 %fire.rest, 0
  br i1 %fire.done, label %fired, label %fire
fired:""".split("\n")


def _tables(moves: Moves, width: int) -> list[str]:
    """The changes of all reactions as constants: where each begins, row offsets, amounts."""
    starts, rows, amounts = [0], [0], [0.0]  # one idle entry, so that no table is empty
    starts[0] = 1
    for pairs in moves:
        rows += [(SPECIES + state) * width for state, amount in pairs if amount]
        amounts += [float(amount) for _, amount in pairs if amount]
        starts.append(len(rows))
    return [
        _table("from", "i32", [str(i) for i in starts]),
        _table("row", "i32", [str(i) for i in rows]),
        _table("by", "double", [hexadecimal(a) for a in amounts]),
    ]


def _table(name: str, kind: str, values: list[str]) -> str:
    entries = ", ".join(f"{kind} {value}" for value in values)
    return f"@moves.{name} = internal constant [{len(values)} x {kind}] [{entries}]"
