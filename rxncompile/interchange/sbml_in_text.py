"""XML text made safe before anybody else sees it, and where each of its elements stands.

Refused with a place: document types and entities, encodings that the text does not keep, text that is not
well-formed, and more characters, elements or nesting than the caps below.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple
from xml.parsers import expat

from ..errors import RxnError, Source, Span

SIZE_CAP = 50_000_000
ELEMENT_CAP = 500_000
BARE_CAP = 200
DEPTH_CAP = 100
FORMULA_CAP = 20_000  # characters of a formula written as text (SBML level 1)

_DECLARATION = re.compile(r"""<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["'][^>]*\?>""")
_ENCODINGS = {"utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "ascii", "ascii": "ascii", "iso-8859-1": "latin-1"}


def decoded(name: str, data: bytes) -> Source:
    """The text of an XML file. Raises R404 for an encoding that is unknown or not kept, R401 for too much of it."""
    if len(data) > SIZE_CAP:
        source = Source(name, data[:200].decode("latin-1"))
        raise RxnError("R401", f"the file has {len(data):,} bytes, the limit is {SIZE_CAP:,}", Span(source, 0, 1))
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    else:
        told = _DECLARATION.search(data[:400].decode("latin-1"))
        encoding = _ENCODINGS.get(told[1].lower(), "") if told else "utf-8"
        if told and not encoding:
            source = Source(name, data[:400].decode("latin-1"))
            raise RxnError(
                "R404", f"the encoding {told[1]!r} is not read", Span(source, told.start(1), told.end(1)),
                "save the file as UTF-8",
            )  # fmt: skip
    try:
        return Source(name, data.decode(encoding).removeprefix("\ufeff"))
    except UnicodeDecodeError as error:
        text = data[: error.start].decode(encoding, "replace")
        source = Source(name, text + "\ufffd")
        span = Span(source, len(text), len(text) + 1)
        message = f"this byte is not {encoding.upper()}, as the file says it is"
        raise RxnError("R404", message, span, "save the file as UTF-8") from None


class Element(NamedTuple):
    """One element: its namespace and name, its start tag `[start, tag_end)`, its end, its place in the text.

    The keys of attributes are names, with the namespace and a blank before them where they have one.
    """

    space: str
    tag: str
    attributes: Mapping[str, str]
    start: int
    tag_end: int
    end: int
    line: int


# one of these attributes says what an element is or is about, in every level of SBML
_NAMING: dict[str, frozenset[str]] = {
    **dict.fromkeys(("compartment", "parameter", "localParameter", "reaction"), frozenset({"id", "name"})),
    **dict.fromkeys(("functionDefinition", "unitDefinition"), frozenset({"id", "name"})),
    **dict.fromkeys(("assignmentRule", "rateRule"), frozenset({"variable"})),
    **dict.fromkeys(("speciesReference", "modifierSpeciesReference"), frozenset({"species"})),
    "species": frozenset({"compartment"}),
    "initialAssignment": frozenset({"symbol"}),
    "eventAssignment": frozenset({"variable"}),
}


@dataclass(frozen=True)
class Places:
    """Every element outside formulas, in the order of the text, and those of each line."""

    source: Source
    elements: tuple[Element, ...]
    count: int
    by_line: Mapping[int, tuple[Element, ...]]

    def tag_span(self, element: Element) -> Span:
        return Span(self.source, element.start, element.tag_end)

    def name_span(self, element: Element, name: str) -> Span:
        """The first mention of a name inside an element."""
        found = re.compile(rf"(?<![\w.]){re.escape(name)}(?![\w.])").search(
            self.source.text, element.start, element.end
        )
        return Span(self.source, found.start(), found.end()) if found else self.tag_span(element)


def places(source: Source) -> Places:
    """Check an XML text and index its elements.

    Raises R401 for too many characters, R402 for too deep nesting, R403 for too many elements, R405 for a document
    type or entity, R030 for text that is not well-formed.
    """
    if len(source.text) > SIZE_CAP:
        message = f"the text has {len(source.text):,} characters, the limit is {SIZE_CAP:,}"
        raise RxnError("R401", message, Span(source, 0, 1))
    for forbidden in ("<!DOCTYPE", "<!ENTITY"):
        at = source.text.find(forbidden)
        if at >= 0:
            raise _document_type(source, at, forbidden)
    return _Scan(source).run()


def _document_type(source: Source, at: int, what: str) -> RxnError:
    return RxnError(
        "R405", f"{what} is refused: models need no document type and no entities", Span(source, at, at + len(what)),
        "remove it and write what the entities stand for",
    )  # fmt: skip


class _Scan:
    """One pass of the XML parser over a text."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.bytes = b"" if source.text.isascii() else source.text.encode("utf-8", "surrogatepass")
        self.last = (0, 0)  # a place in bytes, and the same in characters
        self.open: list[int] = []
        self.found: list[Element] = []
        self.count = 0
        self.bare = 0  # elements without the attribute that says what they are
        self.formula = 0  # how many open elements are inside a formula
        text = source.text
        self.lines = [0, *(m.end() for m in re.finditer("\n", text))]
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.finish
        self.parser.StartDoctypeDeclHandler = self.refuse
        self.parser.EntityDeclHandler = self.refuse

    def run(self) -> Places:
        try:
            self.parser.Parse(self.source.text, True)
        except expat.ExpatError as error:
            at = self.characters(self.parser.ErrorByteIndex)
            if at >= len(self.source.text) and at:
                at = len(self.source.text.rstrip()) - 1 if self.source.text.strip() else 0
            why = expat.errors.messages.get(error.code, "not well-formed")
            raise RxnError("R030", f"this is not well-formed XML: {why}", Span(self.source, at, at + 1)) from None
        except (UnicodeEncodeError, ValueError):
            raise RxnError("R404", "the text holds characters that XML cannot", Span(self.source, 0, 1)) from None
        lines: dict[int, list[Element]] = {}
        for element in self.found:
            lines.setdefault(element.line, []).append(element)
        by_line = {line: tuple(elements) for line, elements in lines.items()}
        return Places(self.source, tuple(self.found), self.count, by_line)

    def characters(self, byte: int) -> int:
        """A place in the parser's bytes as one in characters; places come in ascending order but for errors."""
        if not self.bytes:
            return byte
        known, place = self.last if byte >= self.last[0] else (0, 0)
        place += len(self.bytes[known:byte].decode("utf-8", "ignore"))
        self.last = byte, place
        return place

    def here(self) -> int:
        return self.characters(self.parser.CurrentByteIndex)

    def refuse(self, *_: object) -> None:
        raise _document_type(self.source, self.here(), "<!DOCTYPE")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.count += 1
        at = self.here()
        if len(self.open) + self.formula >= DEPTH_CAP:
            raise RxnError("R402", f"nested more than {DEPTH_CAP} deep", Span(self.source, at, at + 1))
        if self.count > ELEMENT_CAP:
            raise RxnError("R403", f"more than {ELEMENT_CAP:,} elements", Span(self.source, at, at + 1))
        if self.formula:
            self.formula += 1
            return
        space, _, tag = name.rpartition(" ")
        stop = self.source.text.find(">", at) + 1
        wanted = _NAMING.get(tag)
        if wanted and not wanted & attributes.keys():
            self.bare += 1
            if self.bare > BARE_CAP:  # libsbml would keep kilobytes of complaints for each
                message = f"more than {BARE_CAP} elements lack what they need, like this {tag} its {min(wanted)!r}"
                raise RxnError("R281", message, Span(self.source, at, stop))
        self.open.append(len(self.found))
        self.found.append(Element(space, tag, attributes, at, stop, stop, bisect_right(self.lines, max(at, stop - 1))))
        written = attributes.get("formula", "")
        if len(written) > FORMULA_CAP or _nesting(written) > DEPTH_CAP:
            raise RxnError("R402", "this formula is too long or nested too deep", Span(self.source, at, stop))
        if tag == "math":
            self.formula = 1

    def finish(self, _: str) -> None:
        if self.formula > 1:
            self.formula -= 1
            return
        self.formula = 0
        k = self.open.pop()
        empty = self.source.text.startswith("/>", self.found[k].tag_end - 2)
        if not empty:
            self.found[k] = self.found[k]._replace(end=self.source.text.find(">", self.here()) + 1)


def _nesting(formula: str) -> int:
    """How deep a formula in text may nest: brackets, and signs or powers in a row."""
    deepest = depth = row = 0
    for c in formula:
        depth += (c == "(") - (c == ")")
        row = row + 1 if c in "-^!" else row if c in " \t\n" or (row and c not in "+*/(),") else 0
        deepest = max(deepest, depth + row)
    return deepest


def utf8(source: Source) -> str:
    """The text with a declaration that says UTF-8, on the same lines."""
    text = source.text
    told = _DECLARATION.match(text)
    return text[: told.start(1)] + "UTF-8" + text[told.end(1) :] if told else text
