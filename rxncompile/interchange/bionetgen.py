"""BioNetGen's `.net` files -> Network.

All quantities are amounts. A reaction `index reactants products rate` runs as `bionetgen_laws` says, its rate already
holding symmetry factors and the volumes of compartments. Index 0 is nothing, `$` marks a fixed species. Read is what
BioNetGen's run_network reads, and a little more: formulas in place of names, blanks in formulas, blocks in any order.
Source: Faeder, Blinov and Hlavacek 2009, Methods Mol. Biol. 500:113, and BioNetGen 2.2 to 2.9.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import sympy as sp

from ..errors import RxnError, Source, Span
from ..expressions import symbol, to_float
from ..network import Flag, Network, Observable, Parameter, Reaction, Rule, Species
from ..system import sort_definitions
from . import arithmetic as a
from .bionetgen_laws import LAWS, Law, law, multiplying
from .bionetgen_math import Mistake, formula
from .bionetgen_text import Line, Report, Word, read_blocks
from .files import read_bytes

_Reach: TypeAlias = Mapping[sp.Symbol, frozenset[sp.Symbol]]  # the species that groups and functions depend on

SIZE_CAP = 50_000_000
STOICHIOMETRY_CAP = 1_000  # items on a side of a reaction
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_FACTOR = re.compile(r"([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\*(?=\S)", re.ASCII)
_MEMBERS = re.compile(r"[^,\s]+")


def load_bionetgen(path: str | Path) -> Network:
    """Read a `.net` file. Raises R404 for a file that cannot be read, and what `read_bionetgen` raises."""
    data = read_bytes(path, SIZE_CAP)
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


class _Reader:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.told = Report(source)
        self.blocks: dict[str, list[Line]] = {}
        self.names: dict[str, sp.Symbol] = {}  # parameters, functions and groups, as formulas see them
        self.used = {"t"}  # names of the Network
        self.species: dict[int, Species] = {}
        self.numbers: dict[str, int] = {}  # of species, by what the file calls them
        self.parsed: dict[str, sp.Expr] = {}

    def network(self) -> Network:
        self.blocks = read_blocks(self.told)
        self.declare()
        parameters = self.parameters()
        functions = self.functions()
        self.read_species()
        groups = self.groups()
        self.told.stop()
        self.refuse_circles(parameters, functions)
        reach = self.reach(functions, groups)
        reactions = self.reactions(reach)
        self.told.stop()
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

    # -- words ---------------------------------------------------------------------------------------

    def lines(self, block: str, least: int, what: str) -> Iterator[tuple[Word | None, tuple[Word, ...]]]:
        """The index, if there is one, and the words of each line, without a `=`; short lines are reported."""
        for line in self.blocks.get(block, ()):
            number, words = line.numbered()
            words = tuple(w for k, w in enumerate(words) if k != 1 or w.text != "=")
            if len(words) < least:
                self.told.error("R033", f"expected: {what}", line.start, line.end)
            else:
                yield number, words

    def rest(self, words: tuple[Word, ...]) -> Word:
        """The text from the first of some words to the last."""
        return Word(self.source.text[words[0].start : words[-1].end], words[0].start)

    def expression(self, word: Word) -> sp.Expr | None:
        """The expression of a text; None where it has none, which is reported."""
        if word.text not in self.parsed:
            try:
                self.parsed[word.text] = formula(word.text, self.names)
            except Mistake as wrong:
                self.told.error(wrong.code, str(wrong), word.start + wrong.start, word.start + wrong.end)
                return None
        return self.parsed[word.text]

    # -- names ---------------------------------------------------------------------------------------

    def free_name(self, wanted: str) -> str:
        name = wanted.replace("'", "_")
        while name in self.used:
            name += "_"
        self.used.add(name)
        return name

    def declare(self) -> None:
        """The names of parameters, functions and groups."""
        sums: set[str] = set()
        for block in ("parameters", "functions", "groups"):
            for _, words in self.lines(block, 1, "index name ..."):
                plain = words[0].text.partition("(")[0]
                if not _NAME.fullmatch(plain):
                    self.told.at("R033", f"{plain[:40]!r} is not a name", words[0])
                elif plain in self.names and not (block == "groups" and plain in sums):
                    self.told.at("R102", f"{plain!r} is declared twice", words[0])
                elif plain not in self.names:
                    self.names[plain] = symbol(self.free_name(plain))
                    sums |= {plain} if block == "groups" else set()
        self.told.stop()

    def named(self, word: Word) -> tuple[str, Span]:
        return self.names[word.text.partition("(")[0]].name, self.told.span(word.start, word.end)

    # -- blocks --------------------------------------------------------------------------------------

    def parameters(self) -> list[Parameter]:
        found = []
        for _, words in self.lines("parameters", 1, "index name value"):
            value = self.expression(self.rest(words[1:])) if len(words) > 1 else sp.S.Zero
            name, span = self.named(words[0])
            if value is not None:
                found.append(Parameter(name, value, span=span))
        return found

    def functions(self) -> list[Rule]:
        found = []
        for _, words in self.lines("functions", 2, "index name() formula"):
            name, span = self.named(words[0])
            if not words[0].text.endswith("()"):
                self.told.at("R280", "functions with arguments are not supported", words[0])
            value = self.expression(self.rest(words[1:]))
            if value is not None:
                found.append(Rule(name, value, span=span))
        return found

    def read_species(self) -> None:
        """Species keep their names, but for the `$` of fixed ones; one that has another's gets `()` behind its own."""
        for count, (number, words) in enumerate(self.lines("species", 1, "index name amount"), start=1):
            index = self.told.index(number) if number else count
            first = self.expression(self.rest(words[1:])) if len(words) > 1 else sp.S.Zero
            given = words[0].text
            plain = given.replace("$", "", 1)
            if given in self.numbers or plain in self.numbers or index in self.species or index == 0:
                self.told.at("R102", f"species {index} {plain!r} is declared twice", words[0])
            elif index is not None and first is not None:
                self.numbers |= {given: index, plain: index}
                flags = frozenset({Flag.FIXED}) if plain != given else frozenset[Flag]()
                name = self.free_name(f"{plain}()" if plain in self.used else plain)
                span = self.told.span(words[0].start, words[0].end)
                self.species[index] = Species(name, initial=first, flags=flags, span=span)

    def member(self, word: Word) -> sp.Symbol | None:
        """The species that an index or a name stands for."""
        if word.text in self.numbers:
            return self.species[self.numbers[word.text]].symbol
        index = self.told.index(word)
        if index is not None and index not in self.species:
            self.told.at("R101", f"there is no species {index}", word)
            return None
        return None if index is None else self.species[index].symbol

    def groups(self) -> list[Observable]:
        """Weighted sums such as `2*5,7`; the lines of one name add up."""
        found: dict[str, Observable] = {}
        for _, words in self.lines("groups", 1, "index name members"):
            name, span = self.named(words[0])
            terms = []
            for item in _split(self.rest(words[1:])) if len(words) > 1 else ():
                weight = _FACTOR.match(item.text)
                cut = weight.end() if weight else 0
                species = self.member(Word(item.text[cut:], item.start + cut))
                factor = self.expression(Word(weight[1], item.start)) if weight else sp.S.One
                if species is not None and factor is not None:
                    terms.append(factor * species)
            if name in found:
                terms.append(found[name].formula)
            found[name] = Observable(name, sp.Add(*terms), span=span)
        return list(found.values())

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
                self.told.error("R282", message, p.span.start, p.span.end)
        for s in self.species.values():
            if isinstance(s.initial, sp.Expr) and s.initial.free_symbols - constant and s.span:
                self.told.error("R282", f"the amount of {s.name!r} depends on what varies", s.span.start, s.span.end)
        self.told.stop()
        self.refuse_values(parameters)

    def refuse_values(self, parameters: list[Parameter]) -> None:
        """Parameters and first amounts have to be numbers that a double holds; run_network rounds what it samples."""
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
                self.told.error("R281", message, span.start if span else 0, span.end if span else 0)
                known[name] = sp.S.One
        for index, s in self.species.items():
            if not known[s.symbol].is_Integer:
                self.species[index] = replace(s, flags=s.flags | {Flag.ROUND})
        self.told.stop()

    def reach(self, functions: list[Rule], groups: list[Observable]) -> _Reach:
        """The species that each function and group depends on."""
        every = {s.symbol for s in self.species.values()}
        formulas = {symbol(g.name): g.formula for g in groups} | {symbol(f.name): f.formula for f in functions}
        found: dict[sp.Symbol, frozenset[sp.Symbol]] = {}
        for name, expr in sort_definitions(formulas, self.source.name):
            inner = (found.get(s, frozenset()) for s in expr.free_symbols)
            found[name] = frozenset(expr.free_symbols & every).union(*inner)
        return found

    def reactions(self, reach: _Reach) -> list[Reaction]:
        order = {s.symbol: k for k, s in enumerate(self.species.values())}
        found = []
        for line in self.blocks.get("reactions", ()):
            number, words = line.numbered()
            if number is None or len(words) < 3:
                self.told.error("R033", "expected: index reactants products rate", line.start, line.end)
                continue
            before, after = self.side(words[0]), self.side(words[1])
            if before is None or after is None:
                continue
            rate = self.law(self.rest(words[2:]), before, reach)
            if rate is None:
                continue
            left, right = (
                tuple((s.name, n) for s, n in sorted(Counter(side).items(), key=lambda pair: order[pair[0]]))
                for side in (before, after)
            )
            name, span = self.free_name(f"r{number.text}"), self.told.span(line.start, line.end)
            found.append(
                Reaction(
                    name, left, right, rate.rate, rate.mass_action, flags=rate.flags, remark=line.comment, span=span
                )
            )
        return found

    def side(self, word: Word) -> list[sp.Symbol] | None:
        """The species of one side, without the 0 of nothing."""
        items = [item for item in _split(word) if item.text.strip("0")]
        if len(items) > STOICHIOMETRY_CAP:
            self.told.at("R403", f"more than {STOICHIOMETRY_CAP} species on a side", word)
            return None
        found = [self.member(item) for item in items]
        return [s for s in found if s is not None] if None not in found else None

    def law(self, text: Word, reactants: list[sp.Symbol], reach: _Reach) -> Law | None:
        """What `[factor*]rate` says, or a law by name with its constants; None where it is wrong, which is reported."""
        factor = _FACTOR.match(text.text)
        cut = factor.end() if factor else 0
        kind, *given = (Word(w[0], text.start + cut + w.start()) for w in re.finditer(r"\S+", text.text[cut:]))
        if kind.text in LAWS and given:
            least, most = LAWS[kind.text]
            if not least <= len(given) <= most:
                self.told.at("R280", f"the rate law {kind.text} does not take {len(given)} constants", text)
                return None
            constants = [self.expression(word) for word in given]
            scale = self.expression(Word(factor[1], text.start)) if factor else sp.S.One
            known = [c for c in constants if c is not None]
            if scale is None or len(known) < len(constants):
                return None
            made = law(kind.text, scale, known, reactants)
            if made is None:
                self.told.at("R280", f"the rate law {kind.text} needs more reactants", text)
            return made
        if given and _NAME.fullmatch(kind.text) and given[0].text[0] not in "+-*/^(<>=!&|?:":
            self.told.at("R280", f"rate law {kind.text[:40]!r} is not supported", text)
            return None
        rate = self.expression(text)
        if rate is None:
            return None
        return multiplying(rate, reactants, _moving(rate, reach))


def _moving(rate: sp.Expr, reach: _Reach) -> frozenset[sp.Symbol]:
    """The species that a rate depends on, directly or through groups and functions."""
    names = frozenset(rate.free_symbols)
    return names.union(*(reach[s] for s in names if s in reach))


def _split(word: Word) -> Iterator[Word]:
    """The items between commas and blanks."""
    return (Word(m[0], word.start + m.start()) for m in _MEMBERS.finditer(word.text))
