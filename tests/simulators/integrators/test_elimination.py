"""Sparse elimination: solves against numpy's, the full end, lost pivots, the same solutions as with full matrices."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rxncompile import parse, rate_equations
from rxncompile.simulators.integrators import sparse
from rxncompile.simulators.integrators.drive import DONE, Control, Trace
from rxncompile.simulators.integrators.elimination import Elimination, dense, elimination
from rxncompile.simulators.integrators.elimination import sparse as tables
from rxncompile.simulators.integrators.machine import Machine, Scheme
from rxncompile.simulators.integrators.steps import Equations


def pattern(n: int, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """So many different entries of an n x n matrix, row by row."""
    places = np.sort(np.random.default_rng(seed).choice(n * n, size=min(count, n * n), replace=False))
    return (places // n).astype(np.int64), (places % n).astype(np.int64)


def solved(n: int, rows: np.ndarray, columns: np.ndarray, seed: int) -> tuple[Elimination, float]:
    """The tables, and the largest residual of the three solves with a matrix whose diagonal rules."""
    rng = np.random.default_rng(seed)
    table, entries = tables(n, rows, columns), rng.normal(size=len(rows))
    diagonal = 1.0 + np.abs(entries).sum()
    matrix = diagonal * np.eye(n)
    matrix[rows, columns] -= entries
    lu, room = np.zeros(table.size), np.zeros(2 * n)
    sparse.fill(table, entries, diagonal, lu)
    assert sparse.factorise(table, lu, room)
    b, many = rng.normal(size=n), rng.normal(size=(n, 3))
    x, y, z = b.copy(), b.copy(), many.copy()
    sparse.solve(table, lu, x, room)
    sparse.solve_transposed(table, lu, y, room)
    sparse.solve_many(table, lu, z)
    return table, max(np.abs(matrix @ x - b).max(), np.abs(matrix.T @ y - b).max(), np.abs(matrix @ z - many).max())


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 25), st.integers(0, 120), st.integers(0, 1000))
def test_solves(n: int, count: int, seed: int) -> None:
    """To rounding: the matrices are dominated by their diagonal."""
    _, residual = solved(n, *pattern(n, count, seed), seed)
    assert residual < 1e-13


@pytest.mark.parametrize("count", [1000, 1500, 14400])
def test_full_end(count: int) -> None:
    """Patterns that fill up, of 120 states: the end that is full is eliminated by blocks."""
    table, residual = solved(120, *pattern(120, count, 7), 8)
    assert 120 - table.core > 32  # more than one block
    assert residual < 1e-12


def test_a_chain_does_not_fill() -> None:
    n = 200
    i = np.arange(n - 1)
    table, residual = solved(n, np.concatenate([i, i + 1]), np.concatenate([i + 1, i]), 3)
    assert table.size == 3 * n - 2 and residual < 1e-13


def test_a_lost_pivot_is_seen() -> None:
    """1e-9 beside ones: the second pivot becomes 1e9 times what it was."""
    table = tables(2, np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]))
    for small, good in ((1e-9, False), (1e-3, True)):
        lu, room = np.zeros(4), np.zeros(4)
        sparse.fill(table, np.array([1.0 - small, 1.0, 1.0, 0.0]), 1.0, lu)
        assert sparse.factorise(table, lu, room) is good


def test_which_is_chosen() -> None:
    """By the pattern alone: full for few states and for full patterns, sparse for a chain."""
    i = np.arange(29)
    assert not len(elimination(3, *pattern(3, 5, 1)).order)
    assert not len(elimination(30, *pattern(30, 900, 1)).order)
    assert len(elimination(30, np.concatenate([i, i + 1]), np.concatenate([i + 1, i])).order) == 30


@dataclass(frozen=True)
class Full(Machine):
    """The same solves with full matrices."""

    @cached_property
    def equations(self) -> Equations:
        return super().equations._replace(table=dense())


def test_same_solution_and_derivatives_as_with_full_matrices() -> None:
    """A stiff chain of 40 states; the two eliminate in another order, so to rounding times the stiffness."""
    text = "model Chain\nparam k = 1, f = 1e4, d = 0.5\nspecies " + ", ".join(f"A{i} = {1 + i % 5}" for i in range(40))
    for i in range(39):
        text += f"\nA{i} <-> A{i + 1} @ {'f' if i % 3 == 0 else 'k'}, k"
        text += f"\nA{i} + A{i + 1} -> 2 A{i} @ d" if i % 4 == 0 else ""
    system = rate_equations(parse(text + "\n"))
    p, start = np.array(system.parameter_vector()), np.array([float(s.initial) for s in system.states])
    times = np.linspace(0.0, 10.0, 5)
    found = []
    for made in (Machine(system, Scheme.ROSENBROCK), Full(system, Scheme.ROSENBROCK)):
        trace = Trace.of(500, 40)
        code, out, count = made.solve(Control(1e-6, np.full(40, 1e-8), 500, 0.0, True), times, p, start, trace)
        assert code == DONE
        sources = np.random.default_rng(2).normal(size=out.shape)
        costate, gradient = made.back(times, p, trace, sources)
        found.append((len(made.equations.table.order), count[0], out, costate, gradient))
    (one, steps, *values), (none, others, *full) = found
    assert one == 40 and none == 0 and steps == others
    for a, b in zip(values, full, strict=True):
        assert np.allclose(a, b, rtol=1e-9, atol=1e-9)
