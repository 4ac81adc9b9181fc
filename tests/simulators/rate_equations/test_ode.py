"""Deterministic solutions against exact ones, published ones, and themselves asked in other ways."""

import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import scipy.integrate
import sympy as sp
from handmade import R, brusselator, gene, lotka_volterra, repressilator, robertson, rotation, symbols, system
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from rxncompile.errors import RxnError
from rxncompile.expressions import TIME, symbol
from rxncompile.network import Distribution
from rxncompile.simulators.rate_equations.initial import initial_values
from rxncompile.simulators.rate_equations.ode import METHODS, integrate
from rxncompile.system import Jump, State, System

# What the default tolerances promise: the error of a state within 1e-6 of its size.
PROMISE = 1e-6


def error(found: np.ndarray, exact: np.ndarray) -> float:
    """The largest error, each state (last axis) relative to its largest magnitude."""
    return float((np.abs(found - exact) / np.abs(exact).max(axis=0)).max())


# ---------------------------------------------------------------------------------------------- exact solutions


def linear(rates: np.ndarray, start: np.ndarray) -> System:
    """First-order conversions i -> j at rates[i, j]."""
    x = symbols(" ".join(f"x{i}" for i in range(len(start))))
    flow = [[sp.Rational(str(k)) * x[i] for k in row] for i, row in enumerate(rates)]
    n = range(len(x))
    return system({f"x{i}": (sum(flow[j][i] - flow[i][j] for j in n if j != i), start[i]) for i in n})


@st.composite
def linear_networks(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    n = draw(st.integers(2, 5))
    rate = st.sampled_from([0.0, 0.01, 0.5, 1.0, 3.0, 250.0])  # stiff and not
    rates = np.array(draw(st.lists(rate, min_size=n * n, max_size=n * n))).reshape(n, n)
    start = np.array(draw(st.lists(st.integers(0, 100), min_size=n, max_size=n)), dtype=float)
    return rates, start + (start.sum() == 0)


@settings(max_examples=40)
@given(network=linear_networks(), data=st.data())
def test_linear_networks_are_matrix_exponentials(network: tuple[np.ndarray, np.ndarray], data: st.DataObject) -> None:
    rates, start = network
    t = np.array([0.0, 1e-3, 0.1, 0.5, 2.0, 7.0])
    path = integrate(linear(rates, start), t)
    generator = rates - np.diag(rates.sum(axis=1)) + np.diag(np.diag(rates)) - np.diag(np.diag(rates))
    np.fill_diagonal(generator, 0.0)
    np.fill_diagonal(generator, -generator.sum(axis=1))
    exact = np.array([start @ expm(generator * x) for x in t])
    np.testing.assert_allclose(path.values[0], exact, rtol=0, atol=PROMISE * start.sum())
    # the integrators keep linear invariants to rounding, not only to tolerance: 1e3 steps of 1e-16
    np.testing.assert_allclose(path.values[0].sum(axis=1), start.sum(), rtol=1e-11)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_on_a_linear_network(method: str) -> None:
    rates, start = np.array([[0, 2.0, 0.5], [1.0, 0, 0], [0, 0.25, 0]]), np.array([10.0, 0.0, 1.0])
    t = np.linspace(0.0, 5.0, 11)
    path = integrate(linear(rates, start), t, method=method)
    assert path.method == method
    generator = rates - np.diag(rates.sum(axis=1))
    assert error(path.values[0], np.array([start @ expm(generator * x) for x in t])) < PROMISE


@pytest.mark.parametrize("method", METHODS)
def test_logistic_growth(method: str) -> None:
    x, r, k = symbols("x r K")
    path = integrate(system({"x": (r * x * (1 - x / k), 1)}, {"r": 2, "K": 50}), [0, 0.5, 1, 2, 4, 9], method=method)
    exact = 50 / (1 + 49 * np.exp(-2 * path.t))
    np.testing.assert_allclose(path["x"], exact, rtol=PROMISE)


@pytest.mark.parametrize("method", METHODS)
def test_rotation(method: str) -> None:
    t = np.linspace(0.0, 4 * np.pi, 33)
    path = integrate(rotation(), t, method=method)
    np.testing.assert_allclose(path["x"], np.cos(t), rtol=0, atol=PROMISE)
    np.testing.assert_allclose(path["v"], -np.sin(t), rtol=0, atol=PROMISE)


def test_time_in_the_law_and_a_start_that_is_not_zero() -> None:
    x = symbol("x")
    path = integrate(system({"x": (sp.cos(TIME) * x, 1)}), np.linspace(-2, 3, 21))
    np.testing.assert_allclose(path["x"], np.exp(np.sin(path.t) - np.sin(-2.0)), rtol=PROMISE)


# ---------------------------------------------------------------------------------------------- published, conserved


def test_robertson_against_published_values() -> None:
    """Mazzia and Magherini, Test set for initial value problem solvers, problem ROBER, at t = 1e11."""
    path = integrate(robertson(), [0, 40, 1e11])
    np.testing.assert_allclose(path.values[0, 1], [0.7158, 9.185e-6, 0.2842], rtol=2e-4)  # printed to four digits
    published = [0.2083340149701255e-7, 0.8333360770334713e-13, 0.9999999791665050]
    # 1e-6 of the states' sizes, 1 and 3.6e-5, is a large part of these; in fact 2e-5 of their own size is met
    np.testing.assert_allclose(path.values[0, 2], published, rtol=2e-5)
    np.testing.assert_allclose(path.values[0].sum(axis=1), 1.0, rtol=1e-10)


@pytest.mark.parametrize("make", [lotka_volterra, brusselator, repressilator, gene])
def test_default_tolerances_keep_their_promise(make: Callable[[], System]) -> None:
    t = np.linspace(0.0, 25.0, 26)
    tight = integrate(make(), t, method="Radau" if make is gene else "DOP853", rtol=1e-12)
    assert error(integrate(make(), t).values[0], tight.values[0]) < PROMISE


def test_conservation_along_trajectories() -> None:
    path = integrate(gene(), np.linspace(0, 1000, 101))
    np.testing.assert_allclose(path["G"] + path["GP"] + path["GP2"], 0.01, rtol=1e-10)
    cycle = integrate(lotka_volterra(), np.linspace(0, 50, 101))
    first_integral = 0.005 * (cycle["X"] + cycle["Y"]) - 0.6 * np.log(cycle["X"]) - np.log(cycle["Y"])
    np.testing.assert_allclose(first_integral, first_integral[0], rtol=PROMISE)


# ---------------------------------------------------------------------------------------------- large systems


def diffusion(n: int) -> tuple[System, float]:
    """Diffusion on n closed cells, and the rate at which its slowest mode fades; the fastest is n^2 times faster."""
    x = symbols(" ".join(f"x{i}" for i in range(n)))
    rate = sp.Integer(n * n)
    step = [rate * (x[i + 1] - x[i]) for i in range(n - 1)]
    net = [(step[i] if i < n - 1 else 0) - (step[i - 1] if i else 0) for i in range(n)]
    start = 2 + np.cos(np.pi * (np.arange(n) + 0.5) / n)
    return system({f"x{i}": (net[i], start[i]) for i in range(n)}), 4 * n * n * np.sin(np.pi / (2 * n)) ** 2


@pytest.mark.parametrize(("n", "method", "taken"), [(400, None, "LSODA"), (1000, "BDF", "BDF"), (2100, None, "BDF")])
def test_large_stiff_systems_go_sparse(n: int, method: str | None, taken: str) -> None:
    model, fading = diffusion(n)
    path = integrate(model, [0.0, 0.01, 0.1, 0.3], method=method)
    assert path.method == taken
    mode = np.cos(np.pi * (np.arange(n) + 0.5) / n)
    exact = 2 + np.exp(-fading * path.t)[:, np.newaxis] * mode
    np.testing.assert_allclose(path.values[0], exact, rtol=PROMISE)


@pytest.mark.parametrize("method", ["BDF", "Radau"])
def test_sparse_and_dense_elimination_agree(method: str) -> None:
    model, _ = diffusion(60)
    t = [0.0, 0.01, 0.1]
    sparse = integrate(model, t, method=method, rtol=1e-6)
    other = integrate(model, t, method=method, rtol=1e-6, jacobian=False)
    lsoda = integrate(model, t)
    assert lsoda.method == "LSODA"
    assert error(sparse.values[0], lsoda.values[0]) < 1e-4
    assert error(other.values[0], lsoda.values[0]) < 1e-4


@pytest.mark.parametrize("method", ["LSODA", "BDF", "Radau"])
def test_symbolic_and_numerical_jacobian_agree(method: str) -> None:
    t = [0, 1, 100]
    symbolic, numerical = (integrate(gene(), t, method=method, rtol=1e-7, jacobian=j) for j in (True, False))
    assert error(symbolic.values[0], numerical.values[0]) < 1e-5  # 1e-7 a step, some hundred steps


# ---------------------------------------------------------------------------------------------- invariances


@settings(max_examples=20)
@given(extra=st.lists(st.floats(0.0, 30.0), max_size=12), method=st.sampled_from([None, "DOP853"]))
def test_results_do_not_depend_on_the_times_asked(extra: list[float], method: str | None) -> None:
    few = np.array([0.0, 7.0, 30.0])
    many = np.unique(np.concatenate([few, extra]))
    path, dense = integrate(lotka_volterra(), few, method=method), integrate(lotka_volterra(), many, method=method)
    np.testing.assert_array_equal(dense.t, many)
    assert error(dense.values[0, np.isin(many, few)], path.values[0]) < PROMISE


@settings(max_examples=20)
@given(order=st.permutations(range(5)))
def test_permuting_states_permutes_results(order: list[int]) -> None:
    model, t = gene(), np.linspace(0, 300, 7)
    turned = replace(
        model, states=tuple(model.states[i] for i in order), drift=tuple(model.drift[i] for i in order)
    )
    path, other = integrate(model, t), integrate(turned, t)
    assert other.labels == tuple(model.states[i].label for i in order)
    for label in path.labels:
        np.testing.assert_allclose(other[label], path[label], rtol=0, atol=PROMISE * path[label].max())


@settings(max_examples=15)
@given(power=st.integers(-25, 12))
def test_the_size_of_the_unit_does_not_matter(power: int) -> None:
    """Moles or molecules: default tolerances follow the size of the states."""
    unit = sp.Integer(10) ** power
    x, y = symbols("X Y")
    model = system({"X": (3 * unit - x, 0), "Y": (x - y * y / unit, unit)})
    path = integrate(model, [0, 0.5, 2, 10])
    np.testing.assert_allclose(path["X"], 3 * 10.0**power * -np.expm1(-path.t), rtol=PROMISE)
    standard = integrate(model.__class__(**{**vars_of(model), "drift": (3 - x, x - y * y)}), path.t, initial={"Y": 1})
    np.testing.assert_allclose(path["Y"] / 10.0**power, standard["Y"], rtol=PROMISE)


def vars_of(model: System) -> dict[str, object]:
    return {name: getattr(model, name) for name in model.__dataclass_fields__}


def test_the_same_in_two_threads_at_once() -> None:
    t = np.linspace(0, 20, 11)
    alone = [integrate(lotka_volterra(), t, {"birth": b}) for b in (0.9, 1.1)]
    found: dict[tuple[int, int], bool] = {}

    def work(k: int) -> None:
        for round_ in range(5):
            found[k, round_] = integrate(lotka_volterra(), t, {"birth": (0.9, 1.1)[k]}) == alone[k]

    threads = [threading.Thread(target=work, args=(k,)) for k in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 10
    assert all(found.values())


# ---------------------------------------------------------------------------------------------- jumps, outputs, notes


def test_a_jump_process_integrates_its_mean_field() -> None:
    a, b, k, feed = symbols("A B k feed")
    jumps = (
        Jump("dimerise", ((a, -2), (b, 1)), k * a * (a - 1) / 2, ((a, 2),)),
        Jump("split", ((a, 2), (b, -1)), 3 * b),
    )
    model = system({"A": (feed, 100), "B": (0, 0)}, {"k": 0.02, "feed": 5}, jumps=jumps)
    written = system(
        {"A": (feed - k * a * (a - 1) + 6 * b, 100), "B": (k * a * (a - 1) / 2 - 3 * b, 0)}, {"k": 0.02, "feed": 5}
    )
    t = np.linspace(0, 5, 6)
    assert error(integrate(model, t).values[0], integrate(written, t).values[0]) < PROMISE


def test_outputs_stand_beside_the_states() -> None:
    x, y, total = symbols("X Y total")
    model = system(
        {"X": (-x, 3), "Y": (x, 1)}, unit="uM",
        definitions=((total, x + y),), outputs=(("ratio", x / total), ("clock", TIME), ("none", x / (total - 4))),
    )  # fmt: skip
    path = integrate(model, [0.0, 1.0, 2.0])
    assert path.labels == ("X", "Y", "ratio", "clock", "none")
    assert path.units == ("uM", "uM", "", "", "")
    assert (path.name, path.method, path.seed, path.runs) == ("m", "LSODA", None, 1)
    np.testing.assert_allclose(path["ratio"], 0.75 * np.exp(-path.t), rtol=PROMISE)
    np.testing.assert_array_equal(path["clock"], path.t)
    assert not np.isfinite(path["none"][0])  # an output that does not exist is no failure of the solution


def test_a_system_without_states_reports_its_outputs() -> None:
    model = System("m", (), outputs=(("square", TIME**2),))
    np.testing.assert_array_equal(integrate(model, [1, 2, 3])["square"], [1, 4, 9])


def test_one_time_is_enough() -> None:
    path = integrate(lotka_volterra(), [3])
    np.testing.assert_array_equal(path.values, [[[50, 100]]])


def test_times_close_together() -> None:
    t = np.array([1.0, np.nextafter(1.0, 2.0), 1.0 + 1e-15, 1.0 + 1e-12, 2.0, np.nextafter(2.0, 3.0)])
    path = integrate(system({"x": (-symbol("x"), 1)}), t)
    np.testing.assert_allclose(path["x"], np.exp(1.0 - t), rtol=PROMISE)
    short = integrate(system({"x": (-symbol("x"), 1)}), t[:2])
    np.testing.assert_allclose(short["x"], 1.0, rtol=1e-15)


def test_quantities_below_zero_are_noted() -> None:
    x = symbol("x")
    emptied = system({"x": (-1, 2)}, unit="uM")
    assert integrate(emptied, [0, 1, 2]).notes == ()
    assert integrate(emptied, [0, 3, 5]).notes == ("negative: x is -3 at t = 5",)
    assert integrate(system({"x": (-1, 2)}), [0, 5]).notes == ()  # without a unit it need be no quantity
    assert integrate(system({"x": (-x, 2)}, unit="uM"), [0, 5e4]).notes == ()
    assert integrate(system({"x": (-1, -2)}, unit="mV"), [0, 5]).notes == ()


def test_rounding_errors_of_large_states_do_not_stall_a_small_one() -> None:
    """C follows 1000 (A - B), which ends as rounding noise of 1e-10, far above the default tolerance of C."""
    a, b, c, d = symbols("A B C D")
    exchange = (a - b) / 10
    model = system({"A": (-exchange, 10**6), "B": (exchange, 300_000), "C": (1000 * (a - b - c), 0), "D": (-d, 1)})
    path = integrate(model, np.linspace(0, 1000, 11), max_evaluations=200_000)
    assert path.notes == ("absolute tolerance raised to rounding errors: C",)
    np.testing.assert_allclose(path["A"][1:], 650_000 + 350_000 * np.exp(-0.2 * path.t[1:]), rtol=PROMISE)
    np.testing.assert_allclose(path["C"][1], 700_000 * np.exp(-20.0) / (1 - 0.2 / 1000), rtol=1e-5)


# ---------------------------------------------------------------------------------------------- what is evaluated


@pytest.mark.parametrize("rtol", [1e-9, 1e-11])
def test_a_law_that_jumps_is_passed(rtol: float) -> None:
    """d x/dt = -c x (2 while x > 1, else 1/2), where LSODA left to itself creeps for ever with one c of ten."""
    x, c = symbols("x c")
    model = system({"x": (-c * x * sp.Piecewise((2, x > 1), (R(1, 2), True)), R(5, 2))}, {"c": 1})
    for value in np.linspace(0.5, 4.0, 40):
        turn = np.log(2.5) / (2 * value)
        end = integrate(model, [0, 5], {"c": value}, rtol=rtol)["x"][-1]
        assert end == pytest.approx(np.exp(-value / 2 * (5 - turn)), rel=PROMISE)


def test_nothing_is_evaluated_beyond_the_last_time() -> None:
    model = system({"x": (sp.sqrt(1 - TIME), 0)})
    for method in METHODS:
        assert integrate(model, [0, 0.5, 1.0], method=method)["x"][-1] == pytest.approx(2 / 3, rel=1e-6)


def test_max_step_sees_a_short_pulse() -> None:
    pulse = sp.Piecewise((100, sp.And(TIME > 50, R(501, 10) > TIME)), (0, True))
    model = system({"x": (pulse, 0)})
    assert integrate(model, [0, 100])["x"][-1] == 0.0  # nothing moves, so the steps grow beyond the pulse
    assert integrate(model, [0, 100], max_step=0.05)["x"][-1] == pytest.approx(10.0, rel=1e-6)
    smooth = system({"x": (sp.exp(-1000 * (TIME - 50) ** 2), 0)})
    assert integrate(smooth, [0, 100], method="RK45", max_step=0.1)["x"][-1] == pytest.approx(np.sqrt(np.pi / 1000))
    assert integrate(smooth, [0, 100], method="RK45")["x"][-1] < 1e-9


def test_importing_the_module_does_not_load_scipy_integrate() -> None:
    code = (
        "import sys, rxncompile.simulators.rate_equations.ode; "
        "print('scipy.integrate' in sys.modules or 'numba' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"


# ---------------------------------------------------------------------------------------------- where it starts


def test_overrides_by_label() -> None:
    x, k = symbols("x k")
    model = system({"x": (-k * x, 2)}, {"k": 1})
    path = integrate(model, [0, 1], {"k": 0.5}, {"x": 8})
    np.testing.assert_allclose(path["x"], [8, 8 * np.exp(-0.5)], rtol=PROMISE)
    np.testing.assert_allclose(integrate(model, [0, 1])["x"], [2, 2 * np.exp(-1.0)], rtol=PROMISE)


def test_initial_formulas_follow_overrides() -> None:
    a, b, k, double, total = symbols("a b k double total")
    model = system(
        {"a": (0, double), "b": (0, 10 - a), "c": (0, total + TIME)}, {"k": 3, "double": 2 * k},
        definitions=((total, a + b),),
    )  # fmt: skip
    assert initial_values(model) == (6.0, 4.0, 10.0)
    assert initial_values(model, 5.0, {"k": 1}) == (2.0, 8.0, 15.0)
    assert initial_values(model, 0.0, {"double": 1}, {"b": 0.5}) == (1.0, 0.5, 1.5)
    assert integrate(model, [5.0], {"k": 1}).values[0, 0].tolist() == [2.0, 8.0, 15.0]


@pytest.mark.parametrize(
    ("law", "mean"),
    [
        (Distribution("Normal", (symbol("k"), sp.Integer(2))), 7.0),
        (Distribution("Poisson", (symbol("k") / 2,)), 3.5),
        (Distribution("Uniform", (sp.Integer(1), sp.Integer(4))), 2.5),
        (Distribution("LogNormal", (sp.Integer(0), sp.Integer(1))), np.exp(0.5)),
        (Distribution("Binomial", (sp.Integer(10), R(1, 4))), 2.5),
    ],
)
def test_a_distribution_starts_from_its_mean(law: Distribution, mean: float) -> None:
    assert initial_values(system({"x": (0, law)}, {"k": 7})) == pytest.approx((mean,), rel=1e-15)


@pytest.mark.parametrize(
    ("ask", "code", "message", "hint"),
    [
        ({"initial": {"Z": 1}}, "R501", "'Z' is not a state of m", "it has: X, Y"),
        ({"initial": {"XX": 1}}, "R501", "'XX' is not a state", "did you mean 'X'?"),
        ({"initial": {"X": "1"}}, "R505", "'1' is not a number", ""),
        ({"initial": {"X": float("nan")}}, "R505", "not a finite number", ""),
        ({"params": {"brith": 1}}, "R504", "'brith' is not a parameter of m", "did you mean 'birth'?"),
        ({"params": {"X": 1}}, "R504", "'X' is not a parameter", "it is a state here: give it in initial={'X': ...}"),
        ({"params": {"birth": None}}, "R505", "None is not a number", ""),
        ({"t": []}, "R603", "at least one time", ""),
        ({"t": 3.0}, "R603", r"shape \(\)", ""),
        ({"t": [[0, 1]]}, "R603", "one axis", ""),
        ({"t": [0, 1, 1]}, "R603", "must increase, but 1 is followed by 1", ""),
        ({"t": [0, 2, 1]}, "R603", "2 is followed by 1", ""),
        ({"t": [0, np.inf]}, "R603", "time number 1 is not finite", ""),
        ({"t": ["soon"]}, "R603", "not numbers", ""),
        ({"method": "lsodar"}, "R604", "'lsodar' is no method", "did you mean 'LSODA'?"),
        ({"method": "Euler"}, "R604", "'Euler' is no method", "there are LSODA, BDF, Radau, RK45, DOP853"),
        ({"rtol": 0.0}, "R604", "rtol is 0.0", ""),
        ({"rtol": float("nan")}, "R604", "rtol is nan", ""),
        ({"atol": -1.0}, "R604", "atol is -1.0", ""),
        ({"max_step": 0.0}, "R604", "max_step is 0.0", ""),
    ],
)
def test_what_is_asked_wrongly_is_named(ask: dict[str, object], code: str, message: str, hint: str) -> None:
    with pytest.raises(RxnError, match=message) as caught:
        integrate(lotka_volterra(), **{"t": [0, 1], **ask})  # type: ignore[arg-type]
    assert (caught.value.code, caught.value.hint) == (code, hint)


@pytest.mark.parametrize(
    ("start", "code", "message"),
    [
        (Distribution("Cauchy", (sp.Integer(0), sp.Integer(1))), "R609", "'x' starts from Cauchy of 2 arguments"),
        (Distribution("Poisson", ()), "R609", "Poisson of 0 arguments"),
        (symbol("nobody"), "R609", "'x' depends on nobody"),
        (1 / symbol("zero"), "R609", "not a finite number"),
        (sp.sqrt(symbol("zero") - 1), "R609", "not a finite number"),
        (sp.Integer(10) ** 400, "R609", "not a finite number"),
        (symbol("x") + 1, "R502", "depend on each other"),
    ],
)
def test_initial_values_that_do_not_exist(start: object, code: str, message: str) -> None:
    with pytest.raises(RxnError, match=message) as caught:
        integrate(system({"x": (0, start)}, {"zero": 0}), [0, 1])
    assert caught.value.code == code


def test_an_open_system_is_refused() -> None:
    open_system = replace(lotka_volterra(), frontier=(State(symbol("Z"), "<Z^2>"),))
    with pytest.raises(RxnError, match="<Z\\^2>") as caught:
        integrate(open_system, [0, 1])
    assert caught.value.code == "R506"


# ---------------------------------------------------------------------------------------------- failures


def failing(rhs: object, start: object = 1) -> System:
    return system({"other": (0, 0), "x": (rhs, start)})


X = symbol("x")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("rhs", "code", "message", "time"),
    [
        (X**2, "R605", "too small", 1.0),  # x = 1/(1 - t)
        (-1 / X, "R605", "too small", 0.5),  # x = sqrt(1 - 2t)
        (-sp.sqrt(X), "R601", "derivative of 'x' (is|has the slope) nan", 2.0),  # x = (1 - t/2)^2, then below zero
        (sp.sqrt(1 - TIME), "R601", "derivative of 'x' is nan", 1.0),
        (1 / symbol("other"), "R601", "derivative of 'x' is inf", 0.0),
        (sp.log(-X), "R601", "derivative of 'x' is nan", 0.0),
    ],
)
def test_solutions_that_end(method: str, rhs: object, code: str, message: str, time: float) -> None:
    with pytest.raises(RxnError, match=message) as caught:
        integrate(failing(rhs), [0, 3], method=method, rtol=1e-7)
    assert caught.value.code == code
    assert "'x'" in str(caught.value)
    named = float(caught.value.message.split("t = ")[1].split(",")[0].split(" ")[0])
    assert named == pytest.approx(time, abs=0.1)  # a trial step may lie beyond


def test_numbers_beyond_what_integrators_can_square() -> None:
    """LSODA by itself returns the initial value and reports success."""
    for rhs in (sp.Integer(10) ** 300, sp.Integer(10) ** 200):
        with pytest.raises(RxnError, match="derivative of 'x' is 1e") as caught:
            integrate(failing(rhs), [0, 1e60, 2e100])
        assert caught.value.code == "R601"
    with pytest.raises(RxnError, match="'x' is inf at t = 2e"):
        integrate(failing(sp.Integer(10) ** 200), [0, 1e100, 1e108, 2e109], method="RK45")


def test_a_refusal_of_the_integrator_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    original = scipy.integrate.odeint

    def refuse(*args: object, **options: object) -> object:
        path, report = original(*args, **options)
        return path, {**report, "message": "Repeated convergence failures (perhaps bad Jacobian or tolerances)."}

    monkeypatch.setattr(scipy.integrate, "odeint", refuse)
    with pytest.raises(RxnError, match=r"the steps at t = .* have become too small to go on") as caught:
        integrate(lotka_volterra(), [0, 1])
    assert caught.value.code == "R605"


@pytest.mark.parametrize("method", ["BDF", "Radau"])
def test_a_slope_that_is_not_finite(method: str) -> None:
    model = failing(1 + sp.sqrt(X), 0)
    with pytest.raises(RxnError, match="derivative of 'x' has the slope inf where 'x' is 0") as caught:
        integrate(model, [0, 1], method=method)
    assert caught.value.code == "R601"
    explicit = integrate(model, [0, 1], method="DOP853")["x"][-1]
    assert integrate(model, [0, 1])["x"][-1] == pytest.approx(explicit, rel=PROMISE)


def test_a_matrix_that_cannot_be_factored(monkeypatch: pytest.MonkeyPatch) -> None:
    def singular(*_: object) -> None:
        raise RuntimeError("Factor is exactly singular")

    monkeypatch.setattr(scipy.integrate.BDF, "_step_impl", singular)
    with pytest.raises(RxnError, match="too small to go on") as caught:
        integrate(lotka_volterra(), [0, 1], method="BDF")
    assert caught.value.code == "R605"


def test_the_failing_reaction_is_named() -> None:
    x = symbol("x")
    jumps = (Jump("fine", ((x, 1),), sp.Integer(10)), Jump("odd", ((x, -1),), sp.log(5 - x)))
    with pytest.raises(RxnError, match="the rate of reaction 'odd' is nan at t = ") as caught:
        integrate(system({"x": (0, 1)}, jumps=jumps), [0, 10])
    assert caught.value.code == "R601"


def test_too_much_work_is_named() -> None:
    model = system({"x": (1000 * (sp.cos(TIME) - X), 0)})
    with pytest.raises(RxnError, match="20000 evaluations have come no further than t = ") as caught:
        integrate(model, [0, 1000], method="RK45", max_evaluations=20_000)
    assert caught.value.code == "R606"
    assert "stiff" in caught.value.hint


def test_an_interrupt_passes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    from rxncompile.simulators.rate_equations import equations

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(equations.RightHandSide, "_progress", interrupted)
    with pytest.raises(KeyboardInterrupt):
        integrate(lotka_volterra(), [0, 1000])


def test_warnings_of_integrators_never_show_and_filters_stay_as_they_were() -> None:
    """Failing in several threads at once; pytest would turn any warning into an error."""
    before = list(warnings.filters)
    codes: list[str] = []

    def fail(method: str) -> None:
        for _ in range(5):
            try:
                integrate(failing(X**2), [0, 3], method=method, rtol=1e-6)
            except RxnError as error:
                codes.append(error.code)

    threads = [threading.Thread(target=fail, args=(method,)) for method in ("LSODA", "LSODA", "RK45")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == ["R605"] * 15
    assert list(warnings.filters) == before
