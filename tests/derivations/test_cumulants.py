"""Cumulant equations against those of the raw moments, and where everything is known."""

from fractions import Fraction
from itertools import product

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import mass_action_networks

import rxncompile as rx
from rxncompile.derivations.closures import close, gaussian, poisson
from rxncompile.derivations.moments import moments
from rxncompile.errors import RxnError
from rxncompile.expressions import symbol
from rxncompile.monomials import Kind, Monomial, blocks, cumulant_from_raw, label_names, read_label
from rxncompile.network import Network
from rxncompile.operators import generator


@settings(max_examples=40, deadline=None)
@given(mass_action_networks(most_species=3, most_reactions=4), st.data())
def test_the_equations_are_those_of_raw_moments(net: Network, data: st.DataObject) -> None:
    """For any distribution: the chain rule for the cumulant as a sum over partitions, exactly."""
    gen = generator(net)
    size = len(gen.species)
    names = label_names(gen.species)
    states = list(product(range(5), repeat=size))
    chosen = data.draw(st.lists(st.sampled_from(states), min_size=1, max_size=4, unique=True))
    weights = [data.draw(st.integers(1, 5)) for _ in chosen]

    def raw(m: Monomial) -> sp.Expr:
        total = Fraction(0)
        for w, n in zip(weights, chosen, strict=True):
            term = Fraction(w, sum(weights))
            for i in m:
                term *= n[i]
            total += term
        return sp.Rational(total)

    order = 3 if size < 3 else 2
    speeds = _values(moments(net, order), names, raw)
    system = moments(net, order, Kind.CUMULANT)
    found = _values(system, names, lambda m: raw(m) if len(m) == 1 else cumulant_from_raw(m, raw))
    for m, rhs in found.items():
        want = sp.S.Zero
        for parts, many in blocks(m):
            sign = many * (-1) ** (len(parts) - 1) * sp.factorial(len(parts) - 1)
            for k, block in enumerate(parts):
                others = [raw(b) for j, b in enumerate(parts) if j != k]
                want += sign * speeds[block] * sp.Mul(*others)
        assert sp.expand(rhs - want) == 0, m


def _values(system: rx.System, names: tuple[str, ...], value: object) -> dict[Monomial, sp.Expr]:
    """The derivative of every moment at a point."""
    at: dict[sp.Basic, sp.Expr] = dict(system.environment())
    monomial = {}
    for state in (*system.states, *system.frontier):
        found = read_label(state.label, names)
        assert found is not None
        monomial[state.label] = found[0]
        at[state.symbol] = value(found[0])  # type: ignore[operator]
    return {monomial[text]: rhs.xreplace(at) for text, rhs in system.equations()}


def test_poisson_counts_stay_so() -> None:
    """0 -> A -> 0 from a Poisson law: every cumulant is the mean, and all move alike."""
    net = rx.parse("param m = 4\nspecies A ~ Poisson(m)\n0 -> A @ 7\nA -> 0 @ 2\n")
    system = moments(net, 4, Kind.CUMULANT)
    m = symbol("m")
    assert [s.label for s in system.states] == ["<A>", "<A^2>_k", "<A^3>_k", "<A^4>_k"]
    assert {sp.expand(s.initial) for s in system.states} == {m}
    speeds = system.evaluate({s.label: 4 for s in system.states})
    assert set(speeds.values()) == {-1}


def test_closures_by_cumulants_are_short() -> None:
    net = rx.parse("species A = 5, B = 5\n2 A + B -> 3 A @ 1\nA -> B @ 1\n")
    assert set(dict(close(moments(net, 2, Kind.CUMULANT), gaussian).definitions).values()) == {0}
    found = dict(close(moments(net, 2, Kind.CUMULANT), poisson).definitions)
    assert found[symbol("<A^3>_k")] == symbol("<A>") and found[symbol("<A^2*B>_k")] == 0


def test_a_law_that_is_no_polynomial_is_refused_by_name() -> None:
    net = rx.parse("species A = 5\n0 -> A @ 1\nA -> 0 rate A/(A + 1)\n")
    with pytest.raises(RxnError) as refused:
        moments(net, 2, Kind.CUMULANT)
    assert refused.value.diagnostics[0].code == "R516"
