"""Closures against the distributions they assume and their defining property."""

from itertools import combinations_with_replacement
from math import exp, factorial
from typing import Any

import numpy as np
import pytest
import sympy as sp

import rxncompile as rx
from rxncompile.derivations import closures as c
from rxncompile.derivations.moments import moments
from rxncompile.errors import RxnError
from rxncompile.expressions import symbol
from rxncompile.monomials import (
    Kind,
    Monomial,
    central_from_raw,
    factorial_from_raw,
    label_names,
    raw_from_central,
    raw_from_cumulants,
    raw_from_factorial,
    read_label,
)

HIGHER = [m for k in (3, 4) for m in combinations_with_replacement(range(2), k)]


# ---------------------------------------------------------------------------------------------- exactness


def gaussian_raw(m: Monomial) -> float:
    """E[prod x_i] of a correlated normal distribution by Gauss-Hermite quadrature, exact to rounding."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(12)
    weights = weights / weights.sum()
    u, v = np.meshgrid(nodes, nodes)
    x, y = 3.0 + 1.5 * u, 2.0 + 0.6 * u + 0.8 * v
    values = np.ones_like(x)
    for i in m:
        values = values * (x, y)[i]
    return float((values * np.outer(weights, weights)).sum())


def lognormal_raw(m: Monomial) -> float:
    """exp(mean + variance/2) of the sum of the logarithms."""
    mean, covariance = np.array([0.3, -0.2]), np.array([[0.4, 0.15], [0.15, 0.3]])
    a = np.array([m.count(0), m.count(1)])
    return exp(float(a @ mean + 0.5 * a @ covariance @ a))


def poisson_raw(m: Monomial) -> float:
    """Of two independent Poisson variables, summed."""
    total = 1.0
    for i, mean in enumerate((2.5, 0.7)):
        total *= sum(exp(-mean) * mean**n / factorial(n) * n ** m.count(i) for n in range(60))
    return total


@pytest.mark.parametrize(
    ("closure", "raw"),
    [(c.gaussian, gaussian_raw), (c.lognormal, lognormal_raw), (c.derivative_matching, lognormal_raw),
     (c.poisson, poisson_raw), (c.zero_factorial_cumulant, poisson_raw)],
)  # fmt: skip
@pytest.mark.parametrize("m", HIGHER, ids=str)
def test_a_closure_is_exact_for_its_own_distribution(closure: c.Closure, raw: Any, m: Monomial) -> None:
    """Derivative matching too, for log-normal variables (Singh and Hespanha 2011)."""
    order = 2
    known: dict[Monomial, sp.Expr] = {}

    def lookup(part: Monomial) -> sp.Expr:
        if part not in known:
            known[part] = sp.Float(raw(part), 30)
        return known[part]

    assert float(closure(m, lookup, order)) == pytest.approx(raw(m), rel=1e-11)


def symbols_of_moments() -> dict[Monomial, sp.Expr]:
    every = [p for k in range(1, 5) for p in combinations_with_replacement((0, 1), k)]
    return {p: symbol("m" + "".join(map(str, p))) for p in every}


def test_zero_makes_the_central_moment_zero() -> None:
    """Also of order 4 and above, where it differs from gaussian."""
    for m in HIGHER:
        raw = symbols_of_moments()
        formula = c.zero(m, raw.__getitem__, 2)
        assert sp.expand(central_from_raw(m, {**raw, m: formula}.__getitem__)) == 0


def test_derivative_matching_by_its_published_exponents() -> None:
    """Singh and Hespanha 2011, Table I: <x^3> = <x^2>^3/<x>^3 and <x^2 y> = <x^2> <x y>^2/(<x>^2 <y>) at order 2."""
    x, y, xx, xy, yy = sp.symbols("x y xx xy yy", positive=True)
    raw = {(0,): x, (1,): y, (0, 0): xx, (0, 1): xy, (1, 1): yy}
    assert c.derivative_matching((0, 0, 0), raw.__getitem__, 2) == xx**3 / x**3
    assert c.derivative_matching((0, 0, 1), raw.__getitem__, 2) == xx * xy**2 / (x**2 * y)
    assert c.derivative_matching((0, 0), raw.__getitem__, 1) == x**2


def test_conversions_undo_each_other() -> None:
    raw = symbols_of_moments()
    for m in raw:
        falling = {p: factorial_from_raw(p, raw.__getitem__) for p in raw}
        assert sp.expand(raw_from_factorial(m, falling.__getitem__)) == raw[m]
        central = {p: raw[p] if len(p) == 1 else central_from_raw(p, raw.__getitem__) for p in raw}
        assert sp.expand(raw_from_central(m, central.__getitem__)) == raw[m]
        cumulants = {p: c.cumulant_rest(p, raw.__getitem__) + raw[p] for p in raw}
        assert sp.expand(raw_from_cumulants(m, cumulants.__getitem__)) == raw[m]


# ---------------------------------------------------------------------------------------------- closing


CUBIC = "species A = 5, B = 3\nparam k = 0.1\n2 A + B -> 3 A @ k\nA -> B @ 1\n0 -> A @ 2\nB -> 0 @ 0.5\n"


@pytest.mark.parametrize("closure", [c.gaussian, c.zero, c.poisson, c.zero_factorial_cumulant, c.lognormal])
def test_all_kinds_are_closed_alike(closure: c.Closure) -> None:
    """The same means at the same state, whatever moments the equations are written in."""
    net = rx.parse(CUBIC)
    names = label_names([symbol("A"), symbol("B")])
    raw = {(0,): 4, (1,): 3, (0, 0): 20, (0, 1): 13, (1, 1): 11}
    number: dict[Monomial, sp.Expr] = {m: sp.Integer(v) for m, v in raw.items()}
    found = []
    for kind in (Kind.RAW, Kind.CENTRAL, Kind.FACTORIAL):
        system = c.close(moments(net, 2, kind), closure)
        state = {}
        for s in system.states:
            parsed = read_label(s.label, names)
            assert parsed is not None
            m = parsed[0]
            convert = {Kind.CENTRAL: central_from_raw, Kind.FACTORIAL: factorial_from_raw}.get(kind)
            state[s.label] = number[m] if convert is None or len(m) == 1 else convert(m, number.__getitem__)
        values = system.evaluate(state)
        found.append((values["<A>"], values["<B>"]))
    assert found[0] == found[1] == found[2]


def test_each_moment_may_have_a_closure_of_its_own() -> None:
    def mine(m: Monomial, raw: Any, order: int) -> sp.Expr:
        return sp.Integer(7) * raw(m[:1])

    net = rx.parse(CUBIC)
    system = c.close(moments(net, 2), c.gaussian, {"<A^2*B>": mine})
    assert dict(system.definitions)[symbol("<A^2*B>")] == 7 * symbol("<A>")
    assert dict(system.definitions)[symbol("<A^3>")] != 7 * symbol("<A>")
    assert [s.name for s in system.steps] == ["moment equations", "closure"]


def test_a_closed_hierarchy_cannot_be_closed_again() -> None:
    with pytest.raises(RxnError, match="closed already"):
        c.close(moments(rx.parse("species A = 1\nA -> 0 @ 1\n"), 2), c.gaussian)
