"""Powers of counts about a centre: from one centre to another, and what central moments say about them.

    (n - c')^m = sum over the ways to split m in part and rest of (n - c)^part (c - c')^rest
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from ...monomials import Monomial, monomials, sub_monomials
from ...simulators.arrays import Values


@cache
def powers(species: int, order: int) -> tuple[Monomial, ...]:
    """The monomials of so many species up to an order: the species themselves first."""
    return tuple(tuple(m) for m in monomials(range(species), order))


@cache
def _splits(species: int, order: int) -> tuple[tuple[tuple[int, Monomial, int], ...], ...]:
    """Of each monomial its (place of the part, -1 for none; rest; ways)."""
    place = {m: i for i, m in enumerate(powers(species, order))}
    return tuple(
        tuple((place.get(part, -1), rest, ways) for part, rest, ways in sub_monomials(m))
        for m in powers(species, order)
    )


def recentring(order: int, shift: Values) -> tuple[Values, Values]:
    """T (M, M) and v (M,): powers about a centre moved by -`shift` (S,) are T times those about the old one, plus v."""
    species = len(shift)
    every = powers(species, order)
    matrix, rest_alone = np.zeros((len(every), len(every))), np.zeros(len(every))
    for i, row in enumerate(_splits(species, order)):
        for part, rest, ways in row:
            value = ways * float(np.prod(shift[list(rest)]))
            if part < 0:
                rest_alone[i] += value
            else:
                matrix[i, part] += value
    return matrix, rest_alone


def about(order: int, shift: Values, central: Values) -> Values:
    """Mean powers (T, M) about centres that lie `shift` (T, S) below the means, by central moments (T, M - S)."""
    species = shift.shape[1]
    moment = np.concatenate([np.zeros_like(shift), central], axis=1)
    found = np.zeros_like(moment)
    for i, row in enumerate(_splits(species, order)):
        for part, rest, ways in row:
            of_part = 1.0 if part < 0 else moment[:, part]
            found[:, i] += ways * of_part * shift[:, list(rest)].prod(axis=1)
    return found


def about_slope(order: int, shift: Values, central: Values, by: Values) -> Values:
    """The derivative of `about` (T, M, K), given that of means and central moments `by` (T, M, K)."""
    species = shift.shape[1]
    moment = np.concatenate([np.zeros_like(shift), central], axis=1)
    found = np.zeros_like(by)
    for i, row in enumerate(_splits(species, order)):
        for part, rest, ways in row:
            whole = shift[:, list(rest)].prod(axis=1)
            if part >= species:
                found[:, i] += ways * whole[:, np.newaxis] * by[:, part]
            of_part = np.ones(len(shift)) if part < 0 else moment[:, part]
            for k, j in enumerate(rest):
                others = shift[:, [*rest[:k], *rest[k + 1 :]]].prod(axis=1)
                found[:, i] += (ways * of_part * others)[:, np.newaxis] * by[:, j]
    return found


def products(order: int, values: Values) -> Values:
    """The powers (..., M) of values (..., S)."""
    every = powers(values.shape[-1], order)
    found = np.empty((*values.shape[:-1], len(every)))
    place = {m: i for i, m in enumerate(every)}
    for i, m in enumerate(every):
        found[..., i] = values[..., m[0]] if len(m) == 1 else found[..., place[m[:-1]]] * values[..., m[-1]]
    return found


def blocks(matrices: Sequence[Values]) -> Values:
    """A block-diagonal matrix."""
    size = sum(len(m) for m in matrices)
    found, at = np.zeros((size, size)), 0
    for m in matrices:
        found[at : at + len(m), at : at + len(m)] = m
        at += len(m)
    return found
