"""Fast and slow: of models whose modes are known in closed form, and of the gene that represses itself."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform

from rxncompile import RxnError, lambdify, load, parse, rate_equations
from rxncompile.judging.fast_and_slow import _groups, derivative_correlations, fast_and_slow, linearised
from rxncompile.judging.separation import Finding, Separation, slow_sums, undone
from rxncompile.network import change

MODELS = Path(__file__).parent.parent.parent / "models"


@cache
def gene() -> Separation:
    return fast_and_slow(load(str(MODELS / "gene_autoregulation.rxn")), 1000.0)


@pytest.mark.parametrize("k", range(3))
def test_gene(k: int) -> None:
    """Every method: the gene's states are fast, P moves with them, and P + GP + 2 GP2 is the slow variable."""
    finding = gene().findings[k]
    assert (finding.fast, finding.slow) == (("G", "GP", "GP2"), ("P", "M"))
    assert finding.reactions == ("bind1", "bind1_rev", "bind2", "bind2_rev")
    assert [m.species for m in finding.moved] == ["P"]
    alone = Separation(gene().network, (finding,), 1000.0)
    assert [str(s) for s in alone.sums if not s.constant] == ["P + GP + 2 GP2"]
    assert [str(s) for s in alone.sums if s.constant] == ["G + GP + GP2"]
    assert "moved along with the fast ones: P" in str(finding)
    assert finding.sure > 0.7


def test_gene_in_words() -> None:
    text = str(gene())
    assert "slow variable: P + GP + 2 GP2, which fast reactions do not change" in text
    assert gene().agree


def test_table_two() -> None:
    """At 1001 even times protein and messenger correlate as the paper's Table II says, with the other sign."""
    names, found = derivative_correlations(gene().network, 1000.0)
    assert names == ("P", "M", "G", "GP", "GP2")
    assert found[0, 1] == pytest.approx(-0.9681, abs=5e-5)
    assert (np.abs(found[2:, 2:]) > 0.94).all() and (np.abs(found[:2, 2:]) < 0.4).all()


def chain(ratio: float) -> str:
    """A <-> B at k each, B -> C at 1: modes of a 2 by 2 matrix."""
    return f"param k = {ratio}\nspecies A = 100, B, C\nswap: A <-> B @ k, k\nleak: B -> C @ 1\n"


def finding(net_text: str, until: float, method: str) -> Finding:
    return next(f for f in fast_and_slow(parse(net_text), until, 201).findings if f.method == method)


def test_spectrum_of_a_chain() -> None:
    """Eigenvalues -k - 1/2 +- sqrt(k^2 + 1/4): the gap, and the sum that the swap keeps."""
    found = fast_and_slow(parse(chain(50.0)), 5.0, 201)
    spectrum = found.findings[1]
    root = np.sqrt(50.0**2 + 0.25)
    assert spectrum.sure == pytest.approx(1.0 - (50.5 - root) / (50.5 + root), rel=1e-9)
    assert spectrum.reactions == ("swap", "swap_rev")
    assert [str(s) for s in found.sums if not s.constant] == ["A + B"]


def test_no_separation_is_said() -> None:
    """Modes of rates 1 and 2: a gap of 2 is none."""
    text = "param k = 1\nspecies A = 9, B, C\nA -> B @ k\nB -> C @ 2*k\n"
    slow = finding(text, 5.0, "spectrum")
    assert slow.fast == () and "no separation" in slow.words
    assert slow.sure == pytest.approx(0.5)


def test_michaelis_menten_keeps_substrate_and_complex() -> None:
    """Turnover is fast for the complex, but never in balance: S + ES is slow."""
    found = fast_and_slow(load(str(MODELS / "michaelis_menten.rxn")))
    spectrum = Separation(found.network, (found.findings[1],), found.until)
    assert "ES" in spectrum.findings[0].fast
    assert set(spectrum.balanced) == {"bind", "bind_rev"}
    assert "S + ES" in [str(s) for s in spectrum.sums if not s.constant]


def test_a_circle_is_in_balance() -> None:
    """A -> B -> C -> A one way each: together they lead back; a way out does not."""
    net = parse("species A = 9, B, C, D\na: A -> B @ 1\nb: B -> C @ 1\nc: C -> A @ 1\nd: C -> D @ 1\n")
    every = [r.name for r in net.reactions]
    assert undone(net, every) == ("a", "b", "c")
    assert undone(net, ["a", "b"]) == ()
    assert [str(s) for s in slow_sums(net, ["a", "b", "c"])] == ["A + B + C"]
    assert not slow_sums(net, ["a", "b", "c"])[0].constant


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_slow_sums_are_the_left_null_space(data: st.DataObject) -> None:
    """Of random reactions, some of them fast: each sum is kept, and there are as many as the rank leaves."""
    names = ["A", "B", "C", "D"]
    side = st.lists(st.sampled_from(names), min_size=1, max_size=2).map(sorted)
    pairs = data.draw(st.lists(st.tuples(side, side).filter(lambda p: p[0] != p[1]), min_size=1, max_size=5))
    lines = [f"r{k}: {' + '.join(a)} -> {' + '.join(b)} @ 1" for k, (a, b) in enumerate(pairs)]
    net = parse("species A = 1, B, C, D\n" + "\n".join(lines) + "\n")
    fast = [r.name for r in net.reactions][: (len(pairs) + 1) // 2]
    rows = [dict(change(net, r)) for r in net.reactions if r.name in fast]
    matrix = np.array([[row.get(n, 0) for n in names] for row in rows])
    found = slow_sums(net, fast)
    weights = np.array([[dict(s.law.coefficients).get(n, 0) for n in names] for s in found]).reshape(-1, 4)
    assert not (weights @ matrix.T).any()
    whole = np.array([[dict(change(net, r)).get(n, 0) for n in names] for r in net.reactions])
    assert [s.constant for s in found] == [not (w @ whole.T).any() for w in weights]
    untouched = sum(not matrix[:, i].any() for i in range(4))  # each a law by itself, which is no sum
    assert len(found) == 4 - int(np.linalg.matrix_rank(matrix)) - untouched


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 6), st.integers(0, 10**6))
def test_groups_are_average_linkage(count: int, seed: int) -> None:
    tied = np.abs(np.corrcoef(np.random.default_rng(seed).normal(size=(count, 12))))
    groups, gap = _groups(tied)
    merged = linkage(squareform(1.0 - tied, checks=False), "average")[:, 2]
    heights = np.concatenate([[0.0], merged])
    assert gap == pytest.approx(np.diff(heights).max(), abs=1e-12)
    assert len(groups) == len(tied) - int(np.argmax(np.diff(heights)))


@pytest.mark.parametrize("name", ["gene_autoregulation", "calcium", "oregonator", "mapk", "goldbeter_koshland"])
def test_slopes_are_those_of_the_equations(name: str) -> None:
    net = load(str(MODELS / f"{name}.rxn"))
    system = rate_equations(net)
    names = [s.label for s in system.states]
    y = np.linspace(0.3, 1.7, len(names))
    moving = [s.name for s in net.species if s.name in names]
    found, _ = linearised(net, system, moving, 0.0, y[[names.index(n) for n in moving]])
    expected = np.empty((len(names), len(names)))
    lambdify(system, "jacobian")(0.0, y, np.array(system.parameter_vector()), expected)
    rows = [names.index(n) for n in moving]
    expected = expected[np.ix_(rows, rows)]
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12 * np.abs(expected).max())


def test_too_few_points() -> None:
    with pytest.raises(RxnError) as refused:
        fast_and_slow(parse(chain(1.0)), 1.0, 5)
    assert refused.value.code == "R604"
    for until in (0.0, -1.0, float("nan")):
        with pytest.raises(RxnError, match="no time after the start"):
            fast_and_slow(parse(chain(1.0)), until)
