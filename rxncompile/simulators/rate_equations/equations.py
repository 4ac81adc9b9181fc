"""A System as the functions of (t, y) that an integrator calls, with a watch on what they return.

`compiled(system)` is made once for equal systems; `RightHandSide` and `Jacobian` bind it to parameter values and to
arrays of their own, so one of each belongs to one integration.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import isfinite
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from ...errors import RxnError
from ...expressions import TIME
from ...kernels.program import (
    SparseProgram,
    assignment_program,
    formula_program,
    jacobian_program,
    output_program,
    propensity_program,
    rhs_program,
    trigger_program,
)
from ...kernels.source import Kernel, compile_program
from ...kernels.tables import TableKernel, Tables, is_table
from ...system import System
from ..arrays import Values
from ..inputs import Slots

_CHECK = 4096  # evaluations between two looks at the progress
_PATIENCE = 8 * _CHECK  # evaluations that may be slow
_STUCK = 1e-11  # relative progress over these that counts as none
_LARGEST = 1e248  # a derivative beyond this overflows in the integrators' norms, which they take for good


@dataclass(frozen=True)
class Compiled:
    """The kernels of a System, each made when it is first asked for."""

    system: System

    @cached_property
    def rhs(self) -> Kernel:
        return compile_program(rhs_program(self.system))

    @cached_property
    def sparse_jacobian(self) -> SparseProgram:
        return jacobian_program(self.system)

    @cached_property
    def jacobian(self) -> Kernel:
        return compile_program(self.sparse_jacobian.program)

    # many moments are evaluated from their table, which compiled callers cannot

    @cached_property
    def _tables(self) -> Tables | None:
        return Tables(self.system) if is_table(self.system) else None

    @property
    def called_rhs(self) -> Kernel | TableKernel:
        """The right-hand side to be called from Python."""
        return self._tables.rhs if self._tables else self.rhs

    @property
    def called_jacobian(self) -> Kernel | TableKernel:
        return self._tables.jacobian if self._tables else self.jacobian

    @cached_property
    def pattern(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Rows and columns of the entries of the Jacobian."""
        found = self._tables or self.sparse_jacobian
        return np.array(found.rows, dtype=np.int32), np.array(found.columns, dtype=np.int32)

    @cached_property
    def outputs(self) -> Kernel:
        return compile_program(output_program(self.system))

    @cached_property
    def propensities(self) -> Kernel:
        return compile_program(propensity_program(self.system))

    @cached_property
    def margins(self) -> Kernel:
        """Continuous where an event's condition is; positive where it holds."""
        return compile_program(trigger_program(self.system))

    @cached_property
    def truths(self) -> Kernel:
        """1 where an event's condition holds (or its time has come), else 0."""
        conditions = [sp.Le(e.condition, TIME) if e.timed else e.condition for e in self.system.events]
        formulas = [sp.Piecewise((1, c), (0, True), evaluate=False) for c in conditions]
        return compile_program(formula_program(self.system, formulas))

    @cached_property
    def assignments(self) -> tuple[Kernel, ...]:
        return tuple(compile_program(assignment_program(self.system, e)) for e in self.system.events)


@lru_cache(maxsize=32)
def compiled(system: System) -> Compiled:
    """The kernels of a System; equal systems share them."""
    return Compiled(system)


class Function:
    """A kernel at fixed parameters: `f(t, y)` gives its own array, overwritten by the next call.

    `slots`: inputs among the parameters, which are refreshed before every call.
    """

    def __init__(self, kernel: Kernel | TableKernel, parameters: Values, slots: Slots | None = None) -> None:
        self.arguments = np.zeros(kernel.n_states)
        self.out = np.zeros(kernel.n_out)
        self.run = kernel.bind(self.arguments, parameters, self.out)
        if slots is not None:
            self.run = slots.before(self.run)

    def __call__(self, t: float, y: Values) -> Values:
        self.arguments[:] = y
        self.run(t)
        return self.out


class Trapped(Exception):  # noqa: N818  (a signal to go on otherwise, not an error)
    """The integrator creeps towards `goal` at a pace for which the calls that are left are too few."""


class RightHandSide:
    """d y/dt for an integrator: counted, and watched for what is not a number and for steps that lead nowhere.

    `strict` raises R601 at the first derivative that is not finite, for integrators that would take it for good;
    else the first one is kept in `bad` as (t, y). Raises R605 where time stands still, R606 after `limit` calls;
    `watch(calls, t, y)` is called every 4096 evaluations. Raises Trapped where a `goal` is set and out of reach.
    """

    def __init__(
        self,
        model: Compiled,
        parameters: Values,
        limit: int,
        strict: bool,
        watch: Callable[[int, float, Values], None],
        slots: Slots | None = None,
    ) -> None:
        self._model, self._parameters, self._limit, self._strict = model, parameters, limit, strict
        self._watch = watch
        self._function = Function(model.called_rhs, parameters, slots)
        self._weights = np.full(model.called_rhs.n_out, 1e308 / _LARGEST)
        self._out, self._run = self._function.out, self._function.run
        self._dot = self._out.dot
        self._mark = np.nan
        self.goal: float | None = None
        self.calls = 0
        self.last = np.nan  # the time of the last call
        self.last_state = self._function.arguments
        self.bad: tuple[float, Values] | None = None

    def __call__(self, t: float, y: Values) -> Values:
        self.calls += 1
        self.last = t
        if self.calls % _CHECK == 0:
            slow = self._progress(t, y)
            self._watch(self.calls, t, y)
            if slow:
                raise Trapped
        self.last_state[:] = y
        self._run(t)
        out = self._out
        if not isfinite(self._dot(self._weights)):  # one product finds what is not finite or too large
            if self._strict:
                raise self.not_finite(t, y)
            self.bad = self.bad or (t, y.copy())
        return out

    def fresh(self, t: float, y: Values) -> Values:
        """The same in an array of its own, for integrators that keep what they are given."""
        return self(t, y).copy()

    def not_finite(self, t: float, y: Values) -> RxnError:
        """R601: which derivative is not finite, and by which reaction if that can be told."""
        system = self._model.system
        derivative = self._function(t, y)
        i = int(np.argmin(np.abs(derivative) <= _LARGEST))
        label = system.states[i].label
        here = ", ".join(f"{s.label} = {v:.6g}" for s, v in list(zip(system.states, y, strict=True))[:6])
        where = f"at t = {t:.9g}, where {here}" + (" ..." if len(y) > 6 else "")
        if system.jumps:
            propensities = Function(self._model.propensities, self._parameters)(t, y)
            for jump, a in zip(system.jumps, propensities, strict=True):
                if not abs(a) <= _LARGEST:
                    return RxnError("R601", f"the rate of reaction {jump.name!r} is {a} {where}", jump.origin)
        return RxnError("R601", f"the derivative of {label!r} is {derivative[i]} {where}")

    def step_underflow(self, t: float, y: Values) -> RxnError:
        """R605: no step is small enough; which state moves fastest there."""
        derivative = self._function(t, y)
        if not np.isfinite(derivative).all():
            return self.not_finite(t, y)
        i = int(np.argmax(np.abs(derivative) / (np.abs(y) + np.finfo(float).tiny)))
        label = self._model.system.states[i].label
        return RxnError(
            "R605",
            f"the steps at t = {t:.9g} have become too small to go on",
            hint=f"{label!r} is {y[i]:.4g} there and moves at {derivative[i]:.4g}: its solution may end, or a law jump",
        )

    def _progress(self, t: float, y: Values) -> bool:
        """Whether the calls that are left are too few for the goal at the pace of the last ones."""
        if self.calls >= self._limit:
            raise too_much_work(t, self._limit)
        done, self._mark = abs(t - self._mark), t
        if done <= _STUCK * abs(t):
            raise self.step_underflow(t, y) if self.goal is None else Trapped
        return (
            self.goal is not None
            and self.calls >= _PATIENCE
            and done * (self._limit - self.calls) < (self.goal - t) * _CHECK
        )


class Jacobian:
    """d(d y/dt)/dy for an integrator, dense (an array of its own each time) or as a scipy CSC matrix.

    Raises R601 for an entry that is not finite, because integrators take it for good.
    """

    def __init__(self, model: Compiled, parameters: Values, sparse: bool, slots: Slots | None = None) -> None:
        from scipy.sparse import csc_matrix

        n = len(model.system.states)
        rows, columns = model.pattern
        self._function = Function(model.called_jacobian, parameters, slots)
        self._states, self._places = model.system.states, (rows, columns)
        self._shape, self._sparse, self._matrix = (n, n), sparse, csc_matrix
        self._flat = rows * np.int64(n) + columns
        self._order = np.lexsort((rows, columns))
        self._rows = rows[self._order]
        self._starts = np.concatenate([[0], np.cumsum(np.bincount(columns, minlength=n))]).astype(np.int32)

    def __call__(self, t: float, y: Values) -> Any:
        entries = self._function(t, y)
        finite = np.isfinite(entries)
        if not finite.all():
            e = int(np.argmin(finite))
            rows, columns = self._places
            row, column, value = self._states[rows[e]], self._states[columns[e]], y[columns[e]]
            raise RxnError(
                "R601",
                f"the derivative of {row.label!r} has the slope {entries[e]} where {column.label!r} is {value:.6g}, "
                f"at t = {t:.9g}",
                hint="an explicit method, RK45 or DOP853, needs no slope",
            )
        if self._sparse:
            return self._matrix((entries[self._order], self._rows, self._starts), shape=self._shape)
        dense = np.zeros(self._shape)
        dense.reshape(-1)[self._flat] = entries
        return dense


def too_much_work(t: float, limit: int) -> RxnError:
    """R606: the budget is spent."""
    hint = "a stiff system needs LSODA, BDF or Radau; a longer run a larger max_evaluations"
    return RxnError("R606", f"{limit} evaluations have come no further than t = {t:.9g}", hint=hint)
