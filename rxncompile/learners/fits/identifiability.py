"""Which unknowns the observables can tell at all, and which these data do.

Structural: the sensitivities of everything that could be observed at dense times without error,

    S = d(y_o(t), sigma_o(t))/d(unknowns)        at several random points within the bounds,

have a rank below the number of unknowns where a direction of them leaves all observables as they are. A direction that
is the same at every point in log |u| is a scaling, u_j -> lambda^v_j u_j, which leaves products of powers with
sum_j w_j v_j = 0 alone; one that is the same in u is a shift, which leaves sums. Almost everywhere this is local
structural identifiability (Pohjanpalo 1978; Karlsson, Anguelova and Jirstrand 2012). Practical: profiles that do not
cross their threshold within the bounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from ...errors import RxnError
from ...simulators.arrays import Values
from ...structure.linear import null_space as whole_null_space
from .fit import Fit
from .objective import Failed, Objective
from .problem import Data, Problem, Scale
from .profiles import EndKind, Profile, Profiles
from .scales import slope

_POINTS = 6  # at which the rank is taken
_DRAWS = 60  # points drawn to find as many at which the model can be solved
_INNER = 0.25  # part of the bounds on either side where no point is drawn
_ZERO = 1e-6  # singular value, columns of length 1, that is rounding at the tolerance below
_TOLERANCE = 1e-11
_DENOMINATOR = 12  # of an exponent
_FLAT = 0.05  # part of the threshold within which a profile is flat
_TOGETHER = 0.1  # relative way of another unknown along a flat profile, from which on it moves along


@dataclass(frozen=True, slots=True)
class Group:
    """Unknowns that the observables tell only together, `freedom` of them short of telling each.

    `known` are the combinations that are told, as exponents of a product (`scale` LOG) or weights of a sum (LINEAR);
    `scale` None: by directions that differ from point to point, and `known` is empty.
    """

    unknowns: tuple[str, ...]
    freedom: int
    scale: Scale | None
    known: tuple[tuple[tuple[str, int], ...], ...] = ()

    def __str__(self) -> str:
        names = ", ".join(self.unknowns)
        if self.scale is None:
            return f"of {names} only some combination is known: {self.freedom} too many"
        if len(self.unknowns) == 1:
            return f"{names} has no influence on anything that is observed"
        make = _product if self.scale is Scale.LOG else _sum
        if not self.known:
            return f"{names} have no influence on anything that is observed"
        return f"of {names} only {' and '.join(map(make, self.known))} can be known"


@dataclass(frozen=True, slots=True)
class Structure:
    """What the observables can tell of `unknowns`: all, if there is no group. `rank` of the sensitivities."""

    unknowns: tuple[str, ...]
    rank: int
    groups: tuple[Group, ...]

    @property
    def identifiable(self) -> tuple[str, ...]:
        """The unknowns that could be told by enough data."""
        lost = {name for group in self.groups for name in group.unknowns}
        return tuple(name for name in self.unknowns if name not in lost)

    def __str__(self) -> str:
        if not self.groups:
            return "structural: enough data could tell every unknown"
        return "\n".join(f"structural: {group}" for group in self.groups)


def structural_identifiability(
    problem: Problem | Objective | Fit, at: Values | None = None, points: int = _POINTS, seed: int = 0
) -> Structure:
    """What data without error at dense times, of the observables and conditions that were measured, could tell.

    By the rank of the sensitivities at random points in the middle of the bounds, and at `at` (K,) on the scales of
    the unknowns. Raises R712 where the model can be solved at none of the points.
    """
    if isinstance(problem, Fit):
        at = problem.x if at is None else at
        problem = problem.objective
    given = problem if isinstance(problem, Objective) else Objective(problem)
    dense = Objective(_dense(given.problem), given.scheme, _TOLERANCE, _TOLERANCE * 1e-2)
    low, high = given.bounds
    rng = np.random.default_rng(seed)
    found: list[tuple[Values, Values, Values]] = []
    waiting = [] if at is None else [np.array(at, dtype=float)]
    for _ in range(_DRAWS):
        if len(found) >= points:
            break
        inner = _INNER + (1.0 - 2.0 * _INNER) * rng.random(len(low))
        x = waiting.pop() if waiting else low + inner * (high - low)
        try:
            found.append(_sensitivities(dense, x))
        except Failed:
            continue
    if not found:
        raise RxnError("R712", f"{given.problem.name} could not be solved at any of {_DRAWS} points within the bounds")
    return _structure(given.problem.names, found)


def _dense(problem: Problem) -> Problem:
    """The problem with every pair of condition and observable that was measured at many times."""
    data, count = problem.data, len(problem.unknowns)
    rows = []
    for c, o in sorted(set(zip(data.condition.tolist(), data.observable.tolist(), strict=True))):
        span = float(data.time[data.condition == c].max()) - problem.start
        parts = np.concatenate([np.linspace(0.0, 1.0, count + 6), np.geomspace(1e-3, 0.3, count + 4)])
        parts = np.unique(np.round(parts, 6)) if span > 0.0 else np.zeros(1)  # no two times next to each other
        rows += [(c, o, problem.start + span * part) for part in parts]
    condition, observable = (np.array([row[i] for row in rows], dtype=np.int64) for i in range(2))
    times = np.array([row[2] for row in rows])
    return replace(
        problem, data=Data(condition, observable, times, np.ones(len(rows))), correlated=(), constraints=()
    )


def _sensitivities(dense: Objective, x: Values) -> tuple[Values, Values, Values]:
    """(derivatives of all that is observed by log |u|, by u, the values u) at a point."""
    y, sigma, dy, dsigma = dense.predictions(x)
    natural = dense.natural(x)
    to_natural = np.array([float(slope(u.scale, v)) for u, v in zip(dense.problem.unknowns, natural, strict=True)])
    rows = []
    for values, slopes in ((y, dy), (sigma, dsigma)):
        for o in range(len(dense.problem.observables)):
            mine = dense.problem.data.observable == o
            size = float(np.abs(values[mine]).max(initial=0.0))
            if size > 0.0:
                rows.append(slopes[mine] / size)
    by_value = np.concatenate(rows) * to_natural
    if not np.isfinite(by_value).all():
        raise Failed
    return by_value * natural, by_value, natural


def _structure(names: tuple[str, ...], found: Sequence[tuple[Values, Values, Values]]) -> Structure:
    rank = max(len(names) - _kernel(by_log).shape[1] for by_log, _, _ in found)
    missing = len(names) - rank
    groups: list[Group] = []
    explained: list[Values] = []  # directions, by log |u| and by u
    for which, scale in ((0, Scale.LOG), (1, Scale.LINEAR)):
        kernel = _kernel(np.concatenate([point[which] for point in found])) if missing else np.zeros((len(names), 0))
        for part, basis in _parts(kernel):
            if missing >= len(basis) and not any(names[j] in group.unknowns for group in groups for j in part):
                groups.append(_group(names, part, basis, scale))
                whole = np.zeros((len(basis), len(names)))
                whole[:, part] = basis
                explained.append(whole if scale is Scale.LOG else whole / found[0][2])
                missing -= len(basis)
    if missing > 0:
        left = _kernel(found[0][0])
        if explained:
            known = np.linalg.qr(np.concatenate(explained).T)[0]
            left = left - known @ (known.T @ left)
        mixed = {names[j] for j in np.flatnonzero(np.abs(left).max(axis=1) > 1e-3)}
        for group in [g for g in groups if mixed & set(g.unknowns)]:
            groups.remove(group)
            mixed, missing = mixed | set(group.unknowns), missing + group.freedom
        groups.append(Group(tuple(n for n in names if n in mixed), missing, None))
    return Structure(names, rank, tuple(groups))


def _kernel(rows: Values) -> Values:
    """An orthonormal basis (K, D) of the directions that change nothing."""
    size = np.sqrt((rows**2).mean(axis=0))
    told = size > _ZERO * max(float(size.max(initial=0.0)), 1e-300)
    scaled = np.where(told, rows / np.where(told, size, 1.0), 0.0) / np.sqrt(len(rows))
    _, values, right = np.linalg.svd(scaled, full_matrices=True)
    values = np.concatenate([values, np.zeros(max(0, len(size) - len(values)))])
    kernel = right[values <= _ZERO * max(float(values[0]), 1e-300)].T / np.where(told, size, 1.0)[:, np.newaxis]
    if not kernel.shape[1]:
        return np.asarray(kernel)
    return np.asarray(np.linalg.qr(kernel / np.abs(kernel).max(axis=0))[0])


def _parts(kernel: Values) -> list[tuple[list[int], Values]]:
    """The kernel as independent parts: places of unknowns, and a reduced echelon basis (D, places) of each."""
    basis, row = kernel.T.copy(), 0
    for j in range(basis.shape[1]):
        if row == len(basis):
            break
        best = row + int(np.argmax(np.abs(basis[row:, j])))
        if abs(basis[best, j]) < 1e-3:
            continue
        basis[[row, best]] = basis[[best, row]]
        basis[row] /= basis[row, j]
        for i in range(len(basis)):
            if i != row:
                basis[i] -= basis[i, j] * basis[row]
        row += 1
    parts: list[tuple[set[int], list[int]]] = []
    for i, vector in enumerate(basis):
        places, rows = {int(j) for j in np.flatnonzero(np.abs(vector) > 1e-3)}, [i]
        for other in [p for p in parts if p[0] & places]:
            parts.remove(other)
            places, rows = places | other[0], rows + other[1]
        parts.append((places, rows))
    return [(sorted(places), basis[sorted(rows)][:, sorted(places)]) for places, rows in parts]


def _group(names: tuple[str, ...], part: list[int], basis: Values, scale: Scale) -> Group:
    """A part with the combinations that it leaves as they are: whole numbers w with basis w = 0."""
    exact = [
        [Fraction(float(v)).limit_denominator(_DENOMINATOR) for v in row / np.abs(row[np.abs(row) > 1e-3]).min()]
        for row in basis
    ]
    rows = []
    for row in exact:
        common = int(np.lcm.reduce([f.denominator for f in row]))
        rows.append({j: int(f * common) for j, f in enumerate(row) if f})
    near = np.array([[float(f) for f in row] for row in exact])
    away = near / np.abs(near).max(axis=1, keepdims=True) - basis / np.abs(basis).max(axis=1, keepdims=True)
    mine = tuple(names[j] for j in part)
    if np.abs(away).max() > 1e-3:  # no small whole numbers
        return Group(mine, len(basis), None)
    known = [_signed(row) for row in whole_null_space(rows, range(len(part)))]
    told = tuple(tuple((mine[j], w) for j, w in sorted(row.items())) for row in known)
    return Group(mine, len(basis), scale, told)


def _signed(row: dict[int, int]) -> dict[int, int]:
    return row if row[min(row)] > 0 else {j: -w for j, w in row.items()}


def _product(known: Sequence[tuple[str, int]]) -> str:
    def power(name: str, w: int) -> str:
        return name if w == 1 else f"{name}^{w}"

    above = "*".join(power(name, w) for name, w in known if w > 0)
    below = [power(name, -w) for name, w in known if w < 0]
    if not below:
        return above
    return f"{above or '1'}/" + (below[0] if len(below) == 1 else f"({'*'.join(below)})")


def _sum(known: Sequence[tuple[str, int]]) -> str:
    parts = []
    for k, (name, w) in enumerate(known):
        sign = ("- " if w < 0 else "+ ") if k else ("-" if w < 0 else "")
        parts.append(sign + (name if abs(w) == 1 else f"{abs(w)} {name}"))
    return " ".join(parts)


# ---------------------------------------------------------------------------------------------- what these data tell


def identifiability(found: Profiles) -> str:
    """`statement` of profiles, with the structure of their problem. Raises R712, see `structural_identifiability`."""
    return statement(found, structural_identifiability(found.objective, found.x))


def statement(found: Profiles, structure: Structure | None = None) -> str:
    """In plain words: which unknowns could not be told by any data of this kind, and which these data leave open."""
    lines = [] if structure is None else str(structure).splitlines()
    lost = set() if structure is None else set(structure.unknowns) - set(structure.identifiable)
    for profile in found.profiles:
        if profile.name in lost:
            continue
        for end, upwards in ((profile.lower, False), (profile.upper, True)):
            if end.open:
                lines.append(_open(found, profile, upwards))
    told = [p.name for p in found.profiles if not p.lower.open and not p.upper.open]
    if len(told) == len(found.profiles):
        lines.append(f"practical: these data bound every unknown from both sides, at {100 * found.level:g} %")
    elif told:
        lines.append(f"practical: bounded from both sides, at {100 * found.level:g} %: {', '.join(told)}")
    return "\n".join(lines)


def _open(found: Profiles, profile: Profile, upwards: bool) -> str:
    end, k = profile.upper if upwards else profile.lower, profile.k
    way = "upwards" if upwards else "downwards"
    mine = profile.points[:, k] >= found.x[k] if upwards else profile.points[:, k] <= found.x[k]
    rise = float(profile.values[mine].max(initial=found.value)) - found.value
    height = found.threshold - found.value
    if end.kind is EndKind.UNSOLVED:
        return f"practical: {profile.name} is not bounded {way}: beyond {end.value:.4g} the model cannot be solved"
    shape = "flat" if rise < _FLAT * height else f"below the threshold ({rise:.2g} of {height:.2g})"
    line = f"practical: the data do not tell {profile.name}: {way} its profile is {shape} as far as {end.value:.4g}"
    along = _moving(found, profile, mine)
    return f"{line}, while {along} along" if along else line


def _moving(found: Profiles, profile: Profile, mine: Values) -> str:
    """The unknowns that move along an open side."""
    points = profile.points[mine]
    names, k = found.objective.problem.names, profile.k
    if len(points) < 2:
        return ""
    low, high = found.objective.bounds
    way = np.abs(points[-1] - points[0]) / (high - low)
    movers = [names[j] for j in range(len(names)) if j != k and way[j] > _TOGETHER * way[k]]
    return f"{', '.join(movers)} move{'s' if len(movers) == 1 else ''}" if movers else ""
