"""Network -> SBML Level 3 Version 2, as text that reads back to the same equations and the same jumps.

Rate laws are written for the deterministic reading, in amount per time; what SBML cannot say (that a law was mass
action, bounds, priors) is noted in annotations. Units become unit definitions. Where species have amounts in several
units, laws count events and each species has its amount of one molecule as its conversion factor. Lattices,
distributions and events that change a volume under concentrations are refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import quoteattr

import sympy as sp

from ..errors import RxnError, Span
from ..expressions import TIME, symbol
from ..network import (
    Distribution,
    Flag,
    Network,
    Observable,
    Parameter,
    Reaction,
    Rule,
    Unit,
    change,
    per_event,
    rate_law,
    rate_scale,
)
from .sbml_hints import annotation, law_text
from .sbml_out_math import decimal, is_double, math_element
from .sbml_out_units import UnitsOut, hint

NAMESPACE = "http://www.sbml.org/sbml/level3/version2/core"
_SID = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")


def write_sbml(net: Network) -> str:
    """The SBML text of a Network. Raises R283 for what SBML cannot say."""
    _refuse(net)
    return _Writer(net).text()


def _refuse(net: Network) -> None:
    def no(what: str, span: Span | None) -> RxnError:
        return RxnError("R283", f"SBML cannot say {what}", span)

    if net.lattices:
        raise no(f"that this happens on the lattice {net.lattices[0].name!r}", net.lattices[0].span)
    for reaction in net.reactions:
        if reaction.lattice:
            raise no(f"that reaction {reaction.name!r} happens on a lattice", reaction.span)
    for diffusion in net.diffusions:
        raise no(f"that {diffusion.species!r} diffuses on a lattice", diffusion.span)
    for species in net.species:
        if isinstance(species.initial, Distribution) or species.per_site:
            raise no(f"that {species.name!r} begins from a distribution", species.span)
    for event in net.events:
        for name, _ in event.assignments:
            if any(s.compartment == name and s.concentration for s in net.species):
                raise no(f"that an event changes {name!r} and leaves the concentrations in it", event.span)


@dataclass
class _Writer:
    """The identifiers of one document, and its lists."""

    net: Network
    ids: dict[str, str] = field(default_factory=dict)
    symbols: dict[sp.Symbol, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    reaction_ids: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        net = self.net
        self.assigned = {name for e in net.events for name, _ in e.assignments}
        self.reacting = {name for r in net.reactions for name, _ in (*r.reactants, *r.products)}
        self.changed = {name for r in net.reactions for name, _ in change(net, r)}
        self.driven = {t.species for t in net.ode_terms}
        # a quantity that is nowhere and that no reaction knows is a parameter in SBML
        self.quantities = {
            s.name for s in net.species
            if s.name in (self.driven | self.assigned) - self.reacting
            and s.compartment is None and not s.concentration and s.per_count == 1
        }  # fmt: skip
        self.units = UnitsOut(net, frozenset(self.quantities))
        self.counting = self.units.substance is None and any(s.per_count != 1 for s in net.species)
        names = [c.name for c in net.compartments] + [s.name for s in net.species]
        names += [p.name for p in net.parameters] + [c.name for c in net.constants]
        for name in (*names, *(r.name for r in net.rules), *(o.name for o in net.observables)):
            self.ids[name] = self.free(name)
            self.symbols[symbol(name)] = self.ids[name]
        for reaction in net.reactions:
            self.reaction_ids[reaction.name] = self.free(reaction.name)
        self.nowhere = self.free("nowhere")
        self.factors: dict[sp.Rational, str] = {}
        if self.counting:
            for s in net.species:
                if s.per_count not in self.factors and s.name not in self.quantities:
                    self.factors[s.per_count] = self.free("amount_of_one_molecule")

    def free(self, name: str) -> str:
        """An identifier as near as possible to a name."""
        wanted = name if _SID.fullmatch(name) else re.sub(r"[^A-Za-z_0-9]+", "_", name).strip("_") or "_"
        wanted = wanted if _SID.fullmatch(wanted) else f"_{wanted}"
        found, k = wanted, 1
        while found in self.taken:
            k += 1
            found = f"{wanted}_{k}"
        self.taken.add(found)
        return found

    def text(self) -> str:
        net = self.net
        identity = net.name if _SID.fullmatch(net.name) else re.sub(r"[^A-Za-z_0-9]+", "_", f"_{net.name}")
        hints = {"name": net.name} if identity != net.name else {}
        hints |= self.units.hints()
        parts: tuple[tuple[str, Iterable[str]], ...] = (
            ("listOfCompartments", self.compartments()),
            ("listOfSpecies", self.species()),
            ("listOfParameters", self.parameters()),
            ("listOfInitialAssignments", self.initial_assignments()),
            ("listOfRules", self.rules()),
            ("listOfReactions", (*self.reactions(), *self.ode_reactions())),
            ("listOfEvents", self.events()),
        )
        lists = [(name, list(items)) for name, items in parts]
        given = _attributes({"id": identity} | self.units.model())
        lists.insert(0, ("listOfUnitDefinitions", list(self.units.definitions())))
        body = "".join(
            f"    <{name}>\n" + "".join(f"      {item}\n" for item in items) + f"    </{name}>\n"
            for name, items in lists
            if items
        )
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<sbml xmlns="{NAMESPACE}" xmlns:sbml="{NAMESPACE}" level="3" version="2">\n'
            f"  <model{given}>{annotation(hints)}\n{body}  </model>\n</sbml>\n"
        )

    # -- quantities ----------------------------------------------------------------------------------

    def compartments(self) -> Iterator[str]:
        for c in self.net.compartments:
            constant = "false" if c.name in self.assigned else "true"
            hints = self.named(c.name) | self.unit_hints(c.unit) | ({"inside": c.inside} if c.inside else {})
            yield _element(
                "compartment", {"id": self.ids[c.name], "name": c.remark, "spatialDimensions": str(c.dimensions),
                "size": _value(c.size), "units": self.units.reference(c.unit), "constant": constant},
                annotation(hints),
            )  # fmt: skip
        if any(s.compartment is None and s.name not in self.quantities for s in self.net.species):
            given = {"id": self.nowhere, "spatialDimensions": "3", "size": "1", "constant": "true"}
            given |= {"units": "dimensionless"} if self.units.written else {}
            yield _element("compartment", given, annotation({"kind": "nowhere"}))

    def species(self) -> Iterator[str]:
        for s in self.net.species:
            if s.name in self.quantities:
                continue
            flags = s.flags - {Flag.FIXED}
            hints = self.named(s.name) | ({"flags": " ".join(sorted(flags))} if flags else {})
            if self.units.written or (s.unit and s.unit.text != "conc"):
                hints["unit"] = hint(s.unit)
            if self.counting:
                hints["per_count"] = str(s.per_count)
            value = _value(s.initial) if isinstance(s.initial, sp.Expr) else ""
            yield _element(
                "species", {
                    "id": self.ids[s.name], "name": s.remark,
                    "compartment": self.ids[s.compartment] if s.compartment else self.nowhere,
                    "initialConcentration" if s.concentration else "initialAmount": value,
                    "substanceUnits": self.units.species(s),
                    "hasOnlySubstanceUnits": "false" if s.concentration else "true",
                    "boundaryCondition": "true" if Flag.FIXED in s.flags else "false", "constant": "false",
                    "conversionFactor": self.factors[s.per_count] if self.counting else "",
                }, annotation(hints),
            )  # fmt: skip

    def parameters(self) -> Iterator[str]:
        for p in self.net.parameters:
            constant = "false" if p.name in self.assigned else "true"
            given = {"id": self.ids[p.name], "name": p.remark, "value": _value(p.value)}
            given |= {"units": self.units.reference(p.unit), "constant": constant}
            hints = self.named(p.name) | _parameter_hints(p) | self.unit_hints(p.unit)
            yield _element("parameter", given, annotation(hints))
        for c in self.net.constants:
            given = {"id": self.ids[c.name], "name": c.remark, "value": _value(c.value)}
            given |= {"units": self.units.reference(c.unit), "constant": "true"}
            hints = self.named(c.name) | {"kind": "const"} | self.unit_hints(c.unit)
            yield _element("parameter", given, annotation(hints))
        for s in self.net.species:
            if s.name in self.quantities and isinstance(s.initial, sp.Expr):
                given = {"id": self.ids[s.name], "name": s.remark, "value": _value(s.initial)}
                given |= {"units": self.units.reference(s.unit or self.units.amount(s)), "constant": "false"}
                hints = self.named(s.name) | ({"unit": s.unit.text} if s.unit else {})
                hints |= {"flags": " ".join(sorted(s.flags))} if s.flags else {}
                hints["kind"] = "quantity"
                hints["position"] = str(self.net.positions[s.name])
                yield _element("parameter", given, annotation(hints))
        for rule in self.net.rules:
            yield self.given_by_rule(rule, "" if rule.reported else "let")
        for observable in self.net.observables:
            yield self.given_by_rule(observable, "observable")
        for value, identity in self.factors.items():
            unit = self.units.amounts[value]
            factor = Unit(f"{unit.text}/count", unit.size, ())
            given = {"id": identity, "value": decimal(value), "units": self.units.reference(factor)}
            given |= {"constant": "true"}
            yield _element("parameter", given, annotation({"kind": "per count"}))

    def given_by_rule(self, item: Rule | Observable, kind: str) -> str:
        given = {"id": self.ids[item.name], "name": item.remark}
        given |= {"units": self.units.reference(item.unit), "constant": "false"}
        hints = self.named(item.name) | ({"kind": kind} if kind else {}) | self.unit_hints(item.unit)
        return _element("parameter", given, annotation(hints))

    def unit_hints(self, unit: Unit | None) -> dict[str, str]:
        """A unit that SBML cannot say, such as one over `conc`."""
        return {"unit": unit.text} if unit is not None and not self.units.reference(unit) else {}

    def named(self, name: str) -> dict[str, str]:
        return {} if self.ids[name] == name else {"name": name}

    def initial_assignments(self) -> Iterator[str]:
        net = self.net
        values = [(c.name, c.size) for c in net.compartments] + [(s.name, s.initial) for s in net.species]
        values += [(p.name, p.value) for p in net.parameters] + [(c.name, c.value) for c in net.constants]
        for name, value in values:
            if isinstance(value, sp.Expr) and not is_double(value):
                yield _element("initialAssignment", {"symbol": self.ids[name]}, self.math(value))

    def math(self, expr: sp.Basic) -> str:
        return math_element(expr, self.symbols, self.units.written)

    def rules(self) -> Iterator[str]:
        formulas = [(r.name, r.formula) for r in self.net.rules] + [(o.name, o.formula) for o in self.net.observables]
        for name, formula in formulas:
            yield _element("assignmentRule", {"variable": self.ids[name]}, self.math(formula))
        for s in self.net.species:
            if s.name in self.driven - self.changed:
                total = sp.Add(*(t.formula for t in self.net.ode_terms if t.species == s.name))
                yield _element("rateRule", {"variable": self.ids[s.name]}, self.math(total))

    # -- what happens --------------------------------------------------------------------------------

    def reactions(self) -> Iterator[str]:
        for r in self.net.reactions:
            identity = self.reaction_ids[r.name]
            hints = ({} if identity == r.name else {"name": r.name}) | _reaction_hints(r) | self.extent_hints()
            law = rate_law(self.net, r) * rate_scale(self.net, r) * self.units.extent
            yield self.reaction(identity, r.remark, r.net_reversible, r.reactants, r.products, law, hints)

    def ode_reactions(self) -> Iterator[str]:
        """ODE terms of species that reactions change too: what appears without a reactant."""
        by_name = self.net.species_by_name
        for k, t in enumerate(self.net.ode_terms):
            if t.species in self.changed:
                law = t.formula / per_event(by_name[t.species]) * self.units.extent
                hints = {"kinetics": "ode term", "remark": t.remark} | self.extent_hints()
                yield self.reaction(self.free(f"ode_term_{k + 1}"), "", False, (), ((t.species, 1),), law, hints)

    def extent_hints(self) -> dict[str, str]:
        return {"extent": "amount"} if self.units.extent != 1 else {}

    def reaction(
        self,
        identity: str,
        remark: str,
        reversible: bool,
        reactants: Iterable[tuple[str, int]],
        products: Iterable[tuple[str, int]],
        law: sp.Expr,
        hints: Mapping[str, str],
    ) -> str:
        sides = []
        members = {name for name, _ in (*reactants, *products)}
        for name, side in (("listOfReactants", reactants), ("listOfProducts", products)):
            items = "".join(
                f'<speciesReference species="{self.ids[s]}" stoichiometry="{n}" constant="true"/>' for s, n in side
            )
            sides.append(f"<{name}>{items}</{name}>" if items else "")
        places = self.net.positions
        used = {s.name for s in law.free_symbols} & places.keys() - members - self.quantities
        others = (self.ids[name] for name in sorted(used, key=lambda name: places[name]))
        modifiers = "".join(f'<modifierSpeciesReference species="{other}"/>' for other in others)
        sides.append(f"<listOfModifiers>{modifiers}</listOfModifiers>" if modifiers else "")
        formula = math_element(law, self.symbols, self.units.written, self.units.of_factor(law))
        content = annotation(hints) + "".join(sides) + f"<kineticLaw>{formula}</kineticLaw>"
        return _element("reaction", {"id": identity, "name": remark, "reversible": str(reversible).lower()}, content)

    def events(self) -> Iterator[str]:
        for e in self.net.events:
            condition = sp.Ge(TIME, e.trigger) if e.timed else e.trigger
            start = "false" if e.timed else "true"
            sets = "".join(
                _element("eventAssignment", {"variable": self.ids[name]}, self.math(value))
                for name, value in e.assignments
            )
            content = annotation({"kind": "at" if e.timed else "when"})
            content += f'<trigger initialValue="{start}" persistent="true">{self.math(condition)}</trigger>'
            content += f"<listOfEventAssignments>{sets}</listOfEventAssignments>"
            yield _element("event", {"name": e.remark, "useValuesFromTriggerTime": "false"}, content)


def _element(tag: str, attributes: Mapping[str, str], content: str = "") -> str:
    given = _attributes(attributes)
    return f"<{tag}{given}>{content}</{tag}>" if content else f"<{tag}{given}/>"


def _attributes(given: Mapping[str, str]) -> str:
    return "".join(f" {key}={quoteattr(value)}" for key, value in given.items() if value)


def _value(value: sp.Expr) -> str:
    """A number as an attribute, nothing where an initial assignment has to say it."""
    return decimal(value) if is_double(value) else ""


def _parameter_hints(p: Parameter) -> dict[str, str]:
    hints = {}
    for key, bound in (("lower", p.lower), ("upper", p.upper)):
        if bound is not None and bound.is_Rational:
            hints[key] = str(bound)
    prior = law_text(p.prior) if p.prior else None
    if prior:
        hints["prior"] = prior
    return hints


def _reaction_hints(r: Reaction) -> dict[str, str]:
    hints = {}
    if r.mass_action:
        hints["kinetics"] = "mass action"
    else:
        hints["kinetics"] = "net" if r.net_reversible else "law"
    if r.per:
        hints["per"] = r.per
    if r.flags:
        hints["flags"] = " ".join(sorted(r.flags))
    if r.reversible_of:
        hints["reverse_of"] = r.reversible_of
    return hints
