"""Probabilistic principal components as a family: visible species x that hidden ones h explain up to noise.

    h ~ N(mu, S)        x | h ~ N(b + W h, sigma2 1)
    means (b + W mu, mu)        covariance  [[W S W' + sigma2 1, W S], [S W', S]]

The parameters follow the means, C_vh, Tr C_vv and C_hh: Ernst et al. 2021, Eqs. 7 and C13-C16 with their errata (W S W'
for W W' in Eq. 7; the third line of C14 over the number of visible species). Tipping and Bishop 1999.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import sympy as sp

from ..errors import RxnError
from ..expressions import quoted, symbol
from ..family import Family, Statistic, Velocity
from ..monomials import Kind, Monomial
from ..system import State
from .families import isserlis


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


def principal_components(
    species: Sequence[str], hidden: Sequence[str], first: First | None = None, standard: Standard | None = None
) -> Family:
    """The family over `species` (all that the generator has, in its order), of which `hidden` are hidden.

    Parameters: `b[A]`, `W[A,X]`, `sigma2`, `mu[X]`, `S[X,Y]`. With `standard` they are those of y, n = shift + scale y.
    Raises R517 where no species is hidden or none visible.
    """
    chosen = first or First()
    names = [quoted(s) for s in species]
    below = [species.index(h) for h in hidden if h in species]
    visible = [i for i in range(len(species)) if i not in below]
    if not below or not visible or len(below) != len(hidden):
        message = f"hidden are {', '.join(hidden) or 'none'} of {', '.join(species)}: some must be, and some not"
        raise RxnError("R517", message)
    b = sp.Matrix([symbol(f"b[{names[i]}]") for i in visible])
    W = sp.Matrix(len(visible), len(below), lambda i, j: symbol(f"W[{names[visible[i]]},{names[below[j]]}]"))
    sigma2 = symbol("sigma2")
    mu = sp.Matrix([symbol(f"mu[{names[i]}]") for i in below])
    inner = [names[i] for i in below]
    S = sp.Matrix(len(below), len(below), lambda i, j: symbol(f"S[{inner[min(i, j)]},{inner[max(i, j)]}]"))
    place = {i: k for k, i in enumerate((*visible, *below))}
    mean = sp.Matrix([*(b + W * mu), *mu])
    C = sp.Matrix(sp.BlockMatrix([[W * S * W.T + sigma2 * sp.eye(len(visible)), W * S], [S * W.T, S]]))
    scale = standard.scale if standard else (sp.S.One,) * len(species)
    shift = standard.shift if standard else (sp.S.Zero,) * len(species)
    covariance = {(i, j): scale[i] * scale[j] * C[place[i], place[j]] for i in place for j in place if i <= j}

    def moment(m: Monomial) -> sp.Expr:
        if len(m) == 1:
            return shift[m[0]] + scale[m[0]] * mean[place[m[0]]]
        return isserlis(m, lambda i, j: covariance[i, j])

    upper = [(p, q) for p in range(len(below)) for q in range(p, len(below))]

    def of(i: int, j: int) -> tuple[sp.Expr, Monomial]:
        return 1 / (scale[i] * scale[j]), (min(i, j), max(i, j))

    statistics: list[Statistic] = [((1 / scale[i], (i,)),) for i in visible]
    statistics += [(of(i, j),) for i in visible for j in below]
    statistics += [tuple(of(i, i) for i in visible)]
    statistics += [((1 / scale[j], (j,)),) for j in below]
    statistics += [(of(below[p], below[q]),) for p, q in upper]

    def velocity(rates: Sequence[sp.Symbol]) -> Velocity:
        v, h = len(visible), len(below)
        left = list(rates)
        d_mean, left = sp.Matrix(left[:v]), left[v:]
        d_cross, left = sp.Matrix(v, h, left[: v * h]), left[v * h :]
        d_trace, left = left[0], left[1:]
        d_mu, left = sp.Matrix(left[:h]), left[h:]
        number = dict(zip(upper, left, strict=True))
        d_S = sp.Matrix(h, h, lambda p, q: number[min(p, q), max(p, q)])
        d_W = sp.Matrix(v, h, lambda i, j: symbol(f"dW[{names[visible[i]]},{names[below[j]]}]"))
        formula = (d_cross - W * d_S) * _inverse(S)
        d_sigma2 = (d_trace - (2 * d_W * S * W.T + W * d_S * W.T).trace()) / v
        d_b = d_mean - d_W * mu - W * d_mu
        moved = [*d_b, *d_W, d_sigma2, *d_mu, *(d_S[p, q] for p, q in upper)]
        return Velocity(tuple(moved), tuple(zip(d_W, formula, strict=True)))

    states = [State(s, s.name, x) for s, x in zip(b, chosen.b or [sp.S.Zero] * len(visible), strict=True)]
    flat = [x for row in chosen.W for x in row] or [sp.S.Zero] * len(W)
    states += [State(s, s.name, x) for s, x in zip(W, flat, strict=True)]
    states += [State(sigma2, "sigma2", chosen.sigma2)]
    states += [State(s, s.name, x) for s, x in zip(mu, chosen.mu or [sp.S.Zero] * len(below), strict=True)]
    states += [State(S[p, q], S[p, q].name, chosen.S[p][q] if chosen.S else sp.Integer(int(p == q))) for p, q in upper]
    source = "Ernst et al. 2021, Eqs. C13-C16"
    return Family("principal components", tuple(states), Kind.CENTRAL, tuple(statistics), moment, velocity, source)


def _inverse(matrix: sp.Matrix) -> sp.Matrix:
    """The inverse of a small symbolic matrix by its cofactors."""
    if matrix.rows == 1:
        return sp.Matrix([[1 / matrix[0, 0]]])
    return matrix.adjugate() / matrix.det(method="berkowitz")
