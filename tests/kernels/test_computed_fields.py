"""Fields in kernels: interpolants of formulas, elements of the reference, derivatives, the readable form, refusals."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import sympy as sp
from exported_python import compile_python
from reference_numbers import content, reference

from rxncompile import RxnError
from rxncompile.expressions import exact, symbol
from rxncompile.grids import Element, GridAxis, axis, grid_field
from rxncompile.kernels.derivatives import parameter_program
from rxncompile.kernels.fields import Terms, register
from rxncompile.kernels.graph import Op
from rxncompile.kernels.program import formula_program, jacobian_program, rhs_program
from rxncompile.kernels.source import compile_matrix, compile_program
from rxncompile.system import Constant, Field, State, System

X = tuple(symbol(f"x{i}") for i in range(3))
F, G = symbol("F"), symbol("G")


def with_grid(
    axes: list[GridAxis], formula: sp.Expr, element: Element = Element.HERMITE, more: tuple[Constant, ...] = ()
) -> System:
    """dx_0/dt = F(x), dx_i/dt = 0."""
    inputs = X[: len(axes)]
    made, numbers = grid_field("grid", inputs, axes, [(F, formula)], element)
    drift = (F, *(sp.S.Zero for _ in inputs[1:]))
    states = tuple(State(x, x.name) for x in inputs)
    return System("Grid", states, (*more, *numbers), drift, fields=(made,))


def value(system: System, x: np.ndarray, p: np.ndarray | None = None) -> float:
    kernel, out = compile_program(rhs_program(system)), np.zeros(len(x))
    kernel(0.0, x, np.array(system.parameter_vector()) if p is None else p, out)
    return float(out[0])


def gradient(system: System, x: np.ndarray) -> np.ndarray:
    n, out = len(x), np.zeros(len(x) ** 2)
    compile_matrix(jacobian_program(system))(0.0, x, np.array(system.parameter_vector()), out)
    return out.reshape(n, n)[0]


CELLS = (content("hermite_elements") or {"cells": [None]})["cells"]


@pytest.mark.reference
@pytest.mark.parametrize("cell", CELLS, ids=lambda c: f"{c['dim']}d" if c else "absent")
def test_reference_elements(cell: dict) -> None:  # type: ignore[type-arg]
    """One Q3 element: its numbers stand by vertices, then by derivatives."""
    reference("hermite_elements")
    d = cell["dim"]
    corners = zip(cell["cell_origin"], cell["cell_lengths"], strict=True)
    axes = [axis(low, exact(low) + exact(size), 1) for low, size in corners]
    system = with_grid(axes, sp.S.Zero)
    dof = np.array(cell["dof"])
    assert dof.shape == (2,) * (2 * d)
    p = dof.reshape(-1)
    assert cell["points"]
    for point in cell["points"]:
        x = np.array(point["x"])
        assert value(system, x, p) == pytest.approx(point["value"], rel=1e-12, abs=1e-12)
        filled = replace(
            system, parameters=tuple(replace(c, value=exact(v)) for c, v in zip(system.parameters, p, strict=True))
        )
        np.testing.assert_allclose(gradient(filled, x), point["gradient"], rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_interpolants(dimensions: int) -> None:
    """Cubics in each input are hit exactly by Hermite cells, products of lines by multilinear ones; beyond, too."""
    rng = np.random.default_rng(dimensions)
    axes = [axis(-1 - i, 2, 3 + i) for i in range(dimensions)]
    inputs = X[:dimensions]
    for element, degree in ((Element.HERMITE, 3), (Element.MULTILINEAR, 1)):
        formula = sp.Add(
            *(
                sp.Rational(int(rng.integers(-9, 10)), 7) * sp.Mul(*(x**e for x, e in zip(inputs, powers, strict=True)))
                for powers in product(range(degree + 1), repeat=dimensions)
            )
        )
        system, exactly = with_grid(axes, formula, element), sp.lambdify(inputs, formula)
        slopes = [sp.lambdify(inputs, formula.diff(x)) for x in inputs]
        for x in rng.uniform(-3.0, 3.0, (20, dimensions)):
            assert value(system, x) == pytest.approx(exactly(*x), rel=1e-9, abs=1e-9)
            np.testing.assert_allclose(gradient(system, x), [float(s(*x)) for s in slopes], rtol=1e-8, atol=1e-8)


def test_order_of_interpolation() -> None:
    """Of a smooth function the error falls as h^4 with Hermite cells, as h^2 with multilinear ones."""
    formula, points = sp.sin(3 * X[0]) * sp.exp(X[1]), np.random.default_rng(1).uniform(0.0, 1.0, (200, 2))
    for element, order in ((Element.HERMITE, 4), (Element.MULTILINEAR, 2)):
        errors = []
        for cells in (4, 8, 16):
            system = with_grid([axis(0, 1, cells), axis(0, 1, cells)], formula, element)
            wanted = np.sin(3 * points[:, 0]) * np.exp(points[:, 1])
            errors.append(np.abs([value(system, x) for x in points] - wanted).max())
        assert np.polyfit([0, -1, -2], np.log2(errors), 1)[0] == pytest.approx(order, abs=0.3), errors


def test_derivatives_by_its_own_numbers() -> None:
    """Of a function that is linear in them, the derivatives are what each of them alone gives; most are zero."""
    system = with_grid([axis(0, 1, 3), axis(0, 2, 2)], X[0] * X[1] ** 2, more=(Constant(symbol("k"), "k", sp.S.One),))
    found = parameter_program(system)
    kernel, x = compile_program(found.program), np.array([0.4, 1.7])
    out, p = np.zeros(kernel.n_out), np.array(system.parameter_vector())
    kernel(0.0, x, p, out)
    assert found.columns == tuple(range(1, 1 + 4 * 4 * 3))
    unit = [value(system, x, row) for row in np.eye(len(p))]
    np.testing.assert_allclose(out, unit[1:], rtol=1e-13, atol=1e-15)
    assert np.count_nonzero(out) == 16 and value(system, x, p) == pytest.approx(out @ p[1:])


def test_two_outputs_and_the_readable_form() -> None:
    """Definitions feed a field and use it; exported Python computes the same bits."""
    u = symbol("u")
    field, numbers = grid_field("pair", (u,), [axis(0, 1, 4)], [(F, u**2), (G, 1 - u)])
    states = (State(X[0], "x0"), State(X[1], "x1"))
    definitions = ((u, X[0] * X[1]), (symbol("v"), F * G))
    system = System("Pair", states, numbers, (F - G, symbol("v")), definitions=definitions, fields=(field,))
    assert "F, G = pair(u): cubic Hermite grid, 20 numbers" in str(system)
    program = rhs_program(system)
    p, y = np.array(system.parameter_vector()), np.array([0.6, 0.5])
    text, python = np.zeros(2), np.zeros(2)
    compile_program(program)(0.0, y, p, text)
    compile_python(program)(0.0, y, p, python)
    assert text.tolist() == python.tolist()
    assert text == pytest.approx([0.09 - 0.7, 0.09 * 0.7])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
def test_no_index_leaves_the_numbers(bad: float) -> None:
    system = with_grid([axis(0, 1, 3)], X[0])
    assert not np.isfinite(value(system, np.array([bad]))) or bad == 1e300


def test_a_kind_of_ones_own() -> None:
    def square(terms: Terms) -> list[int]:
        g, (x,) = terms.graph, terms.inputs
        return [g.mul(x, x, g.make(Op.PARAM, (), terms.first))]

    register("square of a test", square)
    register("square of a test", square)
    k = symbol("k")
    system = System(
        "Own", (State(X[0], "x0"),), (Constant(k, "k", sp.Integer(3)),), (F,),
        fields=(Field("own", "square of a test", (X[0],), (F,), (k,)),),
    )  # fmt: skip
    assert value(system, np.array([2.0])) == 12.0 and gradient(system, np.array([2.0])).tolist() == [12.0]
    with pytest.raises(RxnError, match="has an implementation already"):
        register("square of a test", lambda terms: [])


def test_what_is_wrong() -> None:
    system = with_grid([axis(0, 1, 3)], X[0])
    (field,) = system.fields
    turned = replace(system, parameters=tuple(reversed(system.parameters)))
    for wrong, says in [
        (turned, "side by side"),
        (replace(system, parameters=()), "side by side"),
        (replace(system, fields=(replace(field, kind="cubic hermite grid"),)), "'cubic hermite grid'"),
        (replace(system, fields=(replace(field, form=(*field.form, axis(0, 1, 1))),)), "numbers of its grid"),  # type: ignore[misc]
        (replace(system, fields=(replace(field, outputs=(F, G)),)), "numbers of its grid"),
    ]:
        with pytest.raises(RxnError, match=says) as caught:
            formula_program(wrong, [F])
        assert caught.value.code == "R508"
    for make in (
        lambda: axis(0, 1, 0), lambda: axis(1, 1, 2), lambda: grid_field("f", X[:2], [axis(0, 1, 1)], [(F, X[0])]),
        lambda: grid_field("f", X[:1], [axis(0, 1, 1)], [(F, 1 / X[0])]),
        lambda: grid_field("f", X[:1], [axis(0, 1, 1)], [(F, X[1])]),
    ):  # fmt: skip
        with pytest.raises(RxnError) as caught:
            make()
        assert caught.value.code == "R534"
