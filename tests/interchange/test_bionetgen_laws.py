"""Small networks with what BioNetGen 2.9.3's run_network makes of them, and .net files as its versions write them."""

import numpy as np
import pytest
import sympy as sp

from rxncompile.derivations.rates import jump_process, rate_equations
from rxncompile.errors import RxnError, Source
from rxncompile.expressions import symbol
from rxncompile.interchange.bionetgen import read_bionetgen
from rxncompile.language import parse, print_network
from rxncompile.network import Flag, Network
from rxncompile.simulators.jumps.ssa import sample
from rxncompile.simulators.rate_equations.ode import integrate

PARAMETERS = "begin parameters\n 1 k 0.5\n 2 K 20\n 3 V 3\n 4 h 2\nend parameters\n"
SPECIES = "begin species\n 1 A() 50\n 2 B() 20\n 3 C() 0\n 4 $F() 7\nend species\n"
GROUPS = "begin groups\n 1 Ao 1\n 2 Bo 2,3\n 3 Co 0.5*3,2*1\nend groups\n"
MM = "1 1,2 3,2 MM V K\n2 3 1 k\n3 3,2,4 1,2,4 2*MM k K\n"
HILL = """\
1 1,2 2,3 Hill V K h
2 3 1 k
3 1,1 3 0.5*Hill k K h
4 2,1,1 2,3 1e-3*Hill k K h
5 1,2,2 3 1e-3*Hill k K h
"""
SAT = "1 1,2 2,3 Sat V K k\n2 3 1 Ele k\n3 1,1 3 0.5*Sat k K K\n4 2,1,1 2,3 1e-2*Sat k K\n"
OWN = "1 1 2 f1\n2 2 1 f2\n3 1,1 3 0.5*f3\n4 1,1,2 3 f4\n5 0 1 k\n6 3 0 f5\n7 2 2,1 0.1*f1\n"
FUNCTIONS = """\
begin functions
 1 f1() 0.01*Ao
 2 f2() if(Ao>1000,f1(),k)
 3 f3() f1*1e-2
 4 f4() 1e-5*(Bo/(1+Ao))^h
 5 f5() (Ao>3)?k:0.1
end functions
"""
A, B, C = symbol("A()"), symbol("B()"), symbol("C()")
k, K, V, h = (symbol(n) for n in "kKVh")


def network(reactions: str, functions: str = "", species: str = SPECIES, groups: str = GROUPS) -> Network:
    text = f"{PARAMETERS}{functions}{species}begin reactions\n{reactions}end reactions\n{groups}"
    return read_bionetgen(Source("small.net", text))


@pytest.mark.parametrize(
    ("reactions", "functions", "expected"),
    [
        (MM, "", (24.28060036622, 20.0, 25.71939963378)),
        (HILL, "", (11.84255593434, 19.65075739094, 32.56825283243)),
        (SAT, "", (34.06654218498, 20.0, 7.471191675487)),
        (OWN, FUNCTIONS, (34.22580504198, 25.39919911255, 3.771862983592)),
    ],
    ids=["MM", "Hill", "Sat", "functions of their reactants"],
)
def test_rate_equations_are_those_of_run_network(
    reactions: str, functions: str, expected: tuple[float, ...]
) -> None:
    """At t = 2, where run_network (relative tolerance 1e-10) has printed 13 digits; both solvers keep 1e-8."""
    result = integrate(rate_equations(network(reactions, functions)), np.array([0.0, 2.0]), rtol=1e-10)
    assert [float(result[name][-1]) for name in ("A()", "B()", "C()")] == pytest.approx(expected, rel=1e-7)


def propensities(reactions: str, functions: str = "") -> list[sp.Expr]:
    return [j.propensity for j in jump_process(network(reactions, functions)).jumps]


def test_jumps_have_falling_factorials_for_repeated_reactants() -> None:
    found = propensities(HILL + SAT.replace("\n1 ", "\n11 "))
    share = A**h / (K**h + A**h)
    expected = [
        V * share * B, k * C, k * share * (A - 1) / 2, k * B ** (h - 1) / (K**h + B**h) * B * A * (A - 1) / 1000,
        k * share * B * (B - 1) / 1000,
        V * A * B / ((K + A) * (k + B)), k * C, k * A * (A - 1) / (2 * (K + A) ** 2),
        k * A * (A - 1) * B / (100 * (K + B)),
    ]  # fmt: skip
    point = {A: 7, B: 5, C: 3, k: sp.Rational(1, 2), K: 20, V: 3, h: 2}
    assert [e.subs(point) for e in found] == [e.subs(point) for e in expected]


def test_michaelis_menten_is_that_of_the_total_quasi_steady_state() -> None:
    """V E S/(K + S) with S + E S/(K + S) = A: all substrate, free or bound."""
    law = propensities(MM)[0].subs({A: 30, B: 8, K: 20, V: 3})
    free = symbol("S")
    root = max(sp.solve(free + 8 * free / (20 + free) - 30, free))
    assert float(law) == pytest.approx(float(3 * 8 * root / (20 + root)), rel=1e-12)


def test_michaelis_menten_is_sampled() -> None:
    """The difference x - K of the law compiles, and the mean stays by the rate equations."""
    net = network("1 1,2 3,2 MM V K\n")
    mean = sample(jump_process(net), np.array([0.0, 5.0]), runs=2000, seed=1)["A()"].mean(axis=0)
    ode = integrate(rate_equations(net), np.array([0.0, 5.0]))["A()"]
    assert mean[0] == 50
    assert abs(mean[1] - ode[1]) < 1.0  # the law is nearly linear here: its curvature moves the mean by less


def test_one_constant_of_saturation_is_a_rate_alone() -> None:
    assert propensities("1 1,2 3 2*Sat k\n") == [2 * k]


def test_what_needs_both_readings_converts_and_comes_back() -> None:
    """A factor of its own reactants is {functional}; groups in functions are still reported."""
    net = network(OWN + HILL.replace("\n", "0\n").replace("h0", "h").replace("k0", "k"), FUNCTIONS)
    assert [r.flags for r in net.reactions if len(r.flags) > 1] == [{Flag.POWERS, Flag.FUNCTIONAL}] * 5
    again = parse(print_network(net))
    assert again.rules == net.rules
    assert [r.reported for r in again.rules if r.name in ("Ao", "Bo", "f1")] == [True, True, False]
    assert rate_equations(again) == rate_equations(net)
    assert jump_process(again) == jump_process(net)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n", "\r\n"), (" ", "\t"), ("\n", "\n\n # remark\n"), ("begin species", "begin  species # here"),
        (PARAMETERS, PARAMETERS.replace(" 1 ", "").replace(" 2 ", " ").replace(" 3 ", "\t").replace(" 4 ", " ")),
        (SPECIES, SPECIES.replace(" 1 ", " ").replace(" 2 ", " ").replace(" 3 ", " ").replace(" 4 ", " ")),
        (GROUPS, GROUPS.replace(" 1 A", " A").replace(" 2 B", " B").replace("2,3", "2 , 3")),
        (GROUPS, GROUPS.replace("Ao 1", "Ao A()").replace("2*1", "2*A()")),
        (" C() 0", " C()"), ("1,2 2,3 S", "A(),B() 2,C() S"), ("f1() 0", "f1() = 0"),
        ("3 k\n", "3 k #_R1 unit_conversion=1/V\n"),
        (PARAMETERS, "version(\"2.2.6\")\nsubstanceUnits(\"Number\")\nbegin model\n" + PARAMETERS),
        (SPECIES, "begin molecule types\n 1 A()\nend molecule types\nbegin compartments\nend compartments\n" + SPECIES),
        (GROUPS, "begin reactions_text\n 1 A() -> B() k\nend reactions_text\n" + GROUPS),
        (GROUPS, "begin reaction rules\n  _R1:  A() -> B()  k\nend reaction rules\n" + GROUPS),
    ],
)  # fmt: skip
def test_every_way_of_writing_reads_the_same(old: str, new: str) -> None:
    """Line ends, blanks, comments, columns of numbers left out, names for numbers, blocks of the model beside."""
    reactions = "1 1,2 2,3 Sat V K k\n2 3 1 0.3*k\n3 1 3 k\n4 2 2 f1\n"
    whole = f"{PARAMETERS}{FUNCTIONS}{SPECIES}begin reactions\n{reactions}end reactions\n{GROUPS}"
    assert old in whole
    plain, other = (read_bionetgen(Source("m.net", t)) for t in (whole, whole.replace(old, new)))
    assert rate_equations(other) == rate_equations(plain)
    assert jump_process(other) == jump_process(plain)


def test_fixed_species_in_compartments() -> None:
    net = network("1 1,4 2,4 k\n", species=SPECIES.replace("$F()", "@EC::$F(l)"))
    assert net.species[3].name == "@EC::F(l)"
    assert net.species[3].flags == {Flag.FIXED}
    assert [s.label for s in rate_equations(net).states] == ["A()", "B()", "C()"]


def test_amounts_that_are_not_whole_are_rounded_when_sampled() -> None:
    """As by run_network: 10.6 to 11, 3.4 to 3, 0.5 to 1; the rate equations keep them."""
    species = SPECIES.replace("50", "10.6").replace("20", "3.4").replace("C() 0", "C() 0.5").replace("7", "1.5")
    net = network("1 1,4 2,4 k\n", species=species)
    jumps = jump_process(net)
    assert [s.initial for s in jumps.states] == [11, 3, 1]
    assert {p.label: p.value for p in jumps.parameters}["F()"] == 2
    assert rate_equations(net).states[0].initial == sp.Rational(53, 5)


def test_groups_of_one_name_add_up() -> None:
    net = network("1 1 2 k\n", groups="begin groups\n 1 G 1\n 2 G 2*2,1.5e-1*3\nend groups\n")
    assert [(o.name, o.formula) for o in net.observables] == [("G", A + 2 * B + sp.Rational(3, 20) * C)]


@pytest.mark.parametrize(
    ("code", "reaction", "marked"),
    [
        ("R280", "1 1 2 Hill V K", "Hill V K"), ("R280", "1 0 2 MM V K", "MM V K"),
        ("R280", "1 1 2 Sat V K k", "Sat V K k"),
        ("R280", "1 1 2 Arrhenius k K", "Arrhenius k K"), ("R101", "1 1 2 Sat q K", "q"), ("R101", "1 X() 2 k", ""),
        ("R280", "1 1 2 mratio(k,K,V)", "mratio"), ("R280", "1 1 2 tfun('a.dat',time)", "tfun"),
        ("R033", "1 1 2 2*", "\n"),
        ("R033", "x 1 2 k", "x 1 2 k"), ("R033", "1 1,-2 2 k", "-2"), ("R101", "1 1 7 k", "7"),
    ],
)  # fmt: skip
def test_what_is_not_supported_is_named_with_its_place(code: str, reaction: str, marked: str) -> None:
    with pytest.raises(RxnError) as caught:
        network(f"{reaction}\n")
    assert caught.value.span is not None
    assert (caught.value.code, caught.value.span.text) == (code, marked) or (not marked and caught.value.code == "R033")
    assert caught.value.span.line == PARAMETERS.count("\n") + SPECIES.count("\n") + 2


NINES = "9" * 1_000_000


@pytest.mark.parametrize("rate", [NINES, NINES + "*", "." * 100_000, "1e" + NINES, "(" * 100_000], ids=range(5))
def test_long_numbers_end_soon(rate: str) -> None:
    with pytest.raises(RxnError) as caught:
        network(f"1 1 2 {rate}\n", groups=f"begin groups\n 1 G {rate}\nend groups\n")
    assert caught.value.span is not None
