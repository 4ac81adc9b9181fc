"""What SBML elements mean in a Network, each against equations written by hand."""

import pytest
import sympy as sp

from rxncompile.derivations.rates import jump_process, rate_equations, sampled_process
from rxncompile.errors import RxnError, Source
from rxncompile.expressions import TIME, exact, symbol
from rxncompile.interchange.sbml_in import read_sbml
from rxncompile.network import Event, Flag, Network

from .sbml_text import (
    compartment,
    document,
    event,
    function,
    math,
    parameter,
    reaction,
    read,
    rule,
    species,
    start,
)

A, B, C, X, k, p = (symbol(name) for name in ("A", "B", "C", "X", "k", "p"))


def drift(net: Network) -> dict[str, sp.Expr]:
    """Right-hand sides by label, definitions put in."""
    system = rate_equations(net)
    found = {}
    for label, rhs in system.equations():
        for name, formula in reversed(system.definitions):
            rhs = rhs.subs(name, formula)
        found[label] = rhs
    return found


def equal(one: sp.Expr, other: sp.Expr) -> bool:
    return bool(sp.cancel(sp.together(one - other)) == 0)


# ---------------------------------------------------------------------------------------------- species and volumes


def test_concentration_and_amount() -> None:
    net = read(
        compartment(), species("A"), species("B", hasOnlySubstanceUnits="true", initialAmount="5"), parameter("k"),
        reaction("r", "A", "B", "C*k*A"),
    )  # fmt: skip
    found = drift(net)
    assert equal(found["A"], -k * A)
    assert equal(found["B"], C * k * A)
    assert net.reactions[0].mass_action
    assert net.reactions[0].rate == k


def test_initial_values_follow_the_volume() -> None:
    net = read(
        compartment(),
        species("A", initialAmount="6"),
        species("B", hasOnlySubstanceUnits="true", initialConcentration="3"),
    )
    a, b = net.species
    assert a.initial == 6 / C
    assert b.initial == 3 * C


def test_boundary_and_constant_species_are_fixed() -> None:
    net = read(
        compartment(), species("A", boundaryCondition="true"), species("B"), parameter("k"),
        reaction("r", "A", "B", "C*k*A"),
    )  # fmt: skip
    assert Flag.FIXED in net.species_by_name["A"].flags
    assert equal(drift(net)["B"], k * A)
    assert [s.label for s in rate_equations(net).states] == ["B"]


def test_a_volume_that_grows_dilutes() -> None:
    net = read(
        compartment(constant="false"), species("A"), parameter("k"), reaction("r", "A", "", "k*A*C"),
        rule("rateRule", "C", "C/5"),
    )  # fmt: skip
    found = drift(net)
    assert equal(found["A"], -k * A)  # A is the amount, C A/C its share of the law
    assert equal(found["C"], C / 5)
    assert net.species_by_name["A"].initial == 6


def test_an_event_that_grows_a_volume_keeps_amounts() -> None:
    net = read(
        compartment(constant="false"), species("A"), parameter("k"), reaction("r", "A", "", "k*A"),
        event("time >= 3", C="4", A="1"),
    )  # fmt: skip
    assert net.events == (Event(True, sp.Integer(3), (("C", sp.Integer(4)), ("A", sp.Integer(4)))),)
    assert equal(drift(net)["A"], -k * A / C)


def test_point_compartments_of_level_2_hold_amounts() -> None:
    root = 'xmlns="http://www.sbml.org/sbml/level2/version4" level="2" version="4"'
    place = '<compartment id="C" spatialDimensions="0"/>'
    net = read(place, '<species id="A" compartment="C" initialAmount="3"/>', root=root)
    assert not net.species[0].concentration


# ---------------------------------------------------------------------------------------------- formulas


def test_local_parameters_hide_global_ones() -> None:
    own = '<listOfLocalParameters><localParameter id="k" value="7"/></listOfLocalParameters>'
    net = read(
        compartment(), species("A"), parameter("k", "2"), reaction("r", "A", "", "C*k*A", extra=own),
        reaction("q", "A", "", "C*k*A"),
    )  # fmt: skip
    assert [r.rate for r in net.reactions] == [symbol("r__k"), k]
    assert {x.name: x.value for x in net.parameters} == {"k": 2, "r__k": 7}


def test_functions_are_written_out() -> None:
    net = read(
        compartment(), species("A"), function("f", "lambda(x, y, x*y + x)"), function("g", "lambda(x, f(x, f(x, 2)))"),
        reaction("r", "A", "", "g(A)"),
    )  # fmt: skip
    assert equal(drift(net)["A"], -(A * (3 * A) + A) / C)


def test_rules_and_initial_assignments() -> None:
    net = read(
        compartment(), species("A"), species("B", boundaryCondition="true"), parameter("p"), parameter("k"),
        parameter("x", "0", "false"), parameter("q", "5"),
        start("A", "2*p"), start("k", "q^2"), rule("assignmentRule", "B", "3*x"),
        rule("assignmentRule", "x", "A + time"), reaction("r", "A B", "", "k*A*B"), start("p", "k"),
    )  # fmt: skip
    x = symbol("x")
    assert [(r.name, r.formula, r.reported) for r in net.rules] == [("B", 3 * x, True), ("x", A + TIME, True)]
    assert {y.name: y.value for y in net.parameters} == {"p": k, "k": symbol("q") ** 2, "q": 5}
    assert equal(drift(net)["A"], -k * A * 3 * (A + TIME) / C)
    assert dict(rate_equations(net).outputs) == {"B": B, "x": x}


def test_initial_assignments_go_through_rules() -> None:
    net = read(
        compartment(), species("A"), parameter("x", "0", "false"), parameter("p", "4"), start("A", "2*x"),
        rule("assignmentRule", "x", "p + time"),
    )  # fmt: skip
    assert net.species[0].initial == 2 * p


def test_quantities_that_move() -> None:
    net = read(
        parameter("x", "4", "false"), rule("rateRule", "x", "-x/3"), compartment(), species("A"),
        reaction("r", "A", "", "C*A*x"),
    )  # fmt: skip
    x = symbol("x")
    assert equal(drift(net)["x"], -x / 3)
    assert equal(drift(net)["A"], -A * x)


def test_a_reactions_identifier_is_its_rate() -> None:
    net = read(
        compartment(), species("A"), parameter("k"), parameter("x", "0", "false"), reaction("r", "A", "", "C*k*A"),
        rule("assignmentRule", "x", "2*r"),
    )  # fmt: skip
    assert {r.name: r.formula for r in net.rules} == {"x": 2 * symbol("r_rate"), "r_rate": C * k * A}


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("ln(A)", sp.log(A)), ("log10(A)", sp.log(A) / sp.log(10)), ("exp(A)", sp.exp(A)), ("sqrt(A)", sp.sqrt(A)),
        ("root(3, A)", A ** sp.Rational(1, 3)), ("sinh(A)", sp.exp(A) / 2 - sp.exp(-A) / 2), ("sec(A)", 1 / sp.cos(A)),
        ("max(A, 2)", sp.Max(A, 2)), ("floor(A)", sp.floor(A)), ("abs(-A)", sp.Abs(A)),
        ("factorial(4)", sp.Integer(24)),
        ("arctan(1)", sp.Rational("0.7853981633974483")), ("5/2", sp.Rational(5, 2)), ("A^-1", 1 / A), ("-A", -A),
        ("piecewise(1, A > 2, 3)", sp.Piecewise((1, A > 2), (3, True))),
        ("piecewise(1, A > 2 && A < 5 || !(A == 7), 3)",
         sp.Piecewise((1, ((A > 2) & (A < 5)) | sp.Ne(A, 7)), (3, True))),
        ("piecewise(1, A > 2, 3, A <= 2)", sp.Piecewise((1, A > 2), (3, True))),
        ("rem(7, 3)", sp.Integer(1)), ("quotient(-7, 3)", sp.Integer(-2)), ("pi", sp.Rational("3.141592653589793")),
        ("avogadro", exact(6.02214179e23)), ("1e-3*A", A / 1000),
        ("(A > 2) + 1", 1 + sp.Piecewise((1, A > 2), (0, True))),
    ],
)  # fmt: skip
def test_formulas(formula: str, expected: sp.Expr) -> None:
    net = read(compartment(), species("A"), parameter("x", "0", "false"), rule("assignmentRule", "x", formula))
    assert net.rules[0].formula == expected


def test_names_that_are_taken() -> None:
    net = read(compartment(), species("t"), parameter("rate"), reaction("r", "t", "", "C*rate*t*time"))
    assert net.species[0].name == "t_"
    assert equal(drift(net)["t_"], -symbol("rate") * symbol("t_") * TIME)


# ---------------------------------------------------------------------------------------------- reactions


def test_reversible_law_is_taken_apart() -> None:
    net = read(
        compartment(), species("A"), species("B"), parameter("k", "2"), parameter("p", "3"),
        reaction("r", "A", "B", "C*(k*A - p*B)", reversible="true"),
    )  # fmt: skip
    forward, back = net.reactions
    assert (forward.rate, forward.mass_action, back.rate, back.mass_action) == (k, True, p, True)
    assert (back.reactants, back.products, back.reversible_of) == ((("B", 1),), (("A", 1),), "r")
    assert equal(drift(net)["A"], -k * A + p * B)
    assert len(jump_process(net).jumps) == 2


@pytest.mark.parametrize("law", ["k*A - 5", "C*(k*A - p*k)*(A - B)", "k*(A - B)^3", "k*A*sin(B)"])
def test_net_law_that_is_no_plain_difference(law: str) -> None:
    net = read(
        compartment(), species("A"), species("B"), parameter("k", "2"), parameter("p", "3"),
        reaction("r", "A", "B", law, reversible="true"),
    )  # fmt: skip
    assert len(net.reactions) == 1
    if net.reactions[0].net_reversible:
        with pytest.raises(RxnError) as caught:
            jump_process(net)
        assert caught.value.code == "R510"


def test_pairs_as_written_stay_as_written() -> None:
    net = read(
        compartment(), species("A", hasOnlySubstanceUnits="true", initialAmount="10"), parameter("k"),
        reaction("r", "A:2", "", "k*A*(A - 1)/2", reversible="true"),
    )  # fmt: skip
    (jump,) = jump_process(net).jumps
    assert equal(jump.propensity, k * A * (A - 1) / 2)
    assert jump.requires == ((A, 2),)
    assert equal(drift(net)["A"], -k * A * (A - 1))


def test_a_square_is_no_mass_action() -> None:
    net = read(
        compartment(), species("A", hasOnlySubstanceUnits="true", initialAmount="10"), parameter("k"),
        reaction("r", "A:2", "", "k*A^2"),
    )  # fmt: skip
    assert jump_process(net).jumps[0].propensity == k * A**2


def test_mass_action_of_amounts_needs_no_volume() -> None:
    one = {"hasOnlySubstanceUnits": "true", "initialAmount": "10"}
    net = read(
        compartment(), species("A", **one), species("B", **one), parameter("k"), reaction("r", "A B", "", "k*A*B"),
        reaction("s", "", "A", "k"),
    )  # fmt: skip
    assert all(r.mass_action and Flag.MOLECULAR in r.flags for r in net.reactions)
    assert [j.propensity for j in jump_process(net).jumps] == [k * A * B, k]
    assert equal(drift(net)["A"], k - k * A * B)


def test_stoichiometry_that_is_no_whole_number() -> None:
    net = read(compartment(), species("A"), species("B"), parameter("k"), reaction("r", "A:1.5", "B:0.5", "C*k*A"))
    assert not net.reactions
    assert equal(drift(net)["A"], -sp.Rational(3, 2) * k * A)
    assert equal(drift(net)["B"], k * A / 2)


@pytest.mark.parametrize(
    ("sides", "parts", "why"),
    [
        ("A:1.5", [], "reaction r: its stoichiometry of A is 3/2"),
        ("A", [start("n", "p/2")], "reaction r: its stoichiometry of A is p/2"),
        ("A", [rule("assignmentRule", "n", "1 + time")], "reaction r: its stoichiometry of A is n"),
        ("A B", [], "reaction r: B has the conversion factor p"),
        ("", [rule("rateRule", "A", "1")], "'A' moves continuously, which jumps alone cannot simulate: rate rule"),
    ],
)
def test_what_has_no_jump_is_not_sampled(sides: str, parts: list[str], why: str) -> None:
    """It is refused where it stands, not sampled as a drift."""
    one = {"hasOnlySubstanceUnits": "true", "initialAmount": "100"}
    law = reaction("r", sides, "", "k")
    if parts and sides:
        varies = "assignmentRule" in parts[0]
        law = law.replace("<speciesReference ", '<speciesReference id="n" ', 1)
        law = law.replace('constant="true"', f'constant="{str(not varies).lower()}"', 1)
    text = document(
        compartment(), species("A", **one), species("B", conversionFactor="p", **one), parameter("k"),
        parameter("p", "3"), *parts, law,
    )  # fmt: skip
    with pytest.raises(RxnError) as caught:
        sampled_process(read_sbml(Source("model.xml", text)))
    assert caught.value.code == "R610"
    assert why in caught.value.message
    assert caught.value.span is not None
    line = text.splitlines()[caught.value.span.line - 1]
    assert line.startswith('<reaction id="r"' if "reaction" in why else "<rateRule")


def test_stoichiometry_given_by_assignment() -> None:
    reference = '<speciesReference id="n" species="A" stoichiometry="1" constant="true"/>'
    one = f'<reaction id="r" reversible="false"><listOfReactants>{reference}</listOfReactants>'
    one += f'<kineticLaw>{math("C*k*A*n")}</kineticLaw></reaction>'
    net = read(compartment(), species("A"), parameter("k"), parameter("p", "3"), start("n", "p"), one)
    assert net.reactions[0].reactants == (("A", 3),)
    assert equal(drift(net)["A"], -3 * k * A * p)  # the coefficient is a number, the symbol in the law is not


def test_conversion_factors() -> None:
    net = read(
        compartment(), species("A"), species("B", conversionFactor="p"), parameter("k"), parameter("p", "3"),
        parameter("q", "2"), reaction("r", "A", "B", "C*k*A"), model='id="m" conversionFactor="q"',
    )  # fmt: skip
    assert equal(drift(net)["A"], -symbol("q") * k * A)
    assert equal(drift(net)["B"], p * k * A)


def test_repeated_and_zero_references_add_up() -> None:
    net = read(compartment(), species("A"), parameter("k"), reaction("r", "A A:2 A:0", "A", "C*k"))
    assert net.reactions[0].reactants == (("A", 3),)
    assert net.reactions[0].products == (("A", 1),)


# ---------------------------------------------------------------------------------------------- events


@pytest.mark.parametrize(
    ("trigger", "at_start", "expected"),
    [
        ("time >= 5", "true", [(True, sp.Integer(5))]),
        ("5 <= time", "false", [(True, sp.Integer(5))]),
        ("time >= k", "true", [(True, k)]),
        ("time > 5", "true", [(False, TIME > 5)]),
        ("time >= 0", "true", []),
        ("time >= 0", "false", [(True, sp.Integer(0))]),
        ("A < 2", "true", [(False, A < 2)]),
        ("A < 2", "false", [(False, A < 2)]),
        ("A > 2", "false", [(False, A > 2), (True, sp.Integer(0))]),
        ("A >= x", "true", [(False, sp.Ge(A, symbol("x")))]),
    ],
)
def test_events(trigger: str, at_start: str, expected: list[tuple[bool, sp.Basic]]) -> None:
    net = read(
        compartment(), species("A"), parameter("k", "4"), parameter("x", "1", "false"),
        event(trigger, at_start, A="A/2", x="x + A"),
    )  # fmt: skip
    assert [(e.timed, e.trigger) for e in net.events] == expected
    assert all(e.assignments == (("A", A / 2), ("x", symbol("x") + A)) for e in net.events)


# ---------------------------------------------------------------------------------------------- refusals

_DELAY = f"<delay>{math('2')}</delay>"
_PRIORITY = f"<priority>{math('2')}</priority>"
_BASE = (compartment(), species("A"), parameter("k"))
REFUSED = [
    ("R280", "algebraicRule", [f"<algebraicRule>{math('A - 1')}</algebraicRule>"]),
    ("R280", "delay", [event("A > 5", extra=_DELAY, A="1")]),
    ("R280", "priority", [event("A > 5", extra=_PRIORITY, A="1")]),
    ("R281", "delay", [reaction("r", "A", "", "delay(A, 1)")]),
    ("R281", "rateOf", [reaction("r", "A", "", "rateOf(A)")]),
    ("R281", "arctan", [reaction("r", "A", "", "arctan(A)")]),
    ("R281", "divides by zero", [reaction("r", "A", "", "A/0")]),
    ("R281", "real", [reaction("r", "A", "", "sqrt(-2)*A")]),
    ("R281", "exponent", [reaction("r", "A", "", "A^100000")]),
    ("R281", "finite", [reaction("r", "A", "", "exp(1000)*A")]),
    ("R281", "exponent", [reaction("r", "A", "", "9^99^99")]),
    ("R101", "'r' has no value", ['<reaction id="r" reversible="false"/>', reaction("q", "A", "", "r")]),
    ("R101", "'f'", ['<functionDefinition id="f"/>', reaction("r", "A", "", "f(A)")]),
    ("R281", "moves from no value", ['<parameter id="x" constant="false"/>', rule("rateRule", "x", "1")]),
    ("R281", "moves from no value", [parameter("x", "NaN", "false"), rule("rateRule", "x", "1")]),
    ("R281", "before an event", ['<parameter id="x" constant="false"/>', event("A > 5", x="1")]),
    ("R281", "'x' has no value", [parameter("x", "INF"), reaction("r", "A", "", "x*A")]),
    ("R281", "'x' has no value", ['<parameter id="x" constant="true"/>', reaction("r", "A", "", "x*A")]),
    ("R281", "'V' has no value", [compartment("V", size="").replace(' size=""', ""), reaction("r", "A", "", "V*A")]),
    ("R281", "initial value", [species("B").replace(' initialConcentration="3"', "")]),
    ("R101", "'y'", [reaction("r", "A", "", "y*A")]),
    ("R101", "'f'", [reaction("r", "A", "", "f(A)")]),
    ("R101", "'Z'", [reaction("r", "Z", "", "k")]),
    ("R101", "'V'", [species("B", "V")]),
    ("R101", "'y'", [rule("assignmentRule", "y", "1")]),
    ("R102", "twice", [parameter("A")]),
    ("R282", "two rules", [rule("assignmentRule", "k", "1"), rule("rateRule", "k", "1")]),
    ("R282", "rate rule", [rule("rateRule", "A", "1"), reaction("r", "A", "", "k")]),
    ("R502", "depend on each other", [start("A", "k"), start("k", "A")]),
    ("R502", "depend on each other", [parameter("y", "1", "false"), rule("assignmentRule", "y", "2*y")]),
    ("R281", "within itself", [function("f", "lambda(x, f(x))"), reaction("r", "A", "", "f(A)")]),
]  # fmt: skip


@pytest.mark.parametrize(("code", "word", "parts"), REFUSED, ids=[f"{c} {w}" for c, w, _ in REFUSED])
def test_refusals_name_the_element_and_its_line(code: str, word: str, parts: list[str]) -> None:
    text = document(*_BASE, *parts)
    with pytest.raises(RxnError) as caught:
        read_sbml(Source("model.xml", text))
    error = caught.value
    assert (error.code, word in error.message) == (code, True), str(error)
    assert error.span is not None
    if code != "R502":
        line = text.splitlines()[error.span.line - 1]
        assert any(line in part for part in parts), str(error)


def test_required_packages_are_refused() -> None:
    root = 'xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1" '
    package = 'xmlns:x="http://www.sbml.org/sbml/level3/version1/{0}/version1" x:required="{1}"'
    with pytest.raises(RxnError, match="comp") as caught:
        read(compartment(), root=root + package.format("comp", "true"))
    assert caught.value.code == "R280"
    assert read(compartment(), root=root + package.format("layout", "false")).compartments


def test_functions_that_double_are_capped() -> None:
    functions = [function("f0", "lambda(x, x*sin(x))")]
    functions += [function(f"f{i}", f"lambda(x, f{i - 1}(x)*cos(f{i - 1}(x)))") for i in range(1, 35)]
    with pytest.raises(RxnError, match="too large") as caught:
        read(*_BASE, *functions, reaction("r", "A", "", "f34(A)"))
    assert caught.value.code == "R281"
