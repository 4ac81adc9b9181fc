"""SBML, levels 1 to 3 -> Network.

A kinetic law is extent (amount) per time, so it becomes `rate law`, or `@ k` where it plainly is mass action. One unit
of amount counts as one molecule. What a Network cannot say is refused by the name of its element and its line:
algebraic rules, delays, priorities, fast reactions, required packages, functions that the language does not have.

Source: SBML Level 3 Version 2 Core (Hucka et al. 2019), and the earlier levels where they differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import sympy as sp

from ..errors import Diagnostic, Source
from ..expressions import symbol
from ..network import (
    Compartment,
    Constant,
    Event,
    Flag,
    Network,
    Observable,
    OdeTerm,
    Parameter,
    Reaction,
    Rule,
    Species,
    Unit,
)
from ..unit_names import unit_of_text
from .files import read_bytes
from .sbml_hints import rational, read_law
from .sbml_in_directions import Known
from .sbml_in_document import Document, hints
from .sbml_in_events import events
from .sbml_in_reactions import Law, law, reaction_parts, remark
from .sbml_in_text import SIZE_CAP, decoded
from .sbml_in_values import Values, begin, collect, model_name, rate_name, refuse_missing
from .sbml_units import dimensions
from .sbml_units_check import NUMBER, settled

CONCENTRATION = Unit("conc", sp.S.One, (("amount", 1), ("length", -3)))  # amount per volume in the model's own units


def load_sbml(path: str | Path) -> Network:
    """Read an SBML file. Raises R404 for a file that cannot be read, and what `read_sbml` raises."""
    return load_sbml_with_warnings(path)[0]


def load_sbml_with_warnings(path: str | Path) -> tuple[Network, tuple[Diagnostic, ...]]:
    """Read an SBML file, and say what of its units does not agree or is left out."""
    data = read_bytes(path, SIZE_CAP)
    return read_with_warnings(decoded(str(path), data))


def read_sbml(source: Source) -> Network:
    """The Network of an SBML text.

    Raises R03x for text that is not SBML, R10x for names, R280 for elements that are not supported, R281 for
    what has no value, R282 for contradictions, R401 to R405 for caps and unsafe text, R502 for circles, R705 without
    python-libsbml.
    """
    return read_with_warnings(source)[0]


def read_with_warnings(source: Source) -> tuple[Network, tuple[Diagnostic, ...]]:
    """The Network of an SBML text, and what of its units does not agree or is left out."""
    document = Document(source)
    values = collect(document)
    laws = {identity: found for identity in values.reactions if (found := law(values, identity)) is not None}
    begin(values, {symbol(rate_name(values, i)): found.rate for i, found in laws.items()})
    parts = _Parts()
    _quantities(values, parts)
    _reactions(values, laws, parts)
    parts.events += events(values)
    _close(values, laws, parts)
    for constraint in document.model.getListOfConstraints():
        document.warn("constraints are not watched while a model runs", constraint)
    net = Network(
        model_name(document),
        values.units.declared(),
        constants=tuple(parts.constants),
        parameters=tuple(parts.parameters),
        compartments=tuple(parts.compartments),
        species=tuple(parts.species.values()),
        rules=tuple(parts.rules),
        observables=tuple(parts.observables),
        reactions=tuple(parts.reactions),
        ode_terms=tuple(parts.ode_terms),
        events=tuple(parts.events),
        source=source,
    )
    settled_net, warnings = settled(net, values.units, parts.meant)
    return settled_net, (*document.warnings, *warnings)


@dataclass
class _Parts:
    """The Network while it is being put together."""

    constants: list[Constant] = field(default_factory=list)
    parameters: list[Parameter] = field(default_factory=list)
    compartments: list[Compartment] = field(default_factory=list)
    species: dict[str, Species] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)
    observables: list[Observable] = field(default_factory=list)
    reactions: list[Reaction] = field(default_factory=list)
    ode_terms: list[OdeTerm] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    meant: dict[str, Unit | None] = field(default_factory=dict)  # units of moving quantities that are no species

    def formulas(self) -> Iterator[sp.Basic]:
        """Every formula, for what it mentions."""
        yield from (p.value for p in self.parameters)
        yield from (c.size for c in self.compartments)
        yield from (r.formula for r in self.rules)
        yield from (o.formula for o in self.observables)
        yield from (r.rate for r in self.reactions)
        yield from (t.formula for t in self.ode_terms)
        yield from (e.trigger for e in self.events)
        yield from (value for e in self.events for _, value in e.assignments)
        for s in self.species.values():
            yield s.initial
            if s.concentration:
                yield symbol(s.compartment or "")


# ---------------------------------------------------------------------------------------------- quantities


def _quantities(values: Values, parts: _Parts) -> None:
    """Compartments, species, parameters and varying stoichiometries, each as what sets it says.

    What moves and is no species stands behind the species, or where our own writer had found it.
    """
    document = values.document
    moved: list[tuple[int, Species]] = []
    for identity in values.quantities():
        item, name = document.item(identity), values.name(identity)
        span, note = document.span(item), remark(item)
        noted = hints(item)
        kind = noted.get("kind", "")
        if kind in ("nowhere", "per count"):
            continue
        unit = _unit(values, identity)
        if identity in values.assigned:
            formula = document.formula(values.assigned[identity])
            if kind == "observable":
                parts.observables.append(Observable(name, formula, unit, note, span))
            else:
                parts.rules.append(Rule(name, formula, unit, note, span, reported=kind != "let"))
        elif identity in values.species:
            parts.species[name] = _species(values, identity, note)
            if identity in values.moved:
                parts.ode_terms.append(_rate_rule(values, identity))
        elif identity in values.moved or kind == "quantity" or (
            identity in values.compartments and values.varies(identity)
        ):
            if identity not in values.initial:
                raise document.refused("R281", f"{identity!r} moves from no value", item)
            first = values.initial[identity]
            position = rational(noted.get("position", ""))
            own = unit_of_text(noted.get("unit", ""))
            if kind != "quantity":
                parts.meant[name], amount = unit, values.units.model_units.get("amount")
                own = None if amount is None or amount.size == 1 else NUMBER
            quantity = Species(name, None, own, initial=first, flags=_flags(noted), remark=note, span=span)
            moved.append((len(values.species) + len(moved) if position is None else int(position), quantity))
            parts.ode_terms += [_rate_rule(values, identity)] if identity in values.moved else []
        elif identity in values.compartments:
            outer = item.getOutside() if document.level < 3 else ""
            inside = values.name(outer) if outer in values.compartments and not values.varies(outer) else None
            inside = noted.get("inside", inside)
            size = values.initial.get(identity, sp.S.One)
            parts.compartments.append(Compartment(name, size, unit, inside, note, span, dimensions(item)))
        elif identity in values.parameters or identity in values.set_by_events:
            if identity in values.initial and kind == "const":
                parts.constants.append(Constant(name, values.initial[identity], unit, note, span))
            elif identity in values.initial:
                lower, upper = (rational(noted.get(bound, "")) for bound in ("lower", "upper"))
                prior, value = read_law(noted.get("prior", "")), values.initial[identity]
                parts.parameters.append(Parameter(name, value, unit, lower, upper, prior, note, span))
            elif identity in values.set_by_events:
                raise document.refused("R281", f"{identity!r} has no value before an event gives it one", item)
    every = list(parts.species.values())
    for position, quantity in sorted(moved, key=lambda pair: pair[0]):
        every.insert(position, quantity)
    parts.species = {s.name: s for s in every}


def _unit(values: Values, identity: str) -> Unit | None:
    """The unit that an identifier's bare name is in, None where it is not known."""
    item = values.document.item(identity)
    if identity in values.species:
        concentration = values.concentration(identity) and identity not in values.as_amount
        return values.units.of_species(item, values.compartments[values.home(identity)], concentration)
    if identity in values.compartments:
        return values.units.of_size(item)
    return values.units.of(item) if identity in values.parameters else None


def _species(values: Values, identity: str, note: str) -> Species:
    document, item = values.document, values.species[identity]
    name, home = values.name(identity), values.home(identity)
    placed = not values.varies(home)  # a size that varies is a quantity of its own, not a Compartment
    concentration = values.concentration(identity) and identity not in values.as_amount
    if identity in values.as_amount:
        size = values.name(home)
        note = f"{note}; " if note else ""
        note += f"an amount here: the model's {identity} is {name}/{size}"
    fixed = item.getBoundaryCondition() or item.getConstant()
    noted = hints(item)
    placed = placed and hints(values.compartments[home]).get("kind") != "nowhere"
    unit = _unit(values, identity) if placed or not concentration else None
    unit = unit or (CONCENTRATION if concentration else None)
    if identity not in values.initial:
        raise document.refused("R281", f"species {identity!r} has no initial value", item)
    return Species(
        name,
        values.name(home) if placed else None,
        unit,
        concentration,
        values.units.per_count(item),
        values.initial[identity],
        flags=_flags(noted) | (frozenset({Flag.FIXED}) if fixed else frozenset()),
        remark=note,
        span=document.span(item),
    )


def _flags(noted: Mapping[str, str]) -> frozenset[Flag]:
    return frozenset(Flag(f) for f in noted.get("flags", "").split() if f in set(Flag))


def _rate_rule(values: Values, identity: str) -> OdeTerm:
    """A rate rule, in the meaning that the Network keeps its variable in."""
    rule = values.moved[identity]
    formula = values.document.formula(rule)
    if identity in values.as_amount:
        home = values.home(identity)
        size, own = values.symbol(home), values.symbol(identity)
        growth = values.document.formula(values.moved[home]) if home in values.moved else sp.S.Zero
        formula = formula * size + own / size * growth
    return OdeTerm(values.name(identity), formula, "rate rule", values.document.span(rule))


def _reactions(values: Values, laws: dict[str, Law], parts: _Parts) -> None:
    rules = {symbol(r.name): r.formula for r in parts.rules}
    rules |= {symbol(rate_name(values, i)): found.rate for i, found in laws.items()}
    for found in laws.values():
        parts.parameters += found.locals
        values.numbers |= {symbol(p.name): p.value for p in found.locals}
    known = Known(parts.species, values.numbers, rules)
    for identity, found in laws.items():
        reactions, terms, speeds = reaction_parts(values, identity, found, known)
        parts.reactions += reactions
        parts.ode_terms += terms
        parts.rules += speeds


def _close(values: Values, laws: dict[str, Law], parts: _Parts) -> None:
    """Add what formulas mention beside the quantities, and refuse what has no value."""
    used: set[sp.Symbol] = set()
    for formula in parts.formulas():
        used |= formula.free_symbols
    known = {r.name for r in parts.rules}
    waiting = list(laws)
    while waiting:
        identity = waiting.pop()
        name = rate_name(values, identity)
        if symbol(name) in used and name not in known:
            known.add(name)
            rate = laws[identity].rate
            parts.rules.append(Rule(name, rate, remark=f"rate of reaction {values.name(identity)}"))
            used |= rate.free_symbols
            waiting = list(laws)
    for identity, reference in values.references.items():
        if values.symbol(identity) in used and not values.varies(identity) and identity in values.initial:
            name, value, span = values.name(identity), values.initial[identity], values.document.span(reference)
            parts.constants.append(Constant(name, value, remark="stoichiometry", span=span))
    refuse_missing(values, used)
