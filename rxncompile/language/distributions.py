"""The distributions of priors and initial values: their arguments, and what these may be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

import sympy as sp

from ..errors import Diagnostic, Span
from ..expressions import text
from ..network import Distribution, Network
from .signs import Signs


class Range(StrEnum):
    """What an argument may be, in words; a spread is 0 or more, and more than 0 in a prior."""

    ANY = "any number"
    SPREAD = "0 or more"
    POSITIVE = "more than 0"
    COUNT = "a whole number, 0 or more"
    CHANCE = "a probability, from 0 to 1"
    SOME_CHANCE = "a probability, more than 0 and at most 1"


class Argument(NamedTuple):
    """An argument: what it is called and what it may be."""

    name: str
    range: Range = Range.ANY


_SHAPE, _SCALE = Argument("shape", Range.POSITIVE), Argument("scale", Range.SPREAD)
DISTRIBUTIONS: dict[str, tuple[Argument, ...]] = {
    "Normal": (Argument("mean"), Argument("sd", Range.SPREAD)),
    "LogNormal": (Argument("mean of the logarithm"), Argument("its sd", Range.SPREAD)),
    "Uniform": (Argument("low"), Argument("high")),
    "LogUniform": (Argument("low", Range.POSITIVE), Argument("high", Range.POSITIVE)),
    "Gamma": (_SHAPE, Argument("second argument", Range.POSITIVE)),
    "InverseGamma": (_SHAPE, Argument("second argument", Range.POSITIVE)),
    "Beta": (Argument("first shape", Range.POSITIVE), Argument("second shape", Range.POSITIVE)),
    "Exponential": (Argument("argument", Range.POSITIVE),),
    "HalfNormal": (_SCALE,),
    "Cauchy": (Argument("location"), _SCALE),
    "HalfCauchy": (_SCALE,),
    "Laplace": (Argument("location"), _SCALE),
    "StudentT": (Argument("degrees of freedom", Range.POSITIVE), Argument("location"), _SCALE),
    "Poisson": (Argument("mean", Range.SPREAD),),
    "Binomial": (Argument("number of trials", Range.COUNT), Argument("probability", Range.CHANCE)),
    "NegativeBinomial": (Argument("first argument", Range.POSITIVE), Argument("second argument", Range.POSITIVE)),
    "Geometric": (Argument("probability", Range.SOME_CHANCE),),
}
_ORDERED = ("Uniform", "LogUniform")

_HOLDS: dict[Range, Callable[[sp.Expr], bool]] = {
    Range.ANY: lambda x: True,
    Range.SPREAD: lambda x: bool(x >= 0),
    Range.POSITIVE: lambda x: bool(x > 0),
    Range.COUNT: lambda x: bool(x >= 0) and float(x).is_integer(),
    Range.CHANCE: lambda x: bool(x >= 0 and x <= 1),
    Range.SOME_CHANCE: lambda x: bool(x > 0 and x <= 1),
}


def signature(name: str) -> str:
    """How a distribution is written, with the names of its arguments."""
    return f"{name}({', '.join(a.name for a in DISTRIBUTIONS[name])})"


class Placed(NamedTuple):
    """A distribution of the text: whose it is, where it and its arguments stand."""

    law: Distribution
    owner: str
    prior: bool
    span: Span
    arguments: tuple[Span, ...]


def check_laws(net: Network, laws: Iterable[Placed]) -> Iterator[Diagnostic]:
    """R218 for every distribution with an argument that it cannot have.

    Parameters in the law of an initial value have the values that the model gives them.
    """
    signs = Signs(net)
    for law, owner, prior, span, places in laws:
        values = [signs.number(a, {}) for a in law.arguments]
        hint = f"write {signature(law.name)}"
        for i, (argument, value) in enumerate(zip(DISTRIBUTIONS[law.name], values, strict=True)):
            spread = prior and argument.range is Range.SPREAD
            allowed = Range.POSITIVE if spread else argument.range
            if value is not None and not _HOLDS[allowed](value):
                shown = text(law.arguments[i])
                shown = shown if law.arguments[i].is_number else f"{shown} = {float(value):.6g}"
                message = f"the {argument.name} of {law.name} for {owner!r} is {shown}; it has to be {allowed}"
                yield Diagnostic("R218", message, places[i], hint)
                break
        else:
            if law.name in _ORDERED and values[0] is not None and values[1] is not None and values[0] >= values[1]:
                message = f"the limits of {law.name} for {owner!r} leave nothing between them"
                yield Diagnostic("R218", message, span, hint)
