"""Conservation laws put into a generator: `sum_s w_s n_s = T` gives one count of each law by the others.

    n_e = (T - sum_(s kept) w_s n_s)/w_e        T by the counts at the start

What is left is a generator of fewer species, whose propensities have T in their rates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import sympy as sp

from ..errors import RxnError
from ..expressions import symbol
from ..network import Distribution
from ..operators import Generator, Term
from ..operators.generator import falling_factorials
from ..structure import ConservationLaw
from ..system import State


def eliminated(
    laws: Iterable[ConservationLaw], states: Mapping[sp.Symbol, State], names: Iterable[str] | None = None
) -> dict[sp.Symbol, sp.Expr]:
    """Counts by those that are kept, one for each law: those of `names`, else the last ones in declared order.

    Raises R524 for a total that is random, or for a name that no law gives.
    """
    chosen = tuple(laws)
    place = {s: k for k, s in enumerate(states)}
    asked = None if names is None else [symbol(n) for n in names]
    rows = [{symbol(n): sp.Integer(c) for n, c in law.coefficients} for law in chosen]
    totals = [_total(row, states) for row in rows]
    found: dict[sp.Symbol, tuple[dict[sp.Symbol, sp.Expr], sp.Expr]] = {}
    for row, total in zip(rows, totals, strict=True):
        for gone, (weights, their) in found.items():  # those that are given already leave this law
            share = row.pop(gone, sp.S.Zero)
            for s, c in weights.items():
                row[s] = row.get(s, sp.S.Zero) + share * c
            total -= share * their
        row = {s: c for s, c in row.items() if c != 0}
        candidates = [s for s in row if asked is None or s in asked]
        if not candidates:
            continue
        pivot = max(candidates, key=place.__getitem__)
        share = row.pop(pivot)
        weights, constant = {s: -c / share for s, c in row.items()}, total / share
        for gone, (others, their) in list(found.items()):
            part = others.pop(pivot, sp.S.Zero)
            for s, c in weights.items():
                others[s] = others.get(s, sp.S.Zero) + part * c
            found[gone] = (others, their + part * constant)
        found[pivot] = (weights, constant)
    for name in asked or ():
        if name not in found:
            hint = "conserved: " + "; ".join(str(law.formula) for law in chosen)
            raise RxnError("R524", f"no conservation law is left that gives {name.name!r} by others", hint=hint)
    return {s: sp.Add(total, *(c * n for n, c in weights.items())) for s, (weights, total) in found.items()}


def _total(row: Mapping[sp.Symbol, sp.Expr], states: Mapping[sp.Symbol, State]) -> sp.Expr:
    parts = []
    for s, c in row.items():
        initial = states[s].initial
        if isinstance(initial, Distribution):
            message = f"{s.name!r} starts from a distribution, so that what is conserved is a random number"
            raise RxnError("R524", message, hint="derive the moments without elimination")
        parts.append(c * initial)
    return sp.Add(*parts)


def without(gen: Generator, given: Mapping[sp.Symbol, sp.Expr]) -> Generator:
    """The generator of the species that are kept."""
    kept = tuple(s for s in gen.species if s not in given)
    terms: list[Term] = []
    for term in gen.terms:
        moves = {s: n for s, n in term.change if s not in given}
        if not moves:
            continue  # what it changes is given by what stays
        before = tuple((s, n) for s, n in term.before if s not in given)
        if term.law is None and len(before) == len(term.before):
            after = tuple((s, n) for s, n in term.after if s not in given)
            terms.append(replace(term, before=before, after=after))
            continue
        law = term.propensity.xreplace(dict(given))
        polynomial = falling_factorials(law, kept)
        for powers, rate in polynomial or ():
            terms.append(Term(term.name, rate, powers, _moved(powers, moves, kept), None, term.origin))
        if polynomial is None:
            terms.append(Term(term.name, sp.S.One, before, _moved(before, moves, kept), law, term.origin))
    return Generator(gen.name, kept, tuple(terms))


def _moved(
    before: Iterable[tuple[sp.Symbol, int]], moves: Mapping[sp.Symbol, int], kept: Iterable[sp.Symbol]
) -> tuple[tuple[sp.Symbol, int], ...]:
    counts = dict(before)
    return tuple((s, n) for s in kept if (n := counts.get(s, 0) + moves.get(s, 0)))
