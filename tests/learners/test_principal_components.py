"""Maximum-likelihood principal components: what they keep of the data, in every frame."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rxncompile.errors import RxnError
from rxncompile.learners.principal_components import components_of, maximum_likelihood, symmetric_root


@settings(max_examples=30)
@given(st.integers(2, 6), st.data())
def test_components_keep_mean_variance_and_the_largest_directions(visible: int, data: st.DataObject) -> None:
    hidden = data.draw(st.integers(1, visible - 1))
    random = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    samples = random.normal(size=(50, visible)) @ random.normal(size=(visible, visible)) + random.normal(size=visible)
    found = components_of(samples, hidden)
    C = np.cov(samples, rowvar=False, bias=True)
    model = found.W @ found.W.T + found.sigma2 * np.eye(visible)
    # rounding of eigenvalues: 1e-10 of the largest
    size = np.linalg.eigvalsh(C).max()
    np.testing.assert_allclose(found.b, samples.mean(axis=0), atol=1e-10)
    assert np.trace(model) == pytest.approx(np.trace(C), rel=1e-10)
    largest = np.linalg.eigh(C)[1][:, -hidden:]
    np.testing.assert_allclose(largest.T @ model @ largest, largest.T @ C @ largest, atol=1e-9 * size)
    assert (found.W.sum(axis=0) >= -1e-12).all()


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 3))
def test_frames_are_of_one_distribution(seed: int, hidden: int) -> None:
    random = np.random.default_rng(seed)
    A, B = random.normal(size=(4, 4)), random.normal(size=(hidden, hidden))
    found = maximum_likelihood(random.normal(size=4), A @ A.T + np.eye(4), hidden)
    S, mu = B @ B.T + np.eye(hidden), random.normal(size=hidden)
    moved = found.in_frame(mu, S)
    np.testing.assert_allclose(moved.b + moved.W @ mu, found.b, atol=1e-10)
    np.testing.assert_allclose(moved.W @ S @ moved.W.T, found.W @ found.W.T, atol=1e-9)
    back = moved.in_frame(np.zeros(hidden), np.eye(hidden))
    np.testing.assert_allclose(back.W, found.W, atol=1e-9)
    np.testing.assert_allclose(symmetric_root(S) @ symmetric_root(S), S, atol=1e-9)


@pytest.mark.parametrize("hidden", [0, 2, 3])
def test_as_many_components_as_species_are_refused(hidden: int) -> None:
    with pytest.raises(RxnError, match="components of a covariance"):
        maximum_likelihood([0.0, 0.0], np.eye(2), hidden)


def test_a_covariance_that_is_none_is_refused() -> None:
    with pytest.raises(RxnError, match="not positive definite"):
        symmetric_root([[1.0, 2.0], [2.0, 1.0]])
