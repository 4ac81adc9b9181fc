"""Closures that condition on binary species: of the states of a gene exactly one is there, as one molecule.

A conservation law without negative coefficients whose value is 1 says so: `G + G* = 1`. With b the product of binary
species that a moment holds, `<b x^m> = <b> <x^m | b = 1>`, and the conditional moment is closed by conditional moments:

    gaussian              <g x^3> = 3 <g x^2> <g x>/<g> - 2 <g x>^3/<g>^2
    derivative matching   <g x^3> = <g x^2>^3 <g>/<g x>^3

A hierarchy up to `order` knows conditional moments up to `order` less the number of binary species, so that these are
exact for their distributions from order 3. Of what cannot be together (`<g g* x>`) the moment is 0, and where a moment
that a formula divides by is 0 too, as nothing is there to be conditioned on where `<g> = 0`. A moment without binary
species is the sum over the states of a law where that leaves conditional moments of order 2, and closed without
condition where it does not. Soltani, Vargas-Garcia and Singh 2015.
"""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp

from ..errors import RxnError
from ..monomials import Lookup, Monomial
from ..name_lists import names_given
from ..network import Distribution, Network
from ..operators import generator
from ..structure.laws import conservation_laws, moieties
from .closure_forms import Closure, derivative_matching, divisors, gaussian, where_there
from .rates import jump_process

Laws = tuple[tuple[int, ...], ...]  # the places of the species of which exactly one is there


def binary_species(net: Network) -> tuple[tuple[str, ...], ...]:
    """The groups of species of which exactly one molecule is there, by conservation laws and the start."""
    process = jump_process(net)
    known = process.environment()
    first = {s.label: s.initial for s in process.states}
    found = []
    for law in moieties(net) or conservation_laws(net):
        names = [name for name, _ in law.coefficients]
        if law.non_negative and all(c == 1 for _, c in law.coefficients) and all(n in first for n in names):
            start = [first[n] for n in names]
            numbers = [x for x in start if not isinstance(x, Distribution)]
            if len(numbers) == len(start) and sp.Add(*(x.xreplace(known) for x in numbers)) == 1:
                found.append(tuple(names))
    return tuple(found)


def conditional_gaussian(net: Network, binary: Iterable[str] = ()) -> Closure:
    """Conditional cumulants above the order vanish. `binary`: species that are 0 or 1 without a law that says so.

    Raises R519 where there is no binary species.
    """
    return _conditional(net, gaussian, binary)


def conditional_derivative_matching(net: Network, binary: Iterable[str] = ()) -> Closure:
    """Conditional moments by derivative matching. `binary`: species that are 0 or 1 without a law that says so.

    Raises R519 where there is no binary species.
    """
    return _conditional(net, derivative_matching, binary)


def _conditional(net: Network, base: Closure, binary: Iterable[str]) -> Closure:
    place = {s.name: i for i, s in enumerate(generator(net).species)}
    groups = binary_species(net)
    laws: Laws = tuple(tuple(place[n] for n in group) for group in groups)
    binary = names_given(binary, "binary", "R501")
    for name in binary:
        if name not in place:
            raise RxnError("R501", f"{name!r} is no species of {net.name} that reactions move")
    alone = frozenset(place[n] for n in binary) - {i for law in laws for i in law}
    if not laws and not alone:
        message = f"{net.name} has no binary species to condition on"
        raise RxnError("R519", message, hint="one is in a conservation law without negative coefficients of value 1")
    return conditioned(base, laws, alone)


def conditioned(base: Closure, laws: Laws, alone: frozenset[int] = frozenset()) -> Closure:
    """`base` applied to moments given the states of binary species. `alone`: binary species that no law holds."""
    binary = alone.union(*laws)

    def closure(monomial: Monomial, raw: Lookup, order: int) -> sp.Expr:
        states = tuple(sorted(binary.intersection(monomial)))
        rest = tuple(i for i in monomial if i not in binary)
        return over(states, rest, raw, order)

    def over(states: Monomial, rest: Monomial, raw: Lookup, order: int) -> sp.Expr:
        if any(len(set(law).intersection(states)) > 1 for law in laws):
            return sp.S.Zero
        whole = tuple(sorted(states + rest))
        if len(whole) <= order:
            return raw(whole)
        if rest and order - len(states) > 2:
            for law in laws:
                if not set(law).intersection(states):
                    return sp.Add(*(over(tuple(sorted((*states, i))), rest, raw, order) for i in law))
        known = order - len(states)
        if not states or not rest or known < 1:
            return base(whole, raw, order)
        chance = raw(states)
        if chance == 0:
            return sp.S.Zero
        given = base(rest, lambda part: raw(tuple(sorted(states + part))) / chance, known)
        formula = sp.expand(chance * given)
        return where_there(formula, divisors(formula))

    closure.__name__ = f"conditional_{base.__name__}"
    closure.__doc__ = f"{base.__name__} given the states of binary species.\n\n    Soltani et al. 2015."
    return closure
