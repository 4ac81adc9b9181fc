"""The unit of a formula from those of its names, bottom-up; what is unlike inside it is reported.

Sums, minima, comparisons and cases need one dimension in one scale; exp, log and their like need numbers; a power of
what has a unit needs an exponent that does not vary. Codes as in `dimensions`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.logic.boolalg import Boolean

from .errors import Diagnostic, Span
from .expressions import text
from .measures import (
    NUMBER,
    PURE,
    UNKNOWN,
    Difference,
    Kind,
    Measure,
    Units,
    exponent_of,
    factor_text,
    power,
    product,
)

_KEEPS = (sp.Abs, sp.floor, sp.ceiling)
_ALIKE: tuple[tuple[type, str], ...] = (
    (sp.Add, "added"), (sp.Max, "arguments of max"), (sp.Min, "arguments of min"), (sp.Piecewise, "cases of piecewise"),
)  # fmt: skip


class FormulaUnits:
    """Units of formulas. `names`: the unit of each name, filled as it becomes known; `found`: what was wrong.

    `constants`: the values of what cannot be set; `fixed`: of all that does not vary in time; `states`: the species.
    In a `foreign` model a plain number in a product may have any unit.
    """

    def __init__(
        self,
        units: Units,
        constants: Mapping[sp.Symbol, sp.Expr],
        fixed: Mapping[sp.Symbol, sp.Expr],
        states: frozenset[sp.Symbol] = frozenset(),
        foreign: bool = False,
    ) -> None:
        self.foreign = foreign
        self.units = units
        self.constants = constants
        self.fixed = fixed
        self.states = states
        self.names: dict[str, Measure] = {}
        self.memo: dict[sp.Basic, Measure] = {}
        self.found: dict[tuple[object, ...], Diagnostic] = {}
        self.span: Span | None = None

    @contextmanager
    def at(self, span: Span | None) -> Iterator[None]:
        """What is found within stands at a statement; formulas too deep to walk stay unchecked."""
        self.span = span
        with suppress(RecursionError):
            yield

    def unit(self, expr: sp.Basic) -> Measure:
        """The unit of a formula; what is wrong inside it is reported."""
        if expr.is_Symbol:
            return self.names.get(expr.name, UNKNOWN)
        if expr.is_Number:
            return NUMBER
        found = self.memo.get(expr)
        if found is None:
            found = self.memo[expr] = self._unit(expr)
        return found

    def _unit(self, expr: sp.Basic) -> Measure:
        if not expr.free_symbols:
            return NUMBER
        if expr.is_Mul:
            if self.foreign and expr.args[0].is_Number and expr.args[0] is not sp.S.NegativeOne:
                return UNKNOWN
            return product(self.unit(a) for a in expr.args if a is not sp.S.NegativeOne)
        if expr.is_Pow:
            return self._power(expr)
        for kind, verb in _ALIKE:
            if isinstance(expr, kind):
                return self._alike(expr, verb)
        if isinstance(expr, Boolean):  # relations among them
            parts = [(a, self.unit(a)) for a in expr.args]
            if expr.is_Relational:
                self.common(expr, parts, "compared")
            return UNKNOWN
        if isinstance(expr, AppliedUndef):  # pairs counted on a lattice
            return UNKNOWN
        if isinstance(expr, _KEEPS):
            return self.unit(expr.args[0])
        return self._function(expr, expr.args, f"{expr.func.__name__.lower()} takes")

    def _alike(self, expr: sp.Basic, verb: str) -> Measure:
        if isinstance(expr, sp.Piecewise):
            for _, condition in expr.args:
                self.unit(condition)
            return self.common(expr, [(value, self.unit(value)) for value, _ in expr.args], verb)
        return self.common(expr, [(a, self.unit(a)) for a in expr.args], verb)

    def common(self, whole: sp.Basic, parts: list[tuple[sp.Basic, Measure]], verb: str) -> Measure:
        """The one unit of things that have to be alike."""
        known = [(e, m) for e, m in parts if m.known]
        if not known:
            return UNKNOWN if any(m.kind is Kind.UNKNOWN for _, m in parts) else NUMBER
        first, chosen = known[0]
        for other, own in known[1:]:
            difference = self.units.difference(chosen, own)
            if difference is not None and not self.forgiven(own, chosen):
                if not self.forgiven(chosen, own):
                    one, two = self.units.text(chosen), self.units.text(own)
                    both = f"{self.short(first)} in {one} and {self.short(other)} in {two}"
                    message = f"{both} are {verb} in {self.short(whole)}"
                    self.differ("R311", message, chosen, own, difference, "only like quantities can be", whole)
                    return UNKNOWN
                first, chosen = other, own
            elif any(a.loose for a in chosen.powers):
                first, chosen = other, own
        numbered, bare = all(m.numbered for _, m in known), all(m.bare for _, m in known)
        return Measure(Kind.KNOWN, chosen.powers, numbered, bare)

    def _power(self, expr: sp.Expr) -> Measure:
        base, exponent = expr.base, expr.exp
        own = self.unit(base)
        if exponent.is_Rational:
            return power(own, exponent_of(exponent))
        turns = self.pure(exponent, f"the exponent of {self.short(expr)}")
        if own.kind is Kind.NUMBER:
            return turns if exponent.free_symbols else NUMBER
        if not own.known or not own.powers:
            return own
        held = exponent.xreplace(self.constants)
        if not held.free_symbols - self.fixed.keys():
            return power(own, exponent_of(held))
        if self.units.difference(own, PURE) is None:
            return own
        subject = f"{self.short(base)} is in {self.units.text(own)}"
        message = f"{subject} and cannot have the varying exponent {self.short(exponent)}"
        self.report("R312", message, "divide by a constant of the same unit first", expr)
        return UNKNOWN

    def _function(self, expr: sp.Basic, arguments: tuple[sp.Basic, ...], what: str) -> Measure:
        """exp, log, sin and their like: of numbers, giving a number."""
        units = [self.pure(a, f"{what} a number; in {self.short(expr)} its argument", expr) for a in arguments]
        return UNKNOWN if any(u.kind is Kind.UNKNOWN for u in units) else PURE

    def pure(self, expr: sp.Basic, what: str, around: sp.Basic | None = None) -> Measure:
        """A formula that has to be a number; `around` is the one that it stands in."""
        found = self.unit(expr)
        difference = self.units.difference(found, PURE)
        if difference is None:
            return found
        subject = what if what.endswith("argument") else f"{what},"
        comma = "" if what.endswith("argument") else ","
        message = f"{subject} {self.short(expr)}{comma} is in {self.units.text(found)}"
        self.differ("R312", message, found, PURE, difference, "divide by a constant of the same unit", expr, around)
        return UNKNOWN

    def forgiven(self, found: Measure, wanted: Measure) -> bool:
        """A formula that lacks just a time, with a plain number in it that may be a rate constant without a unit."""
        if not (found.numbered or found.bare):
            return False
        return self.units.time_power(found) == 0 and self.units.time_power(wanted) == -1

    # -- reports -------------------------------------------------------------------------------------

    def differ(
        self,
        code: str,
        message: str,
        one: Measure,
        other: Measure,
        difference: Difference,
        hint: str,
        part: sp.Basic,
        around: sp.Basic | None = None,
    ) -> None:
        """Report a difference in a part of a formula: in scale alone as R314 with the factor, else as `code`."""
        if difference.factor is None:
            self.report(code, message, hint, part, around)
            return
        left, right = (self.units.text(m) for m in (one, other))
        by = f"one '{left}' is {factor_text(difference.factor)} '{right}'"
        self.report("R314", message, f"{by}; units are not rescaled: write the number in '{right}'", part, around)

    def report(
        self, code: str, message: str, hint: str, part: sp.Basic | None = None, around: sp.Basic | None = None
    ) -> None:
        """One diagnostic for each statement and code, shown at a part of the formula: that within `around`."""
        place = (self.span.source.name, self.span.start, self.span.end) if self.span else message
        meant = part if around is None else (around, part)
        self.found.setdefault((code, place), Diagnostic(code, message, self.span, hint, part=meant))

    def short(self, expr: sp.Basic, most: int = 60) -> str:
        """A formula as text, its end left out where it is long."""
        written = text(expr, self.states)
        return written if len(written) <= most else written[: most - 4] + " ..."
