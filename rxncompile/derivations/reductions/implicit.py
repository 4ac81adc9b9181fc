"""Fast species whose balance has no closed form: unknowns of a computed field, found anew wherever it is evaluated.

    0 = F(x; slow, sums),  x >= 0     by Newton's method, every turn of which leaves positive what is positive

Beforehand, at sampled states and rate constants, at the model's start and where a sum is zero, it is made sure that one
state without negative amounts balances and not several, and found in how many turns and from which guess the method
comes there. Equilibria of mass action are the minimum of a convex function of logarithms of amounts (Horn and Jackson
1972, Arch. Ration. Mech. Anal. 47, 81), a sum of exponentials, for which damped turns are made (Sun and Tran-Dinh 2019,
Math. Program. 178, 145).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from ...errors import RxnError
from ...expressions import TIME, to_float
from ...roots import WIDER, implicit_root
from .fast_subsystem import Law
from .many_points import Array, Equations, Turns, Values
from .mechanism import Mechanism
from .roots import SAMPLES, Point, Roots, sampled_states, size_of, sorted_items, with_sums

_POINTS = 10 * SAMPLES  # at which the field's own method is tried
_STARTS = 24  # from which every state that balances is sought, at each of SAMPLES points
_EMPTIED = 12  # points at which each sum is tried at zero
_MOST_TURNS = 40
_FEW_TURNS = 15  # with which no better guess is looked for
_SPARE_TURNS = 3  # at least, or a third: runs go beyond the points tried
_SOUGHT_TURNS = 80
_NEAR = 1e-6  # a relative correction after which two more turns give all digits
_ROUNDING = 1e-13  # of a bound
_SETTLED = 1e-9
_BALANCED = 1e-6  # of the terms of an equation
_SAME = 1e-6
_NEGATIVE = 1e-9
_SPREAD = 8.0  # decades over which starts are spread, below the bounds
_ABOVE = 3.0  # decades more where no sum bounds an unknown
_GUESSES = (sp.S.One, sp.Rational(1, 10), sp.Rational(1, 1000))  # of the largest that an unknown can be
_UNBOUNDED = (10.0, 1e4, 1.0, 1e-2, 1e-4)  # of the size of the model, where no sum bounds an unknown
_HINT = "keep a species of them as slow"


Guesses: TypeAlias = Mapping[sp.Symbol, sp.Expr]
Rows: TypeAlias = NDArray[np.intp]
Flags: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True)
class _Problem:
    """What has to be solved: the points as arrays (P), the first `sampled` of which are anywhere, then the start."""

    names: str
    given: Mapping[sp.Symbol, sp.Expr]  # other species by the unknowns
    points: tuple[Point, ...]
    columns: Mapping[sp.Symbol, Array]
    sampled: int
    started: bool
    size: float

    def at(self, rows: Rows) -> dict[sp.Symbol, Array]:
        """The coordinates at some points, with an axis for starts."""
        return {s: v[rows][:, np.newaxis] for s, v in self.columns.items()}

    def told(self, row: int, only: Sequence[sp.Symbol]) -> str:
        return ", ".join(f"{s.name} = {v:.4g}" for s, v in sorted_items(self.points[row]) if s in only and s != TIME)


def implicit_roots(
    mech: Mechanism,
    unknowns: Sequence[sp.Symbol],
    sums: Sequence[sp.Expr],
    balances: Sequence[sp.Expr],
    laws: Sequence[Law],
    given: Mapping[sp.Symbol, sp.Expr] | None = None,
    name: str = "balance",
) -> Roots:
    """Unknowns by a field that makes `sums` and so many `balances` as are needed zero, and the species `given` by them.

    `laws` bound the unknowns. Raises R526 where none or several states without negative amounts balance, where the
    balances do not decide them, and where Newton's method does not come there.
    """
    names = ", ".join(s.name for s in (*unknowns, *(given or {})))
    problem = _problem(mech, laws, (*sums, *balances), names, given or {})
    try:
        found = _independent(problem, unknowns, sums, balances)
    except (KeyError, ValueError) as error:
        message = f"the balance of {names} cannot be evaluated: {error}"
        raise RxnError("R526", message, hint=_HINT) from None
    bounds = {u: [t / w[u] for w, t in laws if w.get(u, 0) > 0 and min(w.values()) > 0] for u in unknowns}
    tops = [{u: sp.Min(*b) if (b := bounds[u]) else _number(c * problem.size) for u in unknowns} for c in _UNBOUNDED]
    rows = np.arange(len(problem.points))
    checked = rows[(rows < SAMPLES) | (rows >= problem.sampled)]
    states = _states(problem, found, tops[0], checked)
    _refuse_ties(problem, found, checked, states)
    none = np.array([k for k, x in zip(checked, states, strict=True) if not len(x)], dtype=np.intp)
    if problem.started and problem.sampled in none:
        message = f"no state without negative amounts balances {names} at the start, or none that is found"
        hint = _emptied(problem, laws) or "what starts slow drives them beyond what the sums allow"
        raise RxnError("R526", message, hint=hint)
    if 2 * (none < SAMPLES).sum() > SAMPLES:
        message = f"the balance of {names} has no chemical state at {(none < SAMPLES).sum()} of {SAMPLES} points"
        raise RxnError("R526", message, hint="what is called slow drives them beyond what the conserved sums allow")
    whole = tops[:1] if all(bounds.values()) else tops
    guessed = [{u: share * top[u] for u in unknowns} for share in _GUESSES for top in whole]
    best: tuple[int, Equations, Guesses] | None = None
    rising = _rising(problem, found, checked, states)
    forms = [(found if rising else None, rising), (found, 0), (_in_logarithms(problem, found, len(sums)), 0)]
    for form, sign in forms:
        if form is not None and best is None:
            best = _quickest(problem, form, sign, found, guessed, tops[0], checked, states)
            rising = sign
    if best is None:
        message = f"the balance of {names} has no closed form, and {_MOST_TURNS} turns of Newton's do not find its root"
        raise RxnError("R526", message, hint=_emptied(problem, laws) or _HINT)
    turns, ordered, guesses = best[0] + max(_SPARE_TURNS, best[0] // 3), *best[1:]
    _, reached = _turns(problem, ordered, guesses, rising)
    zero = dict(zip(ordered.unknowns, ordered.residuals, strict=True))
    used = set().union(*(e.free_symbols for e in (*zero.values(), *guesses.values()))) - set(zero)
    inputs = sorted(used, key=lambda s: str(s.name))
    field = implicit_root(name, zero, {u: guesses[u] for u in zero}, inputs, turns, True, rising)
    return Roots(tuple((given or {}).items()), _notes(problem, ordered, turns, reached), 0, fields=(field,))


def _quickest(
    problem: _Problem,
    form: Equations,
    rising: int,
    plain: Equations,
    guessed: Sequence[Guesses],
    top: Guesses,
    rows: Rows,
    states: Sequence[Array],
) -> tuple[int, Equations, Guesses] | None:
    """The order of equations and the guess from which the fewest turns come to every state; None where none do."""
    known = {int(k): len(x) > 0 for k, x in zip(rows, states, strict=True)}
    best: tuple[int, Equations, Guesses] | None = None
    for guesses in guessed:
        for ordered in _orders(problem, form, rows, states):
            needed, reached = _turns(problem, ordered, guesses, rising)
            most = int(needed.max(initial=0)) + 1
            if (best is None or most < best[0]) and not _missed(problem, plain, top, reached, known):
                best = most, ordered, guesses
            if best is not None and best[0] <= _FEW_TURNS:
                return best
    return best


def _missed(problem: _Problem, found: Equations, top: Guesses, reached: Flags, known: Mapping[int, bool]) -> bool:
    """Whether the method does not come to a state that is there, at the start or at any point without sums of zero."""
    rows = np.flatnonzero(~reached[: problem.sampled + problem.started])
    if any(known.get(int(k), False) for k in rows):
        return True
    rows = np.array([k for k in rows if int(k) not in known], dtype=np.intp)
    return len(rows) > 0 and any(len(x) for x in _states(problem, found, top, rows))


def _emptied(problem: _Problem, laws: Sequence[Law]) -> str:
    """What to do about sums that are 0 at the start; empty where there are none."""
    zero = [t.name for _, t in laws if problem.started and problem.points[problem.sampled][t] == 0.0]
    return f"{', '.join(zero)} {'is' if len(zero) == 1 else 'are'} 0 at the start: give a little" if zero else ""


def _notes(problem: _Problem, found: Equations, turns: int, reached: Flags) -> tuple[str, ...]:
    unknowns = ", ".join(u.name for u in found.unknowns)
    one = len(found.unknowns) == 1
    note = (
        f"{unknowns}: kept implicit, as {'its' if one else 'their'} balance has no short closed form; {turns} turns of "
        f"Newton's method find the state that leaves nothing negative, at {int(reached.sum())} points tried, and "
        f"{_STARTS + 2} starts at {SAMPLES} of them find no other"
    )
    anywhere = np.arange(len(reached)) < problem.sampled
    if empty := int((~reached & anywhere).sum()):
        note += f"; at {empty} others there is none, there the reduction says nothing"
    if emptied := int((~reached & ~anywhere).sum()):
        note += f"; at {emptied} points where a sum is 0 they do not come there"
    return (note,)


# ---------------------------------------------------------------------------------------------- points


def _problem(
    mech: Mechanism,
    laws: Sequence[Law],
    equations: Sequence[sp.Expr],
    names: str,
    given: Mapping[sp.Symbol, sp.Expr],
) -> _Problem:
    exponents = set().union(*(p.exp.free_symbols for e in equations for p in e.atoms(sp.Pow)))
    points = sampled_states(mech, laws, _POINTS, exponents)
    sampled = len(points)
    start = start_point(mech, laws)
    points += [start] if start else []
    for weights, _ in laws:
        if min(weights.values()) > 0:
            for point in points[SAMPLES - _EMPTIED : SAMPLES]:
                points.append(with_sums(mech, laws, {**point, **dict.fromkeys(weights, 0.0)}))
    columns = {s: np.array([p[s] for p in points]) for s in points[0]}
    return _Problem(names, given, tuple(points), columns, sampled, start is not None, size_of(mech))


def start_point(mech: Mechanism, laws: Sequence[Law]) -> Point | None:
    """The model's own values; None where a state starts from a distribution."""
    values = mech.system.environment()
    point = {s: to_float(v) for s, v in values.items()} | {TIME: 0.0}
    for s, state in mech.states.items():
        initial = state.initial
        number = initial.xreplace(values) if isinstance(initial, sp.Expr) else sp.S.NaN
        if not number.is_number or not math.isfinite(to_float(number)):
            return None
        point[s] = to_float(number)
    return with_sums(mech, laws, point)


def _number(x: float) -> sp.Expr:
    return sp.Rational(f"{x:.1e}")


def _independent(
    problem: _Problem, unknowns: Sequence[sp.Symbol], sums: Sequence[sp.Expr], balances: Sequence[sp.Expr]
) -> Equations:
    """The sums and the first balances that are independent of them and of each other, at a sampled state."""
    at = {s: np.array(v[SAMPLES // 2]) for s, v in problem.columns.items()}
    state = np.array([at.pop(u) for u in unknowns])
    chosen: list[sp.Expr] = []
    rows: list[Array] = []
    for equation in (*sums, *(b for b in balances if b != 0)):
        if len(chosen) < len(unknowns):
            (row,) = Equations.of(unknowns, [equation]).matrix(at, state) * state
            size = np.abs(row).max()
            if size > 0.0 and np.linalg.matrix_rank([*rows, row / size], tol=_SETTLED) > len(rows):
                chosen.append(equation)
                rows.append(row / size)
    if len(chosen) < len(unknowns):
        hint = "name as fast what the fast reactions bring into balance, or the fast reactions themselves"
        raise RxnError("R526", f"their balance does not decide the fast species {problem.names}", hint=hint)
    return Equations.of(unknowns, chosen)


# ---------------------------------------------------------------------------------------------- states


def _states(problem: _Problem, found: Equations, top: Guesses, rows: Rows) -> list[Array]:
    """At each of some points all states that balance and have no negative amounts, as far as they are found, (k, n)."""
    at, shape = problem.at(rows), (len(rows), 1)
    at = {s: v for s, v in at.items() if s not in found.unknowns}
    value = Values(at)
    most = np.stack([np.broadcast_to(value(top[u]), shape) for u in found.unknowns], axis=-1)
    size = most.max(axis=-1)
    numbers = np.random.default_rng(20)
    unbounded = np.array([_ABOVE if top[u].is_number else 0.0 for u in found.unknowns])
    decades = numbers.uniform(0.0, 1.0, (len(rows), _STARTS, len(found.unknowns)))
    spread = 10.0 ** (unbounded - decades * (_SPREAD + unbounded))
    own = np.stack([problem.columns[u][rows] for u in found.unknowns], axis=-1)[:, np.newaxis]
    x = np.concatenate([most, own, most * spread], axis=1)
    move, turns, alone = np.zeros_like(x), Turns(), (np.arange(x.shape[1]) % 2 == 1)[:, np.newaxis]
    with np.errstate(all="ignore"):
        for turn in range(_SOUGHT_TURNS + 3):
            move = found.move(at, x, pivots=True)
            if turn >= _SOUGHT_TURNS:
                x = x + move
            else:  # of two kinds, as one finds what the other does not
                x = np.where(alone, np.clip(x + move, x / WIDER, x * WIDER), turns.after(x, move, found, at))
        inside = (np.abs(move) <= _SETTLED * np.abs(x) + _ROUNDING * most).all(axis=-1)
        inside &= (x >= -_NEGATIVE * most).all(axis=-1) & (x <= size[..., np.newaxis] / _NEGATIVE).all(axis=-1)
        inside &= _others_chemical(problem, found, at, x, size)
        whole, parts = found.imbalance(at, x)
        largest = np.nan_to_num(found.imbalance(at, most)[1], posinf=0.0)
        inside &= (whole <= _BALANCED * parts + _ROUNDING * largest).all(axis=-1)
    states = []
    for k in range(len(rows)):
        kept: list[Array] = []
        for state in x[k][inside[k]]:
            alike = _SAME * np.abs(state) + _NEGATIVE * most[k, 0]
            if not any((np.abs(state - other) <= alike).all() for other in kept):
                kept.append(state)
        states.append(np.array(kept).reshape(-1, len(found.unknowns)))
    return states


def _others_chemical(
    problem: _Problem, found: Equations, at: Mapping[sp.Symbol, Array], x: Array, size: Array
) -> Flags:
    """Whether the species that follow from the unknowns are not negative either."""
    value, good = found.values(at, x), np.ones(x.shape[:-1], dtype=bool)
    for formula in problem.given.values():
        good &= np.broadcast_to(value(formula) >= -_NEGATIVE * size, good.shape)
    return good


def _refuse_ties(problem: _Problem, found: Equations, rows: Rows, states: Sequence[Array]) -> None:
    for k, several in zip(rows, states, strict=True):
        if len(several) > 1:
            inputs = set().union(*(f.free_symbols for f in found.residuals)) - set(found.unknowns)
            shown = "; ".join(
                ", ".join(f"{u.name} = {v:.6g}" for u, v in zip(found.unknowns, state, strict=True))
                for state in several[:3]
            )  # fmt: skip
            what = f"several chemical states balance ({shown}) where {problem.told(int(k), list(inputs))}"
            message = f"the balance of {problem.names} does not decide them: {what}"
            raise RxnError("R526", message[:900], hint=f"positivity does not tell the states apart; {_HINT}")


# ---------------------------------------------------------------------------------------------- method


def _turns(problem: _Problem, found: Equations, guesses: Guesses, rising: int) -> tuple[Array, Flags]:
    """How many turns the field's own method takes at each point, and whether it comes to a chemical state."""
    at = {s: v for s, v in problem.columns.items() if s not in found.unknowns}
    shape = (len(problem.points),)
    value = Values(at)
    x = np.stack([np.broadcast_to(value(guesses[u]), shape) for u in found.unknowns], axis=-1)
    turns = Turns(rising)
    least, needed, reached = _ROUNDING * np.abs(x), np.zeros(shape), np.zeros(shape, dtype=bool)
    with np.errstate(all="ignore"):
        for turn in range(_MOST_TURNS):
            move = found.move(at, x)
            near = (np.abs(move) <= _NEAR * np.abs(x) + least).all(axis=-1)
            needed = np.where(near & ~reached, turn, needed)
            reached |= near
            x = turns.after(x, move, found, at)
            if reached.all():
                break
        size = least.max(axis=-1) / _ROUNDING
        reached &= (x >= 0.0).all(axis=-1) & _others_chemical(problem, found, at, x, size)
    return needed, reached


def _in_logarithms(problem: _Problem, found: Equations, sums: int) -> Equations | None:
    """Balances as logarithms of what makes over what removes: nearer to lines; None where terms change their sign."""
    value = Values({s: v[:SAMPLES] for s, v in problem.columns.items()})
    residuals = list(found.residuals[:sums])
    for f in found.residuals[sums:]:
        made, lost = [], []
        for term in sp.Add.make_args(f):
            signs = np.sign(value(term))
            if (signs > 0.0).all():
                made.append(term)
            elif (signs < 0.0).all():
                lost.append(-term)
            else:
                return None
        if not made or not lost:
            return None
        residuals.append(sp.log(sp.Add(*made)) - sp.log(sp.Add(*lost)))
    return Equations.of(found.unknowns, residuals)


def _rising(problem: _Problem, found: Equations, rows: Rows, states: Sequence[Array]) -> int:
    """1 where the residual of one unknown rises at its root, -1 where it falls, 0 where that is not always so."""
    if len(found.unknowns) > 1:
        return 0
    signs = set()
    for k, x in zip(rows, states, strict=True):
        if len(x) and k < SAMPLES:
            at = {s: np.array(v[k]) for s, v in problem.columns.items() if s not in found.unknowns}
            signs.add(int(np.sign(found.matrix(at, x[0])[0, 0])))
    return signs.pop() if len(signs) == 1 else 0


def _orders(problem: _Problem, found: Equations, rows: Rows, states: Sequence[Array]) -> Iterator[Equations]:
    """The equations as they are, and in the order of pivots at a point in the middle."""
    yield found
    known = [(int(k), x[0]) for k, x in zip(rows, states, strict=True) if len(x) and k < SAMPLES]
    if not known:
        return
    row, state = known[len(known) // 2]
    at = {s: np.array(v[row]) for s, v in problem.columns.items() if s not in found.unknowns}
    matrix = found.matrix(at, state) * state
    matrix = matrix / np.abs(matrix).max(axis=-1, keepdims=True)
    left, right = list(range(len(state))), list(range(len(state)))
    for k in range(len(state)):
        part = np.abs(matrix[np.ix_(left[k:], right[k:])])
        i, j = np.unravel_index(int(np.argmax(part)), part.shape)
        left[k], left[k + int(i)] = left[k + int(i)], left[k]
        right[k], right[k + int(j)] = right[k + int(j)], right[k]
        pivot = matrix[left[k], right[k]]
        for other in left[k + 1 :]:
            matrix[other] = matrix[other] - matrix[other, right[k]] / pivot * matrix[left[k]]
    if left != list(range(len(state))) or right != left:
        yield found.ordered(left, right)
