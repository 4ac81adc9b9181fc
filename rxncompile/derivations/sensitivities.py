"""Forward sensitivities of any System, as a System: how its solution moves with parameters and initial values.

    d y/dt = f(y, p, t)       D_k = dy/dp_k        d D_k/dt = f_y D_k + f_k
                              D_kl = d2y/dp_k dp_l  d D_kl/dt = f_y D_kl + f_yy D_k D_l + f_yk D_l + f_yl D_k + f_kl

All by one rule, the derivative of a formula along a direction, through the definitions. Dickinson and Gelinas 1976.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations_with_replacement

import sympy as sp

from ..errors import RxnError
from ..expressions import symbol
from ..name_lists import names_given
from ..system import State, Step, System
from .slopes import FieldSlopes, chosen, differentiable, directional, initial_formula

Indices = tuple[int, ...]  # of the directions, ascending; none is the quantity itself


def sensitivities(system: System, of: Sequence[str] | None = None, order: int = 1) -> System:
    """The System with `D[A,k]` for every state A and every k in `of`, and `D[A,k,l]`, k not behind l, if `order` is 2.

    `of`: labels of parameters, or of states for their initial values; all parameters by default. The outputs' own
    derivatives are outputs. Raises R504 for a label that is neither, R506 for an open System, R530 for events and
    initial values that are drawn.
    """
    differentiable(system, "its sensitivities")
    if order not in (1, 2):
        raise RxnError("R530", f"sensitivities of order {order}: expected 1 or 2")
    labels = names_given(of, "of", "R504") if of is not None else None
    return _Directions(system, chosen(system, labels), order).system()


class _Directions:
    """Names and formulas of every quantity's derivatives, made order by order."""

    def __init__(self, system: System, of: tuple[sp.Symbol, ...], order: int) -> None:
        self.base, self.of = system, of
        self.indices: list[Indices] = [
            k for n in range(1, order + 1) for k in combinations_with_replacement(range(len(of)), n)
        ]
        self.formulas: dict[tuple[sp.Symbol, Indices], sp.Expr] = {}  # of what has an equation or a definition
        self.place: dict[sp.Symbol, tuple[sp.Symbol, Indices]] = {}
        for state in system.states:
            self.place[state.symbol] = state.symbol, ()
            for k in self.indices:
                self.place[self.name(state.symbol, k)] = state.symbol, k
        self.states = {s.symbol for s in system.states}
        self.fields = FieldSlopes(system)

    def name(self, quantity: sp.Symbol, indices: Indices) -> sp.Symbol:
        if not indices:
            return quantity
        return symbol(f"D[{quantity.name},{','.join(self.of[k].name for k in indices)}]")

    def along(self, formula: sp.Expr, k: int) -> sp.Expr:
        """The derivative of a formula by the k-th direction."""
        moves: dict[sp.Symbol, sp.Expr] = {}
        for s in formula.free_symbols:
            if s in self.place:
                quantity, indices = self.place[s]
                further = tuple(sorted((*indices, k)))
                if quantity in self.states or (quantity, further) in self.formulas:
                    moves[s] = self.name(quantity, further)
            elif s in self.fields.of:
                moves[s] = self._through(s, k)
            elif s == self.of[k]:
                moves[s] = sp.S.One
        return directional(formula, moves)

    def _through(self, output: sp.Symbol, k: int) -> sp.Expr:
        """The derivative of a field's output by the k-th direction."""
        field, total = self.fields.of[output], []
        for name in dict.fromkeys((*field.inputs, *({self.of[k]} & set(field.parameters)))):
            moved = self.along(name, k)
            if moved != 0:
                total.append(self.fields.by(output, name) * moved)
        return sp.Add(*total)

    def system(self) -> System:
        base = self.base
        definitions: list[tuple[sp.Symbol, sp.Expr]] = []
        for name, formula in base.definitions:
            self.place[name] = name, ()
            self.formulas[name, ()] = formula
            definitions.append((name, formula))
            for k in self.indices:
                before = self.formulas.get((name, k[:-1]), sp.S.Zero)
                moved = self.along(before, k[-1])
                if moved != 0:
                    new = self.name(name, k)
                    self.formulas[name, k] = moved
                    self.place[new] = name, k
                    definitions.append((new, moved))
        first = [initial_formula(base, i) for i in range(len(base.states))]
        drift, states, outputs = [*base.rhs], [*base.states], [*base.outputs]
        none: Indices = ()
        rates = {(i, none): f for i, f in enumerate(drift)}
        starts = {(i, none): f for i, f in enumerate(first)}
        values = {(i, none): f for i, (_, f) in enumerate(base.outputs)}
        for k in self.indices:
            for i, state in enumerate(base.states):
                rates[i, k] = self.along(rates[i, k[:-1]], k[-1])
                starts[i, k] = self._start(i, k, starts[i, k[:-1]])
                new = self.name(state.symbol, k)
                states.append(State(new, new.name, starts[i, k]))
                drift.append(rates[i, k])
            for i, (label, _) in enumerate(base.outputs):
                values[i, k] = self.along(values[i, k[:-1]], k[-1])
                outputs.append((f"D[{label},{','.join(self.of[j].name for j in k)}]", values[i, k]))
        options = (("of", ", ".join(s.name for s in self.of)), ("order", str(max(map(len, self.indices), default=0))))
        return replace(
            base,
            states=tuple(states),
            drift=tuple(drift),
            jumps=(),
            definitions=tuple(definitions),
            outputs=tuple(outputs),
            fields=(*base.fields, *self.fields.made),
            steps=(*base.steps, Step("sensitivities", options, "Dickinson and Gelinas 1976")),
        )

    def _start(self, i: int, k: Indices, before: sp.Expr) -> sp.Expr:
        """How an initial value moves; one that is itself a direction moves by 1, whatever its formula says."""
        of = [self.of[j] for j in k]
        if self.base.states[i].symbol in of:
            return sp.Integer(len(k) == 1)
        return self.along(before, k[-1])
