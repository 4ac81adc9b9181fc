"""The words of a line with their parts in it, and the blanks between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lark import Token

from .parser import BEFORE_SIGN

_DECLARES = ("CONST", "PARAM", "COMPARTMENT", "SPECIES", "LET", "OBSERVABLE")
_TIGHT = ("STAR", "SLASH", "POWER", "DOTS")


class Word(NamedTuple):
    """A word and its part: `{` and `}` of blocks, `;`, `sign`, `index` (a comma or sum in one), `:` behind a label,
    `arrow`, `@` (or rate), `brace` of attributes; otherwise its type."""

    text: str
    kind: str
    token: Token
    level: int = 0  # brackets around it
    gap: bool = True  # whether blanks stood before it


def marked(tokens: Sequence[Token]) -> list[Word]:
    """The words of a line with their parts."""
    words: list[Word] = []
    opener = ""  # the first word of the present statement
    stack: list[tuple[str, bool]] = []  # open brackets: how each is closed, and whether it is a plain index
    for i, token in enumerate(tokens):
        kind = str(token.type)
        before = words[-1] if words else None
        gap = bool(before) and tokens[i - 1].end_pos != token.start_pos
        level = len(stack)
        inside = bool(stack) and stack[-1][1]
        if token == ";" and kind == "_NL":
            kind, opener = ";", ""
        elif kind == "LBRACE":
            block = opener in ("FOR", "LATTICE") and before is not None and before.token.type != "IN" and not level
            kind = "{" if block else "brace"
            if block:
                opener = ""
            else:
                stack.append(("RBRACE", False))
        elif kind in ("LPAR", "LSQB"):
            named = before is not None and before.token.type in ("NAME", "QUOTED")
            stack.append(("RPAR" if kind == "LPAR" else "RSQB", kind == "LSQB" and named and _plain(tokens, i)))
        elif kind in ("RPAR", "RSQB") or (kind == "RBRACE" and stack):
            level = max(0, level - 1)
            del stack[-1:]
        elif kind == "RBRACE":
            kind, opener = "}", ""
        elif kind in ("PLUS", "MINUS"):
            signs = before is None or before.token.type in BEFORE_SIGN or before.kind in (";", "{")
            kind = "sign" if signs else "index" if inside else kind
        elif kind == "COMMA" and inside:
            kind = "index"
        elif kind == "COLON" and not level and opener not in (*_DECLARES, "AT", "WHEN"):
            kind = ":"
        elif kind in ("ARROW", "BACK_ARROW", "BOTH_WAYS"):
            kind = "arrow"
        elif kind in ("MASS_ACTION", "RATE"):
            kind = "@"
        if not opener and kind not in (";", "{", "}"):
            opener = str(token.type)
        words.append(Word(str(token), kind, token, level, gap))
    return words


def _plain(tokens: Sequence[Token], opening: int) -> bool:
    """Whether the brackets of an index hold neither ranges nor sets, which get blanks between them."""
    level = 0
    for token in tokens[opening:]:
        level += (token.type in ("LSQB", "LPAR")) - (token.type in ("RSQB", "RPAR"))
        if not level:
            return True
        if token.type in ("DOTS", "LBRACE"):
            return False
    return True


def line(words: Sequence[Word]) -> str:
    """Words with the blanks of the layout between them."""
    pieces: list[str] = []
    for i, word in enumerate(words):
        pieces += [" ", word.text] if i and blank(words[i - 1], word) else [word.text]
    return "".join(pieces)


def blank(one: Word, two: Word) -> bool:
    """Whether a blank stands between two words."""
    first, second = str(one.token.type), str(two.token.type)
    if two.kind in ("{", "}") or one.kind in ("{", "}"):
        return two.kind != ";"
    if one.text[-1] == "." and second == "DOTS":
        return True  # `1. ..3` is not `1...3`
    if second in ("COMMA", "RPAR", "RSQB", "PRIME") or two.kind in (";", ":") or first in ("LPAR", "LSQB"):
        return False
    if two.kind == "index" or one.kind in ("index", "sign", "brace") or (second == "RBRACE"):
        return False
    if second == "LPAR" and first in ("NAME", "QUOTED", "NUMBER", "RSQB"):
        return False
    if second == "LSQB" and first in ("NAME", "QUOTED"):
        return False
    return first not in _TIGHT and second not in _TIGHT
