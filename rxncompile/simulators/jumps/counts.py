"""Where trajectories start: whole numbers of molecules, the same for all or drawn for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import RxnError
from ...expressions import to_float
from ...network import Distribution
from ...system import State, System
from ..arrays import Values
from ..rate_equations.initial import initial_values
from .jump_events import uncounted
from .streams import Streams

Law = Callable[[Values], Values]  # uniform numbers in (0, 1) -> counts


@dataclass(frozen=True, slots=True)
class Counts:
    """The initial counts in the order of the states; `laws` are the states that are drawn, by index."""

    start: Values
    laws: tuple[tuple[int, Law], ...]

    def weights(self, error: float) -> list[tuple[int, Values]]:
        """Of each state that is drawn, by index: the probabilities of 0, 1, 2, ..., all but `error` of them together.

        A draw is n where law(u) rounds to n; law increases with u, so that the u of n are an interval.
        """
        found = []
        for i, law in self.laws:
            share = error / len(self.laws)
            top = int(max(np.floor(law(np.array([1.0 - share / 2.0])) + 0.5)[0], 0.0))
            found.append((i, _weights(law, top)))
        return found

    def of(self, streams: Streams, first: int, count: int) -> Values:
        """Initial counts of trajectories first, first + 1, ...: (count, S), or (1, S) where nothing is drawn."""
        if not self.laws:
            return self.start[np.newaxis]
        rows = np.tile(self.start, (count, 1))
        for i, law in self.laws:
            drawn = law(streams.uniforms(first, count, 1 + i))
            rows[:, i] = np.maximum(np.floor(drawn + 0.5), 0.0)
        return rows


def _weights(law: Law, top: int) -> Values:
    """P(n) for n = 0 .. top, by halving for the u at which each n ends."""
    low, high = np.zeros(top + 1), np.ones(top + 1)
    n = np.arange(top + 1.0)
    for _ in range(60):
        middle = 0.5 * (low + high)
        inside = np.floor(law(np.clip(middle, 1e-300, 1.0 - 1e-16)) + 0.5) <= n
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return np.diff(low, prepend=0.0)


def initial_counts(
    system: System,
    time: float,
    params: Mapping[str, object] | None = None,
    initial: Mapping[str, object] | None = None,
) -> Counts:
    """The counts at the start; a drawn number is rounded, and 0 where it is negative.

    `params` and `initial` override by label. Raises R501, R504, R505, R609 as `initial_values`, R609 for a count
    that is not whole or negative, and for a distribution whose law is not known. States that events assign and no
    jump moves are any numbers.
    """
    values = np.array(initial_values(system, time, params, initial))
    real = uncounted(system)
    laws = []
    for i, state in enumerate(system.states):
        if isinstance(state.initial, Distribution) and state.label not in (initial or {}):
            laws.append((i, _law(system, state, state.initial, params)))
        elif state.symbol in real:
            continue
        elif values[i] != np.floor(values[i]) or values[i] < 0.0:
            wrong = "negative" if values[i] < 0.0 else "not whole"
            raise RxnError(
                "R609",
                f"{state.label!r} starts from {values[i]:.15g} molecules, which is {wrong}",
                hint="choose a volume that makes it whole, mark the species {round}, or let it start from a "
                f"distribution: init {state.label} ~ Poisson({max(values[i], 0.0):.6g})",
            )
    return Counts(values, tuple(laws))


def _law(system: System, state: State, law: Distribution, params: Mapping[str, object] | None) -> Law:
    """The inverse of a distribution's cumulative function."""
    known = system.environment(params)
    arguments = [a.xreplace(known) for a in law.arguments]
    try:
        make, n_arguments = _LAWS[law.name]
        numbers = [to_float(a) for a in arguments]
        if len(numbers) != n_arguments or not np.isfinite(numbers).all():
            raise ValueError
        return make(*numbers)
    except (KeyError, ValueError, TypeError):
        written = f"{law.name}({', '.join(str(a) for a in arguments)})"
        message = f"{state.label!r} starts from {written}, which cannot be drawn from"
        raise RxnError("R609", message, hint="known are " + ", ".join(_LAWS)) from None


def _normal(mean: float, sd: float) -> Law:
    from scipy.special import ndtri

    _need(sd >= 0.0)
    return lambda u: mean + sd * ndtri(u)


def _log_normal(mu: float, sigma: float) -> Law:
    normal = _normal(mu, sigma)
    return lambda u: np.exp(normal(u))


def _uniform(low: float, high: float) -> Law:
    _need(low <= high)
    return lambda u: low + (high - low) * u


def _poisson(mean: float) -> Law:
    from scipy.special import gammaincc, pdtrik

    _need(mean >= 0.0)
    return _discrete(lambda u: pdtrik(u, mean), lambda k: gammaincc(k + 1.0, mean), np.inf if mean else 0.0)


def _binomial(n: float, p: float) -> Law:
    from scipy.special import bdtrik, betainc

    _need(n >= 0.0 and n == np.floor(n) and 0.0 <= p <= 1.0)
    if p in (0.0, 1.0):
        return lambda u: np.full(u.shape, n * p)
    return _discrete(lambda u: bdtrik(u, n, p), lambda k: betainc(n - k, k + 1.0, 1.0 - p), n)


_LAWS: dict[str, tuple[Callable[..., Law], int]] = {
    "Normal": (_normal, 2), "LogNormal": (_log_normal, 2), "Uniform": (_uniform, 2),
    "Poisson": (_poisson, 1), "Binomial": (_binomial, 2),
}  # fmt: skip


def _discrete(guess: Law, cumulative: Law, most: float) -> Law:
    """The least k with cumulative(k) >= u, from a guess that rounding may have put one off."""

    def law(u: NDArray[np.float64]) -> NDArray[np.float64]:
        if most == 0.0:
            return np.zeros(u.shape)
        k = np.clip(np.nan_to_num(np.ceil(guess(u))), 0.0, most)
        while (low := (k > 0.0) & (cumulative(np.maximum(k - 1.0, 0.0)) >= u)).any():
            k = k - low
        while (high := (k < most) & (cumulative(k) < u)).any():
            k = k + high
        return k

    return law


def _need(holds: bool) -> None:
    if not holds:
        raise ValueError
