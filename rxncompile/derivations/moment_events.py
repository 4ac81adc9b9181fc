"""What a timed event does to moments: counts become polynomials of counts, n_i -> g_i(n), and their moments follow.

    <prod n_i^m_i>  ->  <prod g_i(n)^m_i>

An event that waits for a state acts on each path at a time of its own, which moments do not know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from math import prod

import sympy as sp

from ..errors import RxnError
from ..monomials import (
    Kind,
    Lookup,
    Monomial,
    central_from_raw,
    cumulant_from_raw,
    factorial_from_raw,
    raw_from_central,
    raw_from_cumulants,
    raw_from_factorial,
)
from ..system import System, Trigger

FROM_RAW: dict[Kind, Callable[[Monomial, Lookup], sp.Expr]] = {
    Kind.CENTRAL: central_from_raw, Kind.FACTORIAL: factorial_from_raw, Kind.CUMULANT: cumulant_from_raw,
}  # fmt: skip
TO_RAW: dict[Kind, Callable[[Monomial, Lookup], sp.Expr]] = {
    Kind.CENTRAL: raw_from_central, Kind.FACTORIAL: raw_from_factorial, Kind.CUMULANT: raw_from_cumulants,
}  # fmt: skip


def events_of_moments(
    process: System, species: Sequence[sp.Symbol], wanted: Sequence[Monomial], kind: Kind, symbol: Lookup
) -> tuple[Trigger, ...]:
    """The events of a jump process as those of its moments, `symbol` giving that of any moment.

    Raises R518 by name for an event that waits for a state, for a count that becomes no polynomial of counts and for
    a parameter that becomes random.
    """
    return tuple(_event(process, e, species, wanted, kind, symbol) for e in process.events)


def _event(
    process: System,
    event: Trigger,
    species: Sequence[sp.Symbol],
    wanted: Sequence[Monomial],
    kind: Kind,
    symbol: Lookup,
) -> Trigger:
    place = {s: i for i, s in enumerate(species)}
    written = _written_out(process, frozenset(species))
    when = event.condition.xreplace(written)
    if not event.timed or when.free_symbols & place.keys():
        message = f"the event 'when {event.condition}' waits for a state, which moments do not tell"
        raise RxnError("R518", message, event.origin, "sample the jump process, or solve the master equation")
    becomes: dict[int, sp.Poly] = {}
    rest: list[tuple[sp.Symbol, sp.Expr]] = []
    for name, value in event.assignments:
        value = value.xreplace(written)
        if name in place:
            if not value.is_polynomial(*species):
                message = f"{name.name!r} becomes {value}, no polynomial of counts: moments do not tell its average"
                raise RxnError("R518", message, event.origin)
            becomes[place[name]] = sp.Poly(value, *species)
        elif value.free_symbols & place.keys():
            message = f"{name.name!r} becomes {value} and so a random number, which moment equations cannot hold"
            raise RxnError("R518", message, event.origin)
        else:
            rest.append((name, value))

    own = [sp.Poly(s, *species) for s in species]
    new = moments_of([becomes.get(i, own[i]) for i in range(len(species))], kind, symbol)
    moved = [(symbol(m), new(m)) for m in wanted if becomes.keys() & set(m)]
    return Trigger(True, when, (*moved, *rest), event.origin)


def moments_of(variables: Sequence[sp.Poly], kind: Kind, symbol: Lookup) -> Lookup:
    """The moments of variables that are polynomials of counts, by the moments of these, of one kind."""

    @cache
    def held(m: Monomial) -> sp.Expr:
        if not m:
            return sp.S.One
        return symbol(m) if kind is Kind.RAW or len(m) == 1 else TO_RAW[kind](m, symbol)

    @cache
    def raw(m: Monomial) -> sp.Expr:
        product = prod((variables[i] for i in m[1:]), start=variables[m[0]])
        powers = ((tuple(i for i, q in enumerate(each) for _ in range(q)), c) for each, c in product.terms())
        return sp.Add(*(c * held(of) for of, c in powers))

    return lambda m: sp.expand(raw(m) if kind is Kind.RAW or len(m) == 1 else FROM_RAW[kind](m, raw))


def _written_out(process: System, species: frozenset[sp.Symbol]) -> Mapping[sp.Symbol, sp.Expr]:
    """The definitions that depend on counts, in terms of these."""
    found: dict[sp.Symbol, sp.Expr] = {}
    for name, formula in process.definitions:
        whole = formula.xreplace(found)
        if whole.free_symbols & species:
            found[name] = whole
    return found
