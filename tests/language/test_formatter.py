"""`rxnc fmt`: the same Network, every comment, and nothing left to do the second time."""

import random
import re

import pytest
from conftest import MODELS
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import lattice_networks, networks

from rxncompile.errors import RxnError
from rxncompile.language import parse, print_network
from rxncompile.language.formatter import formatted
from rxncompile.language.grammar import machine
from rxncompile.language.parser import tidied
from rxncompile.network import Network

REMARKS = ("#", "# why", "#! -> @ 'x' \"y", "# a \\", "#  µ # twice", "# A -> B @ k; C")


def comments(text: str) -> list[str]:
    """Every comment, found between the words."""
    found, end = [], 0
    for word in machine().lex(text + "\n"):
        found += re.findall(r"#[^\n]*", text[end : word.start_pos])
        end = word.end_pos
    return [c.rstrip() for c in found]


def words(text: str) -> list[str]:
    return [str(w) for w in tidied(machine().lex(text)) if w.type != "_NL"]


def disturbed(text: str, draw: random.Random) -> str:
    """The text with comments, blank lines, continuations, empty statements and other blanks put in."""
    lines = []
    for line in text.split("\n"):
        if draw.random() < 0.2:
            lines += draw.choice(([""], ["", "", "  "], ["  " + draw.choice(REMARKS)], [";"]))
        kept = line.partition("#")[0] if '"' not in line and "'" not in line else line
        if kept == line and "'" not in line and '"' not in line:
            pieces = [p + draw.choice(("", "", "  ", "\t", " \\\n ")) for p in re.split(r"(?<=[ ,])", line)]
            line = "".join(pieces).rstrip("\\\n \t") + draw.choice(("", "  ", " ;", " ; ;"))
            line += draw.choice(("", "", " " + draw.choice(REMARKS)))
        lines.append(line)
    return "\n".join(lines)


def assert_formats(text: str) -> str:
    neat = formatted(text)
    assert words(neat) == words(text)
    assert comments(neat) == comments(text)
    assert formatted(neat) == neat
    assert "\n\n\n" not in neat and not neat.startswith("\n") and not neat.endswith("\n\n")
    assert all(line == line.rstrip() for line in neat.split("\n"))
    return neat


@settings(max_examples=100)
@given(networks(), st.randoms(use_true_random=False))
def test_any_network_keeps_its_meaning(net: Network, draw: random.Random) -> None:
    text = disturbed(print_network(net), draw)
    assert parse(assert_formats(text)) == net


@given(lattice_networks(), st.randoms(use_true_random=False))
def test_lattices_keep_their_meaning(net: Network, draw: random.Random) -> None:
    assert parse(assert_formats(disturbed(print_network(net), draw))) == net


@pytest.mark.parametrize("path", MODELS, ids=lambda p: p.stem)
def test_models_keep_their_meaning(path: object) -> None:
    text = path.read_text()  # type: ignore[attr-defined]
    draw = random.Random(str(path))
    net = parse(text)
    assert parse(assert_formats(text)) == net
    for _ in range(5):
        other = disturbed(text, draw)
        assert parse(assert_formats(other)) == net


@settings(max_examples=300)
@given(st.lists(st.sampled_from((
    "->", "@", "rate ", "species ", "param ", "for i in 0..2 {", "}", "{", "(", ")", "[", "]", "'q'", ";", "\n",
    "# c\n", "2 ", "0", "1e9", "1.", "..", "*", "^", "-", "+", ",", ":", "=", "<-", "<", "A", "X", "k1", "E1",
    "\\\n", " ", "'",
    "lattice l { shape = line(3)", "when A > 1 : A = 2", "model M", "A -> B @ 3", "let y = 2", "init S[0, 1] = -1",
)), max_size=12).map("".join))  # fmt: skip
def test_whatever_parses_keeps_its_words(text: str) -> None:
    try:
        neat = formatted(text)
    except RxnError:
        return
    assert words(neat.replace(";", "\n")) == words(text.replace(";", "\n"))
    assert formatted(neat) == neat


def test_the_layout() -> None:
    text = """


model   M # what it is


species A=1,B , S[0 , 1],T[0..1,2]   # the states
param k1:1/s=2**3
param longer :1/s= -k1 *(2+k1) in[0,1]~Normal(0,1)   {"a remark" , fast }
for i in 0..1,j in{a,b} { r[i,j]: A->B @ k1; q[i]: 0->A@1
  # inside
long: A+2B<->3 C rate v , w per cell {fast}
  B -> 0 @ k1 * 2   # gone
}
lattice l{shape=line(3);capacity=1}
when A>=3 and not(B<-1):A=0,B=1
A'=-x [ i + 1 ]
"""
    assert formatted(text) == """\
model M  # what it is

species A = 1, B, S[0,1], T[0..1, 2]  # the states
param k1     : 1/s = 2**3
param longer : 1/s = -k1*(2 + k1) in [0, 1] ~ Normal(0, 1) {"a remark", fast}
for i in 0..1, j in {a, b} {
  r[i,j]: A -> B @ k1; q[i]: 0 -> A @ 1
  # inside
  long: A + 2 B <-> 3 C  rate v, w per cell  {fast}
        B       -> 0     @ k1*2  # gone
}
lattice l { shape = line(3); capacity = 1 }
when A >= 3 and not (B < -1) : A = 0, B = 1
A' = -x[i+1]
"""


def test_long_lists_are_broken_behind_commas() -> None:
    names = ", ".join(f"species_{i} = {i}" for i in range(40))
    neat = assert_formats(f"species {names}  # all of them\n")
    lines = neat.rstrip("\n").split("\n")
    assert max(map(len, lines)) <= 120 and all(line.endswith(", \\") or "# all" in line for line in lines)
    law = " + ".join(f"k{i}*A*B" for i in range(40))
    assert max(map(len, assert_formats(f"A -> B rate {law}\n").split("\n"))) <= 120


def test_what_does_not_parse_is_refused() -> None:
    with pytest.raises(RxnError) as refused:
        formatted("species A\nA => B\n")
    assert refused.value.code == "R002"
    assert formatted("") == "" and formatted("\n \n;\n") == ""
