"""Closing and opening again, closures mixed and of one's own, the names on the command line, and realisability."""

from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import mass_action_networks

import rxncompile as rx
from rxncompile.cli import main
from rxncompile.derivations import closures as c
from rxncompile.derivations.approximations import BY_NAME
from rxncompile.derivations.assembly import assembled, terms_of
from rxncompile.derivations.langevin import langevin_moments
from rxncompile.derivations.moments import moments
from rxncompile.errors import RxnError
from rxncompile.expressions import symbol
from rxncompile.monomials import (
    Kind,
    Lookup,
    Monomial,
    central_from_raw,
    cumulant_from_raw,
    factorial_from_raw,
    label,
    label_names,
    read_label,
)
from rxncompile.network import Network
from rxncompile.operators import generator

FROM_RAW = {Kind.CENTRAL: central_from_raw, Kind.FACTORIAL: factorial_from_raw, Kind.CUMULANT: cumulant_from_raw}


# ---------------------------------------------------------------------------------------------- kinds, opening, mixing


@settings(max_examples=40, deadline=None)
@given(mass_action_networks(most_species=3, most_reactions=3), st.sampled_from(list(c.BY_NAME)), st.data())
def test_all_kinds_are_closed_alike(net: Network, name: str, data: st.DataObject) -> None:
    """The same derivatives of the means and second moments for the same moments, whatever they are written in."""
    names = label_names(generator(net).species)
    size = len(names)
    points = [[data.draw(st.integers(1, 6)) for _ in range(size)] for _ in range(3)]

    def raw(m: Monomial) -> sp.Expr:
        return sp.Rational(sum(int(np.prod([x[i] for i in m])) for x in points), 3)

    found = []
    for kind in Kind:
        system = moments(net, 2, kind)
        if not system.frontier:
            return
        system = c.close(system, c.BY_NAME[name])
        state = {}
        for s in system.states:
            parsed = read_label(s.label, names)
            assert parsed is not None
            convert = FROM_RAW.get(kind)
            state[s.label] = raw(parsed[0]) if convert is None or len(parsed[0]) == 1 else convert(parsed[0], raw)
        speed = system.evaluate(state)
        slope = {(i,): speed[label((i,), names)] for i in range(size)}
        for i, j in combinations_with_replacement(range(size), 2):
            own = speed[label((i, j), names, kind)]
            if kind in (Kind.CENTRAL, Kind.CUMULANT):
                own += slope[i,] * raw((j,)) + slope[j,] * raw((i,))
            if kind is Kind.FACTORIAL and i == j:
                own += slope[i,]
            slope[i, j] = own
        found.append(slope)
    assert found[0] == found[1] == found[2] == found[3]


def mine(monomial: Monomial, raw: Lookup, order: int) -> sp.Expr:
    """Seven times the mean."""
    return 7 * raw(monomial[:1])


CUBIC = "species A = 5, B = 3\nparam k = 0.1\n2 A + B -> 3 A @ k\nA -> B @ 1\n0 -> A @ 2\nB -> 0 @ 0.5\n"


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("closure", [*c.BY_NAME.values(), mine], ids=lambda f: f.__name__)
def test_a_closed_hierarchy_opens_again(closure: c.Closure, kind: Kind) -> None:
    hierarchy = moments(rx.parse(CUBIC), 2, kind)
    suffix = {Kind.RAW: "", Kind.CENTRAL: "_c", Kind.FACTORIAL: "_f", Kind.CUMULANT: "_k"}[kind]
    for each in ({}, {f"<A^2*B>{suffix}": c.gaussian}, {f"<A^2*B^2>{suffix}": mine}):
        opened = c.opened(c.close(hierarchy, closure, each))
        assert opened == hierarchy
        assert c.close(opened, c.gaussian) == c.close(hierarchy, c.gaussian)
    with pytest.raises(RxnError, match="was not closed"):
        c.opened(hierarchy)


def test_definitions_of_the_model_stay_when_it_opens() -> None:
    net = rx.parse("param k = 2\nlet twice = 2*k*(1 + sin(t))\nspecies A = 5\n2 A -> 0 @ twice\n0 -> A @ 1\n")
    hierarchy = moments(net, 2)
    assert symbol("twice") in dict(hierarchy.definitions)
    assert c.opened(c.close(hierarchy, c.gaussian)) == hierarchy


def test_closures_are_mixed_and_say_so() -> None:
    """Of three moments one has a closure of the user's, one another of the library's, one the usual."""
    net = rx.parse(CUBIC)
    each = {"<A^2*B>": mine, "<A*B^2>": c.lognormal}
    system = c.close(moments(net, 2), c.gaussian, each)
    found, usual = dict(system.definitions), dict(c.close(moments(net, 2), c.gaussian).definitions)
    other = dict(c.close(moments(net, 2), c.lognormal).definitions)
    assert found[symbol("<A^2*B>")] == 7 * symbol("<A>")
    assert found[symbol("<A*B^2>")] == other[symbol("<A*B^2>")]
    rest = found.keys() - {symbol("<A^2*B>"), symbol("<A*B^2>")}
    assert rest and all(found[name] == usual[name] for name in rest)
    told = str(system.steps[-1])
    assert told.startswith("closure (by = gaussian, <A^2*B>: mine, <A*B^2>: lognormal)  [Goodman 1953;")
    path = rx.integrate(system, [0, 0.1])
    assert np.isfinite(path.values).all()


def test_a_closure_for_a_moment_that_is_not_needed_is_refused() -> None:
    with pytest.raises(RxnError, match="needs no closure of '<B\\^9>'") as refused:
        c.close(moments(rx.parse(CUBIC), 2), c.gaussian, {"<B^9>": mine})
    assert refused.value.diagnostics[0].code == "R519"


def test_what_is_absent_at_the_start_has_no_moments() -> None:
    """Quotients of moments that are 0 at the start are 0 there; where nothing is 0 the formulas are as published."""
    text = "species A = 9, B = {}\nA + B -> C @ 0.1\nA -> B @ 1\n0 -> A @ 5\nspecies C\n"
    there, absent = rx.parse(text.format(2)), rx.parse(text.format(0))
    for closure in (c.lognormal, c.gamma, c.derivative_matching):
        formulas = dict(c.close(moments(there, 2), closure).definitions)
        assert not formulas[symbol("<A^2*B>")].has(sp.Piecewise)
        for kind in Kind:
            system = c.close(moments(absent, 2, kind), closure)
            speed = system.evaluate({s.label: s.initial for s in system.states})
            assert speed["<B>"] == 9 and all(x.is_finite for x in speed.values())


# ---------------------------------------------------------------------------------------------- realisability

MODELS = {
    "dimers": ("species A = 20\n2 A -> 0 @ 0.05\n0 -> A @ 20\n", 5),
    "complexes": ("species A = 30, B = 20, C = 5\nA + B -> C @ 0.02\nC -> A + B @ 0.5\n0 -> A @ 3\nA -> 0 @ 0.1\n", 8),
    "gene": (
        "species G = 1, H = 0, P = 10\nG + P -> H @ 0.02\nH -> G + P @ 0.5\nG -> G + P @ 20\nP -> 0 @ 1\n", 10,
    ),
    "brusselator": (
        "species X = 1, Y = 1\n2 X + Y -> 3 X @ 0.00018\nX -> Y @ 2\n0 -> X @ 100\nX -> 0 @ 1\n", 18.7,
    ),
    "predators": ("species X = 20, Y = 10\nX -> 2 X @ 1\nX + Y -> 2 Y @ 0.05\nY -> 0 @ 1\n", 6),
}  # fmt: skip
# Of order 2: a covariance that becomes indefinite, a mean below 0, or equations that break down on the way. With these
# the conserved sums of "complexes" and "gene" fluctuate.
_QUOTIENTS = ("lognormal", "gamma", "derivative_matching")
UNREALISABLE = {
    *(("complexes", name) for name in (*_QUOTIENTS, "zero_factorial_cumulant")),
    *(("gene", name) for name in (*_QUOTIENTS, "zero_factorial_cumulant")),
    *(("brusselator", name) for name in (*_QUOTIENTS, "zero")),
}
NOT_FOR = {"conditional_gaussian": {"gene"}, "conditional_derivative_matching": {"gene"}, "linear_mapping": {"gene"}}


def worst(system: rx.System, until: float) -> float:
    """The smallest eigenvalue of the covariance over its largest along the solution, -inf if that ends.

    Or the smallest mean over the largest if that is less.
    """
    try:
        path = rx.integrate(system, np.linspace(0, until, 101), rtol=1e-9, max_evaluations=20_000)
    except RxnError:
        return -np.inf
    names = [x[1:-1] for x in path.labels if x.startswith("<") and x.endswith(">")]
    means = np.stack([path[f"<{x}>"] for x in names])
    least = min(0.0, means.min() / means.max())
    for k in range(1, len(path.t)):
        size = len(names)
        matrix = np.empty((size, size))
        for i, j in combinations_with_replacement(range(size), 2):
            matrix[i, j] = matrix[j, i] = path[label((i, j), names, Kind.CENTRAL)][k]
        values = np.linalg.eigvalsh(matrix)
        least = min(least, values[0] / values[-1])
    return float(least)


@pytest.mark.parametrize("name", BY_NAME)
@pytest.mark.parametrize("model", MODELS)
def test_moments_stay_those_of_some_distribution(model: str, name: str) -> None:
    """Means not negative, covariances positive semidefinite, to the integrator's error; what fails is known by name."""
    text, until = MODELS[model]
    net = rx.parse(text)
    if model not in NOT_FOR.get(name, {model}):
        with pytest.raises(RxnError) as refused:
            BY_NAME[name](net, 2, Kind.CENTRAL, None)
        assert refused.value.diagnostics[0].code == "R519"
        return
    realisable = worst(BY_NAME[name](net, 2, Kind.CENTRAL, None), until) > -1e-6
    assert realisable == ((model, name) not in UNREALISABLE)


def test_every_approximation_is_closed_in_every_kind() -> None:
    net = rx.parse(MODELS["gene"][0])
    for name, approximation in BY_NAME.items():
        for kind in Kind:
            if name == "langevin" and kind is Kind.FACTORIAL:
                with pytest.raises(RxnError, match="no factorial moments"):
                    approximation(net, 2, kind, None)
                continue
            system = approximation(net, 2, kind, None)
            assert not system.frontier, (name, kind)
            assert len(system.steps) >= 1


def test_a_linear_network_needs_no_closure() -> None:
    net = rx.parse("species G = 1, H\nG -> H @ 1\nH -> G @ 2\n")
    for name, approximation in BY_NAME.items():
        want = langevin_moments(net, 3) if name == "langevin" else moments(net, 3)
        assert dict(approximation(net, 3, Kind.RAW, None).equations()) == dict(want.equations())


# ---------------------------------------------------------------------------------------------- parts


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-5, 5), st.lists(st.integers(-3, 3), min_size=4, max_size=4))), st.data())
def test_assembled_sums_are_those_that_sympy_makes(drawn: list[tuple[int, list[int]]], data: st.DataObject) -> None:
    old = [symbol(f"_{k}") for k in range(4)]
    names = data.draw(st.lists(st.sampled_from([f"<{x}>" for x in "ABCDXYZ"]), min_size=4, max_size=4, unique=True))
    new = dict(zip(old, map(symbol, names), strict=True))
    formula = sp.Add(*(sp.Rational(c, 2) * sp.Mul(*(s**e for s, e in zip(old, q, strict=True))) for c, q in drawn))
    terms = terms_of(formula)
    if formula.as_coeff_Add()[0] != 0 or formula == 0:
        assert terms == ()  # a number stands alone
        return
    made, want = assembled(terms, new), formula.xreplace(new)
    assert made == want and hash(made) == hash(want) and made.args == want.args


def test_other_formulas_have_no_terms() -> None:
    a, b = symbol("a"), symbol("b")
    for formula in (sp.exp(a), 1 / (a + b), sp.sqrt(a), a * sp.pi, sp.Piecewise((a, a > 0), (b, True))):
        assert terms_of(formula) == ()


@pytest.mark.parametrize("name", BY_NAME)
def test_the_command_line_knows_every_name(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "gene.rxn"
    model.write_text(MODELS["gene"][0])
    assert main(["derive", str(model), "moments", "--closure", name]) == 0
    told = capsys.readouterr().out
    assert "open:" not in told and ("closure (by = " in told or "linear mapping" in told)
