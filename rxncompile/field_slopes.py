"""The derivatives of a computed field, as a field: what equations that are differentiated have in its place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import sympy as sp

from .expressions import symbol
from .system import Field

KIND = "slopes of a field"


@dataclass(frozen=True, slots=True)
class Slopes:
    """Of every output of `field`, its derivative by one of its inputs or of its own numbers."""

    field: Field
    by: sp.Symbol


@lru_cache(maxsize=1024)
def slopes_of(field: Field, by: sp.Symbol) -> Field:
    """The field of d F/d by for every output F, called `d[F,by]`."""
    outputs = tuple(symbol(f"d[{o.name},{by.name}]") for o in field.outputs)
    return replace(field, name=f"d[{field.name},{by.name}]", kind=KIND, outputs=outputs, form=Slopes(field, by))
