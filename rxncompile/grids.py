"""Regular grids on which a function is given by numbers at the nodes: what a computed field may be.

Q3 (C1) elements have, at every node, the value and all mixed first derivatives as numbers, 2^d of them; Q1 elements the
value alone. Numbers stand node by node, the last axis fastest, at each node in the order of the derivatives 0, d/dx_d,
d/dx_(d-1), d2/dx_(d-1) dx_d, ... Outside the box the outermost cell goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from math import prod

import sympy as sp

from .errors import RxnError
from .expressions import exact, symbol, to_float
from .system import Constant, Field

Derivative = tuple[int, ...]  # of each axis, 0 or 1


class Element(StrEnum):
    """The kinds of fields that are grids, by what a cell holds."""

    HERMITE = "cubic Hermite grid"
    MULTILINEAR = "multilinear grid"


@dataclass(frozen=True, slots=True)
class GridAxis:
    """So many cells of equal width from `low` to `high`."""

    low: sp.Expr
    high: sp.Expr
    cells: int

    @property
    def width(self) -> sp.Expr:
        return (self.high - self.low) / self.cells


Axes = tuple[GridAxis, ...]


def axis(low: object, high: object, cells: int) -> GridAxis:
    """Raises R534 for an axis of no cell or no length."""
    found = GridAxis(exact(low), exact(high), cells)
    if cells < 1 or not to_float(found.low) < to_float(found.high):
        raise RxnError("R534", f"an axis of {cells} cells from {found.low} to {found.high}")
    return found


def derivatives(element: Element, dimensions: int) -> list[Derivative]:
    """The numbers of a node."""
    return list(product((0, 1), repeat=dimensions)) if element is Element.HERMITE else [(0,) * dimensions]


def node_count(axes: Axes) -> int:
    """The nodes of a grid."""
    return prod(a.cells + 1 for a in axes)


def grid_field(
    name: str,
    inputs: Sequence[sp.Symbol],
    axes: Sequence[GridAxis],
    formulas: Sequence[tuple[sp.Symbol, sp.Expr]],
    element: Element = Element.HERMITE,
) -> tuple[Field, tuple[Constant, ...]]:
    """A field of functions of `inputs`, one output for each of `formulas`, and its numbers, to be parameters.

    Formulas, of the inputs alone, give the numbers: it is their interpolant; 0 for a function to be learned. The number
    of output F at node (1, 2) is `F[1,2]`, of its derivatives `F_x[1,2]`, `F_x_y[1,2]`. Raises R534 for as many
    axes as are not inputs, or more than three.
    """
    if not 1 <= len(inputs) == len(axes) <= 3:
        message = f"the field {name!r} has {len(inputs)} inputs and {len(axes)} axes"
        raise RxnError("R534", message, hint="one to three, as many of both")
    constants = [
        Constant(symbol(label), label, value)
        for output, formula in formulas
        for label, value in _numbers(output.name, formula, tuple(inputs), tuple(axes), element)
    ]
    outputs = tuple(output for output, _ in formulas)
    parameters = tuple(c.symbol for c in constants)
    return Field(name, element.value, tuple(inputs), outputs, parameters, tuple(axes)), tuple(constants)


def _numbers(
    name: str, formula: sp.Expr, inputs: tuple[sp.Symbol, ...], axes: Axes, element: Element
) -> Iterator[tuple[str, sp.Expr]]:
    """(label, value) in the order of the numbers. Raises R534 where a formula has no value at a node."""
    kinds = derivatives(element, len(axes))
    slopes = [formula.diff(*((x, e) for x, e in zip(inputs, d, strict=True))) for d in kinds]
    for node in product(*(range(a.cells + 1) for a in axes)):
        place = {x: a.low + i * a.width for x, a, i in zip(inputs, axes, node, strict=True)}
        index = ",".join(map(str, node))
        for kind, slope in zip(kinds, slopes, strict=True):
            suffix = "".join(f"_{x.name}" for x, e in zip(inputs, kind, strict=True) if e)
            value = slope.xreplace(place)
            if not value.is_number or not value.is_finite:
                raise RxnError("R534", f"the field of {name!r} has no number at the node ({index}): {value}")
            yield f"{name}{suffix}[{index}]", value if value.is_Rational else exact(to_float(value))
