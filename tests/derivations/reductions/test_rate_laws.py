"""Rate laws of the textbooks, from their mechanisms and the names of what is fast; compared as functions, exactly.

Sources: Cornish-Bowden, Fundamentals of Enzyme Kinetics; Cleland 1963; Murray, Mathematical Biology, ch. 6;
Adair 1925; Monod, Wyman and Changeux 1965; Li and Rinzel 1994.
"""

import pytest
import sympy as sp
from conftest import ROOT
from mechanisms import MICHAELIS_MENTEN, agree, equation, model, names

import rxncompile as rx
from rxncompile.derivations import reductions
from rxncompile.expressions import symbol


def test_michaelis_menten_standard() -> None:
    kf, kr, kcat, E0, S = names("kf kr kcat E_total S")
    system = rx.qssa(rx.parse(MICHAELIS_MENTEN), fast=["C"])
    law = kcat * E0 * S / ((kr + kcat) / kf + S)
    assert agree(equation(system, "P"), law)
    assert agree(equation(system, "S"), -law)
    assert agree(equation(system, "C"), E0 * S / ((kr + kcat) / kf + S))
    assert agree(equation(system, "E") + equation(system, "C"), E0)


def test_michaelis_menten_rapid() -> None:
    kf, kr, kcat, E0, S = names("kf kr kcat E_total S")
    system = rx.rapid_equilibrium(rx.parse(MICHAELIS_MENTEN), reactions=["bind"], fast=["C"])
    assert agree(equation(system, "P"), kcat * E0 * S / (kr / kf + S))


def test_michaelis_menten_total() -> None:
    kf, kr, kcat, E0, T = names("kf kr kcat E_total S_total")
    system = rx.total_qssa(rx.parse(MICHAELIS_MENTEN), fast=["C"])
    C = equation(system, "C")
    a = E0 + T + (kr + kcat) / kf
    # the smaller root of C^2 - a C + E0 T: a root by substitution, the smaller one by numbers
    assert sp.expand(sp.radsimp(C**2 - a * C + E0 * T).xreplace({})).equals(0)
    point = {kf: 10, kr: 1, kcat: 1, E0: sp.Rational(1, 10), T: 5}
    assert abs(float(C.xreplace(point)) - float(((a - sp.sqrt(a**2 - 4 * E0 * T)) / 2).xreplace(point))) < 1e-15
    first = rx.total_qssa(rx.parse(MICHAELIS_MENTEN), fast=["C"], approximate=True)
    assert agree(equation(first, "P"), kcat * E0 * T / a)


def test_reversible_michaelis_menten_with_haldane() -> None:
    net = model(
        "bind: S + E <-> C @ k1, k_1", "convert: C <-> E + P @ k2, k_2",
        species="S = 1, P, E = 1, C", constants="k1 k_1 k2 k_2",
    )  # fmt: skip
    k1, k_1, k2, k_2, E0, S, P = names("k1 k_1 k2 k_2 E_total S P")
    Ks, Kp, Vf, Vr = (k_1 + k2) / k1, (k_1 + k2) / k_2, k2 * E0, k_1 * E0
    law = (Vf * S / Ks - Vr * P / Kp) / (1 + S / Ks + P / Kp)
    system = rx.qssa(net, fast=["C"])
    assert agree(equation(system, "P"), law) and agree(equation(system, "S"), -law)
    assert agree(Vf * Kp / (Vr * Ks), k1 * k2 / (k_1 * k_2))  # Haldane: the equilibrium constant
    rest = law.xreplace({P: S * Vf * Kp / (Vr * Ks)})
    assert agree(rest, sp.S.Zero)


INHIBITED = {
    "competitive": ("E + I <-> EI @ k3, k_3",),
    "uncompetitive": ("C + I <-> CI @ k3, k_3",),
    "noncompetitive": ("E + I <-> EI @ k3, k_3", "C + I <-> CI @ k3, k_3"),
}


@pytest.mark.parametrize("kind", INHIBITED)
def test_inhibition(kind: str) -> None:
    net = model(
        "bind: S + E <-> C @ k1, k_1", "convert: C -> E + P @ k2", *INHIBITED[kind],
        species="S = 1, I = 1, P, E = 1, C, EI, CI", constants="k1 k_1 k2 k3 k_3",
    )  # fmt: skip
    k1, k_1, k2, k3, k_3, E0, S, I = names("k1 k_1 k2 k3 k_3 E_total S I")  # noqa: E741
    Km, Ki, Vmax = (k_1 + k2) / k1, k_3 / k3, k2 * E0
    alpha = 1 + I / Ki
    laws = {
        "competitive": Vmax * S / (Km * alpha + S),
        "uncompetitive": Vmax * S / (Km + alpha * S),
        "noncompetitive": Vmax * S / (alpha * (Km + S)),
    }
    bound = {"competitive": ["C", "EI"], "uncompetitive": ["C", "CI"], "noncompetitive": ["C", "EI", "CI"]}
    system = rx.qssa(net, fast=bound[kind])
    assert agree(equation(system, "P"), laws[kind])


def test_noncompetitive_inhibition_by_random_binding_at_rapid_equilibrium() -> None:
    net = model(
        "a: S + E <-> C @ k1, k_1", "b: E + I <-> EI @ k3, k_3", "c: C + I <-> CI @ k3, k_3",
        "d: EI + S <-> CI @ k1, k_1", "convert: C -> E + P @ k2",
        species="S = 1, I = 1, P, E = 1, C, EI, CI", constants="k1 k_1 k2 k3 k_3",
    )  # fmt: skip
    k1, k_1, k2, k3, k_3, E0, S, I = names("k1 k_1 k2 k3 k_3 E_total S I")  # noqa: E741
    system = rx.rapid_equilibrium(net, reactions=["a", "b", "c", "d"], fast=["E", "C", "EI", "CI"])
    assert agree(equation(system, "P"), k2 * E0 * S / ((1 + I * k3 / k_3) * (k_1 / k1 + S)))


def test_substrate_inhibition() -> None:
    net = model(
        "bind: S + E <-> C @ k1, k_1", "convert: C -> E + P @ k2", "block: C + S <-> CS @ k3, k_3",
        species="S = 1, P, E = 1, C, CS", constants="k1 k_1 k2 k3 k_3",
    )  # fmt: skip
    k1, k_1, k2, k3, k_3, E0, S = names("k1 k_1 k2 k3 k_3 E_total S")
    system = rx.qssa(net, fast=["C", "CS"])
    assert agree(equation(system, "P"), k2 * E0 * S / ((k_1 + k2) / k1 + S + S**2 * k3 / k_3))


def test_two_catalytic_sites() -> None:
    net = model(
        "bind: S + E <-> C @ k1, k_1", "convert: C -> E + P @ k2",
        "bind2: C + S <-> CS @ k3, k_3", "convert2: CS -> C + P @ k4",
        species="S = 1, P, E = 1, C, CS", constants="k1 k_1 k2 k3 k_3 k4",
    )  # fmt: skip
    k1, k_1, k2, k3, k_3, k4, E0, S = names("k1 k_1 k2 k3 k_3 k4 E_total S")
    K1, K2 = (k_1 + k2) / k1, (k_3 + k4) / k3
    system = rx.qssa(net, fast=["C", "CS"])
    assert agree(equation(system, "P"), E0 * S * (k2 * K2 + k4 * S) / (K1 * K2 + K2 * S + S**2))


def test_ordered_bi_bi() -> None:
    net = model(
        "a: E + A <-> EA @ k1, k_1", "b: EA + B <-> EAB @ k2, k_2", "p: EAB <-> EQ + P @ k3, k_3",
        "q: EQ <-> E + Q @ k4, k_4",
        species="A = 1, B = 1, P, Q, E = 1, EA, EAB, EQ", constants="k1 k_1 k2 k_2 k3 k_3 k4 k_4",
    )  # fmt: skip
    k1, k_1, k2, k_2, k3, k_3, k4, k_4, E0, A, B, P, Q = names("k1 k_1 k2 k_2 k3 k_3 k4 k_4 E_total A B P Q")
    V1, V2 = k3 * k4 * E0 / (k3 + k4), k_1 * k_2 * E0 / (k_1 + k_2)
    Ka, Kb = k3 * k4 / (k1 * (k3 + k4)), k4 * (k_2 + k3) / (k2 * (k3 + k4))
    Kp, Kq = k_1 * (k_2 + k3) / (k_3 * (k_1 + k_2)), k_1 * k_2 / (k_4 * (k_1 + k_2))
    Kia, Kib, Kip, Kiq = k_1 / k1, (k_1 + k_2) / k2, (k3 + k4) / k_3, k4 / k_4
    Keq = k1 * k2 * k3 * k4 / (k_1 * k_2 * k_3 * k_4)
    below = (
        V2 * (Kia * Kb + Kb * A + Ka * B + A * B) + V1 * (Kq * P + Kp * Q + P * Q) / Keq
        + V1 * Kq * A * P / (Kia * Keq) + V2 * Ka * B * Q / Kiq + V2 * A * B * P / Kip + V1 * B * P * Q / (Kib * Keq)
    )  # fmt: skip
    system = rx.qssa(net, fast=["EA", "EAB", "EQ"])
    assert agree(equation(system, "P"), V1 * V2 * (A * B - P * Q / Keq) / below)


def test_ping_pong_bi_bi() -> None:
    net = model(
        "a: E + A <-> EA @ k1, k_1", "p: EA <-> F + P @ k2, k_2", "b: F + B <-> FB @ k3, k_3",
        "q: FB <-> E + Q @ k4, k_4",
        species="A = 1, B = 1, P, Q, E = 1, EA, F, FB", constants="k1 k_1 k2 k_2 k3 k_3 k4 k_4",
    )  # fmt: skip
    k1, k_1, k2, k_2, k3, k_3, k4, k_4, E0, A, B, P, Q = names("k1 k_1 k2 k_2 k3 k_3 k4 k_4 E_total A B P Q")
    V1, V2 = k2 * k4 * E0 / (k2 + k4), k_1 * k_3 * E0 / (k_1 + k_3)
    Ka, Kb = k4 * (k_1 + k2) / (k1 * (k2 + k4)), k2 * (k_3 + k4) / (k3 * (k2 + k4))
    Kp, Kq = k_3 * (k_1 + k2) / (k_2 * (k_1 + k_3)), k_1 * (k_3 + k4) / (k_4 * (k_1 + k_3))
    Kia, Kiq, Keq = k_1 / k1, k4 / k_4, k1 * k2 * k3 * k4 / (k_1 * k_2 * k_3 * k_4)
    below = (
        V2 * (Kb * A + Ka * B + A * B) + V1 * (Kq * P + Kp * Q + P * Q) / Keq
        + V1 * Kq * A * P / (Kia * Keq) + V2 * Ka * B * Q / Kiq
    )  # fmt: skip
    system = rx.qssa(net, fast=["EA", "F", "FB"])
    assert agree(equation(system, "P"), V1 * V2 * (A * B - P * Q / Keq) / below)


def test_allosteric_activation() -> None:
    net = model(
        "activate: E + A <-> EA @ k3, k_3", "bind: EA + S <-> C @ k1, k_1", "convert: C -> EA + P @ k2",
        species="S = 1, A = 1, P, E = 0.1, EA, C", constants="k1 k_1 k2 k3 k_3",
    )  # fmt: skip
    k1, k_1, k2, k3, k_3, E0, S, A = names("k1 k_1 k2 k3 k_3 E_total S A")
    system = rx.qssa(net, fast=["EA", "C"])
    assert agree(equation(system, "P"), k2 * E0 * S / ((k_1 + k2) / k1 * (1 + k_3 / (k3 * A)) + S))


def test_adair() -> None:
    lines = [f"M[{i}] + X <-> M[{i + 1}] @ on{i}, off{i}" for i in range(4)]
    constants = " ".join(f"on{i} off{i}" for i in range(4))
    net = model(
        *lines, "observable Y = (M[1] + 2*M[2] + 3*M[3] + 4*M[4])/4/sum(M[*])", species="X = 1, M[0..4] = 1",
        constants=constants,
    )  # fmt: skip
    found = reductions.equilibrium(net, fast=["M"])
    X, ratio = symbol("X"), [symbol(f"on{i}") / symbol(f"off{i}") for i in range(4)]
    K1, K2, K3, K4 = ratio[0], ratio[0] * ratio[1], sp.Mul(*ratio[:3]), sp.Mul(*ratio)
    Y = (K1 * X + 2 * K2 * X**2 + 3 * K3 * X**3 + 4 * K4 * X**4) / (
        4 * (1 + K1 * X + K2 * X**2 + K3 * X**3 + K4 * X**4)
    )
    assert agree(equation(found.system, "Y"), Y)


def test_monod_wyman_changeux() -> None:
    """n = 4 sites; the tense form binds with c times the constant, L tense for a relaxed one."""
    n = 4
    lines = [f"R[{i}] + X <-> R[{i + 1}] @ {n - i}*k, {i + 1}*k*K" for i in range(n)]
    lines += [f"T[{i}] + X <-> T[{i + 1}] @ {n - i}*q, {i + 1}*q*K/c" for i in range(n)]
    net = model(
        *lines, "R[0] <-> T[0] @ r*L, r", species=f"X = 1, R[0..{n}] = 1, T[0..{n}] = 1", constants="k q K c r L"
    )
    found = reductions.equilibrium(net, fast=["R", "T"])
    K, c, L, X = names("K c L X")
    alpha = X / K
    bound = sum(i * (equation(found.system, f"R[{i}]") + equation(found.system, f"T[{i}]")) for i in range(n + 1))
    total = symbol("R_0_total")
    Y = (alpha * (1 + alpha) ** (n - 1) + L * c * alpha * (1 + c * alpha) ** (n - 1)) / (
        (1 + alpha) ** n + L * (1 + c * alpha) ** n
    )
    assert agree(bound / n / total, Y)
    relaxed = sum(equation(found.system, f"R[{i}]") for i in range(n + 1)) / total
    assert agree(relaxed, (1 + alpha) ** n / ((1 + alpha) ** n + L * (1 + c * alpha) ** n))


def test_gate_of_the_calcium_receptor() -> None:
    """dh/dt = -h c (a2 p + a4 d1)/(p + d1) + (1 - h)(a2 d2 p + a4 d4 d3)/(p + d3), and Li and Rinzel's of it."""
    net = rx.load(ROOT / "models" / "calcium.rxn")
    found = reductions.equilibrium(net, reactions=["ip3a", "ip3b", "act"], fast=["S[*,*,*]"])
    pools = {t.name.name: t for t in found.totals}
    assert {s.name for s in pools["S_0_0_0_total"].weights} == {f"S[{i},{a},0]" for i in (0, 1) for a in (0, 1)}
    free, shut = symbol("S_0_0_0_total"), symbol("S_0_0_1_total")
    c, p, a2, a4, d1, d2, d3, d4, all_of = names("Ca IP3 a2 a4 d1 d2 d3 d4 receptors")
    h = symbol("h")
    with_h = {free: h * all_of, shut: (1 - h) * all_of}
    gate = equation(found.system, free.name).xreplace(with_h) / all_of
    law = -h * c * (a2 * p + a4 * d1) / (p + d1) + (1 - h) * (a2 * d2 * p + a4 * d4 * d3) / (p + d3)
    assert agree(gate, law)
    assert agree(equation(found.system, shut.name).xreplace(with_h) / all_of, -law)
    rinzel = {a4: a2, d4: d1 * d2 / d3}
    li = a2 * (d2 * (p + d1) / (p + d3) * (1 - h) - h * c)
    assert agree(law.xreplace(rinzel), li)
