import re
from dataclasses import replace
from html import escape, unescape
from html.parser import HTMLParser

import numpy as np
import pytest
import sympy as sp
from made_by_hand import HOSTILE, chain, deterministic, everything, gene, hostile, lotka_volterra

from rxncompile.derivations.rates import jump_process, rate_equations
from rxncompile.expressions import symbol
from rxncompile.network import Reaction, Species
from rxncompile.simulators.results.trajectory import Trajectory
from rxncompile.views.computed import Tour
from rxncompile.views.equations import system_latex, system_mathml
from rxncompile.views.report import CHAPTERS, report

VOID = {"meta", "link", "br", "img"}
TITLES = [
    "What reacts",
    "What happens",
    "What is conserved",
    "Structure and time scales",
    "Equations",
    "Numbers",
    "The model",
    "How it was made",
]


class Page(HTMLParser):
    """Checks that elements close in order, and keeps tags, attributes and text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    @property
    def words(self):
        return re.sub(r"\s+", " ", "".join(self.text).replace("\u2062", "").replace("\u2061", ""))


@pytest.fixture(scope="module")
def pages():
    return {net.name: report(everything(net)) for net in (lotka_volterra(), gene(), hostile())}


def test_the_chapters_stand_in_order(pages):
    page = pages["Gene"]
    assert re.findall(r"<h2[^>]*>(.*?)</h2>", page) == TITLES
    # none for a lattice, none of closures and of reductions: nothing was judged
    assert len(CHAPTERS) == len(TITLES) + 3
    for name in re.findall(r'href="#([^"]+)"', page[: page.index("<main>")]):
        assert f'<section id="{name}"' in page


@pytest.mark.parametrize("name", ["LotkaVolterra", "Gene", hostile().name])
def test_pages_are_whole_and_ask_for_nothing(pages, name):
    page = Page(pages[name])
    assert "script" not in page.tags
    assert not [a for a, _ in page.attributes if a.startswith("on")]
    links = [v for a, v in page.attributes if a in ("href", "src", "xlink:href", "action", "data")]
    assert all(v.startswith(("#", "data:")) for v in links)
    assert not re.search(r"@import|url\((?!#)", pages[name])
    ids = [v for a, v in page.attributes if a == "id"]
    assert len(ids) == len(set(ids))
    assert all(v for a, v in page.attributes if a == "aria-label")
    assert page.tags.count("svg") == page.tags.count("figure") == 5
    assert page.tags.count("figcaption") == 5
    assert page.tags.count("h1") == 1
    assert len(pages[name]) < 2_000_000


def test_what_the_user_wrote_is_text(pages):
    net = hostile()
    page = Page(pages[net.name])
    for name in HOSTILE:
        assert name in "".join(page.text)
        assert ("<i>" + name) in "".join(page.text)
    assert "i" not in page.tags
    assert "img" not in page.tags
    assert net.source.text in "".join(page.text)
    assert "rxnc run x.rxn --set 'k<1>=2'" in "".join(page.text)
    assert unescape(escape(net.name)) in "".join(page.text)


def test_both_readings_are_typeset(pages):
    words = Page(pages["Gene"]).words
    assert "bind" in words
    assert "G+P⇄GP" in words.replace(" ", "")
    page = pages["Gene"]
    k1 = "<msub><mi>k</mi><mn>1</mn></msub>"
    count = '<msub><mi>n</mi><mi mathvariant="normal">G</mi></msub>'
    row = page[page.index('<th scope="row">bind<br>bind_back</th>') : page.index('<th scope="row">make</th>')]
    assert "⇄" in row
    assert row.count('<div class="way"><span>→</span>') == row.count('<div class="way"><span>←</span>') == 2
    assert k1 in row
    assert f"<mfrac>{k1}" in row
    assert count in row
    assert "is the number of molecules of" in words
    assert "is the number of molecules of" not in Page(pages["LotkaVolterra"]).words


def test_equations_numbers_and_definitions(pages):
    words = Page(pages["Gene"]).words.replace(" ", "")
    assert "dGdt=k\u22121GP\u2212k1GP" in words
    assert "drive=kse\u2212t" in words
    assert "att=5:P=1" in words.replace("\u00a0", "")
    assert "10\u22127" in words
    assert "[0.1,10]~LogNormal(0,0.5)" in Page(pages["LotkaVolterra"]).words.replace(" ", "")
    assert "ratio=XX+Y" in Page(pages["LotkaVolterra"]).words.replace(" ", "")


def test_captions_say_how_and_how_many(pages):
    words = Page(pages["LotkaVolterra"]).words
    assert "1,000 stochastic runs (direct method; seed 7)." in words
    assert "integrated by LSODA, rtol 1e-8." in words
    assert "4 single runs and their mean" in words
    assert "one run stopped early." in words
    assert "time (s)" in words
    assert "Gillespie 1977" in words
    assert re.search(r"Python 3\.\d+", words)


def test_conserved_sums_are_checked_along_the_solution():
    net = gene()
    ode = deterministic(net)
    values = ode.values.copy()
    values[0, :, 2] = 0.01 - values[0, :, 0]
    kept = replace(ode, values=values)
    args = everything(net)
    row = r"genes.*?to within <math>(.*?)</math> of its value"
    exact = re.search(row, report(replace(args, ode=kept)), re.DOTALL)[1]
    loose = re.search(row, report(args), re.DOTALL)[1]
    assert "<mn>10</mn>" in exact  # rounding of doubles
    assert re.sub("<.*?>", "", loose) > "0.1"
    assert "no linear combination" in report(everything(lotka_volterra()))


def test_what_could_not_be_had_is_said_in_words():
    net = lotka_volterra()
    page = report(Tour(net, rate_equations(net), None, deterministic(net), None, None, "rxnc", "it has no <side>"))
    words = Page(page).words
    assert "There is no stochastic simulation: it has no <side>." in words
    assert page.count("<svg") == 3
    page = report(Tour(net, None, None, None, None, None, "rxnc run", "it divides by zero"))
    assert "There are no rate equations: it divides by zero." in Page(page).words
    assert page.count("<svg") == 1
    page = Page(report(Tour(replace(net, source=None), None, None, None, None, None, "")))
    assert page.tags.count("section") == len(TITLES)
    assert "predate: X + Y -> 2 Y @ eat" in page.words


def test_large_models_stay_small_pages():
    net = chain(900)
    rates, jumps = rate_equations(net), jump_process(net)
    names = tuple(s.name for s in net.species)
    t = np.linspace(0.0, 1.0, 11)
    values = np.abs(np.sin(np.outer(t, np.arange(1, 901))))[None]
    ode = Trajectory(net.name, t, names, ("molecules",) * 900, values, "LSODA")
    page = report(Tour(net, rates, jumps, ode, None, ode, "rxnc run", "too many events"))
    assert len(page) < 2_000_000
    words = Page(page).words
    assert "Too many nodes for a drawing that is read here (1,799)" in words
    assert "The first 300 of 899 reactions are shown." in words
    assert re.search(r"\d+ of 900 quantities are shown", words)


def test_a_page_that_would_be_too_large_leaves_its_largest_chapter_out():
    net = chain(300)
    law = sp.Add(*(symbol(f"a_long_name_of_a_parameter_{k}") for k in range(60)))
    net = replace(net, reactions=tuple(replace(r, rate=law, mass_action=False) for r in net.reactions))
    page = report(Tour(net, None, None, None, None, None, ""))
    assert len(page.encode()) < 2_000_000
    words = Page(page).words
    assert re.search(r"What reacts This chapter would take \d\.\d MB and is left out", words)
    assert "Species at the start" in words


def test_a_system_as_mathml_and_latex():
    system = rate_equations(gene())
    fragment = system_mathml(system)
    Page(fragment)
    assert fragment.count('class="left"') == 4  # three states and a definition
    assert system_latex(system) == system.latex()
    jumps = system_mathml(jump_process(gene()))
    Page(jumps)
    assert jumps.count("<tr>") == 5
    assert 'class="left"' in jumps
    assert "mfrac" not in jumps.split('class="left"')[1]  # no derivative, a definition


def test_long_equations_end_with_how_many_there_were():
    x = symbol("X")
    law = sp.Add(*(symbol(f"k{k}") * x**k for k in range(400)))
    net = chain(20)
    reactions = tuple(Reaction(f"r{k}", (), ((f"X{k}", 1),), law, False) for k in range(20))
    net = replace(net, species=(*net.species, Species("X")), reactions=reactions)
    fragment = system_mathml(rate_equations(net))
    assert "3 of 21 equations are shown" in fragment
    assert len(fragment) < 1_500_000
