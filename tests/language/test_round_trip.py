"""`parse(print(net)) == net`, and printing what was parsed prints the same."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import expressions, lattice_networks, mass_action_networks, networks

from rxncompile.expressions import symbol, text
from rxncompile.language import load, parse, print_network
from rxncompile.network import Network


def assert_returns(net: Network) -> None:
    written = print_network(net)
    again = parse(written)
    assert again == net, written
    assert print_network(again) == written


@settings(max_examples=150)
@given(networks())
def test_any_network_returns(net: Network) -> None:
    assert_returns(net)


@given(lattice_networks())
def test_lattices_return(net: Network) -> None:
    assert_returns(net)


@given(mass_action_networks())
def test_mass_action_returns(net: Network) -> None:
    assert_returns(net)


@settings(max_examples=300)
@given(st.data())
def test_any_formula_returns(data: st.DataObject) -> None:
    names = tuple(symbol(n) for n in ("x", "y", "S[0,1]", "A(x!1)"))
    formula = data.draw(expressions(names, 12))
    written = text(formula, frozenset(names[:2]))
    net = parse(f"species x, y, S[0,1]\nparam 'A(x!1)' = 1\nlet z = {written}\n")
    assert net.rules[0].formula == formula, written
    assert text(net.rules[0].formula, frozenset(names[:2])) == written


def test_models_return(model: Path) -> None:
    assert_returns(load(model))
