"""Reductions against the full equations: errors, sentences, what cannot be followed."""

import numpy as np
import pytest
from conftest import ROOT

import rxncompile as rx
from rxncompile.derivations import reductions
from rxncompile.errors import RxnError
from rxncompile.judging.reductions import fluctuations, judge_reductions

T = np.linspace(0.0, 1000.0, 201)


def test_gene_network() -> None:
    net = rx.load(ROOT / "models" / "gene_autoregulation.rxn")
    found = judge_reductions(net, {"standard": reductions.standard(net), "total": reductions.total(net)}, T)
    standard, total = found.followed
    assert found.labels == ("P", "M", "G", "GP", "GP2")
    np.testing.assert_allclose(standard.values[:, 0], rx.integrate(rx.qssa(net), T)["P"])
    off = np.abs(standard.values - found.full)[:, 0]
    np.testing.assert_allclose(standard.errors[:, 0], off / found.full[:, 0].max())
    assert standard.average(T, 50.0) > 20.0 * total.average(T, 50.0)
    assert standard.worst(T, 50.0)[0] > 20.0 * total.worst(T, 50.0)[0]
    said = str(found)
    assert "the total is the best" in said and "After the initial layer" in said and "validity" in said


def test_the_reverse() -> None:
    net = rx.parse("""
    param k1 = 1, k_1 = 1, k2 = 1
    species S = 5, E = 1, C, P
    bind: S + E <-> C @ k1, k_1
    convert: C -> E + P @ k2
    """)
    found = judge_reductions(net, {"reverse": reductions.reverse(net, ["S"])}, np.linspace(0.0, 40.0, 41))
    (reverse,) = found.followed
    assert reverse.values.shape == (41, 4)
    assert "the reverse is off by" in str(found)


def test_nothing_is_said_of_times_within_the_initial_layer() -> None:
    net = rx.parse("species S = 5, E = 1, C, P\nS + E <-> C @ 1, 1\nC -> E + P @ 1\n")
    made = {"standard": reductions.standard(net, ["C"]), "reverse": reductions.reverse(net, ["S"])}
    said = str(judge_reductions(net, made, np.linspace(0.0, 0.1, 11)))
    assert "does not end before t = 0.1: the standard says nothing" in said
    assert "nan" not in said and "the best" not in said


def test_what_has_no_network_cannot_fluctuate() -> None:
    net = rx.load(ROOT / "models" / "michaelis_menten.rxn")
    alone = reductions.standard(rx.rate_equations(net), ["ES"])
    with pytest.raises(RxnError, match="is no reaction network"):
        fluctuations(net, {"standard": alone}, [0.0, 1.0], runs=30)
    with pytest.raises(RxnError, match="two times"):
        judge_reductions(net, {"standard": alone}, [0.0])
