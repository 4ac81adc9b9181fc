"""What was identified: terms with their uncertainty, and what these data cannot tell apart."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...derivations.candidates import Candidates
from ...expressions import exact
from ...language import print_network
from ...network import Network
from ...simulators.arrays import Values
from ...system import System

SURE = 4.0  # standard deviations from nothing
ROOM = 0.2  # of a rate of change, which a term that is absent might make up


@dataclass(frozen=True, slots=True)
class Term:
    """A coefficient, its standard deviation from the Fisher information, all others and initial values unknown too."""

    label: str
    what: str
    value: float
    sd: float

    @property
    def z(self) -> float:
        """|value|/sd."""
        return abs(self.value) / self.sd if self.sd > 0.0 else math.inf


@dataclass(frozen=True, slots=True)
class Alike:
    """A candidate that, along these data, is the same as a sum of others: (label, weight) pairs."""

    label: str
    what: str
    same_as: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Rival:
    """Another set of terms that describes the data nearly as well: what it lacks and has instead.

    `worse`: by the Bayesian criterion, in which a term costs log N; below 0 where only its more terms are against it.
    """

    without: tuple[str, ...]
    instead: tuple[str, ...]
    worse: float


@dataclass(frozen=True, eq=False)
class Identified:
    """The terms that describe the data, and those that might.

    `absent`: for every other candidate that could be added, the value that it would take and its sd; `room`: the part
    of its equation's rate of change that it might make up then, within 2 sd (root mean squares). `noise`: the sd
    (mean distance for Laplace noise) of each quantity, found with the terms; `smooth` the one beside smoothing splines.
    `initial`: of each series, (K, n). `path`: (number of terms, criterion) of the best set of each size.
    """

    candidates: Candidates
    terms: tuple[Term, ...]
    covariance: Values
    initial: Values
    noise: tuple[float, ...]
    smooth: tuple[float, ...]
    criterion: float
    alike: tuple[Alike, ...]
    rivals: tuple[Rival, ...]
    absent: tuple[Term, ...]
    room: tuple[tuple[str, float], ...]
    path: tuple[tuple[int, float], ...]
    notes: tuple[str, ...] = ()

    @property
    def values(self) -> dict[str, float]:
        """Coefficients by label."""
        return {t.label: t.value for t in self.terms}

    @property
    def system(self) -> System:
        """The equations found; states begin as the first series does."""
        found = self.candidates.with_values(self.values)
        pairs = zip(found.states, self.initial[0], strict=True)
        return replace(found, states=tuple(replace(s, initial=exact(float(x))) for s, x in pairs))

    @property
    def network(self) -> Network:
        """The reactions found. Raises R540 where the candidates are no reactions."""
        return self._network(self.values, self.initial[0].tolist())

    def _network(self, values: Mapping[str, float], begin: Sequence[float]) -> Network:
        found = self.candidates.network_with(values)
        pairs = zip(found.species, begin, strict=True)
        return replace(found, species=tuple(replace(s, initial=exact(float(x))) for s, x in pairs))

    @property
    def text(self) -> str:
        """The reactions found as .rxn text, numbers to a hundredth of their uncertainty. Raises as `network`."""
        values = {t.label: rounded(t.value, t.sd) for t in self.terms}
        begin = [rounded(x, s) for x, s in zip(self.initial[0].tolist(), self.noise, strict=True)]
        return print_network(self._network(values, begin))

    @property
    def doubtful(self) -> tuple[str, ...]:
        """Labels of terms, chosen or rival, of which these data do not decide whether they are there."""
        found = {t.label for t in self.terms if t.z < SURE}
        for rival in self.rivals:
            found.update(rival.without, rival.instead)
        roomy = {label for label, part in self.room if part > ROOM}
        found |= roomy
        for relation in self.alike:  # what is the same as a sum of these has as much room
            if any(label in roomy for label, _ in relation.same_as):
                found.add(relation.label)
        for relation in self.alike_in_question:
            found.update([relation.label, *(label for label, _ in relation.same_as)])
        return tuple(label for label in self.candidates.labels if label in found)

    @property
    def alike_in_question(self) -> tuple[Alike, ...]:
        """The relations by which a chosen term can give way: some of it for what it is the same as.

        Rates are not negative: more of the candidate must not ask for less of a reaction that is not there.
        """
        chosen = {t.label for t in self.terms}
        positive = {c.label for c in self.candidates.terms if c.positive}
        return tuple(
            a
            for a in self.alike
            if any(label in chosen for label, _ in a.same_as)
            and not any(label in positive - chosen and w > 0.0 for label, w in a.same_as)
        )

    @property
    def decided(self) -> bool:
        """Whether the data tell these terms from all other sets of the candidates that were looked at."""
        return not self.doubtful

    def __str__(self) -> str:
        what = {c.label: c.what for c in self.candidates.terms}
        lines = [f"{self.candidates.name}: {len(self.terms)} of {len(self.candidates.terms)} candidate terms"]
        width = max((len(t.what) for t in self.terms), default=0)
        lines += [f"  {t.what.ljust(width)}  {t.value:12.6g} +- {t.sd:.2g}   ({t.z:.1f} sd)" for t in self.terms]
        pairs = zip(self.candidates.states, self.noise, self.smooth, strict=True)
        lines.append("noise: " + ", ".join(f"{s.label} {a:.3g} (smoothing leaves {b:.3g})" for s, a, b in pairs))
        lines += self.notes
        if self.decided:
            lines.append("These data tell the terms above from the others that were looked at.")
            return "\n".join(lines)
        lines.append("These data do not decide all terms; the fewest were taken:")
        for t in self.terms:
            if t.z < SURE:
                lines.append(f"  {t.what} is only {t.z:.1f} standard deviations from nothing")
        for rival in self.rivals[:5]:
            lost = " and ".join(what[x] for x in rival.without) or "nothing"
            won = " and ".join(what[x] for x in rival.instead) or "nothing"
            lines.append(f"  {won} instead of {lost}: the Bayesian criterion differs by {rival.worse:+.1f}")
        roomy = sorted(((part, label) for label, part in self.room if part > ROOM), reverse=True)
        for part, label in roomy[:8]:
            size = f"{100 * part:.0f} % of" if part < 2.0 else f"{part:.1f} times"
            lines.append(f"  {what[label]} might make up {size} the rate of change")
        for a in self.alike_in_question[:8]:
            total = " + ".join(f"{w:.4g} ({what[x]})" for x, w in a.same_as)
            lines.append(f"  {a.what} is along these data the same as {total}")
        return "\n".join(lines)


def rounded(value: float, sd: float) -> float:
    """A number with as many digits as say something: to a hundredth of its standard deviation or closer."""
    if value == 0.0 or not 0.0 < sd < math.inf:
        return value
    digits = math.floor(math.log10(abs(value))) - math.floor(math.log10(0.01 * sd)) + 1
    return float(f"{value:.{min(max(digits, 1), 17)}g}")


def relations(A: Values, order: list[int], exact: float = 1e-12) -> list[tuple[int, tuple[tuple[int, float], ...]]]:
    """Columns that are sums of those before them in `order`: (column, (column, weight) pairs), from A = J^T J.

    A column is such a sum where less than `exact` of its square is left.
    """
    scale = np.sqrt(np.maximum(np.diag(A), 1e-300))
    C = A / np.outer(scale, scale)
    kept: list[int] = []
    found: list[tuple[int, tuple[tuple[int, float], ...]]] = []
    for j in order:
        if A[j, j] <= 0.0:
            found.append((j, ()))
            continue
        if kept:
            weights = np.linalg.lstsq(C[np.ix_(kept, kept)], C[kept, j], rcond=1e-14)[0]
            if 1.0 - weights @ C[kept, j] < exact:
                large = [(k, float(w)) for k, w in zip(kept, weights, strict=True) if abs(w) > 1e-4]
                found.append((j, tuple((k, w * scale[j] / scale[k]) for k, w in large)))
                continue
        kept.append(j)
    return found
