"""Which of the exact samplers a jump process is given to: a fixed rule of the System, never of the machine."""

from __future__ import annotations

from enum import Enum

from ...errors import RxnError
from ...expressions import TIME
from ...system import System

# Reactions from which on looking at all of them costs more than intervals do: measured. Events end every trial's loop.
MANY, MANY_WITH_EVENTS = 128, 640


class Method(Enum):
    """Exact samplers: the direct method over lanes of trajectories, or rejection with a dependency graph.

    Both draw from the same law; a seed gives each its own trajectories. The value is the text that a result records.
    """

    DIRECT = "direct, lanes"
    REJECTION = "rejection"


def method_of(system: System, method: Method | None = None) -> Method:
    """The sampler that was asked for, or by rule: rejection for many reactions, or rates that depend on time.

    Raises R508 for a System with fields, R604 for what is no Method.
    """
    if system.fields:
        raise RxnError("R508", f"the field {system.fields[0].name!r} of {system.name} is not part of exact sampling")
    if method is not None:
        if not isinstance(method, Method):
            raise RxnError("R604", f"method = {method!r} is no Method", hint="Method.DIRECT, Method.REJECTION or None")
        return method
    many = len(system.jumps) >= (MANY_WITH_EVENTS if system.events else MANY)
    return Method.REJECTION if many or _on_time(system) else Method.DIRECT


def _on_time(system: System) -> bool:
    """Whether a propensity depends on time, through definitions or not."""
    on_time = {TIME}
    for name, formula in system.definitions:
        if formula.free_symbols & on_time:
            on_time.add(name)
    return any(jump.propensity.free_symbols & on_time for jump in system.jumps)
