"""Probabilistic principal components as a family: visible species x that hidden ones h explain up to noise.

    h ~ N(mu, S)        x | h ~ N(b + W h, sigma2 1)
    means (b + W mu, mu)        covariance  [[W S W' + sigma2 1, W S], [S W', S]]

The parameters follow the means, C_vh, Tr C_vv and C_hh: Ernst et al. 2021, Eqs. 7 and C13-C16 with their errata (W S W'
for W W' in Eq. 7; the third line of C14 over the number of visible species). In the standard frame the hidden species
are measured from their mean in units of R = S^(1/2), the symmetric root:

    b^ = b + W mu       W^ = W R       d R/dt from  R dR + dR R = dS

Tipping and Bishop 1999.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product

import sympy as sp

from ..errors import RxnError
from ..expressions import quoted, symbol
from ..family import Family, Named, Velocity
from ..monomials import Kind, Monomial
from ..system import Constant, State
from .families import isserlis
from .formulas import inverse

Statistics = tuple[tuple[tuple[sp.Expr, Monomial], ...], ...]


@dataclass(frozen=True)
class Standard:
    """Counts in standard units: n = shift + scale * y for each species, as numbers or formulas of parameters."""

    shift: tuple[sp.Expr, ...]
    scale: tuple[sp.Expr, ...]


@dataclass(frozen=True)
class First:
    """First values of the parameters; what is not given is 0, variances 1."""

    b: Sequence[sp.Expr] = ()
    W: Sequence[Sequence[sp.Expr]] = ()
    sigma2: sp.Expr = field(default=sp.S.One)
    mu: Sequence[sp.Expr] = ()
    S: Sequence[Sequence[sp.Expr]] = ()


@dataclass(frozen=True)
class Latent:
    """The hidden species' means and the symmetric root R of their covariance, as formulas.

    They are of time, of `constants` and of `definitions` made of these.
    """

    mean: tuple[sp.Expr, ...]
    root: tuple[tuple[sp.Expr, ...], ...]
    constants: tuple[Constant, ...] = ()
    definitions: tuple[Named, ...] = ()


def principal_components(
    species: Sequence[str], hidden: Sequence[str], first: First | None = None, standard: Standard | None = None
) -> Family[Monomial]:
    """The family over `species` (all that the generator has, in its order), of which `hidden` are hidden.

    Parameters: `b[A]`, `W[A,X]`, `sigma2`, `mu[X]`, `S[X,Y]`. With `standard` they are those of y, n = shift + scale y.
    Raises R517 where no species is hidden or none visible.
    """
    at = _Places(species, hidden, standard)
    chosen = first or First()
    b, W, sigma2 = at.vector("b", at.visible), at.matrix("W"), symbol("sigma2")
    mu, S = at.vector("mu", at.below), at.symmetric("S")

    def velocity(rates: Sequence[sp.Symbol]) -> Velocity:
        d_mean, d_cross, d_trace, d_mu, d_S = at.moved(rates)
        left, named = at.named("dC", d_cross - W * d_S)
        inverted, shared = inverse(S, "S")
        d_W, turned = at.named("dW", left * inverted)
        # Tr d(W S W') = sum W (dC + (dC - W dS))
        d_sigma2 = (d_trace - sp.Add(*(w * (x + y) for w, x, y in zip(W, d_cross, left, strict=True)))) / at.v
        moved = [*(d_mean - d_W * mu - W * d_mu), *d_W, d_sigma2, *d_mu, *(d_S[p, q] for p, q in at.upper)]
        return Velocity(tuple(moved), (*named, *shared, *turned))

    values = [*_given(chosen.b, b), *_given([x for row in chosen.W for x in row], W), chosen.sigma2]
    values += [*_given(chosen.mu, mu)]
    values += [chosen.S[p][q] if chosen.S else sp.Integer(int(p == q)) for p, q in at.upper]
    theta = [*b, *W, sigma2, *mu, *(S[p, q] for p, q in at.upper)]
    return Family(
        "principal components",
        tuple(State(s, s.name, x) for s, x in zip(theta, values, strict=True)),
        Kind.CENTRAL,
        at.statistics,
        at.moments(b + W * mu, mu, W * S * W.T, sigma2, W * S, S),
        velocity,
        "Ernst et al. 2021, Eqs. C13-C16",
    )


def standard_components(
    species: Sequence[str],
    hidden: Sequence[str],
    first: First | None = None,
    standard: Standard | None = None,
    latent: Latent | None = None,
) -> Family[Monomial]:
    """The same family in its standard parameters b^, W^ and sigma2, the hidden species' mean and covariance given.

    Parameters: `b[A]`, `W[A,X]`, `sigma2`; without `latent` its numbers are constants, `mu[X]` (0) and `R[X,Y]` (1 on
    the diagonal). The mean and covariance of hidden species follow the reactions in nothing but the velocity of b^
    and W^. `first.b` and `first.W` are those of b^ and W^. Ernst et al. 2021, Eqs. C15-C16 in their general form.
    """
    at = _Places(species, hidden, standard)
    chosen = first or First()
    b, W, sigma2 = at.vector("b", at.visible), at.matrix("W"), symbol("sigma2")
    given = latent or at.free_latent()
    mu, R = sp.Matrix(given.mean), sp.Matrix(given.root)

    def velocity(rates: Sequence[sp.Symbol]) -> Velocity:
        d_mean, d_cross, d_trace, _, d_S = at.moved(rates)
        d_R, shared = _root_velocity(R, d_S)
        root, named = at.named("dR", d_R, at.below)
        inverted, more = inverse(R, "R")
        d_W, turned = at.named("dW", (d_cross - W * root) * inverted)
        d_sigma2 = (d_trace - 2 * sp.Add(*(w * x for w, x in zip(W, d_W, strict=True)))) / at.v
        return Velocity((*d_mean, *d_W, d_sigma2), (*shared, *named, *more, *turned))

    values = [*_given(chosen.b, b), *_given([x for row in chosen.W for x in row], W), chosen.sigma2]
    return Family(
        "standard components",
        tuple(State(s, s.name, x) for s, x in zip([*b, *W, sigma2], values, strict=True)),
        Kind.CENTRAL,
        at.statistics,
        at.moments(b, mu, W * W.T, sigma2, W * R, R * R),
        velocity,
        "Ernst et al. 2021, Eqs. C15-C16",
        definitions=given.definitions,
        constants=given.constants,
    )


class _Places:
    """Which species are visible and which hidden, the names of the parameters, and the moments tracked."""

    def __init__(self, species: Sequence[str], hidden: Sequence[str], standard: Standard | None) -> None:
        self.names = [quoted(s) for s in species]
        self.below = [species.index(h) for h in hidden if h in species]
        self.visible = [i for i in range(len(species)) if i not in self.below]
        self.v, self.h = len(self.visible), len(self.below)
        if not self.below or not self.visible or self.h != len(hidden) or self.h != len(set(self.below)):
            message = f"hidden are {', '.join(hidden) or 'none'} of {', '.join(species)}: some must be, and some not"
            raise RxnError("R517", message)
        self.place = {i: k for k, i in enumerate((*self.visible, *self.below))}
        self.upper = [(p, q) for p in range(self.h) for q in range(p, self.h)]
        self.shift = standard.shift if standard else (sp.S.Zero,) * len(species)
        self.scale = standard.scale if standard else (sp.S.One,) * len(species)

    def vector(self, letter: str, which: Sequence[int]) -> sp.Matrix:
        return sp.Matrix([symbol(f"{letter}[{self.names[i]}]") for i in which])

    def matrix(self, letter: str, rows: Sequence[int] | None = None) -> sp.Matrix:
        chosen = self.visible if rows is None else rows
        return sp.Matrix([[symbol(f"{letter}[{self.names[i]},{self.names[j]}]") for j in self.below] for i in chosen])

    def symmetric(self, letter: str) -> sp.Matrix:
        full = self.matrix(letter, self.below)
        return sp.Matrix(self.h, self.h, lambda p, q: full[min(p, q), max(p, q)])

    def named(
        self, letter: str, formulas: sp.Matrix, rows: Sequence[int] | None = None
    ) -> tuple[sp.Matrix, tuple[Named, ...]]:
        """A matrix of names and what they stand for; a symmetric matrix of `rows` has one name for each pair."""
        names = self.matrix(letter) if rows is None else self.symmetric(letter)
        return names, tuple(dict(zip(names, formulas, strict=True)).items())

    def free_latent(self) -> Latent:
        mu, R = self.vector("mu", self.below), self.symmetric("R")
        free = [Constant(s, s.name, sp.S.Zero) for s in mu]
        free += [Constant(R[p, q], R[p, q].name, sp.Integer(int(p == q))) for p, q in self.upper]
        return Latent(tuple(mu), tuple(tuple(R.row(p)) for p in range(self.h)), tuple(free))

    @property
    def statistics(self) -> Statistics:
        """Means of the visible, C_vh, Tr C_vv, means of the hidden, C_hh, all in standard units."""
        scale = self.scale

        def of(i: int, j: int) -> tuple[sp.Expr, Monomial]:
            return 1 / (scale[i] * scale[j]), (min(i, j), max(i, j))

        found = [((1 / scale[i], (i,)),) for i in self.visible]
        cross = [(of(i, j),) for i, j in product(self.visible, self.below)]
        trace = tuple(of(i, i) for i in self.visible)
        means = [((1 / scale[j], (j,)),) for j in self.below]
        inner = [(of(self.below[p], self.below[q]),) for p, q in self.upper]
        return (*found, *cross, trace, *means, *inner)

    def moved(self, rates: Sequence[sp.Symbol]) -> tuple[sp.Matrix, sp.Matrix, sp.Symbol, sp.Matrix, sp.Matrix]:
        """The rates of the statistics in their places: d mean, d C_vh, d Tr C_vv, d mu, d S."""
        v, h = self.v, self.h
        cuts = [0, v, v + v * h, v + v * h + 1, v + v * h + 1 + h, len(rates)]
        mean, cross, trace, mu, inner = (list(rates[a:b]) for a, b in pairwise(cuts))
        number = dict(zip(self.upper, inner, strict=True))
        d_S = sp.Matrix(h, h, lambda p, q: number[min(p, q), max(p, q)])
        return sp.Matrix(mean), sp.Matrix(v, h, cross), trace[0], sp.Matrix(mu), d_S

    def moments(
        self, visible: sp.Matrix, hidden: sp.Matrix, low: sp.Matrix, noise: sp.Expr, cross: sp.Matrix, inner: sp.Matrix
    ) -> Callable[[Monomial], sp.Expr]:
        """Central moments in counts, of a normal distribution given in standard units."""
        mean = [*visible, *hidden]
        v, place, shift, scale = self.v, self.place, self.shift, self.scale

        def covariance(i: int, j: int) -> sp.Expr:
            p, q = sorted((place[i], place[j]))
            if q < v:
                return scale[i] * scale[j] * (low[p, q] + (noise if p == q else 0))
            return scale[i] * scale[j] * (cross[p, q - v] if p < v else inner[p - v, q - v])

        def moment(m: Monomial) -> sp.Expr:
            if len(m) == 1:
                return shift[m[0]] + scale[m[0]] * mean[place[m[0]]]
            return isserlis(m, covariance)

        return moment


def _given(values: Sequence[sp.Expr], names: sp.Matrix) -> Sequence[sp.Expr]:
    return values or [sp.S.Zero] * len(names)


def _root_velocity(R: sp.Matrix, d_S: sp.Matrix) -> tuple[sp.Matrix, tuple[Named, ...]]:
    """The dR that solves R dR + dR R = dS, by the inverse of 1 (x) R + R (x) 1, which is positive definite."""
    n = R.rows
    if R.is_diagonal():
        return sp.Matrix(n, n, lambda p, q: d_S[p, q] / (R[p, p] + R[q, q])), ()
    places = list(product(range(n), repeat=2))

    def entry(a: int, b: int) -> sp.Expr:
        (p, q), (r, s) = places[a], places[b]
        return (R[p, r] if q == s else 0) + (R[q, s] if p == r else 0)

    inverted, named = inverse(sp.Matrix(n * n, n * n, entry), "root")
    return sp.Matrix(n, n, list(inverted * sp.Matrix(list(d_S)))), named
