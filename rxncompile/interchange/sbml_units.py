"""Units of an SBML document in the names of the model language. They never change a number of the document.

    one unit = prod_i (multiplier_i 10^scale_i kind_i)^exponent_i

A substance that the document declares to be moles (or anything else that counts) says how many molecules one unit
of amount is; one that it does not declare counts as molecules, also where level 2 means moles without saying so.
What is unknown or has no place here leaves the unit out, with a warning that names the element.

Source: SBML Level 3 Version 2 Core, sections 4.4 and 4.2; Level 2 Version 4, section 4.4, for the built-in units.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy as sp

from ..errors import Diagnostic
from ..expressions import exact
from ..measures import names_in
from ..network import Unit
from ..unit_names import EXPONENT_CAP, known_units, name_of, product_text, unit_of_text
from .sbml_hints import rational
from .sbml_in_document import Document, each, hints

# what SBML calls a kind of unit, in the language
KINDS = {
    "ampere": "A", "avogadro": "mol/count", "becquerel": "Hz", "coulomb": "C", "dimensionless": "dimensionless",
    "farad": "F", "gram": "g", "gray": "J/kg", "henry": "V*s/A", "hertz": "Hz", "item": "count", "joule": "J",
    "katal": "mol/s", "kelvin": "K", "kilogram": "kg", "liter": "L", "litre": "L", "meter": "m", "metre": "m",
    "mole": "mol", "newton": "N", "ohm": "V/A", "pascal": "Pa", "radian": "dimensionless", "second": "s",
    "siemens": "S", "sievert": "J/kg", "steradian": "dimensionless", "tesla": "V*s/m^2", "volt": "V", "watt": "J/s",
    "weber": "V*s",
}  # fmt: skip
# the units that levels 1 and 2 have without declaring them
BUILT_IN = {"substance": "mol", "volume": "L", "area": "m^2", "length": "m", "time": "s"}
SIZES = {1: "length", 2: "area", 3: "volume"}
SCALE_CAP = 100
FACTOR_CAP = 100


class _LeftOutError(Exception):
    """An element that makes its unit unknown, and why."""

    def __init__(self, item: Any, why: str) -> None:
        super().__init__(why)
        self.item = item


class SbmlUnits:
    """The units of one document. `found`: what is wrong with them, as warnings."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.model = document.model
        self.found: list[Diagnostic] = []
        self.memo: dict[str, Unit | None] = {}
        self.model_units: dict[str, Unit] = dict(self._model_units())
        each_one = [self.substance(s) for s in each(self.model.getListOfSpecies())]
        if "amount" not in self.model_units and each_one and each_one[0] is not None and len(set(each_one)) == 1:
            self.model_units["amount"] = each_one[0]

    # -- the model -----------------------------------------------------------------------------------

    def _model_units(self) -> Iterator[tuple[str, Unit]]:
        """The units of time, amount and sizes that hold for the whole model."""
        model = self.model
        if self.document.level < 3:
            for item in each(model.getListOfReactions()):
                law = item.getKineticLaw() if item.isSetKineticLaw() else None
                if law is not None and (law.isSetTimeUnits() or law.isSetSubstanceUnits()):
                    self.warn("R280", "units of one kineticLaw are not supported; the model's hold", law)
            if not self._any_written():
                return
            given = {"time": "time", "volume": "volume"}
            given |= {"amount": "substance"} if model.getUnitDefinition("substance") is not None else {}
            for item in each(model.getListOfCompartments()):
                size = SIZES.get(dimensions(item), "")
                given |= {size: size} if size else {}
        else:
            given = {
                "time": model.getTimeUnits(), "amount": model.getSubstanceUnits(), "volume": model.getVolumeUnits(),
                "area": model.getAreaUnits(), "length": model.getLengthUnits(),
            }  # fmt: skip
            extent = model.getExtentUnits()
            converted = model.getConversionFactor() or any(
                s.getConversionFactor() for s in each(model.getListOfSpecies())
            )
            if extent and given["amount"] and not converted and self._differ(extent, given["amount"]):
                message = f"reactions count in {extent!r} and species in {given['amount']!r}: numbers stay as written"
                self.warn("R314", message, model)
        for key, reference in given.items():
            unit = self.unit(reference, model)
            wanted = {"time": (("time", 1),), "length": (("length", 1),), "area": (("length", 2),)}
            if unit is not None and unit.dimension == (wanted | {"volume": (("length", 3),)}).get(key, unit.dimension):
                if key != "amount":
                    yield key, unit
                elif self.amount(unit, reference, model) is not None:
                    yield key, self._counted(unit)

    def _any_written(self) -> bool:
        """Whether a document of level 1 or 2 names any unit at all."""
        model = self.model
        if model.getNumUnitDefinitions():
            return True
        species = (s.getSubstanceUnits() for s in each(model.getListOfSpecies()))
        others = (*each(model.getListOfCompartments()), *each(model.getListOfParameters()))
        return any(species) or any(x.getUnits() for x in others)

    def _differ(self, one: str, other: str) -> bool:
        first, second = (self.unit(reference, self.model) for reference in (one, other))
        return first is not None and second is not None and (first.size, first.dimension) != (
            second.size, second.dimension
        )  # fmt: skip

    def declared(self) -> tuple[tuple[str, Unit], ...]:
        """The units of the Network: all, or those that our own writer found written."""
        noted = hints(self.model).get("units")
        if noted is None:
            return tuple(self.model_units.items())
        told = hints(self.model)
        others = ((k, unit_of_text(told.get(f"unit_{k}", ""))) for k in ("mass", "temperature", "current"))
        found = [(k, self.model_units[k]) for k in noted.split() if k in self.model_units]
        return (*found, *((k, u) for k, u in others if u is not None))

    # -- quantities ----------------------------------------------------------------------------------

    def of(self, item: Any) -> Unit | None:
        """The unit of a parameter or compartment, None where it has none that is known."""
        noted = hints(item).get("unit", "")
        if item.isSetUnits():
            return self._as_noted(noted, self.unit(item.getUnits(), item))
        return unit_of_text(noted) if noted else None

    def of_size(self, item: Any) -> Unit | None:
        """The unit of a compartment's size; one that is no size of its dimensions is left out."""
        unit = self.of(item)
        if unit is None or unit.dimension in ((), (("length", dimensions(item)),)):
            return unit
        message = f"{item.getUnits()!r} is no unit of a size of {dimensions(item)} dimensions; it is left out"
        self.warn("R316", message, item)
        return None

    def per_count(self, species: Any) -> sp.Rational:
        """The amount of one molecule in the species' unit of amount, 1 where that is not declared."""
        noted = hints(species).get("per_count", "")
        unit = self.substance(species)
        found = sp.S.One if unit is None else 1 / unit.size
        if noted:
            told = rational(noted)
            if told is not None and told > 0 and (unit is None or abs(told / found - 1) < sp.Rational(1, 10**12)):
                return told
        return found

    def substance(self, species: Any) -> Unit | None:
        """The unit that a species' amount is declared in."""
        reference = species.getSubstanceUnits() if species.isSetSubstanceUnits() else ""
        if not reference or (
            self.document.level < 3 and reference == "substance" and self.model.getUnitDefinition(reference) is None
        ):
            return self.model_units.get("amount")
        unit = self.unit(reference, species)
        return None if unit is None else self.amount(unit, reference, species)

    def of_species(self, species: Any, home: Any, concentration: bool) -> Unit | None:
        """What the bare name of a species is in: its amount, over the unit of its compartment's size."""
        noted = hints(species).get("unit")
        amount, size = self.substance(species), self.size(home)
        if not concentration:
            if noted == "":
                return None
            told = unit_of_text(noted) if noted else None
            if told is not None and told.dimension in (_AMOUNT, ()) and 1 / told.size == self.per_count(species):
                return told
            return amount
        if noted == "conc" or amount is None or size is None or not size.dimension:
            return None
        whole = Unit(
            f"{amount.text}/{size.text}" if size.text.isalnum() or "^" in size.text else f"{amount.text}/({size.text})",
            amount.size / size.size,
            (("amount", 1), *((base, -power) for base, power in size.dimension)),
        )
        return self._as_noted(noted or "", whole)

    def size(self, home: Any) -> Unit | None:
        """The unit of a compartment's size: its own, or the model's."""
        if home.isSetUnits():
            unit = self.unit(home.getUnits(), home)
            return unit if unit is None or unit.dimension == (("length", dimensions(home)),) else None
        return self.model_units.get(SIZES.get(dimensions(home), ""))

    @staticmethod
    def _as_noted(noted: str, unit: Unit | None) -> Unit | None:
        """A unit in the words of our own writer, where these mean the same."""
        told = unit_of_text(noted) if noted and unit is not None else None
        if told is None or unit is None or told.size != unit.size:
            return unit
        one, other = ([(b, power) for b, power in u.dimension if b != "amount"] for u in (told, unit))
        return told if one == other else unit  # an amount is a number: 1/um^2 is count/um^2

    def amount(self, unit: Unit, reference: str, item: Any) -> Unit | None:
        """A unit, if it counts molecules: item, mole, or a number of them; else a warning."""
        if unit.dimension in (_AMOUNT, ()):
            return self._counted(unit)
        self.warn("R304", f"amounts in {reference!r} are not numbers of molecules; they count as items", item)
        return None

    @staticmethod
    def _counted(unit: Unit) -> Unit:
        """A number as an amount."""
        if unit.dimension:
            return unit
        text = "count" if unit.size == 1 else product_text([(unit.size, "count", 1)])
        return Unit(text, unit.size, _AMOUNT)

    # -- definitions ---------------------------------------------------------------------------------

    def unit(self, reference: str, item: Any) -> Unit | None:
        """The unit of a name in the document. Warns of R302 for an unknown one, R280 for what has no place here."""
        if not reference:
            return None
        if reference not in self.memo:
            self.memo[reference] = self._look_up(reference, item)
        return self.memo[reference]

    def _look_up(self, reference: str, item: Any) -> Unit | None:
        definition = self.model.getUnitDefinition(reference)
        if definition is not None:
            try:
                return self._defined(definition)
            except _LeftOutError as why:
                name = f"<{why.item.getElementName()}> of {reference!r}"
                self.warn("R280", f"{name}: {why}; the unit is left out", why.item)
                return None
        if reference in BUILT_IN and self.document.level < 3:
            return unit_of_text(BUILT_IN[reference])
        if reference in KINDS:
            return unit_of_text(KINDS[reference])
        known = reference in ("candela", "lumen", "lux", "Celsius")
        what = f"the unit {reference!r} is not supported" if known else f"the unit {reference!r} is not defined"
        self.warn("R280" if known else "R302", f"{what}; it is left out", item)
        return None

    def _defined(self, definition: Any) -> Unit | None:
        """The unit of a definition, in its own words where these are of our language and mean the same."""
        factors: list[tuple[sp.Rational, str, int]] = []
        size, dimension = sp.S.One, dict[str, int]()
        if definition.getNumUnits() > FACTOR_CAP:
            raise _LeftOutError(definition, f"more than {FACTOR_CAP} units are not supported")
        for item in each(definition.getListOfUnits()):
            value, kind, turns = self._factor(item)
            named = unit_of_text(KINDS[kind])
            assert named is not None
            size *= (value * named.size) ** turns
            for base, power in named.dimension:
                dimension[base] = dimension.get(base, 0) + power * turns
            factors += _words(value, kind, turns)
        kept = tuple(sorted((base, power) for base, power in dimension.items() if power))
        if any(abs(power) > 3 * EXPONENT_CAP for _, power in kept):
            raise _LeftOutError(definition, "such powers are not supported")
        found = Unit(product_text(factors), size, kept)
        told = unit_of_text(definition.getName())
        if told is not None and "conc" not in told.text and told.dimension == kept:
            return told if abs(told.size / size - 1) < sp.Rational(1, 10**12) else found
        return found

    def _factor(self, item: Any) -> tuple[sp.Rational, str, int]:
        """One `<unit>` as (number, kind, exponent)."""
        kind = self.document.lib.UnitKind_toString(item.getKind())
        if kind not in KINDS:
            raise _LeftOutError(item, f"the kind {kind!r} is not supported")
        exponent, multiplier, scale = item.getExponentAsDouble(), item.getMultiplier(), item.getScale()
        if exponent != exponent or multiplier != multiplier:  # not a number: level 3 has no defaults
            raise _LeftOutError(item, "exponent, scale or multiplier is missing")
        if item.getOffset() != 0:
            raise _LeftOutError(item, f"offset {item.getOffset():g} is not supported")
        if not float(exponent).is_integer() or abs(exponent) > EXPONENT_CAP:
            raise _LeftOutError(item, f"exponent {exponent:g} is not supported")
        if abs(scale) > SCALE_CAP or not 0 < multiplier < float("inf"):
            raise _LeftOutError(item, f"scale {scale} and multiplier {multiplier:g} are not supported")
        return exact(multiplier) * sp.Integer(10) ** scale, kind, int(exponent)

    def warn(self, code: str, message: str, item: Any) -> None:
        span = self.document.span(item)
        self.found.append(Diagnostic(code, message, span, severity="warning"))


_AMOUNT = (("amount", 1),)


def dimensions(compartment: Any) -> int:
    """The dimensions of space of a compartment, 3 where they are not said or no whole number."""
    found = compartment.getSpatialDimensionsAsDouble()
    return int(found) if found in (0, 1, 2, 3) else 3


def _words(value: sp.Rational, kind: str, turns: int) -> list[tuple[sp.Rational, str, int]]:
    """A factor in the language's names: `(1e-3, mole, 1)` is `mmol`, `(60, second, -1)` is `1/min`."""
    spelled = KINDS[kind]
    if spelled in known_units():
        size, dimension = known_units()[spelled]
        name = name_of(size * value, dimension)
        if name is not None and dimension:
            return [(sp.S.One, name, turns)]
        return [(value, spelled, turns)]
    whole = unit_of_text(spelled)
    assert whole is not None
    names = names_in(spelled)
    return [(value, "dimensionless", turns), *((sp.S.One, name, own * turns) for name, own in names.items())]

