"""A mistake of a formula is shown at the part of the text that the formula came from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ..errors import Diagnostic, RxnError, Span
from . import formulas as f
from . import syntax as s
from .formulas import Formulas
from .scope import Frame, ReportedError

_EXPRESSIONS = (
    s.Number, s.Ref, s.Sum, s.Product, s.Negative, s.Power, s.Call, s.Compare, s.And, s.Or, s.Not,
)  # fmt: skip
_CONDITIONS = (s.Compare, s.And, s.Or, s.Not)


def pointed(
    found: Iterable[Diagnostic], statements: Iterable[tuple[s.Statement, Frame]], formulas: Formulas
) -> Iterator[Diagnostic]:
    """Diagnostics with a `part`, a formula, that stands in their statement: their span is that of the part."""
    every = list(found)
    wanted = {d.span for d in every if d.part is not None}
    places: dict[Span, list[tuple[s.Node, Frame]]] = {}
    if wanted:
        for statement, frame in statements:
            nodes: tuple[s.Node, ...] = statement.items if isinstance(statement, s.Declaration) else ()
            for node in (statement, *nodes):
                span = frame.span(node)
                if span in wanted:
                    places.setdefault(span, []).append((node, frame))
    for diagnostic in every:
        narrower = None
        for node, frame in places.get(diagnostic.span, ()) if diagnostic.span else ():
            narrower = narrower or _place(diagnostic.part, node, frame, formulas)
        yield replace(diagnostic, span=narrower) if narrower else diagnostic


def _place(part: object, node: s.Node, frame: Frame, formulas: Formulas) -> Span | None:
    """Where a formula stands in a statement: the first expression that is equal to it.

    A part may be several formulas, each within the one before: the last is meant, where it stands in the others.
    """
    found: s.Expression | None = None
    for formula in part if isinstance(part, tuple) else (part,):
        found = _first(formula, found or node, frame, formulas) or found
    return None if found is None else frame.span(found)


def _first(formula: object, node: s.Node, frame: Frame, formulas: Formulas) -> s.Expression | None:
    for expression in _within(node):
        try:
            read = formulas.trigger if isinstance(expression, _CONDITIONS) else formulas.formula
            if read(expression, frame, f.OBSERVED) == formula:
                return expression
        except (RxnError, ReportedError):
            continue
    return None


def _within(node: object) -> Iterator[s.Expression]:
    """Every expression in a node, outer ones first; the sides of a reaction are none."""
    if isinstance(node, _EXPRESSIONS):
        yield node
    if isinstance(node, s.ReactionLine):
        yield from _within(node.kinetics)
        yield from _within(node.attributes)
    elif isinstance(node, s.Quantity):
        yield from _within((node.value, node.bounds, node.law))
    elif isinstance(node, (s.OdeLine, s.Conserve)):
        for field in node[3:]:
            yield from _within(field)
    elif isinstance(node, s.EventLine):
        yield from _within(node.trigger)
        for _, value in node.assignments:
            yield from _within(value)
    elif isinstance(node, s.Diffuse):
        yield from _within(node.rate)
    elif isinstance(node, tuple) and not isinstance(node, (s.Ref, s.Number, s.UnitText)):
        for field in node:
            yield from _within(field)
