"""The main job of `rxnc run`: a model, its equations, its simulation, one page; or a folder of such pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic

import numpy as np
from rich.console import Console

from .derivations.rates import jump_process, rate_equations
from .derivations.reductions import Reduction, equilibrium, standard, total
from .errors import RxnError
from .judging import Judgement, judge
from .judging.judge import USUAL
from .judging.reductions import Reduced, judge_reductions
from .judging.truth import distribution
from .network import Flag, Network, per_event
from .simulators.jumps.ssa import sample
from .simulators.rate_equations.horizon import expected_events, horizon, output_times
from .simulators.rate_equations.ode import integrate
from .simulators.results.comparison import Comparison, compare
from .simulators.results.files import replacing
from .simulators.results.times import finer
from .simulators.results.trajectory import Ensemble, Trajectory
from .simulators.runs.ensembles import sample_statistics
from .system import System
from .views import library, report, tables
from .views.computed import Tour

_EVENT_BUDGET = 2e8  # reaction events of the page's ensemble: some seconds on one core
_MOST_EVENTS = 10 * _EVENT_BUDGET  # beyond, only who asks for runs gets them
_MANY = 30  # reactions, beyond which an event costs the more the more there are
_RUNS = (20, 2_000)
_PATHS = 12
_EXACT_TIMES, _EXACT_STATES, _EXACT_WORK = 40, 5_000, 1e5  # of a master equation that costs a second at most
_CLOSED_SPECIES, _CLOSED_EVALUATIONS, _CLOSED_RUNS = 6, 20_000, 200  # of closures that are judged on the page
_FINER = 4  # points of the smooth curve for each of the stochastic runs'
INDEX = "index.html"
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
    found = computed(net, command, until, points, runs, seed, say)
    if found.rates is not None:
        console.print(str(found.rates), markup=False, highlight=False, soft_wrap=True)
    say(f"{page}: {_written(report.report(found), page) / 1024:.0f} kB")


def tours(
    models: Sequence[str],
    read: Callable[[str], Network],
    folder: Path,
    command: Callable[[str, str], str],
    until: float | None,
    points: int,
    runs: int | None,
    seed: int,
    say: Say,
) -> int:
    """A page of every model in a folder, and an index of them; how many models failed, each with its reason said.

    `command(model, page)` is what writes one page by itself.
    """
    entries: list[library.Entry] = []
    failed: list[tuple[str, str]] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RxnError("R702", f"{folder} cannot be made: {error.strerror or error}") from None
    for model, name in zip(models, page_names(models), strict=True):
        started = monotonic()
        try:
            found = computed(read(model), command(model, name), until, points, runs, seed, lambda _: None)
            size = _written(report.report(found), folder / name)
        except RxnError as error:
            say(str(error))
            failed.append((Path(model).name, _in_words(error)))
            continue
        entries.append(library.entry(found, name, len(entries)))
        say(f"{folder / name}: {size / 1024:.0f} kB, {monotonic() - started:.1f} s")
    size = _written(library.index(entries, failed), folder / INDEX)
    say(f"{folder / INDEX}: {size / 1024:.0f} kB, {len(entries)} of {len(models)} models")
    return len(failed)


def page_names(models: Sequence[str]) -> tuple[str, ...]:
    """The file of each model's page: its own name, a number behind it where that is taken."""
    taken = {INDEX}
    names = []
    for model in models:
        stem = Path(model).stem
        name, count = f"{stem}.html", 1
        while name.lower() in taken:  # as one file on some systems
            count += 1
            name = f"{stem}-{count}.html"
        taken.add(name.lower())
        names.append(name)
    return tuple(names)


def computed(
    net: Network, command: str, until: float | None, points: int, runs: int | None, seed: int, say: Say
) -> Tour:
    """What the page shows: equations, their solution, stochastic runs; in words why something is missing."""
    rates, ode, jumps, ensemble, paths, reason = None, None, None, None, None, ""
    comparison, judgement, reduced = None, None, None
    try:
        rates = rate_equations(net)
        times = output_times(rates, until or horizon(rates), points)
        say(f"integrating until {times[-1]:g}")
        ode = integrate(rates, finer(times, _FINER))
        reduced = _reduced(net, times, say)
        jumps, counted, paths, reason = _stochastic(net, times, runs, seed, say)
        if jumps is not None and counted is not None and paths is not None:
            comparison, judgement = _judged(net, jumps, counted, say)
            ensemble, paths = _in_bare_names(net, jumps, ode, counted, paths)
    except RxnError as error:
        say(str(error))
        reason = _in_words(error)
    return Tour(net, rates, jumps, ode, ensemble, paths, command, reason, comparison, judgement, reduced)


def _reduced(net: Network, times: np.ndarray, say: Say) -> Reduced | None:
    """The model without what it marks as fast, followed in time; None where nothing is marked or can be left out."""
    forms: dict[str, Callable[[Network], Reduction]] = {}
    if any(Flag.FAST in s.flags for s in net.species):
        forms = {"standard quasi-steady state": standard, "total quasi-steady state": total}
    elif any(Flag.FAST in r.flags for r in net.reactions):
        forms = {"rapid equilibrium": equilibrium}
    made: dict[str, Reduction] = {}
    for name, form in forms.items():
        try:
            made[name] = form(net)
        except RxnError as error:
            say(f"no {name}: {error.message}")
    return judge_reductions(net, made, times) if made else None


def _written(text: str, page: Path) -> int:
    """Write a page; its size in bytes. Raises R702 where that fails."""
    data = text.encode()
    try:
        with replacing(page) as part:
            part.write_bytes(data)
    except OSError as error:
        raise RxnError("R702", f"{page} cannot be written: {error.strerror or error}") from None
    return len(data)


def _stochastic(
    net: Network, times: np.ndarray, runs: int | None, seed: int, say: Say
) -> tuple[System | None, Ensemble | None, Trajectory | None, str]:
    """The jump process, its statistics and some paths, all in counts; else why not."""
    jumps = None
    try:
        jumps = jump_process(net)
        expected = expected_events(jumps, times)
        cost = max(expected, 1.0) * max(len(jumps.jumps) / _MANY, 1.0)
        chosen = runs or int(min(max(_EVENT_BUDGET / cost, _RUNS[0]), _RUNS[1]))
        if runs is None and cost * chosen > _MOST_EVENTS:
            return jumps, None, None, f"one stochastic run takes about {expected:.2g} events: ask for it by --runs"
        say(f"sampling {chosen} runs, about {expected:.2g} events each")
        ensemble, paths, reason = _sampled(jumps, times, chosen, seed, int(50 * expected + 1e6))
    except RxnError as error:
        say(f"no stochastic simulation: {error.message}")
        return jumps, None, None, _in_words(error)
    return jumps, ensemble, paths, reason


def _in_bare_names(
    net: Network, jumps: System, ode: Trajectory, ensemble: Ensemble, paths: Trajectory
) -> tuple[Ensemble, Trajectory]:
    """Statistics and paths in the meaning of the bare names."""
    scale, units = _bare_names(net, jumps, ode, ensemble)
    return (
        replace(ensemble, mean=ensemble.mean * scale, sd=ensemble.sd * scale, units=units),
        replace(paths, values=paths.values * scale, units=units),
    )


def _judged(
    net: Network, jumps: System, ensemble: Ensemble, say: Say
) -> tuple[Comparison | None, Judgement | None]:
    """The ensemble against the master equation where that is small, closures against either where they are cheap."""
    t = ensemble.t[:: -(-(len(ensemble.t) - 1) // _EXACT_TIMES)]
    exact = distribution(jumps, t, _EXACT_STATES, _EXACT_WORK)
    comparison = compare(ensemble, exact) if exact is not None else None
    if comparison is not None:
        say(str(comparison))
    if len(jumps.states) > _CLOSED_SPECIES or (exact is None and ensemble.runs < _CLOSED_RUNS):
        return comparison, None
    try:
        judgement = judge(net, USUAL, t, against=exact or ensemble, evaluations=_CLOSED_EVALUATIONS)
    except RxnError as error:
        say(f"no closure judged: {error.message}")
        return comparison, None
    return comparison, judgement


def _sampled(
    jumps: System, times: np.ndarray, runs: int, seed: int, most: int
) -> tuple[Ensemble, Trajectory, str]:
    """Statistics and paths, over a shorter time where a run takes off (as prey do when the last predator is gone)."""
    for part in (1, 2, 4, 8, 16):
        shown = times if part == 1 else times / part
        try:
            ensemble = sample_statistics(jumps, shown, runs=runs, seed=seed, max_events=most)
            paths = sample(jumps, shown, runs=min(_PATHS, runs), seed=seed, max_events=most)
        except RxnError as error:
            if error.code != "R606" or part == 16:
                raise
            reason = f"shown until t = {shown[-1] / 2:g}; later some run grows out of hand ({error.message})"
        else:
            return ensemble, paths, "" if part == 1 else reason
    raise AssertionError


def _bare_names(net: Network, jumps: System, ode: Trajectory, ensemble: Ensemble) -> tuple[np.ndarray, tuple[str, ...]]:
    """What turns the columns of a jump process (counts) into what the model's names mean, with the units of `ode`."""
    values = jumps.environment()
    scale = np.ones(len(ensemble.labels))
    units = dict(zip(ode.labels, ode.units, strict=True))
    for k, label in enumerate(ensemble.labels[: len(jumps.states)]):
        species = net.species_by_name.get(label)
        if species:
            scale[k] = float(per_event(species).xreplace(values))
    return scale, tuple(units.get(n, u) for n, u in zip(ensemble.labels, ensemble.units, strict=True))


def _in_words(error: RxnError) -> str:
    return error.message + (f" ({error.hint})" if error.hint else "")
