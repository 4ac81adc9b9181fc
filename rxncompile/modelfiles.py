"""Model files by their suffix: .rxn, SBML .xml and BioNetGen .net in; .rxn, .xml, .tex, .py and .json out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .errors import Diagnostic, RxnError
from .language import load_with_warnings as load_rxn
from .language import print_network
from .network import Network


def load(path: str | Path) -> Network:
    """The Network of a model file, in the format that its suffix names.

    Raises RxnError with everything that is wrong with it; R401 for a suffix that is no format.
    """
    return load_with_warnings(path)[0]


def load_with_warnings(path: str | Path) -> tuple[Network, tuple[Diagnostic, ...]]:
    """The Network of a model file as `load` gives it, and what is doubtful in it: units of SBML that do not
    agree, laws that can become negative."""
    suffix = Path(path).suffix.lower()
    if suffix in (".xml", ".sbml"):
        from .interchange.sbml_in import load_sbml_with_warnings

        return load_sbml_with_warnings(path)
    if suffix == ".net":
        from .interchange.bionetgen import load_bionetgen

        return load_bionetgen(path), ()
    if suffix != ".rxn":
        message = f"{path}: models are read from .rxn, SBML .xml and BioNetGen .net files"
        raise RxnError("R401", message, hint="rename the file if it is one of these")
    return load_rxn(path)


def convert(net: Network, path: str | Path) -> str:
    """The text of a network in the format that a file's suffix names; .tex, .py and .json hold its rate equations.

    Raises R401 for a suffix that is no format, and what the writers refuse.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _WRITERS:
        raise RxnError("R401", f"{path}: models are written as " + ", ".join(_WRITERS))
    return _WRITERS[suffix](net)


def _sbml(net: Network) -> str:
    from .interchange.sbml_out import write_sbml

    return write_sbml(net)


def _latex(net: Network) -> str:
    from .derivations.rates import rate_equations  # what `check` does not need

    return rate_equations(net).latex() + "\n"


def _python(net: Network) -> str:
    from .derivations.rates import rate_equations
    from .kernels.python import system_python

    return system_python(rate_equations(net))


def _json(net: Network) -> str:
    from .derivations.rates import rate_equations
    from .interchange.json_text import system_json

    return system_json(rate_equations(net)) + "\n"


_WRITERS: dict[str, Callable[[Network], str]] = {
    ".rxn": print_network,
    ".xml": _sbml,
    ".sbml": _sbml,
    ".tex": _latex,
    ".py": _python,
    ".json": _json,
}
