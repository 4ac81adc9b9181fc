"""The compiled integrators beside LSODA and scipy: `python tests/benchmarks/integrators.py speed|accuracy|sets|large`.

Processor time of one thread, rounds in turn, the ratio formed within a round. LSODA inside compiled code is
numbalsoda's (`pip install numbalsoda`, which needs a Fortran compiler); without it scipy's alone are compared.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scale import network_text
from scipy.integrate import odeint, solve_ivp

from rxncompile import load, parse, rate_equations
from rxncompile.simulators.integrators import drive
from rxncompile.simulators.integrators.choice import suited
from rxncompile.simulators.integrators.drive import Control
from rxncompile.simulators.integrators.machine import Scheme, machine
from rxncompile.simulators.rate_equations.equations import Function, Jacobian, compiled
from rxncompile.simulators.rate_equations.initial import initial_values
from rxncompile.system import System

MODELS = Path(__file__).resolve().parents[2] / "models"
GENE = """model Gene
species G = 2, GP = 0, GP2 = 0, M = 10, P = 50
param a = 2, b = 1, c = 0.1, d = 0.05, e = 0.002, f = 0.2, g = 0.004, h = 0.1
G -> G + M @ a
M -> M + P @ b
M -> 0 @ c
P -> 0 @ d
G + P <-> GP @ e, f
GP + P <-> GP2 @ g, h
"""
ROBERTSON = """model Robertson
species A = 1, B = 0, C = 0
param k1 = 0.04, k2 = 3e7, k3 = 1e4
A -> B rate k1*A
2 B -> B + C rate k2*B^2
B + C -> A + C rate k3*B*C
"""
ZOO = {"brusselator": 20, "repressilator": 200, "oregonator": 100, "mapk": 20, "gene_autoregulation": 200}
RTOL, ATOL = 1e-6, 1e-9
Values = np.ndarray


class Case:
    """A System with its times, and the solvers of it as functions that return the states at these."""

    def __init__(self, system: System, times: Values) -> None:
        self.system, self.times = system, times
        self.p, self.start = np.array(system.parameter_vector()), np.array(initial_values(system))
        model = compiled(system)
        self.rhs, self.jacobian = Function(model.rhs, self.p), Jacobian(model, self.p, False)

    def ours(self, scheme: Scheme, rtol: float, atol: float) -> Callable[[], Values]:
        made, n = machine(self.system, scheme), len(self.start)
        out, count = np.zeros((len(self.times), n)), np.zeros(4, dtype=np.int64)
        work, trace = made.work(), made.trace(0)
        control = Control(rtol, np.full(n, atol), 10**6, 0.0, False)

        def go() -> Values:
            out[0] = self.start
            code = drive.solve(
                made.tableau, made.equations, work, control, self.times, self.p, out, count, trace, made.watch()
            )
            assert code == drive.DONE
            return out

        return go

    def suited(self, rtol: float, atol: float) -> Scheme:
        return suited(self.system, float(self.times[-1]), self.p, self.start, rtol, np.full(len(self.start), atol))

    def odeint(self, rtol: float, atol: float) -> Callable[[], Values]:
        def f(t: float, y: Values) -> Values:
            return self.rhs(t, y).copy()

        return lambda: odeint(
            f, self.start, self.times, Dfun=self.jacobian, tfirst=True, rtol=rtol, atol=atol, mxstep=10**6
        )

    def solve_ivp(self, method: str, rtol: float, atol: float) -> Callable[[], Values]:
        span, jac = (self.times[0], self.times[-1]), {} if method == "RK45" else {"jac": self.jacobian}

        def f(t: float, y: Values) -> Values:
            return self.rhs(t, y).copy()

        return lambda: solve_ivp(f, span, self.start, method, self.times, rtol=rtol, atol=atol, **jac).y.T

    def numbalsoda(self, rtol: float, atol: float) -> Callable[[], Values] | None:
        """LSODA that calls the same machine code, without Python between steps."""
        try:
            from numbalsoda import lsoda, lsoda_sig
        except ImportError:
            return None
        from numba import carray, cfunc, njit

        from rxncompile.kernels.jit import kernel_at

        call, n, m = kernel_at(compiled(self.system).rhs.address), len(self.start), max(1, len(self.p))

        @cfunc(lsoda_sig)
        def rhs(t: Any, u: Any, du: Any, p: Any) -> None:
            call(t, carray(u, (n,)), carray(p, (m,)), carray(du, (n,)))

        address = rhs.address

        @njit
        def solved(start: Any, times: Any, p: Any) -> Any:
            return lsoda(address, start, times, p, rtol, atol, 10**6)

        def go(alive: Any = rhs) -> Values:
            found, good = solved(self.start, self.times, self.p)
            assert good
            return found

        return go

    def exact(self, floor: float) -> Values:
        return self.solve_ivp("Radau", 3e-14, floor)()


def measured(ways: dict[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """Seconds of processor time a call, in turn."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    often = {}
    for name, way in ways.items():
        begin = time.thread_time()
        way()
        if time.thread_time() - begin < 1.0:  # again, with everything compiled
            begin = time.thread_time()
            way()
        often[name] = max(1, min(2_000, int(0.03 / max(1e-6, time.thread_time() - begin))))
    for _ in range(rounds):
        for name, way in ways.items():
            begin = time.thread_time()
            for _ in range(often[name]):
                way()
            found[name].append((time.thread_time() - begin) / often[name])
    return found


def cases() -> dict[str, Case]:
    logarithmic = np.r_[0.0, np.logspace(-5, math.log10(4e5), 100)]
    found = {
        "gene network": Case(rate_equations(parse(GENE)), np.linspace(0.0, 100.0, 101)),
        "Robertson": Case(rate_equations(parse(ROBERTSON)), logarithmic),
    }
    for name, end in ZOO.items():
        found[name] = Case(rate_equations(load(MODELS / f"{name}.rxn")), np.linspace(0.0, end, 101))
    return found


def speed(rounds: int) -> None:
    """One solve with 101 outputs, rtol 1e-6, atol 1e-9."""
    for name, case in list(cases().items())[:2]:
        scheme = case.suited(RTOL, ATOL)
        ways = {f"ours ({scheme.value})": case.ours(scheme, RTOL, ATOL)}
        inside = case.numbalsoda(RTOL, ATOL)
        if inside:
            ways["LSODA inside compiled code"] = inside
        ways["scipy.odeint"] = case.odeint(RTOL, ATOL)
        for method in ("LSODA", "BDF"):
            ways[f"solve_ivp {method}"] = case.solve_ivp(method, RTOL, ATOL)
        times = measured(ways, rounds)
        exact = case.exact(1e-16)
        first = next(iter(times))
        for way, found in times.items():
            ratio = statistics.median(a / b for a, b in zip(found, times[first], strict=True))
            error = np.abs(ways[way]() - exact)
            error /= ATOL + RTOL * np.abs(exact)
            print(
                f"{name:14s} {way:28s} {1e3 * statistics.median(found):9.4f} ms  x{ratio:7.2f}  "
                f"error {error.max():8.2f} tolerances (rms {math.sqrt((error**2).mean()):.2f})",
                flush=True,
            )


def accuracy() -> None:
    """Errors in tolerances, rtol |y| + atol, over 101 times and all states: largest and root of the mean square."""
    for name, case in cases().items():
        size = 1e-6 * np.abs(case.start).max()
        exact = case.exact(1e-9 * size)
        for rtol in (1e-4, 1e-6, 1e-8, 1e-10):
            atol = size * rtol / 1e-4
            scheme = case.suited(rtol, atol)
            line = f"| {name} | {rtol:.0e} | {scheme.value} |"
            for states in (case.odeint(rtol, atol)(), case.ours(scheme, rtol, atol)()):
                error = np.abs(states - exact) / (atol + rtol * np.abs(exact))
                line += f" {error.max():.2f} | {math.sqrt((error**2).mean()):.2f} |"
            print(line, flush=True)


def sets(count: int) -> None:
    """Many parameter sets of the gene network, drawn log-uniformly within a factor of two, on two threads."""
    case = cases()["gene network"]
    scheme = case.suited(RTOL, ATOL)
    made, rng = machine(case.system, scheme), np.random.default_rng(1)
    p = case.p * 2.0 ** rng.uniform(-1.0, 1.0, (count, len(case.p)))
    starts = np.tile(case.start, (count, 1))
    control = Control(RTOL, np.full(len(case.start), ATOL), 10**5, 0.0, False)
    for times in (case.times, case.times[[0, -1]]):
        made.solve_many(control, times, p[:100], starts[:100], threads=2)
        wall, processor = time.perf_counter(), time.process_time()
        _, codes, _ = made.solve_many(control, times, p, starts, threads=2)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        assert not codes.any()
        print(f"{count} sets, {len(times)} outputs, {scheme.value}: {wall:.3f} s, {processor:.3f} s of processors")


def chain_text(n: int) -> str:
    """Fast and slow steps along a chain, with some of second order: stiff."""
    lines = ["model Chain", "param k = 1, f = 1e4, d = 0.5"] + [f"species A{i} = {1 + i % 5}" for i in range(n)]
    for i in range(n - 1):
        lines.append(f"A{i} <-> A{i + 1} @ {'f' if i % 3 == 0 else 'k'}, k")
        if i % 4 == 0:
            lines.append(f"A{i} + A{i + 1} -> 2 A{i} @ d")
    return "\n".join(lines) + "\n"


def lattice_text(side: int) -> str:
    """Hops between neighbours on a square and fast annihilation on a part of it: stiff."""
    every = [(i, j) for i in range(side) for j in range(side)]
    lines = ["model Lattice", "param k = 100, d = 0.3, f = 1e4"]
    lines += [f"species A{i}_{j} = {1 + (i * j) % 5}" for i, j in every]
    for i, j in every:
        lines.append(f"2 A{i}_{j} -> A{i}_{j} @ {'f' if (i + j) % 7 == 0 else 'd'}")
        lines += [f"A{i}_{j} <-> A{a}_{b} @ k, k" for a, b in ((i + 1, j), (i, j + 1)) if a < side and b < side]
    return "\n".join(lines) + "\n"


def stiff_text(species: int, reactions: int, seed: int = 1) -> str:
    """The random network of `scale.py` with rate constants over six decades."""
    draw = random.Random(seed)
    text = network_text(species, reactions).splitlines()
    return "\n".join(
        f"{line.partition('=')[0]}= {10 ** draw.uniform(-3, 3):.6g}" if line.startswith("param k") else line
        for line in text
    )


def large(rounds: int, only: str) -> None:
    """About 1,000 species, 101 outputs, rtol 1e-6, against scipy.odeint with the compiled Jacobian."""
    texts = {
        "random network": (network_text(1_000, 2_000), 1.0),
        "random network, stiff": (stiff_text(1_000, 2_000), 10.0),
        "random network, sparse, stiff": (stiff_text(1_000, 700), 10.0),
        "chain, stiff": (chain_text(1_000), 10.0),
        "lattice 32 x 32, stiff": (lattice_text(32), 10.0),
    }
    for name, (text, end) in texts.items():
        if only not in name:
            continue
        case = Case(rate_equations(parse(text)), np.linspace(0.0, end, 101))
        atol = 1e-9 * float(np.abs(case.start).max())
        begin = time.thread_time()
        scheme = case.suited(RTOL, atol)
        chosen = time.thread_time() - begin
        made = machine(case.system, scheme)
        size = made.equations.table.size
        case.ours(scheme, RTOL, atol)()
        ways = {scheme.value: case.ours(scheme, RTOL, atol), "scipy.odeint": case.odeint(RTOL, atol)}
        times = measured(ways, rounds)
        ratio = statistics.median(b / a for a, b in zip(*times.values(), strict=True))
        apart = np.abs(ways[scheme.value]() - ways["scipy.odeint"]()).max()
        print(
            f"| {name} | {scheme.value} | {size:,} | {1e3 * statistics.median(times[scheme.value]):.1f} ms | "
            f"{1e3 * statistics.median(times['scipy.odeint']):.1f} ms | {ratio:.1f} | apart {apart:.1e}, "
            f"choice {chosen:.2f} s",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", choices=("speed", "accuracy", "sets", "large"))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--sets", type=int, default=10_000)
    parser.add_argument("--only", default="", help="large networks with this in their name")
    given = parser.parse_args()
    if given.what == "speed":
        speed(given.rounds)
    elif given.what == "accuracy":
        accuracy()
    elif given.what == "sets":
        sets(given.sets)
    else:
        large(min(2, given.rounds), given.only)


if __name__ == "__main__":
    main()
