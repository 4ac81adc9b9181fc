"""Rates by linear regression of integrated moment equations, also where these are open but all moments were measured.

    m_i(t_k+1) - m_i(t_k) = sum_j b_ij int g_j dt,     b = V u + o        from t_k to t_k+1

Raw moments, so that every g_j is one measured moment; integrals of the cubic splines through these. What the splines
miss is an error of its own, which standard errors do not know: times have to be dense where moments bend.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import sympy as sp

from ...derivations.moments import moments
from ...derivations.rate_relation import RateRelation
from ...errors import RxnError
from ...monomials import Kind, label_names, read_label
from ...name_lists import names_given
from ...network import Network
from ...operators import generator
from ...simulators.arrays import Values
from ...simulators.rate_equations.initial import initial_values
from .data import MomentData
from .estimate import RateEstimate, chance, named
from .model import relation_of
from .powers import powers
from .products import parameters_of_products, slopes_of_products
from .reactions import reaction_rates

_ROUNDS = 8
_FLAT = 1e-10  # of the largest eigenvalue of a correlation: rounding
_UNLIKELY = 1e-3
_LOST = 1e-7  # of the largest: a direction that these moments do not tell


@dataclass(frozen=True, eq=False)
class Integrals:
    """The regression of one data set over K intervals.

    `raw` (times, M + 1): raw moments, and a column of ones; `step` and `area` (K, times): differences and integrals
    by what is measured at the times; `places`: (equation, column of `raw`) of each coefficient of the relation.
    """

    relation: RateRelation
    places: tuple[tuple[int, int], ...]
    raw: Values
    step: Values
    area: Values

    @cached_property
    def _matrix(self) -> Values:
        return np.array(self.relation.matrix.tolist(), dtype=float).reshape(len(self.places), -1)

    @cached_property
    def _offset(self) -> Values:
        return np.array(self.relation.offset.tolist(), dtype=float).reshape(-1)

    @cached_property
    def equations(self) -> int:
        """R, the number of moments that have an equation."""
        return len(self.relation.system.states)

    @property
    def design(self) -> tuple[Values, Values]:
        """X (K R, U) and y (K R,) of X u = y."""
        integral = self.area @ self.raw
        columns = self._matrix.shape[1]
        x = np.zeros((len(self.area), self.equations, columns))
        y = (self.step @ self.raw)[:, : self.equations].copy()
        for (i, j), row, o in zip(self.places, self._matrix, self._offset, strict=True):
            x[:, i] += integral[:, j, np.newaxis] * row
            y[:, i] -= integral[:, j] * o
        return x.reshape(-1, columns), y.ravel()

    def residual_of_data(self, products: Values) -> Values:
        """L (K R, times M): the residual is L times the raw moments, plus a constant."""
        width = self.raw.shape[1] - 1
        b = np.zeros((self.equations, width + 1))
        for (i, j), value in zip(self.places, self._matrix @ products + self._offset, strict=True):
            b[i, j] += value
        equation = np.eye(width)[: self.equations]
        found: Values = np.kron(self.step, equation) - np.kron(self.area, b[:, :width])
        return found

    def plain(self) -> Values:
        """The products u by least squares of all intervals, each equation over the size of its changes, (U,)."""
        x, y = self.design
        size = np.abs(x).reshape(len(self.area), self.equations, -1).max(axis=(0, 2), initial=0.0)
        weight = np.tile(1.0 / np.where(size > 0.0, size, 1.0), len(self.area))
        found = np.linalg.lstsq(x * weight[:, np.newaxis], y * weight, rcond=1e-10)[0]
        return np.asarray(found, dtype=np.float64)


def integrals(net: Network, data: MomentData, unknown: Iterable[str] | None) -> Integrals:
    """The regression of the equations of highest order whose moments were all measured. Raises R532 where none is."""
    from scipy.interpolate import CubicSpline

    gen = generator(net)
    mine, names = data.of_species([s.name for s in gen.species]), label_names(gen.species)
    every = {m: j for j, m in enumerate(powers(len(names), data.order))}
    found, names_of = None, None if unknown is None else names_given(unknown, "unknown", "R504")
    for order in range(data.order, 0, -1):
        relation = relation_of(net, order, Kind.RAW, names_of)
        found = _places(relation, names, every)
        if found is not None:
            break
    if found is None:
        message = f"the moment equations of {net.name} need moments above order {data.order}, which were not measured"
        raise RxnError("R532", message, hint=f"measured_moments(..., order={data.order + 1})")
    times: Values = mine.t
    raw: Values = mine.powers_about(np.zeros_like(mine.mean))
    if times[0] > data.start:
        first = initial_values(moments(net, data.order, Kind.RAW), data.start)[: len(every)]
        times, raw = np.concatenate([[data.start], times]), np.concatenate([[first], raw])
    if len(times) < 2:
        raise RxnError("R714", "moments at one time say nothing about rates")
    spline = CubicSpline(times, np.eye(len(times))).antiderivative()(times)
    ones = np.ones((len(times), 1))
    step = np.diff(np.eye(len(times)), axis=0)
    return Integrals(relation, found, np.concatenate([raw, ones], axis=1), step, np.diff(spline, axis=0))


def _places(
    relation: RateRelation, names: tuple[str, ...], every: dict[tuple[int, ...], int]
) -> tuple[tuple[int, int], ...] | None:
    row = {s.label: i for i, s in enumerate(relation.system.states)}
    found = []
    for c in relation.coefficients:
        column = len(every)
        if isinstance(c.term, sp.Symbol):
            known = read_label(c.term.name, names)
            if known is None or known[0] not in every:
                return None
            column = every[known[0]]
        found.append((row[c.equation], column))
    return tuple(found)


def rough_parameters(net: Network, relation: RateRelation, data: MomentData) -> Values:
    """The parameters of a relation by unweighted regression, (K,)."""
    found = integrals(net, data, [s.name for s in relation.parameters])
    return parameters_of_products(found.relation, found.plain())


def rates_by_integrals(
    net: Network, data: MomentData, weights: MomentData | None = None, unknown: Iterable[str] | None = None
) -> RateEstimate:
    """The rates of candidate reactions of any order from moments that were measured up to one order more.

    A reaction of two molecules needs moments one order above those whose equations are used. `weights`: moments of
    other runs with their `spread`; None: the data's own, which biases the rates where runs are few. Raises R532 where
    not even equations of means have all their moments measured, R706 without a spread, R714 where that is
    zero, R531 as `rate_relation`.
    """
    found = integrals(net, data, unknown)
    names = [s.name for s in generator(net).species]
    mine, other = data.of_species(names), (weights or data).of_species(names)
    spread = other.spread_about(np.zeros_like(other.mean)) / np.outer(mine.roots, mine.roots)
    if len(spread) < found.step.shape[1] * (found.raw.shape[1] - 1):  # the start is known
        pad = found.raw.shape[1] - 1
        spread = np.pad(spread, ((pad, 0), (pad, 0)))
    x, y = found.design
    u = found.plain()
    for _ in range(_ROUNDS):
        of_data = found.residual_of_data(u)
        white = _whitening(of_data @ spread @ of_data.T)
        if not len(white):
            raise RxnError("R714", f"the moments of {net.name} have no spread: they say nothing of rates")
        scaled = white @ x
        size = np.sqrt((scaled**2).sum(axis=0))
        size[size == 0.0] = 1.0
        left, values, right = np.linalg.svd(scaled / size, full_matrices=False)
        told = values > _LOST * values[0]
        before, u = u, (right[told].T @ ((left[:, told].T @ (white @ y)) / values[told])) / size
        if np.linalg.norm(scaled @ (u - before)) < 1e-6:
            break
    covariance = (right[told].T / values[told] ** 2) @ right[told] / np.outer(size, size)
    relation = found.relation
    theta = parameters_of_products(relation, u)
    slopes = np.linalg.pinv(slopes_of_products(relation, theta))
    of_theta = slopes @ covariance @ slopes.T
    hidden = (right[~told] / size) @ slopes.T
    hidden = hidden / np.maximum(np.linalg.norm(hidden, axis=1, keepdims=True), 1e-300)
    labels = tuple(s.name for s in relation.parameters)
    away = np.abs(right[~told]).max(axis=0, initial=0.0) > 1e-6
    gone = {s for p, far in zip(relation.products, away, strict=True) if far for s in p.free_symbols}
    lost = tuple(n for n, s in zip(labels, relation.parameters, strict=True) if s in gone)
    notes: tuple[str, ...] = (f"these moments do not tell {named(lost)} from each other",) if lost else ()
    order = max(len(s.label.split("*")) for s in relation.system.states)
    method = f"generalised least squares on integrated equations of moments, {order} and below"
    reactions = reaction_rates(net, relation.parameters, theta, of_theta, hidden)
    distance, freedom = float(((white @ (x @ u - y)) ** 2).sum()), len(white) - int(told.sum())
    if weights is None:
        notes += ("the weights come from the same runs, which biases the rates where these are few",)
    if chance(distance, freedom) < _UNLIKELY:
        notes += ("more is left than noise explains: other reactions, or times too far apart for splines",)
    return RateEstimate(net, labels, theta, of_theta, distance, freedom, reactions, method, lost, notes)


def _whitening(covariance: Values) -> Values:
    """W with W^T W the inverse of a covariance, directions without width left out."""
    width = np.sqrt(np.maximum(np.diagonal(covariance), 0.0))
    width = np.where(width > 0.0, width, 1.0)
    values, vectors = np.linalg.eigh(covariance / np.outer(width, width))
    good = values > _FLAT * values[-1]
    found: Values = (vectors[:, good] / np.sqrt(values[good])).T / width
    return found
