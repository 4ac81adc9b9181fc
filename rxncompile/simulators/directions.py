"""What a derivative is taken by: parameters and initial values by label, and what follows them at the start.

    d p/d theta_k = q_k        d y(t_0)/d theta_k = s_k

A parameter that is given by a formula of others follows them, and so does an initial value, unless it is one of the
theta itself or overridden.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import sympy as sp

from ..errors import RxnError
from ..expressions import TIME, exact
from ..kernels.derivatives import gradient_program
from ..kernels.source import compile_program
from ..name_lists import names_given
from ..system import Constant, System, sort_definitions
from .arrays import Values
from .rate_equations.initial import initial_values, mean, needed, parameter_vector


@dataclass(frozen=True, eq=False)
class Directions:
    """K labels with their values `at` (K,); the kernels' `p` (P,) and `start` (n,), and q (K, P), s (K, n)."""

    labels: tuple[str, ...]
    at: Values
    p: Values
    start: Values
    q: Values
    s: Values


def directions(
    system: System,
    time: float,
    labels: Sequence[str] | None = None,
    params: Mapping[str, object] | None = None,
    initial: Mapping[str, object] | None = None,
) -> Directions:
    """Of parameters and of states' initial values by label; None: all parameters that are no formula of others.

    `params` and `initial` override values. Raises R504 for a label that is neither or comes twice, and what
    `initial_values` raises.
    """
    p = np.array(parameter_vector(system, params))
    start = np.array(initial_values(system, time, params, initial))
    given = params or {}
    if labels is None:
        labels = [c.label for c in system.parameters if c.label in given or not c.value.free_symbols]
    labels = names_given(labels, "parameters", "R504")
    _check(system, labels)
    chosen = set(labels)
    constants, states = system.parameters, system.states

    formulas = {c.symbol: exact(given[c.label]) if c.label in given else c.value for c in constants}
    free = {c.symbol for c in constants if c.label in chosen}
    followed = _followed(formulas, dict(system.plain_definitions), free, {})
    s_free = free | {s.symbol for s in states if s.label in chosen}
    override = initial or {}
    begins = {
        s.symbol: exact(override[s.label]) if s.label in override else mean(s.initial, s.label) for s in states
    }
    begun = _followed(begins, dict(system.definitions), s_free, {TIME: exact(time), **followed})

    free_now = (*constants, *(Constant(s.symbol, s.label, sp.S.Zero) for s in states))
    values = np.concatenate([p, start])
    place = {c.label: k for k, c in enumerate(free_now)}
    columns = [place[label] for label in labels]
    q, s = (_slopes(free_now, values, list(found.values()))[:, columns].T for found in (followed, begun))
    return Directions(tuple(labels), values[columns], p, start, q, s)


def _slopes(of: Sequence[Constant], values: Values, formulas: Sequence[sp.Expr]) -> Values:
    """The derivatives of formulas by symbols at their values, (formulas, symbols)."""
    found = np.zeros((len(formulas), len(of)))
    place = {c.symbol: k for k, c in enumerate(of)}
    varied = []
    for i, formula in enumerate(formulas):
        if formula in place:
            found[i, place[formula]] = 1.0
        elif formula.free_symbols:
            varied.append(i)
    if varied:
        program = gradient_program(System("start", (), tuple(of)), [formulas[i] for i in varied])
        entries = np.zeros(max(1, len(program.rows)))
        compile_program(program.program)(0.0, np.zeros(1), values, entries)
        found[[varied[r] for r in program.rows], list(program.columns)] = entries[: len(program.rows)]
    return found


def _followed(
    formulas: Mapping[sp.Symbol, sp.Expr],
    definitions: Mapping[sp.Symbol, sp.Expr],
    free: set[sp.Symbol],
    known: Mapping[sp.Symbol, sp.Expr],
) -> dict[sp.Symbol, sp.Expr]:
    """Each as a formula of the `free` symbols alone."""
    values: dict[sp.Symbol, sp.Expr] = {**known, **{name: name for name in free}}
    bound = {name: formula for name, formula in formulas.items() if name not in free}
    for name, formula in sort_definitions(needed(bound, definitions), "", frozenset(values)):
        values[name] = formula.xreplace(values)
    return {name: values[name] for name in formulas}


def _check(system: System, labels: Sequence[str]) -> None:
    known = [*(c.label for c in system.parameters), *(s.label for s in system.states)]
    for i, label in enumerate(labels):
        if label not in known:
            near = get_close_matches(str(label), known, 1)
            hint = f"did you mean {near[0]!r}?" if near else "it has: " + ", ".join(known[:12])
            raise RxnError("R504", f"{label!r} is no parameter or state of {system.name}", hint=hint)
        if label in labels[:i]:
            raise RxnError("R504", f"{label!r} is given twice")
