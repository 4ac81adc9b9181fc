"""An approximation followed in time as far as it goes, and the means and covariances that it gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import RxnError
from ..monomials import Kind, Monomial, label
from ..simulators.arrays import Values
from ..simulators.rate_equations.ode import integrate
from ..simulators.results.trajectory import Trajectory
from ..system import System


@dataclass(frozen=True, eq=False)
class Path:
    """`mean` (T, n), `covariance` (T, n, n) and `higher` central moments (T, H) at the times `t`.

    They are not a number from where the equations broke down, higher ones also where the equations have none.
    `ended` is the last time that was reached where that is before the end; `why` says what happened then.
    """

    t: Values
    mean: Values
    covariance: Values
    higher: Values
    ended: float | None = None
    why: str = ""


def follow(
    system: System,
    names: Sequence[str],
    species: Sequence[str],
    t: Values,
    evaluations: int,
    higher: Sequence[Monomial] = (),
) -> Path:
    """Integrate a closed System of moments, of any kind, or of linear noise, with so many `evaluations` at a time.

    `names` are the species as they stand in labels, `species` as they are alone.
    """
    pieces, why = _stretches(system, t, {}, evaluations)
    count = len(names)
    mean, covariance = np.full((len(t), count), np.nan), np.full((len(t), count, count), np.nan)
    rest, wanted = np.full((len(t), len(higher)), np.nan), [label(m, names, Kind.CENTRAL) for m in higher]
    row = 0
    for piece in pieces:
        upto = row + len(piece.t)
        means, covariances = _read(piece, names, species)
        mean[row:upto], covariance[row:upto] = means, covariances
        for k, text in enumerate(wanted):
            if text in piece.labels:
                rest[row:upto, k] = piece.mean_of(text)
        row = upto - 1  # the next piece begins where this one ends
    reached = row + 1 if pieces else 0
    if not why:
        return Path(t, mean, covariance, rest)
    return Path(t, mean, covariance, rest, float(t[max(reached - 1, 0)]), why)


def _stretches(
    system: System, t: Values, start: dict[str, object], evaluations: int
) -> tuple[list[Trajectory], str]:
    """Consecutive pieces of the solution; where a stretch fails its halves are tried, and why the first one did."""
    try:
        return [integrate(system, t, initial=start, rtol=1e-8, max_evaluations=evaluations)], ""
    except RxnError as error:
        why = error.message
    if len(t) <= 2:
        return [], why
    middle = len(t) // 2
    first, trouble = _stretches(system, t[: middle + 1], start, evaluations)
    if trouble:
        return first, trouble
    last = first[-1].values[0, -1]
    begin: dict[str, object] = {s.label: float(last[k]) for k, s in enumerate(system.states)}
    second, trouble = _stretches(system, t[middle:], begin, evaluations)
    return first + second, trouble


def _read(path: Trajectory, names: Sequence[str], species: Sequence[str]) -> tuple[Values, Values]:
    """Means and covariances by the labels that are there: central moments, raw ones, factorial ones, counts alone."""
    columns = {x: path.values[0, :, k] for k, x in enumerate(path.labels)}
    count, nothing = len(names), np.full(len(path.t), np.nan)
    mean = np.empty((len(path.t), count))
    for i, name in enumerate(names):
        mean[:, i] = columns.get(f"<{name}>", columns.get(species[i], nothing))
    covariance = np.empty((len(path.t), count, count))
    for i in range(count):
        for j in range(i, count):
            texts = {kind: label((i, j), names, kind) for kind in Kind}
            if texts[Kind.CENTRAL] in columns:
                found = columns[texts[Kind.CENTRAL]]
            elif texts[Kind.CUMULANT] in columns:
                found = columns[texts[Kind.CUMULANT]]
            elif texts[Kind.RAW] in columns:
                found = columns[texts[Kind.RAW]] - mean[:, i] * mean[:, j]
            else:
                found = columns.get(texts[Kind.FACTORIAL], nothing) - mean[:, i] * mean[:, j]
                found = found + mean[:, i] if i == j else found
            covariance[:, i, j] = covariance[:, j, i] = found
    return mean, covariance
