"""The generator on states of counts: `W |n>`, and its matrix on a set of states.

    â^p a^q |n> = n!/(n - q)! |n - q + p>
    (S^c - 1) f(N) |n> = f(n) (|n + c> - |n>)       where the reactants are there

    (W'g)(n) = sum_r a_r(n) (g(n + c_r) - g(n))                    on functions of counts, d<g>/dt = <W'g>

Numbers are exact; what leaves the set of a matrix is lost, so that its columns sum to minus what flows out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import perm

import sympy as sp

from ..errors import RxnError
from .generator import Generator, Powers, Term

Counts = tuple[int, ...]


def act(gen: Generator, counts: Counts, values: Mapping[sp.Symbol, sp.Expr]) -> dict[Counts, sp.Expr]:
    """`W |n>` as {state: coefficient}, the parameters and the time of `values` put in."""
    total: dict[Counts, sp.Expr] = {}
    for term in gen.terms:
        rate = term.rate.xreplace(dict(values))
        for sign, state, weight in _images(gen, term, counts, values):
            total[state] = total.get(state, sp.S.Zero) + sign * rate * weight
    return {state: x for state, x in total.items() if x != 0}


def matrix(
    gen: Generator, states: Sequence[Counts], values: Mapping[sp.Symbol, sp.Expr]
) -> dict[tuple[int, int], sp.Expr]:
    """{(row, column): <m| W |n>} of W on a set of states, its entries that are not zero. Raises R505 for no number."""
    place = {state: k for k, state in enumerate(states)}
    found: dict[tuple[int, int], sp.Expr] = {}
    for column, state in enumerate(states):
        for image, x in act(gen, state, values).items():
            if not x.is_number:
                loose = ", ".join(sorted(s.name for s in x.free_symbols))
                raise RxnError("R505", f"an element of the operator has no value: it depends on {loose}")
            if image in place:
                found[place[image], column] = x
    return found


def backward(gen: Generator, observable: sp.Expr) -> sp.Expr:
    """`(W'g)(n) = sum_r a_r(n) (g(n + c_r) - g(n))`, a function of counts whose average is d<g>/dt.

    For any observable and any law; where a law needs its reactants, it is 0 where they are not there.
    """
    total = []
    for term in gen.terms:
        rate = term.propensity
        if term.law is not None:
            short = [sp.Lt(s, n) for s, n in term.before if not _vanishes(term.law, s, n)]
            rate = sp.Piecewise((0, sp.Or(*short)), (rate, True)) if short else rate
        moved = observable.xreplace({s: s + n for s, n in term.change})
        total.append(rate * (moved - observable))
    return sp.Add(*total)


def _vanishes(law: sp.Expr, s: sp.Symbol, count: int) -> bool:
    """Whether a law is 0 wherever there are fewer than `count` of a species."""
    return all(law.subs(s, n) == 0 for n in range(count))


def _images(
    gen: Generator, term: Term, counts: Counts, values: Mapping[sp.Symbol, sp.Expr]
) -> list[tuple[int, Counts, sp.Expr]]:
    """(sign, state, weight) of what a term makes of a state."""
    if term.law is None:
        found = []
        for sign, made in ((1, term.after), (-1, term.before)):
            weight, state = _lowered(gen, counts, term.before)
            if weight:
                found.append((sign, _raised(gen, state, made), sp.Integer(weight)))
        return found
    if any(counts[gen.positions[s]] < n for s, n in term.before):
        return []
    at = {**values, **{s: sp.Integer(n) for s, n in zip(gen.species, counts, strict=True)}}
    weight = term.law.xreplace(at)
    return [(1, _raised(gen, counts, term.change), weight), (-1, counts, weight)]


def _lowered(gen: Generator, counts: Counts, taken: Powers) -> tuple[int, Counts]:
    weight, state = 1, list(counts)
    for s, n in taken:
        i = gen.positions[s]
        weight *= perm(state[i], n)
        state[i] -= n
    return weight, tuple(state)


def _raised(gen: Generator, counts: Counts, made: Powers) -> Counts:
    state = list(counts)
    for s, n in made:
        state[gen.positions[s]] += n
    return tuple(state)
