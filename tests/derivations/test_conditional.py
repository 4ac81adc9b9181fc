"""Conditional closures: exact for what is normal or log-normal given the gene, published formulas, whole models."""

from collections.abc import Callable
from itertools import combinations_with_replacement

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import rxncompile as rx
from rxncompile.derivations.approximations import BY_NAME
from rxncompile.derivations.closures import Closure, close, derivative_matching, gaussian
from rxncompile.derivations.conditional import (
    binary_species,
    conditional_derivative_matching,
    conditional_gaussian,
    conditioned,
)
from rxncompile.derivations.moments import moments
from rxncompile.errors import RxnError
from rxncompile.expressions import symbol
from rxncompile.monomials import Kind, Monomial

Raw = Callable[[Monomial], float]

FEEDBACK = """model feedback
species G = 1, 'G*' = 0, P = 0
param sb = 0.004, su = 0.25, ru = 60, rb = 25
G + P -> 'G*' @ sb
'G*' -> G + P @ su
G -> G + P @ ru
'G*' -> 'G*' + P @ rb
P -> 0 @ 1
"""


# ---------------------------------------------------------------------------------------------- binary species


def test_binary_species_follow_from_the_conservation_laws() -> None:
    assert binary_species(rx.parse(FEEDBACK)) == (("G", "G*"),)
    start = "param n = 1\nspecies G = n, H, A = 1, B, P = 2\n"
    two = rx.parse(start + "G -> H @ 1\nH -> G @ 1\nA + P -> B @ 1\nB -> A @ 1\n")
    assert sorted(binary_species(two)) == [("A", "B"), ("G", "H")]


@pytest.mark.parametrize(
    "text",
    [
        "species G = 2, H\nG -> H @ 1\n",  # two molecules
        "species G = 1, H\nG -> 2 H @ 1\n",  # 2 G + H is kept
        "species G = 1, H\nG -> H @ 1\n0 -> H @ 1\n",  # nothing is
        "species G ~ Poisson(1), H\nG -> H @ 1\n",
    ],
)
def test_others_are_not_binary(text: str) -> None:
    net = rx.parse(text)
    assert binary_species(net) == ()
    with pytest.raises(RxnError, match="no binary species") as refused:
        conditional_gaussian(net)
    assert refused.value.diagnostics[0].code == "R519"


def test_a_name_that_is_no_species_is_refused() -> None:
    with pytest.raises(RxnError, match="'Q' is no species"):
        conditional_gaussian(rx.parse(FEEDBACK), ["Q"])


# ---------------------------------------------------------------------------------------------- exactness


def normal(draw: st.DrawFn) -> Raw:
    """A correlated pair by Gauss-Hermite quadrature of 6 nodes, exact up to degree 11."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(6)
    u, v = np.meshgrid(nodes, nodes)
    w = np.outer(weights, weights) / weights.sum() ** 2
    mean = draw(st.floats(0.5, 3)), draw(st.floats(0.5, 3))
    a, b, d = draw(st.floats(0.2, 1)), draw(st.floats(-1, 1)), draw(st.floats(0.2, 1))
    columns = (mean[0] + a * u, mean[1] + b * u + d * v)
    return lambda m: float((columns[0] ** m.count(0) * columns[1] ** m.count(1) * w).sum())


def lognormal(draw: st.DrawFn) -> Raw:
    mean = np.array([draw(st.floats(-0.5, 0.5)), draw(st.floats(-0.5, 0.5))])
    mix = np.array([[draw(st.floats(-0.4, 0.4)) for _ in range(2)] for _ in range(2)])

    def raw(m: Monomial) -> float:
        a = np.array([m.count(0), m.count(1)])
        return float(np.exp(a @ mean + 0.5 * np.square(a @ mix).sum()))

    return raw


@pytest.mark.parametrize(("base", "family"), [(gaussian, normal), (derivative_matching, lognormal)])
@settings(max_examples=30, deadline=None)
@given(st.data())
def test_exact_for_what_is_so_given_the_states_of_genes(
    base: Closure, family: Callable[..., Raw], data: st.DataObject
) -> None:
    """Two molecules, indices 0 and 1, and one or two genes of two states, of any joint law: from orders 3 and 4."""
    genes = data.draw(st.integers(1, 2))
    order = 2 + genes
    laws = ((2, 3), (4, 5))[:genes]
    joint: list[tuple[int, ...]] = [()]
    for law in laws:
        joint = [(*held, i) for held in joint for i in law]
    chances = [data.draw(st.floats(0.1, 1)) for _ in joint]
    given_state = [family(data.draw) for _ in joint]

    def raw(m: Monomial) -> float:
        binary, rest = {i for i in m if i > 1}, tuple(i for i in m if i < 2)
        parts = zip(joint, chances, given_state, strict=True)
        return sum(p * of(rest) for held, p, of in parts if binary <= set(held)) / sum(chances)

    indices = range(2 + 2 * genes)
    m = data.draw(st.sampled_from(list(combinations_with_replacement(indices, order + 1))))

    def lookup(part: Monomial) -> sp.Expr:
        return sp.Float(raw(part), 40)

    found = float(conditioned(base, laws)(m, lookup, order))
    assert found == pytest.approx(raw(m), rel=1e-8, abs=1e-9)


# ---------------------------------------------------------------------------------------------- published formulas


SOLTANI = """species g = 1, p = 1
param kon = 0.05, koff = 0.001, kp = 10
0 -> g rate kon*(1 - g)
g -> 0 rate koff*g*p^2
0 -> p rate kp*g
p -> 0 @ 1
"""


def test_the_formulas_of_the_paper() -> None:
    """Soltani et al. 2015, Eqs. 12 and 13, as MomentClosure.jl prints them for <g p^3> and <g p^4> of this model."""
    net = rx.parse(SOLTANI)
    g, gp, gpp = (symbol(x) for x in ("<g>", "<g*p>", "<g*p^2>"))
    third = symbol("<g*p^3>")
    want = {
        conditional_gaussian: (
            3 * gp * gpp / g - 2 * gp**3 / g**2,
            3 * gpp**2 / g + 6 * gp**4 / g**3 + 4 * gp * third / g - 12 * gpp * gp**2 / g**2,
        ),
        # the published <g p^4> holds <g p^3>, which is a formula itself
        conditional_derivative_matching: (g * gpp**3 / gp**3, gp**4 * (g * gpp**3 / gp**3) ** 4 / (g * gpp**6)),
    }
    for closure, formulas in want.items():
        found = dict(close(moments(net, 3), closure(net, ["g"])).definitions)
        for name, formula in zip(("<g*p^3>", "<g*p^4>"), formulas, strict=True):
            made = found[symbol(name)]
            assert made.is_Piecewise
            assert sp.cancel(made.args[0].expr - formula) == 0
        assert found[symbol("<g^2*p^2>")] == gpp


def test_the_moment_is_0_where_the_gene_is_not_there() -> None:
    closure = conditioned(gaussian, ((0, 1),))
    values = {m: sp.S.Zero for k in range(1, 4) for m in combinations_with_replacement(range(3), k)}
    assert closure((0, 2, 2, 2), values.__getitem__, 3) == 0
    assert closure((0, 1, 2, 2), values.__getitem__, 3) == 0


def test_without_enough_orders_the_condition_is_dropped() -> None:
    """At order 2 no conditional variance is known: <p^3> is that of the closure itself, <g p^2> is <g p>^2/<g>."""
    closure = conditioned(gaussian, ((0, 1),))
    name = {m: symbol("m" + "".join(map(str, m))) for k in (1, 2) for m in combinations_with_replacement(range(3), k)}
    assert closure((2, 2, 2), name.__getitem__, 2) == gaussian((2, 2, 2), name.__getitem__, 2)
    made = closure((0, 2, 2), name.__getitem__, 2)
    assert made.args[0].expr == name[0, 2] ** 2 / name[0,]


# ---------------------------------------------------------------------------------------------- models


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("name", ["conditional_gaussian", "conditional_derivative_matching"])
def test_a_gene_that_its_product_switches_off(name: str, kind: Kind) -> None:
    """Against the master equation, from counts of 0: within 0.1 % where the plain closure of order 2 is 0.5 % off."""
    net, times = rx.parse(FEEDBACK), [0, 1, 4, 10]
    exact = rx.master_equation(rx.jump_process(net), times)
    path = rx.integrate(BY_NAME[name](net, 3, kind, None), times)
    for species in ("G", "P"):
        label = f"<{species}>"
        np.testing.assert_allclose(path[label], exact.mean_of(species), rtol=1e-3)
