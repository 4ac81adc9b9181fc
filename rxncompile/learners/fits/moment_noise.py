"""Moments of an ensemble as the data of a fit: normal, with the covariance that the runs themselves show.

The mean and the central moments of N runs are averages, up to terms of relative order 1/N, of what each run gives:

    a_i = n_i - mu_i,     a_m = prod_m (n - mu) - sum_{i in m} mu_{m without i} (n_i - mu_i)      order 3 and above,
    a_m = prod_m (n - mu)                                                                         order 2

so that their covariance is that of the a over the runs, divided by N: within one time, and between times where the
same runs were followed. Central moments are made free of bias first (factors N/(N - 1) and N^2/((N - 1)(N - 2))).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import sympy as sp

from ...errors import RxnError
from ...expressions import quoted
from ...monomials import (
    Kind,
    Monomial,
    central_from_raw,
    label,
    raw_from_cumulants,
    raw_from_factorial,
)
from ...simulators.arrays import Values
from ...system import System
from ..moments.data import MomentData
from ..moments.powers import blocks, powers
from .problem import Condition, Constraint, Correlated, Data, Observable, Places, Problem, Unknown

_ORDER = 3  # of moments whose bias has a simple form
_DEPENDENT = 1e-9  # part of a variance that the others leave, below which it is rounding


def moment_problem(
    system: System,
    measured: MomentData | Sequence[MomentData],
    unknowns: tuple[Unknown, ...],
    conditions: tuple[Condition, ...] = (Condition("all"),),
    name: str = "",
    constraints: tuple[Constraint, ...] = (),
) -> Problem:
    """A fit of moment equations, or of linear noise, to the means and central moments of ensembles, one a condition.

    The noise is normal with the covariance that `measured_moments(..., spread=True)` has kept; moments that follow
    from others (of a conserved quantity, of a count that is 0 or 1) are left out. Runs should be many more than
    moments times times: an estimated covariance makes the errors too small by about their ratio.
    Raises R706 where the covariance was not kept, R710 where the system has no equation for a moment, R714 for orders
    above 3 and where there are not at least twice as many runs as correlated moments.
    """
    data = [measured] if isinstance(measured, MomentData) else list(measured)
    if len(data) != len(conditions):
        raise RxnError("R710", f"{len(data)} ensembles were measured under {len(conditions)} conditions")
    species, order = data[0].species, data[0].order
    if any(d.species != species or d.order != order for d in data):
        raise RxnError("R714", "the ensembles have different species or orders")
    if order > _ORDER:
        raise RxnError("R714", f"the bias of central moments of order {order} is not known here", hint="up to 3")
    wanted = powers(len(species), order)
    observables = tuple(
        Observable(label(m, species, Kind.CENTRAL), moment_formula(system, m, species), sp.S.One) for m in wanted
    )
    columns: list[tuple[Places, Places, Values, Values]] = []
    found: list[Correlated] = []
    first = 0
    for c, one in enumerate(data):
        count, width = len(one.t), one.width
        value, covariance = unbiased(one), covariance_of_moments(one)
        parts = [slice(0, count * width)]
        if not one.together:
            parts = [slice(k * width, (k + 1) * width) for k in range(count)]
        for part in parts:
            kept = part.start + independent_rows(covariance[part, part])
            if one.runs < 2 * len(kept):
                said = f"{one.runs} runs do not tell the covariance of {len(kept)} moments"
                raise RxnError("R714", said, hint="take more runs, fewer times, or a lower order")
            found.append(Correlated(first + np.arange(len(kept)), covariance[np.ix_(kept, kept)]))
            columns.append((np.full(len(kept), c), kept % width, one.t[kept // width], value[kept]))
            first += len(kept)
    joined = [np.concatenate(list(column)) for column in zip(*columns, strict=True)]
    rows = Data(joined[0].astype(np.int64), joined[1].astype(np.int64), joined[2], joined[3])
    start = data[0].start
    return Problem.of(system, unknowns, observables, rows, conditions, name, start, tuple(found), constraints)


def independent_rows(covariance: Values) -> Places:
    """Rows of a covariance, in their order, without those that are linear combinations of the ones before."""
    kept: list[int] = []
    factor = np.zeros_like(covariance)
    for k, variance in enumerate(np.diagonal(covariance)):
        m = len(kept)
        row = np.linalg.solve(factor[:m, :m], covariance[kept, k]) if m else np.zeros(0)
        left = float(variance - row @ row)
        if left > _DEPENDENT * float(variance):
            factor[m, :m], factor[m, m] = row, left**0.5
            kept.append(k)
    return np.array(kept, dtype=np.int64)


def unbiased(data: MomentData) -> Values:
    """Means and central moments time by time, (T M,), free of bias up to order 3."""
    n = float(data.runs)
    factors = {1: 1.0, 2: n / (n - 1.0), 3: n**2 / ((n - 1.0) * (n - 2.0)) if n > 2 else np.nan}
    order = np.array([factors[len(m)] for m in powers(len(data.species), data.order)])
    return np.asarray((np.concatenate([data.mean, data.central], axis=1) * order).ravel())


def covariance_of_moments(data: MomentData) -> Values:
    """Of the means and central moments, time by time, (T M, T M). Raises R706 where the spread was not measured."""
    if data.spread is None:
        raise RxnError("R706", "the spread of these moments was not measured", hint="measured_moments(spread=True)")
    count = len(data.species)
    every = powers(count, data.order)
    place = {m: j for j, m in enumerate(every)}
    turns = []
    for central in data.central:
        turn = np.eye(len(every))
        for row, m in enumerate(every):
            for k in range(len(m)) if len(m) > 2 else ():
                rest = m[:k] + m[k + 1 :]
                turn[row, m[k]] -= central[place[rest] - count]
        turns.append(turn)
    whole = blocks(turns)
    covariance = whole @ data.spread @ whole.T / data.runs
    return np.asarray(0.5 * (covariance + covariance.T))


def moment_formula(system: System, monomial: Monomial, species: Sequence[str]) -> sp.Expr:
    """The mean or central moment of species by the states of a System of moments of any kind, or of linear noise.

    Raises R710 where the System has none of it.
    """
    names = tuple(map(quoted, species))
    held = {s.label: s.symbol for s in system.states} | {d.name: d for d, _ in system.definitions}
    kinds = [k for k in Kind if any(label((i, i), names, k) in held for i in range(len(names)))]
    kind = kinds[0] if kinds else Kind.RAW

    def moment(m: Monomial) -> sp.Expr:
        found = held.get(label(m, names, kind))
        if found is None and len(m) == 1:
            found = held.get(species[m[0]])
        if found is None:
            said = f"{system.name} has no equation for {label(m, names, kind)}"
            raise RxnError("R710", said, hint="measure moments of the order of the equations, and of their species")
        return found

    if len(monomial) == 1 or kind is Kind.CENTRAL:
        return moment(monomial)
    by_kind: dict[Kind, Callable[[Monomial], sp.Expr]] = {
        Kind.RAW: moment,
        Kind.FACTORIAL: partial(raw_from_factorial, falling=moment),
        Kind.CUMULANT: partial(raw_from_cumulants, cumulant=moment),
    }
    return sp.expand(central_from_raw(monomial, by_kind[kind]))
