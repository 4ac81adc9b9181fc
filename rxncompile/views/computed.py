"""What `rxnc run` computed about one model, as its page shows it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ..dimensions import time_unit
from ..judging import Judgement
from ..judging.reductions import Reduced
from ..network import Network
from ..notation import Letters, letters
from ..notation.boxes import Letter, Script
from ..simulators.results.comparison import Comparison
from ..simulators.results.trajectory import Ensemble, Trajectory
from ..system import System
from .readings import species_symbols


@dataclass(frozen=True)
class Tour:
    """A model and what came out of it; `reason` says why a part that is None could not be had.

    `ensemble` and `paths` are in the units of `ode`.
    """

    net: Network
    rates: System | None
    jumps: System | None
    ode: Trajectory | None
    ensemble: Ensemble | None
    paths: Trajectory | None
    command: str
    reason: str = ""
    comparison: Comparison | None = None  # of the ensemble with the master equation, where that is small
    judgement: Judgement | None = None  # of closures, where that is cheap
    reduced: Reduced | None = None  # by what the model marks as fast

    @cached_property
    def letters(self) -> Letters:
        """How the names of the network are drawn, species upright."""
        net = self.net
        named = [s.name for s in net.species] + [p.name for p in net.parameters] + [c.name for c in net.constants]
        named += [c.name for c in net.compartments] + [r.name for r in net.rules] + [o.name for o in net.observables]
        return letters(named, species_symbols(net))

    @cached_property
    def count_letters(self) -> Letters:
        """The same where names mean molecule counts: n with the species below, where the bare name means another."""
        drawn = dict(self.letters.drawn)
        for species in self.net.not_counted:
            drawn[species.name] = Script(Letter("n"), self.letters[species.name])
        return Letters(self.letters.states, drawn)

    @cached_property
    def time_unit(self) -> str:
        """The unit of time, where the model says it."""
        found = time_unit(self.net)
        return found[0] if found else ""
