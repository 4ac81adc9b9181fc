"""Fits of PEtab problems from random starts: ours, and scipy's least_squares on the same objective.

    python tests/benchmarks/fits.py FOLDER [STARTS] [SEED]

FOLDER holds PEtab problems, one a folder. Processor seconds on one thread, everything compiled before. `exact` gives
least_squares our Jacobian, `differences` lets it difference. `reached`: within 0.1 of the nominal point's objective.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

import numpy as np

from rxncompile.learners.fits.information import scores
from rxncompile.learners.fits.objective import Failed, Objective
from rxncompile.learners.fits.petab import load_petab
from rxncompile.learners.fits.sizes import gathered
from rxncompile.learners.fits.starts import Search

EVALUATIONS = 300
LIFT = 50.0  # added to 2 log sigma, so that it has a root


def residuals(objective: Objective, x: np.ndarray) -> np.ndarray:
    """Half their squares are the objective up to a constant, for normal noise."""
    try:
        y, sigma = gathered(objective, objective.solve(x))
        away, _ = objective.distances(y)
    except Failed:
        return np.full(2 * len(objective.problem.data.value), 1e6)
    return np.concatenate([away / sigma, np.sqrt(np.maximum(2.0 * np.log(sigma) + LIFT, 1e-12))])


def jacobian(objective: Objective, x: np.ndarray) -> np.ndarray:
    y, sigma, dy, dsigma = objective.predictions(x)
    away, steep = objective.distances(y)
    r, root = away / sigma, np.sqrt(np.maximum(2.0 * np.log(sigma) + LIFT, 1e-12))
    first = (steep[:, None] * dy - r[:, None] * dsigma) / sigma[:, None]
    return np.concatenate([first, dsigma / (sigma * root)[:, None]])


def scipy_start(objective: Objective, seed: int, number: int, exact: bool) -> float:
    from scipy.optimize import least_squares

    low, high = objective.bounds
    stream = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number, 0)))
    x = low + (high - low) * stream.random(len(low))
    try:
        found = least_squares(
            lambda z: residuals(objective, z), x, (lambda z: jacobian(objective, z)) if exact else "2-point",
            (low, high), max_nfev=EVALUATIONS, **({} if exact else {"diff_step": 1e-5}),
        )  # fmt: skip
        return objective.value(found.x)
    except (Failed, ValueError):
        return float("inf")


def measured(name: str, run: Callable[[int], float], starts: int, reference: float) -> str:
    values, begun = [], time.process_time()
    for k in range(starts):
        values.append(run(k))
    spent = time.process_time() - begun
    reached = sum(v <= reference + 0.1 for v in values)
    each = f"{spent / reached:.0f}" if reached else "-"
    return f"| {name} | {min(values):.3f} | {reached} of {starts} | {spent / starts:.2f} | {each} |"


def main() -> None:
    folder, starts = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 20
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    for path in sorted(folder.glob("*/*.yaml")):
        objective = Objective(load_petab(path))
        reference = objective.value(objective.nominal())
        scores(objective, objective.nominal())
        search = Search.of(objective, seed, None, EVALUATIONS)
        print(f"{path.stem}: {reference:.3f} at the nominal point")
        print("| search | best | reached | s a start | s until one reaches |")
        ways: dict[str, Callable[[int], float]] = {
            "ours": lambda k: search.start(k, Event()).value,  # noqa: B023
            "exact": lambda k: scipy_start(objective, seed, k, True),  # noqa: B023
            "differences": lambda k: scipy_start(objective, seed, k, False),  # noqa: B023
        }
        for name, run in ways.items():
            print(measured(name, run, starts, reference), flush=True)


if __name__ == "__main__":
    main()
