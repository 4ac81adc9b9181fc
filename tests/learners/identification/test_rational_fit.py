"""Fast species as rational functions of slow ones: Table III of Yang et al. 2021."""

from __future__ import annotations

import numpy as np
import pytest

from rxncompile import load, rate_equations
from rxncompile.derivations.rational import rational_candidates
from rxncompile.learners.identification.rational_fit import fit_rational, independent
from rxncompile.learners.identification.series import Series
from rxncompile.simulators.rate_equations.ode import integrate

SYSTEM = rate_equations(load("models/gene_autoregulation.rxn"))
TRUTH = {"beta[1]": 8 / 15, "beta[2]": 2 / 3, "alpha[1,1]": 0.016, "alpha[2,2]": 0.02, "alpha[3,3]": 0.03}
PAPER = {"beta[1]": 0.0125, "beta[2]": 0.01, "alpha[1,1]": 0.019, "alpha[2,2]": 0.005, "alpha[3,3]": 0.005}


def gene(samples: int = 91) -> Series:
    """The gene network's full equations at t = 100 ... 1000."""
    t = np.linspace(100.0, 1000.0, samples)
    found = integrate(SYSTEM, np.concatenate([[0.0], t]), rtol=1e-11, atol=1e-14)
    labels = tuple(s.label for s in SYSTEM.states)
    return Series(labels, t, np.stack([found[label][1:] for label in labels], axis=1))


def candidates():
    return rational_candidates(SYSTEM, ["G", "GP", "GP2"], ["P"], 2)


@pytest.mark.parametrize("samples", [31, 91, 901])
@pytest.mark.parametrize("accuracy", [0.003, 0.005, 0.01])
def test_six_terms_are_removed(samples: int, accuracy: float) -> None:
    """Exactly these, however many samples, and the rest is as in Table III or better."""
    found = fit_rational(candidates(), [gene(samples)], accuracy=accuracy)
    assert set(found.values) == set(TRUTH)
    for label, value in found.values.items():
        assert abs(value / TRUTH[label] - 1.0) < PAPER[label]


def test_a_coarse_accuracy_needs_fewer_terms() -> None:
    """At a fiftieth of the standard deviations one can do without what matters at few proteins only."""
    found = fit_rational(candidates(), [gene()], accuracy=0.02)
    assert set(found.values) == set(TRUTH) - {"beta[1]"} and 0.01 < max(found.misfit) < 0.02


def test_with_noise() -> None:
    """1 % on the fast species: the same five terms, and the stated deviations are those of the errors."""
    series, rng = gene(451), np.random.default_rng(5)
    fast = [series.labels.index(n) for n in ("G", "GP", "GP2")]
    series.values[:, fast] += 0.01 * series.values[:, fast].std(axis=0) * rng.normal(size=(451, 3))
    found = fit_rational(candidates(), [series])
    assert set(found.values) == set(TRUTH)
    for term in found.terms:
        assert abs(term.value - TRUTH[term.label]) < 5.0 * term.sd + PAPER[term.label] * TRUTH[term.label]


def test_conserved_and_unselected() -> None:
    series = gene()
    found, whole = (fit_rational(candidates(), [series], select=choice) for choice in (True, False))
    assert len(whole.terms) == 11 and whole.condition > 1e4 > found.condition
    law = candidates().only(list(TRUTH)).conserving({"G": 1, "GP": 1, "GP2": 1}, 0.03)
    conserving = fit_rational(law, [series], select=False)
    for label, value in conserving.values.items():
        assert abs(value / TRUTH[label] - 1.0) < 0.005
    again = integrate(conserving.system, [0.0, 900.0], initial={"P": series.values[0, 0], "M": series.values[0, 1]})
    end = dict(zip(again.labels, np.asarray(again.values).reshape(2, -1)[-1], strict=True))
    assert end["P"] == pytest.approx(series.values[-1, 0], rel=0.01)


def test_independent_samples() -> None:
    """Of white noise all, of r_k = a r_(k-1) + noise a share of (1 - a)/(1 + a)."""
    rng, n = np.random.default_rng(3), 40_000
    noise = rng.normal(size=(n, 2))
    alike = noise.copy()
    for k in range(1, n):
        alike[k, 1] = 0.8 * alike[k - 1, 1] + noise[k, 1]
    quantity = np.tile([0, 1], n)
    assert independent(noise.ravel(), quantity) == pytest.approx(1.0, rel=0.05)
    assert independent(alike.ravel(), quantity) == pytest.approx(0.5 * (1.0 + 0.2 / 1.8), rel=0.05)
