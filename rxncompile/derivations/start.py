"""What a hierarchy of moments takes over from the process: its start, and definitions that do not name counts.

At the start species are independent, each a number or drawn from a law.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from math import prod

import sympy as sp

from ..errors import RxnError
from ..monomials import Lookup, Monomial, stirling
from ..network import Distribution
from ..system import State, System


def definitions_without_counts(
    process: System, species: Iterable[sp.Symbol]
) -> tuple[tuple[sp.Symbol, sp.Expr], ...]:
    """The definitions that mean the same in equations of moments: laws that name counts are expanded there."""
    counted = set(species)
    for name, formula in process.definitions:
        if formula.free_symbols & counted:
            counted.add(name)
    return tuple((name, formula) for name, formula in process.definitions if name not in counted)


def raw_start(states: Sequence[State]) -> Lookup:
    """The raw moments at the start. Raises R517 for a law whose moments of rounded draws are not known."""

    @cache
    def power(i: int, q: int) -> sp.Expr:
        initial = states[i].initial
        if not isinstance(initial, Distribution):
            return sp.Pow(initial, q)
        falling = _FALLING.get(initial.name)
        if falling is None:
            message = f"the moments of {states[i].label!r}, drawn from {initial.name} and rounded, have no formula"
            raise RxnError("R517", message, hint="Poisson and Binomial have; or give a number")
        return sp.Add(*(s * falling(j, *initial.arguments) for j, s in enumerate(stirling(q)) if s))

    whole = [int(s.initial) if isinstance(s.initial, sp.Integer) else None for s in states]

    def raw(monomial: Monomial) -> sp.Expr:
        numbers = [whole[i] for i in monomial]
        if None not in numbers:  # by far the most, and sympy's products are slow
            return sp.Integer(prod(x for x in numbers if x is not None))
        return sp.Mul(*(power(i, monomial.count(i)) for i in sorted(set(monomial))))

    return raw


def _poisson(j: int, mean: sp.Expr) -> sp.Expr:
    return sp.Pow(mean, j)


def _binomial(j: int, trials: sp.Expr, chance: sp.Expr) -> sp.Expr:
    return sp.Mul(sp.Pow(chance, j), *(trials - k for k in range(j)))


# <n (n - 1) ... (n - j + 1)> of the laws that draw whole numbers
_FALLING: dict[str, Callable[..., sp.Expr]] = {"Poisson": _poisson, "Binomial": _binomial}
