"""Rates by generalised least squares on moments, weighted by what the model itself says of their errors.

    minimise (m - m(theta))^T Sigma^-1 (m - m(theta))        Sigma = Cov(empirical moments) / runs

m are mean powers about the model's means. Sigma comes from the model's moments of twice the order (`model`), made anew
as theta improves, or from other runs; never from the runs that m comes from, which would bias the rates: large moments
have large spreads. Where moments of a system depend on each other exactly, as under a conservation law, Sigma has
directions without width, which say nothing and are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from ...errors import RxnError
from ...monomials import Kind
from ...name_lists import names_given
from ...network import Network
from ...simulators.arrays import Values
from .data import MomentData
from .estimate import RateEstimate, named
from .integrals import rough_parameters
from .model import MomentModel, Predicted, Unsolvable, model_of, relation_of
from .powers import about, about_slope
from .reactions import reaction_rates

_ROUNDS, _MOST = 25, 200
_FAR = 1.0  # standard errors that one step may go without a trust region
_CLEAR = 1e-7  # what of a moment is not told by those before it, where no direction is without width
_STILL = 1e-6  # of a standard error: no further improvement
_FLAT = 1e-10  # of the largest: an eigenvalue of correlations that is rounding
_LOST = 1e-9  # of the largest: a direction of parameters that the moments do not tell


def rates_from_moments(
    net: Network,
    data: MomentData,
    weights: MomentData | None = None,
    unknown: Iterable[str] | None = None,
    begin: Mapping[str, float] | None = None,
) -> RateEstimate:
    """The rates of candidate reactions from empirical moments, by generalised least squares.

    `weights`: moments of other runs whose measured `spread` gives the weights; None: the model's own moments of twice
    the order. `unknown`: the parameters to be found, None for all that occur in rates. `begin`: where to begin; None:
    where a linear regression of the integrated equations leads. Standard errors and intervals are those of the
    linearised problem; rates are free to come out negative, which is what a test of their absence needs.

    Raises R532 where the candidates' moment equations are open, R531 where rates are no polynomials of the unknowns,
    R704 where a species was not measured, R714 for weights at other times or from the same runs and for moments without
    any spread, R712 where the search does not end, and what `moments` raises.
    """
    names = None if unknown is None else names_given(unknown, "unknown", "R504")
    relation = relation_of(net, data.order, Kind.CENTRAL, names)
    model = model_of(net, data.order, relation.parameters, data.start)
    mine = data.of_species(model.species)
    other = weights.of_species(model.species) if weights is not None else None
    if other is not None and not np.array_equal(other.t, mine.t):
        raise RxnError("R714", "the moments that give the weights are at other times")
    if other is not None and np.array_equal(other.mean, mine.mean) and np.array_equal(other.central, mine.central):
        message = "the weights come from the same runs as the moments, which biases the rates"
        raise RxnError("R714", message, hint="leave them out, or take one half of the runs for each")
    if begin is None:
        theta = rough_parameters(net, relation, data)
    else:
        theta = np.array([float(begin[s.name]) for s in relation.parameters])
    search = _Search(model, mine, other)
    theta, slope, left = search(theta)
    return _estimate(net, model, theta, slope, left, search.kept, other is not None)


class _Search:
    """Rounds of nonlinear least squares, the weights made anew between them."""

    def __init__(self, model: MomentModel, data: MomentData, other: MomentData | None) -> None:
        self.model, self.data, self.other, self.kept = model, data, other, 0

    def whitening(self, theta: Values, centre: Values) -> Values:
        """W (k, T M) with W^T W the inverse of the moments' covariance about `centre`."""
        data = self.data
        if self.other is not None:
            spread, runs = self.other.spread_about(centre), self.other.runs
            size = len(spread)
            if runs < size + 10:
                raise RxnError("R714", f"{runs} runs are too few to weigh {size} moments", hint="use the model's own")
            spread = spread * (runs - 1) / (runs - size - 2)  # the inverse of a sampled covariance is too large
        else:
            spread = self.model.covariance(theta, data.t, data.together)
        width = np.sqrt(np.maximum(np.diagonal(spread), 0.0))
        moving = np.flatnonzero(width > 0.0)
        correlation = spread[np.ix_(moving, moving)] / np.outer(width[moving], width[moving])
        turn = _inverse_root(0.5 * (correlation + correlation.T))
        found = np.zeros((len(turn), len(spread)))
        found[:, moving] = turn / width[moving] * data.roots[moving]
        if not len(turn):
            of = ", ".join(data.species)
            raise RxnError("R714", f"the moments of {of} have no spread: they say nothing of rates")
        self.kept = len(found)
        return found

    def __call__(self, theta: Values) -> tuple[Values, Values, float]:
        """(theta, weighted slopes (k, K), the weighted sum of squares)."""
        from scipy.optimize import least_squares

        model, data = self.model, self.data
        count = len(model.species)
        try:
            for k in range(_ROUNDS):
                at = model.predict(theta, data.t)
                centre = at.moments[:, :count]
                white = self.whitening(theta, centre)
                measured = data.powers_about(centre)
                residuals, jacobian = _functions(model, data, white, measured, centre)
                away, slope = residuals(theta, at), jacobian(theta, at)
                moved = -_solved(slope, away)
                far = float(np.linalg.norm(slope @ moved))
                if k == 0 or far > _FAR:  # else a step of Gauss and Newton is as good
                    found = least_squares(residuals, theta, jacobian, method="trf", x_scale="jac", max_nfev=_MOST)
                    moved = found.x - theta
                    far = float(np.linalg.norm(slope @ moved))
                theta = theta + moved
                if far < _STILL:
                    return theta, slope, float(((away + slope @ moved) ** 2).sum())
            raise RxnError("R712", f"the rates of {model.system.name} did not settle", hint="give values to begin with")
        except Unsolvable:
            message = f"the moment equations of {model.system.name} could not be solved where the search led"
            raise RxnError("R712", message, hint="give values to begin with") from None


def _inverse_root(correlation: Values) -> Values:
    """W with W^T W the inverse of a correlation matrix, directions without width left out."""
    try:
        lower = np.linalg.cholesky(correlation)
        if float(np.diagonal(lower).min(initial=1.0)) ** 2 > _CLEAR:
            found: Values = np.linalg.inv(lower)
            return found
    except np.linalg.LinAlgError:
        pass
    values, vectors = np.linalg.eigh(correlation)
    good = values > _FLAT * values.max(initial=0.0)
    return np.ascontiguousarray((vectors[:, good] / np.sqrt(values[good])).T)


def _solved(slope: Values, away: Values) -> Values:
    """The least-squares step, columns over their length."""
    size = np.linalg.norm(slope, axis=0)
    size[size == 0.0] = 1.0
    return np.asarray(np.linalg.lstsq(slope / size, away, rcond=_LOST)[0] / size)


def _functions(
    model: MomentModel, data: MomentData, white: Values, measured: Values, centre: Values
) -> tuple[Callable[..., Values], Callable[..., Values]]:
    """Weighted residuals of powers about a fixed centre, and their slopes."""
    count, order = len(model.species), data.order

    def residuals(theta: Values, at: Predicted | None = None) -> Values:
        try:
            m = (at or model.predict(theta, data.t)).moments
        except Unsolvable:
            return np.full(len(white), 1e100)
        found: Values = white @ (about(order, m[:, :count] - centre, m[:, count:]) - measured).ravel()
        return found

    def jacobian(theta: Values, at: Predicted | None = None) -> Values:
        at = at or model.predict(theta, data.t)
        slope = about_slope(order, at.moments[:, :count] - centre, at.moments[:, count:], at.by)
        found: Values = white @ slope.reshape(-1, slope.shape[2])
        return found

    return residuals, jacobian


def _estimate(
    net: Network, model: MomentModel, theta: Values, slope: Values, left: float, kept: int, sampled: bool
) -> RateEstimate:
    scale = np.sqrt((slope**2).sum(axis=0))
    scale[scale == 0.0] = 1.0
    _, sizes, directions = np.linalg.svd(slope / scale, full_matrices=False)
    told = sizes > _LOST * sizes[0]
    covariance = (directions[told].T / sizes[told] ** 2) @ directions[told] / np.outer(scale, scale)
    names = tuple(s.name for s in model.unknown)
    hidden = directions[~told] / scale
    hidden = hidden / np.linalg.norm(hidden, axis=1, keepdims=True)
    away = np.abs(directions[~told]).max(axis=0, initial=0.0) > 1e-6
    lost = tuple(n for n, far in zip(names, away, strict=True) if far)
    notes = (f"these moments do not tell {named(lost)} from each other",) if lost else ()
    reactions = reaction_rates(net, model.unknown, theta, covariance, hidden)
    by = "measured in other runs" if sampled else "from the model's own moments"
    method = f"generalised least squares on moments up to order {model.order}, weights {by}"
    freedom = kept - int(told.sum())
    return RateEstimate(net, names, theta, covariance, left, freedom, reactions, method, lost, notes)
