"""Sizes of noise that are unknown and nothing else: at given predictions their likeliest values are known.

    sigma_k = c_k u,    u^2 = mean ((g(y_k) - g(m_k))/c_k)^2  normal,    u = mean |g(y_k) - g(m_k)|/c_k  Laplace

over all k whose size u is, within the bounds of u (the likelihood has one minimum in u). A search that keeps them
there moves along the profile of the other unknowns, and does not begin with sizes that hide the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import sympy as sp

from ...expressions import symbol
from ...simulators.arrays import Values
from .objective import Objective, Solved
from .problem import Noise, Places, Problem
from .scales import to_scale


@dataclass(frozen=True, eq=False)
class Size:
    """Unknown k is the size of the noise of these rows, times `factor` (m,)."""

    k: int
    rows: Places
    factor: Values
    noise: Noise


def sizes_of(problem: Problem) -> tuple[Size, ...]:
    """The unknowns that are sizes of noise, and have no prior, no constraint and no other part in the problem."""
    system, held = problem.system, set[sp.Basic]()
    for part in (*system.rhs, *(d for _, d in system.plain_definitions), *(o.formula for o in problem.observables)):
        held |= part.free_symbols
    for state in system.states:
        held |= state.initial.free_symbols if isinstance(state.initial, sp.Expr) else set()
    for event in system.events:
        held |= event.condition.free_symbols.union(*(a.free_symbols for _, a in event.assignments))
    for constant in system.parameters:
        held |= constant.value.free_symbols
    named = {label for c in problem.conditions for label, _ in c.values}
    for condition in problem.conditions:
        held = held.union(*(v.free_symbols for _, v in condition.values))
    named |= {name for c in problem.constraints for name, _ in c.weights}
    blocked = np.concatenate([np.zeros(0, dtype=np.int64), *(b.rows for b in problem.correlated)])
    found = []
    for k, unknown in enumerate(problem.unknowns):
        u = symbol(unknown.name)
        if u in held or unknown.name in named or unknown.prior is not None:
            continue
        used = {o: seen.sigma / u for o, seen in enumerate(problem.observables) if u in seen.sigma.free_symbols}
        rows = np.flatnonzero(np.isin(problem.data.observable, list(used)))
        noises = {problem.observables[o].noise for o in used}
        if len(noises) != 1 or not all(f.is_number and f.is_positive for f in used.values()):
            continue
        if not len(rows) or np.isin(rows, blocked).any():
            continue
        factor = np.array([float(used[int(o)]) for o in problem.data.observable[rows]])
        factor = factor if problem.data.factor is None else factor * problem.data.factor[rows]
        found.append(Size(k, rows, factor, noises.pop()))
    return tuple(found)


def settled(
    objective: Objective, sizes: Sequence[Size], x: Values, solved: Sequence[Solved]
) -> tuple[Values, tuple[Solved, ...]]:
    """x with the sizes at their likeliest for the conditions solved there, and these with them. Raises Failed."""
    if not sizes:
        return x, tuple(solved)
    y, sigma = gathered(objective, solved)
    away, _ = objective.distances(y)
    x = x.copy()
    for size in sizes:
        r = np.abs(away[size.rows]) / size.factor
        best = float(r.mean() if size.noise is Noise.LAPLACE else np.sqrt((r**2).mean()))
        unknown = objective.problem.unknowns[size.k]
        best = min(max(best, unknown.lower), unknown.upper)
        x[size.k] = float(to_scale(unknown.scale, np.array(best)))
        sigma[size.rows] = size.factor * objective.natural(x)[size.k]
    return x, tuple(replace(part, sigma=sigma[part.setting.rows]) for part in solved)


def gathered(objective: Objective, solved: Sequence[Solved]) -> tuple[Values, Values]:
    """(y, sigma) of all rows of the data."""
    y, sigma = np.zeros((2, len(objective.problem.data.value)))
    for part in solved:
        y[part.setting.rows], sigma[part.setting.rows] = part.y, part.sigma
    return y, sigma
