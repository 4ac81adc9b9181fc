"""Prior densities of unknowns: -log density of the value itself, its slope and its curvature.

A prior is a density of the parameter as the model writes it, whatever scale it is searched on:

    Normal(m, s)       (v - m)^2/(2 s^2) + log s + log(2 pi)/2
    LogNormal(m, s)    (log v - m)^2/(2 s^2) + log s + log(2 pi)/2 + log v
    Laplace(m, b)      |v - m|/b + log 2b, the kink rounded off within b/1000

and so on. Outside of its support a density is 0 and its logarithm infinite.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TypeAlias

from ...errors import RxnError
from ...expressions import to_float
from ...network import Distribution

Density: TypeAlias = Callable[[float], tuple[float, float, float]]

_HALF_LOG = 0.5 * math.log(2.0 * math.pi)
_ROUND = 1e-3  # of a Laplace density's width


def density(law: Distribution, name: str = "") -> Density:
    """(-log p(v), its first and second derivative) of a law. Raises R710 for one that is no density of a real number.

    Gamma, InverseGamma and Exponential are refused, too: the field does not agree on what their last argument is.
    """
    made = _LAWS.get(law.name)
    whose = f" of {name!r}" if name else ""
    if made is None:
        raise RxnError("R710", f"a fit cannot use the prior {law.name}{whose}", hint="it knows: " + ", ".join(_LAWS))
    if not all(a.is_number for a in law.arguments):
        raise RxnError("R710", f"the prior {law.name}{whose} has arguments that are no numbers")
    return made(*(to_float(a) for a in law.arguments))


def support(law: Distribution) -> tuple[float, float]:
    """Where a law's density is not 0."""
    if law.name in ("Uniform", "LogUniform"):
        return to_float(law.arguments[0]), to_float(law.arguments[1])
    if law.name == "Beta":
        return 0.0, 1.0
    return (0.0 if law.name in ("LogNormal", "HalfNormal", "HalfCauchy") else -math.inf), math.inf


def _normal(mean: float, sd: float) -> Density:
    return lambda v: (0.5 * ((v - mean) / sd) ** 2 + math.log(sd) + _HALF_LOG, (v - mean) / sd**2, sd**-2)


def _log_normal(mean: float, sd: float) -> Density:
    def at(v: float) -> tuple[float, float, float]:
        if not v > 0.0:
            return math.inf, 0.0, 0.0
        z = math.log(v) - mean
        value = 0.5 * (z / sd) ** 2 + math.log(sd) + _HALF_LOG + math.log(v)
        return value, (1.0 + z / sd**2) / v, ((1.0 - z) / sd**2 - 1.0) / v**2

    return at


def _uniform(low: float, high: float) -> Density:
    return lambda v: (math.log(high - low) if low <= v <= high else math.inf, 0.0, 0.0)


def _log_uniform(low: float, high: float) -> Density:
    size = math.log(math.log(high / low))
    return lambda v: (math.log(v) + size, 1.0 / v, -(v**-2)) if low <= v <= high else (math.inf, 0.0, 0.0)


def _beta(a: float, b: float) -> Density:
    size = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)

    def at(v: float) -> tuple[float, float, float]:
        if not 0.0 < v < 1.0:
            return math.inf, 0.0, 0.0
        w = 1.0 - v
        value = size - (a - 1.0) * math.log(v) - (b - 1.0) * math.log(w)
        return value, (b - 1.0) / w - (a - 1.0) / v, (a - 1.0) / v**2 + (b - 1.0) / w**2

    return at


def _student(freedom: float, location: float, scale: float) -> Density:
    half = 0.5 * (freedom + 1.0)
    size = math.lgamma(0.5 * freedom) - math.lgamma(half) + 0.5 * math.log(freedom * math.pi) + math.log(scale)

    def at(v: float) -> tuple[float, float, float]:
        z = (v - location) / scale
        whole = freedom + z**2
        slope, bend = 2.0 * half * z / (whole * scale), 2.0 * half * (freedom - z**2) / (whole * scale) ** 2
        return size + half * math.log1p(z**2 / freedom), slope, bend

    return at


def _laplace(location: float, scale: float) -> Density:
    def at(v: float) -> tuple[float, float, float]:
        z = (v - location) / scale
        size = math.hypot(z, _ROUND)
        return size + math.log(2.0 * scale), z / (size * scale), _ROUND**2 / (size**3 * scale**2)

    return at


def _half(law: Density) -> Density:
    """Of |v|, where v has a law symmetric about 0."""

    def at(v: float) -> tuple[float, float, float]:
        value, slope, bend = law(v)
        return (value - math.log(2.0), slope, bend) if v >= 0.0 else (math.inf, 0.0, 0.0)

    return at


_LAWS: Mapping[str, Callable[..., Density]] = {
    "Normal": _normal, "LogNormal": _log_normal, "Uniform": _uniform, "LogUniform": _log_uniform, "Beta": _beta,
    "HalfNormal": lambda scale: _half(_normal(0.0, scale)), "Cauchy": lambda at, scale: _student(1.0, at, scale),
    "HalfCauchy": lambda scale: _half(_student(1.0, 0.0, scale)), "Laplace": _laplace, "StudentT": _student,
}  # fmt: skip
