"""What `rxnc show` says of a structure, sentence by sentence, on models whose structure is known by hand."""

import io
import re
import time
from itertools import pairwise

import pytest
from made_by_hand import chain
from rich.console import Console

from rxncompile.language import parse
from rxncompile.views.structure_words import structure_rows
from rxncompile.views.tables import show


def said(text: str) -> dict[str, str]:
    return dict(structure_rows(parse(text)))


NEAR = "near the initial state a disturbance"
ENZYME = "units time = s\nspecies S = 1, E = 1, ES, P\nbind: S + E <-> ES @ 1, 2\ncat: ES -> E + P @ 3\n"


def test_an_enzyme():
    assert said(ENZYME) == {
        "direction": "reversible: bind; one way: cat",
        "complexes": "3: S + E, ES, E + P",
        "linkage": "1 linkage class, not weakly reversible: no way back from E + P",
        "deficiency": "0 = 3 complexes - 1 linkage class - 2 independent reactions",
        "conclusion": "Deficiency zero theorem: whatever the rate constants, there is neither a steady state nor a "
        "sustained oscillation with every species present.",
        "time scales": "near the initial state a disturbance decays in 0.153 s (S, E, ES), 2.18 s (S, P)",
    }


@pytest.mark.parametrize(
    ("text", "topic", "sentence"),
    [
        ("species A\nmake: 0 -> A @ 1\nlose: A -> 0 @ 1", "direction", "undoing each other: make and lose"),
        ("species A, B\nA <-> B @ 1, 1", "direction", "every reaction is reversible"),
        ("species A, B\nA -> B @ 1", "direction", "every reaction runs one way only"),
        ("species A\nu: 0 -> A @ 1\nd: A -> 0 @ 1\nv: A -> 2 A @ 1", "direction",
         "undoing each other: u and d; one way: v"),
        ("species E, S, P\ncut: E + S -> E + P @ 1", "catalysis", "E catalyses cut"),
        ("species X\ngrow: X -> 2 X @ 1", "autocatalysis", "X makes more of itself in grow"),
        ("species X, Y\nmeet: X + Y -> Y + X @ 1", "unchanged", "meet leaves every amount as it is"),
        ("species A = 1\nA -> 2 A @ 3", "time scales", f"{NEAR} grows e-fold in 0.333 (A)"),
        ("species A = 1, B\nA -> B @ 1", "time scales", f"{NEAR} decays in 1 (A, B)"),
        ("species A\n2 A -> 0 @ 1", "time scales", "1 direction is at rest in the initial state"),
        ("species A\n0 -> A rate sqrt(A)", "time scales",
         "not known: the rates of {} have no slope at the initial state"),
    ],
)  # fmt: skip
def test_sentences(text, topic, sentence):
    assert said(text)[topic] == sentence.format(parse(text).name)


def test_turning_modes():
    predators = "species X = 20, Y = 5\nX -> 2 X @ 0.5\nX + Y -> 2 Y @ 0.1\nY -> 0 @ 2"
    assert said(predators)["time scales"].endswith("a disturbance oscillates with period 6.28 (X, Y)")
    ring = "species A = 1, B, C\nA -> B @ 2\nB -> C @ 2\nC -> A @ 2"
    assert said(ring)["time scales"].endswith("oscillates with period 3.63, decaying in 0.333 (A, B, C)")
    # a pair that fades by e^-63 and more in one turn is a decay to whoever looks at it
    damped = "species A = 1, B\nA -> 0 @ 100\nB -> 0 @ 100\n0 -> A rate 10 + B\nB -> 0 rate A"
    assert "oscillates" not in said(damped)["time scales"]


def test_only_rates_of_change():
    assert said("species A = 1\nA' = -2*A") == {"time scales": "near the initial state a disturbance decays in 0.5 (A)"}
    assert said("species A = 1") == {}


def test_long_lists_say_how_many_more_there_are():
    rows = dict(structure_rows(chain(40)))
    assert rows["complexes"].endswith("and 34 more")
    assert all(len(text) < 400 for text in rows.values())
    names = [f"'{'receptor' * 8}{i}'" for i in range(8)]
    steps = "\n".join(f"{a} -> {b} @ 1" for a, b in pairwise(names))
    text = f"species {', '.join(names)}\n{steps}"
    assert all(len(row) < 700 for row in said(text).values())


def test_a_network_of_a_thousand_species_is_shown_in_part_and_in_seconds():
    net = chain(1000)
    stream = io.StringIO()
    start = time.process_time()
    show(net, Console(file=stream, width=100))
    assert time.process_time() - start < 20  # 0.5 s where nothing else runs
    text = stream.getvalue()
    assert len(text.splitlines()) < 900
    assert re.search(r"\b800 more\b", text)
    assert re.search(r"\b799 more\b", text)
    assert re.search(r"\+ 9[0-9]{2} more terms", text)
    assert "not worked out for more than 600 species" in text
