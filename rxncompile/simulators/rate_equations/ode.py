"""Ordinary differential equations: d y/dt = rhs(t, y) by scipy's integrators on compiled functions.

The integrators take the compiled right-hand side and the compiled symbolic Jacobian, dense, or sparse where the
method can use it. scipy.integrate is loaded by the first integration, not by importing this module.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches

import numpy as np
from numpy.typing import ArrayLike

from ...errors import RxnError
from ...system import System
from ..arrays import Values
from ..inputs import Series, Slots, tables_of, with_slots
from ..results.trajectory import Trajectory
from .equations import Compiled, Function, compiled
from .events import Events
from .initial import initial_values, parameter_vector
from .instants import with_instants
from .solver import METHODS, Drowned, Options, Run, quiet

_MANY = 2_000  # states from which on dense matrices cost too much; below, LSODA wins unless every step is stiff
_FEW = 50  # states up to which sparse elimination never pays
_SPARSE = 0.1  # filled part of the Jacobian below which it does


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
    inputs: Mapping[str, Series] | None = None,
) -> Trajectory:
    """Solve d y/dt = rhs from t[0] on and report states and outputs at exactly the times `t`, shape (T,).

    The right-hand side of a jump process is its drift plus the sum of change times propensity. `params` and
    `initial` override parameters and initial values by label; a state that begins from a distribution begins from
    its mean. At the time of an event the values after it are reported.

    `method`: LSODA, BDF, Radau, RK45 or DOP853; by default LSODA, and BDF with a sparse Jacobian for more than 2,000
    states. `rtol`, `atol`: tolerances of the local error; with the default ones the error of a state stays near
    1e-6 of its size. The default `atol` is 1e-4 rtol times the value at which a state begins, or the smallest such
    value of a state of the same unit where it begins at 0; it is raised where rounding errors would drown it, with
    a note. `jacobian` False leaves the Jacobian to the integrator's finite differences.

    `inputs`: for each input of the System by label its series, a pair of times and values. Steps end at its times.

    Raises R501, R504, R505, R609 for overrides and initial values, R603 for times, R604 for options, R506 and R508
    for systems that cannot be compiled, R601 for values that are not finite, R605 where no step is small enough,
    R606 where `max_evaluations` are spent, R607 for an event that fires without end, R610 for a condition `t == ...`
    of what states decide, R617 for inputs.
    """
    times = checked_times(t)
    p = np.array(parameter_vector(system, params))
    start = np.array(initial_values(system, times[0], params, initial))
    known = system.environment(params) if system.events else {}
    tables = tables_of(system, inputs, times[0], times[-1])
    instants = with_instants(system)
    moments = instants.times(known)
    p, model = np.append(p, moments), compiled(with_slots(instants.system) if system.inputs else instants.system)
    p = np.append(p, np.zeros(2 * len(tables)))
    slots = Slots(tables, p) if system.inputs else None
    due = moments.tolist() + tables.stops.tolist()
    options = _options(model, method, rtol, atol, jacobian, max_step, max_evaluations)
    with np.errstate(all="ignore"), quiet():
        while True:
            events = Events(model, p, known, times[0], times[-1], due, slots)
            run = Run(model, p, options, events, times, slots)
            try:
                states = run.solve(start)
                break
            except Drowned as drowned:
                floor = np.maximum(options.floor, drowned.floor)
                options = replace(options, floor=floor, raises=options.raises + 1)
        outputs = _outputs(model, p, times, states, slots)
    notes = _raised(system, options.floor) + _negative(system, times, states, rtol, run.absolute)
    labels = [s.label for s in system.states] + [label for label, _ in system.outputs]
    units = [s.unit for s in system.states] + [""] * len(system.outputs)
    values = np.concatenate([states, outputs], axis=1)[np.newaxis]
    return Trajectory(system.name, times, tuple(labels), tuple(units), values, options.method, None, notes)


def checked_times(t: ArrayLike) -> Values:
    """Times as an ascending array. Raises R603."""
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
) -> Options:
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
    candidate = jacobian and n > _FEW and (n > _MANY if method is None else method in ("BDF", "Radau"))
    sparse = candidate and len(model.pattern[0]) < _SPARSE * n * n
    chosen = method or ("BDF" if sparse else "LSODA")
    return Options(chosen, rtol, atol, jacobian, sparse, max_step, max_evaluations, np.zeros(n))


# ---------------------------------------------------------------------------------------------- what is reported


def _outputs(model: Compiled, parameters: Values, times: Values, states: Values, slots: Slots | None) -> Values:
    """The outputs at all times, (T, outputs)."""
    if not model.system.outputs:
        return np.empty((len(times), 0))
    f = Function(model.outputs, parameters, slots)
    rows = []
    for t, y in zip(times, states, strict=True):
        if slots:
            slots.enter(t)
        rows.append(f(t, y).copy())
    return np.array(rows)


def _raised(system: System, floor: Values) -> tuple[str, ...]:
    labels = ", ".join(s.label for s, least in zip(system.states, floor, strict=True) if least)
    return (f"absolute tolerance raised to rounding errors: {labels}",) if labels else ()


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
