"""What every identifier of an SBML model is: held still, moved, or given by a formula; and what it begins with.

A species' bare identifier is an amount or a concentration, as `hasOnlySubstanceUnits` says. A Network says the same
of a species in a compartment of constant size. Where the size varies, a concentration is kept as an amount (which
is what reactions change) and formulas read `amount/size`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite
from typing import Any

import sympy as sp

from ..errors import RxnError
from ..expressions import TIME, symbol, to_float
from ..system import sort_definitions
from .sbml_in_document import Document, each, hints
from .sbml_units import SbmlUnits


@dataclass
class Values:
    """The identifiers of a document by what sets them. The keys are SBML identifiers."""

    document: Document
    compartments: dict[str, Any] = field(default_factory=dict)
    species: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    references: dict[str, Any] = field(default_factory=dict)  # named stoichiometries
    reactions: dict[str, Any] = field(default_factory=dict)
    started: dict[str, Any] = field(default_factory=dict)  # by an initial assignment
    assigned: dict[str, Any] = field(default_factory=dict)  # by an assignment rule, at all times
    moved: dict[str, Any] = field(default_factory=dict)  # by a rate rule
    set_by_events: set[str] = field(default_factory=set)
    as_amount: set[str] = field(default_factory=set)  # concentrations in a varying volume
    initial: dict[str, sp.Expr] = field(default_factory=dict)  # in terms of what can be set
    missing: dict[str, Any] = field(default_factory=dict)  # names without a value, and their elements
    numbers: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)  # first values, as numbers

    @cached_property
    def units(self) -> SbmlUnits:
        return SbmlUnits(self.document)

    def name(self, identity: str) -> str:
        return self.document.names[identity]

    def symbol(self, identity: str) -> sp.Symbol:
        return symbol(self.name(identity))

    def varies(self, identity: str) -> bool:
        """Whether rules or events change it."""
        return identity in self.assigned or identity in self.moved or identity in self.set_by_events

    def concentration(self, identity: str) -> bool:
        """Whether the bare identifier of a species is a concentration in SBML."""
        species = self.species[identity]
        home = self.compartments[species.getCompartment()]
        point = self.document.level < 3 and home.getSpatialDimensionsAsDouble() == 0
        return not (species.getHasOnlySubstanceUnits() or point)

    def home(self, identity: str) -> str:
        """The compartment of a species."""
        return str(self.species[identity].getCompartment())

    def quantities(self) -> Iterator[str]:
        yield from (*self.compartments, *self.species, *self.parameters, *self.references)


def collect(document: Document) -> Values:
    """Declare every identifier, and find what sets it. Raises R101, R102, R280, R282."""
    model, values = document.model, Values(document)
    kinds: tuple[tuple[dict[str, Any], Any], ...] = (
        (values.compartments, model.getListOfCompartments()),
        (values.species, model.getListOfSpecies()),
        (values.parameters, model.getListOfParameters()),
        (values.reactions, model.getListOfReactions()),
    )
    for known, items in kinds:
        for item in each(items):
            document.declare(item)
            known[item.getId()] = item
    for reaction in values.reactions.values():
        for reference in (*each(reaction.getListOfReactants()), *each(reaction.getListOfProducts())):
            if reference.isSetIdAttribute():
                document.declare(reference)
                if document.level > 2:  # below, no formula can name it
                    values.references[reference.getId()] = reference
    for item in values.species.values():
        if item.getCompartment() not in values.compartments:
            at = item.getCompartment()
            raise document.refused("R101", f"{at!r} is not a compartment of this model", item, name=at)
    _find_setters(values)
    _say_meanings(values)
    return values


def _find_setters(values: Values) -> None:
    document, model = values.document, values.document.model
    known = set(values.quantities())
    for rule in each(model.getListOfRules()):
        if rule.isAlgebraic() and not rule.isSetMath():  # it says nothing
            continue
        if rule.isAlgebraic():
            message = "equations that hold by themselves are not supported"
            raise document.unsupported(rule, message, "solve it for one variable")
        target = values.assigned if rule.isAssignment() else values.moved
        _set(values, target, rule, rule.getVariable(), known)
    for item in each(model.getListOfInitialAssignments()):
        _set(values, values.started, item, item.getSymbol(), known)
    for event in each(model.getListOfEvents()):
        for item in each(event.getListOfEventAssignments()):
            variable = item.getVariable()
            if variable not in known:
                raise document.refused("R101", f"{variable!r} is not declared in this model", item, name=variable)
            if variable in values.assigned:
                raise document.refused("R282", f"{variable!r} is given by a rule, so no event can assign it", item)
            values.set_by_events.add(variable)


def _set(values: Values, target: dict[str, Any], item: Any, variable: str, known: set[str]) -> None:
    document = values.document
    if variable not in known:
        raise document.refused("R101", f"{variable!r} is not declared in this model", item, name=variable)
    if not item.isSetMath():
        return
    others = (values.assigned, values.moved) if target is not values.started else (values.started,)
    if any(variable in other for other in others):
        raise document.refused("R282", f"{variable!r} is given by two rules", item)
    target[variable] = item


def _say_meanings(values: Values) -> None:
    meaning = values.document.meaning
    for identity in (*values.compartments, *values.parameters, *values.references):
        meaning[identity] = values.symbol(identity)
    for identity in values.species:
        own, home = values.symbol(identity), values.home(identity)
        meaning[identity] = own
        ruled = identity in values.moved and home not in values.set_by_events
        if values.concentration(identity) and values.varies(home) and identity not in values.assigned and not ruled:
            values.as_amount.add(identity)
            meaning[identity] = own / values.symbol(home)
    for identity, reaction in values.reactions.items():  # its identifier in a formula is its rate
        if identity not in meaning and reaction.isSetKineticLaw() and reaction.getKineticLaw().isSetMath():
            meaning[identity] = symbol(rate_name(values, identity))


def rate_name(values: Values, reaction: str) -> str:
    """The name of a rule that says the rate of a reaction."""
    names = values.document.names
    key = f"rate of {reaction}"
    if key not in names:
        names[key] = values.document.free_name(f"{names[reaction]}_rate", values.document.used)
    return names[key]


# ---------------------------------------------------------------------------------------------- first values


def begin(values: Values, laws: Mapping[sp.Symbol, sp.Expr]) -> None:
    """Find `initial` of every identifier as a formula of what can be set: parameters and sizes that nothing moves.

    `laws`: the rates of reactions, by the symbols that formulas name them with. Raises R502 for a circle.
    """
    document = values.document
    formulas: dict[sp.Symbol, sp.Expr] = {}
    by_symbol: dict[sp.Symbol, str] = {}
    for identity in values.quantities():
        name = values.symbol(identity)
        by_symbol[name] = identity
        first = _first(values, identity)
        if first is None:
            values.missing[values.name(identity)] = document.item(identity)
        else:
            formulas[name] = first
    waiting = list(formulas.values())
    while waiting:  # rates of reactions, where something begins with one
        for name in [s for s in waiting.pop().free_symbols if s in laws and s not in formulas]:
            formulas[name] = laws[name]
            waiting.append(laws[name])
    held = {values.symbol(i) for i in (*values.compartments, *values.parameters) if not values.varies(i)}
    known: dict[sp.Symbol, sp.Expr] = {TIME: sp.S.Zero}
    try:
        ordered = sort_definitions(formulas, model_name(document))
    except RxnError as circle:
        message = f"values {circle.message.partition(' of ')[2]}"
        raise RxnError(circle.code, message, document.span(document.model)) from None
    for name, formula in ordered:
        identity = by_symbol.get(name, "")
        item = document.item(identity) if identity else document.model
        try:
            first = formula if formula.is_Rational else document.valued(item, formula, known)
            number = first if first.is_Rational else document.valued(item, first, values.numbers)
            if number.is_number:
                values.numbers[name] = document.number(to_float(number), item, "the first value")
        except RxnError:
            if not identity or identity in values.assigned:
                continue  # a rule may begin without a value, as a/b does at b = 0, where nothing begins with it
            raise
        if name not in held:
            known[name] = first
        if identity:
            values.initial[identity] = first


def _first(values: Values, identity: str) -> sp.Expr | None:
    """The first value of an identifier in the meaning that its symbol has in the Network, None where there is none."""
    document, item = values.document, values.document.item(identity)
    if identity in values.assigned:
        return document.formula(values.assigned[identity])
    started = values.started.get(identity)
    if identity in values.species:
        size = values.symbol(values.home(identity))
        concentration = values.concentration(identity)
        kept_as_amount = not concentration or identity in values.as_amount
        if started is not None:
            return document.formula(started) * (size if identity in values.as_amount else 1)
        if item.isSetInitialAmount():
            amount = document.number(item.getInitialAmount(), item, "initialAmount")
            return amount if kept_as_amount else amount / size
        if item.isSetInitialConcentration():
            given = document.number(item.getInitialConcentration(), item, "initialConcentration")
            return given * size if kept_as_amount else given
        return None
    if started is not None:
        return document.formula(started)
    if identity in values.compartments:
        if item.isSetSize() or document.level == 1:
            return document.number(item.getSize(), item, "size")
        return sp.S.One if item.getSpatialDimensionsAsDouble() == 0 else None
    if identity in values.parameters:
        known = item.isSetValue() and isfinite(item.getValue())  # NaN and INF are refused where a formula uses them
        return document.number(item.getValue(), item, "value") if known else None
    return written_stoichiometry(document, item)


def written_stoichiometry(document: Document, reference: Any) -> sp.Expr | None:
    """The stoichiometry as the element itself gives it, None where it gives none."""
    if reference.isSetStoichiometryMath() and reference.getStoichiometryMath().isSetMath():
        return document.formula(reference.getStoichiometryMath())
    if document.level < 3 or reference.isSetStoichiometry():
        written = document.number(reference.getStoichiometry(), reference, "stoichiometry")
        below = reference.getDenominator() if document.level == 1 else 1
        if below == 0:
            raise document.refused("R281", "the denominator is 0", reference)
        return written / below
    return None


def refuse_missing(values: Values, used: Iterable[sp.Symbol]) -> None:
    """Raise R281 for a name without a value that a formula uses."""
    for name in sorted({s.name for s in used} & values.missing.keys()):
        item = values.missing[name]
        raise values.document.refused("R281", f"{item.getId()!r} has no value, and formulas use it", item)


def model_name(document: Document) -> str:
    """The model's name in the Network."""
    noted = hints(document.model).get("name", "")
    name = str(noted or document.model.getId() or document.model.getName() or "model")
    return name.replace("'", "_").replace("\n", " ")
