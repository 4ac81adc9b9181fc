"""Computed fields as operations of the graph: how a kernel evaluates a `Field`, by the name of its kind.

An implementation writes its outputs in operations; all their derivatives, by inputs and by the field's own numbers, of
first and of second order, then follow by the chain rule like those of any formula. `register` adds a kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import product
from math import prod
from typing import TypeAlias

import sympy as sp

from .. import field_slopes, roots
from ..errors import RxnError
from ..expressions import derivative, to_float
from ..field_slopes import Slopes
from ..grids import Axes, Element, derivatives, node_count
from ..roots import Root
from ..system import Field
from .graph import Graph, Op


@dataclass(frozen=True)
class Terms:
    """What an implementation works with: the graph, the field, its inputs as nodes, the place of its first parameter.

    `formula(expr, nodes)` is the node of a sympy expression whose symbols are bound to nodes.
    """

    graph: Graph
    field: Field
    inputs: Sequence[int]
    first: int
    formula: Callable[[sp.Expr, Mapping[sp.Symbol, int]], int]


Implementation: TypeAlias = Callable[[Terms], list[int]]  # the outputs as nodes


def register(kind: str, implementation: Implementation) -> None:
    """Makes a kind of field known to the kernels of this process. Raises R508 for one that is known by another."""
    if _KINDS.setdefault(kind, implementation) is not implementation:
        raise RxnError("R508", f"the kind of field {kind!r} has an implementation already")


def field_nodes(terms: Terms) -> list[int]:
    """The outputs of a field. Raises R508 for a kind without an implementation, or one that gives other outputs."""
    field = terms.field
    if field.kind not in _KINDS:
        near = get_close_matches(field.kind, list(_KINDS), 1)
        hint = f"did you mean {near[0]!r}?" if near else "there are " + ", ".join(_KINDS)
        message = f"the field {field.name!r} is of a kind without a compiled form: {field.kind!r}"
        raise RxnError("R508", message, hint=hint)
    found = _KINDS[field.kind](terms)
    if len(found) != len(field.outputs):
        message = f"the field {field.name!r} has {len(field.outputs)} outputs, its kind gives {len(found)}"
        raise RxnError("R508", message)
    return found


# ---------------------------------------------------------------------------------------------- grids


def _grid(element: Element) -> Implementation:
    def outputs(terms: Terms) -> list[int]:
        field, axes = terms.field, terms.field.form
        assert isinstance(axes, tuple)
        size = node_count(axes) * len(derivatives(element, len(axes)))
        if len(terms.inputs) != len(axes) or len(field.parameters) != size * len(field.outputs):
            raise RxnError("R508", f"the field {field.name!r} has not the numbers of its grid")
        places = [terms.first + k * size for k in range(len(field.outputs))]
        return [_interpolant(terms.graph, element, axes, terms.inputs, first, size) for first in places]

    return outputs


def _interpolant(graph: Graph, element: Element, axes: Axes, inputs: Sequence[int], first: int, size: int) -> int:
    """sum over the corners of the cell and their numbers of products of one-dimensional basis functions."""
    g = graph
    kinds = derivatives(element, len(axes))
    strides = [len(kinds) * prod(a.cells + 1 for a in axes[k + 1 :]) for k in range(len(axes))]
    cells, bases = [], []
    for a, x in zip(axes, inputs, strict=True):
        width = to_float(a.width)
        u = g.div(g.add(x, g.constant(-to_float(a.low))), g.constant(width))
        last = g.constant(float(a.cells - 1))
        cell = g.symmetric(Op.MIN, [g.symmetric(Op.MAX, [g.make(Op.FLOOR, (u,)), g.constant(0.0)]), last])
        cells.append(cell)
        bases.append(_basis(g, element, g.add(u, g.neg(cell)), width))
    corner = g.add(*(g.mul(g.constant(float(s)), c) for s, c in zip(strides, cells, strict=True)))
    terms = []
    for vertex in product((0, 1), repeat=len(axes)):
        offset = sum(v * s for v, s in zip(vertex, strides, strict=True))
        for k, kind in enumerate(kinds):
            number = g.lookup(g.add(corner, g.constant(float(offset + k))), first, size)
            factors = (basis[v, e] for basis, v, e in zip(bases, vertex, kind, strict=True))
            terms.append(g.mul(number, *factors))
    return g.add(*terms)


def _basis(g: Graph, element: Element, s: int, width: float) -> dict[tuple[int, int], int]:
    """The functions of a cell, 0 <= s <= 1, by (end, derivative there): 1 at that number, 0 at the others."""
    one = g.constant(1.0)
    if element is Element.MULTILINEAR:
        return {(0, 0): g.add(one, g.neg(s)), (1, 0): s}
    square, cube = g.power(s, 2), g.power(s, 3)

    def poly(a: float, b: float, c: float, d: float, scale: float = 1.0) -> int:
        parts = ((a, one), (b, s), (c, square), (d, cube))
        return g.add(*(g.mul(g.constant(scale * k), x) for k, x in parts if k))

    return {
        (0, 0): poly(1, 0, -3, 2), (1, 0): poly(0, 0, 3, -2),
        (0, 1): poly(0, 1, -2, 1, width), (1, 1): poly(0, 0, -1, 1, width),
    }  # fmt: skip


# ---------------------------------------------------------------------------------------------- roots

_SETTLED = 1e-8  # the last correction of a root, beside the root and its guess
_LEAST = 1e-300
_ROUNDING = 1e-14  # of the guess, that the last correction of a positive root may be where the root is far below it


def _root(terms: Terms) -> list[int]:
    """Newton's method, its last two turns alone differentiated: they double the order that is right to 1 and 3."""
    g, unknowns, root = terms.graph, terms.field.outputs, terms.field.form
    assert isinstance(root, Root)
    given = dict(zip(terms.field.inputs, terms.inputs, strict=True))
    slopes = [[derivative(f, y) for y in unknowns] for f in root.residuals]
    guesses = [terms.formula(f, given) for f in root.guesses]
    values, moves = guesses, guesses
    bounds, last = (g.constant(0.0), g.constant(roots.BOUNDLESS)), g.constant(roots.BOUNDLESS)
    for turn in range(root.turns + 2):
        if turn <= root.turns:
            values = [g.make(Op.HELD, (v,)) for v in values]
        here = given | dict(zip(unknowns, values, strict=True))
        matrix = [[terms.formula(f, here) for f in row] for row in slopes]
        right = [g.neg(terms.formula(f, here)) for f in root.residuals]
        moves = _eliminated(g, matrix, list(right))
        before, values = values, [g.add(v, move) for v, move in zip(values, moves, strict=True)]
        if root.rising and turn < root.turns:
            bounds = _narrowed(g, bounds, before[0], g.neg(right[0]) if root.rising > 0 else right[0])
            values = [_within(g, bounds, before[0], values[0], last)]
            last = g.make(Op.ABS, (g.add(values[0], g.neg(before[0])),))
        elif root.positive and turn < root.turns:
            share = _share(g, before, moves)
            values = [g.add(v, g.mul(share, move)) for v, move in zip(before, moves, strict=True)]
    found = []
    for value, move, guess in zip(values, moves, guesses, strict=True):
        share = g.constant(_ROUNDING / _SETTLED if root.positive else 1.0)
        size = g.add(g.make(Op.ABS, (value,)), g.mul(share, g.make(Op.ABS, (guess,))))
        most = g.add(g.mul(g.constant(_SETTLED), size), g.constant(_LEAST))
        settled = g.make(Op.LE, (g.make(Op.ABS, (move,)), most))
        if root.positive:
            settled = g.make(Op.AND, (settled, g.make(Op.LE, (g.neg(most), value))))
        found.append(g.select(settled, value, g.constant(float("nan"))))
    return found


def _share(g: Graph, values: Sequence[int], moves: Sequence[int]) -> int:
    """The part of a turn that positive unknowns take, all of them the same."""
    least, most = 1.0 / roots.LARGEST_LOSS, 1.0 / roots.LARGEST_GAIN
    parts = [g.constant(1.0)]
    for value, move in zip(values, moves, strict=True):
        part = g.div(move, g.add(value, g.constant(roots.TINY)))
        parts += [g.mul(g.constant(-least), part), g.mul(g.constant(most), part)]
    return g.div(g.constant(1.0), g.symmetric(Op.MAX, parts))


def _narrowed(g: Graph, bounds: tuple[int, int], value: int, residual: int) -> tuple[int, int]:
    """Bounds of one unknown by the sign of a residual that rises."""
    above = g.make(Op.LT, (g.constant(0.0), residual))
    return g.select(above, bounds[0], value), g.select(above, value, bounds[1])


def _within(g: Graph, bounds: tuple[int, int], before: int, after: int, last: int) -> int:
    """A turn that stays within the bounds and is short enough, else the middle of their logarithms, or far off."""
    low, high = bounds
    wider, narrower = (g.mul(g.constant(x), before) for x in (roots.WIDER, 1.0 / roots.WIDER))
    open_above = g.make(Op.LE, (g.constant(roots.BOUNDLESS), high))
    open_below = g.make(Op.LE, (low, g.constant(0.0)))
    top, bottom = g.select(open_above, wider, high), g.select(open_below, narrower, low)
    move = g.make(Op.ABS, (g.add(after, g.neg(before)),))
    small = g.mul(g.constant(roots.OVERLAP), before)
    tests = [
        (g.mul(g.constant(1.0 - roots.OVERLAP), bottom), after), (after, g.mul(g.constant(1.0 + roots.OVERLAP), top)),
        (move, g.symmetric(Op.MAX, [g.mul(g.constant(0.5), last), small])),
    ]  # fmt: skip
    inside = g.symmetric(Op.AND, [g.make(Op.LE, pair) for pair in tests])
    middle = g.make(Op.SQRT, (g.mul(low, high),))
    other = g.select(open_below, narrower, g.select(open_above, wider, middle))
    return g.select(inside, after, other)


def _eliminated(g: Graph, matrix: list[list[int]], right: list[int]) -> list[int]:
    """x of a linear system, without pivots."""
    n, zero = len(right), g.constant(0.0)
    for k in range(n):
        for i in range(k + 1, n):
            if matrix[i][k] == zero:
                continue
            factor = g.neg(g.div(matrix[i][k], matrix[k][k]))
            matrix[i] = [g.add(a, g.mul(factor, b)) for a, b in zip(matrix[i], matrix[k], strict=True)]
            right[i] = g.add(right[i], g.mul(factor, right[k]))
    found = [zero] * n
    for i in reversed(range(n)):
        rest = (g.neg(g.mul(matrix[i][j], found[j])) for j in range(i + 1, n))
        found[i] = g.div(g.add(right[i], *rest), matrix[i][i])
    return found


# ---------------------------------------------------------------------------------------------- slopes


def _slopes(terms: Terms) -> list[int]:
    """The derivatives of another field's outputs by an input, all places where it stands, or by a number of its own."""
    g, form = terms.graph, terms.field.form
    assert isinstance(form, Slopes)
    aliases = [g.make(Op.ALIAS, (x,), j) for j, x in enumerate(terms.inputs)]
    inner = field_nodes(replace(terms, field=form.field, inputs=aliases))
    leaves = [a for a, s in zip(aliases, form.field.inputs, strict=True) if s == form.by]
    if form.by in form.field.parameters:
        leaves.append(g.make(Op.PARAM, (), terms.first + form.field.parameters.index(form.by)))
    return [g.add(*(g.derivative(node, leaf) for leaf in leaves)) for node in inner]


_KINDS: dict[str, Implementation] = {element.value: _grid(element) for element in Element}
_KINDS |= {roots.KIND: _root, field_slopes.KIND: _slopes}
