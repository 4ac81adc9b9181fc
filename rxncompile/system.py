"""Noun 4: a system of equations, `d state/dt = drift`, plus jumps if it is a jump process.

Deriving, closing, reducing, differentiating and learning all return one, so one printer, one compiler and
one set of simulators serve them all.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeAlias, overload

import sympy as sp

from .errors import RxnError, Span
from .expressions import MOMENT, TIME, exact, text, to_float
from .network import Distribution
from .notation import Letters, letters, system_latex
from .tables import Definitions, Moments
from .tables import Polynomial as Polynomial

Rhs: TypeAlias = sp.Expr | Polynomial


def as_expr(rhs: Rhs) -> sp.Expr:
    """The sympy expression of a right-hand side."""
    return rhs.expr if isinstance(rhs, Polynomial) else rhs


@dataclass(frozen=True, slots=True)
class State:
    """A state: its symbol, the label that users see, its initial value (a formula of parameters) or law.

    `shape` is () for a number; a block of values has a shape. `unit` is text for axes and tables.
    """

    symbol: sp.Symbol
    label: str
    initial: sp.Expr | Distribution = sp.S.Zero
    unit: str = ""
    shape: tuple[int, ...] = ()


class OpenMoments(Sequence[State]):
    """The moments of a table from place `first` on, as states without equations, made when read."""

    def __init__(self, moments: Moments, first: int) -> None:
        self.moments, self.first = moments, first

    def __len__(self) -> int:
        return len(self.moments) - self.first

    @overload
    def __getitem__(self, i: int) -> State: ...
    @overload
    def __getitem__(self, i: slice) -> tuple[State, ...]: ...
    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return tuple(self[k] for k in range(len(self))[i])
        name = self.moments[self.first + range(len(self))[i]]
        return State(name, name.name)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, OpenMoments):
            return self.first == other.first and self.moments == other.moments
        return isinstance(other, tuple) and tuple(self) == other

    def __hash__(self) -> int:
        return hash(tuple(self))  # that of an equal tuple


@dataclass(frozen=True, slots=True)
class Input:
    """A time series given at run time, and how to read between its points: linear, previous or cubic."""

    symbol: sp.Symbol
    label: str
    interpolation: str = "linear"


@dataclass(frozen=True, slots=True)
class Constant:
    """A number that belongs to the model: settable unless `fixed`; `lower` and `upper` bound a fit."""

    symbol: sp.Symbol
    label: str
    value: sp.Expr
    unit: str = ""
    lower: sp.Expr | None = None
    upper: sp.Expr | None = None
    prior: Distribution | None = None


@dataclass(frozen=True, slots=True)
class Jump:
    """A reaction event: what it adds to the states, its probability per time, and the reaction it came from.

    It fires only where every `requires` state holds at least that many (general laws need not vanish there).
    """

    name: str
    change: tuple[tuple[sp.Symbol, int], ...]
    propensity: sp.Expr
    requires: tuple[tuple[sp.Symbol, int], ...] = ()
    origin: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Trigger:
    """When `condition` becomes true (or at the time `condition`, if `timed`) states and parameters are assigned."""

    timed: bool
    condition: sp.Basic
    assignments: tuple[tuple[sp.Symbol, sp.Expr], ...]
    origin: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Field:
    """A vector function that is computed, not written as a formula: the frozen specification of one.

    `kind` names the implementation that the kernels know; `parameters` are its own numbers, among those of the System
    and side by side. `form` is what else it has to know, a value that does not change, such as the axes of a grid.
    """

    name: str
    kind: str
    inputs: tuple[sp.Symbol, ...]
    outputs: tuple[sp.Symbol, ...]
    parameters: tuple[sp.Symbol, ...] = ()
    form: Hashable = None

    @property
    def zeros(self) -> tuple[sp.Expr, ...]:
        """What the outputs make zero, of a field that equations decide; of others nothing."""
        found: tuple[sp.Expr, ...] = getattr(self.form, "residuals", ())
        return found


@dataclass(frozen=True, slots=True)
class Step:
    """One line of provenance: what was done, with which choices, after which source."""

    name: str
    options: tuple[tuple[str, str], ...] = ()
    reference: str = ""

    def __str__(self) -> str:
        chosen = ", ".join(f"{k} = {v}" for k, v in self.options)
        return self.name + (f" ({chosen})" if chosen else "") + (f"  [{self.reference}]" if self.reference else "")


@dataclass(frozen=True)
class System:
    """Named states with `d state/dt = drift` (aligned with `states`), and `jumps` if it is a jump process.

    `parameters`: settable numbers, in the order of a kernel's `p`. `definitions`: ordered symbol = formula pairs,
    each in terms of states, parameters, time and earlier definitions. `frontier`: states that equations mention
    and nobody defines (an open hierarchy). `outputs`: label = formula pairs to report beside the states.
    """

    name: str
    states: tuple[State, ...]
    parameters: tuple[Constant, ...] = ()
    drift: Sequence[Rhs] = ()
    jumps: tuple[Jump, ...] = ()
    definitions: Sequence[tuple[sp.Symbol, sp.Expr]] = ()
    frontier: Sequence[State] = ()
    outputs: tuple[tuple[str, sp.Expr], ...] = ()
    events: tuple[Trigger, ...] = ()
    inputs: tuple[Input, ...] = ()
    fields: tuple[Field, ...] = ()
    steps: tuple[Step, ...] = ()

    def __post_init__(self) -> None:
        if not self.drift:
            object.__setattr__(self, "drift", (sp.Integer(0),) * len(self.states))
        if len(self.drift) != len(self.states):
            raise ValueError(f"{len(self.drift)} right-hand sides for {len(self.states)} states")

    # -- reading -------------------------------------------------------------------------------------

    @cached_property
    def symbols(self) -> frozenset[sp.Symbol]:
        """The symbols of the states, the frontier's included."""
        return frozenset(s.symbol for s in (*self.states, *self.frontier))

    @cached_property
    def _shown(self) -> frozenset[sp.Symbol]:
        """What stands behind the parameters in a product: states, and moments that are defined by a closure."""
        return self.symbols | {name for name, _ in self.definitions if MOMENT.fullmatch(name.name)}

    @property
    def plain_definitions(self) -> Sequence[tuple[sp.Symbol, sp.Expr]]:
        """The definitions without the moments that a table gives."""
        return self.definitions.plain if isinstance(self.definitions, Definitions) else self.definitions

    @property
    def rhs(self) -> tuple[sp.Expr, ...]:
        """`drift + sum over jumps of change * propensity`, one expression a state."""
        total: dict[sp.Symbol, list[sp.Expr]] = {s.symbol: [] for s in self.states}
        for jump in self.jumps:
            for moved, amount in jump.change:
                total[moved].append(amount * jump.propensity)
        return tuple(
            sp.Add(as_expr(d), *total[s.symbol]) for s, d in zip(self.states, self.drift, strict=True)
        )

    @property
    def history(self) -> tuple[str, ...]:
        """How this system came about, a line a step."""
        return tuple(str(step) for step in self.steps)

    @property
    def citations(self) -> tuple[str, ...]:
        """The sources of the steps, each once."""
        return tuple(dict.fromkeys(step.reference for step in self.steps if step.reference))

    def equations(self) -> Iterator[tuple[str, sp.Expr]]:
        """(label, right-hand side) of every state."""
        for state, rhs in zip(self.states, self.rhs, strict=True):
            yield state.label, rhs

    def __str__(self) -> str:
        lines = [f"{self.name}: {len(self.states)} states, {len(self.jumps)} jumps"]
        lines += [f"  # {line}" for line in self.history]
        shown = self._shown
        for jump in self.jumps:
            moves = ", ".join(f"{s.name} {v:+d}" for s, v in jump.change) or "nothing"
            lines.append(f"  {jump.name}: {moves}   at   {text(jump.propensity, shown)}")
        for state, drift in zip(self.states, self.drift, strict=True):
            if not self.jumps or as_expr(drift) != 0:
                lines.append(f"  d {state.label}/dt = {text(as_expr(drift), shown)}")
        if self.definitions:
            lines.append("  where")
            lines += [f"  {name.name} = {text(formula, shown)}" for name, formula in self.definitions]
        for f in self.fields:
            left, right = (", ".join(s.name for s in part) for part in (f.outputs, f.inputs))
            size = f", {len(f.parameters)} numbers" if f.parameters else ""
            lines.append(f"  {left} = {f.name}({right}): {f.kind}{size}")
            lines += [f"    0 = {text(formula, shown)}" for formula in f.zeros]
        for given in self.inputs:
            lines.append(f"  {given.label}: a series, {given.interpolation}")
        for trigger in self.events:
            sets = ", ".join(f"{s.name} = {text(e, shown)}" for s, e in trigger.assignments)
            lines.append(f"  {'at' if trigger.timed else 'when'} {text(trigger.condition, shown)}: {sets}")
        if self.outputs:
            lines.append("  outputs")
            lines += [f"  {label} = {text(formula, shown)}" for label, formula in self.outputs]
        if self.frontier:
            lines.append("  open: " + ", ".join(s.label for s in self.frontier))
        return "\n".join(lines)

    def latex(self, limit: int | None = None) -> str:
        """The equations in LaTeX, to stand between $$ and $$: all, or those of the first `limit` states and jumps."""
        shown = range(len(self.states))[:limit]
        drift = [(self.states[k].symbol.name, as_expr(self.drift[k])) for k in shown]
        jumps = [(j.name, j.change, j.propensity) for j in self.jumps[:limit]]
        events = [(e.timed, e.condition, e.assignments) for e in self.events]
        left_out = max(len(self.states), len(self.jumps)) > len(shown) if limit is not None else False
        return system_latex(
            self.letters,
            [(name, rhs) for name, rhs in drift if rhs != 0 or not self.jumps],
            jumps,
            self.definitions[:limit],
            events,
            f"the first {limit} of {len(self.states)} states and {len(self.jumps)} jumps" if left_out else "",
            [formula for f in self.fields for formula in f.zeros][:limit],
        )

    @cached_property
    def letters(self) -> Letters:
        """How the names in the equations are drawn."""
        named = [*self.symbols, *(c.symbol for c in self.parameters), *(i.symbol for i in self.inputs)]
        return letters((s.name for s in (*named, *(name for name, _ in self.definitions))), self._shown)

    def _repr_latex_(self) -> str:
        return f"$${self.latex(limit=50)}$$"

    # -- changing ------------------------------------------------------------------------------------

    def define(self, formulas: Mapping[sp.Symbol, sp.Expr], step: Step) -> System:
        """The system in which states (open or not) are given by formulas: closing and reducing alike.

        A defined state leaves `states` or `frontier`, its formula joins `definitions` (sorted so that each stands
        after those it uses) and its label becomes an output. Raises R501 for a symbol that is neither, R502 for
        formulas that depend on each other in a circle, R503 where a jump changes a defined state.
        """
        known = {s.symbol: s for s in (*self.states, *self.frontier)}
        for name in formulas:
            if name not in known:
                raise RxnError("R501", f"{name.name!r} is not a state of {self.name}", hint=_states_hint(self))
        for jump in self.jumps:
            for moved, _ in jump.change:
                if moved in formulas:
                    message = f"reaction {jump.name!r} changes {moved.name!r}, which is to be defined"
                    raise RxnError("R503", message, jump.origin)
        kept = [(s, d) for s, d in zip(self.states, self.drift, strict=True) if s.symbol not in formulas]
        definitions = sort_definitions({**dict(self.definitions), **formulas}, self.name)
        return replace(
            self,
            states=tuple(s for s, _ in kept),
            drift=self.drift if len(kept) == len(self.states) else tuple(d for _, d in kept),
            frontier=tuple(s for s in self.frontier if s.symbol not in formulas),
            definitions=definitions,
            outputs=self.outputs + tuple((known[name].label, name) for name in formulas),
            steps=(*self.steps, step),
        )

    # -- values --------------------------------------------------------------------------------------

    def parameter_values(self, overrides: Mapping[str, object] | None = None) -> dict[sp.Symbol, sp.Expr]:
        """Exact parameter values, overrides by label applied, formulas of other parameters followed.

        Raises R504 for a label that is no parameter, R505 for a value that is not a number.
        """
        given = dict(overrides or {})
        by_label = {c.label: c for c in self.parameters}
        for label in given:
            if label not in by_label:
                hint = "it has: " + ", ".join(by_label)
                raise RxnError("R504", f"{label!r} is not a parameter of {self.name}", hint=hint)
        formulas = {c.symbol: exact(given[c.label]) if c.label in given else c.value for c in self.parameters}
        values: dict[sp.Symbol, sp.Expr] = {}
        for name, formula in self.plain_definitions:
            if formula.free_symbols <= values.keys():
                values[name] = formula.xreplace(values)
        for name, formula in sort_definitions(formulas, self.name, known=frozenset(values)):
            values[name] = formula.xreplace(values)
            if not values[name].is_number:
                loose = ", ".join(sorted(s.name for s in values[name].free_symbols))
                raise RxnError("R505", f"parameter {name.name!r} depends on {loose}, which has no value")
        return {c.symbol: values[c.symbol] for c in self.parameters}

    def parameter_vector(self, overrides: Mapping[str, object] | None = None) -> tuple[float, ...]:
        """The numbers of a kernel's `p`, in the order of `parameters`."""
        return tuple(to_float(value) for value in self.parameter_values(overrides).values())

    def environment(self, params: Mapping[str, object] | None = None) -> dict[sp.Symbol, sp.Expr]:
        """Parameter values together with every definition that these (and nothing else) decide."""
        values: dict[sp.Symbol, sp.Expr] = dict(self.parameter_values(params))
        for name, formula in self.plain_definitions:
            if formula.free_symbols <= values.keys():
                values[name] = formula.xreplace(values)
        return values

    def evaluate(
        self, state: Mapping[str, object], params: Mapping[str, object] | None = None, t: object = 0
    ) -> dict[str, sp.Expr]:
        """`{label: d label/dt}` at one point as exact sympy numbers, without compilation.

        `state` maps every state's label to a number. Raises R501 for an unknown or missing label, R506 where the
        system is open.
        """
        if self.frontier:
            missing_states = ", ".join(s.label for s in self.frontier)
            raise RxnError("R506", f"{self.name} is open: {missing_states}", hint="close it first")
        labels = {s.label: s.symbol for s in self.states}
        for label in state:
            if label not in labels:
                raise RxnError("R501", f"{label!r} is not a state of {self.name}", hint=_states_hint(self))
        missing = [label for label in labels if label not in state]
        if missing:
            raise RxnError("R501", "no value for " + ", ".join(missing))
        values: dict[sp.Symbol, sp.Expr] = {TIME: exact(t), **self.parameter_values(params)}
        values |= {labels[label]: exact(number) for label, number in state.items()}
        for name, formula in self.definitions:
            values[name] = formula.xreplace(values)
        return {label: rhs.xreplace(values) for label, rhs in self.equations()}


def sort_definitions(
    formulas: Mapping[sp.Symbol, sp.Expr], name: str, known: frozenset[sp.Symbol] = frozenset()
) -> tuple[tuple[sp.Symbol, sp.Expr], ...]:
    """Formulas ordered so that each stands after those it uses, otherwise as given. Raises R502 on a circle."""
    done: dict[sp.Symbol, sp.Expr] = {}
    for first in formulas:
        path: dict[sp.Symbol, None] = {}
        stack: list[tuple[sp.Symbol, bool]] = [(first, False)]
        while stack:
            current, ready = stack.pop()
            if ready:
                path.pop(current, None)
                done[current] = formulas[current]
            elif current in path:
                circle = " -> ".join(s.name for s in (*path, current))
                raise RxnError("R502", f"definitions of {name} depend on each other: {circle}")
            elif current not in done and current not in known:
                path[current] = None
                stack.append((current, True))
                used = sorted(formulas[current].free_symbols & formulas.keys(), key=lambda s: str(s.name))
                stack += [(u, False) for u in used]
    return tuple(done.items())


def _states_hint(system: System) -> str:
    labels = [s.label for s in (*system.states, *system.frontier)]
    return "it has: " + ", ".join(labels[:12]) + (" ..." if len(labels) > 12 else "")
