"""A reduction put together: the System of the slow variables, with what was eliminated among its outputs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import sympy as sp

from ...errors import RxnError
from ...expressions import symbol
from ...network import Distribution, Network
from ...system import Constant, Field, State, Step, System
from .mechanism import Mechanism, Move, Weights


@dataclass(frozen=True)
class Total:
    """A sum of states: a parameter where it is constant, else a slow state. `name` is its symbol."""

    name: sp.Symbol
    weights: Weights
    constant: bool


@dataclass(frozen=True)
class Validity:
    """`time`: in which the fast species relax; `epsilon`: by slow state, its relative change while they do.

    `gap`: how many times slower the fastest slow mode is than the slowest fast one. Not a number where a slow state
    starts at zero, or nothing is left to relax. All at the start of the slow motion and the model's parameter values.
    """

    time: float
    epsilon: tuple[tuple[str, float], ...]
    gap: float

    @property
    def worst(self) -> float:
        """The largest relative change; not a number where none is known."""
        return max((e for _, e in self.epsilon if e == e), default=math.nan)

    def __str__(self) -> str:
        known = [f"{name} {e:.3g}" for name, e in self.epsilon if e == e]
        said = f"epsilon = {', '.join(known)}" if known else "epsilon is not known, as every slow state starts at 0"
        return f"{said}; the slowest fast mode takes {self.time:.3g}, the fastest slow one {self.gap:.3g} times that"


@dataclass(frozen=True)
class Reduction:
    """A reduced model: its equations, and where it is one its reaction network.

    `fast`: the eliminated states, `formulas` what stands for them (helpers among them), `totals` the sums that came in.
    `relaxing`: the reactions taken as fast. `slow`: each slow state with the sum of former states that it stands for.
    `notes`: what a reader must know, in sentences. `network`: the slow reactions; None of a System.
    """

    form: str
    mechanism: Mechanism
    system: System
    fast: tuple[sp.Symbol, ...]
    formulas: tuple[tuple[sp.Symbol, sp.Expr], ...]
    totals: tuple[Total, ...]
    relaxing: tuple[Move, ...]
    slow: tuple[tuple[sp.Symbol, Weights], ...]
    conditions: tuple[tuple[sp.Symbol, sp.Expr], ...]
    notes: tuple[str, ...] = ()
    network: Network | None = None
    validity: Validity | None = None

    def __str__(self) -> str:
        said = [f"validity: {self.validity}"] if self.validity else []
        return "\n".join([str(self.system), *(f"  {note}" for note in (*self.notes, *said))])


def named(mech: Mechanism, weights: Weights, taken: Iterable[sp.Symbol]) -> sp.Symbol:
    """A name for a sum of states: that of the first with `_total` behind it."""
    used = {s.name for s in (*mech.states, *taken)} | {c.symbol.name for c in mech.system.parameters}
    used |= {name.name for name, _ in mech.system.definitions}
    first = next(iter(weights)).name
    plain = "".join(c if c.isalnum() else "_" for c in first).strip("_")
    name = f"{plain}_total"
    while name in used:
        name += "_"
    return symbol(name)


def totals_of(
    mech: Mechanism, laws: Sequence[Weights], moves: Sequence[Move], taken: Iterable[sp.Symbol] = ()
) -> list[Total]:
    """The sums with names; constant are those that all moves keep."""
    found: list[Total] = []
    for law in laws:
        constant = all(m.along(law) == 0 for m in moves)
        found.append(Total(named(mech, law, [*taken, *(t.name for t in found)]), law, constant))
    return found


def start_of(mech: Mechanism, weights: Mapping[sp.Symbol, int]) -> sp.Expr:
    """The value of a sum at the start. Raises R525 where one of its states starts from a distribution."""
    parts = []
    for s, c in weights.items():
        initial = mech.states[s].initial
        if isinstance(initial, Distribution):
            message = f"{s.name!r} starts from a distribution, so that what is conserved is a random number"
            raise RxnError("R525", message, hint="give it a number to start from")
        parts.append(c * initial)
    return sp.Add(*parts)


def assembled(
    mech: Mechanism,
    fast: Sequence[sp.Symbol],
    formulas: Mapping[sp.Symbol, sp.Expr],
    totals: Sequence[Total],
    drift: Mapping[sp.Symbol, sp.Expr],
    step: Step,
    starts: Mapping[sp.Symbol, sp.Expr] | None = None,
    fields: Sequence[Field] = (),
) -> System:
    """The System whose states are those of `drift`, kept ones first; `fast` become outputs by their formulas.

    `totals` are new parameters, or states. `starts`: other initial values than before. `fields` give what has no
    formula.
    """
    system = mech.system
    implicit = [s for f in fields for s in f.outputs]
    for event in system.events:
        for name, _ in event.assignments:
            if name in formulas or name in implicit or any(name in t.weights for t in totals):
                message = f"an event sets {name.name!r}, which the reduction gives by other variables"
                raise RxnError("R525", message, event.origin)
    states = []
    for s in system.states:
        if s.symbol in drift:
            states.append(replace(s, initial=starts[s.symbol]) if starts and s.symbol in starts else s)
    for t in totals:
        if not t.constant:
            unit = mech.states[next(iter(t.weights))].unit
            states.append(State(t.name, t.name.name, start_of(mech, t.weights), unit))
    constants = []
    for t in totals:
        if t.constant:
            unit = mech.states[next(iter(t.weights))].unit
            constants.append(Constant(t.name, t.name.name, start_of(mech, t.weights), unit))
    helpers = [State(s, s.name) for s in formulas if s not in mech.states]
    gone = [mech.states[s] for s in mech.states if s in formulas]
    base = replace(
        system,
        states=(*states, *gone),
        drift=(*(drift[s.symbol] for s in states), *(sp.S.Zero for _ in gone)),
        parameters=(*system.parameters, *constants),
        frontier=tuple(helpers),
        outputs=(*system.outputs, *((s.label, s.symbol) for s in mech.states.values() if s.symbol in implicit)),
        fields=tuple(fields),
    )
    reduced = base.define(formulas, step)
    shown = {s.label for s in mech.states.values() if s.symbol in fast}
    kept_outputs = [pair for pair in reduced.outputs if pair in system.outputs or pair[0] in shown]
    needed = _needed(reduced)
    held = {name for name, _ in system.definitions}
    return replace(
        reduced,
        outputs=tuple(kept_outputs),
        definitions=tuple(pair for pair in reduced.definitions if pair[0] not in held or pair[0] in needed),
    )


def _needed(system: System) -> set[sp.Symbol]:
    """The definitions that anything but themselves uses."""
    used: set[sp.Symbol] = set().union(*(e.free_symbols for _, e in system.equations()))
    used = used.union(*(e.free_symbols for _, e in system.outputs))
    used = used.union(*(s.initial.free_symbols for s in system.states if not isinstance(s.initial, Distribution)))
    used = used.union(*(f.inputs for f in system.fields))
    used = used.union(*(c.value.free_symbols for c in system.parameters))
    for event in system.events:
        used = used.union(event.condition.free_symbols, *(e.free_symbols for _, e in event.assignments))
    for name, formula in reversed(list(system.definitions)):
        if name in used:
            used |= formula.free_symbols
    return used
