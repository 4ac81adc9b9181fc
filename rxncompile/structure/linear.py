"""Exact linear algebra on sparse integer rows: rank, null space, and the extreme rays of its non-negative part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import gcd, lcm

from . import crowded

Row = dict[int, int]
Entry = int | Fraction

_MOST_WORK = 40_000  # entries that an elimination changes before it counts as crowded
_MOST_RAYS = 300  # beyond, the extreme rays are too many to list and to read
_MOST_PAIRS = 20_000


class Echelon:
    """Independent rows in reduced echelon form, grown row by row.

    `rows` maps each pivot column to the other entries of its row, all in columns without pivot; the pivot is 1.
    """

    def __init__(self) -> None:
        self.work = 0  # entries changed so far
        self.rows: dict[int, dict[int, Entry]] = {}
        self._holders: dict[int, set[int]] = {}

    @property
    def rank(self) -> int:
        return len(self.rows)

    def add(self, row: Mapping[int, Entry]) -> bool:
        """Take up a row; False where it depends on those before."""
        left: dict[int, Entry] = dict(row)
        for column in row:
            if column in self.rows:
                _subtract(left, left.pop(column), self.rows[column])
        left = {c: x for c, x in left.items() if x}
        if not left:
            return False
        pivot = min(left, key=lambda c: (abs(left[c]) != 1, len(self._holders.get(c, ())), c))
        scale = left.pop(pivot)
        left = {c: _ratio(x, scale) for c, x in left.items()}
        for holder in self._holders.pop(pivot, set()):
            other = self.rows[holder]
            before = set(other)
            _subtract(other, other.pop(pivot), left)
            self.work += len(left)
            for c in [c for c, x in other.items() if not x]:
                del other[c]
            for c in before - other.keys() - {pivot}:
                self._holders[c].discard(holder)
            for c in other.keys() - before:
                self._holders.setdefault(c, set()).add(holder)
        self.rows[pivot] = left
        for c in left:
            self._holders.setdefault(c, set()).add(pivot)
        return True

    def null_space(self, columns: Iterable[int]) -> list[Row]:
        """An integer basis of the vectors over `columns` that every row annihilates, one for each free column."""
        found = []
        for free in columns:
            if free not in self.rows:
                held = self._holders.get(free, set())
                vector: dict[int, Entry] = {free: 1, **{p: -self.rows[p][free] for p in held}}
                found.append(whole(vector))
        return found


def rank(rows: Iterable[Mapping[int, int]]) -> int:
    """The rank of sparse integer rows."""
    every = list(rows)
    columns = sorted({c for row in every for c in row})
    return len(columns) - len(null_space(every, columns))


def null_space(rows: Sequence[Mapping[int, int]], columns: Sequence[int]) -> list[Row]:
    """An integer basis of the vectors over `columns` that every row annihilates, vector k alone in a column of its own.

    By sparse elimination in whole numbers; where that fills up, by `crowded.null_space`, which is exact as well.
    """
    echelon, wary = Echelon(), len(columns) <= crowded.MOST_COLUMNS
    for row in rows:
        echelon.add(row)
        if wary and echelon.work > _MOST_WORK:
            found = crowded.null_space(rows, columns)
            if found is not None:
                return found
            wary = False
    return echelon.null_space(columns)


def whole(row: Mapping[int, Entry]) -> Row:
    """The integer multiple of a row without common divisor, columns in order, signs kept."""
    factor = lcm(*(x.denominator for x in row.values()))
    entries = {c: int(x * factor) for c, x in sorted(row.items()) if x}
    divisor = gcd(*entries.values())
    return {c: x // divisor for c, x in entries.items()}


def independent(rows: Iterable[Row], most: int) -> list[Row]:
    """The first `most` rows that are linearly independent."""
    echelon = Echelon()
    chosen: list[Row] = []
    for row in rows:
        if len(chosen) == most:
            break
        if echelon.add(row):
            chosen.append(row)
    return chosen


def extreme_rays(basis: Sequence[Row]) -> list[Row] | None:
    """The vectors of least support among the non-negative combinations of a basis; None where they are too many.

    The basis comes from `Echelon.null_space`: vector k alone has an entry in its free column, so that a combination
    `sum_k x_k b_k` needs x >= 0. The other columns cut this orthant one after the other (double description,
    Motzkin et al. 1953; Fukuda and Prodon 1996).
    """
    cuts: dict[tuple[tuple[int, Fraction], ...], dict[int, int]] = {}
    columns: dict[int, dict[int, int]] = {}
    for k, vector in enumerate(basis):
        for c, x in vector.items():
            columns.setdefault(c, {})[k] = x
    for entries in columns.values():
        if any(x < 0 for x in entries.values()):
            first = abs(next(iter(entries.values())))
            cuts[tuple((k, Fraction(x, first)) for k, x in entries.items())] = entries
    # a ray: its x, and as the bits of a number which of x >= 0 and of the cuts so far it meets strictly
    rays = [({k: 1}, 1 << k) for k in range(len(basis))]
    waiting, bit = list(cuts.values()), len(basis)
    while waiting:
        # a cut that no ray violates is met by all that come of them
        sided = [(cut, [sum(x * cut.get(k, 0) for k, x in ray.items()) for ray, _ in rays]) for cut in waiting]
        sided = [(cut, found) for cut, found in sided if min(found, default=0) < 0]
        if not sided:
            break
        best, values = min(sided, key=lambda pair: sum(v > 0 for v in pair[1]) * sum(v < 0 for v in pair[1]))
        waiting = [cut for cut, _ in sided if cut is not best]
        plus = [(ray, v) for ray, v in zip(rays, values, strict=True) if v > 0]
        minus = [(ray, v) for ray, v in zip(rays, values, strict=True) if v < 0]
        if len(plus) * len(minus) > _MOST_PAIRS:
            return None
        kept = [ray for ray, v in zip(rays, values, strict=True) if v == 0]
        kept += [(ray, support | 1 << bit) for (ray, support), _ in plus]
        supports = [support for _, support in rays]
        for (up, up_support), high in plus:
            for (down, down_support), low in minus:
                joined = up_support | down_support
                if sum(support | joined == joined for support in supports) == 2:  # no third ray lies between
                    mixed = {k: -low * x for k, x in up.items()}
                    for k, x in down.items():
                        mixed[k] = mixed.get(k, 0) + high * x
                    divisor = gcd(*mixed.values())
                    kept.append(({k: x // divisor for k, x in mixed.items()}, joined))
        rays, bit = kept, bit + 1
        if len(rays) > _MOST_RAYS:
            return None
    return [combination(basis, ray) for ray, _ in rays]


def combination(basis: Sequence[Row], weights: Mapping[int, int]) -> Row:
    """`sum_k weights_k basis_k` without zeros and common divisor."""
    total: dict[int, Entry] = {}
    for k, x in weights.items():
        _subtract(total, -x, basis[k])
    return whole({c: x for c, x in total.items() if x})


def lifted(basis: Sequence[Row]) -> list[Row]:
    """The basis with multiples of its non-negative vectors added to the others where that takes their signs away."""
    good = [b for b in basis if min(b.values()) >= 0]
    done = list(good)
    for vector in (b for b in basis if min(b.values()) < 0):
        tried = []
        for sign in (1, -1):
            row = {c: sign * x for c, x in vector.items()}
            for c in sorted(row):
                helper = next((g for g in good if c in g), None)
                if row.get(c, 0) < 0 and helper is not None:
                    row = combination([row, helper], {0: helper[c], 1: -row[c]})
            tried.append(row)
        fine = [row for row in tried if min(row.values()) >= 0]
        done.append(min(fine, key=len) if fine else vector)
    return done


def _subtract(row: dict[int, Entry], factor: Entry, other: Mapping[int, Entry]) -> None:
    for c, x in other.items():
        row[c] = row.get(c, 0) - factor * x


def _ratio(a: Entry, b: Entry) -> Entry:
    value = Fraction(a) / b
    return value.numerator if value.denominator == 1 else value
