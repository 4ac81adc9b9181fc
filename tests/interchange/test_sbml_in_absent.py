"""Parts that an SBML document may leave out: what stays, what is said, and the values that come from elsewhere."""

import pytest
import sympy as sp

from rxncompile.derivations.rates import rate_equations
from rxncompile.errors import Source
from rxncompile.expressions import TIME, symbol
from rxncompile.interchange.sbml_in import read_with_warnings

from .sbml_text import compartment, document, math, parameter, reaction, read, rule, species, start

A, k = symbol("A"), symbol("k")
NO_LAW = '<listOfReactants><speciesReference species="A" stoichiometry="1" constant="true"/></listOfReactants>'


@pytest.mark.parametrize("law", ["", "<kineticLaw/>"])
def test_a_reaction_without_a_law_is_left_out_and_told(law: str) -> None:
    lawless = f'<reaction id="r" reversible="false">{NO_LAW}{law}</reaction>'
    text = document(compartment(), species("A"), reaction("s", "", "A", "2"), lawless)
    net, warnings = read_with_warnings(Source("model.xml", text))
    assert [r.name for r in net.reactions] == ["s"]
    (told,) = [w for w in warnings if "kineticLaw" in w.message]
    assert told.severity == "warning" and told.span is not None
    assert "id=\"r\"" in text.splitlines()[told.span.line - 1]


def test_elements_without_math_say_nothing() -> None:
    net = read(
        compartment(), species("A"), parameter("p", "3", "false"), "<functionDefinition id=\"f\"/>", "<algebraicRule/>",
        '<assignmentRule variable="p"/>', '<initialAssignment symbol="A"/>', reaction("r", "A", "", "p*A"),
    )  # fmt: skip
    assert not net.rules and not net.ode_terms
    assert net.species_by_name["A"].initial == 3


def test_a_number_that_nothing_uses_need_not_be_one() -> None:
    net = read(parameter("x", "NaN"), parameter("y", "-INF"), parameter("z", "NaN"), start("z", "2"), parameter("k"))
    assert [(p.name, p.value) for p in net.parameters] == [("z", 2), ("k", 1)]


def test_what_no_reaction_changes_needs_no_stoichiometry() -> None:
    fixed = species("A", boundaryCondition="true")
    bare = reaction("r", "A", "B", "k*A").replace(' stoichiometry="1"', "", 1)
    system = rate_equations(read(compartment(), fixed, species("B"), parameter("k"), bare))
    assert dict(system.equations())["B"] == k * A / symbol("C")


def test_level_2_stoichiometry_in_math_is_read_whatever_its_reference_is_called() -> None:
    formula = f"<stoichiometryMath>{math('1 + y')}</stoichiometryMath>"
    text = document(
        compartment(), species("A", initialAmount="1", hasOnlySubstanceUnits="true"), parameter("y", "1", "false"),
        rule("rateRule", "y", "3"), reaction("r", "", "A", "k"), parameter("k"),
        root='xmlns="http://www.sbml.org/sbml/level2/version4" level="2" version="4"',
    )  # fmt: skip
    for name in ('id="n"', ""):
        bare = '<speciesReference species="A" stoichiometry="1" constant="true"/>'
        written = f'<speciesReference {name} species="A">{formula}</speciesReference>'
        assert bare in text
        net, _ = read_with_warnings(Source("model.xml", text.replace(bare, written)))
        system = rate_equations(net)
        rate = dict(system.equations())["A"].subs(dict(system.definitions))
        assert sp.expand(rate - (1 + symbol("y")) * k) == 0
        assert TIME not in rate.free_symbols
