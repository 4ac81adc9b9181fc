"""Nodes -> lines of LLVM text, for numbers or for lanes of numbers in lock step.

Names are positional only (`%v17`), so no user text enters the code; constants are hexadecimal doubles; there
are no fast-math flags, so every lane width and optimisation level computes the same bits. Transcendental functions
are called under names of our own (`@rxn_exp`), which keeps the optimiser from replacing them by cousins.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ..errors import RxnError
from .graph import Node, Op

# The functions that generated text may call, and the C library's name of each (all take doubles).
CALLS: dict[Op, tuple[str, int]] = {
    Op.EXP: ("exp", 1), Op.LOG: ("log", 1), Op.POW: ("pow", 2), Op.SIN: ("sin", 1),
    Op.COS: ("cos", 1), Op.TAN: ("tan", 1), Op.TANH: ("tanh", 1),
}  # fmt: skip
_INTRINSICS = {Op.SQRT: "sqrt", Op.ABS: "fabs", Op.FLOOR: "floor", Op.CEIL: "ceil"}
_ARITHMETIC = {Op.ADD: "fadd", Op.MUL: "fmul", Op.DIV: "fdiv"}
_COMPARE = {Op.LT: "fcmp olt", Op.LE: "fcmp ole", Op.EQ: "fcmp oeq"}
_LOGIC = {Op.AND: "and", Op.OR: "or"}


def hexadecimal(value: float) -> str:
    """A double as LLVM reads it exactly."""
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"


@dataclass
class Emitter:
    """Writes text for nodes of one function. `width` 1 makes scalars, more makes `<width x double>` lanes.

    `names[n]` is the value of node n, a constant or `%v...`; seed it for STATE, PARAM and TIME nodes (the caller
    loads these), then call `emit`. `lines` collects the text.
    """

    nodes: Sequence[Node]
    width: int = 1
    prefix: str = "v"
    names: dict[int, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    _count: int = 0

    def __post_init__(self) -> None:
        self.real = "double" if self.width == 1 else f"<{self.width} x double>"  # the type of a number here
        self.truth = "i1" if self.width == 1 else f"<{self.width} x i1>"

    def fresh(self) -> str:
        self._count += 1
        return f"%{self.prefix}{self._count}"

    def line(self, text: str) -> str:
        """Append `fresh = text` and give the new name."""
        self._count += 1
        name = f"%{self.prefix}{self._count}"
        self.lines.append(f"  {name} = {text}")
        return name

    def constant(self, value: float) -> str:
        """A constant operand, one number or the same in every lane."""
        return hexadecimal(value) if self.width == 1 else self.splat("double", hexadecimal(value))

    def splat(self, kind: str, value: str) -> str:
        return "<" + ", ".join(f"{kind} {value}" for _ in range(self.width)) + ">"

    def emit(self, numbers: Iterable[int]) -> None:
        """Emit nodes in the given order; their operands must be named already."""
        for n in numbers:
            if n not in self.names:
                self.names[n] = self._emit(self.nodes[n])

    def _emit(self, node: Node) -> str:
        op = node.op
        if op is Op.CONST:
            return self.constant(node.value)
        if op in _ARITHMETIC:
            result = self.names[node.args[0]]
            for a in node.args[1:]:
                inner = self.nodes[a]
                if op is Op.ADD and inner.op is Op.NEG and inner.args[0] in self.names:
                    result = self.line(f"fsub {self.real} {result}, {self.names[inner.args[0]]}")
                else:
                    result = self.line(f"{_ARITHMETIC[op]} {self.real} {result}, {self.names[a]}")
            return result
        args = [self.names[a] for a in node.args]
        if op is Op.NEG:
            return self.line(f"fneg {self.real} {args[0]}")
        if op in _INTRINSICS:
            suffix = "f64" if self.width == 1 else f"v{self.width}f64"
            return self.line(f"call {self.real} @llvm.{_INTRINSICS[op]}.{suffix}({self.real} {args[0]})")
        if op in CALLS:
            return self._call(f"@rxn_{CALLS[op][0]}", args)
        if op in _COMPARE:
            return self.line(f"{_COMPARE[op]} {self.real} {args[0]}, {args[1]}")
        if op in (Op.MIN, Op.MAX):
            test = self.line(f"fcmp {'olt' if op is Op.MIN else 'ogt'} {self.real} {args[0]}, {args[1]}")
            return self._select(test, args[0], args[1])
        if op in _LOGIC:
            return self.line(f"{_LOGIC[op]} {self.truth} {args[0]}, {args[1]}")
        if op is Op.NOT:
            true = "true" if self.width == 1 else self.splat("i1", "true")
            return self.line(f"xor {self.truth} {args[0]}, {true}")
        if op is Op.SELECT:
            return self._select(*args)
        if op in (Op.HELD, Op.ALIAS):
            return args[0]
        if op is Op.LOOKUP:
            return self._lookup(node, args[0])
        raise AssertionError(f"{op.name} must be named before it is used")

    def _select(self, condition: str, yes: str, no: str) -> str:
        return self.line(f"select {self.truth} {condition}, {self.real} {yes}, {self.real} {no}")

    def _lookup(self, node: Node, index: str) -> str:
        """Never reads beyond the numbers, whatever the index."""
        if self.width != 1:
            raise RxnError("R508", "a computed field has no compiled form in lanes")
        least = self.line(f"fcmp oge double {index}, {hexadecimal(0.0)}")
        most = self.line(f"fcmp olt double {index}, {hexadecimal(node.value)}")
        inside = self.line(f"and i1 {least}, {most}")
        place = self.line(f"fptosi double {self._select(inside, index, hexadecimal(0.0))} to i64")
        shifted = self.line(f"add i64 {place}, {int(self.nodes[node.args[1]].value)}")
        number = self.line(f"load double, ptr {self.line(f'getelementptr double, ptr %p, i64 {shifted}')}")
        return self._select(inside, number, hexadecimal(float("nan")))

    def _call(self, function: str, args: list[str]) -> str:
        """One call a lane: the C library is the same for every width."""
        if self.width == 1:
            return self.line(f"call double {function}({', '.join(f'double {a}' for a in args)}) #1")
        result = "poison"
        for lane in range(self.width):
            parts = [self.line(f"extractelement {self.real} {a}, i32 {lane}") for a in args]
            value = self.line(f"call double {function}({', '.join(f'double {a}' for a in parts)}) #1")
            result = self.line(f"insertelement {self.real} {result}, double {value}, i32 {lane}")
        return result


def declarations(width: int = 1) -> list[str]:
    """The declarations that emitted text relies on, and the attribute groups #0 (functions) and #1 (calls)."""
    lines = [f"declare double @rxn_{name}({', '.join(['double'] * n)}) #1" for name, n in CALLS.values()]
    for name in _INTRINSICS.values():
        for w in sorted({1, width}):
            kind, suffix = ("double", "f64") if w == 1 else (f"<{w} x double>", f"v{w}f64")
            lines.append(f"declare {kind} @llvm.{name}.{suffix}({kind})")
    lines.append("attributes #0 = { nounwind }")
    lines.append("attributes #1 = { nounwind willreturn memory(none) }")
    return lines
