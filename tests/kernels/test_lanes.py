"""The event loop in lanes against a reference in plain Python, to the last bit, and against itself in other shapes."""

import ctypes
import math
import platform
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import llvmlite.binding as llvm
import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from kernel_cases import reaction_network

from rxncompile.expressions import symbol
from rxncompile.kernels import lanes_rows
from rxncompile.kernels.emit import declarations
from rxncompile.kernels.lanes import MANY, lanes_text, straight_loop
from rxncompile.kernels.lanes_block import FIELDS, block_text, field
from rxncompile.kernels.lanes_rows import GROUP, LaneEmitter, RunningSums
from rxncompile.kernels.lanes_search import search_loop
from rxncompile.kernels.program import propensity_program
from rxncompile.kernels.random_lanes import ATANH, LOG_2, RandomLanes
from rxncompile.kernels.source import compile_program
from rxncompile.kernels.store import compile_text
from rxncompile.system import Constant, Jump, State, System

A, B, C, K = (symbol(name) for name in "ABCk")
MASK = (1 << 64) - 1


def conversions(n: int) -> System:
    """A ring of n states with n reactions, every third of them catalysed by the state opposite."""
    states = [symbol(f"X{i}") for i in range(n)]
    jumps = []
    for i in range(n):
        rate = K * states[i] * (1 + states[(i + n // 2) % n] if i % 3 == 0 else 1)
        jumps.append(Jump(f"r{i}", ((states[i], -1), (states[(i + 1) % n], 1)), rate))
    return System(
        "ring",
        tuple(State(x, x.name, sp.Integer(3 + i % 5)) for i, x in enumerate(states)),
        (Constant(K, "k", sp.Rational(1, 3)),),
        jumps=tuple(jumps),
    )


def laws() -> System:
    """Constant, piecewise, transcendental and shared laws; a reaction without effect."""
    busy = symbol("busy")
    return System(
        "laws",
        (State(A, "A", sp.Integer(20)), State(B, "B", sp.Integer(0)), State(C, "C", sp.Integer(4))),
        (Constant(K, "k", sp.Rational(3, 2)),),
        jumps=(
            Jump("in", ((A, 3),), sp.exp(K)),
            Jump("idle", (), K * busy),
            Jump("out", ((A, -2), (B, 1)), busy, ((A, 2),)),
            Jump("turn", ((B, -1), (C, 1)), sp.Piecewise((B * sp.sqrt(1 + A), A < 15), (K * B, True))),
            Jump("end", ((C, -1),), K * sp.Abs(C) * (2 + sp.tanh(B - A)), ((C, 1),)),
        ),
        definitions=((busy, A**K / (1 + A**K)),),
    )


def still() -> System:
    """Dies out: with no molecule left no event is possible."""
    return System("death", (State(A, "A", sp.Integer(9)),), (Constant(K, "k", sp.Integer(2)),),
                  jumps=(Jump("die", ((A, -1),), K * A),))  # fmt: skip


SYSTEMS = {"network": reaction_network(), "laws": laws(), "death": still(), "ring": conversions(GROUP + 3)}


# ---------------------------------------------------------------------------------------------- running text


class Run:
    """One block: `advance` called until all trajectories are done, with guard numbers around every array."""

    def __init__(
        self,
        system: System,
        width: int,
        level: int,
        times: Sequence[float],
        n: int,
        search: bool,
        make: Callable[[str, int], Any] = compile_text,
    ) -> None:
        program = propensity_program(system)
        place = {s.symbol: i for i, s in enumerate(system.states)}
        moves = [[(place[s], v) for s, v in jump.change] for jump in system.jumps]
        loop = (search_loop if search else straight_loop)(program, moves, width)
        text = [block_text(loop, width, len(place), 0), *loop.functions, *declarations(width), ""]
        code = make("\n".join(text), level)
        self.n, self.width, states = n, width, len(place)
        self.guarded: list[np.ndarray] = []
        self.rows = self.array((n, len(times), states))
        self.table = self.array((loop.rows, width), aligned=True)
        self.words = np.random.default_rng(5).integers(0, 1 << 64, (n + 1, 4), dtype=np.uint64, endpoint=False)
        self.counts = self.array((n + 1,)).view(np.int64)
        spare = self.array((len(times), states))
        start = np.array([float(s.initial) for s in system.states])
        p, grid = np.array(system.parameter_vector()), np.array(times)
        self.header = np.zeros(len(FIELDS), np.int64)
        arrays = {"p": p, "times": grid, "rows": self.rows, "spare": spare, "words": self.words, "initial": start}
        for name, array in (arrays | {"counts": self.counts}).items():
            self.header[field(name)] = array.ctypes.data
        self.header[field("n_times")], self.header[field("n")] = len(times), n
        self.kept = (code, p, grid, start, spare)
        self.advance = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * 4)(code.address("advance"))

    def array(self, shape: tuple[int, ...], aligned: bool = False) -> np.ndarray:
        whole = np.full(math.prod(shape) + 32, -777.25)
        begin = 16 + (-(whole.ctypes.data + 128) % 64 // 8 if aligned else 0)
        self.guarded.append(whole)
        self.guarded.append(whole[:begin])
        self.guarded.append(whole[begin + math.prod(shape) :])
        return whole[begin : begin + math.prod(shape)].reshape(shape)

    def all(self, steps: int = 1000) -> tuple[np.ndarray, np.ndarray]:
        fresh = (1 << self.width) - 1
        for _ in range(100_000):
            assert self.advance(self.header.ctypes.data, self.table.ctypes.data, steps, fresh) == 0
            fresh = 0
            if self.header[field("done")] == self.n:
                break
        for before, after in zip(self.guarded[1::3], self.guarded[2::3], strict=True):
            assert (before == -777.25).all()
            assert (after == -777.25).all()
        return self.rows, self.counts[: self.n]


def run(
    name: str, width: int, level: int = 1, search: bool = False, steps: int = 1000
) -> tuple[np.ndarray, np.ndarray]:
    return Run(SYSTEMS[name], width, level, (0.5, 0.6, 1.0, 4.0), 21, search).all(steps)


# ---------------------------------------------------------------------------------------------- the reference


def rotl(x: int, k: int) -> int:
    return ((x << k) | (x >> (64 - k))) & MASK


def xoshiro(words: Sequence[int]) -> Iterator[int]:
    """xoshiro256++ as Blackman and Vigna publish it."""
    s = [int(w) for w in words]
    while True:
        yield (rotl((s[0] + s[3]) & MASK, 23) + s[0]) & MASK
        t = (s[1] << 17) & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotl(s[3], 45)


def minus_log(u: float) -> float:
    """The documented steps, in Python's doubles."""
    fraction, exponent = math.frexp(u)
    f, k = (fraction, exponent) if fraction >= math.sqrt(0.5) else (2.0 * fraction, exponent - 1)
    s = (1.0 - f) / (1.0 + f)
    w = s * s
    value = ATANH[-1]
    for c in reversed(ATANH[:-1]):
        value = value * w + c
    return -k * LOG_2 + s * value


def reference(system: System, times: Sequence[float], words: Sequence[int]) -> tuple[list[list[float]], int]:
    """One trajectory by the direct method, one operation at a time."""
    kernel = compile_program(propensity_program(system))  # the oracles of its numbers are in test_source
    p, a = np.array(system.parameter_vector()), np.zeros(len(system.jumps))
    place = {s.symbol: i for i, s in enumerate(system.states)}
    x = np.array([float(s.initial) for s in system.states])
    bits = xoshiro(words)
    t, events, rows = times[0], 0, [x.tolist()]
    g = 1
    while g < len(times):
        wait = minus_log((next(bits) >> 12) * 2.0**-52 + 2.0**-53)
        pick = (next(bits) >> 12) * 2.0**-52
        kernel(t, x, p, a)
        sums, base, local = [], 0.0, 0.0
        for r, rate in enumerate(a.tolist()):
            if r % GROUP == 0:
                base, local = (sums[-1] if sums else 0.0), rate
            else:
                local += rate
            sums.append(base + local)
        after = t + wait / sums[-1] if sums[-1] else math.inf
        if after > times[g]:
            t = times[g]
            rows.append(x.tolist())
            g += 1
            continue
        t, events = after, events + 1
        r = sum(pick * sums[-1] >= c for c in sums[:-1])
        for s, v in system.jumps[r].change:
            x[place[s]] += v
    return rows, events


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("search", [False, True], ids=["straight", "search"])
def test_trajectories_are_those_of_the_reference(name: str, search: bool) -> None:
    """Bit for bit: generator, logarithm, selection, updates, dropped draws, event counts."""
    made = Run(SYSTEMS[name], 4, 1, (0.5, 0.6, 1.0, 4.0), 21, search)
    rows, counts = made.all()
    for k in range(21):
        expected, events = reference(SYSTEMS[name], (0.5, 0.6, 1.0, 4.0), made.words[k].tolist())
        assert rows[k].tolist() == expected
        assert counts[k] == events


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("search", [False, True], ids=["straight", "search"])
@pytest.mark.parametrize(("width", "level"), [(4, 0), (4, 2), (8, 0), (8, 1), (16, 1)])
def test_no_width_and_no_level_changes_a_bit(name: str, search: bool, width: int, level: int) -> None:
    rows, counts = run(name, 4)
    again, events = run(name, width, level, search)
    assert (again == rows).all()
    assert (events == counts).all()


class Plain:
    """Machine code for the first of this host's family: no AVX, no fused multiply-add, two doubles a register."""

    def __init__(self, text: str, level: int) -> None:
        target = llvm.Target.from_default_triple().create_target_machine("x86-64", "", opt=level, jit=True)
        module = llvm.parse_assembly(text, llvm.create_context())
        self.engine = llvm.create_mcjit_compiler(module, target)
        self.engine.finalize_object()

    def address(self, name: str) -> int:
        return self.engine.get_function_address(name)


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="names an x86-64 processor")
@pytest.mark.parametrize("search", [False, True], ids=["straight", "search"])
def test_an_older_processor_computes_the_same_bits(search: bool) -> None:
    compile_text("define void @nothing() { ret void }")  # LLVM knows its targets from here on
    old = Run(SYSTEMS["ring"], 4, 1, (0.5, 0.6, 1.0, 4.0), 21, search, Plain).all()
    new = run("ring", 4)
    assert (old[0] == new[0]).all()
    assert (old[1] == new[1]).all()


@pytest.mark.parametrize("steps", [1, 2, 7])
def test_pauses_change_nothing(steps: int) -> None:
    rows, counts = run("laws", 8)
    again, events = run("laws", 8, steps=steps)
    assert (again == rows).all()
    assert (events == counts).all()


def test_large_networks_are_searched_and_small_ones_straight() -> None:
    for n, searched in ((MANY - 1, False), (MANY, True)):
        system = conversions(n)
        moves = [[(i, -1), ((i + 1) % n, 1)] for i in range(n)]
        assert ("@moves.by" in lanes_text(propensity_program(system), moves, 4).text) == searched


def test_parts_of_a_large_network_share_what_they_need() -> None:
    """A definition that all propensities use is computed in one part and read by the others."""
    n = 40
    states = [symbol(f"X{i}") for i in range(n)]
    crowd = symbol("crowd")
    jumps = [Jump(f"r{i}", ((x, -1), (states[i - 1], 1)), K * x / (crowd + sp.exp(-K))) for i, x in enumerate(states)]
    system = System(
        "crowd", tuple(State(x, x.name, sp.Integer(2)) for x in states), (Constant(K, "k", sp.Integer(300)),),
        jumps=tuple(jumps), definitions=((crowd, 1 + sp.Add(*(x * (x + i) for i, x in enumerate(states)))),),
    )  # fmt: skip
    moves = [[(i, -1), ((i - 1) % n, 1)] for i in range(n)]
    assert "@rates1(" in "\n".join(search_loop(propensity_program(system), moves, 4).functions)
    both = [Run(system, 4, 1, (0.0, 1.0, 30.0), 9, search).all() for search in (False, True)]
    assert (both[0][0] == both[1][0]).all()
    assert both[0][1].min() > 20


# ---------------------------------------------------------------------------------------------- the numbers


def lanes_function(width: int, waiting: bool) -> ctypes._CFuncPtr:
    """`void f(bits, out)`: draws from given bits, or (`waiting` False) one step of the generator on 4 rows."""
    emit = LaneEmitter((), width)
    rows = [emit.load(i, emit.whole, "%in") for i in range(1 if waiting else 4)]
    random = RandomLanes(emit, rows * (4 if waiting else 1))
    if waiting:
        emit.store(0, emit.real, random.waiting_time(rows[0]), "%out")
        emit.store(1, emit.real, random.uniform(rows[0]), "%out")
    else:
        emit.store(4, emit.whole, random.draw(), "%out")
        for i, word in enumerate(random.words):
            emit.store(i, emit.whole, word, "%out")
    text = ["define void @f(ptr %in, ptr %out) {", *emit.lines, "  ret void", "}", *declarations(width), ""]
    code = compile_text("\n".join(text))
    function = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64)(code.address("f"))
    function.kept = code
    return function


def aligned(shape: tuple[int, ...], kind: type) -> np.ndarray:
    whole = np.zeros(math.prod(shape) + 8, kind)
    begin = -whole.ctypes.data % 64 // 8
    return whole[begin : begin + math.prod(shape)].reshape(shape)


def test_the_generator_gives_its_published_numbers() -> None:
    """The first ten numbers after the state 1, 2, 3, 4, as in the test of the crate rand_xoshiro."""
    published = [
        41943041, 58720359, 3588806011781223, 3591011842654386, 9228616714210784205, 9973669472204895162,
        14011001112246962877, 12406186145184390807, 15849039046786891736, 10450023813501588000,
    ]  # fmt: skip
    step, rows = lanes_function(4, waiting=False), aligned((5, 4), np.uint64)
    rows[:4] = np.array([1, 2, 3, 4], np.uint64)[:, np.newaxis]
    found = []
    for _ in published:
        step(rows.ctypes.data, rows.ctypes.data)
        assert (rows[4] == rows[4, 0]).all()
        found.append(int(rows[4, 0]))
    assert found == published


def test_waiting_times_are_logarithms() -> None:
    """Relative error below 3e-14 over the range, at its ends, at powers of two and around sqrt(1/2)."""
    draws = np.random.default_rng(1).integers(0, 1 << 64, 3000, dtype=np.uint64, endpoint=False).tolist()
    draws += [0, MASK, 1 << 12, MASK - (1 << 12), *(1 << k for k in range(12, 64)), *(MASK >> k for k in range(40))]
    middle = struct.unpack("<Q", struct.pack("<d", math.sqrt(0.5)))[0] & ((1 << 52) - 1)
    draws += [(((middle | 1 << 52) >> 1) + i) << 12 for i in range(-20, 20)]
    draws += [0] * (-len(draws) % 4)
    function, bits, out = lanes_function(4, waiting=True), aligned((1, 4), np.uint64), aligned((2, 4), np.float64)
    worst = 0.0
    mp.mp.prec = 120
    for four in np.array(draws, np.uint64).reshape(-1, 4):
        bits[:] = four
        function(bits.ctypes.data, out.ctypes.data)
        for b, wait, pick in zip(four.tolist(), *out.tolist(), strict=True):
            assert pick == (b >> 12) * 2.0**-52
            exact = -mp.log(mp.mpf((b >> 12) * 2 + 1) / mp.mpf(2) ** 53)
            worst = max(worst, abs(float(wait / exact - 1)))
            assert wait == minus_log((b >> 12) * 2.0**-52 + 2.0**-53)
            assert wait > 0.0
    assert worst < 3e-14


def test_grouped_sums_never_fall() -> None:
    """Whatever is added: so a reaction with propensity 0 is never chosen."""
    draw = np.random.default_rng(2)
    for _ in range(200):
        rates = 10.0 ** draw.uniform(-20, 20, 40) * (draw.random(40) < 0.7)
        sums, base, local = [0.0], 0.0, 0.0
        for r, rate in enumerate(rates.tolist()):
            base, local = (sums[-1], rate) if r % GROUP == 0 else (base, local + rate)
            sums.append(base + local)
        assert (np.diff(sums) >= 0.0).all()
        assert (np.diff(sums)[rates == 0.0] == 0.0).all()


def test_running_sums_continue_where_a_part_begins() -> None:
    """The text of a later part adds to what was begun, in the same groups."""
    whole = RunningSums(LaneEmitter((), 4))
    for r in range(GROUP + 2):
        whole.add(f"%a{r}")
    emit = LaneEmitter((), 4)
    part = RunningSums(emit, GROUP, "%before")
    part.add("%a8")
    part.add("%a9")
    assert "%before, %a8" in emit.lines[0]
    assert "%a8, %a9" in emit.lines[1]
    assert len(emit.lines) == 3


def test_header_fields_have_one_place_each() -> None:
    assert len(set(FIELDS)) == len(FIELDS) == len({field(name) for name in FIELDS})
    rows = [lanes_rows.WORDS, lanes_rows.WAIT, lanes_rows.PICK, lanes_rows.TIME, lanes_rows.UNTIL]
    rows += [lanes_rows.TRAJECTORY, lanes_rows.OUTPUT, lanes_rows.CURSOR, lanes_rows.SINCE, lanes_rows.SPECIES]
    assert rows == [0, 4, 5, 6, 7, 8, 9, 10, 11, 12]
