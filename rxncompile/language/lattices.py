"""A lattice block -> Lattice."""

from __future__ import annotations

from ..errors import RxnError
from ..network import Lattice
from . import syntax as s
from .expansion import Expansion
from .scope import Frame

SITES_CAP = 10**9
_SHAPES = {"line": 1, "square": 2, "box": 3}
_SETTINGS = ("shape", "boundary", "capacity")


def lattice(block: s.LatticeBlock, frame: Frame, expansion: Expansion) -> Lattice:
    """Shape, boundary (periodic unless written) and capacity (1 unless written). Raises R216, R407."""
    span = frame.span(block)
    settings: dict[str, s.Expression] = {}
    for key, value in block.settings:
        if key not in _SETTINGS:
            hint = "known are: " + ", ".join(_SETTINGS)
            raise RxnError("R216", f"a lattice has no setting {key!r}", frame.span(value), hint)
        if key in settings:
            raise RxnError("R102", f"{key!r} is set twice", frame.span(value))
        settings[key] = value
    if "shape" not in settings:
        hint = "write 'shape = line(1000)', square(40, 40) or box(9, 9, 9)"
        raise RxnError("R216", "a lattice needs a shape", span, hint)
    shape = _shape(settings["shape"], frame, expansion)
    boundary = settings.get("boundary")
    word = "periodic"
    if boundary is not None:
        word = boundary.name if isinstance(boundary, s.Ref) else ""
        if word not in ("periodic", "open"):
            raise RxnError("R216", "a boundary is 'periodic' or 'open'", frame.span(boundary))
    capacity = expansion.integer(settings["capacity"], frame) if "capacity" in settings else 1
    if capacity < 1:
        raise RxnError("R216", "a site holds at least one particle", frame.span(settings["capacity"]))
    return Lattice(frame.prefix + block.name, shape, word, capacity, span)


def _shape(node: s.Expression, frame: Frame, expansion: Expansion) -> tuple[int, ...]:
    span = frame.span(node)
    if not isinstance(node, s.Call) or node.name not in _SHAPES or node.keywords:
        raise RxnError("R216", "a shape is line(n), square(n, m) or box(n, m, l)", span)
    sides = tuple(expansion.integer(a, frame) for a in node.arguments)
    wanted = _SHAPES[node.name]
    if len(sides) != wanted or min(sides) < 1:
        raise RxnError("R216", f"{node.name} takes {wanted} positive whole number{'s' * (wanted > 1)}", span)
    sites = 1
    for side in sides:
        sites *= side
    if sites > SITES_CAP:
        raise RxnError("R407", f"a lattice of {sites:,} sites; the limit is {SITES_CAP:,}", span)
    return sides
