"""Balances that are not linear: what stands for the species keeps the sums, balances and is not negative."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from mechanisms import MICHAELIS_MENTEN

import rxncompile as rx
from rxncompile.derivations import reductions
from rxncompile.derivations.reductions import Reduction
from rxncompile.structure.slopes import Slope

INHIBITED = """
param k1 = 10, k_1 = 5, k2 = 0.1, k3 = 20, k_3 = 8
species S = 3, I = 2, P, E = 1, C, EI
bind: S + E <-> C @ k1, k_1
convert: C -> E + P @ k2
block: E + I <-> EI @ k3, k_3
"""
DIMER = """
param k1 = 10, k_1 = 5, k2 = 5, k_2 = 3, k0 = 0.1, kd = 0.02
species P = 3, D = 0, G = 0.5, GD = 0, M = 1
dimerise: 2 P <-> D @ k1, k_1 {fast}
bind: D + G <-> GD @ k2, k_2 {fast}
transcribe: G -> G + M @ k0
decay: M -> 0 @ kd
translate: M -> M + P @ k0
dilute: P -> 0 @ kd
"""
COMPETING = """
param a = 2, b = 1, c = 3, d = 2
species A = 1, B = 2, C = 1, AB, BC
one: A + B <-> AB @ a, b
two: B + C <-> BC @ c, d
lost: AB -> B @ 0.01
"""
CASES: dict[str, Callable[[], Reduction]] = {
    "one enzyme": lambda: reductions.total(rx.parse(MICHAELIS_MENTEN), ["C"]),
    "dimer": lambda: reductions.equilibrium(rx.parse(DIMER), ["dimerise"]),
    "gene": lambda: reductions.total(rx.load(ROOT / "models" / "gene_autoregulation.rxn")),
    "inhibitor": lambda: reductions.total(rx.parse(INHIBITED), ["C", "EI"]),
    "dimer on a gene": lambda: reductions.equilibrium(rx.parse(DIMER)),
    "two that compete": lambda: reductions.equilibrium(rx.parse(COMPETING), ["one", "two"]),
}
DEGREES = {"one enzyme": 2, "dimer": 2, "gene": 3, "inhibitor": 3, "dimer on a gene": 4, "two that compete": 3}


@cache
def made(case: str) -> Reduction:
    return CASES[case]()


@cache
def outputs_of(case: str) -> Callable[..., None]:
    return rx.lambdify(made(case).system, "outputs")


@pytest.mark.parametrize("case", CASES)
def test_degree_and_what_is_said_of_the_choice(case: str) -> None:
    found = made(case)
    assert f"of {DEGREES[case]} roots the one that leaves nothing negative" in found.notes[0]
    assert ("Laguerre" in found.notes[0]) == (DEGREES[case] > 2)


@pytest.mark.parametrize("case", CASES)
@given(st.lists(st.floats(-5.0, 5.0), min_size=20, max_size=20))
def test_species_balance_at_their_sums(case: str, logarithms: list[float]) -> None:
    """At random amounts of all species over four decades: sums to 1e-12 of the largest, balance to 1e-6 of its terms.

    Far from balance roots meet and a polynomial knows a small root to no more than its rounding.
    """
    found = made(case)
    mech, system = found.mechanism, found.system
    amounts = dict(zip(mech.states, np.exp(logarithms), strict=False))
    y = np.array([
        sum(c * amounts[x] for x, c in dict(found.slow)[s.symbol].items()) for s in system.states
    ])  # fmt: skip
    values = {t.name.name: sum(c * amounts[x] for x, c in t.weights.items()) for t in found.totals if t.constant}
    p = np.array([values.get(c.label, float(v)) for c, v in zip(
        system.parameters, system.parameter_vector(), strict=True
    )])  # fmt: skip
    out = np.empty(len(system.outputs))
    outputs_of(case)(0.0, y, p, out)
    species = dict(zip((label for label, _ in system.outputs), out, strict=True))
    largest = max(amounts.values())
    assert min(species.values()) > -1e-12 * largest
    for t in found.totals:
        given_sum = sum(c * amounts[x] for x, c in t.weights.items())
        assert sum(c * species[x.name] for x, c in t.weights.items()) == pytest.approx(given_sum, rel=1e-7, abs=1e-12)
    point = {s: species.get(s.name, amounts[s]) for s in mech.states}
    numbers = {s: float(v) for s, v in mech.system.parameter_values().items()}
    for _, condition in found.conditions:
        terms = [Slope({}, {**numbers, **point})(term)[0] for term in condition.expand().args]
        assert abs(sum(terms)) <= 1e-6 * sum(map(abs, terms)) + 1e-12
