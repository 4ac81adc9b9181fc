import io
import re

import pytest
import sympy as sp
from made_by_hand import HOSTILE, chain, gene, hostile, lotka_volterra
from rich.console import Console

from rxncompile.expressions import symbol
from rxncompile.language import parse
from rxncompile.network import Diffusion, Lattice, Network, Reaction, Species
from rxncompile.views.readings import conversion, values_of
from rxncompile.views.tables import conservation_table, show


def printed(net, width=100, terminal=False):
    stream = io.StringIO()
    show(net, Console(file=stream, width=width, force_terminal=terminal))
    return stream.getvalue()


def test_both_readings_of_each_rate():
    text = printed(gene())
    assert re.search(r"rate law +k1\*G\*P", text)
    assert re.search(r"propensity +k1\*G\*P/cell", text)
    assert re.search(r"both +k_1\*GP", text)
    assert "G + P -> GP" in text
    assert "P -> 0" in text


def test_numbers_species_and_what_is_conserved():
    text = printed(gene())
    assert re.search(r"param +ks +1e-7", text)
    assert re.search(r"compartment +cell +1000", text)
    assert re.search(r"G +cell +uM +0.01 +fast", text)
    assert re.search(r"genes +G \+ GP += 0.01", text)
    assert re.search(r"event +at 5 +P = 1", text)
    assert re.search(r"let +drive +ks\*exp\(-t\)", text)
    text = printed(lotka_volterra())
    assert "[0.1, 10] ~ LogNormal(0, 0.5)" in text
    assert "No linear combination" in text
    assert re.search(r"observable +ratio +X/\(X \+ Y\)", text)


@pytest.mark.parametrize("width", [40, 60, 200])
def test_no_width_cuts_anything(width):
    law = sp.Add(*(symbol(f"rate_constant_{k}") * symbol("X0") ** k for k in range(20)))
    net = Network("N", species=(Species("X0"),), reactions=(Reaction("r", (), (("X0", 1),), law, False),))
    text = printed(net, width)
    assert "…" not in text
    assert all(len(line) <= width for line in text.splitlines())
    squeezed = re.sub(r"[\s]", "", text)
    assert all(f"rate_constant_{k}" in squeezed for k in range(20))


def test_plain_text_where_there_is_no_terminal_and_markup_is_only_text():
    text = printed(hostile())
    assert "\x1b" not in text
    for name in HOSTILE:
        assert name in re.sub(r"\s+", " ", text) or name in text
    assert "\x1b[" in printed(lotka_volterra(), terminal=True)


def test_a_reversible_law_without_stochastic_reading_says_so():
    law = symbol("v") * symbol("A")
    net = Network("N", species=(Species("A"), Species("B")))
    reaction = Reaction("r", (("A", 1),), (("B", 1),), law, False, net_reversible=True)
    text = printed(Network("N", species=net.species, reactions=(reaction,)))
    assert "no stochastic reading" in text
    assert "propensity " not in text.split("'both'")[0]


def test_lattice_reactions_have_a_mixed_reading():
    net = Network(
        "L",
        species=(Species("A"),),
        lattices=(Lattice("grid", (10, 10)),),
        diffusions=(Diffusion("A", symbol("D"), "grid"),),
        reactions=(Reaction("annihilate", (("A", 2),), (), symbol("k"), lattice="grid"),),
    )
    text = printed(net)
    assert "on grid, per unordered pair of neighbours; well mixed it reads 4*k" in re.sub(r"\s+", " ", text)
    assert "D per direction on grid" in text


def test_conserved_sums_of_a_chain():
    stream = io.StringIO()
    Console(file=stream, width=100).print(conservation_table(chain(4)))
    assert "X0 + X1 + X2 + X3" in stream.getvalue()


CELL = "units time = s\ncompartment c : um^3 = 2\nspecies A : uM in c = 1, N in c\nparam k : 1/uM/s = 1\n"


@pytest.mark.parametrize(
    ("reaction", "said"),
    [
        ("2 A -> 0 @ k", "k/(602.214076*c) per pair of molecules = 0.00083027 1/s"),
        ("2 A -> 0 @ k {powers}", "k/(602.214076*c) per ordered pair of molecules = 0.00083027 1/s"),
        ("A + N -> 0 @ k", "k/(602.214076*c) per pair of molecules = 0.00083027 1/s"),
        ("2 N -> 0 @ 3", "3/c per pair of molecules = 1.5 1/s"),
        ("3 N -> 0 @ 8", "8/c^2 per triple of molecules = 2 1/s"),
        ("0 -> A @ 3", "1806.642228*c = 3613.28 1/s"),
        ("4 N -> 0 @ 1", "1/c^3 per group of 4 molecules = 0.125 1/s"),
    ],
)
def test_constants_per_event(reaction, said):
    """By hand: 1 uM in 1 um^3 is 602.214076 molecules, and c is 2 um^3."""
    net = parse(CELL + reaction + "\n")
    assert conversion(net, net.reactions[0], values_of(net), "1/s") == said
    assert said in re.sub(r"\s+", " ", printed(net, 120))


@pytest.mark.parametrize("reaction", ["A -> N @ 3", "N -> 0 @ 2", "2 N -> 0 @ 3 {molecular}", "A -> 0 rate 3*A"])
def test_constants_that_are_per_event_already_say_nothing(reaction):
    net = parse(CELL + reaction + "\n")
    assert conversion(net, net.reactions[0], values_of(net)) == ""
    assert "per event" not in printed(net)
