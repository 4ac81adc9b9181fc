"""Both readable forms of an expression mean the expression: they are read back and compared as numbers."""

import re
import xml.etree.ElementTree as ET

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import MPContext

from rxncompile.expressions import TIME, number, symbol
from rxncompile.network import Distribution
from rxncompile.notation import (
    change_box,
    derivative,
    latex,
    letters,
    mathml,
    side_box,
    system_latex,
    to_latex,
    to_mathml,
)
from rxncompile.notation.boxes import escaped_xml
from rxncompile.system import Constant, Jump, State, System, Trigger

NAMES = ["k1", "k_1", "k_on", "alpha", "Gamma", "birth", "X", "GP2", "S[0,1]", "A(x!1)", "<A^2*B>", "<A>_c", "t"]
VALUES = {symbol(n): sp.Rational(3 + 2 * k, 7 + k) for k, n in enumerate(NAMES)}
STATES = frozenset(symbol(n) for n in ("X", "GP2", "S[0,1]", "A(x!1)", "<A^2*B>", "<A>_c"))
DRAWN = letters(NAMES, STATES)
math = MPContext()
math.dps = 200  # so that cancellation does not hide a wrong digit
HOSTILE = ["<script>alert(1)</script>", "a&b", 'x"y', "\\input{/etc/passwd}", "50%_$#{}~^", "é µ", "a\x01b", "]]>"]


# ---------------------------------------------------------------------------------------------- reading back


def mpf(number):
    return math.mpf(number.p) / number.q


class LatexReader:
    """Evaluates the LaTeX that the writer makes of an arithmetic expression."""

    FUNCTIONS = {"\\ln": math.ln, "\\tanh": math.tanh, "\\exp": math.exp, "\\min": min, "\\max": max}

    def __init__(self, text):
        names = {to_latex(DRAWN[n]): mpf(VALUES[symbol(n)]) for n in NAMES}
        self.names = dict(sorted(names.items(), key=lambda pair: -len(pair[0])))
        self.text = text.replace("\\left", "").replace("\\right", "")
        self.at = 0

    def skip(self):
        while self.text.startswith((" ", "{}"), self.at):
            self.at += 1 if self.text[self.at] == " " else 2

    def take(self, *wanted):
        self.skip()
        for piece in wanted:
            if self.text.startswith(piece, self.at):
                self.at += len(piece)
                return piece
        return None

    def expect(self, piece):
        assert self.take(piece), f"{piece!r} expected at {self.text[self.at :]!r}"

    def sum(self):
        total = -self.product() if self.take("-") else self.product()
        while sign := self.take("+", "-"):
            total += self.product() if sign == "+" else -self.product()
        return total

    def product(self):
        total = self.power()
        while self.take("\\,", "\\;", "\\cdot"):
            total *= self.power()
        return total

    def power(self):
        base = self.atom()
        if self.take("^"):
            self.expect("{")
            over = self.sum()
            if self.take("/"):
                over /= self.sum()
            self.expect("}")
            return base**over
        return base

    def group(self, shut):
        value = self.sum()
        self.expect(shut)
        return value

    def atom(self):
        if self.take("\\frac"):
            self.expect("{")
            above = self.group("}")
            self.expect("{")
            return above / self.group("}")
        if self.take("\\sqrt"):
            self.expect("{")
            return math.sqrt(self.group("}"))
        for name, function in self.FUNCTIONS.items():
            if self.take(name):
                self.expect("(")
                arguments = [self.sum()]
                while self.take(","):
                    arguments.append(self.sum())
                self.expect(")")
                return function(*arguments)
        if self.take("("):
            return self.group(")")
        if self.take("|"):
            return abs(self.group("|"))
        if self.take("\\mathrm{e}"):
            return math.e + 0
        for name, value in self.names.items():
            if self.take(name):
                return value
        self.skip()
        digits = re.compile(r"\d+(\.\d+)?").match(self.text, self.at)
        assert digits, self.text[self.at :]
        self.at = digits.end()
        return math.mpf(digits[0])


def value_of_latex(text):
    reader = LatexReader(text)
    value = reader.sum()
    reader.skip()
    assert reader.at == len(reader.text), reader.text[reader.at :]
    return value


KNOWN = {ET.tostring(ET.fromstring(to_mathml(DRAWN[n]))): mpf(VALUES[symbol(n)]) for n in NAMES}
CALLS = {"ln": math.ln, "tanh": math.tanh, "exp": math.exp, "min": min, "max": max}


def value_of_mathml(node):
    """Evaluates presentation MathML by its layout alone."""
    known = KNOWN.get(ET.tostring(node))
    if known is not None:
        return known
    children = list(node)
    if node.tag in ("math", "mrow", "msqrt"):
        value = value_of_row(children)
        return math.sqrt(value) if node.tag == "msqrt" else value
    if node.tag == "mn":
        return math.mpf(node.text)
    if node.tag == "mfrac":
        return value_of_mathml(children[0]) / value_of_mathml(children[1])
    if node.tag == "msup":
        return value_of_mathml(children[0]) ** value_of_mathml(children[1])
    if node.tag == "msubsup":
        base = ET.Element("msub")
        base.extend(children[:2])
        return value_of_mathml(base) ** value_of_mathml(children[2])
    assert (node.tag, node.text) == ("mi", "e"), ET.tostring(node)
    return math.e + 0


def value_of_row(children):
    children = [c for c in children if c.tag != "mspace"]
    marks = [c.text if c.tag == "mo" else "" for c in children]
    if marks[0] in ("(", "|") and marks[-1] in (")", "|") and len(children) > 2:
        inside = value_of_row(children[1:-1])
        return abs(inside) if marks[0] == "|" else inside
    total, factor, sign = math.mpf(0), None, 1
    position = 0
    while position < len(children):
        mark = marks[position]
        if mark in ("+", "\u2212"):
            total += sign * factor if factor is not None else 0
            factor, sign = None, 1 if mark == "+" else -1
        elif mark == "/":
            return (total + sign * factor) / value_of_row(children[position + 1 :])
        elif mark not in ("\u2062", "·"):
            if position + 1 < len(children) and marks[position + 1] == "\u2061":
                arguments = split_at_commas(list(children[position + 2])[1:-1])
                value = CALLS[children[position].text](*(value_of_row(a) for a in arguments))
                position += 2
            else:
                value = value_of_mathml(children[position])
            factor = value if factor is None else factor * value
        position += 1
    return total + sign * factor


def split_at_commas(nodes):
    if len(nodes) == 1 and nodes[0].tag == "mrow":
        inner = list(nodes[0])
        if any(c.tag == "mo" and c.text == "," for c in inner):
            nodes = inner
    parts = [[]]
    for node in nodes:
        if node.tag == "mo" and node.text == ",":
            parts.append([])
        else:
            parts[-1].append(node)
    return parts


fractions = st.fractions(min_value=-4, max_value=4, max_denominator=12)
numbers = fractions.map(lambda f: sp.Rational(f.numerator, f.denominator))
tiny = st.integers(-9, 7).map(lambda k: 3 * sp.Integer(10) ** k)
leaves = st.one_of(st.sampled_from(list(VALUES)), numbers, tiny)


def branches(inner):
    return st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: sp.Add(*parts)),
        st.lists(inner, min_size=2, max_size=4).map(lambda parts: sp.Mul(*parts)),
        st.tuples(inner, st.sampled_from([-2, -1, 2, 3, sp.Rational(1, 2), sp.Rational(-2, 3)])).map(
            lambda pair: (sp.Abs(pair[0]) + 1) ** pair[1]
        ),
        inner.map(lambda x: sp.log(1 + x**2)),
        inner.map(lambda x: sp.exp(-sp.tanh(x))),
        st.tuples(inner, inner).map(lambda pair: sp.Min(*pair)),
    )


def long(value):
    """Whether a number is rounded for reading."""
    return len(number(value)) > 20 or len(number(abs(1 / value) if value else value)) > 20


expressions = st.recursive(leaves, branches, max_leaves=6).filter(
    lambda e: e.is_real is not False and not e.has(sp.nan, sp.zoo, sp.oo) and not any(map(long, e.atoms(sp.Rational)))
)


def close(found, expr):
    wanted = math.mpf(str(expr.xreplace(VALUES).evalf(200)))
    return abs(found - wanted) <= abs(wanted) * math.mpf(10) ** -30 + math.mpf(10) ** -120  # of 200 digits


@settings(max_examples=100, deadline=None)
@given(expressions)
def test_latex_means_the_expression(expr):
    assert close(value_of_latex(latex(expr, STATES, DRAWN)), expr)


@settings(max_examples=100, deadline=None)
@given(expressions)
def test_mathml_means_the_expression(expr):
    assert close(value_of_mathml(ET.fromstring(mathml(expr, STATES, DRAWN))), expr)


# ---------------------------------------------------------------------------------------------- how it looks


X, G, k1, cell = symbol("X"), symbol("GP2"), symbol("k1"), symbol("cell")


@pytest.mark.parametrize(
    ("expr", "wanted"),
    [
        (G * k1 * X / cell, r"\frac{k_{1}}{\mathit{cell}} \; \mathrm{GP}_{2} \; \mathrm{X}"),
        (sp.Rational(3, 10**7) * X, r"3 \cdot 10^{-7} \, \mathrm{X}"),
        (-X / 2 + k1, r"k_{1} - \frac{\mathrm{X}}{2}"),
        (X**2 / (k1**2 + X**2), r"\frac{\mathrm{X}^{2}}{\mathrm{X}^{2} + k_{1}^{2}}"),
        (symbol("k_on") * symbol("alpha_max"), r"\alpha_{\mathrm{max}} \, k_{\mathrm{on}}"),
        (symbol("S[0,1]") ** 2, r"S_{0,1}^{2}"),
        (symbol("<A^2*B>"), r"\langle \mathrm{A}^{2} \, \mathrm{B}\rangle"),
        (symbol("<A(0) B(-1)>"), r"\langle \mathrm{A}(0) \, \mathrm{B}(-1)\rangle"),
        (symbol("J[A,B]"), r"J_{\mathrm{A},\mathrm{B}}"),
        (sp.exp(-k1 * TIME), r"\mathrm{e}^{-k_{1} \, t}"),
        (sp.exp(-TIME / k1), r"\exp\left(-\frac{t}{k_{1}}\right)"),
        (sp.floor(X), r"\lfloor \mathrm{X}\rfloor"),
        (sp.Integer(2_000_000), r"2 \cdot 10^{6}"),
        (symbol("H2O"), r"\mathit{H2O}"),
        (k1 * X * sp.Rational(1000, 602214) * 1000 / 1000, r"\frac{k_{1}}{602.214} \, \mathrm{X}"),
        (X * sp.Rational(10**22 + 1, 3 * 10**21 + 7), r"3.333333333 \, \mathrm{X}"),
        (sp.Rational(-1, 7), r"-\frac{1}{7}"),
        (sp.Rational(1, 2), "0.5"),
    ],
)
def test_reads_as_a_person_writes(expr, wanted):
    assert latex(expr, frozenset([X, G])) == wanted


def test_a_case_distinction_has_one_line_a_case():
    expr = sp.Piecewise((X, sp.And(X > 1, k1 >= TIME)), (k1, True))
    assert latex(expr).count("\\\\") == 1
    assert "otherwise" in latex(expr)
    assert latex(expr).startswith("\\begin{cases}")
    assert "\\left(\\begin{cases}" in latex(expr + k1)
    rows = ET.fromstring(mathml(expr)).findall(".//mtr")
    assert len(rows) == 2


@pytest.mark.parametrize(("op", "sign"), [(sp.Ge, r"\geq"), (sp.Ne, r"\neq"), (sp.Lt, "<"), (sp.Eq, "=")])
def test_relations(op, sign):
    assert latex(op(X, k1)) == rf"X {sign} k_{{1}}"
    assert "\\lnot" in latex(sp.Not(sp.Or(op(X, k1), TIME > 3), evaluate=False))


def test_the_way_back_is_told_from_the_way_there():
    both = letters(["k1", "k_1"])
    assert to_latex(both["k1"]) == "k_{1}"
    assert to_latex(both["k_1"]) == "k_{-1}"
    assert to_latex(letters(["k_1", "k_2"])["k_1"]) == "k_{1}"


@given(st.lists(st.text(alphabet="kK1_2[],ab", min_size=1, max_size=6), unique=True, max_size=30))
def test_no_two_names_look_alike(names):
    drawn = letters(names)
    boxes = [drawn[name] for name in names]
    assert len(set(boxes)) == len(boxes)
    assert len({to_mathml(b) for b in boxes}) == len(boxes)


# ---------------------------------------------------------------------------------------------- hostile names


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text(name):
    expr = symbol(name) ** 2 + k1
    page = mathml(expr, frozenset([symbol(name)]))
    tree = ET.fromstring(page)
    assert "".join(tree.itertext()).replace("\u2062", "").startswith(("k1+", escaped_text(name)))
    assert {node.tag for node in tree.iter()} <= {"math", "mrow", "msup", "msub", "mi", "mn", "mo", "mtext", "mspace"}
    assert balanced(latex(expr))
    assert not re.search(r"\\(input|def|catcode|href|write)\b", latex(expr))


def escaped_text(name):
    return "".join(c if c.isprintable() else "\ufffd" for c in name)


def balanced(text):
    """Braces, environments and growing delimiters all close in order."""
    stack = []
    pattern = r"\\\\|\\[{}]|[{}]|\\begin\{(\w+)\}|\\end\{(\w+)\}|\\left(?![a-z])|\\right(?![a-z])"
    for match in re.finditer(pattern, text):
        piece = match[0]
        if piece == "{" or piece == "\\left" or match[1]:
            stack.append(match[1] or piece)
        elif piece == "}" or piece == "\\right" or match[2]:
            wanted = match[2] or {"}": "{", "\\right": "\\left"}[piece]
            if not stack or stack.pop() != wanted:
                return False
    return not stack and not text.rstrip().endswith("\\")


@given(st.text(min_size=1, max_size=20))
def test_any_name_gives_valid_xml_and_balanced_latex(name):
    expr = symbol(name) / 3 + symbol("<" + name + ">") ** 2
    ET.fromstring(mathml(expr))
    assert balanced(latex(expr))
    ET.fromstring(f'<p title="{escaped_xml(name)}">{escaped_xml(name)}</p>')


@settings(max_examples=60, deadline=None)
@given(expressions)
def test_latex_is_balanced(expr):
    assert balanced(latex(expr))


# ---------------------------------------------------------------------------------------------- systems


def lotka_volterra():
    x, y, birth, eat = (symbol(n) for n in ("X", "Y", "birth", "eat"))
    return System(
        "LV",
        (State(x, "X", sp.Integer(50)), State(y, "Y", Distribution("Poisson", (sp.Integer(3),)))),
        (Constant(birth, "birth", sp.S.One), Constant(eat, "eat", sp.Rational(1, 200))),
        (birth * x - eat * x * y, eat * x * y - y),
        events=(Trigger(True, sp.Integer(5), ((x, sp.Integer(9)),)),),
        definitions=((symbol("ratio"), x / y),),
    )


def test_a_system_is_an_aligned_environment():
    text = lotka_volterra()._repr_latex_()
    assert text.startswith("$$")
    assert balanced(text)
    assert "\\frac{\\mathrm{d}\\mathrm{X}}{\\mathrm{d}t} &= \\mathit{birth} \\; \\mathrm{X}" in text
    assert "\\mathit{ratio} &= \\frac{\\mathrm{X}}{\\mathrm{Y}}" in text
    assert "\\text{at }t = 5\\text{: }\\mathrm{X} = 9" in text


def test_long_right_hand_sides_break_between_terms():
    terms = [symbol(f"rate_{k}") * symbol(f"X_{k}") for k in range(30)]
    drawn = letters([s.name for t in terms for s in t.free_symbols])
    text = system_latex(drawn, [("X_0", sp.Add(*terms))])
    lines = text.split("\\\\")
    assert len(lines) > 3
    assert all(line.count("rate") < 12 for line in lines)
    assert sum(line.count("rate") for line in lines) == 30
    assert all(line.strip().startswith(("&\\quad {} +", "&\\quad {} -")) for line in lines[1:])


def test_jumps_are_a_table():
    x = symbol("X")
    jumps = tuple(Jump(f"r{k}", ((x, k - 2),), symbol("k1") * x) for k in (0, 4))
    system = System("J", (State(x, "X"),), (Constant(symbol("k1"), "k1", sp.S.One),), jumps=jumps)
    text = system.latex()
    assert "\\mathtt{r0} & \\mathrm{X} - 2 & k_{1} \\, \\mathrm{X}" in text
    assert "\\mathrm{X} + 2" in text
    assert "\\frac" not in text  # no drift, no derivative


def test_a_notebook_sees_the_first_equations_of_many():
    states = tuple(State(symbol(f"X{k}"), f"X{k}") for k in range(70))
    system = System("many", states, drift=tuple(s.symbol for s in states))
    assert system._repr_latex_().count("&=") == 50
    assert "first 50 of 70 states" in system._repr_latex_()
    assert system.latex().count("&=") == 70


def test_sides_changes_and_derivatives():
    drawn = letters(["A", "B"], frozenset([symbol("A"), symbol("B")]))
    assert to_latex(side_box((("A", 2), ("B", 1)), drawn)) == r"2 \, \mathrm{A} + \mathrm{B}"
    assert to_latex(side_box((), drawn)) == r"\emptyset"
    assert to_latex(change_box((), drawn)) == "0"
    assert to_latex(derivative("A", drawn)) == r"\frac{\mathrm{d}\mathrm{A}}{\mathrm{d}t}"
