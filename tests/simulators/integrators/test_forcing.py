"""Series that drive compiled solves: the order of steps, scipy's numbers, derivatives by the values of a series."""

from __future__ import annotations

import numpy as np
import pytest
from driven import DRIVEN, RULES, driven, series

from rxncompile import RxnError, integrate, parse, rate_equations
from rxncompile.simulators.inputs import Tables, tables_of
from rxncompile.simulators.integrators.drive import DONE, Control, Trace
from rxncompile.simulators.integrators.machine import Machine, Scheme, machine

CLOSE = 1e-9  # adjoint and forward do the same sums in another order
DIFFERENCES = 1e-6  # central differences of the same steps, extrapolated
END = 4.0
P, Y = np.array([0.7, 1.3]), np.array([1.0, 0.5])


def control(rtol: float = 1e-6, fixed: float = 0.0, landing: bool = False) -> Control:
    return Control(rtol, np.full(2, rtol), 100_000, fixed, landing)


def tables(rule: str, values: np.ndarray | None = None) -> Tables:
    times, found = series(5)
    return tables_of(driven(rule), {"u": (times, found if values is None else values)}, 0.0, END)


def last(made: Machine, given: Tables, setting: Control, times: np.ndarray | None = None) -> np.ndarray:
    asked = np.array([0.0, END]) if times is None else times
    code, out, _ = made.solve(setting, asked, P, Y, Trace.of(0, 2), given)
    assert code == DONE
    return out


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("scheme", Scheme)
def test_the_same_numbers_as_scipy(scheme: Scheme, rule: str) -> None:
    times = np.linspace(0.0, END, 17)
    wanted = integrate(driven(rule), times, rtol=1e-12, atol=1e-14, inputs={"u": series(5)}).values[0]
    for landing in (False, True):
        found = last(machine(driven(rule), scheme), tables(rule), control(1e-8, landing=landing), times)
        assert np.abs(found - wanted).max() < 1e-6  # a hundred tolerances


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("scheme", Scheme)
def test_order_survives_knots(scheme: Scheme, rule: str) -> None:
    """Steps that do not divide the distance of knots: order 5 across kinks and jumps, as no step lies in two pieces."""
    made = machine(driven(rule), scheme)
    knots = np.linspace(0.0, END, 5)
    given = tables_of(driven(rule), {"u": (knots, 1.0 + 0.5 * np.sin(2.0 * knots))}, 0.0, END)
    exact = last(made, given, control(fixed=1.0 / 999))[-1]
    errors = [np.abs(last(made, given, control(fixed=h))[-1] - exact).max() for h in (2 / 17, 2 / 33, 2 / 65)]
    slope = np.polyfit([0, -1, -2], np.log2(errors), 1)[0]
    assert slope > 4.5, errors  # 5 in the limit; without u' or with steps across knots 4 at most


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("scheme", Scheme)
def test_derivatives_by_states_parameters_and_values(scheme: Scheme, rule: str) -> None:
    made, given = machine(driven(rule), scheme), tables(rule)
    times, trace = np.linspace(0.0, END, 4), Trace.of(2_000, 2)
    code, _, _ = made.solve(control(landing=True), times, P, Y, trace, given)
    assert code == DONE
    rng = np.random.default_rng(7)
    sources, size = rng.normal(size=(4, 2)), 2 + 2 + len(given.values)
    identity = np.eye(size)
    along = made.along(times, P, trace, identity[:, :2].copy(), identity[:, 2:].copy(), given)
    forward = np.einsum("tmn,tn->m", along, sources)
    adjoint = np.concatenate(made.back(times, P, trace, sources, given))
    scale = np.abs(np.einsum("tmn,tn->tmn", along, sources)).sum(axis=(0, 2))
    assert (np.abs(adjoint - forward) <= CLOSE * scale).all()
    steps = np.append(trace.t[: trace.used[0]], END)
    rows = np.searchsorted(steps, times)

    def value(x: np.ndarray) -> float:
        again = Control(1.0, np.ones(2), 10**6, 1e300, True)  # one step to each time: the same steps
        found = tables(rule, x[4:])
        code, out, _ = made.solve(again, steps, x[2:4].copy(), x[:2].copy(), Trace.of(0, 2), found)
        assert code == DONE
        return float((out[rows] * sources).sum())

    x = np.concatenate([Y, P, given.values])
    for i in range(size):
        wide, narrow = (difference(value, x, i, e) for e in (1e-4, 5e-5))
        assert abs((4.0 * narrow - wide) / 3.0 - adjoint[i]) <= DIFFERENCES * scale[i] + 1e-11, i


def difference(value, x: np.ndarray, i: int, e: float) -> float:  # type: ignore[no-untyped-def]
    above, below = x.copy(), x.copy()
    above[i], below[i] = x[i] + e, x[i] - e
    return (value(above) - value(below)) / (above[i] - below[i])


@pytest.mark.parametrize("scheme", Scheme)
def test_many_over_threads(scheme: Scheme) -> None:
    made, given = machine(driven("cubic"), scheme), tables("cubic")
    sets = P * np.random.default_rng(9).uniform(0.5, 2.0, (150, 2))
    starts, times = np.tile(Y, (150, 1)), np.linspace(0.0, END, 5)
    one, codes, _ = made.solve_many(control(), times, sets, starts, threads=1, tables=given)
    three, _, _ = made.solve_many(control(), times, sets, starts, threads=3, tables=given)
    alone = made.solve(control(), times, sets[77], Y, Trace.of(0, 2), given)[1]
    assert not codes.any() and np.array_equal(one, three) and np.array_equal(one[77], alone)


def test_what_is_wrong() -> None:
    with pytest.raises(RxnError, match="needs a series of u"):
        machine(driven("linear")).solve(control(), np.array([0.0, 1.0]), P, Y, Trace.of(0, 2))
    eventful = driven("linear", DRIVEN + "at 1: A = 2\n")
    with pytest.raises(RxnError, match="inputs and events"):
        machine(eventful).solve(control(), np.array([0.0, 1.0]), P, Y, Trace.of(0, 2), tables("linear"))
    plain = rate_equations(parse(DRIVEN))
    assert machine(plain).equations is machine(plain).forced(tables("linear"))
