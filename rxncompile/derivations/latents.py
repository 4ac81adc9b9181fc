"""Hidden species whose mean and covariance are given functions of time: Fourier series with learnable coefficients.

    mu_i = s(a, b)       S_ii = 1 + epsilon + s(a', b')       s = sum_l (a_l cos f_l t + b_l sin f_l t)
                                                                  / (max(sum_l |a_l| + |b_l|, 1) + epsilon)

so that mu oscillates within (-1, 1) and S about the identity. Ernst et al. 2021, Eq. 13.
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from ..errors import RxnError
from ..expressions import TIME, quoted, symbol
from ..family import Named
from ..system import Constant
from .pca import Latent


def fourier_series(
    a: Sequence[sp.Expr], b: Sequence[sp.Expr], frequencies: Sequence[sp.Expr], epsilon: sp.Expr
) -> sp.Expr:
    """s(a, b) at the time t; `frequencies` in radians per time. Raises R517 where the lengths differ."""
    if not len(a) == len(b) == len(frequencies):
        raise RxnError("R517", f"{len(a)} and {len(b)} coefficients of {len(frequencies)} frequencies")
    waves = [x * sp.cos(f * TIME) + y * sp.sin(f * TIME) for x, y, f in zip(a, b, frequencies, strict=True)]
    size = sp.Add(*(sp.Abs(x) for x in (*a, *b)))
    return sp.Add(*waves) / (sp.Max(size, 1) + epsilon)


def fourier_latent(hidden: Sequence[str], frequencies: Sequence[sp.Expr], epsilon: sp.Expr) -> Latent:
    """Hidden species with independent Fourier series; every coefficient is a constant, 0 at first.

    `mu_cos[X,l]`, `mu_sin[X,l]` for the mean, `S_cos[X,l]`, `S_sin[X,l]` for the variance, l = 1 ... L.
    """
    names = [quoted(h) for h in hidden]
    constants: list[Constant] = []

    def coefficients(letter: str, name: str) -> list[sp.Symbol]:
        found = [symbol(f"{letter}[{name},{k + 1}]") for k in range(len(frequencies))]
        constants.extend(Constant(s, s.name, sp.S.Zero) for s in found)
        return found

    definitions: list[Named] = []
    for name in names:
        mean = fourier_series(coefficients("mu_cos", name), coefficients("mu_sin", name), frequencies, epsilon)
        swing = fourier_series(coefficients("S_cos", name), coefficients("S_sin", name), frequencies, epsilon)
        definitions.append((symbol(f"mu[{name}]"), mean))
        definitions.append((symbol(f"R[{name},{name}]"), sp.sqrt(1 + epsilon + swing)))
    means, roots = [s for s, _ in definitions[::2]], [s for s, _ in definitions[1::2]]
    root = tuple(tuple(r if i == j else sp.S.Zero for j in range(len(roots))) for i, r in enumerate(roots))
    return Latent(tuple(means), root, tuple(constants), tuple(definitions))
