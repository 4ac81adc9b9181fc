"""Program -> LLVM text of the first two shapes of kernel, and that text as something to call.

    shape 1   void   f(double t, double* y, double* p, double* out)             out[i] for every i
    shape 2   double propensity(i64 r, double t, double* y, double* p)          one entry, for methods that ask for one

Long programs become internal functions of bounded size, because a code generator takes more than linear time for
one long function; values that another part needs cross in a scratch array.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .emit import Emitter, declarations
from .graph import Node, Op
from .program import Program, SparseProgram
from .store import compile_text

Vector: TypeAlias = NDArray[np.float64]

WIDE = 32  # operands after which a sum or product continues in another node
PART = 500  # operations of one internal function, about 25 equations
CASES = 256  # reactions of one internal switch
STACK = 1 << 15  # scratch doubles that may lie on the stack (256 KiB: threads can have small ones)

_POINTERS = "double %t, ptr noalias readonly %y, ptr noalias readonly %p"
_PASSED = "double %t, ptr %y, ptr %p"
_NAN = "0x7FF8000000000000"
_MEMORY = (
    "declare ptr @rxn_malloc(i64)",
    "declare void @rxn_free(ptr)",
    "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)",
)
_DOUBLE = np.dtype(np.float64)


@dataclass(frozen=True)
class Kernel:
    """A compiled program of shape 1: `kernel(t, y, p, out)` writes out[i] for i < n_out.

    The arrays are contiguous float64 vectors of at least n_states, n_parameters and n_out numbers that do not overlap;
    nothing else is written. `address` is for compiled callers; `code` keeps the machine code alive. Nothing is
    checked while numbers are computed: NaN and infinity come out as such.
    """

    address: int
    n_states: int
    n_parameters: int
    n_out: int
    code: Any = field(repr=False, compare=False)

    @cached_property
    def _function(self) -> Callable[[float, int, int, int], None]:
        pointer = ctypes.c_void_p
        return ctypes.CFUNCTYPE(None, ctypes.c_double, pointer, pointer, pointer)(self.address)

    def __call__(self, t: float, y: Vector, p: Vector, out: Vector) -> None:
        """Evaluate at time `t`. Raises ValueError for an array that machine code must not be given."""
        self.bind(y, p, out)(t)

    def bind(self, y: Vector, p: Vector, out: Vector) -> Callable[[float], None]:
        """`run(t)` on these very arrays, checked once: ten times cheaper to call where arrays are reused."""
        function = self._function
        start, fixed = pointer_to(y, self.n_states, "y"), pointer_to(p, self.n_parameters, "p")
        result = pointer_to(out, self.n_out, "out")
        if not out.flags.writeable:
            raise ValueError("out must be writeable")

        def run(t: float, _alive: tuple[Any, ...] = (self.code, y, p, out)) -> None:
            function(t, start, fixed, result)

        return run


@dataclass(frozen=True)
class PropensityKernel:
    """A compiled program of shape 2: `kernel(r, t, y, p)` is the propensity of reaction r, NaN beyond them."""

    address: int
    n_states: int
    n_parameters: int
    n_reactions: int
    code: Any = field(repr=False, compare=False)

    def __call__(self, r: int, t: float, y: Vector, p: Vector) -> float:
        """Evaluate one propensity. Raises ValueError for an array that machine code must not be given."""
        pointer, number = ctypes.c_void_p, ctypes.c_double
        function = ctypes.CFUNCTYPE(number, ctypes.c_int64, number, pointer, pointer)(self.address)
        return float(function(r, t, pointer_to(y, self.n_states, "y"), pointer_to(p, self.n_parameters, "p")))


def compile_program(program: Program, level: int | None = None) -> Kernel:
    """Machine code of a program in shape 1. `level` as in `store.compile_text`; equal programs share their code."""
    code = compile_text(kernel_text(program), level)
    return Kernel(code.address("f"), program.n_states, program.n_parameters, len(program.outputs), code)


def compile_matrix(sparse: SparseProgram, level: int | None = None) -> Kernel:
    """Machine code that fills a dense n x n matrix, row by row: `out` has n * n numbers, n the number of states."""
    n, program = sparse.program.n_states, sparse.program
    places = [i * n + j for i, j in zip(sparse.rows, sparse.columns, strict=True)]
    code = compile_text(kernel_text(program, places, n * n), level)
    return Kernel(code.address("f"), n, program.n_parameters, n * n, code)


def compile_propensity(program: Program, level: int | None = None) -> PropensityKernel:
    """Machine code of a program in shape 2, one entry at a time."""
    code = compile_text(propensity_text(program), level)
    address = code.address("propensity")
    return PropensityKernel(address, program.n_states, program.n_parameters, len(program.outputs), code)


def pointer_to(array: Vector, size: int, name: str) -> int:
    """Where an array's numbers are. Raises ValueError if it is not a contiguous float64 array of `size` or more."""
    if array.dtype != _DOUBLE or not array.flags.c_contiguous or array.size < size:
        kind = f"{array.dtype} array of {array.size}"
        raise ValueError(f"{name} must be a contiguous float64 array of {size} numbers, not a {kind}")
    return array.ctypes.data


def kernel_text(program: Program, places: Sequence[int] | None = None, size: int = 0) -> str:
    """The text of shape 1, `@f`: `t` a number, `y`, `p` and `out` contiguous doubles that do not overlap.

    With `places`, output i goes to out[places[i]], and the others of `size` numbers become zero.
    """
    nodes, outputs = split_wide(program.nodes, program.outputs)
    plan = _Plan(nodes, outputs, places)
    head = [f"define void @f({_POINTERS}, ptr noalias %out) #0 {{"]
    if places is not None:
        head.append(_fill(0, size))
    if len(plan.parts) == 1:
        return _finish([*head, *plan.body(plan.parts[0]), "  ret void", "}"])
    lines: list[str] = []
    for k, part in enumerate(plan.parts):
        lines.append(f"define internal void @part{k}({_POINTERS}, ptr noalias %out, ptr noalias %s) #2 {{")
        lines += [*plan.body(part), "  ret void", "}"]
    return _finish([*lines, *head, *plan.calls(size or len(outputs)), "  ret void", "}"])


def propensity_text(program: Program) -> str:
    """The text of shape 2, `@propensity`: each reaction's own nodes in its own block; NaN for a number beyond them."""
    nodes, outputs = split_wide(program.nodes, program.outputs)
    starts = range(0, len(outputs), CASES)
    if len(starts) <= 1:
        return _finish(_switch(nodes, outputs, 0, "define double @propensity", "#0"))
    lines: list[str] = []
    for g, start in enumerate(starts):
        lines += _switch(nodes, outputs[start : start + CASES], start, f"define internal double @group{g}", "#2")
    lines += [f"define double @propensity(i64 %r, {_POINTERS}) #0 {{", f"  %g = udiv i64 %r, {CASES}"]
    lines += _targets("%g", range(len(starts)))
    for g in range(len(starts)):
        lines += [f"case{g}:", f"  %x{g} = call double @group{g}(i64 %r, {_PASSED})", f"  ret double %x{g}"]
    return _finish([*lines, "}"])


def split_wide(
    nodes: Sequence[Node], outputs: Sequence[int], width: int = WIDE
) -> tuple[tuple[Node, ...], tuple[int, ...]]:
    """The same program with no sum or product of more than `width` operands.

    A wide one goes on from a partial result, which keeps the order of operations and so the bits. Partial results
    stand right after their last operand, so that few values live long.
    """
    begun: dict[int, list[tuple[int, tuple[int, ...]]]] = {}  # after this node: a partial result of that wide one
    rest: dict[int, tuple[int, ...]] = {}  # a wide node's last operands
    for n, (op, args, _) in enumerate(nodes):
        if len(args) > width and op in (Op.ADD, Op.MUL):
            place, first = -1, 0
            while len(args) - first > (width if first == 0 else width - 1):  # a partial result is an operand too
                last = first + (width if first == 0 else width - 1)
                place = max(place, *args[first:last])
                begun.setdefault(place, []).append((n, args[first:last]))
                first = last
            rest[n] = args[first:]
    if not rest:
        return tuple(nodes), tuple(outputs)
    made: list[Node] = []
    number: list[int] = []
    partial: dict[int, int] = {}

    def operands(n: int, args: tuple[int, ...]) -> tuple[int, ...]:
        return (*((partial[n],) if n in partial else ()), *(number[a] for a in args))

    for n, (op, args, value) in enumerate(nodes):
        number.append(len(made))
        made.append(Node(op, operands(n, rest.get(n, args)), value))
        for wide, some in begun.get(n, ()):
            new = Node(nodes[wide].op, operands(wide, some))
            partial[wide] = len(made)
            made.append(new)
    return tuple(made), tuple(number[o] for o in outputs)


class _Plan:
    """Which operations stand in which part of a program, and which values cross from part to part."""

    def __init__(self, nodes: Sequence[Node], outputs: Sequence[int], places: Sequence[int] | None) -> None:
        self.nodes = nodes
        self.stored: dict[int, list[int]] = {}
        for i, n in zip(range(len(outputs)) if places is None else places, outputs, strict=True):
            self.stored.setdefault(n, []).append(i)
        unused = _subtracted(nodes, self.stored)
        self.parts: list[list[int]] = []
        home: dict[int, int] = {}
        size, leaf = PART, Op.STATE
        for n, (op, args, _) in enumerate(nodes):
            if (op > leaf or n in self.stored) and n not in unused:
                if size >= PART:
                    self.parts.append([])
                    size = 0
                size += max(1, len(args) - 1)
                self.parts[-1].append(n)
                home[n] = len(self.parts) - 1
        self.slots: dict[int, int] = {}
        for n, part in home.items():
            for a in self.operands(n):
                if home.get(a, part) != part and nodes[a].op > leaf:
                    self.slots.setdefault(a, len(self.slots))

    def operands(self, n: int) -> tuple[int, ...]:
        """What the emitter reads for a node: behind a plus it subtracts what a NEG negates."""
        op, args, _ = self.nodes[n]
        if op is not Op.ADD:
            return args
        return (args[0], *(self.nodes[a].args[0] if self.nodes[a].op is Op.NEG else a for a in args[1:]))

    def body(self, part: list[int]) -> list[str]:
        """The lines of one part."""
        nodes, slots, stored = self.nodes, self.slots, self.stored
        e = Emitter(nodes)
        names = e.names
        for n in part:
            for a in self.operands(n):
                if a not in names:
                    if a in slots:
                        names[a] = _recall(e, slots[a], nodes[a].op)
                    else:
                        _read(e, a)
            if nodes[n].op > Op.STATE:
                e.emit((n,))
            else:
                _read(e, n)
            for i in stored.get(n, ()):
                e.lines.append(f"  store double {names[n]}, ptr {_entry(e, 'out', i)}")
            if n in slots:
                value = e.line(f"uitofp i1 {names[n]} to double") if _is_truth(nodes[n].op) else names[n]
                e.lines.append(f"  store double {value}, ptr {_entry(e, 's', slots[n])}")
        return e.lines

    def calls(self, size: int) -> list[str]:
        """Calls of every part in turn, around them the scratch array: on the stack, or where that is too small, a loan.

        Where no memory is left all `size` outputs are NaN.
        """
        calls = [f"  call void @part{k}({_PASSED}, ptr %out, ptr %s)" for k in range(len(self.parts))]
        if len(self.slots) <= STACK:
            return [f"  %s = alloca [{len(self.slots)} x double]", *calls]
        return [
            f"  %s = call ptr @rxn_malloc(i64 {8 * len(self.slots)})",
            "  %none = icmp eq ptr %s, null",
            "  br i1 %none, label %fail, label %go",
            "fail:",
            _fill(-1, size),
            "  ret void",
            "go:",
            *calls,
            "  call void @rxn_free(ptr %s)",
        ]


def _fill(byte: int, size: int) -> str:
    """Every byte of the output: 0 makes zeros, -1 makes NaN."""
    return f"  call void @llvm.memset.p0.i64(ptr %out, i8 {byte}, i64 {8 * size}, i1 false)"


def _subtracted(nodes: Sequence[Node], kept: Iterable[int]) -> set[int]:
    """NEG nodes that only ever stand behind a plus, so that nobody reads them."""
    negatives = {n for n, node in enumerate(nodes) if node.op is Op.NEG}
    negatives.difference_update(kept)
    for op, args, _ in nodes:
        negatives.difference_update(args[:1] if op is Op.ADD else args)
    return negatives


def _is_truth(op: Op) -> bool:
    return Op.LT <= op <= Op.NOT


def _entry(e: Emitter, array: str, index: int) -> str:
    """A pointer to an array's entry."""
    return e.line(f"getelementptr double, ptr %{array}, i64 {index}") if index else f"%{array}"


def _read(e: Emitter, n: int) -> None:
    """Name a constant, a parameter, time or a state."""
    op, _, value = e.nodes[n]
    if op is Op.CONST:
        e.emit((n,))
    elif op is Op.TIME:
        e.names[n] = "%t"
    else:
        e.names[n] = e.line(f"load double, ptr {_entry(e, 'p' if op is Op.PARAM else 'y', int(value))}")


def _recall(e: Emitter, slot: int, op: Op) -> str:
    """A value that another part left in the scratch array."""
    value = e.line(f"load double, ptr {_entry(e, 's', slot)}")
    return e.line(f"fcmp une double {value}, {e.constant(0.0)}") if _is_truth(op) else value


def _switch(nodes: Sequence[Node], outputs: Sequence[int], start: int, head: str, attributes: str) -> list[str]:
    """A function of `%r` that computes one of the outputs, each in its own block."""
    lines = [f"{head}(i64 %r, {_POINTERS}) {attributes} {{"]
    lines += _targets("%r", range(start, start + len(outputs)))
    for r, output in enumerate(outputs, start):
        e = Emitter(nodes, prefix=f"v{r}.")
        for n in _needs(nodes, output):
            if nodes[n].op > Op.STATE:
                e.emit((n,))
            else:
                _read(e, n)
        lines += [f"case{r}:", *e.lines, f"  ret double {e.names[output]}"]
    return [*lines, "}"]


def _targets(value: str, cases: Iterable[int]) -> list[str]:
    """The jump to `case<value>`; beyond the cases NaN is returned."""
    jumps = [f"    i64 {c}, label %case{c}" for c in cases]
    return [f"  switch i64 {value}, label %none [", *jumps, "  ]", "none:", f"  ret double {_NAN}"]


def _needs(nodes: Sequence[Node], output: int) -> list[int]:
    """The nodes that one output is made of, in the order of their evaluation."""
    seen, stack = {output}, [output]
    while stack:
        for a in nodes[stack.pop()].args:
            if a not in seen:
                seen.add(a)
                stack.append(a)
    return sorted(seen)


def _finish(lines: Iterable[str]) -> str:
    return "\n".join([*lines, *declarations(), *_MEMORY, "attributes #2 = { nounwind noinline }", ""])
