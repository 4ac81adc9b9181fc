"""Programs of the derivatives that sensitivities need: by time, by parameters, and of the Jacobian itself."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from ..system import System
from .graph import Op
from .program import Program, SparseProgram, _rhs, lower


def slope_program(system: System) -> Program | None:
    """out[i] = d f_i / dt at fixed states; None where the right-hand side f does not depend on time."""
    lowering = lower(system)
    g = lowering.graph
    time = g.make(Op.TIME)
    found = [g.derivative(node, time) for node in _rhs(lowering)]
    return None if all(g.is_constant(d, 0.0) for d in found) else lowering.finish(found)


def parameter_program(system: System) -> SparseProgram:
    """out[e] = d f_i / d p_j for the structurally non-zero entries (rows i, columns j), row by row."""
    lowering = lower(system)
    g = lowering.graph
    entries = [
        (i, j, d)
        for i, node in enumerate(_rhs(lowering))
        for j in g.parameters(node)
        if not g.is_constant(d := g.derivative(node, g.make(Op.PARAM, (), j)), 0.0)
    ]
    program = lowering.finish([d for _, _, d in entries])
    return SparseProgram(program, tuple(i for i, _, _ in entries), tuple(j for _, j, _ in entries))


def curvature_program(system: System) -> SparseProgram:
    """The derivatives of the Jacobian's entries, and of d f/dt, by states and parameters.

    Row e < E is entry e of `jacobian_program`, row E + i the component i of d f/dt; column z < n is state z, column
    n + j parameter j. Entries that vanish everywhere are left out.
    """
    lowering = lower(system)
    g = lowering.graph
    states = [g.make(Op.STATE, (), j) for j in range(len(system.states))]
    rhs = _rhs(lowering)
    first = [
        d for node in rhs for j in g.dependencies(node) if not g.is_constant(d := g.derivative(node, states[j]), 0.0)
    ]
    first += [g.derivative(node, g.make(Op.TIME)) for node in rhs]
    entries = []
    for e, node in enumerate(first):
        leaves = [(j, states[j]) for j in g.dependencies(node)]
        leaves += [(len(states) + j, g.make(Op.PARAM, (), j)) for j in g.parameters(node)]
        entries += [(e, z, d) for z, leaf in leaves if not g.is_constant(d := g.derivative(node, leaf), 0.0)]
    program = lowering.finish([d for _, _, d in entries])
    return SparseProgram(program, tuple(e for e, _, _ in entries), tuple(z for _, z, _ in entries))


def gradient_program(system: System, formulas: Sequence[sp.Expr]) -> SparseProgram:
    """The derivatives of formulas by states and parameters: row i is formula i, columns as in `curvature_program`."""
    lowering = lower(system)
    g = lowering.graph
    n, entries = len(system.states), []
    for i, node in enumerate([lowering.node(formula) for formula in formulas]):
        leaves = [(j, g.make(Op.STATE, (), j)) for j in g.dependencies(node)]
        leaves += [(n + j, g.make(Op.PARAM, (), j)) for j in g.parameters(node)]
        entries += [(i, z, d) for z, leaf in leaves if not g.is_constant(d := g.derivative(node, leaf), 0.0)]
    program = lowering.finish([d for _, _, d in entries])
    return SparseProgram(program, tuple(i for i, _, _ in entries), tuple(z for _, z, _ in entries))
