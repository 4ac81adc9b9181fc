"""Derivatives of what a solve returned: adjoint = forward = central differences of the same steps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT

from rxncompile import load, parse, rate_equations
from rxncompile.simulators.integrators.drive import DONE, Control, Trace
from rxncompile.simulators.integrators.machine import Scheme, machine
from rxncompile.simulators.rate_equations.horizon import horizon
from rxncompile.simulators.rate_equations.initial import initial_values
from rxncompile.system import System

MODELS = sorted((ROOT / "models").glob("*.rxn"))
CLOSE = 1e-9  # adjoint and forward do the same sums in another order
# central differences with steps of 1e-5 and half of that, extrapolated; an entry that is small beside the others is
# compared on the scale of these
DIFFERENCES = 1e-6


def solved(system: System, scheme: Scheme, p: np.ndarray, y: np.ndarray, end: float) -> tuple[np.ndarray, Trace] | None:
    n = len(y)
    atol = 1e-6 * np.maximum(np.abs(y), 1e-3 * max(1.0, np.abs(y).max()))
    trace = Trace.of(20_000, n)
    times = np.linspace(0.0, end, 4)
    code, _, _ = machine(system, scheme).solve(Control(1e-6, atol, 20_000, 0.0, True), times, p, y, trace)
    return (times, trace) if code == DONE else None


def central(value: Callable[[np.ndarray], float], x: np.ndarray, i: int, e: float) -> float:
    above, below = x.copy(), x.copy()
    above[i], below[i] = x[i] + e, x[i] - e
    return (value(above) - value(below)) / (above[i] - below[i])


def check(system: System, scheme: Scheme, end: float, seed: int, most: int = 40) -> bool:
    """Adjoint against forward, and against differences of the same steps in `most` directions. False: not solved."""
    rng = np.random.default_rng(seed)
    made = machine(system, scheme)
    p = np.array(system.parameter_vector()) * rng.uniform(0.9, 1.1, len(system.parameters))
    y = np.array(initial_values(system)) * rng.uniform(0.9, 1.1, len(system.states))
    found = solved(system, scheme, p, y, end)
    if found is None:
        return False
    times, trace = found
    n, m = len(y), len(y) + len(p)
    sources = rng.normal(size=(len(times), n))
    s, q = np.eye(m, n), np.eye(m)[:, n:].copy()
    along = made.along(times, p, trace, s, q)
    forward = np.einsum("tmn,tn->m", along, sources)
    adjoint = np.concatenate(made.back(times, p, trace, sources))
    scale = np.abs(np.einsum("tmn,tn->tmn", along, sources)).sum(axis=(0, 2))
    assert (np.abs(adjoint - forward) <= CLOSE * (scale + 1e-300)).all()
    steps = np.append(trace.t[: trace.used[0]], times[-1])
    rows = np.searchsorted(steps, times)

    def value(x: np.ndarray) -> float:
        again = Control(1.0, np.ones(n), 10**6, 1e300, True)  # one step to each time: the same steps
        code, out, _ = made.solve(again, steps, x[n:].copy(), x[:n].copy(), Trace.of(0, n))
        assert code == DONE
        return float((out[rows] * sources).sum())

    size = np.abs(trace.y[: trace.used[0]]).max()
    x = np.concatenate([y, p])
    for i in rng.permutation(m)[:most]:
        e = 1e-5 * max(abs(x[i]), 1e-3 * size if i < n else 1e-12)
        wide, narrow = central(value, x, i, e), central(value, x, i, 0.5 * e)
        difference = (4.0 * narrow - wide) / 3.0  # Richardson
        noise = 1e-15 * np.abs(sources).sum() * size / e * len(steps)
        assert abs(difference - adjoint[i]) <= DIFFERENCES * scale[i] + noise, (i, difference, adjoint[i])
    return True


FORCED = """model Forced
species A = 1, B = 0.3
param k = 0.4, d = 2
A -> B rate k*A*(1 + d*sin(3*t))
B -> 0 rate d*B/(1 + B)
"""
ROBERTSON = """model Robertson
species A = 1, B = 0.00003, C = 0.2
param k1 = 0.04, k2 = 3e7, k3 = 1e4
A -> B rate k1*A
2 B -> B + C rate k2*B^2
B + C -> A + C rate k3*B*C
"""


@pytest.mark.parametrize("scheme", Scheme)
def test_rates_that_depend_on_time(scheme: Scheme) -> None:
    assert check(rate_equations(parse(FORCED)), scheme, 5.0, 1)


def test_stiff() -> None:
    assert check(rate_equations(parse(ROBERTSON)), Scheme.ROSENBROCK, 100.0, 2)


def smooth(path: Path) -> System | None:
    """The rate equations of a model that is not on a lattice and runs without events."""
    net = load(path)
    if net.lattices or net.events:
        return None
    system = rate_equations(net)
    return system if system.states else None


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_zoo(path: Path) -> None:
    """Every model of the zoo whose rate equations are smooth in time, at parameters near its own."""
    system = smooth(path)
    if system is not None:
        assert check(system, Scheme.ROSENBROCK, 0.1 * float(horizon(system)), 3, most=8)


def test_most_of_the_zoo_is_smooth() -> None:
    assert sum(smooth(path) is not None for path in MODELS) >= 18
