"""Formulas that hold unknowns of fields as numbers with slopes: by Newton's method and the implicit function theorem.

    0 = F(y, x):   d y/d x = -(dF/dy)^-1 dF/dx
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import sympy as sp

from ...roots import Root
from ...structure.slopes import Slope, Slopes, Value
from ...system import Field
from .many_points import Equations, Turns, Values

_AFTER = 3  # turns that need not be kept positive any more


class SlopeWithFields(Slope):
    """`Slope` for the formulas of a System with `fields` that equations decide."""

    def __init__(
        self, values: Mapping[sp.Symbol, sp.Expr], states: Mapping[sp.Symbol, float], fields: Iterable[Field]
    ) -> None:
        super().__init__(values, states)
        self._fields = {s: f for f in fields for s in f.outputs}

    def _computed(self, expr: sp.Expr) -> Value:
        if expr not in self._fields:
            return super()._computed(expr)
        field = self._fields[expr]
        self._known.update(zip(field.outputs, self._solved(field), strict=True))
        return self._known[expr]

    def _solved(self, field: Field) -> list[Value]:
        form = field.form
        assert isinstance(form, Root)
        given = {s: self(s) for s in field.inputs}
        at = {s: np.array(v) for s, (v, _) in given.items()}
        equations = Equations.of(field.outputs, form.residuals)
        value = Values(at)
        x = np.array([float(value(g)) for g in form.guesses])
        turns = Turns(form.rising)
        with np.errstate(all="ignore"):
            for turn in range(form.turns + _AFTER):
                move = equations.move(at, x, pivots=True)
                x = turns.after(x, move, equations, at) if turn < form.turns else x + move
        if not np.isfinite(x).all():
            raise ValueError(f"the field {field.name!r} has no value there")
        here = Slope({}, {s: float(v) for s, v in at.items()} | dict(zip(field.outputs, map(float, x), strict=True)))
        rows = [here(f)[1] for f in form.residuals]
        matrix = np.array([[row.get(y, 0.0) for y in field.outputs] for row in rows])
        by: dict[sp.Symbol, list[float]] = {}
        for i, row in enumerate(rows):
            for s, (_, known) in given.items():
                for name, slope in known.items():
                    column = by.setdefault(name, [0.0] * len(rows))
                    column[i] += row.get(s, 0.0) * slope
        moved = {name: np.linalg.solve(matrix, -np.array(column)) for name, column in by.items()}
        found: list[Value] = []
        for k, y in enumerate(x):
            slopes: Slopes = {name: float(column[k]) for name, column in moved.items()}
            found.append((float(y), slopes))
        return found
