"""The generator of a network: the evolution operator of its master equation as a sum of local terms.

A term takes `before` away and puts `after` in its place, at a rate; gain minus loss is implied:

    bosonic        W_r = k (prod_i â_i^after_i - prod_i â_i^before_i) prod_i a_i^before_i        a â - â a = 1
    a general law  W_r = (prod_i S_i^(after_i - before_i) - 1) f(N)          N_i = â_i a_i,  S_i |n> = |n + e_i>

`k` times the falling factorials n!/(n - before)! is the propensity. A law that is a polynomial of counts and vanishes
where a reaction cannot fire is written by bosonic terms too. Sources: Doi 1976; Peliti 1985; Ernst et al. 2018.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import sympy as sp

from ..errors import RxnError, Span
from ..expressions import symbol
from ..monomials import stirling
from ..network import Flag, Network, Reaction, change, in_counts, propensity
from .printing import as_operator

Powers = tuple[tuple[sp.Symbol, int], ...]
_LONGEST = 20_000  # symbols, numbers and operations of a rule that is written out


@dataclass(frozen=True, slots=True)
class Term:
    """One kind of event: `before` -> `after` at `rate` (of parameters and time), times falling factorials of `before`.

    `law`, where it is not None, is a function of counts that multiplies `rate` instead of the falling factorials; the
    event happens only where `before` is there.
    """

    name: str
    rate: sp.Expr
    before: Powers
    after: Powers
    law: sp.Expr | None = None
    origin: Span | None = field(default=None, compare=False)

    @property
    def change(self) -> Powers:
        """What one event adds to each count, zeros left out."""
        total = {s: -n for s, n in self.before}
        for s, n in self.after:
            total[s] = total.get(s, 0) + n
        return tuple((s, n) for s, n in total.items() if n)

    @property
    def propensity(self) -> sp.Expr:
        """Events per time, a function of counts."""
        if self.law is not None:
            return self.rate * self.law
        return sp.Mul(self.rate, *(sp.Add(s, -j) for s, n in self.before for j in range(n)))


@dataclass(frozen=True)
class Generator:
    """The evolution operator of a well-mixed network over molecule counts. `species`: their symbols, as declared."""

    name: str
    species: tuple[sp.Symbol, ...]
    terms: tuple[Term, ...]

    @cached_property
    def positions(self) -> dict[sp.Symbol, int]:
        return {s: i for i, s in enumerate(self.species)}

    def __str__(self) -> str:
        """`W` as text."""
        return str(as_operator(self))

    def latex(self) -> str:
        """`W` in LaTeX, to stand between $$ and $$."""
        return as_operator(self).latex()

    def _repr_latex_(self) -> str:
        return f"$${self.latex()}$$"


def generator(net: Network) -> Generator:
    """The evolution operator of a well-mixed network, any order, any whole stoichiometry.

    Raises R509 for a network on a lattice, R510 for a reversible reaction given by one net law, R515 for a species
    that moves continuously.
    """
    if net.lattices or any(r.lattice for r in net.reactions):
        raise RxnError("R509", f"{net.name} lives on a lattice: its operator is not that of a well-mixed network")
    for term in net.ode_terms:
        if term.species in net.positions:
            message = f"{term.species!r} moves continuously, which no operator of jumps describes"
            raise RxnError("R515", message, term.span, "give it reactions instead of an equation")
    fixed = {symbol(s.name) for s in net.species if Flag.FIXED in s.flags}
    species = tuple(s.symbol for s in net.species if s.symbol not in fixed)
    rules = rules_of_species(net, frozenset(species))
    terms: list[Term] = []
    for reaction in net.reactions:
        if reaction.net_reversible:
            message = f"reaction {reaction.name!r} is reversible with one net rate, which has no stochastic reading"
            raise RxnError("R510", message, reaction.span, "give both rates: '<-> rate forward, backward'")
        moves = {symbol(name): count for name, count in change(net, reaction)}
        if moves:
            terms += _terms(net, reaction, moves, species, rules)
    return Generator(net.name, species, tuple(terms))


def _terms(
    net: Network,
    reaction: Reaction,
    moves: Mapping[sp.Symbol, int],
    species: tuple[sp.Symbol, ...],
    rules: Mapping[sp.Symbol, sp.Expr],
) -> Iterator[Term]:
    """One bosonic term where the rate does not depend on species; else those of its polynomial, else a law."""
    held = set(species)
    full = propensity(net, reaction)
    if reaction.mass_action and not _depends(reaction.rate, held, rules):
        before = tuple((symbol(n), c) for n, c in reaction.reactants if symbol(n) in held)
        falling = {sp.Add(s, -j) for s, c in before for j in range(c)}
        rate = sp.Mul(*(f for f in sp.Mul.make_args(full) if f not in falling))
        yield Term(reaction.name, rate, before, _after(before, moves, species), None, reaction.span)
        return
    law = _with_rules(full, rules)
    before = tuple((symbol(n), c) for n, c in reaction.reactants if symbol(n) in held)
    polynomial = falling_factorials(law, species)
    if polynomial is not None:
        each = [(powers, rate, {s: n + moves.get(s, 0) for s, n in powers}) for powers, rate in polynomial]
        short = any(dict(powers).get(s, 0) + n < 0 for powers, _, _ in each for s, n in moves.items())
        if not short:
            for powers, rate, _ in each:
                after = _after(powers, moves, species)
                yield Term(reaction.name, rate, powers, after, None, reaction.span)
            return
    yield Term(reaction.name, sp.S.One, before, _after(before, moves, species), law, reaction.span)


def _after(before: Powers, moves: Mapping[sp.Symbol, int], species: Iterable[sp.Symbol]) -> Powers:
    counts = dict(before)
    pairs = ((s, counts.get(s, 0) + moves.get(s, 0)) for s in species)
    return tuple((s, n) for s, n in pairs if n)


def falling_factorials(law: sp.Expr, species: Iterable[sp.Symbol]) -> tuple[tuple[Powers, sp.Expr], ...] | None:
    """A polynomial of counts as `sum c prod n!/(n - m)!`: pairs (m, c); None where the law is no polynomial.

    `n^k = sum_j S(k, j) n!/(n - j)!` with Stirling numbers of the second kind.
    """
    used = [s for s in species if s in law.free_symbols]
    if not used:
        return (((), law),)
    if not law.is_polynomial(*used):
        return None
    total: dict[tuple[int, ...], list[sp.Expr]] = {}
    for exponents, coefficient in sp.Poly(law, *used).terms():
        parts: list[tuple[tuple[int, ...], int]] = [((), 1)]
        for k in exponents:
            row = stirling(k)
            parts = [((*m, j), c * row[j]) for m, c in parts for j in range(k + 1) if row[j]]
        for m, c in parts:
            total.setdefault(m, []).append(c * coefficient)
    found = []
    for m in sorted(total, key=lambda m: (-sum(m), m)):
        rate = sp.Add(*total[m])
        if rate != 0:
            found.append((tuple((s, n) for s, n in zip(used, m, strict=True) if n), rate))
    return tuple(found)


def rules_of_species(net: Network, species: frozenset[sp.Symbol]) -> dict[sp.Symbol, sp.Expr]:
    """The `let` formulas that depend on species, in counts, written out. Raises R413 where one gets too long."""
    counts = {s.symbol: in_counts(s) for s in net.not_counted}
    formulas = {symbol(r.name): r.formula.xreplace(counts) for r in net.rules}
    _refuse_long(net.name, formulas)
    found: dict[sp.Symbol, sp.Expr] = {}
    for _ in range(len(formulas) + 1):
        before = dict(found)
        for name, formula in formulas.items():
            written = formula.xreplace(found)
            if written.free_symbols & species:
                found[name] = written
        if found == before:
            break
    return found


def _refuse_long(name: str, formulas: Mapping[sp.Symbol, sp.Expr]) -> None:
    """A chain of formulas, as the steps to a root are, grows by a factor with each one that is put in the next."""
    sizes: dict[sp.Symbol, int] = {}
    for _ in formulas:
        longer = {s: sum(sizes.get(x, 1) for x in sp.preorder_traversal(f)) for s, f in formulas.items()}
        if longer == sizes:
            return
        sizes = longer
        for s, size in sizes.items():
            if size > _LONGEST:
                message = f"the formula of {s.name!r} in {name} is too long when those it is made of are written out"
                raise RxnError("R413", message, hint="integrate or sample the model; this derivation is not for it")


def _depends(expr: sp.Expr, species: set[sp.Symbol], rules: Mapping[sp.Symbol, sp.Expr]) -> bool:
    return bool(expr.free_symbols & (species | rules.keys()))


def _with_rules(expr: sp.Expr, rules: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    return expr.xreplace(dict(rules)) if rules else expr
