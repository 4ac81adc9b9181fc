"""What candidate reactions say about moments: their values, their slopes in unknown parameters, their covariance.

The covariance of empirical powers f about centres, of N runs that are followed through the times s >= t,

    Cov(f_a(t), f_b(s)) = [C(t) Phi(s, t)^T]_ab / N,     C_ab = <f_a f_b> - <f_a><f_b>

C from moments of twice the order, Phi the derivative of the moments at s by those at t: both exact where the moment
equations close by themselves, as the mean of f(s) given n(t) is linear in the powers of n(t) there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import sympy as sp

from ...derivations.moments import moments
from ...derivations.rate_relation import RateRelation, rate_relation
from ...errors import RxnError
from ...expressions import to_float
from ...monomials import Kind
from ...network import Network
from ...operators import generator
from ...simulators.arrays import Values
from ...simulators.integrators.drive import DONE, Control, Trace
from ...simulators.integrators.machine import Machine, machine
from ...simulators.rate_equations.initial import initial_formulas
from ...system import System, sort_definitions
from .powers import about_slope, powers

_RTOL, _ATOL = 1e-10, 1e-12
_STEPS, _ROOM = 20_000, 256


class Unsolvable(Exception):  # noqa: N818  (a point where the equations cannot be solved, not an error of the user's)
    """Moment equations that could not be integrated."""


@dataclass(frozen=True, eq=False)
class Dependence:
    """Formulas of unknown parameters, with their slopes."""

    unknown: tuple[sp.Symbol, ...]
    formulas: tuple[sp.Expr, ...]

    @cached_property
    def _slopes(self) -> tuple[tuple[int, int, sp.Expr], ...]:
        found = []
        for i, f in enumerate(self.formulas):
            found += [(i, k, f.diff(u)) for k, u in enumerate(self.unknown) if u in f.free_symbols]
        return tuple(found)

    def at(self, theta: Values) -> tuple[Values, Values]:
        """(values (n,), slopes (n, K))."""
        point = {u: sp.Rational(float(x)) for u, x in zip(self.unknown, theta, strict=True)}
        values = np.array([to_float(f.xreplace(point)) for f in self.formulas])
        slopes = np.zeros((len(self.formulas), len(self.unknown)))
        for i, k, f in self._slopes:
            slopes[i, k] = to_float(f.xreplace(point))
        return values, slopes


@dataclass(frozen=True, eq=False)
class Predicted:
    """Means and central moments side by side (T, M), and their slopes in the unknown parameters (T, M, K)."""

    moments: Values
    by: Values


@dataclass(frozen=True, eq=False)
class MomentModel:
    """Closed equations of central moments up to `order` of `species`, with unknown parameters.

    `double`: those up to twice the order, which the covariance needs; None where only values are asked for.
    """

    system: System
    species: tuple[str, ...]
    order: int
    unknown: tuple[sp.Symbol, ...]
    start: float = 0.0
    double: System | None = None

    @cached_property
    def _parameters(self) -> Dependence:
        return parameter_dependence(self.system, self.unknown)

    @cached_property
    def _starts(self) -> Dependence:
        return self._first(self.system)

    def _first(self, system: System) -> Dependence:
        place = {p.symbol: f for p, f in zip(self.system.parameters, self._parameters.formulas, strict=True)}
        formulas = tuple(f.xreplace(place) for f in initial_formulas(system, self.start))
        return Dependence(self.unknown, formulas)

    @cached_property
    def _starts_of_double(self) -> Dependence:
        assert self.double is not None
        return self._first(self.double)

    @cached_property
    def machine(self) -> Machine:
        return machine(self.system)

    def predict(self, theta: Values, t: Values) -> Predicted:
        """At the times, with slopes by exact differentiation of the integrator's steps. Raises Unsolvable."""
        p, p_by = self._parameters.at(theta)
        y, y_by = self._starts.at(theta)
        times = np.concatenate([[self.start], t])
        kept = slice(1, None)
        if t[0] == self.start:
            times, kept = t, slice(None)
        states, trace = _solved(self.machine, times, p, y)
        along = self.machine.along(times, p, trace, np.ascontiguousarray(y_by.T), np.ascontiguousarray(p_by.T))
        return Predicted(states[kept], along[kept].transpose(0, 2, 1))

    def covariance(self, theta: Values, t: Values, together: bool) -> Values:
        """Of one run's powers about the model's means, (T M, T M). Raises Unsolvable."""
        assert self.double is not None
        p, _ = self._parameters.at(theta)
        y, _ = self._starts_of_double.at(theta)
        count, whole = len(self.species), powers(len(self.species), 2 * self.order)
        own = powers(count, self.order)
        times = t if t[0] == self.start else np.concatenate([[self.start], t])
        every = _solved(machine(self.double), times, p, y)[0][len(times) - len(t) :]
        every[:, :count] = 0.0  # moments about the means
        place = {m: i for i, m in enumerate(whole)}
        joint = np.array([[place[tuple(sorted(a + b))] for b in own] for a in own])
        at_once = every[:, joint] - every[:, : len(own), np.newaxis] * every[:, np.newaxis, : len(own)]
        size, found = len(own), np.zeros((len(t) * len(own),) * 2)
        for k in range(len(t)):
            found[k * size : (k + 1) * size, k * size : (k + 1) * size] = at_once[k]
        if not together:
            return found
        forward = self._propagators(theta, p, t)
        for k in range(len(t)):
            both = at_once[k]
            for j in range(k + 1, len(t)):
                both = both @ forward[j - 1].T
                found[k * size : (k + 1) * size, j * size : (j + 1) * size] = both
                found[j * size : (j + 1) * size, k * size : (k + 1) * size] = both.T
        return found

    def _propagators(self, theta: Values, p: Values, t: Values) -> list[Values]:
        """How powers about the means at one time lead to those at the next."""
        moments_there = self.predict(theta, t).moments
        size, count = moments_there.shape[1], len(self.species)
        still = np.zeros((size, len(p)))
        turns = []
        for row in moments_there:
            shift = np.zeros((1, count))
            turns.append(about_slope(self.order, shift, row[np.newaxis, count:], np.eye(size)[np.newaxis])[0])
        found = []
        for k in range(len(t) - 1):
            _, trace = _solved(self.machine, t[k : k + 2], p, moments_there[k])
            psi = self.machine.along(t[k : k + 2], p, trace, np.eye(size), still)[1].T
            found.append(turns[k + 1] @ psi @ np.linalg.inv(turns[k]))
        return found


@lru_cache(maxsize=16)
def model_of(net: Network, order: int, unknown: tuple[sp.Symbol, ...], start: float = 0.0) -> MomentModel:
    """Of a network. Raises R532 where its moment equations are open or have events, and what `moments` raises."""
    own = moments(net, order, Kind.CENTRAL)
    if own.frontier:
        missing = ", ".join(s.label for s in own.frontier[:4])
        message = f"the moment equations of {net.name} are open: they need {missing}"
        raise RxnError("R532", message, hint="measure those moments too, and use rates_by_integrals")
    if own.events:
        raise RxnError("R532", f"the moments of {net.name} jump at events, which this fit does not follow")
    names = tuple(s.name for s in generator(net).species)
    return MomentModel(own, names, order, unknown, start, moments(net, 2 * order, Kind.CENTRAL))


@lru_cache(maxsize=16)
def relation_of(net: Network, order: int, kind: Kind, unknown: tuple[str, ...] | None) -> RateRelation:
    """`rate_relation`, once a network."""
    return rate_relation(net, order, kind, unknown)


def parameter_dependence(system: System, unknown: Sequence[sp.Symbol]) -> Dependence:
    """A System's parameters as formulas of the unknown ones."""
    free = set(unknown)
    formulas = {p.symbol: p.value for p in system.parameters if p.symbol not in free}
    values: dict[sp.Symbol, sp.Expr] = {}
    known = dict(system.plain_definitions)
    for name, formula in sort_definitions(formulas, system.name, frozenset(free | known.keys())):
        while formula.free_symbols & known.keys():
            formula = formula.xreplace(known)
        values[name] = formula.xreplace(values)
    return Dependence(tuple(unknown), tuple(values.get(p.symbol, p.symbol) for p in system.parameters))


def _solved(made: Machine, times: Values, p: Values, start: Values) -> tuple[Values, Trace]:
    control = Control(_RTOL, np.full(len(start), _ATOL * max(1.0, float(np.abs(start).max()))), _STEPS, 0.0, True)
    room = _ROOM
    while True:
        trace = Trace.of(room, len(start))
        code, states, count = made.solve(control, np.ascontiguousarray(times), p, start, trace)
        if code != DONE or not np.isfinite(states).all():
            raise Unsolvable
        if count[0] <= room:
            return states, trace
        room = int(count[0])
