"""How much slow species change while the fast ones relax: what is bound through chains of complexes too."""

import numpy as np
import pytest

import rxncompile as rx
from rxncompile.derivations import reductions

UNCOMPETITIVE = """
param f = 10, r = 1, c = 2, g = 3, h = 0.4
species S = 1, P = 0, I = 0.5, E = 0.01, ES = 0, ESI = 0
S + E <-> ES @ f, r
ES -> E + P @ c
ES + I <-> ESI @ g, h
"""
PING_PONG = """
param a = 10, b = 1, c = 2, d = 3, e = 4, f = 5
species A = 1, B = 2, P = 0, Q = 0, E = 0.01, X = 0, F = 0, Y = 0
A + E <-> X @ a, b
X -> F + P @ c
F + B <-> Y @ d, e
Y -> E + Q @ f
"""
# its fast reactions with the slow species held, what is used of B counted
HELD = """
param a = 10, b = 1, c = 2, d = 3, e = 4, f = 5
species E = 0.01, X = 0, F = 0, Y = 0, used = 0
E -> X @ a
X -> E @ b
X -> F @ c
F -> Y + used @ 2*d
Y -> F @ e
used' = -e*Y
Y -> E @ f
"""
TWO_ENZYMES = """
param a = 100, b = 1, c = 1, d = 1, e = 1, f = 0.9
species W = 1, Wp = 0, K = 0.01, WK = 0, H = 0.01, WpH = 0
W + K <-> WK @ a, b
WK -> K + Wp @ c
Wp + H <-> WpH @ d, e
WpH -> H + W @ f
"""


def epsilon(text: str, fast: list[str], form: object = reductions.standard) -> dict[str, float]:
    found = form(rx.parse(text), fast).validity  # type: ignore[operator]
    assert found is not None
    return dict(found.epsilon)


def test_an_inhibitor_of_the_complex() -> None:
    """It is not bound at the start, nor in the end: what has been bound of it by then is ESI, 1.5 % of it."""
    Km, Ki, E0, S, inhibitor = 0.3, 0.4 / 3.0, 0.01, 1.0, 0.5
    bound = E0 * S / Km * inhibitor / Ki / (1.0 + S / Km * (1.0 + inhibitor / Ki))
    found = epsilon(UNCOMPETITIVE, ["ES", "ESI"])
    assert found["I"] == pytest.approx(bound / inhibitor, rel=1e-9)
    assert 0.01 < found["S"] < 0.03


def test_a_second_substrate() -> None:
    """Against the relaxation itself, integrated: B used beyond the steady turnover, or that with t_fast of it."""
    found = reductions.standard(rx.parse(PING_PONG), ["X", "F", "Y"])
    assert found.validity is not None
    path = rx.integrate(rx.rate_equations(rx.parse(HELD)), np.array([0.0, 10.0, 11.0]), rtol=1e-11, atol=1e-15)
    speed = path["used"][2] - path["used"][1]
    bound = path["used"][1] - 10.0 * speed
    expected = max(abs(bound + speed * found.validity.time), abs(bound)) / 2.0
    assert expected > 1e-4
    assert dict(found.validity.epsilon)["B"] == pytest.approx(expected, rel=1e-6)


def test_a_slow_enzyme_beside_a_quick_one() -> None:
    """W is bound by K within 1/(a + b + c); that H takes 50 times longer does not make K bind more of it."""
    found = reductions.standard(rx.parse(TWO_ENZYMES), ["WK", "WpH"])
    assert found.validity is not None
    a, b, c, K0 = 100.0, 1.0, 1.0, 0.01
    rate, speed = a + b + c, c * K0 * a / (a + b + c)
    bound = (K0 * a - speed) / rate
    assert found.validity.time == pytest.approx(1.0 / 1.9, rel=1e-9)
    assert dict(found.validity.epsilon)["W"] == pytest.approx(bound + speed / 1.9, rel=1e-9)


def test_partial_equilibrium_says_what_is_bound() -> None:
    """Michaelis and Menten's equilibrium leaves out the bound substrate, E0/(S0 + K) of it where nothing is turned."""
    text = (
        "param k = 10, r = 1, c = 1e-9\nspecies S = 3, E = 0.7, C = 0, P = 0\nbind: S + E <-> C @ k, r\nC -> E + P @ c"
    )
    found = reductions.equilibrium(rx.parse(text), ["bind"], ["C"]).validity
    assert found is not None
    assert dict(found.epsilon)["S"] == pytest.approx(0.7 / (3.0 + 0.1), rel=1e-6)


def test_what_speeds_up_by_two_fast_molecules() -> None:
    """x = (1 - exp(-2 t))/2 as X comes to rest: the loss k S x^2 has then lagged by 3 k S/16; to 1e-3, a quadrature."""
    text = "param k = 0.1\nspecies S = 2, X = 0\n0 -> X @ 1\nX -> 0 @ 2\nlose: S -> 0 rate k*S*X^2"
    assert epsilon(text, ["X"])["S"] == pytest.approx(3.0 * 0.1 / 16.0, rel=1e-3)
