"""Several polynomial equations in as many unknowns brought down to one equation in one of them.

An unknown that an equation holds in first power, `a u + b = 0`, is `u = -b/a` in all the others, by equations first
whose `a` is never 0 where unknowns are not negative, so that the formulas hold where these are 0 too; what is left when
one unknown is left is its polynomial, without the factors that `a` brought in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp

from .polynomials import Poly, Ring, factors_of, times, written


@dataclass(frozen=True)
class OneUnknown:
    """`f(unknown) = 0` in a ring whose first name is the unknown; `others` by it and each other, last ones first.

    `regular`: no formula of these divides by what is 0 at unknowns that are not negative.
    """

    unknown: sp.Symbol
    ring: Ring
    f: Poly
    others: tuple[tuple[sp.Symbol, sp.Expr], ...]
    regular: bool


def one_unknown(
    equations: Sequence[sp.Expr], unknowns: Sequence[sp.Symbol], kept: Sequence[sp.Symbol] = ()
) -> OneUnknown | None:
    """The equations by one unknown, one of `kept` if that can be; None where they cannot be brought down so.

    Raises R413 where the polynomials become too long.
    """
    ring = Ring(equations, tuple(unknowns))
    if any(name.has(*unknowns) for name in ring.names[len(unknowns) :]):
        return None
    try:
        left = [ring.quotient(e)[0] for e in equations]
    except ValueError:
        return None
    place = {u: i for i, u in enumerate(unknowns)}
    waiting = list(unknowns)
    solved: list[tuple[sp.Symbol, sp.Expr]] = []
    regular = True
    while len(waiting) > 1:
        best: tuple[tuple[bool, bool, int, int, int], int, sp.Symbol] | None = None
        for k, p in enumerate(left):
            for u in waiting:
                if p and max(m[place[u]] for m in p.monoms()) == 1:
                    top = sum(m[place[u]] for m in p.monoms())
                    among = [place[x] for x in waiting]
                    degree = _degree_of_top(p, place[u], among)
                    rank = (u in kept, _may_vanish(p, place[u], among), degree, top * len(p), place[u])
                    if best is None or rank < best[0]:
                        best = rank, k, u
        if best is None:
            return None
        (_, may_vanish, *_), k, u = best
        regular = regular and not may_vanish
        p = left.pop(k)
        i = place[u]
        a = p.ring.from_dict({_dropped(m, i): c for m, c in p.terms() if m[i]})
        b = p.ring.from_dict({m: c for m, c in p.terms() if not m[i]})
        waiting.remove(u)
        solved.append((u, -written(b, waiting) / written(a, waiting)))
        left = [_core(_inserted(q, i, a, b), [place[x] for x in waiting]) for q in left]
    (unknown,) = waiting
    if not left[0]:
        return None
    last = Ring([left[0].as_expr()], (unknown,))
    return OneUnknown(unknown, last, last.polynomial(left[0].as_expr()), tuple(reversed(solved)), regular)


def _degree_of_top(p: Poly, i: int, places: Sequence[int]) -> int:
    """The degree in the unknowns of what stands before an unknown: 0 is best, as it brings in no factors."""
    return max(sum(m[j] for j in places if j != i) for m in p.monoms() if m[i])


def _may_vanish(p: Poly, i: int, places: Sequence[int]) -> bool:
    """Whether what stands before an unknown can be 0: it has terms of both signs, or is 0 where the unknowns are."""
    top = [(m, c) for m, c in p.terms() if m[i]]
    alone = any(not any(m[j] for j in places if j != i) for m, _ in top)
    return not alone or len({c > 0 for _, c in top}) > 1


def _dropped(powers: tuple[int, ...], i: int) -> tuple[int, ...]:
    return (*powers[:i], powers[i] - 1, *powers[i + 1 :])


def _inserted(q: Poly, i: int, a: Poly, b: Poly) -> Poly:
    """q at u = -b/a, times the power of a that makes it a polynomial."""
    if not q:
        return q
    parts: dict[int, Poly] = {}
    for m, c in q.terms():
        bare = (*m[:i], 0, *m[i + 1 :])
        parts[m[i]] = parts.get(m[i], q.ring.zero) + q.ring.from_dict({bare: c})
    degree = max(parts)
    total = q.ring.zero
    for n, part in parts.items():
        for _ in range(n):
            part = times(part, -b)
        for _ in range(degree - n):
            part = times(part, a)
        total += part
    return total


def _core(p: Poly, places: Sequence[int]) -> Poly:
    """The product of the factors that hold an unknown, each once."""
    if not p:
        return p
    product = p.ring.one
    for f, _ in factors_of(p):
        if any(m[i] for m in f.monoms() for i in places):
            product = times(product, f)
    return product
