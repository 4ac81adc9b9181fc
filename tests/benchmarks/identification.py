"""Identification under noise: five systems, four levels of noise, 20 seeds each, against pysindy.

    python tests/benchmarks/identification.py data FOLDER            noisy data sets, one .npz a system
    python tests/benchmarks/identification.py ours FOLDER            -> FOLDER/ours.json
    PEER/bin/python tests/benchmarks/identification_pysindy.py FOLDER -> FOLDER/pysindy.json
    python tests/benchmarks/identification.py table FOLDER           the table of README.md

PEER is an environment with pysindy. Both get the same data and the same library: every formula in every equation.
Success: exactly the true terms. Data come from scipy, not from the integrators under test.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import sympy as sp
from scipy.integrate import solve_ivp

from rxncompile.derivations.candidates import Candidates, formula_candidates, polynomial_candidates
from rxncompile.expressions import symbol
from rxncompile.learners.identification.identify import identify
from rxncompile.learners.identification.series import Series
from rxncompile.learners.identification.shooting import Shooting
from rxncompile.learners.identification.subsets import price, project_out

LEVELS = (0.0, 0.01, 0.05, 0.1)
SEEDS = 20
FIRST = 100  # those below were looked at while `identify` was written


@dataclass(frozen=True)
class Case:
    """`truth`: coefficients by (species, formula); `begins`: initial values of each series; `new`: to be predicted."""

    name: str
    species: tuple[str, ...]
    order: int
    truth: dict[tuple[str, str], float]
    begins: tuple[tuple[float, ...], ...]
    new: tuple[float, ...]
    end: float
    samples: int
    formulas: tuple[str, ...] = ()
    levels: tuple[float, ...] = LEVELS

    @property
    def candidates(self) -> Candidates:
        if not self.formulas:
            return polynomial_candidates(self.species, self.order)
        names = {s: symbol(s) for s in self.species}
        return formula_candidates(self.species, [sp.parse_expr(f, names) for f in self.formulas], self.name)

    @property
    def labels(self) -> dict[str, float]:
        """The true coefficients by label."""
        return {f"c[{s},{f}]": v for (s, f), v in self.truth.items()}

    def rhs(self) -> Callable[[float, Any], Any]:
        system = self.candidates.with_values(self.labels)
        values = system.parameter_values()
        f = sp.lambdify([[s.symbol for s in system.states]], [sp.Float(1) * e.xreplace(values) for e in system.rhs])
        return lambda t, y: np.array(f(y), dtype=float)


HILL = tuple(f"1/(1 + {x}**{n})" for n in (1, 2, 3) for x in "uv")
CASES = (
    Case(
        "Lotka-Volterra", ("X", "Y"), 2,
        {("X", "X"): 1.0, ("X", "X*Y"): -0.5, ("Y", "X*Y"): 0.5, ("Y", "Y"): -1.0},
        ((1.0, 1.0),), (2.0, 0.5), 20.0, 200,
    ),
    Case(
        "Brusselator", ("X", "Y"), 3,
        {("X", "1"): 1.0, ("X", "X"): -4.0, ("X", "X^2*Y"): 1.0, ("Y", "X"): 3.0, ("Y", "X^2*Y"): -1.0},
        ((1.0, 1.0),), (2.0, 2.0), 20.0, 300,
    ),
    Case(
        "SIR", ("S", "I", "R"), 2,
        {("S", "I*S"): -0.8, ("I", "I*S"): 0.8, ("I", "I"): -0.25, ("R", "I"): 0.25},
        ((0.99, 0.01, 0.0), (0.6, 0.05, 0.1), (1.2, 0.1, 0.3)), (0.8, 0.02, 0.0), 30.0, 60,
    ),
    Case(
        "Michaelis-Menten", ("S", "E", "ES", "P"), 2,
        {
            ("S", "E*S"): -2.0, ("S", "ES"): 0.5, ("E", "E*S"): -2.0, ("E", "ES"): 1.5, ("ES", "E*S"): 2.0,
            ("ES", "ES"): -1.5, ("P", "ES"): 1.0,
        },
        (
            (1.0, 0.5, 0.0, 0.0), (2.0, 0.3, 0.0, 0.0), (0.5, 1.0, 0.0, 0.5), (0.2, 0.2, 0.8, 0.0),
            (1.5, 1.0, 0.4, 0.2), (0.0, 0.4, 1.2, 1.0),
        ),
        (1.2, 0.7, 0.1, 0.0), 8.0, 50,
    ),
    Case(
        "toggle switch", ("u", "v"), 0,
        {("u", "1/(1 + v^2)"): 4.0, ("u", "u"): -1.0, ("v", "1/(1 + u^2)"): 3.0, ("v", "v"): -1.0},
        ((0.2, 0.1), (3.0, 2.9), (0.1, 3.0), (1.5, 0.2)), (2.0, 3.0), 8.0, 60, ("1", "u", "v", "u*v", *HILL),
    ),
)  # fmt: skip


# what the data alone cannot decide: S + I + R = 1 throughout, one short run with noise, few samples with much noise
HARD = (
    replace(CASES[2], name="SIR, one epidemic", begins=((0.99, 0.01, 0.0),), samples=100),
    replace(CASES[3], name="Michaelis-Menten, one run", begins=((1.0, 0.5, 0.0, 0.0),), samples=50,
            levels=(*LEVELS, 0.2)),
    replace(CASES[4], name="toggle switch, one run", begins=((0.2, 0.1),), samples=50, levels=(0.05, 0.2, 0.4)),
)  # fmt: skip


def clean(case: Case, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Irregular times (T,), the same of all series, and the states there (K, T, n)."""
    rng = np.random.default_rng([FIRST + seed, 17])
    times = np.concatenate([[0.0], np.sort(rng.uniform(0.0, case.end, case.samples - 2)), [case.end]])
    return times, np.array([solved(case.rhs(), b, times) for b in case.begins])


def solved(rhs: Callable[[float, Any], Any], begin: Any, times: np.ndarray) -> np.ndarray:
    found = solve_ivp(rhs, (0.0, times[-1]), begin, "LSODA", times, rtol=1e-10, atol=1e-12)
    return found.y.T if found.success else np.full((len(times), len(begin)), np.nan)


def write_data(folder: Path) -> None:
    for case in (*CASES, *HARD):
        if (folder / f"{case.name}.npz").exists():
            continue
        candidates, arrays = case.candidates, {}
        for seed in range(SEEDS):
            times, states = clean(case, seed)
            sd = states.reshape(-1, len(case.species)).std(axis=0)
            arrays[f"times_{seed}"] = times
            for k, level in enumerate(case.levels):
                noise = np.random.default_rng([FIRST + seed, k, 18]).normal(size=states.shape)
                arrays[f"values_{seed}_{k}"] = states + level * sd * noise
            arrays[f"exact_{seed}"] = states
        grid = np.linspace(0.0, case.end, 101)
        arrays["new_times"], arrays["new"] = grid, solved(case.rhs(), case.new, grid)
        np.savez_compressed(folder / f"{case.name}.npz", **arrays)
        first = candidates.labels[: len(candidates.terms) // len(case.species)]
        formulas = [label.split(",", 1)[1][:-1] for label in first]
        about = {"species": case.species, "formulas": formulas, "truth": case.labels, "begin": case.new}
        about["levels"] = case.levels
        (folder / f"{case.name}.json").write_text(json.dumps(about))


def score(case: Case, found: dict[str, float], new: np.ndarray) -> dict[str, float]:
    """Right and wrong terms, relative error of the coefficients, and of a trajectory from a new place over its sd."""
    truth = case.labels
    errors = [(found.get(k, 0.0) - v) / v for k, v in truth.items()]
    grid = np.linspace(0.0, case.end, 101)
    system = case.candidates.with_values(found)
    values = system.parameter_values()
    f = sp.lambdify([[s.symbol for s in system.states]], [sp.Float(1) * e.xreplace(values) for e in system.rhs])
    try:
        with np.errstate(all="ignore"):
            away = solved(lambda t, y: np.array(f(np.clip(y, -1e6, 1e6)), dtype=float), case.new, grid) - new
        prediction = float(np.sqrt((away**2).mean(axis=0) / new.var(axis=0)).mean())
    except (ValueError, OverflowError, ZeroDivisionError):
        prediction = np.inf
    return {
        "right": sum(k in truth for k in found), "wrong": sum(k not in truth for k in found), "of": len(truth),
        "coefficients": float(np.sqrt(np.mean(np.square(errors)))),
        "prediction": prediction if np.isfinite(prediction) else 1e9,
    }  # fmt: skip


def columns(
    case: Case, times: np.ndarray, states: np.ndarray, labels: list[str]
) -> tuple[np.ndarray, int, np.ndarray]:
    """Derivatives of the predictions at the truth by coefficients, then initial values; how many are coefficients."""
    candidates = case.candidates
    series = tuple(Series(case.species, times, x) for x in states)
    shooting = Shooting(candidates.system, series, len(candidates.terms), np.zeros(len(case.species), bool))
    x = np.zeros(shooting.count + shooting.n * len(series))
    for label, value in case.labels.items():
        x[candidates.labels.index(label)] = value
    x[shooting.count :] = states[:, 0].ravel()
    _, J = shooting.sensitivities(x, [candidates.labels.index(label) for label in labels])
    return J, len(labels), shooting.quantity


def expected_z(case: Case, times: np.ndarray, states: np.ndarray, level: float) -> tuple[float, float]:
    """What the Fisher information at the true values says of the noise.

    The least |c|/sd of a true term; and how far the nearest other set of as many terms or fewer is, up to two of them
    exchanged: sqrt(chi^2) less what the fewer terms are cheaper by.
    """
    labels = list(case.candidates.labels)
    J, many, quantity = columns(case, times, states, labels)
    sd = states.reshape(-1, len(case.species)).std(axis=0) * level
    J = J / sd[quantity][:, None]
    A, _, _ = project_out(J.T @ J, J.T @ J[:, 0], 0.0, J.shape[1] - many)
    S = [labels.index(x) for x in case.labels]
    c = np.array(list(case.labels.values()))
    z = float((np.abs(c) / np.sqrt(np.diag(np.linalg.inv(A[np.ix_(S, S)])))).min())
    return z, nearest(A, S, c, price(1, many, len(J)))


def nearest(A: np.ndarray, S: list[int], c: np.ndarray, cheaper: float) -> float:
    """See `expected_z`; sets that are exactly the same along the data are no others."""
    size = np.sqrt(np.maximum(np.diag(A), 1e-300))
    b, A = A[:, S] @ c / size, A / np.outer(size, size)
    least = np.inf
    for many in (1, 2):
        for lost in combinations(range(len(S)), many):
            kept = [j for k, j in enumerate(S) if k not in lost]
            solved = np.linalg.lstsq(A[np.ix_(kept, kept)], A[kept], rcond=1e-13)[0]
            R, r = A - A[:, kept] @ solved, b - solved.T @ b[kept]
            whole = float(sum(size[S[k]] * c[k] * r[S[k]] for k in lost))  # chi^2 with nothing instead
            others = [j for j in range(len(b)) if j not in S and R[j, j] > 1e-9]
            R, r = R[np.ix_(others, others)], r[others]
            won = [np.zeros(1), r**2 / np.diag(R)]
            if many == 2:
                det = np.outer(np.diag(R), np.diag(R)) - R**2
                i, j = np.nonzero(np.triu(det > 1e-9 * np.outer(np.diag(R), np.diag(R)), 1))
                pull = r[i] ** 2 * R[j, j] - 2 * r[i] * r[j] * R[i, j] + r[j] ** 2 * R[i, i]
                won.append(pull / det[i, j])
            for new, gains in enumerate(won):
                left = whole - gains
                left = left[left > 1e-7 * whole] - (many - new) * cheaper
                least = min(least, float(left.min(initial=np.inf)))
    return float(np.sign(least) * np.sqrt(abs(least)))


def same_model(case: Case, times: np.ndarray, states: np.ndarray, found: list[str]) -> bool:
    """Whether as many terms as the true ones are these up to exact collinearity along the true trajectories."""
    if len(found) != len(case.labels):
        return False
    if set(found) == set(case.labels):
        return True
    J, many, _ = columns(case, times, states, [*found, *case.labels])
    J = J / np.linalg.norm(J, axis=0)
    span, truth = np.delete(J, np.s_[len(found) : many], axis=1), J[:, len(found) : many]
    away = truth - span @ np.linalg.lstsq(span, truth, rcond=1e-10)[0]
    return bool(np.linalg.norm(away, axis=0).max() < 1e-5)  # solves are right to 1e-8


def succeeded(row: dict[str, Any]) -> bool:
    return bool(row.get("same", row["right"] == row["of"] and not row["wrong"]))


def run_ours(folder: Path, names: list[str]) -> None:
    path = folder / f"ours{'-'.join(['', *names])}.json"
    out = json.loads(path.read_text()) if path.exists() else {}
    for case in (*CASES, *HARD):
        if names and case.name not in names:
            continue
        data, candidates = np.load(folder / f"{case.name}.npz"), case.candidates
        for k, level in enumerate(case.levels):
            if f"{case.name}/{level}" in out:
                continue
            rows = []
            for seed in range(SEEDS):
                times, values = data[f"times_{seed}"], data[f"values_{seed}_{k}"]
                begin = time.perf_counter()
                found = identify(candidates, [Series(case.species, times, x) for x in values])
                seconds = time.perf_counter() - begin
                row = score(case, found.values, data["new"])
                row["same"] = same_model(case, times, data[f"exact_{seed}"], list(found.values))
                truth = set(case.labels)
                wrong = truth.symmetric_difference(found.values)
                said = set(found.doubtful)
                z, rival = expected_z(case, times, data[f"exact_{seed}"], level) if level else (1e9, 1e9)
                row |= {
                    "seconds": seconds, "decided": found.decided, "named": row["same"] or bool(wrong & said),
                    "z": z, "rival": rival,
                    "terms": sorted(found.values), "doubtful": sorted(said), "criterion": found.criterion,
                }  # fmt: skip
                rows.append(row)
            good = sum(succeeded(r) for r in rows)
            print(f"{case.name:26} {level:5.2f}  good {good:2} of {len(rows)}", flush=True)
            out[f"{case.name}/{level}"] = rows
            path.write_text(json.dumps(out))


def table(folder: Path) -> None:
    """Markdown: successes, right and wrong terms, errors; pysindy's four ways beside."""
    ours: dict[str, Any] = {}
    peers: dict[str, Any] = {}
    for path in sorted(folder.glob("ours*.json")):
        ours |= json.loads(path.read_text())
    for path in sorted(folder.glob("pysindy*.json")):
        peers |= json.loads(path.read_text())
    ways = ("stlsq", "splines", "weak", "ensemble")
    head = ("system", "noise", "least z", "nearest", "found", "right, wrong", "coefficients", "prediction", "named")
    print("| " + " | ".join((*head, *ways)) + " |")
    print("|" + " --- |" * len((*head, *ways)))
    for case in (*CASES, *HARD):
        for level in case.levels:
            rows = ours.get(f"{case.name}/{level}")
            if not rows:
                continue
            z, rival = (f"{np.median([r[key] for r in rows]):.3g}" if level else "" for key in ("z", "rival"))
            cells = [
                case.name, f"{100 * level:.0f} %", z, rival,
                f"{sum(succeeded(r) for r in rows)}/{len(rows)}", terms(rows), median(rows, "coefficients"),
                median(rows, "prediction"), f"{sum(r['named'] for r in rows)}/{len(rows)}",
            ]  # fmt: skip
            for way in ways:
                peer = peers.get(f"{case.name}/{level}/{way}")
                cells.append(peer_cell(peer) if peer else "")
            print("| " + " | ".join(cells) + " |")


def peer_cell(peer: dict[str, Any]) -> str:
    rows = peer["rows"]
    good = sum(succeeded(r) for r in rows)
    return f"{good}/{len(rows)} ({terms(rows)}; {median(rows, 'coefficients')}, {median(rows, 'prediction')})"


def terms(rows: list[dict[str, Any]]) -> str:
    return f"{np.mean([r['right'] for r in rows]):.1f} of {rows[0]['of']}, {np.mean([r['wrong'] for r in rows]):.1f}"


def median(rows: list[dict[str, Any]], key: str) -> str:
    found = float(np.median([r[key] for r in rows]))
    return "diverges" if found > 1e6 else f"{found:.2g}"


def main() -> None:
    what, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    if what == "data":
        write_data(folder)
    elif what == "ours":
        run_ours(folder, sys.argv[3:])
    elif what == "table":
        table(folder)


if __name__ == "__main__":
    main()
