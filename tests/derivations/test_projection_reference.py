"""Every number of the reference files on families, from the general code: a table of what each file's blocks mean."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import sympy as sp
from reference_numbers import absent, content, reference

import rxncompile as rx
from rxncompile.derivations.discrete import count_exponentials
from rxncompile.derivations.families import gaussian_counts, gaussian_family, geometric
from rxncompile.derivations.fields import diffusion_functional
from rxncompile.derivations.latents import fourier_series
from rxncompile.derivations.library import weighted
from rxncompile.derivations.pca import principal_components, standard_components
from rxncompile.derivations.projection import project
from rxncompile.expressions import TIME, exact
from rxncompile.family import Family
from rxncompile.learners.principal_components import maximum_likelihood, symmetric_root
from rxncompile.monomials import Monomial
from rxncompile.network import Network, Reaction, Species
from rxncompile.system import System

pytestmark = pytest.mark.reference
# numbers near 0 in the files are differences of terms of order 1 to 100: rounding, not digits
TOLERANCE = {"rtol": 1e-10, "atol": 1e-10}


class Compiled:
    """d theta/dt and the outputs of a System at many points, by label."""

    def __init__(self, system: System) -> None:
        self.system, self.rhs = system, rx.lambdify(system)

    def rates(self, state: dict[str, float], values: dict[str, float]) -> dict[str, float]:
        return self._called(self.rhs, [s.label for s in self.system.states], state, values)

    def moments(self, state: dict[str, float], values: dict[str, float]) -> dict[str, float]:
        return self._called(
            rx.lambdify(self.system, "outputs"), [label for label, _ in self.system.outputs], state, values
        )

    def _called(
        self, f: Callable[..., None], labels: list[str], state: dict[str, float], values: dict[str, float]
    ) -> dict[str, float]:
        out = np.empty(len(labels))
        y = np.array([float(state[s.label]) for s in self.system.states])
        f(0.0, y, np.array(self.system.parameter_vector(values)), out)
        return dict(zip(labels, out, strict=True))


# ---------------------------------------------------------------------------------------------- branching

BRANCHING = rx.parse("species A = 1\nparam kb = 1, kd = 1.5\nA -> 2 A @ kb\nA -> 0 @ kd\n")


def _largest_count(points: list[Any]) -> int:
    """Where every K = 2 distribution of the file has less than 1e-20 of its weight above."""
    return max(20, *(int(p["gaussian_mean"] + 12 * p["gaussian_variance"] ** 0.5) for p in points))


def branching_cases() -> Iterator[tuple[Family[Monomial], str, dict[str, str], dict[str, str]]]:
    """A family, the block of the file, {state: key}, {what is found: key}."""
    two = {"nu[1]": "nu1", "nu[2]": "nu2"}
    yield geometric(), "K1", {"nu[1]": "nu"}, {"nu[1]": "F", "<A>": "mean"}
    whole = gaussian_counts((sp.S.One, sp.S.One))
    yield whole, "K2", two, {"nu[1]": "F1_gaussian", "nu[2]": "F2_gaussian", "<A>": "gaussian_mean"}
    most = _largest_count(reference("galton_watson_dbd")["K2"])
    family = count_exponentials([most], [(0,), (0, 0)])
    found = {"nu[1]": "F1_discrete", "nu[2]": "F2_discrete", "<A>": "discrete_mean", "variance": "discrete_variance"}
    yield family, "K2", two, found


@pytest.mark.parametrize("which", range(3), ids=["geometric", "gaussian", "discrete"])
def test_galton_watson(which: int) -> None:
    family, block, state, wanted = list(branching_cases())[which]
    compiled = Compiled(project(BRANCHING, family))
    points = reference("galton_watson_dbd")[block]
    assert points
    for point in points:
        at = {label: point[key] for label, key in state.items()}
        values = {"kb": point["kb"], "kd": point["kd"]}
        moments = compiled.moments(at, values)
        found = {**compiled.rates(at, values), **moments}
        if "<A^2>_f" in moments:
            found["variance"] = moments["<A^2>_f"] + moments["<A>"] * (1 - moments["<A>"])
        for label, key in wanted.items():
            assert found[label] == pytest.approx(point[key], rel=1e-10), (label, point)


def test_diffusion_functional() -> None:
    """The file states the functional with its signs: F = D nu'' - D nu'^2."""
    text = reference("galton_watson_dbd")["diffusion"]["description"]
    assert "F[nu] = D nu'' - D (nu')^2" in text
    D = sp.Symbol("D", real=True)
    formula, nu, y = diffusion_functional(D)
    assert sp.expand(formula - (D * nu.diff(y, 2) - D * nu.diff(y) ** 2)) == 0


# ---------------------------------------------------------------------------------------------- principal components


def reaction(name: str, text: str) -> Reaction:
    """`Ca+IP3->2Ca` with k = 1."""

    def side(written: str) -> tuple[tuple[str, int], ...]:
        counted: dict[str, int] = {}
        for part in written.split("+"):
            species = part.lstrip("0123456789")
            if species:
                counted[species] = counted.get(species, 0) + int(part[: len(part) - len(species)] or 1)
        return tuple(counted.items())

    left, right = (side(s) for s in text.split("->"))
    return Reaction(name, left, right, sp.S.One)


def frames(texts: tuple[str, ...], species: tuple[str, ...], visible: int) -> tuple[Compiled, Compiled, Compiled]:
    """The moments, theta and theta^ under all reactions, `c[r0]`, `c[r1]` ... before their rates."""
    hidden, zero = species[visible:], (sp.S.Zero,) * len(species)
    named = tuple(Species(s, initial=sp.S.One) for s in species)
    net = Network("all", species=named, reactions=tuple(reaction(f"r{k}", text) for k, text in enumerate(texts)))
    families = (
        gaussian_family(species, zero, [zero] * len(species)),
        principal_components(species, hidden),
        standard_components(species, hidden),
    )
    plain, theta, hat = (Compiled(weighted(net, family)) for family in families)
    return plain, theta, hat


def by_label(names: dict[str, Any], species: tuple[str, ...], visible: int) -> dict[str, float]:
    """Arrays of parameters by the label of each entry: a letter alone is a vector, `W` a matrix, `S`, `R` symmetric."""
    seen, below = species[:visible], species[visible:]
    found: dict[str, float] = {}
    for letter, value in names.items():
        if letter == "sigma2":
            found[letter] = value
        elif letter in ("b", "mu"):
            rows = seen if letter == "b" else below
            found |= {f"{letter}[{x}]": v for x, v in zip(rows, value, strict=True)}
        else:
            rows = seen if letter == "W" else below
            for i, x in enumerate(rows):
                for j, h in enumerate(below):
                    if letter == "W" or j >= i:
                        found[f"{letter}[{x},{h}]"] = value[i][j]
    return found


def families_of_the_file() -> list[Any]:
    reason = absent("pca_dbd")
    if reason:
        return [pytest.param("", marks=pytest.mark.skip(reason=reason), id="absent")]
    blocks = content("pca_dbd")
    return [name for name, block in blocks.items() if isinstance(block, dict) and "species" in block]


@pytest.mark.parametrize("name", families_of_the_file())
def test_principal_components_of_every_candidate_reaction(name: str) -> None:
    block = reference("pca_dbd")[name]
    species, v = tuple(block["species"]), block["Nv"]
    pairs = [(i, j) for i in range(len(species)) for j in range(i, len(species))]
    known: dict[tuple[str, ...], tuple[Compiled, Compiled, Compiled]] = {}
    assert block["points"]
    for point in block["points"]:
        mean, C = np.array(point["mean"]), np.array(point["covariance"])
        root = symmetric_root(point["Sigma_h"])
        theta = {"b": point["b"], "W": point["W"], "sigma2": point["sigma2"]}
        theta |= {"mu": point["mu_h"], "S": point["Sigma_h"]}
        latent = by_label({"mu": point["mu_h"], "R": root}, species, v)
        central = {f"<{s}>": mean[i] for i, s in enumerate(species)}
        central |= {f"<{species[i]}*{species[j]}>_c" if i != j else f"<{species[i]}^2>_c": C[i, j] for i, j in pairs}
        texts = tuple(point["reactions"])
        assert texts
        if texts not in known:
            known[texts] = frames(texts, species, v)
        plain, frame, standard = known[texts]
        for k, (text, wanted) in enumerate(point["reactions"].items()):
            chosen = {f"c[r{j}]": float(j == k) for j in range(len(texts))}
            found = list(plain.rates(central, chosen).values())
            want = [*wanted["d_mean"], *(wanted["d_covariance"][i][j] for i, j in pairs)]
            np.testing.assert_allclose(found, want, **TOLERANCE, err_msg=text)
            rates = {"b": wanted["F_b"], "W": wanted["F_W"], "sigma2": wanted["F_sigma2"]}
            rates |= {"mu": wanted["F_mu_h"], "S": wanted["F_Sigma_h"]}
            compare(frame.rates(by_label(theta, species, v), chosen), by_label(rates, species, v), text)
            hat = by_label({"b": wanted["b_hat"], "W": wanted["W_hat"], "sigma2": point["sigma2"]}, species, v)
            rates = {"b": wanted["F_b_hat"], "W": wanted["F_W_hat"], "sigma2": wanted["F_sigma2_hat"]}
            compare(standard.rates(hat, latent | chosen), by_label(rates, species, v), text)
            # the frames are the same point
            np.testing.assert_allclose(np.array(point["W"]) @ root, wanted["W_hat"], **TOLERANCE)
            np.testing.assert_allclose(
                np.array(point["b"]) + np.array(point["W"]) @ point["mu_h"], wanted["b_hat"], **TOLERANCE
            )


def compare(found: dict[str, float], wanted: dict[str, float], text: str) -> None:
    assert found.keys() == wanted.keys()
    for label, value in wanted.items():
        assert found[label] == pytest.approx(value, rel=1e-10, abs=1e-10), (text, label)


def test_maximum_likelihood_components() -> None:
    points = reference("pca_dbd")["pca_ml"]["points"]
    assert points
    for point in points:
        found = maximum_likelihood(point["mean"], point["data_covariance"], point["q"])
        moved = found.in_frame(point["mu_h"], point["Sigma_h"])
        for value, key in [
            (found.b, "b_hat_ml"), (found.W, "W_hat_ml"), (found.sigma2, "sigma2_ml"), (moved.b, "b_ml"),
            (moved.W, "W_ml"),
        ]:  # fmt: skip
            np.testing.assert_allclose(value, point[key], **TOLERANCE, err_msg=key)


def test_fourier_latents() -> None:
    points = reference("pca_dbd")["latent_fourier"]["points"]
    assert points
    for point in points:
        a, b, f = ([exact(x) for x in point[key]] for key in ("a", "b", "frequencies_rad_per_s"))
        epsilon = exact(point["epsilon"])
        s = float(fourier_series(a, b, f, epsilon).xreplace({TIME: exact(point["t_s"])}))
        assert s == pytest.approx(point["s"], rel=1e-10, abs=1e-12)
        assert s == pytest.approx(point["mu_h"], rel=1e-10, abs=1e-12)
        assert 1 + float(epsilon) + s == pytest.approx(point["Sigma_h"], rel=1e-10)
