"""One number of a simulation, with its derivatives by what was simulated."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from ...errors import RxnError
from ..arrays import Values
from .trajectory import Trajectory

Loss: TypeAlias = Callable[[Trajectory], tuple[float, ArrayLike]]  # (the number, its derivatives (T, L))


def weighed(loss: Loss | ArrayLike, path: Trajectory) -> tuple[float, Values]:
    """(the number, its derivatives by the values (T, L)). Raises R604 for another shape."""
    values = path.values[0]
    if callable(loss):
        value, given = loss(path)
        weights = np.asarray(given, dtype=np.float64)
    else:
        weights = np.asarray(loss, dtype=np.float64)
        value = float((weights * values).sum()) if weights.shape == values.shape else np.nan
    if weights.shape != values.shape:
        message = f"the derivatives of a loss have shape {weights.shape}, expected {values.shape}, (times, labels)"
        raise RxnError("R604", message, hint="labels are: " + ", ".join(path.labels[:12]))
    return float(value), weights
