"""The parts of the sampler: streams, exact sums, threads."""

import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rxncompile.errors import RxnError
from rxncompile.simulators.jumps.streams import streams
from rxncompile.simulators.pool import default_threads, each_block, how_many
from rxncompile.simulators.results.sums import Moments, Sums, integers

# ---------------------------------------------------------------------------------------------- streams


def philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox-4x64-10 as Salmon et al. 2011 define it."""
    mask = (1 << 64) - 1
    x, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2E7470EE14C6C93 * x[0], 0xCA5A826395121157 * x[2]
        x = [(b >> 64) ^ x[1] ^ k[0], b & mask, (a >> 64) ^ x[3] ^ k[1], a & mask]
        k = [(k[0] + 0x9E3779B97F4A7C15) & mask, (k[1] + 0xBB67AE8584CAA73B) & mask]
    return x


@pytest.mark.parametrize("seed", [0, 1, 2**200 + 7])
def test_words_are_philox_of_seed_and_number(seed: int) -> None:
    made = streams(seed)
    key = [int(word) for word in np.random.SeedSequence(seed).generate_state(2, np.uint64)]
    assert list(made.key) == key
    for first, purpose in ((0, 0), (2**40, 0), (3, 2)):
        words = made.words(first, 3, purpose)
        for i in range(3):
            assert words[i].tolist() == philox([first + i + 1, 0, 0, purpose], key)


def test_streams_do_not_depend_on_how_many_are_asked_for() -> None:
    made = streams(5)
    assert (made.words(0, 50)[10:20] == made.words(10, 10)).all()
    assert (made.uniforms(0, 50, 1)[10:20] == made.uniforms(10, 10, 1)).all()
    assert len(np.unique(made.words(0, 5000))) == 20_000


def test_uniforms_lie_inside_the_unit_interval_and_fill_it() -> None:
    u = streams(1).uniforms(0, 100_000, 1)
    assert 0.0 < u.min() < 1e-4
    assert 1.0 - 1e-4 < u.max() < 1.0
    seen = np.bincount((u * 100).astype(int), minlength=100)
    assert ((seen - 1000.0) ** 2 / 1000.0).sum() < 160.0  # chi-square of 99 degrees: exceeded once in 10^4


def test_seeds_that_are_none() -> None:
    for seed in (-1, 1.5, True, "7"):
        with pytest.raises(RxnError) as caught:
            streams(seed)
        assert caught.value.code == "R604"
    assert streams(None).seed != streams(None).seed


# ---------------------------------------------------------------------------------------------- sums

COUNTS = st.integers(-(2**53) + 1, 2**53 - 1) | st.integers(0, 2**22) | st.sampled_from([0, 2**21, 2**42, 2**53 - 1])


WHOLE2 = Moments.of([True, True])


@given(st.lists(st.tuples(COUNTS, COUNTS), min_size=1, max_size=20), st.integers(1, 19))
def test_sums_of_counts_are_exact(rows: list[tuple[int, int]], cut: int) -> None:
    values = np.array(rows, dtype=float).reshape(len(rows), 1, 2)
    whole = Sums.of(values, WHOLE2)
    parts = [Sums.of(part, WHOLE2) for part in (values[:cut], values[cut:]) if len(part)]
    merged = parts[0] if len(parts) == 1 else parts[0].merge(parts[1])
    for sums in (whole, merged):
        assert sums.runs == len(rows)
        for j in range(2):
            column = [row[j] for row in rows]
            assert integers(sums.first)[0, j] == sum(column)
        for p, (i, j) in enumerate(sums.moments.pairs):
            assert integers(sums.second)[0, p] == sum(row[i] * row[j] for row in rows)


def test_a_full_block_of_the_largest_counts_is_exact() -> None:
    sums = Sums.of(np.full((1024, 1, 1), 2.0**53 - 1.0), Moments.of([True]))
    assert integers(sums.first)[0, 0] == 1024 * (2**53 - 1)
    assert integers(sums.second)[0, 0] == 1024 * (2**53 - 1) ** 2
    assert sums.statistics() == (2.0**53 - 1.0, 0.0)


@given(arrays(float, (30, 2, 3), elements=st.floats(-1e6, 1e6)), st.integers(1, 29))
def test_outputs_merge_to_mean_and_deviation(values: np.ndarray, cut: int) -> None:
    moments = Moments.of([False] * 3)
    merged = Sums.of(values[:cut], moments).merge(Sums.of(values[cut:], moments))
    mean, sd = merged.statistics()
    np.testing.assert_allclose(mean, values.mean(axis=0), rtol=1e-12, atol=1e-8)
    np.testing.assert_allclose(sd, values.std(axis=0, ddof=1), rtol=1e-9, atol=1e-8)
    for (i, j), found in zip(moments.pairs, merged.covariances().T, strict=True):
        expected = [np.cov(values[:, t, i], values[:, t, j])[0, 1] for t in range(2)]
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-3)  # of squares up to 1e12


def test_outputs_that_are_no_numbers_stay_that() -> None:
    values = np.array([1.0, np.nan, 3.0, np.inf]).reshape(4, 1, 1)
    moments = Moments.of([False])
    mean, sd = Sums.of(values[:1], moments).merge(Sums.of(values[1:], moments)).statistics()
    assert np.isnan(mean).all()
    assert np.isnan(sd).all()


# ---------------------------------------------------------------------------------------------- threads


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_every_block_is_done_once(threads: int) -> None:
    found = dict(each_block(lambda block, stop: block * block, 40, threads, lambda: None))
    assert found == {b: b * b for b in range(40)}


@pytest.mark.parametrize("threads", [1, 3])
def test_the_first_error_is_raised_and_stops_the_rest(threads: int) -> None:
    begun = []

    def task(block: int, stop: threading.Event) -> int:
        begun.append(block)
        if block == 2:
            raise ValueError("block 2")
        return block

    with pytest.raises(ValueError, match="block 2"):
        list(each_block(task, 10_000, threads, lambda: None))
    assert len(begun) < 10_000


def test_leaving_stops_the_tasks() -> None:
    ended = []

    def task(block: int, stop: threading.Event) -> int:
        if block:
            assert stop.wait(20.0)
            ended.append(block)
        return block

    looks = []
    blocks = each_block(task, 9, 3, lambda: looks.append(1))
    assert next(blocks) == (0, 0)
    started = time.perf_counter()
    time.sleep(0.05)
    blocks.close()
    assert time.perf_counter() - started < 10.0
    assert 1 <= len(ended) <= 3


def test_waiting_looks_around() -> None:
    looked = threading.Event()

    def task(block: int, stop: threading.Event) -> bool:
        return looked.wait(20.0)

    assert dict(each_block(task, 2, 2, looked.set)) == {0: True, 1: True}


def test_numbers_of_threads() -> None:
    assert how_many(None) == default_threads() >= 1
    assert how_many(3) == 3
    for threads in (0, -1, 1.5, True):
        with pytest.raises(RxnError) as caught:
            how_many(threads)
        assert caught.value.code == "R604"
