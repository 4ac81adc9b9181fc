"""Figures of what was learned: they show the numbers that went in."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import rxncompile as rx
from rxncompile.learners.moments.model import model_of
from rxncompile.views.learned import beside, joint_array, joint_maps, learned_moments, reduced_species
from rxncompile.views.style import save
from rxncompile.views.tables import as_text

NET = rx.parse("param b = 4, d = 0.5, k = 0.3\nspecies A = 5, B\n0 -> A @ b\nA -> 0 @ d\nA -> B @ k\nB -> 0 @ d\n")
T = np.array([0.0, 1.0, 2.0, 4.0])


def test_moments(tmp_path: Path) -> None:
    paths = rx.sample(rx.jump_process(NET), T, runs=300, seed=1)
    data = rx.measured_moments(paths, species=("A", "B"))
    fine = np.linspace(0.1, 4.0, 30)
    relation = rx.rate_relation(NET)
    learned = model_of(NET, 2, relation.parameters).predict(np.array([4.0, 0.5, 0.3]), fine).moments
    figure = learned_moments(data, fine, learned, paths, "h")
    top, _, means, second = figure.axes
    assert len(top.get_lines()) == 10
    lines, dots = means.get_lines()[::2], means.get_lines()[1::2]
    np.testing.assert_allclose([x.get_ydata() for x in lines], learned[:, :2].T)
    np.testing.assert_allclose([x.get_ydata() for x in dots], data.mean.T)
    assert [t.get_text() for t in second.get_legend().get_texts()] == ["var A", "cov A, B", "var B"]
    assert means.get_xlabel() == "time (h)"
    save(figure, tmp_path / "moments.png")
    assert len(learned_moments(data, fine, learned).axes) == 2


def test_joint_maps(tmp_path: Path) -> None:
    law = rx.master_equation(rx.jump_process(NET), [0.0, 1.0, 3.0])
    maps = [joint_array(law, "A", "B", k) for k in (1, 2)]
    assert all(abs(p.sum() - 1.0) < 1e-6 for p in maps)  # of probability at most 1e-8 is lost
    mean = sum(i * p for i, p in enumerate(maps[0].sum(axis=1)))
    assert abs(mean - law.mean_of("A")[1]) < 1e-5
    figure = joint_maps((1.0, 3.0), [("one", maps), ("two", maps)], ("A", "B"), "hours")
    assert [ax.get_title() for ax in figure.axes[:2]] == ["t = 1 hour", "t = 3 hours"]
    drawn = figure.axes[0].images[0].get_array()
    assert np.nanmax(drawn) == maps[0].max()
    assert float(np.nansum(drawn)) > 0.999
    save(figure, tmp_path / "joint.png")


def test_reduced_species(tmp_path: Path) -> None:
    full = rx.integrate(rx.rate_equations(NET), np.linspace(0.0, 9.0, 200))
    figure = reduced_species(full, {"same": full}, ((("A", "B"), 0.0), (("A",), 0.1), (("B",), 0.1)), "h")
    first = figure.axes[0]
    marks = [line for line in first.get_lines() if line.get_marker() == "x"]
    assert len(marks) == 2
    np.testing.assert_allclose(marks[0].get_ydata(), np.interp(marks[0].get_xdata(), full.t, full["A"]))
    assert figure.axes[1].get_xscale() == "log"
    save(figure, tmp_path / "reduced.png")


def test_numbers_beside() -> None:
    text = as_text(beside("title", ["k"], {"true": ["1"], "found": ["2"]}))
    assert "title" in text and text.splitlines()[-1].split() == ["k", "1", "2"]
