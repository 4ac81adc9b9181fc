"""Units of measure: text -> size in SI base units (amounts in counts) and dimension, exactly."""

from __future__ import annotations

from difflib import get_close_matches

import sympy as sp

from ..errors import RxnError
from ..network import Unit
from ..unit_names import AVOGADRO, EXPONENT_CAP, known_units
from .numbers import exact_number
from .syntax import File, UnitText

__all__ = ["AVOGADRO", "known_units", "unit"]
_Dimension = dict[str, int]


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
            raise RxnError("R302", f"unknown unit {factor.base!r}", file.span(factor), hint)
        if not 0 < abs(factor.exponent) <= EXPONENT_CAP:
            raise RxnError("R303", "the exponent of a unit is a whole number from -12 to 12", file.span(factor))
        power = -factor.exponent if divides else factor.exponent
        size *= own**power
        for base, own_power in own_dimension.items():
            dimension[base] = dimension.get(base, 0) + own_power * power
    return size, dimension
