"""Derivatives of formulas that kernels can hold: of steps and edges too, from the side where they are."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from ..errors import RxnError
from ..expressions import derivative
from ..field_slopes import slopes_of
from ..system import Field, System


def slope(expr: sp.Expr, by: sp.Symbol) -> sp.Expr:
    """d expr / d by. That of floor and ceil is 0; min and max have that of the one that they are."""
    if by not in expr.free_symbols:
        return sp.S.Zero
    if expr.has(sp.Min, sp.Max):
        expr = expr.replace(lambda e: isinstance(e, (sp.Min, sp.Max)), lambda e: e.rewrite(sp.Piecewise))
    steps = {e: sp.Dummy(real=True) for e in expr.atoms(sp.floor, sp.ceiling)}
    found = derivative(expr.xreplace(steps), by)
    return found.xreplace({dummy: e for e, dummy in steps.items()})


def directional(expr: sp.Expr, along: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    """sum_s (d expr/d s) along[s]."""
    used = sorted(expr.free_symbols & along.keys(), key=lambda s: str(s.name))
    return sp.Add(*(slope(expr, s) * along[s] for s in used))


def differentiable(system: System, what: str) -> None:
    """Raises R506 where a System is open, R530 where it has events, which `what` does not follow."""
    if system.frontier:
        names = ", ".join(s.label for s in system.frontier)
        raise RxnError("R506", f"{system.name} is open: nothing defines {names}", hint="close it first")
    if system.events:
        message = f"events of {system.name} are not part of {what}"
        hint = "the compiled integrators follow them: rxncompile.simulators.integrators"
        raise RxnError("R530", message, system.events[0].origin, hint)


class FieldSlopes:
    """The derivatives of a System's fields that were asked for, which are fields too."""

    def __init__(self, system: System) -> None:
        self.of = {output: field for field in system.fields for output in field.outputs}
        self.made: dict[Field, None] = {}

    def by(self, output: sp.Symbol, name: sp.Symbol) -> sp.Symbol:
        """d output/d name, one of its field's inputs or numbers."""
        field = self.of[output]
        found = slopes_of(field, name)
        self.made[found] = None
        self.of.update(dict.fromkeys(found.outputs, found))
        return found.outputs[field.outputs.index(output)]


def chosen(system: System, labels: tuple[str, ...] | None) -> tuple[sp.Symbol, ...]:
    """The parameters, and states for their initial values, of these labels; all parameters by default. Raises R504."""
    if labels is None:
        return tuple(c.symbol for c in system.parameters)
    known = {c.label: c.symbol for c in system.parameters} | {s.label: s.symbol for s in system.states}
    for label in labels:
        if label not in known:
            hint = "it has: " + ", ".join(known)
            raise RxnError("R504", f"{label!r} is neither a parameter nor a state of {system.name}", hint=hint)
    return tuple(known[label] for label in labels)


def initial_formula(system: System, place: int) -> sp.Expr:
    """A state's initial value. Raises R530 for one that is drawn."""
    state = system.states[place]
    if not isinstance(state.initial, sp.Expr):
        message = f"{state.label!r} of {system.name} is drawn from {state.initial.name} at the start"
        raise RxnError("R530", message, hint="give it a number or a parameter")
    return state.initial
