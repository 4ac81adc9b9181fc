"""Mistakes that come with the habits of other tools: their arrows, comments, numbers, characters and statements.

A row matches the kinds of the line's words, `!` before the one at which the parser stopped, `;` as SEMI and the
line's end as END; `word` matches that word's own text, `text` is searched in the whole statement, of which `{1}`
stands for the first group. The first row that matches answers; the examples are the table's test. Rows about
numbers, units and characters follow in `written_numbers`.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..unit_names import known_units


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
# A single capital letter is more often a name than a unit.
UNITS = "|".join(name for name in known_units() if len(name) > 1 or name.islower() or name == "M")
_UNIT = r"[A-Za-z]\w*(?:\^-?\d+)?"
MEASURE = rf"(?:1 ?/ ?)?{_UNIT}(?:(?: ?[*/] ?| (?=[A-Za-z]+\^))(?:{_UNIT}|\([^()]*\)))*"
VALUE = r"(\w+(?:\[[^\]]*\])?) ?(?:: ?[^=,]*)?= ?(-? ?[\d.]+(?:[eE][+-]?\d+)?(?: ?\^ ?-? ?\d+)?)"
RATE = "write 'A -> B @ k' for mass action with constant k, or 'A -> B rate law' for a complete law"

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
    Mistake("R011", "func f(x) -> x", rf"^FUNC .*RPAR !({ARROWS[1:-1]}|FOREIGN_ARROW|FOREIGN_ASSIGN)",
            "the formula of a function stands behind '='", "write 'func f(x) = formula'"),
    Mistake(
        "R002", "A ->> B @ k2", ARROWS + " !(COMPARE|STRAY|STAR|MINUS) NAME",
        "'{before}{found}' is not an arrow of this language",
        "write 'A -> B @ k', or 'A <-> B @ k, k_back' for both directions", r"[><|*]",
    ),
    Mistake(
        "R007", "A -> B @ k2 B -> C @ k2", rf"(MASS_ACTION|RATE) .*!(NAME|NUMBER) .*{ARROWS}",
        "each reaction is a line of its own", "or separate them by ';'",
    ),
    Mistake("R002", "A -| B @ k2", r"!MINUS (MINUS )*STRAY", "an inhibition is no reaction of its own",
            "it is part of the rate it slows: 'A -> B rate k*A/(1 + I/K)', or hillr(I, K, n)", text=r"-\|"),
    Mistake(
        "R013", "event at 5 : A = 0", r"^NAME !(AT|WHEN)", "'{1}' begins no statement",
        "write '{found} ... : NAME = value'", text=r"(?i)^(events?|on|trigger)\b", at_start=True,
    ),
    Mistake(
        "R013", "event: t > 5 => A = 0", r"^NAME COLON .*!", "an event begins with 'when' or 'at'",
        "write 'when {1} : {2}'", at_start=True,
        text=r"(?i)^event\w* ?:(?! ?at\b| ?when\b) ?(.*?) ?(?:[=-]+>|:|,|;|then) ?(.*)$",
    ),
    Mistake(
        "R002", "A + B > C @ k2", r"^(NAME COLON )?((NUMBER )?NAME PLUS )*(NUMBER )?NAME !COMPARE",
        "'{found}' is not an arrow of this language",
        "write 'A -> B @ k', or 'A <-> B @ k, k_back' for both directions", ">|<|>=|<=|==",
    ),
    Mistake("R005", "A ->[k2] B", ARROWS + " !LSQB", "the rate stands behind the reaction here, not at the arrow",
            "write 'A -> B @ {1}'", text=r"> ?\[ ?([^\]]*?) ?\]"),
    Mistake(
        "R002", "A --k--> B", r"!MINUS (MINUS )*NAME ((MINUS )*ARROW|FOREIGN_ARROW)",
        "'-...->' is not an arrow of this language", "write 'A -> B @ {1}'", text=r"-(\w+)-+>",
    ),
    Mistake(
        "R002", "A -[k]-> B", r"!MINUS (LSQB .*RSQB|MINUS NAME|LPAR .*RPAR) (MINUS )*ARROW",
        "'-...->' is not an arrow of this language", "write 'A -> B @ {1}'", text=r"- ?[\[(-]? ?(\w+) ?[\])-]? ?->",
    ),
    Mistake("R005", "A -> B, k2", ARROWS + r" ([A-Z]+ )*!COMMA (?!.*(MASS_ACTION|RATE NAME))",
            "a rate follows '@' or 'rate', not ','", RATE),
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
        "a rate follows '@' or 'rate', it does not stand in parentheses", RATE,
    ),
    Mistake(
        "R005", "A -> B [k2]", ARROWS + r" ([A-Z]+ )*LSQB ([A-Z]+ )+RSQB !(END|SEMI|LBRACE)",
        "a rate follows '@' or 'rate', it does not stand in brackets", "write 'A -> B @ {1}'",
        text=r"-> ?\w+ \[ ?(.*?) ?\]",
    ),
    Mistake(
        "R006", "A -> B rate: k2", r"(RATE|MASS_ACTION) !(COLON|FOREIGN_ASSIGN)",
        "no '{found}' stands behind '{before}'", "write 'A -> B {before} {1}'", text=r"(?:rate|@) ?:=? ?(.*)",
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
    Mistake("R015", "for i in range(3) { }", r"^FOR .*IN NAME (!LPAR|LPAR .*!)", "a range is written 'first..last'",
            "write 'for i in 0..3 { ... }' or 'for i in {a, b} { ... }'; both ends are included"),
    Mistake(
        "R017", "A(b) + B(a) -> A(b!1).B(a!1) @ k", r"(NAME|!NAME) (!)?LPAR .*(STRAY|RPAR DOT|ARROW)",
        "patterns of molecules with sites are not part of this language",
        "name each state of the molecule as one species, or quote the whole name: 'A(b!1)'",
    ),
    Mistake(
        "R028", "reaction r: A -> B @ k2", r"^NAME !NAME COLON", "'{1}' begins no statement",
        "a reaction begins with its name or its reactants: '{found}: A -> B @ k'",
        text=r"(?i)^(rule|reactions?|rxn) \w+ ?:", at_start=True,
    ),
    Mistake("R028", "reaction r1 { A -> B, k2 }", r"^NAME !(NAME|LBRACE)", "'{1}' begins no statement",
            "a reaction is one line: 'r1: A -> B @ k'", text=r"(?i)^(rule|reactions?|rxn) .*[{(]", at_start=True),
    Mistake(
        "R028", "reaction A -> B @ k2", r"^NAME !(NAME|NUMBER) .*" + ARROWS, "'{1}' begins no statement",
        "a reaction begins with its name or its reactants: 'r: A -> B @ k'", text=r"(?i)^(rule|reaction|rxn) [\w ]",
        at_start=True,
    ),
    Mistake(
        "R006", "A <-> B @ k2 k2",
        r"BOTH_WAYS .*(MASS_ACTION|RATE) (NAME|NUMBER) !(NAME|NUMBER) ?(END|SEMI|LBRACE|ON|PER|$)",
        "two rates are separated by ','", "write '@ {before}, {found}'",
    ),
    Mistake("R007", "my rule: A -> B @ k2", rf"^NAME !NAME COLON .*{ARROWS}", "the name of a reaction is one word",
            "any other name stands in quotes: '{1}'", text=r"^(\w+ \w+)"),
    Mistake("R028", "simulate until 100", r"^NAME !", "'{1}' begins no statement",
            "a file holds the model alone; 'rxnc run FILE' and 'rxnc simulate FILE --until 100' do something with it",
            text=r"(?i)^(simulate|sim|run|solve|plot|print|save|export|output|tspan|total)\b", at_start=True),
    Mistake(
        "R028", "t_end = 100", r"^NAME !EQUAL", "'{1}' is no part of a model",
        "a file holds the model alone; 'rxnc simulate FILE --until 100' says how long",
        text=r"(?i)^(t|time|tspan|t_?end|t_?max|duration|dt) ?=",
    ),
    Mistake("R026", "species X {units = uM}", r"LBRACE !UNITS", "a unit stands behind the name", "write '{1} : {2}'",
            text=r"(\w+) ?(?:=[^{,]*)?\{ ?units ?= ?'?\"?([^}'\"]*?)['\" ]*\}"),
    Mistake(
        "R012", "parameters: y = 3", r"^NAME (COLON .*)?!", "'{1}:' is no heading: each line says what it declares",
        "write 'param k = 1', 'species A = 10', 'A -> B @ k'", at_start=True,
        text=r"(?i)^(param\w*|reactions?|rates?|constants?|init\w*|events?|rules?|compartments?|vars?) ?:(?!.*[@>])",
    ),
    Mistake("R020", "end", r"^NAME !(END|SEMI)", "'{before}' ends nothing here", "a block ends with '}'",
            text=r"(?i)^(end|endfor|done|fi|endif)$"),
    Mistake(
        "R013", "if (A > 3) A = 0", r"^NAME LPAR !", "'{1}' begins no statement",
        "an event is 'when condition : NAME = value'", text=r"(?i)^(if|while|ifelse|whenever|trigger) ?\(",
        at_start=True,
    ),
    Mistake("R013", "every 10 : A = 5", r"^NAME !", "an event happens once, or whenever a condition becomes true",
            "one that repeats is a loop: for i in 1..9 { at 24*i : A = A + 1 }",
            text=r"(?i)^(every|each|repeat|periodic)\b", at_start=True),
    Mistake("R005", "A -> B @ k2 where k2 = 3", r"(MASS_ACTION|RATE) .*!(NAME|AND)", "a rate ends before '{found}'",
            "values are declared on lines of their own: 'param k = 1'", "where|with|and"),
    Mistake("R005", "A -> B @ \"k2\"", r"(MASS_ACTION|RATE) !STRING", "formulas and names stand without quotes",
            "write {1}", text=r'"([^"]*)"'),
    Mistake(
        "R001", "'A -> B' @ k2", r"^NAME !(MASS_ACTION|RATE|COMMA|END)", "'...' is one name, here with an arrow in it",
        "a reaction stands without quotes: {1}", text=r"^'([^']*(?:->|=>|-->)[^']*)'",
    ),
    Mistake("R005", "A -> B @ k2 if A > 3", r"(MASS_ACTION|RATE) .*!(NAME|WHEN|AT)", "a rate ends before '{found}'",
            "a rate under a condition is 'rate piecewise(law, condition, 0)'", "if|when|while|unless|at"),
    Mistake("R015", "A -> B @ k2 for i in 1..3", r"^(?!FOR\b|END).*!FOR\b", "a loop stands before its statements",
            "write 'for i in 1..3 { ... }'"),
    Mistake("R024", "@species A(t)", r"^!MASS_ACTION (SPECIES|NAME)", "'@{1}' belongs to Catalyst",
            "here '@' stands before a rate constant: 'species A = 10', 'param k = 1', 'A -> B @ k'", text=r"^@ ?(\w+)"),
    Mistake(
        "R030", "A@cell -> B@cell @ k2", rf"^(NAME COLON )?(NUMBER )?NAME !MASS_ACTION NAME .*{ARROWS}",
        "'@' stands before a rate, not before a compartment", "write 'species {before} in {1}' where it is declared",
        text=r"@ ?(\w+)",
    ),
    # -- equations and assignments
    Mistake(
        "R009", "dA/dt = -k2*A", r"^NAME (LSQB NAME RSQB )?!SLASH", "a derivative is written with a prime",
        "write \"{1}' = ...\"; it adds to what reactions do to {1}", text=r"^d ?\[? ?(\w+) ?\]? ?/ ?dt\b",
    ),
    Mistake("R013", "when A > 1 : A = 0 & B = 0", r"^(WHEN|AT) .* COLON .*!(STRAY|AND|FOREIGN_ASSIGN|PLUS) NAME EQUAL",
            "what an event sets is separated by ','", "write 'when condition : A = 0, B = 0'"),
    Mistake(
        "R009", "when A > 1 : A := 0", r"^(WHEN|AT) .*!FOREIGN_ASSIGN", "':=' is not an operator of this language",
        "an event assigns with '='", ":=",
    ),
    *(Mistake(
        "R011", f"{word.lower()} y = 1 +/- 0.1", rf"^({word}) .*EQUAL (MINUS )?NUMBER !FOREIGN_ASSIGN (MINUS )?NUMBER",
        "what is not known exactly has a distribution, not a '{found}'", f"write '{hint} ~ Normal({{2}}, {{3}})'",
        r"\+/?-|±", rf"{VALUE} ?(?:\+/?-|±) ?([\d.]+(?:[eE][+-]?\d+)?)",
    ) for word, hint in (("PARAM", "{1} = {2}"), ("SPECIES", "{1}"), ("INIT", "{1}"))),
    Mistake(
        "R009", "let y = k2 ± 1", r"!FOREIGN_ASSIGN", "'{found}' is not an operator of this language",
        "a sum with a negative number is written 'a - b'; an uncertain parameter 'param k = 1 ~ Normal(1, 0.1)'",
        r"\+/?-|±",
    ),
    Mistake(
        "R009", "param y := 3", rf"^({VALUED[1:-1]}|SPECIES|INIT) (.* COMMA )?NAME !FOREIGN_ASSIGN",
        "':=' is not an operator of this language",
        "a value is given with '=': '{before} = value'; one that always holds is 'let NAME = expr'", ":=",
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
        "R009", "when A > 1 : A += 1", r"^(WHEN|AT|NAME) (.*NAME )?!(PLUS|MINUS|STAR|SLASH) EQUAL",
        "'{found}=' is not an operator here", "write '{before} = {before} {found} ...'",
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
    Mistake(
        "R009", "A' = k2 if A > 3", r"EQUAL .*!NAME", "a choice between values is not written with 'if'",
        "write piecewise({1}, {2}, 0)", "if", r"= ?(.*?) if (?!.*else)(.*)",
    ),
    Mistake(
        "R009", "let y = A if A > 3 else 0", r"(EQUAL|RATE|MASS_ACTION) .*!NAME",
        "a choice between values is not written with 'if'", "write piecewise({1}, {2}, {3})",
        "if", r"(?:=|rate|@) ?(.*?) if (.*) else (.*)",
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
