"""The exported Python text compiled by numba: another road from a program to numbers, to hold kernels against."""

import math
from typing import Any

import numba

from rxncompile.kernels.program import Program
from rxncompile.kernels.python import _helpers, python_function
from rxncompile.kernels.source import Kernel


def compile_python(program: Program) -> Kernel:
    """The same kernel as `source.compile_program`, made by numba from the exported text: slow to compile, no LLVM text.

    Raises whatever numba raises where it cannot compile.
    """
    function = python_function(program, "f")
    helpers = "\n".join(_helpers(function))
    names: dict[str, Any] = {"math": math}
    exec(compile(helpers + function, "<rxncompile kernel>", "exec"), names)
    for helper in [name for name in ("_floor", "_ceil") if name in names]:
        names[helper] = numba.njit(names[helper])
    pointer = numba.types.CPointer(numba.float64)
    signature = numba.void(numba.float64, pointer, pointer, pointer)
    code = numba.cfunc(signature, error_model="numpy")(names["f"])
    return Kernel(code.address, program.n_states, program.n_parameters, len(program.outputs), code)
