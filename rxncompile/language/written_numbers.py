"""Mistakes in how numbers, units, concentrations and single characters are written, by example; read after `habits`."""

# ruff: noqa: RUF001 (characters that look alike are what this file is about)

from __future__ import annotations

from .habits import ARROWS, MEASURE, RATE, UNITS, VALUE, VALUED, Mistake

WRITTEN_NUMBERS = (
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
        "write {1}.{found}; what follows a comma begins with a name", text=r"= ?-?(\d+),\d+(?! ?,)",
    ),
    Mistake(
        "R011", "species D, E = 0, 0", r"EQUAL (MINUS )?NUMBER (COMMA NUMBER )*COMMA !NUMBER",
        "what follows a comma begins with a name", "each name has its own value: 'A = 1, B = 2'",
    ),
    Mistake(
        "R026", "conserve n: A + B = 3 nM", r"^CONSERVE .*EQUAL NUMBER !NAME",
        "a conserved sum is in the unit of its species", "write only {before}",
    ),
    Mistake(
        "R026", "param y = 3 uM",
        r"EQUAL (MINUS )?NUMBER (POWER (MINUS )?NUMBER )?!NAME (SLASH|STAR|POWER|END|SEMI|COMMA|LBRACE|IN|TILDE)",
        "a unit stands behind the name, not behind the number", "write '{1} : {3} = {2}'", UNITS,
        rf"{VALUE} ?({MEASURE})",
    ),
    Mistake(
        "R026", "param y = 3 1/s", r"EQUAL (MINUS )?NUMBER !NUMBER SLASH NAME",
        "a unit stands behind the name, not behind the number", "write '{1} : {3} = {2}'", "1",
        rf"{VALUE} ({MEASURE})",
    ),
    Mistake(
        "R026", "param y = 3 [1/s]", r"EQUAL (MINUS )?NUMBER !(LSQB|LPAR) (NUMBER SLASH )?NAME ",
        "a unit stands behind the name, not behind the number", "write '{1} : {3} = {2}'",
        text=rf"{VALUE} ?[\[(] ?({MEASURE}) ?[\])]",
    ),
    Mistake(
        "R026", "param y = 3 per s", r"EQUAL (MINUS )?NUMBER !PER NAME",
        "a unit stands behind the name, not behind the number", "write '{1} : 1/{3} = {2}'",
        text=rf"{VALUE} per ({MEASURE})",
    ),
    Mistake("R025", "param y = 6 x 10^23", r"NUMBER !(NAME|STRAY) NUMBER POWER", "a power of ten is written with 'e'",
            "write {1}e{2}", "[xX×·]", r"([\d.]+) ?[xX×·] ?10 ?(?:\^|\*\*) ?([+-]?\d+)"),
    Mistake("R026", "param y : per s = 3", r"COLON !PER NAME", "a unit is written with '/', not with 'per'",
            "write '1/{1}'", text=r": ?per (\w+)"),
    Mistake("R026", "param y : 3 nM", r"COLON NUMBER !NAME", "a value is given with '=', behind the unit",
            "write '{1} : {3} = {2}'", UNITS, rf"(\w+) ?: ?([\d.eE+-]+) ({MEASURE})$"),
    Mistake(
        "R026", "param y = log(2)/3 min", rf"^{VALUED} .*EQUAL .*NUMBER !NAME",
        "a unit stands behind the name, not behind the number", "write '{1} : {2} = ...'", UNITS,
        rf"(\w+) ?(?::[^=,]*)?=[^=,]*? ({MEASURE})$",
    ),
    Mistake("R026", "at 10 hours : A = 0", r"^AT NUMBER !NAME", "times are in the model's unit of time",
            "write only '{before}', and 'units time = {found}'", UNITS),
    Mistake(
        "R026", "species X = 3 : count", r"EQUAL (MINUS )?NUMBER !COLON",
        "a unit stands behind the name, not behind the number", "write '{1} : {3} = {2}'",
        text=rf"{VALUE} ?: ?({MEASURE})",
    ),
    Mistake(
        "R011", "observable y : A/(A + 1)", rf"^{VALUED} NAME COLON (?!.*EQUAL).*!",
        "a formula is given with '='; ':' stands before a unit", "write '{1} = {2}'",
        text=r"^\w+ (\w+) ?: ?(.*[-+(].*)$",
    ),
    Mistake(
        "R009", "A' = -k2*A, B' = k2*A", r"^NAME PRIME EQUAL .*!COMMA", "each derivative is a line of its own",
        "or separate them by ';'",
    ),
    # -- concentrations and functions of time
    Mistake(
        "R026", "param y : [nM] = 3", r"COLON !(LSQB|LBRACE) .*(RSQB|RBRACE) EQUAL", "a unit stands without brackets",
        "write ': {1}'", text=r": ?[\[{] ?(.*?) ?[\]}]",
    ),
    Mistake(
        "R207", "A -> B @ k2, [fast]", r"(NAME|NUMBER|COMMA) !(LSQB|LPAR) NAME (RSQB|RPAR)",
        "attributes stand in braces", "write '{{1}}'",
        text=r"[\[(] ?(fast|fixed|continuous|molecular|powers|round) ?[\])]",
    ),
    Mistake(
        "R031", "species Ca2+ = 3", r"^(SPECIES|PARAM|CONST|INIT) (.* COMMA )?NAME !(PLUS|STAR) ",
        "a name holds letters, digits and _", "any other name stands in quotes: '{before}{found}'",
    ),
    Mistake(
        "R010", "A: 10", r"^NAME COLON NUMBER !?(NAME !)?(END|SEMI|COMMA)", "'{1}: ...' alone does not say what {1} is",
        "write 'species {1} = {2}' or 'param {1} = {2}'; a unit stands before the '=': 'species {1} : uM = {2}'",
        text=r"^(\w+) ?: ?([\d.eE+-]+)",
    ),
    Mistake("R010", "A(0) = 5", r"^NAME LPAR NUMBER RPAR !EQUAL", "a start value is given with 'init'",
            "write 'init {1} = {2}', or 'species {1} = {2}' where {1} is declared", text=r"^(\w+) ?\(.*?\) ?= ?(.*)"),
    Mistake(
        "R010", "dX = -k2*A", r"^NAME !EQUAL", "'{before} = ...' alone does not say what {before} is",
        "a derivative is written \"{1}' = ...\", a formula that always holds 'let {before} = ...'",
        text=r"^d([A-Z]\w*) ?=",
    ),
    Mistake(
        "R031", "A.init = 5", r"^NAME !STRAY \w+", "'.' does not join names",
        "a name with a dot stands in quotes: '{1}'; start values are given by 'init NAME = value'", r"\.",
        r"(\w+\.\w+)",
    ),
    Mistake(
        "R011", "param y[1..2] = {1, 2}", r"EQUAL !(LBRACE|LSQB) (MINUS )?(NUMBER|NAME) COMMA", "a list is no value",
        "different values are given one by one: 'y[1] = 3, y[2] = 4'; bounds stand behind the value: 'y = 3 in [1, 9]'",
    ),
    Mistake("R010", "[A] = 5", r"^!LSQB NAME RSQB EQUAL", "a concentration is no name of its own",
            "write 'species {1} : conc = {2}': whether a name is an amount or a concentration is said by its unit",
            text=r"^\[ ?(\w+) ?\] ?= ?(.*)"),
    Mistake("R001", "let y = 2*[A]", r"!LSQB NAME RSQB", "brackets do not make a concentration",
            "write '{1}': whether a name is an amount or a concentration is said by its unit, 'species {1} : conc'",
            text=r"(?:^|[-+*/^(,=@ ])\[ ?(\w+) ?\]"),
    Mistake("R017", "species X(t)", r"^SPECIES (.* COMMA )?NAME !LPAR NAME RPAR", "species depend on the time anyway",
            "write only '{before}'", text=r"\((t|time)\)"),
    # -- characters
    Mistake("R027", "species µM", r"!STRAY", "the character '{found}' stands in no name and no unit",
            "write 'u': um, uM, us; a name of other characters stands in quotes", "[µμ]"),
    Mistake("R027", "A -> B @ k2 − 1", r"!STRAY", "the minus sign '{found}' is not the one of the keyboard",
            "write '-'", "[−–—‐]"),
    Mistake("R027", "∅ -> A @ k2", r"!STRAY", "'{found}' has no meaning here", "nothing is written '0': '0 -> A @ k'",
            "[∅øØ⌀]"),
    Mistake("R005", "A -> B $ k2", ARROWS + r" (NUMBER )?NAME( PLUS (NUMBER )?NAME)* !STRAY",
            "a rate follows '@' or 'rate', not '{found}'", RATE, r"[$#&|!?%~]"),
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
