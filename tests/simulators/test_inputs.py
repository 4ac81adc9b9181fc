"""Series given at run time: their interpolation, what they drive, and what is said of those that are not right."""

from __future__ import annotations

import numpy as np
import pytest
from driven import DRIVEN, RULES, driven, series
from scipy.interpolate import CubicSpline

from rxncompile import RxnError, integrate, parse, rate_equations
from rxncompile.derivations.driven import driven as parameters_driven
from rxncompile.simulators.inputs import DEGREES, Series, Tables, tables_of


def read(tables: Tables, t: float) -> float:
    i = tables.piece(0, t)
    return float(np.polyval(tables.coefficients[i][::-1], t - tables.knots[i]))


@pytest.mark.parametrize("points", [1, 2, 3, 4, 9])
def test_interpolation(points: int) -> None:
    times, values = series(1, points) if points > 1 else (np.array([0.0]), np.array([1.7]))
    end = float(times[-1])
    probes = np.r_[times, np.linspace(0.0, end, 37)]
    found = {rule: tables_of(driven(rule), {"u": (times, values)}, 0.0, end) for rule in RULES}
    assert [read(found["linear"], t) for t in probes] == pytest.approx(np.interp(probes, times, values).tolist())
    last = values[np.searchsorted(times, probes, side="right") - 1]
    assert [read(found["previous"], t) for t in probes] == last.tolist()
    if points > 1:
        spline = CubicSpline(times, values)(probes)
        assert [read(found["cubic"], t) for t in probes] == pytest.approx(spline.tolist(), rel=1e-12)


@pytest.mark.parametrize("points", [1, 2, 3, 7])
@pytest.mark.parametrize("rule", RULES)
def test_pull_is_the_transpose_of_push(rule: str, points: int) -> None:
    times, values = series(2, points) if points > 1 else (np.array([0.0]), np.array([1.7]))
    tables = tables_of(driven(rule), {"u": (times, values)}, 0.0, float(times[-1]))
    rng = np.random.default_rng(3)
    directions, gradient = rng.normal(size=(5, points)), rng.normal(size=(points, DEGREES))
    left = np.einsum("dnk,nk->d", tables.push(directions), gradient)
    np.testing.assert_allclose(left, directions @ tables.pull(gradient), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("method", ["LSODA", "BDF", "Radau", "RK45", "DOP853"])
@pytest.mark.parametrize("rule", RULES)
def test_a_line_is_a_formula(rule: str, method: str) -> None:
    """A series on a straight line, or one that does not change, gives what its formula gives."""
    times = np.array([0.0, 0.3, 1.1, 2.0, 3.5, 4.0])
    values = np.full(6, 0.8) if rule == "previous" else 0.4 + 0.3 * times
    formula = "0.8" if rule == "previous" else "0.4 + 0.3*t"
    wanted = integrate(rate_equations(parse(DRIVEN.replace(", u = 0", f"\nlet u = {formula}"))), [0.0, 1.0, 4.0])
    found = integrate(driven(rule), [0.0, 1.0, 4.0], inputs={"u": (times, values)}, method=method)
    np.testing.assert_allclose(found.values, wanted.values, rtol=1e-6)  # integrate's promise at its default rtol


def test_steps_are_seen() -> None:
    """d A/dt = u with the previous rule is a sum of rectangles, with the linear rule one of trapezes: both exactly."""
    text = "species A = 0\nparam u = 0\n0 -> A rate u\n"
    times, values = series(4)
    h = np.diff(times)
    for rule, area in (("previous", values[:-1] * h), ("linear", 0.5 * (values[1:] + values[:-1]) * h)):
        found = integrate(driven(rule, text), times, inputs={"u": (times, values)})
        # LSODA begins anew at each knot, with its first steps at the default tolerance of 1e-9
        np.testing.assert_allclose(found.values[0, :, 0], np.r_[0.0, np.cumsum(area)], rtol=1e-7)


def test_outputs_and_events_read_inputs() -> None:
    """An output is the input itself, after its jump at a knot; an event watches it."""
    text = """species A = 1, B = 0
param u = 0
observable twice = 2*u
0 -> A rate 0*u
when u >= 1.5: B = A + u
"""
    system = driven("previous", text)
    given = ([0.0, 1.0, 2.0], [0.5, 1.6, 0.7])
    found = integrate(system, [0.0, 0.5, 1.0, 1.5, 5.0], inputs={"u": given})
    row = {label: found.values[0, :, k].tolist() for k, label in enumerate(found.labels)}
    assert row["twice"] == [1.0, 1.0, 3.2, 3.2, 1.4]
    assert row["B"] == pytest.approx([0.0, 0.0, 2.6, 2.6, 2.6])


GOOD = ([0.0, 1.0, 4.0], [1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (None, "needs a series of u"),
        ({}, "needs a series of u"),
        ({"u": GOOD, "v": GOOD}, "'v' is no input"),
        ({"u": ([0.0, 2.0, 1.0, 4.0], [1.0, 1.0, 1.0, 1.0])}, "2 is followed by 1"),
        ({"u": ([0.0, 1.0, 1.0, 4.0], [1.0, 1.0, 1.0, 1.0])}, "1 is followed by 1"),
        ({"u": ([0.0, 1.0, 4.0], [1.0, np.nan, 3.0])}, "point 2 of the input 'u' is (1, nan)"),
        ({"u": ([0.0, 1.0, 3.0], [1.0, 2.0, 3.0])}, "from t = 0 to 3, but the run goes from 0 to 4"),
        ({"u": ([0.5, 1.0, 4.0], [1.0, 2.0, 3.0])}, "from t = 0.5 to 4, but the run goes from 0 to 4"),
        ({"u": ([0.0, 4.0], [1.0, 2.0, 3.0])}, "shape (2,) and values of shape (3,)"),
        ({"u": ([], [])}, "shape (0,)"),
        ({"u": 3.0}, "no pair"),
        ({"u": (["a", "b"], [1.0, 2.0])}, "not a pair of times and values"),
    ],
)
def test_what_is_wrong(given: dict[str, Series] | None, says: str) -> None:
    with pytest.raises(RxnError) as caught:
        integrate(driven("linear"), [0.0, 4.0], inputs=given)
    assert caught.value.code == "R617" and (says in caught.value.message or says == "no pair")


def test_a_rule_that_is_not_known() -> None:
    with pytest.raises(RxnError) as caught:
        integrate(driven("cubik"), [0.0, 1.0], inputs={"u": GOOD})
    assert caught.value.code == "R617" and "cubic" in caught.value.hint


def test_a_label_that_is_no_parameter() -> None:
    with pytest.raises(RxnError, match="did you mean 'k'") as caught:
        parameters_driven(rate_equations(parse(DRIVEN)), {"kk": "linear"})
    assert caught.value.code == "R504"
    assert "u: a series, cubic" in str(driven("cubic"))


def test_the_last_value_holds() -> None:
    system = driven("previous", "species A = 0\nparam u = 0\n0 -> A rate u\n")
    found = integrate(system, [0, 9], inputs={"u": ([0], [2])})
    assert found.values[0, -1, 0] == pytest.approx(18.0)
