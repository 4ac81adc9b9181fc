"""Yang et al. 2021, Sec. III B, from scratch: a gene that its own protein represses; Fig. 4, Tables II and III."""

from collections.abc import Mapping
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

# no protein is lost in the paper's network, so that nothing is stationary; this much smaller variant loses it
LOSS = """
param kdp = 0.04
dilute: P -> 0 @ kdp
observable free = P
observable all = P + GP + 2*GP2
"""
SMALL = {"cell": 100.0, "M": 0.0}  # 3 genes
BINDING = {"binding as in the paper": {}, "binding ten times as tight": {"k1": 30.0, "k2": 90.0}}

model = Path(__file__).parents[2] / "models" / "gene_autoregulation.rxn"
network = rx.load(model)
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


def stationary(values: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Means and variances of molecules by the master equation: of the variant in full, and of its reductions."""
    variant = rx.with_values(rx.parse(model.read_text() + LOSS), {**SMALL, **values})
    reduced = {"standard": standard(variant, FAST), "total": total(variant, FAST, ["bind1", "bind2"])}
    size, found = SMALL["cell"], {}
    for name, net in {"full": variant, **{n: r.network for n, r in reduced.items()}}.items():
        kept = rx.stationary(rx.jump_process(net), error=1e-6)
        found[name] = {
            what: float(value[0]) * scale
            for x in ("free", "all")
            for what, value, scale in (
                (f"{x} protein, mean", kept.mean_of(x), size),
                (f"{x} protein, variance", kept.covariance_of(x, x), size**2),
            )
        }
    return found


def judged_at_rest() -> str:
    """The stationary distribution of the reduced networks beside that of the full one."""
    lines = ["A variant of the network: protein is lost at the rate 0.04, in a tenth of the volume (3 genes)."]
    for name, values in BINDING.items():
        found = stationary(values)
        full = found.pop("full")
        columns = {"full": [f"{x:.3f}" for x in full.values()]}
        for form, numbers in found.items():
            columns[form] = [f"{x:.3f} ({x / full[n] - 1:+.2%})" for n, x in numbers.items()]
        lines += ["", tables.as_text(learned.beside(f"Molecules at rest, {name} (errors)", list(full), columns))]
    lines.append("What binding itself adds to the variance of free protein is in no reduction.")
    return "\n".join(lines)


def figure(found: RationalFit) -> Figure:
    """Fig. 4 b-e: full equations, the learned ones, and the total reduction."""
    start = {"P": 0.0, "M": 5.0}
    path = rx.integrate(found.system, t, initial=start)
    slow = rx.integrate(rx.total_qssa(network, FAST, separation.balanced), t)
    panels = ((("P", "M"), 0.0), (("G",), 1e-2), (("GP",), 1e-2), (("GP2",), 1e-2))
    return learned.reduced_species(full, {"learned": path, "total quasi-steady state": slow}, panels)
