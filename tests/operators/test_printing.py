"""The readable forms of a generator: as the papers write them, and meaning what the operator does."""

import re
from pathlib import Path

import pytest
import sympy as sp
from hypothesis import HealthCheck, given, settings

import rxncompile as rx
from rxncompile.cli import main
from rxncompile.expressions import symbol
from rxncompile.network import Network
from rxncompile.notation import to_mathml
from rxncompile.operators import as_generating_function, as_master_equation, as_operator, generator
from rxncompile.operators.ladder import ladder
from tests.strategies import mass_action_networks

WALK = "model Walk\nparam k_b = 1, k_d = 1.5\nspecies n = 10\nn -> 2 n @ k_b\nn -> 0 @ k_d\n"


def test_galton_watson() -> None:
    gen = generator(rx.parse(WALK))
    assert str(gen) == "Walk: evolution operator\nW = k_b*(â - 1) â a\n  + k_d*(1 - â) a"
    assert str(as_generating_function(gen)).splitlines()[1:] == [
        "∂G/∂t = k_b*(z - 1) z ∂G/∂z",
        "      + k_d*(1 - z) ∂G/∂z",
    ]
    assert str(as_master_equation(gen)).splitlines()[1:] == [
        "dP(n, t)/dt = k_b*[(n - 1)*P(n - 1, t) - n*P(n, t)]",
        "            + k_d*[(n + 1)*P(n + 1, t) - n*P(n, t)]",
        "  # P is 0 where a count is negative",
    ]
    body = gen.latex().split("\n")[1:-1]
    assert body[0] == r"W &= k_{\mathrm{b}} \, (\hat{a} - 1) \, \hat{a} \, a \\"
    assert body[1] == r"&\quad {} + k_{\mathrm{d}} \, (1 - \hat{a}) \, a"
    pde = as_generating_function(gen).latex().split("\n")[1]
    assert r"\frac{\partial G}{\partial t} &= k_{\mathrm{b}} \, (z - 1) \, z \, \frac{\partial G}{\partial z}" in pde


def test_large_stoichiometry_and_names() -> None:
    net = rx.parse(
        "species G = 1, P = 2\nparam a = 1\n3 G + 2 P -> 5 P @ a {powers}\n2 G -> 2 G + 100 P @ 1/2\n0 -> G @ 1 + a\n"
    )
    gen = generator(net)
    assert str(gen).splitlines()[1:] == [
        "W = a*(â[P]^3 - â[G]^3) â[P]^2 a[G]^3 a[P]^2",
        "  + 0.25*(â[P]^100 - 1) â[G]^2 a[G]^2",
        "  + (1 + a)*(â[G] - 1)",
    ]
    assert "∂^5 F/(∂z[G]^3 ∂z[P]^2)" in str(as_generating_function(gen))  # G is a species: the function is F
    assert "[(G + 3)*(G + 2)*(G + 1)*(P - 3)*(P - 4)*p(G + 3, P - 3, t)" in str(as_master_equation(gen))
    single = generator(rx.parse("species A = 1\nparam a = 1\nA -> 0 @ a\n"))
    assert str(single).splitlines()[1] == "W = a*(1 - b̂) b"  # a is a parameter: the operator is b


def test_laws_are_functions_of_counts() -> None:
    gen = generator(rx.parse("species X = 1\nparam K = 2\n0 -> X rate K/(1 + X)\nX -> 0 @ 1\nX -> 0 rate X*(3 - X)\n"))
    assert str(gen).splitlines()[1:5] == [
        "W = (S[X] - 1) [K/(1 + X)]", "  + (1 - â) a", "  - (1 - â) â a^2", "  + 2*(1 - â) a",
    ]  # fmt: skip
    assert "(z - 1) [K/(1 + X)] G" in str(as_generating_function(gen))
    assert "= K/X*P(X - 1, t) - K/(1 + X)*P(X, t)" in str(as_master_equation(gen))


def test_nothing_happens() -> None:
    gen = generator(rx.parse("species A = 1\n"))
    assert str(gen).endswith("W = 0")
    assert as_master_equation(gen).latex() == (
        "\\begin{aligned}\n\\frac{\\mathrm{d}P(\\mathrm{A},t)}{\\mathrm{d}t} &= 0\n\\end{aligned}"
    )


NAMES = "ABCDEFG"
Z = {symbol(s): sp.Symbol(f"z_{s}") for s in NAMES}
NUMBERS = {f"k{i}": symbol(f"k{i}") for i in range(9)}


@given(mass_action_networks(3))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_printed_equation_of_the_generating_function_is_the_operator(net: Network) -> None:
    """Read back word by word, on a function of which no derivative up to the sixth is zero."""
    gen = generator(net)
    alone = len(gen.species) == 1
    z = {s.name: Z[s] for s in gen.species}
    function = sp.Mul(*(1 / (1 + (k + 2) * Z[s]) for k, s in enumerate(gen.species)))

    def derivative(match: re.Match[str]) -> str:
        names = re.findall(r"∂z(?:\[(\w)\])?(?:\^(\d))?", match[0])
        order = [(z[name] if name else next(iter(z.values())), int(power or 1)) for name, power in names]
        return f"*({function.diff(*order)})"

    total = sp.Integer(0)
    for line in as_generating_function(gen).lines:
        body = line.partition("= ")[2] or line.strip()[2:]
        if body == "0":
            continue
        said = re.sub(r" ∂(?:\^\d ?)?G/(?:\(.*\)|∂\S+)", derivative, body)
        said = re.sub(r" G$", f"*({function})", said)
        said = re.sub(r"\bz\b(?!\[)", f"z_{gen.species[0].name}", said) if alone else said
        said = re.sub(r"z\[(\w)\]", r"z_\1", said)
        said = re.sub(r"(?<=[\w)]) (?=z)", "*", said).replace("^", "**")
        total += eval(said, {}, {**NUMBERS, **{s.name: s for s in Z.values()}})
    expected = ladder(gen).act_on(function, {s: Z[s] for s in gen.species})
    where = {**{s: sp.Rational(1, 3 + k) for k, s in enumerate(Z.values())}}
    where |= {s: sp.Integer(2 * k + 1) for k, s in enumerate(NUMBERS.values())}
    assert sp.sympify(total).xreplace(where) == expected.xreplace(where)


@given(mass_action_networks(5))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_printed_master_equation_is_that_of_the_jumps(net: Network) -> None:
    gen, jumps = generator(net), rx.jump_process(net).jumps
    names = [s.name for s in gen.species]
    here = {name: 7 + 3 * k for k, name in enumerate(names)}

    def chance(counts: dict[str, int]) -> sp.Rational:
        return sp.Rational(1, 1 + sum((k + 2) * n * n for k, n in enumerate(counts.values())))

    total = sp.Integer(0)
    for term, line in zip(gen.terms, as_master_equation(gen).lines, strict=False):
        named = names if len(names) <= 3 else [s.name for s, _ in term.change]

        def p(*counts: int, named: list[str] = named) -> sp.Rational:
            return chance({**here, **dict(zip(named, counts, strict=False))})

        said = (line.partition("= ")[2] or line.strip()[2:]).replace("[", "(").replace("]", ")").replace("^", "**")
        total += eval(said, {}, {**NUMBERS, **here, "P": p, "t": 0})
    expected = sp.Integer(0)
    for jump in jumps:
        before = {**here, **{s.name: here[s.name] - n for s, n in jump.change}}
        for counts, sign in ((before, 1), (here, -1)):
            at = {symbol(name): sp.Integer(n) for name, n in counts.items()}
            expected += sign * jump.propensity.xreplace(at) * chance(counts)
    assert sp.expand(total - expected) == 0


@given(mass_action_networks())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_network_has_every_form(net: Network) -> None:
    gen = generator(net)
    for form in (as_operator, as_generating_function, as_master_equation):
        equation = form(gen)
        assert len(equation.lines) == len(equation.terms) or not gen.terms
        for _, box in equation.terms:
            markup = to_mathml(box)
            assert markup.count("<m") == markup.count("</m")
        latex = equation.latex()
        assert latex.count("{") == latex.count("}")
        assert "None" not in latex + str(equation)


def test_the_command_line_writes_every_form(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "walk.rxn"
    model.write_text(WALK, encoding="utf-8")
    gen = generator(rx.parse(WALK))
    for word, form in (("generator", as_operator), ("pde", as_generating_function), ("equation", as_master_equation)):
        assert main(["derive", str(model), word]) == 0
        assert capsys.readouterr().out.strip() == str(form(gen))
        assert main(["derive", str(model), word, "--format", "latex"]) == 0
        assert capsys.readouterr().out.strip() == form(gen).latex()
    with pytest.raises(SystemExit):
        main(["derive", str(model), "pde", "--format", "json"])
    assert "an operator has text and latex" in capsys.readouterr().err
