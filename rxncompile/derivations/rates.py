"""Network -> System, the two elementary readings: rate equations and the jump process.

    rate equations   d x_s/dt = sum_r S_sr v_r(x) f_r u_s      v the rate law, f_r events per unit of it, u_s the
                                                               amount or concentration of one molecule
    jump process     n -> n + S_r  with probability a_r(n) dt  n molecule counts, a the propensity

`network.py` says what v, a and their conversions are; this file only sums them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import sympy as sp

from ..errors import Diagnostic, RxnError, Span
from ..expressions import TIME, symbol
from ..network import (
    Distribution,
    Flag,
    Network,
    Species,
    change,
    in_counts,
    per_event,
    propensity,
    rate_law,
    rate_scale,
)
from ..system import Constant, Jump, State, Step, System, Trigger, sort_definitions


@dataclass(frozen=True)
class _Roles:
    """Which names move (states) and which stay (parameters) in a System made from a Network."""

    species: tuple[Species, ...]
    fixed: tuple[Species, ...]
    assigned: frozenset[str]


def rate_equations(net: Network) -> System:
    """The deterministic rate equations of a well-mixed network, each state in the meaning of its bare name.

    Species that nothing changes and fixed species become parameters; parameters that events assign become
    states. Source: Yang et al. 2021, Eq. 8. Raises R509 for a network on a lattice, R301 for a volume that is
    not decided.
    """
    _refuse_lattice(net, "rate equations")
    roles = _roles(net)
    terms: dict[str, list[sp.Expr]] = {s.name: [] for s in roles.species}
    for reaction in net.reactions:
        changes = change(net, reaction)
        if changes:
            speed, scale = rate_law(net, reaction), rate_scale(net, reaction)
            for name, amount in changes:
                terms[name].append(sp.Mul(amount, speed, scale, per_event(net.species_by_name[name])))
    for term in net.ode_terms:
        terms[term.species].append(term.formula)
    states = [State(s.symbol, s.name, s.initial, _unit_text(net, s)) for s in roles.species]
    return _system(
        net,
        roles,
        states,
        [sp.Add(*terms[s.name]) for s in roles.species],
        (),
        None,
        Step("rate equations", (), "Yang et al. 2021, Eq. 8"),
    )


def jump_process(net: Network) -> System:
    """The Markov jump process of a well-mixed network over molecule counts; ODE terms become its drift.

    Every reaction is a jump, those marked {continuous} too. Laws given in full fire only where the reactants
    suffice. Source: Yang et al. 2021, Eq. 5; Gillespie 1977. Raises R509 for a network on a lattice, R510 for
    a reversible reaction given by one net law.
    """
    _refuse_lattice(net, "a well-mixed jump process")
    roles = _roles(net)
    moving = {s.name for s in roles.species}
    jumps = []
    for reaction in net.reactions:
        if reaction.net_reversible:
            raise RxnError(
                "R510",
                f"reaction {reaction.name!r} is reversible with one net rate, which has no stochastic reading",
                reaction.span,
                "give both rates: '<-> rate forward, backward'",
            )
        changes = tuple((symbol(name), amount) for name, amount in change(net, reaction))
        enough = () if reaction.mass_action else reaction.reactants
        requires = tuple((symbol(name), count) for name, count in enough if name in moving)
        jumps.append(Jump(reaction.name, changes, propensity(net, reaction), requires, reaction.span))
    return _counted(net, roles, jumps, ())


def counts_beside_jumps(net: Network, formulas: Iterable[sp.Expr]) -> System:
    """What a jump process says beside its jumps, with the definitions that `formulas` of counts need."""
    _refuse_lattice(net, "a well-mixed jump process")
    return _counted(net, _roles(net), (), formulas)


def _counted(net: Network, roles: _Roles, jumps: Iterable[Jump], formulas: Iterable[sp.Expr]) -> System:
    counts = {s.symbol: in_counts(s) for s in net.not_counted}
    drift: dict[str, list[sp.Expr]] = {s.name: [] for s in roles.species}
    for term in net.ode_terms:
        species = net.species_by_name[term.species]
        drift[term.species].append(term.formula.xreplace(counts) / per_event(species))
    states = [State(s.symbol, s.name, _initial_count(s), "molecules") for s in roles.species]
    return _system(
        net,
        roles,
        states,
        [sp.Add(*drift[s.name]) for s in roles.species],
        jumps,
        counts,
        Step("jump process", (), "Yang et al. 2021, Eq. 5; Gillespie 1977"),
        formulas,
    )


def sampled_process(net: Network) -> System:
    """The jump process of a network that moves by its reactions alone, to sample exactly.

    Raises R610 at every ODE term, and what `jump_process` raises.
    """
    process = jump_process(net)
    moved: dict[tuple[str, Span | None], list[str]] = {}
    for term in net.ode_terms:
        moved.setdefault((term.remark, term.span), []).append(repr(term.species))
    hint = "rate equations say it all; sampled are reactions with whole stoichiometries"
    found = []
    for (why, span), names in moved.items():
        moves = f"{', '.join(names)} move{'s' if len(names) == 1 else ''} continuously"
        message = f"{moves}, which jumps alone cannot simulate" + (f": {why}" if why else "")
        found.append(Diagnostic("R610", message, span, hint))
    if found:
        raise RxnError.gather(found)
    return process


def _refuse_lattice(net: Network, what: str) -> None:
    placed = [r for r in net.reactions if r.lattice]
    if net.lattices or placed:
        name = net.lattices[0].name if net.lattices else placed[0].lattice
        span = net.lattices[0].span if net.lattices else placed[0].span
        raise RxnError(
            "R509", f"{net.name} lives on the lattice {name!r}: {what} would need it well mixed", span,
            "remove the lattice, or use the lattice derivations and simulator",
        )  # fmt: skip


def _roles(net: Network) -> _Roles:
    assigned = frozenset(name for event in net.events for name, _ in event.assignments)
    driven = {term.species for term in net.ode_terms}
    fixed = tuple(s for s in net.species if Flag.FIXED in s.flags and s.name not in assigned | driven)
    names = {s.name for s in fixed}
    return _Roles(tuple(s for s in net.species if s.name not in names), fixed, assigned)


def _system(
    net: Network,
    roles: _Roles,
    states: list[State],
    drift: list[sp.Expr],
    jumps: Iterable[Jump],
    to_counts: Mapping[sp.Symbol, sp.Expr] | None,
    step: Step,
    beside: Iterable[sp.Expr] = (),
) -> System:
    """Everything that both readings share: parameters, definitions, events, outputs.

    `to_counts` rewrites bare names where the states are counts, None where they are the bare names themselves.
    `beside`: other formulas whose definitions are needed.
    """
    counted, counts = to_counts is not None, to_counts or {}
    settable = [
        Constant(symbol(p.name), p.name, p.value, p.unit.text if p.unit else "", p.lower, p.upper, p.prior)
        for p in net.parameters
    ]
    settable += [Constant(symbol(c.name), c.name, c.size, c.unit.text if c.unit else "") for c in net.compartments]
    settable += [_fixed(net, s, counted) for s in roles.fixed]
    parameters = [c for c in settable if c.label not in roles.assigned]
    turned = [c for c in settable if c.label in roles.assigned]
    initial_names = {c.symbol: c.value for c in turned}
    states = [*states, *(State(c.symbol, c.label, c.value, c.unit) for c in turned)]
    drift = [*drift, *(sp.S.Zero for _ in turned)]
    if initial_names:  # a formula of a first value may name a parameter that is a state now: take its first value
        states = [
            s if isinstance(s.initial, Distribution) else replace(s, initial=s.initial.xreplace(initial_names))
            for s in states
        ]
        parameters = [replace(c, value=c.value.xreplace(initial_names)) for c in parameters]
    events = tuple(
        Trigger(
            e.timed,
            e.trigger.xreplace(counts),
            tuple((symbol(n), _assigned(net, n, value.xreplace(counts), counted)) for n, value in e.assignments),
            e.span,
        )
        for e in net.events
    )
    outputs = tuple((o.name, o.formula.xreplace(counts)) for o in net.observables)
    outputs += tuple((r.name, symbol(r.name)) for r in net.rules if r.reported)
    every = {symbol(c.name): c.value for c in net.constants}
    every |= {symbol(r.name): r.formula.xreplace(counts) for r in net.rules}
    formulas: list[sp.Basic] = [*drift, *beside, *(j.propensity for j in jumps), *(f for _, f in outputs)]
    formulas += [s.initial for s in states if not isinstance(s.initial, Distribution)]
    formulas += [a for s in states if isinstance(s.initial, Distribution) for a in s.initial.arguments]
    formulas += [c.value for c in parameters]
    formulas += [f for e in events for f in (e.condition, *(v for _, v in e.assignments))]
    return System(
        net.name,
        tuple(states),
        tuple(parameters),
        tuple(drift),
        tuple(jumps),
        sort_definitions(_used(every, formulas), net.name),
        outputs=outputs,
        events=events,
        steps=(step,),
    )


def _used(definitions: Mapping[sp.Symbol, sp.Expr], formulas: Iterable[sp.Basic]) -> dict[sp.Symbol, sp.Expr]:
    """The definitions that the formulas need, directly or through others, in declared order."""
    waiting = set().union(*(f.free_symbols for f in formulas)) - {TIME}
    needed: set[sp.Symbol] = set()
    while waiting:
        name = waiting.pop()
        if name in definitions and name not in needed:
            needed.add(name)
            waiting |= definitions[name].free_symbols
    return {name: formula for name, formula in definitions.items() if name in needed}


def _fixed(net: Network, species: Species, counted: bool) -> Constant:
    if isinstance(species.initial, Distribution):
        raise RxnError("R511", f"{species.name!r} is fixed and cannot start from a distribution", species.span)
    value = _initial_count(species) if counted else species.initial
    return Constant(species.symbol, species.name, value, "molecules" if counted else _unit_text(net, species))


def _assigned(net: Network, name: str, value: sp.Expr, counted: bool) -> sp.Expr:
    species = net.species_by_name.get(name)
    return value / per_event(species) if species and counted else value


def _initial_count(species: Species) -> sp.Expr | Distribution:
    unit = per_event(species)
    if isinstance(species.initial, Distribution):
        if unit != 1:
            raise RxnError(
                "R511", f"the initial distribution of {species.name!r} is of a concentration, not of counts",
                species.span, "give the species the unit count",
            )  # fmt: skip
        return species.initial
    count = species.initial / unit
    return sp.floor(count + sp.Rational(1, 2)) if Flag.ROUND in species.flags else count


def _unit_text(net: Network, species: Species) -> str:
    """The unit of a species' bare name; `molecules` for every unit that counts them one by one."""
    unit = species.unit or dict(net.units).get("amount")
    return "molecules" if unit is None or (unit.size, unit.dimension) == (1, (("amount", 1),)) else unit.text
