"""Sensitivities as Systems: closed forms, differences of solutions, every model that is smooth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp
from conftest import ROOT

from rxncompile import RxnError, close, closures, integrate, load, moments, parse, rate_equations
from rxncompile.derivations.sensitivities import sensitivities
from rxncompile.derivations.slopes import slope
from rxncompile.expressions import symbol
from rxncompile.simulators.rate_equations.horizon import horizon
from rxncompile.system import System

TIGHT = {"rtol": 1e-11, "atol": 1e-13}
NAMED = """model Named
param k = 0.7, d = 1.3, a0 = 2
species A = a0, B = 0.5*a0
let v = k*A*B
let w = v^2/(1 + v)
A -> B rate w + k*A
B -> 0 rate d*B/(1 + B)*(1 + sin(t))
observable total = A + 2*B
"""


def column(system: System, times: np.ndarray, values: dict[str, float]) -> dict[str, np.ndarray]:
    found = integrate(system, times, values, **TIGHT)
    return dict(zip(found.labels, found.values[0].T, strict=True))


def test_decay_in_closed_form() -> None:
    system = rate_equations(parse("param k = 0.7, a = 3\nspecies A = a\nA -> 0 @ k\n"))
    times = np.linspace(0.0, 4.0, 7)
    found = column(sensitivities(system, order=2), times, {})
    A = 3.0 * np.exp(-0.7 * times)
    wanted = {
        "A": A, "D[A,k]": -times * A, "D[A,a]": A / 3, "D[A,k,k]": times**2 * A, "D[A,k,a]": -times * A / 3,
        "D[A,a,a]": 0 * A,
    }  # fmt: skip
    assert list(found) == list(wanted)
    for label, values in wanted.items():
        np.testing.assert_allclose(found[label], values, rtol=1e-8, atol=1e-10)


def test_an_initial_value_is_a_direction() -> None:
    """B begins at a formula of A: moving A moves B, moving B does not move A."""
    system = rate_equations(parse("species A = 2, B = 6\nA -> 0 @ 1\nB -> 0 @ 2\n"))
    first, second = system.states
    system = replace(system, states=(first, replace(second, initial=3 * first.symbol)))
    found = column(sensitivities(system, ["A", "B"]), np.array([0.0, 1.0]), {})
    assert [found[f"D[{x},{k}]"][0] for k in "AB" for x in "AB"] == [1.0, 3.0, 0.0, 1.0]
    np.testing.assert_allclose(found["D[B,A]"][1], 3 * np.exp(-2.0), rtol=1e-8)


def test_both_orders_are_differences() -> None:
    """First order of the solution's, second of the first's, at 1e-6; through definitions, time and initial values."""
    system = rate_equations(parse(NAMED))
    times = np.array([0.0, 0.7, 1.5])
    found = column(sensitivities(system, order=2), times, {})
    first = sensitivities(system)
    at = {"k": 0.7, "d": 1.3, "a0": 2.0}
    for i, k in enumerate(at):
        e = 1e-4
        above, below = (column(first, times, {**at, k: at[k] + sign * e}) for sign in (1, -1))
        for quantity in ("A", "B", "total"):
            difference = (above[quantity] - below[quantity]) / (2 * e)
            np.testing.assert_allclose(found[f"D[{quantity},{k}]"], difference, rtol=1e-6, atol=1e-7)
            for other in list(at)[: i + 1]:
                name = f"D[{quantity},{other}]"
                difference = (above[name] - below[name]) / (2 * e)
                np.testing.assert_allclose(found[f"D[{quantity},{other},{k}]"], difference, rtol=1e-6, atol=1e-6)


MODELS = ["michaelis_menten", "brusselator", "lotka_volterra", "repressilator", "goldbeter_koshland", "sir"]


@pytest.mark.parametrize("name", MODELS)
def test_models_of_the_library(name: str) -> None:
    compare(rate_equations(load(ROOT / "models" / f"{name}.rxn")))


def test_a_closed_hierarchy() -> None:
    net = parse("param a = 3, b = 0.1, c = 0.4\nspecies X = 5\n0 -> X @ a\n2 X -> X @ b\nX -> 0 @ c\n")
    compare(close(moments(net, 2), closures.gaussian), 2.0)


def test_edges_and_steps() -> None:
    text = """param a = 3, b = 2.5
species X = 0.3
0 -> X rate min(a, b + X)
X -> 0 rate X*max(0.1, abs(X - a))*(1 + floor(b))
"""
    compare(rate_equations(parse(text)), 0.5)


def compare(system: System, end: float | None = None) -> None:
    """Of three parameters, by central differences of the solution."""
    times = np.array([0.0, 0.05 * horizon(system) if end is None else end])
    labels = [c.label for c in system.parameters][:3]
    found = column(sensitivities(system, labels), times, {})
    at = dict(zip((c.label for c in system.parameters), system.parameter_vector(), strict=True))
    for label in labels:
        e = 1e-4 * max(abs(at[label]), 1e-3)
        above, below = (column(system, times, {**at, label: at[label] + sign * e}) for sign in (1, -1))
        for state in system.states:
            difference = (above[state.label] - below[state.label])[-1] / (2 * e)
            size = np.abs(found[state.label]).max()
            scale, noise = size / max(abs(at[label]), 1e-3), 10 * TIGHT["rtol"] * size / e
            name = f"D[{state.symbol.name},{label}]"
            assert abs(found[name][-1] - difference) <= 1e-6 * (abs(difference) + scale) + noise, name


def test_slopes_of_steps() -> None:
    x, y = symbol("x"), symbol("y")
    assert slope(sp.floor(x) * x, x) == sp.floor(x)
    assert slope(sp.Min(x, y), x).subs({x: 1, y: 2}) == 1 and slope(sp.Min(x, y), x).subs({x: 3, y: 2}) == 0


def test_what_cannot_be_differentiated() -> None:
    system = rate_equations(parse(NAMED))
    with pytest.raises(RxnError, match="neither a parameter nor a state") as caught:
        sensitivities(system, ["q"])
    assert caught.value.code == "R504"
    for wrong, code in [
        (rate_equations(parse(NAMED + "at 1: A = 2\n")), "R530"),
        (rate_equations(parse(NAMED.replace("A = a0", "A ~ Poisson(a0)"))), "R530"),
        (moments(parse("species X = 5\n2 X -> X @ 1\n"), 1), "R506"),
    ]:
        with pytest.raises(RxnError) as caught:
            sensitivities(wrong)
        assert caught.value.code == code
    with pytest.raises(RxnError, match="order 3"):
        sensitivities(system, order=3)
    assert sensitivities(replace(system, parameters=()), []).states == system.states
