"""Fast species to the first order beyond the slow manifold: they lag behind where they would balance.

    0 = J (x_f - g(x_s)) - dg/dx_s . d x_s/dt      J = d(d x_f/dt)/d x_f at x_f = g(x_s)

Source: Fenichel 1979, J. Differ. Equ. 31, 53; Heinrich and Schuster 1996, ch. 4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy as sp

from ...errors import RxnError
from ...expressions import derivative
from .fast_subsystem import Law, linear_balance
from .mechanism import Mechanism


def corrected(
    mech: Mechanism,
    conditions: Mapping[sp.Symbol, sp.Expr],
    formulas: Mapping[sp.Symbol, sp.Expr],
    laws: Sequence[Law],
    rates: Mapping[sp.Symbol, sp.Expr],
    variables: Sequence[sp.Symbol],
) -> dict[sp.Symbol, sp.Expr]:
    """`x_f = g + J^-1 (dg/dx_s . d x_s/dt)` over one denominator; the sums of the laws are kept."""
    whole = {s: rate.xreplace(dict(formulas)) for s, rate in rates.items()}
    moved = {}
    for s, formula in formulas.items():
        moved[s] = sp.Add(*(derivative(formula, x) * whole[x] for x in variables if x in whole and formula.has(x)))
    lagging = {}
    for s, condition in conditions.items():
        # linear in the fast species: J (x_f - g) is the condition itself, as J g + b = 0
        lagging[s] = condition - moved[s]
    found = linear_balance(lagging, laws)
    if found is None:
        raise RxnError("R525", f"the fast species of {mech.name} balance, but not linearly: no correction is made")
    return found.formulas(variables)
