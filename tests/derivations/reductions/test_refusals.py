"""What cannot be reduced is refused by name; a root is never guessed."""

import pytest
from conftest import ROOT
from mechanisms import MICHAELIS_MENTEN

import rxncompile as rx
from rxncompile.derivations import reductions
from rxncompile.errors import RxnError


def refused(code: str, text: str, **options: object) -> RxnError:
    form = options.pop("form", reductions.standard)
    with pytest.raises(RxnError) as caught:
        form(rx.parse(text), **options)  # type: ignore[operator]
    assert caught.value.code == code, str(caught.value)
    return caught.value


def test_unknown_names() -> None:
    assert "is not a state" in refused("R501", MICHAELIS_MENTEN, fast=["X"]).message
    assert "is not a reaction" in refused("R501", MICHAELIS_MENTEN, fast=["C"], reactions=["bnd"]).message


def test_one_string_is_one_name() -> None:
    """`fast="GP"` is not G and P, both of which there are."""
    net = rx.load(ROOT / "models" / "gene_autoregulation.rxn")
    assert rx.qssa(net, "GP", "bind1") == rx.qssa(net, ["GP"], ["bind1"])
    assert rx.rapid_equilibrium(net, "bind1") == rx.rapid_equilibrium(net, ["bind1"])


@pytest.mark.parametrize("argument", ["fast", "reactions"])
def test_what_is_no_list_of_names(argument: str) -> None:
    others = {} if argument == "fast" else {"fast": ["C"]}
    error = refused("R525", MICHAELIS_MENTEN, **{argument: []}, **others)
    assert "the list is empty" in error.message and f"--{argument} " in str(error.hint)
    assert "has 1, which is not a name" in refused("R525", MICHAELIS_MENTEN, **{argument: [1]}, **others).message
    assert f"{argument} = 1 is not a list" in refused("R525", MICHAELIS_MENTEN, **{argument: 1}, **others).message


def test_nothing_named_and_nothing_left() -> None:
    error = refused("R525", MICHAELIS_MENTEN)
    assert "no species is named" in error.message and "equilibrium" not in str(error.hint)
    marked = refused("R525", MICHAELIS_MENTEN.replace("kf, kr", "kf, kr {fast}"))
    assert "'bind'" in str(marked.hint) and "--form equilibrium" in str(marked.hint)
    assert "nothing slow" in refused("R525", MICHAELIS_MENTEN, fast=["S", "E", "C", "P"]).message


def test_which_reaction_is_fast_is_asked_where_it_matters() -> None:
    text = MICHAELIS_MENTEN.replace("convert: C     -> E + P  @ kcat", "convert: C <-> E + P @ kcat, 2")
    error = refused("R525", text, fast=["C"], form=reductions.total)
    assert "which reactions are fast is not decided" in error.message
    found = reductions.equilibrium(rx.parse(text), ["bind"])
    assert [s.name for s, _ in found.slow] == ["P", "S_total"]
    partly = reductions.total(rx.parse(text), ["C"], ["bind"])
    assert "the reduction says nothing" in partly.notes[0]  # much product makes more complex than there is substrate


def test_enzyme_and_substrate_alike_are_not_told_apart() -> None:
    error = refused("R525", "species A = 1, B = 1, AB, X = 1\nA + B <-> AB @ 1, 1\nX + AB -> AB @ 1", fast=["AB"])
    assert "A or B" in error.message


def test_two_chemical_states_are_a_tie() -> None:
    """A bistable fast species: dx/dt = -x^3 + 6 x^2 - 11 x + 6 rests at 1, 2 and 3."""
    text = "species X = 1, Y = 1\nX' = -X^3 + 6*X^2 - 11*X + 6\nY -> 0 @ X"
    assert "several chemical states" in refused("R526", text, fast=["X"]).message


def test_no_state() -> None:
    exponential = "species X = 1, Y = 1\nX' = Y - exp(X)\nY -> 0 @ X"
    empty = exponential.replace("Y = 1", "Y = 0.9")
    assert "no state without negative amounts" in refused("R526", empty, fast=["X"]).message
    assert "no chemical state" in refused("R526", exponential, fast=["X"]).message
    assert "no chemical state" in refused("R526", "species X = 1, Y = 1\nX' = -1 - X^2\nY' = X", fast=["X"]).message
    assert "does not decide" in refused("R526", "species X = 1, Y = 1\nX' = Y\nY' = X", fast=["X"]).message


def test_events_that_set_what_is_eliminated() -> None:
    error = refused("R525", MICHAELIS_MENTEN + "at 3 : C = 0.05\n", fast=["C"])
    assert "an event sets 'C'" in error.message and error.span is not None


def test_an_open_system() -> None:
    net = rx.load(ROOT / "models" / "schlogl.rxn")
    with pytest.raises(RxnError, match="is open"):
        reductions.standard(rx.moments(net, 2), ["<X>"])
