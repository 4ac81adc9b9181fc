"""BioNetGen's `.net` files -> Network.

All quantities are amounts. A reaction `index reactants products rate` runs at

    ODE   rate * prod x_i^m_i              SSA   rate * prod x_i (x_i - 1) ... (x_i - m_i + 1)

its rate already holding symmetry factors, so it is mass action in {powers}; a rate that is a function multiplies the
reactants too. Index 0 is nothing. Source: Faeder, Blinov and Hlavacek 2009, and run_network of BioNetGen 2.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import sympy as sp

from ..errors import Diagnostic, RxnError, Source, Span
from ..expressions import symbol, to_float
from ..network import Flag, Network, Observable, Parameter, Reaction, Rule, Species
from ..system import sort_definitions
from . import arithmetic as a
from .bionetgen_math import Mistake, formula

SIZE_CAP = 50_000_000
COUNT_CAP = 1_000_000  # species, and reactions
STOICHIOMETRY_CAP = 1_000  # items on a side of a reaction
_READ = ("parameters", "functions", "species", "reactions", "groups")
_UNREAD = (  # what a network was made from, or is told beside it
    "molecule types", "observables", "seed species", "reaction rules", "compartments", "energy patterns",
    "population types", "population maps", "actions", "model",
)  # fmt: skip
_SHOWN = 20
_NAME = re.compile(r"[A-Za-z_]\w*")


def load_bionetgen(path: str | Path) -> Network:
    """Read a `.net` file. Raises R404 for a file that cannot be read, and what `read_bionetgen` raises."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(SIZE_CAP + 1)
    except OSError as error:
        raise RxnError("R404", f"cannot read {path}: {error.strerror}") from None
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        good = data[: error.start].decode("utf-8")
        span = Span(Source(str(path), good + "\ufffd"), len(good), len(good) + 1)
        raise RxnError("R404", "this byte is not UTF-8", span, "save the file as UTF-8") from None
    return read_bionetgen(Source(str(path), text))


def read_bionetgen(source: Source) -> Network:
    """The Network of a `.net` text.

    Raises R033 for what is not in the format, R101 for unknown names and indices, R102 for those declared twice,
    R280 for rate laws that are not supported, R281 and R282 for values that are no numbers, R401 and R403 for caps,
    R502 for circles; several at once.
    """
    if len(source.text) > SIZE_CAP:
        message = f"the text has {len(source.text):,} characters, the limit is {SIZE_CAP:,}"
        raise RxnError("R401", message, Span(source, 0, 1))
    return _Reader(source).network()


@dataclass(frozen=True)
class _Line:
    """A line of a block without its comment: its words, and where each begins."""

    text: str
    start: int
    comment: str

    def words(self, count: int) -> list[tuple[str, int]]:
        """The first `count - 1` words and the rest of the line."""
        found: list[tuple[str, int]] = []
        at = 0
        for k in range(count):
            begin = at + len(self.text[at:]) - len(self.text[at:].lstrip())
            if begin >= len(self.text):
                break
            blank = re.compile(r"\s").search(self.text, begin)
            at = len(self.text) if k == count - 1 or not blank else blank.start()
            found.append((self.text[begin:at].rstrip(), self.start + begin))
        return found


@dataclass
class _Reader:
    source: Source
    found: list[Diagnostic] = field(default_factory=list)
    blocks: dict[str, list[_Line]] = field(default_factory=dict)
    names: dict[str, sp.Symbol] = field(default_factory=dict)  # parameters, functions and groups, as formulas see them
    used: set[str] = field(default_factory=lambda: {"t"})  # names of the Network
    species: dict[int, Species] = field(default_factory=dict)
    parsed: dict[str, sp.Expr] = field(default_factory=dict)

    def network(self) -> Network:
        self.split()
        self.stop()
        self.declare()
        parameters = self.parameters()
        functions = self.functions()
        self.read_species()
        groups = self.groups()
        self.stop()
        self.refuse_circles(parameters, functions)
        reach = self.reach(functions, groups)
        reactions = self.reactions(reach)
        self.stop()
        mentioned = set().union(*(f.formula.free_symbols for f in functions)) if functions else set()
        mentioned = mentioned.union(*(r.rate.free_symbols for r in reactions))
        rules = [Rule(g.name, g.formula, span=g.span, reported=True) for g in groups if symbol(g.name) in mentioned]
        held = {r.name for r in rules}
        return Network(
            Path(self.source.name).stem if self.source.name.endswith(".net") else "network",
            parameters=tuple(parameters),
            species=tuple(self.species.values()),
            rules=(*rules, *functions),
            observables=tuple(g for g in groups if g.name not in held),
            reactions=tuple(reactions),
            source=self.source,
        )

    # -- the text ------------------------------------------------------------------------------------

    def report(self, code: str, message: str, start: int, end: int, hint: str = "") -> None:
        self.found.append(Diagnostic(code, message, Span(self.source, start, max(end, start + 1)), hint))
        if len(self.found) >= _SHOWN:
            self.stop()

    def stop(self) -> None:
        """Raise what was found, if anything was."""
        if self.found:
            raise RxnError.gather(self.found)

    def split(self) -> None:
        """The lines of every block."""
        block, opened, at = "", 0, 0
        for raw in self.source.text.splitlines(keepends=True):
            body, _, comment = raw.partition("#")
            words = body.split()
            if words[:1] == ["begin"]:
                block, opened = " ".join(words[1:]), at
                if block not in _READ and block not in _UNREAD:
                    self.report("R033", f"unknown block {block!r}", at, at + len(body.rstrip()))
                if block == "model":
                    block = ""
                elif block in self.blocks:
                    self.report("R102", f"block {block!r} occurs twice", at, at + len(body.rstrip()))
                else:
                    self.blocks[block] = []
            elif words[:1] == ["end"]:
                if block and " ".join(words[1:]) != block:
                    self.report("R033", f"'end {block}' is expected here", at, at + len(body.rstrip()))
                block = ""
            elif words and block in _READ:
                self.blocks[block].append(_Line(body.rstrip(), at, comment.strip()))
            at += len(raw)
        if block:
            self.report("R033", f"block {block!r} is never closed", opened, opened + 5, f"add 'end {block}'")
        if not self.blocks:
            self.report("R033", "this is not a BioNetGen network: it has no 'begin species'", 0, 1)
        for block in ("species", "reactions"):
            if len(self.blocks.get(block, ())) > COUNT_CAP:
                self.report("R403", f"more than {COUNT_CAP:,} {block}", self.blocks[block][COUNT_CAP].start, 0)

    def expression(self, text: str, start: int) -> sp.Expr | None:
        """The expression of a text that begins at `start`; None where it has none, which is reported."""
        if text not in self.parsed:
            try:
                self.parsed[text] = formula(text, self.names)
            except Mistake as mistake:
                code = "R101" if str(mistake).startswith("unknown") else "R033"
                self.report(code, str(mistake), start + mistake.start, start + mistake.end)
                return None
        return self.parsed[text]

    def index(self, text: str, start: int) -> int | None:
        if not text.isdigit() or not text.isascii() or len(text) > 9:
            self.report("R033", f"{text[:40]!r} is not an index", start, start + len(text))
            return None
        return int(text)

    def fields(self, block: str, count: int, what: str, least: int | None = None) -> Iterable[list[tuple[str, int]]]:
        """The words of each line of a block, index first; lines that are too short are reported."""
        for line in self.blocks.get(block, ()):
            words = line.words(count)
            if len(words) < (least or count):
                self.report("R033", f"expected: {what}", words[0][1], line.start + len(line.text))
            else:
                yield words

    # -- names ---------------------------------------------------------------------------------------

    def free_name(self, wanted: str) -> str:
        name = wanted.replace("'", "_")
        while name in self.used:
            name += "_"
        self.used.add(name)
        return name

    def declare(self) -> None:
        """Species keep their names; parameters, functions and groups have theirs unless a species has it."""
        for words in self.fields("species", 3, "index name amount"):
            self.used.add(words[1][0].removeprefix("$"))
        for block in ("parameters", "functions", "groups"):
            for words in self.fields(block, 3, "index name ...", 2):
                name, start = words[1]
                plain = name.partition("(")[0]
                if not _NAME.fullmatch(plain):
                    self.report("R033", f"{plain!r} is not a name", start, start + len(name))
                elif plain in self.names:
                    self.report("R102", f"{plain!r} is declared twice", start, start + len(name))
                else:
                    self.names[plain] = symbol(self.free_name(plain))
        self.stop()

    def named(self, words: list[tuple[str, int]]) -> tuple[str, Span]:
        name, start = words[1]
        return self.names[name.partition("(")[0]].name, Span(self.source, start, start + len(name))

    # -- blocks --------------------------------------------------------------------------------------

    def parameters(self) -> list[Parameter]:
        found = []
        for words in self.fields("parameters", 3, "index name value"):
            value = self.expression(*words[2])
            name, span = self.named(words)
            if value is not None:
                found.append(Parameter(name, value, span=span))
        return found

    def functions(self) -> list[Rule]:
        found = []
        for words in self.fields("functions", 3, "index name() formula"):
            name, span = self.named(words)
            if not words[1][0].endswith("()"):
                self.report("R280", "functions with arguments are not supported", span.start, span.end)
            value = self.expression(*words[2])
            if value is not None:
                found.append(Rule(name, value, span=span))
        return found

    def read_species(self) -> None:
        taken: set[str] = set()
        for (number, at), (name, start), amount in self.fields("species", 3, "index name amount"):
            index, first = self.index(number, at), self.expression(*amount)
            span = Span(self.source, start, start + len(name))
            fixed, name = name.startswith("$"), name.removeprefix("$").replace("'", "_")
            if name in taken or index in self.species or index == 0:
                self.report("R102", f"species {number} {name!r} is declared twice", at, start + len(name))
            elif index is not None and first is not None:
                taken.add(name)
                flags = frozenset({Flag.FIXED}) if fixed else frozenset[Flag]()
                self.species[index] = Species(name, initial=first, flags=flags, span=span)

    def groups(self) -> list[Observable]:
        """Weighted sums such as `2*5,7`."""
        found = []
        for words in self.fields("groups", 3, "index name members", 2):
            name, span = self.named(words)
            terms = []
            members, at = words[2] if len(words) > 2 else ("", 0)
            for member in members.split(",") if members else ():
                weight, _, number = member.rpartition("*")
                index = self.index(number.strip(), at)
                factor = self.index(weight.strip(), at) if weight else 1
                if index is not None and factor is not None:
                    if index in self.species:
                        terms.append(factor * self.species[index].symbol)
                    else:
                        self.report("R101", f"there is no species {index}", at, at + len(member))
                at += len(member) + 1
            found.append(Observable(name, sp.Add(*terms), span=span))
        return found

    def refuse_circles(self, parameters: list[Parameter], functions: list[Rule]) -> None:
        formulas = {symbol(p.name): p.value for p in parameters} | {symbol(f.name): f.formula for f in functions}
        spans = {p.name: p.span for p in parameters} | {f.name: f.span for f in functions}
        try:
            sort_definitions(formulas, self.source.name)
        except RxnError as circle:
            names = circle.message.rpartition(": ")[2]
            span = spans.get(names.partition(" -> ")[0])
            raise RxnError("R502", f"formulas depend on each other: {names}", span) from None
        constant = {symbol(p.name) for p in parameters}
        for p in parameters:
            loose = p.value.free_symbols - constant
            if loose and p.span:
                first = sorted(s.name for s in loose)[0]
                message = f"parameter {p.name!r} depends on {first!r}, which varies"
                self.report("R282", message, p.span.start, p.span.end)
        for s in self.species.values():
            if isinstance(s.initial, sp.Expr) and s.initial.free_symbols - constant and s.span:
                self.report("R282", f"the amount of {s.name!r} depends on what varies", s.span.start, s.span.end)
        self.stop()
        self.refuse_values(parameters)

    def refuse_values(self, parameters: list[Parameter]) -> None:
        """Parameters and first amounts have to be numbers that a double holds."""
        known: dict[sp.Symbol, sp.Expr] = {}
        spans = {symbol(p.name): p.span for p in parameters} | {s.symbol: s.span for s in self.species.values()}
        formulas = {symbol(p.name): p.value for p in parameters}
        formulas |= {s.symbol: s.initial for s in self.species.values() if isinstance(s.initial, sp.Expr)}
        for name, expr in sort_definitions(formulas, self.source.name):
            span = spans[name]
            try:
                known[name] = a.number(to_float(a.put_in(expr, known)))
            except a.Refused as why:
                message = f"the value of {name.name!r} has no meaning: {why}"
                self.report("R281", message, span.start if span else 0, span.end if span else 0)
                known[name] = sp.S.One
        self.stop()

    def reach(self, functions: list[Rule], groups: list[Observable]) -> Mapping[sp.Symbol, frozenset[sp.Symbol]]:
        """The species that each function and group depends on."""
        every = {s.symbol for s in self.species.values()}
        formulas = {symbol(g.name): g.formula for g in groups} | {symbol(f.name): f.formula for f in functions}
        found: dict[sp.Symbol, frozenset[sp.Symbol]] = {}
        for name, expr in sort_definitions(formulas, self.source.name):
            inner = (found.get(s, frozenset()) for s in expr.free_symbols)
            found[name] = frozenset(expr.free_symbols & every).union(*inner)
        return found

    def reactions(self, reach: Mapping[sp.Symbol, frozenset[sp.Symbol]]) -> list[Reaction]:
        order = {s.name: k for k, s in enumerate(self.species.values())}
        found = []
        comments = {line.start: line.comment for line in self.blocks.get("reactions", ())}
        for words in self.fields("reactions", 4, "index reactants products rate"):
            (number, at), left, right, (text, start) = words
            kind = text.split()
            if len(kind) > 1 and _NAME.fullmatch(kind[0]) and kind[1][0] not in "+-*/^(<>=!&|":
                self.report("R280", f"rate law {kind[0]!r} is not supported", start, start + len(text))
                continue
            rate, before, after = self.expression(text, start), self.side(*left), self.side(*right)
            if rate is None or before is None or after is None:
                continue
            sides = [tuple(sorted(Counter(s).items(), key=lambda pair: order[pair[0]])) for s in (before, after)]
            moving = rate.free_symbols.union(*(reach.get(s, frozenset()) for s in rate.free_symbols))
            span = Span(self.source, at, start + len(text))
            remark = comments.get(self.source.text.rfind("\n", 0, at) + 1, "")
            found.append(_reaction(self.free_name(f"r{number}"), sides[0], sides[1], rate, moving, remark, span))
        return found

    def side(self, text: str, start: int) -> list[str] | None:
        members = []
        items = text.split(",")
        if len(items) > STOICHIOMETRY_CAP:
            self.report("R403", f"more than {STOICHIOMETRY_CAP} species on a side", start, start + len(text))
            return None
        for item in items:
            index = self.index(item, start)
            if index is None:
                return None
            if index and index not in self.species:
                self.report("R101", f"there is no species {index}", start, start + len(item))
                return None
            members += [self.species[index].name] if index else []
            start += len(item) + 1
        return members


def _reaction(
    name: str,
    reactants: tuple[tuple[str, int], ...],
    products: tuple[tuple[str, int], ...],
    rate: sp.Expr,
    moving: set[sp.Symbol],
    remark: str,
    span: Span,
) -> Reaction:
    """A reaction whose rate multiplies its reactants.

    A rate that depends on a reactant is no constant, so the whole law is given where that says the same: each
    reactant once. Only with several of one kind do the two readings differ, and the rate stays a factor.
    """
    several = any(n > 1 for _, n in reactants)
    flags = frozenset({Flag.POWERS}) if several else frozenset[Flag]()
    own = {symbol(s) for s, _ in reactants}
    if own.isdisjoint(moving) or several:
        return Reaction(name, reactants, products, rate, flags=flags, remark=remark, span=span)
    law = sp.Mul(rate, *(symbol(s) for s, _ in reactants))
    return Reaction(name, reactants, products, law, mass_action=False, remark=remark, span=span)
