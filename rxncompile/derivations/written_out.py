"""A System for reading: its definitions put in, each right-hand side factored and collected by its states.

What a projection gives with a name for every moment becomes the closed form that a paper prints. The same function of
the same states, in another arrangement; to compute, the System with its definitions is cheaper.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import sympy as sp

from ..system import Step, System

MOST_OPERATIONS = 2_000  # of a formula that is arranged; a longer one is left as it is


def written_out(system: System) -> System:
    """The System without definitions, arranged. Outputs lose theirs too."""
    formulas: dict[sp.Symbol, sp.Expr] = {}
    for name, formula in system.definitions:
        formulas[name] = formula.xreplace(formulas)
    states = tuple(s.symbol for s in system.states)
    return replace(
        system,
        drift=tuple(arranged(rhs.xreplace(formulas), states) for rhs in system.rhs),
        jumps=(),
        definitions=(),
        outputs=tuple((label, formula.xreplace(formulas)) for label, formula in system.outputs),
        steps=(*system.steps, Step("definitions written out")),
    )


def arranged(expr: sp.Expr, states: Sequence[sp.Symbol]) -> sp.Expr:
    """The same function, as a product where it is one, else by powers of the last state, coefficients likewise.

    Rational functions of states and of exponentials of a state; anything else stays as it is.
    """
    if expr.count_ops() > MOST_OPERATIONS:
        return expr
    falling = {s: sp.Dummy(f"e{k}", positive=True) for k, s in enumerate(states)}
    plain = expr.replace(
        lambda part: isinstance(part, sp.exp) and (part.args[0] / _only(part, states)).is_Integer,
        lambda part: falling[_only(part, states)] ** -(part.args[0] / _only(part, states)),
    )
    if plain.atoms(sp.Function) or any(not p.exp.is_Integer for p in plain.atoms(sp.Pow)):
        return expr
    above, below = sp.cancel(sp.together(plain)).as_numer_denom()
    letters = (*falling.values(), *states)
    back = {x: sp.exp(-s) for s, x in falling.items()}
    number, rest = _by_powers(above, letters).as_coeff_Mul()
    other, under = sp.factor(below).as_coeff_Mul()
    return sp.Mul(number / other, *sp.Mul.make_args(rest), 1 / under).xreplace(back)


def _only(part: sp.Expr, states: Sequence[sp.Symbol]) -> sp.Expr:
    """The one state of an exponential; not a number where there is none or there are several."""
    used = [s for s in states if s in part.free_symbols]
    return used[0] if len(used) == 1 else sp.nan


def _by_powers(polynomial: sp.Expr, letters: Sequence[sp.Symbol]) -> sp.Expr:
    factored = sp.factor(polynomial)
    if factored.is_Mul:
        return sp.Mul(*(_by_powers(f, letters) if f.is_Add else f for f in factored.args))
    used = [x for x in letters if x in factored.free_symbols]
    if not factored.is_Add or not used:
        return factored
    x = used[-1]
    parts = sp.Poly(factored, x).all_coeffs()[::-1]
    if len(parts) == 1 or sum(c != 0 for c in parts) == 1:
        return factored
    total = []
    for power, coefficient in enumerate(parts):
        number, rest = _by_powers(coefficient, letters).as_coeff_Mul()
        if power == 0 and number == 1:
            total += sp.Add.make_args(rest)
        else:
            if rest.is_Add and all(term.as_coeff_Mul()[0].is_negative for term in rest.args):
                number, rest = -number, -rest
            total.append(sp.Mul(number, *sp.Mul.make_args(rest), x**power))
    return sp.Add(*total)
