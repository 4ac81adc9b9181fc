"""BioNetGen networks against what BioNetGen's own programs make of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rxncompile.derivations.rates import jump_process, rate_equations
from rxncompile.interchange.bionetgen import load_bionetgen
from rxncompile.simulators.jumps.ssa import sample
from rxncompile.simulators.rate_equations.ode import integrate

from .cases import Summary, found, table

pytestmark = pytest.mark.external
SUITE = "bng"
TOLERANCE = 1e-5


@pytest.mark.parametrize("path", found(SUITE, "*.net"))
def test_rate_equations(path: Path | None, summary: Summary) -> None:
    """Within 1e-5 of each column's maximum."""
    path = summary.begin(path)
    with path.with_name(f"{path.stem}-ode.gdat").open() as file:
        names = file.readline().lstrip("#").split()[1:]
        reference = np.loadtxt(file)
    result = integrate(rate_equations(load_bionetgen(path)), reference[:, 0], rtol=1e-11)
    worst = 0.0
    for k, name in enumerate(names, start=1):
        largest = np.abs(reference[:, k]).max()
        error = np.abs(result[name] - reference[:, k]).max()
        worst = max(worst, error / (TOLERANCE * largest) if largest else error)
    summary.end(path, worst)
    assert worst <= 1.0


@pytest.mark.parametrize("path", found(SUITE, "*-ssa-4000.csv"))
def test_jump_process(path: Path | None, summary: Summary) -> None:
    """Means and standard deviations of 4,000 runs on both sides, within 4 combined standard errors.

    The error of a variance comes from the fourth moment of our own runs: small counts are far from normal. With 160
    correlated numbers and a fixed seed, a correct sampler fails at most one seed in a hundred.
    """
    path = summary.begin(path)
    runs = 4000
    names, rows = table(path)
    reference = np.array(rows)
    groups = [name.removesuffix("-mean") for name in names if name.endswith("-mean")]
    system = jump_process(load_bionetgen(path.with_name(path.name.replace("-ssa-4000.csv", ".net"))))
    result = sample(system, reference[:, 0], runs=runs, seed=1)
    worst = 0.0
    for name in groups:
        mean, sd = (reference[:, names.index(f"{name}-{what}")] for what in ("mean", "sd"))
        own, variance = result[name].mean(axis=0), result[name].var(axis=0, ddof=1)
        fourth = ((result[name] - own) ** 4).mean(axis=0)
        moving = variance > 0
        assert np.array_equal(own[~moving], mean[~moving])
        assert not sd[~moving].any()
        z_mean = np.abs(own - mean)[moving] / np.sqrt((sd**2 + variance)[moving] / runs)
        z_variance = np.abs(variance - sd**2)[moving] / np.sqrt(2 * (fourth - variance**2)[moving] / runs)
        worst = max(worst, float(z_mean.max()) / 4, float(z_variance.max()) / 4)
    summary.end(path, worst)
    assert worst <= 1.0
