"""Count exponentials in a finite box: exact where the family holds every distribution of the box."""

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import rxncompile as rx
from rxncompile.derivations.discrete import count_exponentials
from rxncompile.derivations.projection import project
from rxncompile.errors import RxnError

# the two processes stay in their box
PAIR = "species A = 1, B = 1\nparam k = 0.7\nA -> 0 @ k\nA + B -> B @ 2\nA + B -> 0 @ 0.5\nB -> 0 @ 0.3\n"
THREE = "species A = 3\n3 A -> A @ 0.4\n2 A -> A @ 0.6\nA -> 0 @ 1\n"


@pytest.mark.parametrize(
    ("text", "most", "statistics", "labels"),
    [
        (PAIR, [1, 1], [(0,), (1,), (0, 1)], ["<A>", "<B>", "<A*B>_f"]),
        (THREE, [3], [(0,), (0, 0), (0, 0, 0)], ["<A>", "<A^2>_f"]),
    ],
)
def test_a_family_of_all_distributions_follows_the_master_equation(
    text: str, most: list[int], statistics: list[tuple[int, ...]], labels: list[str]
) -> None:
    """The start is uniform on the box; both sides are integrated numerically, to 1e-10 or better."""
    net = rx.parse(text)
    times = np.array([0.0, 0.3, 1.0, 2.0])
    path = rx.integrate(project(net, count_exponentials(most, statistics)), times, rtol=1e-11, atol=1e-12)
    states = list(np.ndindex(*(n + 1 for n in most)))
    expected = np.zeros((len(times), len(labels)))
    names = [s.name for s in net.species]
    for start in states:
        # a uniform mixture of all starts
        begun = rx.with_values(net, dict(zip(names, map(int, start), strict=True)))
        found = rx.master_equation(rx.jump_process(begun), times, error=1e-12)
        for k in range(len(times)):
            means = {n: found.mean_of(n)[k] for n in names}
            if len(names) == 2:
                row = [means["A"], means["B"], found.covariance_of("A", "B")[k] + means["A"] * means["B"]]
            else:
                second = found.covariance_of("A", "A")[k] + means["A"] ** 2
                row = [means["A"], second - means["A"]]
            expected[k] += np.array(row) / len(states)
    values = np.stack([path[label] for label in labels], axis=1)
    np.testing.assert_allclose(values, expected, rtol=1e-8, atol=1e-9)


@settings(max_examples=20)
@given(st.floats(-30, 30), st.floats(-3, 3))
def test_moments_are_sums_over_the_box_and_never_overflow(one: float, two: float) -> None:
    net = rx.parse("species A = 1\nA -> 2 A @ 1\nA -> 0 @ 2\n")
    system = project(net, count_exponentials([40], [(0,), (0, 0)]))
    n = np.arange(41)
    log = -one * n - two * n * (n - 1) / 2
    p = np.exp(log - log.max())
    p /= p.sum()
    point = {"nu[1]": sp.Float(one, 17), "nu[2]": sp.Float(two, 17)}
    values = dict(zip((s.symbol for s in system.states), point.values(), strict=True))
    for name, formula in system.definitions:
        values[name] = formula.xreplace(values)
    outputs = dict(system.outputs)
    assert float(outputs["<A>"].xreplace(values)) == pytest.approx(float(n @ p), rel=1e-10)


def test_the_first_order_family_is_the_geometric_one_where_the_box_is_large() -> None:
    """nu = 1/2: a box of 80 leaves out exp(-40) of the weight."""
    net = rx.parse("species A = 1\nparam kb = 1, kd = 1.5\nA -> 2 A @ kb\nA -> 0 @ kd\n")
    system = project(net, count_exponentials([80], [(0,)], [sp.Rational(1, 2)]))
    path = rx.integrate(system, [0, 1, 3], rtol=1e-10)
    first = 1 / np.expm1(0.5)
    np.testing.assert_allclose(path["<A>"], first * np.exp(-0.5 * np.array([0, 1, 3])), rtol=1e-8)


@pytest.mark.parametrize("statistics", [[()], [(0,), (0,)], [(1,)], [(0, 0, 0)]])
def test_statistics_without_variance_are_refused(statistics: list[tuple[int, ...]]) -> None:
    with pytest.raises(RxnError, match="constant or there twice"):
        count_exponentials([2], statistics)


def test_a_box_that_is_too_large_is_refused() -> None:
    with pytest.raises(RxnError, match="states in the box"):
        count_exponentials([200, 200], [(0,)])
