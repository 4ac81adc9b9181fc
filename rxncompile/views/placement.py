"""Where the nodes of a drawing go: graph distances turned into distances on paper, then boxes pushed apart."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

_SWEEPS = 200  # of stress majorization; small drawings settle within fifty
_PUSHES = 300
_TRIES, _TRIED = 12, 60  # starts for a part of a drawing of up to so many nodes
_KEPT = 5  # of them, those with least crossings, whose boxes are moved off lines
_ROUNDS, _CLEAR = 6, 0.05  # of moving boxes off lines; inches between the two
_MOST_PAIRS = 6_000  # of lines and boxes: beyond, it takes long, and nobody follows a single line


def place(
    links: Sequence[tuple[int, int]], sizes: Points, edge: float, gap: float, bodies: Points | None = None
) -> Points:
    """Positions (n, 2) of `n` boxes of `sizes` (n, 2): linked ones about `edge` apart, all at least `gap`.

    `bodies` (n, 2) are the parts of the boxes that no line should run through, where not all of them.

    Each connected part minimises the stress `sum_ij d_ij^-2 (|x_i - x_j| - d_ij)^2`, d the graph distance times
    `edge` (Gansner, Koren and North 2004); of several minima that is taken whose lines cross least. The parts stand
    in rows. The same graph gives the same picture.
    """
    count = len(sizes)
    neighbours: list[list[int]] = [[] for _ in range(count)]
    for a, b in links:
        neighbours[a].append(b)
        neighbours[b].append(a)
    parts = _parts(neighbours)
    inked = sizes if bodies is None else bodies
    boxes = []
    for part in parts:
        index = {node: k for k, node in enumerate(part)}
        own = np.array([(index[a], index[b]) for a, b in links if a in index], dtype=np.intp).reshape(-1, 2)
        boxes.append(_clearest(_distances(neighbours, part), own, sizes[part], inked[part], gap, edge))
    positions = np.zeros((count, 2))
    for part, points in zip(parts, _in_rows(boxes, [sizes[p] for p in parts], gap), strict=True):
        positions[part] = points
    return positions


def _parts(neighbours: list[list[int]]) -> list[list[int]]:
    """Connected parts, the largest first."""
    seen: set[int] = set()
    parts = []
    for first in range(len(neighbours)):
        if first not in seen:
            seen.add(first)
            part, waiting = [], deque([first])
            while waiting:
                node = waiting.popleft()
                part.append(node)
                fresh = [n for n in dict.fromkeys(neighbours[node]) if n not in seen]
                seen.update(fresh)
                waiting.extend(fresh)
            parts.append(sorted(part))
    return sorted(parts, key=lambda p: (-len(p), p[0]))


def _distances(neighbours: list[list[int]], part: list[int]) -> Points:
    """Graph distances within one part, (m, m)."""
    index = {node: k for k, node in enumerate(part)}
    distances = np.zeros((len(part), len(part)))
    for node in part:
        steps = {node: 0}
        waiting = deque([node])
        while waiting:
            here = waiting.popleft()
            for other in neighbours[here]:
                if other not in steps:
                    steps[other] = steps[here] + 1
                    waiting.append(other)
        for other, far in steps.items():
            distances[index[node], index[other]] = far
    return distances


def _clearest(steps: Points, links: NDArray[np.intp], sizes: Points, bodies: Points, gap: float, edge: float) -> Points:
    """The placement of one part, from several starts, with fewest crossings and lines through boxes."""

    def tangle(points: Points) -> float:
        return _crossings(points, links) + 8.0 * float(_covered(points, links, bodies).sum())

    tried: list[Points] = []
    for start in range(_TRIES if len(steps) <= _TRIED else 1):
        tried.append(_pushed(_upright(_stress(steps * edge, start)), sizes, gap))
        if not tangle(tried[-1]):
            return tried[-1]
    best = sorted(tried, key=tangle)[:_KEPT]
    return min((_cleared(points, links, sizes, bodies, gap, edge) for points in best), key=tangle)


def _crossings(points: Points, links: NDArray[np.intp]) -> float:
    """How often two lines without a common end cross."""
    start, along = points[links[:, 0]], points[links[:, 1]] - points[links[:, 0]]

    def side(of: Points) -> Points:  # (line, point): on which side of the line
        away = of[None] - start[:, None]
        return np.asarray(along[:, None, 0] * away[..., 1] - along[:, None, 1] * away[..., 0])

    parted = side(start) * side(start + along) < 0.0
    joined = (links[:, None, :, None] == links[None, :, None, :]).any(axis=(2, 3))
    return float((parted & parted.T & ~joined).sum()) / 2.0


def _stress(distances: Points, start: int) -> Points:
    """Stress majorization from the classical scaling of the distances, shaken the more the later the start."""
    count = len(distances)
    if count == 1:
        return np.zeros((1, 2))
    centre = np.eye(count) - 1.0 / count
    values, vectors = np.linalg.eigh(-0.5 * centre @ distances**2 @ centre)
    points = vectors[:, -2:] * np.sqrt(np.maximum(values[-2:], 1e-9))
    noise = np.random.default_rng(20210729 + start).normal(size=points.shape)
    shaken = 0.05 * start + 0.05 / count  # nodes that only differ by name part
    points = points[:, ::-1] + shaken * distances.max() * noise
    off = ~np.eye(count, dtype=bool)
    weights = np.zeros_like(distances)
    weights[off] = distances[off] ** -2.0
    laplacian = np.diag(weights.sum(axis=1)) - weights
    inverse = np.linalg.pinv(laplacian)
    for _ in range(_SWEEPS):
        apart = np.linalg.norm(points[:, None] - points[None], axis=2)
        ratio = np.where(off, weights * distances / np.maximum(apart, 1e-9), 0.0)
        points = inverse @ ((np.diag(ratio.sum(axis=1)) - ratio) @ points)
    return points


def _upright(points: Points) -> Points:
    """The long axis of a drawing laid across the page."""
    points = points - points.mean(axis=0)
    if len(points) < 3:
        return points[:, ::-1] * [1.0, 0.0] if np.ptp(points[:, 0]) < 1e-9 else points
    _, _, axes = np.linalg.svd(points, full_matrices=False)
    turned = points @ axes.T
    # reading order: what is declared first stands on the left and above
    turned[:, 0] *= -1.0 if turned[0, 0] > 0 else 1.0
    turned[:, 1] *= -1.0 if turned[0, 1] < 0 else 1.0
    return turned


def _pushed(points: Points, sizes: Points, gap: float) -> Points:
    """Boxes that overlap pushed apart along the axis that needs less."""
    points = points.copy()
    wanted = (sizes[:, None] + sizes[None]) / 2 + gap
    for _ in range(_PUSHES):
        close = (np.abs(points[:, None] - points[None]) < wanted - 1e-6).all(axis=2)
        pairs = np.argwhere(np.tril(close, -1))
        if not len(pairs):
            break
        for i, j in pairs:
            apart = points[i] - points[j]
            room = wanted[i, j] - np.abs(apart)
            if (room > 1e-6).all():
                axis = int(np.argmin(room))
                shift = (room[axis] / 2 + 1e-6) * (1.0 if apart[axis] >= 0 else -1.0)
                points[i, axis] += shift
                points[j, axis] -= shift
    return points


def _cleared(points: Points, links: NDArray[np.intp], sizes: Points, bodies: Points, gap: float, edge: float) -> Points:
    """Boxes moved a little, one at a time, where that takes lines off boxes that are not theirs."""
    if not len(links) or len(links) * len(points) > _MOST_PAIRS:
        return points
    points = points.copy()
    reach = edge * np.array([0.25, 0.5, 0.9, 1.4])
    ways = [np.array([np.cos(x), np.sin(x)]) for x in np.arange(12) * np.pi / 6]
    for _ in range(_ROUNDS):
        before = _covered(points, links, bodies)
        if not before.any():
            break
        lines, boxes = np.nonzero(before)
        moved = False
        for node in dict.fromkeys(int(n) for n in (*boxes, *links[lines].ravel())):
            home, fewest = points[node].copy(), int(_covered(points, links, bodies).sum())
            best = home
            for step in (r * way for r in reach for way in ways):
                points[node] = home + step
                apart = np.abs(points - points[node]) < (sizes + sizes[node]) / 2 + gap / 2
                if apart.all(axis=1).sum() == 1 and (count := int(_covered(points, links, bodies).sum())) < fewest:
                    best, fewest, moved = points[node].copy(), count, True
            points[node] = best
        if not moved:
            break
    return points


def _covered(points: Points, links: NDArray[np.intp], bodies: Points) -> NDArray[np.bool_]:
    """(line, box): whether a line runs through a box that is not at its end.

    A box counts as its ellipse, in the direction from the line to its centre.
    """
    start, along = points[links[:, 0]], points[links[:, 1]] - points[links[:, 0]]
    away = points[None] - start[:, None]
    share = (away * along[:, None]).sum(axis=2) / np.maximum((along**2).sum(axis=1), 1e-12)[:, None]
    away -= np.clip(share, 0.0, 1.0)[..., None] * along[:, None]
    far = np.sqrt((away**2).sum(axis=2))
    reach = np.sqrt(((away * bodies / 2) ** 2).sum(axis=2)) + _CLEAR * far
    everyone = np.arange(len(points))
    return (far**2 < reach) & (everyone != links[:, :1]) & (everyone != links[:, 1:])


def _in_rows(parts: list[Points], sizes: list[Points], gap: float) -> list[Points]:
    """The parts beside each other, in rows no wider than the widest part or a page's share of their area."""
    lows = [(p - s / 2).min(axis=0) for p, s in zip(parts, sizes, strict=True)]
    highs = [(p + s / 2).max(axis=0) for p, s in zip(parts, sizes, strict=True)]
    extents = [h - low for low, h in zip(lows, highs, strict=True)]
    area = sum(float((e[0] + gap) * (e[1] + gap)) for e in extents)
    limit = max(max(float(e[0]) for e in extents), 1.5 * area**0.5)
    placed = []
    x = y = row = 0.0
    for points, low, extent in zip(parts, lows, extents, strict=True):
        if x > 0.0 and x + extent[0] > limit:
            x, y, row = 0.0, y - row - 2 * gap, 0.0
        placed.append(points - low + [x, y - extent[1]])
        x += float(extent[0]) + 2 * gap
        row = max(row, float(extent[1]))
    return placed
