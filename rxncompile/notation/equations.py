"""Whole systems of equations in LaTeX, and the boxes that both readable forms of a system share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import sympy as sp

from ..expressions import TIME
from .boxes import MINUS, Box, Digits, Fraction, Letter, Product, Row, Sign, Verbatim, Words, row, to_latex, width
from .layout import layout, layout_terms, signed
from .names import Letters

_LINE = 72  # characters of a right-hand side before it breaks

Change: TypeAlias = Sequence[tuple[sp.Symbol, int]]
Assignments: TypeAlias = Sequence[tuple[sp.Symbol, sp.Expr]]


# ---------------------------------------------------------------------------------------------- boxes


def derivative(name: str, letters: Letters) -> Box:
    """The time derivative of a state."""
    d = Letter("d", upright=True)
    return Fraction(Row((d, letters[name])), Row((d, letters[TIME.name])))


def change_box(change: Change, letters: Letters) -> Box:
    """What a jump adds, as in `A - 1, B + 2`."""
    parts: list[Box] = []
    for moved, amount in change:
        parts += [Sign(",")] if parts else []
        parts += [letters[moved.name], Sign(MINUS if amount < 0 else "+"), Digits(str(abs(amount)))]
    return row(*parts) if parts else Digits("0")


def side_box(side: Sequence[tuple[str, int]], letters: Letters) -> Box:
    """One side of a reaction, `2 A + B`; the empty set where there is nothing."""
    parts: list[Box] = []
    for name, count in side:
        parts += [Sign("+")] if parts else []
        parts.append(Product((Digits(str(count)), letters[name])) if count != 1 else letters[name])
    return row(*parts) if parts else Letter("∅", upright=True)


def trigger_box(timed: bool, condition: sp.Basic, letters: Letters) -> Box:
    """When an event happens: `at t = 5`, `when A > 10`."""
    if timed:
        return Row((Words("at "), letters[TIME.name], Sign("="), layout(condition, letters)))
    return Row((Words("when "), layout(condition, letters)))


# ---------------------------------------------------------------------------------------------- LaTeX


def system_latex(
    letters: Letters,
    equations: Iterable[tuple[str, sp.Expr]],
    jumps: Sequence[tuple[str, Change, sp.Expr]] = (),
    definitions: Iterable[tuple[sp.Symbol, sp.Expr]] = (),
    events: Iterable[tuple[bool, sp.Basic, Assignments]] = (),
    remark: str = "",
    zeros: Iterable[sp.Expr] = (),
) -> str:
    """A system: its table of jumps, `d state/dt = right-hand side`, definitions, events; to stand between $$ and $$.

    `remark` is a closing line of our own words; `zeros` stand as `0 = formula` behind the definitions.
    """
    rows = [(derivative(name, letters), rhs) for name, rhs in equations]
    rows += [(letters[name.name], formula) for name, formula in definitions]
    rows += [(Digits("0"), formula) for formula in zeros]
    blocks = [_jump_table(jumps, letters)] if jumps else []
    blocks += [_aligned(rows, letters)] if rows else []
    for timed, condition, assignments in events:
        sets = [Row((letters[name.name], Sign("="), layout(value, letters))) for name, value in assignments]
        line = row(trigger_box(timed, condition, letters), Words(": "), *_with_commas(sets))
        blocks.append(to_latex(line))
    blocks += [f"\\text{{{remark}}}"] if remark else []
    if len(blocks) == 1:
        return blocks[0]
    body = " \\\\[1ex]\n".join(blocks)
    return f"\\begin{{gathered}}\n{body}\n\\end{{gathered}}"


def _with_commas(boxes: Sequence[Box]) -> list[Box]:
    return [part for k, box in enumerate(boxes) for part in ((Sign(","), box) if k else (box,))]


def _aligned(rows: Iterable[tuple[Box, sp.Expr]], letters: Letters) -> str:
    """Equations `left = right` aligned at their signs, long right-hand sides broken between terms."""
    lines: list[str] = []
    for left, right in rows:
        first, *more = _broken(layout_terms(right, letters))
        lines.append(f"{to_latex(left)} &= {to_latex(first)}")
        lines += [f"&\\quad {{}} {to_latex(line)}" for line in more]
    body = " \\\\\n".join(lines)
    return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"


def _broken(terms: list[tuple[bool, Box]]) -> list[Box]:
    """Terms gathered into lines of about `_LINE` characters."""
    lines: list[list[tuple[bool, Box]]] = [[]]
    used = 0
    for negative, box in terms:
        if lines[-1] and used + width(box) > _LINE:
            lines.append([])
            used = 0
        lines[-1].append((negative, box))
        used += width(box) + 3
    return [signed(line, first=k == 0) for k, line in enumerate(lines)]


def _jump_table(jumps: Iterable[tuple[str, Change, sp.Expr]], letters: Letters) -> str:
    lines = ["\\text{reaction} & \\text{change} & \\text{propensity} \\\\ \\hline"]
    lines += [
        " & ".join(
            to_latex(box) for box in (Verbatim(name), change_box(change, letters), layout(propensity, letters))
        )
        + " \\\\"
        for name, change, propensity in jumps
    ]
    body = "\n".join(lines)
    return f"\\begin{{array}}{{lll}}\n{body}\n\\end{{array}}"
