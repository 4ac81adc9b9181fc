"""Ordinary differential equations: d y/dt = rhs(t, y) by scipy's integrators on compiled functions.

The integrators take the compiled right-hand side and the compiled symbolic Jacobian, dense, or sparse where the
method can use it. Without state-triggered events LSODA runs inside one call of ODEPACK; everything else goes step
by step through the solver classes, whose interpolants serve requested times and event times.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import takewhile
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..errors import RxnError
from ..system import System
from .equations import Compiled, Function, Jacobian, RightHandSide, compiled
from .events import Events
from .initial import initial_values, parameter_vector
from .trajectory import Trajectory, Values

METHODS = ("LSODA", "BDF", "Radau", "RK45", "DOP853")
_IMPLICIT = ("LSODA", "BDF", "Radau")
_MANY = 200  # states from which on dense elimination costs more than everything else
_SPARSE = 0.1  # filled part of the Jacobian below which sparse elimination pays
_SMALLEST = 1e-4  # default atol over rtol and the size of a state
_EPS = float(np.finfo(float).eps)
_AT_ONCE = (1e-14, 1e-30)  # ODEPACK cannot start for a distance below these parts of the time and of the whole
_RAISES = 5  # how often absolute tolerances are raised before rounding errors are accepted


def integrate(
    system: System,
    t: ArrayLike,
    params: Mapping[str, object] | None = None,
    initial: Mapping[str, object] | None = None,
    method: str | None = None,
    rtol: float = 1e-9,
    atol: float | None = None,
    jacobian: bool = True,
    max_step: float = math.inf,
    max_evaluations: int = 2_000_000,
) -> Trajectory:
    """Solve d y/dt = rhs from t[0] on and report states and outputs at exactly the times `t`, shape (T,).

    The right-hand side of a jump process is its drift plus the sum of change times propensity. `params` and
    `initial` override parameters and initial values by label; a state that begins from a distribution begins from
    its mean. At the time of an event the values after it are reported.

    `method`: LSODA, BDF, Radau, RK45 or DOP853; by default LSODA, and BDF with a sparse Jacobian for more than 200
    states. `rtol`, `atol`: tolerances of the local error; with the default ones the error of a state stays near
    1e-6 of its size. The default `atol` is 1e-4 rtol times the value at which a state begins, or the smallest such
    value of a state of the same unit where it begins at 0; it is raised where rounding errors would drown it, with
    a note. `jacobian` False leaves the Jacobian to the integrator's finite differences.

    Raises R501, R504, R505, R602 for overrides and initial values, R603 for times, R604 for options, R506 and R508
    for systems that cannot be compiled, R601 for values that are not finite, R605 where no step is small enough,
    R606 where `max_evaluations` are spent, R607 for an event that fires without end.
    """
    times = _times(t)
    p = np.array(parameter_vector(system, params))
    start = np.array(initial_values(system, times[0], params, initial))
    model = compiled(system)
    options = _options(model, method, rtol, atol, jacobian, max_step, max_evaluations)
    known = system.environment(params) if any(e.timed for e in system.events) else {}
    notes: tuple[str, ...] = ()
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # integrators warn of what is raised here
        while True:
            events = Events(model, p, known, times[0], times[-1])
            run = _Run(model, p, options, events, times)
            try:
                states = run.solve(start)
                break
            except _Drowned as drowned:
                options.floor = np.maximum(options.floor, drowned.floor)
                options.raises += 1
        outputs = _outputs(model, p, times, states)
    if options.floor.any():
        raised = ", ".join(s.label for s, f in zip(system.states, options.floor, strict=True) if f)
        notes += (f"absolute tolerance raised to rounding errors: {raised}",)
    notes += _negative(system, times, states, rtol, run.absolute)
    labels = [s.label for s in system.states] + [label for label, _ in system.outputs]
    units = [s.unit for s in system.states] + [""] * len(system.outputs)
    values = np.concatenate([states, outputs], axis=1)[np.newaxis]
    return Trajectory(system.name, times, tuple(labels), tuple(units), values, options.method, None, notes)


@dataclass
class _Options:
    """The settled choices. `floor`: least absolute tolerances, for states that rounding drowns, raised so often."""

    method: str
    rtol: float
    atol: float | None
    jacobian: bool
    sparse: bool
    max_step: float
    max_evaluations: int
    floor: Values
    raises: int = 0


class _Drowned(Exception):  # noqa: N818  (a signal to start again, not an error)
    """The solver struggles with rounding errors: `floor` are absolute tolerances above these."""

    def __init__(self, floor: Values) -> None:
        super().__init__()
        self.floor = floor


# ---------------------------------------------------------------------------------------------- what is asked


def _times(t: ArrayLike) -> Values:
    try:
        times = np.array(t, dtype=np.float64)
    except (TypeError, ValueError):
        raise RxnError("R603", "the times are not numbers") from None
    if times.ndim != 1 or not times.size:
        raise RxnError("R603", f"times have shape {times.shape}, expected one axis with at least one time")
    if not np.isfinite(times).all():
        raise RxnError("R603", f"time number {int(np.argmin(np.isfinite(times)))} is not finite")
    steps = np.diff(times)
    if not (steps > 0.0).all():
        i = int(np.argmin(steps > 0.0))
        raise RxnError("R603", f"times must increase, but {times[i]:.9g} is followed by {times[i + 1]:.9g}")
    return times


def _options(
    model: Compiled,
    method: str | None,
    rtol: float,
    atol: float | None,
    jacobian: bool,
    max_step: float,
    max_evaluations: int,
) -> _Options:
    n = len(model.system.states)
    if method is not None and method not in METHODS:
        near = get_close_matches(str(method).upper(), [m.upper() for m in METHODS], 1)
        found = next((m for m in METHODS if near and m.upper() == near[0]), None)
        hint = f"did you mean {found!r}?" if found else "there are " + ", ".join(METHODS)
        raise RxnError("R604", f"{method!r} is no method of integration", hint=hint)
    if not 1e-13 <= rtol < 1.0:
        raise RxnError("R604", f"rtol is {rtol}, expected a number from 1e-13 to 1")
    if atol is not None and not 0.0 < atol < math.inf:
        raise RxnError("R604", f"atol is {atol}, expected a positive number")
    if not max_step > 0.0:
        raise RxnError("R604", f"max_step is {max_step}, expected a positive number")
    thin = jacobian and n > _MANY and len(model.sparse_jacobian.rows) < _SPARSE * n * n
    chosen = method or ("BDF" if thin else "LSODA")
    sparse = jacobian and chosen in ("BDF", "Radau") and n > 50 and (
        len(model.sparse_jacobian.rows) < _SPARSE * n * n
    )
    return _Options(chosen, rtol, atol, jacobian, sparse, max_step, max_evaluations, np.zeros(n))


# ---------------------------------------------------------------------------------------------- one integration


@dataclass
class _Run:
    """One integration of one System over `times`, from the start to the end or an error."""

    model: Compiled
    parameters: Values
    options: _Options
    events: Events
    times: Values
    absolute: Values = field(init=False)

    def __post_init__(self) -> None:
        n = len(self.model.system.states)
        strict = self.options.method == "LSODA"  # which takes not-a-number for success
        limit = self.options.max_evaluations
        self.rhs = RightHandSide(self.model, self.parameters, limit, strict, self._watch)
        self._jacobian: Jacobian | None = None
        self._peak = np.zeros(n)
        self.absolute = np.zeros(n)

    def solve(self, start: Values) -> Values:
        """The states at all times, (T, n)."""
        times, values = self.times, np.empty((len(self.times), len(start)))
        now, y = times[0], self.events.begin(start)
        values[0], done = y, 1
        while done < len(times) and len(start):
            stop = min(self.events.next_time(now), times[-1])
            upto = int(np.searchsorted(times, stop, side="right"))
            self._tolerances(now, y)
            asked = times[done:upto]
            if _at_once(now, stop, 0.0):
                y = y + (stop - now) * self.rhs(now, y)
                rows, now = np.repeat(y[np.newaxis], len(asked), axis=0), stop
            elif self.options.method == "LSODA" and not self.events.watching:
                rows, y = self._in_one_call(now, y, asked, stop)
                now = stop
            else:
                rows, y, now = self._step_by_step(now, y, asked, stop)
            values[done : done + len(rows)] = rows
            done += len(rows)
            y = self.events.fire(now, y)
            if times[done - 1] == now:
                values[done - 1] = y
        return values

    def _in_one_call(self, now: float, y: Values, asked: Values, stop: float) -> tuple[Values, Values]:
        """LSODA from `now` to `stop`: the states at the times asked and at the end. Never evaluates beyond it."""
        from scipy.integrate import odeint

        soon = len(list(takewhile(lambda t: _at_once(now, t, stop - now), asked)))
        first = y + (asked[:soon, np.newaxis] - now) * self.rhs(now, y)
        grid = np.concatenate([[now], asked[soon:], [] if len(asked) and asked[-1] == stop else [stop]])
        path, report = odeint(
            self.rhs, y, grid, tfirst=True, Dfun=self.jacobian if self.options.jacobian else None, full_output=True,
            rtol=self.options.rtol, atol=self.absolute, tcrit=[stop], mxstep=2_000_000_000,
            hmax=0.0 if math.isinf(self.options.max_step) else self.options.max_step,
        )  # fmt: skip
        if report["message"] != "Integration successful.":
            raise self.rhs.step_underflow(self.rhs.last, self.rhs.last_state)
        if not np.isfinite(path).all():
            k, i = np.argwhere(~np.isfinite(path))[0]
            label = self.model.system.states[i].label
            raise RxnError("R601", f"{label!r} is beyond the range of doubles at t = {grid[k]:.9g}")
        return np.concatenate([first, path[1 : 1 + len(asked) - soon]]), path[-1]

    def _step_by_step(self, now: float, y: Values, asked: Values, stop: float) -> tuple[Values, Values, float]:
        """Any method from `now` to `stop` or the first event: states at the times asked, the last state, its time."""
        rows: list[Values] = []
        for solver in self._steps(now, y, stop):
            interpolant: Any = None

            def solution(t: float, solver: Any = solver) -> Values:
                nonlocal interpolant
                if t == solver.t:
                    return solver.y
                interpolant = interpolant or solver.dense_output()
                return interpolant(t)

            event = self.events.crossing(solution, solver.t_old, solver.t) if self.events.watching else None
            now = solver.t if event is None else event
            while len(rows) < len(asked) and asked[len(rows)] <= now:
                rows.append(solution(asked[len(rows)]).copy())
            y = solution(now).copy()
            if event is not None:
                break
        return np.reshape(rows, (len(rows), len(y))), y, now

    def _steps(self, now: float, y: Values, stop: float) -> Iterator[Any]:
        """The solver after each of its steps."""
        import scipy.integrate

        o = self.options
        extra: dict[str, Any] = {"jac": self.jacobian} if o.jacobian and o.method in _IMPLICIT else {}
        make = getattr(scipy.integrate, o.method)
        rhs = self.rhs
        if not np.isfinite(rhs(now, y)).all():
            raise rhs.not_finite(now, y)
        solver = make(rhs.fresh, now, y, stop, rtol=o.rtol, atol=self.absolute, max_step=o.max_step, **extra)
        while solver.status == "running":
            rhs.bad = None
            try:
                message = solver.step()
            except (ValueError, RuntimeError, np.linalg.LinAlgError) as error:  # a matrix that cannot be factored
                message = str(error)
            if solver.status == "failed" or message:
                raise rhs.not_finite(*rhs.bad) if rhs.bad else rhs.step_underflow(solver.t, solver.y)
            yield solver

    def jacobian(self, t: float, y: Values) -> Any:
        """The compiled Jacobian, made when an integrator first asks for it: one that is not stiff never does."""
        if self._jacobian is None:
            self._jacobian = Jacobian(self.model, self.parameters, self.options.sparse)
        return self._jacobian(t, y)

    def _tolerances(self, now: float, y: Values) -> None:
        """Settle the absolute tolerances for the time from `now` on."""
        if self.options.atol is not None:
            self.absolute = np.full(len(y), self.options.atol)
            return
        self._peak = np.maximum(self._peak, np.abs(y))
        size = _sizes(self.model.system, self._peak)
        if not size.all():  # nothing of that unit is there yet: what will come
            coming = np.abs(self.rhs(now, y)) * (self.times[-1] - now)
            size = np.where(size > 0.0, size, _sizes(self.model.system, np.where(np.isfinite(coming), coming, 0.0)))
        size[size == 0.0] = 1.0
        self.absolute = np.maximum(_SMALLEST * self.options.rtol * size, self.options.floor)
        self.absolute = np.maximum(self.absolute, 1e-200)

    def _watch(self, calls: int, t: float, y: Values) -> None:
        """Whether rounding errors of large states keep a small one from meeting its default tolerance.

        In d y_i/dt = sum_j J_ij y_j they leave y_i uncertain by about eps sum_j |J_ij y_j| / |J_ii|, where |J_ii| is
        large enough for y_i to follow the others.
        """
        o = self.options
        if o.atol is not None or not o.jacobian or calls < 8 * 4096 or o.raises >= _RAISES:
            return
        matrix = self.jacobian(t, y)
        matrix = np.abs(matrix.toarray() if o.sparse else matrix)
        own = np.diagonal(matrix)
        uncertain = np.where(own > 0.01 * matrix.max(axis=1), 4 * _EPS * (matrix @ np.abs(y)) / own, 0.0)
        drowned = np.isfinite(uncertain) & (uncertain > o.rtol * np.abs(y) + self.absolute)
        if drowned.any():
            raise _Drowned(np.where(drowned, 4 * uncertain, 0.0))


def _at_once(now: float, t: float, whole: float) -> bool:
    """Whether `t` follows `now` too soon for a step of its own."""
    return t - now <= max(_AT_ONCE[0] * max(abs(now), abs(t)), _AT_ONCE[1] * whole)


def _sizes(system: System, magnitude: Values) -> Values:
    """The magnitude of each state, or the smallest of its unit where it is zero; zero where the unit has none."""
    smallest: dict[str, float] = {}
    for state, value in zip(system.states, magnitude.tolist(), strict=True):
        if value:
            smallest[state.unit] = min(value, smallest.get(state.unit, math.inf))
    fallback = np.array([smallest.get(state.unit, 0.0) for state in system.states])
    return np.where(magnitude > 0.0, magnitude, fallback)


# ---------------------------------------------------------------------------------------------- what is reported


def _outputs(model: Compiled, parameters: Values, times: Values, states: Values) -> Values:
    """The outputs at all times, (T, outputs)."""
    if not model.system.outputs:
        return np.empty((len(times), 0))
    f = Function(model.outputs, parameters)
    return np.array([f(t, y).copy() for t, y in zip(times, states, strict=True)])


def _negative(system: System, times: Values, states: Values, rtol: float, atol: Values) -> tuple[str, ...]:
    """A note on quantities (states with a unit) that began at zero or above and fell below, beyond tolerance."""
    if not states.size:
        return ()
    allowed = 100.0 * (rtol * np.abs(states).max(axis=0) + atol)
    lowest = states.min(axis=0)
    found = [i for i, s in enumerate(system.states) if s.unit and states[0, i] >= 0.0 and lowest[i] < -allowed[i]]
    if not found:
        return ()
    when = times[states.argmin(axis=0)]
    parts = [f"{system.states[i].label} is {lowest[i]:.4g} at t = {when[i]:.6g}" for i in found[:3]]
    return (f"negative: {'; '.join(parts)}" + (" ..." if len(found) > 3 else ""),)
