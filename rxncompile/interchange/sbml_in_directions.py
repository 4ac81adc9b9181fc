"""What form a rate law has: one direction or two, mass action or a law in full.

A reversible law that is a difference is taken apart into the two reactions that it sums up, because a jump process
needs them; one that is plainly mass action is recognised, as long as both readings of it stay what they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import sympy as sp

from ..errors import RxnError
from ..expressions import symbol
from ..network import Flag, Network, Reaction, Species, rate_law, rate_scale


@dataclass(frozen=True)
class Known:
    """What the laws of a model mention: species, first values as numbers, formulas of rules."""

    species: Mapping[str, Species]
    numbers: Mapping[sp.Symbol, sp.Expr]
    rules: Mapping[sp.Symbol, sp.Expr]

    @cached_property
    def order(self) -> dict[str, int]:
        return {name: k for k, name in enumerate(self.species)}

    @cached_property
    def moving(self) -> frozenset[sp.Symbol]:
        """The symbols that no rate constant may hold."""
        return frozenset(symbol(s) for s in self.species) | self.rules.keys()

    @cached_property
    def net(self) -> Network:
        return Network("", species=tuple(self.species.values()))

    @cached_property
    def signs(self) -> _Signs:
        return _Signs(self)


# ---------------------------------------------------------------------------------------------- two directions


def directed(one: Reaction, reversible: bool, known: Known) -> list[Reaction]:
    """A reaction given by its law in full, as one reaction or as its two directions."""
    if not reversible or known.signs.never_negative(one.rate):
        return [_mass_action(one, known)]
    parts = _difference(one, known.signs)
    if parts is None:
        mentioned = one.rate.free_symbols & {symbol(s) for s, _ in one.products}
        net = bool(mentioned) or one.rate.is_number
        return [replace(one, net_reversible=net)]
    forward = replace(one, rate=parts[0])
    name = f"{one.name}_back"
    back = Reaction(name, one.products, one.reactants, parts[1], False, reversible_of=one.name, span=one.span)
    pair = [_mass_action(r, known) for r in (forward, back)]
    alike = {(r.mass_action, r.flags) for r in pair}
    return pair if len(alike) == 1 else [forward, back]


class _Signs:
    """Which expressions can be seen never to be negative."""

    def __init__(self, known: Known) -> None:
        self.numbers, self.rules = known.numbers, known.rules
        self.species = frozenset(symbol(s) for s in known.species)
        self.known: dict[sp.Basic, bool] = {}

    def never_negative(self, expr: sp.Basic) -> bool:
        found = self.known.get(expr)
        if found is None:
            self.known[expr] = False  # for rules that depend on each other
            self.known[expr] = found = self._look(expr)
        return found

    def _look(self, expr: Any) -> bool:
        if expr.is_number:
            return bool(expr.is_nonnegative)
        if expr.is_Symbol:
            if expr in self.rules:
                return self.never_negative(self.rules[expr])
            return expr in self.species or bool(self.numbers.get(expr, sp.S.NegativeOne) >= 0)
        if isinstance(expr, (sp.exp, sp.Abs)):
            return True
        if expr.is_Add or expr.is_Mul or isinstance(expr, sp.Min):
            return all(self.never_negative(x) for x in expr.args)
        if isinstance(expr, sp.Max):
            return any(self.never_negative(x) for x in expr.args)
        if expr.is_Pow:
            return bool(expr.exp.is_Integer and expr.exp % 2 == 0) or self.never_negative(expr.base)
        if isinstance(expr, sp.Piecewise):
            return all(self.never_negative(value) for value, _ in expr.args)
        return False


def _difference(one: Reaction, signs: _Signs) -> tuple[sp.Expr, sp.Expr] | None:
    """The two terms of a net law `forward - backward`, neither ever negative; None where it is not plainly that.

    The backward term must hold every product as a factor; without products no reactant may be a factor of both
    (`n (n-1)` counts pairs and is no difference of two directions).
    """
    factors = sp.Mul.make_args(one.rate)
    sums = [f for f in factors if f.is_Add and not signs.never_negative(f)]
    if len(sums) != 1:
        return None
    common = [f for f in factors if f is not sums[0]]
    if not all(signs.never_negative(f) for f in common):
        return None
    plus = [t for t in sums[0].args if signs.never_negative(t)]
    minus = [-t for t in sums[0].args if t not in plus]
    if not plus or not all(signs.never_negative(t) for t in minus):
        return None
    reactants, products = ({symbol(s) for s, _ in side} for side in (one.reactants, one.products))
    shared = set().union(*(f.free_symbols for f in common)) if common else set()
    if products:
        if not all(products - reactants <= _factors(t) for t in minus):
            return None
    elif shared & reactants:
        return None
    return sp.Mul(*common, sp.Add(*plus)), sp.Mul(*common, sp.Add(*minus))


def _factors(term: sp.Expr) -> set[sp.Symbol]:
    """The symbols that a product vanishes with."""
    bases = (f.base if f.is_Pow and f.exp.is_positive else f for f in sp.Mul.make_args(term))
    return {b for b in bases if b.is_Symbol}


# ---------------------------------------------------------------------------------------------- mass action


def _mass_action(one: Reaction, known: Known) -> Reaction:
    """The same reaction as `@ k`, where both of its readings stay exactly what they are; else as it is.

    Only reactants of stoichiometry 1 qualify: of two alike, jumps of a law as written count other pairs.
    """
    members = [known.species[name] for name, _ in one.reactants or one.products]
    places = {(s.compartment, s.concentration) for s in members}
    if len(places) != 1 or any(n > 1 for _, n in one.reactants):
        return one
    place, concentration = places.pop()
    counted = place is not None and not concentration and len(one.reactants) != 1
    if counted and any(s.per_count != 1 for s in members):
        return one  # the constant of one combination of molecules is another number
    flags = one.flags | {Flag.MOLECULAR} if counted else one.flags
    factors = dict.fromkeys(sp.Mul.make_args(one.rate))
    needed = [symbol(name) for name, _ in one.reactants] + ([symbol(place)] if place and concentration else [])
    if not all(f in factors for f in needed):
        return one
    constant = sp.Mul(*(f for f in factors if f not in needed))
    left = constant.free_symbols
    moves = not left.isdisjoint(known.moving) or not left.isdisjoint(needed)
    return one if moves else replace(one, mass_action=True, flags=flags, rate=constant)


def _at_rate_one(reaction: Reaction, known: Known) -> sp.Expr:
    """Events per time at rate 1. Raises R301 where the volume is not decided."""
    return rate_law(known.net, reaction) * rate_scale(known.net, reaction)


def noted_extent(one: Reaction, noted: Mapping[str, str], known: Known) -> sp.Rational:
    """What our own writer made one event stand for in a law: the amount of one molecule, or 1."""
    if noted.get("extent") != "amount":
        return sp.S.One
    members = [name for name, _ in (*one.reactants, *one.products)] or list(known.species)
    return known.species[members[0]].per_count if members else sp.S.One


def as_noted(one: Reaction, noted: Mapping[str, str], known: Known) -> Reaction | None:
    """The reaction in the form that our own writer noted, if the law still has that form."""
    form = noted.get("kinetics")
    if form not in ("mass action", "law", "net"):
        return None
    flags = frozenset(Flag(f) for f in noted.get("flags", "").split() if f in set(Flag))
    tried = replace(
        one,
        mass_action=form == "mass action",
        rate=sp.S.One,
        per=noted.get("per"),
        flags=flags,
        net_reversible=form == "net",
        reversible_of=noted.get("reverse_of"),
    )
    try:
        constant = one.rate / _at_rate_one(tried, known) / noted_extent(one, noted, known)
    except RxnError:
        return None
    reactants = {symbol(name) for name, _ in one.reactants}
    return None if tried.mass_action and constant.free_symbols & reactants else replace(tried, rate=constant)
