"""Formulas, their roots and Newton's method at many points at once: arrays in place of numbers.

The method is that of a computed field (`roots.implicit_root`, positive), so that what it does is known beforehand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, TypeAlias

import numpy as np
import sympy as sp
from numpy.typing import NDArray
from sympy.logic.boolalg import BooleanFalse, BooleanTrue

from ...expressions import derivative
from ...roots import BOUNDLESS, LARGEST_GAIN, LARGEST_LOSS, OVERLAP, TINY, WIDER

Array: TypeAlias = NDArray[np.float64]

_FUNCTIONS: dict[Any, Callable[[Any], Any]] = {
    sp.exp: np.exp, sp.log: np.log, sp.sin: np.sin, sp.cos: np.cos, sp.tan: np.tan, sp.tanh: np.tanh,
    sp.Abs: np.abs, sp.floor: np.floor, sp.ceiling: np.ceil, sp.sign: np.sign,
}  # fmt: skip
_RELATIONS: dict[Any, Callable[[Any, Any], Any]] = {
    sp.StrictLessThan: np.less, sp.LessThan: np.less_equal, sp.StrictGreaterThan: np.greater,
    sp.GreaterThan: np.greater_equal, sp.Equality: np.equal, sp.Unequality: np.not_equal,
}  # fmt: skip


class Values:
    """Formulas at the points whose coordinates are `given`, arrays that fit each other; nan where there is none."""

    def __init__(self, given: Mapping[sp.Symbol, Array]) -> None:
        self._known: dict[Any, Any] = dict(given)

    def __call__(self, expr: Any) -> Any:
        """The value of a formula. Raises KeyError for an unknown name, ValueError for an unknown function."""
        found = self._known.get(expr)
        if found is None:
            with np.errstate(all="ignore"):
                found = self._known[expr] = self._made(expr)
        return found

    def put(self, name: sp.Symbol, values: Array) -> None:
        """One more coordinate."""
        self._known[name] = values

    def _made(self, expr: Any) -> Any:
        if expr.is_Symbol:
            raise KeyError(expr.name)
        if isinstance(expr, (BooleanTrue, BooleanFalse)):
            return np.bool_(bool(expr))
        if expr.is_number:
            return np.float64(expr)
        parts = [] if isinstance(expr, sp.Piecewise) else [self(a) for a in expr.args]
        if expr.is_Add:
            return reduce(np.add, parts)
        if expr.is_Mul:
            return reduce(np.multiply, parts)
        if expr.is_Pow:
            return np.power(*parts)
        if isinstance(expr, sp.Piecewise):
            found: Any = np.float64(np.nan)
            for value, condition in reversed(expr.args):
                found = np.where(self(condition), self(value), found)
            return found
        if isinstance(expr, sp.Min | sp.Max):
            return reduce(np.minimum if isinstance(expr, sp.Min) else np.maximum, parts)
        if isinstance(expr, sp.And | sp.Or):
            return reduce(np.logical_and if isinstance(expr, sp.And) else np.logical_or, parts)
        if isinstance(expr, sp.Not):
            return np.logical_not(parts[0])
        function = _FUNCTIONS.get(expr.func) or _RELATIONS.get(expr.func)
        if function is None:
            raise ValueError(f"{expr.func} has no value")
        return function(*parts)


@dataclass(frozen=True)
class Equations:
    """`residuals` of `unknowns`, equation i eliminating unknown i; `slopes` are their derivatives."""

    unknowns: tuple[sp.Symbol, ...]
    residuals: tuple[sp.Expr, ...]
    slopes: tuple[tuple[sp.Expr, ...], ...]

    @classmethod
    def of(cls, unknowns: Sequence[sp.Symbol], residuals: Sequence[sp.Expr]) -> Equations:
        slopes = tuple(tuple(derivative(f, u) for u in unknowns) for f in residuals)
        return cls(tuple(unknowns), tuple(residuals), slopes)

    def ordered(self, rows: Sequence[int], columns: Sequence[int]) -> Equations:
        """The same equations and unknowns in another order."""
        return Equations(
            tuple(self.unknowns[j] for j in columns), tuple(self.residuals[i] for i in rows),
            tuple(tuple(self.slopes[i][j] for j in columns) for i in rows),
        )  # fmt: skip

    def values(self, given: Mapping[sp.Symbol, Array], at: Array) -> Values:
        return Values({**given, **{u: at[..., k] for k, u in enumerate(self.unknowns)}})

    def matrix(self, given: Mapping[sp.Symbol, Array], at: Array) -> Array:
        """d residual/d unknown, (..., n, n)."""
        value, shape = self.values(given, at), at.shape[:-1]
        rows = [np.stack([np.broadcast_to(value(e), shape) for e in row], axis=-1) for row in self.slopes]
        return np.stack(rows, axis=-2)

    def imbalance(self, given: Mapping[sp.Symbol, Array], at: Array) -> tuple[Array, Array]:
        """Of each residual its size, and the sum of its terms without their signs, (..., n)."""
        value, shape = self.values(given, at), at.shape[:-1]
        whole, parts = [], []
        for f in self.residuals:
            terms = [np.broadcast_to(value(term), shape) for term in sp.Add.make_args(f)]
            whole.append(np.abs(np.sum(terms, axis=0)))
            parts.append(np.sum(np.abs(terms), axis=0))
        return np.stack(whole, axis=-1), np.stack(parts, axis=-1)

    def move(self, given: Mapping[sp.Symbol, Array], at: Array, pivots: bool = False) -> Array:
        """What Newton's method adds to the unknowns; nan where the slopes do not decide it."""
        value, shape = self.values(given, at), at.shape[:-1]
        right = np.stack([np.broadcast_to(-value(f), shape) for f in self.residuals], axis=-1)
        with np.errstate(all="ignore"):
            return _solved(self.matrix(given, at), right, pivots)


class Turns:
    """How a field's turns are kept where roots can be: positive, or between the bounds that residuals gave so far."""

    def __init__(self, rising: int = 0) -> None:
        self.rising = rising
        self.low: Any = 0.0
        self.high: Any = BOUNDLESS
        self.last: Any = BOUNDLESS

    def after(self, at: Array, move: Array, equations: Equations, given: Mapping[sp.Symbol, Array]) -> Array:
        """The unknowns after a turn."""
        if not self.rising:
            part = move / (at + TINY)
            most = np.maximum(-part / LARGEST_LOSS, part / LARGEST_GAIN).max(axis=-1, keepdims=True)
            return at + move / np.maximum(most, 1.0)
        value = equations.values(given, at)(equations.residuals[0])
        above = np.broadcast_to(self.rising * value > 0.0, at.shape[:-1])[..., np.newaxis]
        self.low, self.high = np.where(above, self.low, at), np.where(above, at, self.high)
        found, open_above, open_below = at + move, self.high >= BOUNDLESS, self.low <= 0.0
        top, bottom = np.where(open_above, WIDER * at, self.high), np.where(open_below, at / WIDER, self.low)
        inside = (found >= (1.0 - OVERLAP) * bottom) & (found <= (1.0 + OVERLAP) * top)
        inside &= np.abs(move) <= np.maximum(0.5 * self.last, OVERLAP * at)
        other = np.where(open_above, WIDER * at, np.sqrt(self.low * self.high))
        found = np.where(inside, found, np.where(open_below, at / WIDER, other))
        self.last = np.abs(found - at)
        return found


def _solved(matrix: Array, right: Array, pivots: bool) -> Array:
    """Linear systems side by side, (..., n, n) and (..., n)."""
    n = right.shape[-1]
    a = np.concatenate([matrix, right[..., np.newaxis]], axis=-1)
    for k in range(n):
        if pivots:
            best = k + np.argmax(np.nan_to_num(np.abs(a[..., k:, k])), axis=-1)[..., np.newaxis, np.newaxis]
            chosen = np.take_along_axis(a, np.broadcast_to(best, (*a.shape[:-2], 1, n + 1)), axis=-2)
            np.put_along_axis(a, np.broadcast_to(best, chosen.shape), a[..., k : k + 1, :], axis=-2)
            a[..., k : k + 1, :] = chosen
        factor = np.where(a[..., k + 1 :, k] == 0.0, 0.0, a[..., k + 1 :, k] / a[..., k, k, np.newaxis])
        a[..., k + 1 :, :] -= factor[..., np.newaxis] * a[..., k, np.newaxis, :]
    found = np.empty_like(right)
    for k in reversed(range(n)):
        rest = (a[..., k, k + 1 : n] * found[..., k + 1 :]).sum(axis=-1)
        found[..., k] = (a[..., k, n] - rest) / a[..., k, k]
    return found
