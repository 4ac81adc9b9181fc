"""Moment equations that are closed, each a function of the network, order, kind of moment and order of expansion.

Beside the closures of a hierarchy these are the conditional ones, which need the network's binary species, the linear
mapping, which changes the network, and the chemical Langevin equation, whose moments are closed by normal ones.
"""

from __future__ import annotations

from collections.abc import Callable

from ..monomials import Kind
from ..network import Network
from ..system import System
from . import closures
from .closure_forms import Closure, gaussian
from .conditional import conditional_derivative_matching, conditional_gaussian
from .langevin import langevin_moments
from .linear_mapping import linear_mapping
from .moments import moments

Approximation = Callable[[Network, int, Kind, int | None], System]


def _closed(chosen: Callable[[Network], Closure]) -> Approximation:
    def approximation(net: Network, order: int, kind: Kind = Kind.RAW, expansion: int | None = None) -> System:
        hierarchy = moments(net, order, kind, expansion=expansion)
        return closures.close(hierarchy, chosen(net)) if hierarchy.frontier else hierarchy

    return approximation


def _plain(closure: Closure) -> Approximation:
    return _closed(lambda net: closure)


def _langevin(net: Network, order: int, kind: Kind = Kind.RAW, expansion: int | None = None) -> System:
    hierarchy = langevin_moments(net, order, kind, expansion=expansion)
    return closures.close(hierarchy, gaussian) if hierarchy.frontier else hierarchy


def _linear_mapping(net: Network, order: int, kind: Kind = Kind.RAW, expansion: int | None = None) -> System:
    return linear_mapping(net, order, kind)


BY_NAME: dict[str, Approximation] = {
    **{name: _plain(closure) for name, closure in closures.BY_NAME.items()},
    "conditional_gaussian": _closed(conditional_gaussian),
    "conditional_derivative_matching": _closed(conditional_derivative_matching),
    "linear_mapping": _linear_mapping,
    "langevin": _langevin,
}
