"""Noun 3: a parametrised probability distribution over the state of a network, onto which its generator is projected.

`statistics` are what the parameters are followed by: linear combinations of moments. Which moments the distribution
has, `moment` says; how the parameters move when the statistics do, `velocity`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import sympy as sp

from .monomials import Kind
from .system import Constant, State

Key = TypeVar("Key", bound=Hashable)
Named = tuple[sp.Symbol, sp.Expr]


@dataclass(frozen=True)
class Velocity:
    """d theta/dt in the order of the parameters, and the `definitions` that it uses, each after those it needs."""

    rates: tuple[sp.Expr, ...]
    definitions: tuple[Named, ...] = ()


@dataclass(frozen=True)
class Family(Generic[Key]):
    """A family of distributions. `Key` names a moment: a `Monomial` of counts, or a pattern on a lattice.

    `parameters`: theta, as states with their labels and first values. `kind`: that of the moments. `statistics`: sums
    of (coefficient, moment). `moment(m)`: the moment as a formula of theta, for every order. `velocity(rates)`:
    d theta/dt from the rates of the statistics, one symbol each; for an exponential family exp(-theta X) it is
    -Cov(X)^-1 rates. `definitions`: what these formulas share. `constants`: settable numbers in them that do not move.
    """

    name: str
    parameters: tuple[State, ...]
    kind: Kind
    statistics: tuple[tuple[tuple[sp.Expr, Key], ...], ...]
    moment: Callable[[Key], sp.Expr]
    velocity: Callable[[Sequence[sp.Symbol]], Velocity]
    reference: str = ""
    definitions: tuple[Named, ...] = ()
    constants: tuple[Constant, ...] = ()
