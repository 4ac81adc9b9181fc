"""Hierarchies evaluated from their tables against the machine code of the same equations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import mass_action_networks

import rxncompile as rx
from rxncompile.derivations import closures
from rxncompile.derivations.moment_equations import table_of
from rxncompile.derivations.moments import moments
from rxncompile.kernels import tables
from rxncompile.monomials import Kind, label_names, read_label
from rxncompile.network import Network
from rxncompile.operators import generator
from rxncompile.simulators.rate_equations.equations import Function, Jacobian, compiled
from rxncompile.system import System, as_expr
from rxncompile.tables import Definitions, TermTable

NETWORK = """species A = 5, B = 3, C = 4, D
param k = 0.1, q = 2
2 A + B -> 3 A + C @ k
A -> B @ 1
0 -> A @ 2*sin(t) + 3
B -> 0 @ q
2 C <-> D @ 0.1, 0.3
A + D -> C + A @ k
"""


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small systems too are closed and evaluated as tables."""
    monkeypatch.setattr(tables, "_FEW", 0)
    monkeypatch.setattr(closures, "_MANY", 0)


@settings(max_examples=40, deadline=None)
@given(mass_action_networks(most_species=3, most_reactions=4), st.sampled_from([Kind.RAW, Kind.FACTORIAL]))
def test_tables_hold_the_equations_that_are_made_one_by_one(net: Network, kind: Kind) -> None:
    gen = generator(net)
    names = label_names(gen.species)
    system, one = moments(net, 3, kind), table_of(gen, names, kind, 4)
    for state, rhs in zip(system.states, system.drift, strict=True):
        found = read_label(state.label, names)
        assert found is not None
        own = one.equation(found[0])
        assert sorted(map(str, own)) == sorted(map(str, rhs if isinstance(rhs, tuple) else ()))
        assert as_expr(own) == as_expr(rhs)
    held = {s.label for s in system.states}
    assert {s.label for s in system.frontier} == {s.name for s in one.symbols.values()} - held


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("order", [2, 3])
@pytest.mark.parametrize("kind", [Kind.RAW, Kind.FACTORIAL])
@pytest.mark.parametrize("closure", closures.BY_NAME.values(), ids=lambda f: f.__name__)
def test_values_and_slopes(closure: closures.Closure, kind: Kind, order: int) -> None:
    """Sums in another order: 1e-9 of the largest, whose terms cancel."""
    system = closures.close(moments(rx.parse(NETWORK), order, kind), closure)
    assert isinstance(system.drift, TermTable) and isinstance(system.definitions, Definitions)
    model, p = compiled(system), np.array(system.parameter_vector())
    assert isinstance(model.called_rhs, tables.TableKernel)
    y = np.random.default_rng(1).random(len(system.states)) * 3 + 1
    for t in (0.7, 2.0):
        found, want = Function(model.called_rhs, p)(t, y), Function(model.rhs, p)(t, y)
        np.testing.assert_allclose(found, want, rtol=1e-9, atol=1e-9 * np.abs(want).max())
        own, entries = Jacobian(model, p, False)(t, y), model.sparse_jacobian
        slopes = np.zeros_like(own)
        slopes[list(entries.rows), list(entries.columns)] = Function(model.jacobian, p)(t, y)
        np.testing.assert_allclose(own, slopes, rtol=1e-9, atol=1e-9 * np.abs(slopes).max())
        sparse = Jacobian(model, p, True)(t, y).toarray()
        assert np.array_equal(sparse, own)


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("method", ["LSODA", "BDF", "RK45"])
def test_integration(method: str) -> None:
    system = closures.close(moments(rx.parse(NETWORK), 2), closures.lognormal)
    path = rx.integrate(system, [0, 0.5, 2], method=method, rtol=1e-8)
    central = closures.close(moments(rx.parse(NETWORK), 2, Kind.CENTRAL), closures.lognormal)
    other = rx.integrate(central, [0, 0.5, 2], rtol=1e-8)
    for s in "ABCD":
        np.testing.assert_allclose(path[f"<{s}>"], other[f"<{s}>"], rtol=2e-5)


@pytest.mark.usefixtures("always")
def test_linear_networks_need_no_definitions() -> None:
    net = rx.parse("species A = 9, B\nA -> 2 B @ 1\nB -> 0 @ 0.5\n")
    system = moments(net, 3)
    assert isinstance(compiled(system).called_rhs, tables.TableKernel)
    path, exact = rx.integrate(system, [0, 1, 2]), rx.master_equation(rx.jump_process(net), [0, 1, 2])
    np.testing.assert_allclose(path["<B^2>"], exact.sd_of("B") ** 2 + exact.mean_of("B") ** 2, rtol=1e-6)


def chain(size: int) -> Network:
    names = [f"S{i}" for i in range(size)]
    lines = [f"{a} + {b} -> {b} + {c} @ 0.1" for a, b, c in zip(names, names[1:], names[2:], strict=False)]
    return rx.parse("species " + ", ".join(f"{s} = 3" for s in names) + "\n" + "\n".join(lines) + "\n")


def test_a_large_hierarchy_is_one_table() -> None:
    """Its symbols are not made; what reads it gets the same terms and formulas as from a small one."""
    system = closures.close(moments(chain(60), 2), closures.gaussian)
    table, given = system.drift, system.definitions
    assert isinstance(table, TermTable) and isinstance(given, Definitions)
    assert len(table) == len(system.states) == 1890 and "_written" not in vars(given)
    assert isinstance(compiled(system).called_rhs, tables.TableKernel)
    path = rx.integrate(system, [0, 0.1])
    small = rx.integrate(closures.close(moments(chain(12), 2), closures.gaussian), [0, 0.1])  # far ends do not matter
    np.testing.assert_allclose(path["<S2>"], small["<S2>"], rtol=1e-7)
    assert "_written" not in vars(given)
    name, formula = given[0]
    assert name.name == "<S0^2*S1>" and "<S0*S1>" in {s.name for s in formula.free_symbols}
    assert as_expr(table[0]) == system.rhs[0]
    assert closures.opened(system) == moments(chain(60), 2)
    assert hash(system) == hash(closures.close(moments(chain(60), 2), closures.gaussian))


def test_a_system_without_a_table_is_compiled() -> None:
    system: System = rx.rate_equations(rx.parse(NETWORK))
    assert compiled(system).called_rhs is compiled(system).rhs
