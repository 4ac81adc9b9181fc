"""`rxnc learn fit`: parameters of a model from a table of measurements, or a PEtab problem's."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .dimensions import time_unit
from .network import Network

if TYPE_CHECKING:
    from .learners.fits.fitted import Fit
    from .learners.fits.problem import Problem

NOISES = ("normal", "least-squares", "log-normal", "least-absolutes")
_PROBLEMS = (".yaml", ".yml")


def is_problem(model: str) -> bool:
    """Whether this is a PEtab problem, which has its model and data."""
    return Path(model).suffix.lower() in _PROBLEMS


def fitted(net: Network | None, options: argparse.Namespace) -> int:
    """The command, of a model, or of the PEtab problem that `options.model` names; the exit status."""
    from .simulators.results.files import replacing

    if net is None and options.data is not None:
        options.misuse("a PEtab problem has its data")
    if net is not None and options.data is None:
        options.misuse("DATA is missing: a table of measurements")
    suffix = Path(options.output).suffix.lower() if options.output else ""
    if suffix and suffix not in (".rxn", ".json"):
        options.misuse(f"{options.output}: a fit is written as .rxn or .json")
    if suffix == ".rxn" and net is None:
        options.misuse("a PEtab problem's fit is written as .json")
    found = _fit(net, options)
    print(found)
    if found.failures and len(found.starts) == sum(found.failures.values()):
        return 1
    if options.output:
        with replacing(options.output) as part:
            part.write_text(found.text() if suffix == ".rxn" else found.json(), encoding="utf-8")
        _say(f"{options.output} written")
    if options.plot:
        from .views import fits, style

        unit = clock[0] if net is not None and (clock := time_unit(net)) else ""
        style.save(fits.fit_figure(found, unit), options.plot)
        _say(f"plot written to {options.plot}")
    stopped = any(note.startswith("interrupted") for note in found.notes)
    if stopped and options.checkpoint:
        _say("the same command continues it")
    return 130 if stopped else 0


def _fit(net: Network | None, options: argparse.Namespace) -> Fit:
    from .learners.fits.asked import NoiseModel
    from .learners.fits.fit import fit

    noise = NoiseModel[options.noise.upper().replace("-", "_")]
    if net is None:
        from .learners.fits.petab import load_petab

        asked: tuple[Network | Problem, str | None] = (load_petab(options.model), None)
    else:
        asked = (net, options.data)
    unknowns = {name: bounds for part in options.unknown for name, bounds in part} or None
    sizes = {name: value for part in options.sd for name, value in part}
    if net is None and (unknowns or sizes or options.condition or options.observe):
        options.misuse("a PEtab problem says itself what is unknown and seen")
    if "" in sizes and len(sizes) > 1:
        options.misuse("--sd gives one number for all, or one for each observable")
    with _Pace() as progress:
        return fit(
            *asked, unknowns, noise, sizes.get("", sizes or None), dict(options.condition) or None,
            dict(options.observe) or None, starts=options.starts, seed=options.seed, threads=options.threads,
            progress=progress, checkpoint=options.checkpoint,
        )  # fmt: skip


class _Pace:
    """How many starts are done and the best of them, on a line of stderr that is rewritten."""

    def __init__(self) -> None:
        self._shown, self._start = sys.stderr.isatty(), time.monotonic()

    def __enter__(self) -> Callable[[int, int, float], None]:
        return self._report

    def __exit__(self, *_: object) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")

    def _report(self, done: int, starts: int, best: float) -> None:
        if self._shown:
            passed = time.monotonic() - self._start
            sys.stderr.write(f"\r\x1b[K{done} of {starts} starts, best {best:.6g}, {passed:.0f} s")
            sys.stderr.flush()


def arguments(command: argparse.ArgumentParser, count: Callable[[int], Callable[[str], int]]) -> None:
    """The arguments beside the model."""
    command.set_defaults(misuse=command.error)
    what = (
        "a .csv with a column time and one for each observable, named as in the model (NAME-sd for its sd), or the "
        "columns time, observable, value; with condition and replicate if there are several"
    )
    command.add_argument("data", nargs="?", metavar="DATA", help=what)
    command.add_argument(
        "--unknown", action="append", default=[], type=_unknowns, metavar="NAME[=LOW:HIGH],...",
        help="what is to be found: parameters, or species for their initial values (default: the parameters that the "
        "model gives bounds or priors); bounds default to the model's, or a thousandth and a thousand times the value",
    )  # fmt: skip
    command.add_argument("--noise", choices=NOISES, default="normal", help="the law of the noise (default normal)")
    command.add_argument(
        "--sd", action="append", default=[], type=_sizes, metavar="[NAME=]NUMBER",
        help="the size of the noise where it is known; else it is found, too",
    )  # fmt: skip
    command.add_argument(
        "--condition", action="append", default=[], type=_condition, metavar="'LABEL: NAME=VALUE, ...'",
        help="what a condition of the data sets, to a number or to an unknown; may be repeated",
    )  # fmt: skip
    command.add_argument(
        "--observe", action="append", default=[], type=_formula, metavar="NAME=FORMULA",
        help="an observable of the data that the model has no name for; may be repeated",
    )  # fmt: skip
    command.add_argument("--starts", type=count(1), default=10, metavar="N", help="random starts (default 10)")
    command.add_argument("--seed", type=count(0), default=0, metavar="S", help="default 0")
    command.add_argument("--threads", type=count(1), metavar="N", help="default: all cores")
    checkpoint = "keeps every finished start; the same command goes on from there"
    command.add_argument("--checkpoint", metavar="FILE.json", help=checkpoint)
    command.add_argument("-o", "--output", metavar="FILE", help="the fitted model (.rxn), or everything (.json)")
    command.add_argument("--plot", metavar="FILE", help="data and fitted curves: .png, .svg or .pdf")


def _parts(text: str) -> Sequence[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _unknowns(text: str) -> list[tuple[str, tuple[float, float] | None]]:
    found: list[tuple[str, tuple[float, float] | None]] = []
    for part in _parts(text):
        name, equals, bounds = part.partition("=")
        low, _, high = bounds.partition(":")
        try:
            found.append((name.strip(), (float(low), float(high)) if equals else None))
        except ValueError:
            raise argparse.ArgumentTypeError(f"{part!r} is not of the form NAME or NAME=LOW:HIGH") from None
    return found


def _sizes(text: str) -> list[tuple[str, float]]:
    found = []
    for part in _parts(text):
        name, _, value = part.rpartition("=")
        try:
            found.append((name.strip(), float(value)))
        except ValueError:
            raise argparse.ArgumentTypeError(f"{part!r} is not of the form NUMBER or NAME=NUMBER") from None
    return found


def _condition(text: str) -> tuple[str, dict[str, float | str]]:
    label, colon, rest = text.partition(":")
    values: dict[str, float | str] = {}
    for part in _parts(rest):
        name, equals, value = (x.strip() for x in part.partition("="))
        if not equals or not name or not value:
            colon = ""
        try:
            values[name] = float(value)
        except ValueError:
            values[name] = value
    if not colon or not label.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form 'LABEL: NAME=VALUE, NAME=VALUE'")
    return label.strip(), values


def _formula(text: str) -> tuple[str, str]:
    name, equals, formula = (x.strip() for x in text.partition("="))
    if not equals or not name or not formula:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=FORMULA")
    return name, formula


def _say(message: str) -> None:
    print(message, file=sys.stderr)
