"""LLVM text against sympy, against plain arithmetic, against itself at other levels and in other parts."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from kernel_cases import (
    EXPRESSIONS,
    POINTS,
    A,
    B,
    C,
    G,
    K,
    bits,
    bounded,
    evaluate_nodes,
    program_of,
    reaction_network,
    values_at,
)

from rxncompile.expressions import TIME
from rxncompile.kernels import source
from rxncompile.kernels.graph import Graph, Op
from rxncompile.kernels.program import Program, jacobian_program, propensity_program, rhs_program
from rxncompile.kernels.source import (
    Kernel,
    compile_matrix,
    compile_program,
    compile_propensity,
    kernel_text,
    propensity_text,
    split_wide,
)
from rxncompile.kernels.store import compile_text, compiled_count

GUARD = -7.25


def evaluate(kernel: Kernel, t, y, p) -> np.ndarray:
    """Outputs of a kernel, the words around them looked after."""
    out = np.full(kernel.n_out + 16, GUARD)
    y, p = np.array(y, dtype=float), np.array(p, dtype=float)
    before = y.tobytes(), p.tobytes()
    kernel(t, y, p, out[8 : 8 + kernel.n_out])
    assert (out[:8] == GUARD).all()
    assert (out[8 + kernel.n_out :] == GUARD).all()
    assert (y.tobytes(), p.tobytes()) == before
    return out[8 : 8 + kernel.n_out]


@given(st.lists(EXPRESSIONS, min_size=1, max_size=4), POINTS)
def test_text_computes_what_sympy_says(formulas, point):
    at = values_at(*point)
    expected = [bounded(f, at) for f in formulas]
    program = program_of(*formulas)
    results = [evaluate(compile_program(program, level), *point) for level in (0, 1, 2)]
    assert bits(results[0]) == bits(results[1]) == bits(results[2])
    for formula, value, (exact, error) in zip(formulas, results[0], expected, strict=True):
        # the bound is of first order and the graph may group a product otherwise than sympy prints it: 16 covers both
        assert abs(value - exact) <= 16 * 2.0**-52 * error + 1e-300, formula
        checked = formula.xreplace({s: sp.Rational(float(v)) for s, v in at.items()}).evalf(30)
        assert abs(float(checked) - float(exact)) <= 1e-12 * max(1.0, float(abs(exact)))


@given(st.lists(EXPRESSIONS, min_size=2, max_size=5), st.sampled_from((1, 2, 3, 7)), st.sampled_from((0, 1000)), POINTS)
def test_parts_compute_the_same_bits(formulas, part, stack, point):
    program = program_of(*formulas)
    whole = evaluate(compile_program(program, 0), *point)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "PART", part)
        patch.setattr(source, "STACK", stack)  # 0: the scratch array is a loan from malloc
        text = kernel_text(program)
    parted = Kernel(compile_text(text, 0).address("f"), 3, 2, len(formulas), None)
    assert bits(evaluate(parted, *point)) == bits(whole)


def test_truth_values_cross_parts(monkeypatch):
    condition = sp.And(A < B, sp.Or(B < C, K > G))
    program = program_of(sp.Piecewise((A, condition), (B, True)), sp.Piecewise((C, sp.Not(condition)), (K, True)))
    monkeypatch.setattr(source, "PART", 1)
    kernel = compile_program(program)
    assert kernel_text(program).count("uitofp") >= 1
    assert evaluate(kernel, 0.0, (1, 2, 3), (4, 5)).tolist() == [1.0, 4.0]
    assert evaluate(kernel, 0.0, (1, 2, 1), (4, 5)).tolist() == [2.0, 1.0]


def random_polynomials(n_equations: int, n_terms: int, seed: int = 1) -> Program:
    """Sums of c k y y with shared monomials."""
    rng = np.random.default_rng(seed)
    graph = Graph()
    y = [graph.make(Op.STATE, (), i) for i in range(n_equations)]
    p = [graph.make(Op.PARAM, (), i) for i in range(10)]
    outputs = []
    for _ in range(n_equations):
        terms = []
        for _ in range(n_terms):
            c, k, i, j = rng.choice([-2.0, -1.0, 0.5, 3.0]), *rng.integers((10, n_equations, min(n_equations, 40)))
            terms.append(graph.mul(graph.constant(c), p[k], y[i], y[j]))
        outputs.append(graph.add(*terms))
    nodes, numbers = graph.schedule(outputs)
    return Program(nodes, numbers, n_equations, 10)


def test_many_outputs_in_parts_equal_one_function(monkeypatch):
    program = random_polynomials(3200, 4)
    rng = np.random.default_rng(0)
    y, p = rng.normal(size=3200), rng.normal(size=10)
    text = kernel_text(program)
    assert text.count("define internal") > 20
    parted = evaluate(compile_program(program), 0.0, y, p)
    monkeypatch.setattr(source, "PART", 10**9)
    assert "define internal" not in kernel_text(program)
    assert bits(evaluate(compile_program(program, 0), 0.0, y, p)) == bits(parted)
    assert bits(evaluate_nodes(program, 0.0, y.tolist(), p.tolist())) == bits(parted)


@pytest.mark.parametrize("n_terms", [1, 31, 32, 33, 63, 64, 65, 1000])
def test_wide_sums_and_products_keep_their_order(n_terms):
    rng = np.random.default_rng(n_terms)
    graph = Graph()
    y = [graph.make(Op.STATE, (), i) for i in range(n_terms)]
    signs = rng.random(n_terms) < 0.5
    total = graph.add(*(graph.neg(s) if minus else s for s, minus in zip(y, signs, strict=True)))
    nodes, numbers = graph.schedule([total, graph.mul(*y)])
    program = Program(nodes, numbers, n_terms, 0)
    values = rng.lognormal(size=n_terms)
    split, ends = split_wide(nodes, numbers)
    assert max(len(node.args) for node in split) <= source.WIDE
    expected = evaluate_nodes(program, 0.0, values.tolist(), [])
    assert bits(evaluate_nodes(Program(split, ends, n_terms, 0), 0.0, values.tolist(), [])) == bits(expected)
    for level in (0, 2):
        assert bits(evaluate(compile_program(program, level), 0.0, values, [])) == bits(expected)


def test_text_grows_with_the_program_and_no_faster():
    lines = [kernel_text(random_polynomials(n, 6)).count("\n") for n in (300, 600, 1200)]
    assert lines[2] - lines[1] == pytest.approx(2 * (lines[1] - lines[0]), rel=0.15)  # shared monomials vary a little


def test_exceptional_numbers_pass_through():
    program = program_of(A / B, sp.log(A), sp.sqrt(A), A**-2, sp.exp(A), A * B - A * B, sp.Min(A, B), sp.Max(A, B))
    for a in (0.0, -1.0, 1e308, -1e308, float("inf"), float("nan")):
        for b in (0.0, -0.0, 1e-308, float("inf"), float("nan")):
            results = [evaluate(compile_program(program, level), 0.0, (a, b, 0), (0, 0)) for level in (0, 1, 2)]
            assert bits(results[0]) == bits(results[1]) == bits(results[2])
    infinite = evaluate(compile_program(program), 0.0, (1.0, 0.0, 0), (0, 0))
    assert infinite[0] == float("inf")
    assert np.isnan(evaluate(compile_program(program), 0.0, (-1.0, 0.0, 0), (0, 0))[1:3]).all()


def test_leaves_constants_and_repeated_outputs():
    program = program_of(A, sp.Integer(0), TIME, A, K, A + 1, A + 1, sp.Rational(1, 3), -A)
    expected = [2.5, 0.0, 9.0, 2.5, 4.0, 3.5, 3.5, 1 / 3, -2.5]
    assert evaluate(compile_program(program), 9.0, (2.5, 0, 0), (4.0, 0)).tolist() == expected
    assert evaluate(compile_program(program_of()), 0.0, (0, 0, 0), (0, 0)).tolist() == []


# ------------------------------------------------------------------------------------------- shape 2, matrices


@given(st.lists(EXPRESSIONS, min_size=1, max_size=6), POINTS)
def test_one_propensity_at_a_time_equals_all(formulas, point):
    program = program_of(*formulas)
    together = evaluate(compile_program(program, 0), *point)
    kernel = compile_propensity(program, 0)
    t, y, p = point[0], np.array(point[1]), np.array(point[2])
    assert bits([kernel(r, t, y, p) for r in range(len(formulas))]) == bits(together)


@pytest.mark.parametrize("cases", [3, 256])
def test_a_reaction_that_is_not_there_is_nan(monkeypatch, cases):
    monkeypatch.setattr(source, "CASES", cases)
    program = random_polynomials(10, 2)
    kernel = compile_propensity(program)
    y, p = np.arange(10.0), np.arange(10.0)
    assert bits([kernel(r, 0.0, y, p) for r in range(10)]) == bits(evaluate(compile_program(program), 0.0, y, p))
    assert all(np.isnan(kernel(r, 0.0, y, p)) for r in (-1, 10, 11, 12, 1 << 40))


def test_dense_matrix_has_zeros_elsewhere():
    sparse = jacobian_program(reaction_network())
    y, p = np.array([30.0, 20.0, 4.0]), np.array([0.01, 0.5])
    entries = evaluate(compile_program(sparse.program), 0.0, y, p)
    expected = np.zeros((3, 3))
    expected[list(sparse.rows), list(sparse.columns)] = entries
    kernel = compile_matrix(sparse)
    assert kernel.n_out == 9
    assert len(entries) < 9
    assert evaluate(kernel, 0.0, y, p).tolist() == expected.ravel().tolist()


# ------------------------------------------------------------------------------------------- text and names


def test_renaming_gives_the_same_text_and_compiles_nothing():
    first = reaction_network()
    second = reaction_network(("zebra", "T cell's\n", "a", "z", "_", "b"))
    compile_program(rhs_program(first)), compile_propensity(propensity_program(first))
    compile_matrix(jacobian_program(first))
    count = compiled_count()
    for make in (rhs_program, propensity_program):
        assert kernel_text(make(first)) == kernel_text(make(second))
        assert propensity_text(make(first)) == propensity_text(make(second))
    address = compile_program(rhs_program(second)).address
    compile_propensity(propensity_program(second))
    compile_matrix(jacobian_program(second))
    assert compiled_count() == count
    assert address == compile_program(rhs_program(first)).address


_SCRIPT = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from kernel_cases import reaction_network
from rxncompile.kernels.program import jacobian_program, propensity_program, rhs_program
from rxncompile.kernels.python import system_python
from rxncompile.kernels.source import kernel_text, propensity_text
system = reaction_network()
texts = [kernel_text(rhs_program(system)), kernel_text(jacobian_program(system).program),
         propensity_text(propensity_program(system)), system_python(system)]
print(hashlib.sha256("".join(texts).encode()).hexdigest())
"""


def test_text_is_the_same_in_every_process():
    here = str(Path(__file__).parent)
    runs = [
        subprocess.run(
            [sys.executable, "-c", _SCRIPT, here],
            env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert runs[0] == runs[1]
    assert len(runs[0].strip()) == hashlib.sha256().digest_size * 2


# ------------------------------------------------------------------------------------------- arguments


def test_arrays_are_checked():
    kernel = compile_program(program_of(A + K, B))
    y, p, out = np.zeros(3), np.zeros(2), np.zeros(2)
    kernel(0.0, y, p, out)
    with pytest.raises(ValueError, match="y must be a contiguous float64 array of 3"):
        kernel(0.0, y[:2], p, out)
    with pytest.raises(ValueError, match="not a float32 array"):
        kernel(0.0, y, p.astype(np.float32), out)
    with pytest.raises(ValueError, match="y must be"):
        kernel(0.0, np.zeros(6)[::2], p, out)
    out.flags.writeable = False
    with pytest.raises(ValueError, match="writeable"):
        kernel(0.0, y, p, out)


def test_bound_kernel_reads_and_writes_its_arrays():
    kernel = compile_program(program_of(A + TIME, K * B))
    y, p, out = np.array([1.0, 2.0, 3.0]), np.array([10.0, 0.0]), np.zeros(2)
    run = kernel.bind(y, p, out)
    run(0.5)
    assert out.tolist() == [1.5, 20.0]
    y[:] = (5.0, 6.0, 7.0)
    run(1.0)
    assert out.tolist() == [6.0, 60.0]
