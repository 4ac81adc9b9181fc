"""A System made ready for the compiled integrators: addresses, entries, room to work in, and many solves at once."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property, lru_cache
from threading import Event

import numpy as np
from numpy.typing import NDArray

from ...errors import RxnError
from ...kernels.derivatives import curvature_program, parameter_program, slope_program
from ...kernels.source import Kernel, compile_program
from ...system import System
from ..arrays import Values
from ..inputs import NO_TABLES, Tables, with_slots
from ..pool import StoppedError, each_block, how_many
from ..rate_equations.equations import compiled
from . import drive
from .directions import Directions
from .drive import Control, Trace
from .elimination import dense, elimination
from .event_kernels import EventKernels
from .event_replay import along_events, back_events
from .forcing import Forcing
from .replay import along_over, back_over
from .sensitivity import Derivatives, Tangents
from .steps import Equations, Work
from .tableaus import RODAS5P, TSIT5, Tableau
from .watching import Watch

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
    def lowered(self) -> System:
        """The System that the kernels are made of, in which inputs are parameters."""
        return with_slots(self.system) if self.system.inputs else self.system

    @cached_property
    def _slope(self) -> Kernel | None:
        program = slope_program(self.lowered, len(self.system.inputs))
        return compile_program(program) if program else None

    @cached_property
    def _parameters(self) -> tuple[Kernel, tuple[int, ...], tuple[int, ...]]:
        found = parameter_program(self.lowered)
        return compile_program(found.program), found.rows, found.columns

    @cached_property
    def _curvature(self) -> tuple[Kernel, tuple[int, ...], tuple[int, ...]]:
        found = curvature_program(self.lowered, len(self.system.inputs))
        return compile_program(found.program), found.rows, found.columns

    @cached_property
    def equations(self) -> Equations:
        """Addresses of the right-hand side, its Jacobian and, for a Rosenbrock method, its slope in time."""
        model = compiled(self.lowered)
        entries = model.sparse_jacobian
        rows, columns = (np.array(x, dtype=np.int64) for x in (entries.rows, entries.columns))
        slope = self._slope.address if self.stiff and self._slope else 0
        table = elimination(len(self.system.states), rows, columns) if self.stiff else dense()
        return Equations(model.rhs.address, model.jacobian.address, slope, rows, columns, None, table)

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

    def forced(self, tables: Tables, directions: Values | None = None) -> Equations:
        """The equations with the series of one run, and directions of their values (m, N), on one thread."""
        if not self.system.inputs:
            return self.equations
        if len(tables) != len(self.system.inputs):
            labels = ", ".join(i.label for i in self.system.inputs)
            raise RxnError("R617", f"{self.system.name} needs a series of {labels}")
        if self.system.events:
            message = f"{self.system.name} has inputs and events, which no compiled solve follows together"
            raise RxnError("R617", message, hint="rxncompile.integrate does")
        pushed = None if directions is None else tables.push(directions)
        return self.equations._replace(forcing=Forcing.of(tables, len(self.system.parameters), pushed))

    def wide(self, p: Values) -> Values:
        """Parameters (..., P) with room for the inputs and their rates behind them."""
        count = len(self.system.inputs)
        return np.concatenate([p, np.zeros((*p.shape[:-1], 2 * count))], axis=-1) if count else p

    @cached_property
    def events(self) -> EventKernels | None:
        """What belongs to the events; None where there are none."""
        return EventKernels(self.system) if self.system.events else None

    def watch(self) -> Watch | None:
        """The events, with room for one thread."""
        return self.events.watch() if self.events else None

    def trace(self, steps: int) -> Trace:
        """Room for so many steps, and firings between them."""
        trace = Trace.of(steps, len(self.system.states))
        return trace.watched() if self.events else trace

    def _smooth(self, code: int) -> None:
        if code and self.events:
            raise self.events.not_smooth(code)

    def work(self) -> Work:
        """Room for one thread."""
        n = len(self.system.states)
        return Work.of(n, len(self.tableau.c), len(self.equations.rows), self.stiff, self.equations.table)

    def tangents(self) -> Tangents:
        """Room for the derivatives of one thread's steps."""
        n, der = len(self.system.states), self.derivatives
        return Tangents.of(n, len(self.tableau.c), len(self.equations.rows), len(der.p_rows), len(der.c_rows))

    def solve(
        self, control: Control, times: Values, p: Values, start: Values, trace: Trace, tables: Tables = NO_TABLES
    ) -> tuple[int, Values, Codes]:
        """(why it ended, states (T, n), counts of `drive.solve`) of one solve from `start`."""
        out, count = np.zeros((len(times), len(start))), np.zeros(4, dtype=np.int64)
        out[0] = start
        made = (self.tableau, self.forced(tables), self.work())
        trace = trace.watched() if self.events else trace
        code = drive.solve(*made, control, times, self.wide(p), out, count, trace, self.watch())
        return int(code), out, count

    def along(
        self, times: Values, p: Values, trace: Trace, s: Values, q: Values, tables: Tables = NO_TABLES
    ) -> Values:
        """Directions s (m, n) of the start and q (m, P) of the parameters, carried along a traced solve, (T, m, n).

        Of a System with inputs the values of their series follow the parameters in q.
        """
        found = np.zeros((len(times), *s.T.shape))
        equations = self.forced(tables, q[:, len(p) :])
        ways = Directions.of(len(s), s.shape[1], len(self.tableau.c), len(equations.rows))
        made = (self.tableau, equations, self.derivatives, self.work(), self.tangents())
        moved = (s.T.copy(), self.wide(q[:, : len(p)]).T.copy())
        last = (trace, times, self.wide(p), *moved, ways, found)
        if self.events:
            moves = (self.watch(), self.events.moves(len(self.tableau.c)))
            self._smooth(along_events(*made, *moves, *last, np.zeros(len(s))))
        else:
            found[0] = moved[0]
            along_over(*made, *last, 1, math.inf)
        return found.swapaxes(1, 2)

    def back(
        self, times: Values, p: Values, trace: Trace, sources: Values, tables: Tables = NO_TABLES
    ) -> tuple[Values, Values]:
        """(d L/d y(t_0), d L/d p) for a function L of a traced solve with d L/d y(times[r]) = sources[r].

        Of a System with inputs the derivatives by the values of their series follow those by the parameters.
        """
        equations, wide = self.forced(tables), self.wide(p)
        costate, gradient = np.zeros(len(self.system.states)), np.zeros(len(wide))
        made = (self.tableau, equations, self.derivatives, self.work(), self.tangents())
        last = (trace, times, sources, wide, costate, gradient)
        if self.events:
            self._smooth(back_events(*made, self.watch(), self.events.moves(len(self.tableau.c)), *last))
        else:
            costate[:] = sources[-1]
            back_over(*made, *last, len(times) - 1)
        if equations.forcing is None:
            return costate, gradient
        return costate, np.append(gradient[: len(p)], tables.pull(equations.forcing.gradient))

    def solve_many(
        self, control: Control, times: Values, p: Values, starts: Values, threads: int | None = None,
        look: Callable[[], object] = int, tables: Tables = NO_TABLES,
    ) -> tuple[Values, Codes, Codes]:  # fmt: skip
        """(states (R, T, n), why each ended, counts (R, 4)) for parameters p (R, P) and starts (R, n), over threads."""
        runs = len(p)
        out = np.zeros((runs, len(times), starts.shape[1]))
        out[:, 0] = starts
        codes, counts = np.zeros(runs, dtype=np.int64), np.zeros((runs, 4), dtype=np.int64)
        wide = self.wide(p)

        def task(block: int, stop: Event) -> None:
            if stop.is_set():
                raise StoppedError
            first, last = block * _BLOCK, min(runs, (block + 1) * _BLOCK)
            alone = (self.work(), control, times, wide, out, codes, counts, self.trace(0))
            drive.solve_many(self.tableau, self.forced(tables), *alone, first, last, self.watch())

        for _ in each_block(task, -(-runs // _BLOCK), how_many(threads), look):
            look()
        return out, codes, counts


@lru_cache(maxsize=32)
def machine(system: System, scheme: Scheme = Scheme.ROSENBROCK) -> Machine:
    """A System's machine for a method; equal systems share it."""
    return Machine(system, scheme)
