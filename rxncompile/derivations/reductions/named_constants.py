"""Rate laws with the constants that biochemists name: Vmax, Km, Ki, found in the quotient of two polynomials.

    v = (sum_k n_k m_k)/(sum_j d_j m_j)     m monomials of the slow species, n and d formulas of rate constants

With one monomial m0 above, all is divided by the coefficient of m0 below: `Vmax m0/(... + m0)`. What stands before m0
without one of its species is that species' Km; a further species X beside a monomial that has a constant already
divides it by a Ki of X, so that constants which occur twice are named once. With several monomials above (a reversible
law) all is divided by the constant below: `(Vf S/K_S - Vr P/K_P)/(1 + S/K_S + P/K_P)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import sympy as sp

from ...expressions import symbol
from ...system import Step, System
from .assembly import Reduction
from .divisors import common_divisor
from .polynomials import Poly, Ring, written

Monomial = tuple[int, ...]


@dataclass(frozen=True)
class Law:
    """A rate law: `formula` in species and named constants, and what these stand for, in order."""

    formula: sp.Expr
    constants: tuple[tuple[sp.Symbol, sp.Expr], ...]


def named_constants(law: sp.Expr, species: Sequence[sp.Symbol], taken: Sequence[str] = (), suffix: str = "") -> Law:
    """A rational rate law with its constants gathered and named; as it is where it is no such quotient.

    `species`: what is no constant. `taken`: names not to be used. `suffix` is put behind every name.
    """
    try:
        ring = Ring([law], tuple(species))
        above, below = ring.quotient(law)
    except ValueError:
        return Law(law, ())
    if above.is_zero or any(name.has(*species) for name in ring.names[len(species) :]):
        return Law(law, ())
    common = common_divisor(above, below)
    above, below = above.exquo(common), below.exquo(common)
    top, bottom = ring.by_powers(above), ring.by_powers(below)
    if len(bottom) < 2:
        return Law(law, ())
    book = _Book(ring, species, set(taken), suffix)
    if len(top) == 1:
        return _irreversible(book, *next(iter(top.items())), bottom, law)
    return _reversible(book, top, bottom, law)


class _Book:
    """Constants named so far; equal ones share a name."""

    def __init__(self, ring: Ring, species: Sequence[sp.Symbol], taken: set[str], suffix: str) -> None:
        self.ring, self.species, self.taken, self.suffix = ring, tuple(species), taken, suffix
        self.named: dict[tuple[Poly, Poly], sp.Symbol] = {}

    def name(self, base: str, above: Poly, below: Poly) -> sp.Expr:
        """The name of a quotient of formulas of rate constants; numbers stay numbers."""
        above, below = above.cancel(below)
        if below.LC < 0:
            above, below = -above, -below
        if above.is_ground and below.is_ground:
            return above.as_expr() / below.as_expr()
        if (above, below) not in self.named:
            wanted = base + self.suffix
            while wanted in self.taken:
                wanted += "_"
            self.taken.add(wanted)
            self.named[above, below] = symbol(wanted)
        return self.named[above, below]

    @property
    def constants(self) -> tuple[tuple[sp.Symbol, sp.Expr], ...]:
        return tuple((s, written(a, ()) / written(b, ())) for (a, b), s in self.named.items())

    def product(self, powers: Monomial) -> sp.Expr:
        return sp.Mul(*(s**n for s, n in zip(self.species, powers, strict=True)))

    def plain(self, powers: Monomial) -> str:
        words = [f"{s.name}{n if n > 1 else ''}" for s, n in zip(self.species, powers, strict=True) if n]
        return "_".join("".join(c if c.isalnum() else "_" for c in w).strip("_") for w in words)


def _irreversible(book: _Book, main: Monomial, top: Poly, bottom: dict[Monomial, Poly], law: sp.Expr) -> Law:
    unit = bottom.get(main)
    if unit is None:
        return Law(law, ())
    one = book.ring.one
    several = sum(1 for n in main if n) > 1
    vmax = book.name("Vmax", top, unit)
    written_as: dict[Monomial, sp.Expr] = {main: sp.S.One}
    held: dict[Monomial, tuple[Poly, Poly]] = {main: (one, one)}
    # nearest to the main monomial first: those that lack one species of it, then the others by degree
    rest = sorted((m for m in bottom if m != main), key=lambda m: (not _lacks(m, main), -sum(m), m[::-1]))
    for m in rest:
        above, below = bottom[m], unit
        if lacking := _lacks(m, main):
            base = f"Km_{book.plain(lacking)}" if several else "Km"
            written_as[m] = book.name(base, above, below)
        else:
            written_as[m] = _beside(book, m, above, below, held, written_as)
        held[m] = (above, below)
    total = sp.Add(*(written_as[m] * book.product(m) for m in sorted(bottom, key=lambda m: (sum(m), m[::-1]))))
    return Law(vmax * book.product(main) / total, book.constants)


def _lacks(m: Monomial, main: Monomial) -> Monomial | None:
    """What a monomial lacks of the main one, where that is one species in first power."""
    difference = tuple(b - a for a, b in zip(m, main, strict=True))
    return difference if min(difference) >= 0 and sum(difference) == 1 else None


def _beside(
    book: _Book,
    m: Monomial,
    above: Poly,
    below: Poly,
    held: dict[Monomial, tuple[Poly, Poly]],
    written_as: dict[Monomial, sp.Expr],
) -> sp.Expr:
    """The constant of a monomial by that of one with a species less (over a Ki) or more (times a Ki)."""
    for inner in sorted(held, key=lambda x: (sum(x) != sum(m) - 1, x[::-1])):
        more = tuple(a - b for a, b in zip(m, inner, strict=True))
        one_more, one_less = min(more) >= 0 and sum(more) == 1, max(more) <= 0 and sum(more) == -1
        if one_more or one_less:
            a, b = held[inner]
            species = book.plain(tuple(abs(n) for n in more))
            if one_more:  # c = c_inner/Ki
                return written_as[inner] / book.name(f"Ki_{species}", a * below, b * above)
            return written_as[inner] * book.name(f"Ki_{species}", above * b, below * a)
    return book.name(f"K_{book.plain(m)}", above, below)


def _reversible(book: _Book, top: dict[Monomial, Poly], bottom: dict[Monomial, Poly], law: sp.Expr) -> Law:
    constant = (0,) * len(book.species)
    unit = bottom.get(constant)
    if unit is None:
        return Law(law, ())
    order = sorted(bottom, key=lambda m: (sum(m), m[::-1]))
    inverse: dict[Monomial, sp.Expr] = {}
    for m in order:
        inverse[m] = sp.S.One if m == constant else 1 / book.name(f"K_{book.plain(m)}", unit, bottom[m])
    total = sp.Add(*(inverse[m] * book.product(m) for m in order))
    backward = all(c < 0 for c in top[max(top)].coeffs())  # forward is what uses up the species declared first
    if backward:
        top = {m: -coefficient for m, coefficient in top.items()}
    terms = []
    for m, coefficient in sorted(top.items(), key=lambda pair: (-sum(pair[0]), pair[0][::-1])):
        negative = all(c < 0 for c in coefficient.coeffs())
        size = -coefficient if negative else coefficient
        base = ("Vr" if negative else "Vf") if len(top) == 2 else f"V_{book.plain(m)}"
        if m in bottom:
            term = book.name(base, size, bottom[m]) * inverse[m] * book.product(m)
        else:
            term = book.name(base.replace("V", "k"), size, unit) * book.product(m)
        terms.append(-term if negative else term)
    law = sp.Mul(sp.Add(*terms), 1 / total, -1 if backward else 1)
    return Law(law, book.constants)


def with_named_constants(found: Reduction) -> System:
    """A reduced System whose right-hand sides are written with named constants, which are definitions of it."""
    system = found.system
    species = [*(s.symbol for s in system.states), *(s for f in system.fields for s in f.outputs)]
    taken = [s.name for s in species] + [c.symbol.name for c in system.parameters]
    taken += [s.name for s, _ in system.definitions]
    values: dict[tuple[sp.Symbol, sp.Expr], None] = {}
    known: dict[sp.Expr, Law] = {}
    drift = []
    for rhs in system.rhs:
        terms = []
        for term in sp.Add.make_args(rhs):
            sign = -1 if term.could_extract_minus_sign() else 1
            law = known.get(sign * term)
            if law is None:
                suffix = f"_{len(known) + 1}" if known else ""
                law = named_constants(sign * term, species, taken, suffix)
                if law.constants:
                    known[sign * term] = law
                    taken += [s.name for s, _ in law.constants]
                    values |= dict.fromkeys(law.constants)
            terms.append(sign * law.formula)
        drift.append(sp.Add(*terms))
    if not known:
        return system
    return replace(
        system, drift=tuple(drift), definitions=(*values, *system.definitions),
        steps=(*system.steps, Step("constants gathered and named")),
    )  # fmt: skip
