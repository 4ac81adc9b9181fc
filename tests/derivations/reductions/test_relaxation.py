"""What is fast with what: the free enzyme or gene beside its complexes, each by the sums that hold these."""

import pytest
from mechanisms import agree, equation, names

import rxncompile as rx
from rxncompile.derivations import reductions

GOLDBETER_KOSHLAND = """
param a = 100, b = 1, c = 1, d = 100, e = 1, f = 0.9
species W = 1, Wp = 0, K = 0.01, WK = 0, H = 0.01, WpH = 0
modify: W + K <-> WK @ a, b
WK -> K + Wp @ c
restore: Wp + H <-> WpH @ d, e
WpH -> H + W @ f
"""
TOGGLE = """
param kon = 50, kof = 40, make = 1, lose = 0.05
species U = 0.1, V = 2, g = 1, gV = 0, gVV = 0, h = 1, hU = 0, hUU = 0
g + V <-> gV @ kon, kof
gV + V <-> gVV @ kon, kof
h + U <-> hU @ kon, kof
hU + U <-> hUU @ kon, kof
g -> g + U @ make
h -> h + V @ make
U -> 0 @ lose
V -> 0 @ lose
"""


@pytest.mark.parametrize("start", ["H = 0.01", "H = 0.012", "H = 3"])
def test_two_enzymes_in_whatever_amounts(start: str) -> None:
    """Goldbeter and Koshland 1981: each enzyme has its own law, in equal amounts too."""
    K0, H0, a, b, c, d, e, f, W, Wp = names("K_total H_total a b c d e f W Wp")
    system = rx.qssa(rx.parse(GOLDBETER_KOSHLAND.replace("H = 0.01", start)), ["WK", "WpH"])
    law = d * f * H0 * Wp / (d * Wp + e + f) - a * c * K0 * W / (a * W + b + c)
    assert agree(equation(system, "W"), law) and agree(equation(system, "Wp"), -law)


def test_two_promoters_alike() -> None:
    """A symmetric toggle switch: either gene is shut off by the other's protein, twice bound."""
    g0, h0, kon, kof, make, lose, U, V = names("g_total h_total kon kof make lose U V")
    found = reductions.standard(rx.parse(TOGGLE), ["gV", "gVV", "hU", "hUU"])
    x, y = kon * V / kof, kon * U / kof
    assert agree(equation(found.system, "U"), make * g0 / (1 + x + x**2) - lose * U)
    assert agree(equation(found.system, "V"), make * h0 / (1 + y + y**2) - lose * V)
    assert [s.name for s in found.fast] == ["g", "gV", "gVV", "h", "hU", "hUU"]


def test_alike_beside_another_pair() -> None:
    """A or B is not known, as there is as much of both; that H is scarcer than Y decides H alone."""
    text = """
    species A = 1, B = 1, AB = 0, Y = 2, H = 0.1, YH = 0, X = 0
    A + B <-> AB @ 2, 1
    Y + H <-> YH @ 2, 1
    AB -> AB + X @ 1
    YH -> H + X @ 1
    """
    with pytest.raises(rx.RxnError) as caught:
        reductions.standard(rx.parse(text), ["AB", "YH"])
    assert "AB is made of A or B alike" in caught.value.message
    found = reductions.standard(rx.parse(text), ["AB", "YH", "B"])
    assert [s.name for s in found.fast] == ["B", "AB", "H", "YH"]
