"""The chapters of the page that `rxnc run` writes: each a plain function of what was computed."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import sympy as sp

from ..errors import RxnError
from ..language import print_network
from ..network import Distribution, Flag, Network, Reaction, per_event
from ..notation import Letters, escaped_xml, layout, letters, math, power_of_ten, side_box
from ..notation.boxes import Letter, Row, Script, Sign
from ..simulators.trajectory import Ensemble, Trajectory
from ..system import System
from .drawing import key, network_drawing
from .equations import formulas, system_mathml, terms
from .page import Cell, Chapter, paragraph, picture, table
from .plots import ensemble_band, phase_pair, phase_plane, sample_paths, selection, time_course
from .readings import Kept, bounds_text, flags_text, kept, reading, species_symbols, species_unit, unit_text, value_text

_MOST_ROWS = 300
_MOST_TEXT = 200_000  # characters of a model that are shown
_SHOWN_PATHS = 12


@dataclass(frozen=True)
class Tour:
    """What `rxnc run` computed; `reason` says why a part that is None could not be had."""

    net: Network
    rates: System | None
    jumps: System | None
    ode: Trajectory | None
    ensemble: Ensemble | None
    paths: Trajectory | None
    command: str
    reason: str = ""

    @cached_property
    def letters(self) -> Letters:
        """How the names of the network are drawn, species upright."""
        net = self.net
        named = [s.name for s in net.species] + [p.name for p in net.parameters] + [c.name for c in net.constants]
        named += [c.name for c in net.compartments] + [r.name for r in net.rules] + [o.name for o in net.observables]
        return letters(named, species_symbols(net))

    @cached_property
    def count_letters(self) -> Letters:
        """The same where names mean molecule counts: n with the species below, where the bare name means another."""
        drawn = dict(self.letters.drawn)
        for species in self.net.not_counted:
            drawn[species.name] = Script(Letter("n"), self.letters[species.name])
        return Letters(self.letters.states, drawn)

    @cached_property
    def time_unit(self) -> str:
        """The unit of time that the model declares, if any."""
        return next((unit.text for kind, unit in self.net.units if kind == "time"), "")


# ---------------------------------------------------------------------------------------------- what reacts


def what_reacts(tour: Tour) -> Chapter:
    """The drawing, and every reaction with its rate law and its propensity."""
    net = tour.net
    parts = [_drawing(net), _reactions(tour)]
    if net.not_counted:
        example = net.not_counted[0].name
        parts.append(
            f"<p class=\"quiet\">In a propensity {math(tour.count_letters[example])} is the number of molecules of "
            f"{math(tour.letters[example])}; elsewhere a species' name is what its unit says.</p>"
        )
    parts.append("<h3>Species</h3>" + _species(tour))
    return Chapter("What reacts", "\n".join(parts))


def _drawing(net: Network) -> str:
    try:
        drawn = network_drawing(net)
    except RxnError as error:
        return paragraph(error.message + ".", "quiet")
    alt = f"Network of {len(net.species)} species and {len(net.reactions)} reactions"
    wide = float(drawn.get_size_inches()[0])
    return picture(drawn, "network", alt, key(net), least=0.85 if wide > 4.6 else 0.0)


def _reactions(tour: Tour) -> str:
    rows = []
    for r in tour.net.reactions[:_MOST_ROWS]:
        found = reading(tour.net, r)
        law = terms(found.law, tour.letters) if found.law is not None else ""
        propensity = terms(found.propensity, tour.count_letters) if found.propensity is not None else ""
        remarks = "; ".join(x for x in (flags_text(r.flags), found.remark, r.remark) if x)
        rows.append((r.name, Cell(_arrow(r, tour.letters)), Cell(law), Cell(propensity), remarks))
    note = _cut(len(tour.net.reactions), "reactions")
    columns = ("", "reaction", "rate law", "propensity", "remarks")
    return (table(columns, rows, stacked=True) if rows else paragraph("It has no reactions.")) + note


def _arrow(reaction: Reaction, drawn: Letters) -> str:
    arrow = "⇄" if reaction.net_reversible else "→"
    left, right = side_box(reaction.reactants, drawn), side_box(reaction.products, drawn)
    return math(Row((left, Sign(arrow), right)))


def _cut(total: int, what: str) -> str:
    return paragraph(f"The first {_MOST_ROWS} of {total:,} {what} are shown.", "quiet") if total > _MOST_ROWS else ""


def _species(tour: Tour) -> str:
    rows = []
    for s in tour.net.species[:_MOST_ROWS]:
        start = value_text(s.initial) if isinstance(s.initial, Distribution) else Cell(_number(s.initial, tour.letters))
        flags = flags_text(s.flags)
        where = s.compartment or ""
        rows.append((Cell(math(tour.letters[s.name])), where, species_unit(s), start, _joined(flags, s.remark)))
    columns = ("", "in", "unit", "initial value", "remarks")
    return table(columns, rows) + _cut(len(tour.net.species), "species")


def _number(value: sp.Expr, drawn: Letters) -> str:
    return math(layout(value, drawn))


def _joined(*parts: str) -> str:
    return "; ".join(p for p in parts if p)


# ---------------------------------------------------------------------------------------------- what is conserved


def what_is_conserved(tour: Tour) -> Chapter:
    """The conserved sums, and how well the integrated solution keeps them."""
    net = tour.net
    laws = kept(net)
    if not laws:
        moved = ", by terms or events" if net.ode_terms or net.events else ""
        body = paragraph(f"No linear combination of the species stays the same{moved}.")
        return Chapter("What is conserved", body)
    rows = []
    for law in laws[:_MOST_ROWS]:
        drawn = tour.letters if law.name else tour.count_letters
        drift = _drift(tour, law)
        found = "" if drift is None else f"to within {math(power_of_ten(f'{drift:.1e}'))} of its value"
        value = Cell(_number(law.value, tour.letters)) if law.value is not None else ""
        rows.append((Cell(terms(law.formula, drawn)), law.name, value, Cell(found)))
    columns = ("sum", "name", "value", "kept by the integrated solution")
    return Chapter("What is conserved", table(columns, rows, stacked=True) + _cut(len(laws), "laws"))


def _drift(tour: Tour, law: Kept) -> float | None:
    """How much a conserved sum changes along the ODE solution, as a part of its largest value."""
    if tour.ode is None or tour.rates is None:
        return None
    values = tour.rates.environment()
    by_name = tour.net.species_by_name
    columns = {label: k for k, label in enumerate(tour.ode.labels)}
    total = np.zeros(len(tour.ode.t))
    for term in sp.Add.make_args(law.formula):
        names = [str(s.name) for s in term.free_symbols if s.name in by_name]
        if len(names) != 1 or names[0] not in columns:
            if any(Flag.FIXED not in by_name[n].flags for n in names):
                return None
            continue
        species = by_name[names[0]]
        weight = term / species.symbol
        weight = (weight if law.name else weight / per_event(species)).xreplace(values)
        if not weight.is_number:
            return None
        total = total + float(weight) * tour.ode.mean[:, columns[names[0]]]
    scale = float(np.abs(total).max())
    return float(np.ptp(total)) / scale if scale > 0.0 and np.isfinite(scale) else None


# ---------------------------------------------------------------------------------------------- the equations


def the_equations(tour: Tour) -> Chapter:
    """The rate equations, typeset, with definitions, numbers and where they come from."""
    parts = []
    if tour.rates is None:
        parts.append(paragraph(f"There are no rate equations: {tour.reason}."))
    else:
        parts.append(system_mathml(tour.rates, tour.letters))
    if tour.net.observables:
        rows = [(tour.letters[o.name], o.formula) for o in tour.net.observables]
        parts.append("<h3>Observables</h3>" + formulas(rows, tour.letters))
    parts.append("<h3>Numbers</h3>" + _numbers(tour))
    return Chapter("Equations", "\n".join(parts))


def _numbers(tour: Tour) -> str:
    net, drawn = tour.net, tour.letters

    def row(x: str, value: sp.Expr, unit: str, more: str, kind: str, remark: str) -> tuple[str | Cell, ...]:
        return (Cell(math(drawn[x])), Cell(_number(value, drawn)), unit, more, _joined(kind, remark))

    rows = [
        row(p.name, p.value, unit_text(p.unit), bounds_text(p.lower, p.upper, p.prior), "", p.remark)
        for p in net.parameters
    ]
    rows += [row(c.name, c.value, unit_text(c.unit), "", "constant", c.remark) for c in net.constants]
    rows += [row(c.name, c.size, unit_text(c.unit), "", "volume", c.remark) for c in net.compartments]
    if not rows:
        return paragraph("The model has no parameters.")
    return table(("", "value", "unit", "bounds and prior", "remarks"), rows[:_MOST_ROWS]) + _cut(len(rows), "numbers")


# ---------------------------------------------------------------------------------------------- simulation


def the_simulation(tour: Tour) -> Chapter:
    """What the equations and the jump process do in time."""
    figures = [*_deterministic(tour), *_stochastic(tour), *_phase(tour)]
    body = f'<div class="figures">{"".join(figures)}</div>' if figures else ""
    if tour.ensemble is None and tour.paths is None:
        why = f": {tour.reason}" if tour.reason else ""
        body += paragraph(f"There is no stochastic simulation{why.rstrip('.')}.")
    elif tour.reason:
        body += paragraph(f"The stochastic simulation is {tour.reason.rstrip('.')}.")
    return Chapter("Simulation", body)


def _deterministic(tour: Tour) -> list[str]:
    if tour.ode is None:
        return []
    alt = f"Rate equations of {tour.net.name} over time"
    caption = f"The rate equations, integrated by {tour.ode.method}. {selection(tour.ode).note}"
    caption += _notes(tour.ode)
    return [picture(time_course(tour.ode, time_unit=tour.time_unit), "ode", alt, caption.strip())]


def _stochastic(tour: Tour) -> list[str]:
    figures = []
    if tour.ensemble is not None:
        result = tour.ensemble
        alt = f"Mean and standard deviation of {result.runs} stochastic runs over time"
        caption = f"Mean and standard deviation of {result.runs:,} stochastic runs ({_how(result)})."
        caption += f" {note}" if (note := selection(result).note) else ""
        if tour.ode is not None:
            caption += " Dashed: the rate equations."
        drawn = ensemble_band(result, tour.ode, time_unit=tour.time_unit)
        figures.append(picture(drawn, "ensemble", alt, caption + _notes(result)))
    if tour.paths is not None:
        paths = tour.paths.select(slice(0, _SHOWN_PATHS))
        alt = f"{paths.runs} single stochastic runs over time"
        caption = f"{paths.runs} single runs and their mean ({_how(paths)})."
        figures.append(picture(sample_paths(paths, time_unit=tour.time_unit), "paths", alt, caption))
    return figures


def _phase(tour: Tour) -> list[str]:
    if tour.ode is None or tour.rates is None:
        return []
    moving = [s.label for s in tour.rates.states if s.label in tour.ode.labels]
    pair = phase_pair(tour.ode, moving)
    if pair is None:
        return []
    some = tour.paths.select(slice(0, 2)) if tour.paths is not None else None
    with_runs = f", and {'one run' if some.runs == 1 else 'two runs'}" if some is not None else ""
    caption = f"{pair[1]} against {pair[0]}: the rate equations, which begin at the dot{with_runs}."
    return [picture(phase_plane(tour.ode, *pair, some), "phase", f"Phase plane of {pair[0]} and {pair[1]}", caption)]


def _how(result: Trajectory | Ensemble) -> str:
    return result.method + (f"; seed {result.seed}" if result.seed is not None else "")


def _notes(result: Trajectory | Ensemble) -> str:
    return "".join(f" {note.rstrip('.')}." for note in result.notes)


# ---------------------------------------------------------------------------------------------- sources


def the_model(tour: Tour) -> Chapter:
    """The text of the model: as it was read, or as the printer writes it where it was built in Python."""
    source = tour.net.source
    written = source.text if source is not None else print_network(tour.net)
    shown = written[:_MOST_TEXT]
    left_out = len(written) - len(shown)
    note = paragraph(f"{left_out:,} further characters are left out.", "quiet") if left_out else ""
    body = f'<pre tabindex="0" aria-label="Text of the model"><code>{escaped_xml(shown)}</code></pre>'
    return Chapter("The model", body + note)


def how_it_was_made(tour: Tour) -> Chapter:
    """The command, the versions, the steps of each derivation and what to cite."""
    parts = [f'<pre class="wrap"><code>{escaped_xml(tour.command)}</code></pre>']
    systems = [s for s in (tour.rates, tour.jumps) if s is not None]
    if steps := list(dict.fromkeys(str(step) for s in systems for step in s.steps)):
        parts.append("<h3>Derivations</h3><ul>" + "".join(f"<li>{escaped_xml(s)}</li>" for s in steps) + "</ul>")
    cited = list(dict.fromkeys(c for s in systems for c in s.citations))
    own = f"rxncompile {_version('rxncompile')}, a compiler from reaction networks to equations and programs"
    sources = "".join(f"<li>{escaped_xml(c)}</li>" for c in (own, *cited))
    parts.append(f"<h3>To cite</h3><ul>{sources}</ul>")
    parts.append("<h3>Versions</h3>" + paragraph(", ".join(f"{n} {v}" for n, v in _versions().items())))
    return Chapter("How this page was made", "\n".join(parts))


def _versions() -> Mapping[str, str]:
    python = ".".join(str(x) for x in sys.version_info[:3])
    packages = ("rxncompile", "numpy", "scipy", "sympy", "numba", "matplotlib")
    return {"Python": python} | {name: _version(name) for name in packages}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(not installed)"
