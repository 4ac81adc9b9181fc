"""Propensities and amounts that can be negative: seen by the signs of a formula's parts, shown at a state.

A jump process stops where a propensity is negative. A law is suspected when its parts do not rule it out, and named
when it is negative at one of a few states: the initial one, and each species of the law at 0, 1, 10 and 1000 times it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import sympy as sp

from ..errors import Diagnostic
from ..expressions import TIME, symbol, text
from ..network import Flag, Network, Reaction, Species

_LOOKED_AT = 200  # laws whose parts are not enough
_STATES = 12  # species of a law that are varied
_TERMS = 2_000  # in a law: longer ones are not looked at
_POSITIVE = (sp.exp, sp.Abs, sp.cosh)
_KEEPS = (sp.floor, sp.ceiling, sp.log, sp.tanh)


def negative_values(net: Network) -> Iterator[Diagnostic]:
    """Warnings: R219 a propensity that can become negative, R220 a negative initial value, R221 a count not whole."""
    signs = Signs(net)
    moved = frozenset(term.species for term in net.ode_terms)
    for species in net.species:
        if isinstance(species.initial, sp.Expr):
            start = signs.number(species.initial, {})
            if start is not None and start < 0:
                message = f"{species.name!r} starts from {text(species.initial)}, which is negative"
                hint = "amounts and concentrations are 0 or more"
                yield Diagnostic("R220", message, species.span, hint, "warning", species.initial)
            elif start is not None and _counted(net, species, moved) and not float(start).is_integer():
                message = f"{species.name!r} starts from {_brief(start)} molecules, which is not whole"
                hint = "a jump process begins with whole counts: mark the species {round}, or let it start from a "
                hint += f"distribution: ~ Poisson({_brief(start)})"
                yield Diagnostic("R221", message, species.span, hint, "warning", species.initial)
    left = _LOOKED_AT
    for reaction in net.reactions:
        if Flag.CONTINUOUS in reaction.flags or reaction.net_reversible or signs.safe(reaction.rate):
            continue
        left -= 1
        if left < 0:
            return
        found = signs.witness(reaction)
        if found is not None:
            where, value = found
            what = "the constant" if reaction.mass_action else "the law"
            can = "can be negative:" if where else "is"
            message = f"{what} {_short(reaction.rate)} of {reaction.name!r} {can} {value}{where}"
            hint = "a jump process stops there; write each direction as its own reaction, or max(0, ...)"
            yield Diagnostic("R219", message, reaction.span, hint, "warning", reaction.rate)


def _counted(net: Network, species: Species, moved: frozenset[str]) -> bool:
    """Whether the units say that a species is counted in molecules; one that ODE terms move is any number."""
    unit = species.unit or dict(net.units).get("amount")
    counted = unit is not None and unit.text == "count" and not species.concentration
    real = species.per_site or species.flags & {Flag.ROUND, Flag.FIXED, Flag.CONTINUOUS} or species.name in moved
    return counted and not real


class Signs:
    """The signs of formulas of one network, and their values."""

    def __init__(self, net: Network) -> None:
        self.net = net
        self.rules = {symbol(r.name): r.formula for r in net.rules}
        self.fixed: dict[sp.Symbol, sp.Expr] = {symbol(c.name): c.value for c in net.constants}
        self.fixed |= {symbol(p.name): p.value for p in net.parameters}
        self.fixed |= {symbol(c.name): c.size for c in net.compartments}
        self.species = {s.symbol: s for s in net.species}
        self.known: dict[sp.Basic, bool] = {}
        self.numbers: dict[sp.Symbol, sp.Expr | None] = {}

    def safe(self, expr: sp.Basic) -> bool:
        """Whether the signs of its parts make an expression zero or positive."""
        if expr not in self.known:
            try:
                self.known[expr] = self._safe(expr)
            except RecursionError:
                self.known[expr] = True
        return self.known[expr]

    def _safe(self, expr: sp.Basic) -> bool:
        if expr.is_Number:
            return not expr < 0
        if expr.is_Symbol:
            if expr in self.rules:
                return self.safe(self.rules[expr])
            return expr in self.species or expr not in self.fixed or self.safe(self.fixed[expr])
        if isinstance(expr, sp.Max):
            return any(self.safe(a) for a in expr.args)
        if isinstance(expr, sp.Piecewise):
            return all(self.safe(value) for value, _ in expr.args)
        if expr.is_Pow:
            return self.safe(expr.base) or (expr.exp.is_Rational and expr.exp.q == 1 and expr.exp.p % 2 == 0)
        if isinstance(expr, _POSITIVE) or not (expr.is_Add or expr.is_Mul or isinstance(expr, (sp.Min, *_KEEPS))):
            return isinstance(expr, _POSITIVE)
        return not isinstance(expr, sp.log) and all(self.safe(a) for a in expr.args)

    def witness(self, reaction: Reaction) -> tuple[str, str] | None:
        """A state at which a rate is negative, in words, and its value there."""
        used = self._used(reaction.rate)
        if used is None:
            return None
        least = {symbol(name): sp.Integer(count) for name, count in reaction.reactants}
        start = {name: max(self._start(name), least.get(name, sp.S.Zero)) for name in used & self.species.keys()}
        states: list[dict[sp.Symbol, sp.Expr]] = [start]
        for name in sorted(start, key=str)[:_STATES]:
            values = (sp.S.Zero, sp.S.One, 10 * max(start[name], sp.S.One), 1000 * max(start[name], sp.S.One))
            states += [start | {name: max(v, least.get(name, sp.S.Zero))} for v in values]
        for state in states:
            for moment in (0, 1, 100) if TIME in used else (0,):
                value = self.number(reaction.rate, {**state, TIME: sp.Integer(moment)})
                if value is not None and value < 0:
                    shown = [f"{n} = {_brief(v)}" for n, v in sorted(state.items(), key=str)[:4]]
                    shown += [f"t = {moment}"] if TIME in used else []
                    return (" at " + ", ".join(shown) if shown else ""), _brief(value)
        return None

    def _used(self, expr: sp.Expr) -> set[sp.Symbol] | None:
        """The names that a formula depends on, through others; None where it is too long to be looked at."""
        found: set[sp.Symbol] = set()
        waiting, size = [expr], 0
        while waiting:
            formula = waiting.pop()
            for part in sp.preorder_traversal(formula):
                size += 1
                if size > _TERMS:
                    return None
                if part.is_Symbol and part not in found:
                    found.add(part)
                    waiting += [self.rules[part]] if part in self.rules else []
        return found

    def _start(self, name: sp.Symbol) -> sp.Expr:
        initial = self.species[name].initial
        value = self.number(initial, {}) if isinstance(initial, sp.Expr) else None
        return sp.S.One if value is None else max(value, sp.S.Zero)

    def number(self, expr: sp.Expr, state: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr | None:
        """The value of a formula at a state, None where it has no real value."""
        values: dict[sp.Symbol, sp.Expr] = {}
        for name in expr.free_symbols:
            if name in state:
                found: sp.Expr | None = state[name]
            elif name in self.rules:
                found = self.number(self.rules[name], state)
            elif name in self.fixed:
                if name not in self.numbers:
                    self.numbers[name] = None
                    self.numbers[name] = self.number(self.fixed[name], {})
                found = self.numbers[name]
            else:
                found = None
            if found is None:
                return None
            values[name] = found.evalf(20)
        try:
            result = expr.xreplace(values).evalf(15, maxn=60)
        except (ValueError, TypeError, ArithmeticError, RecursionError):
            return None
        return result if (result.is_Float or result.is_Rational) and result.is_finite else None


def _short(expr: sp.Expr) -> str:
    written = text(expr)
    return written if len(written) <= 60 else written[:56] + " ..."


def _brief(value: sp.Expr) -> str:
    return f"{float(value):.6g}"
