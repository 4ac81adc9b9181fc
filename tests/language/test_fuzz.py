"""Whatever a text is, reading it gives a Network or RxnError with a place; a Network can always be printed."""

import random
from pathlib import Path

import pytest
from conftest import MODELS
from hypothesis import given, settings
from hypothesis import strategies as st

from rxncompile.errors import RxnError
from rxncompile.language import parse, parser, print_network

FRAGMENTS = (
    "->", "<->", "<-", "=>", "@", "rate ", "species ", "param ", "for i in 0..2 {", "}", "{", "(", ")", "[", "]",
    "'", '"', "\\", ";", "\n", "#", "2 ", "0", "1e9", "..", "*", "^", "-", "+", "/", ",", ":", "=", "==", "<",
    "and ", "not ", "t", "A", "X", "k1", "S[0,1]", "S[i,*]", "sum(", "hill(", "piecewise(", " in ", " per ", "{fast}",
    "~ Normal(", "lattice ", "when ", "at ", "conserve ", "func f(x) = ", "const ", "init ", "\x00", "é", "\t", "\r",
)  # fmt: skip


def read(text: str) -> None:
    try:
        net = parse(text)
    except RxnError as error:
        for d in error.diagnostics:
            assert d.span is not None, d.message
            assert 0 <= d.span.start <= len(text) + 1
            str(d)
        return
    print_network(net)


def mutated(text: str, draw: random.Random) -> str:
    """A text with a few pieces removed, doubled, replaced or put in."""
    for _ in range(draw.randint(1, 4)):
        place = draw.randrange(len(text) + 1)
        length = draw.choice((0, 1, 1, 2, 5, 20))
        piece = draw.choice((draw.choice(FRAGMENTS), "", text[place : place + length] * 2))
        text = text[:place] + piece + text[place + length :]
    return text


@pytest.mark.parametrize("path", MODELS, ids=lambda p: p.stem)
def test_mutated_models(path: Path) -> None:
    draw = random.Random(path.stem)
    text = path.read_text()
    for _ in range(60):
        read(mutated(text, draw))


@settings(max_examples=200)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join))
def test_fragments(text: str) -> None:
    read("species A, X, S[0..1, 0..1]\nparam k1 = 2\n" + text)


@given(st.text(max_size=60))
def test_any_text(text: str) -> None:
    read(text)


def test_long_texts_end_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text of too many words is not read, one full of characters without meaning not to its end."""
    monkeypatch.setattr(parser, "WORDS_CAP", 50)
    with pytest.raises(RxnError) as caught:
        parse("species A\n" * 30)
    assert [d.code for d in caught.value.diagnostics] == ["R401"]
    assert caught.value.span is not None
    monkeypatch.undo()
    with pytest.raises(RxnError) as caught:
        parse("\x00" * 100_000 + "\n= = =")
    assert caught.value.span is not None
    assert caught.value.span.start == 0
