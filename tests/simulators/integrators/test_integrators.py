"""The compiled integrators: observed orders, accuracy under control, landing, faults, the same numbers by threads."""

from __future__ import annotations

import numpy as np
import pytest

from rxncompile import integrate, parse, rate_equations
from rxncompile.simulators.integrators.drive import DONE, NOT_FINITE, SPENT, UNDERFLOW, Control, Trace
from rxncompile.simulators.integrators.machine import Machine, Scheme, machine
from rxncompile.simulators.integrators.tableaus import RODAS5P, TSIT5
from rxncompile.system import System

FORCED = """model Forced
species A = 1, B = 0.3
param k = 0.4, d = 2
A -> B rate k*A*(1 + d*sin(3*t))
B -> 0 rate d*B/(1 + B)
0 -> A rate d*exp(-t)
"""
FAST = FORCED.replace("3*t", "9*t").replace("Forced", "Fast")
ROBERTSON = """model Robertson
species A = 1, B = 0, C = 0
A -> B rate 0.04*A
2 B -> B + C rate 3e7*B^2
B + C -> A + C rate 1e4*B*C
"""


def of(text: str) -> System:
    return rate_equations(parse(text))


def start(system: System) -> tuple[np.ndarray, np.ndarray]:
    return np.array(system.parameter_vector()), np.array([float(s.initial) for s in system.states])


def control(n: int, rtol: float = 1e-6, atol: float = 1e-9, fixed: float = 0.0, landing: bool = False) -> Control:
    return Control(rtol, np.full(n, atol), 100_000, fixed, landing)


def fixed(made: Machine, times: np.ndarray, h: float, landing: bool = False) -> np.ndarray:
    p, y = start(made.system)
    code, out, _ = made.solve(control(len(y), fixed=h, landing=landing), times, p, y, Trace.of(0, len(y)))
    assert code == DONE
    return out


def test_coefficients_are_consistent() -> None:
    """Rows sum to the nodes; the embedded weights and the interpolants agree at the ends."""
    assert np.allclose(TSIT5.b.sum(), 1.0, atol=1e-14) and np.allclose(TSIT5.error.sum(), 0.0, atol=1e-14)
    assert np.allclose(TSIT5.dense.sum(axis=1), TSIT5.b, atol=1e-12)
    # in k-variables c_i = sum_j a_ij (with the transformation undone by the matrix of gammas)
    inverse = np.eye(8) / RODAS5P.gamma - RODAS5P.e
    gammas = np.linalg.inv(inverse)
    assert np.allclose((RODAS5P.a @ gammas).sum(axis=1), RODAS5P.c, atol=1e-12)
    assert np.allclose(gammas.sum(axis=1), RODAS5P.d, atol=1e-12)


@pytest.mark.parametrize("scheme", Scheme)
def test_observed_order(scheme: Scheme) -> None:
    """Halving the step of a problem that depends on time: order 5 within 0.1, where the leading error term rules."""
    made = machine(of(FAST), scheme)
    times = np.array([0.0, 2.0])
    exact = fixed(made, times, 1.0 / 2048)[-1]
    errors = [np.abs(fixed(made, times, h)[-1] - exact).max() for h in (1 / 32, 1 / 64, 1 / 128)]
    slope = np.polyfit([0, -1, -2], np.log2(errors), 1)[0]
    assert abs(slope - 5.0) < 0.1, errors


@pytest.mark.parametrize("scheme", Scheme)
def test_order_between_steps(scheme: Scheme) -> None:
    """The interpolant has order 4: its error within one step falls by 2^5 when the step is halved."""
    made = machine(of(FORCED), scheme)
    found = []
    for h in (1 / 32, 1 / 64, 1 / 128):
        within = h * np.array([0.0, 0.2, 0.4, 0.6, 0.8])
        error = fixed(made, np.append(within, h), h)[:-1] - fixed(made, within, h / 512, landing=True)
        found.append(np.abs(error).max())
    slope = np.polyfit([0, -1, -2], np.log2(found), 1)[0]
    assert slope > 4.8, found


@pytest.mark.parametrize("scheme", Scheme)
@pytest.mark.parametrize("landing", [False, True])
def test_error_control(scheme: Scheme, landing: bool) -> None:
    """Errors stay within a hundred tolerances, and fall with the tolerance."""
    system = of(FORCED)
    times = np.linspace(0.0, 10.0, 33)
    exact = integrate(system, times, rtol=1e-12, atol=1e-14).values[0]
    p, y = start(system)
    errors = []
    for rtol in (1e-4, 1e-7, 1e-10):
        code, out, count = machine(system, scheme).solve(
            control(2, rtol, rtol, landing=landing), times, p, y, Trace.of(0, 2)
        )
        assert code == DONE and count[2] == len(times)
        errors.append(np.abs(out - exact).max() / rtol)
    assert max(errors) < 100.0


def test_stiff() -> None:
    system = of(ROBERTSON)
    times = np.r_[0.0, np.logspace(-5, np.log10(4e5), 60)]
    exact = integrate(system, times, rtol=1e-11, atol=1e-16).values[0]
    p, y = start(system)
    code, out, count = machine(system).solve(control(3, 1e-7, 1e-12), times, p, y, Trace.of(0, 3))
    assert code == DONE and count[0] < 400
    assert (np.abs(out - exact) < 1e-5 * exact + 1e-11).all()  # a hundred relative, ten absolute tolerances


def test_landing_is_exact() -> None:
    """With landing every time is the end of a step: the trace holds the times themselves."""
    system = of(FORCED)
    p, y = start(system)
    times = np.linspace(0.0, 3.0, 8)
    trace = Trace.of(1000, 2)
    machine(system).solve(control(2, landing=True), times, p, y, trace)
    begun = trace.t[: trace.used[0]]
    assert set(times[:-1]) <= set(begun)


@pytest.mark.parametrize("scheme", Scheme)
def test_faults(scheme: Scheme) -> None:
    """A blow-up is seen, a budget is kept, and what came before the fault is there."""
    system = of("model Blow\nspecies A = 1\nparam k = 1\n0 -> A rate k*A^2\n")
    times = np.array([0.0, 0.5, 2.0])
    code, out, count = machine(system, scheme).solve(control(1), times, np.ones(1), np.ones(1), Trace.of(0, 1))
    assert code in (NOT_FINITE, UNDERFLOW)
    assert count[2] == 2 and out[1, 0] == pytest.approx(2.0, rel=1e-5)
    few = control(1)._replace(max_steps=3)
    assert machine(system, scheme).solve(few, times, np.ones(1), np.ones(1), Trace.of(0, 1))[0] == SPENT


@pytest.mark.parametrize("scheme", Scheme)
def test_many_over_threads(scheme: Scheme) -> None:
    """The same numbers from one thread, from three, and from one solve at a time."""
    system = of(FORCED)
    p, y = start(system)
    rng = np.random.default_rng(5)
    sets = p * rng.uniform(0.5, 2.0, (150, 2))
    starts = y * rng.uniform(0.5, 2.0, (150, 2))
    times = np.linspace(0.0, 2.0, 5)
    made = machine(system, scheme)
    one, codes, _ = made.solve_many(control(2), times, sets, starts, threads=1)
    three, _, _ = made.solve_many(control(2), times, sets, starts, threads=3)
    alone = made.solve(control(2), times, sets[77], starts[77], Trace.of(0, 2))[1]
    assert not codes.any()
    assert np.array_equal(one, three) and np.array_equal(one[77], alone)
