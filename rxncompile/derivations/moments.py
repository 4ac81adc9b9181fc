"""Moment equations of a jump process, to any order: a hierarchy that is open where a reaction is not linear.

    raw        d<n^m>/dt = sum_r < a_r(n) [(n + c_r)^m - n^m] >                c_r the change of reaction r
    factorial  d<(n)_m>/dt = sum_r k_r sum_j C(m, j) [(after)_j - (before)_j] <(n)_(before + m - j)>
    central    the same for (n - mu)^m, a_r expanded about the mean mu: exactly where it is a polynomial, to a stated
               order where it is not
    cumulant   products of cumulants (`cumulants.py`)

`(n)_m` is the falling factorial. The factorial form is the Heisenberg commutator of the normal-ordered generator with
(a^m), read between <1| and |P>. Sources: Gillespie 2009; Doi 1976; Ale, Kirk and Stumpf 2013 for the expansion.
Right-hand sides are tables of terms (`Polynomial`), made into expressions where somebody reads them. Moments are those
of numbers of molecules, whatever a species' bare name means.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import comb

import sympy as sp

from ..errors import RxnError
from ..monomials import Kind, Monomial, label, label_names, moment_symbol, monomials, read_label
from ..name_lists import names_given
from ..network import Network
from ..operators import Generator, generator
from ..structure import conservation_laws
from ..system import OpenMoments, Rhs, State, Step, System
from ..tables import TermTable
from .elimination import eliminated, without
from .moment_equations import Table, table_of
from .moment_events import FROM_RAW, events_of_moments, moments_of
from .rates import counts_beside_jumps
from .start import definitions_without_counts, raw_start
from .term_tables import term_table

__all__ = ["MOST_MOMENTS", "hierarchy", "moments", "table_of"]

MOST_MOMENTS = 350_000


def moments(
    net: Network,
    order: int,
    kind: Kind = Kind.RAW,
    of: Iterable[str] | None = None,
    expansion: int | None = None,
    eliminate: bool | Iterable[str] = False,
) -> System:
    """The equations of all moments up to `order`; those of higher order that they need are its `frontier`.

    `of`: labels of the moments that are wanted (`<A>`, `<A^2*B>`); the System then holds these and what their
    equations need up to `order`. `expansion`: the order to which central moments expand a rate law that is no
    polynomial (default: `order` + 1). `eliminate`: moments of these species, or of one for each conservation law, are
    given by those of the others and the totals at the start; they become outputs.

    Timed events act on the moments: each count becomes a polynomial of counts. Raises R509, R510, R515 as `generator`,
    R516 for a rate law that is no polynomial, R517 for an order or a label that is none, R518 for an event that waits
    for a state or whose result moments do not tell, R524 where nothing known can be eliminated, R412 where there are
    more than `MOST_MOMENTS`.
    """
    gen = generator(net)
    if eliminate is False:
        return hierarchy(net, gen, order, kind, of, expansion)
    states = {s.symbol: s for s in counts_beside_jumps(net, ()).states}
    names = None if eliminate is True else names_given(eliminate, "eliminate", "R524")
    given = eliminated(conservation_laws(net), {s: states[s] for s in gen.species}, names)
    if not given:
        return hierarchy(net, gen, order, kind, of, expansion)
    return _with_eliminated(net, gen, given, order, kind, of, expansion)


def hierarchy(
    net: Network,
    gen: Generator,
    order: int,
    kind: Kind = Kind.RAW,
    of: Iterable[str] | None = None,
    expansion: int | None = None,
    derivatives: int | None = None,
) -> System:
    """`moments` by a generator that need not be the network's own: start and parameters are those of `net`.

    `derivatives`: where the change of a moment by a jump, as a Taylor series in the jump, is cut; 2 for a diffusion.
    """
    names = label_names(gen.species)
    _check(order)
    table = table_of(gen, names, kind, expansion or order + 1, derivatives)
    if of is not None:
        wanted = table.needed([_read(text, names, kind) for text in names_given(of, "of", "R517")], order)
        return _system(net, table, wanted, [table.equation(m) for m in wanted], order)
    total = comb(len(names) + order, order) - 1
    if total > MOST_MOMENTS:
        raise RxnError("R412", f"{total:,} moments of {len(names)} species, at most {MOST_MOMENTS:,} are derived")
    wanted = tuple(monomials(range(len(names)), order))
    arrays = term_table(gen, names, kind, order) if derivatives is None else None
    return _system(net, table, wanted, arrays or [table.equation(m) for m in wanted], order)


def _check(order: int) -> None:
    if isinstance(order, bool) or not isinstance(order, int) or order < 1:
        raise RxnError("R517", f"order = {order!r} is not a whole number of at least 1")


def _system(net: Network, table: Table, wanted: Sequence[Monomial], drift: Sequence[Rhs], order: int) -> System:
    base = counts_beside_jumps(net, (t.rate if t.law is None else t.propensity for t in table.gen.terms))
    species, names, kind = table.gen.species, table.names, table.kind
    if isinstance(drift, TermTable):
        for m, name in zip(wanted, drift.moments[: len(wanted)], strict=True):
            table.symbols[m] = name
    states = {s.symbol: s for s in base.states}
    start = raw_start([states[s] for s in species])
    convert = FROM_RAW.get(kind)
    first = start if convert is None else lambda m: start(m) if len(m) == 1 else convert(m, start)
    events = events_of_moments(base, species, wanted, kind, table.symbol)
    moved = {name for event in events for name, _ in event.assignments}
    beside = [s for s in base.states if s.symbol in moved]  # what events alone assign: numbers, not counts
    own = [table.symbol(m) for m in wanted]
    held = set(own)
    open_ones = sorted((m for m, s in table.symbols.items() if s not in held), key=lambda m: (len(m), m))
    frontier: Sequence[State] = tuple(State(table.symbol(m), label(m, names, kind)) for m in open_ones)
    if isinstance(drift, TermTable) and (beside or frontier):  # events need more than the equations
        known = {s.symbol: s for s in (*OpenMoments(drift.moments, len(drift)), *frontier)}
        frontier, drift = tuple(known.values()), tuple(drift)
    elif isinstance(drift, TermTable):
        frontier = OpenMoments(drift.moments, len(drift))
    return replace(
        base,
        states=(*(State(s, s.name, first(m)) for s, m in zip(own, wanted, strict=True)), *beside),
        drift=drift if isinstance(drift, TermTable) else (*drift, *(sp.S.Zero for _ in beside)),
        jumps=(),
        frontier=frontier or (),
        definitions=definitions_without_counts(base, species),
        outputs=(),
        events=events,
        steps=(Step("moment equations", (("order", str(order)), ("kind", kind)), "Gillespie 2009"),),
    )


def _with_eliminated(
    net: Network,
    gen: Generator,
    given: dict[sp.Symbol, sp.Expr],
    order: int,
    kind: Kind,
    of: Iterable[str] | None,
    expansion: int | None,
) -> System:
    """The hierarchy of the species that are kept, the moments of all others its outputs."""
    _check(order)
    rest = without(gen, given)
    names, kept = label_names(gen.species), label_names(rest.species)
    variables = [sp.Poly(given.get(s, s), *rest.species) for s in gen.species]
    place = {i: rest.positions[s] for i, s in enumerate(gen.species) if s not in given}

    def symbol(m: Monomial) -> sp.Symbol:
        return moment_symbol(m, kept, kind)

    new = moments_of(variables, kind, symbol)
    every = monomials(range(len(names)), order) if of is None else [
        _read(text, names, kind) for text in names_given(of, "of", "R517")
    ]
    asked = tuple(every)
    formulas = {m: new(m) for m in asked if not all(i in place for i in m)}
    if of is not None:
        wanted = {label(tuple(place[i] for i in m), kept, kind): None for m in asked if m not in formulas}
        wanted |= {s.name: None for f in formulas.values() for s in f.free_symbols if read_label(s.name, kept)}
        of = tuple(wanted)
    system = hierarchy(net, rest, order, kind, of, expansion)
    outputs = tuple((label(m, names, kind), formula) for m, formula in formulas.items())
    removed = ", ".join(s.name for s in given)
    step = Step("elimination by conservation laws", (("of", removed),))
    return replace(system, outputs=outputs, steps=(*system.steps, step))


def _read(text: str, names: Sequence[str], kind: Kind) -> Monomial:
    found = read_label(text, names)
    if found is None or (len(found[0]) > 1 and found[1] is not kind):
        example = label((0, 0), names, kind) if names else "<A>"
        raise RxnError("R517", f"{text!r} is no {kind} moment of the network", hint=f"written like {example}")
    return found[0]
