"""How far a reduction can be trusted: what the slow variables do while the fast ones relax.

    epsilon_s = t_fast |d s/dt| / s        at the start; t_fast the time in which the fast species balance
    gap       = |slowest fast rate| / |fastest slow rate|, eigenvalues of the fast block and of the reduced equations

With d s/dt at the first fast species (standard) epsilon is Segel and Slemrod's E0/(S0 + K_M); at balanced ones, of the
total (total), it is Tzafriri's K (a/sqrt(a^2 - 4 E0 S0) - 1)/(2 S0), a = E0 + S0 + K_M, K = k_cat/k_f.
Sources: Segel and Slemrod 1989, SIAM Rev. 31, 446; Tzafriri 2003, Bull. Math. Biol. 65, 1111.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from ...errors import RxnError
from ...expressions import TIME, derivative, to_float
from ...network import Distribution
from ...structure.slopes import Slope
from .assembly import Reduction, Validity
from .unknowns import SlopeWithFields

_NEGLIGIBLE = 1e-9


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
    fast = _eigenvalues(found, values, {**balanced, **{t: slow[t] for t in slow if t not in mech.states}})
    time = 1.0 / min(abs(x.real) for x in fast) if len(fast) and min(abs(x.real) for x in fast) > 0.0 else math.nan
    epsilon = []
    rhs = dict(zip((s.symbol for s in system.states), system.rhs, strict=True))
    early = Slope({**dict(mech.system.definitions), **dict(system.parameter_values()), TIME: sp.S.Zero}, first)
    for s in system.states:
        if s.symbol in mech.states and found.form == "standard":
            speed = abs(early(mech.drift(s.symbol))[0])
        else:
            speed = abs(at(rhs[s.symbol])[0])
        size = abs(slow[s.symbol])
        epsilon.append((s.label, time * speed / size if size else math.nan))
    reduced = _matrix(rhs, at, list(slow))
    modes = np.abs(np.linalg.eigvals(reduced)) if len(slow) else np.zeros(0)
    fastest = float(modes.max()) if modes.size else 0.0
    gap = 1.0 / (time * fastest) if fastest > 0.0 and time > 0.0 else math.inf
    return Validity(time, tuple(epsilon), gap)


def _start(initial: sp.Expr | Distribution, values: Mapping[sp.Symbol, sp.Expr]) -> float:
    if isinstance(initial, Distribution):
        raise ValueError("a distribution")
    return Slope(values, {})(initial)[0] if not initial.is_number else to_float(initial)


def _eigenvalues(
    found: Reduction, values: Mapping[sp.Symbol, sp.Expr], point: Mapping[sp.Symbol, float]
) -> NDArray[np.complex128]:
    """Rates at which what is fast relaxes, slow sums held: those of the fast reactions' space at the balance."""
    mech = found.mechanism
    touched = [s for s in found.fast if s in mech.states]
    laws = [t.weights for t in found.totals if set(t.weights) <= set(touched)]
    known = {k: v for k, v in values.items() if k not in mech.states}
    at = Slope(known, dict(point))
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
    found_values = np.linalg.eigvals(solved)
    return np.asarray(found_values, dtype=np.complex128)


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
