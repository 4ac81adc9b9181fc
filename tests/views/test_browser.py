"""Every model's page in a real browser: laid out, complete without the network, silent, never scrolled sideways."""

from pathlib import Path

import pytest
from browser import ABSENT, BROWSER, browser
from made_by_hand import everything, gene, hostile

from rxncompile import tour
from rxncompile.modelfiles import load
from rxncompile.tour import INDEX
from rxncompile.views.report import report

MODELS = sorted((Path(__file__).parent.parent.parent / "models").glob("*.rxn"))
PAGES = [f"{m.stem}.html" for m in MODELS] + [INDEX, "gene_by_hand.html", "hostile.html"]
PHONE, DESK = 390, 1100
LIMIT = 2_000_000  # bytes of a page

MEASURE = """(() => {
  const shown = e => { const b = e.getBoundingClientRect(); return b.width > 0 && b.height > 0; };
  const root = document.scrollingElement;
  const fraction = document.querySelector("mfrac");
  const lines = [...document.querySelectorAll("svg text")].map(t => getComputedStyle(t).fill);
  return {
    width: root.scrollWidth, window: innerWidth,
    math: document.querySelectorAll("math").length,
    flat: [...document.querySelectorAll("math")].filter(e => !shown(e)).length,
    stacked: fraction === null || fraction.getBoundingClientRect().height > 15,
    pictures: [...document.querySelectorAll("svg")].filter(e => !shown(e)).length,
    paper: getComputedStyle(document.body).backgroundColor,
    ink: getComputedStyle(document.body).color,
    text: [...new Set(lines)],
    names: document.body.innerText.length,
  };
})()"""

pytestmark = pytest.mark.skipif(BROWSER is None, reason=ABSENT)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The library of the models, with few stochastic runs, and two pages of networks made by hand."""
    folder = tmp_path_factory.mktemp("site")
    said = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tour, "_EVENT_BUDGET", 1e6)
        patch.setattr(tour, "_MOST_EVENTS", 1e8)
        names = [str(m) for m in MODELS]
        failed = tour.tours(names, load, folder, lambda *_: "rxnc run", None, 51, None, 1, said.append)
    assert failed == 0, said
    for name, net in (("gene_by_hand", gene()), ("hostile", hostile())):
        (folder / f"{name}.html").write_text(report(everything(net)), encoding="utf-8")
    assert len(list(folder.glob("*.html"))) == len(PAGES)
    return folder


@pytest.fixture(scope="module")
def tab():
    with browser() as running:
        yield running


def test_the_tool_sees_what_is_wrong(tab, tmp_path):
    """A page that does all of it: what follows would notice."""
    bad = tmp_path / "bad.html"
    bad.write_text(
        "<!DOCTYPE html><meta charset=utf-8><body><div style='width:900px'>wide</div><math><mi></mi></math>"
        "<img src='http://127.0.0.1:9/none.png'><script>console.error('heard')</script>"
    )
    tab.open(bad, PHONE)
    found = tab.value(MEASURE)
    assert found["width"] > PHONE
    assert found["flat"] == 1
    assert any("heard" in line for line in tab.complaints())
    assert "http://127.0.0.1:9/none.png" in tab.requests()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("name", PAGES)
def test_a_page(name, width, dark, site, tab):
    page = site / name
    tab.open(page, width, dark)
    found = tab.value(MEASURE)
    assert tab.complaints() == []
    assert tab.requests() == [page.as_uri()]
    assert found["window"] == width
    assert found["width"] <= width, f"{name} is {found['width']} wide in {width}"
    assert found["flat"] == 0, "equations without a size"
    assert found["math"] > 0 or name == INDEX
    assert found["stacked"], "a fraction lies flat: MathML is not typeset"
    assert found["pictures"] == 0, "a picture without a size"
    paper, ink = (brightness(found[k]) for k in ("paper", "ink"))
    assert (paper < 60 and ink > 180) if dark else (paper > 240 and ink < 80)
    assert found["text"], "no words in the pictures"
    for fill in found["text"]:  # words in pictures are read as well as the page's own
        assert abs(brightness(fill) - paper) > 80, fill
    assert page.stat().st_size < LIMIT


@pytest.mark.parametrize("name", ["calcium.html", "gene_autoregulation.html"])
def test_on_paper(name, site, tab):
    tab.open(site / name, 700, dark=True, media="print")
    found = tab.value(MEASURE)
    assert brightness(found["paper"]) == 255
    assert brightness(found["ink"]) == 0
    assert found["width"] <= 718  # A4 less the margins of Chromium
    # a figure is not cut, as it is lower than a page and may not be broken
    figures = "[...document.querySelectorAll('figure')]"
    tall = tab.value(f"Math.max(...{figures}.map(f => f.getBoundingClientRect().height))")
    assert tall < 1000
    assert tab.value(f"{figures}.every(f => getComputedStyle(f).breakInside === 'avoid')")
    assert tab.printed().startswith(b"%PDF")


def brightness(colour: str) -> float:
    """0 black to 255 white, of `rgb(r, g, b)`."""
    parts = [float(x) for x in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    return sum(parts) / 3
