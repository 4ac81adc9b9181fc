"""Right-hand sides as tables of terms: one equation (`Polynomial`), or a whole hierarchy of moments in arrays.

Tables are made and compiled by the million terms; sympy's symbols and expressions are made where somebody reads them.

    d moment_i/dt = sum over the terms e of row i of coefficient_e rate_(rate_e) moment_(column_e)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, overload

import sympy as sp

from .monomials import Kind, Monomial, moment_symbol

if TYPE_CHECKING:  # a network is read and checked without arrays
    import numpy as np
    from numpy.typing import NDArray

Numbers: TypeAlias = "NDArray[np.int64]"


class Polynomial(tuple[tuple[sp.Rational, tuple[tuple[sp.Expr, int], ...]], ...]):
    """A right-hand side as a table of (coefficient, ((factor, exponent), ...)) terms; a factor is most often a symbol.

    The sympy expression is made only when somebody reads it: terms are cheap, sympy objects are not.
    """

    __slots__ = ()

    @property
    def expr(self) -> sp.Expr:
        """The sum, collected: terms that differ in the first factor alone, as a rate, share the others."""
        shared: dict[tuple[tuple[sp.Expr, int], ...], list[sp.Expr]] = {}
        for c, powers in self:
            shared.setdefault(powers[1:], []).append(sp.Mul(c, *(s**e for s, e in powers[:1])))
        total = []
        for rest, first in shared.items():
            number, kept = sp.Add(*first).primitive() if rest and len(first) > 1 else (sp.S.One, sp.Add(*first))
            total.append(sp.Mul(number, kept, *(s**e for s, e in rest)))  # 2 (k - l) <A^2>, not (2 k - 2 l) <A^2>
        return sp.Add(*total)


class Moments(Sequence[sp.Symbol]):
    """Moments of one kind in the order of length and then of their species; their symbols are made when read.

    `rows`: the species of each, sorted, shape (moments, longest), filled up with -1 in front. `codes` are these rows as
    ascending whole numbers.
    """

    def __init__(self, rows: Numbers, names: tuple[str, ...], kind: Kind) -> None:
        self.rows, self.names, self.kind = rows, names, kind
        self.codes = coded(rows, len(names))
        self._made: dict[int, sp.Symbol] = {}

    def monomial(self, i: int) -> Monomial:
        return tuple(s for s in self.rows[i].tolist() if s >= 0)

    def places(self, codes: Numbers) -> Numbers:
        """Where moments of these codes stand; they have to be there."""
        return self.codes.searchsorted(codes)

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, i: int) -> sp.Symbol: ...
    @overload
    def __getitem__(self, i: slice) -> tuple[sp.Symbol, ...]: ...
    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return tuple(self[k] for k in range(len(self))[i])
        i = range(len(self))[i]
        found = self._made.get(i)
        if found is None:
            found = self._made[i] = moment_symbol(self.monomial(i), self.names, self.kind)
        return found

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Moments)
            and (self.names, self.kind) == (other.names, other.kind)
            and _same(self.codes, other.codes)
        )

    def __hash__(self) -> int:
        return hash((self.names, self.kind, self.codes.tobytes()))


def _same(a: Numbers, b: Numbers) -> bool:
    return a.shape == b.shape and bool((a == b).all())


def coded(rows: Numbers, species: int) -> Numbers:
    """Rows of sorted species, -1 in front, as whole numbers of base `species` + 1: longer ones are larger."""
    code = 0 * rows.sum(axis=-1)
    for k in range(rows.shape[-1]):
        code *= species + 1
        code += rows[..., k] + 1
    return code


class TermTable(Sequence[Polynomial]):
    """The right-hand sides of the first `len` moments; those behind them are open, or given by definitions.

    Terms of row i are those from `starts[i]` to `starts[i + 1]`; a column of -1 is the number 1.
    """

    def __init__(
        self,
        moments: Moments,
        rates: tuple[sp.Expr, ...],
        starts: Numbers,
        rate: Numbers,
        column: Numbers,
        coefficient: Numbers,
    ) -> None:
        self.moments, self.rates = moments, rates
        self.starts, self.rate, self.column, self.coefficient = starts, rate, column, coefficient

    def __len__(self) -> int:
        return len(self.starts) - 1

    @overload
    def __getitem__(self, i: int) -> Polynomial: ...
    @overload
    def __getitem__(self, i: slice) -> tuple[Polynomial, ...]: ...
    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return tuple(self[k] for k in range(len(self))[i])
        i = range(len(self))[i]
        here = slice(int(self.starts[i]), int(self.starts[i + 1]))
        terms = zip(
            self.coefficient[here].tolist(), self.rate[here].tolist(), self.column[here].tolist(), strict=True
        )
        rates, moments = self.rates, self.moments
        return Polynomial(
            (sp.Integer(c), ((rates[r], 1), (moments[k], 1)) if k >= 0 else ((rates[r], 1),)) for c, r, k in terms
        )

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, TermTable)
            and self.rates == other.rates
            and self.moments == other.moments
            and all(_same(a, b) for a, b in zip(self._arrays(), other._arrays(), strict=True))
        )

    def _arrays(self) -> tuple[Numbers, ...]:
        return self.starts, self.rate, self.column, self.coefficient

    @cached_property
    def _hash(self) -> int:
        return hash((self.rates, self.moments, *(a.tobytes() for a in self._arrays())))

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True, eq=False)
class Pattern:
    """One formula for many moments: of `targets`, shape (k), by the moments `parts`, shape (k, places)."""

    formula: sp.Expr
    places: tuple[sp.Symbol, ...]
    targets: Numbers
    parts: Numbers


class Definitions(Sequence[tuple[sp.Symbol, sp.Expr]]):
    """Definitions of which many are one formula at different moments: `plain` ones, and those of `patterns`.

    The parts of a pattern are moments with equations.
    """

    def __init__(
        self, plain: tuple[tuple[sp.Symbol, sp.Expr], ...], patterns: tuple[Pattern, ...], moments: Moments
    ) -> None:
        self.plain, self.patterns, self.moments = plain, patterns, moments

    def __len__(self) -> int:
        return len(self.plain) + sum(len(p.targets) for p in self.patterns)

    @cached_property
    def _written(self) -> tuple[tuple[sp.Symbol, sp.Expr], ...]:
        found: dict[int, sp.Expr] = {}
        for p in self.patterns:
            for target, parts in zip(p.targets.tolist(), p.parts.tolist(), strict=True):
                values = {place: self.moments[k] for place, k in zip(p.places, parts, strict=True)}
                found[target] = p.formula.xreplace(values)
        return (*self.plain, *((self.moments[k], found[k]) for k in sorted(found)))

    @cached_property
    def formulas(self) -> dict[sp.Symbol, sp.Expr]:
        return dict(self._written)

    def __iter__(self) -> Iterator[tuple[sp.Symbol, sp.Expr]]:
        return iter(self._written)

    def __getitem__(self, i: Any) -> Any:
        return self._written[i]

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Definitions) and self._content == other._content)

    @cached_property
    def _content(self) -> tuple[Any, ...]:
        each = ((p.formula, p.places, p.targets.tobytes(), p.parts.tobytes()) for p in self.patterns)
        return (self.plain, self.moments, *each)

    def __hash__(self) -> int:
        return hash(self._content)
