"""Events of jump processes: the right laws before and after, the order of the ODE solver, errors with names.

Every test is of both samplers.

False alarms: each comparison of distributions fails with probability below 1e-4 for a right sampler, under fixed seeds.
"""

import numpy as np
import pytest
import sympy as sp
from exact_chances import chance
from scipy.linalg import expm
from scipy.stats import binom, poisson

import rxncompile as rx
from rxncompile.errors import RxnError, Source, Span
from rxncompile.expressions import TIME, symbol
from rxncompile.simulators.jumps import blocks, ssa
from rxncompile.simulators.jumps.method import Method
from rxncompile.system import Constant, Jump, State, System, Trigger

ALARM = 1e-4
A, B, K = symbol("A"), symbol("B"), symbol("k")
SOURCE = Source("m.rxn", "when A >= 1: A = 2\n")
SPAN = Span(SOURCE, 0, 18)


@pytest.fixture(autouse=True, params=Method, ids=lambda method: method.name.lower())
def method(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Method:
    """The sampler of a test, where it names none."""
    chosen: Method = request.param
    monkeypatch.setattr(ssa, "method_of", lambda system, asked=None: asked or chosen)
    return chosen


def process(text: str) -> System:
    return rx.jump_process(rx.parse(f"model M\n{text}\n"))


def law_of(values: np.ndarray, expected: np.ndarray) -> float:
    return chance(values[:, np.newaxis], expected)


def clockwork(events: tuple[Trigger, ...], **start: object) -> System:
    """States that only events move."""
    states = tuple(State(symbol(n), n, sp.S.Zero + v) for n, v in start.items())  # type: ignore[operator]
    return System("clockwork", states, events=events)


def at(time: object, **values: object) -> Trigger:
    return Trigger(True, sp.S.Zero + time, assignments(values), SPAN)  # type: ignore[operator]


def when(condition: sp.Basic, **values: object) -> Trigger:
    return Trigger(False, condition, assignments(values), SPAN)


def assignments(values: dict[str, object]) -> tuple[tuple[sp.Symbol, sp.Expr], ...]:
    return tuple((symbol(name), sp.S.Zero + value) for name, value in values.items())  # type: ignore[operator]


# ---------------------------------------------------------------------------------------------- distributions


def test_a_dose_into_decay() -> None:
    """40 molecules and 25 more at t = 1.5: binomial before, at, and after, whatever times are asked."""
    system = process("param when_to = 3, g = 0.8\nspecies A = 40\nA -> 0 @ g\nat when_to/2: A = A + 25")
    times = [0.0, 1.2, np.nextafter(1.5, 0), 1.5, 2.0, 3.0]
    paths = rx.sample(system, times, runs=40_000, seed=1)["A"]
    for i, t in enumerate(times[1:], start=1):
        law = binom.pmf(range(66), 40, np.exp(-0.8 * t))
        if t >= 1.5:
            law = np.convolve(law, binom.pmf(range(66), 25, np.exp(-0.8 * (t - 1.5))))[:66]
        assert law_of(paths[:, i], law) > ALARM
    assert (paths[:, 3] - paths[:, 2]).tolist() == [25.0] * 40_000
    other = rx.sample(system, [0.0, 3.0], runs=40_000, seed=2, params={"when_to": 1})["A"][:, 1]
    law = np.convolve(binom.pmf(range(66), 40, np.exp(-2.4)), binom.pmf(range(66), 25, np.exp(-2.0)))[:66]
    assert law_of(other, law) > ALARM


def test_a_rate_that_an_event_switches() -> None:
    """Births at rate 2, from t = 1 at rate 5.5: Poisson, and the rate is a state that may be any number."""
    system = process("param k = 2\nspecies A = 0\n0 -> A @ k\nat 1: k = k + 3.5")
    result = rx.sample(system, [0.0, 1.0, 2.5], runs=40_000, seed=3)
    assert law_of(result["A"][:, 1], poisson.pmf(range(40), 2.0)) > ALARM
    assert law_of(result["A"][:, 2], poisson.pmf(range(60), 2.0 + 5.5 * 1.5)) > ALARM
    assert (result["k"] == [2.0, 5.5, 5.5]).all()


def reset_generator(top: int, birth: float, death: float) -> np.ndarray:
    """Births and deaths of 0..top - 1, with the step to `top` leading to 0; a column a source."""
    q = np.zeros((top, top))
    for n in range(top):
        for m, rate in (((n + 1) % top, birth), (n - 1, death * n)):
            if rate:
                q[m, n] += rate
                q[n, n] -= rate
    return q


@pytest.mark.parametrize("search", [False, True], ids=["straight", "search"])
def test_birth_and_death_with_a_reset(search: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The master equation with the reset as part of the jump; N counts resets, its mean is their rate integrated."""
    if search:
        monkeypatch.setattr("rxncompile.kernels.lanes.MANY", 1)
    blocks._lanes.cache_clear()
    system = process("species A = 2, N = 0\n0 -> A @ 6\nA -> 0 @ 0.7\nwhen A >= 7: A = 0, N = N + 1")
    result = rx.sample(system, [0.0, 0.5, 2.0, 6.0], runs=40_000, seed=4)
    blocks._lanes.cache_clear()
    q = reset_generator(7, 6.0, 0.7)
    start = np.eye(7)[2]
    for i, t in ((1, 0.5), (2, 2.0), (3, 6.0)):
        assert law_of(result["A"][:, i], expm(q * t) @ start) > ALARM
        joined = np.zeros((8, 8))  # d/dt E[N] = birth P(A = 6)
        joined[:7, :7], joined[7, 6] = q, 6.0
        mean = (expm(joined * t) @ np.append(start, 0.0))[7]
        resets = result["N"][:, i]
        assert abs(resets.mean() - mean) < 4.0 * resets.std() / np.sqrt(len(resets))


def test_a_condition_on_count_and_time() -> None:
    """A >= 3 and t >= 1: what has come by t = 1 is cut there, later arrivals at the third. Poisson births, rate 2."""
    system = process("species A = 0, done = 0\n0 -> A @ 2\nwhen A >= 3 and t >= 1: A = 0, done = t")
    result = rx.sample(system, [0.0, 1.0, 1.4], runs=40_000, seed=5)
    cut = poisson.sf(2, 2.0)
    assert (result["A"][:, 1] <= 2).all()
    fired = (result["done"][:, 1] == 1.0).mean()
    assert abs(fired - cut) < 4.0 * np.sqrt(cut * (1 - cut) / 40_000)
    # without a cut at 1, n < 3 had come; it fires where three have come by 1.4
    late = sum(poisson.pmf(n, 2.0) * poisson.sf(2 - n, 0.8) for n in range(3))
    first = (result["done"][:, 1] == 0.0) & (result["done"][:, 2] > 1.0)
    assert abs(first.mean() - late) < 4.0 * np.sqrt(late * (1 - late) / 40_000)


def test_more_conditions_than_bits_of_a_word() -> None:
    """70 thresholds, each noting its passing: all of them up to the highest count."""
    lines = ["species A = 0, " + ", ".join(f"N{i} = 0" for i in range(70)), "0 -> A @ 30"]
    lines += [f"when A >= {i + 1}: N{i} = N{i} + 1" for i in range(70)]
    values = rx.sample(process("\n".join(lines)), [0.0, 1.0, 2.0], runs=64, seed=6).values
    assert (values[:, :, 1:] == (values[:, :, :1] > np.arange(70))).all()
    assert values[:, -1, 0].max() > 64


# ---------------------------------------------------------------------------------------------- when and in what order


def test_which_times_count() -> None:
    k = symbol("k")
    model = System(
        "m", (State(A, "A"), State(B, "B")), (Constant(k, "k", sp.Integer(3)),),
        events=(at(-1, B=1), at(2, A=A + 1), at(k, A=A + 10), at(2 * k, A=A + 100), at(50, B=1)),
    )  # fmt: skip
    path = rx.sample(model, [2, 3, 6, 7], runs=3)
    assert path["A"].tolist() == [[1, 11, 111, 111]] * 3  # one at the very start, one at a requested time
    assert not path["B"].any()
    assert rx.sample(model, [0, 2, 4, 6], params={"k": 4})["A"].tolist() == [0, 1, 11, 11]
    assert rx.sample(model, [0, 6])["A"].tolist() == [0, 111]  # at the very end
    assert rx.sample(model, [2.0])["A"].tolist() == [1]


C, N = symbol("C"), symbol("N")
DETERMINISTIC = {
    "declared order": (
        clockwork((at(1, A=A + 1), at(1, A=A * 10), at(1, A=B, B=A)), A=1, B=0), [0, 1], {"A": [1, 0], "B": [0, 20]},
    ),
    "woken after those that wake": (
        clockwork((when(A > 4, A=A + 100), when(TIME >= 1, A=A * 3), when(TIME >= 1, A=A + 2)), A=1),
        [0, 1, 2], {"A": [1, 105, 105]},
    ),
    "timed and watched at one time": (
        clockwork((when(TIME >= 1, A=A * 3), at(1, A=A + 1), when(B >= 5, A=A * 10), at(2, B=5)), A=1, B=0),
        [0, 1, 2, 3], {"A": [1, 4, 40, 40]},
    ),
    "true at the start": (clockwork((when(B >= 1, A=A + 1), at(1, B=0), at(2, B=3)), A=0, B=1),
        [0, 1, 2], {"A": [0, 0, 1]}),
    "after its threshold": (clockwork((when(TIME > 1, A=A + 1), when(TIME >= 1, B=B + 1)), A=0, B=0),
        [0, 1, np.nextafter(1, 2)], {"A": [0, 0, 1], "B": [0, 1, 1]}),
    "a time below zero": (clockwork((when(TIME > -1, A=A + 1), when(TIME > 0, B=B + 1)), A=0, B=0),
        [-2, -1, np.nextafter(-1, 0), 0, 5e-324], {"A": [0, 0, 1, 1, 1], "B": [0, 0, 0, 0, 1]}),
    "its own next time": (
        clockwork((Trigger(True, C, ((A, A + 1), (C, C + sp.Rational(1, 2)))),), A=0, C=sp.Rational(1, 4)),
        [0, 0.25, 0.5, 0.75, 2.5], {"A": [0, 1, 1, 2, 5]},
    ),
    "backwards, scaled and in part": (
        clockwork((when(sp.Or(sp.Not(3 - 2 * TIME > 0), A > 9), A=TIME),
                   when(sp.And(2 * TIME / 3 > 1, TIME <= 2), B=1)), A=0, B=0),
        [0, 1.5, 2], {"A": [0, 1.5, 1.5], "B": [0, 0, 1]},
    ),
    "a slope of unknown sign": (
        clockwork((when(C * TIME > -2, A=A + 1), at(3, C=1), at(5, C=-1), at(6, C=0)), A=0, C=-1),
        [0, 2, 3, 5, 6], {"A": [0, 0, 1, 1, 2]},
    ),
    "equal for a moment": (
        clockwork((when(sp.Eq(TIME, 1), A=A + 1), when(sp.Ne(TIME, 1), B=B + 1)), A=0, B=0),
        [0, 1, 2], {"A": [0, 1, 1], "B": [0, 0, 1]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_order_and_times(name: str) -> None:
    model, times, expected = DETERMINISTIC[name]
    paths = rx.sample(model, times, runs=10)
    for label, values in expected.items():
        assert paths[label].tolist() == [values] * 10
    flow = [] if name in ("equal for a moment", "after its threshold", "a time below zero") else expected
    for label in flow:  # the ODE solver says the same, but cannot see a moment
        np.testing.assert_allclose(rx.integrate(model, times)[label], expected[label], rtol=1e-9, atol=1e-9)


def test_a_threshold_in_a_definition() -> None:
    system = process("param k = 3\nspecies A = 5\nlet phase = t/k\nA -> 0 @ 0\nwhen phase >= 1.1: A = 7")
    first = float(sp.Rational(33, 10))
    assert rx.sample(system, [0.0, np.nextafter(first, 0), first])["A"].tolist() == [5, 5, 7]


def test_a_condition_that_no_output_time_sees() -> None:
    """An event undone by the next one within one step still fires both."""
    system = clockwork((when(A >= 2, A=0, B=B + 1), when(TIME >= 1, A=2), at(1.5, A=3)), A=0, B=0)
    assert rx.sample(system, [0, 9])["B"].tolist() == [0, 2]


# ---------------------------------------------------------------------------------------------- the same numbers

MIXED = process("""
param k = 1.5
species A = 3, B = 0, N = 0
0 -> A @ 4*k
A -> B @ 1
B -> 0 @ 0.5
when A > 6: A = A - 4, N = N + 1
when B >= 3 and t > 2: B = 1, k = k/2 + 1
at 3.25: A = A + B, k = 2
observable ratio = A/(1 + B)
""")


@pytest.mark.parametrize("search", [False, True], ids=["straight", "search"])
def test_bits_do_not_depend_on_threads_blocks_and_lanes(search: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    t = np.linspace(0.0, 6.0, 25)
    blocks._lanes.cache_clear()
    runs = rx.sample(MIXED, t, runs=150, seed=7, threads=1)
    if search:
        monkeypatch.setattr("rxncompile.kernels.lanes.MANY", 1)
        blocks._lanes.cache_clear()
    assert rx.sample(MIXED, t, runs=150, seed=7, threads=3) == runs
    assert (rx.sample(MIXED, t, runs=11, seed=7).values == runs.values[:11]).all()
    for width in (4, 8, 16):
        monkeypatch.setattr(blocks, "vector_width", lambda width=width: width)
        monkeypatch.setattr(ssa, "_LEAST", 5 + width)
        monkeypatch.setattr(ssa, "_BLOCK", 5 + width)
        monkeypatch.setattr(blocks, "_SLICE", 1000)  # many calls of the machine code, too
        blocks._lanes.cache_clear()
        assert rx.sample(MIXED, t, runs=150, seed=7, threads=2) == runs
    blocks._lanes.cache_clear()
    assert runs["N"][:, -1].max() > 1
    assert len(np.unique(runs["k"])) > 2


def test_statistics_take_states_that_are_no_counts() -> None:
    t = np.linspace(0.0, 6.0, 7)
    paths = rx.sample(MIXED, t, runs=300, seed=7)
    one = rx.sample_statistics(MIXED, t, runs=300, seed=7, threads=1)
    assert rx.sample_statistics(MIXED, t, runs=300, seed=7, threads=3) == one
    assert one.labels == paths.labels
    np.testing.assert_allclose(one.mean, paths.mean, rtol=1e-13)
    np.testing.assert_allclose(one.sd, paths.sd, rtol=1e-11, atol=1e-13)
    assert (one.mean_of("A") == paths["A"].sum(axis=0) / 300).all()


def test_events_that_never_fire_leave_the_trajectories(method: Method) -> None:
    """The same events of the reactions, to the last bit: watching costs the direct sampler no random number."""
    if method is Method.REJECTION:
        pytest.skip("it looks at the clock more often where there are events")
    plain = process("species A = 3\n0 -> A @ 4\nA -> 0 @ 1")
    watched = process("species A = 3\n0 -> A @ 4\nA -> 0 @ 1\nwhen A > 1000: A = 0\nat 100: A = 0")
    t = np.linspace(0.0, 6.0, 7)
    assert (rx.sample(plain, t, runs=100, seed=8).values == rx.sample(watched, t, runs=100, seed=8).values).all()


# ---------------------------------------------------------------------------------------------- errors


def refused(system: System, **options: object) -> RxnError:
    with pytest.raises(RxnError) as caught:
        rx.sample(system, [0.0, 5.0], runs=options.pop("runs", 3), seed=1, **options)
    return caught.value


@pytest.mark.parametrize(
    ("event", "code", "words"),
    [
        ("at 2: A = A/2 + 0.25", "R609", ("gives 'A' the value", "at t = 2", "not whole", "run ")),
        ("at 2: A = -3", "R609", ("gives 'A' the value -3", "negative")),
        ("at 2: A = 1/(2 - t)", "R601", ("gives 'A' the value inf at t = 2",)),
        ("at 2: k = log(t - 3)", "R601", ("gives 'k' the value nan",)),
        ("at 2: A = 2^60", "R608", ("gives 'A' the value 1.15", "beyond the exact whole numbers")),
        ("when A < 1000 and t > 1: k = k, A = 4.5", "R609", ("gives 'A' the value 4.5",)),
        ("when t*t > 4: A = 0", "R610", ("depends on t in another way",)),
        ("when sin(t) > A: A = 0", "R610", ("depends on t in another way",)),
        ("when 2*t > A + 1: A = 0", "R610", ("compares t with A, which reactions change",)),
    ],
)
def test_what_an_event_may_not_do(event: str, code: str, words: tuple[str, ...]) -> None:
    error = refused(process(f"param k = 2\nspecies A = 5\nA -> 0 @ 0.1\n0 -> A @ k\n{event}"))
    assert error.code == code
    for word in words:
        assert word in error.message
    assert error.span is not None
    assert error.span.text.startswith(event.split(" ")[0])


def test_a_time_that_reactions_move() -> None:
    model = System("m", (State(A, "A"),), jumps=(Jump("j", ((A, 1),), sp.Integer(1)),), events=(at(A + 3, A=0),))
    error = refused(model)
    assert (error.code, error.span) == ("R610", SPAN)
    assert "'at 3 + A' compares t with A" in error.message


def test_events_without_end() -> None:
    flip = clockwork((at(1, A=1), when(A >= 1, A=0), when(A <= 0, A=1)), A=0)
    error = refused(flip)
    assert (error.code, error.span) == ("R607", SPAN)
    assert "fires without end at t = 1" in error.message
    creeping = clockwork((Trigger(True, C, ((C, C + sp.Rational(1, 10**9)),), SPAN),), C=1)
    error = refused(creeping, max_events=10_000)
    assert (error.code, error.span) == ("R606", SPAN)


def test_a_chain_of_events_is_not_without_end() -> None:
    """40 events, each waking the one before it, in one moment."""
    names = [symbol(f"s{i}") for i in range(41)]
    events = tuple(when(names[i + 1] >= 1, **{names[i].name: 1}) for i in range(40))
    model = clockwork((*events, at(1, s40=1)), **{n.name: 0 for n in names})
    assert rx.sample(model, [0, 1])["s0"].tolist() == [0, 1]


def test_an_event_that_assigns_no_state() -> None:
    model = System("m", (State(A, "A"),), (Constant(K, "k", sp.Integer(1)),), jumps=(Jump("j", ((A, 1),), K),),
                   events=(at(1, k=2),))  # fmt: skip
    error = refused(model)
    assert (error.code, error.span) == ("R501", SPAN)
    assert "assigns 'k', which is no state" in error.message


def test_a_time_that_is_none() -> None:
    model = System("m", (State(A, "A"),), (Constant(K, "k", sp.Integer(1)),), events=(at(sp.sqrt(K - 2), A=2),))
    assert refused(model).code == "R601"
    assert rx.sample(model, [0.0, 5.0], params={"k": 6})["A"].tolist() == [0, 2]
