"""Candidate terms for equations that are to be found from data: a System that is linear in its coefficients.

    d x_i/dt = g_i(x) + sum_j c_j F_ji(x)

`polynomial_candidates`, `formula_candidates`: every formula in every equation with a coefficient of its own (Yang et
al. 2021, Eq. 11). `reaction_candidates`: F_j is the net change of reaction j times its mass-action law, so that one
coefficient, its rate constant, which is not negative, serves all equations and every law that is kept stays kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations_with_replacement
from math import comb

import sympy as sp

from ..errors import RxnError
from ..expressions import TIME, exact, quoted, symbol, text
from ..name_lists import names_given
from ..network import Network, Parameter, Reaction, Species, change, rate_law
from ..system import Constant, State, Step, System

_MOST = 5000  # candidates


@dataclass(frozen=True, slots=True)
class Candidate:
    """One term: its coefficient's label, what it is in words, and what a coefficient of 1 adds to which states.

    `moves`: (place of the state, formula of states) pairs. `positive`: the coefficient cannot be negative.
    """

    label: str
    what: str
    moves: tuple[tuple[int, sp.Expr], ...]
    positive: bool = False

    @property
    def symbol(self) -> sp.Symbol:
        return symbol(self.label)


@dataclass(frozen=True)
class Candidates:
    """Terms over `states`, beside a right-hand side `known` that is not in question.

    `network`: the reactions of a reaction-level library, in the order of the terms, each with its coefficient as rate
    constant. `parameters`: those of `known`.
    """

    name: str
    states: tuple[State, ...]
    terms: tuple[Candidate, ...]
    known: tuple[sp.Expr, ...]
    parameters: tuple[Constant, ...] = ()
    network: Network | None = None
    reference: str = "Yang et al. 2021, Eq. 11"

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Of the coefficients."""
        return tuple(c.label for c in self.terms)

    @cached_property
    def system(self) -> System:
        """All terms, every coefficient a parameter of value 0, these first among the parameters."""
        return self.with_values(dict.fromkeys(self.labels, 0))

    def with_values(self, values: Mapping[str, object]) -> System:
        """The System of some of the terms, by label, with these coefficients. Raises R504 for a label that is none."""
        chosen = self._chosen(values)
        drift = [[g] for g in self.known]
        for term in chosen:
            for place, formula in term.moves:
                drift[place].append(term.symbol * formula)
        found = tuple(Constant(c.symbol, c.label, exact(values[c.label])) for c in chosen)
        step = Step("candidate terms", (("terms", str(len(chosen))),), self.reference)
        return System(
            self.name, self.states, (*found, *self.parameters), tuple(sp.Add(*d) for d in drift), steps=(step,)
        )

    def network_with(self, values: Mapping[str, object]) -> Network:
        """The Network of some of the reactions with these rate constants. Raises R504, R540 where these are none."""
        if self.network is None:
            raise RxnError("R540", f"the terms of {self.name} are not reactions", hint="use reaction_candidates")
        chosen = self._chosen(values)
        kept = {c.label for c in chosen}
        named = tuple(Parameter(c.label, exact(values[c.label])) for c in chosen)
        pairs = zip(self.terms, self.network.reactions, strict=True)
        return replace(self.network, parameters=named, reactions=tuple(r for c, r in pairs if c.label in kept))

    def _chosen(self, values: Mapping[str, object]) -> list[Candidate]:
        unknown = [label for label in values if label not in self.labels]
        if unknown:
            raise RxnError("R504", f"{unknown[0]!r} is not a coefficient of {self.name}")
        return [c for c in self.terms if c.label in values]

    def __str__(self) -> str:
        return "\n".join([f"{self.name}: {len(self.terms)} candidate terms", *(f"  {c.what}" for c in self.terms)])


def polynomial_candidates(
    species: Sequence[str], order: int, constant: bool = True, name: str = "polynomials"
) -> Candidates:
    """All monomials of up to `order` in every equation, P binom(order + N, N) - 1 of them, or with the constant.

    Raises R540 for no species, a name twice, or more than 5000 terms.
    """
    species = names_given(species, "species", "R540")
    _check(species, len(species) * comb(len(species) + order, order), name)
    symbols = [symbol(s) for s in species]
    least = 0 if constant else 1
    found = [
        sp.Mul(*chosen) for k in range(least, order + 1) for chosen in combinations_with_replacement(symbols, k)
    ]
    return formula_candidates(species, found, name)


def formula_candidates(species: Sequence[str], formulas: Sequence[sp.Expr], name: str = "formulas") -> Candidates:
    """Any formulas of the species in every equation. Raises R540 as `polynomial_candidates`, R505 for other names."""
    species = names_given(species, "species", "R540")
    _check(species, len(formulas) * len(species), name)
    symbols = [symbol(s) for s in species]
    for formula in formulas:
        strange = sorted(str(s) for s in formula.free_symbols - set(symbols))
        if strange:
            raise RxnError("R505", f"the candidate {text(formula)} has {', '.join(strange)}, which is no species")
    shown = frozenset(symbols)
    terms = tuple(
        Candidate(f"c[{s},{text(f, shown)}]", f"{text(f, shown)} in d {s}/dt", ((i, f),))
        for i, s in enumerate(species)
        for f in formulas
    )
    return Candidates(name, _states(species), terms, (sp.S.Zero,) * len(species))


def reaction_candidates(
    species: Sequence[str],
    reactants: int,
    products: int,
    conserved: Sequence[Mapping[str, int]] = (),
    name: str = "reactions",
) -> Candidates:
    """All reactions of up to `reactants` and `products` molecules, each with one rate constant, k >= 0.

    d x/dt = sum_r k_r (nu'_r - nu_r) prod_s x_s^nu_rs / nu_rs!    (Yang et al. 2021, Eq. 8)

    `conserved`: weights of species whose sum every reaction keeps, as atoms or an enzyme in all its forms. Raises R540
    as `polynomial_candidates` and for a weight of no species.
    """
    species = names_given(species, "species", "R540")
    for law in conserved:
        strange = [s for s in law if s not in species]
        if strange:
            raise RxnError("R540", f"{strange[0]!r} in a conserved sum is none of the species", hint=", ".join(species))
    _check(species, comb(len(species) + max(reactants, products), len(species)), name)
    sides = [
        side for k in range(max(reactants, products) + 1) for side in combinations_with_replacement(species, k)
    ]
    pairs = [
        (a, b) for a in sides if len(a) <= reactants for b in sides if len(b) <= products and a != b
        and all(sum(law.get(s, 0) for s in a) == sum(law.get(s, 0) for s in b) for law in conserved)
    ]  # fmt: skip
    _check(species, len(pairs), name)
    place = {s: i for i, s in enumerate(species)}
    rate, label = _free("k", species, len(pairs)), _free("r", species, len(pairs))
    reactions = tuple(
        Reaction(f"{label}{k + 1}", _counted(a), _counted(b), symbol(f"{rate}{k + 1}"))
        for k, (a, b) in enumerate(pairs)
    )
    net = Network(name, species=tuple(Species(s, initial=sp.S.One) for s in species), reactions=reactions)
    terms = []
    for k, reaction in enumerate(reactions):
        law = rate_law(net, replace(reaction, rate=sp.S.One))
        moves = tuple((place[s], amount * law) for s, amount in change(net, reaction))
        what = f"{_side(reaction.reactants)} -> {_side(reaction.products)}"
        terms.append(Candidate(f"{rate}{k + 1}", what, moves, positive=True))
    known = (sp.S.Zero,) * len(species)
    return Candidates(name, _states(species), tuple(terms), known, network=net, reference="Yang et al. 2021, Eq. 8")


def _free(stem: str, species: Sequence[str], count: int) -> str:
    """The stem, longer where a species is called as one of its numbered names."""
    while any(f"{stem}{k + 1}" in species for k in range(count)):
        stem += "_"
    return stem


def _counted(side: Sequence[str]) -> tuple[tuple[str, int], ...]:
    return tuple((s, side.count(s)) for s in dict.fromkeys(side))


def _side(side: Sequence[tuple[str, int]]) -> str:
    return " + ".join(quoted(s) if n == 1 else f"{n} {quoted(s)}" for s, n in side) or "0"


def _states(species: Sequence[str]) -> tuple[State, ...]:
    return tuple(State(symbol(s), s, sp.S.One) for s in species)


def _check(species: Sequence[str], terms: int, name: str) -> None:
    if not species or len(set(species)) < len(species):
        raise RxnError("R540", f"the candidates of {name} need species, each once")
    if TIME.name in species:
        raise RxnError("R540", f"{TIME.name!r} is the time and no species", hint="give it another name")
    if not 0 < terms <= _MOST:
        raise RxnError("R540", f"{name} has {terms} candidate terms, expected 1 to {_MOST}", hint="lower the order")
