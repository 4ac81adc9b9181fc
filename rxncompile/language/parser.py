"""Text -> syntax tree, with every syntax mistake of the file reported and the good lines kept.

The parser is LALR from `grammars/rxn.lark`. After a mistake it takes its stack back to the beginning of the
statement and goes on with the next line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lark import Token, UnexpectedToken

from ..errors import Diagnostic, Source, Span
from .explain import explain
from .grammar import machine
from .syntax import File, Statement

TEXT_CAP = 50_000_000
DEPTH_CAP = 50
MISTAKES_CAP = 100
STRAY_CAP = 1_000  # characters that mean nothing, each of them a mistake
WORDS_CAP = 1_000_000
STATEMENT_CAP = 200_000  # words of one statement

_OPENING = ("LPAR", "LSQB", "LBRACE")
_CLOSING = ("RPAR", "RSQB", "RBRACE")
_BINARY = ("STAR", "SLASH", "COMPARE", "AND", "OR", "COMMA", "EQUAL", "COLON")
BEFORE_SIGN = frozenset(
    ("PLUS", "MINUS", *_BINARY, *_OPENING, "POWER", "NOT", "MASS_ACTION", "RATE", "WHEN", "AT", "IN", "DOTS")
)  # a plus or minus behind one of these is a sign, not an operator
_FORMULA = frozenset(("MASS_ACTION", "RATE", "EQUAL", "WHEN", "AT"))


def read(source: Source) -> tuple[File, list[Diagnostic]]:
    """The syntax tree of a text, and what is wrong with its syntax."""
    if len(source.text) > TEXT_CAP:
        message = f"the text has {len(source.text):,} characters; the limit is {TEXT_CAP:,}"
        return File(source, ()), [Diagnostic("R401", message, Span(source, 0, 1))]
    return _Reader(source).run()


class _Reader:
    """One pass over the words of a text."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.parser: Any = machine().parse_interactive("")
        self.found: list[Diagnostic] = []
        self.doubtful: set[str] = set()
        self.line: list[Token] = []  # words of the present statement
        self.braces = 0  # of attributes and sets of names, open in it
        self.depth = [0]  # how deep its present formula is, one entry an open bracket
        self.blocks: list[tuple[str, Token]] = []  # the braces of loops and lattices that are open
        self.closed = False  # whether the word before was the end of a block

    def run(self) -> tuple[File, list[Diagnostic]]:
        words = self.words()
        place = 0
        while place < len(words):
            place = self.take(words, place)
            if len(self.found) >= MISTAKES_CAP:
                self.report("R401", f"{MISTAKES_CAP} mistakes: the rest of the text was not read", words[place])
                return File(self.source, (), frozenset(self.doubtful)), self.found
        statements: tuple[Statement, ...] = ()
        if self.blocks:
            _, brace = self.blocks[-1]
            self.report("R020", "the block that begins here is never closed", brace, "a line with '}' closes it")
        else:
            statements = self.parser.feed_token(Token("$END", ""))
        return File(self.source, statements, frozenset(self.doubtful)), self.found

    def words(self) -> list[Token]:
        """The words of the text. Of one that is too long, or is no text at all, only as many as are read anyway."""
        words: list[Token] = []
        strays, begun, end = 0, 0, len(self.source.text)
        for word in tidied(machine().lex(self.source.text)):
            words.append(word)
            strays += word.type == "STRAY"
            begun = len(words) if word.type == "_NL" else begun
            if strays > STRAY_CAP or len(words) > WORDS_CAP or len(words) - begun > STATEMENT_CAP:
                end = word.end_pos or 0
                break
        if len(words) > WORDS_CAP or len(words) - begun > STATEMENT_CAP:
            whole = len(words) > WORDS_CAP
            what = f"the text has more than {WORDS_CAP:,}" if whole else f"a statement of more than {STATEMENT_CAP:,}"
            self.report("R401", f"{what} words", words[-1], "" if whole else "divide it into several")
            words.clear()
        words.append(Token("_NL", "\n", start_pos=end, end_pos=end))
        return words

    def report(self, code: str, message: str, word: Token, hint: str = "") -> None:
        start, end = word.start_pos or 0, word.end_pos or 0
        if word.type == "_NL":  # point behind the last word, not at the line's end
            start = (self.line[-1].end_pos or 0) if self.line else start
            end = start + 1
        self.found.append(Diagnostic(code, message, Span(self.source, start, end), hint))

    def take(self, words: list[Token], place: int) -> int:
        """Give one word to the parser; the place of the next one, further on after a mistake."""
        word = words[place]
        self.follow_depth(word)
        if sum(self.depth) > DEPTH_CAP or len(self.blocks) > DEPTH_CAP:
            hint = "name parts of the formula with 'let' or 'func'"
            self.report("R402", f"nested more than {DEPTH_CAP} deep", word, hint)
            return self.skip(words, place, whole_line=True)
        try:
            self.parser.feed_token(word)
        except UnexpectedToken:
            stop = place
            while words[stop].type != "_NL" or words[stop] == ";":
                stop += 1
            in_block = bool(self.blocks)
            mistake = explain(self.line, words[place : stop + 1], self.parser.accepts(), in_block)
            self.report(mistake.code, mistake.message, mistake.word, mistake.hint)
            return self.skip(words, place, mistake.whole_line)
        self.follow_blocks(word)
        return place + 1

    def follow_blocks(self, word: Token) -> None:
        """Notice where statements begin and blocks open and close."""
        opener = self.line[0].type if self.line else ""
        if word.type == "_NL":
            self.begin()
        elif word.type == "LBRACE" and opener in ("FOR", "LATTICE") and self.line[-1].type != "IN":
            self.blocks.append((opener, word))
            self.begin()
        elif word.type == "RBRACE" and not self.braces:
            self.blocks.pop()
            self.begin()
            self.closed = True
        else:
            self.closed = False
            self.braces += (word.type == "LBRACE") - (word.type == "RBRACE")
            self.line.append(word)

    def begin(self) -> None:
        self.line = []
        self.closed = False
        self.braces = 0
        self.depth = [0]

    def follow_depth(self, word: Token) -> None:
        """Count brackets, powers, signs and negations that stand within each other."""
        kind = word.type
        if kind in ("PLUS", "MINUS"):
            signed = not self.line or self.line[-1].type in BEFORE_SIGN
            self.depth[-1] = self.depth[-1] + 1 if signed else min(self.depth[-1], 1)
        elif kind in _OPENING:
            self.depth.append(1)
        elif kind in _CLOSING:
            del self.depth[max(1, len(self.depth) - 1) :]
        elif kind in ("POWER", "NOT"):
            self.depth[-1] += 1
        elif kind in _BINARY:
            self.depth[-1] = min(self.depth[-1], 1)

    def skip(self, words: list[Token], place: int, whole_line: bool) -> int:
        """Drop the present statement: the place of the word to go on with.

        The header of a loop takes its body along, a lattice its whole block; otherwise a line is dropped, or only
        what stands before the next `;`.
        """
        if self.closed:  # the block before is whole: only a line's end makes the parser put it away
            self.parser.feed_token(Token("_NL", "\n"))
        state = self.parser.parser_state
        table = state.parse_conf.parse_table.states
        while "FOR" not in table[state.state_stack[-1]]:
            state.state_stack.pop()
            state.value_stack.pop()
        header = (self.line[0] if self.line else words[place]).type in ("FOR", "LATTICE")
        within = self.braces
        if self.blocks and self.blocks[-1][0] == "LATTICE":
            self.blocks.pop()
            header, within = True, 1
        self.doubtful.update(_names(self.line))
        begin = place
        while place < len(words) - 1:
            word = words[place]
            if word.type == "_NL" and not (header and within) and not (whole_line and word == ";"):
                break
            if word.type == "RBRACE" and not within and self.blocks:
                break
            within += word.type == "LBRACE"
            within -= word.type == "RBRACE" and within > 0
            place += 1
        self.doubtful.update(_names(words[begin:place]))
        self.begin()
        return place


def _names(words: list[Token]) -> Iterator[str]:
    return (str(w).strip("'") for w in words if w.type in ("NAME", "QUOTED"))


def tidied(words: Iterator[Token]) -> Iterator[Token]:
    """The words of a text; `x<-1` inside a formula compares with -1, elsewhere `<-` is an arrow."""
    formula = False
    for word in words:
        if word.type == "_NL":
            formula = False
        elif word.type in _FORMULA:
            formula = True
        elif word.type == "BACK_ARROW" and formula:
            start = word.start_pos or 0
            yield Token("COMPARE", "<", start_pos=start, end_pos=start + 1)
            word = Token("MINUS", "-", start_pos=start + 1, end_pos=start + 2)
        yield word
