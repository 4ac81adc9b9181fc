"""`rxnc`: parse, derive, run. Data goes to stdout or a file, messages to stderr.

Exit 0 good, 1 the model or the data is wrong (diagnostics shown), 2 misuse. Heavy libraries are imported by the
command that needs them.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING

from . import derive_command, fit_command, identify_command, simulate_command
from .errors import Diagnostic, RxnError
from .expressions import exact
from .modelfiles import convert, load, load_with_warnings
from .network import Network, with_values

if TYPE_CHECKING:
    from rich.console import Console


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    options = _parser().parse_args(arguments)
    options.arguments = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return int(options.command(options))
    except RxnError as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


# ---------------------------------------------------------------------------------------------- commands


def _check(options: argparse.Namespace) -> int:
    """Every diagnostic of every model; nothing is run."""
    found: list[tuple[str, Diagnostic]] = []
    for path in options.models:
        try:
            net, warnings = load_with_warnings(path)
        except RxnError as error:
            found += [(path, d) for d in error.diagnostics]
        else:
            found += [(path, d) for d in warnings]
            if not options.json:
                doubts = f", {len(warnings)} warning{'s' * (len(warnings) > 1)}" if warnings else ""
                print(f"{path}: {len(net.species)} species, {len(net.reactions)} reactions, no errors{doubts}")
    if options.json:
        print(json.dumps([_as_json(path, d) for path, d in found], indent=1))
    else:
        for _, diagnostic in found:
            print(diagnostic, file=sys.stderr)
    return 1 if any(d.severity == "error" for _, d in found) else 0


def _fmt(options: argparse.Namespace) -> int:
    """Models in the one layout of the language; a file that cannot be parsed is left as it is."""
    from .language import formatted
    from .language.files import read_text

    wrong = 0
    for path in options.models:
        try:
            if Path(path).suffix.lower() != ".rxn":
                raise RxnError("R401", f"{path}: only .rxn files have a layout")
            before = read_text(Path(path), path)
            after = formatted(before, path)
        except RxnError as error:
            print(error, file=sys.stderr)
            wrong += 1
            continue
        if after == before:
            continue
        if options.diff:
            sys.stdout.writelines(_difference(before, after, path))
        if options.check:
            _say(f"{path}: not formatted")
            wrong += 1
        elif not options.diff:
            _write(after, path)
            _say(f"{path}: formatted")
    return 1 if wrong else 0


def _show(options: argparse.Namespace) -> int:
    """The network in words: species, both readings of each rate, what is conserved."""
    from .views import tables

    net = _network(options)
    tables.show(net, _console())
    if options.graph and Path(options.graph).suffix.lower() == ".dot":
        from .structure import dot

        _write(dot(net), options.graph)
        _say(f"graph written to {options.graph}")
    elif options.graph:
        from .views import drawing, style

        style.save(drawing.network_drawing(net), options.graph)
        _say(f"drawing written to {options.graph}")
    return 0


def _derive(options: argparse.Namespace) -> int:
    """Equations of the model, printed."""
    _write(derive_command.derived(_network(options), options), options.output)
    return 0


def _simulate(options: argparse.Namespace) -> int:
    """A trajectory or an ensemble, saved, plotted, or as CSV on stdout."""
    return simulate_command.simulate(_network(options), options)


def _fit(options: argparse.Namespace) -> int:
    """Parameters from data."""
    return fit_command.fitted(None if fit_command.is_problem(options.model) else _network(options), options)


def _identify(options: argparse.Namespace) -> int:
    """Equations from data."""
    _write(identify_command.identified(options), options.output)
    return 0


def _convert(options: argparse.Namespace) -> int:
    """A model in another format."""
    _write(convert(load(options.source), options.target), options.target)
    return 0


def _tour(options: argparse.Namespace) -> int:
    """The main job: equations, simulation, one page; of several models a folder of pages with an index."""
    settings = (options.until, options.points, options.runs, options.seed, _say)
    models, target = options.models, options.output
    several = len(models) > 1 or (target is not None and (target.endswith("/") or Path(target).is_dir()))
    if several and (target is None or Path(target).suffix.lower() in (".html", ".htm")):
        _say("several models need a folder for their pages: -o FOLDER/")
        return 2
    if several:
        from .tour import tours

        def alone(model: str, page: str) -> str:
            own = {*models, "-o", "--output", target, f"-o{target}", f"--output={target}"}
            kept = [a for a in options.arguments if a not in own]
            return shlex.join(["rxnc", kept[0], model, *kept[1:], "-o", page])

        failed = tours(models, lambda model: _with_values(load(model), options), Path(target), alone, *settings)
        return 1 if failed else 0
    from .tour import tour

    command = shlex.join(["rxnc", *options.arguments])
    net = _with_values(load(models[0]), options)
    tour(net, Path(target or Path(models[0]).with_suffix(".html").name), command, *settings, _console())
    return 0


# ---------------------------------------------------------------------------------------------- shared pieces


def _console() -> Console:
    """stdout as a rich console; wide where it is a file or a pipe, so that no law is cut."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 160)


def _network(options: argparse.Namespace) -> Network:
    net, doubts = load_with_warnings(options.model)
    if doubts:
        _say(f"{options.model}: {len(doubts)} warning{'s' * (len(doubts) > 1)}, see rxnc check")
    return _with_values(net, options)


def _with_values(net: Network, options: argparse.Namespace) -> Network:
    return with_values(net, dict(options.set)) if options.set else net


def _write(text: str, output: str | None) -> None:
    text = text if text.endswith("\n") else text + "\n"
    if output:
        from .simulators.results.files import replacing

        with replacing(output) as part:
            part.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


def _say(message: str) -> None:
    print(message, file=sys.stderr)


def _as_json(path: str, diagnostic: Diagnostic) -> dict[str, object]:
    """One diagnostic for editors: lines and columns from 1, the end behind the last character."""
    span = diagnostic.span
    return {
        "file": span.source.name if span else path,
        "line": span.line if span else 1,
        "column": span.column if span else 1,
        "endLine": span.end_line if span else 1,
        "endColumn": span.end_column if span else 1,
        "severity": diagnostic.severity,
        "code": diagnostic.code,
        "message": diagnostic.message,
        "hint": diagnostic.hint,
    }


def _difference(before: str, after: str, path: str) -> Iterator[str]:
    """The lines of a unified diff."""
    return unified_diff(before.splitlines(True), after.splitlines(True), path, f"{path} (formatted)")


# ---------------------------------------------------------------------------------------------- arguments


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rxnc", description="Compile a reaction network: parse, derive, run.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    check = _command(commands, "check", _check, "find every error of a model, fast")
    check.add_argument("models", nargs="+", metavar="MODEL")
    check.add_argument("--json", action="store_true", help="diagnostics as JSON, for editors")

    layout = _command(commands, "fmt", _fmt, "put .rxn files in the language's one layout; comments are kept")
    layout.add_argument("models", nargs="+", metavar="MODEL")
    layout.add_argument("--check", action="store_true", help="change nothing; exit 1 where a file would change")
    layout.add_argument("--diff", action="store_true", help="change nothing; print what would change")

    show = _command(commands, "show", _show, "species, both readings of each rate, what is conserved, structure")
    _model(show)
    show.add_argument("--graph", metavar="FILE", help="draw the network (.svg, .png, .pdf) or export it (.dot)")

    derive = _command(commands, "derive", _derive, "derive equations and print them")
    _model(derive)
    derive_command.arguments(derive, _positive, _count)

    simulate = _command(commands, "simulate", _simulate, "trajectories and ensembles")
    _model(simulate)
    simulate_command.arguments(simulate, _positive, _count)

    text = "models from data"
    learn = commands.add_parser("learn", help=text, description=text, allow_abbrev=False)
    learned = learn.add_subparsers(required=True, metavar="WHAT")
    fit = _command(learned, "fit", _fit, "parameters of a model, or of a PEtab .yaml problem, from measurements")
    _model(fit)
    fit_command.arguments(fit, _count)
    found = _command(learned, "identify", _identify, "equations or reactions from measured time series")
    identify_command.arguments(found, _positive, _count)

    change = _command(commands, "convert", _convert, "a model in another format, by suffix")
    change.add_argument("source", metavar="IN", help=".rxn, SBML .xml or BioNetGen .net")
    change.add_argument("target", metavar="OUT", help=".rxn, .xml (SBML), .tex, .py or .json")

    run = _command(commands, "run", _tour, "the tour: equations, simulation, one self-contained HTML page")
    run.add_argument("models", nargs="+", metavar="MODEL", help="a .rxn, SBML .xml or BioNetGen .net file")
    _settings(run)
    run.add_argument("--until", type=_positive, metavar="T", help="default: until the model has settled or swung")
    run.add_argument("--points", type=_count(2), default=201, metavar="N")
    run.add_argument("--runs", type=_count(2), metavar="N", help="stochastic runs (default: by the model's cost)")
    run.add_argument("--seed", type=_count(0), default=1, metavar="S")
    target = "the page (default: MODEL.html here), or a FOLDER/ for several"
    run.add_argument("-o", "--output", metavar="FILE", help=target)
    return parser


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    function: Callable[[argparse.Namespace], int],
    text: str,
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
    parser.set_defaults(command=function)
    return parser


def _model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="a .rxn, SBML .xml or BioNetGen .net file")
    _settings(parser)


def _settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set", action="append", default=[], type=_assignment, metavar="NAME=VALUE",
        help="another parameter value, compartment size or initial value; may be repeated",
    )  # fmt: skip


def _assignment(text: str) -> tuple[str, object]:
    name, _, value = text.rpartition("=")
    try:
        return name.strip(), exact(float(value))
    except (ValueError, RxnError):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=NUMBER") from None


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return value


def _count(least: int) -> Callable[[str], int]:
    def convert(text: str) -> int:
        if not text.isdigit() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {least}")
        return int(text)

    return convert


def _version() -> str:
    from . import __version__

    return f"rxnc {__version__}"
