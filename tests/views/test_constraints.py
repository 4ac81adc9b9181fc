"""What is conserved, in words and in numbers."""

import pytest
import sympy as sp
from made_by_hand import gene, lotka_volterra

from rxncompile.expressions import symbol
from rxncompile.language import parse
from rxncompile.network import Network, Species
from rxncompile.views.computed import Tour
from rxncompile.views.constraints import in_words, structure, what_is_conserved
from rxncompile.views.readings import Kept

NAMES = [*"ABCD", *(f"X{k}" for k in range(12))]
NET = Network("N", species=tuple(Species(n) for n in NAMES))


def law(**weights):
    return Kept("", sp.Add(*(w * symbol(n) for n, w in weights.items())))


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ({"A": 1}, "The amount of A never changes."),
        ({"B": 1, "A": 1}, "The total of A and B never changes."),
        ({"A": 1, "B": 2, "C": 3}, "The total of A, B (counted twice) and C (counted three times) never changes."),
        ({"A": 7, "B": 1}, "The total of A (counted 7 times) and B never changes."),
        ({"A": 1, "B": -1}, "The difference between A and B never changes."),
        ({"A": 1, "B": -2, "C": 1}, "A and C together, less B (counted twice), never change."),
        (dict.fromkeys(NAMES, 1), "The total of A, B, C, D, X0, X1, X2 and 9 more never changes."),
        ({**dict.fromkeys(NAMES, 1), "A": 2}, ""),
    ],
)
def test_in_words(weights, words):
    assert in_words(NET, law(**weights)) == words


def test_another_formula_is_not_put_in_words():
    assert in_words(NET, Kept("k", symbol("A") * symbol("B"))) == ""
    assert in_words(NET, Kept("k", symbol("A") / 2 + symbol("B"))) == ""


def chapter(text):
    net = parse(text)
    return what_is_conserved(Tour(net, None, None, None, None, None, "")).html


def test_values_at_the_start():
    pair = "r: A <-> B @ 1, 2\n"
    assert "100 molecules" in chapter("model M\nspecies A = 70, B = 30\n" + pair)
    conc = "model M\ncompartment cell = 1000\nspecies A : conc in cell = 0.02, B : conc in cell = 0.01\n"
    assert "concentration 0.03 (30 molecules)" in chapter(conc + pair)
    assert "concentration 0.03 (30 molecules)" in chapter(conc + pair + "conserve both: A + B\n")
    # a concentration and a count: in molecules, 0.02*1000 + 10
    mixed = "model M\ncompartment cell = 1000\nspecies A : conc in cell = 0.02, B : count in cell = 10\n"
    assert "30 molecules" in chapter(mixed + pair)
    # a start that is not a number has no value
    drawn = chapter("model M\nspecies A ~ Poisson(5), B = 30\n" + pair)
    assert "molecules" not in drawn
    assert "The total of A and B never changes." in drawn


def test_nothing_conserved():
    page = what_is_conserved(Tour(lotka_volterra(), None, None, None, None, None, ""))
    assert "Nothing" in page.html


def test_time_scales_come_first():
    page = structure(Tour(gene(), None, None, None, None, None, ""))
    assert page is not None
    assert page.html.startswith("<dl><dt>time scales</dt>")
    assert structure(Tour(NET, None, None, None, None, None, "")) is None
