"""The adjoint of any System, as a System: costates, and the gradient of a functional of the solution as states.

    S = integral of l(y, p, t) dt + sum_k g_k(y(t_k), p)               d y/dt = f(y, p, t)

    d phi/dt = -f_y' phi - l_y - s(t)         phi(T) = 0          at t_k  phi(t_k - 0) = phi(t_k + 0) + dg_k/dy
    d G/dt   = -f_p' phi - l_p                G(T) = 0                    likewise dg_k/dp
    dS/dp    = G(0) + phi(0)' dy(0)/dp

s(t) are sources known as numbers only, such as the difference between the moments of a model and those measured, which
drive the adjoint of a dynamic Boltzmann distribution: Ernst et al. 2019, Eqs. 12, 19, 30-33 with their errata, whose
costate is -phi. Derivatives go through the definitions from the last to the first, so that each is made once. Sources:
Pontryagin et al. 1962; Cao et al. 2003.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import sympy as sp

from ..errors import RxnError
from ..expressions import TIME, exact, symbol
from ..name_lists import names_given
from ..system import Input, State, Step, System, Trigger, as_expr, sort_definitions
from .slopes import FieldSlopes, chosen, differentiable, initial_formula, slope

Named = tuple[sp.Symbol, sp.Expr]
_SOURCE = "Cao et al. 2003; Ernst et al. 2019, Eqs. 12, 19, 30-33"


def adjoint(
    system: System,
    of: Sequence[str] | None = None,
    running: sp.Expr = sp.S.Zero,
    at: Sequence[tuple[object, sp.Expr]] = (),
    sources: Sequence[str] = (),
    inputs: Sequence[Input] = (),
    stored: bool = False,
    end: object = None,
) -> System:
    """The System of y, the costates `phi[A]` and the integrals `G[k]`, k in `of`.

    `of`: labels of parameters, or of states for their initial values; all parameters by default. `running`: l;
    `at`: pairs (t_k, g_k); both are formulas of states, parameters, definitions, `inputs` and t. `sources`: labels of
    states with a source s from outside, an input `s[A]` read by cubics. `stored`: the states y are inputs read by
    cubics, a solution that was found before, and not solved again.

    Without `end` the equations stand as above, to be read; y begins as in `system`, the rest ends at 0. With
    `end` = T they are in the time left, T - t, to be solved from 0 to T: phi and G begin at 0, the states, if they
    are not stored, have to be given; inputs are given in the time left, too. The outputs `dS/dk` are
    G[k] + phi' dy(0)/dk, and so at the end of the run the gradient.

    Raises R504 for a label that is not known, R506 for an open System, R530 for events, initial values that are drawn
    and, with `end`, a field of t.
    """
    differentiable(system, "its adjoint")
    unknowns = chosen(system, names_given(of, "of", "R504") if of is not None else None)
    driven = chosen(replace(system, parameters=()), names_given(sources, "sources", "R504"))
    pulled = _Pulled(system, running, unknowns)
    outside = {s: symbol(f"s[{s.name}]") for s in driven}
    rates = [-(pulled.by(s.symbol) + outside.get(s.symbol, 0)) for s in system.states]
    integrands = [-pulled.by(k) for k in pulled.parameters]
    own = [*pulled.costates.values(), *(symbol(f"G[{k.name}]") for k in pulled.parameters)]
    drift, added = [*rates, *integrands], [State(s, s.name) for s in own]
    states, solved = list(system.states), list(system.rhs)
    given = (*system.inputs, *inputs, *(Input(s, s.name, "cubic") for s in outside.values()))
    if stored:
        given = (*(Input(s.symbol, s.label, "cubic") for s in states), *given)
        states, solved = [], []
    found = replace(
        system,
        states=(*states, *added),
        drift=(*solved, *drift),
        jumps=(),
        definitions=(*system.definitions, *pulled.definitions),
        outputs=tuple((f"dS/d{k.name}", f) for k, f in zip(unknowns, pulled.totals(unknowns), strict=True)),
        events=tuple(pulled.impulse(exact(t), g) for t, g in at),
        inputs=given,
        fields=(*system.fields, *pulled.fields.made),
        steps=(*system.steps, Step("adjoint", (("of", ", ".join(k.name for k in unknowns)),), _SOURCE)),
    )
    return found if end is None else _backward(found, exact(end), {s.symbol for s in added})


class _Pulled:
    """phi' f + l, differentiated from the last definition to the first."""

    def __init__(self, system: System, running: sp.Expr, unknowns: tuple[sp.Symbol, ...]) -> None:
        self.system = system
        self.costates = {s.symbol: symbol(f"phi[{s.symbol.name}]") for s in system.states}
        self.parameters = [k for k in unknowns if k not in self.costates]
        self.terms = [(phi, f) for phi, f in zip(self.costates.values(), system.rhs, strict=True)]
        self.terms.append((sp.S.One, running))
        self.definitions: list[Named] = []
        self.fields = FieldSlopes(system)
        self.named = self._named()
        for name, formula in self.named:
            bar = self.by(name)
            if bar != 0:
                weight = symbol(f"phi[{name.name}]")
                self.definitions.append((weight, bar))
                self.terms.append((weight, formula))

    def _named(self) -> list[Named]:
        """Definitions, and outputs of fields as linear forms of the same slopes, each before those that it uses."""
        formulas = dict(self.system.definitions)
        for field in self.system.fields:
            own = [k for k in self.parameters if k in field.parameters]
            names = [s for s in dict.fromkeys((*field.inputs, *own)) if s != TIME]
            for output in field.outputs:
                formulas[output] = sp.Add(*(self.fields.by(output, s) * s for s in names))
        return list(reversed(sort_definitions(formulas, self.system.name)))

    def by(self, name: sp.Symbol) -> sp.Expr:
        """The derivative by a state, a parameter, or a definition before those that are done."""
        return sp.Add(*(weight * slope(formula, name) for weight, formula in self.terms))

    def totals(self, unknowns: Sequence[sp.Symbol]) -> list[sp.Expr]:
        """dS/dk, given G and phi at the start; a state stands for its initial value, beside the formula that it has."""
        initial: dict[sp.Symbol, sp.Expr] = {}
        for i, state in enumerate(self.system.states):
            formula = initial_formula(self.system, i)
            for name, definition in reversed(tuple(self.system.definitions)):
                formula = formula.xreplace({name: definition})
            initial[state.symbol] = formula
        found = dict(self.costates)  # dS/dy_A(0)
        for state, formula in reversed(sort_definitions(initial, self.system.name)):
            for other in sorted(formula.free_symbols & found.keys(), key=lambda s: str(s.name)):
                found[other] += found[state] * slope(formula, other)
        whole = []
        for k in unknowns:
            later = [found[s] * slope(formula, k) for s, formula in initial.items()]
            whole.append(found[k] if k in found else sp.Add(symbol(f"G[{k.name}]"), *later))
        return whole

    def impulse(self, time: sp.Expr, g: sp.Expr) -> Trigger:
        """What a term at one time adds to costates and gradient, on the way forward."""
        terms: list[tuple[sp.Expr, sp.Expr]] = [(sp.S.One, g)]
        for name, formula in self.named:
            bar = sp.Add(*(weight * slope(f, name) for weight, f in terms))
            if bar != 0:
                terms.append((bar, formula))
        targets = self.costates | {k: symbol(f"G[{k.name}]") for k in self.parameters}
        moves = {target: sp.Add(*(w * slope(f, by) for w, f in terms)) for by, target in targets.items()}
        return Trigger(True, time, tuple((target, target - move) for target, move in moves.items() if move != 0))


def _backward(system: System, end: sp.Expr, known: set[sp.Symbol]) -> System:
    """The same in the time left: rates and impulses change their sign. Only `known` states have an initial value."""
    left = {TIME: end - TIME}
    for field in system.fields:
        if TIME in field.inputs:
            message = f"the field {field.name!r} of {system.name} depends on t itself, which runs backward"
            raise RxnError("R530", message, hint="let it depend on a state that grows as t")

    def turned(event: Trigger) -> Trigger:
        pairs = tuple((name, 2 * name - formula.xreplace(left)) for name, formula in event.assignments)
        return replace(event, condition=end - event.condition, assignments=pairs)

    for event in system.events:
        if not (event.condition <= end) == True:  # noqa: E712  (a relation of numbers)
            raise RxnError("R530", f"a term of the functional at t = {event.condition} lies behind the end, {end}")
    return replace(
        system,
        states=tuple(s if s.symbol in known else replace(s, initial=sp.nan) for s in system.states),
        drift=tuple(-as_expr(f).xreplace(left) for f in system.drift),
        definitions=tuple((name, formula.xreplace(left)) for name, formula in system.definitions),
        outputs=tuple((label, formula.xreplace(left)) for label, formula in system.outputs),
        events=tuple(turned(e) for e in system.events),
        steps=(*system.steps, Step("in the time left", (("end", str(end)),))),
    )
