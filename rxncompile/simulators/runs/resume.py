"""Runs that survive: an ensemble that was interrupted goes on where it stopped, to the same numbers.

A trajectory depends on the seed and on its number alone, so that what has been counted of the first so many is all
that has to be kept. A file of an ensemble (.npz or .nc) holds that, with a digest of the model it belongs to.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np

from ...errors import RxnError
from ...interchange.json_text import system_json
from ...system import System
from ..arrays import Values
from ..jumps.counts import Counts
from ..results.axes import Sweep
from ..results.files import load
from ..results.sweep_files import save
from ..results.tally import Layout, Tally
from ..results.trajectory import Ensemble, Result, Trajectory

_EVERY = 60.0  # seconds between two checkpoints


def digest(system: System, parameters: Values, counts: Counts) -> bytes:
    """32 bytes that tell this model with these numbers from every other."""
    drawn = ",".join(str(i) for i, _ in counts.laws)
    written = system_json(system).encode("utf-8")
    return sha256(b"\0".join((written, parameters.tobytes(), counts.start.tobytes(), drawn.encode()))).digest()


def earlier_tally(
    result: Ensemble, layout: Layout, times: Values, labels: Sequence[str], method: str, seed: int, origin: bytes,
    runs: int,
) -> Tally:  # fmt: skip
    """What an earlier run of the same has counted. Raises R707 by name for whatever is not the same."""
    tally, other = earlier_ensemble(result)[1], "it can be continued with its own alone"
    if tuple(labels) != result.labels or tally.origin() != origin:
        hint = "the model, its parameters and its initial counts have to be the same"
        raise RxnError("R707", f"the saved run is of another {result.name}", hint=hint)
    if not np.array_equal(times, result.t):
        saved = f"{len(result.t)} times {result.t[0]:g} .. {result.t[-1]:g}"
        raise RxnError("R707", f"the saved run has other times: {saved}", hint=other)
    if seed != result.seed:
        raise RxnError("R707", f"the saved run has seed {result.seed}, not {seed}", hint=other)
    if method != result.method:
        raise RxnError("R707", f"the saved run was sampled by {result.method!r}, not by {method!r}", hint=other)
    if layout != tally.layout:
        raise RxnError("R707", "the saved run counts other joint histograms", hint=other)
    if tally.runs > runs:
        raise RxnError("R707", f"the saved run has {tally.runs} trajectories already, more than {runs}")
    return replace(tally, wanted=runs)


def earlier_ensemble(earlier: Result | str | os.PathLike[str]) -> tuple[Ensemble, Tally]:
    """An ensemble, or the one of a file, with its tally. Raises R702, R703 for the file, R707 without a tally."""
    result = earlier if isinstance(earlier, Ensemble | Trajectory) else load(earlier)
    if not isinstance(result, Ensemble) or result.tally is None:
        hint = "resume from what sample_statistics gave, in an .npz or .nc file"
        raise RxnError("R707", f"{result!r} holds no sums that can be continued", hint=hint)
    return result, result.tally


class Checkpoint:
    """Saves a result from time to time. A disk that is full for a while costs no work: `trouble` says so."""

    def __init__(self, path: str | os.PathLike[str] | None, suffixes: Sequence[str] = (".npz", ".nc")) -> None:
        if path is not None and Path(path).suffix.lower() not in suffixes:
            raise RxnError("R702", f"{str(path)!r} cannot hold a checkpoint", hint=f"it is {' or '.join(suffixes)}")
        self.path, self.trouble, self._next = path, "", time.monotonic() + _EVERY

    def look(self, make: Callable[[], Ensemble | Sweep]) -> None:
        """Save, if it is time to."""
        if self.path is not None and time.monotonic() >= self._next:
            self.save(make)
            self._next = time.monotonic() + _EVERY

    def save(self, make: Callable[[], Ensemble | Sweep]) -> None:
        """Save now, if there is a place to."""
        if self.path is None:
            return
        try:
            save(make(), self.path)
            self.trouble = ""
        except RxnError as error:
            self.trouble = f"no checkpoint: {error.message}"
