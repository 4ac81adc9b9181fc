"""What data can tell: models whose combinations are known by hand."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from rxncompile import parse, rate_equations
from rxncompile.expressions import symbol
from rxncompile.learners.fits.fit import fit
from rxncompile.learners.fits.identifiability import (
    Structure,
    identifiability,
    statement,
    structural_identifiability,
)
from rxncompile.learners.fits.objective import Objective
from rxncompile.learners.fits.problem import Condition, Data, Observable, Problem, Scale, Unknown
from rxncompile.learners.fits.profiles import profiles

GENE = """model Gene
param transcribe = 2, degrade = 0.8, translate = 1.5, decay = 0.4, scale = 1
species M = 0, P = 0
0 -> M @ transcribe
M -> 0 @ degrade
M -> M + P @ translate
P -> 0 @ decay
"""


def structure(
    text: str, names: str, formulas: tuple[sp.Expr, ...], scale: Scale = Scale.LOG10, more: tuple[Condition, ...] = ()
) -> Structure:
    times = np.linspace(0.0, 8.0, 5)
    conditions = (Condition("all"), *more)
    c, o, t = np.meshgrid(np.arange(len(conditions)), np.arange(len(formulas)), times, indexing="ij")
    data = Data(c.ravel(), o.ravel(), t.ravel(), np.ones(t.size))
    unknowns = tuple(Unknown(n, 1e-2, 1e2, scale) for n in names.split())
    seen = tuple(Observable(f"y{k}", f, sp.S.One) for k, f in enumerate(formulas))
    return structural_identifiability(Problem.of(rate_equations(parse(text)), unknowns, seen, data, conditions))


def known(found: Structure) -> set[frozenset[tuple[str, int]]]:
    return {frozenset(combination) for group in found.groups for combination in group.known}


def test_protein_alone_tells_only_the_product_of_both_syntheses() -> None:
    """P obeys P'' + (degrade + decay) P' + degrade decay P = transcribe translate: two rates in either order."""
    P = symbol("P")
    found = structure(GENE, "transcribe degrade translate decay", (P,))
    assert found.rank == 3 and found.identifiable == ("degrade", "decay")
    assert known(found) == {frozenset({("transcribe", 1), ("translate", 1)})}
    assert "only transcribe*translate can be known" in str(found)
    both = structure(GENE, "transcribe degrade translate decay", (P, symbol("M")))
    assert both.groups == () and both.rank == 4 and "every unknown" in str(both)


def test_an_unknown_scale_of_the_signal_leaves_powers() -> None:
    """With scale*P and scale*M^2 observed: M ~ transcribe, P ~ transcribe translate."""
    M, P, scale = symbol("M"), symbol("P"), symbol("scale")
    found = structure(GENE, "transcribe degrade translate decay scale", (scale * P, scale * M**2))
    assert found.rank == 4 and found.identifiable == ("degrade", "decay")
    (group,) = found.groups
    assert group.freedom == 1 and group.scale is Scale.LOG
    # transcribe -> c transcribe, scale -> scale/c^2, translate -> c translate leaves both as they are
    for combination in group.known:
        exponents = dict(combination)
        move = {"transcribe": 1, "scale": -2, "translate": 1}
        assert sum(move[name] * w for name, w in exponents.items()) == 0
    assert len(group.known) == 2


def test_sums_without_influence_and_other_combinations() -> None:
    decay = "model Two\nparam A0 = 1, B0 = 2, k = 1, q = 1\nspecies A = A0 + B0, B = q\nA -> 0 @ k\n"
    found = structure(decay, "A0 B0 k q", (symbol("A"),), Scale.LINEAR)
    assert found.rank == 2 and found.identifiable == ("k",)
    assert known(found) == {frozenset({("A0", 1), ("B0", 1)})}
    words = str(found)
    assert "only A0 + B0 can be known" in words and "q has no influence" in words
    # a*b + c of two conditions is one number: neither a scaling nor a shift that is the same everywhere
    curved = "model Curved\nparam a = 1, b = 2, c = 1\nspecies A = 1\nA -> 0 @ a*b + c\n"
    found = structure(curved, "a b c", (symbol("A"),))
    assert found.rank == 1 and not found.identifiable
    (group,) = found.groups
    assert group.unknowns == ("a", "b", "c") and group.freedom == 2 and group.scale is None


def test_a_second_condition_tells_what_one_does_not() -> None:
    text = "model Decay\nparam k = 1, f = 2, A0 = 3\nspecies A = A0\nA -> 0 @ k*f\n"
    A = symbol("A")
    assert known(structure(text, "k f A0", (A,))) == {frozenset({("k", 1), ("f", 1)})}
    other = (Condition("without", (("f", sp.S.One),)),)
    assert structure(text, "k f A0", (A,), more=other).groups == ()


def test_the_statement_names_what_these_data_leave_open() -> None:
    """k1 (E + S <-> ES -> E + Q) so fast that only the ratio of the first two rates matters: K = (k2 + k3)/k1."""
    text = "model M\nparam k1 = 300, k2 = 300, k3 = 1\nspecies S : conc = 3, E : conc = 0.1, ES : conc = 0\n"
    text += "S + E <-> ES @ k1, k2\nES -> E @ k3\n"
    begin = {"k1": 300.0, "k2": 300.0, "k3": 1.0}
    unknowns = tuple(Unknown(n, v / 300, v * 300, Scale.LOG10, v) for n, v in begin.items())
    times = np.linspace(3.0, 60.0, 20)
    zero = np.zeros(20, dtype=np.int64)
    seen = (Observable("S", symbol("S"), sp.Rational(1, 50)),)
    system = rate_equations(parse(text))
    blank = Problem.of(system, unknowns, seen, Data(zero, zero, times, np.ones(20)))
    x = Objective(blank).nominal()
    y = Objective(blank).predictions(x)[0] + 0.02 * np.random.default_rng(5).normal(size=20)
    problem = Problem.of(system, unknowns, seen, Data(zero, zero, times, y))
    found = profiles(fit(problem, starts=1, begin=begin))
    said = statement(found, structural_identifiability(Objective(problem), x))
    assert "structural: enough data could tell every unknown" in said
    assert found["k1"].upper.open and "do not tell k1: upwards its profile is flat" in said and "k2 moves" in said
    assert "both sides, at 95 %: k3" in said


def test_the_statement_where_all_is_told() -> None:
    times = np.linspace(0.0, 3.0, 10)
    zero = np.zeros(10, dtype=np.int64)
    system = rate_equations(parse("model Decay\nparam A0 = 3, k = 1\nspecies A = A0\nA -> 0 @ k\n"))
    unknowns = (Unknown("A0", 0.1, 100.0, Scale.LOG10), Unknown("k", 0.05, 20.0, Scale.LOG10))
    seen = (Observable("A", symbol("A"), sp.Rational(1, 20)),)
    problem = Problem.of(system, unknowns, seen, Data(zero, zero, times, 3.0 * np.exp(-times)))
    found = profiles(Objective(problem), at=Objective(problem).scaled(np.array([2.0, 1.5])))
    said = "practical: these data bound every unknown from both sides, at 95 %"
    assert statement(found) == said
    assert identifiability(found) == f"structural: enough data could tell every unknown\n{said}"


@pytest.mark.parametrize("seed", range(3))
def test_the_points_do_not_matter(seed: int) -> None:
    data = Data(*(np.zeros(4, dtype=np.int64) for _ in range(2)), np.linspace(1.0, 9.0, 4), np.ones(4))
    names = ("transcribe", "degrade", "translate", "decay")
    unknowns = tuple(Unknown(n, 1e-2, 1e2, Scale.LOG10) for n in names)
    seen = (Observable("P", symbol("P"), sp.S.One),)
    problem = Problem.of(rate_equations(parse(GENE)), unknowns, seen, data)
    assert structural_identifiability(problem, seed=seed).rank == 3
