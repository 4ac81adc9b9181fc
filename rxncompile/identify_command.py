"""`rxnc learn identify DATA.csv`: equations or reactions from measured time series."""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import RxnError

if TYPE_CHECKING:
    from .derivations.candidates import Candidates
    from .learners.identification.identified import Identified

_FORMATS = ("text", "csv", "json", "rxn")


def arguments(
    command: argparse.ArgumentParser, positive: Callable[[str], float], count: Callable[[int], Callable[[str], int]]
) -> None:
    """Data, candidates, and how they are chosen."""
    what = "a .csv file: a column time (or t), one for each species, and run where there are several series"
    command.add_argument("data", metavar="DATA", help=what)
    command.add_argument("--species", metavar="A,B,...", help="columns to be used (default: all)")
    command.add_argument("--order", type=count(1), default=2, metavar="N", help="of monomials or reactions (default 2)")
    what = "all reactions of up to --order molecules, instead of a monomial in each equation"
    command.add_argument("--reactions", action="store_true", help=what)
    command.add_argument(
        "--conserve", action="append", default=[], metavar="SUM",
        help="a sum that every reaction keeps, as E+ES or S+2*S2; may be repeated",
    )  # fmt: skip
    command.add_argument("--no-constant", action="store_true", help="without the constant among the monomials")
    command.add_argument("--laplace", action="store_true", help="least absolutes, for data with outliers")
    command.add_argument("--odenet", action="store_true", help="terms by the L1 penalty of Yang et al. 2021, Eq. 2")
    command.add_argument("--held-out", action="store_true", help="the number of terms by predicting values held out")
    command.add_argument("--stiff", action="store_true", help="an implicit method for the candidates")
    command.add_argument("--accuracy", type=positive, default=1e-4, metavar="X", help="of a species' sd (default 1e-4)")
    command.add_argument("--most", type=count(1), metavar="N", help="terms at most")
    command.add_argument("--format", choices=_FORMATS, help="default: by the suffix of FILE, else text")
    command.add_argument("-o", "--output", metavar="FILE", help="default: standard output")


def identified(options: argparse.Namespace) -> str:
    """What was found, in the form that was asked for. Raises R702, R720, R721; R540 for rxn without reactions."""
    from .learners.fits.problem import Noise
    from .learners.identification.identify import Choice, Road, identify
    from .learners.identification.series import read_series
    from .simulators.integrators.machine import Scheme

    data = read_series(options.data)
    species = tuple(s.strip() for s in options.species.split(",")) if options.species else data[0].labels
    found = identify(
        _candidates(options, species),
        data,
        Noise.LAPLACE if options.laplace else Noise.NORMAL,
        Road.ODENET if options.odenet else Road.SUBSETS,
        Choice.HELD_OUT if options.held_out else Choice.CRITERION,
        options.accuracy,
        options.most,
        Scheme.ROSENBROCK if options.stiff else Scheme.EXPLICIT,
    )
    suffix = Path(options.output).suffix.lower().lstrip(".") if options.output else ""
    form = options.format or (suffix if suffix in _FORMATS else "text")
    if form == "rxn":
        return found.text
    if form == "json":
        return json.dumps(_as_json(found), indent=1)
    return _as_csv(found) if form == "csv" else f"{found}\n\n{found.system}"


def _candidates(options: argparse.Namespace, species: tuple[str, ...]) -> Candidates:
    from .derivations.candidates import polynomial_candidates, reaction_candidates

    name = Path(options.data).stem
    if options.reactions:
        laws = [_weights(text) for text in options.conserve]
        return reaction_candidates(species, options.order, options.order, laws, name)
    if options.conserve:
        raise RxnError("R540", "--conserve is of --reactions")
    return polynomial_candidates(species, options.order, not options.no_constant, name)


def _weights(text: str) -> dict[str, int]:
    """S+2*S2 as weights."""
    found: dict[str, int] = {}
    for part in text.split("+"):
        number, star, name = part.strip().rpartition("*")
        if star and not number.strip().isdigit():
            raise RxnError("R540", f"{part.strip()!r} in the sum {text!r} is not a whole number times a species")
        found[name.strip()] = int(number) if star else 1
    return found


def _as_json(found: Identified) -> dict[str, object]:
    return {
        "terms": [{"term": t.what, "label": t.label, "value": t.value, "sd": t.sd} for t in found.terms],
        "noise": {s.label: x for s, x in zip(found.candidates.states, found.noise, strict=True)},
        "criterion": found.criterion,
        "decided": found.decided,
        "doubtful": list(found.doubtful),
        "rivals": [{"without": r.without, "instead": r.instead, "worse": r.worse} for r in found.rivals],
        "room": dict(found.room),
        "same": [{"label": a.label, "sum": dict(a.same_as)} for a in found.alike_in_question],
    }


def _as_csv(found: Identified) -> str:
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(("term", "label", "value", "sd", "z"))
    rows.writerows((t.what, t.label, repr(t.value), repr(t.sd), repr(t.z)) for t in found.terms)
    return out.getvalue().rstrip("\n")
