"""`rxnc derive`: the equations of a model, as text, LaTeX, JSON or Python; closures judged."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from . import reduce_command
from .network import Network

if TYPE_CHECKING:
    from .derivations.approximations import Approximation
    from .derivations.closures import Closure
    from .judging import Judgement
    from .system import System

KINDS = ("raw", "central", "factorial", "cumulant")
CLOSURES = (
    "gaussian", "zero", "poisson", "zero_factorial_cumulant", "lognormal", "gamma", "derivative_matching",
    "conditional_gaussian", "conditional_derivative_matching", "linear_mapping", "langevin",
)  # fmt: skip
_OPERATOR_FORMS = ("generator", "pde", "equation")  # the operator, of the generating function, the master equation
_TEXTS = ("scales", "coefficients")  # what is told in words and tables, not as a System
_POINTS = 101


def derived(net: Network, options: argparse.Namespace) -> str:
    """What was asked for, in the form that was asked for."""
    if options.derivation == "qssa":
        return reduce_command.reduced(net, options, _formatted)
    if options.format == "rxn":
        options.misuse("--format rxn is of qssa")
    if options.derivation in _TEXTS:
        return _told(net, options)
    if options.compare:
        return _compared(net, options)
    if options.plot:
        options.misuse("--plot is of --compare")
    if options.derivation in _OPERATOR_FORMS:
        return _written_operator(net, options)
    systems = _systems(net, options)
    if len(systems) > 1 and options.format != "text":
        options.misuse(f"--format {options.format} is of one closure")
    return "\n\n".join(_formatted(system, options.format) for system in systems)


def _told(net: Network, options: argparse.Namespace) -> str:
    """What is fast and slow, or what coefficients of moment equations say about rates."""
    if options.format != "text" or options.compare or options.plot:
        options.misuse(f"{options.derivation} are text")
    if options.derivation == "scales":
        from .judging.fast_and_slow import fast_and_slow

        return str(fast_and_slow(net, options.until))
    from .derivations.rate_relation import rate_relation
    from .monomials import Kind

    return str(rate_relation(net, options.order, Kind(options.kind or "central")))


def _written_operator(net: Network, options: argparse.Namespace) -> str:
    from .operators import as_generating_function, as_master_equation, as_operator, generator

    if options.format in ("json", "python"):
        options.misuse(f"--format {options.format} is of equations of states; an operator has text and latex")
    forms = dict(zip(_OPERATOR_FORMS, (as_operator, as_generating_function, as_master_equation), strict=True))
    written = forms[options.derivation](generator(net))
    return written.latex() if options.format == "latex" else str(written)


def arguments(
    command: argparse.ArgumentParser, positive: Callable[[str], float], count: Callable[[int], Callable[[str], int]]
) -> None:
    """The arguments beside the model."""
    command.set_defaults(misuse=command.error)
    what = (
        "rate equations, the jump process, its evolution operator, the equation of its generating function (pde), the "
        "master equation (equation), moment equations, linear noise, a model reduced by what is fast (qssa), what is "
        "fast and what slow (scales), or what coefficients of moment equations say about rates (coefficients)"
    )
    kinds = ("rates", "jumps", *_OPERATOR_FORMS, "moments", "noise", "qssa", *_TEXTS)
    command.add_argument("derivation", choices=kinds, help=what)
    command.add_argument("--order", type=count(1), default=2, metavar="N", help="of the moments (default 2)")
    command.add_argument("--kind", choices=KINDS, help="of the moments (default raw; to compare: central)")
    command.add_argument(
        "--closure", type=_names, default=(), metavar="NAME,NAME",
        help="gives the moments above the order by those up to it: " + ", ".join(CLOSURES),
    )  # fmt: skip
    command.add_argument("--expansion", type=count(2), metavar="N", help="of laws that are no polynomials: order + 1")
    further = "to the next order: the mean of linear noise (EMRE), or fast species"
    command.add_argument("--correction", action="store_true", help=further)
    command.add_argument("--second", action="store_true", help="and covariance to the next order as well (IOS)")
    command.add_argument("--format", choices=("text", "latex", "json", "python", "rxn"), default="text")
    command.add_argument("-o", "--output", metavar="FILE")
    reduce_command.arguments(command, _names)
    judged = command.add_argument_group("closures and linear noise against the process, reductions against all rates")
    judged.add_argument("--compare", action="store_true", help="how good each is: with the master equation, or runs")
    judged.add_argument("--until", type=positive, metavar="T", help="default: until the model has settled or swung")
    judged.add_argument("--points", type=count(2), default=_POINTS, metavar="N", help=f"times (default {_POINTS})")
    judged.add_argument("--runs", type=count(30), metavar="N", help="where states are too many (default: by cost)")
    judged.add_argument("--seed", type=count(0), default=0, metavar="S", help="default 0")
    judged.add_argument("--plot", metavar="FILE", help=".png, .svg or .pdf")


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _closures(options: argparse.Namespace) -> dict[str, Approximation]:
    """The closed hierarchies by the names of their closures; an unknown one is misuse."""
    from .derivations.approximations import BY_NAME

    for name in options.closure:
        if name not in BY_NAME:
            options.misuse(f"{name!r} is no closure; there are {', '.join(BY_NAME)}")
    return {name: BY_NAME[name] for name in options.closure}


def _systems(net: Network, options: argparse.Namespace) -> list[System]:
    from .derivations.linear_noise import linear_noise
    from .derivations.moments import moments
    from .derivations.rates import jump_process, rate_equations
    from .monomials import Kind

    if options.derivation == "rates":
        return [rate_equations(net)]
    if options.derivation == "jumps":
        return [jump_process(net)]
    if options.derivation == "noise":
        if options.second:
            from .derivations.inverse_omega import inverse_omega_squared

            return [inverse_omega_squared(net)]
        return [linear_noise(net, options.correction)]
    kind = Kind(options.kind or "raw")
    chosen = _closures(options).values()
    if chosen:
        return [closed(net, options.order, kind, options.expansion) for closed in chosen]
    return [moments(net, options.order, kind, expansion=options.expansion)]


def _formatted(system: System, form: str) -> str:
    if form == "latex":
        return system.latex()
    if form == "json":
        from .interchange.json_text import system_json

        return system_json(system)
    if form == "python":
        from .kernels.python import system_python

        return system_python(system)
    return str(system)


# ---------------------------------------------------------------------------------------------- judging


def _compared(net: Network, options: argparse.Namespace) -> str:
    """Each closure and linear noise against the process: sentences and a table, or all errors as CSV or JSON."""
    import numpy as np

    from .derivations.closures import BY_NAME
    from .derivations.rates import rate_equations
    from .judging import judge
    from .judging.judge import USUAL
    from .monomials import Kind
    from .simulators.rate_equations.horizon import horizon

    if options.derivation not in ("moments", "noise"):
        options.misuse("--compare is of moments or noise")
    if options.format in ("latex", "python"):
        options.misuse(f"--compare has no --format {options.format}")
    chosen = _closures(options)
    plain: Sequence[Closure] = [BY_NAME[name] for name in chosen if name in BY_NAME]
    if options.derivation == "moments" and not chosen:
        plain = USUAL
    others: dict[str, System | Approximation]
    others = {name.replace("_", " "): closed for name, closed in chosen.items() if name not in BY_NAME}
    if options.second:
        from .derivations.inverse_omega import inverse_omega_squared

        others["linear noise with IOS"] = lambda net, *_: inverse_omega_squared(net)
    until = options.until or horizon(rate_equations(net))
    found = judge(
        net, plain, np.linspace(0.0, until, options.points), options.order, Kind(options.kind or "central"),
        options.expansion, correction=options.correction, others=others, runs=options.runs, seed=options.seed,
    )  # fmt: skip
    if options.plot:
        from .views import judgements, style

        style.save(judgements.judged_figure(found), options.plot)
    if options.format == "json":
        return _as_json(found)
    if options.output and Path(options.output).suffix.lower() == ".csv":
        return _as_csv(found)
    return _as_text(found)


def _as_text(found: Judgement) -> str:
    from .views.judgements import judged_table
    from .views.tables import as_text

    return f"{found}\n\n{as_text(judged_table(found))}"


def _rows(found: Judgement) -> list[tuple[str, list[list[float]]]]:
    """By label: the truth, its standard error and the relative error of each approximation, over time."""
    rows = []
    truth, doubt = found.values
    for k, label in enumerate(found.labels):
        columns = [truth[:, k], doubt[:, k], *(v.errors[:, k] for v in found.verdicts)]
        rows.append((label, [[float(x) for x in column] for column in columns]))
    return rows


def _as_csv(found: Judgement) -> str:
    """A row for each time and moment."""
    names = [v.name for v in found.verdicts]
    lines = [",".join(("time", "moment", "truth", "standard error", *(f"error of {n}" for n in names)))]
    for label, columns in _rows(found):
        cell = '"' + label.replace('"', '""') + '"' if set(label) & set(',"\n') else label
        for t, values in zip(found.truth.t, zip(*columns, strict=True), strict=True):
            lines.append(",".join((f"{float(t)!r}", cell, *("" if x != x else repr(x) for x in values))))
    return "\n".join(lines)


def _as_json(found: Judgement) -> str:
    def known(values: list[float]) -> list[float | None]:
        return [None if x != x or abs(x) == float("inf") else x for x in values]

    moments = [
        {"moment": label, "truth": known(truth), "standard_error": known(doubt),
         "errors": {v.name: known(each) for v, each in zip(found.verdicts, errors, strict=True)}}
        for label, (truth, doubt, *errors) in _rows(found)
    ]  # fmt: skip
    faults = {v.name: [{"what": f.what, "since": f.since, "until": f.until, "time": f.time,
                        "worst": None if f.worst != f.worst else f.worst} for f in v.faults]
              for v in found.verdicts}  # fmt: skip
    return json.dumps({
        "model": found.name, "order": found.order, "measured_by": found.truth.source,
        "exact": found.truth.exact, "times": [float(x) for x in found.truth.t], "moments": moments, "faults": faults,
        "ended": {v.name: v.ended for v in found.verdicts}, "sentences": list(found.sentences),
    }, indent=1)  # fmt: skip
