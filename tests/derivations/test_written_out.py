"""Systems for reading: closed forms as the papers print them, and the same functions as before."""

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import rxncompile as rx
from rxncompile.derivations.families import gaussian_counts, geometric
from rxncompile.derivations.projection import project
from rxncompile.derivations.written_out import arranged, written_out
from rxncompile.expressions import symbol

NET = "model W\nparam k_b = 1, k_d = 1.5\nspecies n = 10\nn -> 2 n @ k_b\nn -> 0 @ k_d\n"
START = (sp.Rational(-5, 2), sp.Integer(2))


def test_galton_watson_reads_as_in_the_paper() -> None:
    """Ernst et al. 2018, Eq. 26."""
    system = written_out(project(rx.parse(NET), geometric()))
    assert "  d nu[1]/dt = (k_b - k_d)*(exp(-nu[1]) - 1)" in str(system).splitlines()
    assert r"(k_{\mathrm{b}} - k_{\mathrm{d}}) \, (\mathrm{e}^{-\nu_{1}} - 1)" in system.latex()


@pytest.mark.parametrize("family", [geometric(), gaussian_counts(START)], ids=["geometric", "gaussian"])
def test_the_values_are_the_same(family: object) -> None:
    system = project(rx.parse(NET), family)  # type: ignore[arg-type]
    plain = written_out(system)
    assert not plain.definitions
    assert plain.symbols == system.symbols
    at = {s.label: sp.Rational(k + 2, 7) for k, s in enumerate(system.states)}
    found, expected = plain.evaluate(at), system.evaluate(at)
    for label, value in expected.items():
        assert abs((found[label] - value).evalf(30)) < sp.Rational(1, 10**25)


x, y, k, c = (symbol(name) for name in ("x", "y", "k", "c"))
leaves = st.sampled_from([x, y, k, c, sp.exp(-x), sp.exp(2 * x), sp.Integer(2), sp.Rational(-1, 3)])
formulas = st.recursive(
    leaves, lambda f: st.tuples(st.sampled_from([sp.Add, sp.Mul]), f, f).map(lambda t: t[0](t[1], t[2])), max_leaves=7
)


@given(formulas, formulas)
@settings(max_examples=80, deadline=None)
def test_arranging_changes_no_value(above: sp.Expr, below: sp.Expr) -> None:
    expr = above / (below**2 + 1)
    found = arranged(expr, (x, y))
    at = {x: sp.Rational(3, 5), y: sp.Rational(-7, 4), k: sp.Rational(1, 9), c: sp.Rational(11, 3)}
    exact = expr.xreplace(at).evalf(40)
    assert abs(found.xreplace(at).evalf(40) - exact) <= sp.Rational(1, 10**30) * (1 + abs(exact))


def test_what_is_not_rational_stays() -> None:
    for expr in (sp.sqrt(x + y) * (x + 1), sp.log(x) + x, sp.exp(x * y) - 1, x**k):
        assert arranged(expr, (x, y)) == expr
