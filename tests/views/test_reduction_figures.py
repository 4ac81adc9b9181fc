"""The figure and the table of reductions: every line that is meant, every number that is told."""

from collections.abc import Callable

import numpy as np
import pytest
from conftest import ROOT
from matplotlib.figure import Figure

import rxncompile as rx
from rxncompile.derivations import reductions
from rxncompile.judging.reductions import Reduced, judge_reductions
from rxncompile.judging.verdict import in_percent
from rxncompile.views.computed import Tour
from rxncompile.views.reductions import reduced_errors, reduced_figure, reduced_table, reduced_values
from rxncompile.views.tables import as_text
from rxncompile.views.what_is_left import what_is_left


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


@pytest.mark.parametrize("figure_of", [reduced_values, reduced_errors])
def test_columns(figure_of: Callable[[Reduced], Figure]) -> None:
    figure = figure_of(judged())
    assert len(figure.axes) == 4
    said = [t.get_text() for t in figure.legends[0].get_texts()]
    assert said[-2:] == ["standard", "total"] and len(said) == (2 if figure_of is reduced_errors else 3)


def test_chapter() -> None:
    net = rx.load(ROOT / "models" / "michaelis_menten.rxn")
    tour = Tour(net, None, None, None, None, None, "rxnc run", reduced=judged())
    chapter = what_is_left(tour)
    assert chapter is not None and chapter.title == "What is left when fast species balance"
    assert chapter.html.count("<figure>") == 2 and "With E, ES where they balance" in chapter.html
    assert "On average the" in chapter.html and "<math" in chapter.html
    assert what_is_left(Tour(net, None, None, None, None, None, "rxnc run")) is None


def test_table() -> None:
    found = judged()
    text = as_text(reduced_table(found))
    assert all(label in text for label in (*found.labels, "standard", "total"))
    worst = found.followed[0].worst(found.t, found.layer)[0]
    assert in_percent(float(worst)) in text
