"""Expressions of the syntax tree -> sympy: names looked up, functions written out, numbers exact.

Sums and products are built in one piece, so that reading back a printed formula gives the same object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import sympy as sp

from ..errors import RxnError, Span
from ..expressions import BUILT_IN, FUNCTIONS, TIME, symbol
from . import syntax as s
from .expansion import Expansion
from .numbers import Sizes, check_bits, check_constant, check_exp, check_power, check_terms, exact_number
from .scope import Binding, Frame, ReportedError, Scope, place
from .syntax import Kind
from .units import for_a_name

CALLS_CAP = 10_000
_COMPLEX = (sp.re, sp.im, sp.arg, sp.conjugate, sp.atan2)
_BAD = (sp.S.NaN, sp.S.ComplexInfinity, sp.S.Infinity, sp.S.NegativeInfinity)


@dataclass(frozen=True, slots=True)
class Use:
    """What a formula is for, and which names may stand in it."""

    what: str
    kinds: frozenset[Kind]
    time: bool = False
    counting: bool = False  # whether count(A, B, distance = d) may stand in it


_NUMBERS = frozenset((Kind.CONSTANT, Kind.PARAMETER, Kind.COMPARTMENT))
_ALL = _NUMBERS | {Kind.SPECIES, Kind.RULE}
CONSTANT = Use("the value of a const", frozenset((Kind.CONSTANT,)))
PRIOR = Use("a bound or prior", frozenset((Kind.CONSTANT,)))
PARAMETER = Use("the value of a param", _NUMBERS)
SIZE = Use("the size of a compartment", _NUMBERS)
INITIAL = Use("an initial value", _NUMBERS)
INSTANT = Use("the time of an event", _NUMBERS)
LAW = Use("a rate or rule", _ALL, time=True)
OBSERVED = Use("an observable", _ALL, time=True, counting=True)
CONSERVED = Use("a conserved sum", _NUMBERS | {Kind.SPECIES})


class Formulas:
    """The translator of expressions."""

    def __init__(self, scope: Scope, expansion: Expansion) -> None:
        self.scope = scope
        self.expansion = expansion
        self.active: list[str] = []  # the functions being written out
        self.circles: set[frozenset[str]] = set()  # of functions, reported already
        self.calls = 0  # of functions of the model, in the present formula
        self.sizes = Sizes()

    # -- numbers -------------------------------------------------------------------------------------

    def formula(self, node: s.Expression, frame: Frame, use: Use) -> sp.Expr:
        """A whole formula, in the form that reading its own text gives."""
        self.calls = 0
        with _sensible(frame.span(node)):
            return settled(self.expr(node, frame, use))

    def trigger(self, node: s.Expression, frame: Frame, use: Use) -> sp.Basic:
        """A whole condition, likewise."""
        self.calls = 0
        with _sensible(frame.span(node)):
            return settled(self.condition(node, frame, use))

    def expr(self, node: s.Expression, frame: Frame, use: Use) -> sp.Expr:
        """A formula or a part of one; reports unknown names. Raises R2xx where it is no number, R4xx beyond caps."""
        if isinstance(node, s.Number):
            return exact_number(node.text, frame.span(node))
        if isinstance(node, s.Ref):
            return self.ref(node, frame, use)
        if isinstance(node, s.Sum):
            return self._sum(node, frame, use)
        if isinstance(node, s.Product):
            return self._product(node, frame, use)
        if isinstance(node, s.Power):
            base, exponent = self.expr(node.base, frame, use), self.expr(node.exponent, frame, use)
            return power(base, exponent, frame.span(node))
        if isinstance(node, s.Negative):
            return -self.expr(node.body, frame, use)
        if isinstance(node, s.Call):
            return self._call(node, frame, use)
        hint = "a choice between values is written piecewise(value, condition, otherwise)"
        raise RxnError("R201", "a condition stands where a number is needed", frame.span(node), hint)

    def _sum(self, node: s.Sum, frame: Frame, use: Use) -> sp.Expr:
        terms = [-e if minus else e for minus, term in node.terms for e in (self.expr(term, frame, use),)]
        check_bits(terms, frame.span(node))
        return sp.Add(*terms)

    def _product(self, node: s.Product, frame: Frame, use: Use) -> sp.Expr:
        factors = []
        for divides, factor in _factors(node):
            if factor is None:
                factors.append(sp.S.NegativeOne)
                continue
            value = self.expr(factor, frame, use)
            factors.append(power(value, sp.S.NegativeOne, frame.span(factor)) if divides else value)
        check_bits(factors, frame.span(node))
        return sp.Mul(*factors)

    def ref(self, node: s.Ref, frame: Frame, use: Use) -> sp.Expr:
        """The symbol of a name, or what a loop variable or a function's argument stands for."""
        if not node.indices and not node.quoted:
            bound = frame.bindings.get(node.name)
            if isinstance(bound, int):
                return sp.Integer(bound)
            if isinstance(bound, sp.Expr):
                return bound
            if bound is None and node.name in ("t", "time"):
                if not use.time:
                    raise RxnError("R203", f"{use.what} cannot depend on the time", frame.span(node))
                return TIME
        return self.named(self.expansion.name(node, frame), frame.span(node), use)

    def named(self, name: str, span: Span, use: Use) -> sp.Symbol:
        """The symbol of a full name, after a look at what it is."""
        found = self.scope.names.get(name)
        if found is None:
            if name in BUILT_IN and not for_a_name(name, span, "name"):
                raise RxnError("R202", f"{name!r} is a function: its arguments are missing", span, f"write {name}(...)")
            self.scope.missing(name, span)
        elif found.kind not in use.kinds:
            hint = f"declared at {place(found.span)}"
            if found.kind is Kind.OBSERVABLE:
                hint += "; what other formulas use is a 'let'"
            elif use is INITIAL and found.kind is Kind.SPECIES:
                hint += "; a formula that always holds is a 'let'"
            raise RxnError("R203", f"{use.what} cannot depend on {name!r}, which is {found.kind.one}", span, hint)
        return symbol(name)

    # -- functions -----------------------------------------------------------------------------------

    def _call(self, node: s.Call, frame: Frame, use: Use) -> sp.Expr:
        span = frame.span(node)
        if node.keywords and node.name != "count":
            hint = f"write {signature}" if (signature := _SIGNATURES.get(node.name)) else "write the values alone"
            raise RxnError("R204", f"{node.name} takes no arguments by name", span, hint)
        own = self.scope.functions.get(frame.prefix + node.name)
        if own is not None:
            return self._inlined(node, *own, frame, use)
        if node.name in ("sum", "count"):
            return self._total(node, frame, use)
        if node.name == "piecewise":
            return self._piecewise(node, frame, use)
        if node.name not in BUILT_IN or node.name in ("t", "time"):
            if frame.prefix + node.name in self.scope.names:
                timed = [a for a in node.arguments if isinstance(a, s.Ref) and a.name in ("t", "time")]
                hint = f"write only {node.name!r}" if timed else "a product is written with '*'"
                raise RxnError("R202", f"{node.name!r} is no function", span, hint)
            self.scope.missing(node.name, span, "function")
            return symbol(node.name)
        arguments = [self.expr(a, frame, use) for a in node.arguments]
        return apply(node.name, arguments, span)

    def _inlined(self, node: s.Call, function: s.Function, home: Frame, frame: Frame, use: Use) -> sp.Expr:
        """The body of a function of the model, arguments put in."""
        span = frame.span(node)
        if node.name in self.active:
            circle = (*self.active[self.active.index(node.name) :], node.name)
            if frozenset(circle) in self.circles:
                raise ReportedError
            self.circles.add(frozenset(circle))
            raise RxnError("R111", f"functions that use each other in a circle: {' -> '.join(circle)}", span)
        self.calls += 1
        if self.calls > CALLS_CAP:
            raise RxnError("R405", f"functions within functions: more than {CALLS_CAP:,} calls in one formula", span)
        check_count(node.name, len(node.arguments), len(function.arguments), span)
        values = [self.expr(a, frame, use) for a in node.arguments]
        self.active.append(node.name)
        try:
            inside = Frame(home.file, home.prefix, dict(zip(function.arguments, values, strict=True)))
            written = self.expr(function.body, inside, use)
            self.sizes.check(written, span)
            return written
        finally:
            self.active.pop()

    def _piecewise(self, node: s.Call, frame: Frame, use: Use) -> sp.Expr:
        if len(node.arguments) % 2 == 0:
            message = "piecewise needs a value for all other cases at its end"
            raise RxnError("R204", message, frame.span(node), "piecewise(value, condition, ..., otherwise)")
        *pairs, otherwise = node.arguments
        cases = [
            (self.expr(value, frame, use), self.condition(condition, frame, use))
            for value, condition in zip(pairs[::2], pairs[1::2], strict=True)
        ]
        return sp.Piecewise(*cases, (self.expr(otherwise, frame, use), True))

    def _total(self, node: s.Call, frame: Frame, use: Use) -> sp.Expr:
        """sum(...) and count(...): `*` and ranges among indices are allowed here."""
        span = frame.span(node)
        terms: list[sp.Expr] = []
        first, *others = node.arguments or (None,)
        counted = isinstance(first, s.Ref) and any(isinstance(a, s.Number) for a in others)
        if counted and isinstance(first, s.Ref) and first.name not in frame.bindings:
            known = self.expansion.name(first, frame) in self.scope.names
            if not known:
                raise RxnError("R204", f"{node.name} adds its arguments", span, "over indices: sum(X[*]), sum(X[0..3])")
        for argument in node.arguments:
            if isinstance(argument, s.Ref) and argument.indices:
                found = self.expansion.matching(argument, frame)
                if not found:
                    self.scope.missing(frame.prefix + argument.name, frame.span(argument))
                terms += [self.named(name, frame.span(argument), use) for name in found]
            else:
                terms.append(self.expr(argument, frame, use))
        if not terms:
            raise RxnError("R204", f"{node.name} needs an argument", span)
        if node.name == "count" and any(self._kind(t) is not Kind.SPECIES for t in terms):
            raise RxnError("R204", "count takes species", span)
        if not node.keywords:
            return sp.Add(*terms)
        (key, value), *more = node.keywords
        if node.name != "count" or key != "distance" or more:
            raise RxnError("R204", "the only argument by name is 'distance', of count", span)
        if not use.counting:
            raise RxnError("R203", "pairs at a distance are counted in observables only", span)
        distance = self.expr(value, frame, use)
        if len(terms) != 2 or not (distance.is_Integer and distance > 0):
            message = "a distance is a whole number between two species"
            raise RxnError("R204", message, span, "count(A, B, distance = 1)")
        return sp.Function("count")(*terms, distance)

    def _kind(self, term: sp.Expr) -> Kind | None:
        found = self.scope.names.get(term.name) if term.is_Symbol else None
        return found.kind if found else (Kind.SPECIES if term.is_Symbol else None)

    # -- conditions ----------------------------------------------------------------------------------

    def function(self, function: s.Function, frame: Frame) -> None:
        """Check the body of a function of the model, whether it is used or not."""
        arguments: dict[str, Binding] = {name: symbol(name) for name in function.arguments}
        self.active.append(function.name)
        try:
            self.formula(function.body, Frame(frame.file, frame.prefix, arguments), LAW)
        finally:
            self.active.pop()

    def condition(self, node: s.Expression, frame: Frame, use: Use) -> sp.Basic:
        """A condition. Raises R205 where a number stands instead."""
        if isinstance(node, s.Compare):
            left, right = self.expr(node.left, frame, use), self.expr(node.right, frame, use)
            return _COMPARE[node.operator](left, right)
        if isinstance(node, s.And):
            return sp.And(*(self.condition(p, frame, use) for p in node.parts))
        if isinstance(node, s.Or):
            return sp.Or(*(self.condition(p, frame, use) for p in node.parts))
        if isinstance(node, s.Not):
            return sp.Not(self.condition(node.body, frame, use))
        hint = "compare with ==, !=, <, <=, > or >="
        raise RxnError("R205", "a number stands where a condition is needed", frame.span(node), hint)


def _factors(node: s.Product, inverted: bool = False) -> Iterator[tuple[bool, s.Expression | None]]:
    """The factors of a product and of the products and signs in it (None is -1).

    Multiplied in one piece, -(a - b)*c and c/(2*(a - b)) keep their brackets, as sympy's own products do.
    """
    for divides, factor in node.factors:
        while isinstance(factor, s.Negative):
            yield False, None
            factor = factor.body
        if isinstance(factor, s.Product):
            yield from _factors(factor, divides != inverted)
        else:
            yield divides != inverted, factor


_COMPARE: dict[str, Callable[[sp.Expr, sp.Expr], sp.Basic]] = {
    "==": sp.Eq, "!=": sp.Ne, "<": sp.Lt, "<=": sp.Le, ">": sp.Gt, ">=": sp.Ge,
}  # fmt: skip


def power(base: sp.Expr, exponent: sp.Expr, span: Span | None) -> sp.Expr:
    """base^exponent. Raises R206 where that is no real number, R403 beyond the caps."""
    check_power(base, exponent, span)
    if base.is_Rational and exponent.is_Rational:
        if base == 0 and exponent < 0:
            raise RxnError("R206", "division by zero", span)
        if base < 0 and not exponent.is_Integer:
            raise RxnError("R206", "a root of a negative number", span)
    return _real(sp.Pow(base, exponent), span)


def apply(name: str, arguments: list[sp.Expr], span: Span | None) -> sp.Expr:
    """A function known to every model. Raises R204 for a wrong number of arguments, R206 outside its domain."""
    if name not in ("min", "max"):
        check_count(name, len(arguments), _ARITY.get(name, 1), span)
    elif not arguments:
        raise RxnError("R204", f"{name} needs an argument", span)
    for argument in arguments:
        check_constant(argument, span)
        check_terms(argument, span)
    if name == "exp":
        check_exp(arguments[0], span)
    if name == "log10":
        return _real(sp.log(arguments[0]) / sp.log(10), span)
    if name == "mm":
        x, vmax, half = arguments
        return sp.Mul(vmax, x, power(sp.Add(half, x), sp.S.NegativeOne, span))
    if name in ("hill", "hillr"):
        x, half, n = arguments
        up, still = power(x, n, span), power(half, n, span)
        return sp.Mul(up if name == "hill" else still, power(sp.Add(still, up), sp.S.NegativeOne, span))
    if name == "sqrt":
        return power(arguments[0], sp.Rational(1, 2), span)
    value = FUNCTIONS[name](*arguments)
    if name == "abs" and value.has(*_COMPLEX):  # of what need not be real everywhere, as sqrt(x) for x < 0
        inside = arguments[0]
        value = sp.Piecewise((inside, inside >= 0), (-inside, True))
    return _real(value, span)


_ARITY = {"hill": 3, "hillr": 3, "mm": 3}
_SIGNATURES = {
    "hill": "hill(x, K, n)", "hillr": "hillr(x, K, n)", "mm": "mm(x, vmax, K)", "log": "log(x)/log(base)",
}  # fmt: skip


def check_count(name: str, given: int, wanted: int, span: Span | None, signature: str = "") -> None:
    """Raises R204 where a function gets another number of arguments than it takes."""
    if given != wanted:
        plural = "" if wanted == 1 else "s"
        signature = signature or _SIGNATURES.get(name, "")
        hint = f"write {signature}" if signature else ""
        raise RxnError("R204", f"{name} takes {wanted} argument{plural}, here are {given}", span, hint)


@contextmanager
def _sensible(span: Span) -> Iterator[None]:
    """What sympy refuses to build (a comparison of complex numbers, say) is a mistake of the model."""
    try:
        yield
    except RecursionError:
        hint = "name parts of the formula with 'let'"
        raise RxnError("R402", "this formula is nested too deep", span, hint) from None
    except (ValueError, TypeError, ArithmeticError, NotImplementedError, AttributeError) as error:
        raise RxnError("R206", "this formula has no real value", span, str(error)[:200]) from None


def settled(expr: sp.Basic) -> sp.Basic:
    """An expression that does not change when it is built again from its parts.

    A few of sympy's functions simplify only at the second time: abs(1/x), a piecewise within a comparison.
    """
    if not expr.has(*_UNSETTLED):
        return expr
    for _ in range(5):
        again = _rebuilt(expr)
        if again == expr:
            break
        expr = again
    return expr


_UNSETTLED = (sp.Abs, sp.Piecewise, sp.ITE, sp.floor, sp.ceiling, sp.Min, sp.Max, sp.exp)


def _rebuilt(expr: sp.Basic) -> sp.Basic:
    if not expr.args:
        return expr
    parts = [_rebuilt(part) for part in expr.args]
    if isinstance(expr, sp.ITE):  # what a comparison with a piecewise turns into
        test, yes, no = parts
        return sp.Or(sp.And(test, yes), sp.And(sp.Not(test), no))
    return expr.func(*parts)


def _real(value: sp.Expr, span: Span | None) -> sp.Expr:
    """The value, if it can be a real number."""
    if value in _BAD or (not value.is_Rational and value.has(sp.I, *_BAD, *_COMPLEX)):
        raise RxnError("R206", "this has no real value", span)
    if value.is_number and value.is_real is False:
        raise RxnError("R206", "this is no real number", span)
    if value.is_Mul and any(p.is_Pow and p.base == -1 and p.exp.is_Rational for p in value.args):
        raise RxnError("R206", "a root of a negative number", span)
    return value
