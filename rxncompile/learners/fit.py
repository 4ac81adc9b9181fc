"""Fits of parameters to data: minimisation of a Problem's objective within bounds from many starts.

Start k depends on the seed and on k alone; how one runs is told in `starts`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np

from ..errors import RxnError
from ..simulators.arrays import Values
from ..simulators.pool import each_block, how_many
from .objective import Objective
from .problem import Problem
from .starts import Search, Start

Progress = Callable[[int, int, float], object]


@dataclass(frozen=True, eq=False)
class Fit:
    """Minimisations of one objective, best first, and notes on what went wrong."""

    objective: Objective
    starts: tuple[Start, ...]
    seed: int
    notes: tuple[str, ...] = ()

    @property
    def best(self) -> Start:
        """The start that ended lowest. Raises R712 where none has ended."""
        if not self.starts or self.starts[0].failed:
            raise RxnError("R712", f"no start of the fit of {self.objective.problem.name} ended")
        return self.starts[0]

    @property
    def x(self) -> Values:
        """The best point on the scales of the unknowns, (K,)."""
        return np.array(self.best.end)

    @property
    def values(self) -> dict[str, float]:
        """The best values by name."""
        found = self.objective.natural(self.x)
        return dict(zip(self.objective.problem.names, found.tolist(), strict=True))

    def __repr__(self) -> str:
        ended = sum(not s.failed for s in self.starts)
        value = f", best {self.starts[0].value:.6g}" if ended else ""
        return f"<Fit {self.objective.problem.name}: {ended} of {len(self.starts)} starts ended{value}>"


def fit(
    problem: Problem | Objective,
    starts: int = 10,
    seed: int = 0,
    begin: Mapping[str, float] | None = None,
    threads: int | None = None,
    evaluations: int = 300,
    progress: Progress | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
) -> Fit:
    """Minimise the negative log likelihood from `starts` points drawn evenly within the bounds on their scales.

    `begin` gives the first start its values. `checkpoint`: a .json file in which every finished start is kept, and
    from which finished ones are taken, if it is of the same problem and seed. Ctrl-C gives the starts that are
    finished. `progress(done, starts, best)` is called after each.

    Raises R604 for numbers of starts, R710 for `begin`, R713 for a checkpoint of something else.
    """
    objective = problem if isinstance(problem, Objective) else Objective(problem)
    if isinstance(starts, bool) or starts < 1:
        raise RxnError("R604", f"starts = {starts!r} is not a whole number of at least 1")
    keep = _Checkpoint(objective, seed, checkpoint)
    first = _begin(objective, begin) if begin is not None else None
    search = Search.of(objective, seed, first, evaluations)
    missing = [k for k in range(starts) if k not in keep.done]
    notes: tuple[str, ...] = ()

    def task(place: int, stop: Event) -> Start:
        return search.start(missing[place], stop)

    try:
        for _, found in each_block(task, len(missing), how_many(threads), int):
            keep.add(found)
            if progress:
                progress(len(keep.done), starts, min(s.value for s in keep.done.values()))
    except KeyboardInterrupt:
        notes = (f"interrupted: {len(keep.done)} of {starts} starts",)
    mine = [s for k, s in keep.done.items() if k < starts]
    ended = sorted(mine, key=lambda s: (s.failed, s.value, s.number))
    failed = [s for s in ended if s.failed]
    if failed:
        notes += (f"{len(failed)} of {len(ended)} starts failed: {failed[0].message}",)
    return Fit(objective, tuple(ended), seed, notes)


def _begin(objective: Objective, given: Mapping[str, float]) -> Values:
    names = objective.problem.names
    if set(given) != set(names):
        raise RxnError("R710", "a fit begins from values of all its unknowns: " + ", ".join(names))
    return objective.scaled(np.array([given[n] for n in names], dtype=float))


class _Checkpoint:
    """The finished starts, in a file where there is one."""

    def __init__(self, objective: Objective, seed: int, path: str | os.PathLike[str] | None) -> None:
        self.path = Path(path) if path is not None else None
        self.origin = {"problem": digest(objective.problem), "seed": seed, "name": objective.problem.name}
        self.done: dict[int, Start] = {}
        if self.path is not None and self.path.exists():
            self._load(self.path)

    def add(self, start: Start) -> None:
        self.done[start.number] = start
        if self.path is None:
            return
        rows = [asdict(self.done[k]) for k in sorted(self.done)]
        beside = self.path.with_name(self.path.name + ".part")
        try:
            beside.write_text(json.dumps({**self.origin, "starts": rows}), encoding="utf-8")
            beside.replace(self.path)
        except OSError as error:
            raise RxnError("R702", f"{self.path} cannot be written: {error.strerror or error}") from None

    def _load(self, path: Path) -> None:
        try:
            found: Any = json.loads(path.read_text(encoding="utf-8"))
            origin = {key: found[key] for key in self.origin}
            for row in found["starts"]:
                points = {key: tuple(row[key]) for key in ("begin", "end")}
                self.done[int(row["number"])] = Start(**{**row, **points})
        except (OSError, ValueError, KeyError, TypeError):
            raise RxnError("R713", f"{path} holds no fit") from None
        if origin != self.origin:
            hint = "name another file, or remove this one"
            raise RxnError("R713", f"{path} holds a fit of other data, another model or another seed", hint=hint)


def digest(problem: Problem) -> str:
    """What tells one problem from another."""
    found = blake2b(digest_size=16)
    for part in (problem.system.states, problem.system.drift, problem.system.jumps, problem.system.definitions,
                 problem.system.parameters, problem.unknowns, problem.observables, problem.conditions):  # fmt: skip
        found.update(repr(part).encode())
    data = problem.data
    for array in (data.condition, data.observable, data.time, data.value):
        found.update(np.ascontiguousarray(array, dtype=np.float64).tobytes())
    return found.hexdigest()
