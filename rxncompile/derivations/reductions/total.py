"""Total quasi-steady states: the slow variables are the sums that the fast reactions keep, exactly.

    X = W x,  W S_fast = 0 (the left null space),   d X/dt = W S_slow v(x(X)),   x(X): the balance at these sums

as S + ES for an enzyme, or P + GP + 2 GP2 for a gene. Where bound amounts are not small this holds and the standard
approximation does not. Sources: Borghans, de Boer and Segel 1996, Bull. Math. Biol. 58, 43; Tzafriri 2003, ibid. 65.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import sympy as sp

from ...errors import RxnError
from ...network import Network
from ...system import Step, System
from .assembly import Reduction, Total, assembled, totals_of
from .closed_checks import no_closed_form, trusted, without_value
from .completion import finished
from .fast_subsystem import Law, Quotients, left_of_sums, linear_balance
from .implicit import implicit_roots
from .mechanism import REACTIONS_HINT, Mechanism, Move, mechanism
from .one_unknown import OneUnknown, one_unknown
from .polynomials import Ring, times
from .relaxation import ambiguous, independent_on, parts, relaxing, tied
from .roots import NoClosedFormError, Roots, balanced_roots, chosen_root, eliminated_root, samples, together

_TOTAL = "Borghans et al. 1996, Bull. Math. Biol. 58, 43; Tzafriri 2003, Bull. Math. Biol. 65, 1111"
_MOST_OPERATIONS = 60  # of a formula for a complex that equations hold instead of an unknown
_EQUILIBRIUM = "Michaelis and Menten 1913, Biochem. Z. 49, 333; Heinrich and Schuster 1996, ch. 4"


def total(
    model: Network | System,
    fast: Iterable[str] | None = None,
    reactions: Iterable[str] | None = None,
    approximate: bool = False,
) -> Reduction:
    """The total quasi-steady-state approximation: fast species balance at sums that the fast reactions keep.

    `fast` and `reactions` as in `standard`; here the reactions decide what the slow variables are, and are asked for
    where another choice is as good. `approximate`: the balance to the first order (of Newton's from zero), in place
    of its root. Raises as `standard` does.
    """
    mech = mechanism(model)
    chosen = mech.species(fast)
    every = tied(mech, chosen)
    moves = relaxing(mech, every, reactions)
    others = ambiguous(mech, every, moves) if reactions is None and not any(m.fast for m in moves) else []
    if others or not moves:
        names = ", ".join(m.name for m in (*moves, *others))
        message = f"which reactions are fast is not decided: {names}" if others else "no reaction is known to be fast"
        raise RxnError("R525", message, hint=REACTIONS_HINT)
    return _totalled(mech, every, moves, mech.moves, "total", approximate)


def sums_at_equilibrium(model: Network | System, reactions: Iterable[str] | None = None) -> Reduction:
    """Rapid (partial) equilibrium of a set of fast reactions, the sums that they keep being the slow variables.

    `reactions` by name, with those that undo them; else those marked {fast}, or reversible ones of species marked so.
    Raises as `standard` does.
    """
    mech = mechanism(model)
    if reactions is None:
        moves = tuple(m for m in mech.moves if m.fast) or relaxing(mech, tied(mech, mech.species(None)), None)
    else:
        moves = mech.reactions(reactions)
    touched = [s for s in mech.states if any(s == x for m in moves for x, _ in m.change)]
    # with the species that come in one balance first: complexes are given by what they are made of
    every = tuple(_complexes(touched, moves))
    every = (*every, *(s for s in touched if s not in every and _within(mech, every, s)))
    ordered = tuple(s for s in mech.states if s in every)
    return _totalled(mech, ordered, moves, moves, "equilibrium", False)


def _within(mech: Mechanism, fast: Sequence[sp.Symbol], s: sp.Symbol) -> bool:
    """Whether a conservation law gives a species by fast ones."""
    return any(s in law for law in mech.laws(mech.moves, [*fast, s]))


def _totalled(
    mech: Mechanism, fast: Sequence[sp.Symbol], moves: Sequence[Move], balanced: Sequence[Move], form: str, rough: bool
) -> Reduction:
    touched = tuple(s for s in mech.states if s in fast or any(s == x for m in moves for x, _ in m.change))
    mech = mech.inlined(touched)
    every = len(balanced) == len(mech.moves)
    totals = totals_of(mech, mech.laws(moves, touched), mech.moves)
    free = len(touched) - len(totals)
    slow = [s for s in mech.states if s not in touched]
    if not slow and all(t.constant for t in totals):
        raise RxnError("R525", f"all states of {mech.name} are fast: nothing slow is left")
    if independent_on(fast, moves) != free:
        names = ", ".join(s.name for s in fast)
        message = f"the reactions {', '.join(m.name for m in moves)} do not decide {names} by sums that they keep"
        raise RxnError("R525", message, hint="name the fast reactions, or other fast species")
    conditions = {s: mech.drift(s) if every else mech.drift(s, moves) for s in fast}
    laws = [(t.weights, t.name) for t in totals]
    for law, _ in laws:
        mech.common(law)
    links = [*(t.weights for t in totals), *({s, *c.free_symbols} for s, c in conditions.items())]
    solved = together([
        _solved(_Balance(
            mech, [s for s in part if s in fast], part, moves, [t for t in totals if set(t.weights) <= set(part)],
            {s: c for s, c in conditions.items() if s in part}, rough,
        ))
        for part in parts(touched, links)
    ])  # fmt: skip
    formulas = solved.formulas()
    rest = [m for m in mech.moves if m not in moves]
    drift = {s: mech.drift(s) for s in slow}
    drift |= {t.name: mech.rate(t.weights, rest) for t in totals if not t.constant}
    sums = "; ".join(f"{t.name} = " + " + ".join(_weighed(c, s) for s, c in t.weights.items()) for t in totals)
    options = [("fast", ", ".join(s.name for s in fast)), ("balanced", ", ".join(m.name for m in moves))]
    options.append(("sums", sums))
    if rough:
        options.append(("order", "first"))
    title = "total quasi-steady state" if form == "total" else "rapid equilibrium"
    step = Step(title, tuple(options), _TOTAL if form == "total" else _EQUILIBRIUM)
    system = assembled(mech, touched, formulas, totals, drift, step, fields=solved.fields)
    rows = [*((s, {s: 1}) for s in slow), *((t.name, t.weights) for t in totals if not t.constant)]
    return finished(Reduction(
        form, mech, system, touched, tuple(formulas.items()), tuple(totals), tuple(moves), tuple(rows),
        tuple(conditions.items()), solved.notes,
    ))  # fmt: skip


def _weighed(count: int, s: sp.Symbol) -> str:
    return s.name if count == 1 else f"{count} {s.name}"


@dataclass(frozen=True)
class _Balance:
    """What is solved: `touched` species, the `fast` ones among them by `conditions`, all at the `totals` they keep.

    `moves`: the reactions that bring them into balance. `rough`: to the first order.
    """

    mech: Mechanism
    fast: Sequence[sp.Symbol]
    touched: Sequence[sp.Symbol]
    moves: Sequence[Move]
    totals: Sequence[Total]
    conditions: Mapping[sp.Symbol, sp.Expr]
    rough: bool

    @property
    def laws(self) -> list[Law]:
        return [(t.weights, t.name) for t in self.totals]


def _roots(b: _Balance) -> Roots:
    """All touched species by the sums."""
    if len(b.touched) - len(b.totals) == 1:
        every = {s: b.conditions.get(s, sp.S.Zero) for s in b.touched}
        return balanced_roots(b.mech, every, b.laws, b.rough)
    inner = [law for law in b.laws if set(law[0]) <= set(b.fast)]
    outer = [law for law in b.laws if law not in inner]
    left = [s for s in b.touched if s not in b.fast]
    names = ", ".join(s.name for s in b.touched)
    solved = linear_balance(b.conditions, inner, [t.name for t in b.totals])
    if not isinstance(solved, Quotients):
        balances = _independent(b.fast, b.conditions, inner)
        return eliminated_root(b.mech, b.touched, b.laws, balances, names, b.rough)
    if len(left) != 1 or len(outer) != 1:
        # complexes by what they are made of, then these by their sums
        given = solved.formulas([*left, *(t.name for t in b.totals)])
        sums = left_of_sums(outer, given)
        brought = one_unknown(sums, left) if len(sums) == len(left) else None
        if brought is not None and not brought.regular:
            by_free = _by_free_species(b)
            if by_free is not None:
                brought, given, sums, outer = *by_free, b.laws
        if brought is None:
            message = f"the balance of {names} at given sums is not one equation in one unknown"
            raise NoClosedFormError("R526", message, hint="name fewer species, or fewer fast reactions")
        last = brought.unknown
        others = {**dict(brought.others), **given}
        limits = [t / w[last] for w, t in outer if w.get(last, 0) > 0 and min(w.values()) > 0]
        points = samples(b.mech, b.touched, b.laws)
        return chosen_root(brought.ring, brought.f, last, others, limits, points, names, b.rough, sums)
    (unknown,), ((weights, name),) = left, outer
    parts = [*solved.numerators.values(), *solved.denominators.values()]
    ring = Ring([*(p.as_expr() for p in parts), name], (unknown,))
    below = ring.one
    for p in dict.fromkeys(solved.denominators.values()):
        below = times(below, ring.polynomial(p.as_expr()))
    f = times(ring.gen(unknown).mul_ground(weights[unknown]) - ring.gen(name), below)
    for s, c in weights.items():
        if s != unknown:
            share = below.exquo(ring.polynomial(solved.denominators[s].as_expr()))
            f += times(ring.polynomial(solved.numerators[s].as_expr()).mul_ground(c), share)
    variables = [unknown, *(t.name for t in b.totals)]
    others = solved.formulas(variables)
    points = samples(b.mech, b.touched, b.laws)
    bounds = [name / weights[unknown]] if min(weights.values()) > 0 else []
    found = chosen_root(ring, f, unknown, others, bounds, points, names, b.rough)
    return replace(found, unknown=unknown)


def _by_free_species(b: _Balance) -> tuple[OneUnknown, dict[sp.Symbol, sp.Expr], list[sp.Expr]] | None:
    """One equation in one free species, as an enzyme, by formulas that hold where sums are 0 too; None without such."""
    made = _complexes(b.fast, b.moves)
    left = [s for s in b.touched if s not in made]
    solved = linear_balance({s: b.conditions[s] for s in made}, [], [t for _, t in b.laws])
    if len(left) != len(b.laws) or solved is None:
        return None
    given = solved.formulas([*left, *(t for _, t in b.laws)])
    sums = left_of_sums(b.laws, given)
    found = one_unknown(sums, left)
    return (found, given, sums) if found is not None and found.regular else None


def _complexes(fast: Sequence[sp.Symbol], moves: Sequence[Move]) -> list[sp.Symbol]:
    """Fast species, the last ones first, that the moves change independently."""
    made: list[sp.Symbol] = []
    for s in reversed(fast):
        if independent_on([*made, s], moves) > independent_on(made, moves):
            made.append(s)
    return [s for s in fast if s in made]


def _solved(b: _Balance) -> Roots:
    """Touched species by formulas, or where these are none or long by a field."""
    try:
        found = _roots(b)
    except RxnError as error:
        if b.rough or not no_closed_form(error):
            raise
        return _implicit(b)
    if not b.rough and not trusted(b.mech, found, b.laws):
        try:
            return _implicit(b)
        except RxnError:
            pass
    if not b.rough and (empty := without_value(b.mech, found, b.laws)):
        note = f"where {' or '.join(empty)} is 0 the formulas have no value: they divide by it"
        return replace(found, notes=(*found.notes, note))
    return found


def _implicit(b: _Balance) -> Roots:
    """All touched species by a field; complexes by formulas of what they are made of, where these are short."""
    made = _complexes(b.fast, b.moves)
    left = [s for s in b.touched if s not in made]
    inner = [law for law in b.laws if set(law[0]) <= set(made)]
    given: dict[sp.Symbol, sp.Expr] = {}
    if left and len(b.laws) - len(inner) == len(left):
        try:
            solved = linear_balance({s: b.conditions[s] for s in made}, inner, [t.name for t in b.totals])
            given = solved.formulas([*left, *(t.name for t in b.totals)]) if solved else {}
        except RxnError as error:
            if error.code != "R413":
                raise
    if not given or max(sp.count_ops(e) for e in given.values()) > _MOST_OPERATIONS:
        return implicit_roots(b.mech, b.touched, left_of_sums(b.laws), list(b.conditions.values()), b.laws)
    sums = left_of_sums([law for law in b.laws if law not in inner], given)
    return implicit_roots(b.mech, left, sums, (), b.laws, given)


def _independent(
    fast: Sequence[sp.Symbol], conditions: Mapping[sp.Symbol, sp.Expr], inner: Sequence[Law]
) -> list[sp.Expr]:
    """The balances without one for each sum of fast species, which the others imply."""
    dropped: set[sp.Symbol] = set()
    for weights, _ in inner:
        dropped.add(next(s for s in reversed(fast) if s in weights and s not in dropped))
    return [c for s, c in conditions.items() if s not in dropped]
