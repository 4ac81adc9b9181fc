"""The LALR machine of `grammars/rxn.lark`, built once per process and its tables kept on disk between processes.

The tables are plain data (JSON, named by a hash of the grammar and of lark's version); where they cannot be
written, the machine is built anew, which takes some tenths of a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from lark import Lark, Token

from .tree import Builder

_PACKAGE = Path(__file__).resolve().parent.parent


class _Strays:
    """Keeps the words of other languages in the lexer although no rule mentions them."""

    always_accept = ("FOREIGN_ARROW", "FOREIGN_ASSIGN", "STRAY")

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        return stream


def grammar_text() -> str:
    """The text of the grammar: beside the package in a checkout, inside it in an installation."""
    for folder in (_PACKAGE / "grammars", _PACKAGE.parent / "grammars"):
        path = folder / "rxn.lark"
        if path.is_file():
            return path.read_text(encoding="utf-8")
    raise FileNotFoundError("rxn.lark is missing from this installation")


@cache
def machine() -> Lark:
    """The parser, with the syntax tree's builder inside."""
    return Lark(
        grammar_text(),
        parser="lalr",
        lexer="basic",
        postlex=_Strays(),
        keep_all_tokens=True,
        maybe_placeholders=False,
        transformer=Builder(),
    )
