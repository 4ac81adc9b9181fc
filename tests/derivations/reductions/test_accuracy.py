"""Reductions against the full equations: how the error shrinks with the separation of times, and what total gains."""

from itertools import pairwise

import numpy as np
import pytest
from conftest import ROOT

import rxncompile as rx
from rxncompile.derivations import reductions
from rxncompile.network import Network, with_values

# a chain through a fast intermediate that binds: bound amounts of order epsilon, as the standard approximation wants
CHAIN = """
param eps = 0.1
species S = 2, E = 0.1, C = 0, P = 0
bind: S + E <-> C @ 1/eps, 0.5/eps
convert: C -> E + P @ 1/eps
"""


def worst(net: Network, system: rx.System, labels: dict[str, list[str]], after: float = 3.0) -> float:
    """The largest difference over t = after .. after + 4 of sums of species, full against reduced."""
    t = np.concatenate([[0.0], np.linspace(after, after + 4.0, 41)])
    full, reduced = rx.integrate(rx.rate_equations(net), t, rtol=1e-10), rx.integrate(system, t, rtol=1e-10)
    return max(
        float(np.abs(sum(full[x] for x in parts) - reduced[label])[1:].max()) for label, parts in labels.items()
    )


def slopes(errors: list[float], ratio: float) -> list[float]:
    return [float(np.log(a / b) / np.log(ratio)) for a, b in pairwise(errors)]


def test_standard_error_is_of_first_order() -> None:
    """With E0 = eps the scaled equations are eps C' = ..., and S errs by O(eps)."""
    errors = []
    for eps in (0.04, 0.02, 0.01, 0.005):
        net = with_values(rx.parse(CHAIN), {"eps": eps, "E": eps})
        errors.append(worst(net, rx.qssa(net, ["C"]), {"S": ["S"]}))
    assert all(abs(s - 1.0) < 0.1 for s in slopes(errors, 2.0)), errors


@pytest.mark.parametrize("form", ["total", "equilibrium"])
def test_total_error_is_of_first_order_in_slowness(form: str) -> None:
    """Enzyme as abundant as substrate, conversion slower by eps than binding: total errs by O(eps), standard not."""
    text = """
    param eps = 0.1
    species S = 2, E = 1.5, C = 0, P = 0
    bind: S + E <-> C @ 1/eps, 0.5/eps {fast}
    convert: C -> E + P @ 1
    """
    errors, standard = [], []
    for eps in (0.04, 0.02, 0.01, 0.005):
        net = with_values(rx.parse(text), {"eps": eps})
        system = rx.total_qssa(net, ["C"]) if form == "total" else rx.rapid_equilibrium(net)
        errors.append(worst(net, system, {"S_total": ["S", "C"], "P": ["P"]}, 1.0))
        standard.append(worst(net, rx.qssa(net, ["C"]), {"P": ["P"]}, 1.0))
    assert all(abs(s - 1.0) < 0.1 for s in slopes(errors, 2.0)), errors
    assert min(standard) > 0.2 and max(errors) < 0.1


def test_correction_of_first_order_leaves_an_error_of_second() -> None:
    """The vector field on the slow manifold, at S after the layer: what is eliminated is right to O(eps^2)."""
    errors: dict[bool, list[float]] = {False: [], True: []}
    for eps in (0.04, 0.02, 0.01):
        net = with_values(rx.parse(CHAIN), {"eps": eps, "E": eps})
        t = np.linspace(0.0, 2.0, 21)
        full = rx.integrate(rx.rate_equations(net), t, rtol=1e-11)
        for corrected in (False, True):
            system = rx.qssa(net, ["C"], correction=corrected)
            outputs = rx.lambdify(system, "outputs")
            place = [label for label, _ in system.outputs].index("C")
            out, p = np.empty(len(system.outputs)), np.array(system.parameter_vector())
            off = []
            for k in range(10, 21):
                outputs(0.0, np.array([full["S"][k], full["P"][k]]), p, out)
                off.append(abs(out[place] - full["C"][k]) / eps)  # C is of order eps itself
            errors[corrected].append(max(off))
    assert all(abs(s - 1.0) < 0.15 for s in slopes(errors[False], 2.0)), errors
    assert all(abs(s - 2.0) < 0.2 for s in slopes(errors[True], 2.0)), errors


def test_gene_network_total_against_equation_18() -> None:
    """From t = 100 on protein is over 30 times more accurate, the gene's states over 10; at t = 1000 all over 100."""
    net = rx.load(ROOT / "models" / "gene_autoregulation.rxn")
    t = np.concatenate([[0.0], np.linspace(100.0, 1000.0, 181)])
    full = rx.integrate(rx.rate_equations(net), t)
    standard, total = rx.integrate(rx.qssa(net), t), rx.integrate(rx.total_qssa(net), t)
    for label in ("P", "G", "GP", "GP2"):
        one, other = (np.abs(path[label] - full[label])[1:] / full[label][1:] for path in (standard, total))
        assert one.max() > (30.0 if label == "P" else 10.0) * other.max(), label
        assert one[-1] > 100.0 * other[-1], label
    held = full["P"] + full["GP"] + 2.0 * full["GP2"]
    np.testing.assert_allclose(total["P_total"], held, rtol=5e-5)


def test_validity_is_segel_and_slemrods_and_tzafriris() -> None:
    net = rx.parse("""
    param kf = 2, kr = 0.5, kcat = 0.2
    species S = 3, E = 0.7, C = 0, P = 0
    bind: S + E <-> C @ kf, kr
    convert: C -> E + P @ kcat
    """)
    E0, S0, Km = 0.7, 3.0, 0.35
    found = reductions.standard(net, ["C"])
    assert found.validity is not None
    assert dict(found.validity.epsilon)["S"] == pytest.approx(E0 / (S0 + Km), rel=1e-12)
    a = E0 + S0 + Km
    total = reductions.total(net, ["C"])
    assert total.validity is not None
    tzafriri = 0.1 / (2.0 * S0) * (a / np.sqrt(a * a - 4.0 * E0 * S0) - 1.0)
    assert dict(total.validity.epsilon)["S_total"] == pytest.approx(tzafriri, rel=1e-12)
    assert "epsilon = S" in str(found.system.steps[-1])
