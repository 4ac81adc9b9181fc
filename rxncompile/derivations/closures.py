"""Closing: the moments that a hierarchy needs and does not have are given by formulas of those that it has.

`close` applies one closure to a hierarchy of any kind, or one to each moment; `opened` gives the hierarchy back. The
formulas are in `closure_forms.py`, those that condition on binary species in `conditional.py`. Where a formula of these
divides by a moment that is 0 at the start, it is 0 as long as that is: counts are not negative, so that a moment is 0
where that of a part of it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import sympy as sp

from ..errors import RxnError
from ..expressions import symbol
from ..monomials import (
    Kind,
    Lookup,
    Monomial,
    central_from_raw,
    cumulant_from_raw,
    cumulant_rest,
    factorial_from_raw,
    label,
    label_reader,
    moment_symbol,
    raw_from_central,
    raw_from_cumulants,
    raw_from_factorial,
)
from ..system import OpenMoments, State, Step, System
from ..tables import Definitions, Polynomial, TermTable
from .assembly import Term, assembled, terms_of
from .closed_tables import closed_table
from .closure_forms import (
    CUMULANTS,
    Closure,
    centred_rest,
    derivative_matching,
    divisors,
    gamma,
    gaussian,
    lognormal,
    poisson,
    where_there,
    zero,
    zero_factorial_cumulant,
)

__all__ = [
    "BY_NAME", "Closure", "close", "derivative_matching", "gamma", "gaussian", "lognormal", "opened", "poisson", "zero",
    "zero_factorial_cumulant",
]  # fmt: skip

_ALL = (gaussian, zero, poisson, zero_factorial_cumulant, lognormal, gamma, derivative_matching)
_MANY = 1_000  # moments from which on nobody reads each formula
BY_NAME: dict[str, Closure] = {f.__name__: f for f in _ALL}

_TO_RAW: dict[Kind, Callable[[Monomial, Lookup], sp.Expr]] = {
    Kind.CENTRAL: raw_from_central, Kind.FACTORIAL: raw_from_factorial, Kind.CUMULANT: raw_from_cumulants,
}  # fmt: skip
_FROM_RAW: dict[Kind, Callable[[Monomial, Lookup], sp.Expr]] = {
    Kind.CENTRAL: central_from_raw, Kind.FACTORIAL: factorial_from_raw, Kind.CUMULANT: cumulant_from_raw,
}  # fmt: skip


def close(system: System, closure: Closure, each: Mapping[str, Closure] | None = None) -> System:
    """The hierarchy closed: its frontier given by formulas, each after `closure`, or after its own in `each` by label.

    Raises R519 for a System that is no open moment hierarchy, for a label in `each` that it does not need, and where
    a closure asks for moments of a higher order than the hierarchy has.
    """
    if not each and closure in _ALL and isinstance(system.frontier, OpenMoments):
        at_once = _closed_at_once(system, closure)
        if at_once is not None:
            return at_once
    parsed = _Parsed(system)
    chosen = dict(each or {})
    forms = _Forms(parsed.kind, max(len(m) for m in parsed.known))
    symbols = dict(parsed.symbols)
    made: dict[Monomial, sp.Expr] = {}

    def moment(m: Monomial) -> sp.Expr:
        name = symbols.get(m)
        if name is None:
            name = symbols[m] = moment_symbol(m, parsed.names, parsed.kind)
        if m not in parsed.known and m not in made:
            if len(m) <= forms.order:
                message = f"{system.name} has no equation for {label(m, parsed.names, parsed.kind)}"
                raise RxnError("R519", message, hint="a closure needs all moments up to the order")
            own = chosen.get(name.name, closure) if chosen else closure
            formula, divided = forms.formula(m, own, moment)
            made[m] = where_there(formula, [d for d in divided if d.xreplace(start()) == 0]) if divided else formula
        return name

    @cache
    def start() -> dict[sp.Basic, sp.Expr]:
        known = system.environment()
        return {s.symbol: s.initial.xreplace(known) for s in system.states if isinstance(s.initial, sp.Expr)}

    for m in parsed.frontier:
        moment(m)
    for text in chosen:
        if text not in {symbols[m].name for m in made}:
            message = f"{system.name} needs no closure of {text!r}"
            raise RxnError("R519", message, hint="it is open in " + ", ".join(s.label for s in system.frontier[:12]))
    needed = set(parsed.frontier)
    extra = tuple(State(symbols[m], symbols[m].name) for m in made if m not in needed)
    names = [closure.__name__, *(f"{k}: {v.__name__}" for k, v in chosen.items())]
    sources = dict.fromkeys(_source(f) for f in (closure, *chosen.values()))
    step = Step("closure", (("by", ", ".join(names)),), "; ".join(s for s in sources if s))
    widened = replace(system, frontier=(*system.frontier, *extra))
    closed = widened.define({symbols[m]: f for m, f in made.items()}, step)
    return replace(closed, outputs=system.outputs)


def _closed_at_once(system: System, closure: Closure) -> System | None:
    """The same for a whole table of moments, made as a table; None where that cannot be."""
    table = system.drift
    if not isinstance(table, TermTable) or not len(system.frontier):
        return None
    kind, order = table.moments.kind, len(table.moments.monomial(len(table) - 1))
    if len(table) < _MANY and len(table.moments.monomial(len(table.moments) - 1)) > order + 1:
        return None  # formulas that use each other are easier to read; here they are written out
    forms = _Forms(kind, order)

    def form(m: Monomial, moment: Lookup) -> sp.Expr:
        def lower(part: Monomial) -> sp.Expr:
            return moment(part) if len(part) <= order else forms.formula(part, closure, lower)[0]

        return forms.formula(m, closure, lower)[0]

    definitions = closed_table(system, table, form)
    if definitions is None:
        return None
    step = Step("closure", (("by", closure.__name__),), _source(closure))
    return replace(system, frontier=(), definitions=definitions, steps=(*system.steps, step))


def opened(system: System) -> System:
    """The hierarchy that `close` was given. Raises R519 for a System that was not closed last."""
    if not system.steps or system.steps[-1].name != "closure":
        raise RxnError("R519", f"{system.name} was not closed")
    if isinstance(system.definitions, Definitions):
        whole = OpenMoments(system.definitions.moments, len(system.drift))
        return replace(system, frontier=whole, definitions=system.definitions.plain, steps=system.steps[:-1])
    read = label_reader([s.label[1:-1] for s in system.states if _SINGLE.fullmatch(s.label)])
    held = {s.symbol for s in system.states}
    given = {n for n, _ in system.definitions if n not in held and read(n.name) is not None}
    used: set[sp.Symbol] = set()
    for rhs in system.drift:
        for factor in (f for _, powers in rhs for f, _ in powers) if isinstance(rhs, Polynomial) else (rhs,):
            used |= {factor} if factor.is_Symbol else factor.free_symbols
    found = {m: n for n in given & used if (m := (read(n.name) or ((),))[0])}
    frontier: Sequence[State] = tuple(
        State(found[m], found[m].name) for m in sorted(found, key=lambda m: (len(m), m))
    )
    if isinstance(system.drift, TermTable) and len(frontier) == len(system.drift.moments) - len(system.drift):
        frontier = OpenMoments(system.drift.moments, len(system.drift))
    return replace(
        system,
        definitions=tuple((n, f) for n, f in system.definitions if n not in given),
        frontier=frontier,
        steps=system.steps[:-1],
    )


class _Pattern(NamedTuple):
    """The formula of a pattern, its terms, what it divides by, and the moments that its symbols stand for."""

    formula: sp.Expr
    terms: tuple[Term, ...]  # those of a sum of products of powers; none for other formulas
    divisors: tuple[sp.Expr, ...]
    parts: tuple[tuple[sp.Symbol, Monomial], ...]

    def at(self, here: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
        """The formula of other symbols."""
        return assembled(self.terms, here) if self.terms else self.formula.xreplace(here)


class _Forms:
    """The formulas of one kind of moment, those of equal patterns (`n_0^2 n_3` and `n_2^2 n_7`) made once."""

    def __init__(self, kind: Kind, order: int) -> None:
        self.kind, self.order = kind, order
        self.patterns: dict[tuple[Monomial, Closure], _Pattern] = {}

    def formula(self, m: Monomial, closure: Closure, moment: Lookup) -> tuple[sp.Expr, tuple[sp.Expr, ...]]:
        """The moment of `m` in this kind by those that `moment` gives, and what a formula of this file divides by."""
        if closure not in _ALL:
            return self._made(m, closure, moment), ()
        species = sorted(set(m))
        place = {i: k for k, i in enumerate(species)}
        pattern = tuple(place[i] for i in m)
        found = self.patterns.get((pattern, closure))
        if found is None:
            parts: dict[sp.Symbol, Monomial] = {}

            def stand_in(part: Monomial) -> sp.Expr:
                it = symbol("_" + ",".join(map(str, part)))
                parts[it] = part
                return it

            made = self._made(pattern, closure, stand_in)
            used = tuple((it, part) for it, part in parts.items() if made.has(it))
            found = self.patterns[pattern, closure] = _Pattern(made, terms_of(made), divisors(made), used)
        if not found.parts:
            return found.formula, ()
        here = {it: moment(tuple(species[k] for k in part)) for it, part in found.parts}
        return found.at(here), tuple(d.xreplace(here) for d in found.divisors)

    def _made(self, m: Monomial, closure: Closure, moment: Lookup) -> sp.Expr:
        def lower(part: Monomial) -> sp.Expr:
            if len(part) >= len(m):
                message = f"{closure.__name__} asks for moments of order {len(part)} to give one of order {len(m)}"
                raise RxnError("R519", message, hint=f"derive moments up to order {len(part)} at least")
            return moment(part)

        def raw(part: Monomial) -> sp.Expr:
            if not part:
                return sp.S.One
            convert = _TO_RAW.get(self.kind)
            return lower(part) if convert is None or len(part) == 1 else convert(part, lower)

        value = CUMULANTS.get(closure)
        if value is not None and self.kind in (Kind.CENTRAL, Kind.CUMULANT):
            rest = centred_rest(m, lower) if self.kind is Kind.CENTRAL else sp.S.Zero
            return value(m, lower) - rest  # it asks for orders 1 and 2, where central moments are cumulants
        if closure is zero and self.kind is Kind.CENTRAL:
            return sp.S.Zero
        if closure is zero_factorial_cumulant and self.kind is Kind.FACTORIAL:
            return -cumulant_rest(m, lower)
        whole = closure(m, raw, self.order)
        convert = _FROM_RAW.get(self.kind)
        return whole if convert is None else sp.expand(convert(m, lambda part: whole if part == m else raw(part)))


def _source(closure: Closure) -> str:
    """The paper that a closure's docstring ends with."""
    lines = [line.strip() for line in (closure.__doc__ or "").strip().splitlines()]
    return lines[-1].rstrip(".") if len(lines) > 1 else ""


class _Parsed:
    """A moment hierarchy as monomials, read from its labels."""

    def __init__(self, system: System) -> None:
        self.names = [s.label[1:-1] for s in system.states if _SINGLE.fullmatch(s.label)]
        read = label_reader(self.names)
        self.symbols: dict[Monomial, sp.Symbol] = {}
        kinds = set()
        for state in system.states:
            found = read(state.label)
            if found is not None:
                self.symbols[found[0]] = state.symbol
                kinds |= {found[1]} if len(found[0]) > 1 else set()
        self.kind = kinds.pop() if len(kinds) == 1 else Kind.RAW
        self.known = frozenset(self.symbols)
        self.frontier: list[Monomial] = []
        for state in system.frontier:
            found = read(state.label)
            if found is None:
                raise RxnError("R519", f"{state.label} of {system.name} is no moment of species with equations")
            if len(found[0]) > 1:
                self.kind = found[1]
            self.symbols[found[0]] = state.symbol
            self.frontier.append(found[0])
        if not self.frontier:
            raise RxnError("R519", f"{system.name} is closed already")


_SINGLE = re.compile(r"<('(?:[^'\\]|\\.)*'|[^*^']+)>")
