"""Sensitivities over a solve with events, from the trace of its steps and what fired between them.

Steps begin and end at times that are given, but for those of events. At an event, with the step's end Y(y, h, t, p),
its length h = T - t, the condition g and the assignment A:

    dg = 0:    (g_y Y_h + g_t) dT = -(g_y (Y_y s + Y_p q + (Y_t - Y_h) dt) + g_p q)       T of a condition
    dT = T_p q                                                                              a known time
    s- = Y_y s + Y_p q + (Y_t - Y_h) dt + Y_h dT,    s+ = A_y s- + A_p q + A_t dT

and the step that follows begins at T and ends where it ended: its h loses dT, its t gains it.
"""

from __future__ import annotations

from typing import Any

from ...kernels.jit import bare_jit, call_kernel
from .directions import forward
from .moving import moving
from .sensitivity import adjoint

# how a replay ends: 0, or one of these less twice the event
GRAZING, STUCK = -1, -2

_FLAT = 1e-10  # of the size of a condition's terms: an event grazes that goes no further beyond its edge
_ROUNDING = 1e-15


@bare_jit
def _place(trace: Any, i: int, y: Any) -> None:
    for m in range(y.size):
        y[m] = trace.y[i, m]


@bare_jit
def _margin_row(mov: Any, e: int, t: float, y: Any, p: Any) -> None:
    """`mov.row`: the derivatives of condition e by states, parameters and time."""
    mov.row[:] = 0.0
    call_kernel(mov.margin, t, y, p, mov.entries)
    for q in range(mov.margin_rows.size):
        if mov.margin_rows[q] == e:
            mov.row[mov.margin_columns[q]] += mov.entries[q]


@bare_jit
def _slope_of(ev: Any, mov: Any, e: int, t: float, h: float, start: Any, y: Any, p: Any) -> float:
    """g_y Y_h + g_t of condition e at the end y of a step; 0 where that is too small. Leaves `mov.row`."""
    call_kernel(ev.margins, t, start, ev.p, ev.margin)
    before = ev.margin[e]
    _margin_row(mov, e, t + h, y, ev.p)
    found, size = mov.row[mov.row.size - 1], 0.0
    for m in range(y.size):
        found += mov.row[m] * mov.by_length[m]
        size += abs(mov.row[m] * y[m])
    # a parabola through the step says how far beyond its edge the condition will go
    curvature = 2.0 * max(0.0, abs(before + found * h) - _ROUNDING * size) / (h * h)
    return found if found * found > 2.0 * curvature * _FLAT * size else 0.0


@bare_jit
def _after(ev: Any, mov: Any, firings: Any, f: int, t: float) -> None:
    """`mov.after`: the state after firing f."""
    e = firings.event[f]
    for m in range(mov.after.size):
        mov.after[m] = firings.y[f, m]
    call_kernel(ev.assign[e], t, firings.y[f], ev.p, ev.value)
    for i in range(ev.first[e], ev.first[e + 1]):
        mov.after[ev.targets[i]] = ev.value[i - ev.first[e]]


@bare_jit
def _assign_forward(ev: Any, mov: Any, firings: Any, f: int, t: float, s: Any, q: Any, dt: Any, old: Any) -> None:
    """s- becomes s+ of one firing; `old` (n,) is room."""
    e, n = firings.event[f], s.shape[0]
    call_kernel(mov.assign[e], t, firings.y[f], ev.p, mov.entries)
    begin, end = mov.assign_first[e], mov.assign_first[e + 1]
    count = q.shape[0]
    for d in range(s.shape[1]):
        for m in range(n):
            old[m] = s[m, d]
        for i in range(ev.first[e], ev.first[e + 1]):
            s[ev.targets[i], d] = 0.0
        for i in range(begin, end):
            z, target = mov.assign_columns[i], ev.targets[ev.first[e] + mov.assign_rows[i]]
            way = old[z] if z < n else q[z - n, d] if z < n + count else dt[d]
            s[target, d] += mov.entries[i - begin] * way


@bare_jit
def _assign_back(ev: Any, mov: Any, firings: Any, f: int, t: float, costate: Any, gradient: Any, old: Any) -> float:
    """The costate after one firing becomes that before it; what the time of the event gains."""
    e, n = firings.event[f], costate.size
    call_kernel(mov.assign[e], t, firings.y[f], ev.p, mov.entries)
    begin, end = mov.assign_first[e], mov.assign_first[e + 1]
    for m in range(n):
        old[m] = costate[m]
    for i in range(ev.first[e], ev.first[e + 1]):
        costate[ev.targets[i]] = 0.0
    moved = 0.0
    for i in range(begin, end):
        z, target = mov.assign_columns[i], ev.targets[ev.first[e] + mov.assign_rows[i]]
        value = mov.entries[i - begin] * old[target]
        if z < n:
            costate[z] += value
        elif z < n + gradient.size:
            gradient[z - n] += value
        else:
            moved += value
    return moved


@bare_jit
def _clock_row(ev: Any, mov: Any, k: int, t: float, y: Any, n: int) -> None:
    """`mov.row`: the derivatives of the known time k by parameters, behind the states."""
    mov.row[:] = 0.0
    call_kernel(mov.clock, t, y, ev.p, mov.entries)
    for i in range(mov.clock_rows.size):
        if mov.clock_rows[i] == k:
            mov.row[n + mov.clock_columns[i]] += mov.entries[i]


@bare_jit
def _starts_still(ev: Any, mov: Any, firings: Any, t: float) -> int:
    """STUCK - event where the time of an event at the very start depends on parameters, else 0."""
    f = 0
    while f < min(firings.used[0], firings.step.size) and firings.step[f] == 0:
        e = firings.event[f]
        for k in range(ev.owner.size):
            if ev.due[k] == t and ev.owner[k] == e:
                for i in range(mov.clock_rows.size):
                    if mov.clock_rows[i] == k:
                        return STUCK - 2 * e
        f += 1
    return 0


@bare_jit
def _prepare(ev: Any, trace: Any, t: float, p: Any) -> None:
    """Known times and moments, as in `watching.begin`."""
    for j in range(p.size):
        ev.p[j] = p[j]
    call_kernel(ev.clock, t, ev.y, ev.p, ev.due)
    for k in range(ev.moments):
        ev.p[p.size + k] = ev.due[ev.due.size - ev.moments + k]


@bare_jit
def along_events(
    tab: Any, eq: Any, der: Any, work: Any, tan: Any, ev: Any, mov: Any, trace: Any, times: Any, p: Any, s: Any, q: Any,
    ways: Any, out: Any, dt: Any,
) -> int:  # fmt: skip
    """As `replay.along_over` over all steps. 0, or a fault.

    `dt` (m,) is room for the directions of the time at which a step begins.
    """
    firings, n, count = trace.firings, work.y.size, q.shape[0]
    fired, f, row, moved = firings.used[0], 0, 1, False
    _prepare(ev, trace, times[0], p)
    fault = _starts_still(ev, mov, firings, times[0])
    if fault:
        return fault
    dt[:] = 0.0
    while f < fired and firings.step[f] == 0:
        _assign_forward(ev, mov, firings, f, times[0], s, q, dt, tan.total)
        f += 1
    _write(s, out, 0)
    for i in range(trace.used[0]):
        t, h = trace.t[i], trace.h[i]
        _place(trace, i, work.y)
        ends = f < fired and firings.step[f] == i + 1
        if moved or ends:
            moving(tab.gamma, tab, eq, work, tan, mov, t, h, p)
        forward(tab.gamma, tab, eq, der, work, tan, t, h, p, s, q, ways)
        if moved:
            for d in range(s.shape[1]):
                for m in range(n):
                    s[m, d] += (mov.by_start[m] - mov.by_length[m]) * dt[d]
        moved = False
        now = t + h
        if ends:
            now = trace.t[i + 1] if i + 1 < trace.used[0] else times[times.size - 1]
            if firings.cause[f] >= 0:
                _clock_row(ev, mov, firings.cause[f], now, firings.y[f], n)
                for d in range(s.shape[1]):
                    dt[d] = 0.0
                    for j in range(count):
                        dt[d] += mov.row[n + j] * q[j, d]
            else:
                e = firings.located[f]
                slope = _slope_of(ev, mov, e, t, now - t, trace.y[i], firings.y[f], p)
                if slope == 0.0:
                    return GRAZING - 2 * e
                for d in range(s.shape[1]):
                    total = 0.0
                    for m in range(n):
                        total += mov.row[m] * s[m, d]
                    for j in range(count):
                        total += mov.row[n + j] * q[j, d]
                    dt[d] = -total / slope
            for d in range(s.shape[1]):
                moved = moved or dt[d] != 0.0
                for m in range(n):
                    s[m, d] += mov.by_length[m] * dt[d]
            while f < fired and firings.step[f] == i + 1:
                _assign_forward(ev, mov, firings, f, now, s, q, dt, tan.total)
                f += 1
            _after(ev, mov, firings, f - 1, now)
        if row < times.size and (i + 1 == trace.used[0] or trace.t[i + 1] >= times[row]):
            _write(s, out, row)
            if moved:  # the value at a time that stays, from an event that moves
                call_kernel(eq.rhs, now, mov.after, p, tan.total)
                for d in range(s.shape[1]):
                    for m in range(n):
                        out[row, m, d] -= tan.total[m] * dt[d]
            row += 1
    return 0


@bare_jit
def _write(s: Any, out: Any, row: int) -> None:
    for d in range(s.shape[1]):
        for m in range(s.shape[0]):
            out[row, m, d] = s[m, d]


@bare_jit
def back_events(
    tab: Any, eq: Any, der: Any, work: Any, tan: Any, ev: Any, mov: Any, trace: Any, times: Any, sources: Any, p: Any,
    costate: Any, gradient: Any,
) -> int:  # fmt: skip
    """As `replay.back_over` over all steps; 0, or a fault."""
    firings, n = trace.firings, costate.size
    row, f = times.size - 1, firings.used[0] - 1
    _prepare(ev, trace, times[0], p)
    fault = _starts_still(ev, mov, firings, times[0])
    if fault:
        return fault
    for m in range(n):
        costate[m] = sources[row, m]
    gain = 0.0  # d L/d time of the event at which the step under way ends
    now, landed = times[row], True
    for i in range(trace.used[0] - 1, -1, -1):
        t, h = trace.t[i], trace.h[i]
        ends = f >= 0 and firings.step[f] == i + 1
        if ends and landed:
            _after(ev, mov, firings, f, now)
            call_kernel(eq.rhs, now, mov.after, p, tan.total)
            for m in range(n):
                gain -= sources[row, m] * tan.total[m]
        while f >= 0 and firings.step[f] == i + 1:
            gain += _assign_back(ev, mov, firings, f, now, costate, gradient, tan.total)
            f -= 1
        starts = f >= 0 and firings.step[f] == i and i > 0
        _place(trace, i, work.y)
        if ends or starts:
            moving(tab.gamma, tab, eq, work, tan, mov, t, h, p)
        if ends:
            for m in range(n):
                gain += costate[m] * mov.by_length[m]
            first = f + 1
            if firings.cause[first] >= 0:
                _clock_row(ev, mov, firings.cause[first], now, firings.y[first], n)
            else:
                e = firings.located[first]
                slope = _slope_of(ev, mov, e, t, now - t, trace.y[i], firings.y[first], p)
                if slope == 0.0:
                    return GRAZING - 2 * e
                gain = -gain / slope
                for m in range(n):
                    costate[m] += mov.row[m] * gain
            for j in range(gradient.size):
                gradient[j] += mov.row[n + j] * gain
        gain = 0.0
        if starts:
            for m in range(n):
                gain += costate[m] * (mov.by_start[m] - mov.by_length[m])
        adjoint(tab.gamma, tab, eq, der, work, tan, t, h, p, costate, gradient)
        now, landed = t, False
        if row > 0 and t <= times[row - 1]:
            row -= 1
            landed = True
            for m in range(n):
                costate[m] += sources[row, m]
    while f >= 0:  # at the start
        _assign_back(ev, mov, firings, f, times[0], costate, gradient, tan.total)
        f -= 1
    return 0
