"""Fits of parameters to data: minimisation of a Problem's objective within bounds from many starts.

Start k depends on the seed and on k alone; how one runs is told in `starts`.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from difflib import get_close_matches
from hashlib import blake2b
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np

from ...errors import RxnError
from ...network import Network
from ...simulators.arrays import Values
from ...simulators.pool import each_block, how_many
from ...system import System
from .asked import NoiseModel, Table, Unknowns, fit_problem
from .fitted import Fit as Fit
from .objective import Objective
from .problem import Problem
from .scales import to_scale
from .starts import Search, Start
from .window import Window

Progress = Callable[[int, int, float], object]


def fit(
    model: Network | System | Problem | Objective,
    data: Table | None = None,
    unknowns: Unknowns | None = None,
    noise: NoiseModel = NoiseModel.NORMAL,
    sd: float | Mapping[str, float] | None = None,
    conditions: Mapping[str, Mapping[str, float | str]] | None = None,
    observables: Mapping[str, str] | None = None,
    starts: int = 10,
    seed: int = 0,
    begin: Mapping[str, float] | None = None,
    threads: int | None = None,
    evaluations: int = 300,
    progress: Progress | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    window: Window | None = None,
) -> Fit:
    """Minimise the negative log likelihood (and that of priors) from `starts` points drawn within the bounds.

    Of a Network or System, `data` to `observables` say what is asked, see `fit_problem`; a Problem says it itself.
    `begin` gives the first start its values, of all unknowns or of some. `checkpoint`: a .json file in which every
    finished start is kept, and from which finished ones are taken, if it is of the same problem, seed and search.
    `window`: every start is first led through the data by a window of time that shifts, which helps with oscillations.
    Ctrl-C gives the starts that are finished. `progress(done, starts, best)` is called after each.

    Raises R604 for numbers of starts, R710 and R715 for what is asked, R713 for a checkpoint of something else.
    """
    for name, count in (("starts", starts), ("evaluations", evaluations)):
        if isinstance(count, bool) or count < 1:
            raise RxnError("R604", f"{name} = {count!r} is not a whole number of at least 1")
    objective = _objective(model, data, (unknowns, noise, sd, conditions, observables))
    first = _begin(objective, begin) if begin is not None else None
    asked = (seed, evaluations, None if first is None else first.tolist(), *_described(window))
    keep = _Checkpoint(objective, asked, checkpoint)
    search = Search.of(objective, seed, first, evaluations, window)
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
    said = Counter(s.message for s in ended if s.failed)
    notes += tuple(f"{count} of {len(ended)} starts failed: {why}" for why, count in said.items())
    return Fit(objective, tuple(ended), seed, notes, model if isinstance(model, Network) else None)


Asked = tuple[
    Unknowns | None, NoiseModel, float | Mapping[str, float] | None, Mapping[str, Mapping[str, float | str]] | None,
    Mapping[str, str] | None,
]  # fmt: skip


def _objective(model: Network | System | Problem | Objective, data: Table | None, asked: Asked) -> Objective:
    if isinstance(model, Problem | Objective):
        if data is not None:
            raise RxnError("R710", "a Problem has its data; of a model and data give the model")
        return model if isinstance(model, Objective) else Objective(model)
    if data is None:
        raise RxnError("R710", f"a fit of {model.name} needs data", hint="a table, a file, or arrays by observable")
    return Objective(fit_problem(model, data, *asked))


def _described(window: Window | None) -> tuple[float, ...]:
    return () if window is None else (window.length, window.shift, window.steps)


def _begin(objective: Objective, given: Mapping[str, float]) -> Values:
    """The values given, others as the model has them, or amid the bounds."""
    unknowns, low, high = objective.problem.unknowns, *objective.bounds
    for name in given:
        if name not in objective.problem.names:
            near = get_close_matches(name, objective.problem.names, 1)
            hint = f"did you mean {near[0]!r}?" if near else "unknowns are: " + ", ".join(objective.problem.names)
            raise RxnError("R710", f"a fit cannot begin at a value of {name!r}, which is no unknown", hint=hint)
    middle = 0.5 * (low + high)
    for k, unknown in enumerate(unknowns):
        value = given.get(unknown.name, unknown.nominal)
        if value is not None:
            inside = min(max(float(value), unknown.lower), unknown.upper)
            middle[k] = float(to_scale(unknown.scale, np.array(inside)))
    return middle


class _Checkpoint:
    """The finished starts, in a file where there is one."""

    def __init__(self, objective: Objective, search: Sequence[object], path: str | os.PathLike[str] | None) -> None:
        self.path = Path(path) if path is not None else None
        tolerances = [objective.machine.scheme.value, objective.rtol, objective.atol]
        self.origin: dict[str, object] = {
            "problem": digest(objective.problem), "search": [*search, *tolerances], "name": objective.problem.name
        }  # fmt: skip
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
    found, system = blake2b(digest_size=16), problem.system
    for part in (system.states, system.rhs, system.jumps, system.definitions, system.events, system.parameters,
                 problem.unknowns, problem.observables, problem.constraints, problem.start,
                 [(c.label, c.values) for c in problem.conditions]):  # fmt: skip
        found.update(repr(part).encode())
    data = problem.data
    factor = np.ones(0) if data.factor is None else data.factor
    arrays = [data.condition, data.observable, data.time, data.value, factor]
    arrays += [a for block in problem.correlated for a in (block.rows, block.covariance)]
    arrays += [np.array(a) for c in problem.conditions for _, series in c.inputs for a in series]
    for array in arrays:
        found.update(np.ascontiguousarray(array, dtype=np.float64).tobytes())
    return found.hexdigest()
