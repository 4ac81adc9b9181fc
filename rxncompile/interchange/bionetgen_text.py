"""The text of a BioNetGen `.net` file: its blocks, their lines, and the words of a line with their places."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from ..errors import Diagnostic, RxnError, Source, Span

COUNT_CAP = 300_000  # lines of a block
READ = ("parameters", "functions", "species", "reactions", "groups")
_UNREAD = frozenset((  # what a network was made from, or is told beside it
    "molecule types", "observables", "seed species", "reaction rules", "compartments", "energy patterns",
    "population types", "population maps", "actions", "model", "protocol", "reactions_text",
))  # fmt: skip
_SHOWN = 20
_LINE = re.compile(r"([^\r\n]*)(?:\r\n|\r|\n|\Z)")  # no other character ends a line of a model
_WORD = re.compile(r"\S+")
_NUMBER = re.compile(r"[+-]?\d{1,9}", re.ASCII)


class Word(NamedTuple):
    """Some characters and the place of the first in the source."""

    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a block: its words, without the comment, and what the comment says."""

    words: tuple[Word, ...]
    comment: str

    @property
    def start(self) -> int:
        return self.words[0].start

    @property
    def end(self) -> int:
        return self.words[-1].end

    def numbered(self) -> tuple[Word | None, tuple[Word, ...]]:
        """The index, if the line begins with one, and the other words."""
        if _NUMBER.fullmatch(self.words[0].text):
            return self.words[0], self.words[1:]
        return None, self.words


class Report:
    """What is wrong with a text, told at once."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.found: list[Diagnostic] = []

    def span(self, start: int, end: int) -> Span:
        return Span(self.source, start, max(end, start + 1))

    def error(self, code: str, message: str, start: int, end: int, hint: str = "") -> None:
        self.found.append(Diagnostic(code, message, self.span(start, end), hint))
        if len(self.found) >= _SHOWN:
            self.stop()

    def at(self, code: str, message: str, word: Word, hint: str = "") -> None:
        """An error about one word."""
        self.error(code, message, word.start, word.end, hint)

    def stop(self) -> None:
        """Raise what was found, if anything was."""
        if self.found:
            raise RxnError.gather(self.found)

    def index(self, word: Word) -> int | None:
        """The whole number that a word is; None where it is none, which is reported."""
        if not word.text.isdigit() or not word.text.isascii() or len(word.text) > 9:
            self.at("R033", f"{word.text[:40]!r} is not an index", word)
            return None
        return int(word.text)


def read_blocks(report: Report) -> dict[str, list[Line]]:
    """The lines of the blocks that make a network; what stands between blocks and behind `#` is not read.

    Raises R033 for blocks that are unknown or not closed, R102 for those that come twice, R403 for very long ones.
    """
    blocks: dict[str, list[Line]] = {}
    block, opening = "", Word("", 0)
    place, text = 0, report.source.text
    while place < len(text):
        line = _LINE.match(text, place)
        assert line is not None
        body, _, comment = line[1].partition("#")
        words = tuple(Word(w[0], place + w.start()) for w in _WORD.finditer(body))
        first = words[0].text if words else ""
        if first == "begin":
            block, opening = " ".join(w.text for w in words[1:]), Word(body.strip(), words[0].start)
            _open(block, opening, blocks, report)
            block = "" if block == "model" else block
        elif first == "end":
            if block and " ".join(w.text for w in words[1:]) != block:
                report.at("R033", f"'end {block}' is expected here", Word(body.strip(), words[0].start))
            block = ""
        elif words and block in READ:
            blocks[block].append(Line(words, comment.strip()))
            if len(blocks[block]) > COUNT_CAP:
                report.error("R403", f"more than {COUNT_CAP:,} {block}", words[0].start, words[-1].end)
                report.stop()
        place = line.end()
    if block:
        report.error("R033", f"block {block!r} is never closed", opening.start, opening.start + 5, f"add 'end {block}'")
    if "species" not in blocks:
        report.error("R033", "this is not a BioNetGen network: it has no 'begin species'", 0, 1)
    report.stop()
    return blocks


def _open(block: str, opening: Word, blocks: dict[str, list[Line]], report: Report) -> None:
    if block in _UNREAD:
        return
    if block not in READ:
        report.at("R033", f"unknown block {block!r}", opening)
    if block in blocks:
        report.at("R102", f"block {block!r} occurs twice", opening)
    else:
        blocks[block] = []
