"""The units of a Network as unit definitions of SBML, made as they are asked for.

A definition's name is the unit's text in the model language, its factors are those of that text: `1/uM/s` becomes
mole^-1 (scale -6) litre second^-1. Amounts are moles or items, as their size says: one mole is N_A items.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from xml.sax.saxutils import quoteattr

import sympy as sp

from ..dimensions import COUNT, time_unit
from ..expressions import to_float
from ..measures import names_in
from ..network import Network, Species, Unit
from ..unit_names import AVOGADRO, EXPONENT_CAP, known_units, name_of, product_text, unit_of_text

Term = tuple[str, int, int, sp.Rational]  # kind, exponent, scale, multiplier
_KIND: dict[tuple[tuple[str, int], ...], tuple[str, str]] = {
    (("length", 1),): ("metre", "m"), (("length", 3),): ("litre", "L"), (("mass", 1),): ("gram", "g"),
    (("time", 1),): ("second", "s"), (("temperature", 1),): ("kelvin", "K"), (("current", 1),): ("ampere", "A"),
    (("current", 1), ("time", 1)): ("coulomb", "C"), (("time", -1),): ("hertz", "Hz"),
    (("current", -1), ("length", 2), ("mass", 1), ("time", -3)): ("volt", "V"),
    (("current", 2), ("length", -2), ("mass", -1), ("time", 3)): ("siemens", "S"),
    (("current", 2), ("length", -2), ("mass", -1), ("time", 4)): ("farad", "F"),
    (("length", 2), ("mass", 1), ("time", -2)): ("joule", "J"),
    (("length", 1), ("mass", 1), ("time", -2)): ("newton", "N"),
    (("length", -1), ("mass", 1), ("time", -2)): ("pascal", "Pa"),
}  # fmt: skip
_ITSELF = {
    "count": "item", "mol": "mole", "s": "second", "L": "litre", "m": "metre", "g": "gram", "kg": "kilogram",
    "K": "kelvin", "A": "ampere", "V": "volt", "C": "coulomb", "F": "farad", "S": "siemens", "J": "joule",
    "N": "newton", "Pa": "pascal", "Hz": "hertz", "dimensionless": "dimensionless",
}  # fmt: skip
_SIZES = ("volume", "area", "length")


@dataclass
class UnitsOut:
    """The units of one document. `written`: the network has any, else the document has none either."""

    net: Network
    quantities: frozenset[str] = frozenset()  # species that are parameters in the document
    made: dict[Unit, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        net = self.net
        parts = (net.constants, net.parameters, net.compartments, net.species, net.rules, net.observables)
        given = [x.unit for part in parts for x in part if x.unit is not None]
        self.declared = dict(net.units)
        self.written = bool(net.units) or any("conc" not in unit.text for unit in given)
        amounts = {s.per_count: self.amount(s) for s in net.species if s.name not in self.quantities}
        own = {1 / self.declared["amount"].size: self.declared["amount"]} if "amount" in self.declared else {}
        self.amounts = amounts | {k: v for k, v in own.items() if k in amounts}
        self.unit_of = {x.name: x.unit for part in parts for x in part if x.unit is not None}
        for c in net.compartments:
            own_size = c.unit or self.declared.get({3: "volume", 2: "area", 1: "length"}.get(c.dimensions, ""))
            if own_size is not None:
                self.unit_of[c.name] = own_size
        for s in net.species:
            if s.unit is None and not s.concentration:
                self.unit_of[s.name] = self.amount(s)
            elif s.unit is not None and (s.unit.text == "conc" or "amount" not in dict(s.unit.dimension)):
                amount, home = self.amount(s), self.unit_of.get(s.compartment or "")
                text = amount.text if s.compartment is None else f"{amount.text}/({home.text})" if home else "conc"
                self.unit_of[s.name] = Unit(text, s.unit.size, ())
        # one unit of amount for everything: laws are in it; else laws count events
        self.substance: Unit | None = None
        if self.written and len(amounts) < 2:
            found = next(iter(self.amounts.values()), self.declared.get("amount", COUNT))
            self.substance = found if _size(terms(found)) == found.size else None

    @property
    def extent(self) -> sp.Rational:
        """The amount that one event stands for in the laws of the document."""
        return sp.S.One if self.substance is None else 1 / self.substance.size

    def amount(self, species: Species) -> Unit:
        """The unit of a species' amount."""
        size = 1 / species.per_count
        for unit in (species.unit, self.declared.get("amount"), COUNT):
            if unit is not None and unit.size == size and unit.dimension == (("amount", 1),):
                return unit
        base, base_size = ("mol", AVOGADRO) if _plain(size / AVOGADRO) < _plain(size) else ("count", sp.S.One)
        text = name_of(size, {"amount": 1}) or product_text([(size / base_size, base, 1)])
        return Unit(text, size, (("amount", 1),))

    def reference(self, unit: Unit | None) -> str:
        """The identifier of a unit, nothing where it has none in SBML."""
        if unit is None or not self.written or "conc" in names_in(unit.text):
            return ""
        if unit.text in _ITSELF and _size(terms(unit)) == unit.size:
            return _ITSELF[unit.text]
        if unit not in self.made:
            wanted = "".join(c if c.isalnum() and c.isascii() else "_per_" if c == "/" else "_" for c in unit.text)
            wanted = f"unit_{wanted}"
            k, found = 1, wanted
            while found in self.made.values():
                k += 1
                found = f"{wanted}_{k}"
            self.made[unit] = found
        return self.made[unit]

    def model(self) -> dict[str, str]:
        """The attributes of the model element."""
        if not self.written:
            return {}
        time = self.declared.get("time")
        inferred = time_unit(self.net)
        if time is None and inferred is not None:
            size = sp.Rational(inferred[1].numerator, inferred[1].denominator)
            time = Unit(inferred[0], size, (("time", 1),))
        extent = self.substance or COUNT
        substance = self.substance or self.declared.get("amount", COUNT)
        found = {"substanceUnits": self.reference(substance), "timeUnits": self.reference(time)}
        found |= {f"{size}Units": self.reference(self.declared.get(size)) for size in _SIZES}
        return found | {"extentUnits": self.reference(extent)}

    def hints(self) -> dict[str, str]:
        """What the model element cannot say: which of its units the network declares, and those of other quantities."""
        if not self.written:
            return {}
        known = [k for k in self.declared if k in ("time", "amount", *_SIZES)]
        return {"units": " ".join(known)} | {
            f"unit_{k}": unit.text for k, unit in self.declared.items() if k not in known
        }

    def species(self, species: Species) -> str:
        """The identifier of the unit of a species' amount, where it is not the model's."""
        return self.reference(self.amounts[species.per_count]) if self.substance is None else ""

    def of_factor(self, law: sp.Expr) -> str:
        """The identifier of the unit of the number in front of a law that makes it amount per time.

        Amounts count as numbers here, and not in SBML: of two counted species `k X Y` with k in 1/s needs 1/item.
        Nothing where the rest of the law says it already, or is not known.
        """
        attributes = self.model()
        substance = self.substance or COUNT
        time = next((u for u, i in self.made.items() if i == attributes.get("timeUnits")), None)
        word = time.text if time is not None else next(
            (w for w, kind in _ITSELF.items() if kind == attributes.get("timeUnits")), ""
        )
        rest = self.powers(law)
        if not attributes or not word or rest is None:
            return ""
        total = {name: Fraction(turns) for name, turns in names_in(substance.text).items()}
        of_time = {name: Fraction(turns) for name, turns in names_in(word).items()}
        for part in (of_time, rest):
            for name, power in part.items():
                total[name] = total.get(name, Fraction(0)) - power
        left = {name: turns for name, turns in total.items() if turns}
        if any(turns.denominator != 1 or abs(turns) > EXPONENT_CAP for turns in left.values()):
            return ""
        found = unit_of_text(product_text([(sp.S.One, name, int(turns)) for name, turns in left.items()]))
        if found is None or not left or any(base != "amount" for base, _ in found.dimension):
            return ""
        return "" if _dimension(terms(found)) == () and not _kinds(terms(found)) else self.reference(found)

    def powers(self, expr: sp.Basic) -> dict[str, Fraction] | None:
        """The unit names of a formula with their powers, as its names are declared in the document."""
        if expr.is_Symbol:
            unit = self.unit_of.get(expr.name)
            return None if unit is None else {n: Fraction(turns) for n, turns in names_in(unit.text).items()}
        if expr.is_Number:
            return {}
        if expr.is_Mul:
            total: dict[str, Fraction] = {}
            for factor in expr.args:
                own = self.powers(factor)
                if own is None:
                    return None
                for name, turns in own.items():
                    total[name] = total.get(name, Fraction(0)) + turns
            return total
        if expr.is_Pow and expr.exp.is_Rational:
            base, power = self.powers(expr.base), Fraction(int(expr.exp.p), int(expr.exp.q))
            return None if base is None else {name: own * power for name, own in base.items()}
        if expr.is_Add or isinstance(expr, (sp.Max, sp.Min, sp.Abs)):
            found = [self.powers(x) for x in expr.args if not x.is_Number]
            return found[0] if found else {}
        if expr.is_Pow and self.powers(expr.base) == {}:
            return {}
        return {} if isinstance(expr, (sp.exp, sp.log)) else None

    def definitions(self) -> Iterable[str]:
        """The elements of all units that were asked for."""
        for unit, identity in self.made.items():
            inside = "".join(
                f'<unit kind="{kind}" exponent="{exponent}" scale="{scale}" multiplier="{_decimal(multiplier)}"/>'
                for kind, exponent, scale, multiplier in terms(unit)
            )
            name = quoteattr(unit.text)
            yield f'<unitDefinition id="{identity}" name={name}><listOfUnits>{inside}</listOfUnits></unitDefinition>'


def hint(unit: Unit | None) -> str:
    """The text of a unit, nothing where there is none."""
    return unit.text if unit is not None else ""


def terms(unit: Unit) -> list[Term]:
    """A unit as factors of SBML: those of its text where they give its size, else of its dimension."""
    found: list[Term] = []
    for name, turns in names_in(unit.text).items():
        if name in known_units():
            size, dimension = known_units()[name]
            found += _named(size, dimension, turns)
        elif name[0].isdigit() and _is_number(name):
            found.append(("dimensionless", turns, 0, sp.Rational(name)))
        else:
            found = []
            break
    if not found and unit.size == 1 and not unit.dimension:
        return [("dimensionless", 1, 0, sp.S.One)]
    if _size(found) == unit.size and _dimension(found) == unit.dimension:
        return found
    bases = {"amount": "item", "length": "metre", "mass": "kilogram", "time": "second", "temperature": "kelvin",
             "current": "ampere"}  # fmt: skip
    return [
        ("dimensionless", 1, 0, unit.size), *((bases[base], power, 0, sp.S.One) for base, power in unit.dimension)
    ]


def _is_number(text: str) -> bool:
    try:
        sp.Rational(text)
    except (TypeError, ValueError):
        return False
    return True


def _named(size: sp.Rational, dimension: dict[str, int], turns: int) -> list[Term]:
    """The factors of a named unit."""
    if dimension == {"amount": 1, "length": -3}:  # molar
        return [_scaled("mole", size / AVOGADRO / 1000, turns), ("litre", -turns, 0, sp.S.One)]
    if dimension == {"amount": 1}:
        return [_scaled("item", size, turns) if size == 1 else _scaled("mole", size / AVOGADRO, turns)]
    if not dimension:
        return [_scaled("dimensionless", size, turns)]
    kind, name = _KIND[tuple(sorted(dimension.items()))]
    return [_scaled(kind, size / known_units()[name][0], turns)]


def _scaled(kind: str, ratio: sp.Rational, turns: int) -> Term:
    """A factor with a power of ten as its scale, any other number as its multiplier."""
    digits = str(max(ratio.p, ratio.q))
    if min(ratio.p, ratio.q) == 1 and digits.strip("0") == "1":
        scale = len(digits) - 1
        return kind, turns, scale if ratio.p > 1 else -scale, sp.S.One
    return kind, turns, 0, ratio


_SIZE_OF = {"item": sp.S.One, "mole": AVOGADRO, "dimensionless": sp.S.One, "kilogram": sp.S.One}


def _size(found: Iterable[Term]) -> sp.Rational:
    """The size of a product of factors, their multipliers as the doubles that the document holds."""
    total = sp.S.One
    names = dict(_KIND.values())
    for kind, turns, scale, multiplier in found:
        own = _SIZE_OF[kind] if kind in _SIZE_OF else known_units()[names[kind]][0]
        total *= (own * sp.Rational(_decimal(multiplier)) * sp.Integer(10) ** scale) ** turns
    return total


def _dimension(found: Iterable[Term]) -> tuple[tuple[str, int], ...]:
    kinds = {kind: dimension for dimension, (kind, _) in _KIND.items()}
    kinds |= {"item": (("amount", 1),), "mole": (("amount", 1),), "kilogram": (("mass", 1),), "dimensionless": ()}
    total: dict[str, int] = {}
    for kind, turns, _, _ in found:
        for base, power in kinds[kind]:
            total[base] = total.get(base, 0) + power * turns
    return tuple(sorted((base, power) for base, power in total.items() if power))


def _kinds(found: Iterable[Term]) -> dict[str, Fraction]:
    """The powers of what SBML compares: items and moles apart, lengths in metres."""
    total: dict[str, Fraction] = {}
    for kind, turns, _, _ in found:
        base, power = ("metre", 3) if kind == "litre" else (kind, 1)
        total[base] = total.get(base, Fraction(0)) + power * turns
    return {kind: power for kind, power in total.items() if power and kind != "dimensionless"}


def _decimal(value: sp.Rational) -> str:
    number = to_float(value)
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def _plain(value: sp.Rational) -> int:
    """What is left of a number without its factors 2 and 5: 1 for powers of ten."""
    rest = value.p * value.q
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return int(rest)
