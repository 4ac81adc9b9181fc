"""A kernel at many states, in compiled code. Importing this file loads numba."""

from __future__ import annotations

from typing import Any

from ...kernels.jit import call_kernel, jit


@jit
def each_row(address: int, t: float, states: Any, parameters: Any, out: Any) -> None:
    """out[i] = kernel(t, states[i], parameters), for all rows i."""
    for i in range(states.shape[0]):
        call_kernel(address, t, states[i], parameters, out[i])
