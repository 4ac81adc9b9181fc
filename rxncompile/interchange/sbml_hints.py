"""What SBML cannot say of a Network, noted in annotations of our own: written and read as attributes.

A reader without them sees the same equations. `name` is ours where it is no SBML identifier; the rest are kinds of
rules, forms of rate laws, flags, bounds, priors, units and amounts per molecule.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.sax.saxutils import quoteattr

import sympy as sp

from ..network import Distribution

HINTS = "urn:rxncompile:sbml"
_RATIONAL = re.compile(r"(-?\d{1,400})(?:/(\d{1,400}))?")


def annotation(hints: Mapping[str, str]) -> str:
    """The annotation element of some hints, nothing where there are none."""
    if not hints:
        return ""
    given = " ".join(f"{key}={quoteattr(value)}" for key, value in hints.items())
    return f'<annotation><rxn:hints xmlns:rxn="{HINTS}" {given}/></annotation>'


def rational(text: str) -> sp.Rational | None:
    """A number such as -3 or 1/3, None for any other text."""
    found = _RATIONAL.fullmatch(text.strip())
    return sp.Rational(int(found[1]), int(found[2] or 1)) if found and int(found[2] or 1) else None


def law_text(law: Distribution) -> str | None:
    """A distribution of numbers as text that `read_law` reads back, None for one of formulas."""
    if not all(a.is_Rational for a in law.arguments):
        return None
    return " ".join([law.name, *(str(a) for a in law.arguments)])


def read_law(text: str) -> Distribution | None:
    """The distribution of such a text, None for any other."""
    name, *rest = text.split() or [""]
    arguments = [rational(a) for a in rest]
    if not re.fullmatch(r"[A-Za-z]+", name) or any(a is None for a in arguments):
        return None
    return Distribution(name, tuple(a for a in arguments if a is not None))
