"""Families of distributions whose moments have a formula.

Well-mixed energies are exp(-sum_k nu_k C(n, k)), as in Ernst et al. 2018.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import factorial

import sympy as sp

from ..expressions import quoted, symbol
from ..family import Family, Velocity
from ..monomials import Kind, Monomial, moment_symbol, raw_from_cumulants
from ..system import State


def geometric(first: sp.Expr = sp.S.One) -> Family[Monomial]:
    """P(n) ~ exp(-nu n) for one species: `<n!/(n - k)!> = k!/(e^nu - 1)^k`.

    Ernst et al. 2018, Eqs. 23-26. `first`: nu at the start.
    """
    nu = symbol("nu[1]")
    occupied = 1 / (sp.exp(nu) - 1)

    def moment(m: Monomial) -> sp.Expr:
        return factorial(len(m)) * occupied ** len(m)

    def velocity(rates: Sequence[sp.Symbol]) -> Velocity:
        return Velocity((-rates[0] / (occupied * (occupied + 1)),))  # the variance of n

    return Family(
        "geometric", (State(nu, "nu[1]", first),), Kind.FACTORIAL, (((sp.S.One, (0,)),),), moment, velocity,
        "Ernst et al. 2018, Eq. 26",
    )  # fmt: skip


def gaussian_counts(first: tuple[sp.Expr, sp.Expr]) -> Family[Monomial]:
    """P(n) ~ exp(-nu_1 n - nu_2 C(n, 2)) as a normal density on the whole line: mean 1/2 - nu_1/nu_2, variance 1/nu_2.

    Ernst et al. 2018, Eqs. 27-30.
    """
    one, two = symbol("nu[1]"), symbol("nu[2]")
    mean, variance = sp.Rational(1, 2) - one / two, 1 / two

    def moment(m: Monomial) -> sp.Expr:
        return mean if len(m) == 1 else isserlis(m, lambda i, j: variance)

    def velocity(rates: Sequence[sp.Symbol]) -> Velocity:
        bend = -(two**2) * rates[1]
        return Velocity((one / two * bend - two * rates[0], bend))

    states = tuple(State(s, s.name, value) for s, value in zip((one, two), first, strict=True))
    statistics = (((sp.S.One, (0,)),), ((sp.S.One, (0, 0)),))
    source = "Ernst et al. 2018, Eqs. 28-30"
    return Family("gaussian in counts", states, Kind.CENTRAL, statistics, moment, velocity, source)


def gaussian_family(
    species: Sequence[str], mean: Sequence[sp.Expr], covariance: Sequence[Sequence[sp.Expr]]
) -> Family[Monomial]:
    """A multivariate normal distribution by its means `<A>` and covariances `<A*B>_c`; those given are first values.

    Projecting onto it is the gaussian closure. Ernst et al. 2021, Eq. C12.
    """
    names = [quoted(s) for s in species]
    count = len(names)
    pairs = [(i, j) for i in range(count) for j in range(i, count)]
    means = [moment_symbol((i,), names, Kind.CENTRAL) for i in range(count)]
    second = {(i, j): moment_symbol((i, j), names, Kind.CENTRAL) for i, j in pairs}
    states = [State(s, s.name, first) for s, first in zip(means, mean, strict=True)]
    states += [State(second[i, j], second[i, j].name, covariance[i][j]) for i, j in pairs]

    def moment(m: Monomial) -> sp.Expr:
        return means[m[0]] if len(m) == 1 else isserlis(m, lambda i, j: second[i, j])

    monomials = [(i,) for i in range(count)] + pairs
    statistics = tuple(((sp.S.One, m),) for m in monomials)
    return Family(
        "gaussian", tuple(states), Kind.CENTRAL, statistics, moment, lambda rates: Velocity(tuple(rates)),
        "Ernst et al. 2021, Eq. C12",
    )  # fmt: skip


def isserlis(m: Monomial, covariance: Callable[[int, int], sp.Expr]) -> sp.Expr:
    """A central moment of a normal distribution: the sum over pairings of products of covariances (Isserlis 1918)."""

    def cumulant(block: Monomial) -> sp.Expr:
        return covariance(block[0], block[1]) if len(block) == 2 else sp.S.Zero

    return raw_from_cumulants(m, cumulant)
