"""Van Kampen's system size expansion: macroscopic equations, linear noise, and the first correction of the mean.

With a_r(n) = a0_r(n) + a1_r(n) + ..., a0 of the leading order in the size of the system (falling factorials become
powers) and a1 of the next, c the changes, f = sum_r c_r a0_r, J its Jacobian:

    macroscopic   d phi/dt = f(phi)
    linear noise  d C/dt = J C + C J' + sum_r c_r c_r' a0_r(phi)                         C the covariance of counts
    EMRE          d e/dt = J e + (1/2) sum_jk (d2 f/d phi_j d phi_k) C_jk + sum_r c_r a1_r(phi)    mean = phi + e

Sources: van Kampen 2007, Ch. X; Grima 2010, Eqs. 23-27. Rate laws given in full have no a1.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import sympy as sp

from ..errors import RxnError
from ..expressions import symbol
from ..monomials import Kind, label_names, moment_symbol
from ..network import Network
from ..operators import Generator, Term, generator
from ..system import State, Step, System
from .rates import jump_process
from .start import raw_start


@dataclass(frozen=True)
class _Speeds:
    """A term's change by species index, its leading propensity, the next order, and its first derivatives."""

    change: dict[int, int]
    leading: sp.Expr
    next: sp.Expr
    slopes: dict[int, sp.Expr]


def linear_noise(net: Network, correction: bool = False) -> System:
    """Macroscopic counts and their covariance as one System; with `correction`, the mean to the next order as well.

    States: `A` the macroscopic count, `<A*B>_c` the covariance, `<A>_1` the correction; with it `<A>` = A + `<A>_1` is
    an output. Raises R509, R510, R515 as `generator`, R518 for events.
    """
    gen = generator(net)
    base = jump_process(net)
    if base.events:
        raise RxnError("R518", f"events of {net.name} do not act on its linear noise", base.events[0].origin)
    names = label_names(gen.species)
    count = len(gen.species)
    speeds = [_speeds(gen, term) for term in gen.terms]
    touching: dict[int, list[_Speeds]] = {i: [v for v in speeds if i in v.change] for i in range(count)}
    jacobian = {
        i: _sums((j, v.change[i] * slope) for v in touching[i] for j, slope in v.slopes.items()) for i in range(count)
    }

    def covariance(i: int, j: int) -> sp.Symbol:
        return moment_symbol((min(i, j), max(i, j)), names, Kind.CENTRAL)

    drift = [sp.Add(*(v.change[i] * v.leading for v in touching[i])) for i in range(count)]
    pairs = [(i, j) for i in range(count) for j in range(i, count)]
    for i, j in pairs:
        flow = [slope * covariance(k, j) for k, slope in jacobian[i].items()]
        flow += [slope * covariance(i, k) for k, slope in jacobian[j].items()]
        flow += [v.change[i] * v.change[j] * v.leading for v in touching[i] if j in v.change]
        drift.append(sp.Add(*flow))
    start = raw_start([next(s for s in base.states if s.symbol == name) for name in gen.species])
    states = [State(s, s.name, start((i,)), "molecules") for i, s in enumerate(gen.species)]
    for i, j in pairs:
        first = start((i, j)) - start((i,)) * start((j,))
        states.append(State(covariance(i, j), covariance(i, j).name, sp.expand(first)))
    outputs: tuple[tuple[str, sp.Expr], ...] = ()
    if correction:
        extra = [symbol(f"<{name}>_1") for name in names]
        for i in range(count):
            flow = [slope * extra[k] for k, slope in jacobian[i].items()]
            for v in touching[i]:
                flow.append(v.change[i] * v.next)
                flow += [v.change[i] * bend * covariance(j, k) for (j, k), bend in _bends(v, gen).items()]
            drift.append(sp.Add(*flow))
            states.append(State(extra[i], extra[i].name))
        outputs = tuple((f"<{name}>", s + e) for name, s, e in zip(names, gen.species, extra, strict=True))
    step = Step("linear noise", (("correction", "EMRE" if correction else "none"),), "van Kampen 2007; Grima 2010")
    return replace(base, states=tuple(states), drift=tuple(drift), jumps=(), outputs=outputs, steps=(step,))


def _speeds(gen: Generator, term: Term) -> _Speeds:
    place = gen.positions
    leading, following = term.propensity, sp.Integer(0)
    if term.law is None:
        powers = [s**n for s, n in term.before]
        leading = sp.Mul(term.rate, *powers)
        pairs = [sp.Rational(-n * (n - 1), 2) * leading / s for s, n in term.before if n > 1]
        following = sp.Add(*pairs)
    used = [s for s in gen.species if s in leading.free_symbols]
    slopes = {place[s]: leading.diff(s) for s in used}
    return _Speeds({place[s]: n for s, n in term.change}, leading, following, slopes)


def _bends(speeds: _Speeds, gen: Generator) -> dict[tuple[int, int], sp.Expr]:
    """Half the second derivatives, those off the diagonal twice."""
    found = {}
    for j, slope in speeds.slopes.items():
        for k in speeds.slopes:
            if k >= j and (bend := slope.diff(gen.species[k])) != 0:
                found[j, k] = bend / 2 if j == k else bend
    return found


def _sums(pairs: Iterable[tuple[int, sp.Expr]]) -> dict[int, sp.Expr]:
    total: dict[int, list[sp.Expr]] = {}
    for j, x in pairs:
        total.setdefault(j, []).append(x)
    return {j: sp.Add(*each) for j, each in total.items()}
