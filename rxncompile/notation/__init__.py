"""Expressions as typeset mathematics: LaTeX and presentation MathML, in the order of `expressions.text`.

An expression becomes a small tree of boxes (`layout`), names of the model are drawn by `names`, and the two
writers of `boxes` spell the result. States stand upright, everything else in italics.
"""

from __future__ import annotations

from collections.abc import Set

import sympy as sp

from ..expressions import NO_STATES
from .boxes import Box, escaped_xml, to_latex, to_mathml
from .equations import change_box, derivative, side_box, system_latex, trigger_box
from .layout import layout, layout_terms, power_of_ten, signed
from .names import Letters, letters

__all__ = [
    "Box", "Letters", "change_box", "derivative", "escaped_xml", "latex", "layout", "layout_terms", "letters",
    "math", "mathml", "power_of_ten", "side_box", "signed", "system_latex", "to_latex", "to_mathml", "trigger_box",
]  # fmt: skip


def latex(expr: sp.Basic, states: Set[sp.Symbol] = NO_STATES, drawn: Letters | None = None) -> str:
    """An expression in LaTeX's mathematics mode (amsmath); `drawn` where it shares a text with other names."""
    return to_latex(layout(expr, drawn or _own_letters(expr, states)))


def mathml(expr: sp.Basic, states: Set[sp.Symbol] = NO_STATES, drawn: Letters | None = None) -> str:
    """An expression as one `<math>` element, valid in HTML and XML; `drawn` as in `latex`."""
    return math(layout(expr, drawn or _own_letters(expr, states)))


def math(box: Box, style: str = "") -> str:
    """A box as one `<math>` element; `style` is its class."""
    return f'<math class="{style}">{to_mathml(box)}</math>' if style else f"<math>{to_mathml(box)}</math>"


def _own_letters(expr: sp.Basic, states: Set[sp.Symbol]) -> Letters:
    return letters((s.name for s in expr.free_symbols), frozenset(s for s in states if s in expr.free_symbols))
