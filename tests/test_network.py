"""What a rate is: propensities and rate laws against hand-computed values."""

import pytest
import sympy as sp

from rxncompile.errors import RxnError
from rxncompile.expressions import symbol
from rxncompile.network import (
    Compartment,
    Constant,
    Flag,
    Network,
    Parameter,
    Reaction,
    Species,
    change,
    extent_per_count,
    propensity,
    rate_law,
    rate_scale,
    stoichiometry,
    with_values,
)

A, B, k, V, W = map(symbol, ("A", "B", "k", "V", "W"))
AVOGADRO = 602214076 * 10**15
MICROMOLAR = sp.Rational(10**21, AVOGADRO)  # amount in uM um^3 of one molecule


def network(reaction: Reaction, *species: Species) -> Network:
    return Network(
        "test",
        parameters=(Parameter("k", sp.Integer(3)),),
        compartments=(Compartment("V", sp.Integer(10)), Compartment("W", sp.Integer(2))),
        species=species or (Species("A", "V"), Species("B", "V")),
        reactions=(reaction,),
    )


def test_mass_action_counts_combinations_and_volumes() -> None:
    pair = Reaction("r", (("A", 2), ("B", 1)), (("B", 2),), k)
    net = network(pair)
    assert sp.expand(propensity(net, pair) - k * A * (A - 1) / 2 * B / V**2) == 0
    assert rate_law(net, pair) == k * (A / V) ** 2 / 2 * B / V
    assert rate_scale(net, pair) == V


def test_powers_drop_the_factorials() -> None:
    pair = Reaction("r", (("A", 3),), (), k, flags=frozenset({Flag.POWERS}))
    net = network(pair)
    assert propensity(net, pair) == k * A * (A - 1) * (A - 2) / V**2
    assert rate_law(net, pair) == k * (A / V) ** 3


def test_molecular_has_no_volume() -> None:
    pair = Reaction("r", (("A", 2),), (), k, flags=frozenset({Flag.MOLECULAR}))
    net = network(pair, Species("A", "V", concentration=True, per_count=MICROMOLAR), Species("B"))
    assert propensity(net, pair) == k * A * (A - 1) / 2
    # the deterministic law in terms of the concentration, as events
    assert rate_law(net, pair) == k * (A * V / MICROMOLAR) ** 2 / 2
    assert rate_scale(net, pair) == 1


def test_concentrations_convert_by_volume_and_avogadro() -> None:
    binding = Reaction("r", (("A", 1), ("B", 1)), (), k)
    species = (Species("A", "V", concentration=True, per_count=MICROMOLAR),) * 1
    other = Species("B", "V", concentration=True, per_count=MICROMOLAR)
    net = network(binding, *species, other)
    assert extent_per_count(net, binding) == MICROMOLAR
    assert rate_law(net, binding) == k * A * B
    # 1 uM in 1 um^3 are 602.214076 molecules: k [1/uM/s] counts as k/602.214076/V per pair of molecules
    assert sp.nsimplify(propensity(net, binding) / (k * A * B / V * MICROMOLAR)) == 1


def test_counted_receptors_meet_a_concentration() -> None:
    binding = Reaction("r", (("A", 1), ("B", 1)), (), k)
    net = network(binding, Species("A", "V"), Species("B", "V", concentration=True, per_count=MICROMOLAR))
    assert extent_per_count(net, binding) == 1
    assert propensity(net, binding) == k * A * (B * MICROMOLAR / V)


def test_general_laws_are_used_as_written() -> None:
    law = Reaction("r", (("A", 1),), (), k * A / (1 + A), mass_action=False)
    net = network(law)
    assert propensity(net, law) == rate_law(net, law) == k * A / (1 + A)
    per = Reaction("r", (("A", 1),), (), k * A, mass_action=False, per="V")
    conc = network(per, Species("A", "V", concentration=True), Species("B"))
    assert propensity(conc, per) == k * A  # k (A/V) V


def test_sources_take_the_volume_of_their_product_or_the_named_one() -> None:
    source = Reaction("r", (), (("A", 1),), k)
    assert propensity(network(source), source) == k * V
    named = Reaction("r", (("A", 1), ("B", 1)), (), k, per="W")
    net = network(named, Species("A", "V"), Species("B", "W"))
    assert propensity(net, named) == k * A * B / V
    lost = Reaction("r", (("A", 1), ("B", 1)), (), k)
    with pytest.raises(RxnError, match="several compartments") as caught:
        propensity(network(lost, Species("A", "V"), Species("B", "W")), lost)
    assert caught.value.code == "R301"


def test_change_leaves_out_catalysts_and_fixed_species() -> None:
    reaction = Reaction("r", (("A", 1), ("B", 2)), (("A", 1), ("B", 3)), k)
    assert change(network(reaction), reaction) == (("B", 1),)
    fixed = network(reaction, Species("A"), Species("B", flags=frozenset({Flag.FIXED})))
    assert change(fixed, reaction) == ()
    assert list(stoichiometry(network(reaction))) == [(1, 0, 1)]


def test_with_values_sets_what_can_be_set() -> None:
    net = network(Reaction("r", (("A", 1),), (), k))
    other = with_values(net, {"k": 0.1, "V": 4, "A": 7})
    assert other.parameters[0].value == sp.Rational(1, 10)
    assert other.compartments[0].size == 4
    assert other.species[0].initial == 7
    assert with_values(net, {}) == net
    with pytest.raises(RxnError, match="no parameter"):
        with_values(net, {"kk": 1})
    constant = Network("c", constants=(Constant("c", sp.Integer(1)),))
    with pytest.raises(RxnError, match="const"):
        with_values(constant, {"c": 1})
    with pytest.raises(RxnError, match="finite"):
        with_values(net, {"k": float("nan")})
