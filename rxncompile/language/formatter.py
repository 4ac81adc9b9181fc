"""One layout for every model text: `rxnc fmt`.

Works on the words of the text and the comments between them, so that nothing but blanks, line breaks and empty
statements changes. Lines are kept; a block that is open at its line's end has its statements on lines of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from lark import Token

from ..errors import RxnError, Source
from .grammar import machine
from .layout import WIDTH, aligned, written
from .parser import read, tidied
from .words import Word, marked

_COMMENT = re.compile(r"#[^\n]*")


class Row(NamedTuple):
    """A line of the text, its continuations joined: words and the comment behind them; neither is a blank line."""

    words: tuple[Word, ...]
    comment: str
    depth: int = 0  # blocks around it


def formatted(text: str, name: str = "<text>") -> str:
    """The text in its one layout; the same Network is read from it. Raises RxnError where it cannot be parsed."""
    source = Source(name, text)
    _, mistakes = read(source)
    if mistakes:
        raise RxnError.gather(mistakes)
    rows = list(_indented(_opened(_rows(text))))
    lines = _lines(rows)
    return "\n".join(lines) + "\n" if lines else ""


# ---------------------------------------------------------------------------------------------- text -> rows


def _rows(text: str) -> Iterator[Row]:
    """The lines of a text, blank ones included."""
    words: list[Token] = []
    comment, end = "", 0
    for word in (*tidied(machine().lex(text)), Token("_NL", "\n", start_pos=len(text), end_pos=len(text))):
        start = word.start_pos or 0
        found = _COMMENT.search(text, end, start)
        if found:
            comment = found[0].rstrip()
        end = word.end_pos or 0
        if word.type != "_NL" or word == ";":
            words.append(word)
            continue
        yield Row(tuple(_without_empty(marked(words))), comment)
        words, comment = [], ""


def _without_empty(words: list[Word]) -> Iterator[Word]:
    """The words without `;` that separate nothing."""
    waiting: Word | None = None
    begun = False
    for word in words:
        if word.kind == ";":
            waiting = word
            continue
        closes = word.kind == "}"
        if waiting is not None and begun and not closes:
            yield waiting
        waiting = None
        begun = word.kind != "{"
        yield word


def _opened(rows: Iterator[Row]) -> Iterator[Row]:
    """Blocks that do not end on the line where they begin get lines of their own for their statements."""
    for row in rows:
        opened: list[int] = []
        alone: set[int] = set()  # braces whose partner is on another line
        for i, word in enumerate(row.words):
            if word.kind == "{":
                opened.append(i)
            elif word.kind == "}":
                if opened:
                    opened.pop()
                else:
                    alone.add(i)
        alone.update(opened)
        start = 0
        for i, word in enumerate(row.words):
            if i not in alone:
                continue
            stop = i + 1 if word.kind == "{" else i
            if stop > start and stop < len(row.words):
                yield Row(_trimmed(row.words[start:stop]), "")
                start = stop
        yield Row(_trimmed(row.words[start:]), row.comment)


def _trimmed(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """The words without a separator at either end."""
    first, last = 0, len(words)
    while first < last and words[first].kind == ";":
        first += 1
    while last > first and words[last - 1].kind == ";":
        last -= 1
    return words[first:last]


def _indented(rows: Iterator[Row]) -> Iterator[Row]:
    """Each row with the number of blocks around it; blank lines at most one by one, none first or last."""
    depth, blank, begun = 0, False, False
    for row in rows:
        if not row.words and not row.comment:
            blank = begun
            continue
        if blank:
            yield Row((), "")
        blank, begun = False, True
        closing = row.words and row.words[0].kind == "}"
        yield row._replace(depth=max(0, depth - 1) if closing else depth)
        depth += sum((w.kind == "{") - (w.kind == "}") for w in row.words)


# ---------------------------------------------------------------------------------------------- rows -> lines


def _lines(rows: list[Row]) -> list[str]:
    """The lines of the layout: columns within blocks of like rows, then comments in a column of their own."""
    codes: list[str] = []
    i = 0
    while i < len(rows):
        stop = i
        while stop < len(rows) and rows[stop].words and rows[stop].depth == rows[i].depth:
            stop += 1
        run = rows[i : max(stop, i + 1)]
        codes += [_placed(code, row) for code, row in zip(aligned([r.words for r in run]), run, strict=True)]
        i += len(run)
    return _with_comments(codes, rows)


def _placed(code: str, row: Row) -> str:
    """The code of a row behind its indent, over several lines where it is long."""
    indent = "  " * row.depth
    if len(indent) + len(code) <= WIDTH:
        return (indent + code).rstrip()
    return written(row.words, indent)


def _with_comments(codes: list[str], rows: list[Row]) -> list[str]:
    """Comments behind code stand two blanks from the longest of their neighbours."""
    lines: list[str] = []
    i = 0
    while i < len(rows):
        stop = i
        while stop < len(rows) and rows[stop].comment and codes[stop]:
            stop += 1
        if stop == i:
            lines.append(("  " * rows[i].depth + rows[i].comment) if rows[i].comment else codes[i])
            i += 1
            continue
        widths = [len(code.rpartition("\n")[2]) for code in codes[i:stop]]
        column = max(widths)
        if column + max(len(row.comment) for row in rows[i:stop]) + 2 > WIDTH:
            column = 0
        for code, width, row in zip(codes[i:stop], widths, rows[i:stop], strict=True):
            lines.append(code + " " * (max(column - width, 0) + 2) + row.comment)
        i = stop
    return lines
