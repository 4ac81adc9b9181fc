"""Hierarchies of moments in arrays as functions to call: no code is generated for them but that of their rates.

    d y/dt = A(rates) (1, y, z),   z = f(y) closed moments,   Jacobian = A_y + A_z df/dy

A is a sparse matrix with a fixed pattern; each f is one formula for many moments, evaluated on arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from ..system import State, System
from ..tables import Definitions, Numbers, Pattern, TermTable
from .graph import Op
from .program import Program, formula_program, jacobian_program, rhs_program
from .source import Vector, compile_program

_FEW = 150  # moments up to which machine code of the equations is made in half a second; it runs 30 times faster


def is_table(system: System) -> bool:
    """Whether a System is to be evaluated from its table."""
    table, given = system.drift, system.definitions
    return (
        isinstance(table, TermTable)
        and len(table) > _FEW
        and (isinstance(given, Definitions) or len(table.moments) == len(table))
        and not (system.jumps or system.inputs or system.fields or system.frontier)
    )


@dataclass(frozen=True, eq=False)
class TableKernel:
    """The functions of a table with the face of a compiled kernel: `bind(y, p, out)` gives `run(t)`."""

    n_states: int
    n_parameters: int
    n_out: int
    make: Callable[[Vector, Vector, Vector], Callable[[float], None]]

    def bind(self, y: Vector, p: Vector, out: Vector) -> Callable[[float], None]:
        return self.make(y, p, out)

    def __call__(self, t: float, y: Vector, p: Vector, out: Vector) -> None:
        self.bind(y, p, out)(t)


class Tables:
    """The right-hand side and the Jacobian of a System for which `is_table`."""

    def __init__(self, system: System) -> None:
        table, given = system.drift, system.definitions
        assert isinstance(table, TermTable)
        self.n, self.every, self.parameters = len(table), len(table.moments), len(system.parameters)
        patterns = given.patterns if isinstance(given, Definitions) else ()
        self.closed = [_Closed(p, system.name) for p in patterns]
        bare = System(system.name, (), system.parameters, definitions=tuple(system.plain_definitions))
        self.rates = compile_program(formula_program(bare, table.rates))
        row = np.repeat(np.arange(self.n, dtype=np.int64), np.diff(table.starts))
        place, which = np.unique(row * (self.every + 1) + table.column + 1, return_inverse=True)
        self.row, self.column = np.divmod(place, self.every + 1)  # column 0 is the number 1
        self.shares = _matrix(table.coefficient, which.ravel(), table.rate, (len(place), len(table.rates)))

    @cached_property
    def rhs(self) -> TableKernel:
        return TableKernel(self.n, self.parameters, self.n, self._rhs)

    @cached_property
    def jacobian(self) -> TableKernel:
        return TableKernel(self.n, self.parameters, len(self.rows), self._jacobian)

    def _rates(self, p: Vector) -> Callable[[float], tuple[Vector, bool]]:
        """The numbers of A at a time, and whether they are new."""
        rates, data = np.full(self.rates.n_out, np.nan), np.empty(len(self.row))
        last = rates.copy()
        run = self.rates.bind(np.zeros(0), p, rates)

        def at(t: float) -> tuple[Vector, bool]:
            run(t)
            if np.array_equal(rates, last):
                return data, False
            last[:] = rates
            data[:] = self.shares @ rates
            return data, True

        return at

    def _rhs(self, y: Vector, p: Vector, out: Vector) -> Callable[[float], None]:
        from scipy.sparse import csr_matrix

        at, n, closed = self._rates(p), self.n, self.closed
        starts = np.searchsorted(self.row, np.arange(n + 1)).astype(np.int32)
        held = np.ones(self.every + 1)
        matrix = csr_matrix((np.zeros(len(self.row)), self.column.astype(np.int32), starts), shape=(n, self.every + 1))

        def run(t: float) -> None:
            data, new = at(t)
            if new:
                matrix.data[:] = data
            held[1 : n + 1] = y
            for group in closed:
                held[group.targets] = group.values(y)
            out[:] = matrix @ held

        return run

    # -- the Jacobian: entry = sum over k of A[i, k] dz_k/dy_j -------------------------------------------

    @cached_property
    def _slopes(self) -> tuple[Numbers, Numbers]:
        """Which closed moment (by place) each slope belongs to, and which state; in the order of the groups."""
        targets = [np.tile(g.targets, len(g.moving)) for g in self.closed]
        states = [g.parts[:, k] for g in self.closed for k in g.moving]
        none = np.empty(0, dtype=np.int64)
        return np.concatenate([none, *targets]), np.concatenate([none, *states])

    @cached_property
    def _pattern(self) -> tuple[Numbers, Numbers, Numbers, Numbers]:
        """(entries, entry of each direct term, terms by closed moments: their entry and what they multiply)."""
        targets, states = self._slopes
        direct = (self.column > 0) & (self.column <= self.n)
        order = np.argsort(targets, kind="stable")
        first = np.searchsorted(targets[order], self.column, side="left")
        count = np.where(self.column > self.n, np.searchsorted(targets[order], self.column, side="right") - first, 0)
        term = np.repeat(np.arange(len(self.column)), count)
        behind = np.cumsum(count) - count
        slope = order[np.arange(len(term)) - np.repeat(behind - first, count)]
        place = np.concatenate([
            self.row[direct] * self.n + self.column[direct] - 1, self.row[term] * self.n + states[slope],
        ])  # fmt: skip
        entries, which = np.unique(place, return_inverse=True)
        return entries, which.ravel(), np.concatenate([np.nonzero(direct)[0], term]), slope

    @cached_property
    def rows(self) -> Numbers:
        return self._pattern[0] // self.n

    @cached_property
    def columns(self) -> Numbers:
        return self._pattern[0] % self.n

    def _jacobian(self, y: Vector, p: Vector, out: Vector) -> Callable[[float], None]:
        at, closed = self._rates(p), self.closed
        entries, which, term, slope = self._pattern
        direct = len(term) - len(slope)
        fixed, spread = np.zeros(len(entries)), _matrix(np.zeros(len(slope)), which[direct:], slope,
                                                        (len(entries), len(self._slopes[0])), number=True)  # fmt: skip
        numbers = spread.data.astype(np.int64) - 1  # where the terms stand in rows of the matrix
        spread.data = np.zeros(len(numbers))

        def run(t: float) -> None:
            data, new = at(t)
            if new:
                fixed[:] = np.bincount(which[:direct], weights=data[term[:direct]], minlength=len(entries))
                spread.data[:] = data[term[direct:]][numbers]
            slopes = [group.slopes(y) for group in closed]
            out[:] = fixed + spread @ np.concatenate(slopes) if slopes else fixed

        return run


def _matrix(values: Any, row: Numbers, column: Numbers, shape: tuple[int, int], number: bool = False) -> Any:
    """A sparse matrix by rows, entries of one place kept apart; with `number` its data say which entry came where."""
    from scipy.sparse import csr_matrix

    order = np.argsort(row, kind="stable")
    starts = np.searchsorted(row[order], np.arange(shape[0] + 1))
    data = order + 1.0 if number else np.asarray(values, dtype=np.float64)[order]
    return csr_matrix((data, column[order], starts), shape=shape)


class _Closed:
    """One formula and its slopes on arrays: of `targets` (places behind the number 1) by states `parts`."""

    def __init__(self, pattern: Pattern, name: str) -> None:
        states = tuple(State(it, it.name) for it in pattern.places)
        small = System(name, states, drift=(pattern.formula, *(sp.S.Zero for _ in states[1:])))
        if not states:
            small = System(name, (State(sp.Dummy(real=True), ""),), drift=(pattern.formula,))
        self.targets, self.parts = pattern.targets + 1, pattern.parts
        self.formula = _first(rhs_program(small))
        found = jacobian_program(small)
        self.moving = tuple(j for i, j in zip(found.rows, found.columns, strict=True) if i == 0 and j < len(states))
        self.steep = found.program

    def values(self, y: Vector) -> Vector:
        (value,) = on_arrays(self.formula, y[self.parts.T])
        return np.asarray(value)

    def slopes(self, y: Vector) -> Vector:
        """Slope by slope of all moments, flat."""
        found = on_arrays(self.steep, y[self.parts.T])
        size = (len(self.targets),)
        return np.concatenate([np.broadcast_to(x, size) for x in found]) if found else np.empty(0)


def _first(program: Program) -> Program:
    return replace(program, outputs=program.outputs[:1])


_ONE: dict[Op, Any] = {
    Op.NEG: np.negative, Op.EXP: np.exp, Op.LOG: np.log, Op.SQRT: np.sqrt, Op.SIN: np.sin, Op.COS: np.cos,
    Op.TAN: np.tan, Op.TANH: np.tanh, Op.ABS: np.abs, Op.FLOOR: np.floor, Op.CEIL: np.ceil, Op.NOT: np.logical_not,
}  # fmt: skip
_TWO: dict[Op, Any] = {
    Op.DIV: np.divide, Op.POW: np.power, Op.MIN: np.minimum, Op.MAX: np.maximum, Op.LT: np.less, Op.LE: np.less_equal,
    Op.EQ: np.equal, Op.AND: np.logical_and, Op.OR: np.logical_or, Op.ADD: np.add, Op.MUL: np.multiply,
}  # fmt: skip


def on_arrays(program: Program, states: Sequence[Any] | NDArray[np.float64]) -> list[Any]:
    """The outputs of a program without parameters and time whose states are arrays."""
    values: list[Any] = []
    with np.errstate(all="ignore"):
        for op, args, value in program.nodes:
            if op is Op.CONST:
                values.append(value)
            elif op is Op.STATE:
                values.append(states[int(value)])
            elif op is Op.SELECT:
                values.append(np.where(*(values[a] for a in args)))
            elif op in _ONE:
                values.append(_ONE[op](values[args[0]]))
            else:
                result = values[args[0]]
                for a in args[1:]:
                    result = _TWO[op](result, values[a])
                values.append(result)
    return [values[k] for k in program.outputs]
