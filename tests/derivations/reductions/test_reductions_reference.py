"""Every trajectory of qssa.json: full equations and their reductions, derived from the models and integrated."""

from typing import Any

import numpy as np
import pytest
import sympy as sp
from conftest import ROOT
from mechanisms import agree, equation, names
from reference_numbers import reference

import rxncompile as rx
from rxncompile.network import Network
from rxncompile.simulators.results.trajectory import Trajectory
from rxncompile.system import System

pytestmark = pytest.mark.reference
# the file's numbers come from integrators with relative tolerances of about 1e-10
RELATIVE, OF_LARGEST = 2e-7, 2e-9


def solved(system: System, times: Any) -> Trajectory:
    return rx.integrate(system, np.array(times, dtype=float), rtol=1e-11)


def same(found: Any, given: Any) -> None:
    expected = np.array(given, dtype=float)
    np.testing.assert_allclose(found, expected, rtol=RELATIVE, atol=OF_LARGEST * np.abs(expected).max())


def gene() -> Network:
    return rx.load(ROOT / "models" / "gene_autoregulation.rxn")


def michaelis_menten(case: Any) -> Network:
    numbers = ", ".join(f"{k} = {case[k]!r}" for k in ("kf", "kr", "kcat"))
    text = f"""
    param {numbers}
    species S = {case["S0"]!r}, E = {case["E0"]!r}, C = 0, P = 0
    bind: S + E <-> C @ kf, kr
    convert: C -> E + P @ kcat
    """
    return rx.parse(text)


def test_gene_network() -> None:
    given = reference("qssa")["gene_autoregulation"]
    full = solved(rx.rate_equations(gene()), given["times"])
    same(np.stack([full[x] for x in ("P", "M", "G", "GP", "GP2")], axis=1), given["full"])
    reduced = solved(rx.qssa(gene()), given["times"])
    same(np.stack([reduced["P"], reduced["M"]], axis=1), given["qssa_P_M"])


def test_table_iii() -> None:
    """Coefficients of the rational functions of c_P, over the highest of the denominator: derived, then evaluated."""
    given = reference("qssa")["gene_autoregulation"]["table3"]["normalised_by_beta3"]
    system = rx.qssa(gene())
    (P,) = names("P")
    found: dict[str, sp.Expr] = {}
    values = system.environment()
    for column, label in enumerate(("G", "GP", "GP2"), start=1):
        above, below = sp.fraction(sp.together(equation(system, label).xreplace(values)))
        bottom = sp.Poly(below, P)
        for row in range(3):
            found[f"alpha{row + 1}{column}"] = sp.Poly(above, P).coeff_monomial(P**row) / bottom.LC()
            found[f"beta{row + 1}"] = bottom.coeff_monomial(P**row) / bottom.LC()
    for name, value in found.items():
        assert abs(float(value) - given.get(name, given["others"])) < 1e-15, name


def test_equation_18_of_yang_2021() -> None:
    k0, k1, k_1, k2, k_2, kdm, ks, total, P, M = names("k0 k1 k_1 k2 k_2 kdm ks G_total P M")
    K2, K3 = k_2 / k2, k_1 * k_2 / (k1 * k2)
    omega = K3 + K2 * P + P**2
    system = rx.qssa(gene(), fast=["G", "GP", "GP2"])
    assert agree(equation(system, "P"), ks * M)
    assert agree(equation(system, "M"), -kdm * M + k0 * (K3 + K2 * P) * total / omega)
    for label, above in (("G", K3), ("GP", K2 * P), ("GP2", P**2)):
        assert agree(equation(system, label), total * above / omega)


@pytest.mark.parametrize("k", [0, 1])
def test_michaelis_menten(k: int) -> None:
    case = reference("qssa")["michaelis_menten"]["cases"][k]
    net, times = michaelis_menten(case), case["times"]
    full = solved(rx.rate_equations(net), times)
    same(np.stack([full[x] for x in "SCP"], axis=1), case["full_S_C_P"])
    standard = solved(rx.qssa(net, ["C"]), times)
    same(standard["S"], case["sQSSA_S"])
    same(standard["C"], case["sQSSA_C"])
    total = solved(rx.total_qssa(net, ["C"]), times)
    same(total["S_total"], case["tQSSA_total_S_plus_C"])
    same(total["C"], case["tQSSA_C"])
    first = solved(rx.total_qssa(net, ["C"], approximate=True), times)
    same(first["S_total"], case["first_order_tQSSA_total"])
    rapid = solved(rx.rapid_equilibrium(net, ["bind"]), times)
    same(rapid["S_total"], case["rapid_equilibrium_total_S_plus_C"])
    reverse = solved(rx.reverse_qssa(net, ["S"]), times)
    same(reverse["C"], case["reverse_QSSA_C"])
    if case["reverse_QSSA_S"] is not None:
        same(reverse["S"], case["reverse_QSSA_S"])


def test_fast_dimerisation() -> None:
    for case in reference("qssa")["fast_dimerisation"]["cases"]:
        net = rx.parse(f"""
        param kd = {case["kd"]!r}, ku = {case["ku"]!r}, dg = {case["dg"]!r}
        species A = {case["A0"]!r}, A2 = 0
        bind: 2 A <-> A2 @ kd, ku {{powers}}
        degrade: A -> 0 @ dg
        """)
        full = solved(rx.rate_equations(net), case["times"])
        same(np.stack([full["A"], full["A2"]], axis=1), case["full_A_A2"])
        reduced = solved(rx.rapid_equilibrium(net, ["bind"]), case["times"])
        same(reduced["A_total"], case["slow_total_A_plus_2A2"])
        same(reduced["A"], case["reduced_A"])
