"""Reduced models against the full one: how far apart they are over time, and what their randomness is worth.

    error_s(t) = |reduced_s(t) - full_s(t)| / max over t of |full_s|

The initial layer, in which the fast species relax, is no part of what a reduction says: it is `layer` long, some times
the slowest fast time, and errors are also told without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike

from ..derivations.rates import jump_process, rate_equations
from ..derivations.reductions import Reduction
from ..errors import RxnError
from ..expressions import symbol
from ..network import Network, Observable
from ..simulators.arrays import Values
from ..simulators.jumps.ssa import time_axis
from ..simulators.rate_equations.ode import integrate
from ..simulators.results.trajectory import Ensemble
from ..simulators.runs.ensembles import sample_statistics
from ..system import System

_LAYERS = 5.0  # slowest fast times that the initial layer lasts
_SURE = 5.0  # standard errors by which a sampled difference has to be told


@dataclass(frozen=True, eq=False)
class Followed:
    """A reduction over time: `values` and `errors` (T, L), not a number where it does not say a quantity.

    `layer`: how long its initial layer lasts. `why` it has no values, where it has none.
    """

    name: str
    reduction: Reduction
    values: Values
    errors: Values
    layer: float
    why: str = ""

    def worst(self, t: Values, layer: float = 0.0) -> Values:
        """The largest error of each quantity after a time, (L)."""
        rows = self.errors[t >= t[0] + layer]
        found = np.where(np.isfinite(rows), rows, -1.0).max(axis=0, initial=-1.0)
        return np.where(found >= 0.0, found, np.nan)

    def average(self, t: Values, layer: float = 0.0) -> float:
        """The mean error over time, from `layer` after the start on, of all quantities that it says."""
        known, rows = np.isfinite(self.errors).all(axis=0), t >= t[0] + layer
        if not known.any() or rows.sum() < 2:
            return float("nan")
        errors, times = self.errors[rows][:, known], t[rows]
        between = (errors[1:] + errors[:-1]) / 2.0
        return float((np.diff(times)[:, np.newaxis] * between).sum(axis=0).mean() / (times[-1] - times[0]))


@dataclass(frozen=True, eq=False)
class Reduced:
    """Reductions beside the full equations: `labels` are the full model's species, `full` (T, L) their values."""

    name: str
    t: Values
    labels: tuple[str, ...]
    full: Values
    followed: tuple[Followed, ...]

    @property
    def layer(self) -> float:
        """The longest initial layer."""
        return max((f.layer for f in self.followed if np.isfinite(f.layer)), default=0.0)

    @property
    def sentences(self) -> tuple[str, ...]:
        """What there is to say of each reduction, and which is best."""
        said = []
        for f in self.followed:
            if f.why:
                said.append(f"The {f.name} cannot be followed: {f.why}.")
                continue
            average, end = 100.0 * f.average(self.t, self.layer), self.t[-1] - self.t[0]
            if np.isnan(average):
                late = f"The initial layer (t = {self.layer:.3g}) does not end before t = {self.t[-1]:.3g}"
                said.append(f"{late}: the {f.name} says nothing of these times; it is off by {_percent(f, self, 0.0)}.")
            else:
                said.append(f"After the initial layer (t = {self.layer:.3g}) the {f.name} is off by {average:.3g} % on "
                            f"average over time and species, by at most {_percent(f, self, self.layer)}; with the "
                            f"layer by {_percent(f, self, 0.0)}, at the end by {_percent(f, self, end)}.")  # fmt: skip
            if f.reduction.validity is not None:
                said.append(f"Its validity: {f.reduction.validity}.")
        told = [(f.average(self.t, self.layer), f.name) for f in self.followed if not f.why]
        if len(told) > 1 and not np.isnan([average for average, _ in told]).any():
            best, second = sorted(told)[:2]
            factor = second[0] / best[0] if best[0] > 0.0 else np.inf
            if factor < 1.005:
                said.append(f"On average the {best[1]} and the {second[1]} are equally good.")
            else:
                said.append(f"On average the {best[1]} is the best, {factor:.3g} times better than the {second[1]}.")
        return tuple(said)

    def __str__(self) -> str:
        return "\n".join(self.sentences)


@dataclass(frozen=True, eq=False)
class Fluctuations:
    """Means and variances of slow variables at the times `t`, by model: `mean[name]`, `variance[name]` (T, L).

    The full model's are of the same sums of its species. `error[name]`: standard errors of the variances.
    """

    t: Values
    labels: tuple[str, ...]
    mean: Mapping[str, Values]
    variance: Mapping[str, Values]
    error: Mapping[str, Values]


def judge_reductions(net: Network, reductions: Mapping[str, Reduction], t: ArrayLike) -> Reduced:
    """Reductions by name against the full rate equations at the times `t`. Raises as `integrate` does for the full."""
    times = time_axis(t)
    if len(times) < 2:
        raise RxnError("R603", "a judgement needs at least two times")
    system = rate_equations(net)
    whole = integrate(system, times)
    labels = tuple(s.label for s in system.states)
    full = np.stack([whole[x] for x in labels], axis=1)
    scale = np.abs(full).max(axis=0)
    scale = np.where(scale > 0.0, scale, 1.0)
    followed = []
    for name, reduction in reductions.items():
        why, values = "", np.full_like(full, np.nan)
        try:
            path = integrate(reduction.system, times)
            for k, x in enumerate(labels):
                if x in path.labels:
                    values[:, k] = path[x]
        except RxnError as error:
            why = error.message
        layer = _LAYERS * reduction.validity.time if reduction.validity else float("nan")
        followed.append(Followed(name, reduction, values, np.abs(values - full) / scale, layer, why))
    return Reduced(net.name, times, labels, full, tuple(followed))


def fluctuations(
    net: Network, reductions: Mapping[str, Reduction], t: ArrayLike, runs: int = 1_000, seed: int = 0
) -> Fluctuations:
    """Means and variances of the slow variables of each reduction, by exact runs of the full and reduced networks.

    A slow variable is compared with the sum of former species that it stands for, and with its own species where
    the reduction says it. Raises R525 for a reduction without a network, and as `sample_statistics` does.
    """
    times = time_axis(t)
    asked: dict[str, sp.Expr] = {}
    for name, reduction in reductions.items():
        if reduction.network is None:
            raise RxnError("R525", f"the {name} reduction of {net.name} is no reaction network")
        for state, weights in reduction.slow:
            asked[state.name] = state if state.name in net.species_by_name else _counts(net, weights)
    extra = [Observable(n, e) for n, e in asked.items() if n not in net.species_by_name]
    models: dict[str, Network] = {"full": replace(net, observables=(*net.observables, *extra))}
    models |= {name: r.network for name, r in reductions.items() if r.network is not None}
    labels = tuple(asked)
    mean, variance, error = {}, {}, {}
    for name, model in models.items():
        jumps = jump_process(model)
        found = sample_statistics(jumps, times, runs=runs, seed=seed)
        unit = [_unit(model, jumps, x, asked) for x in labels]
        mean[name] = np.stack([_of(found, x, u) for x, u in zip(labels, unit, strict=True)], axis=1)
        spread = np.stack([_of(found, x, u, True) for x, u in zip(labels, unit, strict=True)], axis=1)
        variance[name] = spread**2
        error[name] = variance[name] * np.sqrt(2.0 / max(found.runs - 1, 1))
    return Fluctuations(times, labels, mean, variance, error)


def _counts(net: Network, weights: Mapping[sp.Symbol, int]) -> sp.Expr:
    return sp.Add(*(c * symbol(s.name) for s, c in weights.items()))


def _unit(model: Network, jumps: System, label: str, asked: Mapping[str, sp.Expr]) -> float:
    """What a reported value has to be multiplied with to be a count: outputs are in the meaning of bare names."""
    if label in {s.label for s in jumps.states}:
        return 1.0
    of = model.species_by_name.get(label)
    first = of or next((model.species_by_name[s.name] for s in sorted(asked[label].free_symbols, key=str)
                        if s.name in model.species_by_name), None)  # fmt: skip
    if first is None or not first.concentration:
        return 1.0
    size = {c.name: c.size for c in model.compartments}[first.compartment or ""]
    return float(size.xreplace(dict(jumps.environment()))) / float(first.per_count)


def _of(found: Ensemble, label: str, unit: float, spread: bool = False) -> Values:
    if label not in found.labels:
        return np.full(len(found.t), np.nan)
    values = found.sd_of(label) if spread else found.mean_of(label)
    return np.asarray(values * unit)


def _percent(f: Followed, judged: Reduced, layer: float) -> str:
    worst = f.worst(judged.t, layer)
    if not np.isfinite(worst).any():
        return "nothing"
    k = int(np.nanargmax(worst))
    return f"{100.0 * float(worst[k]):.3g} % ({judged.labels[k]})"
