"""Moment equations against direct sums over states, published trajectories, and linear networks solved exactly."""

from collections.abc import Callable
from fractions import Fraction
from itertools import product
from math import prod
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import mass_action_networks

import rxncompile as rx
from rxncompile.derivations.closures import close, gaussian, zero
from rxncompile.derivations.moments import moments
from rxncompile.errors import RxnError
from rxncompile.monomials import Kind, Monomial, label_names, read_label
from rxncompile.network import Network
from rxncompile.operators import generator

Weights = dict[tuple[int, ...], Fraction]
KINDS = (Kind.RAW, Kind.CENTRAL, Kind.FACTORIAL)


def average(weights: Weights, of: Callable[[tuple[int, ...]], Fraction]) -> Fraction:
    return sum((w * of(n) for n, w in weights.items()), Fraction(0))


def value_of(kind: Kind, m: Monomial, means: list[Fraction]) -> Callable[[tuple[int, ...]], Fraction]:
    """What a moment is the average of."""
    powers = {i: m.count(i) for i in m}

    def of(n: tuple[int, ...]) -> Fraction:
        if kind is Kind.RAW or len(m) == 1:
            return Fraction(prod(n[i] ** q for i, q in powers.items()))
        if kind is Kind.CENTRAL:
            return prod(((n[i] - means[i]) ** q for i, q in powers.items()), start=Fraction(1))
        return Fraction(prod(n[i] - j for i, q in powers.items() for j in range(q)))

    return of


@settings(max_examples=60, deadline=None)
@given(mass_action_networks(most_species=3, most_reactions=4), st.sampled_from(KINDS), st.data())
def test_the_equations_are_what_the_master_equation_says(net: Network, kind: Kind, data: st.DataObject) -> None:
    """For any distribution of counts: d<f>/dt = sum_n P(n) sum_r a_r(n) (f(n + c_r) - f(n)), exactly."""
    gen = generator(net)
    size = len(gen.species)
    weight = st.integers(0, 5)
    states = list(product(range(5), repeat=size))
    chosen = data.draw(st.lists(st.sampled_from(states), min_size=1, max_size=4, unique=True))
    drawn = [data.draw(weight) + 1 for _ in chosen]
    weights = {n: Fraction(w, sum(drawn)) for n, w in zip(chosen, drawn, strict=True)}
    system = moments(net, 3 if size < 3 else 2, kind)
    names = label_names(gen.species)
    means = [average(weights, value_of(Kind.RAW, (i,), [])) for i in range(size)]
    constants = {**system.environment()}
    values: dict[sp.Basic, sp.Expr] = dict(constants)
    for state in (*system.states, *system.frontier):
        found = read_label(state.label, names)
        assert found is not None
        values[state.symbol] = sp.Rational(average(weights, value_of(kind, found[0], means)))
    rates = [(dict(t.change), t.propensity.xreplace(constants)) for t in gen.terms]

    def flow(of: Callable[[tuple[int, ...]], Fraction]) -> sp.Expr:
        total = sp.S.Zero
        for n, w in weights.items():
            at = dict(zip(gen.species, map(sp.Integer, n), strict=True))
            for change, rate in rates:
                after = tuple(x + change.get(s, 0) for x, s in zip(n, gen.species, strict=True))
                total += sp.Rational(w) * rate.xreplace(at) * sp.Rational(of(after) - of(n))
        return total

    for text, rhs in system.equations():
        found = read_label(text, names)
        assert found is not None
        m = found[0]
        if kind is Kind.CENTRAL and len(m) > 1:  # the mean moves too: the product rule
            want = flow(value_of(kind, m, means))
            for i in set(m):
                rest = list(m)
                rest.remove(i)
                lower = average(weights, value_of(Kind.CENTRAL, tuple(rest), means)) if len(rest) > 1 else Fraction(0)
                want -= m.count(i) * flow(value_of(Kind.RAW, (i,), means)) * sp.Rational(lower)
        else:
            want = flow(value_of(kind, m, means))
        assert sp.expand(rhs.xreplace(values) - want) == 0


BRUSSELATOR = """model B {powers}
param c1 = 0.9, c2 = 2, c3 = 1, c4 = 1, Omega = 100
species X = 1, Y = 1
2 X + Y -> 3 X @ c1/Omega^2
X -> Y @ c2
0 -> X @ c3*Omega
X -> 0 @ c4
"""


@pytest.mark.parametrize("kind", KINDS)
def test_the_gaussian_brusselator_of_momentclosure(kind: Kind) -> None:
    """Numbers of MomentClosure.jl's tutorial model, to the five decimals they are known to."""
    path = rx.integrate(close(moments(rx.parse(BRUSSELATOR), 2, kind), gaussian), [0, 5, 10, 20, 50, 100], rtol=1e-10)
    np.testing.assert_allclose(path["<X>"][1:], [52.14215, 95.09881, 100.38817, 99.42402, 100.01613], atol=6e-6)
    np.testing.assert_allclose(path["<Y>"][1:], [263.01171, 187.24444, 236.31521, 219.05412, 219.65761], atol=6e-6)


def test_the_zero_closure_drives_the_brusselator_below_zero() -> None:
    path = rx.integrate(close(moments(rx.parse(BRUSSELATOR), 2, Kind.CENTRAL), zero), [0, 18.7], rtol=1e-9)
    assert path["<Y>"][1] == pytest.approx(-658, abs=1)


P53 = """model P53
species x = 70, y = 60, y0 = 30
0 -> x @ 90
x -> 0 @ 0.002
x -> 0 rate 1.7*x*y/(x + 0.01)
x -> x + y0 @ 1.1
y0 -> y @ 0.93
y -> 0 @ 0.96
"""


def test_a_law_that_is_no_polynomial_is_expanded() -> None:
    """p53 with 1.7 x y/(x + 0.01): MomentClosure.jl's numbers for central moments of order 2, expanded to order 3."""
    system = close(moments(rx.parse(P53), 2, Kind.CENTRAL, expansion=3), gaussian)
    path = rx.integrate(system, [0, 10, 20, 30, 40, 50], rtol=1e-10)
    np.testing.assert_allclose(path["<x>"][1:], [35.15625, 60.25518, 29.23722, 65.59590, 24.90010], atol=6e-6)


def test_raw_moments_of_such_a_law_are_refused_by_name() -> None:
    with pytest.raises(RxnError, match="the rate law of 'r3' is no polynomial") as refused:
        moments(rx.parse(P53), 2)
    (told,) = refused.value.diagnostics
    assert told.code == "R516" and told.span is not None and told.span.line == 5


@st.composite
def linear_networks(draw: st.DrawFn) -> Network:
    """Every reaction takes at most one molecule; catalysts and any whole number of products are allowed."""
    names = "ABCD"[: draw(st.integers(1, 4))]
    lines = ["species " + ", ".join(f"{s} = {draw(st.integers(0, 20))}" for s in names)]
    for _ in range(draw(st.integers(1, 6))):
        before = draw(st.sampled_from(["0", *names]))
        made = draw(st.lists(st.sampled_from(names), max_size=3))
        after = " + ".join(f"{made.count(s)} {s}" for s in names if s in made) or "0"
        lines.append(f"{before} -> {after} @ {draw(st.integers(1, 50))}/10")
    return rx.parse("\n".join(line for line in lines if not line.startswith("0 -> 0")) + "\n")


def means_are_the_rate_equations(net: Network, order: int, kind: Kind) -> None:
    system = moments(net, order, kind)
    assert not system.frontier
    means = {text: rhs for text, rhs in system.equations() if "*" not in text and "^" not in text}
    rates = dict(rx.rate_equations(net).equations())
    held = {sp.Symbol(f"<{k}>", real=True): sp.Symbol(k, real=True) for k in rates}
    found = {k[1:-1]: sp.expand(v.xreplace(held)) for k, v in means.items()}
    assert found == {k: sp.expand(v) for k, v in rates.items()}


@settings(max_examples=60, deadline=None)
@given(linear_networks(), st.integers(1, 2), st.sampled_from(list(Kind)))
def test_means_of_linear_networks_are_their_rate_equations(net: Network, order: int, kind: Kind) -> None:
    means_are_the_rate_equations(net, order, kind)


def test_a_linear_network_of_a_model_file() -> None:
    means_are_the_rate_equations(rx.load(Path(__file__).parents[2] / "models" / "spcm.rxn"), 2, Kind.RAW)


def test_only_what_is_asked_for_is_derived() -> None:
    net = rx.parse("species A = 1, B, C\nA -> B @ 1\nB -> C @ 2\n")
    assert [s.label for s in moments(net, 2, of=["<B^2>"]).states] == ["<A>", "<B>", "<A^2>", "<A*B>", "<B^2>"]
    assert [s.label for s in moments(net, 1, of=["<A>"]).states] == ["<A>"]
    with pytest.raises(RxnError, match="no raw moment"):
        moments(net, 2, of=["<D>"])
    with pytest.raises(RxnError, match="at most"):
        moments(rx.parse("species A[0..99]\nfor i in 0..99 { A[i] -> 0 @ 1 }\n"), 4)


def test_names_in_quotes_have_labels_too() -> None:
    net = rx.parse("species 'A-b' = 2, 'x*y'\n'A-b' + 'x*y' -> 0 @ 1\n0 -> 'x*y' @ 1\n")
    system = moments(net, 2)
    assert [s.label for s in system.states][:3] == ["<'A-b'>", "<'x*y'>", "<'A-b'^2>"]
    names = label_names(generator(net).species)
    assert [read_label(s.label, names) for s in system.states] == [
        ((0,), Kind.RAW), ((1,), Kind.RAW), ((0, 0), Kind.RAW), ((0, 1), Kind.RAW), ((1, 1), Kind.RAW),
    ]  # fmt: skip


def test_moments_of_the_start_are_those_of_its_law() -> None:
    net = rx.parse("param m = 3\nspecies A ~ Poisson(m), B ~ Binomial(10, 0.3), C = 4\nA -> B @ 1\nB -> C @ 1\n")
    start = {s.label: s.initial for s in moments(net, 2).states}
    m = sp.Symbol("m", real=True)
    assert sp.expand(start["<A^2>"]) == m**2 + m
    assert start["<B^2>"] == sp.Rational(9) + sp.Rational(21, 10)
    assert start["<B*C>"] == 12 and start["<C^2>"] == 16
    central = {s.label: s.initial for s in moments(net, 2, Kind.CENTRAL).states}
    assert (sp.expand(central["<A^2>_c"]), central["<B^2>_c"], central["<B*C>_c"]) == (m, sp.Rational(21, 10), 0)
