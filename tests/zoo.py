"""What the tests of the models share: loading one with other numbers, and writing a lattice model out site by site."""

from collections.abc import Iterator

import numpy as np
import sympy as sp
from conftest import ROOT

import rxncompile as rx
from rxncompile.expressions import symbol, to_float
from rxncompile.network import Network, Reaction, with_values
from rxncompile.system import System

Bond = tuple[int, int]


def model(name: str, **values: object) -> Network:
    """A model of the repository, with other parameters or initial values."""
    return with_values(rx.load(ROOT / "models" / f"{name}.rxn"), values)


def number(net: Network, formula: str | sp.Expr) -> float:
    """The value of a parameter or constant by name, or of a formula of them."""
    return to_float((symbol(formula) if isinstance(formula, str) else formula).xreplace(_numbers(net)))


def relaxed(system: System, end: float, **initial: object) -> dict[str, float]:
    """The state of the rate equations after a long time."""
    path = rx.integrate(system, np.array([0.0, end]), initial=initial, rtol=1e-10)
    return {label: float(path[label][-1]) for label in path.labels}


def ring(sites: int) -> tuple[Bond, ...]:
    """The neighbouring pairs of a periodic line."""
    return tuple((i, (i + 1) % sites) for i in range(sites))


def chain(sites: int) -> tuple[Bond, ...]:
    """The neighbouring pairs of an open line."""
    return tuple((i, i + 1) for i in range(sites - 1))


def box(side: int) -> tuple[Bond, ...]:
    """The neighbouring pairs of a periodic cube, whose sides are at least 3."""
    place = np.arange(side**3).reshape(side, side, side)
    found = [np.stack([place, np.roll(place, -1, axis)], -1).reshape(-1, 2) for axis in range(3)]
    return tuple((int(i), int(j)) for i, j in np.concatenate(found))


def site_by_site(net: Network, bonds: tuple[Bond, ...]) -> Network:
    """A lattice model with one particle a site, on the sites of `bonds`, as a network without a lattice.

    A species on a site is a species of its own, A_3; rates hold the emptiness of sites. As the language says it: a
    hop goes at its rate into every empty neighbour; two reactants are a pair of neighbours; a daughter goes to a
    neighbour drawn among all, and is not born where that is taken; a fair coin decides what positions leave open.
    A single species starts as the model says, independently on every site; several start from nothing.
    """
    sites = 1 + max(max(bond) for bond in bonds)
    near = {i: [j for bond in bonds for j in bond if i in bond and j != i] for i in range(sites)}
    names = [s.name for s in net.species]
    values = _numbers(net)
    start = f" ~ Binomial(1, {net.species[0].initial})" if len(names) == 1 else ""
    lines = ["model Sites", "species " + ", ".join(f"{s}_{i}{start}" for i in range(sites) for s in names)]
    empty = [f"(1 - {' - '.join(f'{s}_{i}' for s in names)})" for i in range(sites)]
    for hop in net.diffusions:
        rate, a = hop.rate.xreplace(values), hop.species
        lines += [f"{a}_{i} -> {a}_{j} rate {rate}*{a}_{i}*{empty[j]}" for i in near for j in near[i]]
    for reaction in net.reactions:
        rate = reaction.rate.xreplace(values)
        lines += _pairs(reaction, rate, bonds) if _order(reaction) == 2 else _singles(reaction, rate, near, empty)
    return rx.parse("\n".join(lines))


def _singles(reaction: Reaction, rate: sp.Expr, near: dict[int, list[int]], empty: list[str]) -> Iterator[str]:
    ((a, _),) = reaction.reactants
    products = _listed(reaction.products)
    for i in near:
        if len(products) < 2:
            yield f"{a}_{i} -> {products[0] + f'_{i}' if products else 0} rate {rate}*{a}_{i}"
            continue
        for stays, leaves in ((0, 1), (1, 0)):
            for j in near[i]:
                law = f"{rate}/{2 * len(near[i])}*{a}_{i}*{empty[j]}"
                yield f"{a}_{i} -> {products[stays]}_{i} + {products[leaves]}_{j} rate {law}"


def _pairs(reaction: Reaction, rate: sp.Expr, bonds: tuple[Bond, ...]) -> Iterator[str]:
    a, b = _listed(reaction.reactants)
    products = [*_listed(reaction.products), "", ""][:2]
    for one, other in [*bonds, *(bond[::-1] for bond in bonds if a != b)]:
        for i, j in ((one, other), (other, one)):
            right = " + ".join(f"{s}_{k}" for s, k in zip(products, (i, j), strict=True) if s)
            yield f"{a}_{one} + {b}_{other} -> {right or 0} rate {rate}/2*{a}_{one}*{b}_{other}"


def _listed(side: tuple[tuple[str, int], ...]) -> list[str]:
    return [name for name, count in side for _ in range(count)]


def _order(reaction: Reaction) -> int:
    return sum(count for _, count in reaction.reactants)


def _numbers(net: Network) -> dict[sp.Symbol, sp.Expr]:
    values: dict[sp.Symbol, sp.Expr] = {}
    for one in (*net.constants, *net.parameters):
        values[symbol(one.name)] = sp.sympify(one.value)
    while any(v.free_symbols for v in values.values()):
        values = {k: v.xreplace(values) for k, v in values.items()}
    return values
