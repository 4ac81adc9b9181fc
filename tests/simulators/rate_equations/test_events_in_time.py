"""Events and rates that depend on time, in one jump process: exact laws, the same numbers however divided, faults.

Each comparison of distributions fails with probability below 1e-4 for a right sampler, under fixed seeds.
"""

import numpy as np
import pytest
from exact_chances import chance
from scipy.integrate import solve_ivp
from scipy.stats import binom, norm, poisson

import rxncompile as rx
from rxncompile.errors import RxnError
from rxncompile.expressions import symbol
from rxncompile.simulators.jumps import rejection, ssa
from rxncompile.simulators.jumps.method import MANY_WITH_EVENTS, Method, method_of
from rxncompile.system import System

ALARM = 1e-4
RUNS = 20_000


def process(text: str) -> System:
    return rx.jump_process(rx.parse(f"model M\n{text}\n"))


def law_of(values: np.ndarray, expected: np.ndarray) -> float:
    return chance(values[:, np.newaxis], expected)


def test_a_dose_into_seasonal_births() -> None:
    """Births at rate 6 (1 + sin 3t), deaths at rate 0.8, from 0, and 25 more at t = 1.5: Poisson plus binomial."""
    system = process("species A = 0\n0 -> A rate 6*(1 + sin(3*t))\nA -> 0 @ 0.8\nat 1.5: A = A + 25")
    assert method_of(system) is Method.REJECTION
    times = [0.0, 1.0, 1.5, 2.5]
    paths = rx.sample(system, times, runs=RUNS, seed=1)["A"]
    for k, t in enumerate(times[1:], start=1):
        s = np.linspace(0.0, t, 20_001)
        mean = np.trapezoid(6.0 * (1.0 + np.sin(3.0 * s)) * np.exp(-0.8 * (t - s)), s)
        law = poisson.pmf(range(60), mean)
        if t >= 1.5:
            law = np.convolve(law, binom.pmf(range(26), 25, np.exp(-0.8 * (t - 1.5))))
        assert law_of(paths[:, k], law) > ALARM, t


def test_a_reset_of_seasonal_births() -> None:
    """The master equation with a rate in time and the reset as part of the jump; N counts resets."""
    system = process("species A = 2, N = 0\n0 -> A rate 6*(1 + cos(2*t))\nA -> 0 @ 0.7\nwhen A >= 7: A = 0, N = N + 1")
    top = 7

    def slope(t: float, p: np.ndarray) -> np.ndarray:
        birth, n = 6.0 * (1.0 + np.cos(2.0 * t)), np.arange(top)
        out = -(birth + 0.7 * n) * p[:top]
        out[1:] += birth * p[: top - 1]
        out[0] += birth * p[top - 1]
        out[:-1] += 0.7 * n[1:] * p[1:top]
        return np.append(out, birth * p[top - 1])

    times = [0.0, 0.4, 2.0, 5.0]
    exact = solve_ivp(slope, (0.0, 5.0), np.append(np.eye(top)[2], 0.0), t_eval=times, rtol=1e-9, atol=1e-12).y
    paths = rx.sample(system, times, runs=RUNS, seed=2)
    for k in (1, 2, 3):
        assert law_of(paths["A"][:, k], exact[:top, k]) > ALARM
        resets = paths["N"][:, k]
        assert abs(resets.mean() - exact[top, k]) < norm.isf(ALARM / 2) * resets.std() / np.sqrt(RUNS)


def test_a_law_that_an_event_shifts() -> None:
    """The phase of a rate is a state that may be any number, here -1 and then 2 from t = 1 on: Poisson births."""
    system = process("param phase = -1\nspecies A = 0\n0 -> A rate 5*(1 + sin(t + phase))\nat 1: phase = 2")
    paths = rx.sample(system, [0.0, 1.0, 3.0], runs=RUNS, seed=3)
    first = 5.0 * (1.0 + np.cos(-1.0) - np.cos(0.0))
    second = first + 5.0 * (2.0 + np.cos(3.0) - np.cos(5.0))
    assert law_of(paths["A"][:, 1], poisson.pmf(range(40), first)) > ALARM
    assert law_of(paths["A"][:, 2], poisson.pmf(range(60), second)) > ALARM
    assert (paths["phase"] == [-1.0, 2.0, 2.0]).all()


def test_passage_where_rates_depend_on_time() -> None:
    """The third arrival of births at rate 2t: its time is sqrt of a Gamma(3)."""
    system = process("species A = 0\n0 -> A rate 2*t")
    found = rx.sample_passage(system, symbol("A") >= 3, RUNS, until=10.0, seed=4)
    assert found.reached == 1.0
    squares = found.times**2
    assert abs(squares.mean() - 3.0) < norm.isf(ALARM / 2) * np.sqrt(3.0 / RUNS)
    assert abs(found.by(1.2) - poisson.sf(2, 1.44)) < norm.isf(ALARM / 2) * 0.5 / np.sqrt(RUNS)


def test_both_samplers_have_one_law() -> None:
    """A switch at a time, a condition on a count and one on both; the samplers' ensembles, compared whole."""
    text = "param k = 1\nspecies A = 3, B = 0\n0 -> A @ 4*k\nA -> B @ 1\nB -> 0 @ 0.5\n"
    text += "when A > 6: A = A - 4\nwhen B >= 3 and t > 2: B = 1, k = k/2 + 1\nat 3.25: A = A + B, k = 2"
    t = [0.0, 1.0, 2.0, 3.25, 6.0]
    one, other = (rx.sample_statistics(process(text), t, RUNS, seed=5 + i, method=m) for i, m in enumerate(Method))
    found = rx.compare(one, other, alarm=ALARM)
    assert found.agree, str(found)


MIXED = """
param k = 1.5
species A = 3, B = 0, N = 0
0 -> A rate 4*k*(1 + sin(t))
A -> B @ 1
B -> 0 @ 0.5
when A > 6: A = A - 4, N = N + 1
when B >= 3 and t > 2: B = 1, k = k/2 + 1
at 3.25: A = A + B, k = 2
observable ratio = A/(1 + B)
"""


def test_bits_do_not_depend_on_how_work_is_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    system, t = process(MIXED), np.linspace(0.0, 6.0, 25)
    runs = rx.sample(system, t, runs=80, seed=7, threads=1)
    assert runs.method == "rejection"
    assert runs["N"][:, -1].max() > 1 and len(np.unique(runs["k"])) > 2
    assert (rx.sample(system, t, runs=11, seed=7).values == runs.values[:11]).all()
    monkeypatch.setattr(ssa, "_LEAST", 7)
    monkeypatch.setattr(ssa, "_BLOCK", 7)
    monkeypatch.setattr(rejection, "_STEPS", 37)  # hardly a trajectory ends within a call
    assert rx.sample(system, t, runs=80, seed=7, threads=2) == runs


def test_rows_at_the_time_of_an_event() -> None:
    """The values after it, whether it is the first, an inner or the last output time, or the only one."""
    system = process("species A = 0, B = 0\n0 -> A rate 0*t\nat 0: B = B + 1\nat 2: B = B + 10\nat 5: B = B + 100")
    for times, values in (([0, 2, 5], [1, 11, 111]), ([0, 1.9, 2.1], [1, 1, 11]), ([2], [10]), ([3], [0])):
        assert rx.sample(system, times)["B"].tolist() == values


@pytest.mark.parametrize(("line", "code", "words"), [
    ("at 2: A = A/2 + 0.25", "R609", ("gives 'A' the value", "at t = 2", "not whole", "run ")),
    ("at 2: A = 1/(2 - t)", "R601", ("gives 'A' the value inf at t = 2",)),
    ("when A >= 0 and t > 1: A = -1", "R609", ("negative",)),
    ("slip: 0 -> A rate 2 - t\nat 1: A = 3", "R602", ("'slip'", "negative", "run ")),
])  # fmt: skip
def test_faults_have_names(line: str, code: str, words: tuple[str, ...]) -> None:
    with pytest.raises(RxnError) as caught:
        rx.sample(process(f"species A = 5\n0 -> A rate 1 + sin(t)\nA -> 0 @ 0.1\n{line}"), [0.0, 5.0], 3, seed=1)
    assert caught.value.code == code
    for word in words:
        assert word in caught.value.message


def test_the_rule_for_large_networks_with_events() -> None:
    reactions = "\n".join(f"S{i} -> S{i + 1} @ 1" for i in range(MANY_WITH_EVENTS))
    species = ", ".join(f"S{i}" for i in range(MANY_WITH_EVENTS + 1))
    assert method_of(process(f"species {species}\n{reactions}\nat 1: S0 = 9")) is Method.REJECTION
    fewer = reactions.rpartition("\n")[0]
    assert method_of(process(f"species {species}\n{fewer}\nat 1: S0 = 9")) is Method.DIRECT
