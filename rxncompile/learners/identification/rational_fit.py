"""Rational functions from data: fast species regressed on observed slow ones, redundant terms removed.

    min over alpha, beta of sum_k ((c_i(t_k) - H_i(x(t_k)))/s_i)^2       H of Yang et al. 2021, Eq. 16

It begins with the linear problem sum_m alpha_mi m(x) - c_i sum_m beta_m m(x) = 0, whose best subsets are fitted and
improved as those of `search`. Samples of slow and fast species at the same times; nothing is integrated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from ...derivations.rational import RationalCandidates
from ...errors import RxnError
from ...expressions import symbol
from ...kernels.derivatives import gradient_program
from ...kernels.program import formula_program
from ...kernels.source import Kernel, compile_program
from ...simulators.arrays import Values
from ...system import Constant, State, System
from ..fits.objective import Failed
from ..fits.problem import Places
from .identified import Term
from .search import Search
from .series import Series
from .subsets import Subset, best_subsets, price


@dataclass(frozen=True, eq=False)
class Regression:
    """Fast species at samples of slow ones: what `Search` asks of a model, with no initial values."""

    candidates: RationalCandidates
    slow: Values
    fast: Values
    series: tuple[Series, ...] = ()
    known_errors: bool = False

    @property
    def count(self) -> int:
        return len(self.candidates.coefficients)

    @property
    def n(self) -> int:
        return len(self.candidates.fast)

    @cached_property
    def system(self) -> System:
        """Slow species and coefficients as the places that formulas are compiled for."""
        states = tuple(State(symbol(x), x) for x in self.candidates.of)
        free = tuple(Constant(symbol(x), x, sp.S.Zero) for x in self.candidates.coefficients)
        return System("regression", states, free)

    @cached_property
    def _value(self) -> Kernel:
        return compile_program(formula_program(self.system, self.candidates.formulas))

    @cached_property
    def _slope(self) -> tuple[Kernel, Places, Places]:
        found = gradient_program(self.system, self.candidates.formulas)
        rows, columns = np.array(found.rows, dtype=np.int64), np.array(found.columns, dtype=np.int64)
        return compile_program(found.program), rows, columns

    @cached_property
    def _seen(self) -> NDArray[np.bool_]:
        return np.isfinite(self.fast + self.slow.sum(axis=1, keepdims=True))

    @cached_property
    def data(self) -> Values:
        return self.fast[self._seen]

    @cached_property
    def quantity(self) -> Places:
        return np.nonzero(self._seen)[1]

    @cached_property
    def spread(self) -> Values:
        return np.asarray(np.nanstd(self.fast, axis=0))

    @property
    def unsigned(self) -> NDArray[np.bool_]:
        return np.zeros(self.n, dtype=bool)

    def over_noise(self, rows: Values, noise: Values, floor: Values) -> Values:
        """Rows over the noise of their quantities."""
        return np.asarray((rows.T / noise[self.quantity]).T)

    def _each(self, kernel: Kernel, x: Values) -> Values:
        y, p, out = np.zeros(self.slow.shape[1]), np.ascontiguousarray(x), np.zeros(kernel.n_out)
        run, found = kernel.bind(y, p, out), np.zeros((len(self.slow), kernel.n_out))
        for k, state in enumerate(self.slow):
            y[:] = state
            run(0.0)
            found[k] = out
        return found

    def predictions(self, x: Values) -> Values:
        """(N,). Raises Failed where a denominator vanishes."""
        found = self._each(self._value, x)[self._seen]
        if not np.isfinite(found).all():
            raise Failed
        return found

    def sensitivities(self, x: Values, chosen: Sequence[int]) -> tuple[Values, Values]:
        """(predictions (N,), derivatives (N, C))."""
        kernel, rows, columns = self._slope
        entries = self._each(kernel, x)
        whole = np.zeros((len(self.slow), self.n, self.slow.shape[1] + self.count))
        whole[:, rows, columns] = entries
        return self.predictions(x), whole[self._seen][:, self.slow.shape[1] + np.array(list(chosen), dtype=np.int64)]


@dataclass(frozen=True, eq=False)
class RationalFit:
    """`terms`: coefficients that are not 0, with sd from the misfit. `condition`: of the columns at length one.

    `misfit`: root of the mean square of each fast species, over its standard deviation.
    """

    candidates: RationalCandidates
    terms: tuple[Term, ...]
    condition: float
    misfit: tuple[float, ...]
    criterion: float

    @property
    def values(self) -> dict[str, float]:
        """Coefficients by label, those that a conserved sum gives included."""
        found = {t.label: t.value for t in self.terms}
        at = {symbol(x): found.get(x, 0.0) for x in self.candidates.coefficients}
        for label, formula in self.candidates.given:
            value = float(formula.xreplace({k: sp.Float(v) for k, v in at.items()}))
            if value:
                found[label] = value
        return found

    @property
    def system(self) -> System:
        """The reduced equations."""
        return self.candidates.with_values({t.label: t.value for t in self.terms})

    def __str__(self) -> str:
        many = len(self.candidates.coefficients)
        lines = [f"{len(self.terms)} of {many} coefficients, condition {self.condition:.3g}"]
        lines += [f"  {t.label:12} {t.value:12.6g} +- {t.sd:.2g}   {t.what}" for t in self.terms]
        pairs = zip(self.candidates.fast, self.misfit, strict=True)
        lines.append("misfit over sd: " + ", ".join(f"{name} {m:.2g}" for name, m in pairs))
        return "\n".join(lines)


def fit_rational(
    candidates: RationalCandidates, data: Sequence[Series], accuracy: float = 0.005, select: bool = True
) -> RationalFit:
    """The coefficients that the data need for `accuracy`, in units of each fast species' standard deviation.

    `select` False keeps all of them. Raises R720 for data without the species, R721 where nothing fits.
    """
    names = (*candidates.of, *candidates.fast)
    whole = np.vstack([s.of(names).values for s in data])
    slow, fast = whole[:, : len(candidates.of)], whole[:, len(candidates.of) :]
    model = Regression(candidates, slow, fast)
    positive = np.zeros(model.count, dtype=bool)
    noise = model.spread
    floor = (accuracy if select else 1e-9) * noise
    search = Search(model, positive, floor)
    everything = tuple(range(model.count))
    A, b, square = _linear(model)
    if select:
        found = best_subsets(A, b, square, model.count, positive)
        rows = len(model.data)

        def rank(s: Subset) -> float:
            return rows * float(np.log(s.misfit + accuracy**2 * square)) + price(len(s.columns), model.count, rows)

        found.sort(key=rank)
        starts = [s for s in found if s.columns][:4]
        fits = [search.fit(s.columns, _point(model, s.columns, s.coefficients), floor) for s in starts]
        kept = [f for f in fits if f is not None]
        if kept:
            first = min(kept, key=lambda f: f.criterion)
            away = model.predictions(first.x) - model.data
            search = replace(search, fitted={}, share=independent(away, model.quantity))
            fits = [search.fit(f.support, f.x, floor) for f in kept]
            kept = [f for f in fits if f is not None]
        best = search.improve(min(kept, key=lambda f: f.criterion), model.count) if kept else None
        if best is not None:  # the terms stay, the values without a tolerance
            search = Search(model, positive, 1e-9 * noise)
            best = search.fit(best.support, best.x, np.full_like(noise, noise.mean()), once=True)
    else:
        c = np.asarray(np.linalg.lstsq(A, b, rcond=1e-15)[0], dtype=np.float64)
        best = search.fit(everything, _point(model, everything, c), np.full_like(noise, noise.mean()), once=True)
    if best is None:
        raise RxnError("R721", "no rational functions with these terms can be fitted to the data")
    S = list(best.support)
    y, J = model.sensitivities(best.x, S)
    length = np.linalg.norm(J, axis=0)
    inverse = np.linalg.pinv((J / length).T @ (J / length), hermitian=True) / np.outer(length, length)
    away = y - model.data
    sd = np.sqrt(np.diag(inverse) * (away @ away) / max(1, len(away) - len(S)))
    labels = candidates.coefficients
    terms = tuple(
        Term(labels[j], candidates.what(labels[j]), float(best.x[j]), float(s)) for j, s in zip(S, sd, strict=True)
    )
    counts = np.bincount(model.quantity, minlength=model.n)
    misfit = np.sqrt(np.bincount(model.quantity, away**2, model.n) / counts) / noise
    return RationalFit(candidates, terms, float(np.linalg.cond(J / length)), tuple(misfit.tolist()), best.criterion)


def independent(away: Values, quantity: Places) -> float:
    """Of misfits in the order of time, the share that would scatter their mean as much if they were independent.

    1/(1 + 2 sum of autocorrelations up to the first that is not positive): without noise neighbours miss alike, and
    more samples say nothing new (Geyer 1992, Stat. Sci. 7, 473).
    """
    kept = 0.0
    for q in np.unique(quantity):
        r = away[quantity == q]
        whole = np.fft.irfft(np.abs(np.fft.rfft(r, 2 * len(r))) ** 2)[: len(r)]
        if whole[0] <= 0.0:
            kept += len(r)
            continue
        alike = whole / whole[0]
        end = int(np.argmax(alike <= 0.0)) or len(alike)
        kept += len(r) / max(1.0, 1.0 + 2.0 * float(alike[1:end].sum()))
    return kept / max(1, len(away))


def _point(model: Regression, columns: Sequence[int], values: Values) -> Values:
    x = np.zeros(model.count)
    x[list(columns)] = values
    return x


def _linear(model: Regression) -> tuple[Values, Values, float]:
    """J^T J, J^T z, |z|^2 of numerator - c * denominator = 0, each row over the sd of its species."""
    candidates = model.candidates
    parts = [sp.expand(candidates.numerator(i) - symbol(f"c{i}") * candidates.denominator) for i in range(model.n)]
    names = [symbol(x) for x in candidates.coefficients]
    columns = [[p.coeff(a) for a in names] for p in parts]
    known = [p.xreplace(dict.fromkeys(names, sp.S.Zero)) for p in parts]
    places = tuple(State(symbol(x), x) for x in (*candidates.of, *(f"c{i}" for i in range(model.n))))
    formulas = tuple(f for i in range(model.n) for f in (*columns[i], known[i]))
    kernel = compile_program(formula_program(System("linear", places), formulas))
    y, out = np.zeros(len(places)), np.zeros(kernel.n_out)
    run = kernel.bind(y, np.zeros(1), out)
    rows, target = [], []
    for slow, fast in zip(model.slow, model.fast, strict=True):
        if not (np.isfinite(slow).all() and np.isfinite(fast).all()):
            continue
        y[:] = np.concatenate([slow, fast])
        run(0.0)
        block = out.reshape(model.n, -1) / model.spread[:, np.newaxis]
        rows.append(block[:, :-1])
        target.append(-block[:, -1])
    J, z = np.vstack(rows), np.concatenate(target)
    return J.T @ J, J.T @ z, float(z @ z)
