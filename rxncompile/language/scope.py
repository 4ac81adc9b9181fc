"""Names: what is declared, where, and what to say when a name is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from itertools import islice
from typing import TypeAlias

import sympy as sp

from ..errors import Diagnostic, RxnError, Span
from ..expressions import BUILT_IN
from .syntax import File, Function, Kind, LatticeBlock, Node
from .units import for_a_name, names_in


@dataclass(frozen=True, slots=True)
class Declared:
    """A name, what it is and where it was declared."""

    name: str
    kind: Kind
    span: Span


# of a loop variable: a number or a full name; of a function's argument: its value
Binding: TypeAlias = int | str | sp.Expr


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a statement stands: its file, the prefix of the file's names, the loop variables around it."""

    file: File
    prefix: str = ""
    bindings: Mapping[str, Binding] = field(default_factory=dict)
    powers: bool = False  # whether the file's model line says {powers}

    def span(self, node: Node) -> Span:
        return self.file.span(node)

    def named(self, node: Function | LatticeBlock) -> Span:
        """Where the name of a function or lattice stands: behind the statement's first word."""
        start = self.file.source.text.index(node.name, node.start)
        return Span(self.file.source, start, start + len(node.name))

    def bind(self, name: str, value: Binding) -> Frame:
        return replace(self, bindings={**self.bindings, name: value})


DIAGNOSTICS_CAP = 200
_LOOKED_AT = 2_000  # names among which the nearest is sought


# Names known to other tools, and what is written here.
_ELSEWHERE = {
    "ln": "the natural logarithm is log(x)", "log2": "write log(x)/log(2)", "pow": "a power is written x^n",
    "power": "a power is written x^n", "e": "the exponential is exp(x)",
    "pi": "declare it: const pi = 3.14159265358979",
    "if": "write piecewise(value, condition, otherwise)", "ifelse": "write piecewise(value, condition, otherwise)",
    "inf": "numbers are finite", "nan": "numbers are finite", "Hill": "write hill(x, K, n)",
    "mass_action": "mass action is written 'A -> B @ k'", "MassAction": "mass action is written 'A -> B @ k'",
    "conc": "write the name alone: its unit says whether it is an amount or a concentration",
    "MichaelisMenten": "write mm(x, vmax, K)", "MM": "write mm(x, vmax, K)",
    "Henri_Michaelis_Menten": "write mm(x, vmax, K)",
    "delay": "there are no delays", "rand": "distributions stand in priors and initial values: '~ Normal(mean, sd)'",
    "true": "write a comparison", "false": "write a comparison", "mod": "write x - n*floor(x/n)",
}  # fmt: skip
_NOTHING = ("null", "nothing", "empty", "emptyset", "none", "nil", "void", "trash", "sink", "source")
_DECLARE = {
    "name": "every name has to be declared: 'species', 'param', 'const', 'let' or 'compartment'",
    "species": "declare it: 'species {0} = 0'",
    "compartment": "declare it: 'compartment {0} = 1'",
    "lattice": "declare it: 'lattice {0} {{ shape = line(1000) }}'",
    "function": "declare it: 'func {0}(x) = formula'",
}


class TooManyError(Exception):
    """There is enough to mend; the rest is not looked at."""


class Report:
    """The diagnostics of a text, one of a kind at each place (loops repeat them)."""

    def __init__(self) -> None:
        self.found: dict[object, Diagnostic] = {}

    def add(self, *diagnostics: Diagnostic) -> None:
        for d in diagnostics:
            self.found.setdefault((d.code, d.span) if d.span else d, d)
        if len(self.found) > DIAGNOSTICS_CAP:
            raise TooManyError

    def error(self, code: str, message: str, span: Span | None, hint: str = "") -> None:
        self.add(Diagnostic(code, message, span, hint))

    def sorted(self) -> list[Diagnostic]:
        def place(d: Diagnostic) -> tuple[str, int]:
            return (d.span.source.name, d.span.start) if d.span else ("", -1)

        return sorted(self.found.values(), key=place)


class Scope:
    """Every declared name, scalar or with indices, of the model and its imports."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.names: dict[str, Declared] = {}
        self.families: dict[str, list[tuple[tuple[str, ...], str]]] = {}  # base -> (indices, full name)
        self.functions: dict[str, tuple[Function, Frame]] = {}
        self.doubtful: set[str] = set()  # names in lines that could not be read
        self._missing: set[str] = set()

    def declare(self, name: str, kind: Kind, span: Span, indices: tuple[str, ...] = (), base: str = "") -> None:
        """Add a name, or report that it is taken."""
        if name in self.names:
            first = self.names[name]
            hint = f"it is {first.kind.one} already, declared at {place(first.span)}"
            self.report.error("R102", f"{name!r} is declared twice", span, hint)
            return
        if name == "t" or (name == "time" and not span.text.startswith("'")):
            self.report.error("R103", f"{name!r} is the time and cannot be declared", span, "choose another name")
        elif (base or name) in BUILT_IN and not span.text.startswith("'"):
            message = f"{base or name!r} is a function known to every model"
            self.report.error("R103", message, span, "choose another name")
        self.names[name] = Declared(name, kind, span)
        if indices:
            self.families.setdefault(base, []).append((indices, name))

    def missing(self, name: str, span: Span, wanted: str = "name") -> None:
        """Report an unknown name, once, with the nearest declared one."""
        if name in self._missing or name.partition("[")[0] in self.doubtful:
            return
        self._missing.add(name)
        if unit := for_a_name(name, span, wanted):
            self.report.add(unit)
            self._missing.update(names_in(unit.hint))  # the other factors of the unit
            return
        self.report.error("R101", f"unknown {wanted} {name!r}", span, self.hint(name, wanted))

    def hint(self, name: str, wanted: str = "name") -> str:
        """What may have been meant by an unknown name: a declared one, first of the wanted kind, or another tool's."""
        base, bracket, _ = name.partition("[")
        if base in self.families:
            examples = ", ".join(full for _, full in self.families[base][:3])
            return f"{base!r} has indices: {examples}" + (" ..." if len(self.families[base]) > 3 else "")
        if bracket and base in self.names:
            return f"{base!r} has no indices (declared at {place(self.names[base].span)})"
        if wanted in ("name", "function") and name in _ELSEWHERE:
            return _ELSEWHERE[name]
        if wanted == "species" and name.lower() in _NOTHING:
            return "nothing is written '0'"
        declared = list(islice(self.names, _LOOKED_AT))
        fitting = [n for n in declared if self.names[n].kind == wanted]
        built_in = sorted(BUILT_IN) if wanted == "function" else ["t", "time"] if wanted == "name" else []
        if wanted == "function":
            fitting, declared = [*fitting, *built_in], []
        same = [n for n in (*fitting, *declared, *built_in) if n.lower() == name.lower()]
        near = same[:1] or get_close_matches(name, fitting, 1, 0.6)
        near = near or get_close_matches(name, [*declared, *built_in], 1, 0.6)
        if not near:
            return _DECLARE.get(wanted, _DECLARE["name"]).format(name)
        meant = self.names.get(near[0])
        if meant is None:
            return f"did you mean {near[0]!r}?"
        kind = f"{meant.kind.one}, " if wanted not in ("name", meant.kind) else ""
        return f"did you mean {near[0]!r}? ({kind}declared at {place(meant.span)})"

    def of_kind(self, name: str, kind: Kind, span: Span) -> str:
        """A name that has to be of one kind. Raises R101 where unknown, R104 where it is something else."""
        found = self.names.get(name)
        if found is None:
            self.missing(name, span, kind)
            raise ReportedError
        if found.kind is not kind:
            hint = f"declared at {place(found.span)}"
            raise RxnError("R104", f"{name!r} is {found.kind.one}; {kind.one} is needed here", span, hint)
        return name


class ReportedError(Exception):
    """A statement is given up; what is wrong with it has been reported already."""


def place(span: Span) -> str:
    """line:column of a declaration."""
    return f"{span.line}:{span.column}"
