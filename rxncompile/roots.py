"""Unknowns that equations decide: a computed field whose outputs y solve G(y, x) = 0 near a guess."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sympy as sp

from .errors import RxnError
from .system import Field

KIND = "implicit root"
LARGEST_LOSS, LARGEST_GAIN = 0.9, 1.0  # of every positive unknown in one turn, beside it
TINY = 1e-300  # beside which an unknown counts as zero
BOUNDLESS = 1e300  # above which no root is
WIDER = 10.0  # by how much at most the search for bounds goes on where there is none yet
OVERLAP = 1e-9  # by which a turn may leave the bounds that earlier ones found, as rounding does


@dataclass(frozen=True, slots=True)
class Root:
    """Residuals G, one for each output, and the guesses that Newton's method begins with; how many turns it has.

    `positive`: every turn leaves the unknowns positive, and a root that is negative is none. `rising`: of one unknown,
    1 where its residual is negative below its root and positive above, -1 the other way; then turns stay in between.
    """

    residuals: tuple[sp.Expr, ...]
    guesses: tuple[sp.Expr, ...]
    turns: int
    positive: bool = False
    rising: int = 0


def implicit_root(
    name: str,
    equations: Mapping[sp.Symbol, sp.Expr],
    guesses: Mapping[sp.Symbol, sp.Expr],
    inputs: Sequence[sp.Symbol],
    turns: int = 12,
    positive: bool = False,
    rising: int = 0,
) -> Field:
    """The field of unknowns y with 0 = `equations`[y], found from `guesses`[y] by Newton's method.

    Equations are of unknowns and `inputs` (states, parameters, definitions, t), guesses of inputs. Elimination goes in
    the order of the unknowns without pivots, so that each equation should depend on its own. What has not settled
    after the `turns` is not a number, which a run names. Derivatives are those of the root: of first and second order
    by the implicit function theorem. With `positive` turns are shortened so that no unknown loses more than nine tenths
    of itself or more than doubles (to first order Newton's in logarithms, damped), and a negative root is not a number
    (one of zero is found). With `rising`, 1 or -1, the sign of the residual of the one unknown above its root, turns
    that leave what the signs of earlier residuals allow, or are more than half the last one, halve that instead.
    Raises R534 for symbols that are neither, and for unknowns without a guess.
    """
    if not equations or equations.keys() != guesses.keys() or turns < 1:
        raise RxnError("R534", f"the field {name!r} needs a guess for every unknown, and a turn")
    if rising and (len(equations) != 1 or not positive):
        raise RxnError("R534", f"the field {name!r} has not one positive unknown, whose residual rises or falls")
    for symbols, formulas in (({*inputs, *equations}, equations), (set(inputs), guesses)):
        for unknown, formula in formulas.items():
            if strange := sorted(s.name for s in formula.free_symbols - symbols):
                raise RxnError("R534", f"{strange[0]!r} decides {unknown.name!r} but is no input of the field {name!r}")
    form = Root(tuple(equations.values()), tuple(guesses[y] for y in equations), turns, positive, rising)
    return Field(name, KIND, tuple(inputs), tuple(equations), (), form)
