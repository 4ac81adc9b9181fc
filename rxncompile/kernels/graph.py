"""The expression graph that kernels are made of: nodes shared by structure, in an order free of names.

Sums and products sort their operands by position and content, never by name, so renaming a species leaves
every node, and so the generated text, as it was. Derivatives are taken on the graph by the chain rule.
"""

from __future__ import annotations

import math
from enum import IntEnum
from hashlib import blake2b
from typing import NamedTuple


class Op(IntEnum):
    """What a node does; LT to NOT make truth values, SELECT takes one."""

    CONST = 0
    PARAM = 1
    TIME = 2
    STATE = 3
    ADD = 4
    MUL = 5
    DIV = 6
    NEG = 7
    POW = 8
    EXP = 9
    LOG = 10
    SQRT = 11
    SIN = 12
    COS = 13
    TAN = 14
    TANH = 15
    ABS = 16
    MIN = 17
    MAX = 18
    FLOOR = 19
    CEIL = 20
    LT = 21
    LE = 22
    EQ = 23
    AND = 24
    OR = 25
    NOT = 26
    SELECT = 27
    LOOKUP = 28
    HELD = 29
    ALIAS = 30

    __hash__ = int.__hash__  # an enumeration's own is a Python function, and nodes are looked up by the million


class Node(NamedTuple):
    """`value` is a constant's number, or the index of a state or parameter; `args` are earlier nodes.

    ADD and MUL take two or more operands, evaluated from left to right; MIN and MAX two. LOOKUP takes a whole number i
    and a parameter, and is the i-th of the `value` parameters from that one on, not a number for any other i. HELD is
    its operand, taken for a constant by derivatives; ALIAS is its operand, by which there may be derivatives.
    """

    op: Op
    args: tuple[int, ...] = ()
    value: float = 0.0


class Graph:
    """Nodes made once each. Every method that makes a node returns its number."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._known: dict[Node, int] = {}
        self._order: list[tuple[int, float, bytes]] = []
        self._states: list[int] = []  # bit j: depends on state j
        self._varies: list[bool] = []  # depends on states or time
        self._below: list[tuple[int, int]] = []  # the same of parameters and of time, made when it is asked for
        self._derivatives: dict[tuple[int, int], int] = {}

    # -- making --------------------------------------------------------------------------------------

    def make(self, op: Op, args: tuple[int, ...] = (), value: float = 0.0) -> int:
        node = Node(op, args, value)
        found = self._known.get(node)
        if found is not None and math.copysign(1.0, self.nodes[found].value) == math.copysign(1.0, value):
            return found
        number = len(self.nodes)
        states = 1 << int(value) if op is Op.STATE else 0
        varies = op in (Op.STATE, Op.TIME)
        content = blake2b(f"{int(op)}:{value!r}".encode(), digest_size=12)
        for a in args:
            states |= self._states[a]
            varies = varies or self._varies[a]
            content.update(self._order[a][2])
        rank = int(op) if op <= Op.STATE else 4 if not varies else 5
        self.nodes.append(node)
        self._known[node] = number
        self._order.append((rank, value, content.digest()))
        self._states.append(states)
        self._varies.append(varies)
        return number

    def constant(self, value: float) -> int:
        return self.make(Op.CONST, (), float(value))

    def is_constant(self, node: int, value: float) -> bool:
        return self.nodes[node].op is Op.CONST and self.nodes[node].value == value

    def varies(self, node: int) -> bool:
        """Whether a node depends on states or time (else it is fixed by the parameters)."""
        return self._varies[node]

    def dependencies(self, node: int) -> list[int]:
        """The indices of the states that a node depends on, ascending."""
        return _bits(self._states[node])

    def add(self, *terms: int) -> int:
        """Sum; constants are folded, and `a + (-b)` keeps its NEG last so that an emitter can subtract."""
        total, rest = 0.0, []
        for term in terms:
            node = self.nodes[term]
            if node.op is Op.CONST:
                total += node.value
            else:
                rest.append(term)
        if total != 0.0 or not rest:
            rest.append(self.constant(total))
        if len(rest) == 1:
            return rest[0]
        rest.sort(key=lambda n: (self.nodes[n].op is Op.NEG, self._order[n]))
        return self.make(Op.ADD, tuple(rest))

    def mul(self, *factors: int) -> int:
        """Product; what parameters fix is gathered apart from what varies, so that both can be shared."""
        scale = 1.0
        fixed: list[int] = []
        varying: list[int] = []
        for factor in factors:
            node = self.nodes[factor]
            if node.op is Op.NEG:
                scale, factor, node = -scale, node.args[0], self.nodes[node.args[0]]
            if node.op is Op.CONST:
                scale *= node.value
            else:
                (varying if self._varies[factor] else fixed).append(factor)
        if scale == 0.0:
            return self.constant(0.0)
        if abs(scale) != 1.0:
            fixed.append(self.constant(abs(scale)))
        groups = [self._product(group) for group in (fixed, varying) if group]
        if not groups:
            return self.constant(scale)
        result = groups[0] if len(groups) == 1 else self.make(Op.MUL, tuple(groups))
        return self.neg(result) if scale < 0 else result

    def _product(self, factors: list[int]) -> int:
        if len(factors) == 1:
            return factors[0]
        return self.make(Op.MUL, tuple(sorted(factors, key=self._order.__getitem__)))

    def neg(self, a: int) -> int:
        node = self.nodes[a]
        if node.op is Op.NEG:
            return node.args[0]
        return self.constant(-node.value) if node.op is Op.CONST else self.make(Op.NEG, (a,))

    def div(self, a: int, b: int) -> int:
        if self.is_constant(a, 0.0) or self.is_constant(b, 1.0):
            return a
        if self.nodes[a].op is Op.NEG:
            return self.neg(self.div(self.nodes[a].args[0], b))
        return self.make(Op.DIV, (a, b))

    def power(self, base: int, exponent: int) -> int:
        """Integer power as products, by repeated squaring."""
        if exponent < 0:
            return self.div(self.constant(1.0), self.power(base, -exponent))
        result, square = None, base
        while exponent:
            if exponent & 1:
                result = square if result is None else self.mul(result, square)
            exponent >>= 1
            if exponent:
                square = self.mul(square, square)
        return self.constant(1.0) if result is None else result

    def pow(self, base: int, exponent: int) -> int:
        node = self.nodes[exponent]
        if node.op is Op.CONST and node.value == int(node.value) and abs(node.value) <= 64:
            return self.power(base, int(node.value))
        return self.make(Op.POW, (base, exponent))

    def symmetric(self, op: Op, args: list[int]) -> int:
        """MIN, MAX, AND, OR of any number of operands, as a chain of pairs in the order of the graph."""
        ordered = sorted(set(args), key=self._order.__getitem__)
        result = ordered[0]
        for a in ordered[1:]:
            result = self.make(op, (result, a))
        return result

    def select(self, condition: int, yes: int, no: int) -> int:
        return yes if yes == no else self.make(Op.SELECT, (condition, yes, no))

    def lookup(self, index: int, first: int, count: int) -> int:
        """Parameter first + index, 0 <= index < count; steps of the index have no slope."""
        return self.make(Op.LOOKUP, (index, self.make(Op.PARAM, (), first)), count)

    # -- differentiating -----------------------------------------------------------------------------

    def derivative(self, node: int, leaf: int) -> int:
        """d node / d leaf, as a node; `leaf` is the node of a state, of a parameter, of time, or an alias."""
        stack, done = [node], self._derivatives
        kind, _, index = self.nodes[leaf]
        bit = 0 if kind is Op.TIME else int(index)
        while stack:
            n = stack[-1]
            if (n, leaf) in done:
                stack.pop()
                continue
            if kind is Op.ALIAS:
                apart = n < leaf
            else:
                apart = not (self._states[n] if kind is Op.STATE else self._inputs(n)[kind is Op.TIME]) >> bit & 1
            if apart:
                done[n, leaf] = self.constant(0.0)
                continue
            needed = [a for a in self.nodes[n].args if (a, leaf) not in done]
            if needed:
                stack.extend(needed)
            else:
                done[n, leaf] = self._chain(n, leaf)
        return done[node, leaf]

    def _inputs(self, node: int) -> tuple[int, int]:
        """Bit j: depends on parameter j; then whether on time. For all nodes so far, when it is first asked for."""
        known = self._below
        for op, args, value in self.nodes[len(known) : node + 1]:
            parameters, time = 1 << int(value) if op is Op.PARAM else 0, int(op is Op.TIME)
            if op is Op.LOOKUP:
                parameters = (1 << int(value)) - 1 << int(self.nodes[args[1]].value)
            for a in args:
                parameters, time = parameters | known[a][0], time | known[a][1]
            known.append((parameters, time))
        return known[node]

    def parameters(self, node: int) -> list[int]:
        """The indices of the parameters that a node depends on, ascending."""
        return _bits(self._inputs(node)[0])

    def _chain(self, n: int, leaf: int) -> int:
        op, args, _ = self.nodes[n]
        if n == leaf:
            return self.constant(1.0)
        if not args:
            return self.constant(0.0)
        d = [self._derivatives[a, leaf] for a in args]
        if op is Op.ALIAS:
            return d[0]
        if op is Op.ADD:
            return self.add(*d)
        if op is Op.MUL:
            return self.add(*(self.mul(d[i], *args[:i], *args[i + 1 :]) for i in range(len(args))))
        if op is Op.DIV:
            a, b = args
            return self.add(self.div(d[0], b), self.neg(self.div(self.mul(a, d[1]), self.mul(b, b))))
        if op is Op.NEG:
            return self.neg(d[0])
        if op is Op.POW:
            return self._chain_pow(n, d)
        if op is Op.SELECT:
            return self.select(args[0], d[1], d[2])
        if op is Op.LOOKUP:
            return self._chain_lookup(n, leaf)
        if op in (Op.MIN, Op.MAX):
            first, second = args if op is Op.MIN else args[::-1]
            return self.select(self.make(Op.LE, (first, second)), *d)
        if op in (Op.FLOOR, Op.CEIL, Op.HELD) or Op.LT <= op <= Op.NOT:
            return self.constant(0.0)
        return self.mul(d[0], self._slope(op, args[0], n))

    def _chain_pow(self, n: int, d: list[int]) -> int:
        base, exponent = self.nodes[n].args
        lower = self.add(exponent, self.constant(-1.0))
        parts = [self.mul(d[0], exponent, self.pow(base, lower))]
        if not self.is_constant(d[1], 0.0):
            zero = self.constant(0.0)  # x^c log x goes to 0 there, c > 0
            slope = self.mul(n, self.make(Op.LOG, (base,)))
            parts.append(self.mul(d[1], self.select(self.make(Op.EQ, (base, zero)), zero, slope)))
        return self.add(*parts)

    def _chain_lookup(self, n: int, leaf: int) -> int:
        _, (index, first), count = self.nodes[n]
        kind, _, place = self.nodes[leaf]
        here, zero = place - self.nodes[first].value, self.constant(0.0)
        if kind is not Op.PARAM or not 0 <= here < count:
            return zero
        return self.select(self.make(Op.EQ, (index, self.constant(here))), self.constant(1.0), zero)

    def _slope(self, op: Op, a: int, n: int) -> int:
        """f'(a) of a function of one argument, n = f(a)."""
        one = self.constant(1.0)
        if op is Op.EXP:
            return n
        if op is Op.LOG:
            return self.div(one, a)
        if op is Op.SQRT:
            return self.div(self.constant(0.5), n)
        if op is Op.SIN:
            return self.make(Op.COS, (a,))
        if op is Op.COS:
            return self.neg(self.make(Op.SIN, (a,)))
        if op is Op.TAN:
            return self.add(one, self.mul(n, n))
        if op is Op.TANH:
            return self.add(one, self.neg(self.mul(n, n)))
        if op is Op.ABS:
            zero = self.constant(0.0)
            negative = self.select(self.make(Op.LT, (a, zero)), self.constant(-1.0), zero)
            return self.select(self.make(Op.LT, (zero, a)), one, negative)
        raise AssertionError(op)

    # -- reading -------------------------------------------------------------------------------------

    def schedule(self, outputs: list[int]) -> tuple[tuple[Node, ...], tuple[int, ...]]:
        """The nodes that `outputs` need, renumbered in the order of their evaluation, and the outputs' numbers."""
        number: dict[int, int] = {}
        kept: list[Node] = []
        for output in outputs:
            stack = [output]
            while stack:
                n = stack[-1]
                if n in number:
                    stack.pop()
                    continue
                waiting = [a for a in self.nodes[n].args if a not in number]
                if waiting:
                    stack.extend(reversed(waiting))
                    continue
                op, args, value = self.nodes[n]
                number[n] = len(kept)
                kept.append(Node(op, tuple(number[a] for a in args), value))
                stack.pop()
        return tuple(kept), tuple(number[o] for o in outputs)


def _bits(mask: int) -> list[int]:
    """The places of the bits that are set, ascending."""
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return found
