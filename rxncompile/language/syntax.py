"""The syntax tree of a model file: what was written, before any name is looked up.

Every node knows the characters `[start, end)` of its file. Sums and products are flat, however long they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from ..errors import Source, Span


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of the text, from `start` to `end`."""

    start: int
    end: int


# ---------------------------------------------------------------------------------------------- expressions


@dataclass(frozen=True, slots=True)
class Number(Node):
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
    body: Expression


@dataclass(frozen=True, slots=True)
class Power(Node):
    base: Expression
    exponent: Expression


@dataclass(frozen=True, slots=True)
class Call(Node):
    name: str
    arguments: tuple[Expression, ...]
    keywords: tuple[tuple[str, Expression], ...]


@dataclass(frozen=True, slots=True)
class Compare(Node):
    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class And(Node):
    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or(Node):
    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Not(Node):
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
    name: str
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True)
class Import(Node):
    path: str
    alias: str


@dataclass(frozen=True, slots=True)
class Units(Node):
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
class Constants(Node):
    items: tuple[Quantity, ...]


@dataclass(frozen=True, slots=True)
class Parameters(Node):
    items: tuple[Quantity, ...]


@dataclass(frozen=True, slots=True)
class Compartments(Node):
    items: tuple[Quantity, ...]


@dataclass(frozen=True, slots=True)
class SeveralSpecies(Node):
    items: tuple[Quantity, ...]


@dataclass(frozen=True, slots=True)
class Rules(Node):
    items: tuple[Quantity, ...]


@dataclass(frozen=True, slots=True)
class Observables(Node):
    items: tuple[Quantity, ...]


@dataclass(frozen=True, slots=True)
class Initial(Node):
    ref: Ref
    value: Expression | None
    law: Law | None


@dataclass(frozen=True, slots=True)
class Initials(Node):
    items: tuple[Initial, ...]


@dataclass(frozen=True, slots=True)
class Function(Node):
    name: str
    arguments: tuple[str, ...]
    body: Expression


@dataclass(frozen=True, slots=True)
class Conserve(Node):
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
    mass_action: bool
    rates: tuple[Expression, ...]
    per: Ref | None


@dataclass(frozen=True, slots=True)
class ReactionLine(Node):
    label: Ref | None
    left: tuple[Particle, ...]
    arrow: str
    right: tuple[Particle, ...]
    kinetics: Kinetics
    location: Ref | None
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True)
class OdeLine(Node):
    ref: Ref
    formula: Expression
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True)
class EventLine(Node):
    timed: bool
    trigger: Expression
    assignments: tuple[tuple[Ref, Expression], ...]
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True)
class Loop(Node):
    variable: str
    values: Range | NameSet


@dataclass(frozen=True, slots=True)
class Loops(Node):
    loops: tuple[Loop, ...]
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class LatticeBlock(Node):
    name: str
    settings: tuple[tuple[str, Expression], ...]


@dataclass(frozen=True, slots=True)
class Diffuse(Node):
    refs: tuple[Ref, ...]
    rate: Expression
    location: Ref | None


Declaration: TypeAlias = Constants | Parameters | Compartments | SeveralSpecies | Rules | Observables
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
