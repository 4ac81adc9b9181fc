"""What models of databases bring beside the common: levels, packages, notes, events of one moment, absent otherwise."""

import libsbml
import numpy as np
import pytest
import sympy as sp

from rxncompile.cli import main
from rxncompile.derivations.rates import rate_equations
from rxncompile.errors import Diagnostic, RxnError, Source
from rxncompile.expressions import TIME, exact, symbol
from rxncompile.interchange.sbml_in import read_sbml, read_with_warnings
from rxncompile.simulators.rate_equations.ode import integrate

from .sbml_text import compartment, document, event, math, parameter, reaction, read, rule, species, start

A, C, k, x = (symbol(name) for name in ("A", "C", "k", "x"))
BASE = (compartment(), species("A"), parameter("k"))
AMOUNT = {"hasOnlySubstanceUnits": "true", "initialAmount": "100"}


def warned(text: str) -> tuple[Diagnostic, ...]:
    return read_with_warnings(Source("model.xml", text))[1]


# ---------------------------------------------------------------------------------------------- levels

LEVELS = [(1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (2, 4), (2, 5), (3, 1)]


@pytest.mark.parametrize(("level", "version"), LEVELS)
def test_every_level_says_the_same(level: int, version: int) -> None:
    """A model that all of them can say, as libsbml writes it; version 1 of level 1 had other words."""
    text = document(
        compartment(), compartment("D", "3"), species("A", initialAmount="6"), species("B", "D", initialAmount="1"),
        species("F", boundaryCondition="true", initialAmount="2"), parameter("k", "0.7"), parameter("p", "2", "false"),
        rule("rateRule", "p", "-0.1*p"), reaction("r", "A:2", "B", "C*k*A^2/(p + A)"),
        reaction("s", "B F", "A", "D*k*B*F", extra="<listOfLocalParameters/>"),
    )  # fmt: skip
    converted = libsbml.readSBMLFromString(text)
    assert converted.setLevelAndVersion(level, max(version, 2) if level == 1 else version, False)
    written = libsbml.writeSBMLToString(converted)
    if (level, version) == (1, 1):
        written = written.replace('level="1" version="2"', 'level="1" version="1"')
        written = written.replace("<species ", "<specie ")
        written = written.replace("<speciesReference species", "<specieReference specie")
    assert f'level="{level}" version="{version}"' in written
    again = read_sbml(Source("model.xml", written))
    own, other = (rate_equations(net) for net in (read_sbml(Source("model.xml", text)), again))
    assert [s.label for s in own.states] == [s.label for s in other.states]
    values = own.environment() | {s.symbol: sp.Rational(n + 3, 5) for n, s in enumerate(own.states)}
    for (_, mine), (_, theirs) in zip(own.equations(), other.equations(), strict=True):
        assert sp.cancel(mine.xreplace(values) - theirs.xreplace(values)) == 0
    times = [0, 1, 4]
    assert integrate(own, times)["A"] == pytest.approx(integrate(other, times)["A"], rel=1e-6)


def test_an_amount_of_a_species_that_formulas_mean_as_a_concentration() -> None:
    net = read(compartment(), species("A", initialAmount="6"), parameter("k"), reaction("r", "A", "", "C*k*A"))
    assert net.species_by_name["A"].initial == 6 / C
    assert dict(rate_equations(net).equations())["A"] == -k * A


# ------------------------------------------------------------------------------- where other readers differ


@pytest.mark.parametrize("how", ["assignmentRule", "rateRule"])
def test_a_stoichiometry_that_varies_adds_to_the_others_of_its_species(how: str) -> None:
    """n A -> A with n = 2 + t: d A/dt = -(1 + t) k A."""
    moving = rule(how, "n", "2 + time" if how == "assignmentRule" else "1")
    law = reaction("r", "A:2", "A", "k*A").replace("<speciesReference ", '<speciesReference id="n" ', 1)
    net = read(
        compartment(), species("A", **AMOUNT), parameter("k", "0.5"), moving,
        law.replace('constant="true"', 'constant="false"', 1),
    )  # fmt: skip
    times = np.linspace(0, 3, 7)
    exact_path = 100 * np.exp(-0.5 * (times + times**2 / 2))
    assert integrate(rate_equations(net), times)["A"] == pytest.approx(exact_path, rel=1e-6)


@pytest.mark.parametrize(("size", "growth"), [("assignmentRule", "1 + 0.2*time"), ("rateRule", "0.2")])
def test_a_rate_rule_of_a_concentration_in_a_growing_volume(size: str, growth: str) -> None:
    """d c/dt = 1 - c/2 from c = 1 while V = 1 + t/5: the amount is (2 - exp(-t/2)) V."""
    net = read(
        compartment(size="1", constant="false"), rule(size, "C", growth),
        species("A", boundaryCondition="true", initialConcentration="1"), rule("rateRule", "A", "1 - 0.5*A"),
    )  # fmt: skip
    times = np.linspace(0, 5, 6)
    path = integrate(rate_equations(net), times)
    assert path["A"] * path["C"] == pytest.approx((2 - np.exp(-times / 2)) * (1 + times / 5), rel=1e-6)


# ---------------------------------------------------------------------------------------------- packages, notes

ROOT = 'xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1" '
DECAY = reaction("r", "A", "", "k*A").replace("<reaction", '<reaction fast="false"')
PACKAGE = 'xmlns:{0}="http://www.sbml.org/sbml/level3/version1/{0}/version{1}" {0}:required="{2}"'


@pytest.mark.parametrize("name", ["comp", "distrib", "arrays", "spatial", "multi", "never_heard_of"])
@pytest.mark.parametrize("required", ["true", "1"])
def test_required_packages_are_refused_by_name(name: str, required: str) -> None:
    with pytest.raises(RxnError, match=f"the package '{name}' is required") as caught:
        read(*BASE, root=ROOT + PACKAGE.format(name, 1, required))
    assert caught.value.code == "R280"
    assert caught.value.span is not None and caught.value.span.line == 2


@pytest.mark.parametrize(
    ("name", "version"), [("layout", 1), ("fbc", 1), ("fbc", 2), ("qual", 1), ("groups", 1), ("render", 1), ("own", 1)]
)
def test_packages_that_are_not_required_are_left_out_and_told(name: str, version: int) -> None:
    """Also where their own part has faults: version 2 of fbc asks the model for more."""
    text = document(*BASE, DECAY, root=ROOT + PACKAGE.format(name, version, "false"))
    (told,) = warned(text)
    assert (told.code, told.severity) == ("R280", "warning")
    assert f"'{name}'" in told.message
    assert dict(rate_equations(read_sbml(Source("model.xml", text))).equations())["A"] == -k * A / C


def test_elements_and_attributes_of_packages_are_passed_over() -> None:
    root = ROOT + PACKAGE.format("fbc", 2, "false") + " " + PACKAGE.format("layout", 1, "false")
    text = document(*BASE, DECAY, root=root, model='id="m" fbc:strict="false"')
    text = text.replace('<species id="A"', '<species fbc:charge="2" fbc:chemicalFormula="C6" id="A"')
    text = text.replace(
        "</model>",
        '<layout:listOfLayouts><layout:layout layout:id="l"><layout:dimensions layout:width="1" layout:height="1"/>'
        "</layout:layout></layout:listOfLayouts></model>",
    )
    assert len(warned(text)) == 2
    assert dict(rate_equations(read_sbml(Source("model.xml", text))).equations())["A"] == -k * A / C


def test_notes_and_annotations_say_nothing() -> None:
    text = document(*BASE, reaction("r", "A", "", "k*A"))
    noted = text.replace(
        '<model id="m">',
        '<model id="m" metaid="a" sboTerm="SBO:0000231"><notes><body xmlns="http://www.w3.org/1999/xhtml"><p>k = 3'
        ' &amp; A &lt; 2</p></body></notes><annotation><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="#a"/></rdf:RDF></annotation>',
    )
    assert noted != text
    assert not warned(noted)
    assert read_sbml(Source("model.xml", noted)) == read_sbml(Source("model.xml", text))


def test_constraints_are_told_to_go_unwatched() -> None:
    constraint = f"<listOfConstraints><constraint>{math('A < 10')}</constraint></listOfConstraints>"
    (told,) = warned(document(*BASE).replace("</model>", f"{constraint}</model>"))
    assert "constraints" in told.message and told.severity == "warning"


# ---------------------------------------------------------------------------------------------- formulas


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("piecewise(1, A < 2, 2, A > 2, 3, A == 2)", sp.Piecewise((1, A < 2), (2, A > 2), (3, True))),
        ("piecewise(1, time < 2, 2, time >= 2 && time < k, 3, k <= time)",
         sp.Piecewise((1, TIME < 2), (2, k > TIME), (3, True))),
        ("piecewise(1, time >= 0)", sp.Integer(1)),
        ("piecewise(1, -A < 2*k, 2, A <= -2*k)", sp.Piecewise((1, -2 * k < A), (2, True))),
    ],
)  # fmt: skip
def test_conditions_that_leave_nothing_need_no_otherwise(formula: str, value: sp.Expr) -> None:
    text = document(*BASE, parameter("x", "0", "false"), rule("assignmentRule", "x", formula))
    assert not warned(text)
    (found,) = read_sbml(Source("model.xml", text)).rules
    states = [{A: sp.Rational(a, 2), k: sp.Rational(b, 2), TIME: sp.Rational(t, 2)}
              for a in range(-6, 7) for b in range(1, 6) for t in range(12)]  # fmt: skip
    assert all(found.formula.subs(s) == value.subs(s) for s in states)


@pytest.mark.parametrize(
    "formula", ["piecewise(1, time > 3)", "piecewise(1, A < 2, 2, A > 2)", "piecewise(1, A < 2, 2, A > 3)",
                "piecewise(1, A < k, 2, A >= 2*k)", "1 + 2*piecewise(3, A > 2 && k < 1)"],
)  # fmt: skip
def test_a_piecewise_that_may_have_no_value_is_told(formula: str) -> None:
    text = document(*BASE, parameter("x", "0", "false"), rule("assignmentRule", "x", formula))
    (told,) = warned(text)
    assert "no otherwise" in told.message and told.severity == "warning"
    assert told.span is not None
    assert text.splitlines()[told.span.line - 1].startswith("<assignmentRule")


def test_initial_values_that_need_each_other_in_any_order() -> None:
    net = read(
        *BASE, parameter("x"), parameter("y"), parameter("z"), start("x", "y*2"), start("y", "z + k"), start("z", "A"),
        start("A", "C*k"), reaction("r", "A", "", "x*A"),
    )  # fmt: skip
    system = rate_equations(net)
    assert float(system.environment()[x]) == 2 * (2 * 1 + 1)


def test_avogadro_and_units_of_numbers() -> None:
    net = read(*BASE, parameter("x", "0", "false"), rule("assignmentRule", "x", "A*avogadro + 3 mole"))
    assert net.rules[0].formula == A * exact(6.02214179e23) + 3


# ---------------------------------------------------------------------------------------------- events

_DELAY, _PRIORITY = (f"<{tag}>{math('2')}</{tag}>" for tag in ("delay", "priority"))
EVENT_REFUSED = [
    ("delay", event("A > 5", extra=_DELAY, A="1")),
    ("priority", event("A > 5", extra=_PRIORITY, A="1")),
    ("trigger", event("A > 1", x="3").replace('persistent="true"', 'persistent="false"')),
]


@pytest.mark.parametrize(("element", "written"), EVENT_REFUSED, ids=[e for e, _ in EVENT_REFUSED])
def test_what_events_cannot_do_is_refused_by_element_and_line(element: str, written: str) -> None:
    """Beside an event that makes its trigger false, one that is not persistent may never run."""
    text = document(*BASE, parameter("x", "1", "false"), event("A > 1", A="0"), written)
    with pytest.raises(RxnError, match=f"<{element}>") as caught:
        read_sbml(Source("model.xml", text))
    assert caught.value.code == "R280"
    assert caught.value.span is not None
    assert f"<{element}" in text.splitlines()[caught.value.span.line - 1]


def test_a_lone_event_that_is_not_persistent_runs_at_once() -> None:
    net = read(*BASE, event("A > 5", A="1").replace('persistent="true"', 'persistent="false"'))
    assert [(e.timed, e.trigger, e.assignments) for e in net.events] == [(False, A > 5, (("A", sp.S.One),))]


@pytest.mark.parametrize("trigger", ["time >= 2", "A >= 1 + time"])
def test_events_of_one_moment_see_the_values_of_that_moment(trigger: str) -> None:
    """3 -> (3 + 1, 3 * 3), where those that look when they run see what the ones before have left."""
    one, two = event(trigger, A="A + 1"), event(trigger, x="3*A")
    early = read(*BASE, parameter("x", "1", "false"), one, event("A > 50", A="1"), two)
    assert [e.assignments for e in early.events] == [(("A", A + 1), ("x", 3 * A)), (("A", sp.S.One),)]
    late = read(*BASE, parameter("x", "1", "false"), *(e.replace('TriggerTime="true"', 'TriggerTime="false"')
                                                       for e in (one, two)))  # fmt: skip
    assert [e.assignments for e in late.events] == [(("A", A + 1),), (("x", 3 * A),)]
    if "time >=" in trigger:
        ends = [integrate(rate_equations(net), [0, 3])["x"][-1] for net in (early, late)]
        assert ends == [9, 12]


def test_events_of_one_moment_that_do_not_meet_stay_as_they_are() -> None:
    net = read(*BASE, parameter("x", "1", "false"), event("A >= 2", x="A + 1"), event("A >= 2", A="3*A"))
    assert len(net.events) == 2


# ---------------------------------------------------------------------------------------------- the command


def test_doubts_are_shown_and_are_no_errors(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    """`check` shows them where they stand and exits with 0; `simulate` says that there are some."""
    units = 'substanceUnits="mole" timeUnits="second" volumeUnits="litre" extentUnits="mole" lengthUnits="metre"'
    parts = [compartment(units="litre"), species("A", substanceUnits="mole", initialAmount="6"),
             '<parameter id="k" value="1" units="metre" constant="true"/>', reaction("r", "A", "", "k*A")]  # fmt: skip
    path = tmp_path / "model.xml"
    path.write_text(document(*parts, model=f'id="m" {units}'))
    assert main(["check", str(path)]) == 0
    shown = capsys.readouterr()
    assert "1 warning" in shown.out
    assert f"{path}:1" in shown.err and "warning" in shown.err
    assert main(["simulate", str(path), "--method", "ode", "--until", "1", "--points", "2"]) == 0
    assert "1 warning" in capsys.readouterr().err
