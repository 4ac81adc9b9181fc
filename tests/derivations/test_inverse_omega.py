"""The inverse omega squared expansion: exact for linear networks, else the powers of the size in its errors."""

import numpy as np
import pytest
import sympy as sp

import rxncompile as rx
from rxncompile.derivations.inverse_omega import inverse_omega_squared
from rxncompile.derivations.linear_noise import linear_noise
from rxncompile.derivations.moments import moments
from rxncompile.errors import RxnError
from rxncompile.monomials import Kind

T = np.linspace(0.0, 3.0, 4)

DIMERS = """compartment c = {V}
species A : conc in c = 1, D : conc in c = 0
2 A -> D @ 2
D -> 2 A @ 1
0 -> A @ 1
A -> 0 @ 0.5
"""
TRIMERS = """compartment c = {V}
species A : conc in c = 1.5
3 A -> 0 @ 1
0 -> 2 A @ 1
A -> 0 @ 0.3
"""
ENZYME = """compartment c = {V}
species S : conc in c = 1, E : conc in c = 0.5, ES : conc in c = 0
S + E <-> ES @ 2, 0.5
ES -> E @ 1
0 -> S @ 0.3
"""
LAW = """compartment c = {V}
species X : conc in c = 1
0 -> X rate 2/(1 + X^2) per c
X -> 0 @ 1
"""


@pytest.mark.parametrize(
    ("text", "name", "sizes"),
    [(DIMERS, "A", (8, 16)), (TRIMERS, "A", (32, 64)), (ENZYME, "S", (16, 32)), (LAW, "X", (32, 64))],
    ids=["dimers", "third order", "enzyme", "law"],
)
def test_errors_fall_as_the_expansion_says(text: str, name: str, sizes: tuple[int, int]) -> None:
    """Against the master equation, for counts: mean 1/V^2, covariance 1/V; without, 1/V and a constant."""
    errors = []
    for volume in sizes:
        net = rx.parse(text.replace("{V}", str(volume)))
        exact = rx.master_equation(rx.jump_process(net), T, error=1e-11)
        mean, variance = exact.mean_of(name), exact.sd_of(name) ** 2
        ios = rx.integrate(inverse_omega_squared(net), T, rtol=1e-11)
        lna = rx.integrate(linear_noise(net, correction=True), T, rtol=1e-11)
        found = (lna[f"<{name}>"] - mean, ios[f"<{name}>"] - mean)
        found += (lna[f"<{name}^2>_c"] - variance, ios[f"<{name}^2>_c"] - variance)
        errors.append([np.abs(x[-1]) for x in found])
    falls = np.log2(np.array(errors[0]) / np.array(errors[1]))
    np.testing.assert_allclose(falls, [1.0, 2.0, 0.0, 1.0], atol=0.3)  # the next order joins in at these sizes
    assert errors[1][1] < 0.2 * errors[1][0]
    assert errors[1][3] < 0.2 * errors[1][2]


def test_third_moments_are_those_of_the_master_equation_to_leading_order() -> None:
    relative = []
    for volume in (8, 32):
        net = rx.parse(TRIMERS.replace("{V}", str(volume)))
        exact = rx.master_equation(rx.jump_process(net), T, error=1e-11)
        n, p = exact.marginal("A")
        third = p @ (n - p @ n) ** 3
        relative.append(rx.integrate(inverse_omega_squared(net), T, rtol=1e-10)["<A^3>_c0"][-1] / third - 1)
    assert abs(relative[1]) < 0.3 * abs(relative[0]) < 0.3


def test_a_linear_network_needs_no_corrections() -> None:
    """All of them keep the value 0, and third moments are exact."""
    net = rx.parse("species A = 4, B = 1\nparam k = 2\n0 -> A @ 3\nA -> 2 A + B @ k\nB -> 0 @ 1\n")
    system = inverse_omega_squared(net)
    corrections = {s.symbol for s in system.states if s.label.endswith(("_1", "_2", "_c1"))}
    assert len(corrections) == 7
    for state, rhs in zip(system.states, system.rhs, strict=True):
        if state.symbol in corrections:
            assert sp.expand(rhs.xreplace(dict.fromkeys(corrections, sp.S.Zero))) == 0
    exact = {text: sp.expand(rhs) for text, rhs in moments(net, 3, Kind.CENTRAL).equations()}
    labels = {s.symbol: s.label.removesuffix("0") if "<" in s.label else f"<{s.label}>" for s in system.states}
    plain = {s: sp.Symbol(text, real=True) for s, text in labels.items()}
    kept = [(s.symbol, rhs) for s, rhs in zip(system.states, system.rhs, strict=True) if s.symbol not in corrections]
    assert {labels[s]: sp.expand(rhs.xreplace(plain)) for s, rhs in kept} == exact


def test_powers_and_falling_factorials_differ_by_their_factor() -> None:
    """With {powers} the constant has no factorial in it: the same System with another number."""
    plain = inverse_omega_squared(rx.parse("species A = 9\nparam k = 2\n2 A -> 0 @ k\n0 -> A @ 3\n"))
    powers = inverse_omega_squared(rx.parse("species A = 9\nparam k = 2\n2 A -> 0 @ k/2 {powers}\n0 -> A @ 3\n"))
    assert [sp.expand(x) for x in plain.rhs] == [sp.expand(x) for x in powers.rhs]


def test_a_law_given_in_full_has_one_order() -> None:
    """A polynomial law is a law of concentrations: the macroscopic equation is the rate equation."""
    net = rx.parse("species A = 9\nparam k = 2\nA -> 0 rate k*A^2\n")
    assert sp.expand(linear_noise(net).rhs[0] - rx.rate_equations(net).rhs[0]) == 0
    assert sp.expand(inverse_omega_squared(net).rhs[0] - rx.rate_equations(net).rhs[0]) == 0


def test_rates_of_concentrations_in_mass_action() -> None:
    """{functional}: the constant is a function of its own reactant, on top of the falling factorials."""
    net = rx.parse("compartment c = 3\nspecies A : conc in c = 9\nparam k = 2\n2 A -> 0 @ k*A {functional}\n")
    a, c, k = (sp.Symbol(x, real=True) for x in ("A", "c", "k"))
    drift = dict(linear_noise(net, correction=True).equations())
    assert sp.expand(drift["A"] + 2 * k * (a / c) ** 3 * c / 2) == 0
    extra, variance = sp.Symbol("<A>_1", real=True), sp.Symbol("<A^2>_c", real=True)
    slope, bend = (-(k * (a / c) ** 3 * c).diff(a, n) for n in (1, 2))
    assert sp.expand(drift["<A>_1"] - (slope * extra + bend * variance / 2 + k * a**2 / c**2)) == 0


def test_too_many_species_are_refused() -> None:
    names = ", ".join(f"X{i} = 1" for i in range(60))
    with pytest.raises(RxnError, match="at most"):
        inverse_omega_squared(rx.parse(f"species {names}\nX0 -> 0 @ 1\n"))
