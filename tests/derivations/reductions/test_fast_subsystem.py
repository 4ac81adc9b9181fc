"""Linear balances: positive by construction, compact, and the null vector that numerical linear algebra finds."""

import numpy as np
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from rxncompile.derivations.reductions.divisors import common_divisor
from rxncompile.derivations.reductions.fast_subsystem import linear_balance
from rxncompile.derivations.reductions.polynomials import Ring, divided, fraction_free, one_sign, written
from rxncompile.expressions import symbol

RATES = [symbol(f"k{i}") for i in range(20)]


@st.composite
def exchanges(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    """States and directed exchanges between them: a circle through all of them and others."""
    n = draw(st.integers(2, 5))
    order = draw(st.permutations(range(n)))
    circle = [(order[i], order[(i + 1) % n]) for i in range(n)]
    pairs = [(i, j) for i in range(n) for j in range(n) if i != j and (i, j) not in circle]
    more = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=6)) if pairs else []
    return n, [*circle, *more]


@settings(max_examples=40)
@given(exchanges(), st.randoms(use_true_random=False))
def test_states_that_exchange(case: tuple[int, list[tuple[int, int]]], numbers: object) -> None:
    n, edges = case
    x = [symbol(f"x{i}") for i in range(n)]
    drift = dict.fromkeys(x, sp.S.Zero)
    for k, (i, j) in enumerate(edges):
        drift[x[i]] -= RATES[k] * x[i]
        drift[x[j]] += RATES[k] * x[i]
    total = symbol("T")
    found = linear_balance(drift, [(dict.fromkeys(x, 1), total)])
    assert found is not None
    assert all(one_sign(p) == 1 for p in (*found.numerators.values(), *found.denominators.values()))
    values = {r: numbers.uniform(0.1, 2.0) for r in RATES} | {total: 3.0}  # type: ignore[attr-defined]
    matrix = np.zeros((n, n))
    for k, (i, j) in enumerate(edges):
        matrix[i, i] -= values[RATES[k]]
        matrix[j, i] += values[RATES[k]]
    expected = np.linalg.solve(np.vstack([matrix[:-1], np.ones(n)]), np.array([*[0.0] * (n - 1), 3.0]))
    given_by = found.formulas([])
    np.testing.assert_allclose([float(given_by[s].xreplace(values)) for s in x], expected, rtol=1e-9)


def test_balanced_circles_follow_by_ratios_alone() -> None:
    """A square of states whose rates balance around it: denominators are products, not the 12 trees."""
    a, b, c, d, p, q, total = (symbol(n) for n in "a b c d p q T".split())
    x = [symbol(f"x{i}") for i in range(4)]
    first, second = (a * p * x[i] - b * x[i + 1] for i in (0, 2))
    third, fourth = (c * q * x[i] - d * x[i + 2] for i in (0, 1))
    drift = {x[0]: -first - third, x[1]: first - fourth, x[2]: third - second, x[3]: second + fourth}
    found = linear_balance(drift, [(dict.fromkeys(x, 1), total)])
    assert found is not None
    formulas = found.formulas([p, q])
    assert formulas[x[3]] == a * c * p * q * total / ((a * p + b) * (c * q + d))


def test_minors_against_determinants() -> None:
    names = sp.symbols("a:9", real=True)
    ring = Ring(names)
    matrix = [[ring.gen(names[3 * i + j]) for j in range(3)] for i in range(3)]
    right = [ring.one, ring.zero, ring.ring(2)]
    solved = fraction_free(matrix, right)
    assert solved is not None
    numerators, denominator = solved
    exact = sp.Matrix(3, 3, names)
    assert sp.expand(denominator.as_expr() ** 2 - exact.det() ** 2) == 0
    answer = exact.LUsolve(sp.Matrix([1, 0, 2]))
    for p, value in zip(numerators, answer, strict=True):
        assert sp.cancel(p.as_expr() / denominator.as_expr() - value) == 0
    assert fraction_free([[ring.one, ring.one], [ring.one, ring.one]], right[:2]) is None


def terms(least: int) -> st.SearchStrategy[list[tuple[int, int, int]]]:
    powers = st.integers(0, 3)
    return st.lists(st.tuples(st.integers(least, 4), powers, powers), min_size=1, max_size=6)


@given(terms(-4), terms(1), terms(-2))
def test_common_divisors(
    one: list[tuple[int, int, int]], other: list[tuple[int, int, int]], both: list[tuple[int, int, int]]
) -> None:
    """Beside a name that only one of them has: what divides both is sympy's greatest common divisor, up to a number."""
    a, b, c = (symbol(x) for x in "abc")
    ring = Ring([a, b, c])
    f, g, h = (
        sum((k * ring.gen(a) ** m * ring.gen(b) ** n for k, m, n in p), ring.zero) for p in (one, other, both)
    )
    left, right = f * h, g * h * (ring.gen(c) + 1)
    if left and right:
        found, expected = common_divisor(left, right), left.gcd(right)
        assert found.monic() == expected.monic()


@given(terms(-4), terms(1))
def test_exact_division_and_writing(one: list[tuple[int, int, int]], other: list[tuple[int, int, int]]) -> None:
    a, b = symbol("a"), symbol("b")
    ring = Ring([a, b])
    f, g = (sum((c * ring.gen(a) ** m * ring.gen(b) ** n for c, m, n in p), ring.zero) for p in (one, other))
    assert divided(f * g, g) == f
    assert sp.expand(written(f * g, [a]) - (f * g).as_expr()) == 0
