"""Logarithmic scales: there, back, and their slopes."""

from __future__ import annotations

import math

import numpy as np

from ...simulators.arrays import Values
from .problem import Scale

_LN10 = math.log(10.0)


def to_scale(scale: Scale, x: Values) -> Values:
    """g(x)."""
    if scale is Scale.LINEAR:
        return x
    return np.log(x) if scale is Scale.LOG else np.log10(x)


def from_scale(scale: Scale, x: Values) -> Values:
    """The x of g(x)."""
    if scale is Scale.LINEAR:
        return x
    return np.exp(x) if scale is Scale.LOG else np.exp(_LN10 * x)


def slope(scale: Scale, x: Values) -> Values:
    """g'(x)."""
    if scale is Scale.LINEAR:
        return np.ones_like(x)
    return 1.0 / x if scale is Scale.LOG else 1.0 / (_LN10 * x)
