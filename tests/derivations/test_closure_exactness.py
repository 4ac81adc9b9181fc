"""Each closure on random distributions of the kind that it assumes, of 1 to 3 species, in hierarchies of order 2 to 4.

The moments of these are sums and quadratures that know nothing of closures.
"""

from collections import Counter
from collections.abc import Callable
from itertools import combinations_with_replacement, product
from math import comb

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import roots_genlaguerre
from scipy.stats import poisson as poisson_law

import rxncompile as rx
from rxncompile.derivations import closures as c
from rxncompile.derivations.moments import moments
from rxncompile.errors import RxnError
from rxncompile.expressions import symbol
from rxncompile.monomials import Monomial, central_from_raw, cumulant_from_raw, factorial_from_raw

Raw = Callable[[Monomial], float]
Values = np.ndarray
positive = st.floats(0.2, 2.0)


def averaged(columns: list[Values], weights: Values) -> Raw:
    """<prod x_i> over points with weights."""

    def raw(m: Monomial) -> float:
        values = weights
        for i in m:
            values = values * columns[i]
        return float(values.sum())

    return raw


def grid(rules: list[tuple[Values, Values]]) -> tuple[list[Values], Values]:
    """A product of one-dimensional rules (nodes, weights): the coordinates and the weights of its points."""
    nodes = [x.ravel() for x in np.meshgrid(*(r[0] for r in rules), indexing="ij")]
    weights = np.ones(1)
    for _, w in rules:
        weights = np.outer(weights, w).ravel()
    return nodes, weights


def normal(draw: st.DrawFn, size: int) -> Raw:
    """Correlated normal variables by Gauss-Hermite rules of 5 nodes, exact up to degree 9."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(5)
    points, w = grid([(nodes, weights / weights.sum())] * size)
    means = [draw(st.floats(-2, 3)) for _ in range(size)]
    mix = [[draw(st.floats(-1, 1)) for _ in range(i)] + [draw(positive)] for i in range(size)]
    columns = [means[i] + sum(a * points[k] for k, a in enumerate(row)) for i, row in enumerate(mix)]
    return averaged(columns, w)


def lognormal(draw: st.DrawFn, size: int) -> Raw:
    """exp of normal variables: exp(mean + variance/2) of the sum of the logarithms."""
    mean = np.array([draw(st.floats(-1, 1)) for _ in range(size)])
    mix = np.array([[draw(st.floats(-0.5, 0.5)) for _ in range(size)] for _ in range(size)])

    def raw(m: Monomial) -> float:
        a = np.array([m.count(i) for i in range(size)])
        return float(np.exp(a @ mean + 0.5 * np.square(a @ mix).sum()))

    return raw


def shared_gamma(draw: st.DrawFn, size: int) -> Raw:
    """x_i = b_i sum_j y_ij, y_ij = y_ji gamma distributed: Gauss-Laguerre rules of 4 nodes, exact up to degree 7."""
    pairs = [(i, j) for i in range(size) for j in range(i, size)]
    rules = []
    for _ in pairs:
        nodes, weights = roots_genlaguerre(4, draw(positive) - 1)
        rules.append((nodes, weights / weights.sum()))
    points, w = grid(rules)
    scales = [draw(positive) for _ in range(size)]
    columns = [scales[i] * sum(y for y, pair in zip(points, pairs, strict=True) if i in pair) for i in range(size)]
    return averaged(columns, w)


def clusters(draw: st.DrawFn, size: int, most: int) -> Raw:
    """Groups of at most `most` molecules, each kind of group Poisson distributed: 4 kinds and the single molecules."""
    single = [Counter({i: 1}) for i in range(size)]
    some = [Counter(draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=most))) for _ in range(4 - size)]
    counts = np.arange(20)  # of at most 0.6 on average: more have a probability below 1e-19
    rules = [(counts.astype(float), poisson_law.pmf(counts, draw(st.floats(0.05, 0.6)))) for _ in (*single, *some)]
    points, w = grid(rules)
    columns = [sum(kind[i] * n for n, kind in zip(points, (*single, *some), strict=True)) for i in range(size)]
    return averaged(columns, w)


DISTRIBUTIONS: dict[c.Closure, Callable[[st.DrawFn, int, int], Raw]] = {
    c.gaussian: lambda draw, size, order: normal(draw, size),
    c.lognormal: lambda draw, size, order: lognormal(draw, size),
    c.derivative_matching: lambda draw, size, order: lognormal(draw, size),
    c.gamma: lambda draw, size, order: shared_gamma(draw, size),
    c.poisson: lambda draw, size, order: clusters(draw, size, 1),
    c.zero_factorial_cumulant: clusters,
}


@pytest.mark.parametrize("closure", DISTRIBUTIONS, ids=lambda f: f.__name__)
@settings(max_examples=25, deadline=None)
@given(st.data())
def test_a_closure_is_exact_for_its_own_distribution(closure: c.Closure, data: st.DataObject) -> None:
    """The moments of the next two orders, from those below. Singh and Hespanha 2011 for derivative matching."""
    size, order = data.draw(st.integers(1, 3)), data.draw(st.integers(2, 4))
    raw = DISTRIBUTIONS[closure](data.draw, size, order)
    highest = order + (1 if size == 3 else 2)
    every = [m for k in range(order + 1, highest + 1) for m in combinations_with_replacement(range(size), k)]
    m = data.draw(st.sampled_from(every))

    def lookup(part: Monomial) -> sp.Expr:
        return sp.Float(raw(part), 40)  # the sums are of doubles: what cancels below is theirs

    found, want = float(closure(m, lookup, order)), raw(m)
    scale = max(abs(raw(tuple(sorted(2 * m)))) ** 0.5, abs(want))  # of <|x^m|>, below which odd moments cancel
    assert found == pytest.approx(want, rel=1e-9, abs=1e-10 * scale)


def test_gamma_by_the_published_sum_over_shared_parts() -> None:
    """Lakatos et al. 2015 at order 2: <x^2 y> = b_x^2 b_y E[(y_11 + y_12)^2 (y_12 + y_22)], rising factorials."""
    a11, a12, a22, bx, by = sp.symbols("a11 a12 a22 bx by", positive=True)
    rising = {0: sp.S.One, 1: a12, 2: a12 * (a12 + 1), 3: a12 * (a12 + 1) * (a12 + 2)}

    def power(shape: sp.Expr, k: int) -> sp.Expr:
        return sp.Mul(*(shape + j for j in range(k)))

    def raw(m: Monomial) -> sp.Expr:
        p, q = m.count(0), m.count(1)
        return bx**p * by**q * sp.Add(
            *(comb(p, i) * comb(q, j) * power(a11, p - i) * rising[i + j] * power(a22, q - j)
              for i in range(p + 1) for j in range(q + 1))
        )  # fmt: skip

    for m in combinations_with_replacement(range(2), 3):
        assert sp.expand(sp.cancel(c.gamma(m, raw, 2) - raw(m))) == 0


# ---------------------------------------------------------------------------------------------- defining properties


@st.composite
def any_moments(draw: st.DrawFn) -> tuple[Callable[[Monomial], sp.Expr], int, int, Monomial]:
    """Exact moments of a few points, the number of species, an order, and a monomial above it."""
    size, order = draw(st.integers(1, 3)), draw(st.integers(2, 4))
    points = [[draw(st.integers(1, 6)) for _ in range(size)] for _ in range(draw(st.integers(1, 3)))]
    weights = [sp.Integer(draw(st.integers(1, 4))) for _ in points]

    def raw(m: Monomial) -> sp.Expr:
        return sum(
            (w * sp.Mul(*(x[i] for i in m)) for w, x in zip(weights, points, strict=True)), sp.S.Zero
        ) / sum(weights)

    length = order + draw(st.integers(1, 1 if size > 1 else 2))
    return raw, size, order, tuple(sorted(draw(st.integers(0, size - 1)) for _ in range(length)))


@settings(max_examples=60, deadline=None)
@given(any_moments())
def test_what_closures_make_of_any_moments(case: tuple[Callable[[Monomial], sp.Expr], int, int, Monomial]) -> None:
    """zero: the central moment is 0; gaussian: the cumulant; poisson: that is the mean; factorial: that cumulant."""
    raw, _, order, m = case

    def closed(closure: c.Closure) -> Callable[[Monomial], sp.Expr]:
        whole = closure(m, raw, order)
        return lambda part: whole if part == m else raw(part)

    assert central_from_raw(m, closed(c.zero)) == 0
    assert cumulant_from_raw(m, closed(c.gaussian)) == 0
    assert cumulant_from_raw(m, closed(c.poisson)) == (raw(m[:1]) if len(set(m)) == 1 else 0)
    falling = closed(c.zero_factorial_cumulant)
    assert cumulant_from_raw(m, lambda part: factorial_from_raw(part, falling)) == 0


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4), st.lists(st.integers(0, 2), min_size=2, max_size=6))
def test_the_exponents_of_derivative_matching_solve_their_equations(order: int, drawn: list[int]) -> None:
    """sum_p g_p prod C(p_i, s_i) = prod C(m_i, s_i) for all s up to the order: Singh and Hespanha 2011, Eq. 17."""
    m = tuple(sorted(drawn))
    if len(m) <= order:
        return

    def counted(part: Monomial) -> sp.Symbol:
        return sp.Symbol(",".join(map(str, part)), positive=True)

    powers = c.derivative_matching(m, counted, order).as_powers_dict()
    exponents = {tuple(map(int, s.name.split(","))): g for s, g in powers.items() if s.is_Symbol}

    def ways(whole: Monomial, part: Monomial) -> int:
        total = 1
        for i in set(part):
            total *= comb(whole.count(i), part.count(i))
        return total

    for k in range(1, order + 1):
        for s in combinations_with_replacement(sorted(set(m)), k):
            assert sum(g * ways(p, s) for p, g in exponents.items()) == ways(m, s)


def test_derivative_matching_matches_derivatives_of_certain_counts() -> None:
    """d phi/dt is d<x^3>/dt but for lower powers of the count: of n^4, n^3, n^2 ... the first two agree.

    Singh and Hespanha 2011, Theorem 1, for 2 X -> 0 at k and 0 -> X at b, order 2: phi = <x^2>^3/<x>^3.
    """
    n, k, b, t = sp.symbols("n k b t")
    moves = [(-2, k * n * (n - 1)), (1, b)]

    def course(m: Monomial) -> sp.Expr:
        """<n^power>(t) from n to first order in t."""
        f = n ** len(m)
        return f + t * sum(a * (f.subs(n, n + move) - f) for move, a in moves)

    gap = c.derivative_matching((0, 0, 0), course, 2) - course((0, 0, 0))
    assert sp.cancel(gap.subs(t, 0)) == 0
    slope = sp.cancel(gap.diff(t).subs(t, 0))
    assert sp.degree(sp.expand(course((0, 0, 0)).coeff(t, 1)), n) == 4
    assert slope != 0 and sp.limit(slope / n**3, n, sp.oo) == 0


@pytest.mark.parametrize("closure", [c.lognormal, c.gamma])
def test_order_one_is_too_little_for_some(closure: c.Closure) -> None:
    net = rx.parse("species A = 9\n2 A -> 0 @ 1\n")
    with pytest.raises(RxnError, match="asks for moments of order 2") as refused:
        c.close(moments(net, 1), closure)
    assert refused.value.diagnostics[0].code == "R519"


def test_symbols_stand_for_themselves() -> None:
    """The formulas that `close` makes once for a pattern are those of the closure itself."""
    net = rx.parse("species A = 3, B = 2, C = 1\nA + B -> C @ 1\nB + C -> 2 A @ 2\n")
    raw = {m: symbol(f"<{'*'.join('ABC'[i] + (f'^{q}' if q > 1 else '') for i, q in Counter(m).items())}>")
           for k in (1, 2) for m in combinations_with_replacement(range(3), k)}  # fmt: skip
    hierarchy = moments(net, 2)
    for closure in c.BY_NAME.values():
        formulas = dict(c.close(hierarchy, closure).definitions)
        for m in product(range(3), repeat=3):
            label = "<" + "*".join("ABC"[i] + (f"^{q}" if q > 1 else "") for i, q in sorted(Counter(m).items())) + ">"
            if symbol(label) in formulas:
                want = closure(tuple(sorted(m)), raw.__getitem__, 2)
                assert sp.expand(formulas[symbol(label)] - want) == 0, (closure.__name__, label)
