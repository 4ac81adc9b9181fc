"""The systems of the four papers: one exact fact of each, from outside the program."""

import math

import numpy as np
import pytest
from scipy.linalg import null_space
from zoo import Bond, box, chain, model, number, relaxed, ring, site_by_site

import rxncompile as rx
from rxncompile.expressions import symbol, to_float
from rxncompile.network import Network
from rxncompile.system import as_expr


def test_galton_watson_dies_out_on_time() -> None:
    """From one: P(extinct by t) = kd (1 - e)/(kd - kb e), e = exp((kb - kd) t); lines of several are independent."""
    net = model("galton_watson")
    kb, kd, n0 = 1.0, 1.5, 10
    t = np.array([0.0, 0.5, 1.0, 3.0])
    found = rx.master_equation(rx.jump_process(net), t, error=1e-9)
    e = np.exp((kb - kd) * t)
    np.testing.assert_allclose(found.probability("A", 0, 0), (kd * (1 - e) / (kd - kb * e)) ** n0, atol=2e-9)
    # the mean time to extinction of one line is ln(kd/(kd - kb))/kb = ln 3
    one = rx.first_passage(rx.jump_process(net), symbol("A") < 1, initial={"A": 1})
    assert one.probability == pytest.approx(1.0, abs=1e-9)
    assert one.mean_time == pytest.approx(math.log(3.0), rel=1e-8)


def test_spcm_means_and_variance() -> None:
    """Yang et al. 2021, Eq. 13, solved by hand: A is a linear birth-death process, B is fed by it."""
    net = model("spcm")
    lam, r1, r2, gamma = 1.1, 0.0836, 0.0764, 0.31
    grow, t = (r1 - r2) * lam, np.array([0.0, 1.0, 5.0, 10.0])
    a = 10 * np.exp(grow * t)
    made = (2 * r2 + 1 - r1 - r2) * lam
    b = 10 * made / (grow + gamma) * (np.exp(grow * t) - np.exp(-gamma * t))
    ode = rx.integrate(rx.rate_equations(net), t)
    np.testing.assert_allclose(ode["A"], a, rtol=1e-7)  # the integrator's tolerance is 1e-9 a step
    np.testing.assert_allclose(ode["B"], b, rtol=1e-7)
    runs = 20_000
    sampled = rx.sample_statistics(rx.jump_process(net), t, runs=runs, seed=1)
    variance = a * (r1 + r2) / (r1 - r2) * np.expm1(grow * t)
    # 5 standard errors: false alarm below 1e-6 a number; of the variance, with the kurtosis of this clone below 4
    np.testing.assert_allclose(sampled.mean_of("A"), a, atol=5 * math.sqrt(variance[-1] / runs))
    np.testing.assert_allclose(sampled.sd_of("A") ** 2, variance, rtol=5 * math.sqrt(3.0 / runs), atol=1e-12)


def test_gene_autoregulation_at_the_equilibrium_of_binding() -> None:
    """Without translation all protein is kept: free P solves P + G_T (P/K1 + 2 P^2/(K1 K2))/Q = P_T, a cubic."""
    net = model("gene_autoregulation", ks=0, P=0.02)
    k1, k2 = 2.4 / 3, 6 / 9
    genes, protein = 0.03, 0.02 + 0.01 + 2 * 0.01
    q = np.polynomial.Polynomial([1, 1 / k1, 1 / (k1 * k2)])
    bound = genes * np.polynomial.Polynomial([0, 1 / k1, 2 / (k1 * k2)])
    roots = (np.polynomial.Polynomial([-protein, 1]) * q + bound).roots()
    (free,) = [r.real for r in roots if abs(r.imag) < 1e-12 and r.real > 0]
    state = relaxed(rx.rate_equations(net), 1e4)
    assert state["P"] == pytest.approx(free, rel=1e-7)
    assert state["GP2"] == pytest.approx(genes * free**2 / (k1 * k2) / q(free), rel=1e-7)


def test_calcium_rests_where_de_young_and_keizer_rest() -> None:
    """At 0.2 uM of free IP3, below the Hopf point at 0.367, receptors are where their binding keeps them, and the three
    fluxes cancel: (v1 x110^3 + v2)([Ca_ER] - c1 [Ca]) = v3 [Ca]^2/([Ca]^2 + k3^2), subunits by an 8 x 8 matrix."""
    net = model("calcium", IP3=0.2)
    assert sum(number(net, net.species_by_name[name].initial) for name in ("Ca", "Ca_er")) == 2.0  # c0
    state = relaxed(rx.rate_equations(net), 5e3)
    ca, er, ip3 = state["Ca"], state["Ca_er"], state["IP3"]
    x110 = _subunits(ca, ip3)[6]
    assert state["S[1,1,0]"] / 100 == pytest.approx(x110, rel=1e-6)
    out = (6 * x110**3 + 0.11) * (er - 0.185 * ca)
    assert out == pytest.approx(0.9 * ca**2 / (ca**2 + 0.1**2), rel=1e-6)


def _subunits(ca: float, ip3: float) -> np.ndarray:
    """The stationary fractions of S_ijk (index 4 i + 2 j + k), with b = a d, by linear algebra."""
    a, d = (400, 0.2, 400, 0.2, 20), (0.13, 1.049, 0.9434, 0.1445, 0.08234)
    rates = np.zeros((8, 8))

    def step(here: int, there: int, n: int, ligand: float) -> None:
        rates[there, here] += a[n - 1] * ligand
        rates[here, there] += a[n - 1] * d[n - 1]

    for m in (0, 1):
        step(2 * m, 4 + 2 * m, 1, ip3)
        step(2 * m + 1, 4 + 2 * m + 1, 3, ip3)
        step(4 + 2 * m, 4 + 2 * m + 1, 2, ca)
        step(2 * m, 2 * m + 1, 4, ca)
        for p in (0, 1):
            step(4 * p + m, 4 * p + 2 + m, 5, ca)
    kernel = null_space(rates - np.diag(rates.sum(axis=0)))[:, 0]
    return kernel / kernel.sum()


def test_lotka_volterra_circles_on_its_invariant() -> None:
    """e X - d ln X + e Y - b ln Y is kept, and small circles take 2 pi/sqrt(b d) (Volterra 1926)."""
    net = model("lotka_volterra")
    b, e, d = 1.0, 0.005, 0.6
    path = rx.integrate(rx.rate_equations(net), np.linspace(0.0, 50.0, 101))
    x, y = path["X"], path["Y"]
    kept = e * x - d * np.log(x) + e * y - b * np.log(y)
    np.testing.assert_allclose(kept, kept[0], rtol=1e-6)
    (mode,) = rx.time_scales(model("lotka_volterra", X=120, Y=200)).modes
    assert mode.rate == 0.0
    assert mode.period == pytest.approx(2 * math.pi / math.sqrt(b * d))


# ---------------------------------------------------------------------------------------------- lattices
# Lattice models are not simulated as such yet: they are written out site by site on a few sites, as ordinary networks.


def fill(net: Network, sites: int, seed: int) -> tuple[list[str], dict[str, int]]:
    """A random filling of the sites, as a list (an empty string where nobody is) and as a state."""
    species = [s.name for s in net.species]
    drawn = np.random.default_rng(seed).integers(0, len(species) + 1, sites)
    placed = [[*species, ""][k] for k in drawn]
    return placed, {f"{s}_{i}": int(placed[i] == s) for i in range(sites) for s in species}


def drift(net: Network, bonds: tuple[Bond, ...], state: dict[str, int]) -> dict[str, float]:
    """d/dt of the total of every species, exactly, from one filling."""
    slopes = rx.rate_equations(site_by_site(net, bonds)).evaluate(state)
    return {s.name: sum(to_float(v) for k, v in slopes.items() if k.startswith(f"{s.name}_")) for s in net.species}


def pairs(placed: list[str], bonds: tuple[Bond, ...], a: str, b: str) -> int:
    """Unordered neighbouring pairs of a and b."""
    return sum((placed[i], placed[j]) in {(a, b), (b, a)} for i, j in bonds)


@pytest.mark.parametrize("seed", range(3))
def test_annihilation_pairs_follow_the_corrected_equation_36(seed: int) -> None:
    """d NN/dt = 2 D NNN - 2 k triples - (k + 2 D) NN from every filling of a ring; the paper prints + (k - 2 D) NN."""
    net, sites = model("annihilation"), 8
    k, hop = number(net, "k"), number(net, "D")
    assert (k, hop, number(net, net.species[0].initial)) == (1.0, 50.0, 0.5)  # p/dt and 1/(2 dt), from p = dt = 0.01
    placed, state = fill(net, sites, seed)
    jumps = rx.jump_process(site_by_site(net, ring(sites)))
    v = np.array([1 if s else 0 for s in placed])
    values = {s.symbol: state[s.label] for s in jumps.states}

    def neighbours(w: np.ndarray, *steps: int) -> int:
        return int(sum(np.prod([w] + [np.roll(w, -n) for n in steps], axis=0)))

    slope = 0.0
    for jump in jumps.jumps:
        after = v.copy()
        for name, change in jump.change:
            after[int(str(name).removeprefix("A_"))] += int(change)
        gained = neighbours(after, 1) - neighbours(v, 1)
        slope += to_float(as_expr(jump.propensity).xreplace(values)) * gained if gained else 0.0
    expected = 2 * hop * neighbours(v, 2) - 2 * k * neighbours(v, 1, 2) - (k + 2 * hop) * neighbours(v, 1)
    assert slope == pytest.approx(expected)
    assert expected != 0.0


def test_barw_on_eight_sites() -> None:
    """The exact mean number and mean number of pairs at t = 0.3, by a matrix exponential of all 2^8 states made
    outside this project, for D = 5, k = 2, kb = 1 from 0.4 per site; and d<n>/dt = kb (n - NN) - 2 k NN on a ring."""
    small = site_by_site(model("barw", kb=1, k=2, D=5, A=0.4), chain(8))
    found = rx.master_equation(rx.jump_process(small), [0.0, 0.3])
    last = found.snapshots[-1]
    places = [found.labels.index(f"A_{i}") for i in range(8)]
    v = last.values[:, places]
    assert float(last.p @ v.sum(axis=1)) == pytest.approx(2.589982671773857, abs=1e-7)
    assert float(last.p @ (v[:, 1:] * v[:, :-1]).sum(axis=1)) == pytest.approx(0.8080694872314436, abs=1e-7)

    net, bonds = model("barw"), ring(8)
    assert (number(net, "kb"), number(net, "k"), number(net, "D")) == (10.0, 10.0, 50.0)
    assert number(net, net.species[0].initial) == pytest.approx(1 / (1 + math.e))  # h = -1
    placed, state = fill(net, 8, 4)
    nn = pairs(placed, bonds, "A", "A")
    assert drift(net, bonds, state)["A"] == pytest.approx(10 * (placed.count("A") - nn) - 20 * nn)


def test_substrate_enzyme_product_keeps_enzyme_and_substrate() -> None:
    """E + C and S + C + P are all that is kept, alone a pair of neighbours turns over as a two-site chain should."""
    net = model("substrate_enzyme_product")
    laws = {frozenset(law.coefficients) for law in rx.conservation_laws(net)}
    assert laws == {frozenset({("E", 1), ("C", 1)}), frozenset({("S", 1), ("C", 1), ("P", 1)})}
    assert number(net, "bind") == 10.0 and number(net, "D") == 50.0
    weights = np.exp([0.5, 1.0, -1.0, -1.0])
    assert [number(net, s.initial) for s in net.species] == pytest.approx(list(weights / (1 + weights.sum())))
    # from C next to an empty site: bound until k2 wins; S, E side by side rebind at p/dt: a hypoexponential mean time
    small = rx.jump_process(site_by_site(net, chain(2)))
    gone = symbol("P_0") + symbol("P_1") > 0
    passage = rx.first_passage(small, gone, initial={"C_0": 1})
    assert passage.mean_time == pytest.approx((1 + 0.1 / 10) / 0.5, rel=1e-8)


@pytest.mark.parametrize("seed", range(2))
def test_rossler_lattice_follows_the_corrected_equation_43(seed: int) -> None:
    """The paper's mean equations and the births that find their site taken, on every filling of 3 x 3 x 3 sites."""
    net, bonds = model("rossler_lattice"), box(3)
    assert len(bonds) == 81
    assert all(number(net, d.rate) == pytest.approx(1 / 0.06) for d in net.diffusions)
    assert all(number(net, s.initial) == 0.2 for s in net.species)
    placed, state = fill(net, 27, seed)
    n = {s: placed.count(s) for s in "ABC"}
    d = {a + b: pairs(placed, bonds, a, b) for a, b in ("AA", "AB", "AC", "BC", "CC")}
    crowd_a, eat, fight, crowd_c = (p / 0.03 for p in (0.1, 0.4, 0.24, 0.36))
    born_a = 30 * (n["A"] - (2 * d["AA"] + d["AB"] + d["AC"]) / 6)
    born_c = 16.5 * (n["C"] - (2 * d["CC"] + d["AC"] + d["BC"]) / 6)
    expected = {
        "A": born_a - crowd_a * d["AA"] - eat * d["AB"] - fight * d["AC"],
        "B": eat * d["AB"] - 10 * n["B"],
        "C": born_c - fight * d["AC"] - crowd_c * d["CC"],
    }
    assert drift(net, bonds, state) == pytest.approx(expected)
