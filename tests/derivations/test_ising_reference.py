"""The Ising chain and gradients of its learning against numbers computed outside this project."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sympy as sp
from reference_numbers import content, reference

import rxncompile as rx
from rxncompile.derivations.adjoint import adjoint
from rxncompile.derivations.ising import ising_chain
from rxncompile.derivations.sensitivities import sensitivities
from rxncompile.expressions import exact, symbol
from rxncompile.simulators.inputs import Series, tables_of
from rxncompile.simulators.integrators.drive import DONE, Control
from rxncompile.simulators.integrators.machine import Scheme, machine
from rxncompile.system import Input, State, System

pytestmark = pytest.mark.reference
LINE = "lattice chain {{ shape = line(1000); boundary = periodic; capacity = 1 }}\nspecies A = 0.5 {{per = site}}\n{}\n"
MOTIFS = {
    "death": "A -> 0 @ 1 on chain", "creation": "0 -> A @ 1 on chain", "branching": "A -> 2 A @ 1 on chain",
    "annihilation": "2 A -> 0 @ 1 on chain", "coalescence": "2 A -> A @ 1 on chain",
    "diffusion": "diffuse A @ 1 on chain",
}  # fmt: skip
OUTPUTS = ("<A(0)>", "<A(0) A(1)>")
TIGHT = {"rtol": 1e-12, "atol": 1e-14}
# the file's own three ways agree to 1e-6; its numbers are compared at that
CLOSE = {"rtol": 1e-6, "atol": 1e-9}


@pytest.mark.parametrize("motif", MOTIFS)
def test_every_motif(motif: str) -> None:
    """d(h, J)/dt, the moments, and by the chain rule d<X>/dt = Fisher d(h, J)/dt."""
    system = ising_chain(rx.parse(LINE.format(MOTIFS[motif])))
    rhs, outputs = rx.lambdify(system), rx.lambdify(system, "outputs")
    p, points = np.array(system.parameter_vector()), reference("ising1d_single_species")["points"]
    assert points
    for point in points:
        assert motif in point["motifs"]
        theta, found, means = np.array(point["theta"]), np.empty(2), np.empty(len(system.outputs))
        rhs(0.0, theta, p, found)
        outputs(0.0, theta, p, means)
        wanted = point["motifs"][motif]
        np.testing.assert_allclose(found, wanted["F"], rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(means[:2], point["moments_per_site"], rtol=1e-12)
        moved = np.array(point["fisher_per_site"]) @ found
        np.testing.assert_allclose(moved, wanted["d_moments_per_site"], rtol=1e-9, atol=1e-12)


# ------------------------------------------------------------------------------------------- gradients of learning

CASES = (content("learning_gradients") or {"cases": [None]})["cases"]
h, J, m, NN = (symbol(x) for x in ("h[A]", "J[A,A]", "m", "NN"))
RUNNING = symbol("ln_lambda") - h * m - J * NN
GIVEN = (Input(m, "m", "cubic"), Input(NN, "NN", "cubic"))
NAMES = ("branching", "annihilation", "diffusion")


def learned(case: Any) -> System:
    text = "param branching = 1, annihilation = 1, diffusion = 1\n" + "\n".join(
        MOTIFS[name].replace("@ 1", f"@ {name}") for name in NAMES
    )
    return ising_chain(rx.parse(LINE.format(text)), *(exact(x) for x in case["h0_J0"]))


def data(case: Any) -> dict[str, Series]:
    """The moments under the coefficients that made the data, as tables."""
    times = np.linspace(0.0, case["T"], 201)
    path = rx.integrate(learned(case), times, case["data_generating_coefficients"], **TIGHT)
    return {"m": (times, path[OUTPUTS[0]]), "NN": (times, path[OUTPUTS[1]])}


def with_action(system: System) -> System:
    more = State(symbol("S"), "S")
    return replace(system, states=(*system.states, more), drift=(*system.rhs, RUNNING), inputs=GIVEN)


@pytest.mark.parametrize("case", CASES)
def test_paths_and_action(case: Any) -> None:
    reference("learning_gradients")
    for coefficients, key in (("coefficients", "model"), ("data_generating_coefficients", "data")):
        path = rx.integrate(learned(case), case["times"], case[coefficients], **TIGHT)
        found = np.stack([path[x] for x in OUTPUTS], axis=1)
        np.testing.assert_allclose(found, case[f"{key}_moments_m_NN"], rtol=1e-8)
    path = rx.integrate(with_action(learned(case)), case["times"], case["coefficients"], inputs=data(case), **TIGHT)
    np.testing.assert_allclose(np.stack([path["h[A]"], path["J[A,A]"]], axis=1), case["model_h_J"], rtol=1e-7)
    assert path["S"][-1] == pytest.approx(case["action_S_per_site"], rel=1e-7)


@pytest.mark.parametrize("case", CASES)
def test_gradients(case: Any) -> None:
    """By differences, by forward sensitivities, by the adjoint as a System, and by that of the numerical steps."""
    wanted = reference("learning_gradients") and np.array([case["dS_dcoefficients"][n] for n in NAMES])
    for way in (differences, forward, adjoint_with_formulas, adjoint_with_sources, steps_backward):
        np.testing.assert_allclose(way(case), wanted, **CLOSE, err_msg=way.__name__)


def differences(case: Any) -> np.ndarray:
    system, given = with_action(learned(case)), data(case)

    def action(name: str, e: float) -> float:
        values = {**case["coefficients"], name: case["coefficients"][name] + e}
        return float(rx.integrate(system, [0.0, case["T"]], values, inputs=given, **TIGHT)["S"][-1])

    return np.array([(action(name, 1e-3) - action(name, -1e-3)) / 2e-3 for name in NAMES])


def forward(case: Any) -> np.ndarray:
    system = sensitivities(with_action(learned(case)), NAMES)
    path = rx.integrate(system, [0.0, case["T"]], case["coefficients"], inputs=data(case), **TIGHT)
    found = [[path[f"D[{x},{name}]"][-1] for name in NAMES] for x in ("h[A]", "J[A,A]")]
    np.testing.assert_allclose(found, case["sensitivities_at_T_d_hJ_d_coefficients"], **CLOSE)
    return np.array([path[f"D[S,{name}]"][-1] for name in NAMES])


def left(case: Any, series: Series) -> Series:
    """A series in the time left."""
    times, values = series
    return case["T"] - np.array(times)[::-1], np.array(values)[::-1]


def adjoint_with_formulas(case: Any) -> np.ndarray:
    """The source is l(h, J) differentiated; only the moments of the data are numbers."""
    back = adjoint(learned(case), NAMES, RUNNING, inputs=GIVEN, end=case["T"])
    path = rx.integrate(learned(case), [0.0, case["T"]], case["coefficients"], **TIGHT)
    last = {x: path[x][-1] for x in ("h[A]", "J[A,A]")}
    given = {label: left(case, series) for label, series in data(case).items()}
    found = rx.integrate(back, [0.0, case["T"]], case["coefficients"], last, inputs=given, **TIGHT)
    return np.array([found[label][-1] for label, _ in back.outputs])


def adjoint_with_sources(case: Any) -> np.ndarray:
    """The difference of the moments comes from outside, as does the solution: Ernst et al. 2019, Eqs. 30-31."""
    system, given = learned(case), data(case)
    back = adjoint(system, NAMES, sources=["h[A]", "J[A,A]"], stored=True, end=case["T"])
    times = np.array(given["m"][0])
    path = rx.integrate(system, times, case["coefficients"], **TIGHT)
    series = {x: (times, path[x]) for x in ("h[A]", "J[A,A]")}
    for state, moment, measured in zip(("h[A]", "J[A,A]"), OUTPUTS, given.values(), strict=True):
        series[f"s[{state}]"] = times, path[moment] - np.array(measured[1])
    tables = {label: left(case, one) for label, one in series.items()}
    found = rx.integrate(back, [0.0, case["T"]], case["coefficients"], inputs=tables, **TIGHT)
    return np.array([found[label][-1] for label, _ in back.outputs])


def steps_backward(case: Any) -> np.ndarray:
    """The derivative of the numbers that the compiled integrator returned."""
    system = with_action(learned(case))
    made, times = machine(system, Scheme.EXPLICIT), np.array([0.0, case["T"]])
    p = np.array(system.parameter_vector(case["coefficients"]))
    tables, trace = tables_of(system, data(case), 0.0, case["T"]), made.trace(5_000)
    start = np.array([*case["h0_J0"], 0.0])
    code, _, _ = made.solve(Control(1e-10, np.full(3, 1e-12), 5_000, 0.0, True), times, p, start, trace, tables)
    assert code == DONE
    sources = np.zeros((2, 3))
    sources[1, 2] = 1.0
    return made.back(times, p, trace, sources, tables)[1][:3]


def test_the_source_is_the_difference_of_moments() -> None:
    """dl/dh = <s> - m and dl/dJ = <s s'> - NN, as the Boltzmann machine learns; by the derivatives of this System."""
    system = learned({"h0_J0": [0.0, 0.0]})
    made = sensitivities(with_action(system), ["h[A]", "J[A,A]"])
    at = {"h[A]": sp.Rational(3, 10), "J[A,A]": sp.Rational(-1, 2)}
    values = {symbol(label): value for label, value in at.items()} | {m: sp.Rational(1, 5), NN: sp.Rational(1, 9)}
    for name, formula in made.definitions:
        values[name] = formula.xreplace(values)
    rates = dict(made.equations())
    for state, moment, measured in (("h[A]", OUTPUTS[0], m), ("J[A,A]", OUTPUTS[1], NN)):
        directions = {symbol(f"D[{x},{state}]"): sp.Integer(x == state) for x in at} | values
        found = rates[f"D[S,{state}]"].xreplace(directions).xreplace(directions)
        wanted = dict(system.outputs)[moment].xreplace(values) - values[measured]
        assert abs(sp.N(found.xreplace(directions) - wanted, 30)) < sp.Float("1e-25")
