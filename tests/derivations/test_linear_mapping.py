"""The linear mapping: published equations, exact on linear networks, the paper's gene by the master equation."""

import numpy as np
import pytest
import sympy as sp

import rxncompile as rx
from rxncompile.derivations.linear_mapping import linear_mapping
from rxncompile.derivations.moments import moments
from rxncompile.errors import RxnError
from rxncompile.expressions import symbol
from rxncompile.monomials import Kind

FEEDBACK = """model feedback
species G = 1, H = 0, P = 0
param sb = 0.004, su = 0.25, ru = 60, rb = 25
G + P -> H @ sb
H -> G + P @ su
G -> G + P @ ru
H -> H + P @ rb
P -> 0 @ 1
"""


def test_the_equations_of_the_paper() -> None:
    """Cao and Grima 2018, Eqs. 1 and 2, as MomentClosure.jl's tutorial prints them, with <g^2> = <g>."""
    net = rx.parse(
        "species g = 1, p\nparam sb = 1, su = 1, ru = 1, rb = 1\ng + p -> 0 @ sb\n0 -> g + p rate su*(1 - g)\n"
        "g -> g + p @ ru\n0 -> p rate rb*(1 - g)\np -> 0 @ 1\n"
    )
    system = linear_mapping(net, 2, binary=["g"])
    g, p, gp, pp = (symbol(x) for x in ("<g>", "<p>", "<g*p>", "<p^2>"))
    sb, su, ru, rb = (symbol(x) for x in ("sb", "su", "ru", "rb"))
    ((name, rate),) = system.definitions
    assert name.name == "effective[r1]"
    assert rate == sp.Piecewise((sb * gp / g, sp.Ne(g, 0)), (0, True))
    found = {k: sp.expand(v.subs({name: sb * gp / g, symbol("<g^2>"): g})) for k, v in system.equations()}
    assert found["<g>"] == sp.expand(su - sb * gp - su * g)
    assert found["<p>"] == sp.expand(rb + ru * g - p - rb * g)
    assert found["<g*p>"] == sp.expand(ru * g + su * p - gp - su * gp - sb * gp**2 / g)
    assert found["<p^2>"] == sp.expand(rb + ru * g + 2 * rb * p + 2 * ru * gp + p - 2 * pp - rb * g - 2 * rb * gp)


def test_a_linear_network_stays_as_it_is() -> None:
    net = rx.parse("species G = 1, H, P\nG -> H @ 2\nH -> G @ 1\nG -> G + P @ 10\nP -> 0 @ 1\n")
    for kind in Kind:
        mapped, plain = linear_mapping(net, 3, kind), moments(net, 3, kind)
        assert not plain.frontier
        assert dict(mapped.equations()) == dict(plain.equations())


@pytest.mark.parametrize("kind", Kind)
def test_the_gene_of_the_paper(kind: Kind) -> None:
    """Within 0.3 % of the master equation for means and 3 % for the variance of the protein, at all times."""
    net, times = rx.parse(FEEDBACK), np.linspace(0, 15, 16)
    exact = rx.master_equation(rx.jump_process(net), times)
    path = rx.integrate(linear_mapping(net, 2, kind), times)
    for species in ("G", "H", "P"):
        np.testing.assert_allclose(path[f"<{species}>"][1:], exact.mean_of(species)[1:], rtol=3e-3)
    if kind is Kind.CENTRAL:
        np.testing.assert_allclose(path["<P^2>_c"][1:], exact.sd_of("P")[1:] ** 2, rtol=0.03)


def test_binding_of_several_molecules_needs_as_high_an_order() -> None:
    """G + 2 P -> H: the rate is k <P (P - 1) G>/<G>, whatever kind of moment the equations have."""
    text = FEEDBACK.replace("G + P -> H @ sb", "G + 2 P -> H @ 2e-4").replace("P @ su", "2 P @ su")
    net, times = rx.parse(text), [0, 3, 9]
    system = linear_mapping(net, 2)
    assert max(s.label.count("P^3") for s in system.states) == 1 and not system.frontier
    ((_, rate),) = system.definitions
    assert sp.expand(rate.args[0].expr * symbol("<G>") * 10000 - symbol("<G*P^2>") + symbol("<G*P>")) == 0
    paths = [rx.integrate(linear_mapping(net, 1, kind), times, rtol=1e-9) for kind in Kind]
    for path in paths[1:]:
        np.testing.assert_allclose(path["<P>"], paths[0]["<P>"], rtol=1e-6)
    exact = rx.master_equation(rx.jump_process(net), times)
    np.testing.assert_allclose(paths[0]["<P>"][1:], exact.mean_of("P")[1:], rtol=0.02)


def test_a_gene_that_is_not_there_at_first() -> None:
    net, times = rx.parse(FEEDBACK.replace("G = 1, H = 0", "G = 0, H = 1")), [0, 0.01, 1, 8]
    exact = rx.master_equation(rx.jump_process(net), times)
    path = rx.integrate(linear_mapping(net, 2), times, rtol=1e-9)
    np.testing.assert_allclose(path["<G>"][1:], exact.mean_of("G")[1:], rtol=3e-3)


@pytest.mark.parametrize("reaction", ["P + Q -> 0 @ 1", "G + P -> G @ 1", "G + G2 -> H @ 1"])
def test_other_reactions_are_refused_by_name(reaction: str) -> None:
    rest = "H -> G @ 1\nG2 -> H2 @ 1\n"
    net = rx.parse(f"species G = 1, H, G2 = 1, H2, P = 3, Q = 3\nbinding : {reaction}\n{rest}")
    with pytest.raises(RxnError, match="'binding' is no binding of molecules to one binary species") as refused:
        linear_mapping(net, 2, binary=["G", "G2"])
    assert refused.value.diagnostics[0].code == "R519" and refused.value.diagnostics[0].span is not None
