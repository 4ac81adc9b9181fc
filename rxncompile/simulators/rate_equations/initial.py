"""Where a deterministic solution starts: the states' initial values as numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches

import sympy as sp

from ...errors import RxnError
from ...expressions import TIME, exact, to_float
from ...network import Distribution
from ...system import System, sort_definitions

_MEANS: dict[str, Callable[..., sp.Expr]] = {
    "Normal": lambda mean, sd: mean,
    "LogNormal": lambda mu, sigma: sp.exp(mu + sigma**2 / 2),
    "Poisson": lambda mean: mean,
    "Uniform": lambda low, high: (low + high) / 2,
    "Binomial": lambda n, p: n * p,
}


def initial_values(
    system: System,
    time: float = 0.0,
    params: Mapping[str, object] | None = None,
    initial: Mapping[str, object] | None = None,
) -> tuple[float, ...]:
    """The states' values at the start, in the order of `states`; a distribution gives its mean.

    `params` and `initial` override parameters and initial values by label. A formula may hold parameters,
    definitions, time and other states' initial values. Raises R501 for an unknown label in `initial`, R504 for one
    in `params`, R505 for what is not a number, R609 for a value that is not finite or not decided.
    """
    given = {label: exact(value) for label, value in (initial or {}).items()}
    labels = [state.label for state in system.states]
    for label in given:
        if label not in labels:
            raise RxnError("R501", f"{label!r} is not a state of {system.name}", hint=_hint(label, labels))
    formulas = {
        s.symbol: given[s.label] if s.label in given else mean(s.initial, s.label) for s in system.states
    }
    if not all(f.is_number for f in formulas.values()):
        values: dict[sp.Symbol, sp.Expr] = {TIME: exact(time), **system.parameter_values(params)}
        more = needed(formulas, dict(system.definitions))
        for name, formula in sort_definitions(more, system.name, frozenset(values)):
            values[name] = formula.xreplace(values)
        formulas = {name: values[name] for name in formulas}
    return tuple(_number(s.label, formulas[s.symbol]) for s in system.states)


def initial_formulas(system: System, time: float = 0.0) -> tuple[sp.Expr, ...]:
    """The states' values at the start as formulas of parameters alone; a distribution gives its mean."""
    formulas = {s.symbol: mean(s.initial, s.label) for s in system.states}
    held = {c.symbol for c in system.parameters}
    values: dict[sp.Symbol, sp.Expr] = {TIME: exact(time)}
    more = needed(formulas, dict(system.definitions))
    for name, formula in sort_definitions(more, system.name, frozenset(held | {TIME})):
        values[name] = formula.xreplace(values)
    return tuple(values[name] for name in formulas)


def mean(initial: sp.Expr | Distribution, label: str) -> sp.Expr:
    """The mean of a distribution, or the formula itself. Raises R609 for a distribution without a known mean."""
    if not isinstance(initial, Distribution):
        return initial
    try:
        return _MEANS[initial.name](*initial.arguments)
    except (KeyError, TypeError):
        law = f"{initial.name} of {len(initial.arguments)} arguments"
        message = f"{label!r} starts from {law}, whose mean is not known"
        raise RxnError("R609", message, hint="give its initial value when you run") from None


def parameter_vector(system: System, params: Mapping[str, object] | None = None) -> tuple[float, ...]:
    """The numbers of a kernel's `p`, overrides by label. Raises R504 for a label that is no parameter."""
    names = [c.label for c in system.parameters]
    states = {s.label for s in system.states}
    for label in params or {}:
        if label not in names:
            here = f"it is a state here: give it in initial={{{label!r}: ...}}"
            raise RxnError(
                "R504",
                f"{label!r} is not a parameter of {system.name}",
                hint=here if label in states else _hint(label, names),
            )
    return system.parameter_vector(params)


def _hint(label: str, labels: Sequence[str]) -> str:
    near = get_close_matches(label, labels, 1)
    return f"did you mean {near[0]!r}?" if near else "it has: " + ", ".join(labels[:12])


def needed(
    formulas: Mapping[sp.Symbol, sp.Expr], definitions: Mapping[sp.Symbol, sp.Expr]
) -> dict[sp.Symbol, sp.Expr]:
    """The formulas together with the definitions they use, directly or through others."""
    found = dict(formulas)
    waiting = list(formulas.values())
    while waiting:
        for name in waiting.pop().free_symbols & definitions.keys() - found.keys():
            found[name] = definitions[name]
            waiting.append(definitions[name])
    return found


def _number(label: str, value: sp.Expr) -> float:
    if not value.is_number:
        loose = ", ".join(sorted(s.name for s in value.free_symbols))
        raise RxnError("R609", f"the initial value of {label!r} depends on {loose}, which has no value")
    number = to_float(value) if value.is_real else math.nan
    if not math.isfinite(number):
        raise RxnError("R609", f"the initial value of {label!r} is {value}, not a finite number")
    return number
