"""Fields nu_A(y) of one-body interactions: particles are placed independently, their counts follow a count family.

    P(n, x) = P(n; theta) prod_i exp(-nu(x_i))           integral exp(-nu) dy = 1
    d nu_A/dt = (d<n_A>/dt)/<n_A> - <dW/dâ_A(y)>/(<n_A> exp(-nu_A))

since the density <a_A(y)> is <n_A> exp(-nu_A(y)). A product of fields has the mean <prod_B (n_B)_m> prod_B
exp(-m_B nu_B(y)), derivatives acting factor by factor. For diffusion it gives D nu'' - D nu'^2; unimolecular reactions
leave the field alone and move the counts as in a well-mixed volume; others act by the overlap of the fields. Ernst et
al. 2018, Eqs. 31-38 and 42-43 with their errata (F^(1) = -D, F^(2) = +D).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

import sympy as sp

from ..errors import RxnError
from ..expressions import MOMENT, quoted, symbol
from ..family import Family
from ..monomials import Kind, Monomial, factorial_from_raw, label, label_names, moment_symbol, raw_from_central
from ..network import Network
from ..operators import Generator, generator
from ..system import State, Step, System, sort_definitions
from .field_operators import FieldOperator, coordinates, field_operator, functional_derivative
from .moments import table_of
from .projection import keep_apart, projected
from .rates import jump_process


@dataclass(frozen=True)
class Grid:
    """A box of one to three dimensions and the points at which a field is followed.

    `bounds`: (low, high) of each axis, exact numbers; `points` of each axis. A periodic axis has its points at
    low + j h, one that reflects (no flux) at low + (j + 1/2) h. `accuracy`: the even order of the finite differences.
    """

    bounds: tuple[tuple[sp.Expr, sp.Expr], ...]
    points: tuple[int, ...]
    periodic: bool = False
    accuracy: int = 2

    def __post_init__(self) -> None:
        least = self.accuracy + 1
        if (
            not 1 <= len(self.bounds) == len(self.points) <= 3
            or self.accuracy < 2
            or self.accuracy % 2
            or min(self.points) < least
            or any(not (high - low).is_positive for low, high in self.bounds)
        ):
            message = f"no grid of {self.points} points in {self.bounds} with differences of order {self.accuracy}"
            raise RxnError("R517", message, hint=f"one to three axes, an even order, at least {least} points an axis")

    @cached_property
    def spacing(self) -> tuple[sp.Expr, ...]:
        return tuple((high - low) / n for (low, high), n in zip(self.bounds, self.points, strict=True))

    @property
    def cell(self) -> sp.Expr:
        """The size of a cell."""
        return sp.Mul(*self.spacing)

    @property
    def volume(self) -> sp.Expr:
        return sp.Mul(*(high - low for low, high in self.bounds))

    @property
    def cells(self) -> list[tuple[int, ...]]:
        return list(product(*(range(n) for n in self.points)))

    def place(self, cell: Sequence[int]) -> tuple[sp.Expr, ...]:
        """The coordinates of a point."""
        offset = sp.S.Zero if self.periodic else sp.S.Half
        return tuple(low + (j + offset) * h for (low, _), j, h in zip(self.bounds, cell, self.spacing, strict=True))

    def difference(self, cell: tuple[int, ...], orders: tuple[int, ...]) -> dict[tuple[int, ...], sp.Expr]:
        """Weights by cell of a partial derivative at a cell: central differences, along one axis after the other."""
        found = {cell: sp.S.One}
        for axis, order in enumerate(orders):
            if order == 0:
                continue
            reach = (order + 1) // 2 + self.accuracy // 2 - 1
            steps = list(range(-reach, reach + 1))
            weights = sp.finite_diff_weights(order, steps, 0)[order][-1]
            moved: dict[tuple[int, ...], sp.Expr] = {}
            for at, c in found.items():
                for step, w in zip(steps, weights, strict=True):
                    there = (*at[:axis], self._inside(at[axis] + step, self.points[axis]), *at[axis + 1 :])
                    moved[there] = moved.get(there, sp.S.Zero) + c * w / self.spacing[axis] ** order
            found = {at: c for at, c in moved.items() if c != 0}
        return found

    def _inside(self, j: int, n: int) -> int:
        if self.periodic:
            return j % n
        return -1 - j if j < 0 else 2 * n - 1 - j if j >= n else j


@dataclass(frozen=True)
class Functionals:
    """d nu_A/dt at a point of space as a formula of the fields there, of moments and of overlaps.

    `fields`: nu_A(y). `moments`: the symbols of factorial moments. `overlaps`: those of |V|^(m-1) times the integral of
    prod_B exp(-m_B nu_B), by m.
    """

    space: tuple[sp.Symbol, ...]
    fields: Mapping[sp.Symbol, sp.Expr]
    rates: Mapping[sp.Symbol, sp.Expr]
    moments: Mapping[Monomial, sp.Symbol]
    overlaps: Mapping[Monomial, sp.Symbol]


def diffusion_functional(D: sp.Expr) -> tuple[sp.Expr, sp.Expr, sp.Symbol]:
    """d nu/dt of particles that only diffuse along a line, with the nu(y) and y it is written in: 2018, Eq. 34."""
    A = symbol("A")
    found = functionals(Generator("diffusion", (A,), ()), {"A": D}, sp.S.One)
    return found.rates[A], found.fields[A], found.space[0]


def functionals(gen: Generator, diffusion: Mapping[str, sp.Expr], volume: sp.Expr, dimensions: int = 1) -> Functionals:
    """The motion of every field, by functional derivatives of the operator. Raises as `field_operator`."""
    op = field_operator(gen, diffusion, volume, coordinates(dimensions))
    mean = _Mean(op, gen, volume)
    rates: dict[sp.Symbol, sp.Expr] = {}
    for i, s in enumerate(gen.species):
        operator = op.density_rate(s)
        gain = mean.integral(operator) - sp.exp(mean.nu[s]) * mean.local(operator)
        rates[s] = sp.expand(gain / mean.moment((i,)))
    return Functionals(op.space, mean.nu, rates, mean.moments, mean.overlaps)


class _Mean:
    """Means of normal-ordered products of a_B(y) over independently placed particles."""

    def __init__(self, op: FieldOperator, gen: Generator, volume: sp.Expr) -> None:
        self.op, self.species, self.volume = op, gen.species, volume
        self.names = label_names(gen.species)
        self.nu = {s: sp.Function(f"nu[{s.name}]", real=True)(*op.space) for s in gen.species}
        self.moments: dict[Monomial, sp.Symbol] = {}
        self.overlaps: dict[Monomial, sp.Symbol] = {}

    def moment(self, m: Monomial) -> sp.Expr:
        return self.moments.setdefault(m, moment_symbol(m, self.names, Kind.FACTORIAL)) if m else sp.S.One

    def local(self, operator: sp.Expr) -> sp.Expr:
        """The mean at a point."""
        placed = {self.op.destroy[s]: sp.exp(-self.nu[s]) for s in self.species}
        return sp.Add(*(self.moment(m) * part.subs(placed).doit() for m, part in self._parts(operator)))

    def integral(self, operator: sp.Expr) -> sp.Expr:
        """The mean over all space: divergences are none, m particles meet by the overlap of their fields."""
        total = []
        for m, part in self._parts(operator):
            fields = sp.Mul(*(self.op.destroy[self.species[i]] for i in m))
            if all(functional_derivative(part, f, self.op.space) == 0 for f in self.op.destroy.values()) and m:
                continue
            rate = sp.cancel(part / fields) * self.volume ** (1 - len(m))
            if rate.free_symbols & set(self.op.space):
                raise RxnError("R516", f"the mean of {part} over space is no overlap of fields")
            if len(m) > 1:
                rate *= self.overlaps.setdefault(m, _overlap(m, self.names))
            total.append(rate * self.moment(m))
        return sp.Add(*total)

    def _parts(self, operator: sp.Expr) -> list[tuple[Monomial, sp.Expr]]:
        """An operator by the particles that each of its terms takes."""
        marks = {s: sp.Dummy() for s in self.species}
        marked = operator.subs({self.op.destroy[s]: marks[s] * self.op.destroy[s] for s in self.species}).doit()
        found = sp.Poly(sp.expand(marked), *marks.values())
        parts = [(tuple(i for i, n in enumerate(powers) for _ in range(n)), part) for powers, part in found.terms()]
        return [(m, term) for m, part in parts for term in sp.Add.make_args(sp.expand(part)) if term != 0]


def _overlap(m: Monomial, names: Sequence[str]) -> sp.Symbol:
    return symbol(f"overlap{label(m, names)}")


def project_fields(
    net: Network,
    counts: Family[Monomial] | None,
    diffusion: Mapping[str, sp.Expr],
    grid: Grid,
    energy: Mapping[str, sp.Expr] | None = None,
) -> System:
    """The System of the parameters of the counts and of nu at the points of a grid, by the method of lines.

    States `nu[A,j]` beside those of `counts`; outputs `rho[A,j]`, the density. `counts` None: the numbers of particles
    do not move, densities are per particle. `diffusion` by species, of parameters of the network. `energy`: nu at the
    start up to a constant, by species, of the coordinates `y` (or `y1`, `y2`, `y3`); 0 is uniform. Raises as `project`
    and `field_operator`, R517 for reactions without `counts`.
    """
    gen, base = generator(net), jump_process(net)
    names = label_names(gen.species)
    found = functionals(gen, diffusion, grid.volume, len(grid.points))
    at = {s: {c: symbol(f"nu[{quoted(s.name)},{','.join(map(str, c))}]") for c in grid.cells} for s in gen.species}
    shared: dict[sp.Symbol, sp.Expr] = {}
    if counts is None:
        if gen.terms:
            raise RxnError("R517", f"reactions of {net.name} change counts that no family describes")
        base = replace(base, states=(), drift=(), jumps=(), outputs=())
    else:
        # reactions of several molecules happen as often as their fields overlap
        place = gen.positions
        needed = dict(found.overlaps)
        terms = []
        for term in gen.terms:
            m = tuple(sorted(place[s] for s, n in term.before for _ in range(n)))
            factor = needed.setdefault(m, _overlap(m, names)) if len(m) > 1 else sp.S.One
            terms.append(replace(term, rate=term.rate * factor))
        table = table_of(Generator(gen.name, gen.species, tuple(terms)), names, counts.kind, 4)
        for m, name in needed.items():
            weights = (sp.exp(-sp.Add(*(at[gen.species[i]][c] for i in m))) for c in grid.cells)
            shared[name] = grid.volume ** (len(m) - 1) * grid.cell * sp.Add(*weights)
        base = projected(base, table, counts, lambda m: len(m) <= 2)
        own = {s.symbol for s in base.states}
        shared |= {name: _factorial(counts, m) for m, name in found.moments.items() if name not in own}
    states: list[State] = []
    drift: list[sp.Expr] = []
    outputs: list[tuple[str, sp.Expr]] = []
    for k, s in enumerate(gen.species):
        first = (energy or {}).get(s.name, sp.S.Zero)
        values = {c: first.xreplace(dict(zip(found.space, grid.place(c), strict=True))) for c in grid.cells}
        norm = symbol(f"norm[{quoted(s.name)}]")
        shared[norm] = sp.log(grid.cell * sp.Add(*(sp.exp(-e) for e in values.values())))
        number = sp.S.One if counts is None else _factorial(counts, (k,))
        for c, name in at[s].items():
            states.append(State(name, name.name, values[c] + norm))
            drift.append(_at(found.rates[s], found.fields, at, c, grid))
            outputs.append((f"rho{name.name.removeprefix('nu')}", number * sp.exp(-name)))
    keep_apart(base, [*(name for name in shared if not MOMENT.fullmatch(name.name)), *(s.symbol for s in states)])
    chosen = (("points", " x ".join(map(str, grid.points))), ("accuracy", str(grid.accuracy)))
    step = Step("fields on a grid", chosen, "Ernst et al. 2018, Eqs. 34-43")
    return replace(
        base,
        states=(*base.states, *states),
        drift=(*base.drift, *drift),
        definitions=sort_definitions({**dict(base.definitions), **shared}, net.name),
        outputs=(*base.outputs, *outputs),
        steps=(*base.steps, step),
    )


def _at(
    rate: sp.Expr,
    fields: Mapping[sp.Symbol, sp.Expr],
    at: Mapping[sp.Symbol, Mapping[tuple[int, ...], sp.Symbol]],
    cell: tuple[int, ...],
    grid: Grid,
) -> sp.Expr:
    """A functional at one cell: fields by their values there, derivatives by differences."""
    owner = {field: s for s, field in fields.items()}
    values: dict[sp.Expr, sp.Expr] = {}
    for derivative in rate.atoms(sp.Derivative):
        orders = tuple(dict(derivative.variable_count).get(y, 0) for y in derivative.expr.args)
        weights = grid.difference(cell, orders).items()
        values[derivative] = sp.Add(*(w * at[owner[derivative.expr]][c] for c, w in weights))
    return rate.xreplace(values).xreplace({field: at[s][cell] for field, s in owner.items()})


def _factorial(counts: Family[Monomial], m: Monomial) -> sp.Expr:
    """A factorial moment of a family that gives moments of any kind."""
    if counts.kind is Kind.FACTORIAL:
        return counts.moment(m)
    if counts.kind is Kind.CENTRAL:
        return factorial_from_raw(m, lambda part: raw_from_central(part, counts.moment))
    return factorial_from_raw(m, counts.moment)
