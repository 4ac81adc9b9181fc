"""From products of parameters, which moments tell, to the parameters: r1 from r1 lambda and lambda."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import sympy as sp

from ...derivations.rate_relation import RateRelation
from ...expressions import to_float
from ...simulators.arrays import Values
from .model import Dependence


def parameters_of_products(relation: RateRelation, values: Values) -> Values:
    """Parameters whose products come nearest to `values` (U,), by least squares of each over its size, (K,).

    Products of one parameter that is not known yet give it by division; the rest keeps the network's values.
    """
    from scipy.optimize import least_squares

    start = relation.system.parameter_values()
    known: dict[sp.Symbol, float] = {}
    waiting = list(zip(relation.products, values.tolist(), strict=True))
    moved = True
    while moved:
        moved = False
        for product, value in sorted(waiting, key=lambda pair: -abs(pair[1])):
            missing = [s for s in product.free_symbols if s not in known]
            if len(missing) != 1 or missing[0] in known:
                continue
            found = _divided(product, value, missing[0], known)
            if found is not None:
                known[missing[0]], moved = found, True
    theta = np.array([known.get(s, to_float(start[s])) for s in relation.parameters])
    depends = Dependence(relation.parameters, relation.products)
    size = np.maximum(np.abs(values), 1e-6 * np.abs(values).max(initial=1e-300))

    def away(theta: Values) -> Values:
        return (depends.at(theta)[0] - values) / size

    if not np.allclose(away(theta), 0.0, atol=1e-9):
        found = least_squares(away, theta, lambda x: depends.at(x)[1] / size[:, np.newaxis], x_scale="jac")
        theta = found.x
    return theta


def _divided(product: sp.Expr, value: float, missing: sp.Symbol, known: Mapping[sp.Symbol, float]) -> float | None:
    """The value of one factor, given the others; None where these are zero or it is no plain power."""
    power = sp.degree(product, missing)
    rest = to_float((product / missing**power).xreplace({s: sp.Rational(x) for s, x in known.items()}))
    if rest == 0.0 or (power > 1 and value / rest < 0.0):
        return None
    return float((value / rest) ** (1.0 / int(power)))


def slopes_of_products(relation: RateRelation, theta: Values) -> Values:
    """d products/d parameters, (U, K)."""
    return Dependence(relation.parameters, relation.products).at(theta)[1]
