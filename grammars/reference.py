"""Writes language.md, the reference of the language, from language.in.md, the grammar and the compiler itself.

    python grammars/reference.py            writes it
    python grammars/reference.py --check    says whether it is up to date

In language.in.md a line of the form `{{word arguments}}` stands for something generated:

    {{grammar a b}}   the rules a and b of rxn.lark
    {{keywords}}      every reserved word;    {{functions}}, {{units}}, {{distributions}}   the known names
    {{rates}}         the rate equations of the example above it;   {{jumps}} its jump process
    {{message}}       what the compiler says to the example above it, which is wrong
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import rxncompile as rx
from rxncompile.expressions import BUILT_IN, KEYWORDS
from rxncompile.language.distributions import DISTRIBUTIONS, signature
from rxncompile.language.grammar import grammar_text
from rxncompile.language.units import known_units
from rxncompile.system import System

HERE = Path(__file__).parent
SOURCE, TARGET = HERE / "language.in.md", HERE / "language.md"
_PART = re.compile(r"^```(\w+)\n(.*?)^```\n|^\{\{(\w+)([^}]*)\}\}\n", re.MULTILINE | re.DOTALL)
_WIDTH = 100


def reference() -> str:
    """The text of language.md."""
    example = ""

    def replaced(found: re.Match[str]) -> str:
        nonlocal example
        language, body, word, arguments = found.groups()
        if word:
            return _GENERATED[word](arguments.split(), example)
        if language == "rxn":
            example = body
        return found.group()

    return _PART.sub(replaced, SOURCE.read_text(encoding="utf-8"))


def _grammar(names: list[str], _: str) -> str:
    """Rules of the grammar as they stand there, without comments."""
    rules: dict[str, list[str]] = {}
    current = ""
    for line in grammar_text().splitlines():
        text = line.partition("//")[0].rstrip()
        begins = re.match(r"\??(_?[A-Za-z_]+)(\.\d+)?:", text)
        current = begins[1] if begins else current if text.startswith(" ") else ""
        if current and text:
            rules.setdefault(current, []).append(text.lstrip("?_"))
    return _block("\n".join(line for name in names for line in rules[name]), "lark")


def _rates(_: list[str], example: str) -> str:
    return _block(_lines(rx.rate_equations(rx.parse(example))))


def _jumps(_: list[str], example: str) -> str:
    return _block(_lines(rx.jump_process(rx.parse(example))))


def _lines(system: System) -> str:
    """A System's equations without its heading and history."""
    return "\n".join(line.strip() for line in str(system).splitlines()[1:] if not line.lstrip().startswith("#"))


def _message(_: list[str], example: str) -> str:
    try:
        rx.parse(example)
    except rx.RxnError as error:
        return _block(str(error))
    raise AssertionError(f"this was to be refused:\n{example}")


def _words(words: list[str]) -> str:
    lines, line = [], ""
    for word in words:
        if len(line) + len(word) + 1 > _WIDTH:
            lines.append(line)
            line = ""
        line += f" {word}" if line else word
    return _block("\n".join([*lines, line]))


def _block(text: str, language: str = "text") -> str:
    return f"```{language}\n{text}\n```\n"


_GENERATED: dict[str, Callable[[list[str], str], str]] = {
    "grammar": _grammar,
    "rates": _rates,
    "jumps": _jumps,
    "message": _message,
    "keywords": lambda _, __: _words(sorted(KEYWORDS)),
    "functions": lambda _, __: _words(sorted(BUILT_IN)),
    "units": lambda _, __: _words(sorted(known_units(), key=str.lower)),
    "distributions": lambda _, __: _words([signature(name) for name in DISTRIBUTIONS]),
}


if __name__ == "__main__":
    made = reference()
    if "--check" in sys.argv:
        sys.exit(0 if TARGET.read_text(encoding="utf-8") == made else f"{TARGET.name} is not what reference.py writes")
    TARGET.write_text(made, encoding="utf-8")
