"""Systems made by hand, for tests of integrators that should not depend on the derivations."""

from collections.abc import Mapping

import sympy as sp

from rxncompile.expressions import exact, symbol
from rxncompile.network import Distribution
from rxncompile.system import Constant, State, System

R = sp.Rational


def symbols(names: str) -> list[sp.Symbol]:
    return [symbol(name) for name in names.split()]


def system(
    equations: Mapping[str, tuple[object, object]],
    params: Mapping[str, object] | None = None,
    unit: str = "",
    **fields: object,
) -> System:
    """`equations`: {label: (right-hand side, initial value)}."""
    kinds = (sp.Basic, Distribution)
    states = tuple(
        State(symbol(name), name, start if isinstance(start, kinds) else exact(start), unit)
        for name, (_, start) in equations.items()
    )
    drift = tuple(sp.S.Zero + rhs for rhs, _ in equations.values())  # type: ignore[operator]
    constants = tuple(
        Constant(symbol(name), name, value if isinstance(value, sp.Basic) else exact(value))
        for name, value in (params or {}).items()
    )
    return System("m", states, constants, drift, **fields)  # type: ignore[arg-type]


def lotka_volterra() -> System:
    x, y, birth, eat, death = symbols("X Y birth eat death")
    return system(
        {"X": (birth * x - eat * x * y, 50), "Y": (eat * x * y - death * y, 100)},
        {"birth": 1, "eat": 0.005, "death": 0.6},
    )


def gene() -> System:
    """Yang et al. 2021, Eq. 15, in concentrations."""
    p, m, g, gp, gp2 = symbols("P M G GP GP2")
    bind, bind2 = 3 * g * p - R(12, 5) * gp, 9 * gp * p - 6 * gp2
    return system(
        {
            "P": (m / 100 - bind - bind2, 0), "M": ((g + gp) / 20 - m / 100, 5), "G": (-bind, 0.01),
            "GP": (bind - bind2, 0), "GP2": (bind2, 0),
        },
        unit="uM",
    )  # fmt: skip


def brusselator() -> System:
    x, y = symbols("X Y")
    return system({"X": (1 + x**2 * y - 4 * x, 1), "Y": (3 * x - x**2 * y, 1)})


def repressilator() -> System:
    equations: dict[str, tuple[object, object]] = {}
    for i in range(3):
        m, p, before = symbols(f"m{i} p{i} p{(i - 1) % 3}")
        equations[f"m{i}"] = (216 / (1 + before**2) + R(216, 1000) - m, 10 if i == 0 else 0)
        equations[f"p{i}"] = (5 * (m - p), 0)
    return system(equations)


def robertson() -> System:
    a, b, c = symbols("A B C")
    slow, fast, middle = R(1, 25) * a, 30_000_000 * b**2, 10_000 * b * c
    return system({"A": (middle - slow, 1), "B": (slow - middle - fast, 0), "C": (fast, 0)})


def rotation() -> System:
    x, v = symbols("x v")
    return system({"x": (v, 1), "v": (-x, 0)})
