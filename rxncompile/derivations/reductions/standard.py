"""Quasi-steady states: fast species balance, and the slow ones go on as if these were where they balance.

    standard    0 = d x_f/dt(x_s, x_f),   d x_s/dt at that x_f, x_s(0) as it was
    reverse     the same, x_s(0) with the fast species emptied into them by the fast reactions
    equilibrium 0 = what the fast reactions alone do to x_f; the sums of fast species that they keep are slow states

Sources: Briggs and Haldane 1925; Segel and Slemrod 1989; King and Altman 1956; Michaelis and Menten 1913.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sympy as sp

from ...errors import RxnError
from ...network import Network
from ...system import Field, Step, System
from .assembly import Reduction, assembled, start_of, totals_of
from .closed_checks import no_closed_form, trusted
from .completion import finished
from .correction import corrected
from .fast_subsystem import Law, Quotients, left_of_sums, linear_balance
from .implicit import implicit_roots
from .mechanism import REACTIONS_HINT, Mechanism, Move, mechanism
from .relaxation import carried, parts, relaxing, tied
from .roots import NoClosedFormError, Roots, balanced_roots, together

_STANDARD = "Segel and Slemrod 1989, SIAM Rev. 31, 446; King and Altman 1956, J. Phys. Chem. 60, 1375"
_REVERSE = "Segel and Slemrod 1989, SIAM Rev. 31, 446; Schnell and Maini 2000, Bull. Math. Biol. 62, 483"
_EQUILIBRIUM = "Michaelis and Menten 1913, Biochem. Z. 49, 333; Heinrich and Schuster 1996, ch. 4"


def standard(
    model: Network | System,
    fast: Iterable[str] | None = None,
    reactions: Iterable[str] | None = None,
    correction: bool = False,
) -> Reduction:
    """The standard quasi-steady-state approximation: fast species where d fast/dt = 0.

    `fast`: states by name (`S[*,*,0]` for several), else those marked {fast}; what a conservation law gives by them
    alone goes with them, and sums of them that are conserved become parameters. `reactions`: those that bring them
    into balance, which are left out of the reduced network; else those marked {fast}, else reversible ones of fast
    species. They do not change the equations. `correction`: fast species to the first order beyond the slow manifold.

    Raises R501 for an unknown name, R525 for what cannot be reduced, R526 where the balance has no solution in closed
    form or several positive ones, R413 where formulas are too long.
    """
    mech = mechanism(model)
    chosen = mech.species(fast)
    every = tied(mech, chosen)
    moves = relaxing(mech, every, reactions)
    return _reduced(mech, chosen, every, moves, mech.moves, "standard", correction)


def reverse(
    model: Network | System, fast: Iterable[str] | None = None, reactions: Iterable[str] | None = None
) -> Reduction:
    """The reverse quasi-steady-state approximation: substrates that are bound at once, as by an excess of enzyme.

    As `standard`, for fast species that the fast reactions use up: the slow ones start from what is left when every
    fast one has gone into them. Raises as `standard`, and R525 where no fast reaction empties them.
    """
    mech = mechanism(model)
    chosen = mech.species(fast)
    moves = relaxing(mech, chosen, reactions)
    slow = [s for s in mech.states if s not in chosen]
    starts = _emptied(mech, chosen, slow, moves)
    return _reduced(mech, chosen, chosen, moves, mech.moves, "reverse", False, starts)


def partial_equilibrium(
    model: Network | System, fast: Iterable[str] | None = None, reactions: Iterable[str] | None = None
) -> Reduction:
    """Rapid equilibrium of fast species under the fast reactions alone, beside slow ones that keep their meaning.

    Sums of fast species that the fast reactions keep and others change become slow states (pools).
    Raises as `standard`.
    """
    mech = mechanism(model)
    chosen = mech.species(fast)
    every = tied(mech, chosen)
    moves = relaxing(mech, every, reactions)
    if not moves:
        names = ", ".join(s.name for s in every)
        raise RxnError("R525", f"no fast reaction is known that brings {names} into balance", hint=REACTIONS_HINT)
    return _reduced(mech, chosen, every, moves, moves, "equilibrium", False)


def _reduced(
    mech: Mechanism,
    asked: Sequence[sp.Symbol],
    fast: Sequence[sp.Symbol],
    moves: Sequence[Move],
    balanced: Sequence[Move],
    form: str,
    correction: bool,
    starts: Mapping[sp.Symbol, sp.Expr] | None = None,
) -> Reduction:
    if len(fast) == len(mech.states):
        raise RxnError("R525", f"all states of {mech.name} are fast: nothing slow is left")
    mech = mech.inlined(fast)
    every = balanced is mech.moves or len(balanced) == len(mech.moves)
    pools = totals_of(mech, mech.laws(balanced, fast), mech.moves)
    slow = [s for s in mech.states if s not in fast]
    variables = [*slow, *(p.name for p in pools if not p.constant)]
    conditions = {s: mech.drift(s) if every else mech.drift(s, balanced) for s in fast}
    laws = [(p.weights, p.name) for p in pools]
    rates = _rates(mech, slow, fast, moves)
    rates |= {p.name: mech.rate(p.weights, mech.moves) for p in pools if not p.constant}
    notes: list[str] = []
    fields: tuple[Field, ...] = ()
    solved = _solved(mech, conditions, laws, list(rates.values()), variables)
    formulas = solved.formulas(variables)
    if isinstance(solved, Roots):
        notes, fields = [*solved.notes], solved.fields
        if correction:
            message = f"the fast species of {mech.name} balance, but not linearly: no correction is made"
            raise RxnError("R525", message)
    elif correction:
        formulas = corrected(mech, conditions, formulas, laws, rates, variables)
    drift = {}
    for s, rate in rates.items():
        found = solved.substituted(rate, variables) if isinstance(solved, Quotients) and not correction else None
        drift[s] = rate if found is None else found
    added = [s.name for s in fast if s not in asked]
    if added:
        notes.append(f"{', '.join(added)}: fast too, tied to the fast species by a conservation law")
    options = [("fast", ", ".join(s.name for s in fast))]
    if form == "equilibrium":
        options.append(("balanced", ", ".join(m.name for m in moves)))
    if correction:
        options.append(("order", "first"))
    title, source = _TITLES[form]
    system = assembled(mech, fast, formulas, pools, drift, Step(title, tuple(options), source), starts, fields)
    rows = [(s, carried(mech, s, fast, moves) or {s: 1}) for s in slow]
    rows += [(p.name, p.weights) for p in pools if not p.constant]
    return finished(Reduction(
        form, mech, system, tuple(fast), tuple(formulas.items()), tuple(pools), tuple(moves), tuple(rows),
        tuple(conditions.items()), tuple(notes),
    ))  # fmt: skip


_TITLES = {
    "standard": ("standard quasi-steady state", _STANDARD),
    "reverse": ("reverse quasi-steady state", _REVERSE),
    "equilibrium": ("rapid equilibrium", _EQUILIBRIUM),
}


def _solved(
    mech: Mechanism,
    conditions: Mapping[sp.Symbol, sp.Expr],
    laws: Sequence[Law],
    rates: Sequence[sp.Expr],
    variables: Sequence[sp.Symbol],
) -> Quotients | Roots:
    """Fast species by quotients, else by roots, else by fields: each part of them that is in no balance of another."""
    too_long = False
    try:
        if (linear := linear_balance(conditions, laws, rates)) is not None:
            return linear
    except RxnError as error:
        if error.code != "R413":
            raise
        too_long = True
    found = []
    links = [*(w for w, _ in laws), *({s, *c.free_symbols} for s, c in conditions.items())]
    for part in parts(tuple(conditions), links):
        balances = {s: conditions[s] for s in part}
        sums = [law for law in laws if set(law[0]) <= set(part)]
        try:
            if too_long and len(part) == len(conditions):
                raise NoClosedFormError("R526", f"the balance of {mech.name} is long")
            quotients = linear_balance(balances, sums)
            if quotients is not None:
                found.append(Roots(tuple(quotients.formulas(variables).items())))
                continue
            roots = balanced_roots(mech, balances, sums)
            if roots.degree > 2 and not trusted(mech, roots, sums):
                raise NoClosedFormError("R526", f"the formulas of {mech.name} do not hold everywhere")
            found.append(roots)
        except RxnError as error:
            if not no_closed_form(error):
                raise
            found.append(implicit_roots(mech, part, left_of_sums(sums), list(balances.values()), sums))
    return together(found)


def _rates(
    mech: Mechanism, slow: Sequence[sp.Symbol], fast: Sequence[sp.Symbol], moves: Sequence[Move]
) -> dict[sp.Symbol, sp.Expr]:
    """d slow/dt without what cancels as the fast species balance: that of the sum which the fast reactions keep."""
    found = {}
    rest = [m for m in mech.moves if m not in moves]
    for s in slow:
        row = carried(mech, s, fast, moves)
        found[s] = mech.drift(s) if row is None else mech.rate({s: 1, **row}, rest)
    return found


def _emptied(
    mech: Mechanism, fast: Sequence[sp.Symbol], slow: Sequence[sp.Symbol], moves: Sequence[Move]
) -> dict[sp.Symbol, sp.Expr]:
    """Where slow states start when the fast reactions have run until no fast species is left."""
    starts: dict[sp.Symbol, sp.Expr] = {}
    for m in moves:
        used = [s for s, n in m.change if s in fast and n < 0]
        if len(used) == 1 and len([s for s, _ in m.change if s in fast]) == 1:
            extent = start_of(mech, {used[0]: 1}) / -dict(m.change)[used[0]]
            for s, n in m.change:
                if s in slow:
                    starts[s] = starts.get(s, start_of(mech, {s: 1})) + n * extent
    empty = {s for m in moves for s, n in m.change if s in fast and n < 0}
    if set(fast) - empty:
        names = ", ".join(s.name for s in fast if s not in empty)
        hint = "name as fast what binds, as the substrate, and the reactions that bind it"
        raise RxnError("R525", f"no fast reaction uses up {names}", hint=hint)
    return starts
