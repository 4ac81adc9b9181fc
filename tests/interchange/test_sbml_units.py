"""Units of SBML documents: read into the language's names, checked against pint, written and read again."""

import json
import re
from fractions import Fraction
from pathlib import Path

import libsbml
import pint
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from rxncompile.cli import main
from rxncompile.derivations.rates import jump_process, rate_equations
from rxncompile.errors import Source
from rxncompile.expressions import symbol
from rxncompile.interchange.sbml_in import read_sbml, read_with_warnings
from rxncompile.interchange.sbml_out import write_sbml
from rxncompile.interchange.sbml_out_units import terms
from rxncompile.interchange.sbml_units import KINDS
from rxncompile.language import parse, print_network
from rxncompile.language.units import AVOGADRO
from rxncompile.network import Network, Unit
from rxncompile.unit_names import known_units, product_text, unit_of_text

from .sbml_text import CORE, compartment, document, parameter, reaction, rule, species

REGISTRY = pint.UnitRegistry(non_int_type=Fraction)
# radians are numbers in SBML and in pint; what an item is, pint calls a count
PINT = {kind: kind for kind in KINDS} | {"item": "count", "avogadro": "avogadro_number", "metre": "meter"}
AXES = {f"[{axis}]": axis for axis in ("length", "mass", "time", "temperature", "current")}


def unit_xml(*factors: tuple[str, float, int, float], name: str = "u") -> str:
    inside = "".join(
        f'<unit kind="{kind}" exponent="{exponent:g}" scale="{scale}" multiplier="{multiplier!r}"/>'
        for kind, exponent, scale, multiplier in factors
    )
    return f'<unitDefinition id="{name}"><listOfUnits>{inside}</listOfUnits></unitDefinition>'


def with_units(text: str, *definitions: str) -> str:
    inside = "<listOfUnitDefinitions>" + "\n".join(definitions) + "</listOfUnitDefinitions>\n"
    return re.sub(r"(<model [^>]*>\n)", lambda found: found[1] + inside, text)


def read(text: str) -> tuple[Network, list[str]]:
    net, warnings = read_with_warnings(Source("model.xml", text))
    assert all(w.severity == "warning" and w.span is not None for w in warnings)
    assert parse(print_network(net)) == net
    return net, [f"{w.code} {w.message}" for w in warnings]


def parameter_in(*factors: tuple[str, float, int, float]) -> tuple[Unit | None, list[str]]:
    text = document(parameter("k").replace(" constant", ' units="u" constant'))
    net, warnings = read(with_units(text, unit_xml(*factors)))
    return net.parameters[0].unit, warnings


def in_pint(factors: list[tuple[str, int, int, float]]) -> tuple[Fraction, dict[str, int]]:
    """Size in SI base units, moles as molecules, and dimension."""
    size, dimension = Fraction(1), dict[str, int]()
    for kind, exponent, scale, multiplier in factors:
        quantity = REGISTRY.Quantity(Fraction(1), PINT[kind]).to_base_units()
        axes = {AXES.get(k, k): int(v) for k, v in quantity.dimensionality.items()}
        moles = axes.pop("[substance]", 0)
        own = Fraction(quantity.magnitude) * Fraction(int(AVOGADRO)) ** moles
        size *= (own * Fraction(repr(multiplier)) * Fraction(10) ** scale) ** exponent
        for axis, power in axes.items():
            dimension[axis] = dimension.get(axis, 0) + power * exponent
    return size, {axis: power for axis, power in dimension.items() if power}


factors = st.tuples(
    st.sampled_from(sorted(KINDS)), st.integers(-3, 3).filter(bool), st.integers(-9, 6),
    st.sampled_from([1.0, 1.0, 60.0, 2.5, 3600.0]),
)  # fmt: skip


@given(st.lists(factors, min_size=1, max_size=4))
def test_definitions_are_as_pint_says(parts: list[tuple[str, int, int, float]]) -> None:
    unit, warnings = parameter_in(*parts)
    assert warnings == []
    assert unit is not None
    size, dimension = in_pint(parts)
    assert Fraction(int(unit.size.p), int(unit.size.q)) == size
    assert {base: power for base, power in unit.dimension if base != "amount"} == dimension


names = st.sampled_from(sorted(known_units().keys() - {"conc", "none", "dimensionless", "as"}))
texts = st.lists(st.tuples(names, st.integers(-3, 3).filter(bool)), min_size=1, max_size=4, unique_by=lambda p: p[0])


@given(texts)
def test_any_unit_of_the_language_is_written_and_read(words: list[tuple[str, int]]) -> None:
    unit = unit_of_text(product_text([(sp.S.One, name, turns) for name, turns in words]))
    assert unit is not None
    net = parse(f"param k : {unit.text} = 2")
    assert net.parameters[0].unit == unit
    text = write_sbml(net)
    assert read(text)[0] == net
    shorn = re.sub(r"<annotation>.*?</annotation>", "", text).replace(' name="', ' metaid="')
    again = read(re.sub(r' metaid="[^"]*"', "", shorn))[0].parameters[0].unit  # by its factors alone
    assert again is not None
    assert (again.size, again.dimension) == (unit.size, unit.dimension)


@pytest.mark.parametrize(
    ("factors", "text"),
    [
        ([("mole", 1, -3, 1.0), ("litre", -1, 0, 1.0)], "mmol/L"),
        ([("second", -1, 0, 60.0)], "1/min"),
        ([("metre", 2, -6, 1.0)], "um^2"),
        ([("metre", 3, -1, 1.0)], "dm^3"),
        ([("item", 1, 0, 1.0)], "count"),
        ([("mole", -1, -9, 1.0), ("litre", 1, 0, 1.0), ("second", -1, 0, 3600.0)], "L/nmol/h"),
        ([("dimensionless", 1, 0, 1.0)], "dimensionless"),
        ([("mole", 1, 0, 2.5)], "2.5*mol"),
        ([("watt", 1, -3, 1.0)], "0.001*J/s"),
        ([("kilogram", 1, -3, 1.0)], "g"),
    ],
)
def test_units_in_the_languages_words(factors: list[tuple[str, float, int, float]], text: str) -> None:
    unit, warnings = parameter_in(*factors)
    assert warnings == []
    assert unit is not None
    assert unit.text == text


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (("second", 0.5, 0, 1.0), "exponent 0.5"), (("candela", 1, 0, 1.0), "'candela'"),
        (("second", 99, 0, 1.0), "exponent 99"), (("second", 1, 0, -3.0), "multiplier -3"),
        (("second", 1, 4000, 1.0), "scale 4000"), (("second", 1, 0, float("nan")), "missing"),
    ],
)  # fmt: skip
def test_what_has_no_place_is_left_out_by_name(factor: tuple[str, float, int, float], words: str) -> None:
    unit, warnings = parameter_in(factor)
    assert unit is None
    (warning,) = warnings
    assert warning.startswith("R280 <unit> of 'u'")
    assert words in warning


@pytest.mark.parametrize(
    "text", ["", "1.2.3*s", "0*s", "0e5", ".", "(" * 5000, "s^99", "s s", "²*s", "s/", "x" * 10**6, "1e999", "Infinity"]
)
def test_texts_that_are_no_units(text: str) -> None:
    assert unit_of_text(text) is None
    name = text.replace("&", "").replace("<", "")
    definition = unit_xml(("second", 1, 0, 60.0)).replace('id="u"', f'id="u" name="{name}"')
    net, _ = read(with_units(document(parameter("k").replace(" constant", ' units="u" constant')), definition))
    assert net.parameters[0].unit == unit_of_text("min")


@pytest.mark.parametrize("dimensions", ["NaN", "INF", "2.5", "-1"])
def test_odd_dimensions(dimensions: str) -> None:
    net, _ = read(document(compartment(spatialDimensions=dimensions, units="litre")))
    assert net.compartments[0].dimensions == 3


def test_a_definition_of_too_many_units_is_left_out() -> None:
    unit, warnings = parameter_in(*[("second", 12, 100, 1e300)] * 101)
    assert unit is None
    assert "more than 100 units" in warnings[0]


def test_units_of_a_kinetic_law_are_named() -> None:
    root = 'xmlns="http://www.sbml.org/sbml/level2" level="2" version="1"'
    law = reaction("r", "A", "", "k * A").replace("<kineticLaw>", '<kineticLaw timeUnits="second">')
    text = document('<compartment id="C" size="2"/>', '<species id="A" compartment="C" initialAmount="3"/>',
                    '<parameter id="k" value="1"/>', law.replace(' constant="true"', ""), root=root)  # fmt: skip
    assert read(text)[1] == ["R280 units of one kineticLaw are not supported; the model's hold"]


def test_a_unit_with_an_offset_is_left_out() -> None:
    root = 'xmlns="http://www.sbml.org/sbml/level2" level="2" version="1"'
    text = document('<parameter id="k" value="1" units="u"/>', root=root)
    celsius = '<unitDefinition id="u"><listOfUnits><unit kind="kelvin" offset="273.15"/></listOfUnits></unitDefinition>'
    net, warnings = read(with_units(text, celsius))
    assert net.parameters[0].unit is None
    assert warnings == ["R280 <unit> of 'u': offset 273.15 is not supported; the unit is left out"]


# ---------------------------------------------------------------------------------------------- amounts

DECAY = (compartment(), species("A"), parameter("k"), reaction("r", "A", "", "k * A * C"))
LEVEL2 = 'xmlns="http://www.sbml.org/sbml/level2/version4" level="2" version="4"'


@pytest.mark.parametrize(
    ("units", "per_count", "text"),
    [
        ('substanceUnits="mole" volumeUnits="litre"', 1 / AVOGADRO, "mol/L"),
        ('substanceUnits="mole"', 1 / AVOGADRO, "conc"),
        ('substanceUnits="item" volumeUnits="litre"', 1, "count/L"),
        ('substanceUnits="avogadro" volumeUnits="litre"', 1 / AVOGADRO, None),
        ('volumeUnits="litre"', 1, "conc"),
        ("", 1, "conc"),
    ],
)
def test_declared_moles_are_molecules_when_sampled(units: str, per_count: sp.Rational, text: str | None) -> None:
    net, warnings = read(document(*DECAY, model=f'id="m" {units}'))
    assert warnings == []
    (one,) = net.species
    assert one.per_count == per_count
    assert one.unit is not None
    if text:
        assert one.unit.text == text
    plain = read(document(*DECAY))[0]
    assert rate_equations(net).rhs == rate_equations(plain).rhs  # no number changes
    (jump,) = jump_process(net).jumps
    assert jump.propensity == symbol("k") * symbol("A")
    assert jump_process(net).states[0].initial == 3 * symbol("C") / per_count


@pytest.mark.parametrize(
    ("definition", "attribute", "molecules"),
    [
        ("", "", 1),  # moles, which the document does not say
        (unit_xml(("mole", 1, 0, 1.0), name="substance"), "", AVOGADRO),
        (unit_xml(("item", 1, 0, 1.0), name="substance"), "", 1),
        ("", ' substanceUnits="mole"', AVOGADRO), ("", ' substanceUnits="item"', 1),
        ("", ' substanceUnits="substance"', 1),
        (unit_xml(("gram", 1, 0, 1.0), name="substance"), "", 1),
    ],
)  # fmt: skip
def test_substance_of_level_2(definition: str, attribute: str, molecules: sp.Integer) -> None:
    text = document(
        '<compartment id="C" size="2"/>', f'<species id="A" compartment="C" initialAmount="3"{attribute}/>',
        root=LEVEL2,
    )  # fmt: skip
    net, warnings = read(with_units(text, definition) if definition else text)
    assert net.species[0].per_count == sp.S.One / molecules
    assert bool(warnings) == ("gram" in definition)
    assert net.species[0].initial == 3 / symbol("C")


def test_species_in_different_amounts_keep_their_numbers() -> None:
    """A law that takes moles and gives items by the same numbers is no jump."""
    parts = (
        compartment(), species("A", initialAmount="5", hasOnlySubstanceUnits="true", substanceUnits="mole"),
        species("B", initialAmount="0", hasOnlySubstanceUnits="true", substanceUnits="item"), parameter("k"),
        reaction("r", "A", "B", "k * A"),
    )  # fmt: skip
    net, _ = read(document(*parts))
    values = {symbol("A"): sp.Integer(5), symbol("k"): sp.S.One}
    for label, rhs in rate_equations(net).equations():
        for name, formula in rate_equations(net).definitions:
            rhs = rhs.xreplace({name: formula})
        assert rhs.xreplace(values) == {"A": -5, "B": 5}[label]


def test_units_that_do_not_agree_are_warnings() -> None:
    parts = (
        compartment(), species("A"), parameter("k").replace(" constant", ' units="second" constant'),
        parameter("sum", constant="false").replace(" constant", ' units="mole" constant'),
        rule("assignmentRule", "sum", "A + k"), reaction("r", "A", "", "k * A * C"),
    )  # fmt: skip
    model = 'id="m" substanceUnits="mole" volumeUnits="litre" timeUnits="second" extentUnits="item"'
    net, warnings = read(document(*parts, model=model))
    assert [w[:4] for w in warnings] == ["R314", "R311", "R315"]
    assert net.parameters[0].unit is None  # what contradicts is not kept
    assert net.species[0].per_count == 1 / AVOGADRO
    plain = read(document(*parts))[0]
    assert rate_equations(net).rhs == rate_equations(plain).rhs


@pytest.mark.parametrize(
    ("dimensions", "unit", "kept"),
    [("2", "", None), ("1", "metre", "m"), ("0", "", None), ("3", "dimensionless", "dimensionless"), ("2", "litre", 0)],
)
def test_compartments_of_any_dimension(dimensions: str, unit: str, kept: str | int | None) -> None:
    extra = {"units": unit} if unit else {}
    net, warnings = read(document(compartment(spatialDimensions=dimensions, **extra)))
    (one,) = net.compartments
    assert one.dimensions == int(dimensions)
    assert (one.unit.text if one.unit else None) == (kept or None)
    assert bool(warnings) == (kept == 0)


# ---------------------------------------------------------------------------------------------- written

MEMBRANE = """model m
units time = s
compartment cyt : um^3 = 10, mem : um^2 = 4, axon : um = 3, site : dimensionless = 1
species L : uM in cyt = 1, R : 1/um^2 in mem = 25, C : 1/um^2 in mem, N : count in site = 7, X in axon = 3
param kon : 1/uM/s = 0.5, off : 1/s = 0.1, dimer : um^2/s = 0.2, born : 1/s = 1
bind: L + R -> C @ kon per mem
free: C -> L + R @ off
pair: 2 C -> 0 @ dimer
make: 0 -> N @ born
move: X -> N rate off*X
"""
MOLES = """model m
units time = min, amount = nmol, volume = mL
compartment c = 2
species A : uM in c = 1, B : conc in c = 2, D in c = 3
param k : mL/nmol/min = 1, v : nmol/mL/min = 2, d : 1/min = 2
meet: B + D -> 0 @ k
born: 0 -> B @ v
let twice : nmol/mL = 2*B
observable all : nmol/mL = twice + B
B' = -d*B
"""
COUNTS = "units time = s\nspecies X = 5, Y = 6\nparam k : 1/s = 1\nX + Y -> 2 Y @ k\n3 X -> 0 @ k\n"


WRITTEN = {"membrane": MEMBRANE, "moles": MOLES, "two": MOLES.replace("uM", "mM"), "counts": COUNTS}


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN)
def test_written_units_agree_for_libsbml_and_read_back(text: str) -> None:
    net = parse(text)
    written = write_sbml(net)
    assert read(written)[0] == net
    assert rate_equations(read_sbml(Source("m.xml", written))) == rate_equations(net)
    checked = libsbml.readSBMLFromString(written)
    checked.setConsistencyChecks(libsbml.LIBSBML_CAT_MODELING_PRACTICE, False)
    checked.checkConsistency()
    assert [checked.getError(k).getMessage() for k in range(checked.getNumErrors())] == []
    assert write_sbml(read_sbml(Source("m.xml", written))) == written


@pytest.mark.parametrize("name", sorted(known_units()))
def test_factors_of_every_unit(name: str) -> None:
    size, dimension = known_units()[name]
    unit = Unit(name, size, tuple(sorted(dimension.items())))
    total, found = sp.S.One, dict[str, int]()
    for kind, turns, scale, multiplier in terms(unit):
        own = unit_of_text(KINDS[kind])
        assert own is not None
        total *= (own.size * multiplier * sp.Integer(10) ** scale) ** turns
        for base, power in own.dimension:
            found[base] = found.get(base, 0) + power * turns
    assert total == size
    assert {base: power for base, power in found.items() if power} == dimension


def test_documents_without_units_stay_without() -> None:
    text = write_sbml(parse("compartment c = 2 {dimensions = 2}\nspecies A : conc in c = 1\nA -> 0 @ 3"))
    assert " units=" not in text
    assert "timeUnits" not in text
    assert "unitDefinition" not in text
    assert 'spatialDimensions="2"' in text
    assert CORE.split()[0] in text


def test_check_shows_warnings_and_succeeds(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    parts = (*DECAY[:2], parameter("k").replace(" constant", ' units="second" constant'), DECAY[3])
    path = tmp_path / "m.xml"
    path.write_text(document(*parts, model='id="m" substanceUnits="mole" volumeUnits="litre" timeUnits="second"'))
    assert main(["check", str(path)]) == 0
    shown = capsys.readouterr()
    assert f"{path}:" in shown.err
    assert "warning R315: the constant k of 'r' is in s, but mass action of order 1 needs 1/s" in shown.err
    assert main(["check", "--json", str(path)]) == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert (one["severity"], one["code"]) == ("warning", "R315")
    line = path.read_text().splitlines()[one["line"] - 1]
    assert line.startswith('<reaction id="r"')


def test_a_moving_number_beside_moles_is_written_without_conversion() -> None:
    parts = (*DECAY, parameter("p", constant="false"), rule("rateRule", "p", "2 * p"))
    net, _ = read(document(*parts, model='id="m" substanceUnits="mole" volumeUnits="litre"'))
    text = write_sbml(net)
    assert "conversionFactor" not in text
    assert read(text)[0] == net
