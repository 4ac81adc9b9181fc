"""Fits of parameters to data: bounded minimisation of a Problem's objective from many starts.

Normal noise: least squares by a trust region (scipy's `trf`) with the exact Jacobian of the residuals

    (g(y_k) - g(m_k))/sigma_k,    sqrt(2 log sigma_k + C)    where sigma_k is to be found, too        C = 50

whose squares sum to twice the objective up to a constant; other noise: L-BFGS-B with the adjoint gradient.
Start k depends on the seed and on k alone.
"""

from __future__ import annotations

import json
import math
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
from ..simulators.pool import StoppedError, each_block, how_many
from .objective import Failed, Objective
from .problem import Noise, Problem

_LIFT = 50.0  # added to 2 log sigma, so that it has a root
_TRIES = 20  # points drawn before a start is given up where the model cannot be solved

Progress = Callable[[int, int, float], object]


@dataclass(frozen=True, slots=True)
class Start:
    """One minimisation: where it began and ended, on the scales of the unknowns, and the objective there."""

    number: int
    begin: tuple[float, ...]
    end: tuple[float, ...]
    value: float
    message: str
    evaluations: int

    @property
    def failed(self) -> bool:
        """Whether it found no point at all."""
        return not math.isfinite(self.value)


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
    _ = objective.settings, objective.observed, objective.begins, objective.machine.derivatives  # compiled once, here
    missing = [k for k in range(starts) if k not in keep.done]
    notes: tuple[str, ...] = ()

    def task(place: int, stop: Event) -> Start:
        k = missing[place]
        return minimise(objective, k, _point(objective, seed, k, first), evaluations, stop)

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


def minimise(objective: Objective, number: int, draw: Callable[[int], Values], evaluations: int, stop: Event) -> Start:
    """One start. A point at which the model cannot be solved is drawn again, up to a limit."""
    for attempt in range(_TRIES):
        begin = draw(attempt)
        try:
            objective.value(begin)
            break
        except Failed:
            continue
    else:
        nowhere = tuple(float(v) for v in begin)
        return Start(number, nowhere, nowhere, math.inf, "the model could not be solved where it began", _TRIES)
    normal = all(o.noise is Noise.NORMAL for o in objective.problem.observables)
    low, high = objective.bounds
    margin = 1e-9 * (high - low)
    end, message, count = (_squares if normal else _bounded)(
        objective, np.clip(begin, low + margin, high - margin), evaluations, stop
    )
    try:
        value = objective.value(end)
    except Failed:
        value = math.inf
    return Start(number, tuple(begin.tolist()), tuple(end.tolist()), value, message, count)


def _squares(objective: Objective, x: Values, evaluations: int, stop: Event) -> tuple[Values, str, int]:
    from scipy.optimize import least_squares  # a third of a second, which only a fit needs

    last: dict[bytes, tuple[Values, Values]] = {}

    def residuals(x: Values) -> Values:
        if stop.is_set():
            raise StoppedError
        try:
            last.clear()
            last[x.tobytes()] = found = residuals_of(objective, x)
        except Failed:
            return np.full(size, np.inf)
        return found[0]

    def jacobian(x: Values) -> Values:
        found = last.get(x.tobytes())
        return found[1] if found else residuals_of(objective, x)[1]

    size = len(residuals_of(objective, x)[0])
    found = least_squares(residuals, x, jacobian, objective.bounds, "trf", max_nfev=evaluations, x_scale="jac")
    return found.x, str(found.message), int(found.nfev)


def _bounded(objective: Objective, x: Values, evaluations: int, stop: Event) -> tuple[Values, str, int]:
    from scipy.optimize import minimize

    def value(x: Values) -> tuple[float, Values]:
        if stop.is_set():
            raise StoppedError
        try:
            return objective.gradient(x)
        except Failed:
            return 1e300, np.zeros(len(x))

    pairs = list(zip(*objective.bounds, strict=True))
    found = minimize(value, x, jac=True, method="L-BFGS-B", bounds=pairs, options={"maxfun": evaluations})
    return found.x, str(found.message), int(found.nfev)


def residuals_of(objective: Objective, x: Values) -> tuple[Values, Values]:
    """(residuals, their Jacobian), of normal noise; half their squares is the objective up to a constant."""
    y, sigma, dy, dsigma = objective.predictions(x)
    away, steep = objective.distances(y)
    r = away / sigma
    by = (steep[:, np.newaxis] * dy - r[:, np.newaxis] * dsigma) / sigma[:, np.newaxis]
    if not objective.sizes_unknown:
        return r, by
    lifted = 2.0 * np.log(sigma) + _LIFT
    if not (lifted > 0.0).all() or not np.isfinite(lifted).all():
        raise Failed
    root = np.sqrt(lifted)
    return np.concatenate([r, root]), np.concatenate([by, dsigma / (sigma * root)[:, np.newaxis]])


def _begin(objective: Objective, given: Mapping[str, float]) -> Values:
    names = objective.problem.names
    if set(given) != set(names):
        raise RxnError("R710", "a fit begins from values of all its unknowns: " + ", ".join(names))
    return objective.scaled(np.array([given[n] for n in names], dtype=float))


def _point(objective: Objective, seed: int, k: int, first: Values | None) -> Callable[[int], Values]:
    low, high = objective.bounds

    def draw(attempt: int) -> Values:
        if k == 0 and attempt == 0 and first is not None:
            return np.clip(first, low, high)
        stream = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(k, attempt)))
        return low + (high - low) * stream.random(len(low))

    return draw


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
