"""One call of the rejection sampler's machine code: trajectories of a block, until so many steps are made."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..kernels.jit import jit
from .rejection_loop import (
    _LOW32,
    _PATIENCE,
    _SMALLEST,
    _U11,
    _U12,
    _U17,
    _U19,
    _U23,
    _U41,
    _U45,
    BEYOND,
    BROKEN,
    CHANGES,
    CONSTANT,
    DONE,
    EVENTS,
    FACTORS,
    FAULT,
    FIRED,
    FIRST,
    KIND,
    LOWER,
    OFFSET,
    OUTPUT,
    PRODUCT_OF,
    REJECTED,
    RUNNING,
    SPENT,
    STARTED,
    TABLE,
    TIME,
    TOTAL,
    TRAJECTORY,
    TRIALS,
    UPPER,
    WHERE,
    begin,
    enclose,
    minus_log,
    next_window,
    propensity,
    rebuild,
    renew,
    write,
)


@jit
def advance(net: Any, work: Any, steps: int) -> int:
    """Go on with the block for about `steps` steps; RUNNING, DONE or a fault."""
    whole = work.whole
    while whole[TRAJECTORY] < work.rows.shape[0]:
        if steps <= 0:
            return RUNNING
        k = whole[TRAJECTORY]
        if not whole[STARTED]:
            code = begin(net, work)
            steps -= work.record.shape[0]
            if code != RUNNING:
                return code
        code, steps = one(net, work, steps)
        if code != DONE:
            return code
        work.counts[k] = whole[EVENTS]
        whole[TRAJECTORY], whole[STARTED] = k + 1, 0
    return DONE


@jit
def one(net: Any, work: Any, steps: int) -> tuple[int, int]:
    """Go on with one trajectory, DONE where it ends; and the steps that are left."""
    record, bits, y, whole, real = work.record, work.bits, work.y, work.whole, work.real
    member, start, mass, cap = work.member, work.start, work.mass, work.cap
    changed, amount, timed = net.changed, net.amount, net.timed
    n = y.size // 3
    words = work.words[whole[TRAJECTORY]]
    s0, s1, s2, s3 = words[0], words[1], words[2], words[3]
    t, product, events, rejected = real[TIME], real[PRODUCT_OF], whole[EVENTS], whole[REJECTED]
    total, first = real[TOTAL], whole[FIRST]
    code = RUNNING
    while steps > 0:
        steps -= 1
        if not total > 0.0:
            t = y[3 * n - 2] if timed else math.inf
            if write(net, work, t):
                code = DONE
                break
            code = next_window(net, work)
            steps -= 16
            if code != RUNNING:
                break
            total, first = real[TOTAL], whole[FIRST]
            continue

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
        if timed:
            t += minus_log(product) / total
            product = 1.0
            if t >= y[3 * n - 2]:
                t = y[3 * n - 2]
                if write(net, work, t):
                    code = DONE
                    break
                code = next_window(net, work)
                steps -= 16
                if code != RUNNING:
                    break
                total, first = real[TOTAL], whole[FIRST]
                continue
            whole[TRIALS] += 1
        elif product < _SMALLEST:
            t += minus_log(product) / total
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
        g = first
        while u >= mass[g]:
            u -= mass[g]
            g += 1
        place = u / cap[g]
        inside = np.int64(place)
        p = start[g] + inside
        fires = False
        if p < start[g + 1]:  # rounding may lead past the end, one time in 2^50
            r = np.int64(member[p])
            v = (place - float(inside)) * cap[g]
            if v < record[r, LOWER]:
                fires = True
            elif v < record[r, UPPER]:
                if bits[r, KIND] == TABLE:
                    i = bits[r, FACTORS]
                    a = record[r, CONSTANT] * y[i & _LOW32] * (y[(i >> 32) & _LOW32] - record[r, OFFSET])
                else:
                    a = propensity(net, work, r, 0, t)
                    if not (a >= 0.0 and a <= record[r, UPPER]):
                        whole[WHERE] = r
                        code = BROKEN if a > record[r, UPPER] and a < math.inf else FAULT
                        break
                fires = v < a
        if not fires:
            rejected += 1
            if rejected >= _PATIENCE:  # bounds this wide may be of reactions that cannot fire at all
                rejected = 0
                t += minus_log(product) / total if product < 1.0 else 0.0
                product = 1.0
                if write(net, work, t):
                    code = DONE
                    break
                code = rebuild(net, work, t, True)
                steps -= record.shape[0]
                if code != RUNNING:
                    break
                total, first = real[TOTAL], whole[FIRST]
            continue

        # ---------------------------------------------------------------- an event
        if not timed:
            t += minus_log(product) / total
            product = 1.0
        rejected = 0
        if net.times[whole[OUTPUT]] <= t and write(net, work, t):
            code = DONE
            break
        events += 1
        if timed:
            whole[FIRED] += 1
        changes = bits[r, CHANGES]
        for c in range(changes & _LOW32, (changes >> 32) & _LOW32):
            s = np.int64(changed[c])
            y[s] += amount[c]
        renewed = False
        for c in range(changes & _LOW32, (changes >> 32) & _LOW32):
            s = np.int64(changed[c])
            if y[s] < y[n + s] or y[s] > y[2 * n + s]:
                renewed = True
                if not enclose(work, s):
                    whole[WHERE] = s
                    code = BEYOND
                    break
                code = renew(net, work, s, t)
                steps -= 4
                if code != RUNNING:
                    break
        if code == RUNNING and events > net.max_events:
            code = SPENT
        if code != RUNNING:
            break
        if renewed:
            total, first = real[TOTAL], whole[FIRST]
    words[0], words[1], words[2], words[3] = s0, s1, s2, s3
    real[TIME], real[PRODUCT_OF], whole[EVENTS], whole[REJECTED] = t, product, events, rejected
    return code, steps
