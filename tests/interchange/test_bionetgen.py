"""BioNetGen networks: blocks, formulas, both readings of a rate, errors with their places."""

from pathlib import Path

import pytest
import sympy as sp

from rxncompile.derivations.rates import jump_process, rate_equations
from rxncompile.errors import RxnError, Source
from rxncompile.expressions import TIME, symbol
from rxncompile.interchange.bionetgen import load_bionetgen, read_bionetgen
from rxncompile.interchange.bionetgen_math import Mistake, formula
from rxncompile.network import Flag, Network

MODEL = """\
# a network
begin parameters
    1 k     0.5   # Constant
    2 kd    ln(2)/10  # ConstantExpression
    3 A0    2*5
    4 t     3
end parameters
begin functions
    1 act() k*Atot/(1 + Atot)
    2 clock() if(time() > 5, k, 2*k)
end functions
begin species
    1 A(b,c~U!1).B(x!1) A0
    2 $D() 7
    3 E() 0
end species
begin reactions
    1 1,1 3 0.5*k #_R1
    2 3 0 kd
    3 0 1 clock()
    4 1,2 2,3 act #_R4
    5 1,1 0 act
    6 3,2 2 2*t
end reactions
begin groups
    1 Atot  1,2*3
    2 Etot  3
    3 None
end groups
"""
A, D, E, k, Atot = symbol("A(b,c~U!1).B(x!1)"), symbol("D()"), symbol("E()"), symbol("k"), symbol("Atot")


def read(text: str) -> Network:
    return read_bionetgen(Source("model.net", text))


def test_everything_is_read() -> None:
    net = read(MODEL)
    assert [s.name for s in net.species] == ["A(b,c~U!1).B(x!1)", "D()", "E()"]
    assert net.species[1].flags == {Flag.FIXED}
    assert [p.value for p in net.parameters] == [sp.Rational(1, 2), sp.log(2) / 10, 10, 3]
    assert [p.name for p in net.parameters] == ["k", "kd", "A0", "t_"]  # t is the time
    assert [(r.name, r.reported) for r in net.rules] == [("Atot", True), ("act", False), ("clock", False)]
    assert [(o.name, o.formula) for o in net.observables] == [("Etot", E), ("None", 0)]
    assert net.rules[0].formula == A + 2 * E
    assert [r.remark for r in net.reactions[:4]] == ["_R1", "", "", "_R4"]


def test_both_readings() -> None:
    """ODE: rate times the product of amounts; jumps: falling factorials; a function multiplies them too."""
    net = read(MODEL)
    act, clock = symbol("act"), symbol("clock")
    kd, t = symbol("kd"), symbol("t_")
    jumps = [j.propensity for j in jump_process(net).jumps]
    expected = [k * A * (A - 1) / 2, kd * E, clock, act * A * D, act * A * (A - 1), 2 * t * E * D]
    assert all(sp.expand(one - other) == 0 for one, other in zip(jumps, expected, strict=True))
    rates = dict(rate_equations(net).equations())
    assert sp.expand(rates[A.name] - (-2 * k * A**2 / 2 + clock - act * A * D - 2 * act * A**2)) == 0
    assert sp.expand(rates[E.name] - (k * A**2 / 2 - kd * E + act * A * D - 2 * t * E * D)) == 0
    assert not net.reactions[3].mass_action  # its rate depends on a reactant, so it is a law in full


def test_outputs_are_the_groups() -> None:
    assert [label for label, _ in rate_equations(read(MODEL)).outputs] == ["Etot", "None", "Atot"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2^3^2", 512), ("-2^2", -4), ("2^-1", sp.Rational(1, 2)), ("1 - 2 - 3", -4), ("8/2/2", 2), ("2*-3", -6),
        ("1 + 2*3", 7), ("(1 + 2)*3", 9), ("1e3", 1000), (".5", sp.Rational(1, 2)), ("5.", 5), ("+4", 4),
        ("log10(k)", sp.log(k) / sp.log(10)), ("sqrt(4)", 2), ("abs(-3)", 3), ("min(3,1,2)", 1), ("max(3,1,2)", 3),
        ("sum(1,2,3)", 6), ("avg(1,2,3)", 2), ("rint(2.5)", 3), ("sign(-4)", -1),
        ("_pi", sp.Rational("3.141592653589793")),
        ("time()", TIME), ("if(k > 1, 2, 3)", sp.Piecewise((2, k > 1), (3, True))), ("if(1 == 2, 4, 5)", 5),
        ("if(!(1 > 2) && 3 ~= 4 || 0, 1, 2)", 1), ("k*(k > 1)", k * sp.Piecewise((1, k > 1), (0, True))),
        ("exp(k)^2", sp.exp(2 * k)),
    ],
)  # fmt: skip
def test_formulas(text: str, expected: sp.Expr) -> None:
    assert formula(text, {"k": k}) == expected


@pytest.mark.parametrize(
    "text",
    ["", "1 +", "(1", "1)", "k k", "q", "log(2)", "f(1)", "sqrt(1,2)", "1/0", "ln(0)", "sqrt(-1)", "9^9^9^9", "1e999",
     "k^1e9", "exp(1000)", "(" * 500 + "1" + ")" * 500, "-" * 500 + "1", "2^" * 500 + "1",
     "__import__('os')", "1 @ 2", "'a'"],
)  # fmt: skip
def test_formulas_that_are_none(text: str) -> None:
    with pytest.raises(Mistake) as caught:
        formula(text, {"k": k})
    assert 0 <= caught.value.start < caught.value.end


def changed(old: str, new: str) -> str:
    assert old in MODEL
    return MODEL.replace(old, new)


@pytest.mark.parametrize(
    ("code", "text", "marked"),
    [
        ("R033", "", ""), ("R033", "hello\n", "h"), ("R033", MODEL.replace("end groups\n", ""), "begin"),
        ("R033", changed("end species", "end parameters"), "end parameters"),
        ("R033", changed("begin groups", "begin grops"), "begin grops"),
        ("R102", MODEL + MODEL, "begin parameters"),
        ("R101", changed("0.5*k #", "0.5*kk #"), "kk"), ("R101", changed("1,1 3 0.5", "1,9 3 0.5"), "9"),
        ("R101", changed("1,2*3", "1,2*8"), "8"), ("R033", changed("2 3 0 kd", "2 3 0"), "2 3 0"),
        ("R033", changed("3 0 1 clock()", "3 0 x clock()"), "x"), ("R033", changed("2*5", "2*"), "\n"),
        ("R033", changed("1,1 3 0.5", "1,99999999999999999999 3 0.5"), "99999999999999999999"),
        ("R102", changed("2 kd ", "2 k "), "k"), ("R102", changed("3 E() 0", "2 E() 0"), "E()"),
        ("R280", changed("act #_R4", "MM k kd A0"), "MM k kd A0"), ("R280", changed("act() k", "act(x) k"), "act(x)"),
        ("R502", changed("1 k     0.5", "1 k     2*kd").replace("ln(2)/10", "k"), "k"),
        ("R502", changed("(1 + Atot)", "(1 + clock())").replace("2*k)", "act())"), "act()"),
        ("R282", changed("A0    2*5", "A0    2*Atot"), "A0"), ("R282", changed("$D() 7", "$D() act"), "D()"),
        ("R281", changed("ln(2)/10", "k^k3").replace("3 A0 ", "5 k3 1e9\n 3 A0 "), "kd"),
    ],
)  # fmt: skip
def test_errors_have_places(code: str, text: str, marked: str) -> None:
    with pytest.raises(RxnError) as caught:
        read(text)
    assert caught.value.code == code, str(caught.value)
    assert caught.value.span is not None
    assert caught.value.span.text.strip() in (marked, marked.strip(), f"${marked}"), str(caught.value)


def test_all_errors_are_told_at_once() -> None:
    with pytest.raises(RxnError) as caught:
        read(changed("0.5*k #", "0.5*kk #").replace("2 3 0 kd", "2 3 0 kkd"))
    assert len(caught.value.diagnostics) == 2


def test_names_that_clash() -> None:
    """Outputs keep their names: a species that shares one gets `()` behind its own, as BioNetGen would write it."""
    net = read(changed("2 Etot  3", "2 E  3").replace("E() 0", "E 0").replace("$D() 7", "$t 7"))
    assert [s.name for s in net.species] == ["A(b,c~U!1).B(x!1)", "t()", "E()"]
    assert [o.name for o in net.observables] == ["E", "None"]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "model.net"
    with pytest.raises(RxnError) as caught:
        load_bionetgen(path)
    assert caught.value.code == "R404"
    path.write_bytes(b"begin species\n1 \xff 2\nend species\n")
    with pytest.raises(RxnError) as caught:
        load_bionetgen(path)
    assert caught.value.code == "R404"
    assert caught.value.span is not None
    assert (caught.value.span.line, caught.value.span.column) == (2, 3)
