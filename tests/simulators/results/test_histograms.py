"""Histograms, quantiles and covariances of an ensemble: those of its trajectories, in whatever order they are counted.

False alarms: each statistical comparison fails with probability below 1e-4 for a right sampler, under fixed seeds.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

import rxncompile as rx
from rxncompile.errors import RxnError
from rxncompile.simulators.jumps import ssa
from rxncompile.simulators.results import files, tally
from rxncompile.simulators.results.histograms import Cells
from rxncompile.simulators.results.tally import Layout, Tally, whole_columns
from rxncompile.simulators.runs import ensembles
from rxncompile.system import System

ALARM = 1e-4


def process(text: str) -> System:
    return rx.jump_process(rx.parse(f"model M\n{text}\n"))


GENE = process("""
param kon = 0.3, koff = 0.2, s = 4, d = 1
species G = 0, H = 1, M = 0
G <-> H @ kon, koff
H -> H + M @ s
M -> 0 @ d
observable odds = M/(1 + G)
observable total = G + 2*M
""")
TIMES = np.linspace(0.0, 6.0, 7)
SMALL = st.integers(-40, 40) | st.integers(-(2**52), 2**52) | st.sampled_from([0, 63, 64, -1])
REAL = SMALL.map(float) | st.floats(-1e300, 1e300) | st.sampled_from([1e-300, 5e-324, np.nan, np.inf, -np.inf, 0.1])


def cells(values: list[float], whole: bool, most: int = 64) -> Cells:
    return Cells.of(np.array(values, dtype=float).reshape(-1, 1, 1), np.array([[whole]]), most)


def same(a: Cells, b: Cells) -> bool:
    names = ("low", "high", "counts", "exponent", "base", "size")
    return all(getattr(a, n).tobytes() == getattr(b, n).tobytes() for n in names)


# ---------------------------------------------------------------------------------------------- bins


@given(st.lists(st.lists(SMALL, min_size=1, max_size=9), min_size=1, max_size=6), st.randoms(), st.booleans())
def test_bins_do_not_depend_on_the_order(blocks: list[list[int]], random: object, whole: bool) -> None:
    at_once = cells([float(n) for block in blocks for n in block], whole)
    parts = [cells([float(n) for n in block], whole) for block in blocks]
    random.shuffle(parts)  # type: ignore[attr-defined]
    while len(parts) > 1:
        parts.insert(0, parts.pop().merge(parts.pop()))
    assert same(parts[0], at_once)


@given(st.lists(REAL, min_size=2, max_size=12), st.integers(1, 11))
def test_bins_of_real_numbers_hold_them(values: list[float], cut: int) -> None:
    found = cells(values, False, 16)
    if cut < len(values):
        assert same(cells(values[:cut], False, 16).merge(cells(values[cut:], False, 16)), found)
    kept = [v for v in values if np.isfinite(v)]
    shown = found.histogram(0)
    assert shown.counts.sum() == len(kept)
    assert len(shown.left) <= 16
    for left, count in zip(shown.left, shown.counts, strict=True):
        assert count == sum(left <= v < left + shown.width for v in kept) or shown.width == np.inf


@given(st.lists(SMALL, min_size=1, max_size=30), st.floats(0.0, 1.0))
def test_quantiles_of_counts_are_exact_while_bins_are_single(values: list[int], q: float) -> None:
    found = cells([float(n) for n in values], True, 1 << 10)
    got = found.quantile(0, q)
    k = int(found.exponent[0, 0])
    if k == 0:
        assert sum(n <= got for n in values) >= q * len(values)
        assert got in values
        assert got == min(values) or sum(n < got for n in values) <= q * len(values)
    else:
        exact = np.quantile(values, q, method="inverted_cdf")
        assert abs(got - exact) <= 2.0**k


def test_bins_are_the_narrowest_that_fit() -> None:
    for top, width in ((63, 1), (64, 2), (127, 2), (128, 4), (1 << 40, 1 << 35)):
        assert cells([0.0, float(top)], True).histogram(0).width == width
    assert cells([1e6, 1e6 + 63], True).histogram(0).counts.tolist() == [1] + 62 * [0] + [1]
    assert cells([0.1], False).histogram(0).left.tolist() == [0.1]


def test_memory_has_a_bound() -> None:
    """Whatever the values: at most as many bins as the layout says, far more values than that."""
    random = np.random.default_rng(1)
    found = Cells.of(random.integers(0, 2**50, (1024, 30, 1)).astype(float), np.ones((30, 1), dtype=bool), 64)
    assert 32 * 30 < len(found.counts) <= 64 * 30
    assert found.counts.sum() == 1024 * 30


# ---------------------------------------------------------------------------------------------- of trajectories


def test_an_ensemble_has_the_statistics_of_its_trajectories() -> None:
    paths = rx.sample(GENE, TIMES, runs=700, seed=3)
    found = rx.sample_statistics(GENE, TIMES, runs=700, seed=3, joint=[("M", "G"), ("odds", "M")])
    assert whole_columns(GENE) == (True, True, True, False, True)
    for a in found.labels:
        for q in (0.0, 0.05, 0.5, 0.95, 1.0):
            expected = np.quantile(paths[a], q, axis=0, method="inverted_cdf")
            near = found.histogram(a).width if a == "odds" else 0.0
            np.testing.assert_allclose(found.quantile(a, q), expected, rtol=0.0, atol=near)
        for b in found.labels:
            expected = [np.cov(x, y)[0, 1] for x, y in zip(paths[a].T, paths[b].T, strict=True)]
            np.testing.assert_allclose(found.covariance(a, b), expected, rtol=1e-11, atol=1e-13)
    values, counts = np.unique(paths["M"][:, 4], return_counts=True)
    shown = found.histogram("M", 4.0)
    assert shown.width == 1.0
    assert dict(zip(shown.left[shown.counts > 0], shown.counts[shown.counts > 0], strict=True)) == dict(
        zip(values, counts, strict=True)
    )
    assert shown.probability.sum() == pytest.approx(1.0, abs=1e-12)
    both = found.joint("M", "G")
    for i, m in enumerate(both.left[0]):
        for j, g in enumerate(both.left[1]):
            assert both.counts[i, j] == ((paths["M"][:, -1] == m) & (paths["G"][:, -1] == g)).sum()
    assert (found.joint("G", "M").counts == both.counts.T).all()
    assert found.joint("odds", "M", 2.0).counts.sum() == 700


def test_covariances_of_sums_are_rounded_once() -> None:
    paths = rx.sample(GENE, TIMES, runs=90, seed=3)
    found = rx.sample_statistics(GENE, TIMES, runs=90, seed=3)
    x, y = paths["M"].astype(int), paths["total"].astype(int)
    exact = (90 * (x * y).sum(axis=0) - x.sum(axis=0) * y.sum(axis=0)) / (90 * 89)
    assert (found.covariance("M", "total") == exact).all()
    assert (found.covariance("total", "M") == exact).all()


def test_covariance_of_a_chain_has_its_closed_form() -> None:
    """A -> B -> 0 from n molecules: multinomial, cov(A, B) = -n p_A p_B; 3 times, all below the alarm together."""
    n, a, b = 50, 1.0, 0.4
    system = process(f"species A = {n}, B = 0\nA -> B @ {a}\nB -> 0 @ {b}")
    t = np.array([0.3, 1.0, 2.5])
    runs = 40_000
    found = rx.sample_statistics(system, [0.0, *t], runs=runs, seed=5).covariance("A", "B")[1:]
    p_a, p_b = np.exp(-a * t), a / (b - a) * (np.exp(-a * t) - np.exp(-b * t))
    exact = -n * p_a * p_b
    # the variance of a sample covariance of nearly normal numbers: (var A var B + cov^2)/runs
    sd = np.sqrt((n * p_a * (1 - p_a) * n * p_b * (1 - p_b) + exact**2) / runs)
    assert (np.abs(found - exact) < norm.isf(ALARM / 2 / 3) * sd).all()
    assert (np.abs(found) > 20 * sd).all()  # and zero would fail


def test_histograms_are_those_of_the_master_equation() -> None:
    """Every bin of M at the last time, within the deviation of a multinomial; all bins together below the alarm."""
    runs = 40_000
    shown = rx.sample_statistics(GENE, [0.0, 4.0], runs=runs, seed=6).histogram("M")
    values, p = rx.master_equation(GENE, [0.0, 4.0]).marginal("M")
    exact = {v: q for v, q in zip(values, p, strict=True) if q * runs > 25}  # where the normal law is near
    limit = norm.isf(ALARM / 2 / len(exact))
    assert len(exact) > 8
    for value, q in exact.items():
        count = shown.counts[int(value - shown.left[0])]
        assert abs(count - runs * q) < limit * np.sqrt(runs * q * (1 - q)) + 1.0, value


# ---------------------------------------------------------------------------------------------- the same numbers


def test_bitwise_the_same_for_threads_and_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = process("species A = 3, B = 90000\n0 -> A @ 40\nA -> 0 @ 1\n900 B -> 0 rate B/10\nobservable s = A + B")
    for system in (counted, GENE):
        joint = [(system.states[0].label, system.states[1].label)]
        first = rx.sample_statistics(system, TIMES, runs=260, seed=3, threads=1, joint=joint)
        for threads in (2, 3):
            assert rx.sample_statistics(system, TIMES, runs=260, seed=3, threads=threads, joint=joint) == first
    monkeypatch.setattr(ensembles, "_AHEAD", 1)
    assert rx.sample_statistics(GENE, TIMES, runs=260, seed=3, threads=3, joint=[("G", "H")]) == first
    monkeypatch.setattr(ssa, "_BLOCK", 7)
    monkeypatch.setattr(ssa, "_LEAST", 7)
    one = rx.sample_statistics(counted, TIMES, runs=260, seed=3, threads=2)
    monkeypatch.undo()
    two = rx.sample_statistics(counted, TIMES, runs=260, seed=3, threads=1)
    assert one == two
    assert one.tally.cells.counts.tobytes() == two.tally.cells.counts.tobytes()


@pytest.mark.parametrize("suffix", [".npz", ".nc"])
def test_saved_and_loaded(suffix: str, tmp_path: Path) -> None:
    found = rx.sample_statistics(GENE, TIMES, runs=150, seed=3, joint=[("M", "odds")])
    files.save(found, tmp_path / f"x{suffix}")
    back = rx.load_result(tmp_path / f"x{suffix}")
    assert back == found
    assert (back.covariance("odds", "M") == found.covariance("odds", "M")).all()
    assert (back.quantile("odds", 0.3) == found.quantile("odds", 0.3)).all()
    assert (back.joint("M", "odds").counts == found.joint("M", "odds").counts).all()
    other = rx.sample_statistics(GENE, TIMES, runs=150, seed=4, joint=[("M", "odds")])
    assert back != other


def test_what_was_not_kept_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = rx.sample_statistics(GENE, TIMES, runs=40, seed=3)
    files.save(found, tmp_path / "x.csv")
    for result in (rx.load_result(tmp_path / "x.csv"), rx.sample(GENE, TIMES, runs=4, seed=3).statistics()):
        with pytest.raises(RxnError, match="means and deviations alone") as caught:
            result.covariance("M", "G")
        assert caught.value.code == "R706"
    cases = [
        (lambda: found.joint("M", "G"), "R706"), (lambda: found.covariance("M", "X"), "R704"),
        (lambda: found.quantile("M", 1.5), "R604"), (lambda: found.histogram("M", 3.3), "R704"),
        (lambda: rx.sample_statistics(GENE, TIMES, runs=4, seed=3, joint=[("M", "Q")]), "R704"),
    ]  # fmt: skip
    for act, code in cases:
        with pytest.raises(RxnError) as caught:
            act()
        assert caught.value.code == code
    monkeypatch.setattr(tally, "_CELLS", 30)
    none = rx.sample_statistics(GENE, TIMES, runs=40, seed=3, joint=[("M", "G")])
    for act in (lambda: none.quantile("M", 0.5), lambda: none.histogram("M")):
        with pytest.raises(RxnError, match="histograms of 5 columns at 7 times were not kept"):
            act()
    files.save(none, tmp_path / "x.npz")
    assert rx.load_result(tmp_path / "x.npz") == none
    assert (none.covariance("M", "G") == found.covariance("M", "G")).all()
    lean = rx.sample_statistics(GENE, TIMES, runs=30, seed=3, joint=[("M", "G")], histograms=False)
    assert (rx.resume(GENE, lean, 40).covariance("M", "G") == none.covariance("M", "G")).all()
    monkeypatch.setattr(tally, "_PAIRS", 10)
    few = rx.sample_statistics(GENE, TIMES, runs=40, seed=3, joint=[("M", "G")])
    assert (few.covariance("G", "M") == found.covariance("G", "M")).all()
    assert (few.sd == found.sd).all()
    with pytest.raises(RxnError, match="covariance of M and H was not kept"):
        few.covariance("M", "H")


@pytest.mark.slow  # about ten seconds where two cores are free
def test_a_million_trajectories_fit_in_memory_and_a_minute() -> None:
    """Clones of skin renewal at 100 times, statistics alone: under 1 GB, under 60 s on two cores."""
    code = """
import resource, sys, time
import numpy as np
import rxncompile as rx
system = rx.jump_process(rx.load(sys.argv[1]))
begun = time.perf_counter()
found = rx.sample_statistics(system, np.linspace(0.2, 20.0, 100), 1_000_000, seed=1, threads=2)
print(time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
r, d, gamma, k = 0.0836, 0.0764, 0.31, 1.1
assert abs(found.mean_of("A")[-1] - 10 * np.exp((r - d) * k * 19.8)) < 5 * found.sd_of("A")[-1] / 1000
"""
    model = Path(__file__).parents[3] / "models" / "spcm.rxn"
    done = subprocess.run([sys.executable, "-c", code, str(model)], capture_output=True, text=True, check=True)
    seconds, memory = map(float, done.stdout.split())
    assert seconds < 60.0
    assert memory < 1e9


def test_an_output_that_is_no_number_leaves_the_others_alone() -> None:
    layout = Layout(1, (True, False))
    rows = np.array([[[1.0, np.nan]], [[2.0, 5.0]], [[4.0, 6.0]]])
    counted = Tally.of(layout, rows)
    assert counted.quantile(0, 0.5) == [2.0]
    assert np.isnan(counted.quantile(1, 0.5)).all()
    assert counted.cells.histogram(1).counts.sum() == 2
