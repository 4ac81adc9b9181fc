"""Common divisors of polynomials in many names, most of which have none: asked at random numbers first.

With numbers for all names but v, modulo a prime, the divisor of what is left has at least the degree in v of the true
one. Names in which that is 0 are not in the divisor, which then divides every coefficient of a product of such names:
what remains are small polynomials in few names (Schwartz 1980; Zippel 1979).
"""

from __future__ import annotations

import random
from functools import lru_cache
from typing import Any

Poly = Any
_PRIME = 2**31 - 1
_MOST = 400  # terms of a coefficient whose divisor is looked for


@lru_cache(maxsize=2048)
def common_divisor(f: Poly, g: Poly) -> Poly:
    """The greatest common divisor of two polynomials up to a number; of very long ones a smaller one, perhaps."""
    if not f or not g:
        return f or g
    ring, count = f.ring, len(f.ring.gens)
    least = [min(m[i] for p in (f, g) for m in p.monoms()) for i in range(count)]
    shared = ring.from_dict({tuple(least): ring.domain.one})
    if len(f) == 1 or len(g) == 1:
        return shared
    f, g = f.exquo(shared), g.exquo(shared)
    numbers = random.Random(5)
    point = [numbers.randrange(2, _PRIME) for _ in range(count)]
    live = [i for i in range(count) if _held(f, i) and _held(g, i) and _degree(f, g, i, point)]
    if not live:
        return shared
    parts = sorted((*_coefficients(f, live), *_coefficients(g, live)), key=len)
    found = parts[0]
    for p in parts[1:]:
        if found.is_ground:
            break
        if len(found) > _MOST or len(p) > _MOST:
            return shared
        found = found.gcd(p)
    return shared if found.is_ground else shared * found


def _held(p: Poly, i: int) -> bool:
    return any(m[i] for m in p.monoms())


def _coefficients(p: Poly, live: list[int]) -> list[Poly]:
    """What stands before each product of the names that are not `live`."""
    parts: dict[tuple[int, ...], dict[tuple[int, ...], Any]] = {}
    for m, c in p.terms():
        outside = tuple(0 if i in live else n for i, n in enumerate(m))
        inside = tuple(n if i in live else 0 for i, n in enumerate(m))
        parts.setdefault(outside, {})[inside] = c
    return [p.ring.from_dict(rest) for rest in parts.values()]


def _degree(f: Poly, g: Poly, i: int, point: list[int]) -> int:
    """The degree in name i of the common divisor where the others have numbers, modulo a prime."""
    a, b = (_at(p, i, point) for p in (f, g))
    while b:
        a, b = b, _remainder(a, b)
    return len(a) - 1


def _at(p: Poly, i: int, point: list[int]) -> list[int]:
    """Coefficients in rising powers of name i, without leading zeros."""
    found: dict[int, int] = {}
    for m, c in p.terms():
        value = int(c.numerator) * pow(int(c.denominator), -1, _PRIME)
        for j, n in enumerate(m):
            if n and j != i:
                value = value * pow(point[j], n, _PRIME) % _PRIME
        found[m[i]] = (found.get(m[i], 0) + value) % _PRIME
    row = [found.get(k, 0) for k in range(max(found) + 1)]
    return _trimmed(row)


def _remainder(a: list[int], b: list[int]) -> list[int]:
    a, inverse = a[:], pow(b[-1], -1, _PRIME)
    while len(a) >= len(b):
        factor, shift = a[-1] * inverse % _PRIME, len(a) - len(b)
        for k, c in enumerate(b):
            a[shift + k] = (a[shift + k] - factor * c) % _PRIME
        a = _trimmed(a)
    return a


def _trimmed(row: list[int]) -> list[int]:
    while row and not row[-1]:
        row.pop()
    return row
