"""Moments of particles on a line against all states of a small ring, and what a line does not hold."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rxncompile import RxnError, parse
from rxncompile.derivations.ising import ChainMoments, Pattern, _rewritings, ising_chain

SITES = 7
STATES = [np.array(s) for s in product((0, 1), repeat=SITES)]
LINE = "lattice chain { shape = line(7); boundary = periodic; capacity = 1 }\nspecies A = 0.5 {per = site}\n"
RULES = (
    "A -> 0 @ 3 on chain", "0 -> A @ 3 on chain", "A -> 2 A @ 3 on chain", "A -> 2 A @ 3 on chain {daughter = free}",
    "2 A -> 0 @ 3 on chain", "2 A -> A @ 3 on chain", "diffuse A @ 3 on chain",
)  # fmt: skip


def moment(p: np.ndarray, m: Pattern) -> float:
    """The average over all places and both directions on the ring."""
    total = 0.0
    for weight, s in zip(p, STATES, strict=True):
        for place in range(SITES):
            total += weight * (
                np.prod([s[(place + i) % SITES] for i in m]) + np.prod([s[(place - i) % SITES] for i in m])
            )
    return total / (2 * SITES)


def pushed(p: np.ndarray, rule: str) -> np.ndarray:
    """dp/dt by the reaction as the words say it, state by state: not by the rewritings under test."""
    index = {tuple(s): i for i, s in enumerate(STATES)}
    rate = np.zeros_like(p)

    def move(i: int, after: np.ndarray, k: float) -> None:
        rate[i] -= k * p[i]
        rate[index[tuple(after)]] += k * p[i]

    def put(s: np.ndarray, *pairs: tuple[int, int]) -> np.ndarray:
        found = s.copy()
        for site, value in pairs:
            found[site % SITES] = value
        return found

    for i, s in enumerate(STATES):
        for x in range(SITES):
            right, near = (x + 1) % SITES, (x - 1, (x + 1) % SITES)
            if rule.startswith("A -> 0") and s[x]:
                move(i, put(s, (x, 0)), 3.0)
            elif rule.startswith("0 -> A") and not s[x]:
                move(i, put(s, (x, 1)), 3.0)
            elif rule.startswith("A -> 2 A") and s[x]:
                free = [y for y in near if not s[y]]
                tried = free if "free" in rule else near
                for y in free:
                    move(i, put(s, (y, 1)), 3.0 / len(tried))
            elif rule.startswith("2 A -> 0") and s[x] and s[right]:
                move(i, put(s, (x, 0), (right, 0)), 3.0)
            elif rule.startswith("2 A -> A") and s[x] and s[right]:
                move(i, put(s, (x, 0)), 1.5)
                move(i, put(s, (right, 0)), 1.5)
            elif rule.startswith("diffuse") and s[x]:
                for y in near:
                    if not s[y]:
                        move(i, put(s, (x, 0), (y, 1)), 3.0)
    return rate


@pytest.mark.parametrize("rule", RULES)
@given(seed=st.integers(0, 2**32 - 1), m=st.sampled_from([(0,), (0, 1), (0, 2), (0, 1, 2)]))
@settings(max_examples=4, deadline=None)
def test_the_hierarchy_is_exact(rule: str, seed: int, m: Pattern) -> None:
    """Of any distribution over all states of a ring."""
    p = np.random.default_rng(seed).dirichlet(np.full(len(STATES), 0.3))
    made = ChainMoments(tuple(_rewritings(parse(LINE + rule + "\n"))), "A")
    equation = made.equation(m)
    named = {name: pattern for pattern, name in made.symbols.items()}
    found = 0.0
    for number, ((rate, _), *rest) in equation:
        found += float(number * rate) * (moment(p, named[rest[0][0]]) if rest else 1.0)
    assert found == pytest.approx(moment(pushed(p, rule), m), rel=1e-11, abs=1e-12)


@pytest.mark.parametrize(
    "text",
    [
        "species A = 1\nA -> 0 @ 1\n",
        LINE.replace("line(7)", "square(7, 7)") + "A -> 0 @ 1 on chain\n",
        LINE.replace("capacity = 1", "capacity = 2") + "A -> 0 @ 1 on chain\n",
        LINE + "species B = 0 {per = site}\nA -> B @ 1 on chain\n",
        LINE + "A -> 3 A @ 1 on chain\n",
        LINE + "A(0) + 0(1) -> A(0) + A(1) @ 1 on chain\n",
    ],
)
def test_what_a_line_does_not_hold(text: str) -> None:
    with pytest.raises(RxnError) as caught:
        ising_chain(parse(text))
    assert caught.value.code == "R533"
