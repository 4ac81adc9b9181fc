"""PEtab problems: the objective at the authors' nominal point against their own simulation of the data."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from rxncompile.learners.fits.fit import fit
from rxncompile.learners.fits.objective import Objective
from rxncompile.learners.fits.petab import load_petab
from rxncompile.learners.fits.scales import slope

from .cases import Summary, found

pytestmark = pytest.mark.external
SUITE = "petab"
WITHIN = 0.01  # of a negative log likelihood; the published simulations have ten digits


@pytest.mark.parametrize("path", found(SUITE, "*/*.yaml"))
def test_nominal(path: Path | None, summary: Summary) -> None:
    path = summary.begin(path)
    objective = Objective(load_petab(path))
    x = objective.nominal()
    value, gradient = objective.gradient(x)
    simulated = next(path.parent.glob("simulatedData_*.tsv"))
    with simulated.open(encoding="utf-8") as file:
        theirs = np.array([float(row["simulation"]) for row in csv.DictReader(file, delimiter="\t")])
    _, sigma, dy, dsigma = objective.predictions(x)
    away, steep = objective.distances(theirs)
    assert len(theirs) == len(sigma) == len(steep)
    terms = 0.5 * np.log(2.0 * np.pi) + np.log(sigma) + 0.5 * (away / sigma) ** 2
    reference = float(terms.sum()) - jacobians(objective)
    summary.end(path, abs(value - reference) / WITHIN)
    assert abs(value - reference) <= WITHIN
    # two ways to the gradient: the adjoint above, the chain rule over forward sensitivities here
    away, steep = objective.distances(objective.predictions(x)[0])
    forward = (away * steep / sigma**2) @ dy + ((1.0 - (away / sigma) ** 2) / sigma) @ dsigma
    assert np.abs(gradient - forward).max() <= 1e-8 * np.abs(dy / sigma[:, np.newaxis]).max()


def jacobians(objective: Objective) -> float:
    """sum log g'(m) of the data, 0 where nothing is looked at by its logarithm."""
    data = objective.problem.data
    total = 0.0
    for o, observable in enumerate(objective.problem.observables):
        total += float(np.log(slope(observable.scale, data.value[data.observable == o])).sum())
    return total


@pytest.mark.slow
@pytest.mark.parametrize("path", found(SUITE, "*/*.yaml"))
def test_fit(path: Path | None, summary: Summary) -> None:
    """The best of 50 random starts is within 0.1 of the authors' point."""
    path = summary.begin(path)
    problem = load_petab(path)
    objective = Objective(problem)
    reference = objective.value(objective.nominal())
    best = fit(problem, starts=50, seed=1).best.value
    summary.end(path, max(best - reference, 0.0) / 0.1)
    assert best <= reference + 0.1
