"""Cases of the Discrete Stochastic Model Test Suite against the suite's exact values, without sampling and with it.

Every case has to be read and to have a jump process. Means and standard deviations come from `exact`, wherever one of
its two ways is open: |x - ref| <= 1e-5 + 1e-6 |ref|.

Of n runs the suite's user guide asks at every recorded time, mu and sigma being its exact values,

    Z = sqrt(n) (mean - mu)/sigma in meanRange,   Y = sqrt(n/2) (S^2/sigma^2 - 1) in sdRange,   S^2 about mu;

where sigma = 0 all runs must be at mu. A correct sampler fails here and there: with seed 1 at most FEW points of a
case, none of which may fail again with seed 2 and ten times the runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

from rxncompile.derivations.rates import jump_process
from rxncompile.interchange.sbml_in import load_sbml
from rxncompile.simulators.jumps.method import Method
from rxncompile.simulators.master.master_equation import master_equation
from rxncompile.simulators.runs.ensembles import sample_statistics
from rxncompile.system import System

from .cases import Summary, found, listed, settings, table
from .conftest import write
from .exact import Matrix, exact_moments

pytestmark = pytest.mark.external
SUITE = "dsmts"

# Case 00003 (dsmts-001-03) is so skewed at late times that Y, which takes counts for nearly normal, fails for every
# correct sampler; its README has it judged by its mean alone.
BY_MEAN_ALONE = frozenset({"00003"})
FEW = 3
REPEAT = 10


@pytest.mark.parametrize("path", found(SUITE, "*/*-sbml-*.xml"))
def test_case(path: Path | None, summary: Summary) -> None:
    path = summary.begin(path)
    names, rows = table(path.parent / f"{path.stem.partition('-')[0]}-results.csv")
    reference = np.array(rows)
    system = jump_process(load_sbml(path))
    exact = exact_moments(system, reference[:, 0])
    worst = 0.0
    if exact is not None:
        mean, covariance = exact
        symbols = [s.symbol for s in system.states]
        formulas = {s.label: s.symbol for s in system.states} | dict(system.outputs)
        held = system.parameter_values()
        for k, name in enumerate(names[1:], start=1):
            label, _, what = name.rpartition("-")
            formula = formulas.get(label, next((v for s, v in held.items() if s.name == label), None))
            assert formula is not None, f"{label} is nowhere in the System"
            formula = formula.xreplace(dict(system.definitions)).xreplace(held)
            slope = np.array([float(formula.diff(s)) for s in symbols])
            offset = float(formula.xreplace(dict.fromkeys(symbols, sp.S.Zero)))
            own = mean @ slope + offset if what == "mean" else np.sqrt(np.abs(covariance @ slope @ slope))
            error = np.abs(own - reference[:, k]) / (1e-5 + 1e-6 * np.abs(reference[:, k]))
            worst = max(worst, float(error.max()))
    summary.end(path, worst)
    assert worst <= 1.0


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Summary]:
    """The summary of the cases that the master equation has solved."""
    content = Summary(SUITE, f"{SUITE}-master-equation")
    yield content
    write(content, tmp_path_factory)


@pytest.mark.parametrize("path", found(SUITE, "*/*-sbml-*.xml"))
def test_by_master_equation(path: Path | None, solved: Summary) -> None:
    """No sampling: |x - ref| <= 1e-5 + 1e-6 |ref| on every mean and standard deviation."""
    path = solved.begin(path)
    names, rows = table(path.parent / f"{path.stem.partition('-')[0]}-results.csv")
    reference = np.array(rows)
    system = jump_process(load_sbml(path))
    result = master_equation(system, reference[:, 0], error=1e-9)
    held = {c.label: float(c.value) for c in system.parameters}
    worst = 0.0
    for k, name in enumerate(names[1:], start=1):
        label, _, what = name.rpartition("-")
        own = np.full(len(rows), held.get(label, np.nan) if what == "mean" else 0.0)
        if label in result.labels:
            own = result.mean_of(label) if what == "mean" else result.sd_of(label)
        error = np.abs(own - reference[:, k]) / (1e-5 + 1e-6 * np.abs(reference[:, k]))
        worst = max(worst, float(error.max()))
    solved.end(path, worst)
    assert worst <= 1.0


@pytest.mark.parametrize("runs", [10_000, pytest.param(100_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("method", Method, ids=lambda method: method.name.lower())
@pytest.mark.parametrize("path", found(SUITE, "*/*-sbml-*.xml"))
def test_sampled(path: Path | None, method: Method, runs: int, sampled: Callable[..., Summary]) -> None:
    summary = sampled(runs, "-rejection" if method is Method.REJECTION else "")
    path = summary.begin(path)
    system = jump_process(load_sbml(path))
    first = failing(path, system, runs, 1, method)
    again = first & failing(path, system, REPEAT * runs, 2, method) if first else set()
    error = len(first) / FEW if not again else 1.0 + len(again)
    summary.end(path, error, failing=len(first), failing_again=len(again))
    assert not again
    assert len(first) <= FEW


def failing(path: Path, system: System, runs: int, seed: int, method: Method) -> set[tuple[str, str, float]]:
    """The points, (what, variable, time), at which an ensemble is outside the suite's ranges."""
    case = path.stem.partition("-")[0]
    names, rows = table(path.parent / f"{case}-results.csv")
    asked, reference = settings(path.parent / f"{case}-settings.txt"), np.array(rows)
    times = reference[:, 0]
    result = sample_statistics(system, times, runs=runs, seed=seed, method=method)
    assert result.method == method.value
    held = {c.label: float(c.value) for c in system.parameters}
    outside: set[tuple[str, str, float]] = set()
    for variable in listed(asked["variables"]):
        mu, sigma = (reference[:, names.index(f"{variable}-{what}")] for what in ("mean", "sd"))
        mean, sd = np.full(len(times), held.get(variable, np.nan)), np.zeros(len(times))
        if variable in result.labels:
            mean, sd = result.mean_of(variable), result.sd_of(variable)
        spread = (runs - 1) / runs * sd**2 + (mean - mu) ** 2  # about the known mean
        moving = sigma > 0.0
        z, y = (np.where((mean == mu) & (sd == 0.0), 0.0, np.inf) for _ in range(2))
        z[moving] = np.sqrt(runs) * (mean - mu)[moving] / sigma[moving]
        y[moving] = np.sqrt(runs / 2) * (spread[moving] / sigma[moving] ** 2 - 1.0)
        outside |= {("mean", variable, t) for t in times[beyond(z, asked["meanRange"])]}
        if case not in BY_MEAN_ALONE:
            outside |= {("sd", variable, t) for t in times[beyond(y, asked["sdRange"])]}
    return outside


def beyond(values: Matrix, interval: str) -> Matrix:
    """Where values lie outside an open interval, written (low, high)."""
    low, high = (float(x) for x in listed(interval.strip("() ")))
    return ~((low < values) & (values < high))
