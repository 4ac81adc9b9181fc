"""DOT text against a reader of the part of the language that it uses, and against Graphviz where it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from written import network

from rxncompile.language import parse
from rxncompile.network import Network, Reaction, Species
from rxncompile.structure import dot

STRING = r'"(?:[^"\\]|\\.)*"'
ATTRIBUTE = rf"[a-z]+=(?:{STRING}|[A-Za-z0-9.]+)"
ATTRIBUTES = rf"\[{ATTRIBUTE}(?:, {ATTRIBUTE})*\]"
STATEMENT = re.compile(
    rf"  (?:rankdir=LR;|node {ATTRIBUTES}; edge {ATTRIBUTES};|([sr]\d+) ({ATTRIBUTES});"
    rf"|([sr]\d+) -> ([sr]\d+)(?: ({ATTRIBUTES}))?;)"
)


def read(text: str) -> tuple[dict[str, dict[str, str]], list[tuple[str, str, dict[str, str]]]]:
    """Nodes and arcs with their attributes; every line has to be a statement."""
    first, *inner, last = text.splitlines()
    assert re.fullmatch(rf"digraph {STRING} {{", first)
    assert last == "}"
    nodes, arcs = {}, []
    for line in inner:
        found = STATEMENT.fullmatch(line)
        assert found, line
        node, looks, tail, head, others = found.groups()
        if node:
            nodes[node] = attributes(looks)
        if tail:
            arcs.append((tail, head, attributes(others or "")))
    return nodes, arcs


def attributes(text: str) -> dict[str, str]:
    pairs = re.findall(rf"([a-z]+)=({STRING}|[A-Za-z0-9.]+)", text)
    return {key: unescaped(value) for key, value in pairs}


def unescaped(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def test_an_enzyme() -> None:
    net = parse("species S = 1, E = 1, ES, P, W\nS + E <-> ES @ 1, 1\nES -> E + 2 P @ 1\nP + W -> W @ 1\n")
    nodes, arcs = read(dot(net))
    assert [nodes[f"s{i}"]["label"] for i in range(5)] == ["S", "E", "ES", "P", "W"]
    assert [nodes[f"r{k}"]["shape"] for k in range(3)] == ["square"] * 3
    plain = {(a, b): looks for a, b, looks in arcs}
    assert plain["s0", "r0"] == {"dir": "back", "arrowtail": "empty"}
    assert plain["r0", "s2"] == {}
    assert plain["r1", "s3"] == {"label": "2"}
    assert plain["s4", "r2"] == {"style": "dotted", "arrowhead": "odot"}
    assert len(arcs) == 8


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)


@given(st.lists(NAMES, min_size=2, max_size=2, unique=True))
def test_any_name_is_quoted(names: list[str]) -> None:
    a, b = names
    step = Reaction(b, ((a, 1),), ((b, 1),), network("A > B").reactions[0].rate)
    net = Network(a, species=(Species(a), Species(b)), reactions=(step,))
    nodes, arcs = read(dot(net))
    assert [nodes["s0"]["label"], nodes["s1"]["label"], nodes["r0"]["xlabel"]] == [a, b, b]
    assert len(arcs) == 2


def test_nothing_to_draw() -> None:
    assert read(dot(Network("empty"))) == ({}, [])
    assert read(dot(replace(network("A > B"), reactions=())))[1] == []


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_graphviz_reads_it() -> None:
    text = dot(network("A <> 2 B; A + C > D + C"))
    done = subprocess.run(["dot", "-Tsvg"], input=text, capture_output=True, text=True, timeout=60, check=True)
    assert "<svg" in done.stdout
    assert not done.stderr
