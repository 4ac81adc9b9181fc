"""Which method suits a System: by what two short trials do, counted in operations and not in time."""

from __future__ import annotations

import numpy as np

from ...system import System
from ..arrays import Values
from ..inputs import NO_TABLES, Tables
from .drive import DONE, Control
from .machine import Machine, Scheme, machine

_TRIAL = 2_000  # steps of the explicit method
_AT_LEAST = 20  # steps that any solve by the other is taken to need
_MARGIN = 1.5  # by which the explicit method has to be cheaper: other parameters may be stiffer
_LOOKS = 64  # at how far a trial has come
_OPERATION = 4.0  # what an entry of the Jacobian stands for in a right-hand side, against a multiplication in a loop


def suited(
    system: System, end: float, p: Values, start: Values, rtol: float, atol: Values, begin: float = 0.0,
    tables: Tables = NO_TABLES,
) -> Scheme:  # fmt: skip
    """The explicit method where it needs clearly fewer operations than the Rosenbrock method from `begin` to `end`.

    A function of its arguments alone: steps are counted and weighed, with the operations of one by the pattern of the
    Jacobian. Where the explicit method stays behind after 2,000 steps, the one that is ahead at equal cost.
    """
    if not end > begin:
        return Scheme.ROSENBROCK
    explicit, implicit = machine(system, Scheme.EXPLICIT), machine(system, Scheme.ROSENBROCK)
    times = np.linspace(begin, end, _LOOKS + 1)

    def trial(made: Machine, steps: int) -> tuple[bool, int, int]:
        control = Control(rtol, atol, max(1, steps), 0.0, False)
        code, out, count = made.solve(control, times, p, start, made.trace(0), tables)
        return code == DONE and bool(np.isfinite(out).all()), int(count[0] + count[1]), int(count[2])

    done, steps, reached = trial(explicit, _TRIAL)
    spent = _MARGIN * steps * _operations(explicit)
    each = _operations(implicit)
    if done and spent <= _AT_LEAST * each:
        return Scheme.EXPLICIT
    other, _, ahead = trial(implicit, int(spent / each))
    if done:
        return Scheme.ROSENBROCK if other else Scheme.EXPLICIT
    return Scheme.ROSENBROCK if other or ahead >= reached else Scheme.EXPLICIT


def _operations(made: Machine) -> float:
    """Of one step, about: evaluations, linear combinations of stages, elimination."""
    n, stages, table = len(made.system.states), len(made.tableau.c), made.equations.table
    entries, combined = _OPERATION * len(made.equations.rows), n * stages * stages / 2.0
    if not made.stiff:
        return (stages - 1) * entries / 2.0 + combined
    elimination = 3.0 * table.work() if len(table.order) else n**3 / 3.0 + stages * n**2
    return (stages + 2) * entries / 2.0 + 2.0 * combined + elimination
