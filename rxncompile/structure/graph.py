"""The directed bipartite graph of species and reactions: as lines to draw, for networkx, as DOT text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sympy as sp

from ..expressions import symbol
from ..network import Flag, Network, Reaction

if TYPE_CHECKING:
    import networkx as nx


@dataclass(frozen=True, slots=True)
class Arm:
    """A line between species `species` and square `square`, with the count written beside it where not 1.

    `role`: "reactant", "product", "catalyst" (goes in and comes out in equal number) or "modifier" (only named in
    the rate). `back`: the reaction is reversible, so that the line is walked both ways.
    """

    species: int
    square: int
    role: str
    count: int
    back: bool = False

    @property
    def quiet(self) -> bool:
        """Whether the species only sets the speed."""
        return self.role in ("catalyst", "modifier")


def modifiers(net: Network, reaction: Reaction) -> tuple[str, ...]:
    """Species that a reaction's speed depends on without being consumed: catalysts, and names in its rate."""
    consumed, seen = dict(reaction.reactants), named_in(net, reaction.rate)
    catalysts = set(catalysts_of(reaction))
    return tuple(s.name for s in net.species if s.name in catalysts or (s.symbol in seen and s.name not in consumed))


def catalysts_of(reaction: Reaction) -> tuple[str, ...]:
    """Species that go in and come out in equal number."""
    produced = dict(reaction.products)
    return tuple(name for name, count in reaction.reactants if produced.get(name) == count)


def named_in(net: Network, formula: sp.Basic) -> set[sp.Basic]:
    """The symbols that a formula depends on, directly or through `let`."""
    rules = {symbol(r.name): r.formula for r in net.rules}
    waiting, seen = set(formula.free_symbols), set()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting |= rules[name].free_symbols if name in rules else set()
    return seen


def squares(net: Network) -> tuple[Reaction, ...]:
    """The reactions without the second halves of reversible ones: a `<->` is one square of a drawing."""
    return tuple(r for r in net.reactions if not r.reversible_of)


def arms(net: Network) -> tuple[Arm, ...]:
    """The lines that meet at each square, a reaction or a reversible pair."""
    position = net.positions
    backward = {r.reversible_of: r for r in net.reactions if r.reversible_of}
    found: list[Arm] = []
    for k, reaction in enumerate(squares(net)):
        back = backward.get(reaction.name)
        both = back is not None or reaction.net_reversible
        consumed, produced = dict(reaction.reactants), dict(reaction.products)
        for name in sorted(consumed.keys() | produced.keys(), key=position.__getitem__):
            used, made = consumed.get(name, 0), produced.get(name, 0)
            if used and used == made:
                found.append(Arm(position[name], k, "catalyst", used))
                continue
            if used:
                found.append(Arm(position[name], k, "reactant", used, both))
            if made:
                found.append(Arm(position[name], k, "product", made, both))
        laws = (reaction, back) if back is not None else (reaction,)
        speeding = dict.fromkeys(name for r in laws for name in modifiers(net, r))
        found += [Arm(position[n], k, "modifier", 1) for n in speeding if n not in consumed and n not in produced]
    return tuple(found)


def graph(net: Network) -> nx.DiGraph:
    """The directed bipartite graph: nodes ("species", name) and ("reaction", name).

    Edges carry `count` (stoichiometry) and `role`: "reactant", "product" or "modifier".
    """
    import networkx as nx  # heavy, and only those who ask for a graph need it

    result = nx.DiGraph(name=net.name)
    for species in net.species:
        result.add_node(("species", species.name))
    for reaction in net.reactions:
        node = ("reaction", reaction.name)
        result.add_node(node)
        for name, count in reaction.reactants:
            result.add_edge(("species", name), node, count=count, role="reactant")
        for name, count in reaction.products:
            result.add_edge(node, ("species", name), count=count, role="product")
        consumed = {name for name, _ in reaction.reactants}
        for name in modifiers(net, reaction):
            if name not in consumed:
                result.add_edge(("species", name), node, count=0, role="modifier")
    return result


def dot(net: Network) -> str:
    """The network in Graphviz' language, drawn as `rxnc show --graph` draws it.

    Ellipses are species, squares reactions or reversible pairs; dotted lines come from what only sets the speed.
    Nodes are called s0, s1 ... and r0, r1 ...; the names of the model stand in labels, as quoted strings.
    """
    lines = [f"digraph {_quoted(net.name)} {{", "  rankdir=LR;"]
    lines.append("  node [shape=ellipse, fontname=Helvetica]; edge [arrowsize=0.7];")
    for i, species in enumerate(net.species):
        fixed = ", style=dashed" if Flag.FIXED in species.flags else ""
        lines.append(f"  s{i} [label={_quoted(species.name)}{fixed}];")
    for k, reaction in enumerate(squares(net)):
        shape = "shape=square, width=0.12, fixedsize=true, style=filled, fillcolor=gray40, fontsize=10"
        lines.append(f'  r{k} [{shape}, label="", xlabel={_quoted(reaction.name)}];')
    for arm in arms(net):
        looks = [f'label="{arm.count}"'] if arm.count != 1 else []
        if arm.quiet:
            looks += ["style=dotted", "arrowhead=odot"]
        elif arm.back and arm.role == "reactant":  # the way back ends here, in an open head
            looks += ["dir=back", "arrowtail=empty"]
        ends = f"r{arm.square} -> s{arm.species}" if arm.role == "product" else f"s{arm.species} -> r{arm.square}"
        lines.append(f"  {ends} [{', '.join(looks)}];" if looks else f"  {ends};")
    return "\n".join([*lines, "}"]) + "\n"


def _quoted(name: str) -> str:
    """A quoted string of DOT: quotes and backslashes escaped, lines broken by escapes."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "")
    return f'"{escaped}"'
