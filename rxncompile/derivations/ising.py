"""Particles of one species on a long line, one a site: the hierarchy of their moments, projected onto an Ising chain.

    p(s) ~ exp(h sum_i s_i + J sum_i s_i s_(i+1))        d(h, J)/dt = Fisher^-1 d(<s>, <s s'>)/dt

per site in the limit of a long chain, where lambda, the larger eigenvalue of the transfer matrix, gives every moment:

    lambda = (1 + e^(h + J) + sqrt((1 - e^(h + J))^2 + 4 e^h))/2        <s> = d ln lambda/dh,   <s s'> = d ln lambda/dJ
    <s_0 s_d ...> = <s> prod (<s> + (1 - <s>) rho^d)        rho = (e^(h + J) - e^h)/lambda^2, d the distances

and the Fisher matrix holds the second derivatives. Ernst et al. 2018, Sec. III and Eqs. 46-49. In the equations a
reaction rewrites neighbouring sites; what it changes of a moment is the moment of its pattern together with the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

import sympy as sp

from ..errors import RxnError
from ..expressions import quoted, symbol
from ..family import Family, Velocity
from ..monomials import Kind
from ..network import Network, Reaction
from ..system import Polynomial, State, System
from .projection import projected
from .rates import counts_beside_jumps
from .slopes import directional

Pattern = tuple[int, ...]  # occupied sites, ascending, the first 0; none is the number 1
Sites = tuple[int, ...]  # 1 occupied, 0 empty, side by side


@dataclass(frozen=True)
class Rewriting:
    """Neighbouring sites `before` become `after`, at `rate` for every place on the line where they are."""

    rate: sp.Expr
    before: Sites
    after: Sites


def ising_chain(net: Network, h: sp.Expr = sp.S.Zero, J: sp.Expr = sp.S.Zero) -> System:
    """d h/dt and d J/dt of a network of one species on a line of capacity 1; `h`, `J` at the start.

    States `h[A]` and `J[A,A]`; `ln_lambda` is a definition, `<A(0)>` and `<A(0) A(1)>` are outputs. A reaction of one
    particle has a rate for each, one of two for each pair of neighbours, one of none for each empty site. Raises R533
    for what a line of such particles does not hold.
    """
    rewritings = tuple(_rewritings(net))
    name = quoted(net.species[0].name)
    plain = replace(net, lattices=(), reactions=(), diffusions=(), observables=())
    base = replace(counts_beside_jumps(plain, [r.rate for r in rewritings]), outputs=())
    return projected(base, ChainMoments(rewritings, name), _family(name, h, J), lambda m: len(m) <= 2)


def _family(name: str, h: sp.Expr, J: sp.Expr) -> Family[Pattern]:
    """The Ising chain of a species."""
    field, bond = symbol(f"h[{name}]"), symbol(f"J[{name},{name}]")
    occupied, paired = symbol("e[1]"), symbol("e[2]")  # e^h, e^(h + J)
    root, larger, free = symbol("root"), symbol("lambda"), symbol("ln_lambda")
    named = {
        occupied: sp.exp(field), paired: sp.exp(field + bond), root: sp.sqrt((1 - paired) ** 2 + 4 * occupied),
        larger: (1 + paired + root) / 2, free: sp.log(larger),
    }  # fmt: skip
    by_field, by_bond = {occupied: occupied, paired: paired}, {paired: paired}
    for along in (by_field, by_bond):
        along[root] = directional((1 - paired) ** 2 + 4 * occupied, along) / (2 * root)
        along[larger] = directional(named[larger], along)
    first = [sp.factor(directional(named[free], along)) for along in (by_field, by_bond)]
    pairs = ((first[0], by_field), (first[0], by_bond), (first[1], by_bond))
    fisher = [sp.factor(directional(formula, along)) for formula, along in pairs]
    mean, ratio = symbol("density"), symbol("rho")
    F = [symbol(f"Fisher[{i}]") for i in ("1,1", "1,2", "2,2")]
    definitions = [
        *named.items(),
        (mean, first[0]),
        (ratio, (paired - occupied) / larger**2),
        *zip(F, fisher, strict=True),
    ]

    def moment(m: Pattern) -> sp.Expr:
        gaps = (b - a for a, b in pairwise(m))
        return sp.Mul(mean, *(mean + (1 - mean) * ratio**d for d in gaps)) if m else sp.S.One

    def velocity(rates: Sequence[sp.Symbol]) -> Velocity:
        det = F[0] * F[2] - F[1] ** 2
        return Velocity(((F[2] * rates[0] - F[1] * rates[1]) / det, (F[0] * rates[1] - F[1] * rates[0]) / det))

    parameters = (State(field, field.name, h), State(bond, bond.name, J))
    statistics = (((sp.S.One, (0,)),), ((sp.S.One, (0, 1)),))
    return Family(
        "Ising chain", parameters, Kind.RAW, statistics, moment, velocity, "Ernst et al. 2018, Eqs. 46-49",
        tuple(definitions),
    )  # fmt: skip


class ChainMoments:
    """The equations of the moments <s_0 s_1 ...>, averages over all places on the line, made one by one."""

    def __init__(self, rewritings: Sequence[Rewriting], name: str) -> None:
        self.rewritings, self.name = tuple(rewritings), name
        self._made: dict[Pattern, sp.Symbol] = {}

    @property
    def symbols(self) -> Mapping[Pattern, sp.Symbol]:
        return self._made

    def symbol(self, m: Pattern) -> sp.Symbol:
        """`<A(0) A(1)>`."""
        found = self._made.get(m)
        if found is None:
            inside = " ".join(f"{self.name}({i})" for i in m)
            found = self._made[m] = symbol(f"<{inside}>")
        return found

    def equation(self, m: Pattern) -> Polynomial:
        """d<m>/dt as a sum of number * rate * moment."""
        self.symbol(m)
        total: dict[tuple[sp.Expr, Pattern], int] = {}
        for rule in self.rewritings:
            for place in range(m[0] - len(rule.before) + 1, m[-1] + 1):
                for weight, pattern in _changed(rule, place, m):
                    key = rule.rate, pattern
                    total[key] = total.get(key, 0) + weight
        return Polynomial(
            (sp.Integer(weight), ((rate, 1), (self.symbol(pattern), 1)) if pattern else ((rate, 1),))
            for (rate, pattern), weight in total.items()
            if weight
        )


def _changed(rule: Rewriting, place: int, m: Pattern) -> Iterator[tuple[int, Pattern]]:
    """What a rewriting from site `place` on does to the product over m: (coefficient, pattern) of the moments of it."""
    sites = range(place, place + len(rule.before))
    was, becomes = (
        all(states[p - place] for p in m if p in sites) for states in (rule.before, rule.after)
    )
    if was == becomes:
        return
    sign = 1 if becomes else -1
    filled = {p for p in m if p not in sites} | {p for p, s in zip(sites, rule.before, strict=True) if s}
    empty = [p for p, s in zip(sites, rule.before, strict=True) if not s]
    for size in range(len(empty) + 1):  # 1 - s for each empty site
        for some in combinations(empty, size):
            yield sign * (-1) ** size, _canonical(filled.union(some))


def _canonical(sites: set[int]) -> Pattern:
    """The pattern from its first site on; of it and its mirror image, which have one mean, the first in order."""
    if not sites:
        return ()
    low, high = min(sites), max(sites)
    return min(tuple(sorted(p - low for p in sites)), tuple(sorted(high - p for p in sites)))


# ------------------------------------------------------------------------------------------- reading a network


def _rewritings(net: Network) -> Iterator[Rewriting]:
    """What the reactions and hops of a network do to neighbouring sites. Raises R533."""
    line = net.lattices[0] if len(net.lattices) == 1 else None
    if line is None or len(line.shape) != 1 or line.capacity != 1 or len(net.species) != 1:
        message = f"{net.name} is not one species on one line with room for one particle a site"
        raise RxnError("R533", message, line.span if line else None)
    if net.events or net.ode_terms:
        raise RxnError("R533", f"{net.name} has events or equations beside its reactions")
    for hop in net.diffusions:
        yield Rewriting(hop.rate, (1, 0), (0, 1))
        yield Rewriting(hop.rate, (0, 1), (1, 0))
    for reaction in net.reactions:
        yield from _of_reaction(reaction)


def _of_reaction(reaction: Reaction) -> Iterator[Rewriting]:
    k, half = reaction.rate, reaction.rate / 2
    if not reaction.mass_action or reaction.placement is not None or reaction.net_reversible:
        message = f"reaction {reaction.name!r} has a law or sites of its own"
        raise RxnError("R533", message, reaction.span, "give it one rate, '@ k', and leave the sites to chance")
    taken, made = (sum(n for _, n in side) for side in (reaction.reactants, reaction.products))
    if taken == made:
        return
    if (taken, made) in ((0, 1), (1, 0)):
        yield Rewriting(k, (taken,), (made,))
    elif (taken, made) == (1, 2) and reaction.daughter == "blocked":  # tries one of its two neighbours
        yield Rewriting(half, (1, 0), (1, 1))
        yield Rewriting(half, (0, 1), (1, 1))
    elif (taken, made) == (1, 2):  # finds the one that is free
        for before, after, rate in (
            ((0, 1, 0), (1, 1, 0), half), ((0, 1, 0), (0, 1, 1), half), ((0, 1, 1), (1, 1, 1), k),
            ((1, 1, 0), (1, 1, 1), k),
        ):  # fmt: skip
            yield Rewriting(rate, before, after)
    elif (taken, made) == (2, 0):
        yield Rewriting(k, (1, 1), (0, 0))
    elif (taken, made) == (2, 1):
        yield Rewriting(half, (1, 1), (1, 0))
        yield Rewriting(half, (1, 1), (0, 1))
    else:
        message = f"reaction {reaction.name!r} makes {made} particles of {taken}, which has no place among neighbours"
        raise RxnError("R533", message, reaction.span)
