"""Sensitivities and adjoints through computed fields: those of the formulas that the fields compute."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from rxncompile import RxnError, integrate, parse, rate_equations
from rxncompile.derivations.adjoint import adjoint
from rxncompile.derivations.sensitivities import sensitivities
from rxncompile.expressions import TIME, symbol
from rxncompile.grids import axis, grid_field
from rxncompile.roots import implicit_root
from rxncompile.system import System

A, B, k, d, F, u, v = (symbol(s) for s in ("A", "B", "k", "d", "F", "u", "v"))
TEXT = """model Grown
species A = 1, B = 0.4
param k = 0.7, d = 1.3
A -> B @ k
B -> 0 rate d*B/(1 + B)
"""
TIGHT = {"rtol": 1e-11, "atol": 1e-13}
END, RUNNING = 1.5, A**2 + B * v


def plain(formula: sp.Expr) -> System:
    """A grows by v = F(u)/d with u = k B + A, F a formula of u."""
    system = rate_equations(parse(TEXT))
    first, second = system.rhs
    definitions = ((u, k * B + A), (v, formula / d))
    return replace(system, drift=(first + v, second), definitions=definitions)


def on_a_grid() -> tuple[System, System]:
    """A cubic, which Hermite cells hold exactly: with the field, and with the formula."""
    formula = 1 - u / 2 + u**2 / 5 - u**3 / 50
    field, numbers = grid_field("grown", (u,), [axis(-5, 5, 1)], [(F, formula)])
    system = plain(F)
    return replace(system, fields=(field,), parameters=(*system.parameters, *numbers)), plain(formula)


def as_a_root() -> tuple[System, System]:
    """F = (sqrt(1 + 4 k u) - 1)/(2 k), the root of F + k F^2 = u; k is an input of its own."""
    field = implicit_root("root", {F: F + k * F**2 - u}, {F: u / (1 + k * u)}, (u, k))
    return replace(plain(F), fields=(field,)), plain((sp.sqrt(1 + 4 * k * u) - 1) / (2 * k))


@pytest.mark.parametrize("make", [on_a_grid, as_a_root])
def test_both_orders_are_those_of_the_formula(make) -> None:  # type: ignore[no-untyped-def]
    mine, theirs = (
        integrate(sensitivities(s, ["k", "d", "B"], order=2), [0.0, 0.7, END], **TIGHT) for s in make()
    )
    assert mine.labels == theirs.labels and "D[A,k,B]" in mine.labels
    np.testing.assert_allclose(mine.values, theirs.values, rtol=1e-7, atol=1e-9)


def gradient(system: System, of: list[str] | None = None) -> np.ndarray:
    back = adjoint(system, of, RUNNING, at=[(1, B * v)], end=END)
    solved = integrate(system, [0.0, END], **TIGHT)
    last = {s.label: solved[s.label][-1] for s in system.states}
    found = integrate(back, [0.0, END], initial=last, **TIGHT)
    return np.array([found[label][-1] for label, _ in back.outputs])


@pytest.mark.parametrize("make", [on_a_grid, as_a_root])
def test_adjoints_are_those_of_the_formula(make) -> None:  # type: ignore[no-untyped-def]
    mine, theirs = (gradient(s, ["k", "d", "B"]) for s in make())
    np.testing.assert_allclose(mine, theirs, rtol=1e-7)


def test_by_the_numbers_of_a_grid() -> None:
    """Adjoint and sensitivities agree on every number, and their sum by weight is a derivative of the solution."""
    system, _ = on_a_grid()
    names = [c.label for c in system.parameters][2:]
    assert names == ["F[0]", "F_u[0]", "F[1]", "F_u[1]"]
    made = sensitivities(replace(system, outputs=(("g", B * v),)), names)
    found = integrate(made, [0.0, 1.0], **TIGHT)
    wanted = np.array([found[f"D[g,{name}]"][-1] for name in names])
    back = adjoint(system, names, at=[(1, B * v)], end=1)
    last = {s.label: found[s.label][-1] for s in system.states}
    path = integrate(back, [0.0, 1.0], initial=last, **TIGHT)
    np.testing.assert_allclose([path[label][-1] for label, _ in back.outputs], wanted, rtol=1e-7)
    p = dict(zip((c.label for c in system.parameters), system.parameter_vector(), strict=True))
    with_output = replace(system, outputs=(("g", B * v),))
    e = 1e-4
    for name, slope in zip(names, wanted, strict=True):
        ends = [integrate(with_output, [0.0, 1.0], {name: p[name] + s * e}, **TIGHT)["g"][-1] for s in (1, -1)]
        assert slope == pytest.approx((ends[0] - ends[1]) / (2 * e), rel=1e-6)


def test_a_field_of_time() -> None:
    """Forward it is like any other; backward in time it is refused by name."""
    field, numbers = grid_field("clock", (TIME,), [axis(0, 2, 1)], [(F, 1 + TIME**2)])
    system = plain(F)
    timed = replace(system, fields=(field,), parameters=(*system.parameters, *numbers))
    mine, theirs = (integrate(sensitivities(s, ["k"]), [0.0, END], **TIGHT) for s in (timed, plain(1 + TIME**2)))
    np.testing.assert_allclose(mine.values, theirs.values, rtol=1e-8)
    with pytest.raises(RxnError, match="depends on t itself"):
        adjoint(timed, end=END)
