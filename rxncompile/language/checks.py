"""What can only be wrong of a whole Network: circles, broken conservation laws, ambiguous volumes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import sympy as sp

from ..dimensions import check_units
from ..errors import Diagnostic, RxnError, Span
from ..expressions import symbol, text
from ..network import Conservation, Flag, Network, Parameter, change, per_event, volume
from .signs import negative_values


def check(net: Network) -> Iterator[Diagnostic]:
    """Every diagnostic that concerns more than one statement."""
    circles = list(_circles(net))
    yield from circles
    if circles:
        return
    constants = _constant_values(net)
    for parameter in net.parameters:
        yield from _bounds(parameter, constants)
    yield from _reactants_in_constants(net)
    yield from _lattice_words(net)
    for reaction in net.reactions:
        if reaction.mass_action and reaction.lattice is None and Flag.MOLECULAR not in reaction.flags:
            try:
                volume(net, reaction)
            except RxnError as error:
                yield from error.diagnostics
    for law in net.conservations:
        yield from _conservation(net, law)
    yield from check_units(net)
    yield from negative_values(net)
    for term in net.ode_terms:
        if Flag.FIXED in net.species_by_name[term.species].flags:
            message = f"{term.species!r} is {{fixed}}, so reactions leave it alone, but this term moves it"
            hint = "take {fixed} away, or the term; together they are a species that only its equation moves"
            yield Diagnostic("R223", message, term.span, hint, "warning")


# ---------------------------------------------------------------------------------------------- circles


def _formulas(net: Network) -> dict[sp.Symbol, tuple[sp.Expr, Span | None]]:
    """Everything that is given by a formula of other names."""
    pairs: list[tuple[str, sp.Expr, Span | None]] = [(c.name, c.value, c.span) for c in net.constants]
    pairs += [(p.name, p.value, p.span) for p in net.parameters]
    pairs += [(c.name, c.size, c.span) for c in net.compartments]
    pairs += [(r.name, r.formula, r.span) for r in net.rules]
    return {symbol(name): (formula, span) for name, formula, span in pairs}


def _circles(net: Network) -> Iterator[Diagnostic]:
    """Names whose formulas lead back to themselves, each circle once."""
    formulas = _formulas(net)
    done: set[sp.Symbol] = set()
    for first in formulas:
        path: dict[sp.Symbol, Iterator[sp.Symbol]] = {}
        if first not in done:
            path[first] = _used(first, formulas)
        while path:
            current = next(reversed(path))
            following = next(path[current], None)
            if following is None:
                done.add(current)
                del path[current]
            elif following in path:
                names = [n.name for n in path]
                circle = [*names[names.index(following.name) :], following.name]
                span = formulas[following][1]
                hint = f"give one of them a value without the others: '{circle[0]}' needs '{circle[1]}' to have one"
                yield Diagnostic("R110", f"definitions that lead back to themselves: {' -> '.join(circle)}", span, hint)
                done.update(path)
                break
            elif following not in done:
                path[following] = _used(following, formulas)


def _used(name: sp.Symbol, formulas: Mapping[sp.Symbol, tuple[sp.Expr, Span | None]]) -> Iterator[sp.Symbol]:
    return iter(sorted(formulas[name][0].free_symbols & formulas.keys(), key=lambda n: str(n.name)))


# ---------------------------------------------------------------------------------------------- parameters


def _constant_values(net: Network) -> dict[sp.Symbol, sp.Expr]:
    """The numbers that the constants are."""
    formulas = {symbol(c.name): c.value for c in net.constants}
    values: dict[sp.Symbol, sp.Expr] = {}
    waiting = list(formulas)[::-1]
    while waiting:
        name = waiting[-1]
        missing = [n for n in formulas[name].free_symbols if n in formulas and n not in values]
        if missing:
            waiting += missing
            continue
        waiting.pop()
        values[name] = formulas[name].xreplace(values)
    return values


def _bounds(p: Parameter, constants: Mapping[sp.Symbol, sp.Expr]) -> Iterator[Diagnostic]:
    if p.lower is None or p.upper is None:
        return
    lower, upper, value = (e.xreplace(constants) for e in (p.lower, p.upper, p.value))
    if (lower > upper) == sp.true:
        yield Diagnostic("R213", f"the bounds of {p.name!r} are in the wrong order", p.span, "write in [low, high]")
    elif value.is_number and ((value < lower) == sp.true or (value > upper) == sp.true):
        message = f"the value {text(p.value)} of {p.name!r} lies outside its bounds"
        yield Diagnostic("R213", message, p.span, "widen them")


# ---------------------------------------------------------------------------------------------- reactions


def _reactants_in_constants(net: Network) -> Iterator[Diagnostic]:
    """A reactant in its own mass-action constant: almost always a law that was meant to be complete."""
    rules = {symbol(r.name): r.formula for r in net.rules}
    reach: dict[sp.Symbol, frozenset[sp.Symbol]] = {}

    def reached(name: sp.Symbol) -> frozenset[sp.Symbol]:
        if name not in reach:
            found, waiting = {name}, [name]
            while waiting:
                for used in rules[waiting.pop()].free_symbols - found:
                    found.add(used)
                    waiting += [used] if used in rules else []
            reach[name] = frozenset(found)
        return reach[name]

    for reaction in net.reactions:
        if not reaction.mass_action or not reaction.reactants or Flag.FUNCTIONAL in reaction.flags:
            continue
        names = reaction.rate.free_symbols
        direct = {symbol(name) for name, _ in reaction.reactants}
        for name in names & rules.keys():
            names = names | reached(name)
        for reactant in sorted(names & direct, key=lambda n: str(n.name)):
            through = next((n.name for n in reaction.rate.free_symbols & rules.keys() if reactant in reached(n)), "")
            how = f" (through {through!r})" if reactant not in reaction.rate.free_symbols else ""
            message = f"the mass-action constant of {reaction.name!r} depends on its reactant {reactant.name!r}{how}"
            hint = f"a complete law is written 'rate {text(reaction.rate)}'; '@' multiplies by the reactants itself"
            yield Diagnostic("R214", message, reaction.span, hint, part=reaction.rate)


def _lattice_words(net: Network) -> Iterator[Diagnostic]:
    """What only makes sense on a lattice, in a model without one."""
    if net.lattices:
        return
    for reaction in net.reactions:
        if reaction.placement is not None or reaction.probability is not None or reaction.daughter != "blocked":
            message = f"positions, probabilities and daughters of {reaction.name!r} need a lattice"
            yield Diagnostic("R216", message, reaction.span, "write 'lattice NAME { shape = line(1000) }'")
    for species in net.species:
        if species.per_site:
            yield Diagnostic("R216", f"{species.name!r} has a value per site, but there is no lattice", species.span)


# ---------------------------------------------------------------------------------------------- conservation


def _conservation(net: Network, law: Conservation) -> Iterator[Diagnostic]:
    """The first reaction, ODE term or event that changes a sum which is said to be constant."""
    weights = _weights(net, law)
    if weights is None:
        message = f"the conserved quantity {law.name!r} is no linear sum of species"
        yield Diagnostic("R217", message, law.span, "write a sum of species with constant factors: A + 2*B")
        return
    by_name = net.species_by_name
    for reaction in net.reactions:
        moved = [(name, count) for name, count in change(net, reaction) if name in weights]
        total = sp.Add(*(count * weights[name] * per_event(by_name[name]) for name, count in moved))
        if moved and not _vanishes(total):
            by = ", ".join(f"{name} by {count:+}" for name, count in moved)
            what = f"reaction {reaction.name!r} changes it by {text(total)}"
            yield _broken(law, what, reaction.span, f"{reaction.name} changes {by}: mend the reaction or the sum")
            return
    drift = sp.Add(*(weights[t.species] * t.formula for t in net.ode_terms if t.species in weights))
    if not _vanishes(drift):
        culprit = next(t for t in net.ode_terms if t.species in weights)
        hint = "the terms of its species have to add up to nothing"
        yield _broken(law, f"the term of {culprit.species}' changes it", culprit.span, hint)
        return
    for event in net.events:
        for name, _ in event.assignments:
            if name in weights:
                yield _broken(law, f"an event assigns {name!r}", event.span, "what an event sets is not conserved")
                return


def _broken(law: Conservation, how: str, where: Span | None, hint: str) -> Diagnostic:
    place = f" ({where.line}:{where.column})" if where else ""
    return Diagnostic("R217", f"{law.name!r} is not conserved: {how}{place}", law.span, hint)


def _weights(net: Network, law: Conservation) -> dict[str, sp.Expr] | None:
    """Coefficients of the species in a linear sum, None where it is not linear."""
    species = {s.symbol: s.name for s in net.species}
    weights: dict[str, sp.Expr] = {}
    waiting: list[tuple[sp.Expr, sp.Expr]] = [(law.formula, sp.S.One)]
    while waiting:
        expr, weight = waiting.pop()
        if expr in species:
            name = species[expr]
            weights[name] = weights.get(name, sp.S.Zero) + weight
        elif expr.is_Add:
            waiting += [(term, weight) for term in expr.args]
        elif expr.is_Mul:
            factors = [factor for factor in expr.args if not species.keys().isdisjoint(factor.free_symbols)]
            if len(factors) > 1:
                return None
            waiting += [(factor, weight * expr / factor) for factor in factors]
        elif not species.keys().isdisjoint(expr.free_symbols):
            return None
    return {name: weight for name, weight in weights.items() if weight != 0}


def _vanishes(expr: sp.Expr) -> bool:
    """Whether a formula is zero: by its form, else by its values at three points (never by expanding it)."""
    if expr == 0:
        return True
    names = sorted(expr.free_symbols, key=lambda n: str(n.name))
    for seed in (3, 5, 7):
        point = {name: sp.Rational((seed * (i + 2) * 7919) % 1009 + 1, 512) for i, name in enumerate(names)}
        value = expr.xreplace(point)
        terms = [abs(term.evalf(20, maxn=60)) for term in sp.Add.make_args(value)]
        total = abs(value.evalf(20, maxn=60))
        if not all(t.is_Float or t.is_Rational for t in (*terms, total)) or total > max(terms) * sp.Rational(1, 10**12):
            return False
    return True
