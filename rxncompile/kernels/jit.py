"""The one numba decorator, and how jitted code calls kernels: by address, so that it is compiled once for all models.

Imports numba (a third of a second): import this file only where jitted code is used.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from numba import njit, types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic

# No eager signatures (imports would compile), no fastmath (results would depend on the machine).
jit: Callable[..., Any] = partial(njit, cache=True, nogil=True, error_model="numpy")

# For loops over many arrays that allocate nothing: without counting of references, which is atomic and slow.
bare_jit: Callable[..., Any] = partial(jit, _nrt=False)

_ir = cgutils.ir  # numba's own view of LLVM; `store` alone talks to llvmlite
_REAL, _WHOLE, _POINTER = _ir.DoubleType(), _ir.IntType(64), _ir.IntType(8).as_pointer()


def _check(name: str, *arrays: Any) -> None:
    for array in arrays:
        if not (isinstance(array, types.Array) and array.dtype == types.float64 and array.layout == "C"):
            raise TypingError(f"{name} takes contiguous float64 arrays, not {array}")


def _call(builder: Any, result: Any, address: Any, kinds: list[Any], values: list[Any]) -> Any:
    """A call of the function at an address."""
    function = _ir.FunctionType(result, kinds).as_pointer()
    return builder.call(builder.inttoptr(address, function), values)


def _start(context: Any, builder: Any, kind: Any, array: Any) -> Any:
    """Where an array's numbers begin."""
    return builder.bitcast(context.make_array(kind)(context, builder, array).data, _POINTER)


def _call_kernel(context: Any, builder: Any, address: Any, t: Any, kinds: Any, arrays: Any) -> Any:
    starts = [_start(context, builder, kind, a) for kind, a in zip(kinds, arrays, strict=True)]
    _call(builder, _ir.VoidType(), address, [_REAL, _POINTER, _POINTER, _POINTER], [t, *starts])
    return context.get_dummy_value()


@intrinsic
def call_kernel(typing: Any, address: Any, t: Any, y: Any, p: Any, out: Any) -> Any:
    """`call_kernel(address, t, y, p, out)`: a kernel of shape 1. Sizes are not checked, as nowhere in jitted code."""
    _check("call_kernel", y, p, out)

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _call_kernel(context, builder, args[0], args[1], signature.args[2:], args[2:])

    return types.void(types.int64, types.float64, y, p, out), build


@intrinsic
def call_propensity(typing: Any, address: Any, r: Any, t: Any, y: Any, p: Any) -> Any:
    """`call_propensity(address, r, t, y, p)`: a kernel of shape 2, one reaction's propensity."""
    _check("call_propensity", y, p)

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        starts = [_start(context, builder, kind, a) for kind, a in zip(signature.args[3:], args[3:], strict=True)]
        return _call(builder, _REAL, args[0], [_WHOLE, _REAL, _POINTER, _POINTER], [args[1], args[2], *starts])

    return types.float64(types.int64, types.int64, types.float64, y, p), build


def kernel_at(address: int) -> Any:
    """`call(t, y, p, out)` for jitted code: the kernel at a fixed address.

    The address ends with this process, so numba is told, and refuses to keep on disk whatever calls it.
    """

    @intrinsic
    def call(typing: Any, t: Any, y: Any, p: Any, out: Any) -> Any:
        _check("a kernel", y, p, out)

        def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            place = builder.ptrtoint(context.add_dynamic_addr(builder, address, info="rxncompile_kernel"), _WHOLE)
            return _call_kernel(context, builder, place, args[0], signature.args[1:], args[1:])

        return types.void(types.float64, y, p, out), build

    return call
