"""Loops and ranges -> single statements and full names, counted before they are expanded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod

from ..errors import RxnError
from ..expressions import plain_index
from . import syntax as s
from .numbers import exact_number
from .scope import Frame, Scope
from .units import UNITS_STAND, in_brackets

EXPANSION_CAP = 200_000
LOOPS_CAP = 50
_INTEGER_CAP = 10**9

Values = range | tuple[str, ...]


class Expansion:
    """Walks statements through their loops; knows the whole numbers that indices and ranges are made of."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.constants: dict[str, tuple[s.Expression, Frame]] = {}  # of the statements outside loops
        self._integers: dict[str, int | None] = {}
        self.left = EXPANSION_CAP

    # -- loops ---------------------------------------------------------------------------------------

    def admit(self, statements: Sequence[s.Statement], frame: Frame) -> None:
        """Count what the statements expand to. Raises R404 beyond the cap."""
        for statement in statements:
            try:
                self.left -= self.size(statement, frame)
            except RecursionError:
                raise RxnError("R402", "these loops are nested too deep", frame.span(statement)) from None
            if self.left < 0:
                message = f"this model expands to more than {EXPANSION_CAP:,} statements and names"
                raise RxnError("R404", message, frame.span(statement))

    def size(self, statement: s.Statement, frame: Frame) -> int:
        """How many statements or names a statement expands to."""
        if isinstance(statement, s.Loops):
            if len(statement.loops) > LOOPS_CAP:
                raise RxnError("R402", f"more than {LOOPS_CAP} loops within each other", frame.span(statement))
            return self._loops_size(statement.loops, statement.body, frame)
        if isinstance(statement, s.Declaration):
            return sum(
                prod(len(v) if (v := self._values(i, frame)) is not None else 1 for i in item.ref.indices)
                for item in statement.items
            )
        return 1

    def _loops_size(self, loops: tuple[s.Loop, ...], body: tuple[s.Statement, ...], frame: Frame) -> int:
        if not loops:
            return sum(self.size(statement, frame) for statement in body)
        first, *rest = loops
        values = self.values(first.values, frame)
        if len(values) > EXPANSION_CAP:
            message = f"a loop of {len(values):,} rounds; the limit is {EXPANSION_CAP:,}"
            raise RxnError("R404", message, frame.span(first))
        if not values:
            return 0
        if not _mentions(first.variable, rest, body):
            return len(values) * self._loops_size(tuple(rest), body, frame.bind(first.variable, values[0]))
        total = 0
        for value in values:
            total += 1 + self._loops_size(tuple(rest), body, frame.bind(first.variable, value))
            if total > EXPANSION_CAP:
                break
        return total

    def walk(
        self, statements: Sequence[tuple[s.Statement, Frame]]
    ) -> Iterator[tuple[s.Statement, Frame]]:
        """The statements in order, loops followed."""
        for statement, frame in statements:
            if isinstance(statement, s.Loops):
                yield from self._rounds(statement.loops, statement.body, frame)
            else:
                yield statement, frame

    def _rounds(
        self, loops: tuple[s.Loop, ...], body: tuple[s.Statement, ...], frame: Frame
    ) -> Iterator[tuple[s.Statement, Frame]]:
        if not loops:
            yield from self.walk([(statement, frame) for statement in body])
            return
        first, *rest = loops
        if frame.prefix + first.variable in self.scope.names:
            hint = "choose another name for the loop's variable"
            raise RxnError("R105", f"{first.variable!r} is declared already", frame.span(first), hint)
        for value in self.values(first.values, frame):
            yield from self._rounds(tuple(rest), body, frame.bind(first.variable, value))

    def values(self, values: s.Range | s.NameSet, frame: Frame) -> Values:
        """The values of a range or of a set of names."""
        if isinstance(values, s.NameSet):
            return tuple(self.name(ref, frame) for ref in values.names)
        return range(self.integer(values.first, frame), self.integer(values.last, frame) + 1)

    # -- whole numbers -------------------------------------------------------------------------------

    def integer(self, node: s.Expression, frame: Frame) -> int:
        """A whole number made of numbers, loop variables and constants. Raises R106 for anything else."""
        value = self._integer(node, frame)
        if value is None or abs(value) > _INTEGER_CAP:
            hint = "indices and ranges are made of numbers, loop variables and constants"
            if frame.span(node).text.startswith("."):
                hint = "a range has two dots: 'first..last'"
            raise RxnError("R106", f"{frame.span(node).text!r} is no whole number", frame.span(node), hint)
        return value

    def _integer(self, node: s.Expression, frame: Frame) -> int | None:
        if isinstance(node, s.Number):
            value = exact_number(node.text, frame.span(node))
            return int(value) if value.is_Integer else None
        if isinstance(node, s.Negative):
            inner = self._integer(node.body, frame)
            return None if inner is None else -inner
        if isinstance(node, s.Sum):
            terms = [(minus, self._integer(term, frame)) for minus, term in node.terms]
            return None if any(v is None for _, v in terms) else sum(-v if m else v for m, v in terms if v is not None)
        if isinstance(node, s.Product):
            return self._integer_product(node, frame)
        if isinstance(node, s.Ref) and not node.indices:
            bound = frame.bindings.get(node.name)
            if bound is not None:
                return bound if isinstance(bound, int) else None
            return self._constant(frame.prefix + node.name)
        return None

    def _integer_product(self, node: s.Product, frame: Frame) -> int | None:
        total = 1
        for divides, factor in node.factors:
            value = self._integer(factor, frame)
            if value is None or (divides and (value == 0 or total % value)) or abs(total) > _INTEGER_CAP:
                return None
            total = total // value if divides else total * value
        return total

    def _constant(self, name: str) -> int | None:
        """The value of a constant, None where it is not whole or leads back to itself."""
        if name not in self._integers and name in self.constants:
            self._integers[name] = None
            self._integers[name] = self._integer(*self.constants[name])
        return self._integers.get(name)

    # -- names ---------------------------------------------------------------------------------------

    def name(self, ref: s.Ref, frame: Frame) -> str:
        """The full name that a reference stands for. Raises R107 for a range or `*` where one name is needed."""
        if not ref.indices:
            bound = None if ref.quoted else frame.bindings.get(ref.name)
            return bound if isinstance(bound, str) else frame.prefix + ref.name
        base = frame.prefix + ref.name
        if (unit := in_brackets(frame.span(ref).text)) and f"{base}[{unit}]" not in self.scope.names:
            raise RxnError("R026", f"{unit!r} is a unit, no index", frame.span(ref), UNITS_STAND)
        literal = [self._word(i, frame) for i in ref.indices]
        full = _joined(base, literal)
        if full in self.scope.names:
            return full
        return _joined(base, [self.index(i, frame) for i in ref.indices])

    def names(self, ref: s.Ref, frame: Frame) -> Iterator[tuple[str, tuple[str, ...], str]]:
        """Full name, indices and base of everything that a declaration declares."""
        base = frame.prefix + ref.name
        if not ref.indices:
            yield base, (), ""
            return
        if len(ref.indices) == 1 and (unit := in_brackets(frame.span(ref).text)) and not frame.bindings:
            hint = f"write '{ref.name} : {unit}'; an index stands without a blank before it"
            raise RxnError("R026", f"{unit!r} is a unit, no index", frame.span(ref), hint)
        choices: list[Sequence[str]] = []
        for index in ref.indices:
            values = self._values(index, frame)
            choices.append([self._word(index, frame)] if values is None else [str(v) for v in values])
        for indices in product(*choices):
            yield _joined(base, indices), indices, base

    def _values(self, index: s.Index, frame: Frame) -> Values | None:
        if isinstance(index, s.NameSet):
            return tuple(r.name for r in index.names)
        return self.values(index, frame) if isinstance(index, s.Range) else None

    def _word(self, index: s.Index, frame: Frame) -> str:
        """An index as text, a bare word taken as it stands."""
        if isinstance(index, s.Ref) and not index.indices and index.name not in frame.bindings:
            return index.name
        return self.index(index, frame)

    def index(self, index: s.Index, frame: Frame) -> str:
        """An index as text: a whole number, or the word that a loop variable or the index itself is."""
        if isinstance(index, (s.Wildcard, s.Range, s.NameSet)):
            hint = "several names at once stand in sum(...), count(...) and declarations"
            if isinstance(index, s.Range):
                hint += f"; one statement for each is a loop: for i in {frame.span(index).text} {{ ... }}"
            raise RxnError("R107", f"{frame.span(index).text!r} is not one index", frame.span(index), hint)
        if isinstance(index, s.Ref) and not index.indices:
            bound = frame.bindings.get(index.name)
            if isinstance(bound, str) and plain_index(bound):
                return bound
            if bound is None:
                value = self._constant(frame.prefix + index.name)
                return index.name if value is None else str(value)
        return str(self.integer(index, frame))

    def matching(self, ref: s.Ref, frame: Frame) -> list[str]:
        """Full names, in declared order, that a reference with `*`, ranges or sets stands for."""
        if not any(isinstance(i, (s.Wildcard, s.Range, s.NameSet)) for i in ref.indices):
            return [self.name(ref, frame)]
        wanted: list[set[str] | None] = []
        for index in ref.indices:
            values = self._values(index, frame)
            if isinstance(index, s.Wildcard):
                wanted.append(None)
            else:
                wanted.append({self.index(index, frame)} if values is None else {str(v) for v in values})
        return [
            full
            for indices, full in self.scope.families.get(frame.prefix + ref.name, ())
            if len(indices) == len(wanted)
            and all(w is None or i in w for i, w in zip(indices, wanted, strict=True))
        ]


def _joined(base: str, indices: Sequence[str]) -> str:
    return f"{base}[{','.join(indices)}]"


def _mentions(variable: str, loops: Sequence[s.Loop], body: Sequence[s.Statement]) -> bool:
    """Whether a loop's variable stands in the bounds of something within it."""
    bounds: list[s.Index] = [loop.values for loop in loops]
    waiting = list(body)
    while waiting:
        statement = waiting.pop()
        if isinstance(statement, s.Loops):
            bounds += [loop.values for loop in statement.loops]
            waiting += statement.body
        elif isinstance(statement, s.Declaration):
            bounds += [i for item in statement.items for i in item.ref.indices]
    return any(variable in _words(bound) for bound in bounds)


def _words(node: s.Index) -> Iterator[str]:
    if isinstance(node, s.Range):
        yield from _words(node.first)
        yield from _words(node.last)
    elif isinstance(node, s.Ref):
        yield node.name
    elif isinstance(node, s.Negative):
        yield from _words(node.body)
    elif isinstance(node, s.Sum):
        for _, term in node.terms:
            yield from _words(term)
    elif isinstance(node, s.Product):
        for _, factor in node.factors:
            yield from _words(factor)
