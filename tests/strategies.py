"""Random valid Networks for property tests: `networks()` of every kind, `mass_action_networks()` to run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import sympy as sp
from hypothesis import assume
from hypothesis import strategies as st

from rxncompile.dimensions import check_units
from rxncompile.expressions import TIME, symbol
from rxncompile.network import (
    Compartment,
    Conservation,
    Constant,
    Diffusion,
    Distribution,
    Event,
    Flag,
    Lattice,
    Network,
    Observable,
    OdeTerm,
    Parameter,
    Placement,
    Reaction,
    Rule,
    Species,
    Unit,
)

Draw = Any

AVOGADRO = sp.Integer(602214076) * 10**15
COUNT = Unit("count", sp.Integer(1), (("amount", 1),))
CONC = Unit("conc", sp.Integer(1), (("amount", 1), ("length", -3)))
MICROMOLAR = Unit("uM", AVOGADRO * sp.Rational(1, 1000), (("amount", 1), ("length", -3)))
NANOMOLE = Unit("nmol", AVOGADRO / 10**9, (("amount", 1),))
PER_UM3 = Unit("1/um^3", sp.Integer(10) ** 18, (("length", -3),))
FEMTOLITRE = Unit("fL", sp.Rational(1, 10**18), (("length", 3),))
UM3 = Unit("um^3", sp.Rational(1, 10**18), (("length", 3),))
PER_UM2 = Unit("1/um^2", sp.Integer(10) ** 12, (("length", -2),))
PER_UM = Unit("1/um", sp.Integer(10) ** 6, (("length", -1),))
UM2 = Unit("um^2", sp.Rational(1, 10**12), (("length", 2),))
UM = Unit("um", sp.Rational(1, 10**6), (("length", 1),))
PURE = Unit("dimensionless", sp.S.One, ())
PER_SECOND = Unit("1/s", sp.Integer(1), (("time", -1),))
RATE = Unit("1/uM/min", 1 / (MICROMOLAR.size * 60), (("amount", -1), ("length", 3), ("time", -1)))
SECONDS = Unit("s", sp.Integer(1), (("time", 1),))

PLAIN = ("A", "B", "Ca_er", "x1", "E", "S", "lambda", "k_1", "n2", "P53", "_q", "I", "pi", "zoo", "e")
INDEXED = ("S[0]", "S[1,0]", "S[0,1]", "T[a]", "T[a,12]", "m[3]")
QUOTED = (
    "A(x!1)", "per", "exp", "a b", "2A", "S[01]", "x-y", "für", "end:", "#1", "for[0]", "time", 'say "hi"',
)  # fmt: skip


# ---------------------------------------------------------------------------------------------- expressions


@st.composite
def numbers(draw: Draw, positive: bool = False) -> sp.Rational:
    """Whole numbers, decimals and fractions, small and large."""
    value = draw(
        st.one_of(
            st.integers(1, 12).map(sp.Integer),
            st.integers(1, 10**9).map(sp.Integer),
            st.decimals("0.001", 1000, places=3).map(lambda d: sp.Rational(str(d))),
            st.tuples(st.integers(1, 999), st.integers(-30, 30)).map(lambda p: p[0] * sp.Integer(10) ** p[1]),
            st.tuples(st.integers(1, 20), st.integers(1, 20)).map(lambda p: sp.Rational(*p)),
        )
    )
    return value if positive or draw(st.integers(0, 3)) else -value


def finite(expr: sp.Basic) -> bool:
    """Whether every part of an expression can be a real number of moderate size, and is as sympy would build it."""
    if rebuilt(expr) != expr:
        return False
    if expr.has(sp.nan, sp.zoo, sp.oo, -sp.oo, sp.I, sp.re, sp.im, sp.arg, sp.atan2, sp.ITE):
        return False
    for part in sp.preorder_traversal(expr):
        if isinstance(part, sp.Expr) and part.is_number and not part.is_Rational:
            value = part.evalf(5, maxn=30)
            if not value.is_Float or abs(value) > 10**100:
                return False
        if isinstance(part, sp.exp) and part.args[0].is_number and abs(part.args[0].evalf(5)) > 500:
            return False
        if part.is_Pow and part.base.is_number and part.base.is_negative and not part.exp.is_Integer:
            return False
        if part.is_Rational and (abs(part.p) > 10**150 or part.q > 10**150):
            return False
    return True


def rebuilt(expr: sp.Basic) -> sp.Basic:
    return expr.func(*map(rebuilt, expr.args)) if expr.args else expr


_ONE_ARGUMENT = (sp.exp, sp.log, sp.sqrt, sp.Abs, sp.floor, sp.ceiling, sp.sin, sp.cos, sp.tan, sp.tanh)
_RELATIONS = (sp.Lt, sp.Le, sp.Gt, sp.Ge, sp.Eq, sp.Ne)


@st.composite
def expressions(draw: Draw, symbols: tuple[sp.Symbol, ...], leaves: int = 6) -> sp.Expr:
    """Real-valued formulas of some symbols, in every form that the language has; about `leaves` long."""
    return _formula(draw, symbols, draw(st.integers(1, leaves)))


def _formula(draw: Draw, symbols: tuple[sp.Symbol, ...], size: int) -> sp.Expr:
    made = _any_formula(draw, symbols, size)
    assume(made.is_Rational or made.is_Symbol or finite(made))
    return made


def _any_formula(draw: Draw, symbols: tuple[sp.Symbol, ...], size: int) -> sp.Expr:
    if size <= 1:
        return draw(st.sampled_from(symbols)) if symbols and draw(st.integers(0, 2)) else draw(numbers())
    kind = draw(st.integers(0, 9))
    if kind < 6:
        left = draw(st.integers(1, size - 1))
        one, other = _formula(draw, symbols, left), _formula(draw, symbols, size - left)
        if kind == 0:
            return one - other
        if kind == 1:
            return one / other
        if kind == 2:
            third = _formula(draw, symbols, 1)
            return draw(st.sampled_from((sp.Add, sp.Mul)))(one, other, third)
        return draw(st.sampled_from((sp.Add, sp.Mul, sp.Add, sp.Mul, sp.Min, sp.Max)))(one, other)
    body = _formula(draw, symbols, size - 1)
    if kind in (6, 7):
        exponent = draw(st.integers(-4, 4).map(sp.Integer)) if kind == 6 else _formula(draw, symbols, 1)
        assume(not exponent.is_Rational or (abs(exponent) < 9 and exponent.q < 10**6))
        return sp.Pow(body, exponent)
    if kind == 8 or size < 4:
        return draw(st.sampled_from(_ONE_ARGUMENT))(body)
    cases = [(body, _condition(draw, symbols, 3))]
    if draw(st.booleans()):
        cases.append((_formula(draw, symbols, 1), _condition(draw, symbols, 2)))
    return sp.Piecewise(*cases, (_formula(draw, symbols, 1), True))


@st.composite
def conditions(draw: Draw, symbols: tuple[sp.Symbol, ...]) -> sp.Basic:
    """Comparisons, joined and negated."""
    made = _condition(draw, symbols, draw(st.integers(2, 5)))
    assume(finite(made))
    return made


def _condition(draw: Draw, symbols: tuple[sp.Symbol, ...], size: int) -> sp.Basic:
    if size <= 3 or draw(st.booleans()):
        relation = draw(st.sampled_from(_RELATIONS))
        single = relation(_formula(draw, symbols, size - 1), _formula(draw, symbols, 1))
        return sp.Not(single) if draw(st.integers(0, 3)) == 0 else single
    joined = draw(st.sampled_from((sp.And, sp.Or)))
    return joined(_condition(draw, symbols, size - 2), _condition(draw, symbols, 2))


# ---------------------------------------------------------------------------------------------- networks


@dataclass
class _Names:
    """Names that are still free, of every form."""

    draw: Draw
    used: set[str] = field(default_factory=set)

    def new(self) -> str:
        choices = [n for n in PLAIN + INDEXED + QUOTED if n not in self.used]
        name = self.draw(st.sampled_from(choices)) if choices else f"v{len(self.used)}"
        self.used.add(name)
        return str(name)

    def several(self, least: int, most: int) -> list[str]:
        return [self.new() for _ in range(self.draw(st.integers(least, most)))]


_REMARKS = st.sampled_from(("", "", "", "a remark", 'with "quotes" and \\', "two\nlines", "{braces} # ; '"))
_POSITIVE = st.sampled_from((sp.Rational(1, 3), sp.S.One, sp.Integer(20)))


@st.composite
def _law(draw: Draw, symbols: tuple[sp.Symbol, ...] = ()) -> Distribution:
    """A distribution whose arguments it can have: a place is any formula, a spread or shape a positive number."""
    name = draw(st.sampled_from(("Normal", "LogNormal", "Uniform", "Gamma", "Exponential")))
    first = draw(expressions(symbols, 2) if "Normal" in name else _POSITIVE)
    if name == "Exponential":
        return Distribution(name, (first,))
    second = draw(_POSITIVE)
    return Distribution(name, (first, first + second if name == "Uniform" else second))


@st.composite
def _parameter(draw: Draw, name: str, earlier: tuple[sp.Symbol, ...]) -> Parameter:
    unit = draw(st.sampled_from((None, None, PER_SECOND, RATE)))
    value = draw(st.one_of(numbers(), expressions(earlier, 3)))
    lower = upper = None
    if value.is_Rational and draw(st.booleans()):
        lower, upper = value - draw(numbers(positive=True)), value + draw(numbers(positive=True))
    prior = draw(st.none() | _law())
    return Parameter(name, value, unit, lower, upper, prior, draw(_REMARKS))


@st.composite
def _species(draw: Draw, name: str, compartments: list[Compartment], known: tuple[sp.Symbol, ...]) -> Species:
    where = draw(st.sampled_from([None, *compartments]))
    units: list[Unit | None] = [None, COUNT, CONC, NANOMOLE]
    if where is not None and where.unit is not None:
        per_size = {3: [MICROMOLAR, PER_UM3], 2: [PER_UM2], 1: [PER_UM]}
        units += per_size[where.dimensions] if where.unit is not PURE else []
    unit = draw(st.sampled_from(units))
    concentration, per_count = False, sp.Integer(1)
    if unit is NANOMOLE:
        per_count = 1 / NANOMOLE.size
    elif unit in (CONC, MICROMOLAR, PER_UM3, PER_UM2, PER_UM):
        concentration = True
        if unit is not CONC:
            assert where is not None
            assert where.unit is not None
            per_count = 1 / (unit.size * where.unit.size)
    initial = draw(st.one_of(st.just(sp.Integer(0)), numbers(positive=True), expressions(known, 3), _law(known)))
    flags = draw(st.frozensets(st.sampled_from((Flag.FAST, Flag.FIXED, Flag.ROUND, Flag.CONTINUOUS)), max_size=2))
    place = where.name if where else None
    return Species(name, place, unit, concentration, per_count, initial, False, flags, draw(_REMARKS))


@st.composite
def _side(draw: Draw, species: list[Species], most: int) -> tuple[tuple[str, int], ...]:
    counts: dict[str, int] = {}
    for one in draw(st.lists(st.sampled_from(species), max_size=most)):
        counts[one.name] = counts.get(one.name, 0) + 1
    return tuple((s.name, counts[s.name]) for s in species if s.name in counts)


@st.composite
def _reactions(
    draw: Draw,
    name: str,
    species: list[Species],
    compartments: list[Compartment],
    constants: tuple[sp.Symbol, ...],
    everything: tuple[sp.Symbol, ...],
) -> list[Reaction]:
    """A reaction, or the two of a `<->`."""
    reactants, products = draw(_side(species, 3)), draw(_side(species, 3))
    mass_action = draw(st.booleans())
    functional = mass_action and draw(st.integers(0, 3)) == 0
    formulas = expressions(constants if mass_action and not functional else everything, 5)
    flags = draw(st.frozensets(st.sampled_from((Flag.FAST, Flag.CONTINUOUS)), max_size=1))
    per = draw(st.sampled_from([None, *(c.name for c in compartments)]))
    remark = draw(_REMARKS)
    if functional:
        flags |= {Flag.FUNCTIONAL}
    if mass_action:
        flags |= draw(st.frozensets(st.sampled_from((Flag.MOLECULAR, Flag.POWERS)), max_size=1))
        places = {s.compartment for s in species if s.name in dict(reactants) or s.name in dict(products)}
        if len(places) > 1 and per is None:
            flags |= {Flag.MOLECULAR}
    both_ways, single = draw(st.sampled_from(((False, False), (True, False), (True, True), (False, False))))
    net = single and not mass_action
    forward = Reaction(
        name, reactants, products, draw(formulas), mass_action, per, net_reversible=net, flags=flags, remark=remark
    )
    if not both_ways or net:
        return [forward]
    base, bracket, rest = name.partition("[")
    other = f"{base}_rev{bracket}{rest}" if name.endswith("]") else f"{name}_rev"
    if draw(st.integers(0, 4)) == 0:
        other += "_odd"  # no line with `<->` says this
    back = Reaction(
        other, products, reactants, draw(formulas), mass_action, per, reversible_of=name, flags=flags, remark=remark
    )
    return [forward, back]


@st.composite
def networks(draw: Draw) -> Network:
    """Valid Networks: all that the language can say of a well-mixed model, names of every form."""
    names = _Names(draw, {"t"})
    constants: list[Constant] = []
    for name in names.several(0, 2):
        known = tuple(symbol(c.name) for c in constants)
        value = draw(st.one_of(numbers(), expressions(known, 3)))
        constants.append(Constant(name, value, draw(st.sampled_from((None, PER_SECOND))), draw(_REMARKS)))
    known = tuple(symbol(c.name) for c in constants)
    parameters: list[Parameter] = []
    for name in names.several(0, 3):
        parameters.append(draw(_parameter(name, known)))
        known += (symbol(name),)
    compartments: list[Compartment] = []
    for name in names.several(0, 2):
        inside = draw(st.sampled_from([None, *(c.name for c in compartments)]))
        unit, dimensions = draw(
            st.sampled_from(
                ((None, 3), (None, 0), (None, 2), (FEMTOLITRE, 3), (UM3, 3), (UM2, 2), (UM, 1), (PURE, 0), (PURE, 2))
            )
        )
        size = draw(numbers(positive=True))
        compartments.append(Compartment(name, size, unit, inside, draw(_REMARKS), dimensions=dimensions))
        known += (symbol(name),)
    species = [draw(_species(name, compartments, known)) for name in names.several(1, 4)]
    rules: list[Rule] = []
    for name in names.several(0, 2):
        rules.append(Rule(name, draw(expressions(known, 4)), None, draw(_REMARKS), reported=draw(st.booleans())))
        known += (symbol(name),)
    states = tuple(s.symbol for s in species)
    everything = (*known, *states, TIME)
    timed_rules = [Rule(name, draw(expressions(everything, 5))) for name in names.several(0, 1)]
    observables = [
        Observable(name, draw(expressions(everything, 5)), draw(st.sampled_from((None, CONC))), draw(_REMARKS))
        for name in names.several(0, 2)
    ]
    labels = _Names(draw)
    reactions = [
        r
        for label in labels.several(0, 4)
        for r in draw(_reactions(label, species, compartments, (*known, TIME), everything))
    ]
    terms = [
        OdeTerm(draw(st.sampled_from(species)).name, draw(expressions(everything, 5)), draw(_REMARKS))
        for _ in range(draw(st.integers(0, 1)))
    ]
    events = [draw(_event(species, parameters, known, everything)) for _ in range(draw(st.integers(0, 1)))]
    units = draw(st.sampled_from(((), (("time", SECONDS),), (("amount", COUNT), ("time", SECONDS)))))
    still = {s.name for s in species} - {n for r in reactions for n, _ in (*r.reactants, *r.products)}
    still -= {t.species for t in terms} | {n for e in events for n, _ in e.assignments}
    conserved = sp.Add(*(symbol(n) * draw(numbers()) for n in sorted(still)))
    laws = [Conservation("untouched", conserved, draw(st.sampled_from((None, sp.Integer(3)))))] if still else []
    return with_units_that_fit(Network(
        draw(st.sampled_from(("M", "two words", "param"))),
        units,
        tuple(constants),
        tuple(parameters),
        tuple(compartments),
        tuple(species),
        (*rules, *timed_rules),
        tuple(observables),
        tuple(laws),
        tuple(reactions),
        tuple(terms),
        tuple(events),
    ))


def with_units_that_fit(net: Network) -> Network:
    """The network with fewer units, where those drawn do not fit its formulas: first without those of numbers."""
    if check_units(net):
        net = replace(
            net,
            units=(),
            constants=tuple(replace(c, unit=None) for c in net.constants),
            parameters=tuple(replace(p, unit=None) for p in net.parameters),
            observables=tuple(replace(o, unit=None) for o in net.observables),
        )
    if check_units(net):
        net = replace(
            net,
            compartments=tuple(replace(c, unit=None) for c in net.compartments),
            species=tuple(
                s if s.unit in (None, CONC) else replace(s, unit=None, concentration=False, per_count=sp.S.One)
                for s in net.species
            ),
        )
    return net


@st.composite
def _event(
    draw: Draw,
    species: list[Species],
    parameters: list[Parameter],
    known: tuple[sp.Symbol, ...],
    everything: tuple[sp.Symbol, ...],
) -> Event:
    timed = draw(st.booleans())
    fixed = tuple(s for s in known if s.name in {p.name for p in parameters})
    trigger = draw(expressions(fixed, 2)) if timed else draw(conditions(everything))
    targets = draw(st.lists(st.sampled_from([*species, *parameters]), min_size=1, max_size=2, unique=True))
    return Event(timed, trigger, tuple((x.name, draw(expressions(everything, 3))) for x in targets), draw(_REMARKS))


@st.composite
def lattice_networks(draw: Draw) -> Network:
    """Valid Networks on a lattice: placements, probabilities, daughters, hops, pair counts."""
    shape = tuple(draw(st.lists(st.integers(1, 50), min_size=1, max_size=3)))
    lattice = Lattice("L", shape, draw(st.sampled_from(("periodic", "open"))), draw(st.integers(1, 4)))
    species = [
        Species(name, initial=draw(numbers(positive=True)), per_site=draw(st.booleans())) for name in ("A", "B", "C")
    ]
    a, b, c = (s.symbol for s in species)
    placement = Placement((("A", 0), ("B", 1)), (("C", 0), ("", 1)))
    back = Placement(placement.after, placement.before)
    parts = {"lattice": "L", "probability": draw(st.none() | st.just(sp.Rational(1, 3))), "daughter": "free"}
    before, after = (("A", 1), ("B", 1)), (("C", 1),)
    reactions = [Reaction("meet", before, after, draw(numbers(positive=True)), placement=placement, **parts)]
    if draw(st.booleans()):
        reactions.append(
            Reaction(
                "meet_rev", after, before, sp.Integer(2), placement=back, reversible_of="meet", **parts
            )
        )
    counted = sp.Function("count")
    observables = (
        Observable("pairs", counted(a, b, sp.Integer(draw(st.integers(1, 3)))) / 2 + c),
        Observable("more", draw(expressions((a, b, c), 3))),
    )
    hops = tuple(Diffusion(s.name, draw(numbers(positive=True)), "L") for s in species if draw(st.booleans()))
    return Network(
        "Lattice", species=tuple(species), observables=observables, reactions=tuple(reactions), lattices=(lattice,),
        diffusions=hops,
    )


@st.composite
def mass_action_networks(draw: Draw, most_species: int = 4, most_reactions: int = 5) -> Network:
    """Networks that every method can run: counts, positive constants, whole initial values, orders 0 to 3."""
    species = [
        Species(name, initial=sp.Integer(draw(st.integers(0, 50))))
        for name in "ABCDEFGH"[: draw(st.integers(1, most_species))]
    ]
    parameters, reactions = [], []
    for i in range(draw(st.integers(1, most_reactions))):
        value = sp.Rational(draw(st.integers(1, 200)), 100)
        parameters.append(Parameter(f"k{i}", value))
        reactions.append(
            Reaction(f"r{i}", draw(_side(species, 3)), draw(_side(species, 3)), symbol(f"k{i}"))
        )
    return Network("MassAction", parameters=tuple(parameters), species=tuple(species), reactions=tuple(reactions))
