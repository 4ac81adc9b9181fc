"""What to say about a statement that cannot be read: by the table of known mistakes, else by what could stand there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches

from lark import Token

from ..expressions import BUILT_IN
from ..unit_names import known_units
from .habits import MEASURE, STATEMENTS
from .mistakes import MISTAKES


@dataclass(frozen=True, slots=True)
class Explanation:
    """What to say about a statement that cannot be read."""

    code: str
    message: str
    hint: str
    word: Token  # where to point
    whole_line: bool  # whether what follows a `;` belongs to the mistake


_WORDS = {
    "NAME": "a name", "QUOTED": "a name", "NUMBER": "a number", "STRING": "a text in double quotes",
    "_NL": "the end of the line", "COMPARE": "a comparison", "POWER": "'^'", "PRIME": "a prime (')",
    "PLUS": "'+'", "MINUS": "'-'", "STAR": "'*'", "SLASH": "'/'", "LPAR": "'('", "RPAR": "')'", "LSQB": "'['",
    "RSQB": "']'", "LBRACE": "'{'", "RBRACE": "'}'", "COMMA": "','", "COLON": "':'", "EQUAL": "'='", "TILDE": "'~'",
    "ARROW": "'->'", "BACK_ARROW": "'<-'", "BOTH_WAYS": "'<->'", "MASS_ACTION": "'@'",
    "DOTS": "'..'",
}  # fmt: skip
_OPERATORS = frozenset(("PLUS", "MINUS", "STAR", "SLASH", "POWER", "COMPARE", "AND", "OR"))
_OPENERS = (
    "model", "import", "units", "const", "param", "compartment", "species", "init", "let", "func", "observable",
    "conserve", "at", "when", "for", "lattice", "diffuse",
)  # fmt: skip
_LOOKED_AT = 60  # words on each side of a mistake
_CLOSED_BY = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}


def explain(line: list[Token], rest: list[Token], accepted: set[str], in_block: bool) -> Explanation:
    """Name the mistake of a statement: its words read so far, those from the unexpected one to the line's end."""
    found = rest[0]
    closes_block = in_block and found.type == "RBRACE"
    if (bracket := _left_open(line)) and found.type in ("_NL", "ARROW", "MASS_ACTION"):
        hint = "attributes are separated by ','" if bracket == "{" and found == ";" else ""
        return Explanation("R001", f"'{bracket}' is never closed", hint, bracket, True)
    if not (closes_block and not line):
        known = _known(line, found, rest)
        if known is not None:
            return known
    return _otherwise(line, found, rest[1:_LOOKED_AT], accepted, closes_block)


def _known(line: list[Token], found: Token, rest: list[Token]) -> Explanation | None:
    """The answer of the first row of the table that fits."""
    before, behind = line, rest[1:_LOOKED_AT]
    if len(line) > 2 * _LOOKED_AT:
        before = line[:_LOOKED_AT] + line[-_LOOKED_AT:]
    kinds = [_kind(w) for w in before] + ["!" + _kind(found)] + [_kind(w) for w in behind]
    sentence, text = " ".join(kinds), _joined([*before, found, *behind])
    for row in MISTAKES:
        if row.word is not None and not re.fullmatch(row.word, str(found)):
            continue
        if not re.search(row.pattern, sentence):
            continue
        fitting = re.search(row.text, text) if row.text else None
        if row.text and not fitting:
            continue
        own = ["", *(group or "" for group in fitting.groups())] if fitting else [""]
        if row.code == "R026":  # `M^-1 s^-1` is a product
            own = [re.sub(r"(?<=[\w)]) (?=[A-Za-z])", "*", text) for text in own]
        said = {"{found}": _shown(found), "{before}": _last(line)} | {f"{{{i}}}": own[i] for i in range(1, len(own))}
        message, hint = _filled(row.message, said), _filled(row.hint, said)
        word = line[0] if row.at_start and line else found
        return Explanation(row.code, message, hint, word, found != ";" or row.code == "R004")
    return None


def _filled(text: str, said: dict[str, str]) -> str:
    """A message or hint with what was said in the places of its holes."""
    return re.sub(r"\{\w+\}", lambda hole: said.get(hole[0], hole[0]), text)


def _otherwise(
    line: list[Token], found: Token, behind: list[Token], accepted: set[str], closes_block: bool
) -> Explanation:
    """The answer to a mistake that is not in the table: what stands there and what could."""
    shown, before, whole_line = _shown(found), _last(line), found != ";"
    if found.type in _CLOSED_BY.values() and not closes_block:
        return Explanation("R001", f"'{shown}' closes nothing", "", found, whole_line)
    if found.type.isupper() and str(found).isalpha() and found.type != "NAME" and "NAME" in accepted:
        hint = f"as a name it has to be quoted: '{shown}'" if "QUOTED" in accepted else ""
        return Explanation("R021", f"'{shown}' is a word of the language, not a name", hint, found, whole_line)
    if len(line) == 1 and line[0].type == "NAME" and found.type not in ("_NL", "LPAR", "LSQB"):
        near = get_close_matches(before.lower(), _OPENERS, 1, 0.75)
        meant = STATEMENTS.get(before.lower(), near[0] if near else "")
        if meant or found.type in ("NAME", "QUOTED", "STRING", "NUMBER"):
            hint = f"did you mean '{meant}'?" if meant else "a statement begins with one of " + ", ".join(_OPENERS)
            return Explanation("R028", f"'{before}' begins no statement", hint, line[0], whole_line)
    if accepted >= _OPERATORS - {"COMPARE"} and found.type in ("NAME", "NUMBER", "QUOTED", "LPAR"):
        if before in BUILT_IN and before not in ("t", "time"):
            message = f"the argument of '{before}' stands in parentheses"
            return Explanation("R022", message, f"write {before}({shown})", found, whole_line)
        blank = bool(line) and line[-1].end_pos != found.start_pos
        common = shown in known_units() and (len(shown) > 1 or shown in "sMhdLlmg")
        if blank and line[-1].type == "NUMBER" and common:
            message = f"'{shown}' is a unit; numbers in formulas have none"
            measure = re.match(MEASURE, _joined([found, *behind]))
            unit = measure[0].replace(" ", "*") if measure else shown
            hint = f"give the number a name: 'param NAME : {unit} = {before}'"
            return Explanation("R026", message, hint, found, whole_line)
        message = f"an operator is missing between '{before}' and '{shown}'"
        event = line[0].type == "WHEN"
        hint = "conditions are joined by 'and' and 'or'" if event else "a product is written with '*'"
        return Explanation("R022", message, hint, found, whole_line)
    if found.type in ("LSQB", "LBRACE") and {"LPAR", "NAME"} <= accepted:
        return Explanation("R001", f"'{shown}' opens no formula", "formulas are grouped by ( )", found, whole_line)
    if found.type == "NAME" and not before:
        return Explanation("R001", f"'{shown}' begins no statement", "", found, whole_line)
    where = f" behind '{before}'" if before else ""
    if found.type == "_NL":
        message = f"the statement ends too early{where}"
    else:
        message = f"unexpected '{shown}'{where}"
    return Explanation("R001", message, _expected(accepted), found, whole_line)


def _shown(word: Token) -> str:
    return "the end of the line" if word.type == "_NL" and word != ";" else str(word)


def _last(line: list[Token]) -> str:
    return str(line[-1]) if line else ""


def _joined(words: list[Token]) -> str:
    """The text of a statement, each gap one blank."""
    pieces: list[str] = []
    end: int | None = None
    for word in words:
        if word.type == "_NL":
            break
        pieces += [" "] if end is not None and word.start_pos != end else []
        pieces.append(str(word))
        end = word.end_pos
    return "".join(pieces)


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
