"""From empirical moments to the rates of reactions: Yang et al. 2021, Sec. III A, and what it left open."""

from __future__ import annotations

from .data import MomentData, measured_moments, moments_of_ensemble, snapshot_moments
from .estimate import RateEstimate
from .fit import rates_from_moments
from .integrals import rates_by_integrals
from .non_negative import non_negative_rates
from .ordinary import OrdinaryRates, ordinary_rates
from .selection import Selection, select_reactions

__all__ = [
    "MomentData", "OrdinaryRates", "RateEstimate", "Selection", "measured_moments", "moments_of_ensemble",
    "non_negative_rates", "ordinary_rates", "rates_by_integrals", "rates_from_moments", "select_reactions",
    "snapshot_moments",
]  # fmt: skip
