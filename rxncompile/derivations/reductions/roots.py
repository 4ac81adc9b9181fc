"""Fast species whose balance is not linear: one polynomial, and the one root that is a chemical state.

    f(x) = sum_k c_k(slow) x^k = 0    degree 2: in closed form;  above: steps of Laguerre's from an upper bound

Which root it is, positivity decides: at sampled positive states and rate constants exactly one root may leave no
species negative. Where none or several do, the reduction is refused.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import sympy as sp

from ...errors import RxnError
from ...expressions import TIME, symbol, to_float
from ...structure.slopes import Slope
from ...system import Field
from .divisors import common_divisor
from .fast_subsystem import Law, left_of_sums
from .mechanism import Mechanism
from .one_unknown import one_unknown
from .polynomials import Poly, Ring, one_sign, written

SAMPLES = 60
_SPREAD = 3.0  # of logarithms around the model's values
_OF_EXPONENTS = 0.2  # the spread of names that stand in exponents, beside that of others
_NEGATIVE = 1e-9
_SAME = 1e-7  # roots closer than this, relatively, are a double root: they meet, and are not a choice
_ALIKE = 1.05  # a quotient of roots
_BALANCED = 1e-5  # of the terms of a balance
_MOST_DEGREE = 12
_MOST_TERMS = 300  # of a polynomial whose coefficients are written out
_MOST_STEPS = 40
_LEAST = sp.Rational(1, 10**300)  # in place of 0 under a square root, which has no slope there
_CONVERGED = 1e-12

Point = dict[sp.Symbol, float]


class NoClosedFormError(RxnError):
    """R526: a balance that decides the species, but by no formula that is short."""


@dataclass(frozen=True)
class Roots:
    """Formulas of species in an order in which each uses those before, helpers among them; `notes` on the choice.

    `fields`: what gives the species that have no formula. `everywhere`: a chemical state was there at all points tried.
    """

    ordered: tuple[tuple[sp.Symbol, sp.Expr], ...]
    notes: tuple[str, ...] = ()
    degree: int = 1
    unknown: sp.Symbol | None = None
    polynomial: tuple[sp.Expr, ...] = field(default=())
    fields: tuple[Field, ...] = ()
    everywhere: bool = True

    @property
    def implicit(self) -> tuple[sp.Symbol, ...]:
        """The species that a field gives."""
        return tuple(s for f in self.fields for s in f.outputs)

    def formulas(self, variables: Sequence[sp.Symbol] = ()) -> dict[sp.Symbol, sp.Expr]:
        return dict(self.ordered)


def together(found: Sequence[Roots]) -> Roots:
    """The roots of balances that share no species."""
    if len(found) == 1:
        return found[0]
    fields = [f for part in found for f in part.fields]
    named = [replace(f, name=f"{f.name}_{k + 1}") for k, f in enumerate(fields)] if len(fields) > 1 else fields
    ordered = tuple(pair for part in found for pair in part.ordered)
    return Roots(ordered, tuple(n for part in found for n in part.notes), fields=tuple(named))


def balanced_roots(
    mech: Mechanism,
    conditions: Mapping[sp.Symbol, sp.Expr],
    laws: Sequence[Law],
    approximate: bool = False,
) -> Roots:
    """All species of `conditions` where these vanish, one degree of freedom being left by the laws.

    `approximate`: one step of Newton's from zero instead of the root. Raises R526 where more than one is left, where
    a condition is not rational, and where the positive root is none or not the only one.
    """
    unknowns = tuple(conditions)
    names = ", ".join(s.name for s in unknowns)
    if len(unknowns) - len(laws) != 1:
        balances = [c for c in conditions.values() if c != 0]
        return eliminated_root(mech, unknowns, laws, balances[: len(unknowns) - len(laws)], names, approximate)
    best: tuple[tuple[int, bool], sp.Symbol, dict[sp.Symbol, sp.Expr], Ring, Poly] | None = None
    for unknown in reversed(unknowns):
        others = _by_laws(unknowns, laws, unknown)
        if others is None:
            continue
        condition = next(c for c in conditions.values() if c != 0)
        try:
            ring = Ring([condition, *others.values()], (unknown,))
            above, below = ring.quotient(condition.xreplace(others))
        except ValueError:
            raise NoClosedFormError("R526", f"the balance of {names} is not a polynomial", hint=_HINT) from None
        if any(n.has(unknown) for n in ring.names[1:]):
            raise NoClosedFormError("R526", f"the balance of {names} is not a polynomial", hint=_HINT)
        above = above.exquo(common_divisor(above, below)) if not below.is_ground else above
        middle = ring.by_powers(above, 1).get((1,), ring.zero)
        rank = (above.degree(), not (middle and one_sign(middle)))
        if best is None or rank < best[0]:
            best = rank, unknown, others, ring, above
    if best is None:
        raise NoClosedFormError("R526", f"the conserved sums do not give {names} by one of them", hint=_HINT)
    _, unknown, others, ring, f = best
    bounds = [t / w[unknown] for w, t in laws if w.get(unknown, 0) > 0 and min(w.values()) > 0]
    points = samples(mech, unknowns, laws)
    return chosen_root(ring, f, unknown, others, bounds, points, names, approximate)


def eliminated_root(
    mech: Mechanism,
    unknowns: Sequence[sp.Symbol],
    laws: Sequence[Law],
    balances: Sequence[sp.Expr],
    names: str,
    approximate: bool = False,
    kept: Sequence[sp.Symbol] = (),
) -> Roots:
    """Unknowns by sums that are known and balances, brought down to one of them. Raises R526 where that fails."""
    sums = left_of_sums(laws)
    found = one_unknown([*sums, *balances], unknowns, kept) if len(sums) + len(balances) == len(unknowns) else None
    if found is None:
        message = f"the balance of {names} at given sums is not one equation in one unknown"
        raise NoClosedFormError("R526", message, hint="name fewer species, or fewer fast reactions")
    bounds = [t / w[found.unknown] for w, t in laws if w.get(found.unknown, 0) > 0 and min(w.values()) > 0]
    points = samples(mech, unknowns, laws)
    return chosen_root(
        found.ring, found.f, found.unknown, dict(found.others), bounds, points, names, approximate, balances
    )


_HINT = "it has to be solved numerically, which a reduction in formulas cannot do"


def _by_laws(
    unknowns: Sequence[sp.Symbol], laws: Sequence[Law], free: sp.Symbol
) -> dict[sp.Symbol, sp.Expr] | None:
    """The other unknowns by one of them and the sums; None where the laws do not give them."""
    rest = [s for s in unknowns if s != free]
    matrix = sp.Matrix([[w.get(s, 0) for s in rest] for w, _ in laws]) if rest else sp.zeros(0, 0)
    if matrix.rows != matrix.cols or (matrix.rows and matrix.det() == 0):
        return None
    right = sp.Matrix([t - w.get(free, 0) * free for w, t in laws])
    solved = matrix.inv() * right if rest else sp.zeros(0, 1)
    return {s: sp.expand(solved[i]) for i, s in enumerate(rest)}


# ---------------------------------------------------------------------------------------------- which root


def samples(mech: Mechanism, unknowns: Sequence[sp.Symbol], laws: Sequence[Law]) -> list[Point]:
    """Points at which a state with these sums exists: rate constants around the model's, amounts around its sizes."""
    return [{s: v for s, v in point.items() if s not in unknowns} for point in sampled_states(mech, laws, SAMPLES)]


def sampled_states(
    mech: Mechanism, laws: Sequence[Law], count: int, exponents: Collection[sp.Symbol] = ()
) -> list[Point]:
    """The same with the state at each point, where the unknowns need not balance; `exponents` are kept near theirs."""
    numbers = random.Random(20)
    values = {s: to_float(v) for s, v in mech.system.environment().items()}
    scale = size_of(mech)
    found = []
    for k in range(count):
        spread = _SPREAD * min(1.0, (k + 1) / (SAMPLES // 2))
        point = {s: (v or 1.0) * math.exp(numbers.uniform(-spread, spread)) for s, v in sorted_items(values)}
        for s in exponents:
            if values.get(s):
                point[s] = values[s] * (point[s] / values[s]) ** _OF_EXPONENTS
        point[TIME] = 0.0
        for s in mech.states:
            point[s] = scale * math.exp(numbers.uniform(-2.0 * spread, spread))
        found.append(with_sums(mech, laws, point))
    return found


def with_sums(mech: Mechanism, laws: Sequence[Law], point: Point) -> Point:
    """A point of constants and states with the sums and definitions that these decide."""
    for weights, total in laws:
        point[total] = sum(c * point[s] for s, c in weights.items())
    for name, formula in mech.system.definitions:
        if name not in point:
            try:
                point[name] = Slope({}, point)(formula)[0]
            except (ArithmeticError, ValueError):
                point[name] = math.nan
    return point


def size_of(mech: Mechanism) -> float:
    """The largest amount that the model starts with; 1 where it starts with none."""
    values = {s: to_float(v) for s, v in mech.system.environment().items()}
    sizes = [abs(to_float(i)) for s in mech.states.values() if (i := _number(s.initial, values)) is not None]
    return max([x for x in sizes if math.isfinite(x)], default=1.0) or 1.0


def sorted_items(values: Mapping[sp.Symbol, float]) -> Iterator[tuple[sp.Symbol, float]]:
    """By name."""
    return iter(sorted(values.items(), key=lambda pair: str(pair[0].name)))


def _number(initial: object, values: Mapping[sp.Symbol, float]) -> sp.Expr | None:
    if not isinstance(initial, sp.Expr):
        return None
    found = initial.xreplace({s: sp.Float(v) for s, v in values.items()})
    return found if found.is_number else None


def chosen_root(
    ring: Ring,
    f: Poly,
    unknown: sp.Symbol,
    others: Mapping[sp.Symbol, sp.Expr],
    bounds: Sequence[sp.Expr],
    points: Sequence[Point],
    names: str,
    approximate: bool = False,
    balances: Sequence[sp.Expr] = (),
) -> Roots:
    """The root of `f` (in the ring's first name) for which no other species is negative, as formulas.

    `balances`: what has to vanish there, where `f` came about by divisions that may have brought in roots of its own.
    """
    parted = [sp.Add.make_args(sp.expand(b)) for b in balances]
    parts = ring.by_powers(f, 1)
    degree = max(n for (n,) in parts)
    if degree > _MOST_DEGREE or (degree > 2 and len(f) > _MOST_TERMS):
        message = f"the balance of {names} is a polynomial of degree {degree} with {len(f)} terms"
        raise NoClosedFormError("R526", message, hint=_HINT)
    variables = _variables(others, bounds)
    coefficients = [written(parts[(n,)], variables) if (n,) in parts else sp.S.Zero for n in range(degree + 1)]
    if approximate and degree > 1:
        first = -coefficients[0] / coefficients[1]
        return Roots(((unknown, first), *others.items()), (), degree, unknown, tuple(coefficients))
    if degree == 1:
        root = -coefficients[0] / coefficients[1]
        return Roots(((unknown, root), *others.items()), (), 1, unknown, tuple(coefficients))
    wanted: list[float] = []
    places: list[tuple[int, int]] = []
    inside: list[Point] = []
    for point in points:
        at = Slope({}, point)
        numbers = [at(c)[0] for c in coefficients]
        roots = sorted(float(x.real) for x in np.roots(numbers[::-1]) if abs(x.imag) <= _SAME * abs(x))
        admitted: list[tuple[int, float]] = []
        for k, x in enumerate(roots):
            known = any(math.isclose(x, y, rel_tol=_SAME) for _, y in admitted)
            if not known and _chemical({**point, unknown: x}, unknown, others, parted):
                admitted.append((k, x))
        if len(admitted) > 1 and admitted[-1][1] <= _ALIKE * admitted[0][1]:
            # perhaps one root, and another that a division brought in and rounding moved
            raise NoClosedFormError("R526", f"the polynomial of {names} has two roots that are much alike", hint=_TIE)
        if len(admitted) > 1:
            shown = ", ".join(f"{x:.6g}" for _, x in admitted)
            given = ", ".join(f"{s.name} = {v:.4g}" for s, v in sorted_items(point) if s != TIME)
            what = f"several chemical states balance, {unknown.name} = {shown}, where {given}"
            raise RxnError("R526", f"the balance of {names} does not decide them: {what}"[:600], hint=_TIE)
        if admitted:
            wanted.append(admitted[0][1])
            places.append((admitted[0][0], len(roots)))
            inside.append(point)
    if 2 * len(inside) < len(points):
        message = f"the balance of {names} has no chemical state at {len(points) - len(inside)} of {len(points)} points"
        kind = NoClosedFormError if degree > 2 else RxnError  # rounding hides roots of high polynomials
        raise kind("R526", message, hint="what is called slow drives them beyond what the conserved sums allow")
    note = f"{unknown.name}: of {degree} roots the one that leaves nothing negative, at {len(inside)} points tried"
    if len(inside) < len(points):
        note += f"; at {len(points) - len(inside)} others no root does, there the reduction says nothing"
    if degree == 2:
        upper = {k for k, _ in places}
        if len(upper) > 1:
            raise NoClosedFormError("R526", f"which root balances {names} changes from place to place", hint=_TIE)
        root = _quadratic(ring, parts, coefficients, upper.pop() == 1, variables)
        return Roots(((unknown, root), *others.items()), (note,), 2, unknown, tuple(coefficients))
    ordered = _laguerre(coefficients, unknown, bounds, inside, wanted, names)
    steps = len(ordered) - len(coefficients)
    note += f"; {steps} steps of Laguerre's from an upper bound find it"
    everywhere = len(inside) == len(points)
    return Roots((*ordered, *others.items()), (note,), degree, unknown, tuple(coefficients), everywhere=everywhere)


def _chemical(
    point: Point,
    unknown: sp.Symbol,
    others: Mapping[sp.Symbol, sp.Expr],
    balances: Sequence[Sequence[sp.Expr]],
) -> bool:
    """Whether no species is negative or beyond all measure there, and the balances (their terms) vanish."""
    there, size = Slope(others, point), max(abs(v) for s, v in point.items() if s != unknown)
    try:
        values = [point[unknown], *(there(e)[0] for e in others.values())]
        sums = [[there(e)[0] for e in terms] for terms in balances]
    except (ArithmeticError, ValueError):  # a formula has no value there
        return False
    if any(abs(sum(v)) > _BALANCED * sum(map(abs, v)) for v in sums):
        return False
    return min(values) >= -_NEGATIVE * size and max(values) <= size / _NEGATIVE


_TIE = "positivity does not tell the states apart; keep a species of them as slow"


def _variables(others: Mapping[sp.Symbol, sp.Expr], bounds: Sequence[sp.Expr]) -> list[sp.Symbol]:
    found = set().union(*(e.free_symbols for e in (*others.values(), *bounds)))
    return sorted(found, key=lambda s: str(s.name))


def _quadratic(
    ring: Ring, parts: Mapping[tuple[int, ...], Poly], c: Sequence[sp.Expr], upper: bool, variables: Sequence[sp.Symbol]
) -> sp.Expr:
    """The larger or smaller root of c2 x^2 + c1 x + c0, where the sign of c1 is known without cancellation."""
    middle, square = parts.get((1,), ring.zero), parts[(2,)]
    sign = one_sign(middle) * one_sign(square) if middle else 0
    if one_sign(square) < 0:
        c = [-x for x in c]
        middle, square = -middle, -square
    q = c[0] / c[2]
    if sign < 0:  # written with the positive sum
        p = termwise(-middle, square, variables)
        root = sp.sqrt(p**2 - 4 * q)
        return (p + root) / 2 if upper else 2 * q / (p + root)
    p = termwise(middle, square, variables)
    root = sp.sqrt(p**2 - 4 * q)
    if sign > 0 and upper:
        return -2 * q / (p + root)
    return (root - p) / 2 if upper else (-p - root) / 2


def termwise(above: Poly, below: Poly, variables: Sequence[sp.Symbol]) -> sp.Expr:
    """A quotient as a sum over monomials of `variables`, each coefficient in lowest terms."""
    if not above:
        return sp.S.Zero
    names = above.ring.symbols
    places = [i for i, s in enumerate(names) if s in variables]
    if any(m[i] for m in below.monoms() for i in places):
        return written(above, variables) / written(below, variables)
    found: dict[tuple[int, ...], dict[tuple[int, ...], object]] = {}
    for powers, coefficient in above.terms():
        outside = tuple(0 if i in places else n for i, n in enumerate(powers))
        found.setdefault(tuple(powers[i] for i in places), {})[outside] = coefficient
    terms = []
    for kept, rest in found.items():
        top, bottom = above.ring.from_dict(rest).cancel(below)
        monomial = sp.Mul(*(names[i] ** n for i, n in zip(places, kept, strict=True)))
        terms.append(monomial * written(top, ()) / written(bottom, ()))
    return sp.Add(*terms)


def _laguerre(
    coefficients: Sequence[sp.Expr],
    unknown: sp.Symbol,
    bounds: Sequence[sp.Expr],
    points: Sequence[Point],
    wanted: Sequence[float],
    names: str,
) -> list[tuple[sp.Symbol, sp.Expr]]:
    """Coefficients and steps as definitions: as many as reach the wanted root at all points, and one more."""
    if not bounds:
        raise NoClosedFormError("R526", f"no conserved sum bounds {unknown.name}, by which {names} balance", hint=_HINT)
    # the nearest root below the bound is reached where f is positive between the two
    signs = []
    for point, root in zip(points, wanted, strict=True):
        at = Slope({}, point)
        between = (min(at(b)[0] for b in bounds) + root) / 2.0
        signs.append(np.polyval([at(c)[0] for c in reversed(coefficients)], between) > 0.0)
    if not any(signs):
        coefficients = [-c for c in coefficients]
    most = 0
    for point, root in zip(points, wanted, strict=True):
        at = Slope({}, point)
        numbers = [at(c)[0] for c in coefficients]
        x, steps = min(at(b)[0] for b in bounds), 0
        while not math.isclose(x, root, rel_tol=_CONVERGED * 1e3) and steps < _MOST_STEPS:
            x, steps = _step(numbers, x, math.sqrt, max), steps + 1
        if steps == _MOST_STEPS:
            message = f"Laguerre's steps do not find {unknown.name}, by which {names} balance"
            raise NoClosedFormError("R526", message, hint=_HINT)
        most = max(most, steps)
    held = [symbol(f"{_plain(unknown)}_c{k}") for k in range(len(coefficients))]
    ordered = list(zip(held, coefficients, strict=True))
    at_step: sp.Expr = sp.Min(*bounds)
    for k in range(most + 1):
        name = unknown if k == most else symbol(f"{_plain(unknown)}_step{k + 1}")
        ordered.append((name, _step(held, at_step)))
        at_step = name
    return ordered


def _step(c: Sequence[Any], x: Any, root: Callable[[Any], Any] = sp.sqrt, larger: Callable[..., Any] = sp.Max) -> Any:
    """x - n f/(f' + sqrt((n - 1)^2 f'^2 - n (n - 1) f f'')), the numbers of f in rising powers (Laguerre 1880)."""
    n = len(c) - 1
    value, slope, bend = c[-1], 0, 0  # bend is f''/2
    for number in reversed(c[:-1]):
        bend = bend * x + slope
        slope = slope * x + value
        value = value * x + number
    return x - n * value / (slope + root(larger((n - 1) ** 2 * slope**2 - 2 * n * (n - 1) * value * bend, _LEAST)))


def _plain(name: sp.Symbol) -> str:
    return "".join(c if c.isalnum() else "_" for c in name.name).strip("_")
