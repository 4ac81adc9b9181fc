"""SBML that we write, judged by libRoadRunner: it reads back to the same System and runs to the same trajectory.

Compared are (a) the rate equations and, where the network can be sampled, the jump process, as equal Systems; (b) every
state and output over time, ours of the network before it was written, theirs of the text.

libRoadRunner is the extra `check`; without it only (b) is skipped.
"""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

import libsbml
import numpy as np
import pytest
from external.cases import found, settings

from rxncompile.cli import main
from rxncompile.derivations.rates import jump_process, rate_equations
from rxncompile.errors import Source
from rxncompile.interchange.sbml_in import read_sbml
from rxncompile.interchange.sbml_in_document import hints
from rxncompile.interchange.sbml_out import write_sbml
from rxncompile.language import load as load_rxn
from rxncompile.language import parse
from rxncompile.modelfiles import load
from rxncompile.network import Network
from rxncompile.simulators.rate_equations.ode import integrate

# Both integrate with local errors of 1e-10 and less, which add up to some 1e-8 over these times; six orders below a
# quantity's maximum no difference is left that a plot or a fit could show.
TOLERANCE = 1e-6
UNTIL = {"calcium": 2.0, "mapk": 5.0, "oregonator": 20.0, "robertson": 100.0, "schlogl": 2.0}

# ---------------------------------------------------------------------------------------------- small networks

SMALL = {
    "timed events": """
        param k = 0.7, boost = 2
        species A = 10, B = 1
        A -> B @ k
        B -> 0 @ 0.3*boost
        at 1.5 : A = A + 5, boost = 0.1
        at 2*k + 2 : B = B/2
        """,
    "events by state": """
        param k = 0.9
        species A = 10, B = 0, phase = 0
        A -> B @ k
        B -> 0 @ 0.2
        when A < 2 : A = A + 6, phase = phase + 1
        when B > 7 and phase >= 1 : B = 1
        """,
    "compartments of several volumes": """
        units amount = mol, length = dm, time = s
        compartment cell : L = 2, nucleus : L = 0.25 inside cell
        param kin : 1/s = 0.4, kout : 1/s = 0.9, bind : 1/M/s = 3
        species A : M in cell = 1.5, B : M in nucleus = 0.2, C : M in nucleus, D : mol in cell = 0.3
        A -> B @ kin
        B -> A @ kout
        2 B -> C @ bind
        A + B -> C rate bind*A*B per cell
        C -> D @ 0.2
        """,
    "surfaces and amounts": """
        units time = min
        compartment cyt : um^3 = 400, membrane : um^2 = 300
        param bind : um^3/count/min = 0.02, off : 1/min = 0.5, dimer : um^2/count/min = 0.8
        species L : count in cyt = 900, R : 1/um^2 in membrane = 0.6, LR : 1/um^2 in membrane
        species RR : count in membrane
        L + R -> LR @ bind per membrane
        LR -> L + R @ off
        2 LR -> RR @ dimer
        """,
    "several units": """
        units time = s
        compartment cell : pL = 1
        param bind : 1/uM/s = 0.8, burst : 1/s = 0.4
        species P : uM in cell = 0.6, G : count in cell = 3, GP : count in cell, M : nM in cell = 20
        G + P -> GP @ bind
        GP -> G + P @ 0.3
        G -> G + M @ burst
        M -> M + P @ 0.05
        P -> 0 rate mm(P, 0.02, 0.3) per cell
        """,
    "rate rules": """
        param gain = 0.8, omega = 2
        species x = 1, v = 0, A = 5
        x' = v
        v' = -omega^2*x - 0.3*v + sin(t)
        A -> 0 @ 0.2
        A' = gain*abs(x)
        observable energy = v^2/2 + (omega*x)^2/2
        """,
    "functions and time": """
        func saturated(x, K) = x^2/(K^2 + x^2)
        param vmax = 3, K = 2
        let supply = piecewise(2, t < 2, 0.5)
        let load : 1 = saturated(A, K) + hill(B, 1.5, 3)
        species A = 1, B = 4
        0 -> A rate supply*(1 + 0.3*cos(t))
        A -> B rate vmax*load
        B -> 0 rate max(0.1, min(B, 2))*log(1 + B)/(1 + exp(-A))
        observable both = A + sqrt(B)
        """,
    "higher orders": """
        param a = 0.01, b = 0.002, c = 0.5
        species A = 20, B = 15, C = 0
        3 A -> C @ a
        2 A + B -> C + B @ b {powers}
        C -> 3 A @ c
        2 B -> A @ a {molecular}
        """,
    "fixed and odd names": """
        param 'k on' = 0.1, Vmax = 2
        species 'A(x!1).B(y)' = 8, 'µ' = 3 {fixed}, nowhere = 1, exp_1 = 0.5
        'A(x!1).B(y)' + 'µ' -> 'µ' + nowhere @ 'k on'
        nowhere -> exp_1 rate Vmax*nowhere/(1 + nowhere + 'µ')
        """,
}  # fmt: skip


# ---------------------------------------------------------------------------------------------- the two comparisons


def reads_back(net: Network) -> str:
    """The SBML of a network, after a look at what it reads back to."""
    text = write_sbml(net)
    again = read_sbml(Source("again.xml", text))
    assert rate_equations(again) == rate_equations(net)
    if not any(r.net_reversible for r in net.reactions):
        assert jump_process(again) == jump_process(net)
    return text


def theirs(text: str, times: np.ndarray) -> dict[str, np.ndarray]:
    """Every species as its bare name means it and every moving parameter, by libRoadRunner."""
    import roadrunner

    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_FATAL)
    document = libsbml.readSBMLFromString(text)
    model = document.getModel()
    shown = {}
    for s in model.getListOfSpecies():
        identity = s.getId()
        shown[hints(s).get("name", identity)] = identity if s.getHasOnlySubstanceUnits() else f"[{identity}]"
    for p in (*model.getListOfParameters(), *model.getListOfCompartments()):
        if not p.getConstant():
            shown[hints(p).get("name", p.getId())] = p.getId()
    runner = roadrunner.RoadRunner(text)
    runner.integrator.relative_tolerance = 1e-11
    runner.integrator.absolute_tolerance = 1e-16
    runner.integrator.maximum_num_steps = 1_000_000
    runner.integrator.maximum_time_step = float(times[1] - times[0]) / 2  # events are looked for between steps
    runner.timeCourseSelections = ["time", *shown.values()]
    values = np.array(runner.simulate(times[0], times[-1], len(times)))
    return {name: values[:, k] for k, name in enumerate(shown, start=1)}


def agree(net: Network, text: str, times: np.ndarray) -> float:
    """The worst difference of a state or an output relative to its maximum; a network where nothing moves fails."""
    own, other = integrate(rate_equations(net), times, rtol=1e-11), theirs(text, times)
    assert set(own.labels) <= set(other)
    worst, moved = 0.0, False
    for label in own.labels:
        scale = float(np.abs(own[label]).max())
        difference = np.abs(other[label] - own[label])
        worst = max(worst, float(difference.max()) / (scale or 1.0))
        moved = moved or bool(np.ptp(own[label]) > 1e-3 * scale)
    assert moved
    assert math.isfinite(worst)
    return worst


needs_roadrunner = pytest.mark.skipif(
    importlib.util.find_spec("roadrunner") is None, reason="libRoadRunner is not installed: pip install -e '.[check]'"
)

# ---------------------------------------------------------------------------------------------- our models


@needs_roadrunner
def test_every_model_runs_alike(model: Path) -> None:
    net = load_rxn(model)
    times = np.linspace(0.0, UNTIL.get(model.stem, 10.0), 41)
    assert agree(net, reads_back(net), times) <= TOLERANCE


@needs_roadrunner
@pytest.mark.parametrize("name", SMALL)
def test_small_networks_run_alike(name: str) -> None:
    net = parse(SMALL[name])
    assert agree(net, reads_back(net), np.linspace(0.0, 8.0, 65)) <= TOLERANCE


@pytest.mark.parametrize("name", SMALL)
def test_small_networks_read_back(name: str) -> None:
    reads_back(parse(SMALL[name]))


def test_the_command_writes_the_same(tmp_path: Path) -> None:
    path, written = tmp_path / "m.rxn", tmp_path / "m.xml"
    path.write_text(SMALL["events by state"])
    assert main(["convert", str(path), str(written)]) == 0
    assert written.read_text() == write_sbml(load_rxn(path))


# ---------------------------------------------------------------------------------------------- models of others


@needs_roadrunner
@pytest.mark.external
@pytest.mark.parametrize("path", found("bng", "*.net"))
def test_networks_of_bionetgen_run_alike(path: Path | None) -> None:
    assert path is not None, "the folder holds no case"
    net = load(path)
    assert agree(net, reads_back(net), np.linspace(0.0, 20.0, 21)) <= TOLERANCE


@needs_roadrunner
@pytest.mark.external
@pytest.mark.parametrize("path", found("semantic", "*/*-sbml-*.xml"))
def test_sbml_cases_written_by_us_run_alike(path: Path | None) -> None:
    assert path is not None, "the folder holds no case"
    net = load(path)
    asked = settings(path.parent / f"{path.stem.partition('-')[0]}-settings.txt")
    start = float(asked["start"])
    times = np.linspace(start, start + float(asked["duration"]), int(asked["steps"]) + 1)
    assert agree(net, reads_back(net), times) <= TOLERANCE
