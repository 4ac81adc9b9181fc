"""Events of a compiled solve: what is watched, where a step has to end, and what is assigned there.

A condition that becomes true within a step is found on the step's interpolation first; then the step is taken again
with lengths h of the secant method, until it ends where the condition begins:

    g(t + h, y(h), p) = 0        y(h): the end of a step of length h

so that the time of the event, and what follows, are functions of the numerical step itself. The rules of
`rate_equations.events` hold: order of declaration, what is true at the start, cascades at one time.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...kernels.jit import bare_jit, call_kernel
from ..arrays import Values
from .steps import advance, between

# how a solve ends where events are to blame
BAD_TIME, ENDLESS, BAD_VALUE = 4, 5, 6

AT_START, LOCATED = -1, -2  # causes of a firing; k >= 0: the known time k

_SAMPLES = 4  # looks at the conditions in a step
_CHATTER = 20  # firings of one event within ...
_WINDOW = 1e-9  # ... this part of the whole time are without end
_SECANTS = 12
_ULP = 2.0**-52

Whole = NDArray[np.int64]


class Watch(NamedTuple):
    """The events of a System by address, and room for one solve; E events, K known times, the last of them moments.

    A known time k belongs to event `owner[k]`, or is a moment that a condition names (-1); moments are the last
    entries of `p`, which kernels get as parameters.
    """

    clock: int  # known times
    truths: int
    margins: int
    assign: Whole  # (E,) addresses
    first: Whole  # (E + 1,) where the targets of each event begin
    targets: Whole
    owner: Whole
    watched: NDArray[np.bool_]
    moments: int
    due: Values
    p: Values
    was: NDArray[np.bool_]
    firing: NDArray[np.bool_]
    truth: Values
    margin: Values
    value: Values
    y: Values
    recent: Values  # (E, _CHATTER) last times of firing
    fired: Whole  # (E,) how often each has
    fault: Whole  # (1,) the event at fault


class Firings(NamedTuple):
    """What fired in a solve, if there is room: after how many steps, why then, which event, the state before it."""

    step: Whole
    cause: Whole
    located: Whole  # the condition that decided the time, where `cause` is LOCATED
    event: Whole
    y: Values
    used: Whole

    @classmethod
    def of(cls, room: int, n: int) -> Firings:
        """Room for so many firings."""
        step, cause, located, event = (np.zeros(room, dtype=np.int64) for _ in range(4))
        return cls(step, cause, located, event, np.zeros((room, n if room else 0)), np.zeros(1, dtype=np.int64))


@bare_jit
def next_due(ev: Any, t: float, end: float) -> float:
    """The next known time after `t`, or the end."""
    found = end
    for k in range(ev.due.size):
        if t < ev.due[k] < found:
            found = ev.due[k]
    return found


@bare_jit
def _look(ev: Any, t: float, y: Any) -> None:
    """`ev.truth` at a state: 1 where an event is not watched."""
    if ev.truths:
        call_kernel(ev.truths, t, y, ev.p, ev.truth)
    for e in range(ev.watched.size):
        if not ev.watched[e]:
            ev.truth[e] = 1.0


@bare_jit
def begin(ev: Any, firings: Any, t: float, end: float, y: Any, p: Any) -> int:
    """Known times, which conditions hold at the start, and what fires there; 0 or a fault."""
    firings.used[0] = 0
    for j in range(p.size):
        ev.p[j] = p[j]
    call_kernel(ev.clock, t, y, ev.p, ev.due)
    for k in range(ev.due.size):
        if ev.owner[k] >= 0 and not -math.inf <= ev.due[k] <= math.inf:
            ev.fault[0] = ev.owner[k]
            return BAD_TIME
    for k in range(ev.moments):
        ev.p[p.size + k] = ev.due[ev.due.size - ev.moments + k]
    ev.fired[:] = 0
    _look(ev, t, y)
    for e in range(ev.was.size):
        ev.was[e] = ev.truth[e] > 0.5
    return fire(ev, firings, t, y, end - t, 0, AT_START, 0)


@bare_jit
def fire(ev: Any, firings: Any, t: float, y: Any, whole: float, step: int, cause: int, located: int) -> int:
    """All events at time `t`, with what they make true, on the state in place; 0 or a fault. After `step` steps."""
    for e in range(ev.firing.size):
        ev.firing[e] = False
    for k in range(ev.due.size):
        if ev.due[k] == t:
            cause = k if cause == LOCATED else cause
            if ev.owner[k] >= 0:
                ev.firing[ev.owner[k]] = True
    while True:
        _look(ev, t, y)
        some = False
        for e in range(ev.was.size):
            now = ev.truth[e] > 0.5
            ev.firing[e] = ev.firing[e] or (now and not ev.was[e])
            ev.was[e] = now
            some = some or ev.firing[e]
        if not some:
            return 0
        for e in range(ev.was.size):
            if ev.firing[e]:
                ev.firing[e] = False
                code = _assign(ev, firings, e, t, y, whole, step, cause, located)
                if code:
                    ev.fault[0] = e
                    return code


@bare_jit
def _assign(
    ev: Any, firings: Any, e: int, t: float, y: Any, whole: float, step: int, cause: int, located: int
) -> int:  # fmt: skip
    place = ev.fired[e] % _CHATTER
    ev.fired[e] += 1
    ev.recent[e, place] = t
    if ev.fired[e] >= _CHATTER and t - ev.recent[e, ev.fired[e] % _CHATTER] <= _WINDOW * whole:
        return ENDLESS
    i = firings.used[0]
    if i < firings.step.size:
        firings.step[i], firings.cause[i], firings.located[i], firings.event[i] = step, cause, located, e
        for m in range(y.size):
            firings.y[i, m] = y[m]
    firings.used[0] = i + 1
    call_kernel(ev.assign[e], t, y, ev.p, ev.value)
    for i in range(ev.first[e], ev.first[e + 1]):
        value = ev.value[i - ev.first[e]]
        if not -math.inf < value < math.inf:
            return BAD_VALUE
        y[ev.targets[i]] = value
    return 0


@bare_jit
def crossing(tab: Any, work: Any, ev: Any, t: float, now: float, step: float) -> tuple[float, float, float, int, bool]:
    """(time, and the looks it lies between, condition) of the first that becomes true in a step; condition -1: none.

    The last one says whether its margin changes its sign there, and does not rest on an edge.
    """
    before = t
    for k in range(1, _SAMPLES + 1):
        after = now if k == _SAMPLES else t + step * k / _SAMPLES
        _on_step(tab, work, ev, t, after, now, step)
        first, which, signs = math.inf, -1, True
        for e in range(ev.was.size):  # what becomes true stays marked as false until it has fired
            ev.firing[e] = ev.truth[e] > 0.5 and not ev.was[e]
        some = False
        for e in range(ev.was.size):
            if ev.firing[e]:
                some = True
                found, changes = _where(tab, work, ev, e, t, before, after, now, step)
                if found < first:
                    first, which, signs = found, e, changes
        if some:
            return first, before, after, which, signs
        _on_step(tab, work, ev, t, after, now, step)
        for e in range(ev.was.size):
            ev.was[e] = ev.truth[e] > 0.5
        before = after
    return now, now, now, -1, True


@bare_jit
def _on_step(tab: Any, work: Any, ev: Any, t: float, at: float, now: float, step: float) -> None:
    """`ev.y` and `ev.truth` at a time of the step's interpolation."""
    if at == now:
        for m in range(ev.y.size):
            ev.y[m] = work.new[m]
    else:
        between(tab, work, step, (at - t) / step, ev.y)
    _look(ev, at, ev.y)


@bare_jit
def _margin(tab: Any, work: Any, ev: Any, e: int, t: float, at: float, now: float, step: float) -> float:
    _on_step(tab, work, ev, t, at, now, step)
    call_kernel(ev.margins, at, ev.y, ev.p, ev.margin)
    return ev.margin[e]


@bare_jit
def _where(
    tab: Any, work: Any, ev: Any, e: int, t: float, a: float, b: float, now: float, step: float
) -> tuple[float, bool]:  # fmt: skip
    """The time in (a, b] from which on condition e holds on the interpolation, to rounding; it does not at a.

    And whether its margin changes its sign there.
    """
    width = 4.0 * _ULP * max(abs(a), abs(b))
    low, high = _margin(tab, work, ev, e, t, a, now, step), _margin(tab, work, ev, e, t, b, now, step)
    signs, side, turn = low < 0.0 < high, 0, 0
    while b - a > width:
        # false position by the Illinois rule, halving at every fourth turn; by the truth alone where a side rests on
        # an edge
        turn += 1
        middle = a + (b - a) * (low / (low - high) if signs and turn % 4 else 0.5)
        if not a < middle < b:
            middle = a + 0.5 * (b - a)
        if not a < middle < b:
            break
        value = _margin(tab, work, ev, e, t, middle, now, step)
        if value >= 0.0 if signs else ev.truth[e] > 0.5:
            b, high = middle, value
            low *= 0.5 if side == 1 else 1.0
            side = 1
        else:
            a, low = middle, value
            high *= 0.5 if side == -1 else 1.0
            side = -1
    return b, signs


@bare_jit
def _end_of(tab: Any, eq: Any, work: Any, ev: Any, e: int, t: float, h: float, p: Any) -> float:
    """The margin of condition e at the end of a step of length h, with its truth; not a number where there is none."""
    if not advance(tab.gamma, tab, eq, work, t, h, p, True):
        return math.nan
    _look(ev, t + h, work.new)
    call_kernel(ev.margins, t + h, work.new, ev.p, ev.margin)
    return ev.margin[e]


@bare_jit
def shorten(
    tab: Any, eq: Any, work: Any, ev: Any, e: int, t: float, at: float, before: float, after: float,
    signs: bool, p: Any,
) -> tuple[float, bool]:  # fmt: skip
    """(length, whether e holds at its end): the step, which `work` holds anew, ends where condition e begins.

    `at`: the time on the interpolation, between two looks. Where the shorter steps see no crossing it ends at the
    second look.
    """
    if not signs:
        return _halve(tab, eq, work, ev, e, t, before - t, after - t, p)
    least, most = max(0.0, 1.5 * (before - t) - 0.5 * (after - t)), after - t
    width = 2.0 * _ULP * max(abs(at), most)
    last, first = at - t, _end_of(tab, eq, work, ev, e, t, at - t, p)
    if first == 0.0 and ev.truth[e] > 0.5:
        return last, True
    h = last + max(1e-7 * (most - least), 2.0 * width)
    if h > most:
        h = last - (h - last)
    good = first == first and h > 0.0
    for _ in range(_SECANTS):
        if not good:
            break
        value = _end_of(tab, eq, work, ev, e, t, h, p)
        move = value * (h - last) / (value - first) if value != first else math.inf
        if value == 0.0 or abs(move) <= width:
            good = True
            break
        last, first = h, value
        h = h - move
        good = least < h <= most
    else:
        good = False
    if good:
        ulp = max(_ULP * abs(t + h), _ULP * h)
        for _ in range(12):  # to the side where it holds
            if ev.truth[e] > 0.5:
                return h, True
            h += ulp
            ulp *= 2.0
            _end_of(tab, eq, work, ev, e, t, h, p)
    return _halve(tab, eq, work, ev, e, t, before - t, after - t, p)


@bare_jit
def _halve(
    tab: Any, eq: Any, work: Any, ev: Any, e: int, t: float, a: float, b: float, p: Any
) -> tuple[float, bool]:  # fmt: skip
    """As `shorten`, by the truth alone."""
    _end_of(tab, eq, work, ev, e, t, b, p)
    if not ev.truth[e] > 0.5:
        return b, False
    while b - a > 4.0 * _ULP * abs(t + b):
        middle = a + 0.5 * (b - a)
        if not a < middle < b:
            break
        _end_of(tab, eq, work, ev, e, t, middle, p)
        if ev.truth[e] > 0.5:
            b = middle
        else:
            a = middle
    _end_of(tab, eq, work, ev, e, t, b, p)
    return b, True
