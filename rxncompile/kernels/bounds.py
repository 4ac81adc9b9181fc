"""Proven bounds of rate laws: interval arithmetic written on the expression graph, as a program like any other.

    low <= f(x, t) <= high   for all   x in [x_low, x_high],  t in [t_low, t_high]           Moore 1966

What is bounded is the number that the law's own program computes. Rounding to the nearest is monotone, so sums,
products, quotients and roots of bounds, taken in the law's own order, bound the computed ones without widening;
the C library's functions are not rounded correctly and are widened by far more than their error. Where an operation
has no finite bound on the intervals (a pole, a root or logarithm of what may be negative), `high` is not a number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from .graph import Graph, Op
from .program import Program

_LARGEST = 1.7976931348623157e308
_WIDER = 1e-14  # relative; the C library's functions err by a few 1e-16
_TINY = 1e-300


class Interval(NamedTuple):
    """Two nodes, or for a truth value whether it must and whether it may hold; `sound` where they are to be trusted.

    `sound` None: always.
    """

    low: int
    high: int
    sound: int | None = None


@dataclass
class Bounds:
    """Intervals of a graph's nodes. `low` and `high` give the nodes of a state's ends by its index, -1 for time."""

    graph: Graph
    low: Callable[[int], int]
    high: Callable[[int], int]
    _done: dict[int, Interval] = field(default_factory=dict)

    def of(self, node: int) -> Interval:
        """The interval of a node."""
        g, stack = self.graph, [node]
        while stack:
            n = stack[-1]
            if n in self._done:
                stack.pop()
                continue
            waiting = [a for a in g.nodes[n].args if a not in self._done] if g.varies(n) else []
            if waiting:
                stack.extend(waiting)
            else:
                self._done[n] = self._make(n)
        return self._done[node]

    def ends(self, node: int) -> tuple[int, int]:
        """Nodes of both ends, the upper one not a number where there is no bound."""
        low, high, sound = self.of(node)
        return low, high if sound is None else self.graph.select(sound, high, self.graph.constant(float("nan")))

    def _make(self, n: int) -> Interval:
        g = self.graph
        op, args, value = g.nodes[n]
        if not g.varies(n):
            return Interval(n, n)
        if op in (Op.STATE, Op.TIME):
            index = int(value) if op is Op.STATE else -1
            return Interval(self.low(index), self.high(index))
        parts = [self._done[a] for a in args]
        if op in (Op.ADD, Op.MUL):
            result, first = parts[0], args[0]
            for part, a in zip(parts[1:], args[1:], strict=True):
                same = op is Op.MUL and len(args) == 2 and a == first
                result = self._sum(result, part) if op is Op.ADD else self._product(result, part, same)
            return result
        if op is Op.SELECT:
            return self._choice(*parts)
        sound = self._all(*(p.sound for p in parts))
        if op is Op.DIV:
            return self._quotient(parts[0], parts[1], sound)
        if op is Op.POW:
            return self._power(parts[0], parts[1], sound)
        if len(parts) == 2:
            return self._pair(op, parts[0], parts[1], sound)
        return self._function(op, parts[0], sound)

    # -- arithmetic ----------------------------------------------------------------------------------

    def _sum(self, a: Interval, b: Interval) -> Interval:
        low, high = self._plus(a.low, b.low), self._plus(a.high, b.high)
        return Interval(low, high, self._all(a.sound, b.sound, self._finite(low), self._finite(high)))

    def _product(self, a: Interval, b: Interval, same: bool) -> Interval:
        g = self.graph
        if same:  # a square
            ends = [g.make(Op.MUL, (a.low, a.low)), g.make(Op.MUL, (a.high, a.high))]
            high, zero = self._greatest(ends), g.constant(0.0)
            across = self._all(self._le(a.low, zero), self._le(zero, a.high))
            assert across is not None
            return Interval(g.select(across, zero, self._least(ends)), high, self._all(a.sound, self._finite(high)))
        corners = [g.make(Op.MUL, (x, y)) for x in self._ends(a) for y in self._ends(b)]
        finite = [self._finite(c) for c in corners]
        return Interval(self._least(corners), self._greatest(corners), self._all(a.sound, b.sound, *finite))

    def _quotient(self, a: Interval, b: Interval, sound: int | None) -> Interval:
        g, zero = self.graph, self.graph.constant(0.0)
        away = g.make(Op.OR, (self._lt(zero, b.low), self._lt(b.high, zero)))
        corners = [g.make(Op.DIV, (x, y)) for x in self._ends(a) for y in self._ends(b)]
        finite = [self._finite(c) for c in corners]
        return Interval(self._least(corners), self._greatest(corners), self._all(sound, away, *finite))

    def _power(self, a: Interval, b: Interval, sound: int | None) -> Interval:
        """Of a positive base (or of 0 to a positive power) it is monotone in each of the two."""
        g, zero = self.graph, self.graph.constant(0.0)
        root = self._all(self._le(zero, a.low), self._lt(zero, b.low))
        assert root is not None
        domain = g.make(Op.OR, (self._lt(zero, a.low), root))
        corners = [g.make(Op.POW, (x, y)) for x in self._ends(a) for y in self._ends(b)]
        finite = [self._finite(c) for c in corners]
        return self._wider(corners, self._all(sound, domain, *finite), positive=True)

    def _function(self, op: Op, a: Interval, sound: int | None) -> Interval:
        g, zero = self.graph, self.graph.constant(0.0)
        ends = [g.make(op, (x,)) for x in self._ends(a)]
        if op is Op.NEG:
            return Interval(g.neg(a.high), g.neg(a.low), sound)
        if op is Op.NOT:
            return Interval(g.make(Op.NOT, (a.high,)), g.make(Op.NOT, (a.low,)), sound)
        if op in (Op.FLOOR, Op.CEIL):
            return Interval(ends[0], ends[-1], sound)
        if op is Op.ABS:
            inner = self._greatest([a.low, g.neg(a.high), zero])
            return Interval(inner, self._greatest(ends), sound)
        if op is Op.SQRT:
            return Interval(ends[0], ends[-1], self._all(sound, self._le(zero, a.low)))
        if op is Op.LOG:
            return self._wider(ends, self._all(sound, self._lt(zero, a.low)))
        if op is Op.EXP:
            return self._wider(ends, self._all(sound, self._finite(ends[-1])), positive=True)
        if op is Op.TANH:
            return self._wider(ends, sound)
        if op in (Op.SIN, Op.COS):
            return self._wave(op, a, sound)
        return Interval(zero, zero, self._lt(zero, zero))  # a tangent: nowhere sound

    def _wave(self, op: Op, a: Interval, sound: int | None) -> Interval:
        """The slope is at most 1, and the value: |f(x) - f(middle)| <= half the width, -1 <= f <= 1."""
        g, one = self.graph, self.graph.constant(1.0)
        half = g.constant(0.5)
        middle = g.make(Op.MUL, (half, self._plus(a.low, a.high)))
        width = g.make(Op.MUL, (half, self._plus(a.high, g.neg(a.low))))
        slack = g.make(Op.MUL, (g.constant(_WIDER), self._plus(one, g.make(Op.ABS, (middle,)))))
        reach = self._plus(width, slack)
        value = g.make(op, (middle,))
        low, high = self._plus(value, g.neg(reach)), self._plus(value, reach)
        least, most = g.constant(-1.0 - _WIDER), g.constant(1.0 + _WIDER)
        finite = self._finite(self._plus(middle, width))
        return Interval(self._greatest([low, least]), self._least([high, most]), self._all(sound, finite))

    def _wider(self, ends: Sequence[int], sound: int | None, positive: bool = False) -> Interval:
        """Around values of the C library. `positive`: of a function with no negative values."""
        g = self.graph
        low, high = self._least(ends), self._greatest(ends)

        def slack(x: int) -> int:
            return self._plus(g.make(Op.MUL, (g.constant(_WIDER), g.make(Op.ABS, (x,)))), g.constant(_TINY))

        below, above = self._plus(low, g.neg(slack(low))), self._plus(high, slack(high))
        if positive:
            below = self._greatest([below, g.constant(0.0)])
        return Interval(below, above, sound)

    # -- comparisons and choices ---------------------------------------------------------------------

    def _pair(self, op: Op, a: Interval, b: Interval, sound: int | None) -> Interval:
        g = self.graph
        if op in (Op.MIN, Op.MAX):
            ends = self._least if op is Op.MIN else self._greatest
            return Interval(ends([a.low, b.low]), ends([a.high, b.high]), sound)
        if op in (Op.LT, Op.LE):
            return Interval(g.make(op, (a.high, b.low)), g.make(op, (a.low, b.high)), sound)
        if op is Op.EQ:
            must = g.make(Op.AND, (g.make(Op.EQ, (a.low, b.high)), g.make(Op.EQ, (a.high, b.low))))
            may = g.make(Op.AND, (self._le(a.low, b.high), self._le(b.low, a.high)))
            return Interval(must, may, sound)
        return Interval(g.make(op, (a.low, b.low)), g.make(op, (a.high, b.high)), sound)  # AND, OR

    def _choice(self, condition: Interval, yes: Interval, no: Interval) -> Interval:
        """Only the branches that may be taken have to be sound."""
        g, (must, may) = self.graph, condition[:2]
        low = g.select(must, yes.low, g.select(may, self._least([yes.low, no.low]), no.low))
        high = g.select(must, yes.high, g.select(may, self._greatest([yes.high, no.high]), no.high))
        sound = condition.sound
        if yes.sound is not None:
            sound = self._all(sound, g.make(Op.OR, (g.make(Op.NOT, (may,)), yes.sound)))
        if no.sound is not None:
            sound = self._all(sound, g.make(Op.OR, (must, no.sound)))
        return Interval(low, high, sound)

    # -- pieces --------------------------------------------------------------------------------------

    @staticmethod
    def _ends(a: Interval) -> tuple[int, ...]:
        return (a.low,) if a.low == a.high else (a.low, a.high)

    def _plus(self, a: int, b: int) -> int:
        return self.graph.make(Op.ADD, (a, b))

    def _lt(self, a: int, b: int) -> int:
        return self.graph.make(Op.LT, (a, b))

    def _le(self, a: int, b: int) -> int:
        return self.graph.make(Op.LE, (a, b))

    def _finite(self, a: int) -> int | None:
        """A condition; false for what is not a number."""
        if self.graph.nodes[a].op in (Op.CONST, Op.STATE):
            return None
        return self._le(self.graph.make(Op.ABS, (a,)), self.graph.constant(_LARGEST))

    def _all(self, *conditions: int | None) -> int | None:
        known = [c for c in dict.fromkeys(conditions) if c is not None]
        return self.graph.symmetric(Op.AND, known) if known else None

    def _least(self, nodes: Sequence[int]) -> int:
        return self.graph.symmetric(Op.MIN, list(nodes))

    def _greatest(self, nodes: Sequence[int]) -> int:
        return self.graph.symmetric(Op.MAX, list(nodes))


def bounded_program(graph: Graph, laws: Sequence[int], n_states: int, n_parameters: int) -> Program:
    """out = the laws, then their lower, then their upper ends.

    `y` has three parts of n_states + 2 numbers: the states, their lower and their upper ends; in each part the states
    are followed by the clock (read in the ends alone; the laws themselves take `t`) and a number not read here.
    """
    part = n_states + 2

    def end(which: int) -> Callable[[int], int]:
        return lambda i: graph.make(Op.STATE, (), which * part + (i if i >= 0 else n_states))

    bounds = Bounds(graph, end(1), end(2))
    ends = [bounds.ends(law) for law in laws]
    nodes, outputs = graph.schedule([*laws, *(low for low, _ in ends), *(high for _, high in ends)])
    return Program(nodes, outputs, 3 * part, n_parameters)
