"""The chapters on structure: what is conserved, in words, and the graph and the time scales of a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import sympy as sp

from ..measures import valued
from ..network import Distribution, Flag, Network, per_event
from ..notation import escaped_xml, math, power_of_ten
from .computed import Tour
from .equations import terms
from .page import MOST_ROWS, Cell, Chapter, cut, definitions, paragraph, table
from .readings import Kept, in_full, kept, species_unit, values_of
from .structure_words import structure_rows

_NAMED = 8  # species of a sum that are named in words
_TIMES = ("", "", "twice", "three times", "four times")


def what_is_conserved(tour: Tour) -> Chapter:
    """The conserved sums in symbols and in words, their values at the start, how well the solution keeps them."""
    net = tour.net
    laws = kept(net)
    if not laws:
        more = " under reactions, rates of change and events" if net.ode_terms or net.events else ""
        body = paragraph(f"Nothing: no linear combination of the species stays the same{more}.")
        return Chapter("What is conserved", body)
    rows = []
    for law in laws[:MOST_ROWS]:
        drawn = tour.letters if law.name else tour.count_letters
        drift = _drift(tour, law)
        found = "" if drift is None else f"to within {math(power_of_ten(f'{drift:.1e}'))} of its value"
        rows.append((law.name, Cell(terms(law.formula, drawn)), in_words(net, law), _value(net, law), Cell(found)))
    if not any(r[0] for r in rows):
        rows = [("", *r[1:]) for r in rows]
    columns = ("", "sum", "in words", "at the start", "kept by the integrated solution")
    count = "One sum stays" if len(laws) == 1 else f"{len(laws):,} sums stay"
    lead = paragraph(f"{count} the same, whatever happens.")
    return Chapter("What is conserved", lead + table(columns, rows, stacked=True) + cut(len(laws), "laws"))


def in_words(net: Network, law: Kept) -> str:
    """`the total of E and ES`, `X, Y counted twice, ...`; nothing where the sum is none of species alone."""
    weights = _weights(net, law)
    if not weights:
        return ""
    if len(weights) > _NAMED and all(w == 1 for w in weights.values()):
        names = list(weights)
        return f"The total of {', '.join(names[: _NAMED - 1])} and {len(names) - _NAMED + 1} more never changes."
    if len(weights) > _NAMED:
        return ""
    if len(weights) == 1:
        return f"The amount of {next(iter(weights))} never changes."
    if all(w > 0 for w in weights.values()):
        return f"The total of {_listed([_counted(n, w) for n, w in weights.items()])} never changes."
    gained = [_counted(n, w) for n, w in weights.items() if w > 0]
    lost = [_counted(n, -w) for n, w in weights.items() if w < 0]
    if len(gained) == len(lost) == 1:
        return f"The difference between {gained[0]} and {lost[0]} never changes."
    return f"{_listed(gained)} together, less {_listed(lost)}, never change."


def _weights(net: Network, law: Kept) -> dict[str, int]:
    """The whole weights of a sum of species; empty where it is another formula."""
    weights = {}
    for term in sp.Add.make_args(law.formula):
        weight, rest = term.as_coeff_Mul()
        if not (rest.is_Symbol and rest.name in net.positions and weight.is_Integer):
            return {}
        weights[str(rest.name)] = int(weight)
    return {s.name: weights[s.name] for s in net.species if s.name in weights}


def _counted(name: str, weight: int) -> str:
    if weight == 1:
        return name
    return f"{name} ({'counted ' + (_TIMES[weight] if weight < len(_TIMES) else f'{weight} times')})"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _value(net: Network, law: Kept) -> str:
    """What the sum is at the start: in the unit of its species where they share one, else in molecules."""
    values = values_of(net)
    species = [net.species_by_name[str(s.name)] for s in law.formula.free_symbols if s.name in net.positions]
    if not species or any(isinstance(s.initial, Distribution) for s in species):
        return ""
    starts = {s.symbol: valued(s.initial, values) for s in species if not isinstance(s.initial, Distribution)}
    one = species[0]
    if len({(species_unit(s), s.compartment, s.per_count, s.concentration, s.per_site) for s in species}) > 1:
        counts = {s.symbol: starts[s.symbol] / valued(per_event(s), values) for s in species}
        number = _number(law.formula, starts if law.name else counts, values)
        return f"{number:.6g}{'' if law.name else ' molecules'}" if number is not None else ""
    number = _number(law.formula, starts, values)
    if number is None:
        return ""
    molecules = _number(law.formula / per_event(one), starts, values) if one in net.not_counted else None
    unit = in_full(species_unit(one))
    own = f"{unit} {number:.6g}" if unit == "concentration" else f"{number:.6g} {unit}"
    own += " per site" if one.per_site else ""
    return own + (f" ({molecules:.6g} molecules)" if molecules is not None else "")


def _number(formula: sp.Expr, starts: Mapping[sp.Symbol, sp.Expr], values: Mapping[sp.Symbol, sp.Expr]) -> float | None:
    found = valued(formula.xreplace(dict(starts)), values)
    return float(found.evalf(20)) if found.is_number and found.is_finite else None


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


def structure(tour: Tour) -> Chapter | None:
    """Reversibility, catalysts, deficiency with its theorem, and time scales, in words; the times first."""
    rows = structure_rows(tour.net)
    if not rows:
        return None
    rows = sorted(rows, key=lambda row: row[0] != "time scales")
    body = definitions((topic, escaped_xml(_sentence(text))) for topic, text in rows)
    return Chapter("Structure and time scales", body)


def _sentence(text: str) -> str:
    """With a full stop; the first letter stays as it is, as it may be a name."""
    return text if text.endswith(".") else text + "."
