"""What a fit is asked: a System, what was measured of it under which conditions, and what is not known.

The negative log likelihood of independent measurements m_k of y_k, on a scale g of the observable,

    sum_k  log sigma_k + log(2 pi)/2 + ((g(m_k) - g(y_k))/sigma_k)^2/2 - log g'(m_k)        normal
    sum_k  log(2 sigma_k) + |g(m_k) - g(y_k)|/sigma_k - log g'(m_k)                          Laplace

with y_k and sigma_k formulas of states, parameters and unknowns. Measurements that are not independent, as the
moments of an ensemble, are a `Correlated` block: the vector of their distances (g(m_k) - g(y_k))/sigma_k is normal
with the covariance C of the block,

    1/2 log det(2 pi C) + d' C^-1 d/2 + sum_k log sigma_k - log g'(m_k)
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from enum import Enum

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from ...errors import RxnError
from ...expressions import symbol
from ...network import Distribution
from ...simulators.arrays import Values
from ...simulators.inputs import Series
from ...system import Constant, System, sort_definitions

Places = NDArray[np.int64]


class Scale(Enum):
    """How a quantity is looked at: as it is, or by its logarithm."""

    LINEAR = "lin"
    LOG = "log"
    LOG10 = "log10"


class Noise(Enum):
    """The law of a measurement on its scale: of variance sigma^2, or with the mean distance sigma (least absolutes)."""

    NORMAL = "normal"
    LAPLACE = "laplace"


@dataclass(frozen=True, slots=True)
class Unknown:
    """A number to be found within bounds, searched on its `scale`. `nominal`: a value to begin with or compare to."""

    name: str
    lower: float
    upper: float
    scale: Scale = Scale.LINEAR
    nominal: float | None = None
    prior: Distribution | None = None


@dataclass(frozen=True, slots=True)
class Observable:
    """A measured quantity: its formula, and that of its noise's size."""

    label: str
    formula: sp.Expr
    sigma: sp.Expr
    scale: Scale = Scale.LINEAR
    noise: Noise = Noise.NORMAL


@dataclass(frozen=True, slots=True)
class Condition:
    """What an experiment set: parameters and initial values by label, to numbers or to an unknown's symbol.

    `inputs`: the series of the System's inputs by label.
    """

    label: str
    values: tuple[tuple[str, sp.Expr], ...] = ()
    inputs: tuple[tuple[str, Series], ...] = field(default=(), compare=False)


@dataclass(frozen=True, eq=False)
class Data:
    """Measurements, one a place of each array: places of its condition and observable, its time and value.

    `factor`: what the sigma of its observable is multiplied with, 1 everywhere where there is none.
    """

    condition: Places
    observable: Places
    time: Values
    value: Values
    factor: Values | None = None


@dataclass(frozen=True, eq=False)
class Correlated:
    """Places of data (m,) of one condition, and the covariance (m, m) of their distances in units of sigma."""

    rows: Places
    covariance: Values


@dataclass(frozen=True, slots=True)
class Constraint:
    """sum_j w_j g(u_j) = value over some unknowns u_j, all on the scale g: a sum, or a product of powers."""

    weights: tuple[tuple[str, float], ...]
    value: float


@dataclass(frozen=True, eq=False)
class Problem:
    """A fit to be made. Its System has every unknown among its parameters.

    Raises R710 where a name is not known, a bound is not one, or data do not fit.
    """

    name: str
    system: System
    unknowns: tuple[Unknown, ...]
    observables: tuple[Observable, ...]
    conditions: tuple[Condition, ...]
    data: Data
    start: float = 0.0
    correlated: tuple[Correlated, ...] = ()
    constraints: tuple[Constraint, ...] = ()

    def __post_init__(self) -> None:
        names = [u.name for u in self.unknowns]
        if len(set(names)) < len(names):
            twice = next(n for n in names if names.count(n) > 1)
            raise RxnError("R710", f"the unknown {twice!r} is given twice")
        for unknown in self.unknowns:
            _check_unknown(unknown)
        known = {c.label for c in self.system.parameters} | {s.label for s in self.system.states}
        for condition in self.conditions:
            for label, _ in condition.values:
                if label not in known:
                    near = get_close_matches(label, sorted(known), 1)
                    hint = f"did you mean {near[0]!r}?" if near else ""
                    message = f"condition {condition.label!r} sets {label!r}, which {self.system.name} has not"
                    raise RxnError("R710", message, hint=hint)
        _check_data(self)
        _check_blocks(self)
        for constraint in self.constraints:
            _check_constraint(self, constraint)

    @classmethod
    def of(
        cls,
        system: System,
        unknowns: tuple[Unknown, ...],
        observables: tuple[Observable, ...],
        data: Data,
        conditions: tuple[Condition, ...] = (Condition("all"),),
        name: str = "",
        start: float = 0.0,
        correlated: tuple[Correlated, ...] = (),
        constraints: tuple[Constraint, ...] = (),
    ) -> Problem:
        """The problem, with unknowns that are no parameters of the System, as sizes of noise are, added to these."""
        held = {c.label for c in system.parameters}
        more = [u for u in unknowns if u.name not in held]
        states = {s.label for s in system.states}
        for unknown in more:
            if unknown.name in states:
                hint = "give its initial value a parameter, and let that be the unknown"
                raise RxnError("R710", f"the unknown {unknown.name!r} is a state of {system.name}", hint=hint)
        constants = tuple(Constant(symbol(u.name), u.name, sp.S.One) for u in more)
        tied = _tied(system, unknowns, conditions)
        whole = replace(tied, parameters=(*tied.parameters, *constants))
        found = (whole, unknowns, observables, conditions, data, start, correlated, constraints)
        return cls(name or system.name, *found)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the unknowns."""
        return tuple(u.name for u in self.unknowns)


def _tied(system: System, unknowns: tuple[Unknown, ...], conditions: tuple[Condition, ...]) -> System:
    """The System with parameters that are formulas of others as definitions: they follow what a fit changes.

    Raises R710 where a condition sets such a parameter, and another does not.
    """
    moved = {c.label for c in system.parameters if c.value.free_symbols}
    moved -= {u.name for u in unknowns}
    for label in sorted(moved):
        setting = sum(label in dict(c.values) for c in conditions)
        if 0 < setting < len(conditions):
            hint = "let every condition set it, or none"
            raise RxnError("R710", f"some conditions set {label!r}, in others it is a formula", hint=hint)
        if setting:
            moved.remove(label)
    if not moved:
        return system
    formulas = {c.symbol: c.value for c in system.parameters if c.label in moved}
    definitions = sort_definitions({**formulas, **dict(system.definitions)}, system.name)
    kept = tuple(c for c in system.parameters if c.label not in moved)
    return replace(system, parameters=kept, definitions=definitions)


def _check_unknown(unknown: Unknown) -> None:
    name, low, high = unknown.name, unknown.lower, unknown.upper
    if not (low < high and math.isfinite(low) and math.isfinite(high)):
        hint = "give finite bounds, the lower one first: param k = 1 in [0.01, 100]"
        raise RxnError("R710", f"the unknown {name!r} has the bounds {low:g} and {high:g}", hint=hint)
    if unknown.scale is not Scale.LINEAR and low <= 0.0:
        raise RxnError("R710", f"the unknown {name!r} is searched by its logarithm, but may be {low:g}")


def _check_data(problem: Problem) -> None:
    data = problem.data
    sizes = {len(data.condition), len(data.observable), len(data.time), len(data.value)}
    if len(sizes) > 1:
        raise RxnError("R710", f"the columns of the data of {problem.name} have different lengths")
    if data.factor is not None and (len(data.factor) not in sizes or not (data.factor > 0.0).all()):
        raise RxnError("R710", f"the sizes of noise of {problem.name} are not one a row, or not more than 0")
    if not len(data.value):
        raise RxnError("R710", f"{problem.name} has no data")
    for k, time in enumerate(data.time):
        if not time >= problem.start or math.isinf(time):
            raise RxnError("R710", f"measurement {k + 1} is at t = {time:g}, expected a time from {problem.start:g} on")
    for o, observable in enumerate(problem.observables):
        if observable.scale is not Scale.LINEAR and (data.value[data.observable == o] <= 0.0).any():
            message = f"measurements of {observable.label!r} are not positive, but looked at by their logarithm"
            raise RxnError("R710", message)


def _check_blocks(problem: Problem) -> None:
    data, taken = problem.data, set[int]()
    for b, block in enumerate(problem.correlated):
        where = f"block {b + 1} of correlated measurements"
        size, rows = len(block.rows), {int(r) for r in block.rows}
        if len(rows) < size or rows & taken or not rows <= set(range(len(data.value))):
            raise RxnError("R710", f"{where} names a measurement twice, or one that there is not")
        taken |= rows
        if block.covariance.shape != (size, size):
            raise RxnError("R710", f"{where} has {size} measurements and a covariance {block.covariance.shape}")
        if not np.allclose(block.covariance, block.covariance.T, rtol=1e-10, atol=0.0):
            raise RxnError("R710", f"the covariance of {where} is not symmetric")
        try:
            np.linalg.cholesky(block.covariance)
        except np.linalg.LinAlgError:
            hint = "leave out what follows from the others, or take more runs than moments"
            raise RxnError("R710", f"the covariance of {where} is not positive definite", hint=hint) from None
        if len(set(data.condition[block.rows].tolist())) > 1:
            raise RxnError("R710", f"{where} lies in more than one condition")
        for o in set(data.observable[block.rows].tolist()):
            if problem.observables[o].noise is not Noise.NORMAL:
                label = problem.observables[o].label
                raise RxnError("R710", f"{where} needs normal noise, but {label!r} has Laplace's")


def _check_constraint(problem: Problem, constraint: Constraint) -> None:
    scales = {u.name: u.scale for u in problem.unknowns}
    for name, _ in constraint.weights:
        if name not in scales:
            near = get_close_matches(name, sorted(scales), 1)
            hint = f"did you mean {near[0]!r}?" if near else ""
            raise RxnError("R710", f"a constraint names {name!r}, which is no unknown", hint=hint)
    names = [name for name, weight in constraint.weights if weight]
    if not names or len(set(names)) < len(names):
        raise RxnError("R710", "a constraint has no unknown, or one twice")
    if len({scales[name] for name in names}) > 1:
        hint = "search them all as they are for a sum, all by their logarithms for a product"
        raise RxnError("R710", f"a constraint binds {', '.join(names)}, which have different scales", hint=hint)
