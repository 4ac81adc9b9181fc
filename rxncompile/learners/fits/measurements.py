"""Tables of measurements: what was seen when, under which condition, in which replicate; values may be missing."""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from ...errors import RxnError
from ...simulators.arrays import Values

_CAP = 200_000_000  # bytes of a file
_MISSING = ("", "nan", "na", "n/a", "none", "null", "-", "?")
_LONG = ("time", "observable", "value")
_BESIDE = ("condition", "replicate", "sd")


@dataclass(frozen=True, eq=False)
class Measurements:
    """One row a measured value: its time, observable, value, condition, replicate, and sd (not a number: unknown).

    Add two tables to join them.
    """

    time: Values
    observable: tuple[str, ...]
    value: Values
    condition: tuple[str, ...]
    replicate: tuple[str, ...]
    sd: Values

    def __len__(self) -> int:
        return len(self.value)

    def __add__(self, other: Measurements) -> Measurements:
        return Measurements(
            np.concatenate([self.time, other.time]), self.observable + other.observable,
            np.concatenate([self.value, other.value]), self.condition + other.condition,
            self.replicate + other.replicate, np.concatenate([self.sd, other.sd]),
        )  # fmt: skip

    @classmethod
    def of(
        cls,
        time: ArrayLike,
        values: Mapping[str, ArrayLike],
        condition: str = "",
        sd: Mapping[str, ArrayLike] | None = None,
    ) -> Measurements:
        """Of arrays: values of each observable at the times (T,), or of R replicates (R, T); not a number: missing.

        Raises R715 for shapes that do not fit.
        """
        times, known = np.asarray(time, dtype=float), dict(sd or {})
        if times.ndim != 1:
            raise RxnError("R715", f"times are of the shape {times.shape}, expected (T,)")
        for label in known:
            if label not in values:
                raise RxnError("R715", f"an sd is given of {label!r}, which has no values")
        rows: list[tuple[float, str, float, str, str, float]] = []
        for label, given in values.items():
            try:
                table = np.asarray(given, dtype=float)
                spread = np.broadcast_to(np.asarray(known.get(label, math.nan), dtype=float), table.shape)
            except (ValueError, TypeError):
                raise RxnError("R715", f"{label!r} is no array of numbers, or its sd does not fit it") from None
            if table.ndim not in (1, 2) or table.shape[-1] != len(times):
                message = f"{label!r} has values of the shape {table.shape}"
                raise RxnError("R715", message, hint=f"expected ({len(times)},), or (replicates, {len(times)})")
            for r, (line, wide) in enumerate(zip(np.atleast_2d(table), np.atleast_2d(spread), strict=True)):
                name = str(r + 1) if table.ndim == 2 else ""
                found = zip(times.tolist(), line.tolist(), wide.tolist(), strict=True)
                rows += [(t, label, v, condition, name, s) for t, v, s in found if not math.isnan(v)]
        return _table(rows)


def load_measurements(path: str | os.PathLike[str]) -> Measurements:
    """The table of a .csv or .tsv file with a head, in one of two forms; empty, NA and nan are missing values.

    Long: the columns `time`, `observable`, `value`. Wide: `time` and a column for each observable, named as in the
    model, `NAME-sd` for the sd of its values. Either may have `condition` and `replicate`, the long one `sd`.

    Raises R715 for what is wrong, with its line; R702 for a file that cannot be read.
    """
    path = Path(path)
    try:
        if path.stat().st_size > _CAP:
            raise RxnError("R715", f"{path} has more than {_CAP // 10**6} MB")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RxnError("R702", f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    lines = [(k, x) for k, x in enumerate(text.splitlines(), 1) if x.strip() and not x.lstrip().startswith("#")]
    mark = max("\t;,", key=lines[0][1].count) if lines else ","
    numbered = [(k, [c.strip() for c in next(csv.reader(io.StringIO(x), delimiter=mark))]) for k, x in lines]
    if len(numbered) < 2:
        raise RxnError("R715", f"{path.name} has no rows of data under a head")
    head = numbered[0][1]
    named = {name.lower(): i for i, name in enumerate(head)}
    if "time" not in named:
        hint = "the first line names the columns: time,A,B or time,observable,value"
        raise RxnError("R715", f"{path.name} has no column 'time', but: {', '.join(head)}"[:300], hint=hint)
    if len(set(head)) < len(head):
        twice = next(h for h in head if head.count(h) > 1)
        raise RxnError("R715", f"{path.name} has the column {twice!r} twice")
    for k, cells in numbered[1:]:
        if len(cells) != len(head):
            raise RxnError("R715", f"{path.name}:{k} has {len(cells)} columns, the head has {len(head)}")
    return _long(path, head, numbered[1:]) if set(_LONG) <= named.keys() else _wide(path, head, numbered[1:])


def _long(path: Path, head: Sequence[str], lines: Sequence[tuple[int, list[str]]]) -> Measurements:
    place = {name.lower(): i for i, name in enumerate(head)}
    strange = [name for name in head if name.lower() not in (*_LONG, *_BESIDE)]
    if strange:
        hint = "a long table has: " + ", ".join((*_LONG, *_BESIDE))
        raise RxnError("R715", f"{path.name} has the column {strange[0]!r}, which means nothing here", hint=hint)
    rows = []
    for k, cells in lines:
        value = _number(path, k, "value", cells[place["value"]])
        if math.isnan(value):
            continue
        time = _number(path, k, "time", cells[place["time"]], needed=True)
        condition, replicate = (cells[place[c]] if c in place else "" for c in ("condition", "replicate"))
        sd = _number(path, k, "sd", cells[place["sd"]]) if "sd" in place else math.nan
        rows.append((time, cells[place["observable"]], value, condition, replicate, sd))
    return _table(rows)


def _wide(path: Path, head: Sequence[str], lines: Sequence[tuple[int, list[str]]]) -> Measurements:
    place = {name.lower(): i for i, name in enumerate(head) if name.lower() in ("time", "condition", "replicate")}
    spread = {name[:-3]: i for i, name in enumerate(head) if name.endswith("-sd") and name[:-3] in head}
    quantities = [(i, n) for i, n in enumerate(head) if i not in place.values() and i not in spread.values()]
    if not quantities:
        raise RxnError("R715", f"{path.name} has no column of values beside the time")
    rows = []
    for k, cells in lines:
        time = _number(path, k, "time", cells[place["time"]], needed=True)
        condition, replicate = (cells[place[c]] if c in place else "" for c in ("condition", "replicate"))
        for i, name in quantities:
            value = _number(path, k, name, cells[i])
            if not math.isnan(value):
                sd = _number(path, k, f"{name}-sd", cells[spread[name]]) if name in spread else math.nan
                rows.append((time, name, value, condition, replicate, sd))
    return _table(rows)


def _number(path: Path, k: int, column: str, written: str, needed: bool = False) -> float:
    if written.lower() in _MISSING and not needed:
        return math.nan
    try:
        value = float(written)
    except ValueError:
        value = math.inf
    if not math.isfinite(value):
        raise RxnError("R715", f"{path.name}:{k}: {column} is {written!r}, expected a number")
    return value


def _table(rows: Sequence[tuple[float, str, float, str, str, float]]) -> Measurements:
    if not rows:
        raise RxnError("R715", "there are no measurements: every value is missing")
    time, observable, value, condition, replicate, sd = zip(*rows, strict=True)
    for t, label, s in zip(time, observable, sd, strict=True):
        if s <= 0.0:
            raise RxnError("R715", f"the sd of {label!r} at t = {t:g} is {s:g}, expected more than 0")
    times, values, spreads = (np.array(column, dtype=float) for column in (time, value, sd))
    return Measurements(times, observable, values, condition, replicate, spreads)
