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
from .polynomials import Poly, Ring, fraction_free, lowest, over, times

Law = tuple[Mapping[sp.Symbol, int], sp.Symbol]  # weights of fast species, and the symbol of their sum


@dataclass(frozen=True)
class Quotients:
    """Fast species as `numerators[s]/denominator`, in a ring whose first names are the fast species (not in them)."""

    ring: Ring
    numerators: Mapping[sp.Symbol, Poly]
    denominator: Poly

    def formulas(self, variables: Sequence[sp.Symbol]) -> dict[sp.Symbol, sp.Expr]:
        """Written out, collected over the slow names."""
        return {s: over(n, self.denominator, variables) for s, n in self.numerators.items()}

    def substituted(self, expr: sp.Expr, variables: Sequence[sp.Symbol]) -> sp.Expr | None:
        """A formula of fast species by the slow ones, over one denominator; None where it is not rational in them.

        What has no fast species in it stays as it is.
        """
        fast = set(self.numerators)
        plain = [t for t in sp.Add.make_args(sp.expand(expr)) if not t.free_symbols & fast]
        rest = sp.expand(expr) - sp.Add(*plain)
        if rest == 0:
            return sp.Add(*plain)
        try:
            above, below = self.ring.quotient(rest)
        except ValueError:
            return None
        top, bottom = (self._homogeneous(p) for p in (above, below))
        numerator, denominator = top[0], bottom[0]
        for _ in range(max(top[1] - bottom[1], 0)):
            denominator = times(denominator, self.denominator)
        for _ in range(max(bottom[1] - top[1], 0)):
            numerator = times(numerator, self.denominator)
        if not numerator:
            return sp.Add(*plain)
        (numerator,), denominator = lowest([numerator], denominator)
        return sp.Add(*plain, over(numerator, denominator, variables))

    def _homogeneous(self, p: Poly) -> tuple[Poly, int]:
        """A polynomial in fast species times the power d of the denominator, by the slow ones, and d."""
        parts = self.ring.by_powers(p, len(self.ring.first))
        degree = max((sum(powers) for powers in parts), default=0)
        total = self.ring.zero
        for powers, coefficient in parts.items():
            for s, n in zip(self.ring.first, powers, strict=True):
                for _ in range(n):
                    coefficient = times(coefficient, self.numerators[s])
            for _ in range(degree - sum(powers)):
                coefficient = times(coefficient, self.denominator)
            total += coefficient
        return total, degree


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
        found = fraction_free(rows, column)
    if found is None:
        names = ", ".join(s.name for s in fast)
        hint = "name as fast what the fast reactions bring into balance, or the fast reactions themselves"
        raise RxnError("R526", f"their balance does not decide the fast species {names}", hint=hint)
    numerators, denominator = lowest(*found)
    return Quotients(ring, dict(zip(fast, numerators, strict=True)), denominator)


def _by_ratios(
    ring: Ring, matrix: Mapping[sp.Symbol, Sequence[Poly]], laws: Sequence[Law]
) -> tuple[list[Poly], Poly] | None:
    """The solution along a tree of exchanges, where that satisfies every balance; each part needs a law of its own."""
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
                    common = above.gcd(below)
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
            below = times(below, b.exquo(b.gcd(below)))
        amounts = {s: times(a, below.exquo(b)) for s, (a, b) in shares.items()}
        for s in shares:
            balance = sum((times(matrix[s][place[x]], p) for x, p in amounts.items()), ring.zero)
            if balance:
                return None
        bottom = sum((p.mul_ground(law[0][s]) for s, p in amounts.items()), ring.zero)
        whole |= {s: (times(p, ring.gen(law[1])), bottom) for s, p in amounts.items()}
    denominator = ring.one
    for _, b in whole.values():
        denominator = times(denominator, b.exquo(b.gcd(denominator)))
    return [times(whole[s][0], denominator.exquo(whole[s][1])) for s in fast], denominator
