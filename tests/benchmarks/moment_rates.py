"""Rates of the six candidate reactions of SPCM from moments: two ways, many data sets, against what is possible.

    python tests/benchmarks/moment_rates.py [SETS] [RUNS]

What is possible is the Cramer-Rao bound of the moments, by their covariance and slopes at the true rates.
"""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter

import numpy as np

import rxncompile as rx
from rxncompile.learners.moments.model import model_of

TRUTH = {"lambda": 1.1, "r1": 0.0836, "r2": 0.0764, "Gamma": 0.31, "k1": 0.0, "k2": 0.0}
WEEKS = np.arange(21.0)
MORE = "param k1 : 1/week = 0, k2 : 1/week = 0\nlost: A -> 0 @ k1\nturn: A -> B @ k2\n"


def possible(candidates: rx.Network, runs: int) -> np.ndarray:
    """Standard deviations, in the order of TRUTH."""
    symbols = {s.name: s for s in rx.rate_relation(candidates).parameters}
    model = model_of(candidates, 2, tuple(symbols[n] for n in TRUTH))
    theta = np.array(list(TRUTH.values()))
    slope = model.predict(theta, WEEKS[1:]).by.reshape(-1, len(TRUTH))
    spread = model.covariance(theta, WEEKS[1:], True)
    return np.sqrt(np.diagonal(np.linalg.inv(slope.T @ np.linalg.solve(spread, slope))) / runs)


def main(sets: int, runs: int) -> None:
    text = (Path(__file__).parents[2] / "models" / "spcm.rxn").read_text().replace("observable clone = A + B", "")
    candidates, jumps = rx.parse(text + MORE), rx.jump_process(rx.parse(text))
    bound, truth = possible(candidates, runs), np.array(list(TRUTH.values()))
    errors: dict[str, list[np.ndarray]] = {"ordinary": [], "generalised": []}
    z, spent = [], {"sampling": 0.0, "ordinary": 0.0, "generalised": 0.0}
    for k in range(sets):
        began = perf_counter()
        data = rx.measured_moments(rx.sample(jumps, WEEKS, runs=runs, seed=31_000 + k), species=("A", "B"))
        spent["sampling"] += perf_counter() - began
        for name, solve in (("ordinary", rx.ordinary_rates), ("generalised", rx.rates_from_moments)):
            began = perf_counter()
            found = solve(candidates, data)
            spent[name] += perf_counter() - began
            errors[name].append(np.array([found[n] for n in TRUTH]) - truth)
            if isinstance(found, rx.RateEstimate):
                z.append(list(found.errors(TRUTH).values()))
    print(f"{sets} sets of {runs:,} runs; seconds: " + ", ".join(f"{n} {s:.0f}" for n, s in spent.items()))
    print("| | possible sd | ordinary, rms | generalised, rms | mean z | sd of z | in 95 % |\n" + 7 * "| --- " + "|")
    off = {n: np.sqrt((np.array(e) ** 2).mean(axis=0)) / bound for n, e in errors.items()}
    mean, sd, inside = np.mean(z, axis=0), np.std(z, axis=0), (np.abs(z) < 1.96).sum(axis=0)
    for k, (name, x) in enumerate(TRUTH.items()):
        size = f"{bound[k] / x:.3%}" if x else f"{bound[k]:.5f}"
        ratios = " | ".join(f"{off[n][k]:.2f}" for n in errors)
        print(f"| {name} | {size} | {ratios} | {mean[k]:+.2f} | {sd[k]:.2f} | {inside[k]} |")


if __name__ == "__main__":
    main(*(int(x) for x in (sys.argv[1:] + ["100", "10000"][len(sys.argv) - 1 :])[:2]))
