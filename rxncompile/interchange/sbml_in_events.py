"""Events of an SBML document.

Without delays and priorities, events that become due at one moment run in any order; which values their formulas see
is told by useValuesFromTriggerTime: those of that moment, or those that the events before have left.

Source: SBML Level 3 Version 2 Core, section 4.12.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import sympy as sp

from ..expressions import TIME, symbol
from ..network import Event
from .sbml_in_document import each, hints
from .sbml_in_reactions import remark
from .sbml_in_values import Values

_Found = tuple[Event, Any]  # with its element


def events(values: Values) -> list[Event]:
    """The events of the Network, which run in this order where they are due at one moment."""
    found = [(event, item) for item in each(values.document.model.getListOfEvents()) for event in _of(values, item)]
    together: dict[tuple[bool, sp.Basic], list[_Found]] = {}
    for event, item in found:
        together.setdefault((event.timed, event.trigger), []).append((event, item))
    taken: dict[int, Event] = {}
    for group in together.values():
        _refuse_undone(values, group)
        early = [event for event, item in group if item.getUseValuesFromTriggerTime()]
        if any(_reads(later) & _sets(event) for k, event in enumerate(early) for later in early[k + 1 :]):
            taken |= {id(event): event for event in early}
            taken[id(early[0])] = _at_once(early)
    dropped = {i for i, event in taken.items() if id(event) == i}
    return [taken.get(id(event), event) for event, _ in found if id(event) not in dropped]


def _at_once(early: list[Event]) -> Event:
    """Events with one trigger that see the values of that moment, as one event: the last to set a quantity wins."""
    sets = {name: value for event in early for name, value in event.assignments}
    remarks = "; ".join(event.remark for event in early if event.remark)
    return replace(early[0], assignments=tuple(sets.items()), remark=remarks)


def _reads(event: Event) -> set[sp.Symbol]:
    return {x for _, value in event.assignments for x in value.free_symbols}


def _sets(event: Event) -> set[sp.Symbol]:
    return {symbol(name) for name, _ in event.assignments}


def _refuse_undone(values: Values, group: list[_Found]) -> None:
    """Raise R280 for an event that another with its trigger may undo before it runs: which comes first is open."""
    for event, item in group:
        trigger = item.getTrigger()
        if values.document.level < 3 or trigger.getPersistent():
            continue
        if any(_sets(other) & event.trigger.free_symbols for other, _ in group if other is not event):
            what = 'persistent="false" is not supported beside an event that has the same trigger and makes it false'
            raise values.document.unsupported(trigger, what)


def _of(values: Values, item: Any) -> Iterator[Event]:
    """What one event becomes: timed where its trigger only waits for a time.

    A trigger that may be true already at the beginning and counts as false before it also fires there.
    """
    document = values.document
    if item.isSetDelay() and item.getDelay().isSetMath() and document.formula(item.getDelay()) != 0:
        raise document.unsupported(item.getDelay(), "events that wait are not supported")
    if item.isSetPriority() and item.getPriority().isSetMath():
        raise document.unsupported(item.getPriority(), "priorities of events are not supported")
    if not item.isSetTrigger() or not item.getTrigger().isSetMath():
        return
    trigger = item.getTrigger()
    condition = document.condition(trigger)
    assignments = tuple(_assignments(values, item))
    if not assignments or condition == sp.false:
        return
    note, span = remark(item), document.span(item)
    fires_at_start = document.level > 2 and not trigger.getInitialValue()
    at = _time(values, condition)
    if at is not None and hints(item).get("kind") != "when":
        start = document.valued(item, at, values.numbers)
        if start > 0:
            yield Event(True, at, assignments, note, span)
        elif fires_at_start:
            yield Event(True, sp.S.Zero, assignments, note, span)
        return
    yield Event(False, condition, assignments, note, span)
    if fires_at_start and document.valued(item, condition, {TIME: sp.S.Zero, **values.numbers}) == sp.true:
        yield Event(True, sp.S.Zero, assignments, note, span)


def _time(values: Values, condition: sp.Basic) -> sp.Expr | None:
    """The time that a condition waits for, if that is all it does and nothing moves it.

    After a time is not at that time: `t > 3` stays a condition.
    """
    if not isinstance(condition, (sp.Ge, sp.Le)):
        return None
    late, early = condition.args if isinstance(condition, sp.Ge) else condition.args[::-1]
    if late != TIME:
        return None
    held = {values.symbol(i) for i in (*values.parameters, *values.compartments) if not values.varies(i)}
    return early if early.free_symbols <= held & values.numbers.keys() else None


def _assignments(values: Values, item: Any) -> Iterator[tuple[str, sp.Expr]]:
    document = values.document
    given = [a for a in each(item.getListOfEventAssignments()) if a.isSetMath()]
    formulas = {a.getVariable(): document.formula(a) for a in given}
    for variable, formula in formulas.items():
        if variable in values.as_amount:
            home = values.home(variable)
            formula *= formulas.get(home, values.symbol(home))
        yield values.name(variable), formula
