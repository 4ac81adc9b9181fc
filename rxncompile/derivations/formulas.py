"""Formulas with shared parts: their size, the parts that are worth a name, and small linear systems solved by names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import count

import sympy as sp

from ..expressions import symbol
from ..family import Named

MUCH_LONGER = 4  # times the nodes of formulas with names


def nodes(expr: sp.Basic) -> int:
    """Nodes of the syntax tree: every operation and every leaf is one, a sum or product of any length is one.

    As Mathematica's LeafCount, which counts heads and leaves; a quotient of integers is three, as it is there.
    """
    return sum(3 if part.is_Rational and not part.is_Integer else 1 for part in sp.preorder_traversal(expr))


def uses(exprs: Iterable[sp.Basic]) -> Counter[sp.Symbol]:
    """How often each symbol is written."""
    return Counter(part for expr in exprs for part in sp.preorder_traversal(expr) if part.is_Symbol)


def inlined(
    definitions: Mapping[sp.Symbol, sp.Expr], formulas: Sequence[sp.Expr], read: Sequence[sp.Expr] = ()
) -> tuple[dict[sp.Symbol, sp.Expr], tuple[sp.Expr, ...], tuple[sp.Expr, ...]]:
    """Definitions written out where that makes the whole no larger, and left out where nothing uses them.

    `definitions`: each after those it uses. One of s nodes used u times costs s + 1 + u with a name, u s without.
    `read` follow, but are no use that counts. Returns what is left of the definitions, the formulas, and `read`.
    """
    kept, written, seen = dict(definitions), list(formulas), list(read)
    while True:
        count = uses([*kept.values(), *written])
        out: dict[sp.Symbol, sp.Expr] = {}
        for name, formula in kept.items():
            here = formula.xreplace(out) if out else formula
            size, often = nodes(here), count[name]
            if often * size <= size + 1 + often:
                out[name] = here
        if not out:
            return kept, tuple(written), tuple(seen)
        kept = {name: formula.xreplace(out) for name, formula in kept.items() if name not in out}
        written = [formula.xreplace(out) for formula in written]
        seen = [formula.xreplace(out) for formula in seen]


def inverse(matrix: sp.Matrix, name: str) -> tuple[sp.Matrix, tuple[Named, ...]]:
    """The inverse of a symmetric positive definite matrix: a matrix of names and their definitions.

    `A = L D L'`, without pivots, which positive definite matrices do not need; zeros of A stay zeros where L has them.
    """
    n = matrix.rows
    named: list[Named] = []

    def called(letter: str, i: int, j: int, formula: sp.Expr) -> sp.Expr:
        if nodes(formula) <= 1:
            return formula
        it = symbol(f"{name}_{letter}[{i + 1},{j + 1}]")
        named.append((it, formula))
        return it

    L, D = sp.eye(n), [sp.S.Zero] * n
    for j in range(n):
        D[j] = called("D", j, j, matrix[j, j] - sp.Add(*(L[j, k] ** 2 * D[k] for k in range(j))))
        for i in range(j + 1, n):
            rest = matrix[i, j] - sp.Add(*(L[i, k] * D[k] * L[j, k] for k in range(j)))
            L[i, j] = called("L", i, j, rest / D[j])
    # M = L^-1, then A^-1 = M' D^-1 M
    M = sp.eye(n)
    for j in range(n):
        for i in range(j + 1, n):
            M[i, j] = called("M", i, j, -sp.Add(*(L[i, k] * M[k, j] for k in range(j, i))))
    found = sp.zeros(n, n)
    for i in range(n):
        for j in range(i, n):
            entry = sp.Add(*(M[k, i] * M[k, j] / D[k] for k in range(j, n)))
            found[i, j] = found[j, i] = called("inverse", i, j, entry)
    return found, tuple(named)


def shortest(
    definitions: Mapping[sp.Symbol, sp.Expr], formulas: Sequence[sp.Expr]
) -> tuple[tuple[Named, ...], tuple[sp.Expr, ...]]:
    """The same formulas with fewer nodes: as they are named, or written out, factored and named anew.

    Polynomials and quotients of polynomials only are factored; what they share is found by the common subexpressions.
    """
    shared, short = dict(definitions), tuple(formulas)
    for _ in range(2):
        shared = {name: _shorter(formula) for name, formula in shared.items()}
        shared, short, _ = inlined(shared, [_shorter(formula) for formula in short])
    full = tuple(formulas)
    for name, formula in reversed(list(definitions.items())):
        full = tuple(f.xreplace({name: formula}) for f in full)
    if sum(nodes(f) for f in full) > MUCH_LONGER * size(shared.items(), short):
        return tuple(shared.items()), short  # factoring such would take long and not help
    named, factored = sp.cse([sp.factor(f) for f in full], symbols=(symbol(f"x[{k}]") for k in count(1)))
    left, again, _ = inlined(dict(named), factored)
    return min(((tuple(shared.items()), short), (tuple(left.items()), again)), key=lambda pair: size(*pair))


def size(definitions: Iterable[Named], formulas: Iterable[sp.Expr]) -> int:
    """Nodes of all formulas and of all definitions, one more for the name of each definition."""
    return sum(nodes(formula) for formula in formulas) + sum(1 + nodes(formula) for _, formula in definitions)


def _shorter(formula: sp.Expr) -> sp.Expr:
    """The shortest of a formula, its expansion and its factored forms."""
    expanded = sp.expand(formula)
    return min((formula, expanded, sp.factor_terms(expanded), sp.factor(expanded)), key=nodes)
