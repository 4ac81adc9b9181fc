"""Yang et al. 2021, Sec. III A, from scratch: cells that divide, differentiate and leave; Figs. 2 and 3, Table I."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

import rxncompile as rx
from rxncompile.derivations.candidates import polynomial_candidates
from rxncompile.learners.identification.identified import Identified
from rxncompile.learners.identification.identify import identify
from rxncompile.learners.identification.series import Series
from rxncompile.learners.moments.model import model_of
from rxncompile.views import learned, tables

TRUTH = {"k1": 0.0, "k2": 0.0, "r1": 0.0836, "r2": 0.0764, "lambda": 1.1, "Gamma": 0.31}
PAPER = {"k1": 0.0123, "k2": -0.0197, "r1": 0.0831, "r2": 0.0824, "lambda": 1.1059, "Gamma": 0.3074}
EQUATION_11 = {"c[A,A]": 0.0079, "c[B,A]": 1.0903, "c[B,B]": -0.3094}
WEEKS, SHOWN, LOT = np.arange(21.0), (1, 5, 10, 20), 10_000
MORE = "param k1 : 1/week = 0, k2 : 1/week = 0\nlost: A -> 0 @ k1\nturn: A -> B @ k2\n"

text = (Path(__file__).parents[2] / "models" / "spcm.rxn").read_text().replace("observable clone = A + B", "")
network, candidates = rx.parse(text), rx.parse(text + MORE)


class Experiment:
    """Many runs, lot after lot: their moments, how often pairs of counts occur in the weeks shown, some paths."""

    def __init__(self, runs: int, seed: int = 2021) -> None:
        self.joint = [np.zeros((120, 320)) for _ in SHOWN]
        self.paths = rx.sample(rx.jump_process(network), np.linspace(0.0, 20.0, 401), runs=10, seed=seed)
        self.data = rx.measured_moments(self._lots(runs, seed), species=("A", "B"))

    def _lots(self, runs: int, seed: int) -> Iterator[rx.Trajectory]:
        for k in range(0, runs, LOT):
            lot = rx.sample(rx.jump_process(network), WEEKS, runs=min(LOT, runs - k), seed=seed * 1_000 + k // LOT)
            for counts, week in zip(self.joint, SHOWN, strict=True):
                a, b = (lot[name][:, week].astype(int) for name in ("A", "B"))
                np.add.at(counts, (np.minimum(a, 119), np.minimum(b, 319)), 1.0 / runs)
            yield lot


class Answer:
    """Rates by ordinary and by generalised least squares, the reactions that are left, and their distribution."""

    def __init__(self, data: rx.MomentData) -> None:
        self.relation = rx.rate_relation(candidates)
        self.ordinary = rx.ordinary_rates(candidates, data)
        self.estimate = rx.rates_from_moments(candidates, data)
        self.selection = rx.select_reactions(candidates, data)

        self.data = data

    def means(self) -> Identified:
        """Eq. 11: which of ten quadratic terms the equations of the means have. The paper's three: EQUATION_11."""
        model = model_of(candidates, 1, self.relation.parameters)
        at = np.array([self.estimate[s.name] for s in self.relation.parameters])
        errors = model.covariance(at, self.data.t, True) / self.data.runs
        series = Series(self.data.species, self.data.t, self.data.mean, covariance=errors)
        return identify(polynomial_candidates(self.data.species, 2, constant=False), [series])

    def equation_11(self) -> str:
        """Beside the paper's three coefficients and the true ones."""
        values = self.means().values
        true = {"c[A,A]": 0.00792, "c[B,A]": 1.09208, "c[B,B]": -0.31}
        columns = {
            "true": [f"{x:g}" for x in true.values()],
            "paper (ODENet)": [_off(x, true[n]) for n, x in EQUATION_11.items()],
            "found": [_off(values[n], x) if n in values else "absent" for n, x in true.items()],
        }
        rest = sorted(set(values) - set(true)) or "none"
        table = learned.beside("Equations of the means, Eq. 11: three of ten terms", list(true), columns)
        return f"{tables.as_text(table)}\nother terms that were kept: {rest}"

    def laws(self) -> tuple[rx.Distribution, rx.Distribution]:
        """The learned joint distribution and the true one, at the start and in the weeks shown."""
        nets = (self.selection.learned, network)
        first, second = (rx.master_equation(rx.jump_process(n), (0, *SHOWN), error=1e-6) for n in nets)
        return first, second

    def table(self) -> str:
        """Table I beside what is found here."""
        chosen = self.selection.chosen
        sd = dict(zip(self.estimate.names, self.estimate.sd, strict=True))
        columns = {
            "true": [f"{x:g}" for x in TRUTH.values()],
            "paper (ODENet)": [_off(PAPER[n], x) for n, x in TRUTH.items()],
            "ordinary": [_off(self.ordinary[n], x) for n, x in TRUTH.items()],
            "generalised": [_off(self.estimate[n], x) for n, x in TRUTH.items()],
            "its sd": [f"{sd[n]:.2g}" for n in TRUTH],
            "of what is left": [_off(chosen[n], x) if n in chosen.names else "absent" for n, x in TRUTH.items()],
        }
        return tables.as_text(learned.beside("Rates per week (and relative errors)", list(TRUTH), columns))


def figures(done: Experiment, answer: Answer, laws: tuple[rx.Distribution, rx.Distribution]) -> list[object]:
    """Fig. 2 b-e and Fig. 3."""
    fine = np.linspace(0.05, 20.0, 200)
    model = model_of(candidates, 2, answer.relation.parameters)
    at = np.array([answer.estimate[s.name] for s in answer.relation.parameters])
    moments = learned.learned_moments(done.data, fine, model.predict(at, fine).moments, done.paths, "weeks")
    exact = [learned.joint_array(laws[0], "A", "B", k + 1) for k in range(len(SHOWN))]
    rows = [(f"{done.data.runs:,} runs", done.joint), ("learned", exact)]
    return [moments, learned.joint_maps(SHOWN, rows, ("A", "B"), "weeks")]


def _off(value: float, truth: float) -> str:
    return f"{value:.5f} ({abs(value / truth - 1):.2%})" if truth else f"{value:.5f}"
