"""Whole hierarchies of raw and factorial moments at once, in arrays.

A moment of species that a reaction names, u, and of others, `rest`, moves by terms that all carry `rest`: the terms of
u are worked out once for all reactions that look alike, then spread over their species and over every rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations_with_replacement
from math import comb, perm

import numpy as np

from ..monomials import Kind, Monomial, falling_from_powers
from ..operators import Generator, Term
from ..tables import Moments, Numbers, TermTable, coded

_LARGEST = 2**62
Local = tuple[tuple[int, ...], tuple[int, ...], int]  # counts before and after by place, how many places a moment sees


def term_table(gen: Generator, names: tuple[str, ...], kind: Kind, order: int) -> TermTable | None:
    """The table of all moments up to `order`; None where the general way has to be taken.

    That is for other kinds, for laws that are no polynomials, and for numbers that 64 bits do not hold.
    """
    size = len(names)
    if kind not in (Kind.RAW, Kind.FACTORIAL) or not size or not gen.terms:
        return None
    if any(t.law is not None for t in gen.terms):
        return None
    longest = order - 1 + max(1, max(sum(n for _, n in t.before) for t in gen.terms))
    if (size + 1) ** (longest + 1) >= _LARGEST:
        return None
    alike: dict[Local, list[tuple[int, list[int]]]] = {}
    for r, term in enumerate(gen.terms):
        local, ids = _local(term, gen.positions, kind)
        alike.setdefault(local, []).append((r, ids))
    held = _all_moments(size, order, longest)
    codes = coded(held, size)
    blocks = []
    for local, instances in alike.items():
        found = _spread(local, instances, kind, order, size, longest, codes)
        if found is None:
            return None
        blocks += found
    if not blocks:
        return None
    row, rate, coefficient, code = (np.concatenate(part) for part in zip(*blocks, strict=True))
    sort = np.argsort(row * np.int64(len(gen.terms)) + rate, kind="stable")
    row, rate, coefficient, code = row[sort], rate[sort], coefficient[sort], code[sort]
    above = np.unique(code[code > codes[-1]])
    moments = Moments(np.concatenate([held, _decoded(above, size, longest)]), names, kind)
    column = np.where(code > 0, moments.places(code), -1)
    starts = np.searchsorted(row, np.arange(len(held) + 1))
    return TermTable(moments, tuple(t.rate for t in gen.terms), starts, rate, column, coefficient)


def _all_moments(size: int, order: int, longest: int) -> Numbers:
    parts = []
    for k in range(1, order + 1):
        found = np.full((comb(size + k - 1, k), longest), -1, dtype=np.int64)
        found[:, longest - k :] = _combinations(size, k)
        parts.append(found)
    return np.concatenate(parts)


def _combinations(size: int, k: int) -> Numbers:
    """All sorted k-tuples with repetition, shape (C(size + k - 1, k), k)."""
    if not k:
        return np.zeros((1, 0), dtype=np.int64)
    flat = (i for each in combinations_with_replacement(range(size), k) for i in each)
    count = comb(size + k - 1, k) if size else 0
    return np.fromiter(flat, dtype=np.int64, count=count * k).reshape(count, k)


def _decoded(codes: Numbers, size: int, longest: int) -> Numbers:
    rows = np.empty((len(codes), longest), dtype=np.int64)
    rest = codes.copy()
    for k in reversed(range(longest)):
        rest, rows[:, k] = np.divmod(rest, size + 1)
    return rows - 1


def _local(term: Term, place: dict[object, int], kind: Kind) -> tuple[Local, list[int]]:
    """What a reaction does, without the names of its species, and these."""
    before = {place[s]: n for s, n in term.before}
    after = {place[s]: n for s, n in term.after}
    counts = {i: (before.get(i, 0), after.get(i, 0)) for i in before | after}
    # raw moments do not see a catalyst: it stands behind, in the law alone
    seen = [i for i, (a, b) in counts.items() if kind is Kind.FACTORIAL or a != b]
    ids = sorted(seen, key=lambda i: (counts[i], i)) + sorted(counts.keys() - set(seen), key=lambda i: (counts[i], i))
    return (tuple(counts[i][0] for i in ids), tuple(counts[i][1] for i in ids), len(seen)), ids


def _terms(local: Local, kind: Kind, u: Monomial) -> dict[Monomial, int]:
    """{monomial of places: coefficient}: how the part u of a moment moves, times the propensity over the rate."""
    before, after, _ = local
    base = tuple(i for i, n in enumerate(before) for _ in range(n))
    law: Iterable[tuple[Monomial, int]] = ((base, 1),) if kind is Kind.FACTORIAL else falling_from_powers(base)
    parts: list[tuple[Monomial, int, int]] = [((), 1, 1)]
    for i in sorted(set(u)):
        q, c = u.count(i), after[i] - before[i]
        if kind is Kind.RAW:  # (n + c)^q and n^q
            row = [((i,) * j, comb(q, j) * c ** (q - j), int(j == q)) for j in range(q + 1)]
        else:
            made = [(comb(q, j) * perm(after[i], j), comb(q, j) * perm(before[i], j)) for j in range(q + 1)]
            row = [((i,) * (q - j), x, y) for j, (x, y) in enumerate(made)]
        parts = [(p + s, x * a, y * b) for p, x, y in parts for s, a, b in row if a or b]
    found: dict[Monomial, int] = {}
    for part, x, y in parts:
        for factor, c in law:
            if x != y:
                key = tuple(sorted(part + factor))
                found[key] = found.get(key, 0) + c * (x - y)
    return {key: x for key, x in found.items() if x}


def _spread(
    local: Local,
    instances: list[tuple[int, list[int]]],
    kind: Kind,
    order: int,
    size: int,
    longest: int,
    codes: Numbers,
) -> list[tuple[Numbers, Numbers, Numbers, Numbers]] | None:
    """(row, rate, coefficient, code of the moment) of all terms of reactions that look alike."""
    seen = local[2]
    rates = np.array([r for r, _ in instances], dtype=np.int64)
    ids = np.array([[*each, -1] for _, each in instances], dtype=np.int64)  # a place of -1 for nothing
    count, nothing = len(rates), ids.shape[1] - 1
    free = np.ones((count, size), dtype=bool)
    np.put_along_axis(free, ids[:, :seen], False, axis=1)
    others = np.nonzero(free)[1].reshape(count, size - seen)
    found = []
    for s in range(1, order + 1):
        owned, pairs, numbers = [], [], []
        chosen = list(combinations_with_replacement(range(seen), s))
        for k, u in enumerate(chosen):
            for key, x in _terms(local, kind, u).items():
                if abs(x) >= _LARGEST:
                    return None
                owned.append(k)
                pairs.append([*key, *[nothing] * (longest - len(key))])
                numbers.append(x)
        if not numbers:
            continue
        width = max(longest - row.count(nothing) for row in pairs)
        moved = ids[:, np.array([row[:width] for row in pairs], dtype=np.int64)]  # (reactions, terms, width)
        own = ids[:, np.array(chosen, dtype=np.int64)]  # (reactions, moments, s)
        which, number = np.array(owned, dtype=np.int64), np.array(numbers, dtype=np.int64)
        for d in range(order - s + 1):
            rest = others[:, _combinations(size - seen, d)]  # (reactions, rests, d)
            many = rest.shape[1]
            if not many:
                continue
            rows = _joined(own, rest, longest, size)
            row = np.searchsorted(codes, rows)[:, which]
            code = _joined(moved, rest, longest, size)
            shape = (count, len(number), many)
            found.append((
                row.ravel(),
                np.broadcast_to(rates[:, None, None], shape).ravel(),
                np.broadcast_to(number[None, :, None], shape).ravel(),
                code.ravel(),
            ))  # fmt: skip
    return found


def _joined(own: Numbers, rest: Numbers, longest: int, size: int) -> Numbers:
    """Codes of the products of each own part with each rest, shape (reactions, parts, rests)."""
    count, parts, width = own.shape
    many, d = rest.shape[1:]
    rows = np.empty((count, parts, many, width + d), dtype=np.int64)
    rows[..., :width] = own[:, :, None, :]
    rows[..., width:] = rest[:, None, :, :]
    rows.sort(axis=-1)
    return coded(rows, size)
