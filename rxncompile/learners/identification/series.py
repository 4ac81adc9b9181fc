"""Measured time series: irregular times, values that are missing, several experiments."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import RxnError
from ...name_lists import names_given
from ...simulators.arrays import Values


@dataclass(frozen=True, eq=False)
class Series:
    """One experiment: rising `times` (T,) and `values` (T, n) of the named quantities, NaN where one is missing.

    `covariance` (M, M) of the M values that there are, time by time, where their errors are not independent: means over
    the same trajectories, say. `number`: which experiment it is, or is a piece of.

    Raises R720 for shapes that do not fit, times that do not rise, and quantities seen less than twice.
    """

    labels: tuple[str, ...]
    times: Values
    values: Values
    number: int = 0
    covariance: Values | None = None

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.times), len(self.labels)):
            message = f"values {self.values.shape} of {len(self.labels)} quantities at {len(self.times)} times"
            raise RxnError("R720", message)
        if not np.isfinite(self.times).all() or (np.diff(self.times) <= 0.0).any():
            raise RxnError("R720", "the times of a series do not rise")
        for i, label in enumerate(self.labels):
            if np.isinf(self.values[:, i]).any():
                raise RxnError("R720", f"{label!r} is infinite in a series")
            if np.isfinite(self.values[:, i]).sum() < 2:
                raise RxnError("R720", f"{label!r} is measured less than twice in a series")
        many = int(self.seen.sum())
        if self.covariance is not None and self.covariance.shape != (many, many):
            raise RxnError("R720", f"a covariance {self.covariance.shape} of {many} values")

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Which values there are, (T, n)."""
        return np.isfinite(self.values)

    def part(self, kept: NDArray[np.bool_]) -> Series:
        """The same without the values that are not `kept` (T, n), and without times that have none."""
        rows = (kept & self.seen).any(axis=1)
        values = np.where(kept, self.values, np.nan)[rows]
        inside = kept[self.seen]
        covariance = None if self.covariance is None else self.covariance[np.ix_(inside, inside)]
        return replace(self, times=self.times[rows], values=values, covariance=covariance)

    def of(self, labels: Sequence[str]) -> Series:
        """The same with these quantities in this order. Raises R720 for one that is not there."""
        labels = names_given(labels, "labels", "R720")
        missing = [x for x in labels if x not in self.labels]
        if missing:
            hint = "there are: " + ", ".join(self.labels)
            raise RxnError("R720", f"{missing[0]!r} is not measured", hint=hint)
        places = [self.labels.index(x) for x in labels]
        values = self.values[:, places]
        if self.covariance is None:
            return Series(labels, self.times, values, self.number)
        row = np.cumsum(self.seen.ravel()).reshape(self.seen.shape) - 1  # of each value in the covariance
        kept = row[:, places][np.isfinite(values)]
        return Series(labels, self.times, values, self.number, self.covariance[np.ix_(kept, kept)])


def read_series(path: str | os.PathLike[str]) -> tuple[Series, ...]:
    """The experiments in a .csv file with a column `t` (or `time`), one a quantity, and, if several, `run`.

    An empty field or `nan` is a missing value; lines that begin with # are left out. Raises R702 for a file that cannot
    be read, R720 for one that is not so.
    """
    where = Path(path)
    try:
        with where.open(newline="", encoding="utf-8-sig") as file:
            numbered = [(n, row) for n, row in enumerate(csv.reader(file), 1) if row and not row[0].startswith("#")]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RxnError("R702", f"{where} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    rows = [row for _, row in numbered]
    names = [x.strip() for x in rows[0]] if rows else []
    clocks = [x for x in ("t", "time") if x in names]
    if not clocks or len(rows) < 2:
        split = len(names) == 1 and ";" in names[0]
        hint = "fields are separated by commas, decimals by a point" if split else ""
        message = f"{where.name}: expected a line of names with 'time' or 't' among them, then numbers"
        raise RxnError("R720", message, hint=hint)
    if len(clocks) > 1:
        raise RxnError("R720", f"{where.name}: both 't' and 'time' are columns, and only one can be the time")
    if twice := sorted({x for x in names if names.count(x) > 1}):
        raise RxnError("R720", f"{where.name}: {twice[0]!r} is the name of two columns")
    clock = clocks[0]
    kept = [i for i, x in enumerate(names) if x not in (clock, "run")]
    groups: dict[str, list[list[float]]] = {}
    for number, row in numbered[1:]:
        if len(row) != len(names):
            raise RxnError("R720", f"{where.name}, line {number}: {len(row)} fields, expected {len(names)}")
        run = row[names.index("run")].strip() if "run" in names else ""
        groups.setdefault(run, []).append([_number(where, number, row[i]) for i in (names.index(clock), *kept)])
    tables = [np.array(sorted(group)) for group in groups.values()]
    return tuple(Series(tuple(names[i] for i in kept), table[:, 0], table[:, 1:]) for table in tables)


def _number(where: Path, line: int, field: str) -> float:
    word = field.strip()
    if not word:
        return math.nan
    try:
        number = float(word)
    except ValueError:
        raise RxnError("R720", f"{where.name}, line {line}: {word[:30]!r} is not a number") from None
    if math.isinf(number):
        raise RxnError("R720", f"{where.name}, line {line}: {word[:30]!r} is not a finite number")
    return number
