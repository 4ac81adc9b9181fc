"""The formulas of candidates along given states, and how large each is beside the rates of change.

    F_ji(x(t_k))    of candidate j in d x_i/dt, each formula once
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sympy as sp

from ...derivations.candidates import Candidates
from ...kernels.program import formula_program
from ...kernels.source import Kernel, compile_program
from ...simulators.arrays import Values
from .shooting import Shooting

_GRID = 200  # times at which sizes are compared


@dataclass(frozen=True, eq=False)
class Along:
    """The formulas of all candidates, each once, and then what is known of each equation, along given states.

    `places`: (candidate, state, column of its formula); `known`: the first column of what is known.
    """

    kernel: Kernel
    parameters: Values
    places: tuple[tuple[int, int, int], ...]
    known: int

    @staticmethod
    def of(candidates: Candidates) -> Along:
        found: dict[sp.Expr, int] = {}
        places = tuple(
            (j, i, found.setdefault(formula, len(found)))
            for j, term in enumerate(candidates.terms)
            for i, formula in term.moves
        )
        kernel = compile_program(formula_program(candidates.system, (*found, *candidates.known)))
        return Along(kernel, np.array(candidates.system.parameter_vector()), places, len(found))

    def values(self, times: Values, states: Values) -> Values:
        """(T, columns) at the states (T, n)."""
        y, out = np.zeros(states.shape[1]), np.zeros(self.kernel.n_out)
        found = np.zeros((len(times), len(out)))
        run = self.kernel.bind(y, self.parameters, out)
        for k, state in enumerate(states):
            y[:] = state
            run(float(times[k]))
            found[k] = out
        return found


def shares(along: Along, shooting: Shooting, x: Values) -> Values:
    """How large each candidate's formula is beside the rate of change of its states, at a coefficient of 1, (count,).

    Root mean squares along the fit; of several states the largest. Raises Failed where it cannot be solved at x.
    """
    values = []
    for k, series in enumerate(shooting.series):
        times = np.linspace(series.times[0], series.times[-1], _GRID)
        values.append(along.values(times, shooting.states_at(k, x, times)))
    whole = np.vstack(values)
    rate = whole[:, along.known :].copy()
    for j, i, column in along.places:
        rate[:, i] += x[j] * whole[:, column]
    size, formula = np.sqrt((rate**2).mean(axis=0)), np.sqrt((whole**2).mean(axis=0))
    found = np.zeros(shooting.count)
    for j, i, column in along.places:
        found[j] = max(found[j], formula[column] / max(float(size[i]), 1e-300))
    return found
