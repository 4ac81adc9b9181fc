"""`rxnc derive MODEL qssa`: equations, models, comparisons, misuse."""

import json
from pathlib import Path

import pytest
from conftest import ROOT

import rxncompile as rx
from rxncompile.cli import main

GENE = str(ROOT / "models" / "gene_autoregulation.rxn")
ENZYME = str(ROOT / "models" / "michaelis_menten.rxn")


def said(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    assert main(list(arguments)) == status
    captured = capsys.readouterr()
    return captured.out if status == 0 else captured.err


def test_equation_18(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "derive", GENE, "qssa", "--fast", "G,GP,GP2")
    assert "d P/dt = ks*M" in text
    assert "d M/dt = G_total*k0*k_2*(k1*P + k_1)/(k1*k2*P^2 + k1*k_2*P + k_1*k_2) - kdm*M" in text
    assert "outputs" in text and "epsilon" in text


def test_named_constants_and_notes(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "derive", ENZYME, "qssa", "--named")
    assert "d S/dt = -Vmax*S/(Km + S)" in text and "Km = (k2 + k_1)/k1" in text
    assert "note: E: fast too" in text


def test_a_reduced_model_is_a_model(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    target = tmp_path / "reduced.rxn"
    said(capsys, "derive", ENZYME, "qssa", "--form", "total", "-o", str(target))
    assert [s.name for s in rx.load(target).species] == ["P", "S_total"]
    assert "S_total -> P rate" in said(capsys, "derive", ENZYME, "qssa", "--form", "total", "--format", "rxn")


def test_other_forms(capsys: pytest.CaptureFixture[str]) -> None:
    both = said(capsys, "derive", ENZYME, "qssa", "--form", "equilibrium,reverse", "--fast", "S", "--reactions", "bind")
    assert "rapid equilibrium" in both and "reverse quasi-steady state" in both
    assert "\\frac" in said(capsys, "derive", ENZYME, "qssa", "--format", "latex")


def test_compared(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    plot, table = tmp_path / "judged.png", tmp_path / "judged.csv"
    compare = ("derive", GENE, "qssa", "--compare", "--until", "300", "--points", "31")
    text = said(capsys, *compare, "--plot", str(plot))
    assert "the total quasi-steady state is the best" in text and plot.stat().st_size > 10_000
    found = json.loads(said(capsys, *compare, "--format", "json"))
    assert found["reductions"]["standard quasi-steady state"]["errors"]["P"][-1] < 0.01
    said(capsys, *compare, "-o", str(table))
    assert table.read_text().splitlines()[0].startswith("time,P,M,G,GP,GP2,P (standard quasi-steady state)")


def test_what_cannot_be_done(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "is not a state" in said(capsys, "derive", GENE, "qssa", "--fast", "X", status=1)
    reactions_alone = tmp_path / "marked.rxn"
    marked = "GP2 : conc in cell = 0.01 {fast}"
    reactions_alone.write_text(Path(GENE).read_text().replace(marked, marked.removesuffix(" {fast}")))
    told = said(capsys, "derive", str(reactions_alone), "qssa", status=1)
    assert "reactions marked {fast}, as 'bind1', are balanced by --form equilibrium" in told
    assert "--fast ES or fast=['ES']" in told
    for wrong in (
        ["--form", "slow"], ["--plot", "x.png"], ["--compare", "--format", "latex"], ["--fast", ""],
        ["--reactions", ","], ["--form", "total", "--correction"],
    ):  # fmt: skip
        with pytest.raises(SystemExit) as caught:
            main(["derive", GENE, "qssa", *wrong])
        assert caught.value.code == 2
    with pytest.raises(SystemExit):
        main(["derive", GENE, "rates", "--format", "rxn"])


def test_a_balance_without_a_closed_form(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Its equations in text and LaTeX, its values beside the full model; it is no reaction network."""
    model = tmp_path / "pairs.rxn"
    first = ["species A = 10, B = 8, C = 5, AB, AC, BC, X", "A + B <-> AB @ 10, 30 {fast}"]
    lines = [*first, "A + C <-> AC @ 10, 60 {fast}"]
    model.write_text("\n".join([*lines, "B + C <-> BC @ 10, 90 {fast}", "AB -> AB + X @ 0.1", "X -> 0 @ 0.05"]))
    asked = ("derive", str(model), "qssa", "--form", "equilibrium")
    text = said(capsys, *asked)
    assert "A, B, C = balance(A_total, B_total, C_total)" in text
    assert "0 = A*B/3 + A*C/6 + A - A_total" in text and "note: A, B, C: kept implicit" in text
    assert said(capsys, *asked, "--format", "latex").count("0 &= ") == 3
    values = json.loads(said(capsys, *asked, "--compare", "--until", "20", "--format", "json"))
    (found,) = values["reductions"].values()
    assert max(found["errors"]["X"]) < 0.02 and found["errors"]["AB"][-1] < 1e-4
    refused = said(capsys, *asked, "--format", "rxn", status=1)
    assert "is no reaction network" in refused and "unknowns of equations" in refused
