"""Cases of the Discrete Stochastic Model Test Suite against the suite's exact values, without any sampling.

Every case has to be read and to have a jump process. Means and standard deviations come from `exact`, wherever one of
its two ways is open: |x - ref| <= 1e-5 + 1e-6 |ref|.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import sympy as sp

from rxncompile.derivations.rates import jump_process
from rxncompile.interchange.sbml_in import load_sbml

from .cases import Summary, found, table
from .exact import exact_moments

pytestmark = pytest.mark.external
SUITE = "dsmts"


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
