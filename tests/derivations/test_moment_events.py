"""Events, times, volumes and conservation laws in moment equations, against sums over states and exact solutions."""

from fractions import Fraction
from math import prod

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import rxncompile as rx
from rxncompile.derivations.closures import close, gaussian
from rxncompile.derivations.moments import moments
from rxncompile.errors import RxnError
from rxncompile.monomials import (
    Kind,
    Monomial,
    central_from_raw,
    cumulant_from_raw,
    factorial_from_raw,
    label_names,
    read_label,
)
from rxncompile.operators import generator

CONVERT = {Kind.CENTRAL: central_from_raw, Kind.FACTORIAL: factorial_from_raw, Kind.CUMULANT: cumulant_from_raw}
Points = list[tuple[int, int]]


def moment(points: Points, m: Monomial, kind: Kind) -> sp.Expr:
    """Of equally likely points."""

    def raw(part: Monomial) -> sp.Expr:
        return sp.Rational(Fraction(sum(prod(n[i] for i in part) for n in points), len(points)))

    return raw(m) if kind is Kind.RAW or len(m) == 1 else CONVERT[kind](m, raw)


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(list(Kind)),
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=4),
    st.lists(st.integers(0, 3), min_size=6, max_size=6),
)
def test_an_event_maps_every_moment(kind: Kind, points: Points, c: list[int]) -> None:
    """A -> c0 + c1 A + c2 A B at once with B -> c3 + c4 A + c5 B, for any distribution, to order 3."""
    net = rx.parse(f"""species A = 1, B = 2
param v = {c[0]}
A -> B @ 1
at 2 : A = v + {c[1]}*A + {c[2]}*A*B, B = {c[3]} + {c[4]}*A + {c[5]}*B
""")
    system = moments(net, 3, kind)
    names = label_names(generator(net).species)
    values: dict[sp.Basic, sp.Expr] = dict(system.environment())
    where = {}
    for s in (*system.states, *system.frontier):
        found = read_label(s.label, names)
        assert found is not None
        where[s.symbol] = found[0]
        values[s.symbol] = moment(points, found[0], kind)
    (event,) = system.events
    for _, value in event.assignments:  # may name moments of higher order, which a closure would give
        for s in value.free_symbols - values.keys():
            found = read_label(s.name, names)
            assert found is not None
            values[s] = moment(points, found[0], kind)
    after = [(c[0] + c[1] * a + c[2] * a * b, c[3] + c[4] * a + c[5] * b) for a, b in points]
    assert len(event.assignments) == 9
    for name, value in event.assignments:
        assert value.xreplace(values) == moment(after, where[name], kind)


EVENTFUL = """species A = 20, B = 4
param k = 1, made = 3
A -> B @ k
B -> 0 @ 0.5
0 -> A @ made
at 1 : A = 2*A + B, made = 1
at 2.5 : B = 10, k = 0.1
at 2.5 : A = A + B
"""


@pytest.mark.parametrize("kind", [Kind.RAW, Kind.CENTRAL])
def test_events_of_counts_and_parameters_against_the_master_equation(kind: Kind) -> None:
    """1e-6: the box of the master equation and both integrators."""
    net, times = rx.parse(EVENTFUL), np.array([0.0, 0.5, 1.0, 2.0, 2.5, 4.0])
    path = rx.integrate(moments(net, 2, kind), times, rtol=1e-11)
    exact = rx.master_equation(rx.jump_process(net), times, error=1e-9)
    for s in "AB":
        np.testing.assert_allclose(path[f"<{s}>"], exact.mean_of(s), rtol=1e-6)
        second = path[f"<{s}^2>"] - path[f"<{s}>"] ** 2 if kind is Kind.RAW else path[f"<{s}^2>_c"]
        np.testing.assert_allclose(second, exact.sd_of(s) ** 2, rtol=1e-5, atol=1e-6)


def test_a_product_in_an_event_needs_a_closure() -> None:
    system = moments(rx.parse("species A = 3, B = 2\nA -> B @ 1\nat 1 : A = A*B\n"), 2)
    assert [s.label for s in system.frontier] == ["<A*B^2>", "<A^2*B^2>"]
    path = rx.integrate(close(system, gaussian), [0, 2], rtol=1e-8)
    assert path["<A>"][1] > 0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("when A <= 2 : A = 5", "waits for a state"),
        ("at 1 : A = floor(A/2)", "no polynomial"),
        ("at 1 : A = A/(1 + B)", "no polynomial"),
        ("at 1 : k = 0.1*A", "random number"),
    ],
)
def test_what_moments_cannot_tell_is_refused_by_name(line: str, message: str) -> None:
    with pytest.raises(RxnError, match=message) as refused:
        moments(rx.parse(f"species A = 9, B = 1\nparam k = 1\nA -> B @ k\n{line}\n"), 2)
    (told,) = refused.value.diagnostics
    assert told.code == "R518" and told.span is not None and told.span.line == 4


def test_rates_that_depend_on_time() -> None:
    """0 -> A @ 5 (1 + sin t), A -> 0: a Poisson variable at all times, of a mean that is known."""
    net = rx.parse("species A\n0 -> A @ 5*(1 + sin(t))\nA -> 0 @ 1\n")
    times = np.linspace(0, 8, 9)
    path = rx.integrate(moments(net, 2, Kind.CENTRAL), times, rtol=1e-11)
    mean = 5 * (1 - np.exp(-times)) + 2.5 * (np.sin(times) - np.cos(times) + np.exp(-times))
    np.testing.assert_allclose(path["<A>"], mean, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(path["<A^2>_c"], mean, rtol=1e-9, atol=1e-9)


def test_moments_are_of_molecules_whatever_a_name_means() -> None:
    """The means of a linear network are the rate equations times the volume; two sizes of one compartment."""
    text = """units amount = count
compartment cell = 2
species A : conc in cell = 5, B : conc in cell = 3
A <-> B @ 0.4, 0.2
0 -> A @ 3
"""
    for size in (2, 6):
        net = rx.parse(text.replace("cell = 2", f"cell = {size}"))
        path = rx.integrate(moments(net, 2), [0, 1, 3], rtol=1e-11)
        rates = rx.integrate(rx.rate_equations(net), [0, 1, 3], rtol=1e-11)
        exact = rx.master_equation(rx.jump_process(net), [0, 1, 3], error=1e-8)
        for s in "AB":
            np.testing.assert_allclose(path[f"<{s}>"], rates[s] * size, rtol=1e-9)
            np.testing.assert_allclose(path[f"<{s}^2>"], exact.sd_of(s) ** 2 + exact.mean_of(s) ** 2, rtol=1e-6)


ENZYME = """species S = 12, E = 3, ES, P
E + S -> ES @ 0.1
ES -> E + S @ 0.5
ES -> E + P @ 0.3
P -> S @ 0.05
"""


@pytest.mark.parametrize("kind", list(Kind))
def test_elimination_leaves_the_equations_as_they_were(kind: Kind) -> None:
    """The right-hand sides at every distribution that keeps the laws: those of the full hierarchy."""
    net = rx.parse(ENZYME)
    full, less = moments(net, 2, kind), moments(net, 2, kind, eliminate=True)
    species = [s.name for s in generator(net).species]
    names = label_names(generator(net).species)
    assert len(less.states) == 5 and len(full.states) == 14
    assert len(less.states) + len(less.outputs) == len(full.states)
    assert less.steps[-1].name == "elimination by conservation laws"
    points = [(12 - e - p, 3 - e, e, p) for e, p in ((0, 0), (1, 2), (3, 4), (2, 7))]

    def at(label: str) -> sp.Expr:
        found = read_label(label, names)
        assert found is not None
        m = found[0]

        def raw(part: Monomial) -> sp.Expr:
            return sp.Rational(Fraction(sum(prod(n[i] for i in part) for n in points), len(points)))

        return raw(m) if kind is Kind.RAW or len(m) == 1 else CONVERT[kind](m, raw)

    def slopes(system: rx.System) -> dict[str, sp.Expr]:
        values = dict(system.environment()) | {s.symbol: at(s.label) for s in (*system.states, *system.frontier)}
        return {label: rhs.xreplace(values) for label, rhs in system.equations()}

    want, found = slopes(full), slopes(less)
    assert all(found[label] == want[label] for label in found)
    values = {s.symbol: at(s.label) for s in (*less.states, *less.frontier)}
    for label, formula in less.outputs:
        assert formula.xreplace(values) == at(label)
    assert {s for s in species if f"<{s}>" not in found} == {
        label[1:-1] for label, _ in less.outputs if label[1:-1] in species
    }


def test_elimination_on_request() -> None:
    net = rx.parse(ENZYME)
    assert [s.label for s in moments(net, 1, eliminate=["E"]).states] == ["<S>", "<ES>", "<P>"]
    assert [s.label for s in moments(net, 1, eliminate=["S", "E"]).states] == ["<ES>", "<P>"]
    some = moments(net, 2, of=["<P>"], eliminate=["E", "S"])
    assert "<P>" in [s.label for s in some.states]
    path = rx.integrate(close(moments(net, 2, eliminate=True), gaussian), [0, 5], rtol=1e-10)
    full = rx.integrate(close(moments(net, 2), gaussian), [0, 5], rtol=1e-10)
    for label in ("<S>", "<E>", "<ES>", "<P>", "<E^2>", "<S*P>"):
        assert path[label][1] == pytest.approx(full[label][1], rel=1e-7)
    with pytest.raises(RxnError, match="no conservation law is left"):
        moments(net, 2, eliminate=["S", "E", "P"])
    with pytest.raises(RxnError, match="starts from a distribution"):
        moments(rx.parse("species A ~ Poisson(3), B\nA <-> B @ 1, 2\n"), 2, eliminate=True)


def test_nothing_is_eliminated_where_nothing_is_conserved() -> None:
    net = rx.parse("species A = 1\n0 -> A @ 2\nA -> 0 @ 1\n")
    assert moments(net, 2, eliminate=True) == moments(net, 2)
