"""A network as tables for the terminal: species, reactions with both readings, parameters, what is conserved."""

from __future__ import annotations

import io
from collections.abc import Iterable

import sympy as sp
from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..dimensions import constant_units, time_unit
from ..expressions import quoted, text
from ..network import Network
from .readings import (
    bounds_text,
    constant,
    conversion,
    equation,
    flags_text,
    kept,
    reading,
    species_symbols,
    species_unit,
    summary,
    unit_text,
    value_text,
    values_of,
)
from .structure_words import structure_rows

_MOST = 200  # rows of a table: more is for `rxnc convert`, not for reading
_MOST_TERMS = 60  # of a sum, of six letters each


def show(net: Network, console: Console) -> None:
    """Print everything that `rxnc show` says about a network."""
    console.print(overview(net))


def as_text(shown: RenderableType, width: int = 160) -> str:
    """What the terminal would show, as plain text."""
    console = Console(width=width, no_color=True, file=io.StringIO())
    with console.capture() as caught:
        console.print(shown)
    return "\n".join(line.rstrip() for line in caught.get().splitlines())


def overview(net: Network) -> RenderableType:
    """The whole network, one table below the other; what it does not have is left out."""
    parts: list[RenderableType] = [Text.assemble((net.name, "bold"), f": {summary(net)}"), Text()]
    for wanted, table in (
        (net.species, species_table),
        (net.reactions, reactions_table),
        ((*net.parameters, *net.constants, *net.compartments), parameters_table),
        ((*net.rules, *net.observables, *net.ode_terms, *net.events, *net.diffusions), formulas_table),
    ):
        if wanted:
            parts.append(table(net))
    parts.append(conservation_table(net))
    structure = structure_rows(net)
    if structure:
        words = _table("Structure", ("", ""), structure)
        words.show_header = False
        parts += [Text(), words]
    return Group(*parts)


def species_table(net: Network) -> Table:
    """Name, compartment, unit and initial value of every species, of a large network the first ones."""
    rows = [
        (
            quoted(s.name),
            s.compartment or "",
            species_unit(s),
            value_text(s.initial) + (" per site" if s.per_site else ""),
            _joined(flags_text(s.flags), s.remark),
        )
        for s in net.species[:_MOST]
    ]
    return _cut(_table("Species", ("name", "in", "unit", "initial", "remarks"), rows), len(net.species))


def reactions_table(net: Network) -> Table:
    """Every reaction with its rate law and its propensity, in one line where they read the same; the first ones."""
    states = species_symbols(net)
    values, clock, units = values_of(net), time_unit(net), constant_units(net)
    per_time = f"1/{clock[0]}" if clock else ""
    table = empty("Reactions", ("name", "reaction", "rate"))
    for r in net.reactions[:_MOST]:
        found = reading(net, r)
        law, jump = (text(x, states) if x is not None else "" for x in (found.law, found.propensity))
        lines = [("both", law)] if law == jump else [("rate law", law), ("propensity", jump)]
        lines.append(("constant", constant(r, values, units.get(r.name, ""))))
        lines.append(("per event", conversion(net, r, values, per_time)))
        lines.append(("note", _joined(found.remark, r.remark)))
        rates = Text("\n").join(Text.assemble((f"{what:<12}", "dim"), body) for what, body in lines if body)
        flags = flags_text(r.flags)
        table.add_row(Text(quoted(r.name)), Text(equation(r) + (f" {{{flags}}}" if flags else "")), rates)
    _cut(table, len(net.reactions))
    note = "'both' is the rate law and the propensity. In a rate law a name means what the unit of its species says, "
    table.caption = Text(note + "in a propensity its number of molecules.")
    table.caption_justify = "left"
    return table


def parameters_table(net: Network) -> Table:
    """Parameters, constants and compartments with their values."""
    rows = [
        ("param", quoted(p.name), text(p.value), unit_text(p.unit), bounds_text(p.lower, p.upper, p.prior), p.remark)
        for p in net.parameters
    ]
    rows += [("const", quoted(c.name), text(c.value), unit_text(c.unit), "", c.remark) for c in net.constants]
    rows += [
        ("compartment", quoted(c.name), text(c.size), unit_text(c.unit), f"inside {c.inside}" if c.inside else "", "")
        for c in net.compartments
    ]
    table = _table("Numbers", ("kind", "name", "value", "unit", "bounds and prior", "remarks"), rows[:_MOST])
    return _cut(table, len(rows))


def formulas_table(net: Network) -> Table:
    """What holds or happens besides reactions: definitions, observables, rates of change, events, hops."""
    states = species_symbols(net)
    rows = [("let", quoted(r.name), text(r.formula, states)) for r in net.rules]
    rows += [("observable", quoted(o.name), text(o.formula, states)) for o in net.observables]
    rows += [("rate of change", f"{quoted(o.species)}'", text(o.formula, states)) for o in net.ode_terms]
    for event in net.events:
        sets = ", ".join(f"{quoted(name)} = {text(value, states)}" for name, value in event.assignments)
        rows.append(("event", f"{'at' if event.timed else 'when'} {text(event.trigger, states)}", sets))
    rows += [("diffusion", quoted(d.species), f"{text(d.rate)} per direction on {d.lattice}") for d in net.diffusions]
    return _cut(_table("Formulas", ("kind", "name", "formula"), rows[:_MOST]), len(rows))


def conservation_table(net: Network) -> RenderableType:
    """The conserved sums, or a line that says there are none."""
    states = species_symbols(net)
    laws = kept(net)
    if not laws:
        return Text("No linear combination of species is conserved.")
    rows = [
        (k.name, _sum(k.formula, states), "constant" if k.value is None else f"= {text(k.value, states)}")
        for k in laws[:_MOST]
    ]
    return _cut(_table("Conserved", ("name", "sum", ""), rows), len(laws))


def _sum(formula: sp.Expr, states: frozenset[sp.Symbol]) -> str:
    """A sum, of a very long one the first terms."""
    terms = sp.Add.make_args(formula)
    shown = terms[: max(3, _MOST_TERMS * 6 // max(6, *(len(str(x)) for x in terms[:20])))]
    rest = len(terms) - len(shown)
    return text(sp.Add(*shown), states) + (f" + {rest:,} more terms" if rest else "")


def _cut(table: Table, count: int) -> Table:
    """The table with a last line that tells how many rows it leaves out."""
    if count > _MOST:
        table.add_row(Text(f"{count - _MOST:,} more", "dim"))
    return table


def _table(title: str, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Table:
    """A table of text without its empty columns."""
    rows = list(rows)
    used = [k for k in range(len(columns)) if any(r[k] for r in rows)]
    table = empty(title, tuple(columns[k] for k in used))
    for r in rows:
        table.add_row(*(Text(r[k]) for k in used))
    return table


def empty(title: str, columns: tuple[str, ...]) -> Table:
    """A table whose cells fold instead of being cut; what the user wrote goes in as `Text`, never as markup."""
    table = Table(title=Text(title, "bold"), title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _joined(*parts: str) -> str:
    return "; ".join(p for p in parts if p)
