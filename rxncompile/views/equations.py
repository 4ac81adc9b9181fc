"""A System as an HTML fragment of MathML: equations aligned at their signs, long right-hand sides broken at terms."""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp

from ..notation import (
    Box,
    Letters,
    change_box,
    derivative,
    layout,
    layout_terms,
    math,
    signed,
    to_mathml,
    trigger_box,
)
from ..notation.boxes import MINUS, Digits, Sign, row
from ..system import System, as_expr
from .page import Cell, table

_MOST_TERMS = 1_500  # about half a megabyte of MathML


def system_latex(system: System) -> str:
    """All equations of a system in LaTeX, to stand between $$ and $$."""
    return system.latex()


def system_mathml(system: System, letters: Letters | None = None) -> str:
    """The jumps, equations, definitions and events of a system; a very long one ends with a line that says so."""
    drawn = letters or system.letters
    parts: list[str] = []
    if system.jumps:
        parts.append(_jumps(system, drawn))
    lines = _Lines(drawn)
    for state, drift in zip(system.states, system.drift, strict=True):
        if lines.full:
            break
        expr = as_expr(drift)
        if expr != 0 or not system.jumps:
            lines.add(derivative(state.symbol.name, drawn), expr)
    for name, formula in system.definitions:
        lines.add(drawn[name.name], formula)
    for field in system.fields:
        for formula in field.zeros:
            lines.add(Digits("0"), formula)
    for event in system.events:
        sets = ", ".join(
            math(row(drawn[name.name], Sign("="), layout(value, drawn))) for name, value in event.assignments
        )
        lines.rows.append(f'<div class="wide">{math(trigger_box(event.timed, event.condition, drawn))}: {sets}</div>')
    if lines.full:
        count = len(system.states)
        lines.rows.append(f'<div class="wide">and so on: {lines.shown} of {count} equations are shown</div>')
    if lines.rows:
        parts.append(f'<div class="equations">{"".join(lines.rows)}</div>')
    return "\n".join(parts)


def terms(expr: sp.Expr, letters: Letters) -> str:
    """A formula as one `<math>` a term, so that it wraps between terms as text does."""
    first, *rest = layout_terms(expr, letters)
    parts = [math(signed([first]))]
    for negative, box in rest:
        sign = f'<mo form="infix" lspace="0" rspace="0.25em">{MINUS if negative else "+"}</mo>'
        parts.append(f"<math><mrow>{sign}{to_mathml(box)}</mrow></math>")
    return " ".join(parts)


def formulas(rows: Iterable[tuple[Box, sp.Expr]], letters: Letters) -> str:
    """`left = right` lines, aligned as the equations of a system."""
    lines = _Lines(letters)
    for left, expr in rows:
        lines.add(left, expr)
    return f'<div class="equations">{"".join(lines.rows)}</div>' if lines.rows else ""


class _Lines:
    """Rows of `left = right`, until there are too many terms for a page."""

    def __init__(self, letters: Letters) -> None:
        self.rows: list[str] = []
        self.shown = 0
        self._letters = letters
        self._left = _MOST_TERMS

    @property
    def full(self) -> bool:
        return self._left <= 0

    def add(self, left: Box, expr: sp.Expr) -> None:
        self._left -= len(sp.Add.make_args(expr))
        if self.full:
            return
        self.shown += 1
        self.rows.append(
            f'<div class="left">{math(left)}</div><div>{math(Sign("="))}</div>'
            f'<div class="right">{terms(expr, self._letters)}</div>'
        )


def _jumps(system: System, letters: Letters) -> str:
    rows = [
        (j.name, Cell(math(change_box(j.change, letters))), Cell(terms(j.propensity, letters)))
        for j in system.jumps[:_MOST_TERMS]
    ]
    return table(("reaction", "change", "propensity"), rows, stacked=True)
