from dataclasses import replace

import pytest
from made_by_hand import gene

from rxncompile.errors import Source
from rxncompile.views.introduction import first_sentence, introduction


def said(text, name="m.rxn"):
    return introduction(replace(gene(), source=Source(name, text)))


def test_the_comment_above_a_model():
    text = "# A gene.\n# Its  numbers are\n#   made up.\n#\n## -- Sources --\n# none\nmodel M # not this\n# nor this\n"
    assert said(text) == ("A gene. Its numbers are made up.", "Sources none")
    assert said("\ufeff\n# late\nmodel M\n") == ("late",)
    assert said("model M\n# below\n") == ()
    assert said("") == ()
    assert introduction(replace(gene(), source=None)) == ()


def test_what_another_tool_wrote_above_a_net_file_says_nothing_of_the_model():
    assert said("# Created by BioNetGen 2.9.3\nbegin parameters\n", "m.net") == ()


def test_the_notes_of_an_sbml_document():
    text = (
        '<?xml version="1.0"?><sbml><model id="m"><notes><body xmlns="x"><h1>A&amp;B</h1><p>Two <i>kinds</i>\n of '
        "&lt;things&gt;.</p></body></notes><listOfSpecies><species id='S'><notes>not this</notes></species>"
    )
    assert said(text, "m.xml") == ("A&B", "Two kinds of <things>.")
    assert said("<sbml><model><listOfSpecies/><notes>late</notes></model></sbml>", "m.xml") == ()


def test_endless_words_are_cut():
    (only,) = said("# " + "word " * 5_000)
    assert len(only) <= 3_000
    assert only.endswith("…")
    assert sum(map(len, said("\n#\n".join("# " + "word " * 100 for _ in range(100))))) <= 3_000


@pytest.mark.parametrize(
    ("text", "first", "rest"),
    [
        ("One. Two.", "One.", "Two."),
        ("Only one, without end", "Only one, without end", ""),
        ("Ernst et al. 2018, Sec. III C: a chain. Then more.", "Ernst et al. 2018, Sec. III C: a chain.", "Then more."),
        ("It is fought by C. Rossler 1980.", "It is fought by C.", "Rossler 1980."),
        ("Rates of 0.5 and 1.5 apply! (Not here.)", "Rates of 0.5 and 1.5 apply!", "(Not here.)"),
        ("", "", ""),
    ],
)
def test_the_first_sentence(text, first, rest):
    assert first_sentence(text) == (first, rest)
