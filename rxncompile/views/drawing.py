"""A network as a drawing: species in ellipses, reactions in small squares, arrows from reactants to products.

A reversible pair shares one square, with a hollow arrowhead at its reactants for the way back. What only speeds a
reaction up (a catalyst, a name in its rate law) comes in on a dotted line that ends in a ring, as in the Systems
Biology Graphical Notation.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse, FancyArrowPatch, Rectangle

from ..errors import RxnError
from ..network import Network
from ..structure import Arm, arms, squares
from .placement import Points, place
from .style import INK, MUTED, PAPER, SERIES, blank, look

_MOST = 400  # nodes; beyond, neither the reader nor the layout gets anywhere
_NAMED = 60  # reactions up to which each has its name beside it
_EDGE, _GAP = 0.62, 0.16  # inches
_SPARSE, _AIR = 1.45, 0.9  # lines per node from which on a drawing grows, and by how much
_SQUARE = 0.13
_BEND = 0.28  # of a line, as a part of its length
_CHARACTER, _LINE = 0.083, 0.27  # of a species' name, inches
_SMALL = 0.067  # of a reaction's name
_LONGEST = 16
_AROUND = (
    ("left", "center_baseline"), ("right", "center_baseline"), ("center", "top"), ("center", "bottom"),
    ("left", "bottom"), ("left", "top"), ("right", "bottom"), ("right", "top"),
)  # fmt: skip


def network_drawing(net: Network) -> Figure:
    """The network as a figure whose size follows its number of nodes. Raises R411 for more than 400 nodes."""
    names = [s.name for s in net.species]
    shown_reactions = squares(net)
    total = len(names) + len(shown_reactions)
    if total > _MOST:
        raise RxnError("R411", f"{net.name} has {total} nodes, too many to draw (up to {_MOST} are drawn)")
    lines = arms(net)
    shown = [_short(n) for n in names]
    named = len(shown_reactions) <= _NAMED
    sizes = np.array(
        [(max(len(n), 2) * _CHARACTER + 0.16, _LINE) for n in shown]
        + [((len(_short(r.name)) * _SMALL if named else 0) + _SQUARE, _SQUARE + 0.1 * named) for r in shown_reactions]
    ).reshape(-1, 2)
    links = [(a.species, len(names) + a.square) for a in lines]
    crowd = max(len(lines) / max(total, 1) - _SPARSE, 0.0)
    edge = _EDGE + 0.01 * min(total, 40) + _AIR * min(crowd, 1.0)  # crowded drawings need air
    bodies = np.concatenate([sizes[: len(names)], np.full((len(shown_reactions), 2), _SQUARE)])
    points = place(links, sizes, edge, _GAP, bodies) if total else np.zeros((0, 2))
    with look():
        return _drawn(shown, [_short(r.name) if named else "" for r in shown_reactions], lines, points, sizes)


def key(net: Network) -> str:
    """What the signs of a network's drawing mean, those that occur in it."""
    lines = arms(net)
    parts = ["Species in ellipses, reactions as squares."]
    if any(a.count != 1 for a in lines):
        parts.append("A number is a count other than one.")
    if any(a.back for a in lines):
        parts.append("A reversible pair shares a square: full heads at its products, hollow ones at its reactants.")
    if any(a.quiet for a in lines):
        parts.append("A dotted line that ends in a ring comes from what only sets the speed.")
    return " ".join(parts)


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"


# ---------------------------------------------------------------------------------------------- ink


def _drawn(species: list[str], reactions: list[str], arms: Sequence[Arm], points: Points, sizes: Points) -> Figure:
    """Everything in inches: first the ink, then a figure that just holds it."""
    figure = blank(1.0)
    figure.set_layout_engine("none")
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set_axis_off()
    twice = {(a.species, a.square) for a in arms if a.role == "reactant"}
    twice &= {(a.species, a.square) for a in arms if a.role == "product"}
    corners = [points - sizes / 2, points + sizes / 2] if len(points) else [np.zeros((1, 2)), np.ones((1, 2))]
    for arm in arms:
        corners.append(_draw_arm(ax, arm, points, sizes, len(species), (arm.species, arm.square) in twice))
    for k, name in enumerate(species):
        ax.add_patch(
            Ellipse(points[k], sizes[k, 0], sizes[k, 1], facecolor=PAPER, edgecolor=SERIES[0], linewidth=1.2, zorder=3)
        )
        ax.text(points[k, 0], points[k, 1], name, ha="center", va="center_baseline", zorder=4, fontsize=9.0)
    for x, y in points[len(species) :]:
        half = _SQUARE / 2
        ax.add_patch(Rectangle((x - half, y - half), _SQUARE, _SQUARE, color=MUTED, linewidth=0, zorder=3))
    every = np.concatenate(corners + _draw_names(ax, reactions, arms, points, sizes))
    low, high = every.min(axis=0) - 0.08, every.max(axis=0) + 0.08
    ax.set_xlim(low[0], high[0])
    ax.set_ylim(low[1], high[1])
    figure.set_size_inches(*(high - low))
    return figure


def _draw_arm(ax: Axes, arm: Arm, points: Points, sizes: Points, first: int, twice: bool) -> Points:
    """One line, its corners: where a species goes in and comes out again, the two lines bend away from each other."""
    centre, square = points[arm.species], points[first + arm.square]
    bend = _BEND if twice else 0.0
    outward = arm.role == "product"
    at_species = centre + _boundary(sizes[arm.species], _towards(centre, square, -bend if outward else bend))
    at_square = square + 0.75 * _SQUARE * _towards(square, centre, bend if outward else -bend)
    start, stop = (at_square, at_species) if outward else (at_species, at_square)
    # the way back of a reversible reaction ends in a hollow head, at its reactants
    head = "-" if arm.quiet else "<|-" if arm.back and not outward else "-|>"
    ax.add_patch(
        FancyArrowPatch(
            start, stop, arrowstyle=head, connectionstyle=f"arc3,rad={bend}",
            mutation_scale=8.5 if head == "<|-" else 7.5,
            edgecolor=SERIES[1] if arm.quiet else INK, facecolor=PAPER if head == "<|-" else INK,
            linewidth=1.1 if arm.quiet else 0.9,
            linestyle=(0, (0.8, 2.2)) if arm.quiet else "solid", capstyle="round", shrinkA=0, shrinkB=0, zorder=2,
        )
    )  # fmt: skip
    if arm.quiet:
        ax.add_patch(Ellipse(at_square, 0.06, 0.06, facecolor=PAPER, edgecolor=SERIES[1], linewidth=0.9, zorder=3))
    along = stop - start
    aside = np.array([along[1], -along[0]])
    label = (start + stop) / 2 + aside * (bend / 2 + 0.08 / max(float(np.hypot(along[0], along[1])), 1e-9))
    if arm.count != 1:
        ax.text(label[0], label[1], str(arm.count), ha="center", va="center_baseline", fontsize=8.0, zorder=4)
    return np.array([label - 0.07, label + 0.07])


def _twice(arms: Sequence[Arm]) -> set[tuple[int, int]]:
    """The (species, reaction) pairs with a line in and a line out."""
    into = {(a.species, a.square) for a in arms if a.role == "reactant"}
    return into & {(a.species, a.square) for a in arms if a.role == "product"}


def _curve(a: Points, b: Points, bend: float) -> Points:
    """Points along a bent line, a quadratic Bezier curve as matplotlib's arc3 draws it."""
    s = np.linspace(0.0, 1.0, 25)[:, None]
    control = (a + b) / 2 + bend * np.array([b[1] - a[1], a[0] - b[0]])
    return np.asarray((1 - s) ** 2 * a + 2 * s * (1 - s) * control + s**2 * b)


def _towards(a: Points, b: Points, bend: float) -> Points:
    """The unit direction in which a line bent by `bend` leaves a for b."""
    along = b - a
    direction = along + 2 * bend * np.array([along[1], -along[0]])
    return np.asarray(direction / max(float(np.hypot(direction[0], direction[1])), 1e-9))


def _boundary(size: Points, direction: Points) -> Points:
    """From the centre of an ellipse to its rim along a direction, with a hair's breadth of air."""
    a, b = size / 2 + 0.02
    return np.asarray(direction / np.sqrt((direction[0] / a) ** 2 + (direction[1] / b) ** 2))


def _spots(here: Points, name: str) -> list[tuple[str, str, float, float, Points]]:
    """The eight places for a name around a square: alignments, position and corners."""
    width = len(name) * _SMALL
    spots = []
    for side, lift in _AROUND:
        x = here[0] + {"left": 0.1, "center": 0.0, "right": -0.1}[side]
        y = here[1] + {"bottom": 0.09, "center_baseline": 0.0, "top": -0.09}[lift]
        left = x - width * {"left": 0.0, "center": 0.5, "right": 1.0}[side]
        low = y - 0.11 * {"bottom": 0.0, "center_baseline": 0.5, "top": 1.0}[lift]
        spots.append((side, lift, float(x), float(y), np.array([(left, low), (left + width, low + 0.11)])))
    return spots


def _draw_names(ax: Axes, names: list[str], arms: Sequence[Arm], points: Points, sizes: Points) -> list[Points]:
    """Each reaction's name beside its square, where it covers fewest lines, nodes and other names; their corners."""
    first = len(points) - len(names)
    twice = _twice(arms)
    lines = [
        _curve(points[a.species], points[first + a.square], bend)
        for a in arms
        for bend in ((-_BEND, _BEND) if (a.species, a.square) in twice else (0.0,))
    ]
    inked = np.concatenate(lines) if lines else np.zeros((0, 2))
    half = np.concatenate([sizes[:first] / 2, np.full((len(names), 2), _SQUARE / 2)])
    taken = [np.array([p - h, p + h]) for p, h in zip(points, half, strict=True)]
    for a in arms:  # rings and heads
        centre, square = points[a.species], points[first + a.square]
        ring = square + 0.75 * _SQUARE * _towards(square, centre, 0.0)
        head = centre + _boundary(sizes[a.species] + 0.1, _towards(centre, square, 0.0))
        end = ring if a.quiet or (a.role == "reactant" and not a.back) else head
        taken.append(np.array([end - 0.05, end + 0.05]))
    placed: list[Points] = []
    for k, name in enumerate(names):
        if not name:
            continue
        best = min(_spots(points[first + k], name), key=lambda spot: _covered(spot[4], inked, taken))
        side, lift, x, y, corners = best
        plain = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.4}  # a line behind a name stops beside it
        ax.text(x, y, name, ha=side, va=lift, fontsize=7.5, color=MUTED, zorder=2.5, bbox=plain)
        taken.append(corners)
        placed.append(corners)
    return placed


def _covered(corners: Points, inked: Points, taken: list[Points]) -> float:
    inside = ((inked > corners[0] - 0.02) & (inked < corners[1] + 0.02)).all(axis=1).sum()
    boxes = sum(bool((corners[0] < b[1]).all() and (corners[1] > b[0]).all()) for b in taken)
    return float(inside) + 8.0 * boxes
