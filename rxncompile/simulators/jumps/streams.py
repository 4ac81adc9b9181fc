"""Random streams: one for each trajectory, known from the seed and the trajectory's number alone.

    key    = the first two 64-bit words of numpy's SeedSequence(seed)
    stream = the four words that Philox-4x64-10 under this key makes of the counter (k + 1, 0, 0, purpose)

Philox is a bijection of its 256-bit counter, so no two trajectories of a seed start their generator (xoshiro256++,
period 2^256 - 1) alike, and as it passes BigCrush (Salmon et al. 2011) they start at points as good as random: among
a billion trajectories of 2^40 draws two overlap with probability below 2^-150. Seeds differ by a 128-bit key.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import RxnError


@dataclass(frozen=True, slots=True)
class Streams:
    """All streams of one seed: a whole number of any size, at least 0."""

    seed: int
    key: tuple[int, int]

    def words(self, first: int, count: int, purpose: int = 0) -> NDArray[np.uint64]:
        """The words (count, 4) of trajectories first, first + 1, ...; purpose 0 is the event loop."""
        generator = np.random.Philox(key=np.array(self.key, dtype=np.uint64), counter=first + (purpose << 192))
        return np.asarray(generator.random_raw(4 * count), dtype=np.uint64).reshape(count, 4)

    def uniforms(self, first: int, count: int, purpose: int) -> NDArray[np.float64]:
        """One uniform number in (0, 1) for each trajectory, with 52 bits."""
        bits = self.words(first, count, purpose)[:, 0] >> np.uint64(12)
        return (bits.astype(np.float64) + 0.5) * 2.0**-52


def streams(seed: int | None) -> Streams:
    """The streams of a seed, or of one that the operating system gives. Raises R604 for what is no seed."""
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0):
        raise RxnError("R604", f"seed {seed!r} is not a whole number of at least 0")
    sequence = np.random.SeedSequence(None if seed is None else int(seed))
    first, second = (int(word) for word in sequence.generate_state(2, np.uint64))
    entropy = sequence.entropy
    assert isinstance(entropy, int)
    return Streams(entropy, (first, second))
