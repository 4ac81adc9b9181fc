"""The chapters of the page that `rxnc run` writes: each a plain function of what was computed."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

import sympy as sp

from ..errors import RxnError
from ..language import print_network
from ..measures import valued
from ..network import Distribution, Network, Reaction
from ..notation import Letters, escaped_xml, layout, math, side_box
from ..notation.boxes import Row, Sign
from ..structure import squares
from ..structure.graph import named_in
from .computed import Tour
from .drawing import key, network_drawing
from .equations import formulas, system_mathml, terms
from .page import MOST_ROWS, Cell, Chapter, cut, paragraph, picture, table
from .readings import (
    bounds_text,
    flags_text,
    in_full,
    reading,
    species_unit,
    unit_text,
    value_text,
    values_of,
)

_MOST_TEXT = 200_000  # characters of a model that are shown
_MOST_NODES = 150  # of a drawing; beyond, it takes long and no line can be followed
_USERS = 4  # reactions that are named beside a parameter


# ---------------------------------------------------------------------------------------------- what reacts


def what_reacts(tour: Tour) -> Chapter:
    """The drawing, and every reaction with its rate law and its propensity."""
    net = tour.net
    parts = [_drawing(net), _reactions(tour)]
    if net.not_counted:
        example = net.not_counted[0].name
        parts.append(
            f'<p class="quiet">In a propensity {math(tour.count_letters[example])} is the number of molecules of '
            f"{math(tour.letters[example])}; elsewhere a species' name is what its unit says.</p>"
        )
    return Chapter("What reacts", "\n".join(parts))


def _drawing(net: Network) -> str:
    nodes = len(net.species) + len(squares(net))
    if nodes > _MOST_NODES:
        return paragraph(f"Too many nodes for a drawing that is read here ({nodes:,}): rxnc show draws it.", "quiet")
    try:
        drawn = network_drawing(net)
    except RxnError as error:
        return paragraph(error.message + ".", "quiet")
    alt = f"Network of {len(net.species)} species and {len(net.reactions)} reactions"
    wide = float(drawn.get_size_inches()[0])
    return picture(drawn, "network", alt, key(net), least=0.85 if wide > 4.6 else 0.0)


def _reactions(tour: Tour) -> str:
    """One row a reaction, a reversible pair in one row with the laws of both ways."""
    net = tour.net
    backward = {r.reversible_of: r for r in net.reactions if r.reversible_of}
    shown = squares(net)
    rows: list[tuple[str | Cell, ...]] = []
    for r in shown[:MOST_ROWS]:
        back = backward.get(r.name)
        ways = (r,) if back is None else (r, back)
        found = [reading(net, way) for way in ways]
        laws = [terms(f.law, tour.letters) if f.law is not None else "" for f in found]
        jumps = [terms(f.propensity, tour.count_letters) if f.propensity is not None else "" for f in found]
        said = [x for w, f in zip(ways, found, strict=True) for x in (flags_text(w.flags), f.remark, w.remark) if x]
        arrow = "⇄" if back is not None or r.net_reversible else "→"
        names = Cell("<br>".join(escaped_xml(way.name) for way in ways))
        remarks = "; ".join(dict.fromkeys(said))
        rows.append((names, Cell(_equation(r, arrow, tour.letters)), _ways(laws), _ways(jumps), remarks))
    columns = ("", "reaction", "rate law", "propensity", "remarks")
    return (table(columns, rows, stacked=True) if rows else paragraph("It has no reactions.")) + cut(
        len(shown), "reactions"
    )


def _ways(laws: list[str]) -> Cell:
    """The law of a reaction, or those of both ways below each other."""
    if len(laws) == 1 or not any(laws):
        return Cell(laws[0])
    lines = zip("→←", laws, strict=True)
    shown = [f'<div class="way"><span>{way}</span><span>{law}</span></div>' for way, law in lines if law]
    return Cell(f'<div class="both">{"".join(shown)}</div>')


def _equation(reaction: Reaction, arrow: str, drawn: Letters) -> str:
    left, right = side_box(reaction.reactants, drawn), side_box(reaction.products, drawn)
    return math(Row((left, Sign(arrow), right)))


def on_the_lattice(tour: Tour) -> Chapter | None:
    """The lattices with their shapes, and what hops on them; nothing for a well-mixed model."""
    net = tour.net
    if not net.lattices:
        return None
    rows = []
    for lattice in net.lattices:
        most = "one particle" if lattice.capacity == 1 else f"{lattice.capacity:,} particles"
        sites = 1
        for length in lattice.shape:
            sites *= length
        shape = " \u00d7 ".join(str(length) for length in lattice.shape)
        rows.append((lattice.name, f"{shape} = {sites:,} sites" if len(lattice.shape) > 1 else f"{sites:,} sites",
                     lattice.boundary, f"at most {most}"))  # fmt: skip
    parts = [table(("", "shape", "boundary", "a site holds"), rows)]
    if net.diffusions:
        hops = [(Cell(math(tour.letters[d.species])), d.lattice, Cell(terms(d.rate, tour.letters)))
                for d in net.diffusions]  # fmt: skip
        parts.append("<h3>Hops</h3>" + table(("", "on", "rate per direction, to an empty neighbour"), hops))
    return Chapter("On the lattice", "".join(parts))


# ---------------------------------------------------------------------------------------------- the equations


def the_equations(tour: Tour) -> Chapter:
    """The rate equations, typeset, with definitions and observables."""
    parts = []
    if tour.rates is None:
        why = "they need a well-mixed model, and this one lives on a lattice" if tour.net.lattices else tour.reason
        parts.append(paragraph(f"There are no rate equations: {why.rstrip('.')}."))
    else:
        parts.append(system_mathml(tour.rates, tour.letters))
    if tour.net.observables:
        rows = [(tour.letters[o.name], o.formula) for o in tour.net.observables]
        parts.append("<h3>Observables</h3>" + formulas(rows, tour.letters))
    return Chapter("Equations", "\n".join(parts))


def the_numbers(tour: Tour) -> Chapter:
    """Initial values and parameters, with units and with what uses them."""
    species, parameters = _species(tour), _parameters(tour)
    body = f"<div><h3>Parameters</h3>{parameters}</div><div><h3>Species at the start</h3>{species}</div>"
    return Chapter("Numbers", f'<div class="pair">{body}</div>')


def _species(tour: Tour) -> str:
    rows = []
    values = values_of(tour.net)
    for s in tour.net.species[:MOST_ROWS]:
        start = (
            value_text(s.initial)
            if isinstance(s.initial, Distribution)
            else Cell(_number(s.initial, tour.letters, values))
        )
        unit = in_full(species_unit(s)) + (" per site" if s.per_site else "")
        remarks = "; ".join(x for x in (flags_text(s.flags), s.remark) if x)
        rows.append((Cell(math(tour.letters[s.name])), start, unit, s.compartment or "", remarks))
    columns = ("", "value", "unit", "in", "remarks")
    return (table(columns, rows) if rows else paragraph("It has no species.")) + cut(len(tour.net.species), "species")


def _parameters(tour: Tour) -> str:
    net, drawn, values = tour.net, tour.letters, values_of(tour.net)
    users = _users(net)

    def row(x: str, value: sp.Expr, unit: str, more: str, *remarks: str) -> tuple[str | Cell, ...]:
        number = Cell(_number(value, drawn, values))
        return (Cell(math(drawn[x])), number, unit, more, users.get(x, ""), "; ".join(r for r in remarks if r))

    rows = [
        row(p.name, p.value, unit_text(p.unit), bounds_text(p.lower, p.upper, p.prior), p.remark)
        for p in net.parameters
    ]
    rows += [row(c.name, c.value, unit_text(c.unit), "", "constant", c.remark) for c in net.constants]
    rows += [row(c.name, c.size, unit_text(c.unit), "", "volume", c.remark) for c in net.compartments]
    if not rows:
        return paragraph("The model has no parameters.")
    columns = ("", "value", "unit", "bounds and prior", "used by", "remarks")
    return table(columns, rows[:MOST_ROWS]) + cut(len(rows), "numbers")


def _users(net: Network) -> dict[str, str]:
    """What names a number in its rate, directly or through a definition; of a reversible pair the first."""
    users: dict[str, dict[str, None]] = {}
    uses = [(r.reversible_of or r.name, r.rate) for r in net.reactions]
    uses += [(f"hops of {d.species}", d.rate) for d in net.diffusions]
    for user, rate in uses:
        for name in named_in(net, rate):
            users.setdefault(str(name), {})[user] = None
    return {
        name: ", ".join(list(found)[:_USERS]) + (f" and {len(found) - _USERS} more" if len(found) > _USERS else "")
        for name, found in users.items()
    }


def _number(value: sp.Expr, drawn: Letters, values: Mapping[sp.Symbol, sp.Expr]) -> str:
    """A value as it is given; a formula with what it comes to."""
    shown = math(layout(value, drawn))
    if not value.is_Rational:
        worth = valued(value, values)
        if worth.is_number and worth.is_finite:
            shown += f' <span class="worth">= {float(worth.evalf(20)):.6g}</span>'
    return shown


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
    judged = tour.judgement.verdicts if tour.judgement is not None else ()
    systems = [s for s in (tour.rates, tour.jumps, *(v.system for v in judged)) if s is not None]
    if steps := list(dict.fromkeys(str(step) for s in systems for step in s.steps)):
        parts.append("<h3>Derivations</h3><ul>" + "".join(f"<li>{escaped_xml(s)}</li>" for s in steps) + "</ul>")
    cited = list(dict.fromkeys(c for s in systems for c in s.citations))
    own = f"rxncompile {_version('rxncompile')}, a compiler from reaction networks to equations and programs"
    sources = "".join(f"<li>{escaped_xml(c)}</li>" for c in (own, *cited))
    parts.append(f"<h3>To cite</h3><ul>{sources}</ul>")
    parts.append("<h3>Versions</h3>" + paragraph(", ".join(f"{n} {v}" for n, v in _versions().items())))
    return Chapter("How it was made", "\n".join(parts))


def _versions() -> Mapping[str, str]:
    python = ".".join(str(x) for x in sys.version_info[:3])
    packages = ("rxncompile", "numpy", "scipy", "sympy", "numba", "matplotlib")
    return {"Python": python} | {name: _version(name) for name in packages}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(not installed)"
