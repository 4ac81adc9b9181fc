"""`rxnc learn identify`: what is printed, in which form, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from rxncompile import parse
from rxncompile.cli import main


def decay(path: Path) -> str:
    """A -> B at 0.5 with 2 % noise, two runs, one value missing."""
    rng = np.random.default_rng(4)
    lines = ["run,t,A,B"]
    for run, begin in enumerate((1.0, 2.0)):
        for k, t in enumerate(np.sort(rng.uniform(0.0, 6.0, 40))):
            a = begin * np.exp(-0.5 * t)
            x, y = a + 0.02 * rng.normal(), begin - a + 0.02 * rng.normal()
            lines.append(f"{run},{t},{x},{'' if k == 3 else y}")
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def test_reactions_are_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = decay(tmp_path / "decay.csv")
    asked = ["learn", "identify", data, "--order", "1", "--reactions", "--conserve", "A+B"]
    assert main(asked) == 0
    shown = capsys.readouterr().out
    assert "A -> B" in shown and "1 of 2 candidate terms" in shown and "tell the terms above" in shown
    assert main([*asked, "-o", str(tmp_path / "found.rxn")]) == 0
    net = parse((tmp_path / "found.rxn").read_text())
    assert len(net.reactions) == 1 and float(net.parameters[0].value) == pytest.approx(0.5, rel=0.05)
    assert main([*asked, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["decided"] and found["terms"][0]["term"] == "A -> B"
    assert main(["learn", "identify", data, "--order", "1", "--no-constant", "--format", "csv"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert rows[0] == "term,label,value,sd,z" and {r.split(",")[0] for r in rows[1:]} == {"A in d A/dt", "A in d B/dt"}


def test_what_is_wrong_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = decay(tmp_path / "decay.csv")
    for more in (["--species", "A,C"], ["--conserve", "A+B"], ["--format", "rxn", "--order", "1"]):
        assert main(["learn", "identify", data, *more]) == 1
        assert "error R" in capsys.readouterr().err
    assert main(["learn", "identify", str(tmp_path / "none.csv")]) == 1
    with pytest.raises(SystemExit) as misuse:
        main(["learn", "identify", data, "--order", "x"])
    assert misuse.value.code == 2
