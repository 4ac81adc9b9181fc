"""Noun 2: the master equation's time-evolution operator, d|P>/dt = W |P>, and the algebra that it lives in."""

from __future__ import annotations

from .generator import Generator, Powers, Term, falling_factorials, generator

__all__ = ["Generator", "Powers", "Term", "falling_factorials", "generator"]
