"""Candidate libraries: how many terms, what they say, and that reactions keep what they should."""

from math import comb

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from rxncompile import load, parse, print_network, rate_equations
from rxncompile.derivations.candidates import formula_candidates, polynomial_candidates, reaction_candidates
from rxncompile.derivations.rational import rational_candidates
from rxncompile.errors import RxnError
from rxncompile.expressions import symbol


@given(st.integers(1, 4), st.integers(1, 3))
@settings(max_examples=10, deadline=None)
def test_polynomials_are_all_monomials(species: int, order: int) -> None:
    found = polynomial_candidates([f"x{i}" for i in range(species)], order)
    assert len(found.terms) == species * comb(species + order, order)
    assert len(set(found.labels)) == len(found.labels)


def test_the_paper_has_ten_terms_without_a_constant() -> None:
    """Yang et al. 2021, Eq. 11."""
    found = polynomial_candidates(["A", "B"], 2, constant=False)
    assert [t.what for t in found.terms[:5]] == [f"{m} in d A/dt" for m in ("A", "B", "A^2", "A*B", "B^2")]
    system = found.with_values({"c[A,A]": sp.Rational(1, 2), "c[B,A*B]": -3})
    A, B = symbol("A"), symbol("B")
    assert system.evaluate({"A": 2, "B": 5}) == {"A": 1, "B": -30}
    assert set(system.rhs[1].free_symbols) == {A, B, symbol("c[B,A*B]")}


@given(st.lists(st.integers(0, 5), min_size=4, max_size=4), st.data())
@settings(max_examples=15, deadline=None)
def test_reactions_say_what_their_network_says(at: list[int], data: st.DataObject) -> None:
    """The System of chosen reactions is that of the rate equations of their .rxn text."""
    found = reaction_candidates(["A", "B"], 2, 2)
    chosen = data.draw(st.lists(st.sampled_from(found.labels), min_size=1, max_size=4, unique=True))
    values = {label: k + 1 for k, label in enumerate(chosen)}
    state = {"A": at[0], "B": at[1]}
    again = rate_equations(parse(print_network(found.network_with(values))))
    held = {s.label for s in again.states}
    assert again.evaluate({k: v for k, v in state.items() if k in held}) == {
        k: v for k, v in found.with_values(values).evaluate(state).items() if k in held
    }


def test_the_time_is_no_species() -> None:
    with pytest.raises(RxnError, match="'t' is the time"):
        polynomial_candidates(["t", "A"], 1)


def test_rates_are_not_called_as_species() -> None:
    """Data with columns k1 and r2: numbers that are fitted must not stand for what is measured."""
    found = reaction_candidates(["k1", "r2"], 1, 1)
    assert found.network is not None
    assert not {"k1", "r2"} & {*found.labels, *(r.name for r in found.network.reactions)}
    plain = reaction_candidates(["A", "B"], 1, 1)
    values = {label: k + 1 for k, label in enumerate(plain.labels)}
    again = {label: k + 1 for k, label in enumerate(found.labels)}
    a, b = plain.with_values(values).evaluate({"A": 3, "B": 5}), found.with_values(again).evaluate({"k1": 3, "r2": 5})
    assert list(a.values()) == list(b.values())


def test_conserved_sums_stay() -> None:
    species = ["S", "E", "ES", "P"]
    laws = ({"E": 1, "ES": 1}, {"S": 1, "ES": 1, "P": 1})
    found = reaction_candidates(species, 2, 2, laws)
    for term in found.terms:
        moved = {species[i]: f for i, f in term.moves}
        for law in laws:
            assert sp.expand(sum(w * moved.get(s, 0) for s, w in law.items())) == 0
    assert {"E + S -> ES", "ES -> E + S"} & {t.what.replace("S + E", "E + S") for t in found.terms}
    assert all(t.positive for t in found.terms)


def test_what_is_wrong_is_named() -> None:
    for make in (
        lambda: polynomial_candidates([], 2),
        lambda: polynomial_candidates(["A", "A"], 2),
        lambda: polynomial_candidates([f"x{i}" for i in range(30)], 4),
        lambda: reaction_candidates(["A"], 1, 1, ({"B": 1},)),
        lambda: polynomial_candidates(["A"], 1).network_with({}),
    ):
        with pytest.raises(RxnError) as error:
            make()
        assert error.value.code == "R540"
    with pytest.raises(RxnError, match="no species"):
        formula_candidates(["A"], [symbol("B")])
    with pytest.raises(RxnError, match="not a coefficient"):
        polynomial_candidates(["A"], 1).with_values({"c": 1})


def test_rational_candidates_of_the_gene() -> None:
    """Yang et al. 2021, Eq. 16: twelve coefficients, one of them set to 1; Eq. 17 with the conserved gene."""
    system = rate_equations(load("models/gene_autoregulation.rxn"))
    found = rational_candidates(system, ["G", "GP", "GP2"], ["P"], 2)
    assert len(found.coefficients) == 11
    kept = ["beta[1]", "beta[2]", "alpha[1,1]", "alpha[2,2]", "alpha[3,3]"]
    law = found.only(kept).conserving({"G": 1, "GP": 1, "GP2": 1}, sp.Rational(3, 100))
    assert law.coefficients == ("beta[1]", "beta[2]")
    assert sp.cancel(sp.Add(*law.formulas)) == sp.Rational(3, 100)
    K3, K2, P = sp.Rational(8, 15), sp.Rational(2, 3), symbol("P")
    reduced = law.with_values({"beta[1]": K3, "beta[2]": K2})
    at = reduced.evaluate({"P": 2, "M": 1})  # where Eq. 17 holds, the four terms of binding vanish
    assert at["P"] == sp.Rational(1, 100)
    assert at["M"] == sp.Rational(-1, 100) + sp.Rational(5, 100) * sp.Rational(3, 100) * (
        (K3 + K2 * P) / (K3 + K2 * P + P**2)
    ).subs(P, 2)
    with pytest.raises(RxnError, match="fast states"):
        rational_candidates(system, ["P"], ["P"], 2)
