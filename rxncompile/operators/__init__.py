"""Noun 2: the master equation's time-evolution operator, d|P>/dt = W |P>, and the algebra that it lives in."""

from __future__ import annotations

from .action import act, backward, matrix
from .generator import Generator, Powers, Term, falling_factorials, generator, rules_of_species
from .ladder import Operator, commutator, evolution, ladder
from .printing import Equation, as_generating_function, as_master_equation, as_operator

__all__ = [
    "Equation", "Generator", "Operator", "Powers", "Term", "act", "as_generating_function", "as_master_equation",
    "as_operator", "backward", "commutator", "evolution", "falling_factorials", "generator", "ladder", "matrix",
    "rules_of_species",
]  # fmt: skip
