"""Fast species as rational functions of slow ones, with a denominator that they share: Yang et al. 2021, Eq. 16.

    H_i(x) = sum_m alpha_mi m(x) / sum_m beta_m m(x)        m the monomials of x up to an order, beta = 1 for the last

With a conserved sum, sum_i w_i H_i = T for all x, that is sum_i w_i alpha_mi = T beta_m for every m: one alpha of each
monomial is given by the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement

import sympy as sp

from ..errors import RxnError
from ..expressions import exact, symbol, text
from ..name_lists import names_given
from ..system import Constant, Step, System


@dataclass(frozen=True)
class RationalCandidates:
    """`fast` states as functions of the states `of`; `coefficients`: labels, the denominator's first.

    `formulas`: numerator i over the denominator, of coefficients and states. `given`: coefficients that a conserved sum
    gives by others.
    """

    whole: System
    fast: tuple[str, ...]
    of: tuple[str, ...]
    monomials: tuple[sp.Expr, ...]
    coefficients: tuple[str, ...]
    given: tuple[tuple[str, sp.Expr], ...] = ()

    @property
    def denominator(self) -> sp.Expr:
        """sum_m beta_m m, the last beta being 1."""
        names = [symbol(f"beta[{k + 1}]") for k in range(len(self.monomials) - 1)]
        return sp.Add(*(b * m for b, m in zip(names, self.monomials, strict=False)), self.monomials[-1])

    def numerator(self, i: int) -> sp.Expr:
        """sum_m alpha_mi m, of the free coefficients."""
        given = {symbol(label): formula for label, formula in self.given}
        names = [symbol(f"alpha[{k + 1},{i + 1}]") for k in range(len(self.monomials))]
        return sp.Add(*(given.get(a, a) * m for a, m in zip(names, self.monomials, strict=True)))

    @property
    def formulas(self) -> tuple[sp.Expr, ...]:
        """H_i."""
        return tuple(self.numerator(i) / self.denominator for i in range(len(self.fast)))

    def what(self, label: str) -> str:
        """A coefficient in words."""
        place, _, row = label.partition("[")[2].rstrip("]").partition(",")
        monomial = text(self.monomials[int(place) - 1])
        return f"{monomial} in the {'numerator of ' + self.fast[int(row) - 1] if row else 'denominator'}"

    def with_values(self, values: Mapping[str, object]) -> System:
        """The System in which the fast states are these functions, coefficients that are not named being 0.

        Raises R504 for a label that is no coefficient, R503 where a fast state jumps.
        """
        unknown = [x for x in values if x not in self.coefficients]
        if unknown:
            raise RxnError("R504", f"{unknown[0]!r} is not a coefficient of the rational candidates")
        absent = {symbol(x): sp.S.Zero for x in self.coefficients if x not in values}
        formulas = {
            s.symbol: self.formulas[self.fast.index(s.label)].xreplace(absent)
            for s in self.whole.states if s.label in self.fast
        }  # fmt: skip
        step = Step("fast states as rational functions", (("of", ", ".join(self.of)),), "Yang et al. 2021, Eq. 16")
        added = tuple(Constant(symbol(x), x, exact(values[x])) for x in self.coefficients if x in values)
        system = self.whole.define(formulas, step)
        return replace(system, parameters=(*system.parameters, *added))

    def conserving(self, weights: Mapping[str, object], total: object) -> RationalCandidates:
        """The same with sum_i weights_i H_i = total. Raises R540 for a weight of what is not fast."""
        strange = [s for s in weights if s not in self.fast]
        if strange or not weights:
            raise RxnError("R540", f"a sum of {', '.join(map(str, weights)) or 'nothing'} is not one of fast states")
        chosen = [(i, exact(weights[s])) for i, s in enumerate(self.fast) if s in weights]
        given = []
        for k in range(len(self.monomials)):
            beta = symbol(f"beta[{k + 1}]") if k + 1 < len(self.monomials) else sp.S.One
            free = [(i, w) for i, w in chosen if f"alpha[{k + 1},{i + 1}]" in self.coefficients]
            if not free:
                raise RxnError("R540", f"no numerator of the conserved sum has the monomial {text(self.monomials[k])}")
            last, weight = free[-1]
            rest = sp.Add(*(w * symbol(f"alpha[{k + 1},{i + 1}]") for i, w in free[:-1]))
            given.append((f"alpha[{k + 1},{last + 1}]", (exact(total) * beta - rest) / weight))
        gone = {label for label, _ in given}
        kept = tuple(x for x in self.coefficients if x not in gone)
        return replace(self, coefficients=kept, given=(*self.given, *given))

    def only(self, labels: Sequence[str]) -> RationalCandidates:
        """The same without all other coefficients: these are 0."""
        gone = [x for x in self.coefficients if x not in labels]
        zero = tuple((x, sp.S.Zero) for x in gone if x.startswith("alpha"))
        if len(zero) < len(gone):
            raise RxnError("R540", "a coefficient of the denominator can be 0 only by its value")
        return replace(
            self, coefficients=tuple(x for x in self.coefficients if x in labels), given=(*self.given, *zero)
        )


def rational_candidates(system: System, fast: Sequence[str], of: Sequence[str], order: int) -> RationalCandidates:
    """All monomials of `of` up to `order` in the denominator and in the numerator of every fast state.

    Raises R501 for a name that is no state, R540 for a state that is both or an order below 1.
    """
    fast, of = names_given(fast, "fast", "R540"), names_given(of, "of", "R540")
    labels = [s.label for s in system.states]
    for name in (*fast, *of):
        if name not in labels:
            raise RxnError("R501", f"{name!r} is not a state of {system.name}", hint="it has: " + ", ".join(labels))
    if set(fast) & set(of) or not fast or not of or order < 1:
        raise RxnError("R540", "rational candidates need fast states, other states that give them, and an order >= 1")
    symbols = [s.symbol for name in of for s in system.states if s.label == name]
    found = tuple(sp.Mul(*c) for k in range(order + 1) for c in combinations_with_replacement(symbols, k))
    beta = [f"beta[{k + 1}]" for k in range(len(found) - 1)]
    alpha = [f"alpha[{k + 1},{i + 1}]" for i in range(len(fast)) for k in range(len(found))]
    return RationalCandidates(system, tuple(fast), tuple(of), found, (*beta, *alpha))
