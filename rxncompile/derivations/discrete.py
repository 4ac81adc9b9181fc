"""Exponential families over counts in a finite box, their moments summed state by state.

    P(n) = exp(-sum_k nu_k X_k(n))/Z        X_k(n) = prod_i C(n_i, m_ki)        n_i = 0 ... most_i
    d nu/dt = -Cov(X)^-1 d<X>/dt

With one species and X = (n, C(n, 2)) this is Eq. 27 of Ernst et al. 2018, without reading n as continuous. A box whose
edge carries no weight stands for all counts; one of 0 and 1 is a Boltzmann machine, with its edge part of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate, product
from math import comb, factorial, perm, prod

import sympy as sp

from ..errors import RxnError
from ..expressions import symbol
from ..family import Family, Named, Velocity
from ..monomials import Kind, Monomial
from ..system import State
from .formulas import inverse

MOST_STATES = 20_000


def count_exponentials(
    most: Sequence[int], statistics: Sequence[Monomial], first: Sequence[sp.Expr] = ()
) -> Family[Monomial]:
    """The family with one `nu[k]` for each statistic, a monomial m of species indices standing for prod C(n_i, m_i).

    `most`: the largest count of each species of the generator, in its order. `first`: nu at the start (0: all states
    alike). Raises R412 for a box of more than `MOST_STATES` states, R517 for statistics that are the same or always 0.
    """
    total = prod(n + 1 for n in most)
    if total > MOST_STATES:
        raise RxnError("R412", f"{total:,} states in the box {tuple(most)}, at most {MOST_STATES:,} are summed")
    for m in statistics:
        if not m or statistics.count(m) > 1 or any(i >= len(most) or q > most[i] for i, q in Counter(m).items()):
            raise RxnError("R517", f"the statistic {m} of counts up to {tuple(most)} is constant or there twice")
    states = list(product(*(range(n + 1) for n in most)))
    K = range(len(statistics))
    nu = [symbol(f"nu[{k + 1}]") for k in K]
    X = [[prod(comb(n[i], q) for i, q in Counter(m).items()) for m in statistics] for n in states]
    # weights relative to the largest, so that none overflows: log P and the running maximum are named state by state
    named: list[Named] = []

    def called(name: str, formula: sp.Expr) -> sp.Symbol:
        it = symbol(name)
        named.append((it, formula))
        return it

    logs = [called(f"log_w[{a}]", sp.Add(*(-x * nu[k] for k, x in enumerate(row) if x))) for a, row in enumerate(X)]
    top = list(accumulate(logs, lambda high, it: called(f"top[{it.name}]", sp.Max(high, it, evaluate=False))))[-1]
    weights = [called(f"w[{a}]", sp.exp(it - top)) for a, it in enumerate(logs)]
    Z = called("Z", sp.Add(*weights))
    mean = [called(f"mean[{k + 1}]", sp.Add(*(row[k] * w for row, w in zip(X, weights, strict=True))) / Z) for k in K]

    def moment(m: Monomial) -> sp.Expr:
        powers = Counter(m).items()
        return sp.Add(*(prod(perm(n[i], q) for i, q in powers) * w for n, w in zip(states, weights, strict=True))) / Z

    def velocity(rates: Sequence[sp.Symbol]) -> Velocity:
        more: list[Named] = []
        fisher = sp.zeros(len(K), len(K))
        for k in K:
            for j in K[k:]:
                # centred before it is summed: the difference of two large means would lose digits
                spread = [(row[k] - mean[k]) * (row[j] - mean[j]) * w for row, w in zip(X, weights, strict=True)]
                it = symbol(f"fisher[{k + 1},{j + 1}]")
                more.append((it, sp.Add(*spread) / Z))
                fisher[k, j] = fisher[j, k] = it
        inverted, steps = inverse(fisher, "fisher")
        return Velocity(tuple(-inverted * sp.Matrix(list(rates))), (*more, *steps))

    values = first or [sp.S.Zero] * len(K)
    parameters = tuple(State(s, s.name, x) for s, x in zip(nu, values, strict=True))
    weighted = tuple(((sp.Rational(1, prod(factorial(q) for q in Counter(m).values())), m),) for m in statistics)
    source = "Ernst et al. 2018, Eqs. 19-20, 27"
    return Family("count exponentials", parameters, Kind.FACTORIAL, weighted, moment, velocity, source, tuple(named))
