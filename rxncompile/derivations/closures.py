"""Moment closures: formulas for the moments that a hierarchy needs and does not have.

A closure is a function `(monomial, raw, order) -> formula`: what the raw moment of a monomial is, by raw moments of
lower order that `raw` gives, in a hierarchy up to `order`. `close` applies one to a hierarchy of any kind. A closure of
one's own is such a function.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from itertools import combinations

import sympy as sp

from ..errors import RxnError
from ..monomials import (
    Kind,
    Lookup,
    Monomial,
    central_from_raw,
    cumulant_rest,
    factorial_from_raw,
    falling_from_powers,
    label,
    moment_symbol,
    monomials,
    raw_from_central,
    raw_from_factorial,
    read_label,
    sub_monomials,
)
from ..system import State, Step, System

Closure = Callable[[Monomial, Lookup, int], sp.Expr]  # (monomial, raw moments of lower order, order) -> raw moment


def gaussian(monomial: Monomial, raw: Lookup, order: int) -> sp.Expr:
    """Cumulants above the order vanish, as those of a normal distribution above the second.

    Goodman 1953; Whittle 1957; Ernst et al. 2021, Eq. C12.
    """
    return -cumulant_rest(monomial, raw)


def zero(monomial: Monomial, raw: Lookup, order: int) -> sp.Expr:
    """Central moments above the order vanish. Matis and Guerrero 2010; Gillespie 2009."""
    total = []
    for part, rest, ways in sub_monomials(monomial):
        if rest:
            sign = -ways if len(rest) % 2 else ways
            total.append(-sign * (raw(part) if part else sp.S.One) * sp.Mul(*(raw((i,)) for i in rest)))
    return sp.Add(*total)


def poisson(monomial: Monomial, raw: Lookup, order: int) -> sp.Expr:
    """Cumulants above the order are those of independent Poisson variables: the mean for one species, else 0.

    Nasell 2003.
    """
    own = raw(monomial[:1]) if len(set(monomial)) == 1 else sp.S.Zero
    return own - cumulant_rest(monomial, raw)


def zero_factorial_cumulant(monomial: Monomial, raw: Lookup, order: int) -> sp.Expr:
    """Factorial cumulants above the order vanish, as all above the first do for independent Poisson variables.

    Kendall 1949.
    """

    def falling(m: Monomial) -> sp.Expr:
        return factorial_from_raw(m, raw)

    lower = sp.Add(*(c * (raw(m) if m else sp.S.One) for m, c in falling_from_powers(monomial)[1:]))
    return -cumulant_rest(monomial, falling) - lower


def lognormal(monomial: Monomial, raw: Lookup, order: int) -> sp.Expr:
    """Moments of a multivariate log-normal distribution with the same means and second moments.

    <prod x_p> = prod_p <x_p> prod_{p < q} <x_p x_q>/(<x_p> <x_q>). Keeling 2000; Lakatos et al. 2015.
    """
    means = sp.Mul(*(raw((i,)) for i in monomial))
    pairs = [(i, j) for i, j in combinations(monomial, 2)]
    return sp.Mul(means, *(raw((i, j)) / (raw((i,)) * raw((j,))) for i, j in pairs))


def derivative_matching(monomial: Monomial, raw: Lookup, order: int) -> sp.Expr:
    """A product of powers of the moments up to the order, whose derivatives match those of the moment at a point.

    <x^m> = prod_p <x^p>^g_p with sum_p g_p C(p, s) = C(m, s) for every s up to the order. Singh and Hespanha 2011.
    """
    return sp.Mul(*(raw(m) ** g for m, g in _matched(monomial, order)))


@cache
def _matched(monomial: Monomial, order: int) -> tuple[tuple[Monomial, int], ...]:
    """The exponents g_p, from the highest order down: those of a given order appear alone in its equations."""
    known = sorted(monomials(sorted(set(monomial)), order), key=len, reverse=True)
    powers: dict[Monomial, int] = {}
    for s in known:
        powers[s] = _ways(monomial, s) - sum(g * _ways(p, s) for p, g in powers.items())
    return tuple((p, g) for p, g in powers.items() if g)


def _ways(whole: Monomial, part: Monomial) -> int:
    """prod_i C(whole_i, part_i)."""
    have, result = Counter(whole), sp.Integer(1)
    for i, q in Counter(part).items():
        result *= sp.binomial(have[i], q)
    return int(result)


# Closures of n that are the same closures of n - mean: they are applied to central moments as they are.
_WITH_THE_MEAN = (gaussian, zero)


BY_NAME: dict[str, Closure] = {
    f.__name__: f for f in (gaussian, zero, poisson, zero_factorial_cumulant, lognormal, derivative_matching)
}


# ---------------------------------------------------------------------------------------------- closing


def close(system: System, closure: Closure, each: Mapping[str, Closure] | None = None) -> System:
    """The hierarchy closed: its frontier given by formulas, each after `closure`, or after its own in `each` by label.

    Raises R519 for a System that is no open moment hierarchy.
    """
    parsed = _Parsed(system)
    order = max(len(m) for m in parsed.known)
    made: dict[Monomial, sp.Expr] = {}

    def raw(m: Monomial) -> sp.Expr:
        if not m:
            return sp.S.One
        if parsed.kind is Kind.RAW or len(m) == 1:
            return moment(m)
        return raw_from_central(m, moment) if parsed.kind is Kind.CENTRAL else raw_from_factorial(m, moment)

    def moment(m: Monomial) -> sp.Expr:
        name = moment_symbol(m, parsed.names, parsed.kind)
        if m not in parsed.known and m not in made:
            if len(m) <= order:
                message = f"{system.name} has no equation for {label(m, parsed.names, parsed.kind)}"
                raise RxnError("R519", message, hint="a closure needs all moments up to the order")
            made[m] = sp.S.Zero  # the formula is made of lower orders alone, so that nothing asks for it meanwhile
            made[m] = formula(m, (each or {}).get(label(m, parsed.names, parsed.kind), closure))
        return name

    def formula(m: Monomial, chosen: Closure) -> sp.Expr:
        if parsed.kind is Kind.RAW:
            return chosen(m, raw, order)
        if parsed.kind is Kind.CENTRAL and chosen in _WITH_THE_MEAN:
            return chosen(m, lambda part: sp.S.Zero if len(part) == 1 else moment(part), order)
        whole = chosen(m, raw, order)
        if parsed.kind is Kind.CENTRAL:
            return sp.expand(central_from_raw(m, lambda part: whole if part == m else raw(part)))
        return sp.expand(factorial_from_raw(m, lambda part: whole if part == m else raw(part)))

    for m in parsed.frontier:
        moment(m)
    symbols = {m: moment_symbol(m, parsed.names, parsed.kind) for m in made}
    extra = [m for m in made if m not in parsed.frontier]
    opened = replace(
        system,
        frontier=(*system.frontier, *(State(symbols[m], label(m, parsed.names, parsed.kind)) for m in extra)),
    )
    names = [closure.__name__, *(f"{k}: {v.__name__}" for k, v in (each or {}).items())]
    step = Step("closure", (("by", ", ".join(names)),), _source(closure))
    closed = opened.define({symbols[m]: f for m, f in made.items()}, step)
    return replace(closed, outputs=system.outputs)


def _source(closure: Closure) -> str:
    """The paper that a closure's docstring ends with."""
    lines = [line.strip() for line in (closure.__doc__ or "").strip().splitlines()]
    return lines[-1].rstrip(".") if len(lines) > 1 else ""


class _Parsed:
    """A moment hierarchy as monomials, read from its labels."""

    def __init__(self, system: System) -> None:
        self.names = [s.label[1:-1] for s in system.states if _SINGLE.fullmatch(s.label)]
        self.held: dict[str, Monomial] = {}
        kinds = set()
        for state in system.states:
            found = read_label(state.label, self.names)
            if found is not None:
                self.held[state.label] = found[0]
                kinds |= {found[1]} if len(found[0]) > 1 else set()
        self.kind = kinds.pop() if len(kinds) == 1 else Kind.RAW
        self.known = set(self.held.values())
        self.frontier: list[Monomial] = []
        for state in system.frontier:
            found = read_label(state.label, self.names)
            if found is None:
                raise RxnError("R519", f"{state.label} of {system.name} is no moment of species with equations")
            if len(found[0]) > 1:
                self.kind = found[1]
            self.frontier.append(found[0])
        if not self.frontier:
            raise RxnError("R519", f"{system.name} is closed already")


_SINGLE = re.compile(r"<('(?:[^'\\]|\\.)*'|[^*^']+)>")
