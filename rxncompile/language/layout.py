"""Columns and long lines of the layout: arrows and rates of neighbouring reactions stand below each other."""

from __future__ import annotations

from collections.abc import Sequence

from .grammar import machine
from .parser import tidied
from .words import Word, blank, line

WIDTH = 120
_COLUMN_CAP = 60  # a wider cell is not worth a column
_LISTS = ("CONST", "PARAM", "COMPARTMENT", "LET", "OBSERVABLE")

Cells = tuple[str, ...]


def aligned(rows: Sequence[tuple[Word, ...]]) -> list[str]:
    """The code of neighbouring rows, those of the same make in columns."""
    codes: list[str] = []
    i = 0
    while i < len(rows):
        kind, _ = _cells(rows[i])
        stop = i + 1
        while kind and stop < len(rows) and _cells(rows[stop])[0] == kind:
            stop += 1
        codes += _columns([_cells(row)[1] for row in rows[i:stop]], rows[i:stop])
        i = stop
    return codes


def _columns(cells: list[Cells], rows: Sequence[tuple[Word, ...]]) -> list[str]:
    """Rows in columns, or each by itself where a column would be too wide."""
    plain = [code(row) for row in rows]
    if len(rows) == 1:
        return plain
    widths = [max(len(cell) for cell in column) for column in zip(*cells, strict=True)]
    if max(widths[:-1], default=0) > _COLUMN_CAP:
        return plain
    lines = []
    for row in cells:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width)
        lines.append("".join(padded).rstrip())
    kept = [_same(words, text) for words, text in zip(rows, lines, strict=True)]
    return lines if max(map(len, lines)) <= WIDTH - 10 and all(kept) else plain


def code(words: Sequence[Word]) -> str:
    """A row by itself; where the blanks of the layout would change a word, with those that it had."""
    text = line(words)
    return text if _same(words, text) else "".join(" " * w.gap + w.text for w in words)


def _same(words: Sequence[Word], text: str) -> bool:
    """Whether the text is read as these words."""
    return [w.text for w in words] == [str(t) for t in tidied(machine().lex(text))]


def _cells(words: tuple[Word, ...]) -> tuple[str, Cells]:
    """What a row is, and its cells: of a reaction label, reactants, arrow and products, rate, attributes."""
    if not words or any(w.kind in (";", "{", "}") for w in words):
        return "", (line(words),)
    first = str(words[0].token.type)
    if first in _LISTS:
        return _listed(first, words)
    places = {w.kind: i for i, w in reversed(list(enumerate(words))) if w.kind in (":", "arrow", "@") and not w.level}
    if "arrow" not in places or "@" not in places:
        return "", (line(words),)
    arrow, rate = places["arrow"], places["@"]
    colon = places[":"] + 1 if places.get(":", arrow) < arrow else 0
    brace = next((i for i, w in enumerate(words) if i > rate and w.kind == "brace" and not w.level), len(words))
    label, left = line(words[:colon]), line(words[colon:arrow])
    sides = (f"{label} " if colon else "", f"{left} ", f"{line(words[arrow:rate])}  ")
    tail = f"  {line(words[brace:])}" if brace < len(words) else ""
    return "reaction", (*sides, line(words[rate:brace]), tail)


def _listed(kind: str, words: tuple[Word, ...]) -> tuple[str, Cells]:
    """A declaration: the first name, its unit, the rest from `=` on."""
    equal = next((i for i, w in enumerate(words) if w.kind == "EQUAL" and not w.level), len(words))
    colon = next((i for i, w in enumerate(words[:equal]) if w.kind == "COLON"), equal)
    if equal == len(words):
        return "", (line(words),)
    if any(w.kind == "COMMA" and not w.level for w in words):  # a list: its first unit at most stands in a column
        return f"{kind} list {colon < equal}", (f"{line(words[:colon])} ", line(words[colon:]))
    unit = f"{line(words[colon:equal])} " if colon < equal else ""
    return f"{kind} {bool(unit)}", (f"{line(words[:colon])} ", unit, line(words[equal:]))


def written(words: tuple[Word, ...], indent: str) -> str:
    """A row over several lines, each but the last with `\\` at its end: broken behind commas of lists, if possible."""
    if code(words) != line(words):
        return indent + code(words)
    lines: list[str] = []
    start, lead = 0, indent
    while start < len(words):
        stop = _break(words, start, WIDTH - 2 - len(lead))
        lines.append(lead + line(words[start:stop]))
        start, lead = stop, indent + "    "
    return " \\\n".join(lines)


def _break(words: tuple[Word, ...], start: int, room: int) -> int:
    """Where the line that begins at a word ends: the last comma of a list that fits, else the last blank."""
    width = len(words[start].text)
    comma = gap = 0
    for i in range(start + 1, len(words)):
        spaced = blank(words[i - 1], words[i])
        if spaced and width <= room:
            gap = i
            if words[i - 1].token.type == "COMMA" and not words[i - 1].level:
                comma = i
        width += spaced + len(words[i].text)
        if width > room and (gap or spaced):
            if not gap:
                return i
            return comma if comma else gap
    return len(words)
