"""The master equation against closed forms, its own bound, and the sampler's semantics of events."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.linalg import expm

from rxncompile.derivations.rates import jump_process
from rxncompile.errors import RxnError
from rxncompile.language import parse
from rxncompile.simulators.master import master_equation as module
from rxncompile.simulators.master.exponentials import exponential, squared, uniformised
from rxncompile.simulators.master.master_equation import master_equation
from rxncompile.simulators.runs.ensembles import sample_statistics


def solve(text: str, t: object, **more: object):
    return master_equation(jump_process(parse(text)), t, **more)


def test_birth_and_death_is_poisson() -> None:
    """From Poisson(5) a linear birth-death process stays Poisson, with the mean of the rate equation."""
    t = np.array([0.0, 0.5, 2.0, 50.0])
    found = solve("species A\ninit A ~ Poisson(5)\n0 -> A @ 30\nA -> 0 @ 1", t, error=1e-10)
    mean = 30.0 - 25.0 * np.exp(-t)
    for k in range(4):
        n, p = found.marginal("A", k)
        assert np.abs(p - stats.poisson.pmf(n, mean[k])).sum() < 1e-10
    np.testing.assert_allclose(found.mean_of("A"), mean, rtol=1e-9)
    np.testing.assert_allclose(found.sd_of("A"), np.sqrt(mean), rtol=1e-8)


def test_pure_death_is_binomial() -> None:
    found = solve("species A = 40, B\nA -> B @ 1", [0.0, 0.7])
    n, p = found.marginal("A")
    np.testing.assert_allclose(p, stats.binom.pmf(n, 40, np.exp(-0.7)), atol=1e-12)
    assert found.lost[-1] <= 1.01e-10  # 41 states, nothing can leave: only what is not kept, a hundredth of the error
    np.testing.assert_allclose(found.covariance_of("A", "B"), -(found.sd_of("A") ** 2), atol=1e-10)


def test_the_error_is_bounded_by_what_is_lost() -> None:
    """Coarse solutions lie below a fine one by `lost` in sum, state by state."""
    text = "species X = 20, Y = 15\nX -> 2 X @ 1\nX + Y -> 2 Y @ 0.05\nY -> 0 @ 1"
    fine = solve(text, [0.0, 1.0], error=1e-12).snapshots[-1]
    known = {tuple(n): p for n, p in zip(fine.values.astype(int).tolist(), fine.p, strict=True)}
    for error in (1e-2, 1e-4, 1e-6):
        coarse = solve(text, [0.0, 1.0], error=error).snapshots[-1]
        here = np.array([known.get(tuple(n), 0.0) for n in coarse.values.astype(int).tolist()])
        assert 0.0 < coarse.lost <= error
        assert np.maximum(coarse.p - here, 0.0).sum() <= 0.1 * error  # the Arnoldi method's share
        assert np.abs(coarse.p - here).sum() + fine.p.sum() - here.sum() <= coarse.lost + 1e-12
        assert len(coarse.p) < len(fine.p)
        assert -1e-12 < coarse.lost - (1.0 - coarse.p.sum()) <= 0.1 * error


def test_counts_that_travel_far_leave_no_trail() -> None:
    """A front that moves from 0 to 12000: the set of states follows it."""
    seen = []
    found = solve("species A\n0 -> A @ 1000", [0.0, 12.0], progress=lambda t, states: seen.append(states))
    n, p = found.marginal("A")
    assert np.abs(p - stats.poisson.pmf(n, 12000)).sum() < 1e-8
    assert max(seen) < 0.5 * 12700  # the states up to six deviations above the mean
    assert len(n) < 1500


EVENTS = """species X = 100
param k = 2
let half = X/2
make: 0 -> X @ k
drop: X -> 0 @ 0.1
"""


@pytest.mark.parametrize("event", [
    "at 5: X = 50", "when X >= 105: X = 20", "when t > 5: X = X - 30, k = 8", "when half < 40 and t >= 4: X = 2*X",
    "at 5: X = 50\nwhen X < 60: X = 90",
])  # fmt: skip
def test_events_mean_what_they_mean_to_the_sampler(event: str) -> None:
    system = jump_process(parse(EVENTS + event))
    t = np.linspace(0.0, 12.0, 13)
    exact = master_equation(system, t)
    runs = 20_000
    drawn = sample_statistics(system, t, runs=runs, seed=4)
    mean, sd = exact.mean_of("X"), exact.sd_of("X")
    sharp = sd < 1e-4
    np.testing.assert_allclose(drawn.mean_of("X")[sharp], mean[sharp], rtol=1e-7)
    z = ((drawn.mean_of("X") - mean) * np.sqrt(runs))[~sharp] / sd[~sharp]
    assert np.abs(z).max() < stats.norm.isf(1e-4 / 24)  # twelve times: one false alarm in ten thousand
    np.testing.assert_allclose(drawn.sd_of("X"), sd, rtol=0.05, atol=1e-4)  # eight standard errors


def test_outputs_are_averaged_over_states() -> None:
    found = solve("species A = 30\nobservable square = A^2\nA -> 0 @ 1", [0.0, 1.0])
    mean = 30 * np.exp(-1.0)
    variance = mean * (1 - np.exp(-1.0))
    assert found.mean_of("square")[-1] == pytest.approx(mean**2 + variance, rel=1e-9)
    assert found.statistics().labels == ("A", "square")
    assert found.probability("A", 30, 30)[0] == 1.0
    a, b, p = found.joint("A", "square")
    assert p.shape == (len(a), len(b)) and p.sum() == pytest.approx(1.0, abs=1e-8)


def test_refusals() -> None:
    def code(text: str, **more: object) -> str:
        with pytest.raises(RxnError) as caught:
            solve(text, [0.0, 10.0], **more)
        return caught.value.code

    assert code("species A = 5\nA -> 0 @ 1 + t") == "R610"
    assert code("species A = 5\nA' = -A") == "R610"
    assert code("species A = 5\nA -> 2 A @ 1", most_states=500) == "R612"
    assert code("species A = 5\nA -> 0 @ 1", error=0.0) == "R604"
    assert code("species A = 5\n0 -> A @ 1\nat 3: A = A - 6") == "R609"
    assert code("species A = 5\n0 -> A @ 1\nwhen A > 7: A = A - 7.5") == "R609"
    assert code("species A = 5\nA -> 0 rate 3 - A") == "R602"
    assert code("species A = 5\nA -> 0 rate 1 + log(A - 2)") == "R601"
    assert code("species A = 5\nA -> 0 @ 1\n0 -> A @ 5\nwhen A > 6: A = 5\nwhen A <= 5: A = 7") == "R607"


@pytest.mark.parametrize(("text", "code", "words"), [
    ("A -> 0 @ 1\nslip: 0 -> A rate A - 2", "R602", ("'slip'", "negative: -1", "A = 1")),
    ("A -> 0 @ 1\nslip: 0 -> A rate 1/(A - 3)^2", "R601", ("'slip'", "infinite", "A = 3")),
    ("0 -> A rate 2e307*A\nA -> 2 A rate 2e307*A", "R601", ("sum of all propensities", "A = 5")),
    ("init A = 9007199254740990\nA -> 2 A @ 1", "R608", ("2^53",)),
    pytest.param("A -> 0 @ 1\n2 A -> 3 A @ 1", "R612", ("grows without end at t = 0.", "states", "explode"),
                 marks=pytest.mark.slow),
])  # fmt: skip
def test_bad_runs_are_named(text: str, code: str, words: tuple[str, ...]) -> None:
    start = "species A\n" if "init" in text else "species A = 5\n"
    with pytest.raises(RxnError) as caught:
        solve(start + text, [0.0, 5.0])
    assert caught.value.code == code
    for word in words:
        assert word in str(caught.value)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 12), st.integers(0, 10**6), st.floats(1e-3, 40.0))
def test_three_exponentials_agree(size: int, seed: int, t: float) -> None:
    """Uniformisation, Arnoldi and squaring against scipy's expm, on generators that lose a part."""
    from scipy.sparse import csr_matrix

    draw = np.random.default_rng(seed)
    rates = draw.exponential(size=(size, size)) * (draw.random((size, size)) < 0.5)
    np.fill_diagonal(rates, 0.0)
    leaving = rates.sum(axis=0) + draw.random(size) * (draw.random(size) < 0.3)
    matrix = csr_matrix(rates - np.diag(leaving))
    p = draw.dirichlet(np.ones(size))
    fastest = float(leaving.max()) or 1.0
    exact = expm(matrix.toarray() * t) @ p
    np.testing.assert_allclose(squared(matrix, fastest, t) @ p, exact, atol=1e-12)
    if fastest * t < 400.0:
        np.testing.assert_allclose(uniformised(matrix, fastest, p, t), exact, atol=1e-12)
    after, error, step = exponential(matrix, p, t, 1e-10)
    there = expm(matrix.toarray() * step) @ p
    assert np.abs(after - there).sum() <= max(10 * error, 1e-11)


def test_equal_steps_share_one_dense_exponential(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few states and many jumps: the exponential is of a step between output times, and these are alike."""
    made = []
    monkeypatch.setattr(module, "squared", lambda *given: made.append(1) or squared(*given))
    system = jump_process(parse("species A = 20, B\nA <-> B @ 1000, 3000"))
    found = master_equation(system, np.linspace(0.0, 0.7, 41))
    assert len(made) < 8  # not 40: one for each size of the set while it grows
    assert found.mean_of("A")[-1] == pytest.approx(15.0, rel=1e-7)  # 20 * 3/4, at equilibrium


def test_a_rest_of_a_step_below_the_rounding_of_time_is_no_step() -> None:
    """What leaks in 2e-16 of time is rounding; the set of states once grew for it until it was refused."""
    schlogl = ("species X = 250\n2 X -> 3 X @ 0.03\n3 X -> 2 X @ 1e-4\n0 -> X @ 200\nX -> 0 @ 3.5\n")
    found = solve(schlogl, np.linspace(0.0, 3.0, 101), error=1e-6)
    assert found.lost[-1] < 1e-6 and len(found.snapshots[-1].p) < 2_000
