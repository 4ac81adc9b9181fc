"""SBML that we write: it is valid by libsbml's rules and reads back to the same System, in both readings."""

from dataclasses import replace
from pathlib import Path

import libsbml
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from rxncompile.derivations.rates import jump_process, rate_equations
from rxncompile.errors import RxnError, Source
from rxncompile.expressions import TIME, symbol
from rxncompile.interchange.sbml_in import read_sbml
from rxncompile.interchange.sbml_out import write_sbml
from rxncompile.language import load
from rxncompile.network import (
    Compartment,
    Constant,
    Distribution,
    Event,
    Flag,
    Lattice,
    Network,
    Observable,
    OdeTerm,
    Parameter,
    Reaction,
    Rule,
    Species,
    Unit,
)

CONC = Unit("conc", sp.S.One, (("amount", 1), ("length", -3)))


def round_trip(net: Network) -> Network:
    """Write, check by libsbml, read, compare both readings."""
    text = write_sbml(net)
    assert faults(text) == []
    again = read_sbml(Source("again.xml", text))
    assert rate_equations(again) == rate_equations(net)
    if not any(r.net_reversible for r in net.reactions):
        assert jump_process(again) == jump_process(net)
    return again


def faults(text: str) -> list[str]:
    """What libsbml finds wrong with a document, units and matters of taste aside."""
    document = libsbml.readSBMLFromString(text)
    for kind in (libsbml.LIBSBML_CAT_UNITS_CONSISTENCY, libsbml.LIBSBML_CAT_MODELING_PRACTICE):
        document.setConsistencyChecks(kind, False)
    document.checkConsistency()
    return [document.getError(k).getMessage() for k in range(document.getNumErrors())]


def test_every_model_reads_back(model: Path) -> None:
    round_trip(load(model))


# ---------------------------------------------------------------------------------------------- any network

NAMES = ("A", "B(x!1)", "S[0,1]", "rate", "exp", "µ")
fractions = st.fractions(min_value=0, max_value=50, max_denominator=40)
numbers = fractions.map(lambda f: sp.Rational(f.numerator, f.denominator))
constants = st.sampled_from([symbol("k"), symbol("q"), symbol("c0"), symbol("k") * symbol("q"), sp.sqrt(symbol("k"))])


@st.composite
def formulas(draw: st.DrawFn) -> sp.Expr:
    atoms = [*(symbol(n) for n in NAMES), symbol("k"), symbol("q"), symbol("m"), symbol("C"), TIME]
    one, other, third = (draw(st.sampled_from(atoms)) for _ in range(3))
    n = draw(numbers)
    return draw(
        st.sampled_from(
            [
                n * one, one * other + n, one**2 / (n + 1 + other**2), sp.exp(-one) * other,
                sp.Piecewise((one, other > n), (third, True)), (one + 2 * other) * third / 7,
                -one * (other - third) / 3, sp.Max(one, other, n), sp.floor(one) + sp.tanh(other),
                sp.log(one + 1) - sp.Abs(other), n * (one - other), one ** sp.Rational(3, 2),
                sp.Integer(10) ** 12 * one / 3,
            ]
        )
    )  # fmt: skip


@st.composite
def networks(draw: st.DrawFn) -> Network:
    per_count = draw(st.sampled_from([sp.S.One, sp.Rational(1, 602)]))
    species = []
    for name in NAMES:
        place = draw(st.sampled_from([None, "C", "D"]))
        concentration = draw(st.booleans())
        species.append(
            Species(
                name, place, CONC if concentration else None, concentration,
                draw(st.sampled_from([sp.S.One, per_count])),
                draw(st.one_of(numbers, constants)),
                flags=draw(st.sampled_from([frozenset(), frozenset({Flag.FIXED}), frozenset({Flag.FAST})])),
            )
        )  # fmt: skip
    reactions = []
    for k in range(draw(st.integers(0, 5))):
        sides = [
            tuple((n, draw(st.integers(1, 3))) for n in NAMES if draw(st.integers(0, 4)) == 0) for _ in range(2)
        ]
        flags = draw(st.sampled_from([frozenset(), frozenset({Flag.POWERS}), frozenset({Flag.MOLECULAR})]))
        per = draw(st.sampled_from(["C", "D"]))
        if draw(st.booleans()):
            rate = draw(constants) * draw(st.sampled_from([1, sp.Rational(1, 3)]))
            reactions.append(Reaction(f"r{k}", sides[0], sides[1], rate, per=per, flags=flags))
        else:
            form = draw(st.booleans())
            per_or_none = draw(st.sampled_from([None, per]))
            law = draw(formulas())
            reactions.append(Reaction(f"r{k}", sides[0], sides[1], law, False, per_or_none, net_reversible=form))
    driven = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=2))
    events = [Event(True, draw(numbers), (("m", draw(formulas())),))] if draw(st.booleans()) else []
    if draw(st.booleans()):
        events.append(Event(False, symbol("A") > draw(numbers), (("B(x!1)", draw(formulas())),)))
    return Network(
        "any network",
        constants=(Constant("c0", sp.log(2) / 3),),
        parameters=(
            Parameter("k", draw(numbers), lower=sp.Rational(1, 3), upper=sp.Integer(9)),
            Parameter("m", sp.Rational(5, 2)),
            Parameter("q", 2 * symbol("c0"), prior=Distribution("LogNormal", (sp.S.Zero, sp.Rational(1, 2)))),
        ),
        compartments=(Compartment("C", sp.Rational(1, 3)), Compartment("D", 2 * symbol("q"), inside="C")),
        species=tuple(species),
        rules=(Rule("x", draw(formulas())), Rule("y", symbol("x") + symbol("A"), reported=True)),
        observables=(Observable("seen", symbol("y") * draw(formulas())),),
        reactions=tuple(reactions),
        ode_terms=tuple(OdeTerm(name, draw(formulas())) for name in driven),
        events=tuple(events),
    )


@given(networks())
def test_any_network_reads_back(net: Network) -> None:
    round_trip(net)


# ---------------------------------------------------------------------------------------------- forms


def test_a_law_that_was_edited_is_no_longer_mass_action() -> None:
    net = Network(
        "m",
        parameters=(Parameter("k", sp.S.One),),
        species=(Species("A", initial=sp.Integer(5)),),
        reactions=(Reaction("r", (("A", 2),), (), symbol("k")),),
    )
    text = write_sbml(net)
    assert round_trip(net).reactions[0].mass_action
    edited = text.replace("<ci> k </ci>", "<apply><plus/><ci> k </ci><ci> A </ci></apply>")
    assert edited != text
    (reaction,) = read_sbml(Source("m.xml", edited)).reactions
    assert not reaction.mass_action
    assert reaction.rate == symbol("A") ** 2 * (symbol("k") + symbol("A")) / 2


def test_without_annotations_the_equations_are_the_same(model: Path) -> None:
    """Other tools do not see them: jumps may differ by the form of a law, rate equations may not."""
    net = load(model)
    document = libsbml.readSBMLFromString(write_sbml(net))
    model_of = document.getModel()
    ids = {model_of.getSpecies(k).getId(): net.species[k].name for k in range(model_of.getNumSpecies())}
    for kind in (model_of.getListOfSpecies(), model_of.getListOfReactions(), model_of.getListOfParameters()):
        for k in range(kind.size()):
            kind.get(k).unsetAnnotation()
    plain = rate_equations(read_sbml(Source("plain.xml", libsbml.writeSBMLToString(document))))
    there = dict(rate_equations(net).equations())
    back = {symbol(i): symbol(name) for i, name in ids.items()}
    values = plain.environment() | rate_equations(net).environment()
    values |= {symbol(name): sp.Rational(k + 2, 7) for k, name in enumerate(there)}
    for label, rhs in plain.equations():
        for name, formula in reversed(plain.definitions):
            rhs = rhs.subs(name, formula)
        own = there[ids.get(label, label)]
        for name, formula in reversed(rate_equations(net).definitions):
            own = own.subs(name, formula)
        assert float(rhs.xreplace(back).subs(values)) == pytest.approx(float(own.subs(values)), rel=1e-12)


BASE = Network("m", compartments=(Compartment("C", sp.S.One),), species=(Species("A", "C", CONC, True),))


@pytest.mark.parametrize(
    ("net", "word"),
    [
        (replace(BASE, lattices=(Lattice("L", (5,)),)), "lattice"),
        (replace(BASE, species=(Species("A", initial=Distribution("Poisson", (sp.S.One,))),)), "distribution"),
        (replace(BASE, species=(Species("A", per_site=True),)), "distribution"),
        (replace(BASE, events=(Event(True, sp.S.One, (("C", sp.S.One),)),)), "concentrations"),
        (replace(BASE, observables=(Observable("o", sp.Function("count")(symbol("A"), symbol("A"), 1)),)), "count"),
    ],
)
def test_what_sbml_cannot_say(net: Network, word: str) -> None:
    with pytest.raises(RxnError, match=word) as caught:
        write_sbml(net)
    assert caught.value.code == "R283"
