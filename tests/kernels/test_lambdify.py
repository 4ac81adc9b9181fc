"""Kernels inside a user's own jitted code, and jitted code that is compiled once for all kernels."""

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import sympy as sp
from kernel_cases import reaction_network
from numba import njit
from numba.core.errors import NumbaWarning, TypingError

import rxncompile
from rxncompile.errors import RxnError
from rxncompile.kernels.jit import call_kernel, call_propensity, jit
from rxncompile.kernels.lambdify import lambdify
from rxncompile.kernels.program import propensity_program, rhs_program
from rxncompile.kernels.source import compile_program, compile_propensity

SYSTEM = reaction_network()
Y, P = np.array([30.0, 20.0, 4.0]), np.array([0.01, 0.5])


def exact_rhs(y) -> list[float]:
    return [float(v) for v in SYSTEM.evaluate(dict(zip("ABC", y, strict=True))).values()]


def test_right_hand_side_in_a_loop_of_the_user_s():
    f = lambdify(SYSTEM, "rhs")

    @njit
    def euler(y, p, h, n):
        speed = np.empty_like(y)
        for i in range(n):
            f(i * h, y, p, speed)
            y = y + h * speed
        return y

    y = Y.copy()
    for _ in range(10):
        y = y + 0.001 * np.array(exact_rhs(y))
    np.testing.assert_allclose(euler(Y, P, 0.001, 10), y, rtol=1e-13)  # ten steps of a few roundings


def test_every_part_equals_sympy():
    values = dict(zip((s.symbol for s in SYSTEM.states), map(sp.Rational, Y.tolist()), strict=True))
    values |= SYSTEM.parameter_values()
    formulas = [rhs.xreplace(dict(SYSTEM.definitions)) for rhs in SYSTEM.rhs]
    definitions = dict(SYSTEM.definitions)
    expected = {
        "rhs": formulas,
        "jacobian": [sp.diff(f, s.symbol) for f in formulas for s in SYSTEM.states],
        "propensities": [jump.propensity.xreplace(definitions) for jump in SYSTEM.jumps],
        "outputs": [formula for _, formula in SYSTEM.outputs],
    }
    for part, exact in expected.items():
        out = np.full(len(exact), -1.0)
        lambdify(SYSTEM, part)(0.0, Y, P, out)
        # the quotient rule subtracts terms of the size of the result: a few digits of sixteen at most
        np.testing.assert_allclose(out, [float(e.xreplace(values)) for e in exact], rtol=1e-13, atol=1e-15)


def test_jacobian_takes_a_square_array():
    square, flat = np.full((3, 3), 9.0), np.full(9, 9.0)
    f = lambdify(SYSTEM, "jacobian")
    f(0.0, Y, P, square)
    f(0.0, Y, P, flat)
    assert square.ravel().tolist() == flat.tolist()


def test_public_name():
    out = np.zeros(3)
    rxncompile.lambdify(SYSTEM, "rhs")(0.0, Y, P, out)
    np.testing.assert_allclose(out, exact_rhs(Y), rtol=1e-14)


def test_wrong_arrays_and_parts_are_refused():
    f = lambdify(SYSTEM, "rhs")
    with pytest.raises(ValueError, match="shorter"):
        f(0.0, Y, P, np.zeros(2))
    with pytest.raises(ValueError, match="shorter"):
        f(0.0, Y[:2], P, np.zeros(3))
    with pytest.raises(TypingError, match="contiguous float64"):
        f(0.0, Y.astype(np.float32), P, np.zeros(3))
    with pytest.raises(TypingError, match="contiguous float64"):
        f(0.0, np.zeros(6)[::2], P, np.zeros(3))
    with pytest.raises(RxnError, match="no part 'volume'") as caught:
        lambdify(SYSTEM, "volume")
    assert caught.value.code == "R523"


@njit(cache=True)
def _cached_caller(f, y, p, out):
    f(0.0, y, p, out)


def test_an_address_is_never_kept_on_disk():
    with pytest.warns(NumbaWarning, match="dynamic globals"):
        _cached_caller(lambdify(SYSTEM, "rhs"), Y, P, np.zeros(3))


@jit
def _sum_of_outputs(address, n, y, p, out):
    total = 0.0
    for i in range(n):
        call_kernel(address, i, y, p, out)
        total += out.sum()
    return total


@jit
def _sum_of_propensities(address, n, y, p):
    total = 0.0
    for r in range(n):
        total += call_propensity(address, r, 0.0, y, p)
    return total


def test_jitted_code_takes_any_kernel_by_address():
    out = np.zeros(4)
    rhs, laws = compile_program(rhs_program(SYSTEM)), compile_program(propensity_program(SYSTEM))
    assert _sum_of_outputs(rhs.address, 2, Y, P, out[:3]) == pytest.approx(2 * sum(exact_rhs(Y)), rel=1e-13)
    assert _sum_of_outputs(laws.address, 1, Y, P, out) == pytest.approx(226.0, rel=1e-14)
    assert len(_sum_of_outputs.signatures) == 1
    one = compile_propensity(propensity_program(SYSTEM))
    assert _sum_of_propensities(one.address, 4, Y, P) == pytest.approx(226.0, rel=1e-14)


def test_jitted_code_is_compiled_once_for_all_processes(tmp_path):
    script = tmp_path / "caller.py"
    script.write_text(
        textwrap.dedent("""
        import sys
        import numpy as np
        from rxncompile.kernels.jit import call_kernel, jit
        from rxncompile.kernels.store import compile_text

        @jit
        def evaluate(address, y, out):
            call_kernel(address, 0.0, y, y, out)

        number = sys.argv[1]
        text = f'''define void @f(double %t, ptr %y, ptr %p, ptr %out) {{
          store double {number}, ptr %out
          ret void
        }}
        '''
        out = np.zeros(1)
        evaluate(compile_text(text).address("f"), out.copy(), out)
        print(out[0], sum(evaluate.stats.cache_hits.values()), sum(evaluate.stats.cache_misses.values()))
        """)
    )
    env = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    results = [
        subprocess.run(
            [sys.executable, str(script), number], env=env, capture_output=True, text=True, check=True
        ).stdout.split()
        for number in ("1.0", "2.0")
    ]
    assert results == [["1.0", "0", "1"], ["2.0", "1", "0"]]
