"""The linear cases of the Discrete Stochastic Model Test Suite by moment equations of order 2, without sampling.

A case is linear where no propensity of its own Network is of more than first degree in counts; then the equations are
closed. |x - ref| <= 1e-5 + 1e-6 |ref| on every mean and standard deviation; a refusal is a failure.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import sympy as sp

from rxncompile.derivations.moments import moments
from rxncompile.derivations.rates import jump_process
from rxncompile.interchange.sbml_in import load_sbml
from rxncompile.monomials import Kind, label, label_names
from rxncompile.network import Network
from rxncompile.operators import generator
from rxncompile.simulators.rate_equations.ode import integrate
from rxncompile.system import System

from .cases import DATA, Summary, found, table
from .conftest import write
from .exact import Matrix

pytestmark = pytest.mark.external
SUITE = "dsmts"


def is_linear(net: Network) -> bool:
    process = jump_process(net)
    counts = [s.symbol for s in process.states]
    laws = [j.propensity.xreplace(dict(process.definitions)) for j in process.jumps]
    used = [(law, [s for s in counts if law.has(s)]) for law in laws]
    return all(not held or (law.is_polynomial(*held) and sp.Poly(law, *held).total_degree() <= 1) for law, held in used)


def linear_cases() -> list[object]:
    cases = found(SUITE, "*/*-sbml-*.xml")
    paths = [(case, case.values[0]) for case in cases if isinstance(case, type(pytest.param()))]
    return [case for case, path in paths if not isinstance(path, Path) or is_linear(load_sbml(path))]


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> object:
    content = Summary(SUITE, f"{SUITE}-moments")
    yield content
    write(content, tmp_path_factory)


def of_process(process: System, name: str) -> sp.Expr | None:
    """A variable as a formula of counts."""
    held = process.parameter_values()
    formulas = {s.label: s.symbol for s in process.states} | dict(process.outputs)
    formula = formulas.get(name, next((v for s, v in held.items() if s.name == name), None))
    return None if formula is None else formula.xreplace(dict(process.definitions)).xreplace(held)


@pytest.mark.parametrize("path", linear_cases())
def test_by_moments(path: Path | None, closed: Summary) -> None:
    path = closed.begin(path)
    worst = max(worst_error(path, kind) for kind in (Kind.RAW, Kind.CENTRAL, Kind.FACTORIAL))
    closed.end(path, worst)
    assert worst <= 1.0


def worst_error(path: Path, kind: Kind) -> float:
    """Over the tolerance."""
    names, rows = table(path.parent / f"{path.stem.partition('-')[0]}-results.csv")
    reference = np.array(rows)
    net = load_sbml(path)
    system, process = moments(net, 2, kind), jump_process(net)
    assert not system.frontier
    result = integrate(system, reference[:, 0], rtol=1e-11)
    species = generator(net).species
    labels = label_names(species)
    mean = np.array([result[label((i,), labels)] for i in range(len(species))]).T
    covariance = np.array(
        [[centred(result[label(tuple(sorted((i, j))), labels, kind)], mean, i, j, kind) for j in range(len(species))]
         for i in range(len(species))]
    ).transpose(2, 0, 1)  # fmt: skip
    worst = 0.0
    for k, name in enumerate(names[1:], start=1):
        variable, _, what = name.rpartition("-")
        formula = of_process(process, variable)
        assert formula is not None, f"{variable} is nowhere in the System"
        slope = np.array([float(formula.diff(s)) for s in species])
        offset = float(formula.xreplace(dict.fromkeys(species, sp.S.Zero)))
        own = mean @ slope + offset if what == "mean" else np.sqrt(np.abs(covariance @ slope @ slope))
        error = np.abs(own - reference[:, k]) / (1e-5 + 1e-6 * np.abs(reference[:, k]))
        worst = max(worst, float(error.max()))
    return worst


def centred(second: Matrix, mean: Matrix, i: int, j: int, kind: Kind) -> Matrix:
    """A covariance by the second moment of a kind."""
    if kind is Kind.CENTRAL:
        return second
    own = mean[:, i] if kind is Kind.FACTORIAL and i == j else 0.0
    return np.asarray(second + own - mean[:, i] * mean[:, j])


def test_there_are_linear_cases() -> None:
    if not (DATA / SUITE).is_dir():
        pytest.skip(f"no outside data: {DATA / SUITE} does not exist")
    assert linear_cases()
