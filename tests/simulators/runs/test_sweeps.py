"""Sweeps: each point is what it would be alone, against closed forms, in files, interrupted and resumed."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

import rxncompile as rx
from rxncompile import simulate_command
from rxncompile.cli import main
from rxncompile.errors import RxnError
from rxncompile.simulators.results.trajectory import Ensemble
from rxncompile.simulators.runs.sweeps import grid, point_seed

ALARM = 1e-4
TEXT = "model M\nparam k = 4, g = 1\nspecies A = 3\n0 -> A @ k\nA -> 0 @ g\nobservable twice = 2*A\n"
JUMPS, RATES = rx.jump_process(rx.parse(TEXT)), rx.rate_equations(rx.parse(TEXT))
T = np.linspace(0.0, 3.0, 4)
OVER = {"k": [1.0, 4.0, 9.0], "A": [0, 20]}


def test_a_point_is_what_it_is_alone() -> None:
    """Bit for bit: with other neighbours, in another order, and as an ensemble of its own."""
    whole = rx.sweep(JUMPS, T, 60, OVER, seed=7)
    assert whole.shape == (3, 2)
    assert whole.mean.shape == (3, 2, 4, 2)
    few = rx.sweep(JUMPS, T, 60, {"A": [20.0], "k": [9.0, 2.0]}, seed=7, threads=2)
    assert few.at({"k": 9, "A": 20}) == whole.at({"A": 20, "k": 9})
    seed = point_seed(7, {"A": 20.0, "k": 9.0})
    assert whole.at({"A": 20, "k": 9}) == rx.sample_statistics(JUMPS, T, 60, seed, {"k": 9}, {"A": 20})
    seeds = [point.seed for _, point in whole if point]
    assert len(set(seeds)) == 6
    assert (whole.mean_of("A")[1, 0] == whole.at({"k": 4, "A": 0}).mean_of("A")).all()
    assert (whole.sd_of("twice")[2, 1] == whole.at({"k": 9, "A": 20}).sd_of("twice")).all()
    assert (whole.quantile("A", 0.5)[2, 1] == whole.at({"k": 9, "A": 20}).quantile("A", 0.5)).all()
    assert (whole.covariance("A", "twice") == 2 * whole.covariance("A", "A")).all()
    assert rx.sweep(JUMPS, T, 60, OVER, seed=8) != whole
    again = rx.sweep(JUMPS, T, 60, OVER)
    assert rx.sweep(JUMPS, T, 60, OVER, seed=again.seed) == again


def test_means_over_a_grid_are_the_closed_form() -> None:
    """<A> = k/g + (A0 - k/g) exp(-g t): for the rate equations to their tolerance, for 4,000 runs to the alarm."""
    k, start = np.array(OVER["k"])[:, None, None], np.array(OVER["A"])[None, :, None]
    exact = k + (start - k) * np.exp(-T)
    variance = k * (1 - np.exp(-T)) + start * np.exp(-T) * (1 - np.exp(-T))
    np.testing.assert_allclose(rx.sweep(RATES, T, over=OVER).mean_of("A"), exact, rtol=1e-6, atol=1e-6)
    found = rx.sweep(JUMPS, T, 4000, OVER, seed=3).mean_of("A")
    limit = norm.isf(ALARM / 2 / exact.size)
    assert (np.abs(found - exact) <= limit * np.sqrt(variance / 4000)).all()


@pytest.mark.parametrize("suffix", [".npz", ".csv"])
@pytest.mark.parametrize("runs", [None, 1, 40])
def test_saved_and_loaded(runs: int | None, suffix: str, tmp_path: Path) -> None:
    whole = rx.sweep(RATES if runs is None else JUMPS, T, runs, OVER, seed=7)
    rx.save_result(whole, tmp_path / f"x{suffix}")
    back = rx.load_result(tmp_path / f"x{suffix}")
    assert back.axes[1][1].tolist() == [0, 20]
    assert back.mean.tobytes() == whole.mean.tobytes()
    assert (np.isnan(back.sd) == np.isnan(whole.sd)).all()
    if suffix == ".npz":
        assert back == whole
    else:
        assert (back.name, back.labels, back.units, back.seed) == (whole.name, whole.labels, whole.units, whole.seed)
        assert [p.seed for _, p in back] == [p.seed for _, p in whole]
    with pytest.raises(RxnError, match="cannot hold a sweep"):
        rx.save_result(whole, tmp_path / "x.nc")
    for cut in range(0, 4000, 371):
        (tmp_path / f"y{suffix}").write_bytes((tmp_path / f"x{suffix}").read_bytes()[:cut])
        if cut < (tmp_path / f"x{suffix}").stat().st_size:
            with suppress(RxnError):
                rx.load_result(tmp_path / f"y{suffix}")


def test_interrupted_and_resumed(tmp_path: Path) -> None:
    whole = rx.sweep(JUMPS, T, 200, OVER, seed=7)

    def stop(done: int, total: int) -> None:
        assert total == 1200
        if done >= 500:
            raise KeyboardInterrupt

    part = rx.sweep(JUMPS, T, 200, OVER, seed=7, threads=1, progress=stop)
    assert part.points[0] == whole.points[0]
    assert part.points[-1] is None
    assert np.isnan(part.mean[-1, -1]).all()
    assert "of 6 points are missing" in part.notes[-1]
    rx.save_result(part, tmp_path / "x.npz")
    assert rx.sweep(JUMPS, T, 200, OVER, earlier=rx.load_result(tmp_path / "x.npz")) == whole
    for options in ({"over": {"k": [1.0, 2.0]}}, {"over": OVER, "seed": 8}):
        with pytest.raises(RxnError) as caught:
            rx.sweep(JUMPS, T, 200, earlier=part, **options)
        assert caught.value.code == "R707"


def test_axes_as_text() -> None:
    assert grid("k=1,2, 5e-1") == ("k", [1.0, 2.0, 0.5])
    assert grid("k=0.1:0.5:5") == ("k", [0.1, 0.2, 0.3, 0.4, 0.5])
    assert grid("k=0.1:10:3:log") == ("k", [0.1, 1.0, 10.0])
    for text in ("k", "=1", "k=", "k=1:2", "k=1:2:0", "k=1:2:3:lin", "k=a", "k=1:2:2.5"):
        with pytest.raises((ValueError, IndexError)):
            grid(text)


def test_what_cannot_be_swept_has_a_name() -> None:
    cases = [
        ({"kk": [1.0]}, "R504"), ({}, "R604"), ({"k": []}, "R604"), ({"k": [1.0, 1.0]}, "R604"), ({"k": 3}, "R604"),
        ({"A": [0.5]}, "R609"), ({"k": [np.nan]}, "R604"), ({"k": range(2000), "A": range(2000)}, "R604"),
    ]  # fmt: skip
    for over, code in cases:
        with pytest.raises(RxnError) as caught:
            rx.sweep(JUMPS, T, 10, over, seed=1)
        assert caught.value.code == code, over
    swept = rx.sweep(JUMPS, T, 10, {"k": [1.0, 2.0]}, seed=1)
    for where in ({"k": 1.5}, {"g": 1.0}, {}):
        with pytest.raises(RxnError) as caught:
            swept.at(where)
        assert caught.value.code == "R704"
    with pytest.raises(RxnError, match="is no ensemble"):
        rx.sweep(RATES, T, over={"k": [1.0]}).quantile("A", 0.5)


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.rxn").write_text(TEXT)
    common = ["simulate", str(tmp_path / "m.rxn"), "--until", "3", "--points", "4"]
    assert main([*common, "--sweep", "k=1:9:3", "--sweep", "A=0,20"]) == 0
    table = [line.split(",") for line in capsys.readouterr().out.splitlines() if not line.startswith("#")]
    assert table[0] == ["k", "A", "time", "A", "twice"]
    assert len(table) == 1 + 6 * 4
    assert [row[:3] for row in table[1:6]] == [["1.0", "0.0", f"{t}"] for t in T] + [["1.0", "20.0", "0.0"]]
    target = tmp_path / "x.npz"
    sampled = [*common, "--method", "ssa", "--runs", "50", "--seed", "7", "--sweep", "k=1,4,9", "--sweep", "A=0,20"]
    assert main([*sampled, "-o", str(target)]) == 0
    expected = rx.sweep(rx.jump_process(rx.load(str(tmp_path / "m.rxn"))), T, 50, OVER, seed=7)
    assert rx.load_result(target) == expected
    capsys.readouterr()
    assert main([*sampled, "--quantiles", "0.5"]) == 0
    table = [line.split(",") for line in capsys.readouterr().out.splitlines() if not line.startswith("#")]
    assert table[0][-2:] == ["A-q0.5", "twice-q0.5"]
    assert float(table[-1][-2]) == expected.quantile("A", 0.5)[-1, -1, -1]
    assert isinstance(expected.points[0], Ensemble)
    assert main([*common, "--sweep", "q=1,2"]) == 1
    with pytest.raises(SystemExit):
        main([*common, "--sweep", "k=1:2"])


def test_threads_share_points_or_runs_and_change_no_bit(tmp_path: Path) -> None:
    """Many points are divided over the threads, few are done by all; interrupted in the middle of either, and resumed.

    The grid is large enough that more than one point is at work when the interrupt comes.
    """
    over = {"k": np.linspace(1.0, 9.0, 12)}
    whole = rx.sweep(JUMPS, T, 300, over, seed=7, threads=1)
    assert rx.sweep(JUMPS, T, 300, over, seed=7, threads=3) == whole
    assert rx.sweep(JUMPS, T, 300, over, seed=7, threads=32) == whole
    for threads in (3, 32):
        seen: list[int] = []

        def stop(done: int, total: int, seen: list[int] = seen) -> None:
            assert total == 3600
            seen.append(done)
            if done >= 700:
                raise KeyboardInterrupt

        path = tmp_path / f"{threads}.npz"
        part = rx.sweep(JUMPS, T, 300, over, seed=7, threads=threads, progress=stop, checkpoint=path)
        assert seen == sorted(seen)
        there = sum(point.runs for _, point in part if point)
        assert 300 <= there <= 3600
        assert rx.load_result(path) == part
        assert rx.sweep(JUMPS, T, 300, over, threads=2, earlier=rx.load_result(path)) == whole


def test_a_fault_at_one_point_names_it_and_keeps_the_others(tmp_path: Path) -> None:
    bad = rx.jump_process(rx.parse("model M\nparam k = 1\nspecies A = 5\nslip: 0 -> A rate k - A\nA -> 0 @ 1\n"))
    over = {"k": [900.0, 800.0, 700.0, 600.0, 500.0, 2.0]}
    for threads in (1, 3):
        path = tmp_path / f"{threads}.npz"
        with pytest.raises(RxnError, match=r"'slip'.*at the point k = 2") as caught:
            rx.sweep(bad, T, 50, over, seed=7, threads=threads, checkpoint=path)
        assert caught.value.code == "R602"
        assert caught.value.span is not None
        kept = rx.load_result(path)
        assert kept.points[0] is not None and kept.points[0].runs == 50
        assert kept.points[-1] is None
    with pytest.raises(RxnError, match="cannot hold a checkpoint"):
        rx.sweep(JUMPS, T, 10, OVER, checkpoint=tmp_path / "x.nc")


def test_the_command_resumes_and_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, target, picture = (str(tmp_path / name) for name in ("m.rxn", "x.npz", "x.svg"))
    Path(model).write_text(TEXT)
    common = ["simulate", model, "--method", "ssa", "--until", "3", "--points", "4", "--seed", "7"]
    axes = ["--sweep", "k=1,4,9", "--sweep", "A=0,20"]

    def stop(done: int, total: int) -> None:
        if done >= 150:
            raise KeyboardInterrupt

    part = rx.sweep(rx.jump_process(rx.load(model)), T, 50, OVER, seed=7, threads=1, progress=stop)
    assert None in part.points
    rx.save_result(part, target)
    assert main(["simulate", model, "--resume", target, "--plot", picture]) == 0
    assert rx.load_result(target) == rx.sweep(rx.jump_process(rx.load(model)), T, 50, OVER, seed=7)
    assert "<svg" in Path(picture).read_text()
    assert main([*common, *axes, "--runs", "80", "--resume", target]) == 0
    assert rx.load_result(target) == rx.sweep(rx.jump_process(rx.load(model)), T, 80, OVER, seed=7)
    for wrong in (["--sweep", "k=1,2"], ["--until", "5"], ["--seed", "8"], ["--runs", "3"], ["--set", "g=2"]):
        capsys.readouterr()
        assert main(["simulate", model, "--resume", target, *wrong]) == 1, wrong
        assert "R707" in capsys.readouterr().err
    assert main([*common[:2], "--until", "3", *axes, "-o", target]) == 0
    assert main(["simulate", model, "--resume", target]) == 1
    assert "no sums" in capsys.readouterr().err


def test_an_interrupted_command_keeps_what_was_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit status 130, the file of the points that were done, and the line that continues them."""
    model, target = str(tmp_path / "m.rxn"), str(tmp_path / "x.npz")
    Path(model).write_text(TEXT)
    told = simulate_command.Pace._report

    def stop(self: simulate_command.Pace, done: int, total: int) -> None:
        told(self, done, total)
        if done >= 400:
            raise KeyboardInterrupt

    monkeypatch.setattr(simulate_command.Pace, "_report", stop)
    words = ["simulate", model, *"--method ssa --runs 100 --until 3 --points 4 --sweep k=1:9:9".split()]
    assert main([*words, "--threads", "1", "-o", target]) == 130
    said = capsys.readouterr().err
    assert "of 9 points are missing" in said or "of 100 runs" in said
    assert f"--resume {target} continues it" in said
    monkeypatch.undo()
    assert main(["simulate", model, "--resume", target]) == 0
    again = rx.load_result(target)
    assert again == rx.sweep(rx.jump_process(rx.load(model)), T, 100, {"k": np.linspace(1.0, 9.0, 9)}, seed=0)
