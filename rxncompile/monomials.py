"""Products of counts and their averages: labels, and the exact conversions between the kinds of moment.

A monomial is a sorted tuple of species indices with repetition: n_0^2 n_3 is (0, 0, 3), its order is its length. The
kinds of moment, m a multi-index of exponents and mu the means:

    raw  <prod n_i^m_i>      central  <prod (n_i - mu_i)^m_i>      factorial  <prod n_i (n_i - 1) ... (n_i - m_i + 1)>
    cumulant  sum over partitions of the positions of m into k blocks of (-1)^(k-1) (k-1)! prod <block>
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from functools import cache
from itertools import combinations_with_replacement, product
from math import comb, factorial

import sympy as sp

from .expressions import quoted, symbol

Monomial = tuple[int, ...]
Lookup = Callable[[Monomial], sp.Expr]


class Kind(StrEnum):
    """Which average of a monomial."""

    RAW = "raw"
    CENTRAL = "central"
    FACTORIAL = "factorial"
    CUMULANT = "cumulant"


_SUFFIX = {Kind.RAW: "", Kind.CENTRAL: "_c", Kind.FACTORIAL: "_f", Kind.CUMULANT: "_k"}
_LABEL = re.compile(r"<(.+)>(_[cfk])?")
_FACTOR = re.compile(r"('(?:[^'\\]|\\.)*'|[^*^']+)(?:\^(\d+))?(?:\*|$)")


def monomials(indices: Iterable[int], order: int) -> Iterator[Monomial]:
    """All monomials of orders 1 to `order`, the lower orders first, in declared order."""
    chosen = tuple(indices)
    for k in range(1, order + 1):
        yield from combinations_with_replacement(chosen, k)


def label(monomial: Monomial, names: Sequence[str], kind: Kind = Kind.RAW) -> str:
    """`<A^2*B>`, with `_c`, `_f` or `_k` behind it for the other kinds; a mean is `<A>` in all of them."""
    if len(set(monomial)) == len(monomial):
        factors = [names[i] for i in monomial]
    else:
        factors = [names[i] + (f"^{q}" if q > 1 else "") for i, q in Counter(monomial).items()]
    return f"<{'*'.join(factors)}>" + (_SUFFIX[kind] if len(monomial) > 1 else "")


def label_names(species: Iterable[sp.Symbol]) -> tuple[str, ...]:
    """How species stand in labels."""
    return tuple(quoted(s.name) for s in species)


def read_label(text: str, names: Sequence[str]) -> tuple[Monomial, Kind] | None:
    """The monomial and kind of a label; None for a text that is none."""
    return label_reader(names)(text)


def label_reader(names: Sequence[str]) -> Callable[[str], tuple[Monomial, Kind] | None]:
    """`read_label` for many labels of the same names."""
    place = {name: i for i, name in enumerate(names)}
    kinds = {suffix: kind for kind, suffix in _SUFFIX.items()}

    def read(text: str) -> tuple[Monomial, Kind] | None:
        match = _LABEL.fullmatch(text)
        if match is None:
            return None
        found: list[int] = []
        position, body = 0, match[1]
        while position < len(body):
            factor = _FACTOR.match(body, position)
            if factor is None or factor[1] not in place:
                return None
            found += [place[factor[1]]] * int(factor[2] or 1)
            position = factor.end()
        return tuple(sorted(found)), kinds[match[2] or ""]

    return read


# ---------------------------------------------------------------------------------------------- partitions


@cache
def partitions(size: int) -> tuple[tuple[tuple[int, ...], ...], ...]:
    """The partitions of `size` positions into blocks, the one block of all first."""
    if size == 0:
        return ((),)
    found: list[tuple[tuple[int, ...], ...]] = []
    for smaller in partitions(size - 1):
        for k in range(len(smaller)):
            found.append((*smaller[:k], (*smaller[k], size - 1), *smaller[k + 1 :]))
        found.append((*smaller, (size - 1,)))
    return tuple(sorted(found, key=len))


@cache
def blocks(monomial: Monomial) -> tuple[tuple[tuple[Monomial, ...], int], ...]:
    """Partitions of a monomial's positions, equal ones counted: (blocks, how many), the whole first."""
    counted: Counter[tuple[Monomial, ...]] = Counter()
    for partition in partitions(len(monomial)):
        counted[tuple(sorted(tuple(monomial[p] for p in block) for block in partition))] += 1
    return tuple(sorted(counted.items(), key=lambda pair: (len(pair[0]), pair[0])))


def cumulant_rest(monomial: Monomial, moment: Lookup) -> sp.Expr:
    """The cumulant of a monomial without the moment of the whole: `cumulant = moment(monomial) + rest`."""
    return sp.Add(
        *(
            many * (-1) ** (len(parts) - 1) * factorial(len(parts) - 1) * sp.Mul(*(moment(b) for b in parts))
            for parts, many in blocks(monomial)
            if len(parts) > 1
        )
    )


# ---------------------------------------------------------------------------------------------- conversions


@cache
def falling_from_powers(monomial: Monomial) -> tuple[tuple[Monomial, int], ...]:
    """`prod n_i!/(n_i - m_i)!` in powers of counts: (monomial, coefficient), the highest first."""
    return _factorwise(monomial, _first_kind)


@cache
def powers_from_falling(monomial: Monomial) -> tuple[tuple[Monomial, int], ...]:
    """`prod n_i^m_i` in falling factorials: (monomial, coefficient), the highest first."""
    return _factorwise(monomial, stirling)


def _factorwise(monomial: Monomial, row: Callable[[int], tuple[int, ...]]) -> tuple[tuple[Monomial, int], ...]:
    terms: list[tuple[Monomial, int]] = [((), 1)]
    for i, q in Counter(monomial).items():
        terms = [((*m, *(i,) * j), c * x) for m, c in terms for j, x in enumerate(row(q)) if x]
    return tuple(sorted(terms, key=lambda pair: (-len(pair[0]), pair[0])))


@cache
def stirling(k: int) -> tuple[int, ...]:
    """Stirling numbers of the second kind S(k, 0) ... S(k, k)."""
    row = [1]
    for _ in range(k):
        row = [(row[j - 1] if j else 0) + (j * row[j] if j < len(row) else 0) for j in range(len(row) + 1)]
    return tuple(row)


@cache
def _first_kind(k: int) -> tuple[int, ...]:
    """Signed Stirling numbers of the first kind s(k, 0) ... s(k, k)."""
    row = [1]
    for n in range(k):
        row = [(row[j - 1] if j else 0) - (n * row[j] if j < len(row) else 0) for j in range(len(row) + 1)]
    return tuple(row)


def sub_monomials(monomial: Monomial) -> Iterator[tuple[Monomial, Monomial, int]]:
    """Every way to split a monomial in two: (part, rest, number of ways)."""
    counts = sorted(Counter(monomial).items())
    for chosen in product(*(range(q + 1) for _, q in counts)):
        part = tuple(i for (i, _), j in zip(counts, chosen, strict=True) for _ in range(j))
        rest = tuple(i for (i, q), j in zip(counts, chosen, strict=True) for _ in range(q - j))
        ways = 1
        for (_, q), j in zip(counts, chosen, strict=True):
            ways *= comb(q, j)
        yield part, rest, ways


def central_from_raw(monomial: Monomial, raw: Lookup) -> sp.Expr:
    """A central moment by raw ones."""
    if len(monomial) < 2:
        return sp.S.Zero if monomial else sp.S.One
    total = []
    for part, rest, ways in sub_monomials(monomial):
        sign = -ways if len(rest) % 2 else ways
        total.append(sign * (raw(part) if part else sp.S.One) * sp.Mul(*(raw((i,)) for i in rest)))
    return sp.Add(*total)


def raw_from_central(monomial: Monomial, central: Lookup) -> sp.Expr:
    """A raw moment by central ones; `central` of one species is its mean."""
    total = []
    for part, rest, ways in sub_monomials(monomial):
        if len(part) != 1:
            total.append(ways * (central(part) if part else sp.S.One) * sp.Mul(*(central((i,)) for i in rest)))
    return sp.Add(*total)


def factorial_from_raw(monomial: Monomial, raw: Lookup) -> sp.Expr:
    """A factorial moment by raw ones."""
    return sp.Add(*(c * (raw(m) if m else sp.S.One) for m, c in falling_from_powers(monomial)))


def raw_from_factorial(monomial: Monomial, falling: Lookup) -> sp.Expr:
    """A raw moment by factorial ones."""
    return sp.Add(*(c * (falling(m) if m else sp.S.One) for m, c in powers_from_falling(monomial)))


def cumulant_from_raw(monomial: Monomial, raw: Lookup) -> sp.Expr:
    """A cumulant by raw moments."""
    return raw(monomial) + cumulant_rest(monomial, raw)


def raw_from_cumulants(monomial: Monomial, cumulant: Lookup) -> sp.Expr:
    """A raw moment by cumulants: the sum over all partitions."""
    return sp.Add(*(many * sp.Mul(*(cumulant(b) for b in parts)) for parts, many in blocks(monomial)))


def moment_symbol(monomial: Monomial, names: Sequence[str], kind: Kind) -> sp.Symbol:
    """The symbol of a moment; its name is its label."""
    return symbol(label(monomial, names, kind))
