"""A System made ready for the compiled integrators: addresses, entries, room to work in, and many solves at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property, lru_cache
from threading import Event

import numpy as np
from numpy.typing import NDArray

from ...kernels.derivatives import curvature_program, parameter_program, slope_program
from ...kernels.source import Kernel, compile_program
from ...system import System
from ..arrays import Values
from ..pool import StoppedError, each_block, how_many
from ..rate_equations.equations import compiled
from . import drive
from .drive import Control, Trace
from .replay import along, back
from .sensitivity import Derivatives, Tangents
from .steps import Equations, Work
from .tableaus import RODAS5P, TSIT5, Tableau

_BLOCK = 64  # solves between two looks at the outside

Codes = NDArray[np.int64]


class Scheme(Enum):
    """A one-step method: explicit for equations that are not stiff, Rosenbrock for those that are."""

    EXPLICIT = "Tsit5"
    ROSENBROCK = "Rodas5P"


@dataclass(frozen=True)
class Machine:
    """The kernels of a System for one method; `machine` makes them once a System."""

    system: System
    scheme: Scheme

    @property
    def stiff(self) -> bool:
        return self.scheme is Scheme.ROSENBROCK

    @property
    def tableau(self) -> Tableau:
        return RODAS5P if self.stiff else TSIT5

    @cached_property
    def _slope(self) -> Kernel | None:
        program = slope_program(self.system)
        return compile_program(program) if program else None

    @cached_property
    def _parameters(self) -> tuple[Kernel, tuple[int, ...], tuple[int, ...]]:
        found = parameter_program(self.system)
        return compile_program(found.program), found.rows, found.columns

    @cached_property
    def _curvature(self) -> tuple[Kernel, tuple[int, ...], tuple[int, ...]]:
        found = curvature_program(self.system)
        return compile_program(found.program), found.rows, found.columns

    @cached_property
    def equations(self) -> Equations:
        """Addresses of the right-hand side, its Jacobian and, for a Rosenbrock method, its slope in time."""
        model = compiled(self.system)
        entries = model.sparse_jacobian
        rows, columns = (np.array(x, dtype=np.int64) for x in (entries.rows, entries.columns))
        slope = self._slope.address if self.stiff and self._slope else 0
        return Equations(model.rhs.address, model.jacobian.address, slope, rows, columns)

    @cached_property
    def derivatives(self) -> Derivatives:
        """Addresses of the derivatives by parameters and, for a Rosenbrock method, of the Jacobian."""
        kernel, rows, columns = self._parameters
        p_rows, p_columns = (np.array(x, dtype=np.int64) for x in (rows, columns))
        if not self.stiff:
            nothing = np.zeros(0, dtype=np.int64)
            return Derivatives(kernel.address, p_rows, p_columns, 0, nothing, nothing)
        second, rows, columns = self._curvature
        c_rows, c_columns = (np.array(x, dtype=np.int64) for x in (rows, columns))
        return Derivatives(kernel.address, p_rows, p_columns, second.address, c_rows, c_columns)

    def work(self) -> Work:
        """Room for one thread."""
        n = len(self.system.states)
        return Work.of(n, len(self.tableau.c), len(self.equations.rows), self.stiff)

    def tangents(self) -> Tangents:
        """Room for the derivatives of one thread's steps."""
        n, der = len(self.system.states), self.derivatives
        return Tangents.of(n, len(self.tableau.c), len(self.equations.rows), len(der.p_rows), len(der.c_rows))

    def solve(
        self, control: Control, times: Values, p: Values, start: Values, trace: Trace
    ) -> tuple[int, Values, Codes]:
        """(why it ended, states (T, n), counts of `drive.solve`) of one solve from `start`."""
        out, count = np.zeros((len(times), len(start))), np.zeros(3, dtype=np.int64)
        out[0] = start
        code = drive.solve(self.tableau, self.equations, self.work(), control, times, p, out, count, trace)
        return int(code), out, count

    def along(self, times: Values, p: Values, trace: Trace, s: Values, q: Values) -> Values:
        """Directions s (m, n) of the start and q (m, P) of the parameters, carried along a traced solve, (T, m, n)."""
        found = np.zeros((len(times), *s.shape))
        room = np.zeros((len(s), len(self.tableau.c), s.shape[1]))
        made = (self.tableau, self.equations, self.derivatives, self.work(), self.tangents())
        along(*made, trace, times, p, s.copy(), q, room, found)
        return found

    def back(self, times: Values, p: Values, trace: Trace, sources: Values) -> tuple[Values, Values]:
        """(d L/d y(t_0), d L/d p) for a function L of a traced solve with d L/d y(times[r]) = sources[r]."""
        costate, gradient = np.zeros(len(self.system.states)), np.zeros(len(p))
        made = (self.tableau, self.equations, self.derivatives, self.work(), self.tangents())
        back(*made, trace, times, sources, p, costate, gradient)
        return costate, gradient

    def solve_many(
        self, control: Control, times: Values, p: Values, starts: Values, threads: int | None = None,
        look: Callable[[], object] = int,
    ) -> tuple[Values, Codes, Codes]:  # fmt: skip
        """(states (R, T, n), why each ended, counts (R, 3)) for parameters p (R, P) and starts (R, n), over threads."""
        runs = len(p)
        out = np.zeros((runs, len(times), starts.shape[1]))
        out[:, 0] = starts
        codes, counts = np.zeros(runs, dtype=np.int64), np.zeros((runs, 3), dtype=np.int64)
        equations, n = self.equations, starts.shape[1]

        def task(block: int, stop: Event) -> None:
            if stop.is_set():
                raise StoppedError
            first, last = block * _BLOCK, min(runs, (block + 1) * _BLOCK)
            alone = (self.work(), control, times, p, out, codes, counts, Trace.of(0, n))
            drive.solve_many(self.tableau, equations, *alone, first, last)

        for _ in each_block(task, -(-runs // _BLOCK), how_many(threads), look):
            look()
        return out, codes, counts


@lru_cache(maxsize=32)
def machine(system: System, scheme: Scheme = Scheme.ROSENBROCK) -> Machine:
    """A System's machine for a method; equal systems share it."""
    return Machine(system, scheme)
