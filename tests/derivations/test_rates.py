"""Rate equations and jump processes of hand-built networks; and rhs = drift + sum(change * propensity)."""

import pytest
import sympy as sp

from rxncompile.derivations.rates import jump_process, rate_equations
from rxncompile.errors import RxnError
from rxncompile.expressions import TIME, symbol
from rxncompile.network import (
    Compartment,
    Constant,
    Event,
    Flag,
    Lattice,
    Network,
    Observable,
    OdeTerm,
    Parameter,
    Reaction,
    Rule,
    Species,
)
from rxncompile.system import System, as_expr

A, B, k, V = map(symbol, ("A", "B", "k", "V"))


def dimerisation(**more: object) -> Network:
    fields: dict[str, object] = {
        "parameters": (Parameter("k", sp.Integer(3)),),
        "compartments": (Compartment("V", sp.Integer(10)),),
        "species": (
            Species("A", "V", concentration=True, initial=sp.Rational(2)),
            Species("B", "V", concentration=True),
        ),
        "reactions": (Reaction("bind", (("A", 2),), (("B", 1),), k),),
    }
    return Network("dimer", **(fields | more))  # type: ignore[arg-type]


def rates_of(system: System) -> dict[str, sp.Expr]:
    return dict(system.equations())


def test_concentrations_obey_the_law_of_mass_action() -> None:
    system = rate_equations(dimerisation())
    assert rates_of(system) == {"A": -k * A**2, "B": k * A**2 / 2}
    assert [c.label for c in system.parameters] == ["k", "V"]


def test_the_jump_process_counts() -> None:
    system = jump_process(dimerisation())
    (jump,) = system.jumps
    assert jump.change == ((A, -2), (B, 1))
    assert sp.expand(jump.propensity - k * A * (A - 1) / (2 * V)) == 0
    assert [s.initial for s in system.states] == [2 * V, 0]
    assert [as_expr(d) for d in system.drift] == [0, 0]
    assert sp.expand(system.rhs[0] + 2 * jump.propensity) == 0
    assert sp.expand(system.rhs[1] - jump.propensity) == 0


def test_large_volumes_lead_from_one_to_the_other() -> None:
    """d<n>/dt / V tends to the rate equation as V grows at fixed concentration (Kurtz)."""
    jumps, rates = jump_process(dimerisation()), rate_equations(dimerisation())
    c = symbol("c")
    scaled = (jumps.rhs[0].xreplace({A: c * V}) / V).expand()
    assert sp.limit(scaled, V, sp.oo) == rates.rhs[0].xreplace({A: c})


def test_definitions_outputs_and_unused_constants() -> None:
    c, unused, half = symbol("c"), symbol("unused"), symbol("half")
    net = dimerisation(
        constants=(Constant("c", sp.Integer(2)), Constant("unused", sp.Integer(1))),
        rules=(Rule("half", A / c),),
        observables=(Observable("total", half + B),),
    )
    system = rate_equations(net)
    assert system.definitions == ((c, sp.Integer(2)), (half, A / c))
    assert unused not in dict(system.definitions)
    # counts: the same rule holds with A written as n/V
    assert dict(jump_process(net).definitions)[half] == A / (V * c)
    assert jump_process(net).outputs == (("total", half + B / V),)


def test_fixed_species_become_parameters_and_assigned_parameters_states() -> None:
    net = dimerisation(
        species=(
            Species("A", "V", concentration=True, initial=sp.Integer(2), flags=frozenset({Flag.FIXED})),
            Species("B", "V", concentration=True),
        ),
        events=(Event(True, sp.Integer(5), (("k", k * 2),)),),
    )
    system = rate_equations(net)
    assert [s.label for s in system.states] == ["B", "k"]
    assert [c.label for c in system.parameters] == ["V", "A"]
    assert rates_of(system) == {"B": k * A**2 / 2, "k": 0}
    assert system.events[0].assignments == ((k, 2 * k),)
    counted = jump_process(net)
    assert next(c for c in counted.parameters if c.label == "A").value == 2 * V


def test_ode_terms_become_drift_in_counts() -> None:
    net = dimerisation(ode_terms=(OdeTerm("B", -A * sp.sin(TIME)),))
    assert rates_of(rate_equations(net))["B"] == k * A**2 / 2 - A * sp.sin(TIME)
    assert jump_process(net).drift[1] == -A * sp.sin(TIME)


def test_general_laws_need_their_reactants() -> None:
    net = dimerisation(reactions=(Reaction("use", (("A", 2),), (), k, mass_action=False),))
    assert jump_process(net).jumps[0].requires == ((A, 2),)


def test_rounding_is_asked_for() -> None:
    net = dimerisation(
        species=(Species("A", "V", concentration=True, initial=sp.Rational(1, 4), flags=frozenset({Flag.ROUND})),
                 Species("B", "V")),
    )  # fmt: skip
    state = jump_process(net).states[0]
    assert state.initial.xreplace({V: sp.Integer(10)}) == 3  # 2.5 rounds up


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"lattices": (Lattice("L", (10,)),)}, "R509"),
        ({"reactions": (Reaction("r", (("A", 1),), (("B", 1),), k * A, False, net_reversible=True),)}, "R510"),
    ],
)
def test_readings_that_do_not_exist_are_refused_by_name(more: dict[str, object], code: str) -> None:
    with pytest.raises(RxnError) as caught:
        jump_process(dimerisation(**more))
    assert caught.value.code == code


def test_values_that_name_an_assigned_parameter_take_its_first_value() -> None:
    net = dimerisation(
        parameters=(Parameter("k", sp.Integer(3)), Parameter("twice", 2 * k)),
        events=(Event(True, sp.Integer(5), (("k", k * 2),)),),
    )
    system = rate_equations(net)
    assert system.parameter_values()[symbol("twice")] == 6
