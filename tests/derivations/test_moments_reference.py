"""Moment equations and closures against tables of numbers: every system and every point that the files hold.

The files are those of the folder `RXNCOMPILE_REFERENCE` (default tests/reference). A point is held to 1e-10 relative,
and to what it says itself where it, its system or its file has a number `relative_tolerance`.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import sympy as sp
from reference_numbers import absent, content, reference

import rxncompile as rx
from rxncompile.derivations.closures import BY_NAME, close
from rxncompile.derivations.moments import moments
from rxncompile.expressions import symbol, to_float
from rxncompile.monomials import Kind, Monomial, label_names, moment_symbol, read_label
from rxncompile.network import Network
from rxncompile.system import System

pytestmark = pytest.mark.reference
TOLERANCE = 1e-10
# a file's word for cumulants above the order that vanish
CLOSURES = {**BY_NAME, "zero_cumulant": BY_NAME["gaussian"]}
Numbers = dict[sp.Basic, sp.Expr]


def points(name: str, holds: Callable[[Any], object] = bool) -> list[Any]:
    """(system, its number among the points) of a file, as parameters of a test: the points for which `holds`."""
    reason = absent(name)
    if reason:
        return [pytest.param("", 0, marks=pytest.mark.skip(reason=reason), id="absent")]
    cases = content(name)["systems"]
    found = [(s, k) for s, case in cases.items() for k, point in enumerate(case["points"]) if holds(point)]
    return [pytest.param(s, k, id=f"{s}-{k}") for s, k in found] or [pytest.param("", 0, id="empty")]


def chosen(name: str, system: str, number: int) -> tuple[Any, Any, float]:
    file = reference(name)
    case = file["systems"][system]
    point = case["points"][number]
    told = (x.get("relative_tolerance") for x in (point, case, file))
    return case, point, float(next((t for t in told if t is not None), TOLERANCE))


def written(case: Any) -> Network:
    def side(counts: Any) -> str:
        return " + ".join(f"{n} {x}" for x, n in counts.items()) or "0"

    rates = ", ".join(f"{k} = 1" for k in sorted({r["rate"] for r in case["reactions"]}))
    lines = [f"species {', '.join(case['species'])}", f"param {rates}"]
    lines += [f"{side(r['reactants'])} -> {side(r['products'])} @ {r['rate']}" for r in case["reactions"]]
    return rx.parse("\n".join(lines) + "\n")


def exact(value: float) -> sp.Expr:
    return sp.Rational(value)  # the number that the file holds, so that no rounding is ours


@cache
def hierarchy(name: str, system: str, order: int, kind: Kind) -> System:
    return moments(written(reference(name)["systems"][system]), order, kind)


@cache
def closed(name: str, system: str, order: int, kind: Kind, closure: str) -> System:
    found = hierarchy(name, system, order, kind)
    return close(found, CLOSURES[closure]) if found.frontier else found


def monomial(label: str, case: Any) -> Monomial:
    found = read_label(label, label_names([symbol(s) for s in case["species"]]))
    assert found is not None
    return found[0]


def at(tensors: Any, m: Monomial) -> float:
    """The entry of the tensor of a moment's order."""
    value = tensors[len(m) - 1]
    for i in m:
        value = value[i]
    return float(value)


def slopes(system: System, point: Any, states: Numbers) -> dict[str, float]:
    values: Numbers = {symbol(k): exact(v) for k, v in point["parameters"].items()} | states
    for name, formula in system.definitions:
        values[name] = formula.xreplace(values)
    return {label: to_float(rhs.xreplace(values)) for label, rhs in system.equations()}


def agree(found: float, want: float, tolerance: float, scale: float = 1.0) -> bool:
    return abs(found - want) <= tolerance * max(abs(want), scale)


# ---------------------------------------------------------------------------------------------- hierarchies


@pytest.mark.parametrize(("system", "number"), points("wellmixed_hierarchies"))
def test_derivatives_of_raw_moments(system: str, number: int) -> None:
    case, point, tolerance = chosen("wellmixed_hierarchies", system, number)
    labels = point["d_raw_moments_dt"]
    order = max(len(monomial(f"<{text}>", case)) for text in labels)
    equations = hierarchy("wellmixed_hierarchies", system, order, Kind.RAW)
    raw = {monomial(f"<{k}>", case): exact(v) for k, v in point["raw_moments"].items()}
    used = {s.symbol: monomial(s.label, case) for s in (*equations.states, *equations.frontier)}
    found = slopes(equations, point, {name: raw[m] for name, m in used.items() if m in raw})
    own = {monomial(label, case): value for label, value in found.items()}
    assert len(own) == len(labels)
    for text, want in labels.items():
        assert agree(own[monomial(f"<{text}>", case)], want, tolerance), (text, want)


def test_equations_as_they_are_written() -> None:
    """The text of each equation, its moments in <>: the same polynomial."""
    compared = 0
    for system, case in reference("wellmixed_hierarchies")["systems"].items():
        for text, formula in case.get("equations_raw", {}).items():
            m = monomial(f"<{text}>", case)
            equations = hierarchy("wellmixed_hierarchies", system, max(3, len(m)), Kind.RAW)
            own = {monomial(label, case): rhs for label, rhs in equations.equations()}[m]
            assert sp.expand(own - as_written(formula, case)) == 0, (system, text)
            compared += 1
    assert compared


def as_written(text: str, case: Any) -> sp.Expr:
    """A sum of `(polynomial of rates)*<moment>` terms."""
    names = label_names([symbol(s) for s in case["species"]])
    total: sp.Expr = sp.S.Zero
    for part in text.split(" + ("):
        rates, _, label = part.strip("(").partition(")*")
        rate: sp.Expr = sp.S.Zero
        for piece in rates.replace("- ", "+ -").split("+ "):
            sign = -1 if piece.strip().startswith("-") else 1
            factors = [f for f in piece.strip().lstrip("-").split("*") if f]
            rate += sign * sp.Mul(*(sp.Integer(f) if f.isdigit() else symbol(f) for f in factors))
        total += rate * moment_symbol(monomial(label, case), names, Kind.RAW)
    return total


# ---------------------------------------------------------------------------------------------- closures


@pytest.mark.parametrize("kind", [Kind.RAW, Kind.CENTRAL])
@pytest.mark.parametrize(("system", "number"), points("wellmixed_closures"))
def test_closures_at_order_2(system: str, number: int, kind: Kind) -> None:
    """Every closure that a point names; by raw and by central moments."""
    case, point, tolerance = chosen("wellmixed_closures", system, number)
    mean, covariance = point["mean"], point["covariance"]
    assert point["closures"]
    for closure, want in point["closures"].items():
        equations = closed("wellmixed_closures", system, 2, kind, closure)
        states: Numbers = {}
        for s in equations.states:
            m = monomial(s.label, case)
            states[s.symbol] = exact(at((mean, covariance), m))
            if kind is Kind.RAW and len(m) == 2:
                states[s.symbol] += exact(mean[m[0]]) * exact(mean[m[1]])
        second = want["d_raw_second" if kind is Kind.RAW else "d_covariance"]
        for label, value in slopes(equations, point, states).items():
            m = monomial(label, case)
            # a covariance is a difference of larger numbers in the file
            scale = 1.0 if kind is Kind.RAW or len(m) == 1 else abs(at((None, want["d_raw_second"]), m))
            assert agree(value, at((want["d_mean"], second), m), tolerance, max(1.0, scale)), (closure, label)


def first_order(point: Any) -> str:
    """The key of a point's first order, "" where it has none."""
    return next((key for key in point if key.startswith("order1")), "")


@pytest.mark.parametrize(("system", "number"), points("wellmixed_closures", first_order))
def test_order_1_is_mass_action(system: str, number: int) -> None:
    case, point, tolerance = chosen("wellmixed_closures", system, number)
    key = first_order(point)
    equations = closed("wellmixed_closures", system, 1, Kind.FACTORIAL, "zero_factorial_cumulant")
    want = point[key]["d_mean"] if isinstance(point[key], dict) else point[key]
    states: Numbers = {s.symbol: exact(point["mean"][monomial(s.label, case)[0]]) for s in equations.states}
    for label, value in slopes(equations, point, states).items():
        assert agree(value, float(want[monomial(label, case)[0]]), tolerance), label


THIRD = "order3_zero_fourth_cumulant"


@pytest.mark.parametrize(("system", "number"), points("wellmixed_closures", lambda point: THIRD in point))
def test_order_3_with_fourth_cumulants_zero(system: str, number: int) -> None:
    case, point, tolerance = chosen("wellmixed_closures", system, number)
    want = point[THIRD]
    equations = closed("wellmixed_closures", system, 3, Kind.CENTRAL, "gaussian")
    tensors = (point["mean"], point["covariance"], want["third_central"])
    states: Numbers = {s.symbol: exact(at(tensors, monomial(s.label, case))) for s in equations.states}
    result = (want["d_mean"], want["d_covariance"], want["d_third_central"])
    every = [monomial(s.label, case) for s in equations.states]
    largest = [max(abs(at(result, m)) for m in every if len(m) == k) for k in (1, 2, 3)]
    for label, value in slopes(equations, point, states).items():
        m = monomial(label, case)
        # sums whose terms cancel: against the largest of the order
        assert agree(value, at(result, m), tolerance, max(1.0, largest[len(m) - 1])), label
