"""Derivatives of what a solve returned where a field, or closed moments, are in the right-hand side."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sympy as sp
from test_sensitivity import check

from rxncompile import close, closures, integrate, moments, parse, rate_equations
from rxncompile.expressions import symbol
from rxncompile.grids import Element, axis, grid_field
from rxncompile.roots import implicit_root
from rxncompile.simulators.integrators.machine import Scheme
from rxncompile.system import System

A, B = symbol("A"), symbol("B")
TEXT = """model Grown
species A = 1, B = 0.4
param k = 0.7, d = 1.3
A -> B @ k
B -> 0 rate d*B/(1 + B)
"""


def with_field(element: Element, dimensions: int) -> System:
    """A grows by a function of A (and B) that is given on a grid, beside reactions with parameters of their own."""
    system, F = rate_equations(parse(TEXT)), symbol("F")
    formula = 1 / (1 + A**2) if dimensions == 1 else sp.exp(-A) * (1 + B / 2)
    axes = [axis(0, 2, 5), axis(0, 1, 3)][:dimensions]
    field, numbers = grid_field("growth", (A, B)[:dimensions], axes, [(F, formula)], element)
    first, second = system.rhs
    return replace(system, drift=(first + F, second), parameters=(*system.parameters, *numbers), fields=(field,))


@pytest.mark.parametrize("dimensions", [1, 2])
@pytest.mark.parametrize("scheme", Scheme)
def test_by_states_parameters_and_the_numbers_of_a_field(scheme: Scheme, dimensions: int) -> None:
    """A Hermite grid has one slope everywhere, so that differences of the same steps see no edge."""
    assert check(with_field(Element.HERMITE, dimensions), scheme, 3.0, 4, most=40)


@pytest.mark.parametrize("scheme", Scheme)
def test_an_implicit_root(scheme: Scheme) -> None:
    """B is lost as a complex C with a scarce enzyme is made: C = (B - C)(1 - C)/k, whatever C that is."""
    system, C = rate_equations(parse(TEXT)), symbol("C")
    k = symbol("k")
    field = implicit_root("complex", {C: (B - C) * (1 - C) - k * C}, {C: B / (1 + B + k)}, (B, k))
    first, second = system.rhs
    assert check(replace(system, drift=(first, second - 2 * C), fields=(field,)), scheme, 1.5, 6)


@pytest.mark.parametrize("scheme", Scheme)
def test_a_closed_hierarchy(scheme: Scheme) -> None:
    net = parse("param a = 3, b = 0.1, c = 0.4\nspecies X = 5\n0 -> X @ a\n2 X -> X @ b\nX -> 0 @ c\n")
    for closure in (closures.gaussian, closures.lognormal):
        assert check(close(moments(net, 2), closure), scheme, 2.0, 5)


def test_a_field_is_what_it_interpolates() -> None:
    """The solution with a fine grid is that with the formula, to the fourth power of the width of its cells."""
    system = with_field(Element.HERMITE, 1)
    (growth,) = system.fields
    field, numbers = grid_field("growth", (A,), [axis(0, 2, 100)], [(symbol("F"), 1 / (1 + A**2))])
    fine = replace(system, fields=(field,), parameters=(*system.parameters[:2], *numbers))
    plain = rate_equations(parse(TEXT))
    first, second = plain.rhs
    wanted = integrate(replace(plain, drift=(first + 1 / (1 + A**2), second)), [0.0, 1.0, 3.0]).values
    assert abs(integrate(fine, [0.0, 1.0, 3.0]).values - wanted).max() < 1e-7  # (1/50)^4 f''''/384
    coarse = integrate(system, [0.0, 1.0, 3.0]).values
    assert 1e-6 < abs(coarse - wanted).max() < 1e-2 and growth.parameters[0].name == "F[0]"
