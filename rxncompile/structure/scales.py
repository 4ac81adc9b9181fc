"""How fast a network relaxes, grows or turns near its initial state: the eigenvalues of its Jacobian.

    J_ij = d/dn_j (dn_i/dt)     at the initial state, n molecule counts        eigenvalue l: time 1/|Re l|

The directions along which nothing can move are told by the conservation laws, exactly, and taken out: one species of
each law is written by the others. What is left is split into strongly coupled blocks, whose eigenvalues are those of
J: a cascade of equal steps keeps its equal eigenvalues, where a numerical method would make pairs of complex ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from ..dimensions import time_unit
from ..errors import RxnError
from ..expressions import TIME, symbol
from ..network import Distribution, Flag, Network, Species, change, per_event, rate_law, rate_scale
from .complexes import strong_parts
from .laws import conservation_laws
from .linear import Echelon
from .slopes import Slope

_NEGLIGIBLE = 1e-12  # of a block's largest eigenvalue: rounding
_CANCELLED = 1e-14  # of what was added up: rounding of a sum that is zero
_NOT_A_TURN = 1e-6  # imaginary over real part; a double eigenvalue parts by about the root of the rounding, 1e-8


@dataclass(frozen=True, slots=True)
class Mode:
    """One eigenvalue of the Jacobian: `rate` is its real part, negative where the mode fades, `frequency` its
    imaginary part (of a pair, the positive one), both per unit of time. `species`: those that move most in it."""

    rate: float
    frequency: float = 0.0
    species: tuple[str, ...] = ()

    @property
    def time(self) -> float:
        """The time in which it fades or grows by a factor e; infinite for a rate of zero."""
        return 1.0 / abs(self.rate) if self.rate else math.inf

    @property
    def period(self) -> float:
        """The time of one turn, infinite where it does not turn."""
        return 2.0 * math.pi / self.frequency if self.frequency else math.inf


@dataclass(frozen=True, slots=True)
class TimeScales:
    """The modes of a network at its initial state, the fastest first, with the unit of time where the model says it.

    `conserved`: zero eigenvalues by conservation laws, exact. `still`: further zero eigenvalues, at this state alone.
    """

    modes: tuple[Mode, ...]
    conserved: int
    still: int
    unit: str


def time_scales(net: Network) -> TimeScales:
    """Relaxation and growth times and periods of the rate equations, linearised at the initial state and t = 0.

        J_ij = d(dn_i/dt)/dn_j      eigenvalue l:   time 1/|Re l|,   period 2 pi/|Im l|

    In the model's unit of time. The initial state need not be a steady state: the times tell what happens first.
    Each mode's species are those with the largest entries, by count, of its eigenvector. Exact zeros by conservation
    laws are counted, not computed (`conserved`). A species that starts from a distribution starts at its mean.
    Raises R412 where there is no well-mixed reading (a lattice), where a formula has no slope at the initial state,
    and where a mean is not known. Source: Heinrich and Schuster 1996, The Regulation of Cellular Systems, ch. 4.
    """
    if net.lattices or any(r.lattice for r in net.reactions):
        raise RxnError("R412", f"{net.name} lives on a lattice: its rate equations have no Jacobian here")
    moving = [s for s in net.species if Flag.FIXED not in s.flags]
    jacobian = _jacobian(net, moving)
    if not np.isfinite(jacobian).all():
        raise RxnError("R412", f"the rates of {net.name} have no finite slope at the initial state")
    laws = conservation_laws(net)
    place = {s.name: i for i, s in enumerate(moving)}
    kept, reduced, given = _without_laws(jacobian, [{place[n]: c for n, c in law.coefficients} for law in laws])
    leads = {i: [int(j) for j in np.flatnonzero(reduced[i])] for i in range(len(kept))}
    modes: list[Mode] = []
    for part in strong_parts(leads):
        block = reduced[np.ix_(part, part)]
        values, vectors = np.linalg.eig(block)
        largest = float(np.abs(values).max())
        for value, vector in zip(values, vectors.T, strict=True):
            if abs(value.real) <= _NEGLIGIBLE * largest:
                value = complex(0.0, value.imag)
            if abs(value.imag) <= max(_NEGLIGIBLE * largest, _NOT_A_TURN * abs(value.real)):
                value = complex(value.real, 0.0)
            if value.imag >= 0.0:
                names = tuple(moving[i].name for i in _foremost([kept[k] for k in part], vector, given))
                modes.append(Mode(float(value.real), float(value.imag), names))
    moves = [m for m in modes if m.rate or m.frequency]
    clock = time_unit(net)
    ordered = sorted(moves, key=lambda m: -math.hypot(m.rate, m.frequency))
    return TimeScales(tuple(ordered), len(laws), len(modes) - len(moves), clock[0] if clock else "")


def _jacobian(net: Network, moving: list[Species]) -> NDArray[np.float64]:
    """d(dn_i/dt)/dn_j of the moving species, (n, n)."""
    values: dict[sp.Symbol, sp.Expr] = {TIME: sp.S.Zero}
    values |= {symbol(c.name): c.value for c in net.constants} | {symbol(p.name): p.value for p in net.parameters}
    values |= {symbol(c.name): c.size for c in net.compartments} | {symbol(r.name): r.formula for r in net.rules}
    values |= {s.symbol: _start(s) for s in net.species}
    jacobian = np.zeros((len(moving), len(moving)))
    try:
        plain = Slope(values, {})
        at = Slope(values, {s.symbol: plain(s.symbol)[0] for s in moving})
        unit = {s.symbol: at(per_event(s))[0] for s in moving}
        place = {s.symbol: i for i, s in enumerate(moving)}
        for reaction in net.reactions:
            moves = change(net, reaction)
            if moves:
                scale = at(rate_scale(net, reaction))[0]
                for name, slope in at(rate_law(net, reaction))[1].items():
                    for species, count in moves:
                        jacobian[place[symbol(species)], place[name]] += count * scale * slope * unit[name]
        for term in net.ode_terms:
            moved = symbol(term.species)
            if moved in place:
                for name, slope in at(term.formula)[1].items():
                    jacobian[place[moved], place[name]] += slope * unit[name] / unit[moved]
    except (ArithmeticError, ValueError, KeyError, StopIteration, TypeError, RecursionError):
        message = f"the rates of {net.name} have no slope at the initial state"
        raise RxnError("R412", message, hint="a rate divides by zero there, or takes a root of zero") from None
    return jacobian


def _start(species: Species) -> sp.Expr:
    """The initial value, of a distribution its mean."""
    law = species.initial
    if not isinstance(law, Distribution):
        return law
    means: dict[str, Callable[..., sp.Expr]] = {
        "Normal": lambda m, s: m, "LogNormal": lambda m, s: sp.exp(m + s**2 / 2), "Uniform": lambda a, b: (a + b) / 2,
        "Poisson": lambda m: m, "Binomial": lambda n, p: n * p,
    }  # fmt: skip
    try:
        return means[law.name](*law.arguments)
    except (KeyError, TypeError):
        message = f"{species.name!r} starts from {law.name}, whose mean is not known"
        raise RxnError("R412", message, species.span) from None


def _foremost(part: list[int], vector: NDArray[np.complex128], given: dict[int, dict[int, float]]) -> list[int]:
    """The species, three at most, that move most along an eigenvector, those given by laws among them."""
    along = dict(zip(part, vector, strict=True))
    along |= {i: -sum(x * along[j] for j, x in row.items() if j in along) for i, row in given.items()}
    largest = max(map(abs, along.values()))
    # sizes that only differ by rounding count as equal: the order of declaration decides
    shares = {i: round(float(abs(x) / largest), 9) for i, x in along.items()}
    return sorted(i for i in sorted(shares, key=lambda i: (-shares[i], i))[:3] if shares[i] > 0.3)


def _without_laws(
    jacobian: NDArray[np.float64], laws: list[dict[int, int]]
) -> tuple[list[int], NDArray[np.float64], dict[int, dict[int, float]]]:
    """The species that are left when each law gives one of them by the others, their Jacobian, and those laws.

    Given, `n_i = total - sum_j given_ij n_j`, are those that fewest rates depend on.
    """
    count = len(jacobian)
    order = sorted(range(count), key=lambda i: (int(np.count_nonzero(jacobian[:, i])), -i))
    rank_of = {i: k for k, i in enumerate(order)}
    echelon = Echelon()
    for law in laws:
        echelon.add({rank_of[i]: c for i, c in law.items()})
    given = {order[k]: {order[j]: float(x) for j, x in row.items()} for k, row in echelon.rows.items()}
    kept = [i for i in range(count) if i not in given]
    reduced = jacobian[np.ix_(kept, kept)].copy()
    added = np.abs(reduced)
    place = {i: k for k, i in enumerate(kept)}
    for i, row in given.items():
        for j, x in row.items():
            reduced[:, place[j]] -= x * jacobian[kept, i]
            added[:, place[j]] += np.abs(x * jacobian[kept, i])
    reduced[np.abs(reduced) <= _CANCELLED * added] = 0.0
    return kept, reduced, given
