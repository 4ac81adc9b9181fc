"""System -> scalar assignments: the programs of its right-hand side, Jacobian, propensities, outputs and events.

A program says out[i] = node, with the states in `y`, the parameters in `p` and time in `t`. Rates and monomials
that occur twice are one node; derivatives follow definitions by the chain rule.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sympy as sp
from sympy.logic.boolalg import BooleanFalse, BooleanTrue

from ..errors import RxnError
from ..expressions import TIME, to_float
from ..system import Field, Jump, Polynomial, Rhs, System, Trigger
from ..tables import Definitions
from .fields import Terms, field_nodes
from .graph import Graph, Node, Op

_UNARY: dict[type, Op] = {
    sp.exp: Op.EXP, sp.log: Op.LOG, sp.sin: Op.SIN, sp.cos: Op.COS, sp.tan: Op.TAN, sp.tanh: Op.TANH,
    sp.Abs: Op.ABS, sp.floor: Op.FLOOR, sp.ceiling: Op.CEIL,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Program:
    """`out[i] = nodes[outputs[i]]` for i < len(outputs); `nodes` in evaluation order."""

    nodes: tuple[Node, ...]
    outputs: tuple[int, ...]
    n_states: int
    n_parameters: int


@dataclass(frozen=True, slots=True)
class SparseProgram:
    """A program whose out[i] is the entry (rows[i], columns[i]) of an n x n matrix; other entries are zero."""

    program: Program
    rows: tuple[int, ...]
    columns: tuple[int, ...]


@dataclass
class Lowering:
    """A System's symbols bound to the nodes of one graph."""

    system: System
    graph: Graph
    nodes: dict[sp.Basic, int] = field(default_factory=dict)

    def node(self, expr: Any) -> int:
        """The node of an expression. Raises R507 for a number or function that no kernel can hold."""
        found = self.nodes.get(expr)
        if found is None:
            found = self.nodes[expr] = self._make(expr)
        return found

    def rhs(self, rhs: Rhs) -> int:
        if not isinstance(rhs, Polynomial):
            return self.node(rhs)
        g = self.graph
        terms = []
        for coefficient, powers in rhs:
            monomial = (g.power(self.node(s), e) for s, e in powers)
            terms.append(g.mul(self.node(coefficient), *monomial))
        return g.add(*terms) if terms else g.constant(0.0)

    def finish(self, outputs: Sequence[int]) -> Program:
        nodes, numbers = self.graph.schedule(list(outputs))
        return Program(nodes, numbers, len(self.system.states), len(self.system.parameters))

    def states_in(self, node: int) -> list[tuple[int, int]]:
        """(place, node) of each state that a node depends on."""
        return [(j, self.graph.make(Op.STATE, (), j)) for j in self.graph.dependencies(node)]

    def states_and_parameters_in(self, node: int) -> list[tuple[int, int]]:
        """The same, with parameter j at place n + j."""
        n, g = len(self.system.states), self.graph
        return self.states_in(node) + [(n + j, g.make(Op.PARAM, (), j)) for j in g.parameters(node)]

    def derivatives(self, nodes: Sequence[int], leaves: Callable[[int], Sequence[tuple[int, int]]]) -> SparseProgram:
        """Entry (i, j): nodes[i] by the j-th leaf, for those `leaves` of a node that its derivative has; row by row."""
        g = self.graph
        entries = [
            (i, j, d)
            for i, node in enumerate(nodes)
            for j, leaf in leaves(node)
            if not g.is_constant(d := g.derivative(node, leaf), 0.0)
        ]
        program = self.finish([d for _, _, d in entries])
        return SparseProgram(program, tuple(i for i, _, _ in entries), tuple(j for _, j, _ in entries))

    def _make(self, expr: Any) -> int:
        g = self.graph
        if expr.is_Rational:
            return g.constant(self._float(expr))
        if expr.is_Symbol:
            given = self.system.definitions
            if isinstance(given, Definitions) and expr in given.formulas:
                return self.node(given.formulas[expr])
            for computed in self.system.fields:
                if expr in computed.outputs:
                    self.nodes.update(zip(computed.outputs, self._field(computed), strict=True))
                    return self.nodes[expr]
            raise RxnError("R507", f"{expr.name!r} has no value in {self.system.name}")
        if expr.is_Add:
            return g.add(*(self.node(a) for a in expr.args))
        if expr.is_Mul:
            return self._product(expr)
        if expr.is_Pow:
            return self._power(expr.base, expr.exp)
        if expr is sp.E:
            return g.make(Op.EXP, (g.constant(1.0),))
        if op := _UNARY.get(expr.func):
            return g.make(op, (self.node(expr.args[0]),))
        if isinstance(expr, (sp.Min, sp.Max)):
            return g.symmetric(Op.MIN if isinstance(expr, sp.Min) else Op.MAX, [self.node(a) for a in expr.args])
        if isinstance(expr, sp.Piecewise):
            result = g.constant(float("nan"))
            for value, condition in reversed(expr.args):
                if condition == sp.true:
                    result = self.node(value)
                else:
                    result = g.select(self.node(condition), self.node(value), result)
            return result
        if isinstance(expr, sp.sign):
            return g._slope(Op.ABS, self.node(expr.args[0]), -1)
        return self._truth(expr)

    def _truth(self, expr: Any) -> int:
        g = self.graph
        if isinstance(expr, (BooleanTrue, BooleanFalse)):
            left = g.constant(0.0)
            return g.make(Op.LE if expr == sp.true else Op.LT, (left, left))
        if isinstance(expr, (sp.And, sp.Or)):
            return g.symmetric(Op.AND if isinstance(expr, sp.And) else Op.OR, [self.node(a) for a in expr.args])
        if isinstance(expr, sp.Not):
            return g.make(Op.NOT, (self.node(expr.args[0]),))
        if isinstance(expr, (sp.ITE, sp.Xor)):  # sympy makes the first of a piecewise formula in a condition
            return self.node(expr.to_nnf(simplify=False))
        if expr.is_Relational:
            left, right = (self.node(a) for a in expr.args)
            if isinstance(expr, (sp.Gt, sp.Ge)):
                left, right = right, left
            if isinstance(expr, (sp.Lt, sp.Gt)):
                return g.make(Op.LT, (left, right))
            if isinstance(expr, (sp.Le, sp.Ge)):
                return g.make(Op.LE, (left, right))
            same = g.make(Op.EQ, (left, right))
            return g.make(Op.NOT, (same,)) if isinstance(expr, sp.Ne) else same
        raise RxnError("R507", f"no kernel can compute {expr}")

    def _field(self, computed: Field) -> list[int]:
        """The outputs of a field. Raises R508 where its numbers are not parameters side by side."""
        symbols = [c.symbol for c in self.system.parameters]
        first = next((j for j, s in enumerate(symbols) if s in computed.parameters[:1]), 0)
        if tuple(symbols[first : first + len(computed.parameters)]) != computed.parameters:
            message = f"the numbers of the field {computed.name!r} are no parameters of {self.system.name} side by side"
            raise RxnError("R508", message)

        def formula(expr: sp.Expr, given: Mapping[sp.Symbol, int]) -> int:
            return Lowering(self.system, self.graph, dict(given)).node(expr)

        inputs = [self.node(s) for s in computed.inputs]
        return field_nodes(Terms(self.graph, computed, inputs, first, formula))

    def _product(self, expr: Any) -> int:
        g = self.graph
        above, below = [], []
        for factor in expr.args:
            if factor.is_Pow and factor.exp.is_Rational and factor.exp < 0:
                below.append(self._power(factor.base, -factor.exp))
            else:
                above.append(self.node(factor))
        top = g.mul(*above)
        return g.div(top, g.mul(*below)) if below else top

    def _power(self, base: Any, exponent: Any) -> int:
        g = self.graph
        if exponent.is_Integer and abs(exponent) <= 64:
            return g.power(self.node(base), int(exponent))
        if exponent.is_Rational and abs(exponent) == sp.Rational(1, 2):
            root = g.make(Op.SQRT, (self.node(base),))
            return root if exponent > 0 else g.div(g.constant(1.0), root)
        return g.pow(self.node(base), self.node(exponent))

    def _float(self, value: Any) -> float:
        result = to_float(value)
        if math.isinf(result):
            raise RxnError("R507", f"a constant of {self.system.name} is beyond the range of a double")
        return result


def lower(system: System) -> Lowering:
    """Bind a System's states, parameters, time and definitions to nodes.

    Raises R506 where the System is open, R508 where it has inputs, or a field without a compiled form.
    """
    if system.frontier:
        names = ", ".join(s.label for s in system.frontier)
        raise RxnError("R506", f"{system.name} is open: nothing defines {names}", hint="close it before compiling")
    if system.inputs:
        names = ", ".join(i.label for i in system.inputs)
        raise RxnError("R508", f"{system.name} has inputs, which are given to a run of its equations alone: {names}")
    graph = Graph()
    lowering = Lowering(system, graph)
    lowering.nodes[TIME] = graph.make(Op.TIME)
    for j, constant in enumerate(system.parameters):
        lowering.nodes[constant.symbol] = graph.make(Op.PARAM, (), j)
    for i, state in enumerate(system.states):
        lowering.nodes[state.symbol] = graph.make(Op.STATE, (), i)
    for name, formula in system.plain_definitions:  # those of a table when they are asked for
        lowering.nodes[name] = lowering.node(formula)
    return lowering


def _propensity(lowering: Lowering, jump: Jump) -> int:
    g = lowering.graph
    rate = lowering.node(jump.propensity)
    enough = [g.make(Op.LE, (g.constant(float(n)), lowering.nodes[s])) for s, n in jump.requires]
    return g.select(g.symmetric(Op.AND, enough), rate, g.constant(0.0)) if enough else rate


def rhs_nodes(lowering: Lowering) -> list[int]:
    """drift + sum of change * propensity, a node a state; a jump's rate is not cut where reactants run short."""
    system, g = lowering.system, lowering.graph
    terms: dict[sp.Symbol, list[int]] = {s.symbol: [] for s in system.states}
    for jump in system.jumps:
        rate = lowering.node(jump.propensity)
        for moved, amount in jump.change:
            terms[moved].append(g.mul(g.constant(float(amount)), rate))
    return [
        g.add(lowering.rhs(drift), *terms[state.symbol])
        for state, drift in zip(system.states, system.drift, strict=True)
    ]


def rhs_program(system: System) -> Program:
    """out[i] = d y_i / dt."""
    lowering = lower(system)
    return lowering.finish(rhs_nodes(lowering))


def jacobian_program(system: System) -> SparseProgram:
    """out[e] = d(d y_i / dt) / d y_j for the structurally non-zero entries, row by row."""
    lowering = lower(system)
    return lowering.derivatives(rhs_nodes(lowering), lowering.states_in)


def propensity_program(system: System) -> Program:
    """out[r] = propensity of jump r (0 where its reactants are short)."""
    lowering = lower(system)
    return lowering.finish([_propensity(lowering, jump) for jump in system.jumps])


def output_program(system: System) -> Program:
    """out[i] = value of output i."""
    lowering = lower(system)
    return lowering.finish([lowering.node(formula) for _, formula in system.outputs])


def trigger_program(system: System) -> Program:
    """out[e]: positive exactly where event e's condition holds, continuous where its terms are (for root finding)."""
    lowering = lower(system)
    return lowering.finish(trigger_nodes(lowering))


def trigger_nodes(lowering: Lowering) -> list[int]:
    """The nodes of `trigger_program`, one an event."""
    return [_margin(lowering, event) for event in lowering.system.events]


def assignment_program(system: System, event: Trigger) -> Program:
    """out[i] = the value that the i-th assignment of an event gives, at the state before the event."""
    lowering = lower(system)
    return lowering.finish([lowering.node(formula) for _, formula in event.assignments])


def formula_program(system: System, formulas: Sequence[sp.Expr]) -> Program:
    """out[i] = any formulas over a System's states, parameters, definitions and time."""
    lowering = lower(system)
    return lowering.finish([lowering.node(formula) for formula in formulas])


def _margin(lowering: Lowering, event: Trigger) -> int:
    if event.timed:
        return lowering.graph.add(lowering.nodes[TIME], lowering.graph.neg(lowering.node(event.condition)))
    return _signed(lowering, event.condition)


def _signed(lowering: Lowering, condition: Any) -> int:
    g = lowering.graph
    if isinstance(condition, (sp.And, sp.Or)):
        op = Op.MIN if isinstance(condition, sp.And) else Op.MAX
        return g.symmetric(op, [_signed(lowering, a) for a in condition.args])
    if isinstance(condition, sp.Not):
        return g.neg(_signed(lowering, condition.args[0]))
    if condition.is_Relational and not isinstance(condition, (sp.Eq, sp.Ne)):
        left, right = (lowering.node(a) for a in condition.args)
        if isinstance(condition, (sp.Lt, sp.Le)):
            left, right = right, left
        return g.add(left, g.neg(right))
    return g.select(lowering.node(condition), g.constant(1.0), g.constant(-1.0))
