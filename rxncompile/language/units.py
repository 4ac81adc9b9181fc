"""Units of measure: text -> size in SI base units (amounts in counts) and dimension, exactly."""

from __future__ import annotations

import re
from difflib import get_close_matches

import sympy as sp

from ..errors import Diagnostic, RxnError, Span
from ..network import Unit
from ..unit_names import AVOGADRO, EXPONENT_CAP, known_units
from .numbers import exact_number
from .syntax import File, UnitText

__all__ = ["AVOGADRO", "known_units", "unit"]
_Dimension = dict[str, int]
_FACTOR = r"[A-Za-z]\w*(?:\^-?\d+)?"
_MEASURE = re.compile(rf"(?:1 ?/ ?)?{_FACTOR}(?: ?[*/] ?{_FACTOR})*")
_SCALED = re.compile(r"(?<![\w.])((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?) ?([*/]) ?$")
UNITS_STAND = "units stand behind the name of a number: 'param k : 1/s = 1'"
_VALUED = re.compile(r"(\w+(?:\[[^\]]*\])?) ?(?::[^=,]*)?= ?(-? ?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?) ?([*/]) ?$")


def unit(written: UnitText, file: File) -> Unit:
    """The unit of a text. Raises R302 for a name that is none, R303 for a number that cannot scale a unit."""
    size, dimension = _read(written, file)
    kept = tuple(sorted((base, power) for base, power in dimension.items() if power))
    return Unit(written.text, size, kept)


def _read(written: UnitText, file: File) -> tuple[sp.Rational, _Dimension]:
    size = sp.Integer(1)
    dimension: _Dimension = {}
    for divides, factor in written.factors:
        if isinstance(factor.base, UnitText):
            own, own_dimension = _read(factor.base, file)
        elif factor.base[0].isdigit() or factor.base[0] == ".":
            own, own_dimension = exact_number(factor.base, file.span(factor)), {}
            if own == 0:
                raise RxnError("R303", "a unit cannot be zero", file.span(factor))
        elif factor.base in known_units():
            own, own_dimension = known_units()[factor.base]
        else:
            near = get_close_matches(factor.base, known_units(), 1, 0.5)
            hint = f"did you mean {near[0]!r}?" if near else ""
            if factor.base in ("unitless", "nounit", "nounits"):
                hint = "write 'dimensionless', or no unit"
            raise RxnError("R302", f"unknown unit {factor.base!r}", file.span(factor), hint)
        if not 0 < abs(factor.exponent) <= EXPONENT_CAP:
            raise RxnError("R303", "the exponent of a unit is a whole number from -12 to 12", file.span(factor))
        power = -factor.exponent if divides else factor.exponent
        size *= own**power
        for base, own_power in own_dimension.items():
            dimension[base] = dimension.get(base, 0) + own_power * power
    return size, dimension


def for_a_name(name: str, span: Span, wanted: str) -> Diagnostic | None:
    """What to say where a unit stands in the place of a name: behind a number, or where a compartment is needed."""
    if name not in known_units():
        return None
    text = span.source.text
    if wanted == "compartment" and "amount" not in known_units()[name][1]:
        return Diagnostic("R026", f"'{name}' is a unit, but here stands a compartment", span, UNITS_STAND)
    begin = max(text.rfind("\n", 0, span.start), text.rfind(";", 0, span.start)) + 1
    valued = _VALUED.search(text[begin : span.start])
    scaled = _SCALED.search(text[begin : span.start])
    measure = _MEASURE.match(text, span.start)
    if not (valued or scaled) or measure is None or wanted != "name":
        return None
    if valued is None and scaled is not None:
        own = measure[0] if scaled[2] == "*" else f"1/{measure[0]}"
        hint = f"give the number a name: 'param NAME : {own} = {scaled[1]}'"
        return Diagnostic("R026", f"{name!r} is a unit; numbers in formulas have none", span, hint)
    assert valued is not None
    own = measure[0] if valued[3] == "*" else f"1/{measure[0]}"
    hint = f"write '{valued[1]} : {own} = {valued[2]}'"
    return Diagnostic("R026", "a unit stands behind the name, not behind the number", span, hint)


def in_brackets(text: str) -> str:
    """The unit in a text such as `A [uM]` or `k [1/s]`; empty where there is none, or no blank before it."""
    base, _, rest = text.partition("[")
    inside = rest.rstrip().removesuffix("]").strip()
    if base[-1:] not in (" ", "\t") or not _MEASURE.fullmatch(inside):
        return ""
    return inside if all(name in known_units() for name in re.findall(r"[A-Za-z]\w*", inside)) else ""


def names_in(text: str) -> set[str]:
    """The names of units in a text."""
    return {name for name in re.findall(r"[A-Za-z]\w*", text) if name in known_units()}
