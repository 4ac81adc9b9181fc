"""Sensitivities and gradients under labels: against differences of scipy's solutions, and of each other."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy as sp
from conftest import WELL_MIXED
from handmade import symbols
from handmade import system as handmade
from hypothesis import given, settings
from hypothesis import strategies as st

import rxncompile as rx
from rxncompile.errors import RxnError
from rxncompile.simulators.integrators.machine import Scheme
from rxncompile.simulators.rate_equations.horizon import horizon
from rxncompile.simulators.sensitivities import gradient, integrate_sensitivities
from rxncompile.system import System

CLOSE = 1e-9  # adjoint and forward do the same sums in another order


def of(text: str) -> System:
    return rx.rate_equations(rx.parse(f"model M\n{text}\n"))


def free(system: System) -> list[str]:
    """Every parameter that is no formula, and every initial value."""
    return [c.label for c in system.parameters if not c.value.free_symbols] + [s.label for s in system.states]


def agree(
    system: System, t: np.ndarray, labels: list[str], scheme: Scheme = Scheme.ROSENBROCK, **given: object
) -> None:
    """The adjoint's gradient of a random sum of everything that is reported is that of the forward sensitivities."""
    forward = integrate_sensitivities(system, t, labels, scheme=scheme, rtol=1e-5, **given)  # type: ignore[arg-type]
    weights = np.random.default_rng(0).normal(size=forward.values.shape)
    back = gradient(system, t, weights, labels, scheme=scheme, rtol=1e-5, **given)  # type: ignore[arg-type]
    parts = weights[:, :, np.newaxis] * forward.derivatives
    scale = np.abs(parts).sum(axis=(0, 1))
    assert back.value == pytest.approx(float((weights * forward.values).sum()), rel=1e-12, abs=1e-300)
    assert (np.abs(back.derivatives - parts.sum(axis=(0, 1))) <= CLOSE * scale + 1e-300).all()


@pytest.mark.parametrize("path", WELL_MIXED, ids=lambda path: path.stem)
def test_adjoint_is_forward_on_the_zoo(path: object) -> None:
    """By all parameters and initial values, of all states and outputs, at parameters of one's own."""
    system = rx.rate_equations(rx.load(path))  # type: ignore[arg-type]
    rng, values = np.random.default_rng(1), system.parameter_vector()
    own = {
        c.label: v * rng.uniform(0.95, 1.05)
        for c, v in zip(system.parameters, values, strict=True)
        if not c.value.free_symbols and v != round(v)
    }
    t = np.linspace(0.0, 0.05 * float(horizon(system)), 4)
    agree(system, t, free(system), params=own)


TWO = """param k = 0.4, d = 2, half = k/2, total = 5
species A = total, B = 0.3, C = total/2
let speed = k*A
A -> B rate speed*(1 + 0.1*sin(t))
B -> C rate d*B/(1 + B)
C -> 0 @ half
observable all = A + k*B
observable turn = speed/(1 + t)"""
PAIRS = rx.parse(
    "model D\nparam a = 3, b = 0.2, c = 0.02\nspecies A = 4\n0 -> A @ a\nA -> 0 @ b\n2 A -> A @ c\n"
)
CLOSED, NOISE = rx.close(rx.moments(PAIRS, 2), rx.closures.gaussian), rx.linear_noise(PAIRS)
STIFF = of(
    """param k1 = 0.04, k2 = 3e7, k3 = 1e4
species A = 1, B = 0.00003, C = 0.2
A -> B rate k1*A
2 B -> B + C rate k2*B^2
B + C -> A + C rate k3*B*C"""
)
DOSED = of(
    """param dose = 5, every = 2.5, ka = 1.2, ke = 0.3, top = 2
species G = 1, P = 0.5
G -> P @ ka
P -> 0 rate ke*P/(1 + 0.1*P)
at every: G = G + dose
at 2*every: G = G + dose, P = 0.9*P
when P > top: P = P/2
observable both = G*P + every"""
)
SYSTEMS = {"two": (of(TWO), 4.0), "closed": (CLOSED, 6.0), "noise": (NOISE, 3.0), "stiff": (STIFF, 50.0),
           "dosed": (DOSED, 7.0)}  # fmt: skip


def difference(system: System, t: np.ndarray, label: str, at: float, e: float) -> np.ndarray:
    """Central differences of scipy's solutions, extrapolated."""
    names = [c.label for c in system.parameters]

    def solved(value: float) -> np.ndarray:
        own, initial = ({label: value}, {}) if label in names else ({}, {label: value})
        return rx.integrate(system, t, own, initial, rtol=1e-12, atol=1e-14).values[0]

    wide, narrow = ((solved(at + d) - solved(at - d)) / (2 * d) for d in (e, e / 2))
    return (4 * narrow - wide) / 3


@pytest.mark.parametrize(
    ("name", "scheme"),  # an explicit method would take millions of steps for the stiff one
    [(n, s) for n in SYSTEMS for s in Scheme if (n, s) != ("stiff", Scheme.EXPLICIT)],
)
def test_what_scipy_has_by_differences(name: str, scheme: Scheme) -> None:
    """By every parameter and initial value, to 2e-6, to which differences of solutions at 1e-12 can be trusted."""
    system, end = SYSTEMS[name]
    t = np.array([0.0, 0.31 * end, 0.62 * end, end])
    expected = rx.integrate(system, t, rtol=1e-11).values[0]
    names = [s.label for s in system.states]
    parts = [integrate_sensitivities(system, t, w, scheme=scheme, rtol=1e-10) for w in (None, names)]
    for found in parts:  # apart, since what is varied itself does not follow
        np.testing.assert_allclose(found.values, expected, rtol=1e-7, atol=1e-8 * np.abs(expected).max())
        for k, label in enumerate(found.parameters):
            at = float(found.at[k])
            if at == 0.0:
                continue
            column = found.derivatives[:, :, k]
            by = difference(system, t, label, at, 1e-3 * at if name != "stiff" else 1e-2 * at)
            error, size = np.abs(by - column).max(axis=0), np.abs(column).max(axis=0)
            noise = 1e-12 * np.abs(expected).max() / abs(1e-3 * at)
            assert (error <= 2e-6 * size + noise).all(), (label, error, size)


@settings(max_examples=10)
@given(st.lists(st.floats(0.5, 2.0), min_size=5, max_size=5), st.sampled_from(list(Scheme)))
def test_any_parameters(factors: list[float], scheme: Scheme) -> None:
    """A model with events, whatever order they come in at these parameters."""
    labels = [c.label for c in DOSED.parameters]
    given = dict(zip(labels, np.array(factors) * DOSED.parameter_vector(), strict=True))
    agree(DOSED, np.array([0.0, 1.0, 2.0, 7.0]), free(DOSED), scheme, params=given)


def test_what_follows_and_what_is_held() -> None:
    """`half` follows k, A and C follow `total`, unless they are varied themselves or overridden."""
    system, t = of(TWO), np.array([0.0, 1.0])
    follows = integrate_sensitivities(system, t, ["k", "total"])
    held = integrate_sensitivities(system, t, ["k", "half", "total", "A"])
    assert follows.derivatives[0, :3, 1].tolist() == [1.0, 0.0, 0.5]
    assert held.derivatives[0, :3, 2].tolist() == [0.0, 0.0, 0.5]
    assert held.derivatives[0, :3, 3].tolist() == [1.0, 0.0, 0.0]
    np.testing.assert_allclose(follows["C", "k"], held["C", "k"] + 0.5 * held["C", "half"], rtol=1e-6)
    pinned = integrate_sensitivities(system, t, ["k", "total"], params={"half": 0.2}, initial={"A": 5, "C": 2.5})
    np.testing.assert_allclose(pinned["C", "k"], held["C", "k"], rtol=1e-6)
    assert not pinned["C", "total"].any()
    everything = integrate_sensitivities(system, t)
    assert everything.parameters == ("k", "d", "total")  # `half` is a formula


def test_an_initial_value_that_follows_another() -> None:
    x, k = symbols("x k")
    model = handmade({"x": (-k * x, 4), "y": (0 * x, sp.floor(x) + x**2 * k)}, {"k": 2})
    found = integrate_sensitivities(model, [0.0], ["x", "k"])
    assert found.derivatives[0].tolist() == [[1.0, 0.0], [16.0, 16.0]]


def test_decay_by_hand() -> None:
    """x = x0 exp(-k t): d/dk = -t x, d/dx0 = x/x0; elasticities -k t and 1."""
    system, t = of("param k = 0.7\nspecies A = 3\nA -> 0 @ k\nobservable twice = 2*A"), np.array([0.0, 1.0, 2.0])
    found = integrate_sensitivities(system, t, ["k", "A"], rtol=1e-11)
    x = 3 * np.exp(-0.7 * t)
    np.testing.assert_allclose(found["A", "k"], -t * x, rtol=1e-9)
    np.testing.assert_allclose(found["twice", "A"], 2 * x / 3, rtol=1e-9)
    np.testing.assert_allclose(found.scaled()[:, 1, 0], -0.7 * t, rtol=1e-9)
    np.testing.assert_allclose(found.scaled()[:, 0, 1], 1.0, rtol=1e-9)
    data = np.array([3.0, 1.4, 0.8])

    def squares(path: rx.Trajectory) -> tuple[float, np.ndarray]:
        away = np.zeros((3, 2))
        away[:, 0] = path["A"] - data
        return float((away**2).sum()), 2 * away

    back = gradient(system, t, squares, ["k", "A"], rtol=1e-11)
    assert back.value == pytest.approx(float(((x - data) ** 2).sum()), rel=1e-9)
    assert back["k"] == pytest.approx(float((2 * (x - data) * -t * x).sum()), rel=1e-8)
    np.testing.assert_allclose(back.scaled(), back.derivatives * [0.7, 3.0])
    assert back.trajectory.labels == ("A", "twice")


def test_one_time_alone() -> None:
    found = integrate_sensitivities(of(TWO), [2.0], ["total", "B"])
    assert found.derivatives[0, :3].tolist() == [[1.0, 0.0], [0.0, 1.0], [0.5, 0.0]]


def test_labels_that_are_not_known() -> None:
    system, t = of(TWO), [0.0, 1.0]
    for act, code, near in (
        (lambda: integrate_sensitivities(system, t, ["totl"]), "R504", "total"),
        (lambda: gradient(system, t, np.zeros((2, 5)), ["k", "k"]), "R504", ""),
        (lambda: integrate_sensitivities(system, t, ["k"])["A", "K"], "R704", "k"),
        (lambda: gradient(system, t, np.zeros((2, 4)), ["k"]), "R604", "labels are"),
        (lambda: gradient(system, t, np.zeros((2, 5)), ["k"], rtol=0.0), "R604", ""),
        (lambda: integrate_sensitivities(system, [1.0, 0.0], ["k"]), "R603", ""),
    ):
        with pytest.raises(RxnError) as caught:
            act()
        assert caught.value.code == code
        assert near in caught.value.diagnostics[0].hint


def test_solves_that_end_early_say_why() -> None:
    """x' = x^2 is infinite at t = 1; an event without end; steps that are not enough are named, too."""
    grows = of("param k = 1\nspecies A = 1\n0 -> A rate k*A^2")
    with pytest.raises(RxnError) as caught:
        integrate_sensitivities(grows, [0.0, 2.0])
    assert caught.value.code in ("R601", "R605", "R606")
    endless = of("param k = 1\nspecies A = 1\n0 -> A rate k\nwhen A >= 2: A = 2 - 1e-13")
    with pytest.raises(RxnError, match="fires without end") as caught:
        integrate_sensitivities(endless, [0.0, 2.0])
    assert caught.value.code == "R607" and caught.value.span is not None


def test_elasticities_of_nothing_are_no_numbers() -> None:
    found = integrate_sensitivities(of("param k = 1\nspecies A = 0\n0 -> A @ k"), [0.0, 1.0])
    assert math.isnan(found.scaled()[0, 0, 0]) and found.scaled()[1, 0, 0] == pytest.approx(1.0)
