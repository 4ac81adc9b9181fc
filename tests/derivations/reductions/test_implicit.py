"""Balances without a closed form: what the field finds is the one positive state, against scipy and the full model."""

from collections.abc import Callable
from functools import cache
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mechanisms import MOVING, PAIRS
from scipy.optimize import least_squares
from test_roots import CASES as CLOSED

import rxncompile as rx
from rxncompile.derivations import reductions
from rxncompile.derivations.reductions import Reduction
from rxncompile.derivations.reductions.roots import NoClosedFormError
from rxncompile.errors import RxnError
from rxncompile.structure.slopes import Slope

PLACE = "rxncompile.derivations.reductions"  # functions are called as their files are

EXCHANGE = """
species A = 1, B = 1, AA, BB, AB
2 A <-> AA @ 1, 1 {fast}
2 B <-> BB @ 1, 1 {fast}
AA + BB <-> 2 AB @ 1, 1 {fast}
lose: AB -> 0 @ 0.01
"""
TOGGLE = """
species U = 3 {fast}, V = 0.1 {fast}, Y = 1
param a = 10
0 -> U rate a*Y/(1 + V^4)
0 -> V rate a*Y/(1 + U^4)
U -> 0 @ 1
V -> 0 @ 1
U + Y -> U @ 0.01
"""


@cache
def pairs() -> Reduction:
    return reductions.equilibrium(rx.parse(PAIRS))


@cache
def moving() -> Reduction:
    return reductions.equilibrium(rx.parse(MOVING))


def outputs(system: rx.System) -> Callable[[np.ndarray, np.ndarray], dict[str, float]]:
    """Outputs by label at states and parameters."""
    kernel = rx.lambdify(system, "outputs")

    def at(y: np.ndarray, p: np.ndarray) -> dict[str, float]:
        out = np.empty(len(system.outputs))
        kernel(0.0, y, p, out)
        return dict(zip((label for label, _ in system.outputs), out, strict=True))

    return at


@cache
def outputs_of_moving() -> Callable[[np.ndarray, np.ndarray], dict[str, float]]:
    return outputs(moving().system)


# ---------------------------------------------------------------------------------------------- values


def test_constant_sums_leave_what_is_made_slow() -> None:
    found = pairs()
    assert [s.label for s in found.system.states] == ["X"]
    assert [t.name.name for t in found.totals if t.constant] == ["A_total", "B_total", "C_total"]
    assert [s.name for s in found.system.fields[0].outputs] == ["A", "B", "C"]
    assert {label for label, _ in found.system.outputs} == {"A", "B", "C", "AB", "AC", "BC"}
    assert "kept implicit" in found.notes[0] and "at 637 points tried" in found.notes[0]
    assert found.network is None and "no reaction network" in found.notes[-1]


def by_scipy(k: float, r: float, sums: np.ndarray) -> np.ndarray:
    """A, B, C at given sums, by bounded least squares in their logarithms."""

    def off(u: np.ndarray) -> np.ndarray:
        a, b, c = np.exp(u)
        ab, ac, bc = k / r * a * b, k / (2 * r) * a * c, k / (3 * r) * b * c
        return np.log(np.array([a + ab + ac, b + ab + bc, c + ac + bc]) / sums)

    solved = least_squares(off, np.log(sums), xtol=1e-15, ftol=1e-15, gtol=1e-15)
    assert np.abs(solved.fun).max() < 1e-12
    return np.exp(solved.x)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-8.0, 8.0), min_size=5, max_size=5))
def test_species_at_random_sums_are_those_of_scipy(logarithms: list[float]) -> None:
    """Over seven decades of sums and rate constants: to 1e-9, what scipy's steps leave; sums are kept to rounding."""
    k, r, *sums = np.exp(logarithms)
    system = moving().system
    values = {"C_total": sums[2], "k": k, "r": r}
    p = np.array([values.get(c.label, v) for c, v in zip(system.parameters, system.parameter_vector(), strict=True)])
    y = np.array([{"A_total": sums[0], "B_total": sums[1]}.get(s.label, 0.0) for s in system.states])
    found = outputs_of_moving()(y, p)
    expected = by_scipy(k, r, np.array(sums))
    np.testing.assert_allclose([found[x] for x in "ABC"], expected, rtol=1e-9)
    assert min(found.values()) > 0.0
    kept = [found["A"] + found["AB"] + found["AC"], found["B"] + found["AB"] + found["BC"],
            found["C"] + found["AC"] + found["BC"]]  # fmt: skip
    np.testing.assert_allclose(kept, sums, rtol=1e-14)


@st.composite
def bindings(draw: st.DrawFn) -> str:
    """Two to four monomers, dimers of some pairs of them (some with themselves), a trimer perhaps; all bind fast."""
    count = draw(st.integers(2, 4))
    names = [f"M{i}" for i in range(count)]
    pairs_of = [(i, j) for i in range(count) for j in range(i, count)]
    made = draw(st.lists(st.sampled_from(pairs_of), min_size=count, max_size=count + 2, unique=True))
    lines = ["species " + ", ".join(f"{n} = {draw(st.integers(1, 9))}" for n in names) + ", X"]
    for i, j in made:
        left = f"2 {names[i]}" if i == j else f"{names[i]} + {names[j]}"
        there, back = draw(st.integers(1, 50)), draw(st.integers(1, 9))
        lines.append(f"species D{i}{j}\n{left} <-> D{i}{j} @ {there}, {back} {{fast}}")
    if draw(st.booleans()):
        i, j = made[0]
        lines.append(f"species T\nD{i}{j} + {names[-1]} <-> T @ 3, 1 {{fast}}")
    lines.append(f"D{made[0][0]}{made[0][1]} -> D{made[0][0]}{made[0][1]} + X @ 0.1")
    return "\n".join(lines)


@settings(max_examples=6, deadline=None)
@given(bindings())
def test_any_mass_action_equilibrium_is_found(text: str) -> None:
    """Balances hold to 1e-9 of their terms, sums to rounding, and nothing is negative: by formulas or by fields."""
    found = reductions.equilibrium(rx.parse(text))
    path = rx.integrate(found.system, [0.0, 1.0])
    point = {s: float(path[s.name][-1]) for s in found.mechanism.states}
    for t in found.totals:
        start = sum(c * float(found.mechanism.states[s].initial) for s, c in t.weights.items())
        assert sum(c * point[s] for s, c in t.weights.items()) == pytest.approx(start, rel=1e-7)
    assert min(point.values()) >= 0.0
    for _, condition in found.conditions:
        terms = [Slope({}, point)(term)[0] for term in condition.expand().args]
        assert abs(sum(terms)) <= (1e-9 if found.system.fields else 1e-6) * sum(map(abs, terms))


# ---------------------------------------------------------------------------------------------- closed forms


@pytest.mark.parametrize("case", ["one enzyme", "dimer", "gene", "dimer on a gene"])
def test_implicit_is_the_closed_form(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is a formula: outputs and right-hand sides at random sums, to 1e-10 (Laguerre's steps to 1e-7)."""
    closed = CLOSED[case]()

    def no_formula(*_: object) -> None:
        raise NoClosedFormError("R526", "for this test")

    monkeypatch.setattr(import_module(f"{PLACE}.total"), "_roots", no_formula)
    implicit = CLOSED[case]()
    assert implicit.system.fields and not closed.system.fields
    assert [s.label for s in implicit.system.states] == [s.label for s in closed.system.states]
    assert implicit.system.parameters == closed.system.parameters
    mine, theirs = outputs(implicit.system), outputs(closed.system)
    kernels = [rx.lambdify(x.system) for x in (implicit, closed)]
    numbers = np.random.default_rng(7)
    p = np.array(closed.system.parameter_vector())
    tolerance = 1e-10 if "Laguerre" not in closed.notes[0] else 1e-7
    start = np.array([float(s.initial) for s in closed.system.states])
    for _ in range(20):
        y = (start + 0.1) * np.exp(numbers.uniform(-2.0, 2.0, len(start)))
        one, other = mine(y, p), theirs(y, p)
        assert one.keys() == other.keys()
        if min(other.values()) < 0.0:
            continue
        size = max(other.values())
        for label, value in other.items():
            assert one[label] == pytest.approx(value, rel=tolerance, abs=1e-13 * size), label
        rates = [np.empty(len(y)), np.empty(len(y))]
        for kernel, out in zip(kernels, rates, strict=True):
            kernel(0.0, y, p, out)
        np.testing.assert_allclose(*rates, rtol=tolerance, atol=tolerance * np.abs(rates[1]).max())
    assert implicit.validity is not None and closed.validity is not None
    assert implicit.validity.time == pytest.approx(closed.validity.time, rel=1e-6)
    assert implicit.validity.gap == pytest.approx(closed.validity.gap, rel=1e-6)
    for (label, one_epsilon), (_, other_epsilon) in zip(
        implicit.validity.epsilon, closed.validity.epsilon, strict=True
    ):
        assert one_epsilon == pytest.approx(other_epsilon, rel=1e-6, nan_ok=True), label


def test_standard_reduction_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fast pair that dimerises, with a quadratic: the same by a field."""
    text = "species X = 1, D = 0.2, Y = 2\nparam a = 3\n2 X <-> D @ a, 1\nX <-> Y @ 2, 1\nD -> 0 @ 0.1"
    closed = reductions.standard(rx.parse(text), ["X"])

    def no_formula(*_: object) -> None:
        raise NoClosedFormError("R526", "for this test")

    monkeypatch.setattr(import_module(f"{PLACE}.standard"), "balanced_roots", no_formula)
    implicit = reductions.standard(rx.parse(text), ["X"])
    assert implicit.system.fields and not closed.system.fields
    t = np.linspace(0.0, 5.0, 11)
    one, other = (rx.integrate(x.system, t, rtol=1e-10, atol=1e-12) for x in (implicit, closed))
    np.testing.assert_allclose(one["X"], other["X"], rtol=1e-8)
    np.testing.assert_allclose(one["D"], other["D"], rtol=1e-8)


def test_balances_that_share_no_species_are_solved_one_by_one() -> None:
    """Two enzymes: each has its own quadratic, and the reduction is a network."""
    text = """
    species S1 = 3, E1 = 1, C1, S2 = 2, E2 = 1.5, C2, P
    S1 + E1 <-> C1 @ 10, 5 {fast}
    S2 + E2 <-> C2 @ 20, 5 {fast}
    C1 -> E1 + P @ 0.1
    C2 -> E2 + P @ 0.1
    """
    found = reductions.total(rx.parse(text), ["C1", "C2"])
    assert not found.system.fields and found.network is not None and len(found.notes) == 2
    path = rx.integrate(found.system, [0.0, 4.0])
    for s, e, c, k, start in (("S1", "E1", "C1", 0.51, 1.0), ("S2", "E2", "C2", 0.255, 1.5)):
        np.testing.assert_allclose(path[c] * k, path[s] * path[e], rtol=1e-9)
        np.testing.assert_allclose(path[e] + path[c], start, rtol=1e-12)


# ---------------------------------------------------------------------------------------------- other balances


@pytest.mark.parametrize(
    ("balance", "root"),
    [
        ("Y + 1 - exp(X)", lambda y: np.log(y + 1.0)),
        ("Y - X - X^3", lambda y: next(x.real for x in np.roots([1.0, 0.0, 1.0, -y]) if abs(x.imag) < 1e-9)),
        ("Y - X^15", lambda y: y ** (1 / 15)),
    ],
    ids=["exponential", "no sum bounds it", "degree 15"],
)
def test_one_species_without_a_closed_form(balance: str, root: Callable[[float], float]) -> None:
    found = reductions.standard(rx.parse(f"species X = 1, Y = 1\nX' = {balance}\nY -> 0 @ X"), ["X"])
    assert found.system.fields and "kept implicit" in found.notes[0]
    at = outputs(found.system)
    for y in (1e-3, 0.1, 1.0, 30.0, 400.0):
        assert at(np.array([y]), np.zeros(0))["X"] == pytest.approx(root(y), rel=1e-12)


def test_linear_balances_whose_formulas_would_be_too_long() -> None:
    """Every pair of seven states exchanges at rates of its own; by numerical linear algebra instead."""
    n = 7
    lines, matrix = [f"species S[0..{n - 1}] = 1, X = 1"], np.zeros((n, n))
    for i in range(n):
        for j in range(i):
            there, back = 1 + i / 4, 1 + j / 8
            lines.append(f"param a_{i}_{j} = {there}, b_{i}_{j} = {back}\nS[{i}] <-> S[{j}] @ a_{i}_{j}, b_{i}_{j}")
            matrix[[i, j], [i, i]] += [-there, there]
            matrix[[j, i], [j, j]] += [-back, back]
    lines.append("X + S[0] -> S[0] @ 1")
    found = reductions.standard(rx.parse("\n".join(lines)), ["S"])
    matrix[-1] = 1.0
    expected = np.linalg.solve(matrix, np.array([0.0] * (n - 1) + [float(n)]))
    path = rx.integrate(found.system, [0.0, 1.0])
    np.testing.assert_allclose([path[f"S[{i}]"][-1] for i in range(n)], expected, rtol=1e-10)


# ---------------------------------------------------------------------------------------------- zeros and ties


def test_a_sum_of_zero_is_no_obstacle() -> None:
    """No B at the start: what is made of it is exactly 0, then grows; a run goes through."""
    path = rx.integrate(moving().system, np.linspace(0.0, 5.0, 6))
    assert path["B"][0] == path["AB"][0] == path["BC"][0] == 0.0
    assert (np.diff(path["AB"]) > 0.0).all()
    np.testing.assert_allclose(path["C"] + path["AC"] + path["BC"], 5.0, rtol=1e-13)


def test_formulas_that_have_no_value_where_a_sum_is_zero_give_way() -> None:
    """Laguerre's steps divide by what is 0 while there is no M0 and no M2; the field does not."""
    monomers = "species M0 = 0, M1 = 3, M2 = 0, X, C01, C11, C12, C22"
    text = f"""
    {monomers}
    M0 + M1 <-> C01 @ 30, 10 {{fast}}
    2 M1 <-> C11 @ 30, 10 {{fast}}
    M1 + M2 <-> C12 @ 1000, 10 {{fast}}
    2 M2 <-> C22 @ 0.01, 1 {{fast}}
    C01 -> C01 + X @ 0.1
    0 -> M0 @ 1
    0 -> M2 @ 1
    """
    found = reductions.equilibrium(rx.parse(text))
    assert found.system.fields
    path = rx.integrate(found.system, [0.0, 1.0, 2.0])
    assert path["C01"][0] == path["C12"][0] == path["C22"][0] == 0.0
    np.testing.assert_allclose(path["M1"] + 2.0 * path["C11"] + path["C01"] + path["C12"], 3.0, rtol=1e-13)


def test_steps_that_come_to_another_root_somewhere_give_way() -> None:
    """Laguerre's steps at a degree of 5 end at a negative amount of M2 around t = 0.93, which no run may see."""
    text = """
    species M0 = 1, M1 = 10, M2 = 0, X, C22, C11, C002
    2 M2 <-> C22 @ 30, 0.1 {fast}
    2 M1 <-> C11 @ 1000, 10 {fast}
    2 M0 + M2 <-> C002 @ 1000, 0.1 {fast}
    C22 -> C22 + X @ 0.1
    0 -> M0 @ 1
    M0 -> 0 @ 0.1
    0 -> M2 @ 1
    M2 -> 0 @ 0.1
    """
    found = reductions.equilibrium(rx.parse(text))
    path = rx.integrate(found.system, np.linspace(0.0, 1.2, 25))
    for s in ("M0", "M1", "M2", "C22", "C11", "C002"):
        assert (path[s] >= 0.0).all(), s
    np.testing.assert_allclose(path["C002"], 5000.0 * path["M0"] ** 2 * path["M2"], rtol=1e-12)
    assert [s.name for s in found.system.fields[0].outputs] == ["M0", "M2"]  # M1 has its own quadratic


def test_roots_that_rounding_made_two_of_are_one() -> None:
    """A mass-action equilibrium is unique: a polynomial of high degree that shows two is not believed."""
    text = """
    species M0 = 3, M1 = 3, M2 = 0, M3 = 0, X, C13, C333, C233, C11
    M1 + M3 <-> C13 @ 0.01, 1 {fast}
    3 M3 <-> C333 @ 1, 0.1 {fast}
    M2 + 2 M3 <-> C233 @ 30, 1 {fast}
    2 M1 <-> C11 @ 1, 0.1 {fast}
    C13 -> C13 + X @ 0.1
    0 -> M2 @ 1
    0 -> M3 @ 1
    """
    found = reductions.equilibrium(rx.parse(text))
    assert found.system.fields
    rx.integrate(found.system, [0.0, 1.0])


def test_a_root_far_above_what_there_is_at_the_start() -> None:
    """0.3 U = 8 sqrt(U + 0.7) at U = 711.8, 356 times Y, which is the largest at the start."""
    text = "species U = 1 {fast}, Y = 2\n0 -> U rate 4*Y*sqrt(U + 0.7)\nU -> 0 @ 0.3\nY -> 0 @ 0.01*U"
    found = reductions.standard(rx.parse(text))
    u = float(rx.integrate(found.system, [0.0, 1e-9])["U"][0])
    assert 0.3 * u == pytest.approx(8.0 * np.sqrt(u + 0.7), rel=1e-12) and u > 700.0


def refused(text: str, form: Callable[..., Reduction], **options: object) -> RxnError:
    with pytest.raises(RxnError) as caught:
        form(rx.parse(text), **options)
    assert caught.value.code == "R526", str(caught.value)
    return caught.value


def test_a_sum_of_zero_at_which_equations_are_singular_is_named() -> None:
    assert reductions.equilibrium(rx.parse(EXCHANGE)).system.fields
    error = refused(EXCHANGE.replace("A = 1", "A = 0"), reductions.equilibrium)
    assert "A_total is 0 at the start" in str(error)


def test_two_states_of_several_species_are_a_tie() -> None:
    error = refused(TOGGLE, reductions.standard)
    assert "several chemical states balance (U = " in error.message
    assert error.message.count("V = ") >= 2 and "where Y = " in error.message
    assert "positivity" in str(error)


def test_what_balances_do_not_decide() -> None:
    text = "species U = 1, V = 1, Y = 1\nU' = exp(Y) - exp(U + V)\nV' = 2*exp(Y) - 2*exp(U + V)\nY -> 0 @ U"
    assert "does not decide" in refused(text, reductions.standard, fast=["U", "V"]).message


def test_no_correction_is_claimed_of_roots() -> None:
    with pytest.raises(RxnError, match="not linearly"):
        reductions.standard(rx.parse("species X = 1, Y = 1\nX' = Y + 1 - exp(X)\nY -> 0 @ X"), ["X"], correction=True)
