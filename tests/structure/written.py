"""Networks from one line of text, for the tests of structure: `A + 2 B > C; C <> 0`."""

import itertools

import sympy as sp
from hypothesis import strategies as st

from rxncompile.expressions import symbol
from rxncompile.network import Flag, Network, Parameter, Reaction, Species

k = symbol("k")
NOTHING: frozenset[Flag] = frozenset()


def side(words: str) -> tuple[tuple[str, int], ...]:
    counts: dict[str, int] = {}
    for term in words.split("+"):
        parts = term.split()
        if parts and parts != ["0"]:
            counts[parts[-1]] = counts.get(parts[-1], 0) + (int(parts[0]) if len(parts) > 1 else 1)
    return tuple(counts.items())


def network(text: str, names: str = "", fixed: str = "") -> Network:
    """Mass action with one constant; `<>` makes two reactions. Species as in `names`, else as they appear."""
    reactions = []
    for line in text.split(";"):
        left, right = line.replace("<>", ">").split(">")
        reactions.append(Reaction(f"r{len(reactions)}", side(left), side(right), k))
        if "<>" in line:
            reactions.append(Reaction(f"r{len(reactions)}", side(right), side(left), k))
    found = dict.fromkeys(n for r in reactions for n, _ in (*r.reactants, *r.products))
    species = tuple(
        Species(n, initial=sp.S.One, flags=frozenset({Flag.FIXED}) if n in fixed.split() else NOTHING)
        for n in names.split() or found
    )
    return Network("test", parameters=(Parameter("k", sp.S.One),), species=species, reactions=tuple(reactions))


def receptors(sites: int, copies: int) -> Network:
    """Receptors that bind a ligand at each of their sites, every combination a species: large and combinatorial."""
    states = ["".join(s) for s in itertools.product("01", repeat=sites)]
    lines = [
        f"R{c}_{s} + L{i} <> R{c}_{s[:i]}1{s[i + 1 :]}"
        for c in range(copies)
        for i in range(sites)
        for s in states
        if s[i] == "0"
    ]
    return network("; ".join(lines))


SIDES = st.dictionaries(st.sampled_from("ABCDE"), st.integers(1, 2), max_size=2)


def mass_action(steps: list[tuple[dict[str, int], dict[str, int], int]], starts: list[int]) -> Network:
    """Species A to E with their initial counts, and reactions of (reactants, products, constant)."""
    reactions = tuple(
        Reaction(f"r{i}", tuple(sorted(a.items())), tuple(sorted(b.items())), sp.Integer(c))
        for i, (a, b, c) in enumerate(steps)
    )
    species = tuple(Species(n, initial=sp.Integer(x)) for n, x in zip("ABCDE", starts, strict=True))
    return Network("random", species=species, reactions=reactions)
