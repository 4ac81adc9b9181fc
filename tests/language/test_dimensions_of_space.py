"""Compartments of 0 to 3 dimensions: what says how many, what a concentration in them is, what is refused."""

import pytest
import sympy as sp

from rxncompile.derivations.rates import jump_process, rate_equations
from rxncompile.errors import RxnError
from rxncompile.expressions import symbol
from rxncompile.language import parse, print_network

SAID = [
    ("compartment c = 2", 3), ("compartment c : um^3 = 2", 3), ("compartment c : fL = 2", 3),
    ("compartment c : um^2 = 2", 2), ("compartment c : um = 2", 1), ("compartment c : dimensionless = 2", 0),
    ("compartment c = 2 {dimensions = 2}", 2), ("compartment c = 2 {dimensions = 0}", 0),
    ("compartment c : dimensionless = 2 {dimensions = 3}", 3), ("compartment c : um = 2 {dimensions = 1}", 1),
    ('const n = 1\ncompartment c = 2 {"a line", dimensions = n}', 1),
]  # fmt: skip


@pytest.mark.parametrize(("text", "dimensions"), SAID)
def test_what_says_the_dimensions(text: str, dimensions: int) -> None:
    net = parse(text)
    assert net.compartments[0].dimensions == dimensions
    again = print_network(net)
    assert parse(again) == net
    assert ("dimensions" in again) == (text.startswith("compartment c = 2 {") or "= 3}" in text or "const" in text)


WRONG = [
    ("compartment c = 2 {dimensions = 4}", "R304", "0 to 3"),
    ("compartment c = 2 {dimensions = 1.5}", "R106", "1.5"),
    ("compartment c : um^2 = 2 {dimensions = 3}", "R304", "has 2 dimensions, not 3"),
    ("compartment c : s = 2", "R304", "no unit of a size"),
    ("compartment c = 2 {per = site}", "R208", "a species"),
    ("species A {dimensions = 2}", "R208", "a compartment"),
    ("compartment c = 2\nspecies A : 1/um^2 in c", "R306", "3 dimensions"),
    ("compartment c = 2 {dimensions = 2}\nspecies A : uM in c", "R306", "2 dimensions"),
    ("compartment c = 2 {dimensions = 2}\nspecies A : 1/um^2 in c", "R305", "no unit"),
    ("compartment c : dimensionless = 2\nspecies A : uM in c", "R306", "dimensionless"),
]


@pytest.mark.parametrize(("text", "code", "words"), WRONG)
def test_what_is_refused(text: str, code: str, words: str) -> None:
    with pytest.raises(RxnError) as caught:
        parse(text)
    assert caught.value.code == code
    assert words in caught.value.message


def test_the_model_units_give_a_size_its_unit() -> None:
    head = "units time = s, area = um^2\ncompartment m = 3 {dimensions = 2}\n"
    net = parse(head + "param k : um^2/s = 2\nspecies A : 1/um^2 in m = 5\n2 A -> 0 @ k")
    assert net.species[0].concentration
    assert net.species[0].per_count == 1
    with pytest.raises(RxnError, match="order 2 needs"):
        parse(head + "param k : um^3/s = 2\nspecies A : 1/um^2 in m = 5\n2 A -> 0 @ k")


MEMBRANE = """units time = s
compartment cyt : um^3 = 10, mem : um^2 = 4
species L : uM in cyt = 1, R : 1/um^2 in mem = 25, C : 1/um^2 in mem
param kon : 1/uM/s = 0.5, off : 1/s = 0.1, dimer : um^2/s = 0.2
bind: L + R -> C @ kon per mem
free: C -> L + R @ off
pair: 2 C -> 0 @ dimer
"""


def test_bulk_meets_membrane() -> None:
    """Ligand in uM and receptors per area: the rate counts complexes per area and time, one event moves one of each."""
    net = parse(MEMBRANE)
    kon, cyt, mem = symbol("kon"), symbol("cyt"), symbol("mem")
    nL, nR, nC = (symbol(n) for n in "LRC")
    found = {j.name: j.propensity for j in jump_process(net).jumps}
    micro = sp.Rational(602214076, 10**6)  # molecules in 1 uM um^3
    assert sp.expand(found["bind"] - kon * nL / (micro * cyt) * nR) == 0
    assert sp.expand(found["pair"] - symbol("dimer") * nC * (nC - 1) / (2 * mem)) == 0
    rates = dict(rate_equations(net).equations())
    moved = kon * nL * nR * mem - symbol("off") * nC * mem  # complexes formed per time
    assert sp.expand(rates["R"] * mem - rates["L"] * micro * cyt) == 0
    assert sp.expand(rates["L"] * micro * cyt + moved) == 0
    with pytest.raises(RxnError, match="several compartments"):
        parse(MEMBRANE.replace(" per mem", ""))
    with pytest.raises(RxnError, match="order 2 needs"):
        parse(MEMBRANE.replace(" per mem", " per cyt"))
