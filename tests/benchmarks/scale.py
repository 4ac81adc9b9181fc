"""From the text of a large network to its first solution, stage by stage: `python tests/benchmarks/scale.py`.

Each network is measured in processes of its own, with what one installation keeps between runs (numba's compiled
functions) in place: one run before is not counted. A stage's figure is its median over the runs, in seconds.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SIZES = ((1_000, 2_000), (350, 3_700))
GROWTH = ((250, 500), (500, 1_000), (1_000, 2_000), (2_000, 4_000))


def network_text(species: int, reactions: int, seed: int = 1) -> str:
    """Bimolecular reactions among species drawn at random, each with a rate constant of its own."""
    draw = random.Random(seed)
    lines = ["model Large", "units time = s", "compartment cell = 1"]
    lines += [f"species S{i} : conc in cell = {draw.randint(0, 9)}" for i in range(species)]
    lines += [f"param k{r} = 0.{draw.randint(1, 99):02d}" for r in range(reactions)]
    for r in range(reactions):
        a, b, c, d = draw.sample(range(species), 4)
        lines.append(f"r{r}: S{a} + S{b} -> S{c} + S{d} @ k{r}")
    return "\n".join(lines) + "\n"


def measured(path: Path) -> dict[str, float]:
    """The stages of one network, in this process."""
    begin = time.perf_counter()
    import numpy as np

    from rxncompile.derivations.rates import rate_equations
    from rxncompile.language import load, print_network
    from rxncompile.simulators.rate_equations.equations import compiled
    from rxncompile.simulators.rate_equations.ode import integrate
    from rxncompile.structure import conservation_laws

    found = {"import": time.perf_counter() - begin}

    def timed(stage: str, work: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        result = work()
        found[stage] = time.perf_counter() - start
        return result

    net = timed("parse and check", lambda: load(path))
    system = timed("rate equations", lambda: rate_equations(net))
    model = compiled(system)
    timed("code of the rates", lambda: model.rhs)
    timed("first solution", lambda: integrate(system, np.array([0.0, 1.0])))
    found["so far"] = sum(found.values())
    timed("code of the slopes", lambda: model.jacobian)  # which a stiff network needs as well
    timed("laws", lambda: conservation_laws(net))
    timed("print", lambda: print_network(net))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--growth", action="store_true", help="networks of 250 to 2,000 species")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measured(given.one)))
        return 0
    table = {}
    with tempfile.TemporaryDirectory() as folder:
        for species, reactions in GROWTH if given.growth else SIZES:
            path = Path(folder) / f"{species}_{reactions}.rxn"
            path.write_text(network_text(species, reactions))
            runs = []
            for _ in range(given.runs + 1):
                begin = time.perf_counter()
                said = subprocess.run([sys.executable, __file__, "--one", path], check=True, capture_output=True).stdout
                runs.append({**json.loads(said), "process": time.perf_counter() - begin})
            table[f"{species} species, {reactions} reactions"] = {
                stage: statistics.median(run[stage] for run in runs[1:]) for stage in runs[0]
            }
    if given.json:
        print(json.dumps(table, indent=1))
        return 0
    for name, stages in table.items():
        print(name)
        for stage, seconds in stages.items():
            print(f"  {stage:20s} {seconds:7.2f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
