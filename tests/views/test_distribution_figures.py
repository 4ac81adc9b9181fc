"""Figures of distributions: what is drawn is what was computed."""

from pathlib import Path

import numpy as np
import pytest

from rxncompile.cli import main
from rxncompile.derivations.rates import jump_process
from rxncompile.language import parse
from rxncompile.simulators.jumps.ssa import sample
from rxncompile.simulators.master.master_equation import master_equation
from rxncompile.simulators.runs.ensembles import sample_statistics
from rxncompile.views.distributions import against_exact, distribution_snapshots
from rxncompile.views.style import INK

MODEL = "species Off = 1, On, M\nOff <-> On @ 0.3, 2\nOn -> On + M @ 40\nM -> 0 @ 1"
T = np.linspace(0.0, 10.0, 21)


def test_lines_are_the_exact_distribution_and_bars_the_runs() -> None:
    system = jump_process(parse(MODEL))
    exact, drawn = master_equation(system, T), sample_statistics(system, T, runs=2000, seed=1)
    figure = distribution_snapshots(exact, drawn, ["M"])
    course, *snapshots = figure.axes
    assert [ax.get_title(loc="right") for ax in snapshots] == ["t = 1", "t = 4", "t = 10"]
    np.testing.assert_array_equal(course.lines[0].get_ydata(), drawn.mean_of("M"))
    np.testing.assert_array_equal(course.lines[1].get_ydata(), exact.mean_of("M"))
    n, p = exact.marginal("M")
    x, y = snapshots[-1].lines[0].get_data()
    np.testing.assert_array_equal(y, p[np.searchsorted(n, x)])
    assert y.sum() > 0.999
    area = sum(bar.get_width() * bar.get_height() for bar in snapshots[-1].patches)
    assert area == pytest.approx(1.0, abs=1e-12)


def test_runs_alone_and_the_exact_one_alone() -> None:
    system = jump_process(parse(MODEL))
    exact = master_equation(system, T)
    assert len(distribution_snapshots(exact).axes) == 12  # three species, their course and three times
    figure = distribution_snapshots(None, sample(system, T, runs=50, seed=1), ["On"])
    assert figure.axes[-1].patches and not figure.axes[-1].lines
    assert len(distribution_snapshots(master_equation(system, [0.0])).axes) == 3


def test_a_band_with_the_exact_means_on_it() -> None:
    system = jump_process(parse(MODEL))
    exact, drawn = master_equation(system, T), sample_statistics(system, T, runs=500, seed=1)
    figure = against_exact(exact, drawn)
    dots = [line.get_ydata() for ax in figure.axes for line in ax.lines if line.get_marker() == "."]
    assert len(dots) == 3
    assert any(np.array_equal(d, exact.mean_of("M")) for d in dots)
    assert INK in {line.get_color() for ax in figure.axes for line in ax.lines}


def test_the_command_draws_the_distribution(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.rxn").write_text(MODEL)
    picture = tmp_path / "m.svg"
    arguments = ["simulate", str(tmp_path / "m.rxn"), "--method", "cme", "--until", "3", "--plot", str(picture)]
    assert main(arguments) == 0
    assert picture.read_text().count("probability") >= 3
    assert capsys.readouterr().out == ""
