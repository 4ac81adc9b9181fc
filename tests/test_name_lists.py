"""One string is one name wherever a list of names is asked for, and what is no string is refused by name."""

from collections.abc import Callable

import numpy as np
import pytest
import sympy as sp

import rxncompile as rx
from rxncompile.derivations.library import lotka_volterra, mass_action
from rxncompile.name_lists import names_given

TURN = "param k1 = 1, k2 = 2\nspecies A = 3, AB = 0, B = 1\nturn: A -> AB @ k1\nback: AB -> A @ k2\nlose: B -> 0 @ k2"


def net() -> rx.Network:
    return rx.parse(TURN)


CASES: dict[str, Callable[[object], object]] = {
    "polynomials": lambda x: rx.polynomial_candidates(x, 2),  # type: ignore[arg-type]
    "formulas": lambda x: rx.formula_candidates(x, [sp.S.One]),  # type: ignore[arg-type]
    "reactions": lambda x: rx.reaction_candidates(x, 1, 1),  # type: ignore[arg-type]
    "rational": lambda x: rx.rational_candidates(rx.rate_equations(net()), x, ["A"], 1),  # type: ignore[arg-type]
    "eliminated": lambda x: rx.moments(net(), 1, eliminate=x),  # type: ignore[arg-type]
    "mass action": lambda x: mass_action(x, 1),  # type: ignore[arg-type]
    "lotka-volterra": lambda x: lotka_volterra(["C"], x),  # type: ignore[arg-type]
}
PARAMETERS: dict[str, Callable[[object], object]] = {
    "sensitivities": lambda x: rx.sensitivities(rx.rate_equations(net()), x),  # type: ignore[arg-type]
    "rates": lambda x: rx.rate_relation(net(), 1, unknown=x),  # type: ignore[arg-type]
    "integrated": lambda x: rx.integrate_sensitivities(
        rx.rate_equations(net()), np.array([0.0, 1.0]), x  # type: ignore[arg-type]
    ).parameters,
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_species(case: str) -> None:
    """`AB` beside A and B: its letters are names too."""
    assert CASES[case]("AB") == CASES[case](["AB"])
    with pytest.raises(rx.RxnError, match="which is not a name"):
        CASES[case]([1])


@pytest.mark.parametrize("case", PARAMETERS)
def test_a_parameter(case: str) -> None:
    assert PARAMETERS[case]("k1") == PARAMETERS[case](["k1"])
    with pytest.raises(rx.RxnError, match="which is not a name"):
        PARAMETERS[case]([None])


def test_a_moment_and_a_column() -> None:
    assert rx.moments(net(), 1, of="<AB>") == rx.moments(net(), 1, of=["<AB>"])
    data = rx.snapshot_moments([1.0], [np.array([[1, 2], [3, 5]])], ["A", "AB"])
    assert data.of_species("AB").species == ("AB",)


def test_no_list() -> None:
    assert names_given((n for n in "ab"), "fast", "R525") == ("a", "b")
    with pytest.raises(rx.RxnError, match="fast = 2 is not a list of names"):
        names_given(2, "fast", "R525")  # type: ignore[arg-type]
