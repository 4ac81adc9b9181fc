"""What coefficients of moment equations say about rates: Eq. 14 of Yang et al. 2021, and in general."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from reference_numbers import reference

from rxncompile import RxnError, parse
from rxncompile.derivations.rate_relation import rate_relation
from rxncompile.expressions import symbol
from rxncompile.learners.moments.ordinary import products_of_coefficients
from rxncompile.learners.moments.products import parameters_of_products
from rxncompile.monomials import Kind
from rxncompile.network import Network

SPCM = (Path(__file__).parent.parent.parent / "models" / "spcm.rxn").read_text()


def candidates() -> Network:
    """SPCM with the two reactions that its means cannot exclude."""
    more = "param k1 : 1/week = 0, k2 : 1/week = 0\nlost: A -> 0 @ k1\nturn: A -> B @ k2\n"
    return parse(SPCM.replace("observable clone = A + B", "") + more)


# the paper's rows of Eq. 14: equation and term of each coefficient, and the sign with which it is written
ROWS = (
    ("<A>", "<A>", 1), ("<B>", "<A>", 1), ("<B>", "<B>", -1), ("<A^2>_c", "<A>", 1), ("<A^2>_c", "<A^2>_c", 1),
    ("<B^2>_c", "<A>", 1), ("<B^2>_c", "<B>", 1), ("<A*B>_c", "<A>", -1), ("<A*B>_c", "<A^2>_c", 1),
    ("<A*B>_c", "<A*B>_c", 1),
)  # fmt: skip
COLUMNS = ("r1*lambda", "r2*lambda", "k1", "k2", "lambda", "Gamma")


@pytest.mark.reference
def test_equation_14() -> None:
    """The matrix of the paper comes out of the candidate reactions; two more rows say nothing new."""
    relation = rate_relation(candidates())
    assert (len(relation.coefficients), relation.rank) == (12, 6)
    place = {(c.equation, str(c.term)): i for i, c in enumerate(relation.coefficients)}
    names = {sp.Mul(*(symbol(f) for f in text.split("*"))): text for text in COLUMNS}
    order = [[names[u] for u in relation.products].index(text) for text in COLUMNS]
    rows = [[sign * relation.matrix[place[e, t], j] for j in order] for e, t, sign in ROWS]
    expected = reference("spcm")["eq14"]
    np.testing.assert_array_equal(np.array(rows, dtype=float), expected["matrix_V"])
    assert not relation.offset.norm()


@pytest.mark.reference
@pytest.mark.parametrize("which", [0, 1])
def test_rates_of_the_papers_coefficients(which: int) -> None:
    relation = rate_relation(candidates())
    solve = reference("spcm")["eq14"]["solves"][which]
    place = {(c.equation, str(c.term)): i for i, c in enumerate(relation.coefficients)}
    kept = [place[e, t] for e, t, _ in ROWS]
    ten = relation.matrix.extract(kept, range(6))
    matrix = np.array(ten.tolist(), dtype=float)
    values = np.array([s * b for (_, _, s), b in zip(ROWS, solve["b_hat"], strict=True)])
    found = np.linalg.lstsq(matrix, values, rcond=None)[0]
    contradiction = float(np.linalg.norm(matrix @ found - values))
    theta = dict(zip((s.name for s in relation.parameters), parameters_of_products(relation, found), strict=True))
    for name, key in (("r1", "r1"), ("r2", "r2"), ("lambda", "lam"), ("Gamma", "Gamma"), ("k1", "k1"), ("k2", "k2")):
        assert theta[name] == pytest.approx(solve[key], abs=1e-12)  # rounding of a least-squares solution
    assert contradiction == pytest.approx(solve["residual_norm"], abs=1e-12)


def test_free_coefficients_are_the_moment_equations() -> None:
    """At the network's own values the System of free coefficients has the same right-hand sides."""
    relation = rate_relation(candidates())
    free, system = relation.free, relation.system
    point = {s.label: 2 + 3 * i for i, s in enumerate(system.states)}
    assert free.evaluate(point) == system.evaluate(point)
    assert [p.label for p in free.parameters] == [c.symbol.name for c in relation.coefficients]
    values = np.array([float(p.value) for p in free.parameters])
    products, contradiction = products_of_coefficients(relation, values)
    assert contradiction < 1e-12
    found = parameters_of_products(relation, products)
    np.testing.assert_allclose(found, [1.1, 0.0836, 0.0764, 0.31, 0, 0], atol=1e-12)


def test_known_rates_are_numbers() -> None:
    """Parameters that are known, rules and constants become an offset and entries."""
    names = "const c = 2\nparam k = 3, g = 1\nlet fast = 4*k\nspecies A = 5\n"
    net = parse(names + "0 -> A @ 7\nA -> 0 @ fast\nA -> 2 A @ c*g\n")
    relation = rate_relation(net, order=1)
    assert [str(u) for u in relation.products] == ["k", "g"]
    assert dict(zip(map(str, relation.coefficients), relation.matrix.tolist(), strict=True)) == {
        "b[1,1]: 1 in d <A>/dt": [0, 0], "b[1,2]: <A> in d <A>/dt": [-4, 2],
    }  # fmt: skip
    assert relation.offset.tolist() == [[7], [0]]
    only = rate_relation(net, order=1, unknown=["g"])
    assert (only.products, only.matrix.tolist(), only.offset.tolist()) == ((symbol("g"),), [[0], [2]], [[7], [-12]])


def test_what_is_unknown_if_nothing_is_said() -> None:
    """Parameters behind the formulas of others; not the size of a compartment, which is no factor of rates."""
    net = parse("param R = 2, g = 3\nparam k = R*g\nspecies A = 5\n0 -> A @ k\nA -> 0 @ g\n")
    relation = rate_relation(net, order=1)
    assert [str(u) for u in relation.products] == ["R*g", "g"] and relation.matrix.tolist() == [[1, 0], [0, -1]]
    net = parse("param k = 2\nunits amount = count\ncompartment cell = 4\nspecies A : conc in cell = 1\n2 A -> 0 @ k\n")
    assert [s.name for s in rate_relation(net).parameters] == ["k"]


def test_open_equations_have_terms_above() -> None:
    net = parse("param k = 1\nspecies A = 9\n2 A -> 0 @ k\n")
    relation = rate_relation(net, order=1, kind=Kind.RAW)
    assert [str(c.term) for c in relation.coefficients] == ["<A>", "<A^2>"]
    assert relation.matrix.tolist() == [[1], [-1]]
    central = rate_relation(net, order=1)
    assert {str(c.term): c for c in central.coefficients}.keys() == {"<A>", "<A>**2", "<A^2>_c"}


def test_refused() -> None:
    with pytest.raises(RxnError) as refused:
        rate_relation(parse("param k = 1\nspecies A = 9\nA -> 0 @ exp(k)\n"))
    assert refused.value.code == "R531"
    with pytest.raises(RxnError) as refused:
        rate_relation(parse("param k = 1\nspecies A = 9\nA -> 0 @ k*(1 + t)\n"))
    assert refused.value.code == "R531"
    with pytest.raises(RxnError) as refused:
        rate_relation(parse("param k = 1\nspecies A = 9\nA -> 0 @ k\n"), unknown=["x"])
    assert refused.value.code == "R504"
