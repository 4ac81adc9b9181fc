"""Coverage of 95 % profile intervals over synthetic data of three models.

Every data set is drawn from the model itself at the truth; its fit begins there, so that what is tested is the
interval and not the search. Measurements are many enough that the chi-square threshold is nearly right: with n of
them, k unknowns and an estimated deviation a linear model's interval is that of n log(1 + t^2/(n - k)) = 3.84, which
covers 94.4 % at n = 120, k = 5, and 91 % at n = 20.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import sympy as sp

from rxncompile import parse, rate_equations
from rxncompile.expressions import symbol
from rxncompile.learners.fits.objective import Objective
from rxncompile.learners.fits.problem import Condition, Data, Observable, Problem, Scale, Unknown
from rxncompile.learners.fits.profiles import profiles
from rxncompile.simulators.pool import each_block

GENE = """model Gene
param transcribe = 2, degrade = 0.8, translate = 1.5, decay = 0.4
species M = 0, P = 0
0 -> M @ transcribe
M -> 0 @ degrade
M -> M + P @ translate
P -> 0 @ decay
"""
ENZYME = """model Enzyme
param bind = 2, unbind = 1, turn = 1.5, S0 = 1
species S : conc = S0, E : conc = 0.5, ES : conc = 0, Q : conc = 0
S + E <-> ES @ bind, unbind
ES -> E + Q @ turn
"""
PREY = """model LotkaVolterra
param birth = 1, eat = 0.5, die = 0.6
species X = 2, Y = 1
X -> 2 X @ birth
X + Y -> 2 Y @ eat
Y -> 0 @ die
"""


def grid(times: np.ndarray, observables: int, conditions: int, replicates: int) -> Data:
    """Every observable at every time under every condition, so many times; values to be drawn."""
    c, o, _, t = np.meshgrid(
        np.arange(conditions), np.arange(observables), np.arange(replicates), times, indexing="ij"
    )
    return Data(c.ravel().astype(np.int64), o.ravel().astype(np.int64), t.ravel(), np.ones(c.size))


def gene() -> Problem:
    """Both species, 20 times, 3 replicates, one estimated deviation: 120 measurements, 5 unknowns."""
    truth = {"transcribe": 2.0, "degrade": 0.8, "translate": 1.5, "decay": 0.4, "sd": 0.3}
    unknowns = tuple(Unknown(n, v / 30, v * 30, Scale.LOG10, v) for n, v in truth.items())
    seen = tuple(Observable(s, symbol(s), symbol("sd")) for s in "MP")
    return Problem.of(rate_equations(parse(GENE)), unknowns, seen, grid(np.linspace(0.5, 10.0, 20), 2, 1, 3))


def enzyme() -> Problem:
    """Substrate and product from two amounts of substrate, deviation known: 60 measurements, 3 unknowns."""
    truth = {"bind": 2.0, "unbind": 1.0, "turn": 1.5}
    unknowns = tuple(Unknown(n, v / 100, v * 100, Scale.LOG10, v) for n, v in truth.items())
    seen = tuple(Observable(s, symbol(s), sp.Rational(1, 100)) for s in "SQ")
    conditions = (Condition("little", (("S0", sp.Rational(1, 2)),)), Condition("much", (("S0", sp.Integer(3)),)))
    data = grid(np.geomspace(0.1, 8.0, 15), 2, 2, 1)
    return Problem.of(rate_equations(parse(ENZYME)), unknowns, seen, data, conditions)


def prey() -> Problem:
    """Both species by their logarithms, 25 times over three turns, 2 replicates: 100 measurements, 4 unknowns."""
    truth = {"birth": 1.0, "eat": 0.5, "die": 0.6, "sd": 0.2}
    unknowns = tuple(Unknown(n, v / 10, v * 10, Scale.LOG, v) for n, v in truth.items())
    seen = tuple(Observable(s, symbol(s), symbol("sd"), Scale.LOG) for s in "XY")
    return Problem.of(rate_equations(parse(PREY)), unknowns, seen, grid(np.linspace(1.0, 25.0, 25), 2, 1, 2))


MODELS: tuple[Callable[[], Problem], ...] = (gene, enzyme, prey)


def with_values(problem: Problem, value: np.ndarray) -> Problem:
    data = problem.data
    same = (problem.system, problem.unknowns, problem.observables)
    return Problem.of(*same, Data(data.condition, data.observable, data.time, value), problem.conditions)


def covered(problem: Problem, sets: range, threads: int = 2) -> np.ndarray:
    """Whether each interval covers the truth, (sets, unknowns)."""
    objective = Objective(problem)
    x = objective.nominal()
    truth = objective.natural(x)
    y, sigma, _, _ = objective.predictions(x)
    logarithmic = np.array([o.scale is not Scale.LINEAR for o in problem.observables])[problem.data.observable]

    def one(k: int, stop: object) -> list[bool]:
        noise = sigma * np.random.default_rng(np.random.SeedSequence(20, spawn_key=(sets[k],))).normal(size=len(y))
        value = np.where(logarithmic, y * np.exp(noise), y + noise)
        found = profiles(Objective(with_values(problem, value)), at=x, threads=1, points=2)
        return [p.covers(float(v)) for p, v in zip(found.profiles, truth, strict=True)]

    rows = dict(each_block(one, len(sets), threads, int))
    return np.array([rows[k] for k in range(len(sets))])


def told(problem: Problem, rows: np.ndarray) -> None:
    shares = ", ".join(f"{n} {100 * v:.1f}" for n, v in zip(problem.names, rows.mean(axis=0), strict=True))
    print(f"{problem.system.name}: {len(rows)} data sets, covered in % {shares}; all {100 * rows.mean():.1f}")


@pytest.mark.slow
@pytest.mark.parametrize("make", MODELS, ids=lambda m: m.__name__)
def test_coverage(make: Callable[[], Problem]) -> None:
    """Over 400 data sets each unknown in 92 to 97.5 %.

    At a true coverage of 95 % one unknown is outside with a chance of 0.8 % (binomial), one of all twelve with 9 %:
    the seed is fixed.
    """
    problem = make()
    rows = covered(problem, range(400))
    told(problem, rows)
    assert ((rows.mean(axis=0) >= 0.92) & (rows.mean(axis=0) <= 0.975)).all()


@pytest.mark.parametrize("make", MODELS, ids=lambda m: m.__name__)
def test_coverage_of_some_sets(make: Callable[[], Problem]) -> None:
    """25 data sets: below 19, chance 1.7e-4 an unknown at a true coverage of 95 %, 66 % at one of 70 %."""
    problem = make()
    rows = covered(problem, range(400, 425))
    told(problem, rows)
    assert (rows.sum(axis=0) >= 19).all()
