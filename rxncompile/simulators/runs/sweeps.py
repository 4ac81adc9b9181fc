"""Sweeps: a model at every point of a grid of parameters and initial values.

The seed of a point follows from the seed of the sweep and the point's own values alone,

    seed(point) = SHA-256(seed, k = 0.1, X = 5, ...),  its first 128 bits,

so that no point depends on what other points there are, and no two points share random numbers.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from difflib import get_close_matches
from hashlib import sha256
from threading import Event

import numpy as np
from numpy.typing import ArrayLike

from ...errors import RxnError
from ...system import System
from ..jumps.method import Method
from ..jumps.ssa import MAX_EVENTS, Progress
from ..jumps.streams import streams
from ..pool import each_block, how_many
from ..rate_equations.ode import integrate
from ..results.axes import Axes, Sweep
from ..results.trajectory import Ensemble, Result
from .ensembles import sample_statistics
from .resume import Checkpoint

_MOST_POINTS = 1_000_000


def sweep(
    system: System,
    t: ArrayLike,
    runs: int | None = None,
    over: Mapping[str, ArrayLike] | None = None,
    seed: int | None = None,
    params: Mapping[str, object] | None = None,
    initial: Mapping[str, object] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    max_events: int = MAX_EVENTS,
    method: Method | None = None,
    joint: Sequence[tuple[str, str]] = (),
    earlier: Sweep | None = None,
    dask: str | None = None,
    histograms: bool = True,
    checkpoint: str | os.PathLike[str] | None = None,
) -> Sweep:
    """A model over the product of the values in `over`, a parameter's or state's label to values, in that order.

    With `runs` trajectories at each point, as `sample_statistics`; without, the rate equations, as `integrate`.
    Where there are more points than threads each thread has points of its own, else the threads share the runs of one
    point after the other; no number depends on that. `progress(done, all)` counts trajectories, or points. Ctrl-C
    gives the points that were finished, and what was finished of those at work (or passes on where there is
    nothing); `earlier` is such a sweep to go on from, and `checkpoint` an .npz file of one that is written every
    minute and at the end. Raises R504 for a label that is neither, R604 for values that are no axis, R707 where
    `earlier` is another sweep, R702 for the checkpoint, and what the method raises, with the point.
    """
    axes = _axes(system, over or {})
    workers, safe = how_many(threads), Checkpoint(checkpoint, (".npz",))
    settled = streams(seed if earlier is None or seed is not None else earlier.seed).seed
    if earlier is not None:
        _agree(earlier, axes, settled)
    parameters = {c.label for c in system.parameters}
    grid = [dict(zip((label for label, _ in axes), values, strict=True))
            for values in itertools.product(*(v.tolist() for _, v in axes))]  # fmt: skip
    points: list[Result | None] = list(earlier.points) if earlier is not None else [None] * len(grid)
    done = [point.runs if isinstance(point, Ensemble) else 0 for point in points]
    if runs is None or dask is not None or len(grid) < 2 * workers:
        lanes, threads_each = 1, workers
    else:
        lanes, threads_each = workers, 1

    def tell() -> None:
        if progress and runs is not None:
            progress(sum(done), runs * len(grid))

    def task(n: int, stop: Event) -> None:
        here = grid[n]
        given = {**(params or {}), **{label: value for label, value in here.items() if label in parameters}}
        start = {**(initial or {}), **{label: value for label, value in here.items() if label not in parameters}}

        def report(made: int, _: int) -> None:
            done[n] = made
            if stop.is_set():
                raise KeyboardInterrupt
            if lanes == 1:
                tell()

        try:
            if runs is None:
                points[n] = integrate(system, t, given, start)
                return
            known = points[n]
            found = sample_statistics(
                system, t, runs, point_seed(settled, here), given, start, threads_each, report, max_events, method,
                joint, earlier=known if isinstance(known, Ensemble) else None, dask=dask, histograms=histograms,
            )  # fmt: skip
        except RxnError as error:
            raise _placed(error, here) from None
        points[n], done[n] = found, found.runs
        if found.runs < runs:
            raise KeyboardInterrupt

    def swept() -> Sweep:
        return Sweep(system.name, axes, tuple(points), None if runs is None else settled)

    try:
        if lanes > 1:
            task(0, Event())  # compiles what the others need
        tell()
        first = 1 if lanes > 1 else 0
        with closing(each_block(lambda k, stop: task(k + first, stop), len(grid) - first, lanes, tell)) as finished:
            for k, _ in finished:
                if runs is None and progress:
                    progress(k + 1, len(grid))
                tell()
                safe.look(swept)
    except KeyboardInterrupt:
        if all(point is None for point in points):
            raise
    except BaseException:
        if any(point is not None for point in points):
            safe.save(swept)
        raise
    safe.save(swept)
    return swept()


def _placed(error: RxnError, where: Mapping[str, float]) -> RxnError:
    """The error with the point at which it came."""
    at = ", ".join(f"{label} = {value:.6g}" for label, value in where.items())
    return RxnError(error.code, f"{error.message}, at the point {at}", error.span, error.hint)


def point_seed(seed: int, values: Mapping[str, float]) -> int:
    """The seed of a point, whatever the order of its labels."""
    written = ", ".join(f"{label} = {float(value).hex()}" for label, value in sorted(values.items()))
    return int.from_bytes(sha256(f"{seed}: {written}".encode()).digest()[:16], "little")


def grid(text: str) -> tuple[str, list[float]]:
    """An axis as the command line writes it: `k=1,2,5`, `k=0:1:11` (start:stop:count), `k=0.1:10:9:log`.

    Raises ValueError for what is none.
    """
    label, _, rest = text.partition("=")
    parts = rest.split(":")
    if not label.strip():
        raise ValueError("there is no name")
    if len(parts) == 1:
        return label.strip(), [float(value) for value in rest.split(",")]
    spaced = np.geomspace if parts[3:] == ["log"] else np.linspace
    if len(parts) != (4 if spaced is np.geomspace else 3) or not 1 <= int(parts[2]) <= _MOST_POINTS:
        raise ValueError("it is not start:stop:count")
    values = spaced(float(parts[0]), float(parts[1]), int(parts[2]))
    return label.strip(), [float(f"{value:.15g}") for value in values.tolist()]


def _axes(system: System, over: Mapping[str, ArrayLike]) -> Axes:
    known = [*(c.label for c in system.parameters), *(s.label for s in system.states)]
    axes = []
    for label, given in over.items():
        if label not in known:
            near = get_close_matches(label, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else "it has: " + ", ".join(known[:12])
            raise RxnError("R504", f"{label!r} is neither a parameter nor a state of {system.name}", hint=hint)
        values = np.array(given, dtype=np.float64)
        if values.ndim != 1 or not values.size or not np.isfinite(values).all() or len(set(values)) < len(values):
            raise RxnError("R604", f"the values of {label!r} are not one axis of different finite numbers")
        values.flags.writeable = False
        axes.append((label, values))
    if not axes:
        raise RxnError("R604", "there is nothing to sweep over", hint="over={'k': [1, 2, 5]}")
    if (count := np.prod([float(len(v)) for _, v in axes])) > _MOST_POINTS:
        raise RxnError("R604", f"{count:g} points are more than {_MOST_POINTS:,}")
    return tuple(axes)


def _agree(earlier: Sweep, axes: Axes, seed: int) -> None:
    same = len(axes) == len(earlier.axes) and all(
        a == b and np.array_equal(x, y) for (a, x), (b, y) in zip(axes, earlier.axes, strict=False)
    )
    if not same:
        raise RxnError("R707", f"{earlier!r} has other axes", hint="it can be continued with its own alone")
    if seed != earlier.seed:
        raise RxnError("R707", f"the saved sweep has seed {earlier.seed}, not {seed}")


def crossed(pairs: Iterable[tuple[str, list[float]]]) -> dict[str, list[float]]:
    """The axes of a command line. Raises R604 where one is given twice."""
    found: dict[str, list[float]] = {}
    for label, values in pairs:
        if label in found:
            raise RxnError("R604", f"{label!r} is swept over twice")
        found[label] = values
    return found
