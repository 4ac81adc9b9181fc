"""Conditions to stop at and first-passage times, against linear solves, the master equation and closed forms.

False alarms: each statistical comparison fails with probability below 1e-4 for a right sampler, under fixed seeds.
"""

from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from scipy.stats import kstest, norm

import rxncompile as rx
from rxncompile.cli import main
from rxncompile.errors import RxnError
from rxncompile.expressions import TIME, symbol
from rxncompile.simulators.master.long_run import first_passage_by
from rxncompile.system import System

ALARM = 1e-4
A, B = symbol("A"), symbol("B")


def process(text: str) -> System:
    return rx.jump_process(rx.parse(f"model M\n{text}\n"))


BIRTH = process("param k = 4\nspecies A = 3\n0 -> A @ k\nA -> 0 @ 1\nobservable twice = 2*A")
BOTH = process("species A = 5, B = 0\n0 -> A @ 3\nA <-> B @ 1, 0.5\nB -> 0 @ 0.4")


@pytest.mark.parametrize(("system", "target"), [(BIRTH, A >= 9), (BOTH, sp.And(A < 2, B > 4)), (BIRTH, sp.Eq(A, 0))])
def test_mean_passage_times_are_those_of_the_linear_solve(system: System, target: sp.Basic) -> None:
    runs = 20_000
    found = rx.sample_passage(system, target, runs, seed=1)
    exact = rx.first_passage(system, target)
    assert found.reached == pytest.approx(exact.probability, abs=1e-9)
    assert abs(found.mean - exact.mean_time) < norm.isf(ALARM / 2) * found.sd / np.sqrt(runs)


def test_the_chance_by_a_time_is_that_of_the_master_equation() -> None:
    runs, times = 20_000, [0.0, 1.0, 3.0, 6.0]
    found = rx.sample_passage(BIRTH, A >= 9, runs, until=6.0, seed=2)
    exact, bound = first_passage_by(BIRTH, A >= 9, times)
    assert bound.max() < 1e-6
    for time, p in zip(times[1:], exact[1:], strict=True):
        assert abs(found.by(time) - p) < norm.isf(ALARM / 2 / 3) * np.sqrt(p * (1 - p) / runs)
    assert found.reached == found.by(6.0)
    assert found.quantile(1.0) == np.inf
    with pytest.raises(RxnError, match="is after 6"):
        found.by(7.0)


def test_a_single_step_is_exponential() -> None:
    """The whole law: the first of 5 molecules decays after an exponential time of mean 1/(5 g)."""
    found = rx.sample_passage(process("species A = 5\nA -> 0 @ 0.7"), A < 5, 5000, seed=3)
    assert kstest(found.times, "expon", args=(0.0, 1.0 / 3.5)).pvalue > ALARM


def test_some_never_arrive() -> None:
    """A critical branching process that may die out: from 2, it reaches 10 with probability 1/5."""
    system = process("species A = 2\nA -> 2 A @ 1\nA -> 0 @ 1")
    runs = 10_000
    found = rx.sample_passage(system, A >= 10, runs, seed=4)
    assert abs(found.reached - 0.2) < norm.isf(ALARM / 2) * np.sqrt(0.16 / runs)
    assert (np.isinf(found.times).mean() == 1.0 - found.reached) and found.until == np.inf


def test_starts_at_the_target_take_no_time() -> None:
    assert (rx.sample_passage(BIRTH, A >= 3, 20, seed=1).times == 0.0).all()
    drawn = process("species A ~ Poisson(4)\n0 -> A @ 1")
    found = rx.sample_passage(drawn, A >= 4, 500, seed=5)
    at_once = rx.sample(drawn, [0.0], 500, seed=5)["A"][:, 0] >= 4
    assert ((found.times == 0.0) == at_once).all()


def test_a_stopped_process_stays() -> None:
    """Its law: P(stopped by t) of the master equation; where it stopped, the target; after that, nothing moves."""
    stopped = rx.stop_at(BOTH, A >= 8)
    paths = rx.sample(stopped, np.linspace(0.0, 9.0, 10), 4000, seed=6)
    there = paths["A"] >= 8
    assert (there[:, 1:] >= there[:, :-1]).all()
    assert (paths["A"][there] == 8).all()
    for i in range(9):
        assert (paths.values[there[:, i], i + 1] == paths.values[there[:, i], i]).all()
    exact = first_passage_by(BOTH, A >= 8, paths.t)[0]
    found = there.mean(axis=0)
    limit = norm.isf(ALARM / 2 / 9)
    assert (np.abs(found - exact)[1:] < limit * np.sqrt(exact * (1 - exact) / 4000)[1:] + 1e-12).all()
    whole = rx.master_equation(stopped, [0.0, 9.0]).marginal("A")
    assert whole[1][whole[0] == 8] == pytest.approx(exact[-1], abs=1e-6)
    assert "stopped (when = A >= 8)" in stopped.history[-1]
    assert rx.sample_statistics(stopped, [0.0, 9.0], 200, seed=6).quantile("A", 1.0)[-1] == 8


def test_events_stop_too() -> None:
    system = process("species A = 0\n0 -> A @ 0.001\nat 1: A = A + 5\nat 2: A = A + 5\nat 3: A = A + 5")
    paths = rx.sample(rx.stop_at(system, A >= 10), [0.0, 1.0, 2.0, 3.0, 4.0], 20, seed=1)["A"]
    assert (paths[:, -1] == paths[:, 2]).all()
    times = rx.sample_passage(system, A >= 10, 20, seed=1).times
    assert np.median(times) == 2.0


def test_refusals_have_names() -> None:
    moving = rx.rate_equations(rx.parse("model M\nspecies A = 3\nA' = -A\n"))
    cases = [
        (lambda: rx.stop_at(BIRTH, TIME > 3), "R610"), (lambda: rx.stop_at(moving, A < 1), "R610"),
        (lambda: rx.sample_passage(BIRTH, A > 9, 5, until=-1.0), "R603"),
        (lambda: rx.sample_passage(BIRTH, A > 9, 0), "R604"),
        (lambda: rx.sample_passage(BIRTH, A > 900, 5, max_events=1000, seed=1), "R606"),
        (lambda: rx.sample_passage(BIRTH, symbol("Q") > 9, 5, seed=1), "R507"),
    ]  # fmt: skip
    for act, code in cases:
        with pytest.raises(RxnError) as caught:
            act()
        assert caught.value.code == code


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "m.rxn"
    model.write_text("model M\nparam k = 4\nspecies A = 3, B = 1\n0 -> A @ k\nA -> B @ 1\nB -> 0 @ 2\n")
    system = rx.jump_process(rx.load(str(model)))
    common = ["simulate", str(model), "--method", "ssa", "--runs", "30"]
    assert main([*common, "--passage", "A >= 6 and B > 1"]) == 0
    rows = [line.split(",") for line in capsys.readouterr().out.splitlines() if not line.startswith("#")]
    found = rx.sample_passage(system, sp.And(A >= 6, B > 1), 30, seed=0)
    assert [float(time) for _, time in rows[1:]] == found.times.tolist()
    assert main([*common, "--until", "5", "--stop-when", "A >= 6", "-o", str(tmp_path / "x.npz")]) == 0
    assert rx.load_result(tmp_path / "x.npz") == rx.sample_statistics(
        rx.stop_at(system, A >= 6), np.linspace(0, 5, 101), 30, seed=0
    )
    wrong = ["A >=", "Q > 3", "A", "A > 3\nB > 2", "A > 3 : B = 2", "A > 2, 3", "A > 2, 3, B > 1", "1 > 2", "A > 1) #"]
    for written in wrong:
        capsys.readouterr()
        assert main([*common, "--passage", written]) == 1, written
        assert "is no condition" in capsys.readouterr().err
