"""Mass-action constants of every order and dimension, and amounts against concentrations, converted by pint."""

import math
from fractions import Fraction

import pint
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from rxncompile.derivations.rates import jump_process, rate_equations
from rxncompile.dimensions import check_units, constant_units
from rxncompile.expressions import symbol
from rxncompile.language import parse
from rxncompile.measures import names_in
from rxncompile.network import propensity
from rxncompile.views.readings import constant, conversion, values_of

REGISTRY = pint.UnitRegistry(non_int_type=Fraction)
MOLE = REGISTRY.Quantity(1, "mole")
MOLECULES = REGISTRY.Quantity(1, "avogadro_constant").to("1/mole") * MOLE  # of one mole, a number
WORDS = {
    "uM": "micromolar", "nM": "nanomolar", "mM": "millimolar", "um": "micrometer", "m": "meter", "dm": "decimeter",
    "L": "liter", "fL": "femtoliter", "mol": "mole", "nmol": "nanomole", "count": "count", "s": "second",
    "min": "minute", "h": "hour",
}  # fmt: skip
SIZES = {3: ("um^3", "fL", "L", "dm^3"), 2: ("um^2", "m^2"), 1: ("um", "m"), 0: ("dimensionless",)}
SPECIES = {
    3: ("uM", "nM", "mol/m^3", "1/um^3", "count/fL", "count", "nmol"),
    2: ("1/um^2", "mol/m^2", "nmol/um^2", "count", "mol"),
    1: ("1/um", "mol/m", "count"),
    0: ("count", "nmol"),
}
whole = st.integers(1, 9)


def in_pint(text: str) -> pint.Quantity:
    """A unit's text as a quantity of pint, moles as molecules."""
    total = REGISTRY.Quantity(Fraction(1), "dimensionless")
    for name, turns in names_in(text).items():
        one = REGISTRY.Quantity(Fraction(1), WORDS[name]).to_base_units()
        moles = int(one.dimensionality.get("[substance]", 0))
        total = total * (one * (MOLECULES / MOLE) ** moles) ** turns
    return total.to_base_units()


@st.composite
def models(draw: st.DrawFn) -> tuple[str, dict[str, tuple[str, int]], dict[str, tuple[int, str]]]:
    """A text without its reaction; species by name with unit and place; places by name with size and unit."""
    clock = draw(st.sampled_from(("s", "min", "h")))
    lines, species, places = [f"units time = {clock}"], {}, {}
    for d in draw(st.lists(st.sampled_from((0, 1, 2, 3)), min_size=1, max_size=3, unique=True)):
        value, unit = draw(whole), draw(st.sampled_from(SIZES[d]))
        places[f"c{d}"] = value, unit
        lines.append(f"compartment c{d} : {unit} = {value}")
        for k in range(2):
            own = draw(st.sampled_from(SPECIES[d]))
            species[f"S{d}{k}"] = own, d
            lines.append(f"species S{d}{k} : {own} in c{d} = {draw(whole)}")
    return "\n".join(lines) + "\n", species, places


@given(models(), st.data())
def test_constants_per_event_are_pints(
    model: tuple[str, dict[str, tuple[str, int]], dict[str, tuple[int, str]]], data: st.DataObject
) -> None:
    """c = k V prod_i (1 molecule / V_i) for orders 0 to 3, `k` in the unit that we say it is in."""
    text, species, places = model
    order = data.draw(st.integers(0, 3))
    reactants = [data.draw(st.sampled_from(sorted(species))) for _ in range(order)]
    per = data.draw(st.sampled_from(sorted(places)))
    product = data.draw(st.sampled_from(sorted(species)))
    k = data.draw(whole)
    left = " + ".join(reactants) or "0"
    net = parse(f"{text}param k = {k}\nr: {left} -> {product} @ k per {per} {{powers}}\n")
    (reaction,) = net.reactions
    unit = constant_units(net)["r"]

    def size(place: str) -> pint.Quantity:
        return places[place][0] * in_pint(places[place][1])

    theirs = k * in_pint(unit) * size(per)
    for name in reactants:
        theirs = theirs / size(f"c{species[name][1]}")
    theirs = theirs.to(REGISTRY.parse_units(WORDS[net.units[0][1].text]) ** -1)
    found = propensity(net, reaction)
    many = sp.Integer(10) ** 40  # n (n - 1) (n - 2) is n^3 there
    ours = found.xreplace({s.symbol: many for s in net.species} | values_of(net)).evalf(30) / many**order
    assert math.isclose(float(ours), float(theirs.magnitude), rel_tol=1e-12)
    # the same with the unit of the constant written
    assert parse(f"{text}param k : {unit} = {k}\nr: {left} -> {product} @ k per {per} {{powers}}\n")
    assert constant(reaction, values_of(net), unit) == f"k = {k} {unit}"
    shown = conversion(net, reaction, values_of(net))
    if shown:
        assert math.isclose(float(shown.rpartition(" = ")[2]), float(theirs.magnitude), rel_tol=1e-5)
    else:
        assert math.isclose(float(theirs.magnitude), k, rel_tol=1e-12)


@given(st.sampled_from((0, 1, 2, 3)), st.data())
def test_amounts_and_concentrations_are_pints(d: int, data: st.DataObject) -> None:
    """n = c V N_A: the first count of a species, and the change of a concentration by one molecule."""
    own, place = data.draw(st.sampled_from(SPECIES[d])), data.draw(st.sampled_from(SIZES[d]))
    value, size = data.draw(whole), data.draw(whole)
    net = parse(f"compartment c : {place} = {size}\nspecies A : {own} in c = {value}\nA -> 0 @ 1")
    state = jump_process(net).states[0].initial.xreplace(values_of(net))
    quantity = value * in_pint(own)
    if net.species[0].concentration:
        quantity = quantity * size * in_pint(place)
    assert Fraction(int(state.p), int(state.q)) == Fraction(quantity.to("dimensionless").magnitude)
    (rate,) = rate_equations(net).rhs
    assert rate == -symbol("A")  # first order has no conversion


@pytest.mark.parametrize(
    ("size", "species", "unit", "order", "said"),
    [
        ("um^3", "uM", "uM/s", 0, "602.214076*c*k = 2408.86 1/s"),
        ("um^3", "uM", "1/uM/s", 2, "k/(602.214076*c) per pair of molecules = 0.00083027 1/s"),
        ("um^3", "uM", "1/uM^2/s", 3, "k/(602.214076^2*c^2) per triple of molecules = 6.89347e-07 1/s"),
        ("L", "mol/L", "L/mol/s", 2, "k/(602214076e15*c) per pair of molecules = 8.3027e-25 1/s"),
        ("um^2", "1/um^2", "um^2/s", 2, "k/c per pair of molecules = 0.5 1/s"),
        ("um^2", "mol/um^2", "um^2/mol/s", 2, "k/(602214076e15*c) per pair of molecules = 8.3027e-25 1/s"),
        ("um", "1/um", "1/um/s", 0, "c*k = 4 1/s"),
        ("um^3", "uM", "1/s", 1, ""),
    ],
)
def test_what_is_shown(size: str, species: str, unit: str, order: int, said: str) -> None:
    """By hand: N_A is 6.02214076e23, k is 2 (1 where order > 0), c is 2 of its unit."""
    k = 2 if order == 0 else 1
    left = f"{order} A" if order else "0"
    text = f"units time = s\ncompartment c : {size} = 2\nspecies A : {species} in c = 1\nparam k : {unit} = {k}\n"
    net = parse(f"{text}r: {left} -> {'A' if not order else '0'} @ k\n")
    assert check_units(net) == ()
    assert conversion(net, net.reactions[0], values_of(net), "1/s") == said
    assert constant_units(net) == {"r": unit}
