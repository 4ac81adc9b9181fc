"""What the README shows works as it stands there."""

import re
import shlex
from pathlib import Path

import pytest

import rxncompile as rx
from rxncompile.cli import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def block(language: str, n: int = 0) -> str:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)[n]


def test_the_first_model() -> None:
    text = next(b for b in re.findall(r"^```\n(.*?)^```$", README, re.MULTILINE | re.DOTALL) if "model" in b)
    net = rx.parse(text)
    assert [r.name for r in net.reactions] == ["prey", "predate", "die"]


def test_the_python_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    exec(compile(block("python"), "README.md", "exec"), names)
    assert names["paths"].runs == 1000  # type: ignore[attr-defined]
    assert names["exact"] == {"X": 25, "Y": -35}  # 1.0*50 - 0.005*50*100, 0.005*50*100 - 0.6*100


def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Every command of the table, on the first model and its SBML and .net forms."""
    (tmp_path / "model.rxn").write_text((ROOT / "models" / "lotka_volterra.rxn").read_text())
    (tmp_path / "model.net").write_text(
        "begin species\n1 A() 10\nend species\nbegin reactions\n1 1 0 0.1\nend reactions\n"
    )
    monkeypatch.chdir(tmp_path)
    assert main(["convert", "model.rxn", "model.xml"]) == 0
    rows = [line for line in README.splitlines() if line.startswith("|")]
    commands = [c for row in rows for c in re.findall(r"`(rxnc [^`]*)`", row)]
    assert len(commands) >= 7
    for command in commands:
        arguments = shlex.split(command)[1:]
        if "--runs" in arguments:
            arguments[arguments.index("--runs") + 1] = "100"
        if arguments[0] == "run":
            arguments += ["--until", "2", "--runs", "10"]
        assert main(arguments) == 0, (command, capsys.readouterr().err)
