"""What is found about an approximation, in numbers and in plain sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import RxnError
from ..simulators.arrays import Values
from ..system import System
from .truth import Truth


@dataclass(frozen=True, slots=True)
class Off:
    """How far a group of moments is off: at most `most`, for `label` at `time`; further than allowed from `since` on.

    `since` is None where all stay within what is allowed. `unsure`: a sampled truth cannot tell any of it from chance.
    Errors are relative.
    """

    most: float
    label: str
    time: float
    since: float | None
    unsure: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that moments of no distribution do: what, from when until when (None: the end), the worst of it.

    `whole`: all the time between; else it comes and goes.
    """

    what: str
    since: float
    until: float | None
    worst: float
    time: float
    whole: bool = True

    def __str__(self) -> str:
        end = "on" if self.until is None else f"to {self.until:.4g}"
        end += "" if self.whole else ", on and off"
        worst = "" if math.isnan(self.worst) else f", at worst {self.worst:.4g} at t = {self.time:.4g}"
        return f"{self.what} from t = {self.since:.4g} {end}{worst}"


@dataclass(frozen=True, eq=False)
class Verdict:
    """How one approximation did.

    `t` (F,) are the times at which it was followed, finer than those of the truth; `mean` (F, n) and `covariance`
    (F, n, n) what it gives there, not a number from where it broke down; `errors` (T, L) its relative errors at the
    times of the truth, for the labels of the judgement. `means`, `covariances` and `higher` moments say how far these
    are off, None where there are none; `faults` what moments cannot be; `ended` and `why` when and why it broke down,
    None where it did not. `same` names an earlier approximation that gives the same numbers.
    """

    name: str
    system: System | None
    t: Values
    mean: Values
    covariance: Values
    errors: Values
    means: Off | None
    covariances: Off | None
    faults: tuple[Fault, ...] = ()
    ended: float | None = None
    why: str = ""
    same: str = ""
    allowed: float = 0.1
    higher: Off | None = None

    @property
    def good(self) -> bool:
        """Whether it reached the end, within what is allowed, without a fault."""
        return self.means is not None and self.ended is None and not self.faults and not any(
            off.since is not None for _, off in self._groups
        )

    @property
    def _groups(self) -> list[tuple[str, Off]]:
        found = (("means", self.means), ("covariances", self.covariances), ("higher moments", self.higher))
        return [(what, off) for what, off in found if off is not None]

    @property
    def sentence(self) -> str:
        """What there is to say, in one line."""
        if self.same:
            return f"{self.name} gives the same numbers as {self.same}."
        if self.means is None:
            return f"{self.name} cannot begin: {self.why}."
        groups = self._groups
        if all(off.since is None for _, off in groups):
            unsure = ", which the runs cannot tell from chance" * all(off.unsure for _, off in groups)
            each = listed([f"{in_percent(off.most)} for {what}" for what, off in groups])
            parts = [f"is within {each}{self._end}{unsure}"]
        else:
            parts = [f"{self._said(off)} for {what}{self._then(off)}" for what, off in groups]
            parts[0] = f"is {parts[0]}"
        parts += [str(fault) for fault in self.faults]
        if self.ended is not None:
            parts.append(f"it breaks down at t = {self.ended:.4g} ({self.why})")
        return f"{self.name} {'; '.join(parts)}."

    def _said(self, off: Off) -> str:
        if off.since is not None and off.since <= self.t[0]:
            return "off from the start"
        return f"within {in_percent(off.most if off.since is None else self.allowed)}"

    def _then(self, off: Off) -> str:
        if off.since is None:
            return self._end or " throughout"
        worst = f"by up to {in_percent(off.most)} ({off.label} at t = {off.time:.4g})"
        return f" until t = {off.since:.4g}, then off {worst}" if off.since > self.t[0] else f", {worst}"

    @property
    def _end(self) -> str:
        return "" if self.ended is None else f" until t = {self.ended:.4g}"


@dataclass(frozen=True, eq=False)
class Judgement:
    """Approximations of one model against its process.

    `labels` are the moments that were compared, the means first, then the covariances `<A*B>_c`, then central moments
    of higher order where the truth is exact and `order` has them; `species` the names in them. An error of a mean is
    relative to the mean, one of another moment to the product of the standard deviations (so that of a variance is
    relative to the variance), and to a twentieth of its largest value where that is smaller.
    `resolution` (T, L) is what the truth itself does not know, in the same measure: 0 or one standard error.
    """

    name: str
    order: int
    species: tuple[str, ...]
    labels: tuple[str, ...]
    truth: Truth
    resolution: Values
    verdicts: tuple[Verdict, ...]

    @property
    def groups(self) -> tuple[slice, slice, slice]:
        """Which of the labels are means, covariances and higher moments."""
        count = len(self.species)
        second = count + count * (count + 1) // 2
        return slice(0, count), slice(count, second), slice(second, len(self.labels))

    @property
    def values(self) -> tuple[Values, Values]:
        """The truth and its standard errors by label, each (T, L)."""
        i, j = np.triu_indices(len(self.species))
        x = self.truth
        known = np.concatenate([x.mean, x.covariance[:, i, j], x.higher], axis=1)
        return known, np.concatenate([x.mean_error, x.covariance_error[:, i, j], np.zeros_like(x.higher)], axis=1)

    def __getitem__(self, name: str) -> Verdict:
        """The verdict on one approximation. Raises R704 for another name."""
        for verdict in self.verdicts:
            if verdict.name == name:
                return verdict
        hint = "there are " + ", ".join(v.name for v in self.verdicts)
        raise RxnError("R704", f"{name!r} was not judged", hint=hint)

    @property
    def sentences(self) -> tuple[str, ...]:
        """First what the truth is, then a sentence for each approximation."""
        return (self.measure, *(v.sentence for v in self.verdicts))

    @property
    def measure(self) -> str:
        """What the approximations are measured by, and how well that is known."""
        count = len(self.species)
        said = f"Measured by {self.truth.source}"
        if self.truth.exact:
            return said + "."
        mean = in_percent(float(self.resolution[:, :count].max()))
        covariance = in_percent(float(self.resolution[:, count:].max()))
        return f"{said}, whose standard errors reach {mean} of a mean and {covariance} of a covariance."

    def __str__(self) -> str:
        head = f"{self.name}: approximations of order {self.order} against the process, until t = {self.truth.t[-1]:g}"
        return "\n".join((head, *(f"  {line}" for line in self.sentences)))


def in_percent(error: float) -> str:
    """A relative error rounded up to two digits; a multiple where it is large."""
    if math.isnan(error):
        return "an unknown part"
    if error >= 1e6:
        return "more than a million times"
    if error >= 10.0:
        return f"{float(f'{error:.2g}'):,.0f} times"
    if error < 1e-4:
        return "0.01 %"
    percent = 100.0 * error
    step = 10.0 ** (math.floor(math.log10(percent)) - 1)
    return f"{math.ceil(percent / step - 1e-9) * step:.6g} %"


def listed(parts: Sequence[str]) -> str:
    """`A`, `A and B`, `A, B and C`."""
    return " and ".join(x for x in (", ".join(parts[:-1]), *parts[-1:]) if x)
