"""The page that `rxnc run` writes: chapters made by plain functions, in order."""

from __future__ import annotations

from collections.abc import Callable

from ..network import Network
from ..simulators.trajectory import Ensemble, Trajectory
from ..system import System
from .chapters import (
    Tour,
    how_it_was_made,
    the_equations,
    the_model,
    the_simulation,
    what_is_conserved,
    what_reacts,
)
from .page import Chapter, page
from .readings import summary

# a further chapter is a further function here
CHAPTERS: tuple[Callable[[Tour], Chapter], ...] = (
    what_reacts,
    what_is_conserved,
    the_equations,
    the_simulation,
    the_model,
    how_it_was_made,
)


def report(
    net: Network,
    rates: System | None,
    jumps: System | None,
    ode: Trajectory | None,
    ensemble: Ensemble | None,
    paths: Trajectory | None,
    command: str,
    reason: str = "",
) -> str:
    """One self-contained HTML page about a model and what it does: no script, no request to the network.

    `ensemble` and `paths` are in the units of `ode`. What does not apply is None, and `reason` says why.
    """
    tour = Tour(net, rates, jumps, ode, ensemble, paths, command, reason)
    footer = "One file, complete in itself: it runs no script and asks the network for nothing."
    return page(net.name, summary(net), [chapter(tour) for chapter in CHAPTERS], footer)
