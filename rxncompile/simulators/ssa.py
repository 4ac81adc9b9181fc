"""Exact sampling of a jump process: Gillespie's direct method, many trajectories at a time.

`sample` keeps every trajectory, `sample_statistics` their mean and standard deviation in one pass. Trajectory k of a
seed is the same to the last bit whatever the number of runs, threads, cores or lanes: its random numbers depend on
the seed and on k alone (`streams`), and its numbers on nothing else. The cost of an event grows linearly with the
number of reactions; large networks get a method of their own later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from threading import Event

import numpy as np
from numpy.typing import ArrayLike

from ..errors import RxnError
from ..system import System
from .blocks import Batch, lanes
from .counts import initial_counts
from .initial import parameter_vector
from .jump_events import jump_events, uncounted
from .pool import each_block, how_many
from .streams import streams
from .sums import Sums
from .trajectory import Ensemble, Trajectory, Values

METHOD = "direct, lanes"
MAX_EVENTS = 10**9

Progress = Callable[[int, int], object]

_BLOCK = 1024  # trajectories of a block where there are many
_SHARES = 16  # blocks that fewer trajectories are divided into,
_SHARES_EACH = 4  # or for each of several threads, where the division changes no bit of the result
_LEAST = 32  # trajectories of a block where there are few, so that lanes are refilled
_NUMBERS = 1 << 23  # doubles that the rows of one block may hold, if it has more than _LEAST trajectories


def sample(
    system: System,
    t: ArrayLike,
    runs: int = 1,
    seed: int | None = None,
    params: Mapping[str, object] | None = None,
    initial: Mapping[str, object] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    max_events: int = MAX_EVENTS,
) -> Trajectory:
    """Exact trajectories of a jump process that start at t[0], at the times `t`: values (runs, T, states + outputs).

        n -> n + change_r  with probability  a_r(n) dt                                        Gillespie 1977

    An event assigns at its time, or where its condition becomes true, to the values before it; one that is true at
    the start has first to become false. At the time of an event the values after it are reported.

    `params` and `initial` override parameters and initial counts by label; initial distributions are drawn for
    each trajectory. `seed` any whole number (None: from the operating system; the result says which).
    `progress(done, runs)` is called from time to time. A trajectory may make `max_events` events.
    Ctrl-C stops within a fraction of a second.

    Raises R501, R504, R505, R609 for overrides and initial counts, R603 for times, R604 for runs, seed and
    threads, R506, R508 and R610 for systems that cannot be sampled, R601 and R602 for a propensity that is not a
    finite number or negative, R606 where `max_events` are spent, R607 for an event that fires without end, R608 for
    counts beyond 2^53, R601 and R609 for an event that assigns no finite number, or to a count a negative one or one
    that is not whole.
    """
    batch = _batch(system, t, runs, seed, params, initial, max_events)
    shape = (runs, len(batch.times), batch.columns)
    try:
        values = np.empty(shape)
    except MemoryError:
        message = f"{runs} trajectories need {np.prod(shape) / 2**27:.3g} GiB of memory"
        raise RxnError("R611", message, hint="sample_statistics keeps none of them") from None
    workers = how_many(threads)
    blocks = _blocks(batch, runs, workers)
    watch = _Watch(len(blocks), runs, workers, progress)

    def task(block: int, stop: Event) -> None:
        start, end = blocks[block].start, blocks[block].stop
        batch.run(start, values[start:end], stop, watch.of(block))

    with closing(each_block(task, len(blocks), workers, watch.tell)) as finished:
        for _ in finished:
            watch.tell()
    labels, units = columns(system)
    return Trajectory(system.name, batch.times, labels, units, values, METHOD, batch.streams.seed)


def sample_statistics(
    system: System,
    t: ArrayLike,
    runs: int,
    seed: int | None = None,
    params: Mapping[str, object] | None = None,
    initial: Mapping[str, object] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    max_events: int = MAX_EVENTS,
) -> Ensemble:
    """Mean and standard deviation over the trajectories that `sample` would give.

    Memory does not grow with `runs`. Counts are summed as exact integers and outputs block after block, so nothing
    depends on the threads. Ctrl-C gives what was finished: the ensemble of the first so many trajectories, with
    their number in `runs` and a note (or passes on where no block of them is finished). Arguments and errors as
    for `sample`.
    """
    batch = _batch(system, t, runs, seed, params, initial, max_events)
    workers = how_many(threads)
    real = uncounted(system)
    order = np.argsort([s.symbol in real for s in system.states] + [True] * len(system.outputs), kind="stable")
    blocks = _blocks(batch, runs, workers if not system.outputs and not real else None)
    watch = _Watch(len(blocks), runs, workers, progress)

    def task(block: int, stop: Event) -> Sums:
        rows = np.empty((len(blocks[block]), len(batch.times), batch.columns))
        batch.run(blocks[block].start, rows, stop, watch.of(block))
        return Sums.of(rows[:, :, order] if real else rows, len(system.states) - len(real))

    total: Sums | None = None
    waiting: dict[int, Sums] = {}
    merged = 0
    notes: tuple[str, ...] = ()
    try:
        with closing(each_block(task, len(blocks), workers, watch.tell)) as finished:
            for block, sums in finished:
                waiting[block] = sums
                while merged in waiting:
                    later = waiting.pop(merged)
                    total = later if total is None else total.merge(later)
                    merged += 1
                watch.tell()
    except KeyboardInterrupt:
        if total is None:
            raise
        notes = (f"interrupted: the first {total.runs} of {runs} runs",)
    assert total is not None
    mean, sd = (columns[:, np.argsort(order)] for columns in total.statistics())
    labels, units = columns(system)
    return Ensemble(
        system.name, batch.times, labels, units, total.runs, mean, sd, METHOD, batch.streams.seed, notes
    )  # fmt: skip


def _batch(
    system: System,
    t: ArrayLike,
    runs: int,
    seed: int | None,
    params: Mapping[str, object] | None,
    initial: Mapping[str, object] | None,
    max_events: int,
) -> Batch:
    times = time_axis(t)
    for name, value in (("runs", runs), ("max_events", max_events)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
            raise RxnError("R604", f"{name} = {value!r} is not a whole number of at least 1")
    counts = initial_counts(system, float(times[0]), params, initial)
    parameters = np.array(parameter_vector(system, params))
    machine = lanes(system)
    if system.events and (events := jump_events(system)) is not None:
        parameters = np.append(parameters, events.times(params))
    return Batch(system, machine, parameters, times, counts, streams(seed), int(max_events))


class _Watch:
    """How far the blocks are, told to whoever asked for it, by the thread that asked."""

    def __init__(self, blocks: int, runs: int, workers: int, progress: Progress | None) -> None:
        self.done, self.runs, self.progress = [0] * blocks, runs, progress
        self.alone = min(workers, blocks) == 1

    def of(self, block: int) -> Callable[[int], None]:
        def report(done: int) -> None:
            self.done[block] = done
            if self.alone:
                self.tell()

        return report

    def tell(self) -> None:
        if self.progress:
            self.progress(sum(self.done), self.runs)


def _blocks(batch: Batch, runs: int, workers: int | None) -> list[range]:
    """The trajectories of each block. `workers` None: by a rule that does not depend on their number."""
    room = max(_LEAST, _NUMBERS // (len(batch.times) * batch.columns))
    shares = _SHARES if workers is None else _SHARES_EACH * workers if workers > 1 else 1
    size = min(_BLOCK, room, max(_LEAST, -(-runs // shares)))
    return [range(first, min(first + size, runs)) for first in range(0, runs, size)]


def time_axis(t: ArrayLike) -> Values:
    """Times as an array. Raises R603 for what is not one axis of finite numbers that increase."""
    try:
        times = np.array(t, dtype=np.float64)
    except (TypeError, ValueError):
        raise RxnError("R603", "the times are not numbers") from None
    if times.ndim != 1 or not times.size:
        raise RxnError("R603", f"times have shape {times.shape}, expected one axis with at least one time")
    if not np.isfinite(times).all() or not (np.diff(times) > 0.0).all():
        raise RxnError("R603", "the times are not finite numbers that increase")
    return times


def columns(system: System) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Labels and units of a row."""
    labels = (*(s.label for s in system.states), *(label for label, _ in system.outputs))
    return labels, (*(s.unit for s in system.states), *("" for _ in system.outputs))
