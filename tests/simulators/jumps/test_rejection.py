"""Rejection-based sampling: the right distributions, the same numbers whatever runs them, errors with names.

False alarms: every comparison of distributions fails for a right sampler with probability below ALARM, about twenty of
them under fixed seeds, 1e-3 together: a failure is a defect, or a change of the streams that hit that chance.
"""

import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, chi2, norm, poisson

import rxncompile as rx
from rxncompile.cli import main
from rxncompile.errors import RxnError
from rxncompile.expressions import symbol
from rxncompile.kernels.bounds import bounded_program
from rxncompile.kernels.program import lower
from rxncompile.kernels.source import compile_propensity
from rxncompile.network import Distribution
from rxncompile.simulators.jumps import rejection_tables, ssa
from rxncompile.simulators.jumps.method import MANY, Method, method_of
from rxncompile.simulators.jumps.rejection_loop import minus_log
from rxncompile.simulators.master.master_equation import master_equation
from rxncompile.system import Constant, Jump, State, System

ALARM = 5e-5
A, K = symbol("A"), symbol("k")


def process(text: str) -> System:
    return rx.jump_process(rx.parse(text))


def rejection(system: System, t: object, **options: object) -> rx.Trajectory:
    return rx.sample(system, t, method=Method.REJECTION, **options)


def chance(samples: np.ndarray, system: System, t: float) -> float:
    """The probability of a chi-square as large as that of `samples` (runs, S) against the master equation."""
    snapshot = master_equation(system, [0.0, t], error=1e-9).snapshots[-1]
    n = len(system.states)
    place = {tuple(x): i for i, x in enumerate(snapshot.values[:, :n].astype(int).tolist())}
    seen = np.zeros(len(place) + 1)
    for x in samples[:, :n].astype(int).tolist():
        seen[place.get(tuple(x), -1)] += 1
    weight = np.append(snapshot.p, max(1.0 - snapshot.p.sum(), 0.0)) * len(samples)
    order = np.argsort(weight)  # rare states join, the rarest first, until a bin holds 10
    bins = np.floor(np.cumsum(weight[order]) / 10.0).astype(int)
    seen, weight = (np.bincount(bins, w[order]) for w in (seen, weight))
    kept = weight > 0.0
    seen, weight = seen[kept], weight[kept]
    if weight[-1] < 5.0:
        seen, weight = np.append(seen[:-2], seen[-2:].sum()), np.append(weight[:-2], weight[-2:].sum())
    assert len(seen) > 4
    return float(chi2.sf(((seen - weight) ** 2 / weight).sum(), len(seen) - 1))


# ---------------------------------------------------------------------------------------------- distributions

NETWORKS = {
    "birth and death": ("species A = 3\n0 -> A @ 5\nA -> 0 @ 0.5", 2.5),
    "dimerisation": ("species P = 30, Q = 1\n2 P <-> Q @ 0.2, 0.6\nQ -> 0 @ 0.1\n0 -> P @ 1", 2.0),
    "schlogl": ("species X = 8\n2 X -> 3 X @ 0.6\n3 X -> 2 X @ 0.12\n0 -> X @ 6\nX -> 0 @ 2.4", 3.0),
    "toggle": (
        "species U = 6, V = 2\n0 -> U rate 12/(1 + (V/4)^2)\n0 -> V rate 12/(1 + (U/4)^2)\nU -> 0 @ 1\nV -> 0 @ 1", 4.0,
    ),
    "gene expression": (
        "species G = 0, H = 1, M = 0\nG <-> H @ 0.3, 0.2\nH -> H + M @ 4\nM -> 0 @ 1", 3.0,
    ),
    "feedback": (
        "species G = 1, H = 0, P = 3\nG + P <-> H @ 0.1, 0.5\nG -> G + P @ 6\nH -> H + P @ 0.5\nP -> 0 @ 1", 1.5,
    ),
    "laws in full": (
        "species A = 5, B = 0\nA -> B rate 3*A^2/(4 + A^2)\n0 -> A rate 2 + sqrt(B)\n2 B -> A rate 0.3*B\n"
        "A -> 0 rate 0.2*A*exp(-B/9) + tanh(A)/5", 2.0,
    ),
    "logistic": ("species A = 9\n0 -> A rate A*max(0, 1 - A/20)\nA -> 0 rate piecewise(0.1*A, A < 15, 0.3*A)", 3.0),
    "long products": ("species A = 9, B = 6\n2 A + 2 B -> B @ 0.01\n3 A -> 2 A @ 0.02\n0 -> A @ 6\n0 -> B @ 4", 1.0),
    "four at once": ("species A = 30\n4 A -> A @ 0.001\n0 -> 2 A @ 9", 2.0),
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_follow_the_master_equation(name: str) -> None:
    text, t = NETWORKS[name]
    system = process(f"model M\n{text}\n")
    paths = rejection(system, [0.0, t / 3, t], runs=20_000, seed=3)  # an output on the way must not matter
    assert paths.method == "rejection"
    assert (paths.values >= 0.0).all()
    assert chance(paths.values[:, -1], system, t) > ALARM


def test_two_times_of_one_ensemble() -> None:
    """Immigration and death: the law, and the covariance cov(n(s), n(t)) = var(n(s)) exp(-g (t - s))."""
    system = process("model M\nspecies A = 3\n0 -> A @ 5\nA -> 0 @ 0.5\n")
    paths = rejection(system, [0.0, 0.7, 2.5], runs=20_000, seed=1)
    x, y = paths["A"][:, 1], paths["A"][:, 2]
    stay = np.exp(-0.35)
    law = np.convolve(binom.pmf(range(4), 3, stay), poisson.pmf(range(60), 10.0 * (1.0 - stay)))[:60]
    mean, variance = np.arange(60) @ law, np.arange(60) ** 2 @ law - (np.arange(60) @ law) ** 2
    limit = norm.isf(ALARM / 2)
    assert abs(x.mean() - mean) < limit * np.sqrt(variance / len(x))
    products = (x - x.mean()) * (y - y.mean())
    assert abs(products.mean() - variance * np.exp(-0.9)) < limit * products.std() / np.sqrt(len(x))


def test_many_reactions_have_their_exact_means() -> None:
    """A linear network of 200 reactions, by the matrix exponential; all species at once."""
    rng = np.random.default_rng(1)
    n = 60
    lines = [f"species X{i} = {int(rng.integers(0, 60))}" for i in range(n)]
    matrix, source = np.zeros((n, n)), np.zeros(n)
    for _ in range(180):
        i, j, k = int(rng.integers(n)), int(rng.integers(n)), round(float(10 ** rng.uniform(-1.5, 1)), 4)
        if i == j:
            continue
        lines.append(f"X{i} -> X{j} @ {k}")
        matrix[i, i] -= k
        matrix[j, i] += k
    for i in range(0, n, 3):
        lines.append(f"0 -> X{i} @ {i}")
        source[i] += i
    system = process("model L\n" + "\n".join(lines) + "\n")
    assert len(system.jumps) > MANY
    assert method_of(system) is Method.REJECTION
    whole = np.zeros((n + 1, n + 1))
    whole[:n, :n], whole[:n, n] = matrix, source
    from scipy.linalg import expm

    start = np.append([float(s.initial) for s in system.states], 1.0)
    runs = 2000
    paths = rx.sample(system, [0.0, 0.4, 1.0], runs=runs, seed=5)
    assert paths.method == "rejection"
    for k, t in ((1, 0.4), (2, 1.0)):
        mean = (expm(whole * t) @ start)[:n]
        sd = np.sqrt(mean)  # counts of a linear network are no wider than Poisson
        assert (np.abs(paths.values[:, k].mean(axis=0) - mean) < norm.isf(ALARM / (4 * n)) * sd / np.sqrt(runs)).all()


def test_rates_that_depend_on_time() -> None:
    """Poisson with the mean of its rate equation, whatever the rate of production does."""
    laws = {
        "4*(1 + sin(3*t))": lambda t: 4.0 * (1.0 + np.sin(3.0 * t)),
        "20*exp(-t)": lambda t: 20.0 * np.exp(-t),
        "piecewise(9, t < 1.3, 0)": lambda t: np.where(t < 1.3, 9.0, 0.0),
        "30*max(0, t - 1)": lambda t: 30.0 * np.maximum(0.0, t - 1.0),
    }
    times, grid = np.array([0.0, 0.8, 2.0]), np.linspace(0.0, 2.0, 200_001)
    for law, rate in laws.items():
        system = process(f"model T\nspecies A = 0\nmake: 0 -> A rate {law}\nA -> 0 rate 0.7*A\n")
        assert method_of(system) is Method.REJECTION
        paths = rx.sample(system, times, runs=10_000, seed=11)
        for k in (1, 2):
            s = grid[grid <= times[k] + 1e-12]
            mean = float(np.trapezoid(rate(s) * np.exp(-0.7 * (times[k] - s)), s))
            seen = np.bincount(paths["A"][:, k].astype(int), minlength=60).astype(float)
            weight = poisson.pmf(range(len(seen)), mean) * 10_000
            large = weight > 8.0
            seen, weight = (np.append(w[large], w[~large].sum()) for w in (seen, weight))
            assert chi2.sf(((seen - weight) ** 2 / np.maximum(weight, 1.0)).sum(), len(seen) - 1) > ALARM, law


def test_initial_distributions_and_catalysts() -> None:
    """A state that no jump changes, drawn for each run: A is Poisson with mean C t given C."""
    c = symbol("C")
    states = (State(A, "A"), State(c, "C", Distribution("Uniform", (sp.Integer(1), sp.Integer(9)))))
    system = System("catalysis", states, jumps=(Jump("make", ((A, 1),), c),))
    paths = rejection(system, [0.0, 2.0], runs=20_000, seed=6)
    for count in (2, 8):
        made = paths["A"][:, 1][paths["C"][:, 1] == count]
        assert abs(made.mean() - 2.0 * count) < norm.isf(ALARM / 2) * np.sqrt(2.0 * count / len(made))


def test_the_logarithm_is_one() -> None:
    for u in (2.0**-53, 1e-290, 0.5, 0.7, 1.0 - 2.0**-53, 0.999, 0.1):
        np.testing.assert_allclose(minus_log(u), -np.log(u), rtol=1e-13)


# ---------------------------------------------------------------------------------------------- the same numbers

MIXED = process("""
model Mixed
species A = 40, B = 3, C = 0
A -> B @ 1
2 B -> C @ 0.3
C -> 2 A rate 2*C/(1 + C)
0 -> A rate 5*(1 + sin(t))
observable odds = A/(1 + B) + t
""")


def test_a_trajectory_depends_on_seed_and_number_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    t = np.linspace(0.0, 3.0, 7)
    all_runs = rx.sample(MIXED, t, runs=60, seed=7, threads=1)
    assert all_runs.method == "rejection"
    np.testing.assert_array_equal(
        all_runs["odds"], all_runs["A"] / (1 + all_runs["B"]) + t
    )
    assert rx.sample(MIXED, t, runs=60, seed=7, threads=3) == all_runs
    assert (rx.sample(MIXED, t, runs=11, seed=7).values == all_runs.values[:11]).all()
    monkeypatch.setattr(ssa, "_LEAST", 7)
    monkeypatch.setattr(ssa, "_BLOCK", 7)
    monkeypatch.setattr("rxncompile.simulators.jumps.rejection._STEPS", 37)  # hardly a trajectory ends within a call
    assert rx.sample(MIXED, t, runs=60, seed=7, threads=2) == all_runs
    assert not (rx.sample(MIXED, t, runs=60, seed=8).values == all_runs.values).all()


def test_the_rule_and_its_record() -> None:
    small = process("model S\nspecies A = 3\nA -> 0 @ 1\n")
    assert method_of(small) is Method.DIRECT
    assert rx.sample(small, [0.0, 1.0], seed=1).method == "direct, lanes"
    switched = process("model S\nspecies A = 3\nA -> 0 @ 1\nat 1 : A = 9\n")
    assert method_of(switched) is Method.DIRECT
    assert rejection(switched, [0.0, 2.0]).method == "rejection"
    swaying = process("model S\nspecies A = 3\nA -> 0 @ 1 + sin(t)\nat 1 : A = 9\n")
    assert method_of(swaying) is Method.REJECTION
    with pytest.raises(RxnError, match="no Method") as caught:
        rx.sample(small, [0.0, 1.0], method="rejection")  # type: ignore[arg-type]
    assert caught.value.code == "R604"
    with pytest.raises(RxnError, match="depends on t") as caught:
        rx.sample(MIXED, [0.0, 1.0], method=Method.DIRECT)
    assert caught.value.code == "R610"


def test_the_command_line_chooses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "m.rxn"
    path.write_text("model M\nspecies A = 30\nA -> 0 @ 1\n")
    for sampler, method in (("rejection", "rejection"), ("direct", "direct, lanes")):
        words = ["simulate", str(path), "--method", "ssa", "--until", "1", "--runs", "40", "--sampler", sampler]
        assert main(words) == 0
        assert f'# method: "{method}"' in capsys.readouterr().out


def test_mass_action_needs_no_code() -> None:
    from rxncompile.kernels.store import compiled_count

    before = compiled_count()
    system = process("model New\nspecies A = 9, B\nparam q = 3\nA -> B @ q*1.234\n2 B -> A @ 4.321/q\n0 -> B @ q^2\n")
    rejection(system, [0.0, 1.0], runs=3, seed=1, params={"q": 2})
    assert compiled_count() == before
    constants = rejection_tables.tables(system).constants(np.array([2.0]))
    np.testing.assert_allclose(sorted(constants), sorted([2.468, 4.321 / 4.0, 4.0]), rtol=1e-15)


# ---------------------------------------------------------------------------------------------- bounds

LAWS = (
    "A*B/(1 + A + B)", "k*A^2/(4 + A^2)", "A*(1 - B/k)", "sqrt(A + B)*k", "exp(-A/(1 + B))", "log(1 + A)*B",
    "tanh(A/k)", "abs(A - B)", "max(A, B) - min(A, k)", "piecewise(A/B, B > 0, 7)", "piecewise(1, A < B and B < 9, A)",
    "A^k", "(1 + A)^(B/7)", "floor(A/3) + ceil(B/4)", "sin(A + t) + cos(B*t)", "1/(A - 3.5)^2", "k - A",
    "A/(k + sin(t*B))",
    "piecewise(A, not (A == B or t > 3), B)", "-A*B + (A - B)^2", "(A*B - 3)*(k - B)/(1 + t)", "log(A - B)",
)  # fmt: skip
CLOCK = st.tuples(st.floats(0.0, 9.0), st.floats(0.0, 2.0), st.floats(0.0, 1.0))
BOX = st.tuples(st.integers(0, 40), st.integers(0, 12), st.floats(0.0, 1.0))


@cache
def _kernel() -> tuple[object, int]:
    law_lines = "\n".join(f"0 -> A rate {law}" for law in LAWS)
    system = process(f"model B\nparam k = 3\nspecies A = 1, B = 1\n{law_lines}\n")
    lowering = lower(system)
    nodes = [lowering.node(jump.propensity) for jump in system.jumps]
    program = bounded_program(lowering.graph, nodes, 2, len(system.parameters))
    return compile_propensity(program), len(LAWS)


@given(a=BOX, b=BOX, clock=CLOCK, k=st.floats(0.1, 9.0))
def test_bounds_hold_on_any_box(
    a: tuple[int, int, float], b: tuple[int, int, float], clock: tuple[float, float, float], k: float
) -> None:
    """The computed law lies between the computed ends, wherever the upper is a number; no slack."""
    kernel, n = _kernel()
    y, p = np.zeros(12), np.array([k])
    for i, (low, width, at) in enumerate((a, b)):
        y[i], y[4 + i], y[8 + i] = low + round(at * width), low, low + width
    t = clock[0] + clock[1] * clock[2]
    y[4 + 2], y[8 + 2] = clock[0], max(clock[0] + clock[1], t)
    for r, law in enumerate(LAWS):
        value, lower_end, upper_end = (kernel(r + part * n, t, y, p) for part in range(3))
        if not np.isnan(upper_end):
            assert lower_end <= value <= upper_end, law
    # of points every law that is finite there has bounds, and tight ones
    y[4:6] = y[8:10] = y[:2]
    y[6] = y[10] = t
    for r, law in enumerate(LAWS):
        value, lower_end, upper_end = (kernel(r + part * n, t, y, p) for part in range(3))
        if np.isfinite(value) and not np.isnan(upper_end) and "sin" not in law:  # a pole magnifies the slack of a sine
            assert upper_end - lower_end <= 1e-10 * (1.0 + abs(value)), law


def test_most_laws_have_bounds() -> None:
    """A bound that is never there would hold trivially."""
    kernel, n = _kernel()
    y, p = np.array([5.0, 7.0, 0, 0, 4.0, 6.0, 1.0, 0, 6.0, 8.0, 1.5, 0]), np.array([3.0])
    without = [law for r, law in enumerate(LAWS) if np.isnan(kernel(2 * n + r, 1.2, y, p))]
    assert without == ["log(A - B)"]
    y[:2], y[4:6], y[8:10] = (5.0, 7.0), (0.0, 0.0), (20.0, 20.0)
    without = [law for r, law in enumerate(LAWS) if np.isnan(kernel(2 * n + r, 1.2, y, p))]
    assert without == ["piecewise(A/B, B > 0, 7)", "1/(A - 3.5)^2", "log(A - B)"]


# ---------------------------------------------------------------------------------------------- corners


def test_a_state_that_dies_out_stays() -> None:
    """Also where counts are left that can do nothing: pairs want a partner, laws their minimum."""
    death = process(
        "model D\nspecies A = 5, B = 7, C = 9, D = 4\nA -> 0 @ 3\n2 B -> 0 @ 1\n4 C -> 0 rate 2\n"
        "D -> 0 rate max(0, D - 3)\n"
    )
    values = rejection(death, [0.0, 1.0, 1e6, 1e300], runs=30, seed=1).values
    assert (values[:, 2:] == [0, 1, 1, 3]).all()
    assert 0 < values[:, 1, 0].sum() < 100


def test_scales_far_apart() -> None:
    """Rates over 40 orders of magnitude, which rise and fall by as much: means of two-state switches."""
    text = "model W\nspecies A = 1, B = 0, C = 1, D = 0, E = 0\nA <-> B @ 1e-9, 2e-9\nC <-> D @ 3e20, 1e20\n"
    paths = rejection(process(text + "D -> E @ 1e18\n"), [0.0, 1e-17, 1e9], runs=2000, seed=2)
    limit = norm.isf(ALARM / 2) / np.sqrt(2000)
    assert (paths["E"][:, 2] == 1.0).all()
    share = 1.0 / 3.0 * (1.0 - np.exp(-3.0))
    assert abs(paths["B"][:, 2].mean() - share) < limit * np.sqrt(share * (1 - share))
    gone = 1.0 - np.exp(-7.5)  # C + D, of which three quarters are in D, leaves at 0.75e18
    assert abs(paths["E"][:, 1].mean() - gone) < limit * np.sqrt(gone * (1 - gone)) + 0.01  # and the start is in C


def test_times_may_begin_anywhere_and_be_one() -> None:
    late = rejection(MIXED_FREE, [5.0, 6.0, 9.0], runs=6, seed=2)
    assert (late.values == rejection(MIXED_FREE, [0.0, 1.0, 4.0], runs=6, seed=2).values).mean() > 0.5  # sums round
    single = rejection(MIXED, [3.0], runs=6, seed=2)
    assert (single.values == [40, 3, 0, 13]).all()
    empty = process("model E\nspecies A = 4\nobservable twice = 2*A + t\n")
    assert rejection(empty, [0.0, 1.5], runs=2).values.tolist() == [[[4.0, 8.0], [4.0, 9.5]]] * 2


MIXED_FREE = process("model F\nspecies A = 40, B = 3\nA -> B @ 1\n2 B -> A @ 0.3\n0 -> A @ 2\n")


def test_ctrl_c_stops_a_run_that_would_never_end() -> None:
    code = """
import os, signal, threading, time
import rxncompile as rx
from rxncompile.simulators.jumps.method import Method
system = rx.jump_process(rx.parse("model M\\nspecies A = 1000\\nA -> 0 @ 1\\n0 -> A @ 1000\\n"))
rx.sample(system, [0.0, 1.0], method=Method.REJECTION)
for threads in (1, 2):
    begun = time.monotonic()
    threading.Timer(0.7, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    try:
        rx.sample(system, [0.0, 1e9], runs=64, seed=1, threads=threads, max_events=10**15, method=Method.REJECTION)
    except KeyboardInterrupt:
        print("stopped", threads, "late" if time.monotonic() - begun > 5.0 else "soon")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["stopped", "1", "soon", "stopped", "2", "soon"], done.stderr


# ---------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("A -> 0 @ 1\nslip: 0 -> A rate log(A - 2.5)^2", "R601", ("'slip'", "not a number", "A = 2", "run ")),
        ("A -> 0 @ 1\nslip: 0 -> A rate 1/(A - 3)^2", "R601", ("'slip'", "infinite", "A = 3")),
        ("A -> 0 @ 1\nslip: 0 -> A rate A - 2", "R602", ("'slip'", "negative: -1", "A = 1")),
        ("A -> 0 @ 1\nslip: 0 -> A rate t - 50", "R602", ("'slip'", "negative: -", "t = ")),
        ("A -> 0 @ 1\nslip: 0 -> A rate -2*A", "R602", ("'slip'", "negative: -10", "A = 5")),
        ("up: 0 -> A rate 2e307*A\nA -> 2 A rate 2e307*A", "R601", ("sum of all propensities", "A = 5")),
        ("grow: A -> 2 A @ 1\nA -> 0 @ 1e-3", "R606", ("more than 10000 events", "run ", "A = ")),
        ("A -> 0 @ 1\nslip: 0 -> A rate tan(t)^2", "R610", ("'slip'", "no bound", "t = ")),
        ("A -> 0 @ 1\nslip: 0 -> A rate 1/(t - 2)^2", "R606", ("more than 10000 events by t = 1.99",)),
        ("A -> 0 @ 1\n2 A -> 3 A @ 1", "R606", ("more than 10000 events", "A = ")),
    ],
)
def test_faults_name_the_reaction_and_the_state(text: str, code: str, words: tuple[str, ...]) -> None:
    with pytest.raises(RxnError) as caught:
        rejection(process(f"model F\nspecies A = 5\n{text}\n"), [0.0, 1e3], runs=3, seed=1, max_events=10_000)
    assert caught.value.code == code, caught.value.message
    for word in words:
        assert word in caught.value.message
    assert caught.value.code == "R601" or caught.value.span is not None


def test_counts_beyond_exact_numbers_are_refused() -> None:
    huge = System("huge", (State(A, "A", sp.Integer(1)),), jumps=(Jump("pump", ((A, 1 << 39),), sp.Integer(1000)),))
    with pytest.raises(RxnError, match="count of 'A' is beyond the exact whole numbers") as caught:
        rejection(huge, [0.0, 1e6])
    assert caught.value.code == "R608"
    assert "pump" in caught.value.hint
    with pytest.raises(RxnError, match="initial count") as caught:
        rejection(huge, [0.0, 1.0], initial={"A": 2**53})
    wide = System("wide", huge.states, jumps=(Jump("pump", ((A, 1 << 41),), sp.Integer(1)),))
    with pytest.raises(RxnError, match="changes a count by"):
        rejection(wide, [0.0, 1.0])


def test_a_negative_count_is_a_negative_propensity() -> None:
    """A hand-made jump that takes what is not there: lawful until a product reads it."""
    states = (State(A, "A", sp.Integer(1)), State(symbol("B"), "B"))
    jumps = (Jump("take", ((A, -1),), sp.Integer(1)), Jump("use", ((symbol("B"), 1),), K * A))
    system = System("negative", states, (Constant(K, "k", sp.Integer(2)),), jumps=jumps)
    with pytest.raises(RxnError, match="'use' is negative: -2") as caught:
        rejection(system, [0.0, 100.0], seed=1)
    assert caught.value.code == "R602"
