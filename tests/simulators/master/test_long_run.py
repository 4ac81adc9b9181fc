"""Stationary distributions, first passages and extinction against closed forms."""

import numpy as np
import pytest
import sympy as sp
from scipy import stats
from scipy.special import gammaln, hyp1f1

from rxncompile.derivations.rates import jump_process
from rxncompile.errors import RxnError
from rxncompile.expressions import symbol
from rxncompile.language import parse
from rxncompile.simulators.master.long_run import first_passage, first_passage_by, stationary

A = symbol("A")


def of(text: str):
    return jump_process(parse(text))


def test_birth_and_death() -> None:
    found = stationary(of("species A = 3\n0 -> A @ 70\nA -> 0 @ 2"))
    n, p = found.marginal("A")
    assert np.abs(p - stats.poisson.pmf(n, 35)).sum() < 1e-9
    assert found.lost[0] < 1e-9


def test_schloegl() -> None:
    """The numbers of a birth-death chain's product formula, by an independent computation."""
    net = (
        "param A = 1e5, B = 2e5\nspecies X = 250\n2 X -> 3 X @ 3e-7*A\n3 X -> 2 X @ 1e-4\n0 -> X @ 1e-3*B\nX -> 0 @ 3.5"
    )
    found = stationary(of(net))
    assert found.mean_of("X")[0] == pytest.approx(454.861348, rel=1e-8)
    assert found.covariance_of("X", "X")[0] == pytest.approx(39951.5467, rel=1e-8)
    n, p = found.marginal("X")
    modes = [int(n[i]) for i in range(1, len(n) - 1) if p[i - 1] < p[i] > p[i + 1]]
    assert modes == [82, 563]


def test_two_state_gene_is_beta_poisson() -> None:
    """P(n) = mu^n (a)_n / (n! (a+b)_n) 1F1(a+n; a+b+n; -mu) (Peccoud and Ycart 1995), times in mRNA lifetimes."""
    on, off, make = 0.6, 1.4, 25.0
    text = f"species Off = 1, On, M\nOff <-> On @ {on}, {off}\nOn -> On + M @ {make}\nM -> 0 @ 1"
    n, p = stationary(of(text)).marginal("M")
    log = n * np.log(make) - gammaln(n + 1) + gammaln(on + n) - gammaln(on) + gammaln(on + off) - gammaln(on + off + n)
    exact = np.exp(log) * hyp1f1(on + n, on + off + n, -make)
    np.testing.assert_allclose(p[:60], exact[:60], rtol=1e-6, atol=1e-11)


def test_extinction_of_a_branching_process() -> None:
    birth, death, start = 0.7, 1.0, 12
    system = of(f"species A = {start}\nA -> 2 A @ {birth}\nA -> 0 @ {death}")
    ever = first_passage(system, sp.Eq(A, 0))
    assert ever.probability == pytest.approx(1.0, abs=1e-9)
    # P(extinct by t) = ((e - 1) death / (death e - birth))^start, e = exp((death - birth) t); the mean is its integral
    t = np.linspace(0.0, 60.0, 60_001)
    e = np.exp((death - birth) * t)
    by = ((e - 1.0) * death / (death * e - birth)) ** start
    mean = np.trapezoid(1.0 - by, t)
    assert ever.mean_time == pytest.approx(mean, rel=1e-6)
    reached, lost = first_passage_by(system, sp.Eq(A, 0), t[::10_000][:4])
    np.testing.assert_allclose(reached, by[::10_000][:4], atol=1e-8)
    assert lost.max() <= 1e-8
    assert (stationary(system).marginal("A")[0] == [0.0]).all()


def test_supercritical_branching_may_survive() -> None:
    """Extinction has chance (death/birth)^start, the race to 200 the rest; by the gambler's ruin, exactly."""
    system = of("species A = 3\nA -> 2 A @ 1.5\nA -> 0 @ 1")
    ratio = 1.0 / 1.5
    found = first_passage(system, sp.Or(sp.Eq(A, 0), A >= 60))
    assert found.probability == pytest.approx(1.0, abs=1e-9)
    system = of("species A = 3, Far\nparam top = 60\nA -> 2 A @ 1.5\nA -> 0 @ 1")
    high = first_passage(system, A >= 60)
    exact = (1 - ratio**3) / (1 - ratio**60)
    assert high.probability == pytest.approx(exact, rel=1e-9)
    assert high.mean_time == np.inf  # it may die out first


def test_mean_time_of_a_climb() -> None:
    """From 0 up to N at rate k, down at rate n: the sum over levels of the mean times to the next one."""
    k, top = 4.0, 12
    climb, total = 0.0, 0.0
    for n in range(top):
        climb = 1.0 / k + n / k * climb  # T(n -> n+1) = 1/k + (n/k) T(n-1 -> n)
        total += climb
    found = first_passage(of("species A\n0 -> A @ 4\nA -> 0 @ 1"), top <= A)
    assert found.mean_time == pytest.approx(total, rel=1e-9)


def test_refusals() -> None:
    def code(function, *arguments, **more) -> str:
        with pytest.raises(RxnError) as caught:
            function(*arguments, **more)
        return caught.value.code

    two = of("species A = 1, B, C\nA -> B @ 1\nA -> C @ 2")
    assert code(stationary, two) == "R614"
    assert first_passage(two, symbol("B") >= 1).probability == pytest.approx(1 / 3, rel=1e-12)
    assert code(stationary, of("species A = 1\nA -> 2 A @ 1"), most_states=300) == "R612"
    assert code(stationary, of("species A = 5\n0 -> A @ 1\nA -> 0 @ 1\nat 3: A = 0")) == "R610"


def test_two_ways_that_lead_on_outside_of_the_first_states() -> None:
    """A walk along two long loops, each state left at the rate 1 by either way in: all states are alike likely."""
    text = """
    species A = 1, B[0..60], C[0..60]
    A -> B[0] @ 1
    A -> C[0] @ 1
    for i in 0..59 {
      B[i] -> B[i+1] @ 1
      C[i] -> C[i+1] @ 1
    }
    B[60] -> A @ 1
    C[60] -> A @ 1
    """
    found = stationary(of(text))
    for label in ("A", "B[0]", "C[60]"):
        assert found.mean_of(label)[0] == pytest.approx(1.0 / 123.0, rel=1e-9)
