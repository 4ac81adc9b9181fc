"""Closures that know nothing but moments: what a moment above the order is, by those up to it.

A closure is a function `(monomial, raw, order) -> formula`: the raw moment of a monomial by raw moments of lower order
that `raw` gives, in a hierarchy up to `order`. One of a user's own is such a function. Those that are about cumulants
say also which cumulant a monomial has (`CUMULANTS`): cumulants above the first are blind to a shift of the counts, so
that equations of central moments and of cumulants are closed without a way through raw ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from itertools import combinations
from math import comb, factorial

import sympy as sp

from ..monomials import (
    Lookup,
    Monomial,
    blocks,
    cumulant_rest,
    factorial_from_raw,
    falling_from_powers,
    monomials,
    sub_monomials,
)

Closure = Callable[[Monomial, Lookup, int], sp.Expr]  # (monomial, raw moments of lower order, order) -> raw moment


def gaussian(monomial: Monomial, raw: Lookup, order: int) -> sp.Expr:
    """Cumulants above the order vanish, as those of a normal distribution above the second.

    Goodman 1953; Whittle 1957; Ernst et al. 2021, Eq. C12.
    """
    return -cumulant_rest(monomial, raw)


def zero(monomial: Monomial, raw: Lookup, order: int) -> sp.Expr:
    """Central moments above the order vanish.

    Matis and Guerrero 2010; Gillespie 2009.
    """
    total = []
    for part, rest, ways in sub_monomials(monomial):
        if rest:
            sign = -ways if len(rest) % 2 else ways
            total.append(-sign * (raw(part) if part else sp.S.One) * sp.Mul(*(raw((i,)) for i in rest)))
    return sp.Add(*total)


def poisson(monomial: Monomial, raw: Lookup, order: int) -> sp.Expr:
    """Cumulants above the order are those of independent Poisson variables: the mean for one species, else 0.

    Nasell 2003.
    """
    return _poisson_cumulant(monomial, raw) - cumulant_rest(monomial, raw)


def zero_factorial_cumulant(monomial: Monomial, raw: Lookup, order: int) -> sp.Expr:
    """Factorial cumulants above the order vanish, as all above the first do for independent Poisson variables.

    Kendall 1949.
    """

    def falling(m: Monomial) -> sp.Expr:
        return factorial_from_raw(m, raw)

    lower = sp.Add(*(c * (raw(m) if m else sp.S.One) for m, c in falling_from_powers(monomial)[1:]))
    return -cumulant_rest(monomial, falling) - lower


def lognormal(monomial: Monomial, raw: Lookup, order: int) -> sp.Expr:
    """Moments of a multivariate log-normal distribution with the same means and second moments.

    <prod x_p> = prod_p <x_p> prod_{p < q} <x_p x_q>/(<x_p> <x_q>).

    Keeling 2000; Lakatos et al. 2015.
    """
    means = sp.Mul(*(raw((i,)) for i in monomial))
    pairs = [(i, j) for i, j in combinations(monomial, 2)]
    return sp.Mul(means, *(raw((i, j)) / (raw((i,)) * raw((j,))) for i, j in pairs))


def gamma(monomial: Monomial, raw: Lookup, order: int) -> sp.Expr:
    """Cumulants above the order are those of a multivariate gamma distribution of the same means and covariances.

    x_i = b_i sum_j y_ij with y_ij = y_ji independent and gamma distributed, of scale 1 and shape C_ij/(b_i b_j) for
    i != j, b_i = C_ii/<x_i> the scale of x_i: two species share one part, so that what involves three or more has no
    cumulant, and that of x_i^p x_j^q is (p + q - 1)! b_i^(p-1) b_j^(q-1) C_ij.

    Lakatos et al. 2015.
    """

    def cumulant(m: Monomial) -> sp.Expr:
        return raw(m) if len(m) == 1 else raw(m) + cumulant_rest(m, raw)

    return _gamma_cumulant(monomial, cumulant) - cumulant_rest(monomial, raw)


def derivative_matching(monomial: Monomial, raw: Lookup, order: int) -> sp.Expr:
    """A product of powers of the moments up to the order, whose derivatives match those of the moment at a point.

    <x^m> = prod_p <x^p>^g_p with sum_p g_p C(p, s) = C(m, s) for every s up to the order.

    Singh and Hespanha 2011.
    """
    return sp.Mul(*(raw(m) ** g for m, g in _matched(monomial, order)))


# ---------------------------------------------------------------------------------------------- cumulants


def _gaussian_cumulant(monomial: Monomial, cumulant: Lookup) -> sp.Expr:
    return sp.S.Zero


def _poisson_cumulant(monomial: Monomial, cumulant: Lookup) -> sp.Expr:
    return cumulant(monomial[:1]) if monomial[0] == monomial[-1] else sp.S.Zero


def _gamma_cumulant(monomial: Monomial, cumulant: Lookup) -> sp.Expr:
    counts = Counter(monomial)
    if len(counts) > 2:
        return sp.S.Zero
    scales = [(cumulant((i, i)) / cumulant((i,))) ** (q - 1) for i, q in counts.items()]
    shared = cumulant(tuple(counts)) if len(counts) == 2 else cumulant(monomial[:1])
    return sp.Mul(factorial(len(monomial) - 1), *scales, shared)


# (monomial, cumulants of lower order) -> the cumulant that the closure gives
CUMULANTS: Mapping[Closure, Callable[[Monomial, Lookup], sp.Expr]] = {
    gaussian: _gaussian_cumulant, poisson: _poisson_cumulant, gamma: _gamma_cumulant,
}  # fmt: skip


def centred_rest(monomial: Monomial, central: Lookup) -> sp.Expr:
    """A cumulant by central moments, without that of the whole: partitions with no block of one."""
    return sp.Add(
        *(
            many * (-1) ** (len(parts) - 1) * factorial(len(parts) - 1) * sp.Mul(*(central(b) for b in parts))
            for parts, many in blocks(monomial)
            if len(parts) > 1 and all(len(b) > 1 for b in parts)
        )
    )


# ---------------------------------------------------------------------------------------------- quotients


def divisors(formula: sp.Expr) -> tuple[sp.Expr, ...]:
    """What a formula divides by."""
    found = {p.base for p in formula.atoms(sp.Pow) if p.exp.is_negative}
    return tuple(sorted((d for d in found if d.free_symbols), key=str))


def where_there(formula: sp.Expr, divided: Iterable[sp.Expr]) -> sp.Expr:
    """The formula where none of what it divides by is 0, else 0."""
    there = [sp.Ne(d, 0) for d in divided]
    return sp.Piecewise((formula, sp.And(*there)), (sp.S.Zero, True)) if there else formula


# ---------------------------------------------------------------------------------------------- exponents


@cache
def _matched(monomial: Monomial, order: int) -> tuple[tuple[Monomial, int], ...]:
    """The exponents g_p, from the highest order down: those of a given order appear alone in its equations."""
    known = sorted(monomials(sorted(set(monomial)), order), key=len, reverse=True)
    powers: dict[Monomial, int] = {}
    for s in known:
        powers[s] = _ways(monomial, s) - sum(g * _ways(p, s) for p, g in powers.items())
    return tuple((p, g) for p, g in powers.items() if g)


def _ways(whole: Monomial, part: Monomial) -> int:
    """prod_i C(whole_i, part_i)."""
    have, result = Counter(whole), 1
    for i, q in Counter(part).items():
        result *= comb(have[i], q)
    return result
