"""`rxnc derive MODEL qssa`: reduced models by what is fast, and how good they are."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import RxnError
from .network import Network

if TYPE_CHECKING:
    from .derivations.reductions import Reduction
    from .judging.reductions import Reduced

FORMS = ("standard", "total", "reverse", "equilibrium")
_POINTS = 201


def arguments(command: argparse.ArgumentParser, names: Callable[[str], tuple[str, ...]]) -> None:
    """The options of a reduction."""
    group = command.add_argument_group("reduction by what is fast (qssa)")
    what = "species, as G,GP,GP2 (default: those marked {fast}; of an equilibrium: all that its reactions change)"
    group.add_argument("--fast", type=_listed, metavar="NAMES", help=what)
    group.add_argument(
        "--reactions", type=_listed, metavar="NAMES",
        help="that are fast (default: those marked {fast}, else reversible ones of the fast species)",
    )  # fmt: skip
    group.add_argument(
        "--form", type=names, default=(), metavar="FORM,FORM",
        help=f"{', '.join(FORMS)} (default standard; to compare: standard and total)",
    )  # fmt: skip
    group.add_argument("--named", action="store_true", help="rate laws with Vmax, Km, Ki and the like, defined")


def _listed(text: str) -> tuple[str, ...]:
    """Names at commas that stand outside brackets: S[*,*,0],Ca is two."""
    parts, depth = [""], 0
    for c in text:
        depth += (c == "[") - (c == "]")
        if c == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += c
    return tuple(p.strip() for p in parts if p.strip())


def reduced(net: Network, options: argparse.Namespace, formatted: Callable[..., str]) -> str:
    """What was asked for of a reduction, in the form that was asked for."""
    forms = options.form or (("standard", "total") if options.compare else ("standard",))
    for form in forms:
        if form not in FORMS:
            options.misuse(f"{form!r} is no form of reduction; there are {', '.join(FORMS)}")
    for option, names in (("--fast", options.fast), ("--reactions", options.reactions)):
        if names == ():
            options.misuse(f"{option} needs at least one name")
    if options.correction and "standard" not in forms:
        options.misuse("--correction is of the standard form")
    if options.compare:
        return _compared(net, options, forms)
    if options.plot:
        options.misuse("--plot is of --compare")
    if len(forms) > 1 and options.format != "text":
        options.misuse(f"--format {options.format} is of one form")
    found = [_made(net, options, form) for form in forms]
    if options.format == "rxn" or (options.format == "text" and Path(options.output or "").suffix.lower() == ".rxn"):
        return _as_model(found[0])
    systems = [_named(r, options) for r in found]
    texts = [formatted(system, options.format) for system in systems]
    if options.format == "text":
        texts = ["\n".join((text, *(f"  note: {n}" for n in r.notes))) for text, r in zip(texts, found, strict=True)]
    return "\n\n".join(texts)


def _made(net: Network, options: argparse.Namespace, form: str) -> Reduction:
    from .derivations import reductions

    if form == "standard":
        return reductions.standard(net, options.fast, options.reactions, options.correction)
    if form == "total":
        return reductions.total(net, options.fast, options.reactions)
    if form == "reverse":
        return reductions.reverse(net, options.fast, options.reactions)
    return reductions.equilibrium(net, options.reactions, options.fast)


def _named(found: Reduction, options: argparse.Namespace):  # type: ignore[no-untyped-def]
    if not options.named:
        return found.system
    from .derivations.reductions.named_constants import with_named_constants

    return with_named_constants(found)


def _as_model(found: Reduction) -> str:
    from .language import print_network

    if found.network is None:
        hint = "its rates hold unknowns of equations; --format python writes it too" if found.system.fields else ""
        message = f"the {found.form} reduction of {found.system.name} is no reaction network"
        raise RxnError("R525", message, hint=hint)
    return print_network(found.network)


# ---------------------------------------------------------------------------------------------- judging


def _compared(net: Network, options: argparse.Namespace, forms: tuple[str, ...]) -> str:
    """Each form against the full equations: sentences and a table, or all values as CSV or JSON."""
    import numpy as np

    from .derivations.rates import rate_equations
    from .judging.reductions import judge_reductions
    from .simulators.rate_equations.horizon import horizon

    if options.format in ("latex", "python", "rxn"):
        options.misuse(f"--compare has no --format {options.format}")
    made: dict[str, Reduction] = {}
    said = []
    for form in forms:
        try:
            made[_TITLES[form]] = _made(net, options, form)
        except RxnError as error:
            if len(forms) == 1:
                raise
            said.append(f"The {_TITLES[form]} is not derived: {error.message}.")
    if not made:
        raise RxnError("R525", f"{net.name} cannot be reduced: " + " ".join(said))
    until = options.until or horizon(rate_equations(net))
    found = judge_reductions(net, made, np.linspace(0.0, until, options.points))
    if options.plot:
        from .views import reductions, style

        style.save(reductions.reduced_figure(found), options.plot)
    if options.format == "json":
        return _as_json(found)
    if options.output and Path(options.output).suffix.lower() == ".csv":
        return _as_csv(found)
    from .views.reductions import reduced_table
    from .views.tables import as_text

    return "\n".join([str(found), *said]) + "\n\n" + as_text(reduced_table(found))


_TITLES = {
    "standard": "standard quasi-steady state",
    "total": "total quasi-steady state",
    "reverse": "reverse quasi-steady state",
    "equilibrium": "rapid equilibrium",
}


def _as_csv(found: Reduced) -> str:
    """A row for each time: the full model's species, then what each reduction says of them."""
    columns = [*found.labels, *(f"{x} ({f.name})" for f in found.followed for x in found.labels)]
    lines = [",".join(("time", *(_cell(c) for c in columns)))]
    for i, t in enumerate(found.t):
        row = [*found.full[i], *(v for f in found.followed for v in f.values[i])]
        lines.append(",".join((repr(float(t)), *("" if v != v else repr(float(v)) for v in row))))
    return "\n".join(lines)


def _cell(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if set(name) & set(',"\n') else name


def _as_json(found: Reduced) -> str:
    def known(values: object) -> list[float | None]:
        return [None if v != v else float(v) for v in values]  # type: ignore[attr-defined]

    forms = {
        f.name: {
            "values": {x: known(f.values[:, k]) for k, x in enumerate(found.labels)},
            "errors": {x: known(f.errors[:, k]) for k, x in enumerate(found.labels)},
            "layer": None if f.layer != f.layer else f.layer,
            "why_not": f.why,
        }
        for f in found.followed
    }
    return json.dumps({
        "model": found.name, "times": [float(x) for x in found.t],
        "full": {x: known(found.full[:, k]) for k, x in enumerate(found.labels)},
        "reductions": forms, "sentences": list(found.sentences),
    }, indent=1)  # fmt: skip
