"""Numbers that a kernel should not have given, as errors that name the state or reaction they belong to."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..errors import RxnError, Span
from ..system import System

_HINT = "look for a division by zero, a logarithm or root of a negative number, or growth without bound"


def check_rhs(system: System, values: ArrayLike, t: float | None = None) -> None:
    """Raise R601 naming the first state whose d/dt in `values` (n_states) is not finite."""
    _check_finite(values, t, [(f"d {s.label}/dt", None) for s in system.states])


def check_states(system: System, values: ArrayLike, t: float | None = None) -> None:
    """Raise R601 naming the first state whose value in `values` (n_states) is not finite."""
    _check_finite(values, t, [(s.label, None) for s in system.states])


def check_outputs(system: System, values: ArrayLike, t: float | None = None) -> None:
    """Raise R601 naming the first output whose value in `values` (n_outputs) is not finite."""
    _check_finite(values, t, [(label, None) for label, _ in system.outputs])


def check_propensities(system: System, values: ArrayLike, t: float | None = None) -> None:
    """Raise R601 naming the first reaction whose propensity in `values` is not finite, R602 if one is negative."""
    _check_finite(values, t, [(f"the propensity of {j.name!r}", j.origin) for j in system.jumps])
    for r in np.flatnonzero(np.asarray(values)[: len(system.jumps)] < 0.0).tolist():
        jump = system.jumps[r]
        message = f"the propensity of {jump.name!r} is negative: {np.asarray(values)[r]:g}{_when(t)}"
        raise RxnError("R602", message, jump.origin, "a rate must not be negative wherever its reactants suffice")


def _check_finite(values: ArrayLike, t: float | None, names: list[tuple[str, Span | None]]) -> None:
    numbers = np.asarray(values, dtype=np.float64)[: len(names)]
    bad = np.flatnonzero(~np.isfinite(numbers))
    if bad.size:
        i = int(bad[0])
        name, span = names[i]
        what = "not a number" if np.isnan(numbers[i]) else "infinite"
        raise RxnError("R601", f"{name} is {what}{_when(t)}", span, _HINT)


def _when(t: float | None) -> str:
    return "" if t is None else f" at t = {t:g}"
