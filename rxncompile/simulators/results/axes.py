"""The result of a sweep: one result at each point of a grid of parameters and initial values."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ...errors import RxnError
from ..arrays import Values
from .trajectory import Ensemble, Result, Trajectory

Axes = tuple[tuple[str, Values], ...]


@dataclass(frozen=True, eq=False)
class Sweep:
    """Results of one model at common times over the product of `axes`, each a label and its values.

    `points` are the results in the order of the axes, the last one fastest, None where an interrupt came first.
    `mean` and `sd` have the shape (*axes, T, L), not numbers where there is no result. Raises R701 where shapes do
    not fit.
    """

    name: str
    axes: Axes
    points: tuple[Result | None, ...]
    seed: int | None = None

    def __post_init__(self) -> None:
        if len(self.points) != int(np.prod(self.shape)):
            raise RxnError("R701", f"{len(self.points)} results for a grid of shape {self.shape}")
        first = self.first
        for point in self.points:
            if point and (point.labels != first.labels or not np.array_equal(point.t, first.t)):
                raise RxnError("R701", f"the results of {self.name} differ in times or labels")

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of values along each axis."""
        return tuple(len(values) for _, values in self.axes)

    @property
    def first(self) -> Result:
        """The first result there is."""
        found = next((point for point in self.points if point is not None), None)
        if found is None:
            raise RxnError("R701", f"the sweep of {self.name} has no result")
        return found

    @property
    def t(self) -> Values:
        """The times, (T,)."""
        return self.first.t

    @property
    def labels(self) -> tuple[str, ...]:
        """States, then outputs."""
        return self.first.labels

    @property
    def units(self) -> tuple[str, ...]:
        """A unit for each label."""
        return self.first.units

    @property
    def method(self) -> str:
        """How the results were made."""
        return self.first.method

    @property
    def notes(self) -> tuple[str, ...]:
        """The notes of all results, each once, and how many are missing."""
        found = dict.fromkeys(note for point in self.points if point for note in point.notes)
        missing = sum(point is None for point in self.points)
        return (*found, *([f"interrupted: {missing} of {len(self.points)} points are missing"] if missing else []))

    @property
    def mean(self) -> Values:
        """The mean over runs, (*axes, T, L)."""
        return self._over(lambda point: point.mean)

    @property
    def sd(self) -> Values:
        """The standard deviation over runs, (*axes, T, L)."""
        return self._over(lambda point: point.sd)

    def mean_of(self, label: str) -> Values:
        """The mean of one label, (*axes, T). Raises R704 for an unknown label."""
        return self._over(lambda point: point.mean_of(label))

    def sd_of(self, label: str) -> Values:
        """The standard deviation of one label, (*axes, T). Raises R704 for an unknown label."""
        return self._over(lambda point: point.sd_of(label))

    def covariance(self, first: str, second: str) -> Values:
        """The covariance of two labels, (*axes, T), of ensembles. Raises R704, R706."""
        return self._over(lambda point: _ensemble(point).covariance(first, second))

    def quantile(self, label: str, q: float) -> Values:
        """The quantile of a label, (*axes, T), of ensembles. Raises R604, R704, R706."""
        return self._over(lambda point: _ensemble(point).quantile(label, q))

    def at(self, where: Mapping[str, float]) -> Result:
        """The result at one value of every axis. Raises R704 for other axes or values, or a point that is missing."""
        index = []
        if set(where) != {label for label, _ in self.axes}:
            raise RxnError("R704", f"a point of {self.name} has the axes {', '.join(label for label, _ in self.axes)}")
        for label, values in self.axes:
            near = int(np.argmin(np.abs(values - where[label])))
            if not np.isclose(values[near], where[label], rtol=1e-9, atol=0.0):
                hint = f"near is {float(values[near])!r}"
                raise RxnError("R704", f"{label} = {where[label]:g} is no point of the sweep", hint=hint)
            index.append(near)
        found = self.points[int(np.ravel_multi_index(index, self.shape))]
        if found is None:
            raise RxnError("R704", f"this point of {self.name} was not reached")
        return found

    def __iter__(self) -> Iterator[tuple[dict[str, float], Result | None]]:
        """(the values of the axes, result) of every point in order."""
        names = [label for label, _ in self.axes]
        for values, point in zip(itertools.product(*(v.tolist() for _, v in self.axes)), self.points, strict=True):
            yield dict(zip(names, values, strict=True)), point

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sweep) or (self.name, self.seed) != (other.name, other.seed):
            return False
        return len(self.axes) == len(other.axes) and self.points == other.points and all(
            a == b and np.array_equal(x, y) for (a, x), (b, y) in zip(self.axes, other.axes, strict=True)
        )

    def __repr__(self) -> str:
        grid = " x ".join(f"{label} ({len(values)})" for label, values in self.axes)
        return f"<Sweep {self.name}: {grid}, {self.method}, {len(self.t)} times>"

    def _over(self, part: Callable[[Result], Values]) -> Values:
        shape = part(self.first).shape
        rows = [np.full(shape, np.nan) if point is None else part(point) for point in self.points]
        return np.stack(rows).reshape(*self.shape, *shape)


def _ensemble(point: Result) -> Ensemble:
    if isinstance(point, Trajectory):
        raise RxnError("R706", f"{point!r} is no ensemble", hint="sweep with runs=1000")
    return point
