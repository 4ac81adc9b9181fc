"""Noun 3: a parametrised probability distribution over counts, P(n; theta), onto which a generator is projected.

`statistics` are what the parameters are followed by: linear combinations of moments of one kind. Which moments the
distribution has, `moment` says; how the parameters move when the statistics do, `velocity`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sympy as sp

from .monomials import Kind, Monomial
from .system import State

Statistic = tuple[tuple[sp.Expr, Monomial], ...]  # sum of coefficient * moment
Named = tuple[sp.Symbol, sp.Expr]


@dataclass(frozen=True)
class Velocity:
    """d theta/dt in the order of the parameters, and the `definitions` that it uses, each after those it needs."""

    rates: tuple[sp.Expr, ...]
    definitions: tuple[Named, ...] = ()


@dataclass(frozen=True)
class Family:
    """A family of distributions of the counts of `species`, by index in the order of the generator's.

    `parameters`: theta, as states with their labels and first values. `kind`: that of the moments. `moment(m)`: the
    moment of a monomial as a formula of theta, for every order. `velocity(rates)`: d theta/dt from the rates of the
    statistics, one symbol each; for an exponential family exp(-theta X) it is -Cov(X)^-1 rates.
    """

    name: str
    parameters: tuple[State, ...]
    kind: Kind
    statistics: tuple[Statistic, ...]
    moment: Callable[[Monomial], sp.Expr]
    velocity: Callable[[Sequence[sp.Symbol]], Velocity]
    reference: str = ""
