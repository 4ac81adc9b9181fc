"""The rate laws of BioNetGen networks, in both readings.

A reaction with reactants i (one entry for each, repeated ones side by side) and statistical factor s runs at

    k, f()              s k prod_i x_i                              a constant, or a function of observables and time
    Ele k               the same
    Sat k K_1 .. K_m    s k prod_i x_i / prod_{i<=m} (K_i + x_i)    without any K: s k
    Hill V K h          s V x_1^h/(K^h + x_1^h) prod_{i>1} x_i
    MM k K              s k E S/(K + S),  S = (b + sqrt(b^2 + 4 K x_1))/2,  b = x_1 - K - E,  E = sum_{i>1} x_i

in rate equations. In a jump process repeated reactants have falling factorials x (x - 1) ... for powers, but in MM.
Source: Faeder, Blinov and Hlavacek 2009, Methods Mol. Biol. 500:113, and run_network of BioNetGen 2.9.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp

from ..network import Flag

LAWS = {"Ele": (1, 1), "Sat": (1, 1000), "Hill": (3, 3), "MM": (2, 2)}  # how many constants each takes


@dataclass(frozen=True, slots=True)
class Law:
    """What stands in a reaction: a rate, whether it multiplies the reactants, and its flags."""

    rate: sp.Expr
    mass_action: bool
    flags: frozenset[Flag] = frozenset()


def law(kind: str, factor: sp.Expr, constants: Sequence[sp.Expr], reactants: Sequence[sp.Symbol]) -> Law | None:
    """The law of that name; None where it needs more reactants than there are."""
    if kind == "Ele":
        return multiplying(sp.Mul(factor, constants[0]), reactants, frozenset())
    if kind == "Sat":
        if len(constants) == 1:
            return Law(sp.Mul(factor, constants[0]), mass_action=False)
        if len(constants) > len(reactants) + 1:
            return None
        below = [(c + x) ** -1 for c, x in zip(constants[1:], reactants, strict=False)]
        return multiplying(sp.Mul(factor, constants[0], *below), reactants, frozenset(reactants))
    if not reactants:
        return None
    first = reactants[0]
    if kind == "Hill":
        top, half, power = constants
        share = first ** (power - 1) / (half**power + first**power)
        return multiplying(sp.Mul(factor, top, share), reactants, frozenset(reactants))
    enzyme = sp.Add(*reactants[1:])
    b = first - constants[1] - enzyme
    free = (b + sp.sqrt(b**2 + 4 * constants[1] * first)) / 2
    return Law(sp.Mul(factor, constants[0], enzyme, free, (constants[1] + free) ** -1), mass_action=False)


def multiplying(rate: sp.Expr, reactants: Sequence[sp.Symbol], moving: frozenset[sp.Symbol]) -> Law:
    """A rate that multiplies its reactants; `moving` are the species it depends on itself.

    A rate without its reactants is a constant. Else the law is written in full where that says the same, with each
    reactant once; with several of one kind the two readings differ, and the rate stays a factor.
    """
    several = len(set(reactants)) < len(reactants)
    flags = frozenset({Flag.POWERS}) if several else frozenset[Flag]()
    if moving.isdisjoint(reactants):
        return Law(rate, mass_action=True, flags=flags)
    if several:
        return Law(rate, mass_action=True, flags=flags | {Flag.FUNCTIONAL})
    return Law(sp.Mul(rate, *reactants), mass_action=False)
