"""Networks and results made by hand, for the tests of views."""

import numpy as np
import sympy as sp

from rxncompile.derivations.rates import jump_process, rate_equations
from rxncompile.errors import Source
from rxncompile.expressions import symbol
from rxncompile.network import (
    Compartment,
    Conservation,
    Distribution,
    Event,
    Flag,
    Network,
    Observable,
    Parameter,
    Reaction,
    Rule,
    Species,
    Unit,
)
from rxncompile.simulators.results.trajectory import Ensemble, Trajectory
from rxncompile.views.computed import Tour

SECOND = Unit("1/s", sp.Integer(1), (("time", -1),))
UM = Unit("uM", sp.Integer(1), (("amount", 1), ("length", -3)))


def number(value):
    return sp.Rational(str(value))


def lotka_volterra():
    """Counts only, an observable, bounds and a prior."""
    x, y = symbol("X"), symbol("Y")
    prior = Distribution("LogNormal", (sp.S.Zero, number("0.5")))
    return Network(
        "LotkaVolterra",
        units=(("time", Unit("s", sp.Integer(1), (("time", 1),))),),
        parameters=(
            Parameter("birth", sp.S.One, SECOND, number("0.1"), sp.Integer(10), prior),
            Parameter("eat", number("0.005"), remark="per pair"),
            Parameter("death", number("0.6")),
        ),
        species=(Species("X", initial=sp.Integer(50)), Species("Y", initial=sp.Integer(100))),
        reactions=(
            Reaction("prey", (("X", 1),), (("X", 2),), symbol("birth")),
            Reaction("predate", (("X", 1), ("Y", 1)), (("Y", 2),), symbol("eat")),
            Reaction("die", (("Y", 1),), (), symbol("death")),
        ),
        observables=(Observable("ratio", x / (x + y)),),
        source=Source("lv.rxn", "model LotkaVolterra\nparam birth = 1  # <b>per second</b>\n"),
    )


def gene():
    """Concentrations in a volume, a reversible pair, a catalyst, a law and a declared conservation."""
    g, gp, p = symbol("G"), symbol("GP"), symbol("P")
    cell = {"compartment": "cell", "unit": UM, "concentration": True}
    return Network(
        "Gene",
        parameters=tuple(Parameter(n, number(v)) for n, v in (("k1", 3), ("k_1", 2.4), ("ks", "1e-7"), ("K", 2))),
        compartments=(Compartment("cell", sp.Integer(1000)),),
        species=(
            Species("G", initial=number("0.01"), flags=frozenset({Flag.FAST}), **cell),
            Species("P", initial=sp.Integer(2), **cell),
            Species("GP", **cell),
        ),
        rules=(Rule("drive", symbol("ks") * sp.exp(-symbol("t"))),),
        reactions=(
            Reaction("bind", (("G", 1), ("P", 1)), (("GP", 1),), symbol("k1")),
            Reaction("bind_back", (("GP", 1),), (("G", 1), ("P", 1)), symbol("k_1"), reversible_of="bind"),
            Reaction("make", (("GP", 1),), (("P", 1), ("GP", 1)), symbol("drive")),
            Reaction("use", (("P", 2),), (), symbol("ks") * p**2 / (symbol("K") ** 2 + p**2 + g), False, "cell"),
        ),
        conservations=(Conservation("genes", g + gp, number("0.01")),),
        events=(Event(True, sp.Integer(5), (("P", sp.Integer(1)),)),),
    )


HOSTILE = "<script>alert(1)</script>", "a&b\"c'd", "$x^2_{\\", "[bold]red[/]", "</style><img src=x>"


def hostile():
    """Names that would be code, had somebody not escaped them."""
    names = [*HOSTILE, "quite-a-long-name" * 8]
    species = tuple(Species(n, remark="<i>" + n, initial=sp.Integer(k + 1)) for k, n in enumerate(names))
    reactions = tuple(
        Reaction(f"r{n}", ((n, 2),), ((names[k - 1], 1),), symbol("k<1>"), remark=n) for k, n in enumerate(names)
    )
    return Network(
        "Model <em>&amp;</em> \"'",
        parameters=(Parameter("k<1>", number("1e-7"), Unit("<u>", sp.Integer(1), ()), remark="&lt;"),),
        species=species,
        reactions=reactions,
        source=Source("<x>", "</pre></code><script>alert(2)</script>&amp;"),
    )


def chain(count):
    """`count` species, each turning into the next: large models."""
    species = tuple(Species(f"X{k}", initial=sp.Integer(k % 7)) for k in range(count))
    reactions = tuple(
        Reaction(f"r{k}", ((f"X{k}", 1),), ((f"X{k + 1}", 1),), symbol("k")) for k in range(count - 1)
    )
    return Network("Chain", parameters=(Parameter("k", sp.S.One),), species=species, reactions=reactions)


# ---------------------------------------------------------------------------------------------- results


T = np.linspace(0.0, 10.0, 51)


def curves(count):
    """Different but tame positive curves, (time, count)."""
    k = np.arange(1, count + 1)
    return 5.0 * k + 4.0 * np.sin(T[:, None] * (0.5 + 0.2 * k) + k)


def labels(net):
    names = tuple(s.name for s in net.species) + tuple(o.name for o in net.observables)
    units = tuple(s.unit.text if s.unit else "molecules" for s in net.species) + ("",) * len(net.observables)
    return names, units


def deterministic(net):
    names, units = labels(net)
    return Trajectory(net.name, T, names, units, curves(len(names))[None], "LSODA, rtol 1e-8")


def paths(net, runs=4, points=51):
    names, units = labels(net)
    rng = np.random.default_rng(7)
    t = np.linspace(0.0, 10.0, points)
    values = rng.poisson(20.0, (runs, points, len(names))).astype(float)
    return Trajectory(net.name, t, names, units, values, "direct method", 7)


def ensemble(net):
    names, units = labels(net)
    mean = curves(len(names))
    notes = ("one run stopped early",)
    return Ensemble(net.name, T, names, units, 1000, mean, np.sqrt(mean), "direct method", 7, notes)


def everything(net):
    """What a page is made of."""
    return Tour(
        net,
        rate_equations(net),
        jump_process(net),
        deterministic(net),
        ensemble(net),
        paths(net),
        "rxnc run x.rxn --set 'k<1>=2'",
    )
