"""Particles in continuous space: evolution operators made of fields, and functional derivatives of them.

    W = integral dy L(y)      diffusion   D â(y) a''(y)
                              a reaction  k |V|^(m - 1) (prod â^after - prod â^before) prod a^before

with [a(y), â(z)] = delta(y - z). Since [a(y), F[â]] = dF/dâ(y), the density moves by a functional derivative at â = 1:

    d<a_A(y)>/dt = < dW/dâ_A(y) >        dF/df(y) = sum_k (-1)^k d^k/dy^k (dL/df^(k))

A reaction of m molecules happens where they meet; |V|^(m-1) makes its rate that of the well-mixed network where the
density is uniform. Sources: Doi 1976; Ernst et al. 2018, Eqs. 5-7.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sympy as sp

from ..errors import RxnError
from ..expressions import symbol
from ..operators import Generator, Powers


@dataclass(frozen=True)
class FieldOperator:
    """The integrand L of an evolution operator over `space`, normal ordered.

    `create` and `destroy`: the fields â_A(y) and a_A(y) of each species, as functions of the coordinates.
    """

    space: tuple[sp.Symbol, ...]
    create: Mapping[sp.Symbol, sp.Expr]
    destroy: Mapping[sp.Symbol, sp.Expr]
    density: sp.Expr

    def density_rate(self, species: sp.Symbol) -> sp.Expr:
        """The operator whose mean is d<a_A(y)>/dt."""
        moved = functional_derivative(self.density, self.create[species], self.space)
        return sp.expand(moved.subs(dict.fromkeys(self.create.values(), sp.S.One)).doit())


def coordinates(dimensions: int) -> tuple[sp.Symbol, ...]:
    """`y`, or `y1`, `y2`, `y3`."""
    return (symbol("y"),) if dimensions == 1 else tuple(symbol(f"y{k + 1}") for k in range(dimensions))


def field_operator(
    gen: Generator, diffusion: Mapping[str, sp.Expr], volume: sp.Expr, space: Sequence[sp.Symbol]
) -> FieldOperator:
    """The operator of a well-mixed network whose species diffuse, in a domain of size `volume`.

    `diffusion`: the coefficient D of each species that moves. Raises R517 for an unknown species, R516 for a rate law
    that is no polynomial of counts, which has no local form.
    """
    space = tuple(space)
    names = {s.name: s for s in gen.species}
    create = {s: sp.Function(f"â[{s.name}]", real=True)(*space) for s in gen.species}
    destroy = {s: sp.Function(f"a[{s.name}]", real=True)(*space) for s in gen.species}
    parts: list[sp.Expr] = []
    for name, D in diffusion.items():
        if name not in names:
            raise RxnError("R517", f"{name!r} diffuses, which is no species of {gen.name}")
        s = names[name]
        parts += [D * create[s] * destroy[s].diff(y, 2) for y in space]
    for term in gen.terms:
        if term.law is not None:
            message = f"the rate law of {term.name!r} is no polynomial of counts: it has no local form"
            raise RxnError("R516", message, term.origin)
        rate = term.rate * volume ** (sum(n for _, n in term.before) - 1)
        made = _product(create, term.after) - _product(create, term.before)
        parts.append(rate * made * _product(destroy, term.before))
    return FieldOperator(space, create, destroy, sp.Add(*parts))


def functional_derivative(density: sp.Expr, field: sp.Expr, space: Sequence[sp.Symbol]) -> sp.Expr:
    """d/df(y) of the integral of a density that holds f and its partial derivatives; boundary terms vanish."""
    found = [d for d in density.atoms(sp.Derivative) if d.expr == field]
    # derivatives are held still by names of their own while the density is differentiated by the field itself
    held = {d: sp.Dummy() for d in found}
    name = sp.Dummy()
    frozen = density.xreplace(held).xreplace({field: name})
    back = {name: field} | {v: k for k, v in held.items()}
    total = frozen.diff(name).xreplace(back)
    for d in found:
        slope = frozen.diff(held[d]).xreplace(back)
        order = sum(n for _, n in d.variable_count)
        total += (-1) ** order * slope.diff(*d.variable_count)
    return total


def _product(fields: Mapping[sp.Symbol, sp.Expr], powers: Powers) -> sp.Expr:
    return sp.Mul(*(fields[s] ** n for s, n in powers))
