"""Equations as a source prints them beside those that are derived, with a verdict for each, as one HTML page."""

# ruff: noqa: RUF001  (Greek letters and the minus sign are meant)

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sympy as sp

from ..notation import Letters, derivative, escaped_xml, math, signed
from ..notation.boxes import MINUS, Sign
from ..operators import Equation
from ..system import System, as_expr
from .equations import formulas
from .page import Cell, Chapter, page, paragraph, table

_SCRIPT = re.compile(r"([_^])(?:\{([^{}]*)\}|(\S))")
_LETTER = re.compile(r"(?<![A-Zabce-zâ&;])([A-Zabce-zâ]|[α-ω])(?![A-Za-z;])")
_SINGLE = re.compile(r"(?<![A-Za-zâ&;])([A-Za-zâ]|[α-ω])(?![A-Za-z;])")  # in scripts there are no differentials
_STYLE = "font-family:'Latin Modern Math','STIX Two Math','Cambria Math',serif;font-size:1.1em"


@dataclass(frozen=True, slots=True)
class Pair:
    """An equation as printed, in light markup (`x_i^2`, `k_{on}`), and as derived, as HTML.

    `same`: whether the two were found equal; None where nothing was compared. `remark`: what a reader must know.
    """

    number: str
    printed: str
    derived: str
    same: bool | None = None
    remark: str = ""


def side_by_side(title: str, words: Sequence[str], chapters: Iterable[tuple[str, str, Sequence[Pair]]]) -> str:
    """A page: each chapter a title, the model as text, and a table of pairs."""
    made, total = [], [0, 0]
    for name, model, pairs in chapters:
        rows = []
        for pair in pairs:
            total[0] += pair.same is not None
            total[1] += pair.same is True
            verdict = {True: "the same", False: "NOT the same", None: ""}[pair.same]
            number = escaped_xml(pair.number) + paragraph(verdict, "quiet")
            printed = _light(pair.printed) + paragraph(pair.remark, "quiet")
            rows.append((Cell(number), Cell(printed), Cell(pair.derived)))
        text = f"<pre>{escaped_xml(model)}</pre>" if model else ""
        made.append(Chapter(name, text + table(("equation", "as printed", "derived"), rows, stacked=True)))
    facts = f"{total[1]} of {total[0]} compared equations are the same"
    return page(title, facts, words, made, "Compared exactly: the difference of the two expands to zero.")


def written(equation: Equation) -> str:
    """An operator's equation, a line a term."""
    rows = []
    for k, (negative, box) in enumerate(equation.terms):
        left = math(equation.left) if k == 0 else ""
        sign = math(Sign("=")) if k == 0 else math(Sign(MINUS if negative else "+"))
        body = math(signed([(negative and k == 0, box)]))
        rows.append(f'<div class="left">{left}</div><div>{sign}</div><div class="right">{body}</div>')
    return f'<div class="equations">{"".join(rows)}</div>'


def equation_of(system: System, label: str, letters: Letters | None = None) -> str:
    """The equation of one state, or the formula that defines a symbol."""
    drawn = letters or system.letters
    for state, drift in zip(system.states, system.drift, strict=True):
        if state.label == label:
            return formulas([(derivative(state.symbol.name, drawn), as_expr(drift))], drawn)
    formula = next(formula for name, formula in system.definitions if name.name == label)
    return formulas([(drawn[label], formula)], drawn)


def agree(one: sp.Expr, other: sp.Expr) -> bool:
    """Whether two expressions are the same function: their difference over a common denominator is zero."""
    return bool(sp.expand(sp.together(sp.expand(one - other)).as_numer_denom()[0]) == 0)


def _light(text: str) -> str:
    """`x_i^2` with scripts, single letters but d in italics."""
    found, position = [], 0
    for script in _SCRIPT.finditer(text):
        found.append(_italic(text[position : script.start()]))
        kind = "sub" if script[1] == "_" else "sup"
        found.append(f"<{kind}>{_italic(script[2] or script[3], _SINGLE)}</{kind}>")
        position = script.end()
    found.append(_italic(text[position:]))
    return f'<span style="{_STYLE}">{"".join(found)}</span>'


def _italic(text: str, letter: re.Pattern[str] = _LETTER) -> str:
    return letter.sub(r"<i>\1</i>", escaped_xml(text))
