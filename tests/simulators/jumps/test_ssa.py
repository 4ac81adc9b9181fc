"""Exact sampling: the right distributions, the same numbers whatever runs them, errors with names.

False alarms: every comparison of distributions fails with probability below 1e-4 for a right sampler, about ten of
them, under fixed seeds: a failure is a defect, or a change of the streams that hit one chance in a thousand.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from exact_chances import chance, distribution
from scipy.stats import binom, norm, poisson

import rxncompile as rx
from rxncompile.errors import RxnError
from rxncompile.expressions import TIME, symbol
from rxncompile.kernels.store import compiled_count
from rxncompile.network import Distribution
from rxncompile.simulators.jumps import blocks, ssa
from rxncompile.simulators.jumps.method import Method
from rxncompile.system import Constant, Jump, State, System

ALARM = 1e-4
A, K = symbol("A"), symbol("k")


def process(text: str) -> System:
    return rx.jump_process(rx.parse(text))


BIRTH_DEATH = process("model M\nparam k = 5, g = 0.5\nspecies A = 3\nbirth: 0 -> A @ k\ndeath: A -> 0 @ g\n")
GENE = process("""
model Gene
param kon = 0.3, koff = 0.2, s = 4, d = 1
species G = 0, H = 1, M = 0
G <-> H @ kon, koff
H -> H + M @ s
M -> 0 @ d
observable odds = M/(1 + G)
observable total = G + H
""")


# ---------------------------------------------------------------------------------------------- distributions


def chi_square_of(values: np.ndarray, expected: np.ndarray) -> float:
    return chance(values[:, np.newaxis] if values.ndim == 1 else values, expected)


def test_birth_and_death_is_poisson_plus_binomial() -> None:
    """3 molecules survive with probability exp(-g t) each; the rest is Poisson. At two times of one ensemble."""
    paths = rx.sample(BIRTH_DEATH, [0.0, 0.7, 2.5], runs=40_000, seed=1)
    for i, t in ((1, 0.7), (2, 2.5)):
        stay = np.exp(-0.5 * t)
        law = np.convolve(binom.pmf(range(4), 3, stay), poisson.pmf(range(60), 10.0 * (1.0 - stay)))[:60]
        assert chi_square_of(paths["A"][:, i], law) > ALARM
    # and their covariance: cov(n(s), n(t)) = var(n(s)) exp(-g (t - s))
    x, y = paths["A"][:, 1], paths["A"][:, 2]
    exact = (10.0 * (1.0 - np.exp(-0.35)) + 3 * np.exp(-0.35) * (1 - np.exp(-0.35))) * np.exp(-0.5 * 1.8)
    products = (x - x.mean()) * (y - y.mean())
    assert abs(products.mean() - exact) < 4.0 * products.std() / np.sqrt(len(x))


def test_linear_network_has_its_exact_moments() -> None:
    """A -> B -> C with inflow, 13 reactions in a row, moments by the matrix exponential of the moment equations."""
    n = 6
    lines = ["model Chain", "species X0 = 20", *(f"species X{i} = 0" for i in range(1, n)), "0 -> X0 @ 7"]
    lines += [f"X{i} <-> X{i + 1} @ {1 + i / 2}, 0.5" for i in range(n - 1)] + [f"X{n - 1} -> 0 @ 2", "X2 -> 0 @ 0.1"]
    system = process("\n".join(lines) + "\n")
    runs, times = 20_000, np.array([0.0, 0.5, 1.0, 3.0])
    result = rx.sample_statistics(system, times, runs=runs, seed=2)
    place = {s.symbol: i for i, s in enumerate(system.states)}
    drift, noise = np.zeros((n + 1, n + 1)), [np.zeros((n, n)) for _ in range(n + 1)]
    for jump in system.jumps:  # a = row @ (n, 1)
        row = np.array([float(jump.propensity.xreplace(system.environment()).diff(s.symbol)) for s in system.states])
        row = np.append(row, float(jump.propensity.xreplace({**system.environment(), **dict.fromkeys(place, 0)})))
        v = np.zeros(n)
        for moved, amount in jump.change:
            v[place[moved]] = amount
        drift[:n] += np.outer(v, row)
        for j in range(n + 1):
            noise[j] += row[j] * np.outer(v, v)
    mean, cov, t, step = np.append([20.0] + [0.0] * (n - 1), 1.0), np.zeros((n, n)), 0.0, 1e-3

    def slopes(m: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return drift @ m, drift[:n, :n] @ c + c @ drift[:n, :n].T + sum(x * y for x, y in zip(m, noise, strict=True))

    for i in range(1, len(times)):
        while t < times[i] - 1e-9:  # fourth-order Runge-Kutta, error far below the statistical one
            k1 = slopes(mean, cov)
            k2 = slopes(mean + step / 2 * k1[0], cov + step / 2 * k1[1])
            k3 = slopes(mean + step / 2 * k2[0], cov + step / 2 * k2[1])
            k4 = slopes(mean + step * k3[0], cov + step * k3[1])
            mean = mean + step / 6 * (k1[0] + 2 * k2[0] + 2 * k3[0] + k4[0])
            cov = cov + step / 6 * (k1[1] + 2 * k2[1] + 2 * k3[1] + k4[1])
            t += step
        sd = np.sqrt(np.diag(cov))
        limit = norm.isf(ALARM / 2 / (2 * n * 3))  # all 36 numbers at once
        assert (np.abs(result.mean[i] - mean[:n]) < limit * sd / np.sqrt(runs)).all()
        # the variance of a sample variance, for laws between binomial and Poisson, is below 2 sd^4 + sd^2 over runs
        assert (np.abs(result.sd[i] ** 2 - sd**2) < limit * np.sqrt((2 * sd**4 + sd**2) / runs)).all()


NONLINEAR = {
    "dimerisation": (
        "model D\nspecies P = 9, Q = 1\n2 P <-> Q @ 0.2, 0.6\nQ -> 0 @ 0.1\n0 -> P @ 1\n", {"P": 40, "Q": 25}, 2.0,
    ),
    "lotka_volterra": (
        "model L\nspecies X = 6, Y = 4\nX -> 2 X @ 1\nX + Y -> 2 Y @ 0.25\nY -> 0 @ 1\n", {"X": 90, "Y": 60}, 1.2,
    ),
    "schlogl": (
        "model S\nspecies X = 8\n2 X -> 3 X @ 0.6\n3 X -> 2 X @ 0.12\n0 -> X @ 6\nX -> 0 @ 2.4\n", {"X": 55}, 3.0,
    ),
    "gene with feedback": (
        "model F\nspecies G = 1, H = 0, P = 3\nG + P <-> H @ 0.1, 0.5\nG -> G + P @ 6\nH -> H + P @ 0.5\nP -> 0 @ 1\n",
        {"G": 1, "H": 1, "P": 60}, 1.5,
    ),
    "laws in full": (
        "model R\nspecies A = 5, B = 0\nA -> B rate 3*A^2/(4 + A^2)\n0 -> A rate 2 + sqrt(B)\n2 B -> A rate 0.3*B\n",
        {"A": 45, "B": 45}, 2.0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NONLINEAR)
def test_nonlinear_networks_follow_the_master_equation(name: str) -> None:
    text, top, t = NONLINEAR[name]
    system = process(text)
    expected = distribution(system, top, t)
    paths = rx.sample(system, [0.0, t / 3, t], runs=40_000, seed=3)  # an output on the way must not matter
    final = paths.values[:, -1, : len(system.states)]
    assert (final >= 0.0).all()
    assert chance(final, expected) > ALARM


def test_a_catalyst_counts_from_the_first_event_on() -> None:
    """A state that no jump changes, drawn for each run: A is Poisson with mean C t given C."""
    c = symbol("C")
    states = (State(A, "A"), State(c, "C", Distribution("Uniform", (sp.Integer(1), sp.Integer(9)))))
    system = System("catalysis", states, jumps=(Jump("make", ((A, 1),), c),))
    paths = rx.sample(system, [0.0, 2.0], runs=20_000, seed=6)
    for count in (2, 5, 8):
        made = paths["A"][:, 1][paths["C"][:, 1] == count]
        assert chi_square_of(made, poisson.pmf(range(60), 2.0 * count)) > ALARM


def test_initial_distributions_are_drawn_for_each_run() -> None:
    """Poisson, binomial, rounded normal cut at 0, uniform: against their probabilities, one by one and jointly."""
    laws = {
        "A": Distribution("Poisson", (sp.Integer(4),)),
        "B": Distribution("Binomial", (sp.Integer(9), sp.Rational(1, 3))),
        "C": Distribution("Normal", (sp.Integer(2), K)),
        "D": Distribution("Uniform", (sp.Integer(1), sp.Integer(5))),
    }  # fmt: skip
    states = tuple(State(symbol(n), n, law) for n, law in laws.items())
    system = System("drawn", states, (Constant(K, "k", sp.Rational(3, 2)),), jumps=(Jump("x", ((A, -1),), A * 0),))
    values = rx.sample(system, [0.0, 1.0], runs=40_000, seed=4).values
    assert (values[:, 0] == values[:, 1]).all()
    edges = np.arange(-0.5, 40.5)
    normal = np.diff(norm.cdf(np.append(-np.inf, edges[1:]), 2.0, 1.5))
    uniform = np.clip(np.minimum(edges[1:], 5.0) - np.maximum(edges[:-1], 1.0), 0.0, None)[:40] / 4.0
    expected = [poisson.pmf(range(40), 4.0), binom.pmf(range(40), 9, 1 / 3), normal, uniform]
    for i, law in enumerate(expected):
        assert chi_square_of(values[:, 0, i], law) > ALARM
    joint = np.outer(expected[0][:20], expected[1][:10])
    assert chance(values[:, 0, :2].clip(0, [19, 9]), joint / joint.sum()) > ALARM
    fixed = rx.sample(system, [0.0], runs=3, initial={"A": 7, "B": 0, "C": 1, "D": 2}).values
    assert (fixed == [7, 0, 1, 2]).all()


# ---------------------------------------------------------------------------------------------- the same numbers


def test_a_trajectory_depends_on_seed_and_number_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads, blocks, neighbours, lanes: bit for bit the same, outputs included."""
    t = np.linspace(0.0, 6.0, 13)
    all_runs = rx.sample(GENE, t, runs=150, seed=7, threads=1)
    assert rx.sample(GENE, t, runs=150, seed=7, threads=3) == all_runs
    assert (rx.sample(GENE, t, runs=11, seed=7).values == all_runs.values[:11]).all()
    assert (rx.sample(GENE, t, runs=1, seed=7).values == all_runs.values[:1]).all()
    for width in (4, 8, 16):
        monkeypatch.setattr(blocks, "vector_width", lambda width=width: width)
        monkeypatch.setattr(ssa, "_LEAST", 5 + width)
        monkeypatch.setattr(ssa, "_BLOCK", 5 + width)
        assert rx.sample(GENE, t, runs=150, seed=7, threads=2) == all_runs
    assert not (rx.sample(GENE, t, runs=150, seed=8).values == all_runs.values).all()


def test_trajectories_differ_and_do_not_follow_each_other() -> None:
    """Neighbours in number are uncorrelated: 20,000 pairs, five deviations."""
    final = rx.sample(BIRTH_DEATH, [0.0, 3.0], runs=20_001, seed=9)["A"][:, 1]
    z = (final - final.mean()) / final.std()
    for distance in (1, 2, 4, 8, 1024):
        products = z[distance:] * z[:-distance]
        assert abs(products.mean()) < 5.0 / np.sqrt(len(products))


def test_statistics_are_those_of_the_trajectories(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts: correctly rounded from exact sums. Outputs: to rounding, and the same bits for any threads."""
    t = np.linspace(0.0, 6.0, 13)
    paths = rx.sample(GENE, t, runs=300, seed=7)
    one = rx.sample_statistics(GENE, t, runs=300, seed=7, threads=1)
    assert rx.sample_statistics(GENE, t, runs=300, seed=7, threads=3) == one
    assert one.runs == 300
    assert one.labels == ("G", "H", "M", "odds", "total")
    whole = paths.values[:, :, :3].astype(int)
    first, second = whole.sum(axis=0), (whole * whole).sum(axis=0)
    assert (one.mean[:, :3] == first / 300).all()
    assert (one.sd[:, :3] == np.sqrt((300 * second - first * first) / (300 * 299))).all()
    np.testing.assert_allclose(one.mean, paths.mean, rtol=1e-13)
    np.testing.assert_allclose(one.sd, paths.sd, rtol=1e-11, atol=1e-13)
    assert np.isnan(rx.sample_statistics(GENE, t, runs=1, seed=7).sd).all()


def test_other_parameters_and_times_compile_nothing() -> None:
    rx.sample(BIRTH_DEATH, [0.0, 1.0], seed=1)
    before = compiled_count()
    many = rx.sample(BIRTH_DEATH, [0.0, 1.0, 9.0], runs=200, seed=1, params={"k": 50}, initial={"A": 100})
    assert compiled_count() == before
    assert (many.values[:, 0] == 100.0).all()
    assert 80.0 < many.mean_of("A")[-1] < 120.0


def test_the_seed_that_was_drawn_gives_the_run_again() -> None:
    first = rx.sample(GENE, [0.0, 5.0], runs=4)
    assert first.seed is not None
    assert rx.sample(GENE, [0.0, 5.0], runs=4, seed=first.seed) == first
    assert first.method == ssa.METHOD
    big = 10**60 + 1
    assert rx.sample(GENE, [0.0, 5.0], seed=big) != rx.sample(GENE, [0.0, 5.0], seed=big + 2**64)


# ---------------------------------------------------------------------------------------------- corners


def test_a_state_that_dies_out_stays() -> None:
    death = process("model D\nspecies A = 5\nA -> 0 @ 3\n")
    values = rx.sample(death, [0.0, 1.0, 1e6, 1e300], runs=30, seed=1)["A"]
    assert (values[:, 0] == 5).all()
    assert (values[:, 2:] == 0).all()
    assert 0 < values[:, 1].sum() < 100


def test_times_may_begin_anywhere_and_be_one() -> None:
    late = rx.sample(GENE, [5.0, 6.0, 9.0], runs=6, seed=2)
    assert (late.values == rx.sample(GENE, [0.0, 1.0, 4.0], runs=6, seed=2).values).all()  # these sums are exact
    single = rx.sample(GENE, [3.0], runs=6, seed=2)
    assert single.values.shape == (6, 1, 5)
    assert (single.values[:, 0] == [0, 1, 0, 0, 1]).all()
    empty = process("model E\nspecies A = 4\nobservable twice = 2*A + t\n")
    assert rx.sample(empty, [0.0, 1.5], runs=2).values.tolist() == [[[4.0, 8.0], [4.0, 9.5]]] * 2


def test_outputs_may_depend_on_time() -> None:
    system = process("model T\nspecies A = 2\nA -> 2 A @ 1\nobservable late = A + 100*t\n")
    paths = rx.sample(system, [0.0, 0.5, 1.0], runs=20, seed=5)
    np.testing.assert_array_equal(paths["late"], paths["A"] + [0.0, 50.0, 100.0])


@pytest.mark.parametrize("threads", [1, 2])
def test_progress_is_told_and_ends_at_all(threads: int) -> None:
    seen: list[tuple[int, int]] = []
    rx.sample(GENE, [0.0, 9.0], runs=400, seed=1, threads=threads, progress=lambda *p: seen.append(p))
    assert seen[-1] == (400, 400)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


@pytest.mark.parametrize("threads", [1, 2])
def test_interrupted_statistics_are_those_of_fewer_runs(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssa, "_BLOCK", 40)
    calls = 0

    def interrupt(done: int, total: int) -> None:
        nonlocal calls
        calls += 1
        if done >= 500:  # so late, and after so long, that the first block is finished, however slow its thread
            raise KeyboardInterrupt

    part = rx.sample_statistics(GENE, [0.0, 500.0], runs=1000, seed=1, threads=threads, progress=interrupt)
    assert 40 <= part.runs < 1000
    assert part.runs % 40 == 0
    assert f"the first {part.runs} of 1000 runs" in part.notes[0]
    less = rx.sample_statistics(GENE, [0.0, 500.0], runs=part.runs, seed=1)
    assert (less.mean[:, :3] == part.mean[:, :3]).all()
    assert (less.sd[:, :3] == part.sd[:, :3]).all()
    np.testing.assert_allclose(less.mean, part.mean, rtol=1e-13)  # outputs are summed in other blocks
    with pytest.raises(KeyboardInterrupt):
        rx.sample(GENE, [0.0, 500.0], runs=1000, seed=1, threads=threads, progress=interrupt)


def test_ctrl_c_stops_a_run_that_would_never_end() -> None:
    """A real signal, to a process of its own, in the middle of one endless trajectory on each of two threads."""
    code = """
import os, signal, threading, time
import rxncompile as rx
system = rx.jump_process(rx.parse("model M\\nspecies A = 1000\\nA -> 0 @ 1\\n0 -> A @ 1000\\n"))
for threads in (1, 2):
    threading.Timer(0.7, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    try:
        rx.sample(system, [0.0, 1e9], runs=64, seed=1, threads=threads, max_events=10**15)
    except KeyboardInterrupt:
        print("stopped", threads)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["stopped", "1", "stopped", "2"], done.stderr


def test_sampling_loads_no_compiler_of_python(tmp_path: Path) -> None:
    code = """
import sys
import rxncompile as rx
rx.sample_statistics(rx.jump_process(rx.parse("model M\\nspecies A = 9\\nA -> 0 @ 1\\n")), [0, 1], runs=40, seed=1)
print(*(m for m in ("numba", "scipy", "matplotlib", "networkx", "pandas") if m in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.split() == []


# ---------------------------------------------------------------------------------------------- errors


def sampled(text: str, runs: int = 3, until: float = 1e3, **options: object) -> RxnError:
    with pytest.raises(RxnError) as caught:
        rx.sample(process(text), [0.0, until], runs=runs, seed=1, **options)
    return caught.value


@pytest.mark.parametrize("search", [False, True], ids=["straight", "search"])
@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("A -> 0 @ 1\nslip: 0 -> A rate log(A - 2.5)^2", "R601", ("'slip'", "not a number", "A = 2", "run ")),
        ("A -> 0 @ 1\nslip: 0 -> A rate 1/(A - 3)^2", "R601", ("'slip'", "infinite", "A = 3")),
        ("A -> 0 @ 1\nslip: 0 -> A rate A - 2", "R602", ("'slip'", "negative: -1", "A = 1")),
        ("up: 0 -> A rate 2e307*A\nA -> 2 A rate 2e307*A", "R601", ("sum of all propensities", "A = 5")),
        ("grow: A -> 2 A @ 1\nA -> 0 @ 1e-3", "R606", ("more than 10000 events", "run ", "A = ")),
    ],
)
def test_faults_name_the_reaction_and_the_state(
    text: str, code: str, words: tuple[str, ...], search: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if search:
        monkeypatch.setattr("rxncompile.kernels.lanes.MANY", 1)
    blocks._lanes.cache_clear()
    error = sampled(f"model F\nspecies A = 5\n{text}\n", max_events=10_000)
    blocks._lanes.cache_clear()
    assert error.code == code
    for word in words:
        assert word in error.message
    if "'slip'" in words:
        assert error.span is not None
        assert error.span.text.startswith("slip") or error.span.line == 4
    assert error.code == "R601" or error.span is not None


def test_counts_beyond_exact_numbers_are_refused() -> None:
    huge = System("huge", (State(A, "A", sp.Integer(1)),), jumps=(Jump("pump", ((A, 1 << 39),), sp.Integer(1000)),))
    with pytest.raises(RxnError, match="count of 'A' is beyond the exact whole numbers") as caught:
        rx.sample(huge, [0.0, 1e6])
    assert caught.value.code == "R608"
    assert "pump" in caught.value.hint
    near = 2**53 - 2**30
    with pytest.raises(RxnError, match="beyond the exact"):
        rx.sample(BIRTH_DEATH, [0.0, 1.0], initial={"A": 2**53})
    wide = System("wide", huge.states, jumps=(Jump("pump", ((A, 1 << 41),), sp.Integer(1)),))
    with pytest.raises(RxnError, match="changes a count by"):
        rx.sample(wide, [0.0, 1.0])
    still = process("model S\nspecies A = 1, B = 3\nB -> 0 @ 1\n")
    assert (rx.sample(still, [0.0, 1.0], runs=5, initial={"A": near})["A"] == near).all()


def test_the_budget_counts_events_of_a_finished_run_too() -> None:
    """Whole trajectories of about 30 events, in one slice: the fault is found, and its run is named."""
    text = "model F\nspecies A = 5\n0 -> A @ 30\n"
    error = sampled(text, runs=40, until=1.0, max_events=20)
    assert error.code == "R606"
    counts = rx.sample(process(text), [0.0, 1.0], runs=40, seed=1)["A"][:, -1] - 5
    named = int(error.message.split("run ")[1].split(":")[0])
    assert counts[named] > 20
    fine = rx.sample(process(text), [0.0, 1.0], runs=40, seed=1, max_events=int(counts.max()))
    assert (fine["A"][:, -1] - 5 == counts).all()


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("species A = 2.5\nA -> 0 @ 1", "R609", "'A' starts from 2.5 molecules, which is not whole"),
        ("compartment c = 3\nspecies A : conc in c = 0.5\nA -> 0 @ 1", "R609", "starts from 1.5 molecules"),
        ("species A = -2\nA -> 0 @ 1", "R609", "negative"),
        ("species A = 2\nA' = -A\nA -> 0 @ 1", "R610", "moves A continuously"),
        ("species A = 2\nA -> 0 @ 1\nwhen t > A : A = 9", "R610", "compares t with A, which reactions change"),
    ],
)
def test_refusals_have_names(text: str, code: str, words: str) -> None:
    error = sampled(f"model F\n{text}\n")
    assert error.code == code
    assert words in error.message
    if code == "R609":
        assert "{round}" in error.hint
        assert "~ Poisson" in error.hint


def test_arguments_are_checked() -> None:
    t = [0.0, 1.0]
    for options in ({"runs": 0}, {"runs": 2.5}, {"seed": -1}, {"seed": 0.5}, {"threads": 0}, {"max_events": 0}):
        with pytest.raises(RxnError) as caught:
            rx.sample(BIRTH_DEATH, t, **options)
        assert caught.value.code == "R604"
    for times in ([1.0, 0.0], [], [0.0, np.inf], [[0.0]], ["now"]):
        with pytest.raises(RxnError) as caught:
            rx.sample(BIRTH_DEATH, times)
        assert caught.value.code == "R603"
    for options, code in (({"params": {"q": 1}}, "R504"), ({"initial": {"q": 1}}, "R501")):
        with pytest.raises(RxnError) as caught:
            rx.sample(BIRTH_DEATH, t, **options)
        assert caught.value.code == code
    frontier = System(
        "open", (State(A, "A"),), jumps=(Jump("j", ((A, 1),), symbol("B")),), frontier=(State(symbol("B"), "B"),)
    )
    with pytest.raises(RxnError, match="open"):
        rx.sample(frontier, t)
    unknown = System("u", (State(A, "A", Distribution("Cauchy", (sp.Integer(1),))),), jumps=BIRTH_DEATH.jumps[:0])
    with pytest.raises(RxnError) as caught:
        rx.sample(unknown, t)
    assert caught.value.code == "R609"
    assert TIME.name == "t"


@pytest.mark.parametrize("method", Method)
def test_an_explosion_is_named_long_before_its_budget(method: Method) -> None:
    """Waiting times of A^-4 fall below the last digit of t within 10^5 events; looked at from 10^7 on, not at 10^9."""
    system = rx.jump_process(rx.parse("model F\nspecies A = 3\ngrow: A -> 2 A rate A^4\nA -> 0 @ 0.1\n"))
    with pytest.raises(RxnError, match="faster than t can tell") as caught:
        rx.sample_statistics(system, [0.0, 10.0], 4, seed=1, method=method)
    assert caught.value.code == "R606"
    assert "'grow'" in caught.value.hint and "explode" in caught.value.hint
    assert caught.value.span is not None
