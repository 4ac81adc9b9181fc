"""Events in compiled solves: as scipy's road has them, with exact derivatives of what was returned."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import sympy as sp
from conftest import ROOT
from handmade import R, lotka_volterra, symbols, system

import rxncompile as rx
from rxncompile.errors import RxnError
from rxncompile.expressions import TIME, symbol
from rxncompile.simulators.integrators.drive import DONE, Control, Trace
from rxncompile.simulators.integrators.machine import Scheme, machine
from rxncompile.simulators.integrators.watching import BAD_TIME, BAD_VALUE, ENDLESS
from rxncompile.simulators.rate_equations.initial import initial_values
from rxncompile.system import System, Trigger

X, Y, Z, K = symbols("x y z k")


def at(time: object, **values: object) -> Trigger:
    return Trigger(True, sp.S.Zero + time, assigned(values))  # type: ignore[operator]


def when(condition: sp.Basic, **values: object) -> Trigger:
    return Trigger(False, condition, assigned(values))


def assigned(values: dict[str, object]) -> tuple[tuple[sp.Symbol, sp.Expr], ...]:
    return tuple((symbol(name), sp.S.Zero + value) for name, value in values.items())  # type: ignore[operator]


def of(text: str) -> System:
    return rx.rate_equations(rx.parse(f"model M\n{text}\n"))


def numbers(model: System) -> tuple[np.ndarray, np.ndarray]:
    return np.array(model.parameter_vector()), np.array(initial_values(model))


def solved(
    model: System, t: object, scheme: Scheme, landing: bool, rtol: float = 1e-9
) -> tuple[int, np.ndarray, np.ndarray]:
    times = np.array(t, dtype=float)
    p, y = numbers(model)
    made = machine(model, scheme)
    control = Control(rtol, np.full(len(y), 1e-3 * rtol), 100_000, 0.0, landing)
    return made.solve(control, times, p, y, made.trace(0))


height, speed, clock, g, loss = symbols("height speed clock g loss")
BALL = system(
    {"height": (speed, 2), "speed": (-g, 0), "clock": (0, 0)}, {"g": 10, "loss": R(1, 5)},
    events=(Trigger(False, height <= 0, ((speed, -speed * (1 - loss)), (clock, TIME))),),
)  # fmt: skip
CASES: dict[str, tuple[System, Any]] = {
    "dose": (system({"x": (-X, 8)}, events=(at(R(3, 2), x=X + 5),)), [0.0, 1.0, 1.4999999, 1.5, 2.0]),
    "which times count": (
        system(
            {"x": (0, 0), "y": (0, 0)}, {"k": 3},
            events=(at(-1, y=1), at(2, x=X + 1), at(K, x=X + 10), at(2 * K, x=X + 100), at(50, y=1)),
        ),
        [2, 3, 6, 7],
    ),
    "one time, declared order": (
        system({"x": (0, 1), "y": (0, 1)}, events=(at(1, x=X + 1), at(1, x=X * 10), at(1, x=Y, y=X))), [0, 1, 2],
    ),
    "sets its own next time": (
        system(
            {"x": (0, 0), "next": (0, R(1, 4))},
            events=(Trigger(True, symbol("next"), ((X, X + 1), (symbol("next"), symbol("next") + 1))),),
        ),
        [0, 0.2, 0.3, 1.2, 1.3, 10],
    ),
    "integrate and fire": (
        system({"x": (2 - X, 0), "y": (0, 0)}, events=(when(R(3, 2) <= X, x=0, y=Y + 1),)), np.linspace(0, 14, 29),
    ),
    "ball": (BALL, np.linspace(0, 4, 41)),
    "touches only": (system({"x": (sp.cos(TIME), 2), "y": (0, 0)}, events=(when(X >= 1, y=Y + 1),)), [0, 4]),
    "comes back": (
        system({"x": (sp.cos(TIME), R(3, 2)), "y": (0, 0)}, events=(when(X > 1, y=Y + 1),)), [0, 5, 6.5, 12.5],
    ),
    "starts on its edge": (system({"x": (1, 1), "y": (0, 0)}, events=(when(X > 1, y=Y + 1),)), [0, 1, 2]),
    "starts true": (system({"x": (1, 1), "y": (0, 0)}, events=(when(X >= 1, y=Y + 1),)), [0, 1, 2]),
    "in the order of time": (
        system({"x": (1, 0), "z": (0, 1)}, events=(when(X >= 2, z=Z * 3), when(R(31, 16) <= X, z=Z + 1))), [0, 4],
    ),
    "wakes others": (
        system(
            {"x": (1, 0), "y": (0, 0), "z": (0, 1)},
            events=(when(Z > 4, z=Z + 100), when(X >= 1, z=Z * 3), when(X >= 1, z=Z + 2)),
        ),
        [0, 0.999, 1.001, 2],  # not at the very time of the crossing, which is known to rounding
    ),
    "known and watched": (
        system(
            {"x": (0, 0), "z": (0, 1)},
            events=(when(TIME >= 1, z=Z * 3), at(1, z=Z + 1), when(X >= 5, z=Z * 10), at(2, x=5)),
        ),
        [0, 0.999, 1.001, 2, 3],
    ),
    "thermostat": (
        system({"x": (Y - X, 0), "y": (0, 2)}, events=(when(X > 1, y=0), when(R(9, 10) >= X, y=2))),
        np.linspace(0, 10, 51),
    ),
    "moment": (of("param c = 3\nspecies A = 5, B = 1\nB -> B @ 1\nA -> 0 @ 0.1\nwhen t == 2*c and A > 1: A = 50"),
               [0, 1, 5.9, 6, 8]),
    "no moment": (of("param c = 3\nspecies A = 5\nA -> 0 @ 0.1\nwhen t == 2*c and A > 9: A = 50"), [0, 1, 6, 8]),
    "parameter assigned": (
        of("param k = 0.3\nspecies A = 5\nA -> 0 @ k\nwhen A < 3: k = 0.1\nat 9: k = 1"), np.linspace(0, 12, 13),
    ),
}  # fmt: skip
CASES["harvest"] = (
    System(
        "m", lotka_volterra().states, lotka_volterra().parameters, lotka_volterra().drift,
        events=(when(symbol("X") > 200, X=symbol("X") / 2, Y=symbol("Y") + 1), at(7, X=symbol("X") + 10)),
    ),
    np.linspace(0, 40, 41),
)  # fmt: skip


@pytest.mark.parametrize("landing", [False, True])
@pytest.mark.parametrize("scheme", Scheme)
@pytest.mark.parametrize("name", CASES)
def test_as_scipy_has_them(name: str, scheme: Scheme, landing: bool) -> None:
    model, t = CASES[name]
    code, states, _ = solved(model, t, scheme, landing)
    assert code == DONE
    expected = rx.integrate(model, t, rtol=1e-10).values[0, :, : len(model.states)]
    np.testing.assert_allclose(states, expected, rtol=1e-6, atol=1e-7 * np.abs(expected).max())


@pytest.mark.parametrize("scheme", Scheme)
@pytest.mark.parametrize(
    ("condition", "time"),
    [
        (R(5, 2) <= TIME, 2.5),
        (sp.And(X > 1, TIME > 3), 3.0),
        (sp.Or(X > 4, R(7, 2) < TIME), 3.5),
        (sp.Not(X < 2), 2.0),
        (sp.Ne(sp.floor(X), 0), 1.0),
        (sp.And(X > 1, sp.Or(R(3, 2) < X, TIME > 9)), 1.5),
        (X**2 > 2, math.sqrt(2)),
        (sp.And(Y >= 0, R(9, 7) < X), 9 / 7),
    ],
)
def test_conditions_of_every_kind(condition: sp.Basic, time: float, scheme: Scheme) -> None:
    """Found to rounding: the equations are solved exactly, so that nothing else differs."""
    model = system({"x": (1, 0), "y": (0, 0)}, events=(when(condition, y=TIME),))
    code, states, _ = solved(model, [0, 5], scheme, False)
    assert code == DONE
    assert states[-1, 1] == pytest.approx(time, rel=1e-14)


@pytest.mark.parametrize("scheme", Scheme)
def test_contacts_of_the_ball_to_rounding(scheme: Scheme) -> None:
    """First contact at sqrt(2 h/g), then flights of 2 e^n times that; parabolas are solved exactly."""
    first = math.sqrt(0.4)
    contacts = first + np.cumsum([0.0] + [2 * first * 0.8**n for n in range(1, 8)])
    _, states, _ = solved(BALL, [0.0, *(contacts + 1e-4)], scheme, True)
    np.testing.assert_allclose(states[1:, 2], contacts, rtol=1e-12)


@pytest.mark.parametrize(
    ("events", "code", "which"),
    [
        ((at(3, x=0), when(X >= 1, x=1 - R(1, 10**13))), ENDLESS, 1),
        ((when(X > 1, x=0), at(1, x=1), when(X >= 1, x=0), when(X <= 0, x=1)), ENDLESS, 3),
        ((at(R(1, 2), x=1 / (TIME - R(1, 2))),), BAD_VALUE, 0),
        ((at(R(1, 4), x=0), at(sp.sqrt(K - 3), x=0)), BAD_TIME, 1),
    ],
)
def test_faults(events: tuple[Trigger, ...], code: int, which: int) -> None:
    model = system({"x": (1, 0)}, {"k": 1}, events=events)
    found, _, count = solved(model, [0, 2], Scheme.EXPLICIT, False)
    assert found == code
    if code != ENDLESS:
        assert count[3] == which
    events_of = machine(model, Scheme.EXPLICIT).events
    assert events_of is not None
    assert events_of.fault(found, int(count[3]), 1.0).code == ("R607" if code == ENDLESS else "R601")


def test_a_moment_that_states_decide_is_refused() -> None:
    model = of("species A = 5\nA -> 0 @ 0.1\nwhen t - 3 == A: A = 2")
    with pytest.raises(RxnError) as caught:
        solved(model, [0, 8], Scheme.EXPLICIT, True)
    assert caught.value.code == "R610"


def test_many_solves_over_threads() -> None:
    """The same numbers as one after the other, events at other times in each."""
    model, made = BALL, machine(BALL, Scheme.EXPLICIT)
    rng, t = np.random.default_rng(1), np.linspace(0, 4, 21)
    p = np.array([10.0, 0.2]) * rng.uniform(0.7, 1.3, (150, 2))
    starts = np.tile(numbers(model)[1], (150, 1))
    control = Control(1e-8, np.full(3, 1e-10), 10_000, 0.0, False)
    states, codes, _ = made.solve_many(control, t, p, starts, threads=2)
    assert (codes == DONE).all()
    for r in (0, 70, 149):
        alone = made.solve(control, t, p[r], starts[r], made.trace(0))[1]
        assert (alone == states[r]).all()


# ---------------------------------------------------------------------------------------------- derivatives

CLOSE = 1e-9  # adjoint and forward do the same sums in another order
DIFFERENCES = 1e-6  # central differences of the same steps, extrapolated


def located(trace: Trace, times: np.ndarray) -> np.ndarray:
    """The times that the steps of a solve end at whatever the parameters: not those of events."""
    assert trace.firings is not None
    moving = set(trace.firings.step[: trace.firings.used[0]].tolist())
    steps = [float(trace.t[i]) for i in range(trace.used[0]) if i not in moving or i == 0]
    return np.unique(np.concatenate([steps, times]))


def check(
    model: System, times: np.ndarray, scheme: Scheme, seed: int, least: int = 1, shift: float = 1e-5
) -> None:
    """Adjoint against forward, and against differences of the same steps, at random parameters and starts.

    Shifts are so small that an event stays before the end of the step that follows it.
    """
    rng, made = np.random.default_rng(seed), machine(model, scheme)
    p, y = numbers(model)
    p, y = p * rng.uniform(0.95, 1.05, len(p)), y * rng.uniform(0.95, 1.05, len(y))
    n, m = len(y), len(y) + len(p)
    size = np.maximum(np.abs(y), max(1e-3, 1e-3 * np.abs(y).max()))
    trace = made.trace(20_000)
    code, states, _ = made.solve(Control(1e-6, 1e-6 * size, 20_000, 0.0, True), times, p, y, trace)
    assert code == DONE and trace.firings is not None
    assert trace.firings.used[0] >= least
    sources = rng.normal(size=states.shape)
    along = made.along(times, p, trace, np.eye(m, n), np.eye(m)[:, n:].copy())
    forward = np.einsum("tmn,tn->m", along, sources)
    adjoint = np.concatenate(made.back(times, p, trace, sources))
    scale = np.abs(np.einsum("tmn,tn->tmn", along, sources)).sum(axis=(0, 2))
    assert (np.abs(adjoint - forward) <= CLOSE * (scale + 1e-300)).all()
    steps = located(trace, times)
    rows = np.searchsorted(steps, times)

    def value(x: np.ndarray) -> float:
        again, kept = Control(1.0, np.ones(n), 10**6, 1e300, True), made.trace(20_000)
        code, out, _ = made.solve(again, steps, x[n:].copy(), x[:n].copy(), kept)
        assert code == DONE and kept.firings is not None and trace.firings is not None
        assert kept.firings.used[0] == trace.firings.used[0]
        return float((out[rows] * sources).sum())

    x = np.concatenate([y, p])
    assert value(x) == pytest.approx(float((states * sources).sum()), rel=1e-9, abs=1e-9 * np.abs(states).max())
    for i in range(m):
        e = shift * (abs(x[i]) or np.abs(y).max())
        wide, narrow = ((value(x + d * np.eye(m)[i]) - value(x - d * np.eye(m)[i])) / (2 * d) for d in (e, e / 2))
        difference = (4.0 * narrow - wide) / 3.0
        noise = 1e-14 * np.abs(states).max() * np.abs(sources).sum() / e
        assert abs(difference - adjoint[i]) <= DIFFERENCES * scale[i] + noise, (i, difference, adjoint[i])


DOSING = of(
    """param dose = 5, every = 2.5, ka = 1.2, ke = 0.3, late = 1
species G = 1, P = 0.5
G -> P @ ka
P -> 0 rate ke*P/(1 + 0.1*P)
at every: G = G + dose
at 2*every + late/3: G = G + dose*exp(-t*ke), P = 0.9*P
at 9: P = P + late"""
)
FIRE = of(
    """param a = 2, top = 1.5, low = 0.1, w = 3
species V = 0.3, N = 0, U = 1
0 -> V rate a*(1 + 0.3*sin(w*t))
V -> 0 @ 1
U -> 0 rate 0.2*U*V
when V >= top*(1 + 0.05*cos(t)): V = low + 0.1*U, N = N + V, U = U*(1 + low*t)"""
)
STIFF = of(
    """species A = 1, B = 0.00003, C = 0.2
param k1 = 0.04, k2 = 3e7, k3 = 1e4, more = 0.5
A -> B rate k1*A
2 B -> B + C rate k2*B^2
B + C -> A + C rate k3*B*C
when A < 0.7: A = A + more, C = C/2
at 3/k1: C = 0.1*C"""
)
MOMENT = of("param c = 1.3, k = 0.4\nspecies A = 5\nA -> 0 @ k\nwhen t == 2*c and A > 1: A = A + 10*c\nat 4: A = A/2")
BOTH = of(
    """param k = 0.5, top = 3, more = 2
species A = 5, B = 1
A -> B @ k
B -> 0 rate k*B
when A < top and B > 1: A = A + more, B = 0.1*B
when A > 4.5: B = B + A
at 4: A = A + B"""
)
BIRTHS = rx.parse(
    """model B
param a = 3, b = 0.2, c = 0.02, late = 2.5
species A = 4
0 -> A @ a
A -> 0 @ b
2 A -> A @ c
at late: A = A + 5
at 2*late: A = 10*A
"""
)
CLOSED = rx.close(rx.moments(BIRTHS, 2), rx.closures.gaussian)
TOGGLE = rx.rate_equations(rx.with_values(rx.load(ROOT / "models" / "toggle_switch.rxn"), {"v": 2, "IPTG": 1e-6}))
SMOOTH = {
    "closed": (CLOSED, 6.0), "toggle": (TOGGLE, 25.0), "ball": (BALL, 2.6), "dosing": (DOSING, 12.0),
    "fire": (FIRE, 8.0), "moment": (MOMENT, 6.0), "both": (BOTH, 9.0),
}  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("scheme", Scheme)
@pytest.mark.parametrize("name", SMOOTH)
def test_derivatives(name: str, scheme: Scheme, seed: int) -> None:
    model, end = SMOOTH[name]
    check(model, np.array([0.0, 0.37 * end, 0.71 * end, end]), scheme, seed, least=2)


@pytest.mark.parametrize("seed", range(3))
def test_derivatives_of_a_stiff_one(seed: int) -> None:
    check(STIFF, np.array([0.0, 1.0, 40.0, 100.0]), Scheme.ROSENBROCK, seed, least=2, shift=1e-7)


@pytest.mark.parametrize("scheme", Scheme)
def test_derivatives_by_hand(scheme: Scheme) -> None:
    """x' = -k x, from 1; x is set to 1 where it falls to c, at T = -log(c)/k: x(t) = exp(-k t)/c, d/dk = -t x."""
    c = symbol("c")
    model = system({"x": (-K * X, 1)}, {"k": 0.7, "c": 0.5}, events=(when(c >= X, x=1),))
    made, times = machine(model, scheme), np.array([0.0, 1.5])
    trace, p = made.trace(1000), np.array([0.7, 0.5])
    made.solve(Control(1e-12, np.full(1, 1e-14), 1000, 0.0, True), times, p, np.ones(1), trace)
    along = made.along(times, p, trace, np.eye(3, 1), np.eye(3)[:, 1:].copy())
    x = math.exp(-0.7 * 1.5) / 0.5
    np.testing.assert_allclose(along[-1, :, 0], [x, -1.5 * x, -x / 0.5], rtol=1e-9)


@pytest.mark.parametrize("scheme", Scheme)
def test_an_event_at_a_time_asked_for(scheme: Scheme) -> None:
    """A dose d at T = 1.5, a time asked for: the derivative from the side where it has been given, d x/dT = k d."""
    late, dose = symbols("late dose")
    model = system({"x": (-K * X, 2)}, {"k": 0.7, "late": R(3, 2), "dose": 3}, events=(at(late, x=X + dose),))
    made, times, p = machine(model, scheme), np.array([0.0, 1.5, 2.0]), np.array([0.7, 1.5, 3.0])
    trace = made.trace(1000)
    control = Control(1e-10, np.full(1, 1e-12), 1000, 0.0, True)
    made.solve(control, times, p, np.array([2.0]), trace)
    along = made.along(times, p, trace, np.zeros((1, 1)), np.array([[0.0, 1.0, 0.0]]))
    decay = np.array([1.0, math.exp(-0.35)])
    np.testing.assert_allclose(along[1:, 0, 0], 0.7 * 3.0 * decay, rtol=1e-8)
    sources = np.array([[0.0], [2.0], [-1.0]])
    _, gradient = made.back(times, p, trace, sources)
    assert gradient[1] == pytest.approx(float((along[:, 0] * sources).sum()), rel=1e-12)


def test_what_grazes_is_named() -> None:
    """x = 1 + sin t comes to its top at pi/2; a condition just below it is reached at hardly any speed."""
    top = symbol("top")
    model = system(
        {"x": (sp.cos(TIME), 1), "y": (0, 0)}, {"top": 2 - sp.Rational(1, 10**13)}, events=(when(top < X, y=1),)
    )
    made, times, p = machine(model, Scheme.ROSENBROCK), np.array([0.0, math.pi / 2, 3.0]), np.array([2 - 1e-13])
    trace, start = made.trace(10_000), np.array([1.0, 0.0])
    control = Control(1e-13, np.full(2, 1e-14), 10_000, 0.0, True)
    assert made.solve(control, times, p, start, trace)[0] == DONE
    assert trace.firings is not None and trace.firings.used[0] == 1
    for act in (
        lambda: made.back(times, p, trace, np.ones((3, 2))),
        lambda: made.along(times, p, trace, np.zeros((1, 2)), np.ones((1, 1))),
    ):
        with pytest.raises(RxnError, match="grazes") as caught:
            act()
        assert caught.value.code == "R618"
    made.solve(control, times, np.array([1.99]), start, trace)  # well below the top it crosses
    made.back(times, np.array([1.99]), trace, np.ones((3, 2)))


def test_a_start_that_moves_is_named() -> None:
    model = system({"x": (-X, 1)}, {"k": 1}, events=(at(K - 1, x=2),))
    made, times, p = machine(model, Scheme.EXPLICIT), np.array([0.0, 1.0]), np.ones(1)
    trace = made.trace(100)
    made.solve(Control(1e-6, np.full(1, 1e-9), 100, 0.0, True), times, p, np.ones(1), trace)
    for act in (
        lambda: made.back(times, p, trace, np.ones((2, 1))),
        lambda: made.along(times, p, trace, np.zeros((1, 1)), np.ones((1, 1))),
    ):
        with pytest.raises(RxnError, match="at the very start") as caught:
            act()
        assert caught.value.code == "R618"
