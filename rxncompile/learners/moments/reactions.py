"""The rate constants of reactions by unknown parameters, with their standard errors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import sympy as sp

from ...expressions import symbol
from ...network import Network
from ...simulators.arrays import Values
from .estimate import ReactionRate
from .model import Dependence

_ALONG = 1e-6  # cosine between a rate's slope and a direction that data do not tell


def reaction_rates(
    net: Network, unknown: Sequence[sp.Symbol], theta: Values, covariance: Values, hidden: Values
) -> tuple[ReactionRate, ...]:
    """The rate constant of each reaction with its standard error, by the slopes of its formula.

    `hidden` (m, K): directions of parameters that data do not tell; what moves along one has an infinite error.
    """
    values, slopes = Dependence(tuple(unknown), tuple(rate_formulas(net, unknown))).at(theta)
    spread = np.sqrt(np.maximum(np.einsum("ri,ij,rj->r", slopes, covariance, slopes), 0.0))
    size = np.linalg.norm(slopes, axis=1)
    along = np.abs(slopes @ hidden.T).max(axis=1, initial=0.0)
    spread = np.where(along > _ALONG * size, np.inf, spread)
    each = zip(net.reactions, values.tolist(), spread.tolist(), strict=True)
    return tuple(ReactionRate(r.name, value, sd) for r, value, sd in each)


def rate_formulas(net: Network, unknown: Sequence[sp.Symbol]) -> list[sp.Expr]:
    """The rate constants as formulas of unknown parameters; of a law that depends on counts, its value at the start."""
    free = set(unknown)
    values: dict[sp.Symbol, sp.Expr] = {symbol(c.name): c.value for c in net.constants}
    values |= {symbol(c.name): c.size for c in net.compartments} | {symbol(r.name): r.formula for r in net.rules}
    values |= {symbol(p.name): p.value for p in net.parameters if symbol(p.name) not in free}
    values |= {s.symbol: s.initial for s in net.species if isinstance(s.initial, sp.Expr)}
    found = []
    for reaction in net.reactions:
        rate = reaction.rate
        while rate.free_symbols & values.keys():
            rate = rate.xreplace(values)
        found.append(rate)
    return found
