"""What a reduction reads: states, and the moves that change them, from a Network or from a System.

    d x_s/dt = u_s sum_r change_sr speed_r(x) + beside_s(x)

A move is a reaction where a Network or a jump process is given; of a System of equations alone it is a term that
stands, up to whole factors, in the equations of several states: its stoichiometry is read off the equations.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from math import lcm

import sympy as sp

from ...errors import RxnError
from ...name_lists import names_given
from ...network import Flag, Network, Reaction, change, per_event, rate_law, rate_scale
from ...structure.linear import Row, extreme_rays, independent, null_space
from ...system import State, System, as_expr
from ..rates import rate_equations

Weights = dict[sp.Symbol, int]

SPECIES_HINT = "name them, as --fast ES or fast=['ES'], or mark them in the model: species ES = 0 {fast}"
REACTIONS_HINT = "name them, as --reactions bind or reactions=['bind'], or mark them in the model: ... @ k {fast}"


@dataclass(frozen=True, slots=True)
class Move:
    """One way in which states change: by `change` of each, in units of the mechanism, `speed` times per time."""

    name: str
    change: tuple[tuple[sp.Symbol, int], ...]
    speed: sp.Expr
    fast: bool = False
    reaction: Reaction | None = None

    def along(self, weights: Mapping[sp.Symbol, int]) -> int:
        """What the move adds to a weighted sum of states."""
        return sum(weights.get(s, 0) * n for s, n in self.change)


@dataclass(frozen=True)
class Mechanism:
    """The rate equations `system` with the moves behind them; `unit`: what one step of a move adds to a state.

    `scale`: of a network, events per time for a unit of speed. `beside`: drift that belongs to no move.
    """

    system: System
    moves: tuple[Move, ...]
    unit: Mapping[sp.Symbol, sp.Expr]
    beside: Mapping[sp.Symbol, sp.Expr]
    scale: sp.Expr
    network: Network | None = None

    @cached_property
    def states(self) -> dict[sp.Symbol, State]:
        return {s.symbol: s for s in self.system.states}

    @property
    def name(self) -> str:
        return self.system.name

    def drift(self, state: sp.Symbol, moves: Iterable[Move] | None = None) -> sp.Expr:
        """d state/dt by all moves and what is beside them, or by the given moves alone."""
        chosen = self.moves if moves is None else moves
        parts = [sp.Mul(n, m.speed, self.unit.get(state, sp.S.One)) for m in chosen for s, n in m.change if s == state]
        return sp.Add(*parts, sp.S.Zero if moves is not None else self.beside.get(state, sp.S.Zero))

    def rate(self, weights: Mapping[sp.Symbol, int], moves: Iterable[Move]) -> sp.Expr:
        """d/dt of a weighted sum of states, in the unit of its first one, by some moves and what is beside them."""
        unit = self.unit.get(next(iter(weights)), sp.S.One)
        parts = [sp.Mul(n, m.speed, unit) for m in moves if (n := m.along(weights))]
        return sp.Add(*parts, *(c * self.beside[s] for s, c in weights.items() if s in self.beside))

    def common(self, weights: Iterable[sp.Symbol]) -> sp.Expr:
        """The unit of states that a sum is made of. Raises R525 where they have several."""
        found = {self.unit.get(s, sp.S.One) for s in weights}
        if len(found) > 1:
            names = ", ".join(s.name for s in weights)
            raise RxnError("R525", f"{names} are of different units and cannot be summed into one slow variable")
        return found.pop() if found else sp.S.One

    def inlined(self, names: Iterable[sp.Symbol]) -> Mechanism:
        """The same with every definition that depends on the given states written out in the speeds."""
        moving = set(names)
        out: dict[sp.Symbol, sp.Expr] = {}
        for name, formula in self.system.definitions:
            if formula.free_symbols & moving:
                out[name] = formula.xreplace(out)
                moving.add(name)
        if not out:
            return self
        moves = tuple(replace(m, speed=m.speed.xreplace(out)) for m in self.moves)
        beside = {s: e.xreplace(out) for s, e in self.beside.items()}
        return replace(self, moves=moves, beside=beside)

    def species(self, names: Iterable[str] | None) -> tuple[sp.Symbol, ...]:
        """States by name in declared order, `S[*,*,0]` for several; all marked {fast} where none is named.

        One string is one name. Raises R501 for a name that is no state, R525 where nothing is named and nothing marked.
        """
        if names is None:
            flagged = [s.symbol for s in self.network.species if Flag.FAST in s.flags] if self.network else []
            if not flagged:
                hint, marked = SPECIES_HINT, [m.name for m in self.moves if m.fast]
                if marked:
                    hint = (
                        f"reactions marked {{fast}}, as {marked[0]!r}, are balanced by --form equilibrium or "
                        f"rapid_equilibrium(); other forms need fast species: {hint}"
                    )
                raise RxnError("R525", f"{self.name}: no species is named or marked as fast", hint=hint)
            return tuple(s for s in self.states if s in flagged)
        labels = {s.label: s.symbol for s in self.system.states}
        given = _given(names, "fast", f"{self.name}: no species is named as fast, the list is empty", SPECIES_HINT)
        found = matching(given, labels, "state", self.name, "R501")
        return tuple(s for label, s in labels.items() if label in found)

    def reactions(self, names: Iterable[str]) -> tuple[Move, ...]:
        """Moves by name, those that undo them with them; `act` stands for every `act[...]`.

        One string is one name. Raises R501 for a name that is no reaction, R525 for none.
        """
        message = f"{self.name}: no reaction is named as fast, the list is empty"
        given = _given(names, "reactions", message, REACTIONS_HINT)
        found = matching(given, {m.name: m for m in self.moves}, "reaction", self.name, "R501")
        chosen = [m for m in self.moves if m.name in found]
        undone = {_opposite(m) for m in chosen if m.reaction is None}
        return tuple(
            m for m in self.moves
            if m in chosen or m.change in undone or (m.reaction is not None and m.reaction.reversible_of in found)
        )  # fmt: skip

    def laws(self, moves: Iterable[Move], among: Iterable[sp.Symbol]) -> list[Weights]:
        """Sums of the states `among` that the moves keep: whole weights, moieties and short ones first.

        A basis: the extreme non-negative laws before others. What ODE terms move takes part in none.
        """
        chosen = [s for s in self.states if s in set(among) and s not in self.beside]
        place = {s: i for i, s in enumerate(self.states)}
        rows: list[Row] = []
        for m in moves:
            row = {place[s]: n for s, n in m.change}
            if row and row not in rows:
                rows.append(row)
        outside = [{place[s]: 1} for s in self.states if s not in chosen]
        basis = null_space([*rows, *outside], [place[s] for s in chosen])
        rays = extreme_rays(basis) or []
        kept = independent(sorted([*rays, *basis], key=_shortest), len(basis))
        order = list(self.states)
        laws = [{order[i]: row[i] for i in sorted(row)} for row in kept]
        laws = [law if next(iter(law.values())) > 0 else {s: -c for s, c in law.items()} for law in laws]
        return sorted(laws, key=lambda law: [place[s] for s in law])


def mechanism(model: Network | System) -> Mechanism:
    """The moves of a model. Raises R525 for an open System or one with fields, and as `rate_equations` does."""
    if isinstance(model, Network):
        return _of_network(model)
    if model.frontier or model.fields or model.inputs:
        raise RxnError("R525", f"{model.name} is open, or has fields or inputs: it cannot be reduced")
    if model.jumps:
        moves = tuple(Move(j.name, j.change, j.propensity) for j in model.jumps if j.change)
        equations = System(
            model.name, model.states, model.parameters, model.rhs, (), model.definitions, (), model.outputs,
            model.events, (), (), model.steps,
        )  # fmt: skip
        beside = {s.symbol: as_expr(d) for s, d in zip(model.states, model.drift, strict=True) if as_expr(d) != 0}
        return Mechanism(equations, moves, {}, beside, sp.S.One)
    return Mechanism(model, _read_off(model), {}, {}, sp.S.One)


def _of_network(net: Network) -> Mechanism:
    equations = rate_equations(net)
    states = {s.symbol for s in equations.states}
    moves, touched = [], set()
    for r in net.reactions:
        moved = tuple((net.species_by_name[name].symbol, n) for name, n in change(net, r))
        if moved:
            moves.append(Move(r.name, moved, rate_law(net, r) * rate_scale(net, r), Flag.FAST in r.flags, r))
            touched |= {s for s, _ in moved}
    unit = {s.symbol: per_event(s) for s in net.species if s.symbol in touched and s.symbol in states}
    scale = sp.S.One
    if len(set(unit.values())) == 1 and (one := next(iter(unit.values()))) != 1:
        # all species are counted alike: speeds in their unit, so that volumes leave the equations
        moves = [Move(m.name, m.change, m.speed * one, m.fast, m.reaction) for m in moves]
        unit, scale = {}, 1 / one
    beside: dict[sp.Symbol, sp.Expr] = {}
    for term in net.ode_terms:
        moved_by = net.species_by_name[term.species].symbol
        beside[moved_by] = beside.get(moved_by, sp.S.Zero) + term.formula
    return Mechanism(equations, tuple(moves), unit, beside, scale, net)


def _read_off(model: System) -> tuple[Move, ...]:
    """Terms that several equations share, as moves; numbered, named by the text of their factors."""
    found: dict[sp.Expr, dict[sp.Symbol, sp.Rational]] = {}
    for state, rhs in zip(model.states, model.drift, strict=True):
        for term in sp.Add.make_args(sp.expand(as_expr(rhs))):
            factor, rest = term.as_coeff_Mul(rational=True)
            if factor != 0:
                found.setdefault(rest, {})[state.symbol] = factor
    moves = []
    for k, (rest, factors) in enumerate(found.items()):
        whole = lcm(*(int(f.q) for f in factors.values()))
        counts = tuple((s, int(f * whole)) for s, f in factors.items())
        moves.append(Move(f"term {k + 1}", counts, rest / whole))
    return tuple(moves)


def _given(names: Iterable[str], argument: str, empty: str, hint: str) -> tuple[str, ...]:
    found = names_given(names, argument, "R525")
    if not found:
        raise RxnError("R525", empty, hint=hint)
    return found


def matching(names: Iterable[str], known: Mapping[str, object], what: str, where: str, code: str) -> set[str]:
    """The known names that are meant: themselves, patterns with `*`, or the name before the index for all of it."""
    found: set[str] = set()
    for name in names:
        pattern = name.replace("[", "[[]") if "*" in name else ""
        hits = [k for k in known if k == name] or [
            k for k in known if (pattern and fnmatch.fnmatchcase(k, pattern)) or k.partition("[")[0] == name
        ]
        if not hits:
            near = get_close_matches(name, list(known), 1)
            hint = f"did you mean {near[0]!r}?" if near else "it has: " + ", ".join(list(known)[:12])
            raise RxnError(code, f"{name!r} is not a {what} of {where}", hint=hint)
        found |= set(hits)
    return found


def undoes(one: Move, other: Move) -> bool:
    """Whether two moves change the same states the opposite way."""
    return dict(one.change) == {s: -n for s, n in other.change}


def _opposite(move: Move) -> tuple[tuple[sp.Symbol, int], ...]:
    return tuple((s, -n) for s, n in move.change)


def _shortest(row: Row) -> tuple[bool, int, int, list[int]]:
    return min(row.values()) < 0, len(row), sum(abs(x) for x in row.values()), sorted(row)
