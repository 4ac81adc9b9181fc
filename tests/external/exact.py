"""Exact means and covariances of small jump processes, by two ways that sample nothing.

Where all propensities are linear and events wait for times only, mean and covariance obey closed equations,

    d m/dt = S a(m),   d C/dt = J C + C J^T + S diag(a(m)) S^T,   a(n) = a0 + A n,   J = S A;

where the reachable states are few, the master equation itself is solved, events that wait for a state included.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import sympy as sp
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import expm_multiply

from rxncompile.system import System, Trigger

Matrix = NDArray[np.float64]
Point = tuple[int, ...]
FEW = 2000


def exact_moments(system: System, times: Matrix) -> tuple[Matrix, Matrix] | None:
    """Mean (T, n) and covariance (T, n, n) of the states at the times from 0 on, None where neither way is open."""
    found = linear_moments(system, times)
    return found if found is not None else master_equation(system, times)


def timed(system: System) -> list[tuple[float, Trigger]]:
    values = system.environment()
    due = [(float(e.condition.xreplace(values)), e) for e in system.events if e.timed]
    return sorted(due, key=lambda pair: pair[0])


def linear_parts(system: System) -> tuple[Matrix, Matrix, Matrix] | None:
    """S, A and a0 of a jump process with linear propensities, None for any other."""
    symbols = [s.symbol for s in system.states]
    values = system.environment()
    laws = [sp.expand(j.propensity.xreplace(values)) for j in system.jumps]
    if not all(sp.Poly(law, *symbols).total_degree() <= 1 for law in laws if law.free_symbols):
        return None
    constant = [float(law.xreplace(dict.fromkeys(symbols, sp.S.Zero))) for law in laws]
    slopes = [[float(law.diff(s)) for s in symbols] for law in laws]
    changes = [[dict(j.change).get(s, 0) for j in system.jumps] for s in symbols]
    return np.array(changes, dtype=float), np.array(slopes), np.array(constant)


def linear_moments(system: System, times: Matrix) -> tuple[Matrix, Matrix] | None:
    """The moment equations, events assigning numbers."""
    parts = linear_parts(system)
    if parts is None or not all(e.timed and not _moving(system, e) for e in system.events):
        return None
    stoichiometry, slopes, constant = parts
    n = len(system.states)
    jacobian = stoichiometry @ slopes

    def rhs(_: float, y: Matrix) -> Matrix:
        rates = constant + slopes @ y[:n]
        flow = jacobian @ y[n:].reshape(n, n)
        spread = flow + flow.T + stoichiometry @ np.diag(rates) @ stoichiometry.T
        return np.concatenate([stoichiometry @ rates, spread.ravel()])

    values = system.environment()
    index = {s.symbol: i for i, s in enumerate(system.states)}
    y = np.zeros(n + n * n)
    y[:n] = [float(s.initial.xreplace(values)) for s in system.states]

    def fire(event: Trigger, y: Matrix) -> Matrix:
        y = y.copy()
        spread = y[n:].reshape(n, n)
        for name, value in event.assignments:
            y[index[name]] = float(value.xreplace(values))  # nothing is left of its spread
            spread[index[name], :] = spread[:, index[name]] = 0.0
        return y

    def step(y: Matrix, duration: float) -> Matrix:
        solution = solve_ivp(rhs, (0.0, duration), y, method="LSODA", rtol=1e-11, atol=1e-11)
        return np.array(solution.y[:, -1])

    rows = _over(times, timed(system), y, step, fire)
    return rows[:, :n], rows[:, n:].reshape(-1, n, n)


def master_equation(system: System, times: Matrix) -> tuple[Matrix, Matrix] | None:
    """d p/dt = Q p over the reachable states, None where these are more than FEW or laws depend on time."""
    values = system.environment()
    symbols = [s.symbol for s in system.states]
    laws = [j.propensity.xreplace(values) for j in system.jumps]
    waiting = [e for e in system.events if not e.timed]
    if any(x.free_symbols - set(symbols) for x in (*laws, *(e.condition.xreplace(values) for e in waiting))):
        return None
    first: Point = tuple(int(s.initial.xreplace(values)) for s in system.states)
    propensities = [sp.lambdify(symbols, law, "math") for law in laws]
    conditions = [sp.lambdify(symbols, e.condition.xreplace(values), "math") for e in waiting]

    def assigned(event: Trigger, at: Point) -> Point:
        here: Mapping[sp.Symbol, sp.Expr] = values | dict(zip(symbols, map(sp.Integer, at), strict=True))
        new = {name: int(value.xreplace(here)) for name, value in event.assignments}
        return tuple(new.get(s, n) for s, n in zip(symbols, at, strict=True))

    def arrive(before: Point, after: Point) -> Point:
        for event, condition in zip(waiting, conditions, strict=True):
            if condition(*after) and not condition(*before):
                after = assigned(event, after)
        return after

    known: dict[Point, int] = {first: 0}
    entries: list[tuple[int, int, float]] = []
    places = [first]
    starts = [e for _, e in timed(system)]
    for at in places:  # grows while it is read
        targets = [(assigned(e, at), 0.0) for e in starts]
        for jump, law in zip(system.jumps, propensities, strict=True):
            enough = all(at[symbols.index(s)] >= count for s, count in jump.requires)
            rate = float(law(*at)) if enough else 0.0
            if rate > 0.0:
                after = tuple(n + dict(jump.change).get(s, 0) for s, n in zip(symbols, at, strict=True))
                targets.append((arrive(at, after), rate))
        for target, rate in targets:
            if target not in known:
                known[target] = len(known)
                places.append(target)
            entries += [(known[target], known[at], rate), (known[at], known[at], -rate)] if rate else []
        if len(known) > FEW:
            return None
    size = len(places)
    rows, columns, rates = (np.array(part) for part in zip(*entries, strict=True))
    generator = csr_matrix((rates, (rows, columns)), shape=(size, size))

    def fire(event: Trigger, p: Matrix) -> Matrix:
        moved = np.zeros(size)
        for k, at in enumerate(places):
            moved[known[assigned(event, at)]] += p[k]
        return moved

    p = np.zeros(size)
    p[0] = 1.0
    found = _over(times, timed(system), p, lambda p, duration: expm_multiply(generator * duration, p), fire)
    counts = np.array(places, dtype=float)
    mean = found @ counts
    covariance = np.einsum("tk,ki,kj->tij", found, counts, counts) - np.einsum("ti,tj->tij", mean, mean)
    return mean, covariance


def _moving(system: System, event: Trigger) -> bool:
    return any(value.free_symbols & system.symbols for _, value in event.assignments)


def _over(
    times: Matrix,
    due: list[tuple[float, Trigger]],
    y: Matrix,
    step: Callable[[Matrix, float], Matrix],
    fire: Callable[[Trigger, Matrix], Matrix],
) -> Matrix:
    """From 0 through all times, events between and at them: one row a time."""
    rows, now = [], 0.0
    for t in times:
        while due and due[0][0] <= t:
            at, event = due.pop(0)
            y, now = fire(event, step(y, at - now) if at > now else y), at
        y, now = step(y, t - now) if t > now else y, float(t)
        rows.append(y)
    return np.array(rows)
