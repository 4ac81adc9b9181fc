"""Conservation laws as constraints: the rows by hand, and fits that keep them as reparametrised ones do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from rxncompile import conservation_laws, parse, rate_equations
from rxncompile.errors import RxnError
from rxncompile.expressions import symbol
from rxncompile.learners.fits.conservation import conserving, known_totals
from rxncompile.learners.fits.descent import settle
from rxncompile.learners.fits.fit import fit
from rxncompile.learners.fits.information import information
from rxncompile.learners.fits.objective import Objective
from rxncompile.learners.fits.problem import Constraint, Data, Observable, Problem, Scale, Unknown
from rxncompile.learners.fits.profiles import profiles

LEARNED = """model Learned
param a = 1, b = 0.5, c = 1, d = 0.5
species A = 3, B = 1
A' = -a*A + b*B
B' = c*A - d*B
"""
REVERSIBLE = "model Reversible\nparam a = 1, b = 0.5\nspecies A = 3, B = 1\nA <-> B @ a, b\n"
COEFFICIENTS = tuple(Unknown(n, -5.0, 5.0) for n in "abcd")


def measured(text: str, unknowns: tuple[Unknown, ...], seed: int = 3) -> Problem:
    """A and B of the reversible reaction with noise 0.1, for another model of it."""
    times = np.tile(np.linspace(0.2, 3.0, 8), 2)
    which = np.repeat([0, 1], 8)
    A = 4.0 / 3.0 + (3.0 - 4.0 / 3.0) * np.exp(-1.5 * times)
    value = np.where(which == 0, A, 4.0 - A) + 0.1 * np.random.default_rng(seed).normal(size=16)
    seen = tuple(Observable(s, symbol(s), sp.Rational(1, 10)) for s in "AB")
    data = Data(np.zeros(16, dtype=np.int64), which, times, value)
    return Problem.of(rate_equations(parse(text)), unknowns, seen, data)


def test_coefficients_of_learned_equations() -> None:
    """A + B is kept for all A and B if and only if a = c and b = d."""
    laws = conservation_laws(parse(REVERSIBLE))
    found = conserving(rate_equations(parse(LEARNED)), COEFFICIENTS, laws)
    rows = {tuple(sorted((name, w * dict(c.weights)[min(dict(c.weights))]) for name, w in c.weights)) for c in found}
    assert rows == {(("a", 1.0), ("c", -1.0)), (("b", 1.0), ("d", -1.0))}
    assert all(c.value == 0.0 for c in found)
    assert conserving(rate_equations(parse(LEARNED)), COEFFICIENTS, [*laws, *laws]) == found


def test_a_library_with_products_and_numbers_beside() -> None:
    text = "model L\nparam u = 1, v = 1, w = 1\nspecies X = 1, Y = 1, Z = 0\n"
    text += "X' = -u*X*Y + 2*Z\nY' = -v*X*Y - Z + w\nZ' = (u + v)*X*Y/2 - Z/2\n"
    laws = conservation_laws(parse("model M\nspecies X = 1, Y = 1, Z = 0\nX + Y <-> Z @ 1, 1\n"))
    unknowns = tuple(Unknown(n, 0.0, 5.0) for n in "uvw")
    system = rate_equations(parse(text))
    with pytest.raises(RxnError, match="cannot be kept"):
        conserving(system, unknowns, laws)
    good = rate_equations(parse(text.replace("2*Z", "Z/2").replace("- Z + w", "+ Z/2 + w")))
    found = conserving(good, unknowns, laws)
    offset = rate_equations(parse(text.replace("2*Z", "Z/2 + 3").replace("- Z + w", "+ Z/2 + w")))
    with pytest.raises(RxnError, match="cannot be kept: it changes by 3"):
        conserving(offset, unknowns, laws)
    two = good.drift[1] + symbol("w")
    twice = replace(good, drift=(good.drift[0] + symbol("w") + 1, two, *good.drift[2:]))
    with pytest.raises(RxnError, match="two things"):
        conserving(twice, unknowns, laws)
    # X + Z: (v - u)/2 XY;  Y + Z: (u - v)/2 XY + w
    assert {c.value for c in found} == {0.0}
    assert {frozenset(n for n, _ in c.weights) for c in found} == {frozenset("uv"), frozenset("w")}


def test_a_fit_of_learned_equations_keeps_the_law() -> None:
    """Four coefficients under two constraints give what the two rates of the reaction give, intervals too."""
    laws = conservation_laws(parse(REVERSIBLE))
    free = measured(LEARNED, COEFFICIENTS)
    bound = replace(free, constraints=conserving(free.system, COEFFICIENTS, laws))
    two = measured(REVERSIBLE, COEFFICIENTS[:2])
    a, b = (fit(p, starts=4, seed=5) for p in (bound, two))
    assert a.best.value == pytest.approx(b.best.value, abs=1e-6)
    assert [a.values[n] for n in "abcd"] == pytest.approx([b.values[n] for n in "abab"], rel=1e-4)
    assert a.values["a"] == pytest.approx(a.values["c"], rel=1e-9)
    errors = information(a.objective, a.x).errors
    assert errors == pytest.approx(np.tile(information(b.objective, b.x).errors, 2), rel=1e-3)
    first, second = profiles(a, ["a", "d"]), profiles(b, ["a", "b"])
    for mine, theirs in zip(first.profiles, second.profiles, strict=True):
        assert mine.lower.value == pytest.approx(theirs.lower.value, rel=1e-3)
        assert mine.upper.value == pytest.approx(theirs.upper.value, rel=1e-3)
    other = settle(Objective(free), a.x)
    assert other is not None and other.value < a.best.value - 0.1  # without the law the noise is fitted


def test_known_totals_of_unknown_initial_values() -> None:
    """A(0) + B(0) = 4 bound by a constraint, or B(0) written as 4 - A(0)."""
    text = "model R\nparam a = 1, b = 0.5, A0 = 2, B0 = 2, two = 2\nspecies A = A0, B = B0*two/2\nA <-> B @ a, b\n"
    unknowns = (*COEFFICIENTS[:2], Unknown("A0", 0.0, 4.0), Unknown("B0", 0.0, 4.0))
    problem = measured(text, unknowns)
    (law,) = conservation_laws(parse(text))
    (constraint,) = known_totals(problem.system, unknowns, {law: 4.0})
    assert constraint == Constraint((("A0", 1.0), ("B0", 1.0)), 4.0)
    bound = replace(problem, constraints=(constraint,))
    other = measured(text.replace("B0*two/2", "4 - A0").replace("B0 = 2, ", ""), unknowns[:3])
    a, b = (fit(p, starts=4, seed=5) for p in (bound, other))
    assert a.best.value == pytest.approx(b.best.value, abs=1e-6)
    assert a.values["A0"] + a.values["B0"] == pytest.approx(4.0, rel=1e-9)
    ends = [profiles(f, ["A0"]).profiles[0] for f in (a, b)]
    assert ends[0].lower.value == pytest.approx(ends[1].lower.value, rel=1e-4)
    assert ends[0].upper.value == pytest.approx(ends[1].upper.value, rel=1e-4)


def test_a_known_product_on_logarithmic_scales() -> None:
    """a*b = 1/2 by a constraint on the logarithms."""
    unknowns = tuple(Unknown(n, 0.01, 50.0, Scale.LOG) for n in "ab")
    problem = replace(
        measured(REVERSIBLE, unknowns), constraints=(Constraint((("a", 1.0), ("b", 1.0)), float(np.log(0.5))),)
    )
    found = fit(problem, starts=3, seed=1).values
    other = fit(measured(REVERSIBLE.replace("b = 0.5", "").replace("1, ", "1").replace("@ a, b", "@ a, 0.5/a"),
                         unknowns[:1]), starts=3, seed=1).values  # fmt: skip
    assert found["a"] * found["b"] == pytest.approx(0.5, rel=1e-9)
    assert found["a"] == pytest.approx(other["a"], rel=1e-4)


def test_wrong_questions_are_named() -> None:
    system = rate_equations(parse(LEARNED))
    laws = conservation_laws(parse(REVERSIBLE))
    logs = tuple(Unknown(n, 0.1, 5.0, Scale.LOG) for n in "abcd")
    with pytest.raises(RxnError, match="logarithm"):
        conserving(system, logs, laws)
    squared = rate_equations(parse(LEARNED.replace("-a*A", "-a^2*A")))
    with pytest.raises(RxnError, match="not a sum"):
        conserving(squared, COEFFICIENTS, laws)
    with pytest.raises(RxnError, match="no unknown"):
        known_totals(system, COEFFICIENTS, {laws[0]: 4.0})
    with pytest.raises(RxnError, match="no state"):
        conserving(rate_equations(parse("model M\nparam a = 1\nspecies A = 1\nA -> 0 @ a\n")), COEFFICIENTS, laws)
