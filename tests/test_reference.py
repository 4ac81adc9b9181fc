"""The papers' systems against numbers computed outside this project (tests/reference, or RXNCOMPILE_REFERENCE)."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reference_numbers import reference
from scipy import stats

import rxncompile as rx
from rxncompile.expressions import exact, symbol, to_float
from rxncompile.network import Network, Reaction, Species, per_event, rate_law, with_values

pytestmark = pytest.mark.reference
ROOT = Path(__file__).parent.parent


def model(name: str) -> Network:
    return rx.load(ROOT / "models" / f"{name}.rxn")


def integrated(net: Network, times: list[float], labels: list[str]) -> np.ndarray:
    path = rx.integrate(rx.rate_equations(net), np.array(times, dtype=float), rtol=1e-10, atol=1e-12)
    return np.stack([path[label] for label in labels], axis=1)


def test_gene_autoregulation_follows_yang_eq_15() -> None:
    block = reference("qssa")["gene_autoregulation"]
    found = integrated(model("gene_autoregulation"), block["times"], ["P", "M", "G", "GP", "GP2"])
    # both sides are integrated numerically, at relative tolerances of 1e-10 or better
    np.testing.assert_allclose(found, block["full"], rtol=1e-7, atol=1e-9)


def test_michaelis_menten_mechanism() -> None:
    cases = reference("qssa")["michaelis_menten"]["cases"]
    assert cases
    for case in cases:
        values = {"k1": case["kf"], "k_1": case["kr"], "k2": case["kcat"], "E": case["E0"], "S": case["S0"]}
        found = integrated(with_values(model("michaelis_menten"), values), case["times"], ["S", "ES", "P"])
        np.testing.assert_allclose(found, case["full_S_C_P"], rtol=1e-6, atol=1e-9)


def test_fast_dimerisation_with_powers() -> None:
    for case in reference("qssa")["fast_dimerisation"]["cases"]:
        net = rx.parse(
            f"model D {{powers}}\nparam kd = {case['kd']}, ku = {case['ku']}, dg = {case['dg']}\n"
            f"species A : conc = {case['A0']}, A2 : conc = 0\n"
            "bind: 2 A <-> A2 @ kd, ku\nlose: A -> 0 @ dg\n"
        )
        found = integrated(net, case["times"], ["A", "A2"])
        np.testing.assert_allclose(found, case["full_A_A2"], rtol=1e-6, atol=1e-9)


def test_calcium_receptors_and_fluxes_follow_de_young_and_keizer() -> None:
    """Subunit kinetics, and leak, pump and release, at random points.

    The model lets binding consume calcium, which the reference's calcium equation leaves out: so its three
    fluxes are compared one by one.
    """
    net = model("calcium")
    system = rx.rate_equations(net)
    subunits = [f"S[{i},{a},{h}]" for i in (0, 1) for a in (0, 1) for h in (0, 1)]
    laws = {r.name: rate_law(net, r) for r in net.reactions}
    per_molecule = per_event(net.species_by_name["Ca"])
    fluxes = (
        laws["leak"] - laws["leak_rev"],
        laws["serca"],
        (laws["release"] - laws["release_rev"]) * per_molecule,
    )
    points = reference("ip3_deterministic")["rhs_points"]
    assert points
    for point in points:
        bound = point["x_S000_S001_S010_S011_S100_S101_S110_S111"]
        ca = point["Ca_uM"]
        state = {name: 100 * exact(x) for name, x in zip(subunits, bound, strict=True)}
        state |= {"Ca": exact(ca), "Ca_er": 2 - exact(ca), "IP3": exact(point["IP3_uM"])}
        found = system.evaluate(state)
        kinetics = [to_float(found[name]) / 100 for name in subunits]
        np.testing.assert_allclose(kinetics, point["rhs_x_then_Ca"][:8], rtol=1e-9, atol=1e-9)
        values = {**system.environment(), **{symbol(name): value for name, value in state.items()}}
        ours = [to_float(flux.xreplace(values)) for flux in fluxes]
        np.testing.assert_allclose(ours, point["J1_J2_J3_uM_per_s"], rtol=1e-9)


# ---------------------------------------------------------------------------------------------- the jump process

_RUNS = 20_000
# one test a marginal and time, all at once below a false-alarm rate of one in a thousand
_FALSE_ALARM = 1e-3 / 20


def network_of(system: dict[str, Any]) -> Network:
    return Network(
        system["name"],
        species=tuple(Species(name, initial=exact(system["n0"][name])) for name in system["species"]),
        reactions=tuple(
            Reaction(
                f"r{i}",
                tuple((n, c) for n, c in r["reactants"].items() if c),
                tuple((n, c) for n, c in r["products"].items() if c),
                exact(r["k"]),
            )
            for i, r in enumerate(system["reactions"])
        ),
    )


def probabilities(stored: Any) -> tuple[np.ndarray, int]:
    """A pmf and its first count; the ones stored on a coarse grid have none."""
    if isinstance(stored, dict):
        return np.array(stored["p"]), stored.get("first", 0)
    return np.array(stored), 0


def chi_square(counts: np.ndarray, pmf: np.ndarray, first: int) -> float:
    """p-value of the observed counts; neighbouring cells are joined until each expects at least ten runs."""
    end = first + len(pmf)
    seen = np.bincount(counts.astype(int), minlength=end).astype(float)
    seen = np.array([seen[:first].sum(), *seen[first:end], seen[end:].sum()])
    due = len(counts) * np.array([0.0, *pmf, max(0.0, 1.0 - pmf.sum())])
    edges = [0]
    for i in range(len(due)):
        if due[edges[-1] : i + 1].sum() >= 10 and due[i + 1 :].sum() >= 10:
            edges.append(i + 1)
    observed, expected = np.add.reduceat(seen, edges), np.add.reduceat(due, edges)
    return float(stats.chi2.sf(((observed - expected) ** 2 / expected).sum(), len(edges) - 1))


def test_ensembles_have_the_distributions_of_the_master_equation() -> None:
    systems = reference("fsp")["systems"]
    assert systems
    for system in systems:
        times = [0.0, *(r["t"] for r in system["results"])]
        paths = rx.sample(rx.jump_process(network_of(system)), np.array(times), runs=_RUNS, seed=2)
        for k, result in enumerate(system["results"], start=1):
            values = paths.values[:, k, :]
            error = np.sqrt(np.diag(result["covariance"]) / _RUNS)
            z = (values.mean(axis=0) - result["mean"]) / error
            assert (np.abs(z) < stats.norm.isf(_FALSE_ALARM / 2)).all(), (system["name"], result["t"], z)
            stored = result.get("marginals") or [result["pmf"]]
            for column, pmf in enumerate(stored):
                if isinstance(pmf, dict) and "every" in pmf:
                    continue  # every tenth probability only: no distribution to compare with
                p = chi_square(values[:, column], *probabilities(pmf))
                assert p > _FALSE_ALARM, (system["name"], result["t"], column, p)


def test_master_equation() -> None:
    """Means, covariances and every probability; the reference is a larger box solved by matrix exponentials."""
    systems = reference("fsp")["systems"]
    for system in systems:
        times = [0.0, *(r["t"] for r in system["results"])]
        found = rx.master_equation(rx.jump_process(network_of(system)), times, error=1e-10)
        labels = system["species"]
        for k, result in enumerate(system["results"], start=1):
            mean = [found.mean_of(a)[k] for a in labels]
            covariance = [[found.covariance_of(a, b)[k] for b in labels] for a in labels]
            np.testing.assert_allclose(mean, result["mean"], rtol=1e-8)
            np.testing.assert_allclose(covariance, result["covariance"], rtol=1e-8)
            for label, pmf in zip(labels, result.get("marginals") or [result["pmf"]], strict=True):
                if isinstance(pmf, dict) and "every" in pmf:
                    continue  # every tenth probability only
                stored, first = probabilities(pmf)
                values, p = found.marginal(label, k)
                ours = np.zeros(first + len(stored))
                inside = values < len(ours)
                ours[values[inside].astype(int)] = p[inside]
                np.testing.assert_allclose(ours[first:], stored, atol=1e-8)


def test_spcm_has_the_exact_moments() -> None:
    for block in reference("spcm")["systems"]:
        rates = block["parameters_per_week"]
        net = rx.parse(
            "model S\nparam " + ", ".join(f"{name} = {value}" for name, value in rates.items()) + "\n"
            f"species A = {block['n0_A_B'][0]}, B = {block['n0_A_B'][1]}\n"
            "A -> 2 A @ r1*lambda\nA -> 2 B @ r2*lambda\nA -> A + B @ (1 - r1 - r2)*lambda\nB -> 0 @ Gamma\n"
            "A -> 0 @ k1\nA -> B @ k2\n"
        )
        if min(rates.values()) < 0:  # the paper's learned k2: not a jump process, and said to be none
            with pytest.raises(rx.RxnError, match="negative"):
                rx.sample(rx.jump_process(net), np.array(block["times_weeks"]), seed=3)
            continue
        paths = rx.sample(rx.jump_process(net), np.array(block["times_weeks"]), runs=_RUNS, seed=3)
        a, b = paths["A"], paths["B"]
        exact_values = np.array(block["exact_meanA_meanB_VA_VB_Cov"])
        centred_a, centred_b = a - exact_values[:, 0], b - exact_values[:, 1]
        samples = (a, b, centred_a**2, centred_b**2, centred_a * centred_b)
        for column, sample in enumerate(samples):
            error = sample.std(axis=0)[1:] / np.sqrt(_RUNS)
            z = (sample.mean(axis=0)[1:] - exact_values[1:, column]) / error
            # ten times, five moments, two systems at most: one false alarm in ten thousand repeats
            assert (np.abs(z) < stats.norm.isf(1e-4 / 200)).all(), (block["name"], column, z)
