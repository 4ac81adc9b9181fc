"""What tables and pages say about a network: each reaction in both readings, where values come from, what is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from ..errors import RxnError
from ..expressions import quoted, symbol, text
from ..measures import valued
from ..network import (
    Distribution,
    Flag,
    Network,
    Reaction,
    Species,
    Unit,
    extent_per_count,
    propensity,
    rate_law,
    size,
    volume,
)
from ..structure import conservation_laws


@dataclass(frozen=True, slots=True)
class Reading:
    """A reaction's deterministic law and its propensity; None with the reason in `remark` where there is none."""

    law: sp.Expr | None
    propensity: sp.Expr | None
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """A conserved sum: over counts where it comes from the stoichiometry (no name), else as the model declares it."""

    name: str
    formula: sp.Expr
    value: sp.Expr | None = None


def reading(net: Network, reaction: Reaction) -> Reading:
    """Both readings of a reaction; in the propensity the names of species stand for molecule counts."""
    if reaction.lattice is not None:
        pair = sum(count for _, count in reaction.reactants) == 2
        shape = next((lattice.shape for lattice in net.lattices if lattice.name == reaction.lattice), (1,))
        neighbours = 2 * len(shape)
        where = "per unordered pair of neighbours" if pair else "per particle"
        mixed = f"; well mixed it reads {text(neighbours * reaction.rate)}" if pair else ""
        return Reading(None, reaction.rate, f"on {reaction.lattice}, {where}{mixed}")
    law = rate_law(net, reaction)
    if reaction.net_reversible:
        return Reading(law, None, "one net rate for both directions: no stochastic reading")
    try:
        return Reading(law, propensity(net, reaction))
    except RxnError as error:
        return Reading(law, None, error.message)


def constant(reaction: Reaction, values: Mapping[sp.Symbol, sp.Expr], unit: str) -> str:
    """The constant of a mass-action reaction as the model gives it, `k = 0.5 1/uM/s`; nothing without its unit."""
    value = valued(reaction.rate, values)
    if not reaction.mass_action or not unit or not value.is_number:
        return ""
    worth = f"{float(value.evalf(20)):.6g} {unit}"
    return worth if reaction.rate.is_number else f"{text(reaction.rate)} = {worth}"


def conversion(net: Network, reaction: Reaction, values: Mapping[sp.Symbol, sp.Expr], per_time: str = "") -> str:
    """The constant of a mass-action reaction as events per time of one combination of molecules.

        k V / extent prod_i (per_count_i / V_i)^nu_i          per_count_i / V_i = 1 for {molecular}

    as in `k/(602.214076*cyt) per pair of molecules = 0.0664 1/s`, the number at the given values, exact until it is
    printed, in the unit `per_time`. Nothing where the constant has that meaning as it is, where the reaction is on a
    lattice, or where its volume is not told.
    """
    if not reaction.mass_action or reaction.lattice is not None or Flag.MOLECULAR in reaction.flags:
        return ""
    try:
        factors = [reaction.rate, volume(net, reaction), 1 / extent_per_count(net, reaction)]
    except RxnError:
        return ""
    for name, nu in reaction.reactants:
        own = net.species_by_name[name]
        factors.append((own.per_count / size(own.compartment)) ** nu)
    constant = sp.Mul(*factors)
    if constant == reaction.rate:
        return ""
    order = sum(nu for _, nu in reaction.reactants)
    of = _COMBINATIONS[order] if order < len(_COMBINATIONS) else f"group of {order} molecules"
    if Flag.POWERS in reaction.flags and any(nu > 1 for _, nu in reaction.reactants):
        of = f"ordered {of}"
    value = valued(constant, values)
    worth = f" = {float(value.evalf(20)):.6g} {per_time}".rstrip() if value.is_number else ""
    return f"{_with_factor(constant)}{f' per {of}' if of else ''}{worth}"


_COMBINATIONS = ("", "molecule", "pair of molecules", "triple of molecules")


def values_of(net: Network) -> dict[sp.Symbol, sp.Expr]:
    """What constants, parameters and sizes are, by name."""
    values = {symbol(c.name): c.value for c in net.constants}
    values |= {symbol(p.name): p.value for p in net.parameters}
    return values | {symbol(c.name): c.size for c in net.compartments}


def _with_factor(constant: sp.Expr) -> str:
    """A product whose number reads as one over a decimal where that is shorter: `k/(602.214076*cyt)`."""
    factor, rest = constant.as_coeff_Mul()
    over, plain = text(1 / factor) if factor.is_Rational and factor > 0 else "", text(constant)
    if not over or factor == 1 or "/" not in text(factor):
        return plain
    over = over if len(over) <= _SHORT else _rooted(1 / factor)
    if "/" in over:
        return plain
    above, below = rest.as_numer_denom()
    return f"{_bracketed(above)}/({over}{'*' + _bracketed(below) if below != 1 else ''})"


def _rooted(value: sp.Rational) -> str:
    """A number as a power of a short one, `602.214076^2`, where it is one."""
    for degree in (2, 3, 4):
        above, exact_above = sp.integer_nthroot(value.p, degree)
        below, exact_below = sp.integer_nthroot(value.q, degree)
        root = text(sp.Rational(above, below)) if exact_above and exact_below else "/"
        if "/" not in root:
            return f"{root}^{degree}"
    return text(value)


_SHORT = 14  # characters of a number that is read at a glance


def _bracketed(expr: sp.Expr) -> str:
    return f"({text(expr)})" if expr.is_Add else text(expr)


def equation(reaction: Reaction) -> str:
    """`2 A + B -> C` in the model language."""
    return f"{_side(reaction.reactants)} -> {_side(reaction.products)}"


def _side(side: tuple[tuple[str, int], ...]) -> str:
    return " + ".join(f"{count} {quoted(name)}" if count != 1 else quoted(name) for name, count in side) or "0"


def kept(net: Network) -> tuple[Kept, ...]:
    """What the stoichiometry keeps and, by name, what the model says is kept."""
    declared = tuple(Kept(c.name, c.formula, c.value) for c in net.conservations)
    found = tuple(Kept("", law.formula) for law in conservation_laws(net))
    return (*declared, *(k for k in found if not any(k.formula == d.formula for d in declared)))


def species_symbols(net: Network) -> frozenset[sp.Symbol]:
    """The symbols that stand for species."""
    return frozenset(s.symbol for s in net.species)


def summary(net: Network) -> str:
    """How many of what a network has, `2 species, 3 reactions, 1 parameter`."""
    counts = ((len(net.species), "species"), (len(net.reactions), "reaction"), (len(net.parameters), "parameter"))
    return ", ".join(f"{n:,} {what}{'' if n == 1 or what == 'species' else 's'}" for n, what in counts)


def unit_text(unit: Unit | None) -> str:
    """A unit as the model writes it, nothing where it has none."""
    return unit.text if unit else ""


def species_unit(species: Species) -> str:
    """What the bare name of a species is measured in."""
    if species.unit:
        return species.unit.text
    return "concentration" if species.concentration else "molecules"


def in_full(unit: str) -> str:
    """A unit as a reader knows it: the language's short words written out."""
    return {"conc": "concentration", "count": "molecules"}.get(unit, unit)


def value_text(value: sp.Expr | Distribution | None) -> str:
    """A value or a distribution in the model language, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, Distribution):
        return f"~ {value.name}({', '.join(text(a) for a in value.arguments)})"
    return text(value)


def bounds_text(lower: sp.Expr | None, upper: sp.Expr | None, prior: Distribution | None) -> str:
    """Bounds and prior of a parameter, as in `[0.1, 10] ~ Normal(1, 2)`."""
    span = f"[{value_text(lower)}, {value_text(upper)}]" if lower is not None or upper is not None else ""
    return f"{span} {value_text(prior)}".strip()


def flags_text(flags: frozenset[Flag]) -> str:
    """Attributes in a fixed order."""
    return ", ".join(sorted(f.value for f in flags))
