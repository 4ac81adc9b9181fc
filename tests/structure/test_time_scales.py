"""Time scales against closed forms, and on any network against the derivatives of its rate equations."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from written import SIDES, mass_action

from rxncompile.derivations.rates import rate_equations
from rxncompile.errors import RxnError
from rxncompile.expressions import symbol
from rxncompile.language import parse
from rxncompile.network import Distribution, Lattice, Network, Species
from rxncompile.structure import TimeScales, time_scales

RELATIVE = 1e-12  # a few roundings of a closed form


def of(text: str) -> TimeScales:
    return time_scales(parse(text))


def rates(found: TimeScales) -> list[float]:
    return [m.rate for m in found.modes]


def test_a_decay_has_its_life_time_in_the_unit_of_the_model() -> None:
    found = of("units time = h\nspecies A = 7\nA -> 0 @ 0.25")
    assert rates(found) == [-0.25]
    assert (found.modes[0].time, found.modes[0].period, found.modes[0].species) == (4.0, math.inf, ("A",))
    assert (found.conserved, found.still, found.unit) == (0, 0, "h")


def test_a_reversible_step_relaxes_with_the_sum_of_its_constants() -> None:
    found = of("species A = 3, B\nA <-> B @ 2, 5")
    assert rates(found) == pytest.approx([-7.0], rel=RELATIVE)
    assert (found.conserved, found.still) == (1, 0)


def test_a_cascade_of_equal_steps_keeps_its_equal_eigenvalues() -> None:
    """Its Jacobian is one Jordan block, which a general method would scatter over a circle of radius eps^(1/12)."""
    names = [f"X{i}" for i in range(12)]
    steps = "\n".join(f"{a} -> {b} @ 3" for a, b in zip(names, [*names[1:], "0"], strict=True))
    found = of(f"species {', '.join(names)}\n{steps}")
    assert rates(found) == [-3.0] * 12
    assert {m.frequency for m in found.modes} == {0.0}


def test_a_chain_of_steps_has_their_constants_fastest_first() -> None:
    found = of("species A = 1, B, C\nA -> B @ 0.01\nB -> C @ 100\nC -> 0 @ 1")
    assert rates(found) == [-100.0, -1.0, -0.01]
    assert [m.species for m in found.modes] == [("B",), ("C",), ("A",)]


def test_a_ring_turns_with_roots_of_unity() -> None:
    """k (w - 1) with w^3 = 1: 0, conserved, and a pair k (-3/2 +- i sqrt(3)/2)."""
    found = of("species A = 1, B, C\nA -> B @ 2\nB -> C @ 2\nC -> A @ 2")
    (mode,) = found.modes
    assert (mode.rate, mode.frequency) == pytest.approx((-3.0, math.sqrt(3.0)), rel=RELATIVE)
    assert found.conserved == 1


@pytest.mark.parametrize(("on", "off", "turn", "enzyme", "substrate"), [(1, 1, 1, 1, 10), (50, 0.1, 2, 0.01, 3)])
def test_michaelis_menten(on: float, off: float, turn: float, enzyme: float, substrate: float) -> None:
    """At the start (no complex) with E = E0 - ES: l^2 + (on (E0 + S0) + off + turn) l + on E0 turn = 0."""
    text = f"species S = {substrate}, E = {enzyme}, ES, P\nS + E <-> ES @ {on}, {off}\nES -> E + P @ {turn}"
    found = of(text)
    b, c = on * (enzyme + substrate) + off + turn, on * enzyme * turn
    slow = -2 * c / (b + math.sqrt(b * b - 4 * c))
    assert rates(found) == pytest.approx([c / slow, slow], rel=1e-10)  # the slow one is a small difference
    assert (found.conserved, found.still) == (2, 0)


def test_lotka_volterra_turns_about_its_fixed_point() -> None:
    found = of("species X = 20, Y = 5\nX -> 2 X @ 0.5\nX + Y -> 2 Y @ 0.1\nY -> 0 @ 2")
    (mode,) = found.modes
    assert (mode.rate, mode.frequency) == pytest.approx((0.0, 1.0), abs=1e-12)
    assert mode.period == pytest.approx(2 * math.pi, rel=RELATIVE)


@pytest.mark.parametrize("b", [1.5, 2.5])
def test_the_brusselator_changes_sign_at_its_hopf_point(b: float) -> None:
    """A = 1: trace B - 2, determinant 1 at X = 1, Y = B."""
    found = of(f"species X = 1, Y = {b}\n0 -> X @ 1\nX -> Y @ {b}\n2 X + Y -> 3 X @ 1 {{powers}}\nX -> 0 @ 1")
    (mode,) = found.modes
    assert mode.rate == pytest.approx((b - 2) / 2, rel=RELATIVE)
    assert mode.frequency == pytest.approx(math.sqrt(1 - (b - 2) ** 2 / 4), rel=RELATIVE)


def test_a_ring_of_repressors() -> None:
    """x_i' = 6/(1 + x_(i-1)^2) - x_i where x = 6/(1 + x^2): eigenvalues -1 + c w, w^3 = 1, c = -2 x^2/(1 + x^2)."""
    x = float(np.roots([1, 0, 1, -6])[-1].real)
    law = "\n".join(f"0 -> X{i} rate 6/(1 + X{(i - 1) % 3}^2)\nX{i} -> 0 @ 1" for i in range(3))
    found = of(f"species X0 = {x}, X1 = {x}, X2 = {x}\n{law}")
    assert 6 / (1 + x * x) == pytest.approx(x, rel=1e-10)
    c = -2 * x * x / (1 + x * x)
    assert sorted(rates(found)) == pytest.approx([-1 + c, -1 - c / 2], rel=1e-10)
    assert max(m.frequency for m in found.modes) == pytest.approx(-c * math.sqrt(3) / 2, rel=1e-10)


ROBERTSON = "species A = {0}, B = {1}, C = {2}\nA -> B @ 0.04\n2 B -> B + C @ 3e7 {{powers}}\nB + C -> A + C @ 1e4"


def test_robertson_at_its_start_and_later() -> None:
    """A' = -0.04 A + 1e4 B C, B' = 0.04 A - 1e4 B C - 3e7 B^2, with A = 1 - B - C."""
    found = of(ROBERTSON.format(1, 0, 0))
    assert rates(found) == pytest.approx([-0.04], rel=RELATIVE)
    assert (found.conserved, found.still) == (1, 1)
    b, c = 3.6e-5, 0.02
    found = of(ROBERTSON.format(1 - b - c, b, c))
    trace = -0.04 - 1e4 * c - 6e7 * b
    determinant = (0.04 + 1e4 * b) * 6e7 * b
    fast = (trace - math.sqrt(trace**2 - 4 * determinant)) / 2
    assert rates(found) == pytest.approx([fast, determinant / fast], rel=1e-9)
    assert found.still == 0


def test_very_slow_parts_are_not_taken_for_rounding() -> None:
    found = of("species A = 1, B = 1\nA -> 0 @ 1e9\nB -> 0 @ 1e-9")
    assert rates(found) == [-1e9, -1e-9]
    assert found.still == 0


def test_a_disturbance_can_grow() -> None:
    found = of("species A = 1\nA -> 2 A @ 3\nA -> 0 @ 1")
    assert rates(found) == [2.0]
    assert found.modes[0].time == 0.5


def test_times_do_not_depend_on_the_unit_of_amounts() -> None:
    counts = of("compartment c = 2\nspecies A : count in c = 40, B : count in c\nA + B <-> 2 B @ 3, 1")
    moles = of("compartment c = 2\nspecies A : conc in c = 20, B : conc in c\nA + B <-> 2 B @ 3, 1")
    assert rates(counts) == pytest.approx(rates(moles), rel=RELATIVE)


def test_rates_of_change_count_and_fixed_species_do_not() -> None:
    found = of("species A = 1\nspecies W = 4 {fixed}\nparam k = 2\nA' = -k*A*W\n")
    assert rates(found) == pytest.approx([-8.0], rel=RELATIVE)
    assert found.conserved == 0


def test_a_distribution_counts_by_its_mean() -> None:
    # 2 A -> 0 @ k {powers} at <A>: rate of loss 2 k A^2, slope -4 k A
    laws = {"Poisson(7)": 7, "Uniform(2, 6)": 4, "LogNormal(0, 2)": math.exp(2), "Binomial(10, 0.3)": 3}
    for law, mean in laws.items():
        found = of(f"species A ~ {law}\n2 A -> 0 @ 0.5 {{powers}}")
        assert rates(found) == pytest.approx([-2.0 * mean], rel=RELATIVE), law


def test_what_has_no_slope_or_no_well_mixed_reading_is_refused() -> None:
    cases = {
        "no slope": parse("species A\nA -> 0 rate sqrt(A)"),
        "no value": parse("species A, B = 1\nB -> 0 rate B/A"),
        "lattice": replace(parse("species A\nA -> 0 @ 1"), lattices=(Lattice("L", (5,)),)),
        "whose mean is not known": Network("n", species=(Species("A", initial=Distribution("Cauchy", ())),)),
    }
    for name, net in cases.items():
        with pytest.raises(RxnError) as caught:
            time_scales(net)
        assert caught.value.code == "R412", name


def test_nothing_moves() -> None:
    found = of("species A = 1")
    assert (found.modes, found.conserved, found.still) == ((), 1, 0)


# ---------------------------------------------------------------------------------------------- any network


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(SIDES, SIDES, st.integers(1, 9)), max_size=6),
    st.lists(st.integers(0, 4), min_size=5, max_size=5),
)
def test_modes_are_the_roots_of_the_characteristic_polynomial(steps: list, starts: list[int]) -> None:
    """Derivatives by sympy, the polynomial in exact numbers: no eigenvalue is computed by the test."""
    net = mass_action(steps, starts)
    found = time_scales(net)
    system = rate_equations(net)
    states = [s.symbol for s in net.species]
    at = dict(zip(states, starts, strict=True))
    jacobian = sp.Matrix(list(system.rhs)).jacobian(states).subs(at)
    wanted = [complex(c) for c in jacobian.charpoly(symbol("l")).all_coeffs()]
    roots = [complex(m.rate, m.frequency) for m in found.modes]
    roots += [z.conjugate() for z in roots if z.imag]
    roots += [0j] * (found.conserved + found.still)
    assert len(roots) == len(states)
    scale = max([1.0, *map(abs, roots)])
    got = np.poly(np.array(roots) / scale)
    # a root of multiplicity m moves by eps^(1/m), the polynomial by eps times its condition
    assert np.allclose(got, np.array(wanted) / scale ** np.arange(len(wanted)), atol=1e-9)
