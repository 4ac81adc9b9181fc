"""Deterministic cases of the SBML Test Suite, by the suite's own rule: |C - U| <= T_a + T_r |C| at every point."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import libsbml
import numpy as np
import pytest
import sympy as sp

from rxncompile.derivations.rates import rate_equations
from rxncompile.expressions import symbol
from rxncompile.interchange.sbml_in import load_sbml
from rxncompile.network import Network, Observable
from rxncompile.simulators.rate_equations.ode import integrate

from .cases import Summary, found, listed, settings, table

pytestmark = pytest.mark.external
SUITE = "semantic"


def quantity(net: Network, model: Any, variable: str, asked: str) -> sp.Expr:
    """The amount, concentration or plain value of a variable of the SBML model, as a formula of the Network."""
    own = symbol("t_" if variable == "t" else variable)  # t is the time in a Network
    species = model.getSpecies(variable)
    if species is None or not asked:
        return own
    size = symbol(species.getCompartment())
    held = net.species_by_name.get(own.name)
    concentration = held.concentration if held else not species.getHasOnlySubstanceUnits()
    if asked == "amount":
        return own * size if concentration else own
    return own if concentration else own / size


@pytest.mark.parametrize("path", found(SUITE, "*/*-sbml-*.xml"))
def test_case(path: Path | None, summary: Summary) -> None:
    path = summary.begin(path)
    asked = settings(path.parent / f"{path.stem.partition('-')[0]}-settings.txt")
    names, rows = table(path.parent / f"{path.stem.partition('-')[0]}-results.csv")
    reference = np.array(rows)
    variables = listed(asked["variables"])
    assert [n.lower() for n in names] == ["time", *(v.lower() for v in variables)]
    net = load_sbml(path)
    model = libsbml.readSBMLFromFile(str(path)).getModel()
    kinds = dict.fromkeys(listed(asked["amount"]), "amount")
    kinds |= dict.fromkeys(listed(asked["concentration"]), "concentration")
    shown = tuple(
        Observable(f"column {v}", quantity(net, model, v, kinds.get(v, ""))) for v in variables
    )
    system = rate_equations(replace(net, observables=shown))
    times = reference[:, 0]
    result = integrate(system, times, rtol=1e-11)
    absolute, relative = float(asked["absolute"]), float(asked["relative"])
    worst = 0.0
    for k, v in enumerate(variables, start=1):
        error = np.abs(result[f"column {v}"] - reference[:, k]) / (absolute + relative * np.abs(reference[:, k]))
        worst = max(worst, float(error.max()) if np.isfinite(error).all() else np.inf)
    summary.end(path, worst)
    assert worst <= 1.0
