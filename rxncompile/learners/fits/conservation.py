"""Conservation laws as constraints of a fit: rows w of the left null space of the stoichiometry, w S = 0.

Two uses (Ernst et al. 2019, Sec. III A, names them as constraints of learning): the total of unknown initial values is
known, and learned equations keep the laws whatever their coefficients are,

    sum_i w_i x_i(0) = total,        sum_i w_i dx_i/dt = 0 for all states x
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import lcm

import sympy as sp

from ...errors import RxnError
from ...expressions import symbol, text, to_float
from ...network import Distribution
from ...structure.laws import ConservationLaw
from ...structure.linear import Echelon
from ...system import System, as_expr
from .problem import Constraint, Scale, Unknown


def known_totals(
    system: System, unknowns: Sequence[Unknown], totals: Mapping[ConservationLaw, float]
) -> tuple[Constraint, ...]:
    """Unknown initial values that add up to the total of each law, other parameters as the System has them.

    Raises R710 where a total depends on no unknown, or not linearly on unknowns that are searched as they are.
    """
    initial = {s.label: s.initial for s in system.states}
    found = []
    for law, total in totals.items():
        whole = sp.S.Zero
        for name, weight in law.coefficients:
            begun = initial.get(name)
            if begun is None or isinstance(begun, Distribution):
                raise RxnError("R710", f"{system.name} has no number for the initial value of {name}")
            whole += weight * begun
        made = linear_constraint(system, unknowns, whole, total)
        if made is None:
            raise RxnError("R710", f"the initial total of {text(law.formula)} depends on no unknown")
        found.append(made)
    return tuple(found)


def conserving(system: System, unknowns: Sequence[Unknown], laws: Sequence[ConservationLaw]) -> tuple[Constraint, ...]:
    """What unknown coefficients of the equations fulfil for every law to hold at all states, without repetition.

    The functions of the states that stand beside the coefficients are taken to be independent if they are written
    differently when expanded. Raises R710 where the equations are not linear in the unknowns, or a law cannot hold.
    """
    rhs = {s.label: as_expr(r) for s, r in zip(system.states, system.rhs, strict=True)}
    names = tuple(u.name for u in unknowns)
    mine = {symbol(name): k for k, name in enumerate(names)}
    seen, exact, found = Echelon(), Echelon(), list[Constraint]()
    for law in laws:
        missing = [name for name, _ in law.coefficients if name not in rhs]
        if missing:
            raise RxnError("R710", f"{system.name} has no state {missing[0]!r}, which {text(law.formula)} keeps")
        whole = sp.expand(sp.Add(*(weight * rhs[name] for name, weight in law.coefficients)))
        beside: dict[sp.Expr, sp.Expr] = {}
        for term in sp.Add.make_args(whole):
            number, other = term.as_coeff_Mul()
            of_unknowns, of_states = other.as_independent(*(set(other.free_symbols) - set(mine)), as_Add=False)
            beside[of_states] = beside.get(of_states, sp.S.Zero) + number * of_unknowns
        for function, factor in beside.items():
            made = _row(factor, mine, f"the change of {text(law.formula)}", True)
            if made is None:
                if factor != 0:
                    said = f"{text(law.formula)} cannot be kept: it changes by {text(factor * function)}"
                    raise RxnError("R710", said)
                continue
            row, rest = made
            scale = lcm(*(w.q for w in (*row.values(), rest)))
            whole_numbers = {k: int(w * scale) for k, w in row.items()}
            new = seen.add(whole_numbers)
            if exact.add({**whole_numbers, len(names): int(rest * scale)}) and not new:
                raise RxnError("R710", f"{text(law.formula)} cannot be kept: it asks two things of the same unknowns")
            if new:
                _linear(unknowns, [names[k] for k in row])
                weights = tuple((names[k], to_float(w)) for k, w in sorted(row.items()))
                found.append(Constraint(weights, -to_float(rest)))
    return tuple(found)


def linear_constraint(
    system: System, unknowns: Sequence[Unknown], formula: sp.Expr, value: float
) -> Constraint | None:
    """`formula` = value as a constraint of the unknowns in it, None where there is none; others have their values.

    Raises R710 where it is not linear in them, or they are searched by their logarithms.
    """
    mine = {symbol(u.name): k for k, u in enumerate(unknowns)}
    others = {c.symbol: c.value for c in system.parameters if c.symbol not in mine}
    for _ in others:  # values are formulas of other parameters
        formula = formula.xreplace(others)
    made = _row(sp.expand(formula), mine, text(formula), False)
    if made is None:
        return None
    row, rest = made
    _linear(unknowns, [unknowns[k].name for k in row])
    return Constraint(tuple((unknowns[k].name, to_float(w)) for k, w in sorted(row.items())), value - to_float(rest))


def _row(
    formula: sp.Expr, mine: Mapping[sp.Symbol, int], what: str, rational: bool
) -> tuple[dict[int, sp.Rational], sp.Expr] | None:
    """(weights of the unknowns, what is left) of a linear formula, None without unknowns. Raises R710."""
    inside = [s for s in mine if formula.has(s)]
    if not inside:
        return None
    row = {mine[s]: sp.diff(formula, s) for s in inside}
    left = sp.expand(formula - sp.Add(*(row[mine[s]] * s for s in inside)))
    good = all(w.is_Rational for w in row.values()) and (left.is_Rational if rational else left.is_number)
    if not good:
        raise RxnError("R710", f"{what} is not a sum of unknowns with numbers beside them")
    return row, left


def _linear(unknowns: Sequence[Unknown], names: Sequence[str]) -> None:
    for unknown in unknowns:
        if unknown.name in names and unknown.scale is not Scale.LINEAR:
            hint = "a sum binds unknowns that are searched as they are: scale LINEAR"
            raise RxnError("R710", f"the unknown {unknown.name!r} is searched by its logarithm", hint=hint)
