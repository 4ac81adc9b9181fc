"""Units by name: what each is in SI base units (amounts in counts), exactly; and units of whole texts.

Kept apart from the language, because other formats name the same units.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

import sympy as sp

from .expressions import KEYWORDS, number
from .measures import names_in
from .network import Unit

AVOGADRO = sp.Integer(602214076) * sp.Integer(10) ** 15

_Dimension = dict[str, int]
_ten = sp.Integer(10)
EXPONENT_CAP = 12
TEXT_CAP = 200
_NUMBER = re.compile(r"(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,2})?")


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


@cache
def _by_measure() -> dict[tuple[tuple[tuple[str, int], ...], sp.Rational], str]:
    """The first name of every dimension and size."""
    found: dict[tuple[tuple[tuple[str, int], ...], sp.Rational], str] = {}
    for name, (size, dimension) in known_units().items():
        if name not in ("conc", "percent") and name not in KEYWORDS:  # `as` is no attosecond
            found.setdefault((tuple(sorted(dimension.items())), size), name)
    return found


def name_of(size: sp.Rational, dimension: _Dimension) -> str | None:
    """The shortest name of a unit, `min` of 60 s, None where it has none."""
    return _by_measure().get((tuple(sorted(dimension.items())), size))


def unit_of_text(written: str) -> Unit | None:
    """The unit of a text in the language's syntax, `1/uM/s`, None where it is none."""
    if not written or len(written) > TEXT_CAP or any(c.isspace() for c in written):
        return None
    size, dimension = sp.Integer(1), _Dimension()
    for name, turns in names_in(written).items():
        if abs(turns) > EXPONENT_CAP:
            return None
        if name in known_units():
            own, own_dimension = known_units()[name]
        elif _NUMBER.fullmatch(name) and sp.Rational(name) > 0:
            own, own_dimension = sp.Rational(name), {}
        else:
            return None
        size *= own**turns
        for base, power in own_dimension.items():
            dimension[base] = dimension.get(base, 0) + power * turns
    return Unit(written, size, tuple(sorted((base, power) for base, power in dimension.items() if power)))


def product_text(factors: Iterable[tuple[sp.Rational, str, int]]) -> str:
    """The text of a product of (number, unit name, exponent): `1/uM/s`, `2.5*mol/L`, `dimensionless`."""
    powers: dict[str, int] = {}
    for value, name, turns in factors:
        if value != 1:
            told = number(value)
            powers[told] = powers.get(told, 0) + turns
        if name != "dimensionless":
            powers[name] = powers.get(name, 0) + turns
    above = [_raised(name, turns) for name, turns in powers.items() if turns > 0]
    below = ["/" + _raised(name, -turns) for name, turns in powers.items() if turns < 0]
    return ("*".join(above) or ("1" if below else "dimensionless")) + "".join(below)


def _raised(name: str, turns: int) -> str:
    if name[0].isdigit():  # the language has no power of a number
        return number(sp.Rational(name) ** turns)
    return name if turns == 1 else f"{name}^{turns}"
