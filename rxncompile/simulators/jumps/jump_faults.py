"""What can go wrong with a trajectory of a jump process, as errors that name the reaction, the run and the state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import RxnError
from ...expressions import text
from ...kernels.faults import check_propensities
from ...system import System
from ..arrays import Values
from ..rate_equations.equations import Function, compiled

SUSPICIOUS = 10**7  # events of one trajectory from which on its time is looked at
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


def stalled(place: Place) -> RxnError | None:
    """R606 where events follow each other faster than the time's last digit can tell, as counts that explode do."""
    rates = place.propensities() if place.system.jumps else np.zeros(1)
    total = float(rates.sum())
    if not total > 0.0 or place.t + 1.0 / total > place.t:
        return None
    jump = place.system.jumps[int(np.argmax(rates))]
    message = f"events follow each other faster than t can tell at t = {place.t:.9g} ({place})"
    hint = f"reaction {jump.name!r} fires most often: counts may explode in finite time; end before that"
    return RxnError("R606", message, jump.origin, hint)


def spent(place: Place, max_events: int) -> RxnError:
    """R606: more events than allowed, and which reaction fires most."""
    if (error := stalled(place)) is not None:
        return error
    system = place.system
    message = f"more than {max_events} events by t = {place.t:g} ({place})"
    if not system.jumps:
        return RxnError("R606", message, system.events[0].origin, "max_events allows more")
    jump = system.jumps[int(np.argmax(place.propensities()))]
    return RxnError("R606", message, jump.origin, f"reaction {jump.name!r} fires most often; max_events allows more")


def wrong_event(place: Place, fault: int, counted: Sequence[bool], limit: float) -> RxnError:
    """R601, R607 to R609: event `(fault - 1) // 2` assigned what cannot be, or fires without end.

    `place` is that before the event, `counted[i]` whether state i is a count, at most `limit`.
    """
    system, (e, endless) = place.system, divmod(fault - 1, 2)
    event = system.events[e]
    if endless:
        written = f"{'at' if event.timed else 'when'} {text(event.condition)}"
        message = f"the event '{written}' fires without end at t = {place.t:.9g} ({place})"
        return RxnError("R607", message, event.origin, "let its assignment lead well away from its condition")
    values = Function(compiled(system).assignments[e], place.parameters)(place.t, place.state)
    whole = {s.symbol for s, count in zip(system.states, counted, strict=True) if count}
    labels = {s.symbol: s.label for s in system.states}
    for (name, _), value in zip(event.assignments, values, strict=True):
        gives = f"an event gives {labels[name]!r} the value {value:.15g} at t = {place.t:.9g}"
        if not np.isfinite(value):
            return RxnError("R601", f"{gives} ({place})", event.origin)
        if name in whole and (value < 0.0 or value != np.floor(value)):
            wrong = "negative" if value < 0.0 else "not whole"
            hint = "reactions change it one by one: assign floor(...) or max(0, ...)"
            return RxnError("R609", f"{gives}, which is {wrong} ({place})", event.origin, hint)
        if name in whole and value > limit:
            return RxnError("R608", f"{gives}, beyond the exact whole numbers ({place})", event.origin)
    raise AssertionError(f"event {e} of {system.name} assigns what can be")
