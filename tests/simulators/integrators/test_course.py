"""Long solves whose derivatives are taken piece by piece: the same bits as with the whole trace, in bounded memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from rxncompile import parse, rate_equations
from rxncompile.simulators.integrators import course
from rxncompile.simulators.integrators.course import Course, follow
from rxncompile.simulators.integrators.drive import DONE, Control
from rxncompile.simulators.integrators.machine import Machine, Scheme, machine

FORCED = """model Forced
species A = 1, B = 0.3
param k = 0.4, d = 2
A -> B rate k*A*(1 + d*sin(3*t))
B -> 0 rate d*B/(1 + B)
0 -> A rate d
"""
N, P = 2, 2


def made(scheme: Scheme) -> Machine:
    return machine(rate_equations(parse(FORCED)), scheme)


def control(fixed: float = 0.0, rtol: float = 1e-8) -> Control:
    return Control(rtol, np.full(N, 1e-10), 10**6, fixed, True)


def solved(scheme: Scheme, times: np.ndarray, how: Control) -> Course:
    system = made(scheme).system
    p, start = np.array(system.parameter_vector()), np.array([1.0, 0.3])
    found = follow(made(scheme), how, times, p, start)
    assert found.ended
    return found


@pytest.mark.parametrize("scheme", Scheme)
@pytest.mark.parametrize(("room", "marks"), [(2048, 4), (64, 16), (8, 4), (7, 3)])
def test_the_same_bits(scheme: Scheme, room: int, marks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole traces, pieces between marks, and marks between marks, some levels deep."""
    monkeypatch.setattr(course, "_ROOM", room)
    monkeypatch.setattr(course, "_MARKS", marks)
    times = np.array([0.0, 0.7, 5.0, 11.0, 20.0])
    found = solved(scheme, times, control())
    steps = int(found.count[0])
    assert steps > 64
    trace = made(scheme).trace(steps)
    code, states, _ = made(scheme).solve(control(), times, found.p, np.array([1.0, 0.3]), trace)
    assert code == DONE and np.array_equal(states, found.states)
    sources = np.random.default_rng(3).normal(size=states.shape)
    s, q = np.eye(N + P, N), np.eye(N + P)[:, N:].copy()
    for one, whole in zip(found.back(sources), made(scheme).back(times, found.p, trace, sources), strict=True):
        assert np.array_equal(one, whole)
    assert np.array_equal(found.along(s, q), made(scheme).along(times, found.p, trace, s, q))


@pytest.mark.parametrize("scheme", Scheme)
def test_from_a_time_on(scheme: Scheme, monkeypatch: pytest.MonkeyPatch) -> None:
    """The derivatives of what follows the third time: adjoint and forward agree to rounding."""
    monkeypatch.setattr(course, "_ROOM", 16)
    times = np.array([0.0, 0.7, 5.0, 11.0, 20.0])
    found = solved(scheme, times, control())
    sources = np.random.default_rng(4).normal(size=(5, N))
    costate, gradient = found.back(sources, 2)
    s, q = np.eye(N + P, N), np.eye(N + P)[:, N:].copy()
    along = found.along(s, q, 2)
    assert along.shape == (3, N + P, N) and np.array_equal(along[0], s)
    forward = np.einsum("tmn,tn->m", along, sources[2:])
    assert np.allclose(np.append(costate, gradient), forward, rtol=1e-10, atol=1e-12)


def test_memory_does_not_grow() -> None:
    """200,000 steps of fixed length take the memory of 20,000, and 1 MB in all; the gradient is the whole trace's."""
    peaks, times = [], np.array([0.0, 60.0, 100.0])
    sources = np.array([[0.0, 0.0], [1.0, -1.0], [0.5, 2.0]])
    for steps in (20_000, 200_000):
        how = control(fixed=100.0 / steps)
        solved(Scheme.EXPLICIT, times, how).back(sources)  # everything compiled
        tracemalloc.start()
        found = solved(Scheme.EXPLICIT, times, how)
        costate, gradient = found.back(sources)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert abs(int(found.count[0]) - steps) <= 2
    assert max(peaks) < 1e6 and peaks[1] < 1.5 * peaks[0]
    trace = made(Scheme.EXPLICIT).trace(int(found.count[0]))
    made(Scheme.EXPLICIT).solve(how, times, found.p, np.array([1.0, 0.3]), trace)
    whole = made(Scheme.EXPLICIT).back(times, found.p, trace, sources)
    assert np.array_equal(costate, whole[0]) and np.array_equal(gradient, whole[1])
