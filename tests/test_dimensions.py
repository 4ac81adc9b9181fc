"""Units against pint, mistakes of units by table, and what has to pass."""

import math
import time
from fractions import Fraction
from pathlib import Path

import pint
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from rxncompile.dimensions import check_units, time_unit
from rxncompile.errors import Diagnostic, RxnError
from rxncompile.expressions import symbol
from rxncompile.formula_units import FormulaUnits
from rxncompile.language import parse
from rxncompile.language.units import AVOGADRO, known_units
from rxncompile.measures import PURE, Measure, Units, atom_of, factor_text, measure, names_in, power, product
from rxncompile.network import Compartment, Network, Observable, Parameter, Reaction, Rule, Species, Unit

MODELS = sorted((Path(__file__).parent.parent / "models").glob("*.rxn"))


def mistakes(text: str) -> tuple[Diagnostic, ...]:
    """What is wrong with a text's units, whether or not reading it already says so."""
    try:
        return check_units(parse(text))
    except RxnError as error:
        return error.diagnostics


# ---------------------------------------------------------------------------------------------- mistakes, by table

CELL = "units time = s\ncompartment cell : um^3 = 2\nspecies A : uM in cell = 1, B : uM in cell = 2, N in cell = 5\n"

# text behind CELL, the code, the text under the carets, words of the message, words of the hint
MISTAKES = [
    ("param k0 : 1/min = 1, k : 1/s = 2*k0", "R314", "2*k0", "'k' is in 1/s, but its value 2*k0 is in 1/min",
     "one '1/min' is 1/60 '1/s'"),
    ("param k : 1/s = 1, v : uM/s = 2*k", "R313", "2*k", "'v' is in uM/s, but its value 2*k is in 1/s", ""),
    ("const a : s = 1, b : min = 2, c = a + b", "R314", "a + b", "a in s and b in min are added in a + b",
     "one 's' is 1/60 'min'"),
    ("const a : uM = 1, c = a + 2\nconst b : M = a", "R314", "a", "'b' is in M", "one 'uM' is 1e-6 'M'"),
    ("param k : uM = 1\nlet x = exp(A/k)*exp(k)", "R312", "k", "exp", "divide"),
    ("param K : uM = 1, y : um = 2\nlet x = max(A, y)", "R311", "max(A, y)",
     "A in uM and y in um are arguments of max", ""),
    ("param y : mM = 2\nlet x = piecewise(1, A > y, 0)", "R314", "A > y", "compared in A > y",
     "0.001"),
    ("param y : s = 2\nlet x = piecewise(A, B > 1, y)", "R311", "piecewise(A, B > 1, y)", "cases of piecewise", ""),
    ("let x = N + A", "R311", "N + A", "A in uM and N in count are added", ""),
    ("let x = A^B", "R312", "B", "exponent", ""),
    ("param k : 1/s = 1\nbind: A + B -> 0 @ k", "R315", "k",
     "the constant k of 'bind' is in 1/s, but mass action of order 2 needs 1/uM/s", "'rate ...'"),
    ("param k : 1/M/s = 1\nbind: A + B -> 0 @ k", "R314", "k", "1/M/s", "one '1/M/s' is 1e-6"),
    ("param k : um^3/s = 1\nbind: A + B -> 0 @ k", "R314", "k", "um^3/s", "602.214076"),
    ("param k : 1/min = 1\nA -> B @ k", "R314", "k", "order 1 needs 1/s", "1/60"),
    ("param k : uM/s = 1\nA + N -> B @ k {molecular}", "R315", "k", "{molecular} reaction",
     ""),
    ("param k : 1/s = 1\nA -> B rate k*A", "R315", "k*A", "amount per time is uM*um^3/s",
     "per COMPARTMENT"),
    ("param k : 1/s = 1\nN -> 0 rate k*N per cell", "R315", "k*N", "count/um^3/s", ""),
    ("param k : uM = 1\nA' = -k*A", "R315", "-k*A", "the term of A', -k*A, is in uM^2, but uM/s is needed", ""),
    ("param k : s = 1\nat k + 1: A = k", "R313", "k", "'A' is in uM, but its new value k is in s", ""),
    ("param k : min = 1\nat 2*k: A = 3", "R314", "2*k", "'the time' is in s", "one 'min' is 60 's'"),
    ("param k : uM = 1\nwhen A > k and t > k: A = 3", "R311", "t > k", "compared in", ""),
    ("const low : mM = 1\nparam k : uM = 1 in [0*low, low]", "R314", "low", "bound", "1000"),
    ("const c0 : mM = 1\nspecies C : uM in cell = c0", "R314", "c0", "initial value c0 is in mM",
     "1000"),
    ("observable o : mM = A + B", "R314", "A + B", "'o' is in mM", "0.001"),
    ("param r : um = 1\ncompartment drop : um^3 = r^2", "R313", "r^2", "its value r^2 is in um^2", ""),
    ("const all : mM = 1\nspecies C : uM in cell\nconserve every: C = all", "R314", "all", "",
     "1000"),
    ("param k : 1/s = 1, x : uM = 1\nlet y : 1/s = k*log(x)", "R312", "x", "log takes a number", ""),
    ("const m = 2, K : uM = 1\nlet y = K^3 + A^m", "R311", "K^3 + A^m", "added", ""),
]


@pytest.mark.parametrize("case", MISTAKES, ids=lambda m: m[0].splitlines()[-1])
def test_mistakes_are_told_at_their_place(case: tuple[str, str, str, str, str]) -> None:
    text, code, under, message, hint = case
    found = mistakes(CELL + text + "\n")
    assert [d.code for d in found] == [code], "\n".join(map(str, found))
    (one,) = found
    assert one.span is not None
    assert one.span.text == under
    _, line, carets = (part.partition("| ")[2] for part in ("", *one.span.excerpt().splitlines()))
    assert line[carets.index("^") : carets.rindex("^") + 1] == under
    assert message in one.message
    assert hint in one.hint
    assert one.hint


FINE = [
    "param k : 1/uM/s = 1\nA + B -> 0 @ k",
    "param k : 1/uM/s = 1\nN + B -> 0 @ k",  # a count meets a concentration: molecules are counted
    "param k : 1/uM^2/s = 1\n2 A + B -> 0 @ k",
    "param k : um^3/s = 1\n2 N -> 0 @ k",
    "param k : um^3/count/s = 1\n2 N -> 0 @ k",
    "param k : uM/s = 1\n0 -> A @ k",
    "param k : 1/um^3/s = 1\n0 -> N @ k",
    "param k : 1/s = 1\nA -> B @ 2*k + 3",
    "param k : uM/s = 1\nA -> B rate k per cell",
    "param k : 1/s = 1\nN -> 0 rate k*N\nA -> B rate 0.5*A per cell\nB -> A rate k*B*cell",
    "param k : 1/s = 1\nA + N -> B @ k*k/k {molecular}",
    "const K : uM = 1, n = 3\nparam v : uM/s = 1, m = 2\nA -> B rate v*hill(A, K, n) + v*hillr(B, K, m) per cell",
    "const K2 : uM^2 = 1\nparam v : uM/s = 1, n = 2\nA -> B rate v*A^n/(K2 + A^n) per cell",
    "param kmin : 1/min = 2, k : 1/s = kmin/60",  # the number in front is the factor
    "param logk = 2, k : 1/s = exp(logk), c : 1/s = 3*logk",  # without a unit anything goes
    "let x = sqrt(A*B) + 1, y = min(A, 0.2, B), z = piecewise(0, A > 1, B)\nlet w : uM = x + y + abs(z)",
    "param d : s = 3\nat 2*d: A = B + 1\nwhen t > d + 1 and A > B: N = 3",
    "param k : uM/s = 1\nA' = k - 0.1*A",
    "let total = A + 2*B, n = N + 2*N, r = A/B\nobservable o : uM = total",
    "compartment other : um^3 = 2*cell\nparam D : um^3/s = 1\nlet flux = D*A/other",
    "species 'D' : conc in cell = 1, E : 1/um^3 in cell = 2\nparam k : um^3/s = 1\nD + E -> 0 @ k",
]


@pytest.mark.parametrize("text", FINE, ids=lambda t: t.splitlines()[-1])
def test_what_fits_passes(text: str) -> None:
    assert mistakes(CELL + text + "\n") == ()


@pytest.mark.parametrize("path", MODELS, ids=lambda p: p.stem)
def test_the_models_of_the_repository_pass(path: Path) -> None:
    assert mistakes(path.read_text()) == ()


@pytest.mark.parametrize(
    ("length", "size", "amount", "second", "first"),
    [
        (3, "um^3", "uM", "1/uM/s", "1/s"),
        (3, "fL", "1/um^3", "um^3/s", "1/s"),
        (2, "um^2", "1/um^2", "um^2/s", "1/s"),
        (1, "um", "1/um", "um/s", "1/s"),
        (3, "L", "mol", "L/mol/s", "1/s"),
        (2, "dm^2", "nmol/dm^2", "dm^2/nmol/s", "1/s"),
    ],
)
def test_compartments_of_every_dimension(length: int, size: str, amount: str, second: str, first: str) -> None:
    model = f"units time = s\ncompartment c : {size} = 2\nspecies A : {amount} in c = 1, B : {amount} in c\n"
    good = f"param k : {second} = 1, h : {first} = 1\n2 A -> B @ k\nA -> B @ h\n"
    assert mistakes(model + good) == ()
    (wrong,) = mistakes(model + f"param k : {first} = 1\n2 A -> B @ k\n")
    assert wrong.code == "R315"


def test_a_size_without_dimension_is_a_number() -> None:
    def net(unit: Unit) -> Network:
        k = Parameter("k", sp.S.One, Unit("1/s", sp.S.One, (("time", -1),)))
        a = Species("A", "c", Unit("count", sp.S.One, (("amount", 1),)))
        return Network("N", (), (), (k,), (Compartment("c", sp.S.One, unit),), (a,), reactions=(
            Reaction("r", (("A", 2),), (), symbol("k")),))  # fmt: skip

    assert check_units(net(Unit("count", sp.S.One, (("amount", 1),)))) == ()
    assert check_units(net(Unit("dimensionless", sp.S.One, ()))) == ()
    assert [d.code for d in check_units(net(Unit("s", sp.S.One, (("time", 1),))))] == ["R316", "R315"]


def test_time_units_agree_among_themselves_where_the_model_declares_none() -> None:
    lines = "species X = 5, Y = 6\nparam a : 1/min = 2, b : {} = 3\nX -> 0 @ a\nX + Y -> 0 @ b\n"
    assert mistakes(lines.format("1/min")) == ()
    assert [d.code for d in mistakes(lines.format("1/s"))] == ["R314"]
    composed = "compartment c : L = 1\nspecies X : uM in c = 5, Y : uM in c = 6\n"
    composed += "param a : 1/uM/min = 2, b : {} = 3\n2 X -> 0 @ a\nX + Y -> 0 @ b\n"
    assert mistakes(composed.format("1/uM/min")) == ()
    (one,) = mistakes(composed.format("1/uM/s"))
    assert one.code == "R314"
    assert "1/uM/min" in one.hint and "60" in one.hint
    assert time_unit(parse(lines.format("1/min"))) == ("min", 60)
    assert time_unit(parse("species X = 5\nX -> 0 @ 1\n")) is None


def test_concentrations_in_the_models_own_units_have_any_volume() -> None:
    model = "units time = s\ncompartment c = 9\nspecies X : conc in c = 5, Y : conc in c\n"
    model += "param k : {} = 1\nX + Y -> 0 @ k\n"
    for unit in ("1/conc/s", "L/s", "um^3/s", "1/uM/s"):
        assert mistakes(model.format(unit)) == ()
    assert [d.code for d in mistakes(model.format("L"))] == ["R315"]


def test_a_network_without_units_is_not_looked_at() -> None:
    assert mistakes("species X = 5, Y = 6\nparam k = 2\nX + Y -> 0 @ exp(k)\nX' = k + X^Y\n") == ()


def test_deep_and_circular_networks_end() -> None:
    unit = Unit("uM", AVOGADRO / 1000, (("amount", 1), ("length", -3)))
    chain = [Rule("a0", symbol("X"))]
    chain += [Rule(f"a{i}", symbol(f"a{i - 1}") + 1) for i in range(1, 3000)]
    chain[0] = Rule("a0", sp.S.One, unit)
    last = Observable("o", symbol("a2999"), Unit("s", sp.S.One, (("time", 1),)))
    (one,) = check_units(Network("N", rules=tuple(chain[::-1]), observables=(last,)))
    assert one.code == "R313" and "uM" in one.message
    circle = (Rule("a", symbol("b"), unit), Rule("b", symbol("c")), Rule("c", symbol("b")))
    assert check_units(Network("N", rules=circle)) == ()
    deep = symbol("x")
    for i in range(2000):
        deep = sp.exp(deep, evaluate=False) if i % 2 else sp.Add(deep, 1, evaluate=False)
    assert check_units(Network("N", rules=(Rule("x", sp.S.One, unit), Rule("y", deep)))) == ()


def test_time_is_linear_in_size() -> None:
    """A ring of 2,000 reactions with units in every statement; 0.5 s is several times what it takes."""
    n = 2000
    uM, per_s = Unit("uM", AVOGADRO / 1000, (("amount", 1), ("length", -3))), Unit("1/s", sp.S.One, (("time", -1),))
    um3 = Unit("um^3", sp.Rational(1, 10**18), (("length", 3),))
    species = tuple(Species(f"S{i}", "c", uM, True, 1 / (uM.size * um3.size)) for i in range(n // 2))
    rates = tuple(Parameter(f"k{i}", sp.S.One, per_s) for i in range(n))
    reactions = tuple(
        Reaction(f"r{i}", ((f"S{i // 2}", 1),), ((f"S{(i // 2 + 1) % 1000}", 1),), symbol(f"k{i}") * (1 + symbol("p")))
        for i in range(n)
    )
    net = Network("Ring", (("time", Unit("s", sp.S.One, (("time", 1),))),), (), (*rates, Parameter("p", sp.S.One)),
                  (Compartment("c", sp.S.One, um3),), species, reactions=reactions)  # fmt: skip
    assert check_units(net) == ()
    begun = time.process_time()
    check_units(net)
    assert time.process_time() - begun < 0.5


# ---------------------------------------------------------------------------------------------- against pint

PREFIXES = {
    "d": "deci", "c": "centi", "m": "milli", "u": "micro", "n": "nano", "p": "pico", "f": "femto", "a": "atto",
    "k": "kilo", "M": "mega", "": "",
}  # fmt: skip
BASES = {
    "m": "meter", "L": "liter", "l": "liter", "g": "gram", "mol": "mole", "A": "ampere", "C": "coulomb", "V": "volt",
    "S": "siemens", "F": "farad", "J": "joule", "N": "newton", "Pa": "pascal", "Hz": "hertz", "K": "kelvin",
    "s": "second", "M": "molar",
}  # fmt: skip
WORDS = {
    "count counts molecule molecules particle particles item items cell cells": "count",
    "conc": "count/meter**3", "dimensionless none": "dimensionless", "percent": "percent", "sec seconds": "second",
    "min minute minutes": "minute", "h hr hour hours": "hour", "d day days": "day", "wk week weeks": "week",
    "yr year years": "julian_year", "angstrom": "angstrom", "Da dalton": "dalton", "second": "second",
}  # fmt: skip
PINT_NAMES = {p + b: PREFIXES[p] + long for p in PREFIXES for b, long in BASES.items()}
PINT_NAMES |= {word: name for words, name in WORDS.items() for word in words.split()}
REGISTRY = pint.UnitRegistry(non_int_type=Fraction)
AXES = {f"[{axis}]": axis for axis in ("length", "mass", "time", "temperature", "current")}
Both = tuple[Unit, pint.Quantity]


def in_pint(name: str) -> pint.Quantity:
    """A unit of ours as a quantity of pint in SI base units, moles as the number of molecules."""
    quantity = (1 * REGISTRY.parse_units(PINT_NAMES[name])).to_base_units()
    moles = quantity.dimensionality.get("[substance]", 0)
    molecules = REGISTRY.Quantity(1, "avogadro_constant").to_base_units() * REGISTRY.Quantity(1, "mole")
    mole = REGISTRY.Quantity(1, "mole")
    return (quantity * (molecules / mole) ** int(moles)).to_base_units()


@pytest.mark.parametrize("name", sorted(known_units()))
def test_sizes_and_dimensions_are_pints(name: str) -> None:
    size, dimension = known_units()[name]
    theirs = in_pint(name)
    measured = 5e-9 if name in ("Da", "dalton") else 0  # CODATA 2018 here, 2022 there
    assert abs(Fraction(int(size.p), int(size.q)) / Fraction(theirs.magnitude) - 1) <= measured
    ours = {base: p for base, p in dimension.items() if base != "amount"}
    assert ours == {AXES[a]: p for a, p in theirs.dimensionality.items() if p}


def test_avogadro_is_pints() -> None:
    assert REGISTRY.Quantity(1, "avogadro_constant").to("1/mole").magnitude == int(AVOGADRO)


NAMES = sorted(known_units().keys() - {"conc"})
SYMBOLS = tuple(symbol(f"q{i}") for i in range(4))


@st.composite
def random_units(draw: st.DrawFn) -> Both:
    """A product of powers of known units, as ours and as pint's."""
    size, dimension, theirs = sp.S.One, dict[str, int](), REGISTRY.Quantity(Fraction(1), "dimensionless")
    words = []
    for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3)):
        e = draw(st.sampled_from((-2, -1, 1, 2)))
        own, axes = known_units()[name]
        size *= own**e
        for base, p in axes.items():
            dimension[base] = dimension.get(base, 0) + p * e
        theirs = theirs * in_pint(name) ** e
        words.append(f"{name}^{e}")
    text = "*".join(words)
    return Unit(text, size, tuple(sorted((b, p) for b, p in dimension.items() if p))), theirs


@given(random_units(), random_units())
def test_convertibility_and_factors_are_pints(one: Both, other: Both) -> None:
    units = Units({}, None, False)
    ours = units.difference(measure(atom_of(one[0])), measure(atom_of(other[0])))
    if not one[1].is_compatible_with(other[1]):
        assert ours is not None and ours.factor is None
    else:
        factor = (one[1] / other[1]).to("dimensionless").magnitude
        if ours is None:
            assert math.isclose(factor, 1, rel_tol=1e-7)  # the dalton, to a power, is measured
        else:
            assert ours.factor is not None
            assert math.isclose(float(ours.factor), float(factor), rel_tol=1e-7)


class UnlikeError(Exception):
    """What pint would not do without a conversion."""


def pint_unit(expr: sp.Expr, names: dict[sp.Symbol, pint.Quantity]) -> pint.Quantity | None:
    """The unit of a formula by pint's arithmetic, None for a plain number."""
    if expr.is_Symbol:
        return names[expr]
    if not expr.free_symbols:
        return None
    parts = [pint_unit(a, names) for a in expr.args]
    if expr.is_Mul:
        return math.prod((p for p in parts if p is not None), start=REGISTRY.Quantity(Fraction(1), "dimensionless"))
    if expr.is_Pow and expr.exp.is_Rational:
        assert parts[0] is not None
        return parts[0] ** Fraction(int(expr.exp.p), int(expr.exp.q))
    held = [p for p in parts if p is not None]
    if isinstance(expr, (sp.exp, sp.log, sp.sin)):
        held.append(REGISTRY.Quantity(Fraction(1), "dimensionless"))
    for other in held[1:]:
        # raises DimensionalityError where they are not convertible
        if not math.isclose((held[0] / other).to("dimensionless").magnitude, 1, rel_tol=1e-7):
            raise UnlikeError
    return held[-1]


@st.composite
def formulas(draw: st.DrawFn, size: int = 6) -> sp.Expr:
    """Formulas over SYMBOLS: sums, products, powers, functions, minima; in half of them sums of like terms alone."""
    if size <= 1:
        return draw(st.sampled_from((*SYMBOLS, sp.Integer(2))))
    kind = draw(st.integers(0, 7))
    left = draw(st.integers(1, size - 1))
    one = draw(formulas(left))
    if kind == 0:
        return one ** draw(st.sampled_from((2, -1, sp.Rational(1, 2), sp.Rational(3, 2)))) if one != 0 else one
    if kind == 1:
        ratio = draw(st.sampled_from(SYMBOLS)) / draw(st.sampled_from(SYMBOLS))
        return sp.exp(ratio) * one if draw(st.booleans()) else one * sp.sin(one / (one + 1))
    if kind == 2:
        return sp.Min(one, 3 * one)
    if kind in (3, 4):
        return one + sp.Rational(3, 7) * one * draw(st.sampled_from((sp.S.One, *(s / s for s in SYMBOLS))))
    other = draw(formulas(size - left))
    return one + other if kind == 5 else one * other if kind == 6 else one / (other + 1)


@given(st.data())
def test_formulas_are_judged_as_by_pint(data: st.DataObject) -> None:
    few = data.draw(st.lists(random_units(), min_size=1, max_size=2))
    chosen = [data.draw(st.sampled_from(few)) for _ in SYMBOLS]
    formula = data.draw(formulas())
    names = FormulaUnits(Units({}, None, False), {}, {})
    names.names = {s.name: measure(names.units.atom(u)) for s, (u, _) in zip(SYMBOLS, chosen, strict=True)}
    try:
        theirs = pint_unit(formula, dict(zip(SYMBOLS, (q for _, q in chosen), strict=True)))
    except (UnlikeError, pint.DimensionalityError):
        names.unit(formula)
        assert names.found
        return
    ours = names.unit(formula)
    assert not names.found, [str(d) for d in names.found.values()]
    if theirs is not None and ours.known:
        size, total = 1.0, dict[str, Fraction]()
        for atom, e in ours.powers.items():
            size *= float(atom.size) ** float(e)
            for base, p in atom.dimension:
                total[base] = total.get(base, Fraction(0)) + p * e
        base = theirs.to_base_units()
        assert {b: p for b, p in total.items() if p} == {AXES[a]: p for a, p in base.dimensionality.items() if p}
        if 1e-200 < size < 1e200:
            assert math.isclose(size, float(base.magnitude), rel_tol=1e-6)
    else:
        assert theirs is None and not ours.known


# ---------------------------------------------------------------------------------------------- text


@pytest.mark.parametrize(
    ("written", "read", "printed"),
    [
        ("1/uM/s", {"uM": -1, "s": -1}, "1/uM/s"),
        ("um^3/(uM*s)^2", {"um": 3, "uM": -2, "s": -2}, "um^3/uM^2/s^2"),
        ("m^-2", {"m": -2}, "1/m^2"),
        ("dimensionless", {}, "dimensionless"),
        ("(1000*s)/min", {"1000": 1, "s": 1, "min": -1}, "1000*s/min"),
        ("odd ~ text", {"odd ~ text": 1}, "(odd ~ text)"),
        ("(s", {"(s": 1}, "((s)"),
    ],
)
def test_units_as_text(written: str, read: dict[str, int], printed: str) -> None:
    assert names_in(written) == read
    units = Units({}, None, False)
    assert units.text(measure(atom_of(Unit(written, sp.S.One, ())))) == printed


def test_powers_with_formulas_cancel_and_print() -> None:
    n = symbol("n")
    units = Units({n: sp.Integer(2)}, None, False)
    um = measure(units.atom(Unit("uM", AVOGADRO / 1000, (("amount", 1), ("length", -3)))))
    grown = power(um, n)
    assert product((grown, power(um, -n))).powers == PURE.powers
    assert units.difference(product((grown, power(um, 1 - n))), um) is None
    assert units.difference(grown, power(um, 2)) is None  # n is 2
    different = units.difference(grown, um)
    assert different is not None and different.factor is None
    assert units.text(product((grown, power(um, Fraction(-1, 2))))) == "uM^(n - 0.5)"
    huge = power(um, 10**9)
    assert isinstance(huge, Measure) and units.difference(huge, PURE) is not None


@pytest.mark.parametrize(
    ("factor", "shown"),
    [
        (Fraction(60), "60"), (Fraction(1, 60), "1/60"), (Fraction(1, 1000), "0.001"),
        (Fraction(602214076, 10**6), "602.214076"), (Fraction(10**6, 602214076), "1/602.214076"),
        (Fraction(22, 7), "22/7"), (2.5, "about 2.5"),
    ],
)  # fmt: skip
def test_factors_as_text(factor: Fraction | float, shown: str) -> None:
    assert factor_text(factor) == shown
