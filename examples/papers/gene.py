"""Yang et al. 2021, Sec. III B, from scratch: a gene that its own protein represses; Fig. 4, Tables II and III."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import rxncompile as rx
from rxncompile.derivations.rational import rational_candidates
from rxncompile.derivations.reductions import Reduction, standard, total
from rxncompile.judging.fast_and_slow import derivative_correlations
from rxncompile.judging.reductions import judge_reductions
from rxncompile.learners.identification.rational_fit import RationalFit, fit_rational
from rxncompile.learners.identification.series import Series
from rxncompile.views import learned, tables

TABLE_II = (
    ("", "0.9681", "0.5020", "0.4228", "0.4215"), ("", "", "0.2743", "0.1832", "0.1820"),
    ("", "", "", "0.9892", "0.9812"), ("", "", "", "", "0.9956"),
)  # fmt: skip
TABLE_III = {"beta[1]": 0.54, "beta[2]": 0.66, "alpha[1,1]": 0.0163, "alpha[2,2]": 0.020, "alpha[3,3]": 0.03}

network = rx.load(Path(__file__).parents[2] / "models" / "gene_autoregulation.rxn")
equations = rx.rate_equations(network)
t = np.unique(np.concatenate([[0.0], np.geomspace(1e-2, 1000.0, 400), np.linspace(0.0, 1000.0, 1001)]))
full = replace(rx.integrate(equations, t, rtol=1e-10), name="full equations")
separation = rx.fast_and_slow(network, 1000.0)
FAST = separation.findings[1].fast  # as the spectrum tells, whatever the model marks


def reductions() -> dict[str, Reduction]:
    """Eq. 18, and what the slow variable that was found leads to."""
    eq_18, sums = standard(network, FAST), total(network, FAST, separation.balanced)
    return {"quasi-steady state (Eq. 18)": eq_18, "total quasi-steady state": sums}


def fitted() -> tuple[RationalFit, RationalFit, RationalFit]:
    """Table III: the coefficients that five concentrations at t = 100 ... 1000 need; all of them unselected; and those
    that are needed once more, with the gene conserved."""
    late = np.linspace(100.0, 1000.0, 91)
    path = rx.integrate(equations, np.concatenate([[0.0], late]), rtol=1e-11, atol=1e-14)
    labels = tuple(s.label for s in equations.states)
    series = Series(labels, late, np.stack([path[n][1:] for n in labels], axis=1))
    candidates = rational_candidates(equations, FAST, ["P"], 2)
    selected, whole = (fit_rational(candidates, [series], select=choice) for choice in (True, False))
    conserving = candidates.only(list(selected.values)).conserving(dict.fromkeys(FAST, 1), 0.03)
    return selected, whole, fit_rational(conserving, [series], select=False)


def truth() -> dict[str, float]:
    """The coefficients of Eq. 18 with the parameters of the model, normalised by beta_3: no rounding between."""
    k = {p.name: float(p.value) for p in network.parameters}
    first, second, genes = k["k_1"] / k["k1"], k["k_2"] / k["k2"], 0.03
    ends = {"beta[1]": first * second, "beta[2]": second}
    return {**ends, "alpha[1,1]": genes * first * second, "alpha[2,2]": genes * second, "alpha[3,3]": genes}


def tables_beside(found: RationalFit, whole: RationalFit, kept: RationalFit) -> str:
    """Tables II and III beside what is found here."""
    names, tied = derivative_correlations(network, 1000.0)
    columns = {
        f"d {b}/dt": [f"{abs(tied[i, j]):.4f} ({TABLE_II[i][j]})" if j > i else "" for i in range(4)]
        for j, b in enumerate(names)
        if j
    }
    second = learned.beside("|Pearson's r| of derivatives at 1001 even times (paper's)", names[:4], columns)
    exact = truth()
    values = found.values
    third = {
        "QSSA, Eq. 18": [f"{x:.5f}" for x in exact.values()],
        "paper (ODENet)": [f"{v:g} ({abs(v / exact[n] - 1):.2%})" for n, v in TABLE_III.items()],
        "found": [f"{values[n]:.5f} ({abs(values[n] / exact[n] - 1):.2%})" for n in exact],
        "with the gene conserved": [f"{kept.values[n]:.5f} ({abs(kept.values[n] / exact[n] - 1):.2%})" for n in exact],
    }
    rest = sorted(set(values) - set(exact)) or "none"
    words = f"kept beside these: {rest}"
    three = learned.beside("Coefficients of Eq. 16 over beta_3 (errors)", list(exact), third)
    every = {"beta[3]": 1.0, **whole.values}
    fourth = {
        "QSSA, Eq. 18": [f"{exact.get(n, float(n == 'beta[3]')):.5f}" for n in every],
        "unselected": [f"{x:.5f}" for x in every.values()],
        "found": ["1.00000" if n == "beta[3]" else f"{values[n]:.5f}" if n in values else "removed" for n in every],
    }
    conditions = f"condition number unselected {whole.condition:.2g}, of those found {found.condition:.2g}"
    four = learned.beside("All twelve", list(every), fourth)
    return "\n".join([tables.as_text(second), "", tables.as_text(three), words, "", tables.as_text(four), conditions])


def judged() -> str:
    """How far the reduced equations are from the full ones."""
    return str(judge_reductions(network, reductions(), np.linspace(0.0, 1000.0, 1001)))


def figure(found: RationalFit) -> Figure:
    """Fig. 4 b-e: full equations, the learned ones, and the total reduction."""
    start = {"P": 0.0, "M": 5.0}
    path = rx.integrate(found.system, t, initial=start)
    slow = rx.integrate(rx.total_qssa(network, FAST, separation.balanced), t)
    panels = ((("P", "M"), 0.0), (("G",), 1e-2), (("GP",), 1e-2), (("GP2",), 1e-2))
    return learned.reduced_species(full, {"learned": path, "total quasi-steady state": slow}, panels)
