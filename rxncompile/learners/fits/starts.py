"""One start of a fit: a point drawn, a way down to the neighbourhood of the data, and a minimum there.

1. Several points are drawn within the bounds and the lowest is taken, judged by the `guide`: by the logarithms of the
   data. Every fourth start is judged by the objective itself, and leaves out step 2.
2. The guide is minimised: it has slopes where the objective is flat or a wall. Or, where one is asked for, a `window`
   of time shifts over the data.
3. The objective is minimised, sizes of noise held at their likeliest (`sizes`). The kink of least absolutes is rounded
   off within sigma, then within less and less. All this with looser solves.
4. The objective as it is asked is minimised from there.

All by the trust region of `trust_region`, with the Fisher information for a curvature.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event

import numpy as np

from ...simulators.arrays import Values
from ...simulators.pool import StoppedError
from .guide import Guide
from .information import Scores, constraint_rows, scores
from .likelihood import judged
from .objective import Failed, Objective, Solved
from .problem import Noise
from .sizes import Size, gathered, settled, sizes_of
from .trust_region import Ended, Local, Point, minimise_within
from .window import Window, through_windows

_DRAWN = 10  # points of which a start takes the lowest
_TRIES = 5  # times as many are drawn before a start is given up where the model cannot be solved
_STRAIGHT = 4  # every so many starts go without the guide
_GUIDED = 200  # evaluations
_LOOSE = 1e-6  # relative tolerance of the solves of a search
_ROUNDINGS = (1.0, 0.1, 1e-2, 1e-3, 1e-4)  # of the kink of |r|, one after the other
_ENOUGH, _LAST = 1e-4, 1e-9  # decreases that are none: of a search, of the final minimum
_DULL = 0.02  # decrease in 50 evaluations below which a search ends
_POLISHED = 100  # evaluations of the final minimum


@dataclass(frozen=True, slots=True)
class Start:
    """One minimisation: where it began and ended, on the scales of the unknowns, and the objective there."""

    number: int
    begin: tuple[float, ...]
    end: tuple[float, ...]
    value: float
    message: str
    evaluations: int

    @property
    def failed(self) -> bool:
        """Whether it found no point at all."""
        return not math.isfinite(self.value)


class _Descent:
    """A function of conditions that are solved at x, with the last ones kept: they are asked for twice."""

    def __init__(self, objective: Objective, sizes: Sequence[Size], stop: Event) -> None:
        self.objective, self.sizes, self.stop = objective, sizes, stop
        self.last: tuple[bytes, tuple[Solved, ...]] | None = None

    def look(self) -> None:
        """Raises StoppedError where the search is to end."""
        if self.stop.is_set():
            raise StoppedError

    def solved(self, x: Values) -> tuple[Values, tuple[Solved, ...]]:
        """x, moved to the likeliest sizes of noise, and the conditions there. Raises Failed."""
        if self.last is not None and self.last[0] == x.tobytes():
            return x, self.last[1]
        self.look()
        self.last = None
        x, found = settled(self.objective, self.sizes, x, self.objective.solve(x))
        self.last = (x.tobytes(), found)
        return x, found

    def down(
        self,
        value: Callable[[Values, Sequence[Solved]], float],
        local: Callable[[Values, Sequence[Solved]], Local[Point]],
        x: Values,
        bounds: tuple[Values, Values],
        plane: Values,
        evaluations: int,
        enough: float,
    ) -> Ended[Point] | None:
        dull = _DULL if enough == _ENOUGH else 0.0

        def at(x: Values) -> Local[Point] | None:
            try:
                moved, found = self.solved(x)
                here = local(moved, found)
            except Failed:
                return None
            return here if math.isfinite(here.value) and np.isfinite(here.curvature).all() else None

        def lower(x: Values) -> tuple[Values, float]:
            try:
                moved, found = self.solved(x)
                return moved, value(moved, found)
            except Failed:
                return x, math.inf

        return minimise_within(at, lower, x, *bounds, evaluations, enough, plane=plane, dull=dull)


@dataclass(frozen=True, eq=False)
class Search:
    """What all starts of a fit share."""

    objective: Objective
    loose: Objective
    guide: Guide
    sizes: tuple[Size, ...]
    plane: Values
    level: Values
    seed: int
    first: Values | None
    evaluations: int
    window: Window | None = None

    @classmethod
    def of(
        cls, objective: Objective, seed: int, first: Values | None, evaluations: int, window: Window | None = None
    ) -> Search:
        """Everything compiled. `first`: where start 0 begins. `window`: every start is led through it first."""
        _ = objective.machine.derivatives
        loose, problem = objective.looser(_LOOSE), objective.problem
        level = np.array([c.value for c in problem.constraints], dtype=float)
        plane = constraint_rows(problem)
        return cls(objective, loose, Guide(loose), sizes_of(problem), plane, level, seed, first, evaluations, window)

    def start(self, number: int, stop: Event) -> Start:
        """Run one; it fails where no point is found at which the model can be solved. Raises StoppedError."""
        given = self.first if number == 0 else None
        guided = number % _STRAIGHT != _STRAIGHT - 1 and given is None
        descent = _Descent(self.loose, self.sizes, stop)
        begin, spent = self._drawn(number, descent, guided) if given is None else (self._inside(given), 1)
        if begin is None:
            nowhere = tuple(self._point(number, 0).tolist())
            return Start(number, nowhere, nowhere, math.inf, "the model could not be solved where it began", spent)
        x = begin
        if self.window is not None:
            x, more = through_windows(self.loose, self.window, x, descent.look)
            spent += more
        elif guided:
            led = descent.down(self.guide.value, self.guide.local, x, self.loose.bounds, self.plane, _GUIDED, _ENOUGH)
            x, spent = (x, spent) if led is None else (led.at.x, spent + led.evaluations)
        kinked = any(o.noise is Noise.LAPLACE for o in self.objective.problem.observables)
        for rounding in _ROUNDINGS if kinked else (0.0,):
            found = self._minimum(descent, x, rounding, _ENOUGH)
            x, spent = (x, spent) if found is None else (found.at.x, spent + found.evaluations)
        strict = _Descent(self.objective, self.sizes, stop)
        last = self._minimum(strict, x, _ROUNDINGS[-1] if kinked else 0.0, _LAST)
        spent += last.evaluations if last is not None else 1
        end = last.at.x if last is not None else x
        try:
            value, message = self.objective.value(end), last.message if last is not None else ""
        except Failed:
            value, message = math.inf, "the model could not be solved where the search ended"
        return Start(number, tuple(begin.tolist()), tuple(end.tolist()), value, message, spent)

    def _minimum(self, descent: _Descent, x: Values, rounding: float, enough: float) -> Ended[Scores] | None:
        objective = descent.objective

        def value(x: Values, solved: Sequence[Solved]) -> float:
            return judged(objective, *gathered(objective, solved), rounding).value + objective.prior(x)[0]

        def local(x: Values, solved: Sequence[Solved]) -> Local[Scores]:
            found = scores(objective, x, rounding, solved)
            return Local(x, found.value, found.gradient, found.curvature, found)

        most = self.evaluations if enough == _ENOUGH else min(_POLISHED, self.evaluations)
        return descent.down(value, local, x, objective.bounds, self.plane, most, enough)

    def _drawn(self, number: int, descent: _Descent, guided: bool) -> tuple[Values | None, int]:
        """The lowest of the points of a start, None where the model could be solved at none of them; how many."""
        best, low, seen, attempt = None, math.inf, 0, 0
        while seen < _DRAWN and attempt < _TRIES * _DRAWN:
            x = self._point(number, attempt)
            attempt += 1
            try:
                x, solved = descent.solved(x)
                if guided:
                    value = self.guide.value(x, solved)
                else:
                    value = judged(self.loose, *gathered(self.loose, solved)).value + self.loose.prior(x)[0]
            except Failed:
                continue
            if not math.isfinite(value):
                continue
            seen += 1
            if value < low:
                best, low = x, value
        return best, attempt

    def _point(self, number: int, attempt: int) -> Values:
        low, high = self.loose.bounds
        stream = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(number, attempt)))
        return self._inside(low + (high - low) * stream.random(len(low)))

    def _inside(self, x: Values) -> Values:
        """The point within the bounds and on the constraints, by projections onto one and the other in turn."""
        low, high = self.loose.bounds
        x = np.clip(x, low, high)
        if not len(self.plane):
            return x
        back, carried = np.linalg.pinv(self.plane), np.zeros(len(x))
        for _ in range(1000):  # Dykstra 1983
            flat = x - back @ (self.plane @ x - self.level)
            within = np.clip(flat + carried, low, high)
            carried = flat + carried - within
            if np.abs(within - x).max() <= 1e-13 * np.abs(high - low).max():
                break
            x = within
        return np.asarray(within - back @ (self.plane @ within - self.level))
