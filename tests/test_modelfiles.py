"""Model files by suffix, in and out."""

from pathlib import Path

import numpy as np
import pytest

import rxncompile as rx
from rxncompile.cli import main

NET = """begin parameters
  1 kon 0.1
end parameters
begin species
  1 A(b) 20
  2 B(a) 10
  3 A(b!1).B(a!1) 0
end species
begin reactions
  1 1,2 3 kon
end reactions
begin groups
  1 bound 3
end groups
"""


def test_bionetgen_is_read_and_every_format_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "bind.net"
    source.write_text(NET)
    for suffix in (".rxn", ".xml", ".tex", ".py", ".json"):
        assert main(["convert", str(source), str(tmp_path / f"bind{suffix}")]) == 0, capsys.readouterr().err
    t = np.linspace(0.0, 5.0, 6)
    want = rx.integrate(rx.rate_equations(rx.load(source)), t)["bound"]
    for suffix in (".rxn", ".xml"):
        again = rx.load(tmp_path / f"bind{suffix}")
        np.testing.assert_allclose(rx.integrate(rx.rate_equations(again), t)["bound"], want, rtol=1e-6)
    # x' = -0.1 x (x - 10): the exact solution of A + B -> C from (20, 10)
    e = np.exp(-0.1 * 10 * t)
    np.testing.assert_allclose(want, 20 * (1 - e) / (2 - e), rtol=1e-5, atol=1e-9)


def test_models_come_back_from_sbml(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "model.xml"
    assert main(["convert", str(model), str(out)]) == 0
    t = np.linspace(0.0, 3.0, 7)
    one, other = rx.load(model), rx.load(out)
    want, found = (rx.integrate(rx.rate_equations(net), t) for net in (one, other))
    for state in rx.rate_equations(one).states:
        np.testing.assert_allclose(found[state.label], want[state.label], rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("arguments", [["check", "x.txt"], ["convert", "models/spcm.rxn", "x.doc"]])
def test_unknown_formats_are_named(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    root = Path(__file__).parent.parent
    assert main([a if not a.startswith("models") else str(root / a) for a in arguments]) == 1
    assert "R401" in capsys.readouterr().err
