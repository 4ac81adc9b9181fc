"""The syntax tree of a model file: what was written, before any name is looked up.

Every node knows the characters `[start, end)` of its file. Sums and products are flat, however long they are.
Nodes are named tuples: as frozen as dataclasses, and five times cheaper to define when a command starts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeAlias

from ..errors import Source, Span


class Kind(StrEnum):
    """What a declared name stands for, in the words of a message."""

    CONSTANT = "const"
    PARAMETER = "param"
    COMPARTMENT = "compartment"
    SPECIES = "species"
    RULE = "let"
    OBSERVABLE = "observable"
    FUNCTION = "func"
    LATTICE = "lattice"

    @property
    def one(self) -> str:
        """`a species`, `an observable`."""
        return f"{'an' if self.value[0] in 'aeiou' else 'a'} {self.value}"


class Node(Protocol):
    """A piece of the text, from `start` to `end`."""

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...


# ---------------------------------------------------------------------------------------------- expressions


class Number(NamedTuple):
    """A number, kept as its text."""

    start: int
    end: int
    text: str


class Ref(NamedTuple):
    """A name, perhaps with indices; a quoted name is taken letter by letter."""

    start: int
    end: int
    name: str
    indices: tuple[Index, ...] = ()
    quoted: bool = False


class Wildcard(NamedTuple):
    """`*` as an index."""

    start: int
    end: int


class Range(NamedTuple):
    """`first .. last`, both included."""

    start: int
    end: int
    first: Expression
    last: Expression


class NameSet(NamedTuple):
    """`{a, b}`."""

    start: int
    end: int
    names: tuple[Ref, ...]


class Sum(NamedTuple):
    """Terms, each with whether it is subtracted."""

    start: int
    end: int
    terms: tuple[tuple[bool, Expression], ...]


class Product(NamedTuple):
    """Factors, each with whether it divides."""

    start: int
    end: int
    factors: tuple[tuple[bool, Expression], ...]


class Negative(NamedTuple):
    """`-body`."""

    start: int
    end: int
    body: Expression


class Power(NamedTuple):
    """`base^exponent`."""

    start: int
    end: int
    base: Expression
    exponent: Expression


class Call(NamedTuple):
    """`name(argument, ..., key = value)`."""

    start: int
    end: int
    name: str
    arguments: tuple[Expression, ...]
    keywords: tuple[tuple[str, Expression], ...]


class Compare(NamedTuple):
    """`left operator right`, once."""

    start: int
    end: int
    operator: str
    left: Expression
    right: Expression


class And(NamedTuple):
    """Conditions that all hold."""

    start: int
    end: int
    parts: tuple[Expression, ...]


class Or(NamedTuple):
    """Conditions of which one holds."""

    start: int
    end: int
    parts: tuple[Expression, ...]


class Not(NamedTuple):
    """A condition that does not hold."""

    start: int
    end: int
    body: Expression


Expression: TypeAlias = Number | Ref | Sum | Product | Negative | Power | Call | Compare | And | Or | Not
Index: TypeAlias = Expression | Range | NameSet | Wildcard


# ---------------------------------------------------------------------------------------------- parts of statements


class UnitFactor(NamedTuple):
    """`name^exponent`, a plain number, or a unit in parentheses."""

    start: int
    end: int
    base: str | UnitText
    exponent: int


class UnitText(NamedTuple):
    """A unit as written; `factors` with whether each divides."""

    start: int
    end: int
    text: str
    factors: tuple[tuple[bool, UnitFactor], ...]


class Law(NamedTuple):
    """`~ name(arguments)`."""

    start: int
    end: int
    name: str
    arguments: tuple[Expression, ...]


class Attribute(NamedTuple):
    """One entry of a brace: a flag, `key = value`, or a remark (whose key is empty)."""

    start: int
    end: int
    key: str
    value: Expression | None = None
    remark: str = ""


# ---------------------------------------------------------------------------------------------- statements


class Model(NamedTuple):
    """`model name {powers}`."""

    start: int
    end: int
    name: str
    attributes: tuple[Attribute, ...]


class Import(NamedTuple):
    """`import "path" as alias`; the alias is empty where there is none."""

    start: int
    end: int
    path: str
    alias: str


class Units(NamedTuple):
    """`units time = s, ...`."""

    start: int
    end: int
    choices: tuple[tuple[str, UnitText], ...]


class Quantity(NamedTuple):
    """An item of a declaration: a const, param, compartment, species, let or observable, whichever list it stands in.

    `place` is the compartment it lies in; attributes of the whole statement are those of each of its items.
    """

    start: int
    end: int
    ref: Ref
    unit: UnitText | None
    value: Expression | None
    bounds: tuple[Expression, Expression] | None
    law: Law | None
    place: Ref | None
    attributes: tuple[Attribute, ...]


class Declaration(NamedTuple):
    """A list of new names of one kind."""

    start: int
    end: int
    kind: Kind
    items: tuple[Quantity, ...]


class Initial(NamedTuple):
    """`ref = value` or `ref ~ law`."""

    start: int
    end: int
    ref: Ref
    value: Expression | None
    law: Law | None


class Initials(NamedTuple):
    """`init` and its list."""

    start: int
    end: int
    items: tuple[Initial, ...]


class Function(NamedTuple):
    """`func name(arguments) = body`."""

    start: int
    end: int
    name: str
    arguments: tuple[str, ...]
    body: Expression


class Conserve(NamedTuple):
    """`conserve ref : formula = value`."""

    start: int
    end: int
    ref: Ref
    formula: Expression
    value: Expression | None


class Particle(NamedTuple):
    """One item of a reaction's side; without `ref` it is the `0` that stands for nothing or an empty site."""

    start: int
    end: int
    coefficient: str
    ref: Ref | None
    position: str


class Kinetics(NamedTuple):
    """`@ k, k_back per V` or `rate v, v_back per V`."""

    start: int
    end: int
    mass_action: bool
    rates: tuple[Expression, ...]
    per: Ref | None


class ReactionLine(NamedTuple):
    """One line with an arrow."""

    start: int
    end: int
    label: Ref | None
    left: tuple[Particle, ...]
    arrow: str
    right: tuple[Particle, ...]
    kinetics: Kinetics
    location: Ref | None
    attributes: tuple[Attribute, ...]


class OdeLine(NamedTuple):
    """`ref' = formula`."""

    start: int
    end: int
    ref: Ref
    formula: Expression
    attributes: tuple[Attribute, ...]


class EventLine(NamedTuple):
    """`at time : ...` or `when condition : ...`."""

    start: int
    end: int
    timed: bool
    trigger: Expression
    assignments: tuple[tuple[Ref, Expression], ...]
    attributes: tuple[Attribute, ...]


class Loop(NamedTuple):
    """`variable in values`."""

    start: int
    end: int
    variable: str
    values: Range | NameSet


class Loops(NamedTuple):
    """`for ... { body }`."""

    start: int
    end: int
    loops: tuple[Loop, ...]
    body: tuple[Statement, ...]


class LatticeBlock(NamedTuple):
    """`lattice name { key = value; ... }`."""

    start: int
    end: int
    name: str
    settings: tuple[tuple[str, Expression], ...]


class Diffuse(NamedTuple):
    """`diffuse refs @ rate on location`."""

    start: int
    end: int
    refs: tuple[Ref, ...]
    rate: Expression
    location: Ref | None


Statement: TypeAlias = (
    Declaration | Model | Import | Units | Initials | Function | Conserve | ReactionLine | OdeLine | EventLine | Loops
    | LatticeBlock | Diffuse
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class File:
    """A parsed file, its good statements and the names that stand in lines which could not be read."""

    source: Source
    statements: tuple[Statement, ...]
    doubtful: frozenset[str] = frozenset()

    def span(self, node: Node) -> Span:
        return Span(self.source, node.start, node.end)
