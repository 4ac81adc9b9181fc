"""What can go wrong with a trajectory of a jump process, as errors that name the reaction, the run and the state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import RxnError
from ..kernels.faults import check_propensities
from ..system import System
from .equations import Function, compiled
from .trajectory import Values

EXACT = 2.0**53  # whole numbers up to here are exact as doubles


@dataclass(frozen=True, slots=True)
class Place:
    """A point of a trajectory: which run, when, and the values of the states there."""

    system: System
    parameters: Values
    run: int
    t: float
    state: Values

    def __str__(self) -> str:
        labels = [s.label for s in self.system.states]
        shown = ", ".join(f"{label} = {x:.15g}" for label, x in list(zip(labels, self.state, strict=True))[:12])
        return f"run {self.run}: {shown}" + (", ..." if len(labels) > 12 else "")

    def propensities(self) -> Values:
        return Function(compiled(self.system).propensities, self.parameters)(self.t, self.state)


def impossible(place: Place) -> RxnError:
    """R601 or R602: which propensity is not a finite number or negative, or that their sum is infinite."""
    try:
        check_propensities(place.system, place.propensities(), place.t)
    except RxnError as error:
        return RxnError(error.code, f"{error.message} ({place})", error.span, error.hint)
    message = f"the sum of all propensities is infinite at t = {place.t:g} ({place})"
    return RxnError("R601", message, hint="look for growth without bound")


def beyond(place: Place, index: int) -> RxnError:
    """R608: the count of a state has left the exact whole numbers, and by which reaction most likely."""
    system = place.system
    symbol, label = system.states[index].symbol, system.states[index].label
    rates = place.propensities() * [abs(dict(j.change).get(symbol, 0)) for j in system.jumps]
    jump = system.jumps[int(np.argmax(rates))]
    message = f"the count of {label!r} is beyond the exact whole numbers at t = {place.t:g} ({place})"
    hint = f"reaction {jump.name!r} changes it fastest; counts up to 2^53 = {EXACT:.4g} can be simulated"
    return RxnError("R608", message, jump.origin, hint)


def spent(place: Place, max_events: int) -> RxnError:
    """R606: more events than allowed, and which reaction fires most."""
    system = place.system
    message = f"more than {max_events} events by t = {place.t:g} ({place})"
    if not system.jumps:
        return RxnError("R606", message, system.events[0].origin, "max_events allows more")
    jump = system.jumps[int(np.argmax(place.propensities()))]
    return RxnError("R606", message, jump.origin, f"reaction {jump.name!r} fires most often; max_events allows more")
