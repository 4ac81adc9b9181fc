"""A reaction line -> one Reaction, or two for `<->`."""

from __future__ import annotations

import re

import sympy as sp

from ..errors import Diagnostic, RxnError
from ..network import Flag, Placement, Reaction
from . import formulas as f
from . import syntax as s
from .expansion import Expansion
from .numbers import exact_number
from .quantities import REACTION_FLAGS, REACTION_KEYS, noted
from .scope import Frame, Scope
from .syntax import Kind

COEFFICIENT_CAP = 1_000

Side = tuple[tuple[str, int], ...]
Sites = tuple[tuple[str, int], ...]


class Reactions:
    """The reactions of a model, named as they come."""

    def __init__(self, scope: Scope, expansion: Expansion, formulas: f.Formulas) -> None:
        self.scope = scope
        self.expansion = expansion
        self.formulas = formulas
        self.found: dict[str, Reaction] = {}
        self.labels: set[str] = set()
        self.position: dict[str, int] = {}

    def order(self) -> None:
        """Take over the order of the species once all are declared."""
        species = [d.name for d in self.scope.names.values() if d.kind is Kind.SPECIES]
        self.position = {name: i for i, name in enumerate(species)}

    def add(self, line: s.ReactionLine, frame: Frame) -> None:
        """Resolve one line. Raises R1xx and R2xx."""
        span = frame.span(line)
        left, left_sites = self._side(line.left, frame)
        right, right_sites = self._side(line.right, frame)
        if (left_sites is None) != (right_sites is None):
            hint = "write positions on both sides: 'A(0) + B(1) -> C(0) + 0(1)'"
            raise RxnError("R215", "positions are written on one side only", span, hint)
        if line.arrow == "<-":
            left, right, left_sites, right_sites = right, left, right_sites, left_sites
        placement = None if left_sites is None or right_sites is None else Placement(left_sites, right_sites)
        first, second = self._rates(line, frame)
        notes = noted(line.attributes, frame, REACTION_FLAGS, REACTION_KEYS, "a reaction")
        flags = notes.flags | ({Flag.POWERS} if frame.powers and line.kinetics.mass_action else frozenset())
        per = self._of_kind(line.kinetics.per, Kind.COMPARTMENT, frame)
        lattice = self._of_kind(line.location, Kind.LATTICE, frame)
        probability = notes.value("probability")
        name = self._label(line, frame)
        reaction = Reaction(
            name=name,
            reactants=left,
            products=right,
            rate=first,
            mass_action=line.kinetics.mass_action,
            per=per,
            reversible_of=self._reverse_of(notes.value("reverse_of"), frame),
            net_reversible=line.arrow == "<->" and second is None,
            lattice=lattice,
            placement=placement,
            probability=None
            if probability is None or probability.value is None
            else self.formulas.formula(probability.value, frame, f.PARAMETER),
            daughter=self._daughter(notes.value("daughter"), frame),
            flags=flags,
            remark=notes.remark,
            span=span,
        )
        self._keep(reaction)
        if line.label is not None and name in self.scope.names and self.scope.names[name].kind is Kind.SPECIES:
            message = f"this reaction is called {name!r}, as a species is"
            hint = "':' ends the name of a reaction; a complex is a species with a name of its own"
            self.scope.report.add(Diagnostic("R222", message, frame.span(line.label), hint, "warning"))
        if second is not None:
            back = None if placement is None else Placement(placement.after, placement.before)
            self._keep(backward(reaction, second, back))

    def _keep(self, reaction: Reaction) -> None:
        if reaction.name in self.found:
            first = self.found[reaction.name].span
            hint = f"the first one is at {first.line}:{first.column}" if first else ""
            raise RxnError("R102", f"two reactions are called {reaction.name!r}", reaction.span, hint)
        self.found[reaction.name] = reaction

    def _label(self, line: s.ReactionLine, frame: Frame) -> str:
        if line.label is not None:
            return self.expansion.name(line.label, frame)
        number = len(self.found) + 1
        while f"r{number}" in self.labels or f"r{number}" in self.found:
            number += 1
        return f"r{number}"

    # -- sides ---------------------------------------------------------------------------------------

    def _side(self, particles: tuple[s.Particle, ...], frame: Frame) -> tuple[Side, Sites | None]:
        """Species with their coefficients in declared order, and the sites where positions are written."""
        counts: dict[str, int] = {}
        sites: list[tuple[str, int]] = []
        for particle in particles:
            span = frame.span(particle)
            count = self._count(particle, frame)
            if particle.ref is None:
                if len(particles) > 1 and not particle.position:
                    raise RxnError("R210", "'0' stands alone: it means nothing", span, "leave it out")
                name = ""
            else:
                name = self._species(particle.ref, frame)
                counts[name] = counts.get(name, 0) + count
                if counts[name] > COEFFICIENT_CAP:
                    raise RxnError("R406", f"a stoichiometric coefficient is at most {COEFFICIENT_CAP:,}", span)
            if particle.position:
                where = exact_number(particle.position, span)
                if not where.is_Integer or where > 10:
                    raise RxnError("R215", "the position of a site is a whole number up to 10", span)
                sites += [(name, int(where))] * max(count, 1)
        placed = [p for p in particles if p.position]
        if placed and len(placed) < len(particles):
            hint = "write positions everywhere: 'A(0) + B(1) -> C(0) + 0(1)'"
            raise RxnError("R215", "a position is missing", frame.span(particles[0]), hint)
        ordered = tuple(sorted(counts.items(), key=lambda pair: self.position.get(pair[0], -1)))
        return ordered, tuple(sorted(sites, key=lambda site: (site[1], site[0]))) if placed else None

    def _count(self, particle: s.Particle, frame: Frame) -> int:
        if not particle.coefficient:
            return 1
        span = frame.span(particle)
        value = exact_number(particle.coefficient, span)
        glued = re.fullmatch(r"(\d+)([eE]\d+)", particle.coefficient)
        if particle.ref is None:
            if value == 0 and not glued:
                return 0
            if glued:
                hint = f"for {glued[1]} of the species {glued[2]} write '{glued[1]} {glued[2]}'"
                raise RxnError("R210", f"'{particle.coefficient}' is read as one number, {value}", span, hint)
            message = f"a species is missing behind '{particle.coefficient}'"
            raise RxnError("R210", message, span, "nothing is written '0'")
        if not value.is_Integer or value < 1:
            message = f"the stoichiometric coefficient {particle.coefficient} is no whole number from 1 up"
            raise RxnError("R211", message, span, "a law with other powers is written 'rate law'")
        return int(min(value, 10**9))

    def _species(self, ref: s.Ref, frame: Frame) -> str:
        name = self.expansion.name(ref, frame)
        found = self.scope.names.get(name)
        if found is None:
            self.scope.missing(name, frame.span(ref), "species")
        elif found.kind is not Kind.SPECIES:
            self.scope.of_kind(name, Kind.SPECIES, frame.span(ref))
        return name

    def _of_kind(self, ref: s.Ref | None, kind: Kind, frame: Frame) -> str | None:
        if ref is None:
            return None
        return self.scope.of_kind(self.expansion.name(ref, frame), kind, frame.span(ref))

    # -- rates ---------------------------------------------------------------------------------------

    def _rates(self, line: s.ReactionLine, frame: Frame) -> tuple[sp.Expr, sp.Expr | None]:
        kinetics = line.kinetics
        span = frame.span(kinetics)
        if line.arrow != "<->" and len(kinetics.rates) > 1:
            raise RxnError("R212", "two rates for one direction", span, "a reversible reaction is written '<->'")
        if line.arrow == "<->" and len(kinetics.rates) == 1 and kinetics.mass_action:
            hint = "write 'A <-> B @ k, k_back'"
            raise RxnError("R212", "a reversible reaction needs two rate constants", span, hint)
        rates = [self.formulas.formula(r, frame, f.LAW) for r in kinetics.rates]
        return rates[0], rates[1] if len(rates) > 1 else None

    def _daughter(self, attribute: s.Attribute | None, frame: Frame) -> str:
        if attribute is None:
            return "blocked"
        value = attribute.value
        if isinstance(value, s.Ref) and value.name in ("blocked", "free") and not value.indices:
            return value.name
        raise RxnError("R207", "a daughter is 'blocked' or 'free'", frame.span(attribute))

    def _reverse_of(self, attribute: s.Attribute | None, frame: Frame) -> str | None:
        if attribute is None:
            return None
        if not isinstance(attribute.value, s.Ref):
            raise RxnError("R207", "'reverse_of' names a reaction", frame.span(attribute))
        return self.expansion.name(attribute.value, frame)


def backward(forward: Reaction, rate: sp.Expr, placement: Placement | None) -> Reaction:
    """The second half of a `<->`."""
    return Reaction(
        name=reverse_name(forward.name),
        reactants=forward.products,
        products=forward.reactants,
        rate=rate,
        mass_action=forward.mass_action,
        per=forward.per,
        reversible_of=forward.name,
        lattice=forward.lattice,
        placement=placement,
        probability=forward.probability,
        daughter=forward.daughter,
        flags=forward.flags,
        remark=forward.remark,
        span=forward.span,
    )


def reverse_name(name: str) -> str:
    """The name of the second half of a `<->`: `bind_rev`, `bind_rev[0]`."""
    base, bracket, indices = name.partition("[")
    return f"{base}_rev{bracket}{indices}" if name.endswith("]") else f"{name}_rev"


