"""Programs of the derivatives that sensitivities need: by time, by parameters, and of the Jacobian itself."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from ..system import System, Trigger
from .graph import Op
from .program import Lowering, Program, SparseProgram, lower, rhs_nodes, trigger_nodes


def slope_program(system: System, moving: int = 0) -> Program | None:
    """out[i] = d f_i / dt at fixed states; None where the right-hand side f does not depend on time.

    The last parameters may be `moving` ones and behind them, in the same order, their rates: f_t + sum_j f_uj uj'.
    """
    lowering = lower(system)
    g = lowering.graph
    found = [_slope(lowering, node, moving) for node in rhs_nodes(lowering)]
    return None if all(g.is_constant(d, 0.0) for d in found) else lowering.finish(found)


def parameter_program(system: System) -> SparseProgram:
    """out[e] = d f_i / d p_j for the structurally non-zero entries (rows i, columns j), row by row."""
    lowering = lower(system)
    g = lowering.graph
    leaves = [g.make(Op.PARAM, (), j) for j in range(len(system.parameters))]
    return lowering.derivatives(rhs_nodes(lowering), lambda node: [(j, leaves[j]) for j in g.parameters(node)])


def _slope(lowering: Lowering, node: int, moving: int) -> int:
    g, last = lowering.graph, len(lowering.system.parameters)
    terms = [g.derivative(node, g.make(Op.TIME))]
    for j in range(last - 2 * moving, last - moving):
        value, rate = g.make(Op.PARAM, (), j), g.make(Op.PARAM, (), j + moving)
        terms.append(g.mul(g.derivative(node, value), rate))
    return g.add(*terms)


def curvature_program(system: System, moving: int = 0) -> SparseProgram:
    """The derivatives of the Jacobian's entries, and of d f/dt as in `slope_program`, by states and parameters.

    Row e < E is entry e of `jacobian_program`, row E + i the component i of d f/dt; column z < n is state z, column
    n + j parameter j. Entries that vanish everywhere are left out.
    """
    lowering = lower(system)
    g = lowering.graph
    rhs = rhs_nodes(lowering)
    by_states = [g.derivative(node, leaf) for node in rhs for _, leaf in lowering.states_in(node)]
    first = [d for d in by_states if not g.is_constant(d, 0.0)]
    first += [_slope(lowering, node, moving) for node in rhs]
    return lowering.derivatives(first, lowering.states_and_parameters_in)


def gradient_program(system: System, formulas: Sequence[sp.Expr]) -> SparseProgram:
    """The derivatives of formulas by states and parameters: row i is formula i, columns as in `curvature_program`."""
    lowering = lower(system)
    return lowering.derivatives([lowering.node(formula) for formula in formulas], lowering.states_and_parameters_in)


# -- where time itself moves: of steps that end at an event, and of what happens there ------------------------------


def hurry_program(system: System) -> SparseProgram:
    """The derivatives by time of the Jacobian's entries and of d f/dt: rows as in `curvature_program`, column 0."""
    lowering = lower(system)
    g = lowering.graph
    time, rhs = g.make(Op.TIME), rhs_nodes(lowering)
    by_states = [g.derivative(node, leaf) for node in rhs for _, leaf in lowering.states_in(node)]
    first = [d for d in by_states if not g.is_constant(d, 0.0)]
    first += [g.derivative(node, time) for node in rhs]
    return lowering.derivatives(first, lambda node: [(0, time)])


def trigger_gradient_program(system: System) -> SparseProgram:
    """The derivatives of `trigger_program`: columns as in `curvature_program`, and n + P for time."""
    lowering = lower(system)
    return _with_time(lowering, trigger_nodes(lowering))


def assignment_gradient_program(system: System, event: Trigger) -> SparseProgram:
    """The derivatives of `assignment_program`, columns as in `trigger_gradient_program`."""
    lowering = lower(system)
    return _with_time(lowering, [lowering.node(formula) for _, formula in event.assignments])


def _with_time(lowering: Lowering, nodes: Sequence[int]) -> SparseProgram:
    last = (len(lowering.system.states) + len(lowering.system.parameters), lowering.graph.make(Op.TIME))
    return lowering.derivatives(nodes, lambda node: [*lowering.states_and_parameters_in(node), last])
