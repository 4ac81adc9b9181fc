"""The linear mapping approximation: a network in which genes bind molecules as a linear one with rates that are means.

    G + n P <-> G* + ...   at k    becomes    G <-> G*   at   k <P (P - 1) ... (P - n + 1) | G> = k <(P)_n G>/<G>

G a binary species, one of the states of a gene. What binds and unbinds keeps its number, as in the paper. The moments
of the linear network are closed, and exact given the rates, which follow from them at each time. Cao and Grima 2018.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import sympy as sp

from ..errors import RxnError
from ..expressions import symbol
from ..monomials import (
    Kind,
    Lookup,
    Monomial,
    factorial_from_raw,
    label_names,
    moment_symbol,
    raw_from_central,
    raw_from_cumulants,
)
from ..name_lists import names_given
from ..network import Network
from ..operators import Generator, Powers, Term, generator
from ..system import Step, System, sort_definitions
from .conditional import binary_species
from .moments import hierarchy


def linear_mapping(net: Network, order: int, kind: Kind = Kind.RAW, binary: Iterable[str] = ()) -> System:
    """The moments of the linear network up to `order`, or to that of the reaction of most reactants if it is higher.

    The effective rate of reaction r is the definition `effective[r]`. `binary`: species that are 0 or 1 without a
    conservation law that says so. Raises R519 for a reaction that is not linear and changes no binary species, and
    what `moments` raises.
    """
    gen = generator(net)
    known = {symbol(n) for group in (*binary_species(net), names_given(binary, "binary", "R519")) for n in group}
    bound = [t for t in gen.terms if t.law is None and sum(n for _, n in t.before) > 1]
    states = {id(t): _state(t, known) for t in bound}
    taken = {symbol(c.name) for part in (net.species, net.parameters, net.compartments, net.rules) for c in part}
    terms, rates = [], []
    for term in gen.terms:
        if id(term) in states:
            name = _unused(f"effective[{term.name}]", taken)
            taken.add(name)
            rates.append((name, term))
            terms.append(replace(_kept(term, known), rate=name))
        else:
            back = {s: -n for s, n in term.change}
            undone = any(dict(t.change) == back for t in bound)
            terms.append(_kept(term, known) if undone else term)
    most = max((sum(n for _, n in t.before) for t in bound), default=1)
    linear = Generator(gen.name, gen.species, tuple(terms))
    system = hierarchy(net, linear, max(order, most), kind)
    place, names = gen.positions, label_names(gen.species)

    def given(m: Monomial) -> sp.Expr:
        return moment_symbol(m, names, kind)

    formulas = dict(system.definitions)
    for name, term in rates:
        state = states[id(term)]
        chance = given((place[state],))
        whole = tuple(sorted(place[s] for s, n in term.before for _ in range(n)))
        mean = term.rate * _falling(whole, kind, given) / chance
        # where the state is not there its reactions do not happen, at any rate
        formulas[name] = sp.Piecewise((mean, sp.Ne(chance, 0)), (sp.S.Zero, True))
    step = Step("linear mapping", (("order", str(max(order, most))), ("kind", kind)), "Cao and Grima 2018")
    return replace(
        system,
        definitions=sort_definitions(formulas, net.name),
        steps=(*system.steps[:-1], step),
    )


def _state(term: Term, binary: set[sp.Symbol]) -> sp.Symbol:
    """The one binary species that a reaction of several reactants takes away."""
    found = [s for s, n in term.before if s in binary]
    if len(found) != 1 or dict(term.before)[found[0]] != 1 or found[0] not in dict(term.change):
        message = f"reaction {term.name!r} is no binding of molecules to one binary species"
        raise RxnError("R519", message, term.origin, "the linear mapping has such reactions and linear ones")
    return found[0]


def _kept(term: Term, binary: set[sp.Symbol]) -> Term:
    """The reaction of the binary species alone."""

    def only(side: Powers) -> Powers:
        return tuple((s, n) for s, n in side if s in binary)

    return replace(term, before=only(term.before), after=only(term.after))


def _unused(name: str, taken: set[sp.Symbol]) -> sp.Symbol:
    while symbol(name) in taken:  # a law that is a polynomial may give several reactions of one name
        name += "'"
    return symbol(name)


def _falling(m: Monomial, kind: Kind, given: Lookup) -> sp.Expr:
    """A factorial moment by the moments of a kind."""
    if kind is Kind.FACTORIAL:
        return given(m)
    convert = {Kind.CENTRAL: raw_from_central, Kind.CUMULANT: raw_from_cumulants}.get(kind)
    return factorial_from_raw(m, given if convert is None else lambda part: convert(part, given))
