"""A reduction as a reaction network: the slow reactions between slow species, with rates by what is eliminated.

A reaction adds to each slow species what it adds to the sum that this stands for: ES -> E + P takes one S from
S + ES and is S -> P. What the rates need of fast species holds always (`let`), and is reported.
"""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from ...expressions import symbol
from ...network import (
    Flag,
    Network,
    Parameter,
    Reaction,
    Rule,
    Species,
    Unit,
    change,
    extent_per_count,
    size,
    volume,
)
from ...system import sort_definitions
from .assembly import Reduction, start_of
from .mechanism import Move


class _UnitsDifferError(Exception):
    """A reduced reaction is of another unit of amount than the one that it came from."""


def as_network(found: Reduction) -> Network | None:
    """The reduced network; None where there is none: of a System, or where a net rate is reversible."""
    net = found.mechanism.network
    if found.system.fields:
        return None  # the language has no word for unknowns of equations
    if net is None or any(m.reaction is None or m.reaction.net_reversible for m in found.mechanism.moves):
        return None
    if not found.relaxing or any(c not in {1, -1} and s == name for name, row in found.slow for s, c in row.items()):
        return None
    formulas = dict(found.formulas)
    closed = all(s in found.mechanism.states for s in formulas) and not any(_rooted(e) for e in formulas.values())
    gone = {s.name for s in found.mechanism.states if s in formulas}
    constants = {t.name: t for t in found.totals if t.constant}
    species = [_slow(s) for s in net.species if s.name not in gone]
    for t in found.totals:
        if not t.constant:
            first = net.species_by_name[next(iter(t.weights)).name]
            start = start_of(found.mechanism, t.weights)
            species.append(replace(_slow(first), name=t.name.name, initial=start, remark=_sum(t.weights), span=None))
    parameters = [*net.parameters]
    for t in constants.values():
        first = net.species_by_name[next(iter(t.weights)).name]
        start = start_of(found.mechanism, t.weights)
        parameters.append(Parameter(t.name.name, start, first.unit, remark=_sum(t.weights)))
    rules = [Rule(s.name, formula, _unit(net, s), reported=s.name in gone) for s, formula in formulas.items()]
    base = replace(
        net, species=tuple(species), parameters=tuple(parameters), rules=_sorted([*net.rules, *rules]), reactions=(),
        conservations=tuple(c for c in net.conservations if not {s.name for s in c.formula.free_symbols} & gone),
        source=None,
    )  # fmt: skip
    reactions = []
    for m in found.mechanism.moves:
        if m not in found.relaxing:
            try:
                reaction = _reduced(found, base, m, gone, formulas if closed else {})
            except _UnitsDifferError:
                return None
            if reaction is not None:
                reactions.append(reaction)
    names = {r.name for r in reactions}
    reactions = [r if r.reversible_of in names else replace(r, reversible_of=None) for r in reactions]
    return replace(base, reactions=tuple(reactions))


def _reduced(
    found: Reduction, net: Network, move: Move, gone: set[str], formulas: dict[sp.Symbol, sp.Expr]
) -> Reaction | None:
    """One slow reaction; None where it changes nothing slow."""
    old = move.reaction
    assert old is not None
    changed = {name.name: n for name, row in found.slow if (n := move.along(row))}
    if not changed:
        return None
    place = net.positions
    order = sorted(changed, key=place.__getitem__)
    if not {n for n, _ in old.reactants} & gone and not {s.name for s in old.rate.free_symbols} & gone:
        before = dict(old.reactants)
        after = {n: before.get(n, 0) + changed.get(n, 0) for n in sorted({*before, *order}, key=place.__getitem__)}
        if min(after.values()) >= 0:
            products = tuple((n, count) for n, count in after.items() if count)
            return replace(old, products=products, flags=old.flags - {Flag.FAST})
    events = (move.speed * found.mechanism.scale).xreplace(formulas)
    where = _place(found, old)
    where = where if where is None or events.has(symbol(where)) else None
    reactants = tuple((n, -changed[n]) for n in order if changed[n] < 0)
    products = tuple((n, changed[n]) for n in order if changed[n] > 0)
    made = Reaction(
        old.name, reactants, products, sp.S.Zero, False, where, old.reversible_of, flags=old.flags & {Flag.CONTINUOUS},
        remark=old.remark, span=old.span,
    )  # fmt: skip
    if not old.mass_action and extent_per_count(net, made) != extent_per_count(_full(found), old):
        raise _UnitsDifferError  # a law in another unit of amount would hold a number that converts it
    rate = events * extent_per_count(net, made) / size(where)
    return replace(made, rate=rate) if rate != 0 else None


def _place(found: Reduction, reaction: Reaction) -> str | None:
    """The compartment whose volume the rate of a reaction refers to."""
    net = _full(found)
    if not reaction.mass_action or Flag.MOLECULAR in reaction.flags:
        return reaction.per
    where = volume(net, reaction)
    per_volume = any(net.species_by_name[n].concentration for n, _ in change(net, reaction))
    return where.name if where.is_Symbol and per_volume else None


def _full(found: Reduction) -> Network:
    net = found.mechanism.network
    assert net is not None
    return net


def _slow(species: Species) -> Species:
    return replace(species, flags=species.flags - {Flag.FAST})


def _unit(net: Network, s: sp.Symbol) -> Unit | None:
    return net.species_by_name[s.name].unit if s.name in net.species_by_name else None


def _sorted(rules: list[Rule]) -> tuple[Rule, ...]:
    by_name = {symbol(r.name): r for r in rules}
    ordered = sort_definitions({s: r.formula for s, r in by_name.items()}, "the reduced model")
    return tuple(by_name[s] for s, _ in ordered)


def _rooted(e: sp.Expr) -> bool:
    return any(not p.exp.is_Integer for p in e.atoms(sp.Pow))


def _sum(weights: dict[sp.Symbol, int]) -> str:
    return " + ".join(s.name if c == 1 else f"{c} {s.name}" for s, c in weights.items())
