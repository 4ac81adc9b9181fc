"""Declarations -> constants, parameters, compartments, species, rules and observables of the Network."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

import sympy as sp

from ..errors import RxnError, Span
from ..network import Compartment, Distribution, Flag, Unit
from . import formulas as f
from . import syntax as s
from .distributions import DISTRIBUTIONS, Placed, signature
from .scope import Frame
from .units import unit as read_unit

SIZES = {1: "length", 2: "area", 3: "volume"}
METRES = {1: "um", 2: "um^2", 3: "um^3"}

@dataclass(frozen=True, slots=True)
class Noted:
    """Attributes taken apart: flags, values by key (with where they stand), the remark."""

    flags: frozenset[Flag] = frozenset()
    values: tuple[tuple[str, s.Attribute], ...] = ()
    remark: str = ""

    def value(self, key: str) -> s.Attribute | None:
        return dict(self.values).get(key)


SPECIES_FLAGS = frozenset((Flag.FAST, Flag.FIXED, Flag.CONTINUOUS, Flag.ROUND, Flag.FIXED_COUNT))
REACTION_FLAGS = frozenset((Flag.FAST, Flag.CONTINUOUS, Flag.MOLECULAR, Flag.POWERS, Flag.FUNCTIONAL))
RULE_FLAGS = frozenset((Flag.REPORTED,))
COMPARTMENT_KEYS = frozenset(("dimensions",))
SPECIES_KEYS = frozenset(("per",))
REACTION_KEYS = frozenset(("probability", "daughter", "reverse_of"))
_EVERY = {
    **{str(flag): "a species" for flag in SPECIES_FLAGS},
    **{str(flag): "a reaction" for flag in REACTION_FLAGS},
    **{str(flag): "a let" for flag in RULE_FLAGS},
    **dict.fromkeys(COMPARTMENT_KEYS, "a compartment"),
    **dict.fromkeys(SPECIES_KEYS, "a species"),
    **dict.fromkeys(REACTION_KEYS, "a reaction"),
    str(Flag.FAST): "a species or a reaction", str(Flag.CONTINUOUS): "a species or a reaction",
    str(Flag.POWERS): "a reaction or the model",
}  # fmt: skip
_FIXED = ("buffered", "constant", "const", "boundary", "boundaryCondition", "clamped", "chemostat", "chemostatted")


def noted(
    attributes: tuple[s.Attribute, ...],
    frame: Frame,
    flags: frozenset[Flag] = frozenset(),
    keys: frozenset[str] = frozenset(),
    what: str = "this",
) -> Noted:
    """Attributes, checked against those that the thing they stand at knows. Raises R207, R208."""
    found: set[Flag] = set()
    values: dict[str, s.Attribute] = {}
    remarks: list[str] = []
    for a in attributes:
        span = frame.span(a)
        if not a.key:
            remarks.append(a.remark)
        elif a.value is None and a.key in flags:
            found.add(Flag(a.key))
        elif a.value is not None and a.key in keys:
            values[a.key] = a
        elif a.key in flags | keys:
            form = f"{{{a.key}}}" if a.key in flags else f"{{{a.key} = ...}}"
            raise RxnError("R207", f"the attribute {a.key!r} is written {form}", span)
        elif a.key in _EVERY:
            raise RxnError("R208", f"{{{a.key}}} belongs to {_EVERY[a.key]}, not to {what}", span)
        else:
            near = get_close_matches(a.key, _EVERY, 1)
            known = f"here can stand {', '.join(sorted(flags | keys))}; " if flags or keys else ""
            hint = f"did you mean {near[0]!r}?" if near else known + 'a remark stands in double quotes: {"a remark"}'
            if a.key in _FIXED:
                hint = "did you mean 'fixed'?"
            if a.key == "slow":
                hint = "what is not marked {fast} is slow"
            raise RxnError("R207", f"unknown attribute {a.key!r}", span, hint)
    return Noted(frozenset(found), tuple(values.items()), " ".join(remarks))


def law(node: s.Law, owner: str, frame: Frame, use: f.Use, formulas: f.Formulas) -> Placed:
    """`~ Name(arguments)`. Raises R209 for an unknown distribution, R204 for another number of arguments."""
    span = frame.span(node)
    if node.name not in DISTRIBUTIONS:
        near = get_close_matches(node.name, DISTRIBUTIONS, 1, 0.5)
        hint = f"did you mean {near[0]!r}?" if near else "known are: " + ", ".join(DISTRIBUTIONS)
        raise RxnError("R209", f"unknown distribution {node.name!r}", span, hint)
    f.check_count(node.name, len(node.arguments), len(DISTRIBUTIONS[node.name]), span, signature(node.name))
    found = Distribution(node.name, tuple(formulas.formula(a, frame, use) for a in node.arguments))
    return Placed(found, owner, use is f.PRIOR, span, tuple(frame.span(a) for a in node.arguments))


def unit_of(node: s.UnitText | None, frame: Frame) -> Unit | None:
    """The unit of an item, None where none is written."""
    return None if node is None else read_unit(node, frame.file)


def dimensions_of(unit: Unit | None) -> int | None:
    """The dimensions of space that a unit of size says: 3 of um^3, 2, 1, 0 of a plain number; None of any other."""
    if unit is None:
        return 3
    found = {(): 0, (("length", 1),): 1, (("length", 2),): 2, (("length", 3),): 3}
    return found.get(unit.dimension)


def per_count(
    own: Unit | None, container: Compartment | None, units: dict[str, Unit], span: Span
) -> tuple[bool, sp.Rational]:
    """Whether a species' bare name is a concentration, and what one molecule adds to amount.

    The amount of a concentration is counted in its unit times its compartment's unit of size. Raises R304 for a
    unit that is neither an amount nor a concentration, R305 where a size has no unit, R306 for other dimensions.
    """
    model = units["amount"].size if "amount" in units else sp.S.One
    if own is None:
        return False, 1 / model
    if own.text == "conc":
        return True, 1 / model
    powers = dict(own.dimension)
    amount, length = powers.pop("amount", 0), -powers.pop("length", 0)
    if powers or amount not in (0, 1) or length not in (0, 1, 2, 3):
        hint = "counts, mol, uM, 1/um^3 and 'conc' are such units"
        raise RxnError("R304", f"{own.text!r} is neither an amount nor a concentration", span, hint)
    if not length:
        return False, 1 / own.size
    name = container.name if container else "cell"
    hint = f"write 'compartment {name} : {METRES[length]} = ...', or use the unit 'conc'"
    if container is None:
        message = f"a concentration in {own.text} needs a volume with a unit, but the species lies in no compartment"
        raise RxnError("R305", message, span, hint)
    if container.unit is None and container.dimensions != length:
        message = f"{own.text} is no concentration in {name!r}, which has {container.dimensions} dimensions"
        raise RxnError("R306", message, span, f"{hint}; {{dimensions = {length}}} without a unit")
    unit = container.unit or units.get(SIZES[length])
    if unit is None:
        message = f"a concentration in {own.text} needs a volume with a unit, but compartment {name!r} has no unit"
        raise RxnError("R305", message, span, hint)
    if unit.dimension != (("length", length),):
        message = f"{own.text} is not a concentration in {name!r}, whose size is in {unit.text}"
        raise RxnError("R306", message, span)
    return True, 1 / (own.size * unit.size)
