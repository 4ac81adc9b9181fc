"""Printed and derived equations on one page: light markup, verdicts, no text that could be markup."""

import sympy as sp

import rxncompile as rx
from rxncompile.derivations.moments import moments
from rxncompile.operators import as_master_equation, generator
from rxncompile.views.side_by_side import Pair, agree, equation_of, side_by_side, written


def page(pair: Pair) -> str:
    return side_by_side("Title", ("Words",), [("Chapter", "a -> b < c", [pair])])


def test_verdicts() -> None:
    assert "1 of 1 compared equations are the same" in page(Pair("Eq. 1", "x", "<i>x</i>", True))
    assert "NOT the same" in page(Pair("Eq. 1", "x", "<i>x</i>", False))
    assert "0 of 0" in page(Pair("Eq. 1", "x", "<i>x</i>", None, "a remark"))


def test_light_markup() -> None:
    made = page(Pair("Eq. 1", "k_{on} x_i^2 <script> dx", ""))
    assert "<i>k</i><sub>on</sub> <i>x</i><sub><i>i</i></sub><sup>2</sup> &lt;script&gt; d<i>x</i>" in made
    assert "a -&gt; b &lt; c" in made


def test_derived_equations() -> None:
    net = rx.parse("species A = 2\nparam k = 1\nA -> 2 A @ k\nA -> 0 rate A*(2 - A)\n")
    made = written(as_master_equation(generator(net)))
    assert made.count('class="right"') == 3
    assert "<mo>−</mo></math></div>" in made  # the negative term of the law  # noqa: RUF001
    assert "⟨" in equation_of(moments(net, 1), "<A>")


def test_agreement() -> None:
    x, y = sp.symbols("x y", real=True)
    assert agree((x + y) ** 2 / y, x**2 / y + 2 * x + y)
    assert agree((sp.exp(-x) - 1) / (1 + 1 / (sp.exp(x) - 1)), -((1 - sp.exp(-x)) ** 2))
    assert not agree(x / y, x / y + sp.Rational(1, 10**9))
