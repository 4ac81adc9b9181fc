"""The LALR machine of `grammars/rxn.lark`, made once per process; its tables are kept on disk between processes.

Making the tables takes some tenths of a second, reading them a fiftieth. They are plain data (JSON, named by a hash
of the grammar and of lark's version) in the user's cache folder; where that cannot be used they are made anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, cast

import lark
from lark import Lark, Token
from lark.grammar import Rule
from lark.lexer import TerminalDef

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
    text = grammar_text()
    key = hashlib.sha256(f"{lark.__version__}\n{text}".encode()).hexdigest()[:24]
    folder = cache_folder()
    path = folder / f"grammar-{key}.json" if folder else None
    kept = _read(path) if path else None
    if kept is not None:
        return kept
    made = Lark(
        text,
        parser="lalr",
        lexer="basic",
        postlex=_Strays(),
        keep_all_tokens=True,
        maybe_placeholders=False,
        transformer=Builder(),
    )
    if path:
        _write(made, path)
    return made


def cache_folder() -> Path | None:
    """Where the tables are kept: in `XDG_CACHE_HOME`, else in the user's own cache folder, if there is one."""
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    try:
        return (Path(base) if base else Path.home() / ".cache") / "rxncompile"
    except RuntimeError:  # a user without a home
        return None


def _read(path: Path) -> Lark | None:
    try:
        data, memo = json.loads(path.read_text(encoding="utf-8"), object_hook=_whole_keys)
        load: Any = Lark._load_from_dict
        return cast(Lark, load(data, memo, transformer=Builder(), postlex=_Strays()))
    except Exception:  # never written, or damaged in whatever way: the tables can be made anew
        return None


def _write(made: Lark, path: Path) -> None:
    data, memo = made.memo_serialize([TerminalDef, Rule])
    data["options"] = {k: v for k, v in data["options"].items() if k not in ("transformer", "postlex")}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump([data, memo], file)
        os.replace(name, path)
    except OSError:
        return  # the tables are made anew next time


def _whole_keys(table: dict[str, Any]) -> dict[Any, Any]:
    """JSON has text as keys only; lark's tables are indexed by whole numbers."""
    return {int(k) if k.isdecimal() else k: v for k, v in table.items()}
