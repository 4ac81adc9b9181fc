"""Reductions as reaction networks: the same equations again, printed and parsed, and what their randomness is worth."""

import numpy as np
import pytest
from conftest import ROOT
from mechanisms import MICHAELIS_MENTEN, agree, equation

import rxncompile as rx
from rxncompile.derivations import reductions
from rxncompile.derivations.reductions import Reduction
from rxncompile.judging.reductions import fluctuations
from rxncompile.network import Network

# three genes that their own protein shuts off: a third of the protein is bound; binding is 40 times faster
GENE = """
param k1 = 2, k_1 = 20, k2 = 4, k_2 = 20, k0 = 0.3, ks = 1, kdm = 0.8, kdp = 0.1
species P = 0, M = 0
species G = 3, GP = 0, GP2 = 0 {fast}
bind1: G + P <-> GP @ k1, k_1 {fast}
bind2: GP + P <-> GP2 @ k2, k_2 {fast}
transcribe: G -> G + M @ k0
active: GP -> GP + M @ k0
translate: M -> M + P @ ks
decay: M -> 0 @ kdm
dilute: P -> 0 @ kdp
observable held = P + GP + 2*GP2
"""


def gene() -> Network:
    return rx.load(ROOT / "models" / "gene_autoregulation.rxn")


CASES = {
    "michaelis menten": lambda: reductions.standard(rx.parse(MICHAELIS_MENTEN), ["C"]),
    "michaelis menten, total": lambda: reductions.total(rx.parse(MICHAELIS_MENTEN), ["C"]),
    "michaelis menten, reverse": lambda: reductions.reverse(rx.parse(MICHAELIS_MENTEN), ["S"]),
    "michaelis menten, rapid": lambda: reductions.equilibrium(rx.parse(MICHAELIS_MENTEN), ["bind"], ["C"]),
    "gene": lambda: reductions.standard(gene()),
    "gene, total": lambda: reductions.total(gene()),
    "calcium": lambda: reductions.equilibrium(
        rx.load(ROOT / "models" / "calcium.rxn"), ["ip3a", "ip3b", "act"], ["S[*,*,*]"]
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_network_has_the_reduced_equations(case: str) -> None:
    """Rate equations of the printed and parsed network against the reduced System, at one point, to rounding."""
    found: Reduction = CASES[case]()
    assert found.network is not None
    again = rx.parse(rx.print_network(found.network))
    assert again == found.network
    system = rx.rate_equations(again)
    point = {s.label: 0.3 + 0.1 * i for i, s in enumerate(found.system.states)}
    y = {label: np.array([point[s.label] for s in made.states]) for label, made in (("a", found.system), ("b", system))}
    rhs = {}
    for label, made in (("a", found.system), ("b", system)):
        out = np.empty(len(made.states))
        rx.lambdify(made)(0.0, y[label], np.array(made.parameter_vector()), out)
        rhs[label] = dict(zip((s.label for s in made.states), out, strict=True))
    assert rhs["a"].keys() <= rhs["b"].keys()
    for label, value in rhs["a"].items():
        assert rhs["b"][label] == pytest.approx(value, rel=1e-9, abs=1e-12 * max(map(abs, rhs["a"].values()))), label


def test_eliminated_species_are_outputs_of_the_network() -> None:
    found = reductions.standard(gene())
    assert found.network is not None
    process = rx.jump_process(found.network)
    assert [label for label, _ in process.outputs] == ["G", "GP", "GP2"]
    assert {j.name for j in process.jumps} == {"transcribe", "active", "translate", "decay"}
    assert agree(equation(rx.rate_equations(found.network), "M"), equation(found.system, "M"))


def test_a_system_alone_has_no_network() -> None:
    assert reductions.standard(rx.rate_equations(gene()), ["G", "GP", "GP2"]).network is None
    jumps = reductions.standard(rx.jump_process(rx.parse(MICHAELIS_MENTEN.replace("cell = 100", "cell = 1000"))), ["C"])
    assert [s.label for s in jumps.system.states] == ["S", "P"]


def test_stationary_variances_of_full_standard_and_total() -> None:
    """By the master equation: total has the variance of free and bound protein to 3 %, standard misses it by 10 %."""
    net = rx.parse(GENE)
    standard, total = reductions.standard(net), reductions.total(net)
    assert standard.network is not None and total.network is not None
    full = rx.stationary(rx.jump_process(net))
    one, other = (rx.stationary(rx.jump_process(n)) for n in (standard.network, total.network))

    def variance(found: rx.Distribution, label: str) -> float:
        return float(found.covariance_of(label, label)[0])

    truth = variance(full, "held")
    assert abs(variance(other, "P_total") / truth - 1.0) < 0.03
    assert abs(variance(one, "P") / truth - 1.0) > 0.1  # of what is standard's one protein variable
    assert abs(other.mean_of("P_total")[0] / full.mean_of("held")[0] - 1.0) < 0.01


@pytest.mark.slow
def test_sampled_fluctuations() -> None:
    """400 runs: within five standard errors of a variance (0.07 of it); 12 numbers, false alarm below 1e-4."""
    net = rx.parse(GENE.replace("observable held = P + GP + 2*GP2", ""))
    found = fluctuations(net, {"total": reductions.total(net)}, np.array([0.0, 20.0, 60.0]), runs=400, seed=3)
    k = found.labels.index("P_total")
    off = np.abs(found.variance["total"][1:, k] - found.variance["full"][1:, k])
    assert (off < 5.0 * np.hypot(found.error["total"][1:, k], found.error["full"][1:, k])).all()
