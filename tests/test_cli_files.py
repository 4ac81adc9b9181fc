"""`rxnc check --json` and `rxnc fmt` on whole files: what each says, where, and the exit status."""

import json
from pathlib import Path

import pytest

from rxncompile.cli import main

GOOD = "species A = 1\nparam k = 1\nA -> 0 @ k\n"
NET = (
    "begin parameters\n  1 k 1\nend parameters\nbegin species\n  1 A() 5\nend species\n"
    "begin reactions\n  {}\nend reactions\n"
)
XML = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2">\n<model id="m">\n'
    '<listOfCompartments><compartment id="C" size="1" constant="true"/></listOfCompartments>\n'
    '<listOfSpecies><species id="A" compartment="C" initialAmount="1" hasOnlySubstanceUnits="true" '
    'boundaryCondition="false" constant="false"/></listOfSpecies>\n<listOfReactions>'
    '<reaction id="r" reversible="false"><listOfProducts>\n'
    '<speciesReference species="{}" stoichiometry="{}" constant="true"/></listOfProducts>'
    '<kineticLaw><math xmlns="http://www.w3.org/1998/Math/MathML"><cn>1</cn></math></kineticLaw></reaction>'
    '</listOfReactions>\n</model>\n</sbml>\n'
)


@pytest.mark.parametrize(
    ("name", "text", "code", "line"),
    [
        ("good.rxn", GOOD, "", 0), ("good.net", NET.format("1 1 0 k"), "", 0), ("good.xml", XML.format("A", 2), "", 0),
        ("bad.rxn", "species A\nA => 0 @ 1\n", "R002", 2), ("bad.net", NET.format("1 1 0 kk"), "R101", 8),
        ("bad.xml", XML.format("B", 2), "R101", 7), ("huge.xml", XML.format("A", "1e30"), "R406", 7),
        ("huge.rxn", "species A\n0 -> 9999999 A @ 1\n", "R406", 2),
        ("latin.rxn", b"species A\n# \xe9\n", "R408", 2), ("missing.rxn", None, "R408", 1),
        ("missing.net", None, "R404", 1), ("missing.xml", None, "R404", 1),
    ],
)  # fmt: skip
def test_check_as_json(
    name: str, text: str | bytes | None, code: str, line: int, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    if name.endswith("xml"):
        pytest.importorskip("libsbml", reason="SBML is read by the extra 'sbml'")
    path = tmp_path / name
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert main(["check", "--json", str(path)]) == (1 if code else 0)
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert [d["code"] for d in found] == ([code] if code else [])
    if code:
        assert found[0]["severity"] == "error" and found[0]["message"]
        assert found[0]["line"] == line


def test_fmt_through_the_command_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path, tidy = tmp_path / "model.rxn", tmp_path / "tidy.rxn"
    path.write_text("species A=1 # one\nparam k=1\nA->0 @k\n")
    tidy.write_text("species A = 1  # one\nparam k = 1\nA -> 0  @ k\n")
    assert main(["fmt", "--check", "--diff", str(path)]) == 1
    shown = capsys.readouterr().out
    assert "-A->0 @k" in shown and "+A -> 0" in shown
    assert "A->0 @k" in path.read_text()  # only looked at
    assert main(["fmt", str(path)]) == 0
    assert "# one" in path.read_text() and "A -> 0" in path.read_text()
    capsys.readouterr()
    assert main(["fmt", "--check", "--diff", str(path)]) == 0
    assert "@@" not in capsys.readouterr().out


def test_fmt_leaves_what_it_cannot_read(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "bad.rxn"
    path.write_text("species A=1\nA => 0 @ 1\n")
    assert main(["fmt", str(path)]) == 1
    assert ":2:3: error R002" in capsys.readouterr().err
    assert path.read_text() == "species A=1\nA => 0 @ 1\n"
    assert main(["fmt", str(tmp_path / "none.rxn")]) == 1
    assert "none.rxn" in capsys.readouterr().err
