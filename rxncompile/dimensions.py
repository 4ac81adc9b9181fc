"""Units, checked where they are given: what is added is alike, and every law has the unit that its place asks for.

    @ k         k = extent / (time V) prod_i (V_i / amount_i)^nu_i       {molecular}: 1 / time
    rate v      v = extent / time [/ V with `per`]
    X' = f      f = X / time

`extent` is the amount that the rate counts in (`network.extent_per_count`). What has no unit is compatible with
everything; a plain number multiplies as a number and takes the other side's unit where it is added or compared.
Nothing is rescaled: the right dimension in another scale is an error that says the factor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import TypeAlias

import sympy as sp

from .errors import Diagnostic, Span
from .expressions import TIME, symbol
from .formula_units import FormulaUnits
from .measures import PURE, UNKNOWN, Atom, Difference, Measure, Units, atom_of, measure, power, product
from .network import Compartment, Flag, Network, Reaction, Species, Unit, extent_per_count

COUNT = Unit("count", sp.S.One, (("amount", 1),))
PLACE = Unit("dimensionless", sp.S.One, ())
Item: TypeAlias = tuple[sp.Expr, Unit | None, Span | None]
SIZES = {1: "length", 2: "area", 3: "volume"}


def check_units(net: Network, foreign: bool = False) -> tuple[Diagnostic, ...]:
    """Every mistake of units: R311 unlike things added or compared, R312 a function or power of what has a unit,
    R313 a value in another unit than declared, R314 the right dimension in another scale, R315 a rate, R316 a size.

    In a `foreign` model (SBML) nothing is known of what has no unit: an amount is not one of molecules then, and
    a plain number in a product may have any unit.
    """
    if not any(unit.text != "conc" for unit in _written(net)):
        return ()
    return _Checker(net, foreign).run()


def _written(net: Network) -> Iterator[Unit]:
    """Every unit that a model writes."""
    yield from (unit for _, unit in net.units)
    for part in (net.constants, net.parameters, net.compartments, net.species, net.rules, net.observables):
        for named in part:
            if named.unit is not None:
                yield named.unit


def time_unit(net: Network) -> tuple[str, Fraction] | None:
    """The unit that times are in, with its size in seconds: as declared, else as the first unit of a rate or time says.

    None where no unit of the model says it.
    """
    declared = dict(net.units).get("time")
    if declared is not None:
        return declared.text, atom_of(declared).size
    shown: tuple[str, Fraction] | None = None
    for unit in _written(net):
        atom = atom_of(unit)
        if atom.dimension == (("time", -1),):
            return (unit.text[2:] if unit.text.startswith("1/") else f"1/({unit.text})"), 1 / atom.size
        if shown is None and atom.dimension == (("time", 1),):
            shown = unit.text, atom.size
    return shown


def constant_units(net: Network) -> dict[str, str]:
    """The unit that each mass-action constant is in, by the reaction's name: its own, else the one it has to be in."""
    if not any(unit.text != "conc" for unit in _written(net)):
        return {}
    checker = _Checker(net)
    checker.run()
    found = {}
    for reaction in net.reactions:
        if reaction.mass_action:
            own = checker.unit(reaction.rate)
            one = own if own.known and own.powers and not own.numbered else checker.wanted(reaction)
            if one.known and not any(a.loose for a in one.powers):
                found[reaction.name] = checker.units.text(one)
    return found


class _Checker(FormulaUnits):
    """One pass over a network: names get their units, formulas theirs bottom-up, statements are compared."""

    def __init__(self, net: Network, foreign: bool = False) -> None:
        self.net = net
        self.uncounted = foreign and "amount" not in dict(net.units)
        self.clock = self._clock()
        constants = {symbol(c.name): c.value for c in net.constants}
        fixed = constants | {symbol(p.name): p.value for p in net.parameters}
        fixed |= {symbol(c.name): c.size for c in net.compartments}
        units = Units(fixed, self.clock, time_unit(net) is not None)
        super().__init__(units, constants, fixed, frozenset(s.symbol for s in net.species), foreign)
        self.count = self.units.atom(dict(net.units).get("amount", COUNT))
        self.molecule = self.units.atom(COUNT)
        self.homes = {c.name: self._home(c) for c in net.compartments}
        self.names[TIME.name] = measure(self.clock) if self.clock else UNKNOWN

    def _clock(self) -> Atom | None:
        """The unit of time; of unknown size where units mention time, but none is a plain time or rate."""
        known = time_unit(self.net)
        if known is not None:
            return Atom(known[0], known[1], (("time", 1),))
        if any(base == "time" for unit in _written(self.net) for base, _ in unit.dimension):
            return Atom("time", Fraction(1), (("time", 1),))
        return None

    def _home(self, compartment: Compartment) -> Atom:
        """The unit of a size: its own, else the model's of that many dimensions, else loose; a place has none."""
        if compartment.unit is not None:
            return self.units.atom(compartment.unit)
        if compartment.dimensions == 0:
            return self.units.atom(PLACE)
        declared = dict(self.net.units).get(SIZES[compartment.dimensions])
        if declared is not None:
            return self.units.atom(declared)
        return Atom(f"size of {compartment.name}", Fraction(1), (), loose=True)

    # -- names ---------------------------------------------------------------------------------------

    def run(self) -> tuple[Diagnostic, ...]:
        for compartment in self.net.compartments:
            self.names[compartment.name] = measure(self.homes[compartment.name])
        for species in self.net.species:
            self.names[species.name] = self.bare_name(species)
        self._name_values()
        for check in (self._sizes, self._bounds, self._initials, self._observables, self._conserved, self._rates):
            check()
        self._terms()
        self._events()
        return tuple(self.found.values())

    def _name_values(self) -> None:
        """Names with a declared unit have it; the others have that of their formula, once what it uses has its own."""
        items: dict[str, Item] = {}
        for part in (self.net.constants, self.net.parameters):
            items |= {x.name: (x.value, x.unit, x.span) for x in part}
        items |= {r.name: (r.formula, r.unit, r.span) for r in self.net.rules}
        self.names |= {name: measure(self.units.atom(unit)) for name, (_, unit, _) in items.items() if unit is not None}
        for first in items:
            if first not in self.names:
                self._infer(first, items)
        for name, (formula, unit, span) in items.items():
            if unit is not None:
                with self.at(span):
                    self.value(name, self.names[name], formula)

    def _infer(self, first: str, items: Mapping[str, Item]) -> None:
        """The unit of a name by its formula, after those of the names in it (a circle has none)."""
        waiting, entered = [first], set()
        while waiting:
            name = waiting[-1]
            formula, _, span = items[name]
            if name not in entered:
                entered.add(name)
                with self.at(span):
                    used = [n.name for n in formula.free_symbols]
                    waiting += [n for n in used if n in items and n not in self.names and n not in entered]
                continue
            waiting.pop()
            if name not in self.names:
                with self.at(span):
                    found = self.unit(formula)
                    self.names[name] = found if found.known and not found.numbered else UNKNOWN

    def bare_name(self, species: Species) -> Measure:
        """What the bare name of a species is measured in."""
        if species.unit is not None and species.unit.text != "conc":
            return measure(self.units.atom(species.unit))
        if self.uncounted or (self.foreign and species.unit is None):
            return UNKNOWN
        if species.unit is None and not species.concentration:
            return measure(self.count, bare=True)
        return product((measure(self.count, bare=True), self.volume(species.compartment, -1)))

    def amount(self, species: Species) -> Measure:
        """What a species' amount is measured in: its concentration times the volume."""
        own = self.names[species.name]
        return product((own, self.volume(species.compartment))) if species.concentration else own

    def volume(self, compartment: str | None, exponent: int = 1) -> Measure:
        """The unit of a compartment's size, a pure number where there is none."""
        return measure(self.homes[compartment], exponent, bare=True) if compartment in self.homes else PURE

    # -- statements ----------------------------------------------------------------------------------

    def _sizes(self) -> None:
        for c in self.net.compartments:
            if c.unit is None:
                continue
            with self.at(c.span):
                dimension = self.homes[c.name].dimension
                if dimension not in ((), (("length", 1),), (("length", 2),), (("length", 3),)):
                    hint = "a size is a volume, an area, a length, or a number: L, um^2, um, count ..."
                    self.report("R316", f"{c.unit.text} is no unit of the size of {c.name!r}", hint)
                self.value(c.name, measure(self.homes[c.name]), c.size)

    def _bounds(self) -> None:
        for p in self.net.parameters:
            with self.at(p.span):
                for what, bound in (("lower bound", p.lower), ("upper bound", p.upper)):
                    if bound is not None and p.unit is not None:
                        self.value(p.name, self.names[p.name], bound, what)

    def _initials(self) -> None:
        for s in self.net.species:
            if isinstance(s.initial, sp.Expr) and not s.per_site and not _plain_amount(s):
                with self.at(s.span):
                    self.value(s.name, self.names[s.name], s.initial, "initial value")

    def _observables(self) -> None:
        for o in self.net.observables:
            with self.at(o.span):
                declared = UNKNOWN if o.unit is None else measure(self.units.atom(o.unit))
                self.value(o.name, declared, o.formula)

    def _conserved(self) -> None:
        for c in self.net.conservations:
            with self.at(c.span):
                found = self.unit(c.formula)
                if c.value is not None:
                    self.value(c.name, found, c.value)

    def value(self, name: str, wanted: Measure, formula: sp.Expr, what: str = "value") -> None:
        """A formula that a name is equal to."""
        found = self.unit(formula)
        difference = self.units.difference(found, wanted)
        if difference is None or self._converted(formula, difference):
            return
        unit, own = self.units.text(wanted), self.units.text(found)
        message = f"{name!r} is in {unit}, but its {what} {self.short(formula)} is in {own}"
        self.differ("R313", message, found, wanted, difference, f"{what} and unit have to agree", formula)

    def _converted(self, formula: sp.Expr, difference: Difference) -> bool:
        """Whether the number in front of a formula is just the factor between the units."""
        coefficient = formula.as_coeff_Mul()[0]
        return isinstance(difference.factor, Fraction) and coefficient.is_Rational and coefficient == sp.Rational(
            difference.factor.numerator, difference.factor.denominator
        )  # fmt: skip

    # -- rates ---------------------------------------------------------------------------------------

    def _rates(self) -> None:
        for r in self.net.reactions:
            with self.at(r.span):
                found = self.unit(r.rate)
                if r.probability is not None:
                    self.pure(r.probability, "a probability")
                wanted = self.wanted(r)
                difference = self.units.difference(found, wanted)
                if difference is None or self.forgiven(found, wanted):
                    continue
                unit, own = self.units.text(wanted), self.units.text(found)
                if r.mass_action:
                    constant = f"the constant {self.short(r.rate)} of {r.name!r}"
                    message = f"{constant} is in {own}, but {_kind(r)} needs {unit}"
                    hint = "'@' multiplies by the reactants itself; a complete law is written 'rate ...'"
                else:
                    where = f"amount per time and size of {r.per!r}" if r.per else "amount per time"
                    message = f"the law {self.short(r.rate)} of {r.name!r} is in {own}, but {where} is {unit}"
                    hint = "an amount per volume and time is written 'rate ... per COMPARTMENT'"
                self.differ("R315", message, found, wanted, difference, hint, r.rate)
        for d in self.net.diffusions:
            with self.at(d.span):
                self.per_time(d.rate, PURE, f"the hop rate of {d.species!r}")

    def wanted(self, reaction: Reaction) -> Measure:
        """The unit that a reaction's constant or law has to be in, unknown where the model does not say."""
        if self.clock is None:
            return UNKNOWN
        per_time = measure(self.clock, -1)
        if reaction.mass_action and (reaction.lattice is not None or Flag.MOLECULAR in reaction.flags):
            return per_time
        extent = self.extent(reaction)
        if not reaction.mass_action:
            return product((extent, self.volume(reaction.per, -1), per_time))
        by_name = self.net.species_by_name
        places = {by_name[name].compartment for name, _ in (reaction.reactants or reaction.products)}
        if reaction.per is None and len(places) > 1:
            return UNKNOWN  # which volume? that is R301
        place = reaction.per if reaction.per is not None else places.pop() if places else None
        factors = [extent, self.volume(place, -1)]
        for name, nu in reaction.reactants:
            species = by_name[name]
            factors += [power(self.amount(species), -nu), power(self.volume(species.compartment), nu)]
        return product((*factors, per_time))

    def extent(self, reaction: Reaction) -> Measure:
        """The amount that a rate counts in: its reactants' where they agree, else molecules."""
        side = reaction.reactants or reaction.products
        found = {self.net.species_by_name[name].per_count for name, _ in side}
        if Flag.MOLECULAR in reaction.flags or len(found) != 1:
            return measure(self.molecule)
        assert extent_per_count(self.net, reaction) in found
        return self.amount(self.net.species_by_name[side[0][0]])

    def _terms(self) -> None:
        for term in self.net.ode_terms:
            with self.at(term.span):
                self.per_time(term.formula, self.names[term.species], f"the term of {term.species}'")

    def per_time(self, formula: sp.Expr, own: Measure, what: str) -> None:
        """A formula that has to be something per time."""
        found = self.unit(formula)
        wanted = product((own, measure(self.clock, -1))) if self.clock else UNKNOWN
        difference = self.units.difference(found, wanted)
        if difference is not None and not self.forgiven(found, wanted):
            unit, is_in = self.units.text(wanted), self.units.text(found)
            message = f"{what}, {self.short(formula)}, is in {is_in}, but {unit} is needed"
            self.differ("R315", message, found, wanted, difference, "a rate of change is per unit of time", formula)

    def _events(self) -> None:
        for event in self.net.events:
            with self.at(event.span):
                if event.timed and self.clock is not None:
                    self.value("the time", measure(self.clock), event.trigger, "event at")
                else:
                    self.unit(event.trigger)
                for name, formula in event.assignments:
                    self.value(name, self.names.get(name, UNKNOWN), formula, "new value")


def _plain_amount(species: Species) -> bool:
    """Whether an initial value is a number over its own volume (or times it, for an amount), as imported models say."""
    own = symbol(species.compartment) if species.compartment else sp.S.One
    return bool((species.initial * own if species.concentration else species.initial / own).is_number)


def _kind(reaction: Reaction) -> str:
    """`mass action of order 2`, or what else the reaction is."""
    if reaction.lattice is not None:
        return f"a reaction on {reaction.lattice}"
    if Flag.MOLECULAR in reaction.flags:
        return "a {molecular} reaction"
    return f"mass action of order {sum(nu for _, nu in reaction.reactants)}"
