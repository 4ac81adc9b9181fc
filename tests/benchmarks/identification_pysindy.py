"""pysindy on the data of `identification.py`, in an environment that has it.

    python identification_pysindy.py FOLDER [SYSTEM ...] [SEEDS]

What FOLDER holds already is not done again.

Four ways, each at every threshold of a ladder; the table takes, for every system and level of noise, the threshold at
which most seeds succeed, which somebody without the truth could not know.

    stlsq      sequentially thresholded least squares, derivatives by pysindy's (smoothed) finite differences
    splines    the same on 400 even points of the smoothing splines that `identify` begins with
    weak       the weak form on the data themselves, 200 windows of the best of three widths
    ensemble   the median of 20 bagged fits, on the splines
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pysindy as ps
from scipy.integrate import solve_ivp
from scipy.interpolate import make_smoothing_spline

warnings.filterwarnings("ignore")
SEEDS = 20
LADDER = tuple(float(x) for x in np.geomspace(0.03, 1.2, 9))


def functions(species: list[str], formulas: list[str]) -> list[Any]:
    args = ", ".join(species)
    made = []
    for f in formulas:
        body = f.replace("^", "**")
        body = f"{body} + 0*{species[0]}" if f == "1" else body
        made.append(eval(f"lambda {args}: {body}"))  # formulas that this benchmark wrote itself
    return made


@cache
def smooth(times: tuple[float, ...], values: tuple[float, ...]) -> np.ndarray:
    grid, t, x = np.linspace(times[0], times[-1], 400), np.array(times), np.array(values)
    spread, size = (t[-1] - t[0]) / len(t), np.abs(x).max()
    return make_smoothing_spline(t / spread, x / size)(grid / spread) * size


def splined(times: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    grid = np.linspace(times[0], times[-1], 400)
    columns = [smooth(tuple(times), tuple(x)) for x in values.T]
    return grid, np.stack(columns, axis=1)


def coefficients(way: str, about: dict[str, Any], times: np.ndarray, values: np.ndarray) -> dict[float, np.ndarray]:
    """(species, formulas) at every threshold."""
    made = functions(about["species"], about["formulas"])
    names = [lambda *a, k=k: f"f{k}" for k in range(len(made))]
    library = ps.CustomLibrary(made, names, interaction_only=True)
    x, t, kind = [np.ascontiguousarray(v) for v in values], times, None
    if way in ("splines", "ensemble"):
        pairs = [splined(times, v) for v in x]
        x, t = [p[1] for p in pairs], pairs[0][0]
        kind = ps.FiniteDifference(order=4)
    elif way == "smoothed differences":
        kind = ps.SmoothedFiniteDifference(smoother_kws={"window_length": 7, "polyorder": 3})
    elif way == "differences":
        kind = ps.FiniteDifference(order=2)
    weak = way.startswith("weak")
    if weak:  # windows of 10, 20 or 40 % of the series
        np.random.seed(0)
        H = np.array([float(way.split()[1]) * (t[-1] - t[0])])
        library = ps.WeakPDELibrary(library, spatiotemporal_grid=t, K=200, H_xt=H, is_uniform=False)
    seen = Seen(threshold=LADDER[0])
    model = ps.SINDy(optimizer=seen, feature_library=library, differentiation_method=kind)
    model.fit(x, t=t if weak else [t] * len(x))
    found = {}
    for threshold in LADDER[1::3] if way == "ensemble" else LADDER:  # on the regression that `model.fit` makes
        optimizer: Any = ps.STLSQ(threshold=threshold)
        if way == "ensemble":
            np.random.seed(0)
            optimizer = ps.EnsembleOptimizer(optimizer, bagging=True, n_models=20)
        try:
            optimizer.fit(*seen.regression)
            found[threshold] = np.array(optimizer.coef_)
        except ValueError:
            found[threshold] = np.zeros((len(about["species"]), len(made)))
    return found


class Seen(ps.STLSQ):
    """Keeps the regression that it is given."""

    def fit(self, x: Any, y: Any, **options: Any) -> Any:
        self.regression = (np.array(x), np.array(y))
        return super().fit(x, y, **options)


def same(about: dict[str, Any], named: dict[str, float], exact: np.ndarray) -> bool:
    """Whether as many terms as the true ones are these, up to exact collinearity along the true trajectories."""
    truth = about["truth"]
    if len(named) != len(truth) or set(named) == set(truth):
        return set(named) == set(truth)
    made = dict(zip(about["formulas"], functions(about["species"], about["formulas"]), strict=True))
    states = exact.reshape(-1, exact.shape[-1]).T

    def columns(chosen: dict[str, float], s: str) -> np.ndarray:
        found = [made[k[len(s) + 3 : -1]](*states) for k in chosen if k.startswith(f"c[{s},")]
        return np.array([f / np.linalg.norm(f) for f in found]).T if found else np.zeros((states.shape[1], 0))

    for s in about["species"]:
        span, wanted = columns(named, s), columns(truth, s)
        away = wanted - span @ np.linalg.lstsq(span, wanted, rcond=1e-10)[0] if span.size else wanted
        if wanted.size and np.linalg.norm(away, axis=0).max() > 1e-5:
            return False
    return True


def score(about: dict[str, Any], found: np.ndarray, exact: np.ndarray) -> dict[str, Any]:
    species, formulas, truth = about["species"], about["formulas"], about["truth"]
    named = {f"c[{s},{f}]": found[i, j] for i, s in enumerate(species) for j, f in enumerate(formulas)}
    named = {k: float(v) for k, v in named.items() if abs(v) > 1e-10}
    errors = [(named.get(k, 0.0) - v) / v for k, v in truth.items()]
    return {
        "right": sum(k in truth for k in named), "wrong": sum(k not in truth for k in named), "of": len(truth),
        "coefficients": float(np.sqrt(np.mean(np.square(errors)))), "same": same(about, named, exact),
    }  # fmt: skip


def prediction(about: dict[str, Any], found: np.ndarray, data: Any) -> float:
    made, new, grid = functions(about["species"], about["formulas"]), data["new"], data["new_times"]

    calls = 0

    def rhs(t: float, y: np.ndarray) -> np.ndarray:
        nonlocal calls
        calls += 1
        if calls > 50_000:
            raise ValueError("it diverges")
        y = np.clip(y, -1e6, 1e6)
        return found @ np.array([f(*y) for f in made])

    with np.errstate(all="ignore"):
        try:
            solved = solve_ivp(rhs, (0.0, grid[-1]), about["begin"], "LSODA", grid, rtol=1e-8, atol=1e-10)
            away = solved.y.T - new
            error = float(np.sqrt((away**2).mean(axis=0) / new.var(axis=0)).mean())
        except (ValueError, OverflowError):
            error = np.inf
    return error if np.isfinite(error) else 1e9


WAYS = {
    "stlsq": ("differences", "smoothed differences"),
    "splines": ("splines",),
    "weak": ("weak 0.05", "weak 0.1", "weak 0.2"),
    "ensemble": ("ensemble",),
}


def rank(rows: list[dict[str, Any]]) -> tuple[float, float]:
    """The most successes first, then the fewest wrong and missing terms."""
    good = sum(r["same"] for r in rows)
    return -good, float(np.mean([r["of"] - r["right"] + r["wrong"] for r in rows]))


def main() -> None:
    folder = Path(sys.argv[1])
    chosen = [x for x in sys.argv[2:] if not x.isdigit()]
    seeds = int(next((x for x in sys.argv[2:] if x.isdigit()), SEEDS))
    path = folder / f"pysindy{'-'.join(['', *chosen])}.json"
    out = json.loads(path.read_text()) if path.exists() else {}
    for about_path in sorted(folder.glob("*.json")):
        name = about_path.stem
        if name.startswith(("ours", "pysindy")) or (chosen and name not in chosen):
            continue
        about, data = json.loads(about_path.read_text()), np.load(folder / f"{name}.npz")
        for k, level in enumerate(about["levels"]):
            for way, kinds in WAYS.items():
                if f"{name}/{level}/{way}" in out:
                    continue
                begin, fits = time.perf_counter(), {}
                for kind in kinds:
                    for seed in range(seeds):
                        try:
                            found = coefficients(kind, about, data[f"times_{seed}"], data[f"values_{seed}_{k}"])
                        except (ValueError, TypeError):  # windows with too few samples
                            found = {x: np.zeros((len(about["species"]), len(about["formulas"]))) for x in LADDER}
                        for threshold, c in found.items():
                            fits.setdefault((kind, threshold), []).append(c)
                seconds = (time.perf_counter() - begin) / seeds / len(LADDER) / len(kinds)
                exact = [data[f"exact_{seed}"] for seed in range(seeds)]
                rows = {
                    key: [score(about, c, x) for c, x in zip(cs, exact, strict=True)] for key, cs in fits.items()
                }
                best = min(rows, key=lambda key, rows=rows: rank(rows[key]))
                pairs = zip(rows[best], fits[best], strict=True)
                kept = [r | {"prediction": prediction(about, c, data)} for r, c in pairs]
                out[f"{name}/{level}/{way}"] = {
                    "kind": best[0], "threshold": best[1], "seconds": seconds, "rows": kept,
                }  # fmt: skip
                good = -rank(rows[best])[0]
                print(f"{name:18} {level:5.2f} {way:9} {best[0]:20} {best[1]:.3f}  good {good:2}", flush=True)
                path.write_text(json.dumps(out))


if __name__ == "__main__":
    main()
