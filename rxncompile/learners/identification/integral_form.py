"""Integrals of the candidates along a fit, against the data: a linear regression without any smoothing.

    x_i(t_k) = x_i(0) + sum_j c_j int_0^t_k F_ji(x^(s)) ds + noise,    x^ the solution of a fit

Near a fit that describes the data, the derivatives of its predictions tell the next sets of terms, but only for small
changes of coefficients: a set with other large terms lies far away. Here all sets are equally near. Integral matching:
Dattner and Klaassen 2015, Electron. J. Stat. 9, 1939.
"""

from __future__ import annotations

import numpy as np

from ...simulators.arrays import Values
from .along import Along
from .shooting import Shooting

_PANELS = 150  # of a series, at least, with three Gauss points each
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(3)


def integral_form(along: Along, shooting: Shooting, x: Values) -> tuple[Values, Values]:
    """(J (N, count + K n), z (N,)): integrals and initial values, for the rows of `shooting`; x as there.

    Raises Failed where the equations cannot be solved at x.
    """
    n, count, many = shooting.n, shooting.count, len(shooting.series)
    blocks, targets = [], []
    for k, series in enumerate(shooting.series):
        edges, panels = series.times, max(1, -(-_PANELS // max(1, len(series.times) - 1)))
        widths = np.repeat(np.diff(edges) / panels, panels)
        middles = np.repeat(edges[:-1], panels) + widths * (np.tile(np.arange(panels), len(edges) - 1) + 0.5)
        nodes = (middles[:, np.newaxis] + 0.5 * widths[:, np.newaxis] * _NODES).ravel()
        states = shooting.states_at(k, x, np.concatenate([edges[:1], nodes]))[1:]
        values = along.values(nodes, states) * (0.5 * widths[:, np.newaxis] * _WEIGHTS).ravel()[:, np.newaxis]
        between = values.reshape(len(edges) - 1, -1, values.shape[1]).sum(axis=1)
        sums = np.vstack([np.zeros(values.shape[1]), np.cumsum(between, axis=0)])
        whole = np.zeros((len(edges), n, count + n * many))
        for j, i, column in along.places:
            whole[:, i, j] += sums[:, column]
        begin = count + k * n
        whole[:, np.arange(n), begin + np.arange(n)] = 1.0
        blocks.append(whole[series.seen])
        targets.append((series.values - sums[:, along.known :])[series.seen])
    return np.vstack(blocks), np.concatenate(targets)
