"""The main job of `rxnc run`: one model, its equations, its simulation, one page."""

from __future__ import annotations

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
from .simulators.files import replacing
from .simulators.horizon import horizon
from .simulators.ode import integrate
from .simulators.ssa import sample, sample_statistics
from .simulators.trajectory import Ensemble, Trajectory
from .system import System
from .views import report, tables

_EVENT_BUDGET = 2e8  # reaction events of the page's ensemble: some seconds on one core
_RUNS = (20, 2_000)
_PATHS = 12
_FINER = 4  # points of the smooth curve for each of the stochastic runs'
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
    rates, ode, jumps, ensemble, paths, reason = None, None, None, None, None, ""
    try:
        rates = rate_equations(net)
        console.print(str(rates), markup=False, highlight=False, soft_wrap=True)
        times = np.linspace(0.0, until or horizon(rates), points)
        say(f"integrating until {times[-1]:g}")
        ode = integrate(rates, np.linspace(0.0, times[-1], _FINER * (points - 1) + 1))
        jumps, ensemble, paths, reason = _stochastic(net, times, runs, seed, say)
    except RxnError as error:
        say(str(error))
        reason = _in_words(error)
    text = report.report(net, rates, jumps, ode, ensemble, paths, command, reason)
    with replacing(page) as part:
        part.write_text(text, encoding="utf-8")
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
        ensemble, paths, reason = _sampled(jumps, times, chosen, seed, int(50 * expected + 1e6))
    except RxnError as error:
        say(f"no stochastic simulation: {error.message}")
        return jumps, None, None, _in_words(error)
    scale, units = _bare_names(net, jumps, ensemble.labels, ensemble.units)
    return (
        jumps,
        replace(ensemble, mean=ensemble.mean * scale, sd=ensemble.sd * scale, units=units),
        replace(paths, values=paths.values * scale, units=units),
        reason,
    )


def _sampled(
    jumps: System, times: np.ndarray, runs: int, seed: int, most: int
) -> tuple[Ensemble, Trajectory, str]:
    """Statistics and paths, over a shorter time where a run takes off (as prey do when the last predator is gone)."""
    for part in (1, 2, 4, 8, 16):
        shown = times if part == 1 else np.linspace(times[0], times[-1] / part, len(times))
        try:
            ensemble = sample_statistics(jumps, shown, runs=runs, seed=seed, max_events=most)
            paths = sample(jumps, shown, runs=min(_PATHS, runs), seed=seed, max_events=most)
        except RxnError as error:
            if error.code != "R606" or part == 16:
                raise
            reason = f"shown until t = {shown[-1] / 2:g}: beyond, {error.message}"
        else:
            return ensemble, paths, "" if part == 1 else reason
    raise AssertionError


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
            counted = per_event(species) == 1  # already in molecules, as the rate equations name them
            names[k] = species.unit.text if species.unit and not counted else names[k]
    return scale, tuple(names)


def _in_words(error: RxnError) -> str:
    return error.message + (f" ({error.hint})" if error.hint else "")
