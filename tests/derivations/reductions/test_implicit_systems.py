"""Implicit reductions as Systems: beside the full model, on every road to numbers, differentiated, and as text."""

import json
from collections.abc import Callable
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import sympy as sp
from conftest import ROOT
from mechanisms import MICHAELIS_MENTEN, MOVING, PAIRS

import rxncompile as rx
from rxncompile.derivations import reductions
from rxncompile.derivations.reductions import Reduction
from rxncompile.derivations.reductions.named_constants import with_named_constants
from rxncompile.derivations.reductions.unknowns import SlopeWithFields
from rxncompile.derivations.sensitivities import sensitivities
from rxncompile.expressions import symbol
from rxncompile.interchange.json_text import system_json
from rxncompile.kernels.program import jacobian_program, output_program, rhs_program
from rxncompile.kernels.python import system_python
from rxncompile.kernels.source import compile_matrix, compile_program
from rxncompile.network import Network, with_values

HILL = """
species A = 3, D = 0, X = 0
param k = 50, r = 20, n = 2.5, K = 1
bind: A -> D rate k*A^n/(K^n + A^n) {fast}
free: D -> A @ r {fast}
make: D -> D + X @ 0.1
lose: D -> 0 @ 0.01
"""


@cache
def moving() -> Reduction:
    return reductions.equilibrium(rx.parse(MOVING))


# ---------------------------------------------------------------------------------------------- the full model


@pytest.mark.parametrize("form", ["total", "equilibrium"])
def test_error_against_the_full_model_falls_with_the_fast_rates(form: str) -> None:
    """Binding s times as fast errs 1/s as much: slopes of the logarithms of the errors are -1."""
    errors = []
    t = np.concatenate([[0.0], np.linspace(1.0, 6.0, 11)])
    for scale in (1.0, 4.0, 16.0):
        net = with_values(rx.parse(MOVING), {"k": 0.05 * scale, "r": 0.15 * scale, "B": 2})
        made = reductions.total(net, ["AB", "AC", "BC"]) if form == "total" else reductions.equilibrium(net)
        full = rx.integrate(rx.rate_equations(net), t, rtol=1e-9, atol=1e-11)
        reduced = rx.integrate(made.system, t, rtol=1e-9, atol=1e-11)
        errors.append(max(float(np.abs(full[x] - reduced[x])[1:].max()) for x in ("A", "B", "C", "AB", "AC", "BC")))
    slopes = [float(np.log(a / b) / np.log(4.0)) for a, b in pairwise(errors)]
    assert abs(slopes[-1] - 1.0) < 0.15, errors


def test_a_hill_rate() -> None:
    """Fast binding of an order that is no whole number, five hundred times as fast as what is slow: to 2e-3."""
    found = reductions.equilibrium(rx.parse(HILL))
    assert found.system.fields[0].outputs == (symbol("A"),)
    t = np.concatenate([[0.0], np.linspace(1.0, 30.0, 11)])
    full, reduced = rx.integrate(rx.rate_equations(rx.parse(HILL)), t), rx.integrate(found.system, t)
    np.testing.assert_allclose(reduced["A"][1:], full["A"][1:], rtol=2e-3)
    np.testing.assert_allclose(reduced["D"][1:], full["D"][1:], rtol=2e-3)


# ---------------------------------------------------------------------------------------------- as a System


def test_all_roads_to_numbers_agree() -> None:
    """Unoptimised and optimised machine code and the exported Python, bit for bit; slopes against differences."""
    system = moving().system
    y, p = np.array([0.3, 4.0, 7.0]), np.array(system.parameter_vector())
    exported: dict[str, Callable[..., None]] = {}
    exec(compile(system_python(system), "<exported>", "exec"), exported)
    for program, name in ((rhs_program(system), "rhs"), (output_program(system), "outputs")):
        found = []
        for kernel in (compile_program(program, 0), compile_program(program, 2)):
            out = np.empty(kernel.n_out)
            kernel(0.0, y, p, out)
            found.append(out.tolist())
        written = [0.0] * len(found[0])
        exported[name](0.0, y.tolist(), p.tolist(), written)
        assert found[0] == found[1] == written
    kernel, rhs = compile_matrix(jacobian_program(system)), rx.lambdify(system)
    slopes, step = np.empty(9), 1e-5
    kernel(0.0, y, p, slopes)
    for j in range(3):
        ends = []
        for sign in (1.0, -1.0):
            out, moved = np.empty(3), y.copy()
            moved[j] += sign * step
            rhs(0.0, moved, p, out)
            ends.append(out)
        np.testing.assert_allclose(slopes.reshape(3, 3)[:, j], (ends[0] - ends[1]) / (2 * step), rtol=1e-6, atol=1e-9)


def test_sensitivities_through_the_field() -> None:
    """Against differences of solutions over a ten-thousandth of k, r and the sum of C, which has its own symbol."""
    system, t = moving().system, [0.0, 2.0, 4.0]
    tight = {"rtol": 1e-10, "atol": 1e-12}
    by = rx.integrate(sensitivities(system, ["k", "r", "C_total"]), t, **tight)
    for name, value in (("k", 100.0), ("r", 300.0), ("C_total", 5.0)):
        step = 1e-4 * value
        ends = [rx.integrate(system, t, params={name: value + sign * step}, **tight) for sign in (1.0, -1.0)]
        for label in ("A_total", "X"):
            difference = (ends[0][label] - ends[1][label]) / (2.0 * step)
            np.testing.assert_allclose(by[f"D[{label},{name}]"], difference, rtol=1e-5, atol=1e-9)


def test_slopes_as_validity_takes_them() -> None:
    found = moving()
    values = dict(found.system.parameter_values()) | dict(found.system.definitions)
    point = {symbol("A_total"): 4.0, symbol("B_total"): 7.0, symbol("X"): 0.3}

    def ab(moved: dict[sp.Symbol, float]) -> tuple[float, dict[sp.Symbol, float]]:
        return SlopeWithFields(values, {**point, **moved}, found.system.fields)(symbol("AB"))

    value, slopes = ab({})
    out = np.empty(len(found.system.outputs))
    rx.lambdify(found.system, "outputs")(0.0, np.array([0.3, 4.0, 7.0]), np.array(found.system.parameter_vector()), out)
    assert value == pytest.approx(out[[label for label, _ in found.system.outputs].index("AB")], rel=1e-12)
    for name in ("A_total", "B_total"):
        s = symbol(name)
        difference = (ab({s: point[s] + 1e-4})[0] - ab({s: point[s] - 1e-4})[0]) / 2e-4
        assert slopes[s] == pytest.approx(difference, rel=1e-7)


def test_validity_is_that_of_the_full_jacobian() -> None:
    """The slowest of the three fast modes of the full equations at the balanced start."""
    found = moving()
    net = rx.parse(MOVING)
    full = rx.rate_equations(net)
    path = rx.integrate(found.system, [0.0, 1e-9])
    y = np.array([path[s.label][0] for s in full.states])
    matrix = np.empty((7, 7))
    rx.lambdify(full, "jacobian")(0.0, y, np.array(full.parameter_vector()), matrix)
    modes = np.sort(np.abs(np.linalg.eigvals(matrix)))
    assert found.validity is not None
    assert found.validity.time == pytest.approx(1.0 / modes[-3], rel=1e-3)
    assert found.validity.gap == pytest.approx(modes[-3] / modes[-4], rel=1e-2)


# ---------------------------------------------------------------------------------------------- as text


def test_equations_of_the_field_are_shown() -> None:
    system = reductions.equilibrium(rx.parse(PAIRS)).system
    zero = "0 = A*C*k/(2*r) + A*B*k/r + A - A_total"
    assert zero in str(system) and "A, B, C = balance(A_total, B_total, C_total, k, r): implicit root" in str(system)
    assert system.latex().count("0 &= ") == 3
    assert f"#   {zero}" in system_python(system) and zero[4:] in json.loads(system_json(system))["fields"][0]["zero"]


def test_named_constants_hold_no_unknowns() -> None:
    text = PAIRS + "use: X -> 0 rate A*X/(1 + B*X)\n"
    found = reductions.equilibrium(rx.parse(text))
    system = with_named_constants(found)
    assert all(not {"A", "B"} & {s.name for s in f.free_symbols} for n, f in system.definitions if "K" in n.name)


def network(name: str) -> Network:
    return rx.load(ROOT / "models" / f"{name}.rxn")


def test_closed_forms_are_still_preferred() -> None:
    assert not reductions.total(network("gene_autoregulation")).system.fields
    assert not reductions.total(rx.parse(MICHAELIS_MENTEN), ["C"]).system.fields
