"""How far a reduction can be trusted: what the slow variables do while the fast ones relax.

    epsilon_s = |change of s while the fast species balance| / s        at the start
    gap       = |slowest fast rate| / |fastest slow rate|, eigenvalues of the fast block and of the reduced equations

Of a slow species that keeps its meaning, d s/dt = g(x) with the slow ones held, J = d (d x/dt)/dx at the balance x* of
the fast ones, t_fast the slowest time of J:

    bound = -integral of g(x(t)) - g(x*),   x(t) = x* + exp(J t) (x(0) - x*),        change = bound - g(x*) t_fast

or `bound` where that is larger: it counts what is bound at once and what is bound through a chain of complexes. With
one fast time the change is g(x(0)) t_fast and epsilon is Segel and Slemrod's E0/(S0 + K_M) (standard). Of a sum that
the fast reactions keep nothing is bound, its change is g(x*) t_fast (total): Tzafriri's
K (a/sqrt(a^2 - 4 E0 S0) - 1)/(2 S0), a = E0 + S0 + K_M, K = k_cat/k_f.
Sources: Segel and Slemrod 1989, SIAM Rev. 31, 446; Tzafriri 2003, Bull. Math. Biol. 65, 1111.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from ...errors import RxnError
from ...expressions import TIME, derivative, to_float
from ...network import Distribution
from ...structure.slopes import Slope
from .assembly import Reduction, Validity
from .many_points import Values
from .unknowns import SlopeWithFields

_NEGLIGIBLE = 1e-9
_FIRST, _LAST, _TIMES = 1e-3, 40.0, 600  # times of a relaxation, from its quickest to its slowest rate


def validity(found: Reduction) -> Validity:
    """The numbers of a reduction at its start. Raises R525 where a formula has no value or slope there."""
    mech = found.mechanism
    try:
        return _validity(found)
    except (ArithmeticError, ValueError, KeyError, StopIteration, TypeError):
        message = f"the reduction of {mech.name} has no validity number: a formula has no slope at the start"
        raise RxnError("R525", message, hint="a rate divides by zero there, or takes a root of zero") from None


def _validity(found: Reduction) -> Validity:
    mech, system = found.mechanism, found.system
    values: dict[sp.Symbol, sp.Expr] = {TIME: sp.S.Zero}
    values |= dict(system.parameter_values()) | dict(mech.system.definitions) | dict(system.definitions)
    slow = {s.symbol: _start(s.initial, values) for s in system.states}
    at = SlopeWithFields(values, slow, system.fields)
    balanced = {s: at(s)[0] if s not in slow else slow[s] for s in mech.states}
    first = {s: _start(mech.states[s].initial, values) for s in mech.states}
    point = {**balanced, **{t: slow[t] for t in slow if t not in mech.states}}
    near = Slope({k: v for k, v in values.items() if k not in mech.states}, point)
    relaxing = _relaxation(found, near)
    fast = np.abs(relaxing.rates.real)
    time = 1.0 / float(fast.min()) if len(fast) and fast.min() > 0.0 else math.nan
    away = np.array([first[s] - balanced[s] for s in relaxing.species])
    epsilon = []
    rhs = dict(zip((s.symbol for s in system.states), system.rhs, strict=True))
    for s in system.states:
        if s.symbol in mech.states and found.form != "reverse":  # which starts when all is bound
            speed = near(mech.drift(s.symbol))[0]
            bound = -relaxing.beyond(mech.drift(s.symbol), near, away) if time == time else math.nan
            change = max(abs(bound - speed * time), abs(bound))
        else:
            change = time * abs(at(rhs[s.symbol])[0])
        size = abs(slow[s.symbol])
        epsilon.append((s.label, change / size if size and time == time else math.nan))
    reduced = _matrix(rhs, at, list(slow))
    modes = np.abs(np.linalg.eigvals(reduced)) if len(slow) else np.zeros(0)
    fastest = float(modes.max()) if modes.size else 0.0
    gap = 1.0 / (time * fastest) if fastest > 0.0 and time > 0.0 else math.inf
    return Validity(time, tuple(epsilon), gap)


def _start(initial: sp.Expr | Distribution, values: Mapping[sp.Symbol, sp.Expr]) -> float:
    if isinstance(initial, Distribution):
        raise ValueError("a distribution")
    return Slope(values, {})(initial)[0] if not initial.is_number else to_float(initial)


@dataclass(frozen=True, eq=False)
class _Relaxation:
    """How what is fast relaxes, slow sums held: d x/dt = basis matrix basis' x for deviations x in the basis."""

    species: tuple[sp.Symbol, ...]
    basis: NDArray[np.float64]
    matrix: NDArray[np.float64]

    @property
    def rates(self) -> NDArray[np.complex128]:
        return np.asarray(np.linalg.eigvals(self.matrix), dtype=np.complex128)

    def beyond(self, speed: sp.Expr, at: Slope, away: NDArray[np.float64]) -> float:
        """The integral over time of what a speed is beyond that at the balance, as a deviation `away` relaxes.

        What is linear in the deviation exactly, the rest by the trapezoidal rule in the logarithm of time.
        """
        balanced, slopes = at(speed)
        linear = np.array([slopes.get(s, 0.0) for s in self.species])
        first = self.basis.T @ away
        lasting = -float(linear @ self.basis @ np.linalg.solve(self.matrix, first))
        rates, modes = np.linalg.eig(self.matrix)
        if (rates.real >= 0.0).any():
            return lasting
        times = np.geomspace(_FIRST / np.abs(rates).max(), _LAST / np.abs(rates.real).min(), _TIMES)
        shares = np.linalg.solve(modes, first.astype(np.complex128))
        path = self.basis @ (modes @ (shares[:, np.newaxis] * np.exp(np.outer(rates, times)))).real
        point = {s: np.array(at(s)[0]) for s in speed.free_symbols}
        point |= {s: at(s)[0] + path[k] for k, s in enumerate(self.species)}
        rest = np.broadcast_to(Values(point)(speed), times.shape) - balanced - linear @ path
        areas = (rest[1:] * times[1:] + rest[:-1] * times[:-1]) / 2.0 * np.diff(np.log(times))
        return lasting + float(rest[0] * times[0] + areas.sum())


def _relaxation(found: Reduction, at: Slope) -> _Relaxation:
    """That of the fast reactions' space, linear about the balance."""
    mech = found.mechanism
    touched = [s for s in found.fast if s in mech.states]
    laws = [t.weights for t in found.totals if set(t.weights) <= set(touched)]
    conditions = dict(found.conditions)
    chosen = list(conditions)
    jacobian = np.zeros((len(chosen), len(touched)))
    for i, s in enumerate(chosen):
        for name, slope in at(conditions[s])[1].items():
            if name in touched:
                jacobian[i, touched.index(name)] = slope
    # species that are not fast themselves follow by the sums
    whole = np.zeros((len(touched), len(touched)))
    for i, s in enumerate(chosen):
        whole[touched.index(s)] = jacobian[i]
    rows = np.array([[float(w.get(s, 0)) for s in touched] for w in laws]).reshape(len(laws), len(touched))
    if len(laws):
        _, singular, vectors = np.linalg.svd(rows)
        basis = vectors[int((singular > _NEGLIGIBLE * singular.max()).sum()) :].T
    else:
        basis = np.eye(len(touched))
    # d x/dt of all touched species along the directions that the sums leave
    pick = [touched.index(s) for s in chosen]
    solved, *_ = np.linalg.lstsq(basis[pick], whole[pick] @ basis, rcond=None)
    return _Relaxation(tuple(touched), basis, solved)


def _matrix(rhs: Mapping[sp.Symbol, sp.Expr], at: Slope, slow: list[sp.Symbol]) -> NDArray[np.float64]:
    matrix = np.zeros((len(slow), len(slow)))
    for i, s in enumerate(slow):
        for name, slope in at(rhs[s])[1].items():
            if name in slow:
                matrix[i, slow.index(name)] = slope
    return matrix


def time_formula(found: Reduction) -> sp.Expr | None:
    """The time in which one fast species relaxes as a formula of slow ones: -1/(d G/d x); None of several.

    With the fast species where they balance in it only where the balance is not linear.
    """
    free = len(found.fast) - len([t for t in found.totals if set(t.weights) <= set(found.fast)])
    if free != 1:
        return None
    condition_of = dict(found.conditions)
    leading = next((s for s in reversed(found.fast) if s in condition_of), None)
    if leading is None:
        return None
    others: dict[sp.Symbol, sp.Expr] = {}
    for t in found.totals:
        if set(t.weights) <= set(found.fast):
            rest = [s for s in t.weights if s != leading and s not in others]
            if not rest:
                return None
            held = sp.Add(*(c * s for s, c in t.weights.items() if s != rest[0]))
            others[rest[0]] = (t.name - held) / t.weights[rest[0]]
    condition = condition_of[leading]
    for _ in others:
        condition = condition.xreplace(others)
    slope = sp.factor(-derivative(sp.expand(condition), leading))
    return 1 / slope if slope != 0 else None
