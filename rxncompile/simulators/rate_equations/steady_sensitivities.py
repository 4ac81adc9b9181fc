"""How a steady state depends on parameters and initial values: the implicit function theorem.

    0 = f(x, p)        L x = L x_0        (J + L'L) dx = -f_p dp + L' (L dx_0 - dL (x - x_0))

L: the linear combinations that the equations keep, as in `steady`. Where parameters weigh them, as volumes do, they
turn with p: from L f(y) = 0 at all y, dL f(y) = -L f_p(y) dp, and x - x_0 is a combination of such f(y). The adjoint
solves with the transposed matrix, once for a whole gradient.

Reder 1988, doi 10.1016/S0022-5193(88)80073-0 (control coefficients with conservation).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from ...errors import RxnError
from ...kernels.derivatives import gradient_program, parameter_program
from ...kernels.program import SparseProgram
from ...kernels.source import compile_program
from ...system import System
from ..arrays import Values
from ..directions import Directions, directions
from ..results.derivatives import Gradient, SteadySensitivities
from ..results.loss import Loss, weighed
from ..results.trajectory import Trajectory
from .equations import Function, Jacobian, compiled
from .steady import SteadyState, left_null, steady_state

_SINGULAR = 1e-12  # the least over the largest singular value of what is solved with
_TURNED = 1e-10  # of the sum of its terms: what parameters do to a kept combination


def steady_sensitivities(
    system: System,
    parameters: Sequence[str] | None = None,
    params: Mapping[str, object] | None = None,
    initial: Mapping[str, object] | None = None,
) -> SteadySensitivities:
    """The derivatives of the steady state that the solution goes to, states and outputs, by K parameters, (L, K).

    `parameters`: their labels; a state's label stands for its initial value, which matters through what the
    equations keep; by default all parameters that are no formulas of others. `scaled()` gives control coefficients.

    Raises R504 for a label that is not known, R619 where the state is not isolated beyond what is kept, and what
    `steady_state` raises.
    """
    point = _point(system, parameters, params, initial)
    right = point.right
    dx = point.size[:, np.newaxis] * np.linalg.solve(point.matrix, right.T / point.size[:, np.newaxis])
    found = dx
    if system.outputs:
        by, n = point.output_slopes, len(dx)
        found = np.concatenate([dx, by[:, :n] @ dx + by[:, n:] @ point.theta.q.T])
    state, theta = point.state, point.theta
    return SteadySensitivities(system.name, state.labels, state.values, theta.labels, theta.at, found)


def steady_gradient(
    system: System,
    loss: Loss | ArrayLike,
    parameters: Sequence[str] | None = None,
    params: Mapping[str, object] | None = None,
    initial: Mapping[str, object] | None = None,
) -> Gradient:
    """The gradient of one number of the steady state by K parameters: the adjoint, one solve for all of them.

    `loss`: a function of the steady state, as a Trajectory of one time, that gives the number and its derivatives by
    states and outputs (1, L); or these alone, (1, L) or (L,). All else as in `steady_sensitivities`.
    """
    point = _point(system, parameters, params, initial)
    state, theta, n = point.state, point.theta, len(system.states)
    units = (*(s.unit for s in system.states), *("" for _ in system.outputs))
    values = state.values[np.newaxis, np.newaxis]
    path = Trajectory(system.name, np.zeros(1), state.labels, units, values, "steady state")
    value, weights = weighed(loss if callable(loss) else np.reshape(loss, (1, -1)), path)
    pull, by_p = weights[0, :n].copy(), np.zeros(len(theta.p))
    if system.outputs:
        through = weights[0, n:] @ point.output_slopes
        pull, by_p = pull + through[:n], through[n:]
    costate = np.linalg.solve(point.matrix.T, pull * point.size) / point.size
    return Gradient(system.name, value, theta.labels, theta.at, theta.q @ by_p + point.right @ costate, path)


@dataclass(frozen=True, eq=False)
class _Point:
    """A steady state and the linear equations around it, in states scaled by `size`."""

    system: System
    theta: Directions
    state: SteadyState
    size: Values
    matrix: Values
    kept: Values

    @cached_property
    def right(self) -> Values:
        """-f_p q_k + L' (...), (K, n), unscaled."""
        theta, x = self.theta, self.state.values[: len(self.system.states)]
        found = -self._slopes_along(x)
        if len(self.kept):
            start = theta.s / self.size - self._turned(x)
            found += (start @ self.kept.T @ self.kept) * self.size
        return found

    @cached_property
    def _slopes(self) -> tuple[SparseProgram, Function]:
        found = parameter_program(self.system)
        return found, Function(compile_program(found.program), self.theta.p)

    @cached_property
    def output_slopes(self) -> Values:
        """Of the outputs by states and parameters, (outputs, n + P)."""
        found = gradient_program(self.system, [formula for _, formula in self.system.outputs])
        n, p = len(self.system.states), len(self.theta.p)
        entries = Function(compile_program(found.program), self.theta.p)(0.0, self.state.values[:n])
        return _dense(found, entries, (len(self.system.outputs), n + p))

    def _slopes_along(self, x: Values) -> Values:
        """f_p q_k at a state, (K, n)."""
        program, function = self._slopes
        f_p = _dense(program, function(0.0, x), (len(x), len(self.theta.p)))
        return self.theta.q @ f_p.T

    def _turned(self, x: Values) -> Values:
        """A vector v_k for every parameter with L v_k = dL (x - x_0), scaled, (K, n)."""
        theta, n = self.theta, len(x)
        nothing = np.zeros((len(theta.labels), n))
        random = np.random.default_rng(0)
        base = np.maximum(np.abs(x), np.abs(theta.start))
        points = [np.where(base > 0.0, base, self.size) * random.uniform(0.5, 1.5, n) for _ in range(2)]
        if not any(self._turns(y) for y in points):
            return nothing
        points += [np.where(base > 0.0, base, self.size) * random.uniform(0.5, 1.5, n) for _ in range(n)]
        rhs = Function(compiled(self.system).rhs, theta.p)
        f = np.array([rhs(0.0, y).copy() / self.size for y in points])  # (points, n)
        norms = np.linalg.norm(f, axis=1, keepdims=True)
        norms[norms == 0.0] = 1.0
        weights = np.linalg.lstsq((f / norms).T, (x - theta.start) / self.size, rcond=1e-12)[0] / norms[:, 0]
        for c, y in zip(weights, points, strict=True):
            nothing -= c * self._slopes_along(y) / self.size
        return nothing

    def _turns(self, y: Values) -> bool:
        """Whether L f_p is not zero at a state."""
        slopes = self._slopes_along(y) / self.size
        moved = np.abs(slopes @ self.kept.T)
        return bool((moved > _TURNED * (np.abs(slopes) @ np.abs(self.kept).T)).any())


def _point(
    system: System,
    parameters: Sequence[str] | None,
    params: Mapping[str, object] | None,
    initial: Mapping[str, object] | None,
) -> _Point:
    theta = directions(system, 0.0, parameters, params, initial)
    state = steady_state(system, params, initial)
    x = state.values[: len(system.states)]
    jacobian = Jacobian(compiled(system), theta.p, False)(0.0, x)
    size = _scale(np.maximum(np.abs(x), np.abs(theta.start)))
    jacobian = jacobian * size[np.newaxis, :] / size[:, np.newaxis]
    speed = float(np.abs(jacobian).max(initial=0.0)) or 1.0
    kept = left_null(jacobian)
    matrix = jacobian + speed * kept.T @ kept
    values = np.linalg.svd(matrix, compute_uv=False)
    if len(kept) != state.kept or values.min(initial=1.0) <= _SINGULAR * values.max(initial=1.0):
        message = f"the steady state of {system.name} is not isolated: it has no derivatives"
        hint = "a bifurcation is near; a little beside it the derivatives are large, but there"
        raise RxnError("R619", message, hint=hint)
    return _Point(system, theta, state, size, matrix, np.sqrt(speed) * kept)


def _scale(seen: Values) -> Values:
    """The scale of each state: its size, or the geometric mean of the others where there is none of it."""
    present = seen > 1e-9 * max(float(seen.max(initial=0.0)), 1e-300)
    return np.where(present, seen, np.exp(np.log(seen[present]).mean()) if present.any() else 1.0)


def _dense(found: SparseProgram, entries: Values, shape: tuple[int, int]) -> Values:
    matrix = np.zeros(shape)
    matrix[list(found.rows), list(found.columns)] = entries
    return matrix
