"""The master equation on a box of counts, solved by scipy: what samples are compared with."""

from collections.abc import Mapping

import numpy as np
import scipy.sparse as sparse
from scipy.sparse.linalg import expm_multiply
from scipy.stats import chi2

from rxncompile.kernels.program import propensity_program
from rxncompile.kernels.source import compile_program
from rxncompile.system import System


def distribution(system: System, top: Mapping[str, int], t: float) -> np.ndarray:
    """P(n, t) on the box 0..top of each state, an array with one axis a state; raises if much leaves the box."""
    shape = tuple(top[s.label] + 1 for s in system.states)
    place = {s.symbol: i for i, s in enumerate(system.states)}
    states = np.ascontiguousarray(np.indices(shape).reshape(len(shape), -1).T)
    kernel = compile_program(propensity_program(system))
    p, a = np.array(system.parameter_vector()), np.zeros(len(system.jumps))
    rates = np.zeros((len(states), len(system.jumps)))
    for row, n in zip(rates, states.astype(float), strict=True):
        kernel(0.0, n, p, a)
        row[:] = a
    size = len(states)
    generator = sparse.csr_matrix(sparse.diags(-rates.sum(axis=1)))
    for r, jump in enumerate(system.jumps):
        after = states.copy()
        for moved, amount in jump.change:
            after[:, place[moved]] += amount
        inside = ((after >= 0) & (after < shape)).all(axis=1) & (rates[:, r] > 0.0)
        target = np.ravel_multi_index(tuple(after[inside].T), shape)
        entries = (rates[inside, r], (target, np.flatnonzero(inside)))
        generator = generator + sparse.csr_matrix(entries, (size, size))
    start = np.zeros(size)
    start[np.ravel_multi_index(tuple(int(s.initial) for s in system.states), shape)] = 1.0
    found = expm_multiply(generator * t, start)
    assert found.sum() > 1.0 - 1e-6, f"{1.0 - found.sum():.2g} of the probability leaves the box"
    return found.reshape(shape)


def chance(samples: np.ndarray, expected: np.ndarray) -> float:
    """The probability of a chi-square as large as that of counts `samples` (runs, S) against P(n); bins hold >= 8."""
    runs = len(samples)
    bins = np.ravel_multi_index(tuple(samples.astype(int).T), expected.shape)
    seen, weight = np.bincount(bins, minlength=expected.size).astype(float), expected.ravel() * runs
    large = weight >= 8.0
    seen = np.append(seen[large], seen[~large].sum())
    weight = np.append(weight[large], max(runs - weight[large].sum(), 0.0))
    if weight[-1] < 8.0:  # the rest joins the last bin
        seen, weight = np.append(seen[:-2], seen[-2:].sum()), np.append(weight[:-2], weight[-2:].sum())
    assert len(seen) > 4
    return float(chi2.sf(((seen - weight) ** 2 / weight).sum(), len(seen) - 1))
