"""From measured time series to equations: which candidate terms, with which coefficients, how surely.

1. weak form: a linear regression on smoothed data gives first sets of terms and their coefficients;
2. the System of a set is integrated through the data, coefficients, initial values and noise are fitted;
3. terms are dropped, added and exchanged while an extended Bayesian criterion falls (`search`);
4. sd from the Fisher information; sums of candidates that are the same along these data; sets that are nearly as good.

With `Road.ODENET` step 3 minimises Eq. 2 of Yang et al. 2021 over all terms, for a ladder of penalties, and the sets
that are left above a threshold are fitted anew (`odenet`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import Enum
from functools import partial

import numpy as np

from ...derivations.candidates import Candidates
from ...errors import RxnError
from ...simulators.arrays import Values
from ...simulators.integrators.machine import Scheme
from ..fits.problem import Noise
from .along import Along, shares
from .held_out import held_out
from .identified import Alike, Identified, Rival, Term, relations
from .integral_form import integral_form
from .odenet import ladder
from .search import WIDER, Fitted, Search, in_pieces
from .series import Series
from .shooting import Shooting
from .subsets import Subset, best_subsets, price
from .weak_form import SEPARATE, Smooth, WeakForm, smoothed, weak_form

_NEAR = 6.0  # of the Bayesian criterion: a set that is worse by less is a rival
_POOR = 1.5  # times the noise that smoothing leaves: a fit that may have ended elsewhere
_NEGATIVE = 4.0  # times the noise: a quantity that is never further below 0 is taken to begin at 0 or above
_PIECES = (8, 4, 2)
_FEWEST = 3  # values of a quantity beside one a series, with which that begins

Progress = Callable[[str], object]


class Road(Enum):
    """How sets of terms are found: best subsets near a fit, or the L1 penalty of ODENet."""

    SUBSETS = "subsets"
    ODENET = "odenet"


class Choice(Enum):
    """What decides the number of terms: the extended Bayesian criterion, or the prediction of values held out."""

    CRITERION = "criterion"
    HELD_OUT = "held out"


def identify(
    candidates: Candidates,
    data: Sequence[Series],
    noise: Noise = Noise.NORMAL,
    road: Road = Road.SUBSETS,
    choice: Choice = Choice.CRITERION,
    accuracy: float = 1e-4,
    most: int | None = None,
    scheme: Scheme = Scheme.EXPLICIT,
    progress: Progress | None = None,
) -> Identified:
    """The terms of `candidates` that describe the data, from which every state has to be measured.

    Times are irregular as they come, values may be missing (NaN); every series has initial values of its own, which are
    fitted. `accuracy`: how much of each quantity's standard deviation a model need not explain. `most`: terms at most.
    Raises R720 for data that do not fit, R721 where no set of terms can be integrated through them.
    """
    labels = tuple(s.label for s in candidates.states)
    series = tuple(replace(s.of(labels), number=k) for k, s in enumerate(data))
    if not series:
        raise RxnError("R720", "there are no data")
    if choice is Choice.HELD_OUT and any(s.covariance is not None for s in series):
        raise RxnError("R720", "values held out are predicted by their neighbours where errors have a covariance")
    _enough(series)
    smooth = [smoothed(s) for s in series]
    left = np.sqrt(np.mean([s.noise**2 for s in smooth], axis=0))
    lowest = np.nanmin(np.vstack([s.values for s in series]), axis=0)
    shooting = Shooting(candidates.system, series, len(candidates.terms), lowest > -_NEGATIVE * left - 1e-300, scheme)
    count, n = shooting.count, shooting.n
    most = min(count, 5 * n + 5, max(1, len(shooting.data) // 5)) if most is None else min(most, count)
    positive = np.array([c.positive for c in candidates.terms])
    along = Along.of(candidates)
    search = Search(shooting, positive, accuracy * shooting.spread, noise, partial(integral_form, along))
    starts = first_sets(weak_form(candidates, along, smooth), positive, most, len(series))
    best = _begin(search, starts, smooth, left, most)
    if best is None:
        message = f"no set of candidate terms of {candidates.name} can be integrated through the data"
        raise RxnError("R721", message, hint="stiff ones need Scheme.ROSENBROCK; else change the candidates")
    if road is Road.ODENET:
        best = ladder(search, best, most)
    else:
        best = search.improve(best, most, (lambda f: progress(_said(candidates, f))) if progress else None)
        best = _settled(search, best, most)
    if choice is Choice.HELD_OUT:
        best = held_out(search, best)
    return result(candidates, search, best, left, along)


def _enough(series: Sequence[Series]) -> None:
    """Raises R720 for a quantity that never changes, or of which there is hardly more than its initial values."""
    for i, label in enumerate(series[0].labels):
        found = np.concatenate([s.values[s.seen[:, i], i] for s in series])
        if len(found) < len(series) + _FEWEST:
            message = f"{label!r} is measured {len(found)} times in {len(series)} series, too few to learn from"
            raise RxnError("R720", message, hint=f"at least {len(series) + _FEWEST} are needed")
        if (found == found[0]).all():
            message = f"{label!r} is {found[0]:g} throughout: no equation can be learned from that"
            raise RxnError("R720", message, hint="leave it out, or measure it where it changes")


def _settled(search: Search[Shooting], best: Fitted, most: int) -> Fitted:
    """The same, or a better one that comes to light when every term in turn is done without."""
    while True:
        search.without_each(best, 2.0 * _NEAR)
        better = min((f for f in search.fitted.values() if f is not None), key=lambda f: f.criterion)
        if better.size > most or better.criterion >= best.criterion - 1e-6:
            return best
        best = search.improve(better, most)


def _said(candidates: Candidates, found: Fitted) -> str:
    return f"{found.criterion:.1f}: " + ", ".join(candidates.terms[j].what for j in found.support)


def first_sets(weak: WeakForm, positive: np.ndarray, most: int, series: int) -> list[Subset]:
    """Best subsets of the weak form, rows of each equation over what is left of them, the best set first."""
    equations = int(weak.equation.max()) + 1
    rows = SEPARATE * equations * series  # windows overlap, and so do their errors
    J, z = weak.J, weak.z
    scale = np.array([np.sqrt((z[weak.equation == i] ** 2).mean()) for i in range(equations)])
    found: list[Subset] = []
    pairs: tuple[int, int] | None = None
    for _ in range(2):
        scale = np.maximum(scale, 1e-9 * max(float(scale.max()), 1e-300))
        over = 1.0 / scale[weak.equation]
        A, b = (J * over[:, None]).T @ (J * over[:, None]), (J * over[:, None]).T @ (z * over)
        square = float(((z * over) ** 2).sum())
        found = best_subsets(A, b, square, most, positive, pairs=pairs)
        found.sort(key=lambda s: rows * np.log(s.misfit + 1e-12 * square) + price(len(s.columns), len(b), rows))
        best = found[0]
        pairs = (max(1, len(best.columns) - WIDER), len(best.columns) + WIDER)
        left = z - J[:, list(best.columns)] @ best.coefficients
        scale = np.array([np.sqrt((left[weak.equation == i] ** 2).mean()) for i in range(equations)])
    return found


def _begin(
    search: Search[Shooting], starts: list[Subset], smooth: list[Smooth], left: Values, most: int
) -> Fitted | None:
    """The best fit of the first sets; where the whole series cannot be met, by way of shorter pieces of them."""
    values = first_values(search, smooth, left)
    best = _best_of(search, starts[:6], values, left, None)
    if best is not None and _meets(search, best, left):
        return best
    found: Fitted | None = None
    known: dict[tuple[int, float], Values] = {}
    for pieces in (*_PIECES, 1):
        shorter = search if pieces == 1 else replace(search, shooting=in_pieces(search.shooting, pieces), fitted={})
        if not shorter.shooting.series:
            continue
        if found is not None:
            starts = [Subset(found.support, found.x[list(found.support)], 0.0)]
            search.fitted.pop(found.support, None)
        if pieces > 1:
            values = first_values(shorter, [smoothed(s) for s in shorter.shooting.series], left)
        else:
            values = first_values(search, smooth, left)
        keys = [(s.number, float(s.times[0])) for s in shorter.shooting.series]
        values = np.array([known.get(key, value) for key, value in zip(keys, values, strict=True)])
        again = _best_of(shorter, starts[:8], values, left, None)
        if again is None:
            continue
        found = again if pieces == 1 else shorter.improve(again, most)
        known |= dict(zip(keys, found.x[search.count :].reshape(-1, search.shooting.n), strict=True))
        if pieces == 1 and (best is None or found.criterion < best.criterion):
            best = found
    return best


def first_values(search: Search[Shooting], smooth: Sequence[Smooth], left: Values) -> Values:
    """Initial values to begin with, (K, n): of the splines, but not below a little of the noise where none may be."""
    values = np.array([s.start for s in smooth])
    return np.where(search.shooting.unsigned, np.maximum(values, 0.1 * left), values)


def _best_of(
    search: Search[Shooting], starts: Sequence[Subset], values: Values, left: Values, best: Fitted | None
) -> Fitted | None:
    for subset in starts:
        x = np.zeros(search.count + values.size)
        x[list(subset.columns)] = subset.coefficients
        x[search.count :] = values.ravel()
        found = search.fit(subset.columns, x, left)
        if found is not None and (best is None or found.criterion < best.criterion):
            best = found
        if best is not None and _meets(search, best, left):
            break
    return best


def _meets(search: Search[Shooting], found: Fitted, left: Values) -> bool:
    return bool((found.noise < _POOR * left + 0.02 * search.shooting.spread).all())


def result(
    candidates: Candidates, search: Search[Shooting], best: Fitted, left: Values, along: Along
) -> Identified:
    """The best set with what the Fisher information says of it and of the terms that are absent."""
    S = list(best.support)
    A, b = search.information(best)
    # rows of a part of A only: the inverse of what is known of the chosen coefficients
    size = np.sqrt(np.maximum(np.diag(A)[S], 1e-300))
    covariance = np.linalg.pinv(A[np.ix_(S, S)] / np.outer(size, size), hermitian=True) / np.outer(size, size)
    sd = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    names = [(c.label, c.what) for c in candidates.terms]
    terms = tuple(Term(*names[j], float(best.x[j]), float(s)) for j, s in zip(S, sd, strict=True))
    rest = [j for j in range(search.count) if j not in S]
    same = relations(A, [*S, *sorted(rest, key=lambda j: -A[j, j])])
    alike = tuple(Alike(*names[j], tuple((names[k][0], w) for k, w in sums)) for j, sums in same)
    lost = {j for j, _ in same}
    absent = []
    for j in rest:
        pull = covariance @ A[S, j]
        room = float(A[j, j] - A[j, S] @ pull)
        if j not in lost and room > 0.0:
            absent.append(Term(*names[j], float((b[j] - b[S] @ pull) / room), room**-0.5))
    sizes = dict(zip(candidates.labels, shares(along, search.shooting, best.x), strict=True))
    return Identified(
        candidates, terms, covariance, best.x[search.count :].reshape(-1, search.shooting.n),
        tuple(best.noise.tolist()), tuple(left.tolist()), best.criterion, alike, _rivals(candidates, search, best),
        tuple(absent), tuple((t.label, (abs(t.value) + 2.0 * t.sd) * float(sizes[t.label])) for t in absent),
        search.path(), _notes(search, best, left),
    )  # fmt: skip


def _rivals(candidates: Candidates, search: Search[Shooting], best: Fitted) -> tuple[Rival, ...]:
    found = []
    for other in search.fitted.values():
        if other is None or other.support == best.support:
            continue
        worse = search.bayesian(other) - search.bayesian(best)
        if worse > _NEAR:
            continue
        without = tuple(candidates.labels[j] for j in best.support if j not in other.support)
        if without:  # more terms beside the same are `absent` ones
            instead = tuple(candidates.labels[j] for j in other.support if j not in best.support)
            found.append(Rival(without, instead, worse))
    return tuple(sorted(set(found), key=lambda r: r.worse))


def _notes(search: Search[Shooting], best: Fitted, left: Values) -> tuple[str, ...]:
    worst = best.noise / np.maximum(left, 1e-300)
    q = int(worst.argmax())
    if _meets(search, best, left) or search.shooting.correlated:
        return ()
    label = search.shooting.system.states[q].label
    return (f"no set of the candidates describes {label!r}: {worst[q]:.1f} times what smoothing leaves",)
