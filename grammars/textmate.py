"""Writes rxn.tmLanguage.json, the colours of the language in editors that know TextMate grammars.

    python grammars/textmate.py

Every word comes from the language's own lists, so that an editor and the compiler agree on what is a keyword.
"""

from __future__ import annotations

import json
from pathlib import Path

from rxncompile.expressions import BUILT_IN, KEYWORDS
from rxncompile.network import Flag

HERE = Path(__file__).parent
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"


def grammar() -> dict[str, object]:
    """The grammar as TextMate's JSON: comments, strings, quoted names, numbers, arrows, words, in this order."""
    flags = sorted({str(f) for f in Flag})
    rules = [
        ("comment.line.number-sign.rxn", r"#.*$"),
        ("string.quoted.double.rxn", r'"(?:[^"\\]|\\.)*"'),
        ("variable.other.quoted.rxn", r"'(?:[^'\\]|\\.)*'"),
        ("entity.name.function.label.rxn", rf"^\s*{_NAME}(?=\s*:(?!=))"),
        ("constant.numeric.rxn", r"(?<![A-Za-z0-9_.])(?:[0-9]+(?:\.(?!\.)[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"),
        ("storage.modifier.rxn", rf"(?<=[{{,\s])(?:{'|'.join(flags)})(?=\s*[,}}])"),
        ("keyword.control.rxn", rf"(?<![A-Za-z0-9_])(?:{'|'.join(sorted(KEYWORDS))})(?![A-Za-z0-9_])"),
        ("support.function.rxn", rf"(?<![A-Za-z0-9_])(?:{'|'.join(sorted(BUILT_IN))})(?![A-Za-z0-9_])"),
        ("keyword.operator.arrow.rxn", r"<->|->|<-"),
        ("keyword.operator.rate.rxn", r"@"),
        ("keyword.operator.rxn", r"==|!=|<=|>=|\.\.|[-+*/^=<>~:]"),
        ("variable.other.rxn", _NAME),
    ]
    return {
        "$schema": "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
        "name": "Reaction network (rxn)",
        "scopeName": "source.rxn",
        "fileTypes": ["rxn"],
        "patterns": [{"name": name, "match": match} for name, match in rules],
    }


def text() -> str:
    """The file."""
    return json.dumps(grammar(), indent=2) + "\n"


if __name__ == "__main__":
    (HERE / "rxn.tmLanguage.json").write_text(text(), encoding="utf-8")
