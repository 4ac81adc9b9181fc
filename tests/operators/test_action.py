"""The generator on a truncated state space is the transition matrix of the jumps, model by model."""

from itertools import product
from pathlib import Path

import pytest
import sympy as sp
from hypothesis import HealthCheck, given, settings

import rxncompile as rx
from rxncompile.errors import RxnError
from rxncompile.expressions import TIME
from rxncompile.network import Distribution, Network
from rxncompile.operators import generator
from rxncompile.operators.action import Counts, act, backward, matrix
from rxncompile.operators.ladder import ladder
from rxncompile.system import System
from tests.strategies import mass_action_networks

MODELS = sorted((Path(__file__).parents[2] / "models").glob("*.rxn"))
LATTICES = {"annihilation", "barw", "rossler_lattice", "substrate_enzyme_product"}
WHEN = sp.Rational(5, 2)


def transitions(jumps: System, states: list[Counts], names: list[str]) -> dict[tuple[int, int], sp.Expr]:
    """From the propensities alone: the chance per time of every move, and on the diagonal that of leaving."""
    place = {state: k for k, state in enumerate(states)}
    values = {TIME: WHEN, **jumps.environment()}
    found: dict[tuple[int, int], sp.Expr] = {}
    for column, state in enumerate(states):
        at = dict(values)
        counts = dict(zip(names, state, strict=True))
        at |= {s.symbol: sp.Integer(counts[s.label]) for s in jumps.states if s.label in counts}
        at |= {s.symbol: s.initial.xreplace(values) for s in jumps.states if s.label not in counts}  # set by events
        for name, formula in jumps.definitions:
            at[name] = formula.xreplace(at)
        for jump in jumps.jumps:
            if any(at[s] < n for s, n in jump.requires):
                continue
            rate = jump.propensity.xreplace(at)
            there = dict(counts)
            for s, n in jump.change:
                there[s.name] += n
            if rate == 0 or there == counts:
                continue
            found[column, column] = found.get((column, column), 0) - rate
            row = place.get(tuple(there.values()))
            if row is not None:
                found[row, column] = found.get((row, column), 0) + rate
    return {key: x for key, x in found.items() if x != 0}


def around(start: Counts, moves: list[Counts], most: int) -> list[Counts]:
    """States that can be reached from the start, and so often those where something is missing."""
    found = dict.fromkeys([start, tuple(0 for _ in start), tuple(1 for _ in start)])
    waiting = list(found)
    while waiting and len(found) < most:
        state = waiting.pop(0)
        for move in moves:
            there = tuple(n + c for n, c in zip(state, move, strict=True))
            if min(there) >= 0 and there not in found:
                found[there] = None
                waiting.append(there)
    return list(found)


def same(one: dict[tuple[int, int], sp.Expr], other: dict[tuple[int, int], sp.Expr]) -> None:
    assert one.keys() == other.keys()
    for key, x in one.items():
        if x != other[key]:  # exact powers and roots may be written in two ways: equal to 40 digits
            assert abs((x - other[key]).evalf(40)) <= sp.Rational(1, 10**35) * abs(x.evalf(40)), key


@pytest.mark.parametrize("path", MODELS, ids=lambda p: p.stem)
def test_every_model(path: Path) -> None:
    net = rx.load(path)
    if path.stem in LATTICES:
        with pytest.raises(RxnError, match="lattice"):
            generator(net)
        return
    gen, jumps = generator(net), rx.jump_process(net)
    values = {TIME: WHEN, **jumps.environment()}
    values |= {s.symbol: s.initial.xreplace(values) for s in jumps.states if s.symbol not in gen.positions}
    by_name = {s.symbol: s.initial for s in jumps.states}
    assert not any(isinstance(by_name[s], Distribution) for s in gen.species)
    start = tuple(round(float(by_name[s].xreplace(values).evalf())) for s in gen.species)
    moves = [tuple(dict(j.change).get(s, 0) for s in gen.species) for j in jumps.jumps]
    states = around(start, moves, 40)
    found = matrix(gen, states, values)
    same(found, transitions(jumps, states, [s.name for s in gen.species]))
    assert len(found) > len(states)


@given(mass_action_networks(3, 4))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_random_networks_up_to_order_three(net: Network) -> None:
    """Twice: by the terms, and by the normal-ordered table of the algebra."""
    gen, jumps = generator(net), rx.jump_process(net)
    values = jumps.parameter_values()
    states = list(product(range(4), repeat=len(gen.species)))
    found = matrix(gen, states, values)
    same(found, transitions(jumps, states, [s.name for s in gen.species]))
    op = ladder(gen)
    for column in range(0, len(states), 5):
        image = {n: x.xreplace(values) for n, x in op.act(states[column]).items()}
        assert {n: x for n, x in image.items() if x != 0} == act(gen, states[column], values)


def test_laws_fire_only_where_their_reactants_are() -> None:
    net = rx.parse("species A = 3\nparam k = 1\n2 A -> 0 rate k*(1 + A)\n0 -> A rate exp(-A*t)\n")
    gen = generator(net)
    values = {TIME: WHEN, **rx.jump_process(net).environment()}
    assert act(gen, (1,), values) == {(2,): sp.exp(-WHEN), (1,): -sp.exp(-WHEN)}
    assert act(gen, (2,), values)[(0,)] == 3
    states = [(n,) for n in range(5)]
    same(matrix(gen, states, values), transitions(rx.jump_process(net), states, ["A"]))


def test_a_parameter_without_value_is_named() -> None:
    with pytest.raises(RxnError, match="depends on k"):
        matrix(generator(rx.parse("species A = 3\nparam k = 1\nA -> 0 @ k\n")), [(1,), (0,)], {})


@pytest.mark.parametrize("name", ["p53", "lambda_switch", "goldbeter_koshland", "brusselator", "repressilator"])
def test_averages_move_by_the_backward_operator(name: str) -> None:
    """sum_m g(m) <m| W |n> = (W'g)(n), at states where laws have all their reactants and where they have not."""
    net = rx.load(MODELS[0].with_name(f"{name}.rxn"))
    gen = generator(net)
    values = {TIME: WHEN, **rx.jump_process(net).environment()}
    one, last = gen.species[0], gen.species[-1]
    for observable in (one**2 * last, 1 / (9 + one + 2 * last), sp.S.One):
        function = backward(gen, observable)
        for state in ([0] * len(gen.species), [1] * len(gen.species), [3, *range(1, len(gen.species))]):
            at = {**values, **{s: sp.Integer(n) for s, n in zip(gen.species, state, strict=True)}}
            total = sp.S.Zero
            for image, x in act(gen, tuple(state), values).items():
                total += x * observable.xreplace({s: sp.Integer(n) for s, n in zip(gen.species, image, strict=True)})
            assert abs((function.xreplace(at) - total).evalf(30)) < sp.Rational(1, 10**20)


def test_a_law_that_does_not_vanish_is_cut_off() -> None:
    net = rx.parse("species A = 3\nparam k = 1\nA -> 0 rate k\n")
    a, k = generator(net).species[0], sp.Symbol("k", real=True)
    assert backward(generator(net), a).subs(a, 0) == 0
    assert backward(generator(net), a).subs(a, 2) == -k


def test_formulas_that_grow_without_bound_are_refused() -> None:
    """Twenty formulas, each with the last one three times in it: 3^20 if they were written out."""
    lines = [f"let f{i} = f{i - 1}*f{i - 1}/(1 + f{i - 1})" for i in range(1, 21)]
    net = rx.parse("\n".join(["species A = 5", "let f0 = 1 + A", *lines, "0 -> A rate f20"]) + "\n")
    with pytest.raises(RxnError) as refused:
        generator(net)
    assert refused.value.code == "R413"
    lines = [f"let f{i} = f{i - 1} + 1" for i in range(1, 21)]
    assert generator(rx.parse("\n".join(["species A = 5", "let f0 = 1 + A", *lines, "0 -> A rate f20"]) + "\n")).terms
