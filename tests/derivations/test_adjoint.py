"""The adjoint as a System: its gradient is that of forward sensitivities and of the compiled adjoint."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from rxncompile import RxnError, close, closures, integrate, moments, parse, rate_equations
from rxncompile.derivations.adjoint import adjoint
from rxncompile.derivations.sensitivities import sensitivities
from rxncompile.expressions import symbol
from rxncompile.simulators.inputs import Series, tables_of
from rxncompile.simulators.integrators.drive import DONE, Control
from rxncompile.simulators.integrators.machine import Scheme, machine
from rxncompile.system import Input, State, System

END = 2.0
A, B, k, v = (symbol(x) for x in ("A", "B", "k", "v"))
NAMED = """model Named
param k = 0.7, d = 1.3, a0 = 2
species A = a0, B = 0.5*a0
let v = k*A*B
let w = v^2/(1 + v)
A -> B rate w + k*A
B -> 0 rate d*B/(1 + B)*(1 + sin(t))
"""
TIGHT = {"rtol": 1e-11, "atol": 1e-13}


def with_integral(system: System, running: sp.Expr, inputs: tuple[Input, ...] = ()) -> System:
    """The System with S, which grows by `running`."""
    more = State(symbol("S"), "S")
    states, drift = (*system.states, more), (*system.rhs, running)
    return replace(system, states=states, drift=drift, jumps=(), inputs=(*system.inputs, *inputs))


def forward(system: System, running: sp.Expr, of: list[str] | None = None, **extra: object) -> np.ndarray:
    """dS/dk by forward sensitivities of the integral."""
    found = integrate(sensitivities(with_integral(system, running), of), [0.0, END], **TIGHT, **extra)  # type: ignore[arg-type]
    names = of or [c.label for c in system.parameters]
    return np.array([found[f"D[S,{name}]"][-1] for name in names])


def backward(system: System, *, given: dict[str, Series] | None = None, **options: object) -> np.ndarray:
    """dS/dk at the end of the adjoint's own run, from the states at the end of the solution."""
    back = adjoint(system, end=END, **options)  # type: ignore[arg-type]
    solved = integrate(system, [0.0, END], **TIGHT, inputs={} if given is None else _of(system, given, END))
    last = {s.label: solved[s.label][-1] for s in system.states}
    left = {label: (END - np.array(t)[::-1], np.array(u)[::-1]) for label, (t, u) in (given or {}).items()}
    found = integrate(back, [0.0, END], initial=last, **TIGHT, inputs=left)
    return np.array([found[label][-1] for label, _ in back.outputs])


def _of(system: System, given: dict[str, Series], end: float) -> dict[str, Series]:
    return {i.label: given[i.label] for i in system.inputs}


def test_as_it_is_printed() -> None:
    system = rate_equations(parse("model Decay\nparam k = 1\nspecies A = 3\nA -> 0 @ k\n"))
    lines = str(adjoint(system, running=A**2, at=[(1, k * A)])).splitlines()
    assert lines[3:] == [
        "  d A/dt = -k*A",
        "  d phi[A]/dt = k*phi[A] - 2*A",
        "  d G[k]/dt = A*phi[A]",
        "  at 1: phi[A] = phi[A] - k, G[k] = G[k] - A",
        "  outputs",
        "  dS/dk = G[k]",
    ]


def test_costs_of_leaving_a_path() -> None:
    """Ernst et al. 2019, Eqs. 32-33: beside the source from outside, 2 lambda (theta - theta_bar)."""
    system = rate_equations(parse("model Decay\nparam k = 1, l = 2\nspecies A = 3\nA -> 0 @ k\n"))
    path = Input(symbol("path"), "path")
    made = adjoint(system, ["k"], symbol("l") * (A - path.symbol) ** 2, sources=["A"], inputs=[path])
    (phi,) = [rate for state, rate in zip(made.states, made.rhs, strict=True) if state.label == "phi[A]"]
    wanted = k * symbol("phi[A]") - 2 * symbol("l") * (A - path.symbol) - symbol("s[A]")
    assert sp.expand(phi - wanted) == 0
    assert [i.label for i in made.inputs] == ["path", "s[A]"]


def test_running_costs_through_definitions() -> None:
    """With time, definitions, and initial values that are formulas of parameters."""
    system, running = rate_equations(parse(NAMED)), A**2 + v * symbol("d") + sp.sin(symbol("t")) * B
    for of in (None, ["d", "A", "a0"]):
        np.testing.assert_allclose(backward(system, running=running, of=of), forward(system, running, of), rtol=1e-7)


def test_costs_at_times() -> None:
    """Terms at data times, the start and the end among them: the gradient is their sensitivities' sum."""
    system = rate_equations(parse(NAMED))
    terms = [(0, A), (sp.Rational(1, 2), B * v), (2, k * A * B), (sp.Rational(1, 2), A)]
    times = np.array([0.0, 0.5, 2.0])
    wanted = np.zeros(3)
    for t, g in terms:
        made = sensitivities(replace(system, outputs=(("g", g),)))
        found = integrate(made, times, **TIGHT)
        wanted += [found[f"D[g,{name}]"][np.searchsorted(times, float(t))] for name in ("k", "d", "a0")]
    np.testing.assert_allclose(backward(system, at=terms), wanted, rtol=1e-7)


def test_a_closed_hierarchy() -> None:
    net = parse("param a = 3, b = 0.1, c = 0.4\nspecies X = 5\n0 -> X @ a\n2 X -> X @ b\nX -> 0 @ c\n")
    system = close(moments(net, 2), closures.gaussian)
    running = (symbol("<X^2>") - symbol("<X>") ** 2) / symbol("<X>")
    np.testing.assert_allclose(backward(system, running=running), forward(system, running), rtol=1e-6)


KNOTS = np.linspace(0.0, END, 9)


@given(st.lists(st.floats(-2.0, 2.0), min_size=9, max_size=9), st.sampled_from(["linear", "previous", "cubic"]))
@settings(max_examples=6, deadline=None)
def test_sources_from_outside(values: list[float], rule: str) -> None:
    """S = integral of s(t) A with s a table: a source, a running cost with an input, and the compiled adjoint agree."""
    system, series = rate_equations(parse(NAMED)), (KNOTS, np.array(values))
    reading = Input(symbol("s[A]"), "s[A]", rule)
    running = symbol("s[A]") * A
    formula = backward(system, running=running, inputs=(reading,), given={"s[A]": series})
    if rule == "cubic":
        found = backward(system, sources=["A"], given={"s[A]": series})
        np.testing.assert_allclose(found, formula, rtol=1e-9, atol=1e-9)
    if rule != "previous":  # read from the other side, that is another step function
        found = compiled(with_integral(system, running, (reading,)), series)
        np.testing.assert_allclose(found, formula, rtol=1e-6, atol=1e-6)


def compiled(system: System, series: Series) -> np.ndarray:
    """The gradient of the last state by parameters, by the adjoint of the steps."""
    made, times = machine(system, Scheme.EXPLICIT), np.array([0.0, END])
    p, n = np.array(system.parameter_vector()), len(system.states)
    tables, trace = tables_of(system, {"s[A]": series}, 0.0, END), made.trace(5_000)
    start = np.array([2.0, 1.0, 0.0])
    code, _, _ = made.solve(Control(1e-9, np.full(n, 1e-9), 5_000, 0.0, True), times, p, start, trace, tables)
    assert code == DONE
    sources = np.zeros((2, n))
    sources[1, -1] = 1.0
    costate, gradient = made.back(times, p, trace, sources, tables)
    gradient[2] += costate[0] + 0.5 * costate[1]  # A begins at a0, B at half of it
    return gradient[:3]


def test_a_stored_solution() -> None:
    """States as tables of a solution that was found before: the same gradient to the accuracy of the tables."""
    system, running = rate_equations(parse(NAMED)), A**2 + v
    back = adjoint(system, running=running, stored=True, end=END)
    assert [s.label for s in back.states] == ["phi[A]", "phi[B]", "G[k]", "G[d]", "G[a0]"]
    times = np.linspace(0.0, END, 301)
    path = integrate(system, times, **TIGHT)
    given = {x: (times, path[x][::-1]) for x in ("A", "B")}
    found = integrate(back, [0.0, END], **TIGHT, inputs=given)
    wanted = forward(system, running)
    np.testing.assert_allclose([found[label][-1] for label, _ in back.outputs], wanted, rtol=1e-7)


def test_what_is_wrong() -> None:
    system = rate_equations(parse(NAMED))
    with pytest.raises(RxnError, match="lies behind the end") as caught:
        adjoint(system, at=[(3, A)], end=2)
    assert caught.value.code == "R530"
    with pytest.raises(RxnError, match="events of Named"):
        adjoint(rate_equations(parse(NAMED + "at 1: A = 2\n")))
    with pytest.raises(RxnError, match="neither a parameter nor a state"):
        adjoint(system, sources=["k"])
    with pytest.raises(RxnError, match="initial value of 'A' is nan"):
        integrate(adjoint(system, end=2), [0.0, 2.0])
