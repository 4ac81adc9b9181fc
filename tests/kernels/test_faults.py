"""Trouble has a name: the state, the output or the reaction, and the line of the model."""

import numpy as np
import pytest
import sympy as sp
from kernel_cases import A, B, K

from rxncompile.errors import RxnError, Source, Span
from rxncompile.kernels.faults import check_outputs, check_propensities, check_rhs, check_states
from rxncompile.kernels.program import propensity_program, rhs_program
from rxncompile.kernels.source import compile_program
from rxncompile.system import Constant, Jump, State, System

MODEL = Source("toy.rxn", "model toy\ngrow: A -> 2 A @ k\nodd: 0 -> B rate 1 - A/B\n")
SPANS = [Span(MODEL, MODEL.text.index(word), MODEL.text.index(word) + len(word)) for word in ("grow", "odd")]
SYSTEM = System(
    "toy",
    (State(A, "A"), State(B, "B")),
    (Constant(K, "k", sp.Integer(1)),),
    jumps=(Jump("grow", ((A, 1),), K * A, (), SPANS[0]), Jump("odd", ((B, 1),), 1 - A / B, (), SPANS[1])),
    outputs=(("quotient", A / B),),
)


def values(program, a: float, b: float) -> np.ndarray:
    kernel = compile_program(program(SYSTEM))
    out = np.zeros(kernel.n_out)
    kernel(0.0, np.array([a, b]), np.array([1.0]), out)
    return out


def test_good_numbers_pass():
    check_propensities(SYSTEM, values(propensity_program, 1.0, 2.0))
    check_propensities(SYSTEM, [0.0, -0.0])
    check_rhs(SYSTEM, values(rhs_program, 1.0, 2.0))
    check_states(SYSTEM, [1e308, -1e308])
    check_outputs(SYSTEM, [0.0])


def test_negative_propensity_names_the_reaction_and_its_line():
    with pytest.raises(RxnError, match=r"propensity of .odd. is negative: -1 at t = 2\.5") as caught:
        check_propensities(SYSTEM, values(propensity_program, 4.0, 2.0), 2.5)
    assert caught.value.code == "R602"
    assert caught.value.span == SPANS[1]
    assert "toy.rxn:3:1" in str(caught.value)


@pytest.mark.parametrize(("a", "what"), [(0.0, "not a number"), (1.0, "infinite")])
def test_propensity_that_is_no_number_names_the_reaction(a, what):
    with pytest.raises(RxnError, match=f"propensity of 'odd' is {what}") as caught:
        check_propensities(SYSTEM, values(propensity_program, a, 0.0))
    assert (caught.value.code, caught.value.span) == ("R601", SPANS[1])


def test_right_hand_side_state_and_output_are_named():
    with pytest.raises(RxnError, match="d B/dt is not a number") as caught:
        check_rhs(SYSTEM, values(rhs_program, 0.0, 0.0))
    assert caught.value.code == "R601"
    with pytest.raises(RxnError, match="A is infinite at t = 3"):
        check_states(SYSTEM, [float("inf"), float("nan")], 3.0)
    with pytest.raises(RxnError, match="quotient is not a number"):
        check_outputs(SYSTEM, [float("nan")])
