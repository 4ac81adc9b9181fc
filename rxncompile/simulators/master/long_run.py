"""What a jump process does in the long run: where it stays, what it reaches, and how long that takes.

All three are one sparse solve on a finite set of states that grows until what it misses is small enough:

    stationary         A pi = 0,  sum pi = 1
    first passage      x = -A_T^-1 p(0), the mean time spent in each state outside the target; then
                       P(reached) = sum of x_n a_r(n) over jumps into it,  E[time; reached or not] = sum x_n
    by time t          d P/dt = A P with the target absorbing
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from ...errors import RxnError
from ...kernels.program import formula_program
from ...kernels.source import compile_program
from ...system import System
from ..arrays import Values
from ..jumps.counts import initial_counts
from ..jumps.ssa import columns
from ..rate_equations.initial import parameter_vector
from ..results.distribution import Distribution
from .master_equation import master_equation, refuse, snapshot, starting_point
from .state_space import Condition, Generator, Rules, StateSpace, evaluated

METHOD = "stationary distribution, sparse solve"
MOST_STATES = 300_000  # a sparse factorisation of more may not fit
_LAYERS = 4


@dataclass(frozen=True, eq=False)
class Passage:
    """How a target is reached: the chance that it ever is, the mean time until then (infinite if it may never be).

    `lost` bounds the error of `probability`: it lies between `probability` and `probability + lost`.
    """

    probability: float
    mean_time: float
    lost: float


def stationary(
    system: System,
    params: Mapping[str, object] | None = None,
    initial: Mapping[str, object] | None = None,
    error: float = 1e-10,
    most_states: int = MOST_STATES,
) -> Distribution:
    """The distribution that a jump process keeps, reached from its initial state; one time, infinity.

    `lost` of the result is the residual |A pi|_1 over the largest rate at which a state is left, on all states, what
    leads out of the finite set included. Raises R614 where several closed sets of states can be reached, so that the
    start decides; R612 where `most_states` are not enough (or there is no stationary distribution); what
    `master_equation` raises otherwise, R610 for events.
    """
    space, p = _begin(system, params, initial, error)
    while True:
        generator = space.generator()
        pi = _kept(system, generator)
        scale = max(generator.fastest, 1e-300)
        outside = float(generator.lost @ pi) / scale
        if outside <= error:
            reflected = generator.matrix @ pi
            residual = float(np.abs(reflected).sum()) / scale + outside
            labels, units = columns(system)
            kept = snapshot(system, space, pi, residual, 0.0)
            return Distribution(system.name, np.array([np.inf]), labels, units, (kept,), len(system.states), METHOD)
        flow = generator.lost * pi
        space, p = space.grown(p, flow > 1e-6 * flow.sum(), _layers(space), most_states)


def first_passage(
    system: System,
    target: sp.Basic,
    params: Mapping[str, object] | None = None,
    initial: Mapping[str, object] | None = None,
    error: float = 1e-10,
    most_states: int = MOST_STATES,
) -> Passage:
    """The chance and the mean time to reach states in which `target` holds, a condition of the states' symbols.

    Raises what `stationary` raises, R612 where the chance is not known to `error` with `most_states`.
    """
    from scipy.sparse.linalg import splu

    where = condition_of(system, target, params)
    space, p = _begin(system, params, initial, error, where)
    while True:
        inside = where(space.states)
        generator = space.generator()
        live = _can_leave(generator, inside)
        start = p * live
        time = np.zeros(len(space))
        if start.any():
            time[live] = np.maximum(splu((-generator.matrix[live][:, live]).tocsc()).solve(start[live]), 0.0)
        lost = float(generator.lost @ time)
        if lost <= error:
            reached = float((generator.matrix[inside] @ time).sum() + p[inside].sum())
            stuck = float(1.0 - reached - lost)
            certain = stuck <= 10.0 * error
            return Passage(min(reached, 1.0), float(time.sum()) if certain else float("inf"), lost)
        flow = generator.lost * time
        space, p = space.grown(p, flow > 1e-6 * flow.sum(), _layers(space), most_states)


def first_passage_by(
    system: System,
    target: sp.Basic,
    t: ArrayLike,
    params: Mapping[str, object] | None = None,
    initial: Mapping[str, object] | None = None,
    error: float = 1e-8,
) -> tuple[Values, Values]:
    """The chance to have reached the target by each time t, (T,), and the bound of its error, (T,)."""
    where = condition_of(system, target, params)
    found = master_equation(system, t, params, initial, error, target=where)
    reached = []
    for one in found.snapshots:
        states = np.ascontiguousarray(one.values[:, : len(system.states)])
        reached.append(float(one.p[where(states)].sum()))
    return np.array(reached), found.lost


# ---------------------------------------------------------------------------------------------- pieces


def condition_of(system: System, target: sp.Basic, params: Mapping[str, object] | None = None) -> Condition:
    """A condition compiled. Raises R508 and its kin for symbols that are none of the System's."""
    kernel = compile_program(formula_program(system, [sp.Piecewise((1, target), (0, True), evaluate=False)]))
    parameters = np.array(parameter_vector(system, params))
    return lambda states: evaluated(kernel, 0.0, states, parameters)[:, 0] > 0.5


def _begin(
    system: System,
    params: Mapping[str, object] | None,
    initial: Mapping[str, object] | None,
    error: float,
    target: Condition | None = None,
) -> tuple[StateSpace, Values]:
    refuse(system)
    if system.events:
        raise RxnError("R610", f"{system.name} has events: its long run is not that of its jumps", hint="sample it")
    if not 0.0 < error < 1.0:
        raise RxnError("R604", f"error = {error!r} is not between 0 and 1")
    rules = Rules.of(system, np.array(parameter_vector(system, params)), 0.0, target)
    return starting_point(rules, initial_counts(system, 0.0, params, initial), 0.01 * error)


def _layers(space: StateSpace) -> int:
    """How far to grow: as far again, in a set of few states."""
    return max(_LAYERS, round(0.3 * len(space) ** (1.0 / max(1, space.states.shape[1]))))


def _classes(generator: Generator) -> tuple[int, NDArray[np.int32], NDArray[np.bool_]]:
    """Strongly connected sets of states: how many, each state's, and whether nothing leads out of it."""
    from scipy.sparse.csgraph import connected_components

    count, label = connected_components(generator.matrix.T, directed=True, connection="strong")
    entries = generator.matrix.tocoo()
    crossing = (label[entries.col] != label[entries.row]) & (entries.data > 0.0)
    closed = np.ones(count, dtype=bool)
    closed[label[entries.col[crossing]]] = False
    return count, label, closed


def _kept(system: System, generator: Generator) -> Values:
    """pi on these states, jumps out of them left out. Raises R614."""
    from scipy.sparse import diags, identity
    from scipy.sparse.linalg import splu

    _, label, closed = _classes(generator)
    leaking = np.bincount(label, generator.lost, len(closed)) > 0.0
    final = np.flatnonzero(closed & ~leaking) if not (closed & leaking).any() else np.flatnonzero(closed)
    if len(final) > 1 and not leaking[final].any():
        message = f"{len(final)} closed sets of states can be reached in {system.name}: the start decides between them"
        raise RxnError("R614", message, hint="first_passage gives the chance of each")
    rows = np.flatnonzero(np.isin(label, final))
    pi = np.zeros(len(label))
    if len(rows) == 1 or len(final) > 1:
        # several dead ends, from which jumps lead on outside of the set: it has to grow there
        pi[rows] = 1.0 / len(rows)
        return pi
    here = generator.matrix[rows][:, rows]
    here = here + diags(generator.lost[rows])  # a jump that leads out does not happen
    # the likeliest state first, from long ago: (A - e) x = -1 is never singular, as A itself is without that state
    slow = 1e-9 * float(abs(here.diagonal()).max())
    before = splu((here - slow * identity(len(rows))).tocsc()).solve(-np.ones(len(rows)))
    pivot = int(np.argmax(before))
    free = np.delete(np.arange(len(rows)), pivot)
    column = np.asarray(here[free][:, [pivot]].todense()).ravel()
    solved = np.ones(len(rows))
    solved[free] = splu(here[free][:, free].tocsc()).solve(-column)
    solved = np.maximum(solved, 0.0)
    pi[rows] = solved / solved.sum()
    return pi


def _can_leave(generator: Generator, target: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The states from which the target, or a state outside the set, can be reached: the others keep what they have."""
    from scipy.sparse import block_array, csr_matrix
    from scipy.sparse.csgraph import breadth_first_order

    good = csr_matrix((target | (generator.lost > 0.0)).astype(float))
    backwards = generator.matrix.maximum(0.0)  # row m, column n: a jump from n to m
    graph = block_array([[backwards, None], [good, csr_matrix((1, 1))]]).tocsr()
    found = np.zeros(len(target) + 1, dtype=bool)
    found[breadth_first_order(graph, len(target), return_predecessors=False)] = True
    left: NDArray[np.bool_] = found[:-1] & ~target
    return left
