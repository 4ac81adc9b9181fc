"""One integration by one of scipy's methods, from the start to the end, event by event.

Without events to watch, LSODA runs inside one call of ODEPACK; everything else goes step by step through the solver
classes, whose interpolants serve requested times and event times.
"""

from __future__ import annotations

import math
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

import numpy as np

from ...errors import RxnError
from ...system import System
from ..arrays import Values
from ..inputs import Slots
from .equations import Compiled, Jacobian, RightHandSide, Trapped
from .events import Events

METHODS = ("LSODA", "BDF", "Radau", "RK45", "DOP853")
_IMPLICIT = ("LSODA", "BDF", "Radau")
_SMALLEST = 1e-4  # default atol over rtol and the size of a state
_EPS = float(np.finfo(float).eps)
_AT_ONCE = (1e-14, 1e-30)  # ODEPACK cannot start for a distance below these parts of the time and of the whole
_STEEPEST = 1e150  # derivative over tolerance: LSODA squares it, and takes an infinite square for a step of nothing
_CREEP = (100, 1e-5)  # so many equal steps, each below this part of the way, and LSODA begins anew
_RAISES = 5  # how often absolute tolerances are raised before rounding errors are accepted


@dataclass(frozen=True)
class Options:
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


class Drowned(Exception):  # noqa: N818  (a signal to start again, not an error)
    """The solver struggles with rounding errors: `floor` are absolute tolerances above these."""

    def __init__(self, floor: Values) -> None:
        super().__init__()
        self.floor = floor


@dataclass
class Run:
    """One integration of one System over `times`, from the start to the end or an error."""

    model: Compiled
    parameters: Values
    options: Options
    events: Events
    times: Values
    slots: Slots | None = None
    absolute: Values = field(init=False)

    def __post_init__(self) -> None:
        n = len(self.model.system.states)
        strict = self.options.method == "LSODA"  # which takes not-a-number for success
        limit = self.options.max_evaluations
        self.rhs = RightHandSide(self.model, self.parameters, limit, strict, self._watch, self.slots)
        self._jacobian: Jacobian | None = None
        self._peak = np.zeros(n)
        self.absolute = np.zeros(n)

    def solve(self, start: Values) -> Values:
        """The states at all times, (T, n)."""
        times, values = self.times, np.empty((len(self.times), len(start)))
        self._enter(times[0])
        now, y = times[0], self.events.begin(start)
        values[0], done = y, 1
        while done < len(times) and len(start):
            stop = min(self.events.next_time(now), times[-1])
            upto = int(np.searchsorted(times, stop, side="right"))
            self._tolerances(now, y)
            if self.options.method == "LSODA":
                self._steepness(now, y)
            asked = times[done:upto]
            if _at_once(now, stop, 0.0):
                y = y + (stop - now) * self.rhs(now, y)
                rows, now = np.repeat(y[np.newaxis], len(asked), axis=0), stop
            elif self.options.method == "LSODA" and not self.events.watching:
                try:
                    rows, y = self._in_one_call(now, y, asked, stop)
                    now = stop
                except Trapped:
                    rows, y, now = self._step_by_step(now, y, asked, stop)
            else:
                rows, y, now = self._step_by_step(now, y, asked, stop)
            values[done : done + len(rows)] = rows
            done += len(rows)
            self._enter(now)
            y = self.events.fire(now, y)
            if times[done - 1] == now:
                values[done - 1] = y
        if not np.isfinite(values).all():
            k, i = np.argwhere(~np.isfinite(values))[0]
            label = self.model.system.states[i].label
            raise RxnError("R601", f"{label!r} is {values[k, i]} at t = {times[k]:.9g}")
        return values

    def _enter(self, t: float) -> None:
        if self.slots:
            self.slots.enter(t)

    def _in_one_call(self, now: float, y: Values, asked: Values, stop: float) -> tuple[Values, Values]:
        """LSODA from `now` to `stop`: the states at the times asked and at the end. Never evaluates beyond it."""
        from scipy.integrate import odeint

        soon = len(list(takewhile(lambda t: _at_once(now, t, stop - now), asked)))
        first = y + (asked[:soon, np.newaxis] - now) * self.rhs(now, y)
        grid = np.concatenate([[now], asked[soon:], [] if len(asked) and asked[-1] == stop else [stop]])
        self.rhs.goal = stop
        try:
            path, report = odeint(
                self.rhs, y, grid, tfirst=True, Dfun=self.jacobian if self.options.jacobian else None, full_output=True,
                rtol=self.options.rtol, atol=self.absolute, tcrit=[stop], mxstep=2_000_000_000,
                hmax=0.0 if math.isinf(self.options.max_step) else self.options.max_step,
            )  # fmt: skip
        finally:
            self.rhs.goal = None
        if report["message"] != "Integration successful.":
            raise self.rhs.step_underflow(self.rhs.last, self.rhs.last_state)
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
        """The solver after each of its steps.

        Where a law jumps, LSODA takes it for infinitely stiff and creeps on with equal steps that it never lengthens,
        since short ones converge too well to teach it better: a new start lets it forget.
        """
        import scipy.integrate

        o = self.options
        extra: dict[str, Any] = {"jac": self.jacobian} if o.jacobian and o.method in _IMPLICIT else {}
        make = getattr(scipy.integrate, o.method)
        rhs = self.rhs
        if not np.isfinite(rhs(now, y)).all():
            raise rhs.not_finite(now, y)

        def start(t: float, state: Values) -> Any:
            return make(rhs.fresh, t, state, stop, rtol=o.rtol, atol=self.absolute, max_step=o.max_step, **extra)

        solver, step, equal, patience = start(now, y), 0.0, 0, _CREEP[0]
        while solver.status == "running":
            rhs.bad = None
            try:
                message = solver.step()
            except (ValueError, RuntimeError, np.linalg.LinAlgError) as error:  # a matrix that cannot be factored
                message = str(error)
            if solver.status == "failed" or message:
                raise rhs.not_finite(*rhs.bad) if rhs.bad else rhs.step_underflow(solver.t, solver.y)
            yield solver
            last, step = step, solver.t - solver.t_old
            equal = equal + 1 if abs(step - last) <= 1e-6 * last else 0
            if equal >= patience and o.method == "LSODA" and step < min(_CREEP[1] * (stop - now), 0.5 * o.max_step):
                solver, equal, patience = start(solver.t, solver.y), 0, 2 * patience
                if _at_once(solver.t, stop, stop - now):
                    return

    def jacobian(self, t: float, y: Values) -> Any:
        """The compiled Jacobian, made when an integrator first asks for it: one that is not stiff never does."""
        if self._jacobian is None:
            self._jacobian = Jacobian(self.model, self.parameters, self.options.sparse, self.slots)
        return self._jacobian(t, y)

    def _tolerances(self, now: float, y: Values) -> None:
        """Settle the absolute tolerances for the time from `now` on."""
        if self.options.atol is not None:
            self.absolute = np.full(len(y), self.options.atol)
            return
        self._peak = np.maximum(self._peak, np.abs(y))
        size = sizes(self.model.system, self._peak)
        if not size.all():  # nothing of that unit is there yet: what will come
            coming = np.abs(self.rhs(now, y)) * (self.times[-1] - now)
            size = np.where(size > 0.0, size, sizes(self.model.system, np.where(np.isfinite(coming), coming, 0.0)))
        size[size == 0.0] = 1.0
        self.absolute = np.maximum(_SMALLEST * self.options.rtol * size, self.options.floor)
        self.absolute = np.maximum(self.absolute, 1e-200)

    def _steepness(self, now: float, y: Values) -> None:
        derivative = self.rhs(now, y)
        steep = np.abs(derivative) / (self.options.rtol * np.abs(y) + self.absolute)
        if not (steep < _STEEPEST).all():
            i = int(np.argmin(steep < _STEEPEST))
            label = self.model.system.states[i].label
            message = f"the derivative of {label!r} is {derivative[i]:.4g} at t = {now:.9g}, where it is {y[i]:.4g}"
            raise RxnError("R601", message, hint="this is beyond what doubles can resolve")

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
            raise Drowned(np.where(drowned, 4 * uncertain, 0.0))


def _at_once(now: float, t: float, whole: float) -> bool:
    """Whether `t` follows `now` too soon for a step of its own."""
    return t - now <= max(_AT_ONCE[0] * max(abs(now), abs(t)), _AT_ONCE[1] * whole)


def sizes(system: System, magnitude: Values) -> Values:
    """The magnitude of each state, or the smallest of its unit where it is zero; zero where the unit has none."""
    smallest: dict[str, float] = {}
    for state, value in zip(system.states, magnitude.tolist(), strict=True):
        if value:
            smallest[state.unit] = min(value, smallest.get(state.unit, math.inf))
    fallback = np.array([smallest.get(state.unit, 0.0) for state in system.states])
    return np.where(magnitude > 0.0, magnitude, fallback)


class _Quiet:
    """Integrators warn of what is raised here as an error; their warnings are hidden while any thread integrates.

    `warnings.catch_warnings` alone would restore the filters of one thread over those of another.
    """

    def __init__(self) -> None:
        self._lock, self._inside = threading.Lock(), 0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            if not self._inside:
                self._catch = warnings.catch_warnings()
                self._catch.__enter__()
                for text in (".*Run with full_output = 1", "lsoda: ", "Diagonal number .* is exactly zero"):
                    warnings.filterwarnings("ignore", text)
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if not self._inside:
                    self._catch.__exit__(None, None, None)


quiet = _Quiet()
