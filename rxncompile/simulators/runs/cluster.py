"""The blocks of an ensemble over the machines of a Dask cluster, to the same numbers.

What travels is data: the System, numbers and the range of a block there, sums and histograms as arrays back. Every
process compiles for itself. A block that was on a worker that is lost is done again on another.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from threading import Event
from typing import Any
from uuid import uuid4

import numpy as np

from ...errors import Diagnostic, RxnError
from ...system import System
from ..jumps.method import Method
from ..jumps.ssa import batch_of
from ..results.tally import Layout, Tally

_AHEAD = 4  # blocks that wait at every thread of the cluster
_PATIENCE = "20s"  # for a scheduler to answer


@dataclass(frozen=True, eq=False)
class Order:
    """What every block needs: the arguments of a sample, and what is to be counted."""

    system: System
    times: tuple[float, ...]
    seed: int
    params: Mapping[str, object]
    initial: Mapping[str, object]
    max_events: int
    method: str
    layout: Layout


def each_remote(address: str, order: Order, blocks: Sequence[range]) -> Generator[tuple[int, Tally]]:
    """(block, what it counted) for every block, as they finish on the cluster whose scheduler is at `address`.

    Leaving the loop takes back what has not begun. Raises R705 without dask.distributed, R615 where no scheduler
    answers or its workers cannot work, and what a block raises.
    """
    distributed = _distributed()
    try:
        client = distributed.Client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise RxnError("R615", f"no Dask scheduler answers at {address}: {error}", hint="tcp://HOST:8786") from None
    with client:
        name, waiting = uuid4().hex, iter(enumerate(blocks))
        shared = client.submit(_held, order, key=f"{name}-order")  # a result, which is made again where it is lost
        ahead = max(16, _AHEAD * sum(client.nthreads().values()))
        running: dict[Any, int] = {}

        def submit() -> list[Any]:
            found = []
            for block, trajectories in waiting:
                future = client.submit(work, shared, trajectories.start, trajectories.stop, key=f"{name}-{block}")
                running[future] = block
                found.append(future)
                if len(running) >= ahead:
                    break
            return found

        try:
            finished = distributed.as_completed(submit(), loop=client.loop)
            for future in finished:
                yield running.pop(future), _received(future, order.layout)
                finished.update(submit())
        finally:
            client.cancel(list(running))


def _held(order: Order) -> Order:
    return order


def work(order: Order, first: int, stop: int) -> dict[str, Any] | tuple[Diagnostic, ...]:
    """One block, on a worker: the arrays of its tally, or what went wrong."""
    try:
        batch = _batch(order)
        rows = np.empty((stop - first, len(order.times), batch.columns))
        batch.run(first, rows, Event())
        return Tally.of(order.layout, rows).arrays()
    except RxnError as error:
        return error.diagnostics


@lru_cache(maxsize=4)
def _batch(order: Order) -> Any:
    """The machine of an order, which a worker is handed as one object for all of its blocks."""
    return batch_of(
        order.system, order.times, 1, order.seed, order.params, order.initial, order.max_events, Method(order.method)
    )  # fmt: skip


def _received(future: Any, layout: Layout) -> Tally:
    try:
        found = future.result()
    except Exception as error:  # of a worker that has no rxncompile, or of workers that die again and again
        message = f"the workers of the cluster fail: {type(error).__name__}: {error}"
        raise RxnError("R615", message, hint="every worker needs this rxncompile, and memory enough") from None
    if isinstance(found, tuple):
        raise RxnError.gather(found)
    return Tally.rebuilt(layout.times, found)


def _distributed() -> Any:
    try:
        return import_module("distributed")
    except ImportError:
        raise RxnError("R705", "this needs dask.distributed", hint="pip install 'rxncompile[dask]'") from None
