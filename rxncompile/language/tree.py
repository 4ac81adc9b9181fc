"""Builds the syntax tree as the grammar's rules are recognised: one method per rule, named like it.

A rule's children are the words and the finished nodes of its parts, in order.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar, cast

from lark import Token

from . import syntax as s

Children = list[Any]
T = TypeVar("T")


class _Part(NamedTuple):
    """A fragment of a rule that the rule above it takes apart: `= value`, `in [lo, hi]`, `: unit`, `key = value`."""

    start: int
    end: int
    kind: str
    content: Any


def _start(children: Children) -> int:
    first = children[0]
    return cast(int, first.start_pos if isinstance(first, Token) else first.start)


def _end(children: Children) -> int:
    last = children[-1]
    return cast(int, last.end_pos if isinstance(last, Token) else last.end)


def _at(children: Children) -> tuple[int, int]:
    return _start(children), _end(children)


def _first(children: Children, kind: type[T]) -> T | None:
    return next((c for c in children if isinstance(c, kind)), None)


def _every(children: Children, kind: type[T]) -> tuple[T, ...]:
    return tuple(c for c in children if isinstance(c, kind))


def _expressions(children: Children) -> tuple[s.Expression, ...]:
    return tuple(c for c in children if isinstance(c, _EXPRESSIONS))


def _statements(children: Children) -> tuple[s.Statement, ...]:
    return tuple(c for c in children if isinstance(c, _STATEMENTS))


def _words(children: Children, kind: str) -> list[str]:
    return [str(c) for c in children if isinstance(c, Token) and c.type == kind]


def _part(children: Children, kind: str) -> Any:
    return next((c.content for c in children if isinstance(c, _Part) and c.kind == kind), None)


def _attributes(children: Children) -> tuple[s.Attribute, ...]:
    return tuple(a for c in children if isinstance(c, _Part) and c.kind == "attributes" for a in c.content)


def _name(token: Token) -> str:
    return str(token)[1:-1] if token.type == "QUOTED" else str(token)


def unescaped(text: str) -> str:
    """The characters that a string in double quotes stands for: `\\"`, `\\\\` and `\\n` are escapes."""
    inner = iter(text[1:-1])
    out = []
    for c in inner:
        if c == "\\":
            c = next(inner)
            c = "\n" if c == "n" else c
        out.append(c)
    return "".join(out)


_EXPRESSIONS = (
    s.Number, s.Ref, s.Sum, s.Product, s.Negative, s.Power, s.Call, s.Compare, s.And, s.Or, s.Not,
)  # fmt: skip
_STATEMENTS = (
    s.Declaration, s.Model, s.Import, s.Units, s.Initials, s.Function, s.Conserve, s.ReactionLine, s.OdeLine,
    s.EventLine, s.Loops, s.LatticeBlock, s.Diffuse,
)  # fmt: skip


class Builder:
    """The grammar's actions."""

    # -- the whole, and the model's names ------------------------------------------------------------

    def start(self, c: Children) -> tuple[s.Statement, ...]:
        return _statements(c)

    def model(self, c: Children) -> s.Model:
        return s.Model(*_at(c), _name(c[1]), _attributes(c))

    def import_(self, c: Children) -> s.Import:
        alias = _words(c, "NAME")
        return s.Import(*_at(c), unescaped(str(c[1])), alias[0] if alias else "")

    def units(self, c: Children) -> s.Units:
        return s.Units(*_at(c), tuple(p.content for p in _every(c, _Part)))

    def unit_choice(self, c: Children) -> _Part:
        return _Part(*_at(c), "choice", (str(c[0]), c[2]))

    def quantity(self, c: Children) -> s.Quantity:
        return s.Quantity(
            *_at(c),
            ref=c[0],
            unit=_part(c, "unit"),
            value=_part(c, "value"),
            bounds=_part(c, "bounds"),
            law=_first(c, s.Law),
            place=next(iter(_every(c[1:], s.Ref)), None),
            attributes=_attributes(c),
        )

    constant = parameter = compartment = species = rule = observable = quantity

    @staticmethod
    def _items(c: Children) -> tuple[s.Quantity, ...]:
        """The items of a list; attributes at its end belong to all of them."""
        items = _every(c, s.Quantity)
        shared = items[-1].attributes
        if len(items) == 1 or not shared:
            return items
        return tuple(i._replace(attributes=i.attributes + shared) for i in items[:-1]) + items[-1:]

    def declaration(self, c: Children) -> s.Declaration:
        return s.Declaration(*_at(c), s.Kind(str(c[0])), self._items(c))

    constants = parameters = compartments = several_species = rules = observables = declaration

    def bounds(self, c: Children) -> _Part:
        return _Part(*_at(c), "bounds", (c[2], c[4]))

    def law(self, c: Children) -> s.Law:
        return s.Law(*_at(c), str(c[1]), _expressions(c))

    def value(self, c: Children) -> _Part:
        return _Part(*_at(c), "value", c[1])

    def unit_note(self, c: Children) -> _Part:
        return _Part(*_at(c), "unit", c[1])

    def initials(self, c: Children) -> s.Initials:
        return s.Initials(*_at(c), _every(c, s.Initial))

    def initial(self, c: Children) -> s.Initial:
        return s.Initial(*_at(c), c[0], _part(c, "value"), _first(c, s.Law))

    def function(self, c: Children) -> s.Function:
        name, *arguments = _words(c, "NAME")
        return s.Function(*_at(c), name, tuple(arguments), _part(c, "value"))

    def conservation(self, c: Children) -> s.Conserve:
        return s.Conserve(*_at(c), c[1], c[3], _part(c, "value"))

    # -- what happens --------------------------------------------------------------------------------

    def reaction(self, c: Children) -> s.ReactionLine:
        left, right = (p.content for p in _every(c, _Part) if p.kind == "side")
        arrow = next(str(t) for t in c if isinstance(t, Token))
        kinetics = _first(c, s.Kinetics)
        assert kinetics is not None
        return s.ReactionLine(
            *_at(c), _part(c, "label"), left, arrow, right, kinetics, _part(c, "location"), _attributes(c)
        )

    def label(self, c: Children) -> _Part:
        return _Part(*_at(c), "label", c[0])

    def side(self, c: Children) -> _Part:
        return _Part(*_at(c), "side", _every(c, s.Particle))

    def particle(self, c: Children) -> s.Particle:
        count = _words(c, "NUMBER")
        position = _part(c, "position")
        return s.Particle(*_at(c), count[0] if count else "", _first(c, s.Ref), position or "")

    def position(self, c: Children) -> _Part:
        return _Part(*_at(c), "position", str(c[1]))

    def kinetics(self, c: Children) -> s.Kinetics:
        per = c[-1] if isinstance(c[-2], Token) and c[-2].type == "PER" else None
        rates = _expressions(c[:-1] if per else c)
        return s.Kinetics(*_at(c), c[0].type == "MASS_ACTION", rates, per)

    def location(self, c: Children) -> _Part:
        return _Part(*_at(c), "location", c[1])

    def ode_term(self, c: Children) -> s.OdeLine:
        return s.OdeLine(*_at(c), c[0], _part(c, "value"), _attributes(c))

    def event(self, c: Children) -> s.EventLine:
        assignments = tuple(p.content for p in _every(c, _Part) if p.kind == "assignment")
        return s.EventLine(*_at(c), c[0].type == "AT", c[1], assignments, _attributes(c))

    def assignment(self, c: Children) -> _Part:
        return _Part(*_at(c), "assignment", (c[0], _part(c, "value")))

    def loops(self, c: Children) -> s.Loops:
        return s.Loops(*_at(c), _every(c, s.Loop), _statements(c))

    def loop(self, c: Children) -> s.Loop:
        return s.Loop(*_at(c), str(c[0]), c[2])

    def lattice(self, c: Children) -> s.LatticeBlock:
        return s.LatticeBlock(*_at(c), _name(c[1]), tuple(p.content for p in _every(c, _Part)))

    def setting(self, c: Children) -> _Part:
        return _Part(*_at(c), "setting", (str(c[0]), c[2]))

    def diffusion(self, c: Children) -> s.Diffuse:
        before = next(i for i, t in enumerate(c) if isinstance(t, Token) and t.type == "MASS_ACTION")
        return s.Diffuse(*_at(c), _every(c[:before], s.Ref), c[before + 1], _part(c, "location"))

    def attributes(self, c: Children) -> _Part:
        return _Part(*_at(c), "attributes", _every(c, s.Attribute))

    def attribute(self, c: Children) -> s.Attribute:
        if c[0].type == "STRING":
            return s.Attribute(*_at(c), "", None, unescaped(str(c[0])))
        return s.Attribute(*_at(c), str(c[0]), _part(c, "value"))

    # -- expressions ---------------------------------------------------------------------------------

    def disjunction(self, c: Children) -> s.Or:
        return s.Or(*_at(c), tuple(c[::2]))

    def conjunction(self, c: Children) -> s.And:
        return s.And(*_at(c), tuple(c[::2]))

    def negation(self, c: Children) -> s.Not:
        return s.Not(*_at(c), c[1])

    def comparison(self, c: Children) -> s.Compare:
        return s.Compare(*_at(c), str(c[1]), c[0], c[2])

    def sum(self, c: Children) -> s.Sum:
        rest = tuple((str(c[i]) == "-", c[i + 1]) for i in range(1, len(c), 2))
        return s.Sum(*_at(c), ((False, c[0]), *rest))

    def product(self, c: Children) -> s.Product:
        rest = tuple((str(c[i]) == "/", c[i + 1]) for i in range(1, len(c), 2))
        return s.Product(*_at(c), ((False, c[0]), *rest))

    def signed(self, c: Children) -> s.Expression:
        body: s.Expression = c[1]
        return s.Negative(*_at(c), body) if str(c[0]) == "-" else body

    def power(self, c: Children) -> s.Power:
        return s.Power(*_at(c), c[0], c[2])

    def group(self, c: Children) -> s.Expression:
        body: s.Expression = c[1]
        return body

    def number(self, c: Children) -> s.Number:
        return s.Number(*_at(c), str(c[0]))

    def call(self, c: Children) -> s.Call:
        keywords = tuple(p.content for p in _every(c, _Part))
        return s.Call(*_at(c), str(c[0]), _expressions(c), keywords)

    def keyword(self, c: Children) -> _Part:
        return _Part(*_at(c), "keyword", (str(c[0]), c[2]))

    def ref(self, c: Children) -> s.Ref:
        indices = tuple(i for i in c[2:] if not isinstance(i, Token))
        return s.Ref(*_at(c), _name(c[0]), indices, c[0].type == "QUOTED")

    def wildcard(self, c: Children) -> s.Wildcard:
        return s.Wildcard(*_at(c))

    def range(self, c: Children) -> s.Range:
        return s.Range(*_at(c), c[0], c[2])

    def name_set(self, c: Children) -> s.NameSet:
        return s.NameSet(*_at(c), _every(c, s.Ref))

    def unit(self, c: Children) -> s.UnitText:
        factors = [(False, c[0])] + [(str(c[i]) == "/", c[i + 1]) for i in range(1, len(c), 2)]
        text = "".join(f.text if isinstance(f, _UnitPiece) else str(f) for f in c)
        return s.UnitText(*_at(c), text, tuple((divides, f.factor) for divides, f in factors))

    def unit_factor(self, c: Children) -> _UnitPiece:
        inside = _first(c, s.UnitText)
        if inside is not None:
            return _UnitPiece(*_at(c), f"({inside.text})", s.UnitFactor(*_at(c), inside, 1))
        exponent = 1
        if len(c) > 1:
            digits = "".join(str(t) for t in c[2:])
            # no unit has a larger exponent: the resolver refuses what does not fit
            exponent = int(digits) if digits.lstrip("-").isdigit() and len(digits) < 4 else 0
        text = "".join("^" if t.type == "POWER" else str(t) for t in c)
        return _UnitPiece(*_at(c), text, s.UnitFactor(*_at(c), str(c[0]), exponent))


class _UnitPiece(NamedTuple):
    start: int
    end: int
    text: str
    factor: s.UnitFactor
