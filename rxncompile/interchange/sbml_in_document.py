"""An SBML document that libsbml has read: its formulas as expressions, its names as ours, its faults with a place."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import sympy as sp

from ..errors import Diagnostic, RxnError, Source, Span
from . import arithmetic as a
from .sbml_hints import HINTS
from .sbml_in_math import Translator, Unknown
from .sbml_in_text import Element, Places, places, utf8

_TAKEN = frozenset(("t",))  # the time, in the model language
_SHOWN = 20
_LEFT_OUT = frozenset(("fbc", "groups", "layout", "qual", "render"))  # packages that change no meaning of the core
_NAMESPACES = {
    ("1", "1"): "http://www.sbml.org/sbml/level1",
    ("1", "2"): "http://www.sbml.org/sbml/level1",
    ("2", "1"): "http://www.sbml.org/sbml/level2",
    **{("2", v): f"http://www.sbml.org/sbml/level2/version{v}" for v in "2345"},
    **{("3", v): f"http://www.sbml.org/sbml/level3/version{v}/core" for v in "12"},
}


def libsbml() -> Any:
    """python-libsbml. Raises R705 where it is not installed."""
    try:
        import libsbml as library
    except ImportError:
        raise RxnError(
            "R705", "reading SBML needs python-libsbml", hint="pip install 'rxncompile[sbml]'"
        ) from None
    return library


class Document:
    """One model and what a reader asks of it. `names`: SBML identifier -> name in the Network.

    `meaning`: what an identifier stands for in a formula; the reader fills it before it asks for formulas.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.places: Places = places(source)
        self.lib = libsbml()
        root = self.places.elements[0]
        self._refuse_other(root)
        self.warnings = self._packages(root)
        self._keep = self.lib.readSBMLFromString(utf8(source))  # owns everything below
        self._refuse_faults()
        self.model = self._keep.getModel()
        if self.model is None:
            raise RxnError("R031", "the document has no model", self.places.tag_span(root))
        self.level, self.version = self.model.getLevel(), self.model.getVersion()
        self.names: dict[str, str] = {}
        self.used: set[str] = set()  # names of quantities
        self.labels: set[str] = set()  # names of reactions
        self._ids: dict[str, Any] = {}
        self.meaning: dict[str, sp.Basic] = {}
        self.translator = Translator(self.lib, dict(self._functions()), 100_000 + 20 * self.places.count)

    def _refuse_other(self, root: Element) -> None:
        """Raise R031 for what is no SBML of a level that exists, before libsbml sees it."""
        span = self.places.tag_span(root)
        if root.tag != "sbml":
            raise RxnError("R031", f"this is not SBML: it begins with <{root.tag}>", span)
        level, version = root.attributes.get("level", ""), root.attributes.get("version", "")
        if _NAMESPACES.get((level, version)) != root.space:
            message = f"level {level!r}, version {version!r} and namespace {root.space!r} are no SBML together"
            raise RxnError("R031", message, span)

    def _packages(self, root: Element) -> list[Diagnostic]:
        """Warnings of the packages that a document can do without. Raises R280 for one that it cannot."""
        span, left_out = self.places.tag_span(root), []
        for key, value in root.attributes.items():
            space, _, name = key.rpartition(" ")
            package = space.split("/")[-2:][0]
            if name == "required" and value.strip() in ("true", "1"):
                raise RxnError("R280", f"the package {package!r} is required, and not supported", span)
            if name == "required":
                left_out.append(f"what the package {package!r} says is left out: the document can do without")
        return [Diagnostic("R280", message, span, severity="warning") for message in left_out]

    def _refuse_faults(self) -> None:
        found = []
        for k in range(self._keep.getNumErrors()):
            fault = self._keep.getError(k)
            if fault.getPackage() in _LEFT_OUT:
                continue
            if fault.getSeverity() >= self.lib.LIBSBML_SEV_ERROR:
                message = " ".join(fault.getMessage().split())
                found.append(Diagnostic("R032", message, self.line_span(fault.getLine())))
        if found:
            raise RxnError.gather(found[:_SHOWN])

    def _functions(self) -> Iterator[tuple[str, tuple[tuple[str, ...], Any]]]:
        for definition in self.model.getListOfFunctionDefinitions():
            if definition.getMath() is None:  # level 3 version 2 lets it be absent: only a call of it has no meaning
                continue
            if definition.getBody() is None:
                raise self.refused("R281", f"function {definition.getId()!r} has no body", definition)
            count = definition.getNumArguments()
            arguments = tuple(definition.getArgument(i).getName() or "" for i in range(count))
            yield definition.getId(), (arguments, definition.getBody())

    # -- places --------------------------------------------------------------------------------------

    def line_span(self, line: int) -> Span:
        """The start of a line, or of the text."""
        text, at = self.source.text, 0
        for _ in range(max(0, line - 1)):
            found = text.find("\n", at)
            if found < 0:
                break
            at = found + 1
        return Span(self.source, at, at + 1)

    def span(self, item: Any, name: str = "") -> Span:
        """Where an element stands, or the first mention of `name` in it."""
        tag, line = item.getElementName(), item.getLine()
        identity = item.getId() or item.getIdAttribute()
        here = [e for e in self.places.by_line.get(line, ()) if e.tag == tag]
        exact = [e for e in here if identity in e.attributes.values()] if identity else here
        if not here:
            return self.line_span(line)
        chosen = (exact or here)[0]
        return self.places.name_span(chosen, name) if name else self.places.tag_span(chosen)

    def refused(self, code: str, message: str, item: Any, hint: str = "", name: str = "") -> RxnError:
        """An error about an element."""
        return RxnError(code, message, self.span(item, name), hint)

    def unsupported(self, item: Any, what: str, hint: str = "") -> RxnError:
        """The error that names an element which has no place in a Network."""
        return self.refused("R280", f"<{item.getElementName()}>: {what}", item, hint)

    # -- names ---------------------------------------------------------------------------------------

    def declare(self, item: Any) -> str:
        """Give the identifier of an element its name in the Network. Raises R102 where it is taken.

        Reactions have names of their own kind there.
        """
        identity = item.getId()
        if identity in self._ids:
            raise self.refused("R102", f"{identity!r} is declared twice", item)
        self._ids[identity] = item
        wanted = hints(item).get("name", identity)
        of_reactions = item.getTypeCode() == self.lib.SBML_REACTION
        self.names[identity] = self.free_name(wanted, self.labels if of_reactions else self.used)
        return self.names[identity]

    def free_name(self, wanted: str, used: set[str]) -> str:
        """A name that nothing else has, as near as possible to the one wanted; it is used from now on."""
        name = wanted.replace("'", "_").replace("\n", " ") or "_"
        while name in _TAKEN or name in used:
            name += "_"
        used.add(name)
        return name

    def item(self, identity: str) -> Any:
        """The element that declares an identifier."""
        return self._ids[identity]

    # -- formulas ------------------------------------------------------------------------------------

    def formula(self, item: Any, names: Mapping[str, sp.Basic] | None = None) -> sp.Expr:
        """The number that an element's formula gives. Raises R101 for unknown names, R281 for what has no value."""
        return a.as_number(self.formula_of(item, item.getMath(), names))

    def condition(self, item: Any) -> sp.Basic:
        """The truth value that an element's formula gives."""
        return a.as_truth(self.formula_of(item, item.getMath(), None))

    def formula_of(self, item: Any, tree: Any, names: Mapping[str, sp.Basic] | None) -> sp.Basic:
        self.translator.partial = False
        try:
            found = self.translator.formula(tree, ChainMap(dict(names), self.meaning) if names else self.meaning)
        except Unknown as unknown:
            known = unknown.name in self._ids
            why = "has no value that a formula could use" if known else "is not declared in this model"
            raise self.refused("R101", f"{unknown.name!r} {why}", item, name=unknown.name) from None
        except a.Refused as why:
            raise self.refused("R281", f"this formula has no meaning here: {why}", item) from None
        if self.translator.partial:
            self.warn(
                "this piecewise has no otherwise: SBML gives it no value where none of its conditions holds, here it "
                "has that of its last piece", item, "add <otherwise>",
            )  # fmt: skip
        return found

    def warn(self, message: str, item: Any, hint: str = "") -> None:
        """Note what is doubtful or left out, once for an element."""
        told = Diagnostic("R281", message, self.span(item), hint, severity="warning")
        if told not in self.warnings:
            self.warnings.append(told)

    def valued(self, item: Any, expr: sp.Basic, values: Mapping[sp.Symbol, sp.Expr]) -> sp.Basic:
        """An expression of an element with values put in. Raises R281 where it has none then."""
        try:
            return self.translator.checked(a.put_in(expr, values))
        except a.Refused as why:
            raise self.refused("R281", f"this has no value at the beginning: {why}", item) from None

    def number(self, value: float, item: Any, what: str) -> sp.Expr:
        """A number of an attribute, exactly."""
        try:
            return a.number(value)
        except a.Refused:
            raise self.refused("R281", f"{what} is not a finite number", item) from None


def hints(item: Any) -> dict[str, str]:
    """What our own writer noted in an element's annotation, by attribute."""
    found: dict[str, str] = {}
    if not item.isSetAnnotation():
        return found
    annotation = item.getAnnotation()
    for k in range(annotation.getNumChildren()):
        node = annotation.getChild(k)
        if node.getURI() == HINTS:
            given = node.getAttributes()
            found |= {given.getName(i): given.getValue(i) for i in range(given.getLength())}
    return found


def each(items: Any) -> Iterable[Any]:
    """The elements of one of libsbml's lists."""
    return (items.get(i) for i in range(items.size()))
