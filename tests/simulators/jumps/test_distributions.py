"""Whole distributions of the samplers against the master equation, and the comparison that judges them.

Seeds are fixed. Each comparison has a chance of ALARM of a false alarm, all of this file together of one in 500.
"""

import numpy as np
import pytest
from scipy.stats import poisson

from rxncompile.derivations.rates import jump_process, rate_equations
from rxncompile.errors import RxnError
from rxncompile.language import parse
from rxncompile.simulators.jumps.method import Method
from rxncompile.simulators.jumps.ssa import sample
from rxncompile.simulators.master.master_equation import master_equation
from rxncompile.simulators.rate_equations.ode import integrate
from rxncompile.simulators.results.comparison import _known, _tests, compare
from rxncompile.simulators.runs.ensembles import sample_statistics

ALARM = 1e-4
RUNS = 20_000

BIRTH_DEATH = "species X = 5\n0 -> X @ 30\nX -> 0 @ 1"
MODELS = {
    "birth and death": (BIRTH_DEATH, [0.2, 1.0, 5.0]),
    "dimerisation": ("species A = 60, D\n2 A <-> D @ 0.01, 0.5\n0 -> A @ 4\nA -> 0 @ 0.2", [0.3, 2.0, 10.0]),
    "Schloegl, bistable": (  # a smaller volume than the usual one, so that it switches within the time
        "species X = 20\n2 X -> 3 X @ 0.37\n3 X -> 2 X @ 0.012\n0 -> X @ 20\nX -> 0 @ 3.9", [0.3, 3.0, 12.0],
    ),
    "toggle switch, bistable": (
        "species U = 5, V = 5\n0 -> U rate 12/(1 + (V/3)^2)\n0 -> V rate 12/(1 + (U/3)^2)\nU -> 0 @ 1\nV -> 0 @ 1",
        [0.5, 3.0, 20.0],
    ),
    "bursty gene": (
        "species Off = 1, On, M\nOff <-> On @ 0.3, 2\nOn -> On + M @ 40\nM -> 0 @ 1", [0.5, 3.0, 20.0],
    ),
    "gene autoregulation": (
        "species G = 1, B, M, P = 3\nG + P <-> B @ 0.05, 0.5\nG -> G + M @ 4\nM -> M + P @ 3\nM -> 0 @ 2\nP -> 0 @ 0.7",
        [0.5, 2.0, 8.0],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_both_methods_against_the_master_equation(name: str) -> None:
    text, times = MODELS[name]
    system = jump_process(parse(text))
    t = np.array([0.0, *times])
    exact = master_equation(system, t, error=1e-9)
    for seed, method in enumerate(Method):
        found = compare(sample_statistics(system, t, runs=RUNS, seed=seed, method=method), exact, alarm=ALARM)
        assert found.agree, f"{method}: {found}"
        assert {test.what for test in found.tests} >= {"mean", "distribution"}


def test_the_bistable_models_have_two_modes() -> None:
    """So that what is compared above is not a bell."""
    for name, label in (("Schloegl, bistable", "X"), ("toggle switch, bistable", "U")):
        text, times = MODELS[name]
        _, p = master_equation(jump_process(parse(text)), [0.0, times[-1]]).marginal(label)
        inner = p[1:-1]
        modes = np.count_nonzero((inner > p[:-2]) & (inner > p[2:])) + (p[0] > p[1])
        assert modes == 2, name


def test_a_rate_that_is_wrong_by_two_percent_is_found() -> None:
    t = [0.0, 1.0, 5.0]
    exact = master_equation(jump_process(parse(BIRTH_DEATH)), t)
    wrong = jump_process(parse(BIRTH_DEATH.replace("30", "30.6")))
    found = compare(sample_statistics(wrong, t, runs=RUNS, seed=1), exact, alarm=ALARM)
    assert found.agree is False
    assert found.worst is not None and found.worst.label == "X"
    assert found.rejected[0] == found.worst
    assert "differ" in str(found) and "X at t = " in str(found)


def test_the_right_mean_and_variance_with_the_wrong_shape_are_found() -> None:
    """6 or 10 by a coin against Binomial(16, 1/2)."""
    t = [0.0, 1.0]
    switch = "species A = 16, B\nA <-> B @ 50, 50"
    one = sample(jump_process(parse(switch)), t, runs=RUNS, seed=3)
    values = one.values.copy()
    coin = np.random.default_rng(0).random((RUNS, 1)) < 0.5
    values[:, 1, :] = np.where(coin, [6.0, 10.0], [10.0, 6.0])  # 8 +- 2: mean and variance of Binomial(16, 1/2)
    fake = type(one)(one.name, one.t, one.labels, one.units, values, one.method, one.seed)
    found = compare(fake, one, alarm=ALARM)
    assert {test.what for test in found.rejected} >= {"distribution"}
    assert not any(test.what == "mean" for test in found.rejected)


def test_two_ensembles_and_all_forms_of_one() -> None:
    system = jump_process(parse(BIRTH_DEATH))
    t = [0.0, 0.5, 2.0]
    one, two = (sample(system, t, runs=5000, seed=s) for s in (1, 2))
    assert compare(one, two, alarm=ALARM).agree
    kept = sample_statistics(system, t, runs=5000, seed=2)
    assert compare(one, kept, alarm=ALARM) == compare(one, two, alarm=ALARM)  # histograms hold what runs hold
    bare = two.statistics()
    assert {test.what for test in compare(one, bare).tests} == {"mean"}
    later = sample(system, t, params={}, initial={"X": 6}, runs=5000, seed=1)
    assert compare(one, later, alarm=ALARM).agree is False


def test_false_alarms_are_as_rare_as_stated() -> None:
    """300 comparisons at one in ten: at most the 1e-4 quantile of Binomial(300, 0.1), 50; far from none at all."""
    system = jump_process(parse("species X = 5\n0 -> X @ 8\nX -> 0 @ 1"))
    t = [0.0, 0.4, 2.0]
    exact = master_equation(system, t)
    drawn = sample(system, t, runs=300 * 400, seed=5)
    alarms = sum(compare(drawn.select(slice(400 * i, 400 * (i + 1))), exact, alarm=0.1).agree is False
                 for i in range(300))  # fmt: skip
    assert 5 <= alarms <= 50


def test_a_deterministic_solution_is_told_apart_by_distance_alone() -> None:
    net = parse(BIRTH_DEATH)
    t = [0.0, 1.0, 3.0]
    found = compare(integrate(rate_equations(net), t), master_equation(jump_process(net), t))
    assert found.agree is None and found.worst is None
    assert found.distance < 1e-6  # the process is linear
    assert "not tested" in str(found)


def test_refusals() -> None:
    one, other = (master_equation(jump_process(parse(f"species {x} = 3\n{x} -> 0 @ 1")), [0.0, 1.0]) for x in "AB")
    with pytest.raises(RxnError, match="no label in common"):
        compare(one, other)
    with pytest.raises(RxnError) as caught:
        compare(one, one, alarm=1.5)
    assert caught.value.code == "R604"
    later = master_equation(jump_process(parse("species A = 3\nA -> 0 @ 1")), [5.0, 7.0])
    with pytest.raises(RxnError, match="no time in common"):
        compare(one, later)


def test_a_rare_event_that_no_run_has_seen_is_no_difference() -> None:
    """One molecule that is bound a thousandth of the time: fifty runs that all find it free say nothing."""
    net = parse("species A = 1, B\nA <-> B @ 1, 1000")
    system, t = jump_process(net), [0.0, 1.0, 2.0, 3.0]
    exact = master_equation(system, t)
    drawn = sample(system, t, runs=50, seed=1)
    assert not drawn["B"].any()  # what makes this test one of that
    assert compare(drawn, exact).agree


def test_tails_of_means_are_those_of_poisson_numbers() -> None:
    """p of a mean that is five times too large, of runs that expect 4 events together, against the exact tail."""
    k = np.arange(40.0)
    law = poisson.pmf(k, 0.02)
    exact, drawn = _known(k, law / law.sum(), np.inf), _known(np.array([0.0, 1.0]), np.array([180.0, 20.0]), 200.0)
    p = next(p for what, _, p in _tests(drawn, exact, 1.0) if what == "mean")
    assert 1.0 < p / (2.0 * poisson.sf(19, 4.0)) < 4.0  # a gamma law has no steps; the normal one is off by 1e7
