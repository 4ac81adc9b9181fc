"""Steady states: of rates, of linear noise (Lyapunov), of the next orders; and refused where there is no stable one."""

import numpy as np
import pytest

import rxncompile as rx
from rxncompile.derivations.inverse_omega import inverse_omega_squared
from rxncompile.derivations.linear_noise import linear_noise
from rxncompile.derivations.moments import moments
from rxncompile.errors import RxnError
from rxncompile.simulators.rate_equations.steady import steady_state

LOGISTIC = "compartment c = {V}\nspecies X : conc in c = 1\nX -> 2 X @ 2\n2 X -> X @ 1\n0 -> X @ 1\n"
DIMERS = """compartment c = {V}
species A : conc in c = 1, D : conc in c = 0
2 A <-> D @ 2, 1
0 -> A @ 2
D -> 0 @ 0.5
"""
EPIDEMIC = """compartment c = {V}
species S : conc in c = 1, I : conc in c = 1
S + I -> 2 I @ 1
I -> S @ 0.5
S -> I @ 0.2
"""
PAIRS = """compartment c = {V}
species A : conc in c = 3, B : conc in c = 1
2 A <-> B @ 1, 1
"""


def test_rates_of_dimers() -> None:
    found = steady_state(rx.rate_equations(rx.parse(DIMERS.replace("{V}", "1"))))
    assert found["D"] == pytest.approx(2.0, rel=1e-12)  # two A are fed for each that is lost
    assert found["A"] == pytest.approx(3.0**0.5, rel=1e-12)  # 2 A^2/2 = 1.5 D
    assert found.kept == 0
    assert (found.eigenvalues.real < 0).all()


def test_conserved_sums_keep_the_value_of_the_start() -> None:
    net = rx.parse("species A = 30, B = 2\nA <-> B @ 1, 3\n")
    found = steady_state(linear_noise(net))
    assert (found["A"], found["B"]) == pytest.approx((24.0, 8.0), rel=1e-12)
    for label, value in (("<A^2>_c", 6.0), ("<A*B>_c", -6.0), ("<B^2>_c", 6.0)):  # binomial: 32 * 3/4 * 1/4
        assert found[label] == pytest.approx(value, rel=1e-10)
    assert found.kept == 2


def test_linear_networks_are_exact() -> None:
    net = rx.parse("species Off = 1, On = 0, M = 0\nOff <-> On @ 0.25, 1\nOn -> On + M @ 100\nM -> 0 @ 0.5\n")
    noise, exact = steady_state(linear_noise(net)), steady_state(moments(net, 2))
    mean, spread = exact["<M>"], exact["<M^2>"] - exact["<M>"] ** 2
    assert noise["M"] == pytest.approx(mean, rel=1e-10)
    assert noise["<M^2>_c"] == pytest.approx(spread, rel=1e-8)
    assert mean == pytest.approx(40.0, rel=1e-10)


@pytest.mark.parametrize(
    ("text", "name", "sizes"), [(LOGISTIC, "X", (20, 40)), (EPIDEMIC, "I", (16, 32)), (PAIRS, "A", (16, 32))]
)
def test_errors_fall_as_the_expansion_says(text: str, name: str, sizes: tuple[int, int]) -> None:
    """Against the stationary distribution of the master equation: mean 1/V^2, covariance 1/V."""
    errors = []
    for volume in sizes:
        net = rx.parse(text.replace("{V}", str(volume)))
        exact = rx.stationary(rx.jump_process(net))
        mean, variance = float(exact.mean_of(name)[-1]), float(exact.sd_of(name)[-1]) ** 2
        ios, lna = steady_state(inverse_omega_squared(net)), steady_state(linear_noise(net, correction=True))
        errors.append([
            lna[f"<{name}>"] - mean, ios[f"<{name}>"] - mean,
            lna[f"<{name}^2>_c"] - variance, ios[f"<{name}^2>_c"] - variance,
        ])  # fmt: skip
    size = np.abs(np.array(errors))
    np.testing.assert_allclose(np.log2(size[0] / size[1]), [1.0, 2.0, 0.0, 1.0], atol=0.35)


def test_a_dimerisation_by_hand() -> None:
    """0 -> A, 2 A -> 0, whose noise is a formula: C = 3/4 of the mean."""
    found = steady_state(linear_noise(rx.parse("species A = 4\nparam k = 300\n0 -> A @ k\n2 A -> 0 @ 0.02\n")))
    assert found["A"] ** 2 == pytest.approx(300.0 / 0.02, rel=1e-12)
    assert found["<A^2>_c"] == pytest.approx(0.75 * found["A"], rel=1e-12)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("species X = 0\nX -> 2 X @ 1\n2 X -> 0 @ 0.01\n", "not stable"),
        ("species X = 10\nX -> 2 X @ 0.01\n", "derivative"),
        ("species X = 10\n2 X -> 0 @ 0.01\n", "nothing pulls it back"),
        ("species S = 99, I = 1, R = 0\nS + I -> 2 I @ 0.01\nI -> R @ 0.5\n", "nothing pulls it back"),
        ("species X = 1, Y = 1\n0 -> X @ 1\n2 X + Y -> 3 X @ 1 {powers}\nX -> Y @ 3\nX -> 0 @ 1\n", "evaluations"),
    ],
    ids=["unstable", "growth", "algebraic", "line of states", "cycle"],
)
def test_no_stable_steady_state(text: str, why: str) -> None:
    for make in (rx.rate_equations, linear_noise):
        with pytest.raises(RxnError, match=why) as raised:
            steady_state(make(rx.parse(text)))
        assert raised.value.diagnostics[0].code == "R616"


@pytest.mark.parametrize("line", ["0 -> X @ 1 + t", "at 3 : X = 5"])
def test_what_has_no_steady_state_of_its_own(line: str) -> None:
    with pytest.raises(RxnError, match="steady state of its own"):
        steady_state(rx.rate_equations(rx.parse(f"species X = 1\nX -> 0 @ 1\n{line}\n")))


def test_unknown_labels_are_refused() -> None:
    found = steady_state(rx.rate_equations(rx.parse("species X = 1\nX -> 0 @ 1\n0 -> X @ 2\n")), initial={"X": 50})
    assert found["X"] == pytest.approx(2.0, rel=1e-12)
    with pytest.raises(RxnError, match="no state or output"):
        found["Y"]
