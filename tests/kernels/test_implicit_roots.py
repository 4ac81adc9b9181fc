"""Unknowns that equations decide: their values, derivatives of both orders, the readable form, what has no root."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
import sympy as sp
from exported_python import compile_python

from rxncompile import RxnError, integrate
from rxncompile.expressions import symbol
from rxncompile.kernels.derivatives import curvature_program
from rxncompile.kernels.program import jacobian_program, rhs_program
from rxncompile.kernels.python import system_python
from rxncompile.kernels.source import compile_matrix, compile_program
from rxncompile.roots import Root, implicit_root
from rxncompile.system import Constant, Field, State, System

x, z, k, y, w = (symbol(s) for s in ("x", "z", "k", "y", "w"))


def cubic() -> System:
    """dx/dt = y with y + k y^3 = x."""
    field = implicit_root("cubic", {y: y + k * y**3 - x}, {y: x}, (x, k))
    return System("Cubic", (State(x, "x", sp.S.Half),), (Constant(k, "k", sp.Integer(2)),), (y,), fields=(field,))


def bound() -> System:
    """Two complexes with one enzyme, in balance: x (1 - y - w) = k y, z (1 - y - w) = 2 k w; known in closed form."""
    free = 1 - y - w
    equations = {y: x * free - k * y, w: z * free - 2 * k * w}
    field = implicit_root("binding", equations, {y: sp.S.Zero, w: sp.S.Zero}, (x, z, k))
    states = (State(x, "x", sp.S.One), State(z, "z", sp.S.One))
    return System("Bound", states, (Constant(k, "k", sp.S.Half),), (-y, -w), fields=(field,))


def closed_form(system: System) -> System:
    """The same without a field."""
    total = 1 + x / k + z / (2 * k)
    return replace(system, fields=(), drift=(-x / k / total, -z / (2 * k) / total))


def numbers(kernel, t: float, point: np.ndarray, p: np.ndarray) -> np.ndarray:  # type: ignore[no-untyped-def]
    out = np.zeros(kernel.n_out)
    kernel(t, point, p, out)
    return out


def test_value_and_slopes_of_a_cubic() -> None:
    """With Y' = 1/(1 + 3 k Y^2) and Y'' = -6 k Y Y'^3."""
    system, p = cubic(), np.array([2.0])
    second = curvature_program(system)
    places = dict(zip(zip(second.rows, second.columns, strict=True), range(len(second.rows)), strict=True))
    for at in (-7.0, -0.3, 0.0, 1e-9, 0.5, 40.0):
        point = np.array([at])
        value = numbers(compile_program(rhs_program(system)), 0.0, point, p)[0]
        roots = np.roots([2.0, 0.0, 1.0, -at])
        wanted = roots[np.argmin(np.abs(roots.imag))].real
        assert value == pytest.approx(wanted, rel=1e-12, abs=1e-14)
        slope = 1 / (1 + 6 * wanted**2)
        assert numbers(compile_matrix(jacobian_program(system)), 0.0, point, p)[0] == pytest.approx(slope, rel=1e-11)
        bends = numbers(compile_program(second.program), 0.0, point, p)
        assert bends[places[0, 0]] == pytest.approx(-12 * wanted * slope**3, rel=1e-9, abs=1e-12)
        by_k = -(wanted**3) * slope  # dY/dk, and so the derivative of Y' by k
        mixed = -(slope**2) * (3 * wanted**2 + 12 * wanted * by_k)
        assert bends[places[0, 1]] == pytest.approx(mixed, rel=1e-8, abs=1e-12)


def test_two_unknowns_are_their_closed_form() -> None:
    system, p, rng = bound(), np.array([0.5]), np.random.default_rng(1)
    plain = closed_form(system)
    kernels = [(compile_program(rhs_program(s)), compile_matrix(jacobian_program(s))) for s in (system, plain)]
    for point in rng.uniform(0.0, 3.0, (10, 2)):
        for mine, theirs in zip(*kernels, strict=True):
            np.testing.assert_allclose(numbers(mine, 0.0, point, p), numbers(theirs, 0.0, point, p), rtol=1e-11)
    text, python = compile_program(rhs_program(system)), compile_python(rhs_program(system))
    assert numbers(text, 0.0, point, p).tolist() == numbers(python, 0.0, point, p).tolist()


def test_solutions() -> None:
    times = np.linspace(0.0, 4.0, 5)
    for method in ("LSODA", "Radau"):
        found = integrate(bound(), times, method=method)
        np.testing.assert_allclose(found.values, integrate(closed_form(bound()), times).values, rtol=1e-6, atol=1e-9)


def test_no_root_is_no_number() -> None:
    """y^2 = -1 - x has none: a run says so, it does not go on."""
    field = implicit_root("none", {y: y**2 + 1 + x}, {y: sp.S.One}, (x,))
    system = System("None", (State(x, "x", sp.S.One),), (), (y,), fields=(field,))
    with pytest.raises(RxnError, match="derivative of 'x' is nan") as caught:
        integrate(system, [0.0, 1.0])
    assert caught.value.code == "R601"


def test_what_is_wrong() -> None:
    for make in (
        lambda: implicit_root("f", {}, {}, ()),
        lambda: implicit_root("f", {y: y - x}, {}, (x,)),
        lambda: implicit_root("f", {y: y - z}, {y: x}, (x,)),
        lambda: implicit_root("f", {y: y - x}, {y: z}, (x,)),
        lambda: implicit_root("f", {y: y - x}, {y: x}, (x,), turns=0),
        lambda: implicit_root("f", {y: y - x}, {y: x}, (x,), rising=1),
        lambda: implicit_root("f", {y: y - x, w: w - x}, {y: x, w: x}, (x,), positive=True, rising=1),
    ):
        with pytest.raises(RxnError) as caught:
            make()
        assert caught.value.code == "R534"
    assert isinstance(cubic().fields[0].form, Root)


def outcomes(field: Field, at: Sequence[float]) -> np.ndarray:
    """The output of a field of x at several x; by both kinds of machine code and the exported Python, which agree."""
    system = System("One", (State(x, "x", sp.S.One),), (), (field.outputs[0],), fields=(field,))
    program = rhs_program(system)
    found = [
        [numbers(kernel, 0.0, np.array([value]), np.zeros(0))[0] for value in at]
        for kernel in (compile_program(program, 0), compile_program(program, 2))
    ]
    exported: dict[str, Callable[..., None]] = {}
    exec(compile(system_python(system), "<exported>", "exec"), exported)
    for k, value in enumerate(at):
        written = [0.0]
        exported["rhs"](0.0, [value], [], written)
        assert written[0] == found[0][k] == found[1][k] or np.isnan([written[0], found[0][k], found[1][k]]).all()
    return np.array(found[0])


def test_positive_unknowns_stay_positive() -> None:
    """(y - 1)(y + 2) = x has a negative root too, which is not found; where there is no other, none is."""
    equations = {y: (y - 1) * (y + 2) - x}
    plain = implicit_root("plain", equations, {y: sp.Rational(-3)}, (x,))
    assert outcomes(plain, [2.0])[0] == pytest.approx(-0.5 - np.sqrt(4.25), rel=1e-12)
    guess = {y: sp.Rational(1, 100)}
    kept = implicit_root("kept", equations, guess, (x,), 20, positive=True)
    at = np.array([-1.9, 0.0, 2.0, 50.0])
    np.testing.assert_allclose(outcomes(kept, at.tolist()), -0.5 + np.sqrt(2.25 + at), rtol=1e-12)
    negative = implicit_root("negative", {y: (y + 1) * (y + 2)}, guess, (x,), 20, positive=True)
    assert np.isnan(outcomes(negative, [1.0])).all()


def test_a_positive_unknown_that_is_zero() -> None:
    """y (1 + y) = x at x = 0, from a guess of 1 and from one of 0."""
    for guess in (sp.S.One, x):
        field = implicit_root("zero", {y: y * (1 + y) - x}, {y: guess}, (x,), 25, positive=True)
        assert abs(outcomes(field, [0.0])[0]) < 1e-14


def test_a_residual_that_rises_keeps_turns_between_bounds() -> None:
    """y + 40 y^12/(1 + y^12) = x: flat, steep, flat; and y^15 = x."""
    equations, at = {y: y + 40 * y**12 / (1 + y**12) - x}, [0.0, 0.03, 5.0, 20.0, 38.0, 41.0, 300.0]
    found = outcomes(implicit_root("sigmoid", equations, {y: x}, (x,), 20, positive=True, rising=1), at)
    np.testing.assert_allclose(found + 40 * found**12 / (1 + found**12), at, rtol=1e-12)
    falling = implicit_root("falling", {y: x - y**15}, {y: sp.S.One}, (x,), 30, positive=True, rising=-1)
    np.testing.assert_allclose(outcomes(falling, [1e-3, 0.5, 400.0]) ** 15, [1e-3, 0.5, 400.0], rtol=1e-12)
