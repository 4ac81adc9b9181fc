"""Moments of the chemical Langevin equation against its drift and diffusion, and a process solved in full."""

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import mass_action_networks

import rxncompile as rx
from rxncompile.derivations.closures import close, gaussian
from rxncompile.derivations.langevin import langevin_moments
from rxncompile.derivations.moments import moments
from rxncompile.errors import RxnError
from rxncompile.expressions import symbol
from rxncompile.monomials import Kind, label_names, moment_symbol, read_label
from rxncompile.network import Network
from rxncompile.operators import generator


@settings(max_examples=40, deadline=None)
@given(mass_action_networks(most_species=3, most_reactions=4))
def test_the_equations_are_those_of_drift_and_diffusion(net: Network) -> None:
    """d<f> = <A . grad f> + (1/2) <B : grad grad f>, differentiated here by sympy."""
    gen = generator(net)
    names, species = label_names(gen.species), gen.species
    jumps = [(dict(t.change), t.propensity) for t in gen.terms]
    drift = {s: sum((c.get(s, 0) * a for c, a in jumps), sp.S.Zero) for s in species}
    diffusion = {
        (s, u): sum((c.get(s, 0) * c.get(u, 0) * a for c, a in jumps), sp.S.Zero) for s in species for u in species
    }

    def mean(f: sp.Expr) -> sp.Expr:
        total = sp.S.Zero
        for powers, c in sp.Poly(f, *species).terms():
            m = tuple(i for i, q in enumerate(powers) for _ in range(q))
            total += c * (moment_symbol(m, names, Kind.RAW) if m else 1)
        return total

    for text, rhs in langevin_moments(net, 3 if len(species) < 3 else 2).equations():
        found = read_label(text, names)
        assert found is not None
        f = sp.Mul(*(species[i] for i in found[0]))
        flow = sum((drift[s] * f.diff(s) for s in species), sp.S.Zero)
        flow += sum((diffusion[s, u] * f.diff(s, u) for s in species for u in species), sp.S.Zero) / 2
        assert sp.expand(rhs - mean(sp.expand(flow))) == 0, text


@settings(max_examples=15, deadline=None)
@given(mass_action_networks(most_species=2, most_reactions=3), st.sampled_from((Kind.RAW, Kind.CENTRAL, Kind.CUMULANT)))
def test_up_to_order_2_they_are_those_of_the_jumps(net: Network, kind: Kind) -> None:
    assert dict(langevin_moments(net, 2, kind).equations()) == dict(moments(net, 2, kind).equations())


@pytest.mark.parametrize("kind", [Kind.RAW, Kind.CENTRAL, Kind.CUMULANT])
def test_birth_and_death_as_a_diffusion_end_in_a_shifted_gamma_distribution(kind: Kind) -> None:
    """0 <-> A: x + b/d is gamma distributed with scale 1/2, so that the cumulants are (b/d) (k - 1)!/2^(k - 2).

    Cox, Ingersoll and Ross 1985; of the jump process all are b/d.
    """
    net = rx.parse("param b = 6, d = 2\nspecies A = 3\n0 -> A @ b\nA -> 0 @ d\n")
    system = langevin_moments(net, 4, kind)
    assert not system.frontier
    moment = [sp.Integer(3), *(sp.Rational(3 * sp.factorial(k - 1), 2 ** (k - 2)) for k in (2, 3, 4))]
    k1, k2, k3, k4 = moment
    value = {
        Kind.CUMULANT: moment,
        Kind.CENTRAL: [k1, k2, k3, k4 + 3 * k2**2],
        Kind.RAW: [k1, k2 + k1**2, k3 + 3 * k2 * k1 + k1**3, k4 + 4 * k3 * k1 + 3 * k2**2 + 6 * k2 * k1**2 + k1**4],
    }[kind]
    at = {s.label: v for s, v in zip(system.states, value, strict=True)}
    assert set(system.evaluate(at).values()) == {0}
    jumps = moments(net, 4, kind)
    assert jumps.evaluate(at)[jumps.states[3].label] != 0


def test_a_law_that_is_no_polynomial() -> None:
    """Central moments expand it here too; above order 2 the equations are others."""
    net = rx.parse("species A = 20\n0 -> A @ 30\n3 A -> 0 rate 50*A/(A + 10)\n")
    jumps, diffusion = moments(net, 3, Kind.CENTRAL), langevin_moments(net, 3, Kind.CENTRAL)
    one, other = dict(jumps.equations()), dict(diffusion.equations())
    assert one["<A>"] == other["<A>"] and one["<A^2>_c"] == other["<A^2>_c"]
    gap = sp.expand(one["<A^3>_c"] - other["<A^3>_c"])  # <c^3 a> = 30 - 27 <a>
    mean = symbol("<A>")
    law = 50 * mean / (mean + 10)
    moved = 30 - 27 * (law + law.diff(mean, 2) * symbol("<A^2>_c") / 2 + law.diff(mean, 3) * symbol("<A^3>_c") / 6
                       + law.diff(mean, 4) * symbol("<A^4>_c") / 24)  # fmt: skip
    assert sp.cancel(gap - moved) == 0


def test_closed_and_refused() -> None:
    net = rx.parse("species A = 20\n2 A -> 0 @ 0.01\n0 -> A @ 5\n")
    path = rx.integrate(close(langevin_moments(net, 3, Kind.CENTRAL), gaussian), [0, 50])
    exact = rx.master_equation(rx.jump_process(net), [0, 50])
    assert path["<A>"][-1] == pytest.approx(exact.mean_of("A")[-1], rel=0.005)
    assert path["<A^2>_c"][-1] == pytest.approx(exact.sd_of("A")[-1] ** 2, rel=0.02)
    with pytest.raises(RxnError, match="no factorial moments"):
        langevin_moments(net, 2, Kind.FACTORIAL)
