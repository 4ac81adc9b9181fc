"""Units of measure: text -> size in SI base units (amounts in counts) and dimension, exactly."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache

import sympy as sp

from ..errors import RxnError
from ..network import Unit
from .numbers import exact_number
from .syntax import File, UnitText

AVOGADRO = sp.Integer(602214076) * sp.Integer(10) ** 15

_Dimension = dict[str, int]
_ten = sp.Integer(10)


@cache
def known_units() -> dict[str, tuple[sp.Rational, _Dimension]]:
    """Size and dimension of every unit by name."""
    one, litre = sp.Integer(1), sp.Rational(1, 1000)
    units: dict[str, tuple[sp.Rational, _Dimension]] = {}

    def add(names: str, size: sp.Rational, **dimension: int) -> None:
        for name in names.split():
            units[name] = (size, dimension)

    add("count counts molecule molecules particle particles item items cell cells", one, amount=1)
    add("conc", one, amount=1, length=-3)
    add("dimensionless none", one)
    add("percent", sp.Rational(1, 100))
    add("s sec second seconds", one, time=1)
    add("min minute minutes", sp.Integer(60), time=1)
    add("h hr hour hours", sp.Integer(3600), time=1)
    add("d day days", sp.Integer(86400), time=1)
    add("wk week weeks", sp.Integer(604800), time=1)
    add("yr year years", sp.Integer(31557600), time=1)
    add("angstrom", _ten**-10, length=1)
    add("Da dalton", sp.Rational("1.66053906660") * _ten**-27, mass=1)
    prefixes = {
        "": 0, "d": -1, "c": -2, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15, "a": -18, "k": 3, "M": 6,
    }  # fmt: skip
    for prefix, power in prefixes.items():
        scale = _ten**power
        add(prefix + "m", scale, length=1)
        add(f"{prefix}L {prefix}l", scale * litre, length=3)
        add(prefix + "g", scale / 1000, mass=1)
        add(prefix + "mol", scale * AVOGADRO, amount=1)
        add(prefix + "A", scale, current=1)
        add(prefix + "C", scale, current=1, time=1)
        add(prefix + "V", scale, mass=1, length=2, time=-3, current=-1)
        add(prefix + "S", scale, mass=-1, length=-2, time=3, current=2)
        add(prefix + "F", scale, mass=-1, length=-2, time=4, current=2)
        add(prefix + "J", scale, mass=1, length=2, time=-2)
        add(prefix + "N", scale, mass=1, length=1, time=-2)
        add(prefix + "Pa", scale, mass=1, length=-1, time=-2)
        add(prefix + "Hz", scale, time=-1)
        add(prefix + "K", scale, temperature=1)
        if power < 0:
            add(prefix + "s", scale, time=1)
        if power <= 0:
            add(prefix + "M", scale * AVOGADRO / litre, amount=1, length=-3)
    units["min"] = (sp.Integer(60), {"time": 1})
    return units


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
        if not 0 < abs(factor.exponent) <= 12:
            raise RxnError("R303", "the exponent of a unit is a whole number from -12 to 12", file.span(factor))
        power = -factor.exponent if divides else factor.exponent
        size *= own**power
        for base, own_power in own_dimension.items():
            dimension[base] = dimension.get(base, 0) + own_power * power
    return size, dimension
