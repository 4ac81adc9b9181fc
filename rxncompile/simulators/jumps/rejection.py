"""Rejection-based exact sampling of a jump process: for many reactions, whose direct method looks at all of them.

The cost of an event does not grow with the number of reactions. See `rejection_loop` for how it works.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from threading import Event

import numpy as np

from ...errors import RxnError
from ...kernels.lanes_rows import SPECIES
from ...system import System
from ..arrays import Values
from ..jumps import rejection_loop as loop
from ..pool import StoppedError
from ..rate_equations.equations import Function, compiled
from .blocks import Integers
from .counts import Counts
from .jump_faults import SUSPICIOUS, Place, beyond, impossible, spent, stalled, wrong_event
from .method import Method
from .rejection_advance import advance
from .rejection_tables import MOST, Tables, tables
from .streams import Streams

_STEPS = 1 << 20  # trials between two looks at the outside, about a twentieth of a second


@dataclass(frozen=True)
class RejectionBatch:
    """What all blocks of a call share; the counterpart of `blocks.Batch` for large networks."""

    system: System
    parameters: Values
    times: Values
    counts: Counts
    streams: Streams
    max_events: int

    @property
    def method(self) -> str:
        """What a result records."""
        return Method.REJECTION.value

    @property
    def columns(self) -> int:
        """The length of a row: states, then outputs."""
        return len(self.system.states) + len(self.system.outputs)

    def run(self, first: int, rows: Values, stop: Event, report: Callable[[int], object] = int) -> Integers:
        """Trajectories first, first + 1, ... into `rows` (count, T, columns), contiguous; gives their event counts.

        Calls `report(done)` from time to time. Raises R601, R602, R606, R608 and R610 as `sample`, and StoppedError
        once `stop` is set, with rows unfinished.
        """
        if len(self.times) == 1 and not self.system.events:
            at_start(self, first, rows)
            return np.zeros(len(rows), dtype=np.int64)
        work = self._work(first, rows)
        code = loop.RUNNING
        while code == loop.RUNNING:
            if stop.is_set():
                raise StoppedError
            code = advance(self.network, work, _STEPS)
            if code > loop.DONE:
                raise self._fault(code, first, work)
            if code == loop.RUNNING and work.whole[loop.EVENTS] > SUSPICIOUS:
                k, n = first + int(work.whole[loop.TRAJECTORY]), len(self.system.states)
                place = Place(self.system, self.parameters, k, float(work.real[loop.TIME]), work.y[:n].copy())
                if (error := stalled(place)) is not None:
                    raise error
            report(int(work.whole[loop.TRAJECTORY]))
        return work.counts

    @cached_property
    def network(self) -> loop.Network:
        """The tables with this call's parameters and times."""
        made = tables(self.system)
        outputs = compiled(self.system).outputs.address if self.system.outputs else 0
        return loop.Network(
            record=_record(made, made.constants(self.parameters), len(self.system.states)),
            changed=made.changes[1], amount=made.changes[2],
            factor=_factors(made)[0], offset=_factors(made)[1],
            reads_start=made.reads[0], reads=made.reads[1], users_start=made.users[0], users=made.users[1],
            counted=np.array(made.counted or [True], dtype=np.uint8),
            assigned=np.array(made.assigned or [0], dtype=np.uint32), parameters=self.parameters,
            times=np.append(self.times, np.inf),
            law=made.kernel.address if made.kernel else 0, laws=sum(k is not None for k in made.laws),
            outputs=outputs, events=made.events.address("events") if made.events else 0, timed=any(made.timed),
            max_events=self.max_events,
        )  # fmt: skip

    def _work(self, first: int, rows: Values) -> loop.Work:
        count, n = len(rows), len(self.system.states)
        record = self.network.record.copy()
        groups = loop.GROUPS
        initial = self.counts.of(self.streams, first, count)
        column = np.zeros(SPECIES + 3 * (n + 2) + 1 + tables(self.system).words)
        places = slice(SPECIES, SPECIES + 3 * (n + 2))
        return loop.Work(
            record=record, bits=record.view(np.int64), y=column[places], column=column,
            marks=column[places.stop :].view(np.int64), tight=np.zeros(n, dtype=np.uint8),
            member=np.zeros(len(record), dtype=np.uint32), start=np.zeros(groups + 2, dtype=np.int64),
            upto=np.zeros(groups), guide=np.zeros(loop.CELLS, dtype=np.int64),
            scale=np.zeros(groups), cap=np.zeros(groups),
            words=self.streams.words(first, count), initial=np.ascontiguousarray(initial, dtype=np.float64), rows=rows,
            out=np.zeros(max(1, self.columns - n)), counts=np.zeros(count, dtype=np.int64),
            whole=np.zeros(12, dtype=np.int64), real=np.zeros(5),
        )  # fmt: skip

    def _fault(self, code: int, first: int, work: loop.Work) -> Exception:
        n, where = len(self.system.states), int(work.whole[loop.WHERE])
        k, t = int(work.whole[loop.TRAJECTORY]), float(work.real[loop.TIME])
        place = Place(self.system, self.parameters, first + k, t, work.y[:n].copy())
        if code == loop.BEYOND:
            if not work.whole[loop.EVENTS]:
                return RxnError("R608", f"an initial count of {self.system.name} is beyond the exact whole numbers")
            return beyond(place, where)
        if code == loop.SPENT:
            return spent(place, self.max_events)
        if code == loop.WRONG:
            return wrong_event(place, int(work.marks[0]), tables(self.system).counted, MOST)
        jump = self.system.jumps[where] if self.system.jumps else None
        if code == loop.BROKEN:
            assert jump is not None
            return AssertionError(f"the propensity of {jump.name!r} is above its bound at t = {t:g} ({place})")
        error = impossible(place)
        if code == loop.UNBOUNDED and "sum of all" in error.message:
            assert jump is not None
            message = f"the propensity of {jump.name!r} has no bound just after t = {t:g} ({place})"
            hint = "look for a division by zero or a root of what changes its sign"
            return RxnError("R610", message, jump.origin, hint)
        return error


def _record(made: Tables, constants: list[float], n: int) -> Values:
    """One row a reaction: bounds to be, constant, and where its factors and changes are."""
    record = np.zeros((len(made.products), 8))
    bits = record.view(np.int64)
    record[:, loop.CONSTANT] = constants
    starts = made.changes[0].astype(np.int64)
    bits[:, loop.CHANGES] = starts[:-1] | starts[1:] << 32
    first = 0
    for r, product in enumerate(made.products):
        law = made.laws[r]
        if product is None:
            assert law is not None
            bits[r, loop.KIND], bits[r, loop.FACTORS] = loop.LAW, law | int(made.timed[r]) << 32
            continue
        pairs = product.factors
        if len(pairs) <= 2 and (not pairs or pairs[0][1] == 0):
            (i, _), (j, d) = [*pairs, (n + 1, 0), (n + 1, 0)][:2]
            bits[r, loop.KIND], bits[r, loop.FACTORS], record[r, loop.OFFSET] = loop.TABLE, i | j << 32, float(d)
        else:
            bits[r, loop.KIND], bits[r, loop.FACTORS] = loop.PRODUCT, first | (first + len(pairs)) << 32
            first += len(pairs)
    return record


def _factors(made: Tables) -> tuple[np.ndarray, Values]:
    """The factors of all longer products, one after the other."""
    pairs = [p for product in made.products if product and len(product.factors) > 2 for p in product.factors]
    pairs = pairs or [(0, 0)]
    return np.array([i for i, _ in pairs], dtype=np.uint32), np.array([float(d) for _, d in pairs])


def at_start(batch: RejectionBatch, first: int, rows: Values) -> None:
    """Initial counts at one time, with their outputs: nothing happens."""
    n = len(batch.system.states)
    rows[:, :, :n] = batch.counts.of(batch.streams, first, len(rows))[:, np.newaxis]
    if batch.system.outputs:
        outputs = Function(compiled(batch.system).outputs, batch.parameters)
        for row in rows:
            row[0, n:] = outputs(float(batch.times[0]), row[0, :n])
