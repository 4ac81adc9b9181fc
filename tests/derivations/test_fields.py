"""One-body fields: the papers' functionals from the operators, and densities against exact solutions."""

from functools import cache

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import rxncompile as rx
from rxncompile.derivations.families import gaussian_counts, gaussian_family, geometric
from rxncompile.derivations.field_operators import coordinates, field_operator, functional_derivative
from rxncompile.derivations.fields import Grid, diffusion_functional, functionals, project_fields
from rxncompile.derivations.projection import project
from rxncompile.errors import RxnError
from rxncompile.expressions import symbol
from rxncompile.operators import generator

WALK = "species A = 1\nparam kb = 1, kd = 1.5, D = 0.5\nA -> 2 A @ kb\nA -> 0 @ kd\n"
D, y = symbol("D"), symbol("y")
UNIT = ((sp.S.Zero, sp.S.One),)


def test_diffusion_gives_the_papers_functional() -> None:
    """Ernst et al. 2018, Eq. 34: the erratum's signs, nu'' with +D and nu'^2 with -D."""
    formula, nu, space = diffusion_functional(D)
    assert formula == D * nu.diff(space, 2) - D * nu.diff(space) ** 2
    # Eq. 33, the spreading point source of Eq. 31, solves it
    t, n = sp.symbols("t n", positive=True)
    spread = sp.log(1 + 1 / n) + sp.log(4 * sp.pi * D * t) / 2 + space**2 / (4 * D * t)
    assert sp.cancel(formula.subs(nu, spread).doit() - spread.diff(t)) == 0


def test_branching_leaves_the_field_to_diffusion_and_the_counts_to_themselves() -> None:
    """Ernst et al. 2018, Eqs. 42-43: the field's motion is Eq. 34, that of the counts Eq. 29."""
    net = rx.parse(WALK)
    found = functionals(generator(net), {"A": D}, sp.Integer(3))
    A = generator(net).species[0]
    nu, space = found.fields[A], found.space[0]
    assert found.rates[A] == D * nu.diff(space, 2) - D * nu.diff(space) ** 2
    counts = gaussian_counts((sp.Integer(-50), sp.Rational(1, 2)))
    walk = project_fields(net, counts, {"A": D}, Grid(UNIT, (6,)))
    mixed = project(net, counts)
    point = {"nu[1]": -2, "nu[2]": sp.Rational(1, 3)}
    field = {s.label: sp.Rational(k, 7) for k, s in enumerate(walk.states[2:])}
    alone = mixed.evaluate(point)
    assert {k: v for k, v in walk.evaluate({**point, **field}).items() if k in alone} == alone
    # Eq. 29 written out, at kb = 1, kd = 3/2
    one, two, kb, kd = sp.Integer(-2), sp.Rational(1, 3), sp.S.One, sp.Rational(3, 2)
    assert alone["nu[1]"] == one * (kd - kb + (kb + kd) * one) - two / 2 * (kb - kd + (kb + kd) * one)
    assert alone["nu[2]"] == -two / 2 * (kd * (-4 - 2 * one + two) + kb * (4 - 2 * one + two))


def test_functional_derivatives() -> None:
    """Of f f'' it is 2 f'', of f'^2/2 it is -f'', of a divergence 0."""
    f = sp.Function("f")(y)
    assert sp.expand(functional_derivative(f * f.diff(y, 2), f, (y,)) - 2 * f.diff(y, 2)) == 0
    assert functional_derivative(f.diff(y) ** 2 / 2, f, (y,)) == -f.diff(y, 2)
    assert functional_derivative((f**2 * sp.sin(y)).diff(y), f, (y,)).simplify() == 0


def test_the_density_of_the_operator_moves_by_reaction_and_diffusion() -> None:
    """d a_A/dt of A + B -> 2 A, 2 A -> 0 with D: the rate equations of a reaction-diffusion system, in fields."""
    net = rx.parse("species A = 1, B = 1\nparam k = 1, q = 2, D = 1\nA + B -> 2 A @ k\n2 A -> 0 @ q\n")
    gen = generator(net)
    op = field_operator(gen, {"A": D}, sp.S.One, coordinates(2))
    A, B = gen.species
    a, b = op.destroy[A], op.destroy[B]
    laplacian = sum(a.diff(x, 2) for x in op.space)
    assert sp.expand(op.density_rate(A) - (D * laplacian + symbol("k") * a * b - symbol("q") * a**2)) == 0
    assert sp.expand(op.density_rate(B) + symbol("k") * a * b) == 0


# ---------------------------------------------------------------------------------------------- on a grid


def density(times: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Exact, between walls at 0 and 1 with D = 1/2: 1 + cos(pi y) exp(-pi^2 t/2)/2."""
    return 1 + 0.5 * np.exp(-(np.pi**2) * 0.5 * times)[:, None] * np.cos(np.pi * where)[None, :]


WAVE = {"A": -sp.log(1 + sp.cos(sp.pi * y) / 2)}


@cache
def worst(points: int, accuracy: int) -> float:
    times = np.array([0.0, 0.1, 0.3])
    grid = Grid(UNIT, (points,), accuracy=accuracy)
    net = rx.parse("species A = 1\nparam D = 0.5\n")
    path = rx.integrate(project_fields(net, None, {"A": D}, grid, WAVE), times, rtol=1e-10, atol=1e-12)
    where = (np.arange(points) + 0.5) / points
    found = np.stack([path[f"rho[A,{j}]"] for j in range(points)], axis=1)
    return float(np.abs(found - density(times, where)).max())


@pytest.mark.parametrize("accuracy", [2, 4])
def test_diffusion_converges_at_the_order_of_the_differences(accuracy: int) -> None:
    """Halving the spacing divides the error by 2^accuracy; within 20 % of the order at these spacings."""
    errors = [worst(n, accuracy) for n in (10, 20, 40)]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert errors[-1] < 1e-3
    assert (np.abs(orders - accuracy) < 0.2 * accuracy).all(), (errors, orders)


def test_a_branching_walk_has_the_exact_mean_and_density() -> None:
    """<n> grows by exp((kb - kd) t), exactly in this family; the density is <n> times that of diffusion."""
    times = np.array([0.0, 0.2, 1.0])
    points = 40
    counts = gaussian_counts((sp.Integer(-100), sp.Rational(1, 2)))
    system = project_fields(rx.parse(WALK), counts, {"A": D}, Grid(UNIT, (points,)), WAVE)
    path = rx.integrate(system, times, rtol=1e-10, atol=1e-12)
    mean = 200.5 * np.exp(-0.5 * times)
    np.testing.assert_allclose(path["<A>"], mean, rtol=1e-8)
    where = (np.arange(points) + 0.5) / points
    found = np.stack([path[f"rho[A,{j}]"] for j in range(points)], axis=1)
    # the differences are of order 2: (pi/40)^2/12 = 5e-4 of the changes
    np.testing.assert_allclose(found, mean[:, None] * density(times, where), rtol=1e-3)


def test_a_periodic_plane() -> None:
    """exp(-8 pi^2 D t) cos(2 pi y1) cos(2 pi y2) on the torus; 4th order, 16 points a wave: (2 pi/16)^4/90 = 3e-4."""
    space = coordinates(2)
    wave = sp.cos(2 * sp.pi * space[0]) * sp.cos(2 * sp.pi * space[1]) / 2
    grid = Grid(UNIT * 2, (16, 16), periodic=True, accuracy=4)
    net = rx.parse("species A = 1\nparam D = 0.1\n")
    path = rx.integrate(project_fields(net, None, {"A": D}, grid, {"A": -sp.log(1 + wave)}), [0, 0.1], rtol=1e-9)
    for j, k in [(0, 0), (8, 8), (3, 5), (0, 8)]:
        height = 0.5 * np.cos(2 * np.pi * j / 16) * np.cos(2 * np.pi * k / 16)
        exact = 1 + height * np.exp(-8 * np.pi**2 * 0.1 * 0.1)
        assert path[f"rho[A,{j},{k}]"][1] == pytest.approx(exact, rel=1e-3)


REACTING = "species A = 1, B = 1\nparam D = 0.5\nA + B -> 2 A @ 0.1\n2 A -> B @ 0.3\n0 -> A @ 2\nB -> 0 @ 1\n"


def reacting() -> tuple[rx.System, rx.System, int]:
    net, one = rx.parse(REACTING), sp.S.One
    counts = gaussian_family(["A", "B"], [one * 20, one * 30], [[one * 9, one], [one, one * 16]])
    grid = Grid(((sp.S.Zero, sp.Integer(2)),), (8,))
    return project_fields(net, counts, {"A": D}, grid), project(net, counts), 8


def test_uniform_fields_react_as_in_a_well_mixed_volume() -> None:
    """Any |V|: the fields stay log |V| and the counts follow the same equations."""
    spatial, mixed, points = reacting()
    counts = {"<A>": 20, "<B>": 30, "<A^2>_c": 9, "<A*B>_c": 1, "<B^2>_c": 16}
    fields = {f"nu[{s},{j}]": sp.log(2) for s in "AB" for j in range(points)}
    found = spatial.evaluate({**counts, **fields})
    for label, rate in mixed.evaluate(counts).items():
        assert float(found[label] - rate) == pytest.approx(0, abs=1e-12 * (1 + abs(float(rate))))
    assert all(abs(float(found[label])) < 1e-12 for label in fields)


@settings(max_examples=15)
@given(st.lists(st.floats(-1, 1), min_size=16, max_size=16))
def test_particles_made_anywhere_are_counted(heights: list[float]) -> None:
    """Without diffusion, the sum of d rho_j/dt over the cells is d<n>/dt for any normalised fields."""
    net, one = rx.parse(REACTING), sp.S.One
    counts = gaussian_family(["A", "B"], [one] * 2, [[one, one]] * 2)
    system = project_fields(net, counts, {}, Grid(((sp.S.Zero, sp.Integer(2)),), (8,)))
    point = {"<A>": 20.0, "<B>": 30.0, "<A^2>_c": 9.0, "<A*B>_c": 1.0, "<B^2>_c": 16.0}
    h = 0.25
    for k, name in enumerate("AB"):
        nu = np.array(heights[8 * k : 8 * k + 8])
        nu = nu + np.log(h * np.exp(-nu).sum())
        point |= {f"nu[{name},{j}]": float(x) for j, x in enumerate(nu)}
    rates = {k: float(v) for k, v in system.evaluate({k: sp.Float(v, 17) for k, v in point.items()}).items()}
    for name in "AB":
        total = 0.0
        for j in range(8):
            p = np.exp(-point[f"nu[{name},{j}]"])
            total += h * p * (rates[f"<{name}>"] - point[f"<{name}>"] * rates[f"nu[{name},{j}]"])
        assert total == pytest.approx(rates[f"<{name}>"], rel=1e-9, abs=1e-9)


def test_a_point_source_spreads_by_the_geometric_family_too() -> None:
    """The field does not mind which family the counts follow."""
    net = rx.parse(WALK)
    grid = Grid(UNIT, (6,))
    systems = [
        project_fields(net, counts, {"A": D}, grid)
        for counts in (geometric(), gaussian_counts((sp.Integer(-9), sp.S.One)))
    ]
    field = {f"nu[A,{j}]": sp.Rational(j * j, 9) for j in range(6)}
    first = systems[0].evaluate({"nu[1]": 1, **field})
    second = systems[1].evaluate({"nu[1]": -9, "nu[2]": 1, **field})
    assert all(first[label] == second[label] for label in field)


def test_what_has_no_local_form_is_refused() -> None:
    hill = rx.parse("species A = 1\nA -> 0 rate A/(1 + A)\n")
    with pytest.raises(RxnError, match="no local form"):
        project_fields(hill, geometric(), {}, Grid(UNIT, (6,)))
    with pytest.raises(RxnError, match="no species"):
        project_fields(rx.parse(WALK), geometric(), {"B": D}, Grid(UNIT, (6,)))
    with pytest.raises(RxnError, match="no family"):
        project_fields(rx.parse(WALK), None, {"A": D}, Grid(UNIT, (6,)))
    with pytest.raises(RxnError, match="no grid"):
        Grid(UNIT, (2,), accuracy=4)
