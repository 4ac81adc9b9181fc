"""Minimisation within bounds by a trust region whose model knows the bounds.

    m(s) = g s + s H s/2     within |s| <= radius, low <= x + s <= high and A s = 0

H is positive semidefinite (a Fisher information). The step is the minimiser over the variables that are free to move;
those that it would carry past a bound are set on it and the rest is solved again, until none is carried past. A
variable on a bound that the gradient pushes outwards rests there. So a step can end on several bounds at once, and
leaves them again as soon as the gradient points inwards: there is no barrier that keeps points away from a bound.
More and Sorensen 1983; Conn, Gould and Toint 1988 (bounds); Nocedal and Wright 2006, Chapter 4.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from ...simulators.arrays import Values

Point = TypeVar("Point")

_ACCEPT = 1e-4  # of the decrease that the model promised, from which on a step is taken
_POOR, _GOOD = 0.25, 0.75  # below and above which the radius shrinks and grows
_LONG = 50  # evaluations after which a search is asked what it has brought
_FIRST, _LARGEST, _SMALLEST = 1.0, 10.0, 1e-9


@dataclass(frozen=True)
class Local(Generic[Point]):
    """A function about a point: where, its value, slope, (approximate) curvature, and whatever else belongs to it."""

    x: Values
    value: float
    gradient: Values
    curvature: Values
    more: Point


@dataclass(frozen=True)
class Ended(Generic[Point]):
    """The best point, and why the search ended."""

    at: Local[Point]
    message: str
    evaluations: int


def step_within(g: Values, H: Values, radius: float, low: Values, high: Values, plane: Values | None = None) -> Values:
    """The step of the model above, low <= 0 <= high being what is left of the bounds, `plane` the rows A; (K,)."""
    s = np.zeros(len(g))
    rows = plane if plane is not None and len(plane) else None
    free = ~(((low >= 0.0) & (_pull(g, rows) > 0.0)) | ((high <= 0.0) & (_pull(g, rows) < 0.0)))
    while free.any():
        room = math.sqrt(max(radius**2 - float(s[~free] @ s[~free]), 0.0))
        inner, outer = np.flatnonzero(free), np.flatnonzero(~free)
        own = H[np.ix_(inner, inner)]
        slope = g[inner] + H[np.ix_(inner, outer)] @ s[outer]
        if rows is None:
            s[inner] = _ball(slope, own, room)
        else:
            given, _, rank, _ = np.linalg.lstsq(rows[:, inner], -rows[:, outer] @ s[outer], rcond=1e-12)
            along = np.linalg.svd(rows[:, inner])[2][rank:].T
            room = math.sqrt(max(room**2 - float(given @ given), 0.0))
            s[inner] = given + along @ _ball(along.T @ (slope + own @ given), along.T @ own @ along, room)
        past = free & ((s < low) | (s > high))
        if not past.any():
            break
        s[past] = np.clip(s[past], low[past], high[past])
        free &= ~past
    if rows is not None and np.abs(rows @ s).max() > 1e-9 * radius * np.abs(rows).max():
        s[:] = 0.0  # too many bounds are met for the plane to be kept
    down = _downhill(g, H, radius, low, high, rows)
    return s if g @ s + 0.5 * s @ H @ s <= g @ down + 0.5 * down @ H @ down else down


def _downhill(g: Values, H: Values, radius: float, low: Values, high: Values, rows: Values | None) -> Values:
    """The lowest point of the model against the gradient, up to the first bound: no step may promise less."""
    d = -g
    for _ in range(len(g)):
        stopped = ((low >= 0.0) & (d < 0.0)) | ((high <= 0.0) & (d > 0.0))
        if not stopped.any():
            break
        d[stopped] = 0.0
        if rows is not None:
            moved = np.flatnonzero(d)
            d[moved] = _pull(d[moved], rows[:, moved])
    size = float(np.linalg.norm(d))
    if size == 0.0 or (rows is not None and np.abs(rows @ d).max() > 1e-9 * size * np.abs(rows).max()):
        return np.zeros(len(g))
    bend = float(d @ H @ d)
    with np.errstate(divide="ignore", invalid="ignore"):
        room = np.where(d > 0.0, high / d, np.where(d < 0.0, low / d, math.inf))
    far = min(radius / size, float(room.min()))
    return np.asarray(d * (min(far, -float(g @ d) / bend) if bend > 0.0 else far))


def _pull(g: Values, rows: Values | None) -> Values:
    """The gradient along A s = 0."""
    return g if rows is None else g - np.linalg.pinv(rows) @ (rows @ g)


def _ball(g: Values, H: Values, radius: float) -> Values:
    """The minimiser of g s + s H s/2 over |s| <= radius, H positive semidefinite."""
    values, vectors = np.linalg.eigh(H)
    values = np.maximum(values, 0.0)
    along = vectors.T @ g
    size = float(np.linalg.norm(along))
    if size == 0.0 or radius == 0.0:
        return np.zeros(len(g))
    least = 1e-14 * max(float(values[-1]), size)
    whole = along / np.maximum(values, least)
    if np.linalg.norm(whole) <= radius:
        return np.asarray(-vectors @ whole)
    # |s(shift)| = radius, by Newton's method on 1/|s| - 1/radius, which is concave and nearly straight
    shift = max(0.0, least - float(values[0]))
    low, high = 0.0, size / radius
    for _ in range(60):
        shift = shift if low <= shift <= high else max(0.5 * (low + high), 1e-3 * high)
        divided = along / np.maximum(values + shift, least)
        norm = float(np.linalg.norm(divided))
        if abs(norm - radius) <= 1e-3 * radius:
            break
        low, high = (shift, high) if norm > radius else (low, shift)
        slope = float(divided**2 @ (1.0 / np.maximum(values + shift, least)))
        shift += (norm - radius) / radius * norm**2 / slope
    return np.asarray(-vectors @ divided)


def minimise_within(
    at: Callable[[Values], Local[Point] | None],
    value: Callable[[Values], tuple[Values, float]],
    x: Values,
    low: Values,
    high: Values,
    evaluations: int = 300,
    enough: float = 1e-9,
    first: float = _FIRST,
    plane: Values | None = None,
    dull: float = 0.0,
) -> Ended[Point] | None:
    """From x down to a point where the model promises less than `enough`; None where x has no value.

    `at(x)`: the function with its derivatives, None where it has no value. `value(x)`: its value alone (inf where it
    has none), at a point that may be moved from x where that is known to be lower. `plane`: rows A, if A x is to stay.
    `dull`: a search also ends where 50 evaluations have brought less than this.
    """
    here = at(np.clip(x, low, high))
    if here is None:
        return None
    radius, count, message, passed = first, 1, "", list[float]()
    while True:
        if count >= evaluations:
            message = "out of evaluations"
            break
        passed.append(here.value)
        if count > _LONG and passed[-1 - _LONG] - here.value < dull:
            message = f"hardly lower in {_LONG} evaluations"
            break
        s = step_within(here.gradient, here.curvature, radius, low - here.x, high - here.x, plane)
        promised = -float(here.gradient @ s + 0.5 * s @ here.curvature @ s)
        length = float(np.linalg.norm(s))
        if promised <= enough and (length < 0.5 * radius or radius >= _LARGEST or promised <= 1e-3 * enough):
            message = "converged"
            break
        goal = np.clip(here.x + s, low, high)
        moved, new = value(goal)
        count += 1
        ratio = (here.value - new) / promised if np.isfinite(new) else -1.0
        if ratio < _POOR:
            radius = 0.25 * min(length, radius)
        elif ratio > _GOOD and length > 0.8 * radius:
            radius = min(2.0 * radius, _LARGEST)
        if ratio > _ACCEPT:
            found = at(moved)
            if found is None:
                radius = 0.25 * min(length, radius)
            else:
                here = found
        if radius < _SMALLEST:
            message = "no smaller step is lower"
            break
    return Ended(here, message, count)
