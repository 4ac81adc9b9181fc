"""`rxnc learn fit`: what it writes, how it goes on, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import rxncompile as rx
from rxncompile.cli import main

MODEL = "model Decay\nunits time = h\nparam k = 0.5 in [0.01, 10], d = 0.2\nspecies A = 3, B\nA -> B @ k\nB -> 0 @ d\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "decay.rxn").write_text(MODEL)
    t = np.linspace(0.0, 10.0, 11)
    found = rx.integrate(rx.rate_equations(rx.parse(MODEL)), t, params={"k": 0.8})
    rng = np.random.default_rng(1)
    rows = [
        f"{s:g},{a:.5g}," + (f"{b:.5g}" if s != 3 else "") for s, a, b in zip(t, found["A"], found["B"], strict=True)
    ]
    (tmp_path / "data.csv").write_text("time,A,B\n" + "\n".join(rows) + "\n")
    rows = [
        f"{s:g},{r},{a * np.exp(0.01 * rng.normal()):.5g}"
        for r in ("x", "y")
        for s, a in zip(t, found["A"], strict=True)
    ]
    (tmp_path / "towns.csv").write_text("time,condition,A\n" + "\n".join(rows) + "\n")
    return tmp_path


def test_model_table_picture_and_checkpoint(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = "learn fit decay.rxn data.csv --sd 0.01 --starts 2 --checkpoint kept.json".split()
    assert main([*command, "-o", "fitted.rxn", "--plot", "fit.svg"]) == 0
    table = capsys.readouterr().out
    assert "standard error" in table and "2 of 2 starts" in table
    fitted = rx.load("fitted.rxn")
    value = float(next(p.value for p in fitted.parameters if p.name == "k"))
    assert value == pytest.approx(0.8, rel=1e-4)
    assert "svg" in Path("fit.svg").read_text()[:300]
    assert main([*command, "-o", "fitted.json"]) == 0
    assert json.loads(Path("fitted.json").read_text())["unknowns"][0]["value"] == pytest.approx(value, rel=1e-12)
    assert len(json.loads(Path("kept.json").read_text())["starts"]) == 2


def test_conditions_and_unknown_initial_values(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = [
        "learn",
        "fit",
        "decay.rxn",
        "towns.csv",
        "--unknown",
        "k,A=1:10",
        "--starts",
        "2",
        "--noise",
        "log-normal",
    ]
    assert main([*command, "--condition", "x: d=1", "--condition", "y: A=3"]) == 0
    assert "A(0)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["decay.rxn"], 2, "DATA is missing"),
        (["decay.rxn", "data.csv", "-o", "fitted.txt"], 2, "written as .rxn or .json"),
        (["decay.rxn", "data.csv", "--unknown", "k=x"], 2, "not of the form"),
        (["decay.rxn", "data.csv", "--condition", "x"], 2, "not of the form"),
        (["decay.rxn", "towns.csv"], 1, "nothing is said about the condition 'x'"),
        (["decay.rxn", "data.csv", "--unknown", "kk"], 1, "no parameter or state"),
        (["problem.yaml", "data.csv"], 2, "has its data"),
        (["problem.yaml"], 1, "R711"),
    ],
)
def test_what_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, said: str
) -> None:
    try:
        found = main(["learn", "fit", *arguments])
    except SystemExit as error:
        found = int(error.code or 0)
    assert found == status and said in capsys.readouterr().err


def test_the_data_beside_the_models() -> None:
    """What stands in the head of the table: the parameters that it was made with are within three standard errors."""
    root = Path(__file__).parent.parent / "models"
    found = rx.fit(
        rx.load(root / "sir.rxn"), root / "sir_cases.csv",
        {"R0": (1.0, 10.0), "recovery": (0.02, 2.0), "north": (1.0, 50.0), "south": (1.0, 50.0)},
        rx.NoiseModel.LOG_NORMAL, conditions={"north": {"I": "north"}, "south": {"I": "south"}}, starts=4,
    )  # fmt: skip
    assert found.values["R0"] == pytest.approx(2.1, rel=0.12) and found.values["recovery"] == pytest.approx(
        0.25, rel=0.12
    )
