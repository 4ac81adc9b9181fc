"""What a fit found: the best values, how sure the search is of them, and the model with these values."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from ...errors import RxnError
from ...expressions import exact
from ...language import print_network
from ...network import Network, with_values
from ...simulators.arrays import Values
from ...system import Step, System
from .information import Information, information
from .objective import Objective
from .problem import Problem, Scale
from .starts import Start

_SAME = 0.1  # of the objective: a start has reached the best one
_WIDE = 1e6  # factor of a standard error beyond which it says nothing more
_EDGE = 1e-3  # part of the bounds within which a value is said to lie on one


@dataclass(frozen=True, eq=False)
class Fit:
    """Minimisations of one objective, best first, with notes on what went wrong. `model`: the Network, if any."""

    objective: Objective
    starts: tuple[Start, ...]
    seed: int
    notes: tuple[str, ...] = ()
    model: Network | None = None

    @property
    def problem(self) -> Problem:
        """What was asked."""
        return self.objective.problem

    @property
    def best(self) -> Start:
        """The start that ended lowest. Raises R712 where none has ended."""
        if not self.starts or self.starts[0].failed:
            raise RxnError("R712", f"no start of the fit of {self.problem.name} ended")
        return self.starts[0]

    @property
    def x(self) -> Values:
        """The best point on the scales of the unknowns, (K,)."""
        return np.array(self.best.end)

    @property
    def values(self) -> dict[str, float]:
        """The best values by name."""
        pairs = zip(self.problem.unknowns, self.objective.natural(self.x).tolist(), strict=True)
        return {u.name: min(max(v, u.lower), u.upper) for u, v in pairs}  # powers of logarithms round past bounds

    @property
    def information(self) -> Information:
        """Fisher information at the best point: standard errors, correlations."""
        return information(self.objective, self.x)

    @property
    def reached(self) -> int:
        """How many starts ended within 0.1 of the best."""
        return sum(s.value <= self.best.value + _SAME for s in self.starts)

    @property
    def failures(self) -> dict[str, int]:
        """How many starts found nothing, by what is said of them."""
        return dict(Counter(s.message for s in self.starts if s.failed))

    @property
    def on_bounds(self) -> tuple[str, ...]:
        """The unknowns whose best values lie on a bound."""
        low, high = self.objective.bounds
        margin = _EDGE * (high - low)
        edge = (self.x <= low + margin) | (self.x >= high - margin)
        return tuple(name for name, here in zip(self.problem.names, edge, strict=True) if here)

    @property
    def system(self) -> System:
        """The System with the best values of its parameters, and initial values where these were unknown."""
        found, given = self.values, self.problem.system
        parameters = tuple(
            replace(c, value=exact(found[c.label])) if c.label in found else c
            for c in given.parameters
            if not _beside(c.label, given)
        )
        states = tuple(
            replace(s, initial=exact(found[f"{s.label}(0)"])) if f"{s.label}(0)" in found else s for s in given.states
        )
        step = Step("fit", (("data", str(len(self.problem.data.value))), ("objective", f"{self.best.value:.8g}")))
        return replace(given, parameters=parameters, states=states, steps=(*given.steps, step))

    @property
    def network(self) -> Network:
        """The model with the best values. Raises R710 where the fit was not one of a Network."""
        if self.model is None:
            raise RxnError("R710", f"the fit of {self.problem.name} was not one of a model file")
        net = self.model
        settable = {x.name for part in (net.parameters, net.compartments, net.species) for x in part}
        found = {name[:-3] if name.endswith("(0)") else name: exact(v) for name, v in self.values.items()}
        return with_values(net, {name: value for name, value in found.items() if name in settable})

    def text(self) -> str:
        """The model with the best values as .rxn text. Raises R710 where the fit was not one of a Network."""
        heading = f"# fitted to {len(self.problem.data.value)} measurements: {self._measure} {self.best.value:.8g}"
        return f"{heading}\n{print_network(self.network)}"

    def json(self) -> str:
        """Everything as JSON: values, starts on the scales of the unknowns, bounds, notes."""
        unknowns = [
            {"name": u.name, "value": v, "lower": u.lower, "upper": u.upper, "scale": u.scale.value}
            for u, v in zip(self.problem.unknowns, self.values.values(), strict=True)
        ]
        starts = [
            {"number": s.number, "value": None if s.failed else s.value, "begin": s.begin, "end": s.end,
             "message": s.message, "evaluations": s.evaluations}
            for s in self.starts
        ]  # fmt: skip
        found = {
            "problem": self.problem.name, "objective": self.best.value, "reached": self.reached, "seed": self.seed,
            "unknowns": unknowns, "starts": starts, "notes": list(self.notes),
        }  # fmt: skip
        return json.dumps(found, indent=1) + "\n"

    @property
    def _measure(self) -> str:
        prior = any(u.prior is not None for u in self.problem.unknowns)
        return "-log posterior" if prior else "-log likelihood"

    def __str__(self) -> str:
        """A table of the best values with standard errors, and what the starts say."""
        errors = self.information.errors
        edge, rows = self.on_bounds, [("", "value", "standard error", "bounds", "")]
        for u, value, error in zip(self.problem.unknowns, self.values.values(), errors.tolist(), strict=True):
            if u.name in edge:
                error = math.nan
            factor = math.exp(min(error if u.scale is Scale.LOG else error * math.log(10.0), 700.0))
            told = f"factor {factor:.3g}" if factor < _WIDE else f"factor above {_WIDE:g}"
            told = f"{error:.3g}" if u.scale is Scale.LINEAR else told
            told = "" if math.isnan(error) else told if math.isfinite(error) else "no information"
            bounds = f"{u.lower:g} .. {u.upper:g}"
            rows.append((u.name, f"{value:.6g}", told, bounds, "on a bound" if u.name in edge else ""))
        wide = [max(len(row[i]) for row in rows) for i in range(5)]
        lines = [
            "  ".join(c.ljust(w) if i in (0, 4) else c.rjust(w) for i, (c, w) in enumerate(zip(row, wide, strict=True)))
            for row in rows
        ]
        count = len(self.starts)
        lines += [
            f"{self._measure} {self.best.value:.8g} of {len(self.problem.data.value)} measurements; "
            f"{self.reached} of {count} start{'s' * (count > 1)} ended within {_SAME:g} of it",
            *self.notes,
        ]
        return "\n".join(line.rstrip() for line in lines)

    def __repr__(self) -> str:
        ended = sum(not s.failed for s in self.starts)
        value = f", best {self.starts[0].value:.6g}" if ended else ""
        return f"<Fit {self.problem.name}: {ended} of {len(self.starts)} starts ended{value}>"


def _beside(label: str, system: System) -> bool:
    """Whether a parameter was added by the fit: an initial value, or a size of noise."""
    first = label.endswith("(0)") and label[:-3] in {s.label for s in system.states}
    return first or label == "sd" or label.startswith("sd(")
