"""The event loop of rejection-based exact sampling, in compiled code over tables: no network has code of its own.

Every species has an interval [low, high] around its count, every reaction bounds of its propensity on them:

    lower_r <= a_r(n) <= upper_r    for all counts n within the intervals

Reactions stand in groups by the size of `upper_r`; one of group g is bounded by the group's cap. With the total C of
all caps a trial draws a place u in [0, C): it names a reaction r and a height v in [0, cap), and the reaction fires
where v < a_r(n), which needs no propensity where v >= upper_r or v < lower_r. The time of an event is the sum of the
exponential times of its trials, of rate C each. Bounds change only when a species leaves its interval (or the clock
its window, where propensities depend on time).             Thanh, Priami, Zunino 2014, 2017; Slepoy et al. 2008

Group 0 holds what cannot fire, group 1 the largest caps; these go down by 3/4 and 2/3 in turn, two groups an octave;
the last holds all that is smaller. Members of one group stand together in `member`, which is one permutation of the
reactions.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...kernels.jit import bare_jit, call_kernel, call_propensity
from ...kernels.random_lanes import ATANH, LOG_2
from .rejection_tables import MOST

GROUPS = 128  # a range of 2^63 below the largest cap, which is renewed when it has fallen by half of that
ROOM = 8  # groups above the largest cap at a renewal, for caps that grow

# words of a reaction's record; 4 to 7 are whole numbers
UPPER, LOWER, CONSTANT, OFFSET, FACTORS, CHANGES, KIND, PLACE = range(8)
# kinds of reaction: c n_i (n_j - d); a longer product; a law that is called
TABLE, PRODUCT, LAW = range(3)
# how a call ends; from FAULT on the place of the fault is in the word WHERE
RUNNING, DONE, FAULT, BEYOND, SPENT, INFINITE, UNBOUNDED, BROKEN, WRONG = range(9)
# whole numbers of a block at work
TRAJECTORY, OUTPUT, EVENTS, REJECTED, TOP, FIRST, LAST, STARTED, WHERE, TRIALS, FIRED, STEPS = range(12)
# real numbers of a block at work
TIME, PRODUCT_OF, TOTAL, WINDOW, THRESHOLD = range(5)

CELLS = 64  # of equal share of the total, each of which knows the first group within

_LOW32 = 0xFFFFFFFF
_SIZE = 51  # a propensity's exponent and first binary digit are its bits from here on
_MOST = 2 * 2045  # the largest size that has a cap below infinity, with room

_ROOT_HALF, _ONE, _FRACTION = 0x3FE6A09E667F3BCD, 0x3FF0000000000000, 0x000FFFFFFFFFFFFF
_A0, _A1, _A2, _A3, _A4, _A5 = ATANH


class Network(NamedTuple):
    """Tables of a network with its parameters. `users[users_start[s] : users_start[s + 1]]` are the reactions whose
    propensity depends on species s, the clock being the one after the last; `reads` is the converse, without it.
    `counted` is 0 for states that events alone assign; `events` the kernel of events, 0 if there are none, and
    `assigned` the states that they assign.
    """

    record: NDArray[np.float64]
    changed: NDArray[np.uint32]
    amount: NDArray[np.float64]
    factor: NDArray[np.uint32]
    offset: NDArray[np.float64]
    reads_start: NDArray[np.uint32]
    reads: NDArray[np.uint32]
    users_start: NDArray[np.uint32]
    users: NDArray[np.uint32]
    counted: NDArray[np.uint8]
    assigned: NDArray[np.uint32]
    parameters: NDArray[np.float64]
    times: NDArray[np.float64]
    law: int
    laws: int
    outputs: int
    events: int
    timed: bool
    max_events: int


class Work(NamedTuple):
    """What one block writes. `y` holds counts, lower ends, upper ends: S species, the clock, and the number 1, each."""

    record: NDArray[np.float64]
    bits: NDArray[np.int64]  # the same memory
    y: NDArray[np.float64]
    column: NDArray[np.float64]  # `y` with what the kernel of events reads before and after it
    marks: NDArray[np.int64]  # the rest of it: the fault of an event, bits of the conditions that held last
    tight: NDArray[np.uint8]
    member: NDArray[np.uint32]
    start: NDArray[np.int64]
    upto: NDArray[np.float64]  # all caps of the groups up to this one
    guide: NDArray[np.int64]
    scale: NDArray[np.float64]  # 1/cap
    cap: NDArray[np.float64]
    words: NDArray[np.uint64]
    initial: NDArray[np.float64]
    rows: NDArray[np.float64]
    out: NDArray[np.float64]
    counts: NDArray[np.int64]
    whole: NDArray[np.int64]
    real: NDArray[np.float64]


@bare_jit
def minus_log(u: float) -> float:
    """-log u, u in (0, 1) and normal: `random_lanes` in single IEEE operations, the same bits everywhere."""
    moved = np.float64(u).view(np.int64) + (_ONE - _ROOT_HALF)
    f = np.int64((moved & _FRACTION) + _ROOT_HALF).view(np.float64)
    s = (1.0 - f) / (1.0 + f)
    w = s * s
    series = ((((_A5 * w + _A4) * w + _A3) * w + _A2) * w + _A1) * w + _A0
    return float(1023 - (moved >> 52)) * LOG_2 + s * series


@bare_jit
def half_width(x: float) -> float:
    """How far a count may move before the bounds that depend on it are renewed: a measured, fixed rule."""
    if x < 3.0:
        return 0.0
    return math.floor(0.25 * x + 1.0)


@bare_jit
def enclose(net: Any, work: Any, s: int) -> bool:
    """Renew the interval of species s; whether its count is exact and can go on."""
    y = work.y
    n = y.size // 3
    x = y[s]
    d = half_width(x) if net.counted[s] and not work.tight[s] else 0.0
    y[n + s], y[2 * n + s] = x - d, x + d
    return not net.counted[s] or abs(x) <= MOST


@bare_jit
def propensity(net: Any, work: Any, r: int, begin: int, t: float) -> float:
    """The propensity of reaction r at the counts (`begin` 0), the lower or the upper ends of a product's species."""
    record, bits, y = work.record, work.bits, work.y
    kind, place = bits[r, KIND], bits[r, FACTORS]
    first, second = place & _LOW32, (place >> 32) & _LOW32
    if kind == TABLE:
        return record[r, CONSTANT] * y[begin + first] * (y[begin + second] - record[r, OFFSET])
    if kind == PRODUCT:
        value = record[r, CONSTANT]
        for k in range(first, second):
            value *= y[begin + net.factor[k]] - net.offset[k]
        return value
    return call_propensity(net.law, first, t, y, net.parameters)


@bare_jit
def bound(net: Any, work: Any, r: int, t: float) -> bool:
    """Renew the bounds of reaction r; whether they are bounds: finite, and not negative."""
    record, bits, y = work.record, work.bits, work.y
    n = y.size // 3
    if bits[r, KIND] == LAW:
        point, positive = True, True
        for k in range(net.reads_start[r], net.reads_start[r + 1]):
            s = net.reads[k]
            point = point and y[n + s] == y[2 * n + s]
            positive = positive and (y[n + s] >= 0.0 or not net.counted[s])
        law = bits[r, FACTORS] & _LOW32
        timed = bits[r, FACTORS] >> 32 != 0
        if point and not timed:
            lower = upper = propensity(net, work, r, 0, t)
        elif positive:
            lower = call_propensity(net.law, net.laws + law, t, y, net.parameters)
            upper = call_propensity(net.law, 2 * net.laws + law, t, y, net.parameters)
            if timed and lower < 0.0:  # the law itself may still be right; that is seen where it is evaluated
                lower = 0.0
        else:
            return False
    else:
        lower, upper = propensity(net, work, r, n, t), propensity(net, work, r, 2 * n, t)
    record[r, LOWER], record[r, UPPER] = lower, upper
    return lower >= 0.0 and lower <= upper and upper < math.inf


@bare_jit
def group_of(work: Any, r: int) -> int:
    """The group that reaction r belongs to, below 1 where it is beyond the first."""
    if work.record[r, UPPER] <= 0.0:
        return 0
    g = work.whole[TOP] - (work.bits[r, UPPER] >> _SIZE) + 1
    if g < 1:
        return -1
    return min(g, GROUPS - 1)


@bare_jit
def move(work: Any, r: int, new: int) -> None:
    """Take reaction r to another group, past the ends of those between."""
    bits, member, start = work.bits, work.member, work.start
    old, p = bits[r, PLACE] & _LOW32, (bits[r, PLACE] >> 32) & _LOW32
    g = old
    while g < new:
        start[g + 1] -= 1
        q = start[g + 1]
        if p != q:
            other = member[q]
            member[p] = other
            bits[other, PLACE] = (p << 32) | (bits[other, PLACE] & _LOW32)
            p = q
        g += 1
    while g > new:
        q = start[g]
        start[g] += 1
        if p != q:
            other = member[q]
            member[p] = other
            bits[other, PLACE] = (p << 32) | (bits[other, PLACE] & _LOW32)
            p = q
        g -= 1
    member[p] = r
    bits[r, PLACE] = (p << 32) | new
    work.whole[FIRST] = min(work.whole[FIRST], max(new, 1))
    work.whole[LAST] = max(work.whole[LAST], new)


@bare_jit
def sum_up(work: Any) -> bool:
    """The total of all caps and the way to each group; whether groups still fit the propensities."""
    whole, start, upto, guide = work.whole, work.start, work.upto, work.guide
    first, last = whole[FIRST], whole[LAST]
    while first < last and start[first] == start[first + 1]:
        first += 1
    total = 0.0
    upto[first - 1] = 0.0
    for g in range(first, last + 1):
        total += float(start[g + 1] - start[g]) * work.cap[g]
        upto[g] = total
    whole[FIRST] = first
    work.real[TOTAL] = total
    share, g = total / CELLS, first
    for cell in range(CELLS):
        while g < last and upto[g] <= share * float(cell):
            g += 1
        guide[cell] = g
    return total == 0.0 or first <= GROUPS // 2


@bare_jit
def tighten(net: Any, work: Any, r: int) -> bool:
    """Let the species that reaction r reads be followed count by count; False where they all are already."""
    more = False
    for k in range(net.reads_start[r], net.reads_start[r + 1]):
        if not work.tight[net.reads[k]]:
            work.tight[net.reads[k]] = 1
            more = True
    return more


@bare_jit
def window_end(work: Any, t: float) -> float:
    """Where the clock's window that begins at t ends, at the latest where an event may come by itself."""
    return min(t + work.real[WINDOW], work.real[THRESHOLD])


@bare_jit
def rebuild(net: Any, work: Any, t: float, points: bool) -> int:
    """All intervals (points where that is asked for), bounds, groups and the total anew; RUNNING or a fault."""
    record, bits, y, whole, start = work.record, work.bits, work.y, work.whole, work.start
    n = y.size // 3
    n_species, n_reactions = n - 2, record.shape[0]
    y[2 * n - 2], y[3 * n - 2] = t, window_end(work, t)
    again = True
    while again:
        again = False
        for s in range(n_species):
            if not enclose(net, work, s):
                whole[WHERE] = s
                return BEYOND
            if points:
                y[n + s] = y[2 * n + s] = y[s]
        for r in range(n_reactions):
            if not bound(net, work, r, t):
                whole[WHERE] = r
                if tighten(net, work, r):
                    again = True
                elif bits[r, KIND] == LAW and bits[r, FACTORS] >> 32 != 0:
                    work.real[WINDOW] *= 0.5
                    y[3 * n - 2] = window_end(work, t)
                    if y[3 * n - 2] <= t:
                        return UNBOUNDED
                    again = True
                else:
                    return FAULT
                break
    top = np.int64(0)
    for r in range(n_reactions):
        if record[r, UPPER] > 0.0:
            top = max(top, bits[r, UPPER] >> _SIZE)
    whole[TOP] = min(max(top + ROOM, GROUPS), _MOST)
    if top > _MOST:
        return INFINITE
    start[:] = 0
    for r in range(n_reactions):
        g = group_of(work, r)
        bits[r, PLACE] = g
        start[g + 1] += 1
    for g in range(GROUPS):
        work.cap[g] = np.int64((whole[TOP] - g + 2) << _SIZE).view(np.float64) if g else 0.0
        work.scale[g] = 1.0 / work.cap[g] if g else 0.0
        start[g + 1] += start[g]
    for r in range(n_reactions - 1, -1, -1):  # starts are ends while members take their places
        g = bits[r, PLACE]
        start[g + 1] -= 1
        work.member[start[g + 1]] = r
        bits[r, PLACE] = (start[g + 1] << 32) | g
    for g in range(GROUPS):  # what is now the start of group g - 1 at g
        start[g] = start[g + 1]
    start[GROUPS] = start[GROUPS + 1] = n_reactions
    whole[FIRST], whole[LAST] = 1, GROUPS - 1
    last = GROUPS - 1
    while last > 1 and start[last] == start[last + 1]:
        last -= 1
    whole[LAST] = last
    sum_up(work)
    return RUNNING if work.real[TOTAL] < math.inf else INFINITE


@bare_jit
def renew(net: Any, work: Any, s: int, t: float) -> int:
    """The bounds of all reactions that depend on species s (or the clock); RUNNING or a fault."""
    moved, fits = False, True
    for k in range(net.users_start[s], net.users_start[s + 1]):
        r = np.int64(net.users[k])
        fits = bound(net, work, r, t)
        if not fits:
            break
        g = group_of(work, r)
        if g != work.bits[r, PLACE] & _LOW32:
            if g < 0:
                fits = False
                break
            move(work, r, g)
            moved = True
    if fits and moved:
        fits = sum_up(work) and work.real[TOTAL] < math.inf
    return RUNNING if fits else rebuild(net, work, t, False)


@bare_jit
def begin(net: Any, work: Any) -> None:
    """Set the counts, the clock and the numbers of the next trajectory; `rebuild` makes the rest."""
    whole, real, y = work.whole, work.real, work.y
    k = whole[TRAJECTORY]
    n_species = y.size // 3 - 2
    source = work.initial[k if work.initial.shape[0] > 1 else 0]
    for s in range(n_species):
        y[s] = source[s]
    n = n_species + 2
    y[n - 1] = y[2 * n - 1] = y[3 * n - 1] = 1.0
    work.tight[:] = 0
    work.marks[:] = -1  # conditions that hold at the start have first to become false
    work.marks[0] = 0
    whole[OUTPUT] = whole[EVENTS] = whole[REJECTED] = whole[TRIALS] = whole[FIRED] = 0
    whole[STARTED] = 1
    real[TIME], real[PRODUCT_OF], real[THRESHOLD] = net.times[0], 1.0, math.inf
    real[WINDOW] = (net.times[net.times.size - 2] - net.times[0]) / 64.0


@bare_jit
def write(net: Any, work: Any, t: float, before: bool) -> bool:
    """Rows for the output times up to t, or only `before` it; whether the trajectory has ended."""
    whole, y, rows, out = work.whole, work.y, work.rows, work.out
    n_species, k = y.size // 3 - 2, whole[TRAJECTORY]
    o = whole[OUTPUT]
    while o < rows.shape[1] and (net.times[o] < t or (net.times[o] == t and not before)):
        for s in range(n_species):
            rows[k, o, s] = y[s]
        if net.outputs:
            call_kernel(net.outputs, net.times[o], y, net.parameters, out)
            for i in range(rows.shape[2] - n_species):
                rows[k, o, n_species + i] = out[i]
        o += 1
    whole[OUTPUT] = o
    return bool(o == rows.shape[1])


@bare_jit
def next_window(net: Any, work: Any, t: float) -> int:
    """The clock's window is over: begin the next, longer or shorter by how often trials failed."""
    whole, real, y = work.whole, work.real, work.y
    n = y.size // 3
    trials, fired = whole[TRIALS], whole[FIRED]
    if trials < 16 or fired * 10 > trials * 6:
        real[WINDOW] *= 2.0
    elif net.timed and trials > 32 and fired * 10 < trials * 4:
        real[WINDOW] *= 0.5
    whole[TRIALS] = whole[FIRED] = 0
    while t + real[WINDOW] <= t:
        real[WINDOW] *= 2.0
    y[2 * n - 2], y[3 * n - 2] = t, window_end(work, t)
    return renew(net, work, n - 2, t)
