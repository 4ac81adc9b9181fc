"""Vmax, Km and Ki in the laws of the textbooks: the text that a biochemist writes, and what the names stand for."""

import pytest
import sympy as sp
from mechanisms import MICHAELIS_MENTEN, agree, model, names

import rxncompile as rx
from rxncompile.derivations import reductions
from rxncompile.derivations.reductions.named_constants import named_constants, with_named_constants
from rxncompile.expressions import symbol, text
from rxncompile.network import Network

BASE = ("bind: S + E <-> C @ k1, k_1", "convert: C -> E + P @ k2")
SPECIES = {"species": "S = 1, I = 1, P, E = 1, C, EI, CI, CS", "constants": "k1 k_1 k2 k3 k_3"}
# what is fast, what the mechanism has beside the enzyme's two reactions, the law of P, its constants
CASES = {
    "competitive": (["C", "EI"], ("E + I <-> EI @ k3, k_3",), "Vmax*S/(Km*I/Ki_I + Km + S)"),
    "uncompetitive": (["C", "CI"], ("C + I <-> CI @ k3, k_3",), "Vmax*S/(I*S/Ki_I + Km + S)"),
    "noncompetitive": (
        ["C", "EI", "CI"], ("E + I <-> EI @ k3, k_3", "C + I <-> CI @ k3, k_3"),
        "Vmax*S/(Km*I/Ki_I + I*S/Ki_I + Km + S)",
    ),
    "by substrate": (["C", "CS"], ("C + S <-> CS @ k3, k_3",), "Vmax*S/(S^2/Ki_S + Km + S)"),
}  # fmt: skip


def law_of(net: Network, fast: list[str], label: str = "P") -> tuple[str, dict[str, sp.Expr]]:
    system = with_named_constants(reductions.standard(net, fast))
    states = {s.symbol for s in system.states}
    written = text(dict(system.equations())[label], states)
    return written, {s.name: e for s, e in system.definitions if s.name not in ("E", "C", "EI", "CI", "CS")}


def test_michaelis_menten() -> None:
    written, constants = law_of(rx.parse(MICHAELIS_MENTEN), ["C"])
    kf, kr, kcat, E0 = names("kf kr kcat E_total")
    assert written == "Vmax*S/(Km + S)"
    assert constants == {"Vmax": E0 * kcat, "Km": (kr + kcat) / kf}


@pytest.mark.parametrize("case", CASES)
def test_inhibitors(case: str) -> None:
    fast, lines, law = CASES[case]
    written, constants = law_of(model(*BASE, *lines, **SPECIES), fast)
    k1, k_1, k2, k3, k_3, E0 = names("k1 k_1 k2 k3 k_3 E_total")
    assert written == law
    ki = "Ki_S" if case == "by substrate" else "Ki_I"
    expected = {"Vmax": E0 * k2, "Km": (k_1 + k2) / k1, ki: k_3 / k3}
    assert constants.keys() == expected.keys()
    assert all(agree(constants[name], value) for name, value in expected.items())


def test_two_substrates() -> None:
    net = model(
        "a: E + A <-> EA @ k1, k_1", "b: EA + B <-> EAB @ k2, k_2", "p: EAB -> EQ + P @ k3", "q: EQ -> E + Q @ k4",
        species="A = 1, B = 1, P, Q, E = 1, EA, EAB, EQ", constants="k1 k_1 k2 k_2 k3 k4",
    )  # fmt: skip
    written, constants = law_of(net, ["EA", "EAB", "EQ"])
    k1, k_1, k2, k_2, k3, k4, E0 = names("k1 k_1 k2 k_2 k3 k4 E_total")
    assert written == "Vmax*A*B/(A*B + Km_B*A + Km_A*B + Ki_A*Km_B)"
    assert agree(constants["Vmax"], k3 * k4 * E0 / (k3 + k4)) and agree(constants["Ki_A"], k_1 / k1)
    assert agree(constants["Km_B"], k4 * (k_2 + k3) / (k2 * (k3 + k4)))


def test_reversible_law_runs_forward_from_the_first_species() -> None:
    net = model(
        "bind: S + E <-> C @ k1, k_1", "convert: C <-> E + P @ k2, k_2",
        species="S = 1, P, E = 1, C", constants="k1 k_1 k2 k_2",
    )  # fmt: skip
    written, constants = law_of(net, ["C"])
    assert written == "(Vf*S/K_S - Vr*P/K_P)/(1 + P/K_P + S/K_S)"
    k1, k_1, k2, k_2, E0 = names("k1 k_1 k2 k_2 E_total")
    assert constants["Vf"] == E0 * k2 and constants["Vr"] == E0 * k_1
    haldane = constants["Vf"] * constants["K_P"] / (constants["Vr"] * constants["K_S"])
    assert agree(haldane, k1 * k2 / (k_1 * k_2))


def test_naming_changes_no_number() -> None:
    found = reductions.standard(rx.parse(MICHAELIS_MENTEN), ["C"])
    point, other = {"S": 3, "P": 1}, {"kf": 2, "E_total": "no"}
    del other["E_total"]
    assert with_named_constants(found).evaluate(point, other) == found.system.evaluate(point, other)


def test_names_that_are_taken_and_laws_that_are_none() -> None:
    x, a, b = names("x a b")
    law = named_constants(a * x / (b + x), [x], ["Vmax"])
    assert [s.name for s, _ in law.constants] == ["Vmax_", "Km"]
    for other in (a * x, a * sp.exp(x) / (b + x), sp.sqrt(x)):
        assert named_constants(other, [x]).formula == other
    assert named_constants(symbol("a") * x / (1 + x), [x]).formula.free_symbols == {x, symbol("Vmax")}
