"""A fit's problem from a model and a table of measurements: what is unknown, seen and set, with plain defaults."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from enum import Enum

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike

from ...derivations.rates import rate_equations
from ...errors import RxnError
from ...expressions import exact, symbol, to_float
from ...language import parse, print_network
from ...network import Network
from ...simulators.arrays import Values
from ...system import Constant, System
from .measurements import Measurements, load_measurements
from .priors import support
from .problem import Condition, Data, Noise, Observable, Problem, Scale, Unknown

_FAR = 1e3  # bounds from a value, where the model has none
_LEAST, _MOST = 1e-6, 1e2  # bounds of a noise's size, in units of the data's


class NoiseModel(Enum):
    """The law of the distance of a measurement from the model; its size is the data's `sd` or is found, too.

    NORMAL: an sd for each observable. LEAST_SQUARES: one sd for all. LOG_NORMAL: an sd of the logarithm for each.
    LEAST_ABSOLUTES: a mean distance for each (Laplace's law), which outliers move little.
    """

    NORMAL = "normal"
    LEAST_SQUARES = "least squares"
    LOG_NORMAL = "log-normal"
    LEAST_ABSOLUTES = "least absolutes"


Table = Measurements | str | os.PathLike[str] | Mapping[str, ArrayLike]
Unknowns = Sequence[str | Unknown] | Mapping[str, tuple[float, float] | None]


def fit_problem(
    model: Network | System,
    data: Table,
    unknowns: Unknowns | None = None,
    noise: NoiseModel = NoiseModel.NORMAL,
    sd: float | Mapping[str, float] | None = None,
    conditions: Mapping[str, Mapping[str, float | str]] | None = None,
    observables: Mapping[str, str] | None = None,
    start: float = 0.0,
) -> Problem:
    """What a fit of a model to data is asked.

    `data`: a table, a file of one, or arrays by observable with their "time". `unknowns`: labels of parameters, or of
    states for their initial values, if wanted with (lower, upper) bounds; default: the parameters that the model gives
    bounds or priors. Bounds, where nobody gives any, are a thousandth and a thousand times the model's value; positive
    ones are searched by logarithms. `noise`: its law; `sd`: its size where it is known, for all or by observable, or
    in the data. `conditions`: what each condition of the data sets, parameters and initial values by label, to numbers
    or to an unknown. `observables`: formulas of those that are neither states nor outputs nor rules of the model.

    Raises R710 for what is wrong with it, R715 for a table.
    """
    table = _measurements(data)
    if isinstance(model, Network):
        model = rate_equations(_observing(model, observables or {}))
    elif observables:
        raise RxnError("R710", "formulas of observables are read for a model, not for a System", hint="give it outputs")
    set_here = {key: dict(values) for key, values in (conditions or {"": {}}).items()}
    for label in dict.fromkeys(table.condition):
        if label not in set_here:
            hint = "it is given: " + ", ".join(filter(None, set_here)) if any(set_here) else "say what each one sets"
            raise RxnError("R710", f"nothing is said about the condition {label!r} of the data", hint=hint)
    used = [key for key in set_here if key in set(table.condition)]
    named = {value for key in used for value in set_here[key].values() if isinstance(value, str)}
    found = _unknowns(model, unknowns, named)
    begun = {label: u for label, u in ((_state(u.name), u) for u in found) if label}
    known = {u.name for u in found}
    made = []
    for key in used:
        values = [(label, _value(key, label, value, known)) for label, value in set_here[key].items()]
        free = [(label, symbol(u.name)) for label, u in begun.items() if label not in set_here[key]]
        made.append(Condition(key or "all", (*values, *free)))
    seen, more = _observables(model, table, noise, sd)
    place = {key: i for i, key in enumerate(used)}
    which = {o.label: i for i, o in enumerate(seen)}
    rows = Data(
        np.array([place[c] for c in table.condition], dtype=np.int64),
        np.array([which[o] for o in table.observable], dtype=np.int64), table.time, table.value, _factor(table, sd),
    )  # fmt: skip
    return Problem.of(model, (*found, *more), seen, rows, tuple(made), start=start)


def _measurements(data: Table) -> Measurements:
    if isinstance(data, Measurements):
        return data
    if isinstance(data, Mapping):
        if "time" not in data:
            raise RxnError("R715", "arrays of data need their 'time'", hint="{'time': t, 'A': a}")
        return Measurements.of(data["time"], {k: v for k, v in data.items() if k != "time"})
    return load_measurements(data)


def _observing(net: Network, observables: Mapping[str, str]) -> Network:
    """The network with more observables, read by the language as those of its file are."""
    if not observables:
        return net
    for name, formula in observables.items():
        if "\n" in formula or not name.isidentifier():
            raise RxnError("R710", f"{name!r} = {formula!r} is no observable", hint="total = A + 2*B")
    lines = "".join(f"observable {name} = {formula}\n" for name, formula in observables.items())
    try:
        return parse(f"{print_network(net)}\n{lines}", "<observables>")
    except RxnError as error:
        raise RxnError(error.code, f"an observable is wrong: {error.message}", hint=error.hint) from None


# ---------------------------------------------------------------------------------------------- unknowns


def _state(name: str) -> str:
    """The state of whose initial value this is the name, "" for a parameter."""
    return name[:-3] if name.endswith("(0)") else ""


def _unknowns(model: System, asked: Unknowns | None, named: set[str]) -> tuple[Unknown, ...]:
    parameters = {c.label: c for c in model.parameters}
    states = {s.label: s for s in model.states}
    values = dict(zip(parameters, model.parameter_vector(), strict=True))
    if asked is None:
        asked = [c.label for c in model.parameters if c.lower is not None or c.prior is not None]
        if not asked:
            hint = "name them, or give parameters bounds in the model: param k = 1 in [0.01, 100]"
            raise RxnError("R710", f"{model.name} does not say what is to be found", hint=hint)
    pairs = dict(asked) if isinstance(asked, Mapping) else dict.fromkeys(asked)
    found = []
    for name, bounds in pairs.items():
        if isinstance(name, Unknown):
            found.append(replace(name, name=f"{name.name}(0)") if name.name in states else name)
        elif name in parameters:
            found.append(_parameter(parameters[name], values[name], bounds))
        elif (label := _state(name) or name) in states:
            first = states[label].initial
            value = first.xreplace(model.parameter_values()) if isinstance(first, sp.Expr) else sp.nan
            number = to_float(value) if value.is_number else math.nan
            found.append(_bounded(f"{label}(0)", number, bounds))
        elif name in named and bounds is not None:
            found.append(_bounded(name, math.nan, bounds))
        else:
            every = sorted({*parameters, *states})
            near = get_close_matches(name, every, 1)
            hint = f"did you mean {near[0]!r}?" if near else "it has: " + ", ".join(every[:12])
            raise RxnError("R710", f"{name!r} is no parameter or state of {model.name}", hint=hint)
    return tuple(found)


def _parameter(constant: Constant, value: float, bounds: tuple[float, float] | None) -> Unknown:
    if bounds is None and constant.lower is not None and constant.upper is not None:
        bounds = to_float(constant.lower), to_float(constant.upper)
    if bounds is None and constant.prior is not None and constant.prior.name in ("Uniform", "LogUniform"):
        bounds = support(constant.prior)
    return replace(_bounded(constant.label, value, bounds), prior=constant.prior)


def _bounded(name: str, value: float, bounds: tuple[float, float] | None) -> Unknown:
    if bounds is None:
        if not 0.0 < value < math.inf:
            hint = f"write {name} = LOWER:UPPER, or {{{name!r}: (lower, upper)}}"
            raise RxnError("R710", f"{name!r} has no bounds, and no positive value to take them from", hint=hint)
        bounds = value / _FAR, value * _FAR
    lower, upper = (float(b) for b in bounds)
    scale = Scale.LOG10 if lower > 0.0 else Scale.LINEAR
    return Unknown(name, lower, upper, scale, value if lower <= value <= upper else None)


def _value(condition: str, label: str, value: float | str, unknowns: set[str]) -> sp.Expr:
    if not isinstance(value, str):
        return exact(value)
    if value not in unknowns:
        message = f"condition {condition!r} sets {label!r} to {value!r}, which is no unknown"
        raise RxnError("R710", message, hint="unknowns are: " + ", ".join(sorted(unknowns)))
    return symbol(value)


# ---------------------------------------------------------------------------------------------- what is seen


def _observables(
    model: System, table: Measurements, noise: NoiseModel, sd: float | Mapping[str, float] | None
) -> tuple[tuple[Observable, ...], tuple[Unknown, ...]]:
    """What the table has seen, and the sizes of noise that are to be found."""
    formulas: dict[str, sp.Expr] = {name.name: name for name, _ in model.plain_definitions}
    formulas |= dict(model.outputs) | {s.label: s.symbol for s in model.states}
    scale = Scale.LOG if noise is NoiseModel.LOG_NORMAL else Scale.LINEAR
    law = Noise.LAPLACE if noise is NoiseModel.LEAST_ABSOLUTES else Noise.NORMAL
    labels = np.array(table.observable)
    common = noise is NoiseModel.LEAST_SQUARES
    seen, sizes = [], dict[str, tuple[float, float]]()
    for label in dict.fromkeys(table.observable):
        if label not in formulas:
            near = get_close_matches(label, list(formulas), 1)
            hint = f"did you mean {near[0]!r}?" if near else "it has: " + ", ".join(list(formulas)[:12])
            raise RxnError("R710", f"the data have {label!r}, which {model.name} has not", hint=hint)
        mine = labels == label
        given = ~np.isnan(table.sd[mine])
        if given.any() and not given.all():
            raise RxnError("R715", f"some measurements of {label!r} have an sd and some have none")
        if given.any() or _given(sd, label) is not None:
            seen.append(Observable(label, formulas[label], sp.S.One, scale, law))
            continue
        name = "sd" if common else f"sd({label})"
        size = 1.0 if scale is Scale.LOG else float(np.abs(table.value[mine]).max()) or 1.0
        low, high = sizes.get(name, (math.inf, 0.0))
        sizes[name] = min(low, _LEAST * size), max(high, _MOST * size)
        seen.append(Observable(label, formulas[label], symbol(name), scale, law))
    return tuple(seen), tuple(Unknown(n, *bounds, Scale.LOG10) for n, bounds in sizes.items())


def _given(sd: float | Mapping[str, float] | None, label: str) -> float | None:
    found = sd.get(label) if isinstance(sd, Mapping) else sd
    if found is not None and not 0.0 < found < math.inf:
        raise RxnError("R710", f"the sd of {label!r} is {found:g}, expected more than 0")
    return found


def _factor(table: Measurements, sd: float | Mapping[str, float] | None) -> Values:
    """The known sizes of noise, 1 where they are to be found."""
    given = [_given(sd, label) for label in table.observable]
    spread = np.array([1.0 if g is None else g for g in given])
    return np.where(np.isnan(table.sd), spread, table.sd)
