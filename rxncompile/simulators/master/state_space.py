"""The states that a jump process can be in, and the sparse generator over them: d P/dt = A P.

    A[m, n] = sum of a_r(n) over the jumps r that lead from n to m,    A[n, n] = -sum_r a_r(n)

A finite part of the states is kept; what leaves it is lost (finite state projection, Munsky and Khammash 2006).
States are found by a linear hash of 64 bits, key(n + change) = key(n) + key(change); two states with one key would
be seen when they meet, and are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...errors import RxnError
from ...kernels.faults import check_propensities
from ...system import System
from ..arrays import Values
from ..jumps.jump_events import uncounted
from ..rate_equations.equations import Compiled, Function, compiled
from ..rate_equations.events import event_targets

Keys = NDArray[np.uint64]
_ROUNDS = 1000  # of events that make each other's conditions true
_LARGEST = 2.0**53


Condition: TypeAlias = Callable[[Values], NDArray[np.bool_]]  # states (S, n) -> where it holds (S,)


@dataclass(frozen=True, eq=False)
class Rules:
    """How one state leads to others: a jump process at fixed parameters, at a time at which no rate changes."""

    system: System
    parameters: Values
    time: float
    factors: Keys = field(repr=False)
    counted: NDArray[np.bool_] = field(repr=False)
    changes: Values = field(repr=False)  # (R, n)
    target: Condition | None = None  # states in which everything stops

    @staticmethod
    def of(system: System, parameters: Values, time: float, target: Condition | None = None) -> Rules:
        """The rules of a System. Hash factors come from a fixed seed: a state has the same key in every run."""
        index = {s.symbol: i for i, s in enumerate(system.states)}
        real = uncounted(system)
        changes = np.zeros((len(system.jumps), len(index)))
        for r, jump in enumerate(system.jumps):
            for name, amount in jump.change:
                changes[r, index[name]] += float(amount)
        factors = np.random.default_rng(20060122).integers(1, 2**63, len(index), dtype=np.uint64) * 2 + 1
        counted = np.array([s.symbol not in real for s in system.states], dtype=bool)
        return Rules(system, parameters, time, factors, counted, changes, target)

    def at(self, time: float) -> Rules:
        return replace(self, time=time)

    @property
    def model(self) -> Compiled:
        return compiled(self.system)

    def keys(self, states: Values) -> Keys:
        """The hash of each state, (S,)."""
        words = np.where(self.counted, states, 0.0).astype(np.int64).view(np.uint64)
        if not self.counted.all():
            words = np.where(self.counted, words, np.ascontiguousarray(states).view(np.uint64))
        keys: Keys = (words * self.factors).sum(axis=1, dtype=np.uint64)
        return keys

    def propensities(self, states: Values) -> Values:
        """a_r(n), (S, R). Raises R601 for what is no number, R602 for a negative one, naming the reaction and n."""
        found = evaluated(self.model.propensities, self.time, states, self.parameters)
        bad = ~(found >= 0.0) | ~(found < np.inf)
        if bad.any():
            row = int(np.flatnonzero(bad.any(axis=1))[0])
            try:
                check_propensities(self.system, found[row], self.time)
            except RxnError as error:
                where = self.words(states[row])
                raise RxnError(error.code, f"{error.message}, where {where}", error.diagnostics[0].span) from None
        return found

    def words(self, state: Values) -> str:
        """A state for a message."""
        named = zip(self.system.states, state, strict=True)
        return ", ".join(f"{s.label} = {v:g}" for s, v in list(named)[:8])

    def conditions(self, states: Values, time: float | None = None) -> NDArray[np.bool_]:
        """Which events' conditions hold, (S, E)."""
        when = self.time if time is None else time
        return evaluated(self.model.truths, when, states, self.parameters) > 0.5

    def possible(self, states: Values) -> NDArray[np.bool_]:
        """Which states have whole counts that are not negative."""
        good = ((states >= 0.0) & (states == np.floor(states))) | ~self.counted
        found: NDArray[np.bool_] = good.all(axis=1)
        return found

    def settled(self, before: NDArray[np.bool_], states: Values) -> Values:
        """The states after the events whose conditions have become true; `before` says which held, (S, E).

        Events fire in declared order, each with the values that the one before has left; then those that became
        true by that. Raises R601 for a value that is not finite, R607 for events that fire without end.
        """
        system = self.system
        if not system.events:
            return states
        index = {s.symbol: i for i, s in enumerate(system.states)}
        states, was = states.copy(), before
        for _ in range(_ROUNDS):
            now = self.conditions(states)
            rising = now & ~was
            if not rising.any():
                return states
            for e, event in enumerate(system.events):
                rows = np.flatnonzero(rising[:, e])
                if rows.size:
                    values = evaluated(self.model.assignments[e], self.time, states[rows], self.parameters)
                    targets = event_targets(system, event, index)
                    if not np.isfinite(values).all():
                        raise RxnError("R601", f"an event assigns no finite number at t = {self.time:g}", event.origin)
                    states[np.ix_(rows, np.asarray(targets, dtype=np.intp))] = values
            was = now
        raise RxnError("R607", f"events fire without end at t = {self.time:g}", system.events[0].origin)


@dataclass(frozen=True, eq=False)
class StateSpace:
    """Finitely many states, (S, n), in the order of their keys."""

    rules: Rules
    states: Values
    keys: Keys

    @staticmethod
    def of(rules: Rules, states: Values, weights: Values) -> tuple[StateSpace, Values]:
        """The space of these states, equal ones once with their weights added."""
        keys = rules.keys(states)
        order = np.argsort(keys, kind="stable")
        states, keys, weights = states[order], keys[order], weights[order]
        first = np.ones(len(keys), dtype=bool)
        first[1:] = keys[1:] != keys[:-1]
        same = np.flatnonzero(~first)
        if same.size and (states[same] != states[same - 1]).any():
            raise RxnError("R613", "two states have one key of 64 bits, which has a chance of one in a million")
        sums = np.add.reduceat(weights, np.flatnonzero(first)) if len(keys) else weights
        return StateSpace(rules, states[first], keys[first]), sums

    def __len__(self) -> int:
        return len(self.keys)

    def find(self, keys: Keys) -> NDArray[np.int64]:
        """The row of each key, -1 for those that are not here."""
        place = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[place] == keys, place, -1)

    def steps(self, rows: NDArray[np.int64] | None = None) -> Steps:
        """Every jump with a positive propensity from the given rows (all of them by default)."""
        rows = np.arange(len(self)) if rows is None else rows
        if self.rules.target is not None:
            rows = rows[~self.rules.target(self.states[rows])]
        here = self.states[rows]
        rates = self.rules.propensities(here)
        source, jump = np.nonzero(rates)
        after = here[source] + self.rules.changes[jump]
        if after.size and np.abs(after).max() >= _LARGEST:
            raise RxnError("R608", "a count grows beyond 2^53")
        possible = np.ones(len(after), dtype=bool)
        if self.rules.system.events:
            after = self.rules.settled(self.rules.conditions(here)[source], after)
            possible = self.rules.possible(after)
        return Steps(rows[source], rates[source, jump], after, self.rules.keys(after), possible)

    def generator(self) -> Generator:
        """The generator over these states; nothing leaves those of the target."""
        from scipy.sparse import csr_matrix

        steps = self.steps()
        target = self.find(steps.keys)
        exit_rates: Values = np.bincount(steps.source, steps.rates, len(self)).astype(float)
        if not np.isfinite(exit_rates).all():
            where = self.rules.words(self.states[int(np.argmax(~np.isfinite(exit_rates)))])
            raise RxnError("R601", f"the sum of all propensities is infinite, where {where}")
        inside = target >= 0
        size = len(self)
        entries = np.concatenate([steps.rates[inside], -exit_rates])
        row = np.concatenate([target[inside], np.arange(size)])
        column = np.concatenate([steps.source[inside], np.arange(size)])
        matrix = csr_matrix((entries, (row, column)), shape=(size, size))
        lost: Values = np.bincount(steps.source[~inside], steps.rates[~inside], size).astype(float)
        return Generator(matrix, exit_rates, lost)

    def grown(self, weights: Values, seeds: NDArray[np.bool_], layers: int, most: int) -> tuple[StateSpace, Values]:
        """With everything that `layers` jumps reach from the rows `seeds`; `weights` go along, 0 for new states.

        Raises R612 where that would be more than `most` states.
        """
        space, edge = self, np.flatnonzero(seeds)
        for _ in range(layers):
            steps = space.steps(edge)
            new = (space.find(steps.keys) < 0) & steps.possible
            if not new.any():
                break
            keys, first = np.unique(steps.keys[new], return_index=True)
            states = steps.after[new][first]
            size = len(space) + len(keys)
            if size > most:
                raise RxnError(
                    "R612", f"the state space of {self.rules.system.name} passes {most:,} states at "
                    f"t = {self.rules.time:g} ({size:,} by the next jump)",
                    hint="sample it, allow more states, a larger error, or eliminate what is conserved",
                )  # fmt: skip
            place = np.searchsorted(space.keys, keys)
            weights = np.insert(weights, place, 0.0)
            space = StateSpace(
                self.rules, np.insert(space.states, place, states, axis=0), np.insert(space.keys, place, keys)
            )
            edge = space.find(keys)
        return space, weights

    def kept(self, mask: NDArray[np.bool_]) -> StateSpace:
        return StateSpace(self.rules, self.states[mask], self.keys[mask])


@dataclass(frozen=True, eq=False)
class Steps:
    """Single jumps: from row `source` at a rate to the state `after` with its key."""

    source: NDArray[np.int64]
    rates: Values
    after: Values
    keys: Keys
    possible: NDArray[np.bool_]  # whether the counts after it are whole and not negative, as only events can make them


@dataclass(frozen=True, eq=False)
class Generator:
    """The sparse matrix A, the rate at which each state is left, and the part of it that leaves the space."""

    matrix: Any
    exit: Values
    lost: Values

    @property
    def fastest(self) -> float:
        return float(self.exit.max(initial=0.0))


def evaluated(kernel: Any, time: float, states: Values, parameters: Values) -> Values:
    """A kernel at every state, (S, n_out)."""

    out = np.zeros((len(states), kernel.n_out))
    if len(states) < 64:  # a few calls are cheaper than loading numba
        function = Function(kernel, parameters)
        for row, state in enumerate(states):
            out[row] = function(time, state)
    elif out.size:
        from .state_rows import each_row

        each_row(kernel.address, time, np.ascontiguousarray(states), parameters, out)
    return out
