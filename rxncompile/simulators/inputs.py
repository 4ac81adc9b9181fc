"""Inputs of a System: time series given at run time, and how to read between their points.

    u(t) = sum_k c_ik (t - t_i)^k   in the piece that begins at the knot t_i

The coefficients c are linear in the values of the series, so that a direction of the values is one of the
coefficients, and a gradient by the coefficients becomes one by the values. Kernels see each input as two more
parameters, its value and its rate u'(t), refreshed before they are called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property, lru_cache
from typing import Any, TypeAlias

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from ..errors import RxnError
from ..system import Constant, Input, System
from .arrays import Values

Series: TypeAlias = tuple[ArrayLike, ArrayLike]  # times (K,), values (K,)
Linear: TypeAlias = Callable[[Values], Values]

DEGREES = 4  # coefficients of a piece


@lru_cache(maxsize=32)
def with_slots(system: System) -> System:
    """The System that kernels are made of: its inputs, and then their rates, are the last of its parameters."""
    values = [Constant(i.symbol, i.label, sp.S.Zero) for i in system.inputs]
    rates = [Constant(sp.Dummy(f"d {i.label}/dt", real=True), f"d {i.label}/dt", sp.S.Zero) for i in system.inputs]
    return replace(system, inputs=(), parameters=(*system.parameters, *values, *rates))


@dataclass(frozen=True, eq=False)
class Piecewise:
    """One series as pieces: its knots (K,), and the linear maps between its values (..., K) and coefficients.

    `push`: coefficients (..., K, 4) of values; `pull`: its transpose, of a gradient by the coefficients (K, 4).
    """

    knots: Values
    values: Values
    push: Linear
    pull: Linear


class Tables:
    """The series of one run, as compiled loops read them: all pieces one below the other.

    `knots` (N,), `coefficients` (N, 4); those of input j are first[j], ..., first[j + 1] - 1.
    """

    def __init__(self, series: Sequence[Piecewise]) -> None:
        self.series = tuple(series)
        sizes = [len(s.knots) for s in self.series]
        self.first: NDArray[np.int64] = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        self.knots: Values = np.concatenate([np.zeros(0), *(s.knots for s in self.series)])
        self.values: Values = np.concatenate([np.zeros(0), *(s.values for s in self.series)])
        self.coefficients: Values = self.push(self.values)

    def __len__(self) -> int:
        return len(self.series)

    def push(self, values: Values) -> Values:
        """The coefficients (..., N, 4) of values (..., N), or of directions of them."""
        parts = [s.push(values[..., a:b]) for s, a, b in zip(self.series, self.first, self.first[1:], strict=False)]
        return np.concatenate([np.zeros((*values.shape[:-1], 0, DEGREES)), *parts], axis=-2)

    def pull(self, gradient: Values) -> Values:
        """The gradient by the values (N,), given that by the coefficients (N, 4)."""
        parts = [s.pull(gradient[a:b]) for s, a, b in zip(self.series, self.first, self.first[1:], strict=False)]
        return np.concatenate([np.zeros(0), *parts])

    def piece(self, j: int, t: float) -> int:
        """The row of the piece of input j that time t lies in, or that begins there."""
        low, high = self.first[j], self.first[j + 1]
        return int(low + max(0, np.searchsorted(self.knots[low:high], t, side="right") - 1))

    def at(self, times: Values) -> Values:
        """Values, then rates, of all inputs at times (T,): (T, 2 inputs)."""
        found = np.zeros((len(times), 2 * len(self)))
        for r, t in enumerate(times):
            for j in range(len(self)):
                i = self.piece(j, t)
                x, (c0, c1, c2, c3) = t - self.knots[i], self.coefficients[i]
                found[r, j] = c0 + x * (c1 + x * (c2 + x * c3))
                found[r, len(self) + j] = c1 + x * (2.0 * c2 + 3.0 * x * c3)
        return found

    @cached_property
    def stops(self) -> Values:
        """The knots of all series, ascending: where the right-hand side is not smooth."""
        return np.unique(self.knots)


class Slots:
    """The inputs' numbers among the parameters of one run from Python: `enter` says from which time on."""

    def __init__(self, tables: Tables, parameters: Values) -> None:
        self._tables = tables
        count = len(tables)
        self._values = parameters[len(parameters) - 2 * count : len(parameters) - count]
        self._pieces: list[tuple[float, list[float]]] = []

    def enter(self, t: float) -> None:
        """From here on the pieces are those that time t lies in or begins."""
        rows = [self._tables.piece(j, t) for j in range(len(self._tables))]
        self._pieces = [(float(self._tables.knots[i]), self._tables.coefficients[i].tolist()) for i in rows]

    def before(self, run: Callable[[float], None]) -> Callable[[float], None]:
        """`run(t)` after the inputs of that time are written."""

        def refreshed(t: float) -> None:
            for j, (knot, (c0, c1, c2, c3)) in enumerate(self._pieces):
                x = t - knot
                self._values[j] = c0 + x * (c1 + x * (c2 + x * c3))
            run(t)

        return refreshed


NO_TABLES = Tables(())


def tables_of(system: System, given: Mapping[str, Series] | None, start: float, end: float) -> Tables:
    """The series of a System's inputs by label, for a run from `start` to `end`.

    Raises R617 for a series that is missing, that is no series of finite numbers at ascending times, or that does not
    reach from `start` to `end`, and for a rule of interpolation that is not known. The last value of a series that is
    read by the `previous` rule holds for ever.
    """
    labels = [i.label for i in system.inputs]
    for label in given or {}:
        if label not in labels:
            near = get_close_matches(label, labels, 1)
            it_has = "its inputs are: " + ", ".join(labels) if labels else "it has no inputs"
            hint = f"did you mean {near[0]!r}?" if near else it_has
            raise RxnError("R617", f"{label!r} is no input of {system.name}", hint=hint)
    if not labels:
        return NO_TABLES
    missing = [label for label in labels if label not in (given or {})]
    if missing:
        hint = f"give inputs={{{missing[0]!r}: (times, values)}}"
        raise RxnError("R617", f"{system.name} needs a series of {', '.join(missing)}", hint=hint)
    assert given is not None
    return Tables([_series(i, given[i.label], start, end) for i in system.inputs])


def _series(which: Input, given: Series, start: float, end: float) -> Piecewise:
    if which.interpolation not in _RULES:
        near = get_close_matches(which.interpolation, list(_RULES), 1)
        hint = f"did you mean {near[0]!r}?" if near else "there are " + ", ".join(_RULES)
        raise RxnError("R617", f"{which.label!r} is to be interpolated by {which.interpolation!r}", hint=hint)
    times, values = _numbers(which.label, given)
    for k in range(len(times)):
        if not (np.isfinite(times[k]) and np.isfinite(values[k])):
            raise RxnError("R617", f"point {k + 1} of the input {which.label!r} is ({times[k]:g}, {values[k]:g})")
    steps = np.diff(times)
    if not (steps > 0.0).all():
        k = int(np.argmin(steps > 0.0))
        message = f"the times of the input {which.label!r} must increase, but {times[k]:.9g} is followed by"
        raise RxnError("R617", f"{message} {times[k + 1]:.9g}")
    last = np.inf if which.interpolation == "previous" else times[-1]
    if start < times[0] or end > last:
        message = f"the input {which.label!r} is given from t = {times[0]:.9g} to {times[-1]:.9g}, but"
        raise RxnError("R617", f"{message} the run goes from {start:.9g} to {end:.9g}")
    return Piecewise(times, values, *_RULES[which.interpolation](times))


def _numbers(label: str, given: Series) -> tuple[Values, Values]:
    try:
        times, values = (np.array(part, dtype=np.float64) for part in given)
    except (TypeError, ValueError):
        raise RxnError("R617", f"the input {label!r} is not a pair of times and values") from None
    if times.ndim != 1 or times.shape != values.shape or not times.size:
        message = f"the input {label!r} has times of shape {times.shape} and values of shape {values.shape}"
        raise RxnError("R617", message, hint="give as many values as times")
    return times, values


# ------------------------------------------------------------------------------------------- rules of interpolation


def _previous(knots: Values) -> tuple[Linear, Linear]:
    """The value of the last knot, which jumps."""

    def push(values: Values) -> Values:
        found = np.zeros((*values.shape, DEGREES))
        found[..., 0] = values
        return found

    return push, lambda gradient: gradient[:, 0].copy()


def _linear(knots: Values) -> tuple[Linear, Linear]:
    """Straight lines; the last goes on."""
    if len(knots) == 1:
        return _previous(knots)
    h = np.diff(knots)

    def push(values: Values) -> Values:
        found = np.zeros((*values.shape, DEGREES))
        found[..., 0] = values
        slope = np.diff(values, axis=-1) / h
        found[..., :-1, 1], found[..., -1, 1] = slope, slope[..., -1]
        return found

    def pull(gradient: Values) -> Values:
        slope = gradient[:-1, 1].copy()
        slope[-1] += gradient[-1, 1]
        found = gradient[:, 0].copy()
        found[1:] += slope / h
        found[:-1] -= slope / h
        return found

    return push, pull


def _cubic(knots: Values) -> tuple[Linear, Linear]:
    """The cubic spline, twice differentiable, whose outer two pieces are one cubic (not-a-knot).

    Its slopes s solve A s = B v; with the chord d of a piece of length h, its coefficients are
    v, s_0, (3 d - 2 s_0 - s_1)/h, (s_0 + s_1 - 2 d)/h^2.                              de Boor 1978, A Practical Guide
    """
    if len(knots) < 3:
        return _linear(knots)
    from scipy.sparse import csc_matrix
    from scipy.sparse.linalg import splu

    matrix, chords = _slope_equations(np.diff(knots))
    factors, chords = splu(csc_matrix(matrix)), csc_matrix(chords)
    h = np.diff(knots)

    def push(values: Values) -> Values:
        flat = values.reshape(-1, len(knots)).T  # (K, directions)
        d = np.diff(flat, axis=0) / h[:, np.newaxis]
        s = factors.solve(np.ascontiguousarray(chords @ d))
        found = np.zeros((*flat.shape, DEGREES))
        found[:, :, 0], found[:, :, 1] = flat, s
        w = h[:, np.newaxis]
        found[:-1, :, 2] = (3.0 * d - 2.0 * s[:-1] - s[1:]) / w
        found[:-1, :, 3] = (s[:-1] + s[1:] - 2.0 * d) / w**2
        return np.ascontiguousarray(found.transpose(1, 0, 2)).reshape(*values.shape, DEGREES)

    def pull(gradient: Values) -> Values:
        bend, twist = gradient[:-1, 2] / h, gradient[:-1, 3] / h**2
        s = gradient[:, 1].copy()
        s[:-1] += twist - 2.0 * bend
        s[1:] += twist - bend
        d = 3.0 * bend - 2.0 * twist + chords.T @ factors.solve(s, "T")
        found = gradient[:, 0].copy()
        found[1:] += d / h
        found[:-1] -= d / h
        return found

    return push, pull


def _slope_equations(h: Values) -> tuple[Any, Any]:
    """(A (K, K), B (K, K - 1)), sparse, of A slopes = B chords."""
    from scipy.sparse import lil_matrix

    n = len(h) + 1
    a, b = lil_matrix((n, n)), lil_matrix((n, n - 1))
    for i in range(1, n - 1):
        left, right = h[i - 1], h[i]
        a[i, i - 1], a[i, i], a[i, i + 1] = right, 2.0 * (left + right), left
        b[i, i - 1], b[i, i] = 3.0 * right, 3.0 * left
    if n == 3:  # one parabola
        a[0, 0] = a[0, 1] = a[2, 1] = a[2, 2] = 1.0
        b[0, 0] = b[2, 1] = 2.0
        return a, b
    for row, i, j, near, far in ((0, 0, 1, h[0], h[1]), (n - 1, n - 2, n - 3, h[-1], h[-2])):
        a[row, row], a[row, 1 if row == 0 else n - 2] = far, near + far
        b[row, i] = (3.0 * near + 2.0 * far) * far / (near + far)
        b[row, j] = near**2 / (near + far)
    return a, b


_RULES: dict[str, Callable[[Values], tuple[Linear, Linear]]] = {
    "linear": _linear, "previous": _previous, "cubic": _cubic,
}  # fmt: skip
