"""Events: at known times, at crossings found to rounding, in declared order, and without end."""

import math

import numpy as np
import pytest
import sympy as sp
from handmade import R, lotka_volterra, symbols, system
from hypothesis import given, settings
from hypothesis import strategies as st

import rxncompile as rx
from rxncompile.errors import RxnError, Source, Span
from rxncompile.expressions import TIME, symbol
from rxncompile.simulators.rate_equations.ode import METHODS, integrate
from rxncompile.system import Trigger

PROMISE = 1e-6
X, Y = symbols("x y")


def at(time: object, **values: object) -> Trigger:
    return Trigger(True, sp.S.Zero + time, assignments(values))  # type: ignore[operator]


def when(condition: sp.Basic, **values: object) -> Trigger:
    return Trigger(False, condition, assignments(values))


def assignments(values: dict[str, object]) -> tuple[tuple[sp.Symbol, sp.Expr], ...]:
    return tuple((symbol(name), sp.S.Zero + value) for name, value in values.items())  # type: ignore[operator]


# ---------------------------------------------------------------------------------------------- at known times


@pytest.mark.parametrize("method", METHODS)
def test_a_dose_at_its_time(method: str) -> None:
    dose = system({"x": (-X, 8)}, events=(at(R(3, 2), x=X + 5),))
    t = np.array([0.0, 1.0, np.nextafter(1.5, 0), 1.5, 2.0])
    path = integrate(dose, t, method=method)
    before = 8 * np.exp(-1.5)
    exact = [8, 8 * np.exp(-1), before, before + 5, (before + 5) * np.exp(-0.5)]  # at 1.5 the value after the event
    np.testing.assert_allclose(path["x"], exact, rtol=PROMISE)


def test_which_times_count() -> None:
    k = symbol("k")
    model = system(
        {"x": (0, 0), "y": (0, 0)}, {"k": 3},
        events=(at(-1, y=1), at(2, x=X + 1), at(k, x=X + 10), at(2 * k, x=X + 100), at(50, y=1)),
    )  # fmt: skip
    path = integrate(model, [2, 3, 6, 7])
    assert path["x"].tolist() == [1, 11, 111, 111]  # one at the very start, one at a requested time
    assert path["y"].tolist() == [0, 0, 0, 0]  # before the start, after the end
    assert integrate(model, [0, 2, 4, 6], {"k": 4})["x"].tolist() == [0, 1, 11, 11]
    assert integrate(model, [0, 6])["x"].tolist() == [0, 111]  # at the very end
    assert integrate(model, [2.0])["x"].tolist() == [1]


def test_events_at_one_time_fire_in_declared_order() -> None:
    model = system({"x": (0, 1), "y": (0, 1)}, events=(at(1, x=X + 1), at(1, x=X * 10), at(1, x=Y, y=X)))
    path = integrate(model, [0, 1])
    # each sees what the one before has left; within one event all assignments see the state before it
    assert path.values[0, 1].tolist() == [1, 20]


@settings(max_examples=15)
@given(st.lists(st.floats(0.1, 9.0), min_size=1, max_size=5), st.lists(st.floats(0.0, 10.0), max_size=5))
def test_doses_superpose_whatever_times_are_asked(doses: list[float], asked: list[float]) -> None:
    model = system({"x": (-X / 2, 1)}, events=tuple(at(sp.Rational(repr(d)), x=X + 1) for d in doses))
    t = np.unique(np.array([0.0, 10.0, *asked]))
    exact = np.exp(-t / 2) + sum(np.where(t >= d, np.exp(-(t - d) / 2), 0.0) for d in doses)
    np.testing.assert_allclose(integrate(model, t)["x"], exact, rtol=PROMISE)


def test_a_dose_that_sets_its_own_next_time() -> None:
    """`at next : ...` where `next` is assigned, so it is a state: found by its crossing."""
    following = symbol("next")
    model = system(
        {"x": (0, 0), "next": (0, R(1, 4))},
        events=(Trigger(True, following, ((symbol("x"), X + 1), (following, following + 1))),),
    )
    path = integrate(model, [0, 0.2, 0.3, 1.2, 1.3, 10])
    assert path["x"].tolist() == [0, 0, 1, 1, 2, 10]


# ---------------------------------------------------------------------------------------------- at crossings


@pytest.mark.parametrize("method", METHODS)
def test_integrate_and_fire(method: str) -> None:
    """x' = a - x, reset to 0 at threshold: the period is log(a / (a - threshold))."""
    a, threshold = 2.0, 1.5
    model = system({"x": (2 - X, 0), "y": (0, 0)}, events=(when(R(3, 2) <= X, x=0, y=Y + 1),))
    period = math.log(a / (a - threshold))
    t = np.array([0.0, 0.5, 1.0, 2.0, 3.5, 10 * period - 1e-6, 10 * period + 1e-6])
    path = integrate(model, t, method=method)
    phase = t % period
    np.testing.assert_allclose(path["x"][:-1], a * -np.expm1(-phase[:-1]), rtol=1e-5, atol=1e-6)
    assert path["y"].tolist() == (t // period).tolist()
    assert path["y"][-1] == 10  # the tenth crossing lies within 1e-6 of its exact time


@pytest.mark.parametrize("method", ["LSODA", "DOP853"])
def test_a_bouncing_ball(method: str) -> None:
    """From height h: first contact at sqrt(2 h/g), then flights of 2 e^n times that."""
    height, speed, clock = symbols("height speed clock")
    model = system(
        {"height": (speed, 2), "speed": (-10, 0), "clock": (0, 0)},
        events=(Trigger(False, height <= 0, ((speed, -speed * R(4, 5)), (clock, TIME))),),
    )
    first = math.sqrt(0.4)
    contacts = first + np.cumsum([0.0] + [2 * first * 0.8**n for n in range(1, 8)])
    path = integrate(model, [0.0, *(contacts + 1e-4)], method=method)
    np.testing.assert_allclose(path["clock"][1:], contacts, rtol=1e-9)
    assert (path["height"] > -1e-9).all()


@pytest.mark.parametrize("strict", [False, True])
def test_what_holds_at_the_start_has_first_to_become_false(strict: bool) -> None:
    condition = X > 1 if strict else X >= 1
    model = system({"x": (sp.cos(TIME), 2), "y": (0, 0)}, events=(when(condition, y=Y + 1),))
    # x = 2 + sin t is 1 only at 3 pi/2, where it just touches; with 3/2 it is below and comes back
    assert integrate(model, [0, 4])["y"][-1] == 0
    below = system({"x": (sp.cos(TIME), R(3, 2)), "y": (0, 0)}, events=(when(condition, y=Y + 1),))
    path = integrate(below, [0, 5, 6.5, 12.5])
    assert path["y"].tolist() == [0, 0, 1, 2]


@pytest.mark.parametrize(("condition", "count"), [(X >= 1, 0), (X > 1, 1)])
def test_a_start_on_the_edge(condition: sp.Basic, count: int) -> None:
    """At x = 1, x >= 1 holds already; x > 1 becomes true at once."""
    model = system({"x": (1, 1), "y": (0, 0)}, events=(when(condition, y=Y + 1),))
    assert integrate(model, [0, 1, 2])["y"].tolist() == [0, count, count]


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
        (sp.And(Y >= 0, R(9, 7) < X), 9 / 7),  # one part rests on its edge
    ],
)
def test_conditions_of_every_kind(condition: sp.Basic, time: float) -> None:
    model = system({"x": (1, 0), "y": (0, 0)}, events=(when(condition, y=TIME),))
    assert integrate(model, [0, 5])["y"][-1] == pytest.approx(time, rel=1e-9)


def test_a_peak_within_one_step_is_seen() -> None:
    """Nothing but the clock moves, so steps are as long as allowed; the condition holds for a fifth of one."""
    model = system({"x": (0, 0)}, events=(when(sp.cos(TIME) < -R(4, 5), x=X + 1),))
    assert integrate(model, [0, 2 * math.pi], max_step=4.0)["x"][-1] == 1


def test_crossings_within_one_step_fire_in_the_order_of_time() -> None:
    z = symbol("z")
    model = system({"x": (1, 0), "z": (0, 1)}, events=(when(X >= 2, z=z * 3), when(R(31, 16) <= X, z=z + 1)))
    for method in ("LSODA", "DOP853"):
        assert integrate(model, [0, 4], method=method)["z"][-1] == 6


def test_simultaneous_crossings_fire_in_declared_order_and_wake_others() -> None:
    model = system(
        {"x": (1, 0), "y": (0, 0), "z": (0, 1)},
        events=(
            when(symbol("z") > 4, z=symbol("z") + 100),  # made true by the other two, fires last
            when(X >= 1, z=symbol("z") * 3),
            when(X >= 1, z=symbol("z") + 2),
        ),
    )
    path = integrate(model, [0, 1, 2])
    assert path["z"].tolist() == [1, 105, 105]


def test_timed_and_watched_events_share_a_time() -> None:
    z = symbol("z")
    conditions = (when(TIME >= 1, z=z * 3), at(1, z=z + 1), when(X >= 5, z=z * 10), at(2, x=5))
    path = integrate(system({"x": (0, 0), "z": (0, 1)}, events=conditions), [0, 1, 2, 3])
    assert path["z"].tolist() == [1, 4, 40, 40]


def test_results_with_events_do_not_depend_on_the_times_asked() -> None:
    model = lotka_volterra()
    x, y = symbols("X Y")
    harvest = Trigger(False, x > 200, ((x, x / 2), (y, y + 1)))
    model = type(model)(model.name, model.states, model.parameters, model.drift, events=(harvest, at(7, X=x + 10)))
    few, many = integrate(model, [0, 20, 40]), integrate(model, np.linspace(0, 40, 401))
    np.testing.assert_allclose(many.values[0, [0, 200, 400]], few.values[0], rtol=1e-5)
    assert many["X"].max() <= 200 * (1 + 1e-9)


# ---------------------------------------------------------------------------------------------- failures


SOURCE = Source("m.rxn", "when x >= 1: x = 2\n")


def test_an_event_that_fires_without_end() -> None:
    span = Span(SOURCE, 0, 18)
    model = system({"x": (1, 0)}, events=(Trigger(False, X >= 1, ((X, 1 - R(1, 10**13)),), span),))
    with pytest.raises(RxnError, match="'when x >= 1' fires without end at t = 1") as caught:
        integrate(model, [0, 2])
    assert (caught.value.code, caught.value.span) == ("R607", span)


def test_two_events_that_wake_each_other_without_end() -> None:
    thermostat = system(
        {"x": (Y - X, 0), "y": (0, 2)}, events=(when(X > 1, y=0), when(X <= 1, y=2)),
    )  # fmt: skip
    with pytest.raises(RxnError, match="fires without end") as caught:
        integrate(thermostat, [0, 10])
    assert caught.value.code == "R607"
    with_gap = system({"x": (Y - X, 0), "y": (0, 2)}, events=(when(X > 1, y=0), when(R(9, 10) >= X, y=2)))
    path = integrate(with_gap, np.linspace(2, 10, 201))
    assert path["x"][50:].min() > 0.9 - 1e-9
    assert path["x"].max() < 1 + 1e-9
    at_once = system({"x": (0, 0)}, events=(at(1, x=1), when(X >= 1, x=0), when(X <= 0, x=1)))
    with pytest.raises(RxnError, match="fires without end at t = 1"):
        integrate(at_once, [0, 2])


def test_an_assignment_that_is_not_finite() -> None:
    span = Span(SOURCE, 13, 18)
    model = system({"x": (-1, 1), "y": (0, 0)}, events=(Trigger(True, sp.Integer(1), ((Y, 1 / (1 - TIME)),), span),))
    with pytest.raises(RxnError, match="an event gives 'y' the value inf at t = 1") as caught:
        integrate(model, [0, 2])
    assert (caught.value.code, caught.value.span) == ("R601", span)


def test_an_event_time_that_is_no_time() -> None:
    zero = symbol("zero")
    with pytest.raises(RxnError, match=r"the time of an event of m is I$"):
        integrate(system({"x": (0, 0)}, {"zero": 0}, events=(at(sp.sqrt(zero - 1), x=1),)), [0, 1])


def test_an_event_that_assigns_no_state() -> None:
    with pytest.raises(RxnError, match="assigns 'k', which is no state") as caught:
        integrate(system({"x": (0, 0)}, {"k": 1}, events=(at(1, k=2),)), [0, 1])
    assert caught.value.code == "R501"


# ---------------------------------------------------------------------------------------------- one moment


@pytest.mark.parametrize(("event", "changes_at"), [
    ("when t == 2*c: A = 50", 6.0),
    ("when t/3 == 1.1: A = 50", 3.3),  # 3.3/3 is not 1.1 in doubles
    ("let u = t/c\nwhen u == 1.1: A = 50", 3.3),
    ("when t == c and A > 4: A = 50", 3.0),
    ("when t == c and A > 9: A = 50", None),
    ("when t == -c: A = 50", None),
    ("when t == 0: A = 50", None),  # true at the start: it has first to become false
    ("when t != c: A = 50", np.nextafter(3.0, 4.0)),
    ("when not (t == c): A = 50", np.nextafter(3.0, 4.0)),
])  # fmt: skip
def test_a_condition_of_one_moment_is_met_by_both_simulators(event: str, changes_at: float | None) -> None:
    """Whatever the steps are: t == c fires once where t reaches c, exactly there."""
    net = rx.parse(f"model M\nparam c = 3\nspecies A = 5, B = 1\nB -> B @ 1\nA -> 0 @ 0\n{event}\n")
    times = sorted({0.0, 1.0, np.nextafter(changes_at or 2.0, 0.0), changes_at or 2.0, 4.0, 8.0})
    expected = [50.0 if changes_at is not None and t >= changes_at else 5.0 for t in times]
    assert rx.sample(rx.jump_process(net), times, seed=1)["A"].tolist() == expected
    solved = rx.integrate(rx.rate_equations(net), times)["A"]
    if "t !=" in event or "not" in event:  # just after 3, to the integrator's rounding
        assert [solved[0], solved[-2], solved[-1]] == [expected[0], 50.0, 50.0]
    else:
        assert solved.tolist() == expected


def test_a_moment_that_moves_with_a_parameter() -> None:
    net = rx.parse("model M\nparam c = 3\nspecies A = 5\nA -> 0 @ 0.1\nwhen t == c: A = A + 10\n")
    system = rx.rate_equations(net)
    for c in (0.5, 3.0, 7.0):
        exact = 5 * np.exp(-0.8) + (10 * np.exp(-0.1 * (8.0 - c)))
        assert rx.integrate(system, [0.0, 8.0], params={"c": c})["A"][-1] == pytest.approx(exact, rel=1e-7)


def test_a_moment_that_states_decide_is_refused() -> None:
    net = rx.parse("model M\nspecies A = 5\nA -> 0 @ 0.1\nwhen t - 3 == A: A = 2\n")
    for act in (
        lambda: rx.integrate(rx.rate_equations(net), [0.0, 8.0]),
        lambda: rx.sample(rx.jump_process(net), [0, 8]),
    ):
        with pytest.raises(RxnError) as caught:
            act()
        assert caught.value.code == "R610"
        assert caught.value.span is not None
