"""Reactions of an SBML document: a law in amount per time, which our reactions take as it is.

Stoichiometries that are not whole numbers, or vary, and conversion factors have no jump: what such a reaction does
is kept as ODE terms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp

from ..expressions import symbol
from ..network import Flag, OdeTerm, Parameter, Reaction, Rule, per_event, size
from . import arithmetic as a
from .sbml_in_directions import Known, as_noted, directed
from .sbml_in_document import each, hints
from .sbml_in_values import Values, rate_name, written_stoichiometry

Side = dict[str, sp.Expr]
STOICHIOMETRY_CAP = 1_000_000  # more molecules than a cell's reaction moves; sums of thrice that are still exact


@dataclass(frozen=True)
class Law:
    """A reaction's rate as written: extent per time, with the parameters that belong to it alone."""

    item: Any
    rate: sp.Expr
    locals: tuple[Parameter, ...]


def law(values: Values, identity: str) -> Law | None:
    """The kinetic law of a reaction, None with a warning where it has none. Raises R280 for a fast one."""
    document, reaction = values.document, values.reactions[identity]
    if reaction.isSetFast() and reaction.getFast():
        raise document.unsupported(reaction, 'fast="true" is not supported', "give the reaction a rate")
    kinetic = reaction.getKineticLaw() if reaction.isSetKineticLaw() else None
    if kinetic is None or not kinetic.isSetMath():
        message = f"reaction {identity!r} has no kineticLaw, and is left out: nothing says how fast it goes"
        document.warn(message, reaction)
        return None
    own: dict[str, sp.Basic] = {}
    parameters = []
    listed = kinetic.getListOfLocalParameters() if document.level > 2 else kinetic.getListOfParameters()
    for item in each(listed):
        name = document.free_name(f"{document.names[identity]}__{item.getId()}", document.used)
        document.names[f"{item.getId()} of {identity}"] = name
        own[item.getId()] = symbol(name)
        if item.isSetValue():
            value = document.number(item.getValue(), item, "value")
            unit, span = values.units.of(item), document.span(item)
            parameters.append(Parameter(name, value, unit, remark=remark(item), span=span))
        else:
            values.missing[name] = item
    return Law(kinetic, document.formula(kinetic, own), tuple(parameters))


def remark(item: Any) -> str:
    """What an element is called, where that is not its identifier."""
    name = str(item.getName())
    return "" if name == item.getId() or item.getLevel() == 1 else " ".join(name.split())


def reaction_parts(
    values: Values, identity: str, found: Law, known: Known
) -> tuple[list[Reaction], list[OdeTerm], list[Rule]]:
    """What a reaction becomes in the Network."""
    document, item, species = values.document, values.reactions[identity], known.species
    name, span, noted = document.names[identity], document.span(item), hints(item)
    left, right = _sides(values, item)
    if noted.get("kinetics") == "ode term" and len(right) == 1 and values.name(*right) in species:
        own = values.name(*right)
        extent = species[own].per_count if noted.get("extent") == "amount" else sp.S.One
        return [], [OdeTerm(own, found.rate / extent * per_event(species[own]), noted.get("remark", ""), span)], []
    counts = {values.units.per_count(values.species[s]) for s in (*left, *right)}
    noted_counts = any("per_count" in hints(values.species[s]) for s in (*left, *right))
    alike = len(counts) < 2 or noted_counts  # else one event would not change both amounts by the same number
    if alike and _whole(left, right) and all(_factor(values, s) == 1 for s in (*left, *right)):
        before, after = (_counted(values, side, known) for side in (left, right))
        one = Reaction(name, before, after, found.rate, mass_action=False, remark=remark(item), span=span)
        written = as_noted(one, noted, known)
        return ([written] if written else directed(one, item.getReversible(), known)), [], []
    speed, why = rate_name(values, identity), f"reaction {name}: {_not_whole(values, left, right)}"
    terms = []
    for reference in dict.fromkeys((*left, *right)):
        net = right.get(reference, sp.S.Zero) - left.get(reference, sp.S.Zero)
        factor = a.multiply([net, _factor(values, reference)])
        own = values.name(reference)
        if own in species and Flag.FIXED not in species[own].flags and factor != 0:
            per = size(species[own].compartment) if species[own].concentration else sp.S.One
            terms.append(OdeTerm(own, factor * symbol(speed) / per, why, span))
    return [], terms, [Rule(speed, found.rate, remark=f"rate of reaction {name}", span=span)]


def _sides(values: Values, item: Any) -> tuple[Side, Side]:
    """Reactants and products with their stoichiometries; a negative one belongs to the other side."""
    document = values.document
    sides: tuple[Side, Side] = ({}, {})
    for k, references in enumerate((item.getListOfReactants(), item.getListOfProducts())):
        for reference in each(references):
            species = reference.getSpecies()
            if species not in values.species:
                raise document.refused("R101", f"{species!r} is not a species of this model", reference, name=species)
            if species in values.moved and not values.species[species].getBoundaryCondition():
                message = f"{species!r} has a rate rule and no boundaryCondition, so no reaction may change it"
                raise document.refused("R282", message, reference)
            count = _stoichiometry(values, reference)
            side = sides[k] if not (count.is_number and count < 0) else sides[1 - k]
            count = -count if count.is_number and count < 0 else count
            side[species] = side.get(species, sp.S.Zero) + count
    return sides


def _stoichiometry(values: Values, reference: Any) -> sp.Expr:
    identity = reference.getId() if reference.getId() in values.references else ""
    if identity and values.varies(identity):
        return values.symbol(identity)
    given = values.initial.get(identity) if identity else written_stoichiometry(values.document, reference)
    if given is None and values.species[reference.getSpecies()].getBoundaryCondition():
        return sp.S.One  # no reaction changes this species
    if given is None:
        raise values.document.refused("R281", "this species reference has no stoichiometry", reference)
    if given.is_number:
        if abs(given) > STOICHIOMETRY_CAP:
            message = f"the stoichiometry of {reference.getSpecies()!r} is more than {STOICHIOMETRY_CAP:,}"
            raise values.document.refused("R406", message, reference)
        return given
    moving = any(values.varies(i) for i in values.quantities() if values.symbol(i) in given.free_symbols)
    value = values.document.valued(reference, given, values.numbers)
    return value if not moving and value.is_number and value.is_Integer else given


def _not_whole(values: Values, *sides: Side) -> str:
    """Why the events of a reaction would not change counts by whole numbers."""
    for side in sides:
        for species, count in side.items():
            if not count.is_Integer or count > STOICHIOMETRY_CAP:
                return f"its stoichiometry of {species} is {count}"
            if _factor(values, species) != 1:
                return f"{species} has the conversion factor {_factor(values, species)}"
    return "amounts in several units"


def _whole(*sides: Side) -> bool:
    return all(n.is_Integer and n <= STOICHIOMETRY_CAP for side in sides for n in side.values())


def _factor(values: Values, species: str) -> sp.Expr:
    """The conversion factor from extent to a species' amount, 1 where there is none."""
    document, item = values.document, values.species[species]
    if "per_count" in hints(item):  # our own laws count molecules, and so do we
        return sp.S.One
    named = item.getConversionFactor() if document.level > 2 else ""
    named = named or (document.model.getConversionFactor() if document.level > 2 else "")
    if not named:
        return sp.S.One
    if named not in values.parameters:
        raise document.refused("R101", f"{named!r} is not a parameter of this model", item, name=named)
    factor = values.symbol(named)
    return sp.S.One if not values.varies(named) and values.numbers.get(factor) == 1 else factor


def _counted(values: Values, side: Side, known: Known) -> tuple[tuple[str, int], ...]:
    """A side by names in the Network, in its order; a species that a rule gives is on neither."""
    named = [(values.name(identity), int(n)) for identity, n in side.items()]
    counted = [(name, n) for name, n in named if n != 0 and name in known.order]
    return tuple(sorted(counted, key=lambda pair: known.order[pair[0]]))
