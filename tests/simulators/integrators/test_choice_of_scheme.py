"""The method that is chosen: explicit where nothing is stiff, Rosenbrock where something is, the same every time."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import ROOT

from rxncompile import load, rate_equations
from rxncompile.simulators.integrators.choice import suited
from rxncompile.simulators.integrators.machine import Scheme
from rxncompile.simulators.rate_equations.initial import initial_values

STIFF = {"robertson": 1e4, "mapk": 20.0, "oregonator": 100.0, "gene_autoregulation": 100.0}
MILD = {"brusselator": 20.0, "repressilator": 200.0, "lotka_volterra": 20.0, "sir": 50.0, "p53": 20.0}


def chosen(name: str, end: float) -> Scheme:
    system = rate_equations(load(ROOT / "models" / f"{name}.rxn"))
    start = np.array(initial_values(system))
    atol = np.full(len(start), 1e-9 * np.abs(start).max())
    return suited(system, end, np.array(system.parameter_vector()), start, 1e-6, atol)


@pytest.mark.parametrize("name", STIFF)
def test_stiff(name: str) -> None:
    assert chosen(name, STIFF[name]) is Scheme.ROSENBROCK


@pytest.mark.parametrize("name", MILD)
def test_mild(name: str) -> None:
    assert chosen(name, MILD[name]) is Scheme.EXPLICIT


def test_it_depends_on_how_long() -> None:
    """Before the fast reactions of Robertson's problem have come to rest nothing is stiff."""
    assert chosen("robertson", 1e-4) is Scheme.EXPLICIT
