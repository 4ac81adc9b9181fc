"""Every model of the repository: it reads, prints, derives, conserves and simulates; and what renaming changes."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from conftest import MODELS, ROOT, WELL_MIXED

import rxncompile as rx
from rxncompile.expressions import TIME, symbol, to_float
from rxncompile.kernels.program import jacobian_program, propensity_program, rhs_program
from rxncompile.kernels.source import kernel_text
from rxncompile.language import formatted
from rxncompile.modelfiles import load_with_warnings
from rxncompile.network import Network, per_event
from rxncompile.system import System, as_expr
from rxncompile.tour import _bare_names

Derivation = Callable[[Network], System]


def random_point(system: System, seed: int) -> tuple[dict[str, int], float]:
    """Whole positive state values by label, and a time: valid for rates and counts alike."""
    draw = np.random.default_rng(seed)
    return {s.label: int(draw.integers(4, 40)) for s in system.states}, float(draw.integers(1, 9))


def test_reads_and_prints(model: Path) -> None:
    net = rx.load(model)
    text = rx.print_network(net)
    assert rx.parse(text) == net
    assert rx.print_network(rx.parse(text)) == text


@pytest.mark.parametrize("derive", [rx.rate_equations, rx.jump_process], ids=["rates", "jumps"])
def test_rhs_is_drift_plus_jumps(model: Path, derive: Derivation) -> None:
    """In exact numbers at a random point: rhs = drift + sum(change * propensity), and what `evaluate` says."""
    system = derive(rx.load(model))
    state, t = random_point(system, 1)
    values: dict[sp.Symbol, sp.Expr] = {TIME: sp.Rational(str(t)), **system.parameter_values()}
    values |= {s.symbol: sp.Integer(state[s.label]) for s in system.states}
    for name, formula in system.definitions:
        values[name] = formula.xreplace(values)
    evaluated = system.evaluate(state, t=t)
    for s, drift in zip(system.states, system.drift, strict=True):
        total = as_expr(drift).xreplace(values)
        for jump in system.jumps:
            total += dict(jump.change).get(s.symbol, 0) * jump.propensity.xreplace(values)
        assert math.isclose(to_float(total), to_float(evaluated[s.label]), rel_tol=1e-12, abs_tol=1e-12)


def conserved(net: Network, system: System, values: np.ndarray, counts: bool) -> list[np.ndarray]:
    """The value of each conservation law (over counts) along columns of states."""
    columns = {s.label: i for i, s in enumerate(system.states)}
    sizes = system.environment()
    result = []
    for law in rx.conservation_laws(net):
        total = np.zeros(values.shape[:-1])
        for name, c in law.coefficients:
            unit = 1.0 if counts else to_float(per_event(net.species_by_name[name]).xreplace(sizes))
            total += c / unit * values[..., columns[name]]
        result.append(total)
    return result


def test_conservation_laws_hold_along_the_rate_equations(model: Path) -> None:
    net = rx.load(model)
    system = rx.rate_equations(net)
    path = rx.integrate(system, np.linspace(0.0, 10.0, 51))
    for total in conserved(net, system, path.values[0], counts=False):
        # the integrator keeps linear invariants up to rounding of its linear algebra
        np.testing.assert_allclose(total, total[0], rtol=1e-9)


def test_conservation_laws_hold_exactly_along_every_jump(model: Path) -> None:
    net = rx.load(model)
    system = rx.jump_process(net)
    paths = rx.sample(system, np.linspace(0.0, 0.5, 21), runs=9, seed=3)
    for total in conserved(net, system, paths.values, counts=True):
        assert (total == total[:, :1]).all()


def test_both_readings_name_their_units_alike(model: Path) -> None:
    """On a page curves of the rate equations and of the jump process share their panels."""
    net = rx.load(model)
    rates, jumps = rx.rate_equations(net), rx.jump_process(net)
    ode = rx.integrate(rates, [0.0, 1e-9])
    ensemble = rx.sample_statistics(jumps, [0.0, 1e-12], runs=2, seed=1)
    _, units = _bare_names(net, jumps, ode, ensemble)
    shared = {label: unit for label, unit in zip(ode.labels, ode.units, strict=True) if label in ensemble.labels}
    assert shared == {label: unit for label, unit in zip(ensemble.labels, units, strict=True) if label in shared}


def renamed(net: Network, reverse: bool) -> Network:
    """The same network with every species under another name, whose alphabetical order may be the reverse."""
    n = len(net.species)
    new = {s.name: f"q{(n - i if reverse else i):03d}" for i, s in enumerate(net.species)}
    swap = {symbol(old): symbol(name) for old, name in new.items()}

    def side(pairs: tuple[tuple[str, int], ...]) -> tuple[tuple[str, int], ...]:
        return tuple((new[name], count) for name, count in pairs)

    return replace(
        net,
        species=tuple(replace(s, name=new[s.name]) for s in net.species),
        rules=tuple(replace(r, formula=r.formula.xreplace(swap)) for r in net.rules),
        observables=tuple(replace(o, formula=o.formula.xreplace(swap)) for o in net.observables),
        conservations=(),
        reactions=tuple(
            replace(r, reactants=side(r.reactants), products=side(r.products), rate=r.rate.xreplace(swap))
            for r in net.reactions
        ),
        ode_terms=tuple(replace(t, species=new[t.species], formula=t.formula.xreplace(swap)) for t in net.ode_terms),
    )


@pytest.mark.parametrize("reverse", [False, True])
def test_renaming_species_compiles_nothing_new(model: Path, reverse: bool) -> None:
    """The generated text is the same to the letter, so the store has it already; results keep their place."""
    net = rx.load(model)
    for derive in (rx.rate_equations, rx.jump_process):
        one, other = derive(net), derive(renamed(net, reverse))
        for program in (rhs_program, propensity_program):
            assert kernel_text(program(one)) == kernel_text(program(other))
        assert kernel_text(jacobian_program(one).program) == kernel_text(jacobian_program(other).program)
    t = np.linspace(0.0, 0.2, 5)
    mine = rx.sample(rx.jump_process(net), t, runs=3, seed=5)
    theirs = rx.sample(rx.jump_process(renamed(net, reverse)), t, runs=3, seed=5)
    assert (mine.values == theirs.values).all()


def test_reordering_species_permutes_results() -> None:
    text = Path(__file__).parent.parent.joinpath("models", "lotka_volterra.rxn").read_text()
    net = rx.parse(text)
    swapped = replace(net, species=net.species[::-1])
    t = np.linspace(0.0, 10.0, 11)
    one = rx.integrate(rx.rate_equations(net), t)
    other = rx.integrate(rx.rate_equations(swapped), t)
    for label in ("X", "Y"):
        np.testing.assert_allclose(one[label], other[label], rtol=1e-5)  # both at the default tolerance


def test_every_model_has_a_fact_of_its_own() -> None:
    """Checked without a warning, in the one layout, opened by a comment, and with a number from elsewhere in a test."""
    facts = "".join((ROOT / "tests" / f"test_models_of_the_{part}.py").read_text() for part in ("papers", "classics"))
    for path in MODELS:
        text = path.read_text()
        assert f'"{path.stem}"' in facts, path.stem
        assert text.startswith("# ") and formatted(text) == text, path.stem
        assert not load_with_warnings(path)[1], path.stem


@pytest.mark.parametrize("path", [path for path in MODELS if path not in WELL_MIXED], ids=lambda path: path.stem)
def test_lattice_models_return_from_their_text_and_say_what_they_need(path: Path) -> None:
    net = rx.load(path)
    assert rx.parse(rx.print_network(net)) == net
    with pytest.raises(rx.RxnError, match="lives on the lattice"):
        rx.rate_equations(net)
