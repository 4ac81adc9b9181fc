"""What the coefficients of moment equations say about the rates of the reactions behind them: a linear relation.

    d m_i/dt = sum_j b_ij g_j(m),      b_ij = sum_u V_ij,u u + o_ij

g_j are moments and products of them, u the products of unknown parameters that occur in the rates (r1 lambda, k1), V
and o numbers that follow from the candidate reactions. More coefficients than products, as a rule: Yang et al. 2021,
Eq. 14, is this relation for their Eq. 13, row by row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import sympy as sp

from ..errors import RxnError
from ..expressions import symbol, text
from ..monomials import Kind
from ..name_lists import names_given
from ..network import Network
from ..system import Constant, Polynomial, Rhs, Step, System, as_expr
from .moments import moments


@dataclass(frozen=True)
class Coefficient:
    """One coefficient b[i,j]: of the term `term`, the j-th in the equation of the i-th moment, `equation`."""

    equation: str
    term: sp.Expr
    symbol: sp.Symbol

    def __str__(self) -> str:
        return f"{self.symbol.name}: {text(self.term, self.term.free_symbols)} in d {self.equation}/dt"


@dataclass(frozen=True)
class RateRelation:
    """`matrix` (rows, U) and `offset` (rows,) of exact numbers: coefficients = matrix . products + offset.

    `parameters`: the unknown ones, by symbol; `products` of them; `system`: the moment equations themselves.
    """

    system: System
    parameters: tuple[sp.Symbol, ...]
    products: tuple[sp.Expr, ...]
    coefficients: tuple[Coefficient, ...]
    matrix: sp.ImmutableMatrix
    offset: sp.ImmutableMatrix

    @property
    def rank(self) -> int:
        """Of the matrix; below the number of products the coefficients do not tell all of these."""
        return int(self.matrix.rank())

    @cached_property
    def free(self) -> System:
        """The moment equations with each coefficient a parameter of its own, at the value that the network gives it."""
        values = self.system.parameter_values()
        held = {p.symbol for p in self.system.parameters}
        known = {u: u.xreplace(values) for u in self.products}
        found = self.matrix * sp.Matrix([known[u] for u in self.products]) + self.offset
        constants = []
        rows: dict[str, list[tuple[sp.Rational, tuple[tuple[sp.Expr, int], ...]]]] = {}
        for c, value in zip(self.coefficients, found, strict=True):
            constants.append(Constant(c.symbol, c.symbol.name, value))
            rows.setdefault(c.equation, []).append((sp.S.One, ((c.symbol, 1), (c.term, 1))))
        drift: list[Rhs] = [Polynomial(rows.get(s.label, ())) for s in self.system.states]
        used = {x for d in drift for x in as_expr(d).free_symbols}
        used |= {x for s in self.system.states if isinstance(s.initial, sp.Expr) for x in s.initial.free_symbols}
        needed = tuple(p for p in self.system.parameters if p.symbol in used & held)
        step = Step("free coefficients", (), "Yang et al. 2021, Eqs. 11 and 13")
        return replace(
            self.system, drift=tuple(drift), parameters=(*constants, *needed), definitions=(),
            steps=(*self.system.steps, step),
        )  # fmt: skip

    def __str__(self) -> str:
        names = [text(u) for u in self.products]
        rows = [[str(x) for x in self.matrix.row(i)] for i in range(self.matrix.rows)]
        width = [max(len(n), *(len(r[k]) for r in rows)) for k, n in enumerate(names)]
        left = max(len(str(c)) for c in self.coefficients)
        lines = [f"{self.system.name}: {len(rows)} coefficients, {len(names)} products of rates, rank {self.rank}"]
        lines.append(" " * (left + 4) + "  ".join(n.rjust(w) for n, w in zip(names, width, strict=True)))
        for c, row, o in zip(self.coefficients, rows, self.offset, strict=True):
            entries = "  ".join(x.rjust(w) for x, w in zip(row, width, strict=True))
            lines.append(f"  {str(c).ljust(left)}  {entries}" + (f"  + {o}" if o else ""))
        return "\n".join(lines)


def rate_relation(
    net: Network, order: int = 2, kind: Kind = Kind.CENTRAL, unknown: Iterable[str] | None = None
) -> RateRelation:
    """The relation of a network's moment equations up to `order`, of whatever kind.

    `unknown`: parameters that are looked for; None: all that rates are made of and that have a number as their value,
    sizes of compartments aside. Parameters that are known become numbers. Open equations have terms in moments above
    `order`. Raises R531 where a rate is no polynomial of the unknown parameters or depends on time, R504 for a name
    that is no parameter, and what `moments` raises.
    """
    system = moments(net, order, kind)
    features = system.symbols
    definitions = dict(system.definitions)
    expanded = [[_written(factor, definitions) for factor in _terms(d, features)] for d in system.drift]
    used = {x for row in expanded for rate, _ in row for x in rate.free_symbols}
    chosen = _unknown(net, system, used, unknown)
    held = set(chosen)
    values = {p.symbol: p.value for p in system.parameters if p.symbol not in held}
    products: dict[sp.Expr, None] = {}
    found: list[tuple[str, sp.Expr, sp.Symbol, dict[sp.Expr, sp.Expr]]] = []
    for i, (state, row) in enumerate(zip(system.states, expanded, strict=True), 1):
        each: dict[sp.Expr, sp.Expr] = {}
        for rate, term in row:
            each[term] = each.get(term, sp.S.Zero) + rate
        terms = sorted(each.items(), key=lambda pair: _rank(pair[0], system))
        rows = [(term, _entries(rate, held, values, chosen, system)) for term, rate in terms]
        for j, (term, entries) in enumerate(((t, e) for t, e in rows if e), 1):
            products |= {u: None for u in entries if u != 1}
            found.append((state.label, term, symbol(f"b[{i},{j}]"), entries))
    names = tuple(sorted(products, key=lambda u: _place(u, chosen)))
    coefficients = tuple(Coefficient(e, t, s) for e, t, s, _ in found)
    matrix = sp.ImmutableMatrix(len(found), len(names), lambda i, j: found[i][3].get(names[j], sp.S.Zero))
    offset = sp.ImmutableMatrix(len(found), 1, lambda i, _: found[i][3].get(sp.S.One, sp.S.Zero))
    return RateRelation(system, chosen, names, coefficients, matrix, offset)


def _terms(drift: Rhs, features: frozenset[sp.Symbol]) -> list[tuple[sp.Expr, sp.Expr]]:
    """(rate, product of moments) of each term."""
    rows = drift if isinstance(drift, Polynomial) else Polynomial([(sp.S.One, ((drift, 1),))])
    found = []
    for number, factors in rows:
        inside = sp.Mul(*(f**e for f, e in factors if f in features))
        outside = sp.Mul(number, *(f**e for f, e in factors if f not in features))
        if not outside.free_symbols & features:
            found.append((outside, inside))
            continue
        for term in sp.Add.make_args(sp.expand(outside)):  # means within the coefficient of a nonlinear law
            rate, moved = term.as_independent(*features, as_Add=False)
            found.append((rate, inside * moved))
    return found


def _written(pair: tuple[sp.Expr, sp.Expr], definitions: dict[sp.Symbol, sp.Expr]) -> tuple[sp.Expr, sp.Expr]:
    rate, term = pair
    while rate.free_symbols & definitions.keys():
        rate = rate.xreplace(definitions)
    return rate, term


def _unknown(
    net: Network, system: System, used: set[sp.Symbol], names: Iterable[str] | None
) -> tuple[sp.Symbol, ...]:
    by_label = {p.label: p for p in system.parameters}
    if names is None:
        sizes = {c.name for c in net.compartments}
        formulas = {p.symbol: p.value for p in system.parameters}
        behind, todo = set(used), list(used)
        while todo:  # a rate may be given by parameters that are formulas of others
            more = formulas.get(todo.pop(), sp.S.Zero).free_symbols - behind
            behind |= more
            todo += more
        found = [p for p in system.parameters if p.symbol in behind and p.label not in sizes]
        return tuple(p.symbol for p in found if p.value.is_number)
    chosen = []
    for name in names_given(names, "unknown", "R504"):
        if name not in by_label:
            hint = "it has: " + ", ".join(by_label)
            raise RxnError("R504", f"{name!r} is not a parameter of {system.name}", hint=hint)
        chosen.append(by_label[name].symbol)
    return tuple(chosen)


def _entries(
    rate: sp.Expr,
    held: set[sp.Symbol],
    values: dict[sp.Symbol, sp.Expr],
    chosen: Sequence[sp.Symbol],
    system: System,
) -> dict[sp.Expr, sp.Expr]:
    """{product of unknowns: number} of a rate; 1 stands for the part without unknowns."""
    while (others := rate.free_symbols - held) & values.keys():
        rate = rate.xreplace({s: values[s] for s in others if s in values})
    if rate.free_symbols - held:
        loose = ", ".join(sorted(s.name for s in rate.free_symbols - held))
        raise RxnError("R531", f"a rate of {system.name} depends on {loose}: its moments' coefficients are no numbers")
    try:
        poly = sp.Poly(rate, *chosen)
    except sp.PolynomialError:
        hint = "name those parameters alone that are factors of rates: rate_relation(net, unknown=[...])"
        message = f"the rate {text(rate)} of {system.name} is no polynomial of its unknown parameters"
        raise RxnError("R531", message, hint=hint) from None
    return {
        sp.Mul(*(s**e for s, e in zip(chosen, powers, strict=True))): c for powers, c in poly.terms() if c != 0
    }


def _rank(term: sp.Expr, system: System) -> list[int]:
    """Moments in the order of their equations, open ones behind these, products behind their first factor."""
    place = {s.symbol: i for i, s in enumerate((*system.states, *system.frontier))}
    return sorted(place[s] for s in term.free_symbols)


def _place(product: sp.Expr, chosen: Sequence[sp.Symbol]) -> tuple[int, list[int]]:
    """Products of several parameters first, each in the order of the parameters."""
    powers = sp.Poly(product, *chosen).monoms()[0]
    return -sum(powers), [-p for p in powers]
