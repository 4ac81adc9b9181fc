"""The algebra of ladder operators: its relations, matrices on a truncated Fock space, and the moments that follow."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import rxncompile as rx
from rxncompile.derivations.moments import moments
from rxncompile.errors import RxnError
from rxncompile.expressions import symbol
from rxncompile.monomials import Kind, Monomial, label, label_names, monomials
from rxncompile.operators import generator
from rxncompile.operators.ladder import (
    Operator,
    annihilator,
    commutator,
    constants,
    counted,
    creator,
    evolution,
    identity,
    ladder,
)

SPECIES = (symbol("A"), symbol("B"))
K = symbol("k")
sides = st.lists(st.integers(0, 1), max_size=3).map(lambda m: tuple(sorted(m)))
numbers = st.integers(-5, 5) | st.fractions(min_value=-3, max_value=3, max_denominator=7)
scales = st.sampled_from([(), ((K, 1),), ((K, 2),), ((symbol("c"), -1), (K, 1))])


def made(table: dict[tuple[object, Monomial, Monomial], int | Fraction]) -> Operator:
    return identity(SPECIES) - identity(SPECIES) + Operator(SPECIES, table)  # type: ignore[arg-type]


operators = st.dictionaries(st.tuples(scales, sides, sides), numbers, max_size=4).map(made)


def test_canonical_relations() -> None:
    nothing = identity(SPECIES) - identity(SPECIES)
    for one, other in product(SPECIES, SPECIES):
        a, made_by = annihilator(SPECIES, one), creator(SPECIES, other)
        assert commutator(a, made_by) == (identity(SPECIES) if one == other else nothing)
        assert commutator(a, annihilator(SPECIES, other)) == nothing
        assert commutator(creator(SPECIES, one), made_by) == nothing


@pytest.mark.parametrize(("m", "n"), [(3, 2), (4, 4), (1, 5)])
def test_a_power_passes_a_power(m: int, n: int) -> None:
    """a^m â^n, written by the defining relation alone, one exchange at a time."""
    a, up = annihilator(SPECIES, SPECIES[0]), creator(SPECIES, SPECIES[0])
    z = sp.Symbol("z")
    direct = (a**m * up**n).act_on(z**7, {SPECIES[0]: z})
    assert sp.expand(direct - (z**n * z**7).diff(z, m)) == 0


@given(operators, operators, operators)
@settings(max_examples=60, deadline=None)
def test_products_are_associative_and_distributive(f: Operator, g: Operator, h: Operator) -> None:
    assert f * (g * h) == (f * g) * h
    assert f * (g + h) == f * g + f * h
    assert (f * g).adjoint() == g.adjoint() * f.adjoint()


@given(operators, operators, operators)
@settings(max_examples=60, deadline=None)
def test_commutators(f: Operator, g: Operator, h: Operator) -> None:
    """The short way equals the definition; Jacobi's identity; a derivation."""
    assert commutator(f, g) == f * g - g * f
    nothing = f - f
    cyclic = [commutator(f, commutator(g, h)), commutator(g, commutator(h, f)), commutator(h, commutator(f, g))]
    assert cyclic[0] + cyclic[1] + cyclic[2] == nothing
    assert commutator(f, g * h) == commutator(f, g) * h + g * commutator(f, h)


TOP = 9  # levels of a truncated space of one species: products of 4 operators of degree 3 stay exact below the edge


PARTS = 840  # all numbers above, times powers of 2, are multiples of 1/840: whole numbers of 64 bits are exact


def fock(op: Operator, parts: int = PARTS) -> NDArray[np.int64]:
    """`parts` times it, by Kronecker products of the two defining matrices, and nothing of the table but its order."""
    up = np.diag([1] * (TOP - 1), -1)
    down = np.diag(list(range(1, TOP)), 1)
    one = np.identity(TOP, dtype=np.int64)
    ways = [(np.kron(m, one), np.kron(one, m)) for m in (up, down)]
    total = np.zeros((TOP * TOP, TOP * TOP), dtype=np.int64)
    for (c, created, destroyed), x in op.table.items():
        product_ = np.kron(one, one)
        for matrices, side in zip(ways, (created, destroyed), strict=True):
            for i in side:
                product_ = product_ @ matrices[i]
        size = parts * x * Fraction(2) ** sum(e for _, e in c)  # every constant is 2
        assert size.denominator == 1 and abs(size) < 2**38  # entries of product_ are below 2**18
        total = total + product_ * int(size)
    return total


@given(operators, operators)
@settings(max_examples=25, deadline=None)
def test_products_are_those_of_matrices(f: Operator, g: Operator) -> None:
    inside = [i * TOP + j for i in range(TOP - 6) for j in range(TOP - 6)]  # columns that no operator lifts off the top
    assert (fock(f * g, PARTS**2)[:, inside] == (fock(f) @ fock(g))[:, inside]).all()
    for counts in ((0, 0), (2, 1)):
        image = {n: x.subs({K: 2, symbol("c"): 2}) for n, x in f.act(counts).items()}
        column = fock(f)[:, counts[0] * TOP + counts[1]]
        assert all(PARTS * image.get((i, j), 0) == column[i * TOP + j] for i in range(TOP) for j in range(TOP))


def test_coherent_states() -> None:
    """a |phi> = phi |phi>, with |phi> = exp(phi z)."""
    z, phi = sp.symbols("z phi")
    op = 3 * counted(SPECIES[:1], (0, 0)) + K * creator(SPECIES[:1], SPECIES[0])
    wave = sp.exp(phi * z)
    found = op.on_coherent({SPECIES[0]: phi}, {SPECIES[0]: z})
    assert sp.expand(op.act_on(wave, {SPECIES[0]: z}) / wave - found) == 0
    assert sp.expand(op.on_coherent({SPECIES[0]: phi}) - 3 * (phi**2 + phi) - K) == 0  # <n^2> of Poisson counts


NETS = (
    "species X = 50, Y = 100\nparam b = 1, e = 0.5, d = 3\nX -> 2 X @ b\nX + Y -> 2 Y @ e\nY -> 0 @ d\n",
    "species A = 4\nparam k = 2, l = 1\n3 A -> A @ k\n0 -> 5 A @ l + k\n2 A -> 3 A @ 1/l\n",
    "species A = 4, B = 2, C = 1\nparam k = 2\n2 A + B -> 3 C @ k\nC -> A + 2 B @ 1\nB -> 0 rate k*B*(B - 1)*(1 + A)\n",
)


@pytest.mark.parametrize("text", NETS)
@pytest.mark.parametrize("kind", [Kind.RAW, Kind.FACTORIAL])
def test_the_commutator_gives_the_moment_equations(text: str, kind: Kind) -> None:
    net = rx.parse(text)
    gen = generator(net)
    names = label_names(gen.species)
    equations = dict(moments(net, 3, kind).equations())
    for m in monomials(range(len(names)), 3):
        observable = counted(gen.species, m) if kind is Kind.RAW else Operator(gen.species, {((), m, m): 1})
        found = evolution(observable, gen).average(kind)
        total = sp.Add(*(x * (symbol(label(k, names, kind)) if k else 1) for k, x in found.items()))
        assert sp.expand(total - equations[label(m, names, kind)]) == 0


def test_probability_is_kept() -> None:
    for text in NETS:
        assert ladder(generator(rx.parse(text))).average() == {}  # <1| W = 0


def test_equal_constants_are_one() -> None:
    b, c = symbol("b"), symbol("c")
    assert dict(constants((b + c) ** 2)) == dict(constants(b * (b + c) + c * (b + c)))
    assert constants(sp.Rational(3, 2) * b / c) == ((((b, 1), (c, -1)), Fraction(3, 2)),)


def test_laws_without_a_finite_sum_are_refused() -> None:
    with pytest.raises(RxnError, match="ladder") as raised:
        ladder(generator(rx.parse("species A = 1\nA -> 0 rate A/(1 + A)\n")))
    assert raised.value.diagnostics[0].code == "R516"
