"""The command line: what goes to stdout, what to stderr, and the exit status."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rxncompile.cli import main
from rxncompile.derivations.approximations import BY_NAME
from rxncompile.derive_command import CLOSURES

ROOT = Path(__file__).parent.parent
MODEL = str(ROOT / "models" / "lotka_volterra.rxn")


def test_check(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["check", MODEL]) == 0
    assert "2 species, 3 reactions" in capsys.readouterr().out
    bad = tmp_path / "bad.rxn"
    bad.write_text("model Bad\nspecies A = 1\nr: A -> 0 @ kk\ns: A -> 0 @ qq\n")
    assert main(["check", str(bad), MODEL]) == 1
    printed = capsys.readouterr()
    assert f"{bad}:3:13: error" in printed.err and f"{bad}:4:13: error" in printed.err
    assert main(["check", "--json", str(bad)]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [(d["line"], d["column"]) for d in found] == [(3, 13), (4, 13)]


def test_a_missing_file_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["check", str(tmp_path / "none.rxn")]) == 1
    assert "none.rxn" in capsys.readouterr().err


def test_show_prints_both_readings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(ROOT / "models" / "gene_autoregulation.rxn")]) == 0
    shown = capsys.readouterr().out
    for word in ("k1*G*P", "k1*G*P/cell", "Conserved", "G + GP + GP2"):
        assert word in shown


@pytest.mark.parametrize("form", ["text", "latex", "json", "python"])
@pytest.mark.parametrize("derivation", ["rates", "jumps"])
def test_derive(form: str, derivation: str, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", str(model), derivation, "--format", form]) == 0
    text = capsys.readouterr().out
    if form == "json":
        assert json.loads(text)["states"]
    elif form == "python":
        compile(text, "exported", "exec")
    else:
        assert len(text.splitlines()) > 2


def test_derive_scales_and_coefficients(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", str(ROOT / "models" / "gene_autoregulation.rxn"), "scales", "--until", "1000"]) == 0
    assert "slow variable: P + GP + 2 GP2" in capsys.readouterr().out
    assert main(["derive", str(ROOT / "models" / "spcm.rxn"), "coefficients", "--order", "1"]) == 0
    assert "3 coefficients, 4 products of rates, rank 3" in capsys.readouterr().out


def test_derive_moments(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "pair.rxn"
    model.write_text("species A = 10\nparam k = 1\n2 A -> 0 @ k\n")
    assert main(["derive", str(model), "generator"]) == 0
    assert "W = k/2*(1 - â^2) a^2" in capsys.readouterr().out
    assert main(["derive", str(model), "moments", "--order", "1"]) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == ["  d <A>/dt = k*<A> - k*<A^2>", "  open: <A^2>"]
    assert main(["derive", str(model), "moments", "--closure", "gaussian", "--kind", "central"]) == 0
    out = capsys.readouterr().out
    assert "<A^3>_c = 0" in out and "Whittle 1957" in out
    assert main(["derive", str(model), "noise", "--correction"]) == 0
    assert "d <A>_1/dt" in capsys.readouterr().out
    assert main(["derive", str(model), "moments", "--closure", "gaussian,zero"]) == 0
    out = capsys.readouterr().out
    assert "(by = gaussian)" in out and "(by = zero)" in out


def test_the_help_names_every_closure() -> None:
    assert tuple(BY_NAME) == CLOSURES


def test_compare_closures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "pair.rxn"
    model.write_text("species A = 10, B\n2 A -> B @ 1\n0 -> A @ 5\n")
    closures = "gaussian,lognormal,poisson,conditional_gaussian"
    ask = ["derive", str(model), "moments", "--order", "2", "--closure", closures, "--compare", "--until", "2"]
    ask += ["--points", "9"]
    assert main([*ask, "--plot", str(tmp_path / "judged.png")]) == 0
    out = capsys.readouterr().out
    assert "Measured by the master equation" in out
    for said in ("gaussian is within", "lognormal ", "poisson ", "linear noise ", "conditional gaussian cannot begin"):
        assert f"\n  {said}" in out
    assert "Largest relative error" in out and "<A*B>_c" in out
    assert (tmp_path / "judged.png").stat().st_size > 1000
    assert main([*ask, "-o", str(tmp_path / "errors.csv")]) == 0
    rows = (tmp_path / "errors.csv").read_text().splitlines()
    assert rows[0].startswith("time,moment,truth,standard error,error of gaussian,error of lognormal")
    assert len(rows) == 1 + 9 * 5 and {len(row.split(",")) for row in rows} == {9}
    assert main([*ask, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["exact"] is True and len(found["times"]) == 9 and len(found["moments"]) == 5
    assert found["ended"]["gaussian"] is None and found["moments"][0]["errors"]["conditional gaussian"] == [None] * 9
    assert main(["derive", str(model), "noise", "--compare", "--correction", "--second", "--until", "2"]) == 0
    out = capsys.readouterr().out
    assert "  linear noise with EMRE is within" in out and "  linear noise with IOS is within" in out
    assert "gaussian" not in out


@pytest.mark.parametrize(
    "asked",
    [
        ["moments", "--closure", "gausian"],
        ["moments", "--plot", "x.png"],
        ["rates", "--compare"],
        ["moments", "--compare", "--format", "latex"],
        ["moments", "--closure", "gaussian,zero", "--format", "json"],
    ],
)
def test_derive_is_misused(asked: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["derive", MODEL, *asked])
    assert caught.value.code == 2
    assert "rxnc derive: error: " in capsys.readouterr().err


def test_simulate_writes_csv_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", MODEL, "--until", "1", "--points", "3"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("#")]
    assert lines[0] == "time,X,Y,ratio" and len(lines) == 4


def test_simulate_an_ensemble(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "e.csv"
    arguments = ["simulate", MODEL, "--method", "ssa", "--until", "1", "--points", "3", "--runs", "50", "--seed", "4"]
    assert main([*arguments, "-o", str(out), "--plot", str(tmp_path / "e.png")]) == 0
    lines = [line for line in out.read_text().splitlines() if not line.startswith("#")]
    assert lines[0].startswith("time,X-mean,X-sd,Y-mean")
    assert (tmp_path / "e.png").stat().st_size > 1000
    assert main([*arguments, "--threads", "2", "-o", str(tmp_path / "f.csv")]) == 0
    assert (tmp_path / "f.csv").read_text() == out.read_text()


def test_set_overrides_parameters_and_initial_values(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", MODEL, "--until", "1", "--points", "2", "--set", "X=7", "--set", "birth=0"]) == 0
    first = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("#")][1]
    assert first.split(",")[1] == "7.0"
    assert main(["simulate", MODEL, "--until", "1", "--set", "birt=0"]) == 1
    assert "did you mean 'birth'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["simulate", MODEL],
        ["simulate", MODEL, "--until", "-1"],
        ["simulate", MODEL, "--until", "1", "--runs", "0"],
        ["simulate", MODEL, "--until", "1", "--set", "birth"],
        ["simulate", MODEL, "--until", "1", "--method", "magic"],
        ["fly"],
        [],
    ],
)
def test_misuse_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_run_writes_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.html"
    assert main(["run", MODEL, "--runs", "20", "--until", "5", "-o", str(page)]) == 0
    text = page.read_text()
    assert "<math" in text and "<svg" in text and "rxnc run" in text
    assert "<script" not in text and len(text.encode()) < 2_000_000


def loaded(arguments: list[str]) -> set[str]:
    """The heavy libraries that a command leaves in memory, in a fresh process."""
    code = (
        "import sys\nfrom rxncompile.cli import main\n"
        f"status = main({arguments!r})\n"
        "heavy = ('numba', 'matplotlib', 'scipy.integrate', 'networkx', 'llvmlite', 'pandas', 'xarray', 'rich')\n"
        "print('LOADED', status, *(h for h in heavy if h in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    words = done.stdout.splitlines()[-1].split()
    assert words[:2] == ["LOADED", "0"], done.stdout + done.stderr
    return set(words[2:])


def test_commands_load_only_what_they_need() -> None:
    assert loaded(["check", MODEL]) == set()
    sampling = loaded(["simulate", MODEL, "--method", "ssa", "--until", "1", "--points", "2"])
    assert not sampling & {"scipy.integrate", "networkx", "matplotlib", "pandas", "xarray"}
