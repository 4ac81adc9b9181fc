"""The fast species by the slow ones where their balance is linear in them.

    sum_j A_ij(slow) x_j + b_i(slow) = 0,   sum_j w_kj x_j = T_k   for each sum that the fast reactions keep

Where every exchange is undone by its reverse and all circles balance (Wegscheider's condition), x_j follows from x_i by
the ratio of their rates along a tree; else one balance of each law is replaced by the law and the system solved by
elimination without fractions, whose minors are the sums over trees of King and Altman 1956: positive polynomials.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sympy as sp

from ...errors import RxnError
from .divisors import common_divisor
from .polynomials import Poly, Ring, fraction_free, lowest, over, times

Law = tuple[Mapping[sp.Symbol, int], sp.Symbol]  # weights of fast species, and the symbol of their sum

_MOST_GATHERED = 200  # terms of a rate that is written out; a longer one is read better by the fast species themselves


def left_of_sums(laws: Sequence[Law], given: Mapping[sp.Symbol, sp.Expr] | None = None) -> list[sp.Expr]:
    """sum_j w_j x_j - T of each law, which vanishes; species that are `given` by formulas are put in."""
    known = given or {}
    return [sp.Add(*(c * known.get(s, s) for s, c in w.items())) - t for w, t in laws]


@dataclass(frozen=True)
class Quotients:
    """Fast species as `numerators[s]/denominators[s]`, in a ring whose first names are the fast species (not in them).

    Species that share a conserved sum share a denominator.
    """

    ring: Ring
    numerators: Mapping[sp.Symbol, Poly]
    denominators: Mapping[sp.Symbol, Poly]

    def formulas(self, variables: Sequence[sp.Symbol]) -> dict[sp.Symbol, sp.Expr]:
        """Written out, collected over the slow names."""
        return {s: over(n, self.denominators[s], variables) for s, n in self.numerators.items()}

    def substituted(self, expr: sp.Expr, variables: Sequence[sp.Symbol]) -> sp.Expr | None:
        """A formula of fast species by the slow ones; None where it is not a polynomial in them, or too long.

        What has no fast species in it stays as it is, the rest is gathered over common denominators.
        """
        fast = set(self.numerators)
        whole = sp.expand(expr)
        plain = [t for t in sp.Add.make_args(whole) if not t.free_symbols & fast]
        rest = whole - sp.Add(*plain)
        if rest == 0:
            return sp.Add(*plain)
        try:
            above, below = self.ring.quotient(rest)
        except ValueError:
            return None
        count = len(self.ring.first)
        if any(any(powers[:count]) for powers in below.monoms()):
            return None
        gathered: dict[tuple[tuple[Poly, int], ...], Poly] = {}
        for powers, coefficient in self.ring.by_powers(above, count).items():
            under: dict[Poly, int] = {}
            for s, n in zip(self.ring.first, powers, strict=True):
                for _ in range(n):
                    coefficient = times(coefficient, self.numerators[s])
                if n:
                    under[self.denominators[s]] = under.get(self.denominators[s], 0) + n
            key = tuple(under.items())
            gathered[key] = gathered.get(key, self.ring.zero) + coefficient
        for key, numerator in gathered.items():
            if len(numerator) > _MOST_GATHERED:
                return None
            if numerator:
                denominator = below
                for p, n in key:
                    for _ in range(n):
                        denominator = times(denominator, p)
                (numerator,), denominator = lowest([numerator], denominator)
                plain.append(over(numerator, denominator, variables))
        return sp.Add(*plain)


def linear_balance(
    conditions: Mapping[sp.Symbol, sp.Expr], laws: Sequence[Law], others: Sequence[sp.Expr] = ()
) -> Quotients | None:
    """Fast species that make the `conditions` (of each of them) zero; None where these are not linear in them.

    `others`: formulas whose names the ring has to know as well. Raises R526 where the balance does not decide them.
    """
    fast = tuple(conditions)
    ring = Ring([*conditions.values(), *others, *(total for _, total in laws)], fast)
    try:
        balances = {s: ring.quotient(c)[0] for s, c in conditions.items()}
    except ValueError:
        return None
    n = len(fast)
    matrix: dict[sp.Symbol, list[Poly]] = {}
    right: dict[sp.Symbol, Poly] = {}
    for s, p in balances.items():
        row, constant = [ring.zero] * n, ring.zero
        for powers, coefficient in ring.by_powers(p, n).items():
            if sum(powers) > 1 or any(name.has(*fast) for name in ring.names[n:]):
                return None
            if sum(powers) == 1:
                row[powers.index(1)] = coefficient
            else:
                constant = -coefficient
        matrix[s], right[s] = row, constant
    found = None if any(right.values()) else _by_ratios(ring, matrix, laws)
    if found is None:
        replaced: dict[sp.Symbol, Law] = {}
        for law in laws:
            last = [s for s in reversed(fast) if s in law[0] and s not in replaced]
            replaced[last[0]] = law
        rows, column = [], []
        for s in fast:
            if s in replaced:
                weights, total = replaced[s]
                rows.append([ring.ring(weights.get(x, 0)) for x in fast])
                column.append(ring.gen(total))
            else:
                rows.append(matrix[s])
                column.append(right[s])
        solved = fraction_free(rows, column)
        if solved is None:
            names = ", ".join(s.name for s in fast)
            hint = "name as fast what the fast reactions bring into balance, or the fast reactions themselves"
            raise RxnError("R526", f"their balance does not decide the fast species {names}", hint=hint)
        numerators, denominator = lowest(*solved)
        found = numerators, [denominator] * n
    return Quotients(ring, dict(zip(fast, found[0], strict=True)), dict(zip(fast, found[1], strict=True)))


def _by_ratios(
    ring: Ring, matrix: Mapping[sp.Symbol, Sequence[Poly]], laws: Sequence[Law]
) -> tuple[list[Poly], list[Poly]] | None:
    """Numerators and denominators of the solution along a tree of exchanges, where that satisfies every balance.

    Each part needs a law of its own.
    """
    fast = tuple(matrix)
    place = {s: i for i, s in enumerate(fast)}
    parts: list[dict[sp.Symbol, tuple[Poly, Poly]]] = []
    seen: set[sp.Symbol] = set()
    for root in fast:
        if root in seen:
            continue
        shares = {root: (ring.one, ring.one)}
        waiting = [root]
        while waiting:
            at = waiting.pop(0)
            for s in fast:
                there, back = matrix[s][place[at]], matrix[at][place[s]]
                if s not in shares and s != at and (there or back):
                    if not (there and back):
                        return None
                    above, below = times(shares[at][0], there), times(shares[at][1], back)
                    common = common_divisor(above, below)
                    shares[s] = (above.exquo(common), below.exquo(common))
                    waiting.append(s)
        seen |= shares.keys()
        parts.append(shares)
    if len(laws) != len(parts):
        return None
    whole: dict[sp.Symbol, tuple[Poly, Poly]] = {}
    for shares in parts:
        law = next((x for x in laws if set(x[0]) == set(shares)), None)
        if law is None:
            return None
        below = ring.one
        for _, b in shares.values():
            below = times(below, b.exquo(common_divisor(b, below)))
        amounts = {s: times(a, below.exquo(b)) for s, (a, b) in shares.items()}
        for s in shares:
            balance = sum((times(matrix[s][place[x]], p) for x, p in amounts.items()), ring.zero)
            if balance:
                return None
        bottom = sum((p.mul_ground(law[0][s]) for s, p in amounts.items()), ring.zero)
        names = list(amounts)
        numerators, bottom = lowest([times(amounts[s], ring.gen(law[1])) for s in names], bottom)
        whole |= {s: (p, bottom) for s, p in zip(names, numerators, strict=True)}
    return [whole[s][0] for s in fast], [whole[s][1] for s in fast]
