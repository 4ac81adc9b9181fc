"""Which candidate reactions are there, and which are absent: rates that differ from zero by less than noise explains.

Candidates are left out one after the other, the one of smallest z = rate/sd first (rates below zero have z < 0), and
the rest is fitted again. In the end all that were left out are tested together, in the fit of all candidates:

    r^T Cov(r)^-1 r        chi-square with as many degrees of freedom as were left out

Rates cannot be negative, so that a single one is tested on one side: at z = 2.3 an absent reaction is kept once in 100.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from ...expressions import symbol
from ...name_lists import names_given
from ...network import Network, Reaction
from ...simulators.arrays import Values
from .data import MomentData
from .estimate import RateEstimate, chance
from .fit import rates_from_moments
from .model import Dependence
from .reactions import rate_formulas


@dataclass(frozen=True, eq=False)
class Selection:
    """The fit of all candidates, `full`, that of those that are kept, `chosen`, and the names of the `absent` ones.

    `bounds`: what the rate of each absent reaction is below, with 95 % confidence. `distance`: of all absent rates
    from zero together, chi-square distributed; `p` the chance of a larger one where all are absent.
    """

    full: RateEstimate
    chosen: RateEstimate
    absent: tuple[str, ...]
    bounds: tuple[float, ...]
    distance: float
    notes: tuple[str, ...] = ()

    @property
    def p(self) -> float:
        """Of the joint test; 1 where nothing was left out."""
        return chance(self.distance, len(self.absent)) if self.absent else 1.0

    @property
    def learned(self) -> Network:
        """The network of the reactions that were kept, with their rates."""
        return self.chosen.learned

    def __str__(self) -> str:
        kept, every = len(self.chosen.reactions), len(self.full.reactions)
        lines = [f"{self.full.network.name}: {kept} of {every} candidates kept"]
        each = zip(self.absent, self.bounds, strict=True)
        lines += [f"  absent: {name}, its rate below {bound:.3g} with 95 % confidence" for name, bound in each]
        if self.absent:
            lines.append(f"  all absent ones together: chi-square {self.distance:.2f}, p = {self.p:.2g}")
        return "\n".join([*lines, *(f"  note: {n}" for n in self.notes), str(self.chosen)])


def select_reactions(
    net: Network,
    data: MomentData,
    weights: MomentData | None = None,
    unknown: Iterable[str] | None = None,
    z: float = 3.0,
) -> Selection:
    """The candidates that moments cannot do without, by backward elimination: those of z at least `z` are kept.

    Where some cannot be told from others, one of these is left out first, which is noted. Arguments and errors
    otherwise as for `rates_from_moments`.
    """
    names = None if unknown is None else names_given(unknown, "unknown", "R504")
    full = chosen = rates_from_moments(net, data, weights, names)
    absent: list[str] = []
    notes: list[str] = []
    while len(chosen.reactions) > 1:
        least = min(chosen.reactions, key=lambda r: (np.isfinite(r.sd), r.z))
        if np.isfinite(least.sd) and least.z >= z:
            break
        if not np.isfinite(least.sd):
            others = [r.reaction for r in chosen.reactions if not np.isfinite(r.sd) and r is not least]
            notes.append(f"{least.reaction} cannot be told from {', '.join(others) or 'the rest'}: left out")
        absent.append(least.reaction)
        kept = tuple(r for r in chosen.network.reactions if r.name != least.reaction)
        chosen = rates_from_moments(replace(chosen.network, reactions=kept), data, weights, _held(names, kept))
    rates, spread = _together(full, absent)
    distance = float(rates @ np.linalg.pinv(spread, hermitian=True) @ rates) if absent else 0.0
    sd = np.sqrt(np.maximum(np.diagonal(spread), 0.0))
    bounds = tuple(float(x) for x in np.maximum(rates, 0.0) + 1.6448536269514722 * sd)
    return Selection(full, chosen, tuple(absent), bounds, distance, tuple(notes))


def _held(names: tuple[str, ...] | None, reactions: Iterable[Reaction]) -> tuple[str, ...] | None:
    if names is None:
        return None
    used = {s.name for r in reactions for s in r.rate.free_symbols}
    return tuple(n for n in names if n in used)


def _together(full: RateEstimate, absent: list[str]) -> tuple[Values, Values]:
    """The rates of some reactions in the fit of all, and their covariance."""
    unknown = tuple(symbol(n) for n in full.names)
    values, slopes = Dependence(unknown, tuple(rate_formulas(full.network, unknown))).at(full.values)
    rows = [[r.reaction for r in full.reactions].index(name) for name in absent]
    picked = slopes[rows]
    return values[rows], picked @ full.covariance @ picked.T
