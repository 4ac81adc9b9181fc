"""Van Kampen's system size expansion: macroscopic equations, linear noise, and the first correction of the mean.

With a_r(n) = a0_r(n) + a1_r(n) + ..., a0 of the leading order in the size of the system (falling factorials become
powers) and a1 of the next, c the changes, f = sum_r c_r a0_r, J its Jacobian:

    macroscopic   d phi/dt = f(phi)
    linear noise  d C/dt = J C + C J' + sum_r c_r c_r' a0_r(phi)                         C the covariance of counts
    EMRE          d e/dt = J e + (1/2) sum_jk (d2 f/d phi_j d phi_k) C_jk + sum_r c_r a1_r(phi)    mean = phi + e

Sources: van Kampen 2007, Ch. X; Grima 2010, Eqs. 23-27. Rate laws given in full have no a1. The next order of the
covariance is that of `inverse_omega`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import sympy as sp

from ..errors import RxnError
from ..expressions import symbol
from ..monomials import Kind, Lookup, label_names, moment_symbol
from ..network import Network
from ..operators import Generator, generator
from ..system import State, Step, System
from .rates import jump_process
from .speeds import Speed, speeds
from .start import raw_start

Covariance = Callable[[int, int], sp.Expr]


@dataclass(frozen=True)
class Expansion:
    """What every order starts from: the generator, its speeds and those that change a species, names and start."""

    gen: Generator
    base: System
    names: tuple[str, ...]
    speeds: tuple[Speed, ...]
    touching: dict[int, list[Speed]]
    start: Lookup

    def macroscopic(self) -> tuple[list[State], list[sp.Expr]]:
        """d phi/dt = f(phi)."""
        states = [State(s, s.name, self.start((i,)), "molecules") for i, s in enumerate(self.gen.species)]
        return states, [sp.Add(*(v.change[i] * v.leading for v in found)) for i, found in self.touching.items()]

    def noise(self, covariance: Covariance) -> list[sp.Expr]:
        """d C/dt, pair by pair."""
        jacobian: dict[int, dict[int, sp.Expr]] = {}
        for i, found in self.touching.items():
            parts: dict[int, list[sp.Expr]] = {}
            for v in found:
                for (k,), slope in v.slopes(0, 1):
                    parts.setdefault(k, []).append(v.change[i] * slope)
            jacobian[i] = {k: sp.Add(*each) for k, each in parts.items()}
        drift = []
        for i, j in self.pairs():
            flow = [slope * covariance(k, j) for k, slope in jacobian[i].items()]
            flow += [slope * covariance(i, k) for k, slope in jacobian[j].items()]
            flow += [v.change[i] * v.change[j] * v.leading for v in self.touching[i] if j in v.change]
            drift.append(sp.Add(*flow))
        return drift

    def pairs(self) -> list[tuple[int, int]]:
        """The species of every covariance."""
        count = len(self.names)
        return [(i, j) for i in range(count) for j in range(i, count)]

    def first(self, i: int, j: int) -> sp.Expr:
        """A covariance at the start."""
        return sp.expand(self.start((i, j)) - self.start((i,)) * self.start((j,)))


def expansion(net: Network) -> Expansion:
    """Raises R509, R510, R515 as `generator`, R518 for events."""
    gen = generator(net)
    base = jump_process(net)
    if base.events:
        raise RxnError("R518", f"events of {net.name} do not act on its linear noise", base.events[0].origin)
    found = speeds(net, gen)
    touching = {i: [v for v in found if i in v.change] for i in range(len(gen.species))}
    start = raw_start([next(s for s in base.states if s.symbol == name) for name in gen.species])
    return Expansion(gen, base, label_names(gen.species), found, touching, start)


def linear_noise(net: Network, correction: bool = False) -> System:
    """Macroscopic counts and their covariance as one System; with `correction`, the mean to the next order as well.

    States: `A` the macroscopic count, `<A*B>_c` the covariance, `<A>_1` the correction; with it `<A>` = A + `<A>_1` is
    an output. Raises R509, R510, R515 as `generator`, R518 for events.
    """
    parts = expansion(net)
    names, gen = parts.names, parts.gen

    def covariance(i: int, j: int) -> sp.Expr:
        return moment_symbol((min(i, j), max(i, j)), names, Kind.CENTRAL)

    states, drift = parts.macroscopic()
    drift += parts.noise(covariance)
    states += [State(covariance(i, j), covariance(i, j).name, parts.first(i, j)) for i, j in parts.pairs()]
    outputs: tuple[tuple[str, sp.Expr], ...] = ()
    if correction:
        extra = [symbol(f"<{name}>_1") for name in names]
        lifts = {v.name: sp.Add(*first_correction(v, extra, covariance)) for v in parts.speeds}
        for i, found in parts.touching.items():
            drift.append(sp.Add(*(sp.expand_mul(v.change[i] * lifts[v.name]) for v in found)))
            states.append(State(extra[i], extra[i].name))
        outputs = tuple((f"<{name}>", s + e) for name, s, e in zip(names, gen.species, extra, strict=True))
    step = Step("linear noise", (("correction", "EMRE" if correction else "none"),), "van Kampen 2007; Grima 2010")
    return replace(parts.base, states=tuple(states), drift=tuple(drift), jumps=(), outputs=outputs, steps=(step,))


def first_correction(v: Speed, extra: list[sp.Symbol], covariance: Covariance) -> list[sp.Expr]:
    """The next order of a reaction's mean propensity: a1 + a0' e + (1/2) a0'' C."""
    flow = [v.orders[1]]
    flow += [slope * extra[k] for (k,), slope in v.slopes(0, 1)]
    flow += [bend * covariance(j, k) for (j, k), bend in v.slopes(0, 2)]
    return flow
