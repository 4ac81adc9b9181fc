"""The exported Python: the same bits as machine code, readable, and never a model's text as code."""

import ast
import re

import numpy as np
import pytest
import sympy as sp
from exported_python import compile_python
from hypothesis import given
from hypothesis import strategies as st
from kernel_cases import (
    EXPRESSIONS,
    POINTS,
    TRANSCENDENTAL,
    A,
    B,
    C,
    K,
    bare_system,
    bits,
    program_of,
    reaction_network,
)

from rxncompile.expressions import TIME, symbol
from rxncompile.kernels.program import formula_program, jacobian_program, propensity_program, rhs_program
from rxncompile.kernels.python import python_function, system_python
from rxncompile.kernels.source import compile_program
from rxncompile.network import Distribution
from rxncompile.system import Constant, Jump, State, Step, System


def run(text: str, name: str, t, y, p, n_out: int) -> list[float]:
    """Outputs of an exported function, as a reader of the module would call it."""
    names: dict = {}
    exec(text if "import math" in text else f"import math\n{text}", names)
    out = [0.0] * n_out
    names[name](t, list(y), list(p), out)
    return out


def compiled(program, t, y, p) -> list[float]:
    kernel = compile_program(program)
    out = np.zeros(kernel.n_out)
    kernel(t, np.array(y, dtype=float), np.array(p, dtype=float), out)
    return out.tolist()


@given(st.lists(EXPRESSIONS, min_size=1, max_size=4), POINTS)
def test_python_computes_the_bits_of_machine_code(formulas, point):
    program = program_of(*formulas)
    text = system_python(_with_outputs(formulas))
    try:
        exported = run(text, "outputs", *point, len(formulas))
    except (ZeroDivisionError, OverflowError, ValueError):
        exported = None  # Python refuses where machine code goes on
    expected = compiled(program, *point)
    if exported is None:
        return
    if any(f.has(*TRANSCENDENTAL) or any(not e.is_Integer for e in _exponents(f)) for f in formulas):
        # libraries of another kind may differ in the last bit, which few operations then multiply
        np.testing.assert_allclose(exported, expected, rtol=1e-9, atol=1e-12)
    else:
        assert bits(exported) == bits(expected)


def _with_outputs(formulas) -> System:
    base = bare_system()
    return System("bare", base.states, base.parameters, outputs=tuple((f"o{i}", f) for i, f in enumerate(formulas)))


def _exponents(formula) -> set:
    return {power.exp for power in formula.atoms(sp.Pow)}


HARD = (
    A / B + sp.sqrt(A) - C**3,
    sp.Piecewise(
        (A, sp.And(A < B, sp.Not(B <= C))), (B, sp.Or(C < A, sp.Eq(B, C))), (sp.floor(A) - sp.ceiling(C), True)
    ),
    sp.Min(A, B, C) - 2 * sp.Max(A, B, K),
    sp.Abs(A - B) * (A - B - C) / (A * (B + C)),
    -(A + B) - A * B * C / 7,
)  # fmt: skip


def test_numba_fallback_computes_the_same_bits_also_beyond_the_ordinary():
    program = program_of(*HARD)
    direct, fallback = compile_program(program), compile_python(program)
    assert (fallback.n_states, fallback.n_parameters, fallback.n_out) == (3, 2, len(HARD))
    special = (0.0, -0.0, 1.5, -2.5, 3.0, 1e300, float("inf"), float("nan"))
    one, two = np.zeros(len(HARD)), np.zeros(len(HARD))
    for a in special:
        for b in special:
            for c in special:
                y, p = np.array([a, b, c]), np.array([0.5, 0.0])
                direct(0.0, y, p, one)
                fallback(0.0, y, p, two)
                assert bits(one) == bits(two), (a, b, c)


def test_numba_fallback_calls_the_library_functions():
    formulas = [sp.exp(A), sp.log(B), sp.sin(C), sp.cos(C), sp.tan(C), sp.tanh(C), B**A, sp.sqrt(B)]
    program = program_of(*formulas)
    y, p, out = np.array([0.7, 2.5, -1.25]), np.zeros(2), np.zeros(len(formulas))
    compile_python(program)(0.0, y, p, out)
    np.testing.assert_allclose(out, compiled(program, 0.0, y, p), rtol=1e-15)  # numba may take other library functions


def test_long_and_deep_formulas_are_broken_into_lines():
    deep: sp.Expr = A
    for _ in range(90):
        deep = B / (C + deep)
    wide = sp.Add(*(sp.Integer(i + 2) * symbol(f"s{i}") * symbol(f"s{(i * 7) % 997}") for i in range(997)))
    states = tuple(symbol(f"s{i}") for i in range(997))
    base = bare_system((A, B, C, *states), ())
    program = formula_program(base, [deep, wide])
    text = python_function(program, "f")
    assert max(len(line) for line in text.splitlines()) < 400
    y = np.random.default_rng(2).lognormal(size=1000)
    assert bits(run(text, "f", 0.0, y, [], 2)) == bits(compiled(program, 0.0, y, []))


# ------------------------------------------------------------------------------------------- a System as a module


def test_module_of_a_system():
    system = reaction_network()
    names: dict = {}
    exec(system_python(system), names)
    assert names["STATES"] == ("A", "B", "C")
    assert names["INITIAL_VALUES"] == (30.0, 20.0, 0.0)
    assert names["PARAMETERS"] == ("k", "g")
    assert names["PARAMETER_VALUES"] == (0.01, 0.5)
    assert names["REACTIONS"] == ("bind", "pair", "lose", "make")
    assert names["CHANGES"][0] == ((0, -1), (1, -1), (2, 1))
    assert names["OUTPUTS"] == ("A total", "ratio")
    y, p = [30.0, 20.0, 4.0], names["PARAMETER_VALUES"]
    rates, slopes, laws, shown = [0.0] * 3, [0.0] * len(names["JACOBIAN_ENTRIES"]), [0.0] * 4, [0.0] * 2
    names["rhs"](0.0, y, p, rates)
    names["jacobian"](0.0, y, p, slopes)
    names["propensities"](0.0, y, p, laws)
    names["outputs"](0.0, y, p, shown)
    exact = system.evaluate({"A": 30, "B": 20, "C": 4})
    assert rates == pytest.approx([float(v) for v in exact.values()], rel=1e-14)  # a handful of roundings
    assert bits(rates) == bits(compiled(rhs_program(system), 0.0, y, p))
    assert bits(laws) == bits(compiled(propensity_program(system), 0.0, y, p))
    assert bits(slopes) == bits(compiled(jacobian_program(system).program, 0.0, y, p))
    assert laws == [6.0, 217.5, 2.0, pytest.approx(0.5)]
    assert shown == [34.0, 30.0 / 54.0]
    moved = [0.0] * 3
    for change, speed in zip(names["CHANGES"], laws, strict=True):
        for i, amount in change:
            moved[i] += amount * speed
    assert moved == pytest.approx(rates, rel=1e-12)


def test_module_of_a_system_without_jumps_or_outputs():
    system = System("decay", (State(A, "A", sp.Integer(2)),), drift=(-A * sp.cos(TIME),))
    text = system_python(system)
    assert "propensities(" not in text
    assert run(text, "rhs", 0.0, [2.0], [], 1) == [-2.0]


def test_comments_show_the_equations():
    text = system_python(reaction_network())
    assert "# bind: k*A*B\n" in text
    assert "# A total = A + C\n" in text
    assert re.search(r"# d C/dt = .*act", text)
    assert "# where act = " in text


NASTY = (
    "x\nimport os",
    "x\rimport os",
    "x\u2028import os",
    "x\x0cimport os",
    "'''",
    '"""',
    "\\",
    "'); import os; ('",
    "# coding: utf-7",
    "\ud800",
    "\0",
    "caf\u00e9",
)


@pytest.mark.parametrize("label", NASTY, ids=ascii)
def test_no_text_of_a_model_becomes_code(label):
    state, parameter, extra = symbol(f"s{label}"), symbol(f"p{label}"), symbol(f"d{label}")
    system = System(
        label,
        (State(state, label, Distribution("Normal", (sp.Integer(3), parameter))),),
        (Constant(parameter, label, sp.Integer(1)),),
        jumps=(Jump(label, ((state, 1),), parameter * extra),),
        definitions=((extra, state + 1),),
        outputs=((label, state),),
        steps=(Step(label, ((label, label),), label),),
    )
    text = system_python(system)
    text.encode("utf-8")
    assert not re.search(r"coding[:=]", "".join(text.splitlines()[:2]))
    tree = ast.parse(text)
    assert ast.dump(tree) == ast.dump(ast.parse(text.encode("utf-8")))
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert all(re.fullmatch(r"math|t|out|[ypv]\d*|[A-Z_]+", name) for name in used)
    kinds = {type(node) for node in tree.body}
    assert kinds == {ast.Import, ast.Assign, ast.FunctionDef}
    assert [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names] == ["math"]
    assert not [node for node in ast.walk(tree) if isinstance(node, (ast.Call, ast.ImportFrom, ast.Attribute))]
    names: dict = {}
    exec(text, names)
    assert names["STATES"] == names["PARAMETERS"] == names["OUTPUTS"] == names["REACTIONS"] == (label,)
    assert names["INITIAL_VALUES"] == (3.0,)
