"""Rates with their uncertainty: what a fit to moments gives back."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...errors import RxnError
from ...network import Network, with_values
from ...simulators.arrays import Values


@dataclass(frozen=True, slots=True)
class ReactionRate:
    """The rate constant of a reaction, its standard error, and z = rate/sd: how surely the reaction is there."""

    reaction: str
    rate: float
    sd: float

    @property
    def z(self) -> float:
        """Infinite where the rate is known without error."""
        return self.rate / self.sd if self.sd > 0.0 else math.copysign(math.inf, self.rate) if self.rate else 0.0

    @property
    def p(self) -> float:
        """The chance of so large a rate, or a larger one, if the reaction were absent (one-sided)."""
        return 0.5 * math.erfc(self.z / math.sqrt(2.0))


@dataclass(frozen=True, eq=False)
class RateEstimate:
    """Estimated parameters of candidate reactions, with their covariance (K, K).

    `distance`: the weighted sum of squares that is left, chi-square distributed with `freedom` degrees if the
    candidates are right, and p the chance of a larger one. `reactions`: the rate constant of each. `lost`: parameters
    that these moments do not tell; their sd is infinite.
    """

    network: Network
    names: tuple[str, ...]
    values: Values
    covariance: Values
    distance: float
    freedom: int
    reactions: tuple[ReactionRate, ...]
    method: str
    lost: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @cached_property
    def sd(self) -> Values:
        """Standard errors, (K,)."""
        found = np.sqrt(np.maximum(np.diagonal(self.covariance), 0.0))
        return np.where([n in self.lost for n in self.names], np.inf, found)

    def __getitem__(self, name: str) -> float:
        """The value of a parameter. Raises R704."""
        return float(self.values[self._place(name)])

    def interval(self, name: str, level: float = 0.95) -> tuple[float, float]:
        """The confidence interval of a parameter. Raises R604 for a level outside (0, 1), R704."""
        if not 0.0 < level < 1.0:
            raise RxnError("R604", f"level {level!r} is not between 0 and 1")
        from scipy.special import ndtri

        k = self._place(name)
        half = float(ndtri(0.5 + 0.5 * level)) * float(self.sd[k])
        return float(self.values[k]) - half, float(self.values[k]) + half

    @property
    def p(self) -> float:
        """The chance of moments further from the model than these, if the candidates are right."""
        return chance(self.distance, self.freedom)

    @property
    def learned(self) -> Network:
        """The network with these values. One with a rate below zero cannot be simulated: see `non_negative_rates`."""
        return with_values(self.network, dict(zip(self.names, map(float, self.values), strict=True)))

    def errors(self, truth: dict[str, float]) -> dict[str, float]:
        """(value - truth)/sd of the parameters that are named; not a number for one that is held at a value."""
        sd = {n: float(self.sd[self._place(n)]) for n in truth}
        return {n: (self[n] - x) / sd[n] if sd[n] > 0.0 else math.nan for n, x in truth.items()}

    def _place(self, name: str) -> int:
        if name not in self.names:
            raise RxnError("R704", f"{name!r} was not estimated: " + ", ".join(self.names))
        return self.names.index(name)

    def __str__(self) -> str:
        lines = [f"{self.network.name}: {self.method}"]
        width = max(map(len, self.names), default=0)
        for k, name in enumerate(self.names):
            low, high = self.interval(name)
            known = f"sd {self.sd[k]:.2g}, 95 % {low:.6g} .. {high:.6g}"
            error = "not told by these moments" if name in self.lost else known
            lines.append(f"  {name.ljust(width)}  {self.values[k]:12.6g}  {error}")
        if self.freedom > 0 and math.isfinite(self.distance):
            lines.append(f"  chi-square {self.distance:.1f} of {self.freedom} degrees of freedom, p = {self.p:.2g}")
        width = max((len(r.reaction) for r in self.reactions), default=0)
        lines.append("  reactions")
        for r in self.reactions:
            lines.append(f"  {r.reaction.ljust(width)}  {r.rate:12.6g}  z = {r.z:.3g}, absent with p = {r.p:.2g}")
        return "\n".join([*lines, *(f"  note: {n}" for n in self.notes)])


def chance(distance: float, freedom: int) -> float:
    """The chance of a larger chi-square."""
    if freedom <= 0 or not math.isfinite(distance):
        return math.nan
    from scipy.special import gammaincc

    return float(gammaincc(0.5 * freedom, 0.5 * distance))


def named(names: Iterable[str]) -> str:
    """Names in a sentence."""
    every = list(names)
    return every[0] if len(every) == 1 else ", ".join(every[:-1]) + " and " + every[-1]
