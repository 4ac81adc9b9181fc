"""A generator projected onto a family: the equations of the family's parameters.

    d theta/dt = V(d<X>/dt)       d<X>/dt by the generator, every moment in it taken from the family

For an exponential family V is the inverse of the Fisher matrix (up to sign): Ernst et al. 2018, Eqs. 19-20 and 29-30.
V is linear, so that the equations of two sets of reactions add up to those of both (Proposition 1 there).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Protocol

import sympy as sp

from ..errors import RxnError
from ..expressions import symbol
from ..family import Family, Key
from ..monomials import Monomial, label_names
from ..network import Network
from ..operators import generator
from ..system import Polynomial, Step, System, sort_definitions
from .formulas import inlined
from .moments import table_of
from .rates import jump_process


class Hierarchy(Protocol[Key]):
    """The equations of moments, made one by one; `symbols` are those of the moments that they have named so far."""

    @property
    def symbols(self) -> Mapping[Key, sp.Symbol]: ...

    def equation(self, m: Key, /) -> Polynomial: ...


def project(net: Network, family: Family[Monomial], expansion: int = 4) -> System:
    """The System of a family's parameters; what its equations share, moments among it, are its definitions.

    `expansion`: the order of central moments up to which laws that are no polynomials are expanded. Raises as
    `moments`.
    """
    gen = generator(net)
    table = table_of(gen, label_names(gen.species), family.kind, expansion)
    return projected(jump_process(net), table, family, lambda m: len(m) <= 2)


def projected(base: System, hierarchy: Hierarchy[Key], family: Family[Key], shown: Callable[[Key], bool]) -> System:
    """The same for any hierarchy of moments: `base` gives the parameters and definitions of the rates in it.

    The moments that are met and `shown` are outputs. Raises R518 where `base` has events, R517 where a number of it
    has the name of one of the family's.
    """
    if base.events:
        message = f"events of {base.name} do not act on the parameters of a family"
        raise RxnError("R518", message, base.events[0].origin)
    own = {s.symbol for s in family.parameters}
    made: dict[sp.Symbol, sp.Expr] = {}
    rates = []
    for k, statistic in enumerate(family.statistics):
        rate = symbol(f"dX[{k + 1}]")
        made[rate] = Polynomial(
            (number, ((coefficient * factors[0][0], 1), *factors[1:]))
            for coefficient, moment in statistic
            for number, factors in hierarchy.equation(moment)
        ).expr
        rates.append(rate)
    moments = dict(hierarchy.symbols)
    made |= {name: family.moment(m) for m, name in moments.items() if name not in own}
    velocity = family.velocity(rates)
    theirs = [*own, *(c.symbol for c in family.constants), *(name for name, _ in family.definitions)]
    keep_apart(base, (*theirs, *made, *(name for name, _ in velocity.definitions)))
    ordered = sort_definitions({**made, **dict(velocity.definitions)}, base.name)
    labels = [name for m, name in moments.items() if shown(m) and name in made]
    definitions, drift, outputs = inlined(dict(ordered), velocity.rates, labels)
    # formulas of the network that speak of its species are written out in the generator's laws already
    species = {s.symbol for s in base.states}
    shared: dict[sp.Symbol, sp.Expr] = {}
    for name, formula in base.definitions:
        if not formula.free_symbols & species:
            shared[name] = formula
        else:
            species.add(name)
    return replace(
        base,
        states=family.parameters,
        parameters=(*base.parameters, *family.constants),
        drift=drift,
        jumps=(),
        definitions=sort_definitions({**shared, **dict(family.definitions), **definitions}, base.name),
        outputs=tuple((name.name, formula) for name, formula in zip(labels, outputs, strict=True)),
        steps=(Step("projection", (("family", family.name),), family.reference),),
    )


def keep_apart(base: System, names: Iterable[sp.Symbol]) -> None:
    """Raises R517 where a parameter or definition of a System has one of the names that are to be added to it."""
    taken = {c.symbol for c in base.parameters} | {name for name, _ in base.definitions}
    for name in names:
        if name in taken:
            message = f"{name.name!r} of {base.name} has a name that its projection gives to a quantity of its own"
            raise RxnError("R517", message, hint="rename it")
