"""Pages of many models by one command, and of models that cannot be simulated."""

from pathlib import Path

import pytest

from rxncompile.cli import main
from rxncompile.language import parse
from rxncompile.tour import computed, page_names
from rxncompile.views.behaviour import what_happens

ROOT = Path(__file__).parent.parent
MODELS = ROOT / "models"
QUICK = ["--runs", "4", "--points", "11"]
DECAY = "# It decays. Nothing else.\nmodel Decay\nspecies A = 20\nr: A -> 0 @ 1\n"


def test_a_library(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = tmp_path / "deep" / "site"
    good, bad = tmp_path / "decay.rxn", tmp_path / "bad <1>.rxn"
    good.write_text(DECAY)
    bad.write_text("model Bad\nr: A -> 0 @ 1\n")
    lattice = str(MODELS / "barw.rxn")
    models = [str(bad), str(good), lattice, str(tmp_path / "none.rxn")]
    assert main(["run", *models, *QUICK, "-o", f"{site}/"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "bad <1>.rxn:2:4: error" in printed.err
    assert "2 of 4 models" in printed.err
    assert sorted(p.name for p in site.iterdir()) == ["barw.html", "decay.html", "index.html"]
    index = (site / "index.html").read_text()
    assert index.count('class="card"') == 2
    said = ("It decays.", "1 species, 1 reaction", "<code>bad &lt;1&gt;.rxn</code>", "none.rxn")
    for word in ('href="decay.html"', *said):
        assert word in index
    assert "Nothing else" not in index
    page = (site / "decay.html").read_text()
    assert "Nothing else." in page
    assert f"rxnc run {good} --runs 4 --points 11 -o decay.html" in page  # what makes this page alone


def test_one_model_into_a_folder(tmp_path: Path) -> None:
    model = tmp_path / "decay.rxn"
    model.write_text(DECAY)
    assert main(["run", str(model), *QUICK, "-o", str(tmp_path)]) == 0
    assert (tmp_path / "index.html").exists()
    assert (tmp_path / "decay.html").exists()


@pytest.mark.parametrize("target", [[], ["-o", "page.html"]])
def test_several_models_need_a_folder(target: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    model = str(MODELS / "sir.rxn")
    assert main(["run", model, model, *target]) == 2
    assert "FOLDER" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "decay.rxn"
    model.write_text(DECAY)
    assert main(["run", str(model), "-o", f"{model}/"]) == 1
    assert "cannot be made" in capsys.readouterr().err


def test_names_of_pages_are_their_own() -> None:
    models = ["a/x.rxn", "b/x.xml", "X.net", "index.rxn", "y.rxn"]
    assert page_names(models) == ("x.html", "x-2.html", "X-3.html", "index-2.html", "y.html")


def test_a_lattice_says_that_it_is_not_simulated(tmp_path: Path) -> None:
    page = tmp_path / "p.html"
    assert main(["run", str(MODELS / "rossler_lattice.rxn"), "-o", str(page)]) == 0
    text = page.read_text()
    assert "Nothing is simulated here: this model lives on a lattice (cube)" in text
    assert "10 \u00d7 10 \u00d7 10 = 1,000 sites" in text
    assert "at most one particle" in text
    assert text.count("<svg") == 1  # the drawing


def test_counts_that_the_model_calls_so(tmp_path: Path) -> None:
    """A species declared as `count` has the same unit in the rate equations and in the stochastic runs."""
    model, page = tmp_path / "m.rxn", tmp_path / "p.html"
    model.write_text("model M\nspecies A : count = 20\nr: A -> 0 @ 1\nobservable half = A/2\n")
    assert main(["run", str(model), *QUICK, "-o", str(page)]) == 0
    assert "4 stochastic runs" in page.read_text()


def test_what_an_event_switches_is_no_axis_of_the_phase_plane() -> None:
    switched = parse("model M\nparam k = 1\nspecies A = 50\nr: A -> 0 @ k\nat 1 : k = 2\n")
    found = computed(switched, "", 3.0, 11, 4, 1, print)
    assert found.ode is not None and set(found.ode.labels) == {"A", "k"}
    assert "Phase plane" not in what_happens(found).html
    two = parse("model M\nspecies A = 50, B = 0\nr: A -> B @ 1\ns: B -> 0 @ 2\n")
    assert "Phase plane" in what_happens(computed(two, "", 3.0, 11, 4, 1, print)).html


def test_reactions_that_are_marked_as_fast_balance() -> None:
    """Where no species is marked, the sums that marked reactions keep are what is left."""
    net = parse("param k = 50\nspecies S = 20, E = 10, C, P\nS + E <-> C @ k, k {fast}\nC -> E + P @ 1\n")
    found = computed(net, "", 3.0, 11, 4, 1, print).reduced
    assert found is not None and [f.name for f in found.followed] == ["rapid equilibrium"]
    assert found.followed[0].average(found.t, found.layer) < 0.01
