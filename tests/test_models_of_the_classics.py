"""The field's classics in models/: one exact fact of each, from outside the program."""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.optimize import brentq
from scipy.special import lambertw, roots_jacobi
from scipy.stats import poisson
from zoo import model, number, relaxed

import rxncompile as rx
from rxncompile.expressions import symbol
from rxncompile.simulators.master.long_run import first_passage_by
from rxncompile.structure.scales import Mode

Polynomial = np.polynomial.Polynomial


def positive_roots(polynomial: np.polynomial.Polynomial) -> list[float]:
    """Real roots above zero, the smallest first."""
    return sorted(float(r.real) for r in polynomial.roots() if abs(r.imag) < 1e-9 * abs(r) and r.real > 0)


def product_form(births: Callable[[int], float], deaths: Callable[[int], float], most: int) -> np.ndarray:
    """The stationary distribution of a birth-death process: p(n + 1)/p(n) = birth(n)/death(n + 1)."""
    steps = [math.log(births(n)) - math.log(deaths(n + 1)) for n in range(most)]
    logs = np.concatenate([[0.0], np.cumsum(steps)])
    p = np.exp(logs - logs.max())
    return p / p.sum()


def assert_kept(name: str, species: str, expected: np.ndarray, **values: object) -> None:
    """The stationary distribution of one species is `expected` (by number of molecules)."""
    found = rx.stationary(rx.jump_process(model(name, **values)))
    n, p = found.marginal(species)
    mine = np.zeros(len(expected))
    inside = n < len(expected)
    mine[n[inside].astype(int)] = p[inside]
    np.testing.assert_allclose(mine, expected, atol=1e-9)  # the solve is asked for 1e-10
    assert float(p[~inside].sum()) < 1e-9


def fastest_growing(name: str, **values: object) -> Mode:
    return max(rx.time_scales(model(name, **values)).modes, key=lambda m: m.rate)


# ---------------------------------------------------------------------------------------------- enzymes


def test_michaelis_menten_of_a_single_enzyme() -> None:
    """One enzyme and one substrate in V: mean time to the product (k_1 + k2 + k1/V)/(k2 k1/V) (Kou et al. 2005)."""
    net = model("michaelis_menten", E=1 / 600, S=1 / 600)
    bind, unbind, turn = 1 / 600, 0.06, 0.6
    passage = rx.first_passage(rx.jump_process(net), symbol("P") > 0)
    assert passage.mean_time == pytest.approx((bind + unbind + turn) / (bind * turn), rel=1e-9)


def test_inhibitors_progress_curves() -> None:
    """S(t) = K W(S0/K exp((S0 - v t)/K)) with the apparent K and v of each inhibition (Schnell and Mendoza 1997)."""
    net = model("inhibitors")
    v, km, alpha, s0 = 1.0, 20.0, 1 + 10 / 5, 100.0
    t = np.linspace(0.0, 300.0, 31)
    path = rx.integrate(rx.rate_equations(net), t, rtol=1e-10)
    apparent = [(km, v), (alpha * km, v), (km / alpha, v / alpha), (km, v / alpha)]
    for tube, (k, speed) in enumerate(apparent):
        exact = k * lambertw(s0 / k * np.exp((s0 - speed * t) / k)).real
        np.testing.assert_allclose(path[f"S[{tube}]"], exact, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("signal", [0.5, 0.9, 1.0, 1.1, 2.0])
def test_goldbeter_koshland_function(signal: float) -> None:
    """The stationary modified fraction is G(v1, v2, J1, J2) = 2 v1 J2/(B + sqrt(B^2 - 4 (v2 - v1) v1 J2))."""
    v1, v2, j = signal, 1.0, 0.01
    b = v2 - v1 + v2 * j + v1 * j
    g = 2 * v1 * j / (b + math.sqrt(b * b - 4 * (v2 - v1) * v1 * j))
    state = relaxed(rx.rate_equations(model("goldbeter_koshland", signal=signal)), 1e4)
    assert state["modified"] == pytest.approx(g, rel=1e-6)


def test_goldbeter_koshland_distribution() -> None:
    """One step up or down at a time: the product form, wide where the switch is balanced."""
    up = [1000 * 0.1 * (1000 - n) / (10 + 1000 - n) for n in range(1000)]
    down = [1000 * 0.1 * n / (10 + n) for n in range(1, 1001)]
    expected = product_form(up.__getitem__, lambda n: down[n - 1], 1000)
    assert_kept("goldbeter_koshland", "Wp", expected, signal=1)
    begins = rx.rate_equations(model("goldbeter_koshland")).evaluate({"W": 1000, "Wp": 0})["Wp"]
    assert float(begins) == pytest.approx(1.1 * 100 * 1000 / 1010)


def test_futile_cycle_rare_event() -> None:
    """P falls to 25 before t = 100 with probability 1.738e-7 (Kuwahara, Mura 2008), here by a dense exponential too."""
    net = model("futile_cycle", S=50, P=50)
    reached, _ = first_passage_by(rx.jump_process(net), symbol("P") <= 25, [0.0, 100.0], error=1e-12)
    index = {}
    for bound in [(0, 0), (0, 1), (1, 0), (1, 1)]:
        for p in range(25, 101 - sum(bound)):
            index[(*bound, p)] = len(index)
    a = np.zeros((len(index), len(index)))
    for (ks, fp, p), here in index.items():
        if p == 25:
            continue
        s = 100 - p - ks - fp
        moves = [
            (ks, fp + 1, p - 1, p * (1 - fp)), (ks, fp - 1, p + 1, fp), (ks, fp - 1, p, 0.1 * fp),
            (ks + 1, fp, p, s * (1 - ks)), (ks - 1, fp, p, ks), (ks - 1, fp, p + 1, 0.1 * ks),
        ]  # fmt: skip
        for *there, rate in moves:
            if rate:
                a[index[tuple(there)], here] += rate
                a[here, here] -= rate
    p_at_100 = expm(100 * a)[:, index[0, 0, 50]]
    dense = sum(p_at_100[k] for (_, _, p), k in index.items() if p == 25)
    assert reached[1] == pytest.approx(dense, rel=1e-5)
    assert dense == pytest.approx(1.738e-7, rel=3e-4)  # the published digits


# ---------------------------------------------------------------------------------------------- oscillators


def test_brusselator_hopf_threshold() -> None:
    """At (A, B/A) the Jacobian has trace B - 1 - A^2 and determinant A^2: it turns unstable at B = 2."""
    for b, rate, values in ((3.0, 0.5, {}), (2.0, 0.0, {"B": 2}), (1.5, -0.25, {"B": 1.5})):
        (mode,) = rx.time_scales(model("brusselator", X=1, Y=b, **values)).modes
        assert mode.rate == pytest.approx(rate, abs=1e-12)
        assert mode.frequency == pytest.approx(math.sqrt(1 - rate**2))


def test_oregonator_is_the_test_problem_orego() -> None:
    """The published solution at tau = 360 (Hairer and Wanner; Test Set for IVP Solvers), Field and Noyes' numbers."""
    net = model("oregonator")
    k1, k2, k3, k4, a, b = (number(net, name) for name in ("k1", "k2", "k3", "k4", "A", "B"))
    clock = math.sqrt(k1 * k3 * a * b)
    assert math.sqrt(k3 * b / (k1 * a)) == pytest.approx(77.27, abs=5e-3)
    assert number(net, "k5") / clock == pytest.approx(0.1610, abs=5e-5)
    assert 2 * k1 * k4 * a / (k2 * k3 * b) == pytest.approx(8.375e-6)
    # the paper rounds s and w: constants that give the rounded ones exactly are set for the published solution
    k3 = k1 * 77.27**2
    clock = math.sqrt(k1 * k3 * a * b)
    values = {"k3": k3, "k4": 8.375e-6 * k2 * k3 / (2 * k1), "k5": 0.161 * clock}
    ode = rx.rate_equations(model("oregonator", **values))
    path = rx.integrate(ode, [0.0, 360.0 / clock], rtol=1e-11, atol=1e-22)
    end = path["X"][-1] * k2 / (k1 * a), path["Y"][-1] * k2 / (k3 * b), path["Z"][-1] * k2 * values["k5"] / clock**2
    published = 0.1000814870318523e1, 0.1228178521549917e4, 0.1320554942846706e3
    assert end == pytest.approx(published, rel=1e-5)


def test_repressilator_stability() -> None:
    """At the symmetric fixed point (a cubic root) of repression slope X < 0, (l + dm)(l + dp) = dm dp X w, w^3 = 1:
    unstable as (beta + 1)^2/beta < 3 X^2/(4 + 2 X) says (Elowitz and Leibler 2000, Box 1)."""
    dm, dp, make, leak = math.log(2) / 2, math.log(2) / 10, 30.0, 0.03
    gain = 20 / dp / 40  # fixed point: x = gain (leak + make/(1 + x^2)), p = 40 x
    (x,) = positive_roots(Polynomial([-gain * (leak + make), 1.0, -gain * leak, 1.0]))
    slope = -gain * make * 2 * x / (1 + x * x) ** 2
    beta = dp / dm
    assert (beta + 1) ** 2 / beta < 3 * slope**2 / (4 + 2 * slope)
    growing = max((np.roots([1.0, dm + dp, dm * dp * (1 - slope * w)]) for w in np.roots([1, 0, 0, -1])),
                  key=lambda r: r.real.max())  # fmt: skip
    level = {f"p[{i}]": 40 * x for i in (1, 2, 3)} | {f"m[{i}]": 40 * x * dp / (20 * dm) for i in (1, 2, 3)}
    slopes = rx.rate_equations(model("repressilator")).evaluate(level)
    assert [float(v) for v in slopes.values()] == pytest.approx([0.0] * 6, abs=1e-10)
    mode = fastest_growing("repressilator", **level)
    assert mode.rate == pytest.approx(growing.real.max(), rel=1e-6) and mode.rate > 0
    assert mode.frequency == pytest.approx(abs(growing[growing.real.argmax()].imag), rel=1e-6)


def test_p53_fixed_point_and_its_instability() -> None:
    """k1 - k2 p - k3 M p/(p + K) = 0 with M = k4 p/k6: a quadratic; there (l + k5)(l + k6)(l + u) + k4 k5 v = 0."""
    net = model("p53")
    k1, k2, k3, k4, k5, k6, k = 90.0, 0.002, 1.7, 1.1, 0.93, 0.96, 0.01
    (p,) = positive_roots(Polynomial([k1 * k, k1 - k2 * k, -k2 - k3 * k4 / k6]))
    mdm2, pre = k4 * p / k6, k4 * p / k5
    u, v = k2 + k3 * mdm2 * k / (p + k) ** 2, k3 * p / (p + k)
    roots = (Polynomial([k5, 1]) * Polynomial([k6, 1]) * Polynomial([u, 1]) + k4 * k5 * v).roots()
    mode = fastest_growing("p53", p53=p, preMdm2=pre, Mdm2=mdm2)
    assert mode.rate == pytest.approx(max(r.real for r in roots), rel=1e-8) and mode.rate > 0
    slopes = rx.rate_equations(net).evaluate({"p53": p, "preMdm2": pre, "Mdm2": mdm2})
    assert [float(x) for x in slopes.values()] == pytest.approx([0.0, 0.0, 0.0], abs=1e-10)


# ---------------------------------------------------------------------------------------------- switches


def test_schlogl_distribution_and_steady_states() -> None:
    """Detailed balance gives p(n) in product form; the rate equation is a cubic with three roots."""
    net = model("schlogl")
    c1, c2, c3, c4, a, b = 3e-7, 1e-4, 1e-3, 3.5, 1e5, 2e5
    expected = product_form(
        lambda n: c1 * a * n * (n - 1) / 2 + c3 * b, lambda n: c2 * n * (n - 1) * (n - 2) / 6 + c4 * n, 1200
    )
    assert_kept("schlogl", "X", expected)
    inside = expected[1:-1]
    assert list(1 + np.flatnonzero((inside > expected[:-2]) & (inside > expected[2:]))) == [82, 563]
    low, middle, high = positive_roots(Polynomial([c3 * b, -c4, c1 * a / 2, -c2 / 6]))
    ode = rx.rate_equations(net)
    assert relaxed(ode, 200.0, X=0.99 * middle)["X"] == pytest.approx(low, rel=1e-6)
    assert relaxed(ode, 200.0, X=1.01 * middle)["X"] == pytest.approx(high, rel=1e-6)


def test_toggle_switch_remembers_its_pulse() -> None:
    """Steady states are roots of v = a2/(1 + a1/(1 + v^b)): three without IPTG; the pulse leads from the first to
    the last."""
    net = model("toggle_switch")
    a1, a2, b = 156.25, 15.6, 2.5

    def excess(v: float) -> float:
        return a2 / (1 + a1 / (1 + v**b)) - v

    grid = np.linspace(0.0, 20.0, 2001)
    roots = [brentq(excess, a, z) for a, z in pairwise(grid) if excess(a) * excess(z) < 0]
    assert len(roots) == 3
    path = rx.integrate(rx.rate_equations(net), [0.0, 9.99, 19.99, 200.0], rtol=1e-10)
    assert path["v"][1] == pytest.approx(roots[0], rel=5e-3)  # within exp(-10) of its 150 at the start
    assert path["v"][3] == pytest.approx(roots[2], rel=1e-6)
    # late in the pulse u is what v leaves, and v what IPTG lets through
    u, v = path["u"][2], path["v"][2]
    assert v == pytest.approx(a2 / (1 + u / (1 + 1e-3 / 2.9618e-5) ** 2.0015), rel=1e-3)
    assert u == pytest.approx(a1 / (1 + v**b), abs=0.01)  # and what is left of its 150, exp(-10)
    slope = rx.rate_equations(net).evaluate({"u": 10, "v": 2, "IPTG": 1e-5})["v"]
    assert float(slope) == pytest.approx(a2 / (1 + 10 / (1 + 1 / 2.9618) ** 2.0015) - 2)


def test_lambda_switch_steady_states_and_distribution() -> None:
    """Three roots of a polynomial of degree 7; in numbers a birth-death process with a product form."""
    net = model("lambda_switch")
    m, alpha, s1, s2, gamma = 1.0, 11.0, 2.0, 0.08, 5.0
    made = m * Polynomial([1, 0, 1, 0, alpha * s1])
    free = Polynomial([1, 0, 1, 0, s1, 0, s1 * s2])
    roots = positive_roots(made - gamma * Polynomial([0, 1]) * free)
    assert len(roots) == 3
    ode = rx.rate_equations(net)
    assert relaxed(ode, 50.0, x=0.98 * roots[1])["x"] == pytest.approx(roots[0], rel=1e-6)
    assert relaxed(ode, 50.0, x=1.02 * roots[1])["x"] == pytest.approx(roots[2], rel=1e-6)
    size = 25.0
    births = [size * made(n / size) / free(n / size) for n in range(200)]
    assert_kept("lambda_switch", "x", product_form(births.__getitem__, lambda n: gamma * n, 200))


def test_mapk_cascade_is_as_steep_as_published() -> None:
    """Hill coefficients log 81/log(EC90/EC10) of 1.0, 1.7 and 4.9 (Huang and Ferrell 1996); seven totals are kept."""
    net = model("mapk")
    assert len(net.species) == 22
    start = {s.name: number(net, s.initial) for s in net.species if s.initial}
    assert start == {"KKK": 3e-3, "KK": 1.2, "K": 1.2, "E1": 3e-5, "E2": 3e-4, "KKase": 3e-4, "Kase": 0.12}
    assert (number(net, "d") + number(net, "k")) / number(net, "a") == pytest.approx(0.3)
    assert len(rx.conservation_laws(net)) == 7
    ode = rx.rate_equations(net)

    def level(label: str, log_input: float) -> float:
        return relaxed(ode, 1e5, E1=math.exp(log_input))[label]

    for label, published in (("KKKp", 1.0), ("KKpp", 1.7), ("Kpp", 4.9)):
        top = level(label, math.log(0.1))
        low, high = (
            brentq(lambda x: level(label, x) - share * top, math.log(1e-7), math.log(0.1), xtol=1e-3)  # noqa: B023
            for share in (0.1, 0.9)
        )
        assert math.log(81) / (high - low) == pytest.approx(published, abs=0.05)


# ---------------------------------------------------------------------------------------------- others


def test_robertson_published_solution() -> None:
    """At t = 40 (the example of LSODE) and 1e11 (Test Set for IVP Solvers), eleven decades."""
    path = rx.integrate(rx.rate_equations(model("robertson")), [0.0, 40.0, 1e11], rtol=1e-11, atol=1e-20)
    published = {"A": (0.7158270688, 0.2083340149701255e-7), "B": (9.185534765e-6, 0.8333360770334713e-13)}
    for label, (at_40, at_end) in published.items():
        assert path[label][1] == pytest.approx(at_40, rel=1e-7)
        assert path[label][2] == pytest.approx(at_end, rel=1e-5)
    assert path["C"][2] == pytest.approx(0.9999999791665050, rel=1e-12)


def test_sir_final_size() -> None:
    """ln(S_end/S_0) = -R0 (N - S_end)/N, solved by Lambert's W (Kermack and McKendrick 1927)."""
    net = model("sir")
    s0, r0 = 995.0, 2.5
    end = -lambertw(-r0 * s0 / 1000 * math.exp(-r0)).real / r0 * 1000
    assert relaxed(rx.rate_equations(net), 1e3)["S"] == pytest.approx(end, rel=1e-6)
    begins = rx.rate_equations(net).evaluate({"S": 995, "I": 5, "R": 0})["I"]
    assert float(begins) == pytest.approx(5 * 0.2 * (r0 * s0 / 1000 - 1))


def test_telegraph_distribution() -> None:
    """mRNA is Poisson with a beta-distributed mean: p(m) = E[Poisson(m; x ks/d)], x ~ Beta(k_on/d, k_off/d)
    (Peccoud and Ycart 1995), by Gauss-Jacobi quadrature."""
    on, off = 0.25 / 0.5, 1 / 0.5
    nodes, weights = roots_jacobi(300, off - 1, on - 1)
    means = (nodes + 1) / 2 * 100 / 0.5
    expected = poisson.pmf(np.arange(300)[:, None], means) @ (weights / weights.sum())
    assert_kept("telegraph", "M", expected)


def test_bursty_expression_noise() -> None:
    """<P> = a b and Fano factor 1 + b/(1 + 1/gamma) (Thattai and van Oudenaarden 2001); mRNA is Poisson."""
    net = model("bursty_expression")
    a, b, gamma = 20.0, 2.5, 10.0
    found = rx.stationary(rx.jump_process(net))
    assert found.mean_of("P")[0] == pytest.approx(a * b, rel=1e-7)
    assert found.sd_of("P")[0] ** 2 == pytest.approx(a * b * (1 + b / (1 + 1 / gamma)), rel=1e-6)
    assert found.sd_of("M")[0] ** 2 == pytest.approx(a / gamma, rel=1e-7)
