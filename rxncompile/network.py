"""Noun 1: what the user wrote, resolved and typed; and the one place that says what a rate is.

Three readings of a reaction `r` with reactants nu_i and rate constant k, n_i counts, c_i concentrations:

    propensity (mass action)   a = k V prod_i C(n_i, nu_i) / V_i^nu_i           events per time
    rate law   (mass action)   v = k prod_i c_i^nu_i / nu_i!                    amount per time per volume
    with {powers}              a = k V prod_i n_i (n_i-1) ... / V_i^nu_i,  v = k prod_i c_i^nu_i
    with {molecular}           the same without any volume
    with {functional}          the same, k a function of its own reactants too
    rate v [per C]             used as written, events (amount) per time [per volume of C]

Sources: Yang et al. 2021 Eqs. 5 and 8; Ernst et al. 2021 Eqs. B10-B15 for the form in powers.

A bare species name means an amount or a concentration, as the species' unit says. Jump processes count
molecules: there the bare name of species s stands for `per_count_s * n_s`, over V_s for a concentration.
Expressions hold exact rational numbers only and real symbols made by `expressions.symbol`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from enum import StrEnum
from functools import cached_property

import sympy as sp

from .errors import RxnError, Source, Span
from .expressions import exact, symbol


class Flag(StrEnum):
    """The attributes in braces that carry no value."""

    FAST = "fast"
    FIXED = "fixed"
    CONTINUOUS = "continuous"
    MOLECULAR = "molecular"
    POWERS = "powers"
    FUNCTIONAL = "functional"
    REPORTED = "reported"
    ROUND = "round"
    FIXED_COUNT = "fixed_count"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measure: its text, its size in SI base units (count for amounts), its dimension.

    `dimension` holds (base, exponent) pairs, bases sorted: amount, length, mass, time, temperature, current.
    """

    text: str
    size: sp.Rational
    dimension: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Distribution:
    """`~ Name(arguments)`: a prior, or the law of an initial value."""

    name: str
    arguments: tuple[sp.Expr, ...]


@dataclass(frozen=True, slots=True)
class Constant:
    """`const NAME = value`: neither settable nor fitted."""

    name: str
    value: sp.Expr
    unit: Unit | None = None
    remark: str = ""
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Parameter:
    """`param NAME = value in [lower, upper] ~ prior`: settable, and may be fitted."""

    name: str
    value: sp.Expr
    unit: Unit | None = None
    lower: sp.Expr | None = None
    upper: sp.Expr | None = None
    prior: Distribution | None = None
    remark: str = ""
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Compartment:
    """A well-mixed volume, area, length or place (`dimensions` 3 to 0); its name in an expression is its size."""

    name: str
    size: sp.Expr
    unit: Unit | None = None
    inside: str | None = None
    remark: str = ""
    span: Span | None = field(default=None, compare=False)
    dimensions: int = 3


@dataclass(frozen=True, slots=True)
class Species:
    """One species. `initial` is in the meaning of the bare name, per lattice site if `per_site`.

    `concentration`: the bare name is an amount over the compartment's size, else an amount.
    `per_count`: that amount for one molecule (1 for counts, 1/N_A for moles, and so on).
    """

    name: str
    compartment: str | None = None
    unit: Unit | None = None
    concentration: bool = False
    per_count: sp.Rational = sp.S.One
    initial: sp.Expr | Distribution = sp.S.Zero
    per_site: bool = False
    flags: frozenset[Flag] = frozenset()
    remark: str = ""
    span: Span | None = field(default=None, compare=False)

    @property
    def symbol(self) -> sp.Symbol:
        return symbol(self.name)


@dataclass(frozen=True, slots=True)
class Rule:
    """`let NAME = expr`: holds at all times, and is an output beside the observables if `reported`."""

    name: str
    formula: sp.Expr
    unit: Unit | None = None
    remark: str = ""
    span: Span | None = field(default=None, compare=False)
    reported: bool = False


@dataclass(frozen=True, slots=True)
class Observable:
    """`observable NAME = expr`: a quantity to report; on a lattice `count(A, B, d)` counts pairs at distance d."""

    name: str
    formula: sp.Expr
    unit: Unit | None = None
    remark: str = ""
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Conservation:
    """`conserve NAME : expr [= value]`: a linear law that the stoichiometry must keep (checked)."""

    name: str
    formula: sp.Expr
    value: sp.Expr | None = None
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Placement:
    """Which site of a lattice pattern each particle takes: (species, position) pairs, `""` an empty site."""

    before: tuple[tuple[str, int], ...]
    after: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Reaction:
    """One directed reaction.

    `reactants`, `products`: (species name, stoichiometric coefficient >= 1), in declared species order.
    `rate`: the constant k where `mass_action`, else the full law.
    `per`: the compartment whose volume the rate refers to, where written.
    `reversible_of`: the forward reaction's name, on the second half of a `<->`.
    `net_reversible`: a `<->` with a single net law (an ODE-only reading).
    `lattice`, `placement`, `probability`, `daughter`: only for reactions on a lattice.
    """

    name: str
    reactants: tuple[tuple[str, int], ...]
    products: tuple[tuple[str, int], ...]
    rate: sp.Expr
    mass_action: bool = True
    per: str | None = None
    reversible_of: str | None = None
    net_reversible: bool = False
    lattice: str | None = None
    placement: Placement | None = None
    probability: sp.Expr | None = None
    daughter: str = "blocked"
    flags: frozenset[Flag] = frozenset()
    remark: str = ""
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class OdeTerm:
    """`X' = expr`: adds to what reactions do to X (in the meaning of the bare name, per time)."""

    species: str
    formula: sp.Expr
    remark: str = ""
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Event:
    """`at time : ...` (timed, `trigger` is a time) or `when condition : ...` (fires as it becomes true)."""

    timed: bool
    trigger: sp.Basic
    assignments: tuple[tuple[str, sp.Expr], ...]
    remark: str = ""
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Lattice:
    """A regular grid: `shape` sites per axis, `boundary` periodic or open, `capacity` particles a site."""

    name: str
    shape: tuple[int, ...]
    boundary: str = "periodic"
    capacity: int = 1
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Diffusion:
    """`diffuse A @ D on L`: hop rate per direction into an empty neighbouring site."""

    species: str
    rate: sp.Expr
    lattice: str
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Network:
    """What a model file says: names resolved, loops expanded, functions inlined. Compared without spans and source."""

    name: str
    units: tuple[tuple[str, Unit], ...] = ()
    constants: tuple[Constant, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    compartments: tuple[Compartment, ...] = ()
    species: tuple[Species, ...] = ()
    rules: tuple[Rule, ...] = ()
    observables: tuple[Observable, ...] = ()
    conservations: tuple[Conservation, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    ode_terms: tuple[OdeTerm, ...] = ()
    events: tuple[Event, ...] = ()
    lattices: tuple[Lattice, ...] = ()
    diffusions: tuple[Diffusion, ...] = ()
    source: Source | None = field(default=None, compare=False, repr=False)

    @cached_property
    def species_by_name(self) -> dict[str, Species]:
        return {s.name: s for s in self.species}

    @cached_property
    def compartments_by_name(self) -> dict[str, Compartment]:
        return {c.name: c for c in self.compartments}

    @cached_property
    def positions(self) -> dict[str, int]:
        """Species name to its place in declared order."""
        return {s.name: i for i, s in enumerate(self.species)}

    @cached_property
    def not_counted(self) -> tuple[Species, ...]:
        """The species whose bare name is not their number of molecules."""
        return tuple(s for s in self.species if s.concentration or s.per_count != 1)


def with_values(net: Network, values: Mapping[str, object]) -> Network:
    """The network with other parameter values, compartment sizes or initial values, by name.

    A species' value is in the meaning of its bare name. Raises R504 for a name that cannot be set.
    """
    given = {name: exact(value) for name, value in values.items()}
    settable = [x.name for part in (net.parameters, net.compartments, net.species) for x in part]
    for name in given:
        if name not in settable:
            fixed = any(c.name == name for c in net.constants)
            near = get_close_matches(name, settable, 1)
            hint = f"did you mean {near[0]!r}?" if near else "settable are: " + ", ".join(settable[:12])
            what = "a const, which cannot be set" if fixed else "no parameter, compartment or species"
            raise RxnError("R504", f"{name!r} is {what}", hint="declare it with 'param'" if fixed else hint)
    return replace(
        net,
        parameters=tuple(replace(p, value=given.get(p.name, p.value)) for p in net.parameters),
        compartments=tuple(replace(c, size=given.get(c.name, c.size)) for c in net.compartments),
        species=tuple(replace(s, initial=given.get(s.name, s.initial)) for s in net.species),
    )


# ---------------------------------------------------------------------------------------------- stoichiometry


def change(net: Network, reaction: Reaction) -> tuple[tuple[str, int], ...]:
    """Net change of each species' count by one event, zeros and fixed species left out, in declared order."""
    net_change = {name: -count for name, count in reaction.reactants}
    for name, count in reaction.products:
        net_change[name] = net_change.get(name, 0) + count
    by_name = net.species_by_name
    kept = [(n, v) for n, v in net_change.items() if v and Flag.FIXED not in by_name[n].flags]
    position = net.positions
    return tuple(sorted(kept, key=lambda pair: position[pair[0]]))


def stoichiometry(net: Network) -> Iterator[tuple[int, int, int]]:
    """The non-zero entries (species index, reaction index, net change) of the stoichiometric matrix."""
    position = net.positions
    for r, reaction in enumerate(net.reactions):
        for name, value in change(net, reaction):
            yield position[name], r, value


# ---------------------------------------------------------------------------------------------- rates


def size(compartment: str | None) -> sp.Expr:
    """The volume symbol of a compartment, 1 where there is none."""
    return symbol(compartment) if compartment else sp.S.One


def volume(net: Network, reaction: Reaction) -> sp.Expr:
    """The volume that a reaction's rate refers to.

    That named by `per`; else the one compartment of the reactants, or of the products where there are none.
    Raises R301 where these lie in several compartments.
    """
    if reaction.per is not None:
        return size(reaction.per)
    side = reaction.reactants or reaction.products
    places = {net.species_by_name[name].compartment for name, _ in side}
    if len(places) > 1:
        named = ", ".join(sorted(p or "no compartment" for p in places))
        message = f"reaction {reaction.name!r} has reactants in several compartments ({named})"
        hint = "name the volume that its rate refers to: '@ k per COMPARTMENT'"
        raise RxnError("R301", message, reaction.span, hint)
    return size(places.pop() if places else None)


def extent_per_count(net: Network, reaction: Reaction) -> sp.Rational:
    """The amount that one event stands for in the unit of the reaction's rate.

    That of its reactants where they agree (of its products where it has none); where amounts of different
    units meet, as with counted receptors and a concentration, and for {molecular}, the rate counts events: 1.
    """
    if Flag.MOLECULAR in reaction.flags:
        return sp.S.One
    side = reaction.reactants or reaction.products
    found = {net.species_by_name[name].per_count for name, _ in side}
    return found.pop() if len(found) == 1 else sp.S.One


def per_event(species: Species) -> sp.Expr:
    """What one molecule adds to the bare name: `per_count [/ V]`."""
    return species.per_count / size(species.compartment) if species.concentration else species.per_count


def in_counts(species: Species) -> sp.Expr:
    """The bare name of a species as a function of its count n: `per_count n [/ V]`, n by the same symbol."""
    return per_event(species) * species.symbol


def propensity(net: Network, reaction: Reaction) -> sp.Expr:
    """Probability per time of one event, species symbols standing for counts (equations above)."""
    counts = {s.symbol: in_counts(s) for s in net.not_counted}
    rate = reaction.rate.xreplace(counts) if counts else reaction.rate
    scale = extent_per_count(net, reaction)
    if not reaction.mass_action:
        return rate * (size(reaction.per) if reaction.per else 1) / scale
    molecular, powers = Flag.MOLECULAR in reaction.flags, Flag.POWERS in reaction.flags
    factors = [rate] if molecular else [rate, volume(net, reaction), 1 / scale]
    for name, nu in reaction.reactants:
        species = net.species_by_name[name]
        factors += [species.symbol - i if i else species.symbol for i in range(nu)]
        if nu > 1 and not powers:
            factors.append(sp.Rational(1, sp.factorial(nu)))
        if not molecular and (species.compartment or species.per_count != 1):
            factors.append((species.per_count / size(species.compartment)) ** nu)
    return sp.Mul(*factors)


def rate_law(net: Network, reaction: Reaction) -> sp.Expr:
    """The deterministic law as it is written in the field: per volume for mass action and `per`, bare names.

    Multiply by `rate_scale` for events per time.
    """
    if not reaction.mass_action:
        return reaction.rate
    molecular, powers = Flag.MOLECULAR in reaction.flags, Flag.POWERS in reaction.flags
    factors = [reaction.rate]
    for name, nu in reaction.reactants:
        species = net.species_by_name[name]
        if molecular:
            quantity = species.symbol / per_event(species)
        elif species.concentration:
            quantity = species.symbol
        else:
            quantity = species.symbol / size(species.compartment)
        factors += [quantity**nu, sp.S.One if powers else sp.Rational(1, sp.factorial(nu))]
    return sp.Mul(*factors)


def rate_scale(net: Network, reaction: Reaction) -> sp.Expr:
    """What turns `rate_law` into events per time: the volume it refers to over `extent_per_count`."""
    if Flag.MOLECULAR in reaction.flags:
        return sp.S.One
    if reaction.mass_action:
        return volume(net, reaction) / extent_per_count(net, reaction)
    return (size(reaction.per) if reaction.per else sp.Integer(1)) / extent_per_count(net, reaction)
