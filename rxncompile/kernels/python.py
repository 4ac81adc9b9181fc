"""Program -> readable Python: an exported module, and the kernels' test oracle.

The text does the operations of the LLVM text in the same order, so both compute the same bits as long as no
transcendental function takes part. Plain Python raises (ZeroDivisionError, OverflowError, ValueError) where compiled
code goes on with infinity or NaN. Names are positional; a model's own text stands only in string literals and comments.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import sympy as sp

from ..expressions import text, to_float
from ..network import Distribution
from ..system import System
from .graph import Node, Op
from .program import Program, jacobian_program, output_program, propensity_program, rhs_program
from .source import split_wide

_TERNARY, _OR, _AND, _NOT, _COMPARE, _SUM, _SIGN, _PRODUCT, _ATOM = range(9)
_FUNCTIONS = {
    Op.POW: "math.pow", Op.EXP: "math.exp", Op.LOG: "math.log", Op.SQRT: "math.sqrt", Op.SIN: "math.sin",
    Op.COS: "math.cos", Op.TAN: "math.tan", Op.TANH: "math.tanh", Op.ABS: "abs", Op.FLOOR: "_floor", Op.CEIL: "_ceil",
}  # fmt: skip
_INFIX = {
    Op.LT: (" < ", _COMPARE), Op.LE: (" <= ", _COMPARE), Op.EQ: (" == ", _COMPARE),
    Op.AND: (" and ", _AND), Op.OR: (" or ", _OR), Op.MUL: ("*", _PRODUCT), Op.DIV: ("/", _PRODUCT),
}  # fmt: skip
_LONG = 100  # characters of an expression before it gets a line of its own
_DEEP = 40  # operations inside each other before Python's parser needs a rest

# math.floor and math.ceil give whole numbers, which neither infinity nor -0.0 is
_ROUNDING = {
    name: f"""def _{name}(x):
    return math.copysign(float(math.{name}(x)), x) if abs(x) < 4503599627370496.0 else x
"""
    for name in ("floor", "ceil")
}


def python_function(program: Program, name: str, labels: Sequence[Sequence[str]] = ((), (), ())) -> str:
    """`def name(t, y, p, out)` for a program; `labels` of states, parameters and outputs stand in comments."""
    return _Writer(program, labels).function(name)


def system_python(system: System) -> str:
    """A module that needs only `math`: labels, numbers, and `rhs`, `jacobian`, `propensities`, `outputs` of a System.

    Raises R506 where the System is open, R508 where it has inputs, R507 for what no kernel can compute.
    """
    states = [s.label for s in system.states]
    parameters = [c.label for c in system.parameters]
    named = system.symbols
    jacobian = jacobian_program(system)
    entries = list(zip(jacobian.rows, jacobian.columns, strict=True))
    equations = [f"d {label}/dt = {text(rhs, named)}" for label, rhs in system.equations()]
    slopes = [f"d ({states[i]})' / d {states[j]}" for i, j in entries]
    functions = [
        python_function(rhs_program(system), "rhs", (states, parameters, equations)),
        python_function(jacobian.program, "jacobian", (states, parameters, slopes)),
    ]
    constants = [
        _tuple("STATES", map(ascii, states)),
        _tuple("INITIAL_VALUES", *_initial_values(system)),
        _tuple("PARAMETERS", map(ascii, parameters)),
        _tuple("PARAMETER_VALUES", map(_number, system.parameter_vector())),
        _tuple("JACOBIAN_ENTRIES", map(str, entries)),
    ]
    if system.jumps:
        laws = [f"{jump.name}: {text(jump.propensity, named)}" for jump in system.jumps]
        position = {s.symbol: i for i, s in enumerate(system.states)}
        changes = [str(tuple((position[s], v) for s, v in jump.change)) for jump in system.jumps]
        functions.append(python_function(propensity_program(system), "propensities", (states, parameters, laws)))
        constants.append(_tuple("REACTIONS", [ascii(jump.name) for jump in system.jumps]))
        constants.append(_tuple("CHANGES", changes))
    if system.outputs:
        formulas = [f"{label} = {text(formula, named)}" for label, formula in system.outputs]
        functions.append(python_function(output_program(system), "outputs", (states, parameters, formulas)))
        constants.append(_tuple("OUTPUTS", [ascii(label) for label, _ in system.outputs]))
    body = "\n\n".join(functions)
    notes = [system.name, *(f"  {line}" for line in system.history)]
    notes += [f"where {name.name} = {text(formula, named)}" for name, formula in system.definitions]
    for f in system.fields:
        notes.append("where " + ", ".join(s.name for s in f.outputs) + f" are those of the field {f.name!r}: {f.kind}")
        notes += [f"  0 = {text(formula, named)}" for formula in f.zeros]
    notes += [f"an event, not in this module: {text(event.condition, named)}" for event in system.events]
    head = [*_HEAD, *(f"# {_comment(note)}" for note in notes)]
    return "\n".join([*head, "", *constants, "", "", *_helpers(body), body])


_HEAD = (
    "# A system of equations, written by rxncompile. Each function takes the time t, the states y and the parameters p",
    "# (in the order of STATES and PARAMETERS) and fills the list or array out. INITIAL_VALUES are those at",
    "# PARAMETER_VALUES.",
    "#",
    "#   rhs           out[i] = d y[i]/dt",
    "#   jacobian      out[e] = d(d y[i]/dt)/d y[j] for the e-th pair (i, j) of JACOBIAN_ENTRIES; others are zero",
    "#   propensities  out[r] = events per time of reaction r; each adds v to y[i] for the pairs (i, v) of CHANGES[r]",
    "#   outputs       out[k] = value of OUTPUTS[k]",
    "",
    "import math",
    "",
)


class _Writer:
    """Writes one program: a value used once stands where it is used, others get a name."""

    def __init__(self, program: Program, labels: Sequence[Sequence[str]]) -> None:
        self.nodes, self.outputs = split_wide(program.nodes, program.outputs)
        self.labels = labels
        self.uses = [0] * len(self.nodes)
        for n in (*self.outputs, *(a for node in self.nodes for a in node.args)):
            self.uses[n] += 1
        self.ends = set(self.outputs)
        self.texts: list[tuple[str, int, int]] = []  # text, binding level, depth
        self.lines: list[str] = []
        self.count = 0

    def function(self, name: str) -> str:
        states, parameters, results = self.labels
        seen = {(op, int(value)) for op, _, value in self.nodes if op in (Op.STATE, Op.PARAM)}
        for op, letter, labels in ((Op.STATE, "y", states), (Op.PARAM, "p", parameters)):
            for i in sorted(i for kind, i in seen if kind is op):
                self.lines.append(f"{letter}{i} = {letter}[{i}]{_remark(labels, i)}")
        for i, n in enumerate(self.outputs):
            self._reach(n)
            if results:
                self.lines.append(f"# {_comment(results[i])}")
            self.lines.append(self._assign(f"out[{i}]", n))
        return "\n".join([f"def {name}(t, y, p, out):", *(f"    {line}" for line in self.lines or ["pass"]), ""])

    def _reach(self, last: int) -> None:
        """Write the nodes up to one, naming those used again and those too long or deep to stand inside others."""
        for n in range(len(self.texts), last + 1):
            body, level, depth = self._text(self.nodes[n])
            self.texts.append((body, level, depth))
            apart = self.uses[n] > 1 or ((depth > _DEEP or len(body) > _LONG) and n not in self.ends)
            if apart and self.nodes[n].op > Op.STATE:
                self.count += 1
                self.lines.append(self._assign(f"v{self.count}", n))
                self.texts[n] = (f"v{self.count}", _ATOM, 0)

    def _assign(self, target: str, n: int) -> str:
        body, node = self.texts[n][0], self.nodes[n]
        if len(body) <= _LONG or node.op is not Op.ADD:
            return f"{target} = {body}"
        return "\n        ".join([f"{target} = (", *self._terms(node)]) + "\n    )"

    def _terms(self, node: Node) -> list[str]:
        """A sum's terms, each with its sign in front."""
        terms = [self._inside(node.args[0], _SUM)]
        for a in node.args[1:]:
            if self.nodes[a].op is Op.NEG and self.texts[a][1] == _SIGN:
                terms.append(f"- {self._inside(self.nodes[a].args[0], _SIGN)}")
            else:
                terms.append(f"+ {self._inside(a, _SIGN)}")
        return terms

    def _inside(self, n: int, level: int) -> str:
        """A node's text where at least `level` binds, in parentheses if it must be."""
        body, own, _ = self.texts[n]
        return body if own >= level else f"({body})"

    def _text(self, node: Node) -> tuple[str, int, int]:
        op, args, value = node
        depth = max((self.texts[a][2] + len(args) - i for i, a in enumerate(args)), default=0)
        if op is Op.CONST:
            return _number(value), _SIGN if value < 0 or math.copysign(1.0, value) < 0 else _ATOM, 0
        if op <= Op.STATE:
            return "t" if op is Op.TIME else f"{'p' if op is Op.PARAM else 'y'}{int(value)}", _ATOM, 0
        if op is Op.ADD:
            return " ".join(self._terms(node)), _SUM, depth
        if op is Op.NEG:
            return f"-{self._inside(args[0], _PRODUCT)}", _SIGN, depth
        if op in _INFIX:
            sign, level = _INFIX[op]
            left = level + 1 if level == _COMPARE else level
            parts = [self._inside(args[0], left), *(self._inside(a, level + 1) for a in args[1:])]
            return sign.join(parts), level, depth
        if op is Op.NOT:
            return f"not {self._inside(args[0], _COMPARE)}", _NOT, depth
        if op is Op.SELECT:
            condition, yes, no = (self._inside(a, _OR) for a in args)
            return f"{yes} if {condition} else {no}", _TERNARY, depth
        if op in (Op.HELD, Op.ALIAS):
            return self.texts[args[0]]
        if op is Op.LOOKUP:
            return f"p[{int(self.nodes[args[1]].value)} + int({self.texts[args[0]][0]})]", _ATOM, depth
        if op in (Op.MIN, Op.MAX):
            # the first operand where the comparison holds, else the second: Python's order is the other way round
            return f"{op.name.lower()}({self.texts[args[1]][0]}, {self.texts[args[0]][0]})", _ATOM, depth
        return f"{_FUNCTIONS[op]}({', '.join(self.texts[a][0] for a in args)})", _ATOM, depth


def _number(value: float) -> str:
    if math.isfinite(value):
        return repr(float(value))
    return "math.nan" if math.isnan(value) else "math.inf" if value > 0 else "-math.inf"


def _comment(label: str) -> str:
    """A model's text on one line: nothing in it can end the comment."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in label)


def _remark(labels: Sequence[str], i: int) -> str:
    return f"  # {_comment(labels[i])}" if labels else ""


def _helpers(body: str) -> list[str]:
    return [definition + "\n" for name, definition in _ROUNDING.items() if f"_{name}(" in body]


def _tuple(name: str, entries: Iterable[str], remarks: Mapping[int, str] | None = None) -> str:
    lines = [f"    {entry},{_remark_at(remarks, i)}" for i, entry in enumerate(entries)]
    return "\n".join([f"{name} = (", *lines, ")"]) if lines else f"{name} = ()"


def _remark_at(remarks: Mapping[int, str] | None, i: int) -> str:
    return f"  # {_comment(remarks[i])}" if remarks and i in remarks else ""


def _initial_values(system: System) -> tuple[list[str], dict[int, str]]:
    """Initial numbers at the default parameters; for a normal or Poisson law its mean, with a remark."""
    values = system.environment()
    numbers: list[str] = []
    remarks: dict[int, str] = {}
    for i, state in enumerate(system.states):
        formula = state.initial
        if isinstance(formula, Distribution):
            arguments = ", ".join(text(a) for a in formula.arguments)
            remarks[i] = f"drawn from {formula.name}({arguments})"
            formula = formula.arguments[0] if formula.name in ("Normal", "Poisson") else sp.nan  # their mean
        numbers.append(_number(to_float(formula.xreplace(values))))
    return numbers, remarks
