"""Formulas of an SBML document as expressions: MathML and level 1 text, function definitions inlined.

Meaning of the elements: SBML Level 3 Version 2 Core, section 3.4.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise, product
from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from ..expressions import TIME
from . import arithmetic as a

CALL_CAP = 40  # function definitions that call each other
DEPTH_CAP = 150
SIZE_CAP = 100_000  # parts of one formula, function definitions inlined
_TOLD_APART = 6  # differences whose signs are gone through, 3 each


class Unknown(a.Refused):
    """A name that nothing declares."""

    def __init__(self, name: str) -> None:
        super().__init__(f"unknown name {name!r}")
        self.name = name


def _reciprocal(f: Callable[[sp.Basic], sp.Expr]) -> Callable[[sp.Basic], sp.Expr]:
    return lambda x: a.divide(sp.S.One, f(x))


def _of_reciprocal(f: Callable[[sp.Basic], sp.Expr]) -> Callable[[sp.Basic], sp.Expr]:
    return lambda x: f(a.divide(sp.S.One, x))


# functions of one argument, by the names of their MathML elements
_ONE: dict[str, Callable[[sp.Basic], sp.Expr]] = {
    "ABS": a.absolute, "EXP": a.exponential, "LN": a.logarithm, "FLOOR": a.floor, "CEILING": a.ceiling,
    "FACTORIAL": a.factorial, "SIN": a.sine, "COS": a.cosine, "TAN": a.tangent, "TANH": a.hyperbolic_tangent,
    "SINH": a.hyperbolic_sine, "COSH": a.hyperbolic_cosine,
    "SEC": _reciprocal(a.cosine), "CSC": _reciprocal(a.sine), "COT": _reciprocal(a.tangent),
    "SECH": _reciprocal(a.hyperbolic_cosine), "CSCH": _reciprocal(a.hyperbolic_sine),
    "COTH": _reciprocal(a.hyperbolic_tangent),
    "ARCSIN": a.arcsine, "ARCCOS": a.arccosine, "ARCTAN": a.arctangent,
    "ARCCSC": _of_reciprocal(a.arcsine), "ARCSEC": _of_reciprocal(a.arccosine), "ARCCOT": _of_reciprocal(a.arctangent),
    "ARCSINH": a.arc_hyperbolic_sine, "ARCCOSH": a.arc_hyperbolic_cosine, "ARCTANH": a.arc_hyperbolic_tangent,
    "ARCCSCH": _of_reciprocal(a.arc_hyperbolic_sine), "ARCSECH": _of_reciprocal(a.arc_hyperbolic_cosine),
    "ARCCOTH": _of_reciprocal(a.arc_hyperbolic_tangent),
}  # fmt: skip
_RELATIONS = {"EQ": "==", "NEQ": "!=", "LT": "<", "LEQ": "<=", "GT": ">", "GEQ": ">="}


class Translator:
    """Turns libsbml's formula trees into expressions. `functions`: id -> (argument names, body)."""

    def __init__(self, lib: Any, functions: Mapping[str, tuple[tuple[str, ...], Any]], budget: int) -> None:
        self.lib = lib
        self.functions = functions
        self.budget = budget
        self.sizes: dict[sp.Basic, int] = {}
        self.kinds = self._kinds()
        self.partial = False  # whether a piecewise may have had no value, since this was last set

    def formula(self, tree: Any, names: Mapping[str, sp.Basic]) -> sp.Basic:
        """The expression of a tree, `names` saying what each identifier stands for. Raises `Refused`."""
        return self.checked(self._node(tree, names, 0, 0))

    def checked(self, expr: sp.Basic) -> sp.Basic:
        """The expression, if it is not too large. Raises `Refused`."""
        if self._size(expr) > SIZE_CAP:
            raise a.Refused(f"written out it has more than {SIZE_CAP:,} parts")
        return expr

    def _size(self, expr: sp.Basic) -> int:
        """How many parts an expression has, parts that occur twice counted twice."""
        waiting = [expr]
        while waiting:
            current = waiting[-1]
            missing = [x for x in current.args if x.args and x not in self.sizes]
            if missing:
                waiting += missing
            else:
                self.sizes[current] = 1 + sum(self.sizes[x] if x.args else 1 for x in current.args)
                waiting.pop()
        return self.sizes[expr]

    def _kinds(self) -> dict[int, Callable[[list[sp.Basic]], sp.Basic]]:
        """What each operator of a formula tree does with its finished arguments."""
        lib = self.lib
        kinds: dict[int, Callable[[list[sp.Basic]], sp.Basic]] = {
            lib.AST_POWER: _two(a.power), lib.AST_FUNCTION_POWER: _two(a.power),
            lib.AST_FUNCTION_LOG: _two(lambda base, x: a.divide(a.logarithm(x), a.logarithm(base))),
            lib.AST_FUNCTION_ROOT: _two(lambda degree, x: a.root(x, degree)),
            lib.AST_FUNCTION_QUOTIENT: _two(a.quotient), lib.AST_FUNCTION_REM: _two(a.remainder),
            lib.AST_FUNCTION_MIN: a.smallest, lib.AST_FUNCTION_MAX: a.largest,
            lib.AST_LOGICAL_AND: a.both, lib.AST_LOGICAL_OR: a.either, lib.AST_LOGICAL_XOR: a.odd,
            lib.AST_LOGICAL_NOT: _one(a.opposite),
            lib.AST_LOGICAL_IMPLIES: _two(lambda p, q: a.either([a.opposite(p), q])),
            lib.AST_FUNCTION_PIECEWISE: self._piecewise,
        }  # fmt: skip
        for name, function in _ONE.items():
            kinds[getattr(lib, f"AST_FUNCTION_{name}")] = _one(function)
        for name, relation in _RELATIONS.items():
            kinds[getattr(lib, f"AST_RELATIONAL_{name}")] = _chain(relation)
        return kinds

    def _node(self, tree: Any, names: Mapping[str, sp.Basic], depth: int, calls: int) -> sp.Basic:
        if tree is None:
            raise a.Refused("a formula is missing here")
        self.budget -= 1
        if self.budget < 0 or depth > DEPTH_CAP:
            raise a.Refused("it is too large, or nested too deep")
        lib, kind = self.lib, tree.getType()
        if kind == lib.AST_NAME:
            return self._name(tree.getName(), names)
        if kind in (lib.AST_INTEGER, lib.AST_REAL, lib.AST_REAL_E, lib.AST_RATIONAL):
            return self._number(tree, kind)
        if kind in (lib.AST_PLUS, lib.AST_MINUS, lib.AST_TIMES, lib.AST_DIVIDE):
            return self._spine(tree, names, depth, calls)
        if kind == lib.AST_FUNCTION:
            return self._call(tree, names, depth, calls)
        constant = self._constant(tree, kind)
        if constant is not None:
            return constant
        operator = self.kinds.get(kind)
        if operator is None:
            name = tree.getName() or tree.getOperatorName() or "an element"
            raise a.Refused(f"{name!r} is not supported in formulas")
        return operator([self._node(tree.getChild(i), names, depth + 1, calls) for i in range(tree.getNumChildren())])

    def _piecewise(self, given: list[sp.Basic]) -> sp.Basic:
        """What has no value where no condition holds; `partial` notes it, and the last piece's value is taken."""
        pieces = list(zip(given[::2], given[1::2], strict=False))
        otherwise = given[-1] if len(given) % 2 else None
        if not pieces and otherwise is None:
            raise a.Refused("a piecewise without pieces has no value")
        if otherwise is None and not _covered([condition for _, condition in pieces]):
            self.partial = True
        return a.choose(pieces, otherwise) if pieces else otherwise

    def _name(self, name: str, names: Mapping[str, sp.Basic]) -> sp.Basic:
        found = names.get(name)
        if found is None:
            raise Unknown(name)
        return found

    def _number(self, tree: Any, kind: int) -> sp.Expr:
        if kind == self.lib.AST_INTEGER:
            return sp.Integer(int(tree.getInteger()))
        if kind == self.lib.AST_RATIONAL:
            return a.divide(sp.Integer(int(tree.getNumerator())), sp.Integer(int(tree.getDenominator())))
        return a.number(tree.getReal())

    def _constant(self, tree: Any, kind: int) -> sp.Basic | None:
        lib = self.lib
        if kind == lib.AST_NAME_TIME:
            return TIME
        if kind == lib.AST_NAME_AVOGADRO:
            return a.number(tree.getReal())
        known = {
            lib.AST_CONSTANT_E: sp.E, lib.AST_CONSTANT_PI: a.number(math.pi),
            lib.AST_CONSTANT_TRUE: sp.true, lib.AST_CONSTANT_FALSE: sp.false,
        }  # fmt: skip
        return known.get(kind)

    def _spine(self, tree: Any, names: Mapping[str, sp.Basic], depth: int, calls: int) -> sp.Expr:
        """A chain of sums or products that leans to the left, as infix text gives it, without recursion."""
        lib = self.lib
        additive = tree.getType() in (lib.AST_PLUS, lib.AST_MINUS)
        pair = (lib.AST_PLUS, lib.AST_MINUS) if additive else (lib.AST_TIMES, lib.AST_DIVIDE)
        inverse = a.negative if additive else (lambda x: a.power(x, sp.S.NegativeOne))
        parts: list[sp.Basic] = []
        current = tree
        while current is not None and current.getType() in pair:
            children = [current.getChild(i) for i in range(current.getNumChildren())]
            if current.getType() == pair[1]:
                if len(children) == 1 and additive:
                    parts.append(a.negative(self._node(children[0], names, depth + 1, calls)))
                    current = None
                    break
                if len(children) != 2:
                    raise a.Refused("a difference or quotient needs two parts")
            below = children[1] if current.getType() == lib.AST_DIVIDE else None
            if below is not None and below.getType() == lib.AST_TIMES:  # one product, however it is written
                children[1:] = [below.getChild(i) for i in range(below.getNumChildren())]
            rest = [self._node(c, names, depth + 1, calls) for c in children[1:]]
            parts += [inverse(x) for x in rest] if current.getType() == pair[1] else rest
            self.budget -= 1
            current = children[0] if children else None
        if current is not None:
            parts.append(self._node(current, names, depth + 1, calls))
        return a.add(parts) if additive else a.multiply(parts)

    def _call(self, tree: Any, names: Mapping[str, sp.Basic], depth: int, calls: int) -> sp.Basic:
        name = tree.getName()
        if name not in self.functions:
            raise Unknown(name)
        if calls >= CALL_CAP:
            raise a.Refused(f"function {name!r} is called within itself, or calls are nested too deep")
        arguments, body = self.functions[name]
        given = [self._node(tree.getChild(i), names, depth + 1, calls) for i in range(tree.getNumChildren())]
        if len(given) != len(arguments):
            raise a.Refused(f"function {name!r} takes {len(arguments)} arguments, not {len(given)}")
        return self.checked(self._node(body, dict(zip(arguments, given, strict=True)), depth + 1, calls + 1))


def _one(function: Callable[[sp.Basic], sp.Basic]) -> Callable[[list[sp.Basic]], sp.Basic]:
    def applied(given: list[sp.Basic]) -> sp.Basic:
        if len(given) != 1:
            raise a.Refused(f"a function of one argument is given {len(given)}")
        return function(given[0])

    return applied


def _two(function: Callable[[sp.Basic, sp.Basic], sp.Basic]) -> Callable[[list[sp.Basic]], sp.Basic]:
    def applied(given: list[sp.Basic]) -> sp.Basic:
        if len(given) != 2:
            raise a.Refused(f"an operator of two arguments is given {len(given)}")
        return function(given[0], given[1])

    return applied


def _chain(relation: str) -> Callable[[list[sp.Basic]], sp.Basic]:
    """`a < b < c` says that each neighbouring pair keeps the relation."""

    def applied(given: list[sp.Basic]) -> sp.Basic:
        if len(given) < 2:
            raise a.Refused("a comparison needs two sides")
        return a.both([a.compare(relation, x, y) for x, y in pairwise(given)])

    return applied


def _covered(conditions: Sequence[sp.Basic]) -> bool:
    """Whether one of some conditions always holds from time 0 on, as far as signs of differences can tell."""
    one = a.either(list(conditions))
    differences: dict[sp.Expr, list[tuple[Relational, int]]] = {}
    for relation in one.atoms(Relational):
        difference = sp.expand(relation.lhs - relation.rhs)
        turned = difference.could_extract_minus_sign()
        differences.setdefault(-difference if turned else difference, []).append((relation, -1 if turned else 1))
    if len(differences) > _TOLD_APART:
        return False
    for signs in product((-1, 0, 1), repeat=len(differences)):
        truth: dict[sp.Basic, sp.Basic] = {}
        for (difference, relations), sign in zip(differences.items(), signs, strict=True):
            if difference == TIME and sign < 0:
                break
            truth |= {relation: relation.func(way * sign, 0) for relation, way in relations}
        else:
            if one.xreplace(truth) != sp.true:
                return False
    return True
