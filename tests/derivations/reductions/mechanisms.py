"""Mechanisms of textbooks as models, and how formulas are compared: as functions, exactly."""

import sympy as sp

import rxncompile as rx
from rxncompile.expressions import symbol
from rxncompile.network import Network

MICHAELIS_MENTEN = """
model MichaelisMenten
param kf = 10, kr = 1, kcat = 1
species S : conc in cell = 5, E : conc in cell = 0.1, C : conc in cell = 0, P : conc in cell = 0
compartment cell = 100
bind:    S + E <-> C     @ kf, kr
convert: C     -> E + P  @ kcat
"""

# three that bind each other in pairs: no species is given by the others in a low degree
PAIRS = """
model Pairs
species A = 10, B = 8, C = 5, AB = 0, AC = 0, BC = 0, X = 0
param k = 100, r = 300, ks = 0.1, kd = 0.05
ab: A + B <-> AB @ k, r {fast}
ac: A + C <-> AC @ k, 2*r {fast}
bc: B + C <-> BC @ k, 3*r {fast}
make: AB -> AB + X @ ks
lose: X -> 0 @ kd
"""
# the same with slow sums; none of B is there at the start
MOVING = PAIRS.replace("B = 8", "B = 0") + """
0 -> A @ 1
0 -> B @ 2
A -> 0 @ 0.1
AB -> A @ 0.1
B -> 0 @ 0.1
AB -> B @ 0.1
"""


def model(*lines: str, species: str, constants: str) -> Network:
    """A model of counted species, constants of 1 but for differing last digits, so that nothing cancels by chance."""
    names = constants.split()
    params = ", ".join(f"{k} = {1 + i / 10}" for i, k in enumerate(names))
    return rx.parse(f"model M\nparam {params}\nspecies {species}\n" + "\n".join(lines) + "\n")


def names(text: str) -> list[sp.Symbol]:
    return [symbol(n) for n in text.split()]


def agree(one: sp.Expr, other: sp.Expr) -> bool:
    """Whether two expressions are one rational function."""
    return bool(sp.expand(sp.together(one - other).as_numer_denom()[0]) == 0)


def equation(system: rx.System, label: str) -> sp.Expr:
    """The right-hand side of a state, or what defines an output, in terms of states and parameters alone."""
    formulas = dict(system.equations())
    found = formulas[label] if label in formulas else dict(system.outputs)[label]
    for name, formula in reversed(list(system.definitions)):
        found = found.xreplace({name: formula})
    return found
