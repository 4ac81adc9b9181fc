"""Conditions that hold at one moment only, `t == c`: an integrator has to be led there, as no step would see them.

    a t + b = 0   with   a, b  of parameters   at   t = -b/a

The System gets these times as further parameters, and its conditions compare t itself with them, so that no rounding
lets the moment pass unseen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from ...errors import RxnError
from ...expressions import TIME, text, to_float
from ...system import Constant, System, Trigger
from ..arrays import Values


@dataclass(frozen=True)
class Instants:
    """A System whose conditions name moments, and their formulas: the last of its parameters."""

    system: System
    formulas: tuple[sp.Expr, ...]

    def times(self, known: Mapping[sp.Symbol, sp.Expr]) -> Values:
        """The moments as numbers; not a number where there is none."""
        values = [formula.xreplace(known) for formula in self.formulas]
        return np.array([to_float(v) if v.is_number and v.is_real else np.nan for v in values])


@lru_cache(maxsize=32)
def with_instants(system: System) -> Instants:
    """The System with its moments. Raises R610 where a condition asks whether t is equal to what states decide."""
    finder = _Finder(system)
    events = tuple(e if e.timed else replace(e, condition=finder.visit(e.condition, e)) for e in system.events)
    if not finder.formulas:
        return Instants(system, ())
    more = tuple(Constant(name, name.name, sp.S.Zero) for name in finder.names)
    extended = replace(system, parameters=(*system.parameters, *more), events=events)
    return Instants(extended, tuple(finder.formulas))


class _Finder:
    """Collects the moments of conditions."""

    def __init__(self, system: System) -> None:
        self.names: list[sp.Symbol] = []
        self.formulas: list[sp.Expr] = []
        self._definitions = system.definitions
        self._given = {c.symbol for c in system.parameters}

    def visit(self, condition: Any, event: Trigger) -> Any:
        if isinstance(condition, (sp.And, sp.Or, sp.Not, sp.ITE, sp.Xor)):
            return condition.func(*(self.visit(part, event) for part in condition.args))
        if not isinstance(condition, (sp.Eq, sp.Ne)) or not isinstance(condition.lhs, sp.Expr):
            return condition
        difference = condition.lhs - condition.rhs
        for name, formula in reversed(self._definitions):
            difference = difference.xreplace({name: formula})
        difference = sp.expand(difference)
        if TIME not in difference.free_symbols:
            return condition
        slope = difference.diff(TIME) if difference.is_polynomial(TIME) else TIME
        if TIME in slope.free_symbols or difference.free_symbols - self._given - {TIME}:
            hint = "a moment that is not known beforehand can be watched by >= alone"
            raise RxnError("R610", f"'when {text(event.condition)}' asks for one moment of t", event.origin, hint)
        self.formulas.append(-difference.xreplace({TIME: sp.S.Zero}) / slope)
        self.names.append(sp.Dummy(f"moment {len(self.names)}", real=True))
        return condition.func(TIME, self.names[-1])
