"""System: define, evaluate, exact numbers, printing, provenance."""

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from rxncompile.errors import RxnError
from rxncompile.expressions import TIME, exact, symbol
from rxncompile.system import Constant, Jump, Polynomial, State, Step, System, sort_definitions

x, y, z, a, b = map(symbol, "xyzab")


def open_hierarchy() -> System:
    """d x/dt = a - b y with y open, as the first moment of a nonlinear network."""
    return System(
        "hierarchy",
        (State(x, "<A>", sp.Integer(1)),),
        (Constant(a, "a", sp.Integer(2)), Constant(b, "b", a / 4)),
        (a - b * y,),
        frontier=(State(y, "<A^2>"),),
        steps=(Step("moments", (("order", "1"),), "somebody, Eq. 1"),),
    )


def test_closing_moves_an_open_state_to_the_definitions() -> None:
    closed = open_hierarchy().define({y: x**2}, Step("poisson"))
    assert closed.frontier == ()
    assert closed.definitions == ((y, x**2),)
    assert closed.outputs == (("<A^2>", y),)
    assert [s.name for s in closed.steps] == ["moments", "poisson"]
    assert closed.citations == ("somebody, Eq. 1",)
    assert closed.evaluate({"<A>": 3}) == {"<A>": sp.Rational(2) - sp.Rational(1, 2) * 9}
    assert closed.evaluate({"<A>": 3}, {"a": 0.1}) == {"<A>": sp.Rational(1, 10) - sp.Rational(9, 40)}


def test_reducing_eliminates_a_state_and_keeps_it_as_output() -> None:
    full = System("full", (State(x, "x"), State(y, "y")), drift=(y - x, x - 2 * y))
    slow = full.define({y: x / 2}, Step("quasi-steady state"))
    assert [s.label for s in slow.states] == ["x"]
    assert slow.evaluate({"x": 4}) == {"x": -2}
    assert slow.outputs == (("y", y),)


def test_define_refuses_by_name() -> None:
    with pytest.raises(RxnError) as unknown:
        open_hierarchy().define({z: x}, Step("s"))
    assert unknown.value.code == "R501"
    with pytest.raises(RxnError, match=r"y -> x -> y|x -> y -> x") as circle:
        open_hierarchy().define({y: x, x: y}, Step("s"))
    assert circle.value.code == "R502"
    jumping = System("j", (State(x, "x"),), jumps=(Jump("r", ((x, 1),), a),))
    with pytest.raises(RxnError, match="'r' changes 'x'"):
        jumping.define({x: a}, Step("s"))


def test_evaluate_refuses_what_is_missing_or_open() -> None:
    with pytest.raises(RxnError, match="open"):
        open_hierarchy().evaluate({"<A>": 1})
    closed = open_hierarchy().define({y: x}, Step("s"))
    for state, message in (({}, "no value for <A>"), ({"<A>": 1, "<B>": 2}, "'<B>' is not a state")):
        with pytest.raises(RxnError, match=message):
            closed.evaluate(state)
    with pytest.raises(RxnError, match="not a parameter"):
        closed.evaluate({"<A>": 1}, {"c": 1})


def test_parameters_follow_their_formulas_and_overrides() -> None:
    system = open_hierarchy()
    assert system.parameter_vector() == (2.0, 0.5)
    assert system.parameter_vector({"a": 8}) == (8.0, 2.0)
    assert system.parameter_vector({"b": 8}) == (2.0, 8.0)
    loose = System("loose", (State(x, "x"),), (Constant(a, "a", b),))
    with pytest.raises(RxnError, match="depends on b"):
        loose.parameter_values()


def test_rhs_adds_jumps_to_the_drift() -> None:
    jump = Jump("r", ((x, -2), (y, 1)), a * x * (x - 1) / 2)
    system = System("s", (State(x, "x"), State(y, "y")), drift=(sp.S.Zero, -y), jumps=(jump,))
    assert sp.expand(system.rhs[0] + a * x * (x - 1)) == 0
    assert sp.expand(system.rhs[1] - a * x * (x - 1) / 2 + y) == 0


def test_polynomials_are_read_as_expressions() -> None:
    table = Polynomial(((sp.Integer(2), ((x, 2), (a, 1))), (sp.Integer(-1), ())))
    system = System("s", (State(x, "x"),), drift=(table,))
    assert system.rhs == (2 * a * x**2 - 1,)


def test_printing_shows_equations_and_how_they_came_about() -> None:
    shown = str(open_hierarchy())
    assert "d <A>/dt = a - b*y" in shown
    assert "moments (order = 1)  [somebody, Eq. 1]" in shown
    assert "open: <A^2>" in shown


@given(st.fractions() | st.integers(-10**30, 10**30))
def test_exact_keeps_exact_numbers(value: object) -> None:
    assert exact(value if isinstance(value, int) else sp.Rational(value.numerator, value.denominator)) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_exact_reads_floats_by_their_text(value: float) -> None:
    assert float(exact(value)) == value
    assert exact(np.float64(value)) == exact(value)
    assert exact(0.1) == sp.Rational(1, 10)


@pytest.mark.parametrize("bad", ["1", None, True, float("nan"), float("inf"), symbol("x"), object()])
def test_exact_refuses_everything_else(bad: object) -> None:
    with pytest.raises(RxnError) as caught:
        exact(bad)
    assert caught.value.code == "R505"


def test_definitions_are_sorted_by_need() -> None:
    ordered = sort_definitions({x: y + z, y: z * TIME, z: a}, "s")
    assert [name for name, _ in ordered] == [z, y, x]
    chain = {symbol(f"v{i}"): symbol(f"v{i + 1}") for i in range(5000)}
    assert len(sort_definitions(chain, "s")) == 5000  # no recursion
