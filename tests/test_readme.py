"""What the README shows works as it stands there."""

import re
import shlex
from pathlib import Path

import pytest

import rxncompile as rx
from rxncompile.cli import main
from rxncompile.language import check, formatted

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def block(language: str, n: int = 0) -> str:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)[n]


def first_model() -> str:
    return next(b for b in re.findall(r"^```\n(.*?)^```$", README, re.MULTILINE | re.DOTALL) if "model" in b)


def test_the_first_model() -> None:
    assert check(first_model()) == ()
    assert formatted(first_model()) == first_model()
    assert len(rx.parse(first_model()).reactions) == 6


def test_the_python_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    exec(compile(block("python"), "README.md", "exec"), names)
    assert names["paths"].runs == 1000  # type: ignore[attr-defined]
    assert names["exact"] == {"X": 25, "Y": -35}  # 1.0*50 - 0.005*50*100, 0.005*50*100 - 0.6*100


def commands() -> list[str]:
    """Every `rxnc` line of the README: of its tables and of its blocks, but for the first, which CI types as it is."""
    rows = [line for line in README.splitlines() if line.startswith("|")]
    blocks = "".join(re.findall(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)[2:])
    in_tables = [c for row in rows for c in re.findall(r"`(rxnc [^`]*)`", row)]
    return re.findall(r"^(rxnc .*)$", blocks, re.MULTILINE) + in_tables


def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """In the order of the README, in a folder with its first model, the models, and an SBML and a .net file."""
    (tmp_path / "expression.rxn").write_text(first_model())
    (tmp_path / "models").symlink_to(ROOT / "models")
    (tmp_path / "model.net").write_text(
        "begin species\n1 A() 10\nend species\nbegin reactions\n1 1 0 0.1\nend reactions\n"
    )
    monkeypatch.chdir(tmp_path)
    assert main(["convert", "expression.rxn", "model.xml"]) == 0
    assert len(commands()) >= 12
    for command in commands():
        arguments = shlex.split(command)[1:]
        if "--runs" in arguments:
            arguments[arguments.index("--runs") + 1] = "100"
        if arguments[0] == "run":
            arguments += ["--until", "2", "--runs", "10"]
        assert main(arguments) == 0, (command, capsys.readouterr().err)
    written = "expression.html network.svg ode.csv ode.png ssa.png slower.html expression.xml mine.rxn".split()
    assert set(written) <= {p.name for p in tmp_path.iterdir()}
