"""Simpler models by what is fast: quasi-steady states and rapid equilibria, derived.

`standard`, `total`, `reverse`, `equilibrium` return a Reduction: its `system`, its `network` where it is one,
what was eliminated, and how far it can be trusted. `qssa`, `total_qssa`, `reverse_qssa` and `rapid_equilibrium` give
the System.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...network import Network
from ...system import System
from .assembly import Reduction, Total, Validity
from .standard import partial_equilibrium, reverse, standard
from .total import sums_at_equilibrium, total
from .validity import time_formula, validity


def qssa(
    model: Network | System,
    fast: Iterable[str] | None = None,
    reactions: Iterable[str] | None = None,
    correction: bool = False,
) -> System:
    """The System of `standard`: fast species where d fast/dt = 0, as outputs; the slow ones as states."""
    return standard(model, fast, reactions, correction).system


def total_qssa(
    model: Network | System,
    fast: Iterable[str] | None = None,
    reactions: Iterable[str] | None = None,
    approximate: bool = False,
) -> System:
    """The System of `total`: fast species balance at the sums that fast reactions keep, which are the states."""
    return total(model, fast, reactions, approximate).system


def reverse_qssa(
    model: Network | System, fast: Iterable[str] | None = None, reactions: Iterable[str] | None = None
) -> System:
    """The System of `reverse`: fast species are bound at once and balance, as substrate under an excess of enzyme."""
    return reverse(model, fast, reactions).system


def rapid_equilibrium(
    model: Network | System, reactions: Iterable[str] | None = None, fast: Iterable[str] | None = None
) -> System:
    """The System of `equilibrium`: fast reactions balance at the sums that they keep, which are the states."""
    return equilibrium(model, reactions, fast).system


def equilibrium(
    model: Network | System, reactions: Iterable[str] | None = None, fast: Iterable[str] | None = None
) -> Reduction:
    """Rapid (partial) equilibrium of fast reactions: by name, else those marked {fast}.

    The sums that these keep are the slow variables; with `fast` only those of fast species are, and the others keep
    their meaning, what is bound of them being neglected. Raises as `standard`.
    """
    return sums_at_equilibrium(model, reactions) if fast is None else partial_equilibrium(model, fast, reactions)


__all__ = [
    "Reduction", "Total", "Validity", "equilibrium", "qssa", "rapid_equilibrium", "reverse", "reverse_qssa", "standard",
    "time_formula", "total", "total_qssa", "validity",
]  # fmt: skip
