"""Sums of products of powers made again with other symbols, without the search for what can be collected.

Symbols that are different stay so, hence nothing can be collected that was not. The result is the expression that sympy
makes by itself, several times faster: only the order of terms and factors is found anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cmp_to_key

import sympy as sp

Term = tuple[sp.Rational, tuple[tuple[sp.Symbol, int], ...]]  # a coefficient and powers of symbols

_ORDER = cmp_to_key(sp.Basic.compare)


def terms_of(formula: sp.Expr) -> tuple[Term, ...]:
    """The terms of a sum of products of whole powers of symbols; none for what is no such sum."""
    found: list[Term] = []
    for term in sp.Add.make_args(formula):
        coefficient, product = term.as_coeff_Mul()
        powers = [factor.as_base_exp() for factor in sp.Mul.make_args(product)]
        if not coefficient.is_Rational or not all(base.is_Symbol and e.is_Integer for base, e in powers):
            return ()
        found.append((coefficient, tuple((base, int(e)) for base, e in powers)))
    return tuple(found)


def assembled(terms: tuple[Term, ...], symbols: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    """The sum with symbols in the place of symbols, different ones of different ones."""
    total = []
    for coefficient, powers in terms:
        factors = [symbols[s] if e == 1 else sp.Pow(symbols[s], e) for s, e in powers]
        factors.sort(key=_ORDER)
        total.append(sp.Mul._from_args([coefficient, *factors] if coefficient != 1 else factors))
    total.sort(key=_ORDER)
    return sp.Add._from_args(total)
