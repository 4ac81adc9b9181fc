"""Rates as Yang et al. 2021 find them: coefficients of moment equations first, then rates, by ordinary least squares.

    1. all coefficients b_ij free: minimise the sum of squares of central moments, by integrating the equations
    2. u = (V^T V)^-1 V^T (b - o), Eq. 14

Errors of moments differ by orders of magnitude and hang together; both steps weigh all alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ...derivations.rate_relation import RateRelation
from ...errors import RxnError
from ...monomials import Kind
from ...name_lists import names_given
from ...network import Network, with_values
from ...simulators.arrays import Values
from .data import MomentData
from .integrals import rough_parameters
from .model import Dependence, MomentModel, Unsolvable, model_of, relation_of
from .products import parameters_of_products

_EVALUATIONS = 500


@dataclass(frozen=True, eq=False)
class OrdinaryRates:
    """`coefficients` (B,) of the relation, `products` (U,) and parameters (K,) that follow; what is left of each step.

    `rest` is the root mean square of what coefficients leave of the moments, `contradiction` the norm of b - V u - o.
    """

    network: Network
    relation: RateRelation
    coefficients: Values
    products: Values
    values: Values
    rest: float
    contradiction: float

    @property
    def names(self) -> tuple[str, ...]:
        """Of the parameters."""
        return tuple(s.name for s in self.relation.parameters)

    def __getitem__(self, name: str) -> float:
        """The value of a parameter."""
        return float(self.values[self.names.index(name)])

    @property
    def learned(self) -> Network:
        """The network with these values."""
        return with_values(self.network, dict(zip(self.names, map(float, self.values), strict=True)))

    def __str__(self) -> str:
        lines = [f"{self.network.name}: ordinary least squares of {len(self.coefficients)} coefficients, then of rates"]
        lines += [f"  {n} = {v:.6g}" for n, v in zip(self.names, self.values, strict=True)]
        lines.append(f"  coefficients contradict each other by {self.contradiction:.3g}")
        return "\n".join(lines)


def ordinary_rates(net: Network, data: MomentData, unknown: Iterable[str] | None = None) -> OrdinaryRates:
    """The rates of candidate reactions as in the paper. Raises R532 for open equations, R712 without an end."""
    from scipy.optimize import least_squares

    names = None if unknown is None else names_given(unknown, "unknown", "R504")
    relation = relation_of(net, data.order, Kind.CENTRAL, names)
    closed = model_of(net, data.order, relation.parameters, data.start)  # raises where the equations are open
    mine = data.of_species(closed.species)
    rough = rough_parameters(net, relation, mine)
    matrix = np.array(relation.matrix.tolist(), dtype=float)
    offset = np.array(relation.offset.tolist(), dtype=float).ravel()
    begin = matrix @ _products(relation, rough) + offset
    model = MomentModel(
        relation.free, closed.species, data.order, tuple(c.symbol for c in relation.coefficients), data.start
    )
    measured = np.concatenate([mine.mean, mine.central], axis=1)

    def away(b: Values) -> Values:
        try:
            found: Values = (model.predict(b, mine.t).moments - measured).ravel()
        except Unsolvable:
            return np.full(measured.size, 1e100)
        return found

    def slope(b: Values) -> Values:
        by = model.predict(b, mine.t).by
        return by.reshape(-1, by.shape[2])

    found = least_squares(away, begin, slope, x_scale="jac", max_nfev=_EVALUATIONS)
    if not found.success:
        raise RxnError("R712", f"the coefficients of {net.name} were not found: {found.message}")
    products, contradiction = products_of_coefficients(relation, found.x)
    rest = float(np.sqrt((found.fun**2).mean()))
    values = parameters_of_products(relation, products)
    return OrdinaryRates(net, relation, found.x, products, values, rest, contradiction)


def products_of_coefficients(relation: RateRelation, coefficients: Values) -> tuple[Values, float]:
    """Products of parameters by ordinary least squares, (U,), and the norm of what contradicts them: Eq. 14."""
    matrix = np.array(relation.matrix.tolist(), dtype=float)
    offset = np.array(relation.offset.tolist(), dtype=float).ravel()
    found, *_ = np.linalg.lstsq(matrix, coefficients - offset, rcond=None)
    return found, float(np.linalg.norm(matrix @ found + offset - coefficients))


def _products(relation: RateRelation, theta: Values) -> Values:
    return Dependence(relation.parameters, relation.products).at(theta)[0]
