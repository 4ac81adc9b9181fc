"""Derivatives of a simulation by parameters and initial values, under the labels of a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

import numpy as np

from ...errors import RxnError
from ..arrays import Values
from .trajectory import Trajectory


@dataclass(frozen=True, eq=False)
class Sensitivities:
    """d label(t)/d parameter: `derivatives` (T, L, K) of states and outputs, their `values` (T, L).

    `t` (T,), `labels` L, `parameters` K (of a state's label: its initial value), whose values are `at` (K,).
    """

    name: str
    t: Values
    labels: tuple[str, ...]
    values: Values
    parameters: tuple[str, ...]
    at: Values
    derivatives: Values

    def __getitem__(self, pair: tuple[str, str]) -> Values:
        """`found[label, parameter]`: (T,). Raises R704 for an unknown label."""
        return self.derivatives[:, *_places(self.name, pair, self.labels, self.parameters)]

    def scaled(self) -> Values:
        """The elasticities d log|label| / d log|parameter|, (T, L, K); not a number where a value is 0."""
        return _scaled(self.derivatives, self.values, self.at)

    def __repr__(self) -> str:
        shape = " x ".join(map(str, self.derivatives.shape))
        return f"<Sensitivities {self.name}: {shape} (times x labels x parameters)>"


@dataclass(frozen=True, eq=False)
class SteadySensitivities:
    """d label/d parameter in a steady state: `derivatives` (L, K) of states and outputs, their `values` (L,)."""

    name: str
    labels: tuple[str, ...]
    values: Values
    parameters: tuple[str, ...]
    at: Values
    derivatives: Values

    def __getitem__(self, pair: tuple[str, str]) -> float:
        """`found[label, parameter]`. Raises R704 for an unknown label."""
        return float(self.derivatives[_places(self.name, pair, self.labels, self.parameters)])

    def scaled(self) -> Values:
        """The elasticities d log|label| / d log|parameter|, (L, K): control coefficients. Not a number at 0."""
        return _scaled(self.derivatives, self.values, self.at)

    def __repr__(self) -> str:
        return f"<SteadySensitivities {self.name}: {len(self.labels)} labels, {len(self.parameters)} parameters>"


@dataclass(frozen=True, eq=False)
class Gradient:
    """A number of a simulation, `value`, and its `derivatives` (K,) by parameters, whose values are `at` (K,).

    `trajectory`: the solution it is a number of, at one time for a steady state. `inputs`: the derivatives by the
    values of each series that was given, by label.
    """

    name: str
    value: float
    parameters: tuple[str, ...]
    at: Values
    derivatives: Values
    trajectory: Trajectory
    inputs: dict[str, Values] = field(default_factory=dict)

    def __getitem__(self, parameter: str) -> float:
        """The derivative by one parameter. Raises R704 for an unknown label."""
        return float(self.derivatives[_place(self.name, parameter, self.parameters)])

    def scaled(self) -> Values:
        """d value/d log|parameter|, (K,)."""
        return self.derivatives * self.at

    def __repr__(self) -> str:
        return f"<Gradient {self.name}: value {self.value:.6g}, {len(self.parameters)} parameters>"


def _scaled(derivatives: Values, values: Values, at: Values) -> Values:
    with np.errstate(divide="ignore", invalid="ignore"):
        found = derivatives * at / values[..., np.newaxis]
    found[~np.isfinite(found)] = np.nan
    return found


def _places(name: str, pair: tuple[str, str], labels: Sequence[str], parameters: Sequence[str]) -> tuple[int, int]:
    label, parameter = pair
    return _place(name, label, labels), _place(name, parameter, parameters)


def _place(name: str, label: str, known: Sequence[str]) -> int:
    if label not in known:
        near = get_close_matches(str(label), known, 1)
        hint = f"did you mean {near[0]!r}?" if near else "there are: " + ", ".join(known[:12])
        raise RxnError("R704", f"{label!r} is not among the derivatives of {name}", hint=hint)
    return known.index(label)
