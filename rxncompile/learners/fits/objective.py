"""The objective of a fit and its derivatives: residuals by forward sensitivities, the gradient by the adjoint.

One condition is one solve that lands on its times; everything else is by the chain rule through compiled formulas.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import sympy as sp

from ...errors import RxnError
from ...kernels.derivatives import gradient_program
from ...kernels.jit import bare_jit, call_kernel
from ...kernels.program import formula_program
from ...kernels.source import Kernel, compile_program
from ...simulators.arrays import Values
from ...simulators.inputs import Tables, tables_of, with_slots
from ...simulators.integrators.choice import suited
from ...simulators.integrators.course import Course, follow
from ...simulators.integrators.drive import Control
from ...simulators.integrators.machine import Machine, Scheme, machine
from ...simulators.rate_equations.initial import initial_formulas
from .priors import Density, density
from .problem import Condition, Noise, Places, Problem, Scale
from .scales import from_scale, slope, to_scale

_STEPS = 20_000
_TRIED = 4_000  # of an explicit method before the other one is taken
_HALF_LOG = 0.5 * math.log(2.0 * math.pi)


class Failed(Exception):  # noqa: N818  (a point where the model cannot be solved, not an error of the user's)
    """A solve that did not end."""


@dataclass(frozen=True)
class Formulas:
    """Formulas of states and parameters with their derivatives; columns: states, then parameters."""

    value: Kernel
    slope: Kernel
    rows: Places
    columns: Places

    def at(self, t: float, y: Values, p: Values) -> tuple[Values, Values]:
        """(values (m,), derivatives (m, n + P))."""
        values, entries = np.empty(self.value.n_out), np.empty(self.slope.n_out)
        self.value(t, y, p, values)
        self.slope(t, y, p, entries)
        found = np.zeros((len(values), len(y) + len(p)))
        found[self.rows, self.columns] = entries
        return values, found

    def over(self, times: Values, states: Values, p: Values, given: Values) -> tuple[Values, Values]:
        """(values (T, m), derivatives (T, m, n + P)) at many times with the states (T, n) there.

        `given` (T, k): the last k parameters at each time, which are inputs.
        """
        count, entries = len(times), np.empty((len(times), self.slope.n_out))
        values = np.empty((count, self.value.n_out))
        _at_each(self.value.address, times, states, p, given, values)
        _at_each(self.slope.address, times, states, p, given, entries)
        found = np.zeros((count, values.shape[1], states.shape[1] + len(p)))
        found[:, self.rows, self.columns] = entries
        return values, found


@bare_jit
def _at_each(address: int, times: Any, states: Any, p: Any, given: Any, out: Any) -> None:
    for r in range(times.size):
        for j in range(given.shape[1]):
            p[p.size - given.shape[1] + j] = given[r, j]
        call_kernel(address, times[r], states[r], p, out[r])


def formulas_of(problem: Problem, formulas: tuple[sp.Expr, ...]) -> Formulas:
    """Compiled; inputs, and their rates, are the last parameters."""
    system = with_slots(problem.system) if problem.system.inputs else problem.system
    found = gradient_program(system, formulas)
    value = compile_program(formula_program(system, formulas))
    rows, columns = (np.array(x, dtype=np.int64) for x in (found.rows, found.columns))
    return Formulas(value, compile_program(found.program), rows, columns)


@dataclass(frozen=True)
class Setting:
    """A condition ready to be solved: its times, the data at each, and what the unknowns set.

    `rows` are places in the data, `at` the time of each; (`p_to`, `p_from`): parameter p_to is unknown p_from;
    `y_fixed`, (`y_to`, `y_from`) the same of initial values. `tables`: the series of its inputs.
    """

    times: Values
    rows: Places
    at: Places
    base: Values
    p_to: Places
    p_from: Places
    y_fixed: tuple[tuple[int, float], ...]
    y_to: Places
    y_from: Places
    tables: Tables


@dataclass(frozen=True)
class Solved:
    """One condition at one point: predictions and sizes of noise of its rows with derivatives by states, parameters."""

    setting: Setting
    p: Values
    course: Course
    start_slope: Values
    y: Values
    sigma: Values
    dy: Values
    dsigma: Values


@dataclass(frozen=True, eq=False)
class Objective:
    """The negative log likelihood of a Problem as a function of its unknowns on their scales, x (K,)."""

    problem: Problem
    scheme: Scheme | None = None
    rtol: float = 1e-8
    atol: float = 1e-10
    since: float | None = None  # derivatives as if the state at this time were given (Ernst 2019 Eq. 41)

    @cached_property
    def machine(self) -> Machine:
        """Of the method asked for, or the one that suits the first condition at the unknowns' nominal values."""
        return machine(self.problem.system, self.scheme or self._suited())

    @cached_property
    def observed(self) -> Formulas:
        """Of all observables, then of the sizes of their noise."""
        found = self.problem.observables
        return formulas_of(self.problem, (*(o.formula for o in found), *(o.sigma for o in found)))

    @cached_property
    def begins(self) -> Formulas:
        """Initial values by parameters."""
        return formulas_of(self.problem, initial_formulas(self.problem.system, self.problem.start))

    @cached_property
    def settings(self) -> tuple[Setting, ...]:
        conditions = enumerate(self.problem.conditions)
        return tuple(_setting(self.problem, c, condition, self.since) for c, condition in conditions)

    @cached_property
    def blocks(self) -> tuple[tuple[Places, Values], ...]:
        """Of each block of correlated data its rows and the lower Cholesky factor of its covariance."""
        factors = [np.asarray(np.linalg.cholesky(b.covariance), dtype=np.float64) for b in self.problem.correlated]
        return tuple((b.rows, factor) for b, factor in zip(self.problem.correlated, factors, strict=True))

    def looser(self, rtol: float) -> Objective:
        """The same with another tolerance, if that is a looser one; what has been compiled is shared."""
        if rtol <= self.rtol:
            return self
        found = replace(self, rtol=rtol)
        shared = (self.machine, self.observed, self.begins, self.settings, self.blocks)
        for name, made in zip(("machine", "observed", "begins", "settings", "blocks"), shared, strict=True):
            found.__dict__[name] = made
        return found

    def natural(self, x: Values) -> Values:
        """The unknowns' values at x."""
        found = np.array(x, dtype=float)
        for scale, places in self._scales:
            found[places] = from_scale(scale, found[places])
        return found

    def scaled(self, values: Values) -> Values:
        """x of the unknowns' values."""
        pairs = zip(self.problem.unknowns, values, strict=True)
        return np.array([float(to_scale(u.scale, np.array(v, dtype=float))) for u, v in pairs])

    @cached_property
    def bounds(self) -> tuple[Values, Values]:
        """Of x."""
        unknowns = self.problem.unknowns
        return self.scaled(np.array([u.lower for u in unknowns])), self.scaled(np.array([u.upper for u in unknowns]))

    def nominal(self) -> Values:
        """x at the nominal values. Raises R710 where one is missing."""
        for u in self.problem.unknowns:
            if u.nominal is None:
                raise RxnError("R710", f"the unknown {u.name!r} has no nominal value")
        return self.scaled(np.array([u.nominal for u in self.problem.unknowns], dtype=float))

    # -- values ---------------------------------------------------------------------------------------

    def value(self, x: Values) -> float:
        """The negative log likelihood, and that of the priors. Raises Failed."""
        return float(sum(self._terms(solved)[0].sum() for solved in self._solve(x))) + self.prior(x)[0]

    def prior(self, x: Values) -> tuple[float, Values, Values]:
        """(-log density of the priors, its slope (K,), a curvature of at least 0 (K,)) by x."""
        natural = self.natural(x)
        found, slopes, total = np.zeros((2, len(x))), self._slopes(natural), 0.0
        for k, law in self._priors:
            value, slope, bend = law(float(natural[k]))
            total += value
            scale, step = self.problem.unknowns[k].scale, 1.0 / slopes[k]
            more = 0.0 if scale is Scale.LINEAR else slope * step**2 / natural[k]  # of the scale's own curvature
            found[0, k], found[1, k] = slope * step, max(bend * step**2 + more, 0.0)
        return total, found[0], found[1]

    def solve(self, x: Values) -> tuple[Solved, ...]:
        """Every condition at x. Raises Failed."""
        return tuple(self._solve(x))

    def gradient(self, x: Values) -> tuple[float, Values]:
        """The value and its gradient by the adjoint. Raises Failed."""
        total, found = 0.0, np.zeros(len(x))
        n, many = len(self.problem.system.states), len(self.problem.system.parameters)
        natural = self.natural(x)
        for solved in self._solve(x):
            terms, by_y, by_sigma = self._terms(solved)
            total += float(terms.sum())
            pull = by_y[:, np.newaxis] * solved.dy + by_sigma[:, np.newaxis] * solved.dsigma
            setting = solved.setting
            sources = np.zeros((len(setting.times), n))
            np.add.at(sources, setting.at, pull[:, :n])
            costate, by_p = solved.course.back(sources, self._first(setting))
            by_p = by_p[:many] + pull[:, n : n + many].sum(axis=0)
            if self.since is not None:
                np.add.at(found, setting.p_from, by_p[setting.p_to])
                continue
            by_p += costate @ solved.start_slope
            np.add.at(found, setting.p_from, by_p[setting.p_to])
            np.add.at(found, setting.y_from, costate[setting.y_to])
        prior, slope, _ = self.prior(x)
        return total + prior, found / self._slopes(natural) + slope

    def predictions(self, x: Values, solved: Iterable[Solved] | None = None) -> tuple[Values, Values, Values, Values]:
        """Of every row of the data: (y, sigma, dy/dx (N, K), dsigma/dx (N, K)), by forward sensitivities.

        `solved`: the conditions at x, where they have been solved already. Raises Failed.
        """
        size, n, k = len(self.problem.data.value), len(self.problem.system.states), len(x)
        many = len(self.problem.system.parameters)
        y, sigma, dy, dsigma = np.zeros(size), np.zeros(size), np.zeros((size, k)), np.zeros((size, k))
        slopes = self._slopes(self.natural(x))
        for part in self._solve(x) if solved is None else solved:
            setting = part.setting
            q, s = np.zeros((k, many + len(setting.tables.values))), np.zeros((k, n))
            q[setting.p_from, setting.p_to] = 1.0
            if self.since is None:
                s += q[:, :many] @ part.start_slope.T
                s[setting.y_from, setting.y_to] += 1.0
            first = self._first(setting)
            along = part.course.along(s, q, first)[setting.at - first]
            rows, parts = setting.rows, q[:, :many].T
            y[rows], sigma[rows] = part.y, part.sigma
            for target, pull in ((dy, part.dy), (dsigma, part.dsigma)):
                target[rows] = (np.einsum("rn,rkn->rk", pull[:, :n], along) + pull[:, n : n + many] @ parts) / slopes
        return y, sigma, dy, dsigma

    def over_time(self, x: Values, c: int, times: Values) -> Values:
        """All observables under condition c, seen at rising times within those of its data, (T, m). Raises Failed."""
        whole = np.unique(np.append(times, self.problem.start))
        setting = replace(self.settings[c], times=whole)
        p, start, _ = self._start(setting, self.natural(x))
        states = self._course(setting, p, start).states
        given = setting.tables.at(whole)
        values, _ = self.observed.over(whole, states, np.append(p, given[0]), given)
        return values[np.searchsorted(whole, times), : len(self.problem.observables)]

    def distances(self, y: Values) -> tuple[Values, Values]:
        """(g(y) - g(m), g'(y)) of every row, on the scale of its observable. Raises Failed."""
        away, steep = np.zeros(len(y)), np.zeros(len(y))
        for o, observable in enumerate(self.problem.observables):
            mine = self.problem.data.observable == o
            if observable.scale is not Scale.LINEAR and not (y[mine] > 0.0).all():
                raise Failed
            measured = to_scale(observable.scale, self.problem.data.value[mine])
            away[mine] = to_scale(observable.scale, y[mine]) - measured
            steep[mine] = slope(observable.scale, y[mine])
        return away, steep

    @cached_property
    def _priors(self) -> tuple[tuple[int, Density], ...]:
        return tuple((k, density(u.prior, u.name)) for k, u in enumerate(self.problem.unknowns) if u.prior is not None)

    # -- inside ---------------------------------------------------------------------------------------

    def _slopes(self, natural: Values) -> Values:
        """d x/d value."""
        found = np.ones(len(natural))
        for scale, places in self._scales:
            found[places] = slope(scale, natural[places])
        return found

    @cached_property
    def _scales(self) -> tuple[tuple[Scale, Places], ...]:
        """The unknowns that are searched by a logarithm, by which."""
        scales = [u.scale for u in self.problem.unknowns]
        found = {s: [k for k, scale in enumerate(scales) if scale is s] for s in (Scale.LOG, Scale.LOG10)}
        return tuple((s, np.array(places, dtype=np.int64)) for s, places in found.items() if places)

    def _terms(self, solved: Solved) -> tuple[Values, Values, Values]:
        """(terms of the objective, their derivatives by y, by sigma) of a condition's rows."""
        rows = solved.setting.rows
        data, terms = self.problem.data, np.zeros(len(rows))
        by_y, by_sigma, distance, steepness = (np.zeros(len(rows)) for _ in range(4))
        for o, observable in enumerate(self.problem.observables):
            mine = np.flatnonzero(data.observable[rows] == o)
            if not len(mine):
                continue
            y, sigma, m = solved.y[mine], solved.sigma[mine], data.value[rows[mine]]
            g = observable.scale
            if not (sigma > 0.0).all() or (g is not Scale.LINEAR and not (y > 0.0).all()):
                raise Failed
            away = (to_scale(g, y) - to_scale(g, m)) / sigma
            steep = slope(g, y) / sigma
            jacobian = np.log(slope(g, m))
            if observable.noise is Noise.NORMAL:
                terms[mine] = _HALF_LOG + np.log(sigma) + 0.5 * away**2 - jacobian
                by_y[mine], by_sigma[mine] = away * steep, (1.0 - away**2) / sigma
            else:
                terms[mine] = np.log(2.0 * sigma) + np.abs(away) - jacobian
                by_y[mine], by_sigma[mine] = np.sign(away) * steep, (1.0 - np.abs(away)) / sigma
            distance[mine], steepness[mine] = away, steep
        for block, factor in self.blocks:
            if len(rows) and data.condition[block[0]] == data.condition[rows[0]]:
                mine = np.searchsorted(rows, block)
                away = distance[mine]
                white = np.linalg.solve(factor, away)
                pull = np.linalg.solve(factor.T, white)
                terms[mine] += 0.5 * (white**2 - away**2) + np.log(np.diagonal(factor))
                by_y[mine], by_sigma[mine] = pull * steepness[mine], (1.0 - away * pull) / solved.sigma[mine]
        return terms, by_y, by_sigma

    def _start(self, setting: Setting, natural: Values) -> tuple[Values, Values, Values]:
        """(parameters, initial values, their slopes by parameters) of a condition."""
        p = setting.base.copy()
        p[setting.p_to] = natural[setting.p_from]
        given = setting.tables.at(setting.times[:1])
        start, by = self.begins.at(self.problem.start, np.zeros(len(self.problem.system.states)), np.append(p, given))
        by = by[:, len(start) : len(start) + len(p)]
        for i, value in setting.y_fixed:
            start[i], by[i] = value, 0.0
        start[setting.y_to], by[setting.y_to] = natural[setting.y_from], 0.0
        return p, start, by

    def _solve(self, x: Values) -> Iterator[Solved]:
        natural, count = self.natural(x), len(self.problem.observables)
        for setting in self.settings:
            p, start, by = self._start(setting, natural)
            given = setting.tables.at(setting.times)
            course = self._course(setting, p, start)
            values, slopes = self.observed.over(setting.times, course.states, np.append(p, given[0]), given)
            at, o = setting.at, self.problem.data.observable[setting.rows]
            sigma, dsigma = values[at, count + o], slopes[at, count + o]
            if (factor := self.problem.data.factor) is not None:
                sigma, dsigma = sigma * factor[setting.rows], dsigma * factor[setting.rows, np.newaxis]
            yield Solved(setting, p, course, by, values[at, o], sigma, slopes[at, o], dsigma)

    def _first(self, setting: Setting) -> int:  # of the times that derivatives look at
        return 0 if self.since is None else int(np.searchsorted(setting.times, self.since))

    def _course(self, setting: Setting, p: Values, start: Values) -> Course:
        """The solve of a condition; where an explicit method that nobody asked for fails, by the other one."""
        atol, tried = np.full(len(start), self.atol), [self.machine]
        if self.scheme is None and not self.machine.stiff:
            tried.append(machine(self.problem.system, Scheme.ROSENBROCK))
        for made in tried:
            control = Control(self.rtol, atol, _STEPS if made is tried[-1] else _TRIED, 0.0, True)
            found = follow(made, control, setting.times, p, start, setting.tables)
            if found.ended:
                return found
        raise Failed

    def _suited(self) -> Scheme:
        middle, setting = self.natural(0.5 * (self.bounds[0] + self.bounds[1])), self.settings[0]
        given = [m if u.nominal is None else u.nominal for u, m in zip(self.problem.unknowns, middle, strict=True)]
        p, start, _ = self._start(setting, np.array(given))
        begin, end, atol = setting.times[0], setting.times[-1], np.full(len(start), self.atol)
        return suited(self.problem.system, end, p, start, self.rtol, atol, begin, setting.tables)


def _setting(problem: Problem, c: int, condition: Condition, since: float | None = None) -> Setting:
    rows = np.flatnonzero(problem.data.condition == c)
    asked = problem.data.time[rows]
    times = np.unique(np.concatenate([asked, [problem.start] if since is None else [problem.start, since]]))
    system = problem.system
    places = {p.label: j for j, p in enumerate(system.parameters)}
    states = {s.label: i for i, s in enumerate(system.states)}
    of = {u.name: k for k, u in enumerate(problem.unknowns)}
    p_from = {places[u.name]: k for k, u in enumerate(problem.unknowns)}
    base = np.array(system.parameter_vector())
    y_fixed, y_from = [], {}
    for label, value in condition.values:
        unknown = of.get(value.name) if isinstance(value, sp.Symbol) else None
        if unknown is None and not value.is_number:
            raise RxnError("R710", f"condition {condition.label!r} sets {label!r} to {value}, which is no unknown")
        if label in places:
            p_from.pop(places[label], None)
            if unknown is None:
                base[places[label]] = float(value)
            else:
                p_from[places[label]] = unknown
        elif unknown is None:
            y_fixed.append((states[label], float(value)))
        else:
            y_from[states[label]] = unknown

    def split(pairs: dict[int, int]) -> tuple[Places, Places]:
        return np.array(list(pairs), dtype=np.int64), np.array(list(pairs.values()), dtype=np.int64)

    tables = tables_of(system, dict(condition.inputs), times[0], times[-1])
    found = (times, rows, np.searchsorted(times, asked), base, *split(p_from), tuple(y_fixed), *split(y_from))
    return Setting(*found, tables)
