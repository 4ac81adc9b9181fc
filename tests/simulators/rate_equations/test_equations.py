"""The functions that integrators call, against sympy."""

import numpy as np
import sympy as sp
from handmade import gene, repressilator, symbols, system

from rxncompile.expressions import symbol
from rxncompile.simulators.rate_equations.equations import Function, Jacobian, RightHandSide, compiled


def never(*_: object) -> None:
    raise AssertionError


def test_values_and_slopes() -> None:
    for model in (gene(), repressilator()):
        n = len(model.states)
        y = np.linspace(0.5, 2.0, n)
        at = dict(zip([s.symbol for s in model.states], map(sp.Rational, map(str, y.tolist())), strict=True))
        exact = np.array([float(rhs.xreplace(at)) for rhs in model.rhs])
        slopes = np.array([[float(sp.diff(rhs, s.symbol).xreplace(at)) for s in model.states] for rhs in model.rhs])
        p = np.empty(0)
        rhs = RightHandSide(compiled(model), p, 1000, True, never)
        # a handful of operations on numbers of order 1 to 200
        np.testing.assert_allclose(rhs(0.0, y), exact, rtol=1e-13, atol=1e-13)
        dense, sparse = (Jacobian(compiled(model), p, kind)(0.0, y) for kind in (False, True))
        np.testing.assert_allclose(dense, slopes, rtol=1e-13, atol=1e-13)
        np.testing.assert_array_equal(sparse.toarray(), dense)
        assert sparse.has_canonical_format


def test_results_that_are_kept_do_not_change() -> None:
    rhs = RightHandSide(compiled(gene()), np.empty(0), 1000, True, never)
    jacobian = Jacobian(compiled(gene()), np.empty(0), False)
    y = np.ones(5)
    kept, slopes = rhs.fresh(0.0, y), jacobian(0.0, y)
    before = kept.copy(), slopes.copy()
    rhs.fresh(0.0, 2 * y)
    jacobian(0.0, 2 * y)
    np.testing.assert_array_equal(kept, before[0])
    np.testing.assert_array_equal(slopes, before[1])
    assert rhs.calls == 2


def test_equal_systems_share_their_kernels() -> None:
    assert compiled(gene()) is compiled(gene())
    x, k = symbols("x k")
    model = compiled(system({"x": (-k * x, 1)}, {"k": 2}))
    slow, fast = (Function(model.rhs, np.array([value])) for value in (1.0, 3.0))
    assert (slow(0.0, np.array([2.0]))[0], fast(0.0, np.array([2.0]))[0]) == (-2.0, -6.0)
    assert model.system.states[0].symbol == symbol("x")
