"""Derivatives of steady states: differences of steady states, closed forms, and the summation theorems of control."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp
from handmade import symbols, system
from zoo import model

import rxncompile as rx
from rxncompile.errors import RxnError
from rxncompile.expressions import symbol
from rxncompile.simulators.rate_equations.steady_sensitivities import steady_gradient, steady_sensitivities
from rxncompile.system import Constant, System

ADJOINT = 1e-9  # the same linear equations, transposed


def shifted(of: System, label: str, value: float) -> np.ndarray:
    given = {label: value}
    if label in [c.label for c in of.parameters]:
        return rx.steady_state(of, given).values
    return rx.steady_state(of, initial=given).values


def central(of: System, label: str, value: float, e: float) -> np.ndarray:
    """Differences over e and half of it, extrapolated."""
    wide, narrow = (
        (shifted(of, label, value + d) - shifted(of, label, value - d)) / (2 * d) for d in (e, 0.5 * e)
    )
    return (4.0 * narrow - wide) / 3.0


@pytest.mark.parametrize(
    ("name", "noise"),
    [("goldbeter_koshland", False), ("goldbeter_koshland", True), ("mapk", False), ("schlogl", True),
     ("telegraph", False), ("telegraph", True), ("lambda_switch", True), ("bursty_expression", True)],
)  # fmt: skip
def test_differences_of_steady_states(name: str, noise: bool) -> None:
    """By parameters and initial values; a steady state is known to about 1e-12 of its size."""
    of = rx.linear_noise(model(name)) if noise else rx.rate_equations(model(name))
    labels = [c.label for c in of.parameters if not c.value.free_symbols] + [s.label for s in of.states[:3]]
    found = steady_sensitivities(of, labels)
    assert found.derivatives.shape == (len(found.labels), len(labels))
    size = np.abs(found.values).max()
    for k, label in enumerate(labels):
        e = 1e-3 * (abs(found.at[k]) or 0.1 * size)
        column = found.derivatives[:, k]
        difference = central(of, label, float(found.at[k]), e)
        assert np.abs(difference - column).max() <= 1e-6 * np.abs(column).max() + 1e-11 * size / e, label


@pytest.mark.parametrize("name", ["goldbeter_koshland", "mapk", "telegraph", "futile_cycle"])
def test_the_adjoint_is_the_transpose(name: str) -> None:
    of = rx.rate_equations(model(name))
    labels = [c.label for c in of.parameters if not c.value.free_symbols] + [s.label for s in of.states]
    forward = steady_sensitivities(of, labels)
    weights = np.random.default_rng(1).normal(size=len(forward.labels))
    back = steady_gradient(of, weights, labels)
    scale = np.abs(weights[:, np.newaxis] * forward.derivatives).sum(axis=0)
    assert (np.abs(back.derivatives - weights @ forward.derivatives) <= ADJOINT * scale + 1e-300).all()
    assert back.value == pytest.approx(float(weights @ forward.values), rel=1e-12)
    goal = forward.values + 1.0

    def distance(path: rx.Trajectory) -> tuple[float, np.ndarray]:
        away = path.values[0] - goal
        return 0.5 * float((away**2).sum()), away

    squares = steady_gradient(of, distance, labels)
    assert squares.value == pytest.approx(0.5 * len(goal))
    total = forward.derivatives.sum(axis=0)
    np.testing.assert_allclose(squares.derivatives, -total, rtol=1e-8, atol=1e-9 * scale.max())


def controlled(process: System) -> System:
    """Every reaction with a factor 1 of its own, its rate among the outputs."""
    factors = [symbol(f"factor{r}") for r in range(len(process.jumps))]
    jumps = tuple(
        replace(jump, propensity=factor * jump.propensity)
        for jump, factor in zip(process.jumps, factors, strict=True)
    )
    constants = tuple(Constant(f, f.name, sp.S.One) for f in factors)
    return replace(
        process,
        jumps=jumps,
        parameters=(*process.parameters, *constants),
        outputs=tuple((f"flux {j.name}", j.propensity) for j in jumps),
    )


@pytest.mark.parametrize("name", ["mapk", "futile_cycle", "telegraph", "bursty_expression", "goldbeter_koshland"])
def test_summation_theorems(name: str) -> None:
    """Flux control coefficients sum to 1, concentration control coefficients to 0.   Kacser and Burns 1973"""
    of = controlled(rx.jump_process(model(name)))
    factors = [c.label for c in of.parameters if c.label.startswith("factor")]
    found = steady_sensitivities(of, factors)
    n, control = len(of.states), found.scaled()
    fluxes, states = np.abs(found.values[n:]) > 1e-9, np.abs(found.values[:n]) > 1e-9
    assert fluxes.sum() >= 2
    scale = np.abs(control).sum(axis=1)
    assert (np.abs(control[n:].sum(axis=1) - 1.0) <= 1e-8 * scale[n:])[fluxes].all()
    assert (np.abs(control[:n].sum(axis=1)) <= 1e-8 * scale[:n] + 1e-12)[states].all()
    assert np.abs(control[n:][fluxes]).max() > 0.1  # and are not all zero


def test_totals_move_with_initial_values() -> None:
    """A <-> B of the total A + B, which is all that an initial value decides."""
    text = "model M\nparam k = 2, b = 3, total = 5\nspecies A = total, B = 1\nA -> B @ k\nB -> A @ b\n"
    of = rx.rate_equations(rx.parse(text))
    found = steady_sensitivities(of, ["A", "B", "total", "k"])
    part = 3 / 5
    for label in ("A", "B"):
        assert found["A", label] == pytest.approx(part, rel=1e-12)
        assert found["B", label] == pytest.approx(1 - part, rel=1e-12)
    assert found["A", "total"] == pytest.approx(0.0, abs=1e-12)  # A itself is among what is varied
    alone = steady_sensitivities(of, ["total", "k"])
    assert alone["A", "total"] == pytest.approx(part, rel=1e-12)
    assert alone["A", "k"] == pytest.approx(-3 * 6 / 25, rel=1e-12)
    assert steady_sensitivities(of, ["total"], initial={"A": 4})["A", "total"] == pytest.approx(0.0, abs=1e-12)


def test_a_kept_combination_that_turns_with_a_parameter() -> None:
    """x' = b y - k x, y' = r (k x - b y): r x + y is kept, so that x = (r x0 + y0) b/(r b + k)."""
    x, y, k, b, r = symbols("x y k b r")
    flow = k * x - b * y
    of = system({"x": (-flow, 4), "y": (r * flow, 1)}, {"k": 2, "b": 3, "r": sp.Rational(1, 2)})
    found = steady_sensitivities(of, ["k", "b", "r", "x", "y"])
    closed = (r * 4 + 1) * b / (r * b + k)
    at = {k: 2, b: 3, r: sp.Rational(1, 2)}
    for name, theta in (("k", k), ("b", b), ("r", r)):
        assert found["x", name] == pytest.approx(float(closed.diff(theta).subs(at)), rel=1e-10)
    assert found["x", "x"] == pytest.approx(1.5 / 3.5, rel=1e-10)
    assert found["x", "y"] == pytest.approx(3 / 3.5, rel=1e-10)
    back = steady_gradient(of, [1.0, 0.0], ["k", "b", "r", "x", "y"])
    np.testing.assert_allclose(back.derivatives, found.derivatives[0], rtol=1e-10)


def test_what_has_none() -> None:
    of = rx.rate_equations(model("toggle_switch"))
    with pytest.raises(RxnError) as caught:
        steady_sensitivities(of)
    assert caught.value.code == "R610"
    simple = rx.rate_equations(rx.parse("model M\nparam birth = 2\nspecies A = 0\n0 -> A @ birth\nA -> 0 @ 1\n"))
    with pytest.raises(RxnError, match="'brith' is no parameter or state") as caught:
        steady_sensitivities(simple, ["brith"])
    assert caught.value.code == "R504" and "birth" in str(caught.value.diagnostics[0].hint)
    with pytest.raises(RxnError) as caught:
        steady_sensitivities(simple, ["birth"])["A", "brith"]
    assert caught.value.code == "R704"
    with pytest.raises(RxnError) as caught:
        steady_gradient(simple, [1.0, 2.0])
    assert caught.value.code == "R604"


def test_where_it_is_not_isolated() -> None:
    """x' = -x^3: the state 0 is reached, ever more slowly, and no derivative tells how it moves."""
    x = symbol("x")
    of = system({"x": (-((x - 1) ** 3), 2)}, {"k": 1})
    with pytest.raises(RxnError) as caught:
        steady_sensitivities(of)
    assert caught.value.code in ("R616", "R619")
