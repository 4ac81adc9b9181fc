"""The syntax tree of a model file: what was written, before any name is looked up.

Every node knows the characters `[start, end)` of its file. Sums and products are flat, however long they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

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


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of the text, from `start` to `end`."""

    start: int
    end: int


# ---------------------------------------------------------------------------------------------- expressions


@dataclass(frozen=True, slots=True)
class Number(Node):
    """A number, kept as its text."""

    text: str


@dataclass(frozen=True, slots=True)
class Ref(Node):
    """A name, perhaps with indices; a quoted name is taken letter by letter."""

    name: str
    indices: tuple[Index, ...] = ()
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Wildcard(Node):
    """`*` as an index."""


@dataclass(frozen=True, slots=True)
class Range(Node):
    """`first .. last`, both included."""

    first: Expression
    last: Expression


@dataclass(frozen=True, slots=True)
class NameSet(Node):
    """`{a, b}`."""

    names: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class Sum(Node):
    """Terms, each with whether it is subtracted."""

    terms: tuple[tuple[bool, Expression], ...]


@dataclass(frozen=True, slots=True)
class Product(Node):
    """Factors, each with whether it divides."""

    factors: tuple[tuple[bool, Expression], ...]


@dataclass(frozen=True, slots=True)
class Negative(Node):
    """`-body`."""

    body: Expression


@dataclass(frozen=True, slots=True)
class Power(Node):
    """`base^exponent`."""

    base: Expression
    exponent: Expression


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`name(argument, ..., key = value)`."""

    name: str
    arguments: tuple[Expression, ...]
    keywords: tuple[tuple[str, Expression], ...]


@dataclass(frozen=True, slots=True)
class Compare(Node):
    """`left operator right`, once."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class And(Node):
    """Conditions that all hold."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or(Node):
    """Conditions of which one holds."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Not(Node):
    """A condition that does not hold."""

    body: Expression


Expression: TypeAlias = Number | Ref | Sum | Product | Negative | Power | Call | Compare | And | Or | Not
Index: TypeAlias = Expression | Range | NameSet | Wildcard


# ---------------------------------------------------------------------------------------------- parts of statements


@dataclass(frozen=True, slots=True)
class UnitFactor(Node):
    """`name^exponent`, a plain number, or a unit in parentheses."""

    base: str | UnitText
    exponent: int


@dataclass(frozen=True, slots=True)
class UnitText(Node):
    """A unit as written; `factors` with whether each divides."""

    text: str
    factors: tuple[tuple[bool, UnitFactor], ...]


@dataclass(frozen=True, slots=True)
class Law(Node):
    """`~ name(arguments)`."""

    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Attribute(Node):
    """One entry of a brace: a flag, `key = value`, or a remark (whose key is empty)."""

    key: str
    value: Expression | None = None
    remark: str = ""


# ---------------------------------------------------------------------------------------------- statements


@dataclass(frozen=True, slots=True)
class Model(Node):
    """`model name {powers}`."""

    name: str
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True)
class Import(Node):
    """`import "path" as alias`; the alias is empty where there is none."""

    path: str
    alias: str


@dataclass(frozen=True, slots=True)
class Units(Node):
    """`units time = s, ...`."""

    choices: tuple[tuple[str, UnitText], ...]


@dataclass(frozen=True, slots=True)
class Quantity(Node):
    """An item of a declaration: a const, param, compartment, species, let or observable, whichever list it stands in.

    `place` is the compartment it lies in; attributes of the whole statement are those of each of its items.
    """

    ref: Ref
    unit: UnitText | None
    value: Expression | None
    bounds: tuple[Expression, Expression] | None
    law: Law | None
    place: Ref | None
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True)
class Declaration(Node):
    """A list of new names of one kind."""

    kind: Kind
    items: tuple[Quantity, ...]


@dataclass(frozen=True, slots=True)
class Initial(Node):
    """`ref = value` or `ref ~ law`."""

    ref: Ref
    value: Expression | None
    law: Law | None


@dataclass(frozen=True, slots=True)
class Initials(Node):
    """`init` and its list."""

    items: tuple[Initial, ...]


@dataclass(frozen=True, slots=True)
class Function(Node):
    """`func name(arguments) = body`."""

    name: str
    arguments: tuple[str, ...]
    body: Expression


@dataclass(frozen=True, slots=True)
class Conserve(Node):
    """`conserve ref : formula = value`."""

    ref: Ref
    formula: Expression
    value: Expression | None


@dataclass(frozen=True, slots=True)
class Particle(Node):
    """One item of a reaction's side; without `ref` it is the `0` that stands for nothing or an empty site."""

    count: str
    ref: Ref | None
    position: str


@dataclass(frozen=True, slots=True)
class Kinetics(Node):
    """`@ k, k_back per V` or `rate v, v_back per V`."""

    mass_action: bool
    rates: tuple[Expression, ...]
    per: Ref | None


@dataclass(frozen=True, slots=True)
class ReactionLine(Node):
    """One line with an arrow."""

    label: Ref | None
    left: tuple[Particle, ...]
    arrow: str
    right: tuple[Particle, ...]
    kinetics: Kinetics
    location: Ref | None
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True)
class OdeLine(Node):
    """`ref' = formula`."""

    ref: Ref
    formula: Expression
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True)
class EventLine(Node):
    """`at time : ...` or `when condition : ...`."""

    timed: bool
    trigger: Expression
    assignments: tuple[tuple[Ref, Expression], ...]
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True)
class Loop(Node):
    """`variable in values`."""

    variable: str
    values: Range | NameSet


@dataclass(frozen=True, slots=True)
class Loops(Node):
    """`for ... { body }`."""

    loops: tuple[Loop, ...]
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class LatticeBlock(Node):
    """`lattice name { key = value; ... }`."""

    name: str
    settings: tuple[tuple[str, Expression], ...]


@dataclass(frozen=True, slots=True)
class Diffuse(Node):
    """`diffuse refs @ rate on location`."""

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
