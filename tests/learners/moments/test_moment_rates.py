"""Rates from moments: exact ones give exact rates; sampled ones as well as their information allows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rxncompile import RxnError, jump_process, master_equation, moments, parse, sample
from rxncompile.expressions import symbol
from rxncompile.learners.moments import (
    MomentData,
    OrdinaryRates,
    RateEstimate,
    Selection,
    measured_moments,
    non_negative_rates,
    ordinary_rates,
    rates_by_integrals,
    rates_from_moments,
    select_reactions,
    snapshot_moments,
)
from rxncompile.learners.moments.model import model_of, relation_of
from rxncompile.monomials import Kind
from rxncompile.network import Network
from rxncompile.simulators.results.distribution import Distribution
from rxncompile.simulators.results.trajectory import Trajectory

MODEL = Path(__file__).parents[3] / "models" / "spcm.rxn"
PAPER = MODEL.read_text().replace("observable clone = A + B", "")
CANDIDATES = PAPER + "param k1 : 1/week = 0, k2 : 1/week = 0\nlost: A -> 0 @ k1\nturn: A -> B @ k2\n"
TRUTH = {"lambda": 1.1, "r1": 0.0836, "r2": 0.0764, "Gamma": 0.31, "k1": 0.0, "k2": 0.0}
# standard deviations that the moments of a million runs allow: the Cramer-Rao bound by covariance and slopes, rounded
ALLOWED = {
    "lambda": 0.0006 * 1.1, "r1": 0.0011 * 0.0836, "r2": 0.0068 * 0.0764, "Gamma": 0.0003 * 0.31, "k1": 0.00066,
    "k2": 0.00126,
}  # fmt: skip
WEEKS = np.arange(21.0)
LOT = 10_000


def lots(first: int, last: int) -> Iterator[Trajectory]:
    system = jump_process(parse(PAPER))
    return (sample(system, WEEKS, runs=LOT, seed=8_000 + k) for k in range(first, last))


@cache
def some_runs() -> MomentData:
    return measured_moments(lots(0, 10), 2, ("A", "B"))


def exact(net: Network, truth: dict[str, float], t: np.ndarray, order: int = 2) -> MomentData:
    """The moments of the model itself, as if of very many runs."""
    relation = relation_of(net, order, Kind.CENTRAL, tuple(truth))
    model = model_of(net, order, relation.parameters)
    found = model.predict(np.array([truth[s.name] for s in relation.parameters]), t).moments
    count = len(model.species)
    return MomentData(t, model.species, order, found[:, :count], found[:, count:], 10**6)


@pytest.mark.parametrize("name", ["birth and death", "three steps", "bursts", "Poisson start", "order three"])
def test_exact_moments_give_exact_rates(name: str) -> None:
    """From values that are far away: every rate to what the integrator leaves."""
    text, truth = {
        "birth and death": ("param b = 1, d = 1\nspecies A = 3\n0 -> A @ b\nA -> 0 @ d\n", {"b": 20.0, "d": 0.3}),
        "three steps": (
            "param a = 1, b = 1, c = 1\nspecies X = 40, Y, Z\nX -> Y @ a\nY -> Z @ b\nZ -> X @ c\n",
            {"a": 0.5, "b": 0.2, "c": 0.05},
        ),
        "bursts": (
            "param up = 1, off = 1, k = 1, g = 1\nspecies D = 1, G, M\nD <-> G @ up, off\nG -> G + M @ k\nM -> 0 @ g\n",
            {"up": 0.2, "off": 0.6, "k": 9.0, "g": 0.4},
        ),
        "Poisson start": ("param d = 1, m = 30\nspecies A ~ Poisson(m)\nA -> 0 @ d\n", {"d": 0.25}),
        "order three": ("param b = 1, d = 1\nspecies A = 3\n0 -> 3 A @ b\nA -> 0 @ d\n", {"b": 2.0, "d": 0.3}),
    }[name]
    net = parse(text)
    data = exact(net, truth, np.linspace(0.5, 8.0, 10), 3 if name == "order three" else 2)
    found = rates_from_moments(net, data, unknown=truth)
    np.testing.assert_allclose([found[n] for n in truth], list(truth.values()), rtol=1e-6)
    assert found.distance < 1e-3 * found.freedom
    assert found.lost == ()


def test_what_moments_do_not_tell() -> None:
    """Two ways out at the same place: only their sum is known; one is left out, and it is said."""
    head = "param a = 0.1, b = 0.1, c = 5\nspecies A = 50\n"
    net = parse(head + "first: A -> 0 @ a\nsecond: A -> 0 @ b\nmade: 0 -> A @ c\n")
    data = exact(net, {"a": 0.1, "b": 0.1, "c": 5.0}, np.linspace(1.0, 9.0, 9))
    found = rates_from_moments(net, data)
    assert found.lost == ("a", "b")
    assert found["a"] + found["b"] == pytest.approx(0.2, rel=1e-6)
    assert np.isinf(found.sd[:2]).all() and np.isfinite(found.sd[2])
    assert [np.isinf(r.sd) for r in found.reactions] == [True, True, False]
    assert "do not tell a and b" in str(found)
    chosen = select_reactions(net, data)
    assert len(chosen.absent) == 1 and "cannot be told from" in chosen.notes[0]
    left = next(r for r in chosen.chosen.reactions if r.reaction != "made")
    assert left.rate == pytest.approx(0.2, rel=1e-6)


def test_conserved_moments_are_counted_once() -> None:
    """X + Y is constant: of five moments at each time two are free."""
    net = parse("param a = 0.4, b = 0.2\nspecies X = 30, Y\nX <-> Y @ a, b\n")
    data = exact(net, {"a": 0.4, "b": 0.2}, np.linspace(1.0, 5.0, 5))
    assert rates_from_moments(net, data).freedom == 2 * 5 - 2


@cache
def estimated() -> RateEstimate:
    return rates_from_moments(parse(CANDIDATES), some_runs())


@cache
def ordinary() -> OrdinaryRates:
    return ordinary_rates(parse(CANDIDATES), some_runs())


@cache
def selected() -> Selection:
    return select_reactions(parse(CANDIDATES), some_runs())


def test_spcm() -> None:
    """10^5 runs: each within 3.5 sd of what their information allows (one false alarm in 350 seeds)."""
    found = estimated()
    for name, truth in TRUTH.items():
        assert abs(found[name] - truth) < 3.5 * np.sqrt(10.0) * ALLOWED[name]
        k = found.names.index(name)
        # the stated errors are the information; what is allowed is rounded to one or two digits, Gamma's by 15 %
        assert found.sd[k] == pytest.approx(np.sqrt(10.0) * ALLOWED[name], rel=0.2)
    assert found.freedom == 94 and found.p > 1e-4
    low, high = found.interval("lambda", 0.95)
    assert high - low == pytest.approx(2 * 1.959964 * found.sd[found.names.index("lambda")], rel=1e-6)


def test_ordinary_least_squares_are_less_precise() -> None:
    """As in the paper: rates to per cents. Both ways see the same moments."""
    off = {n: abs(ordinary()[n] - TRUTH[n]) / ALLOWED[n] for n in TRUTH}
    best = {n: abs(estimated()[n] - TRUTH[n]) / ALLOWED[n] for n in TRUTH}
    assert np.mean(list(off.values())) > 1.5 * np.mean(list(best.values()))
    assert all(abs(ordinary()[n] - TRUTH[n]) < 0.15 * (TRUTH[n] or 0.5) for n in TRUTH)
    assert ordinary().contradiction > 1e-3


def test_absent_reactions() -> None:
    found = selected()
    assert set(found.absent) == {"lost", "turn"} and found.p > 1e-3
    assert all(0.0 < b < 0.02 for b in found.bounds)
    values = {p.name: float(p.value) for p in found.learned.parameters}
    for name in ("lambda", "r1", "r2", "Gamma"):
        assert values[name] == pytest.approx(TRUTH[name], rel=0.01)


def test_no_rate_below_zero() -> None:
    """The constrained estimate in closed form: with one rate at its bound it is the conditional mean of the others."""
    net = parse("param a = 0.3, b = 0.1, c = 5\nspecies A = 50, B\nA -> B @ a\nA -> 0 @ b\n0 -> A @ c\n")
    found = rates_from_moments(net, exact(net, {"a": 0.3, "b": 0.1, "c": 5.0}, np.linspace(1.0, 9.0, 9)))
    assert non_negative_rates(found) is found
    moved = replace(found, values=found.values - np.array([0.0, 0.2, 0.0]))
    rates = zip(found.reactions, moved.values, strict=True)
    low = replace(moved, reactions=tuple(replace(r, rate=x) for r, x in rates))
    again = non_negative_rates(low)
    C, x = found.covariance, moved.values
    expected = x - C[:, 1] / C[1, 1] * x[1]
    np.testing.assert_allclose(again.values, expected, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(again.covariance, C - np.outer(C[:, 1], C[:, 1]) / C[1, 1], atol=1e-9 * C.max())
    assert again.distance - low.distance == pytest.approx(x[1] ** 2 / C[1, 1], rel=1e-6)
    assert "ended at zero" in again.notes[-1] and again.reactions[1].rate < 1e-12


def variation(learned: Network) -> np.ndarray:
    """Of the joint distribution at 1, 5, 10 and 20 weeks."""

    def solved(net: Network) -> Distribution:
        return master_equation(jump_process(net), [0.0, 1.0, 5.0, 10.0, 20.0], error=1e-4)

    return solved(learned).total_variation(solved(parse(PAPER)))[1:]


@pytest.mark.slow
def test_joint_distribution() -> None:
    assert (variation(selected().learned) < 0.01).all()


def test_weights_from_other_runs() -> None:
    net = parse(CANDIDATES)
    other = measured_moments(lots(100, 101), 2, ("A", "B"), spread=True)
    found = rates_from_moments(net, some_runs(), weights=other)
    for name in TRUTH:
        assert abs(found[name] - estimated()[name]) < 0.5 * np.sqrt(10.0) * ALLOWED[name]  # weights move it little


def test_open_equations_by_integrals() -> None:
    """Dimerisation with third moments measured exactly: what splines through 60 times leave is below 0.1 %."""
    net = parse("param k = 1, b = 1, d = 1\nspecies A = 20\n2 A -> 0 @ k\n0 -> A @ b\nA -> 0 @ d\n")
    truth = {"k": 0.02, "b": 3.0, "d": 0.1}
    t = np.linspace(0.0, 6.0, 61)
    law = master_equation(jump_process(net), t, params=truth, error=1e-10)
    central = []
    for s in law.snapshots[1:]:
        away = s.values[:, 0] - s.p @ s.values[:, 0]
        central.append([s.p @ away**2, s.p @ away**3])
    values = np.array(central)
    data = MomentData(t[1:], ("A",), 3, law.mean_of("A")[1:, np.newaxis], values, 10**4, False, np.eye(180))
    found = rates_by_integrals(net, data)
    np.testing.assert_allclose([found[n] for n in truth], list(truth.values()), rtol=1e-3)
    assert "from the same runs" in str(found)
    assert "from the same runs" not in str(rates_by_integrals(net, data, weights=data))
    with pytest.raises(RxnError) as refused:
        rates_from_moments(net, data)
    assert refused.value.code == "R532"
    alone = MomentData(t[1:], ("A",), 1, law.mean_of("A")[1:, np.newaxis], np.zeros((60, 0)), 10**4)
    with pytest.raises(RxnError) as refused:
        rates_by_integrals(net, alone)
    assert refused.value.code == "R532"


def test_snapshots_of_different_individuals() -> None:
    """40 sets of snapshots of 300 to 1,500 cells each: z of a rate has mean 0 and variance 1 (4 standard errors)."""
    net = parse("param b = 8, d = 0.4\nspecies A = 2\n0 -> A @ b\nA -> 0 @ d\n")
    t, rng = np.array([0.5, 1.5, 4.0]), np.random.default_rng(11)
    z = []
    for _ in range(40):
        kept = np.exp(-0.4 * t)
        counts = [
            (rng.binomial(2, p, size) + rng.poisson(20.0 * (1 - p), size))[:, np.newaxis]
            for p, size in zip(kept, (300, 1_500, 600), strict=True)
        ]
        found = rates_from_moments(net, snapshot_moments(t, counts, ["A"]))
        z.append(list(found.errors({"b": 8.0, "d": 0.4}).values()))
    assert (np.abs(np.mean(z, axis=0)) < 4.0 / np.sqrt(40.0)).all()
    assert (np.abs(np.var(z, axis=0) - 1.0) < 4.0 * np.sqrt(2.0 / 40.0)).all()
    assert found.freedom == 4


@settings(max_examples=6, deadline=None)
@given(st.data())
def test_random_candidates(data: st.DataObject) -> None:
    """Exact moments of random reactions of order 0 and 1: each rate comes back, or is said not to be told."""
    names = ["A", "B"]
    made = st.lists(st.sampled_from(names), max_size=2).map(sorted)
    sides = st.tuples(st.sampled_from([[], ["A"], ["B"]]), made).filter(lambda p: p[0] != p[1])
    pairs = data.draw(st.lists(sides, min_size=1, max_size=4, unique_by=str))
    rates = data.draw(st.lists(st.sampled_from([0.1, 0.2, 0.35, 0.5]), min_size=len(pairs), max_size=len(pairs)))
    lines = [f"{' + '.join(a) or '0'} -> {' + '.join(b) or '0'} @ k{i}" for i, (a, b) in enumerate(pairs)]
    head = "param " + ", ".join(f"k{i} = 0.25" for i in range(len(pairs)))
    net = parse(f"{head}\nspecies A = 20, B = 12\n" + "\n".join(lines) + "\n")
    truth = {f"k{i}": x for i, x in enumerate(rates)}
    found = rates_from_moments(net, exact(net, truth, np.linspace(0.5, 4.0, 8)))
    for name, x in truth.items():
        assert name in found.lost or found[name] == pytest.approx(x, rel=1e-5, abs=1e-7)


def test_refused() -> None:
    net = parse("param b = 1, d = 1\nspecies A = 3\n0 -> A @ b\nA -> 0 @ d\n")
    data = exact(net, {"b": 2.0, "d": 0.3}, np.array([1.0, 2.0]))
    other = exact(net, {"b": 2.0, "d": 0.3}, np.array([1.0, 3.0]))
    with pytest.raises(RxnError) as refused:
        rates_from_moments(net, data, weights=other)
    assert refused.value.code == "R714"
    with pytest.raises(RxnError, match="same runs"):
        rates_from_moments(net, data, weights=replace(data, spread=np.eye(4)))
    still = parse("param b = 1\nspecies A = 0\nA -> 0 @ b\n")
    nothing = measured_moments(sample(jump_process(still), [0.0, 1.0, 2.0], runs=30, seed=1), spread=True)
    for way in (rates_from_moments, rates_by_integrals):
        with pytest.raises(RxnError, match="no spread"):
            way(still, nothing)
    for counts in ([[1, 2]], [[[1], [2]], [[1], [2]]]):
        with pytest.raises(RxnError) as refused:
            snapshot_moments([1.0], counts, ["A"])
        assert refused.value.code == "R714"
    with pytest.raises(RxnError) as refused:
        rates_from_moments(parse("param b = 1\nspecies C = 3\nC -> 0 @ b\n"), data)
    assert refused.value.code == "R704"
    with pytest.raises(RxnError) as refused:
        rates_from_moments(parse("param b = 1\nspecies A = 3\nA -> 0 @ b\nat 1: A = 2\n"), data)
    assert refused.value.code == "R532"


# ---------------------------------------------------------------------------------------------- the full form


@pytest.mark.slow
def test_a_million_runs_and_a_hundred_sets() -> None:
    """Chances of a false alarm: 1.6 % for six values within 3 sd, below 2 % for the rest together."""
    net = parse(CANDIDATES)
    sets = [measured_moments(lot, 2, ("A", "B")) for lot in lots(1_000, 1_100)]
    z, error = [], []
    for data in sets:
        found = rates_from_moments(net, data)
        z.append([found.errors({n: x})[n] for n, x in TRUTH.items()])
        error.append([found[n] - x for n, x in TRUTH.items()])
    allowed = 10.0 * np.array([ALLOWED[n] for n in TRUTH])
    assert (np.sqrt((np.array(error) ** 2).mean(axis=0)) <= 1.3 * allowed).all()
    assert (np.abs(np.mean(z, axis=0)) <= 0.35).all()
    assert ((np.abs(z) < 1.959964).sum(axis=0) >= 86).all()
    whole = rates_from_moments(net, measured_moments(lots(1_000, 1_100), 2, ("A", "B")))
    assert all(abs(whole[n] - x) < 3 * ALLOWED[n] for n, x in TRUTH.items())
    chosen = select_reactions(net, measured_moments(lots(1_000, 1_100), 2, ("A", "B")))
    assert set(chosen.absent) == {"lost", "turn"}
    assert (variation(chosen.learned) < 0.01).all()


def test_labels_of_species_are_kept() -> None:
    """Species in the order of the network, whatever the order of the data."""
    net = parse("param a = 1, b = 1\nspecies X = 30, Y\nX -> Y @ a\nY -> 0 @ b\n")
    data = exact(net, {"a": 0.4, "b": 0.2}, np.linspace(1.0, 5.0, 5)).of_species(["Y", "X"])
    found = rates_from_moments(net, data)
    np.testing.assert_allclose([found["a"], found["b"]], [0.4, 0.2], rtol=1e-6)
    assert moments(net, 2).states[0].symbol == symbol("<X>")
