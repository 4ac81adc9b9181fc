"""Integrals along an exact solution: the truth fits to the integrator's error, whatever is missing from the data."""

import numpy as np
import pytest

from rxncompile.derivations.candidates import Candidates, polynomial_candidates, reaction_candidates
from rxncompile.learners.identification.along import Along
from rxncompile.learners.identification.integral_form import integral_form
from rxncompile.learners.identification.series import Series
from rxncompile.learners.identification.shooting import Shooting

LV = {"c[X,X]": 1.0, "c[X,X*Y]": -0.5, "c[Y,Y]": -1.0, "c[Y,X*Y]": 0.5}
REACTIONS = {"X -> 2 X": 0.8, "X + Y -> 2 Y": 0.4, "Y -> 0": 0.6}


def of_reactions() -> tuple[Candidates, dict[str, float]]:
    candidates = reaction_candidates(["X", "Y"], 2, 2)
    labels = {c.what: c.label for c in candidates.terms}
    return candidates, {labels[what]: k for what, k in REACTIONS.items()}


@pytest.mark.parametrize("kind", ["polynomial", "reactions"])
def test_the_truth_fits(kind: str) -> None:
    candidates, truth = (polynomial_candidates(["X", "Y"], 2), LV) if kind == "polynomial" else of_reactions()
    rng = np.random.default_rng(1)
    begins, times = ([1.0, 1.0], [2.0, 0.5]), np.concatenate([[0.0], np.sort(rng.uniform(0.0, 8.0, 30))])
    empty = tuple(Series(("X", "Y"), times, np.zeros((31, 2))) for _ in begins)
    count = len(candidates.terms)
    x = np.zeros(count + 4)
    for label, value in truth.items():
        x[candidates.labels.index(label)] = value
    x[count:] = np.ravel(begins)
    shooting = Shooting(candidates.system, empty, count, np.zeros(2, bool), rtol=1e-11)
    data = []
    for k in range(2):
        values = shooting.states(k, x)
        values[rng.random(values.shape) < 0.2] = np.nan
        data.append(Series(("X", "Y"), times, values))
    shooting = Shooting(candidates.system, tuple(data), count, np.zeros(2, bool), rtol=1e-11)
    J, z = integral_form(Along.of(candidates), shooting, x)
    assert J.shape == (len(shooting.data), count + 4)
    np.testing.assert_allclose(J @ x, z, atol=1e-8)
    np.testing.assert_array_equal(z, shooting.data)  # nothing is known but the data
    c = np.linalg.lstsq(J, z, rcond=None)[0]  # what else fits is a sum that vanishes along these data
    np.testing.assert_allclose(J @ c, z, atol=1e-8)
    if kind == "polynomial":
        np.testing.assert_allclose(c, x, atol=1e-5)
