"""Maximum-likelihood probabilistic principal components of data, in the standard frame and in any other.

    sigma2 = mean of the eigenvalues left out      W^ = U_q (L_q - sigma2 1)^(1/2)      b^ = mean
    b = b^ - W^ S^(-1/2) mu                        W = W^ S^(-1/2)

U_q and L_q are the eigenvectors and values of the data's covariance for the q largest, 1 <= q < N_v; eigenvectors have
a non-negative sum of components. Ernst et al. 2021, Eqs. 9-10, Appendix C.2; Tipping and Bishop 1999.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import RxnError

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Components:
    """Parameters: `b` (N_v), `W` (N_v, q), `sigma2`, in the frame where hidden species have `mu` (q) and `S` (q, q)."""

    b: Array
    W: Array
    sigma2: float
    mu: Array
    S: Array

    def in_frame(self, mu: npt.ArrayLike, S: npt.ArrayLike) -> Components:
        """The same distribution of the visible species with hidden ones of another mean and covariance."""
        mean, covariance = np.asarray(mu, float), np.asarray(S, float)
        standard_b = self.b + self.W @ self.mu
        standard_W = self.W @ symmetric_root(self.S)
        W = np.asarray(np.linalg.solve(symmetric_root(covariance), standard_W.T).T)
        return Components(standard_b - W @ mean, W, self.sigma2, mean, covariance)


def maximum_likelihood(mean: npt.ArrayLike, covariance: npt.ArrayLike, hidden: int) -> Components:
    """The standard components (mu = 0, S = 1) of data with this mean and covariance (divided by M, not M - 1).

    Raises R517 unless 1 <= hidden < N_v and the covariance is symmetric.
    """
    b, C = np.asarray(mean, float), np.asarray(covariance, float)
    if C.shape != (b.size, b.size) or not np.allclose(C, C.T) or not 1 <= hidden < b.size:
        message = f"{hidden} components of a covariance {C.shape} and {b.size} means"
        raise RxnError("R517", message, hint="there are at least 1 and fewer than visible species")
    values, vectors = np.linalg.eigh(C)
    largest, U = values[::-1][:hidden], vectors[:, ::-1][:, :hidden]
    sigma2 = float(values[: b.size - hidden].mean())
    U = U * np.where(U.sum(axis=0) < 0, -1.0, 1.0)
    return Components(b, U * np.sqrt(largest - sigma2), sigma2, np.zeros(hidden), np.eye(hidden))


def components_of(samples: npt.ArrayLike, hidden: int) -> Components:
    """The standard components of a data matrix (samples, visible species)."""
    X = np.asarray(samples, float)
    return maximum_likelihood(X.mean(axis=0), np.cov(X, rowvar=False, bias=True).reshape(X.shape[1], -1), hidden)


def symmetric_root(matrix: npt.ArrayLike) -> Array:
    """The symmetric square root of a positive definite matrix. Raises R517 for another."""
    values, vectors = np.linalg.eigh(np.asarray(matrix, float))
    if values.min() <= 0:
        raise RxnError("R517", f"a covariance with the eigenvalue {values.min():.3g} is not positive definite")
    return np.asarray((vectors * np.sqrt(values)) @ vectors.T)
