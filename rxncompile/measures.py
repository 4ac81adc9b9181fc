"""Units of formulas: products of powers of the units that a model writes, compared exactly.

    measure = prod unit_i ^ e_i        e_i whole, rational, or a formula of constants (the n of K^n/(K^n + x^n))

Two measures are compared by their quotient: its dimension, then its size in SI base units. Molecules are counted,
so an amount has no dimension, only a size: 1 for `count`, Avogadro's number for `mol`. A plain number has no measure
of its own: it multiplies as a number and takes the other side's unit where it is added or compared.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from fractions import Fraction
from typing import Any, TypeAlias

import sympy as sp

from .expressions import number, text
from .network import Unit

Exponent: TypeAlias = Any  # int, Fraction, or a sympy formula of constants
BITS = 100_000  # sizes beyond this many bits are not compared


@dataclass(frozen=True, eq=False, slots=True)
class Atom:
    """A unit as written. `loose`: its lengths and its size are not known, as in `conc` or a volume without a unit."""

    text: str
    size: Fraction
    dimension: tuple[tuple[str, int], ...]
    loose: bool = False


class Kind(Enum):
    """What is known of a quantity's unit: it is a plain number, nothing, or a product of powers of atoms."""

    NUMBER = auto()
    UNKNOWN = auto()
    KNOWN = auto()


@dataclass(frozen=True, slots=True)
class Measure:
    """The unit of a formula.

    `numbered`: a plain number multiplies it, whose unit nobody wrote. `bare`: only species without a written unit.
    """

    kind: Kind
    powers: Mapping[Atom, Exponent]
    numbered: bool = False
    bare: bool = False

    @property
    def known(self) -> bool:
        return self.kind is Kind.KNOWN


NUMBER = Measure(Kind.NUMBER, {})
UNKNOWN = Measure(Kind.UNKNOWN, {})
PURE = Measure(Kind.KNOWN, {})  # dimensionless


def measure(atom: Atom, exponent: int = 1, bare: bool = False) -> Measure:
    """One unit, or a power of it."""
    return Measure(Kind.KNOWN, {atom: exponent}, bare=bare)


def product(factors: Iterable[Measure]) -> Measure:
    """The unit of a product; unknown where a factor's is."""
    powers: dict[Atom, Exponent] = {}
    every = tuple(factors)
    known = tuple(f for f in every if f.known)
    if len(known) < len(every):
        if any(f.kind is Kind.UNKNOWN for f in every):
            return UNKNOWN
        if not known:
            return NUMBER
    for factor in known:
        for atom, exponent in factor.powers.items():
            total = powers.get(atom, 0) + exponent
            if total == 0:
                powers.pop(atom, None)
            else:
                powers[atom] = total
    numbered = len(known) < len(every) or any(f.numbered for f in known)
    return Measure(Kind.KNOWN, powers, numbered, all(f.bare for f in known))


def power(base: Measure, exponent: Exponent) -> Measure:
    """The unit of a power; the exponent a number or a formula of constants."""
    if not base.known or not base.powers:
        return base
    raised = {atom: e * exponent for atom, e in base.powers.items()}
    return Measure(Kind.KNOWN, {a: e for a, e in raised.items() if e != 0}, base.numbered, base.bare)


def exponent_of(value: sp.Expr) -> Exponent:
    """A formula as an exponent: whole numbers and fractions as Python's own."""
    if value.is_Integer:
        return int(value)
    if value.is_Rational:
        return Fraction(int(value.p), int(value.q))
    return value


@dataclass(frozen=True, slots=True)
class Difference:
    """How one unit differs from another: `factor` is its size over the other's, None for another dimension."""

    factor: Fraction | float | None

    @property
    def same_dimension(self) -> bool:
        return self.factor is not None


class Units:
    """The units of one model. `values`: what its constants and parameters are. `time`: its unit of time, if any.

    A time unit of unknown size (`settled` false) gets the size that the first comparison asks for.
    """

    def __init__(self, values: Mapping[sp.Symbol, sp.Expr], time: Atom | None, settled: bool) -> None:
        self.values = values
        self.time = time
        self.settled = settled
        self.called = time.text if time is not None else ""
        self.clock = time.size if time is not None else Fraction(1)
        self.atoms: dict[Unit, Atom] = {}
        self.memo: dict[frozenset[tuple[Atom, Exponent]], Difference | None] = {}

    def atom(self, unit: Unit) -> Atom:
        """The atom of a unit, one object for each unit."""
        found = self.atoms.get(unit)
        if found is None:
            found = self.atoms[unit] = atom_of(unit)
        return found

    # -- comparison ----------------------------------------------------------------------------------

    def difference(self, one: Measure, other: Measure) -> Difference | None:
        """How two units differ, None where they do not, or where it cannot be told."""
        if not (one.known and other.known) or one.powers == other.powers:
            return None
        quotient = dict(one.powers)
        for atom, exponent in other.powers.items():
            total = quotient.get(atom, 0) - exponent
            if total == 0:
                del quotient[atom]
            else:
                quotient[atom] = total
        key = frozenset(quotient.items())
        if key in self.memo:
            return self.memo[key]
        settled = self.settled
        found = self._of_quotient(quotient)
        if settled or self.time not in quotient:
            self.memo[key] = found
        return found

    def _of_quotient(self, quotient: Mapping[Atom, Exponent]) -> Difference | None:
        exponents = self._numbers(quotient)
        if exponents is None:
            return None
        dimension = dimension_of(exponents)
        loose = any(a.loose for a in exponents)
        if loose:
            dimension.pop("length", None)
        if dimension:
            return Difference(None)
        if loose:
            return None
        if self.time in exponents and not self.settled:
            turns = exponents.pop(self.time)
            rest = ratio(exponents)
            if turns in (1, -1) and isinstance(rest, Fraction):
                self.clock, self.settled = rest ** int(-turns), True
                self.called = _TIMES.get(self.clock, "time")
            return None
        factor = ratio(exponents, self.time, self.clock)
        return None if factor is None or factor == 1 else Difference(factor)

    def _numbers(self, quotient: Mapping[Atom, Exponent]) -> dict[Atom, Fraction] | None:
        """Exponents as numbers, by the values of constants if need be; None where they have none."""
        found: dict[Atom, Fraction] = {}
        for atom, exponent in quotient.items():
            if not isinstance(exponent, (int, Fraction)):
                value = sp.expand(exponent)
                if not value.is_Rational:
                    value = sp.expand(valued(value, self.values))
                if not value.is_Rational:
                    return None
                exponent = exponent_of(value)
            if exponent != 0:
                found[atom] = Fraction(exponent)
        return found

    def time_power(self, one: Measure) -> Fraction | None:
        """The power of time in a unit, None where it cannot be told."""
        exponents = self._numbers(one.powers) if one.known else None
        return None if exponents is None else dimension_of(exponents).get("time", Fraction(0))

    # -- text ----------------------------------------------------------------------------------------

    def text(self, one: Measure) -> str:
        """A unit in the names that the model writes."""
        total: dict[str, Exponent] = {}
        for atom, exponent in one.powers.items():
            word = self.called if atom is self.time else atom.text
            for name, own in names_in(word).items():
                total[name] = total.get(name, 0) + own * exponent
        above = [_raised(n, e) for n, e in total.items() if not _negative(e) and e != 0]
        below = ["/" + _raised(n, -e) for n, e in total.items() if _negative(e)]
        return ("*".join(above) or ("1" if below else "dimensionless")) + "".join(below)


_TIMES = {
    Fraction(1): "s", Fraction(60): "min", Fraction(3600): "h", Fraction(86400): "day", Fraction(604800): "week",
    Fraction(1, 1000): "ms",
}  # fmt: skip


def atom_of(unit: Unit) -> Atom:
    """A unit as an atom: amounts are numbers, and `conc` has a volume that only the model knows."""
    dimension = tuple((base, power) for base, power in unit.dimension if base != "amount")
    loose = "conc" in re.findall(r"[A-Za-z]+", unit.text)
    return Atom(unit.text, Fraction(int(unit.size.p), int(unit.size.q)), dimension, loose)


def dimension_of(exponents: Mapping[Atom, Fraction]) -> dict[str, Fraction]:
    """The powers of length, mass, time, temperature and current that are not zero."""
    total: dict[str, Fraction] = {}
    for atom, exponent in exponents.items():
        for base, own in atom.dimension:
            total[base] = total.get(base, Fraction(0)) + own * exponent
    return {base: e for base, e in total.items() if e}


def ratio(
    exponents: Mapping[Atom, Fraction], time: Atom | None = None, clock: Fraction = Fraction(1)
) -> Fraction | float | None:
    """prod size_i ^ e_i: exact where it is rational; a float for a root, None beyond the cap."""
    root = math.lcm(1, *(e.denominator for e in exponents.values()))
    total, bits = Fraction(1), 0
    for atom, exponent in exponents.items():
        size, turns = clock if atom is time else atom.size, int(exponent * root)
        bits += (size.numerator.bit_length() + size.denominator.bit_length()) * abs(turns)
        if bits > BITS:
            return None
        total *= size**turns
    if root == 1 or total == 1:
        return total
    above, exact_above = sp.integer_nthroot(total.numerator, root)
    below, exact_below = sp.integer_nthroot(total.denominator, root)
    if exact_above and exact_below:
        return Fraction(int(above), int(below))
    logarithm = (math.log(total.numerator) - math.log(total.denominator)) / root
    return math.exp(logarithm) if abs(logarithm) < 700 else None


def valued(expr: sp.Expr, values: Mapping[sp.Symbol, sp.Expr], depth: int = 8) -> sp.Expr:
    """A formula of constants by their values, those of constants of constants among them up to a depth."""
    for _ in range(depth):
        here = {name: values[name] for name in expr.free_symbols if name in values}
        if not here:
            break
        expr = expr.xreplace(here)
    return expr


# ---------------------------------------------------------------------------------------------- text

_TOKEN = re.compile(r"\s*([A-Za-z_]\w*|[0-9.]+(?:[eE][+-]?[0-9]+)?|\*\*|[*/^()-])")
_NOTHING = ("dimensionless", "none", "1")


def names_in(written: str) -> dict[str, int]:
    """The names of a unit's text with their powers, {uM: -1, s: -1} of `1/uM/s`; the text itself if it is no unit."""
    tokens = [m[1] for m in _TOKEN.finditer(written)]
    if "".join(tokens) != re.sub(r"\s", "", written):
        return {written: 1}
    found: dict[str, int] = {}
    try:
        rest = _factors(tokens, 1, found)
    except (IndexError, ValueError):
        return {written: 1}
    return {written: 1} if rest else {name: e for name, e in found.items() if e and name not in _NOTHING}


def _factors(tokens: list[str], sign: int, found: dict[str, int]) -> list[str]:
    """Read factors into `found`, each to the power `sign`; what is left of the tokens."""
    here = sign
    while True:
        base, tokens = tokens[0], tokens[1:]
        inner: dict[str, int] = {}
        if base == "(":
            tokens = _factors(tokens, 1, inner)
            if tokens[0] != ")":
                raise ValueError
            tokens = tokens[1:]
        else:
            inner[base] = 1
        turns = 1
        if tokens and tokens[0] in ("^", "**"):
            minus = tokens[1] == "-"
            turns = int(tokens[2]) * -1 if minus else int(tokens[1])
            tokens = tokens[3 if minus else 2 :]
        for name, own in inner.items():
            found[name] = found.get(name, 0) + own * turns * here
        if not tokens or tokens[0] not in "*/":
            return tokens
        here = -sign if tokens[0] == "/" else sign
        tokens = tokens[1:]


def _negative(exponent: Exponent) -> bool:
    return bool(exponent < 0) if isinstance(exponent, (int, Fraction)) else exponent.could_extract_minus_sign()


def _raised(name: str, exponent: Exponent) -> str:
    base = name if re.fullmatch(r"\w+", name) else f"({name})"
    if exponent == 1:
        return base
    shown = str(exponent) if isinstance(exponent, (int, Fraction)) else text(exponent)
    return f"{base}^{shown}" if re.fullmatch(r"\w+", shown) else f"{base}^({shown})"


def factor_text(factor: Fraction | float) -> str:
    """A factor between units: exact where that is short, as itself or one over something."""
    if isinstance(factor, float):
        return f"about {factor:.6g}"
    value = sp.Rational(factor.numerator, factor.denominator)
    direct, inverse = number(value), number(1 / value)
    if "/" not in direct or len(direct) <= 9:
        return direct
    return f"1/{inverse}" if "/" not in inverse else f"{direct} (about {float(factor):.6g})"
