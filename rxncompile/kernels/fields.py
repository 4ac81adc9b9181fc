"""Computed fields as operations of the graph: how a kernel evaluates a `Field`, by the name of its kind.

An implementation writes its outputs in operations; all their derivatives, by inputs and by the field's own numbers, of
first and of second order, then follow by the chain rule like those of any formula. `register` adds a kind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from itertools import product
from math import prod
from typing import TypeAlias

from ..errors import RxnError
from ..expressions import to_float
from ..grids import Axes, Element, derivatives, node_count
from ..system import Field
from .graph import Graph, Op

# (graph, field, its inputs as nodes, the place of its first parameter) -> its outputs as nodes
Implementation: TypeAlias = Callable[[Graph, Field, Sequence[int], int], list[int]]


def register(kind: str, implementation: Implementation) -> None:
    """Makes a kind of field known to the kernels of this process. Raises R508 for one that is known by another."""
    if _KINDS.setdefault(kind, implementation) is not implementation:
        raise RxnError("R508", f"the kind of field {kind!r} has an implementation already")


def field_nodes(graph: Graph, field: Field, inputs: Sequence[int], first: int) -> list[int]:
    """The outputs of a field. Raises R508 for a kind without an implementation, or one that gives other outputs."""
    if field.kind not in _KINDS:
        near = get_close_matches(field.kind, list(_KINDS), 1)
        hint = f"did you mean {near[0]!r}?" if near else "there are " + ", ".join(_KINDS)
        message = f"the field {field.name!r} is of a kind without a compiled form: {field.kind!r}"
        raise RxnError("R508", message, hint=hint)
    found = _KINDS[field.kind](graph, field, inputs, first)
    if len(found) != len(field.outputs):
        message = f"the field {field.name!r} has {len(field.outputs)} outputs, its kind gives {len(found)}"
        raise RxnError("R508", message)
    return found


def _grid(element: Element) -> Implementation:
    def outputs(graph: Graph, field: Field, inputs: Sequence[int], first: int) -> list[int]:
        axes = field.form
        assert isinstance(axes, tuple)
        size = node_count(axes) * len(derivatives(element, len(axes)))
        if len(inputs) != len(axes) or len(field.parameters) != size * len(field.outputs):
            raise RxnError("R508", f"the field {field.name!r} has not the numbers of its grid")
        return [_interpolant(graph, element, axes, inputs, first + k * size, size) for k in range(len(field.outputs))]

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


_KINDS: dict[str, Implementation] = {element.value: _grid(element) for element in Element}
