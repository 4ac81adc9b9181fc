"""Cumulant equations of a jump process, from the cumulant generating function K(s) = log <exp(s n)>:

    dK/dt = sum_r k_r (exp(c_r s) - 1) exp(-K) a_r(d/ds) exp(K)

with the propensity a_r as powers of counts: exp(-K) d^a exp(K) is the sum over partitions of a of the products of the
derivatives of K by the blocks, and a cumulant is a derivative of K at 0. Gardiner 2009, Sec. 2.7; Matis and Kiffe 2000.
"""

from __future__ import annotations

from collections import Counter
from functools import cache

from ..monomials import Monomial, blocks

Product = tuple[Monomial, ...]  # a product of cumulants, sorted


@cache
def weighted(power: Monomial, by: Monomial) -> tuple[tuple[Product, int], ...]:
    """The derivative by `by` at 0 of exp(-K) d^power exp(K): (product of cumulants, how many times)."""
    found: Counter[Product] = Counter()
    for parts, many in blocks(power):
        placed: Counter[Product] = Counter({parts: many})
        for i in by:
            moved: Counter[Product] = Counter()
            for product, ways in placed.items():
                for k, block in enumerate(product):
                    moved[*product[:k], tuple(sorted((*block, i))), *product[k + 1 :]] += ways
            placed = moved
        for product, ways in placed.items():
            found[tuple(sorted(product))] += ways
    return tuple(found.items())
