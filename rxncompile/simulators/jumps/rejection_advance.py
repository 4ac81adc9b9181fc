"""One call of the rejection sampler's machine code: trajectories of a block, until so many steps are made.

`trials` is the loop that has to be fast; it returns for everything that is rare, which `advance` then does.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...kernels.jit import bare_jit, call_kernel, call_propensity
from ...kernels.lanes_rows import TIME as CLOCK
from .rejection_loop import (
    BEYOND,
    BROKEN,
    CHANGES,
    CONSTANT,
    DONE,
    EVENTS,
    FACTORS,
    FAULT,
    FIRED,
    KIND,
    LAST,
    LAW,
    LOWER,
    OFFSET,
    OUTPUT,
    PRODUCT_OF,
    REJECTED,
    RUNNING,
    SPENT,
    STARTED,
    STEPS,
    TABLE,
    THRESHOLD,
    TIME,
    TOTAL,
    TRAJECTORY,
    TRIALS,
    UPPER,
    WHERE,
    WRONG,
    begin,
    enclose,
    minus_log,
    next_window,
    rebuild,
    renew,
    write,
)

# why `trials` returns, beside RUNNING, SPENT and faults: an event that an output time comes before, one after which
# a count has left its interval, the end of the clock's window, too many trials in a row that failed
DUE, LEFT, OVER, STUCK = 20, 21, 22, 23

_LOW32 = 0xFFFFFFFF
_SMALLEST = 1e-280  # a product of uniforms is turned into time before it can underflow
_PATIENCE = 256  # trials in a row that fail before all intervals shrink to points
_U11, _U12, _U17, _U19, _U23, _U41, _U45, _U58 = (np.uint64(n) for n in (11, 12, 17, 19, 23, 41, 45, 58))


@bare_jit
def advance(net: Any, work: Any, steps: int) -> int:
    """Go on with the block for about `steps` steps; RUNNING, DONE or a fault."""
    whole, real, y, words = work.whole, work.real, work.y, work.words
    n = y.size // 3
    n_reactions = work.record.shape[0]
    whole[STEPS] = steps
    code, points = RUNNING, False
    while whole[TRAJECTORY] < work.rows.shape[0]:
        k = whole[TRAJECTORY]
        fresh = whole[STARTED] == 0
        if fresh:
            begin(net, work)
            if net.events:  # what holds at the start, and what is due there
                work.column[CLOCK] = real[TIME]
                call_kernel(net.events, 1.0, work.column, net.parameters, real[THRESHOLD:])
                if work.marks[0]:
                    return WRONG
        if fresh or points:
            whole[STEPS] -= n_reactions
            code = rebuild(net, work, real[TIME], points)
            points = False
            if code != RUNNING:
                return code
        if whole[STEPS] <= 0:
            return RUNNING
        code = trials(
            work.record, work.bits, y, work.member, work.start, work.upto, work.guide, work.scale, work.cap,
            net.changed, net.amount, net.factor, net.offset, net.times, net.parameters, words[k], whole, real, net.law,
            net.timed, net.events != 0, net.max_events,
        )  # fmt: skip
        if code < DUE:
            return code
        by_itself = code == OVER and real[TIME] == real[THRESHOLD]
        if code != LEFT and write(net, work, real[TIME], by_itself):
            work.counts[k] = whole[EVENTS] - (code == DUE)  # the event that came too late
            whole[TRAJECTORY], whole[STARTED] = k + 1, 0
            continue
        if code == STUCK:
            points = True
            continue
        over, first, last = code == OVER, 0, 0
        if over:
            whole[STEPS] -= 16
        else:
            changes = work.bits[whole[WHERE], CHANGES]
            first, last = changes & _LOW32, (changes >> 32) & _LOW32
        if code == DUE:
            for c in range(first, last):
                y[net.changed[c]] += net.amount[c]
        if net.events and (by_itself or not over):
            work.column[CLOCK] = real[TIME]
            call_kernel(net.events, 1.0 if by_itself else 0.0, work.column, net.parameters, real[THRESHOLD:])
            if work.marks[0]:
                return WRONG
            y[3 * n - 2] = min(y[3 * n - 2], real[THRESHOLD])
            if by_itself:
                whole[EVENTS] += 1
                if whole[EVENTS] > net.max_events:
                    return SPENT
        code = follow(net, work, first, last)
        if code == RUNNING and over:
            code = next_window(net, work, real[TIME])
        if code != RUNNING:
            return code
    return DONE


@bare_jit
def follow(net: Any, work: Any, first: int, last: int) -> int:
    """New intervals and bounds where a count has left its own, by a jump or an event; RUNNING or a fault."""
    y = work.y
    n = y.size // 3
    assigned = net.assigned.size if net.events else 0
    for c in range(first, last + assigned):
        s = np.int64(net.changed[c] if c < last else net.assigned[c - last])
        if y[s] < y[n + s] or y[s] > y[2 * n + s]:
            work.whole[STEPS] -= 4
            if not enclose(net, work, s):
                work.whole[WHERE] = s
                return BEYOND
            code = renew(net, work, s, work.real[TIME])
            if code != RUNNING:
                return code
    return RUNNING


@bare_jit
def trials(
    record: Any, bits: Any, y: Any, member: Any, start: Any, upto: Any, guide: Any, scale: Any, cap: Any,
    changed: Any, amount: Any, factor: Any, offset: Any, times: Any, parameters: Any, words: Any, whole: Any, real: Any,
    law: int, timed: bool, watched: bool, max_events: int,
) -> int:  # fmt: skip
    """Trials of one trajectory until something rare happens."""
    n = y.size // 3
    s0, s1, s2, s3 = words[0], words[1], words[2], words[3]
    t, product, events, rejected = real[TIME], real[PRODUCT_OF], whole[EVENTS], whole[REJECTED]
    total, last, steps = real[TOTAL], whole[LAST], whole[STEPS]
    due, window = times[whole[OUTPUT]], y[3 * n - 2]
    clocked = timed or watched
    code, mean = RUNNING, 1.0 / total
    if not total > 0.0:
        t = window if clocked else math.inf
        code, steps = OVER, 0
    while steps > 0:
        steps -= 1

        # ---------------------------------------------------------------- the time of a trial
        q = s0 + s3
        q = ((q << _U23) | (q >> _U41)) + s0
        shifted = s1 << _U17
        s2 ^= s0
        s3 ^= s1
        s1 ^= s2
        s0 ^= s3
        s2 ^= shifted
        s3 = (s3 << _U45) | (s3 >> _U19)
        product *= (float(np.int64(q >> _U12)) + 0.5) * 2.0**-52
        if clocked:
            t += minus_log(product) * mean
            product = 1.0
            if t >= window:
                t = window
                code = OVER
                break
            whole[TRIALS] += 1
        elif product < _SMALLEST:
            t += minus_log(product) * mean
            product = 1.0

        # ---------------------------------------------------------------- a reaction, and a height below its cap
        q = s0 + s3
        q = ((q << _U23) | (q >> _U41)) + s0
        shifted = s1 << _U17
        s2 ^= s0
        s3 ^= s1
        s1 ^= s2
        s0 ^= s3
        s2 ^= shifted
        s3 = (s3 << _U45) | (s3 >> _U19)
        u = float(np.int64(q >> _U11)) * 2.0**-53 * total
        g = guide[np.int64(q >> _U58)]
        while u >= upto[g] and g < last:
            g += 1
        place = (u - upto[g - 1]) * scale[g]
        inside = np.int64(place)
        p = start[g] + inside
        fires = False
        r = np.int64(0)
        if p < start[g + 1]:  # rounding may lead past the end, one time in 2^50
            r = np.int64(member[p])
            v = (place - float(inside)) * cap[g]
            kind, factors = bits[r, KIND], bits[r, FACTORS]
            i, j = factors & _LOW32, (factors >> 32) & _LOW32
            if kind == TABLE:  # as cheap as its bounds, and one branch that cannot be foretold instead of two
                fires = v < record[r, CONSTANT] * y[i] * (y[j] - record[r, OFFSET])
            elif v < record[r, LOWER]:
                fires = True
            elif v < record[r, UPPER]:
                if kind == LAW:
                    a = call_propensity(law, i, t, y, parameters)
                    if not (a >= 0.0 and a <= record[r, UPPER]):
                        whole[WHERE] = r
                        code = BROKEN if a > record[r, UPPER] and a < math.inf else FAULT
                        break
                else:
                    a = record[r, CONSTANT]
                    for c in range(i, j):
                        a *= y[factor[c]] - offset[c]
                fires = v < a
        if not fires:
            rejected += 1
            if rejected >= _PATIENCE:  # bounds this wide may be of reactions that cannot fire at all
                rejected = 0
                if not clocked:
                    t += minus_log(product) * mean if product < 1.0 else 0.0
                    product = 1.0
                code = STUCK
                break
            if timed and whole[TRIALS] >= 64 and 4 * whole[FIRED] < whole[TRIALS]:
                code = OVER  # a shorter window is due
                break
            continue

        # ---------------------------------------------------------------- an event
        if clocked:
            whole[FIRED] += 1
        else:
            t += minus_log(product) * mean
            product = 1.0
        rejected = 0
        if due <= t:
            whole[WHERE] = r
            events += 1
            code = DUE
            break
        events += 1
        outside = watched
        changes = bits[r, CHANGES]
        for c in range(changes & _LOW32, (changes >> 32) & _LOW32):
            s = np.int64(changed[c])
            x = y[s] + amount[c]
            y[s] = x
            outside |= x < y[n + s] or x > y[2 * n + s]
        if outside:
            whole[WHERE] = r
            code = LEFT
            break
        if events > max_events:
            code = SPENT
            break
    words[0], words[1], words[2], words[3] = s0, s1, s2, s3
    real[TIME], real[PRODUCT_OF], whole[EVENTS], whole[REJECTED] = t, product, events, rejected
    if code != OVER or steps > 0:
        whole[STEPS] = steps
    if events > max_events and code >= DUE and due > t:
        return SPENT
    return code
