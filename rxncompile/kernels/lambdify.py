"""A System's functions for a user's own numba code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

from ..errors import RxnError
from ..system import System
from .jit import kernel_at
from .program import jacobian_program, output_program, propensity_program, rhs_program
from .source import Kernel, compile_matrix, compile_program

_PARTS: dict[str, Callable[[System], Kernel]] = {
    "rhs": lambda system: compile_program(rhs_program(system)),
    "jacobian": lambda system: compile_matrix(jacobian_program(system)),
    "propensities": lambda system: compile_program(propensity_program(system)),
    "outputs": lambda system: compile_program(output_program(system)),
}


def lambdify(system: System, part: str = "rhs") -> Callable[..., None]:
    """A numba function `f(t, y, p, out)` of a System, callable from jitted code and from Python.

    `part` says what fills `out`: "rhs" d y_i/dt; "jacobian" d(d y_i/dt)/d y_j, row by row, n * n numbers in any
    contiguous shape; "propensities" one a jump; "outputs" one an output. `y` and `p` follow `system.states` and
    `system.parameters`; all arrays are contiguous float64. The function raises ValueError for an array that is
    too short. Raises R523 for another part, and what `kernels.program` raises for a System that cannot be compiled.
    """
    if part not in _PARTS:
        raise RxnError("R523", f"a System has no part {part!r} to compile", hint="parts: " + ", ".join(_PARTS))
    kernel = _PARTS[part](system)
    n_states, n_parameters, n_out = kernel.n_states, kernel.n_parameters, kernel.n_out
    call = kernel_at(kernel.address)

    @njit(nogil=True, error_model="numpy")
    def f(t: float, y: Any, p: Any, out: Any) -> None:
        if y.size < n_states or p.size < n_parameters or out.size < n_out:
            raise ValueError("y, p or out is shorter than the system needs")
        call(t, y, p, out)

    f.kernel = kernel
    return f
