"""Syntax tree -> Network: imports read, loops expanded, names looked up, everything checked.

Two passes over the expanded statements: the first collects names, the second builds; so the order of statements
does not matter. A statement that is wrong is reported and left out, the others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import ClassVar

import sympy as sp

from ..errors import RxnError, Source, Span
from ..network import (
    Compartment,
    Conservation,
    Constant,
    Diffusion,
    Distribution,
    Event,
    Flag,
    Lattice,
    Network,
    Observable,
    OdeTerm,
    Parameter,
    Rule,
    Species,
    Unit,
)
from . import formulas as f
from . import syntax as s
from .checks import check
from .distributions import Placed, check_laws
from .expansion import Expansion
from .formulas import Formulas
from .lattices import lattice
from .pointing import pointed
from .quantities import (
    COMPARTMENT_KEYS,
    RULE_FLAGS,
    SPECIES_FLAGS,
    SPECIES_KEYS,
    Noted,
    dimensions_of,
    law,
    noted,
    per_count,
    unit_of,
)
from .reactions import Reactions
from .scope import Frame, Report, ReportedError, Scope, place
from .syntax import Kind

MODEL_UNITS = ("time", "amount", "volume", "area", "length", "mass", "temperature", "current")


def resolve(statements: list[tuple[s.Statement, Frame]], source: Source, name: str, report: Report) -> Network | None:
    """The Network of a model's statements (imports included), or None where they cannot even be expanded."""
    return _Resolver(statements, source, report).run(name)


class _Resolver:
    def __init__(self, statements: list[tuple[s.Statement, Frame]], source: Source, report: Report) -> None:
        self.statements = statements
        self.source = source
        self.report = report
        self.scope = Scope(report)
        self.expansion = Expansion(self.scope)
        self.formulas = Formulas(self.scope, self.expansion)
        self.reactions = Reactions(self.scope, self.expansion, self.formulas)
        self.units: dict[str, Unit] = {}
        self.initials: dict[str, tuple[sp.Expr | Distribution, Span]] = {}
        self.laws: list[Placed] = []
        self.constants: list[Constant] = []
        self.parameters: list[Parameter] = []
        self.compartments: dict[str, Compartment] = {}
        self.species: list[Species] = []
        self.rules: list[Rule] = []
        self.observables: list[Observable] = []
        self.conservations: list[Conservation] = []
        self.ode_terms: list[OdeTerm] = []
        self.events: list[Event] = []
        self.lattices: list[Lattice] = []
        self.diffusions: list[Diffusion] = []

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """What goes wrong within is reported, and the rest of it left out."""
        try:
            yield
        except ReportedError:
            pass
        except RxnError as error:
            self.report.add(*error.diagnostics)

    def run(self, name: str) -> Network | None:
        for statement, frame in self.statements:
            self.scope.doubtful |= frame.file.doubtful
            if isinstance(statement, s.Declaration) and statement.kind is Kind.CONSTANT:
                for item in statement.items:
                    if item.value is not None and not item.ref.indices:
                        self.expansion.constants[frame.prefix + item.ref.name] = (item.value, frame)
        with self.reporting():
            for statement, frame in self.statements:
                self.expansion.admit([statement], frame)
            for statement, frame in self.expansion.walk(self.statements):
                with self.reporting():
                    self.declare(statement, frame)
            self.reactions.order()
            for statement, frame in self.expansion.walk(self.statements):
                with self.reporting():
                    self.build(statement, frame)
            return self.finish(name)
        return None

    # -- first pass ----------------------------------------------------------------------------------

    def declare(self, statement: s.Statement, frame: Frame) -> None:
        if isinstance(statement, s.Declaration):
            for item in statement.items:
                span = frame.span(item.ref)
                for name, indices, base in self.expansion.names(item.ref, frame):
                    self.scope.declare(name, statement.kind, span, indices, base)
        elif isinstance(statement, s.Function):
            name = frame.prefix + statement.name
            self.scope.declare(name, Kind.FUNCTION, frame.named(statement))
            self.scope.functions.setdefault(name, (statement, frame))
            double = {a for a in statement.arguments if statement.arguments.count(a) > 1}
            if double:
                raise RxnError("R102", f"two arguments are called {double.pop()!r}", frame.named(statement))
        elif isinstance(statement, s.LatticeBlock):
            self.scope.declare(frame.prefix + statement.name, Kind.LATTICE, frame.named(statement))
        elif isinstance(statement, s.ReactionLine) and statement.label is not None:
            self.reactions.labels.add(self.expansion.name(statement.label, frame))
        elif isinstance(statement, s.Units):
            self.choose_units(statement, frame)

    def choose_units(self, statement: s.Units, frame: Frame) -> None:
        for key, written in statement.choices:
            span = frame.span(written)
            if key not in MODEL_UNITS:
                raise RxnError("R307", f"unknown quantity {key!r}", span, "known are: " + ", ".join(MODEL_UNITS))
            unit = unit_of(written, frame)
            assert unit is not None
            power = {"volume": 3, "area": 2}.get(key, 1)
            base = "length" if key in ("volume", "area") else key
            if unit.dimension != ((base, power),):
                raise RxnError("R307", f"{unit.text!r} is no unit of {key}", span)
            if self.units.setdefault(key, unit) != unit:
                raise RxnError("R102", f"the unit of {key} is chosen twice", span)

    # -- second pass ---------------------------------------------------------------------------------

    def build(self, statement: s.Statement, frame: Frame) -> None:
        builder = self._builders.get(type(statement))
        if builder is not None:
            builder(self, statement, frame)

    def declaration(self, statement: s.Declaration, frame: Frame) -> None:
        make = self._makers[statement.kind]
        for item in statement.items:
            with self.reporting():
                for name, _, _ in self.expansion.names(item.ref, frame):
                    make(self, item, frame, name)

    def constant(self, item: s.Quantity, frame: Frame, name: str) -> None:
        value = self.formulas.formula(_given(item), frame, f.CONSTANT)
        remark = noted(item.attributes, frame, what="a const").remark
        self.constants.append(Constant(name, value, unit_of(item.unit, frame), remark, frame.span(item)))

    def parameter(self, item: s.Quantity, frame: Frame, name: str) -> None:
        lower, upper = (self.formulas.formula(b, frame, f.PRIOR) for b in item.bounds) if item.bounds else (None, None)
        self.parameters.append(
            Parameter(
                name,
                self.formulas.formula(_given(item), frame, f.PARAMETER),
                unit_of(item.unit, frame),
                lower,
                upper,
                self.law(item.law, name, frame, f.PRIOR) if item.law else None,
                noted(item.attributes, frame, what="a param").remark,
                frame.span(item),
            )
        )

    def compartment(self, item: s.Quantity, frame: Frame, name: str) -> None:
        inside = None
        if item.place is not None:
            inside = self.expansion.name(item.place, frame)
            self.scope.of_kind(inside, Kind.COMPARTMENT, frame.span(item.place))
        unit = unit_of(item.unit, frame)
        notes = noted(item.attributes, frame, keys=COMPARTMENT_KEYS, what="a compartment")
        dimensions = self.dimensions(unit, notes, frame, frame.span(item))
        size = self.formulas.formula(_given(item), frame, f.SIZE)
        if size.is_Rational and size <= 0:
            raise RxnError("R310", "the size of a compartment is positive", frame.span(item))
        self.compartments[name] = Compartment(
            name, size, unit, inside, notes.remark, frame.span(item), dimensions
        )

    def dimensions(self, unit: Unit | None, notes: Noted, frame: Frame, span: Span) -> int:
        """The dimensions of a compartment, by its unit or as written. Raises R304 where these are none or differ."""
        found = dimensions_of(unit)
        if found is None:
            hint = "sizes are volumes, areas, lengths or numbers: L, um^3, um^2, um, dimensionless"
            raise RxnError("R304", f"{unit.text if unit else ''!r} is no unit of a size", span, hint)
        written = notes.value("dimensions")
        if written is None or written.value is None:
            return found
        given = self.expansion.integer(written.value, frame)
        if not 0 <= given <= 3:
            raise RxnError("R304", "a compartment has 0 to 3 dimensions", frame.span(written))
        if unit is not None and found not in (0, given):
            message = f"a size in {unit.text} has {found} dimensions, not {given}"
            raise RxnError("R304", message, frame.span(written), "the unit says it already")
        return given

    def one_species(self, item: s.Quantity, frame: Frame, name: str) -> None:
        notes = noted(item.attributes, frame, SPECIES_FLAGS, SPECIES_KEYS, "a species")
        initial: sp.Expr | Distribution = sp.S.Zero
        if item.law is not None:
            initial = self.law(item.law, name, frame, f.INITIAL)
        elif item.value is not None:
            initial = self.formulas.formula(item.value, frame, f.INITIAL)
        compartment = None
        if item.place is not None:
            compartment = self.expansion.name(item.place, frame)
            self.scope.of_kind(compartment, Kind.COMPARTMENT, frame.span(item.place))
        per = notes.value("per")
        if per is not None and not (isinstance(per.value, s.Ref) and per.value.name == "site"):
            raise RxnError("R207", "the attribute 'per' is written {per = site}", frame.span(per))
        self.species.append(
            Species(
                name,
                compartment,
                unit_of(item.unit, frame),
                initial=initial,
                per_site=per is not None,
                flags=notes.flags,
                remark=notes.remark,
                span=frame.span(item),
            )
        )

    def rule(self, item: s.Quantity, frame: Frame, name: str) -> None:
        formula = self.formulas.formula(_given(item), frame, f.LAW)
        notes = noted(item.attributes, frame, RULE_FLAGS, what="a let")
        unit, reported = unit_of(item.unit, frame), Flag.REPORTED in notes.flags
        self.rules.append(Rule(name, formula, unit, notes.remark, frame.span(item), reported))

    def observable(self, item: s.Quantity, frame: Frame, name: str) -> None:
        formula = self.formulas.formula(_given(item), frame, f.OBSERVED)
        remark = noted(item.attributes, frame, what="an observable").remark
        self.observables.append(Observable(name, formula, unit_of(item.unit, frame), remark, frame.span(item)))

    def function(self, statement: s.Function, frame: Frame) -> None:
        self.formulas.function(statement, frame)

    def initial(self, statement: s.Initials, frame: Frame) -> None:
        for item in statement.items:
            with self.reporting():
                name = self.expansion.name(item.ref, frame)
                self.scope.of_kind(name, Kind.SPECIES, frame.span(item.ref))
                if item.law is not None:
                    value: sp.Expr | Distribution = self.law(item.law, name, frame, f.INITIAL)
                else:
                    assert item.value is not None
                    value = self.formulas.formula(item.value, frame, f.INITIAL)
                if name in self.initials:
                    hint = f"the first time at {place(self.initials[name][1])}"
                    raise RxnError("R102", f"{name!r} gets two initial values", frame.span(item), hint)
                self.initials[name] = value, frame.span(item)

    def law(self, node: s.Law, owner: str, frame: Frame, use: f.Use) -> Distribution:
        self.laws.append(law(node, owner, frame, use, self.formulas))
        return self.laws[-1].law

    def conserve(self, statement: s.Conserve, frame: Frame) -> None:
        name = self.expansion.name(statement.ref, frame)
        if any(c.name == name for c in self.conservations):
            raise RxnError("R102", f"two conservation laws are called {name!r}", frame.span(statement))
        if isinstance(statement.formula, s.Compare):
            hint = "write 'conserve NAME: sum = value'"
            raise RxnError("R201", "a sum is conserved, not a condition", frame.span(statement.formula), hint)
        formula = self.formulas.formula(statement.formula, frame, f.CONSERVED)
        value = None if statement.value is None else self.formulas.formula(statement.value, frame, f.INITIAL)
        self.conservations.append(Conservation(name, formula, value, frame.span(statement)))

    def reaction(self, statement: s.ReactionLine, frame: Frame) -> None:
        self.reactions.add(statement, frame)

    def ode_term(self, statement: s.OdeLine, frame: Frame) -> None:
        name = self.expansion.name(statement.ref, frame)
        self.scope.of_kind(name, Kind.SPECIES, frame.span(statement.ref))
        formula = self.formulas.formula(statement.formula, frame, f.LAW)
        remark = noted(statement.attributes, frame, what="an ODE term").remark
        self.ode_terms.append(OdeTerm(name, formula, remark, frame.span(statement)))

    def event(self, statement: s.EventLine, frame: Frame) -> None:
        if statement.timed:
            if isinstance(statement.trigger, (s.Compare, s.And, s.Or, s.Not)):
                hint = "an event at a condition is written 'when condition : ...'"
                raise RxnError("R201", "'at' is followed by a time", frame.span(statement.trigger), hint)
            trigger = self.formulas.formula(statement.trigger, frame, f.INSTANT)
        else:
            trigger = self.formulas.trigger(statement.trigger, frame, f.LAW)
        assignments: dict[str, sp.Expr] = {}
        for ref, value in statement.assignments:
            name = self.expansion.name(ref, frame)
            span = frame.span(ref)
            found = self.scope.names.get(name)
            if found is None:
                self.scope.missing(name, span)
            elif found.kind not in (Kind.SPECIES, Kind.PARAMETER):
                hint = "events assign species and params"
                raise RxnError("R104", f"{name!r} is {found.kind.one} and cannot be assigned", span, hint)
            if name in assignments:
                raise RxnError("R102", f"{name!r} is assigned twice", span)
            assignments[name] = self.formulas.formula(value, frame, f.LAW)
        remark = noted(statement.attributes, frame, what="an event").remark
        self.events.append(
            Event(statement.timed, trigger, tuple(assignments.items()), remark, frame.span(statement))
        )

    def lattice(self, statement: s.LatticeBlock, frame: Frame) -> None:
        self.lattices.append(lattice(statement, frame, self.expansion))

    def diffusion(self, statement: s.Diffuse, frame: Frame) -> None:
        span = frame.span(statement)
        if statement.location is not None:
            where = self.expansion.name(statement.location, frame)
            self.scope.of_kind(where, Kind.LATTICE, frame.span(statement.location))
        else:
            lattices = [d.name for d in self.scope.names.values() if d.kind is Kind.LATTICE]
            if len(lattices) != 1:
                raise RxnError("R216", "on which lattice?", span, "write 'diffuse A @ D on LATTICE'")
            where = lattices[0]
        rate = self.formulas.formula(statement.rate, frame, f.PARAMETER)
        for ref in statement.refs:
            name = self.expansion.name(ref, frame)
            self.scope.of_kind(name, Kind.SPECIES, frame.span(ref))
            self.diffusions.append(Diffusion(name, rate, where, span))

    _makers: ClassVar[dict[Kind, Callable[[_Resolver, s.Quantity, Frame, str], None]]] = {
        Kind.CONSTANT: constant,
        Kind.PARAMETER: parameter,
        Kind.COMPARTMENT: compartment,
        Kind.SPECIES: one_species,
        Kind.RULE: rule,
        Kind.OBSERVABLE: observable,
    }
    _builders: ClassVar[dict[type, Callable[..., None]]] = {
        s.Declaration: declaration,
        s.Initials: initial,
        s.Function: function,
        s.Conserve: conserve,
        s.ReactionLine: reaction,
        s.OdeLine: ode_term,
        s.EventLine: event,
        s.LatticeBlock: lattice,
        s.Diffuse: diffusion,
    }

    # -- the whole -----------------------------------------------------------------------------------

    def finish(self, name: str) -> Network | None:
        """Put the parts together, and check what concerns several of them."""
        species = []
        for one in self.species:
            with self.reporting():
                container = self.compartments.get(one.compartment) if one.compartment else None
                assert one.span is not None
                concentration, amount = per_count(one.unit, container, self.units, one.span)
                initial = self.initials[one.name][0] if one.name in self.initials else one.initial
                species.append(replace(one, concentration=concentration, per_count=amount, initial=initial))
        net = Network(
            name,
            tuple(self.units.items()),
            tuple(self.constants),
            tuple(self.parameters),
            tuple(self.compartments.values()),
            tuple(species),
            tuple(self.rules),
            tuple(self.observables),
            tuple(self.conservations),
            tuple(self.reactions.found.values()),
            tuple(self.ode_terms),
            tuple(self.events),
            tuple(self.lattices),
            tuple(self.diffusions),
            self.source,
        )
        if not self.report.found:
            self.report.add(*pointed(check(net), self.expansion.walk(self.statements), self.formulas))
            if not any(d.severity == "error" for d in self.report.found.values()):
                self.report.add(*check_laws(net, self.laws))
        return net


def _given(item: s.Quantity) -> s.Expression:
    assert item.value is not None  # the grammar sees to it
    return item.value
