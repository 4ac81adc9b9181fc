"""The main job of `rxnc run`: one model, its equations, its simulation, one page."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console

from .derivations.rates import jump_process, rate_equations
from .errors import RxnError
from .kernels.program import propensity_program
from .kernels.source import compile_program
from .network import Network, per_event
from .simulators.horizon import horizon
from .simulators.ode import integrate
from .simulators.ssa import sample, sample_statistics
from .simulators.trajectory import Ensemble, Trajectory
from .system import System
from .views import report, tables

_EVENT_BUDGET = 2e8  # reaction events of the page's ensemble: some seconds on one core
_RUNS = (20, 2_000)
_PATHS = 12
Say = Callable[[str], None]


def tour(
    net: Network,
    page: Path,
    command: str,
    until: float | None,
    points: int,
    runs: int | None,
    seed: int,
    say: Say,
    console: Console,
) -> None:
    """Print the network and its equations, integrate, sample, and write the page.

    What a model does not admit (a stochastic reading, say) is told in words, on the page too.
    """
    tables.show(net, console)
    rates = rate_equations(net)
    console.print(str(rates), markup=False, highlight=False)
    last = until or horizon(rates)
    times = np.linspace(0.0, last, points)
    say(f"integrating until {last:g}")
    ode = integrate(rates, times)
    jumps, ensemble, paths, reason = _stochastic(net, times, runs, seed, say)
    text = report.report(net, rates, jumps, ode, ensemble, paths, command, reason)
    _write(page, text)
    say(f"{page}: {len(text.encode()) / 1024:.0f} kB")


def _stochastic(
    net: Network, times: np.ndarray, runs: int | None, seed: int, say: Say
) -> tuple[System | None, Ensemble | None, Trajectory | None, str]:
    """The jump process, its statistics and some paths in the meaning of the bare names; else why not."""
    jumps = None
    try:
        jumps = jump_process(net)
        expected = _expected_events(jumps, times)
        chosen = runs or int(min(max(_EVENT_BUDGET / max(expected, 1.0), _RUNS[0]), _RUNS[1]))
        if expected * chosen > 50 * _EVENT_BUDGET:
            return jumps, None, None, f"one stochastic run takes about {expected:.2g} events: ask for it by --runs"
        say(f"sampling {chosen} runs, about {expected:.2g} events each")
        ensemble = sample_statistics(jumps, times, runs=chosen, seed=seed)
        paths = sample(jumps, times, runs=min(_PATHS, chosen), seed=seed)
    except RxnError as error:
        say(f"no stochastic simulation: {error.message}")
        return jumps, None, None, error.message + (f" ({error.hint})" if error.hint else "")
    scale, units = _bare_names(net, jumps, ensemble.labels, ensemble.units)
    return (
        jumps,
        replace(ensemble, mean=ensemble.mean * scale, sd=ensemble.sd * scale, units=units),
        replace(paths, values=paths.values * scale, units=units),
        "",
    )


def _expected_events(jumps: System, times: np.ndarray) -> float:
    """The integral of all propensities along the deterministic solution: events of a run, roughly."""
    path = integrate(jumps, times)
    propensities = compile_program(propensity_program(jumps))
    parameters = np.array(jumps.parameter_vector())
    out = np.empty(len(jumps.jumps))
    speeds = np.empty(len(times))
    for k, t in enumerate(times):
        propensities(t, np.ascontiguousarray(path.values[0, k, : len(jumps.states)]), parameters, out)
        speeds[k] = max(out.sum(), 0.0)
    return float(np.trapezoid(speeds, times))


def _bare_names(
    net: Network, jumps: System, labels: tuple[str, ...], units: tuple[str, ...]
) -> tuple[np.ndarray, tuple[str, ...]]:
    """What turns the columns of a jump process (counts) into the quantities that the model's names mean."""
    values = jumps.environment()
    scale = np.ones(len(labels))
    names = list(units)
    for k, label in enumerate(labels[: len(jumps.states)]):
        species = net.species_by_name.get(label)
        if species:
            scale[k] = float(per_event(species).xreplace(values))
            names[k] = species.unit.text if species.unit else names[k]
    return scale, tuple(names)


def _write(path: Path, text: str) -> None:
    """Write beside the target first, so that an earlier page survives a failure."""
    handle, name = tempfile.mkstemp(dir=path.parent or Path("."), suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
