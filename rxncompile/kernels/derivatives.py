"""Programs of the derivatives that sensitivities need: by time, by parameters, and of the Jacobian itself."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from ..system import System
from .graph import Op
from .program import Program, SparseProgram, lower, rhs_nodes


def slope_program(system: System) -> Program | None:
    """out[i] = d f_i / dt at fixed states; None where the right-hand side f does not depend on time."""
    lowering = lower(system)
    g = lowering.graph
    time = g.make(Op.TIME)
    found = [g.derivative(node, time) for node in rhs_nodes(lowering)]
    return None if all(g.is_constant(d, 0.0) for d in found) else lowering.finish(found)


def parameter_program(system: System) -> SparseProgram:
    """out[e] = d f_i / d p_j for the structurally non-zero entries (rows i, columns j), row by row."""
    lowering = lower(system)
    g = lowering.graph
    leaves = [g.make(Op.PARAM, (), j) for j in range(len(system.parameters))]
    return lowering.derivatives(rhs_nodes(lowering), lambda node: [(j, leaves[j]) for j in g.parameters(node)])


def curvature_program(system: System) -> SparseProgram:
    """The derivatives of the Jacobian's entries, and of d f/dt, by states and parameters.

    Row e < E is entry e of `jacobian_program`, row E + i the component i of d f/dt; column z < n is state z, column
    n + j parameter j. Entries that vanish everywhere are left out.
    """
    lowering = lower(system)
    g = lowering.graph
    rhs = rhs_nodes(lowering)
    by_states = [g.derivative(node, leaf) for node in rhs for _, leaf in lowering.states_in(node)]
    first = [d for d in by_states if not g.is_constant(d, 0.0)]
    first += [g.derivative(node, g.make(Op.TIME)) for node in rhs]
    return lowering.derivatives(first, lowering.states_and_parameters_in)


def gradient_program(system: System, formulas: Sequence[sp.Expr]) -> SparseProgram:
    """The derivatives of formulas by states and parameters: row i is formula i, columns as in `curvature_program`."""
    lowering = lower(system)
    return lowering.derivatives([lowering.node(formula) for formula in formulas], lowering.states_and_parameters_in)
