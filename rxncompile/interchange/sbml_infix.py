"""Formulas in the infix notation of SBML Level 3, as tables beside an SBML model use it."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

import sympy as sp

from ..errors import RxnError
from .arithmetic import Refused, as_number
from .sbml_in_document import libsbml
from .sbml_in_math import Translator, Unknown

_LENGTH = 20_000
_BUDGET = 50_000
_DEPTH = 200


class Infix:
    """A reader of formulas; one keeps what it has learned of sizes."""

    def __init__(self) -> None:
        self._library = libsbml()

    def formula(self, written: str, names: Mapping[str, sp.Basic]) -> sp.Expr:
        """The expression, `names` saying what each name stands for. Raises R711 for a formula that is none."""
        depth = most = 0
        for c in written:
            depth += (c == "(") - (c == ")")
            most = max(most, depth)
        if len(written) > _LENGTH or most > _DEPTH:
            raise RxnError("R711", f"the formula {written[:40]!r}... is too long or nested too deep")
        tree = self._library.parseL3Formula(written)
        if tree is None:
            raise RxnError("R711", f"{written!r} is no formula")
        try:
            return as_number(Translator(self._library, {}, _BUDGET).formula(tree, names))
        except Unknown as error:
            near = get_close_matches(error.name, list(names), 1)
            hint = f"did you mean {near[0]!r}?" if near else ""
            raise RxnError("R711", f"unknown name {error.name!r} in {written!r}", hint=hint) from None
        except Refused as error:
            raise RxnError("R711", f"{written!r}: {error}") from None
