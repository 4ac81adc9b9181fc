"""`rxnc simulate`: trajectories and ensembles, saved, plotted, or as CSV on stdout; runs that survive and go on."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .dimensions import time_unit
from .errors import RxnError
from .network import Network

if TYPE_CHECKING:
    import numpy as np
    import sympy as sp
    from numpy.typing import NDArray

    from .simulators.results.axes import Sweep
    from .simulators.results.distribution import Distribution
    from .simulators.results.trajectory import Ensemble, Trajectory
    from .system import System

_POINTS = 101
_LONG = 3600.0  # seconds of a run that is warned of
_PATIENCE = 60.0  # seconds for the first trajectory


def simulate(net: Network, options: argparse.Namespace) -> int:
    """The command; the exit status."""
    from .simulators.results import sweep_files
    from .simulators.results.axes import Sweep
    from .simulators.results.distribution import Distribution
    from .simulators.results.files import replacing

    if options.until is None and not options.resume and not options.passage:
        options.misuse("--until T is missing: how long to simulate")
    if options.dask and not options.resume and (options.method != "ssa" or options.trajectories or not options.runs):
        options.misuse("--dask is for the statistics of many runs: --method ssa --runs N")
    if options.resume and (options.passage or options.trajectories):
        options.misuse("--resume continues the statistics of an ensemble or a sweep")
    if options.passage:
        return _passage(net, options)
    found = _run(net, options)
    result = found.statistics() if isinstance(found, Distribution) else found
    for note in result.notes:
        _say(note)
    stopped = any(note.startswith("interrupted") for note in result.notes)
    target = options.output or options.resume
    if target:
        _save(result, target)
        _say(f"{target}: {result.method}")
        if stopped and Path(target).suffix.lower() in (".npz", ".nc"):
            _say(f"rxnc simulate {options.model} --method ssa --resume {target} continues it")
    if options.plot:
        from .views import distributions, grids, plots, style

        unit = clock[0] if (clock := time_unit(net)) else ""
        if isinstance(found, Distribution):
            figure = distributions.distribution_snapshots(found, time_unit=unit)
        elif isinstance(found, Sweep):
            figure = grids.sweep_figure(found, time_unit=unit)
        else:
            figure = plots.of_result(found, unit)
        style.save(figure, options.plot)
        _say(f"plot written to {options.plot}")
    if (target and Path(target).suffix.lower() == ".csv") or not (target or options.plot):
        text = sweep_files.csv_text(result, options.quantiles)
        if not target:
            sys.stdout.write(text)
        elif options.quantiles:
            with replacing(target) as part:
                part.write_text(text, encoding="utf-8", newline="")
    return 130 if stopped else 0


def _run(net: Network, options: argparse.Namespace) -> Trajectory | Ensemble | Sweep | Distribution:
    import numpy as np

    from .derivations.rates import rate_equations

    times = None if options.until is None else np.linspace(0.0, options.until, options.points or _POINTS)
    if options.resume:
        return _resumed(net, options, times)
    assert times is not None
    if options.stop_when and options.method == "ode":
        raise RxnError("R604", "--stop-when is of --method ssa or cme")
    if options.sweep:
        return _swept(net, options, times)
    if options.method == "ode":
        from .simulators.rate_equations.ode import integrate

        return integrate(rate_equations(net), times)
    if options.method == "cme":
        from .simulators.master.master_equation import master_equation

        found = master_equation(_process(net, options), times)
        _say(f"{found!r}")
        return found
    from .simulators.jumps.method import Method
    from .simulators.jumps.ssa import sample
    from .simulators.runs.ensembles import sample_statistics

    process, seed, threads = _process(net, options), options.seed or 0, options.threads
    sampler = Method[options.sampler.upper()] if options.sampler else None
    with Pace(options.runs or 1) as progress:
        if (options.runs or 1) == 1 or options.trajectories:
            runs = options.runs or 1
            return sample(process, times, runs, seed, threads=threads, progress=progress, method=sampler)
        kept = options.output if options.output and Path(options.output).suffix.lower() in (".npz", ".nc") else None
        return sample_statistics(
            process, times, options.runs, seed, threads=threads, progress=progress, method=sampler, checkpoint=kept,
            dask=options.dask,
        )  # fmt: skip


def _process(net: Network, options: argparse.Namespace) -> System:
    """The jump process, stopped where it was asked to stop."""
    from .derivations.rates import sampled_process
    from .simulators.runs.passage import stop_at

    return stop_at(*condition(net, options.stop_when)) if options.stop_when else sampled_process(net)


def condition(net: Network, written: str) -> tuple[System, sp.Basic]:
    """The jump process of a model and a condition in the model's own words, read by the language as in `piecewise`.

    Raises R0xx to R2xx where it is none, R604 for several lines, or for what is always or never true.
    """
    from .derivations.rates import sampled_process
    from .language import parse, print_network

    if "\n" in written or "\r" in written:
        raise RxnError("R604", f"{written!r} is no condition", hint="A >= 100")
    before, name = print_network(net), "condition"
    while name in before:
        name += "_"
    text = f"{before}\nobservable {name} = piecewise(1, {written}, 0)\n"
    try:
        process = sampled_process(parse(text, f"<{name}>"))
    except RxnError as error:
        raise RxnError(error.code, f"{written!r} is no condition: {error.message}", hint=error.hint) from None
    choice = dict(process.outputs)[name]
    if not choice.args or len(choice.args) != 2 or choice.args[0][0] != 1:
        raise RxnError("R604", f"{written!r} is no condition: it is always or never true", hint="A >= 100")
    return sampled_process(net), choice.args[0][1]


def _passage(net: Network, options: argparse.Namespace) -> int:
    """First-passage times, one a row."""
    from .simulators.results.files import replacing
    from .simulators.runs.passage import sample_passage

    runs = options.runs or 1
    with Pace(runs) as progress:
        found = sample_passage(
            *condition(net, options.passage), runs, options.until, options.seed or 0, threads=options.threads,
            progress=progress,
        )  # fmt: skip
    _say(f"{found!r}")
    lines = [f'# kind: "passage"\n# name: {json.dumps(found.name)}\n# seed: {found.seed}\nrun,time\n']
    lines += [f"{run},{time!r}\n" for run, time in enumerate(found.times.tolist())]
    if not options.output:
        sys.stdout.writelines(lines)
        return 0
    with replacing(options.output) as part:
        part.write_text("".join(lines), encoding="utf-8", newline="")
    return 0


def _resumed(net: Network, options: argparse.Namespace, times: NDArray[np.float64] | None) -> Ensemble | Sweep:
    """The rest of an interrupted ensemble or sweep; what else the command line says has to agree with it."""
    import numpy as np

    from .simulators.results.axes import Sweep
    from .simulators.results.sweep_files import load
    from .simulators.runs.ensembles import resume
    from .simulators.runs.resume import earlier_ensemble

    saved = load(options.resume)
    if times is not None and not np.array_equal(np.asarray(times), saved.t):
        raise RxnError("R707", f"{options.resume} has other times than --until and --points say")
    if isinstance(saved, Sweep):
        return _swept(net, options, saved.t, saved)
    if options.sweep:
        raise RxnError("R707", f"{options.resume} is no sweep")
    earlier, tally = earlier_ensemble(saved)
    if options.seed is not None and options.seed != earlier.seed:
        raise RxnError("R707", f"{options.resume} has seed {earlier.seed}, not {options.seed}")
    target = options.output or options.resume
    kept = target if Path(target).suffix.lower() in (".npz", ".nc") else None
    runs = tally.wanted if options.runs is None else options.runs
    with Pace(runs, tally.runs) as progress:
        return resume(
            _process(net, options), earlier, runs, threads=options.threads, progress=progress, checkpoint=kept,
            dask=options.dask,
        )  # fmt: skip


def _swept(
    net: Network, options: argparse.Namespace, times: NDArray[np.float64], earlier: Sweep | None = None
) -> Sweep:
    """Over the product of the axes; `earlier` is what a file holds of it."""
    from .derivations.rates import rate_equations
    from .simulators.results.trajectory import Ensemble
    from .simulators.runs.sweeps import crossed, sweep

    over = crossed(options.sweep) if options.sweep or earlier is None else {a: v.tolist() for a, v in earlier.axes}
    points = math.prod(len(values) for values in over.values())
    if options.method == "cme":
        raise RxnError("R604", "sweeps are of --method ode or ssa")
    if options.method == "ode" and earlier is None:
        with Pace(points) as progress:
            return sweep(rate_equations(net), times, over=over, progress=progress)
    target = options.output or options.resume
    kept = target if target and Path(target).suffix.lower() == ".npz" else None
    reached = [point for point in earlier.points if point is not None] if earlier is not None else []
    known = [point.tally if isinstance(point, Ensemble) else None for point in reached]
    if earlier is not None and not all(known):
        hint = "only what was sampled, in an .npz file, can go on"
        raise RxnError("R707", f"{options.resume} holds no sums that can be continued", hint=hint)
    runs = options.runs or max((tally.wanted for tally in known if tally), default=1)
    seed = options.seed if options.seed is not None else earlier.seed if earlier is not None else 0
    begun = sum(tally.runs for tally in known if tally)
    with Pace(points * runs, begun) as progress:
        return sweep(
            _process(net, options), times, runs, over, seed, threads=options.threads, progress=progress,
            earlier=earlier, dask=options.dask, checkpoint=kept,
        )  # fmt: skip


def _save(result: Trajectory | Ensemble | Sweep, target: str) -> None:
    """Save; where that cannot be, save among the temporary files, so that no work is lost, and raise."""
    from .simulators.results import sweep_files as files

    try:
        files.save(result, target)
    except RxnError as error:
        place = Path(tempfile.gettempdir()) / f"rxnc-{os.getpid()}-{Path(target).name}"
        try:
            files.save(result, place)
        except RxnError:
            raise error from None
        raise RxnError(error.code, error.message, hint=f"the result is in {place}") from None


class Pace:
    """How far a run is, and how long it will take: told on stderr.

    The first trajectories are the pilot from which the time is estimated. A line that is rewritten where stderr is a
    terminal; a warning, once, of a run that would take hours.
    """

    def __init__(self, runs: int, begun: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self._shown = runs > 1 and sys.stderr.isatty()
        self._begun, self._clock = begun, clock
        self._start, self._told, self._warned = clock(), 0.0, False

    def __enter__(self) -> Callable[[int, int], None]:
        return self._report

    def __exit__(self, *_: object) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")

    def _report(self, done: int, total: int) -> None:
        now = self._clock()
        elapsed, made = now - self._start, done - self._begun
        left = elapsed * (total - done) / made if made > 0 else None
        if left is not None and elapsed > 1.0 and left > _LONG and not self._warned:
            self._warned = True
            minute = max(1, int(made * 60.0 / elapsed))
            _say(
                f"warning: this run will take about {duration(left)}: {total:,} trajectories at {elapsed / made:.2g} s "
                f"each. --runs {minute:,} takes a minute; a shorter --until, and -o FILE.npz with --resume, help too"
            )
        if not made and elapsed > _PATIENCE and not self._warned:
            self._warned = True
            _say(
                f"warning: no trajectory is finished after {duration(elapsed)}: a shorter --until shows what they do, "
                "and --method ode what to expect"
            )
        if self._shown and now - self._told > 0.1:
            self._told = now
            rest = f", {duration(left)} left" if left is not None and elapsed > 1.0 and done < total else ""
            sys.stderr.write(f"\r\x1b[K{done:,} of {total:,} runs ({100 * done // max(total, 1)} %){rest}")
            sys.stderr.flush()


def duration(seconds: float) -> str:
    """A time in words: 40 s, 12 min, 3.5 hours, 2.1 days."""
    if seconds < 100.0:
        return f"{seconds:.0f} s"
    if seconds < 100.0 * 60.0:
        return f"{seconds / 60.0:.0f} min"
    return f"{seconds / 3600.0:.1f} hours" if seconds < 48.0 * 3600.0 else f"{seconds / 86400.0:.1f} days"


def _say(message: str) -> None:
    print(message, file=sys.stderr)


# ---------------------------------------------------------------------------------------------- arguments


def arguments(
    parser: argparse.ArgumentParser,
    positive: Callable[[str], float],
    count: Callable[[int], Callable[[str], int]],
) -> None:
    """What the command takes, beside the model and its settings."""
    parser.set_defaults(misuse=parser.error)
    parser.add_argument("--method", choices=("ode", "ssa", "cme"), default="ode")
    parser.add_argument(
        "--sampler", choices=("direct", "rejection"), help="of --method ssa; default: by the size of the model"
    )
    parser.add_argument("--until", type=positive, metavar="T", help="how long; needed unless --resume")
    parser.add_argument("--points", type=count(2), metavar="N", help=f"output times (default {_POINTS})")
    parser.add_argument("--runs", type=count(1), metavar="N", help="stochastic runs (default 1)")
    parser.add_argument("--seed", type=count(0), metavar="S", help="default 0")
    parser.add_argument("--threads", type=count(1), metavar="N", help="default: all cores; never changes a number")
    parser.add_argument("--dask", metavar="ADDRESS", help="on the workers of a Dask scheduler, tcp://HOST:8786")
    parser.add_argument("--trajectories", action="store_true", help="keep every run, not only their statistics")
    parser.add_argument(
        "--quantiles", type=quantiles, default=(), metavar="Q,Q", help="columns of the CSV: 0.05,0.5,0.95"
    )
    parser.add_argument(
        "--sweep", action="append", default=[], type=axis, metavar="NAME=VALUES",
        help="at each of 1,2,5 or start:stop:count or start:stop:count:log; repeated: every combination",
    )  # fmt: skip
    parser.add_argument(
        "--resume",
        metavar="FILE",
        help="continue the ensemble or sweep of a .npz (or .nc) file to --runs; saved there, or in -o",
    )
    parser.add_argument("--stop-when", metavar="CONDITION", help="trajectories stay where 'A >= 100' becomes true")
    parser.add_argument("--passage", metavar="CONDITION", help="CSV of the times when 'A >= 100' first becomes true")
    parser.add_argument("-o", "--output", metavar="FILE", help=".csv, .npz or .nc (default: CSV on stdout)")
    parser.add_argument("--plot", metavar="FILE", help=".png, .svg or .pdf")


def axis(text: str) -> tuple[str, list[float]]:
    """One axis of a sweep."""
    from .simulators.runs.sweeps import grid

    try:
        return grid(text)
    except (ValueError, IndexError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no axis: {error}") from None


def quantiles(text: str) -> Sequence[float]:
    """Numbers between 0 and 1, commas between them."""
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = (-1.0,)
    if not all(0.0 <= q <= 1.0 for q in found):
        raise argparse.ArgumentTypeError(f"{text!r} is no list of numbers between 0 and 1")
    return found
