"""Empirical moments of many runs at common times, with what is known of their errors.

    mean_i(t) = (1/N) sum over runs of n_i(t),    central_m(t) = (1/N) sum over runs of (n(t) - mean(t))^m
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from ...errors import RxnError
from ...name_lists import names_given
from ...simulators.arrays import Values
from ...simulators.results.trajectory import Ensemble, Trajectory, column
from .powers import blocks, powers, products, recentring


@dataclass(frozen=True, eq=False)
class MomentData:
    """Means (T, S) and central moments (T, C) of orders 2 to `order`, in the order of `powers.powers`, of `runs` runs.

    `together`: the same runs were followed through all times; else those of each time are others. `spread`: the
    covariance (T M, T M), M = S + C, of the powers of one run about the means; None where it was not measured.
    `start`: when the process began, as its network says. `sizes` (T,): how many runs there are of each time, where they
    differ; `runs` is the least of these then. Raises R714 where shapes do not fit.
    """

    t: Values
    species: tuple[str, ...]
    order: int
    mean: Values
    central: Values
    runs: int
    together: bool = True
    spread: Values | None = None
    start: float = 0.0
    sizes: Values | None = None

    def __post_init__(self) -> None:
        size = len(powers(len(self.species), self.order))
        expected: dict[str, tuple[int, ...]]
        expected = {"mean": (len(self.t), len(self.species)), "central": (len(self.t), size - len(self.species))}
        if self.spread is not None:
            expected["spread"] = (len(self.t) * size,) * 2
        if self.sizes is not None:
            expected["sizes"] = (len(self.t),)
            if self.together:
                raise RxnError("R714", "runs that are followed through all times are equally many at each")
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                found = getattr(self, name).shape
                raise RxnError("R714", f"{name} of the moments has shape {found}, expected {shape}")
        if self.runs < 2 or not (np.isfinite(self.mean).all() and np.isfinite(self.central).all()):
            raise RxnError("R714", f"moments of {self.runs} runs, or some that are no numbers")
        if not (np.diff(self.t) > 0.0).all() or self.t[0] < self.start:
            raise RxnError("R714", f"the times of moments increase, from {self.start:g} on")

    @property
    def roots(self) -> Values:
        """The roots of the numbers of runs, for each of the T M moments."""
        each = np.full(len(self.t), float(self.runs)) if self.sizes is None else self.sizes
        return np.repeat(np.sqrt(each), self.width)

    @property
    def width(self) -> int:
        """M, the number of moments at one time."""
        return len(self.species) + self.central.shape[1]

    def powers_about(self, centre: Values) -> Values:
        """Mean powers (T, M) about centres (T, S)."""
        found = np.empty((len(self.t), self.width))
        for k, shift in enumerate(self.mean - centre):
            matrix, alone = recentring(self.order, shift)
            found[k] = matrix[:, len(self.species) :] @ self.central[k] + alone
        return found

    def spread_about(self, centre: Values) -> Values:
        """The covariance (T M, T M) of one run's powers about other centres (T, S). Raises R706 where not measured."""
        if self.spread is None:
            raise RxnError("R706", "the spread of these moments was not measured", hint="measured_moments(spread=True)")
        turn = blocks([recentring(self.order, shift)[0] for shift in self.mean - centre])
        found: Values = turn @ self.spread @ turn.T
        return found

    def of_species(self, names: Sequence[str]) -> MomentData:
        """The same with species in another order, or fewer of them. Raises R704 for one that was not measured."""
        names = names_given(names, "names", "R704")
        for name in names:
            if name not in self.species:
                raise RxnError("R704", f"the moments of {name!r} were not measured: " + ", ".join(self.species))
        old = {m: i for i, m in enumerate(powers(len(self.species), self.order))}
        to = [self.species.index(n) for n in names]
        kept = [old[tuple(sorted(to[i] for i in m))] for m in powers(len(names), self.order)]
        whole = np.concatenate([self.mean, self.central], axis=1)[:, kept]
        spread = None
        if self.spread is not None:
            rows = np.concatenate([np.array(kept) + k * self.width for k in range(len(self.t))])
            spread = self.spread[np.ix_(rows, rows)]
        count = len(names)
        return replace(self, species=tuple(names), mean=whole[:, :count], central=whole[:, count:], spread=spread)


def measured_moments(
    paths: Trajectory | Iterable[Trajectory],
    order: int = 2,
    species: Sequence[str] | None = None,
    spread: bool = False,
    together: bool = True,
    start: float = 0.0,
) -> MomentData:
    """The moments up to `order` of runs, or of several lots of runs at the same times, of columns named `species`.

    None: of all columns, outputs among them. `spread` measures the covariance of these moments as well. A time at
    `start` itself is left out: what is known says nothing about rates. Raises R704 for an unknown column, R714 for lots
    of other times.
    """
    lots = [paths] if isinstance(paths, Trajectory) else paths
    runs, total, square, centre = 0, None, None, None
    times: Values = np.zeros(0)
    names: tuple[str, ...] = ()
    for lot in lots:
        if centre is None:
            names = names_given(species, "species", "R704") if species is not None else lot.labels
            times = lot.t[lot.t > start]
        if not np.array_equal(times, lot.t[lot.t > start]) or not times.size:
            raise RxnError("R714", f"the runs of {lot.name} are at other times than those before, or at none")
        values = lot.values[:, lot.t > start][:, :, [column(lot, n) for n in names]]
        if centre is None:
            centre = np.round(values.mean(axis=0))
        each = products(order, values - centre)
        runs += len(each)
        summed = each.sum(axis=0)
        total = summed if total is None else total + summed
        if spread:
            flat = each.reshape(len(each), -1)
            gram = flat.T @ flat
            square = gram if square is None else square + gram
    if centre is None or total is None:
        raise RxnError("R714", "there are no runs to take moments of")
    mean, count = total / runs, len(names)
    central, turns = np.empty((len(times), mean.shape[1] - count)), []
    for k in range(len(times)):
        matrix, alone = recentring(order, -mean[k, :count])
        central[k] = (matrix @ mean[k] + alone)[count:]
        turns.append(matrix)
    found = None
    if square is not None:
        flat_mean = mean.ravel()
        found = (square - runs * np.outer(flat_mean, flat_mean)) / (runs - 1)
        turn = blocks(turns)
        found = turn @ found @ turn.T
    return MomentData(times, names, order, centre + mean[:, :count], central, runs, together, found, start)


def snapshot_moments(
    t: ArrayLike, counts: Sequence[ArrayLike], species: Sequence[str], order: int = 2, start: float = 0.0
) -> MomentData:
    """The moments of snapshots: `counts[k]` (N_k, S) are those of other individuals at each time t[k].

    As where cells are destroyed when they are counted. Raises R714 where shapes do not fit.
    """
    times, sizes = np.asarray(t, dtype=np.float64), []
    mean, central = [], []
    for each in counts:
        values = np.asarray(each, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != len(species) or len(values) < 2:
            shape = f"(at least 2, {len(species)})"
            raise RxnError("R714", f"counts of a snapshot have shape {values.shape}, expected {shape}")
        sizes.append(len(values))
        mean.append(values.mean(axis=0))
        central.append(products(order, values - mean[-1]).mean(axis=0)[len(species) :])
    if len(sizes) != len(times):
        raise RxnError("R714", f"{len(sizes)} snapshots at {len(times)} times")
    shared = (np.stack(mean), np.stack(central), min(sizes), False, None, start)
    return MomentData(times, tuple(species), order, *shared, np.array(sizes, dtype=np.float64))


def moments_of_ensemble(
    ensemble: Ensemble, species: Sequence[str] | None = None, together: bool = True, start: float = 0.0
) -> MomentData:
    """Means and second moments of an ensemble that `sample_statistics` has kept. Raises R704, R706."""
    names = tuple(species) if species is not None else ensemble.labels
    kept = ensemble.t > start
    mean = np.stack([ensemble.mean_of(n) for n in names], axis=1)[kept]
    pairs = [m for m in powers(len(names), 2) if len(m) == 2]
    second = [
        ensemble.sd_of(names[i]) ** 2 if i == j else ensemble.covariance(names[i], names[j]) for i, j in pairs
    ]
    central = np.stack(second, axis=1)[kept] * (1.0 - 1.0 / ensemble.runs)
    return MomentData(ensemble.t[kept], names, 2, mean, central, ensemble.runs, together, None, start)
