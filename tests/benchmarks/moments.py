"""Moment equations of networks with N species and 2 N bimolecular reactions: how long they take, and how much memory.

    python tests/benchmarks/moments.py HARNESS [--rounds 5] [--limit 2]
    python tests/benchmarks/moments.py --stages

The first needs the folder of the harness's `symbolic.py`, which derives the same equations in other ways, and of these
symengine and python-flint if they are to be measured. All ways run in turn, round by round, in one process, whose
processor time is measured. Ours goes from a Network to a System, and to the first solution of the closed System; ways
that would take longer than `--limit` seconds a round do an evenly spaced sample of the moments, marked ~. The second
measures stages in wall time, each network in a process of its own.
"""

from __future__ import annotations

import argparse
import importlib
import json
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sympy.core.cache import clear_cache

import rxncompile as rx
from rxncompile.derivations.closures import close, gaussian
from rxncompile.derivations.moments import moments
from rxncompile.simulators.rate_equations.equations import Function, Jacobian, compiled
from rxncompile.simulators.rate_equations.initial import initial_values
from rxncompile.tables import TermTable

SIZES = ((5, 2), (5, 3), (5, 4), (10, 2), (10, 3), (10, 4), (20, 2), (20, 3), (20, 4), (50, 2), (50, 3), (50, 4))
STAGES = ((50, 2, "LSODA"), (200, 2, "RK45"), (50, 3, "RK45"))


def text(species: int, seed: int = 3) -> str:
    """The network of the harness: two random species become two random species."""
    draw = random.Random(seed)
    lines = ["species " + ", ".join(f"S{i} = {i % 7 + 1}" for i in range(species))]
    lines.append("param " + ", ".join(f"k{r} = 0.0{r % 9 + 1}" for r in range(2 * species)))
    for r in range(2 * species):
        (a, b), (c, d) = draw.sample(range(species), 2), draw.sample(range(species), 2)
        lines.append(f"S{a} + S{b} -> S{c} + S{d} @ k{r}")
    return "\n".join(lines) + "\n"


def timed(work: Callable[[], Any], clock: Callable[[], float] = time.process_time) -> tuple[float, Any]:
    begin = clock()
    result = work()
    return clock() - begin, result


def all_of(equation: Callable[..., Any], jobs: list[Any]) -> list[Any]:
    return [equation(*job) for job in jobs]


def compared(harness: Any, species: int, order: int, rounds: int, limit: float) -> str:
    """One row of the table: milliseconds, medians of the rounds, and ratios to the plain dictionary."""
    reactions = harness.network(species)
    touching = harness.touching(species, reactions)
    jobs = [(m, sorted({r for i in m for r in touching[i]})) for m in harness.moments(species, order)]
    ways = {}
    for name in ("sympy_expand", "symengine", "flint_mpoly", "dict_closed_form"):
        try:
            ways[name] = harness.WAYS[name]
            ways[name](3, harness.network(3))
        except ImportError:
            del ways[name]
    chosen: dict[str, list[Any]] = {}
    for name, way in ways.items():
        equation, _ = way(species, reactions)
        sample = jobs[:: max(1, len(jobs) // 12)]
        seconds, _ = timed(partial(all_of, equation, sample))
        most = max(5, int(limit / (seconds / len(sample))))
        chosen[name] = jobs if most >= len(jobs) else jobs[:: -(-len(jobs) // most)]
    integrate(close(moments(rx.parse(text(5)), 2), gaussian))  # what a process loads once
    took: dict[str, list[float]] = {name: [] for name in ("ours", *ways, "solved")}
    terms = 0
    for _ in range(rounds):
        clear_cache()
        net = rx.parse(text(species))
        seconds, system = timed(partial(moments, net, order))
        took["ours"].append(seconds)
        rest, _ = timed(partial(solved, system))
        took["solved"].append(seconds + rest)
        terms = len(system.drift.coefficient) if isinstance(system.drift, TermTable) else 0
        del system
        for name, way in ways.items():
            clear_cache()
            equation, count = way(species, reactions)
            seconds, result = timed(partial(all_of, equation, chosen[name]))
            took[name].append(seconds * len(jobs) / len(chosen[name]))
            if name == "dict_closed_form" and len(chosen[name]) == len(jobs):
                assert sum(count(x) for x in result) == terms
            del result
    middle = {name: 1e3 * statistics.median(seconds) for name, seconds in took.items()}
    unit = middle["dict_closed_form"]
    cells = [f"{species}, {order}", f"{len(jobs):,}", f"{terms:,}"]
    for name in ("sympy_expand", "symengine", "flint_mpoly", "dict_closed_form", "ours"):
        if name not in middle:
            cells.append("-")
            continue
        part = "~" if name in chosen and len(chosen[name]) < len(jobs) else ""
        cells.append(f"{part}{middle[name]:,.3g}" if middle[name] < 100 else f"{part}{middle[name]:,.0f}")
    cells += [f"{middle['ours'] / unit:.2f}", f"{middle['solved']:,.0f}"]
    return "| " + " | ".join(cells) + " |"


def solved(hierarchy: Any) -> None:
    integrate(close(hierarchy, gaussian))


def integrate(system: Any) -> None:
    """One solution; explicit where there are many states, whose matrices would fill."""
    method = "RK45" if len(system.states) > 2_000 else None
    rx.integrate(system, [0.0, 0.01], method=method, rtol=1e-6)


def stages(species: int, order: int, method: str) -> dict[str, float]:
    """Seconds and the peak of memory in GiB after each stage, in this process."""
    net = rx.parse(text(species))
    integrate(close(moments(rx.parse("species A = 3\n2 A -> 0 @ 0.1\n"), 2), gaussian))
    found: dict[str, float] = {}

    def stage(name: str, work: Callable[[], Any]) -> Any:
        found[name], result = timed(work, time.perf_counter)
        found[f"{name} GiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        return result

    hierarchy = stage("moments", lambda: moments(net, order))
    system = stage("closure", lambda: close(hierarchy, gaussian))
    model = compiled(system)
    p, y = np.array(system.parameter_vector()), np.array(initial_values(system, 0.0, None, None))
    rhs = stage("right-hand side", lambda: Function(model.called_rhs, p))
    stage("one evaluation", lambda: rhs(0.0, y))
    slopes = stage("sparse Jacobian", lambda: Jacobian(model, p, True))
    stage("one Jacobian", lambda: slopes(0.0, y))
    stage(f"solution to t = 0.1, {method}", lambda: rx.integrate(system, [0.0, 0.1], method=method, rtol=1e-6))
    return {"states": len(system.states), "entries of the Jacobian": len(model.pattern[0]), **found}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("harness", nargs="?", type=Path, help="the folder with symbolic.py")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--limit", type=float, default=2.0)
    parser.add_argument("--only", help="N,K: one size")
    parser.add_argument("--stages", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        species, order, method = given.one.split(",")
        print(json.dumps(stages(int(species), int(order), method)))
        return 0
    if given.stages:
        for species, order, method in STAGES:
            command = [sys.executable, __file__, "--one", f"{species},{order},{method}"]
            said = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
            print(f"{species} species, order {order}")
            for name, value in said.items():
                print(f"  {name:40s} {value:12,.3f}" if isinstance(value, float) else f"  {name:40s} {value:12,}")
        return 0
    if given.harness is None:
        parser.error("the harness's folder is missing")
    sys.path.insert(0, str(given.harness))
    harness = importlib.import_module("symbolic")
    head = "N, order|moments|terms|sympy|symengine|flint|dictionary|ours|/ dictionary|first solution".split("|")
    for cells in (head, ["---"] * len(head)):
        print("| " + " | ".join(cells) + " |")
    for species, order in SIZES:
        if given.only in (None, f"{species},{order}"):
            print(compared(harness, species, order, given.rounds, given.limit), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
