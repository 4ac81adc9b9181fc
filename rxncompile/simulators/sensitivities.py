"""Sensitivities of a System along its solution, forward and adjoint, exact for the numbers that the solve returned.

    forward    d y(t_r)/d theta_k                           at the cost of K directions carried along
    adjoint    d L/d theta,   L = L(y(t_0), ..., y(t_T))    at the cost of a few solves, whatever K is

by differentiating every step of a compiled integrator, through events too (`integrators.sensitivity`,
`integrators.event_replay`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import RxnError
from ..kernels.derivatives import gradient_program
from ..kernels.source import Kernel, compile_program
from ..system import System
from .arrays import Values
from .directions import Directions, directions
from .inputs import Series, Tables, tables_of
from .integrators.course import Course, follow
from .integrators.drive import Control
from .integrators.faults import ended
from .integrators.machine import Machine, Scheme, machine
from .rate_equations.equations import compiled
from .rate_equations.ode import checked_times
from .rate_equations.solver import sizes
from .results.derivatives import Gradient, Sensitivities
from .results.loss import Loss, weighed
from .results.trajectory import Trajectory

_MAX_STEPS = 1_000_000
_SMALLEST = 1e-4  # default atol over rtol and the size of a state
_ROUNDING = 1e-14  # of the largest state: below it a default atol makes no sense


def integrate_sensitivities(
    system: System,
    t: ArrayLike,
    parameters: Sequence[str] | None = None,
    params: Mapping[str, object] | None = None,
    initial: Mapping[str, object] | None = None,
    scheme: Scheme = Scheme.ROSENBROCK,
    rtol: float = 1e-8,
    atol: float | None = None,
    inputs: Mapping[str, Series] | None = None,
) -> Sensitivities:
    """The derivatives of states and outputs at times `t` (T,) by K parameters and initial values, (T, L, K).

    `parameters`: their labels; a state's label stands for its initial value; by default all parameters that are no
    formulas of others. What is given by a formula of these follows them. `params`, `initial` and `inputs` as in
    `integrate`; `scheme`: Scheme.EXPLICIT for equations that are not stiff. At the time of an event the derivatives
    are of the values after it.

    Raises R504 for a label that is not known, R618 where an event grazes its condition, and what `integrate` raises.
    """
    run = _run(system, t, parameters, params, initial, scheme, rtol, atol, inputs)
    theta = run.theta
    q = np.concatenate([theta.q, np.zeros((len(theta.q), len(run.tables.values)))], axis=1)
    along = run.course.along(theta.s, q)
    found = np.empty((len(run.times), len(run.labels), len(theta.labels)))
    n = len(system.states)
    found[:, :n] = along.transpose(0, 2, 1)
    if system.outputs:
        for r, by in enumerate(run.output_slopes()):
            found[r, n:] = by[:, :n] @ found[r, :n] + by[:, n:] @ theta.q.T
    return Sensitivities(system.name, run.times, run.labels, run.values, theta.labels, theta.at, found)


def gradient(
    system: System,
    t: ArrayLike,
    loss: Loss | ArrayLike,
    parameters: Sequence[str] | None = None,
    params: Mapping[str, object] | None = None,
    initial: Mapping[str, object] | None = None,
    scheme: Scheme = Scheme.ROSENBROCK,
    rtol: float = 1e-8,
    atol: float | None = None,
    inputs: Mapping[str, Series] | None = None,
) -> Gradient:
    """The gradient of one number of the solution at times `t` (T,) by K parameters and initial values: the adjoint.

    `loss`: a function of the Trajectory that gives the number and its derivatives by the values of states and
    outputs, (T, L); or such an array w alone, for the number sum(w * values). All else as in
    `integrate_sensitivities`, which costs more the more parameters there are, while this does not.

    Raises R604 for derivatives of another shape, and what `integrate_sensitivities` raises.
    """
    run = _run(system, t, parameters, params, initial, scheme, rtol, atol, inputs)
    theta, n, path = run.theta, len(system.states), run.trajectory
    value, weights = weighed(loss, path)
    sources, by_p = weights[:, :n].copy(), np.zeros(len(theta.p))
    if system.outputs:
        for r, by in enumerate(run.output_slopes()):
            pull = weights[r, n:] @ by
            sources[r] += pull[:n]
            by_p += pull[n:]
    costate, back = run.course.back(sources)
    by_p += back[: len(by_p)]
    tables = run.tables
    by_input = {
        i.label: back[len(by_p) + a : len(by_p) + b]
        for i, a, b in zip(system.inputs, tables.first, tables.first[1:], strict=False)
    }
    found = theta.q @ by_p + theta.s @ costate
    return Gradient(system.name, value, theta.labels, theta.at, found, path, by_input)


@dataclass(frozen=True, eq=False)
class _Run:
    """One traced solve, and what was asked of it."""

    course: Course
    theta: Directions

    @property
    def made(self) -> Machine:
        return self.course.made

    @property
    def times(self) -> Values:
        return self.course.times

    @property
    def tables(self) -> Tables:
        return self.course.tables

    @property
    def states(self) -> Values:
        return self.course.states

    @property
    def labels(self) -> tuple[str, ...]:
        system = self.made.system
        return (*(s.label for s in system.states), *(label for label, _ in system.outputs))

    @property
    def values(self) -> Values:
        """Of states and outputs, (T, L)."""
        system = self.made.system
        if not system.outputs:
            return self.states
        kernel, out = compiled(self.made.lowered).outputs, np.empty((len(self.times), len(system.outputs)))
        for r, (t, y, p) in enumerate(self._points()):
            kernel(t, y, p, out[r])
        return np.concatenate([self.states, out], axis=1)

    @property
    def trajectory(self) -> Trajectory:
        system, made = self.made.system, self.made
        units = (*(s.unit for s in system.states), *("" for _ in system.outputs))
        values = self.values[np.newaxis]
        return Trajectory(system.name, self.times, self.labels, units, values, made.scheme.value)

    def output_slopes(self) -> list[Values]:
        """Derivatives of the outputs by states and parameters, (outputs, n + P), at each time."""
        kernel, rows, columns = _output_slopes(self.made.lowered)
        size = len(self.made.system.states) + len(self.theta.p)
        keep, found = columns < size, []
        for t, y, p in self._points():
            entries, by = np.empty(len(rows)), np.zeros((len(self.made.system.outputs), size))
            kernel(t, y, p, entries)
            by[rows[keep], columns[keep]] = entries[keep]
            found.append(by)
        return found

    def _points(self) -> list[tuple[float, Values, Values]]:
        forcing = self.tables.at(self.times)
        wide = (np.append(self.theta.p, u) for u in forcing)
        return [(float(t), y, p) for t, y, p in zip(self.times, self.states, wide, strict=True)]


@lru_cache(maxsize=32)
def _output_slopes(system: System) -> tuple[Kernel, NDArray[np.int64], NDArray[np.int64]]:
    found = gradient_program(system, [formula for _, formula in system.outputs])
    rows, columns = (np.array(x, dtype=np.int64) for x in (found.rows, found.columns))
    return compile_program(found.program), rows, columns


def _run(
    system: System,
    t: ArrayLike,
    parameters: Sequence[str] | None,
    params: Mapping[str, object] | None,
    initial: Mapping[str, object] | None,
    scheme: Scheme,
    rtol: float,
    atol: float | None,
    inputs: Mapping[str, Series] | None,
) -> _Run:
    times = checked_times(t)
    for what, tolerance in (("rtol", rtol), ("atol", 1.0 if atol is None else atol)):
        if not 0.0 < tolerance < np.inf:
            raise RxnError("R604", f"{what} is {tolerance}, expected a positive number")
    theta = directions(system, float(times[0]), parameters, params, initial)
    tables = tables_of(system, inputs, times[0], times[-1])
    made, n = machine(system, scheme), len(theta.start)
    if atol is None:
        size = sizes(system, np.abs(theta.start))
        most = float(size.max(initial=0.0)) or 1.0
        absolute = np.maximum(_SMALLEST * rtol * np.where(size > 0.0, size, most), _ROUNDING * most)
    else:
        absolute = np.full(n, atol)
    control = Control(rtol, absolute, _MAX_STEPS, 0.0, True)
    return _Run(ended(follow(made, control, times, theta.p, theta.start, tables)), theta)
