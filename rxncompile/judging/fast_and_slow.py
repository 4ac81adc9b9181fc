"""Fast and slow, found along a trajectory: by the Jacobian's spectrum, and by how derivatives hang together.

Spectrum, after the initial layer, without conserved directions:

    J a_m = l_m a_m,   b_m J = l_m b_m,   b_m a_m = 1;     share of species i in mode m:  |a_im b_mi|    (sum over m: 1)

The gap is the largest ratio |l_k|/|l_k+1|; species with more than half of their share above it are fast, and so are
reactions whose own relaxation -sum_j (d v/d x_j) nu_j, with that of the one that undoes it, is above the middle of the
gap. Slow species move along by a_im, whatever that is of their amount. Lam and Goussis 1994, Int. J. Chem. Kinet. 26,
461 (pointers); Yang et al. 2021, Table II: correlations of d x_i/dt at even times, here absolute values, clustered by
average linkage.
"""

from __future__ import annotations

import math

import numpy as np
import sympy as sp

from ..derivations.rates import rate_equations
from ..errors import RxnError
from ..expressions import TIME, symbol
from ..network import Flag, Network, change, per_event, rate_law, rate_scale
from ..simulators.arrays import Values
from ..simulators.rate_equations.equations import compiled
from ..simulators.rate_equations.horizon import horizon
from ..simulators.rate_equations.ode import integrate
from ..structure.slopes import Slope
from ..system import System
from .separation import Finding, Moved, Separation, by_hints, dragged, named

_LAYERS = 5.0  # times of the slowest fast mode until its layer is over
_TIMES, _FIRST = 48, 1e-7  # times at which spectra are taken, even in the logarithm, from this part of the whole
_GAP = 5.0  # below, fast and slow run into each other
_MOST = 200  # species up to which spectra are taken
_SHOWN = 6  # species in a sentence


def fast_and_slow(net: Network, until: float | None = None, points: int = 1001) -> Separation:
    """What is fast and what slow, from the start to `until`: by hints, by the spectrum, by correlation.

    None: until the rate equations have settled or swung. `points`: even times at which derivatives are correlated.
    Raises R604 for fewer than ten, and what `rate_equations` and `integrate` raise.
    """
    if points < 10:
        raise RxnError("R604", f"points = {points!r} is not at least 10")
    system = rate_equations(net)
    if until is not None and not until > 0.0:
        raise RxnError("R604", f"{until!r} is no time after the start to look until")
    end = until or horizon(system)
    even = np.linspace(0.0, end, points)
    spread = np.geomspace(_FIRST * end, end, _TIMES)
    times = np.unique(np.concatenate([even, spread]))
    path = integrate(system, times, rtol=1e-10)
    moving = [s.name for s in net.species if Flag.FIXED not in s.flags and s.name in path.labels]
    values = np.stack([path[n] for n in moving], axis=1) if moving else np.zeros((len(times), 0))
    findings = [by_hints(net)]
    findings.append(_by_spectrum(net, system, moving, spread, values[np.isin(times, spread)]))
    findings.append(_by_correlation(net, system, moving, even, path.values[0][np.isin(times, even)]))
    return Separation(net, tuple(findings), end)


# ---------------------------------------------------------------------------------------------- the spectrum


def _by_spectrum(net: Network, system: System, moving: list[str], times: Values, values: Values) -> Finding:
    nothing = Finding("spectrum", (), tuple(moving), (), (), 0.0, "")
    if not 1 < len(moving) <= _MOST:
        return _because(nothing, f"{len(moving)} species: no spectrum is taken")
    space = _reachable(net, moving)
    if space.shape[1] < 2:
        return _because(nothing, "one mode alone: nothing to compare it with")
    try:
        each = [linearised(net, system, moving, float(t), y) for t, y in zip(times, values, strict=True)]
    except (ArithmeticError, ValueError, KeyError, StopIteration, TypeError, RecursionError):
        return _because(nothing, "rates without a slope on the way")
    if not all(np.isfinite(j).all() and np.isfinite(o).all() for j, o in each):
        return _because(nothing, "rates without a finite slope on the way")
    spectra = [_spectrum(jacobian, space, 1.0 / float(times[-1])) for jacobian, _ in each]
    sizes = np.stack([s[0] for s in spectra])
    late = np.arange(len(times))
    count, gap = _largest_gap(sizes)
    for _ in range(3):  # the layer depends on what is fast, and that on what lies behind the layer
        layer = _LAYERS / float(sizes[:, count - 1].min())
        late = np.flatnonzero(times > min(layer, 0.5 * float(times[-1])))
        count, gap = _largest_gap(sizes[late])
    if gap < _GAP:
        return _because(nothing, f"the largest gap between modes is {gap:.2g}: no separation", 1.0 - 1.0 / gap)
    shares = np.median([spectra[k][1][:, :count].sum(axis=1) for k in late], axis=0)
    fast = tuple(n for n, x in zip(moving, shares, strict=True) if x > 0.5)
    slow = tuple(n for n in moving if n not in fast)
    middle = np.sqrt(sizes[late, count - 1] * sizes[late, count])
    own = np.median([each[k][1] / m for k, m in zip(late, middle, strict=True)], axis=0)
    reactions = tuple(r.name for r, x in zip(net.reactions, own, strict=True) if x > 1.0)
    along = np.median([spectra[k][2][:, :count].max(axis=1) for k in late], axis=0)
    amounts = np.median(np.abs(values[late]), axis=0)
    moved, size = [], []
    for n in dragged(net, reactions, slow):
        i = moving.index(n)
        moved.append(Moved(n, float(along[i])))
        size.append(float(along[i] / max(amounts[i], 1e-300)))
    largest = max(float(along[moving.index(n)] / max(amounts[moving.index(n)], 1e-300)) for n in fast) if fast else 1.0
    slowest = 1.0 / float(np.median(sizes[late, count - 1]))
    modes = "one mode that fades" if count == 1 else f"{count} modes that fade"
    words = f"{modes} in {slowest:.2g} at most, from t = {times[late[0]]:.2g} on, {gap:.3g} times faster than the rest"
    if moved:
        parts = [f"{m.species} moves {s / largest:.1g}" for m, s in zip(moved[:_SHOWN], size, strict=False)]
        words += f"; relative to amounts {', '.join(parts)} of the fast ones"
    return Finding("spectrum", fast, slow, reactions, tuple(moved), 1.0 - 1.0 / gap, words)


def linearised(net: Network, system: System, moving: list[str], t: float, y: Values) -> tuple[Values, Values]:
    """The Jacobian (n, n) of moving species, and how fast each reaction, with the one that undoes it, relaxes, (R,)."""
    values: dict[sp.Symbol, sp.Expr] = {TIME: sp.Rational(t)}
    values |= {symbol(c.name): c.value for c in net.constants} | {symbol(p.name): p.value for p in net.parameters}
    values |= {symbol(c.name): c.size for c in net.compartments} | {symbol(r.name): r.formula for r in net.rules}
    values |= {s.symbol: s.initial for s in net.species if isinstance(s.initial, sp.Expr)}
    at = Slope(values, dict(zip(map(symbol, moving), map(float, y), strict=True)))
    unit = {s.name: at(per_event(s))[0] for s in net.species}
    place = {n: i for i, n in enumerate(moving)}
    jacobian, own = np.zeros((len(moving),) * 2), np.zeros(len(net.reactions))
    for r, reaction in enumerate(net.reactions):
        moves = [(n, c) for n, c in change(net, reaction) if n in place]
        if not moves:
            continue
        scale = at(rate_scale(net, reaction))[0]
        slopes = {s.name: scale * x for s, x in at(rate_law(net, reaction))[1].items() if s.name in place}
        for n, count in moves:
            own[r] -= slopes.get(n, 0.0) * count * unit[n]
            for name, slope in slopes.items():
                jacobian[place[n], place[name]] += count * slope * unit[n]
    for term in net.ode_terms:
        if term.species in place:
            for s, slope in at(term.formula)[1].items():
                if s.name in place:
                    jacobian[place[term.species], place[s.name]] += slope
    sides = [(r.reactants, r.products) for r in net.reactions]
    back = {side: r for r, side in enumerate(sides)}
    with_back = [own[r] + (own[back[b, a]] if (b, a) in back else 0.0) for r, (a, b) in enumerate(sides)]
    return jacobian, np.array(with_back)


def _reachable(net: Network, moving: list[str]) -> Values:
    """An orthonormal basis (n, r) of the directions that reactions move in."""
    place = {n: i for i, n in enumerate(moving)}
    if net.ode_terms:
        return np.eye(len(moving))
    columns = np.zeros((len(moving), max(1, len(net.reactions))))
    for r, reaction in enumerate(net.reactions):
        for n, c in change(net, reaction):
            if n in place:
                columns[place[n], r] = c
    left, sizes, _ = np.linalg.svd(columns, full_matrices=False)
    found: Values = left[:, sizes > 1e-10 * sizes.max(initial=1e-300)]
    return found


def _spectrum(jacobian: Values, space: Values, least: float) -> tuple[Values, Values, Values]:
    """Sizes of eigenvalues, the largest first; each species' share of each mode; its part of each mode's motion."""
    values, vectors = np.linalg.eig(space.T @ jacobian @ space)
    order = np.argsort(-np.abs(values), kind="stable")
    inverse = np.linalg.pinv(vectors)[order]
    right, left = space @ vectors[:, order], inverse @ space.T
    shares = np.abs(right * left.T)
    shares = shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-300)
    motion = np.abs(right)
    motion = motion / np.maximum(motion.max(axis=0), 1e-300)
    return np.maximum(np.abs(values[order]), least), shares, motion


def _largest_gap(sizes: Values) -> tuple[int, float]:
    """Behind how many modes the largest gap is, and that gap: medians over time."""
    ratios = np.median(np.log(sizes[:, :-1] / sizes[:, 1:]), axis=0)
    k = int(np.argmax(ratios))
    return k + 1, float(math.exp(min(ratios[k], 700.0)))


# ---------------------------------------------------------------------------------------------- correlation


def derivative_correlations(net: Network, until: float, points: int = 1001) -> tuple[tuple[str, ...], Values]:
    """Pearson's coefficients of the species' derivatives at even times from 0 to `until`: Yang et al. 2021, Table II.

    Species that stand still are left out.
    """
    system = rate_equations(net)
    even = np.linspace(0.0, until, points)
    path = integrate(system, even, rtol=1e-10)
    moving = [s.name for s in net.species if Flag.FIXED not in s.flags and s.name in path.labels]
    names, slopes, _ = _moving_slopes(system, moving, even, path.values[0])
    return names, np.atleast_2d(np.corrcoef(slopes.T))


def _moving_slopes(
    system: System, moving: list[str], even: Values, states: Values
) -> tuple[tuple[str, ...], Values, Values]:
    """The species that move, their derivatives and their values at even times."""
    labels = [s.label for s in system.states]
    rhs, p = compiled(system).rhs, np.array(system.parameter_vector())
    slopes = np.empty((len(even), len(labels)))
    for k, t in enumerate(even):
        rhs(float(t), np.ascontiguousarray(states[k, : len(labels)]), p, slopes[k])
    columns = [labels.index(n) for n in moving]
    slopes, values = slopes[:, columns], states[:, columns]
    size = np.abs(slopes).max(axis=0, initial=0.0)
    kept = np.flatnonzero((np.ptp(slopes, axis=0) > 1e-9 * size) & (size > 0.0))
    return tuple(moving[i] for i in kept), slopes[:, kept], values[:, kept]


def _by_correlation(net: Network, system: System, moving: list[str], even: Values, states: Values) -> Finding:
    names, slopes, values = _moving_slopes(system, moving, even, states)
    nothing = Finding("correlation", (), names, (), (), 0.0, "")
    if len(names) < 2:
        return _because(nothing, "fewer than two species move")
    tied = np.abs(np.corrcoef(slopes.T))
    groups, gap = _groups(tied)
    if len(groups) < 2:
        return _because(nothing, "all derivatives hang together")
    rate = np.log(np.sqrt((slopes**2).mean(axis=0)) / np.maximum(values.std(axis=0), 1e-300))
    groups = sorted(groups, key=lambda g: -float(rate[g].mean()))
    speeds = np.array([rate[g].mean() for g in groups])
    cut = int(np.argmax(speeds[:-1] - speeds[1:])) + 1
    first = sorted(i for g in groups[:cut] for i in g)
    rest = [i for i in range(len(names)) if i not in first]
    ratio = math.exp(min(float(speeds[cut - 1] - speeds[cut]), 700.0))
    fast, slow = tuple(names[i] for i in first), tuple(names[i] for i in rest)
    reactions = tuple(r.name for r in net.reactions if any(n in fast for n, _ in change(net, r)))
    links = {names[i]: float(tied[i, first].max()) for i in rest}
    moved = tuple(Moved(n, links[n]) for n in dragged(net, reactions, slow))
    others = [f"{n} {x:.2g}" for n, x in links.items() if n not in {m.species for m in moved}][:_SHOWN]
    words = "groups by |r| of derivatives: " + " | ".join(named([names[i] for i in g]) for g in groups[:_SHOWN])
    words += f"; the fast ones turn {ratio:.2g} times as fast"
    if moved and others:
        words += f"; tied to them less: {', '.join(others)}"
    return Finding("correlation", fast, slow, reactions, moved, max(0.0, min(gap, 1.0 - 1.0 / max(ratio, 1.0))), words)


def _groups(tied: Values) -> tuple[list[list[int]], float]:
    """Clusters by average linkage of 1 - |r|, cut where the next merging is furthest away; how far that is."""
    clusters = [[i] for i in range(len(tied))]
    steps = [(0.0, clusters)]
    while len(clusters) > 1:
        pairs = [(1.0 - float(tied[np.ix_(a, b)].mean()), i, j) for i, a in enumerate(clusters)
                 for j, b in enumerate(clusters) if i < j]  # fmt: skip
        height, i, j = min(pairs)
        clusters = [c for k, c in enumerate(clusters) if k not in (i, j)] + [sorted(clusters[i] + clusters[j])]
        steps.append((height, clusters))
    gaps = [(steps[k + 1][0] - steps[k][0], k) for k in range(len(steps) - 1)]
    gap, k = max(gaps)
    return steps[k][1], gap


def _because(nothing: Finding, words: str, sure: float = 0.0) -> Finding:
    return Finding(nothing.method, (), nothing.slow, (), (), sure, words)
