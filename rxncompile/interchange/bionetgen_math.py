"""Formulas of BioNetGen files: numbers, names, calls, `+ - * / ^`, comparisons, `&& || !`, `condition ? a : b`.

Precedence from loose to tight: `? :`, `||`, `&&`, comparisons, `+ -`, `* /`, sign, `^` (which leans to the right).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

import sympy as sp

from ..expressions import TIME
from . import arithmetic as a

DEPTH_CAP = 60
LENGTH_CAP = 100_000
_WORDS = re.compile(
    r"\s*(?:(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<mark>\|\||&&|==|!=|~=|<=|>=|[-+*/^(),<>!?:]))"
)
_LEVELS = ({"||"}, {"&&"}, {"==", "!=", "~=", "<", "<=", ">", ">="}, {"+", "-"}, {"*", "/"})
_SIGN = len(_LEVELS)


class Word(NamedTuple):
    """A number, name or mark, and where it begins."""

    kind: str
    text: str
    at: int


class Mistake(Exception):  # noqa: N818  (the reader makes the error, which has a place)
    """What is wrong with a formula, the characters `[start, end)` it is about, and the code of that error."""

    def __init__(self, message: str, start: int, end: int, code: str = "R033") -> None:
        super().__init__(message)
        self.start, self.end, self.code = start, end, code


def _sum(parts: list[sp.Basic]) -> sp.Expr:
    return a.add(parts)


def _average(parts: list[sp.Basic]) -> sp.Expr:
    return a.divide(a.add(parts), sp.Integer(max(1, len(parts))))


def _sign(x: sp.Basic) -> sp.Basic:
    zero = sp.S.Zero
    return a.choose([(sp.S.One, a.compare(">", x, zero)), (sp.S.NegativeOne, a.compare("<", x, zero))], zero)


_ONE: dict[str, Callable[[sp.Basic], sp.Basic]] = {
    "ln": a.logarithm, "exp": a.exponential, "sqrt": a.root, "abs": a.absolute, "sign": _sign,
    "log10": lambda x: a.divide(a.logarithm(x), sp.log(10)), "log2": lambda x: a.divide(a.logarithm(x), sp.log(2)),
    "rint": lambda x: a.floor(a.add([x, sp.Rational(1, 2)])),
    "sin": a.sine, "cos": a.cosine, "tan": a.tangent, "asin": a.arcsine, "acos": a.arccosine, "atan": a.arctangent,
    "sinh": a.hyperbolic_sine, "cosh": a.hyperbolic_cosine, "tanh": a.hyperbolic_tangent,
    "asinh": a.arc_hyperbolic_sine, "acosh": a.arc_hyperbolic_cosine, "atanh": a.arc_hyperbolic_tangent,
}  # fmt: skip
_MANY: dict[str, Callable[[list[sp.Basic]], sp.Basic]] = {
    "min": a.smallest, "max": a.largest, "sum": _sum, "avg": _average,
}  # fmt: skip
_CONSTANTS = {"_pi": a.number(math.pi), "_e": sp.E, "time": TIME}  # also with `()` behind
_KNOWN = {*_ONE, *_MANY, *_CONSTANTS, "if"}


def formula(text: str, names: Mapping[str, sp.Basic]) -> sp.Expr:
    """The expression of a text, `names` saying what names stand for (functions without arguments too).

    Raises `Mistake`.
    """
    if len(text) > LENGTH_CAP:
        raise Mistake(f"this formula has more than {LENGTH_CAP:,} characters", 0, 1)
    reader = _Reader(text, names)
    found = reader.expression(0, 0)
    rest = reader.word
    if rest.kind != "end":
        raise Mistake(f"{rest.text!r} is not expected here", rest.at, rest.at + len(rest.text))
    return a.as_number(found)


class _Reader:
    """Precedence climbing over the words of one formula."""

    def __init__(self, text: str, names: Mapping[str, sp.Basic]) -> None:
        self.text, self.names = text, names
        self.place = 0
        self.word = self._next()

    def _next(self) -> Word:
        found = _WORDS.match(self.text, self.place)
        if found and found.lastgroup:
            self.place = found.end()
            return Word(found.lastgroup, found[found.lastgroup], found.start(found.lastgroup))
        start = self.place + len(self.text[self.place :]) - len(self.text[self.place :].lstrip())
        if start < len(self.text):
            raise Mistake(f"{self.text[start]!r} is not expected in a formula", start, start + 1)
        return Word("end", "", len(self.text.rstrip()))

    def take(self) -> Word:
        word, self.word = self.word, self._next()
        return word

    def expect(self, mark: str) -> None:
        if self.word.text != mark:
            shown = repr(self.word.text) if self.word.text else "the end"
            end = self.word.at + max(1, len(self.word.text))
            raise Mistake(f"{mark!r} is expected here, not {shown}", self.word.at, end)
        self.take()

    def tried(self, word: Word, made: Callable[[], sp.Basic]) -> sp.Basic:
        """An operation, its refusal told at its word."""
        try:
            return made()
        except a.Refused as why:
            raise Mistake(f"this has no meaning here: {why}", word.at, word.at + len(word.text)) from None

    def expression(self, level: int, depth: int) -> sp.Basic:
        if depth > DEPTH_CAP:
            raise Mistake(f"nested more than {DEPTH_CAP} deep", self.word.at, self.word.at + 1)
        if level == _SIGN:
            return self.signed(depth)
        first = self.word
        parts: list[tuple[Word, sp.Basic]] = [(first, self.expression(level + 1, depth))]
        while self.word.text in _LEVELS[level] and self.word.kind == "mark":
            operator = self.take()
            parts.append((operator, self.expression(level + 1, depth)))
        found = parts[0][1] if len(parts) == 1 else self.tried(parts[1][0], lambda: _joined(level, parts))
        if level == 0 and self.word.text == "?":
            mark = self.take()
            yes = self.expression(0, depth + 1)
            self.expect(":")
            no = self.expression(0, depth + 1)
            return self.tried(mark, lambda: a.choose([(yes, found)], no))
        return found

    def signed(self, depth: int) -> sp.Basic:
        if self.word.text in ("+", "-", "!") and self.word.kind == "mark":
            sign = self.take()
            if depth > DEPTH_CAP:
                raise Mistake(f"nested more than {DEPTH_CAP} deep", sign.at, sign.at + 1)
            body = self.signed(depth + 1)
            if sign.text == "+":
                return body
            return self.tried(sign, lambda: a.negative(body) if sign.text == "-" else a.opposite(body))
        base = self.atom(depth)
        if self.word.text != "^":
            return base
        operator = self.take()
        if depth > DEPTH_CAP:
            raise Mistake(f"nested more than {DEPTH_CAP} deep", operator.at, operator.at + 1)
        exponent = self.signed(depth + 1)
        return self.tried(operator, lambda: a.power(base, exponent))

    def atom(self, depth: int) -> sp.Basic:
        word = self.take()
        if word.kind == "number":
            return self.tried(word, lambda: a.number(float(word.text)))
        if word.text == "(":
            inside = self.expression(0, depth + 1)
            self.expect(")")
            return inside
        if word.kind != "name":
            shown = repr(word.text) if word.text else "the end"
            raise Mistake(f"a value is expected here, not {shown}", word.at, word.at + max(1, len(word.text)))
        if self.word.text == "(":
            return self.call(word, depth)
        return self.named(word)

    def named(self, word: Word) -> sp.Basic:
        if word.text in self.names:
            return self.names[word.text]
        if word.text in _CONSTANTS:
            return _CONSTANTS[word.text]
        raise Mistake(f"unknown name {word.text!r}", word.at, word.at + len(word.text), "R101")

    def call(self, word: Word, depth: int) -> sp.Basic:
        name = word.text
        if name not in _KNOWN and name not in self.names:
            raise Mistake(f"function {name!r} is not supported", word.at, word.at + len(name), "R280")
        self.take()
        given: list[sp.Basic] = []
        while self.word.text != ")":
            given.append(self.expression(0, depth + 1))
            if self.word.text != ",":
                break
            self.take()
        self.expect(")")
        count = len(given)
        if not count and (name in self.names or name in _CONSTANTS):
            return self.named(word)
        if name in _ONE and count == 1:
            return self.tried(word, lambda: _ONE[name](given[0]))
        if name in _MANY and count:
            return self.tried(word, lambda: _MANY[name](given))
        if name == "if" and count == 3:
            return self.tried(word, lambda: a.choose([(given[1], given[0])], given[2]))
        raise Mistake(f"{name!r} does not take {count} arguments", word.at, word.at + len(name))


def _joined(level: int, parts: list[tuple[Word, sp.Basic]]) -> sp.Basic:
    """Several parts of one level, from left to right."""
    values = [value for _, value in parts]
    if level == 0:
        return a.either(values)
    if level == 1:
        return a.both(values)
    if level == 2:
        found = values[0]
        for operator, value in parts[1:]:
            found = a.compare("!=" if operator.text == "~=" else operator.text, found, value)
        return found
    inverse = a.negative if level == 3 else (lambda x: a.power(x, sp.S.NegativeOne))
    signed = [inverse(v) if k and w.text in "-/" else v for k, (w, v) in enumerate(parts)]
    return a.add(signed) if level == 3 else a.multiply(signed)
