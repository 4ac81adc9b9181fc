"""What tables and pages say about a network: each reaction in both readings, where values come from, what is kept."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from ..errors import RxnError
from ..expressions import quoted, text
from ..network import Distribution, Flag, Network, Reaction, Species, Unit, propensity, rate_law
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
