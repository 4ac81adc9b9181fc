"""What a line that cannot be read probably means: the table of known mistakes, each with an example.

A row matches the kinds of the line's words, `!` before the one at which the parser stopped, `;` as SEMI and the
line's end as END. The first row that matches answers; the examples are the table's test.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lark import Token


@dataclass(frozen=True, slots=True)
class Mistake:
    """A row: `{found}` is the word at which the parser stopped, `{before}` the one before it."""

    code: str
    example: str
    pattern: str
    message: str
    hint: str = ""
    word: str | None = None  # the text of the word that the parser stopped at, as a regular expression


@dataclass(frozen=True, slots=True)
class Explanation:
    """What to say about a statement that cannot be read."""

    code: str
    message: str
    hint: str
    word: Token  # where to point
    whole_line: bool  # whether what follows a `;` belongs to the mistake


_ARROWS = "(ARROW|BACK_ARROW|BOTH_WAYS)"
_VALUED = "(PARAM|CONST|COMPARTMENT|LET|OBSERVABLE)"

MISTAKES = (
    Mistake(
        "R003", "k, A --> B", r"^[^:]*!(COMMA|STAR|SLASH|LPAR) (?!.*(MASS_ACTION|RATE)).*ARROW",
        "the rate stands behind the reaction here, not before it",
        "write 'A -> B @ k'",
    ),
    Mistake(
        "R002", "A => B @ k", r"!FOREIGN_ARROW",
        "'{found}' is not an arrow of this language",
        "write 'A -> B @ k', or 'A <-> B @ k, k_back' for both directions",
    ),
    Mistake(
        "R004", "A -> B; k*A", _ARROWS + r" (?!.*(MASS_ACTION|RATE)).*!SEMI (?!END)",
        "a rate follows '@' or 'rate', not ';'",
        "write 'A -> B @ k' for mass action with constant k, or 'A -> B rate k*A' for a complete law",
    ),
    Mistake(
        "R005", "A -> B", _ARROWS + r" ([A-Z]+ )*!(END|SEMI|LBRACE|ON|COMMA|RBRACE|PER)",
        "this reaction has no rate",
        "write 'A -> B @ k' for mass action, or 'A -> B rate law'",
    ),
    Mistake(
        "R005", "A -> B k", _ARROWS + r" (NUMBER )?NAME( PLUS (NUMBER )?NAME)* !NAME",
        "a rate follows '@' or 'rate'; here stands '{found}'",
        "write 'A -> B @ k' for mass action, or 'A -> B rate law'",
    ),
    Mistake(
        "R005", "A -> B : k", _ARROWS + r" ((?!COLON)[A-Z]+ )*!COLON",
        "a rate follows '@' or 'rate', not ':'",
        "write 'A -> B @ k'",
    ),
    Mistake(
        "R006", "A -> B @", r"(MASS_ACTION|RATE) !(END|SEMI|LBRACE|PER|ON)",
        "the rate is missing behind '{before}'",
    ),
    Mistake(
        "R007", "-2 A -> B @ k", rf"(^|COLON |PLUS |{_ARROWS} )!MINUS .*",
        "a stoichiometric coefficient cannot be negative",
        "what is consumed stands before the arrow, what is made behind it",
        "-",
    ),
    Mistake(
        "R007", "2*A -> B @ k", rf"(^|COLON |PLUS |{_ARROWS} )NUMBER !STAR NAME",
        "a coefficient stands before its species without '*'",
        "write '2 A'",
    ),
    Mistake(
        "R007", "A, B -> C @ k", rf"^(NAME COLON )?(NUMBER )?NAME !COMMA .*{_ARROWS}",
        "reactants are joined by '+', not ','",
    ),
    Mistake(
        "R008", "// a remark", r"(!SLASH SLASH|SLASH !SLASH|^!STRAY)",
        "a comment begins with '#'",
        "", "[/%]",
    ),
    Mistake(
        "R009", "k := 2*A", r"!FOREIGN_ASSIGN",
        "'{found}' is not an operator of this language",
        "a value that always holds is 'let NAME = expr'",
        ":=",
    ),
    Mistake(
        "R009", "when A > 1 && B > 1 : A = 0", r"!FOREIGN_ASSIGN",
        "'{found}' is not an operator of this language",
        "conditions are joined by 'and' and 'or'",
    ),
    Mistake(
        "R010", "k = 3", r"^NAME( LSQB.* RSQB)? !EQUAL",
        "'{before} = ...' alone does not say what {before} is",
        "write 'param {before} = ...', 'const', 'let' or 'species'; 'init {before} = ...' for a start value",
    ),
    Mistake(
        "R011", "param k", rf"^{_VALUED} (.* COMMA )?((?!EQUAL|COMMA)\S+ )+!(END|SEMI|COMMA|LBRACE)",
        "a value is missing behind '{before}'",
        "write '{before} = value'",
        r"[\n;,{]",
    ),
    Mistake(
        "R011", "param k 3", rf"^{_VALUED} (.* COMMA )?NAME !NUMBER",
        "'=' is missing between '{before}' and '{found}'",
    ),
    Mistake(
        "R012", "species A B", r"^(SPECIES|PARAM|CONST|COMPARTMENT|INIT) .*(NAME|NUMBER|RSQB) !NAME",
        "a comma is missing between '{before}' and '{found}'",
    ),
    Mistake(
        "R013", "when A = 3 : A = 0", r"^(WHEN|AT) ((?!COLON)[A-Z]+ )*!EQUAL",
        "'=' sets a value; a comparison is written '=='",
    ),
    Mistake(
        "R014", "when 0 < A < 3 : A = 0", r"COMPARE ((?!AND |OR )[A-Z]+ )*!COMPARE",
        "comparisons cannot be chained",
        "write 'a < b and b < c'",
    ),
    Mistake(
        "R015", "for i = 0..3 { }", r"^FOR NAME !EQUAL",
        "a loop is written 'for {before} in ...'",
        "write 'for {before} in 0..3 { ... }'",
    ),
    Mistake(
        "R015", "for i in 0:3 { }", r"^FOR .*IN .*!(COLON|COMMA|LBRACE)",
        "a range is written 'first..last'",
        "write 'for i in 0..3 { ... }' or 'for i in {a, b} { ... }'",
    ),
    Mistake(
        "R016", "import other.rxn", r"^IMPORT !NAME",
        "the name of a file stands in double quotes",
        'write \'import "file.rxn"\'',
    ),
    Mistake(
        "R017", "A(b) + B(a) -> A(b!1).B(a!1) @ k", r"(NAME|!NAME) (!)?LPAR .*(STRAY|RPAR DOT|ARROW)",
        "patterns of molecules with sites are not part of this language",
        "name each state of the molecule as one species, or quote the whole name: 'A(b!1)'",
    ),
    Mistake(
        "R018", "param k = \"a\" * 2", r"!STRING",
        "text in double quotes stands in braces (a remark) or behind 'import'",
        "write '{\"a remark\"}'",
    ),
    Mistake(
        "R019", "'A -> B @ k", r"!STRAY", "this quote is never closed",
        "a quoted name ends with another ' on the same line", "'",
    ),
    Mistake(
        "R019", "species A {\"a remark}", r"!STRAY", "this text is never closed",
        "it ends with another \" on the same line", '"',
    ),
    Mistake(
        "R019", "species $A = 3", r"!STRAY", "'$' has no meaning here",
        "a species that reactions leave alone is marked 'species A {fixed}'", r"\$",
    ),
    Mistake(
        "R019", "when !A : A = 0", r"!STRAY", "'!' has no meaning here", "write 'not' or '!='", "!",
    ),
    Mistake(
        "R019", "when A > 1 & B > 1 : A = 0", r"!STRAY", "'{found}' has no meaning here",
        "conditions are joined by 'and' and 'or'", "[&|]",
    ),
    Mistake(
        "R019", "param µ = 3", r"!STRAY", "the character '{found}' has no meaning here",
        "names are made of letters a to z, digits and _; any other name stands in quotes: 'µ'",
    ),
    Mistake("R020", "}", r"^!RBRACE", "no block is open that '}' could close"),
)  # fmt: skip

_WORDS = {
    "NAME": "a name", "QUOTED": "a name", "NUMBER": "a number", "STRING": "a text in double quotes",
    "_NL": "the end of the line", "COMPARE": "a comparison", "POWER": "'^'", "PRIME": "a prime (')",
    "PLUS": "'+'", "MINUS": "'-'", "STAR": "'*'", "SLASH": "'/'", "LPAR": "'('", "RPAR": "')'", "LSQB": "'['",
    "RSQB": "']'", "LBRACE": "'{'", "RBRACE": "'}'", "COMMA": "','", "COLON": "':'", "EQUAL": "'='", "TILDE": "'~'",
    "ARROW": "'->'", "BACK_ARROW": "'<-'", "BOTH_WAYS": "'<->'", "MASS_ACTION": "'@'",
}  # fmt: skip
_OPERATORS = frozenset(("PLUS", "MINUS", "STAR", "SLASH", "POWER", "COMPARE", "AND", "OR"))
_CLOSED_BY = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}


def explain(line: list[Token], rest: list[Token], accepted: set[str], in_block: bool) -> Explanation:
    """Name the mistake of a statement: its words read so far, those from the unexpected one to the line's end."""
    found = rest[0]
    shown = "the end of the line" if found.type == "_NL" else str(found)
    before = str(line[-1]) if line else ""
    kinds = [_kind(w) for w in line] + ["!" + _kind(found)] + [_kind(w) for w in rest[1:]]
    sentence = " ".join(kinds)
    if (bracket := _left_open(line)) and found.type in ("_NL", "ARROW", "MASS_ACTION"):
        return Explanation("R001", f"'{bracket}' is never closed", "", bracket, True)
    if not (in_block and found.type == "RBRACE" and not line):
        for row in MISTAKES:
            if (row.word is None or re.fullmatch(row.word, str(found))) and re.search(row.pattern, sentence):
                message, hint = (
                    t.replace("{found}", shown).replace("{before}", before) for t in (row.message, row.hint)
                )
                return Explanation(row.code, message, hint, found, found != ";" or row.code == "R004")
    closes_block = in_block and found.type == "RBRACE"
    return _otherwise(found, shown, before, accepted, closes_block)


def _otherwise(
    found: Token, shown: str, before: str, accepted: set[str], in_block: bool
) -> Explanation:
    """The answer to a mistake that is not in the table: what stands there and what could."""
    whole_line = found != ";"
    if found.type in _CLOSED_BY.values() and not in_block:
        return Explanation("R001", f"'{shown}' closes nothing", "", found, whole_line)
    if found.type.isupper() and str(found).isalpha() and found.type != "NAME" and "NAME" in accepted:
        hint = f"as a name it has to be quoted: '{shown}'" if "QUOTED" in accepted else ""
        return Explanation("R021", f"'{shown}' is a word of the language, not a name", hint, found, whole_line)
    if accepted >= _OPERATORS - {"COMPARE"} and found.type in ("NAME", "NUMBER", "QUOTED", "LPAR"):
        message = f"an operator is missing between '{before}' and '{shown}'"
        return Explanation("R022", message, "a product is written with '*'", found, whole_line)
    if found.type == "NAME" and not before:
        return Explanation("R001", f"'{shown}' begins no statement", "", found, whole_line)
    where = f" behind '{before}'" if before else ""
    what = shown if found.type == "_NL" else f"'{shown}'"
    return Explanation("R001", f"unexpected {what}{where}", _expected(accepted), found, whole_line)


def _expected(accepted: set[str]) -> str:
    """What could stand here, in words."""
    kinds = set(accepted)
    words = []
    if {"NAME", "NUMBER", "LPAR"} <= kinds:
        words.append("an expression")
        kinds -= {"NAME", "QUOTED", "NUMBER", "LPAR", "PLUS", "MINUS", "NOT"}
    if kinds >= _OPERATORS:
        words.append("an operator")
        kinds -= _OPERATORS
    words += sorted({_WORDS.get(k, f"'{k.lower()}'") for k in kinds if not k.startswith("$")})
    if not words or len(words) > 8:
        return ""
    return "expected " + (" or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0])


def _kind(word: Token) -> str:
    if word.type == "_NL":
        return "SEMI" if word == ";" else "END"
    return "NAME" if word.type == "QUOTED" else str(word.type)


def _left_open(line: list[Token]) -> Token | None:
    """The innermost bracket of a statement that is not closed."""
    stack: list[Token] = []
    for word in line:
        if word.type in _CLOSED_BY:
            stack.append(word)
        elif stack and word.type == _CLOSED_BY[stack[-1].type]:
            stack.pop()
    return stack[-1] if stack else None
