"""Coefficients of the one-step methods.

Explicit Runge-Kutta:  k_i = f(t + c_i h, y + h sum_{j<i} a_ij k_j),   y1 = y + h sum b_i k_i

Rosenbrock, in the variables that need no product with the Jacobian J:

    (1/(gamma h) - J) u_i = f(t + c_i h, y + sum_{j<i} a_ij u_j) + sum_{j<i} (e_ij/h) u_j + d_i h f_t
    y1 = y + sum_i m_i u_i                                                       Hairer and Wanner II, IV.7
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..arrays import Values


class Tableau(NamedTuple):
    """The coefficients of a method of s stages; `gamma` None says that it is explicit, for the compiler too.

    `a`, `e` (s, s), `b`, `c`, `d` (s,). Explicit: `error` (s,) is b less the embedded weights, the last stage is the
    next step's first, and y(t + x h) = y + h sum_i k_i sum_m dense_im x^(m + 1), `dense` (s, 4). Rosenbrock: y1 is the
    argument of the last stage plus its u, which is the error; with v_m = sum_i dense_mi u_i, `dense` (3, s),
    y(t + x h) = (1 - x) y + x (y1 + (1 - x) (v_0 + x (v_1 + x v_2))).
    """

    order: int
    gamma: float | None
    a: Values
    e: Values
    b: Values
    c: Values
    d: Values
    error: Values
    dense: Values


def _lower(rows: list[list[float]], size: int) -> Values:
    """A strictly lower triangular matrix of its rows, the first of which is empty."""
    found = np.zeros((size, size))
    for i, row in enumerate(rows):
        found[i, : len(row)] = row
    return found


def _tsit5() -> Tableau:
    """Tsitouras 2011, doi 10.1016/j.camwa.2011.06.002: order 5(4), with its interpolant of order 4."""
    a = _lower(
        [
            [],
            [0.161],
            [-0.008480655492356989, 0.335480655492357],
            [2.8971530571054935, -6.359448489975075, 4.3622954328695815],
            [5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525],
            [5.86145544294642, -12.92096931784711, 8.159367898576159, -0.071584973281401, -0.028269050394068383],
            [0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081, 2.324710524099774],
        ],
        7,
    )
    error = [
        -0.00178001105222577714, -0.0008164344596567469, 0.007880878010261995, -0.1447110071732629,
        0.5823571654525552, -0.45808210592918697, 0.015151515151515152,
    ]  # fmt: skip
    dense = np.zeros((7, 4))
    dense[0] = [1.0, -2.763706197274826, 2.9132554618219126, -1.0530884977290216]
    dense[1] = [0.0, 0.13169999999999998, -0.2234, 0.1017]
    dense[2] = [0.0, 3.9302962368947516, -5.941033872131505, 2.490627285651253]
    dense[3] = [0.0, -12.411077166933676, 30.33818863028232, -16.548102889244902]
    dense[4] = [0.0, 37.50931341651104, -88.1789048947664, 47.37952196281928]
    dense[5] = [0.0, -27.896526289197286, 65.09189467479366, -34.87065786149661]
    dense[6] = [0.0, 1.5, -4.0, 2.5]
    none = np.zeros(7)
    return Tableau(5, None, a, np.zeros((7, 7)), a[6].copy(), a.sum(axis=1), none, np.array(error), dense)


def _rodas5p() -> Tableau:
    """Steinebach 2023, doi 10.1007/s10543-023-00967-x: order 5(4), L-stable, with its interpolant of order 4."""
    sixth = [-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256, 0.030198172008377946]
    a = _lower(
        [
            [],
            [3.0],
            [2.849394379747939, 0.45842242204463923],
            [-6.954028509809101, 2.489845061869568, -10.358996098473584],
            [2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641],
            sixth,
            [*sixth, 1.0],
            [*sixth, 1.0, 1.0],
        ],
        8,
    )
    e = _lower(
        [
            [],
            [-14.155112264123755],
            [-17.97296035885952, -2.859693295451294],
            [147.12150275711716, -1.41221402718213, 71.68940251302358],
            [165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306],
            [24.854864614690072, -3.0009227002832186, 47.4931110020768, 5.5814197821558125, -0.6610691825249471],
            [
                30.91273214028599, -3.1208243349937974, 77.79954646070892, 34.28646028294783, -19.097331116725623,
                -28.087943162872662,
            ],
            [
                37.80277123390563, -3.2571969029072276, 112.26918849496327, 66.9347231244047, -40.06618937091002,
                -54.66780262877968, -9.48861652309627,
            ],
        ],
        8,
    )  # fmt: skip
    c = np.array([0.0, 0.6358126895828704, 0.4095798393397535, 0.9769306725060716, 0.4288403609558664, 1.0, 1.0, 1.0])
    gamma = 0.21193756319429014
    d = np.array([gamma, -2.0 * gamma, -0.3384627126235924, 1.8046452872882734, 2.325825639765069, 0.0, 0.0, 0.0])
    dense = np.array(
        [
            [
                25.948786856663858, -2.5579724845846235, 10.433815404888879, -2.3679251022685204, 0.524948541321073,
                1.1241088310450404, 0.4272876194431874, -0.17202221070155493,
            ],
            [
                -9.91568850695171, -0.9689944594115154, 3.0438037242978453, -24.495224566215796, 20.176138334709044,
                15.98066361424651, -6.789040303419874, -6.710236069923372,
            ],
            [
                11.419903575922262, 2.8879645146136994, 72.92137995996029, 80.12511834622643, -52.072871366152654,
                -59.78993625266729, -0.15582684282751913, 4.883087185713722,
            ],
        ]
    )  # fmt: skip
    return Tableau(5, gamma, a, e, np.zeros(8), c, d, np.zeros(8), dense)


TSIT5 = _tsit5()
RODAS5P = _rodas5p()
