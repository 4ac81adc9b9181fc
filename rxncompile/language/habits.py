"""Mistakes that come with the habits of other tools: their arrows, comments, numbers, characters and statements.

A row matches the kinds of the line's words, `!` before the one at which the parser stopped, `;` as SEMI and the
line's end as END; `word` matches that word's own text, `text` is searched in the whole statement, of which `{1}`
stands for the first group. The first row that matches answers; the examples are the table's test.
"""

# ruff: noqa: RUF001 (characters that look alike are what this file is about)

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mistake:
    """A row: `{found}` is the word at which the parser stopped, `{before}` the one before it."""

    code: str
    example: str
    pattern: str
    message: str
    hint: str = ""
    word: str | None = None
    text: str | None = None
    at_start: bool = False  # whether to point at the statement's first word


ARROWS = "(ARROW|BACK_ARROW|BOTH_WAYS)"
VALUED = "(PARAM|CONST|COMPARTMENT|LET|OBSERVABLE)"
NAMED = "(PARAM|CONST|COMPARTMENT|LET|OBSERVABLE|SPECIES|INIT|LATTICE|FUNC)"
_UNITS = r"[afpnumkM]?(M|mol|L|l|m|s|g|Hz)|min|h|d|sec|count|molecules|conc"
_RATE = "write 'A -> B @ k' for mass action with constant k, or 'A -> B rate law' for a complete law"

HABITS = (
    # -- comments
    Mistake(
        "R008", "// a remark", r"(!SLASH SLASH|SLASH !SLASH|!SLASH STAR|SLASH !STAR|^!STAR|^!MINUS MINUS)",
        "a comment begins with '#' and ends with its line", "write '# ...'",
    ),
    Mistake(
        "R024", "%init: 10 A()", r"^!STRAY (NAME|INIT) COLON", "'%{1}:' belongs to Kappa",
        "write 'species A = 10', 'param k = 1', 'A + B -> C @ k'", text=r"^% ?(init|agent|var|obs|mod|token|plot) ?:",
    ),
    Mistake("R008", "% a remark", r"^!STRAY", "a comment begins with '#' and ends with its line", "write '# ...'",
            "[/%]"),
    # -- arrows and rates
    Mistake(
        "R003", "k, A --> B", r"^[^:]*!(COMMA|STAR|SLASH|LPAR) (?!.*(MASS_ACTION|RATE)).*ARROW",
        "the rate stands behind the reaction here, not before it", "write 'A -> B @ k'",
    ),
    Mistake(
        "R002", "A => B @ k", r"!FOREIGN_ARROW", "'{found}' is not an arrow of this language",
        "write 'A -> B @ k', or 'A <-> B @ k, k_back' for both directions",
    ),
    Mistake(
        "R004", "A -> B; k*A", ARROWS + r" (?!.*(MASS_ACTION|RATE)).*!SEMI (?!END)",
        "a rate follows '@' or 'rate', not ';'",
        "write 'A -> B @ k' for mass action with constant k, or 'A -> B rate k*A' for a complete law",
    ),
    Mistake(
        "R005", "A -> B (k)", ARROWS + r" ([A-Z]+ )*NAME LPAR !NAME RPAR",
        "a rate follows '@' or 'rate', it does not stand in parentheses", _RATE,
    ),
    Mistake("R005", "A -> B : k", ARROWS + r" ((?!COLON)[A-Z]+ )*!COLON", "a rate follows '@' or 'rate', not ':'",
            "write 'A -> B @ k'"),
    Mistake(
        "R024", "Parameter('k', 1.0)", r"^NAME LPAR !", "'{1}(...)' is a call in PySB, not a statement of a model file",
        "write 'param k = 1', 'species A = 100', 'A + B -> C @ k'", at_start=True,
        text=r"^(Rule|Parameter|Monomer|Initial|Observable|Model|Expression|Compartment) ?\(",
    ),
    Mistake(
        "R024", "begin reactions", r"^NAME !", "'{1}' belongs to BioNetGen",
        "here the lines stand alone: 'param k = 1', 'species A = 100', 'A + B -> C @ k'",
        text=r"^(begin|end) (?:model|parameters|species|reactions|reaction rules|observables|molecule types|\w+)$",
        at_start=True,
    ),
    Mistake(
        "R017", "A(b) + B(a) -> A(b!1).B(a!1) @ k", r"(NAME|!NAME) (!)?LPAR .*(STRAY|RPAR DOT|ARROW)",
        "patterns of molecules with sites are not part of this language",
        "name each state of the molecule as one species, or quote the whole name: 'A(b!1)'",
    ),
    # -- equations and assignments
    Mistake(
        "R009", "dA/dt = -k2*A", r"^NAME (LSQB NAME RSQB )?!SLASH", "a derivative is written with a prime",
        "write \"{1}' = ...\"; it adds to what reactions do to {1}", text=r"^d ?\[? ?(\w+) ?\]? ?/ ?dt\b",
    ),
    Mistake(
        "R009", "when A > 1 : A := 0", r"^(WHEN|AT) .*!FOREIGN_ASSIGN", "':=' is not an operator of this language",
        "an event assigns with '='", ":=",
    ),
    Mistake(
        "R009", "k := 2*A", r"!FOREIGN_ASSIGN", "'{found}' is not an operator of this language",
        "a value that always holds is 'let NAME = expr'", ":=",
    ),
    Mistake(
        "R009", "when A > 1 && B > 1 : A = 0", r"!FOREIGN_ASSIGN", "'{found}' is not an operator of this language",
        "conditions are joined by 'and' and 'or'",
    ),
    Mistake(
        "R009", "when A > 1 : A += 1", r"NAME !(PLUS|MINUS|STAR|SLASH) EQUAL", "'{found}=' is not an operator here",
        "write '{before} = {before} {found} ...'",
    ),
    Mistake(
        "R009", "let y = A > 3 ? 1 : 0", r"!STRAY", "'?' has no meaning here",
        "a choice between values is written piecewise(value, condition, otherwise)", r"\?",
    ),
    Mistake(
        "R009", "let y = if A > 3 then 1 else 0", r"NAME !(NAME|NUMBER|NOT|LPAR)",
        "a choice between values is not written with 'if'", "write piecewise(value, condition, otherwise)",
        text=r"[=@(,] ?if\b",
    ),
    # -- numbers and units
    Mistake(
        "R025", "param y = 3e−4", r"NUMBER !NAME STRAY", "the minus sign '−' is not the one of the keyboard",
        "write {before}e-...", "[eE]", r"[eE][−–—]",
    ),
    Mistake(
        "R025", "param y = 1e", r"NUMBER !NAME( (PLUS|MINUS))? (END|SEMI|COMMA|IN|LBRACE)",
        "the number '{before}{found}' lacks its exponent", "write {before}e-3, or only {before}", "[eE]",
    ),
    Mistake(
        "R025", "param y = 0x10", r"NUMBER !NAME", "numbers are written in decimal digits", "write 16 for 0x10",
        "[xX][0-9A-Fa-f]+", r"\b0[xX][0-9A-Fa-f]",
    ),
    Mistake("R025", "param y = 1.2.3", r"NUMBER !NUMBER", "a number has one decimal point",
            "a range of whole numbers is written '1..3'", r"\.\d*",
            r"\d\.\d*\.\d"),
    Mistake(
        "R025", "param y = 1,5", r"EQUAL (MINUS )?NUMBER COMMA !NUMBER", "a decimal point is needed here, not a comma",
        "write {1}.{found}; what follows a comma begins with a name", text=r"(\d+) ?, ?\d",
    ),
    Mistake(
        "R026", "param y = 3 uM", r"EQUAL (MINUS )?NUMBER !NAME (SLASH|STAR|POWER|END|SEMI|COMMA|LBRACE|IN|TILDE)",
        "a unit stands behind the name, not behind the number", "write '{1} : {found} = {before}'", _UNITS,
        r"(\w+(?:\[[^\]]*\])?) ?(?:: ?[^=,]*)?= ?-? ?[\d.eE+-]+ ?[A-Za-z]",
    ),
    # -- characters
    Mistake("R027", "species µM", r"!STRAY", "the character '{found}' stands in no name and no unit",
            "write 'u': um, uM, us; a name of other characters stands in quotes", "[µμ]"),
    Mistake("R027", "A -> B @ k2 − 1", r"!STRAY", "the minus sign '{found}' is not the one of the keyboard",
            "write '-'", "[−–—‐]"),
    Mistake("R027", "∅ -> A @ k2", r"!STRAY", "'{found}' has no meaning here", "nothing is written '0': '0 -> A @ k'",
            "[∅øØ⌀]"),
    Mistake("R027", "let y = 2·A", r"!STRAY", "'{found}' is no operator here", "a product is written with '*'",
            "[·×⋅∙•]"),
    Mistake("R027", "let y = A²", r"!STRAY", "'{found}' has no meaning here", "a power is written with '^': A^2",
            "[²³⁴⁵⁻¹]"),
    Mistake("R027", "species A “x”", r"!STRAY", "the quote '{found}' is not one of the keyboard",
            "names stand in ' ', remarks in \" \"", "[‘’“”„«»`]"),
    Mistake("R027", "when A ≥ 3 : A = 0", r"!STRAY", "'{found}' has no meaning here",
            "comparisons are written ==, !=, <, <=, > and >=", "[≤≥≠≈]"),
    Mistake(
        "R027", "species $A = 3", r"!STRAY", "'$' has no meaning here",
        "a species that reactions leave alone is declared 'species A {fixed}'", r"\$",
    ),
    Mistake(
        "R027", "let y = A % 2", r"!STRAY", "'%' has no meaning here",
        "a comment begins with '#'; the remainder is x - n*floor(x/n)", "%",
    ),
    Mistake("R027", "when !A : A = 0", r"!STRAY", "'!' has no meaning here", "write 'not' or '!='", "!"),
    Mistake("R027", "when A > 1 & B > 1 : A = 0", r"!STRAY", "'&' has no meaning here",
            "conditions are joined by 'and' and 'or'", "&"),
    Mistake("R027", "let y = |A|", r"!STRAY", "'|' has no meaning here",
            "a magnitude is abs(x); conditions are joined by 'or'", r"\|"),
    Mistake(
        "R019", "'A -> B @ k", r"!STRAY", "this quote is never closed",
        "a quoted name ends with another ' on the same line", "'",
    ),
    Mistake(
        "R019", "species A {\"a remark}", r"!STRAY", "this text is never closed",
        "it ends with another \" on the same line", '"',
    ),
    Mistake(
        "R027", "param α = 3", r"!STRAY", "the character '{found}' has no meaning here",
        "names are made of letters a to z, digits and _; any other name stands in quotes: '{found}'",
    ),
)  # fmt: skip

# Words that begin a statement elsewhere, and what stands here instead.
STATEMENTS = {
    "function": "func", "def": "func", "parameter": "param", "parameters": "param", "params": "param",
    "constant": "const", "constants": "const", "specie": "species", "var": "species", "variable": "let",
    "event": "when", "if": "when", "while": "when", "foreach": "for", "unit": "units", "volume": "compartment",
    "observables": "observable", "compartments": "compartment", "include": "import", "rule": "let",
    "diffusion": "diffuse", "conserved": "conserve", "initial": "init", "assign": "let", "define": "let",
    "module": "model", "network": "model",
}  # fmt: skip
