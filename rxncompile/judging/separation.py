"""What is fast and what is slow in a network: three ways to find out, each with how sure it is.

Whatever moves fast species drags slow ones along. The sums that fast reactions keep are slow exactly:

    W S_fast = 0        the left null space, in whole numbers

as P + GP + 2 GP2 of a protein that binds to its gene. Those that no reaction changes are constants.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ..expressions import quoted
from ..network import Flag, Network, change
from ..structure import ConservationLaw, conservation_laws
from ..structure.complexes import strong_parts

_SHOWN = 8  # names of a list, before it says how many more there are


@dataclass(frozen=True, slots=True)
class Moved:
    """A slow species that fast reactions or modes move too; how much, by the measure of the method, where it has one.

    Of the spectrum: its part of the largest motion along a fast mode; of correlation: the largest |r|.
    """

    species: str
    share: float | None = None

    def __str__(self) -> str:
        return quoted(self.species) + (f" ({self.share:.2g})" if self.share is not None else "")


@dataclass(frozen=True)
class Finding:
    """What one method says. `sure` from 0 (nothing to go by) to 1; `words`: what that is.

    `moved`: slow species that the fast ones drag along.
    """

    method: str
    fast: tuple[str, ...]
    slow: tuple[str, ...]
    reactions: tuple[str, ...]
    moved: tuple[Moved, ...]
    sure: float
    words: str

    def __str__(self) -> str:
        if not self.fast:
            return f"{self.method}: {self.words}"
        text = f"{self.method} (sure {self.sure:.2f}): fast {named(self.fast)}; slow {named(self.slow) or 'nothing'}"
        if self.moved:
            each = ", ".join(str(m) for m in self.moved[:_SHOWN])
            more = f" and {len(self.moved) - _SHOWN} more" if len(self.moved) > _SHOWN else ""
            text += f"; moved along with the fast ones: {each}{more}"
        return f"{text}\n    {self.words}"



@dataclass(frozen=True)
class SlowSum:
    """A sum of species that fast reactions keep; `constant` where no reaction changes it."""

    law: ConservationLaw
    constant: bool

    def __str__(self) -> str:
        each = [(c < 0, quoted(n) if abs(c) == 1 else f"{abs(c)} {quoted(n)}") for n, c in self.law.coefficients]
        text = "".join(f" {'-' if below else '+'} {part}" for below, part in each)
        return text[3:] if not each[0][0] else f"-{text[3:]}"


@dataclass(frozen=True)
class Separation:
    """The findings of every method, and the slow sums that follow from the fast reactions of the surest one.

    Of these reactions only those count that others of them undo, at once or around a circle: the rest never balance.
    """

    network: Network
    findings: tuple[Finding, ...]
    until: float

    @property
    def best(self) -> Finding | None:
        """The surest method that found something fast, reactions included."""
        found = [f for f in self.findings if f.fast and f.reactions]
        return max(found, key=lambda f: f.sure) if found else None

    @property
    def balanced(self) -> tuple[str, ...]:
        """The fast reactions that come to a balance."""
        return undone(self.network, self.best.reactions) if self.best else ()

    @property
    def sums(self) -> tuple[SlowSum, ...]:
        """The slow variables of several species that these keep, and constants."""
        return slow_sums(self.network, self.balanced) if self.balanced else ()

    @property
    def agree(self) -> bool:
        """Whether all methods that found something name the same fast species."""
        return len({frozenset(f.fast) for f in self.findings if f.fast}) <= 1

    def __str__(self) -> str:
        lines = [f"{self.network.name}: fast and slow until {self.until:g}"]
        lines += [f"  {finding}" for finding in self.findings]
        best = self.best
        if best is None:
            return "\n".join([*lines, "  nothing is told apart"])
        lines.append(f"  fast reactions: {named(best.reactions)}")
        if set(self.balanced) < set(best.reactions):
            lines.append(f"  of these in balance: {named(self.balanced) or 'none'}")
        changing = [s for s in self.sums if not s.constant]
        lines += [f"  slow variable: {s}, which fast reactions do not change" for s in changing]
        lines += [f"  constant: {s}" for s in self.sums if s.constant]
        if not self.agree:
            lines.append("  the methods do not agree: see which one suits the question")
        return "\n".join(lines)


def slow_sums(net: Network, reactions: Iterable[str]) -> tuple[SlowSum, ...]:
    """What the named fast reactions keep: sums of two species at least, the shortest first."""
    names = set(reactions)
    fast = replace(net, reactions=tuple(r for r in net.reactions if r.name in names), ode_terms=(), events=())
    whole = [dict(law.coefficients) for law in conservation_laws(net)]
    found = []
    for law in conservation_laws(fast):
        if len(law.coefficients) > 1:
            found.append(SlowSum(law, _kept(net, dict(law.coefficients), whole)))
    return tuple(found)


def undone(net: Network, reactions: Iterable[str]) -> tuple[str, ...]:
    """Those of the named reactions from whose products these lead back to the reactants: a balance is possible."""
    names = set(reactions)
    chosen = [r for r in net.reactions if r.name in names]
    sides = list(dict.fromkeys(side for r in chosen for side in (r.reactants, r.products)))
    place = {side: i for i, side in enumerate(sides)}
    leads: dict[int, list[int]] = {i: [] for i in range(len(sides))}
    for r in chosen:
        leads[place[r.reactants]].append(place[r.products])
        if r.net_reversible:
            leads[place[r.products]].append(place[r.reactants])
    part = {i: k for k, members in enumerate(strong_parts(leads)) for i in members}
    return tuple(r.name for r in chosen if part[place[r.reactants]] == part[place[r.products]])


def _kept(net: Network, weights: dict[str, int], laws: Sequence[dict[str, int]]) -> bool:
    if weights in laws:
        return True
    moved = {t.species for t in net.ode_terms} | {n for e in net.events for n, _ in e.assignments}
    if moved & weights.keys():
        return False
    return all(sum(weights.get(n, 0) * c for n, c in change(net, r)) == 0 for r in net.reactions)


def by_hints(net: Network) -> Finding:
    """What the model marks as {fast}."""
    fast = tuple(s.name for s in net.species if Flag.FAST in s.flags)
    reactions = tuple(r.name for r in net.reactions if Flag.FAST in r.flags)
    if fast and not reactions:
        reactions = tuple(r.name for r in net.reactions if all(n in fast for n, _ in change(net, r)) and change(net, r))
    if reactions and not fast:
        return Finding("hints", (), (), reactions, (), 0.0, "reactions are marked as fast, but no species")
    if not fast:
        return Finding("hints", (), (), (), (), 0.0, "the model marks nothing as fast")
    slow = tuple(s.name for s in net.species if s.name not in fast and Flag.FIXED not in s.flags)
    moved = tuple(Moved(n) for n in dragged(net, reactions, slow))
    return Finding("hints", fast, slow, reactions, moved, 1.0, "as the model says")


def dragged(net: Network, reactions: Iterable[str], slow: Sequence[str]) -> tuple[str, ...]:
    """The slow species that reactions change."""
    names = set(reactions)
    changed = {n for r in net.reactions if r.name in names for n, _ in change(net, r)}
    return tuple(n for n in slow if n in changed)


def named(names: Sequence[str]) -> str:
    """Names in a list, the first ones of many."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(quoted(n) for n in names[:_SHOWN]) + more
