"""Noun 2: the master equation's time-evolution operator, d|P>/dt = W |P>, and the algebra that it lives in."""

from __future__ import annotations

from .generator import Generator, Powers, Term, falling_factorials, generator, rules_of_species
from .printing import Equation, as_generating_function, as_master_equation, as_operator

__all__ = [
    "Equation", "Generator", "Powers", "Term", "as_generating_function", "as_master_equation", "as_operator",
    "falling_factorials", "generator", "rules_of_species",
]  # fmt: skip
