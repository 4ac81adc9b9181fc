"""The steady state of a system of equations, reached from its start, and whether it is stable.

    0 = f(x)        Newton from a late state of the solution: (J + L'L) dx = -f + L'L (x_0 - x)

L: orthonormal left null vectors of the Jacobian J, the linear combinations that the equations keep; they keep the value
that they have at the start. For linear noise the rows of the covariance are the Lyapunov equation J C + C J' + D = 0.
Only the core is integrated: noise follows from the macroscopic state by linear equations. States are scaled by their
size. Stable: every eigenvalue of J but those of kept combinations has a negative real part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...errors import RxnError
from ...expressions import TIME
from ...system import Polynomial, System
from ..arrays import Values
from .equations import Compiled, Function, Jacobian, compiled
from .initial import initial_values, parameter_vector
from .ode import integrate

Places: TypeAlias = NDArray[np.int64]

MOST_STATES = 3_000  # their matrices are dense
_DECADES = 10  # of the time of the run, from the fastest motion at the start
_BUDGET = 100_000  # evaluations of one piece of it
_NEAR = 0.05  # of a state's size: as far may Newton's steps lead from the late state
_KEPT = 1e-11  # singular values below this part of the largest are zero
_STILL = 1e-6  # of the sum of its terms: what a kept combination may move
_ROUNDING = 1e-12  # of the fastest motion
_STABLE = 1e-9  # of the fastest eigenvalue here and at the start: slower ones do not pull back


@dataclass(frozen=True, eq=False)
class SteadyState:
    """A stable steady state: `values` of states and outputs, in the order of `labels`, and eigenvalues of the Jacobian.

    `kept`: how many linear combinations the equations keep; as many eigenvalues are zero. `residual`: the largest
    |d y/dt| over the state's size, per unit of time.
    """

    name: str
    labels: tuple[str, ...]
    values: Values
    eigenvalues: NDArray[np.complex128]
    kept: int
    residual: float

    def __getitem__(self, label: str) -> float:
        if label not in self.labels:
            raise RxnError("R501", f"{label!r} is no state or output of {self.name}", hint=", ".join(self.labels[:12]))
        return float(self.values[self.labels.index(label)])


def steady_state(
    system: System, params: Mapping[str, object] | None = None, initial: Mapping[str, object] | None = None
) -> SteadyState:
    """The stable steady state that the solution goes to from its start: of rates, moments, linear noise, any equations.

    Raises R616 where it goes to none: it swings, grows, or rests where it is not stable; R610 for equations that
    depend on time, events and inputs, R412 for more than 3,000 states, and what `integrate` raises.
    """
    _refuse(system)
    model, p = compiled(system), np.array(parameter_vector(system, params))
    start = np.array(initial_values(system, 0.0, params, initial))
    search = _Search(model, p, start)
    core = search.core()
    if len(core) == len(system.states):
        return search.result(_reached(search, params))
    inner = _core_system(system, core)
    at = dict(zip((system.states[i].label for i in core), start[core].tolist(), strict=True))
    reached = steady_state(inner, params, at)
    guess = start.copy()
    guess[core] = reached.values[: len(core)]
    found = search.follow(guess, core)
    if found is None or not search.stable(found, search.size, (start, found)):
        raise _none(system, "what follows from " + ", ".join(s.label for s in inner.states[:6]) + " comes to no rest")
    return search.result(found)


def _reached(search: _Search, params: Mapping[str, object] | None) -> Values:
    """The root that a late state of the solution is near to."""
    system, now, t = search.model.system, search.start, 0.0
    seen, step = np.abs(now), search.fastest(now)
    everything = np.arange(len(now))
    for _ in range(_DECADES):
        found = search.newton(now, np.maximum(seen, np.abs(now)), everything)
        if found is not None:
            if search.stable(found, seen, (search.start, now)):
                return found
            if np.abs(found - now).max() <= 1e-12 * max(seen.max(), 1.0):
                raise _none(system, f"the state at which it rests is not stable: {search.pushes(found)}")
        try:
            path = integrate(
                system, [0.0, step], params, dict(zip((s.label for s in system.states), now.tolist(), strict=True)),
                max_evaluations=_BUDGET,
            )  # fmt: skip
        except RxnError as error:
            raise _none(system, f"after t = {t:.4g} {error.diagnostics[0].message}") from error
        now, t, step = path.values[0, -1, : len(system.states)].copy(), t + step, 10.0 * step
        seen = np.maximum(seen, np.abs(now))
    raise _none(system, f"at t = {t:.4g} it still moves, or nothing pulls it back")


def _core_system(system: System, core: Places) -> System:
    """The equations of states that depend on each other alone."""
    inside = {system.states[i].symbol for i in core}
    gone = system.symbols - inside
    definitions = []
    for name, formula in system.definitions:
        if gone.isdisjoint(formula.free_symbols):
            definitions.append((name, formula))
        else:
            gone = gone | {name}
    return replace(
        system,
        states=tuple(system.states[i] for i in core),
        drift=tuple(system.drift[i] for i in core),
        definitions=tuple(definitions),
        outputs=(),
    )


def _refuse(system: System) -> None:
    what = "events" if system.events else "inputs" if system.inputs else ""
    rhs = [*(part for _, part in system.definitions), *(j.propensity for j in system.jumps)]
    for drift in system.drift:
        factors = (f for _, powers in drift for f, _ in powers) if isinstance(drift, Polynomial) else (drift,)
        rhs += factors
    if any(TIME in part.free_symbols for part in rhs):
        what = "rates that depend on time"
    if what:
        raise RxnError("R610", f"{system.name} has {what}: it has no steady state of its own", hint="integrate it")
    if len(system.states) > MOST_STATES:
        message = f"{len(system.states):,} states of {system.name}, at most {MOST_STATES:,} for a steady state"
        raise RxnError("R412", message, hint="integrate until it no longer changes")


def _none(system: System, why: str) -> RxnError:
    message = f"no stable steady state of {system.name} from this start: {why}"
    return RxnError("R616", message, hint="integrate shows what it does; other initial values may lead to one")


class _Search:
    """The functions of a System at fixed parameters, and linear algebra in states scaled by their size."""

    def __init__(self, model: Compiled, p: Values, start: Values) -> None:
        self.model, self.p, self.start = model, p, start
        self.speed, self.size = 0.0, np.abs(start)
        self._rhs, self._jacobian = Function(model.rhs, p), Jacobian(model, p, False)

    def rhs(self, y: Values) -> Values:
        return self._rhs(0.0, y).copy()

    def fastest(self, y: Values) -> float:
        """A few times of the fastest motion at a state, a first piece of the run."""
        speed = float(np.abs(np.linalg.eigvals(self._jacobian(0.0, y))).max(initial=0.0))
        self.speed = speed
        return 10.0 / speed if speed > 0.0 else 1.0

    def scaled(self, y: Values, size: Values) -> NDArray[np.float64]:
        matrix: NDArray[np.float64] = self._jacobian(0.0, y)
        return matrix * size[None, :] / size[:, None]

    def core(self) -> Places:
        """The states with equations that are not linear in what goes in circles with them, and all these depend on.

        The others follow from them one after another by linear equations, as noise does from the macroscopic state.
        """
        from scipy.sparse import csr_matrix
        from scipy.sparse.csgraph import connected_components

        system = self.model.system
        n = len(system.states)
        if system.jumps:
            return np.arange(n)
        rows, columns = (np.array(part, dtype=np.int64) for part in self.model.pattern)
        depends = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(n, n))
        _, group = connected_components(depends, directed=True, connection="strong")
        own = group[rows] == group[columns]
        bent = np.zeros(n, dtype=bool)
        random = np.random.default_rng(0)
        base = np.maximum(np.abs(self.start), 1.0)
        one = base * random.uniform(0.5, 1.5, n)
        for block in np.unique(group[rows[own]]):  # the block's own slopes must not change with its own states
            other = np.where(group == block, base * random.uniform(0.5, 1.5, n), one)
            here, there = (self._jacobian(0.0, y)[rows, columns] for y in (one, other))
            changed = own & (group[rows] == block) & (here != there)
            bent[group == block] = changed.any()
        found = set(np.flatnonzero(bent).tolist())
        waiting = list(found)
        while waiting:
            for j in depends.indices[depends.indptr[i := waiting.pop()] : depends.indptr[i + 1]].tolist():
                if j not in found:
                    found.add(j)
                    waiting.append(j)
        return np.array(sorted(found) or range(n), dtype=np.int64)

    def follow(self, y: Values, core: Places) -> Values | None:
        """What linear equations give to a core that is at rest: each level of them is solved by one step."""
        x, last = y.copy(), np.inf
        size = np.full(len(x), max(float(np.abs(y[core]).max(initial=0.0)), 1e-300))
        size[core] = relative_sizes(np.maximum(np.abs(y), np.abs(self.start))[core])
        for _ in range(20):
            step = self._step(x, size, left_null(self.scaled(x, size)))
            if step is None:
                return None
            x = x + step * size
            size = np.maximum(size, np.abs(x))
            length = float(np.abs(step).max(initial=0.0))
            if length <= 1e-13 or (length < 1e-6 and length >= 0.5 * last):
                self.size = size
                return x
            last = length
        return None

    def _step(self, x: Values, size: Values, kept: NDArray[np.float64]) -> Values | None:
        f = self.rhs(x) / size
        if not np.isfinite(f).all():
            return None
        matrix = self.scaled(x, size) + kept.T @ kept
        try:
            right = -f + kept.T @ (kept @ ((self.start - x) / size))
            return np.asarray(np.linalg.solve(matrix, right), dtype=np.float64)
        except np.linalg.LinAlgError:
            return None

    def newton(self, y: Values, seen: Values, core: Places) -> Values | None:
        """A root whose core is near a state's, by as many steps as still help; None where they lead away."""
        size = relative_sizes(seen)
        kept = left_null(self.scaled(y, size))
        x, last = y.copy(), np.inf
        for _ in range(40):
            step = self._step(x, size, kept)
            if step is None:
                return None
            length = float(np.abs(step).max(initial=0.0))
            if not np.abs(step[core]).max(initial=0.0) <= 10.0 * _NEAR:
                return None
            x = x + step * size
            if length <= 1e-13 or (length < 1e-9 and length >= 0.5 * last):
                return x if bool((np.abs(x - y) <= _NEAR * size)[core].all()) else None
            last = length
        return None

    def stable(self, x: Values, seen: Values, visited: tuple[Values, ...]) -> bool:
        """Whether every direction that the equations do not keep pulls back."""
        size = relative_sizes(np.maximum(seen, np.abs(x)))
        matrix = self.scaled(x, size)
        kept = left_null(matrix)
        for y in visited:  # a null vector of one state alone is no law
            moved = kept * (self.rhs(y) / size)[None, :]
            rounding = _ROUNDING * np.abs(self.scaled(y, size)).max(initial=0.0)
            if (np.abs(moved.sum(axis=1)) > _STILL * np.abs(moved).sum(axis=1) + rounding).any():
                return False
        self.kept, self.eigenvalues = len(kept), np.linalg.eigvals(matrix).astype(np.complex128)
        by_size = self.eigenvalues[np.argsort(np.abs(self.eigenvalues))][len(kept) :]
        fastest = max(float(np.abs(by_size).max(initial=0.0)), self.speed)
        return bool((by_size.real < -_STABLE * fastest).all())

    def pushes(self, x: Values) -> str:
        """Which way leads out of a state that is not stable."""
        eigenvalues, vectors = np.linalg.eig(self._jacobian(0.0, x))
        k = int(np.argmax(eigenvalues.real))
        label = self.model.system.states[int(np.argmax(np.abs(vectors[:, k])))].label
        return f"an eigenvalue has the real part {eigenvalues[k].real:.4g}, most of it {label!r}"

    def result(self, x: Values) -> SteadyState:
        system = self.model.system
        values = x
        if system.outputs:
            values = np.concatenate([x, Function(self.model.outputs, self.p)(0.0, x)])
        labels = (*(s.label for s in system.states), *(label for label, _ in system.outputs))
        residual = float((np.abs(self.rhs(x)) / relative_sizes(np.abs(x))).max(initial=0.0))
        return SteadyState(system.name, labels, values, self.eigenvalues, self.kept, residual)


def relative_sizes(seen: Values) -> Values:
    """The scale of each state: the largest value seen, at least a billionth of the largest of all."""
    return np.maximum(seen, 1e-9 * max(float(seen.max(initial=0.0)), 1e-250))


def left_null(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Orthonormal rows L with L matrix = 0."""
    u, s, _ = np.linalg.svd(matrix)
    return np.asarray(u[:, s <= _KEPT * s.max(initial=0.0)].T)
