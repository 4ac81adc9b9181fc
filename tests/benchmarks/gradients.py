"""What gradients cost in forward solves: `python tests/benchmarks/gradients.py [--figure cost.png]`.

20 species in a ring with reactions of second order across, one parameter a reaction, 21 data times, rtol 1e-6.
Processor time of one thread, rounds in turn, the ratio to a solve formed within a round. An adjoint gradient is the
solve and the way back; forward sensitivities are the solve and all directions; differences are one solve a parameter
and one more.
"""

from __future__ import annotations

import argparse
import random
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from integrators import measured

from rxncompile import parse, rate_equations
from rxncompile.simulators.integrators.course import follow
from rxncompile.simulators.integrators.drive import Control
from rxncompile.simulators.integrators.machine import Machine, Scheme, machine

SPECIES, TIMES = 20, np.linspace(0.0, 20.0, 21)
SIZES = (5, 10, 20, 35, 50, 75, 100, 150, 200)


def ring_text(parameters: int, seed: int = 1) -> str:
    """Reactions round a ring of 20 species, then across it; constants log-uniform over two decades."""
    draw = random.Random(seed)
    lines = ["model Ring"] + [f"species S{i} = {draw.randint(1, 9)}" for i in range(SPECIES)]
    lines += [f"param k{j} = {10 ** draw.uniform(-2, 0):.6g}" for j in range(parameters)]
    for j in range(max(SPECIES, parameters)):
        rate = f"k{j % parameters}"
        if j < SPECIES:
            lines.append(f"S{j} -> S{(j + 1) % SPECIES} @ {rate}")
        else:
            a, b, c = draw.sample(range(SPECIES), 3)
            lines.append(f"S{a} + S{b} -> S{c} @ {rate}")
    return "\n".join(lines) + "\n"


def ways(made: Machine) -> dict[str, Callable[[], Any]]:
    """A solve, and three gradients of a sum over all states at all times."""
    p, start = np.array(made.system.parameter_vector()), np.array([float(s.initial) for s in made.system.states])
    n, count = len(start), len(p)
    control = Control(1e-6, np.full(n, 1e-9), 10**5, 0.0, True)
    sources = np.random.default_rng(0).normal(size=(len(TIMES), n))
    s, q, empty = np.zeros((count, n)), np.eye(count), made.trace(0)

    def solve(at: np.ndarray = p) -> Any:
        return made.solve(control, TIMES, at, start, empty)[1]

    def adjoint() -> Any:
        return follow(made, control, TIMES, p, start).back(sources)[1]

    def forward() -> Any:
        return np.einsum("tmn,tn->m", follow(made, control, TIMES, p, start).along(s, q), sources)

    def differences() -> Any:
        base, found = (solve() * sources).sum(), np.zeros(count)
        for j in range(count):
            moved = p.copy()
            moved[j] *= 1.0 + 1e-6
            found[j] = ((solve(moved) * sources).sum() - base) / (moved[j] - p[j])
        return found

    return {"solve": solve, "adjoint": adjoint, "forward": forward, "differences": differences}


def cost(parameters: int, scheme: Scheme, rounds: int) -> dict[str, float]:
    """Solves that each way costs."""
    made = machine(rate_equations(parse(ring_text(parameters))), scheme)
    found = ways(made)
    one, other = found["adjoint"](), found["forward"]()
    assert np.abs(one - other).max() <= 1e-9 * np.abs(other).max()
    times = measured(found, rounds)
    solve = times["solve"]
    ratios = {way: statistics.median(a / b for a, b in zip(t, solve, strict=True)) for way, t in times.items()}
    return {**ratios, "us": 1e6 * statistics.median(solve)}


def draw(table: dict[Scheme, list[dict[str, float]]], path: Path) -> None:
    """The figure."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.0, 3.6), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for panel, (scheme, rows) in zip(panels, table.items(), strict=True):
        for way, marker in (("differences", "s"), ("forward", "^"), ("adjoint", "o")):
            panel.loglog(SIZES, [row[way] for row in rows], marker=marker, markersize=4, label=way)
        panel.axhline(6.0, color="0.7", linewidth=0.8, linestyle="--")
        panel.set(title=scheme.value, xlabel="parameters")
    panels[0].set_ylabel("cost of a gradient / cost of a solve")
    panels[0].legend(frameon=False)
    figure.savefig(path, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--figure", type=Path, help="where to draw the costs of 5 to 200 parameters")
    given = parser.parse_args()
    table: dict[Scheme, list[dict[str, float]]] = {}
    for scheme in Scheme:
        table[scheme] = []
        for parameters in SIZES if given.figure else (50,):
            found = cost(parameters, scheme, given.rounds)
            table[scheme].append(found)
            line = f"| {scheme.value} | {parameters} | {found['us']:.0f} us | {found['adjoint']:.2f} |"
            each = (found["forward"] - 1.0) / parameters
            print(f"{line} {found['forward']:.1f} | {each:.2f} | {found['differences']:.1f} |", flush=True)
    if given.figure:
        draw(table, given.figure)


if __name__ == "__main__":
    main()
