"""What is said of closures: the published failures, exactness where they are exact, and truths of both kinds.

Seeds are fixed; sampled truths are used where the answer does not hang on them by many standard errors.
"""

import numpy as np
import pytest
import sympy as sp

import rxncompile as rx
from rxncompile.derivations.approximations import BY_NAME
from rxncompile.derivations.closures import gaussian, lognormal, poisson, zero
from rxncompile.derivations.moments import moments
from rxncompile.judging.judge import CLOSED, CORRECTED, NOISE, judge
from rxncompile.judging.truth import distribution, truth_of

BRUSSELATOR = """
param c1 = 0.9, c2 = 2, c3 = 1, c4 = 1, Omega = 100
species X = 1, Y = 1
2 X + Y -> 3 X @ c1/Omega^2 {powers}
X -> Y @ c2
0 <-> X @ c3*Omega, c4
"""
DIMERS = "species A = 20, D\n0 -> A @ 5\n2 A <-> D @ 0.1, 0.5\nD -> 0 @ 0.3\n"
GENE = "species Off = 1, On, M\nOff <-> On @ 1, 2\nOn -> On + M @ 10\nM -> 0 @ 1\n"
T = np.linspace(0.0, 5.0, 26)


def test_the_zero_closure_drives_the_brusselator_negative() -> None:
    """<Y> about -658 at t = 18.7; of the gaussian closure nothing of the kind."""
    found = judge(rx.parse(BRUSSELATOR), [gaussian, zero], np.linspace(0.0, 30.0, 61), noise=False,
                  runs=200, seed=1, most_states=1_000)  # fmt: skip
    fault = next(f for f in found["zero"].faults if f.what == "<Y> is negative")
    assert fault.worst == pytest.approx(-658.0, abs=1.0)
    assert fault.time == pytest.approx(18.7, abs=0.05)  # as many digits as are printed
    assert 18.6 < fault.since <= fault.time and fault.until is None  # it is below zero until after t = 30
    assert "<Y> is negative from t = 18." in found["zero"].sentence and "at worst -658" in found["zero"].sentence
    assert not found["gaussian"].faults
    assert not found["zero"].good


def test_a_linear_network_is_exact() -> None:
    """Closed by itself, and linear noise is exact with it: errors are those of two integrators and of what was lost."""
    found = judge(rx.parse(GENE), [gaussian, poisson], T)
    assert [v.name for v in found.verdicts] == [CLOSED, NOISE]
    assert found.truth.exact and not found.resolution.any()
    for verdict in found.verdicts:
        assert verdict.good
        assert np.nanmax(verdict.errors) < 1e-4  # a millionth lost far out weighs most in variances
    assert found[NOISE].same == CLOSED


def test_errors_are_what_they_say() -> None:
    """Against the definition, from the distribution and an integration made here."""
    net = rx.parse(DIMERS)
    found = judge(net, [gaussian], T, noise=False)
    closed = rx.integrate(rx.close(moments(net, 2), gaussian), T)
    exact = rx.master_equation(rx.jump_process(net), T)
    mean, deviation = exact.mean_of("D"), exact.sd_of("D")
    size = np.maximum(mean, 0.05 * mean.max())
    k = found.labels.index("<D>")
    np.testing.assert_allclose(found["gaussian"].errors[:, k], abs(closed["<D>"] - mean) / size, atol=1e-5)
    cross = exact.covariance_of("A", "D")
    size = np.maximum(deviation * exact.sd_of("A"), 0.05 * (deviation * exact.sd_of("A")).max())
    given = closed["<A*D>"] - closed["<A>"] * closed["<D>"]
    k = found.labels.index("<A*D>_c")
    np.testing.assert_allclose(found["gaussian"].errors[:, k], abs(given - cross) / size, atol=1e-5)
    off = found["gaussian"].means
    assert off is not None and off.most == pytest.approx(np.nanmax(found["gaussian"].errors[:, :2]))


@pytest.mark.parametrize("kind", list(rx.Kind))
def test_no_matter_the_kind_of_moment(kind: rx.Kind) -> None:
    """The gaussian closure is one closure in all kinds, and judged alike."""
    found = judge(rx.parse(DIMERS), [gaussian], T, kind=kind, noise=False)
    reference = judge(rx.parse(DIMERS), [gaussian], T, noise=False)
    np.testing.assert_allclose(found["gaussian"].errors, reference["gaussian"].errors, atol=1e-5)


def test_a_sample_tells_the_same_as_the_master_equation_within_its_errors() -> None:
    """20,000 runs: every mean and covariance within 5 standard errors, of 130 numbers (false alarm below 1 in 10^4)."""
    net = rx.parse(DIMERS)
    jumps = rx.jump_process(net)
    exact = truth_of(rx.master_equation(jumps, T), ("A", "D"))
    drawn = truth_of(rx.sample_statistics(jumps, T, runs=20_000, seed=3), ("A", "D"))
    assert (abs(drawn.mean - exact.mean) <= 5.0 * drawn.mean_error + 1e-6).all()
    assert (abs(drawn.covariance - exact.covariance) <= 5.0 * drawn.covariance_error + 1e-4).all()
    assert drawn.covariance_error[-1, 0, 0] > 0.0 and not drawn.exact
    again = truth_of(rx.sample_statistics(jumps, T, runs=1_000, seed=4), ("A", "D"))
    np.testing.assert_allclose(again.mean_error[1:] / drawn.mean_error[1:], np.sqrt(20.0), rtol=0.2)


def test_what_a_sample_cannot_know_is_no_error() -> None:
    """A thousand runs know a variance to a twentieth; the exact hierarchy is not blamed for it."""
    net = rx.parse(GENE)
    few = rx.sample_statistics(rx.jump_process(net), T, runs=1_000, seed=1)
    found = judge(net, [], T, against=few)
    assert found[CLOSED].good
    assert np.nanmax(found[CLOSED].errors) > 0.1
    assert found[CLOSED].sentence.endswith(", which the runs cannot tell from chance.")
    assert "1,000 exact trajectories, whose standard errors reach" in found.measure


def test_too_many_states_are_left_to_a_sample() -> None:
    jumps = rx.jump_process(rx.parse(DIMERS))
    assert distribution(jumps, T, most_states=20) is None
    assert distribution(jumps, T, most_work=100.0) is None
    assert distribution(jumps, T) is not None
    found = judge(rx.parse(DIMERS), [gaussian], T, most_states=20, runs=100, seed=1)
    assert not found.truth.exact


def test_equations_that_break_down_are_told_with_the_time() -> None:
    """A closure of one's own, by which <A> obeys d<A>/dt = <A>^2 and is gone at t = 1/<A>(0) = 1/20."""

    def explosive(monomial: tuple[int, ...], raw: object, order: int) -> sp.Expr:
        return -2 * raw((0,)) ** 2  # type: ignore[operator]

    net = rx.parse("species A = 20\n2 A -> A @ 1\nA -> 0 @ 0.5\n")  # d<A>/dt = -<A^2>/2 here
    found = judge(net, [explosive, gaussian], np.linspace(0.0, 1.0, 21), order=1, noise=False)
    verdict = found["explosive"]
    assert verdict.ended is not None and verdict.ended == pytest.approx(0.05, abs=0.001)  # two of the 2,000 steps
    assert "breaks down at t = 0.0" in verdict.sentence
    assert np.isfinite(verdict.mean[0]).all() and np.isnan(verdict.mean[-1]).all()
    assert found["gaussian"].ended is None


def test_covariances_that_are_none() -> None:
    """A closure that takes A and B to be one: their covariance exceeds what their variances allow."""

    def too_close(monomial: tuple[int, ...], raw: object, order: int) -> sp.Expr:
        return 10 * raw((0, 0)) * raw((1,))  # type: ignore[operator]

    net = rx.parse("species A = 9, B = 9\nA + B -> 0 @ 0.1\n0 -> A @ 5\n0 -> B @ 5\n")
    found = judge(net, [too_close], T, noise=False)["too close"]
    assert any("negative" in f.what or "semidefinite" in f.what for f in found.faults)
    assert not judge(net, [gaussian], T, noise=False)["gaussian"].faults


def test_what_cannot_be_made_is_told_and_the_rest_judged() -> None:
    """No species of this network is binary."""
    found = judge(rx.parse(DIMERS), [gaussian], T, others={"conditional": BY_NAME["conditional_gaussian"]})
    assert "cannot begin: " in found["conditional"].sentence
    assert found["conditional"].means is None and not found["conditional"].good
    assert found["gaussian"].means is not None
    with pytest.raises(rx.RxnError, match="was not judged"):
        found["nobody"]


def test_the_same_numbers_are_said_once() -> None:
    """Of third moments alone normal variables and vanishing central moments say the same."""
    found = judge(rx.parse(DIMERS), [gaussian, lognormal, zero], T)
    assert found["zero"].same == "gaussian" and not found["lognormal"].same
    assert found["zero"].sentence == "zero gives the same numbers as gaussian."


def test_the_correction_improves_the_mean() -> None:
    """EMRE is of the next order: for pairs that annihilate it is much nearer than the macroscopic mean."""
    net = rx.parse("species A = 30\n2 A -> 0 @ 0.2\n0 -> A @ 20\n")
    found = judge(net, [], T, correction=True)
    plain, corrected = found[NOISE].means, found[CORRECTED].means
    assert plain is not None and corrected is not None and corrected.most < 0.2 * plain.most


def test_definitions_that_name_counts_are_no_hindrance() -> None:
    """`let` with a species: the laws are expanded about the mean."""
    net = rx.parse("species A = 20\nlet speed = 10/(1 + A/10)\n0 -> A rate speed\nA -> 0 @ 0.2\n")
    found = judge(net, [gaussian], T)
    assert found["gaussian"].good


def test_refusals() -> None:
    with pytest.raises(rx.RxnError, match="at least two times"):
        judge(rx.parse(DIMERS), [gaussian], [0.0])
    with pytest.raises(rx.RxnError, match="order"):
        judge(rx.parse(DIMERS), [gaussian], T, order=0)


def test_higher_moments_are_compared_where_the_truth_is_exact() -> None:
    """Third central moments of linear noise do not exist; those of the hierarchy of order three are exact here."""
    found = judge(rx.parse(GENE), [], T, order=3)
    assert found.labels[-1] == "<M^3>_c" and len(found.labels) == 3 + 6 + 10
    exact = rx.master_equation(rx.jump_process(rx.parse(GENE)), [0.0, 5.0])
    n, p = exact.marginal("M", 1)
    known, _ = found.values
    assert known[-1, -1] == pytest.approx(p @ (n - p @ n) ** 3, rel=1e-4)
    assert found[CLOSED].higher is not None and found[CLOSED].higher.most < 1e-3
    assert " for higher moments" in found[CLOSED].sentence
    assert found[NOISE].higher is None and "higher" not in found[NOISE].sentence
    few = judge(rx.parse(DIMERS), [gaussian], T, order=3, runs=200, seed=1, most_states=5)
    assert len(few.labels) == 2 + 3 and few["gaussian"].higher is None


def test_what_an_approximation_does_not_give_is_not_judged() -> None:
    """Means alone, of order one: no covariance is said to be right."""
    found = judge(rx.parse(DIMERS), [gaussian], T, order=1, noise=False)["gaussian"]
    assert found.means is not None and found.covariances is None and not found.faults
    assert "covariances" not in found.sentence
