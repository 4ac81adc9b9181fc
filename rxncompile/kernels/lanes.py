"""The event loop in lanes: Gillespie's direct method over trajectories in lock step, as LLVM text.

    a_r = propensity of reaction r at a lane's counts, c_r = a_1 + ... + a_r, A = c_R
    t <- t + e/A,  e unit exponential;  reaction r fires where c_(r-1) <= u A < c_r,  u uniform     Gillespie 1977

Every lane is a trajectory with a generator of its own, and every operation is one lane's alone, so its numbers depend
neither on the number of lanes nor on its neighbours. A lane whose next event would pass its output time is
recorded and set to that time, and the event it had drawn is dropped, which is right because waiting times are
memoryless. A lane with A = 0 draws an infinite time and so passes.

Here small networks: straight lines of code that branch on no lane, the reaction found by comparing with all c_r,
the counts changed by masked sums. `lanes_search` has the loop for large ones, `lanes_block` what both stand in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from .emit import Emitter, declarations
from .graph import Op
from .lanes_block import block_text
from .lanes_events import EventPlan, EventRows, settle_text, watch
from .lanes_rows import (
    SPECIES,
    Carried,
    LaneEmitter,
    LoopText,
    Moves,
    RunningSums,
    halted_time,
    next_draws,
    next_event,
    varying,
)
from .lanes_search import search_loop
from .program import Program

# Reactions from which on a search for the reaction is quicker than comparing with all: a measured, fixed rule.
MANY = 64


@dataclass(frozen=True, slots=True)
class LanesText:
    """Text of the kernel `i64 @advance(block, state, steps, fresh)`, see `lanes_block`, and the rows it needs."""

    text: str
    rows: int
    fault: int | None = None


def lanes_text(
    program: Program, moves: Moves, width: int, n_outputs: int = 0, events: EventPlan | None = None
) -> LanesText:
    """The sampler of a network: `program` gives the propensities, `moves[r]` what reaction r does to the states.

    `width` is a power of two, at most 16; `n_outputs` values follow the states in every recorded row.
    """
    many = len(moves) >= MANY
    loop = (search_loop if many else straight_loop)(program, moves, width, events is not None and events.words > 0)
    if events is not None:
        held = frozenset() if many else frozenset(state for pairs in moves for state, _ in pairs)
        loop = _with_events(loop, events, width, held)
    block = block_text(loop, width, program.n_states, n_outputs)
    return LanesText("\n".join([block, *loop.functions, *declarations(width), ""]), loop.rows, loop.fault)


def _with_events(loop: LoopText, events: EventPlan, width: int, held: frozenset[int]) -> LoopText:
    """The loop with a look at all conditions before each step, and the function that fires events."""
    rows = EventRows(loop.rows, events.words)
    loop = replace(
        loop, fault=rows.fault, bits=tuple(rows.rows), rows=rows.rows.stop,
        functions=(*loop.functions, *settle_text(events, rows, width)),
    )  # fmt: skip
    if not events.words:
        return loop
    look = watch(events, rows, width, held)
    return replace(
        loop, entry=[*loop.entry, *look.entry], step=[*look.step, *loop.step], stop=[*look.stop, *loop.stop],
        carried=[*loop.carried, *look.carried],
    )  # fmt: skip


def straight_loop(program: Program, moves: Moves, width: int, watching: bool = False) -> LoopText:
    """One event of every lane as straight lines; every row of states that events change stays in registers."""
    emit = LaneEmitter(program.nodes, width)
    changed = sorted({state for pairs in moves for state, _ in pairs})
    entry, load = _before(program, emit, changed)
    emit.emit(n for n, varies in enumerate(varying(program)) if varies)
    rates = [emit.names[n] for n in program.outputs]
    running, least = RunningSums(emit), rates[0]
    sums = [running.add(rate) for rate in rates]
    for rate in rates[1:]:
        least = emit.less(rate, least)
    aim = next_event(emit, sums[-1], least, watching)
    carried = next_draws(emit)
    later = [emit.line(f"fcmp oge {emit.real} {aim}, {c}") for c in sums[:-1]]
    moved = {state: _moved(emit, state, [dict(pairs).get(state, 0) for pairs in moves], later) for state in changed}
    step = emit.take()
    carried.append(halted_time(emit, watching))
    for state, value in moved.items():
        kept = emit.line(f"select {emit.truth} %stop, {emit.real} %x{state}, {emit.real} {value}")
        carried.append(Carried(f"x{state}", SPECIES + state, emit.real, value, kept))
    return LoopText(entry, load, step, emit.take(), carried, SPECIES + program.n_states)


def _before(program: Program, emit: LaneEmitter, changed: list[int]) -> tuple[list[str], list[str]]:
    """What parameters alone decide, computed once as plain numbers and spread; loads of states that no jump changes.

    These are loaded again after every start of a trajectory: they may begin differently.
    """
    nodes, varies = program.nodes, varying(program)
    fixed = Emitter(nodes, 1, "f")
    for n, node in enumerate(nodes):
        index = int(node.value)
        if node.op is Op.PARAM:
            at = fixed.line(f"getelementptr double, ptr %p, i64 {index}")
            fixed.names[n] = fixed.line(f"load double, ptr {at}")
        elif node.op is Op.STATE and index in changed:
            emit.names[n] = f"%x{index}"
    fixed.emit(n for n, v in enumerate(varies) if not v)
    read = {a for n, v in enumerate(varies) if v for a in nodes[n].args} | set(program.outputs)
    for n in sorted(read):
        if nodes[n].op is Op.CONST:
            emit.names[n] = emit.constant(nodes[n].value)
        elif not varies[n]:
            emit.names[n] = emit.spread("i1" if Op.LT <= nodes[n].op <= Op.NOT else "double", fixed.names[n])
    entry = fixed.lines + emit.take()
    for n, node in enumerate(nodes):
        if node.op is Op.STATE and n not in emit.names:
            emit.names[n] = emit.load(SPECIES + int(node.value), emit.real)
    return entry, emit.take()


def _moved(emit: LaneEmitter, state: int, amounts: list[int], later: list[str]) -> str:
    """A count after the event: `amounts[r]` by reaction r, `later[r]` where the reaction stands after the r-th."""
    parts = [emit.constant(float(amounts[0]))] if amounts[0] else []
    for r, mask in enumerate(later):
        if step := amounts[r + 1] - amounts[r]:
            amount = f"{emit.real} {emit.constant(float(step))}, {emit.real} zeroinitializer"
            parts.append(emit.line(f"select {emit.truth} {mask}, {amount}"))
    while len(parts) > 1:  # in pairs, for a short chain; the numbers are whole, so the order changes no bit
        pairs = zip(parts[::2], parts[1::2], strict=False)
        parts = [emit.line(f"fadd {emit.real} {a}, {b}") for a, b in pairs] + parts[len(parts) // 2 * 2 :]
    return emit.line(f"fadd {emit.real} %x{state}, {parts[0]}")
