"""Fits by the short road: a model, a table, names; every law of noise against what it is by definition."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from rxncompile import integrate, parse, rate_equations
from rxncompile.errors import RxnError
from rxncompile.learners.fits.asked import NoiseModel, fit_problem
from rxncompile.learners.fits.fit import Fit, fit
from rxncompile.learners.fits.measurements import Measurements, load_measurements
from rxncompile.learners.fits.problem import Unknown

MODEL = """model Chain
param k = 0.7 in [0.01, 100], d = 0.1 in [0.001, 10]
param back = k/10
species A = 3, B = 0
A -> B @ k
B -> A @ back
B -> 0 @ d
observable total = A + B
"""
TIMES = np.linspace(0.0, 8.0, 17)
TRUTH = {"k": 1.3, "d": 0.3, "back": 0.13}


def seen(noise: float = 0.02, first: float = 3.0, seed: int = 0, **values: float) -> dict[str, np.ndarray]:
    """A and the total with relative noise; one value is missing."""
    net = parse(MODEL.replace("A = 3", f"A = {first}"))
    found = integrate(rate_equations(net), TIMES, params={**TRUTH, **values})
    rng = np.random.default_rng(seed)
    data = {label: found[label] * np.exp(noise * rng.normal(size=17)) for label in ("A", "total")}
    data["A"][3] = np.nan
    return {"time": TIMES, **data}


def residuals(found: Fit, data: Mapping[str, np.ndarray], label: str) -> tuple[np.ndarray, np.ndarray]:
    """(measured, predicted) of what is not missing, by scipy's integrator on the fitted System."""
    curve = integrate(found.system, TIMES, rtol=1e-10, atol=1e-12)[label]
    kept = ~np.isnan(data[label])
    return data[label][kept], curve[kept]


@pytest.mark.parametrize("noise", NoiseModel)
def test_every_law_of_noise(noise: NoiseModel) -> None:
    """Sizes of noise are those of the distances that the fitted System leaves, and the truth is near."""
    data = seen()
    found = fit(parse(MODEL), data, noise=noise, starts=3, seed=1)
    assert found.reached == 3 and not found.failures
    assert found.values["k"] == pytest.approx(1.3, rel=0.1) and found.values["d"] == pytest.approx(0.3, rel=0.1)
    away = {}
    for label in ("A", "total"):
        measured, predicted = residuals(found, data, label)
        away[label] = np.log(measured / predicted) if noise is NoiseModel.LOG_NORMAL else measured - predicted
    if noise is NoiseModel.LEAST_SQUARES:
        every = np.concatenate([away["A"], away["total"]])
        assert found.values["sd"] == pytest.approx(np.sqrt((every**2).mean()), rel=1e-5)
        return
    for label, r in away.items():
        size = np.abs(r).mean() if noise is NoiseModel.LEAST_ABSOLUTES else np.sqrt((r**2).mean())
        # the kink is rounded off within 1e-4 of the size
        tight = 1e-3 if noise is NoiseModel.LEAST_ABSOLUTES else 1e-5
        assert found.values[f"sd({label})"] == pytest.approx(size, rel=tight)


def test_parameters_that_are_formulas_follow() -> None:
    """`back` is k/10 at every k: exact data give both back."""
    data = seen(noise=0.0)
    found = fit(parse(MODEL), data, sd=0.01, starts=2)
    assert found.values == pytest.approx({"k": 1.3, "d": 0.3}, rel=1e-6)
    assert found.best.value == pytest.approx(33 * np.log(0.01 * np.sqrt(2.0 * np.pi)), abs=1e-6)
    curve = integrate(found.system, TIMES)
    assert curve["A"] == pytest.approx(integrate(rate_equations(parse(MODEL)), TIMES, params=TRUTH)["A"], rel=1e-5)


def test_initial_values_conditions_and_replicates() -> None:
    """Two conditions, one with another k and an A to be found, three replicates of each."""

    def replicates(name: str, k: float, first: float, seed: int) -> Measurements:
        runs = [seen(0.02, first, seed + r, k=k, back=0.1 * k)["A"] for r in range(3)]
        return Measurements.of(TIMES, {"A": np.array(runs)}, name)

    low, high = replicates("low", 0.2, 5.0, 10), replicates("high", 1.3, 3.0, 20)
    table = low + high
    assert len(table) == 2 * 3 * 16 and set(table.replicate) == {"1", "2", "3"}
    found = fit(
        parse(MODEL), table, {"k": (0.01, 100.0), "A(0)": (0.1, 100.0), "k_low": (0.01, 100.0)},
        conditions={"low": {"k": "k_low"}, "high": {"A": 3.0}}, starts=3,
    )  # fmt: skip
    assert found.values["k"] == pytest.approx(1.3, rel=0.1) and found.values["k_low"] == pytest.approx(0.2, rel=0.1)
    assert found.values["A(0)"] == pytest.approx(5.0, rel=0.05)
    assert "species A = " in found.text() and parse(found.text()) == found.network


def test_priors_draw_and_are_told() -> None:
    """Where data say nothing of d, its posterior is its prior: LogNormal(m, s) is densest at exp(m - s^2)."""
    net = parse(MODEL.replace("in [0.001, 10]", "in [0.001, 10] ~ LogNormal(-1, 0.5)"))
    found = fit(net, {"time": TIMES, "A": seen()["A"]}, {"d": (0.001, 10.0)}, sd=1e6, starts=2)
    assert found.values["d"] == pytest.approx(np.exp(-1.25), rel=1e-4)
    assert "-log posterior" in str(found)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"unknowns": ["kk"]}, "no parameter or state"),
        ({"unknowns": ["B"]}, "no positive value to take them from"),
        ({"data": {"time": TIMES, "C": TIMES}}, "'C', which Chain has not"),
        ({"conditions": {"x": {}}}, "nothing is said about the condition ''"),
        ({"conditions": {"": {"k": "nobody"}}}, "which is no unknown"),
        ({"conditions": {"": {"nothing": 1.0}}}, "which Chain has not"),
        ({"sd": -1.0}, "expected more than 0"),
        ({"observables": {"x": "A +"}}, "an observable is wrong"),
        ({"unknowns": [Unknown("k", 2.0, 1.0)]}, "has the bounds"),
    ],
)
def test_wrong_questions_are_named(given: dict[str, object], said: str) -> None:
    with pytest.raises(RxnError, match=said):
        fit_problem(parse(MODEL), **{"data": seen(), **given})  # type: ignore[arg-type]


def test_observables_by_formulas() -> None:
    data = seen(noise=0.0)
    twice = {"time": TIMES, "twice": integrate(rate_equations(parse(MODEL)), TIMES, params=TRUTH)["A"] + data["total"]}
    found = fit(parse(MODEL), twice, observables={"twice": "2*A + B"}, sd=0.01, starts=2)
    assert found.values == pytest.approx({"k": 1.3, "d": 0.3}, rel=1e-5)


# ------------------------------------------------------------------------------------------------- tables


def test_both_forms_of_a_table(tmp_path: Path) -> None:
    wide = tmp_path / "wide.csv"
    wide.write_text(
        "# seen in May\ntime,A,total,total-sd,condition\n0,3,3.1,0.1,low\n\n1,,2,0.2,high\n2,NA,1,0.1,low\n"
    )
    table = load_measurements(wide)
    assert table.observable == ("A", "total", "total", "total") and table.condition == ("low", "low", "high", "low")
    assert table.value.tolist() == [3.0, 3.1, 2.0, 1.0] and np.isnan(table.sd[0]) and table.sd[2] == 0.2
    long = tmp_path / "long.tsv"
    long.write_text("time\tobservable\tvalue\treplicate\n0\tA\t3\t1\n0\tA\tnan\t2\n1.5\tA\t2\t2\n")
    table = load_measurements(long)
    assert table.time.tolist() == [0.0, 1.5] and table.replicate == ("1", "2")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("A,B\n1,2\n", "no column 'time'"),
        ("time,A\n", "no rows of data"),
        ("time,A\n1,x\n", "csv:2: A is 'x'"),
        ("time,A\n1,2,3\n", "csv:2 has 3 columns"),
        ("time,A\n,3\n", "csv:2: time is ''"),
        ("time,A,A\n1,2,3\n", "twice"),
        ("time,A,A-sd\n1,2,0\n", "sd of 'A' at t = 1 is 0"),
        ("time,observable,value,colour\n1,A,2,red\n", "'colour', which means nothing"),
        ("time,A\n1,nan\n", "every value is missing"),
    ],
)
def test_wrong_tables_are_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "data.csv"
    path.write_text(text)
    with pytest.raises(RxnError, match=said) as error:
        load_measurements(path)
    assert error.value.code == "R715"


# ------------------------------------------------------------------------------------------------- going on


def test_killed_and_resumed_as_left_alone(tmp_path: Path) -> None:
    """A process killed after its second start; what goes on ends with the same bits as one left alone."""
    path, data = tmp_path / "fit.json", tmp_path / "data.csv"
    table = seen()
    rows = "\n".join(f"{t!r},{a!r}" for t, a in zip(TIMES.tolist(), table["A"].tolist(), strict=True))
    data.write_text(f"time,A\n{rows}\n")
    program = f"""
        import os, signal
        from rxncompile import parse
        from rxncompile.learners.fits.fit import fit
        def after(done, starts, best):
            if done == 2:
                os.kill(os.getpid(), signal.SIGKILL)
        fit(parse({MODEL!r}), {str(data)!r}, starts=5, seed=4, threads=1, progress=after, checkpoint={str(path)!r})
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert len(json.loads(path.read_text())["starts"]) == 2
    resumed = fit(parse(MODEL), str(data), starts=5, seed=4, checkpoint=path)
    alone = fit(parse(MODEL), str(data), starts=5, seed=4)
    assert resumed.starts == alone.starts and len(alone.starts) == 5


def test_interrupted_keeps_what_is_done() -> None:
    def interrupt(done: int, starts: int, best: float) -> None:
        if done == 2:
            raise KeyboardInterrupt

    found = fit(parse(MODEL), seen(), starts=6, threads=2, progress=interrupt)
    assert len(found.starts) == 2 and "interrupted: 2 of 6 starts" in found.notes


def test_a_start_that_fails_does_not_end_the_fit() -> None:
    """The model blows up before the last measurement for most values of k; those starts are counted and named."""
    net = parse("model Blow\nparam k = 0.4 in [0.3, 1e12]\nspecies A = 1\n0 -> A rate k*A^2\n")
    found = fit(net, {"time": np.array([2.0]), "A": np.array([3.0])}, sd=1.0, starts=8, seed=0)
    assert 0 < sum(found.failures.values()) < 8 and found.values["k"] == pytest.approx(1.0 / 3.0, rel=1e-4)
    assert any("starts failed: the model could not be solved" in note for note in found.notes)
