"""A generator projected onto a family: the equations of the family's parameters.

    d theta/dt = V(d<X>/dt)       d<X>/dt by the generator, every moment in it taken from the family

For an exponential family V is the inverse of the Fisher matrix (up to sign): Ernst et al. 2018, Eqs. 19-20 and 29-30.
V is linear, so that the equations of two sets of reactions add up to those of both (Proposition 1 there).
"""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from ..expressions import symbol
from ..family import Family
from ..monomials import label_names
from ..network import Network
from ..operators import generator
from ..system import Polynomial, Step, System, sort_definitions
from .moments import table_of
from .rates import jump_process


def project(net: Network, family: Family, expansion: int = 4) -> System:
    """The System of a family's parameters; the moments that occur are its definitions.

    `expansion`: the order of central moments up to which laws that are no polynomials are expanded. Raises as
    `moments`.
    """
    gen = generator(net)
    names = label_names(gen.species)
    table = table_of(gen, names, family.kind, expansion)
    made: dict[sp.Symbol, sp.Expr] = {}
    rates = []
    for k, statistic in enumerate(family.statistics):
        rate = symbol(f"dX[{k + 1}]")
        made[rate] = Polynomial(
            (number, ((coefficient * factors[0][0], 1), *factors[1:]))
            for coefficient, monomial in statistic
            for number, factors in table.equation(monomial)
        ).expr
        rates.append(rate)
    own = {s.symbol for s in family.parameters}
    made |= {name: family.moment(m) for m, name in table.symbols.items() if name not in own}
    velocity = family.velocity(rates)
    base = jump_process(net)
    definitions = sort_definitions({**dict(base.definitions), **made, **dict(velocity.definitions)}, net.name)
    return replace(
        base,
        states=family.parameters,
        drift=velocity.rates,
        jumps=(),
        definitions=definitions,
        outputs=tuple((name.name, name) for m, name in table.symbols.items() if len(m) <= 2 and name in made),
        steps=(Step("projection", (("family", family.name),), family.reference),),
    )
