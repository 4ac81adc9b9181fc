"""Lowering and differentiating: the compiled Jacobian against sympy's and against differences."""

import numpy as np
import pytest
import sympy as sp
from hypothesis import assume, given
from hypothesis import strategies as st
from kernel_cases import PARAMETERS, STATES, A, B, C, G, K, bounded, program_of, reaction_network, values_at

from rxncompile.errors import RxnError
from rxncompile.expressions import TIME, symbol
from rxncompile.kernels.program import jacobian_program, propensity_program, rhs_program
from rxncompile.kernels.source import compile_matrix, compile_program
from rxncompile.system import Constant, Input, Jump, Polynomial, State, System

POSITIVE = st.floats(0.25, 4.0).map(lambda x: round(x, 6))
POINTS = st.tuples(POSITIVE, st.tuples(POSITIVE, POSITIVE, POSITIVE), st.tuples(POSITIVE, POSITIVE))

_LEAVES = st.one_of(
    st.sampled_from((*STATES, *PARAMETERS, TIME)), st.integers(1, 5).map(sp.Integer), st.just(sp.Rational(1, 3))
)


def _grow(inner):
    pair = st.tuples(inner, inner)
    return st.one_of(
        pair.map(lambda ab: ab[0] + ab[1]),
        pair.map(lambda ab: ab[0] - ab[1]),
        pair.map(lambda ab: ab[0] * ab[1]),
        pair.map(lambda ab: ab[0] / (2 + ab[1] ** 2)),
        st.tuples(inner, st.integers(2, 4)).map(lambda ae: ae[0] ** ae[1]),
        pair.map(lambda ab: (1 + ab[0] ** 2) ** (ab[1] / 4)),
        *(inner.map(f) for f in (sp.sin, sp.cos, sp.tanh, sp.Abs, sp.floor)),
        inner.map(lambda a: sp.exp(-(a**2))),
        inner.map(lambda a: sp.log(1 + a**2)),
        inner.map(lambda a: sp.sqrt(1 + a**2)),
        inner.map(lambda a: sp.tan(a / (1 + a**2))),
        pair.map(lambda ab: sp.Min(*ab)),
        pair.map(lambda ab: sp.Max(*ab)),
        st.tuples(inner, inner, inner).map(lambda c: sp.Piecewise((c[0], c[1] < c[2]), (c[1] ** 2, True))),
    )


SMOOTH = st.recursive(_LEAVES, _grow, max_leaves=8).filter(lambda e: not e.has(sp.nan, sp.zoo, sp.I))


def system_of(*drift: sp.Expr, definitions=()) -> System:
    return System(
        "random",
        tuple(State(s, s.name) for s in STATES),
        tuple(Constant(s, s.name, sp.Integer(1)) for s in PARAMETERS),
        drift=drift,
        definitions=definitions,
    )


def matrix(system: System, t, y, p) -> np.ndarray:
    kernel = compile_matrix(jacobian_program(system), 0)
    n = len(system.states)
    out = np.full((n, n), np.nan)
    kernel(t, np.array(y), np.array(p), out)
    return out


@given(st.tuples(SMOOTH, SMOOTH, SMOOTH), POINTS)
def test_jacobian_equals_sympy_and_differences(drift, point):
    t, y, p = point
    found = matrix(system_of(*drift), t, y, p)
    at = values_at(*point)
    exact = np.zeros((3, 3))
    for i, f in enumerate(drift):
        for j, s in enumerate(STATES):
            plain = sp.diff(f, s).doit().replace(sp.Heaviside, lambda x, *_: sp.Piecewise((0, x < 0), (1, True)))
            assume(not plain.has(sp.Derivative, sp.Subs, sp.DiracDelta))
            exact[i, j], size = (float(v) for v in bounded(plain, at))
            # sympy arranges the derivative in its own way, so the bound holds for terms of another size: 1e-11 of it
            assert abs(found[i, j] - exact[i, j]) <= 1e-11 * max(1.0, abs(exact[i, j]), size), (f, s)
    kernel = compile_program(rhs_program(system_of(*drift)), 0)
    low, high = np.zeros(3), np.zeros(3)
    for j in range(3):
        step = np.zeros(3)
        step[j] = 2.0**-17
        kernel(t, np.array(y) - step, np.array(p), low)
        kernel(t, np.array(y) + step, np.array(p), high)
        slope = (high - low) / 2.0**-16
        # error h^2 f'''/6 with h = 2^-17, and rounding 2^-52 f / h: steep or kinked formulas are left to sympy
        scale = 1.0 + np.abs(found).max() + np.abs(high).max()
        assume(scale < 1e3)
        for i, f in enumerate(drift):
            if not f.has(sp.Abs, sp.floor, sp.Min, sp.Max, sp.Piecewise):
                third = abs(float(bounded(sp.diff(f, STATES[j], 3), at)[0]))
                assert abs(slope[i] - found[i, j]) <= 1e-9 * scale + 2.0**-34 * third * 2, (f, j)


def test_jacobian_follows_definitions_and_jumps():
    system = reaction_network()
    y, p = np.array([30.0, 20.0, 4.0]), np.array([0.01, 0.5])
    found = matrix(system, 0.0, y, p)
    values = dict(zip((s.symbol for s in system.states), map(sp.Rational, y.tolist()), strict=True))
    values |= {K: sp.Rational(1, 100), G: sp.Rational(1, 2)}
    inside = dict(system.definitions)
    for i, rhs in enumerate(system.rhs):
        for j, state in enumerate(system.states):
            exact = float(sp.diff(rhs.xreplace(inside), state.symbol).xreplace(values))
            assert found[i, j] == pytest.approx(exact, rel=1e-13, abs=1e-15)


def test_pattern_holds_the_entries_that_can_differ_from_zero():
    sparse = jacobian_program(system_of(A * B, K * TIME, C**2 + A - A))
    assert list(zip(sparse.rows, sparse.columns, strict=True)) == [(0, 0), (0, 1), (2, 2)]


def test_polynomial_table_equals_its_expression():
    table = Polynomial(
        ((sp.Rational(-3, 2), ((A, 2), (B, 1))), (sp.Integer(4), ()), (sp.Integer(1), ((C, 5), (K, 1))))
    )
    one, other = (rhs_program(system_of(f, sp.Integer(0), sp.Integer(0))) for f in (table, table.expr))
    y, p, out = np.array([1.5, -2.0, 0.75]), np.array([3.0, 0.0]), np.zeros(3)
    compile_program(one)(0.0, y, p, out)
    assert out[0] == pytest.approx(1.5 * 2.25 * 2 + 4 + 0.75**5 * 3, rel=1e-15)
    first = out.copy()
    compile_program(other)(0.0, y, p, out)
    assert out.tolist() == pytest.approx(first.tolist(), rel=1e-15)


def test_a_propensity_is_zero_where_reactants_are_short():
    system = System(
        "short",
        (State(A, "A"), State(B, "B")),
        jumps=(Jump("r", ((A, -2),), 3 + B, ((A, 2), (B, 1))), Jump("s", ((A, 1),), sp.Integer(7))),
    )
    kernel = compile_program(propensity_program(system))
    out = np.zeros(2)
    for (a, b), expected in (((2, 1), 4.0), ((1, 1), 0.0), ((2, 0), 0.0), ((5, 2), 5.0)):
        kernel(0.0, np.array([a, b], dtype=float), np.zeros(0), out)
        assert out.tolist() == [expected, 7.0]


def test_conditions_made_of_piecewise_formulas():
    inner = sp.Piecewise((A, A < B), (C, True))
    program = program_of(sp.Piecewise((1, inner < 2), (2, True)), sp.Piecewise((1, sp.Xor(A < B, B < C)), (0, True)))
    kernel = compile_program(program)
    out = np.zeros(2)
    for y, expected in (((1, 2, 3), [1, 0]), ((3, 4, 1), [2, 1]), ((2, 1, 1), [1, 0]), ((2, 1, 3), [2, 1])):
        kernel(0.0, np.array(y, dtype=float), np.zeros(2), out)
        assert out.tolist() == expected


def test_systems_that_cannot_be_compiled_are_named_errors():
    ghost = symbol("ghost")
    open_system = System("open", (State(A, "A"),), drift=(ghost,), frontier=(State(ghost, "<ghost>"),))
    with pytest.raises(RxnError, match="<ghost>") as caught:
        rhs_program(open_system)
    assert caught.value.code == "R506"
    with pytest.raises(RxnError, match="light") as caught:
        rhs_program(System("fed", (State(A, "A"),), inputs=(Input(ghost, "light"),)))
    assert caught.value.code == "R508"
    huge = sp.Integer(10) ** 400 * A
    for formula, named in ((ghost, "'ghost'"), (sp.gamma(A), "gamma"), (huge, "range of a double")):
        with pytest.raises(RxnError, match=named) as caught:
            program_of(formula)
        assert caught.value.code == "R507"
