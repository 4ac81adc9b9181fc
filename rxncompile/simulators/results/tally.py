"""What an ensemble remembers of its trajectories: sums and histograms, added block after block.

Whatever is counted in integers depends on the set of trajectories alone; sums of outputs that are no whole numbers
depend on the blocks, too, which follow a rule of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from ...system import System
from ..arrays import Values
from ..jumps.jump_events import uncounted
from .histograms import Cells
from .sums import Moments, Sums

_BINS = 1 << 22  # of all histograms together, about: 32 MiB
_FEWEST, _MOST = 64, 1 << 16  # bins of one histogram
_SIDE_LEAST, _SIDE_MOST = 16, 1 << 10  # of a joint histogram along each axis
_CELLS = 1 << 18  # histograms: of more columns and times none are kept
_PAIRS = 1 << 20  # covariances, over all times, that are kept unasked
_FACTOR = 512  # an output that is a sum of so many counts is below 2^62

Pair = tuple[int, int]


@dataclass(frozen=True)
class Layout:
    """What is remembered of T times: which columns are whole numbers, joint histograms of which pairs of columns.

    `histograms` says whether those of single columns are kept.
    """

    times: int
    whole: tuple[bool, ...]
    joint: tuple[Pair, ...] = ()
    histograms: bool = True

    @classmethod
    def of(cls, times: int, whole: tuple[bool, ...], joint: tuple[Pair, ...], histograms: bool) -> Layout:
        """Without histograms where they would be too many."""
        return cls(times, whole, joint, histograms and times * len(whole) <= _CELLS)

    @cached_property
    def moments(self) -> Moments:
        """All pairs of columns where they are not too many, otherwise the pairs that `joint` names."""
        n = len(self.whole)
        every = self.times * n * (n + 1) // 2 <= _PAIRS
        return Moments.of(self.whole, None if every else self.joint)

    @property
    def most(self) -> int:
        """The bins of one histogram at most: a power of two."""
        return _power_below(_BINS // max(1, self.times * len(self.whole)), _FEWEST, _MOST)

    @property
    def most_joint(self) -> int:
        """The bins of a joint histogram along one axis at most."""
        each = _BINS // max(1, self.times * len(self.joint))
        return _power_below(int(each**0.5), _SIDE_LEAST, _SIDE_MOST)

    @cached_property
    def cells(self) -> NDArray[np.bool_]:
        """Of each histogram, column after column within time after time: whether it is of whole numbers."""
        return np.tile(np.array(self.whole, dtype=bool), self.times)[:, np.newaxis]

    @cached_property
    def joint_cells(self) -> NDArray[np.bool_]:
        """Likewise for joint histograms and both of their columns."""
        each = np.array([[self.whole[i], self.whole[j]] for i, j in self.joint], dtype=bool).reshape(-1, 2)
        return np.tile(each, (self.times, 1))


@dataclass(frozen=True, eq=False)
class Tally:
    """Sums and histograms of the first `runs` trajectories of `wanted`; `origin` gives a digest of their model."""

    layout: Layout
    sums: Sums
    cells: Cells | None
    joint: Cells | None
    wanted: int = 0
    origin: Callable[[], bytes] = bytes

    @classmethod
    def of(cls, layout: Layout, rows: Values) -> Tally:
        """One block of rows (at most 1,024, T, L)."""
        joint = cells = None
        if layout.histograms:
            cells = Cells.of(rows.reshape(len(rows), -1, 1), layout.cells, layout.most)
        if layout.joint:
            two = rows[:, :, np.array(layout.joint)].reshape(len(rows), -1, 2)
            joint = Cells.of(two, layout.joint_cells, layout.most_joint)
        return cls(layout, Sums.of(rows, layout.moments), cells, joint)

    def merge(self, later: Tally) -> Tally:
        """With the block that follows."""
        joint = self.joint.merge(later.joint) if self.joint and later.joint else None
        cells = self.cells.merge(later.cells) if self.cells and later.cells else None
        return replace(self, sums=self.sums.merge(later.sums), cells=cells, joint=joint)

    @property
    def runs(self) -> int:
        """The number of trajectories."""
        return self.sums.runs

    def covariance(self, a: int, b: int) -> Values | None:
        """The covariance of two columns at each time, (T,); None where it was not kept."""
        pairs = self.layout.moments.pairs
        found = np.flatnonzero((pairs == (min(a, b), max(a, b))).all(axis=1))
        return self.sums.covariances(found)[:, 0] if len(found) else None

    def quantile(self, column: int, q: float) -> Values | None:
        """The quantile of a column at each time, (T,); not a number where a value is none. None where not kept."""
        if self.cells is None:
            return None
        width, found = len(self.layout.whole), []
        for t in range(self.layout.times):
            cell = t * width + column
            some = not self.layout.whole[column] and int(self.cells._of(cell).sum()) < self.runs
            found.append(self.cells.quantile(cell, q, some))
        return np.array(found)

    # -- in files ------------------------------------------------------------------------------------

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything as arrays of doubles and of integers below 2^53; those of no entries are left out."""
        sums = self.sums
        found: dict[str, NDArray[Any]] = {"runs": np.array([sums.runs, self.wanted], dtype=np.int64)}
        found["origin"] = np.frombuffer(self.origin(), dtype=np.uint8).astype(np.int64)
        found |= {"first": sums.first, "second": sums.second, "mean": sums.mean, "spread": sums.spread}
        found["whole"] = np.array(self.layout.whole, dtype=np.int64)
        found["pairs"] = np.array(self.layout.joint, dtype=np.int64).reshape(-1, 2)
        for name, cells in (("bins", self.cells), ("joint", self.joint)):
            if cells is not None:
                found |= {f"{name}_low": cells.low, f"{name}_high": cells.high, f"{name}_counts": cells.counts}
        return {name: array for name, array in found.items() if array.size}

    @classmethod
    def rebuilt(cls, times: int, arrays: Mapping[str, NDArray[Any]]) -> Tally:
        """The tally of the arrays. Raises KeyError and ValueError where they are not those of one."""
        pairs = tuple((int(i), int(j)) for i, j in arrays["pairs"]) if "pairs" in arrays else ()
        layout = Layout(times, tuple(bool(w) for w in arrays["whole"]), pairs, "bins_low" in arrays)
        if not all(0 <= i < len(layout.whole) for pair in pairs for i in pair):
            raise ValueError("its joint histograms are of columns that it has not")

        def cells(name: str, whole: NDArray[np.bool_], most: int) -> Cells:
            low, high = (np.array(arrays[f"{name}_{end}"], dtype=np.float64) for end in ("low", "high"))
            counts = np.array(arrays.get(f"{name}_counts", [])).astype(np.int64)
            return Cells.rebuilt(whole, most, low, high, counts)

        moments, n_times = layout.moments, layout.times
        exact, whole = int(moments.exact.sum()), int(moments.whole.sum())
        others = 0 if moments.whole.all() else len(layout.whole)
        shapes = {
            "first": (3, n_times, whole), "second": (5, n_times, exact),
            "mean": (n_times, others), "spread": (n_times, len(moments.pairs) - exact),
        }  # fmt: skip
        parts: dict[str, Any] = {
            name: np.array(arrays.get(name, np.zeros(shape))).astype(np.int64 if len(shape) == 3 else np.float64)
            for name, shape in shapes.items()
        }
        for name, shape in shapes.items():
            if parts[name].shape != shape:
                raise ValueError(f"its sums have shape {parts[name].shape}, expected {shape}")
        runs, wanted = (int(n) for n in arrays["runs"])
        if runs < 1:
            raise ValueError("its sums are of no run")
        origin = bytes(int(b) for b in arrays.get("origin", ()))
        sums = Sums(moments, runs, *(parts[name] for name in shapes))
        joint = cells("joint", layout.joint_cells, layout.most_joint) if pairs else None
        kept = cells("bins", layout.cells, layout.most) if layout.histograms else None
        return cls(layout, sums, kept, joint, wanted, lambda: origin)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tally):
            return False
        a, b = self.arrays(), replace(other, wanted=self.wanted).arrays()
        return a.keys() == b.keys() and all(np.array_equal(a[k], b[k], equal_nan=True) for k in a)


def whole_columns(system: System) -> tuple[bool, ...]:
    """Of each state and output: whether it is a whole number, as counts and their sums are."""
    real = uncounted(system)
    counts = {s.symbol for s in system.states if s.symbol not in real}
    sums: dict[sp.Symbol, dict[sp.Expr, sp.Expr] | None] = {}

    def summed(formula: sp.Expr) -> dict[sp.Expr, sp.Expr] | None:
        """Counts and 1 with their factors; None for what is no such sum."""
        found: dict[sp.Expr, sp.Expr] = {}
        for part, c in formula.as_coefficients_dict().items():
            inner = {part: sp.S.One} if part in counts or part == 1 else sums.get(part)
            if inner is None:
                return None
            for name, factor in inner.items():
                found[name] = found.get(name, sp.S.Zero) + c * factor
        return found

    def whole(formula: sp.Expr) -> bool:
        parts = summed(formula)
        if parts is None or not all(c.is_Integer for c in parts.values()):
            return False
        return bool(sum(abs(c) for c in parts.values()) <= _FACTOR)

    # definition by definition: written out into each other they may be too long to write
    for name, definition in system.plain_definitions:
        sums[name] = summed(definition)
    states = (s.symbol in counts for s in system.states)
    return (*states, *(whole(formula) for _, formula in system.outputs))


def _power_below(number: int, least: int, most: int) -> int:
    return max(least, min(most, 1 << max(0, number.bit_length() - 1)))
