"""Closing a whole table of moments: one formula for all moments of equal patterns (n_0^2 n_3 and n_2^2 n_7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from ..expressions import symbol, to_float
from ..monomials import Lookup, Monomial
from ..network import Distribution
from ..system import System
from ..tables import Definitions, Numbers, Pattern, TermTable, coded
from .closure_forms import divisors, where_there

Form = Callable[[Monomial, Lookup], sp.Expr]  # a moment by those up to the order


def closed_table(system: System, table: TermTable, form: Form) -> Definitions | None:
    """The definitions of all open moments of a table; None where the general way has to be taken.

    That is where a formula divides by something whose value at the start arrays do not tell.
    """
    moments, held = table.moments, len(table)
    species = len(moments.names)
    above = moments.rows[held:]
    lengths = (above >= 0).sum(axis=1)
    start = cache(lambda: _start(system, held))
    patterns: list[Pattern] = []
    for length in np.unique(lengths):
        places = held + np.nonzero(lengths == length)[0]
        rows = moments.rows[places][:, -length:]
        fresh = np.ones(rows.shape, dtype=np.int64)
        fresh[:, 1:] = rows[:, 1:] != rows[:, :-1]
        digits = fresh @ (1 << np.arange(length, dtype=np.int64))
        for kind in np.unique(digits):
            chosen = digits == kind
            local = np.cumsum(fresh[chosen][0]) - 1
            own = rows[chosen][:, fresh[chosen][0] == 1]  # the species of each, without repetition
            made = _pattern(form, tuple(int(x) for x in local))
            parts = np.empty((len(own), len(made.parts)), dtype=np.int64)
            for k, part in enumerate(made.parts.values()):
                parts[:, k] = moments.places(coded(own[:, list(part)], species))
            found = _where_there(made, places[chosen], parts, start)
            if found is None:
                return None
            patterns += found
    return Definitions(tuple(system.plain_definitions), tuple(patterns), moments)


class _Made:
    """The formula of a pattern, and the part of it that each of its symbols stands for."""

    def __init__(self, formula: sp.Expr, parts: Mapping[sp.Symbol, Monomial]) -> None:
        self.formula, self.parts = formula, parts


def _pattern(form: Form, pattern: Monomial) -> _Made:
    used: dict[sp.Symbol, Monomial] = {}

    def stand_in(part: Monomial) -> sp.Expr:
        it = symbol("_" + ",".join(map(str, part)))
        used[it] = part
        return it

    formula = form(pattern, stand_in)
    return _Made(formula, {it: part for it, part in used.items() if formula.has(it)})


def _where_there(made: _Made, targets: Numbers, parts: Numbers, start: Callable[[], Any]) -> list[Pattern] | None:
    """The pattern, divided by which of its divisors are 0 at the start: where they are, it is 0."""
    symbols = tuple(made.parts)
    divided = divisors(made.formula)
    if not divided:
        return [Pattern(made.formula, symbols, targets, parts)]
    first = start()
    if first is None:
        return None
    values = {it: first[parts[:, k]] for k, it in enumerate(symbols)}
    absent = []
    for d in divided:
        value = _value(d, values)
        if value is None:
            return None
        absent.append(np.broadcast_to(value == 0.0, targets.shape))
    code = np.zeros(len(targets), dtype=np.int64)
    for k, gone in enumerate(absent):
        code |= gone.astype(np.int64) << k
    found = []
    for c in np.unique(code):
        chosen = code == c
        formula = where_there(made.formula, [d for k, d in enumerate(divided) if int(c) >> k & 1])
        found.append(Pattern(formula, symbols, targets[chosen], parts[chosen]))
    return found


def _start(system: System, held: int) -> NDArray[np.float64] | None:
    known = system.environment()
    numbers = []
    for state in system.states[:held]:
        first = state.initial
        if isinstance(first, Distribution):
            return None
        number = first if first.is_number else first.xreplace(known)
        numbers.append(to_float(number) if number.is_number else 1.0)
    return np.array(numbers)


def _value(formula: sp.Expr, values: Mapping[sp.Symbol, Any]) -> Any:
    """A sum of products of powers on arrays, None for any other formula."""
    if formula in values:
        return values[formula]
    if formula.is_Rational:
        return float(formula)
    if formula.is_Add or formula.is_Mul:
        each = [_value(a, values) for a in formula.args]
        if any(x is None for x in each):
            return None
        return sum(each) if formula.is_Add else np.prod(np.broadcast_arrays(*each), axis=0)
    if formula.is_Pow and formula.exp.is_Integer and formula.exp > 0:
        base = _value(formula.base, values)
        return None if base is None else base ** int(formula.exp)
    return None


