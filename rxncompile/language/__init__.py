""".rxn text <-> Network.

    text --parser--> syntax tree --resolver--> Network --printer--> canonical text

`parse(print_network(net)) == net`. All mistakes of a text are reported together.
"""

from __future__ import annotations

from pathlib import Path

from ..errors import Diagnostic, RxnError, Source
from ..network import Network
from .files import Files, read_text
from .formatter import formatted
from .printer import print_network
from .resolver import resolve
from .scope import Report, TooManyError

__all__ = ["check", "formatted", "load", "load_with_warnings", "parse", "print_network"]


def load(path: str | Path) -> Network:
    """The Network of a model file. Raises RxnError with everything that is wrong with it."""
    return load_with_warnings(path)[0]


def load_with_warnings(path: str | Path) -> tuple[Network, tuple[Diagnostic, ...]]:
    """The Network of a model file, and what is doubtful in it: laws that can become negative. Raises as `load`."""
    path = Path(path)
    return _good(read_text(path, str(path)), str(path), path.parent)


def parse(text: str, name: str = "<text>", folder: str | Path | None = None) -> Network:
    """The Network of a model's text; `folder` is where its imports lie. Raises RxnError with all diagnostics."""
    return _good(text, name, folder)[0]


def _good(text: str, name: str, folder: str | Path | None) -> tuple[Network, tuple[Diagnostic, ...]]:
    net, found = _compiled(text, name, folder)
    if net is None or any(d.severity == "error" for d in found):
        raise RxnError.gather(found)
    return net, tuple(found)


def check(text: str, name: str = "<text>", folder: str | Path | None = None) -> tuple[Diagnostic, ...]:
    """Everything that is wrong with a model's text or doubtful in it, in the order of the text."""
    return tuple(_compiled(text, name, folder)[1])


def _compiled(text: str, name: str, folder: str | Path | None) -> tuple[Network | None, list[Diagnostic]]:
    report = Report()
    source = Source(name, text)
    place = None if folder is None else Path(folder)
    own = (place / Path(name).name).resolve() if place is not None else None
    files = Files(place, report)
    net = None
    try:
        files.take(source, place, above=(own,) if own is not None else ())
        called = files.name or (Path(name).stem if place is not None else "untitled")
        net = resolve(files.statements, source, called, report)
    except TooManyError:
        pass  # what was found is enough
    return net, report.sorted()
