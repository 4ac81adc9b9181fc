"""What to show of many quantities: those that move most, in panels of one unit and one magnitude."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..simulators.arrays import Values

LINES, _PANELS = 6, 5  # lines a reader can tell apart, panels that fit on a page
_CANDIDATES = 12  # for the phase plane
_FEW = 8  # up to this many, quantities that stand still are shown too
_SPREAD = 20.0  # a line below 1/20 of its panel's largest value looks like zero


@dataclass(frozen=True, slots=True)
class Choice:
    """Columns of a result by panel, and a sentence on what was left out (nothing where all is shown)."""

    groups: tuple[tuple[int, ...], ...]
    note: str = ""

    @property
    def columns(self) -> tuple[int, ...]:
        """All chosen columns, panel by panel."""
        return tuple(k for group in self.groups for k in group)


def chosen(values: Values, units: tuple[str, ...], most: int = LINES) -> Choice:
    """The panels for `values` (time, column): grouped by unit and magnitude, the largest movers of each.

    A group of more than `most` is spread over further panels while there is room for them.
    """
    finite = np.where(np.isfinite(values), values, 0.0)
    size, moved = np.abs(finite).max(axis=0), np.ptp(finite, axis=0)
    total = len(size)
    candidates = [k for k in range(total) if total <= _FEW or moved[k] > 1e-6 * size[k]]
    candidates = candidates or list(range(total))
    groups: list[list[int]] = []
    for unit in dict.fromkeys(units[k] for k in candidates):
        ordered = sorted((k for k in candidates if units[k] == unit), key=lambda k: (-size[k], k))
        top = 0.0
        for k in ordered:
            if not groups or units[groups[-1][0]] != unit or (0.0 < size[k] < top / _SPREAD):
                groups.append([])
                top = size[k]
            groups[-1].append(k)
    groups = groups[:_PANELS]
    room = _PANELS - len(groups)
    kept: list[list[int]] = []
    for group in groups:
        extra = min(-(-len(group) // most) - 1, room)
        room -= extra
        best = sorted(sorted(group, key=lambda k: (-moved[k], k))[: most * (extra + 1)])
        kept += [best[k : k + most] for k in range(0, len(best), most)]
    shown = sum(len(g) for g in kept)
    note = f"{shown} of {total} quantities are shown, those that move most." if shown < total else ""
    return Choice(tuple(tuple(g) for g in kept), note)


def movers(values: Values, most: int) -> tuple[int, ...]:
    """The columns that move most for their size, at most `most`, in their own order."""
    share = _share(values)
    order = sorted(range(len(share)), key=lambda k: (-round(float(share[k]), 3), k))
    return tuple(sorted(order[:most]))


def pair(values: Values) -> tuple[int, int] | None:
    """The two columns that fill a plane best: both move for their size and not in step; None where none do."""
    share = _share(values)
    candidates = [k for k in movers(values, _CANDIDATES) if share[k] > 1e-6]
    if len(candidates) < 2:
        return None
    spread = values[:, candidates] - values[:, candidates].mean(axis=0)
    spread = spread / np.linalg.norm(spread, axis=0)
    apart = 1.0 - np.abs(spread.T @ spread) + 1e-3
    area = np.triu(apart * np.outer(share[candidates], share[candidates]), 1)
    i, j = np.unravel_index(int(np.argmax(np.round(area, 6))), area.shape)
    return candidates[i], candidates[j]


def _share(values: Values) -> Values:
    """How much of its size each column moves."""
    finite = np.where(np.isfinite(values), values, 0.0)
    size, moved = np.abs(finite).max(axis=0), np.ptp(finite, axis=0)
    return np.divide(moved, size, out=np.zeros_like(moved), where=size > 0)
