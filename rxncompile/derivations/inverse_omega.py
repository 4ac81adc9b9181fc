"""The inverse omega squared expansion: the next orders of mean and covariance beyond EMRE and linear noise.

With phi, C and e of `linear_noise`, delta = n - <n> and mean propensities of a reaction by orders,

    P   = a1 + a0' e + (1/2) a0'' C                                                        <a>          order 0
    V_j = a0' C_j                                                                          <a delta_j>  order 1
    W_jk = a0' K_jk + a0'' C_j C_k                                         <a (delta_j delta_k - C_jk)>  order 1
    V'_j = a0' C'_j + a1' C_j + (1/2) a0'' (K_j + 2 e C_j) + (1/2) a0''' C C_j             <a delta_j>  order 0
    P'  = a2 + a1' e + (1/2) a1'' C + a0' e' + (1/2) a0'' (C' + e e) + (1/6) a0''' (K + 3 C e) + (1/8) a0'''' C C

(order: power of the size of the system), the third central moments K, the correction C' of the covariance and the
second one e' of the mean follow

    d K_ijk/dt = sum_r (c_i W_jk + c_i c_j V_k + their two other arrangements) + c_i c_j c_k a0
    d C'_ij/dt = sum_r c_i V'_j + c_j V'_i + c_i c_j P         d e'_i/dt = sum_r c_i P'
    mean = phi + e + e'                                        covariance = C + C'

The relative errors that remain are of the third power of 1/size for the mean and the second for the covariance; fourth
moments are needed to leading order alone, where they are Gaussian. Sources: van Kampen 2007, Ch. X; Grima, Thomas and
Straube 2011; Thomas, Matuschek and Grima 2013.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations_with_replacement

import sympy as sp

from ..errors import RxnError
from ..expressions import symbol
from ..monomials import Kind, Monomial, label
from ..network import Network
from ..system import State, Step, System
from .linear_noise import Expansion, expansion, first_correction
from .speeds import Speed

MOST_STATES = 20_000


def inverse_omega_squared(net: Network) -> System:
    """Mean and covariance of counts two orders each, as one System.

    States: `A` the macroscopic count, `<A*B>_c0` linear noise, `<A>_1` EMRE's correction, `<A*B*C>_c0` the third
    central moments, `<A*B>_c1` and `<A>_2` the next orders. Outputs: `<A>` and `<A*B>_c`, with all corrections.
    Raises R509, R510, R515 as `generator`, R518 for events, R412 for more than 20,000 states.
    """
    parts = expansion(net)
    count = len(parts.names)
    size = 3 * count + count * (count + 1) + count * (count + 1) * (count + 2) // 6
    if size > MOST_STATES:
        hint = "linear noise with its correction needs fewer"
        raise RxnError("R412", f"{size:,} states for {count} species, at most {MOST_STATES:,}", hint=hint)
    noise = _Noise(parts)
    states, drift = parts.macroscopic()
    drift += parts.noise(noise.covariance)
    states += [_state(noise.covariance(i, j), parts.first(i, j)) for i, j in parts.pairs()]
    first = {v.name: sp.Add(*first_correction(v, noise.first, noise.covariance)) for v in parts.speeds}
    second = {v.name: noise.second_correction(v) for v in parts.speeds}
    for corrections, names in ((first, noise.first), (second, noise.second)):
        for i, found in parts.touching.items():
            drift.append(sp.Add(*(v.change[i] * corrections[v.name] for v in found)))
            states.append(_state(names[i]))
    for m in combinations_with_replacement(range(count), 3):
        drift.append(noise.third_moment(m))
        states.append(_state(noise.third(*m), _third_at_start(parts, m)))
    for i, j in parts.pairs():
        drift.append(noise.next_covariance(i, j, first))
        states.append(_state(noise.correction(i, j)))
    means = [
        (f"<{name}>", s + noise.first[i] + noise.second[i])
        for i, (name, s) in enumerate(zip(parts.names, parts.gen.species, strict=True))
    ]
    spread = [
        (label((i, j), parts.names, Kind.CENTRAL), noise.covariance(i, j) + noise.correction(i, j))
        for i, j in parts.pairs()
    ]
    step = Step("inverse omega squared expansion", (), "Thomas, Matuschek and Grima 2013")
    return replace(
        parts.base, states=tuple(states), drift=tuple(drift), jumps=(), outputs=(*means, *spread), steps=(step,)
    )


@dataclass(frozen=True)
class _Noise:
    """The symbols of all orders, and the averages over delta that they make."""

    parts: Expansion

    @property
    def first(self) -> list[sp.Symbol]:
        return [symbol(f"<{name}>_1") for name in self.parts.names]

    @property
    def second(self) -> list[sp.Symbol]:
        return [symbol(f"<{name}>_2") for name in self.parts.names]

    def covariance(self, i: int, j: int) -> sp.Expr:
        return self._moment((i, j), "0")

    def correction(self, i: int, j: int) -> sp.Expr:
        return self._moment((i, j), "1")

    def third(self, i: int, j: int, k: int) -> sp.Expr:
        return self._moment((i, j, k), "0")

    def _moment(self, m: Monomial, order: str) -> sp.Symbol:
        return symbol(label(tuple(sorted(m)), self.parts.names, Kind.CENTRAL) + order)

    def _pairings(self, i: int, j: int, k: int, m: int) -> sp.Expr:
        """The fourth moment of a normal distribution."""
        c = self.covariance
        return c(i, j) * c(k, m) + c(i, k) * c(j, m) + c(i, m) * c(j, k)

    def along(self, v: Speed, j: int) -> sp.Expr:
        """V_j."""
        return sp.Add(*(slope * self.covariance(k, j) for (k,), slope in v.slopes(0, 1)))

    def across(self, v: Speed, j: int, k: int) -> sp.Expr:
        """W_jk."""
        c = self.covariance
        flow = [slope * self.third(i, j, k) for (i,), slope in v.slopes(0, 1)]
        flow += [bend * (c(i, j) * c(m, k) + c(i, k) * c(m, j)) for (i, m), bend in v.slopes(0, 2)]
        return sp.Add(*flow)

    def next_along(self, v: Speed, j: int) -> sp.Expr:
        """V'_j."""
        c, e = self.covariance, self.first
        flow = [slope * self.correction(k, j) for (k,), slope in v.slopes(0, 1)]
        flow += [slope * c(k, j) for (k,), slope in v.slopes(1, 1)]
        flow += [b * (self.third(k, m, j) + e[k] * c(m, j) + e[m] * c(k, j)) for (k, m), b in v.slopes(0, 2)]
        flow += [bend * self._pairings(m[0], m[1], m[2], j) for m, bend in v.slopes(0, 3)]
        return sp.Add(*flow)

    def second_correction(self, v: Speed) -> sp.Expr:
        """P'."""
        c, e = self.covariance, self.first
        flow = [v.orders[2]]
        flow += [slope * e[k] for (k,), slope in v.slopes(1, 1)]
        flow += [bend * c(j, k) for (j, k), bend in v.slopes(1, 2)]
        flow += [slope * self.second[k] for (k,), slope in v.slopes(0, 1)]
        flow += [bend * (self.correction(j, k) + e[j] * e[k]) for (j, k), bend in v.slopes(0, 2)]
        for (i, j, k), bend in v.slopes(0, 3):
            flow.append(bend * (self.third(i, j, k) + e[i] * c(j, k) + e[j] * c(i, k) + e[k] * c(i, j)))
        flow += [bend * self._pairings(m[0], m[1], m[2], m[3]) for m, bend in v.slopes(0, 4)]
        return sp.Add(*flow)

    def third_moment(self, m: Monomial) -> sp.Expr:
        """d K_ijk/dt."""
        flow = []
        for i, j, k in ((m[0], m[1], m[2]), (m[1], m[0], m[2]), (m[2], m[0], m[1])):
            for v in self.parts.touching[i]:
                flow.append(v.change[i] * self.across(v, j, k))
                # each pair of changes once: c_i c_j V_k with k the one left over
                if j in v.change:
                    flow.append(v.change[i] * v.change[j] * self.along(v, k) / 2)
                if k in v.change:
                    flow.append(v.change[i] * v.change[k] * self.along(v, j) / 2)
        for v in self.parts.touching[m[0]]:
            if m[1] in v.change and m[2] in v.change:
                flow.append(v.change[m[0]] * v.change[m[1]] * v.change[m[2]] * v.leading)
        return sp.Add(*flow)

    def next_covariance(self, i: int, j: int, first: dict[str, sp.Expr]) -> sp.Expr:
        """d C'_ij/dt."""
        flow = [v.change[i] * self.next_along(v, j) for v in self.parts.touching[i]]
        flow += [v.change[j] * self.next_along(v, i) for v in self.parts.touching[j]]
        flow += [v.change[i] * v.change[j] * first[v.name] for v in self.parts.touching[i] if j in v.change]
        return sp.Add(*flow)


def _state(name: sp.Symbol, first: sp.Expr = sp.S.Zero) -> State:
    return State(name, name.name, first)


def _third_at_start(parts: Expansion, m: Monomial) -> sp.Expr:
    """Species are independent at the start."""
    if len(set(m)) > 1:
        return sp.S.Zero
    i = m[0]
    mean = parts.start((i,))
    return sp.expand(parts.start(m) - 3 * parts.start((i, i)) * mean + 2 * mean**3)
