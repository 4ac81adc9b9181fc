"""Network -> canonical text: what the parser reads back to an equal Network.

Loops and functions are spelled out already; reversible pairs are written as one line again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import sympy as sp

from ..expressions import quoted, text
from ..network import (
    Compartment,
    Distribution,
    Event,
    Flag,
    Lattice,
    Network,
    Observable,
    Parameter,
    Placement,
    Reaction,
    Rule,
    Species,
    Unit,
)
from .quantities import dimensions_of
from .reactions import backward

_SHAPES = {1: "line", 2: "square", 3: "box"}


def print_network(net: Network) -> str:
    """The canonical .rxn text of a Network: `parse(print_network(net)) == net`."""
    groups: list[Iterable[str]] = [
        [f"model {quoted(net.name)}"],
        ["units " + ", ".join(f"{kind} = {unit.text}" for kind, unit in net.units)] if net.units else [],
        (f"const {quoted(c.name)}{_unit(c.unit)} = {text(c.value)}{_braces((), c.remark)}" for c in net.constants),
        (f"param {_parameter(p)}" for p in net.parameters),
        (
            f"compartment {quoted(c.name)}{_unit(c.unit)} = {text(c.size)}"
            + (f" inside {quoted(c.inside)}" if c.inside else "")
            + _braces(_dimensions(c), c.remark)
            for c in net.compartments
        ),
        (line for lattice in net.lattices for line in _lattice(lattice)),
        (f"species {_species(s)}" for s in net.species),
        (f"let {_rule(r)}" for r in net.rules),
        (f"observable {_observable(o)}" for o in net.observables),
        (
            f"conserve {quoted(c.name)} : {text(c.formula)}" + (f" = {text(c.value)}" if c.value is not None else "")
            for c in net.conservations
        ),
        _reactions(net.reactions),
        (f"{quoted(t.species)}' = {text(t.formula)}{_braces((), t.remark)}" for t in net.ode_terms),
        (_event(e) for e in net.events),
        (f"diffuse {quoted(d.species)} @ {text(d.rate)} on {quoted(d.lattice)}" for d in net.diffusions),
    ]
    written = ["\n".join(lines) for lines in map(list, groups) if lines]
    return "\n\n".join(written) + "\n"


# ---------------------------------------------------------------------------------------------- declarations


def _unit(unit: Unit | None) -> str:
    return f" : {unit.text}" if unit else ""


def _dimensions(c: Compartment) -> list[str]:
    """The dimensions of a compartment, where its unit does not say them."""
    return [] if c.dimensions == dimensions_of(c.unit) else [f"dimensions = {c.dimensions}"]


def _string(remark: str) -> str:
    escaped = remark.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'


def _braces(words: Iterable[str], remark: str = "") -> str:
    every = [*words, *([_string(remark)] if remark else [])]
    return f" {{{', '.join(every)}}}" if every else ""


def _law(distribution: Distribution) -> str:
    return f" ~ {distribution.name}({', '.join(text(a) for a in distribution.arguments)})"


def _initial(value: sp.Expr | Distribution) -> str:
    return _law(value) if isinstance(value, Distribution) else f" = {text(value)}"


def _parameter(p: Parameter) -> str:
    bounds = f" in [{text(p.lower)}, {text(p.upper)}]" if p.lower is not None and p.upper is not None else ""
    law = _law(p.prior) if p.prior else ""
    return f"{quoted(p.name)}{_unit(p.unit)} = {text(p.value)}{bounds}{law}{_braces((), p.remark)}"


def _species(s: Species) -> str:
    place = f" in {quoted(s.compartment)}" if s.compartment else ""
    words = [str(f) for f in sorted(s.flags)] + (["per = site"] if s.per_site else [])
    return f"{quoted(s.name)}{_unit(s.unit)}{place}{_initial(s.initial)}{_braces(words, s.remark)}"


def _observable(o: Observable) -> str:
    return f"{quoted(o.name)}{_unit(o.unit)} = {text(o.formula)}{_braces((), o.remark)}"


def _rule(r: Rule) -> str:
    words = [str(Flag.REPORTED)] if r.reported else []
    return f"{quoted(r.name)}{_unit(r.unit)} = {text(r.formula)}{_braces(words, r.remark)}"


def _lattice(lattice: Lattice) -> Iterator[str]:
    shape = f"{_SHAPES[len(lattice.shape)]}({', '.join(str(n) for n in lattice.shape)})"
    settings = f"shape = {shape}; boundary = {lattice.boundary}; capacity = {lattice.capacity}"
    yield f"lattice {quoted(lattice.name)} {{ {settings} }}"


# ---------------------------------------------------------------------------------------------- what happens


def _reactions(reactions: tuple[Reaction, ...]) -> Iterator[str]:
    place = 0
    while place < len(reactions):
        pair = reactions[place : place + 2]
        if len(pair) == 2 and _is_reverse(*pair):
            yield _reaction(pair[0], pair[1])
        else:
            yield _reaction(pair[0], None)
        place += 2 if len(pair) == 2 and _is_reverse(*pair) else 1


def _is_reverse(one: Reaction, other: Reaction) -> bool:
    """Whether two reactions are what one `<->` line means."""
    if other.reversible_of != one.name or one.net_reversible or one.reversible_of is not None:
        return False
    back = None if one.placement is None else Placement(one.placement.after, one.placement.before)
    return other == backward(one, other.rate, back)


def _reaction(r: Reaction, reverse: Reaction | None) -> str:
    arrow = "<->" if reverse or r.net_reversible else "->"
    before, after = _sides(r)
    kinetics = f"{'@' if r.mass_action else 'rate'} {text(r.rate)}" + (f", {text(reverse.rate)}" if reverse else "")
    per = f" per {quoted(r.per)}" if r.per else ""
    place = f" on {quoted(r.lattice)}" if r.lattice else ""
    words = sorted(str(flag) for flag in r.flags)
    words += [f"probability = {text(r.probability)}"] if r.probability is not None else []
    words += [f"daughter = {r.daughter}"] if r.daughter != "blocked" else []
    words += [f"reverse_of = {quoted(r.reversible_of)}"] if r.reversible_of is not None else []
    return f"{quoted(r.name)}: {before} {arrow} {after} {kinetics}{per}{place}{_braces(words, r.remark)}"


def _sides(r: Reaction) -> tuple[str, str]:
    if isinstance(r.placement, Placement):
        return _placed(r.placement.before), _placed(r.placement.after)
    return _side(r.reactants), _side(r.products)


def _placed(sites: tuple[tuple[str, int], ...]) -> str:
    return " + ".join(f"{quoted(name) if name else '0'}({position})" for name, position in sites)


def _side(pairs: tuple[tuple[str, int], ...]) -> str:
    return " + ".join(quoted(name) if count == 1 else f"{count} {quoted(name)}" for name, count in pairs) or "0"


def _event(e: Event) -> str:
    sets = ", ".join(f"{quoted(name)} = {text(value)}" for name, value in e.assignments)
    return f"{'at' if e.timed else 'when'} {text(e.trigger)} : {sets}{_braces((), e.remark)}"


