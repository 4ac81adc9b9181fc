"""How good an approximation is: closures and linear noise against the process itself."""

from __future__ import annotations

from .judge import judge
from .verdict import Judgement, Verdict

__all__ = ["Judgement", "Verdict", "judge"]
