"""The figure and the table of reductions: every line that is meant, every number that is told."""

import numpy as np
from conftest import ROOT

import rxncompile as rx
from rxncompile.derivations import reductions
from rxncompile.judging.reductions import Reduced, judge_reductions
from rxncompile.judging.verdict import in_percent
from rxncompile.views.reductions import reduced_figure, reduced_table
from rxncompile.views.tables import as_text


def judged() -> Reduced:
    net = rx.load(ROOT / "models" / "michaelis_menten.rxn")
    made = {"standard": reductions.standard(net), "total": reductions.total(net)}
    return judge_reductions(net, made, np.linspace(0.0, 60.0, 61))


def test_figure() -> None:
    found = judged()
    figure = reduced_figure(found, "s")
    assert len(figure.axes) == 2 * len(found.labels)
    left = figure.axes[0]
    assert [len(line.get_xdata()) for line in left.lines] == [61, 61, 61]
    np.testing.assert_allclose(left.lines[0].get_ydata(), found.full[:, 0])
    np.testing.assert_allclose(left.lines[2].get_ydata(), found.followed[1].values[:, 0])
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["full equations", "standard", "total"]
    assert figure.axes[-1].get_xlabel() == "time (s)"


def test_table() -> None:
    found = judged()
    text = as_text(reduced_table(found))
    assert all(label in text for label in (*found.labels, "standard", "total"))
    worst = found.followed[0].worst(found.t, found.layer)[0]
    assert in_percent(float(worst)) in text
