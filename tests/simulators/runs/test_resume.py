"""Runs that survive: interrupted and resumed to the same bits, checkpoints, full disks, refusals with names."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import rxncompile as rx
from rxncompile import simulate_command
from rxncompile.cli import main
from rxncompile.errors import RxnError
from rxncompile.simulators.jumps import ssa
from rxncompile.simulators.jumps.method import Method
from rxncompile.simulators.results import files
from rxncompile.simulators.results.trajectory import Ensemble
from rxncompile.simulators.runs import resume
from rxncompile.system import System


def process(text: str) -> System:
    return rx.jump_process(rx.parse(f"model M\n{text}\n"))


TEXT = "species A = 3, B ~ Poisson(5)\n0 -> A @ k\nA -> 0 @ 1\nB -> 0 @ 0.1\nobservable s = A + B"
COUNTED = process(f"param k = 4\n{TEXT}")
REAL = process("param k = 4\nspecies A = 3\n0 -> A @ k\nA -> 0 @ 1\nobservable r = 1/(1 + A)")
T = np.linspace(0.0, 3.0, 5)
RUNS = 700


def interrupted(system: System, after: int, checkpoint: Path | None = None, **options: object) -> Ensemble:
    """The first trajectories of RUNS, stopped once `after` are done."""

    def stop(done: int, total: int) -> None:
        if done >= after:
            raise KeyboardInterrupt

    return rx.sample_statistics(system, T, RUNS, 5, progress=stop, threads=1, checkpoint=checkpoint, **options)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssa, "_BLOCK", 40)


@pytest.mark.parametrize("system", [COUNTED, REAL], ids=["counts", "outputs"])
@pytest.mark.parametrize("suffix", ["", ".npz", ".nc"])
def test_resumed_is_uninterrupted(system: System, suffix: str, tmp_path: Path) -> None:
    whole = rx.sample_statistics(system, T, RUNS, 5, joint=[("A", "A")], threads=2)
    part = interrupted(system, 250, joint=[("A", "A")])
    assert 40 <= part.runs < RUNS
    assert part.notes == (f"interrupted: the first {part.runs} of {RUNS} runs",)
    before = part.mean.copy()
    if suffix:
        files.save(part, tmp_path / f"x{suffix}")
    for threads in (1, 2):
        again = rx.resume(system, tmp_path / f"x{suffix}" if suffix else part, threads=threads)
        assert again == whole
        assert again.mean.tobytes() == whole.mean.tobytes()
        assert (part.mean == before).all()


def test_interrupted_twice_and_then_more() -> None:
    """Three pieces are the whole; a finished run goes on to more trajectories, counts exactly."""
    first = interrupted(COUNTED, 100)
    second = interrupted(COUNTED, 400, earlier=first)
    assert first.runs < second.runs < RUNS
    whole = rx.resume(COUNTED, second)
    assert whole == rx.sample_statistics(COUNTED, T, RUNS, 5)
    assert rx.resume(COUNTED, whole, 1000) == rx.sample_statistics(COUNTED, T, 1000, 5)
    assert rx.resume(COUNTED, whole) == whole


@pytest.mark.slow  # compiles the other one
def test_either_method_resumes() -> None:
    for method in Method:
        part = interrupted(COUNTED, 200, method=method)
        assert rx.resume(COUNTED, part) == rx.sample_statistics(COUNTED, T, RUNS, 5, method=method)


def test_checkpoints_are_written_while_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that dies without a word leaves the last checkpoint, which continues to the whole."""
    monkeypatch.setattr(resume, "_EVERY", 0.0)
    path = tmp_path / "run.npz"
    seen: list[Ensemble] = []

    def die(done: int, total: int) -> None:
        if path.exists():
            seen.append(rx.load_result(path))  # type: ignore[arg-type]
        if done >= 300:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        rx.sample_statistics(COUNTED, T, RUNS, 5, progress=die, threads=1, checkpoint=path)
    assert len({e.runs for e in seen}) > 1
    assert rx.resume(COUNTED, seen[0]) == rx.sample_statistics(COUNTED, T, RUNS, 5)
    assert rx.resume(COUNTED, path, checkpoint=path) == rx.load_result(path)
    assert rx.load_result(path) == rx.sample_statistics(COUNTED, T, RUNS, 5)


def test_a_fault_keeps_what_was_finished(tmp_path: Path) -> None:
    """A run that goes wrong at trajectory 400 or so leaves the ones before it in the checkpoint."""
    system = process("species A = 0\n0 -> A @ 1\nslip: 0 -> A rate sqrt(21.5 - A)")
    path = tmp_path / "run.npz"
    with pytest.raises(RxnError, match="'slip'") as caught:
        rx.sample_statistics(system, T, 4000, 5, threads=1, checkpoint=path)
    assert caught.value.code == "R601"
    kept = rx.load_result(path)
    assert isinstance(kept, Ensemble)
    assert kept.runs >= 40
    assert (kept.mean == rx.sample_statistics(system, T, kept.runs, 5).mean).all()


def full_disk(_: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_costs_no_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The earlier checkpoint survives; the run ends, and says that it could not be saved."""
    monkeypatch.setattr(resume, "_EVERY", 0.0)
    path = tmp_path / "run.npz"
    files.save(interrupted(COUNTED, 100), path)
    before = path.read_bytes()
    monkeypatch.setattr(files.os, "fsync", full_disk)
    result = rx.resume(COUNTED, path, checkpoint=path)
    assert "no checkpoint: cannot write" in result.notes[0]
    assert "No space left on device" in result.notes[0]
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["run.npz"]
    monkeypatch.undo()
    monkeypatch.setattr(ssa, "_BLOCK", 40)
    assert (result.mean == rx.sample_statistics(COUNTED, T, RUNS, 5).mean).all()


def test_a_real_limit_of_file_size(tmp_path: Path) -> None:
    """RLIMIT_FSIZE, in a process of its own: R702 by name, the earlier file as it was, nothing beside it."""
    path = tmp_path / "run.npz"
    small = rx.sample_statistics(COUNTED, [0.0, 1.0], 40, 5)
    files.save(small, path)
    code = f"""
import resource, signal
import rxncompile as rx
from rxncompile.simulators.results import files
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
system = rx.jump_process(rx.parse("model M\\nspecies A = 3\\nA -> 0 @ 1\\n"))
result = rx.sample_statistics(system, [i/50 for i in range(3000)], 40, 5)
resource.setrlimit(resource.RLIMIT_FSIZE, (40000, 40000))
try:
    files.save(result, {str(path)!r})
except rx.RxnError as error:
    print(error.code, error.message)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("R702 cannot write"), done.stderr
    assert "File too large" in done.stdout
    assert rx.load_result(path) == small
    assert os.listdir(tmp_path) == ["run.npz"]


def test_what_is_not_the_same_is_refused_by_name(tmp_path: Path) -> None:
    part = interrupted(COUNTED, 100)
    other = process(f"param k = 5\n{TEXT}")
    files.save(part, tmp_path / "x.csv")
    cases = [
        (lambda: rx.resume(other, part), "of another M"),
        (lambda: rx.resume(REAL, part), "of another M"),
        (lambda: rx.resume(COUNTED, part, params={"k": 4.5}), "of another M"),
        (lambda: rx.resume(COUNTED, part, initial={"A": 4}), "of another M"),
        (lambda: rx.resume(COUNTED, part, initial={"B": 5}), "of another M"),
        (lambda: rx.resume(COUNTED, part, 10), "trajectories already"),
        (lambda: rx.resume(COUNTED, tmp_path / "x.csv"), "no sums"),
        (lambda: rx.resume(COUNTED, rx.sample(COUNTED, T, 3, 5)), "no sums"),
        (lambda: rx.sample_statistics(COUNTED, T[:-1], RUNS, 5, earlier=part), "other times: 5 times 0 .. 3"),
        (lambda: rx.sample_statistics(COUNTED, T, RUNS, 6, earlier=part), "has seed 5, not 6"),
        (lambda: rx.sample_statistics(COUNTED, T, RUNS, 5, joint=[("A", "B")], earlier=part), "joint histograms"),
        (lambda: rx.sample_statistics(COUNTED, T, RUNS, 5, method=Method.REJECTION, earlier=part), "sampled by"),
    ]  # fmt: skip
    for act, words in cases:
        with pytest.raises(RxnError, match=words) as caught:
            act()
        assert caught.value.code == "R707", words
    assert rx.resume(COUNTED, part, params={"k": 4}, initial={"A": 3}).runs == RUNS
    with pytest.raises(RxnError, match="cannot hold a checkpoint"):
        rx.sample_statistics(COUNTED, T, RUNS, 5, checkpoint=tmp_path / "x.csv")


# ---------------------------------------------------------------------------------------------- on the command line

MODEL = "model M\nparam k = 4\nspecies A = 3\n0 -> A @ k\nA -> 0 @ 1\n"


def test_the_command_resumes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, run, whole = tmp_path / "m.rxn", tmp_path / "run.npz", tmp_path / "whole.npz"
    model.write_text(MODEL)
    common = ["simulate", str(model), "--method", "ssa", "--until", "3", "--points", "5", "--seed", "5"]
    assert main([*common, "--runs", str(RUNS), "-o", str(whole)]) == 0
    system = rx.jump_process(rx.load(str(model)))
    files.save(interrupted(system, 200), run)
    assert main(["simulate", str(model), "--resume", str(run)]) == 0
    assert rx.load_result(run) == rx.load_result(whole)
    assert main([*common, "--resume", str(run), "--runs", "800", "-o", str(tmp_path / "more.nc")]) == 0
    assert rx.load_result(tmp_path / "more.nc").runs == 800
    capsys.readouterr()
    assert main(["simulate", str(model), "--resume", str(run), "--seed", "6"]) == 1
    assert "has seed 5, not 6" in capsys.readouterr().err
    assert main(["simulate", str(model), "--resume", str(run), "--until", "4"]) == 1
    assert main(["simulate", str(model), "--resume", str(run), "--set", "k=5"]) == 1
    assert "of another M" in capsys.readouterr().err


def test_quantiles_are_columns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, target = tmp_path / "m.rxn", tmp_path / "x.csv"
    model.write_text(MODEL)
    common = ["simulate", str(model), "--method", "ssa", "--until", "3", "--points", "5", "--quantiles", "0.05,0.5"]
    assert main([*common, "--runs", "90"]) == 0
    text = capsys.readouterr().out
    table = [line.split(",") for line in text.splitlines() if not line.startswith("#")]
    assert table[0] == ["time", "A-mean", "A-sd", "A-q0.05", "A-q0.5"]
    found = rx.sample_statistics(rx.jump_process(rx.load(str(model))), T, 90, 0)
    assert [float(row[4]) for row in table[1:]] == found.quantile("A", 0.5).tolist()
    assert main([*common, "--runs", "90", "-o", str(target)]) == 0
    assert target.read_text() == text
    back = rx.load_result(target)
    assert (back.labels, back.mean.tolist()) == (("A",), found.mean.tolist())
    capsys.readouterr()
    assert main([*common]) == 1
    assert "quantiles are of an ensemble" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([*common, "--quantiles", "2"])


def test_a_result_that_cannot_be_saved_is_kept_elsewhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "m.rxn").write_text(MODEL)
    monkeypatch.setattr(simulate_command.tempfile, "gettempdir", lambda: str(tmp_path))
    common = ["simulate", str(tmp_path / "m.rxn"), "--method", "ssa", "--until", "3", "--points", "5", "--runs", "50"]
    assert main([*common, "-o", str(tmp_path / "nowhere" / "run.npz")]) == 1
    said = capsys.readouterr().err
    assert "cannot write" in said and "the result is in" in said
    [kept] = tmp_path.glob("rxnc-*-run.npz")
    assert rx.load_result(kept).runs == 50


def test_long_runs_are_warned_of(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    with simulate_command.Pace(100_000, clock=lambda: now[0]) as report:
        for done in (1, 10, 20):
            now[0] += 10.0
            report(done, 100_000)
    said = capsys.readouterr().err
    assert said.count("warning") == 1
    assert "11.6 days" in said and "--runs 6 " in said
    with simulate_command.Pace(100, clock=lambda: now[0]) as report:
        now[0] += 2.0
        report(50, 100)
    assert capsys.readouterr().err == ""
    with simulate_command.Pace(100, clock=lambda: now[0]) as report:
        for _ in range(3):
            now[0] += 40.0
            report(0, 100)
    assert capsys.readouterr().err.count("no trajectory is finished after 80 s") == 1
    assert [simulate_command.duration(x) for x in (40, 720, 12600, 4e5)] == ["40 s", "12 min", "3.5 hours", "4.6 days"]
