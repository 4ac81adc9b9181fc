"""A model whose parameter u is a series given at run time, and such series."""

from __future__ import annotations

import numpy as np

from rxncompile import parse, rate_equations
from rxncompile.derivations.driven import driven as parameters_driven
from rxncompile.system import System

RULES = ("linear", "previous", "cubic")
DRIVEN = """model Driven
species A = 1, B = 0.5
param k = 0.7, d = 1.3, u = 0
A -> B rate k*A*(1 + u^2)
B -> 0 rate d*B/(1 + B)
0 -> A rate u*d
"""


def driven(rule: str, text: str = DRIVEN) -> System:
    """The rate equations of a model whose parameter u is a series."""
    return parameters_driven(rate_equations(parse(text)), {"u": rule})


def series(seed: int, points: int = 9, end: float = 4.0) -> tuple[np.ndarray, np.ndarray]:
    """Values at uneven times from 0 to `end`."""
    rng = np.random.default_rng(seed)
    inner = np.sort(rng.uniform(0.0, end, points - 2))
    return np.r_[0.0, inner, end], rng.uniform(0.5, 2.0, points)
