"""Chemical reaction network theory: complexes, linkage classes, deficiency, and what its theorems conclude.

    deficiency = complexes - linkage classes - rank of the stoichiometric matrix

A complex is a side of a reaction: the species in it with their counts, the zero complex where there are none. Fixed
species are left out of complexes, as their amounts are part of the rate constants. A reaction that then changes
nothing is left out too (`idle`). Rates play no part but in `obstacles`: the theorems hold for mass action. A network
on a lattice is read by its list of reactions, diffusion and places left aside.
Sources: Horn and Jackson 1972; Feinberg 1979 (lectures), 1987, 1995; Shinar and Feinberg 2010.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from ..expressions import TIME, quoted
from ..network import Flag, Network, Reaction, change
from .graph import catalysts_of, named_in
from .laws import ConservationLaw, laws_and_moieties, moved_otherwise
from .linear import rank

Complex: TypeAlias = tuple[tuple[str, int], ...]
Node = TypeVar("Node", bound=Hashable)


@dataclass(frozen=True, slots=True)
class LinkageClass:
    """Complexes that reactions join, whichever way they run.

    `strong_classes`: its parts within which every complex is reached from every other; `terminal_classes`: those of
    them that no reaction leaves. `deficiency = complexes - 1 - rank`.
    """

    complexes: tuple[Complex, ...]
    strong_classes: tuple[tuple[Complex, ...], ...]
    terminal_classes: tuple[tuple[Complex, ...], ...]
    rank: int

    @property
    def deficiency(self) -> int:
        return len(self.complexes) - 1 - self.rank

    @property
    def weakly_reversible(self) -> bool:
        """Whether every complex is reached from every other."""
        return len(self.strong_classes) == 1


@dataclass(frozen=True, slots=True)
class Structure:
    """What the stoichiometry of a network says, `structure_of(net)`.

    `rank`: dimension of the stoichiometric subspace. `laws`: a basis of the conservation laws; `moieties`: every
    non-negative one of least support, None where they are too many. `reversible_pairs`: names of reactions that undo
    each other; `one_way`: names of the others that change something. `catalysts`, `autocatalysts`: for each reaction
    that has some, species it returns in equal, in greater number. `obstacles`: why the theorems do not apply.
    """

    complexes: tuple[Complex, ...]
    linkage_classes: tuple[LinkageClass, ...]
    rank: int
    laws: tuple[ConservationLaw, ...]
    moieties: tuple[ConservationLaw, ...] | None
    reversible: bool
    reversible_pairs: tuple[tuple[str, str], ...]
    one_way: tuple[str, ...]
    idle: tuple[str, ...]
    catalysts: tuple[tuple[str, tuple[str, ...]], ...]
    autocatalysts: tuple[tuple[str, tuple[str, ...]], ...]
    obstacles: tuple[str, ...]

    @property
    def deficiency(self) -> int:
        """`complexes - linkage classes - rank`, never negative."""
        return len(self.complexes) - len(self.linkage_classes) - self.rank

    @property
    def weakly_reversible(self) -> bool:
        """Whether a path of reactions leads back from every complex to every one it came from."""
        return all(c.weakly_reversible for c in self.linkage_classes)

    @property
    def terminal_classes(self) -> tuple[tuple[Complex, ...], ...]:
        return tuple(t for c in self.linkage_classes for t in c.terminal_classes)

    @property
    def robust_species(self) -> tuple[str, ...]:
        """Species with the same concentration in every positive steady state, if there is one.

        Deficiency one under mass action, and two complexes outside the terminal classes that differ in this species
        alone (Shinar and Feinberg 2010).
        """
        if self.obstacles or self.deficiency != 1:
            return ()
        terminal = {c for t in self.terminal_classes for c in t}
        outside = {c for c in self.complexes if c not in terminal}
        found: dict[str, None] = {}
        seen: set[tuple[str, Complex]] = set()
        for c in self.complexes:
            if c in outside:
                for name, _ in c:
                    rest = tuple(pair for pair in c if pair[0] != name)
                    if rest in outside or (name, rest) in seen:
                        found[name] = None
                    seen.add((name, rest))
        return tuple(found)

    @property
    def verdict(self) -> str:
        """What the theorems on deficiency conclude about positive steady states; nothing where they are silent.

        Of mass action with positive rate constants, whatever their values, every set of conserved amounts:
        deficiency zero (Horn and Jackson 1972; Feinberg 1972, 1987) has one stable steady state if weakly reversible,
        else none; deficiency one (Feinberg 1987, 1995: no linkage class above one, their sum the network's, one
        terminal class in each) has one if weakly reversible, else at most one; robustness as in `robust_species`.
        """
        if not self.complexes:
            return ""
        if self.obstacles:
            return f"The deficiency theorems, which hold for mass action, do not apply: {'; '.join(self.obstacles)}."
        each = "each set of conserved amounts has" if self.laws else "there is"
        if self.deficiency == 0 and self.weakly_reversible:
            return f"Deficiency zero theorem: {_WHATEVER}, {each} exactly one positive steady state, {_STABLE}"
        if self.deficiency == 0:
            return f"Deficiency zero theorem: {_WHATEVER}, {_NOWHERE}"
        said = []
        classes = self.linkage_classes
        if (
            all(c.deficiency <= 1 and len(c.terminal_classes) == 1 for c in classes)
            and sum(c.deficiency for c in classes) == self.deficiency
        ):
            many = "exactly" if self.weakly_reversible else "at most"
            said.append(f"Deficiency one theorem: {_WHATEVER}, {each} {many} one positive steady state.")
        if self.robust_species and (self.laws or not said):
            names = " and ".join(quoted(n) for n in self.robust_species)
            what = "the concentration of" if len(self.robust_species) == 1 else "each of the concentrations of"
            said.append(f"Absolute concentration robustness: {what} {names} {_ROBUST}")
        return " ".join(said)


_WHATEVER = "whatever the rate constants"
_STABLE = "it is locally stable, and no positive oscillation is sustained."
_NOWHERE = "there is neither a steady state nor a sustained oscillation with every species present."
_ROBUST = "is the same in every positive steady state (Shinar and Feinberg 2010)."


def structure_of(net: Network) -> Structure:
    """Complexes, linkage classes, deficiency, conservation laws, reversibility and catalysts of a network.

        deficiency = n - l - s      n complexes, l linkage classes, s the rank of the stoichiometric matrix

    Integers and names only, exact; rates are looked at to say where the theorems apply. Never raises.
    Sources: Horn and Jackson 1972, Arch. Ration. Mech. Anal. 47; Feinberg 1987, Chem. Eng. Sci. 42; Feinberg 1995,
    Arch. Ration. Mech. Anal. 132; Shinar and Feinberg 2010, Science 327.
    """
    fixed = {s.name for s in net.species if Flag.FIXED in s.flags}
    arcs: dict[tuple[Complex, Complex], dict[int, int]] = {}
    idle, position = [], net.positions
    for reaction in net.reactions:
        before, after = (_complex(side, fixed, position) for side in (reaction.reactants, reaction.products))
        if before == after:
            idle.append(reaction.name)
            continue
        row = {position[name]: count for name, count in change(net, reaction)}
        arcs[before, after] = row
        if reaction.net_reversible:
            arcs[after, before] = row
    complexes = tuple(dict.fromkeys(c for arc in arcs for c in arc))
    leads: dict[Complex, list[Complex]] = {c: [] for c in complexes}
    either: dict[Complex, list[Complex]] = {c: [] for c in complexes}
    for before, after in arcs:
        leads[before].append(after)
        either[before].append(after)
        either[after].append(before)
    home = {c: k for k, part in enumerate(strong_parts(leads)) for c in part}
    parts = strong_parts(either)
    spanning = _spanning(arcs, parts)
    classes = []
    for part, rows in zip(parts, spanning, strict=True):
        strong: dict[int, list[Complex]] = {}
        for c in part:
            strong.setdefault(home[c], []).append(c)
        terminal = [s for k, s in strong.items() if all(home[d] == k for c in s for d in leads[c])]
        classes.append(
            LinkageClass(tuple(part), tuple(map(tuple, strong.values())), tuple(map(tuple, terminal)), rank(rows))
        )
    pairs = _reversible_pairs(net.reactions)
    laws, moieties = laws_and_moieties(net)
    moving = len(net.species) - len(fixed)
    whole_rank = rank(arcs.values()) if moved_otherwise(net) else moving - len(laws)
    paired = {name for pair in pairs for name in pair} | set(idle)
    return Structure(
        complexes,
        tuple(classes),
        whole_rank,
        laws,
        moieties,
        all((after, before) in arcs for before, after in arcs),
        pairs,
        tuple(r.name for r in net.reactions if r.name not in paired and not r.net_reversible),
        tuple(idle),
        tuple((r.name, found) for r in net.reactions if (found := catalysts_of(r))),
        tuple((r.name, found) for r in net.reactions if (found := _autocatalysts(r))),
        tuple(_obstacles(net, fixed)),
    )


def _complex(side: Complex, fixed: set[str], position: dict[str, int]) -> Complex:
    kept = [pair for pair in side if pair[0] not in fixed]
    return tuple(sorted(kept, key=lambda pair: position[pair[0]]))


def _autocatalysts(reaction: Reaction) -> tuple[str, ...]:
    produced = dict(reaction.products)
    return tuple(name for name, count in reaction.reactants if produced.get(name, 0) > count)


def _reversible_pairs(reactions: Sequence[Reaction]) -> tuple[tuple[str, str], ...]:
    """Reactions with each other's sides exchanged, each in one pair; those declared as a pair first."""
    sides = {r.name: (tuple(sorted(r.reactants)), tuple(sorted(r.products))) for r in reactions}
    pairs = {r.reversible_of: r.name for r in reactions if r.reversible_of in sides}
    taken = {*pairs, *pairs.values()}
    waiting: dict[tuple[Complex, Complex], list[str]] = {}
    for r in reactions:
        before, after = sides[r.name]
        if r.name in taken or before == after:
            continue
        if waiting.get((after, before)):
            pairs[waiting[after, before].pop(0)] = r.name
        else:
            waiting.setdefault((before, after), []).append(r.name)
    order = {r.name: k for k, r in enumerate(reactions)}
    return tuple(sorted(((str(a), b) for a, b in pairs.items()), key=lambda pair: order[pair[0]]))


def _obstacles(net: Network, fixed: set[str]) -> Iterable[str]:
    if net.lattices:
        yield "the model lives on a lattice"
    varying = {s.symbol for s in net.species if s.name not in fixed} | {TIME}
    own = [r.name for r in net.reactions if not r.mass_action or named_in(net, r.rate) & varying]
    if own:
        shown = ", ".join(quoted(n) for n in own[:3]) + (f" and {len(own) - 3} more" if len(own) > 3 else "")
        yield f"{shown} follows a law of its own" if len(own) == 1 else f"{shown} follow laws of their own"
    if net.ode_terms:
        yield "rates of change are given besides the reactions"
    if net.events:
        yield "events interrupt the course"


# ---------------------------------------------------------------------------------------------- graphs


def _spanning(
    arcs: Mapping[tuple[Complex, Complex], dict[int, int]], parts: Sequence[Sequence[Complex]]
) -> list[list[dict[int, int]]]:
    """Changes along a tree of each part: those along all other arcs are sums and differences of them."""
    place = {c: k for k, part in enumerate(parts) for c in part}
    above: dict[Complex, Complex] = {c: c for c in place}

    def root(c: Complex) -> Complex:
        while above[c] != c:
            above[c] = c = above[above[c]]
        return c

    found: list[list[dict[int, int]]] = [[] for _ in parts]
    for (before, after), row in arcs.items():
        one, other = root(before), root(after)
        if one != other:
            above[one] = other
            found[place[before]].append(row)
    return found


def strong_parts(leads: dict[Node, list[Node]]) -> list[list[Node]]:
    """The strongly connected parts of a directed graph, in the order of their first nodes (Tarjan 1972)."""
    order = {node: k for k, node in enumerate(leads)}
    index: dict[Node, int] = {}
    low: dict[Node, int] = {}
    open_nodes: list[Node] = []
    is_open: set[Node] = set()
    parts: list[list[Node]] = []
    for first in leads:
        if first in index:
            continue
        path = [(first, iter(leads[first]))]
        index[first] = low[first] = len(index)
        open_nodes.append(first)
        is_open.add(first)
        while path:
            node, ahead = path[-1]
            fresh = next((n for n in ahead if n not in index or (n in is_open and index[n] < low[node])), None)
            if fresh is not None and fresh in index:
                low[node] = index[fresh]
            elif fresh is not None:
                index[fresh] = low[fresh] = len(index)
                open_nodes.append(fresh)
                is_open.add(fresh)
                path.append((fresh, iter(leads[fresh])))
            else:
                path.pop()
                if path:
                    low[path[-1][0]] = min(low[path[-1][0]], low[node])
                if low[node] == index[node]:
                    part: list[Node] = []
                    while not part or part[-1] != node:
                        part.append(open_nodes.pop())
                        is_open.discard(part[-1])
                    parts.append(sorted(part, key=order.__getitem__))
    return sorted(parts, key=lambda part: order[part[0]])
