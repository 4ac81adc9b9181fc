"""Ensembles in one pass: what many trajectories have in common, in memory that does not grow with their number."""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache, partial
from threading import Event

import numpy as np
from numpy.typing import ArrayLike

from ...system import System
from ..jumps.method import Method
from ..jumps.ssa import MAX_EVENTS, Progress, Watch, batch_of, blocks_of, columns
from ..pool import StoppedError, each_block, how_many
from ..results.tally import Layout, Tally, whole_columns
from ..results.trajectory import Ensemble, column
from .cluster import Order, each_remote
from .resume import Checkpoint, digest, earlier_ensemble, earlier_tally

_AHEAD = 256  # blocks that may be finished before the one that is to be added next


@dataclass(frozen=True)
class _Columns:
    name: str
    labels: tuple[str, ...]


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
    method: Method | None = None,
    joint: Sequence[tuple[str, str]] = (),
    checkpoint: str | os.PathLike[str] | None = None,
    earlier: Ensemble | None = None,
    dask: str | None = None,
    histograms: bool = True,
) -> Ensemble:
    """Statistics of the trajectories that `sample` would give: means, deviations, covariances, histograms.

    Memory does not grow with `runs`. Counts, and sums of counts, are added as exact integers and other outputs block
    after block, so nothing depends on the threads. `joint` names pairs of labels whose joint histograms are wanted.
    Ctrl-C gives what was finished: the ensemble of the first so many trajectories, with their number in `runs` and a
    note (or passes on where no block of them is finished). `checkpoint` is an .npz or .nc file that is written every
    minute and at the end; `earlier` an ensemble of the same to go on from, see `resume`; `dask` the address of a
    cluster's scheduler, whose workers do the blocks, to the same numbers. `histograms` False leaves them, and with them
    quantiles, away, which saves memory in sweeps of many points.

    Arguments and errors otherwise as for `sample`; R704 for labels in `joint`, R702 for a checkpoint that is no such
    file, R707 where `earlier` is of another model, other times or another seed, R615 where the cluster does not
    answer.
    """
    safe = Checkpoint(checkpoint)
    batch = batch_of(system, t, runs, seed, params, initial, max_events, method)
    labels, units = columns(system)
    pairs = _places(_Columns(system.name, labels), joint)
    layout = Layout.of(len(batch.times), whole_columns(system), pairs, histograms)
    origin = cache(partial(digest, system, batch.parameters, batch.counts))
    tally: Tally | None = None
    if earlier is not None:
        tally = earlier_tally(earlier, layout, batch.times, labels, batch.method, batch.streams.seed, origin(), runs)
    begun = tally.runs if tally else 0
    workers = how_many(threads)
    blocks = blocks_of(batch, runs, workers if all(layout.whole) and dask is None else None)
    blocks = [range(max(block.start, begun), block.stop) for block in blocks if block.stop > begun]
    watch = Watch(len(blocks), runs, workers, progress, begun)

    merged = 0

    def task(block: int, stop: Event) -> Tally:
        while block - merged >= _AHEAD:  # a slow block holds the others back, so that few wait for it in memory
            if stop.wait(0.01):
                raise StoppedError
        rows = np.empty((len(blocks[block]), len(batch.times), batch.columns))
        batch.run(blocks[block].start, rows, stop, watch.of(block))
        return Tally.of(layout, rows)

    def finished_blocks() -> Generator[tuple[int, Tally]]:
        if dask is None:
            yield from each_block(task, len(blocks), workers, watch.tell)
            return
        times, drawn = tuple(batch.times.tolist()), batch.streams.seed
        order = Order(system, times, drawn, params or {}, initial or {}, max_events, batch.method, layout)
        for block, found in each_remote(dask, order, blocks):
            watch.of(block)(len(blocks[block]))
            yield block, found

    def ensemble(*notes: str) -> Ensemble:
        assert tally is not None
        shared = (system.name, batch.times, labels, units, tally.runs, *tally.sums.statistics())
        return Ensemble(*shared, batch.method, batch.streams.seed, notes, tally)

    waiting: dict[int, Tally] = {}
    notes: tuple[str, ...] = ()
    try:
        with closing(finished_blocks()) as finished:
            for block, later in finished:
                waiting[block] = later
                while merged in waiting:
                    later = waiting.pop(merged)
                    tally = tally.merge(later) if tally else replace(later, wanted=runs, origin=origin)
                    merged += 1
                watch.tell()
                safe.look(ensemble)
    except KeyboardInterrupt:
        if tally is None:
            raise
        notes = (f"interrupted: the first {tally.runs} of {runs} runs",)
    except BaseException:
        if tally is not None:
            safe.save(ensemble)
        raise
    safe.save(partial(ensemble, *notes))
    return ensemble(*notes, *([safe.trouble] if safe.trouble else []))


def resume(
    system: System,
    earlier: Ensemble | str | os.PathLike[str],
    runs: int | None = None,
    params: Mapping[str, object] | None = None,
    initial: Mapping[str, object] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    max_events: int = MAX_EVENTS,
    checkpoint: str | os.PathLike[str] | None = None,
    dask: str | None = None,
) -> Ensemble:
    """An interrupted ensemble, or the file of one, continued to `runs` trajectories (None: as many as were wanted).

    The same numbers, bit for bit, as of a run that nothing has interrupted; where more runs are wanted than before,
    outputs that are no sums of counts agree to rounding. Raises R707 where it is not of this model, R702, R703 for
    files.
    """
    result, tally = earlier_ensemble(earlier)
    joint = [(result.labels[i], result.labels[j]) for i, j in tally.layout.joint]
    return sample_statistics(
        system, result.t, tally.wanted if runs is None else runs, result.seed, params, initial, threads, progress,
        max_events, Method(result.method), joint, checkpoint, result, dask, tally.layout.histograms,
    )  # fmt: skip


def _places(columns: _Columns, pairs: Sequence[tuple[str, str]]) -> tuple[tuple[int, int], ...]:
    """Pairs of labels as pairs of columns. Raises R704."""
    found = [(column(columns, first), column(columns, second)) for first, second in pairs]
    return tuple(dict.fromkeys(found))
