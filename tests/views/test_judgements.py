"""Figures, tables and the chapter of judged closures."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import rxncompile as rx
from rxncompile.derivations.closures import gaussian, lognormal, poisson, zero
from rxncompile.judging import Judgement, judge
from rxncompile.tour import computed
from rxncompile.views.approximations import how_good_closures_are
from rxncompile.views.behaviour import what_happens
from rxncompile.views.chapters import how_it_was_made
from rxncompile.views.judgements import judged_deviations, judged_figure, judged_means, judged_table
from rxncompile.views.style import save
from rxncompile.views.tables import as_text

MODELS = Path(__file__).parent.parent.parent / "models"
PAIRS = "species A = 30\n2 A -> 0 @ 0.2\n0 -> A @ 20\n"
T = np.linspace(0.0, 3.0, 13)


@pytest.fixture(scope="module")
def found() -> Judgement:
    def explosive(monomial: tuple[int, ...], raw: object, order: int) -> object:
        return -raw((0,)) ** 3  # type: ignore[operator]

    return judge(rx.parse(PAIRS), [gaussian, zero, lognormal, poisson, explosive], T)


def test_what_is_drawn_is_what_was_found(found: Judgement, tmp_path: object) -> None:
    figure = judged_figure(found)
    means, deviations = figure.axes[:2]
    drawn = [line for line in means.get_lines() if len(line.get_xdata()) == len(found["gaussian"].t)]
    assert len(drawn) == 5  # gaussian, of which zero is one more name, lognormal, poisson, explosive, linear noise
    low, high = means.get_ylim()
    np.testing.assert_allclose(drawn[0].get_ydata(), found["gaussian"].mean[:, 0])
    assert low < found.truth.mean[:, 0].min() and high > found.truth.mean[:, 0].max()
    np.testing.assert_allclose(deviations.get_lines()[0].get_ydata(), np.sqrt(found.truth.covariance[:, 0, 0]))
    crosses = [line for ax in (means, deviations) for line in ax.get_lines() if line.get_marker() in ("x", "^", "v")]
    assert crosses  # explosive leaves, or ends
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == [
        "master equation", "its mean ± sd", "gaussian, zero", "lognormal", "poisson", "explosive", "linear noise",
    ]  # fmt: skip
    save(figure, f"{tmp_path}/judged.png")


def test_a_sample_is_drawn_with_its_errors() -> None:
    found = judge(rx.parse(PAIRS), [gaussian], T, most_states=5, runs=100, seed=1)
    names = [text.get_text() for text in judged_figure(found).legends[0].get_texts()]
    assert names[0] == "trajectories, ± 2 standard errors"
    assert len(judged_means(found).axes[0].collections) == 2  # mean ± sd, and the mean's errors
    assert len(judged_deviations(found).axes[0].collections) == 1
    assert [t.get_text() for t in judged_deviations(found).legends[0].get_texts()][1] == "gaussian"


def test_a_table_of_the_largest_errors(found: Judgement) -> None:
    text = as_text(judged_table(found))
    assert text.splitlines()[2].split() == [
        "moment", "gaussian", "zero", "lognormal", "poisson", "explosive", "linear", "noise",
    ]  # fmt: skip
    row = next(line for line in text.splitlines() if "<A^2>_c" in line)
    assert row.count("(t = ") == 6


def test_the_chapter_of_a_model() -> None:
    tour = computed(rx.parse("species A = 8\n2 A -> 0 @ 2\n0 -> A @ 2\n"), "rxnc run", 3.0, 41, 400, 1, lambda _: None)
    assert tour.judgement is not None and tour.judgement.truth.exact
    assert not tour.judgement["gaussian"].good  # so few molecules that a moment is named
    assert tour.comparison is not None and tour.comparison.agree
    chapter = how_good_closures_are(tour)
    assert chapter is not None and chapter.html.count("<svg") == 2
    for verdict in tour.judgement.verdicts:
        assert f"<li><b>{verdict.name}</b>" in chapter.html
    assert "&lt;A&gt;" in chapter.html and "<A>" not in chapter.html
    assert "The runs agree with the master equation" in what_happens(tour).html
    assert "Whittle 1957" in how_it_was_made(tour).html  # what the page uses, it cites


def test_runs_of_another_model_are_said_to_differ() -> None:
    """The verdict can go wrong: a comparison with the master equation of other rates."""
    tour = computed(rx.parse(PAIRS), "rxnc run", 3.0, 41, 400, 1, lambda _: None)
    other = rx.master_equation(rx.jump_process(rx.parse(PAIRS.replace("20", "40"))), T)
    drawn = rx.sample_statistics(rx.jump_process(rx.parse(PAIRS)), T, runs=400, seed=1)
    html = what_happens(replace(tour, comparison=rx.compare(drawn, other))).html
    assert "The runs differ from the master equation" in html and "The least likely: " in html


def test_no_chapter_where_there_is_nothing_to_judge() -> None:
    net = rx.load(MODELS / "annihilation.rxn")  # on a lattice
    assert how_good_closures_are(computed(net, "rxnc run", 1.0, 11, 10, 1, lambda _: None)) is None
    waiting = rx.parse(PAIRS + "when A > 40: A = 0\n")  # an event that waits for a state acts on no moment
    assert how_good_closures_are(computed(waiting, "rxnc run", 1.0, 11, 50, 1, lambda _: None)) is None


def test_a_chapter_without_pictures_where_nothing_can_begin() -> None:
    """The slope of A^0.5 is infinite at 0, and events do not act on linear noise."""
    text = "species A\nparam k = 1\n0 -> A @ 5\nA -> 0 rate A^0.5\nat 1: k = 2\n"
    tour = computed(rx.parse(text), "rxnc run", 2.0, 11, 200, 1, lambda _: None)
    chapter = how_good_closures_are(tour)
    assert chapter is not None and "<svg" not in chapter.html
    assert chapter.html.count(" cannot begin: ") == 4


def test_a_chapter_of_linear_models_says_that_they_are_exact() -> None:
    tour = computed(rx.parse("species A = 9\nA -> 0 @ 1\n"), "rxnc run", 2.0, 11, 50, 1, lambda _: None)
    chapter = how_good_closures_are(tour)
    assert chapter is not None and "without a closure: they are exact" in chapter.html
