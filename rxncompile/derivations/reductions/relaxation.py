"""Which species are fast together, which reactions bring them into balance, and which sums these keep."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sympy as sp

from ...errors import RxnError
from ...structure.linear import rank
from ...structure.slopes import Slope
from .mechanism import Mechanism, Move, Weights, undoes


def tied(mech: Mechanism, fast: Sequence[sp.Symbol]) -> tuple[sp.Symbol, ...]:
    """The fast species, and with those that no conserved sum of fast ones holds what a conservation law ties to them.

    As the free enzyme beside its complex: it moves as fast. Of several that could be meant, as enzyme and substrate,
    the one whose sum holds more of the fast species, then the scarcer one. Raises R525 where these are alike; those
    whose sums share no fast species, as two enzymes, are no choice.
    """
    chosen = list(fast)
    while True:
        held = {x for law in mech.laws(mech.moves, chosen) for x in law}
        loose = {x for x in chosen if x not in held}
        found: list[tuple[tuple[int, float], sp.Symbol, set[sp.Symbol]]] = []
        for s in [s for s in mech.states if s not in chosen]:
            laws = [law for law in mech.laws(mech.moves, [*chosen, s]) if s in law and loose & law.keys()]
            if laws:
                law = max(laws, key=lambda x: len(loose & x.keys()))
                made = set().union(*(loose & x.keys() for x in laws))
                found.append(((-len(loose & law.keys()), _size(mech, law)), s, made))
        if not found:
            return tuple(s for s in mech.states if s in chosen)
        first, best, made = min(found, key=lambda item: item[0])
        alike = [(s, also) for key, s, also in found if key == first and also & made]
        if len(alike) > 1:
            names = " or ".join(s.name for s, _ in alike)
            shared = set().union(*(also for _, also in alike))
            what = ", ".join(s.name for s in chosen if s in shared)
            said = f"{what} {'is' if len(shared) == 1 else 'are'} made of {names} alike"
            message = f"{said}, and it is not decided which of these is fast"
            raise RxnError("R525", message, hint="name it with the fast species")
        chosen.append(best)


def _size(mech: Mechanism, law: Weights) -> float:
    """What a conserved sum is at the start, not a number where that is not known."""
    try:
        values = {**dict(mech.system.parameter_values()), **dict(mech.system.definitions)}
        return sum(c * Slope(values, {})(mech.states[s].initial)[0] for s, c in law.items())
    except (TypeError, KeyError, ArithmeticError, ValueError, AttributeError):
        return float("nan")


def relaxing(mech: Mechanism, fast: Sequence[sp.Symbol], names: Iterable[str] | None) -> tuple[Move, ...]:
    """The reactions that bring fast species into balance: those named, else those marked {fast}, else reversible ones.

    Of reversible ones so many as are independent, in declared order. Raises R501 for an unknown name.
    """
    if names is not None:
        return mech.reactions(names)
    touching = [m for m in mech.moves if any(s in fast for s, _ in m.change)]
    flagged = [m for m in touching if m.fast]
    if flagged:
        return tuple(flagged)
    chosen: list[Move] = []
    for m in touching:
        back = [other for other in touching if undoes(m, other)]
        if back and m not in chosen and independent_on(fast, [*chosen, m]) > independent_on(fast, chosen):
            chosen += [m, *(b for b in back if b not in chosen)]
    return tuple(m for m in mech.moves if m in chosen)


def ambiguous(mech: Mechanism, fast: Sequence[sp.Symbol], chosen: Sequence[Move]) -> list[Move]:
    """Reversible reactions of fast species that could as well have been taken for fast ones."""
    touching = [m for m in mech.moves if any(s in fast for s, _ in m.change)]
    return [m for m in touching if m not in chosen and any(undoes(m, other) for other in touching)]


def independent_on(fast: Sequence[sp.Symbol], moves: Iterable[Move]) -> int:
    """How many of the moves are independent in what they do to the fast species."""
    place = {s: i for i, s in enumerate(fast)}
    return rank([{place[s]: n for s, n in m.change if s in place} for m in moves])


def parts(species: Sequence[sp.Symbol], links: Iterable[Iterable[sp.Symbol]]) -> list[tuple[sp.Symbol, ...]]:
    """Species in groups that no link joins: those of balances and sums that can be solved one after the other."""
    groups = [{s} for s in species]
    for link in links:
        names = set(link)
        joined = [g for g in groups if g & names]
        if joined:
            groups = [g for g in groups if not g & names] + [set().union(*joined)]
    order = sorted(groups, key=lambda g: min(species.index(s) for s in g))
    return [tuple(s for s in species if s in g) for g in order]


def carried(mech: Mechanism, slow: sp.Symbol, fast: Sequence[sp.Symbol], moves: Sequence[Move]) -> Weights | None:
    """`{slow: 1, fast: weights}`: the sum with fast species that some moves keep; None where there is none."""
    if all(m.along({slow: 1}) == 0 for m in moves):
        return {slow: 1}
    found = [law for law in mech.laws(moves, [slow, *fast]) if law.get(slow)]
    if not found:
        return None
    law = min(found, key=lambda x: (abs(x[slow]) != 1, len(x)))
    if abs(law[slow]) != 1:
        return None
    return {s: c * law[slow] for s, c in law.items()}
