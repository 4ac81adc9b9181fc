"""`rxnc derive`: the equations of a model, as text, LaTeX, JSON or Python."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from .network import Network

if TYPE_CHECKING:
    from .system import System

KINDS = ("raw", "central", "factorial")
CLOSURES = ("gaussian", "zero", "poisson", "zero_factorial_cumulant", "lognormal", "derivative_matching")


def derived(net: Network, options: argparse.Namespace) -> str:
    """What was asked for, in the form that was asked for."""
    if options.derivation == "generator":
        from .operators import generator

        return str(generator(net))
    return _formatted(_system(net, options), options.format)


def arguments(command: argparse.ArgumentParser, count: Callable[[int], Callable[[str], int]]) -> None:
    """The arguments beside the model."""
    what = "rate equations, the jump process, its evolution operator, moment equations, or linear noise"
    command.add_argument("derivation", choices=("rates", "jumps", "generator", "moments", "noise"), help=what)
    command.add_argument("--order", type=count(1), default=2, metavar="N", help="of the moments (default 2)")
    command.add_argument("--kind", choices=KINDS, default="raw", help="of the moments (default raw)")
    command.add_argument("--closure", choices=CLOSURES, help="gives the moments above the order by those up to it")
    command.add_argument("--expansion", type=count(2), metavar="N", help="of laws that are no polynomials: order + 1")
    command.add_argument("--correction", action="store_true", help="with noise: the mean to the next order (EMRE)")
    command.add_argument("--format", choices=("text", "latex", "json", "python"), default="text")
    command.add_argument("-o", "--output", metavar="FILE")


def _system(net: Network, options: argparse.Namespace) -> System:
    from .derivations import closures
    from .derivations.linear_noise import linear_noise
    from .derivations.moments import moments
    from .derivations.rates import jump_process, rate_equations
    from .monomials import Kind

    if options.derivation == "rates":
        return rate_equations(net)
    if options.derivation == "jumps":
        return jump_process(net)
    if options.derivation == "noise":
        return linear_noise(net, options.correction)
    hierarchy = moments(net, options.order, Kind(options.kind), expansion=options.expansion)
    if options.closure and hierarchy.frontier:
        return closures.close(hierarchy, closures.BY_NAME[options.closure])
    return hierarchy


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
