"""From a model to a figure: predators and prey, the rate equations beside exact stochastic runs."""

from pathlib import Path

import numpy as np

import rxncompile as rx
from rxncompile.views import plots, style

net = rx.load(Path(__file__).parent.parent / "models" / "lotka_volterra.rxn")
t = np.linspace(0.0, 30.0, 301)
ode = rx.integrate(rx.rate_equations(net), t)
runs = rx.sample(rx.jump_process(net), t, runs=200, seed=1)
extinct = float((runs["X"][:, -1] == 0).mean())

if __name__ == "__main__":
    print(f"prey are extinct at t = 30 in {extinct:.1%} of {runs.runs} runs; the rate equations never lose them")
    style.save(plots.ensemble_band(runs.statistics(), ode), "lotka_volterra.svg")
