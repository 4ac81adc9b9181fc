"""Exact sampling of a jump process, many trajectories at a time, by one of two methods (`method`).

`sample` keeps every trajectory; `sample_statistics`, in ensembles.py, what is counted in one pass. Trajectory k of a
seed is the same to the last bit whatever the number of runs, threads, cores or lanes: its random numbers depend on
the seed and on k alone (`streams`), and its numbers on nothing else. The direct method's cost of an event grows
linearly with the number of reactions; large networks, and rates that depend on time, are sampled by rejection.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from threading import Event
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from ...errors import RxnError
from ...system import System
from ..arrays import Values
from ..pool import each_block, how_many
from ..rate_equations.initial import parameter_vector
from ..results.trajectory import Trajectory
from .blocks import Batch, lanes
from .counts import initial_counts
from .jump_events import jump_events
from .method import Method, method_of
from .streams import streams

if TYPE_CHECKING:
    from .rejection import RejectionBatch

METHOD = Method.DIRECT.value
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
    method: Method | None = None,
) -> Trajectory:
    """Exact trajectories of a jump process that start at t[0], at the times `t`: values (runs, T, states + outputs).

        n -> n + change_r  with probability  a_r(n) dt                                        Gillespie 1977

    An event assigns at its time, or where its condition becomes true, to the values before it; one that is true at
    the start has first to become false. At the time of an event the values after it are reported.

    `params` and `initial` override parameters and initial counts by label; initial distributions are drawn for
    each trajectory. `seed` any whole number (None: from the operating system; the result says which).
    `method` None: by a fixed rule of the System, `method.method_of`; the result says which. A method has its own
    trajectories for a seed. `progress(done, runs)` is called from time to time. A trajectory may make
    `max_events` events. Ctrl-C stops within a fraction of a second.

    Raises R501, R504, R505, R609 for overrides and initial counts, R603 for times, R604 for runs, seed and
    threads, R506, R508 and R610 for systems that cannot be sampled, R601 and R602 for a propensity that is not a
    finite number or negative, R606 where `max_events` are spent, R607 for an event that fires without end, R608 for
    counts beyond 2^53, R601 and R609 for an event that assigns no finite number, or to a count a negative one or one
    that is not whole.
    """
    batch = batch_of(system, t, runs, seed, params, initial, max_events, method)
    shape = (runs, len(batch.times), batch.columns)
    try:
        values = np.empty(shape)
    except MemoryError:
        message = f"{runs} trajectories need {np.prod(shape) / 2**27:.3g} GiB of memory"
        raise RxnError("R611", message, hint="sample_statistics keeps none of them") from None
    workers = how_many(threads)
    blocks = blocks_of(batch, runs, workers)
    watch = Watch(len(blocks), runs, workers, progress)

    def task(block: int, stop: Event) -> None:
        start, end = blocks[block].start, blocks[block].stop
        batch.run(start, values[start:end], stop, watch.of(block))

    with closing(each_block(task, len(blocks), workers, watch.tell)) as finished:
        for _ in finished:
            watch.tell()
    labels, units = columns(system)
    return Trajectory(system.name, batch.times, labels, units, values, batch.method, batch.streams.seed)


def batch_of(
    system: System,
    t: ArrayLike,
    runs: int,
    seed: int | None,
    params: Mapping[str, object] | None,
    initial: Mapping[str, object] | None,
    max_events: int,
    method: Method | None = None,
) -> Batch | RejectionBatch:
    """What all blocks of a call share: the machine that samples, its times, counts and streams."""
    times = time_axis(t)
    for name, value in (("runs", runs), ("max_events", max_events)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
            raise RxnError("R604", f"{name} = {value!r} is not a whole number of at least 1")
    counts = initial_counts(system, float(times[0]), params, initial)
    parameters = np.array(parameter_vector(system, params))
    rejection = method_of(system, method) is Method.REJECTION
    machine = None if rejection else lanes(system)
    if system.events and (events := jump_events(system)) is not None:
        parameters = np.append(parameters, events.times(params))
    if rejection:
        from .rejection import RejectionBatch  # loads numba

        return RejectionBatch(system, parameters, times, counts, streams(seed), int(max_events))
    return Batch(system, machine, parameters, times, counts, streams(seed), int(max_events))


class Watch:
    """How far the blocks are, told to whoever asked for it, by the thread that asked."""

    def __init__(self, blocks: int, runs: int, workers: int, progress: Progress | None, begun: int = 0) -> None:
        self.done, self.runs, self.progress, self.begun = [0] * blocks, runs, progress, begun
        self.alone = min(workers, blocks) == 1

    def of(self, block: int) -> Callable[[int], None]:
        def report(done: int) -> None:
            self.done[block] = done
            if self.alone:
                self.tell()

        return report

    def tell(self) -> None:
        if self.progress:
            self.progress(self.begun + sum(self.done), self.runs)


def blocks_of(batch: Batch | RejectionBatch, runs: int, workers: int | None) -> list[range]:
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
